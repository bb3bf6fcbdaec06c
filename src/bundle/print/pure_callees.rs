//! Before compressing: a call that is marked as pure must not take an assignment with it when it is dropped. The
//! compressor makes `f = make(), /* @__PURE__ */ f()` one call, and then drops that with all that is in its callee.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::common::DUMMY_SP;
use swc_core::common::comments::{Comments, SingleThreadedComments};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use crate::bundle::scan::define::collect_names;
use crate::bundle::scan::parse::is_annotation;

/// Takes the mark from calls of variables that something may be moved into: those that are assigned to outside of their
/// declaration, and those that do something there and are used once. Names must be resolved.
pub(super) fn unmark_assigned_callees(program: &mut Program, comments: &SingleThreadedComments) {
    let mut finder = Finder::default();
    program.visit_with(&mut finder);
    let Finder { mut assigned, initialized, uses } = finder;
    assigned.extend(initialized.into_iter().filter(|name| uses.get(name) == Some(&1)));
    if !assigned.is_empty() {
        program.visit_mut_with(&mut Unmark { assigned: &assigned, comments });
    }
}

#[derive(Default)]
struct Finder {
    /// Variables that are assigned to by an expression or a loop.
    assigned: FxHashSet<Id>,
    /// Variables whose declaration may do something.
    initialized: FxHashSet<Id>,
    /// How often each variable is read.
    uses: FxHashMap<Id, usize>,
}

impl Finder {
    fn assigns(&mut self, pattern: &Pat) {
        let mut names = Vec::new();
        collect_names(pattern, &mut names);
        self.assigned.extend(names.into_iter().map(|name| name.to_id()));
    }
}

impl Visit for Finder {
    noop_visit_type!();

    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Ident(name) = expression {
            *self.uses.entry(name.to_id()).or_default() += 1;
        }
        expression.visit_children_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(name)) => {
                self.assigned.insert(name.to_id());
            }
            AssignTarget::Pat(pattern) => self.assigns(&Pat::from(pattern.clone())),
            AssignTarget::Simple(_) => {}
        }
        assign.visit_children_with(self);
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        if let Expr::Ident(name) = &*update.arg {
            self.assigned.insert(name.to_id());
        }
        update.visit_children_with(self);
    }

    fn visit_for_head(&mut self, head: &ForHead) {
        if let ForHead::Pat(pattern) = head {
            self.assigns(pattern);
        }
        head.visit_children_with(self);
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        let does_nothing = declarator.init.as_deref().is_none_or(|value| {
            matches!(
                value,
                Expr::Fn(_) | Expr::Arrow(_) | Expr::Lit(_) | Expr::Ident(_) | Expr::This(_)
            )
        });
        if let (Pat::Ident(name), false) = (&declarator.name, does_nothing) {
            self.initialized.insert(name.to_id());
        }
        declarator.visit_children_with(self);
    }
}

struct Unmark<'a> {
    assigned: &'a FxHashSet<Id>,
    comments: &'a SingleThreadedComments,
}

impl Unmark<'_> {
    /// Whether what is called comes out of such a variable.
    fn is_assigned(&self, callee: &Expr) -> bool {
        match callee {
            Expr::Ident(name) => self.assigned.contains(&name.to_id()),
            Expr::Paren(paren) => self.is_assigned(&paren.expr),
            Expr::Member(member) => {
                self.is_assigned(&member.obj)
                    || matches!(&member.prop, MemberProp::Computed(key) if self.is_assigned(&key.expr))
            }
            Expr::Call(CallExpr { callee: Callee::Expr(callee), args, .. }) => {
                self.is_assigned(callee)
                    || args.iter().any(|argument| self.is_assigned(&argument.expr))
            }
            _ => false,
        }
    }

    fn unmark(&self, span: &mut swc_core::common::Span) {
        if span.is_pure() {
            *span = DUMMY_SP;
        } else if let Some(mut list) = self.comments.take_leading(span.lo) {
            list.retain(|comment| !is_annotation(comment, "PURE"));
            if !list.is_empty() {
                self.comments.add_leading_comments(span.lo, list);
            }
        }
    }
}

impl VisitMut for Unmark<'_> {
    noop_visit_mut_type!();

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        call.visit_mut_children_with(self);
        if matches!(&call.callee, Callee::Expr(callee) if self.is_assigned(callee)) {
            self.unmark(&mut call.span);
        }
    }

    fn visit_mut_new_expr(&mut self, new: &mut NewExpr) {
        new.visit_mut_children_with(self);
        if self.is_assigned(&new.callee) {
            self.unmark(&mut new.span);
        }
    }
}
