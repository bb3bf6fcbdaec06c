//! Can this statement be dropped when nothing uses it? Conservative: what is not known to be pure is not.
//!
//! The rules are Rollup's and esbuild's where they agree: reading a declared variable is pure, reading a property
//! is not, a call is not unless it is marked `/* @__PURE__ */`, and a class is pure unless evaluating it runs code.

use std::cell::RefCell;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::{BytePos, Span, SyntaxContext};
use swc_core::ecma::ast::*;

use crate::bundle::graph::{Chain, Module};
use crate::bundle::options::Target;
use crate::bundle::syntax::static_chain;

/// What purity is judged by.
pub(super) struct Purity<'a> {
    /// Context of names that nothing in the module declares.
    pub(super) unresolved: SyntaxContext,
    /// Starts of calls that are marked pure.
    pub(super) pure_calls: &'a FxHashSet<BytePos>,
    /// Functions marked as having no side effects, by declaration.
    pub(super) pure_functions: &'a FxHashSet<Id>,
    /// Functions of the module that do nothing, by declaration.
    pub(super) harmless: FxHashSet<Id>,
    /// Those of them that read variables, with their symbols: in a circle of modules, calling one too early throws.
    pub(super) readers: FxHashMap<Id, u32>,
    /// Variables of the module that never hold anything but one plain value.
    pub(super) known_values: FxHashMap<Id, KnownValue>,
    /// The runtime, which has global variables.
    pub(super) target: Target,
    /// Whether marks such as `/* @__PURE__ */` count.
    pub(super) believe_annotations: bool,
    /// Imported symbols: what a call of one does is known when it is bound.
    pub(super) imports: &'a FxHashMap<Id, u32>,
    /// Calls that were taken for pure, until it is known what imports are and which modules stand in circles.
    pub(super) pure_if: RefCell<Vec<Chain>>,
}

/// What is known of the value of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownValue {
    /// A primitive other than a symbol: turning it into a string or a number runs no code.
    Primitive,
    /// What `Symbol(…)` gave: it can be a key.
    Symbol,
}

/// Constructors that only make an object when called with `new` and harmless arguments.
const PURE_CONSTRUCTORS: &[&str] = &[
    "Map",
    "Set",
    "WeakMap",
    "WeakSet",
    "Date",
    "Error",
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "TypeError",
    "URIError",
];

/// Constructors of platforms that only make an object when called without arguments.
const PLAIN_CONSTRUCTORS: &[&str] = &[
    "AbortController",
    "EventTarget",
    "FormData",
    "Headers",
    "Object",
    "TextDecoder",
    "TextEncoder",
    "URLSearchParams",
];

/// Functions on globals that compute from primitive arguments.
const PURE_NAMESPACES: &[&str] = &["Math", "Number", "String", "Symbol"];

impl Purity<'_> {
    /// Whether a statement does nothing but declare.
    pub(super) fn statement(&self, statement: &Stmt) -> bool {
        match statement {
            Stmt::Empty(_) => true,
            Stmt::Decl(Decl::Fn(_)) => true,
            Stmt::Decl(Decl::Class(class)) => self.class(&class.class),
            Stmt::Decl(Decl::Var(var)) => var.decls.iter().all(|declarator| {
                Self::pattern(&declarator.name, declarator.init.as_deref())
                    && declarator.init.as_ref().is_none_or(|init| self.expression(init))
            }),
            Stmt::Expr(statement) => self.expression(&statement.expr),
            // Unless the code is strict, a function in a block is seen outside of it, too.
            Stmt::Block(block) => block.stmts.iter().all(|statement| {
                !matches!(statement, Stmt::Decl(Decl::Fn(_))) && self.statement(statement)
            }),
            Stmt::If(statement) => {
                self.expression(&statement.test)
                    && self.statement(&statement.cons)
                    && statement.alt.as_ref().is_none_or(|alt| self.statement(alt))
            }
            Stmt::Try(statement) => {
                // What cannot throw needs no handler.
                statement.block.stmts.iter().all(|statement| self.statement(statement))
                    && statement.finalizer.as_ref().is_none_or(|block| {
                        block.stmts.iter().all(|statement| self.statement(statement))
                    })
            }
            _ => false,
        }
    }

    /// A pattern runs code through getters, iterators and defaults, unless it is a name, or an array pattern over an
    /// array literal.
    fn pattern(pattern: &Pat, init: Option<&Expr>) -> bool {
        match pattern {
            Pat::Ident(_) => true,
            Pat::Array(array) => {
                matches!(init, Some(Expr::Array(literal)) if literal.elems.iter().flatten().all(|element| element.spread.is_none()))
                    && array.elems.iter().flatten().all(|element| matches!(element, Pat::Ident(_)))
            }
            _ => false,
        }
    }

    /// Whether evaluating an expression has no effect that anyone could see.
    pub(super) fn expression(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Lit(_) | Expr::Fn(_) | Expr::Arrow(_) | Expr::This(_) | Expr::MetaProp(_) => true,
            Expr::Ident(ident) => {
                ident.ctxt != self.unresolved || self.target.has_global(&ident.sym)
            }
            Expr::Paren(paren) => self.expression(&paren.expr),
            Expr::Class(class) => self.class(&class.class),
            Expr::Array(array) => {
                array.elems.iter().flatten().all(|element| match element.spread {
                    None => self.expression(&element.expr),
                    Some(_) => {
                        matches!(&*element.expr, Expr::Array(_)) && self.expression(&element.expr)
                    }
                })
            }
            Expr::Object(object) => object.props.iter().all(|property| match property {
                // A spread reads all properties, and so runs getters.
                PropOrSpread::Spread(spread) => {
                    matches!(&*spread.expr, Expr::Object(object) if object.props.iter().all(
                        |property| !matches!(property, PropOrSpread::Prop(property) if matches!(&**property, Prop::Getter(_)))
                    )) && self.expression(&spread.expr)
                }
                PropOrSpread::Prop(property) => self.property(property),
            }),
            Expr::Tpl(template) => {
                template.exprs.iter().all(|part| self.is_primitive(part) && self.expression(part))
            }
            Expr::Seq(sequence) => sequence.exprs.iter().all(|part| self.expression(part)),
            Expr::Cond(conditional) => {
                self.expression(&conditional.test)
                    && self.expression(&conditional.cons)
                    && self.expression(&conditional.alt)
            }
            Expr::Unary(unary) => match unary.op {
                UnaryOp::TypeOf => {
                    matches!(&*unary.arg, Expr::Ident(_)) || self.expression(&unary.arg)
                }
                UnaryOp::Void | UnaryOp::Bang => self.expression(&unary.arg),
                UnaryOp::Minus | UnaryOp::Plus | UnaryOp::Tilde => {
                    self.is_primitive(&unary.arg) && !matches!(&*unary.arg, Expr::Lit(Lit::BigInt(_)))
                }
                UnaryOp::Delete => false,
            },
            Expr::Bin(binary) => match binary.op {
                op!("==") | op!("!=") => {
                    // An object is asked for its value, but not beside `null` or `undefined` (ECMA-262, 7.2.14).
                    let asks_nobody = self.is_nullish(&binary.left)
                        || self.is_nullish(&binary.right)
                        || (self.is_primitive(&binary.left) && self.is_primitive(&binary.right));
                    asks_nobody && self.expression(&binary.left) && self.expression(&binary.right)
                }
                op!("===") | op!("!==") | op!("??") | op!("&&") | op!("||") => {
                    self.expression(&binary.left) && self.expression(&binary.right)
                }
                op!("in") | op!("instanceof") => false,
                _ => self.is_primitive(&binary.left) && self.is_primitive(&binary.right),
            },
            Expr::Call(call) => self.call(call),
            Expr::New(new) => {
                let arguments = new.args.as_deref().unwrap_or_default();
                (self.is_marked(new.span)
                    || self.is_pure_constructor(&new.callee, arguments)
                    || self.makes_only(&new.callee, arguments))
                    && self.arguments(arguments)
            }
            Expr::TaggedTpl(template) => {
                self.is_marked(template.span)
                    && template.tpl.exprs.iter().all(|part| self.expression(part))
            }
            Expr::Member(member) => self.known_member(member),
            _ => false,
        }
    }

    fn call(&self, call: &CallExpr) -> bool {
        let Callee::Expr(callee) = &call.callee else { return false };
        let is_pure = self.is_marked(call.span)
            || match &**callee {
                Expr::Ident(ident) if ident.ctxt == self.unresolved => {
                    ident.sym == *"Symbol"
                        && call.args.iter().all(|argument| self.is_primitive(&argument.expr))
                }
                Expr::Ident(ident) if self.harmless.contains(&ident.to_id()) => {
                    if let Some(symbol) = self.readers.get(&ident.to_id()).copied() {
                        let chain = Chain { symbol, names: Vec::new(), is_called: false };
                        self.pure_if.borrow_mut().push(chain);
                    }
                    true
                }
                Expr::Ident(ident) => {
                    self.believe_annotations
                        && (self.pure_functions.contains(&ident.to_id())
                            || self.is_pure_import(ident, Vec::new()))
                }
                Expr::Member(member)
                    if static_chain(member)
                        .is_some_and(|(root, _)| self.imports.contains_key(&root.to_id())) =>
                {
                    static_chain(member)
                        .is_some_and(|(root, names)| self.is_pure_import(root, names))
                }
                Expr::Member(member) => match (&*member.obj, &member.prop) {
                    (Expr::Ident(object), MemberProp::Ident(name))
                        if object.ctxt == self.unresolved =>
                    {
                        let primitive_arguments =
                            call.args.iter().all(|argument| self.is_primitive(&argument.expr));
                        (PURE_NAMESPACES.contains(&object.sym.as_str()) && primitive_arguments)
                            || (object.sym == *"Object"
                                && matches!(
                                    name.sym.as_str(),
                                    "freeze" | "seal" | "create" | "keys" | "preventExtensions"
                                )
                                && call.args.iter().all(|argument| is_fresh(&argument.expr)))
                            || (object.sym == *"Array"
                                && matches!(name.sym.as_str(), "isArray" | "of"))
                    }
                    _ => false,
                },
                Expr::Paren(_) | Expr::Arrow(_) | Expr::Fn(_) => self.is_pure_iife(callee),
                _ => false,
            };
        is_pure && self.arguments(&call.args)
    }

    /// A call of an import is pure if what it turns out to be is.
    fn is_pure_import(&self, root: &Ident, names: Vec<Atom>) -> bool {
        let Some(symbol) = self.imports.get(&root.to_id()) else { return false };
        let is_called = !names.is_empty();
        self.pure_if.borrow_mut().push(Chain { symbol: *symbol, names, is_called });
        true
    }

    /// `(() => expression)()` is as pure as the expression.
    fn is_pure_iife(&self, callee: &Expr) -> bool {
        match callee {
            Expr::Paren(paren) => self.is_pure_iife(&paren.expr),
            Expr::Arrow(arrow) if !arrow.is_async && arrow.params.is_empty() => {
                match &*arrow.body {
                    ArrowFunctionBody::Expr(expression) => self.expression(expression),
                    ArrowFunctionBody::FunctionBody(body) => body.stmts.is_empty(),
                }
            }
            Expr::Fn(function) => {
                !function.function.is_async
                    && function.function.body.as_ref().is_some_and(|body| body.stmts.is_empty())
                    && function.function.params.is_empty()
            }
            _ => false,
        }
    }

    fn arguments(&self, arguments: &[ExprOrSpread]) -> bool {
        arguments.iter().all(|argument| {
            self.expression(&argument.expr)
                && (argument.spread.is_none() || matches!(&*argument.expr, Expr::Array(_)))
        })
    }

    fn is_pure_constructor(&self, callee: &Expr, arguments: &[ExprOrSpread]) -> bool {
        let Expr::Ident(ident) = callee else { return false };
        if ident.ctxt != self.unresolved || !self.target.has_global(&ident.sym) {
            return false;
        }
        (arguments.is_empty() && PLAIN_CONSTRUCTORS.contains(&ident.sym.as_str()))
            || PURE_CONSTRUCTORS.contains(&ident.sym.as_str())
                && match arguments {
                    [] => true,
                    [only] => match (ident.sym.as_str(), &*only.expr) {
                        (_, argument) if self.is_primitive(argument) => true,
                        ("Set" | "WeakSet", Expr::Array(_)) => true,
                        ("Map" | "WeakMap", Expr::Array(pairs)) => pairs
                            .elems
                            .iter()
                            .flatten()
                            .all(|pair| matches!(&*pair.expr, Expr::Array(_))),
                        _ => false,
                    },
                    _ => arguments.iter().all(|argument| self.is_primitive(&argument.expr)),
                }
    }

    /// `new class extends Error { name = "Aborted" }()`: a class without a constructor, whose fields hold what is pure.
    fn makes_only(&self, callee: &Expr, arguments: &[ExprOrSpread]) -> bool {
        let class = match callee {
            Expr::Paren(paren) => return self.makes_only(&paren.expr, arguments),
            Expr::Class(class) => &class.class,
            _ => return false,
        };
        self.class(class)
            && match class.super_class.as_deref() {
                None => true,
                Some(Expr::Ident(_)) if arguments.iter().any(|one| one.spread.is_some()) => false,
                Some(parent @ Expr::Ident(_)) => self.is_pure_constructor(parent, arguments),
                Some(_) => false,
            }
            && class.body.iter().all(|member| match member {
                ClassMember::Constructor(_) | ClassMember::AutoAccessor(_) => false,
                ClassMember::ClassProp(field) => {
                    field.value.as_deref().is_none_or(|value| self.expression(value))
                }
                ClassMember::PrivateProp(field) => {
                    field.value.as_deref().is_none_or(|value| self.expression(value))
                }
                _ => true,
            })
    }

    /// `Math.PI`, `Symbol.iterator`, `Number.MAX_VALUE`, `Object.prototype`: properties that have been there always.
    fn known_member(&self, member: &MemberExpr) -> bool {
        match (&*member.obj, &member.prop) {
            (Expr::Ident(object), MemberProp::Ident(name)) if object.ctxt == self.unresolved => {
                PURE_NAMESPACES.contains(&object.sym.as_str())
                    || (matches!(
                        object.sym.as_str(),
                        "Object" | "Array" | "Function" | "Reflect" | "JSON" | "Promise"
                    ) && name.sym != *"caller"
                        && name.sym != *"arguments")
            }
            (Expr::Member(inner), MemberProp::Ident(_)) => {
                matches!(&inner.prop, MemberProp::Ident(name) if name.sym == *"prototype")
                    && self.known_member(inner)
            }
            // `import.meta.url` is a plain property.
            (Expr::MetaProp(_), MemberProp::Ident(_)) => true,
            _ => false,
        }
    }

    fn is_marked(&self, span: Span) -> bool {
        self.believe_annotations && (span.lo == BytePos::PURE || self.pure_calls.contains(&span.lo))
    }

    fn property(&self, property: &Prop) -> bool {
        match property {
            Prop::Shorthand(ident) => self.expression(&Expr::Ident(ident.clone())),
            Prop::KeyValue(pair) => self.key(&pair.key) && self.expression(&pair.value),
            Prop::Getter(getter) => self.key(&getter.key),
            Prop::Setter(setter) => self.key(&setter.key),
            Prop::Method(method) => self.key(&method.key),
            Prop::Assign(_) => false,
        }
    }

    fn key(&self, key: &PropName) -> bool {
        match key {
            PropName::Computed(computed) => self.is_plain_key(&computed.expr),
            _ => true,
        }
    }

    /// Whether a computed key is read without running code: a primitive, or `Symbol.iterator` and the like.
    pub(super) fn is_plain_key(&self, key: &Expr) -> bool {
        (self.is_primitive(key) || self.is_symbol(key)) && self.expression(key)
    }

    fn is_symbol(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Ident(ident) => {
                self.known_values.get(&ident.to_id()) == Some(&KnownValue::Symbol)
            }
            Expr::Member(member) => matches!(&*member.obj, Expr::Ident(object)
                if object.sym == *"Symbol" && object.ctxt == self.unresolved),
            _ => false,
        }
    }

    /// Looks for variables at the top of the module whose only value is a primitive or a symbol.
    pub(super) fn find_known_values(&mut self, body: &[Stmt], module: &Module) {
        for statement in body {
            let Stmt::Decl(Decl::Var(declaration)) = statement else { continue };
            for declarator in &declaration.decls {
                let (Pat::Ident(ident), Some(init)) = (&declarator.name, &declarator.init) else {
                    continue;
                };
                let is_only_value = module.symbol_of.get(&ident.to_id()).is_some_and(|symbol| {
                    let symbol = &module.symbols[*symbol as usize];
                    !symbol.is_reassigned && symbol.declared_by.len() == 1
                });
                let value = match &**init {
                    init if self.is_primitive(init) => KnownValue::Primitive,
                    Expr::Call(CallExpr { callee: Callee::Expr(callee), .. })
                        if matches!(&**callee, Expr::Ident(callee)
                            if callee.sym == *"Symbol" && callee.ctxt == self.unresolved) =>
                    {
                        KnownValue::Symbol
                    }
                    _ => continue,
                };
                if is_only_value {
                    self.known_values.insert(ident.to_id(), value);
                }
            }
        }
    }

    /// A class runs its `extends`, decorators, computed keys, static fields and static blocks when it is evaluated.
    pub(super) fn class(&self, class: &Class) -> bool {
        class.decorators.is_empty()
            && class.super_class.as_ref().is_none_or(|parent| {
                matches!(&**parent, Expr::Ident(_) | Expr::Lit(Lit::Null(_)))
                    && self.expression(parent)
            })
            && class.body.iter().all(|member| match member {
                ClassMember::Constructor(_)
                | ClassMember::PrivateMethod(_)
                | ClassMember::Empty(_) => true,
                ClassMember::TsIndexSignature(_) => true,
                ClassMember::Method(method) => {
                    method.function.decorators.is_empty() && self.key(&method.key)
                }
                ClassMember::ClassProp(property) => {
                    property.decorators.is_empty()
                        && self.key(&property.key)
                        && (!property.is_static
                            || property.value.as_ref().is_none_or(|value| self.static_value(value)))
                }
                ClassMember::PrivateProp(property) => {
                    property.decorators.is_empty()
                        && (!property.is_static
                            || property.value.as_ref().is_none_or(|value| self.static_value(value)))
                }
                ClassMember::StaticBlock(block) => {
                    block.body.stmts.iter().all(|statement| self.static_statement(statement))
                }
                ClassMember::AutoAccessor(accessor) => {
                    accessor.decorators.is_empty()
                        && (!accessor.is_static
                            || accessor.value.as_ref().is_none_or(|value| self.static_value(value)))
                        && match &accessor.key {
                            Key::Private(_) => true,
                            Key::Public(key) => self.key(key),
                        }
                }
            })
    }

    fn is_nullish(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Lit(Lit::Null(_)) => true,
            Expr::Ident(ident) => ident.sym == *"undefined" && ident.ctxt == self.unresolved,
            Expr::Unary(unary) => unary.op == UnaryOp::Void,
            Expr::Paren(paren) => self.is_nullish(&paren.expr),
            _ => false,
        }
    }

    /// Whether the value is surely a primitive, so that turning it into a string or number runs no code; symbols excluded.
    fn is_primitive(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Ident(ident) => {
                self.known_values.get(&ident.to_id()) == Some(&KnownValue::Primitive)
            }
            Expr::Lit(literal) => !matches!(literal, Lit::Regex(_)),
            Expr::Tpl(template) => template.exprs.iter().all(|part| self.is_primitive(part)),
            Expr::Paren(paren) => self.is_primitive(&paren.expr),
            Expr::Unary(unary) => match unary.op {
                UnaryOp::TypeOf | UnaryOp::Void | UnaryOp::Bang => {
                    matches!(&*unary.arg, Expr::Lit(_) | Expr::Ident(_))
                }
                UnaryOp::Minus | UnaryOp::Plus | UnaryOp::Tilde => self.is_primitive(&unary.arg),
                UnaryOp::Delete => false,
            },
            Expr::Bin(binary) => {
                !matches!(binary.op, op!("in") | op!("instanceof"))
                    && self.is_primitive(&binary.left)
                    && self.is_primitive(&binary.right)
            }
            Expr::Cond(conditional) => {
                self.is_primitive(&conditional.cons) && self.is_primitive(&conditional.alt)
            }
            _ => false,
        }
    }

    fn static_value(&self, value: &Expr) -> bool {
        self.expression(value)
    }

    /// `this.name = pure` in a static block only touches the class itself.
    fn static_statement(&self, statement: &Stmt) -> bool {
        if let Stmt::Expr(statement) = statement
            && let Expr::Assign(assign) = &*statement.expr
            && assign.op == op!("=")
            && let AssignTarget::Simple(SimpleAssignTarget::Member(member)) = &assign.left
            && matches!(&*member.obj, Expr::This(_))
            && !matches!(&member.prop, MemberProp::Computed(_))
        {
            return self.expression(&assign.right);
        }
        self.statement(statement)
    }
}

/// The variable that a TypeScript namespace fills: `(function(N) { … })(N || (N = {}))`, when filling it is all that
/// the function does.
pub(super) fn filled_namespace<'a>(purity: &Purity<'_>, statement: &'a Stmt) -> Option<&'a Ident> {
    let (argument, function) = namespace_call(statement)?;
    // `N || (N = {})`
    let (Expr::Ident(target), value) = or_assigned(argument)? else { return None };
    let is_target = matches!(value.left.as_ident(), Some(name) if name.to_id() == target.to_id());
    (is_target && is_pure_namespace_body(purity, function)).then_some(target)
}

/// `x` and `y = {}` of `x || (y = {})`.
fn or_assigned(argument: &Expr) -> Option<(&Expr, &AssignExpr)> {
    match argument {
        Expr::Bin(binary) if binary.op == op!("||") => match unwrapped(&binary.right) {
            Expr::Assign(value)
                if value.op == op!("=")
                    && matches!(&*value.right, Expr::Object(object) if object.props.is_empty()) =>
            {
                Some((&*binary.left, value))
            }
            _ => None,
        },
        _ => None,
    }
}

fn unwrapped(mut expression: &Expr) -> &Expr {
    while let Expr::Paren(paren) = expression {
        expression = &paren.expr;
    }
    expression
}

fn namespace_call(statement: &Stmt) -> Option<(&Expr, &Function)> {
    let Stmt::Expr(statement) = statement else { return None };
    let Expr::Call(call) = unwrapped(&statement.expr) else { return None };
    let Callee::Expr(callee) = &call.callee else { return None };
    match (unwrapped(callee), call.args.as_slice()) {
        (Expr::Fn(function), [argument])
            if argument.spread.is_none() && function.function.params.len() == 1 =>
        {
            Some((&*argument.expr, &function.function))
        }
        _ => None,
    }
}

fn is_pure_namespace_body(purity: &Purity<'_>, function: &Function) -> bool {
    let Some(Pat::Ident(parameter)) = function.params.first().map(|parameter| &parameter.pat)
    else {
        return false;
    };
    let Some(body) = &function.body else { return false };
    let is_parameter = |expression: &Expr| matches!(expression, Expr::Ident(ident) if ident.to_id() == parameter.to_id());
    let is_local = |name: &Ident| {
        body.stmts.iter().any(|statement| {
            matches!(statement, Stmt::Decl(Decl::Var(declaration))
                if declaration.decls.iter().any(|one|
                    matches!(one.name.as_ident(), Some(local) if local.to_id() == name.to_id())))
        })
    };
    body.stmts.iter().all(|statement| match statement {
        Stmt::Expr(inner) => match &*inner.expr {
            // `N.name = value`
            Expr::Assign(assign) if assign.op == op!("=") => {
                matches!(&assign.left, AssignTarget::Simple(SimpleAssignTarget::Member(member))
                    if is_parameter(&member.obj) && !matches!(member.prop, MemberProp::Computed(_)))
                    && purity.expression(&assign.right)
            }
            _ => namespace_call(statement).is_some_and(|(argument, nested)| {
                is_inner(argument, &is_parameter, &is_local)
                    && is_pure_namespace_body(purity, nested)
            }),
        },
        Stmt::Decl(_) | Stmt::Empty(_) => purity.statement(statement),
        _ => false,
    })
}

/// What a namespace in a namespace is called with: `inner = N.inner || (N.inner = {})`, or the same without the variable.
fn is_inner(
    argument: &Expr,
    is_outer: &impl Fn(&Expr) -> bool,
    is_local: &impl Fn(&Ident) -> bool,
) -> bool {
    let argument = match argument {
        Expr::Assign(assign)
            if assign.op == op!("=")
                && assign.left.as_ident().is_some_and(|name| is_local(name)) =>
        {
            unwrapped(&assign.right)
        }
        other => other,
    };
    let is_member = |member: &MemberExpr| {
        is_outer(&member.obj) && !matches!(member.prop, MemberProp::Computed(_))
    };
    matches!(or_assigned(argument), Some((Expr::Member(member), value))
        if is_member(member)
            && matches!(&value.left, AssignTarget::Simple(SimpleAssignTarget::Member(member))
                if is_member(member)))
}

/// An object or array that nobody else has a hand on.
fn is_fresh(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::Object(_) | Expr::Array(_) | Expr::Lit(_) | Expr::Fn(_) | Expr::Arrow(_)
    )
}
