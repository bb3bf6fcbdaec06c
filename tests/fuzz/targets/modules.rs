// What both targets are made of, from the sources of the crate.
#[path = "../../../src/artifact/mod.rs"]
pub mod artifact;
#[path = "../../../src/diag/mod.rs"]
pub mod diag;
#[path = "../../../src/environment_reads.rs"]
pub mod environment_reads;
#[path = "../../../src/fs.rs"]
pub mod fs;
#[path = "../../../src/leak/mod.rs"]
pub mod leak;
#[path = "../../../src/secret.rs"]
pub mod secret;
#[path = "../../../src/url.rs"]
pub mod url;
