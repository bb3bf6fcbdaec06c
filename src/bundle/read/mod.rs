//! From a file to a tree: its text, the loader, the parser, what the language refuses, and what the settings put in place.

mod define;
mod destructuring;
mod early_errors;
pub(crate) mod environment;
mod glob_imports;
pub(crate) mod load;
pub(crate) mod parse;
