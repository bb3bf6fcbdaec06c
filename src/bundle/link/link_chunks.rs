//! Step 6: imports and exports between chunks, and what each takes from the runtime around it.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;
use swc_core::atoms::Atom;

use super::bind_imports::{Binding, Bindings, NamespaceShape};
use super::split_chunks::{Chunk, Chunks, Step};
use super::tree_shake::Live;
use super::wrap_modules::{Wrap, Wraps};
use crate::bundle::graph::{
    ImportKind, ImportTarget, ModuleFormat, ModuleGraph, ModuleId, SymbolId, View,
};
use crate::bundle::options::{Format, Options};
use crate::bundle::runtime;

/// Anything that has a name at the top level of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum NameKey {
    /// A variable of a module.
    Symbol(SymbolId),
    /// The namespace object of a module.
    Namespace(ModuleId),
    /// The function that runs a wrapped module.
    Wrapper(ModuleId),
    /// What a `CommonJS` module exports, as it is seen. One in each chunk.
    Interop(ModuleId, View),
    /// An export of an external module, or all of it. One in each chunk.
    External(Atom, Option<Atom>),
}

/// What a chunk takes and gives.
#[derive(Debug, Default)]
pub(crate) struct ChunkLinks {
    /// Names taken from other chunks.
    pub(crate) imports: BTreeMap<u32, BTreeSet<NameKey>>,
    /// Names that other chunks take.
    pub(crate) exports: BTreeSet<NameKey>,
    /// External modules, in the order in which the sources import them; those without names are run only.
    pub(crate) externals: Vec<(Atom, BTreeSet<Option<Atom>>)>,
    /// `CommonJS` modules of which code in this chunk imports, and how it sees them.
    pub(crate) interops: BTreeSet<(ModuleId, View)>,
    /// What the entry exports.
    pub(crate) entry_exports: Option<NamespaceShape>,
    /// Whether a `require` made for ECMAScript modules is needed.
    pub(crate) needs_create_require: bool,
}

impl ChunkLinks {
    /// Chunks that this one imports: first in the order in which the sources lead there, then those of helpers only.
    pub(crate) fn imported_chunks(&self, chunk: &Chunk) -> Vec<u32> {
        let mut order: Vec<u32> = chunk
            .imports
            .iter()
            .copied()
            .filter(|other| self.imports.contains_key(other))
            .collect();
        order.extend(self.imports.keys().filter(|other| !chunk.imports.contains(other)));
        order
    }
}

struct Linker<'a> {
    graph: &'a ModuleGraph,
    bindings: &'a Bindings,
    live: &'a Live,
    wraps: &'a Wraps,
    chunks: &'a Chunks,
    options: &'a Options,
    helpers: Helpers,
}

/// Links the chunks.
pub(crate) fn link_chunks(
    graph: &ModuleGraph,
    bindings: &Bindings,
    live: &Live,
    wraps: &Wraps,
    chunks: &Chunks,
    options: &Options,
) -> Vec<ChunkLinks> {
    let linker =
        Linker { graph, bindings, live, wraps, chunks, options, helpers: helper_symbols(graph) };
    let mut links: Vec<ChunkLinks> = (0..chunks.list.len())
        .map(|index| linker.chunk(u32::try_from(index).expect("fewer than 2^32 chunks")))
        .collect();
    let crossings: Vec<(u32, NameKey)> = links
        .iter()
        .flat_map(|links| {
            links
                .imports
                .iter()
                .flat_map(|(from, names)| names.iter().map(|name| (*from, name.clone())))
        })
        .collect();
    for (from, name) in crossings {
        links[from as usize].exports.insert(name);
    }
    links
}

/// Helper functions by name.
pub(crate) type Helpers = BTreeMap<&'static str, SymbolId>;

/// The symbols of the helper functions.
pub(crate) fn helper_symbols(graph: &ModuleGraph) -> Helpers {
    let names = [
        runtime::COMMON_JS,
        runtime::ESM,
        runtime::MODULE,
        runtime::EVALUATE,
        runtime::EXPORT,
        runtime::NAMESPACE,
        runtime::RE_EXPORT,
        runtime::TO_ESM,
        runtime::TO_COMMON_JS,
        runtime::REQUIRED,
        runtime::NAME,
        runtime::MISSING,
        runtime::REQUIRE,
        runtime::MAIN_MODULE,
    ];
    let symbols = &graph.module(ModuleId::RUNTIME).symbols;
    names
        .into_iter()
        .filter_map(|name| {
            let index = (0u32..).zip(symbols).find(|(_, symbol)| symbol.id.0 == *name)?.0;
            Some((name, SymbolId { module: ModuleId::RUNTIME, index }))
        })
        .collect()
}

impl Linker<'_> {
    fn chunk(&self, index: u32) -> ChunkLinks {
        let chunk = &self.chunks.list[index as usize];
        let mut links = ChunkLinks::default();
        let mut used = BTreeSet::new();
        for module in &chunk.modules {
            self.module(*module, &mut used, &mut links);
        }
        for step in &chunk.steps {
            if let Step::Call(module) = step {
                used.insert(NameKey::Wrapper(*module));
                self.evaluates(*module, &mut used);
            }
        }
        if let Some(entry) = chunk.entry {
            self.entry(entry, &mut used, &mut links);
        }
        self.externals(index, &mut links);
        if self.options.format == Format::Iife && !links.externals.is_empty() {
            self.helper(runtime::REQUIRE, &mut used);
        }
        if links.needs_create_require {
            let name = Some("createRequire".into());
            match links.externals.iter_mut().find(|(specifier, _)| *specifier == *"node:module") {
                Some((_, names)) => {
                    names.insert(name);
                }
                None => links.externals.push(("node:module".into(), BTreeSet::from([name]))),
            }
        }
        for name in used {
            let home = match &name {
                NameKey::Symbol(symbol) => self.chunks.of[symbol.module.index()],
                NameKey::Namespace(module) | NameKey::Wrapper(module) => {
                    self.chunks.of[module.index()]
                }
                NameKey::Interop(..) | NameKey::External(..) => None,
            };
            if let Some(home) = home
                && home != index
            {
                links.imports.entry(home).or_default().insert(name);
            }
        }
        // What is only run is imported without names.
        for other in &chunk.imports {
            if self.does_something(*other) {
                links.imports.entry(*other).or_default();
            }
        }
        links
    }

    fn does_something(&self, index: u32) -> bool {
        self.chunks.list[index as usize].steps.iter().any(|step| match step {
            Step::Call(_) => true,
            Step::Run(module) => self.live.does_something(self.graph, *module),
        })
    }

    fn helper(&self, name: &'static str, used: &mut BTreeSet<NameKey>) {
        if let Some(symbol) = self.helpers.get(name)
            && self.live.has_symbol(self.graph, *symbol)
        {
            used.insert(NameKey::Symbol(*symbol));
        }
    }

    fn module(&self, id: ModuleId, used: &mut BTreeSet<NameKey>, links: &mut ChunkLinks) {
        let module = self.graph.module(id);
        match self.wraps.of(id) {
            Wrap::None => {}
            Wrap::CommonJs => self.helper(runtime::COMMON_JS, used),
            Wrap::Esm => {
                self.helper(if self.wraps.awaits { runtime::MODULE } else { runtime::ESM }, used);
            }
        }
        if self.wraps.of(id) != Wrap::None {
            // Its closure runs its imports.
            for target in self.live.evaluated_before(self.graph, id) {
                if self.wraps.of(target) != Wrap::None {
                    used.insert(NameKey::Wrapper(target));
                    self.evaluates(target, used);
                }
            }
        }
        if let Some(shape) = self.live.namespaces.get(&id) {
            self.helper(runtime::NAMESPACE, used);
            if module.has_direct_eval {
                self.helper(runtime::EXPORT, used);
            }
            if !shape.dynamic.is_empty() {
                self.helper(runtime::RE_EXPORT, used);
            }
            self.shape(shape, used, links);
        }
        if self.options.keep_names {
            self.helper(runtime::NAME, used);
        }
        if module.format == ModuleFormat::CommonJs
            && module.unresolved.contains(&Atom::from("require"))
        {
            self.require(used, links);
        }
        if super::keep_helpers::asks_for_main(self.graph, self.chunks, id, self.options) {
            self.helper(runtime::MAIN_MODULE, used);
        }
        for statement in self.live.kept(self.graph, id) {
            for symbol in &statement.uses {
                match self.bindings.symbols[id.index()].get(symbol) {
                    Some(binding) => self.binding(binding, used, links),
                    None => {
                        used.insert(NameKey::Symbol(SymbolId { module: id, index: *symbol }));
                    }
                }
            }
            for chain in &statement.property_uses {
                let (binding, _) = &self.bindings.chains[id.index()][chain];
                self.binding(binding, used, links);
            }
            for record in &statement.records {
                let record = &module.imports[*record as usize];
                self.lazy_import(record.kind, &record.target, used, links);
            }
        }
    }

    fn lazy_import(
        &self,
        kind: ImportKind,
        target: &ImportTarget,
        used: &mut BTreeSet<NameKey>,
        links: &mut ChunkLinks,
    ) {
        let is_split = kind == ImportKind::Dynamic && self.options.splitting;
        match (kind, target) {
            (ImportKind::Require | ImportKind::Dynamic, ImportTarget::Module(target)) => {
                let is_commonjs = self.wraps.of(*target) == Wrap::CommonJs;
                if is_commonjs && kind == ImportKind::Dynamic {
                    self.helper(runtime::TO_ESM, used);
                }
                if is_split {
                    return;
                }
                if self.wraps.of(*target) != Wrap::None {
                    used.insert(NameKey::Wrapper(*target));
                    self.evaluates(*target, used);
                }
                let data =
                    self.graph.module(*target).data().filter(|_| kind == ImportKind::Require);
                if let Some(index) = data {
                    used.insert(NameKey::Symbol(SymbolId { module: *target, index }));
                } else if !is_commonjs {
                    used.insert(NameKey::Namespace(*target));
                    if kind == ImportKind::Require {
                        self.helper(runtime::REQUIRED, used);
                    }
                }
            }
            (ImportKind::Require, ImportTarget::External(_)) => self.require(used, links),
            (ImportKind::Require | ImportKind::Dynamic, ImportTarget::Missing) => {
                self.helper(runtime::MISSING, used);
            }
            _ => {}
        }
    }

    /// Where modules await, a call of a wrapped one goes through the evaluation of the language.
    fn evaluates(&self, module: ModuleId, used: &mut BTreeSet<NameKey>) {
        if self.wraps.awaits && self.wraps.of(module) == Wrap::Esm {
            self.helper(runtime::EVALUATE, used);
        }
    }

    fn require(&self, used: &mut BTreeSet<NameKey>, links: &mut ChunkLinks) {
        if super::keep_helpers::has_native_require(self.options) {
            links.needs_create_require |= self.options.format == Format::Esm;
        } else {
            self.helper(runtime::REQUIRE, used);
        }
    }

    fn binding(&self, binding: &Binding, used: &mut BTreeSet<NameKey>, links: &mut ChunkLinks) {
        match binding {
            Binding::Symbol(symbol) => {
                used.insert(NameKey::Symbol(*symbol));
            }
            Binding::Namespace(module) | Binding::Property { module, .. } => {
                used.insert(NameKey::Namespace(*module));
            }
            Binding::Member { object, .. } => {
                used.insert(NameKey::Symbol(*object));
            }
            Binding::CommonJs { module, view, .. } => {
                links.interops.insert((*module, *view));
                if *view != View::Exports {
                    self.helper(runtime::TO_ESM, used);
                }
                used.insert(NameKey::Wrapper(*module));
            }
            Binding::External { specifier, name } => {
                let name = if self.options.format == Format::Esm { name.clone() } else { None };
                match links.externals.iter_mut().find(|(known, _)| known == specifier) {
                    Some((_, names)) => {
                        names.insert(name);
                    }
                    None => links.externals.push((specifier.clone(), BTreeSet::from([name]))),
                }
                if self.options.format != Format::Esm {
                    self.helper(runtime::TO_ESM, used);
                }
            }
            Binding::Constant { .. } | Binding::Flat { .. } | Binding::Missing => {}
        }
    }

    fn shape(&self, shape: &NamespaceShape, used: &mut BTreeSet<NameKey>, links: &mut ChunkLinks) {
        for (_, binding) in &shape.exports {
            self.binding(binding, used, links);
        }
        for binding in &shape.dynamic {
            self.binding(binding, used, links);
        }
    }

    fn entry(&self, entry: ModuleId, used: &mut BTreeSet<NameKey>, links: &mut ChunkLinks) {
        if self.graph.module(entry).format == ModuleFormat::CommonJs {
            used.insert(NameKey::Wrapper(entry));
            return;
        }
        if self.options.hides_exports() {
            return;
        }
        let shape = if self.options.format == Format::Esm {
            let kept = self.live.entry_shapes.get(&entry).cloned().unwrap_or_default();
            for (_, binding) in &kept.exports {
                self.binding(binding, used, links);
            }
            for binding in &kept.dynamic {
                if matches!(binding, Binding::CommonJs { .. }) {
                    self.binding(binding, used, links);
                }
            }
            kept
        } else {
            used.insert(NameKey::Namespace(entry));
            self.helper(runtime::TO_COMMON_JS, used);
            self.live.namespaces.get(&entry).cloned().unwrap_or_default()
        };
        links.entry_exports = Some(shape);
    }

    /// External modules in the order in which the imports of the chunk's modules reach them.
    fn external_order(&self, chunk: &Chunk) -> Vec<Atom> {
        let own: FxHashSet<ModuleId> = chunk.modules.iter().copied().collect();
        let (mut visited, mut known) = (FxHashSet::default(), FxHashSet::default());
        let mut sorted = Vec::new();
        for root in chunk.entry.iter().chain(&chunk.modules) {
            let mut stack = vec![ImportTarget::Module(*root)];
            while let Some(target) = stack.pop() {
                match target {
                    ImportTarget::External(specifier) => {
                        if known.insert(specifier.clone()) {
                            sorted.push(specifier);
                        }
                    }
                    ImportTarget::Module(module) if visited.insert(module) => {
                        let is_own = own.contains(&module);
                        let records: Vec<_> = self.graph.module(module).static_imports().collect();
                        let targets = records.into_iter().rev().map(|(_, record)| &record.target);
                        stack.extend(
                            targets
                                .filter(|it| is_own || matches!(it, ImportTarget::Module(_)))
                                .cloned(),
                        );
                    }
                    ImportTarget::Module(_) | ImportTarget::Missing => {}
                }
            }
        }
        sorted
    }

    /// Puts external modules in the order of the sources and adds those that are imported for what they do.
    fn externals(&self, index: u32, links: &mut ChunkLinks) {
        let chunk = &self.chunks.list[index as usize];
        let mut sorted: Vec<(Atom, BTreeSet<Option<Atom>>)> = Vec::new();
        for specifier in self.external_order(chunk) {
            let names = links
                .externals
                .iter()
                .find(|(known, _)| *known == specifier)
                .map(|(_, names)| names.clone())
                .unwrap_or_default();
            sorted.push((specifier, names));
        }
        // Built-in modules do nothing when they are imported.
        for (specifier, names) in std::mem::take(&mut links.externals) {
            if !sorted.iter().any(|(known, _)| *known == specifier) {
                sorted.push((specifier, names));
            }
        }
        sorted.retain(|(specifier, names)| !names.is_empty() || !specifier.starts_with("node:"));
        links.externals = sorted;
    }
}
