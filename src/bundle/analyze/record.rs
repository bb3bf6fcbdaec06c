//! Syntax tree to record: import records, exports, and statements with the symbols they declare and use.
//!
//! Import and export syntax ends here. What is left of a module is a list of plain statements; all that the syntax
//! said stands in the [`Module`].

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{BytePos, SourceMap, Span, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::visit::{Visit, VisitWith, noop_visit_type};

use super::commonjs::record_exports;
use super::filled::OwnObjects;
use super::harmless::find_harmless;
use super::hold_back::hold_back;
use super::taken_names::taken_names;
use crate::bundle::graph::{
    Chain, Constant, DEFAULT_NAME, Export, ImportKind, ImportName, ImportRecord, ImportTarget,
    Module, ModuleFormat, NamedImport, Statement, Symbol, SymbolKind, TYPE_OF,
};
use crate::bundle::meaning::Judge;
use crate::bundle::meaning::values::shared_constant;
use crate::bundle::options::{Loader, Options};
use crate::bundle::runtime;
use crate::bundle::source::{KeptComments, location_at};
use crate::bundle::syntax::{
    HoistedNames, collect_names, constant_string, static_chain, static_property, unwrapped,
    uses_this,
};
use crate::diag::Diagnostic;

/// What a first walk finds in a module: statements and what each uses. What they do is judged afterwards.
pub(crate) struct Found {
    /// The statements, one for each in [`Module::statements`].
    pub(crate) body: Vec<Stmt>,
    uses: Vec<Uses>,
    /// Functions marked as having no side effects that stand behind an `export`.
    marked: Vec<Id>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Marks of a module that `judge` believes.
pub(crate) struct Marks {
    pub(crate) unresolved: SyntaxContext,
    /// Starts of calls marked pure.
    pub(crate) pure_calls: FxHashSet<BytePos>,
    /// Starts of functions marked as having no side effects.
    pub(crate) pure_functions: FxHashSet<BytePos>,
}

/// What finding needs beside the tree.
pub(crate) struct FindInput<'a> {
    pub(crate) marks: &'a Marks,
    pub(crate) source_map: &'a SourceMap,
    pub(crate) options: &'a Options,
    pub(crate) is_type_module: Option<bool>,
    pub(crate) injected: &'a [Injected],
    /// Names of module 0 that the code may mention; empty if it does not.
    pub(crate) helpers: &'a [Atom],
}

/// Finds what `module` imports, exports and declares, and what its statements use.
pub(crate) fn find(module: &mut Module, program: Program, input: &FindInput<'_>) -> Found {
    let FindInput { marks, source_map, options, is_type_module, .. } = *input;
    let mut recorder = Recorder {
        module,
        source_map,
        unresolved: marks.unresolved,
        body: Vec::new(),
        local_exports: Vec::new(),
        diagnostics: Vec::new(),
        has_module_syntax: false,
        has_exports: false,
        pure_positions: &marks.pure_functions,
        marked: Vec::new(),
    };
    let (items, hashbang) = match program {
        Program::Module(module) => (module.body, module.shebang),
        Program::Script(script) => {
            (script.body.into_iter().map(ModuleItem::Stmt).collect(), script.shebang)
        }
    };
    recorder.module.hashbang = hashbang;
    recorder.inject(input.injected);
    if !input.helpers.is_empty() {
        let names = input.helpers.to_vec();
        recorder.inject(&[Injected { file: runtime::PATH.into(), names }]);
    }
    recorder.flatten(items);
    recorder.body.iter_mut().for_each(take_own_helper);
    recorder.declare_statements();
    recorder.bind_local_exports();
    let mut visitor = UseVisitor::new(recorder.module, source_map, marks.unresolved);
    visitor.folds_types = options.tree_shaking;
    let uses: Vec<Uses> =
        recorder.body.iter().map(|statement| visitor.uses_of(statement)).collect();
    let facts = visitor.facts;
    #[expect(clippy::iter_over_hash_type, reason = "sets flags; the order does not matter")]
    for symbol in &facts.reassigned {
        recorder.module.symbols[*symbol as usize].is_reassigned = true;
    }
    recorder.warn(&facts);
    recorder.module.unresolved = facts.unresolved;
    recorder.module.nested_names = facts.nested_names;
    recorder.module.has_top_level_await = facts.has_top_level_await;
    recorder.module.has_direct_eval = facts.has_direct_eval;
    recorder.module.uses_import_meta = facts.uses_import_meta;
    recorder.module.uses_top_level_this = facts.uses_top_level_this;
    // A file that imports by statements and exports by `exports` is what bundlers before us made of it: CommonJS.
    let is_mixed = recorder.has_module_syntax
        && !recorder.has_exports
        && ["exports", "module"]
            .iter()
            .any(|name| recorder.module.unresolved.contains(&Atom::from(*name)))
        && is_type_module != Some(true)
        && !matches!(
            recorder.module.file.extension().and_then(|extension| extension.to_str()),
            Some("mjs" | "mts")
        );
    recorder.module.has_esm_syntax = (recorder.has_module_syntax && !is_mixed)
        || facts.uses_import_meta
        || facts.has_top_level_await;
    // `this` at its top is what a CommonJS module exports.
    let uses_commonjs = facts.uses_commonjs || facts.uses_top_level_this;
    choose_format(recorder.module, is_type_module, uses_commonjs);
    Found { body: recorder.body, uses, marked: recorder.marked, diagnostics: recorder.diagnostics }
}

/// Judges what the statements of a module do, and returns them.
pub(crate) fn judge(
    module: &mut Module,
    found: Found,
    marks: &Marks,
    comments: &mut KeptComments,
    options: &Options,
) -> Vec<Stmt> {
    let Found { mut body, uses, marked, .. } = found;
    let mut pure_functions = marked_functions(&body, &marks.pure_functions);
    pure_functions.extend(marked);
    let imports = imported_symbols(module);
    let mut judge =
        Judge::new(marks.unresolved, &marks.pure_calls, &pure_functions, &imports, options);
    judge.find_known_values(&body, module);
    find_harmless(&body, module, &mut judge);
    // Helpers are ours, and nobody asked for those that are not needed.
    let shakes = options.tree_shaking || module.path == runtime::PATH;
    let own = OwnObjects::of(&body, module, marks.unresolved);
    judge.reads_imports = true;
    for (index, (statement, uses)) in body.iter().zip(uses).enumerate() {
        let filled = own.filled(&judge, index, statement);
        let is_pure = !filled.is_empty() || judge.statement(statement);
        let pure_if = judge.pure_if.take();
        for id in filled {
            // Filling an object is part of declaring it: whoever needs the variable needs both.
            let Some(symbol) = module.symbol_of.get(&id).copied() else { continue };
            let statement = u32::try_from(index).expect("fewer than 2^32 statements");
            module.symbols[symbol as usize].declared_by.push(statement);
            module.statements[index].declares.push(symbol);
        }
        let record = &mut module.statements[index];
        record.uses = uses.symbols;
        record.property_uses = uses.properties;
        record.records = uses.records;
        record.has_side_effects =
            !shakes || !is_pure || !pure_if.is_empty() || module.has_direct_eval;
        if is_pure && shakes {
            record.pure_if = pure_if;
        }
    }
    judge.reads_imports = false;
    mark_functions(module, &body, &judge);
    if module.format == ModuleFormat::CommonJs {
        record_exports(module, &body, &judge, options);
    }
    collect_constants(module, &body, marks.unresolved, options);
    if options.tree_shaking {
        collect_aliases(module, &body);
    }
    note_taken_names(module, &body);
    if options.minify.syntax {
        hold_back(&mut body, module, &judge, comments);
    }
    body
}

/// What a module is, by its syntax, its name, and what its package says.
fn choose_format(module: &mut Module, is_type_module: Option<bool>, uses_commonjs: bool) {
    let extension =
        module.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_named_esm = matches!(extension, "mjs" | "mts");
    let is_named_commonjs = matches!(extension, "cjs" | "cts");
    let is_esm = module.has_esm_syntax
        || is_named_esm
        || (!is_named_commonjs && (is_type_module == Some(true) || !uses_commonjs));
    module.uses_node_interop = is_named_esm || (is_type_module == Some(true) && !is_named_commonjs);
    module.format = if is_esm { ModuleFormat::Esm } else { ModuleFormat::CommonJs };
}

/// Notes for each `import()` what the program takes from it.
fn note_taken_names(module: &mut Module, body: &[Stmt]) {
    let is_dynamic = |record: &ImportRecord| record.kind == ImportKind::Dynamic;
    if module.has_direct_eval || !module.imports.iter().any(is_dynamic) {
        return;
    }
    let mut taken = taken_names(body, module);
    for record in module.imports.iter_mut().filter(|record| is_dynamic(record)) {
        record.taken = taken.remove(&record.position);
    }
}

/// What is imported by name, by the name in the tree.
fn imported_symbols(module: &Module) -> FxHashMap<Id, u32> {
    let imported = module.named_imports.keys();
    imported.map(|symbol| (module.symbols[*symbol as usize].id.clone(), *symbol)).collect()
}

/// Notes which functions look at `this`, and which do nothing.
fn mark_functions(module: &mut Module, body: &[Stmt], judge: &Judge<'_>) {
    for statement in body {
        let mut is_arrow = false;
        let (ident, function) = match statement {
            Stmt::Decl(Decl::Fn(function)) => (&function.ident, Some(&*function.function)),
            Stmt::Decl(Decl::Var(declaration)) => match declaration.decls.as_slice() {
                [VarDeclarator { name: Pat::Ident(ident), init: Some(init), .. }] => {
                    match &**init {
                        Expr::Fn(function) => (&ident.id, Some(&*function.function)),
                        other => {
                            is_arrow = other.is_arrow();
                            (&ident.id, None)
                        }
                    }
                }
                _ => continue,
            },
            _ => continue,
        };
        let Some(symbol) = module.symbol_of.get(&ident.to_id()).copied() else { continue };
        let symbol = &mut module.symbols[symbol as usize];
        symbol.uses_this = function.is_some_and(uses_this);
        symbol.ignores_this = (is_arrow || (function.is_some() && !symbol.uses_this))
            && !symbol.is_reassigned
            && symbol.declared_by.len() == 1;
        let is_pure =
            judge.harmless.contains(&symbol.id) || judge.pure_functions.contains(&symbol.id);
        symbol.is_pure_function = !symbol.is_reassigned && is_pure;
        symbol.reads_variables = judge.readers.contains_key(&symbol.id);
    }
}

/// Longest string of JSON that stands in several places instead of one, in bytes.
const MOST_REPEATED: usize = 100;

/// Notes what other modules may read as a constant: enums, members of JSON, and when minifying `const` with a plain value.
fn collect_constants(
    module: &mut Module,
    body: &[Stmt],
    unresolved: SyntaxContext,
    options: &Options,
) {
    for statement in body {
        let Stmt::Decl(Decl::Var(declaration)) = statement else { continue };
        let [VarDeclarator { name: Pat::Ident(ident), init: Some(init), .. }] =
            declaration.decls.as_slice()
        else {
            continue;
        };
        let Some(symbol) = module.symbol_of.get(&ident.to_id()).copied() else { continue };
        if module.symbols[symbol as usize].is_reassigned {
            continue;
        }
        let is_json = module.loader == Loader::Json && module.default_symbol == Some(symbol);
        if let Some(members) =
            if is_json { json_members(init, unresolved) } else { enum_members(init, unresolved) }
        {
            module.enums.insert(symbol, members);
        } else if declaration.kind == VarDeclKind::Const
            && options.minify.syntax
            && let Some(constant) = shared_constant(init, unresolved)
            && !matches!(constant, Constant::String(_))
        {
            module.constants.insert(symbol, constant);
        }
    }
}

/// Notes which constants are another name of what stands before them, and never is anything else.
fn collect_aliases(module: &mut Module, body: &[Stmt]) {
    if module.format != ModuleFormat::Esm || module.has_direct_eval {
        return;
    }
    for (index, statement) in (0u32..).zip(body) {
        let Stmt::Decl(Decl::Var(declaration)) = statement else { continue };
        let [VarDeclarator { name: Pat::Ident(name), init: Some(init), .. }] =
            declaration.decls.as_slice()
        else {
            continue;
        };
        let Expr::Ident(original) = &**init else { continue };
        let symbol_of = |ident: &Ident| module.symbol_of.get(&ident.to_id()).copied();
        let (Some(alias), Some(original)) = (symbol_of(name), symbol_of(original)) else {
            continue;
        };
        let is_there = |symbol: &Symbol| match symbol.kind {
            SymbolKind::Function | SymbolKind::Import => true,
            _ => symbol.declared_by.iter().any(|declared| *declared < index),
        };
        let symbols = &module.symbols;
        let (of, to) = (&symbols[alias as usize], &symbols[original as usize]);
        if declaration.kind == VarDeclKind::Const
            && !of.is_reassigned
            && of.declared_by == [index]
            && module.statements[index as usize].declares == [alias]
            && !module.statements[index as usize].has_side_effects
            && !to.is_reassigned
            && is_there(to)
        {
            module.aliases.insert(alias, original);
        }
    }
}

/// Plain values in an object of JSON.
fn json_members(init: &Expr, unresolved: SyntaxContext) -> Option<FxHashMap<Atom, Constant>> {
    let Expr::Object(object) = init else { return None };
    let mut members = FxHashMap::default();
    for property in &object.props {
        let PropOrSpread::Prop(property) = property else { return None };
        let Prop::KeyValue(pair) = &**property else { return None };
        let PropName::Str(name) = &pair.key else { continue };
        let Some(name) = name.value.as_str().map(Atom::from) else { continue };
        // The last of equal keys wins.
        members.remove(&name);
        match shared_constant(&pair.value, unresolved) {
            Some(Constant::String(text)) if text.len() > MOST_REPEATED => {}
            Some(constant) => drop(members.insert(name, constant)),
            None => {}
        }
    }
    Some(members)
}

/// Members of what the TypeScript transform makes of an enum:
/// `function(E) { E[E["A"] = 0] = "A"; E["B"] = "x"; return E; }({})`.
fn enum_members(init: &Expr, unresolved: SyntaxContext) -> Option<FxHashMap<Atom, Constant>> {
    let Expr::Call(call) = init else { return None };
    let Callee::Expr(callee) = &call.callee else { return None };
    let mut callee = &**callee;
    while let Expr::Paren(paren) = callee {
        callee = &paren.expr;
    }
    let Expr::Fn(function) = callee else { return None };
    let [ExprOrSpread { expr, .. }] = call.args.as_slice() else { return None };
    if !matches!(&**expr, Expr::Object(object) if object.props.is_empty()) {
        return None;
    }
    let Some(Pat::Ident(parameter)) =
        function.function.params.first().map(|parameter| &parameter.pat)
    else {
        return None;
    };
    let mut members = FxHashMap::default();
    for statement in &function.function.body.as_ref()?.stmts {
        match statement {
            Stmt::Return(_) => {}
            Stmt::Expr(statement) => {
                let Expr::Assign(assign) = &*statement.expr else { return None };
                let (name, value) = enum_member(assign, parameter)?;
                if let Some(constant) = shared_constant(value, unresolved) {
                    members.insert(name, constant);
                }
            }
            _ => return None,
        }
    }
    Some(members)
}

fn enum_member<'a>(assign: &'a AssignExpr, parameter: &BindingIdent) -> Option<(Atom, &'a Expr)> {
    let AssignTarget::Simple(SimpleAssignTarget::Member(member)) = &assign.left else {
        return None;
    };
    if !matches!(&*member.obj, Expr::Ident(object) if object.to_id() == parameter.to_id()) {
        return None;
    }
    if let Some(name) = static_property(&member.prop) {
        return Some((name, &assign.right));
    }
    let MemberProp::Computed(computed) = &member.prop else { return None };
    match &*computed.expr {
        Expr::Assign(inner) => enum_member(inner, parameter),
        _ => None,
    }
}

/// Names of functions that stand at a `/* @__NO_SIDE_EFFECTS__ */`.
fn marked_functions(body: &[Stmt], positions: &FxHashSet<BytePos>) -> FxHashSet<Id> {
    let mut marked = FxHashSet::default();
    if positions.is_empty() {
        return marked;
    }
    for statement in body {
        match statement {
            Stmt::Decl(Decl::Fn(function)) if positions.contains(&function.function.span.lo) => {
                marked.insert(function.ident.to_id());
            }
            Stmt::Decl(Decl::Var(declaration)) => {
                for declarator in &declaration.decls {
                    if let (Pat::Ident(ident), Some(init)) = (&declarator.name, &declarator.init)
                        && matches!(&**init, Expr::Fn(_) | Expr::Arrow(_))
                        && (positions.contains(&init.span().lo)
                            || positions.contains(&declaration.span.lo))
                    {
                        marked.insert(ident.to_id());
                    }
                }
            }
            _ => {}
        }
    }
    marked
}

struct Recorder<'a> {
    module: &'a mut Module,
    source_map: &'a SourceMap,
    unresolved: SyntaxContext,
    body: Vec<Stmt>,
    /// `export { local as name }`, until all symbols are known.
    local_exports: Vec<(Atom, Id, Span)>,
    diagnostics: Vec<Diagnostic>,
    has_module_syntax: bool,
    /// Whether there is an `export`.
    has_exports: bool,
    /// Starts of functions marked as having no side effects.
    pure_positions: &'a FxHashSet<BytePos>,
    /// Those that stand behind an `export`.
    marked: Vec<Id>,
}

/// `var __helper = (this && this.__helper) || function () { … }`, as TypeScript writes it: at the top of a file, `this` has
/// no such property.
fn take_own_helper(statement: &mut Stmt) {
    let Stmt::Decl(Decl::Var(declaration)) = statement else { return };
    let [VarDeclarator { name: Pat::Ident(name), init: Some(init), .. }] =
        declaration.decls.as_mut_slice()
    else {
        return;
    };
    let Expr::Bin(either) = &mut **init else { return };
    let (op!("||"), Expr::Bin(both)) = (either.op, unwrapped(&either.left)) else { return };
    let is_this = |expression: &Expr| matches!(expression, Expr::This(_));
    let is_own = both.op == op!("&&")
        && is_this(&both.left)
        && name.sym.starts_with("__")
        && matches!(&*both.right, Expr::Member(member)
            if is_this(&member.obj)
                && static_property(&member.prop).is_some_and(|property| property == name.sym));
    if is_own {
        *init = either.right.take();
    }
}

/// Whether a statement declares what only its block has.
fn is_lexical(statement: &Stmt) -> bool {
    match statement {
        Stmt::Decl(Decl::Var(declaration)) => declaration.kind != VarDeclKind::Var,
        Stmt::Decl(_) => true,
        _ => false,
    }
}

/// The function that a declaration declares, if it is one alone.
fn declared_function(declaration: &Decl) -> Option<Id> {
    match declaration {
        Decl::Fn(function) => Some(function.ident.to_id()),
        Decl::Var(variable) => match variable.decls.as_slice() {
            [VarDeclarator { name: Pat::Ident(ident), .. }] => Some(ident.to_id()),
            _ => None,
        },
        _ => None,
    }
}

/// A file whose exports stand for globals of the same names.
pub(crate) struct Injected {
    /// Absolute path.
    pub(crate) file: std::path::PathBuf,
    /// What it exports.
    pub(crate) names: Vec<Atom>,
}

impl Recorder<'_> {
    /// Tells of what surely surprises.
    fn warn(&mut self, facts: &Facts) {
        for span in &facts.evals {
            let location = self.location(*span);
            self.diagnostics.push(
                Diagnostic::warning("build/direct-eval", "a direct `eval` sees every name of the module, so none can be dropped or shortened")
                    .at(location)
                    .hint("write `(0, eval)(…)` or `new Function(…)` if it need not see them"),
            );
        }
        for span in &facts.assigned_imports {
            let location = self.location(*span);
            self.diagnostics.push(
                Diagnostic::warning(
                    "build/assign-to-import",
                    "an import cannot be assigned to; this throws when it runs",
                )
                .at(location)
                .hint("export a function from the other module that sets the value"),
            );
        }
    }

    /// Makes imports of globals that injected files export. Every module runs those files first.
    fn inject(&mut self, injected: &[Injected]) {
        for file in injected {
            let specifier: Atom = file.file.to_string_lossy().into();
            let location = crate::diag::Location::file(self.module.path.clone());
            let record = push_record(
                self.module,
                ImportRecord {
                    kind: ImportKind::Static,
                    specifier,
                    position: BytePos::DUMMY,
                    location: location.clone(),
                    attribute_type: None,
                    may_fail: false,
                    taken: None,
                    asset: None,
                    target: ImportTarget::Missing,
                },
            );
            for name in &file.names {
                let symbol =
                    self.declare((name.clone(), self.unresolved), SymbolKind::Import, None);
                let import = NamedImport {
                    record,
                    name: ImportName::Named(name.clone()),
                    location: location.clone(),
                };
                self.module.named_imports.insert(symbol, import);
            }
        }
    }

    fn flatten(&mut self, items: Vec<ModuleItem>) {
        let mut may_be_directive = true;
        for item in items {
            match item {
                ModuleItem::Stmt(Stmt::Expr(ExprStmt { expr, .. }))
                    if may_be_directive && matches!(&*expr, Expr::Lit(Lit::Str(_))) =>
                {
                    if let Expr::Lit(Lit::Str(text)) = &*expr {
                        let raw =
                            text.raw.as_deref().map(|raw| raw.trim_matches(['"', '\'']).to_owned());
                        let text = raw
                            .or_else(|| text.value.as_str().map(str::to_owned))
                            .unwrap_or_default();
                        self.module.directives.push(text.into());
                    }
                }
                ModuleItem::Stmt(statement) => {
                    may_be_directive = false;
                    self.push(statement);
                }
                ModuleItem::ModuleDecl(declaration) => {
                    may_be_directive = false;
                    self.has_module_syntax = true;
                    self.has_exports |= !matches!(declaration, ModuleDecl::Import(_));
                    self.declaration(declaration);
                }
            }
        }
    }

    /// Adds a statement; a declaration of several variables and a sequence become several, so each can be dropped by
    /// itself.
    fn push(&mut self, statement: Stmt) {
        match statement {
            Stmt::Empty(_) => {}
            // What is left of `if (true) { … }`.
            Stmt::Block(block) if !block.stmts.iter().any(is_lexical) => {
                block.stmts.into_iter().for_each(|statement| self.push(statement));
            }
            Stmt::Decl(Decl::Var(declaration)) if declaration.decls.len() > 1 => {
                let VarDecl { span, ctxt, kind, declare, decls } = *declaration;
                for declarator in decls {
                    let span =
                        Span::new(declarator.span.lo.max(span.lo), declarator.span.hi.max(span.lo));
                    self.body.push(Stmt::Decl(Decl::Var(Box::new(VarDecl {
                        span,
                        ctxt,
                        kind,
                        declare,
                        decls: vec![declarator],
                    }))));
                }
            }
            Stmt::Expr(statement) => match *statement.expr {
                // A string that stands alone could be taken for a directive.
                Expr::Seq(sequence) if !sequence.exprs.iter().any(|part| part.is_lit()) => {
                    let part = |expr: Box<Expr>| Stmt::Expr(ExprStmt { span: expr.span(), expr });
                    self.body.extend(sequence.exprs.into_iter().map(part));
                }
                expr => {
                    let expr = Box::new(expr);
                    self.body.push(Stmt::Expr(ExprStmt { span: statement.span, expr }));
                }
            },
            other => self.body.push(other),
        }
    }

    fn declaration(&mut self, declaration: ModuleDecl) {
        match declaration {
            ModuleDecl::Import(import) => self.import(import),
            ModuleDecl::ExportDecl(export) => {
                let mut names = Vec::new();
                if self.pure_positions.contains(&export.span.lo) {
                    self.marked.extend(declared_function(&export.decl));
                }
                match &export.decl {
                    Decl::Fn(function) => names.push(function.ident.clone()),
                    Decl::Class(class) => names.push(class.ident.clone()),
                    Decl::Var(variable) => {
                        variable
                            .decls
                            .iter()
                            .for_each(|declarator| collect_names(&declarator.name, &mut names));
                    }
                    Decl::Using(using) => {
                        using
                            .decls
                            .iter()
                            .for_each(|declarator| collect_names(&declarator.name, &mut names));
                    }
                    _ => {}
                }
                for name in names {
                    self.local_exports.push((name.sym.clone(), name.to_id(), name.span));
                }
                self.push(Stmt::Decl(export.decl));
            }
            ModuleDecl::ExportNamed(export) => self.export_named(export),
            ModuleDecl::ExportAll(export) => {
                let record = self.static_record(&export.src, export.with.as_deref());
                self.module.export_stars.push(record);
            }
            ModuleDecl::ExportDefaultDecl(export) => {
                let span = export.span;
                let statement = match export.decl {
                    DefaultDecl::Fn(function) => {
                        let is_marked = self.pure_positions.contains(&span.lo);
                        let ident = function.ident.unwrap_or_else(|| Self::default_ident(span));
                        self.local_exports.push(("default".into(), ident.to_id(), span));
                        self.marked.extend(is_marked.then(|| ident.to_id()));
                        Decl::Fn(FnDecl { ident, declare: false, function: function.function })
                    }
                    DefaultDecl::Class(class) => {
                        let ident = class.ident.unwrap_or_else(|| Self::default_ident(span));
                        self.local_exports.push(("default".into(), ident.to_id(), span));
                        Decl::Class(ClassDecl { ident, declare: false, class: class.class })
                    }
                    DefaultDecl::TsInterfaceDecl(_) => return,
                };
                self.body.push(Stmt::Decl(statement));
            }
            ModuleDecl::ExportDefaultExpr(export) => {
                let ident = Self::default_ident(export.span);
                self.local_exports.push(("default".into(), ident.to_id(), export.span));
                self.body.push(Stmt::Decl(Decl::Var(Box::new(VarDecl {
                    span: export.span,
                    ctxt: SyntaxContext::empty(),
                    kind: VarDeclKind::Const,
                    declare: false,
                    decls: vec![VarDeclarator {
                        span: export.span,
                        name: Pat::Ident(BindingIdent::from(ident)),
                        init: Some(export.expr),
                        definite: false,
                    }],
                }))));
            }
            ModuleDecl::TsImportEquals(_)
            | ModuleDecl::TsExportAssignment(_)
            | ModuleDecl::TsNamespaceExport(_) => {}
        }
    }

    fn default_ident(span: Span) -> Ident {
        Ident::new(DEFAULT_NAME.into(), Span::new(span.lo, span.lo), SyntaxContext::empty())
    }

    fn import(&mut self, import: ImportDecl) {
        if import.type_only {
            return;
        }
        let record = self.static_record(&import.src, import.with.as_deref());
        for specifier in import.specifiers {
            let (local, name) = match specifier {
                ImportSpecifier::Named(named) if named.is_type_only => continue,
                ImportSpecifier::Named(named) => {
                    let name = named
                        .imported
                        .as_ref()
                        .map_or_else(|| named.local.sym.clone(), export_name);
                    (named.local, ImportName::Named(name))
                }
                ImportSpecifier::Default(default) => {
                    (default.local, ImportName::Named("default".into()))
                }
                ImportSpecifier::Namespace(namespace) => (namespace.local, ImportName::Namespace),
            };
            let location = self.location(local.span);
            let symbol = self.declare(local.to_id(), SymbolKind::Import, None);
            self.module.named_imports.insert(symbol, NamedImport { record, name, location });
        }
    }

    fn export_named(&mut self, export: NamedExport) {
        if export.type_only {
            return;
        }
        let record =
            export.src.as_ref().map(|source| self.static_record(source, export.with.as_deref()));
        for specifier in export.specifiers {
            match (specifier, record) {
                (ExportSpecifier::Named(named), _) if named.is_type_only => {}
                (ExportSpecifier::Named(named), Some(record)) => {
                    let name = export_name(&named.orig);
                    let exported =
                        named.exported.as_ref().map_or_else(|| name.clone(), export_name);
                    let location = self.location(named.orig.span());
                    self.export(
                        exported,
                        Export::From(NamedImport {
                            record,
                            name: ImportName::Named(name),
                            location,
                        }),
                    );
                }
                (ExportSpecifier::Named(named), None) => {
                    let ModuleExportName::Ident(local) = &named.orig else { continue };
                    let exported =
                        named.exported.as_ref().map_or_else(|| local.sym.clone(), export_name);
                    self.local_exports.push((exported, local.to_id(), local.span));
                }
                (ExportSpecifier::Namespace(namespace), Some(record)) => {
                    let location = self.location(namespace.span);
                    let import = NamedImport { record, name: ImportName::Namespace, location };
                    self.export(export_name(&namespace.name), Export::From(import));
                }
                (ExportSpecifier::Default(default), Some(record)) => {
                    let location = self.location(default.exported.span);
                    let import =
                        NamedImport { record, name: ImportName::Named("default".into()), location };
                    self.export(default.exported.sym, Export::From(import));
                }
                _ => {}
            }
        }
    }

    fn static_record(&mut self, source: &Str, attributes: Option<&ObjectLit>) -> u32 {
        let location = self.location(source.span);
        push_record(
            self.module,
            ImportRecord {
                kind: ImportKind::Static,
                specifier: source.value.as_str().map(Atom::from).unwrap_or_default(),
                position: source.span.lo,
                location,
                attribute_type: attributes.and_then(attribute_type),
                may_fail: false,
                taken: None,
                asset: None,
                target: ImportTarget::Missing,
            },
        )
    }

    fn location(&self, span: Span) -> crate::diag::Location {
        location_at(
            self.source_map,
            &self.module.path,
            span.lo,
            (span.hi.0.saturating_sub(span.lo.0)) as usize,
        )
    }

    fn declare(&mut self, id: Id, kind: SymbolKind, statement: Option<u32>) -> u32 {
        let module = &mut *self.module;
        let index = *module.symbol_of.entry(id.clone()).or_insert_with(|| {
            let index = u32::try_from(module.symbols.len()).expect("fewer than 2^32 symbols");
            module.symbols.push(Symbol {
                id,
                kind,
                declared_by: Vec::new(),
                is_reassigned: false,
                uses_this: false,
                ignores_this: false,
                is_pure_function: false,
                reads_variables: false,
            });
            index
        });
        if let Some(statement) = statement {
            let symbol = &mut module.symbols[index as usize];
            if !symbol.declared_by.contains(&statement) {
                // A second declaration that assigns makes the first value one of several.
                symbol.is_reassigned |= !symbol.declared_by.is_empty();
                symbol.declared_by.push(statement);
            }
            let declares = &mut module.statements[statement as usize].declares;
            if !declares.contains(&index) {
                declares.push(index);
            }
        }
        index
    }

    fn declare_statements(&mut self) {
        self.module.statements = self.body.iter().map(|_| Statement::default()).collect();
        let body = std::mem::take(&mut self.body);
        for (index, statement) in (0u32..).zip(&body) {
            match statement {
                Stmt::Decl(Decl::Fn(function)) => {
                    self.declare(function.ident.to_id(), SymbolKind::Function, Some(index));
                    self.note_default(&function.ident);
                }
                Stmt::Decl(Decl::Class(class)) => {
                    self.declare(class.ident.to_id(), SymbolKind::Class, Some(index));
                    self.note_default(&class.ident);
                }
                Stmt::Decl(Decl::Var(declaration)) => {
                    let kind = match declaration.kind {
                        VarDeclKind::Var => SymbolKind::Var,
                        VarDeclKind::Let => SymbolKind::Let,
                        VarDeclKind::Const => SymbolKind::Const,
                    };
                    let mut names = Vec::new();
                    declaration
                        .decls
                        .iter()
                        .for_each(|declarator| collect_names(&declarator.name, &mut names));
                    for name in names {
                        self.declare(name.to_id(), kind, Some(index));
                        self.note_default(&name);
                    }
                }
                Stmt::Decl(Decl::Using(declaration)) => {
                    let mut names = Vec::new();
                    declaration
                        .decls
                        .iter()
                        .for_each(|declarator| collect_names(&declarator.name, &mut names));
                    for name in names {
                        self.declare(name.to_id(), SymbolKind::Const, Some(index));
                    }
                }
                other => {
                    // `var` inside of a block or loop is a symbol of the module.
                    let mut names = HoistedNames(Vec::new());
                    other.visit_with(&mut names);
                    for name in names.0 {
                        self.declare(name.to_id(), SymbolKind::Var, Some(index));
                    }
                }
            }
        }
        self.body = body;
    }

    fn note_default(&mut self, ident: &Ident) {
        if ident.sym == *DEFAULT_NAME {
            self.module.default_symbol = self.module.symbol_of.get(&ident.to_id()).copied();
        }
    }

    fn bind_local_exports(&mut self) {
        for (exported, local, span) in std::mem::take(&mut self.local_exports) {
            if let Some(symbol) = self.module.symbol_of.get(&local) {
                let symbol = *symbol;
                self.export(exported, Export::Local(symbol));
            } else {
                let location = self.location(span);
                debug_assert!(local.1 == self.unresolved || local.1 == SyntaxContext::empty());
                self.diagnostics.push(
                    Diagnostic::error(
                        "build/export-not-declared",
                        format!("`{}` is exported but not declared", local.0),
                    )
                    .at(location)
                    .hint("declare it in this file, or export it `from` the file that does"),
                );
            }
        }
    }

    fn export(&mut self, name: Atom, export: Export) {
        let index = u32::try_from(self.module.exports.len()).expect("fewer than 2^32 exports");
        if self.module.export_of.insert(name.clone(), index).is_none() {
            self.module.exports.push((name, export));
        } else {
            self.module.export_of.insert(name.clone(), index - 1);
            let at = self.module.exports.iter().position(|(known, _)| *known == name);
            if let Some(at) = at {
                self.module.export_of.insert(name, u32::try_from(at).expect("checked above"));
            }
        }
    }
}

fn push_record(module: &mut Module, record: ImportRecord) -> u32 {
    let index = u32::try_from(module.imports.len()).expect("fewer than 2^32 imports");
    module.imports.push(record);
    index
}

fn export_name(name: &ModuleExportName) -> Atom {
    match name {
        ModuleExportName::Ident(ident) => ident.sym.clone(),
        ModuleExportName::Str(text) => text.value.as_str().map(Atom::from).unwrap_or_default(),
    }
}

fn attribute_type(attributes: &ObjectLit) -> Option<Atom> {
    attributes.props.iter().find_map(|property| {
        let PropOrSpread::Prop(property) = property else { return None };
        let Prop::KeyValue(pair) = &**property else { return None };
        let is_type = match &pair.key {
            PropName::Ident(name) => name.sym == *"type",
            PropName::Str(name) => name.value.as_str() == Some("type"),
            _ => false,
        };
        match &*pair.value {
            Expr::Lit(Lit::Str(value)) if is_type => value.value.as_str().map(Atom::from),
            _ => None,
        }
    })
}

/// What one statement uses.
#[derive(Default)]
struct Uses {
    symbols: Vec<u32>,
    properties: Vec<Chain>,
    records: Vec<u32>,
}

/// What is true of the module as a whole.
#[derive(Default)]
struct Facts {
    unresolved: FxHashSet<Atom>,
    nested_names: FxHashSet<Atom>,
    reassigned: FxHashSet<u32>,
    has_top_level_await: bool,
    has_direct_eval: bool,
    uses_import_meta: bool,
    uses_top_level_this: bool,
    uses_commonjs: bool,
    /// Direct calls of `eval`.
    evals: Vec<Span>,
    /// Imports that something assigns to, which throws.
    assigned_imports: Vec<Span>,
}

struct UseVisitor<'a> {
    symbol_of: FxHashMap<Id, u32>,
    imports: FxHashSet<u32>,
    module: &'a mut Module,
    source_map: &'a SourceMap,
    unresolved: SyntaxContext,
    function_depth: u32,
    this_depth: u32,
    try_depth: u32,
    /// Starts of calls of `import()` whose failure is handled.
    caught: FxHashSet<BytePos>,
    /// Whether the expression that comes next is called.
    is_callee: bool,
    /// Whether `typeof` of an import is put in place where it is known.
    folds_types: bool,
    uses: Uses,
    facts: Facts,
}

impl<'a> UseVisitor<'a> {
    fn new(module: &'a mut Module, source_map: &'a SourceMap, unresolved: SyntaxContext) -> Self {
        Self {
            symbol_of: module.symbol_of.clone(),
            imports: module.named_imports.keys().copied().collect(),
            module,
            source_map,
            unresolved,
            function_depth: 0,
            this_depth: 0,
            try_depth: 0,
            caught: FxHashSet::default(),
            is_callee: false,
            folds_types: false,
            uses: Uses::default(),
            facts: Facts::default(),
        }
    }

    fn uses_of(&mut self, statement: &Stmt) -> Uses {
        statement.visit_with(self);
        let mut uses = std::mem::take(&mut self.uses);
        uses.symbols.sort_unstable();
        uses.symbols.dedup();
        uses.properties.sort_unstable();
        uses.properties.dedup();
        uses
    }

    fn reassign(&mut self, ident: &Ident) {
        if let Some(symbol) = self.symbol_of.get(&ident.to_id()) {
            self.facts.reassigned.insert(*symbol);
            if self.imports.contains(symbol) {
                self.facts.assigned_imports.push(ident.span);
            }
        }
    }

    fn reassign_pattern(&mut self, pattern: &Pat) {
        let mut names = Vec::new();
        collect_names(pattern, &mut names);
        for name in names {
            self.reassign(&name);
        }
        if let Pat::Expr(expression) = pattern
            && let Expr::Ident(ident) = &**expression
        {
            self.reassign(ident);
        }
    }

    fn is_global(&self, expression: &Expr, name: &str) -> bool {
        matches!(expression, Expr::Ident(ident) if ident.sym == *name && ident.ctxt == self.unresolved)
    }

    fn add_record(
        &mut self,
        kind: ImportKind,
        specifier: Atom,
        span: Span,
        at: Span,
        attribute_type: Option<Atom>,
        may_fail: bool,
    ) {
        let length = (at.hi.0.saturating_sub(at.lo.0)) as usize;
        let location = location_at(self.source_map, &self.module.path, at.lo, length);
        let record = push_record(
            self.module,
            ImportRecord {
                kind,
                specifier,
                position: span.lo,
                location,
                attribute_type,
                may_fail: may_fail || self.try_depth > 0,
                taken: None,
                asset: None,
                target: ImportTarget::Missing,
            },
        );
        self.uses.records.push(record);
    }

    /// Visits a member expression that is written to, so that its last property is no read.
    fn visit_written_member(&mut self, expression: &Expr) {
        match expression {
            Expr::Member(member) => member.visit_children_with(self),
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => member.visit_children_with(self),
                OptChainBase::Call(call) => call.visit_with(self),
            },
            Expr::Paren(paren) => self.visit_written_member(&paren.expr),
            other => other.visit_with(self),
        }
    }

    fn dynamic_import(&mut self, call: &CallExpr, may_fail: bool) {
        if let Some(first) = call.args.first()
            && let Some(specifier) = constant_string(&first.expr)
        {
            let attributes = call.args.get(1).and_then(|options| match &*options.expr {
                Expr::Object(object) => object.props.iter().find_map(|property| match property {
                    PropOrSpread::Prop(property) => match &**property {
                        Prop::KeyValue(pair) => match (&pair.key, &*pair.value) {
                            (PropName::Ident(name), Expr::Object(with))
                                if matches!(name.sym.as_str(), "with" | "assert") =>
                            {
                                attribute_type(with)
                            }
                            _ => None,
                        },
                        _ => None,
                    },
                    PropOrSpread::Spread(_) => None,
                }),
                _ => None,
            });
            self.add_record(
                ImportKind::Dynamic,
                specifier,
                call.span,
                first.expr.span(),
                attributes,
                may_fail,
            );
        }
    }
}

/// Where the `import()` stands whose failure a call handles: `import(…).catch(…)`, `import(…).then(…).then(…, …)`.
fn caught_import(call: &CallExpr) -> Option<BytePos> {
    let mut handles = false;
    let mut call = call;
    loop {
        let Callee::Expr(callee) = &call.callee else {
            return (handles && call.callee.is_import()).then_some(call.span.lo);
        };
        let Expr::Member(member) = unwrapped(callee) else { return None };
        match static_property(&member.prop)?.as_str() {
            "catch" => handles = true,
            "then" => handles |= call.args.len() > 1,
            "finally" => {}
            _ => return None,
        }
        // Inner calls are looked at by themselves.
        match unwrapped(&member.obj) {
            Expr::Call(inner) if handles => call = inner,
            _ => return None,
        }
    }
}

/// `import.meta.url`
fn is_import_meta_url(expression: &Expr) -> bool {
    matches!(expression, Expr::Member(member)
        if matches!(&*member.obj, Expr::MetaProp(meta) if meta.kind == MetaPropKind::ImportMeta)
            && static_property(&member.prop).is_some_and(|name| name == *"url"))
}

impl Visit for UseVisitor<'_> {
    noop_visit_type!();

    fn visit_ident(&mut self, ident: &Ident) {
        if let Some(symbol) = self.symbol_of.get(&ident.to_id()) {
            self.uses.symbols.push(*symbol);
        } else if ident.ctxt == self.unresolved {
            if matches!(ident.sym.as_str(), "exports" | "module" | "require") {
                self.facts.uses_commonjs = true;
            }
            if !self.facts.unresolved.contains(&ident.sym) {
                self.facts.unresolved.insert(ident.sym.clone());
            }
        } else if !self.facts.nested_names.contains(&ident.sym) {
            self.facts.nested_names.insert(ident.sym.clone());
        }
    }

    fn visit_expr(&mut self, expression: &Expr) {
        let is_called = std::mem::take(&mut self.is_callee);
        if let Expr::Member(member) = expression
            && let Some((root, names)) = static_chain(member)
            && let Some(symbol) = self.symbol_of.get(&root.to_id())
            && self.imports.contains(symbol)
        {
            self.uses.properties.push(Chain { symbol: *symbol, names, is_called });
            return;
        }
        expression.visit_children_with(self);
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        match &call.callee {
            Callee::Import(_) => {
                self.dynamic_import(call, self.caught.contains(&call.span.lo));
            }
            Callee::Expr(callee) if self.is_global(callee, "require") => {
                self.facts.uses_commonjs = true;
                if let [ExprOrSpread { spread: None, expr }] = call.args.as_slice()
                    && let Some(specifier) = constant_string(expr)
                {
                    // A call that may never happen is no reason to stop.
                    let is_lazy = self.function_depth > 0;
                    self.add_record(
                        ImportKind::Require,
                        specifier,
                        call.span,
                        expr.span(),
                        None,
                        is_lazy,
                    );
                    return;
                }
            }
            Callee::Expr(callee) if self.is_global(callee, "eval") => {
                self.facts.has_direct_eval = true;
                self.facts.evals.push(call.span);
            }
            Callee::Expr(_) => self.caught.extend(caught_import(call)),
            Callee::Super(_) => {}
        }
        if let Callee::Expr(callee) = &call.callee {
            self.is_callee = true;
            callee.visit_with(self);
            self.is_callee = false;
            call.args.visit_with(self);
            return;
        }
        call.visit_children_with(self);
    }

    fn visit_opt_call(&mut self, call: &OptCall) {
        self.is_callee = true;
        call.callee.visit_with(self);
        self.is_callee = false;
        call.args.visit_with(self);
    }

    fn visit_tagged_tpl(&mut self, template: &TaggedTpl) {
        self.is_callee = true;
        template.tag.visit_with(self);
        self.is_callee = false;
        template.tpl.visit_with(self);
    }

    fn visit_new_expr(&mut self, new: &NewExpr) {
        if let Some([first, second]) = new.args.as_deref()
            && self.is_global(&new.callee, "URL")
            && let Some(specifier) = constant_string(&first.expr)
            && specifier.starts_with('.')
            && is_import_meta_url(&second.expr)
        {
            self.add_record(ImportKind::Url, specifier, new.span, first.expr.span(), None, true);
        }
        new.visit_children_with(self);
    }

    fn visit_this_expr(&mut self, _: &ThisExpr) {
        if self.this_depth == 0 {
            self.facts.uses_top_level_this = true;
        }
    }

    fn visit_meta_prop_expr(&mut self, meta: &MetaPropExpr) {
        if meta.kind == MetaPropKind::ImportMeta {
            self.facts.uses_import_meta = true;
        }
    }

    fn visit_await_expr(&mut self, expression: &AwaitExpr) {
        self.facts.has_top_level_await |= self.function_depth == 0;
        expression.visit_children_with(self);
    }

    fn visit_for_of_stmt(&mut self, statement: &ForOfStmt) {
        self.facts.has_top_level_await |= statement.is_await && self.function_depth == 0;
        if let ForHead::Pat(pattern) = &statement.left {
            self.reassign_pattern(pattern);
        }
        statement.visit_children_with(self);
    }

    fn visit_for_in_stmt(&mut self, statement: &ForInStmt) {
        if let ForHead::Pat(pattern) = &statement.left {
            self.reassign_pattern(pattern);
        }
        statement.visit_children_with(self);
    }

    fn visit_using_decl(&mut self, declaration: &UsingDecl) {
        self.facts.has_top_level_await |= declaration.is_await && self.function_depth == 0;
        declaration.visit_children_with(self);
    }

    fn visit_function(&mut self, function: &Function) {
        self.function_depth += 1;
        self.this_depth += 1;
        function.visit_children_with(self);
        self.function_depth -= 1;
        self.this_depth -= 1;
    }

    fn visit_constructor(&mut self, constructor: &Constructor) {
        self.function_depth += 1;
        constructor.visit_children_with(self);
        self.function_depth -= 1;
    }

    fn visit_getter_prop(&mut self, getter: &GetterProp) {
        self.function_depth += 1;
        self.this_depth += 1;
        getter.visit_children_with(self);
        self.function_depth -= 1;
        self.this_depth -= 1;
    }

    fn visit_setter_prop(&mut self, setter: &SetterProp) {
        self.function_depth += 1;
        self.this_depth += 1;
        setter.visit_children_with(self);
        self.function_depth -= 1;
        self.this_depth -= 1;
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.function_depth += 1;
        arrow.visit_children_with(self);
        self.function_depth -= 1;
    }

    fn visit_class(&mut self, class: &Class) {
        class.decorators.visit_with(self);
        class.super_class.visit_with(self);
        self.this_depth += 1;
        class.body.visit_with(self);
        self.this_depth -= 1;
    }

    // Keys of a class are evaluated outside of it.
    fn visit_class_prop(&mut self, field: &ClassProp) {
        self.this_depth -= 1;
        field.key.visit_with(self);
        self.this_depth += 1;
        field.decorators.visit_with(self);
        field.value.visit_with(self);
    }

    fn visit_class_method(&mut self, method: &ClassMethod) {
        self.this_depth -= 1;
        method.key.visit_with(self);
        self.this_depth += 1;
        method.function.visit_with(self);
    }

    fn visit_return_stmt(&mut self, statement: &ReturnStmt) {
        // Only the function around a `CommonJS` module can be left.
        self.facts.uses_commonjs |= self.function_depth == 0;
        statement.visit_children_with(self);
    }

    fn visit_try_stmt(&mut self, statement: &TryStmt) {
        self.try_depth += 1;
        statement.block.visit_with(self);
        statement.handler.visit_with(self);
        self.try_depth -= 1;
        statement.finalizer.visit_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => self.reassign(&ident.id),
            AssignTarget::Pat(pattern) => self.reassign_pattern(&Pat::from(pattern.clone())),
            AssignTarget::Simple(_) => {}
        }
        assign.visit_children_with(self);
    }

    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        if let Expr::Ident(ident) = &*update.arg {
            self.reassign(ident);
        }
        self.visit_written_member(&update.arg);
    }

    /// `[object.member] = list`, `for (object.member of list)`
    fn visit_pat(&mut self, pattern: &Pat) {
        match pattern {
            Pat::Expr(target) => self.visit_written_member(target),
            other => other.visit_children_with(self),
        }
    }

    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        if unary.op == UnaryOp::Delete {
            self.visit_written_member(&unary.arg);
        } else if self.folds_types
            && unary.op == UnaryOp::TypeOf
            && let Expr::Ident(ident) = &*unary.arg
            && let Some(symbol) = self.symbol_of.get(&ident.to_id())
            && self.imports.contains(symbol)
        {
            let names = vec![TYPE_OF.into()];
            self.uses.properties.push(Chain { symbol: *symbol, names, is_called: false });
        } else {
            unary.visit_children_with(self);
        }
    }
}
