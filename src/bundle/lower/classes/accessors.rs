//! `accessor x`: a private field, a getter and a setter.

use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, Span, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

use super::build::{function_body, method, return_of, static_name, this};
use crate::bundle::code;

/// `accessor x` with decorators of TypeScript's own kind: a private field, and a getter and a setter that are decorated.
pub(in crate::bundle::lower) fn expand_accessors(program: &mut Program) {
    program.visit_mut_with(&mut ExpandAccessors);
}

struct ExpandAccessors;

impl VisitMut for ExpandAccessors {
    noop_visit_mut_type!();

    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        write_natively(class);
    }
}

/// Writes the accessors of a class with private names of the language.
pub(super) fn write_natively(class: &mut Class) {
    let mut body = Vec::new();
    for member in class.body.take() {
        match member {
            ClassMember::AutoAccessor(accessor) => body.extend(native_accessor(accessor)),
            other => body.push(other),
        }
    }
    class.body = body;
}

/// A getter and a setter for a place that `read` reads and `write` writes from `value`.
pub(super) fn getter_and_setter(read: Expr, write: Expr) -> (Function, Function) {
    let getter =
        Function { body: Some(function_body(vec![return_of(read)])), ..Function::default() };
    let parameter = Param {
        span: DUMMY_SP,
        decorators: Vec::new(),
        pat: Pat::Ident(BindingIdent::from(Ident::new_no_ctxt("value".into(), DUMMY_SP))),
    };
    let setter = Function {
        params: vec![parameter],
        body: Some(function_body(vec![code::statement(write)])),
        ..Function::default()
    };
    (getter, setter)
}

fn native_accessor(accessor: AutoAccessor) -> Vec<ClassMember> {
    let (key, name) = match accessor.key {
        // Nobody outside can tell it from a field.
        Key::Private(name) => {
            let is_static = accessor.is_static;
            return vec![private_field(accessor.span, name, accessor.value, is_static)];
        }
        Key::Public(key) => {
            let name = static_name(&key).unwrap_or_else(|| "accessor".into());
            (key, name)
        }
    };
    let private = PrivateName {
        span: DUMMY_SP,
        name: format!("_{}_{}", crate::bundle::graph::identifier(&name), accessor.span.lo.0).into(),
    };
    let place = MemberExpr {
        span: DUMMY_SP,
        obj: Box::new(this()),
        prop: MemberProp::PrivateName(private.clone()),
    };
    let write = Expr::Assign(AssignExpr {
        span: DUMMY_SP,
        op: op!("="),
        left: AssignTarget::Simple(SimpleAssignTarget::Member(place.clone())),
        right: Box::new(code::ident(&"value".into())),
    });
    let (mut getter, setter) = getter_and_setter(Expr::Member(place), write);
    getter.decorators = accessor.decorators;
    vec![
        private_field(accessor.span, private, accessor.value, accessor.is_static),
        ClassMember::Method(method(key.clone(), MethodKind::Getter, accessor.is_static, getter)),
        ClassMember::Method(method(key, MethodKind::Setter, accessor.is_static, setter)),
    ]
}

fn private_field(
    span: Span,
    key: PrivateName,
    value: Option<Box<Expr>>,
    is_static: bool,
) -> ClassMember {
    ClassMember::PrivateProp(PrivateProp {
        span,
        ctxt: SyntaxContext::empty(),
        key,
        value,
        type_ann: None,
        is_static,
        decorators: Vec::new(),
        accessibility: None,
        is_optional: false,
        is_override: false,
        readonly: false,
        definite: false,
    })
}
