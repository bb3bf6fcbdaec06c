//! Code that is not strict, written so that it means the same where it becomes strict: as a module, or to the
//! compressor. Functions in blocks also set a variable of the function around (ECMA-262, Annex B.3.2), labels may
//! stand before functions (B.3.1), and `for (var x = 1 in y)` sets `x` first (B.3.5).

use rustc_hash::FxHashSet;
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

/// Rewrites a script. Names are not resolved yet, so they are compared by their texts.
pub(super) fn write_out(program: &mut Program) {
    let statements: Vec<&Stmt> = match program {
        Program::Script(script) => script.body.iter().collect(),
        Program::Module(module) => module
            .body
            .iter()
            .filter_map(|item| match item {
                ModuleItem::Stmt(statement) => Some(statement),
                ModuleItem::ModuleDecl(_) => None,
            })
            .collect(),
    };
    if is_strict(statements.iter().copied()) {
        return;
    }
    let top = lexical_names(statements.iter().copied());
    let mut visitor = WriteOut { lexical: vec![top], is_top: true };
    match program {
        Program::Script(script) => visitor.statements(&mut script.body),
        Program::Module(module) => {
            let mut body = Vec::new();
            for item in module.body.take() {
                match item {
                    ModuleItem::Stmt(statement) => body.push(statement),
                    // Not reached: whatever has such an item is strict.
                    ModuleItem::ModuleDecl(_) => {}
                }
            }
            visitor.statements(&mut body);
            module.body = body.into_iter().map(ModuleItem::Stmt).collect();
        }
    }
}

fn is_strict<'a>(mut statements: impl Iterator<Item = &'a Stmt>) -> bool {
    statements
        .by_ref()
        .map_while(|statement| match statement {
            Stmt::Expr(statement) => match &*statement.expr {
                Expr::Lit(Lit::Str(text)) => Some(text.value.as_str() == Some("use strict")),
                _ => None,
            },
            _ => None,
        })
        .any(|is_strict| is_strict)
}

/// Names that `let`, `const` and `class` declare in a list of statements.
fn lexical_names<'a>(statements: impl Iterator<Item = &'a Stmt>) -> FxHashSet<Atom> {
    let mut names = FxHashSet::default();
    for statement in statements {
        match statement {
            Stmt::Decl(Decl::Class(class)) => {
                names.insert(class.ident.sym.clone());
            }
            Stmt::Decl(Decl::Var(declaration)) if declaration.kind != VarDeclKind::Var => {
                for declarator in &declaration.decls {
                    pattern_names(&declarator.name, &mut names);
                }
            }
            _ => {}
        }
    }
    names
}

fn pattern_names(pattern: &Pat, names: &mut FxHashSet<Atom>) {
    let mut found = Vec::new();
    super::define::collect_names(pattern, &mut found);
    names.extend(found.into_iter().map(|ident| ident.sym));
}

struct WriteOut {
    /// Names of each scope from the function to here that a `var` could not share.
    lexical: Vec<FxHashSet<Atom>>,
    /// Whether the next list of statements is that of a function or of the script itself.
    is_top: bool,
}

impl WriteOut {
    fn statements(&mut self, statements: &mut Vec<Stmt>) {
        let is_top = std::mem::take(&mut self.is_top);
        if !is_top {
            self.lexical.push(lexical_names(statements.iter()));
        }
        let (mut functions, mut rest) = (Vec::new(), Vec::new());
        for mut statement in statements.take() {
            while let Stmt::Labeled(labelled) = &mut statement
                && matches!(&*labelled.body, Stmt::Decl(Decl::Fn(_)) | Stmt::Labeled(_))
                && ends_in_function(labelled)
            {
                statement = *labelled.body.take();
            }
            if let Some(first) = first_value(&mut statement) {
                rest.push(first);
            }
            statement.visit_mut_children_with(self);
            match statement {
                Stmt::Decl(Decl::Fn(function)) if !is_top && is_plain(&function) => {
                    functions.push(self.as_variable(function));
                }
                other => rest.push(other),
            }
        }
        functions.append(&mut rest);
        *statements = functions;
        if !is_top {
            self.lexical.pop();
        }
    }

    /// `var f = function () {}`, or `let` where an outer name is in the way.
    fn as_variable(&self, function: FnDecl) -> Stmt {
        let is_taken = self.lexical.iter().any(|names| names.contains(&function.ident.sym));
        let value = FnExpr { ident: None, function: function.function };
        Stmt::Decl(Decl::Var(Box::new(VarDecl {
            span: value.function.span,
            ctxt: SyntaxContext::empty(),
            kind: if is_taken { VarDeclKind::Let } else { VarDeclKind::Var },
            declare: false,
            decls: vec![VarDeclarator {
                span: value.function.span,
                name: Pat::Ident(BindingIdent::from(function.ident)),
                init: Some(Box::new(Expr::Fn(value))),
                definite: false,
            }],
        })))
    }

    fn body(&mut self, names: FxHashSet<Atom>, body: &mut FunctionBody) {
        if is_strict(body.stmts.iter()) {
            return;
        }
        let mut names = names;
        names.extend(lexical_names(body.stmts.iter()));
        let outer = std::mem::replace(&mut self.lexical, vec![names]);
        let was_top = std::mem::replace(&mut self.is_top, true);
        self.statements(&mut body.stmts);
        self.lexical = outer;
        self.is_top = was_top;
    }
}

fn ends_in_function(labelled: &LabeledStmt) -> bool {
    match &*labelled.body {
        Stmt::Decl(Decl::Fn(_)) => true,
        Stmt::Labeled(inner) => ends_in_function(inner),
        _ => false,
    }
}

fn is_plain(function: &FnDecl) -> bool {
    !function.declare
        && function.function.body.is_some()
        && !function.function.is_async
        && !function.function.is_generator
}

/// The `x = 1` of `for (var x = 1 in y)`.
fn first_value(statement: &mut Stmt) -> Option<Stmt> {
    let Stmt::ForIn(statement) = statement else { return None };
    let ForHead::VarDecl(declaration) = &mut statement.left else { return None };
    let first = declaration.clone();
    declaration.decls.first_mut()?.init.take()?;
    Some(Stmt::Decl(Decl::Var(first)))
}

impl VisitMut for WriteOut {
    noop_visit_mut_type!();

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        self.statements(statements);
    }

    /// `if (x) function f() {}` is `if (x) { function f() {} }`.
    fn visit_mut_if_stmt(&mut self, statement: &mut IfStmt) {
        let block = |body: &mut Box<Stmt>| {
            if matches!(&**body, Stmt::Decl(Decl::Fn(_)) | Stmt::Labeled(_)) {
                let stmts = vec![*body.take()];
                let span = DUMMY_SP;
                **body = Stmt::Block(BlockStmt { span, ctxt: SyntaxContext::empty(), stmts });
            }
        };
        block(&mut statement.cons);
        if let Some(alternative) = &mut statement.alt {
            block(alternative);
        }
        statement.visit_mut_children_with(self);
    }

    fn visit_mut_catch_clause(&mut self, clause: &mut CatchClause) {
        let mut names = FxHashSet::default();
        if let Some(parameter) = &clause.param
            && !parameter.is_ident()
        {
            pattern_names(parameter, &mut names);
        }
        self.lexical.push(names);
        clause.visit_mut_children_with(self);
        self.lexical.pop();
    }

    fn visit_mut_switch_case(&mut self, case: &mut SwitchCase) {
        // The cases share a scope, which has no place of its own to put a variable.
        case.test.visit_mut_with(self);
        for statement in &mut case.cons {
            statement.visit_mut_children_with(self);
        }
    }

    fn visit_mut_function(&mut self, function: &mut Function) {
        let mut names = FxHashSet::default();
        for parameter in &function.params {
            pattern_names(&parameter.pat, &mut names);
        }
        function.params.visit_mut_with(self);
        if let Some(body) = &mut function.body {
            self.body(names, body);
        }
    }

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        let mut names = FxHashSet::default();
        for parameter in &arrow.params {
            pattern_names(parameter, &mut names);
        }
        arrow.params.visit_mut_with(self);
        match &mut *arrow.body {
            ArrowFunctionBody::FunctionBody(body) => self.body(names, body),
            ArrowFunctionBody::Expr(value) => value.visit_mut_with(self),
        }
    }

    fn visit_mut_class(&mut self, _: &mut Class) {
        // Classes are strict.
    }
}
