//! The runner around us: what it told us, parsed once; and what is posted for people.

pub mod comment;
pub mod event;
pub mod runner;

use std::path::PathBuf;

use serde_json::Value;

/// What a runner says in its environment and in the event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunnerEnv {
    /// Whether this is a runner of GitHub Actions or one like it.
    pub is_runner: bool,
    /// The commit it works on; of a pull request, the merge.
    pub commit: Option<String>,
    /// URL of the forge.
    pub server: Option<String>,
    /// URL of its API.
    pub api: Option<String>,
    /// `owner/name`.
    pub repository: Option<String>,
    /// The git reference it works on.
    pub reference: Option<String>,
    /// `owner/name/path@ref` of the workflow.
    pub workflow: Option<String>,
    /// The event that started it.
    pub event: Option<String>,
    /// What happened in it, of events that have several kinds.
    pub action: Option<String>,
    /// The branch of the repository that others start from, as the event tells it.
    pub default_branch: Option<String>,
    /// Whether Dependabot started it: such runs have no secrets and may not write.
    pub is_dependabot: bool,
    /// The folder that the repository is checked out in.
    pub workspace: Option<PathBuf>,
    /// Number of the run.
    pub run: Option<String>,
    /// Number of the attempt.
    pub attempt: Option<String>,
    /// The file that takes the job summary.
    pub summary_file: Option<PathBuf>,
    /// The file that takes outputs of the step.
    pub output_file: Option<PathBuf>,
    /// The file that holds the event.
    pub event_file: Option<PathBuf>,
    /// The pull request that it is about.
    pub pull_request: Option<PullRequest>,
    /// Whether a pull request caused it although it is an event of the default branch.
    pub is_caused_by_pull_request: bool,
    /// The commit that the event names as base: of a merge group, or what was there before a push.
    pub base: Option<String>,
    /// Of a `workflow_run`: the head commit of the run that ended.
    pub ended_run_head: Option<String>,
}

/// A pull request, as the event tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its last commit.
    pub head: String,
    /// Whether its head is in another repository, or in one that is gone.
    pub is_fork: bool,
}

fn is_commit(text: &str) -> bool {
    (40..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl RunnerEnv {
    /// Reads it through `get`, which gives the value of a variable.
    pub fn new<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let filled = |name: &str| get(name).filter(|value| !value.is_empty());
        let text = |name: &str| filled(name).map(str::to_owned);
        let file = |name: &str| filled(name).map(PathBuf::from);
        Self {
            is_runner: filled("GITHUB_ACTIONS") == Some("true"),
            commit: filled("GITHUB_SHA").filter(|text| is_commit(text)).map(str::to_owned),
            server: text("GITHUB_SERVER_URL"),
            api: text("GITHUB_API_URL"),
            repository: text("GITHUB_REPOSITORY"),
            reference: text("GITHUB_REF"),
            workflow: text("GITHUB_WORKFLOW_REF"),
            event: text("GITHUB_EVENT_NAME"),
            run: text("GITHUB_RUN_ID"),
            attempt: text("GITHUB_RUN_ATTEMPT"),
            summary_file: file("GITHUB_STEP_SUMMARY"),
            output_file: file("GITHUB_OUTPUT"),
            event_file: file("GITHUB_EVENT_PATH"),
            is_dependabot: filled("GITHUB_ACTOR") == Some(DEPENDABOT),
            workspace: file("GITHUB_WORKSPACE"),
            ..Self::default()
        }
    }

    /// Takes what the event says. An event that cannot be read says nothing.
    pub fn read_event(&mut self, json: &[u8]) {
        let Ok(event) = serde_json::from_slice::<Value>(json) else { return };
        let commit =
            |value: &Value| value.as_str().filter(|text| is_commit(text)).map(str::to_owned);
        let pull_request = &event["pull_request"];
        if let (Some(number), Some(head)) =
            (pull_request["number"].as_u64(), commit(&pull_request["head"]["sha"]))
        {
            let full_name = |value: &Value| value["full_name"].as_str().map(str::to_owned);
            let ours = full_name(&event["repository"]).or_else(|| self.repository.clone());
            self.pull_request = Some(PullRequest {
                number,
                head,
                is_fork: full_name(&pull_request["head"]["repo"]) != ours,
            });
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.is_dependabot |= event["sender"]["login"] == DEPENDABOT;
        self.action = text(&event["action"]);
        self.default_branch = text(&event["repository"]["default_branch"]);
        self.reference = self.reference.take().or_else(|| text(&event["ref"]));
        self.base = commit(&event["merge_group"]["base_sha"]).or_else(|| commit(&event["before"]));
        let is_of_pull_request =
            |event: &Value| event.as_str().is_some_and(|event| event.starts_with("pull_request"));
        self.is_caused_by_pull_request = is_of_pull_request(&event["workflow_run"]["event"])
            || event["issue"]["pull_request"].is_object();
        self.ended_run_head = commit(&event["workflow_run"]["head_sha"]);
    }
}

impl RunnerEnv {
    /// The branch it works on, when it is one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.reference.as_deref()?.strip_prefix("refs/heads/")
    }

    /// The tag it works on, when it is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.reference.as_deref()?.strip_prefix("refs/tags/")
    }

    /// Whether it works on the branch that others start from. A forge that does not say which that is has the usual names.
    #[must_use]
    pub fn is_on_default_branch(&self) -> bool {
        match (self.branch(), self.default_branch.as_deref()) {
            (Some(branch), Some(default)) => branch == default,
            (Some(branch), None) => ["main", "master"].contains(&branch),
            (None, _) => false,
        }
    }

    /// The channel in which the build of the pull request may be live.
    #[must_use]
    pub fn preview_channel(&self) -> Option<String> {
        self.pull_request.as_ref().map(|pull_request| format!("{PREVIEW}{}", pull_request.number))
    }
}

/// How channels of pull requests start.
pub const PREVIEW: &str = "pr-";

/// How Dependabot signs.
const DEPENDABOT: &str = "dependabot[bot]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_are_told_by_their_repository() {
        let event = |repo: &str| {
            let sha = "1b7d93c2f00e4a51b6c7d8e9fa0b1c2d3e4f5061";
            format!(
                r#"{{"repository":{{"full_name":"o/r"}},"pull_request":{{"number":7,"head":{{"sha":"{sha}","repo":{repo}}}}}}}"#
            )
        };
        let is_fork = |repo: &str| {
            let mut runner = RunnerEnv::default();
            runner.read_event(event(repo).as_bytes());
            runner.pull_request.unwrap().is_fork
        };
        assert!(!is_fork(r#"{"full_name":"o/r"}"#));
        assert!(is_fork(r#"{"full_name":"x/r"}"#));
        assert!(is_fork("null"), "the repository is gone");
    }
}
