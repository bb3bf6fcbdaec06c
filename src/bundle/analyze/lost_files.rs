//! Files of a project that code reads beside itself, such as `join(__dirname, "data.txt")`, or requires by a function that
//! it makes: in a bundle, the folder is another.

use rustc_hash::FxHashSet;
use swc_core::common::{Span, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use crate::bundle::syntax::{constant_string, static_property};

/// Paths that are put behind the folder of the module in its statements, with the places of what puts them there.
pub(crate) fn paths_beside(body: &[Stmt], unresolved: SyntaxContext) -> Vec<(String, Span)> {
    let mut finder = Finder { unresolved, made: made_requires(body), found: Vec::new() };
    for statement in body {
        statement.visit_with(&mut finder);
    }
    finder.found
}

/// Variables at the top that hold `createRequire(import.meta.url)`.
fn made_requires(body: &[Stmt]) -> FxHashSet<Id> {
    let makes = |init: &Expr| {
        let Expr::Call(call) = init else { return false };
        let Callee::Expr(callee) = &call.callee else { return false };
        let name = match &**callee {
            Expr::Ident(name) => name.sym.clone(),
            Expr::Member(member) => match static_property(&member.prop) {
                Some(name) => name,
                None => return false,
            },
            _ => return false,
        };
        name == *"createRequire"
            && matches!(call.args.first().map(|first| &*first.expr), Some(Expr::Member(member))
                if member.obj.is_meta_prop())
    };
    let declarators = body.iter().filter_map(|statement| statement.as_decl()?.as_var());
    declarators
        .flat_map(|declaration| &declaration.decls)
        .filter(|one| one.init.as_deref().is_some_and(makes))
        .filter_map(|one| Some(one.name.as_ident()?.to_id()))
        .collect()
}

struct Finder {
    unresolved: SyntaxContext,
    made: FxHashSet<Id>,
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

impl Finder {
    /// A call that no bundler follows.
    fn is_required_at_run_time(&self, callee: &Callee) -> bool {
        let Callee::Expr(callee) = callee else { return false };
        match &**callee {
            Expr::Ident(name) => self.made.contains(&name.to_id()),
            Expr::Member(member) => {
                static_property(&member.prop).is_some_and(|name| name == *"resolve")
                    && matches!(&*member.obj, Expr::Ident(name) if self.made.contains(&name.to_id())
                        || (name.sym == *"require" && name.ctxt == self.unresolved))
            }
            _ => false,
        }
    }
}

impl Visit for Finder {
    noop_visit_type!();

    /// `path.join(__dirname, "a", "b.txt")`, `createRequire(import.meta.url)("./a.json")`, `require.resolve("./a")`
    fn visit_call_expr(&mut self, call: &CallExpr) {
        if self.is_required_at_run_time(&call.callee)
            && let [first] = call.args.as_slice()
            && let Some(path) = constant_string(&first.expr)
            && path.starts_with('.')
        {
            self.found.push((path.to_string(), call.span));
        }
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
