//! Places of enum members in the source.
//!
//! Taking the types out puts the values of members in place of their names, and forgets where the names stood. They are
//! put into parentheses before, which keep the place.

use rustc_hash::FxHashSet;
use swc_core::common::Span;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

/// Runs what takes the types out of a program, and gives the values of enum members the places of their names.
pub(crate) fn keep_enum_places(program: &mut Program, strip: impl FnOnce(&mut Program)) {
    let mut enums = Enums::default();
    program.visit_with(&mut enums);
    let mut wrap = Wrap { enums: enums.0, places: FxHashSet::default() };
    if !wrap.enums.is_empty() {
        program.visit_mut_with(&mut wrap);
    }
    strip(program);
    if !wrap.places.is_empty() {
        program.visit_mut_with(&mut Unwrap(wrap.places));
    }
}

#[derive(Default)]
struct Enums(FxHashSet<Id>);

impl Visit for Enums {
    noop_visit_type!();

    fn visit_ts_enum_decl(&mut self, declaration: &TsEnumDecl) {
        self.0.insert(declaration.id.to_id());
    }
}

struct Wrap {
    enums: FxHashSet<Id>,
    places: FxHashSet<Span>,
}

impl VisitMut for Wrap {
    noop_visit_mut_type!();

    // Values of members are computed, and have no place in the output that is not one of the declaration.
    fn visit_mut_ts_enum_decl(&mut self, _: &mut TsEnumDecl) {}

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        let Expr::Member(member) = &*expression else { return };
        let is_of_enum =
            member.obj.as_ident().is_some_and(|object| self.enums.contains(&object.to_id()));
        if is_of_enum && !member.span.is_dummy() {
            let span = member.span;
            self.places.insert(span);
            *expression = Expr::Paren(ParenExpr { span, expr: Box::new(expression.take()) });
        }
    }
}

struct Unwrap(FxHashSet<Span>);

impl VisitMut for Unwrap {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        if let Expr::Paren(paren) = expression
            && self.0.contains(&paren.span)
        {
            let span = paren.span;
            *expression = *paren.expr.take();
            expression.set_span(span);
        }
        expression.visit_mut_children_with(self);
    }
}
