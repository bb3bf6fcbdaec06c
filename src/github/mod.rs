//! The runner around us: what it told us, parsed once.

pub mod runner;

use std::path::PathBuf;

/// What a runner says in its environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunnerEnv {
    /// Whether this is a runner of GitHub Actions or one like it.
    pub is_runner: bool,
    /// The commit it works on.
    pub commit: Option<String>,
    /// The file that takes the job summary.
    pub summary_file: Option<PathBuf>,
}

impl RunnerEnv {
    /// Reads it through `get`, which gives the value of a variable.
    pub fn new<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let filled = |name: &str| get(name).filter(|value| !value.is_empty());
        let is_commit = |text: &&str| {
            (40..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        Self {
            is_runner: filled("GITHUB_ACTIONS") == Some("true"),
            commit: filled("GITHUB_SHA").filter(is_commit).map(str::to_owned),
            summary_file: filled("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        }
    }
}
