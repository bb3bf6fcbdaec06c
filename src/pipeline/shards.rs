//! Many projects in one repository: `plan` spreads them over the jobs of a matrix, `run --shard` builds those of one job,
//! and `report --merge` makes one report of all, and makes all of it live when all of it passed.

use std::path::Path;

use super::comment::post;
use super::deploy::go_live;
use super::{Outcome, Ports};
use crate::config::{Config, file};
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{DiskFileSystem, FileKind, FileSystem as _, size, walk};
use crate::report::{markdown, merge::merge, record};

/// The settings file that makes a folder a project.
const SETTINGS: &str = "bundlegate.yml";

/// A project of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its folder, relative to where it was looked for, with `/`.
    pub folder: String,
    /// Bytes of its files, which is what it costs.
    pub bytes: u64,
}

/// Whether settings name something to release; those of a group have only a name and a store. What cannot be read is for the
/// run to say.
fn is_project(settings: &Path) -> bool {
    let text =
        DiskFileSystem.read(settings).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let layer = text.ok().and_then(|text| file::parse(&text, SETTINGS).ok());
    let sources = ["entrypoints", "artifacts", "artifacts-metafile"];
    layer.is_none_or(|layer| sources.iter().any(|source| layer.contains_key(source)))
}

/// All projects below a folder, sorted by folder. What is hidden, installed or built is not looked into.
///
/// # Errors
/// A folder that cannot be read.
pub fn projects(root: &Path) -> std::io::Result<Vec<Project>> {
    let mut found: Vec<Project> = Vec::new();
    let mut files: Vec<(String, u64)> = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for name in DiskFileSystem.read_dir(&root.join(&folder))? {
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let is_skipped = name.starts_with('.')
                || ["node_modules", "target", "dist"].contains(&name.as_str());
            match DiskFileSystem.symlink_kind(&root.join(&path))? {
                FileKind::Directory if !is_skipped => folders.push(path),
                FileKind::File => {
                    if name == SETTINGS && is_project(&root.join(&path)) {
                        found.push(Project { folder: folder.clone(), bytes: 0 });
                    }
                    files.push((path.clone(), size(&root.join(&path))?.unwrap_or_default()));
                }
                _ => {}
            }
        }
    }
    for project in &mut found {
        let start =
            if project.folder.is_empty() { String::new() } else { format!("{}/", project.folder) };
        project.bytes =
            files.iter().filter(|(path, _)| path.starts_with(&start)).map(|(_, bytes)| bytes).sum();
    }
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(found)
}

/// Spreads projects over shards: the largest first, each to the shard that has the least. Every job comes to the same
/// result, because it depends on the files alone.
#[must_use]
pub fn spread(mut projects: Vec<Project>, shards: usize) -> Vec<Vec<Project>> {
    projects.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.folder.cmp(&b.folder)));
    let mut spread: Vec<Vec<Project>> = vec![Vec::new(); shards];
    for project in projects {
        let load = |shard: &[Project]| shard.iter().map(|project| project.bytes).sum::<u64>();
        if let Some(least) = spread.iter_mut().min_by_key(|shard| (load(shard), shard.len())) {
            least.push(project);
        }
    }
    spread
}

/// `bundlegate plan --shards`: the matrix of a workflow as JSON. Shards without a project are left out.
#[must_use]
pub fn run_plan(root: &Path, shards: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let found = match projects(root) {
        Ok(found) => found,
        Err(error) => {
            let message = format!("`{}` cannot be looked through: {error}", root.display());
            outcome.error(ExitCode::Usage, Diagnostic::error("plan/projects", message));
            return outcome;
        }
    };
    if found.is_empty() {
        let error = Diagnostic::error(
            "plan/projects",
            format!("there is no `{SETTINGS}` below this folder"),
        );
        outcome.error(ExitCode::Usage, error);
        return outcome;
    }
    let include: Vec<_> = spread(found, shards)
        .into_iter()
        .enumerate()
        .filter(|(_, projects)| !projects.is_empty())
        .map(|(index, projects)| {
            let folders: Vec<&str> =
                projects.iter().map(|project| project.folder.as_str()).collect();
            serde_json::json!({
                "shard": format!("{}/{shards}", index + 1),
                "projects": folders,
                "bytes": projects.iter().map(|project| project.bytes).sum::<u64>(),
            })
        })
        .collect();
    outcome.report = Some(serde_json::json!({ "include": include }).to_string() + "\n");
    outcome
}

/// `bundlegate report --merge`: one report of the records in a folder, posted as one comment; with `goes_live`, and when
/// every part passed, each part's build becomes live in the channel of the settings.
#[must_use]
pub fn run_merge(config: &Config, ports: &Ports<'_>, folder: &Path, goes_live: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let wrong = |message: String| Diagnostic::error("report/record", message);
    let names = match walk(folder) {
        Ok(names) => names,
        Err(error) => {
            outcome.error(ExitCode::Usage, wrong(format!("`{}`: {error}", folder.display())));
            return outcome;
        }
    };
    let mut reports = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(".jsonl")) {
        let read = DiskFileSystem
            .read(&folder.join(name))
            .map_err(|error| error.to_string())
            .and_then(|bytes| record::read(&String::from_utf8_lossy(&bytes)));
        match read {
            Ok(report) => reports.push(report),
            Err(error) => {
                outcome.error(ExitCode::Usage, wrong(format!("`{name}` is no record: {error}")));
            }
        }
    }
    if reports.is_empty() {
        outcome.error(ExitCode::Usage, wrong(format!("`{}` has no records", folder.display())));
    }
    if outcome.exit_code() != ExitCode::Fine {
        return outcome;
    }
    let merged = merge(&config.name, &reports);
    for (code, name) in [
        (ExitCode::Build, "Build"),
        (ExitCode::Leak, "Leaks"),
        (ExitCode::Budget, "Size"),
        (ExitCode::Seal, "Signatures"),
        (ExitCode::Store, "Store"),
    ] {
        let fails = |gate: &&crate::report::Gate| {
            gate.name == name && gate.result == crate::report::GateResult::Fail
        };
        if let Some(gate) = merged.gates.iter().find(fails) {
            let message = format!("{}: {}", name.to_lowercase(), gate.evidence);
            outcome.error(code, Diagnostic::error("report/part-failed", message));
        }
    }
    // A part that was killed says nothing; where the sources are here, they say how many parts there are.
    let parts = projects(&config.root).map_or(0, |projects| projects.len());
    if goes_live && reports.len() < parts {
        let message = format!("{parts} projects are here, and {} records", reports.len());
        outcome.error(
            ExitCode::Usage,
            Diagnostic::error("report/part-missing", message)
                .hint("nothing becomes live until each part has said how it went"),
        );
    } else if goes_live && merged.passes() {
        go_live(config, ports, &reports, &mut outcome);
    }
    if config.report.comments {
        post(config, ports, &merged, &mut outcome);
    }
    outcome.report = Some(markdown::render(&merged));
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_go_first() {
        let projects = [("a", 5), ("b", 9), ("c", 4), ("d", 1)]
            .map(|(folder, bytes)| Project { folder: folder.to_owned(), bytes });
        let spread = spread(projects.to_vec(), 2);
        let folders: Vec<Vec<&str>> = spread
            .iter()
            .map(|shard| shard.iter().map(|project| project.folder.as_str()).collect())
            .collect();
        assert_eq!(folders, [vec!["b", "d"], vec!["a", "c"]]);
    }
}
