//! The module graph as data: modules, import records, statements, symbols, exports. It holds no syntax tree.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::BytePos;
use swc_core::ecma::ast::Id;

use super::css::Sheet;
use super::options::Loader;
use crate::diag::Location;

/// A module, numbered in the order of discovery from the entry points. Module 0 is the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

impl ModuleId {
    /// The helper functions of [`super::runtime`].
    pub const RUNTIME: Self = Self(0);

    /// As an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A top-level symbol: its module, and its place in [`Module::symbols`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolId {
    /// The module that declares it.
    pub module: ModuleId,
    /// Index into that module's symbols.
    pub index: u32,
}

/// The name of the symbol behind an anonymous `export default`; no source can write it.
pub const DEFAULT_NAME: &str = "*default*";

/// The export that stands for all that a `CommonJS` module exports; Node's modules have it, too.
pub const MODULE_EXPORTS: &str = "module.exports";

/// What every object has although nobody assigned it (ECMA-262, 20.1.3 and B.2.2).
pub(crate) const OF_EVERY_OBJECT: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// What a `CommonJS` module exports whose statements stand in the scope of the output, without a closure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlatExports {
    /// An object, of which everybody takes single exports only.
    Names {
        /// Whether it says that it was an ECMAScript module.
        marked: Marked,
    },
    /// One value, as the export [`MODULE_EXPORTS`].
    Value {
        /// Whether that says so.
        marked: Marked,
    },
}

/// Whether what a module exports has a property `__esModule`, which says that it was an ECMAScript module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It has not.
    No,
    /// It has.
    Yes,
    /// Only running it tells.
    Maybe,
}

/// How what a `CommonJS` module exports is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum View {
    /// As it is: what `require` gives.
    Exports,
    /// As a namespace by Babel's rule: `default` is the export of that name if it says that it was an ECMAScript module.
    Babel,
    /// As a namespace by Node's rule: `default` is always all of it.
    Node,
}

impl View {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Exports, Self::Babel, Self::Node];
}

/// How a module is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// `import … from`, `export … from`.
    Static,
    /// `import()`.
    Dynamic,
    /// `require()`.
    Require,
    /// `require.resolve()`.
    RequireResolve,
    /// `new URL("…", import.meta.url)`.
    Url,
    /// `@import` of a style sheet.
    Sheet,
}

impl ImportKind {
    /// esbuild's word in the metafile.
    #[must_use]
    pub fn metafile_name(self) -> &'static str {
        match self {
            Self::Static => "import-statement",
            Self::Dynamic => "dynamic-import",
            Self::Require => "require-call",
            Self::RequireResolve => "require-resolve",
            Self::Url => "new-url",
            Self::Sheet => "import-rule",
        }
    }
}

/// Where an import leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportTarget {
    /// A module of this build.
    Module(ModuleId),
    /// Left to the runtime, under this specifier.
    External(Atom),
    /// Not there, and that is a matter of run time: it throws when reached.
    Missing,
}

/// One import in one module.
#[derive(Debug, Clone)]
pub struct ImportRecord {
    /// How.
    pub kind: ImportKind,
    /// The text between the quotes.
    pub specifier: Atom,
    /// Start of the specifier (statements) or of the call (expressions); the key by which printing finds it again.
    pub position: BytePos,
    /// The place, for messages.
    pub location: Location,
    /// The `type` of its import attributes, if any.
    pub attribute_type: Option<Atom>,
    /// Whether a failure is handled at run time: inside `try`, or `import().catch()`.
    pub may_fail: bool,
    /// For an `import()`: the exports that the program takes from it, unless it might take any.
    pub taken: Option<Vec<TakenName>>,
    /// For a file that is copied: its path, as in the metafile.
    pub asset: Option<Atom>,
    /// Where it leads.
    pub target: ImportTarget,
}

/// An export that is read from a namespace object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenName {
    /// Its name.
    pub name: Atom,
    /// Whether it is called as a method, so that it sees the namespace object as `this`.
    pub is_called: bool,
}

/// What an import takes from a module.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImportName {
    /// The export of that name.
    Named(Atom),
    /// All of it, as an object.
    Namespace,
}

/// An `import` that a local symbol stands for.
#[derive(Debug, Clone)]
pub struct NamedImport {
    /// Index into [`Module::imports`].
    pub record: u32,
    /// What is taken.
    pub name: ImportName,
    /// The place, for messages.
    pub location: Location,
}

/// One export of a module.
#[derive(Debug, Clone)]
pub enum Export {
    /// A symbol of the module; it may itself be an import.
    Local(u32),
    /// `export { name } from`, `export * as ns from`.
    From(NamedImport),
}

/// How a symbol came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    /// `var`.
    Var,
    /// `let` or `using`.
    Let,
    /// `const`.
    Const,
    /// A function declaration.
    Function,
    /// A class declaration.
    Class,
    /// An import.
    Import,
}

/// A value that can stand wherever a symbol or an enum member is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Constant {
    /// A number, by the bits of its `f64`, so that `-0` and `NaN` keep what they are.
    Number(u64),
    /// A string.
    String(Atom),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// A top-level symbol.
#[derive(Debug, Clone)]
pub struct Symbol {
    /// Name and syntax context, as in the tree.
    pub id: Id,
    /// How it came to be.
    pub kind: SymbolKind,
    /// Statements that declare it; all of them are needed when it is.
    pub declared_by: Vec<u32>,
    /// Whether anything but its declaration assigns to it.
    pub is_reassigned: bool,
    /// Whether it is a function that looks at `this`.
    pub uses_this: bool,
    /// Whether it is surely a function that does not, whatever happens to it.
    pub ignores_this: bool,
    /// Whether it is a function that is marked as having no side effects, or has no body to have any.
    pub is_pure_function: bool,
    /// Whether that function reads a variable, so that calling it before that has a value throws.
    pub reads_variables: bool,
}

/// An imported symbol and the static property reads on it: `ns.a.b`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chain {
    /// The symbol.
    pub symbol: u32,
    /// The properties, in order.
    pub names: Vec<Atom>,
    /// Whether it is called, so that the object before the last property is `this`.
    pub is_called: bool,
}

/// In a chain, `typeof` of what is before it: no property has the name, and reading it is no use of the value where the
/// answer is known.
pub const TYPE_OF: &str = "\0typeof";

/// One top-level statement: what tree shaking keeps or drops.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    /// Symbols it declares.
    pub declares: Vec<u32>,
    /// Symbols whose value it needs in whatever way.
    pub uses: Vec<u32>,
    /// Static property reads on imports: `ns.a.b`, which may be bound without the objects.
    pub property_uses: Vec<Chain>,
    /// Import records of expressions in it.
    pub records: Vec<u32>,
    /// Whether it does something even if nothing uses it.
    pub has_side_effects: bool,
    /// Calls that are its only possible effects: it has none when each of them is to a function without.
    pub pure_if: Vec<Chain>,
    /// In `CommonJS`, the export that it assigns, when that is all it does.
    pub assigns_export: Option<Atom>,
}

/// The module system a module is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleFormat {
    /// ECMAScript module.
    Esm,
    /// `CommonJS`.
    CommonJs,
}

/// Why the module as a whole may be left out when nothing of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleSideEffects {
    /// Its statements decide.
    ByStatement,
    /// `sideEffects` of its package says that it has none.
    NoneSaysPackage,
}

/// One resolved file.
#[derive(Debug)]
pub struct Module {
    /// Path relative to the root, with `/`: in messages, source maps and the metafile.
    pub path: String,
    /// Absolute path on the file system.
    pub file: PathBuf,
    /// How it was loaded.
    pub loader: Loader,
    /// What it is as a style sheet.
    pub sheet: Option<Sheet>,
    /// For a copied file, how code names it that is in the output folder itself: `./logo-1A2B3C4D.png`.
    pub asset_url: Option<Atom>,
    /// Size of the source in bytes.
    pub bytes: u64,
    /// ESM or `CommonJS`.
    pub format: ModuleFormat,
    /// For `CommonJS` that needs no closure, what it exports; its format then is ESM, and its imports are what it requires.
    pub flat: Option<FlatExports>,
    /// Whether it is such a one, and nobody can see when it runs.
    pub is_inert: bool,
    /// Whether static imports lead from it back to it, so that its variables may be read before they have their values.
    pub in_circle: bool,
    /// Whether the file has `import` or `export` statements, so that `import()` and `require` see a namespace.
    pub has_esm_syntax: bool,
    /// Whether imports from here follow Node's rule: `default` of a `CommonJS` module is `module.exports`, always.
    pub uses_node_interop: bool,
    /// Whether unused parts may be dropped without looking.
    pub side_effects: ModuleSideEffects,
    /// Its imports, in the order of the source.
    pub imports: Vec<ImportRecord>,
    /// Its top-level symbols.
    pub symbols: Vec<Symbol>,
    /// Symbols by identifier.
    pub symbol_of: FxHashMap<Id, u32>,
    /// Symbols that are imports.
    pub named_imports: FxHashMap<u32, NamedImport>,
    /// Symbols that always have the same primitive value.
    pub constants: FxHashMap<u32, Constant>,
    /// Symbols that only are another name of a symbol of the module: `const x = y`, `export default y`.
    pub aliases: FxHashMap<u32, u32>,
    /// Members of enums and of JSON whose values are known, by symbol and name.
    pub enums: FxHashMap<u32, FxHashMap<Atom, Constant>>,
    /// Exports by name, in the order of the source.
    pub exports: Vec<(Atom, Export)>,
    /// Index into `exports` by name.
    pub export_of: FxHashMap<Atom, u32>,
    /// `export * from`: indices into `imports`.
    pub export_stars: Vec<u32>,
    /// Its statements, side by side with those of the tree.
    pub statements: Vec<Statement>,
    /// Names that nothing in the module declares.
    pub unresolved: FxHashSet<Atom>,
    /// Names declared in nested scopes.
    pub nested_names: FxHashSet<Atom>,
    /// Whether `await` stands at its top level.
    pub has_top_level_await: bool,
    /// Whether it calls `eval` directly, so that no name may change.
    pub has_direct_eval: bool,
    /// Whether it mentions `import.meta`.
    pub uses_import_meta: bool,
    /// In `CommonJS`, whether each export is only assigned, so that those nobody takes can be dropped.
    pub has_plain_exports: bool,
    /// Whether `this` stands at its top level.
    pub uses_top_level_this: bool,
    /// The symbol of an anonymous `export default`.
    pub default_symbol: Option<u32>,
    /// The `#!` line, without a line feed.
    pub hashbang: Option<Atom>,
    /// Directives at its top, such as `use strict`.
    pub directives: Vec<Atom>,
    /// Global variables that only some runtimes have.
    pub global_uses: Vec<NameUse>,
    /// Whether it may compare `require.main` with itself.
    pub asks_for_main: bool,
    /// Bindings of a Worker that it reads.
    pub binding_uses: Vec<NameUse>,
    /// The same where its default export is the Worker, so that handlers in it are given `env`.
    pub worker_uses: Vec<NameUse>,
}

/// Something outside of the build that a module uses: a global variable that it does not ask for first, an export of a
/// built-in module, a binding of a Worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameUse {
    /// Its name, with that of the member that is read: `Bun.serve`, `node:http.createServer`, `KV`.
    pub name: String,
    /// Where.
    pub location: Location,
}

impl Module {
    /// The export of that name, if the module itself lists it.
    #[must_use]
    pub fn export(&self, name: &Atom) -> Option<&Export> {
        self.export_of.get(name).map(|index| &self.exports[*index as usize].1)
    }

    /// For a module made of data, the symbol of its value, which is what `require` gives.
    #[must_use]
    pub fn data(&self) -> Option<u32> {
        if self.loader.is_script() {
            return None;
        }
        match self.export(&Atom::from("default")) {
            Some(Export::Local(symbol)) => Some(*symbol),
            _ => None,
        }
    }

    /// How it sees a `CommonJS` module that it imports. One without a closure requires.
    #[must_use]
    pub fn view(&self) -> View {
        match self.flat {
            Some(_) => View::Exports,
            None if self.uses_node_interop => View::Node,
            None => View::Babel,
        }
    }

    /// Whether its code is strict wherever it stands.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.has_esm_syntax
            || self.uses_node_interop
            || !self.loader.is_script()
            || self.directives.iter().any(|text| **text == *"use strict")
    }

    /// Its imports by `require`, by the places of the calls.
    #[must_use]
    pub fn requires(&self) -> FxHashMap<BytePos, &ImportRecord> {
        let is_require = |record: &&ImportRecord| record.kind == ImportKind::Require;
        self.imports.iter().filter(is_require).map(|record| (record.position, record)).collect()
    }

    /// Modules it imports by statements, in order.
    pub fn static_imports(&self) -> impl Iterator<Item = (u32, &ImportRecord)> {
        (0u32..).zip(&self.imports).filter(|(_, record)| {
            record.kind == ImportKind::Static
                && !matches!(record.target, ImportTarget::Module(ModuleId::RUNTIME))
        })
    }

    /// Modules that it imports by statements that take nothing, or nothing that is used.
    pub fn imports_for_effects(&self) -> impl Iterator<Item = ModuleId> {
        let mut takes: FxHashSet<u32> = self.export_stars.iter().copied().collect();
        let mut used: FxHashSet<u32> = FxHashSet::default();
        for statement in &self.statements {
            used.extend(&statement.uses);
            used.extend(statement.property_uses.iter().map(|chain| chain.symbol));
        }
        used.extend(self.exports.iter().filter_map(|(_, export)| match export {
            Export::Local(symbol) => Some(*symbol),
            Export::From(_) => None,
        }));
        let taken = self.named_imports.iter().filter(|(symbol, _)| used.contains(symbol));
        takes.extend(taken.map(|(_, import)| import.record));
        takes.extend(self.exports.iter().filter_map(|(_, export)| match export {
            Export::From(import) => Some(import.record),
            Export::Local(_) => None,
        }));
        self.static_imports().filter_map(move |(index, record)| match record.target {
            ImportTarget::Module(target) if !takes.contains(&index) => Some(target),
            _ => None,
        })
    }

    /// A name for it in code: the file's stem, or its folder's where that is `index`, as an identifier.
    #[must_use]
    pub fn name_in_code(&self) -> String {
        let mut parts = self.path.rsplit('/');
        let file = parts.next().unwrap_or_default();
        let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
        let stem = if stem == "index" { parts.next().unwrap_or(stem) } else { stem };
        identifier(stem)
    }
}

/// The text as a JavaScript identifier: what cannot stand in one becomes `_`.
#[must_use]
pub fn identifier(text: &str) -> String {
    use swc_core::ecma::ast::Ident;
    let mut name = String::new();
    for character in text.chars() {
        let fits = if name.is_empty() {
            Ident::is_valid_start(character)
        } else {
            Ident::is_valid_continue(character)
        };
        if fits {
            name.push(character);
        } else if Ident::is_valid_continue(character) {
            name.push('_');
            name.push(character);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    if name.is_empty() { "_".to_owned() } else { name }
}

/// Where a build starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// As the user wrote it: a path, or a package.
    pub specifier: String,
}

/// All modules and how they import each other.
#[derive(Debug, Default)]
pub struct ModuleGraph {
    /// By [`ModuleId`].
    pub modules: Vec<Module>,
    /// The modules the build starts from, in the order given.
    pub entry_points: Vec<ModuleId>,
    /// The deepest folder that holds all of them: outputs keep their place below it.
    pub common_folder: PathBuf,
    /// Files that are left to the runtime where they are, by what imports of them have as their target.
    pub external_files: FxHashMap<Atom, PathBuf>,
}

impl ModuleGraph {
    /// What a metafile calls that which is left to the runtime: the path of a file from the root, or what the import says.
    pub(super) fn external_name(&self, specifier: &Atom) -> String {
        let path = specifier
            .strip_prefix("file:./")
            .filter(|_| self.external_files.contains_key(specifier));
        path.unwrap_or(specifier).to_owned()
    }

    /// Fills what is known when all modules are.
    pub(super) fn settle(&mut self) {
        let circles = self.in_circles(&[ImportKind::Static]);
        for (module, in_circle) in self.modules.iter_mut().zip(circles) {
            module.in_circle = in_circle;
        }
        let folders = self.entry_points.iter().filter_map(|id| self.module(*id).file.parent());
        let common = folders.map(Path::to_path_buf).reduce(|mut common, folder| {
            while !folder.starts_with(&common) {
                common.pop();
            }
            common
        });
        self.common_folder = common.unwrap_or_else(|| PathBuf::from("/"));
    }

    /// The module of that number.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.index()]
    }

    /// The symbol of that number.
    #[must_use]
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.module(id.module).symbols[id.index as usize]
    }

    /// All numbers, in order.
    pub fn ids(&self) -> impl Iterator<Item = ModuleId> + use<> {
        (0..u32::try_from(self.modules.len()).expect("fewer than 2^32 modules")).map(ModuleId)
    }

    /// For each module, whether imports of these kinds lead from it back to it.
    #[must_use]
    pub fn in_circles(&self, kinds: &[ImportKind]) -> Vec<bool> {
        // Tarjan's strongly connected components, with a stack of its own.
        const NEW: u32 = u32::MAX;
        let count = self.modules.len();
        let (mut index, mut lowest, mut on_stack) =
            (vec![NEW; count], vec![0u32; count], vec![false; count]);
        let (mut circles, mut stack, mut next_index) = (vec![false; count], Vec::new(), 0);
        for root in self.ids() {
            if index[root.index()] != NEW {
                continue;
            }
            let mut walk = vec![(root, 0)];
            while let Some((module, next)) = walk.last_mut() {
                let id = *module;
                if *next == 0 && index[id.index()] == NEW {
                    index[id.index()] = next_index;
                    lowest[id.index()] = next_index;
                    next_index += 1;
                    stack.push(id);
                    on_stack[id.index()] = true;
                }
                if let Some(record) = self.module(id).imports.get(*next) {
                    *next += 1;
                    let ImportTarget::Module(target) = record.target else { continue };
                    if !kinds.contains(&record.kind) {
                        continue;
                    }
                    circles[id.index()] |= target == id;
                    if index[target.index()] == NEW {
                        walk.push((target, 0));
                    } else if on_stack[target.index()] {
                        lowest[id.index()] = lowest[id.index()].min(index[target.index()]);
                    }
                    continue;
                }
                walk.pop();
                if let Some((parent, _)) = walk.last() {
                    lowest[parent.index()] = lowest[parent.index()].min(lowest[id.index()]);
                }
                if lowest[id.index()] == index[id.index()] {
                    let at = stack
                        .iter()
                        .rposition(|other| *other == id)
                        .expect("a module leaves the stack once");
                    let component = stack.split_off(at);
                    for member in &component {
                        on_stack[member.index()] = false;
                        circles[member.index()] |= component.len() > 1;
                    }
                }
            }
        }
        circles
    }
}
