//! Files of a project that code reads beside itself, such as `join(__dirname, "data.txt")`: in a bundle, the folder is
//! another.

use swc_core::common::{Span, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use crate::bundle::syntax::{constant_string, static_property};

/// Paths that are put behind the folder of the module in its statements, with the places of what puts them there.
pub(crate) fn paths_beside(body: &[Stmt], unresolved: SyntaxContext) -> Vec<(String, Span)> {
    let mut finder = Finder { unresolved, found: Vec::new() };
    for statement in body {
        statement.visit_with(&mut finder);
    }
    finder.found
}

struct Finder {
    unresolved: SyntaxContext,
    found: Vec<(String, Span)>,
}

impl Finder {
    /// `__dirname` or `import.meta.dirname`.
    fn is_folder(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Ident(name) => name.sym == *"__dirname" && name.ctxt == self.unresolved,
            Expr::Member(member) => {
                matches!(&*member.obj, Expr::MetaProp(meta) if meta.kind == MetaPropKind::ImportMeta)
                    && static_property(&member.prop)
                        .is_some_and(|name| matches!(&*name, "dirname" | "dir"))
            }
            Expr::Paren(paren) => self.is_folder(&paren.expr),
            _ => false,
        }
    }
}

impl Visit for Finder {
    noop_visit_type!();

    /// `path.join(__dirname, "a", "b.txt")`
    fn visit_call_expr(&mut self, call: &CallExpr) {
        if let [first, rest @ ..] = call.args.as_slice()
            && self.is_folder(&first.expr)
            && !rest.is_empty()
        {
            let parts: Option<Vec<String>> = rest
                .iter()
                .map(|part| constant_string(&part.expr).map(|text| text.to_string()))
                .collect();
            self.found.extend(parts.map(|parts| (parts.join("/"), call.span)));
        }
        call.visit_children_with(self);
    }

    /// `__dirname + "/b.txt"`
    fn visit_bin_expr(&mut self, binary: &BinExpr) {
        if binary.op == op!(bin, "+")
            && self.is_folder(&binary.left)
            && let Some(path) = constant_string(&binary.right)
        {
            self.found.push((path.to_string(), binary.span()));
        }
        binary.visit_children_with(self);
    }

    fn visit_tpl(&mut self, template: &Tpl) {
        if let ([folder], [before, after]) = (template.exprs.as_slice(), template.quasis.as_slice())
            && self.is_folder(folder)
            && before.raw.is_empty()
            && let Some(path) = after.cooked.as_ref().and_then(|text| text.as_str())
        {
            self.found.push((path.to_owned(), template.span));
        }
        template.visit_children_with(self);
    }
}
