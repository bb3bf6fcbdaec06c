//! Private names: what stands for each, and how its uses are written.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::DUMMY_SP;
use swc_core::common::util::take::Take;
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use super::build::{call, use_of};
use crate::bundle::code;

/// What stands for a private name.
#[derive(Debug, Clone)]
pub(super) enum Private {
    /// A `WeakMap` from object to value.
    Field(Ident),
    /// A `WeakSet` of the objects that have it, and the function.
    Method(Ident, Ident),
    /// The objects that have it, and the functions that read and write.
    Accessor { brand: Ident, getter: Option<Ident>, setter: Option<Ident> },
}

impl Private {
    pub(super) fn member(&self) -> &Ident {
        match self {
            Self::Field(member)
            | Self::Method(member, _)
            | Self::Accessor { brand: member, .. } => member,
        }
    }

    pub(super) fn read(&self, object: Expr) -> Expr {
        match self {
            Self::Field(member) => call("__readPrivate", vec![object, use_of(member)]),
            Self::Method(brand, function) => {
                call("__privateMethod", vec![object, use_of(brand), use_of(function)])
            }
            Self::Accessor { brand, getter, .. } => {
                let mut arguments = vec![object, use_of(brand)];
                arguments.extend(getter.as_ref().map(use_of));
                call("__readPrivate", arguments)
            }
        }
    }

    pub(super) fn write(&self, object: Expr, value: Expr) -> Expr {
        let mut arguments = vec![object, use_of(self.member()), value];
        if let Self::Accessor { setter, .. } = self {
            arguments.extend(setter.as_ref().map(use_of));
        }
        call("__writePrivate", arguments)
    }

    /// `__privateRef(object, …)._`, which can stand wherever a property can.
    pub(super) fn reference(&self, object: Expr) -> MemberExpr {
        let mut arguments = vec![object, use_of(self.member())];
        if let Self::Accessor { getter, setter, .. } = self {
            arguments.push(setter.as_ref().map_or_else(code::void_0, use_of));
            arguments.push(getter.as_ref().map_or_else(code::void_0, use_of));
        }
        MemberExpr {
            span: DUMMY_SP,
            obj: Box::new(call("__privateRef", arguments)),
            prop: MemberProp::Ident(IdentName { span: DUMMY_SP, sym: "_".into() }),
        }
    }

    /// The value with its object bound, to be called.
    pub(super) fn bound(&self, object: Expr) -> Expr {
        let mut arguments = vec![object, use_of(self.member())];
        match self {
            Self::Field(_) => {}
            Self::Method(_, function) => arguments.extend([use_of(function), code::number(1.0)]),
            Self::Accessor { getter, .. } => arguments.extend(getter.as_ref().map(use_of)),
        }
        call("__privateBind", arguments)
    }
}

/// Writes uses of private names as calls of helpers.
pub(super) struct PrivateUses<'a> {
    pub(super) names: &'a FxHashMap<Atom, Private>,
    /// Names that a class further in declares itself.
    pub(super) shadowed: Vec<FxHashSet<Atom>>,
}

impl PrivateUses<'_> {
    pub(super) fn of(&self, member: &MemberExpr) -> Option<Private> {
        let MemberProp::PrivateName(name) = &member.prop else { return None };
        self.named(&name.name)
    }

    pub(super) fn named(&self, name: &Atom) -> Option<Private> {
        if self.shadowed.iter().any(|names| names.contains(name)) {
            return None;
        }
        self.names.get(name).cloned()
    }
}

pub(super) fn declared_private_names(class: &Class) -> FxHashSet<Atom> {
    class
        .body
        .iter()
        .filter_map(|member| match member {
            ClassMember::PrivateMethod(method) => Some(method.key.name.clone()),
            ClassMember::PrivateProp(field) => Some(field.key.name.clone()),
            ClassMember::AutoAccessor(accessor) => match &accessor.key {
                Key::Private(name) => Some(name.name.clone()),
                Key::Public(_) => None,
            },
            _ => None,
        })
        .collect()
}

pub(super) fn member_of(expression: &mut Expr) -> Option<&mut MemberExpr> {
    match expression {
        Expr::Member(member) => Some(member),
        Expr::Paren(paren) => member_of(&mut paren.expr),
        Expr::TsNonNull(inner) => member_of(&mut inner.expr),
        _ => None,
    }
}

impl VisitMut for PrivateUses<'_> {
    noop_visit_mut_type!();

    fn visit_mut_class(&mut self, class: &mut Class) {
        self.shadowed.push(declared_private_names(class));
        class.visit_mut_children_with(self);
        self.shadowed.pop();
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Call(call_expression) => {
                if let Callee::Expr(callee) = &mut call_expression.callee
                    && let Some(member) = member_of(callee)
                    && let Some(private) = self.of(member)
                {
                    member.obj.visit_mut_with(self);
                    call_expression.args.visit_mut_with(self);
                    let object = *member.obj.take();
                    // A getter may give the variable another value before the call.
                    let is_fixed = matches!(object, Expr::This(_))
                        || (matches!(object, Expr::Ident(_))
                            && !matches!(private, Private::Accessor { .. }));
                    if is_fixed {
                        let read = private.read(object.clone());
                        **callee = code::member(read, &"call".into(), DUMMY_SP);
                        call_expression
                            .args
                            .insert(0, ExprOrSpread { spread: None, expr: Box::new(object) });
                    } else {
                        **callee = private.bound(object);
                    }
                    return;
                }
            }
            Expr::TaggedTpl(template) => {
                if let Some(member) = member_of(&mut template.tag)
                    && let Some(private) = self.of(member)
                {
                    member.obj.visit_mut_with(self);
                    *template.tag = private.bound(*member.obj.take());
                    template.tpl.visit_mut_with(self);
                    return;
                }
            }
            Expr::Member(member) => {
                if let Some(private) = self.of(member) {
                    member.obj.visit_mut_with(self);
                    *expression = private.read(*member.obj.take());
                    return;
                }
            }
            Expr::Assign(assign) if assign.op == op!("=") => {
                if let AssignTarget::Simple(SimpleAssignTarget::Member(member)) = &mut assign.left
                    && let Some(private) = self.of(member)
                {
                    member.obj.visit_mut_with(self);
                    assign.right.visit_mut_with(self);
                    *expression = private.write(*member.obj.take(), *assign.right.take());
                    return;
                }
            }
            Expr::Update(update) => {
                if let Some(member) = member_of(&mut update.arg)
                    && let Some(private) = self.of(member)
                {
                    member.obj.visit_mut_with(self);
                    *member = private.reference(*member.obj.take());
                    return;
                }
            }
            Expr::Bin(test) if test.op == op!("in") => {
                if let Expr::PrivateName(name) = &*test.left
                    && let Some(private) = self.named(&name.name)
                {
                    test.right.visit_mut_with(self);
                    let arguments = vec![*test.right.take(), use_of(private.member())];
                    *expression = call("__hasPrivate", arguments);
                    return;
                }
            }
            _ => {}
        }
        expression.visit_mut_children_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::Member(member) = target
            && let Some(private) = self.of(member)
        {
            member.obj.visit_mut_with(self);
            *member = private.reference(*member.obj.take());
            return;
        }
        target.visit_mut_children_with(self);
    }

    fn visit_mut_pat(&mut self, pattern: &mut Pat) {
        if let Pat::Expr(expression) = pattern
            && let Some(member) = member_of(expression)
            && let Some(private) = self.of(member)
        {
            member.obj.visit_mut_with(self);
            *member = private.reference(*member.obj.take());
            return;
        }
        pattern.visit_mut_children_with(self);
    }
}
