//! What type a value has, as far as it is known.

use swc_core::ecma::ast::*;

use super::judge::{Judge, KnownValue};
use crate::bundle::graph::Module;

impl Judge<'_> {
    pub(super) fn is_symbol(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Ident(ident) => {
                self.known_values.get(&ident.to_id()) == Some(&KnownValue::Symbol)
            }
            Expr::Member(member) => matches!(&*member.obj, Expr::Ident(object)
                if object.sym == *"Symbol" && object.ctxt == self.unresolved),
            _ => false,
        }
    }

    /// Looks for variables at the top of the module whose only value is a primitive or a symbol.
    pub(crate) fn find_known_values(&mut self, body: &[Stmt], module: &Module) {
        for statement in body {
            let Stmt::Decl(Decl::Var(declaration)) = statement else { continue };
            for declarator in &declaration.decls {
                let (Pat::Ident(ident), Some(init)) = (&declarator.name, &declarator.init) else {
                    continue;
                };
                let is_only_value = module.symbol_of.get(&ident.to_id()).is_some_and(|symbol| {
                    let symbol = &module.symbols[*symbol as usize];
                    !symbol.is_reassigned && symbol.declared_by.len() == 1
                });
                let value = match &**init {
                    init if self.is_primitive(init) => KnownValue::Primitive,
                    Expr::Call(CallExpr { callee: Callee::Expr(callee), .. })
                        if matches!(&**callee, Expr::Ident(callee)
                            if callee.sym == *"Symbol" && callee.ctxt == self.unresolved) =>
                    {
                        KnownValue::Symbol
                    }
                    _ => continue,
                };
                if is_only_value {
                    self.known_values.insert(ident.to_id(), value);
                }
            }
        }
    }

    pub(super) fn is_nullish(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Lit(Lit::Null(_)) => true,
            Expr::Ident(ident) => ident.sym == *"undefined" && ident.ctxt == self.unresolved,
            Expr::Unary(unary) => unary.op == UnaryOp::Void,
            Expr::Paren(paren) => self.is_nullish(&paren.expr),
            _ => false,
        }
    }

    /// Whether the value is surely a primitive, so that turning it into a string or number runs no code; symbols excluded.
    pub(super) fn is_primitive(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Ident(ident) => {
                self.known_values.get(&ident.to_id()) == Some(&KnownValue::Primitive)
            }
            Expr::Lit(literal) => !matches!(literal, Lit::Regex(_)),
            Expr::Tpl(template) => template.exprs.iter().all(|part| self.is_primitive(part)),
            Expr::Paren(paren) => self.is_primitive(&paren.expr),
            Expr::Unary(unary) => match unary.op {
                UnaryOp::TypeOf | UnaryOp::Void | UnaryOp::Bang => {
                    matches!(&*unary.arg, Expr::Lit(_) | Expr::Ident(_))
                }
                UnaryOp::Minus | UnaryOp::Plus | UnaryOp::Tilde => self.is_primitive(&unary.arg),
                UnaryOp::Delete => false,
            },
            Expr::Bin(binary) => {
                !matches!(binary.op, op!("in") | op!("instanceof"))
                    && self.is_primitive(&binary.left)
                    && self.is_primitive(&binary.right)
            }
            Expr::Cond(conditional) => {
                self.is_primitive(&conditional.cons) && self.is_primitive(&conditional.alt)
            }
            _ => false,
        }
    }
}
