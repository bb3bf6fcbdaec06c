//! One test binary: each integration test file of its own would be another link of swc.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "tests read fixtures and may panic"
)]

mod action;
mod bundle;
mod bundlers;
mod cli;
mod config;
mod github;
mod growth;
mod init;
mod leak;
mod matrix;
mod mcp;
mod packages;
mod places;
mod project;
mod release;
mod report;
mod s3;
mod seal;
mod serve;
mod store;
mod support;
mod targets;
mod tidy;
