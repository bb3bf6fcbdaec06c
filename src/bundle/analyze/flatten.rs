//! The statements of a `CommonJS` module as those of an ECMAScript module: calls of `require` become imports, and exports
//! variables.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::{BytePos, DUMMY_SP, Mark, Span, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use super::commonjs::{
    assigned_export, assigned_value, getter, is_esmodule_mark, is_exports, require_call,
    taken_apart,
};
use super::commonjs_shape::{Shape, Slot};
use crate::bundle::code;
use crate::bundle::graph::{
    DEFAULT_NAME, FlatExports, ImportRecord, MODULE_EXPORTS, Module, identifier,
};
use crate::bundle::syntax::static_property;

/// Calls of `require` that become imports, by their places, and whether the import runs the module, or finds that it
/// has run.
pub(crate) type Imports = FxHashMap<BytePos, Runs>;

type Runs = bool;

/// The statements of a module with imports for calls of `require`, and with `exports`, if it has no closure.
pub(crate) fn flatten(
    body: Vec<Stmt>,
    shape: &Shape,
    exports: Option<FlatExports>,
    imports: &Imports,
    unresolved: SyntaxContext,
    module: &Module,
) -> Program {
    let name = module.name_in_code();
    let requires: Vec<&ImportRecord> = module.requires().into_values().collect();
    let is_object = matches!(exports, Some(FlatExports::Value { .. }))
        && (shape.needs_object || matches!(shape.exports, Some(FlatExports::Names { .. })));
    let own = SyntaxContext::empty().apply_mark(Mark::new());
    let own_imports = SyntaxContext::empty().apply_mark(Mark::new());
    let ident = |name: &Atom| Ident::new(name.clone(), DUMMY_SP, own);
    let slots = shape.slots.iter().map(|slot| {
        let name = if *slot.name == *"default" {
            DEFAULT_NAME.into()
        } else {
            identifier(&slot.name).into()
        };
        (slot.name.clone(), ident(&name))
    });
    let mut flattener = Flattener {
        unresolved,
        shape,
        exports,
        runs: imports,
        slots: slots.collect(),
        value: ident(&DEFAULT_NAME.into()),
        object: is_object.then(|| ident(&format!("{name}_exports").into())),
        specifiers: requires.iter().map(|one| (one.position, one.specifier.clone())).collect(),
        imports: FxHashMap::default(),
        locals: FxHashSet::default(),
        items: Vec::new(),
        late: Vec::new(),
    };
    // Two exports may be the same as identifiers: `a-b` and `a_b`.
    flattener.tell_apart(shape);
    for (index, required) in shape.requires.iter().enumerate() {
        if imports.contains_key(&required.position) {
            let local = required.variable.clone();
            let local = local.unwrap_or_else(|| {
                Ident::new(format!("required_{index}").into(), DUMMY_SP, own_imports)
            });
            flattener.locals.insert(local.to_id());
            flattener.imports.insert(required.position, local);
        }
    }
    flattener.declare_object();
    let is_by_names = matches!(exports, Some(FlatExports::Names { .. }));
    let is_declared = |slot: &&Slot| slot.assigned_by.is_none() && slot.from.is_none();
    for slot in shape.slots.iter().filter(is_declared).filter(|_| is_by_names) {
        let name = flattener.slots[&slot.name].clone();
        flattener.declare(VarDeclKind::Var, name, None, DUMMY_SP);
    }
    for (index, statement) in body.into_iter().enumerate() {
        flattener.statement(index, statement);
    }
    flattener.export();
    flattener.items.append(&mut flattener.late);
    Program::Module(swc_core::ecma::ast::Module {
        span: DUMMY_SP,
        body: flattener.items,
        shebang: None,
    })
}

struct Flattener<'a> {
    unresolved: SyntaxContext,
    shape: &'a Shape,
    exports: Option<FlatExports>,
    runs: &'a Imports,
    /// The variables of exports.
    slots: FxHashMap<Atom, Ident>,
    /// The variable of the one value that is all exports.
    value: Ident,
    /// The variable of the object that is `exports`, where that has to be there.
    object: Option<Ident>,
    /// What is required where.
    specifiers: FxHashMap<BytePos, Atom>,
    /// The variables of what is required.
    imports: FxHashMap<BytePos, Ident>,
    /// The same, by themselves.
    locals: FxHashSet<Id>,
    items: Vec<ModuleItem>,
    /// Imports of modules that have run: they must not run them.
    late: Vec<ModuleItem>,
}

impl Flattener<'_> {
    fn tell_apart(&mut self, shape: &Shape) {
        let mut taken: FxHashSet<Atom> = FxHashSet::default();
        let mut numbers: FxHashMap<Atom, u32> = FxHashMap::default();
        for slot in &shape.slots {
            let ident = self.slots.get_mut(&slot.name).expect("each export has a variable");
            let wish = ident.sym.clone();
            while !taken.insert(ident.sym.clone()) {
                let number = numbers.entry(wish.clone()).or_insert(1);
                *number += 1;
                ident.sym = format!("{wish}_{number}").into();
            }
        }
    }

    fn declare(&mut self, kind: VarDeclKind, name: Ident, init: Option<Box<Expr>>, span: Span) {
        let declarator =
            VarDeclarator { span, name: Pat::Ident(name.into()), init, definite: false };
        let decls = vec![declarator];
        let declaration =
            VarDecl { span, ctxt: SyntaxContext::empty(), kind, declare: false, decls };
        self.items.push(ModuleItem::Stmt(Stmt::Decl(Decl::Var(Box::new(declaration)))));
    }

    fn statement(&mut self, index: usize, mut statement: Stmt) {
        let is_text = matches!(&statement, Stmt::Expr(statement) if statement.expr.is_lit());
        // A text must not come first, where it would be a directive.
        if is_text || self.imports(&statement) {
            return;
        }
        if self.exports.is_none() || self.object.is_some() {
            statement.visit_mut_with(self);
            self.items.push(ModuleItem::Stmt(statement));
            return;
        }
        if self.shape.empty.contains(&index) || is_esmodule_mark(&statement, self.unresolved) {
            return;
        }
        let span = statement.span();
        if let Some((name, _, _)) = getter(&statement, self.unresolved)
            && let Some((position, other)) =
                self.shape.slot(&name).and_then(|slot| slot.from.as_ref())
            && let Some(specifier) = self.specifiers.get(position)
        {
            let export = NamedExport {
                span,
                specifiers: vec![ExportSpecifier::Named(ExportNamedSpecifier {
                    span: DUMMY_SP,
                    orig: text_name(other),
                    exported: Some(text_name(&name)),
                    is_type_only: false,
                })],
                src: Some(Box::new(source(*position, specifier))),
                type_only: false,
                with: None,
            };
            self.late.push(ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)));
            return;
        }
        if let Some((value, _)) = assigned_value(&statement, self.unresolved) {
            if let Some(local) = self.import_of(value)
                && !self.shape.reads_value
            {
                let specifier = ExportNamedSpecifier {
                    span: DUMMY_SP,
                    orig: module_exports(),
                    exported: None,
                    is_type_only: false,
                };
                self.import(value, &local, Some(specifier));
                return;
            }
            let mut value = Box::new(value.clone());
            value.visit_mut_with(self);
            let name = Ident { span: Span::new(span.lo, span.lo), ..self.value.clone() };
            self.declare(VarDeclKind::Const, name, Some(value), span);
            return;
        }
        if let Some((name, _)) = assigned_export(&statement, self.unresolved)
            && let Some(slot) = self.slot_of(&name, index)
        {
            // Until it is assigned, it is `undefined`.
            let kind = if slot.is_read { VarDeclKind::Var } else { VarDeclKind::Const };
            let name = self.slots[&name].clone();
            let Stmt::Expr(ExprStmt { expr, .. }) = statement else { return };
            let Expr::Assign(assign) = *expr else { return };
            let mut value = assign.right;
            value.visit_mut_with(self);
            self.declare(kind, name, Some(value), span);
            return;
        }
        statement.visit_mut_with(self);
        self.items.push(ModuleItem::Stmt(statement));
    }

    /// Makes an import of a statement that does nothing but require; whether it is one.
    fn imports(&mut self, statement: &Stmt) -> bool {
        let is_local = |local: &Ident, name: &Ident| local.to_id() == name.to_id();
        match statement {
            Stmt::Decl(Decl::Var(declaration)) => {
                if let [VarDeclarator { name: Pat::Ident(name), init, .. }] =
                    declaration.decls.as_slice()
                {
                    let Some(init) = init else {
                        // It is set by a statement of its own.
                        return self.locals.contains(&name.to_id());
                    };
                    match self.import_of(init) {
                        Some(local) if is_local(&local, name) => {
                            self.import(init, &local, None);
                            return true;
                        }
                        _ => return false,
                    }
                }
                let Some((value, names)) = taken_apart(statement) else { return false };
                let Some(local) = self.import_of(value) else { return false };
                self.import(value, &local, None);
                for (property, name) in names {
                    let value = code::member(Expr::Ident(local.clone()), &property, name.span);
                    let (kind, span) = (declaration.kind, declaration.span);
                    self.declare(kind, name, Some(Box::new(value)), span);
                }
                true
            }
            Stmt::Expr(statement) => {
                let (value, name) = match &*statement.expr {
                    Expr::Assign(assign) => (&*assign.right, assign.left.as_ident()),
                    other => (other, None),
                };
                let Some(local) = self.import_of(value) else { return false };
                let is_assigned = name.is_some_and(|name| is_local(&local, name));
                if !is_assigned && statement.expr.is_assign() {
                    return false;
                }
                self.import(value, &local, None);
                true
            }
            _ => false,
        }
    }

    /// Declares the object that is `exports`, and `module.exports` if that is set.
    fn declare_object(&mut self) {
        let Some(object) = self.object.clone() else { return };
        let (sets_value, sets_exports) = (self.shape.sets_value, self.shape.sets_exports);
        let kind = if sets_exports { VarDeclKind::Var } else { VarDeclKind::Const };
        let empty = Box::new(code::object(Vec::new()));
        self.declare(kind, object.clone(), Some(empty), DUMMY_SP);
        if sets_value || sets_exports {
            let value = self.value.clone();
            self.declare(VarDeclKind::Var, value, Some(Box::new(Expr::Ident(object))), DUMMY_SP);
        } else {
            self.value = object;
        }
    }

    /// The variable of what an expression requires.
    fn import_of(&self, expression: &Expr) -> Option<Ident> {
        let (position, _) = require_call(expression, self.unresolved)?;
        self.imports.get(&position).cloned()
    }

    fn slot_of(&self, name: &Atom, index: usize) -> Option<&Slot> {
        self.shape.slot(name).filter(|slot| slot.assigned_by == Some(index))
    }

    /// Imports what `value` requires, or exports it.
    fn import(&mut self, value: &Expr, local: &Ident, export: Option<ExportNamedSpecifier>) {
        let Some((position, specifier)) = require_call(value, self.unresolved) else { return };
        let src = Box::new(source(position, &specifier));
        let span = src.span;
        let items =
            if self.runs.get(&position) == Some(&true) { &mut self.items } else { &mut self.late };
        items.push(ModuleItem::ModuleDecl(match export {
            Some(specifier) => ModuleDecl::ExportNamed(NamedExport {
                span,
                specifiers: vec![ExportSpecifier::Named(specifier)],
                src: Some(src),
                type_only: false,
                with: None,
            }),
            None => ModuleDecl::Import(ImportDecl {
                span,
                specifiers: vec![ImportSpecifier::Named(ImportNamedSpecifier {
                    span,
                    local: local.clone(),
                    imported: Some(module_exports()),
                    is_type_only: false,
                })],
                src,
                type_only: false,
                with: None,
                phase: ImportPhase::Evaluation,
            }),
        }));
    }

    /// Exports all slots, or the value.
    fn export(&mut self) {
        let is_handed_on = self.items.iter().chain(&self.late).any(|item| matches!(item, ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) if export.src.is_some()));
        let named = |local: &Ident, exported: ModuleExportName| {
            ExportSpecifier::Named(ExportNamedSpecifier {
                span: DUMMY_SP,
                orig: ModuleExportName::Ident(local.clone()),
                exported: Some(exported),
                is_type_only: false,
            })
        };
        let specifiers = match self.exports {
            None => return,
            Some(FlatExports::Value { .. }) if is_handed_on && self.object.is_none() => return,
            Some(FlatExports::Value { .. }) => vec![named(&self.value, module_exports())],
            Some(FlatExports::Names { .. }) => {
                let slots = self.shape.slots.iter().filter(|slot| slot.from.is_none());
                slots.map(|slot| named(&self.slots[&slot.name], text_name(&slot.name))).collect()
            }
        };
        self.items.push(ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(NamedExport {
            span: DUMMY_SP,
            specifiers,
            src: None,
            type_only: false,
            with: None,
        })));
    }
}

/// What stands behind `from`. Its place is that of the call of `require`, by which the record is known.
fn source(position: BytePos, specifier: &Atom) -> Str {
    let span = Span::new(position, position);
    Str { span, value: specifier.as_str().into(), raw: None }
}

fn text_name(name: &str) -> ModuleExportName {
    ModuleExportName::Str(Str { span: DUMMY_SP, value: name.into(), raw: None })
}

fn module_exports() -> ModuleExportName {
    text_name(MODULE_EXPORTS)
}

impl VisitMut for Flattener<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        if let Some(local) = self.import_of(expression) {
            self.import(&expression.clone(), &local, None);
            *expression = Expr::Ident(Ident { span: expression.span(), ..local });
            return;
        }
        if self.exports.is_some() && is_exports(expression, self.unresolved) {
            let name = match &self.object {
                Some(object) if expression.is_ident() => object,
                _ => &self.value,
            };
            *expression = Expr::Ident(Ident { span: expression.span(), ..name.clone() });
            return;
        }
        if let Expr::Member(member) = expression
            && let Some(slot) = self.slot(member)
        {
            *expression = Expr::Ident(slot);
            return;
        }
        expression.visit_mut_children_with(self);
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(name) = property
            && name.sym == *"exports"
            && name.ctxt == self.unresolved
            && self.exports.is_some()
        {
            let key = PropName::Ident(IdentName { span: name.span, sym: name.sym.clone() });
            let mut value = Box::new(Expr::Ident(name.clone()));
            value.visit_mut_with(self);
            *property = Prop::KeyValue(KeyValueProp { key, value });
            return;
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::Member(member) = target
            && let Some(slot) = self.slot(member)
        {
            *target = SimpleAssignTarget::Ident(slot.into());
            return;
        }
        // `exports = module.exports = …`
        if let Some(object) = &self.object {
            let name = match target {
                SimpleAssignTarget::Ident(name)
                    if name.sym == *"exports" && name.ctxt == self.unresolved =>
                {
                    Some(object)
                }
                SimpleAssignTarget::Member(member)
                    if is_exports(&Expr::Member(member.clone()), self.unresolved) =>
                {
                    Some(&self.value)
                }
                _ => None,
            };
            if let Some(name) = name {
                *target = SimpleAssignTarget::Ident(name.clone().into());
                return;
            }
        }
        target.visit_mut_children_with(self);
    }
}

impl Flattener<'_> {
    /// The variable of `exports.name`.
    fn slot(&self, member: &MemberExpr) -> Option<Ident> {
        if self.exports.is_none()
            || self.object.is_some()
            || !is_exports(&member.obj, self.unresolved)
        {
            return None;
        }
        let slot = self.slots.get(&static_property(&member.prop)?)?;
        Some(Ident { span: member.span, ..slot.clone() })
    }
}
