//! What a `CommonJS` module does with `exports`, `module` and `require`: whether its statements could stand in the scope of
//! the output, like those of an ECMAScript module, and what it takes of what it requires.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::{BytePos, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use super::commonjs::{
    assigned_export, assigned_value, defined, emptied, getter, is_esmodule_mark, is_exports,
    is_global_member, require_call, taken_apart,
};
use crate::bundle::graph::{FlatExports, ImportKind, MODULE_EXPORTS, Marked, Module, ModuleFormat};
use crate::bundle::meaning::globals::{COLLECTIONS, ERRORS};
use crate::bundle::options::{Format, Options};
use crate::bundle::syntax::{constant_string, static_chain, static_property, uses_this};

/// What a `CommonJS` module does with `exports`, `module` and `require`.
pub(crate) struct Shape {
    /// What it exports, unless it does what only a closure can give it.
    pub(crate) exports: Option<FlatExports>,
    /// Whether it exports an object that has to be there, because it does more than assign to its properties and read
    /// them.
    pub(crate) needs_object: bool,
    /// Whether that object says that it was an ECMAScript module.
    pub(crate) object_marked: Marked,
    /// Whether `module.exports` is set, and whether `exports` is.
    pub(crate) sets_value: bool,
    pub(crate) sets_exports: bool,
    /// Exports, in the order of the source; none where all is one value.
    pub(crate) slots: Vec<Slot>,
    /// Their places by name.
    slot_of: FxHashMap<Atom, usize>,
    /// Statements that only say that exports are `undefined` at first, as they are.
    pub(crate) empty: FxHashSet<usize>,
    pub(crate) requires: Vec<Required>,
    /// Properties that it reads of what it requires, by the calls of `require`, before it does anything that could be seen.
    pub(crate) reads: Vec<(BytePos, Atom)>,
    /// Whether running it can only be seen by what it requires, whenever it runs.
    pub(crate) is_inert: bool,
    /// Whether it reads what it has put into `module.exports`.
    pub(crate) reads_value: bool,
}

impl Shape {
    /// The export of that name.
    pub(crate) fn slot(&self, name: &Atom) -> Option<&Slot> {
        self.slot_of.get(name).map(|index| &self.slots[*index])
    }
}

/// An export that is assigned.
pub(crate) struct Slot {
    pub(crate) name: Atom,
    /// The statement that assigns it, if nothing else does.
    pub(crate) assigned_by: Option<usize>,
    /// Whether the module reads it.
    pub(crate) is_read: bool,
    /// Whether it is surely no function that looks at `this`.
    pub(crate) ignores_this: bool,
    /// If it only hands on what another module exports, the call of `require` and the name there.
    pub(crate) from: Option<(BytePos, Atom)>,
}

/// A call of `require`.
pub(crate) struct Required {
    /// Where it begins; the record of the import has the same.
    pub(crate) position: BytePos,
    /// Whether nothing happens in the module before that could be seen, or depends on when it happens.
    pub(crate) is_first: bool,
    /// How many of the module's reads come before.
    pub(crate) reads: usize,
    /// The variable that holds what it gives, and nothing else ever.
    pub(crate) variable: Option<Ident>,
    /// Whether what it gives is all that the module exports.
    pub(crate) is_handed_on: bool,
    pub(crate) taken: Taken,
}

/// What is taken of what a module exports.
#[derive(Default)]
pub(crate) struct Taken {
    /// Names of properties, and whether they are called as methods.
    pub(crate) names: BTreeSet<(Atom, bool)>,
    /// Whether somebody gets hold of the whole.
    pub(crate) is_whole: bool,
}

/// What a module does with `exports`, `module` and `require`, if it is `CommonJS` that can be changed.
pub(crate) fn shape_of(
    module: &Module,
    body: &[Stmt],
    unresolved: SyntaxContext,
    source: &str,
    options: &Options,
) -> Option<Shape> {
    let stays = module.format != ModuleFormat::CommonJs
        || !options.tree_shaking
        // A function that is assigned to a property has no name.
        || options.keep_names
        || !module.loader.is_script()
        || module.has_direct_eval
        || module.has_esm_syntax
        || module.imports.iter().any(|record| record.kind == ImportKind::Static);
    if stays {
        return None;
    }
    let mut finder = Finder::new(module, body, unresolved);
    // A variable of these names begins as what Node's function around the module is called with.
    let parameters = ["exports", "module", "require", "__filename", "__dirname"];
    finder.is_closed |= module.uses_top_level_this
        || module.symbols.iter().any(|symbol| parameters.contains(&symbol.id.0.as_str()))
        || (options.format != Format::Esm && !module.is_strict());
    finder.find_requires(body);
    for (index, statement) in body.iter().enumerate() {
        finder.statement(index, statement);
    }
    Some(finder.shape(source))
}

/// What the evaluation of an expression takes from elsewhere, in order.
#[derive(Default)]
struct Found {
    /// Calls of `require`.
    calls: Vec<BytePos>,
    /// Reads of properties of what such a call gave.
    reads: Vec<(BytePos, Atom)>,
}

/// What a first look at a statement says.
enum Role<'a> {
    /// `module.exports = value`
    Value(&'a Expr),
    /// Says that exports are `undefined`.
    Empty(Vec<Atom>),
    /// Says that this was an ECMAScript module.
    Mark,
    /// `exports.name = value`
    Export(Atom, &'a Expr),
    /// `Object.defineProperty(exports, "name", { get: () => object.other })`: the names and the object.
    Getter(Atom, &'a Ident, Atom),
    Other,
}

struct Finder<'a> {
    module: &'a Module,
    unresolved: SyntaxContext,
    roles: Vec<Role<'a>>,
    /// Functions of the module, and whether they look at `this`.
    functions: FxHashMap<Id, bool>,
    /// What `module.exports` is set to.
    value: Option<&'a Expr>,
    /// Whether `exports` is the same.
    is_aliased: bool,
    /// Whether nothing that could be seen happens before.
    value_is_first: bool,
    is_marked: bool,
    reads_value: bool,
    slots: Vec<Slot>,
    slot_of: FxHashMap<Atom, usize>,
    /// How often slots are assigned.
    writes: Vec<u32>,
    /// Whether the module calls slots as methods of `exports`.
    is_called: Vec<bool>,
    empty: FxHashSet<usize>,
    requires: Vec<Required>,
    required_at: FxHashMap<BytePos, usize>,
    variables: FxHashMap<Id, usize>,
    /// Variables that are set once, to what a call of `require` gives.
    assigned: FxHashSet<Id>,
    reads: Vec<(BytePos, Atom)>,
    is_inert: bool,
    is_callee: bool,
    function_depth: u32,
    /// The same without arrow functions, which have no `arguments`.
    arguments_depth: u32,
    /// Something that needs a closure.
    is_closed: bool,
    needs_object: bool,
    sets_value: bool,
    sets_exports: bool,
}

impl<'a> Finder<'a> {
    fn new(module: &'a Module, body: &'a [Stmt], unresolved: SyntaxContext) -> Self {
        let mut finder = Finder {
            module,
            unresolved,
            roles: Vec::new(),
            functions: FxHashMap::default(),
            value: None,
            is_aliased: false,
            value_is_first: false,
            is_marked: false,
            reads_value: false,
            slots: Vec::new(),
            slot_of: FxHashMap::default(),
            writes: Vec::new(),
            is_called: Vec::new(),
            empty: FxHashSet::default(),
            requires: Vec::new(),
            required_at: FxHashMap::default(),
            variables: FxHashMap::default(),
            assigned: FxHashSet::default(),
            reads: Vec::new(),
            is_inert: false,
            is_callee: false,
            function_depth: 0,
            arguments_depth: 0,
            is_closed: false,
            needs_object: false,
            sets_value: false,
            sets_exports: false,
        };
        for statement in body {
            if let Stmt::Decl(Decl::Fn(function)) = statement {
                finder.functions.insert(function.ident.to_id(), uses_this(&function.function));
            }
            let role = if is_esmodule_mark(statement, unresolved) {
                finder.is_marked = true;
                Role::Mark
            } else if let Some((value, is_aliased)) = assigned_value(statement, unresolved) {
                finder.needs_object |= finder.value.replace(value).is_some();
                finder.is_aliased = is_aliased;
                finder.sets_value = true;
                finder.sets_exports |= is_aliased;
                Role::Value(value)
            } else if let Some(names) = emptied(statement, unresolved) {
                Role::Empty(names)
            } else if let Some((name, value)) = assigned_export(statement, unresolved) {
                Role::Export(name, value)
            } else if let Some((name, object, other)) = getter(statement, unresolved) {
                Role::Getter(name, object, other)
            } else {
                Role::Other
            };
            finder.roles.push(role);
        }
        finder.needs_object |= finder.value.is_some() && finder.is_marked;
        finder.find_assigned(body);
        finder
    }

    /// Finds variables that are declared without a value and then set once, to what a call of `require` gives.
    fn find_assigned(&mut self, body: &'a [Stmt]) {
        let is_empty = |statement: u32| match body.get(statement as usize) {
            Some(Stmt::Decl(Decl::Var(declaration))) => {
                matches!(declaration.decls.as_slice(), [VarDeclarator { init: None, .. }])
            }
            _ => false,
        };
        let mut found = FxHashMap::default();
        for statement in body {
            let Some((name, _)) = self.assigned_require(statement) else { continue };
            let Some(symbol) = self.module.symbol_of.get(&name.to_id()) else { continue };
            let symbol = &self.module.symbols[*symbol as usize];
            if matches!(symbol.declared_by.as_slice(), [one] if is_empty(*one)) {
                found.insert(name.to_id(), 0);
            }
        }
        if found.is_empty() {
            return;
        }
        let mut writes = Writes(found);
        body.visit_with(&mut writes);
        self.assigned =
            writes.0.into_iter().filter(|(_, count)| *count == 1).map(|(id, _)| id).collect();
    }

    /// `x = require("x")`
    fn assigned_require<'s>(&self, statement: &'s Stmt) -> Option<(&'s Ident, BytePos)> {
        let Stmt::Expr(statement) = statement else { return None };
        let Expr::Assign(assign) = &*statement.expr else { return None };
        let name = assign.left.as_ident().filter(|_| assign.op == op!("="))?;
        Some((&name.id, self.require_call(&assign.right)?))
    }

    /// Finds the calls of `require` before which nothing happens, and the variables that hold what they give.
    fn find_requires(&mut self, body: &'a [Stmt]) {
        for statement in body {
            if let Some((name, position)) = self.holder(statement) {
                let name = name.clone();
                let at = self.index_of(position);
                self.variables.insert(name.to_id(), at);
                self.requires[at].variable = Some(name);
            }
        }
        let mut is_first = true;
        for (index, statement) in body.iter().enumerate() {
            let mut found = Found::default();
            let is_plain = match (&self.roles[index], statement) {
                (Role::Mark | Role::Getter(..), _) => true,
                (Role::Empty(_), _) => {
                    if is_first {
                        self.empty.insert(index);
                    }
                    is_first
                }
                (Role::Value(value) | Role::Export(_, value), _) => {
                    self.is_plain(value, &mut found)
                }
                (Role::Other, Stmt::Expr(statement)) => {
                    self.is_plain(&statement.expr, &mut found)
                        || self.defines_plainly(&statement.expr)
                }
                (Role::Other, statement) => self.declares_plainly(statement, &mut found),
            };
            let is_plain = is_plain || self.holder(statement).is_some();
            let reads = self.reads.len();
            for position in found.calls {
                let required = self.required(position);
                (required.is_first, required.reads) = (is_first, reads);
            }
            if let Role::Value(value) = self.roles[index] {
                self.value_is_first = is_first && is_plain && found.reads.is_empty();
                if let Some(position) = self.require_call(value) {
                    self.required(position).is_handed_on = true;
                }
            }
            if is_first {
                self.reads.append(&mut found.reads);
            }
            is_first &= is_plain;
        }
        self.is_inert = is_first;
    }

    /// Whether a declaration does nothing that could be seen, or depends on when it happens.
    fn declares_plainly(&self, statement: &Stmt, found: &mut Found) -> bool {
        if let Some((value, names)) = taken_apart(statement) {
            let position = self.require_call(value).or_else(|| self.held(value));
            found.calls.extend(self.require_call(value));
            let reads = names.into_iter().filter_map(|(name, _)| Some((position?, name)));
            found.reads.extend(reads);
            return position.is_some();
        }
        match statement {
            Stmt::Empty(_) | Stmt::Decl(Decl::Fn(_)) => true,
            Stmt::Decl(Decl::Class(class)) => self.is_plain_class(&class.class, found),
            Stmt::Decl(Decl::Var(declaration)) => declaration.decls.iter().all(|one| {
                matches!(one.name, Pat::Ident(_))
                    && one.init.as_ref().is_none_or(|init| self.is_plain(init, found))
            }),
            _ => false,
        }
    }

    /// The call of `require` whose result is in a variable.
    fn held(&self, value: &Expr) -> Option<BytePos> {
        let index = self.variables.get(&value.as_ident()?.to_id())?;
        Some(self.requires[*index].position)
    }

    /// Whether an expression does nothing that could be seen and has the same value whenever it is evaluated, but for the
    /// calls of `require` and the reads that it finds. What surely comes first is found in others, too.
    fn is_plain(&self, expression: &Expr, found: &mut Found) -> bool {
        if let Some(position) = self.require_call(expression) {
            found.calls.push(position);
            return true;
        }
        match expression {
            Expr::Lit(_) | Expr::Fn(_) | Expr::Arrow(_) => true,
            Expr::Class(class) => self.is_plain_class(&class.class, found),
            // Variables of the module change only when its functions are called.
            Expr::Ident(name) => {
                name.ctxt != self.unresolved
                    || matches!(name.sym.as_str(), "undefined" | "NaN" | "Infinity")
            }
            Expr::Paren(paren) => self.is_plain(&paren.expr, found),
            Expr::Unary(unary) => {
                matches!(unary.op, op!("!") | op!("void") | op!(unary, "-"))
                    && self.is_plain(&unary.arg, found)
                    && (unary.op != op!(unary, "-") || unary.arg.is_lit())
            }
            Expr::Cond(either) => {
                let mut inner = Found::default();
                let parts = [&either.test, &either.cons, &either.alt];
                let is_plain = parts.into_iter().all(|part| self.is_plain(part, &mut inner));
                found.reads.append(&mut inner.reads);
                // Which of two calls is made?
                is_plain && inner.calls.is_empty()
            }
            Expr::Array(array) => array
                .elems
                .iter()
                .flatten()
                .all(|element| element.spread.is_none() && self.is_plain(&element.expr, found)),
            Expr::Object(object) => object.props.iter().all(|property| match property {
                PropOrSpread::Spread(_) => false,
                PropOrSpread::Prop(property) => match &**property {
                    Prop::KeyValue(pair) => {
                        !pair.key.is_computed() && self.is_plain(&pair.value, found)
                    }
                    Prop::Shorthand(name) => name.ctxt != self.unresolved,
                    Prop::Method(method) => !method.key.is_computed(),
                    Prop::Getter(getter) => !getter.key.is_computed(),
                    Prop::Setter(setter) => !setter.key.is_computed(),
                    Prop::Assign(_) => false,
                },
            }),
            Expr::Member(member) => {
                let Some(name) = static_property(&member.prop) else { return false };
                let position = self.held(&member.obj).or_else(|| {
                    let position = self.require_call(&member.obj);
                    found.calls.extend(position);
                    position
                });
                if let Some(position) = position {
                    found.reads.push((position, name));
                } else {
                    self.is_plain(&member.obj, found);
                }
                position.is_some()
            }
            Expr::Call(call) => {
                let Callee::Expr(callee) = &call.callee else { return false };
                if self.makes_symbol(callee) {
                    return call.args.iter().all(|one| one.spread.is_none() && one.expr.is_lit());
                }
                if self.is_plain(callee, found) {
                    self.plain_arguments(&call.args, found);
                }
                false
            }
            Expr::New(new) => {
                let arguments = new.args.as_deref().unwrap_or_default();
                if arguments.is_empty() && self.is_global(&new.callee, COLLECTIONS) {
                    return true;
                }
                if self.is_plain(&new.callee, found) || new.callee.is_ident() {
                    self.plain_arguments(arguments, found);
                }
                false
            }
            Expr::Assign(assign) if assign.op == op!("=") && assign.left.as_ident().is_some() => {
                self.is_plain(&assign.right, found);
                false
            }
            _ => false,
        }
    }

    /// Finds what is required in arguments before anything else happens.
    fn plain_arguments(&self, arguments: &[ExprOrSpread], found: &mut Found) {
        for argument in arguments {
            if argument.spread.is_some() || !self.is_plain(&argument.expr, found) {
                break;
            }
        }
    }

    /// Whether a class does nothing when it is declared, and extends what is always the same.
    fn is_plain_class(&self, class: &Class, found: &mut Found) -> bool {
        let is_plain_key = |key: &PropName| !key.is_computed();
        class.decorators.is_empty()
            && class
                .super_class
                .as_deref()
                .is_none_or(|parent| self.is_global(parent, ERRORS) || self.is_plain(parent, found))
            && class.body.iter().all(|member| match member {
                ClassMember::Constructor(_)
                | ClassMember::PrivateMethod(_)
                | ClassMember::Empty(_) => true,
                ClassMember::Method(method) => {
                    is_plain_key(&method.key) && method.function.decorators.is_empty()
                }
                ClassMember::ClassProp(field) => {
                    is_plain_key(&field.key) && !field.is_static && field.decorators.is_empty()
                }
                ClassMember::PrivateProp(field) => !field.is_static && field.decorators.is_empty(),
                _ => false,
            })
    }

    /// `Symbol`, `Symbol.for`
    fn makes_symbol(&self, callee: &Expr) -> bool {
        match callee {
            Expr::Member(member) => is_global_member(member, "Symbol", "for", self.unresolved),
            other => self.is_global(other, &["Symbol"]),
        }
    }

    fn is_global(&self, expression: &Expr, names: &[&str]) -> bool {
        matches!(expression, Expr::Ident(name)
            if name.ctxt == self.unresolved && names.contains(&name.sym.as_str()))
    }

    /// Whether an expression only defines a property of `exports`.
    fn defines_plainly(&self, expression: &Expr) -> bool {
        defined(expression, self.unresolved).is_some_and(|[object, name, descriptor]| {
            let mut found = Found::default();
            is_exports(object, self.unresolved)
                && constant_string(name).is_some()
                && descriptor.is_object()
                && self.is_plain(descriptor, &mut found)
                && found.calls.is_empty()
                && found.reads.is_empty()
        })
    }

    /// The place of a call of `require`.
    fn require_call(&self, expression: &Expr) -> Option<BytePos> {
        require_call(expression, self.unresolved).map(|(position, _)| position)
    }

    /// `var x = require("x")`, where nothing else is ever assigned to `x`.
    fn holder<'s>(&self, statement: &'s Stmt) -> Option<(&'s Ident, BytePos)> {
        if let Some(found) = self.assigned_require(statement) {
            return self.assigned.contains(&found.0.to_id()).then_some(found);
        }
        let Stmt::Decl(Decl::Var(declaration)) = statement else { return None };
        let [VarDeclarator { name: Pat::Ident(name), init: Some(init), .. }] =
            declaration.decls.as_slice()
        else {
            return None;
        };
        let position = self.require_call(init)?;
        let symbol = &self.module.symbols[*self.module.symbol_of.get(&name.to_id())? as usize];
        (!symbol.is_reassigned && symbol.declared_by.len() == 1).then_some((&name.id, position))
    }

    fn index_of(&mut self, position: BytePos) -> usize {
        *self.required_at.entry(position).or_insert_with(|| {
            self.requires.push(Required {
                position,
                is_first: false,
                reads: 0,
                variable: None,
                is_handed_on: false,
                taken: Taken::default(),
            });
            self.requires.len() - 1
        })
    }

    fn required(&mut self, position: BytePos) -> &mut Required {
        let index = self.index_of(position);
        &mut self.requires[index]
    }

    fn statement(&mut self, index: usize, statement: &'a Stmt) {
        match &self.roles[index] {
            Role::Mark => {}
            Role::Value(value) => {
                let value = *value;
                if self.require_call(value).is_none() {
                    value.visit_with(self);
                }
            }
            Role::Empty(names) => {
                let names = names.clone();
                self.needs_object |= self.value.is_some();
                for name in &names {
                    let slot = self.slot(name);
                    // It is one assignment of several where it comes late.
                    if !self.empty.contains(&index) {
                        self.writes[slot] += 2;
                    }
                }
            }
            Role::Export(name, value) if self.value.is_none() => {
                let (name, value) = (name.clone(), *value);
                let slot = self.slot(&name);
                self.writes[slot] += 1;
                self.slots[slot].assigned_by = Some(index);
                self.slots[slot].ignores_this = self.ignores_this(value);
                value.visit_with(self);
            }
            Role::Getter(name, object, other) if self.is_getter(object) => {
                let (name, other) = (name.clone(), other.clone());
                let at = self.variables[&object.to_id()];
                let slot = self.slot(&name);
                self.writes[slot] += 1;
                self.slots[slot].from = Some((self.requires[at].position, other.clone()));
                self.requires[at].taken.names.insert((other, false));
            }
            Role::Export(..) | Role::Getter(..) | Role::Other => {
                if self.holder(statement).is_some() {
                    return;
                }
                if let Some((position, names)) = self.taken_apart(statement) {
                    let names = names.into_iter().map(|(name, _)| (name, false));
                    self.required(position).taken.names.extend(names);
                    return;
                }
                // `require("x");` takes nothing.
                if let Stmt::Expr(statement) = statement
                    && let Some(position) = self.require_call(&statement.expr)
                {
                    self.required(position);
                    return;
                }
                statement.visit_with(self);
            }
        }
    }

    /// Whether a getter for what stands in a variable can be an export.
    fn is_getter(&self, object: &Ident) -> bool {
        self.value.is_none() && self.variables.contains_key(&object.to_id())
    }

    /// `var { a, b: c } = require("x")`: the names of properties and the variables that take them.
    fn taken_apart(&self, statement: &Stmt) -> Option<(BytePos, Vec<(Atom, Ident)>)> {
        let (call, names) = taken_apart(statement)?;
        Some((self.require_call(call)?, names))
    }

    fn slot(&mut self, name: &Atom) -> usize {
        // The name of the one value.
        self.needs_object |= *name == *MODULE_EXPORTS;
        *self.slot_of.entry(name.clone()).or_insert_with(|| {
            self.slots.push(Slot {
                name: name.clone(),
                assigned_by: None,
                is_read: false,
                ignores_this: false,
                from: None,
            });
            self.writes.push(0);
            self.is_called.push(false);
            self.slots.len() - 1
        })
    }

    /// Whether a value is surely no function that looks at `this`.
    fn ignores_this(&self, value: &Expr) -> bool {
        match value {
            Expr::Arrow(_) | Expr::Lit(_) => true,
            Expr::Fn(function) => !uses_this(&function.function),
            Expr::Ident(ident) => {
                let symbol = self.module.symbol_of.get(&ident.to_id());
                symbol.is_some_and(|symbol| !self.module.symbols[*symbol as usize].is_reassigned)
                    && self.functions.get(&ident.to_id()) == Some(&false)
            }
            _ => false,
        }
    }

    /// `exports.name`, read or called.
    fn reads_export(&mut self, name: &Atom, is_called: bool) {
        let slot = self.slot(name);
        self.slots[slot].is_read = true;
        self.is_called[slot] |= is_called;
    }

    fn shape(mut self, source: &str) -> Shape {
        let says_so = source.contains("__esModule");
        let is_known = match self.value {
            Some(Expr::Fn(_) | Expr::Arrow(_) | Expr::Class(_) | Expr::Lit(_)) | None => true,
            Some(Expr::Object(object)) => object.props.iter().all(PropOrSpread::is_prop),
            Some(Expr::Ident(ident)) => self.functions.contains_key(&ident.to_id()),
            Some(_) => false,
        };
        // What is read before it is set, or while it is made, is what `exports` was at first.
        self.needs_object |= self.reads_value && !self.value_is_first;
        for (index, slot) in self.slots.iter_mut().enumerate() {
            // What nothing assigns is an object's own, such as `hasOwnProperty`.
            self.needs_object |= self.writes[index] == 0 && slot.is_read;
            self.needs_object |= slot.from.is_some() && (self.writes[index] != 1 || slot.is_read);
            if self.writes[index] != 1 {
                slot.assigned_by = None;
                slot.ignores_this = false;
            }
            // A method of `exports` would see that as `this`.
            self.needs_object |= self.is_called[index] && !slot.ignores_this;
        }
        let object_marked = match (self.is_marked, says_so) {
            (true, _) if !self.sets_value => Marked::Yes,
            (false, false) if !self.sets_value || is_known => Marked::No,
            _ => Marked::Maybe,
        };
        let exports = match self.value {
            None if !self.needs_object => FlatExports::Names { marked: object_marked },
            _ => FlatExports::Value { marked: object_marked },
        };
        // Those of variables were found first; what follows asks what comes before what.
        self.requires.sort_by_key(|required| required.position);
        Shape {
            exports: (!self.is_closed).then_some(exports),
            needs_object: self.needs_object,
            object_marked,
            sets_value: self.sets_value,
            sets_exports: self.sets_exports,
            slots: self.slots,
            slot_of: self.slot_of,
            empty: self.empty,
            requires: self.requires,
            is_inert: self.is_inert && self.reads.is_empty(),
            reads: self.reads,
            reads_value: self.reads_value,
        }
    }

    /// Notes that `exports` or `module.exports` stands for the one value here, or for an object.
    fn mentions_value(&mut self, is_alias: bool) {
        if self.value.is_some() && (!is_alias || self.is_aliased) {
            self.reads_value = true;
        } else {
            self.needs_object = true;
        }
    }
}

impl Visit for Finder<'_> {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        if ident.ctxt == self.unresolved {
            match ident.sym.as_str() {
                "exports" => self.mentions_value(true),
                "module" | "require" => self.is_closed = true,
                "arguments" => self.is_closed |= self.arguments_depth == 0,
                _ => {}
            }
        } else if let Some(index) = self.variables.get(&ident.to_id()) {
            self.requires[*index].taken.is_whole = true;
        }
    }

    // What is declared is not used.
    fn visit_binding_ident(&mut self, _: &BindingIdent) {}

    fn visit_expr(&mut self, expression: &Expr) {
        let is_called = std::mem::take(&mut self.is_callee);
        if let Some(position) = self.require_call(expression) {
            self.required(position).taken.is_whole = true;
            return;
        }
        let Expr::Member(member) = expression else {
            self.is_callee = is_called && expression.is_paren();
            expression.visit_children_with(self);
            return;
        };
        if is_exports(expression, self.unresolved) {
            self.mentions_value(false);
            return;
        }
        let name = static_property(&member.prop);
        if is_exports(&member.obj, self.unresolved) {
            if self.value.is_some() {
                self.mentions_value(member.obj.is_ident());
                member.prop.visit_with(self);
            } else if let Some(name) = name.filter(|name| *name != *"__esModule") {
                self.reads_export(&name, is_called);
            } else {
                self.needs_object = true;
                member.prop.visit_with(self);
            }
            return;
        }
        if let Some((root, names)) = static_chain(member)
            && let Some(index) = self.variables.get(&root.to_id())
        {
            let is_method = is_called && names.len() == 1;
            self.requires[*index].taken.names.insert((names[0].clone(), is_method));
            return;
        }
        if let (Some(name), Some(position)) = (name, self.require_call(&member.obj)) {
            self.required(position).taken.names.insert((name, is_called));
            return;
        }
        expression.visit_children_with(self);
    }

    fn visit_callee(&mut self, callee: &Callee) {
        self.is_callee = callee.is_expr();
        callee.visit_children_with(self);
        self.is_callee = false;
    }

    fn visit_opt_call(&mut self, call: &OptCall) {
        self.is_callee = true;
        call.callee.visit_with(self);
        self.is_callee = false;
        call.args.visit_with(self);
    }

    fn visit_tagged_tpl(&mut self, template: &TaggedTpl) {
        self.is_callee = true;
        template.tag.visit_with(self);
        self.is_callee = false;
        template.tpl.visit_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Member(member))
                if is_exports(&member.obj, self.unresolved) && self.value.is_none() =>
            {
                let name = static_property(&member.prop).filter(|name| *name != *"__esModule");
                if let Some(name) = name {
                    let slot = self.slot(&name);
                    self.writes[slot] += 2;
                    self.slots[slot].is_read |= assign.op != op!("=");
                } else {
                    self.needs_object = true;
                    member.prop.visit_with(self);
                }
            }
            AssignTarget::Simple(SimpleAssignTarget::Member(member))
                if is_global_member(member, "module", "exports", self.unresolved) =>
            {
                self.needs_object = true;
                self.sets_value = true;
                // Who holds the value before would see another.
                self.is_closed |= self.function_depth > 0;
            }
            // What is written to is not only read: who holds the object sees it.
            AssignTarget::Simple(SimpleAssignTarget::Member(member)) => {
                member.visit_children_with(self);
            }
            AssignTarget::Simple(SimpleAssignTarget::Ident(name)) => {
                let is_global = name.ctxt == self.unresolved;
                if is_global && name.sym == *"exports" {
                    self.needs_object = true;
                    self.sets_exports = true;
                    self.is_closed |= self.function_depth > 0;
                }
                self.is_closed |= is_global && matches!(name.sym.as_str(), "module" | "require");
            }
            AssignTarget::Simple(other) => other.visit_with(self),
            AssignTarget::Pat(pattern) => self.changes(pattern, true),
        }
        assign.right.visit_with(self);
    }

    fn visit_return_stmt(&mut self, statement: &ReturnStmt) {
        // Only a closure can be left.
        self.is_closed |= self.function_depth == 0;
        statement.visit_children_with(self);
    }

    fn visit_function(&mut self, function: &Function) {
        self.function_depth += 1;
        self.arguments_depth += 1;
        function.visit_children_with(self);
        self.arguments_depth -= 1;
        self.function_depth -= 1;
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.function_depth += 1;
        arrow.visit_children_with(self);
        self.function_depth -= 1;
    }

    fn visit_constructor(&mut self, constructor: &Constructor) {
        self.function_depth += 1;
        self.arguments_depth += 1;
        constructor.visit_children_with(self);
        self.arguments_depth -= 1;
        self.function_depth -= 1;
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        self.changes(&*update.arg, false);
    }

    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        if unary.op == UnaryOp::Delete {
            self.changes(&*unary.arg, false);
        } else {
            unary.visit_children_with(self);
        }
    }

    fn visit_pat(&mut self, pattern: &Pat) {
        match pattern {
            Pat::Expr(target) => self.changes(&**target, true),
            other => other.visit_children_with(self),
        }
    }
}

impl Finder<'_> {
    /// Where an export is changed by more than an assignment, it stays a property.
    fn changes<T>(&mut self, node: &T, is_pattern: bool)
    where
        T: VisitWith<Self> + for<'x> VisitWith<Changed<'x>>,
    {
        let mut changed =
            Changed { unresolved: self.unresolved, variables: &self.variables, found: Vec::new() };
        node.visit_with(&mut changed);
        for required in changed.found {
            if let Some(index) = required {
                self.requires[index].taken.is_whole = true;
            } else {
                self.needs_object = true;
                // In a pattern, it may be the name itself.
                self.is_closed |= is_pattern;
            }
        }
        node.visit_with(self);
    }
}

/// How often variables are written to.
struct Writes(FxHashMap<Id, u32>);

impl Writes {
    fn add(&mut self, ident: &Ident) {
        if let Some(count) = self.0.get_mut(&ident.to_id()) {
            *count += 1;
        }
    }
}

impl Visit for Writes {
    noop_visit_type!();

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(name)) => self.add(&name.id),
            AssignTarget::Simple(_) => {}
            AssignTarget::Pat(pattern) => pattern.visit_with(&mut Targets(self)),
        }
        assign.visit_children_with(self);
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        update.visit_with(&mut Targets(self));
    }

    fn visit_for_head(&mut self, head: &ForHead) {
        head.visit_with(&mut Targets(self));
    }
}

/// All names in what is written to.
struct Targets<'a>(&'a mut Writes);

impl Visit for Targets<'_> {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        self.0.add(ident);
    }
}

/// Whether `exports`, `module` or what a call of `require` gave stands in what is changed.
struct Changed<'a> {
    unresolved: SyntaxContext,
    variables: &'a FxHashMap<Id, usize>,
    /// The calls of `require`; none for `exports` and `module`.
    found: Vec<Option<usize>>,
}

impl Visit for Changed<'_> {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        if ident.ctxt == self.unresolved && matches!(ident.sym.as_str(), "exports" | "module") {
            self.found.push(None);
        } else if let Some(index) = self.variables.get(&ident.to_id()) {
            self.found.push(Some(*index));
        }
    }
}
