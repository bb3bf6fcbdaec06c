//! Whether finished outputs fit their runtime: modules that it does not bring along, and global variables that it does not
//! have. What was dropped is not judged.

use std::collections::BTreeSet;

use super::graph::{GlobalUse, ImportKind, ImportTarget, Module, ModuleGraph};
use super::options::{Options, Target};
use super::targets::unavailable;
use crate::diag::Diagnostic;
use crate::metafile::Metafile;

/// Global variables that only some runtimes have, in code of the project that is in the outputs.
pub(super) fn kept_globals(graph: &ModuleGraph, metafile: &Metafile) -> Vec<GlobalUse> {
    let kept: BTreeSet<&str> = metafile
        .outputs
        .values()
        .flat_map(|output| output.inputs.keys())
        .map(String::as_str)
        .collect();
    graph
        .ids()
        .map(|id| graph.module(id))
        .filter(|module| kept.contains(module.path.as_str()) && !is_of_package(module))
        .flat_map(|module| module.global_uses.iter().cloned())
        .collect()
}

/// Packages ask what is there in ways of their own, and nobody here could change them.
fn is_of_package(module: &Module) -> bool {
    module.path.contains("node_modules/")
}

/// What the target lacks of what the outputs ask for.
pub(super) fn check_target(
    graph: &ModuleGraph,
    metafile: &Metafile,
    options: &Options,
) -> Vec<Diagnostic> {
    if options.target == Target::Neutral {
        return Vec::new();
    }
    let outputs = metafile.outputs.values();
    let kept: BTreeSet<&str> =
        outputs.clone().flat_map(|output| output.inputs.keys()).map(String::as_str).collect();
    let external: BTreeSet<&str> = outputs
        .flat_map(|output| &output.imports)
        .filter(|import| import.external)
        .map(|import| import.path.as_str())
        .collect();
    let modules = graph.ids().map(|id| graph.module(id));
    modules
        .filter(|module| kept.contains(module.path.as_str()))
        .flat_map(|module| {
            let mut found = modules_of(module, &external, options);
            found.extend(globals_of(module, options.target));
            found
        })
        .collect()
}

fn modules_of(module: &Module, external: &BTreeSet<&str>, options: &Options) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for record in &module.imports {
        let ImportTarget::External(specifier) = &record.target else { continue };
        let specifier = &**specifier;
        // Whoever names it in the settings knows where it comes from.
        let is_wanted = options.external.iter().any(|pattern| match pattern.split_once('*') {
            Some((start, end)) => specifier.starts_with(start) && specifier.ends_with(end),
            None => specifier == pattern,
        });
        if is_wanted || !external.contains(specifier) || !known.insert(specifier) {
            continue;
        }
        let Some(missing) = unavailable(options.target, specifier, &options.compatibility) else {
            continue;
        };
        let is_warning = missing.is_stub || record.may_fail || record.kind == ImportKind::Dynamic;
        let diagnostic = if is_warning {
            Diagnostic::warning("build/not-in-target", missing.message)
        } else {
            Diagnostic::error("build/not-in-target", missing.message)
        };
        found.push(diagnostic.at(record.location.clone()).hint(missing.hint));
    }
    found
}

fn globals_of(module: &Module, target: Target) -> Vec<Diagnostic> {
    if is_of_package(module) {
        return Vec::new();
    }
    let runtime = target.runtime();
    let lacked = module.global_uses.iter().filter_map(|used| {
        let root = used.name.split('.').next().unwrap_or_default();
        let (_, hint) = runtime.lacks.iter().find(|(name, _)| *name == root)?;
        let message = format!("`{}` is not there in {}", used.name, runtime.name);
        let warning = Diagnostic::warning("build/global-not-in-target", message);
        Some(warning.at(used.location.clone()).hint(*hint))
    });
    lacked.collect()
}
