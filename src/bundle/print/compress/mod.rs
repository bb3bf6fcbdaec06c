//! Text to smaller text: the only room that knows the compressor.

mod hold_constants;
mod inline;

use oxc_allocator::{Allocator, ArenaVec, TakeIn};
use oxc_ast::ast::{
    AssignmentTargetPropertyProperty, BindingProperty, CallExpression, ClassBody, ClassElement,
    Directive, Expression, IdentifierReference, MethodDefinition, NumberBase, ObjectProperty,
    PropertyDefinition, PropertyKey, Statement, TaggedTemplateExpression, UnaryExpression,
    VariableDeclaration, WithStatement,
};
use oxc_ast::builder::AstBuilder;
use oxc_ast_visit::{Visit, VisitMut, walk, walk_mut};
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions, IndentChar, LegalComment};
use oxc_compat::{Engine, EngineTargets, Version};
use oxc_mangler::{MangleOptions, Mangler};
use oxc_minifier::{CompressOptions, Compressor, PropertyReadSideEffects, TreeShakeOptions};
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::SemanticBuilder;
use oxc_span::{SPAN, SourceType};
use swc_core::common::LineCol;

use self::hold_constants::hold_constants;
use self::inline::inline_functions;
use crate::bundle::options::{Format, Options};

/// The smaller text.
pub(super) struct Compressed {
    pub(super) text: String,
    /// Places where a part begins, in their order, with the place of it in the text before. Columns count UTF-16 units.
    pub(super) places: Vec<(LineCol, LineCol)>,
}

/// A text that is no JavaScript.
pub(super) struct Unreadable {
    pub(super) message: String,
    /// Where in the text.
    pub(super) place: LineCol,
}

/// Makes the text of a chunk smaller as the options want it. Names in it are told apart by their text alone, and what an
/// output that is no module has around it is a function. Calls of `held` give way to what they are called with. Places
/// are told only if `has_places`.
///
/// # Errors
///
/// What the compressor cannot read.
pub(super) fn compress(
    text: &str,
    held: &str,
    is_strict: bool,
    has_places: bool,
    options: &Options,
) -> Result<Compressed, Unreadable> {
    let allocator = Allocator::default();
    let kind = if options.format == Format::Esm { SourceType::mjs() } else { SourceType::cjs() };
    let parsed = Parser::new(&allocator, text, kind)
        .with_options(ParseOptions {
            allow_return_outside_function: true,
            preserve_parens: false,
            ..ParseOptions::default()
        })
        .parse();
    if let Some(problem) = parsed.diagnostics.first() {
        let at = problem.labels.first().map_or(0, |label| label.offset() as usize);
        return Err(Unreadable { message: problem.message.to_string(), place: place(text, at) });
    }
    let mut program = parsed.program;
    // The words themselves come with what is put around an output.
    let directives = program.directives.len();
    if is_strict && options.format != Format::Esm {
        program.directives.push(Directive::new_use_strict(&AstBuilder::new(&allocator)));
    }
    let mut with = InWith::default();
    if options.format != Format::Esm && text.contains("with") {
        with.visit_program(&program);
    }
    // What a name means in a `with` statement is known only when it runs.
    if options.minify.syntax && with.names.is_empty() {
        let mut is_described = true;
        let mut scoping = SemanticBuilder::new().build(&program).semantic.into_scoping();
        if (is_strict || options.format == Format::Esm)
            && inline_functions(
                &mut program,
                &scoping,
                !options.minify.identifiers,
                held,
                &allocator,
            )
        {
            is_described = false;
        }
        if hold_constants(&mut program, held, &allocator) || !is_described {
            scoping = SemanticBuilder::new().build(&program).semantic.into_scoping();
        }
        let options = CompressOptions {
            target: target(options),
            drop_console: options.drop_console,
            drop_debugger: options.drop_debugger,
            treeshake: TreeShakeOptions {
                property_read_side_effects: if options.assumes_plain_properties {
                    PropertyReadSideEffects::None
                } else {
                    PropertyReadSideEffects::All
                },
                property_write_side_effects: !options.assumes_plain_properties,
                unknown_global_side_effects: !options.assumes_known_globals,
                ..TreeShakeOptions::default()
            },
            // It goes over the program until nothing changes, four times in most; the last pass is one in 30,000 bytes.
            max_iterations: Some(2),
            ..CompressOptions::smallest()
        };
        Compressor::new(&allocator).build_with_scoping(&mut program, scoping, options);
    }
    if options.minify.syntax {
        Release { held, allocator: &allocator }.visit_program(&mut program);
    }
    let mut scoping = None;
    let mut private_names = None;
    if options.minify.identifiers {
        let mut semantic = SemanticBuilder::new()
            .with_build_nodes(true)
            .with_class_table(true)
            .build(&program)
            .semantic;
        let options = MangleOptions {
            top_level: Some(true),
            // In a function, the name stands for what it was called with, whatever is declared outside of it.
            reserved: with.names.into_iter().chain(["arguments"]).map(Into::into).collect(),
            ..MangleOptions::default()
        };
        private_names =
            Some(Mangler::new().with_options(options).build_with_semantic(&mut semantic, &program));
        scoping = Some(semantic.into_scoping());
    }
    program.directives.truncate(directives);
    let whitespace = options.minify.whitespace && may_have_templates(options);
    let printed = Codegen::new()
        .with_options(CodegenOptions {
            minify: whitespace,
            // Annotations are for other tools that read the output; a minified one is not for reading.
            comments: CommentOptions {
                normal: false,
                jsdoc: false,
                annotation: !whitespace,
                legal: LegalComment::None,
            },
            source_map_path: has_places.then(std::path::PathBuf::new),
            indent_char: IndentChar::Space,
            indent_width: 2,
            ..CodegenOptions::default()
        })
        .with_scoping(scoping)
        .with_private_member_mappings(private_names)
        .build(&program);
    let mut places = Vec::new();
    if let Some(map) = &printed.map {
        places.extend(map.get_tokens().map(|token| {
            (
                LineCol { line: token.get_dst_line(), col: token.get_dst_col() },
                LineCol { line: token.get_src_line(), col: token.get_src_col() },
            )
        }));
    }
    Ok(Compressed { text: printed.code, places })
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> LineCol {
    let before = text.get(..at).unwrap_or_default();
    let line = u32::try_from(before.matches('\n').count()).expect("fewer than 2^32 lines");
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let units = before.get(start..).unwrap_or_default().encode_utf16().count();
    LineCol { line, col: u32::try_from(units).expect("a line has less than 4 GiB") }
}

/// Whether the syntax of the output has template literals.
pub(super) fn may_have_templates(options: &Options) -> bool {
    options.syntax.is_none_or(|year| year >= 2015)
}

/// The syntax that the output may have.
fn target(options: &Options) -> EngineTargets {
    let mut targets = EngineTargets::default();
    if let Some(year) = options.syntax {
        let version = if year < 2015 { 5 } else { year };
        targets.insert(Engine::Es, Version(version, 0, 0));
    }
    targets
}

/// Collects the names that stand in `with` statements.
#[derive(Default)]
struct InWith<'a> {
    depth: usize,
    names: Vec<&'a str>,
}

impl<'a> Visit<'a> for InWith<'a> {
    fn visit_with_statement(&mut self, statement: &WithStatement<'a>) {
        self.depth += 1;
        walk::walk_with_statement(self, statement);
        self.depth -= 1;
    }

    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        if self.depth > 0 {
            self.names.push(name.name.as_str());
        }
    }
}

/// Takes the calls of `held` away.
struct Release<'a, 'b> {
    held: &'b str,
    allocator: &'a Allocator,
}

impl<'a> Release<'a, '_> {
    /// What such a call is called with.
    fn argument<'b>(&self, expression: &'b mut Expression<'a>) -> Option<&'b mut Expression<'a>> {
        let Expression::CallExpression(call) = expression else { return None };
        if !self.is_held(call) {
            return None;
        }
        call.arguments.first_mut()?.as_expression_mut()
    }

    /// Releases what stands where a property would be more than its value: it stays a value, as in `(0, a.b)()`.
    fn release_reference(&mut self, expression: &mut Expression<'a>) {
        let was_held = self.argument(expression).is_some();
        self.visit_expression(expression);
        let is_reference = expression.is_member_expression()
            || matches!(expression, Expression::Identifier(_) | Expression::ChainExpression(_));
        if was_held && is_reference {
            let builder = AstBuilder::new(self.allocator);
            let zero =
                Expression::new_numeric_literal(SPAN, 0.0, None, NumberBase::Decimal, &builder);
            let value = expression.take_in(&self.allocator);
            let parts = ArenaVec::from_iter_in([zero, value], &self.allocator);
            *expression = Expression::new_sequence_expression(SPAN, parts, &builder);
        }
    }

    /// `static { held() }`, which only keeps a class.
    fn is_marker(&self, element: &ClassElement<'a>) -> bool {
        let ClassElement::StaticBlock(block) = element else { return false };
        matches!(block.body.as_slice(), [Statement::ExpressionStatement(only)]
            if matches!(&only.expression, Expression::CallExpression(call) if self.is_held(call) && call.arguments.is_empty()))
    }

    fn is_held(&self, call: &CallExpression<'a>) -> bool {
        matches!(&call.callee, Expression::Identifier(name) if name.name == self.held)
    }
}

/// What is left of an expression that was dropped.
fn is_nothing(expression: &Expression<'_>) -> bool {
    expression.is_void_0()
        || matches!(expression, Expression::NumericLiteral(_) | Expression::BooleanLiteral(_))
}

/// Whether a key is a name only in brackets.
fn needs_brackets(key: &PropertyKey<'_>) -> bool {
    match key {
        PropertyKey::NumericLiteral(number) => {
            number.value.is_sign_negative() || !number.value.is_finite()
        }
        PropertyKey::StaticIdentifier(_)
        | PropertyKey::PrivateIdentifier(_)
        | PropertyKey::StringLiteral(_)
        | PropertyKey::BigIntLiteral(_) => false,
        _ => true,
    }
}

impl<'a> VisitMut<'a> for Release<'a, '_> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        if let Some(argument) = self.argument(expression) {
            *expression = argument.take_in(&self.allocator);
        }
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        self.release_reference(&mut call.callee);
        self.visit_arguments(&mut call.arguments);
    }

    fn visit_tagged_template_expression(&mut self, template: &mut TaggedTemplateExpression<'a>) {
        self.release_reference(&mut template.tag);
        self.visit_template_literal(&mut template.quasi);
    }

    fn visit_unary_expression(&mut self, unary: &mut UnaryExpression<'a>) {
        match unary.operator.as_str() {
            "delete" | "typeof" => self.release_reference(&mut unary.argument),
            _ => self.visit_expression(&mut unary.argument),
        }
    }

    fn visit_variable_declaration(&mut self, declaration: &mut VariableDeclaration<'a>) {
        for declarator in &mut declaration.declarations {
            // A variable in a case of a `switch` that was given no value.
            if let Some(value) = &mut declarator.init
                && declarator.id.is_binding_identifier()
                && !declaration.kind.is_const()
                && self.argument(value).is_some_and(|argument| argument.is_void_0())
            {
                declarator.init = None;
            }
        }
        walk_mut::walk_variable_declaration(self, declaration);
    }

    /// The printer takes the brackets from `[-1]`.
    fn visit_method_definition(&mut self, method: &mut MethodDefinition<'a>) {
        method.computed |= needs_brackets(&method.key);
        walk_mut::walk_method_definition(self, method);
    }

    fn visit_property_definition(&mut self, property: &mut PropertyDefinition<'a>) {
        property.computed |= needs_brackets(&property.key);
        walk_mut::walk_property_definition(self, property);
    }

    fn visit_object_property(&mut self, property: &mut ObjectProperty<'a>) {
        property.computed |= needs_brackets(&property.key);
        walk_mut::walk_object_property(self, property);
    }

    fn visit_binding_property(&mut self, property: &mut BindingProperty<'a>) {
        property.computed |= needs_brackets(&property.key);
        walk_mut::walk_binding_property(self, property);
    }

    fn visit_assignment_target_property_property(
        &mut self,
        property: &mut AssignmentTargetPropertyProperty<'a>,
    ) {
        property.computed |= needs_brackets(&property.name);
        walk_mut::walk_assignment_target_property_property(self, property);
    }

    fn visit_class_body(&mut self, body: &mut ClassBody<'a>) {
        body.body.retain_mut(|element| !self.is_marker(element));
        walk_mut::walk_class_body(self, body);
    }

    fn visit_statements(&mut self, statements: &mut ArenaVec<'a, Statement<'a>>) {
        walk_mut::walk_statements(self, statements);
        statements.retain(|statement| !matches!(statement, Statement::ExpressionStatement(inner) if is_nothing(&inner.expression)));
    }
}
