//! Which exports a program takes from what `import()` gives, where that can be read off: `const { a } = await
//! import("./x")`, `(await import("./x")).a`, `import("./x").then((m) => m.a)`. The others need not be kept.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::common::BytePos;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use crate::bundle::graph::{Export, Module, TakenName};
use crate::bundle::syntax::static_property;

/// The names that each `import()` takes, by the start of its call; calls that might take all are missing.
pub(crate) fn taken_names(body: &[Stmt], module: &Module) -> FxHashMap<BytePos, Vec<TakenName>> {
    let mut finder = Finder::default();
    body.visit_with(&mut finder);
    for (_, export) in &module.exports {
        if let Export::Local(symbol) = export {
            finder.escaped.insert(module.symbols[*symbol as usize].id.clone());
        }
    }
    for (id, call) in finder.variables {
        if !finder.escaped.contains(&id) {
            let reads = finder.reads.remove(&id).unwrap_or_default();
            finder.taken.insert(call, reads);
        }
    }
    finder.taken
}

#[derive(Default)]
struct Finder {
    /// What is taken, by the start of the call.
    taken: FxHashMap<BytePos, Vec<TakenName>>,
    /// Variables and parameters that hold what `import()` gave, with the start of its call.
    variables: Vec<(Id, BytePos)>,
    /// Properties that are read from names.
    reads: FxHashMap<Id, Vec<TakenName>>,
    /// Names that stand alone somewhere: their value may go anywhere.
    escaped: FxHashSet<Id>,
    /// Whether the expression that comes next is called.
    is_callee: bool,
}

impl Finder {
    /// Notes what a pattern takes from the result of the call at `call`.
    fn bind(&mut self, pattern: &Pat, call: BytePos) {
        match pattern {
            Pat::Ident(name) => self.variables.push((name.to_id(), call)),
            Pat::Object(object) => {
                if let Some(names) = object.props.iter().map(pattern_key).collect() {
                    self.taken.insert(call, names);
                }
                object.visit_with(self);
            }
            other => other.visit_with(self),
        }
    }

    fn visit_callee_of(&mut self, callee: &Expr) {
        self.is_callee = true;
        callee.visit_with(self);
        self.is_callee = false;
    }
}

/// The name that one part of an object pattern takes.
fn pattern_key(property: &ObjectPatProp) -> Option<TakenName> {
    let name = match property {
        ObjectPatProp::Assign(shorthand) => shorthand.key.sym.clone(),
        ObjectPatProp::KeyValue(pair) => match &pair.key {
            PropName::Ident(name) => name.sym.clone(),
            PropName::Str(name) => name.value.as_str()?.into(),
            _ => return None,
        },
        ObjectPatProp::Rest(_) => return None,
    };
    Some(TakenName { name, is_called: false })
}

/// The start of the call in `import()`.
fn import_call(expression: &Expr) -> Option<&CallExpr> {
    match expression {
        Expr::Call(call) if matches!(call.callee, Callee::Import(_)) => Some(call),
        Expr::Paren(paren) => import_call(&paren.expr),
        _ => None,
    }
}

/// The call in `await import()`.
fn awaited_import(expression: &Expr) -> Option<&CallExpr> {
    match expression {
        Expr::Await(waiting) => import_call(&waiting.arg),
        Expr::Paren(paren) => awaited_import(&paren.expr),
        _ => None,
    }
}

impl Visit for Finder {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        self.escaped.insert(ident.to_id());
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        match declarator.init.as_deref().and_then(awaited_import) {
            Some(call) => {
                self.bind(&declarator.name, call.span.lo);
                call.visit_with(self);
            }
            None => declarator.visit_children_with(self),
        }
    }

    fn visit_expr_stmt(&mut self, statement: &ExprStmt) {
        let call = import_call(&statement.expr).or_else(|| awaited_import(&statement.expr));
        if let Some(call) = call {
            self.taken.insert(call.span.lo, Vec::new());
        }
        statement.visit_children_with(self);
    }

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        let is_called = std::mem::take(&mut self.is_callee);
        let Some(name) = static_property(&member.prop) else {
            member.visit_children_with(self);
            return;
        };
        let taken = TakenName { name, is_called };
        if let Expr::Ident(object) = &*member.obj {
            self.reads.entry(object.to_id()).or_default().push(taken);
        } else {
            if let Some(call) = awaited_import(&member.obj) {
                self.taken.insert(call.span.lo, vec![taken]);
            }
            member.obj.visit_with(self);
        }
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        let Callee::Expr(callee) = &call.callee else {
            call.visit_children_with(self);
            return;
        };
        // `import().then((parameter) => …)`
        if let Expr::Member(member) = &**callee
            && let Some(import) = import_call(&member.obj)
            && static_property(&member.prop).is_some_and(|name| name == *"then")
            && let Some((ExprOrSpread { spread: None, expr }, others)) = call.args.split_first()
            && let Expr::Arrow(arrow) = &**expr
        {
            match arrow.params.as_slice() {
                [] => drop(self.taken.insert(import.span.lo, Vec::new())),
                [parameter] => self.bind(parameter, import.span.lo),
                more => more.visit_with(self),
            }
            import.visit_with(self);
            arrow.body.visit_with(self);
            others.visit_with(self);
            return;
        }
        self.visit_callee_of(callee);
        call.args.visit_with(self);
    }

    fn visit_opt_call(&mut self, call: &OptCall) {
        self.visit_callee_of(&call.callee);
        call.args.visit_with(self);
    }

    fn visit_tagged_tpl(&mut self, template: &TaggedTpl) {
        self.visit_callee_of(&template.tag);
        template.tpl.visit_with(self);
    }

    fn visit_expr(&mut self, expression: &Expr) {
        if !matches!(expression, Expr::Member(_) | Expr::OptChain(_) | Expr::Paren(_)) {
            self.is_callee = false;
        }
        expression.visit_children_with(self);
    }
}
