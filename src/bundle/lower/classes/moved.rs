//! Code that leaves the class it was written in: `this`, `super` and the class's own name mean something else outside.

use swc_core::common::DUMMY_SP;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use super::build::{call, this, use_of};
use crate::bundle::code;

/// Code that leaves the place where it was written.
pub(super) struct Moved<'a> {
    /// What `this` is outside of functions; `None`: it stays.
    pub(super) this: Option<Expr>,
    /// The object whose prototype `super` reads; `None`: it stays.
    pub(super) home: Option<Expr>,
    /// The class's own name, and what it is called outside.
    pub(super) own: Option<(Id, &'a Ident)>,
    pub(super) uses_helpers: bool,
}

impl Moved<'_> {
    pub(super) fn super_key(property: &mut SuperProp) -> Expr {
        match property {
            SuperProp::Ident(name) => code::string(&name.sym),
            SuperProp::Computed(name) => *name.expr.take(),
        }
    }

    /// The receiver of `super`: what `this` is there.
    pub(super) fn receiver(&self) -> Expr {
        self.this.clone().unwrap_or_else(this)
    }

    pub(super) fn super_reference(&mut self, property: &mut SuperPropExpr) -> Option<MemberExpr> {
        let home = self.home.clone()?;
        property.visit_mut_children_with(self);
        self.uses_helpers = true;
        let arguments = vec![home, Self::super_key(&mut property.prop), self.receiver()];
        Some(MemberExpr {
            span: DUMMY_SP,
            obj: Box::new(call("__superRef", arguments)),
            prop: MemberProp::Ident(IdentName { span: DUMMY_SP, sym: "_".into() }),
        })
    }

    pub(super) fn in_function(&mut self, visit: impl FnOnce(&mut Self)) {
        let (this, home) = (self.this.take(), self.home.take());
        visit(self);
        (self.this, self.home) = (this, home);
    }
}

impl VisitMut for Moved<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::This(_) => {
                if let Some(this) = &self.this {
                    *expression = this.clone();
                }
                return;
            }
            Expr::Call(call_expression) => {
                if let Callee::Expr(callee) = &mut call_expression.callee
                    && let Expr::SuperProp(property) = &mut **callee
                    && let Some(reference) = self.super_reference(property)
                {
                    call_expression.args.visit_mut_with(self);
                    **callee = code::member(Expr::Member(reference), &"call".into(), DUMMY_SP);
                    let receiver = Box::new(self.receiver());
                    call_expression.args.insert(0, ExprOrSpread { spread: None, expr: receiver });
                    return;
                }
            }
            Expr::SuperProp(property) => {
                if let Some(reference) = self.super_reference(property) {
                    *expression = Expr::Member(reference);
                }
                return;
            }
            Expr::MetaProp(meta) if meta.kind == MetaPropKind::NewTarget && self.this.is_some() => {
                *expression = code::void_0();
                return;
            }
            _ => {}
        }
        expression.visit_mut_children_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::SuperProp(property) = target
            && let Some(reference) = self.super_reference(property)
        {
            *target = SimpleAssignTarget::Member(reference);
            return;
        }
        target.visit_mut_children_with(self);
    }

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if let Some((own, alias)) = &self.own
            && ident.to_id() == *own
        {
            *ident = Ident { span: ident.span, ..(*alias).clone() };
        }
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(ident) = property
            && let Some((own, alias)) = &self.own
            && ident.to_id() == *own
        {
            *property = Prop::KeyValue(KeyValueProp {
                key: PropName::Ident(IdentName { span: ident.span, sym: ident.sym.clone() }),
                value: Box::new(use_of(alias)),
            });
            return;
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_function(&mut self, function: &mut Function) {
        self.in_function(|moved| function.visit_mut_children_with(moved));
    }

    fn visit_mut_class(&mut self, class: &mut Class) {
        class.decorators.visit_mut_with(self);
        class.super_class.visit_mut_with(self);
        for member in &mut class.body {
            if let ClassMember::Method(method) = member {
                method.key.visit_mut_with(self);
            }
        }
        self.in_function(|moved| class.body.visit_mut_with(moved));
    }
}

/// Rewrites code that leaves the class; returns whether helpers are used. A function at its top keeps its `this`, but
/// not its `super`.
pub(super) fn moved(
    statement: &mut Stmt,
    this: Option<Expr>,
    home: Option<Expr>,
    own: Option<&Ident>,
    alias: &Ident,
) -> bool {
    let keeps_this = this.is_none();
    let mut visitor = Moved {
        this,
        home: home.clone(),
        own: own.map(|own| (own.to_id(), alias)),
        uses_helpers: false,
    };
    if keeps_this {
        let mut methods = TopFunctions { inner: &mut visitor, home };
        statement.visit_mut_with(&mut methods);
        return visitor.uses_helpers;
    }
    statement.visit_mut_with(&mut visitor);
    visitor.uses_helpers
}

/// Finds the functions that were private methods.
pub(super) struct TopFunctions<'a, 'b> {
    inner: &'a mut Moved<'b>,
    home: Option<Expr>,
}

impl VisitMut for TopFunctions<'_, '_> {
    noop_visit_mut_type!();

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        ident.visit_mut_with(self.inner);
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if matches!(property, Prop::Shorthand(_)) {
            property.visit_mut_with(self.inner);
        } else {
            property.visit_mut_children_with(self);
        }
    }

    fn visit_mut_function(&mut self, function: &mut Function) {
        self.inner.home.clone_from(&self.home);
        self.inner.this = None;
        function.visit_mut_children_with(self.inner);
    }

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        self.inner.home = None;
        arrow.visit_mut_children_with(self.inner);
    }

    fn visit_mut_class(&mut self, class: &mut Class) {
        self.inner.home = None;
        class.visit_mut_with(self.inner);
    }
}
