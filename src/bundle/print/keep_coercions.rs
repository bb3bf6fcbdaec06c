//! What the compressor takes for nothing although it may run code or throw: `` `${object}` ``, `a in b`, `+a` and the
//! like, where nobody takes the value; and some values that it takes for others.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::common::SyntaxContext;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use super::minify::guarded;
use crate::bundle::scan::define::static_property;

/// Guards them.
pub(super) fn keep_coercions(program: &mut Program, unresolved: SyntaxContext, keeps_names: bool) {
    let mut names = Names::default();
    program.visit_with(&mut names);
    program.visit_mut_with(&mut Keeper { unresolved, keeps_names, names });
}

/// What is known of names.
#[derive(Default)]
struct Names {
    /// How often each is mentioned.
    uses: FxHashMap<Id, u32>,
    /// Functions that return nothing.
    silent: FxHashSet<Id>,
}

impl Names {
    fn value(&mut self, name: &Ident, value: &Expr) {
        match value {
            Expr::Fn(function) => self.function(name, function.function.body.as_ref()),
            Expr::Arrow(arrow) => match &*arrow.body {
                ArrowFunctionBody::FunctionBody(body) => self.function(name, Some(body)),
                ArrowFunctionBody::Expr(_) => {}
            },
            _ => {}
        }
    }

    fn function(&mut self, name: &Ident, body: Option<&FunctionBody>) {
        let Some(body) = body else { return };
        let mut returns = Returns(false);
        body.visit_with(&mut returns);
        if !returns.0 {
            self.silent.insert(name.to_id());
        }
    }
}

impl Visit for Names {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        *self.uses.entry(ident.to_id()).or_default() += 1;
    }

    fn visit_fn_decl(&mut self, declaration: &FnDecl) {
        self.function(&declaration.ident, declaration.function.body.as_ref());
        declaration.visit_children_with(self);
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        if let (Pat::Ident(name), Some(value)) = (&declarator.name, declarator.init.as_deref()) {
            self.value(name, value);
        }
        declarator.visit_children_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        if let Some(name) = assign.left.as_ident() {
            self.value(name, &assign.right);
        }
        assign.visit_children_with(self);
    }
}

/// Whether a function returns something.
struct Returns(bool);

impl Visit for Returns {
    noop_visit_type!();

    fn visit_return_stmt(&mut self, statement: &ReturnStmt) {
        self.0 |= statement.arg.is_some();
    }

    fn visit_function(&mut self, _: &Function) {}
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_class(&mut self, _: &Class) {}
}

struct Keeper {
    unresolved: SyntaxContext,
    keeps_names: bool,
    names: Names,
}

impl Keeper {
    fn keep(&self, expression: &mut Box<Expr>) {
        let mut coerces = Coerces(false);
        expression.visit_with(&mut coerces);
        if coerces.0 {
            self.guard(expression);
        }
    }

    /// Whether a value may turn out to be `void` of something, which a text swallows.
    fn may_be_void(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Unary(unary) => unary.op == op!("void") && !unary.arg.is_lit(),
            Expr::Call(CallExpr { callee: Callee::Expr(callee), .. }) => match &**callee {
                Expr::Fn(_) | Expr::Arrow(_) => true,
                Expr::Ident(name) => self.names.silent.contains(&name.to_id()),
                _ => false,
            },
            Expr::Member(member) => is_collection(&member.obj),
            Expr::Seq(sequence) => sequence.exprs.last().is_some_and(|last| self.may_be_void(last)),
            Expr::Cond(either) => self.may_be_void(&either.cons) || self.may_be_void(&either.alt),
            Expr::Bin(binary) => {
                matches!(binary.op, op!("&&") | op!("||") | op!("??"))
                    && (self.may_be_void(&binary.left) || self.may_be_void(&binary.right))
            }
            _ => false,
        }
    }

    fn guard(&self, expression: &mut Box<Expr>) {
        **expression = guarded(*expression.take(), self.unresolved);
    }
}

fn is_undefined(expression: &Expr) -> bool {
    match expression {
        Expr::Ident(name) => name.sym == *"undefined",
        Expr::Unary(unary) => unary.op == op!("void") && unary.arg.is_lit(),
        _ => false,
    }
}

/// A literal whose parts may do something.
fn is_collection(expression: &Expr) -> bool {
    match expression {
        Expr::Array(array) => !array.elems.is_empty(),
        Expr::Object(object) => !object.props.is_empty(),
        _ => false,
    }
}

/// Whether something is a function with parameters that are more than names.
fn has_defaults(callee: &Expr) -> bool {
    match callee {
        Expr::Fn(function) => {
            function.function.params.iter().any(|parameter| !parameter.pat.is_ident())
        }
        Expr::Arrow(arrow) => arrow.params.iter().any(|parameter| !parameter.is_ident()),
        _ => false,
    }
}

/// Whether an object literal surely has a property of its own under that name.
fn has_own(object: &ObjectLit, property: &MemberProp) -> bool {
    let Some(name) = static_property(property) else { return false };
    let mut has_prototype = false;
    let mut is_there = false;
    for property in &object.props {
        let PropOrSpread::Prop(property) = property else { continue };
        let key = match &**property {
            Prop::Shorthand(key) => Some(&key.sym),
            Prop::KeyValue(KeyValueProp { key: PropName::Ident(key), .. }) => {
                has_prototype |= key.sym == *"__proto__";
                Some(&key.sym)
            }
            Prop::Method(MethodProp { key: PropName::Ident(key), .. }) => Some(&key.sym),
            _ => None,
        };
        is_there |= key.is_some_and(|key| *key == name);
    }
    is_there && !has_prototype
}

impl VisitMut for Keeper {
    noop_visit_mut_type!();

    fn visit_mut_expr_stmt(&mut self, statement: &mut ExprStmt) {
        statement.visit_mut_children_with(self);
        self.keep(&mut statement.expr);
    }

    fn visit_mut_unary_expr(&mut self, unary: &mut UnaryExpr) {
        unary.visit_mut_children_with(self);
        // `typeof [call()]` is taken for a constant.
        if unary.op == op!("typeof") && is_collection(&unary.arg) {
            self.guard(&mut unary.arg);
        }
        // `delete object?.property` is taken for a constant.
        if unary.op == UnaryOp::Delete
            && let Expr::OptChain(chain) = &mut *unary.arg
            && let OptChainBase::Member(member) = &mut *chain.base
        {
            self.guard(&mut member.obj);
        }
    }

    fn visit_mut_bin_expr(&mut self, binary: &mut BinExpr) {
        binary.visit_mut_children_with(self);
        let is_strict = matches!(binary.op, op!("===") | op!("!=="));
        let is_comparison = is_strict || matches!(binary.op, op!("==") | op!("!="));
        for side in [&mut binary.left, &mut binary.right] {
            let is_mistaken = match &**side {
                // `~a === 0` becomes `a === -1`, and `a` may be a BigInt.
                Expr::Unary(unary) if unary.op == op!("~") => is_comparison,
                // `(a | b) === 0` becomes `(a | b) == 0`.
                Expr::Bin(operation) if is_strict => may_be_bigint(operation),
                // The flags of its text are sorted.
                Expr::Lit(Lit::Regex(_)) => binary.op == op!(bin, "+"),
                Expr::Array(_) | Expr::Object(_) => {
                    matches!(binary.op, op!("<") | op!(">") | op!("<=") | op!(">="))
                }
                other => binary.op == op!(bin, "+") && self.may_be_void(other),
            };
            if is_mistaken {
                self.guard(side);
            }
        }
    }

    fn visit_mut_assign_pat(&mut self, pattern: &mut AssignPat) {
        pattern.visit_mut_children_with(self);
        // A parameter with a default does not count in the `length` of its function.
        if is_undefined(&pattern.right) {
            self.guard(&mut pattern.right);
        }
    }

    fn visit_mut_tpl(&mut self, template: &mut Tpl) {
        template.visit_mut_children_with(self);
        for part in &mut template.exprs {
            if matches!(&**part, Expr::Lit(Lit::Regex(_))) || self.may_be_void(part) {
                self.guard(part);
            }
        }
    }

    fn visit_mut_member_expr(&mut self, member: &mut MemberExpr) {
        member.visit_mut_children_with(self);
        // What a literal does not have itself it may have from its prototype; what it has has its name from there.
        if let Expr::Object(object) = &*member.obj
            && (self.keeps_names || !has_own(object, &member.prop))
        {
            self.guard(&mut member.obj);
        }
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        call.visit_mut_children_with(self);
        // An argument is lost when a parameter before it has a default that stays.
        if let Callee::Expr(callee) = &mut call.callee
            && has_defaults(callee)
        {
            self.guard(callee);
        }
    }

    fn visit_mut_seq_expr(&mut self, sequence: &mut SeqExpr) {
        sequence.visit_mut_children_with(self);
        if let Some((_, dropped)) = sequence.exprs.split_last_mut() {
            for one in dropped {
                self.keep(one);
            }
        }
    }

    fn visit_mut_var_declarator(&mut self, declarator: &mut VarDeclarator) {
        declarator.visit_mut_children_with(self);
        if let Pat::Ident(name) = &declarator.name
            && self.names.uses.get(&name.to_id()) == Some(&1)
            && let Some(init) = &mut declarator.init
        {
            self.keep(init);
        }
    }
}

/// Whether the value of an expression may be made in a way that runs code or throws, outside of what is kept anyway.
struct Coerces(bool);

impl Coerces {
    fn operand(&mut self, operand: &Expr) {
        self.0 |= !is_primitive(operand);
    }
}

impl Visit for Coerces {
    noop_visit_type!();

    fn visit_tpl(&mut self, template: &Tpl) {
        template.exprs.iter().for_each(|part| self.operand(part));
        template.visit_children_with(self);
    }

    fn visit_bin_expr(&mut self, binary: &BinExpr) {
        match binary.op {
            op!("&&") | op!("||") | op!("??") | op!("===") | op!("!==") => {}
            op!("==") | op!("!=") => {
                // Beside `null` or `undefined` nobody is asked for a value.
                let is_nullish =
                    |side: &Expr| matches!(side, Expr::Lit(Lit::Null(_))) || is_undefined(side);
                let asks_nobody = is_nullish(&binary.left)
                    || is_nullish(&binary.right)
                    || (is_primitive(&binary.left) && is_primitive(&binary.right));
                self.0 |= !asks_nobody;
            }
            op!("in") | op!("instanceof") => self.0 = true,
            _ => {
                self.operand(&binary.left);
                self.operand(&binary.right);
            }
        }
        binary.visit_children_with(self);
    }

    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        if matches!(unary.op, op!("~") | op!(unary, "-") | op!(unary, "+")) {
            self.operand(&unary.arg);
        }
        unary.visit_children_with(self);
    }

    fn visit_computed_prop_name(&mut self, key: &ComputedPropName) {
        let is_symbol = matches!(&*key.expr, Expr::Member(member)
            if matches!(&*member.obj, Expr::Ident(object) if object.sym == *"Symbol"));
        self.0 |= !is_symbol && !is_primitive(&key.expr);
        key.visit_children_with(self);
    }

    fn visit_spread_element(&mut self, spread: &SpreadElement) {
        // Of an object literal: a getter in it runs.
        let has_getter = |object: &ObjectLit| {
            object
                .props
                .iter()
                .any(|it| matches!(it, PropOrSpread::Prop(it) if matches!(**it, Prop::Getter(_))))
        };
        self.0 |= matches!(&*spread.expr, Expr::Object(object) if has_getter(object));
        spread.visit_children_with(self);
    }

    // Calls and assignments stay whatever becomes of their values; functions do not run here.
    fn visit_call_expr(&mut self, _: &CallExpr) {}
    fn visit_opt_call(&mut self, _: &OptCall) {}
    fn visit_new_expr(&mut self, new: &NewExpr) {
        // Those that the compressor takes for pure make something of their argument.
        if let Expr::Ident(callee) = &*new.callee
            && (callee.sym.ends_with("Array") || callee.sym == *"String")
            && let Some([first, ..]) = new.args.as_deref()
        {
            self.0 |= !matches!(&*first.expr, Expr::Lit(_) | Expr::Array(_));
        }
    }
    fn visit_tagged_tpl(&mut self, _: &TaggedTpl) {}
    fn visit_assign_expr(&mut self, _: &AssignExpr) {}
    fn visit_update_expr(&mut self, _: &UpdateExpr) {}
    fn visit_await_expr(&mut self, _: &AwaitExpr) {}
    fn visit_yield_expr(&mut self, _: &YieldExpr) {}
    fn visit_member_expr(&mut self, _: &MemberExpr) {}
    fn visit_function(&mut self, _: &Function) {}
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_getter_prop(&mut self, getter: &GetterProp) {
        getter.key.visit_with(self);
    }
    fn visit_setter_prop(&mut self, setter: &SetterProp) {
        setter.key.visit_with(self);
    }
    fn visit_constructor(&mut self, _: &Constructor) {}
}

/// Whether the result of an operation that always looks like a number may be a BigInt: when both operands may be.
fn may_be_bigint(operation: &BinExpr) -> bool {
    let is_arithmetic = matches!(
        operation.op,
        op!("|")
            | op!("&")
            | op!("^")
            | op!("<<")
            | op!(">>")
            | op!(bin, "-")
            | op!("*")
            | op!("/")
            | op!("%")
            | op!("**")
    );
    is_arithmetic && [&operation.left, &operation.right].iter().all(|side| !is_number(side))
}

/// Whether a value is surely a number, or making it throws.
fn is_number(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(Lit::Num(_)) => true,
        Expr::Paren(paren) => is_number(&paren.expr),
        Expr::Unary(unary) => match unary.op {
            op!(unary, "+") => true,
            op!(unary, "-") | op!("~") => is_number(&unary.arg),
            _ => false,
        },
        Expr::Bin(operation) => match operation.op {
            op!(">>>") => true,
            op!(bin, "+") => is_number(&operation.left) && is_number(&operation.right),
            op!("&&") | op!("||") | op!("??") => false,
            _ => !may_be_bigint(operation),
        },
        Expr::Member(member) => static_property(&member.prop).is_some_and(|name| name == *"length"),
        Expr::Call(CallExpr { callee: Callee::Expr(callee), .. }) => match &**callee {
            Expr::Member(member) => {
                matches!(&*member.obj, Expr::Ident(object) if object.sym == *"Math")
                    || static_property(&member.prop).is_some_and(|name| {
                        ["charCodeAt", "codePointAt", "indexOf", "getTime"].contains(&name.as_str())
                    })
            }
            Expr::Ident(name) => ["Number", "parseInt", "parseFloat"].contains(&name.sym.as_str()),
            _ => false,
        },
        _ => false,
    }
}

/// Whether an operand is surely a string, number, boolean, `null` or `undefined`.
fn is_primitive(expression: &Expr) -> bool {
    match expression {
        // Its properties are numbers and functions, and nobody makes anything else of them.
        Expr::Member(member) => {
            matches!(&*member.obj, Expr::Ident(object) if object.sym == *"Math")
                && member.prop.is_ident()
        }
        Expr::Lit(literal) => !matches!(literal, Lit::Regex(_) | Lit::BigInt(_)),
        Expr::Paren(paren) => is_primitive(&paren.expr),
        // What is made of other operands is judged there.
        Expr::Tpl(_) => true,
        Expr::Unary(unary) => matches!(unary.op, op!("typeof") | op!("!") | op!("void")),
        Expr::Bin(binary) => match binary.op {
            op!("&&") | op!("||") | op!("??") => {
                is_primitive(&binary.left) && is_primitive(&binary.right)
            }
            op!("===") | op!("!==") | op!("==") | op!("!=") => true,
            op!("in") | op!("instanceof") | op!("<") | op!(">") | op!("<=") | op!(">=") => true,
            _ => is_primitive(&binary.left) && is_primitive(&binary.right),
        },
        Expr::Cond(conditional) => {
            is_primitive(&conditional.cons) && is_primitive(&conditional.alt)
        }
        _ => false,
    }
}
