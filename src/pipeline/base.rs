//! What a report compares with: a metafile, a deployment, a git revision, or what the event says.

use std::path::Path;
use std::sync::Arc;

use super::Ports;
use super::build::build;
use super::deploy::metafile_at;
use super::report::{measure, measure_encoded, name_packages};
use crate::config::Config;
use crate::diag::has_errors;
use crate::fs::{DiskFileSystem, FileSystem as _, normalize};
use crate::git::{Repository, Revision};
use crate::metafile::Metafile;

/// Files that say which packages are installed: when one of them differs, the packages on this disk are not those of
/// the base.
const LOCKFILES: [&str; 6] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
];

/// What head is compared with.
pub(super) struct Base {
    pub(super) metafile: Metafile,
    /// In words.
    pub(super) label: String,
    /// Its commit, if it has one.
    pub(super) commit: Option<String>,
}

/// The base of the settings; else why there is none.
pub(super) fn baseline(config: &Config, ports: &Ports<'_>) -> Result<Base, String> {
    let what = config.report.base.as_str();
    match what {
        "none" => Err("none was asked for".to_owned()),
        "auto" => automatic(config, ports),
        _ => {
            if let Some(revision) = what.strip_prefix("git:") {
                let repository = Repository::of(&config.root)?;
                let commit = repository.commit(revision)?;
                let revision = open(&repository, &commit, ports)?;
                return built(config, ports, revision, &commit, &format!("`{what}`"));
            }
            if super::deploy::is_store(what) {
                let metafile = metafile_at(config, ports, what)?;
                return Ok(Base { metafile, label: format!("`{what}`"), commit: None });
            }
            let file = normalize(&config.root.join(what));
            let json = DiskFileSystem
                .read(&file)
                .map_err(|error| format!("`{what}` cannot be read: {error}"))?;
            // The reason of the parser would quote what is in the file.
            let metafile = Metafile::parse(&json).map_err(|error| {
                format!(
                    "`{what}` is no metafile (line {}, column {})",
                    error.line(),
                    error.column()
                )
            })?;
            Ok(Base { metafile, label: format!("`{what}`"), commit: None })
        }
    }
}

/// On a pull request the first parent of the merge commit, which is exactly what the branch is merged into; on a push
/// what was there before; in a merge queue its base.
fn automatic(config: &Config, ports: &Ports<'_>) -> Result<Base, String> {
    let runner = &ports.runner;
    let Some(event) = runner.event.as_deref() else {
        return Err("this is no pull request; name one with `--base`".to_owned());
    };
    let repository = Repository::of(&config.root)?;
    let (commit, label) = match event {
        "pull_request" => {
            let merge = runner.commit.clone().unwrap_or_else(|| "HEAD".to_owned());
            // The second parent is the pull request itself; without it this is no merge.
            if repository.commit(&format!("{merge}^2")).is_err() {
                repository.fetch(&merge).map_err(|_| {
                    "the parents of the merge are not in this clone: set `fetch-depth: 2` for actions/checkout"
                        .to_owned()
                })?;
            }
            (repository.commit(&format!("{merge}^1"))?, "the first parent of the merge")
        }
        "merge_group" => {
            let base = runner.base.as_deref().ok_or("the event names no base")?;
            (found(&repository, base)?, "the base of the merge group")
        }
        "push" => {
            let before = runner.base.as_deref().filter(|id| !id.bytes().all(|byte| byte == b'0'));
            let before = before.ok_or("the branch is new")?;
            (found(&repository, before)?, "what was pushed before")
        }
        other => return Err(format!("the event `{other}` has no base")),
    };
    let short = commit.get(..7).unwrap_or(&commit).to_owned();
    let stored = |why: &str| -> Result<Base, String> {
        let metafile = super::deploy::metafile_of_commit(config, ports, &commit)
            .ok_or_else(|| format!("{why}, and the store has no build of {short}"))?;
        let label = format!("{label}, {short}, as stored ({why})");
        Ok(Base { metafile, label, commit: Some(commit.clone()) })
    };
    if config.artifacts.is_some() {
        return stored("another bundler made these outputs");
    }
    let revision = open(&repository, &commit, ports)?;
    match changed_lockfile(&repository, &revision, &config.root) {
        Some(name) => stored(&format!("`{name}` differs")),
        None => built(config, ports, revision, &commit, &format!("{label}, {short}")),
    }
}

/// A commit that may have to be fetched first.
fn found(repository: &Repository, commit: &str) -> Result<String, String> {
    repository.commit(commit).or_else(|error| {
        repository.fetch(commit).map_err(|_| error)?;
        repository.commit(commit)
    })
}

fn open(repository: &Repository, commit: &str, ports: &Ports<'_>) -> Result<Revision, String> {
    repository.revision(commit, Arc::clone(&ports.files))
}

/// The lockfile of the project, or of the repository, that is not the same in the revision.
fn changed_lockfile(
    repository: &Repository,
    revision: &Revision,
    root: &Path,
) -> Option<&'static str> {
    use crate::fs::FileSystem;
    let folders = [root, repository.root()];
    LOCKFILES.into_iter().find(|name| {
        folders.iter().any(|folder| {
            let path = folder.join(name);
            revision.read(&path).ok() != DiskFileSystem.read(&path).ok()
        })
    })
}

/// Builds the sources of a revision with the settings of head.
fn built(
    config: &Config,
    ports: &Ports<'_>,
    revision: Revision,
    commit: &str,
    label: &str,
) -> Result<Base, String> {
    let ports = Ports {
        files: Arc::new(revision),
        runner: ports.runner.clone(),
        below: ports.below.clone(),
        ..*ports
    };
    let bundled = build(config, &ports);
    if has_errors(&bundled.diagnostics) {
        let first = bundled.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
        let why = first.map(|first| format!(": {}", first.message)).unwrap_or_default();
        return Err(format!("{label} does not build{why}"));
    }
    let mut metafile = bundled.metafile;
    name_packages(&mut metafile, config, &ports);
    measure(&mut metafile, &bundled.artifacts);
    measure_encoded(&mut metafile, &bundled.artifacts, config);
    Ok(Base { metafile, label: label.to_owned(), commit: Some(commit.to_owned()) })
}
