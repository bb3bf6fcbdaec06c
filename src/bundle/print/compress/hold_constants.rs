//! Constants that the compressor computes with wrongly. Each is compared with what a runtime says in
//! `fixtures/bundle/minify/constants`; what it gets right is left to it.

use oxc_allocator::{Allocator, ArenaVec, TakeIn};
use oxc_ast::ast::{Argument, CallExpression, Expression, PropertyKey, TemplateElement};
use oxc_ast::builder::AstBuilder;
use oxc_ast_visit::{VisitMut, walk_mut};
use oxc_span::SPAN;

/// Makes such constants arguments of calls of `held`, of which the compressor knows nothing.
pub(super) struct HoldConstants<'a, 'b> {
    pub(super) held: &'b str,
    pub(super) allocator: &'a Allocator,
}

impl<'a> HoldConstants<'a, '_> {
    fn hold(&self, expression: &mut Expression<'a>) {
        let builder = AstBuilder::new(self.allocator);
        let callee =
            Expression::new_identifier(SPAN, self.allocator.alloc_str(self.held), &builder);
        let argument = Argument::from(expression.take_in(&self.allocator));
        let arguments = ArenaVec::from_iter_in([argument], &self.allocator);
        *expression =
            Expression::new_call_expression(SPAN, callee, None, arguments, false, &builder);
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
    // The largest below a half, which no addition of a half rounds down.
    number.is_subnormal() || number.abs().to_bits() == 0.5_f64.to_bits() - 1
}

fn is_hard_template(part: &TemplateElement<'_>) -> bool {
    let text = part.value.cooked.as_ref().map_or("", |text| text.as_str());
    is_hard_text(text, part.lone_surrogates)
}

impl<'a> VisitMut<'a> for HoldConstants<'a, '_> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        let is_hard = match &*expression {
            Expression::StringLiteral(text) => is_hard_text(&text.value, text.lone_surrogates),
            Expression::NumericLiteral(number) => is_hard_number(number.value),
            Expression::TemplateLiteral(template) => template.quasis.iter().any(is_hard_template),
            _ => false,
        };
        if is_hard {
            self.hold(expression);
        }
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        walk_mut::walk_call_expression(self, call);
        let Expression::StaticMemberExpression(member) = &call.callee else { return };
        let is_hard = match member.property.name.as_str() {
            // Counts bytes.
            "indexOf" | "lastIndexOf" => {
                call.arguments.iter().any(|given| matches!(given, Argument::StringLiteral(_)))
            }
            "cbrt" => true,
            _ => false,
        };
        if is_hard
            && let Some(first) = call.arguments.first_mut().and_then(Argument::as_expression_mut)
        {
            self.hold(first);
        }
    }

    fn visit_property_key(&mut self, key: &mut PropertyKey<'a>) {
        if !matches!(key, PropertyKey::StringLiteral(_) | PropertyKey::NumericLiteral(_)) {
            walk_mut::walk_property_key(self, key);
        }
    }
}
