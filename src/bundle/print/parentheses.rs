//! Parentheses that swc's fixer leaves out.

use swc_core::common::DUMMY_SP;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

/// Adds them where the grammar asks for a left-hand-side expression (ECMA-262, 13.3) and something else stands there.
pub(super) fn add_parentheses(program: &mut Program) {
    program.visit_mut_with(&mut Parentheses);
}

struct Parentheses;

impl VisitMut for Parentheses {
    noop_visit_mut_type!();

    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        if let Some(parent) = &mut class.super_class {
            wrap(parent);
        }
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        call.visit_mut_children_with(self);
        if let Callee::Expr(callee) = &mut call.callee {
            wrap(callee);
        }
    }

    fn visit_mut_new_expr(&mut self, new: &mut NewExpr) {
        new.visit_mut_children_with(self);
        wrap(&mut new.callee);
    }

    fn visit_mut_tagged_tpl(&mut self, template: &mut TaggedTpl) {
        template.visit_mut_children_with(self);
        wrap(&mut template.tag);
        // At the beginning of a statement it would be a declaration.
        if template.tag.is_class() {
            parenthesise(&mut template.tag);
        }
    }
}

fn wrap(expression: &mut Box<Expr>) {
    let is_negative =
        matches!(&**expression, Expr::Lit(Lit::Num(number)) if number.value.is_sign_negative());
    if is_negative || expression.is_arrow() || expression.is_update() || expression.is_unary() {
        parenthesise(expression);
    }
}

fn parenthesise(expression: &mut Box<Expr>) {
    let inner = Box::new((**expression).take());
    **expression = Expr::Paren(ParenExpr { span: DUMMY_SP, expr: inner });
}
