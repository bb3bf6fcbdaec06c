//! Small pieces of syntax, for the code that printing adds.

use swc_core::atoms::Atom;
use swc_core::common::{BytePos, DUMMY_SP, Span, SyntaxContext};
use swc_core::ecma::ast::*;

use crate::bundle::graph::Constant;

pub(crate) fn ident_of(name: &Atom) -> Ident {
    Ident::new_no_ctxt(name.clone(), DUMMY_SP)
}

pub(crate) fn ident(name: &Atom) -> Expr {
    Expr::Ident(ident_of(name))
}

pub(crate) fn string(text: &str) -> Expr {
    Expr::Lit(Lit::Str(Str { span: DUMMY_SP, value: text.into(), raw: None }))
}

pub(crate) fn number(value: f64) -> Expr {
    Expr::Lit(Lit::Num(Number { span: DUMMY_SP, value, raw: None }))
}

/// A primitive value as a literal.
pub(crate) fn constant(value: &Constant) -> Expr {
    match value {
        Constant::Number(bits) => {
            let value = f64::from_bits(*bits);
            if value.is_sign_negative() && !value.is_nan() {
                Expr::Unary(UnaryExpr {
                    span: DUMMY_SP,
                    op: UnaryOp::Minus,
                    arg: Box::new(number(-value)),
                })
            } else {
                number(value)
            }
        }
        Constant::String(text) => string(text),
        Constant::Bool(value) => Expr::Lit(Lit::Bool(Bool { span: DUMMY_SP, value: *value })),
        Constant::Null => Expr::Lit(Lit::Null(Null { span: DUMMY_SP })),
    }
}

/// An expression in the place of another.
pub(crate) fn at(mut expression: Expr, span: Span) -> Expr {
    expression.set_span(span);
    expression
}

/// `void 0`
pub(crate) fn void_0() -> Expr {
    Expr::Unary(UnaryExpr { span: DUMMY_SP, op: UnaryOp::Void, arg: Box::new(number(0.0)) })
}

/// Whether a name can stand behind a dot or as a key without quotes.
fn is_identifier_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(Ident::is_valid_start) && characters.all(Ident::is_valid_continue)
}

/// `object.name`, or `object["name"]`
pub(crate) fn member(object: Expr, name: &Atom, span: Span) -> Expr {
    let prop = if is_identifier_name(name) {
        MemberProp::Ident(IdentName { span: DUMMY_SP, sym: name.clone() })
    } else {
        MemberProp::Computed(ComputedPropName { span: DUMMY_SP, expr: Box::new(string(name)) })
    };
    Expr::Member(MemberExpr { span, obj: Box::new(object), prop })
}

fn key(name: &Atom) -> PropName {
    if *name == *"__proto__" {
        PropName::Computed(ComputedPropName { span: DUMMY_SP, expr: Box::new(string(name)) })
    } else if is_identifier_name(name) {
        PropName::Ident(IdentName { span: DUMMY_SP, sym: name.clone() })
    } else {
        PropName::Str(Str { span: DUMMY_SP, value: name.clone().into(), raw: None })
    }
}

/// `{ name: value, … }`
pub(crate) fn object(properties: Vec<(Atom, Expr)>) -> Expr {
    let props = properties
        .into_iter()
        .map(|(name, value)| {
            PropOrSpread::Prop(Box::new(Prop::KeyValue(KeyValueProp {
                key: key(&name),
                value: Box::new(value),
            })))
        })
        .collect();
    Expr::Object(ObjectLit { span: DUMMY_SP, props })
}

/// `function(arguments)`
pub(crate) fn call(function: &Atom, arguments: Vec<Expr>) -> Expr {
    call_expression(ident(function), arguments)
}

/// A call that goes when nobody takes its value.
pub(crate) fn pure(mut call: Expr) -> Expr {
    if let Expr::Call(call) = &mut call {
        call.span = Span { lo: BytePos::PURE, hi: BytePos::PURE };
    }
    call
}

/// `static { statement }`
pub(crate) fn static_block(statement: Stmt) -> ClassMember {
    let body = BlockStmt { stmts: vec![statement], ..BlockStmt::default() };
    ClassMember::StaticBlock(StaticBlock { span: DUMMY_SP, body })
}

/// `callee(arguments)`
pub(crate) fn call_expression(callee: Expr, arguments: Vec<Expr>) -> Expr {
    Expr::Call(CallExpr {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        callee: Callee::Expr(Box::new(callee)),
        args: arguments
            .into_iter()
            .map(|expr| ExprOrSpread { spread: None, expr: Box::new(expr) })
            .collect(),
        type_args: None,
    })
}

/// `(a, b)`
pub(crate) fn sequence(expressions: Vec<Expr>) -> Expr {
    let exprs = expressions.into_iter().map(Box::new).collect();
    Expr::Paren(ParenExpr {
        span: DUMMY_SP,
        expr: Box::new(Expr::Seq(SeqExpr { span: DUMMY_SP, exprs })),
    })
}

/// `name = value`
pub(crate) fn assign(name: &Atom, value: Expr) -> Expr {
    Expr::Assign(AssignExpr {
        span: DUMMY_SP,
        op: op!("="),
        left: AssignTarget::Simple(SimpleAssignTarget::Ident(BindingIdent::from(ident_of(name)))),
        right: Box::new(value),
    })
}

/// `expression;`
pub(crate) fn statement(expression: Expr) -> Stmt {
    Stmt::Expr(ExprStmt { span: DUMMY_SP, expr: Box::new(expression) })
}

/// `"text";` at the top of a body.
pub(crate) fn directive(text: &Atom) -> Stmt {
    statement(Expr::Lit(Lit::Str(Str {
        span: DUMMY_SP,
        value: text.clone().into(),
        raw: Some(format!("\"{text}\"").into()),
    })))
}

/// `kind name = value;`
pub(crate) fn declare(kind: VarDeclKind, name: &Atom, value: Expr) -> Stmt {
    declaration(kind, vec![declarator(name, Some(value))])
}

/// `var name = value;`
pub(crate) fn var(name: &Atom, value: Expr) -> Stmt {
    declare(VarDeclKind::Var, name, value)
}

/// `var a, b;`
pub(crate) fn declare_all(names: &[Atom]) -> Stmt {
    declaration(VarDeclKind::Var, names.iter().map(|name| declarator(name, None)).collect())
}

fn declarator(name: &Atom, init: Option<Expr>) -> VarDeclarator {
    VarDeclarator {
        span: DUMMY_SP,
        name: Pat::Ident(BindingIdent::from(ident_of(name))),
        init: init.map(Box::new),
        definite: false,
    }
}

fn declaration(kind: VarDeclKind, decls: Vec<VarDeclarator>) -> Stmt {
    Stmt::Decl(Decl::Var(Box::new(VarDecl {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        kind,
        declare: false,
        decls,
    })))
}

fn parameter(name: &str) -> Pat {
    Pat::Ident(BindingIdent::from(Ident::new_no_ctxt(name.into(), DUMMY_SP)))
}

/// `(parameters) => value`
pub(crate) fn arrow(parameters: Vec<&str>, value: Expr) -> Expr {
    Expr::Arrow(ArrowExpr {
        span: DUMMY_SP,
        params: parameters.into_iter().map(parameter).collect(),
        body: Box::new(ArrowFunctionBody::Expr(Box::new(value))),
        ..ArrowExpr::default()
    })
}

/// `(parameters) => { body }`
pub(crate) fn arrow_block(parameters: &[&str], body: Vec<Stmt>, is_async: bool) -> Expr {
    Expr::Arrow(ArrowExpr {
        span: DUMMY_SP,
        params: parameters.iter().copied().map(parameter).collect(),
        body: Box::new(ArrowFunctionBody::FunctionBody(FunctionBody {
            span: DUMMY_SP,
            stmts: body,
        })),
        is_async,
        ..ArrowExpr::default()
    })
}

/// `function(parameters) { body }`
pub(crate) fn function(parameters: &[&str], body: Vec<Stmt>) -> Expr {
    let params = parameters
        .iter()
        .map(|name| Param { span: DUMMY_SP, decorators: Vec::new(), pat: parameter(name) })
        .collect();
    Expr::Fn(FnExpr {
        ident: None,
        function: Box::new(Function {
            params,
            body: Some(FunctionBody { span: DUMMY_SP, stmts: body }),
            ..Function::default()
        }),
    })
}

/// `[elements]`
pub(crate) fn array(elements: Vec<Expr>) -> Expr {
    let elems = elements
        .into_iter()
        .map(|expr| Some(ExprOrSpread { spread: None, expr: Box::new(expr) }))
        .collect();
    Expr::Array(ArrayLit { span: DUMMY_SP, elems })
}

/// `await value`
pub(crate) fn await_expression(value: Expr) -> Expr {
    Expr::Await(AwaitExpr { span: DUMMY_SP, arg: Box::new(value) })
}

/// `import("path")`
pub(crate) fn import_call(path: &str) -> Expr {
    Expr::Call(CallExpr {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        callee: Callee::Import(Import { span: DUMMY_SP, phase: ImportPhase::Evaluation }),
        args: vec![ExprOrSpread { spread: None, expr: Box::new(string(path)) }],
        type_args: None,
    })
}

/// `promise.then((parameters) => value)`
pub(crate) fn then(promise: Expr, parameters: &[&str], value: Expr) -> Expr {
    call_expression(
        member(promise, &"then".into(), DUMMY_SP),
        vec![arrow(parameters.to_vec(), value)],
    )
}

/// `Promise.resolve().then(() => value)`
pub(crate) fn then_later(value: Expr) -> Expr {
    let resolve = member(ident(&"Promise".into()), &"resolve".into(), DUMMY_SP);
    then(call_expression(resolve, Vec::new()), &[], value)
}

/// `Object.defineProperty(function, "name", { value: "name", configurable: true })`
pub(crate) fn define_name(target: Expr, name: &Atom) -> Stmt {
    statement(with_name(target, name))
}

/// A function or class that is told its name, whatever it is called.
pub(crate) fn with_name(target: Expr, name: &Atom) -> Expr {
    let define = member(ident(&"Object".into()), &"defineProperty".into(), DUMMY_SP);
    let descriptor = object(vec![
        ("value".into(), string(name)),
        ("configurable".into(), Expr::Lit(Lit::Bool(Bool { span: DUMMY_SP, value: true }))),
    ]);
    call_expression(define, vec![target, string("name"), descriptor])
}

/// Whether a statement is a string alone, as directives are.
pub(crate) fn is_directive(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(one) if matches!(&*one.expr, Expr::Lit(Lit::Str(_))))
}

/// `import.meta` where there is none: in `CommonJS` an object with what a module would see, else an empty one. With `is_bun`
/// it has what Bun adds (bun.com/docs/runtime/module-resolution, `import.meta`).
pub(crate) fn import_meta(is_commonjs: bool, is_bun: bool) -> Expr {
    if !is_commonjs {
        return Expr::Paren(ParenExpr { span: DUMMY_SP, expr: Box::new(object(Vec::new())) });
    }
    let built_in = |name: &str, function: &str| {
        let module = call(&"require".into(), vec![string(name)]);
        let function = member(module, &function.into(), DUMMY_SP);
        call_expression(function, vec![ident(&"__filename".into())])
    };
    let url = built_in("node:url", "pathToFileURL");
    let main = member(ident(&"require".into()), &"main".into(), DUMMY_SP);
    let is_main = Expr::Bin(BinExpr {
        span: DUMMY_SP,
        op: BinaryOp::EqEqEq,
        left: Box::new(main),
        right: Box::new(ident(&"module".into())),
    });
    let mut properties = vec![
        ("url".into(), member(url, &"href".into(), DUMMY_SP)),
        ("dirname".into(), ident(&"__dirname".into())),
        ("filename".into(), ident(&"__filename".into())),
        ("main".into(), is_main),
    ];
    if is_bun {
        properties.extend([
            ("dir".into(), ident(&"__dirname".into())),
            ("path".into(), ident(&"__filename".into())),
            ("file".into(), built_in("node:path", "basename")),
        ]);
    }
    Expr::Paren(ParenExpr { span: DUMMY_SP, expr: Box::new(object(properties)) })
}

/// `import.meta.name`
pub(crate) fn import_meta_property(name: &str, span: Span) -> Expr {
    let meta = Expr::MetaProp(MetaPropExpr { span: DUMMY_SP, kind: MetaPropKind::ImportMeta });
    member(meta, &name.into(), span)
}

/// `new Class(…)` of a global class.
pub(crate) fn new_expression(class: &str, arguments: Vec<Expr>) -> Expr {
    let argument = |value| ExprOrSpread { spread: None, expr: Box::new(value) };
    Expr::New(NewExpr {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        callee: Box::new(ident(&class.into())),
        args: Some(arguments.into_iter().map(argument).collect()),
        type_args: None,
    })
}

/// What assigning to an import does: `(() => { throw new TypeError("Assignment to constant variable.") })()`
pub(crate) fn throw_readonly() -> Expr {
    let error = new_expression("TypeError", vec![string("Assignment to constant variable.")]);
    let body = vec![Stmt::Throw(ThrowStmt { span: DUMMY_SP, arg: Box::new(error) })];
    let closure = ParenExpr { span: DUMMY_SP, expr: Box::new(arrow_block(&[], body, false)) };
    call_expression(Expr::Paren(closure), Vec::new())
}

/// A function or class expression that takes its name from where it stands: `{ name: value }.name`
pub(crate) fn named(name: &Atom, value: Expr) -> Expr {
    let object = Expr::Paren(ParenExpr {
        span: DUMMY_SP,
        expr: Box::new(object(vec![(name.clone(), value)])),
    });
    member(object, name, DUMMY_SP)
}

/// Whether the expression takes its `.name` from the variable it is assigned to.
pub(crate) fn is_anonymous_function(expression: &Expr) -> bool {
    match expression {
        Expr::Arrow(_) => true,
        Expr::Fn(function) => function.ident.is_none(),
        Expr::Class(class) => class.ident.is_none(),
        Expr::Paren(paren) => is_anonymous_function(&paren.expr),
        _ => false,
    }
}
