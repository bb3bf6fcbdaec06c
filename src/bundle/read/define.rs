//! `define` and environment variables become constants, and branches that constants decide disappear, before
//! imports are collected: a dead branch pulls nothing in.

use rustc_hash::FxHashSet;
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, Span, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use super::destructuring::Destructuring;
use super::environment::{DottedNames, without_global_this};
use crate::bundle::defines::{Defines, UnsetVariable};
use crate::bundle::meaning::values::constant;
use crate::bundle::syntax::{HoistedNames, static_property};
use crate::environment_reads::OBJECTS;

/// Replaces and folds in a whole program. Returns reads of public variables that are not set, and whether anything became
/// a helper that holds an object.
pub(crate) fn substitute(
    program: &mut Program,
    defines: &Defines,
    unresolved: SyntaxContext,
    top_level: SyntaxContext,
) -> (Vec<UnsetVariable>, bool) {
    let is_module = matches!(program, Program::Module(module)
        if module.body.iter().any(|item| matches!(item, ModuleItem::ModuleDecl(_))));
    let mut names = DottedNames::new(unresolved);
    program.visit_with(&mut names);
    let mut declared = TopLevelNames { context: top_level, names: FxHashSet::default() };
    if defines.mention_names {
        program.visit_with(&mut declared);
    }
    let mut visitor =
        Substitute { names, defines, is_module, declared, unset: Vec::new(), uses_objects: false };
    program.visit_mut_with(&mut visitor);
    // A pattern may be looked at more than once.
    let mut unset = visitor.unset;
    unset.sort_by(|a, b| (a.position, &a.name).cmp(&(b.position, &b.name)));
    unset.dedup_by(|a, b| (a.position, &a.name) == (b.position, &b.name));
    (unset, visitor.uses_objects)
}

/// Names that a module declares at its top.
struct TopLevelNames {
    context: SyntaxContext,
    names: FxHashSet<Atom>,
}

impl Visit for TopLevelNames {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        if ident.ctxt == self.context {
            self.names.insert(ident.sym.clone());
        }
    }
}

struct Substitute<'a> {
    names: DottedNames,
    defines: &'a Defines,
    /// Elsewhere `module` and `exports` are variables that are there.
    is_module: bool,
    declared: TopLevelNames,
    unset: Vec<UnsetVariable>,
    uses_objects: bool,
}

impl Substitute<'_> {
    /// `module.require(…)` is `require(…)`.
    fn shorten_require(&self, callee: &mut Callee) {
        if let Callee::Expr(expression) = callee
            && let Expr::Member(member) = &**expression
            && let Expr::Ident(object) = &*member.obj
            && object.sym == *"module"
            && object.ctxt == self.names.unresolved
            && static_property(&member.prop).is_some_and(|name| name == *"require")
        {
            **expression = Expr::Ident(Ident::new("require".into(), member.span, object.ctxt));
        }
    }

    fn destructuring(&mut self) -> Destructuring<'_> {
        Destructuring { names: &self.names, defines: self.defines, unset: &mut self.unset }
    }

    fn replacement(&mut self, expression: &Expr) -> Option<Expr> {
        let may_be_name = matches!(
            expression,
            Expr::Ident(_) | Expr::Member(_) | Expr::OptChain(_) | Expr::MetaProp(_)
        );
        if !may_be_name {
            return None;
        }
        let written = self.names.written_name(expression)?;
        let name = without_global_this(&written);
        // As a variable, what is defined may be another than the property of the global object.
        let of_environment = self.defined(name).filter(|_| name.starts_with("process."));
        let value = self.defined(&written).or(of_environment).cloned();
        if let Some(value) = value {
            return Some(self.settled(value, expression.span()));
        }
        let (object, variable) = name.rsplit_once('.')?;
        if !OBJECTS.contains(&object) {
            return None;
        }
        let value = self.defines.variable(variable, expression.span(), &mut self.unset)?;
        Some(string(value, expression.span()))
    }

    /// What is defined under a name.
    fn defined(&self, name: &str) -> Option<&Expr> {
        let root = name.split('.').next().unwrap_or_default();
        let is_bound = matches!(root, "module" | "exports") && !self.is_module;
        self.defines.by_name.get(name).filter(|_| !is_bound)
    }

    /// A value for this place.
    fn settled(&mut self, mut value: Expr, span: Span) -> Expr {
        if let Expr::Ident(name) = &value {
            self.uses_objects |= self.defines.objects.iter().any(|(object, _)| *object == name.sym);
        }
        value.visit_mut_with(&mut Settle {
            span,
            declared: &self.declared,
            unresolved: self.names.unresolved,
        });
        value
    }
}

/// Gives a replacement the place of what it replaces, so that source maps and messages point there; names in it are
/// those of the module or globals.
struct Settle<'a> {
    span: Span,
    declared: &'a TopLevelNames,
    unresolved: SyntaxContext,
}

impl VisitMut for Settle<'_> {
    noop_visit_mut_type!();

    fn visit_mut_span(&mut self, span: &mut Span) {
        *span = self.span;
    }

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        ident.span = self.span;
        ident.ctxt = if self.declared.names.contains(&ident.sym) {
            self.declared.context
        } else {
            self.unresolved
        };
    }
}

/// A text as an expression, at the place of what it stands for.
fn string(value: &str, span: Span) -> Expr {
    Expr::Lit(Lit::Str(Str { span, value: value.into(), raw: None }))
}

impl VisitMut for Substitute<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        if let Some(value) = self.replacement(expression) {
            *expression = value;
            return;
        }
        expression.visit_mut_children_with(self);
        end_chain(expression);
        fold(expression, self.names.unresolved);
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        self.shorten_require(&mut call.callee);
        let was_value = matches!(&call.callee, Callee::Expr(callee) if is_value(callee));
        call.visit_mut_children_with(self);
        if let Callee::Expr(callee) = &mut call.callee
            && was_value
        {
            keep_value(callee);
        }
    }

    fn visit_mut_tagged_tpl(&mut self, template: &mut TaggedTpl) {
        let was_value = is_value(&template.tag);
        template.visit_mut_children_with(self);
        if was_value {
            keep_value(&mut template.tag);
        }
    }

    /// What is assigned to stays what it is; only the object around it is read.
    fn visit_mut_pat(&mut self, pattern: &mut Pat) {
        match pattern {
            Pat::Expr(target) => target.visit_mut_children_with(self),
            other => other.visit_mut_children_with(self),
        }
    }

    fn visit_mut_update_expr(&mut self, update: &mut UpdateExpr) {
        update.arg.visit_mut_children_with(self);
    }

    fn visit_mut_unary_expr(&mut self, unary: &mut UnaryExpr) {
        if unary.op == UnaryOp::Delete {
            unary.arg.visit_mut_children_with(self);
            end_chain(&mut unary.arg);
        } else {
            unary.visit_mut_children_with(self);
        }
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(ident) = property {
            let name = ident.clone();
            if let Some(value) = self.replacement(&Expr::Ident(name.clone())) {
                *property = Prop::KeyValue(KeyValueProp {
                    key: PropName::Ident(name.into()),
                    value: Box::new(value),
                });
            }
            return;
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_var_decl(&mut self, declaration: &mut VarDecl) {
        self.destructuring().split(&mut declaration.decls);
        declaration.visit_mut_children_with(self);
    }

    /// `function f({ A } = process.env) {}`
    fn visit_mut_assign_pat(&mut self, assign: &mut AssignPat) {
        self.destructuring().fill(&assign.left, &mut assign.right);
        assign.visit_mut_children_with(self);
    }

    /// `({ A: this.a } = process.env);`, where nobody takes the value of the assignment.
    fn visit_mut_expr_stmt(&mut self, statement: &mut ExprStmt) {
        let mut expression = &mut *statement.expr;
        while let Expr::Paren(paren) = expression {
            expression = &mut paren.expr;
        }
        if let Expr::Assign(assign) = expression
            && let AssignTarget::Pat(AssignTargetPat::Object(pattern)) = &assign.left
        {
            self.destructuring().fill(&Pat::Object(pattern.clone()), &mut assign.right);
        }
        statement.visit_mut_children_with(self);
    }

    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        statement.visit_mut_children_with(self);
        match statement {
            Stmt::If(branch) => {
                let Some(value) = constant(&branch.test, self.names.unresolved) else { return };
                let (kept, dropped) = if value.is_truthy() {
                    (Some(branch.cons.take()), branch.alt.take())
                } else {
                    (branch.alt.take(), Some(branch.cons.take()))
                };
                let hoisted = dropped.and_then(|dropped| hoisted_variables(&dropped));
                *statement = match (kept, hoisted) {
                    (None, None) => Stmt::Empty(EmptyStmt { span: DUMMY_SP }),
                    (Some(kept), None) => *kept,
                    (None, Some(hoisted)) => hoisted,
                    (Some(kept), Some(hoisted)) => Stmt::Block(BlockStmt {
                        span: DUMMY_SP,
                        ctxt: SyntaxContext::empty(),
                        stmts: vec![hoisted, *kept],
                    }),
                };
            }
            Stmt::Switch(switch) => drop_cases(switch, self.names.unresolved),
            // What does nothing throws nothing.
            Stmt::Try(attempt) if attempt.block.stmts.iter().all(Stmt::is_empty) => {
                let hoisted = attempt
                    .handler
                    .take()
                    .and_then(|handler| hoisted_variables(&Stmt::Block(handler.body)));
                let finalizer = attempt.finalizer.take().map(Stmt::Block);
                let stmts: Vec<Stmt> = hoisted.into_iter().chain(finalizer).collect();
                *statement = match stmts.len() {
                    0 => Stmt::Empty(EmptyStmt { span: DUMMY_SP }),
                    _ => Stmt::Block(BlockStmt {
                        span: DUMMY_SP,
                        ctxt: SyntaxContext::empty(),
                        stmts,
                    }),
                };
            }
            Stmt::Decl(Decl::Var(declaration)) if declaration.decls.is_empty() => {
                *statement = Stmt::Empty(EmptyStmt { span: DUMMY_SP });
            }
            _ => {}
        }
    }
}

/// Whether what is called is a value that was computed, so that it is called without a `this`.
fn is_value(callee: &Expr) -> bool {
    match callee {
        Expr::Paren(paren) => is_value(&paren.expr),
        Expr::Bin(_) | Expr::Cond(_) | Expr::Seq(_) => true,
        _ => false,
    }
}

/// Keeps it one where folding left a property, or `eval`, which is another thing when it is called by that name.
fn keep_value(callee: &mut Box<Expr>) {
    while let Expr::Paren(paren) = &mut **callee {
        *callee = paren.expr.take();
    }
    let is_reference = match &**callee {
        Expr::Member(_) | Expr::OptChain(_) | Expr::SuperProp(_) => true,
        Expr::Ident(ident) => ident.sym == *"eval",
        _ => false,
    };
    if is_reference {
        let value = callee.take();
        let zero = Expr::Lit(Lit::Num(Number { span: DUMMY_SP, value: 0.0, raw: None }));
        let exprs = vec![Box::new(zero), value];
        **callee = Expr::Seq(SeqExpr { span: DUMMY_SP, exprs });
    }
}

/// The rest of a chain whose `?.` went with what was replaced is no chain any more.
fn end_chain(expression: &mut Expr) {
    let Expr::OptChain(chain) = expression else { return };
    if chain.optional {
        return;
    }
    *expression = match &mut *chain.base {
        OptChainBase::Member(member) if !member.obj.is_opt_chain() => Expr::Member(member.take()),
        OptChainBase::Call(call) if !call.callee.is_opt_chain() => Expr::Call(CallExpr {
            span: call.span,
            ctxt: call.ctxt,
            callee: Callee::Expr(call.callee.take()),
            args: call.args.take(),
            type_args: None,
        }),
        _ => return,
    };
}

/// Folds what constants decide at this node; children are folded already.
fn fold(expression: &mut Expr, unresolved: SyntaxContext) {
    let span = expression.span();
    let bool_literal = |value| Expr::Lit(Lit::Bool(Bool { span, value }));
    match expression {
        Expr::Unary(unary) => {
            let Some(value) = constant(&unary.arg, unresolved) else { return };
            match unary.op {
                UnaryOp::Bang => *expression = bool_literal(!value.is_truthy()),
                UnaryOp::TypeOf => *expression = string(value.type_name(), unary.arg.span()),
                _ => {}
            }
        }
        Expr::Bin(binary) => match binary.op {
            op!("&&") | op!("||") | op!("??") => {
                let Some(left) = constant(&binary.left, unresolved) else { return };
                let goes_on = match binary.op {
                    op!("&&") => left.is_truthy(),
                    op!("||") => !left.is_truthy(),
                    _ => left.is_nullish(),
                };
                *expression = *if goes_on { binary.right.take() } else { binary.left.take() };
            }
            op!("===") | op!("!==") | op!("==") | op!("!=") => {
                let (Some(left), Some(right)) =
                    (constant(&binary.left, unresolved), constant(&binary.right, unresolved))
                else {
                    return;
                };
                let is_loose = matches!(binary.op, op!("==") | op!("!="));
                let same_type = std::mem::discriminant(&left) == std::mem::discriminant(&right);
                let is_equal = if same_type {
                    left == right
                } else if is_loose {
                    if left.is_nullish() || right.is_nullish() {
                        left.is_nullish() && right.is_nullish()
                    } else {
                        return;
                    }
                } else {
                    false
                };
                let negated = matches!(binary.op, op!("!==") | op!("!="));
                *expression = bool_literal(is_equal != negated);
            }
            _ => {}
        },
        // What does nothing goes here: when it goes later, parentheses are no longer looked at.
        Expr::Seq(sequence) => {
            let last = sequence.exprs.len() - 1;
            let is_plain = |expression: &Expr| matches!(expression, Expr::Lit(literal) if !matches!(literal, Lit::Regex(_) | Lit::JSXText(_)));
            if last > 1 {
                let mut index = 0;
                sequence.exprs.retain(|part| {
                    index += 1;
                    index > last || !is_plain(part)
                });
                if sequence.exprs.len() == 1 {
                    *expression = *sequence.exprs.remove(0);
                }
            }
        }
        Expr::Cond(conditional) => {
            if let Some(test) = constant(&conditional.test, unresolved) {
                *expression = *if test.is_truthy() {
                    conditional.cons.take()
                } else {
                    conditional.alt.take()
                };
            }
        }
        _ => {}
    }
}

/// Empties the cases of a `switch` over a constant that nothing leads to.
fn drop_cases(switch: &mut SwitchStmt, unresolved: SyntaxContext) {
    let Some(value) = constant(&switch.discriminant, unresolved) else { return };
    let mut first = None;
    for (index, case) in switch.cases.iter().enumerate() {
        let Some(test) = &case.test else { continue };
        // One that is not known may be the one, and later ones come only if it is not.
        let Some(test) = constant(test, unresolved) else { return };
        if test == value {
            first = Some(index);
            break;
        }
    }
    let default = switch.cases.iter().position(|case| case.test.is_none());
    let first = first.or(default).unwrap_or(switch.cases.len());
    let last = switch
        .cases
        .iter()
        .skip(first)
        .position(|case| ends_switch(&case.cons))
        .map_or(usize::MAX, |at| first + at);
    for (index, case) in switch.cases.iter_mut().enumerate() {
        // What a case declares, others may name.
        let declares = case.cons.iter().any(|statement| match statement {
            Stmt::Decl(Decl::Var(declaration)) => declaration.kind != VarDeclKind::Var,
            other => other.is_decl(),
        });
        if (first..=last).contains(&index) || declares {
            continue;
        }
        let dropped = BlockStmt { stmts: case.cons.take(), ..BlockStmt::default() };
        case.cons.extend(hoisted_variables(&Stmt::Block(dropped)));
    }
}

/// Whether statements of a case never go on into the next one.
fn ends_switch(list: &[Stmt]) -> bool {
    match list.last() {
        Some(Stmt::Break(jump)) => jump.label.is_none(),
        Some(Stmt::Return(_) | Stmt::Throw(_)) => true,
        Some(Stmt::Block(block)) => ends_switch(&block.stmts),
        _ => false,
    }
}

/// `var` declarations that a dropped branch would have hoisted out of it.
fn hoisted_variables(dropped: &Stmt) -> Option<Stmt> {
    let mut names = HoistedNames(Vec::new());
    dropped.visit_with(&mut names);
    if names.0.is_empty() {
        return None;
    }
    let decls = names
        .0
        .into_iter()
        .map(|ident| VarDeclarator {
            span: DUMMY_SP,
            name: Pat::Ident(BindingIdent::from(ident)),
            init: None,
            definite: false,
        })
        .collect();
    Some(Stmt::Decl(Decl::Var(Box::new(VarDecl {
        span: DUMMY_SP,
        ctxt: SyntaxContext::empty(),
        kind: VarDeclKind::Var,
        declare: false,
        decls,
    }))))
}
