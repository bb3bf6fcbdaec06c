//! Functions that do nothing anybody could see, whatever they are called with: `function make(f) { return x => f(x) }`.
//! A call of one is as pure as its arguments, without any mark in the sources.

use rustc_hash::FxHashSet;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use crate::bundle::graph::{Module, ModuleFormat, SymbolKind};
use crate::bundle::meaning::Judge;

/// Rounds in which functions that call harmless functions are found, each one call further away.
const ROUNDS: usize = 8;

/// Finds those of a module and tells `judge`.
pub(crate) fn find_harmless(body: &[Stmt], module: &Module, judge: &mut Judge<'_>) {
    let mut functions: Vec<(&Ident, Callable<'_>)> = Vec::new();
    for statement in body {
        match statement {
            Stmt::Decl(Decl::Fn(function)) => {
                functions.extend(callable(&function.function).map(|it| (&function.ident, it)));
            }
            Stmt::Decl(Decl::Var(declaration)) => {
                for declarator in &declaration.decls {
                    let Pat::Ident(name) = &declarator.name else { continue };
                    let found = match declarator.init.as_deref() {
                        Some(Expr::Fn(function)) => callable(&function.function),
                        Some(Expr::Arrow(arrow)) if !arrow.is_async => Some(Callable {
                            parameters: arrow.params.iter().collect(),
                            body: match &*arrow.body {
                                ArrowFunctionBody::Expr(value) => Body::Value(value),
                                ArrowFunctionBody::FunctionBody(body) => {
                                    Body::Statements(&body.stmts)
                                }
                            },
                        }),
                        _ => None,
                    };
                    functions.extend(found.map(|it| (&name.id, it)));
                }
            }
            _ => {}
        }
    }
    // It must be the only thing that its name ever stands for.
    functions.retain(|(ident, _)| {
        module.symbol_of.get(&ident.to_id()).is_some_and(|symbol| {
            let symbol = &module.symbols[*symbol as usize];
            !symbol.is_reassigned && symbol.declared_by.len() == 1
        })
    });
    for _ in 0..ROUNDS {
        let count = functions.len();
        functions.retain(|(ident, function)| {
            let Some(calls_readers) = function.is_harmless(judge, module) else { return true };
            judge.harmless.insert(ident.to_id());
            if calls_readers || function.reads_variables(module) {
                judge.readers.insert(ident.to_id(), module.symbol_of[&ident.to_id()]);
            }
            false
        });
        if functions.len() == count {
            break;
        }
    }
}

struct Callable<'a> {
    parameters: Vec<&'a Pat>,
    body: Body<'a>,
}

enum Body<'a> {
    Value(&'a Expr),
    Statements(&'a [Stmt]),
}

/// Generators and asynchronous functions count only when they are empty: what they return may be asked for its `then`.
fn callable(function: &Function) -> Option<Callable<'_>> {
    let is_plain = !function.is_async && !function.is_generator;
    let body = function.body.as_ref().filter(|body| is_plain || body.stmts.is_empty())?;
    let parameters = function.params.iter().map(|parameter| &parameter.pat).collect();
    Some(Callable { parameters, body: Body::Statements(&body.stmts) })
}

impl Callable<'_> {
    /// Whether it reads a variable that has no value yet when it is called too early, in a circle of modules.
    fn reads_variables(&self, module: &Module) -> bool {
        struct Finder<'a>(&'a Module, bool);
        impl Visit for Finder<'_> {
            noop_visit_type!();
            fn visit_ident(&mut self, ident: &Ident) {
                self.1 |= self.0.symbol_of.get(&ident.to_id()).is_some_and(|symbol| {
                    let kind = self.0.symbols[*symbol as usize].kind;
                    !matches!(kind, SymbolKind::Var | SymbolKind::Function)
                });
            }
            // What they read is read when they are called.
            fn visit_function(&mut self, _: &Function) {}
            fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
        }
        if module.format != ModuleFormat::Esm {
            return false;
        }
        let mut finder = Finder(module, false);
        self.parameters.iter().for_each(|pattern| pattern.visit_with(&mut finder));
        match self.body {
            Body::Value(value) => value.visit_with(&mut finder),
            Body::Statements(statements) => statements.visit_with(&mut finder),
        }
        finder.1
    }

    /// Whether it calls functions that read variables, if it is harmless.
    fn is_harmless(&self, judge: &Judge<'_>, module: &Module) -> Option<bool> {
        let mut locals = FxHashSet::default();
        let has_plain_parameters = self.parameters.iter().all(|pattern| match pattern {
            Pat::Ident(name) => locals.insert(name.to_id()),
            Pat::Assign(default) => match &*default.left {
                Pat::Ident(name) => locals.insert(name.to_id()) && judge.expression(&default.right),
                _ => false,
            },
            Pat::Rest(rest) => match &*rest.arg {
                Pat::Ident(name) => locals.insert(name.to_id()),
                _ => false,
            },
            _ => false,
        });
        let is_harmless = has_plain_parameters
            && match self.body {
                Body::Value(value) => expression(judge, &locals, value),
                Body::Statements(statements) => {
                    statements.iter().all(|inner| statement(judge, &mut locals, inner))
                }
            };
        let calls = judge.pure_if.take();
        // What imports do is not known here.
        let is_known = calls
            .iter()
            .all(|chain| module.symbols[chain.symbol as usize].kind != SymbolKind::Import);
        (is_harmless && is_known).then_some(!calls.is_empty())
    }
}

/// No loops: they might not end.
fn statement(judge: &Judge<'_>, locals: &mut FxHashSet<Id>, of: &Stmt) -> bool {
    match of {
        Stmt::Decl(Decl::Var(declaration)) => declaration.decls.iter().all(|declarator| {
            let Pat::Ident(name) = &declarator.name else { return false };
            locals.insert(name.to_id());
            declarator.init.as_deref().is_none_or(|init| expression(judge, locals, init))
        }),
        Stmt::Block(block) => block.stmts.iter().all(|inner| statement(judge, locals, inner)),
        Stmt::If(branch) => {
            expression(judge, locals, &branch.test)
                && statement(judge, locals, &branch.cons)
                && branch.alt.as_deref().is_none_or(|inner| statement(judge, locals, inner))
        }
        Stmt::Return(end) => {
            end.arg.as_deref().is_none_or(|value| expression(judge, locals, value))
        }
        Stmt::Expr(inner) => expression(judge, locals, &inner.expr),
        Stmt::Decl(Decl::Fn(_) | Decl::Class(_)) | Stmt::Empty(_) => judge.statement(of),
        _ => false,
    }
}

/// What is pure, and giving a value to a variable of its own.
fn expression(judge: &Judge<'_>, locals: &FxHashSet<Id>, of: &Expr) -> bool {
    match of {
        Expr::Paren(paren) => expression(judge, locals, &paren.expr),
        Expr::Seq(sequence) => sequence.exprs.iter().all(|part| expression(judge, locals, part)),
        Expr::Assign(assign) if assign.op == op!("=") => {
            matches!(&assign.left, AssignTarget::Simple(SimpleAssignTarget::Ident(name)) if locals.contains(&name.to_id()))
                && expression(judge, locals, &assign.right)
        }
        other => judge.expression(other),
    }
}
