//! Code that is not strict, written so that it means the same where it becomes strict: as a module, or to the
//! compressor. Functions in blocks also set a variable of the function around (ECMA-262, Annex B.3.2), labels may
//! stand before functions (B.3.1), and `for (var x = 1 in y)` sets `x` first (B.3.5).

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{BytePos, DUMMY_SP, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::transforms::base::rename::rename;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use crate::bundle::code;
use crate::bundle::syntax::{HoistedNames, collect_names, is_reserved_in_modules};

/// Rewrites a script. Names are not resolved yet, so they are compared by their texts.
pub(crate) fn write_out(program: &mut Program) {
    let statements: Vec<&Stmt> = match program {
        Program::Script(script) => script.body.iter().collect(),
        Program::Module(module) => module
            .body
            .iter()
            .filter_map(|item| match item {
                ModuleItem::Stmt(statement) => Some(statement),
                ModuleItem::ModuleDecl(_) => None,
            })
            .collect(),
    };
    if is_strict(statements.iter().copied()) {
        return;
    }
    let top = lexical_names(statements.iter().copied());
    drop(statements);
    let mut names = Names::default();
    program.visit_with(&mut names);
    let mut visitor = WriteOut { lexical: vec![top], is_top: true, names };
    match program {
        Program::Script(script) => {
            visitor.statements(&mut script.body);
            join_declarations(&mut script.body);
        }
        Program::Module(module) => {
            let mut body = Vec::new();
            for item in module.body.take() {
                match item {
                    ModuleItem::Stmt(statement) => body.push(statement),
                    // Not reached: whatever has such an item is strict.
                    ModuleItem::ModuleDecl(_) => {}
                }
            }
            visitor.statements(&mut body);
            join_declarations(&mut body);
            module.body = body.into_iter().map(ModuleItem::Stmt).collect();
        }
    }
}

/// Writes numbers such as `0755` and escapes such as `\033` in another way: strict code must not have them (ECMA-262,
/// 12.9.3.1 and 12.9.4.1).
pub(crate) fn write_octals_out(program: &mut Program, source: &str) {
    let is_octal = |pair: &[u8]| matches!(pair, [b'\\' | b'0', digit] if digit.is_ascii_digit());
    if source.as_bytes().windows(2).any(is_octal) {
        program.visit_mut_with(&mut Octals);
    }
}

struct Octals;

impl VisitMut for Octals {
    noop_visit_mut_type!();

    fn visit_mut_number(&mut self, number: &mut Number) {
        let is_old =
            |raw: &Atom| matches!(raw.as_bytes(), [b'0', next, ..] if next.is_ascii_digit());
        number.raw.take_if(|raw| is_old(raw));
    }

    fn visit_mut_str(&mut self, text: &mut Str) {
        let is_old = |raw: &Atom| {
            let mut bytes = raw.bytes().peekable();
            while let Some(byte) = bytes.next() {
                if byte != b'\\' {
                    continue;
                }
                let escaped = bytes.next();
                let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
                if is_digit(escaped) && (escaped != Some(b'0') || is_digit(bytes.peek().copied())) {
                    return true;
                }
            }
            false
        };
        text.raw.take_if(|raw| is_old(raw));
    }
}

/// Gives other names to what strict code cannot declare: `await`, `let`, `eval` and the like. Names must be resolved.
/// Returns where such a name is read that nothing declares; those cannot be helped.
pub(crate) fn rename_reserved(program: &mut Program, unresolved: SyntaxContext) -> Vec<Ident> {
    let mut finder = ReservedNames { unresolved, ..ReservedNames::default() };
    program.visit_with(&mut finder);
    if !finder.declared.is_empty() {
        let mut names = Names::default();
        program.visit_with(&mut names);
        let mut fresh = |id: Id| (id.clone(), names.fresh(&id.0));
        let renamed: FxHashMap<Id, Atom> = finder.declared.into_iter().map(&mut fresh).collect();
        if renamed.keys().any(|id| id.0 == *"arguments") {
            program.visit_mut_with(&mut OwnArguments(unresolved));
            program.visit_mut_with(&mut CalledWith { unresolved, declared: None });
        }
        program.mutate(rename(&renamed));
    }
    finder.undeclared
}

#[derive(Default)]
struct ReservedNames {
    unresolved: SyntaxContext,
    declared: BTreeSet<Id>,
    undeclared: Vec<Ident>,
}

impl ReservedNames {
    /// `eval` and `arguments` can be read, but not declared.
    fn declares(&mut self, pattern: &Pat) {
        let mut names = Vec::new();
        collect_names(pattern, &mut names);
        let names =
            names.into_iter().filter(|name| matches!(name.sym.as_str(), "arguments" | "eval"));
        self.declared.extend(names.map(|name| name.to_id()));
    }
}

impl Visit for ReservedNames {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        if is_reserved_in_modules(&ident.sym) {
            if ident.ctxt == self.unresolved {
                self.undeclared.push(ident.clone());
            } else {
                self.declared.insert(ident.to_id());
            }
        }
    }

    fn visit_param(&mut self, parameter: &Param) {
        self.declares(&parameter.pat);
        parameter.visit_children_with(self);
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        arrow.params.iter().for_each(|pattern| self.declares(pattern));
        arrow.visit_children_with(self);
    }

    fn visit_catch_clause(&mut self, catch: &CatchClause) {
        catch.param.iter().for_each(|pattern| self.declares(pattern));
        catch.visit_children_with(self);
    }

    fn visit_fn_decl(&mut self, function: &FnDecl) {
        self.declares(&function.ident.clone().into());
        function.visit_children_with(self);
    }

    fn visit_fn_expr(&mut self, function: &FnExpr) {
        function.ident.iter().for_each(|name| self.declares(&name.clone().into()));
        function.visit_children_with(self);
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        self.declares(&declarator.name);
        declarator.visit_children_with(self);
    }
}

/// `var arguments` begins as what `arguments` is without it.
struct OwnArguments(SyntaxContext);

impl VisitMut for OwnArguments {
    noop_visit_mut_type!();

    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        statement.visit_mut_children_with(self);
        let Stmt::Decl(Decl::Var(declaration)) = statement else { return };
        for declarator in &mut declaration.decls {
            if declaration.kind == VarDeclKind::Var
                && declarator.init.is_none()
                && matches!(&declarator.name, Pat::Ident(name) if name.sym == *"arguments")
            {
                let arguments = Ident::new("arguments".into(), declarator.span, self.0);
                declarator.init = Some(Box::new(Expr::Ident(arguments)));
            }
        }
    }
}

/// In a function, `arguments` is what it was called with, whatever has the name outside of it, also when that is the
/// function itself.
struct CalledWith {
    unresolved: SyntaxContext,
    /// What the function around declares itself.
    declared: Option<BTreeSet<Id>>,
}

impl CalledWith {
    fn inside<T: VisitWith<ReservedNames> + VisitMutWith<Self>>(&mut self, function: &mut T) {
        let mut own = ReservedNames { unresolved: self.unresolved, ..ReservedNames::default() };
        function.visit_children_with(&mut own);
        let outer = self.declared.replace(own.declared);
        function.visit_mut_children_with(self);
        self.declared = outer;
    }
}

impl VisitMut for CalledWith {
    noop_visit_mut_type!();

    fn visit_mut_function(&mut self, function: &mut Function) {
        self.inside(function);
    }

    fn visit_mut_constructor(&mut self, constructor: &mut Constructor) {
        self.inside(constructor);
    }

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if ident.sym == *"arguments"
            && self.declared.as_ref().is_some_and(|declared| !declared.contains(&ident.to_id()))
        {
            ident.ctxt = self.unresolved;
        }
    }
}

/// At the top of a module, a name is declared once: of functions of one name the last counts, and `var` adds nothing to
/// a function but its value.
fn join_declarations(body: &mut Vec<Stmt>) {
    let mut functions: FxHashMap<Atom, usize> = FxHashMap::default();
    for (index, statement) in body.iter().enumerate() {
        if let Stmt::Decl(Decl::Fn(function)) = statement {
            functions.insert(function.ident.sym.clone(), index);
        }
    }
    if functions.is_empty() {
        return;
    }
    for (index, statement) in body.take().into_iter().enumerate() {
        match statement {
            Stmt::Decl(Decl::Fn(function)) if functions[&function.ident.sym] != index => {}
            Stmt::Decl(Decl::Var(declaration)) if declaration.kind == VarDeclKind::Var => {
                let is_function = |one: &VarDeclarator| matches!(&one.name, Pat::Ident(name) if functions.contains_key(&name.sym));
                if !declaration.decls.iter().any(is_function) {
                    body.push(Stmt::Decl(Decl::Var(declaration)));
                    continue;
                }
                for mut declarator in declaration.decls {
                    if !is_function(&declarator) {
                        let decls = vec![declarator];
                        let span = declaration.span;
                        let kind = VarDeclKind::Var;
                        let only = VarDecl { span, kind, decls, ..VarDecl::dummy() };
                        body.push(Stmt::Decl(Decl::Var(Box::new(only))));
                    } else if let (Pat::Ident(name), Some(value)) =
                        (&declarator.name, declarator.init.take())
                    {
                        body.push(code::statement(code::assign(&name.sym, *value)));
                    }
                }
            }
            other => body.push(other),
        }
    }
}

/// Puts functions that stand alone behind `if` or `else` into blocks, which is what they mean (ECMA-262, Annex B.3.3),
/// and returns where they start. In strict code they are errors and stay.
pub(crate) fn functions_behind_if(program: &mut Program) -> FxHashSet<BytePos> {
    let mut finder = BehindIf::default();
    let is_strict_script = match &*program {
        Program::Script(script) => is_strict(script.body.iter()),
        Program::Module(_) => true,
    };
    if !is_strict_script {
        program.visit_mut_with(&mut finder);
    }
    finder.starts
}

#[derive(Default)]
struct BehindIf {
    starts: FxHashSet<BytePos>,
}

impl VisitMut for BehindIf {
    noop_visit_mut_type!();

    fn visit_mut_if_stmt(&mut self, statement: &mut IfStmt) {
        for branch in std::iter::once(&mut statement.cons).chain(&mut statement.alt) {
            if let Stmt::Decl(Decl::Fn(function)) = &**branch
                && is_plain(function)
            {
                self.starts.insert(function.function.span.lo);
                **branch = in_block(*branch.take());
            }
        }
        statement.visit_mut_children_with(self);
    }

    fn visit_mut_function_body(&mut self, body: &mut FunctionBody) {
        if !is_strict(body.stmts.iter()) {
            body.visit_mut_children_with(self);
        }
    }

    fn visit_mut_class(&mut self, _: &mut Class) {
        // Classes are strict.
    }
}

fn in_block(statement: Stmt) -> Stmt {
    Stmt::Block(BlockStmt { span: DUMMY_SP, ctxt: SyntaxContext::empty(), stmts: vec![statement] })
}

/// Whether a directive makes statements strict.
pub(crate) fn is_strict<'a>(mut statements: impl Iterator<Item = &'a Stmt>) -> bool {
    statements
        .by_ref()
        .map_while(|statement| match statement {
            Stmt::Expr(statement) => match &*statement.expr {
                Expr::Lit(Lit::Str(text)) => Some(text.value.as_str() == Some("use strict")),
                _ => None,
            },
            _ => None,
        })
        .any(|is_strict| is_strict)
}

/// Names that `let`, `const` and `class` declare in a list of statements.
fn lexical_names<'a>(statements: impl Iterator<Item = &'a Stmt>) -> FxHashSet<Atom> {
    let mut names = FxHashSet::default();
    for statement in statements {
        match statement {
            Stmt::Decl(Decl::Class(class)) => {
                names.insert(class.ident.sym.clone());
            }
            Stmt::Decl(Decl::Var(declaration)) if declaration.kind != VarDeclKind::Var => {
                for declarator in &declaration.decls {
                    pattern_names(&declarator.name, &mut names);
                }
            }
            _ => {}
        }
    }
    names
}

fn pattern_names(pattern: &Pat, names: &mut FxHashSet<Atom>) {
    let mut found = Vec::new();
    crate::bundle::syntax::collect_names(pattern, &mut found);
    names.extend(found.into_iter().map(|ident| ident.sym));
}

struct WriteOut {
    /// Names of each scope from the function to here that a `var` could not share.
    lexical: Vec<FxHashSet<Atom>>,
    /// Whether the next list of statements is that of a function or of the script itself.
    is_top: bool,
    names: Names,
}

/// Names of a script.
#[derive(Default)]
struct Names {
    all: FxHashSet<Atom>,
    /// Those that are given another value somewhere.
    assigned: FxHashSet<Atom>,
}

impl Names {
    /// A name that the script does not have.
    fn fresh(&mut self, base: &Atom) -> Atom {
        let mut name: Atom = format!("_{base}").into();
        while !self.all.insert(name.clone()) {
            name = format!("_{name}").into();
        }
        name
    }
}

impl Visit for Names {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        self.all.insert(ident.sym.clone());
    }

    fn visit_assign_target(&mut self, target: &AssignTarget) {
        match target {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => {
                self.assigned.insert(ident.sym.clone());
            }
            AssignTarget::Pat(pattern) => {
                pattern_names(&Pat::from(pattern.clone()), &mut self.assigned);
            }
            AssignTarget::Simple(_) => {}
        }
        target.visit_children_with(self);
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        if let Expr::Ident(ident) = &*update.arg {
            self.assigned.insert(ident.sym.clone());
        }
        update.visit_children_with(self);
    }
}

impl WriteOut {
    fn statements(&mut self, statements: &mut Vec<Stmt>) {
        let is_top = std::mem::take(&mut self.is_top);
        if !is_top {
            self.lexical.push(lexical_names(statements.iter()));
        }
        let (mut functions, mut rest) = (Vec::new(), Vec::new());
        let mut own: Vec<OwnFunction> = Vec::new();
        let mut copies = Vec::new();
        for mut statement in statements.take() {
            while let Stmt::Labeled(labelled) = &mut statement
                && matches!(&*labelled.body, Stmt::Decl(Decl::Fn(_)) | Stmt::Labeled(_))
                && ends_in_function(labelled)
            {
                statement = *labelled.body.take();
            }
            if let Some(first) = first_value(&mut statement) {
                rest.push(first);
            }
            statement.visit_mut_with(self);
            match statement {
                Stmt::Decl(Decl::Fn(function)) if !is_top && is_plain(&function) => {
                    let name = function.ident.sym.clone();
                    if !self.names.assigned.contains(&name) || self.is_taken(&name) {
                        functions.push(self.as_variable(function));
                        continue;
                    }
                    // The block has a variable of its own; reaching the declaration copies its value.
                    let FnDecl { ident, function, .. } = function;
                    let function = FnExpr { ident: Some(ident), function };
                    let earlier = own.iter().position(|other| other.name == name);
                    let at = earlier.unwrap_or(own.len());
                    let local = match own.get(at) {
                        Some(earlier) => earlier.local.clone(),
                        None => self.names.fresh(&name),
                    };
                    copies.push((rest.len(), name.clone(), local.clone()));
                    let function = OwnFunction { name, local, function };
                    // Of several, the last counts.
                    own.splice(at..own.len().min(at + 1), [function]);
                }
                other => rest.push(other),
            }
        }
        let names = own.iter().map(|own| (own.name.clone(), own.local.clone())).collect();
        let mut renamer = Renamer { names };
        if !own.is_empty() {
            functions.visit_mut_with(&mut renamer);
            rest.visit_mut_with(&mut renamer);
            for own in &mut own {
                own.function.function.visit_mut_with(&mut renamer);
            }
        }
        for (at, name, local) in copies.into_iter().rev() {
            rest.insert(at, code::var(&name, code::ident(&local)));
        }
        functions.extend(own.into_iter().map(|OwnFunction { local, function, .. }| {
            code::declare(VarDeclKind::Let, &local, Expr::Fn(function))
        }));
        functions.append(&mut rest);
        *statements = functions;
        if !is_top {
            self.lexical.pop();
        }
    }

    /// The cases of a `switch` share a scope, whose functions are there before any case runs. They get other names in it,
    /// and reaching a declaration copies its value.
    fn switch(&mut self, switch: &mut SwitchStmt) {
        let statements = || switch.cases.iter().flat_map(|case| &case.cons);
        let lexical = lexical_names(statements());
        let declared: Vec<Atom> = statements()
            .filter_map(|statement| Some(plain_function(statement)?.ident.sym.clone()))
            .collect();
        // Inside of the cases, they are in the way of others.
        let mut names = lexical.clone();
        names.extend(declared.iter().cloned());
        self.lexical.push(names);
        switch.cases.visit_mut_with(self);
        self.lexical.pop();
        if declared.is_empty() {
            return;
        }
        let mut locals: FxHashMap<Atom, Atom> = FxHashMap::default();
        let mut last: FxHashMap<Atom, usize> = FxHashMap::default();
        for (index, name) in declared.iter().enumerate() {
            if !locals.contains_key(name) {
                locals.insert(name.clone(), self.names.fresh(name));
            }
            last.insert(name.clone(), index);
        }
        let mut renamer = Renamer { names: locals };
        switch.cases.iter_mut().for_each(|case| case.visit_mut_children_with(&mut renamer));
        let locals = renamer.names;
        self.lexical.push(lexical);
        let mut names = declared.iter().enumerate();
        for case in &mut switch.cases {
            for statement in case.cons.take() {
                if plain_function(&statement).is_none() {
                    case.cons.push(statement);
                    continue;
                }
                let Some((index, name)) = names.next() else { continue };
                let copy = code::var(name, code::ident(&locals[name]));
                // Of several, the last counts.
                case.cons.extend((last[name] == index).then_some(statement));
                case.cons.extend((!self.is_taken(name)).then_some(copy));
            }
        }
        self.lexical.pop();
    }

    /// Of parameters with one name, the last is meant.
    fn rename_repeated(&mut self, parameters: &mut [Param]) {
        let mut later = FxHashSet::default();
        for parameter in parameters.iter_mut().rev() {
            if let Pat::Ident(name) = &mut parameter.pat
                && !later.insert(name.id.sym.clone())
            {
                name.id.sym = self.names.fresh(&name.id.sym);
            }
        }
    }

    /// Whether an outer name that is no variable is in the way of one for a function.
    fn is_taken(&self, name: &Atom) -> bool {
        self.lexical.iter().any(|names| names.contains(name))
    }

    /// `var f = function () {}`, or `let` where an outer name is in the way.
    fn as_variable(&self, function: FnDecl) -> Stmt {
        let is_taken = self.is_taken(&function.ident.sym);
        let value = FnExpr { ident: None, function: function.function };
        Stmt::Decl(Decl::Var(Box::new(VarDecl {
            span: value.function.span,
            ctxt: SyntaxContext::empty(),
            kind: if is_taken { VarDeclKind::Let } else { VarDeclKind::Var },
            declare: false,
            decls: vec![VarDeclarator {
                span: value.function.span,
                name: Pat::Ident(BindingIdent::from(function.ident)),
                init: Some(Box::new(Expr::Fn(value))),
                definite: false,
            }],
        })))
    }

    fn body(&mut self, names: FxHashSet<Atom>, body: &mut FunctionBody) {
        if is_strict(body.stmts.iter()) {
            return;
        }
        let mut names = names;
        names.extend(lexical_names(body.stmts.iter()));
        let outer = std::mem::replace(&mut self.lexical, vec![names]);
        let was_top = std::mem::replace(&mut self.is_top, true);
        self.statements(&mut body.stmts);
        self.lexical = outer;
        self.is_top = was_top;
    }
}

/// A function of a block that something assigns to.
struct OwnFunction {
    name: Atom,
    /// What the block calls it.
    local: Atom,
    function: FnExpr,
}

/// Gives names of a block other texts, wherever they are those of that block.
struct Renamer {
    names: FxHashMap<Atom, Atom>,
}

impl Renamer {
    /// Visits something in which these names mean something else.
    fn without(&mut self, declared: &FxHashSet<Atom>, visit: impl FnOnce(&mut Self)) {
        let hidden: Vec<(Atom, Atom)> =
            declared.iter().filter_map(|name| self.names.remove_entry(name)).collect();
        visit(self);
        self.names.extend(hidden);
    }

    /// What a function declares.
    fn declared_by(parameters: &[&Pat], body: &[Stmt]) -> FxHashSet<Atom> {
        let mut hoisted = HoistedNames(Vec::new());
        for parameter in parameters {
            crate::bundle::syntax::collect_names(parameter, &mut hoisted.0);
        }
        body.visit_with(&mut hoisted);
        let mut names = Self::lexical_in(body);
        names.extend(hoisted.0.into_iter().map(|ident| ident.sym));
        names
    }

    /// What a block declares.
    fn lexical_in(statements: &[Stmt]) -> FxHashSet<Atom> {
        let mut names = lexical_names(statements.iter());
        names.extend(statements.iter().filter_map(|statement| match statement {
            Stmt::Decl(Decl::Fn(function)) => Some(function.ident.sym.clone()),
            _ => None,
        }));
        names
    }
}

impl VisitMut for Renamer {
    noop_visit_mut_type!();

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if let Some(name) = self.names.get(&ident.sym) {
            ident.sym = name.clone();
        }
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(name) = property
            && self.names.contains_key(&name.sym)
        {
            let (key, value) = (IdentName::from(name.clone()), name.take());
            *property = Prop::KeyValue(KeyValueProp {
                key: PropName::Ident(key),
                value: Box::new(Expr::Ident(value)),
            });
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_object_pat_prop(&mut self, property: &mut ObjectPatProp) {
        if let ObjectPatProp::Assign(shorthand) = property
            && self.names.contains_key(&shorthand.key.sym)
        {
            let name = Pat::Ident(shorthand.key.clone());
            let value = match shorthand.value.take() {
                Some(right) => {
                    Pat::Assign(AssignPat { span: shorthand.span, left: Box::new(name), right })
                }
                None => name,
            };
            *property = ObjectPatProp::KeyValue(KeyValuePatProp {
                key: PropName::Ident(IdentName::from(shorthand.key.id.clone())),
                value: Box::new(value),
            });
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_labeled_stmt(&mut self, labelled: &mut LabeledStmt) {
        labelled.body.visit_mut_with(self);
    }

    fn visit_mut_break_stmt(&mut self, _: &mut BreakStmt) {}
    fn visit_mut_continue_stmt(&mut self, _: &mut ContinueStmt) {}

    fn visit_mut_fn_expr(&mut self, function: &mut FnExpr) {
        let own: FxHashSet<Atom> = function.ident.iter().map(|name| name.sym.clone()).collect();
        self.without(&own, |renamer| function.function.visit_mut_with(renamer));
    }

    fn visit_mut_class_expr(&mut self, class: &mut ClassExpr) {
        let own: FxHashSet<Atom> = class.ident.iter().map(|name| name.sym.clone()).collect();
        self.without(&own, |renamer| class.class.visit_mut_with(renamer));
    }

    fn visit_mut_function(&mut self, function: &mut Function) {
        let parameters: Vec<&Pat> = function.params.iter().map(|it| &it.pat).collect();
        let body = function.body.as_ref().map_or(&[][..], |body| &body.stmts);
        let declared = Self::declared_by(&parameters, body);
        self.without(&declared, |renamer| function.visit_mut_children_with(renamer));
    }

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        let parameters: Vec<&Pat> = arrow.params.iter().collect();
        let body = match &*arrow.body {
            ArrowFunctionBody::FunctionBody(body) => &body.stmts[..],
            ArrowFunctionBody::Expr(_) => &[],
        };
        let declared = Self::declared_by(&parameters, body);
        self.without(&declared, |renamer| arrow.visit_mut_children_with(renamer));
    }

    fn visit_mut_block_stmt(&mut self, block: &mut BlockStmt) {
        let declared = Self::lexical_in(&block.stmts);
        self.without(&declared, |renamer| block.visit_mut_children_with(renamer));
    }
}

/// Names that the head of a loop declares for its body.
fn head_names(statement: &Stmt) -> FxHashSet<Atom> {
    let (Stmt::For(ForStmt { init: Some(VarDeclOrExpr::VarDecl(declaration)), .. })
    | Stmt::ForIn(ForInStmt { left: ForHead::VarDecl(declaration), .. })
    | Stmt::ForOf(ForOfStmt { left: ForHead::VarDecl(declaration), .. })) = statement
    else {
        return FxHashSet::default();
    };
    let mut names = FxHashSet::default();
    if declaration.kind != VarDeclKind::Var {
        for declarator in &declaration.decls {
            pattern_names(&declarator.name, &mut names);
        }
    }
    names
}

fn plain_function(statement: &Stmt) -> Option<&FnDecl> {
    match statement {
        Stmt::Decl(Decl::Fn(function)) if is_plain(function) => Some(function),
        _ => None,
    }
}

fn ends_in_function(labelled: &LabeledStmt) -> bool {
    match &*labelled.body {
        Stmt::Decl(Decl::Fn(_)) => true,
        Stmt::Labeled(inner) => ends_in_function(inner),
        _ => false,
    }
}

fn is_plain(function: &FnDecl) -> bool {
    !function.declare
        && function.function.body.is_some()
        && !function.function.is_async
        && !function.function.is_generator
}

/// The `x = 1` of `for (var x = 1 in y)`, which may have labels.
fn first_value(statement: &mut Stmt) -> Option<Stmt> {
    let statement = match statement {
        Stmt::ForIn(statement) => statement,
        Stmt::Labeled(labelled) => return first_value(&mut labelled.body),
        _ => return None,
    };
    let ForHead::VarDecl(declaration) = &mut statement.left else { return None };
    let first = declaration.clone();
    declaration.decls.first_mut()?.init.take()?;
    Some(Stmt::Decl(Decl::Var(first)))
}

impl VisitMut for WriteOut {
    noop_visit_mut_type!();

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        self.statements(statements);
    }

    /// `if (x) label: function f() {}`
    fn visit_mut_if_stmt(&mut self, statement: &mut IfStmt) {
        let block = |body: &mut Box<Stmt>| {
            if matches!(&**body, Stmt::Labeled(_)) {
                **body = in_block(*body.take());
            }
        };
        block(&mut statement.cons);
        if let Some(alternative) = &mut statement.alt {
            block(alternative);
        }
        statement.visit_mut_children_with(self);
    }

    fn visit_mut_catch_clause(&mut self, clause: &mut CatchClause) {
        let mut names = FxHashSet::default();
        if let Some(parameter) = &clause.param
            && !parameter.is_ident()
        {
            pattern_names(parameter, &mut names);
        }
        self.lexical.push(names);
        clause.visit_mut_children_with(self);
        self.lexical.pop();
    }

    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        // Those of a list stand before it already; this one is all that another statement has.
        if let Some(first) = first_value(statement) {
            *statement = in_block(statement.take());
            if let Stmt::Block(block) = statement {
                block.stmts.insert(0, first);
            }
        }
        let head = head_names(statement);
        if !head.is_empty() {
            self.lexical.push(head);
            statement.visit_mut_children_with(self);
            self.lexical.pop();
        } else if let Stmt::Switch(switch) = statement {
            switch.discriminant.visit_mut_with(self);
            self.switch(switch);
        } else {
            statement.visit_mut_children_with(self);
        }
    }

    fn visit_mut_switch_case(&mut self, case: &mut SwitchCase) {
        case.test.visit_mut_with(self);
        for statement in &mut case.cons {
            statement.visit_mut_with(self);
        }
    }

    fn visit_mut_function(&mut self, function: &mut Function) {
        let mut names = FxHashSet::default();
        for parameter in &function.params {
            pattern_names(&parameter.pat, &mut names);
        }
        self.rename_repeated(&mut function.params);
        function.params.visit_mut_with(self);
        if let Some(body) = &mut function.body {
            self.body(names, body);
        }
    }

    fn visit_mut_arrow_expr(&mut self, arrow: &mut ArrowExpr) {
        let mut names = FxHashSet::default();
        for parameter in &arrow.params {
            pattern_names(parameter, &mut names);
        }
        arrow.params.visit_mut_with(self);
        match &mut *arrow.body {
            ArrowFunctionBody::FunctionBody(body) => self.body(names, body),
            ArrowFunctionBody::Expr(value) => value.visit_mut_with(self),
        }
    }

    fn visit_mut_class(&mut self, _: &mut Class) {
        // Classes are strict.
    }
}
