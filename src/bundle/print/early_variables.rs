//! Before compressing: a variable that a function may read before it has its value must not be taken for that value.
//! `var first = get(); var value = 5; function get() { return value }`
//! Nor may one that begins without a value and is only ever updated be taken for one that never changes.
//! `let count; function next() { const before = count; count++; return before }`
//! And what a variable held before an update is there for a function that the update calls.
//! `sum = 0; sum += next(); function next() { return sum + 1 }`

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use super::minify::shown;
use crate::bundle::code;
use crate::bundle::scan::define::collect_names;

/// Goes through all lists of statements and puts a second assignment of such variables at their start, which the
/// compressor leaves alone; it goes with what `guarded` makes. Names must be resolved.
struct GuardEarlyVariables {
    unresolved: SyntaxContext,
    /// Variables that are changed otherwise than by `=`.
    updated: FxHashSet<Id>,
}

/// Guards the variables of a program.
pub(super) fn guard_early_variables(program: &mut Program, unresolved: SyntaxContext) {
    let mut updates = Updates(FxHashSet::default());
    program.visit_with(&mut updates);
    program.visit_mut_with(&mut GuardEarlyVariables { unresolved, updated: updates.0 });
    let mut shared = Shared::default();
    program.visit_with(&mut shared);
    program.visit_mut_with(&mut GuardUpdates { unresolved, shared: shared.names });
}

/// Collects the variables that more than one function mentions.
#[derive(Default)]
struct Shared {
    functions: u32,
    function: u32,
    first: FxHashMap<Id, u32>,
    names: FxHashSet<Id>,
}

impl Shared {
    fn inside(&mut self, visit: impl FnOnce(&mut Self)) {
        self.functions += 1;
        let outer = std::mem::replace(&mut self.function, self.functions);
        visit(self);
        self.function = outer;
    }
}

impl Visit for Shared {
    noop_visit_type!();

    fn visit_ident(&mut self, name: &Ident) {
        if *self.first.entry(name.to_id()).or_insert(self.function) != self.function {
            self.names.insert(name.to_id());
        }
    }

    fn visit_function(&mut self, function: &Function) {
        self.inside(|inner| function.visit_children_with(inner));
    }
    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.inside(|inner| arrow.visit_children_with(inner));
    }
    fn visit_class(&mut self, class: &Class) {
        self.inside(|inner| class.visit_children_with(inner));
    }
    fn visit_getter_prop(&mut self, getter: &GetterProp) {
        self.inside(|inner| getter.visit_children_with(inner));
    }
    fn visit_setter_prop(&mut self, setter: &SetterProp) {
        self.inside(|inner| setter.visit_children_with(inner));
    }
}

/// Shows such variables to the compressor before they are updated by something that may run a function.
struct GuardUpdates {
    unresolved: SyntaxContext,
    shared: FxHashSet<Id>,
}

impl VisitMut for GuardUpdates {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        let Expr::Assign(assign) = expression else { return };
        let Some(name) = assign.left.as_ident() else { return };
        if assign.op == op!("=") || !self.shared.contains(&name.to_id()) {
            return;
        }
        let mut runs = Runs(false);
        assign.right.visit_with(&mut runs);
        if runs.0 {
            let seen = shown(Expr::Ident(name.id.clone()), self.unresolved);
            let exprs = vec![Box::new(seen), Box::new(expression.take())];
            *expression = Expr::Seq(SeqExpr { span: DUMMY_SP, exprs });
        }
    }
}

/// Collects what `++`, `+=` and the like and loops change.
struct Updates(FxHashSet<Id>);

impl Visit for Updates {
    noop_visit_type!();

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        if let Expr::Ident(name) = &*update.arg {
            self.0.insert(name.to_id());
        }
        update.visit_children_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        if let Some(name) = assign.left.as_ident()
            && assign.op != op!("=")
        {
            self.0.insert(name.to_id());
        }
        assign.visit_children_with(self);
    }

    fn visit_for_head(&mut self, head: &ForHead) {
        if let ForHead::Pat(pattern) = head {
            let mut names = Vec::new();
            collect_names(pattern, &mut names);
            self.0.extend(names.into_iter().map(|name| name.to_id()));
        }
        head.visit_children_with(self);
    }
}

impl VisitMut for GuardEarlyVariables {
    noop_visit_mut_type!();

    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        items.visit_mut_children_with(self);
        self.guard(items, |item| match item {
            ModuleItem::Stmt(statement) => Some(statement),
            ModuleItem::ModuleDecl(_) => None,
        });
    }

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        self.guard(statements, |statement| Some(statement));
    }

    fn visit_mut_for_of_stmt(&mut self, statement: &mut ForOfStmt) {
        statement.visit_mut_children_with(self);
        self.guard_loop(&statement.left, &mut statement.body);
    }

    fn visit_mut_for_in_stmt(&mut self, statement: &mut ForInStmt) {
        statement.visit_mut_children_with(self);
        self.guard_loop(&statement.left, &mut statement.body);
    }

    fn visit_mut_block_stmt(&mut self, block: &mut BlockStmt) {
        block.visit_mut_children_with(self);
        // What stands behind `break` or `continue` goes into a block of its own, and functions with it that others call.
        block.stmts.sort_by_key(|statement| !is_function(statement));
    }

    fn visit_mut_function_body(&mut self, body: &mut FunctionBody) {
        body.visit_mut_children_with(self);
        // A parameter that only a function behind its call mentions is lost when all of it is put in place.
        let at = body.stmts.iter().take_while(|statement| code::is_directive(statement)).count();
        body.stmts[at..].sort_by_key(|statement| !is_function(statement));
    }
}

impl GuardEarlyVariables {
    fn guard<T: From<Stmt>>(&self, list: &mut Vec<T>, statement: fn(&T) -> Option<&Stmt>) {
        let statements: Vec<Option<&Stmt>> = list.iter().map(statement).collect();
        let mut early = early_variables(&statements);
        let declarations = statements.iter().filter_map(|statement| match statement {
            Some(Stmt::Decl(Decl::Var(declaration))) => Some(&declaration.decls),
            _ => None,
        });
        let empty = declarations.flatten().filter(|declarator| declarator.init.is_none());
        early.extend(
            empty
                .filter_map(|declarator| Some(declarator.name.as_ident()?.to_id()))
                .filter(|name| self.updated.contains(name)),
        );
        let at = statements.iter().take_while(|one| one.is_some_and(code::is_directive)).count();
        let guards = early.into_iter().map(|id| T::from(self.assigned(id)));
        list.splice(at..at, guards.collect::<Vec<T>>());
    }

    /// The variables of a loop begin without a value, too.
    fn guard_loop(&self, head: &ForHead, body: &mut Stmt) {
        let ForHead::VarDecl(declaration) = head else { return };
        let mut names = Vec::new();
        declaration.decls.iter().for_each(|one| collect_names(&one.name, &mut names));
        let guards: Vec<Stmt> = names
            .iter()
            .map(Ident::to_id)
            .filter(|name| self.updated.contains(name))
            .map(|name| self.assigned(name))
            .collect();
        if guards.is_empty() {
            return;
        }
        match body {
            Stmt::Block(block) => drop(block.stmts.splice(0..0, guards)),
            other => {
                let stmts = guards.into_iter().chain([other.take()]).collect();
                *other = Stmt::Block(BlockStmt { stmts, ..BlockStmt::dummy() });
            }
        }
    }

    fn assigned(&self, (name, context): Id) -> Stmt {
        let target = BindingIdent::from(Ident { ctxt: context, ..code::ident_of(&name) });
        let assignment = Expr::Assign(AssignExpr {
            span: DUMMY_SP,
            op: op!("="),
            left: AssignTarget::Simple(SimpleAssignTarget::Ident(target)),
            right: Box::new(code::void_0()),
        });
        code::statement(shown(assignment, self.unresolved))
    }
}

fn is_function(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Decl(Decl::Fn(_)))
}

/// Variables of a list of statements that some statement before them may read through a function declaration, and those
/// functions.
fn early_variables(statements: &[Option<&Stmt>]) -> BTreeSet<Id> {
    let mut functions: FxHashMap<Id, usize> = FxHashMap::default();
    let mut variables: FxHashMap<Id, usize> = FxHashMap::default();
    for (place, statement) in statements.iter().enumerate() {
        match statement {
            Some(Stmt::Decl(Decl::Fn(function))) => {
                functions.insert(function.ident.to_id(), place);
            }
            Some(Stmt::Decl(Decl::Var(declaration))) if declaration.kind == VarDeclKind::Var => {
                for declarator in declaration.decls.iter().filter(|one| is_replaceable(one)) {
                    let mut names = Vec::new();
                    collect_names(&declarator.name, &mut names);
                    variables.extend(names.into_iter().map(|name| (name.to_id(), place)));
                }
            }
            _ => {}
        }
    }
    let mut early = BTreeSet::new();
    if functions.is_empty() || variables.is_empty() {
        return early;
    }
    let mut reached = FxHashSet::default();
    // Functions that earlier statements mention, but that nothing has been able to run so far.
    let mut mentioned: Vec<usize> = Vec::new();
    for (place, statement) in statements.iter().enumerate() {
        let Some(statement) = statement else { continue };
        if matches!(statement, Stmt::Decl(Decl::Fn(_))) {
            continue;
        }
        mentioned.extend(Mentions::of(statement, &functions, &variables).functions);
        let mut runs = Runs(false);
        statement.visit_with(&mut runs);
        if !runs.0 {
            continue;
        }
        while let Some(function) = mentioned.pop() {
            if !reached.insert(function) {
                continue;
            }
            let Some(declaration) = statements[function] else { continue };
            let mentions = Mentions::of(declaration, &functions, &variables);
            let mut variables =
                mentions.variables.into_iter().filter(|(_, at)| *at >= place).peekable();
            // Its body must not stand in place of a call either.
            if variables.peek().is_some()
                && let Stmt::Decl(Decl::Fn(function)) = declaration
            {
                early.insert(function.ident.to_id());
            }
            early.extend(variables.map(|(id, _)| id));
            mentioned.extend(mentions.functions);
        }
    }
    early
}

/// Whether the compressor might know the value: what a call gives it does not. A function that is called before it is
/// there throws, and nobody counts on that.
fn is_replaceable(declarator: &VarDeclarator) -> bool {
    declarator.init.as_deref().is_some_and(|init| {
        !matches!(
            init,
            Expr::Call(_)
                | Expr::New(_)
                | Expr::Await(_)
                | Expr::TaggedTpl(_)
                | Expr::Fn(_)
                | Expr::Arrow(_)
                | Expr::Class(_)
        )
    })
}

/// The functions and variables of a list of statements that a part of it mentions, by their places.
struct Mentions<'a> {
    known_functions: &'a FxHashMap<Id, usize>,
    known_variables: &'a FxHashMap<Id, usize>,
    functions: Vec<usize>,
    variables: Vec<(Id, usize)>,
}

impl<'a> Mentions<'a> {
    fn of(
        statement: &Stmt,
        known_functions: &'a FxHashMap<Id, usize>,
        known_variables: &'a FxHashMap<Id, usize>,
    ) -> Self {
        let (functions, variables) = (Vec::new(), Vec::new());
        let mut mentions = Self { known_functions, known_variables, functions, variables };
        statement.visit_with(&mut mentions);
        mentions
    }
}

impl Visit for Mentions<'_> {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        let id = ident.to_id();
        self.functions.extend(self.known_functions.get(&id));
        if let Some(place) = self.known_variables.get(&id) {
            self.variables.push((id, *place));
        }
    }
}

/// Whether evaluating a statement may run a function.
struct Runs(bool);

impl Visit for Runs {
    noop_visit_type!();

    fn visit_call_expr(&mut self, _: &CallExpr) {
        self.0 = true;
    }
    fn visit_opt_call(&mut self, _: &OptCall) {
        self.0 = true;
    }
    fn visit_new_expr(&mut self, _: &NewExpr) {
        self.0 = true;
    }
    fn visit_tagged_tpl(&mut self, _: &TaggedTpl) {
        self.0 = true;
    }
    fn visit_for_of_stmt(&mut self, _: &ForOfStmt) {
        self.0 = true;
    }
    fn visit_await_expr(&mut self, _: &AwaitExpr) {
        self.0 = true;
    }
    fn visit_yield_expr(&mut self, _: &YieldExpr) {
        self.0 = true;
    }
    fn visit_static_block(&mut self, block: &StaticBlock) {
        block.visit_children_with(self);
    }
    fn visit_function(&mut self, _: &Function) {}
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_constructor(&mut self, _: &Constructor) {}
    fn visit_getter_prop(&mut self, _: &GetterProp) {}
    fn visit_setter_prop(&mut self, _: &SetterProp) {}
}
