//! Step 7: names that cannot collide once scopes are hoisted.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;

use super::link_chunks::{ChunkLinks, NameKey};
use super::split_chunks::Chunks;
use super::tree_shake::Live;
use super::wrap_modules::{Wrap, Wraps};
use crate::bundle::graph::{
    DEFAULT_NAME, ModuleFormat, ModuleGraph, ModuleId, SymbolId, identifier,
};
use crate::bundle::options::{Format, Options};

/// Names at the top level of one chunk.
#[derive(Debug, Default)]
pub(crate) struct ChunkNames {
    /// What each thing is called in this chunk.
    pub(crate) local: FxHashMap<NameKey, Atom>,
    /// What other chunks call it when they import it.
    pub(crate) exported: FxHashMap<NameKey, Atom>,
    /// Every name that is taken at the top level.
    pub(crate) taken: FxHashSet<Atom>,
}

impl ChunkNames {
    /// The name of something in this chunk.
    pub(crate) fn get(&self, key: &NameKey) -> &Atom {
        self.local.get(key).expect("whatever a chunk uses was named")
    }
}

/// Words that cannot be names, and names that mean something to the format.
const RESERVED: &[&str] = &[
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "arguments",
    "eval",
    "async",
    "of",
    "exports",
    "module",
    "require",
    "undefined",
    "Object",
    "Promise",
    "__filename",
    "__dirname",
];

/// Names everything in every chunk.
pub(crate) fn rename(
    graph: &ModuleGraph,
    live: &Live,
    wraps: &Wraps,
    chunks: &Chunks,
    links: &[ChunkLinks],
    options: &Options,
) -> Vec<ChunkNames> {
    let mut all: Vec<ChunkNames> = chunks
        .list
        .iter()
        .zip(links)
        .map(|(chunk, links)| {
            let mut namer = Namer::new(graph, &chunk.modules, live);
            if links.needs_create_require {
                namer.names.taken.insert("__require".into());
            }
            if let Some(name) = options.global_name.as_deref()
                && options.format == Format::Iife
                && let Some(first) = name.split('.').next()
            {
                namer.names.taken.insert(first.into());
            }
            for module in &chunk.modules {
                namer.module(*module, live, wraps);
            }
            for names in links.imports.values() {
                for key in names {
                    let wish = wish(graph, key);
                    namer.give(key.clone(), &wish);
                }
            }
            for (module, view) in &links.interops {
                let wish = format!("import_{}", graph.module(*module).name_in_code());
                namer.give(NameKey::Interop(*module, *view), &wish);
            }
            for (specifier, names) in &links.externals {
                for name in names {
                    let wish = match name.as_deref() {
                        Some("default") | None => format!("import_{}", specifier_name(specifier)),
                        Some(name) => identifier(name),
                    };
                    namer.give(NameKey::External(specifier.clone(), name.clone()), &wish);
                }
            }
            namer.names
        })
        .collect();
    for (names, links) in all.iter_mut().zip(links) {
        for (index, key) in links.exports.iter().enumerate() {
            let name =
                if options.minify.identifiers { short_name(index) } else { names.get(key).clone() };
            names.exported.insert(key.clone(), name);
        }
    }
    all
}

/// What something would be called if nothing else were.
fn wish(graph: &ModuleGraph, key: &NameKey) -> String {
    match key {
        NameKey::Symbol(symbol) => symbol_wish(graph, *symbol),
        NameKey::Namespace(module) => format!("{}_exports", graph.module(*module).name_in_code()),
        NameKey::Wrapper(module) => {
            let module = graph.module(*module);
            let verb = if module.format == ModuleFormat::CommonJs { "require" } else { "init" };
            format!("{verb}_{}", module.name_in_code())
        }
        NameKey::Interop(module, _) => format!("import_{}", graph.module(*module).name_in_code()),
        NameKey::External(specifier, _) => format!("import_{}", specifier_name(specifier)),
    }
}

fn symbol_wish(graph: &ModuleGraph, symbol: SymbolId) -> String {
    let name = &graph.symbol(symbol).id.0;
    if *name == *DEFAULT_NAME {
        format!("{}_default", graph.module(symbol.module).name_in_code())
    } else {
        name.to_string()
    }
}

fn specifier_name(specifier: &str) -> String {
    let name = specifier.strip_prefix("node:").unwrap_or(specifier);
    identifier(name.trim_start_matches(['.', '/', '@']))
}

/// `a`, `b`, …, `z`, `A`, …, `aa`, …
fn short_name(mut index: usize) -> Atom {
    const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut name = String::new();
    loop {
        name.insert(0, char::from(LETTERS[index % 52]));
        if index < 52 {
            break;
        }
        index = index / 52 - 1;
    }
    // An export name may be a reserved word, but some tools that read outputs think otherwise.
    if RESERVED.contains(&name.as_str()) { format!("{name}_").into() } else { name.into() }
}

struct Namer<'a> {
    graph: &'a ModuleGraph,
    names: ChunkNames,
    next: FxHashMap<Atom, u32>,
}

impl<'a> Namer<'a> {
    fn new(graph: &'a ModuleGraph, modules: &[ModuleId], live: &Live) -> Self {
        let mut taken: FxHashSet<Atom> = RESERVED.iter().map(|word| (*word).into()).collect();
        for module in modules {
            if live.modules[module.index()] {
                let module = graph.module(*module);
                taken.extend(module.unresolved.iter().cloned());
                // Names in a `CommonJS` closure are in no one's way, but eval sees everything around it.
                if module.has_direct_eval {
                    taken.extend(module.nested_names.iter().cloned());
                    taken.extend(module.symbols.iter().map(|symbol| symbol.id.0.clone()));
                }
            }
        }
        Self {
            graph,
            names: ChunkNames { taken, ..ChunkNames::default() },
            next: FxHashMap::default(),
        }
    }

    fn module(&mut self, id: ModuleId, live: &Live, wraps: &Wraps) {
        let graph = self.graph;
        if wraps.of(id) != Wrap::None {
            self.give(NameKey::Wrapper(id), &wish(graph, &NameKey::Wrapper(id)));
        }
        if live.namespaces.contains_key(&id) {
            self.give(NameKey::Namespace(id), &wish(graph, &NameKey::Namespace(id)));
        }
        if wraps.of(id) == Wrap::CommonJs || graph.module(id).has_direct_eval {
            return;
        }
        let module = graph.module(id);
        for index in 0..u32::try_from(module.symbols.len()).expect("fewer than 2^32 symbols") {
            let symbol = SymbolId { module: id, index };
            if !module.named_imports.contains_key(&index) && live.has_symbol(graph, symbol) {
                self.give(NameKey::Symbol(symbol), &symbol_wish(graph, symbol));
            }
        }
    }

    fn give(&mut self, key: NameKey, wish: &str) {
        if self.names.local.contains_key(&key) {
            return;
        }
        let mut name = Atom::from(wish);
        if self.names.taken.contains(&name) {
            let number = self.next.entry(name.clone()).or_insert(1);
            loop {
                *number += 1;
                let candidate = Atom::from(format!("{wish}{number}"));
                if !self.names.taken.contains(&candidate) {
                    name = candidate;
                    break;
                }
            }
        }
        self.names.taken.insert(name.clone());
        self.names.local.insert(key, name);
    }
}
