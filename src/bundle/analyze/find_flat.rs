//! Which `CommonJS` modules of the graph can stand in the scope of the output, without a closure. Whatever requires such a
//! module has to find it evaluated, and takes single exports of it only, unless it exports an object or another value.

use std::cell::RefCell;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::BytePos;

use super::commonjs_shape::{Shape, Slot};
use super::flatten::Imports;
use crate::bundle::graph::{
    Export, FlatExports, ImportKind, ImportName, ImportRecord, ImportTarget, MODULE_EXPORTS,
    Marked, Module, ModuleFormat, ModuleGraph, ModuleId, NamedImport, OF_EVERY_OBJECT, TYPE_OF,
    View,
};
use crate::bundle::options::{Format, Options};
use crate::bundle::targets::built_in;

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
        origins: FxHashMap::default(),
        inert: FxHashMap::default(),
        targets: FxHashMap::default(),
        held: FxHashSet::default(),
        allowed: RefCell::default(),
    };
    let mut ids: Vec<ModuleId> = shapes.keys().copied().collect();
    ids.sort_unstable();
    for id in &ids {
        let records = graph.module(*id).requires().into_iter();
        let targets = records.map(|(position, record)| ((*id, position), &record.target));
        chooser.targets.extend(targets);
    }
    chooser.find_held();
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
    chooser.find_origins(&ids);
    // What others take of a module first makes it keep the object of its exports, then its closure.
    for id in &ids {
        if shapes[id]
            .slots
            .iter()
            .filter_map(|slot| slot.from.as_ref())
            .any(|(position, _)| !chooser.hoisted[id].contains_key(position))
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
    // Beside code that is not strict, an output that is no module is not, either.
    if options.format != Format::Esm && !graph.modules.iter().skip(1).all(Module::is_strict) {
        chooser.flat.clear();
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

/// Whether a call of `require` comes before anything else that a module does.
type IsFirst = bool;

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
    hoisted: FxHashMap<ModuleId, FxHashMap<BytePos, IsFirst>>,
    /// For modules that hand on all that another module exports, the other.
    handed_on: FxHashMap<ModuleId, ModuleId>,
    /// The module at the end of such a row.
    origins: FxHashMap<ModuleId, ModuleId>,
    /// Whether running a module, and all that it requires, can be seen by nobody.
    inert: FxHashMap<ModuleId, bool>,
    /// Where calls of `require` lead, by their modules and places.
    targets: FxHashMap<(ModuleId, BytePos), &'a ImportTarget>,
    /// Modules whose exports somebody holds as a whole.
    held: FxHashSet<ModuleId>,
    /// What is known of exports that are handed on, and of whether they are called.
    allowed: RefCell<FxHashMap<(ModuleId, Atom, bool), bool>>,
}

impl<'a> Chooser<'a> {
    /// Calls of `require` that run a module before the module does anything else, or of which nobody can see when they do.
    fn hoisted_by(&mut self, id: ModuleId) -> FxHashMap<BytePos, IsFirst> {
        let shapes = self.shapes;
        let mut hoisted = FxHashMap::default();
        let mut is_first = true;
        let mut reads = shapes[&id].reads.iter();
        let mut read = 0;
        for required in &shapes[&id].requires {
            is_first &= required.is_first;
            while read < required.reads
                && let Some((position, name)) = reads.next()
            {
                read += 1;
                is_first &= self.is_stable(id, *position, name);
            }
            match self.target(id, required.position) {
                Some(ImportTarget::Module(target)) => {
                    let module = self.graph.module(*target);
                    let is_unseen = module.data().is_some() || self.is_inert(*target);
                    if is_unseen || (module.format == ModuleFormat::CommonJs && is_first) {
                        hoisted.insert(required.position, is_first);
                    } else {
                        is_first = false;
                    }
                }
                // Stays where it is; nobody sees when a built-in module is loaded.
                Some(ImportTarget::External(specifier)) if built_in(specifier).is_some() => {}
                _ => is_first = false,
            }
        }
        hoisted
    }

    /// Whether a property of what a call of `require` gives is the same whenever it is read, once its module has run.
    fn is_stable(&self, id: ModuleId, position: BytePos, name: &Atom) -> bool {
        match self.target(id, position) {
            Some(ImportTarget::Module(target)) => {
                let Some(shape) = self.shapes.get(target) else { return false };
                // Nobody else holds the object, and the module itself sets it once.
                !self.held.contains(target)
                    && shape.slot(name).is_some_and(|slot| slot.assigned_by.is_some())
                    && !shape.needs_object
            }
            Some(ImportTarget::External(specifier)) => built_in(specifier).is_some(),
            _ => false,
        }
    }

    /// Finds modules whose exports somebody holds as a whole.
    fn find_held(&mut self) {
        for id in self.graph.ids() {
            let module = self.graph.module(id);
            if let Some(shape) = self.shapes.get(&id) {
                let held = shape.requires.iter().filter(|one| one.taken.is_whole);
                for required in held {
                    if let Some(ImportTarget::Module(target)) = self.target(id, required.position) {
                        self.held.insert(*target);
                    }
                }
                continue;
            }
            let used: FxHashSet<u32> =
                module.statements.iter().flat_map(|one| one.uses.iter().copied()).collect();
            #[expect(clippy::iter_over_hash_type, reason = "collects a set")]
            for (symbol, import) in &module.named_imports {
                let is_whole = match &import.name {
                    ImportName::Namespace => true,
                    ImportName::Named(name) => *name == *"default" || *name == *MODULE_EXPORTS,
                };
                if let ImportTarget::Module(target) = module.imports[import.record as usize].target
                    && is_whole
                    && (used.contains(symbol) || module.has_direct_eval)
                {
                    self.held.insert(target);
                }
            }
        }
    }

    /// Where a call of `require` in a module leads.
    fn target(&self, id: ModuleId, position: BytePos) -> Option<&'a ImportTarget> {
        self.targets.get(&(id, position)).copied()
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
            let may_be_seen = shape.is_none() || self.in_circle[id.index()];
            let record = imports.get(*next).filter(|_| !may_be_seen);
            let Some(record) = record else {
                let id = *id;
                walk.pop();
                let is_inert = !may_be_seen && self.requires_inert(id);
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
        self.allowed.borrow_mut().clear();
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
            let stars: FxHashSet<u32> = module.export_stars.iter().copied().collect();
            closed.extend((0u32..).zip(&module.imports).filter_map(|(index, record)| {
                match record.target {
                    ImportTarget::Module(target)
                        if !is_direct(record.kind) || stars.contains(&index) =>
                    {
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
        for required in &shape.requires {
            let target = self.target(id, required.position);
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
                let is_flat = self.flat.contains(id);
                for required in &shape.requires {
                    let target = self.target(*id, required.position);
                    let Some(ImportTarget::Module(target)) = target else { continue };
                    let is_there = (is_flat && self.hoisted[id].contains_key(&required.position))
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
            let is_open = if self.shapes.contains_key(id) {
                self.flat.contains(id)
            } else {
                module.format == ModuleFormat::Esm
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
                    self.hoisted.get(id).is_some_and(|all| all.contains_key(&record.position))
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
        let records = self.graph.module(id).requires().into_iter();
        let import = |(position, record): (BytePos, &ImportRecord)| {
            let ImportTarget::Module(target) = record.target else { return None };
            let is_first = hoisted.and_then(|hoisted| hoisted.get(&position)).copied();
            // What a closure gives may be another thing later.
            let is_fixed =
                self.flat.contains(&target) || self.graph.module(target).data().is_some();
            (self.flat.contains(&target) || (is_first.is_some_and(|first| first || is_fixed)))
                .then_some((position, is_first.is_some()))
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
        // Behind one that is closed, all are.
        while let Some(id) = next.filter(|id| self.flat.remove(id)) {
            next = self.handed_on.get(&id).copied();
        }
    }

    /// The module whose exports a module hands on, or the module itself.
    fn origin(&self, id: ModuleId) -> ModuleId {
        self.origins.get(&id).copied().unwrap_or(id)
    }

    /// Finds for each module that hands on exports where they come from.
    fn find_origins(&mut self, ids: &[ModuleId]) {
        for id in ids {
            let (mut passed, mut origin) = (Vec::new(), *id);
            while let Some(other) = self.handed_on.get(&origin) {
                passed.push(origin);
                origin = self.origins.get(other).copied().unwrap_or(*other);
            }
            self.origins.extend(passed.into_iter().map(|passed| (passed, origin)));
        }
    }

    /// The module of which a candidate hands on all exports as they are.
    fn handed_on_by(&self, id: ModuleId) -> Option<ModuleId> {
        let shape =
            self.shapes.get(&id).filter(|shape| !shape.reads_value && !shape.needs_object)?;
        let required = shape.requires.iter().find(|required| required.is_handed_on)?;
        match self.target(id, required.position)? {
            ImportTarget::Module(target)
                if self.hoisted[&id].contains_key(&required.position)
                    && self.graph.module(*target).data().is_none() =>
            {
                Some(*target)
            }
            _ => None,
        }
    }

    /// The same for an export that is handed on, remembered: rows of such modules are long.
    fn allows_once(&self, id: ModuleId, names: &[Atom], is_called: bool) -> bool {
        let [name] = names else { return self.allows(id, View::Exports, names, is_called) };
        let key = (id, name.clone(), is_called);
        if let Some(known) = self.allowed.borrow().get(&key) {
            return *known;
        }
        let allowed = self.allows(id, View::Exports, names, is_called);
        self.allowed.borrow_mut().insert(key, allowed);
        allowed
    }

    /// Whether an export is surely no function that looks at `this`.
    fn ignores_this(&self, id: ModuleId, names: &[Atom]) -> bool {
        let id = self.origin(id);
        let is_names = self.flat.contains(&id)
            && matches!(self.exports_of(id), Some(FlatExports::Names { .. }));
        match self.shapes.get(&id).and_then(|shape| shape.slot(names.first()?)) {
            Some(Slot { from: Some(_), .. }) => is_names,
            Some(slot) => is_names && slot.ignores_this,
            None => false,
        }
    }

    /// Whether a chain of properties can be taken of what a module exports if that stands in the scope.
    fn allows(&self, id: ModuleId, view: View, names: &[Atom], is_called: bool) -> bool {
        if !self.flat.contains(&id) {
            return true;
        }
        let shape = &self.shapes[&id];
        let Some(exports) = self.exports_of(id) else { return true };
        if let Some(origin) = self.origins.get(&id) {
            return self.allows(*origin, view, names, is_called);
        }
        let of_exports = |names: &[Atom]| match (exports, names) {
            (FlatExports::Value { .. }, _) => true,
            (FlatExports::Names { .. }, []) => false,
            (FlatExports::Names { .. }, [name, rest @ ..]) => match shape.slot(name) {
                Some(Slot { from: Some((position, name)), .. }) => {
                    let names: Vec<Atom> = std::iter::once(name).chain(rest).cloned().collect();
                    match self.target(id, *position) {
                        Some(ImportTarget::Module(target)) => {
                            // As a method it would see this module's exports.
                            let is_method = is_called && rest.is_empty();
                            (!is_method || self.ignores_this(*target, &names))
                                && self.allows_once(*target, &names, is_called)
                        }
                        _ => !is_called || !rest.is_empty(),
                    }
                }
                Some(slot) => slot.ignores_this || !is_called || !rest.is_empty(),
                None => *name != *"__esModule" && !OF_EVERY_OBJECT.contains(&name.as_str()),
            },
        };
        let (FlatExports::Names { marked } | FlatExports::Value { marked }) = exports;
        match (view, names) {
            (_, [name, ..]) if *name == *MODULE_EXPORTS => false,
            (View::Exports, names) => of_exports(names),
            (_, []) => false,
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
