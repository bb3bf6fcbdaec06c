//! What no runtime has, or not all have, as what they do.

pub(crate) mod ambient;
mod async_functions;
pub(crate) mod catch_variables;
mod classes;
mod enum_places;
pub(crate) mod import_equals;
mod merged_names;
pub(crate) mod sloppy;
mod top_level_using;

use swc_core::common::comments::SingleThreadedComments;
use swc_core::common::errors::HANDLER;
use swc_core::common::sync::Lrc;
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, Mark, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::transforms::base::helpers::{HELPERS, Helpers, inject_helpers};
use swc_core::ecma::transforms::compat::es2020::optional_chaining;
use swc_core::ecma::transforms::proposal::decorators::{Config as DecoratorConfig, decorators};
use swc_core::ecma::transforms::proposal::explicit_resource_management::explicit_resource_management;
use swc_core::ecma::transforms::react::{Options as ReactOptions, Runtime, react};
use swc_core::ecma::transforms::typescript::{Config as TypeScriptConfig, typescript};
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use self::async_functions::lower_async;
use self::classes::build::fresh;
use self::classes::{
    ClassOptions, MarkGlobals, alias_decorated_classes, expand_accessors, lower_classes,
};
use self::enum_places::keep_enum_places;
use self::merged_names::qualify_merged_names;
use self::top_level_using::put_in_block;
use crate::bundle::code;
use crate::bundle::options::Loader;
use crate::bundle::source::ParseInput;

/// Whether decorators are those of TypeScript before 5.0.
pub(crate) fn has_legacy_decorators(input: &ParseInput<'_>) -> bool {
    let tsconfig = input.tsconfig.as_ref();
    tsconfig.is_some_and(|it| it.compiler_options.experimental_decorators == Some(true))
}

/// Turns what no runtime has, or not all have, into what they do: decorators, `using`, JSX, types.
pub(crate) fn lower(
    program: &mut Program,
    input: &ParseInput<'_>,
    comments: &SingleThreadedComments,
    unresolved_mark: Mark,
    top_level_mark: Mark,
) -> Lowered {
    let features = Features::of(program);
    let compiler = input.tsconfig.as_ref().map(|tsconfig| &tsconfig.compiler_options);
    let is_typescript = matches!(input.loader, Loader::Ts | Loader::Tsx);
    let has_jsx = features.jsx && !input.options.jsx.preserve;
    let assigns_fields = is_typescript && features.fields && compiler.is_some_and(assigns_fields);
    let mut needs_hygiene = has_jsx || assigns_fields;
    let lowers_classes = input.options.syntax.is_some_and(|year| year < 2022);
    let legacy_decorators = has_legacy_decorators(input);
    if features.private_chain && (lowers_classes || (features.decorators && !legacy_decorators)) {
        // What is called through `?.` is then a plain call of a private name.
        program.mutate(optional_chaining(Default::default(), unresolved_mark));
        needs_hygiene = true;
    }
    if is_typescript {
        drop_abstract_members(program);
        let unresolved = SyntaxContext::empty().apply_mark(unresolved_mark);
        qualify_merged_names(program, unresolved);
        // What it is called in the source may be what a CommonJS module has around it.
        needs_hygiene |= features.export_assignment;
        // The object of a namespace has its name, and so may something in it.
        needs_hygiene |= features.namespaces;
    }
    if legacy_decorators && features.decorators {
        expand_accessors(program);
        needs_hygiene = true;
        HELPERS.set(&Helpers::new(false), || {
            program.mutate(decorators(DecoratorConfig {
                legacy: true,
                emit_metadata: compiler
                    .is_some_and(|options| options.emit_decorator_metadata == Some(true)),
                use_define_for_class_fields: !assigns_fields,
            }));
            program.visit_mut_with(&mut DecorateInside);
            alias_decorated_classes(program);
            program.mutate(inject_helpers(unresolved_mark));
        });
    }
    let mut uses_helpers = false;
    if assigns_fields || lowers_classes || features.decorators {
        needs_hygiene = true;
        uses_helpers = lower_classes(
            program,
            ClassOptions { lowers: lowers_classes, assigns: assigns_fields, legacy_decorators },
            SyntaxContext::empty().apply_mark(unresolved_mark),
        );
    }
    if has_jsx {
        if !is_commonjs(program, input, SyntaxContext::empty().apply_mark(unresolved_mark)) {
            make_module(program);
        }
        // A namespaced tag name is reported through this handler; without one swc would panic.
        let handler =
            swc_core::common::errors::Handler::with_emitter(true, false, Box::new(Silent));
        let options = react_options(program, input);
        HANDLER.set(&handler, || {
            program.mutate(react(
                Lrc::clone(input.source_map),
                Some(comments.clone()),
                options,
                top_level_mark,
                unresolved_mark,
            ));
        });
    }
    if is_typescript {
        let verbatim = compiler.is_some_and(|options| {
            options.verbatim_module_syntax == Some(true)
                || options.preserve_value_imports == Some(true)
        });
        let config = TypeScriptConfig {
            verbatim_module_syntax: verbatim,
            native_class_properties: !assigns_fields,
            no_empty_export: false,
            ..TypeScriptConfig::default()
        };
        keep_enum_places(program, |program| {
            program.mutate(typescript(config, unresolved_mark, top_level_mark));
        });
    }
    // When types are gone: what enums and namespaces became runs in its place.
    if features.using {
        needs_hygiene = true;
        HELPERS.set(&Helpers::new(false), || {
            put_in_block(program);
            program.mutate(explicit_resource_management());
            program.mutate(inject_helpers(unresolved_mark));
        });
        join_names(program, "_SuppressedError");
    }
    Lowered { needs_hygiene, uses_helpers }
}

/// Turns syntax that is newer than the output may have into older one. `lowered` is what was done before.
pub(crate) fn lower_to_year(
    program: &mut Program,
    input: &ParseInput<'_>,
    comments: &SingleThreadedComments,
    unresolved_mark: Mark,
    lowered: &mut Lowered,
) {
    if let Some(year) = input.options.syntax.filter(|year| *year < 2022) {
        lowered.needs_hygiene = true;
        if year < 2018 && lower_async(program, year < 2017) {
            lowered.uses_helpers = true;
            program.visit_mut_with(&mut MarkGlobals {
                unresolved: SyntaxContext::empty().apply_mark(unresolved_mark),
            });
        }
        program.visit_mut_with(&mut BeforeLowering { lowers_chains: year < 2020 });
        HELPERS.set(&Helpers::new(false), || {
            lower_syntax(program, year, comments, unresolved_mark);
            program.mutate(inject_helpers(unresolved_mark));
        });
    }
}

/// Whether a file says by its name, its package or its code that it is `CommonJS`.
fn is_commonjs(program: &Program, input: &ParseInput<'_>, unresolved: SyntaxContext) -> bool {
    struct Names {
        unresolved: SyntaxContext,
        found: bool,
        depth: u32,
    }
    impl Visit for Names {
        noop_visit_type!();

        fn visit_ident(&mut self, ident: &Ident) {
            self.found |= ident.ctxt == self.unresolved
                && matches!(ident.sym.as_str(), "require" | "module" | "exports");
        }

        // `this` at the top is what is exported.
        fn visit_this_expr(&mut self, _: &ThisExpr) {
            self.found |= self.depth == 0;
        }

        fn visit_function(&mut self, function: &Function) {
            self.depth += 1;
            function.visit_children_with(self);
            self.depth -= 1;
        }

        fn visit_class(&mut self, class: &Class) {
            self.depth += 1;
            class.visit_children_with(self);
            self.depth -= 1;
        }
    }
    let extension = input.file.extension().and_then(|extension| extension.to_str());
    if input.is_type_module == Some(false) || matches!(extension, Some("cjs" | "cts")) {
        return true;
    }
    let mut names = Names { unresolved, found: false, depth: 0 };
    program.visit_with(&mut names);
    names.found
}

/// Makes a script a module, so that what JSX needs is imported, not required.
fn make_module(program: &mut Program) {
    let Program::Script(script) = program else { return };
    *program = Program::Module(Module {
        span: script.span,
        body: script.body.take().into_iter().map(ModuleItem::Stmt).collect(),
        shebang: script.shebang.take(),
    });
}

/// What lowering did to a program.
pub(crate) struct Lowered {
    /// Names were made up that may clash with written ones.
    pub(crate) needs_hygiene: bool,
    /// Helper functions for classes are called by their names.
    pub(crate) uses_helpers: bool,
}

/// Gives every mention of a name the context of its declaration: swc's helper for `using` declares one and uses another.
fn join_names(program: &mut Program, name: &str) {
    struct Joined<'a> {
        name: &'a str,
        context: Option<SyntaxContext>,
    }
    impl Visit for Joined<'_> {
        noop_visit_type!();

        fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
            if let Pat::Ident(ident) = &declarator.name
                && ident.sym == *self.name
            {
                self.context = Some(ident.ctxt);
            }
            declarator.visit_children_with(self);
        }
    }
    impl VisitMut for Joined<'_> {
        noop_visit_mut_type!();

        fn visit_mut_ident(&mut self, ident: &mut Ident) {
            if let Some(context) = self.context
                && ident.sym == *self.name
            {
                ident.ctxt = context;
            }
        }
    }
    let mut joined = Joined { name, context: None };
    program.visit_with(&mut joined);
    program.visit_mut_with(&mut joined);
}

/// Binds what a chain in parentheses gives to the object that it comes from: `(object?.method).bind(object)`.
fn bind_chain(callee: &mut Box<Expr>) {
    let mut inner = &mut **callee;
    if !inner.is_paren() {
        return;
    }
    while let Expr::Paren(paren) = inner {
        inner = &mut *paren.expr;
    }
    let Expr::OptChain(chain) = inner else { return };
    let OptChainBase::Member(member) = &mut *chain.base else { return };
    let bind = |chain: Expr, object: Expr| {
        let method = code::member(chain, &"bind".into(), DUMMY_SP);
        code::call_expression(method, vec![object])
    };
    if matches!(&*member.obj, Expr::Ident(_) | Expr::This(_)) {
        let object = (*member.obj).clone();
        **callee = bind(inner.take(), object);
        return;
    }
    // The object is made once: `((object) => (object?.method).bind(object))(made)`.
    let parameter = fresh("object");
    let object = std::mem::replace(&mut *member.obj, Expr::Ident(parameter.clone()));
    chain.optional = true;
    let body = bind(inner.take(), Expr::Ident(parameter.clone()));
    let mut arrow = code::arrow(Vec::new(), body);
    if let Expr::Arrow(arrow) = &mut arrow {
        arrow.params.push(Pat::Ident(parameter.into()));
    }
    **callee = code::call_expression(arrow, vec![object]);
}

/// What swc's transforms would get wrong: an anonymous default class gets the name that we know it by, and what is called
/// in parentheses keeps its `this`.
struct BeforeLowering {
    lowers_chains: bool,
}

impl VisitMut for BeforeLowering {
    noop_visit_mut_type!();

    fn visit_mut_export_default_decl(&mut self, export: &mut ExportDefaultDecl) {
        export.visit_mut_children_with(self);
        if let DefaultDecl::Class(class) = &mut export.decl
            && class.ident.is_none()
        {
            let span = swc_core::common::Span::new(export.span.lo, export.span.lo);
            let name = crate::bundle::graph::DEFAULT_NAME.into();
            class.ident = Some(Ident::new(name, span, SyntaxContext::empty()));
        }
    }

    /// `var z = a, { x: z, ...rest } = z`: the value is read before the pattern changes it.
    fn visit_mut_var_decl(&mut self, declaration: &mut VarDecl) {
        declaration.visit_mut_children_with(self);
        for declarator in &mut declaration.decls {
            let has_rest = matches!(&declarator.name, Pat::Object(pattern)
                if pattern.props.iter().any(|it| matches!(it, ObjectPatProp::Rest(_))));
            if let (true, Some(init)) = (has_rest, &mut declarator.init)
                && init.is_ident()
            {
                // swc keeps what is no name in a variable of its own.
                **init = code::sequence(vec![code::number(0.0), *init.take()]);
            }
        }
    }

    /// ``(object?.method)`text` ``
    fn visit_mut_tagged_tpl(&mut self, template: &mut TaggedTpl) {
        template.visit_mut_children_with(self);
        if self.lowers_chains {
            bind_chain(&mut template.tag);
        }
    }

    /// `(object?.method)()`
    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        call.visit_mut_children_with(self);
        if let Callee::Expr(callee) = &mut call.callee
            && self.lowers_chains
        {
            bind_chain(callee);
        }
    }

    /// `(object?.method)?.()` is `object?.method?.()`.
    fn visit_mut_opt_call(&mut self, call: &mut OptCall) {
        call.visit_mut_children_with(self);
        while let Expr::Paren(paren) = &mut *call.callee {
            call.callee = paren.expr.take();
        }
    }
}

/// Members without a body or a value are types alone, and so are their keys.
fn drop_abstract_members(program: &mut Program) {
    struct Drop;
    impl VisitMut for Drop {
        noop_visit_mut_type!();

        fn visit_mut_class(&mut self, class: &mut Class) {
            class.body.retain(|member| match member {
                ClassMember::ClassProp(field) => !field.is_abstract && !field.declare,
                ClassMember::Method(method) => !method.is_abstract,
                _ => true,
            });
            class.visit_mut_children_with(self);
        }
    }
    program.visit_mut_with(&mut Drop);
}

/// Calls that decorate members and speak of private names move into a static block of the class, the only place where
/// those are known.
struct DecorateInside;

impl DecorateInside {
    fn is_private_call(statement: &Stmt) -> bool {
        struct Finds(bool);
        impl Visit for Finds {
            noop_visit_type!();

            fn visit_private_name(&mut self, _: &PrivateName) {
                self.0 = true;
            }
            fn visit_class(&mut self, _: &Class) {}
        }
        let Stmt::Expr(call) = statement else { return false };
        let is_decoration = matches!(&*call.expr, Expr::Call(CallExpr { callee: Callee::Expr(callee), .. })
            if matches!(&**callee, Expr::Ident(name) if name.sym.starts_with("_ts_decorate")));
        let mut finds = Finds(false);
        call.visit_with(&mut finds);
        is_decoration && finds.0
    }

    fn move_inside<T>(
        list: &mut Vec<T>,
        statement: fn(&T) -> Option<&Stmt>,
        into_statement: fn(T) -> Option<Stmt>,
        class: fn(&mut T) -> Option<&mut Class>,
    ) {
        let mut at = 0;
        while at < list.len() {
            let is_private = statement(&list[at]).is_some_and(Self::is_private_call);
            let home = (0..at).rev().find(|index| class(&mut list[*index]).is_some());
            if let (true, Some(home)) = (is_private, home)
                && let Some(moved) = into_statement(list.remove(at))
                && let Some(class) = class(&mut list[home])
            {
                class.body.push(ClassMember::StaticBlock(StaticBlock {
                    span: DUMMY_SP,
                    body: BlockStmt {
                        span: DUMMY_SP,
                        ctxt: SyntaxContext::empty(),
                        stmts: vec![moved],
                    },
                }));
            } else {
                at += 1;
            }
        }
    }
}

fn class_of_statement(statement: &mut Stmt) -> Option<&mut Class> {
    match statement {
        Stmt::Decl(Decl::Class(class)) => Some(&mut class.class),
        Stmt::Decl(Decl::Var(declaration)) => {
            match declaration.decls.first_mut()?.init.as_deref_mut()? {
                Expr::Class(class) => Some(&mut class.class),
                _ => None,
            }
        }
        _ => None,
    }
}

impl VisitMut for DecorateInside {
    noop_visit_mut_type!();

    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        items.visit_mut_children_with(self);
        Self::move_inside(items, ModuleItem::as_stmt, ModuleItem::stmt, |item| match item {
            ModuleItem::Stmt(statement) => class_of_statement(statement),
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => match &mut export.decl {
                Decl::Class(class) => Some(&mut class.class),
                _ => None,
            },
            ModuleItem::ModuleDecl(_) => None,
        });
    }

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        Self::move_inside(statements, |one| Some(one), Some, class_of_statement);
    }
}

/// Turns syntax that is newer than a year into older one, the newest first.
fn lower_syntax(
    program: &mut Program,
    year: u16,
    comments: &SingleThreadedComments,
    unresolved_mark: Mark,
) {
    use swc_core::ecma::transforms::compat::{
        es2015, es2016, es2018, es2019, es2020, es2021, es2022,
    };
    program.mutate(es2022(Default::default(), unresolved_mark));
    if year < 2021 {
        program.mutate(es2021());
    }
    if year < 2020 {
        program.mutate(es2020(Default::default(), unresolved_mark));
    }
    if year < 2019 {
        program.mutate(es2019());
    }
    if year < 2018 {
        program.mutate(es2018(Default::default()));
    }
    if year < 2016 {
        program.mutate(es2016());
    }
    if year < 2015 {
        program.mutate(es2015(unresolved_mark, Some(comments.clone()), Default::default()));
    }
}

/// TypeScript's default depends on its target: fields are declared since ES2022.
fn assigns_fields(options: &oxc_resolver::CompilerOptions) -> bool {
    match options.use_define_for_class_fields {
        Some(define) => !define,
        None => options.target.as_ref().is_some_and(|target| {
            let target = target.to_ascii_lowercase();
            target != "esnext"
                && target
                    .strip_prefix("es")
                    .and_then(|year| year.parse::<u32>().ok())
                    .is_some_and(|year| year < 2022)
        }),
    }
}

/// Syntax that needs a transform.
#[derive(Default)]
struct Features {
    jsx: bool,
    decorators: bool,
    using: bool,
    fields: bool,
    /// A private name behind `?.`.
    private_chain: bool,
    /// `export =`
    export_assignment: bool,
    namespaces: bool,
}

impl Features {
    fn of(program: &Program) -> Self {
        let mut features = Self::default();
        program.visit_with(&mut features);
        features
    }
}

impl Visit for Features {
    noop_visit_type!();

    fn visit_jsx_element(&mut self, element: &JSXElement) {
        self.jsx = true;
        element.visit_children_with(self);
    }

    fn visit_jsx_fragment(&mut self, fragment: &JSXFragment) {
        self.jsx = true;
        fragment.visit_children_with(self);
    }

    fn visit_decorator(&mut self, decorator: &Decorator) {
        self.decorators = true;
        decorator.visit_children_with(self);
    }

    fn visit_auto_accessor(&mut self, accessor: &AutoAccessor) {
        // No runtime has `accessor` yet; the decorators transform makes a getter and a setter of it.
        self.decorators = true;
        accessor.visit_children_with(self);
    }

    fn visit_opt_chain_expr(&mut self, chain: &OptChainExpr) {
        struct Finds(bool);
        impl Visit for Finds {
            noop_visit_type!();

            fn visit_private_name(&mut self, _: &PrivateName) {
                self.0 = true;
            }
        }
        let mut finds = Finds(false);
        chain.visit_with(&mut finds);
        self.private_chain |= finds.0;
        chain.visit_children_with(self);
    }

    fn visit_using_decl(&mut self, declaration: &UsingDecl) {
        self.using = true;
        declaration.visit_children_with(self);
    }

    fn visit_ts_export_assignment(&mut self, export: &TsExportAssignment) {
        self.export_assignment = true;
        export.visit_children_with(self);
    }

    fn visit_ts_module_decl(&mut self, module: &TsModuleDecl) {
        self.namespaces |= !module.declare;
        module.visit_children_with(self);
    }

    fn visit_class_prop(&mut self, field: &ClassProp) {
        self.fields = true;
        field.visit_children_with(self);
    }

    fn visit_ts_param_prop(&mut self, _: &TsParamProp) {
        self.fields = true;
    }
}

/// Drops what swc's transforms would print; their errors come back as syntax errors of the parser.
struct Silent;

impl swc_core::common::errors::Emitter for Silent {
    fn emit(&mut self, _: &mut swc_core::common::errors::DiagnosticBuilder<'_>) {}
}

/// Flags, then tsconfig, then what the file looks like: one that binds `React` was written for the classic transform.
fn react_options(program: &Program, input: &ParseInput<'_>) -> ReactOptions {
    let asked = &input.options.jsx;
    let compiler = input.tsconfig.as_ref().map(|tsconfig| &tsconfig.compiler_options);
    let by_tsconfig = compiler.and_then(|options| match options.jsx.as_deref() {
        Some("react-jsx" | "react-jsxdev") => Some(false),
        Some("react") => Some(true),
        _ => options
            .jsx_factory
            .is_some()
            .then_some(true)
            .or(options.jsx_import_source.is_some().then_some(false)),
    });
    let is_classic = asked
        .classic
        .or(asked.factory.is_some().then_some(true))
        .or(by_tsconfig)
        .unwrap_or_else(|| has_classic_pragma(&input.source.src) || binds_react(program));
    let development = asked.development
        || compiler.is_some_and(|options| options.jsx.as_deref() == Some("react-jsxdev"));
    let from = |flag: &Option<String>,
                tsconfig: fn(&oxc_resolver::CompilerOptions) -> &Option<String>| {
        flag.clone().or_else(|| compiler.and_then(|options| tsconfig(options).clone()))
    };
    ReactOptions {
        runtime: Some(if is_classic { Runtime::Classic } else { Runtime::Automatic }),
        import_source: from(&asked.import_source, |options| &options.jsx_import_source)
            .map(Into::into),
        pragma: from(&asked.factory, |options| &options.jsx_factory).map(Into::into),
        pragma_frag: from(&asked.fragment, |options| &options.jsx_fragment_factory).map(Into::into),
        throw_if_namespace: Some(false),
        development: Some(development),
        ..ReactOptions::default()
    }
}

/// Whether a comment says which function makes elements: `@jsx h`.
fn has_classic_pragma(source: &str) -> bool {
    source.match_indices("@jsx").any(|(at, word)| {
        let before = source.get(..at).unwrap_or_default().trim_end();
        let after = source.get(at + word.len()..).unwrap_or_default();
        before.ends_with('*') && after.starts_with([' ', '\t'])
    }) && !source.contains("@jsxRuntime")
}

fn binds_react(program: &Program) -> bool {
    let is_variable = |statement: &Stmt| match statement {
        Stmt::Decl(Decl::Var(declaration)) => declaration.decls.iter().any(
            |declarator| matches!(&declarator.name, Pat::Ident(ident) if ident.sym == *"React"),
        ),
        _ => false,
    };
    match program {
        Program::Script(script) => script.body.iter().any(is_variable),
        Program::Module(module) => module.body.iter().any(|item| match item {
            ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => {
                import.specifiers.iter().any(|specifier| {
                    let local = match specifier {
                        ImportSpecifier::Named(named) => &named.local,
                        ImportSpecifier::Default(default) => &default.local,
                        ImportSpecifier::Namespace(namespace) => &namespace.local,
                    };
                    local.sym == *"React"
                })
            }
            ModuleItem::Stmt(statement) => is_variable(statement),
            ModuleItem::ModuleDecl(_) => false,
        }),
    }
}
