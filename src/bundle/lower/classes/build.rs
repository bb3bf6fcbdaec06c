//! Pieces of syntax that the parts of a class become.

use swc_core::atoms::Atom;
use swc_core::common::{DUMMY_SP, Mark, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;

use crate::bundle::code;

pub(in crate::bundle::lower) fn fresh(name: &str) -> Ident {
    let name = crate::bundle::graph::identifier(name);
    Ident::new(format!("_{name}").into(), DUMMY_SP, SyntaxContext::empty().apply_mark(Mark::new()))
}

pub(in crate::bundle::lower) fn this() -> Expr {
    Expr::This(ThisExpr { span: DUMMY_SP })
}

pub(in crate::bundle::lower) fn use_of(ident: &Ident) -> Expr {
    Expr::Ident(ident.clone())
}

pub(in crate::bundle::lower) fn function_body(stmts: Vec<Stmt>) -> FunctionBody {
    FunctionBody { span: DUMMY_SP, stmts }
}

pub(in crate::bundle::lower) fn return_of(value: Expr) -> Stmt {
    Stmt::Return(ReturnStmt { span: DUMMY_SP, arg: Some(Box::new(value)) })
}

pub(in crate::bundle::lower) fn declare(
    kind: VarDeclKind,
    name: &Ident,
    value: Option<Expr>,
) -> Stmt {
    Stmt::Decl(Decl::Var(Box::new(VarDecl {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        kind,
        declare: false,
        decls: vec![VarDeclarator {
            span: DUMMY_SP,
            name: Pat::Ident(BindingIdent::from(name.clone())),
            init: value.map(Box::new),
            definite: false,
        }],
    })))
}

pub(in crate::bundle::lower) fn assign_to(name: &Ident, value: Expr) -> Expr {
    Expr::Assign(AssignExpr {
        span: DUMMY_SP,
        op: op!("="),
        left: AssignTarget::Simple(SimpleAssignTarget::Ident(BindingIdent::from(name.clone()))),
        right: Box::new(value),
    })
}

pub(super) fn method(
    key: PropName,
    kind: MethodKind,
    is_static: bool,
    function: Function,
) -> ClassMethod {
    ClassMethod {
        span: DUMMY_SP,
        key,
        function: Box::new(function),
        kind,
        is_static,
        accessibility: None,
        is_abstract: false,
        is_optional: false,
        is_override: false,
    }
}

/// The name of a key that is written out.
pub(super) fn static_name(key: &PropName) -> Option<Atom> {
    match key {
        PropName::Ident(name) => Some(name.sym.clone()),
        PropName::Str(name) => name.value.as_str().map(Atom::from),
        _ => None,
    }
}

pub(in crate::bundle::lower) fn call(helper: &str, arguments: Vec<Expr>) -> Expr {
    code::call(&helper.into(), arguments)
}

/// The `.name` of a method.
pub(super) fn shown_name(kind: MethodKind, name: &Atom) -> Atom {
    match kind {
        MethodKind::Method => name.clone(),
        MethodKind::Getter => format!("get {name}").into(),
        MethodKind::Setter => format!("set {name}").into(),
    }
}

/// `(value) => { assignment; }`
pub(super) fn update_of(assignment: Expr) -> Expr {
    code::arrow_block(&["value"], vec![code::statement(assignment)], false)
}

pub(super) fn new_collection(name: &Ident, constructor: &str) -> Stmt {
    let new = Expr::New(NewExpr {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        callee: Box::new(code::ident(&constructor.into())),
        args: Some(Vec::new()),
        type_args: None,
    });
    declare(VarDeclKind::Const, name, Some(new))
}

pub(super) fn has_static_name(class: &Class) -> bool {
    class.body.iter().any(|member| {
        matches!(member, ClassMember::Method(method)
            if method.is_static && static_name(&method.key).is_none_or(|name| name == *"name"))
    })
}

pub(super) fn key_of(member: &ClassMember) -> Option<&PropName> {
    match member {
        ClassMember::Method(method) => Some(&method.key),
        ClassMember::ClassProp(field) => Some(&field.key),
        ClassMember::AutoAccessor(accessor) => match &accessor.key {
            Key::Public(key) => Some(key),
            Key::Private(_) => None,
        },
        _ => None,
    }
}

pub(super) fn key_of_mut(member: &mut ClassMember) -> Option<&mut PropName> {
    match member {
        ClassMember::Method(method) => Some(&mut method.key),
        ClassMember::ClassProp(field) => Some(&mut field.key),
        ClassMember::AutoAccessor(accessor) => match &mut accessor.key {
            Key::Public(key) => Some(key),
            Key::Private(_) => None,
        },
        _ => None,
    }
}

/// A key as an expression.
pub(super) fn key_value(key: &PropName) -> Expr {
    match key {
        PropName::Ident(name) => code::string(&name.sym),
        PropName::Str(name) => Expr::Lit(Lit::Str(name.clone())),
        PropName::Num(number) => Expr::Lit(Lit::Num(number.clone())),
        PropName::BigInt(number) => Expr::Lit(Lit::BigInt(number.clone())),
        PropName::Computed(name) => (*name.expr).clone(),
    }
}

pub(super) fn member_prop(key: PropName) -> MemberProp {
    match key {
        PropName::Ident(name) => MemberProp::Ident(name),
        PropName::Computed(name) => MemberProp::Computed(name),
        other => MemberProp::Computed(ComputedPropName {
            span: DUMMY_SP,
            expr: Box::new(key_value(&other)),
        }),
    }
}

pub(super) fn assign_member(target: MemberExpr, value: Expr) -> Stmt {
    let span = target.span();
    Stmt::Expr(ExprStmt {
        span,
        expr: Box::new(Expr::Assign(AssignExpr {
            span,
            op: op!("="),
            left: AssignTarget::Simple(SimpleAssignTarget::Member(target)),
            right: Box::new(value),
        })),
    })
}
