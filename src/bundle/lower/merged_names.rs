//! TypeScript's namespaces and enums that are declared in several pieces: each piece sees what the ones before it export,
//! by its bare name.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::SyntaxContext;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitMut, VisitMutWith, VisitWith};

use crate::bundle::code;
use crate::bundle::syntax::collect_names;

/// Writes such names out: `y` as `x.y`. Names must be resolved, and types still be there.
pub(crate) fn qualify_merged_names(program: &mut Program, unresolved: SyntaxContext) {
    program.visit_mut_with(&mut Merged { exported: FxHashMap::default(), unresolved });
}

struct Merged {
    unresolved: SyntaxContext,
    /// What pieces of a name in the list at hand have exported so far.
    exported: FxHashMap<(Id, IsEnum), Known>,
}

/// A namespace and an enum of one name do not see what the other has.
type IsEnum = bool;

/// What pieces of a namespace export, or which members pieces of an enum have; what of it may have pieces itself is in
/// `inner`.
#[derive(Default)]
struct Known {
    names: FxHashSet<Atom>,
    inner: FxHashMap<(Atom, IsEnum), Known>,
}

impl Known {
    fn add(&mut self, other: Self) {
        self.names.extend(other.names);
        #[expect(clippy::iter_over_hash_type, reason = "fills a map")]
        for (name, known) in other.inner {
            self.inner.entry(name).or_default().add(known);
        }
    }

    fn add_inner(&mut self, name: &Atom, is_enum: IsEnum, known: Self) {
        self.names.insert(name.clone());
        self.inner.entry((name.clone(), is_enum)).or_default().add(known);
    }
}

impl Merged {
    fn piece(&mut self, declaration: &mut Decl) {
        let id = match declaration {
            Decl::TsModule(piece) if !piece.declare => match &piece.id {
                TsModuleName::Ident(id) => (id.to_id(), false),
                TsModuleName::Str(_) => return,
            },
            Decl::TsEnum(piece) if !piece.declare => (piece.id.to_id(), true),
            _ => return,
        };
        let known = self.exported.entry(id).or_default();
        // Of enums in one list swc knows, unless something else around has a member's name.
        let exports = qualify_piece(declaration, known, Some(self.unresolved));
        known.add(exports);
    }
}

/// Writes out the names in one piece that those before it export. Returns what it exports itself.
/// Of an enum, only what does not have the context `known_elsewhere` is written out.
fn qualify_piece(
    declaration: &mut Decl,
    before: &Known,
    known_elsewhere: Option<SyntaxContext>,
) -> Known {
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
                qualify.known_elsewhere = known_elsewhere;
                piece.members.visit_mut_with(&mut qualify);
            }
            Known { names: own, inner: FxHashMap::default() }
        }
        _ => Known::default(),
    }
}

/// Writes out the first name of `B.C`, if it is one of `exported`: `A.B.C`.
fn qualify_entity(name: &mut TsEntityName, namespace: &Ident, exported: &FxHashSet<Atom>) {
    match name {
        TsEntityName::TsQualifiedName(inner) => {
            qualify_entity(&mut inner.left, namespace, exported);
        }
        TsEntityName::Ident(ident) if exported.contains(&ident.sym) => {
            *name = TsEntityName::TsQualifiedName(Box::new(TsQualifiedName {
                span: ident.span,
                left: TsEntityName::Ident(namespace.clone()),
                right: IdentName::from(ident.clone()),
            }));
        }
        TsEntityName::Ident(_) => {}
    }
}

fn qualify_body(id: &Ident, body: &mut TsNamespaceBody, before: &Known) -> Known {
    if !before.names.is_empty() {
        let mut qualify = Qualify::new(id, &before.names, body);
        body.visit_mut_with(&mut qualify);
    }
    let mut known = Known::default();
    let nothing = Known::default();
    let before_of =
        |name: &Atom, is_enum| before.inner.get(&(name.clone(), is_enum)).unwrap_or(&nothing);
    match body {
        // `namespace A.B` exports `B`.
        TsNamespaceBody::TsNamespaceDecl(inner) => {
            let exports = qualify_body(&inner.id, &mut inner.body, before_of(&inner.id.sym, false));
            known.add_inner(&inner.id.sym, false, exports);
        }
        TsNamespaceBody::TsModuleBlock(block) => {
            for item in &mut block.body {
                let export = match item {
                    ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => export,
                    ModuleItem::ModuleDecl(ModuleDecl::TsImportEquals(import)) => {
                        // What the piece itself exports is a property of the namespace, too.
                        if let TsModuleRef::TsEntityName(name) = &mut import.module_ref {
                            qualify_entity(name, id, &known.names);
                        }
                        if import.is_export {
                            known.names.insert(import.id.sym.clone());
                        }
                        continue;
                    }
                    _ => continue,
                };
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
                    let is_enum = matches!(&export.decl, Decl::TsEnum(_));
                    let before = before_of(&name.sym, is_enum);
                    let exports = qualify_piece(&mut export.decl, before, None);
                    known.add_inner(&name.sym, is_enum, exports);
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
    /// The context of names that somebody else takes care of.
    known_elsewhere: Option<SyntaxContext>,
}

impl<'a> Qualify<'a> {
    fn new(
        object: &Ident,
        exported: &'a FxHashSet<Atom>,
        piece: &impl VisitWith<Declared>,
    ) -> Self {
        let mut declared = Declared::default();
        piece.visit_with(&mut declared);
        Self { object: object.clone(), exported, declared: declared.0, known_elsewhere: None }
    }

    fn member(&self, name: &Ident) -> Option<MemberExpr> {
        let is_exported = self.exported.contains(&name.sym)
            && !self.declared.contains(&name.to_id())
            && self.known_elsewhere != Some(name.ctxt);
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
