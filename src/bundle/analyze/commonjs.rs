//! What `CommonJS` writes: `exports.name = value`, `module.exports = value`, `require("x")` and what tools make of modules;
//! and which of a module's exports can be dropped.

use swc_core::atoms::Atom;
use swc_core::common::{BytePos, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use crate::bundle::graph::Module;
use crate::bundle::meaning::Judge;
use crate::bundle::options::Options;
use crate::bundle::syntax::{constant_string, static_property};

/// Notes statements of a `CommonJS` module that only assign an export. When `exports` and `module` stand nowhere else,
/// those nobody takes can be dropped.
pub(crate) fn record_exports(
    module: &mut Module,
    body: &[Stmt],
    judge: &Judge<'_>,
    options: &Options,
) {
    let mut uses = 0;
    for (index, statement) in body.iter().enumerate() {
        uses += count_exports_uses(statement, judge.unresolved);
        if is_esmodule_mark(statement, judge.unresolved) {
            uses -= 1;
        } else if let Some((name, value)) = assigned_export(statement, judge.unresolved) {
            uses -= 1;
            let pure = judge.expression(value) && judge.pure_if.take().is_empty();
            if pure && options.tree_shaking {
                module.statements[index].assigns_export = Some(name);
                module.statements[index].has_side_effects = false;
            }
        }
    }
    module.has_plain_exports = uses == 0 && !module.uses_top_level_this && !module.has_direct_eval;
    if !module.has_plain_exports {
        for statement in &mut module.statements {
            statement.has_side_effects |=
                statement.assigns_export.take().is_some() || module.has_direct_eval;
        }
    }
}

pub(crate) fn is_exports(expression: &Expr, unresolved: SyntaxContext) -> bool {
    match expression {
        Expr::Ident(ident) => ident.sym == *"exports" && ident.ctxt == unresolved,
        Expr::Member(member) => {
            matches!(&*member.obj, Expr::Ident(ident) if ident.sym == *"module" && ident.ctxt == unresolved)
                && static_property(&member.prop).is_some_and(|name| name == *"exports")
        }
        _ => false,
    }
}

/// `exports.name = value`, `module.exports.name = value`
pub(crate) fn assigned_export(
    statement: &Stmt,
    unresolved: SyntaxContext,
) -> Option<(Atom, &Expr)> {
    let Stmt::Expr(statement) = statement else { return None };
    let Expr::Assign(assign) = &*statement.expr else { return None };
    let AssignTarget::Simple(SimpleAssignTarget::Member(member)) = &assign.left else {
        return None;
    };
    let name = static_property(&member.prop)?;
    let is_plain =
        assign.op == op!("=") && is_exports(&member.obj, unresolved) && name != *"__esModule";
    is_plain.then_some((name, &*assign.right))
}

/// `Object.defineProperty(exports, "__esModule", { value: true })`, `exports.__esModule = true`
pub(crate) fn is_esmodule_mark(statement: &Stmt, unresolved: SyntaxContext) -> bool {
    let Stmt::Expr(statement) = statement else { return false };
    if let Some([object, name, Expr::Object(descriptor)]) = defined(&statement.expr, unresolved) {
        return is_exports(object, unresolved)
            && constant_string(name).is_some_and(|name| name == *"__esModule")
            && descriptor.props.iter().all(|property| {
                matches!(property, PropOrSpread::Prop(property)
                    if matches!(&**property, Prop::KeyValue(pair)
                        if pair.key.as_ident().is_some_and(|key| key.sym != *"value")
                            && pair.value.is_lit()
                            || is_true(&pair.value)))
            })
            && !descriptor.props.is_empty();
    }
    matches!(&*statement.expr, Expr::Assign(assign)
        if assign.op == op!("=")
            && is_true(&assign.right)
            && matches!(&assign.left, AssignTarget::Simple(SimpleAssignTarget::Member(member))
                if is_exports(&member.obj, unresolved)
                    && static_property(&member.prop).is_some_and(|name| name == *"__esModule")))
}

/// `true`, `!0`
fn is_true(value: &Expr) -> bool {
    match value {
        Expr::Lit(Lit::Bool(value)) => value.value,
        Expr::Unary(UnaryExpr { op: op!("!"), arg, .. }) => {
            matches!(&**arg, Expr::Lit(Lit::Num(number)) if number.value == 0.0)
        }
        _ => false,
    }
}

/// How often a statement mentions `exports` or `module`.
fn count_exports_uses(statement: &Stmt, unresolved: SyntaxContext) -> i64 {
    struct Counter(i64, SyntaxContext);
    impl Visit for Counter {
        noop_visit_type!();
        fn visit_ident(&mut self, ident: &Ident) {
            if ident.ctxt == self.1 && matches!(ident.sym.as_str(), "exports" | "module") {
                self.0 += 1;
            }
        }
    }
    let mut counter = Counter(0, unresolved);
    statement.visit_with(&mut counter);
    counter.0
}

/// `require("x")`: the place of the call, and what is required.
pub(crate) fn require_call(
    expression: &Expr,
    unresolved: SyntaxContext,
) -> Option<(BytePos, Atom)> {
    let Expr::Call(call) = expression else { return None };
    let Callee::Expr(callee) = &call.callee else { return None };
    let [ExprOrSpread { spread: None, expr }] = call.args.as_slice() else { return None };
    matches!(&**callee, Expr::Ident(name) if name.sym == *"require" && name.ctxt == unresolved)
        .then_some(())?;
    Some((call.span.lo, constant_string(expr)?))
}

/// `var { a, b: c } = value`: the value, the names of properties and the variables that take them.
pub(crate) fn taken_apart(statement: &Stmt) -> Option<(&Expr, Vec<(Atom, Ident)>)> {
    let Stmt::Decl(Decl::Var(declaration)) = statement else { return None };
    let [VarDeclarator { name: Pat::Object(pattern), init: Some(init), .. }] =
        declaration.decls.as_slice()
    else {
        return None;
    };
    let names = pattern.props.iter().map(|property| match property {
        ObjectPatProp::Assign(assign) if assign.value.is_none() => {
            Some((assign.key.sym.clone(), assign.key.id.clone()))
        }
        ObjectPatProp::KeyValue(pair) => match (&pair.key, &*pair.value) {
            (PropName::Ident(key), Pat::Ident(name)) => Some((key.sym.clone(), name.id.clone())),
            (PropName::Str(key), Pat::Ident(name)) => {
                Some((key.value.as_str()?.into(), name.id.clone()))
            }
            _ => None,
        },
        _ => None,
    });
    Some((init, names.collect::<Option<Vec<_>>>()?))
}

/// `module.exports = value`, and whether `exports` is set to the same.
pub(crate) fn assigned_value(statement: &Stmt, unresolved: SyntaxContext) -> Option<(&Expr, bool)> {
    let Stmt::Expr(statement) = statement else { return None };
    let (mut has_module, mut has_exports) = (false, false);
    let mut value = &*statement.expr;
    while let Expr::Assign(assign) = value
        && assign.op == op!("=")
    {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(name))
                if name.sym == *"exports" && name.ctxt == unresolved =>
            {
                has_exports = true;
            }
            AssignTarget::Simple(SimpleAssignTarget::Member(member))
                if is_global_member(member, "module", "exports", unresolved) =>
            {
                has_module = true;
            }
            _ => break,
        }
        value = &assign.right;
    }
    has_module.then_some((value, has_exports))
}

/// `Object.defineProperty(exports, "name", { enumerable: true, get: function () { return object.other; } })`
pub(crate) fn getter(statement: &Stmt, unresolved: SyntaxContext) -> Option<(Atom, &Ident, Atom)> {
    let Stmt::Expr(statement) = statement else { return None };
    let [object, name, descriptor] = defined(&statement.expr, unresolved)?;
    if !is_exports(object, unresolved) {
        return None;
    }
    let Expr::Object(descriptor) = descriptor else { return None };
    let mut value = None;
    for property in &descriptor.props {
        let property = property.as_prop()?;
        match &**property {
            Prop::KeyValue(pair) if pair.key.is_ident() => {
                match pair.key.as_ident()?.sym.as_str() {
                    "enumerable" if matches!(&*pair.value, Expr::Lit(Lit::Bool(_))) => {}
                    "get" => value = returned(&pair.value),
                    _ => return None,
                }
            }
            Prop::Method(method) if method.key.as_ident()?.sym == *"get" => {
                value = returned_by(&method.function);
            }
            _ => return None,
        }
    }
    let Expr::Member(member) = value? else { return None };
    Some((constant_string(name)?, member.obj.as_ident()?, static_property(&member.prop)?))
}

/// What a function returns, if that is all that it does.
fn returned(function: &Expr) -> Option<&Expr> {
    match function {
        Expr::Fn(function) => returned_by(&function.function),
        Expr::Arrow(arrow) if !arrow.is_async => match &*arrow.body {
            ArrowFunctionBody::Expr(value) => Some(value),
            ArrowFunctionBody::FunctionBody(body) => match body.stmts.as_slice() {
                [Stmt::Return(statement)] => statement.arg.as_deref(),
                _ => None,
            },
        },
        _ => None,
    }
}

fn returned_by(function: &Function) -> Option<&Expr> {
    match function.body.as_ref()?.stmts.as_slice() {
        [Stmt::Return(one)] if !function.is_async && !function.is_generator => one.arg.as_deref(),
        _ => None,
    }
}

/// The arguments of `Object.defineProperty(object, name, descriptor)`.
pub(crate) fn defined(expression: &Expr, unresolved: SyntaxContext) -> Option<[&Expr; 3]> {
    let Expr::Call(call) = expression else { return None };
    let Callee::Expr(callee) = &call.callee else { return None };
    let Expr::Member(callee) = &**callee else { return None };
    if !is_global_member(callee, "Object", "defineProperty", unresolved) {
        return None;
    }
    match call.args.as_slice() {
        [object, name, descriptor]
            if call.args.iter().all(|argument| argument.spread.is_none()) =>
        {
            Some([&object.expr, &name.expr, &descriptor.expr])
        }
        _ => None,
    }
}

/// `exports.a = exports.b = void 0`: the names.
pub(crate) fn emptied(statement: &Stmt, unresolved: SyntaxContext) -> Option<Vec<Atom>> {
    let Stmt::Expr(statement) = statement else { return None };
    let mut names = Vec::new();
    let mut value = &*statement.expr;
    while let Expr::Assign(assign) = value {
        let AssignTarget::Simple(SimpleAssignTarget::Member(member)) = &assign.left else {
            return None;
        };
        if assign.op != op!("=") || !is_exports(&member.obj, unresolved) {
            return None;
        }
        names.push(static_property(&member.prop)?);
        value = &assign.right;
    }
    let is_void = matches!(value, Expr::Unary(UnaryExpr { op: op!("void"), arg, .. }) if arg.is_lit())
        || matches!(value, Expr::Ident(name) if name.sym == *"undefined" && name.ctxt == unresolved);
    (is_void && !names.is_empty() && !names.contains(&"__esModule".into())).then_some(names)
}

/// `object.name` of a global variable.
pub(crate) fn is_global_member(
    member: &MemberExpr,
    object: &str,
    name: &str,
    unresolved: SyntaxContext,
) -> bool {
    matches!(&*member.obj, Expr::Ident(ident) if ident.sym == *object && ident.ctxt == unresolved)
        && static_property(&member.prop).is_some_and(|property| property == *name)
}
