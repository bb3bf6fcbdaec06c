//! Whether finished outputs fit their runtime: modules that it does not bring along, and global variables that it does not
//! have. What was dropped is not judged.

use std::collections::BTreeSet;

use super::graph::{ImportKind, ImportName, ImportTarget, Module, ModuleGraph, NameUse};
use super::options::{Options, Target};
use super::targets::{built_in, unavailable};
use crate::diag::Diagnostic;
use crate::metafile::Metafile;

/// The modules that are in the outputs.
pub(super) struct Kept<'a> {
    modules: Vec<&'a Module>,
    entries: Vec<&'a Module>,
}

impl<'a> Kept<'a> {
    pub(super) fn of(graph: &'a ModuleGraph, metafile: &Metafile) -> Self {
        let outputs = metafile.outputs.values();
        let kept: BTreeSet<&str> =
            outputs.flat_map(|output| output.inputs.keys()).map(String::as_str).collect();
        let modules = graph.modules.iter();
        Self {
            modules: modules.filter(|module| kept.contains(module.path.as_str())).collect(),
            entries: graph.entry_points.iter().map(|id| graph.module(*id)).collect(),
        }
    }

    /// Global variables that only some runtimes have, in code of the project.
    pub(super) fn globals(&self) -> Vec<NameUse> {
        self.own().flat_map(|module| module.global_uses.iter().cloned()).collect()
    }

    fn own(&self) -> impl Iterator<Item = &'a Module> {
        self.modules.iter().copied().filter(|module| !is_of_package(module))
    }

    /// Bindings that a Worker reads, in code of the project.
    pub(super) fn bindings(&self) -> Vec<NameUse> {
        let is_entry = |module: &Module| self.entries.iter().any(|entry| entry.path == module.path);
        self.own()
            .flat_map(
                |module| {
                    if is_entry(module) { &module.worker_uses } else { &module.binding_uses }
                },
            )
            .cloned()
            .collect()
    }

    /// Exports of built-in modules that are imported by name, or read from the module as a whole.
    pub(super) fn built_ins(&self) -> Vec<NameUse> {
        let mut found = Vec::new();
        for module in &self.modules {
            let mut symbols: Vec<_> = module.named_imports.iter().collect();
            symbols.sort_by_key(|(symbol, _)| **symbol);
            for (symbol, import) in symbols {
                let record = &module.imports[import.record as usize];
                let ImportTarget::External(specifier) = &record.target else { continue };
                let Some(full) = built_in(specifier) else { continue };
                let mut add = |name: &str| {
                    let name = format!("{full}.{name}");
                    found.push(NameUse { name, location: import.location.clone() });
                };
                match &import.name {
                    ImportName::Named(name) if *name != *"default" => add(name),
                    _ => module
                        .statements
                        .iter()
                        .flat_map(|statement| &statement.property_uses)
                        .filter(|chain| chain.symbol == *symbol)
                        .filter_map(|chain| chain.names.first())
                        .for_each(|name| add(name)),
                }
            }
        }
        found
    }
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
    let lacked = module.global_uses.iter().filter_map(|used| {
        let hint = target.global_problem(&used.name)?;
        let message = format!("`{}` is not there in {}", used.name, target.runtime().name);
        let warning = Diagnostic::warning("build/global-not-in-target", message);
        Some(warning.at(used.location.clone()).hint(hint))
    });
    lacked.collect()
}
