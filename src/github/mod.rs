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
    /// URL of the forge.
    pub server: Option<String>,
    /// `owner/name`.
    pub repository: Option<String>,
    /// The git reference it works on.
    pub reference: Option<String>,
    /// `owner/name/path@ref` of the workflow.
    pub workflow: Option<String>,
    /// The event that started it.
    pub event: Option<String>,
    /// Number of the run.
    pub run: Option<String>,
    /// Number of the attempt.
    pub attempt: Option<String>,
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
        let text = |name: &str| filled(name).map(str::to_owned);
        Self {
            is_runner: filled("GITHUB_ACTIONS") == Some("true"),
            commit: filled("GITHUB_SHA").filter(is_commit).map(str::to_owned),
            server: text("GITHUB_SERVER_URL"),
            repository: text("GITHUB_REPOSITORY"),
            reference: text("GITHUB_REF"),
            workflow: text("GITHUB_WORKFLOW_REF"),
            event: text("GITHUB_EVENT_NAME"),
            run: text("GITHUB_RUN_ID"),
            attempt: text("GITHUB_RUN_ATTEMPT"),
            summary_file: filled("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        }
    }
}
