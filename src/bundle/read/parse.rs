//! swc parse, type strip and `resolver` marks; syntax errors become diagnostics.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::comments::{Comment, CommentKind, SingleThreadedComments};
use swc_core::common::sync::Lrc;
use swc_core::common::{
    BytePos, GLOBALS, Globals, Mark, SourceFile, SourceMap, Span, Spanned, SyntaxContext,
};
use swc_core::ecma::ast::*;
use swc_core::ecma::parser::error::SyntaxError;
use swc_core::ecma::parser::{
    EsSyntax, Syntax, TsSyntax, parse_file_as_expr, parse_file_as_module, parse_file_as_program,
    parse_file_as_script,
};
use swc_core::ecma::transforms::base::hygiene::hygiene;
use swc_core::ecma::transforms::base::resolver;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use super::define::substitute;
use super::early_errors::early_errors;
use super::glob_imports::{GlobInput, Unknown, expand_globs};
use crate::bundle::lower::ambient::{ambient_names, make_global};
use crate::bundle::lower::catch_variables::write_out_catch_variables;
use crate::bundle::lower::import_equals::{place_requires, split_exports};
use crate::bundle::lower::sloppy::{
    functions_behind_if, rename_reserved, write_octals_out, write_out,
};
use crate::bundle::lower::{has_legacy_decorators, lower, lower_to_year};
use crate::bundle::options::{Format, Loader, is_legal};
use crate::bundle::source::{KeptComments, ParseInput, code_behind, is_annotation, location_at};
use crate::diag::{Diagnostic, Location};

/// A parsed module: its tree, and what belongs to the tree alone.
pub(crate) struct Parsed {
    pub(crate) program: Program,
    /// The marks of its identifiers live in here.
    pub(crate) globals: Globals,
    pub(crate) unresolved: SyntaxContext,
    pub(crate) comments: KeptComments,
    /// Texts of licences, in the order of the source.
    pub(crate) legal: Vec<String>,
    /// Starts of calls marked pure.
    pub(crate) pure_calls: FxHashSet<BytePos>,
    /// Starts of functions marked as having no side effects.
    pub(crate) pure_functions: FxHashSet<BytePos>,
    /// What lowering has renamed, with the names in the source; only where names are kept.
    pub(crate) renamed: FxHashMap<Id, Atom>,
    /// Functions and objects of module 0 stand there by their names.
    pub(crate) uses_helpers: bool,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Parses and lowers one module to plain JavaScript with resolved identifiers.
pub(crate) fn parse(input: &ParseInput<'_>) -> Result<Parsed, Vec<Diagnostic>> {
    let globals = Globals::new();
    let result = GLOBALS.set(&globals, || parse_in_globals(input));
    result.map(|(program, unresolved, kept, diagnostics)| Parsed {
        program,
        globals,
        unresolved,
        comments: kept.annotations,
        legal: kept.legal,
        renamed: kept.renamed,
        pure_calls: kept.pure_calls,
        pure_functions: kept.pure_functions,
        uses_helpers: kept.uses_helpers,
        diagnostics,
    })
}

type ParsedParts = (Program, SyntaxContext, Kept, Vec<Diagnostic>);

fn parse_in_globals(input: &ParseInput<'_>) -> Result<ParsedParts, Vec<Diagnostic>> {
    let comments = SingleThreadedComments::default();
    let mut program = parse_program(input, &comments)?;
    check_early(&program, input)?;
    let is_typescript = matches!(input.loader, Loader::Ts | Loader::Tsx);
    if is_typescript {
        split_exports(&mut program);
    }
    if input.source.src.contains("catch") {
        write_out_catch_variables(&mut program);
    }
    let is_sloppy = is_sloppy(&program, input);
    // Whether it gets into a place where code is strict: a module, or the hands of the compressor.
    let becomes_strict =
        is_sloppy && (input.options.format == Format::Esm || input.options.minify.any());
    if is_sloppy {
        write_out(&mut program);
    }
    if becomes_strict {
        write_octals_out(&mut program, &input.source.src);
        if input.options.format == Format::Esm {
            check_strict(&program, input)?;
        }
    }
    let (unresolved_mark, top_level_mark) = (Mark::new(), Mark::new());
    program.mutate(resolver(unresolved_mark, top_level_mark, is_typescript));
    let ambient = if is_typescript { ambient_names(&program) } else { FxHashSet::default() };
    let mut lowered = lower(&mut program, input, &comments, unresolved_mark, top_level_mark);
    let mut unresolved = SyntaxContext::empty().apply_mark(unresolved_mark);
    let mut top_level = SyntaxContext::empty().apply_mark(top_level_mark);
    make_global(&mut program, ambient, unresolved);
    let mut substituted = None;
    if input.options.syntax.is_some_and(|year| year < 2022) {
        // Nobody recognises `process.env?.NAME` in what becomes of it, or a pattern with a rest.
        substituted = Some(substitute(&mut program, input.defines, unresolved, top_level));
        lower_to_year(&mut program, input, &comments, unresolved_mark, &mut lowered);
    }
    if is_typescript {
        place_requires(&mut program, unresolved);
    }
    let mut renamed = FxHashMap::default();
    if lowered.needs_hygiene {
        let keeps_names = input.options.keep_names;
        let written = keeps_names.then(|| Idents::of(&program));
        // Names that a transform made up may clash with written ones; after this, names alone tell them apart.
        program.mutate(hygiene());
        let (unresolved_mark, top_level_mark) = (Mark::new(), Mark::new());
        program.mutate(resolver(unresolved_mark, top_level_mark, false));
        unresolved = SyntaxContext::empty().apply_mark(unresolved_mark);
        top_level = SyntaxContext::empty().apply_mark(top_level_mark);
        if let Some(written) = written {
            // Names stand in the same order as before.
            let after = Idents::of(&program);
            assert_eq!(written.len(), after.len(), "renaming changes nothing but names");
            let pairs = written.into_iter().zip(after);
            let changed = pairs.filter(|(before, after)| before.0 != after.0);
            renamed.extend(changed.map(|(before, after)| (after, before.0)));
        }
    }
    let mut diagnostics = Vec::new();
    if becomes_strict {
        let undeclared = rename_reserved(&mut program, unresolved);
        if input.options.format == Format::Esm {
            diagnostics.extend(undeclared.iter().map(|name| reserved_word(input, name)));
        }
    }
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
    let (unset, uses_objects) = substituted
        .unwrap_or_else(|| substitute(&mut program, input.defines, unresolved, top_level));
    for unset in unset {
        diagnostics.push(
            Diagnostic::warning(
                "build/env-not-set",
                format!("`{}` is read here but is not set", unset.name),
            )
            .at(location_at(input.source_map, input.path, unset.position, unset.name.len()))
            .hint("set it for the build; unset it stays a look-up at run time"),
        );
    }
    let mut kept = keep_comments(&comments, input.source);
    if !kept.pure_calls.is_empty() {
        keep_marks_of_calls(&mut kept, &program);
    }
    kept.renamed = renamed;
    kept.uses_helpers = lowered.uses_helpers || uses_objects;
    Ok((program, unresolved, kept, diagnostics))
}

/// What the language wants to be refused although it can be parsed.
fn check_early(program: &Program, input: &ParseInput<'_>) -> Result<(), Vec<Diagnostic>> {
    if input.loader == Loader::Json {
        return Ok(());
    }
    let is_typescript = matches!(input.loader, Loader::Ts | Loader::Tsx);
    let source = input.source;
    let errors = early_errors(
        program,
        &source.src,
        source.start_pos,
        is_typescript,
        has_legacy_decorators(input),
    );
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

/// What no module may have: `with`, and `delete` of a variable.
fn check_strict(program: &Program, input: &ParseInput<'_>) -> Result<(), Vec<Diagnostic>> {
    let mut finder = SloppyOnly::default();
    program.visit_with(&mut finder);
    let told = finder.found.into_iter().map(|(span, what)| {
        let length = span.hi.0.saturating_sub(span.lo.0) as usize;
        let message = format!("{what} cannot stand in an ECMAScript module");
        Diagnostic::error("build/syntax", message)
            .at(location_at(input.source_map, input.path, span.lo, length))
            .hint("build with `--format cjs` or `--format iife`")
    });
    let told: Vec<Diagnostic> = told.collect();
    if told.is_empty() { Ok(()) } else { Err(told) }
}

#[derive(Default)]
struct SloppyOnly {
    found: Vec<(Span, &'static str)>,
}

impl Visit for SloppyOnly {
    noop_visit_type!();

    fn visit_with_stmt(&mut self, statement: &WithStmt) {
        let end = statement.span.lo + BytePos(4);
        self.found.push((Span::new(statement.span.lo, end), "`with`"));
        statement.visit_children_with(self);
    }

    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        let mut argument = &*unary.arg;
        while let Expr::Paren(paren) = argument {
            argument = &paren.expr;
        }
        if unary.op == UnaryOp::Delete && argument.is_ident() {
            self.found.push((unary.span, "`delete` of a variable"));
        }
        unary.visit_children_with(self);
    }
}

fn reserved_word(input: &ParseInput<'_>, name: &Ident) -> Diagnostic {
    let message =
        format!("`{}` is a reserved word in ECMAScript modules, and nothing declares it", name.sym);
    Diagnostic::error("build/syntax", message)
        .at(location_at(input.source_map, input.path, name.span.lo, name.sym.len()))
        .hint("build with `--format cjs` or `--format iife`, where it is the name of a global variable")
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

/// Whether code may be sloppy.
fn is_sloppy(program: &Program, input: &ParseInput<'_>) -> bool {
    let is_module = match program {
        Program::Module(module) => {
            module.body.iter().any(|item| matches!(item, ModuleItem::ModuleDecl(_)))
        }
        Program::Script(_) => false,
    };
    !is_module && !is_read_as_module(input) && input.loader != Loader::Json
}

/// Whether what was read as a script reads a variable `await` that nothing declares: then it is a module that awaits at
/// its top what could also go on after a name, such as a regular expression.
fn may_await(program: &Program, input: &ParseInput<'_>) -> bool {
    let extension = input.file.extension().and_then(|extension| extension.to_str());
    let is_commonjs =
        input.is_type_module == Some(false) || matches!(extension, Some("cjs" | "cts"));
    if is_commonjs || !program.is_script() || !input.source.src.contains("await") {
        return false;
    }
    let mut names = AwaitNames::default();
    program.visit_with(&mut names);
    names.is_read && !names.is_declared
}

/// Collects all names in the order in which they stand.
#[derive(Default)]
struct Idents(Vec<Id>);

impl Idents {
    fn of(program: &Program) -> Vec<Id> {
        let mut idents = Self::default();
        program.visit_with(&mut idents);
        idents.0
    }
}

impl Visit for Idents {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        self.0.push(ident.to_id());
    }

    /// Renaming adds to them the names that others see.
    fn visit_export_specifier(&mut self, _: &ExportSpecifier) {}

    fn visit_import_specifier(&mut self, specifier: &ImportSpecifier) {
        self.visit_ident(specifier.local());
    }
}

#[derive(Default)]
struct AwaitNames {
    is_read: bool,
    is_declared: bool,
}

impl Visit for AwaitNames {
    noop_visit_type!();

    fn visit_expr(&mut self, expression: &Expr) {
        match expression {
            Expr::Ident(name) => self.is_read |= name.sym == *"await",
            other => other.visit_children_with(self),
        }
    }

    fn visit_ident(&mut self, name: &Ident) {
        // Every other name than one that is read declares or assigns.
        self.is_declared |= name.sym == *"await";
    }
}

/// Whether the name or the package says that a file is a module.
fn is_read_as_module(input: &ParseInput<'_>) -> bool {
    let extension =
        input.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    matches!(extension, "mjs" | "mts") || (input.is_type_module == Some(true) && extension != "cjs")
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
    let parsed = match parsed {
        Ok(program) if recovered.is_empty() && may_await(&program, input) => {
            let mut in_module = Vec::new();
            let module =
                parse_file_as_module(input.source, syntax, version, Some(comments), &mut in_module);
            match module {
                Ok(module) if in_module.is_empty() => Ok(Program::Module(module)),
                _ => Ok(program),
            }
        }
        parsed => parsed,
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
        // The language has `for ({ ...x } in y)`, and types are gone before `override` could matter.
        if matches!(error.kind(), SyntaxError::TS2491 | SyntaxError::TS4112) {
            continue;
        }
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
    let has_tag = diagnostic.location.as_ref().is_some_and(|at| at.line_text.contains('<'));
    if input.loader == Loader::Js && has_tag && diagnostic.message.contains('<') {
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

/// What comments say that outlives them.
#[derive(Default)]
struct Kept {
    annotations: KeptComments,
    legal: Vec<String>,
    pure_calls: FxHashSet<BytePos>,
    pure_functions: FxHashSet<BytePos>,
    renamed: FxHashMap<Id, Atom>,
    uses_helpers: bool,
}

/// Keeps annotations and the texts of licences; the rest is for readers of the source.
fn keep_comments(comments: &SingleThreadedComments, source: &SourceFile) -> Kept {
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
            for comment in &list {
                let is_line = comment.kind == CommentKind::Line;
                if !is_leading && !is_line {
                    continue;
                }
                let code = || if is_line { code_behind(source, comment) } else { position };
                if is_annotation(comment, "PURE") {
                    kept.pure_calls.insert(code());
                    if is_line {
                        // It is printed in front of what it belongs to.
                        let (kind, text) = (CommentKind::Block, " @__PURE__ ".into());
                        let comment = Comment { kind, text, span: comment.span };
                        kept.annotations.entry(code()).or_default().push(comment);
                    }
                }
                if is_annotation(comment, "NO_SIDE_EFFECTS") {
                    kept.pure_functions.insert(code());
                }
            }
            legal.extend(list.iter().filter(|comment| is_legal(&comment.text)).map(|comment| {
                let text = match comment.kind {
                    CommentKind::Block => format!("/*{}*/", comment.text),
                    CommentKind::Line => format!("//{}", comment.text),
                };
                (comment.span.lo, text)
            }));
            list.retain(|comment| {
                let is_mark = comment.kind == CommentKind::Block && is_annotation(comment, "PURE");
                is_leading && (is_mark || is_bundler_hint(comment))
            });
            if !list.is_empty() {
                kept.annotations.entry(position).or_default().append(&mut list);
            }
        }
    }
    #[expect(clippy::iter_over_hash_type, reason = "each list by itself")]
    for list in kept.annotations.values_mut() {
        list.sort_by_key(|comment| comment.span.lo);
    }
    legal.sort();
    kept.legal = legal.into_iter().map(|(_, text)| text).collect();
    kept
}

/// A mark that stands before anything else than a call says nothing, and when that folds away, what is behind it would
/// take the mark for its own.
fn keep_marks_of_calls(kept: &mut Kept, program: &Program) {
    #[derive(Default)]
    struct Calls(FxHashSet<BytePos>);
    impl Visit for Calls {
        noop_visit_type!();

        fn visit_call_expr(&mut self, call: &CallExpr) {
            self.0.insert(call.span.lo);
            call.visit_children_with(self);
        }
        fn visit_new_expr(&mut self, new: &NewExpr) {
            self.0.insert(new.span.lo);
            new.visit_children_with(self);
        }
        fn visit_opt_call(&mut self, call: &OptCall) {
            self.0.insert(call.span.lo);
            call.visit_children_with(self);
        }
    }
    let mut calls = Calls::default();
    program.visit_with(&mut calls);
    kept.pure_calls.retain(|position| calls.0.contains(position));
    kept.annotations.retain(|position, list| {
        if !calls.0.contains(position) {
            list.retain(|comment| !is_annotation(comment, "PURE"));
        }
        !list.is_empty()
    });
}

fn is_bundler_hint(comment: &Comment) -> bool {
    comment.text.contains("webpackIgnore") || comment.text.contains("@vite-ignore")
}

/// Parses one expression of the settings, such as the value of a `define`.
pub(crate) fn parse_expression(source_map: &SourceMap, text: &str) -> Option<Expr> {
    use swc_core::common::FileName;
    // It comes from no file of the user's, so source maps leave it out.
    let name = FileName::Internal("<define>".to_owned());
    let source = source_map.new_source_file(Lrc::new(name), text.to_owned());
    let mut recovered = Vec::new();
    let expression = GLOBALS.set(&Globals::new(), || {
        parse_file_as_expr(&source, Syntax::default(), EsVersion::latest(), None, &mut recovered)
    });
    let expression = expression.ok().filter(|_| recovered.is_empty())?;
    let end = (expression.span().hi.0 - source.start_pos.0) as usize;
    let is_whole = text.get(end..).is_some_and(|rest| rest.trim().is_empty());
    is_whole.then_some(*expression)
}
