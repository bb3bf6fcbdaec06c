//! Classes in older syntax: fields, private names, static blocks and `accessor` become what every runtime has, and
//! decorators (the proposal of November 2023) become calls. Also TypeScript's fields that are assigned, not defined.

mod accessors;
pub(super) mod build;
mod constructor;
mod decorated_names;
mod moved;
mod parts;
mod private_names;

use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

pub(super) use self::accessors::expand_accessors;
use self::accessors::write_natively;
use self::build::{call, declare, function_body, return_of, static_name, this, use_of};
pub(super) use self::decorated_names::alias_decorated_classes;
pub(super) use self::parts::ClassOptions;
use self::parts::{Lowered, Parts, decorators_of};
use crate::bundle::{code, runtime};

/// Rewrites all classes of a program. Runs on resolved identifiers, before types are stripped: parameter properties are
/// then assigned before fields that read them. The names it makes up need hygiene afterwards. Returns whether the
/// helper functions for classes are used.
pub(super) fn lower_classes(
    program: &mut Program,
    options: ClassOptions,
    unresolved: SyntaxContext,
) -> bool {
    let mut lowering = Lowering { options, name: None, uses_helpers: false };
    program.visit_mut_with(&mut lowering);
    if lowering.uses_helpers {
        program.visit_mut_with(&mut MarkGlobals { unresolved });
    }
    lowering.uses_helpers
}

/// Helpers and collections are globals of the module, whatever names later transforms make up.
pub(super) struct MarkGlobals {
    pub(super) unresolved: SyntaxContext,
}

impl VisitMut for MarkGlobals {
    noop_visit_mut_type!();

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        let is_global = || {
            runtime::FOR_SYNTAX.contains(&ident.sym.as_str())
                || matches!(ident.sym.as_str(), "WeakMap" | "WeakSet")
        };
        if ident.ctxt == SyntaxContext::empty() && is_global() {
            ident.ctxt = self.unresolved;
        }
    }
}

struct Lowering {
    options: ClassOptions,
    /// The name that an anonymous class at this place gets.
    name: Option<Atom>,
    uses_helpers: bool,
}

impl Lowering {
    fn needs_work(&self, class: &Class) -> bool {
        self.options.lowers && class.body.iter().any(is_newer)
            || (!self.options.legacy_decorators && is_decorated(class))
            || class.body.iter().any(|member| matches!(member, ClassMember::AutoAccessor(_)))
            || (self.options.assigns
                && class.body.iter().any(|member| matches!(member, ClassMember::ClassProp(_))))
    }

    fn class(&mut self, class: &mut Class, own: Option<&Ident>, name: &Atom) -> Option<Lowered> {
        if !self.needs_work(class) {
            return None;
        }
        let decorates = !self.options.legacy_decorators && is_decorated(class);
        let has_computed_accessor = class.body.iter().any(|member| {
            matches!(
                member,
                ClassMember::AutoAccessor(AutoAccessor {
                    key: Key::Public(PropName::Computed(_)),
                    ..
                })
            )
        });
        let takes_all = decorates || self.options.lowers || has_computed_accessor;
        if !takes_all {
            // Nothing that is decorated: accessors can be written with native private names.
            write_natively(class);
        }
        let mut parts = Parts::new(self.options, takes_all, decorates, own, name);
        let lowered = parts.take_apart(class.take());
        self.uses_helpers |= parts.uses_helpers;
        Some(lowered)
    }

    /// The statements that make a class and bind it to its name.
    fn declaration(&mut self, declaration: &mut ClassDecl) -> Option<(Vec<Stmt>, Option<Stmt>)> {
        if declaration.declare {
            return None;
        }
        let name = declaration.ident.sym.clone();
        let ident = declaration.ident.clone();
        let lowered = self.class(&mut declaration.class, Some(&ident), &name)?;
        if lowered.is_whole() {
            *declaration.class = lowered.class;
            return None;
        }
        let alias = lowered.alias.clone();
        let statements = statements_of(lowered, Some(ident.clone()));
        Some((statements, Some(declare(VarDeclKind::Let, &ident, Some(use_of(&alias))))))
    }

    fn expression(&mut self, class: &mut ClassExpr, hint: Option<Atom>) -> Option<Expr> {
        let own = class.ident.clone();
        let name =
            own.as_ref().map(|own| own.sym.clone()).or_else(|| hint.clone()).unwrap_or_default();
        let mut lowered = self.class(&mut class.class, own.as_ref(), &name)?;
        if lowered.is_whole() {
            *class.class = lowered.class;
            return None;
        }
        if own.is_none()
            && !lowered.is_decorated
            && let Some(hint) = hint
        {
            self.uses_helpers = true;
            let set = call("__setName", vec![use_of(&lowered.alias), code::string(&hint)]);
            lowered.after.insert(0, code::statement(set));
        }
        let alias = lowered.alias.clone();
        let mut body = statements_of(lowered, own);
        body.push(return_of(use_of(&alias)));
        Some(evaluated(body))
    }

    fn visit_named(&mut self, name: Option<Atom>, value: &mut Box<Expr>) {
        self.name = name.filter(|_| matches!(&**value, Expr::Class(_) | Expr::Paren(_)));
        value.visit_mut_with(self);
        self.name = None;
    }

    fn split_declaration(&mut self, statement: &mut Stmt) -> Option<Vec<Stmt>> {
        if let Stmt::Decl(Decl::Class(declaration)) = statement {
            declaration.visit_mut_children_with(self);
            let (mut statements, binding) = self.declaration(declaration)?;
            statements.extend(binding);
            return Some(statements);
        }
        statement.visit_mut_with(self);
        None
    }

    fn split_item(&mut self, item: &mut ModuleItem) -> Option<Vec<ModuleItem>> {
        match item {
            ModuleItem::Stmt(statement) => {
                let statements = self.split_declaration(statement)?;
                Some(statements.into_iter().map(ModuleItem::Stmt).collect())
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                let Decl::Class(declaration) = &mut export.decl else {
                    export.visit_mut_with(self);
                    return None;
                };
                declaration.visit_mut_children_with(self);
                let (statements, binding) = self.declaration(declaration)?;
                let mut items: Vec<ModuleItem> =
                    statements.into_iter().map(ModuleItem::Stmt).collect();
                if let Some(Stmt::Decl(decl)) = binding {
                    let export = ExportDecl { span: export.span, decl };
                    items.push(ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)));
                }
                Some(items)
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => {
                let DefaultDecl::Class(class) = &mut export.decl else {
                    export.visit_mut_with(self);
                    return None;
                };
                class.visit_mut_children_with(self);
                let Some(ident) = class.ident.clone() else {
                    let expression = self.expression(class, Some("default".into()))?;
                    let export =
                        ExportDefaultExpr { span: export.span, expr: Box::new(expression) };
                    return Some(vec![ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(
                        export,
                    ))]);
                };
                let mut declaration =
                    ClassDecl { ident: ident.clone(), declare: false, class: class.class.take() };
                let Some((mut statements, binding)) = self.declaration(&mut declaration) else {
                    class.class = declaration.class;
                    return None;
                };
                statements.extend(binding);
                let mut items: Vec<ModuleItem> =
                    statements.into_iter().map(ModuleItem::Stmt).collect();
                let default = Ident::new_no_ctxt("default".into(), DUMMY_SP);
                items.push(ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(NamedExport {
                    span: DUMMY_SP,
                    specifiers: vec![ExportSpecifier::Named(ExportNamedSpecifier {
                        span: DUMMY_SP,
                        orig: ModuleExportName::Ident(ident),
                        exported: Some(ModuleExportName::Ident(default)),
                        is_type_only: false,
                    })],
                    src: None,
                    type_only: false,
                    with: None,
                })));
                Some(items)
            }
            ModuleItem::ModuleDecl(_) => {
                item.visit_mut_children_with(self);
                None
            }
        }
    }
}

/// The value that statements return, in the function they stand in: they may `await` and `yield`.
fn evaluated(body: Vec<Stmt>) -> Expr {
    let mut waits = Waits::default();
    body.visit_with(&mut waits);
    let closure = |function| Expr::Paren(ParenExpr { span: DUMMY_SP, expr: Box::new(function) });
    if waits.yields {
        let generator = Expr::Fn(FnExpr {
            ident: None,
            function: Box::new(Function {
                body: Some(function_body(body)),
                is_generator: true,
                is_async: waits.awaits,
                ..Function::default()
            }),
        });
        let run = code::member(closure(generator), &"call".into(), DUMMY_SP);
        return closure(Expr::Yield(YieldExpr {
            span: DUMMY_SP,
            arg: Some(Box::new(code::call_expression(run, vec![this()]))),
            delegate: true,
        }));
    }
    let run =
        code::call_expression(closure(code::arrow_block(&[], body, waits.awaits)), Vec::new());
    if waits.awaits { closure(code::await_expression(run)) } else { run }
}

/// Whether code waits outside of the functions in it.
#[derive(Default)]
struct Waits {
    awaits: bool,
    yields: bool,
}

impl Visit for Waits {
    noop_visit_type!();

    fn visit_await_expr(&mut self, expression: &AwaitExpr) {
        self.awaits = true;
        expression.visit_children_with(self);
    }

    fn visit_yield_expr(&mut self, expression: &YieldExpr) {
        self.yields = true;
        expression.visit_children_with(self);
    }

    fn visit_function(&mut self, _: &Function) {}

    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}

    fn visit_constructor(&mut self, _: &Constructor) {}
}

/// `before; const alias = class {}; after`
fn statements_of(lowered: Lowered, ident: Option<Ident>) -> Vec<Stmt> {
    let kind = if lowered.is_decorated { VarDeclKind::Let } else { VarDeclKind::Const };
    let class = Expr::Class(ClassExpr {
        // A decorated class is known by another name inside, which is that of what decorators made of it.
        ident: ident.filter(|_| !lowered.is_decorated),
        class: Box::new(lowered.class),
    });
    let mut statements = lowered.before;
    statements.push(declare(kind, &lowered.alias, Some(class)));
    statements.extend(lowered.after);
    statements
}

fn is_newer(member: &ClassMember) -> bool {
    match member {
        ClassMember::ClassProp(field) => !field.declare && !field.is_abstract,
        ClassMember::PrivateMethod(_)
        | ClassMember::PrivateProp(_)
        | ClassMember::StaticBlock(_)
        | ClassMember::AutoAccessor(_) => true,
        _ => false,
    }
}

fn is_decorated(class: &Class) -> bool {
    !class.decorators.is_empty()
        || class.body.iter().any(|member| !decorators_of(member).is_empty())
}

impl VisitMut for Lowering {
    noop_visit_mut_type!();

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        let mut result = Vec::with_capacity(statements.len());
        for mut statement in statements.take() {
            match self.split_declaration(&mut statement) {
                Some(several) => result.extend(several),
                None => result.push(statement),
            }
        }
        *statements = result;
    }

    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        let mut result = Vec::with_capacity(items.len());
        for mut item in items.take() {
            match self.split_item(&mut item) {
                Some(several) => result.extend(several),
                None => result.push(item),
            }
        }
        *items = result;
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        let name = self.name.take();
        match expression {
            Expr::Class(class) => {
                class.visit_mut_children_with(self);
                if let Some(lowered) = self.expression(class, name) {
                    *expression = lowered;
                }
            }
            Expr::Paren(paren) => {
                self.name = name;
                paren.visit_mut_children_with(self);
                self.name = None;
            }
            other => other.visit_mut_children_with(self),
        }
    }

    fn visit_mut_var_declarator(&mut self, declarator: &mut VarDeclarator) {
        declarator.name.visit_mut_with(self);
        if let Some(init) = &mut declarator.init {
            let name = declarator.name.as_ident().map(|ident| ident.sym.clone());
            self.visit_named(name, init);
        }
    }

    fn visit_mut_assign_expr(&mut self, assign: &mut AssignExpr) {
        assign.left.visit_mut_with(self);
        let name = match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => Some(ident.sym.clone()),
            _ => None,
        };
        self.visit_named(name, &mut assign.right);
    }

    fn visit_mut_assign_pat(&mut self, pattern: &mut AssignPat) {
        pattern.left.visit_mut_with(self);
        let name = pattern.left.as_ident().map(|ident| ident.sym.clone());
        self.visit_named(name, &mut pattern.right);
    }

    fn visit_mut_assign_pat_prop(&mut self, property: &mut AssignPatProp) {
        let name = property.key.sym.clone();
        if let Some(value) = &mut property.value {
            self.visit_named(Some(name), value);
        }
    }

    fn visit_mut_key_value_prop(&mut self, property: &mut KeyValueProp) {
        property.key.visit_mut_with(self);
        let name = static_name(&property.key);
        self.visit_named(name, &mut property.value);
    }

    fn visit_mut_class_prop(&mut self, field: &mut ClassProp) {
        field.key.visit_mut_with(self);
        field.decorators.visit_mut_with(self);
        let name = static_name(&field.key);
        if let Some(value) = &mut field.value {
            self.visit_named(name, value);
        }
    }

    fn visit_mut_private_prop(&mut self, field: &mut PrivateProp) {
        field.decorators.visit_mut_with(self);
        let name = Atom::from(format!("#{}", field.key.name));
        if let Some(value) = &mut field.value {
            self.visit_named(Some(name), value);
        }
    }

    fn visit_mut_auto_accessor(&mut self, accessor: &mut AutoAccessor) {
        accessor.decorators.visit_mut_with(self);
        let name = match &mut accessor.key {
            Key::Public(key) => {
                key.visit_mut_with(self);
                static_name(key)
            }
            Key::Private(name) => Some(format!("#{}", name.name).into()),
        };
        if let Some(value) = &mut accessor.value {
            self.visit_named(name, value);
        }
    }

    fn visit_mut_export_default_expr(&mut self, export: &mut ExportDefaultExpr) {
        self.visit_named(Some("default".into()), &mut export.expr);
    }
}
