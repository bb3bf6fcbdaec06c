//! `CommonJS` modules without a closure: which modules of the graph can stand in the scope of the output, and their
//! statements as those of an ECMAScript module. Whatever requires such a module has to run it at its place among the
//! static imports, and takes single exports of it only, unless all that it exports is one value.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::{BytePos, DUMMY_SP, Mark, Span, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use super::commonjs::{
    Shape, Slot, assigned_export, assigned_value, getter, is_esmodule_mark, is_exports,
    require_call, taken_apart,
};
use crate::bundle::code;
use crate::bundle::graph::{
    DEFAULT_NAME, Export, FlatExports, ImportKind, ImportName, ImportRecord, ImportTarget,
    MODULE_EXPORTS, Marked, Module, ModuleFormat, ModuleGraph, ModuleId, NamedImport, TYPE_OF,
    View, identifier,
};
use crate::bundle::options::Options;
use crate::bundle::syntax::static_property;
use crate::bundle::targets::built_in;

/// What `exports` has although nobody assigned it (ECMA-262, 20.1.3 and B.2.2).
const OF_EVERY_OBJECT: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__esModule",
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

/// Calls of `require` that become imports, by their places, and whether the import runs the module, or finds that it
/// has run.
pub(crate) type Imports = FxHashMap<BytePos, Runs>;

type Runs = bool;

/// What is known of the closures of a graph.
pub(crate) struct Flat {
    /// What modules export that do without.
    pub(crate) exports: FxHashMap<ModuleId, FlatExports>,
    /// Those of them of which nobody can see when they run.
    pub(crate) inert: FxHashSet<ModuleId>,
    /// For each module, the calls of `require` that become imports.
    pub(crate) imports: FxHashMap<ModuleId, Imports>,
}

/// Finds the modules of the graph that can do without a closure, and the calls of `require` that become imports.
pub(crate) fn find_flat(
    graph: &ModuleGraph,
    shapes: &FxHashMap<ModuleId, Shape>,
    options: &Options,
) -> Flat {
    let mut chooser = Chooser {
        graph,
        shapes,
        // What runs in another output may run too late.
        may_run_early: !options.splitting,
        objects: FxHashSet::default(),
        in_circle: graph.in_circles(&[ImportKind::Static, ImportKind::Require]),
        flat: FxHashSet::default(),
        hoisted: FxHashMap::default(),
        handed_on: FxHashMap::default(),
        inert: FxHashMap::default(),
    };
    let mut ids: Vec<ModuleId> = shapes.keys().copied().collect();
    ids.sort_unstable();
    for id in &ids {
        let hoisted = chooser.hoisted_by(*id);
        chooser.hoisted.insert(*id, hoisted);
        if shapes[id].exports.is_some() && !chooser.in_circle[id.index()] {
            chooser.flat.insert(*id);
            if let Some(other) = chooser.handed_on_by(*id) {
                chooser.handed_on.insert(*id, other);
            }
        }
    }
    // What others take of a module first makes it keep the object of its exports, then its closure.
    for id in &ids {
        if shapes[id]
            .slots
            .iter()
            .filter_map(|slot| slot.from.as_ref())
            .any(|(position, _)| !chooser.hoisted[id].contains(position))
        {
            chooser.objects.insert(*id);
        }
    }
    let misused = chooser.misused();
    chooser.objects.extend(misused);
    for id in chooser.misused() {
        chooser.close(id);
    }
    for id in &graph.entry_points {
        chooser.close(*id);
    }
    chooser.close_lazy();
    chooser.close_late();
    let imports = ids.iter().map(|id| (*id, chooser.imports_of(*id))).collect();
    let flat = chooser.flat.iter();
    Flat {
        exports: flat.clone().filter_map(|id| Some((*id, chooser.exports_of(*id)?))).collect(),
        inert: flat.filter(|id| chooser.inert.get(id) == Some(&true)).copied().collect(),
        imports,
    }
}

struct Chooser<'a> {
    graph: &'a ModuleGraph,
    shapes: &'a FxHashMap<ModuleId, Shape>,
    in_circle: Vec<bool>,
    /// Whether what nobody sees run can run before its time.
    may_run_early: bool,
    /// Modules that export an object because of what others take of them.
    objects: FxHashSet<ModuleId>,
    /// Modules of which nothing is known so far that needs a closure.
    flat: FxHashSet<ModuleId>,
    /// For each module, the calls of `require` that become imports when it has no closure.
    hoisted: FxHashMap<ModuleId, FxHashSet<BytePos>>,
    /// For modules that hand on all that another module exports, the other.
    handed_on: FxHashMap<ModuleId, ModuleId>,
    /// Whether running a module, and all that it requires, can be seen by nobody.
    inert: FxHashMap<ModuleId, bool>,
}

impl Chooser<'_> {
    /// Calls of `require` that run a module before the module does anything else, or of which nobody can see when they do.
    fn hoisted_by(&mut self, id: ModuleId) -> FxHashSet<BytePos> {
        let shapes = self.shapes;
        let records = requires(self.graph.module(id));
        let mut hoisted = FxHashSet::default();
        let mut is_first = true;
        for required in &shapes[&id].requires {
            is_first &= required.is_first;
            let Some(record) = records.get(&required.position) else { break };
            match &record.target {
                ImportTarget::Module(target) => {
                    let module = self.graph.module(*target);
                    if module.data().is_some() || self.is_inert(*target) {
                        hoisted.insert(required.position);
                    } else if module.format == ModuleFormat::CommonJs && is_first {
                        hoisted.insert(required.position);
                    } else {
                        is_first = false;
                    }
                }
                // Stays where it is; nobody sees when a built-in module is loaded.
                ImportTarget::External(specifier) if built_in(specifier).is_some() => {}
                ImportTarget::External(_) | ImportTarget::Missing => is_first = false,
            }
        }
        hoisted
    }

    /// Whether running a `CommonJS` module, and all that it requires, can be seen by nobody.
    fn is_inert(&mut self, root: ModuleId) -> bool {
        if let Some(known) = self.inert.get(&root) {
            return *known;
        }
        // Those on the way may be required in a circle: such a module sees the exports of one that is not done.
        let mut walk = vec![(root, 0)];
        while let Some((id, next)) = walk.last_mut() {
            let shape = self.shapes.get(id).filter(|shape| shape.is_inert);
            let imports = &self.graph.module(*id).imports;
            let is_known_open = shape.is_none() || self.in_circle[id.index()];
            let record = imports.get(*next).filter(|_| !is_known_open);
            let Some(record) = record else {
                let id = *id;
                walk.pop();
                let is_inert = !is_known_open && self.requires_inert(id);
                self.inert.insert(id, is_inert);
                continue;
            };
            *next += 1;
            if let ImportTarget::Module(target) = record.target
                && record.kind == ImportKind::Require
                && !self.inert.contains_key(&target)
                && self.graph.module(target).data().is_none()
            {
                walk.push((target, 0));
            }
        }
        self.inert[&root]
    }

    fn requires_inert(&self, id: ModuleId) -> bool {
        self.graph.module(id).imports.iter().all(|record| match &record.target {
            _ if record.kind != ImportKind::Require => true,
            ImportTarget::Module(target) => {
                self.graph.module(*target).data().is_some()
                    || self.inert.get(target).copied().unwrap_or_default()
            }
            ImportTarget::External(specifier) => built_in(specifier).is_some(),
            ImportTarget::Missing => false,
        })
    }

    /// What a module exports if it does without a closure.
    fn exports_of(&self, id: ModuleId) -> Option<FlatExports> {
        let shape = &self.shapes[&id];
        match shape.exports {
            Some(FlatExports::Names { .. }) if self.objects.contains(&id) => {
                Some(FlatExports::Value { marked: shape.object_marked })
            }
            exports => exports,
        }
    }

    /// Modules of which others take more than they give without a closure.
    fn misused(&self) -> Vec<ModuleId> {
        let mut misused = Vec::new();
        for id in self.graph.ids() {
            match self.shapes.get(&id) {
                Some(shape) => self.required_by(id, shape, &mut misused),
                None => self.imported_by(id, &mut misused),
            }
        }
        misused
    }

    /// Closes what is not imported or required by statements and calls that can be told apart.
    fn close_lazy(&mut self) {
        let mut closed = Vec::new();
        for id in self.graph.ids() {
            let module = self.graph.module(id);
            let shape = self.shapes.get(&id);
            // Which of two calls at one place is which?
            let calls = module.imports.iter().filter(|one| one.kind == ImportKind::Require).count();
            let is_unclear = shape.is_some_and(|shape| calls != shape.requires.len());
            if is_unclear {
                closed.push(id);
            }
            let is_direct = |kind: ImportKind| match (shape, kind) {
                (Some(_), ImportKind::Require) => !is_unclear,
                (None, ImportKind::Static) => {
                    module.format == ModuleFormat::Esm && !module.has_direct_eval
                }
                _ => false,
            };
            // `export *` takes what is only there when it runs.
            let is_star = |index: u32| module.export_stars.contains(&index);
            closed.extend((0u32..).zip(&module.imports).filter_map(|(index, record)| {
                match record.target {
                    ImportTarget::Module(target) if !is_direct(record.kind) || is_star(index) => {
                        Some(target)
                    }
                    _ => None,
                }
            }));
        }
        for id in closed {
            self.close(id);
        }
    }

    /// Adds what a `CommonJS` module requires in a way that it cannot have without a closure.
    fn required_by(&self, id: ModuleId, shape: &Shape, misused: &mut Vec<ModuleId>) {
        let records = requires(self.graph.module(id));
        for required in &shape.requires {
            let target = records.get(&required.position).map(|record| &record.target);
            let Some(ImportTarget::Module(target)) = target else { continue };
            let taken = &required.taken;
            let hands_on = required.is_handed_on && !self.handed_on.contains_key(&id);
            let is_allowed = (!(taken.is_whole || hands_on)
                || self.allows(*target, View::Exports, &[], false))
                && taken.names.iter().all(|(name, is_called)| {
                    self.allows(*target, View::Exports, std::slice::from_ref(name), *is_called)
                });
            if !is_allowed {
                misused.push(self.origin(*target));
            }
        }
    }

    /// Closes modules that might run too early without a closure, or too late.
    fn close_late(&mut self) {
        /// After so many rounds, what is required by a closure is closed without looking.
        const ROUNDS: u32 = 16;
        for round in 0..=ROUNDS {
            let order = Some(self.order()).filter(|_| round < ROUNDS);
            let (mut late, mut wholes) = (Vec::new(), Vec::new());
            #[expect(clippy::iter_over_hash_type, reason = "collects a set")]
            for (id, shape) in self.shapes {
                let records = requires(self.graph.module(*id));
                let is_flat = self.flat.contains(id);
                for required in &shape.requires {
                    let target = records.get(&required.position).map(|record| &record.target);
                    let Some(ImportTarget::Module(target)) = target else { continue };
                    let is_there = (is_flat && self.hoisted[id].contains(&required.position))
                        || (self.may_run_early && self.inert.get(target) == Some(&true))
                        || order.as_ref().is_some_and(|order| order.has_run(*target, *id));
                    // What is handed on from a closure is handed on whole.
                    if required.is_handed_on && !is_flat && self.flat.contains(target) {
                        wholes.push(*target);
                    }
                    if self.flat.contains(target) && !is_there {
                        late.push(*target);
                    }
                }
            }
            let is_done = late.is_empty();
            self.objects.extend(wholes);
            if is_done {
                break;
            }
            for id in late {
                self.flat.remove(&id);
            }
            if round == ROUNDS {
                self.close_required();
            }
        }
    }

    /// Closes all that closures require.
    fn close_required(&mut self) {
        let mut todo: Vec<ModuleId> =
            self.shapes.keys().copied().filter(|id| !self.flat.contains(id)).collect();
        while let Some(id) = todo.pop() {
            for record in &self.graph.module(id).imports {
                if let ImportTarget::Module(target) = record.target
                    && record.kind == ImportKind::Require
                    && self.flat.remove(&target)
                {
                    todo.push(target);
                }
            }
        }
    }

    /// Where the static imports of the only entry run modules without a closure.
    fn order(&self) -> StaticOrder {
        let count = self.graph.modules.len();
        let mut order =
            StaticOrder { place: vec![usize::MAX; count], first: vec![usize::MAX; count] };
        let [entry] = self.graph.entry_points.as_slice() else { return order };
        let mut visited = vec![false; count];
        visited[entry.index()] = true;
        let mut next_place = 0;
        let mut stack = vec![(*entry, 0)];
        while let Some((id, next)) = stack.last_mut() {
            let module = self.graph.module(*id);
            let is_open = match self.shapes.contains_key(id) {
                true => self.flat.contains(id),
                false => module.format == ModuleFormat::Esm,
            };
            let Some(record) = module.imports.get(*next).filter(|_| is_open) else {
                order.place[id.index()] = next_place;
                self.reach(*id, next_place, &mut order.first);
                next_place += 1;
                stack.pop();
                continue;
            };
            *next += 1;
            let is_static = match record.kind {
                ImportKind::Static => true,
                ImportKind::Require => {
                    self.hoisted.get(id).is_some_and(|all| all.contains(&record.position))
                }
                _ => false,
            };
            if let ImportTarget::Module(target) = record.target
                && is_static
                && !std::mem::replace(&mut visited[target.index()], true)
            {
                stack.push((target, 0));
            }
        }
        order
    }

    /// Notes that what a module can reach may run when that does.
    fn reach(&self, root: ModuleId, place: usize, first: &mut [usize]) {
        let mut todo = vec![root];
        while let Some(id) = todo.pop() {
            if first[id.index()] != usize::MAX {
                continue;
            }
            first[id.index()] = place;
            todo.extend(self.graph.module(id).imports.iter().filter_map(|one| match one.target {
                ImportTarget::Module(target) => Some(target),
                _ => None,
            }));
        }
    }

    /// The calls of `require` in a module that become imports.
    fn imports_of(&self, id: ModuleId) -> Imports {
        let hoisted = self.hoisted.get(&id).filter(|_| self.flat.contains(&id));
        let records = requires(self.graph.module(id)).into_iter();
        let import = |(position, record): (BytePos, &ImportRecord)| {
            let runs = hoisted.is_some_and(|hoisted| hoisted.contains(&position));
            let is_flat = matches!(record.target, ImportTarget::Module(target) if self.flat.contains(&target));
            (runs || is_flat).then_some((position, runs))
        };
        records.filter_map(import).collect()
    }

    /// Adds what another module imports in a way that it cannot have without a closure.
    fn imported_by(&self, id: ModuleId, misused: &mut Vec<ModuleId>) {
        let module = self.graph.module(id);
        let candidate = |record: &ImportRecord| match record.target {
            ImportTarget::Module(target) => Some(target).filter(|id| self.shapes.contains_key(id)),
            _ => None,
        };
        let mut bases: FxHashMap<u32, (ModuleId, Vec<Atom>)> = FxHashMap::default();
        let base = |import: &NamedImport| {
            let target = candidate(&module.imports[import.record as usize])?;
            let names = match &import.name {
                ImportName::Named(name) => vec![name.clone()],
                ImportName::Namespace => Vec::new(),
            };
            Some((target, names))
        };
        let view = module.view();
        let mut check = |target: ModuleId, names: &[Atom], is_called: bool| {
            if !self.allows(target, view, names, is_called) {
                misused.push(self.origin(target));
            }
        };
        #[expect(clippy::iter_over_hash_type, reason = "makes a map")]
        for (symbol, import) in &module.named_imports {
            if let Some(base) = base(import) {
                bases.insert(*symbol, base);
            }
        }
        for (_, export) in &module.exports {
            let passed_on = match export {
                Export::From(import) => base(import),
                Export::Local(symbol) => bases.get(symbol).cloned(),
            };
            if let Some((target, names)) = passed_on {
                check(target, &names, false);
            }
        }
        if bases.is_empty() {
            return;
        }
        for statement in &module.statements {
            for symbol in &statement.uses {
                if let Some((target, names)) = bases.get(symbol) {
                    check(*target, names, false);
                }
            }
            for chain in &statement.property_uses {
                if let Some((target, names)) = bases.get(&chain.symbol) {
                    let read = chain.names.iter().filter(|name| ***name != *TYPE_OF);
                    let names: Vec<Atom> = names.iter().chain(read).cloned().collect();
                    // Its type is known.
                    let is_type =
                        names.len() < 2 && chain.names.last().is_some_and(|it| **it == *TYPE_OF);
                    if !is_type {
                        check(*target, &names, chain.is_called);
                    }
                }
            }
        }
    }

    /// Closes a module and those whose exports it hands on.
    fn close(&mut self, id: ModuleId) {
        let mut next = Some(id);
        while let Some(id) = next {
            self.flat.remove(&id);
            next = self.handed_on.get(&id).copied();
        }
    }

    /// The module whose exports a module hands on, or the module itself.
    fn origin(&self, id: ModuleId) -> ModuleId {
        let mut origin = id;
        while let Some(other) = self.handed_on.get(&origin) {
            origin = *other;
        }
        origin
    }

    /// The module of which a candidate hands on all exports as they are.
    fn handed_on_by(&self, id: ModuleId) -> Option<ModuleId> {
        let shape =
            self.shapes.get(&id).filter(|shape| !shape.reads_value && !shape.needs_object)?;
        let required = shape.requires.iter().find(|required| required.is_handed_on)?;
        let records = requires(self.graph.module(id));
        match records.get(&required.position)?.target {
            ImportTarget::Module(target)
                if self.hoisted[&id].contains(&required.position)
                    && self.graph.module(target).data().is_none() =>
            {
                Some(target)
            }
            _ => None,
        }
    }

    /// Whether a chain of properties can be taken of what a module exports if that stands in the scope.
    fn allows(&self, id: ModuleId, view: View, names: &[Atom], is_called: bool) -> bool {
        if !self.flat.contains(&id) {
            return true;
        }
        let shape = &self.shapes[&id];
        let Some(exports) = self.exports_of(id) else { return true };
        if let Some(other) = self.handed_on.get(&id) {
            return self.allows(*other, view, names, is_called);
        }
        let of_exports = |names: &[Atom]| match (exports, names) {
            (FlatExports::Value { .. }, _) => true,
            (FlatExports::Names { .. }, []) => false,
            (FlatExports::Names { .. }, [name, rest @ ..]) => match shape.slot(name) {
                Some(Slot { from: Some((position, name)), .. }) => {
                    let target = requires(self.graph.module(id)).get(position).map(|it| &it.target);
                    let names: Vec<Atom> = std::iter::once(name).chain(rest).cloned().collect();
                    match target {
                        Some(ImportTarget::Module(target)) => {
                            self.allows(*target, View::Exports, &names, is_called)
                        }
                        _ => true,
                    }
                }
                Some(slot) => slot.ignores_this || !is_called || !rest.is_empty(),
                None => !OF_EVERY_OBJECT.contains(&name.as_str()),
            },
        };
        let (FlatExports::Names { marked } | FlatExports::Value { marked }) = exports;
        match (view, names) {
            (View::Exports, names) => of_exports(names),
            (_, []) => false,
            (_, [name, ..]) if *name == *MODULE_EXPORTS => false,
            (View::Babel, [name, ..]) if *name == *"default" && marked != Marked::No => {
                marked == Marked::Yes && shape.slot(name).is_some() && of_exports(names)
            }
            (_, [name, rest @ ..]) if *name == *"default" => of_exports(rest),
            (_, names) => of_exports(names),
        }
    }
}

/// When modules run that static imports reach.
struct StaticOrder {
    /// The place of each module without a closure; none where static imports do not lead.
    place: Vec<usize>,
    /// The place of the first module from which something leads to each.
    first: Vec<usize>,
}

impl StaticOrder {
    /// Whether a module has run before another can.
    fn has_run(&self, module: ModuleId, other: ModuleId) -> bool {
        self.place[module.index()] < self.first[other.index()]
    }
}

/// The imports of a module by `require`, by the place of the call.
fn requires(module: &Module) -> FxHashMap<BytePos, &ImportRecord> {
    let is_require = |record: &&ImportRecord| record.kind == ImportKind::Require;
    module.imports.iter().filter(is_require).map(|record| (record.position, record)).collect()
}

/// The statements of a module with imports for calls of `require`, and with `exports`, if it has no closure.
pub(crate) fn flatten(
    body: Vec<Stmt>,
    shape: &Shape,
    exports: Option<FlatExports>,
    imports: &Imports,
    unresolved: SyntaxContext,
    module: &Module,
) -> Program {
    let name = module.name_in_code();
    let requires: Vec<&ImportRecord> = requires(module).into_values().collect();
    let is_object = matches!(exports, Some(FlatExports::Value { .. }))
        && (shape.needs_object || matches!(shape.exports, Some(FlatExports::Names { .. })));
    let own = SyntaxContext::empty().apply_mark(Mark::new());
    let ident = |name: &Atom| Ident::new(name.clone(), DUMMY_SP, own);
    let slots = shape.slots.iter().map(|slot| {
        let name = if *slot.name == *"default" {
            DEFAULT_NAME.into()
        } else {
            identifier(&slot.name).into()
        };
        (slot.name.clone(), ident(&name))
    });
    let mut flattener = Flattener {
        unresolved,
        shape,
        exports,
        runs: imports,
        slots: slots.collect(),
        value: ident(&DEFAULT_NAME.into()),
        object: is_object.then(|| ident(&format!("{name}_exports").into())),
        specifiers: requires.iter().map(|one| (one.position, one.specifier.clone())).collect(),
        imports: FxHashMap::default(),
        items: Vec::new(),
        late: Vec::new(),
    };
    // Two exports may be the same as identifiers: `a-b` and `a_b`.
    flattener.tell_apart(shape);
    for (index, required) in shape.requires.iter().enumerate() {
        if imports.contains_key(&required.position) {
            let local = required.variable.clone();
            let local = local.unwrap_or_else(|| ident(&format!("required_{index}").into()));
            flattener.imports.insert(required.position, local);
        }
    }
    flattener.declare_object();
    let is_by_names = matches!(exports, Some(FlatExports::Names { .. }));
    let is_declared = |slot: &&Slot| slot.assigned_by.is_none() && slot.from.is_none();
    for slot in shape.slots.iter().filter(is_declared).filter(|_| is_by_names) {
        let name = flattener.slots[&slot.name].clone();
        flattener.declare(VarDeclKind::Var, name, None, DUMMY_SP);
    }
    for (index, statement) in body.into_iter().enumerate() {
        flattener.statement(index, statement);
    }
    flattener.export();
    flattener.items.append(&mut flattener.late);
    Program::Module(swc_core::ecma::ast::Module {
        span: DUMMY_SP,
        body: flattener.items,
        shebang: None,
    })
}

struct Flattener<'a> {
    unresolved: SyntaxContext,
    shape: &'a Shape,
    exports: Option<FlatExports>,
    runs: &'a Imports,
    /// The variables of exports.
    slots: FxHashMap<Atom, Ident>,
    /// The variable of the one value that is all exports.
    value: Ident,
    /// The variable of the object that is `exports`, where that has to be there.
    object: Option<Ident>,
    /// What is required where.
    specifiers: FxHashMap<BytePos, Atom>,
    /// The variables of what is required.
    imports: FxHashMap<BytePos, Ident>,
    items: Vec<ModuleItem>,
    /// Imports of modules that have run: they must not run them.
    late: Vec<ModuleItem>,
}

impl Flattener<'_> {
    fn tell_apart(&mut self, shape: &Shape) {
        let mut taken: FxHashSet<Atom> = FxHashSet::default();
        for slot in &shape.slots {
            let ident = self.slots.get_mut(&slot.name).expect("each export has a variable");
            let mut number = 1;
            while !taken.insert(ident.sym.clone()) {
                number += 1;
                ident.sym = format!("{}_{number}", identifier(&slot.name)).into();
            }
        }
    }

    fn declare(&mut self, kind: VarDeclKind, name: Ident, init: Option<Box<Expr>>, span: Span) {
        let declarator =
            VarDeclarator { span, name: Pat::Ident(name.into()), init, definite: false };
        let decls = vec![declarator];
        let declaration =
            VarDecl { span, ctxt: SyntaxContext::empty(), kind, declare: false, decls };
        self.items.push(ModuleItem::Stmt(Stmt::Decl(Decl::Var(Box::new(declaration)))));
    }

    fn statement(&mut self, index: usize, mut statement: Stmt) {
        let is_text = matches!(&statement, Stmt::Expr(statement) if statement.expr.is_lit());
        // A text must not come first, where it would be a directive.
        if is_text || self.imports(&statement) {
            return;
        }
        if self.exports.is_none() || self.object.is_some() {
            statement.visit_mut_with(self);
            self.items.push(ModuleItem::Stmt(statement));
            return;
        }
        if self.shape.empty.contains(&index) || is_esmodule_mark(&statement, self.unresolved) {
            return;
        }
        let span = statement.span();
        if let Some((name, _, _)) = getter(&statement, self.unresolved)
            && let Some((position, other)) =
                self.shape.slot(&name).and_then(|slot| slot.from.as_ref())
            && let Some(specifier) = self.specifiers.get(position)
        {
            let export = NamedExport {
                span,
                specifiers: vec![ExportSpecifier::Named(ExportNamedSpecifier {
                    span: DUMMY_SP,
                    orig: text_name(other),
                    exported: Some(text_name(&name)),
                    is_type_only: false,
                })],
                src: Some(source(*position, specifier)),
                type_only: false,
                with: None,
            };
            self.late.push(ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)));
            return;
        }
        if let Some((value, _)) = assigned_value(&statement, self.unresolved) {
            if let Some(local) = self.import_of(value)
                && !self.shape.reads_value
            {
                let specifier = ExportNamedSpecifier {
                    span: DUMMY_SP,
                    orig: module_exports(),
                    exported: None,
                    is_type_only: false,
                };
                self.import(value, &local, Some(specifier));
                return;
            }
            let mut value = Box::new(value.clone());
            value.visit_mut_with(self);
            let name = Ident { span: Span::new(span.lo, span.lo), ..self.value.clone() };
            self.declare(VarDeclKind::Const, name, Some(value), span);
            return;
        }
        if let Some((name, _)) = assigned_export(&statement, self.unresolved)
            && let Some(slot) = self.slot_of(&name, index)
        {
            // Until it is assigned, it is `undefined`.
            let kind = if slot.is_read { VarDeclKind::Var } else { VarDeclKind::Const };
            let name = self.slots[&name].clone();
            let Stmt::Expr(ExprStmt { expr, .. }) = statement else { return };
            let Expr::Assign(assign) = *expr else { return };
            let mut value = assign.right;
            value.visit_mut_with(self);
            self.declare(kind, name, Some(value), span);
            return;
        }
        statement.visit_mut_with(self);
        self.items.push(ModuleItem::Stmt(statement));
    }

    /// Makes an import of a statement that does nothing but require; whether it is one.
    fn imports(&mut self, statement: &Stmt) -> bool {
        let is_local = |local: &Ident, name: &Ident| local.to_id() == name.to_id();
        match statement {
            Stmt::Decl(Decl::Var(declaration)) => {
                if let [VarDeclarator { name: Pat::Ident(name), init, .. }] =
                    declaration.decls.as_slice()
                {
                    let Some(init) = init else {
                        // It is set by a statement of its own.
                        return self.imports.values().any(|local| is_local(local, name));
                    };
                    match self.import_of(init) {
                        Some(local) if is_local(&local, name) => {
                            self.import(init, &local, None);
                            return true;
                        }
                        _ => return false,
                    }
                }
                let Some((value, names)) = taken_apart(statement) else { return false };
                let Some(local) = self.import_of(value) else { return false };
                self.import(value, &local, None);
                for (property, name) in names {
                    let value = code::member(Expr::Ident(local.clone()), &property, name.span);
                    let (kind, span) = (declaration.kind, declaration.span);
                    self.declare(kind, name, Some(Box::new(value)), span);
                }
                true
            }
            Stmt::Expr(statement) => {
                let (value, name) = match &*statement.expr {
                    Expr::Assign(assign) => (&*assign.right, assign.left.as_ident()),
                    other => (other, None),
                };
                let Some(local) = self.import_of(value) else { return false };
                let is_assigned = name.is_some_and(|name| is_local(&local, name));
                if !is_assigned && statement.expr.is_assign() {
                    return false;
                }
                self.import(value, &local, None);
                true
            }
            _ => false,
        }
    }

    /// Declares the object that is `exports`, and `module.exports` if that is set.
    fn declare_object(&mut self) {
        let Some(object) = self.object.clone() else { return };
        let (sets_value, sets_exports) = (self.shape.sets_value, self.shape.sets_exports);
        let kind = if sets_exports { VarDeclKind::Var } else { VarDeclKind::Const };
        let empty = Box::new(code::object(Vec::new()));
        self.declare(kind, object.clone(), Some(empty), DUMMY_SP);
        if sets_value {
            let value = self.value.clone();
            self.declare(VarDeclKind::Var, value, Some(Box::new(Expr::Ident(object))), DUMMY_SP);
        } else {
            self.value = object;
        }
    }

    /// The variable of what an expression requires.
    fn import_of(&self, expression: &Expr) -> Option<Ident> {
        let (position, _) = require_call(expression, self.unresolved)?;
        self.imports.get(&position).cloned()
    }

    fn slot_of(&self, name: &Atom, index: usize) -> Option<&Slot> {
        self.shape.slot(name).filter(|slot| slot.assigned_by == Some(index))
    }

    /// Imports what `value` requires, or exports it.
    fn import(&mut self, value: &Expr, local: &Ident, export: Option<ExportNamedSpecifier>) {
        let Some((position, specifier)) = require_call(value, self.unresolved) else { return };
        let src = source(position, &specifier);
        let span = src.span;
        let items =
            if self.runs.get(&position) == Some(&true) { &mut self.items } else { &mut self.late };
        items.push(ModuleItem::ModuleDecl(match export {
            Some(specifier) => ModuleDecl::ExportNamed(NamedExport {
                span,
                specifiers: vec![ExportSpecifier::Named(specifier)],
                src: Some(src),
                type_only: false,
                with: None,
            }),
            None => ModuleDecl::Import(ImportDecl {
                span,
                specifiers: vec![ImportSpecifier::Named(ImportNamedSpecifier {
                    span,
                    local: local.clone(),
                    imported: Some(module_exports()),
                    is_type_only: false,
                })],
                src,
                type_only: false,
                with: None,
                phase: ImportPhase::Evaluation,
            }),
        }));
    }

    /// Exports all slots, or the value.
    fn export(&mut self) {
        let is_handed_on = self.items.iter().chain(&self.late).any(|item| matches!(item, ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) if export.src.is_some()));
        let named = |local: &Ident, exported: ModuleExportName| {
            ExportSpecifier::Named(ExportNamedSpecifier {
                span: DUMMY_SP,
                orig: ModuleExportName::Ident(local.clone()),
                exported: Some(exported),
                is_type_only: false,
            })
        };
        let specifiers = match self.exports {
            None => return,
            Some(FlatExports::Value { .. }) if is_handed_on && self.object.is_none() => return,
            Some(FlatExports::Value { .. }) => vec![named(&self.value, module_exports())],
            Some(FlatExports::Names { .. }) => {
                let slots = self.shape.slots.iter().filter(|slot| slot.from.is_none());
                slots.map(|slot| named(&self.slots[&slot.name], text_name(&slot.name))).collect()
            }
        };
        self.items.push(ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(NamedExport {
            span: DUMMY_SP,
            specifiers,
            src: None,
            type_only: false,
            with: None,
        })));
    }
}

/// What stands behind `from`. Its place is that of the call of `require`, by which the record is known.
fn source(position: BytePos, specifier: &Atom) -> Box<Str> {
    let span = Span::new(position, position);
    Box::new(Str { span, value: specifier.as_str().into(), raw: None })
}

fn text_name(name: &str) -> ModuleExportName {
    ModuleExportName::Str(Str { span: DUMMY_SP, value: name.into(), raw: None })
}

fn module_exports() -> ModuleExportName {
    text_name(MODULE_EXPORTS)
}

impl VisitMut for Flattener<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        if let Some(local) = self.import_of(expression) {
            self.import(&expression.clone(), &local, None);
            *expression = Expr::Ident(Ident { span: expression.span(), ..local });
            return;
        }
        if self.exports.is_some() && is_exports(expression, self.unresolved) {
            let name = match &self.object {
                Some(object) if expression.is_ident() => object,
                _ => &self.value,
            };
            *expression = Expr::Ident(Ident { span: expression.span(), ..name.clone() });
            return;
        }
        if let Expr::Member(member) = expression
            && let Some(slot) = self.slot(member)
        {
            *expression = Expr::Ident(slot);
            return;
        }
        expression.visit_mut_children_with(self);
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(name) = property
            && name.sym == *"exports"
            && name.ctxt == self.unresolved
            && self.exports.is_some()
        {
            let key = PropName::Ident(IdentName { span: name.span, sym: name.sym.clone() });
            let mut value = Box::new(Expr::Ident(name.clone()));
            value.visit_mut_with(self);
            *property = Prop::KeyValue(KeyValueProp { key, value });
            return;
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::Member(member) = target
            && let Some(slot) = self.slot(member)
        {
            *target = SimpleAssignTarget::Ident(slot.into());
            return;
        }
        // `exports = module.exports = …`
        if let Some(object) = &self.object {
            let name = match target {
                SimpleAssignTarget::Ident(name)
                    if name.sym == *"exports" && name.ctxt == self.unresolved =>
                {
                    Some(object)
                }
                SimpleAssignTarget::Member(member)
                    if is_exports(&Expr::Member(member.clone()), self.unresolved) =>
                {
                    Some(&self.value)
                }
                _ => None,
            };
            if let Some(name) = name {
                *target = SimpleAssignTarget::Ident(name.clone().into());
                return;
            }
        }
        target.visit_mut_children_with(self);
    }
}

impl Flattener<'_> {
    /// The variable of `exports.name`.
    fn slot(&self, member: &MemberExpr) -> Option<Ident> {
        if self.exports.is_none()
            || self.object.is_some()
            || !is_exports(&member.obj, self.unresolved)
        {
            return None;
        }
        let slot = self.slots.get(&static_property(&member.prop)?)?;
        Some(Ident { span: member.span, ..slot.clone() })
    }
}
