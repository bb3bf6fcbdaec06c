//! What the compressor would drop although it may run the user's code or throw: it takes for granted that turning an
//! object into a text or a number calls nobody, that any value can be extended, and that no variable is read before it
//! has its value. Where nobody takes the value of such an expression, it becomes the argument of a call of `HELD`, of
//! which the compressor knows nothing; when that is done, `print/compress/` takes the call away.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{DUMMY_SP, Span};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use crate::bundle::graph::{Export, Module};
use crate::bundle::meaning::Judge;
use crate::bundle::source::{KeptComments, is_annotation};
use crate::bundle::syntax::collect_names;
use crate::bundle::{code, targets};

/// The function in those calls, in trees: nothing that a source could name.
pub(crate) const HELD: &str = "held!";

/// Holds back what needs it in a module, whose effects `judge` judges.
pub(crate) fn hold_back(
    body: &mut Vec<Stmt>,
    module: &Module,
    judge: &Judge<'_>,
    comments: &mut KeptComments,
) {
    let mut names = Names::default();
    body.visit_with(&mut names);
    let exported = module.exports.iter().filter_map(|(_, export)| match export {
        Export::Local(symbol) => Some(module.symbols[*symbol as usize].id.clone()),
        Export::From(_) => None,
    });
    for name in exported {
        *names.reads.entry(name).or_default() += 1;
    }
    body.visit_mut_with(&mut Holder { judge, names, comments, depth: 0 });
    judge.pure_if.take();
}

/// What is known of names.
#[derive(Default)]
struct Names {
    /// How often each is read.
    reads: FxHashMap<Id, u32>,
    classes: FxHashSet<Id>,
    /// Variables whose declaration gives them what may be a function that something had to make.
    made: FxHashSet<Id>,
    /// Parameters of functions; of a pattern, nothing.
    parameters: FxHashMap<Id, Vec<Option<Id>>>,
}

impl Names {
    fn note_function<'a>(&mut self, name: &Ident, patterns: impl Iterator<Item = &'a Pat>) {
        self.parameters.insert(name.to_id(), names_of(patterns));
    }
}

fn names_of<'a>(patterns: impl Iterator<Item = &'a Pat>) -> Vec<Option<Id>> {
    patterns.map(|pattern| pattern.as_ident().map(BindingIdent::to_id)).collect()
}

impl Visit for Names {
    noop_visit_type!();

    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Ident(name) = expression {
            *self.reads.entry(name.to_id()).or_default() += 1;
        }
        expression.visit_children_with(self);
    }

    fn visit_prop(&mut self, property: &Prop) {
        if let Prop::Shorthand(name) = property {
            *self.reads.entry(name.to_id()).or_default() += 1;
        }
        property.visit_children_with(self);
    }

    fn visit_class_decl(&mut self, declaration: &ClassDecl) {
        self.classes.insert(declaration.ident.to_id());
        declaration.visit_children_with(self);
    }

    fn visit_fn_decl(&mut self, declaration: &FnDecl) {
        let parameters = declaration.function.params.iter().map(|parameter| &parameter.pat);
        self.note_function(&declaration.ident, parameters);
        declaration.visit_children_with(self);
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        if let (Pat::Ident(name), Some(value)) = (&declarator.name, declarator.init.as_deref()) {
            match value {
                Expr::Fn(function) => {
                    let parameters = function.function.params.iter().map(|one| &one.pat);
                    self.note_function(name, parameters);
                }
                Expr::Arrow(arrow) => self.note_function(name, arrow.params.iter()),
                Expr::Class(_) => drop(self.classes.insert(name.to_id())),
                Expr::Lit(_) | Expr::Ident(_) | Expr::This(_) => {}
                _ => drop(self.made.insert(name.to_id())),
            }
        }
        declarator.visit_children_with(self);
    }
}

struct Holder<'a> {
    judge: &'a Judge<'a>,
    names: Names,
    comments: &'a mut KeptComments,
    /// How many functions are around.
    depth: usize,
}

impl Holder<'_> {
    fn is_read(&self, name: &Ident) -> bool {
        self.names.reads.contains_key(&name.to_id())
    }

    fn guard(expression: &mut Expr) {
        *expression = code::call(&Atom::from(HELD), vec![expression.take()]);
    }

    /// Guards what a function is called with and does not look at: the compressor would drop it.
    fn hold_arguments(&self, call: &mut CallExpr) {
        let Callee::Expr(callee) = &call.callee else { return };
        let mut callee = &**callee;
        while let Expr::Paren(paren) = callee {
            callee = &paren.expr;
        }
        let parameters = match callee {
            Expr::Ident(name) => match self.names.parameters.get(&name.to_id()) {
                Some(parameters) => Cow::Borrowed(parameters),
                None => return,
            },
            Expr::Fn(function) => {
                let patterns = function.function.params.iter().map(|parameter| &parameter.pat);
                Cow::Owned(names_of(patterns))
            }
            Expr::Arrow(arrow) => Cow::Owned(names_of(arrow.params.iter())),
            _ => return,
        };
        // Behind a spread, nobody knows which parameter gets what.
        let plain = call.args.iter_mut().take_while(|argument| argument.spread.is_none());
        for (index, argument) in plain.enumerate() {
            let is_read = match parameters.get(index) {
                Some(Some(name)) => self.names.reads.contains_key(name),
                Some(None) => true,
                None => false,
            };
            if !is_read && asks(self.judge, &argument.expr) {
                self.keep(&mut argument.expr);
            }
        }
    }

    /// Guards what is not pure; says whether it was.
    fn keep(&self, expression: &mut Expr) -> bool {
        let is_pure = self.judge.expression(expression);
        if !is_pure {
            Self::guard(expression);
        }
        is_pure
    }

    /// Holds back parts of an expression whose value nobody takes; says whether it may go as a whole.
    fn hold(&self, expression: &mut Expr) -> bool {
        match expression {
            Expr::Paren(paren) => self.hold(&mut paren.expr),
            Expr::Seq(sequence) => {
                let mut is_pure = true;
                for part in &mut sequence.exprs {
                    is_pure &= self.hold(part);
                }
                is_pure
            }
            Expr::Cond(either) => {
                let is_pure = self.hold(&mut either.cons);
                self.hold(&mut either.alt) && is_pure && self.hold(&mut either.test)
            }
            Expr::Unary(unary) => match unary.op {
                op!("void") | op!("!") | op!("typeof") => self.hold(&mut unary.arg),
                op!("delete") => false,
                op!(unary, "-") | op!(unary, "+") | op!("~") => self.keep(expression),
            },
            Expr::Bin(binary) => match binary.op {
                op!("&&") | op!("||") | op!("??") => {
                    self.hold(&mut binary.right) && self.hold(&mut binary.left)
                }
                op!("===") | op!("!==") => {
                    let is_pure = self.hold(&mut binary.left);
                    self.hold(&mut binary.right) && is_pure
                }
                _ => self.keep(expression),
            },
            Expr::Array(array) => {
                let mut is_pure = true;
                for element in array.elems.iter_mut().flatten() {
                    is_pure &= element.spread.is_none() && self.hold(&mut element.expr);
                }
                is_pure
            }
            Expr::Object(_) | Expr::Tpl(_) => self.keep(expression),
            Expr::Call(call) => match &call.callee {
                Callee::Expr(callee) if is_built_in(self.judge, callee) => self.keep(expression),
                _ => self.judge.expression(expression),
            },
            Expr::New(new) if is_built_in(self.judge, &new.callee) => self.keep(expression),
            other => self.judge.expression(other),
        }
    }

    /// The same for what a function returns that does nothing else.
    fn hold_returned(&self, statements: &mut [Stmt]) {
        if let [Stmt::Return(ReturnStmt { arg: Some(value), .. })] = statements {
            self.hold(value);
        }
    }

    /// Whether a value is surely one that a class may extend.
    fn can_be_extended(&self, parent: &Expr) -> bool {
        match parent {
            Expr::Ident(name) if name.ctxt == self.judge.unresolved => {
                self.judge.target.has_global(&name.sym)
            }
            // At the top of a module it is the linker's to say.
            Expr::Ident(name) => self.depth == 0 || self.names.classes.contains(&name.to_id()),
            Expr::Lit(Lit::Null(_)) | Expr::Class(_) => true,
            Expr::Paren(paren) => self.can_be_extended(&paren.expr),
            _ => false,
        }
    }

    /// Takes a mark such as `/* @__PURE__ */` from a call of what the compressor may put into it: with the call it would
    /// drop what makes the function.
    fn unmark(&mut self, callee: &Expr, span: &mut Span) {
        let mut root = callee;
        let name = loop {
            match root {
                Expr::Ident(name) => break name.to_id(),
                Expr::Paren(paren) => root = &paren.expr,
                Expr::Member(member) => root = &member.obj,
                _ => return,
            }
        };
        if !self.names.made.contains(&name) || self.names.reads.get(&name) != Some(&1) {
            return;
        }
        if span.is_pure() {
            *span = DUMMY_SP;
        } else if let Some(list) = self.comments.get_mut(&span.lo) {
            list.retain(|comment| !is_annotation(comment, "PURE"));
        }
    }

    fn inside(&mut self, visit: impl FnOnce(&mut Self)) {
        self.depth += 1;
        visit(self);
        self.depth -= 1;
    }
}

impl VisitMut for Holder<'_> {
    noop_visit_mut_type!();

    fn visit_mut_function(&mut self, function: &mut Function) {
        self.inside(|holder| function.visit_mut_children_with(holder));
        if let Some(body) = &mut function.body
            && only_asks(self.judge, body)
        {
            body.visit_mut_children_with(&mut Guards(self.judge));
        } else if function.params.is_empty()
            && let Some(body) = &mut function.body
        {
            self.hold_returned(&mut body.stmts);
        }
    }

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        self.inside(|holder| arrow.visit_mut_children_with(holder));
        if only_asks(self.judge, &*arrow.body) {
            arrow.body.visit_mut_children_with(&mut Guards(self.judge));
        } else if arrow.params.is_empty() {
            // Where it is called, the compressor puts its only expression in the place of the call.
            match &mut *arrow.body {
                ArrowFunctionBody::Expr(value) => drop(self.hold(value)),
                ArrowFunctionBody::FunctionBody(body) => self.hold_returned(&mut body.stmts),
            }
        }
    }

    fn visit_mut_constructor(&mut self, constructor: &mut Constructor) {
        self.inside(|holder| constructor.visit_mut_children_with(holder));
    }

    fn visit_mut_expr_stmt(&mut self, statement: &mut ExprStmt) {
        statement.visit_mut_children_with(self);
        self.hold(&mut statement.expr);
    }

    fn visit_mut_seq_expr(&mut self, sequence: &mut SeqExpr) {
        sequence.visit_mut_children_with(self);
        if let Some((_, unused)) = sequence.exprs.split_last_mut() {
            for part in unused {
                self.hold(part);
            }
        }
    }

    fn visit_mut_unary_expr(&mut self, unary: &mut UnaryExpr) {
        unary.visit_mut_children_with(self);
        if unary.op == op!("void") {
            self.hold(&mut unary.arg);
        }
    }

    /// What surely is an object is an instance of `Object`, and the compressor says so without making it.
    fn visit_mut_bin_expr(&mut self, binary: &mut BinExpr) {
        binary.visit_mut_children_with(self);
        if binary.op == op!("instanceof")
            && !matches!(&*binary.left, Expr::Ident(_) | Expr::Member(_) | Expr::Call(_))
        {
            self.keep(&mut binary.left);
        }
    }

    fn visit_mut_for_stmt(&mut self, statement: &mut ForStmt) {
        statement.visit_mut_children_with(self);
        if let Some(VarDeclOrExpr::Expr(init)) = &mut statement.init {
            self.hold(init);
        }
        if let Some(update) = &mut statement.update {
            self.hold(update);
        }
    }

    fn visit_mut_if_stmt(&mut self, statement: &mut IfStmt) {
        statement.visit_mut_children_with(self);
        let does_nothing = self.judge.statement(&statement.cons)
            && statement.alt.as_deref().is_none_or(|alt| self.judge.statement(alt));
        if does_nothing {
            self.hold(&mut statement.test);
        }
    }

    fn visit_mut_var_declarator(&mut self, declarator: &mut VarDeclarator) {
        declarator.visit_mut_children_with(self);
        if let (Pat::Ident(name), Some(value)) = (&declarator.name, &mut declarator.init)
            && !self.is_read(name)
        {
            self.hold(value);
        }
    }

    fn visit_mut_assign_expr(&mut self, assign: &mut AssignExpr) {
        assign.visit_mut_children_with(self);
        if let Some(name) = assign.left.as_ident()
            && assign.op == op!("=")
            && !self.is_read(name)
        {
            self.hold(&mut assign.right);
        }
    }

    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        let mut is_held = false;
        if let Some(parent) = &class.super_class {
            is_held |= !self.can_be_extended(parent);
        }
        for member in &mut class.body {
            match member {
                ClassMember::ClassProp(ClassProp {
                    value: Some(value), is_static: true, ..
                })
                | ClassMember::PrivateProp(PrivateProp {
                    value: Some(value),
                    is_static: true,
                    ..
                }) => drop(self.hold(value)),
                _ => {}
            }
            let key = match member {
                ClassMember::ClassProp(property) => &property.key,
                ClassMember::Method(method) => &method.key,
                ClassMember::AutoAccessor(AutoAccessor { key: Key::Public(key), .. }) => key,
                _ => continue,
            };
            if let PropName::Computed(key) = key {
                is_held |= !self.judge.is_plain_key(&key.expr);
            }
        }
        if is_held {
            // A call in a block of its own keeps a class, and nothing else does.
            let call = code::statement(code::call(&Atom::from(HELD), Vec::new()));
            class.body.push(code::static_block(call));
        }
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        call.visit_mut_children_with(self);
        self.hold_arguments(call);
        if let Callee::Expr(callee) = &call.callee {
            self.unmark(callee, &mut call.span);
        }
    }

    fn visit_mut_new_expr(&mut self, new: &mut NewExpr) {
        new.visit_mut_children_with(self);
        self.unmark(&new.callee, &mut new.span);
    }

    /// Turned into a text while compressing, a regular expression has its flags in the order of the source; `flags` has
    /// them in that of the alphabet (ECMA-262, 22.2.6.4).
    fn visit_mut_regex(&mut self, regex: &mut Regex) {
        let mut flags: Vec<char> = regex.flags.chars().collect();
        if !flags.is_sorted() {
            flags.sort_unstable();
            regex.flags = flags.into_iter().collect::<String>().into();
        }
    }

    /// A variable of one case may be read in another, before it has its value.
    fn visit_mut_switch_stmt(&mut self, statement: &mut SwitchStmt) {
        statement.visit_mut_children_with(self);
        for case in &mut statement.cases {
            for inner in &mut case.cons {
                let Stmt::Decl(Decl::Var(declaration)) = inner else { continue };
                if declaration.kind == VarDeclKind::Var {
                    continue;
                }
                for declarator in &mut declaration.decls {
                    let mut names = Vec::new();
                    collect_names(&declarator.name, &mut names);
                    if names.iter().any(|name| self.is_read(name)) {
                        let value = declarator.init.get_or_insert_with(|| Box::new(code::void_0()));
                        Self::guard(value);
                    }
                }
            }
        }
    }
}

/// Whether the compressor may know what is called: a function of the language that computes from its arguments, or a
/// method of a literal.
fn is_built_in(judge: &Judge<'_>, callee: &Expr) -> bool {
    let is_of_language =
        |name: &Ident| name.ctxt == judge.unresolved && targets::is_built_in(&name.sym);
    match callee {
        Expr::Ident(name) => is_of_language(name),
        Expr::Member(member) => match &*member.obj {
            Expr::Lit(_) | Expr::Tpl(_) | Expr::Array(_) => true,
            // What these do, they do to what they are given.
            Expr::Ident(name) => {
                is_of_language(name)
                    && !matches!(name.sym.as_str(), "JSON" | "Object" | "Promise" | "Reflect")
            }
            _ => false,
        },
        Expr::Paren(paren) => is_built_in(judge, &paren.expr),
        _ => false,
    }
}

/// Whether an expression turns values into others, which may call the user's code.
fn asks(judge: &Judge<'_>, expression: &Expr) -> bool {
    match expression {
        Expr::Bin(binary) => !matches!(
            binary.op,
            op!("&&")
                | op!("||")
                | op!("??")
                | op!("===")
                | op!("!==")
                | op!("in")
                | op!("instanceof")
        ),
        Expr::Unary(unary) => {
            matches!(unary.op, op!(unary, "-") | op!(unary, "+") | op!("~"))
        }
        Expr::Tpl(_) => true,
        Expr::Call(CallExpr { callee: Callee::Expr(callee), .. }) => is_built_in(judge, callee),
        Expr::New(new) => is_built_in(judge, &new.callee),
        _ => false,
    }
}

/// Whether the body of a function does nothing else: the compressor takes that for nothing, and calls of the function,
/// too.
fn only_asks<'a, T: VisitWith<Doings<'a>>>(judge: &'a Judge<'a>, body: &T) -> bool {
    let mut doings = Doings { judge, asks: false, does: false };
    body.visit_children_with(&mut doings);
    doings.asks && !doings.does
}

struct Doings<'a> {
    judge: &'a Judge<'a>,
    asks: bool,
    /// Whether it does something that the compressor sees.
    does: bool,
}

impl Visit for Doings<'_> {
    noop_visit_type!();

    fn visit_expr(&mut self, expression: &Expr) {
        if self.does {
            return;
        }
        match expression {
            Expr::Assign(assign) if assign.left.as_ident().is_some() => {}
            Expr::Assign(_)
            | Expr::Await(_)
            | Expr::Member(_)
            | Expr::OptChain(_)
            | Expr::SuperProp(_)
            | Expr::TaggedTpl(_)
            | Expr::Update(_)
            | Expr::Yield(_) => self.does |= !self.judge.expression(expression),
            Expr::Bin(BinExpr { op: op!("in") | op!("instanceof"), .. })
            | Expr::Unary(UnaryExpr { op: op!("delete"), .. }) => self.does = true,
            Expr::Call(_) | Expr::New(_) if !asks(self.judge, expression) => {
                self.does |= !self.judge.expression(expression);
            }
            Expr::Fn(_) | Expr::Arrow(_) => return,
            _ => {
                self.asks =
                    self.asks || asks(self.judge, expression) && !self.judge.expression(expression);
            }
        }
        expression.visit_children_with(self);
    }

    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Throw(_)
            | Stmt::While(_)
            | Stmt::DoWhile(_)
            | Stmt::For(_)
            | Stmt::ForIn(_)
            | Stmt::ForOf(_) => self.does = true,
            other if !self.does => other.visit_children_with(self),
            _ => {}
        }
    }

    fn visit_function(&mut self, _: &Function) {}
}

/// Guards what asks, wherever it stands in a function.
struct Guards<'a>(&'a Judge<'a>);

impl VisitMut for Guards<'_> {
    noop_visit_mut_type!();

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Fn(_) | Expr::Arrow(_) => {}
            asking if asks(self.0, asking) && !self.0.expression(asking) => Holder::guard(asking),
            other => other.visit_mut_children_with(self),
        }
    }

    fn visit_mut_function(&mut self, _: &mut Function) {}
}
