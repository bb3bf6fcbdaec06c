//! TypeScript's namespaces that are declared in several pieces: each piece sees what the ones before it export, by its
//! bare name. (Members of an enum are seen by further pieces of the enum only, which swc takes care of.)

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitMut, VisitMutWith, VisitWith};

use crate::bundle::code;
use crate::bundle::syntax::collect_names;

/// Writes such names out: `y` as `x.y`. Names must be resolved, and types still be there.
pub(crate) fn qualify_merged_names(program: &mut Program) {
    program.visit_mut_with(&mut Merged::default());
}

#[derive(Default)]
struct Merged {
    /// What pieces of a name in the list at hand have exported so far.
    exported: FxHashMap<Id, FxHashSet<Atom>>,
}

impl Merged {
    fn piece(&mut self, declaration: &mut Decl) {
        let Decl::TsModule(piece) = declaration else { return };
        let TsModuleName::Ident(id) = &piece.id else { return };
        let Some(TsNamespaceBody::TsModuleBlock(block)) = &mut piece.body else { return };
        if piece.declare {
            return;
        }
        let known = self.exported.entry(id.to_id()).or_default();
        let names = exported_names(&block.body);
        if !known.is_empty() {
            let mut qualify = Qualify::new(id, known, &block.body);
            block.body.visit_mut_with(&mut qualify);
        }
        known.extend(names);
    }
}

fn exported_names(body: &[ModuleItem]) -> Vec<Atom> {
    let mut names = Vec::new();
    for item in body {
        let ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) = item else { continue };
        match &export.decl {
            Decl::Class(class) => names.push(class.ident.clone()),
            Decl::Fn(function) => names.push(function.ident.clone()),
            Decl::Var(declaration) => {
                declaration.decls.iter().for_each(|it| collect_names(&it.name, &mut names));
            }
            Decl::TsEnum(inner) => names.push(inner.id.clone()),
            Decl::TsModule(inner) => {
                if let TsModuleName::Ident(id) = &inner.id {
                    names.push(id.clone());
                }
            }
            _ => {}
        }
    }
    names.into_iter().map(|ident| ident.sym).collect()
}

impl VisitMut for Merged {
    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        let outer = std::mem::take(&mut self.exported);
        for item in items.iter_mut() {
            match item {
                ModuleItem::Stmt(Stmt::Decl(declaration)) => self.piece(declaration),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                    self.piece(&mut export.decl);
                }
                _ => {}
            }
        }
        items.visit_mut_children_with(self);
        self.exported = outer;
    }

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        let outer = std::mem::take(&mut self.exported);
        for statement in statements.iter_mut() {
            if let Stmt::Decl(declaration) = statement {
                self.piece(declaration);
            }
        }
        statements.visit_mut_children_with(self);
        self.exported = outer;
    }
}

/// Replaces names in one piece.
struct Qualify<'a> {
    object: Ident,
    exported: &'a FxHashSet<Atom>,
    /// What the piece declares itself, anywhere in it.
    declared: FxHashSet<Id>,
}

impl<'a> Qualify<'a> {
    fn new(
        object: &Ident,
        exported: &'a FxHashSet<Atom>,
        piece: &impl VisitWith<Declared>,
    ) -> Self {
        let mut declared = Declared::default();
        piece.visit_with(&mut declared);
        Self { object: object.clone(), exported, declared: declared.0 }
    }

    fn member(&self, name: &Ident) -> Option<MemberExpr> {
        let is_exported =
            self.exported.contains(&name.sym) && !self.declared.contains(&name.to_id());
        let Expr::Member(member) =
            code::member(Expr::Ident(self.object.clone()), &name.sym, name.span)
        else {
            return None;
        };
        is_exported.then_some(member)
    }
}

impl VisitMut for Qualify<'_> {
    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        if let Expr::Ident(name) = expression {
            if let Some(member) = self.member(name) {
                *expression = Expr::Member(member);
            }
            return;
        }
        expression.visit_mut_children_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::Ident(name) = target {
            if let Some(member) = self.member(&name.id) {
                *target = SimpleAssignTarget::Member(member);
            }
            return;
        }
        target.visit_mut_children_with(self);
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(name) = property
            && let Some(member) = self.member(name)
        {
            *property = Prop::KeyValue(KeyValueProp {
                key: PropName::Ident(IdentName::from(name.take())),
                value: Box::new(Expr::Member(member)),
            });
            return;
        }
        property.visit_mut_children_with(self);
    }
}

/// Names that a piece declares.
#[derive(Default)]
struct Declared(FxHashSet<Id>);

impl Visit for Declared {
    fn visit_binding_ident(&mut self, ident: &BindingIdent) {
        self.0.insert(ident.id.to_id());
    }
    fn visit_simple_assign_target(&mut self, target: &SimpleAssignTarget) {
        if !target.is_ident() {
            target.visit_children_with(self);
        }
    }
    fn visit_fn_decl(&mut self, function: &FnDecl) {
        self.0.insert(function.ident.to_id());
        function.visit_children_with(self);
    }
    fn visit_fn_expr(&mut self, function: &FnExpr) {
        self.0.extend(function.ident.as_ref().map(Ident::to_id));
        function.visit_children_with(self);
    }
    fn visit_class_decl(&mut self, class: &ClassDecl) {
        self.0.insert(class.ident.to_id());
        class.visit_children_with(self);
    }
    fn visit_class_expr(&mut self, class: &ClassExpr) {
        self.0.extend(class.ident.as_ref().map(Ident::to_id));
        class.visit_children_with(self);
    }
    fn visit_ts_enum_decl(&mut self, inner: &TsEnumDecl) {
        self.0.insert(inner.id.to_id());
        inner.visit_children_with(self);
    }
    fn visit_ts_module_decl(&mut self, inner: &TsModuleDecl) {
        if let TsModuleName::Ident(id) = &inner.id {
            self.0.insert(id.to_id());
        }
        inner.visit_children_with(self);
    }
    fn visit_ts_import_equals_decl(&mut self, import: &TsImportEqualsDecl) {
        self.0.insert(import.id.to_id());
    }
}
