//! Before compressing: a parameter that every call gives the same plain value is that value.
//! `function sort(list, isStable) { … } sort(a, true); sort(b, true)`

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::common::SyntaxContext;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use crate::bundle::code;
use crate::bundle::graph::Constant;
use crate::bundle::scan::define::collect_names;

/// Rounds in which values are handed on, each one call further.
const ROUNDS: usize = 3;

/// Longest text that is written wherever the parameter was, in bytes.
const LONGEST_TEXT: usize = 8;

/// Puts such values in place of the parameters and leaves both the parameters and the arguments out. Functions that are
/// only ever called are looked at, so nobody else sees how many parameters they have. Names must be resolved.
pub(super) fn replace_constant_parameters(program: &mut Program, unresolved: SyntaxContext) {
    for _ in 0..ROUNDS {
        let mut calls = Calls { unresolved, ..Calls::default() };
        program.visit_with(&mut calls);
        if calls.has_with {
            return;
        }
        let constants = calls.constants();
        if constants.functions.is_empty() {
            return;
        }
        program.visit_mut_with(&mut { constants });
    }
}

/// A plain value that a parameter can have; `None` is `undefined`.
type Value = Option<Constant>;

/// The value of an expression, if it is plain.
fn value_of(expression: &Expr, unresolved: SyntaxContext) -> Option<Value> {
    let constant = match expression {
        Expr::Lit(Lit::Num(number)) => Constant::Number(number.value.to_bits()),
        Expr::Lit(Lit::Str(text)) => Constant::String(text.value.as_str()?.into()),
        Expr::Lit(Lit::Bool(value)) => Constant::Bool(value.value),
        Expr::Lit(Lit::Null(_)) => Constant::Null,
        Expr::Ident(name) if name.sym == *"undefined" && name.ctxt == unresolved => {
            return Some(None);
        }
        Expr::Unary(unary) => match (unary.op, &*unary.arg) {
            (UnaryOp::Void, Expr::Lit(_)) => return Some(None),
            (UnaryOp::Bang, Expr::Lit(Lit::Num(number))) => Constant::Bool(number.value == 0.0),
            (UnaryOp::Minus, Expr::Lit(Lit::Num(number))) => {
                Constant::Number((-number.value).to_bits())
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(Some(constant))
}

/// Whether it may stand wherever the parameter was. What could be taken for a directive may not.
fn is_short(value: &Value) -> bool {
    match value {
        Some(Constant::String(text)) => text.len() <= LONGEST_TEXT && !text.starts_with("use "),
        _ => true,
    }
}

fn expression(value: &Value) -> Expr {
    value.as_ref().map_or_else(code::void_0, code::constant)
}

/// What the calls of a function give to one of its parameters.
#[derive(Clone, PartialEq)]
enum Given {
    Nothing,
    Always(Value),
    Various,
}

/// A function that has one name.
struct Called {
    /// Parameters that are plain names.
    parameters: Vec<Option<Id>>,
    given: Vec<Given>,
}

#[derive(Default)]
struct Calls {
    unresolved: SyntaxContext,
    functions: FxHashMap<Id, Called>,
    /// Arguments of calls by name, for functions that are declared further on.
    arguments: Vec<(Id, Vec<Argument>)>,
    /// Names that stand anywhere but before the arguments of a call, and those that are declared twice.
    escaped: FxHashSet<Id>,
    /// Names that are given a value.
    assigned: FxHashSet<Id>,
    has_with: bool,
}

/// An argument of a call.
enum Argument {
    Value(Value),
    /// A name, which may be the parameter itself, handed on by the function.
    Name(Id),
    Other,
    /// This and all that follow are not known.
    Spread,
}

impl Calls {
    fn declare<'a>(&mut self, name: &Ident, parameters: impl Iterator<Item = &'a Pat>) {
        let parameters: Vec<Option<Id>> =
            parameters.map(|pattern| pattern.as_ident().map(BindingIdent::to_id)).collect();
        let given = vec![Given::Nothing; parameters.len()];
        if self.functions.insert(name.to_id(), Called { parameters, given }).is_some() {
            self.escaped.insert(name.to_id());
        }
    }

    fn assign(&mut self, pattern: &Pat) {
        let mut names = Vec::new();
        collect_names(pattern, &mut names);
        self.assigned.extend(names.into_iter().map(|name| name.to_id()));
    }

    fn argument(&self, argument: &ExprOrSpread) -> Argument {
        if argument.spread.is_some() {
            return Argument::Spread;
        }
        match (value_of(&argument.expr, self.unresolved), &*argument.expr) {
            (Some(value), _) => Argument::Value(value),
            (None, Expr::Ident(name)) => Argument::Name(name.to_id()),
            (None, _) => Argument::Other,
        }
    }

    fn constants(mut self) -> Constants {
        for (name, arguments) in std::mem::take(&mut self.arguments) {
            let Some(function) = self.functions.get_mut(&name) else { continue };
            let known = arguments.iter().position(|one| matches!(one, Argument::Spread));
            for (index, given) in function.given.iter_mut().enumerate() {
                let now = match arguments.get(index) {
                    _ if known.is_some_and(|known| index >= known) => Given::Various,
                    None => Given::Always(None),
                    Some(Argument::Value(value)) => Given::Always(value.clone()),
                    Some(Argument::Name(id)) if function.parameters[index].as_ref() == Some(id) => {
                        continue;
                    }
                    Some(_) => Given::Various,
                };
                match given {
                    Given::Nothing => *given = now,
                    same if *same == now => {}
                    _ => *given = Given::Various,
                }
            }
        }
        let names: FxHashSet<Id> = self.functions.keys().cloned().collect();
        let mut functions: Vec<(Id, Called)> = self.functions.into_iter().collect();
        functions.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut constants = Constants::default();
        for (name, function) in functions {
            if self.escaped.contains(&name) || self.assigned.contains(&name) {
                continue;
            }
            let mut indices = Vec::new();
            for (index, given) in function.given.into_iter().enumerate() {
                let (Some(id), Given::Always(value)) = (&function.parameters[index], given) else {
                    continue;
                };
                if is_short(&value) && !self.assigned.contains(id) && !names.contains(id) {
                    indices.push(index);
                    constants.values.insert(id.clone(), value);
                }
            }
            if !indices.is_empty() {
                constants.functions.insert(name, indices);
            }
        }
        constants
    }
}

/// Whether code speaks of the arguments of a function as a whole.
fn uses_arguments<T: VisitWith<ArgumentsFinder>>(code: &T) -> bool {
    let mut finder = ArgumentsFinder(false);
    code.visit_with(&mut finder);
    finder.0
}

struct ArgumentsFinder(bool);

impl Visit for ArgumentsFinder {
    noop_visit_type!();

    fn visit_ident(&mut self, name: &Ident) {
        self.0 |= name.sym == *"arguments";
    }
}

impl Visit for Calls {
    noop_visit_type!();

    fn visit_fn_decl(&mut self, declaration: &FnDecl) {
        let function = &declaration.function;
        self.declare(&declaration.ident, function.params.iter().map(|parameter| &parameter.pat));
        if uses_arguments(&**function) {
            self.escaped.insert(declaration.ident.to_id());
        }
        function.visit_with(self);
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        match (&declarator.name, declarator.init.as_deref()) {
            (Pat::Ident(name), Some(Expr::Fn(FnExpr { ident: None, function }))) => {
                self.declare(name, function.params.iter().map(|parameter| &parameter.pat));
                if uses_arguments(&**function) {
                    self.escaped.insert(name.to_id());
                }
                function.visit_with(self);
            }
            (Pat::Ident(name), Some(Expr::Arrow(arrow))) => {
                self.declare(name, arrow.params.iter());
                arrow.visit_with(self);
            }
            (pattern, init) => {
                self.assign(pattern);
                pattern.visit_with(self);
                if let Some(init) = init {
                    init.visit_with(self);
                }
            }
        }
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        match &call.callee {
            Callee::Expr(callee) if callee.is_ident() => {
                if let Expr::Ident(name) = &**callee {
                    let arguments = call.args.iter().map(|one| self.argument(one)).collect();
                    self.arguments.push((name.to_id(), arguments));
                }
            }
            callee => callee.visit_with(self),
        }
        call.args.visit_with(self);
    }

    fn visit_ident(&mut self, name: &Ident) {
        self.escaped.insert(name.to_id());
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(name)) => {
                self.assigned.insert(name.to_id());
            }
            AssignTarget::Pat(pattern) => self.assign(&pattern.clone().into()),
            AssignTarget::Simple(_) => {}
        }
        assign.visit_children_with(self);
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        if let Expr::Ident(name) = &*update.arg {
            self.assigned.insert(name.to_id());
        }
        update.visit_children_with(self);
    }

    fn visit_for_head(&mut self, head: &ForHead) {
        match head {
            ForHead::Pat(pattern) => self.assign(pattern),
            ForHead::VarDecl(declaration) => {
                declaration.decls.iter().for_each(|one| self.assign(&one.name));
            }
            ForHead::UsingDecl(_) => {}
        }
        head.visit_children_with(self);
    }

    fn visit_with_stmt(&mut self, _: &WithStmt) {
        self.has_with = true;
    }
}

/// Parameters with their values, and their places by function.
#[derive(Default)]
struct Constants {
    values: FxHashMap<Id, Value>,
    functions: FxHashMap<Id, Vec<usize>>,
}

impl Constants {
    /// Leaves out what stands at the places of the parameters of a function.
    fn leave_out<T>(&self, name: &Ident, list: &mut Vec<T>) {
        if let Some(indices) = self.functions.get(&name.to_id()) {
            let mut index = 0;
            list.retain(|_| {
                index += 1;
                !indices.contains(&(index - 1))
            });
        }
    }
}

impl VisitMut for Constants {
    noop_visit_mut_type!();

    fn visit_mut_fn_decl(&mut self, declaration: &mut FnDecl) {
        self.leave_out(&declaration.ident, &mut declaration.function.params);
        declaration.function.visit_mut_with(self);
    }

    fn visit_mut_var_declarator(&mut self, declarator: &mut VarDeclarator) {
        if let Pat::Ident(name) = &declarator.name {
            match declarator.init.as_deref_mut() {
                Some(Expr::Fn(function)) => self.leave_out(name, &mut function.function.params),
                Some(Expr::Arrow(arrow)) => self.leave_out(name, &mut arrow.params),
                _ => {}
            }
        }
        declarator.visit_mut_children_with(self);
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        if let Callee::Expr(callee) = &call.callee
            && let Expr::Ident(name) = &**callee
        {
            self.leave_out(name, &mut call.args);
        }
        call.visit_mut_children_with(self);
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Ident(name) => {
                if let Some(value) = self.values.get(&name.to_id()) {
                    *expression = self::expression(value);
                }
            }
            other => other.visit_mut_children_with(self),
        }
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(name) = property
            && let Some(value) = self.values.get(&name.to_id())
        {
            *property = Prop::KeyValue(KeyValueProp {
                key: PropName::Ident(IdentName::from(name.take())),
                value: Box::new(expression(value)),
            });
        } else {
            property.visit_mut_children_with(self);
        }
    }
}
