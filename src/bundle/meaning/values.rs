//! What value an expression has, if that is known.

use swc_core::common::SyntaxContext;
use swc_core::ecma::ast::*;

use crate::bundle::graph::Constant;

/// A constant of a primitive type.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    String(String),
}

impl Value {
    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::String(value) => !value.is_empty(),
        }
    }

    pub(crate) fn is_nullish(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "object",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
        }
    }
}

/// The value of an expression that is made of literals; `unresolved` is the context of names that nothing declares.
pub(crate) fn constant(expression: &Expr, unresolved: SyntaxContext) -> Option<Value> {
    match expression {
        Expr::Lit(Lit::Str(text)) => text.value.as_str().map(|text| Value::String(text.to_owned())),
        Expr::Lit(Lit::Bool(value)) => Some(Value::Bool(value.value)),
        Expr::Lit(Lit::Num(number)) => Some(Value::Number(number.value)),
        Expr::Lit(Lit::Null(_)) => Some(Value::Null),
        Expr::Ident(ident) if ident.sym == *"undefined" && ident.ctxt == unresolved => {
            Some(Value::Undefined)
        }
        Expr::Unary(unary) if unary.op == UnaryOp::Void && matches!(&*unary.arg, Expr::Lit(_)) => {
            Some(Value::Undefined)
        }
        Expr::Unary(unary) if unary.op == UnaryOp::Minus => match constant(&unary.arg, unresolved)?
        {
            Value::Number(value) => Some(Value::Number(-value)),
            _ => None,
        },
        Expr::Paren(paren) => constant(&paren.expr, unresolved),
        _ => None,
    }
}

/// The same as what may stand in other modules.
pub(crate) fn shared_constant(expression: &Expr, unresolved: SyntaxContext) -> Option<Constant> {
    Some(match constant(expression, unresolved)? {
        Value::Undefined => return None,
        Value::Null => Constant::Null,
        Value::Bool(value) => Constant::Bool(value),
        Value::Number(value) => Constant::Number(value.to_bits()),
        Value::String(text) => Constant::String(text.into()),
    })
}
