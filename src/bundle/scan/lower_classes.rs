//! Classes in older syntax: fields, private names, static blocks and `accessor` become what every runtime has, and
//! decorators (the proposal of November 2023) become calls. Also TypeScript's fields that are assigned, not defined.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, Mark, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use crate::bundle::code;
use crate::bundle::runtime;

/// What is wanted of classes.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassOptions {
    /// The output may not hold fields, private names and static blocks.
    pub(super) lowers: bool,
    /// Fields are assigned (TypeScript's `useDefineForClassFields: false`).
    pub(super) assigns: bool,
    /// Decorators are TypeScript's own, which another transform takes.
    pub(super) legacy_decorators: bool,
}

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
struct MarkGlobals {
    unresolved: SyntaxContext,
}

impl VisitMut for MarkGlobals {
    noop_visit_mut_type!();

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        let is_global = || {
            runtime::FOR_CLASSES.contains(&ident.sym.as_str())
                || matches!(ident.sym.as_str(), "WeakMap" | "WeakSet")
        };
        if ident.ctxt == SyntaxContext::empty() && is_global() {
            ident.ctxt = self.unresolved;
        }
    }
}

/// `accessor x` with decorators of TypeScript's own kind: a private field, and a getter and a setter that are decorated.
pub(super) fn expand_accessors(program: &mut Program) {
    program.visit_mut_with(&mut ExpandAccessors);
}

struct ExpandAccessors;

impl VisitMut for ExpandAccessors {
    noop_visit_mut_type!();

    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        let mut body = Vec::new();
        for member in class.body.take() {
            match member {
                ClassMember::AutoAccessor(accessor) => body.extend(native_accessor(accessor)),
                other => body.push(other),
            }
        }
        class.body = body;
    }
}

fn fresh(name: &str) -> Ident {
    let name = crate::bundle::graph::identifier(name);
    Ident::new(format!("_{name}").into(), DUMMY_SP, SyntaxContext::empty().apply_mark(Mark::new()))
}

fn this() -> Expr {
    Expr::This(ThisExpr { span: DUMMY_SP })
}

fn use_of(ident: &Ident) -> Expr {
    Expr::Ident(ident.clone())
}

fn function_body(stmts: Vec<Stmt>) -> FunctionBody {
    FunctionBody { span: DUMMY_SP, stmts }
}

fn return_of(value: Expr) -> Stmt {
    Stmt::Return(ReturnStmt { span: DUMMY_SP, arg: Some(Box::new(value)) })
}

fn declare(kind: VarDeclKind, name: &Ident, value: Option<Expr>) -> Stmt {
    Stmt::Decl(Decl::Var(Box::new(VarDecl {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        kind,
        declare: false,
        decls: vec![VarDeclarator {
            span: DUMMY_SP,
            name: Pat::Ident(BindingIdent::from(name.clone())),
            init: value.map(Box::new),
            definite: false,
        }],
    })))
}

fn assign_to(name: &Ident, value: Expr) -> Expr {
    Expr::Assign(AssignExpr {
        span: DUMMY_SP,
        op: op!("="),
        left: AssignTarget::Simple(SimpleAssignTarget::Ident(BindingIdent::from(name.clone()))),
        right: Box::new(value),
    })
}

fn method(key: PropName, kind: MethodKind, is_static: bool, function: Function) -> ClassMethod {
    ClassMethod {
        span: DUMMY_SP,
        key,
        function: Box::new(function),
        kind,
        is_static,
        accessibility: None,
        is_abstract: false,
        is_optional: false,
        is_override: false,
    }
}

/// A getter and a setter for a place that `read` reads and `write` writes from `value`.
fn getter_and_setter(read: Expr, write: Expr) -> (Function, Function) {
    let getter =
        Function { body: Some(function_body(vec![return_of(read)])), ..Function::default() };
    let parameter = Param {
        span: DUMMY_SP,
        decorators: Vec::new(),
        pat: Pat::Ident(BindingIdent::from(Ident::new_no_ctxt("value".into(), DUMMY_SP))),
    };
    let setter = Function {
        params: vec![parameter],
        body: Some(function_body(vec![code::statement(write)])),
        ..Function::default()
    };
    (getter, setter)
}

fn native_accessor(accessor: AutoAccessor) -> Vec<ClassMember> {
    let (key, name) = match accessor.key {
        Key::Private(name) => {
            let text = name.name.to_string();
            return vec![ClassMember::PrivateProp(PrivateProp {
                span: accessor.span,
                ctxt: SyntaxContext::empty(),
                key: PrivateName { span: DUMMY_SP, name: text.into() },
                value: accessor.value,
                type_ann: None,
                is_static: accessor.is_static,
                decorators: Vec::new(),
                accessibility: None,
                is_optional: false,
                is_override: false,
                readonly: false,
                definite: false,
            })];
        }
        Key::Public(key) => {
            let name = static_name(&key).unwrap_or_else(|| "accessor".into());
            (key, name)
        }
    };
    let private = PrivateName {
        span: DUMMY_SP,
        name: format!("_{}_{}", crate::bundle::graph::identifier(&name), accessor.span.lo.0).into(),
    };
    let place = MemberExpr {
        span: DUMMY_SP,
        obj: Box::new(this()),
        prop: MemberProp::PrivateName(private.clone()),
    };
    let write = Expr::Assign(AssignExpr {
        span: DUMMY_SP,
        op: op!("="),
        left: AssignTarget::Simple(SimpleAssignTarget::Member(place.clone())),
        right: Box::new(code::ident(&"value".into())),
    });
    let (mut getter, setter) = getter_and_setter(Expr::Member(place), write);
    getter.decorators = accessor.decorators;
    vec![
        ClassMember::PrivateProp(PrivateProp {
            span: accessor.span,
            ctxt: SyntaxContext::empty(),
            key: private,
            value: accessor.value,
            type_ann: None,
            is_static: accessor.is_static,
            decorators: Vec::new(),
            accessibility: None,
            is_optional: false,
            is_override: false,
            readonly: false,
            definite: false,
        }),
        ClassMember::Method(method(key.clone(), MethodKind::Getter, accessor.is_static, getter)),
        ClassMember::Method(method(key, MethodKind::Setter, accessor.is_static, setter)),
    ]
}

/// The name of a key that is written out.
fn static_name(key: &PropName) -> Option<Atom> {
    match key {
        PropName::Ident(name) => Some(name.sym.clone()),
        PropName::Str(name) => name.value.as_str().map(Atom::from),
        _ => None,
    }
}

struct Lowering {
    options: ClassOptions,
    /// The name that an anonymous class at this place gets.
    name: Option<Atom>,
    uses_helpers: bool,
}

/// A class that was taken apart.
struct Lowered {
    before: Vec<Stmt>,
    class: Class,
    after: Vec<Stmt>,
    /// The variable that holds the class while its static parts are made.
    alias: Ident,
    /// A decorator may put another class in its place.
    is_decorated: bool,
}

impl Lowered {
    fn is_whole(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
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
            let mut body = Vec::new();
            for member in class.body.take() {
                match member {
                    ClassMember::AutoAccessor(accessor) => body.extend(native_accessor(accessor)),
                    other => body.push(other),
                }
            }
            class.body = body;
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
            arg: Some(Box::new(call_of(run, vec![this()]))),
            delegate: true,
        }));
    }
    let run = call_of(closure(code::arrow_block(&[], body, waits.awaits)), Vec::new());
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

fn decorators_of(member: &ClassMember) -> &[Decorator] {
    match member {
        ClassMember::Method(method) => &method.function.decorators,
        ClassMember::PrivateMethod(method) => &method.function.decorators,
        ClassMember::ClassProp(field) => &field.decorators,
        ClassMember::PrivateProp(field) => &field.decorators,
        ClassMember::AutoAccessor(accessor) => &accessor.decorators,
        _ => &[],
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

fn call(helper: &str, arguments: Vec<Expr>) -> Expr {
    code::call(&helper.into(), arguments)
}

/// What stands for a private name.
#[derive(Debug, Clone)]
enum Private {
    /// A `WeakMap` from object to value.
    Field(Ident),
    /// A `WeakSet` of the objects that have it, and the function.
    Method(Ident, Ident),
    /// The objects that have it, and the functions that read and write.
    Accessor { brand: Ident, getter: Option<Ident>, setter: Option<Ident> },
}

impl Private {
    fn member(&self) -> &Ident {
        match self {
            Self::Field(member)
            | Self::Method(member, _)
            | Self::Accessor { brand: member, .. } => member,
        }
    }

    fn read(&self, object: Expr) -> Expr {
        match self {
            Self::Field(member) => call("__readPrivate", vec![object, use_of(member)]),
            Self::Method(brand, function) => {
                call("__privateMethod", vec![object, use_of(brand), use_of(function)])
            }
            Self::Accessor { brand, getter, .. } => {
                let mut arguments = vec![object, use_of(brand)];
                arguments.extend(getter.as_ref().map(use_of));
                call("__readPrivate", arguments)
            }
        }
    }

    fn write(&self, object: Expr, value: Expr) -> Expr {
        let mut arguments = vec![object, use_of(self.member()), value];
        if let Self::Accessor { setter, .. } = self {
            arguments.extend(setter.as_ref().map(use_of));
        }
        call("__writePrivate", arguments)
    }

    /// `__privateRef(object, …)._`, which can stand wherever a property can.
    fn reference(&self, object: Expr) -> MemberExpr {
        let mut arguments = vec![object, use_of(self.member())];
        if let Self::Accessor { getter, setter, .. } = self {
            arguments.push(setter.as_ref().map_or_else(code::void_0, use_of));
            arguments.push(getter.as_ref().map_or_else(code::void_0, use_of));
        }
        MemberExpr {
            span: DUMMY_SP,
            obj: Box::new(call("__privateRef", arguments)),
            prop: MemberProp::Ident(IdentName { span: DUMMY_SP, sym: "_".into() }),
        }
    }

    /// The value with its object bound, to be called.
    fn bound(&self, object: Expr) -> Expr {
        let mut arguments = vec![object, use_of(self.member())];
        match self {
            Self::Field(_) => {}
            Self::Method(_, function) => arguments.extend([use_of(function), code::number(1.0)]),
            Self::Accessor { getter, .. } => arguments.extend(getter.as_ref().map(use_of)),
        }
        call("__privateBind", arguments)
    }
}

/// Writes uses of private names as calls of helpers.
struct PrivateUses<'a> {
    names: &'a FxHashMap<Atom, Private>,
    /// Names that a class further in declares itself.
    shadowed: Vec<FxHashSet<Atom>>,
}

impl PrivateUses<'_> {
    fn of(&self, member: &MemberExpr) -> Option<Private> {
        let MemberProp::PrivateName(name) = &member.prop else { return None };
        self.named(&name.name)
    }

    fn named(&self, name: &Atom) -> Option<Private> {
        if self.shadowed.iter().any(|names| names.contains(name)) {
            return None;
        }
        self.names.get(name).cloned()
    }
}

fn declared_private_names(class: &Class) -> FxHashSet<Atom> {
    class
        .body
        .iter()
        .filter_map(|member| match member {
            ClassMember::PrivateMethod(method) => Some(method.key.name.clone()),
            ClassMember::PrivateProp(field) => Some(field.key.name.clone()),
            ClassMember::AutoAccessor(accessor) => match &accessor.key {
                Key::Private(name) => Some(name.name.clone()),
                Key::Public(_) => None,
            },
            _ => None,
        })
        .collect()
}

fn member_of(expression: &mut Expr) -> Option<&mut MemberExpr> {
    match expression {
        Expr::Member(member) => Some(member),
        Expr::Paren(paren) => member_of(&mut paren.expr),
        Expr::TsNonNull(inner) => member_of(&mut inner.expr),
        _ => None,
    }
}

impl VisitMut for PrivateUses<'_> {
    noop_visit_mut_type!();

    fn visit_mut_class(&mut self, class: &mut Class) {
        self.shadowed.push(declared_private_names(class));
        class.visit_mut_children_with(self);
        self.shadowed.pop();
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Call(call_expression) => {
                if let Callee::Expr(callee) = &mut call_expression.callee
                    && let Some(member) = member_of(callee)
                    && let Some(private) = self.of(member)
                {
                    member.obj.visit_mut_with(self);
                    call_expression.args.visit_mut_with(self);
                    let object = *member.obj.take();
                    // A getter may give the variable another value before the call.
                    let is_fixed = matches!(object, Expr::This(_))
                        || (matches!(object, Expr::Ident(_))
                            && !matches!(private, Private::Accessor { .. }));
                    if is_fixed {
                        let read = private.read(object.clone());
                        **callee = code::member(read, &"call".into(), DUMMY_SP);
                        call_expression
                            .args
                            .insert(0, ExprOrSpread { spread: None, expr: Box::new(object) });
                    } else {
                        **callee = private.bound(object);
                    }
                    return;
                }
            }
            Expr::TaggedTpl(template) => {
                if let Some(member) = member_of(&mut template.tag)
                    && let Some(private) = self.of(member)
                {
                    member.obj.visit_mut_with(self);
                    *template.tag = private.bound(*member.obj.take());
                    template.tpl.visit_mut_with(self);
                    return;
                }
            }
            Expr::Member(member) => {
                if let Some(private) = self.of(member) {
                    member.obj.visit_mut_with(self);
                    *expression = private.read(*member.obj.take());
                    return;
                }
            }
            Expr::Assign(assign) if assign.op == op!("=") => {
                if let AssignTarget::Simple(SimpleAssignTarget::Member(member)) = &mut assign.left
                    && let Some(private) = self.of(member)
                {
                    member.obj.visit_mut_with(self);
                    assign.right.visit_mut_with(self);
                    *expression = private.write(*member.obj.take(), *assign.right.take());
                    return;
                }
            }
            Expr::Update(update) => {
                if let Some(member) = member_of(&mut update.arg)
                    && let Some(private) = self.of(member)
                {
                    member.obj.visit_mut_with(self);
                    *member = private.reference(*member.obj.take());
                    return;
                }
            }
            Expr::Bin(test) if test.op == op!("in") => {
                if let Expr::PrivateName(name) = &*test.left
                    && let Some(private) = self.named(&name.name)
                {
                    test.right.visit_mut_with(self);
                    let arguments = vec![*test.right.take(), use_of(private.member())];
                    *expression = call("__hasPrivate", arguments);
                    return;
                }
            }
            _ => {}
        }
        expression.visit_mut_children_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::Member(member) = target
            && let Some(private) = self.of(member)
        {
            member.obj.visit_mut_with(self);
            *member = private.reference(*member.obj.take());
            return;
        }
        target.visit_mut_children_with(self);
    }

    fn visit_mut_pat(&mut self, pattern: &mut Pat) {
        if let Pat::Expr(expression) = pattern
            && let Some(member) = member_of(expression)
            && let Some(private) = self.of(member)
        {
            member.obj.visit_mut_with(self);
            *member = private.reference(*member.obj.take());
            return;
        }
        pattern.visit_mut_children_with(self);
    }
}

/// Code that leaves the place where it was written.
struct Moved<'a> {
    /// What `this` is outside of functions; `None`: it stays.
    this: Option<Expr>,
    /// The object whose prototype `super` reads; `None`: it stays.
    home: Option<Expr>,
    /// The class's own name, and what it is called outside.
    own: Option<(Id, &'a Ident)>,
    uses_helpers: bool,
}

impl Moved<'_> {
    fn super_key(property: &mut SuperProp) -> Expr {
        match property {
            SuperProp::Ident(name) => code::string(&name.sym),
            SuperProp::Computed(name) => *name.expr.take(),
        }
    }

    /// The receiver of `super`: what `this` is there.
    fn receiver(&self) -> Expr {
        self.this.clone().unwrap_or_else(this)
    }

    fn super_reference(&mut self, property: &mut SuperPropExpr) -> Option<MemberExpr> {
        let home = self.home.clone()?;
        property.visit_mut_children_with(self);
        self.uses_helpers = true;
        let arguments = vec![home, Self::super_key(&mut property.prop), self.receiver()];
        Some(MemberExpr {
            span: DUMMY_SP,
            obj: Box::new(call("__superRef", arguments)),
            prop: MemberProp::Ident(IdentName { span: DUMMY_SP, sym: "_".into() }),
        })
    }

    fn in_function(&mut self, visit: impl FnOnce(&mut Self)) {
        let (this, home) = (self.this.take(), self.home.take());
        visit(self);
        (self.this, self.home) = (this, home);
    }
}

impl VisitMut for Moved<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::This(_) => {
                if let Some(this) = &self.this {
                    *expression = this.clone();
                }
                return;
            }
            Expr::Call(call_expression) => {
                if let Callee::Expr(callee) = &mut call_expression.callee
                    && let Expr::SuperProp(property) = &mut **callee
                    && let Some(reference) = self.super_reference(property)
                {
                    call_expression.args.visit_mut_with(self);
                    **callee = code::member(Expr::Member(reference), &"call".into(), DUMMY_SP);
                    let receiver = Box::new(self.receiver());
                    call_expression.args.insert(0, ExprOrSpread { spread: None, expr: receiver });
                    return;
                }
            }
            Expr::SuperProp(property) => {
                if let Some(reference) = self.super_reference(property) {
                    *expression = Expr::Member(reference);
                }
                return;
            }
            Expr::MetaProp(meta) if meta.kind == MetaPropKind::NewTarget && self.this.is_some() => {
                *expression = code::void_0();
                return;
            }
            _ => {}
        }
        expression.visit_mut_children_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::SuperProp(property) = target
            && let Some(reference) = self.super_reference(property)
        {
            *target = SimpleAssignTarget::Member(reference);
            return;
        }
        target.visit_mut_children_with(self);
    }

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if let Some((own, alias)) = &self.own
            && ident.to_id() == *own
        {
            *ident = Ident { span: ident.span, ..(*alias).clone() };
        }
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(ident) = property
            && let Some((own, alias)) = &self.own
            && ident.to_id() == *own
        {
            *property = Prop::KeyValue(KeyValueProp {
                key: PropName::Ident(IdentName { span: ident.span, sym: ident.sym.clone() }),
                value: Box::new(use_of(alias)),
            });
            return;
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_function(&mut self, function: &mut Function) {
        self.in_function(|moved| function.visit_mut_children_with(moved));
    }

    fn visit_mut_class(&mut self, class: &mut Class) {
        class.decorators.visit_mut_with(self);
        class.super_class.visit_mut_with(self);
        for member in &mut class.body {
            if let ClassMember::Method(method) = member {
                method.key.visit_mut_with(self);
            }
        }
        self.in_function(|moved| class.body.visit_mut_with(moved));
    }
}

/// A class on its way to being taken apart.
struct Parts<'a> {
    options: ClassOptions,
    decorates: bool,
    /// Private names, static parts and fields all go.
    takes_all: bool,
    own: Option<&'a Ident>,
    name: &'a Atom,
    alias: Ident,
    record: Ident,
    base: Option<Ident>,
    before: Vec<Stmt>,
    /// Private methods, which see the class by its own name.
    functions: Vec<Stmt>,
    after: Vec<Stmt>,
    instance: Vec<Stmt>,
    statics: Vec<Stmt>,
    brand: Option<Ident>,
    static_brand: Option<Ident>,
    elements: Vec<Expr>,
    private: FxHashMap<Atom, Private>,
    uses_helpers: bool,
}

impl<'a> Parts<'a> {
    fn new(
        options: ClassOptions,
        takes_all: bool,
        decorates: bool,
        own: Option<&'a Ident>,
        name: &'a Atom,
    ) -> Self {
        let text = if name.is_empty() { "class" } else { name.as_str() };
        Self {
            options,
            decorates,
            takes_all,
            own,
            name,
            alias: fresh(text),
            record: fresh("record"),
            base: None,
            before: Vec::new(),
            functions: Vec::new(),
            after: Vec::new(),
            instance: Vec::new(),
            statics: Vec::new(),
            brand: None,
            static_brand: None,
            elements: Vec::new(),
            private: FxHashMap::default(),
            uses_helpers: false,
        }
    }

    fn take_apart(&mut self, mut class: Class) -> Lowered {
        if self.takes_all {
            self.declare_private(&class);
            if !self.private.is_empty() {
                let mut uses = PrivateUses { names: &self.private, shadowed: Vec::new() };
                class.body.visit_mut_with(&mut uses);
                class.decorators.visit_mut_with(&mut uses);
                self.uses_helpers = true;
            }
        }
        let class_decorators = if self.decorates { class.decorators.take() } else { Vec::new() };
        let decorators = Self::list(class_decorators);
        let has_class_decorators = decorators.as_array().is_some_and(|list| !list.elems.is_empty());
        let class_list = has_class_decorators.then(|| self.hoist("decorators", decorators));
        self.hoist_heritage_and_keys(&mut class);
        let mut body = Vec::new();
        for member in class.body.take() {
            self.member(member, &mut body);
        }
        class.body = body;
        let home = code::member(use_of(&self.alias), &"prototype".into(), DUMMY_SP);
        for mut statement in self.functions.take() {
            // Private methods have a `this` of their own.
            self.uses_helpers |=
                moved(&mut statement, None, Some(home.clone()), self.own, &self.alias);
            self.before.push(statement);
        }
        self.add_brands();
        if !self.instance.is_empty() {
            into_constructor(&mut class, self.instance.take());
        }
        let mut after = self.after.take();
        if self.decorates {
            after.extend(self.decorate(class_list.as_ref()));
        }
        let alias = use_of(&self.alias);
        for mut statement in self.statics.take() {
            self.uses_helpers |= moved(
                &mut statement,
                Some(alias.clone()),
                Some(alias.clone()),
                self.own,
                &self.alias,
            );
            after.push(statement);
        }
        if has_class_decorators {
            // What decorators make of the class is what its own name means, everywhere in it.
            class.body.visit_mut_with(&mut self.inside());
            let done = code::member(use_of(&self.record), &"done".into(), DUMMY_SP);
            after.push(code::statement(call_of(done, Vec::new())));
        }
        if has_class_decorators && !has_static_name(&class) {
            self.uses_helpers = true;
            let set = call("__setName", vec![use_of(&self.alias), code::string(self.name)]);
            after.insert(0, code::statement(set));
        }
        Lowered {
            before: self.before.take(),
            class,
            after,
            alias: self.alias.clone(),
            is_decorated: has_class_decorators,
        }
    }

    /// A variable that takes a value before the class is made.
    fn hoist(&mut self, name: &str, value: Expr) -> Ident {
        let variable = fresh(name);
        self.before.push(declare(VarDeclKind::Const, &variable, Some(value)));
        variable
    }

    /// `[[decorator], [object.decorator, object]]`
    fn list(decorators: Vec<Decorator>) -> Expr {
        let pairs = decorators.into_iter().map(|decorator| {
            let mut pair = vec![*decorator.expr];
            let receiver = match &pair[0] {
                Expr::Member(member) if matches!(&*member.obj, Expr::Ident(_) | Expr::This(_)) => {
                    Some((*member.obj).clone())
                }
                _ => None,
            };
            pair.extend(receiver);
            code::array(pair)
        });
        code::array(pairs.collect())
    }

    fn declare_private(&mut self, class: &Class) {
        for member in &class.body {
            match member {
                ClassMember::PrivateProp(field) => {
                    let map = fresh(&field.key.name);
                    self.private.insert(field.key.name.clone(), Private::Field(map));
                }
                ClassMember::AutoAccessor(AutoAccessor {
                    key: Key::Private(name),
                    decorators,
                    ..
                }) => {
                    let map = fresh(&name.name);
                    let private = if decorators.is_empty() {
                        Private::Field(map)
                    } else {
                        let (getter, setter) = (
                            fresh(&format!("{}_get", name.name)),
                            fresh(&format!("{}_set", name.name)),
                        );
                        Private::Accessor { brand: map, getter: Some(getter), setter: Some(setter) }
                    };
                    self.private.insert(name.name.clone(), private);
                }
                ClassMember::PrivateMethod(method) => {
                    let slot =
                        if method.is_static { &mut self.static_brand } else { &mut self.brand };
                    let brand = slot.get_or_insert_with(|| fresh("brand")).clone();
                    let name = &method.key.name;
                    match method.kind {
                        MethodKind::Method => {
                            let function = fresh(&format!("{name}_method"));
                            self.private.insert(name.clone(), Private::Method(brand, function));
                        }
                        kind => {
                            let entry = self
                                .private
                                .entry(name.clone())
                                .or_insert(Private::Accessor { brand, getter: None, setter: None });
                            if let Private::Accessor { getter, setter, .. } = entry {
                                if kind == MethodKind::Getter {
                                    *getter = Some(fresh(&format!("{name}_get")));
                                } else {
                                    *setter = Some(fresh(&format!("{name}_set")));
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a member goes elsewhere, so that its computed key must be kept.
    fn moves(&self, member: &ClassMember) -> bool {
        match member {
            ClassMember::ClassProp(field) => {
                (self.takes_all || self.options.assigns)
                    && !field.is_abstract
                    && (self.options.assigns || !field.declare)
            }
            ClassMember::AutoAccessor(_) => true,
            ClassMember::Method(method) => !method.function.decorators.is_empty() && self.decorates,
            _ => false,
        }
    }

    /// Evaluates what stands outside of functions in the order of the source, before the class.
    fn hoist_heritage_and_keys(&mut self, class: &mut Class) {
        let is_computed = |member: &ClassMember| key_of(member).is_some_and(PropName::is_computed);
        let keeps_order = class.body.iter().any(|member| is_computed(member) && self.moves(member));
        let decorates_members =
            self.decorates && class.body.iter().any(|member| !decorators_of(member).is_empty());
        if (keeps_order || self.decorates)
            && let Some(base) = class.super_class.take()
        {
            let variable = self.hoist("base", *base);
            class.super_class = Some(Box::new(use_of(&variable)));
            self.base = Some(variable);
        }
        if !keeps_order && !decorates_members {
            return;
        }
        let mut members = class.body.take();
        for member in &mut members {
            if self.decorates {
                self.hoist_decorators(member);
            }
            let is_erased = matches!(member, ClassMember::ClassProp(field) if field.declare);
            if let Some(PropName::Computed(key)) = key_of_mut(member) {
                if is_erased {
                    continue;
                }
                if matches!(&*key.expr, Expr::Lit(_)) {
                    continue;
                }
                self.uses_helpers = true;
                let mut value = call("__toKey", vec![*key.expr.take()]);
                value.visit_mut_with(&mut self.inside());
                let variable = self.hoist("key", value);
                *key.expr = use_of(&variable);
            }
        }
        class.body = members;
    }

    /// Code in the scope of the class, where its own name is that of the finished class.
    fn inside(&self) -> Moved<'_> {
        let own = self.own.map(|own| (own.to_id(), &self.alias));
        Moved { this: None, home: None, own, uses_helpers: false }
    }

    /// Leaves the variable that holds the list in place of the decorators.
    fn hoist_decorators(&mut self, member: &mut ClassMember) {
        let decorators = match member {
            ClassMember::Method(method) => &mut method.function.decorators,
            ClassMember::PrivateMethod(method) => &mut method.function.decorators,
            ClassMember::ClassProp(field) => &mut field.decorators,
            ClassMember::PrivateProp(field) => &mut field.decorators,
            ClassMember::AutoAccessor(accessor) => &mut accessor.decorators,
            _ => return,
        };
        if decorators.is_empty() {
            return;
        }
        let span = decorators[0].span;
        let list = decorators.take();
        let mut list = Self::list(list);
        list.visit_mut_with(&mut self.inside());
        let variable = fresh("decorators");
        *decorators = vec![Decorator { span, expr: Box::new(use_of(&variable)) }];
        self.before.push(declare(VarDeclKind::Const, &variable, Some(list)));
    }

    fn member(&mut self, member: ClassMember, body: &mut Vec<ClassMember>) {
        match member {
            ClassMember::Method(mut method) => {
                if self.decorates
                    && let Some(list) = method.function.decorators.take().pop()
                {
                    let kind = match method.kind {
                        MethodKind::Method => "method",
                        MethodKind::Getter => "getter",
                        MethodKind::Setter => "setter",
                    };
                    let name = key_value(&method.key);
                    self.element(kind, method.is_static, name, *list.expr, None);
                }
                body.push(ClassMember::Method(method));
            }
            ClassMember::PrivateMethod(method) if self.takes_all => self.private_method(method),
            ClassMember::ClassProp(field) => self.field(field, body),
            ClassMember::PrivateProp(field) if self.takes_all => self.private_field(field),
            ClassMember::PrivateProp(mut field)
                if self.options.assigns && !field.is_static && field.value.is_some() =>
            {
                // Its value may read a field that is assigned.
                if let Some(value) = field.value.take() {
                    let target = MemberExpr {
                        span: field.span,
                        obj: Box::new(this()),
                        prop: MemberProp::PrivateName(field.key.clone()),
                    };
                    self.instance.push(assign_member(target, *value));
                }
                body.push(ClassMember::PrivateProp(field));
            }
            ClassMember::StaticBlock(block) if self.takes_all => {
                let is_plain =
                    block.body.stmts.iter().all(|statement| matches!(statement, Stmt::Expr(_)));
                if is_plain {
                    self.statics.extend(block.body.stmts);
                } else {
                    let arrow = code::arrow_block(&[], block.body.stmts, false);
                    self.statics.push(code::statement(call_of(
                        Expr::Paren(ParenExpr { span: DUMMY_SP, expr: Box::new(arrow) }),
                        Vec::new(),
                    )));
                }
            }
            ClassMember::AutoAccessor(accessor) => self.accessor(accessor, body),
            other => body.push(other),
        }
    }

    /// Adds an element to decorate; returns its number.
    fn element(
        &mut self,
        kind: &str,
        is_static: bool,
        name: Expr,
        decorators: Expr,
        private: Option<(Expr, Expr, Expr)>,
    ) -> usize {
        self.uses_helpers = true;
        let is_static = Expr::Lit(Lit::Bool(Bool { span: DUMMY_SP, value: is_static }));
        let mut entry = vec![code::string(kind), is_static, name, decorators];
        if let Some((access, value, update)) = private {
            entry.extend([access, value, update]);
        }
        self.elements.push(code::array(entry));
        self.elements.len() - 1
    }

    /// `{ has: (object) => …, get: (object) => …, set: (object, value) => … }`
    fn access(private: &Private, reads: bool, writes: bool) -> Expr {
        let object = || code::ident(&"object".into());
        let has = call("__hasPrivate", vec![object(), use_of(private.member())]);
        let mut properties = vec![("has".into(), code::arrow(vec!["object"], has))];
        if reads {
            properties.push(("get".into(), code::arrow(vec!["object"], private.read(object()))));
        }
        if writes {
            let write = private.write(object(), code::ident(&"value".into()));
            let body = vec![code::statement(write)];
            properties.push(("set".into(), code::arrow_block(&["object", "value"], body, false)));
        }
        code::object(properties)
    }

    fn private_method(&mut self, mut method: PrivateMethod) {
        let private = self.private[&method.key.name].clone();
        let (variable, kind) = match (&private, method.kind) {
            (Private::Method(_, function), _) => (function.clone(), "method"),
            (Private::Accessor { getter: Some(getter), .. }, MethodKind::Getter) => {
                (getter.clone(), "getter")
            }
            (Private::Accessor { setter: Some(setter), .. }, MethodKind::Setter) => {
                (setter.clone(), "setter")
            }
            _ => return,
        };
        let list = method.function.decorators.take().pop();
        let is_static = method.is_static;
        let name = Atom::from(format!("#{}", method.key.name));
        let function =
            Expr::Fn(FnExpr { ident: None, function: std::mem::take(&mut method.function) });
        let mut function = Some(code::named(&shown_name(method.kind, &name), function));
        if is_static && let Some(function) = &mut function {
            // `super` in it is that of the class.
            let home = use_of(&self.alias);
            let mut statement = code::statement(function.take());
            let method_moved = MovedMethod { home, own: self.own, alias: &self.alias };
            self.uses_helpers |= method_moved.apply(&mut statement);
            if let Stmt::Expr(inner) = statement {
                *function = *inner.expr;
            }
        }
        let declaration_kind = if list.is_some() { VarDeclKind::Let } else { VarDeclKind::Const };
        self.functions.push(declare(declaration_kind, &variable, function));
        if let Some(list) = list {
            let access = Self::access(&private, kind != "setter", kind == "setter");
            let update = update_of(assign_to(&variable, code::ident(&"value".into())));
            self.element(
                kind,
                is_static,
                code::string(&name),
                *list.expr,
                Some((access, use_of(&variable), update)),
            );
        }
    }

    /// `record.elements[number].init(self, value)`
    fn initialised(&self, number: usize, target: &Expr, value: Option<Expr>) -> Expr {
        let mut arguments = vec![target.clone()];
        arguments.extend(value);
        call_of(self.element_part(number, "init"), arguments)
    }

    fn element_part(&self, number: usize, part: &str) -> Expr {
        let elements = code::member(use_of(&self.record), &"elements".into(), DUMMY_SP);
        #[expect(clippy::cast_precision_loss, reason = "a class has fewer than 2^52 elements")]
        let index = code::number(number as f64);
        let element = Expr::Member(MemberExpr {
            span: DUMMY_SP,
            obj: Box::new(elements),
            prop: MemberProp::Computed(ComputedPropName { span: DUMMY_SP, expr: Box::new(index) }),
        });
        code::member(element, &part.into(), DUMMY_SP)
    }

    fn extra(&self, number: usize, target: &Expr) -> Stmt {
        code::statement(call_of(self.element_part(number, "extra"), vec![target.clone()]))
    }

    fn push(&mut self, is_static: bool, statement: Stmt) {
        if is_static {
            self.statics.push(statement);
        } else {
            self.instance.push(statement);
        }
    }

    fn field(&mut self, mut field: ClassProp, body: &mut Vec<ClassMember>) {
        if field.is_abstract || field.declare {
            body.push(ClassMember::ClassProp(field));
            return;
        }
        let list = if self.decorates { field.decorators.take().pop() } else { None };
        if !field.decorators.is_empty() || !(self.takes_all || self.options.assigns) {
            body.push(ClassMember::ClassProp(field));
            return;
        }
        let is_static = field.is_static;
        let name = static_name(&field.key);
        let mut value = field.value.take().map(|value| match &name {
            Some(name) if code::is_anonymous_function(&value) => code::named(name, *value),
            _ => *value,
        });
        let number = list
            .map(|list| self.element("field", is_static, key_value(&field.key), *list.expr, None));
        // Statics stand where `this` is the class, in or out of it.
        let target = this();
        if let Some(number) = number {
            value = Some(self.initialised(number, &target, value));
        }
        if self.options.assigns {
            if let Some(value) = value {
                let member = MemberExpr {
                    span: field.span,
                    obj: Box::new(target.clone()),
                    prop: member_prop(field.key),
                };
                let statement = assign_member(member, value);
                if is_static && !self.takes_all {
                    body.push(ClassMember::StaticBlock(StaticBlock {
                        span: field.span,
                        body: BlockStmt {
                            span: field.span,
                            ctxt: SyntaxContext::empty(),
                            stmts: vec![statement],
                        },
                    }));
                } else {
                    self.push(is_static, statement);
                }
            }
        } else {
            self.uses_helpers = true;
            let mut arguments = vec![target.clone(), key_value(&field.key)];
            arguments.extend(value);
            self.push(is_static, code::statement(call("__defineField", arguments)));
        }
        if let Some(number) = number {
            let extra = self.extra(number, &target);
            self.push(is_static, extra);
        }
    }

    fn private_field(&mut self, mut field: PrivateProp) {
        let private = self.private[&field.key.name].clone();
        self.before.push(new_collection(private.member(), "WeakMap"));
        let name = Atom::from(format!("#{}", field.key.name));
        let mut value = field.value.take().map(|value| {
            if code::is_anonymous_function(&value) { code::named(&name, *value) } else { *value }
        });
        let number = field.decorators.take().pop().map(|list| {
            let access = Self::access(&private, true, true);
            let none = code::void_0();
            self.element(
                "field",
                field.is_static,
                code::string(&name),
                *list.expr,
                Some((access, none.clone(), none)),
            )
        });
        self.add_storage(private.member(), field.is_static, number, value.take());
    }

    /// `__addPrivate(this, member, value)` where fields are made, and what decorators want done after.
    fn add_storage(
        &mut self,
        member: &Ident,
        is_static: bool,
        number: Option<usize>,
        mut value: Option<Expr>,
    ) {
        let target = this();
        if let Some(number) = number {
            value = Some(self.initialised(number, &target, value));
        }
        let mut arguments = vec![target.clone(), use_of(member)];
        arguments.extend(value);
        self.uses_helpers = true;
        self.push(is_static, code::statement(call("__addPrivate", arguments)));
        if let Some(number) = number {
            let extra = self.extra(number, &target);
            self.push(is_static, extra);
        }
    }

    fn accessor(&mut self, mut accessor: AutoAccessor, body: &mut Vec<ClassMember>) {
        let list = accessor.decorators.take().pop();
        let is_static = accessor.is_static;
        let value = accessor.value.take().map(|value| *value);
        match accessor.key {
            Key::Private(name) => {
                let private = self.private[&name.name].clone();
                self.before.push(new_collection(private.member(), "WeakMap"));
                let number = match (&private, list) {
                    (
                        Private::Accessor { brand, getter: Some(getter), setter: Some(setter) },
                        Some(list),
                    ) => {
                        let storage = Private::Field(brand.clone());
                        let (get, set) = getter_and_setter(
                            storage.read(this()),
                            storage.write(this(), code::ident(&"value".into())),
                        );
                        let text = Atom::from(format!("#{}", name.name));
                        for (kind, variable, function) in
                            [(MethodKind::Getter, getter, get), (MethodKind::Setter, setter, set)]
                        {
                            let function =
                                Expr::Fn(FnExpr { ident: None, function: Box::new(function) });
                            let named = code::named(&shown_name(kind, &text), function);
                            self.functions.push(declare(VarDeclKind::Let, variable, Some(named)));
                        }
                        let pair = code::object(vec![
                            ("get".into(), use_of(getter)),
                            ("set".into(), use_of(setter)),
                        ]);
                        let part = |name: &str| {
                            code::member(code::ident(&"value".into()), &name.into(), DUMMY_SP)
                        };
                        let update = update_of(code::sequence(vec![
                            assign_to(getter, part("get")),
                            assign_to(setter, part("set")),
                        ]));
                        let access = Self::access(&private, true, true);
                        Some(self.element(
                            "accessor",
                            is_static,
                            code::string(&text),
                            *list.expr,
                            Some((access, pair, update)),
                        ))
                    }
                    _ => None,
                };
                self.add_storage(private.member(), is_static, number, value);
            }
            Key::Public(key) => {
                let text = static_name(&key).unwrap_or_else(|| "accessor".into());
                let storage = fresh(&text);
                self.before.push(new_collection(&storage, "WeakMap"));
                let place = Private::Field(storage.clone());
                let (getter, setter) = getter_and_setter(
                    place.read(this()),
                    place.write(this(), code::ident(&"value".into())),
                );
                let number = list.map(|list| {
                    self.element("accessor", is_static, key_value(&key), *list.expr, None)
                });
                for (kind, function) in [(MethodKind::Getter, getter), (MethodKind::Setter, setter)]
                {
                    body.push(ClassMember::Method(method(key.clone(), kind, is_static, function)));
                }
                self.add_storage(&storage, is_static, number, value);
            }
        }
    }

    /// Marks objects as having the private methods, before their fields are made.
    fn add_brands(&mut self) {
        let mut first = Vec::new();
        if let Some(brand) = self.brand.clone() {
            self.before.insert(0, new_collection(&brand, "WeakSet"));
            first.push(code::statement(call("__addPrivate", vec![this(), use_of(&brand)])));
        }
        if self.decorates {
            first.push(self.run_methods(this(), false));
        }
        self.instance.splice(0..0, first);
        if let Some(brand) = self.static_brand.clone() {
            self.before.insert(0, new_collection(&brand, "WeakSet"));
            self.after.push(code::statement(call(
                "__addPrivate",
                vec![use_of(&self.alias), use_of(&brand)],
            )));
        }
    }

    fn run_methods(&self, target: Expr, is_static: bool) -> Stmt {
        let run = code::member(use_of(&self.record), &"methods".into(), DUMMY_SP);
        let is_static = Expr::Lit(Lit::Bool(Bool { span: DUMMY_SP, value: is_static }));
        code::statement(call_of(run, vec![target, is_static]))
    }

    /// `alias = __applyDecorators(record, alias, base, elements, decorators, name)`
    fn decorate(&mut self, class_decorators: Option<&Ident>) -> Vec<Stmt> {
        self.uses_helpers = true;
        self.before
            .insert(0, declare(VarDeclKind::Const, &self.record, Some(code::object(Vec::new()))));
        let is_replaced = class_decorators.is_some();
        let arguments = vec![
            use_of(&self.record),
            use_of(&self.alias),
            self.base.as_ref().map_or_else(code::void_0, use_of),
            code::array(self.elements.take()),
            class_decorators.map_or_else(|| code::array(Vec::new()), use_of),
            code::string(self.name),
        ];
        let apply = call("__applyDecorators", arguments);
        let apply = if is_replaced { assign_to(&self.alias, apply) } else { apply };
        vec![code::statement(apply), self.run_methods(use_of(&self.alias), true)]
    }
}

/// `super` of a static private method, which keeps its own `this`.
struct MovedMethod<'a> {
    home: Expr,
    own: Option<&'a Ident>,
    alias: &'a Ident,
}

impl MovedMethod<'_> {
    fn apply(&self, statement: &mut Stmt) -> bool {
        moved(statement, None, Some(self.home.clone()), self.own, self.alias)
    }
}

/// Rewrites code that leaves the class; returns whether helpers are used. A function at its top keeps its `this`, but
/// not its `super`.
fn moved(
    statement: &mut Stmt,
    this: Option<Expr>,
    home: Option<Expr>,
    own: Option<&Ident>,
    alias: &Ident,
) -> bool {
    let keeps_this = this.is_none();
    let mut visitor = Moved {
        this,
        home: home.clone(),
        own: own.map(|own| (own.to_id(), alias)),
        uses_helpers: false,
    };
    if keeps_this {
        let mut methods = TopFunctions { inner: &mut visitor, home };
        statement.visit_mut_with(&mut methods);
        return visitor.uses_helpers;
    }
    statement.visit_mut_with(&mut visitor);
    visitor.uses_helpers
}

/// Finds the functions that were private methods.
struct TopFunctions<'a, 'b> {
    inner: &'a mut Moved<'b>,
    home: Option<Expr>,
}

impl VisitMut for TopFunctions<'_, '_> {
    noop_visit_mut_type!();

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        ident.visit_mut_with(self.inner);
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if matches!(property, Prop::Shorthand(_)) {
            property.visit_mut_with(self.inner);
        } else {
            property.visit_mut_children_with(self);
        }
    }

    fn visit_mut_function(&mut self, function: &mut Function) {
        self.inner.home.clone_from(&self.home);
        self.inner.this = None;
        function.visit_mut_children_with(self.inner);
    }

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        self.inner.home = None;
        arrow.visit_mut_children_with(self.inner);
    }

    fn visit_mut_class(&mut self, class: &mut Class) {
        self.inner.home = None;
        class.visit_mut_with(self.inner);
    }
}

/// The `.name` of a method.
fn shown_name(kind: MethodKind, name: &Atom) -> Atom {
    match kind {
        MethodKind::Method => name.clone(),
        MethodKind::Getter => format!("get {name}").into(),
        MethodKind::Setter => format!("set {name}").into(),
    }
}

fn call_of(callee: Expr, arguments: Vec<Expr>) -> Expr {
    Expr::Call(CallExpr {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        callee: Callee::Expr(Box::new(callee)),
        args: arguments
            .into_iter()
            .map(|expr| ExprOrSpread { spread: None, expr: Box::new(expr) })
            .collect(),
        type_args: None,
    })
}

/// `(value) => { assignment; }`
fn update_of(assignment: Expr) -> Expr {
    code::arrow_block(&["value"], vec![code::statement(assignment)], false)
}

fn new_collection(name: &Ident, constructor: &str) -> Stmt {
    let new = Expr::New(NewExpr {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        callee: Box::new(code::ident(&constructor.into())),
        args: Some(Vec::new()),
        type_args: None,
    });
    declare(VarDeclKind::Const, name, Some(new))
}

fn has_static_name(class: &Class) -> bool {
    class.body.iter().any(|member| {
        matches!(member, ClassMember::Method(method)
            if method.is_static && static_name(&method.key).is_none_or(|name| name == *"name"))
    })
}

fn key_of(member: &ClassMember) -> Option<&PropName> {
    match member {
        ClassMember::Method(method) => Some(&method.key),
        ClassMember::ClassProp(field) => Some(&field.key),
        ClassMember::AutoAccessor(accessor) => match &accessor.key {
            Key::Public(key) => Some(key),
            Key::Private(_) => None,
        },
        _ => None,
    }
}

fn key_of_mut(member: &mut ClassMember) -> Option<&mut PropName> {
    match member {
        ClassMember::Method(method) => Some(&mut method.key),
        ClassMember::ClassProp(field) => Some(&mut field.key),
        ClassMember::AutoAccessor(accessor) => match &mut accessor.key {
            Key::Public(key) => Some(key),
            Key::Private(_) => None,
        },
        _ => None,
    }
}

/// A key as an expression.
fn key_value(key: &PropName) -> Expr {
    match key {
        PropName::Ident(name) => code::string(&name.sym),
        PropName::Str(name) => Expr::Lit(Lit::Str(name.clone())),
        PropName::Num(number) => Expr::Lit(Lit::Num(number.clone())),
        PropName::BigInt(number) => Expr::Lit(Lit::BigInt(number.clone())),
        PropName::Computed(name) => (*name.expr).clone(),
    }
}

fn member_prop(key: PropName) -> MemberProp {
    match key {
        PropName::Ident(name) => MemberProp::Ident(name),
        PropName::Computed(name) => MemberProp::Computed(name),
        other => MemberProp::Computed(ComputedPropName {
            span: DUMMY_SP,
            expr: Box::new(key_value(&other)),
        }),
    }
}

fn assign_member(target: MemberExpr, value: Expr) -> Stmt {
    let span = target.span();
    Stmt::Expr(ExprStmt {
        span,
        expr: Box::new(Expr::Assign(AssignExpr {
            span,
            op: op!("="),
            left: AssignTarget::Simple(SimpleAssignTarget::Member(target)),
            right: Box::new(value),
        })),
    })
}

/// Puts the making of fields where `this` begins: at the top, or behind `super()` wherever it stands.
fn into_constructor(class: &mut Class, initialisers: Vec<Stmt>) {
    let is_derived = class.super_class.is_some();
    let existing = class.body.iter_mut().find_map(|member| match member {
        ClassMember::Constructor(constructor) => constructor.body.as_mut(),
        _ => None,
    });
    if let Some(body) = existing {
        if !is_derived {
            body.stmts.splice(0..0, initialisers);
            return;
        }
        let mut calls = SuperCalls { count: 0 };
        body.visit_with(&mut calls);
        let at = body.stmts.iter().position(calls_super);
        if let (1, Some(at)) = (calls.count, at) {
            body.stmts.splice(at + 1..=at, initialisers);
            return;
        }
        // `super()` in the middle of something: what follows it becomes a function.
        let run = fresh("fields");
        let arrow = code::arrow_block(&[], initialisers, false);
        body.visit_mut_with(&mut AfterSuper { run: &run });
        body.stmts.insert(0, declare(VarDeclKind::Const, &run, Some(arrow)));
        return;
    }
    let mut statements = initialisers;
    let mut params = Vec::new();
    if is_derived {
        let arguments =
            Ident::new("args".into(), DUMMY_SP, SyntaxContext::empty().apply_mark(Mark::new()));
        params.push(ParamOrTsParamProp::Param(Param {
            span: DUMMY_SP,
            decorators: Vec::new(),
            pat: Pat::Rest(RestPat {
                span: DUMMY_SP,
                dot3_token: DUMMY_SP,
                arg: Box::new(Pat::Ident(BindingIdent::from(arguments.clone()))),
                type_ann: None,
            }),
        }));
        let call = CallExpr {
            span: DUMMY_SP,
            ctxt: SyntaxContext::empty(),
            callee: Callee::Super(Super { span: DUMMY_SP }),
            args: vec![ExprOrSpread {
                spread: Some(DUMMY_SP),
                expr: Box::new(Expr::Ident(arguments)),
            }],
            type_args: None,
        };
        statements.insert(0, code::statement(Expr::Call(call)));
    }
    let constructor = Constructor {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        key: PropName::Ident(IdentName { span: DUMMY_SP, sym: "constructor".into() }),
        params,
        body: Some(function_body(statements)),
        accessibility: None,
        is_optional: false,
    };
    class.body.insert(0, ClassMember::Constructor(constructor));
}

fn calls_super(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(statement)
        if matches!(&*statement.expr, Expr::Call(call) if matches!(call.callee, Callee::Super(_))))
}

struct SuperCalls {
    count: u32,
}

impl Visit for SuperCalls {
    noop_visit_type!();

    fn visit_super(&mut self, _: &Super) {}

    fn visit_call_expr(&mut self, call: &CallExpr) {
        self.count += u32::from(matches!(call.callee, Callee::Super(_)));
        call.visit_children_with(self);
    }

    fn visit_class(&mut self, _: &Class) {}
}

/// `super()` becomes `(super(), fields(), this)`.
struct AfterSuper<'a> {
    run: &'a Ident,
}

impl VisitMut for AfterSuper<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        if matches!(expression, Expr::Call(call) if matches!(call.callee, Callee::Super(_))) {
            let run = call_of(use_of(self.run), Vec::new());
            *expression = code::sequence(vec![expression.take(), run, this()]);
        }
    }

    fn visit_mut_class(&mut self, _: &mut Class) {}
}
