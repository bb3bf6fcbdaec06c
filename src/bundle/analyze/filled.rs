//! Statements that only fill what a declaration made: `X.a = 1`, `X.prototype.f = function () {}`,
//! `Object.assign(X, { … })`. Nobody can see what they do but who holds `X`, so they are part of declaring it, as
//! filling a TypeScript namespace is.

use rustc_hash::FxHashMap;
use swc_core::atoms::Atom;
use swc_core::common::SyntaxContext;
use swc_core::ecma::ast::*;

use crate::bundle::graph::Module;
use crate::bundle::meaning::Judge;
use crate::bundle::syntax::{static_property, unwrapped};

/// How far up parents of a class are looked at.
const MOST_PARENTS: usize = 64;

/// Variables of a module that hold an object of their own from their declaration on.
pub(crate) struct OwnObjects {
    /// By variable: whether what stands in its `prototype` is its own, too.
    list: FxHashMap<Id, HasPrototype>,
    /// What some of them extend.
    parents: FxHashMap<Id, Id>,
    /// Properties that are no plain ones, by the object that has them: assigning to them may run code or throw.
    special: FxHashMap<Object, Special>,
}

/// Properties by name, with the statement that made them so; no name stands for all.
struct Special {
    /// The first of these statements.
    since: usize,
    by_name: FxHashMap<Option<Atom>, usize>,
}

type HasPrototype = bool;

/// A variable's object, or that in its `prototype`.
type Object = (Id, IsPrototype);
type IsPrototype = bool;

impl OwnObjects {
    /// Looks at all declarations of a module. Objects with accessors are left out: filling them runs code.
    pub(crate) fn of(body: &[Stmt], module: &Module, unresolved: SyntaxContext) -> Self {
        let mut own = Self {
            list: FxHashMap::default(),
            parents: FxHashMap::default(),
            special: FxHashMap::default(),
        };
        for statement in body {
            let (ident, has_prototype) = match statement {
                Stmt::Decl(Decl::Fn(function)) => (&function.ident, true),
                Stmt::Decl(Decl::Class(class)) if own.is_plain_class(&class.class) => {
                    (&class.ident, true)
                }
                Stmt::Decl(Decl::Var(declaration)) => match declaration.decls.as_slice() {
                    [VarDeclarator { name: Pat::Ident(ident), init: Some(init), .. }] => {
                        match &**init {
                            Expr::Fn(_) => (&ident.id, true),
                            Expr::Class(class) if own.is_plain_class(&class.class) => {
                                (&ident.id, true)
                            }
                            Expr::Arrow(_) | Expr::Array(_) => (&ident.id, false),
                            Expr::Object(object) if is_plain_object(object) => (&ident.id, false),
                            _ => continue,
                        }
                    }
                    _ => continue,
                },
                _ => continue,
            };
            let symbol = module.symbol_of.get(&ident.to_id());
            if symbol.is_some_and(|symbol| !module.symbols[*symbol as usize].is_reassigned) {
                own.list.insert(ident.to_id(), has_prototype);
            }
        }
        // `X.prototype = Y.prototype`: what fills the one fills the other.
        for statement in body {
            if let Some(assign) = assignment(statement)
                && let Some(target) = assigned_member(assign)
                && let (Expr::Ident(ident), Some("prototype")) =
                    (&*target.obj, static_property(&target.prop).as_deref())
                && !is_new_object(&assign.right, unresolved)
                && let Some(has_prototype) = own.list.get_mut(&ident.to_id())
            {
                *has_prototype = false;
            }
        }
        for (index, statement) in body.iter().enumerate() {
            own.note_special(index, statement, unresolved);
        }
        own
    }

    /// Notes setters of classes, and what `Object.defineProperty`, `Object.freeze` and the like do to objects.
    fn note_special(&mut self, index: usize, statement: &Stmt, unresolved: SyntaxContext) {
        let class = match statement {
            Stmt::Decl(Decl::Class(class)) => Some((&class.ident, &*class.class)),
            Stmt::Decl(Decl::Var(declaration)) => match declaration.decls.as_slice() {
                [VarDeclarator { name: Pat::Ident(ident), init: Some(init), .. }] => {
                    match &**init {
                        Expr::Class(class) => Some((&ident.id, &*class.class)),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        };
        if let Some((ident, class)) = class {
            if let Some(Expr::Ident(parent)) = class.super_class.as_deref() {
                self.parents.insert(ident.to_id(), parent.to_id());
            }
            let names: Vec<Option<Atom>> = class
                .body
                .iter()
                .filter_map(|member| match member {
                    ClassMember::Method(method) if method.kind != MethodKind::Method => {
                        Some(key_name(&method.key))
                    }
                    ClassMember::AutoAccessor(accessor) => match &accessor.key {
                        Key::Public(key) => Some(key_name(key)),
                        Key::Private(_) => None,
                    },
                    _ => None,
                })
                .collect();
            self.add_special((ident.to_id(), true), names, index);
        }
        if let Some(assign) = assignment(statement)
            && let Some(target) = assigned_member(assign)
            && let (Expr::Ident(ident), Some("prototype")) =
                (&*target.obj, static_property(&target.prop).as_deref())
            && let Expr::Call(create) = &*assign.right
            && let Some(ExprOrSpread { spread: None, expr }) = create.args.first()
            && let Expr::Member(parent) = &**expr
            && let Expr::Ident(parent) = &*parent.obj
        {
            self.parents.insert(ident.to_id(), parent.to_id());
        }
        let Stmt::Expr(statement) = statement else { return };
        let Expr::Call(call) = &*statement.expr else { return };
        let Some(function) = function_of_object(call, unresolved) else { return };
        let Some((first, rest)) = call.args.split_first() else { return };
        let Some(object) = self.object(&first.expr) else { return };
        let names = match (function.as_str(), rest) {
            ("assign", _) => return,
            ("defineProperty", [key, ..]) => vec![match &*key.expr {
                Expr::Lit(Lit::Str(name)) => name.value.as_str().map(Atom::from),
                _ => None,
            }],
            ("defineProperties", [descriptors]) => match &*descriptors.expr {
                Expr::Object(object) => object.props.iter().map(property_name).collect(),
                _ => vec![None],
            },
            _ => vec![None],
        };
        self.add_special(object, names, index);
    }

    fn add_special(&mut self, object: Object, names: Vec<Option<Atom>>, index: usize) {
        if names.is_empty() {
            return;
        }
        let new = || Special { since: index, by_name: FxHashMap::default() };
        let special = self.special.entry(object).or_insert_with(new);
        for name in names {
            special.by_name.entry(name).or_insert(index);
        }
    }

    /// The variable and its part that `expression` stands for.
    fn object(&self, expression: &Expr) -> Option<Object> {
        let ident = self.owner(expression)?;
        Some((ident.to_id(), !matches!(unwrapped(expression), Expr::Ident(_))))
    }

    /// Whether assigning to a property in a statement does nothing but that.
    fn is_plain_property(&self, object: Object, name: Option<&str>, index: usize) -> bool {
        let (mut id, is_prototype) = object;
        let name = name.map(Atom::from);
        // Nobody writes longer chains of classes, and one that is a circle does not load.
        for _ in 0..MOST_PARENTS {
            if let Some(special) = self.special.get(&(id.clone(), is_prototype)) {
                let is_before =
                    |name: &Option<Atom>| special.by_name.get(name).is_some_and(|at| *at < index);
                if is_before(&None) || is_before(&name) || (name.is_none() && special.since < index)
                {
                    return false;
                }
            }
            match self.parents.get(&id) {
                Some(parent) => id = parent.clone(),
                None => return true,
            }
        }
        false
    }

    /// A class without accessors of its own or of the classes it extends.
    fn is_plain_class(&self, class: &Class) -> bool {
        let extends_plain = match class.super_class.as_deref() {
            None | Some(Expr::Lit(Lit::Null(_))) => true,
            Some(Expr::Ident(parent)) => self.list.contains_key(&parent.to_id()),
            Some(_) => false,
        };
        extends_plain
            && class.body.iter().all(|member| match member {
                ClassMember::Method(method) => {
                    method.kind == MethodKind::Method || !method.is_static
                }
                ClassMember::AutoAccessor(accessor) => !accessor.is_static,
                _ => true,
            })
    }

    /// The variable whose object is `expression`: `X`, or `X.prototype`.
    fn owner<'a>(&self, expression: &'a Expr) -> Option<&'a Ident> {
        match expression {
            Expr::Paren(paren) => self.owner(&paren.expr),
            Expr::Ident(ident) => self.list.contains_key(&ident.to_id()).then_some(ident),
            Expr::Member(member) => match &*member.obj {
                Expr::Ident(ident)
                    if static_property(&member.prop).is_some_and(|name| name == *"prototype") =>
                {
                    self.list.get(&ident.to_id()).is_some_and(|own| *own).then_some(ident)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The variables that a statement fills, when that is all it does; none otherwise. What the values it fills them
    /// with do is judged by `judge`, which may ask for more in `pure_if`.
    pub(crate) fn filled(&self, judge: &Judge<'_>, index: usize, statement: &Stmt) -> Vec<Id> {
        if let Some(namespace) = filled_namespace(judge, statement) {
            return vec![namespace.to_id()];
        }
        judge.pure_if.take();
        let Stmt::Expr(statement) = statement else { return Vec::new() };
        let mut owners = Vec::new();
        let fills = match &*statement.expr {
            Expr::Assign(assign) => self.assigns(judge, index, assign, &mut owners),
            Expr::Call(call) => self.calls(judge, call, &mut owners),
            _ => false,
        };
        if !fills {
            judge.pure_if.take();
            return Vec::new();
        }
        owners
    }

    /// `X.a = value`, `X.prototype.a = X.prototype.b = value`
    fn assigns(
        &self,
        judge: &Judge<'_>,
        index: usize,
        assign: &AssignExpr,
        owners: &mut Vec<Id>,
    ) -> bool {
        let Some(target) = assigned_member(assign) else { return false };
        let Some(object) = self.object(&target.obj) else { return false };
        let owner = object.0.clone();
        let is_plain = match &target.prop {
            MemberProp::Ident(name) => name.sym != *"__proto__",
            MemberProp::Computed(computed) => judge.is_plain_key(&computed.expr),
            MemberProp::PrivateName(_) => false,
        };
        owners.push(owner);
        is_plain
            && self.is_plain_property(object, static_property(&target.prop).as_deref(), index)
            && match &*assign.right {
                Expr::Assign(inner) => self.assigns(judge, index, inner, owners),
                value => self.value(judge, value),
            }
    }

    /// `Object.assign(X, { … })`, `Object.defineProperty(X, "a", { … })`, `Object.freeze(X)` and the like.
    fn calls(&self, judge: &Judge<'_>, call: &CallExpr, owners: &mut Vec<Id>) -> bool {
        let Some(function) = function_of_object(call, judge.unresolved) else { return false };
        let Some((first, rest)) = call.args.split_first() else { return false };
        let Some(owner) = self.owner(&first.expr) else { return false };
        if call.args.iter().any(|argument| argument.spread.is_some()) {
            return false;
        }
        owners.push(owner.to_id());
        match (function.as_str(), rest) {
            ("freeze" | "seal" | "preventExtensions", []) => true,
            ("assign", sources) => sources.iter().all(|source| {
                matches!(&*source.expr, Expr::Object(object) if is_plain_object(object))
                    && judge.expression(&source.expr)
            }),
            ("defineProperty", [key, descriptor]) => {
                judge.is_plain_key(&key.expr)
                    && matches!(&*descriptor.expr, Expr::Object(object) if is_plain_object(object))
                    && judge.expression(&descriptor.expr)
            }
            ("defineProperties", [descriptors]) => match &*descriptors.expr {
                Expr::Object(object) => {
                    object.props.iter().all(|property| {
                        matches!(property, PropOrSpread::Prop(property)
                            if matches!(&**property, Prop::KeyValue(pair)
                                if matches!(&*pair.value, Expr::Object(object) if is_plain_object(object))))
                    }) && judge.expression(&descriptors.expr)
                }
                _ => false,
            },
            ("setPrototypeOf", [parent]) => self.value(judge, &parent.expr),
            _ => false,
        }
    }

    /// A value that is only taken: what is pure, and what stands in an object of the module's own.
    fn value(&self, judge: &Judge<'_>, value: &Expr) -> bool {
        match value {
            Expr::Member(member) if self.owner(&member.obj).is_some() => match &member.prop {
                MemberProp::Ident(_) => true,
                MemberProp::Computed(computed) => judge.is_plain_key(&computed.expr),
                MemberProp::PrivateName(_) => false,
            },
            Expr::Member(member) if matches!(&*member.obj, Expr::Ident(_)) => {
                static_property(&member.prop).is_some_and(|name| name == *"prototype")
                    && judge.expression(&member.obj)
            }
            value
                if is_new_object(value, judge.unresolved) && !matches!(value, Expr::Object(_)) =>
            {
                matches!(value, Expr::Call(call) if call.args.iter().all(|argument|
                    argument.spread.is_none() && self.value(judge, &argument.expr)))
            }
            value => judge.expression(value),
        }
    }
}

/// The name of the function in `Object.name(…)`.
fn function_of_object(call: &CallExpr, unresolved: SyntaxContext) -> Option<String> {
    let Callee::Expr(callee) = &call.callee else { return None };
    let Expr::Member(callee) = &**callee else { return None };
    let is_object = matches!(&*callee.obj, Expr::Ident(object)
        if object.sym == *"Object" && object.ctxt == unresolved);
    static_property(&callee.prop).filter(|_| is_object).map(|name| name.to_string())
}

fn property_name(property: &PropOrSpread) -> Option<Atom> {
    match property {
        PropOrSpread::Prop(property) => match &**property {
            Prop::KeyValue(pair) => key_name(&pair.key),
            _ => None,
        },
        PropOrSpread::Spread(_) => None,
    }
}

fn key_name(key: &PropName) -> Option<Atom> {
    match key {
        PropName::Ident(name) => Some(name.sym.clone()),
        PropName::Str(name) => name.value.as_str().map(Atom::from),
        _ => None,
    }
}

fn assignment(statement: &Stmt) -> Option<&AssignExpr> {
    match statement {
        Stmt::Expr(statement) => match &*statement.expr {
            Expr::Assign(assign) => Some(assign),
            _ => None,
        },
        _ => None,
    }
}

/// The member that `=` assigns to.
fn assigned_member(assign: &AssignExpr) -> Option<&MemberExpr> {
    match &assign.left {
        AssignTarget::Simple(SimpleAssignTarget::Member(member)) if assign.op == op!("=") => {
            Some(member)
        }
        _ => None,
    }
}

/// An object literal, or `Object.create(…)`.
fn is_new_object(expression: &Expr, unresolved: SyntaxContext) -> bool {
    match expression {
        Expr::Object(object) => is_plain_object(object),
        Expr::Call(call) => {
            matches!(&call.callee, Callee::Expr(callee)
                if matches!(&**callee, Expr::Member(member)
                    if matches!(&*member.obj, Expr::Ident(object) if object.sym == *"Object" && object.ctxt == unresolved)
                        && static_property(&member.prop).is_some_and(|name| name == *"create")))
                && call.args.len() == 1
        }
        _ => false,
    }
}

/// An object literal without accessors and `__proto__`.
fn is_plain_object(object: &ObjectLit) -> bool {
    object.props.iter().all(|property| match property {
        PropOrSpread::Prop(property) => match &**property {
            Prop::KeyValue(pair) => match &pair.key {
                PropName::Ident(name) => name.sym != *"__proto__",
                PropName::Str(name) => name.value.as_str() != Some("__proto__"),
                _ => true,
            },
            Prop::Shorthand(_) | Prop::Method(_) => true,
            _ => false,
        },
        PropOrSpread::Spread(_) => false,
    })
}

/// The variable that a TypeScript namespace fills: `(function(N) { … })(N || (N = {}))`, when filling it is all that
/// the function does.
fn filled_namespace<'a>(judge: &Judge<'_>, statement: &'a Stmt) -> Option<&'a Ident> {
    let (argument, function) = namespace_call(statement)?;
    // `N || (N = {})`
    let (Expr::Ident(target), value) = or_assigned(argument)? else { return None };
    let is_target = matches!(value.left.as_ident(), Some(name) if name.to_id() == target.to_id());
    (is_target && is_pure_namespace_body(judge, function)).then_some(target)
}

/// `x` and `y = {}` of `x || (y = {})`.
fn or_assigned(argument: &Expr) -> Option<(&Expr, &AssignExpr)> {
    match argument {
        Expr::Bin(binary) if binary.op == op!("||") => match unwrapped(&binary.right) {
            Expr::Assign(value)
                if value.op == op!("=")
                    && matches!(&*value.right, Expr::Object(object) if object.props.is_empty()) =>
            {
                Some((&*binary.left, value))
            }
            _ => None,
        },
        _ => None,
    }
}

fn namespace_call(statement: &Stmt) -> Option<(&Expr, &Function)> {
    let Stmt::Expr(statement) = statement else { return None };
    let Expr::Call(call) = unwrapped(&statement.expr) else { return None };
    let Callee::Expr(callee) = &call.callee else { return None };
    match (unwrapped(callee), call.args.as_slice()) {
        (Expr::Fn(function), [argument])
            if argument.spread.is_none() && function.function.params.len() == 1 =>
        {
            Some((&*argument.expr, &function.function))
        }
        _ => None,
    }
}

fn is_pure_namespace_body(judge: &Judge<'_>, function: &Function) -> bool {
    let Some(Pat::Ident(parameter)) = function.params.first().map(|parameter| &parameter.pat)
    else {
        return false;
    };
    let Some(body) = &function.body else { return false };
    let is_parameter = |expression: &Expr| matches!(expression, Expr::Ident(ident) if ident.to_id() == parameter.to_id());
    let is_local = |name: &Ident| {
        body.stmts.iter().any(|statement| {
            matches!(statement, Stmt::Decl(Decl::Var(declaration))
                if declaration.decls.iter().any(|one|
                    matches!(one.name.as_ident(), Some(local) if local.to_id() == name.to_id())))
        })
    };
    body.stmts.iter().all(|statement| match statement {
        Stmt::Expr(inner) => match &*inner.expr {
            // `N.name = value`
            Expr::Assign(assign) if assign.op == op!("=") => {
                matches!(&assign.left, AssignTarget::Simple(SimpleAssignTarget::Member(member))
                    if is_parameter(&member.obj) && !matches!(member.prop, MemberProp::Computed(_)))
                    && judge.expression(&assign.right)
            }
            _ => namespace_call(statement).is_some_and(|(argument, nested)| {
                is_inner(argument, &is_parameter, &is_local)
                    && is_pure_namespace_body(judge, nested)
            }),
        },
        Stmt::Decl(_) | Stmt::Empty(_) => judge.statement(statement),
        _ => false,
    })
}

/// What a namespace in a namespace is called with: `inner = N.inner || (N.inner = {})`, or the same without the variable.
fn is_inner(
    argument: &Expr,
    is_outer: &impl Fn(&Expr) -> bool,
    is_local: &impl Fn(&Ident) -> bool,
) -> bool {
    let argument = match argument {
        Expr::Assign(assign)
            if assign.op == op!("=")
                && assign.left.as_ident().is_some_and(|name| is_local(name)) =>
        {
            unwrapped(&assign.right)
        }
        other => other,
    };
    let is_member = |member: &MemberExpr| {
        is_outer(&member.obj) && !matches!(member.prop, MemberProp::Computed(_))
    };
    matches!(or_assigned(argument), Some((Expr::Member(member), value))
        if is_member(member)
            && matches!(&value.left, AssignTarget::Simple(SimpleAssignTarget::Member(member))
                if is_member(member)))
}
