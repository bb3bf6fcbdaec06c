//! Errors that the language wants before anything runs and that the parser leaves to others: names that are declared
//! twice in a scope (ECMA-262, section 14.2.1 and its like), private names that no class has, exports of one name.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::{BytePos, Span, Spanned};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use super::define::collect_names;

/// An error, and where it is.
pub(super) struct EarlyError {
    pub(super) span: Span,
    pub(super) message: String,
}

/// Finds them in a program as it was parsed. In TypeScript, declarations of one name may merge, so names are not looked
/// at there.
pub(super) fn early_errors(
    program: &Program,
    source: &str,
    start: BytePos,
    is_typescript: bool,
) -> Vec<EarlyError> {
    let mut finder = Finder {
        is_typescript,
        is_strict: matches!(program, Program::Module(_)),
        scopes: Vec::new(),
        classes: Vec::new(),
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
    /// Whether `var` ends up here.
    is_function: bool,
    is_module: bool,
}

/// Private names of a class, and those that were used in it.
#[derive(Default)]
struct PrivateNames {
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
    is_strict: bool,
    scopes: Vec<Scope>,
    classes: Vec<PrivateNames>,
    errors: Vec<EarlyError>,
}

impl Finder {
    fn declared_twice(&mut self, name: &Ident) {
        let message = format!("`{}` has already been declared", name.sym);
        self.errors.push(EarlyError { span: name.span, message });
    }

    fn lexical(&mut self, name: &Ident) {
        if self.is_typescript {
            return;
        }
        let scope = self.scopes.last_mut().expect("the program is a scope");
        let is_known = scope.vars.contains(&name.sym) || scope.parameters.contains(&name.sym);
        if !scope.lexical.insert(name.sym.clone()) || is_known {
            self.declared_twice(name);
        }
    }

    fn var(&mut self, name: &Ident) {
        if self.is_typescript {
            return;
        }
        let mut is_twice = false;
        for scope in self.scopes.iter_mut().rev() {
            is_twice |= scope.lexical.contains(&name.sym);
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
                if function.function.body.is_none() {
                    continue;
                }
                let scope = self.scopes.last().expect("the program is a scope");
                if scope.is_module || (!scope.is_function && self.is_strict) {
                    self.lexical(&function.ident);
                } else if scope.is_function {
                    self.var(&function.ident);
                }
            }
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
        visit: impl FnOnce(&mut Self),
    ) {
        let mut names = Vec::new();
        parameters.for_each(|pattern| collect_names(pattern, &mut names));
        let parameters = names.into_iter().map(|name| name.sym).collect();
        self.in_scope(Scope { parameters, is_function: true, ..Scope::default() }, |finder| {
            if let Some(body) = body {
                finder.hoist_functions(body.stmts.iter());
            }
            visit(finder);
        });
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
        let parameters = names.into_iter().map(|name| name.sym).collect();
        catch.param.visit_with(self);
        self.in_scope(Scope { parameters, ..Scope::default() }, |finder| {
            finder.hoist_functions(catch.body.stmts.iter());
            catch.body.stmts.visit_with(finder);
        });
    }

    fn visit_function(&mut self, function: &Function) {
        let parameters = function.params.iter().map(|parameter| &parameter.pat);
        self.function(parameters, function.body.as_ref(), |finder| {
            function.visit_children_with(finder);
        });
    }

    fn visit_constructor(&mut self, constructor: &Constructor) {
        let parameters = constructor.params.iter().filter_map(|parameter| match parameter {
            ParamOrTsParamProp::Param(parameter) => Some(&parameter.pat),
            ParamOrTsParamProp::TsParamProp(_) => None,
        });
        self.function(parameters, constructor.body.as_ref(), |finder| {
            constructor.visit_children_with(finder);
        });
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        let body = match &*arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Some(body),
            ArrowFunctionBody::Expr(_) => None,
        };
        self.function(arrow.params.iter(), body, |finder| arrow.visit_children_with(finder));
    }

    fn visit_static_block(&mut self, block: &StaticBlock) {
        self.in_scope(Scope { is_function: true, ..Scope::default() }, |finder| {
            finder.hoist_functions(block.body.stmts.iter());
            block.body.stmts.visit_with(finder);
        });
    }

    fn visit_var_decl(&mut self, declaration: &VarDecl) {
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
        self.lexical(&class.ident);
        class.class.visit_with(self);
    }

    fn visit_import_decl(&mut self, import: &ImportDecl) {
        for specifier in &import.specifiers {
            let local = specifier.local();
            if matches!(local.sym.as_str(), "arguments" | "eval") {
                let message = format!("`{}` cannot be the name of an import", local.sym);
                self.errors.push(EarlyError { span: local.span, message });
            }
            self.lexical(local);
        }
    }

    fn visit_return_stmt(&mut self, statement: &ReturnStmt) {
        let is_in_function = self.scopes.iter().skip(1).any(|scope| scope.is_function);
        let is_module = self.scopes.first().is_some_and(|scope| scope.is_module);
        if is_module && !is_in_function {
            let message = "`return` outside of a function".to_owned();
            self.errors.push(EarlyError { span: statement.span, message });
        }
        statement.visit_children_with(self);
    }

    fn visit_class(&mut self, class: &Class) {
        class.decorators.visit_with(self);
        class.super_class.visit_with(self);
        self.classes.push(PrivateNames::default());
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
        class.body.visit_with(self);
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

impl Finder {
    fn unknown_private(&mut self, name: &Atom, span: Span) {
        let message = format!("no class around this has a private name `#{name}`");
        self.errors.push(EarlyError { span, message });
    }
}
