//! Global variables that only some runtimes have, as far as a module uses them without asking whether they are there.

use rustc_hash::FxHashSet;
use swc_core::atoms::Atom;
use swc_core::common::{SourceMap, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use crate::bundle::graph::NameUse;
use crate::bundle::source::location_at;
use crate::bundle::syntax::static_property;
use crate::bundle::targets::is_watched;

/// Uses of such variables in the statements of a module, each name once, at its first place.
pub(crate) fn global_uses(
    body: &[Stmt],
    unresolved: SyntaxContext,
    source_map: &SourceMap,
    path: &str,
) -> Vec<NameUse> {
    let mut visitor = Uses { unresolved, found: Vec::new(), asked: FxHashSet::default() };
    for statement in body {
        statement.visit_with(&mut visitor);
    }
    let Uses { found, asked, .. } = visitor;
    let mut known = FxHashSet::default();
    found
        .into_iter()
        .filter(|(name, root, _)| !asked.contains(root) && known.insert(name.clone()))
        .map(|(name, root, span)| {
            let length = root.chars().count();
            NameUse { name, location: location_at(source_map, path, span.lo, length) }
        })
        .collect()
}

struct Uses {
    unresolved: SyntaxContext,
    /// Name with its member, the variable, and where.
    found: Vec<(String, Atom, swc_core::common::Span)>,
    /// Variables that the module asks for first, as by `typeof`.
    asked: FxHashSet<Atom>,
}

impl Uses {
    fn watched<'a>(&self, expression: &'a Expr) -> Option<&'a Ident> {
        let ident = expression.as_ident()?;
        (ident.ctxt == self.unresolved && is_watched(&ident.sym)).then_some(ident)
    }
}

impl Visit for Uses {
    noop_visit_type!();

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        if let Some(ident) = self.watched(&member.obj)
            && let Some(property) = static_property(&member.prop)
        {
            self.found.push((format!("{}.{property}", ident.sym), ident.sym.clone(), ident.span));
            return;
        }
        member.visit_children_with(self);
    }

    fn visit_expr(&mut self, expression: &Expr) {
        if let Some(ident) = self.watched(expression) {
            self.found.push((ident.sym.to_string(), ident.sym.clone(), expression.span()));
        }
        expression.visit_children_with(self);
    }

    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        let root = match &*unary.arg {
            Expr::Member(member) => &member.obj,
            _ => &unary.arg,
        };
        if unary.op == UnaryOp::TypeOf
            && let Some(ident) = self.watched(root)
        {
            self.asked.insert(ident.sym.clone());
            return;
        }
        unary.visit_children_with(self);
    }

    /// `"Bun" in globalThis`
    fn visit_bin_expr(&mut self, binary: &BinExpr) {
        if binary.op == BinaryOp::In
            && let Expr::Lit(Lit::Str(name)) = &*binary.left
            && let Some(name) = name.value.as_str()
        {
            self.asked.insert(name.into());
        }
        binary.visit_children_with(self);
    }

    /// `try { Bun.serve() } catch {}`
    fn visit_try_stmt(&mut self, statement: &TryStmt) {
        if statement.handler.is_none() {
            statement.block.visit_with(self);
        }
        statement.handler.visit_with(self);
        statement.finalizer.visit_with(self);
    }
}
