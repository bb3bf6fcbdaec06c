//! Can this be dropped when nothing uses it? Conservative: what is not known to be pure is not.
//!
//! The rules are Rollup's and esbuild's where they agree: reading a declared variable is pure, reading a property
//! is not, a call is not unless it is marked `/* @__PURE__ */`, and a class is pure unless evaluating it runs code.

use swc_core::atoms::Atom;
use swc_core::common::{BytePos, Span};
use swc_core::ecma::ast::*;

use super::globals::PURE_NAMESPACES;
use super::judge::Judge;
use crate::bundle::graph::Chain;
use crate::bundle::syntax::static_chain;

impl Judge<'_> {
    /// Whether a statement does nothing but declare.
    pub(crate) fn statement(&self, statement: &Stmt) -> bool {
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
    pub(crate) fn expression(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Lit(_) | Expr::Fn(_) | Expr::Arrow(_) | Expr::This(_) | Expr::MetaProp(_) => true,
            Expr::Ident(ident) => {
                ident.ctxt != self.unresolved
                    || self.target.has_global(&ident.sym)
                    // What an injected file exports stands for a global.
                    || self.imports.contains_key(&ident.to_id())
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
                template.exprs.iter().all(|part| self.is_plain(part))
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
                    self.is_plain(&unary.arg) && !matches!(&*unary.arg, Expr::Lit(Lit::BigInt(_)))
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
                _ => self.is_plain(&binary.left) && self.is_plain(&binary.right),
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
            Expr::Member(member) => self.known_member(member) || self.reads_export(member),
            _ => false,
        }
    }

    /// Whether an expression is pure and gives a primitive, so that turning it into another value is pure, too. One walk
    /// through the expression, however deep.
    fn is_plain(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Paren(paren) => self.is_plain(&paren.expr),
            Expr::Tpl(template) => template.exprs.iter().all(|part| self.is_plain(part)),
            Expr::Unary(UnaryExpr {
                op: op!(unary, "-") | op!(unary, "+") | op!("~"),
                arg,
                ..
            }) => self.is_plain(arg),
            Expr::Bin(binary) => {
                !matches!(binary.op, op!("in") | op!("instanceof"))
                    && self.is_plain(&binary.left)
                    && self.is_plain(&binary.right)
            }
            Expr::Cond(either) => {
                self.expression(&either.test)
                    && self.is_plain(&either.cons)
                    && self.is_plain(&either.alt)
            }
            other => self.is_primitive(other) && self.expression(other),
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

    /// Reading a property of what a module exports does nothing. What imports are is known when they are bound.
    fn reads_export(&self, member: &MemberExpr) -> bool {
        let Some((root, names)) = static_chain(member) else { return false };
        match self.imports.get(&root.to_id()).filter(|_| self.reads_imports) {
            Some(symbol) => {
                let chain = Chain { symbol: *symbol, names, is_called: false };
                self.pure_if.borrow_mut().push(chain);
                true
            }
            None => false,
        }
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
    pub(crate) fn is_plain_key(&self, key: &Expr) -> bool {
        (self.is_primitive(key) || self.is_symbol(key)) && self.expression(key)
    }

    /// A class runs its `extends`, decorators, computed keys, static fields and static blocks when it is evaluated.
    pub(crate) fn class(&self, class: &Class) -> bool {
        class.decorators.is_empty()
            && class.super_class.as_ref().is_none_or(|parent| {
                matches!(&**parent, Expr::Ident(_) | Expr::Member(_) | Expr::Lit(Lit::Null(_)))
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
                            || property.value.as_ref().is_none_or(|value| self.expression(value)))
                }
                ClassMember::PrivateProp(property) => {
                    property.decorators.is_empty()
                        && (!property.is_static
                            || property.value.as_ref().is_none_or(|value| self.expression(value)))
                }
                ClassMember::StaticBlock(block) => {
                    block.body.stmts.iter().all(|statement| self.static_statement(statement))
                }
                ClassMember::AutoAccessor(accessor) => {
                    accessor.decorators.is_empty()
                        && (!accessor.is_static
                            || accessor.value.as_ref().is_none_or(|value| self.expression(value)))
                        && match &accessor.key {
                            Key::Private(_) => true,
                            Key::Public(key) => self.key(key),
                        }
                }
            })
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

/// An object or array that nobody else has a hand on.
fn is_fresh(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::Object(_) | Expr::Array(_) | Expr::Lit(_) | Expr::Fn(_) | Expr::Arrow(_)
    )
}
