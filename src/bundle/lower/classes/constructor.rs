//! Where the fields of an object are made: in the constructor.

use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, Mark, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use super::build::{declare, fresh, function_body, this, use_of};
use crate::bundle::code;

/// Puts the making of fields where `this` begins: at the top, or behind `super()` wherever it stands.
pub(super) fn into_constructor(class: &mut Class, initialisers: Vec<Stmt>) {
    let is_derived = class.super_class.is_some();
    let existing = class.body.iter_mut().find_map(|member| match member {
        ClassMember::Constructor(constructor) => constructor.body.as_mut(),
        _ => None,
    });
    if let Some(body) = existing {
        if !is_derived {
            body.stmts.splice(0..0, initialisers);
            return;
        }
        let mut calls = SuperCalls { count: 0 };
        body.visit_with(&mut calls);
        let at = body.stmts.iter().position(calls_super);
        if let (1, Some(at)) = (calls.count, at) {
            body.stmts.splice(at + 1..=at, initialisers);
            return;
        }
        // `super()` in the middle of something: what follows it becomes a function.
        let run = fresh("fields");
        let arrow = code::arrow_block(&[], initialisers, false);
        body.visit_mut_with(&mut AfterSuper { run: &run });
        body.stmts.insert(0, declare(VarDeclKind::Const, &run, Some(arrow)));
        return;
    }
    let mut statements = initialisers;
    let mut params = Vec::new();
    if is_derived {
        let arguments =
            Ident::new("args".into(), DUMMY_SP, SyntaxContext::empty().apply_mark(Mark::new()));
        params.push(ParamOrTsParamProp::Param(Param {
            span: DUMMY_SP,
            decorators: Vec::new(),
            pat: Pat::Rest(RestPat {
                span: DUMMY_SP,
                dot3_token: DUMMY_SP,
                arg: Box::new(Pat::Ident(BindingIdent::from(arguments.clone()))),
                type_ann: None,
            }),
        }));
        let call = CallExpr {
            span: DUMMY_SP,
            ctxt: SyntaxContext::empty(),
            callee: Callee::Super(Super { span: DUMMY_SP }),
            args: vec![ExprOrSpread {
                spread: Some(DUMMY_SP),
                expr: Box::new(Expr::Ident(arguments)),
            }],
            type_args: None,
        };
        statements.insert(0, code::statement(Expr::Call(call)));
    }
    let constructor = Constructor {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        key: PropName::Ident(IdentName { span: DUMMY_SP, sym: "constructor".into() }),
        params,
        body: Some(function_body(statements)),
        accessibility: None,
        is_optional: false,
    };
    class.body.insert(0, ClassMember::Constructor(constructor));
}

fn calls_super(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(statement)
        if matches!(&*statement.expr, Expr::Call(call) if matches!(call.callee, Callee::Super(_))))
}

struct SuperCalls {
    count: u32,
}

impl Visit for SuperCalls {
    noop_visit_type!();

    fn visit_super(&mut self, _: &Super) {}

    fn visit_call_expr(&mut self, call: &CallExpr) {
        self.count += u32::from(matches!(call.callee, Callee::Super(_)));
        call.visit_children_with(self);
    }

    fn visit_class(&mut self, _: &Class) {}
}

/// `super()` becomes `(super(), fields(), this)`.
struct AfterSuper<'a> {
    run: &'a Ident,
}

impl VisitMut for AfterSuper<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        if matches!(expression, Expr::Call(call) if matches!(call.callee, Callee::Super(_))) {
            let run = code::call_expression(use_of(self.run), Vec::new());
            *expression = code::sequence(vec![expression.take(), run, this()]);
        }
    }

    fn visit_mut_class(&mut self, _: &mut Class) {}
}
