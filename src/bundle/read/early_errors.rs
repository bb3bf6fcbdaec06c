//! Errors that the language wants before anything runs and that the parser leaves to others: names that are declared
//! twice in a scope (ECMA-262, section 14.2.1 and its like), private names that no class has, exports of one name.
use crate::bundle::lower::sloppy::is_strict;
use crate::bundle::syntax::{collect_names, is_reserved_in_modules};

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::{BytePos, Span, Spanned};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

/// An error, and where it is.
pub(crate) struct EarlyError {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// Finds them in a program as it was parsed. In TypeScript, some declarations of one name merge, and parameters may have
/// decorators of the older kind.
pub(crate) fn early_errors(
    program: &Program,
    source: &str,
    start: BytePos,
    is_typescript: bool,
    has_legacy_decorators: bool,
) -> Vec<EarlyError> {
    let mut finder = Finder {
        is_typescript,
        has_legacy_decorators,
        is_strict: matches!(program, Program::Module(_)),
        is_strict_here: matches!(program, Program::Module(_))
            || matches!(program, Program::Script(script) if is_strict(script.body.iter())),
        scopes: Vec::new(),
        classes: Vec::new(),
        home: Home::default(),
        errors: Vec::new(),
    };
    finder.scopes.push(Scope {
        is_function: true,
        is_module: finder.is_strict,
        ..Scope::default()
    });
    match program {
        Program::Module(module) => {
            finder.hoist_functions(module.body.iter().filter_map(|item| match item {
                ModuleItem::Stmt(statement) => Some(statement),
                ModuleItem::ModuleDecl(_) => None,
            }));
            module.body.iter().for_each(|item| finder.exported_declaration(item));
            module.body.visit_with(&mut finder);
            finder.exports(&module.body);
            finder.ends_of_exports(&module.body, source, start);
        }
        Program::Script(script) => {
            finder.hoist_functions(script.body.iter());
            script.body.visit_with(&mut finder);
        }
    }
    finder.errors
}

/// What is declared in a scope.
#[derive(Default)]
struct Scope {
    /// `let`, `const`, classes, imports, and functions where they count as such.
    lexical: FxHashSet<Atom>,
    /// `var` in it or in a block of it, and functions at the top of a function.
    vars: FxHashSet<Atom>,
    /// Parameters, which only a lexical declaration must not repeat; of a `catch`, which `var` may.
    parameters: FxHashSet<Atom>,
    /// Names in the pattern of a `catch`, which `var` must not repeat either.
    pattern: FxHashSet<Atom>,
    /// Functions in a block of sloppy code, which may be declared twice.
    functions: FxHashSet<Atom>,
    /// Classes and functions, which a namespace behind them adds to.
    mergeable: FxHashSet<Atom>,
    /// Enums and namespaces.
    merged: FxHashSet<Atom>,
    /// Whether `var` ends up here.
    is_function: bool,
    is_module: bool,
    is_static_block: bool,
}

/// What `super` may be where the code stands.
#[derive(Clone, Copy, Default)]
struct Home {
    /// `super.property`
    has_properties: bool,
    /// `super()`
    has_call: bool,
}

impl Home {
    const METHOD: Self = Self { has_properties: true, has_call: false };
}

/// A class: its private names, and those that were used in it.
#[derive(Default)]
struct ClassScope {
    is_derived: bool,
    declared: FxHashMap<Atom, Vec<Element>>,
    used: Vec<(Atom, Span)>,
}

/// A getter and a setter of one name go together when both are static or none is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Getter { is_static: bool },
    Setter { is_static: bool },
    Other,
}

struct Finder {
    is_typescript: bool,
    has_legacy_decorators: bool,
    is_strict: bool,
    /// Whether a directive or a class makes the code around strict, too.
    is_strict_here: bool,
    scopes: Vec<Scope>,
    classes: Vec<ClassScope>,
    home: Home,
    errors: Vec<EarlyError>,
}

impl Finder {
    fn error(&mut self, span: Span, message: &str) {
        self.errors.push(EarlyError { span, message: message.to_owned() });
    }

    fn at_home(&mut self, home: Home, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.home, home);
        visit(self);
        self.home = outer;
    }

    fn function_at(&mut self, home: Home, function: &Function) {
        let parameters = function.params.iter().map(|parameter| &parameter.pat);
        self.function(parameters, function.body.as_ref(), false, |finder| {
            finder.at_home(home, |finder| function.visit_children_with(finder));
        });
    }

    fn declared_twice(&mut self, name: &Ident) {
        let message = format!("`{}` has already been declared", name.sym);
        self.errors.push(EarlyError { span: name.span, message });
    }

    fn lexical(&mut self, name: &Ident) {
        let scope = self.scopes.last_mut().expect("the program is a scope");
        let is_known = scope.vars.contains(&name.sym)
            || scope.parameters.contains(&name.sym)
            || scope.functions.contains(&name.sym)
            || scope.merged.contains(&name.sym);
        if !scope.lexical.insert(name.sym.clone()) || is_known {
            self.declared_twice(name);
        }
    }

    /// An enum, or a namespace that holds values: they merge with each other, and namespaces with what stands before them.
    fn merging(&mut self, name: &Ident) {
        let scope = self.scopes.last_mut().expect("the program is a scope");
        let is_known = scope.lexical.contains(&name.sym) || scope.vars.contains(&name.sym);
        scope.merged.insert(name.sym.clone());
        if is_known {
            self.declared_twice(name);
        }
    }

    fn var(&mut self, name: &Ident) {
        let mut is_twice = false;
        for scope in self.scopes.iter_mut().rev() {
            is_twice |= scope.lexical.contains(&name.sym)
                || scope.merged.contains(&name.sym)
                || scope.functions.contains(&name.sym)
                || scope.pattern.contains(&name.sym);
            scope.vars.insert(name.sym.clone());
            if scope.is_function {
                break;
            }
        }
        if is_twice {
            self.declared_twice(name);
        }
    }

    /// Functions count as `var` at the top of functions and scripts, as lexical in modules and in blocks of strict code.
    fn hoist_functions<'a>(&mut self, statements: impl Iterator<Item = &'a Stmt>) {
        for statement in statements {
            if let Stmt::Decl(Decl::Fn(function)) = statement {
                // Overloads, and what is declared elsewhere.
                if function.function.body.is_none() || function.declare {
                    continue;
                }
                let scope = self.scopes.last_mut().expect("the program is a scope");
                let name = &function.ident.sym;
                scope.mergeable.insert(name.clone());
                if scope.is_module || (!scope.is_function && self.is_strict_here) {
                    self.lexical(&function.ident);
                } else if scope.is_function {
                    self.var(&function.ident);
                } else if scope.lexical.contains(name) || scope.parameters.contains(name) {
                    self.declared_twice(&function.ident);
                } else {
                    scope.functions.insert(name.clone());
                }
            }
        }
    }

    /// Functions that are exported where they are declared, and what `export default` gives a name.
    fn exported_declaration(&mut self, item: &ModuleItem) {
        let ModuleItem::ModuleDecl(declaration) = item else { return };
        let name = match declaration {
            ModuleDecl::ExportDecl(ExportDecl { decl: Decl::Fn(function), .. }) => {
                let is_own = function.function.body.is_some() && !function.declare;
                is_own.then_some(&function.ident)
            }
            ModuleDecl::ExportDefaultDecl(export) => match &export.decl {
                DefaultDecl::Fn(function) if function.function.body.is_none() => None,
                DefaultDecl::Fn(function) => function.ident.as_ref(),
                DefaultDecl::Class(class) => class.ident.as_ref(),
                DefaultDecl::TsInterfaceDecl(_) => None,
            },
            _ => None,
        };
        if let Some(name) = name {
            self.lexical(name);
            let scope = self.scopes.last_mut().expect("the program is a scope");
            scope.mergeable.insert(name.sym.clone());
        }
    }

    fn in_scope(&mut self, scope: Scope, visit: impl FnOnce(&mut Self)) {
        self.scopes.push(scope);
        visit(self);
        self.scopes.pop();
    }

    fn function<'a>(
        &mut self,
        parameters: impl Iterator<Item = &'a Pat>,
        body: Option<&FunctionBody>,
        is_arrow: bool,
        visit: impl FnOnce(&mut Self),
    ) {
        let mut names = Vec::new();
        let mut is_plain = !is_arrow && !self.is_strict;
        for pattern in parameters {
            is_plain &= pattern.is_ident();
            collect_names(pattern, &mut names);
        }
        let parameters = self.parameters(names, is_plain);
        let was_strict = self.is_strict_here;
        self.is_strict_here |= body.is_some_and(|body| is_strict(body.stmts.iter()));
        self.in_scope(Scope { parameters, is_function: true, ..Scope::default() }, |finder| {
            if let Some(body) = body {
                finder.hoist_functions(body.stmts.iter());
            }
            visit(finder);
        });
        self.is_strict_here = was_strict;
    }

    /// Names of parameters; only sloppy functions with nothing but names there may have one twice.
    fn parameters(&mut self, names: Vec<Ident>, may_repeat: bool) -> FxHashSet<Atom> {
        let mut parameters = FxHashSet::default();
        for name in names {
            if !parameters.insert(name.sym.clone()) && !may_repeat {
                self.declared_twice(&name);
            }
        }
        parameters
    }

    fn exports(&mut self, body: &[ModuleItem]) {
        let mut seen: FxHashSet<Atom> = FxHashSet::default();
        let mut names: Vec<(Atom, Span)> = Vec::new();
        for item in body {
            let ModuleItem::ModuleDecl(declaration) = item else { continue };
            match declaration {
                ModuleDecl::ExportDecl(export) => {
                    let mut idents = Vec::new();
                    match &export.decl {
                        Decl::Class(class) if !self.is_typescript => {
                            idents.push(class.ident.clone());
                        }
                        Decl::Fn(function) if !self.is_typescript => {
                            idents.push(function.ident.clone());
                        }
                        Decl::Var(variable) => variable
                            .decls
                            .iter()
                            .for_each(|declarator| collect_names(&declarator.name, &mut idents)),
                        _ => {}
                    }
                    names.extend(idents.into_iter().map(|ident| (ident.sym, ident.span)));
                }
                ModuleDecl::ExportNamed(export) if !export.type_only => {
                    for specifier in &export.specifiers {
                        let name = match specifier {
                            ExportSpecifier::Named(named) if named.is_type_only => continue,
                            ExportSpecifier::Named(named) => {
                                named.exported.as_ref().unwrap_or(&named.orig)
                            }
                            ExportSpecifier::Namespace(namespace) => &namespace.name,
                            ExportSpecifier::Default(default) => {
                                names.push((default.exported.sym.clone(), default.exported.span));
                                continue;
                            }
                        };
                        match name {
                            ModuleExportName::Ident(ident) => {
                                names.push((ident.sym.clone(), ident.span));
                            }
                            ModuleExportName::Str(text) => match text.value.as_str() {
                                Some(name) => names.push((name.into(), text.span)),
                                None => self.errors.push(EarlyError {
                                    span: text.span,
                                    message: "the name of an export must be well-formed Unicode"
                                        .to_owned(),
                                }),
                            },
                        }
                    }
                }
                ModuleDecl::ExportDefaultDecl(export) => {
                    // TypeScript declares overloads, and merges interfaces.
                    let is_value = match &export.decl {
                        DefaultDecl::Fn(function) => function.function.body.is_some(),
                        DefaultDecl::Class(_) => true,
                        DefaultDecl::TsInterfaceDecl(_) => false,
                    };
                    if is_value {
                        names.push(("default".into(), export.span));
                    }
                }
                ModuleDecl::ExportDefaultExpr(export) => {
                    names.push(("default".into(), export.span));
                }
                _ => {}
            }
        }
        for (name, span) in names {
            if !seen.insert(name.clone()) {
                let message = format!("`{name}` is exported twice");
                self.errors.push(EarlyError { span, message });
            }
        }
    }

    /// Nothing but the end of a line may follow `export { … }` without a semicolon.
    fn ends_of_exports(&mut self, body: &[ModuleItem], source: &str, start: BytePos) {
        for item in body {
            let ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) = item else { continue };
            let end = (export.span.hi.0.saturating_sub(start.0)) as usize;
            let (Some(before), Some(after)) = (source.get(..end), source.get(end..)) else {
                continue;
            };
            let line = after.lines().next().unwrap_or_default().trim_start();
            let is_ended = before.ends_with(';')
                || line.is_empty()
                || line.starts_with([';', '}', '/', '<', '\u{2028}', '\u{2029}']);
            if !is_ended {
                let span = Span::new(export.span.hi, export.span.hi + BytePos(1));
                let message = "expected `;` or the end of the line".to_owned();
                self.errors.push(EarlyError { span, message });
            }
        }
    }

    fn private_element(&mut self, key: &PrivateName, element: Element) {
        let Some(class) = self.classes.last_mut() else { return };
        let known = class.declared.entry(key.name.clone()).or_default();
        let fits = match (known.as_slice(), element) {
            ([], _) => true,
            ([Element::Getter { is_static }], Element::Setter { is_static: other })
            | ([Element::Setter { is_static }], Element::Getter { is_static: other }) => {
                *is_static == other
            }
            _ => false,
        };
        known.push(element);
        if !fits {
            let message = format!("`#{}` has already been declared", key.name);
            self.errors.push(EarlyError { span: key.span, message });
        }
    }
}

impl Visit for Finder {
    noop_visit_type!();

    fn visit_block_stmt(&mut self, block: &BlockStmt) {
        self.in_scope(Scope::default(), |finder| {
            finder.hoist_functions(block.stmts.iter());
            block.visit_children_with(finder);
        });
    }

    fn visit_switch_stmt(&mut self, switch: &SwitchStmt) {
        switch.discriminant.visit_with(self);
        self.in_scope(Scope::default(), |finder| {
            finder.hoist_functions(switch.cases.iter().flat_map(|case| &case.cons));
            switch.cases.visit_with(finder);
        });
    }

    fn visit_for_stmt(&mut self, statement: &ForStmt) {
        self.in_scope(Scope::default(), |finder| statement.visit_children_with(finder));
    }

    fn visit_for_in_stmt(&mut self, statement: &ForInStmt) {
        self.in_scope(Scope::default(), |finder| statement.visit_children_with(finder));
    }

    fn visit_for_of_stmt(&mut self, statement: &ForOfStmt) {
        self.in_scope(Scope::default(), |finder| statement.visit_children_with(finder));
    }

    fn visit_catch_clause(&mut self, catch: &CatchClause) {
        let mut names = Vec::new();
        if let Some(parameter) = &catch.param {
            collect_names(parameter, &mut names);
        }
        let parameters = self.parameters(names, false);
        let is_pattern = catch.param.as_ref().is_some_and(|parameter| !parameter.is_ident());
        let pattern = if is_pattern { parameters.clone() } else { FxHashSet::default() };
        catch.param.visit_with(self);
        self.in_scope(Scope { parameters, pattern, ..Scope::default() }, |finder| {
            finder.hoist_functions(catch.body.stmts.iter());
            catch.body.stmts.visit_with(finder);
        });
    }

    fn visit_function(&mut self, function: &Function) {
        self.function_at(Home::default(), function);
    }

    fn visit_constructor(&mut self, constructor: &Constructor) {
        let parameters: Vec<Pat> = constructor
            .params
            .iter()
            .map(|parameter| match parameter {
                ParamOrTsParamProp::Param(parameter) => parameter.pat.clone(),
                ParamOrTsParamProp::TsParamProp(property) => match &property.param {
                    TsParamPropParam::Ident(name) => Pat::Ident(name.clone()),
                    TsParamPropParam::Assign(assign) => Pat::Assign(assign.clone()),
                },
            })
            .collect();
        let has_call = self.classes.last().is_some_and(|class| class.is_derived);
        self.function(parameters.iter(), constructor.body.as_ref(), false, |finder| {
            let home = Home { has_properties: true, has_call };
            finder.at_home(home, |finder| constructor.visit_children_with(finder));
        });
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        let body = match &*arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Some(body),
            ArrowFunctionBody::Expr(_) => None,
        };
        self.function(arrow.params.iter(), body, true, |finder| arrow.visit_children_with(finder));
    }

    fn visit_static_block(&mut self, block: &StaticBlock) {
        let scope = Scope { is_function: true, is_static_block: true, ..Scope::default() };
        self.in_scope(scope, |finder| {
            finder.hoist_functions(block.body.stmts.iter());
            finder.at_home(Home::METHOD, |finder| block.body.stmts.visit_with(finder));
        });
    }

    fn visit_var_decl(&mut self, declaration: &VarDecl) {
        if declaration.declare {
            return;
        }
        let mut names = Vec::new();
        declaration.decls.iter().for_each(|decl| collect_names(&decl.name, &mut names));
        for name in &names {
            if declaration.kind == VarDeclKind::Var {
                self.var(name);
            } else {
                self.lexical(name);
            }
        }
        declaration.visit_children_with(self);
    }

    fn visit_using_decl(&mut self, declaration: &UsingDecl) {
        let mut names = Vec::new();
        declaration.decls.iter().for_each(|decl| collect_names(&decl.name, &mut names));
        for name in &names {
            self.lexical(name);
        }
        declaration.visit_children_with(self);
    }

    fn visit_class_decl(&mut self, class: &ClassDecl) {
        if class.declare {
            return;
        }
        self.lexical(&class.ident);
        let scope = self.scopes.last_mut().expect("the program is a scope");
        scope.mergeable.insert(class.ident.sym.clone());
        class.class.visit_with(self);
    }

    fn visit_ts_enum_decl(&mut self, declaration: &TsEnumDecl) {
        if !declaration.declare {
            self.merging(&declaration.id);
        }
        declaration.visit_children_with(self);
    }

    fn visit_ts_module_decl(&mut self, module: &TsModuleDecl) {
        if !module.declare && !module.global {
            if let TsModuleName::Ident(name) = &module.id
                && has_values(module.body.as_ref())
            {
                let scope = self.scopes.last_mut().expect("the program is a scope");
                if !scope.mergeable.contains(&name.sym) {
                    self.merging(name);
                }
            }
            let scope = Scope { is_function: true, ..Scope::default() };
            self.in_scope(scope, |finder| module.visit_children_with(finder));
        }
    }

    fn visit_import_decl(&mut self, import: &ImportDecl) {
        if let Some(word) = phase_word(import.phase) {
            let message = format!(
                "`import {word}` cannot be bundled yet: take the word away, or make the module external"
            );
            self.errors.push(EarlyError { span: import.span, message });
        }
        for specifier in &import.specifiers {
            let local = specifier.local();
            if matches!(local.sym.as_str(), "arguments" | "eval") {
                let message = format!("`{}` cannot be the name of an import", local.sym);
                self.errors.push(EarlyError { span: local.span, message });
            }
            // What is a type only may have the name of a value of the module.
            if !self.is_typescript {
                self.lexical(local);
            }
        }
    }

    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Ident(name) = expression
            && self.is_strict
            && is_reserved_in_modules(&name.sym)
        {
            let message = format!("`{}` is a reserved word in modules", name.sym);
            self.errors.push(EarlyError { span: name.span, message });
        }
        expression.visit_children_with(self);
    }

    fn visit_param(&mut self, parameter: &Param) {
        self.decorated_parameter(&parameter.decorators);
        parameter.visit_children_with(self);
    }

    fn visit_ts_param_prop(&mut self, parameter: &TsParamProp) {
        self.decorated_parameter(&parameter.decorators);
        parameter.visit_children_with(self);
    }

    fn visit_class_method(&mut self, method: &ClassMethod) {
        method.key.visit_with(self);
        self.static_prototype(method.is_static, &method.key);
        self.function_at(Home::METHOD, &method.function);
    }

    fn visit_private_method(&mut self, method: &PrivateMethod) {
        self.function_at(Home::METHOD, &method.function);
    }

    fn visit_method_prop(&mut self, method: &MethodProp) {
        method.key.visit_with(self);
        self.function_at(Home::METHOD, &method.function);
    }

    fn visit_getter_prop(&mut self, getter: &GetterProp) {
        getter.key.visit_with(self);
        self.function_at(Home::METHOD, &getter.function);
    }

    fn visit_setter_prop(&mut self, setter: &SetterProp) {
        setter.key.visit_with(self);
        self.function_at(Home::METHOD, &setter.function);
    }

    fn visit_class_prop(&mut self, property: &ClassProp) {
        property.decorators.visit_with(self);
        property.key.visit_with(self);
        self.static_prototype(property.is_static, &property.key);
        self.at_home(Home::METHOD, |finder| property.value.visit_with(finder));
    }

    fn visit_private_prop(&mut self, property: &PrivateProp) {
        property.decorators.visit_with(self);
        self.at_home(Home::METHOD, |finder| property.value.visit_with(finder));
    }

    fn visit_auto_accessor(&mut self, accessor: &AutoAccessor) {
        accessor.decorators.visit_with(self);
        if let Key::Public(key) = &accessor.key {
            key.visit_with(self);
        }
        self.at_home(Home::METHOD, |finder| accessor.value.visit_with(finder));
    }

    fn visit_super_prop_expr(&mut self, member: &SuperPropExpr) {
        if !self.home.has_properties {
            self.error(member.obj.span, "`super` stands outside of a method");
        }
        member.visit_children_with(self);
    }

    fn visit_object_lit(&mut self, object: &ObjectLit) {
        for property in &object.props {
            if let PropOrSpread::Prop(property) = property
                && let Prop::Assign(default) = &**property
            {
                self.error(default.key.span, "`=` gives a default in patterns only");
            }
        }
        let mut prototypes = object.props.iter().filter_map(|property| match property {
            PropOrSpread::Prop(property) => match &**property {
                Prop::KeyValue(pair) if is_named(&pair.key, "__proto__") => Some(pair.key.span()),
                _ => None,
            },
            PropOrSpread::Spread(_) => None,
        });
        if let Some(span) = prototypes.nth(1) {
            self.error(span, "`__proto__` is set twice");
        }
        object.visit_children_with(self);
    }

    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        if unary.op == UnaryOp::Delete && is_private_member(&unary.arg) {
            self.error(unary.span, "private names cannot be deleted");
        }
        unary.visit_children_with(self);
    }

    fn visit_new_expr(&mut self, new: &NewExpr) {
        if matches!(&*new.callee, Expr::Call(call) if matches!(call.callee, Callee::Import(_))) {
            self.error(new.span, "`import()` is not a constructor");
        }
        new.visit_children_with(self);
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        if let Callee::Super(callee) = &call.callee
            && !self.home.has_call
        {
            self.error(
                callee.span,
                "`super()` stands outside of the constructor of a derived class",
            );
        }
        if let Callee::Import(import) = &call.callee
            && let Some(word) = phase_word(import.phase)
        {
            let message = format!("`import.{word}()` cannot be bundled yet: write `import()`");
            self.errors.push(EarlyError { span: import.span, message });
        }
        if matches!(call.callee, Callee::Import(_))
            && let Some(span) = call.args.iter().find_map(|argument| argument.spread)
        {
            self.error(span, "`import()` takes no `...`");
        }
        call.visit_children_with(self);
    }

    fn visit_return_stmt(&mut self, statement: &ReturnStmt) {
        let around = self.scopes.iter().rfind(|scope| scope.is_function);
        if around.is_some_and(|scope| scope.is_module || scope.is_static_block) {
            self.error(statement.span, "`return` outside of a function");
        }
        statement.visit_children_with(self);
    }

    fn visit_class(&mut self, class: &Class) {
        class.decorators.visit_with(self);
        class.super_class.visit_with(self);
        let is_derived = class.super_class.is_some();
        self.classes.push(ClassScope { is_derived, ..ClassScope::default() });
        for member in &class.body {
            match member {
                ClassMember::PrivateMethod(method) => {
                    let is_static = method.is_static;
                    let element = match method.kind {
                        MethodKind::Getter => Element::Getter { is_static },
                        MethodKind::Setter => Element::Setter { is_static },
                        MethodKind::Method => Element::Other,
                    };
                    // Overloads of TypeScript have no body.
                    if method.function.body.is_some() {
                        self.private_element(&method.key, element);
                    }
                }
                ClassMember::PrivateProp(property) => {
                    self.private_element(&property.key, Element::Other);
                }
                ClassMember::AutoAccessor(accessor) => {
                    if let Key::Private(key) = &accessor.key {
                        self.private_element(key, Element::Other);
                    }
                }
                _ => {}
            }
        }
        let was_strict = std::mem::replace(&mut self.is_strict_here, true);
        class.body.visit_with(self);
        self.is_strict_here = was_strict;
        let names = self.classes.pop().expect("it was pushed above");
        for (name, span) in names.used {
            if names.declared.contains_key(&name) {
                continue;
            }
            match self.classes.last_mut() {
                Some(outer) => outer.used.push((name, span)),
                None => self.unknown_private(&name, span),
            }
        }
    }

    fn visit_private_name(&mut self, name: &PrivateName) {
        match self.classes.last_mut() {
            Some(class) => class.used.push((name.name.clone(), name.span())),
            None => self.unknown_private(&name.name.clone(), name.span),
        }
    }
}

/// What stands behind `import` where a module is not simply evaluated.
fn phase_word(phase: ImportPhase) -> Option<&'static str> {
    match phase {
        ImportPhase::Evaluation => None,
        ImportPhase::Defer => Some("defer"),
        ImportPhase::Source => Some("source"),
    }
}

/// Whether a namespace is more than types.
fn has_values(body: Option<&TsNamespaceBody>) -> bool {
    let is_type = |declaration: &Decl| match declaration {
        Decl::TsInterface(_) | Decl::TsTypeAlias(_) => true,
        Decl::TsModule(module) => module.declare || !has_values(module.body.as_ref()),
        Decl::Var(declaration) => declaration.declare,
        Decl::Fn(function) => function.declare || function.function.body.is_none(),
        Decl::Class(class) => class.declare,
        Decl::TsEnum(declaration) => declaration.declare,
        Decl::Using(_) => false,
    };
    match body {
        None => false,
        Some(TsNamespaceBody::TsNamespaceDecl(inner)) => has_values(Some(&inner.body)),
        Some(TsNamespaceBody::TsModuleBlock(block)) => block.body.iter().any(|item| match item {
            ModuleItem::Stmt(Stmt::Decl(declaration))
            | ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl {
                decl: declaration,
                ..
            })) => !is_type(declaration),
            _ => true,
        }),
    }
}

fn is_named(key: &PropName, name: &str) -> bool {
    match key {
        PropName::Ident(ident) => ident.sym == *name,
        PropName::Str(text) => text.value.as_str() == Some(name),
        _ => false,
    }
}

fn is_private_member(expression: &Expr) -> bool {
    match expression {
        Expr::Paren(paren) => is_private_member(&paren.expr),
        Expr::Member(member) => member.prop.is_private_name(),
        Expr::OptChain(chain) => {
            matches!(&*chain.base, OptChainBase::Member(member) if member.prop.is_private_name())
        }
        _ => false,
    }
}

impl Finder {
    fn decorated_parameter(&mut self, decorators: &[Decorator]) {
        if let Some(decorator) = decorators.first()
            && !self.has_legacy_decorators
        {
            let message =
                "parameters have decorators only with `experimentalDecorators` in the tsconfig";
            self.error(decorator.span, message);
        }
    }

    fn static_prototype(&mut self, is_static: bool, key: &PropName) {
        if is_static && is_named(key, "prototype") {
            self.error(key.span(), "a class cannot have a static `prototype` of its own");
        }
    }

    fn unknown_private(&mut self, name: &Atom, span: Span) {
        let message = format!("no class around this has a private name `#{name}`");
        self.errors.push(EarlyError { span, message });
    }
}
