//! swc parse, type strip and `resolver` marks; syntax errors become diagnostics.

use std::path::Path;
use std::sync::Arc;

use oxc_resolver::TsConfig;
use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::comments::{Comment, CommentKind, SingleThreadedComments};
use swc_core::common::errors::HANDLER;
use swc_core::common::sync::Lrc;
use swc_core::common::{
    BytePos, GLOBALS, Globals, Mark, SourceFile, SourceMap, Spanned, SyntaxContext,
};
use swc_core::ecma::ast::*;
use swc_core::ecma::parser::{
    EsSyntax, Syntax, TsSyntax, parse_file_as_expr, parse_file_as_module, parse_file_as_program,
    parse_file_as_script,
};
use swc_core::ecma::transforms::base::helpers::{HELPERS, Helpers, inject_helpers};
use swc_core::ecma::transforms::base::hygiene::hygiene;
use swc_core::ecma::transforms::base::resolver;
use swc_core::ecma::transforms::compat::es2020::optional_chaining;
use swc_core::ecma::transforms::proposal::decorators::{Config as DecoratorConfig, decorators};
use swc_core::ecma::transforms::proposal::explicit_resource_management::explicit_resource_management;
use swc_core::ecma::transforms::react::{Options as ReactOptions, Runtime, react};
use swc_core::ecma::transforms::typescript::{Config as TypeScriptConfig, typescript};
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use super::classes::{ClassOptions, alias_decorated_classes, expand_accessors, lower_classes};
use super::define::{Defines, substitute};
use super::early_errors::early_errors;
use super::glob_imports::{GlobInput, Unknown, expand_globs};
use super::sloppy::{functions_behind_if, write_out};
use crate::bundle::options::{Format, Loader, Options};
use crate::diag::{Diagnostic, Location};
use crate::fs::FileSystem;

/// Comments that mean something, by position.
pub(crate) type KeptComments = FxHashMap<BytePos, Vec<Comment>>;

/// A parsed module: its tree, and what belongs to the tree alone.
pub(crate) struct Parsed {
    pub(super) program: Program,
    /// The marks of its identifiers live in here.
    pub(super) globals: Globals,
    pub(super) unresolved: SyntaxContext,
    pub(super) comments: KeptComments,
    /// Texts of licences, in the order of the source.
    pub(super) legal: Vec<String>,
    /// Starts of calls marked pure.
    pub(super) pure_calls: FxHashSet<BytePos>,
    /// Starts of functions marked as having no side effects.
    pub(super) pure_functions: FxHashSet<BytePos>,
    /// Helper functions for classes are called by their names.
    pub(super) uses_class_helpers: bool,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What parsing one module needs beside its text.
pub(super) struct ParseInput<'a> {
    pub(super) source_map: &'a Lrc<SourceMap>,
    pub(super) source: &'a SourceFile,
    pub(super) file: &'a Path,
    pub(super) path: &'a str,
    pub(super) loader: Loader,
    pub(super) is_type_module: Option<bool>,
    /// Imported `with { type: … }`: JSON then has nothing but a default export, as the runtimes have it.
    pub(super) has_type_attribute: bool,
    pub(super) tsconfig: Option<Arc<TsConfig>>,
    pub(super) options: &'a Options,
    pub(super) defines: &'a Defines,
    pub(super) files: &'a Arc<dyn FileSystem>,
}

/// Parses and lowers one module to plain JavaScript with resolved identifiers.
pub(super) fn parse(input: &ParseInput<'_>) -> Result<Parsed, Vec<Diagnostic>> {
    let globals = Globals::new();
    let result = GLOBALS.set(&globals, || parse_in_globals(input));
    result.map(|(program, unresolved, kept, diagnostics)| Parsed {
        program,
        globals,
        unresolved,
        comments: kept.annotations,
        legal: kept.legal,
        pure_calls: kept.pure_calls,
        pure_functions: kept.pure_functions,
        uses_class_helpers: kept.uses_class_helpers,
        diagnostics,
    })
}

type ParsedParts = (Program, SyntaxContext, Kept, Vec<Diagnostic>);

fn parse_in_globals(input: &ParseInput<'_>) -> Result<ParsedParts, Vec<Diagnostic>> {
    let comments = SingleThreadedComments::default();
    let mut program = parse_program(input, &comments)?;
    check_early(&program, input)?;
    if is_sloppy(&program, input) {
        write_out(&mut program);
    }
    let (unresolved_mark, top_level_mark) = (Mark::new(), Mark::new());
    let is_typescript = matches!(input.loader, Loader::Ts | Loader::Tsx);
    program.mutate(resolver(unresolved_mark, top_level_mark, is_typescript));
    let lowered = lower(&mut program, input, &comments, unresolved_mark, top_level_mark);
    let mut unresolved = SyntaxContext::empty().apply_mark(unresolved_mark);
    if lowered.needs_hygiene {
        // Names that a transform made up may clash with written ones; after this, names alone tell them apart.
        program.mutate(hygiene());
        let (unresolved_mark, top_level_mark) = (Mark::new(), Mark::new());
        program.mutate(resolver(unresolved_mark, top_level_mark, false));
        unresolved = SyntaxContext::empty().apply_mark(unresolved_mark);
    }
    let mut diagnostics = Vec::new();
    if input.loader != Loader::Json {
        let globs = GlobInput {
            source_map: input.source_map,
            file: input.file,
            files: input.files,
            unresolved,
        };
        let unknown = expand_globs(&mut program, &globs);
        // Packages know what they do; nobody here could change it.
        if !input.path.contains("node_modules/") {
            diagnostics.extend(unknown.iter().map(|unknown| unknown_specifier(input, unknown)));
        }
    }
    for unset in substitute(&mut program, input.defines, unresolved) {
        diagnostics.push(
            Diagnostic::warning(
                "build/env-not-set",
                format!("`{}` is read here but is not set", unset.name),
            )
            .at(location_at(input.source_map, input.path, unset.position, unset.name.len()))
            .hint("set it for the build; unset it stays a look-up at run time"),
        );
    }
    let mut kept = keep_comments(&comments);
    kept.uses_class_helpers = lowered.uses_class_helpers;
    Ok((program, unresolved, kept, diagnostics))
}

/// What the language wants to be refused although it can be parsed.
fn check_early(program: &Program, input: &ParseInput<'_>) -> Result<(), Vec<Diagnostic>> {
    if input.loader == Loader::Json {
        return Ok(());
    }
    let is_typescript = matches!(input.loader, Loader::Ts | Loader::Tsx);
    let source = input.source;
    let errors = early_errors(program, &source.src, source.start_pos, is_typescript);
    if errors.is_empty() {
        return Ok(());
    }
    Err(errors
        .into_iter()
        .map(|error| {
            let length = error.span.hi.0.saturating_sub(error.span.lo.0) as usize;
            Diagnostic::error("build/syntax", error.message).at(location_at(
                input.source_map,
                input.path,
                error.span.lo,
                length,
            ))
        })
        .collect())
}

fn unknown_specifier(input: &ParseInput<'_>, unknown: &Unknown) -> Diagnostic {
    let span = unknown.span;
    let length = span.hi.0.saturating_sub(span.lo.0) as usize;
    let message = if unknown.is_empty_glob {
        "no file is what this import can name, so it is left to the runtime"
    } else {
        "only running tells what is imported here, so it is left to the runtime"
    };
    Diagnostic::warning("build/dynamic-specifier", message)
        .at(location_at(input.source_map, input.path, span.lo, length))
        .hint("begin with `./` and a folder, as in `import(`./pages/${name}.js`)`, to bundle what it can name")
}

/// Whether code that is not strict gets into a place where it is: a module, or the hands of the compressor.
fn is_sloppy(program: &Program, input: &ParseInput<'_>) -> bool {
    let is_module = match program {
        Program::Module(module) => {
            module.body.iter().any(|item| matches!(item, ModuleItem::ModuleDecl(_)))
        }
        Program::Script(_) => false,
    };
    !is_module
        && !is_read_as_module(input)
        && input.loader != Loader::Json
        && (input.options.format == Format::Esm || input.options.minify.any())
}

/// Whether the name or the package says that a file is a module.
fn is_read_as_module(input: &ParseInput<'_>) -> bool {
    let extension =
        input.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    matches!(extension, "mjs" | "mts") || (input.is_type_module == Some(true) && extension != "cjs")
}

/// Drops what swc's transforms would print; their errors come back as syntax errors of the parser.
struct Silent;

impl swc_core::common::errors::Emitter for Silent {
    fn emit(&mut self, _: &mut swc_core::common::errors::DiagnosticBuilder<'_>) {}
}

fn parse_program(
    input: &ParseInput<'_>,
    comments: &SingleThreadedComments,
) -> Result<Program, Vec<Diagnostic>> {
    let extension =
        input.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let syntax = match input.loader {
        Loader::Ts | Loader::Tsx => Syntax::Typescript(TsSyntax {
            tsx: input.loader == Loader::Tsx,
            decorators: true,
            disallow_ambiguous_jsx_like: matches!(extension, "mts" | "cts"),
            ..TsSyntax::default()
        }),
        _ => Syntax::Es(EsSyntax {
            jsx: input.loader == Loader::Jsx,
            decorators: true,
            decorators_before_export: true,
            import_attributes: true,
            allow_return_outside_function: true,
            auto_accessors: true,
            explicit_resource_management: true,
            ..EsSyntax::default()
        }),
    };
    let mut recovered = Vec::new();
    let version = EsVersion::latest();
    let parsed = if input.loader == Loader::Json {
        parse_json(input)?;
        parse_file_as_expr(input.source, syntax, version, None, &mut recovered)
            .map(|value| json_program(value, !input.has_type_attribute))
    } else if is_read_as_module(input) {
        parse_file_as_module(input.source, syntax, version, Some(comments), &mut recovered)
            .map(Program::Module)
    } else {
        parse_file_as_program(input.source, syntax, version, Some(comments), &mut recovered)
    };
    let (parsed, recovered) = match parsed {
        // What is an error in strict code may be none in a script.
        parsed
            if (parsed.is_err() || !recovered.is_empty())
                && input.loader != Loader::Json
                && !is_read_as_module(input) =>
        {
            let mut in_script = Vec::new();
            match parse_file_as_script(
                input.source,
                syntax,
                version,
                Some(comments),
                &mut in_script,
            ) {
                Ok(script) => {
                    let mut script = Program::Script(script);
                    let allowed = functions_behind_if(&mut script);
                    in_script.retain(|error| !allowed.contains(&error.span().lo));
                    if in_script.is_empty() { (Ok(script), in_script) } else { (parsed, recovered) }
                }
                Err(_) => (parsed, recovered),
            }
        }
        parsed => (parsed, recovered),
    };
    let mut errors: Vec<Diagnostic> = Vec::new();
    let program = match parsed {
        Ok(program) => Some(program),
        Err(error) => {
            errors.push(syntax_error(input, &error));
            None
        }
    };
    for error in &recovered {
        let diagnostic = syntax_error(input, error);
        if !errors.contains(&diagnostic) {
            errors.push(diagnostic);
        }
    }
    match program {
        Some(program) if errors.is_empty() => Ok(program),
        _ => Err(errors),
    }
}

fn syntax_error(
    input: &ParseInput<'_>,
    error: &swc_core::ecma::parser::error::Error,
) -> Diagnostic {
    let span = error.span();
    let length = span.hi.0.saturating_sub(span.lo.0) as usize;
    let message = error.kind().msg();
    let mut message = message.into_owned();
    if let Some(first) = message.chars().next()
        && first.is_uppercase()
        && !message.chars().nth(1).is_some_and(char::is_uppercase)
    {
        message = first.to_lowercase().chain(message.chars().skip(1)).collect();
    }
    let diagnostic = Diagnostic::error("build/syntax", message).at(location_at(
        input.source_map,
        input.path,
        span.lo,
        length,
    ));
    if input.loader == Loader::Js && diagnostic.message.contains('<') {
        diagnostic
            .hint("JSX is parsed in `.jsx` and `.tsx` files; elsewhere set `--loader .js=jsx`")
    } else {
        diagnostic
    }
}

/// JSON is checked by a JSON parser: JavaScript would let comments and single quotes through.
fn parse_json(input: &ParseInput<'_>) -> Result<(), Vec<Diagnostic>> {
    let text = &input.source.src;
    serde_json::from_str::<serde::de::IgnoredAny>(text).map(|_| ()).map_err(|error| {
        let line_text =
            text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default().to_owned();
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        vec![Diagnostic::error("build/syntax", format!("this is not JSON: {message}")).at(
            Location {
                file: input.path.to_owned(),
                line: error.line(),
                column: error.column().max(1),
                length: 1,
                line_text,
            },
        )]
    })
}

/// `export default VALUE`, and a named export for each key of an object if wanted; names need not be identifiers.
fn json_program(mut value: Box<Expr>, with_names: bool) -> Program {
    use swc_core::common::DUMMY_SP;
    fix_proto(&mut value);
    let mut body = Vec::new();
    let mut specifiers = Vec::new();
    if let Expr::Object(object) = &*value
        && with_names
    {
        let (mut seen, mut locals) = (FxHashSet::default(), FxHashSet::default());
        // The last of equal keys wins, as `JSON.parse` has it.
        for property in object.props.iter().rev() {
            let PropOrSpread::Prop(property) = property else { continue };
            let Prop::KeyValue(pair) = &**property else { continue };
            let Some(name) = json_key(&pair.key) else { continue };
            if name == *"default" || !seen.insert(name.clone()) {
                continue;
            }
            let base = crate::bundle::graph::identifier(&name);
            let mut local = base.clone();
            let mut number = 1;
            while !locals.insert(local.clone()) {
                number += 1;
                local = format!("{base}{number}");
            }
            let local = Ident::new_no_ctxt(local.into(), DUMMY_SP);
            body.push(ModuleItem::Stmt(Stmt::Decl(Decl::Var(Box::new(VarDecl {
                span: pair.value.span(),
                ctxt: SyntaxContext::empty(),
                kind: VarDeclKind::Var,
                declare: false,
                decls: vec![VarDeclarator {
                    span: pair.value.span(),
                    name: Pat::Ident(BindingIdent::from(local.clone())),
                    init: Some(pair.value.clone()),
                    definite: false,
                }],
            })))));
            specifiers.push(ExportSpecifier::Named(ExportNamedSpecifier {
                span: DUMMY_SP,
                orig: ModuleExportName::Ident(local),
                exported: Some(ModuleExportName::Str(Str {
                    span: DUMMY_SP,
                    value: name.into(),
                    raw: None,
                })),
                is_type_only: false,
            }));
        }
        body.reverse();
        specifiers.reverse();
    }
    body.push(ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(ExportDefaultExpr {
        span: value.span(),
        expr: value,
    })));
    body.push(ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(NamedExport {
        span: DUMMY_SP,
        specifiers,
        src: None,
        type_only: false,
        with: None,
    })));
    Program::Module(Module { span: DUMMY_SP, body, shebang: None })
}

fn json_key(key: &PropName) -> Option<Atom> {
    match key {
        PropName::Str(name) => name.value.as_str().map(Atom::from),
        _ => None,
    }
}

/// `"__proto__": x` sets the prototype in JavaScript and a plain key in JSON.
fn fix_proto(value: &mut Expr) {
    match value {
        Expr::Object(object) => {
            for property in &mut object.props {
                let PropOrSpread::Prop(property) = property else { continue };
                let Prop::KeyValue(pair) = &mut **property else { continue };
                fix_proto(&mut pair.value);
                if let PropName::Str(name) = &pair.key
                    && name.value.as_str() == Some("__proto__")
                {
                    let name = name.clone();
                    pair.key = PropName::Computed(ComputedPropName {
                        span: name.span,
                        expr: Box::new(Expr::Lit(Lit::Str(name))),
                    });
                }
            }
        }
        Expr::Array(array) => {
            for element in array.elems.iter_mut().flatten() {
                fix_proto(&mut element.expr);
            }
        }
        _ => {}
    }
}

/// Turns what no runtime has, or not all have, into what they do: decorators, `using`, JSX, types.
fn lower(
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
    let legacy_decorators =
        compiler.is_some_and(|options| options.experimental_decorators == Some(true));
    if features.private_chain && (lowers_classes || (features.decorators && !legacy_decorators)) {
        // What is called through `?.` is then a plain call of a private name.
        program.mutate(optional_chaining(Default::default(), unresolved_mark));
        needs_hygiene = true;
    }
    if legacy_decorators && features.decorators {
        expand_accessors(program);
    }
    if (legacy_decorators && features.decorators) || features.using {
        needs_hygiene = true;
        HELPERS.set(&Helpers::new(false), || {
            if features.decorators && legacy_decorators {
                program.mutate(decorators(DecoratorConfig {
                    legacy: true,
                    emit_metadata: compiler
                        .is_some_and(|options| options.emit_decorator_metadata == Some(true)),
                    use_define_for_class_fields: !assigns_fields,
                }));
                alias_decorated_classes(program);
            }
            if features.using {
                program.mutate(explicit_resource_management());
            }
            program.mutate(inject_helpers(unresolved_mark));
        });
        if features.using {
            join_names(program, "_SuppressedError");
        }
    }
    let mut uses_class_helpers = false;
    if assigns_fields || lowers_classes || features.decorators {
        needs_hygiene = true;
        uses_class_helpers = lower_classes(
            program,
            ClassOptions { lowers: lowers_classes, assigns: assigns_fields, legacy_decorators },
            SyntaxContext::empty().apply_mark(unresolved_mark),
        );
    }
    if has_jsx {
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
        program.mutate(typescript(config, unresolved_mark, top_level_mark));
    }
    if let Some(year) = input.options.syntax.filter(|year| *year < 2022) {
        needs_hygiene = true;
        program.visit_mut_with(&mut BeforeLowering);
        HELPERS.set(&Helpers::new(false), || {
            lower_syntax(program, year, comments, unresolved_mark);
            program.visit_mut_with(&mut AfterLowering);
            program.mutate(inject_helpers(unresolved_mark));
        });
    }
    Lowered { needs_hygiene, uses_class_helpers }
}

/// What lowering did to a program.
struct Lowered {
    /// Names were made up that may clash with written ones.
    needs_hygiene: bool,
    /// Helper functions for classes are called by their names.
    uses_class_helpers: bool,
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

/// What swc's transforms would get wrong: an anonymous default class gets the name that we know it by.
struct BeforeLowering;

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
}

/// What swc's transforms got wrong: the body of an arrow function that waited and speaks of `super` is called, and what
/// that gives is not returned.
struct AfterLowering;

impl VisitMut for AfterLowering {
    noop_visit_mut_type!();

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        arrow.visit_mut_children_with(self);
        let ArrowFunctionBody::FunctionBody(body) = &mut *arrow.body else { return };
        let Some(Stmt::Expr(last)) = body.stmts.last() else { return };
        let is_waiting = matches!(&*last.expr, Expr::Call(call)
            if matches!(&call.callee, Callee::Expr(callee)
                if matches!(&**callee, Expr::Call(inner)
                    if matches!(&inner.callee, Callee::Expr(helper)
                        if matches!(&**helper, Expr::Ident(ident) if ident.sym.starts_with("_async_to_generator"))))));
        if is_waiting && let Some(Stmt::Expr(last)) = body.stmts.pop() {
            let ExprStmt { span, expr } = last;
            body.stmts.push(Stmt::Return(ReturnStmt { span, arg: Some(expr) }));
        }
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
        es2015, es2016, es2017, es2018, es2019, es2020, es2021, es2022,
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
    if year < 2017 {
        program.mutate(es2017(Default::default(), unresolved_mark));
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

    fn visit_class_prop(&mut self, field: &ClassProp) {
        self.fields = true;
        field.visit_children_with(self);
    }

    fn visit_ts_param_prop(&mut self, _: &TsParamProp) {
        self.fields = true;
    }
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
        .unwrap_or_else(|| binds_react(program));
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

/// What comments say that outlives them.
#[derive(Default)]
struct Kept {
    annotations: KeptComments,
    legal: Vec<String>,
    pure_calls: FxHashSet<BytePos>,
    pure_functions: FxHashSet<BytePos>,
    uses_class_helpers: bool,
}

/// Keeps annotations and the texts of licences; the rest is for readers of the source.
fn keep_comments(comments: &SingleThreadedComments) -> Kept {
    let mut kept = Kept::default();
    let mut legal: Vec<(BytePos, String)> = Vec::new();
    let (leading, trailing) = comments.borrow_all_mut();
    for (is_leading, map) in [(true, leading), (false, trailing)] {
        let mut map = map;
        #[expect(
            clippy::iter_over_hash_type,
            reason = "what is collected is a map, a set, or sorted after"
        )]
        for (position, mut list) in std::mem::take(&mut *map) {
            if is_leading {
                if list.iter().any(|comment| is_annotation(comment, "PURE")) {
                    kept.pure_calls.insert(position);
                }
                if list.iter().any(|comment| is_annotation(comment, "NO_SIDE_EFFECTS")) {
                    kept.pure_functions.insert(position);
                }
            }
            legal.extend(list.iter().filter(|comment| is_legal(comment)).map(|comment| {
                let text = match comment.kind {
                    CommentKind::Block => format!("/*{}*/", comment.text),
                    CommentKind::Line => format!("//{}", comment.text),
                };
                (comment.span.lo, text)
            }));
            list.retain(|comment| {
                is_leading && (is_annotation(comment, "PURE") || is_bundler_hint(comment))
            });
            if !list.is_empty() {
                kept.annotations.entry(position).or_default().append(&mut list);
            }
        }
    }
    legal.sort();
    kept.legal = legal.into_iter().map(|(_, text)| text).collect();
    kept
}

fn is_annotation(comment: &Comment, name: &str) -> bool {
    comment.kind == CommentKind::Block
        && comment.text.match_indices("__").any(|(at, _)| {
            comment.text.get(..at).is_some_and(|before| before.ends_with(['#', '@']))
                && comment.text.get(at + 2..).is_some_and(|rest| {
                    rest.strip_prefix(name).is_some_and(|rest| rest.starts_with("__"))
                })
        })
}

fn is_bundler_hint(comment: &Comment) -> bool {
    comment.text.contains("webpackIgnore") || comment.text.contains("@vite-ignore")
}

/// `/*! … */`, `@license`, `@preserve`: texts whose licence wants them kept.
fn is_legal(comment: &Comment) -> bool {
    comment.text.starts_with('!')
        || comment.text.contains("@license")
        || comment.text.contains("@preserve")
}

/// The place of a position in a file.
pub(super) fn location_at(
    source_map: &SourceMap,
    path: &str,
    position: BytePos,
    length: usize,
) -> Location {
    if position.is_dummy() {
        return Location::file(path);
    }
    let place = source_map.lookup_char_pos(position);
    let line_text = place
        .file
        .get_line(place.line.saturating_sub(1))
        .map(|line| line.to_string())
        .unwrap_or_default();
    let left = line_text.chars().count().saturating_sub(place.col.0).max(1);
    Location {
        file: path.to_owned(),
        line: place.line,
        column: place.col.0 + 1,
        length: length.clamp(1, left),
        line_text,
    }
}

/// Parses one expression of the settings, such as the value of a `define`.
pub(super) fn parse_expression(source_map: &SourceMap, text: &str) -> Option<Expr> {
    use swc_core::common::FileName;
    let source = source_map.new_source_file(FileName::Anon.into(), text.to_owned());
    let mut recovered = Vec::new();
    let expression = GLOBALS.set(&Globals::new(), || {
        parse_file_as_expr(&source, Syntax::default(), EsVersion::latest(), None, &mut recovered)
    });
    expression.ok().filter(|_| recovered.is_empty()).map(|expression| *expression)
}
