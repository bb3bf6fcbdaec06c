//! Constants that the compressor computes with wrongly. Each is compared with what a runtime says in
//! `fixtures/bundle/minify/constants`; what it gets right is left to it.

use oxc_allocator::{Allocator, ArenaVec, TakeIn};
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, CallExpression, Expression, ObjectPropertyKind, Program,
    PropertyKey, TemplateElement, UnaryExpression,
};
use oxc_ast::builder::AstBuilder;
use oxc_ast_visit::{VisitMut, walk_mut};
use oxc_span::SPAN;

/// Makes such constants arguments of calls of `held`, of which the compressor knows nothing. Says whether there are any.
pub(super) fn hold_constants<'a>(
    program: &mut Program<'a>,
    held: &str,
    allocator: &'a Allocator,
) -> bool {
    let mut holder = Holder { held, allocator, holds: false };
    holder.visit_program(program);
    holder.holds
}

/// Makes an expression the argument of a call of `held`.
pub(super) fn hold<'a>(expression: &mut Expression<'a>, held: &str, allocator: &'a Allocator) {
    let builder = AstBuilder::new(allocator);
    let callee = Expression::new_identifier(SPAN, allocator.alloc_str(held), &builder);
    let argument = Argument::from(expression.take_in(&allocator));
    let arguments = ArenaVec::from_iter_in([argument], &allocator);
    *expression = Expression::new_call_expression(SPAN, callee, None, arguments, false, &builder);
}

struct Holder<'a, 'b> {
    held: &'b str,
    allocator: &'a Allocator,
    holds: bool,
}

impl<'a> Holder<'a, '_> {
    fn hold(&mut self, expression: &mut Expression<'a>) {
        self.holds = true;
        hold(expression, self.held, self.allocator);
    }
}

/// Whether a text is counted in other units than UTF-16, has white space that is not seen or a number that is not read.
fn is_hard_text(text: &str, has_lone_surrogates: bool) -> bool {
    let is_space = |letter: char| letter.is_whitespace() || letter == '\u{feff}';
    let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else {
        return false;
    };
    let digits = text.trim_matches(is_space);
    let is_number = digits.starts_with(|letter: char| {
        letter.is_ascii_digit() || matches!(letter, '+' | '-' | '.' | 'I')
    });
    has_lone_surrogates
        || matches!(first, '\u{feff}' | '\u{85}')
        || matches!(last, '\u{feff}' | '\u{85}')
        || is_number && (is_space(last) || digits.contains('_'))
        || text.chars().any(|letter| letter.len_utf16() > 1)
}

fn is_hard_number(number: f64) -> bool {
    // The compressor's `Math.round` takes the largest number below a half to 1.
    number.is_subnormal() || number.abs().to_bits() == 0.5_f64.to_bits() - 1
}

fn is_hard_template(part: &TemplateElement<'_>) -> bool {
    let text = part.value.cooked.as_ref().map_or("", |text| text.as_str());
    is_hard_text(text, part.lone_surrogates)
}

/// Whether turning an array into a text or a number asks elements that the compressor does not look at.
fn asks_elements(expression: &Expression<'_>) -> bool {
    let Expression::ArrayExpression(array) = expression else { return false };
    let is_known = |element: &ArrayExpressionElement<'_>| {
        element.as_expression().is_some_and(Expression::is_literal)
    };
    !array.elements.iter().all(is_known)
}

/// Whether an object has a prototype of its own, which the compressor does not look at.
fn has_own_prototype(expression: &Expression<'_>) -> bool {
    let Expression::ObjectExpression(object) = expression else { return false };
    object.properties.iter().any(|property| {
        matches!(property, ObjectPropertyKind::ObjectProperty(property)
            if !property.computed && property.key.is_specific_static_name("__proto__"))
    })
}

impl<'a> VisitMut<'a> for Holder<'a, '_> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        let is_hard = match &mut *expression {
            Expression::StringLiteral(text) => is_hard_text(&text.value, text.lone_surrogates),
            Expression::NumericLiteral(number) => is_hard_number(number.value),
            Expression::TemplateLiteral(template) => {
                let is_hard = template.quasis.iter().any(is_hard_template);
                if is_hard {
                    for part in &mut template.expressions {
                        self.hold(part);
                    }
                }
                is_hard
            }
            Expression::ObjectExpression(_) => has_own_prototype(expression),
            _ => false,
        };
        if is_hard {
            self.hold(expression);
        }
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        walk_mut::walk_call_expression(self, call);
        let name = match &call.callee {
            Expression::StaticMemberExpression(member) => member.property.name,
            Expression::Identifier(name) => name.name,
            _ => return,
        };
        for given in call.arguments.iter_mut().filter_map(Argument::as_expression_mut) {
            let is_hard = match name.as_str() {
                // Counts bytes.
                "indexOf" | "lastIndexOf" => !given.is_number_literal(),
                // Misses the root by a bit, and takes what is near a whole number for one.
                "cbrt" | "isInteger" | "isSafeInteger" => true,
                // Takes `undefined` for 0.
                "slice" | "substring" | "substr" => given.is_void_0() || given.is_undefined(),
                "Number" | "isNaN" | "isFinite" => asks_elements(given),
                _ => false,
            };
            if is_hard {
                self.hold(given);
            }
        }
    }

    fn visit_unary_expression(&mut self, unary: &mut UnaryExpression<'a>) {
        walk_mut::walk_unary_expression(self, unary);
        if asks_elements(&unary.argument) {
            self.hold(&mut unary.argument);
        }
    }

    fn visit_property_key(&mut self, key: &mut PropertyKey<'a>) {
        if !matches!(key, PropertyKey::StringLiteral(_) | PropertyKey::NumericLiteral(_)) {
            walk_mut::walk_property_key(self, key);
        }
    }
}
