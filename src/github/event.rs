//! What an event may do: one table, for `run`, `push` and `report --merge`. Nobody has reviewed what a pull request builds,
//! so no event of one changes what is live.

use globset::GlobBuilder;

use super::RunnerEnv;

/// What may be done with a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    /// It becomes live in the channel of the settings.
    Live,
    /// It becomes live there where `store.live_on` says so; else it is stored.
    LiveWhereNamed,
    /// It is not stored; with `store.previews` it is live in a channel of the pull request.
    Preview,
    /// It is not stored; with `store.previews` it is.
    Store,
    /// It is not stored.
    Report,
}

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// When it applies.
    pub when: &'static str,
    /// What becomes of the build.
    pub build: &'static str,
    /// What becomes of keys.
    pub keys: &'static str,
    may: May,
    /// Why there are no secrets; `None`: there are.
    without_secrets: Option<&'static str>,
}

const USED: &str = "used; a warning when one that is named is not set";
const NOT_USED: &str = "not used";

const fn live(when: &'static str) -> Row {
    let build = "live in `store.channel`, because `store.live_on` names it by default";
    Row { when, build, keys: USED, may: May::LiveWhereNamed, without_secrets: None }
}

const fn without_secrets(when: &'static str, build: &'static str, why: &'static str) -> Row {
    Row { when, build, keys: NOT_USED, may: May::Report, without_secrets: Some(why) }
}

const OUTSIDE: Row = Row {
    when: "outside of a runner",
    build: "live in `store.channel`",
    keys: "used; without one, files are locked and not signed",
    may: May::Live,
    without_secrets: None,
};
const DEFAULT_BRANCH: Row = live("`push` to the default branch");
const TAG: Row = live("`push` of a tag");
const RELEASE: Row = live("`release`");
const MANUAL: Row = live("`workflow_dispatch`");
const BRANCH: Row = Row {
    build: "stored, not live, unless `store.live_on` names it",
    ..live("`push` to another branch")
};
const OTHER: Row = Row { when: "any other event", ..BRANCH };
const PULL_REQUEST: Row = Row {
    when: "`pull_request`",
    build: "not stored; with `store.previews`, live in `pr-NUMBER` alone",
    keys: USED,
    may: May::Preview,
    without_secrets: None,
};
const CLOSED: Row = Row {
    when: "`pull_request` that was closed",
    build: "not stored; `prune` drops `pr-NUMBER`",
    may: May::Report,
    ..PULL_REQUEST
};
const MERGE_GROUP: Row = Row {
    when: "`merge_group`",
    build: "not stored; with `store.previews`, stored and live nowhere",
    may: May::Store,
    ..PULL_REQUEST
};
const FORK: Row = without_secrets("`pull_request` of a fork", "skipped (fork)", "fork");
const DEPENDABOT: Row =
    without_secrets("any event of Dependabot", "skipped (Dependabot)", "Dependabot");
const TARGET: Row = without_secrets(
    "`pull_request_target`",
    "skipped (pull_request_target)",
    "pull_request_target",
);

/// Runs in the default branch's context whose cause is a pull request: what they check out may be a stranger's.
const CAUSED: Row = without_secrets(
    "`workflow_run` or `issue_comment` of a pull request",
    "skipped (caused by a pull request)",
    "caused by a pull request",
);

/// The table, in the order in which documents show it.
pub const TABLE: [&Row; 14] = [
    &OUTSIDE,
    &DEFAULT_BRANCH,
    &TAG,
    &RELEASE,
    &MANUAL,
    &BRANCH,
    &OTHER,
    &PULL_REQUEST,
    &CLOSED,
    &MERGE_GROUP,
    &FORK,
    &DEPENDABOT,
    &TARGET,
    &CAUSED,
];

/// Events that `store.live_on` may name, so that no branch is taken for one of them
/// (docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows).
const EVENTS: [&str; 26] = [
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "image_version",
    "issue_comment",
    "issues",
    "label",
    "milestone",
    "page_build",
    "public",
    "push",
    "registry_package",
    "release",
    "repository_dispatch",
    "schedule",
    "watch",
    "workflow_dispatch",
    "workflow_run",
];

/// How GitHub names the branches of a merge queue, which are pushed like others.
const QUEUE: &str = "gh-readonly-queue/";

/// What `store.live_on` says when nobody sets it.
pub const LIVE_ON: [&str; 4] = ["default-branch", "tags", "release", "workflow_dispatch"];

/// What becomes of the build of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It is live in the channel of the settings.
    Channel,
    /// It is live in a channel of its own.
    Preview(String),
    /// It is stored, and live nowhere.
    Stored,
    /// It is not stored, and why.
    Nowhere(String),
}

/// What the event of a run may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The row that applies.
    pub row: &'static Row,
    /// Where the build goes.
    pub place: Place,
}

impl Rights {
    /// Looks up the event. `live_on` and `previews` are the settings of the store.
    #[must_use]
    pub fn of(runner: &RunnerEnv, live_on: &[String], previews: bool) -> Self {
        let row = row(runner);
        let preview = runner.preview_channel().filter(|_| previews);
        let place = match row.may {
            May::Live => Place::Channel,
            May::LiveWhereNamed if live_on.iter().any(|entry| names(entry, runner)) => {
                Place::Channel
            }
            May::LiveWhereNamed => Place::Stored,
            May::Preview => match preview {
                Some(channel) => Place::Preview(channel),
                None => Place::Nowhere(
                    "a pull request is not stored; `store.previews: true` keeps a preview"
                        .to_owned(),
                ),
            },
            May::Store if previews => Place::Stored,
            May::Store | May::Report => Place::Nowhere(match row.without_secrets {
                Some(why) => format!("skipped ({why}): there are no secrets, so nothing is stored"),
                None => format!("{} is not stored", row.when),
            }),
        };
        Self { row, place }
    }

    /// Why there are no keys, if so: `fork`, `Dependabot` or `pull_request_target`.
    #[must_use]
    pub fn without_secrets(&self) -> Option<&'static str> {
        self.row.without_secrets
    }

    /// Whether a key that the settings name should be there.
    #[must_use]
    pub fn expects_keys(&self) -> bool {
        self.row != &OUTSIDE && self.row.without_secrets.is_none()
    }

    /// A line for the log that says which row applied.
    #[must_use]
    pub fn line(&self) -> String {
        let build = match &self.place {
            Place::Channel => "the build may become live".to_owned(),
            Place::Preview(channel) => format!("the build becomes live in `{channel}` alone"),
            Place::Stored => "the build is stored and not live".to_owned(),
            Place::Nowhere(why) => why.clone(),
        };
        format!("event: {}: {build}", self.row.when)
    }
}

fn row(runner: &RunnerEnv) -> &'static Row {
    if !runner.is_runner {
        return &OUTSIDE;
    }
    let event = runner.event.as_deref().unwrap_or_default();
    let is_fork = runner.pull_request.as_ref().is_some_and(|pull_request| pull_request.is_fork);
    match event {
        "pull_request_target" => &TARGET,
        _ if runner.is_caused_by_pull_request => &CAUSED,
        _ if runner.is_dependabot => &DEPENDABOT,
        "merge_group" => &MERGE_GROUP,
        _ if event.starts_with("pull_request") && is_fork => &FORK,
        "pull_request" if runner.action.as_deref() == Some("closed") => &CLOSED,
        // Reviews and their comments run on the merge of the pull request, too.
        _ if event.starts_with("pull_request") => &PULL_REQUEST,
        "push" if runner.branch().is_some_and(|branch| branch.starts_with(QUEUE)) => &MERGE_GROUP,
        "push" if runner.tag().is_some() => &TAG,
        "push" if runner.is_on_default_branch() => &DEFAULT_BRANCH,
        "push" => &BRANCH,
        "release" => &RELEASE,
        "workflow_dispatch" => &MANUAL,
        _ => &OTHER,
    }
}

/// Whether an entry of `store.live_on` means this event: `default-branch`, `tags`, the name of an event, a pattern of
/// branches, or one of whole references (`refs/tags/v*`, or `refs/heads/release` for a branch that is called like an event).
fn names(entry: &str, runner: &RunnerEnv) -> bool {
    let event = runner.event.as_deref().unwrap_or_default();
    let is_push = event == "push";
    let matches = |text: Option<&str>| {
        let glob = GlobBuilder::new(entry).literal_separator(true).build();
        text.is_some_and(|text| glob.is_ok_and(|glob| glob.compile_matcher().is_match(text)))
    };
    match entry {
        "default-branch" => is_push && runner.is_on_default_branch(),
        "tags" => is_push && runner.tag().is_some(),
        _ if EVENTS.contains(&entry) => entry == event,
        _ if entry.starts_with("refs/") => is_push && matches(runner.reference.as_deref()),
        _ => is_push && matches(runner.branch()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(event: &str, json: &str) -> RunnerEnv {
        let mut runner =
            RunnerEnv { is_runner: true, event: Some(event.to_owned()), ..RunnerEnv::default() };
        runner.read_event(json.as_bytes());
        runner
    }

    fn default_live_on() -> Vec<String> {
        LIVE_ON.map(str::to_owned).to_vec()
    }

    fn push(reference: &str) -> RunnerEnv {
        let json = format!(
            r#"{{"ref":"{reference}","repository":{{"full_name":"o/r","default_branch":"trunk"}}}}"#
        );
        runner("push", &json)
    }

    #[test]
    fn branches_and_tags() {
        let place = |reference: &str, live_on: &[&str]| {
            let live_on: Vec<String> = live_on.iter().map(|entry| (*entry).to_owned()).collect();
            Rights::of(&push(reference), &live_on, false).place
        };
        assert_eq!(place("refs/heads/trunk", &LIVE_ON), Place::Channel);
        assert_eq!(place("refs/heads/main", &LIVE_ON), Place::Stored);
        assert_eq!(place("refs/tags/v1", &LIVE_ON), Place::Channel);
        assert_eq!(place("refs/heads/release/1.x", &["release/*"]), Place::Channel);
        assert_eq!(place("refs/heads/release/1/x", &["release/*"]), Place::Stored);
        assert_eq!(place("refs/tags/v1", &["refs/tags/v*"]), Place::Channel);
        assert_eq!(place("refs/heads/trunk", &["tags"]), Place::Stored);
        assert_eq!(place("refs/heads/any", &["push"]), Place::Channel);
        assert!(matches!(
            place("refs/heads/gh-readonly-queue/trunk/pr-7-1b7d93c", &["**"]),
            Place::Nowhere(_)
        ));
        // A branch is not an event, whatever it is called.
        assert_eq!(place("refs/heads/release", &LIVE_ON), Place::Stored);
        assert_eq!(place("refs/heads/workflow_dispatch", &LIVE_ON), Place::Stored);
        assert_eq!(place("refs/heads/release", &["refs/heads/release"]), Place::Channel);
    }

    #[test]
    fn no_setting_makes_a_pull_request_live() {
        let sha = "1b7d93c2f00e4a51b6c7d8e9fa0b1c2d3e4f5061";
        let json = |action: &str, repository: &str| {
            format!(
                r#"{{"action":"{action}","repository":{{"full_name":"o/r"}},"sender":{{"login":"dev"}},
                "pull_request":{{"number":7,"head":{{"sha":"{sha}","repo":{{"full_name":"{repository}"}}}}}}}}"#
            )
        };
        let all: Vec<String> = ["pull_request", "merge_group", "pull_request_target", "**", "main"]
            .map(str::to_owned)
            .to_vec();
        for event in ["pull_request", "merge_group", "pull_request_target", "pull_request_review"] {
            for repository in ["o/r", "x/r"] {
                for previews in [true, false] {
                    let runner = runner(event, &json("synchronize", repository));
                    let rights = Rights::of(&runner, &all, previews);
                    assert_ne!(rights.place, Place::Channel, "{event} {repository}");
                }
            }
        }
        let rights = |action: &str, previews| {
            Rights::of(&runner("pull_request", &json(action, "o/r")), &default_live_on(), previews)
        };
        assert_eq!(rights("opened", true).place, Place::Preview("pr-7".to_owned()));
        assert!(matches!(rights("opened", false).place, Place::Nowhere(_)));
        assert!(matches!(rights("closed", true).place, Place::Nowhere(_)));
        for (event, json) in [
            ("workflow_run", r#"{"workflow_run":{"event":"pull_request"}}"#),
            ("issue_comment", r#"{"issue":{"number":7,"pull_request":{"url":"u"}}}"#),
        ] {
            let rights = Rights::of(&runner(event, json), &[event.to_owned()], true);
            assert!(matches!(rights.place, Place::Nowhere(_)), "{event}");
            assert!(rights.without_secrets().is_some(), "{event}");
        }
        let of_push = runner("workflow_run", r#"{"workflow_run":{"event":"push"}}"#);
        let named = ["workflow_run".to_owned()];
        assert_eq!(Rights::of(&of_push, &named, true).place, Place::Channel);
        let fork =
            Rights::of(&runner("pull_request", &json("opened", "x/r")), &default_live_on(), true);
        assert_eq!(fork.without_secrets(), Some("fork"));
    }
}
