//! Step 3: mark live statements from the entry points.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;

use super::bind_imports::{Binder, Binding, Bindings, NamespaceShape};
use super::sort_modules::Order;
use crate::bundle::graph::{
    Export, ImportKind, ImportName, ImportRecord, ImportTarget, ModuleFormat, ModuleGraph,
    ModuleId, ModuleSideEffects, Statement, SymbolId, TakenName, View,
};
use crate::bundle::options::{Format, Options};

/// What is kept.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// For each module, whether it is evaluated at all.
    pub(crate) modules: Vec<bool>,
    /// For each module, which of its statements are kept.
    pub(crate) statements: Vec<Vec<bool>>,
    /// Modules whose namespace object is needed, and what it holds.
    pub(crate) namespaces: FxHashMap<ModuleId, NamespaceShape>,
    /// For each module, modules that its kept statements take something from, or that it must see evaluated.
    pub(crate) needs: Vec<BTreeSet<ModuleId>>,
    /// What ECMAScript modules export that are entries, or become outputs of their own.
    pub(crate) entry_shapes: FxHashMap<ModuleId, NamespaceShape>,
    /// Whether any kept import takes something from a `CommonJS` module.
    pub(crate) takes_commonjs: bool,
}

impl Live {
    /// Import records of kept statements: `import()`, `require` and the like.
    pub(crate) fn records<'a>(
        &'a self,
        graph: &'a ModuleGraph,
        id: ModuleId,
    ) -> impl Iterator<Item = &'a ImportRecord> {
        let module = graph.module(id);
        self.kept(graph, id)
            .flat_map(|statement| &statement.records)
            .map(|record| &module.imports[*record as usize])
    }

    /// Kept modules that must be evaluated before this one, in order: its static imports, and those of imports that are
    /// not kept themselves, such as a file that only passes exports on.
    pub(crate) fn evaluated_before(&self, graph: &ModuleGraph, id: ModuleId) -> Vec<ModuleId> {
        let mut visited = FxHashSet::default();
        let mut found = Vec::new();
        // A CommonJS module that imports itself sees what it has exported so far.
        if graph.module(id).format != ModuleFormat::CommonJs {
            visited.insert(id);
        }
        let targets = |id: ModuleId| -> Vec<ModuleId> {
            let records = graph.module(id).static_imports();
            records
                .filter_map(|(_, record)| match record.target {
                    ImportTarget::Module(target) => Some(target),
                    _ => None,
                })
                .collect()
        };
        let mut stack: Vec<ModuleId> = targets(id);
        stack.reverse();
        while let Some(target) = stack.pop() {
            if !visited.insert(target) {
                continue;
            }
            if self.modules[target.index()] {
                found.push(target);
            } else {
                stack.extend(targets(target).into_iter().rev());
            }
        }
        found
    }

    /// Kept statements of a module.
    pub(crate) fn kept<'a>(
        &'a self,
        graph: &'a ModuleGraph,
        id: ModuleId,
    ) -> impl Iterator<Item = &'a Statement> {
        let statements = &graph.module(id).statements;
        statements
            .iter()
            .zip(&self.statements[id.index()])
            .filter(|(_, live)| **live)
            .map(|(statement, _)| statement)
    }

    /// Modules of the build that kept statements import dynamically.
    pub(crate) fn dynamic_targets(&self, graph: &ModuleGraph, id: ModuleId) -> Vec<ModuleId> {
        self.records(graph, id)
            .filter(|record| record.kind == ImportKind::Dynamic)
            .filter_map(|record| match record.target {
                ImportTarget::Module(target) => Some(target),
                _ => None,
            })
            .collect()
    }

    /// Whether evaluating what is kept of a module can be seen from outside.
    pub(crate) fn does_something(&self, graph: &ModuleGraph, id: ModuleId) -> bool {
        self.kept(graph, id).any(|statement| statement.has_side_effects)
    }

    /// Whether any statement that declares the symbol is kept.
    pub(crate) fn has_symbol(&self, graph: &ModuleGraph, symbol: SymbolId) -> bool {
        let statements = &self.statements[symbol.module.index()];
        graph.symbol(symbol).declared_by.iter().any(|statement| statements[*statement as usize])
    }
}

struct Shaker<'a, 'b> {
    graph: &'a ModuleGraph,
    bindings: &'a Bindings,
    binder: &'a mut Binder<'b>,
    options: &'a Options,
    live: Live,
    todo: Vec<Todo>,
    /// Variables whose declarations are kept.
    walked: FxHashSet<SymbolId>,
    /// Modules that only `import()` reaches, and only for these exports.
    taken: BTreeMap<ModuleId, BTreeSet<Atom>>,
    /// Names that modules pass on, with those that are read behind them, and modules that do.
    passed: FxHashSet<(ModuleId, Option<Atom>, Vec<Atom>)>,
    /// Modules that do nothing, as their packages say, and still import others for their effects, with those.
    quiet_importers: FxHashMap<ModuleId, Vec<ModuleId>>,
}

enum Todo {
    Module(ModuleId),
    Statement(ModuleId, u32),
}

/// Marks everything that the entry points need.
pub(crate) fn tree_shake(
    graph: &ModuleGraph,
    entry_points: &[ModuleId],
    order: &Order,
    bindings: &Bindings,
    binder: &mut Binder<'_>,
    options: &Options,
) -> Live {
    let mut statements = vec![Vec::new(); graph.modules.len()];
    for id in &order.modules {
        statements[id.index()] = vec![false; graph.module(*id).statements.len()];
    }
    let live = Live {
        modules: vec![false; graph.modules.len()],
        statements,
        namespaces: FxHashMap::default(),
        needs: vec![BTreeSet::new(); graph.modules.len()],
        entry_shapes: FxHashMap::default(),
        takes_commonjs: false,
    };
    let may_do =
        |id: &ModuleId| graph.module(*id).side_effects != ModuleSideEffects::NoneSaysPackage;
    let quiet = order.modules.iter().filter(|id| !may_do(id)).map(|id| {
        (*id, graph.module(*id).imports_for_effects().filter(may_do).collect::<Vec<_>>())
    });
    let quiet_importers = quiet.filter(|(_, targets)| !targets.is_empty()).collect();
    let mut shaker = Shaker {
        graph,
        bindings,
        binder,
        options,
        live,
        todo: Vec::new(),
        walked: FxHashSet::default(),
        taken: BTreeMap::new(),
        passed: FxHashSet::default(),
        quiet_importers,
    };
    for entry in entry_points {
        shaker.module(*entry);
        shaker.commonjs_export(*entry, None);
        if graph.module(*entry).format == ModuleFormat::Esm && !options.hides_exports() {
            shaker.exports(*entry, *entry);
        }
    }
    while let Some(todo) = shaker.todo.pop() {
        match todo {
            Todo::Module(module) => shaker.evaluate(module),
            Todo::Statement(module, statement) => shaker.follow(module, statement),
        }
    }
    shaker.taken_exports();
    shaker.live
}

impl Shaker<'_, '_> {
    fn module(&mut self, module: ModuleId) {
        if !std::mem::replace(&mut self.live.modules[module.index()], true) {
            self.todo.push(Todo::Module(module));
        }
    }

    /// A module that is evaluated does all that it does, and sees its imports evaluated before.
    fn evaluate(&mut self, id: ModuleId) {
        let module = self.graph.module(id);
        for (index, statement) in (0u32..).zip(&module.statements) {
            if statement.has_side_effects && !self.is_pure(id, statement) {
                self.statement(id, index);
            }
        }
        for (_, record) in module.static_imports() {
            if let ImportTarget::Module(target) = record.target
                && (module.flat.is_some()
                    || self.graph.module(target).side_effects != ModuleSideEffects::NoneSaysPackage)
            {
                self.live.needs[id.index()].insert(target);
                self.module(target);
            }
        }
    }

    /// `require` of a module evaluates all that its statements import, as it would without a bundler.
    fn evaluate_imports(&mut self, root: ModuleId) {
        let mut todo = vec![root];
        while let Some(id) = todo.pop() {
            for (_, record) in self.graph.module(id).static_imports() {
                if let ImportTarget::Module(target) = record.target
                    && self.live.needs[id.index()].insert(target)
                {
                    self.module(target);
                    todo.push(target);
                }
            }
        }
    }

    /// Whether the only effects that a statement could have are those of functions that have none, and of reads.
    fn is_pure(&mut self, id: ModuleId, statement: &Statement) -> bool {
        !statement.pure_if.is_empty()
            && statement.pure_if.iter().all(|chain| {
                let own = SymbolId { module: id, index: chain.symbol };
                let imported = self.bindings.symbols[id.index()].get(&chain.symbol).cloned();
                self.binder.is_pure(imported.unwrap_or(Binding::Symbol(own)), chain)
            })
    }

    /// Keeps what assigns an export of a `CommonJS` module; without a name, or where the name may mean all, everything.
    fn commonjs_export(&mut self, id: ModuleId, name: Option<&Atom>) {
        let name = name.filter(|name| ***name != *"default");
        for (index, statement) in (0u32..).zip(&self.graph.module(id).statements) {
            if let Some(assigned) = &statement.assigns_export
                && name.is_none_or(|name| name == assigned)
            {
                self.statement(id, index);
            }
        }
    }

    fn statement(&mut self, module: ModuleId, statement: u32) {
        if !std::mem::replace(&mut self.live.statements[module.index()][statement as usize], true) {
            self.module(module);
            self.todo.push(Todo::Statement(module, statement));
        }
    }

    /// A module that only passes a name on is not evaluated when its package says that it does nothing; what it imports
    /// for the effects alone is, such as a style sheet that the package names in `sideEffects`.
    /// `behind` are the names that are read behind that one.
    fn pass_through(&mut self, id: ModuleId, name: &Atom, behind: &[Atom], by: ModuleId) {
        if self.quiet_importers.is_empty() {
            return;
        }
        let mut todo = vec![(id, name.clone(), behind)];
        while let Some((id, name, behind)) = todo.pop() {
            let module = self.graph.module(id);
            if module.format == ModuleFormat::CommonJs
                || !self.passed.insert((id, Some(name.clone()), behind.to_vec()))
            {
                continue;
            }
            let import = match module.export(&name) {
                Some(Export::Local(symbol)) => module.named_imports.get(symbol),
                Some(Export::From(import)) => Some(import),
                None => None,
            };
            let records: Vec<u32> = match (import, module.export(&name)) {
                (Some(import), _) => vec![import.record],
                (None, Some(_)) => continue,
                (None, None) => module.export_stars.clone(),
            };
            for record in records {
                let ImportTarget::Module(target) = module.imports[record as usize].target else {
                    continue;
                };
                let next = match import.map(|import| &import.name) {
                    Some(ImportName::Named(name)) => (name.clone(), behind),
                    Some(ImportName::Namespace) => match behind.split_first() {
                        Some((name, behind)) => (name.clone(), behind),
                        None => continue,
                    },
                    None if self.binder.export(target, &name) == Binding::Missing => continue,
                    None => (name.clone(), behind),
                };
                todo.push((target, next.0, next.1));
            }
            if self.passed.insert((id, None, Vec::new())) {
                for target in self.quiet_importers.get(&id).cloned().unwrap_or_default() {
                    self.live.needs[by.index()].insert(target);
                    self.module(target);
                }
            }
        }
    }

    /// The same for a name that a module imports; `chain` begins with one of what a namespace is asked for.
    fn pass_import(&mut self, id: ModuleId, symbol: u32, chain: &[Atom]) {
        let module = self.graph.module(id);
        let Some(import) = module.named_imports.get(&symbol) else { return };
        let (name, behind) = match (&import.name, chain) {
            (ImportName::Named(name), behind) => (name, behind),
            (ImportName::Namespace, [name, behind @ ..]) => (name, behind),
            (ImportName::Namespace, []) => return,
        };
        if let ImportTarget::Module(target) = module.imports[import.record as usize].target {
            self.pass_through(target, name, behind, id);
        }
    }

    fn follow(&mut self, id: ModuleId, index: u32) {
        let statement = &self.graph.module(id).statements[index as usize];
        for symbol in &statement.uses {
            self.pass_import(id, *symbol, &[]);
            self.symbol(id, *symbol, id);
        }
        for chain in &statement.property_uses {
            self.pass_import(id, chain.symbol, &chain.names);
            let (binding, _) = &self.bindings.chains[id.index()][chain];
            self.binding(binding, id);
        }
        for record in &statement.records {
            let record = &self.graph.module(id).imports[*record as usize];
            let ImportTarget::Module(target) = record.target else { continue };
            match record.kind {
                ImportKind::Require | ImportKind::Dynamic => {
                    self.module(target);
                    // With splitting, a dynamic import leads to another output, not to a module beside this one.
                    if record.kind == ImportKind::Require || !self.options.splitting {
                        self.live.needs[id.index()].insert(target);
                    }
                    if self.graph.module(target).format == ModuleFormat::CommonJs {
                        self.commonjs_export(target, None);
                    } else if let (Some(data), ImportKind::Require) =
                        (self.graph.module(target).data(), record.kind)
                    {
                        self.symbol(target, data, id);
                    } else if record.kind == ImportKind::Dynamic
                        && let Some(taken) = &record.taken
                        && self.takes_only(target, taken)
                    {
                        // Only these are read from the namespace.
                    } else if record.kind == ImportKind::Dynamic && self.options.splitting {
                        // The output that is loaded is the namespace.
                        self.exports(target, target);
                    } else {
                        self.namespace(target);
                        if record.kind == ImportKind::Require {
                            self.evaluate_imports(target);
                        }
                    }
                }
                ImportKind::Static
                | ImportKind::RequireResolve
                | ImportKind::Url
                | ImportKind::Sheet => {}
            }
        }
    }

    /// Keeps what declares a symbol, on behalf of the module `by`.
    fn symbol(&mut self, module: ModuleId, symbol: u32, by: ModuleId) {
        if let Some(binding) = self.bindings.symbols[module.index()].get(&symbol) {
            let binding = binding.clone();
            self.binding(&binding, by);
            return;
        }
        self.live.needs[by.index()].insert(module);
        // What fills an object declares it, too, so a variable may have many statements that all use it.
        if !self.walked.insert(SymbolId { module, index: symbol }) {
            return;
        }
        for statement in &self.graph.module(module).symbols[symbol as usize].declared_by {
            self.statement(module, *statement);
        }
    }

    fn binding(&mut self, binding: &Binding, by: ModuleId) {
        match binding {
            Binding::Symbol(symbol) => self.symbol(symbol.module, symbol.index, by),
            Binding::Namespace(module) | Binding::Property { module, .. } => {
                self.live.needs[by.index()].insert(*module);
                self.namespace(*module);
            }
            Binding::CommonJs { module, name, view } => {
                self.live.takes_commonjs |= *view != View::Exports;
                self.live.needs[by.index()].insert(*module);
                self.module(*module);
                self.commonjs_export(*module, name.as_ref());
            }
            Binding::Member { object, .. } => self.symbol(object.module, object.index, by),
            Binding::Constant { of: module, .. } | Binding::Flat { module, .. } => {
                self.live.needs[by.index()].insert(*module);
                self.module(*module);
            }
            Binding::External { .. } | Binding::Missing => {}
        }
    }

    fn namespace(&mut self, module: ModuleId) {
        if self.live.namespaces.contains_key(&module) {
            return;
        }
        let shape = self.binder.namespace(module);
        self.live.namespaces.insert(module, shape.clone());
        self.module(module);
        self.shape(module, &shape, module);
    }

    /// Keeps what an entry point exports; its namespace object is needed only where the format has no `export`.
    fn exports(&mut self, module: ModuleId, by: ModuleId) {
        if self.options.format == Format::Esm {
            if self.live.entry_shapes.contains_key(&module) {
                return;
            }
            let shape = self.binder.namespace(module);
            self.live.entry_shapes.insert(module, shape.clone());
            self.shape(module, &shape, by);
        } else {
            self.namespace(module);
        }
    }

    /// Keeps the exports that an `import()` takes; whether that is enough.
    fn takes_only(&mut self, target: ModuleId, taken: &[TakenName]) -> bool {
        let shape = self.binder.namespace(target);
        let find = |name: &Atom| shape.exports.iter().find(|(other, _)| other == name);
        let is_enough = shape.dynamic.is_empty()
            && !self.graph.module(target).has_direct_eval
            // `import()` itself looks for it.
            && find(&"then".into()).is_none()
            && !taken.iter().any(|taken| {
                taken.is_called
                    && find(&taken.name)
                        .is_some_and(|(_, binding)| !self.binder.ignores_this(binding))
            });
        if is_enough {
            for (name, binding) in taken.iter().filter_map(|taken| find(&taken.name)) {
                self.taken.entry(target).or_default().insert(name.clone());
                self.binding(binding, target);
            }
            self.taken.entry(target).or_default();
        }
        is_enough
    }

    /// Namespaces of which only some exports are read, for modules that nobody needs whole.
    fn taken_exports(&mut self) {
        for (module, names) in std::mem::take(&mut self.taken) {
            let mut shape = self.binder.namespace(module);
            shape.exports.retain(|(name, _)| names.contains(name));
            let shapes = if self.options.splitting && self.options.format == Format::Esm {
                &mut self.live.entry_shapes
            } else {
                &mut self.live.namespaces
            };
            shapes.entry(module).or_insert(shape);
        }
    }

    /// Keeps what the namespace of a module holds.
    fn shape(&mut self, of: ModuleId, shape: &NamespaceShape, by: ModuleId) {
        for (name, binding) in &shape.exports {
            self.pass_through(of, name, &[], by);
            self.binding(binding, by);
        }
        for binding in &shape.dynamic {
            self.binding(binding, by);
        }
    }
}
