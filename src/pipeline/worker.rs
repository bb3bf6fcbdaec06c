//! Whether a Worker fits its platform, and the file that Wrangler deploys it with.

use super::Outcome;
use crate::artifact::{ArtifactKind, BuildArtifact};
use crate::bundle::Bundled;
use crate::bundle::options::{Options, Target};
use crate::config::Config;
use crate::config::wrangler::Wrangler;
use crate::diag::{Diagnostic, ExitCode, Location, nearest};
use crate::fs::{normalize, relative};
use crate::metafile::Metafile;
use crate::report::{is_source_map, markdown};

/// Sizes that a Worker may have with gzip, by the plan of its account
/// (developers.cloudflare.com/workers/platform/limits/#worker-size).
const WORKER_BYTES: [(&str, u64); 2] = [("free", 3 << 20), ("paid", 10 << 20)];

/// The size that a Worker may have at most, where it would have more.
pub(super) fn larger_than_a_worker(gzip: u64) -> Option<u64> {
    let most = WORKER_BYTES.iter().map(|(_, most)| *most).max()?;
    (gzip > most).then_some(most)
}

/// Holds the size of a Worker against what its platform takes: an error where the plan of the account does not allow it, and a
/// warning where only the other plan does and none is named.
pub(super) fn check_worker(config: &Config, metafile: &Metafile, outcome: &mut Outcome) {
    if config.artifacts.is_some() {
        return;
    }
    let is_worker = |build: &Options| build.target == Target::Workers;
    let part = config.parts.iter().find(|part| is_worker(&part.build));
    let folder = match part {
        Some(part) => format!("{}/", part.name),
        None if config.parts.is_empty() && is_worker(&config.build) => String::new(),
        None => return,
    };
    let outputs = metafile.outputs.iter();
    let outputs = outputs.filter(|(path, _)| path.starts_with(&folder) && !is_source_map(path));
    let total: u64 = outputs.map(|(_, output)| output.gzip.unwrap_or(output.bytes)).sum();
    let plan = config.workers_plan.as_deref();
    for (name, most) in WORKER_BYTES {
        if total <= most || plan.is_some_and(|plan| plan != name) {
            continue;
        }
        let message = format!(
            "the Worker has {} with gzip, and the {name} plan takes {}",
            markdown::size(total),
            markdown::size(most)
        );
        if plan.is_some() || name == "paid" {
            let error = Diagnostic::error("size/worker", message);
            outcome.error(ExitCode::Budget, error.hint("see in the report what is largest in it"));
        } else {
            let warning = Diagnostic::warning("size/worker", message);
            outcome.diagnostics.push(warning.hint("say which plan it is: `build.workers_plan`"));
        }
    }
}

/// Holds what was built against Wrangler's file: the script that it names, the bindings that the code reads, and the classes
/// that it has to export.
pub(super) fn check_wrangler(config: &Config, bundled: &Bundled) -> Vec<Diagnostic> {
    let Some(wrangler) = &config.wrangler else { return Vec::new() };
    let mut found = Vec::new();
    let at_file = |diagnostic: Diagnostic| diagnostic.at(Location::file(wrangler.file));
    if wrangler.compatibility_date.is_empty() {
        let message = format!(
            "`{}` has no `compatibility_date`, without which nothing is deployed",
            wrangler.file
        );
        found.push(
            at_file(Diagnostic::warning("worker/date", message)).hint("set it to today's date"),
        );
    }
    found.extend(other_main(config, wrangler, bundled).map(at_file));
    for read in bundled.bindings.iter().filter(|read| !wrangler.bindings.contains(&read.name)) {
        let message =
            format!("`env.{}` is read, and `{}` has no such binding", read.name, wrangler.file);
        let near = nearest(&read.name, wrangler.bindings.iter().map(String::as_str));
        found.push(match near {
            Some(near) => Diagnostic::warning("worker/binding", message)
                .at(read.location.clone())
                .hint(format!("did you mean `{near}`?")),
            // It may be a secret, which need not be listed.
            None => Diagnostic::note("worker/binding", message)
                .at(read.location.clone())
                .hint("a secret can be listed: `\"secrets\": { \"required\": [\"NAME\"] }`"),
        });
    }
    let is_entry = |path: &String| {
        let of_path = |artifact: &&BuildArtifact| artifact.path.as_str() == path;
        let artifact = bundled.artifacts.iter().find(of_path);
        artifact.is_some_and(|artifact| artifact.kind == ArtifactKind::EntryPoint)
    };
    let entries = bundled.metafile.outputs.iter().filter(|(path, _)| is_entry(path));
    let exports: Vec<&str> =
        entries.flat_map(|(_, output)| &output.exports).map(String::as_str).collect();
    for class in wrangler.classes.iter().filter(|class| !exports.contains(&class.as_str())) {
        let message =
            format!("`{}` names the class `{class}`, which no entry point exports", wrangler.file);
        let error = at_file(Diagnostic::error("worker/class", message));
        found.push(error.hint(match nearest(class, exports.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("export it from the entry point: `export {{ {class} }} from …`"),
        }));
    }
    found
}

/// Says that Wrangler would deploy something else than what is built here.
fn other_main(config: &Config, wrangler: &Wrangler, bundled: &Bundled) -> Option<Diagnostic> {
    if wrangler.main.is_empty() {
        return None;
    }
    let main = normalize(&config.root.join(&wrangler.main));
    let is_entry =
        config.entry_points.iter().any(|entry| normalize(&config.root.join(entry)) == main);
    let outputs =
        bundled.metafile.outputs.iter().filter(|(_, output)| output.entry_point.is_some());
    let outputs: Vec<String> = outputs
        .filter_map(|(path, _)| Some(relative(&config.root, &config.outdir.as_ref()?.join(path))))
        .collect();
    let shown = relative(&config.root, &main);
    // Without a folder, nothing is there to be deployed.
    if is_entry || config.outdir.is_none() || outputs.contains(&shown) {
        return None;
    }
    let message =
        format!("`main` is `{}`, and this build writes {}", wrangler.main, quoted(&outputs));
    Some(
        Diagnostic::warning("worker/main", message)
            .hint("name what was built, so that what is deployed is what passed"),
    )
}

fn quoted(paths: &[String]) -> String {
    paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}
