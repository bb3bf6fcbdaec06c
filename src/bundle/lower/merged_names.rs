//! TypeScript's namespaces and enums that are declared in several pieces: each piece sees what the ones before it export,
//! by its bare name. Of enums whose pieces are in one list, swc takes care.

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
    exported: FxHashMap<Id, Known>,
}

/// What pieces of a namespace export, or which members pieces of an enum have; what of it may have pieces itself is in
/// `inner`.
#[derive(Default)]
struct Known {
    names: FxHashSet<Atom>,
    inner: FxHashMap<Atom, Known>,
}

impl Known {
    fn add(&mut self, other: Self) {
        self.names.extend(other.names);
        #[expect(clippy::iter_over_hash_type, reason = "fills a map")]
        for (name, known) in other.inner {
            self.inner.entry(name).or_default().add(known);
        }
    }

    fn add_inner(&mut self, name: &Atom, known: Self) {
        self.names.insert(name.clone());
        self.inner.entry(name.clone()).or_default().add(known);
    }
}

impl Merged {
    fn piece(&mut self, declaration: &mut Decl) {
        let id = match declaration {
            Decl::TsModule(piece) if !piece.declare => match &piece.id {
                TsModuleName::Ident(id) => id.to_id(),
                TsModuleName::Str(_) => return,
            },
            // Of those in one list, swc knows.
            _ => return,
        };
        let known = self.exported.entry(id).or_default();
        let exports = qualify_piece(declaration, known);
        known.add(exports);
    }
}

/// Writes out the names in one piece that those before it export. Returns what it exports itself.
fn qualify_piece(declaration: &mut Decl, before: &Known) -> Known {
    match declaration {
        Decl::TsModule(piece) if !piece.declare => match (&piece.id, &mut piece.body) {
            (TsModuleName::Ident(id), Some(body)) => qualify_body(id, body, before),
            _ => Known::default(),
        },
        Decl::TsEnum(piece) => {
            let names = piece.members.iter().map(|member| match &member.id {
                TsEnumMemberId::Ident(name) => name.sym.clone(),
                TsEnumMemberId::Str(name) => name.value.to_atom_lossy().into_owned(),
            });
            let own: FxHashSet<Atom> = names.collect();
            let others: FxHashSet<Atom> = before.names.difference(&own).cloned().collect();
            if !others.is_empty() {
                let mut qualify = Qualify::new(&piece.id, &others, &piece.members);
                piece.members.visit_mut_with(&mut qualify);
            }
            Known { names: own, inner: FxHashMap::default() }
        }
        _ => Known::default(),
    }
}

fn qualify_body(id: &Ident, body: &mut TsNamespaceBody, before: &Known) -> Known {
    if !before.names.is_empty() {
        let mut qualify = Qualify::new(id, &before.names, body);
        body.visit_mut_with(&mut qualify);
    }
    let mut known = Known::default();
    let nothing = Known::default();
    let before_of = |name: &Atom| before.inner.get(name).unwrap_or(&nothing);
    match body {
        // `namespace A.B` exports `B`.
        TsNamespaceBody::TsNamespaceDecl(inner) => {
            let exports = qualify_body(&inner.id, &mut inner.body, before_of(&inner.id.sym));
            known.add_inner(&inner.id.sym, exports);
        }
        TsNamespaceBody::TsModuleBlock(block) => {
            for item in &mut block.body {
                let ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) = item else { continue };
                let mut names = Vec::new();
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
                if let (Decl::TsEnum(_) | Decl::TsModule(_), [name]) = (&export.decl, &*names) {
                    let exports = qualify_piece(&mut export.decl, before_of(&name.sym));
                    known.add_inner(&name.sym, exports);
                }
                known.names.extend(names.into_iter().map(|ident| ident.sym));
            }
        }
    }
    known
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
