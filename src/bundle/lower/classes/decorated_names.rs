//! What a class that TypeScript's own decorators replace calls itself inside: the class that they made of it, not the
//! one that was written. swc's transform leaves the name to the inner binding, so an alias takes its place, as in
//! TypeScript's output: `let A = class A { static { A_1 = this } … A_1 … }; A = A_1 = decorate(…, A)`.

use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, Mark, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use super::build::{assign_to, declare, this};

/// Gives decorated classes their aliases, after the transform.
pub(crate) fn alias_decorated_classes(program: &mut Program) {
    program.visit_mut_with(&mut Aliases);
}

struct Aliases;

impl VisitMut for Aliases {
    noop_visit_mut_type!();

    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        items.visit_mut_children_with(self);
        let mut at = 0;
        while at < items.len() {
            let class = match &mut items[at] {
                ModuleItem::Stmt(Stmt::Decl(Decl::Class(class))) => Some((class, false)),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl {
                    decl: Decl::Class(class),
                    ..
                })) => Some((class, true)),
                _ => None,
            };
            let Some((class, is_exported)) = class else {
                at += 1;
                continue;
            };
            let (name, mut class) = (class.ident.clone(), class.clone());
            let decorated = items[at + 1..].iter_mut().find_map(|item| match item {
                ModuleItem::Stmt(statement) => decorated(statement, &name),
                ModuleItem::ModuleDecl(_) => None,
            });
            if let Some(decorated) = decorated
                && let Some(alias) = Renamed::alias(&mut class)
            {
                assign_alias(decorated, &alias);
                let mut replacement: Vec<ModuleItem> =
                    declarations(class, &alias).into_iter().map(ModuleItem::Stmt).collect();
                if is_exported {
                    replacement.push(export(name));
                }
                at += replacement.len() - 1;
                items.splice(at + 1 - replacement.len()..=at + 1 - replacement.len(), replacement);
            }
            at += 1;
        }
    }

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        let mut at = 0;
        while at < statements.len() {
            if let Stmt::Decl(Decl::Class(class)) = &statements[at] {
                let (name, mut class) = (class.ident.clone(), class.clone());
                let found = statements[at + 1..]
                    .iter_mut()
                    .find_map(|statement| decorated(statement, &name));
                if let Some(decorated) = found
                    && let Some(alias) = Renamed::alias(&mut class)
                {
                    assign_alias(decorated, &alias);
                    statements.splice(at..=at, declarations(class, &alias));
                    at += 1;
                }
            }
            at += 1;
        }
    }
}

/// The right side of `A = _ts_decorate(…)`.
fn decorated<'a>(statement: &'a mut Stmt, name: &Ident) -> Option<&'a mut Box<Expr>> {
    let Stmt::Expr(statement) = statement else { return None };
    let Expr::Assign(assign) = &mut *statement.expr else { return None };
    let is_class = matches!(&assign.left, AssignTarget::Simple(SimpleAssignTarget::Ident(ident))
        if ident.id.to_id() == name.to_id());
    let is_call = matches!(&*assign.right, Expr::Call(call)
        if matches!(&call.callee, Callee::Expr(callee)
            if matches!(&**callee, Expr::Ident(helper) if helper.sym.starts_with("_ts_decorate"))));
    (is_class && is_call).then_some(&mut assign.right)
}

fn assign_alias(value: &mut Box<Expr>, alias: &Ident) {
    **value = assign_to(alias, *value.take());
}

/// `var A_1; let A = class A { static { A_1 = this } … }`
fn declarations(mut class: ClassDecl, alias: &Ident) -> Vec<Stmt> {
    let set = Stmt::Expr(ExprStmt { span: DUMMY_SP, expr: Box::new(assign_to(alias, this())) });
    let body = BlockStmt { span: DUMMY_SP, ctxt: SyntaxContext::empty(), stmts: vec![set] };
    class.class.body.insert(0, ClassMember::StaticBlock(StaticBlock { span: DUMMY_SP, body }));
    let name = class.ident.clone();
    let value = Expr::Class(ClassExpr { ident: Some(class.ident), class: class.class });
    vec![declare(VarDeclKind::Var, alias, None), declare(VarDeclKind::Let, &name, Some(value))]
}

fn export(name: Ident) -> ModuleItem {
    ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(NamedExport {
        span: DUMMY_SP,
        specifiers: vec![ExportSpecifier::Named(ExportNamedSpecifier {
            span: DUMMY_SP,
            orig: ModuleExportName::Ident(name),
            exported: None,
            is_type_only: false,
        })],
        src: None,
        type_only: false,
        with: None,
    }))
}

/// Puts an alias in the place of a class's name inside of the class.
struct Renamed {
    name: Id,
    alias: Ident,
    is_used: bool,
}

impl Renamed {
    /// The alias, if the class speaks of itself.
    fn alias(class: &mut ClassDecl) -> Option<Ident> {
        let alias = Ident::new(
            format!("{}_1", class.ident.sym).into(),
            DUMMY_SP,
            SyntaxContext::empty().apply_mark(Mark::new()),
        );
        let mut renamed = Self { name: class.ident.to_id(), alias, is_used: false };
        class.class.visit_mut_with(&mut renamed);
        renamed.is_used.then_some(renamed.alias)
    }
}

impl VisitMut for Renamed {
    noop_visit_mut_type!();

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if ident.to_id() == self.name {
            self.is_used = true;
            let span = ident.span;
            *ident = Ident { span, ..self.alias.clone() };
        }
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(ident) = property
            && ident.to_id() == self.name
        {
            self.is_used = true;
            let key = PropName::Ident(IdentName { span: ident.span, sym: ident.sym.clone() });
            let value = Box::new(Expr::Ident(self.alias.clone()));
            *property = Prop::KeyValue(KeyValueProp { key, value });
            return;
        }
        property.visit_mut_children_with(self);
    }
}
