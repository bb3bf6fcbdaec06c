//! `bundle()`: scan, link, print - the three phases, one line each.

mod analyze;
mod check_target;
mod code;
pub mod css;
mod defines;
pub mod graph;
pub(crate) mod input_map;
mod link;
mod lower;
mod meaning;
pub mod options;
mod plug_and_play;
mod print;
mod read;
pub mod resolve;
pub mod runtime;
mod scan;
mod source;
mod syntax;
pub mod targets;

use std::sync::Arc;

use rayon::prelude::*;

pub use graph::{EntryPoint, NameUse};
pub use options::Options;
pub use read::environment::environment_reads;

use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, is_named_by};
use crate::diag::{Diagnostic, has_errors};
use crate::fs::FileSystem;
use crate::metafile::{Contribution, Import, Input, Metafile, Output};
use check_target::{Kept, check_target};
use graph::{ImportKind, ImportTarget, ModuleFormat, ModuleGraph, ModuleId};

/// The result of a build.
#[derive(Debug, Default)]
pub struct Bundled {
    /// Entry points first, then chunks, source maps and assets. Empty after an error.
    pub artifacts: Vec<BuildArtifact>,
    /// Inputs and outputs; paths of outputs are relative to the output folder.
    pub metafile: Metafile,
    /// Global variables that only some runtimes have, as far as the project's own code uses them.
    pub globals: Vec<NameUse>,
    /// Exports of built-in modules that the code imports: `node:http.createServer`.
    pub built_ins: Vec<NameUse>,
    /// Bindings that a Worker reads.
    pub bindings: Vec<NameUse>,
    /// Everything there is to say, in the order of discovery.
    pub diagnostics: Vec<Diagnostic>,
}

/// Bundles what the entry points reach. User mistakes are diagnostics; nothing is written.
#[must_use]
pub fn bundle(
    entry_points: &[EntryPoint],
    options: &Options,
    files: &Arc<dyn FileSystem>,
) -> Bundled {
    let scanned = scan::scan(entry_points, options, files);
    let mut diagnostics = scanned.diagnostics;
    // A module that did not parse would look like one that exports nothing.
    if has_errors(&diagnostics) {
        return Bundled { diagnostics, ..Bundled::default() };
    }
    let graph = scanned.graph;
    // Without splitting, each entry point becomes an output that needs no other.
    let groups: Vec<&[ModuleId]> = if options.splitting {
        vec![&graph.entry_points]
    } else {
        graph.entry_points.chunks(1).collect()
    };
    let stand_ins = print::StandIns::new(&graph, &scanned.source_map, options);
    let (trees, source_map) = (scanned.trees, scanned.source_map);
    let printed_of = |plan: &link::LinkPlan, own| {
        print::print(&graph, plan, own, &source_map, &stand_ins, options)
    };
    let results: Vec<_> = if let [entry_points] = groups.as_slice() {
        let link::Linked { plan, diagnostics } = link::link(&graph, entry_points, options);
        let all = graph.ids().zip(trees).collect();
        vec![(plan.map(|plan| printed_of(&plan, all)), diagnostics)]
    } else {
        let outputs = groups.par_iter().map(|entry_points| {
            let link::Linked { plan, diagnostics } = link::link(&graph, entry_points, options);
            let printed = plan.map(|plan| {
                // Copies cost time: only what this output holds.
                let own = plan.chunks.list.iter().flat_map(|chunk| &chunk.modules);
                printed_of(&plan, own.map(|id| (*id, trees[id.index()].copy())).collect())
            });
            (printed, diagnostics)
        });
        outputs.collect()
    };
    let mut printed = print::Printed::default();
    for (own, found) in results {
        let new: Vec<_> = found.into_iter().filter(|new| !diagnostics.contains(new)).collect();
        diagnostics.extend(new);
        let Some(own) = own else { return Bundled { diagnostics, ..Bundled::default() } };
        printed.append(own);
    }
    diagnostics.append(&mut printed.diagnostics);
    let mut artifacts = printed.artifacts;
    let mut metafile = Metafile { inputs: inputs(&graph), outputs: printed.outputs };
    for asset in scanned.assets {
        let bytes = asset.bytes.len() as u64;
        let source = metafile.inputs.entry(asset.source.clone()).or_default();
        source.bytes = bytes;
        let input = Contribution { bytes_in_output: bytes, exports: Vec::new() };
        let inputs = [(asset.source, input)].into();
        let output = Output { bytes, inputs, ..Output::default() };
        metafile.outputs.insert(asset.path.clone(), output);
        match OutputPath::new(asset.path) {
            Ok(path) => artifacts.push(BuildArtifact {
                is_immutable: is_named_by(path.as_str(), &asset.content_hash),
                path,
                kind: ArtifactKind::Asset,
                loader: "file",
                content_hash: asset.content_hash,
                source_map: None,
                runtime: None,
                body: Body::new(asset.bytes),
            }),
            Err(error) => {
                diagnostics.push(Diagnostic::error("build/output-path", error.to_string()));
            }
        }
    }
    diagnostics.extend(check_target(&graph, &metafile, options));
    let kept = Kept::of(&graph, &metafile);
    Bundled {
        globals: kept.globals(),
        built_ins: kept.built_ins(),
        bindings: kept.bindings(),
        artifacts,
        metafile,
        diagnostics,
    }
}

fn inputs(graph: &ModuleGraph) -> std::collections::BTreeMap<String, Input> {
    graph
        .ids()
        .filter(|id| *id != ModuleId::RUNTIME)
        .map(|id| {
            let module = graph.module(id);
            let imports = module
                .imports
                .iter()
                .filter_map(|record| {
                    let (path, external) = match &record.target {
                        ImportTarget::External(_) if let Some(asset) = &record.asset => {
                            (asset.to_string(), false)
                        }
                        ImportTarget::Module(target) => (graph.module(*target).path.clone(), false),
                        ImportTarget::External(specifier) => (graph.external_name(specifier), true),
                        ImportTarget::Missing => return None,
                    };
                    // A flat module imports what it requires.
                    let kind = match record.kind {
                        ImportKind::Static if module.flat.is_some() => ImportKind::Require,
                        kind => kind,
                    };
                    let kind = match kind {
                        ImportKind::Url if module.sheet.is_some() => "url-token",
                        kind => kind.metafile_name(),
                    };
                    let original =
                        (path != *record.specifier).then(|| record.specifier.to_string());
                    Some(Import {
                        path,
                        kind: kind.to_owned(),
                        original,
                        external,
                        with: record
                            .attribute_type
                            .iter()
                            .map(|kind| ("type".to_owned(), kind.to_string()))
                            .collect(),
                        line: Some(record.location.line),
                    })
                })
                .collect();
            let format = module.loader.is_script().then(|| match module.format {
                ModuleFormat::Esm if module.flat.is_none() => "esm".to_owned(),
                ModuleFormat::Esm | ModuleFormat::CommonJs => "cjs".to_owned(),
            });
            (module.path.clone(), Input { bytes: module.bytes, imports, format, package: None })
        })
        .collect()
}
