//! Where people see the report: a comment, else a check run, else a commit status, else the job summary.

use std::path::Path;

use super::sign::secret_of;
use super::{Outcome, Ports};
use crate::config::Config;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{DiskFileSystem, FileSystem as _};
use crate::github::comment::{Comment, Forge, PostError, Posted};
use crate::report::record::read;
use crate::report::{Report, markdown};

const DEFAULT_API: &str = "https://api.github.com";

/// Posts a report on the pull request of the event. Not being able to is told, and stops nothing.
pub(super) fn post(config: &Config, ports: &Ports<'_>, report: &Report, outcome: &mut Outcome) {
    let Some(pull_request) = &ports.runner.pull_request else { return };
    match forge(config, ports) {
        Ok(Some(forge)) => {
            let note = post_on(&forge, pull_request.number, report, outcome);
            outcome.done.push(note);
        }
        Ok(None) => {
            let why = if pull_request.is_fork || ports.runner.is_dependabot {
                "this run has no token that may write"
            } else {
                "there is no token; set `GITHUB_TOKEN: ${{ github.token }}`"
            };
            let message = format!("the report is in the job summary only: {why}");
            outcome.diagnostics.push(Diagnostic::warning("report/comment", message));
        }
        Err(error) => {
            let message = format!("the report is in the job summary only: {}", error.message);
            outcome.diagnostics.push(Diagnostic::warning("report/comment", message));
        }
    }
}

fn forge(config: &Config, ports: &Ports<'_>) -> Result<Option<Forge>, Diagnostic> {
    let runner = &ports.runner;
    let Some(repository) = &runner.repository else { return Ok(None) };
    let Some(token) = secret_of(&config.report.token, ports.environment)? else { return Ok(None) };
    let api = runner.api.as_deref().unwrap_or(DEFAULT_API);
    Forge::new(api, repository, &token, ports.now)
        .map(Some)
        .map_err(|error| Diagnostic::warning("report/comment", error.to_string()))
}

/// Posts by the first way that the token may take; returns a line that says which.
fn post_on(forge: &Forge, number: u64, report: &Report, outcome: &mut Outcome) -> String {
    let body = markdown::fit(report, markdown::COMMENT_BYTES);
    let marker = markdown::marker_start(report);
    let comment = Comment { number, marker: &marker, run: &report.context.run, body: &body };
    let error = match forge.comment(comment) {
        Ok(posted) => {
            let (what, url) = match posted {
                Posted::Created(url) => ("posted", url),
                Posted::Updated(url) => ("updated", url),
                Posted::Unchanged(url) => ("there already, unchanged", url),
                Posted::Newer(url) => ("left as it is: it is of a newer run", url),
            };
            outcome.comment_url = Some(url.clone()).filter(|url| !url.is_empty());
            return format!("comment on pull request {number}: {what} {url}");
        }
        Err(error) => error,
    };
    let may_not = matches!(error, PostError::Forbidden(_));
    let context = &report.context;
    let name = format!("bundlegate · {}", report.name);
    let verdict = markdown::verdict(report);
    if may_not && !context.head.is_empty() {
        let summary = markdown::fit(report, markdown::COMMENT_BYTES);
        match forge.check_run(&context.head, &name, &verdict, report.passes(), &summary) {
            Ok(url) => return format!("no comment ({error}); the report is on a check run: {url}"),
            Err(PostError::Forbidden(_) | PostError::Refused(_)) => {
                let status =
                    forge.status(&context.head, &name, &verdict, report.passes(), &context.run_url);
                if status.is_ok() {
                    return format!(
                        "no comment and no check run ({error}); the verdict is on a commit status"
                    );
                }
            }
            Err(PostError::Unreachable(_)) => {}
        }
    }
    let message = format!("the report is in the job summary only: {error}");
    let hint = "give the job `permissions: { pull-requests: write }`";
    let warning = Diagnostic::warning("report/comment", message);
    outcome.diagnostics.push(if may_not && !context.is_fork {
        warning.hint(hint)
    } else {
        warning
    });
    "no comment was posted".to_owned()
}

/// `bundlegate comment`: posts the report of a record that a run with fewer rights wrote. The record is somebody else's
/// data: the report is rendered anew from its facts, and the pull request it names must have the commit that the event
/// names.
#[must_use]
pub fn run_comment(config: &Config, ports: &Ports<'_>, file: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let wrong = |message: String| Diagnostic::error("report/record", message);
    let report = DiskFileSystem
        .read(file)
        .map_err(|error| error.to_string())
        .and_then(|bytes| read(&String::from_utf8_lossy(&bytes)));
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            outcome.error(
                ExitCode::Usage,
                wrong(format!("`{}` is no record: {error}", file.display()))
                    .hint("`report.record: FILE` writes one"),
            );
            return outcome;
        }
    };
    let Some(number) = report.context.pull_request else {
        outcome.error(ExitCode::Usage, wrong("the record names no pull request".to_owned()));
        return outcome;
    };
    let forge = match forge(config, ports) {
        Ok(Some(forge)) => forge,
        Ok(None) => {
            let error = wrong("there is no token, or no GITHUB_REPOSITORY".to_owned());
            outcome.error(ExitCode::Usage, error);
            return outcome;
        }
        Err(error) => {
            outcome.error(ExitCode::Usage, error);
            return outcome;
        }
    };
    // What ended the run is what the event says; what the record says is checked against it.
    let head = ports.runner.ended_run_head.as_deref().unwrap_or(&report.context.head);
    match forge.is_head(number, head) {
        Ok(true) if report.context.head == head => {}
        Ok(_) => {
            let message =
                format!("pull request {number} is not at the commit {head} that was built");
            outcome.diagnostics.push(Diagnostic::warning("report/comment", message));
            return outcome;
        }
        Err(error) => {
            let message = format!("pull request {number} cannot be asked: {error}");
            outcome.diagnostics.push(Diagnostic::warning("report/comment", message));
            return outcome;
        }
    }
    let note = post_on(&forge, number, &report, &mut outcome);
    outcome.done.push(note);
    outcome
}
