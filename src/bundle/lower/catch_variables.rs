//! `catch (e) { var e = 1 }` declares a variable of the function around and gives the value to the parameter (ECMA-262,
//! Annex B.3.4). Written out, so that nobody who resolves names has to know: the declaration moves to the function, and
//! an assignment stays.

use swc_core::common::DUMMY_SP;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use crate::bundle::code;
use crate::bundle::syntax::collect_names;

/// Writes them out. Names are not resolved yet, so they are compared by their texts.
pub(crate) fn write_out_catch_variables(program: &mut Program) {
    let mut writer = Writer::default();
    program.visit_mut_children_with(&mut writer);
    let Some(declaration) = writer.declaration() else { return };
    match program {
        Program::Module(module) => {
            let is_directive = |item: &&ModuleItem| matches!(item, ModuleItem::Stmt(statement) if code::is_directive(statement));
            let at = module.body.iter().take_while(is_directive).count();
            module.body.insert(at, ModuleItem::Stmt(declaration));
        }
        Program::Script(script) => insert(&mut script.body, declaration),
    }
}

fn insert(statements: &mut Vec<Stmt>, declaration: Stmt) {
    let at = statements.iter().take_while(|statement| code::is_directive(statement)).count();
    statements.insert(at, declaration);
}

#[derive(Default)]
struct Writer {
    /// Parameters of the `catch` clauses around, within the function.
    parameters: Vec<Ident>,
    /// What the function declares.
    declared: Vec<Ident>,
}

impl Writer {
    fn declaration(&mut self) -> Option<Stmt> {
        let names = std::mem::take(&mut self.declared);
        let is_empty = names.is_empty();
        let declarators = names.into_iter().map(|name| VarDeclarator {
            span: DUMMY_SP,
            name: Pat::Ident(name.into()),
            init: None,
            definite: false,
        });
        let declaration = VarDecl { decls: declarators.collect(), ..VarDecl::default() };
        (!is_empty).then(|| Stmt::Decl(Decl::Var(Box::new(declaration))))
    }

    /// Whether a `var` declares the parameter of a clause around.
    fn is_shared(&self, declaration: &VarDecl) -> bool {
        if declaration.kind != VarDeclKind::Var || self.parameters.is_empty() {
            return false;
        }
        let mut names = Vec::new();
        declaration.decls.iter().for_each(|one| collect_names(&one.name, &mut names));
        names.iter().any(|name| self.parameters.iter().any(|other| other.sym == name.sym))
    }

    /// The assignments that a declaration is; what it declares moves to the function.
    fn assignments(&mut self, declaration: &mut VarDecl) -> Vec<Expr> {
        let mut assignments = Vec::new();
        for declarator in declaration.decls.take() {
            let mut names = Vec::new();
            collect_names(&declarator.name, &mut names);
            for name in names {
                if !self.declared.iter().any(|other| other.sym == name.sym) {
                    self.declared.push(name);
                }
            }
            if let Some(right) = declarator.init {
                assignments.push(Expr::Assign(AssignExpr {
                    span: declarator.span,
                    op: op!("="),
                    left: target(declarator.name),
                    right,
                }));
            }
        }
        assignments
    }

    /// A function has variables of its own, which are declared in what `body` gives of it.
    fn function<T: VisitMutWith<Self>>(
        &mut self,
        function: &mut T,
        body: impl FnOnce(&mut T) -> Option<&mut Vec<Stmt>>,
    ) {
        let outer = std::mem::take(self);
        function.visit_mut_children_with(self);
        let declaration = self.declaration();
        *self = outer;
        if let (Some(declaration), Some(statements)) = (declaration, body(function)) {
            insert(statements, declaration);
        }
    }
}

fn target(pattern: Pat) -> AssignTarget {
    match AssignTarget::try_from(pattern) {
        Ok(target) => target,
        // What a declaration can bind can be assigned to.
        Err(pattern) => unreachable!("{pattern:?}"),
    }
}

fn joined(mut assignments: Vec<Expr>) -> Option<Box<Expr>> {
    match assignments.len() {
        0 | 1 => assignments.pop().map(Box::new),
        _ => Some(Box::new(code::sequence(assignments))),
    }
}

impl VisitMut for Writer {
    noop_visit_mut_type!();

    fn visit_mut_function(&mut self, function: &mut Function) {
        self.function(function, |function| Some(&mut function.body.as_mut()?.stmts));
    }

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        self.function(arrow, |arrow| match &mut *arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Some(&mut body.stmts),
            ArrowFunctionBody::Expr(_) => None,
        });
    }

    fn visit_mut_constructor(&mut self, constructor: &mut Constructor) {
        self.function(constructor, |constructor| Some(&mut constructor.body.as_mut()?.stmts));
    }

    fn visit_mut_static_block(&mut self, block: &mut StaticBlock) {
        self.function(block, |block| Some(&mut block.body.stmts));
    }

    fn visit_mut_catch_clause(&mut self, clause: &mut CatchClause) {
        let Some(Pat::Ident(parameter)) = &clause.param else {
            clause.visit_mut_children_with(self);
            return;
        };
        self.parameters.push(parameter.id.clone());
        clause.visit_mut_children_with(self);
        self.parameters.pop();
    }

    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        statement.visit_mut_children_with(self);
        let Stmt::Decl(Decl::Var(declaration)) = statement else { return };
        if !self.is_shared(declaration) {
            return;
        }
        let span = declaration.span;
        *statement = match joined(self.assignments(declaration)) {
            Some(expr) => Stmt::Expr(ExprStmt { span, expr }),
            None => Stmt::Empty(EmptyStmt { span }),
        };
    }

    fn visit_mut_var_decl_or_expr(&mut self, init: &mut VarDeclOrExpr) {
        init.visit_mut_children_with(self);
        if let VarDeclOrExpr::VarDecl(declaration) = init
            && self.is_shared(declaration)
        {
            let assignments = self.assignments(declaration);
            let value = joined(assignments).unwrap_or_else(|| Box::new(code::void_0()));
            *init = VarDeclOrExpr::Expr(value);
        }
    }

    fn visit_mut_for_head(&mut self, head: &mut ForHead) {
        head.visit_mut_children_with(self);
        if let ForHead::VarDecl(declaration) = head
            && self.is_shared(declaration)
            && declaration.decls.iter().all(|one| one.init.is_none())
            && let Some(declarator) = declaration.decls.first().cloned()
        {
            self.assignments(declaration);
            *head = ForHead::Pat(Box::new(declarator.name));
        }
    }
}
