//! Step 5, after splitting: mark the helper functions that the plan turned out to need.

use std::collections::BTreeSet;

use swc_core::atoms::Atom;

use super::split_chunks::{Chunk, Chunks};
use super::tree_shake::Live;
use super::wrap_modules::{Wrap, Wraps};
use crate::bundle::graph::{ImportKind, ImportTarget, ModuleFormat, ModuleGraph, ModuleId};
use crate::bundle::options::{Format, Options, Target};
use crate::bundle::runtime;

/// Keeps the helper functions that the plan turned out to need.
pub(crate) fn keep_helpers(
    graph: &ModuleGraph,
    mut live: Live,
    wraps: &Wraps,
    chunks: &Chunks,
    options: &Options,
) -> Live {
    let mut wanted: BTreeSet<&'static str> = BTreeSet::new();
    for id in graph.ids().filter(|id| live.modules[id.index()]) {
        match wraps.of(id) {
            Wrap::CommonJs => {
                wanted.insert(runtime::COMMON_JS);
            }
            Wrap::Esm if wraps.awaits => wanted.extend([runtime::MODULE, runtime::EVALUATE]),
            Wrap::Esm => {
                wanted.insert(runtime::ESM);
            }
            Wrap::None => {}
        }
        let module = graph.module(id);
        for record in live.records(graph, id) {
            match (record.kind, &record.target) {
                (ImportKind::Require, ImportTarget::Module(target))
                    if graph.module(*target).format == ModuleFormat::Esm
                        && graph.module(*target).data().is_none() =>
                {
                    wanted.insert(runtime::REQUIRED);
                }
                (ImportKind::Dynamic, ImportTarget::Module(target))
                    if graph.module(*target).format == ModuleFormat::CommonJs =>
                {
                    wanted.insert(runtime::TO_ESM);
                }
                (ImportKind::Require, ImportTarget::External(_)) => {
                    wanted.insert(runtime::REQUIRE);
                }
                (ImportKind::Require | ImportKind::Dynamic, ImportTarget::Missing) => {
                    wanted.insert(runtime::MISSING);
                }
                _ => {}
            }
        }
        if module.format == ModuleFormat::CommonJs
            && module.unresolved.contains(&Atom::from("require"))
        {
            wanted.insert(runtime::REQUIRE);
        }
        if asks_for_main(graph, chunks, id, options) {
            wanted.insert(runtime::MAIN_MODULE);
        }
        if options.format != Format::Esm
            && module
                .imports
                .iter()
                .any(|record| matches!(record.target, ImportTarget::External(_)))
        {
            wanted.insert(runtime::TO_ESM);
            wanted.insert(runtime::REQUIRE);
        }
    }
    if graph.ids().any(|id| live.modules[id.index()] && graph.module(id).has_direct_eval) {
        wanted.insert(runtime::EXPORT);
    }
    if live.takes_commonjs {
        wanted.insert(runtime::TO_ESM);
    }
    if !live.namespaces.is_empty() {
        wanted.insert(runtime::NAMESPACE);
    }
    #[expect(clippy::iter_over_hash_type, reason = "only asks whether there is one")]
    for shape in live.namespaces.values() {
        if !shape.dynamic.is_empty() {
            wanted.insert(runtime::RE_EXPORT);
        }
    }
    if options.format != Format::Esm && !options.hides_exports() {
        wanted.insert(runtime::TO_COMMON_JS);
    }
    if has_native_require(options) {
        wanted.remove(runtime::REQUIRE);
    }
    if options.keep_names {
        wanted.insert(runtime::NAME);
    }
    let helpers = graph.module(ModuleId::RUNTIME);
    let mut todo: Vec<u32> = wanted
        .iter()
        .filter_map(|name| helpers.symbols.iter().position(|symbol| symbol.id.0 == **name))
        .filter_map(|index| u32::try_from(index).ok())
        .collect();
    while let Some(symbol) = todo.pop() {
        for statement in &helpers.symbols[symbol as usize].declared_by {
            let kept = &mut live.statements[ModuleId::RUNTIME.index()][*statement as usize];
            if !std::mem::replace(kept, true) {
                live.modules[ModuleId::RUNTIME.index()] = true;
                todo.extend(&helpers.statements[*statement as usize].uses);
            }
        }
    }
    live
}

/// Whether `require` needs no stand-in: the output is `CommonJS`, or the runtime can make one for a module.
pub(crate) fn has_native_require(options: &Options) -> bool {
    options.format == Format::Cjs
        || (options.format == Format::Esm && matches!(options.target, Target::Node | Target::Bun))
}

/// Whether a module is a `CommonJS` entry point that may ask if it is the main one, where the runtime knows of none.
pub(crate) fn asks_for_main(
    graph: &ModuleGraph,
    chunks: &Chunks,
    id: ModuleId,
    options: &Options,
) -> bool {
    let module = graph.module(id);
    module.asks_for_main
        && module.format == ModuleFormat::CommonJs
        && options.format == Format::Esm
        && has_native_require(options)
        && entry_chunk(chunks, id).is_some()
}

/// The chunk of an entry point that the user named, which others may hold the code of.
pub(crate) fn entry_chunk(chunks: &Chunks, id: ModuleId) -> Option<u32> {
    let is_it = |chunk: &Chunk| chunk.is_user_entry && chunk.entry == Some(id);
    (0u32..).zip(&chunks.list).find(|(_, chunk)| is_it(chunk)).map(|(index, _)| index)
}
