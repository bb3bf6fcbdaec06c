//! Functions that are used in one place, put there: the expression of one that is called, or the function itself. The
//! compressor puts only variables in place; it drops what is left of the function and folds what became constant.
//!
//! A call gives way only if nothing can tell: what it is called with is evaluated once and in the same order, before
//! anything that could see it, and every name means at the call what it means in the function. A function moves only
//! within a list of statements, so that it is made as often as before; its `name` is another then.

use std::cell::Cell;

use oxc_allocator::{Allocator, ArenaBox, ArenaVec, CloneIn, TakeIn};
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, ArrowFunctionExpression, AssignmentTarget, AwaitExpression,
    CallExpression, ChainElement, Class, Expression, Function, FunctionType, Ident,
    IdentifierReference, NewExpression, ObjectProperty, ObjectPropertyKind, Program, PropertyKey,
    Statement, TaggedTemplateExpression, UnaryExpression, YieldExpression,
};
use oxc_ast::builder::AstBuilder;
use oxc_ast_visit::{Visit, VisitMut, walk, walk_mut};
use oxc_semantic::{ReferenceId, ScopeFlags, ScopeId, Scoping, SymbolFlags, SymbolId};
use oxc_span::SPAN;
use rustc_hash::{FxHashMap, FxHashSet};

use super::hold_constants::hold;

/// A function with more to evaluate stays one.
const MOST_STEPS: usize = 64;

/// A longer text that is used twice costs more than the call.
const SHORT_TEXT: usize = 8;

/// Puts functions in place in a program of strict code that `scoping` describes; whole functions only if nobody needs
/// their names. What turns values into others becomes the argument of a call of `held`: where it stands now, the
/// compressor may drop it. Says whether any were put: then the program has to be described again.
pub(super) fn inline_functions<'a>(
    program: &mut Program<'a>,
    scoping: &Scoping,
    has_names: bool,
    held: &str,
    allocator: &'a Allocator,
) -> bool {
    if scoping.root_scope_flags().contains_direct_eval() {
        return false;
    }
    let mut mover = Mover { scoping, allocator, functions: FxHashMap::default(), has_moved: false };
    if !has_names {
        mover.visit_program(program);
    }
    let facts = Facts { scoping, resumed: Resumed::of(program) };
    let mut found = Candidates { facts: &facts, allocator, bodies: FxHashMap::default() };
    found.visit_program(program);
    if found.bodies.is_empty() {
        return mover.has_moved;
    }
    let mut inliner = Inliner {
        facts: &facts,
        held,
        allocator,
        waiting: found.bodies,
        ready: FxHashMap::default(),
        scopes: Vec::new(),
        has_put: false,
    };
    inliner.visit_program(program);
    mover.has_moved || inliner.has_put
}

/// What is known of names.
struct Facts<'b> {
    scoping: &'b Scoping,
    /// Scopes of generators: a call may go on with one, so that its variables are declared once more.
    resumed: FxHashSet<ScopeId>,
}

impl Facts<'_> {
    fn symbol_of(&self, name: &IdentifierReference<'_>) -> Option<SymbolId> {
        symbol_of(name, self.scoping)
    }

    /// Whether reading a name gives the same value whenever a call runs, and never throws.
    fn has_one_value(&self, symbol: SymbolId) -> bool {
        let flags = self.scoping.symbol_flags(symbol);
        flags.intersects(SymbolFlags::FunctionScopedVariable | SymbolFlags::Function)
            && !self.scoping.symbol_is_mutated(symbol)
            && self.scoping.symbol_redeclarations(symbol).is_empty()
            && !self.resumed.contains(&self.scoping.symbol_scope_id(symbol))
    }
}

fn symbol_of(name: &IdentifierReference<'_>, scoping: &Scoping) -> Option<SymbolId> {
    scoping.get_reference(name.reference_id.get()?).symbol_id()
}

/// Collects the scopes of generators.
#[derive(Default)]
struct Resumed {
    scopes: FxHashSet<ScopeId>,
}

impl Resumed {
    fn of(program: &Program<'_>) -> FxHashSet<ScopeId> {
        let mut resumed = Self::default();
        resumed.visit_program(program);
        resumed.scopes
    }
}

impl<'a> Visit<'a> for Resumed {
    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        if function.generator {
            self.scopes.extend(function.scope_id.get());
        }
        walk::walk_function(self, function, flags);
    }
}

/// Whether a part of an expression lets others run before the rest does.
#[derive(Default)]
struct Waits(bool);

impl<'a> Visit<'a> for Waits {
    fn visit_await_expression(&mut self, _: &AwaitExpression<'a>) {
        self.0 = true;
    }

    fn visit_yield_expression(&mut self, _: &YieldExpression<'a>) {
        self.0 = true;
    }

    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}

    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}
}

/// What a function returns.
struct Body<'a> {
    parameters: Vec<SymbolId>,
    value: Expression<'a>,
    scope: ScopeId,
}

/// Collects functions that are called in one place and only return something.
struct Candidates<'a, 'b> {
    facts: &'b Facts<'b>,
    allocator: &'a Allocator,
    bodies: FxHashMap<SymbolId, Body<'a>>,
}

impl<'a> Candidates<'a, '_> {
    fn body(&self, function: &Function<'a>) -> Option<(SymbolId, Body<'a>)> {
        let scoping = self.facts.scoping;
        let symbol = function.id.as_ref()?.symbol_id();
        let is_plain = function.r#type == FunctionType::FunctionDeclaration
            && !function.r#async
            && !function.generator
            && function.params.rest.is_none()
            && scoping.get_resolved_reference_ids(symbol).len() == 1
            && scoping.symbol_redeclarations(symbol).is_empty();
        let inside = function.body.as_ref()?;
        let [Statement::ReturnStatement(only)] = inside.statements.as_slice() else { return None };
        if !is_plain || !inside.directives.is_empty() {
            return None;
        }
        let mut parameters = Vec::new();
        for parameter in &function.params.items {
            let name = parameter.pattern.get_binding_identifier()?.symbol_id();
            let is_constant = parameter.initializer.is_none()
                && !scoping.symbol_is_mutated(name)
                && scoping.symbol_redeclarations(name).is_empty();
            if !is_constant {
                return None;
            }
            parameters.push(name);
        }
        let value = only.argument.as_ref()?;
        Steps::of(value, &parameters, self.facts)?;
        let value = value.clone_in_with_semantic_ids(self.allocator);
        Some((symbol, Body { parameters, value, scope: function.scope_id.get()? }))
    }
}

impl<'a> Visit<'a> for Candidates<'a, '_> {
    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        if let Some((symbol, body)) = self.body(function) {
            self.bodies.insert(symbol, body);
        }
        walk::walk_function(self, function, flags);
    }
}

/// How a parameter is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Value,
    /// As what is called, which gets the object of a property as its `this`; or by `typeof`, which may ask for a name
    /// that nobody has declared.
    Name,
}

/// Something that happens when a function runs.
enum Step {
    /// A parameter is read, by its place in the row; perhaps not on every way.
    Read { parameter: usize, by: Use, is_certain: bool },
    /// Something that may see or change what is outside, throw, or give another value at another time.
    Other,
}

/// What happens when an expression is evaluated, in its order.
struct Steps<'a, 'b> {
    parameters: &'b [SymbolId],
    facts: &'b Facts<'b>,
    list: Vec<Step>,
    /// Names from outside, and what they mean.
    names: Vec<(Ident<'a>, Option<SymbolId>)>,
    /// How many conditions are around.
    depth: usize,
    /// Whether it turns values into others, which may call the user's code.
    asks: bool,
}

impl<'a, 'b> Steps<'a, 'b> {
    /// `None` where an expression has a part that means something else in another place, or too many parts.
    fn of(
        value: &Expression<'a>,
        parameters: &'b [SymbolId],
        facts: &'b Facts<'b>,
    ) -> Option<Self> {
        let (list, names) = (Vec::new(), Vec::new());
        let mut steps = Self { parameters, facts, list, names, depth: 0, asks: false };
        steps.value(value)?;
        (steps.list.len() + steps.names.len() <= MOST_STEPS).then_some(steps)
    }

    fn value(&mut self, expression: &Expression<'a>) -> Option<()> {
        if self.list.len() > MOST_STEPS {
            return None;
        }
        match expression {
            Expression::BooleanLiteral(_)
            | Expression::NullLiteral(_)
            | Expression::NumericLiteral(_)
            | Expression::BigIntLiteral(_)
            | Expression::RegExpLiteral(_)
            | Expression::StringLiteral(_) => {}
            Expression::Identifier(name) => self.name(name, Use::Value)?,
            Expression::TemplateLiteral(template) => {
                for part in &template.expressions {
                    self.value(part)?;
                    self.ask();
                }
            }
            Expression::ArrayExpression(array) => {
                for element in &array.elements {
                    match element {
                        ArrayExpressionElement::SpreadElement(spread) => {
                            self.value(&spread.argument)?;
                            self.list.push(Step::Other);
                        }
                        ArrayExpressionElement::Elision(_) => {}
                        _ => self.value(element.as_expression()?)?,
                    }
                }
            }
            Expression::ObjectExpression(object) => {
                for property in &object.properties {
                    match property {
                        ObjectPropertyKind::SpreadProperty(spread) => {
                            self.value(&spread.argument)?;
                            self.list.push(Step::Other);
                        }
                        ObjectPropertyKind::ObjectProperty(property) => self.property(property)?,
                    }
                }
            }
            Expression::UnaryExpression(unary) => self.unary(unary)?,
            Expression::BinaryExpression(binary) => {
                self.value(&binary.left)?;
                self.value(&binary.right)?;
                if !matches!(binary.operator.as_str(), "===" | "!==") {
                    self.ask();
                }
            }
            Expression::LogicalExpression(logical) => {
                self.value(&logical.left)?;
                self.on_condition(|steps| steps.value(&logical.right))?;
            }
            Expression::ConditionalExpression(either) => {
                self.value(&either.test)?;
                self.on_condition(|steps| {
                    steps.value(&either.consequent)?;
                    steps.value(&either.alternate)
                })?;
            }
            Expression::SequenceExpression(sequence) => {
                for part in &sequence.expressions {
                    self.value(part)?;
                }
            }
            Expression::CallExpression(call) if !call.optional => self.call(call)?,
            Expression::NewExpression(new) => {
                self.value(&new.callee)?;
                self.arguments(&new.arguments)?;
            }
            Expression::AssignmentExpression(assignment) => {
                match &assignment.left {
                    AssignmentTarget::StaticMemberExpression(member) => {
                        self.value(&member.object)?;
                    }
                    AssignmentTarget::ComputedMemberExpression(member) => {
                        self.value(&member.object)?;
                        self.value(&member.expression)?;
                    }
                    _ => return None,
                }
                self.list.push(Step::Other);
                self.on_condition(|steps| steps.value(&assignment.right))?;
                self.list.push(Step::Other);
            }
            Expression::StaticMemberExpression(member) if !member.optional => {
                self.value(&member.object)?;
                self.list.push(Step::Other);
            }
            Expression::ComputedMemberExpression(member) if !member.optional => {
                self.value(&member.object)?;
                self.value(&member.expression)?;
                self.list.push(Step::Other);
            }
            Expression::ChainExpression(chain) => self.chain(&chain.expression)?,
            _ => return None,
        }
        Some(())
    }

    /// `a?.b`, and no longer chains.
    fn chain(&mut self, element: &ChainElement<'a>) -> Option<()> {
        match element {
            ChainElement::StaticMemberExpression(member) => {
                self.value(&member.object)?;
            }
            ChainElement::ComputedMemberExpression(member) => {
                self.value(&member.object)?;
                self.on_condition(|steps| steps.value(&member.expression))?;
            }
            _ => return None,
        }
        self.list.push(Step::Other);
        Some(())
    }

    fn property(&mut self, property: &ObjectProperty<'a>) -> Option<()> {
        match &property.key {
            PropertyKey::StaticIdentifier(name)
                if !(property.shorthand && name.name == "__proto__") => {}
            PropertyKey::StringLiteral(_) | PropertyKey::NumericLiteral(_) => {}
            _ => return None,
        }
        self.value(&property.value)
    }

    fn unary(&mut self, unary: &UnaryExpression<'a>) -> Option<()> {
        match (unary.operator.as_str(), &unary.argument) {
            ("delete", _) => return None,
            ("typeof", Expression::Identifier(name)) => self.name(name, Use::Name)?,
            ("typeof" | "void" | "!", argument) => self.value(argument)?,
            (_, argument) => {
                self.value(argument)?;
                self.ask();
            }
        }
        Some(())
    }

    fn call(&mut self, call: &CallExpression<'a>) -> Option<()> {
        match &call.callee {
            Expression::Identifier(name) => self.name(name, Use::Name)?,
            callee => self.value(callee)?,
        }
        self.arguments(&call.arguments)
    }

    fn arguments(&mut self, arguments: &[Argument<'a>]) -> Option<()> {
        for argument in arguments {
            match argument {
                Argument::SpreadElement(spread) => {
                    self.value(&spread.argument)?;
                    self.list.push(Step::Other);
                }
                _ => self.value(argument.as_expression()?)?,
            }
        }
        self.list.push(Step::Other);
        Some(())
    }

    /// `None` for `arguments`, which every function has of its own.
    fn name(&mut self, name: &IdentifierReference<'a>, by: Use) -> Option<()> {
        let symbol = self.facts.symbol_of(name);
        if name.name == "arguments" {
            return None;
        }
        let parameter = self.parameters.iter().position(|own| Some(*own) == symbol);
        if let Some(parameter) = parameter {
            self.list.push(Step::Read { parameter, by, is_certain: self.depth == 0 });
            return Some(());
        }
        self.names.push((name.name, symbol));
        // The compressor knows what some globals do.
        self.asks |= symbol.is_none() && name.name != "undefined";
        if !symbol.is_some_and(|symbol| self.facts.has_one_value(symbol)) {
            self.list.push(Step::Other);
        }
        Some(())
    }

    fn ask(&mut self) {
        self.asks = true;
        self.list.push(Step::Other);
    }

    fn on_condition(&mut self, inside: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }
}

/// What a function is called with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    /// It is the same wherever it stands, and often.
    Anywhere,
    /// It is long, and the same wherever it stands.
    Once,
    /// It has to be evaluated before anything else is, once.
    InOrder,
    /// As before, and asks for a property or for a name that nobody declares, or may be `eval`.
    InOrderAsValue,
}

struct Inliner<'a, 'b> {
    facts: &'b Facts<'b>,
    held: &'b str,
    allocator: &'a Allocator,
    /// Functions into whose expressions nothing has been put yet.
    waiting: FxHashMap<SymbolId, Body<'a>>,
    ready: FxHashMap<SymbolId, Body<'a>>,
    scopes: Vec<ScopeId>,
    has_put: bool,
}

impl<'a> Inliner<'a, '_> {
    /// Puts the function in the place of a call of it, which is something that is called itself if `is_callee`.
    fn replace(&mut self, expression: &mut Expression<'a>, is_callee: bool) {
        let Expression::CallExpression(call) = expression else { return };
        let Expression::Identifier(name) = &call.callee else { return };
        let Some(symbol) = self.facts.symbol_of(name) else { return };
        if call.optional || call.pure {
            return;
        }
        // A function that leads to itself is not among them any more.
        if let Some(mut body) = self.waiting.remove(&symbol) {
            self.scopes.push(body.scope);
            self.visit_expression(&mut body.value);
            self.scopes.pop();
            self.ready.insert(symbol, body);
        }
        let Some(body) = self.ready.remove(&symbol) else { return };
        let is_reference = matches!(
            body.value,
            Expression::Identifier(_)
                | Expression::StaticMemberExpression(_)
                | Expression::ComputedMemberExpression(_)
                | Expression::ChainExpression(_)
        );
        let asks = self.fits(call, &body).filter(|_| !is_callee || !is_reference);
        let Some(asks) = asks else {
            self.ready.insert(symbol, body);
            return;
        };
        let Body { parameters, mut value, .. } = body;
        let mut arguments =
            std::mem::replace(&mut call.arguments, ArenaVec::new_in(&self.allocator));
        let mut given = FxHashMap::default();
        for (index, parameter) in parameters.into_iter().enumerate() {
            let value = arguments
                .get_mut(index)
                .and_then(Argument::as_expression_mut)
                .map(|argument| argument.take_in(&self.allocator));
            given.insert(parameter, value);
        }
        let mut filler = Filler { facts: self.facts, allocator: self.allocator, given };
        filler.visit_expression(&mut value);
        if asks {
            hold(&mut value, self.held, self.allocator);
        }
        *expression = value;
        self.has_put = true;
    }

    /// Whether the expression turns values into others; `None` where somebody could tell that a call has given way to it.
    fn fits(&self, call: &CallExpression<'a>, body: &Body<'a>) -> Option<bool> {
        let steps = Steps::of(&body.value, &body.parameters, self.facts)?;
        let scope = *self.scopes.last().expect("a program has a scope");
        let has_names = steps
            .names
            .iter()
            .all(|(name, symbol)| self.facts.scoping.find_binding(scope, *name) == *symbol);
        if !has_names || call.arguments.len() > body.parameters.len() {
            return None;
        }
        let mut given = Vec::new();
        for argument in &call.arguments {
            given.push(self.given(argument.as_expression()?)?);
        }
        let reads = |wanted: usize| {
            let is_read =
                |step: &&Step| matches!(step, Step::Read { parameter, .. } if *parameter == wanted);
            steps.list.iter().filter(is_read).count()
        };
        if given.iter().enumerate().any(|(index, kind)| *kind == Given::Once && reads(index) > 1) {
            return None;
        }
        let in_order = |kind: Given| matches!(kind, Given::InOrder | Given::InOrderAsValue);
        let mut next = given.iter().enumerate().filter(|(_, kind)| in_order(**kind)).peekable();
        for step in &steps.list {
            match step {
                Step::Other if next.peek().is_some() => return None,
                Step::Other => {}
                Step::Read { parameter, by, is_certain } => {
                    let Some(kind) = given.get(*parameter) else { continue };
                    if in_order(*kind) {
                        let is_next = next.next().is_some_and(|(index, _)| index == *parameter);
                        if !is_next || !is_certain {
                            return None;
                        }
                    }
                    if *by == Use::Name && *kind == Given::InOrderAsValue {
                        return None;
                    }
                }
            }
        }
        next.peek().is_none().then_some(steps.asks)
    }

    /// `None` for what would get another name in another place, and for what waits.
    fn given(&self, value: &Expression<'a>) -> Option<Given> {
        let mut waits = Waits::default();
        waits.visit_expression(value);
        if waits.0 {
            return None;
        }
        Some(match value {
            Expression::BooleanLiteral(_)
            | Expression::NullLiteral(_)
            | Expression::NumericLiteral(_) => Given::Anywhere,
            Expression::StringLiteral(text) if text.value.len() <= SHORT_TEXT => Given::Anywhere,
            Expression::StringLiteral(_) => Given::Once,
            Expression::Identifier(name) => match self.facts.symbol_of(name) {
                Some(symbol) if self.facts.has_one_value(symbol) => Given::Anywhere,
                Some(_) => Given::InOrder,
                None => Given::InOrderAsValue,
            },
            Expression::FunctionExpression(_)
            | Expression::ArrowFunctionExpression(_)
            | Expression::ClassExpression(_) => return None,
            Expression::StaticMemberExpression(_)
            | Expression::ComputedMemberExpression(_)
            | Expression::PrivateFieldExpression(_)
            | Expression::ChainExpression(_) => Given::InOrderAsValue,
            _ => Given::InOrder,
        })
    }

    /// Visits what is called: its value may be that of a property, but not the property itself.
    fn visit_callee(&mut self, callee: &mut Expression<'a>) {
        walk_mut::walk_expression(self, callee);
        self.replace(callee, true);
    }
}

impl<'a> VisitMut<'a> for Inliner<'a, '_> {
    fn enter_scope(&mut self, _: ScopeFlags, scope: &Cell<Option<ScopeId>>) {
        self.scopes.push(scope.get().expect("every scope is described"));
    }

    fn leave_scope(&mut self) {
        self.scopes.pop();
    }

    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        self.replace(expression, false);
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        self.visit_callee(&mut call.callee);
        self.visit_arguments(&mut call.arguments);
    }

    fn visit_tagged_template_expression(&mut self, template: &mut TaggedTemplateExpression<'a>) {
        self.visit_callee(&mut template.tag);
        self.visit_template_literal(&mut template.quasi);
    }

    fn visit_unary_expression(&mut self, unary: &mut UnaryExpression<'a>) {
        match unary.operator.as_str() {
            "delete" | "typeof" => self.visit_callee(&mut unary.argument),
            _ => self.visit_expression(&mut unary.argument),
        }
    }
}

/// Puts what a function is called with in the place of its parameters.
struct Filler<'a, 'b> {
    facts: &'b Facts<'b>,
    allocator: &'a Allocator,
    given: FxHashMap<SymbolId, Option<Expression<'a>>>,
}

impl<'a> VisitMut<'a> for Filler<'a, '_> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        if let Expression::Identifier(name) = expression
            && let Some(given) = self.facts.symbol_of(name).and_then(|own| self.given.get(&own))
        {
            *expression = match given {
                Some(value) => value.clone_in_with_semantic_ids(self.allocator),
                None => Expression::new_void_0(name.span, &AstBuilder::new(self.allocator)),
            };
            return;
        }
        walk_mut::walk_expression(self, expression);
    }

    fn visit_object_property(&mut self, property: &mut ObjectProperty<'a>) {
        property.shorthand = false;
        walk_mut::walk_object_property(self, property);
    }
}

/// Puts functions that are used once, and not called there, in the place of their names.
struct Mover<'a, 'b> {
    scoping: &'b Scoping,
    allocator: &'a Allocator,
    /// What waits to be put into the list of statements that is visited.
    functions: FxHashMap<ReferenceId, ArenaBox<'a, Function<'a>>>,
    has_moved: bool,
}

impl<'a> Mover<'a, '_> {
    /// The only use of a function, if it stands in the scope that declares it.
    fn only_use(&self, statement: &Statement<'a>) -> Option<ReferenceId> {
        let Statement::FunctionDeclaration(function) = statement else { return None };
        let symbol = function.id.as_ref()?.symbol_id();
        let [only] = self.scoping.get_resolved_reference_ids(symbol) else { return None };
        let reference = self.scoping.get_reference(*only);
        let is_movable = !reference.is_write()
            && reference.scope_id() == self.scoping.symbol_scope_id(symbol)
            && self.scoping.symbol_redeclarations(symbol).is_empty();
        is_movable.then_some(*only)
    }
}

impl<'a> VisitMut<'a> for Mover<'a, '_> {
    fn visit_statements(&mut self, statements: &mut ArenaVec<'a, Statement<'a>>) {
        let around = std::mem::take(&mut self.functions);
        let mut places = Vec::new();
        for (index, statement) in statements.iter_mut().enumerate() {
            let Some(only) = self.only_use(statement) else { continue };
            let empty = Statement::new_empty_statement(SPAN, &AstBuilder::new(self.allocator));
            if let Statement::FunctionDeclaration(function) = std::mem::replace(statement, empty) {
                self.functions.insert(only, function);
                places.push((index, only));
            }
        }
        if !self.functions.is_empty() {
            for statement in statements.iter_mut() {
                // What may run more often than the list, such as a loop, is left alone.
                if matches!(
                    statement,
                    Statement::ExpressionStatement(_)
                        | Statement::VariableDeclaration(_)
                        | Statement::ReturnStatement(_)
                ) {
                    Places { mover: self }.visit_statement(statement);
                }
            }
            for (index, only) in places {
                match self.functions.remove(&only) {
                    Some(function) => statements[index] = Statement::FunctionDeclaration(function),
                    None => self.has_moved = true,
                }
            }
        }
        self.functions = around;
        walk_mut::walk_statements(self, statements);
    }
}

/// Puts functions into a statement, but not into what it makes for later.
struct Places<'a, 'b, 'c> {
    mover: &'c mut Mover<'a, 'b>,
}

impl<'a> VisitMut<'a> for Places<'a, '_, '_> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        if let Expression::Identifier(name) = expression
            && let Some(only) = name.reference_id.get()
            && let Some(mut function) = self.mover.functions.remove(&only)
        {
            function.r#type = FunctionType::FunctionExpression;
            function.id = None;
            *expression = Expression::FunctionExpression(function);
            return;
        }
        walk_mut::walk_expression(self, expression);
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        if !call.callee.is_identifier_reference() {
            self.visit_expression(&mut call.callee);
        }
        self.visit_arguments(&mut call.arguments);
    }

    fn visit_new_expression(&mut self, new: &mut NewExpression<'a>) {
        if !new.callee.is_identifier_reference() {
            self.visit_expression(&mut new.callee);
        }
        self.visit_arguments(&mut new.arguments);
    }

    fn visit_object_property(&mut self, property: &mut ObjectProperty<'a>) {
        if !property.shorthand {
            walk_mut::walk_object_property(self, property);
        }
    }

    fn visit_function(&mut self, _: &mut Function<'a>, _: ScopeFlags) {}

    fn visit_arrow_function_expression(&mut self, _: &mut ArrowFunctionExpression<'a>) {}

    fn visit_class(&mut self, _: &mut Class<'a>) {}
}
