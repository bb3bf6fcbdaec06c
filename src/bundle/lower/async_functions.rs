//! Asynchronous functions and generators as generators that a helper runs, and `for await` as a loop that waits: for
//! outputs that may not have them (before ES2017; asynchronous generators and `for await` before ES2018).

use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use super::classes::build::{call, declare, fresh, function_body, return_of, this, use_of};
use crate::bundle::code;
use crate::bundle::syntax::HoistedNames;

/// Lowers those of a program; whether there were any, which need helper functions then. `await` at the top of a module
/// stays.
pub(crate) fn lower_async(program: &mut Program, lowers_functions: bool) -> bool {
    let mut lowering = Lowering { lowers_functions, is_used: false };
    program.visit_mut_with(&mut lowering);
    lowering.is_used
}

struct Lowering {
    /// Whether asynchronous functions go, too, not only generators and `for await`.
    lowers_functions: bool,
    is_used: bool,
}

/// What a body speaks of that it has from its function.
#[derive(Default)]
struct Mentions {
    this: bool,
    arguments: bool,
    new_target: bool,
    super_property: bool,
    for_await: bool,
}

impl Visit for Mentions {
    noop_visit_type!();

    fn visit_function(&mut self, _: &Function) {}
    fn visit_getter_prop(&mut self, getter: &GetterProp) {
        getter.key.visit_with(self);
    }
    fn visit_setter_prop(&mut self, setter: &SetterProp) {
        setter.key.visit_with(self);
    }
    fn visit_class(&mut self, class: &Class) {
        class.super_class.visit_with(self);
        class.decorators.visit_with(self);
        for member in &class.body {
            match member {
                ClassMember::Method(method) => method.key.visit_with(self),
                ClassMember::ClassProp(field) => field.key.visit_with(self),
                _ => {}
            }
        }
    }

    fn visit_this_expr(&mut self, _: &ThisExpr) {
        self.this = true;
    }
    fn visit_ident(&mut self, ident: &Ident) {
        self.arguments |= ident.sym == *"arguments";
    }
    fn visit_meta_prop_expr(&mut self, meta: &MetaPropExpr) {
        self.new_target |= meta.kind == MetaPropKind::NewTarget;
    }
    fn visit_super_prop_expr(&mut self, property: &SuperPropExpr) {
        self.super_property = true;
        property.visit_children_with(self);
    }
    fn visit_for_of_stmt(&mut self, statement: &ForOfStmt) {
        self.for_await |= statement.is_await;
        statement.visit_children_with(self);
    }
}

/// Names under which a body finds what belonged to its function.
struct Captured {
    arguments: Option<Ident>,
    new_target: Option<Ident>,
    /// A function from a key to an object whose `_` is the property of `super`.
    super_access: Option<Ident>,
}

/// Moves a body into a generator: `await` becomes `yield`.
struct MoveBody {
    captured: Captured,
    is_generator: bool,
    /// Whether this is an asynchronous arrow function in it, which may stay one.
    is_inner: bool,
}

impl MoveBody {
    fn wait(&self, value: Expr) -> Expr {
        let value = if self.is_generator { call("__pause", vec![value]) } else { value };
        yield_of(value, false)
    }

    /// `_super("name")._`
    fn super_member(&mut self, property: &mut SuperPropExpr) -> Option<Expr> {
        property.visit_mut_children_with(self);
        let access = self.captured.super_access.as_ref()?;
        let key = match &mut property.prop {
            SuperProp::Ident(name) => code::string(&name.sym),
            SuperProp::Computed(key) => *key.expr.take(),
        };
        let reference = code::call_expression(use_of(access), vec![key]);
        Some(code::member(reference, &"_".into(), property.span))
    }
}

fn yield_of(value: Expr, delegate: bool) -> Expr {
    let arg = Some(Box::new(value));
    Expr::Paren(ParenExpr {
        span: DUMMY_SP,
        expr: Box::new(Expr::Yield(YieldExpr { span: DUMMY_SP, arg, delegate })),
    })
}

impl VisitMut for MoveBody {
    noop_visit_mut_type!();

    fn visit_mut_function(&mut self, _: &mut Function) {}
    fn visit_mut_getter_prop(&mut self, getter: &mut GetterProp) {
        getter.key.visit_mut_with(self);
    }
    fn visit_mut_setter_prop(&mut self, setter: &mut SetterProp) {
        setter.key.visit_mut_with(self);
    }
    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        // `await` and `return` in it are its own, `this` and the like are not.
        let was_inner = std::mem::replace(&mut self.is_inner, true);
        arrow.visit_mut_children_with(self);
        self.is_inner = was_inner;
    }
    fn visit_mut_class(&mut self, class: &mut Class) {
        class.super_class.visit_mut_with(self);
        class.decorators.visit_mut_with(self);
        for member in &mut class.body {
            match member {
                ClassMember::Method(method) => method.key.visit_mut_with(self),
                ClassMember::ClassProp(field) => field.key.visit_mut_with(self),
                _ => {}
            }
        }
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let (Prop::Shorthand(name), Some(arguments)) = (&property, &self.captured.arguments)
            && name.sym == *"arguments"
        {
            *property = Prop::KeyValue(KeyValueProp {
                key: PropName::Ident(IdentName::from(name.clone())),
                value: Box::new(use_of(arguments)),
            });
            return;
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::SuperProp(property) = target
            && let Some(Expr::Member(member)) = self.super_member(property)
        {
            *target = SimpleAssignTarget::Member(member);
            return;
        }
        target.visit_mut_children_with(self);
    }

    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        statement.visit_mut_children_with(self);
        if let Stmt::Return(end) = statement
            && self.is_generator
            && !self.is_inner
            && let Some(value) = end.arg.take()
        {
            end.arg = Some(Box::new(self.wait(*value)));
        }
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Await(waiting) if !self.is_inner => {
                waiting.arg.visit_mut_with(self);
                *expression = self.wait(*waiting.arg.take());
            }
            Expr::Yield(given) if self.is_generator => {
                given.arg.visit_mut_with(self);
                let value = given.arg.take().map_or_else(code::void_0, |value| *value);
                *expression = if given.delegate {
                    yield_of(call("__yieldStar", vec![value]), true)
                } else {
                    yield_of(self.wait(value), false)
                };
            }
            Expr::Ident(name) if name.sym == *"arguments" => {
                if let Some(arguments) = &self.captured.arguments {
                    *expression = use_of(arguments);
                }
            }
            Expr::MetaProp(meta) if meta.kind == MetaPropKind::NewTarget => {
                // Only an arrow function can have one: its surroundings'.
                *expression = self.captured.new_target.as_ref().map_or_else(code::void_0, use_of);
            }
            Expr::Call(CallExpr { callee: Callee::Expr(callee), args, .. })
                if callee.is_super_prop() =>
            {
                args.visit_mut_with(self);
                callee.visit_mut_with(self);
                let method = code::member(*callee.take(), &"call".into(), DUMMY_SP);
                let mut arguments = args.take();
                arguments.insert(0, ExprOrSpread::from(this()));
                let mut moved = code::call_expression(method, Vec::new());
                if let Expr::Call(call) = &mut moved {
                    call.args = arguments;
                }
                *expression = moved;
            }
            Expr::TaggedTpl(template) if template.tag.is_super_prop() => {
                template.visit_mut_children_with(self);
                let method = code::member(*template.tag.take(), &"bind".into(), DUMMY_SP);
                *template.tag = code::call_expression(method, vec![this()]);
            }
            Expr::SuperProp(property) => {
                if let Some(member) = self.super_member(property) {
                    *expression = member;
                }
            }
            other => other.visit_mut_children_with(self),
        }
    }
}

/// What a function becomes: the parameters that it keeps, and a body that calls a helper with the generator.
struct Moved {
    parameters: Vec<Pat>,
    body: Vec<Stmt>,
}

/// Whether parameters can stay where they are: they are names, and the body declares none of them again.
fn is_simple(parameters: &[Pat], body: &[Stmt]) -> bool {
    let names: Option<Vec<&Atom>> = parameters
        .iter()
        .map(|pattern| match pattern {
            Pat::Ident(name) => Some(&name.id.sym),
            _ => None,
        })
        .collect();
    let Some(names) = names else { return false };
    let mut hoisted = HoistedNames(Vec::new());
    body.visit_with(&mut hoisted);
    let functions = body.iter().filter_map(|statement| match statement {
        Stmt::Decl(Decl::Fn(function)) => Some(&function.ident.sym),
        _ => None,
    });
    // A variable of the body shares its place with a parameter, and would not in a function of its own.
    hoisted.0.iter().map(|ident| &ident.sym).chain(functions).all(|name| !names.contains(&name))
}

/// Puts a body into a generator that a helper runs.
fn move_body(
    parameters: Vec<Pat>,
    mut body: Vec<Stmt>,
    is_generator: bool,
    is_arrow: bool,
) -> Moved {
    let mut mentions = Mentions::default();
    body.visit_with(&mut mentions);
    let is_simple = is_simple(&parameters, &body);
    if !is_simple {
        parameters.visit_with(&mut mentions);
    }
    let directives = body
        .iter()
        .take_while(
            |one| matches!(one, Stmt::Expr(one) if matches!(&*one.expr, Expr::Lit(Lit::Str(_)))),
        )
        .count();
    let mut before: Vec<Stmt> = body.drain(..directives).collect();
    let mut name = |wanted: bool, name: &str, value: Expr| {
        wanted.then(|| {
            let name = fresh(name);
            before.push(declare(VarDeclKind::Var, &name, Some(value)));
            name
        })
    };
    let keeps_arguments = mentions.arguments && (is_simple || is_arrow);
    let captured = Captured {
        arguments: name(keeps_arguments, "arguments", code::ident(&"arguments".into())),
        new_target: name(
            mentions.new_target && is_arrow,
            "newTarget",
            Expr::MetaProp(MetaPropExpr { span: DUMMY_SP, kind: MetaPropKind::NewTarget }),
        ),
        super_access: name(mentions.super_property, "super", super_access()),
    };
    let mut inner = parameters;
    let (outer, arguments) = if is_simple {
        (std::mem::take(&mut inner), None)
    } else {
        let count = inner
            .iter()
            .take_while(|pattern| !matches!(pattern, Pat::Assign(_) | Pat::Rest(_)))
            .count();
        let names: Vec<Ident> = (0..count).map(|_| fresh("p")).collect();
        let mut outer: Vec<Pat> =
            names.iter().map(|name| Pat::Ident(name.clone().into())).collect();
        let arguments = if is_arrow {
            let rest = fresh("rest");
            let mut elements: Vec<_> =
                names.iter().map(|name| Some(ExprOrSpread::from(use_of(name)))).collect();
            elements
                .push(Some(ExprOrSpread { spread: Some(DUMMY_SP), expr: Box::new(use_of(&rest)) }));
            outer.push(Pat::Rest(RestPat {
                span: DUMMY_SP,
                dot3_token: DUMMY_SP,
                arg: Box::new(Pat::Ident(rest.into())),
                type_ann: None,
            }));
            Expr::Array(ArrayLit { span: DUMMY_SP, elems: elements })
        } else {
            code::ident(&"arguments".into())
        };
        (outer, Some(arguments))
    };
    let mut mover = MoveBody { captured, is_generator, is_inner: false };
    inner.visit_mut_with(&mut mover);
    body.visit_mut_with(&mut mover);
    let receiver = if is_arrow && !mentions.this && !mentions.super_property {
        code::void_0()
    } else {
        this()
    };
    let generator = Expr::Fn(FnExpr {
        ident: None,
        function: Box::new(Function {
            params: inner.into_iter().map(Param::from).collect(),
            body: Some(function_body(body)),
            is_generator: true,
            ..Function::dummy()
        }),
    });
    let helper = if is_generator { "__asyncGenerator" } else { "__async" };
    let arguments = arguments.unwrap_or_else(|| code::array(Vec::new()));
    before.push(return_of(call(helper, vec![receiver, arguments, generator])));
    Moved { parameters: outer, body: before }
}

/// `(key) => __accessor(() => super[key], (value) => super[key] = value)`
fn super_access() -> Expr {
    let (key, value) = (fresh("key"), fresh("value"));
    let property = || SuperPropExpr {
        span: DUMMY_SP,
        obj: Super { span: DUMMY_SP },
        prop: SuperProp::Computed(ComputedPropName {
            span: DUMMY_SP,
            expr: Box::new(use_of(&key)),
        }),
    };
    let read = arrow(Vec::new(), Expr::SuperProp(property()));
    let write = arrow(
        vec![value.clone()],
        Expr::Assign(AssignExpr {
            span: DUMMY_SP,
            op: op!("="),
            left: AssignTarget::Simple(SimpleAssignTarget::SuperProp(property())),
            right: Box::new(use_of(&value)),
        }),
    );
    arrow(vec![key.clone()], call("__accessor", vec![read, write]))
}

fn arrow(parameters: Vec<Ident>, value: Expr) -> Expr {
    let mut arrow = code::arrow(Vec::new(), value);
    if let Expr::Arrow(arrow) = &mut arrow {
        arrow.params = parameters.into_iter().map(|name| Pat::Ident(name.into())).collect();
    }
    arrow
}

impl Lowering {
    fn lowers(&self, is_async: bool, is_generator: bool) -> bool {
        is_async && (is_generator || self.lowers_functions)
    }
}

impl VisitMut for Lowering {
    noop_visit_mut_type!();

    fn visit_mut_function(&mut self, function: &mut Function) {
        function.visit_mut_children_with(self);
        let is_generator = function.is_generator;
        if function.is_async
            && let Some(body) = &mut function.body
        {
            self.is_used |= loops_wait(&mut body.stmts);
        }
        if !self.lowers(function.is_async, is_generator) {
            return;
        }
        let Some(body) = function.body.take() else { return };
        self.is_used = true;
        let parameters = function.params.take().into_iter().map(|parameter| parameter.pat);
        let moved = move_body(parameters.collect(), body.stmts, is_generator, false);
        function.params = moved.parameters.into_iter().map(Param::from).collect();
        function.body = Some(FunctionBody { span: body.span, stmts: moved.body });
        function.is_async = false;
        function.is_generator = false;
    }

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        arrow.visit_mut_children_with(self);
        if arrow.is_async
            && let ArrowFunctionBody::FunctionBody(body) = &mut *arrow.body
        {
            self.is_used |= loops_wait(&mut body.stmts);
        }
        if !self.lowers(arrow.is_async, false) {
            return;
        }
        self.is_used = true;
        let body = match arrow.body.take() {
            body if body.is_expr() => {
                let ArrowFunctionBody::Expr(value) = *body else { unreachable!("it is one") };
                vec![return_of(*value)]
            }
            body => {
                let ArrowFunctionBody::FunctionBody(body) = *body else {
                    unreachable!("there is no third")
                };
                body.stmts
            }
        };
        let moved = move_body(arrow.params.take(), body, false, true);
        arrow.params = moved.parameters;
        arrow.is_async = false;
        *arrow.body = ArrowFunctionBody::FunctionBody(function_body(moved.body));
    }
}

/// Rewrites the `for await` of a body; whether there were any.
fn loops_wait(body: &mut Vec<Stmt>) -> bool {
    let mut mentions = Mentions::default();
    body.visit_with(&mut mentions);
    if mentions.for_await {
        body.visit_mut_with(&mut WaitInLoops);
    }
    mentions.for_await
}

struct WaitInLoops;

impl VisitMut for WaitInLoops {
    noop_visit_mut_type!();

    fn visit_mut_function(&mut self, _: &mut Function) {}
    fn visit_mut_arrow_expr(&mut self, _: &mut ArrowExpr) {}

    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        let mut labels = Vec::new();
        let mut inner = &mut *statement;
        while let Stmt::Labeled(labelled) = inner {
            labels.push(labelled.label.clone());
            inner = &mut labelled.body;
        }
        match inner {
            Stmt::ForOf(of) if of.is_await => {
                of.visit_mut_children_with(self);
                *statement = wait_in_loop(of, labels);
            }
            _ => statement.visit_mut_children_with(self),
        }
    }
}

/// ```js
/// var iterator = __asyncIterator(list), step, failed, isOpen;
/// try {
///   for (; isOpen = !(step = __object(await iterator.next())).done; isOpen = false) { const x = step.value; … }
/// } catch (error) { failed = [error] } finally {
///   try { if (isOpen) __object(await iterator.close()) } finally { if (failed) throw failed[0] }
/// }
/// ```
fn wait_in_loop(of: &mut ForOfStmt, labels: Vec<Ident>) -> Stmt {
    let [iterator, step, failed, is_open, error] =
        ["iterator", "step", "failed", "isOpen", "error"].map(fresh);
    let method = |name: &str| {
        let method = code::member(use_of(&iterator), &name.into(), DUMMY_SP);
        let waiting = code::await_expression(code::call_expression(method, Vec::new()));
        call("__object", vec![waiting])
    };
    let assign = |name: &Ident, value: Expr| super::classes::build::assign_to(name, value);
    let done = code::member(assign(&step, method("next")), &"done".into(), DUMMY_SP);
    let value = code::member(use_of(&step), &"value".into(), DUMMY_SP);
    let bind = match of.left.take() {
        ForHead::VarDecl(mut declaration) => {
            if let Some(declarator) = declaration.decls.first_mut() {
                declarator.init = Some(Box::new(value));
            }
            Stmt::Decl(Decl::Var(declaration))
        }
        ForHead::UsingDecl(mut declaration) => {
            if let Some(declarator) = declaration.decls.first_mut() {
                declarator.init = Some(Box::new(value));
            }
            Stmt::Decl(Decl::Using(declaration))
        }
        ForHead::Pat(pattern) => code::statement(Expr::Assign(AssignExpr {
            span: DUMMY_SP,
            op: op!("="),
            left: AssignTarget::try_from(*pattern).expect("the head of a loop can be assigned to"),
            right: Box::new(value),
        })),
    };
    let block =
        |stmts: Vec<Stmt>| BlockStmt { span: DUMMY_SP, ctxt: SyntaxContext::empty(), stmts };
    let mut repeat = Stmt::For(ForStmt {
        span: of.span,
        init: None,
        test: Some(Box::new(assign(&is_open, not(done)))),
        update: Some(Box::new(assign(&is_open, boolean(false)))),
        body: Box::new(Stmt::Block(block(vec![bind, *of.body.take()]))),
    });
    for label in labels.into_iter().rev() {
        let body = Box::new(repeat);
        repeat = Stmt::Labeled(LabeledStmt { span: DUMMY_SP, label, body });
    }
    let condition = |name: &Ident, then: Stmt| {
        Stmt::If(IfStmt {
            span: DUMMY_SP,
            test: Box::new(use_of(name)),
            cons: Box::new(then),
            alt: None,
        })
    };
    let first = Expr::Member(MemberExpr {
        span: DUMMY_SP,
        obj: Box::new(use_of(&failed)),
        prop: MemberProp::Computed(ComputedPropName {
            span: DUMMY_SP,
            expr: Box::new(code::number(0.0)),
        }),
    });
    let rethrow = Stmt::Throw(ThrowStmt { span: DUMMY_SP, arg: Box::new(first) });
    let attempt = |block: BlockStmt, handler: Option<CatchClause>, finalizer: BlockStmt| {
        let finalizer = Some(finalizer);
        Stmt::Try(Box::new(TryStmt { span: DUMMY_SP, block, handler, finalizer }))
    };
    let close = attempt(
        block(vec![condition(&is_open, code::statement(method("close")))]),
        None,
        block(vec![condition(&failed, rethrow)]),
    );
    let handler = CatchClause {
        span: DUMMY_SP,
        param: Some(Pat::Ident(error.clone().into())),
        body: block(vec![code::statement(assign(&failed, code::array(vec![use_of(&error)])))]),
    };
    let list = *of.right.take();
    let mut declared =
        declare(VarDeclKind::Var, &iterator, Some(call("__asyncIterator", vec![list])));
    if let Stmt::Decl(Decl::Var(declaration)) = &mut declared {
        for name in [&step, &failed, &is_open] {
            // A loop around this one may have left something in them.
            let Stmt::Decl(Decl::Var(mut more)) =
                declare(VarDeclKind::Var, name, Some(code::void_0()))
            else {
                continue;
            };
            declaration.decls.append(&mut more.decls);
        }
    }
    Stmt::Block(block(vec![
        declared,
        attempt(block(vec![repeat]), Some(handler), block(vec![close])),
    ]))
}

fn not(value: Expr) -> Expr {
    Expr::Unary(UnaryExpr { span: DUMMY_SP, op: op!("!"), arg: Box::new(value) })
}

fn boolean(value: bool) -> Expr {
    Expr::Lit(Lit::Bool(Bool { span: DUMMY_SP, value }))
}
