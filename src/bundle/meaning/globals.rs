//! Globals of the language and what calling, making and reading them does. Which globals there are is data of a kept list
//! (`targets.rs`).

use swc_core::ecma::ast::*;

use super::judge::Judge;

/// Classes of errors: they are the same whenever they are asked for.
pub(crate) const ERRORS: &[&str] =
    &["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"];

/// Classes of collections: an empty one depends on nothing.
pub(crate) const COLLECTIONS: &[&str] = &["Map", "Set", "WeakMap", "WeakSet"];

/// Constructors of platforms that only make an object when called without arguments.
const PLAIN_CONSTRUCTORS: &[&str] = &[
    "AbortController",
    "EventTarget",
    "FormData",
    "Headers",
    "Object",
    "TextDecoder",
    "TextEncoder",
    "URLSearchParams",
];

/// Functions on globals that compute from primitive arguments.
pub(super) const PURE_NAMESPACES: &[&str] = &["Math", "Number", "String", "Symbol"];

impl Judge<'_> {
    pub(super) fn is_pure_constructor(&self, callee: &Expr, arguments: &[ExprOrSpread]) -> bool {
        let Expr::Ident(ident) = callee else { return false };
        if ident.ctxt != self.unresolved || !self.target.has_global(&ident.sym) {
            return false;
        }
        let name = ident.sym.as_str();
        (arguments.is_empty() && PLAIN_CONSTRUCTORS.contains(&name))
            || (ERRORS.contains(&name) || COLLECTIONS.contains(&name) || name == "Date")
                && match arguments {
                    [] => true,
                    [only] => match (ident.sym.as_str(), &*only.expr) {
                        (_, argument) if self.is_primitive(argument) => true,
                        ("Set" | "WeakSet", Expr::Array(_)) => true,
                        ("Map" | "WeakMap", Expr::Array(pairs)) => pairs
                            .elems
                            .iter()
                            .flatten()
                            .all(|pair| matches!(&*pair.expr, Expr::Array(_))),
                        _ => false,
                    },
                    _ => arguments.iter().all(|argument| self.is_primitive(&argument.expr)),
                }
    }

    /// `Math.PI`, `Symbol.iterator`, `Number.MAX_VALUE`, `Object.prototype`: properties that have been there always.
    pub(super) fn known_member(&self, member: &MemberExpr) -> bool {
        match (&*member.obj, &member.prop) {
            (Expr::Ident(object), MemberProp::Ident(name)) if object.ctxt == self.unresolved => {
                PURE_NAMESPACES.contains(&object.sym.as_str())
                    || (matches!(
                        object.sym.as_str(),
                        "Object" | "Array" | "Function" | "Reflect" | "JSON" | "Promise"
                    ) && name.sym != *"caller"
                        && name.sym != *"arguments")
            }
            (Expr::Member(inner), MemberProp::Ident(_)) => {
                matches!(&inner.prop, MemberProp::Ident(name) if name.sym == *"prototype")
                    && self.known_member(inner)
            }
            // `import.meta.url` is a plain property.
            (Expr::MetaProp(_), MemberProp::Ident(_)) => true,
            _ => false,
        }
    }
}
