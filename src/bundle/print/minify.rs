//! The compressor and the mangler, over one chunk.

use swc_core::atoms::Atom;
use swc_core::common::comments::SingleThreadedComments;
use swc_core::common::sync::Lrc;
use swc_core::common::{DUMMY_SP, GLOBALS, Globals, Mark, SourceMap, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::minifier::optimize;
use swc_core::ecma::minifier::option::{
    CompressOptions, ExtraOptions, MangleOptions, MinifyOptions, TopLevelOptions,
};
use swc_core::ecma::transforms::base::fixer::{fixer, paren_remover};
use swc_core::ecma::transforms::base::hygiene::hygiene;
use swc_core::ecma::transforms::base::resolver;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use super::early_variables::guard_early_variables;
use super::keep_coercions::keep_coercions;
use super::pure_callees::unmark_assigned_callees;
use crate::bundle::code;
use crate::bundle::options::{Format, Options};
use crate::bundle::scan::define::{HoistedNames, collect_names};

/// Minifies a chunk as the options want it. Names in it are those of the plan, so text alone tells them apart.
pub(super) fn minify(
    items: Vec<ModuleItem>,
    comments: &SingleThreadedComments,
    source_map: &Lrc<SourceMap>,
    options: &Options,
) -> Vec<ModuleItem> {
    GLOBALS.set(&Globals::new(), || {
        let (unresolved_mark, top_level_mark) = (Mark::new(), Mark::new());
        let mut program = Program::Module(Module { span: DUMMY_SP, body: items, shebang: None });
        program.visit_mut_with(&mut ClearContexts);
        program.mutate(resolver(unresolved_mark, top_level_mark, false));
        let unresolved = SyntaxContext::empty().apply_mark(unresolved_mark);
        if options.minify.syntax {
            // The compressor takes parentheses for anything, and moves assignments into functions that stand in them.
            program.mutate(paren_remover(Some(comments)));
            guard_early_variables(&mut program, unresolved);
            keep_coercions(&mut program, unresolved, options.keep_names);
            unmark_assigned_callees(&mut program, comments);
        }
        let minify_options = MinifyOptions {
            compress: options.minify.syntax.then(|| CompressOptions {
                module: options.format == Format::Esm,
                top_level: Some(TopLevelOptions { functions: true }),
                ecma: super::es_version(options),
                drop_console: options.drop_console,
                drop_debugger: options.drop_debugger,
                // Loses what falls through to a case behind `default`.
                switches: false,
                passes: 3,
                // A function in an object has its name from there.
                hoist_props: !options.keep_names,
                ..kinds_of_compression(&program, unresolved)
            }),
            mangle: options
                .minify
                .identifiers
                .then(|| MangleOptions { top_level: Some(true), ..MangleOptions::default() }),
            ..MinifyOptions::default()
        };
        let extra = ExtraOptions { unresolved_mark, top_level_mark, mangle_name_cache: None };
        let mut program = optimize(
            program,
            Lrc::clone(source_map),
            Some(comments),
            None,
            &minify_options,
            &extra,
        );
        program.visit_mut_with(&mut ReleaseGuarded);
        if !options.minify.identifiers {
            // What was put in place of a call brought its names along, and nothing has told them apart so far.
            if options.format == Format::Cjs {
                free_names_of_node(&mut program);
            }
            program.mutate(hygiene());
        }
        program.mutate(fixer(Some(comments)));
        program.visit_mut_with(&mut ForgetAnnotations);
        match program {
            Program::Module(mut module) => {
                declare_exported(&mut module.body);
                module.body
            }
            Program::Script(script) => script.body.into_iter().map(ModuleItem::Stmt).collect(),
        }
    })
}

/// Direct `eval` may give variables other values, which no reader of the code can see.
fn kinds_of_compression(program: &Program, unresolved: SyntaxContext) -> CompressOptions {
    struct Finder(SyntaxContext, bool);
    impl Visit for Finder {
        noop_visit_type!();

        fn visit_call_expr(&mut self, call: &CallExpr) {
            self.1 |= matches!(&call.callee, Callee::Expr(callee)
                if matches!(&**callee, Expr::Ident(name) if name.sym == *"eval" && name.ctxt == self.0));
            call.visit_children_with(self);
        }
    }
    let mut finder = Finder(unresolved, false);
    program.visit_with(&mut finder);
    let knows_values = !finder.1;
    CompressOptions {
        reduce_vars: knows_values,
        reduce_fns: knows_values,
        collapse_vars: knows_values,
        evaluate: knows_values,
        unused: knows_values,
        inline: if knows_values { CompressOptions::default().inline } else { 0 },
        ..CompressOptions::default()
    }
}

/// Variables at the top get other names than what Node has around a `CommonJS` module.
fn free_names_of_node(program: &mut Program) {
    const NAMES: &[&str] = &["module", "exports", "require", "__filename", "__dirname"];
    struct Renamer(Vec<Id>);
    impl VisitMut for Renamer {
        noop_visit_mut_type!();

        fn visit_mut_ident(&mut self, ident: &mut Ident) {
            if NAMES.contains(&ident.sym.as_str()) && self.0.contains(&ident.to_id()) {
                ident.sym = format!("_{}", ident.sym).into();
            }
        }

        fn visit_mut_prop(&mut self, property: &mut Prop) {
            if let Prop::Shorthand(name) = property
                && self.0.contains(&name.to_id())
            {
                *property = Prop::KeyValue(KeyValueProp {
                    key: PropName::Ident(IdentName::from(name.clone())),
                    value: Box::new(Expr::Ident(name.clone())),
                });
            }
            property.visit_mut_children_with(self);
        }
    }
    let Program::Module(module) = &*program else { return };
    let mut idents = Vec::new();
    for item in &module.body {
        if let ModuleItem::Stmt(Stmt::Decl(Decl::Var(declaration))) = item {
            declaration.decls.iter().for_each(|one| collect_names(&one.name, &mut idents));
        }
    }
    let taken: Vec<Id> = idents
        .into_iter()
        .filter(|ident| NAMES.contains(&ident.sym.as_str()))
        .map(|ident| ident.to_id())
        .collect();
    if !taken.is_empty() {
        program.visit_mut_with(&mut Renamer(taken));
    }
}

/// What stands behind a `throw` is dropped, and exports of it with nothing to export are no module any more.
fn declare_exported(body: &mut Vec<ModuleItem>) {
    let mut names: Vec<Atom> = Vec::new();
    let mut exported: Vec<Atom> = Vec::new();
    for item in body.iter() {
        match item {
            ModuleItem::Stmt(statement) => declared(statement, &mut names),
            ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => {
                names.extend(
                    import.specifiers.iter().map(|specifier| specifier.local().sym.clone()),
                );
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                declared(&Stmt::Decl(export.decl.clone()), &mut names);
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => match &export.decl {
                DefaultDecl::Class(class) => {
                    names.extend(class.ident.iter().map(|ident| ident.sym.clone()));
                }
                DefaultDecl::Fn(function) => {
                    names.extend(function.ident.iter().map(|ident| ident.sym.clone()));
                }
                DefaultDecl::TsInterfaceDecl(_) => {}
            },
            ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) if export.src.is_none() => {
                exported.extend(export.specifiers.iter().filter_map(|specifier| match specifier {
                    ExportSpecifier::Named(named) => Some(named.orig.atom().into_owned()),
                    _ => None,
                }));
            }
            ModuleItem::ModuleDecl(_) => {}
        }
    }
    exported.retain(|name| !names.contains(name));
    exported.sort_unstable();
    exported.dedup();
    if !exported.is_empty() {
        body.push(ModuleItem::Stmt(crate::bundle::code::declare_all(&exported)));
    }
}

/// Names that a statement declares for the whole output.
fn declared(statement: &Stmt, names: &mut Vec<Atom>) {
    match statement {
        Stmt::Decl(Decl::Fn(function)) => names.push(function.ident.sym.clone()),
        Stmt::Decl(Decl::Class(class)) => names.push(class.ident.sym.clone()),
        Stmt::Decl(Decl::Var(declaration)) => {
            let mut idents = Vec::new();
            for declarator in &declaration.decls {
                collect_names(&declarator.name, &mut idents);
            }
            names.extend(idents.into_iter().map(|ident| ident.sym));
        }
        other => {
            let mut hoisted = HoistedNames(Vec::new());
            other.visit_with(&mut hoisted);
            names.extend(hoisted.0.into_iter().map(|ident| ident.sym));
        }
    }
}

/// The function in calls that keep the compressor from an expression; nobody declares it.
const GUARD: &str = "__bundlegate_guard__";

/// An expression in such a call. After compressing it is itself again.
pub(super) fn guarded(expression: Expr, unresolved: SyntaxContext) -> Expr {
    guard(vec![expression], unresolved)
}

fn guard(arguments: Vec<Expr>, unresolved: SyntaxContext) -> Expr {
    let callee = Ident { ctxt: unresolved, ..code::ident_of(&Atom::from(GUARD)) };
    code::call_expression(Expr::Ident(callee), arguments)
}

/// An assignment or a variable that is only there for the compressor to see. After compressing it is gone, but what the
/// compressor has put in place of a variable stays.
pub(super) fn shown(expression: Expr, unresolved: SyntaxContext) -> Expr {
    let is_variable = code::number(if expression.is_ident() { 1.0 } else { 0.0 });
    guard(vec![expression, is_variable], unresolved)
}

/// Whether an expression is made of constants alone: by now it may be known what operands are.
fn does_nothing(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(literal) => !matches!(literal, Lit::BigInt(_) | Lit::Regex(_)),
        Expr::Unary(unary) => unary.op != op!("delete") && does_nothing(&unary.arg),
        Expr::Bin(binary) => {
            !matches!(binary.op, op!("in") | op!("instanceof"))
                && does_nothing(&binary.left)
                && does_nothing(&binary.right)
        }
        Expr::Paren(paren) => does_nothing(&paren.expr),
        Expr::Tpl(template) => template.exprs.iter().all(|part| does_nothing(part)),
        _ => false,
    }
}

struct ReleaseGuarded;

impl ReleaseGuarded {
    /// What becomes of a guard.
    fn of(expression: &mut Expr) -> Option<Expr> {
        let Expr::Call(call) = expression else { return None };
        let Callee::Expr(callee) = &call.callee else { return None };
        if !matches!(&**callee, Expr::Ident(name) if name.sym == *GUARD) {
            return None;
        }
        let is_variable = (call.args.len() > 1).then(|| {
            matches!(call.args.pop().map(|flag| *flag.expr), Some(Expr::Lit(Lit::Num(one))) if one.value > 0.0)
        });
        let kept = *call.args.pop()?.expr;
        let is_gone = is_variable.is_some_and(|is_variable| !is_variable || kept.is_ident());
        Some(if is_gone { code::void_0() } else { kept })
    }
}

impl VisitMut for ReleaseGuarded {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        if let Some(kept) = Self::of(expression) {
            *expression = kept;
        }
        if let Expr::Seq(sequence) = expression {
            let Some(last) = sequence.exprs.pop() else { return };
            sequence.exprs.retain(|one| !does_nothing(one));
            // `(0, object.method)()` has no `this`, and `(0, eval)()` is another thing than `eval()`.
            let is_value = !matches!(
                &*last,
                Expr::Member(_) | Expr::OptChain(_) | Expr::SuperProp(_) | Expr::Ident(_)
            );
            if sequence.exprs.is_empty() && is_value {
                *expression = *last;
                return;
            }
            if sequence.exprs.is_empty() {
                sequence.exprs.push(Box::new(code::number(0.0)));
            }
            sequence.exprs.push(last);
        }
    }

    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        statement.visit_mut_children_with(self);
        let Stmt::Expr(inner) = statement else { return };
        if let Expr::Seq(sequence) = &mut *inner.expr {
            while sequence.exprs.len() > 1
                && sequence.exprs.last().is_some_and(|last| does_nothing(last))
            {
                sequence.exprs.pop();
            }
        }
        // A string may be a directive.
        if does_nothing(&inner.expr) && !matches!(&*inner.expr, Expr::Lit(Lit::Str(_))) {
            *statement = Stmt::Empty(EmptyStmt { span: DUMMY_SP });
        }
    }

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        statements.retain(|statement| !statement.is_empty());
    }

    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        items.visit_mut_children_with(self);
        items.retain(|item| !matches!(item, ModuleItem::Stmt(Stmt::Empty(_))));
    }
}

/// A span can say that a call is pure, which would be printed as a comment.
struct ForgetAnnotations;

impl VisitMut for ForgetAnnotations {
    noop_visit_mut_type!();

    fn visit_mut_span(&mut self, span: &mut swc_core::common::Span) {
        if span.is_pure() {
            *span = DUMMY_SP;
        }
    }
}

/// Modules come with contexts of their own; within a chunk all are resolved again, together.
struct ClearContexts;

impl VisitMut for ClearContexts {
    noop_visit_mut_type!();

    fn visit_mut_syntax_context(&mut self, context: &mut SyntaxContext) {
        *context = SyntaxContext::empty();
    }
}
