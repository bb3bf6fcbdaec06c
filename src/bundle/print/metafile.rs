//! What the metafile says of an output.

use std::collections::{BTreeMap, BTreeSet};

use swc_core::atoms::Atom;

use crate::bundle::graph::{Export, ImportKind, ImportTarget, ModuleGraph, ModuleId};
use crate::bundle::link::{LinkPlan, Wrap};
use crate::metafile::{Contribution, Import, Output};

/// The exports of a module whose declarations are kept.
fn kept_exports(graph: &ModuleGraph, plan: &LinkPlan, id: ModuleId) -> Vec<String> {
    let module = graph.module(id);
    let live = module.statements.iter().zip(&plan.live.statements[id.index()]);
    let declared: BTreeSet<u32> = live
        .filter(|(_, is_live)| **is_live)
        .flat_map(|(statement, _)| statement.declares.iter().copied())
        .collect();
    let mut names: Vec<String> = module
        .exports
        .iter()
        .filter(|(_, export)| matches!(export, Export::Local(symbol) if declared.contains(symbol)))
        .map(|(name, _)| name.to_string())
        .collect();
    names.sort_unstable();
    names
}

pub(super) fn metafile_output(
    graph: &ModuleGraph,
    plan: &LinkPlan,
    index: usize,
    bytes_by_module: &BTreeMap<String, u64>,
    mentions: &[u32],
    text: &str,
    paths: &[String],
) -> Output {
    let info = &plan.chunks.list[index];
    let links = &plan.links[index];
    let mut imports: Vec<Import> = Vec::new();
    let mut push = |path: String, kind: ImportKind, external: bool| {
        let import =
            Import { path, kind: kind.metafile_name().to_owned(), external, ..Import::default() };
        if !imports.contains(&import) {
            imports.push(import);
        }
    };
    for (specifier, _) in &links.externals {
        push(graph.external_name(specifier), ImportKind::Static, true);
    }
    for other in &links.imported_chunks(info) {
        push(paths[*other as usize].clone(), ImportKind::Static, false);
    }
    for id in &info.modules {
        let module = graph.module(*id);
        for (statement, _) in module
            .statements
            .iter()
            .zip(&plan.live.statements[id.index()])
            .filter(|(_, live)| **live)
        {
            for record in &statement.records {
                let record = &module.imports[*record as usize];
                match &record.target {
                    ImportTarget::Module(target) if record.kind == ImportKind::Dynamic => {
                        if let Some(other) = plan.chunks.entry_of.get(target)
                            && mentions.contains(other)
                        {
                            push(paths[*other as usize].clone(), ImportKind::Dynamic, false);
                        }
                    }
                    ImportTarget::External(specifier) => {
                        push(graph.external_name(specifier), record.kind, true);
                    }
                    _ => {}
                }
            }
        }
    }
    let mut exports: Vec<String> = links
        .entry_exports
        .iter()
        .flat_map(|shape| shape.exports.iter().map(|(name, _)| name.to_string()))
        .chain(
            links
                .exports
                .iter()
                .filter_map(|key| plan.names[index].exported.get(key))
                .map(Atom::to_string),
        )
        .collect();
    if info.entry.is_some_and(|entry| plan.wraps.of(entry) == Wrap::CommonJs) {
        exports.push("default".to_owned());
    }
    exports.sort_unstable();
    exports.dedup();
    let mut kept: BTreeMap<&str, Vec<String>> = info
        .modules
        .iter()
        .map(|id| (graph.module(*id).path.as_str(), kept_exports(graph, plan, *id)))
        .collect();
    Output {
        bytes: text.len() as u64,
        inputs: bytes_by_module
            .iter()
            .map(|(path, bytes)| {
                let exports = kept.remove(path.as_str()).unwrap_or_default();
                (path.clone(), Contribution { bytes_in_output: *bytes, exports })
            })
            .collect(),
        imports,
        exports,
        entry_point: info.entry.map(|entry| graph.module(entry).path.clone()),
        ..Output::default()
    }
}
