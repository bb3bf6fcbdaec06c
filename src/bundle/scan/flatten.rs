//! `CommonJS` modules without a closure: which modules of the graph can stand in the scope of the output, and their
//! statements as those of an ECMAScript module. Whatever requires such a module has to run it at its place among the
//! static imports, and takes single exports of it only, unless all that it exports is one value.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::{BytePos, DUMMY_SP, Mark, Span, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use super::commonjs::{
    Shape, Slot, assigned_export, assigned_value, is_esmodule_mark, is_exports, require_call,
    taken_apart,
};
use crate::bundle::code;
use crate::bundle::graph::{
    DEFAULT_NAME, Export, FlatExports, ImportKind, ImportName, ImportRecord, ImportTarget,
    MODULE_EXPORTS, Module, ModuleFormat, ModuleGraph, ModuleId, NamedImport, TYPE_OF, View,
    identifier,
};
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
pub(super) type Imports = FxHashMap<BytePos, Runs>;

type Runs = bool;

/// What is known of the closures of a graph.
pub(super) struct Flat {
    /// Modules that do without.
    pub(super) modules: FxHashSet<ModuleId>,
    /// For each module, the calls of `require` that become imports.
    pub(super) imports: FxHashMap<ModuleId, Imports>,
}

/// Finds the modules of the graph that can do without a closure, and the calls of `require` that become imports.
pub(super) fn find_flat(graph: &ModuleGraph, shapes: &FxHashMap<ModuleId, Shape>) -> Flat {
    let mut chooser = Chooser {
        graph,
        shapes,
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
    let mut closed: Vec<ModuleId> = graph.entry_points.clone();
    for id in graph.ids() {
        match shapes.get(&id) {
            Some(shape) => chooser.required_by(id, shape, &mut closed),
            None => chooser.imported_by(id, &mut closed),
        }
    }
    for id in closed {
        chooser.flat.remove(&id);
    }
    chooser.close_late();
    let imports = ids.iter().map(|id| (*id, chooser.imports_of(*id))).collect();
    Flat { modules: chooser.flat, imports }
}

struct Chooser<'a> {
    graph: &'a ModuleGraph,
    shapes: &'a FxHashMap<ModuleId, Shape>,
    in_circle: Vec<bool>,
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

    /// Adds what a `CommonJS` module requires in a way that needs a closure.
    fn required_by(&self, id: ModuleId, shape: &Shape, closed: &mut Vec<ModuleId>) {
        let module = self.graph.module(id);
        let records = requires(module);
        for record in &module.imports {
            if let (ImportTarget::Module(target), false) =
                (&record.target, record.kind == ImportKind::Require)
            {
                self.close(*target, closed);
            }
        }
        // Which of two calls at one place is which?
        let calls = module.imports.iter().filter(|one| one.kind == ImportKind::Require).count();
        if calls != shape.requires.len() {
            closed.push(id);
            for record in records.values() {
                if let ImportTarget::Module(target) = record.target {
                    self.close(target, closed);
                }
            }
            return;
        }
        for required in &shape.requires {
            let target = records.get(&required.position).map(|record| &record.target);
            let Some(ImportTarget::Module(target)) = target else { continue };
            let taken = &required.taken;
            let is_whole = taken.is_whole
                || (required.is_handed_on && (shape.reads_value || !self.flat.contains(&id)));
            let is_allowed = (!is_whole || self.allows(*target, View::Exports, &[], false))
                && taken.names.iter().all(|(name, is_called)| {
                    self.allows(*target, View::Exports, std::slice::from_ref(name), *is_called)
                });
            if !is_allowed {
                self.close(*target, closed);
            }
        }
    }

    /// Closes modules that might run too early without a closure, or too late.
    fn close_late(&mut self) {
        /// After so many rounds, what is required by a closure is closed without looking.
        const ROUNDS: u32 = 16;
        for round in 0..=ROUNDS {
            let order = Some(self.order()).filter(|_| round < ROUNDS);
            let mut late = Vec::new();
            #[expect(clippy::iter_over_hash_type, reason = "collects a set")]
            for (id, shape) in self.shapes {
                let records = requires(self.graph.module(*id));
                let is_flat = self.flat.contains(id);
                for required in &shape.requires {
                    let target = records.get(&required.position).map(|record| &record.target);
                    let Some(ImportTarget::Module(target)) = target else { continue };
                    let is_there = (is_flat && self.hoisted[id].contains(&required.position))
                        || order.as_ref().is_some_and(|order| order.has_run(*target, *id));
                    // What is handed on from a closure is handed on whole.
                    let is_whole = required.is_handed_on
                        && !is_flat
                        && !self.allows(*target, View::Exports, &[], false);
                    if self.flat.contains(target) && (!is_there || is_whole) {
                        late.push(*target);
                    }
                }
            }
            if late.is_empty() {
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
        let mut order = StaticOrder { place: vec![usize::MAX; count], first: vec![usize::MAX; count] };
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

    /// Adds what another module imports in a way that needs a closure.
    fn imported_by(&self, id: ModuleId, closed: &mut Vec<ModuleId>) {
        let module = self.graph.module(id);
        let candidate = |record: &ImportRecord| match record.target {
            ImportTarget::Module(target) => Some(target).filter(|id| self.shapes.contains_key(id)),
            _ => None,
        };
        let mut bases: FxHashMap<u32, (ModuleId, Vec<Atom>)> = FxHashMap::default();
        for record in &module.imports {
            if let Some(target) = candidate(record)
                && (record.kind != ImportKind::Static
                    || module.format == ModuleFormat::CommonJs
                    || module.has_direct_eval)
            {
                self.close(target, closed);
            }
        }
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
                self.close(target, closed);
            }
        };
        #[expect(clippy::iter_over_hash_type, reason = "makes a map")]
        for (symbol, import) in &module.named_imports {
            if let Some(base) = base(import) {
                bases.insert(*symbol, base);
            }
        }
        for star in &module.export_stars {
            if let Some(target) = candidate(&module.imports[*star as usize]) {
                check(target, &[], false);
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
                    let is_type = names.len() < 2 && chain.names.last().is_some_and(|it| **it == *TYPE_OF);
                    if !is_type {
                        check(*target, &names, chain.is_called);
                    }
                }
            }
        }
    }

    /// Closes a module and what it hands on.
    fn close(&self, id: ModuleId, closed: &mut Vec<ModuleId>) {
        let mut next = Some(&id);
        while let Some(id) = next {
            closed.push(*id);
            next = self.handed_on.get(id);
        }
    }

    /// The module of which a candidate hands on all exports as they are.
    fn handed_on_by(&self, id: ModuleId) -> Option<ModuleId> {
        let shape = self.shapes.get(&id).filter(|shape| !shape.reads_value)?;
        let required = shape.requires.iter().find(|required| required.is_handed_on)?;
        let records = requires(self.graph.module(id));
        match records.get(&required.position)?.target {
            ImportTarget::Module(target)
                if self.hoisted[&id].contains(&required.position) =>
            {
                Some(target)
            }
            _ => None,
        }
    }

    /// Whether a chain of properties can be taken of what a module exports if that stands in the scope.
    fn allows(&self, id: ModuleId, view: View, names: &[Atom], is_called: bool) -> bool {
        let Some(shape) = self.shapes.get(&id) else { return true };
        let Some(exports) = shape.exports else { return true };
        if let Some(other) = self.handed_on.get(&id) {
            return self.allows(*other, view, names, is_called);
        }
        let of_exports = |names: &[Atom]| match (exports, names) {
            (FlatExports::Value { .. }, _) => true,
            (FlatExports::Names { .. }, []) => false,
            (FlatExports::Names { .. }, [name, rest @ ..]) => {
                match shape.slot(name) {
                    Some(slot) => slot.ignores_this || !is_called || !rest.is_empty(),
                    None => !OF_EVERY_OBJECT.contains(&name.as_str()),
                }
            }
        };
        let may_be_marked = match exports {
            FlatExports::Names { is_marked } => is_marked,
            FlatExports::Value { may_be_marked } => may_be_marked,
        };
        match (view, names) {
            (View::Exports, names) => of_exports(names),
            (_, []) => false,
            (_, [name, ..]) if *name == *MODULE_EXPORTS => false,
            (View::Babel, [name, ..]) if *name == *"default" && may_be_marked => {
                shape.slot(name).is_some() && of_exports(names)
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
pub(super) fn flatten(
    body: Vec<Stmt>,
    shape: &Shape,
    exports: Option<FlatExports>,
    imports: &Imports,
    unresolved: SyntaxContext,
) -> Program {
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
    for slot in shape.slots.iter().filter(|slot| exports.is_some() && slot.assigned_by.is_none()) {
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
        if self.exports.is_none() {
            statement.visit_mut_with(self);
            self.items.push(ModuleItem::Stmt(statement));
            return;
        }
        if self.shape.empty.contains(&index) || is_esmodule_mark(&statement, self.unresolved) {
            return;
        }
        let span = statement.span();
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
        let span = Span::new(position, value.span().hi);
        let src = Box::new(Str { span, value: specifier.as_str().into(), raw: None });
        let items = if self.runs.get(&position) == Some(&true) {
            &mut self.items
        } else {
            &mut self.late
        };
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
            Some(FlatExports::Value { .. }) if is_handed_on => return,
            Some(FlatExports::Value { .. }) => vec![named(&self.value, module_exports())],
            Some(FlatExports::Names { .. }) => {
                let slots = self.shape.slots.iter();
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
            *expression = Expr::Ident(Ident { span: expression.span(), ..self.value.clone() });
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

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::Member(member) = target
            && let Some(slot) = self.slot(member)
        {
            *target = SimpleAssignTarget::Ident(slot.into());
            return;
        }
        target.visit_mut_children_with(self);
    }
}

impl Flattener<'_> {
    /// The variable of `exports.name`.
    fn slot(&self, member: &MemberExpr) -> Option<Ident> {
        if self.exports.is_none() || !is_exports(&member.obj, self.unresolved) {
            return None;
        }
        let slot = self.slots.get(&static_property(&member.prop)?)?;
        Some(Ident { span: member.span, ..slot.clone() })
    }
}
