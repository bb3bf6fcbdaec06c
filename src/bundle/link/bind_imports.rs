//! Step 2: every import meets its export: through re-exports, `export *` and namespaces, cycles included.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;

use super::sort_modules::Order;
use crate::bundle::graph::{
    Chain, Constant, Export, FlatExports, ImportKind, ImportName, ImportTarget, MODULE_EXPORTS,
    Marked, Module, ModuleFormat, ModuleGraph, ModuleId, ModuleSideEffects, NamedImport,
    OF_EVERY_OBJECT, SymbolId, SymbolKind, TYPE_OF, View,
};
use crate::bundle::options::Loader;
use crate::diag::{Diagnostic, nearest};

/// What an import stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Binding {
    /// A variable of another module.
    Symbol(SymbolId),
    /// The namespace object of an ECMAScript module.
    Namespace(ModuleId),
    /// What a `CommonJS` module exports, as it is seen, or a property of that.
    CommonJs { module: ModuleId, name: Option<Atom>, view: View },
    /// The same of one without a closure. Nobody takes more than properties of it, which are bindings themselves.
    Flat { module: ModuleId, view: View },
    /// A property of the value that a `CommonJS` module without a closure exports.
    Member { object: SymbolId, name: Atom },
    /// A module that is left to the runtime, or one of its exports.
    External { specifier: Atom, name: Option<Atom> },
    /// A name that only the namespace object can answer, at run time: `export *` from several unknowns.
    Property { module: ModuleId, name: Atom },
    /// A variable or an enum member that always has this value.
    Constant {
        /// The value.
        value: Constant,
        /// The module that has it, which is evaluated all the same.
        of: ModuleId,
    },
    /// Nothing of that name is there.
    Missing,
}

/// Bindings of all modules.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    /// For each module, what its imported symbols stand for.
    pub(crate) symbols: Vec<FxHashMap<u32, Binding>>,
    /// For each module, what static property chains on imports stand for, and how many names that takes up.
    pub(crate) chains: Vec<Chains>,
}

/// What chains of property reads stand for, and how many of the names that takes up.
pub(crate) type Chains = FxHashMap<Chain, (Binding, usize)>;

/// What a namespace object holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamespaceShape {
    /// Exports by name, sorted by code unit.
    pub(crate) exports: Vec<(Atom, Binding)>,
    /// `CommonJS` and external modules whose exports are copied in at run time.
    pub(crate) dynamic: Vec<Binding>,
}

/// What a `CommonJS` module exports, or a property of that.
fn commonjs(module: ModuleId, name: Option<Atom>, view: View) -> Binding {
    match name {
        Some(name) if name == *MODULE_EXPORTS => {
            Binding::CommonJs { module, name: None, view: View::Exports }
        }
        name => Binding::CommonJs { module, name, view },
    }
}

/// A property of what is bound, or all of it.
fn member(object: Binding, name: Option<Atom>) -> Binding {
    match (object, name) {
        (Binding::Symbol(object), Some(name)) => Binding::Member { object, name },
        (object, _) => object,
    }
}

/// Resolves exports, remembering what it found.
pub(crate) struct Binder<'a> {
    graph: &'a ModuleGraph,
    /// JSON of which nobody can have changed a member.
    fixed_json: FxHashSet<ModuleId>,
    exports: FxHashMap<(ModuleId, Atom), Binding>,
    /// For modules that hand on all exports of another, the other.
    origins: FxHashMap<ModuleId, ModuleId>,
}

impl<'a> Binder<'a> {
    /// A binder for the modules of an order.
    pub(crate) fn new(graph: &'a ModuleGraph, order: &Order) -> Self {
        Self {
            graph,
            fixed_json: fixed_json(graph, order),
            exports: FxHashMap::default(),
            origins: FxHashMap::default(),
        }
    }

    /// Binds the imports of all modules that are reached.
    pub(crate) fn bind_imports(&mut self, order: &Order) -> (Bindings, Vec<Diagnostic>) {
        let mut bindings = Bindings::default();
        bindings.symbols.resize_with(self.graph.modules.len(), FxHashMap::default);
        bindings.chains.resize_with(self.graph.modules.len(), FxHashMap::default);
        let mut diagnostics = Vec::new();
        let mut ids = order.modules.clone();
        ids.sort_unstable();
        for id in ids {
            let module = self.graph.module(id);
            let used: FxHashSet<u32> = module
                .statements
                .iter()
                .flat_map(|statement| statement.uses.iter().copied())
                .collect();
            let used_by_chain: FxHashSet<u32> = module
                .statements
                .iter()
                .flat_map(|statement| statement.property_uses.iter().map(|chain| chain.symbol))
                .collect();
            let mut imports: Vec<(&u32, &NamedImport)> = module.named_imports.iter().collect();
            imports.sort_unstable_by_key(|(symbol, _)| **symbol);
            for (symbol, import) in imports {
                let binding = self.import(module, import);
                if binding == Binding::Missing && !self.may_lack(module, import) {
                    // TypeScript may import a type by name and only pass it on; nothing of it is left at run time.
                    let is_used = used.contains(symbol) || used_by_chain.contains(symbol);
                    if is_used || !matches!(module.loader, Loader::Ts | Loader::Tsx) {
                        diagnostics.extend(self.missing_export(module, import));
                    }
                }
                let binding = self.inlined(binding);
                bindings.symbols[id.index()].insert(*symbol, binding);
            }
            let mut aliases: Vec<u32> = module.aliases.keys().copied().collect();
            aliases.sort_unstable();
            for alias in aliases {
                let own = Binding::Symbol(SymbolId { module: id, index: alias });
                let settled = self.settled(own.clone());
                if settled != own {
                    bindings.symbols[id.index()].insert(alias, settled);
                }
            }
            for (_, export) in &module.exports {
                if let Export::From(import) = export
                    && !matches!(module.loader, Loader::Ts | Loader::Tsx)
                    && self.import(module, import) == Binding::Missing
                    && !self.may_lack(module, import)
                {
                    diagnostics.extend(self.missing_export(module, import));
                }
            }
            for chain in module.statements.iter().flat_map(|statement| &statement.property_uses) {
                if bindings.chains[id.index()].contains_key(chain) {
                    continue;
                }
                let start = bindings.symbols[id.index()][&chain.symbol].clone();
                let bound = self.chain(start, chain);
                let import = &module.named_imports[&chain.symbol];
                if bound.0 == Binding::Missing && bound.1 > 0 && !self.may_lack(module, import) {
                    diagnostics.push(
                        Diagnostic::warning(
                            "build/import-is-undefined",
                            format!(
                                "`{}` is not exported, so it is always undefined",
                                join_names(&chain.names[..bound.1])
                            ),
                        )
                        .at(import.location.clone()),
                    );
                }
                bindings.chains[id.index()].insert(chain.clone(), bound);
            }
        }
        (bindings, diagnostics)
    }

    /// Whether what is not there is `undefined`: in a `CommonJS` module without a closure, and in a file that is left out.
    fn may_lack(&self, importer: &Module, import: &NamedImport) -> bool {
        match importer.imports[import.record as usize].target {
            ImportTarget::Module(target) => {
                let target = self.graph.module(target);
                target.flat.is_some() || target.loader == Loader::Empty
            }
            _ => false,
        }
    }

    /// Follows property names through namespace objects as far as they go.
    fn chain(&mut self, start: Binding, chain: &Chain) -> (Binding, usize) {
        let names = &chain.names;
        let mut binding = start;
        for (taken, name) in names.iter().enumerate() {
            binding = match binding {
                start if **name == *TYPE_OF => {
                    return match self.type_of(&start) {
                        Some((name, of)) => {
                            let value = Constant::String(name.into());
                            (Binding::Constant { value, of }, taken + 1)
                        }
                        None => (start, taken),
                    };
                }
                Binding::Namespace(module) => {
                    let export = self.export(module, name);
                    // A function that looks at `this` sees the namespace that it is called on.
                    if chain.is_called && taken + 1 == names.len() && self.uses_this(&export) {
                        return (Binding::Namespace(module), taken);
                    }
                    export
                }
                Binding::Flat { module, view } => {
                    let name = Some(name.clone());
                    let export = self.flat(module, name, view, &mut FxHashSet::default());
                    self.settled(export)
                }
                Binding::Symbol(symbol) => {
                    let module = self.graph.module(symbol.module);
                    let may_change =
                        module.loader == Loader::Json && !self.fixed_json.contains(&symbol.module);
                    let members = module.enums.get(&symbol.index).filter(|_| !may_change);
                    return match members.and_then(|members| members.get(name)) {
                        Some(constant) => {
                            let (value, of) = (constant.clone(), symbol.module);
                            (Binding::Constant { value, of }, taken + 1)
                        }
                        None => (Binding::Symbol(symbol), taken),
                    };
                }
                other => return (other, taken),
            };
        }
        (self.inlined(binding), names.len())
    }

    /// What `typeof` says of it, if that is known, and the module that it is in.
    fn type_of(&self, binding: &Binding) -> Option<(&'static str, ModuleId)> {
        match binding {
            Binding::Namespace(module) | Binding::Flat { module, .. } => Some(("object", *module)),
            Binding::Symbol(id) => {
                let symbol = self.graph.symbol(*id);
                let is_function = matches!(symbol.kind, SymbolKind::Function)
                    || (matches!(symbol.kind, SymbolKind::Class)
                        && !self.graph.module(id.module).in_circle);
                (is_function && !symbol.is_reassigned).then_some(("function", id.module))
            }
            _ => None,
        }
    }

    fn uses_this(&self, binding: &Binding) -> bool {
        matches!(binding, Binding::Symbol(symbol) if self.graph.symbol(*symbol).uses_this)
    }

    /// Whether what is bound here is surely a function that does not look at its `this`, or nothing that can be called.
    pub(crate) fn ignores_this(&self, binding: &Binding) -> bool {
        match binding {
            Binding::Symbol(symbol) => self.graph.symbol(*symbol).ignores_this,
            Binding::Constant { .. } | Binding::Missing => true,
            _ => false,
        }
    }

    /// The value of a variable that never changes, instead of the variable.
    fn inlined(&self, binding: Binding) -> Binding {
        match &binding {
            Binding::Symbol(symbol) => {
                match self.graph.module(symbol.module).constants.get(&symbol.index) {
                    Some(constant) if !self.graph.module(symbol.module).in_circle => {
                        Binding::Constant { value: constant.clone(), of: symbol.module }
                    }
                    _ => binding,
                }
            }
            _ => binding,
        }
    }

    fn import(&mut self, importer: &Module, import: &NamedImport) -> Binding {
        let binding = self.import_visiting(importer, import, &mut FxHashSet::default());
        self.settled(binding)
    }

    /// What a constant is another name of, instead of the constant. In a circle it may be read before it has its value.
    fn settled(&mut self, binding: Binding) -> Binding {
        let mut binding = binding;
        while let Binding::Symbol(symbol) = &binding {
            let module = self.graph.module(symbol.module);
            let Some(original) = module.aliases.get(&symbol.index) else { break };
            if self.graph.module(symbol.module).in_circle {
                break;
            }
            let found = match module.named_imports.get(original) {
                // What such a module imports is only evaluated when something of it is used.
                Some(_) if module.side_effects == ModuleSideEffects::NoneSaysPackage => break,
                Some(import) => self.import_visiting(module, import, &mut FxHashSet::default()),
                None => Binding::Symbol(SymbolId { module: symbol.module, index: *original }),
            };
            match found {
                Binding::Symbol(id) if !self.graph.symbol(id).is_reassigned => binding = found,
                _ => break,
            }
        }
        binding
    }

    fn import_visiting(
        &mut self,
        importer: &Module,
        import: &NamedImport,
        visiting: &mut FxHashSet<(ModuleId, Atom)>,
    ) -> Binding {
        let name = match &import.name {
            ImportName::Named(name) => Some(name.clone()),
            ImportName::Namespace => None,
        };
        match &importer.imports[import.record as usize].target {
            ImportTarget::External(specifier) => {
                Binding::External { specifier: specifier.clone(), name }
            }
            ImportTarget::Missing => Binding::Missing,
            ImportTarget::Module(target) => match (self.graph.module(*target).format, name) {
                (ModuleFormat::CommonJs, name) => commonjs(*target, name, importer.view()),
                (ModuleFormat::Esm, name) if self.graph.module(*target).flat.is_some() => {
                    self.flat(*target, name, importer.view(), visiting)
                }
                (ModuleFormat::Esm, None) => Binding::Namespace(*target),
                (ModuleFormat::Esm, Some(name)) => {
                    match self.graph.module(*target).data().filter(|_| name == *MODULE_EXPORTS) {
                        Some(index) => Binding::Symbol(SymbolId { module: *target, index }),
                        None => self.export_visiting(*target, &name, visiting),
                    }
                }
            },
        }
    }

    /// The module whose exports a `CommonJS` module without a closure hands on, or the module itself.
    fn origin(&mut self, id: ModuleId) -> ModuleId {
        let mut passed = Vec::new();
        let mut origin = id;
        while !self.origins.contains_key(&origin) {
            let module = self.graph.module(origin);
            let Some(Export::From(import)) =
                module.flat.and_then(|_| module.export(&MODULE_EXPORTS.into()))
            else {
                break;
            };
            let ImportTarget::Module(target) = module.imports[import.record as usize].target else {
                break;
            };
            passed.push(origin);
            origin = target;
        }
        let origin = self.origins.get(&origin).copied().unwrap_or(origin);
        self.origins.extend(passed.into_iter().map(|passed| (passed, origin)));
        origin
    }

    /// An export of a `CommonJS` module without a closure, or all of them.
    fn flat(
        &mut self,
        id: ModuleId,
        name: Option<Atom>,
        view: View,
        visiting: &mut FxHashSet<(ModuleId, Atom)>,
    ) -> Binding {
        let (view, name) = match name {
            Some(name) if name == *MODULE_EXPORTS => (View::Exports, None),
            name => (view, name),
        };
        // What is handed on is seen as what it is.
        let id = self.origin(id);
        let module = self.graph.module(id);
        if module.format == ModuleFormat::CommonJs {
            return commonjs(id, name, view);
        }
        let data = module.data().map(|index| Binding::Symbol(SymbolId { module: id, index }));
        let (is_value, marked) = match module.flat {
            _ if data.is_some() => (true, Marked::No),
            Some(FlatExports::Names { marked }) => (false, marked),
            Some(FlatExports::Value { marked }) => (true, marked),
            None => return Binding::Missing,
        };
        let is_default = name.as_ref().is_some_and(|name| *name == *"default");
        let (view, name) = match view {
            View::Babel if is_default && marked != Marked::Yes => (View::Exports, None),
            View::Node if is_default => (View::Exports, None),
            view => (view, name),
        };
        match name {
            Some(name) if !is_value => self.export_visiting(id, &name, visiting),
            None if !is_value || view != View::Exports => Binding::Flat { module: id, view },
            name => {
                let value = data
                    .unwrap_or_else(|| self.export_visiting(id, &MODULE_EXPORTS.into(), visiting));
                member(self.settled(value), name)
            }
        }
    }

    /// Whether calling what a chain stands for is known to do nothing, or reading it if it is not called.
    pub(crate) fn is_pure(&mut self, start: Binding, chain: &Chain) -> bool {
        let is_read = !chain.is_called && !chain.names.is_empty();
        match self.chain(start, chain) {
            // A variable has its value once its module has run, and reading what `CommonJS` exports has no side effects.
            (Binding::Symbol(symbol), taken) if is_read => {
                taken == chain.names.len() && !self.graph.module(symbol.module).in_circle
            }
            (Binding::Constant { .. } | Binding::Member { .. }, taken) if is_read => {
                taken == chain.names.len()
            }
            (Binding::CommonJs { name: None, .. }, _) if is_read => chain.names.len() == 1,
            _ if is_read => false,
            (Binding::Symbol(symbol), taken) if taken == chain.names.len() => {
                let function = self.graph.symbol(symbol);
                let may_be_early =
                    function.reads_variables && self.graph.module(symbol.module).in_circle;
                function.is_pure_function && !may_be_early
            }
            _ => false,
        }
    }

    /// What the export of that name stands for.
    pub(crate) fn export(&mut self, module: ModuleId, name: &Atom) -> Binding {
        let binding = self.export_visiting(module, name, &mut FxHashSet::default());
        self.settled(binding)
    }

    fn export_visiting(
        &mut self,
        id: ModuleId,
        name: &Atom,
        visiting: &mut FxHashSet<(ModuleId, Atom)>,
    ) -> Binding {
        let key = (id, name.clone());
        if let Some(known) = self.exports.get(&key) {
            return known.clone();
        }
        if !visiting.insert(key.clone()) {
            // A circle of re-exports that nothing declares.
            return Binding::Missing;
        }
        let graph = self.graph;
        let module = graph.module(id);
        let binding = match module.export(name) {
            Some(Export::Local(symbol)) => match module.named_imports.get(symbol) {
                Some(import) => self.import_visiting(module, import, visiting),
                // Its variables stay in its closure, where `eval` can see them.
                None if module.has_direct_eval => {
                    Binding::Property { module: id, name: name.clone() }
                }
                None => Binding::Symbol(SymbolId { module: id, index: *symbol }),
            },
            Some(Export::From(import)) => self.import_visiting(module, import, visiting),
            // `export *` never passes `default` on.
            None if *name == *"default" => Binding::Missing,
            None => self.star(id, name, visiting),
        };
        visiting.remove(&key);
        // Inside of a circle the answer may depend on where the question came in.
        if visiting.is_empty() || binding != Binding::Missing {
            self.exports.insert(key, binding.clone());
        }
        binding
    }

    /// A name that comes through `export *`: one origin is taken, two are ambiguous and count as none.
    fn star(
        &mut self,
        id: ModuleId,
        name: &Atom,
        visiting: &mut FxHashSet<(ModuleId, Atom)>,
    ) -> Binding {
        let graph = self.graph;
        let module = graph.module(id);
        let mut found: Option<Binding> = None;
        let mut dynamic: Vec<Binding> = Vec::new();
        for record in &module.export_stars {
            let candidate = match &module.imports[*record as usize].target {
                ImportTarget::External(specifier) => {
                    Binding::External { specifier: specifier.clone(), name: Some(name.clone()) }
                }
                ImportTarget::Missing => continue,
                ImportTarget::Module(target)
                    if graph.module(*target).format == ModuleFormat::CommonJs =>
                {
                    commonjs(*target, Some(name.clone()), module.view())
                }
                ImportTarget::Module(target) => self.export_visiting(*target, name, visiting),
            };
            match candidate {
                Binding::Missing => {}
                Binding::External { .. } | Binding::CommonJs { .. } | Binding::Property { .. } => {
                    if !dynamic.contains(&candidate) {
                        dynamic.push(candidate);
                    }
                }
                candidate => match &found {
                    None => found = Some(candidate),
                    Some(first) if *first == candidate => {}
                    Some(_) => return Binding::Missing,
                },
            }
        }
        match (found, dynamic.len()) {
            (Some(found), _) => found,
            (None, 0) => Binding::Missing,
            // `export *` passes on what an object has itself, not what it inherits.
            (None, 1)
                if !matches!(dynamic[0], Binding::CommonJs { .. })
                    || !OF_EVERY_OBJECT.contains(&name.as_str()) =>
            {
                dynamic.remove(0)
            }
            (None, _) => Binding::Property { module: id, name: name.clone() },
        }
    }

    /// All that the namespace object of an ECMAScript module holds.
    pub(crate) fn namespace(&mut self, id: ModuleId) -> NamespaceShape {
        let (mut names, mut dynamic) = (Vec::new(), Vec::new());
        self.names(id, true, &mut names, &mut dynamic, &mut FxHashSet::default());
        // The order of a namespace's keys is that of UTF-16 code units.
        names.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
        names.dedup();
        let exports = names
            .into_iter()
            .map(|name| {
                let binding = self.export(id, &name);
                (name, binding)
            })
            .filter(|(_, binding)| *binding != Binding::Missing)
            .collect();
        NamespaceShape { exports, dynamic }
    }

    fn names(
        &self,
        id: ModuleId,
        is_root: bool,
        names: &mut Vec<Atom>,
        dynamic: &mut Vec<Binding>,
        visited: &mut FxHashSet<ModuleId>,
    ) {
        if !visited.insert(id) {
            return;
        }
        let module = self.graph.module(id);
        names.extend(
            module
                .exports
                .iter()
                .map(|(name, _)| name.clone())
                .filter(|name| is_root || *name != *"default"),
        );
        for record in &module.export_stars {
            let star = match &module.imports[*record as usize].target {
                ImportTarget::External(specifier) => {
                    Binding::External { specifier: specifier.clone(), name: None }
                }
                ImportTarget::Missing => continue,
                ImportTarget::Module(target)
                    if self.graph.module(*target).format == ModuleFormat::CommonJs =>
                {
                    commonjs(*target, None, module.view())
                }
                ImportTarget::Module(target) => {
                    self.names(*target, false, names, dynamic, visited);
                    continue;
                }
            };
            if !dynamic.contains(&star) {
                dynamic.push(star);
            }
        }
    }

    fn missing_export(&self, importer: &Module, import: &NamedImport) -> Option<Diagnostic> {
        let record = &importer.imports[import.record as usize];
        let (ImportName::Named(name), ImportTarget::Module(target)) =
            (&import.name, &record.target)
        else {
            return None;
        };
        let (mut names, mut dynamic) = (Vec::new(), Vec::new());
        self.names(*target, true, &mut names, &mut dynamic, &mut FxHashSet::default());
        let path = &self.graph.module(*target).path;
        let diagnostic = if names.contains(name) {
            Diagnostic::error(
                "build/ambiguous-export",
                format!("`{name}` comes into `{path}` from several modules by `export *`"),
            )
            .hint("export it by name from the one that is meant")
        } else {
            let diagnostic = Diagnostic::error(
                "build/missing-export",
                format!("`{name}` is not exported by `{path}`"),
            );
            match nearest(name, names.iter().map(Atom::as_str)) {
                Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                None if names.is_empty() => diagnostic.hint("it exports nothing"),
                None => {
                    names.sort_unstable();
                    names.dedup();
                    let listed: Vec<&str> = names.iter().take(8).map(Atom::as_str).collect();
                    diagnostic.hint(format!("it exports {}", listed.join(", ")))
                }
            }
        };
        Some(diagnostic.at(import.location.clone()))
    }
}

fn join_names(names: &[Atom]) -> String {
    names.iter().map(Atom::as_str).collect::<Vec<_>>().join(".")
}

/// JSON whose object is only ever read member by member, so that `json.version` is as good as the value.
fn fixed_json(graph: &ModuleGraph, order: &Order) -> FxHashSet<ModuleId> {
    let is_json = |id: &ModuleId| graph.module(*id).loader == Loader::Json;
    let mut fixed: FxHashSet<ModuleId> = order.modules.iter().copied().filter(is_json).collect();
    for entry_point in &graph.entry_points {
        fixed.remove(entry_point);
    }
    for module in order.modules.iter().map(|id| graph.module(*id)) {
        if fixed.is_empty() {
            break;
        }
        let target = |import: &NamedImport| match module.imports[import.record as usize].target {
            ImportTarget::Module(target) => Some(target),
            _ => None,
        };
        for record in &module.imports {
            if let ImportTarget::Module(target) = record.target
                && (record.kind != ImportKind::Static || module.has_direct_eval)
            {
                fixed.remove(&target);
            }
        }
        let handed_on = module.named_imports.iter().filter_map(|(symbol, import)| {
            let target = target(import).filter(|target| fixed.contains(target))?;
            let is_handed_on = match &import.name {
                ImportName::Namespace => true,
                ImportName::Named(name) => {
                    let mut statements = module.statements.iter();
                    matches!(name.as_str(), "default" | MODULE_EXPORTS)
                        && statements.any(|one| one.uses.contains(symbol))
                }
            };
            is_handed_on.then_some(target)
        });
        let handed_on: FxHashSet<ModuleId> = handed_on.collect();
        fixed.retain(|id| !handed_on.contains(id));
        for (_, export) in &module.exports {
            let import = match export {
                Export::Local(symbol) => module.named_imports.get(symbol),
                Export::From(import) => Some(import),
            };
            if let Some(target) = import.and_then(target) {
                fixed.remove(&target);
            }
        }
    }
    fixed
}
