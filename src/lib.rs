//! bundlegate: from JavaScript and TypeScript source to a gated release, in one process.
//!
//! The modules stand in the order of the data: settings, then `bundle` → `leak` → `compress` → `seal` → `store` →
//! `report`, joined by `pipeline`. `docs/ARCHITECTURE.md` has the map and the rules.

pub mod artifact;
pub mod build;
pub mod bundle;
pub mod cli;
pub mod compress;
pub mod config;
pub mod github;
pub mod habits;
pub mod leak;
pub mod mcp;
pub mod metafile;
pub mod pipeline;
pub mod report;
pub mod seal;
pub mod serve;
pub mod store;

pub mod bun;
pub mod diag;
pub mod environment_reads;
pub mod fs;
pub mod git;
pub mod keychain;
pub mod secret;
pub mod url;

pub use build::{BuildConfig, BuildError, BuildOutput, Naming, build};
