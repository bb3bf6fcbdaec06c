//! Reads of environment variables: what stands for `process.env` and the like, and in finished scripts what is read of it.

use rustc_hash::FxHashMap;
use swc_core::common::sync::Lrc;
use swc_core::common::{
    BytePos, FileName, GLOBALS, Globals, Mark, SourceMap, Spanned, SyntaxContext,
};
use swc_core::ecma::ast::*;
use swc_core::ecma::parser::{EsSyntax, Syntax, parse_file_as_program};
use swc_core::ecma::transforms::base::resolver;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use crate::bundle::syntax::{constant_string, static_property};
use crate::environment_reads::{EnvironmentRead, HANDING_ON, OBJECTS};

/// Dotted names of expressions, also through constants that stand for the environment: `const env = process.env`,
/// `import { env } from "node:process"`.
pub(crate) struct DottedNames {
    pub(crate) unresolved: SyntaxContext,
    of: FxHashMap<Id, String>,
}

/// `globalThis.process` is `process`.
pub(crate) fn without_global_this(name: &str) -> &str {
    name.trim_start_matches("globalThis.")
}

impl DottedNames {
    /// Without any constants; a visit of the program finds them.
    pub(crate) fn new(unresolved: SyntaxContext) -> Self {
        Self { unresolved, of: FxHashMap::default() }
    }

    /// The dotted name of a chain of static property reads that starts at a global, `import.meta` or an alias.
    pub(crate) fn dotted_name(&self, expression: &Expr) -> Option<String> {
        Some(without_global_this(&self.written_name(expression)?).to_owned())
    }

    /// The same, with `globalThis` where it is written.
    pub(crate) fn written_name(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Ident(ident) => {
                if let Some(name) = self.of.get(&ident.to_id()) {
                    return Some(name.clone());
                }
                (ident.ctxt == self.unresolved).then(|| ident.sym.to_string())
            }
            Expr::MetaProp(meta) if meta.kind == MetaPropKind::ImportMeta => {
                Some("import.meta".to_owned())
            }
            Expr::Paren(paren) => self.written_name(&paren.expr),
            // `require("node:process")`
            Expr::Call(call) => {
                let callee = call.callee.as_expr()?.as_ident()?;
                let is_require = callee.sym == *"require" && callee.ctxt == self.unresolved;
                let [ExprOrSpread { expr, spread: None }] = call.args.as_slice() else {
                    return None;
                };
                let name = constant_string(expr)?;
                let is_process = matches!(name.as_str(), "node:process" | "process");
                (is_require && is_process).then(|| "process".to_owned())
            }
            Expr::Member(member) => self.member_name(member),
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => self.member_name(member),
                OptChainBase::Call(_) => None,
            },
            _ => None,
        }
    }

    fn member_name(&self, member: &MemberExpr) -> Option<String> {
        let property = static_property(&member.prop)?;
        Some(format!("{}.{property}", self.written_name(&member.obj)?))
    }

    /// Constants of a pattern that stand for the environment, or for what has one.
    fn bind(&mut self, pattern: &Pat, name: String) {
        match pattern {
            Pat::Ident(ident) if name == "process" || OBJECTS.contains(&name.as_str()) => {
                self.of.insert(ident.to_id(), name);
            }
            Pat::Object(object) if name == "process" => {
                for property in &object.props {
                    match property {
                        ObjectPatProp::Assign(assign)
                            if assign.key.sym == *"env" && assign.value.is_none() =>
                        {
                            self.of.insert(assign.key.to_id(), "process.env".to_owned());
                        }
                        ObjectPatProp::KeyValue(pair) if matches!(&pair.key, PropName::Ident(key) if key.sym == *"env") =>
                        {
                            self.bind(&pair.value, "process.env".to_owned());
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

impl Visit for DottedNames {
    noop_visit_type!();

    fn visit_import_decl(&mut self, import: &ImportDecl) {
        if !matches!(import.src.value.as_str(), Some("node:process" | "process")) {
            return;
        }
        for specifier in &import.specifiers {
            match specifier {
                ImportSpecifier::Default(default) => {
                    self.of.insert(default.local.to_id(), "process".to_owned());
                }
                ImportSpecifier::Namespace(namespace) => {
                    self.of.insert(namespace.local.to_id(), "process".to_owned());
                }
                ImportSpecifier::Named(named) => {
                    let imported = match &named.imported {
                        Some(ModuleExportName::Ident(ident)) => ident.sym.clone(),
                        Some(ModuleExportName::Str(_)) => continue,
                        None => named.local.sym.clone(),
                    };
                    if imported == *"env" {
                        self.of.insert(named.local.to_id(), "process.env".to_owned());
                    }
                }
            }
        }
    }

    fn visit_var_decl(&mut self, declaration: &VarDecl) {
        declaration.visit_children_with(self);
        if declaration.kind == VarDeclKind::Const {
            for declarator in &declaration.decls {
                if let Some(name) = declarator.init.as_ref().and_then(|init| self.dotted_name(init))
                {
                    self.bind(&declarator.name, name);
                }
            }
        }
    }
}

/// All reads of the environment in a script, in the order of their places: by name, destructured, through other names, and
/// the whole of it where it is written out or handed on. `None` when the script cannot be parsed.
#[must_use]
pub fn environment_reads(script: &str) -> Option<Vec<EnvironmentRead>> {
    GLOBALS.set(&Globals::new(), || {
        let map: Lrc<SourceMap> = Lrc::default();
        let file = map.new_source_file(Lrc::new(FileName::Anon), script.to_owned());
        let syntax = Syntax::Es(EsSyntax {
            import_attributes: true,
            allow_return_outside_function: true,
            explicit_resource_management: true,
            ..EsSyntax::default()
        });
        let version = EsVersion::latest();
        let mut program =
            parse_file_as_program(&file, syntax, version, None, &mut Vec::new()).ok()?;
        let (unresolved, top_level) = (Mark::new(), Mark::new());
        program.mutate(resolver(unresolved, top_level, false));
        let mut names = DottedNames::new(SyntaxContext::empty().apply_mark(unresolved));
        program.visit_with(&mut names);
        let mut reads = Reads { names, texts: FxHashMap::default(), found: Vec::new() };
        // A name may be used before it is known what it is given.
        let mut known = (usize::MAX, 0);
        for _ in 0..MOST_PASSES {
            let count = (reads.names.of.len(), reads.texts.len());
            if known == count {
                break;
            }
            known = count;
            reads.found.clear();
            program.visit_with(&mut reads);
        }
        let at = |position: BytePos| (position.0 - file.start_pos.0) as usize;
        let mut found: Vec<EnvironmentRead> = reads
            .found
            .into_iter()
            .map(|(name, position)| EnvironmentRead { at: at(position), name })
            .collect();
        found.sort();
        found.dedup();
        Some(found)
    })
}

/// Names of the global object.
const GLOBAL_OBJECTS: &[&str] = &["globalThis", "window", "self", "global"];

/// Most times that a script is looked through for names that stand for the environment.
const MOST_PASSES: usize = 8;

struct Reads {
    names: DottedNames,
    /// Variables that are given texts, the last one of each.
    texts: FxHashMap<Id, String>,
    found: Vec<(Option<String>, BytePos)>,
}

impl Reads {
    /// The dotted name of an expression, without the global object at its start.
    fn name_of(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Paren(paren) => self.name_of(&paren.expr),
            Expr::Seq(sequence) => self.name_of(sequence.exprs.last()?),
            Expr::Await(wait) => self.name_of(&wait.arg),
            // `process.env || {}`
            Expr::Bin(BinExpr { op: op!("||") | op!("??") | op!("&&"), left, right, .. }) => {
                let is_known = |name: &String| is_root(name);
                self.name_of(left).filter(is_known).or_else(|| self.name_of(right).filter(is_known))
            }
            Expr::Cond(choice) => self.name_of(&choice.cons).or_else(|| self.name_of(&choice.alt)),
            _ => {
                let name = self.names.dotted_name(expression)?;
                let inner = name.split_once('.').filter(|(root, _)| GLOBAL_OBJECTS.contains(root));
                Some(inner.map_or(name.clone(), |(_, inner)| inner.to_owned()))
            }
        }
    }

    fn is_env(&self, expression: &Expr) -> bool {
        self.name_of(expression).is_some_and(|name| is_env(&name))
    }

    /// The text that an expression is, if it is known.
    fn text(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Ident(ident) => self.texts.get(&ident.to_id()).cloned(),
            other => constant_string(other).map(|text| text.to_string()),
        }
    }

    fn member(&mut self, member: &MemberExpr) {
        // Deno has methods there.
        if !self.name_of(&member.obj).is_some_and(|name| OBJECTS.contains(&name.as_str())) {
            return;
        }
        let name = static_property(&member.prop).map(|name| name.to_string());
        let computed = || match &member.prop {
            MemberProp::Computed(computed) => self.text(&computed.expr),
            _ => None,
        };
        if let Some(name) = name.or_else(computed) {
            self.found.push((Some(name), member.span.lo));
        }
    }

    /// What a pattern takes from something of that name.
    fn bind(&mut self, pattern: &Pat, name: &str, at: BytePos) {
        match pattern {
            Pat::Ident(ident) if is_root(name) => {
                self.names.of.insert(ident.to_id(), name.to_owned());
            }
            Pat::Assign(assign) => self.bind(&assign.left, name, at),
            Pat::Object(object) => {
                for property in &object.props {
                    match property {
                        ObjectPatProp::Assign(assign) => {
                            let target = Pat::Ident(assign.key.clone());
                            self.take(&assign.key.sym, &target, name, at);
                        }
                        ObjectPatProp::KeyValue(pair) => {
                            let key = match &pair.key {
                                PropName::Ident(key) => Some(key.sym.to_string()),
                                PropName::Str(key) => key.value.as_str().map(str::to_owned),
                                _ => None,
                            };
                            if let Some(key) = key {
                                self.take(&key, &pair.value, name, at);
                            }
                        }
                        ObjectPatProp::Rest(_) if is_env(name) => self.found.push((None, at)),
                        ObjectPatProp::Rest(_) => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// `key` of something of that name goes into a pattern.
    fn take(&mut self, key: &str, pattern: &Pat, name: &str, at: BytePos) {
        if is_env(name) {
            self.found.push((Some(key.to_owned()), at));
        } else if GLOBAL_OBJECTS.contains(&name) {
            self.bind(pattern, key, at);
        } else {
            self.bind(pattern, &format!("{name}.{key}"), at);
        }
    }

    fn given(&mut self, pattern: &Pat, value: &Expr) {
        if let Some(name) = self.name_of(value) {
            self.bind(pattern, &name, value.span().lo);
        }
        if let (Pat::Ident(ident), Some(text)) = (pattern, self.text(value)) {
            self.texts.insert(ident.to_id(), text);
        }
    }
}

/// Whether a name is that of the environment, Deno's among them.
fn is_env(name: &str) -> bool {
    name == "Deno.env" || OBJECTS.contains(&name)
}

/// The same, or of something that has one.
fn is_root(name: &str) -> bool {
    is_env(name)
        || ["process", "Bun", "Deno", "import.meta"].contains(&name)
        || GLOBAL_OBJECTS.contains(&name)
}

impl Visit for Reads {
    noop_visit_type!();

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        self.member(member);
        member.visit_children_with(self);
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        if let Some(value) = &declarator.init {
            self.given(&declarator.name, value);
        }
        declarator.visit_children_with(self);
    }

    /// `function f({ A } = process.env) {}`
    fn visit_assign_pat(&mut self, assign: &AssignPat) {
        self.given(&assign.left, &assign.right);
        assign.visit_children_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => {
                self.given(&Pat::Ident(ident.clone()), &assign.right);
            }
            // `window.settings = process.env`
            AssignTarget::Simple(SimpleAssignTarget::Member(_)) if self.is_env(&assign.right) => {
                self.found.push((None, assign.right.span().lo));
            }
            AssignTarget::Pat(AssignTargetPat::Object(object)) => {
                self.given(&Pat::Object(object.clone()), &assign.right);
            }
            _ => {}
        }
        assign.visit_children_with(self);
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        if let Callee::Expr(callee) = &call.callee {
            let first = call.args.first().map(|argument| &*argument.expr);
            let name = self.name_of(callee).unwrap_or_default();
            let at = callee.span().lo;
            if name == "Deno.env.toObject" {
                self.found.push((None, at));
            } else if name == "Deno.env.get" {
                let name = first.and_then(|first| self.text(first));
                self.found.extend(name.map(|name| (Some(name), at)));
            } else if name == "Reflect.get" && first.is_some_and(|first| self.is_env(first)) {
                let name = call.args.get(1).and_then(|second| self.text(&second.expr));
                self.found.extend(name.map(|name| (Some(name), at)));
            } else if HANDING_ON.contains(&name.as_str()) {
                let given = call.args.iter().find(|argument| self.is_env(&argument.expr));
                self.found.extend(given.map(|given| (None, given.expr.span().lo)));
            }
        }
        call.visit_children_with(self);
    }

    fn visit_expr_or_spread(&mut self, element: &ExprOrSpread) {
        if element.spread.is_some() && self.is_env(&element.expr) {
            self.found.push((None, element.expr.span().lo));
        }
        element.visit_children_with(self);
    }

    fn visit_spread_element(&mut self, spread: &SpreadElement) {
        if self.is_env(&spread.expr) {
            self.found.push((None, spread.expr.span().lo));
        }
        spread.visit_children_with(self);
    }

    fn visit_for_in_stmt(&mut self, statement: &ForInStmt) {
        if self.is_env(&statement.right) {
            self.found.push((None, statement.right.span().lo));
        }
        statement.visit_children_with(self);
    }

    fn visit_export_default_expr(&mut self, export: &ExportDefaultExpr) {
        if self.is_env(&export.expr) {
            self.found.push((None, export.expr.span().lo));
        }
        export.visit_children_with(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_found_in_the_tree() {
        for (script, expected) in [
            ("f(process.env.A, import.meta.env['B'], Bun.env.C)", &["A", "B", "C"][..]),
            (
                "f(process?.env?.A, globalThis.process.env.B, window.process.env.C)",
                &["A", "B", "C"],
            ),
            ("var {env:e}=process;f(e.A)", &["A"]),
            ("const p=globalThis.process;f(p.env.A)", &["A"]),
            ("const {process:{env:{A}}}=globalThis", &["A"]),
            ("f(e.A);var e=process.env", &["A"]),
            ("let e;e=process.env||{};f(e.A)", &["A"]),
            ("const {A, B: b = 1, 'C': c, ...rest} = process.env", &["*", "A", "B", "C"]),
            ("({A: x} = import.meta.env)", &["A"]),
            ("function f({A} = process.env) {}", &["A"]),
            ("const k='A';f(process.env[k])", &["A"]),
            ("f(process.env[k]);var k='A'", &["A"]),
            ("f(Deno.env.get('A'), Deno.env.toObject())", &["A", "*"]),
            ("const {get} = Reflect; f(Reflect.get(process.env, 'A'))", &["A"]),
            ("import p, {env} from 'node:process'; f(env.A, p.env.B)", &["A", "B"]),
            ("f((0, process.env).A, (process.env ?? {}).B)", &["A", "B"]),
            ("JSON.stringify(process.env)", &["*"]),
            ("f({...process.env}, [...import.meta.env])", &["*", "*"]),
            ("window.settings = process.env", &["*"]),
            ("for (const k in process.env) f(k)", &["*"]),
            ("export default import.meta.env", &["*"]),
            ("console.log(1, process.env)", &["*"]),
            // None of these is a read of a variable.
            ("f('process.env.A', `process.env.B`, /process.env.C/) // process.env.D", &[]),
            ("function f(process) { return process.env.A }", &[]),
            ("Object.keys(process.env); 'A' in process.env; f(process.env)", &[]),
            ("x.process.env.A; myprocess.env.B; process.environment.C", &[]),
        ] {
            let found = environment_reads(script).unwrap();
            let names: Vec<&str> =
                found.iter().map(|read| read.name.as_deref().unwrap_or("*")).collect();
            assert_eq!(names, expected, "{script}");
        }
        assert_eq!(environment_reads("f(("), None);
        let found = environment_reads("é(process.env.A)").unwrap();
        assert_eq!(found[0].at, 3);
    }
}
