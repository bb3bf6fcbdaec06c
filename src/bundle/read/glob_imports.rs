//! `import("./dir/" + name + ".js")`, and `require` alike: all files that the text can name become part of the build. So do
//! those that `import.meta.glob` names.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use globset::GlobBuilder;
use swc_core::atoms::Atom;
use swc_core::common::sync::Lrc;
use swc_core::common::util::take::Take;
use swc_core::common::{FileName, SourceMap, Span, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::parser::{Syntax, parse_file_as_expr, parse_file_as_module};
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use crate::bundle::syntax::{constant_string, static_property};
use crate::fs::{FileKind, FileSystem, list_files};

/// What expanding needs beside the tree.
pub(crate) struct GlobInput<'a> {
    pub(crate) source_map: &'a Lrc<SourceMap>,
    /// The file that the specifiers are relative to.
    pub(crate) file: &'a Path,
    pub(crate) files: &'a Arc<dyn FileSystem>,
    /// The context of globals.
    pub(crate) unresolved: SyntaxContext,
}

/// A call whose specifier only running tells, and which is left alone.
pub(crate) struct Unknown {
    pub(crate) span: Span,
    /// Whether it is relative, but no file is what it names.
    pub(crate) is_empty_glob: bool,
}

/// Replaces such calls by a look-up in what they can name. Returns those that name nothing.
pub(crate) fn expand_globs(program: &mut Program, input: &GlobInput<'_>) -> Vec<Unknown> {
    let mut visitor =
        Globs { input, unknown: Vec::new(), try_depth: 0, eager: Vec::new(), count: 0 };
    program.visit_mut_with(&mut visitor);
    let imports = visitor.eager_imports();
    if let Program::Module(module) = program {
        module.body.splice(0..0, imports);
    }
    visitor.unknown
}

/// Extensions that `require` tries, in its order.
const EXTENSIONS: &[&str] = &[".js", ".json", ".tsx", ".ts", ".jsx"];

struct Globs<'a> {
    input: &'a GlobInput<'a>,
    unknown: Vec<Unknown>,
    try_depth: u32,
    /// Modules that `import.meta.glob` takes at once: the names of their namespaces, and their paths.
    eager: Vec<(String, String)>,
    /// How many calls of it there were.
    count: usize,
}

/// A piece of a specifier: text, or something that only running tells.
#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Any,
}

fn pieces(expression: &Expr, into: &mut Vec<Piece>) {
    match expression {
        Expr::Paren(paren) => pieces(&paren.expr, into),
        Expr::Lit(Lit::Str(text)) => {
            into.push(Piece::Text(text.value.to_string_lossy().into_owned()));
        }
        Expr::Tpl(template) => {
            for (index, quasi) in template.quasis.iter().enumerate() {
                if let Some(text) = &quasi.cooked {
                    into.push(Piece::Text(text.to_string_lossy().into_owned()));
                }
                if let Some(expression) = template.exprs.get(index) {
                    pieces(expression, into);
                }
            }
        }
        Expr::Bin(sum) if sum.op == op!(bin, "+") => {
            pieces(&sum.left, into);
            pieces(&sum.right, into);
        }
        _ => into.push(Piece::Any),
    }
}

/// The pattern of a specifier: texts, and holes between them. `None`: it need not be relative.
fn pattern(expression: &Expr) -> Option<Vec<Piece>> {
    let mut list = Vec::new();
    pieces(expression, &mut list);
    let mut merged: Vec<Piece> = Vec::new();
    for piece in list {
        match (merged.last_mut(), piece) {
            (Some(Piece::Text(last)), Piece::Text(text)) => last.push_str(&text),
            (Some(Piece::Any), Piece::Any) => {}
            (_, piece) => merged.push(piece),
        }
    }
    merged.retain(|piece| *piece != Piece::Text(String::new()));
    match merged.first() {
        Some(Piece::Text(text)) if text.starts_with("./") || text.starts_with("../") => {
            Some(merged)
        }
        _ => None,
    }
}

/// Whether a path is one that the pattern can become. A hole behind a slash or before one matches folders, too; any other
/// stays in its folder, as with esbuild.
fn matches(pattern: &[Piece], path: &str, is_behind_slash: bool) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((Piece::Text(text), rest)) => path
            .strip_prefix(text.as_str())
            .is_some_and(|left| matches(rest, left, text.ends_with('/'))),
        Some((Piece::Any, rest)) => {
            let is_folder = is_behind_slash
                || matches!(rest.first(), Some(Piece::Text(text)) if text.starts_with('/'));
            (0..=path.len())
                .filter(|at| path.is_char_boundary(*at))
                .take_while(|at| {
                    is_folder || !path.get(..*at).is_some_and(|hole| hole.contains('/'))
                })
                .any(|at| path.get(at..).is_some_and(|left| matches(rest, left, false)))
        }
    }
}

impl Globs<'_> {
    /// Specifiers of the files that the pattern names; `require` finds a file without its extension, too, and the index
    /// of a folder.
    fn found(&self, pattern: &[Piece], is_require: bool) -> Vec<String> {
        let Some(Piece::Text(first)) = pattern.first() else { return Vec::new() };
        let folder = first.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(base) = self.input.file.parent() else { return Vec::new() };
        let base = crate::fs::normalize(&base.join(folder));
        // Only a hole beside a slash can stand for a folder.
        let is_deep = pattern.array_windows().any(|[a, b]| match (a, b) {
            (Piece::Any, Piece::Text(text)) => text.contains('/'),
            (Piece::Text(text), Piece::Any) => text.ends_with('/'),
            _ => false,
        });
        let mut names = Vec::new();
        list_files(&**self.input.files, &base, "", is_deep, &mut names);
        if is_require {
            names.extend(self.short_names(&base, &names));
        }
        names.sort();
        names.dedup();
        names
            .into_iter()
            .map(|name| format!("{folder}/{name}"))
            .filter(|path| matches(pattern, path, false))
            .collect()
    }

    /// Names without an extension, and those of folders with an index.
    fn short_names(&self, base: &Path, names: &[String]) -> Vec<String> {
        let strip = |name: &str| {
            EXTENSIONS.iter().find_map(|extension| name.strip_suffix(extension)).map(str::to_owned)
        };
        let folders = self.input.files.read_dir(base).unwrap_or_default();
        let folders = folders.into_iter().filter(|name| {
            let has_index = |extension: &&str| {
                let index = base.join(name).join(format!("index{extension}"));
                matches!(self.input.files.kind(&index), Ok(FileKind::File))
            };
            !name.starts_with('.') && name != "node_modules" && EXTENSIONS.iter().any(has_index)
        });
        let nested = names.iter().filter_map(|name| {
            let folder = strip(name)?;
            Some(folder.strip_suffix("/index")?.to_owned())
        });
        names.iter().filter_map(|name| strip(name)).chain(nested).chain(folders).collect()
    }

    fn expand(&mut self, call: &mut CallExpr) -> Option<Expr> {
        let is_import = match &call.callee {
            Callee::Import(_) => true,
            Callee::Expr(callee) => {
                let is_require = matches!(&**callee, Expr::Ident(ident)
                    if ident.sym == *"require" && ident.ctxt == self.input.unresolved);
                if !is_require {
                    return None;
                }
                false
            }
            Callee::Super(_) => return None,
        };
        let [ExprOrSpread { spread: None, expr }, ..] = call.args.as_slice() else { return None };
        if constant_string(expr).is_some() {
            return None;
        }
        if is_choice(expr) {
            return choice(call);
        }
        let found = pattern(expr).map(|pattern| self.found(&pattern, !is_import));
        let Some(found) = found.as_ref().filter(|found| !found.is_empty()) else {
            if self.try_depth == 0 {
                self.unknown.push(Unknown { span: expr.span(), is_empty_glob: found.is_some() });
            }
            return None;
        };
        let function = if is_import { "import" } else { "require" };
        let entries: Vec<String> = found
            .iter()
            .map(|path| {
                let path = serde_json::to_string(path).expect("a string always serialises");
                format!("{path}: () => {function}({path})")
            })
            .collect();
        let missing = "new Error(\"Cannot find module '\" + path + \"'\")";
        let body = if is_import {
            format!("path in files ? files[path]() : Promise.reject({missing})")
        } else {
            format!("{{ if (!(path in files)) throw {missing}; return files[path](); }}")
        };
        let text =
            format!("((files, path) => {body})({{ __proto__: null, {} }}, 0)", entries.join(", "));
        let mut expression = self.parse(text)?;
        if let Expr::Call(lookup) = &mut expression {
            // The specifier is made once, as `import` does.
            lookup.args[1] = ExprOrSpread { spread: None, expr: call.args[0].expr.take() };
        }
        Some(expression)
    }

    /// `import.meta.glob("./d/*.js", { eager, import })` as an object of the files that match, by their paths, as Vite has
    /// it. `None`: it asks for what only Vite knows.
    fn glob(&mut self, call: &CallExpr) -> Option<Expr> {
        let (patterns, options) = call.args.split_first()?;
        let patterns: Vec<String> = match &*patterns.expr {
            Expr::Array(array) => array
                .elems
                .iter()
                .map(|element| Some(constant_string(&element.as_ref()?.expr)?.to_string()))
                .collect::<Option<_>>()?,
            one => vec![constant_string(one)?.to_string()],
        };
        let asked = GlobOptions::of(options)?;
        let (mut wanted, mut refused) = (Vec::new(), Vec::new());
        for pattern in &patterns {
            let (list, text) = match pattern.strip_prefix('!') {
                Some(text) => (&mut refused, text),
                None => (&mut wanted, pattern.as_str()),
            };
            if !text.starts_with("./") && !text.starts_with("../") {
                return None;
            }
            let glob = GlobBuilder::new(text).literal_separator(true).build().ok()?;
            list.push((text.to_owned(), glob.compile_matcher()));
        }
        self.count += 1;
        let number = self.count;
        let folder = self.input.file.parent()?;
        let mut found = BTreeSet::new();
        for (pattern, matcher) in &wanted {
            let sign = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
            let (literal, _) = pattern.split_at(sign);
            let (base, _) = literal.rsplit_once('/')?;
            let root = crate::fs::normalize(&folder.join(base));
            let mut names = Vec::new();
            list_files(&**self.input.files, &root, "", true, &mut names);
            let paths = names.into_iter().map(|name| format!("{base}/{name}"));
            found.extend(paths.filter(|path| {
                matcher.is_match(path)
                    && !refused.iter().any(|(_, refused)| refused.is_match(path))
                    && crate::fs::normalize(&folder.join(path)) != self.input.file
            }));
        }
        let entries: Vec<String> = found
            .iter()
            .enumerate()
            .map(|(index, path)| {
                let key = serde_json::to_string(path).expect("a string always serialises");
                let name = asked.name.as_ref().map(|name| {
                    let name = serde_json::to_string(name).expect("a string always serialises");
                    format!("[{name}]")
                });
                if asked.is_eager {
                    let own = format!("__glob_{number}_{index}");
                    self.eager.push((own.clone(), key.clone()));
                    format!("{key}: {own}{}", name.unwrap_or_default())
                } else {
                    // Names that were not resolved are told apart by their texts.
                    let all = format!("all_{number}_{index}");
                    let then = name.map(|name| format!(".then(({all}) => {all}{name})"));
                    format!("{key}: () => import({key}){}", then.unwrap_or_default())
                }
            })
            .collect();
        self.parse(format!("({{ {} }})", entries.join(", ")))
    }

    /// The imports of what is taken at once.
    fn eager_imports(&self) -> Vec<ModuleItem> {
        if self.eager.is_empty() {
            return Vec::new();
        }
        let text = self.eager.iter().fold(String::new(), |text, (name, path)| {
            text + "import * as " + name + " from " + path + ";\n"
        });
        let name = FileName::Internal("<glob>".to_owned());
        let source = self.input.source_map.new_source_file(Lrc::new(name), text);
        let (syntax, version) = (Syntax::default(), EsVersion::latest());
        parse_file_as_module(&source, syntax, version, None, &mut Vec::new())
            .map(|module| module.body)
            .unwrap_or_default()
    }

    fn parse(&self, text: String) -> Option<Expr> {
        // Positions of calls tell them apart, so the text has a place of its own.
        let name = FileName::Internal("<glob>".to_owned());
        let source = self.input.source_map.new_source_file(Lrc::new(name), text);
        let mut problems = Vec::new();
        let syntax = Syntax::default();
        let mut expression =
            parse_file_as_expr(&source, syntax, EsVersion::latest(), None, &mut problems).ok()?;
        expression.visit_mut_with(&mut MarkGlobals { unresolved: self.input.unresolved });
        Some(*expression)
    }
}

/// What `import.meta.glob` is asked for.
#[derive(Default)]
struct GlobOptions {
    is_eager: bool,
    /// The export that is taken; else all.
    name: Option<Atom>,
}

impl GlobOptions {
    fn of(arguments: &[ExprOrSpread]) -> Option<Self> {
        let mut options = Self::default();
        let [argument] = arguments else { return arguments.is_empty().then_some(options) };
        for property in &argument.expr.as_object()?.props {
            let pair = property.as_prop()?.as_key_value()?;
            match (pair.key.as_ident()?.sym.as_str(), &*pair.value) {
                ("eager", Expr::Lit(Lit::Bool(value))) => options.is_eager = value.value,
                ("import", name) => options.name = Some(constant_string(name)?),
                _ => return None,
            }
        }
        options.name.take_if(|name| **name == *"*");
        Some(options)
    }
}

fn is_meta_glob(call: &CallExpr) -> bool {
    let Callee::Expr(callee) = &call.callee else { return false };
    let Expr::Member(member) = &**callee else { return false };
    matches!(&*member.obj, Expr::MetaProp(meta) if meta.kind == MetaPropKind::ImportMeta)
        && static_property(&member.prop).is_some_and(|name| *name == *"glob")
}

fn is_choice(expression: &Expr) -> bool {
    let is_constant = |expression: &Expr| constant_string(expression).is_some();
    match expression {
        Expr::Paren(paren) => is_choice(&paren.expr),
        Expr::Cond(condition) => is_constant(&condition.cons) && is_constant(&condition.alt),
        _ => false,
    }
}

/// `import(a ? "x" : "y")` as `a ? import("x") : import("y")`.
fn choice(call: &mut CallExpr) -> Option<Expr> {
    let mut inner = &mut *call.args.first_mut()?.expr;
    while let Expr::Paren(paren) = inner {
        inner = &mut *paren.expr;
    }
    let Expr::Cond(condition) = inner else { return None };
    let (test, cons, alt) = (condition.test.take(), condition.cons.take(), condition.alt.take());
    let branch = |argument: Box<Expr>| {
        let mut args = call.args.clone();
        // Each call is known by its position.
        let span = argument.span();
        args[0] = ExprOrSpread { spread: None, expr: argument };
        Box::new(Expr::Call(CallExpr { span, args, ..call.clone() }))
    };
    let (cons, alt) = (branch(cons), branch(alt));
    Some(Expr::Cond(CondExpr { span: call.span, test, cons, alt }))
}

struct MarkGlobals {
    unresolved: SyntaxContext,
}

impl VisitMut for MarkGlobals {
    noop_visit_mut_type!();

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if matches!(ident.sym.as_str(), "require" | "Promise" | "Error") {
            ident.ctxt = self.unresolved;
        }
    }
}

impl VisitMut for Globs<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        let Expr::Call(call) = expression else { return };
        let expanded = if is_meta_glob(call) {
            let object = self.glob(call);
            if object.is_none() {
                self.unknown.push(Unknown { span: call.span, is_empty_glob: false });
            }
            object
        } else {
            self.expand(call)
        };
        if let Some(expanded) = expanded {
            *expression = expanded;
        }
    }

    fn visit_mut_try_stmt(&mut self, statement: &mut TryStmt) {
        // What may fail is expected to.
        self.try_depth += 1;
        statement.block.visit_mut_with(self);
        self.try_depth -= 1;
        statement.handler.visit_mut_with(self);
        statement.finalizer.visit_mut_with(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], path: &str, expected: bool) {
        let pattern: Vec<Piece> = texts
            .iter()
            .map(|text| match *text {
                "*" => Piece::Any,
                text => Piece::Text(text.to_owned()),
            })
            .collect();
        assert_eq!(matches(&pattern, path, false), expected, "{texts:?} {path}");
    }

    #[test]
    fn holes_beside_slashes_match_folders() {
        check(&["./", "*", ".js"], "./a.js", true);
        check(&["./", "*", ".js"], "./a/b.js", true);
        check(&["./a-", "*", ".js"], "./a-b/c.js", false);
        check(&["./", "*", "/index.js"], "./a/b/index.js", true);
        check(&["./a-", "*"], "./a-", true);
        check(&["./a-", "*", ".ts"], "./b.ts", false);
    }
}
