//! `bundlegate init`: settings and a workflow to start from, by what is in the folder. Nothing is overwritten, and no
//! settings are written where nothing was found that could be built.

mod frameworks;
mod project;
mod property;
mod text;
mod workspaces;

use std::path::Path;

use self::project::{Manager, Project};
use self::text::{Member, WORKFLOW, settings, workflow};
use self::workspaces::members;
use super::Outcome;
use crate::config::file::FILE_NAME;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{DiskFileSystem, FileSystem as _, relative, write_new};
use crate::git::Repository;

/// Writes settings beside each project and a workflow at the root of the repository, each only if it is not there.
#[must_use]
pub fn run_init(folder: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let repository = Repository::of(folder).ok();
    let folder = DiskFileSystem.canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let root = match &repository {
        Some(repository) => repository.root().to_path_buf(),
        None => folder.clone(),
    };
    // The folders of workspaces that have something of their own; the folder itself else.
    let mut projects: Vec<(String, Project)> = members(&folder)
        .into_iter()
        .map(|member| {
            let project = Project::look(&folder.join(&member), &root);
            (member, project)
        })
        .filter(|(_, project)| project.is_known())
        .collect();
    let own = Project::look(&folder, &root);
    if own.is_known() && (projects.is_empty() || own.builder.is_some()) {
        projects.insert(0, (String::new(), own));
    }
    if projects.is_empty() {
        let message = "nothing was found that could be built or gated: no entry point, no builder, no workspace".to_owned();
        let error = Diagnostic::error("init/nothing", message).hint(format!(
            "write `{FILE_NAME}` with `build.entrypoints`, or with `artifacts.dir` for the outputs of another builder"
        ));
        outcome.error(ExitCode::Usage, error);
        return outcome;
    }
    let install = Manager::of(&folder, &root).install();
    outcome.done.push(format!("found: install with `{install}`"));
    let mut rows = Vec::new();
    for (member, project) in &projects {
        let place = folder.join(member);
        let from_root = relative(&root, &place);
        for line in text::findings(project) {
            let place = if member.is_empty() { String::new() } else { format!("{member}: ") };
            outcome.done.push(format!("found: {place}{line}"));
        }
        write(&mut outcome, &folder, &place.join(FILE_NAME), &settings(project));
        let from_root = if from_root == "." { String::new() } else { from_root };
        rows.push(Member { folder: from_root, project });
    }
    let branch = repository.and_then(|repository| repository.default_branch());
    let branch = branch.unwrap_or_else(|| "main".to_owned());
    write(&mut outcome, &folder, &root.join(WORKFLOW), &workflow(&rows, install, &branch));
    outcome
}

fn write(outcome: &mut Outcome, folder: &Path, file: &Path, text: &str) {
    let name = relative(folder, file);
    match write_new(file, text.as_bytes()) {
        Ok(()) => outcome.done.push(format!("wrote {name}")),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let message = format!("`{name}` is there already, and was left as it is");
            outcome.diagnostics.push(Diagnostic::note("init/exists", message));
        }
        Err(error) => {
            let message = format!("`{name}` cannot be written: {error}");
            outcome.error(ExitCode::Usage, Diagnostic::error("init/write", message));
        }
    }
}
