//! Applies the plan to a module's tree, taken rather than cloned: the only place that edits one after parsing.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::util::take::Take;
use swc_core::common::{BytePos, DUMMY_SP, Spanned, SyntaxContext};
use swc_core::ecma::ast::*;
use swc_core::ecma::transforms::base::rename::rename;
use swc_core::ecma::visit::{
    Visit, VisitMut, VisitMutWith, VisitWith, noop_visit_mut_type, noop_visit_type,
};

use super::keep_names::{has_static_blocks, keep_names, name_class};
use super::names::Paths;
use crate::bundle::analyze::hold_back::HELD;
use crate::bundle::code;
use crate::bundle::graph::{
    Chain, Constant, DEFAULT_NAME, Export, ImportKind, ImportRecord, ImportTarget, Module,
    ModuleFormat, ModuleGraph, ModuleId, SymbolId, SymbolKind, TYPE_OF, View,
};
use crate::bundle::link::{self, Binding, ChunkNames, LinkPlan, NameKey, NamespaceShape, Wrap};
use crate::bundle::options::{Format, Options, Target};
use crate::bundle::runtime;
use crate::bundle::scan::ModuleTree;
use crate::bundle::syntax::{constant_string, static_chain, static_property};

/// What printing one chunk looks things up in.
pub(super) struct Context<'a> {
    pub(super) graph: &'a ModuleGraph,
    pub(super) plan: &'a LinkPlan,
    pub(super) options: &'a Options,
    pub(super) chunk: u32,
    pub(super) names: &'a ChunkNames,
    /// Where outputs are; stand-ins for hashes that are not known yet are in them.
    pub(super) paths: &'a Paths,
    /// What the function of `HELD` is called.
    pub(super) held: &'a Atom,
}

impl Context<'_> {
    /// How code of this chunk names an asset, by its URL in the output folder itself.
    pub(super) fn asset(&self, url: &str) -> String {
        self.paths.asset(self.chunk as usize, url, self.options)
    }

    /// How code of this chunk names what is left to the runtime, which may be an asset of the build.
    pub(super) fn external(&self, specifier: &Atom) -> String {
        self.paths.external(self.chunk as usize, specifier, self.options)
    }

    /// A helper function by its name in this chunk.
    pub(super) fn helper(&self, name: &'static str) -> Atom {
        let symbol = self.plan.helpers[name];
        self.names.get(&NameKey::Symbol(symbol)).clone()
    }

    /// How a binding is written in this chunk.
    pub(super) fn reference(&self, binding: &Binding) -> Option<Reference> {
        let name = |key: NameKey| self.names.local.get(&key).cloned();
        Some(match binding {
            Binding::Symbol(symbol) => Reference::Name(name(NameKey::Symbol(*symbol))?),
            Binding::Namespace(module) => Reference::Name(name(NameKey::Namespace(*module))?),
            Binding::CommonJs { module, name: property, view } => {
                Reference::of(name(NameKey::Interop(*module, *view))?, property.clone())
            }
            Binding::Member { object, name: property } => {
                Reference::of(name(NameKey::Symbol(*object))?, Some(property.clone()))
            }
            Binding::External { specifier, name: property } => {
                if self.options.format == Format::Esm {
                    Reference::Name(name(NameKey::External(specifier.clone(), property.clone()))?)
                } else {
                    Reference::of(
                        name(NameKey::External(specifier.clone(), None))?,
                        property.clone(),
                    )
                }
            }
            Binding::Property { module, name: property } => {
                Reference::of(name(NameKey::Namespace(*module))?, Some(property.clone()))
            }
            Binding::Constant { value, .. } => Reference::Constant(value.clone()),
            Binding::Flat { .. } | Binding::Missing => Reference::Undefined,
        })
    }
}

/// How something is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reference {
    Name(Atom),
    Property(Atom, Atom),
    Constant(Constant),
    Undefined,
}

impl Reference {
    fn of(object: Atom, property: Option<Atom>) -> Self {
        match property {
            Some(property) => Self::Property(object, property),
            None => Self::Name(object),
        }
    }

    pub(super) fn expression(&self, span: swc_core::common::Span) -> Expr {
        match self {
            Self::Name(name) => Expr::Ident(Ident::new(name.clone(), span, SyntaxContext::empty())),
            Self::Property(object, property) => code::member(code::ident(object), property, span),
            Self::Constant(constant) => code::at(code::constant(constant), span),
            Self::Undefined => code::at(code::void_0(), span),
        }
    }
}

/// The parts of a module in a chunk. Each goes to its own place.
#[derive(Default)]
pub(super) struct ModuleCode {
    /// Before anything runs: its namespace object, its hoisted variables and its closure.
    pub(super) definitions: Vec<Stmt>,
    /// Where it runs, when it is not wrapped.
    pub(super) body: Vec<Stmt>,
}

/// Writes a module as the plan wants it in this chunk.
pub(super) fn rewrite(context: &Context<'_>, id: ModuleId, tree: &mut ModuleTree) -> ModuleCode {
    let module = context.graph.module(id);
    let mut rewriter = Rewriter::new(context, id, module, tree.unresolved);
    let live = &context.plan.live.statements[id.index()];
    let keeps_names =
        context.options.keep_names && id != ModuleId::RUNTIME && !module.has_direct_eval;
    let name_helper = keeps_names.then(|| context.helper(runtime::NAME));
    let mut statements = std::mem::take(&mut tree.body);
    if context.options.minify.syntax && !module.in_circle {
        declare_constants(&mut statements, module);
    }
    let kept = statements.into_iter().zip(live);
    let mut statements: Vec<Stmt> =
        kept.filter_map(|(statement, live)| live.then_some(statement)).collect();
    if let Some(helper) = &name_helper {
        keep_names(&mut statements, helper, &tree.renamed, context.options);
    }
    if module.flat.is_some() && !context.options.minify.identifiers {
        rewriter.keep_anonymous(&mut statements, &properties(module));
    }
    for statement in &mut statements {
        statement.visit_mut_with(&mut rewriter);
    }
    if rewriter.keeps_renamed_names {
        let names = rewriter.renamed_at_top();
        rewriter.keep_renamed_names(&mut statements, &names);
    }
    let node = NodeNames::of(context, id, module);
    let wrap = context.plan.wraps.of(id);
    node.replace(&mut statements, (wrap != Wrap::CommonJs).then_some(tree.unresolved));
    let mut code = ModuleCode::default();
    let namespace_extension = namespace(context, id, &mut code.definitions);
    match wrap {
        Wrap::None => {
            code.body = namespace_extension;
            code.body.extend(statements);
        }
        Wrap::CommonJs => {
            if module.has_direct_eval
                || !context.options.minify.any()
                || context.options.format != Format::Esm
            {
                let directives: Vec<Stmt> = module
                    .directives
                    .iter()
                    .filter(|text| context.options.format != Format::Esm || **text != "use strict")
                    .map(code::directive)
                    .collect();
                statements.splice(0..0, directives);
            }
            let imports = import_calls(context, id);
            if !imports.is_empty() {
                let at =
                    statements.iter().take_while(|statement| code::is_directive(statement)).count();
                statements.splice(at..at, imports);
            }
            code.definitions.push(commonjs_wrapper(context, id, &node, statements));
        }
        Wrap::Esm => {
            let mut body =
                if context.plan.wraps.awaits { Vec::new() } else { import_calls(context, id) };
            body.extend(namespace_extension);
            rewriter.wrap_esm(statements, body, &mut code.definitions);
        }
    }
    code
}

/// A `var` that never changes, before which nothing of the module runs, is as good as `const`, and the compressor knows
/// more of that. In a circle of modules, others could see it without its value.
fn declare_constants(statements: &mut [Stmt], module: &Module) {
    if module.format != ModuleFormat::Esm || module.has_direct_eval {
        return;
    }
    // What the compressor puts in the place of a name; of all else it is only a longer word.
    let is_plain = |value: &Expr| match value {
        Expr::Lit(literal) => !matches!(literal, Lit::Regex(_)),
        Expr::Unary(unary) => unary.arg.is_lit(),
        _ => false,
    };
    let mut so_far = AtOnce::default();
    for (statement, record) in statements.iter_mut().zip(&module.statements) {
        let is_plain_variable = matches!(statement, Stmt::Decl(Decl::Var(declaration))
            if declaration.kind == VarDeclKind::Var);
        if !is_plain_variable {
            statement.visit_with(&mut so_far);
        }
        if record.has_side_effects || so_far.calls {
            break;
        }
        let Stmt::Decl(Decl::Var(declaration)) = statement else { continue };
        let is_constant = |one: &VarDeclarator| {
            let symbol = one.name.as_ident().and_then(|name| module.symbol_of.get(&name.to_id()));
            one.init.as_deref().is_some_and(is_plain)
                && symbol.is_some_and(|symbol| {
                    let symbol = &module.symbols[*symbol as usize];
                    !symbol.is_reassigned
                        && symbol.declared_by.len() == 1
                        && !so_far.names.contains(&symbol.id)
                })
        };
        if is_plain_variable && declaration.decls.iter().all(is_constant) {
            declaration.kind = VarDeclKind::Const;
        } else if is_plain_variable {
            declaration.visit_with(&mut so_far);
            if so_far.calls {
                break;
            }
        }
    }
}

/// What statements do when they run, without what functions in them do later.
#[derive(Default)]
struct AtOnce {
    /// Whether they call a function, which could read a variable before it has its value.
    calls: bool,
    /// Names that stand in them.
    names: FxHashSet<Id>,
}

impl Visit for AtOnce {
    noop_visit_type!();

    fn visit_function(&mut self, _: &Function) {}
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_constructor(&mut self, _: &Constructor) {}

    fn visit_call_expr(&mut self, _: &CallExpr) {
        self.calls = true;
    }
    fn visit_new_expr(&mut self, _: &NewExpr) {
        self.calls = true;
    }
    fn visit_tagged_tpl(&mut self, _: &TaggedTpl) {
        self.calls = true;
    }
    fn visit_ident(&mut self, ident: &Ident) {
        self.names.insert(ident.to_id());
    }
}

/// `var ns = __namespace({ a: () => a })`; returns what adds names that are known only at run time.
fn namespace(context: &Context<'_>, id: ModuleId, definitions: &mut Vec<Stmt>) -> Vec<Stmt> {
    let Some(shape) = context.plan.live.namespaces.get(&id) else { return Vec::new() };
    let name = context.names.get(&NameKey::Namespace(id)).clone();
    let in_closure = context.graph.module(id).has_direct_eval;
    let mut arguments =
        vec![if in_closure { code::object(Vec::new()) } else { getters(context, shape) }];
    if !shape.dynamic.is_empty() || in_closure {
        arguments.push(code::number(1.0));
    }
    let call = code::call(&context.helper(runtime::NAMESPACE), arguments);
    definitions.push(code::var(&name, code::pure(call)));
    let mut extension = Vec::new();
    let is_entry = context.options.format != Format::Esm
        && context.plan.chunks.list[context.chunk as usize].entry == Some(id);
    if in_closure {
        let arguments = vec![code::ident(&name), own_getters(context, id, shape)];
        extension.push(code::statement(code::call(&context.helper(runtime::EXPORT), arguments)));
    }
    let dynamic =
        shape.dynamic.iter().filter_map(|binding| context.reference(binding)).map(|reference| {
            let source = reference.expression(DUMMY_SP);
            let mut arguments = vec![Expr::Ident(code::ident_of(&name)), source];
            // What the entry gives away was copied before these names were known.
            if is_entry {
                arguments.push(given_away(context.options.format));
            }
            code::statement(code::call(&context.helper(runtime::RE_EXPORT), arguments))
        });
    extension.extend(dynamic);
    extension
}

/// The same for a module whose variables stay in its closure, under the names of the source.
fn own_getters(context: &Context<'_>, id: ModuleId, shape: &NamespaceShape) -> Expr {
    let module = context.graph.module(id);
    let properties = shape.exports.iter().filter_map(|(name, binding)| {
        let value = match (binding, module.export(name)) {
            (Binding::Property { module: owner, .. }, Some(Export::Local(symbol)))
                if *owner == id =>
            {
                code::ident(&module.symbols[*symbol as usize].id.0)
            }
            _ => context.reference(binding)?.expression(DUMMY_SP),
        };
        Some((name.clone(), code::arrow(Vec::new(), value)))
    });
    code::object(properties.collect())
}

/// `{ name: () => value, … }`
fn getters(context: &Context<'_>, shape: &NamespaceShape) -> Expr {
    code::object(
        shape
            .exports
            .iter()
            .filter_map(|(name, binding)| {
                let value = context.reference(binding)?.expression(DUMMY_SP);
                Some((name.clone(), code::arrow(Vec::new(), value)))
            })
            .collect(),
    )
}

fn commonjs_wrapper(
    context: &Context<'_>,
    id: ModuleId,
    node: &NodeNames,
    body: Vec<Stmt>,
) -> Stmt {
    let module = context.graph.module(id);
    // `var exports` declares what is there already.
    let redeclares = |name: &str| {
        module.symbols.iter().any(|symbol| symbol.id.0 == *name && symbol.kind == SymbolKind::Var)
    };
    let uses = |name: &str| {
        module.unresolved.contains(&Atom::from(name)) || module.has_direct_eval || redeclares(name)
    };
    let mut parameters = Vec::new();
    if uses("exports") || uses("module") {
        parameters.push(&*node.exports);
    }
    if uses("module") {
        parameters.push(&*node.module);
    }
    let closure = if module.uses_top_level_this || module.has_direct_eval {
        code::function(&parameters, body)
    } else {
        code::arrow_block(&parameters, body, false)
    };
    let name = context.names.get(&NameKey::Wrapper(id));
    let mut arguments = vec![closure];
    // An entry point is the module that it is when nothing is bundled: `require.main === module`.
    if context.options.format == Format::Cjs
        && context.plan.chunks.list[context.chunk as usize].entry == Some(id)
        && uses("module")
    {
        arguments.push(code::ident(&"module".into()));
    }
    code::var(name, code::call(&context.helper(runtime::COMMON_JS), arguments))
}

/// What `exports` and `module` are called. Node looks for the first in the text of a `CommonJS` output to know its
/// exports, so nothing else may have the name there.
struct NodeNames {
    exports: Atom,
    module: Atom,
    /// Whether Node looks, so that they are others.
    is_read: bool,
}

impl NodeNames {
    fn of(context: &Context<'_>, id: ModuleId, module: &Module) -> Self {
        // What a CommonJS entry point exports is what the output exports.
        let is_entry = module.format == ModuleFormat::CommonJs
            && context.plan.chunks.list[context.chunk as usize].entry == Some(id);
        let is_read = context.options.format == Format::Cjs
            && !context.options.minify.identifiers
            && !module.has_direct_eval
            && !is_entry;
        let other = |name: &str| -> Atom {
            let is_free = |other: &Atom| {
                !context.names.taken.contains(other)
                    && !module.nested_names.contains(other)
                    && !module.unresolved.contains(other)
                    && !module.symbols.iter().any(|symbol| symbol.id.0 == *other)
            };
            let mut others = (2u32..).map(|number| Atom::from(format!("{name}{number}")));
            if is_read { others.find(is_free).unwrap_or_default() } else { name.into() }
        };
        Self { exports: other("exports"), module: other("module"), is_read }
    }

    /// Puts them in place; with `unresolved`, only where they are declared in the module.
    fn replace(&self, statements: &mut [Stmt], unresolved: Option<SyntaxContext>) {
        struct Finder<'a> {
            names: &'a NodeNames,
            unresolved: Option<SyntaxContext>,
            renamed: FxHashMap<Id, Atom>,
        }
        impl Visit for Finder<'_> {
            noop_visit_type!();
            fn visit_ident(&mut self, ident: &Ident) {
                let other = match ident.sym.as_str() {
                    "exports" => &self.names.exports,
                    "module" => &self.names.module,
                    _ => return,
                };
                let is_declared = self.unresolved.is_none_or(|unresolved| {
                    ident.ctxt != unresolved && ident.ctxt != SyntaxContext::empty()
                });
                if is_declared {
                    self.renamed.insert(ident.to_id(), other.clone());
                }
            }
        }
        if !self.is_read {
            return;
        }
        let mut finder = Finder { names: self, unresolved, renamed: FxHashMap::default() };
        statements.visit_with(&mut finder);
        if !finder.renamed.is_empty() {
            let mut pass = rename(&finder.renamed);
            for statement in statements {
                statement.visit_mut_with(&mut pass);
            }
        }
    }
}

/// Calls of wrapped modules that a wrapped module imports, in order.
fn import_calls(context: &Context<'_>, id: ModuleId) -> Vec<Stmt> {
    let before = context.plan.live.evaluated_before(context.graph, id);
    // What a `CommonJS` module requires of those without a closure has run.
    let is_closure = context.plan.wraps.of(id) == Wrap::CommonJs;
    before
        .into_iter()
        .filter(|target| !is_closure || context.graph.module(*target).flat.is_none())
        .filter_map(|target| run_module(context, target, true))
        .flatten()
        .collect()
}

/// Statements that run a wrapped module, and take what `CommonJS` gives; `None` when it is not wrapped.
pub(super) fn run_module(
    context: &Context<'_>,
    target: ModuleId,
    in_closure: bool,
) -> Option<Vec<Stmt>> {
    let wrapper = context.names.local.get(&NameKey::Wrapper(target))?;
    match context.plan.wraps.of(target) {
        Wrap::None => None,
        Wrap::Esm if context.plan.wraps.awaits => {
            let run = code::call(&context.helper(runtime::EVALUATE), vec![code::ident(wrapper)]);
            let run = if context.options.format == Format::Esm {
                code::await_expression(run)
            } else {
                run
            };
            Some(vec![code::statement(run)])
        }
        Wrap::Esm => Some(vec![code::statement(code::call(wrapper, Vec::new()))]),
        Wrap::CommonJs => {
            let mut statements = Vec::new();
            for view in View::ALL {
                if let Some(name) = context.names.local.get(&NameKey::Interop(target, view)) {
                    let exports = code::call(wrapper, Vec::new());
                    let value = match view {
                        View::Exports => exports,
                        View::Babel | View::Node => to_esm(context, exports, view == View::Node),
                    };
                    statements.push(if in_closure {
                        code::statement(code::assign(name, value))
                    } else {
                        code::var(name, value)
                    });
                }
            }
            if statements.is_empty() {
                statements.push(code::statement(code::call(wrapper, Vec::new())));
            }
            Some(statements)
        }
    }
}

/// The imports of a module as the evaluation of the language takes them: in order, `CommonJS` as modules of their own.
fn evaluated_imports(context: &Context<'_>, id: ModuleId) -> Expr {
    let mut imports = Vec::new();
    for target in context.plan.live.evaluated_before(context.graph, id) {
        match context.plan.wraps.of(target) {
            Wrap::None => {}
            Wrap::Esm => {
                let wrapper = context.names.local.get(&NameKey::Wrapper(target));
                imports.extend(wrapper.map(code::ident));
            }
            Wrap::CommonJs => {
                let body = run_module(context, target, true).unwrap_or_default();
                let none = code::arrow(Vec::new(), code::array(Vec::new()));
                let run = code::arrow_block(&[], body, false);
                imports.push(code::call(&context.helper(runtime::MODULE), vec![none, run]));
            }
        }
    }
    code::arrow(Vec::new(), code::array(imports))
}

pub(super) fn to_esm(context: &Context<'_>, value: Expr, node: bool) -> Expr {
    let mut arguments = vec![value];
    if node {
        arguments.push(code::number(1.0));
    }
    code::call(&context.helper(runtime::TO_ESM), arguments)
}

struct Rewriter<'a> {
    context: &'a Context<'a>,
    id: ModuleId,
    module: &'a Module,
    unresolved: SyntaxContext,
    /// Symbols of the module that are written differently than in the source.
    references: FxHashMap<Id, Reference>,
    /// Names that a nested declaration must not take, because the module now means something else by them.
    captured: FxHashSet<Atom>,
    /// New names of nested declarations that would have, and the old by the new.
    nested: FxHashMap<Id, Atom>,
    nested_originals: FxHashMap<Atom, Atom>,
    /// Whether functions and classes with new names are told their old ones.
    keeps_renamed_names: bool,
    records: FxHashMap<BytePos, u32>,
    this_depth: u32,
}

impl<'a> Rewriter<'a> {
    fn new(
        context: &'a Context<'a>,
        id: ModuleId,
        module: &'a Module,
        unresolved: SyntaxContext,
    ) -> Self {
        let mut references = FxHashMap::default();
        let mut captured: FxHashSet<Atom> = FxHashSet::default();
        let is_commonjs = context.plan.wraps.of(id) == Wrap::CommonJs;
        let bindings = &context.plan.bindings.symbols[id.index()];
        let (is_flat, properties) = (module.flat.is_some(), properties(module));
        for (index, symbol) in (0u32..).zip(&module.symbols) {
            let reference = match bindings.get(&index) {
                Some(binding) => context.reference(binding),
                None if is_commonjs => None,
                None => {
                    let key = NameKey::Symbol(SymbolId { module: id, index });
                    context.names.local.get(&key).cloned().map(Reference::Name)
                }
            };
            let Some(reference) = reference else { continue };
            // In a closure all names are nested, this one too but for what it stands for.
            if reference == Reference::Name(symbol.id.0.clone()) && !is_commonjs {
                // What was a property is a name now, which nested ones must not be.
                let name = &symbol.id.0;
                if properties.contains(&index) || (is_flat && name.ends_with("_exports")) {
                    captured.insert(name.clone());
                }
                continue;
            }
            if let Reference::Name(name) | Reference::Property(name, _) = &reference {
                captured.insert(name.clone());
            }
            references.insert(symbol.id.clone(), reference);
        }
        #[expect(clippy::iter_over_hash_type, reason = "collects a set")]
        for (binding, _) in context.plan.bindings.chains[id.index()].values() {
            if let Some(Reference::Name(name) | Reference::Property(name, _)) =
                context.reference(binding)
            {
                captured.insert(name);
            }
        }
        let mut records = FxHashMap::default();
        for (index, record) in (0u32..).zip(&module.imports) {
            if record.kind == ImportKind::Static {
                continue;
            }
            records.insert(record.position, index);
            if let ImportTarget::Module(target) = record.target {
                for key in [NameKey::Wrapper(target), NameKey::Namespace(target)] {
                    captured.extend(context.names.local.get(&key).cloned());
                }
            }
        }
        for helper in [
            runtime::REQUIRED,
            runtime::TO_ESM,
            runtime::MISSING,
            runtime::REQUIRE,
            runtime::EVALUATE,
            runtime::NAME,
            runtime::MAIN_MODULE,
        ] {
            let symbol = context.plan.helpers[helper];
            captured.extend(context.names.local.get(&NameKey::Symbol(symbol)).cloned());
        }
        captured.insert("__require".into());
        // `import.meta` is written with these there.
        if module.uses_import_meta && context.options.format == Format::Cjs {
            captured.extend(["require", "module", "__dirname", "__filename"].map(Atom::from));
        }
        Self {
            context,
            id,
            module,
            unresolved,
            references,
            captured,
            nested: FxHashMap::default(),
            nested_originals: FxHashMap::default(),
            keeps_renamed_names: !context.options.minify.identifiers && !context.options.keep_names,
            records,
            this_depth: 0,
        }
    }

    /// The reference for an identifier, if it is not to be written as it is.
    fn reference(&mut self, ident: &Ident) -> Option<Reference> {
        let id = ident.to_id();
        if let Some(reference) = self.references.get(&id) {
            return Some(reference.clone());
        }
        // What printing added, it named.
        if ident.ctxt == SyntaxContext::empty()
            || ident.ctxt == self.unresolved
            || !self.captured.contains(&ident.sym)
            || self.module.has_direct_eval
        {
            return None;
        }
        // Top-level symbols of a wrapped `CommonJS` module are nested; those of others have been named already.
        if self.module.symbol_of.contains_key(&id)
            && self.context.plan.wraps.of(self.id) != Wrap::CommonJs
        {
            return None;
        }
        if let Some(name) = self.nested.get(&id) {
            return Some(Reference::Name(name.clone()));
        }
        let mut number = 1;
        let name = loop {
            number += 1;
            let candidate = Atom::from(format!("{}{number}", ident.sym));
            let is_taken = self.context.names.taken.contains(&candidate)
                || self.captured.contains(&candidate)
                || self.module.nested_names.contains(&candidate)
                || self.module.unresolved.contains(&candidate)
                || self.module.symbols.iter().any(|symbol| symbol.id.0 == candidate);
            if !is_taken {
                break candidate;
            }
        };
        self.captured.insert(name.clone());
        self.nested_originals.insert(name.clone(), id.0.clone());
        self.nested.insert(id, name.clone());
        Some(Reference::Name(name))
    }

    fn record(&self, position: BytePos, kind: ImportKind) -> Option<&'a ImportRecord> {
        let record = &self.module.imports[*self.records.get(&position)? as usize];
        (record.kind == kind).then_some(record)
    }

    /// The replacement of a static chain on an import, with the properties that are left over.
    fn chain(&self, member: &MemberExpr, is_called: bool) -> Option<Expr> {
        let (root, names) = static_chain(member)?;
        let symbol = *self.module.symbol_of.get(&root.to_id())?;
        let chain = Chain { symbol, names, is_called };
        let (binding, taken) = self.context.plan.bindings.chains[self.id.index()].get(&chain)?;
        let names = &chain.names;
        let mut expression = self.context.reference(binding)?.expression(root.span);
        for name in names.get(*taken..)? {
            expression = code::member(expression, name, member.span);
        }
        Some(expression)
    }

    /// Puts in what a name stands for.
    fn name(&mut self, expression: &mut Expr) {
        let Expr::Ident(ident) = expression else { return };
        if let Some(reference) = self.reference(ident) {
            *expression = reference.expression(ident.span);
        } else if let Some(name) = self.path_of_module(ident) {
            *expression = code::import_meta_property(name, ident.span);
        } else if self.is_require_of_commonjs(ident) {
            let name = self.require_function();
            *expression = Reference::Name(name).expression(expression.span());
        }
    }

    /// Whether a name is the `require` of a `CommonJS` module, which outputs that are modules have under another name.
    fn is_require_of_commonjs(&self, ident: &Ident) -> bool {
        ident.sym == *"require"
            && ident.ctxt == self.unresolved
            && self.context.options.format != Format::Cjs
            && self.module.format == ModuleFormat::CommonJs
    }

    /// Puts in what `typeof` says of a name, or at least what the name stands for.
    fn type_of(&mut self, expression: &mut Expr) {
        let Expr::Unary(unary) = expression else { return };
        // In Node, a module has none of what `CommonJS` has around it.
        if self.context.options.format == Format::Cjs
            && self.module.format == ModuleFormat::Esm
            && self.module.uses_node_interop
            && ["require", "module", "exports", "__dirname", "__filename"]
                .iter()
                .any(|name| self.is_global(&unary.arg, name))
        {
            *expression = code::string("undefined");
            return;
        }
        match self.type_of_import(unary) {
            Some((known, 1)) => *expression = known,
            Some((import, _)) => *unary.arg = import,
            None => unary.visit_mut_children_with(self),
        }
    }

    /// What `typeof` says of an import, and 1 if that is known; else the import, and 0.
    fn type_of_import(&self, unary: &UnaryExpr) -> Option<(Expr, usize)> {
        let symbol = *self.module.symbol_of.get(&unary.arg.as_ident()?.to_id())?;
        let chain = Chain { symbol, names: vec![TYPE_OF.into()], is_called: false };
        let (binding, taken) = self.context.plan.bindings.chains[self.id.index()].get(&chain)?;
        Some((self.context.reference(binding)?.expression(unary.span), *taken))
    }

    fn is_global(&self, expression: &Expr, name: &str) -> bool {
        matches!(expression, Expr::Ident(ident) if ident.sym == *name && ident.ctxt == self.unresolved)
    }

    /// Whether an identifier is an import, which nothing may assign to. Beside the variable that it stands for, the
    /// assignment would work.
    fn is_import(&self, ident: &Ident) -> bool {
        let symbol = self.module.symbol_of.get(&ident.to_id());
        symbol.is_some_and(|symbol| self.module.named_imports.contains_key(symbol))
    }

    /// `__filename` and `__dirname` of a `CommonJS` module, as a module in Node or Bun has them.
    fn path_of_module(&self, ident: &Ident) -> Option<&'static str> {
        let options = self.context.options;
        let has_them =
            options.format == Format::Esm && matches!(options.target, Target::Node | Target::Bun);
        if !has_them
            || (self.module.format != ModuleFormat::CommonJs && self.module.flat.is_none())
            || ident.ctxt != self.unresolved
        {
            return None;
        }
        match ident.sym.as_str() {
            "__filename" => Some("filename"),
            "__dirname" => Some("dirname"),
            _ => None,
        }
    }

    fn require(&self, record: &ImportRecord) -> Expr {
        let context = self.context;
        match &record.target {
            ImportTarget::Module(target) => {
                let wrapper = NameKey::Wrapper(*target);
                if context.graph.module(*target).format == ModuleFormat::CommonJs {
                    return code::call(context.names.get(&wrapper), Vec::new());
                }
                let value = if let Some(index) = context.graph.module(*target).data() {
                    code::ident(
                        context.names.get(&NameKey::Symbol(SymbolId { module: *target, index })),
                    )
                } else {
                    let namespace = code::ident(context.names.get(&NameKey::Namespace(*target)));
                    code::call(&context.helper(runtime::REQUIRED), vec![namespace])
                };
                let wrapper = context.names.get(&wrapper);
                let run = if context.plan.wraps.awaits {
                    let arguments = vec![code::ident(wrapper), code::number(1.0)];
                    code::call(&context.helper(runtime::EVALUATE), arguments)
                } else {
                    code::call(wrapper, Vec::new())
                };
                code::sequence(vec![run, value])
            }
            ImportTarget::External(specifier) => {
                let specifier = self.context.external(specifier);
                code::call(&self.require_function(), vec![code::string(&specifier)])
            }
            ImportTarget::Missing => {
                code::call(&context.helper(runtime::MISSING), vec![code::string(&record.specifier)])
            }
        }
    }

    /// The URL of the file that the module stands for, as its output names it.
    fn seen_asset(&self, text: &Str) -> Option<Expr> {
        let url = self.module.asset_url.as_ref().filter(|url| text.value == ***url)?;
        Some(code::string(&self.context.asset(url)))
    }

    /// `new URL("./logo.png", import.meta.url)`
    fn name_asset(&self, new: &mut NewExpr) {
        if let Some(record) = self.record(new.span.lo, ImportKind::Url)
            && let ImportTarget::External(url) = &record.target
            && let Some(first) = new.args.as_mut().and_then(|arguments| arguments.first_mut())
        {
            *first.expr = code::string(&self.context.asset(url));
        }
    }

    /// `require.main` in an entry point, of which the runtime would know nothing.
    fn main_module(&self, expression: &Expr) -> Option<Expr> {
        let member = match expression {
            Expr::Member(member) => member,
            Expr::OptChain(chain) => chain.base.as_member()?,
            _ => return None,
        };
        let Context { graph, plan, options, chunk, paths, .. } = self.context;
        let is_main = self.is_global(&member.obj, "require")
            && static_property(&member.prop).is_some_and(|name| name == *"main")
            && link::asks_for_main(graph, &plan.chunks, self.id, options);
        let entry = link::entry_chunk(&plan.chunks, self.id).filter(|_| is_main)?;
        let mut url = code::import_meta_property("url", member.span);
        if entry != *chunk {
            // Its code stands elsewhere, as other outputs need it, too.
            let path = code::string(&paths.between(*chunk, entry));
            let new = code::new_expression("URL", vec![path, url]);
            url = code::member(new, &"href".into(), member.span);
        }
        let module = Expr::Ident(Ident::new("module".into(), member.span, self.unresolved));
        let arguments = vec![module, code::ident(&self.require_function()), url];
        Some(code::call(&self.context.helper(runtime::MAIN_MODULE), arguments))
    }

    fn require_function(&self) -> Atom {
        match self.context.options.format {
            Format::Cjs => "require".into(),
            Format::Esm if crate::bundle::link::has_native_require(self.context.options) => {
                "__require".into()
            }
            _ => self.context.helper(runtime::REQUIRE),
        }
    }

    /// An `import()` of a module of the build; `None` when it stays as it is.
    fn dynamic_import(&self, record: &ImportRecord) -> Option<Expr> {
        let context = self.context;
        let target = match &record.target {
            ImportTarget::Module(target) => *target,
            ImportTarget::External(specifier) => {
                let specifier = context.external(specifier);
                return (*specifier != *record.specifier).then(|| code::import_call(&specifier));
            }
            ImportTarget::Missing => {
                let missing = code::call(
                    &context.helper(runtime::MISSING),
                    vec![code::string(&record.specifier)],
                );
                return Some(code::then_later(missing));
            }
        };
        let is_commonjs = context.graph.module(target).format == ModuleFormat::CommonJs;
        let node = self.module.uses_node_interop;
        if let Some(chunk) = context.plan.chunks.entry_of.get(&target)
            && context.options.splitting
        {
            let path = context.paths.between(context.chunk, *chunk);
            let load = code::import_call(&path);
            if !is_commonjs {
                return Some(load);
            }
            let exports = code::member(code::ident(&"m".into()), &"default".into(), DUMMY_SP);
            return Some(code::then(load, &["m"], to_esm(context, exports, node)));
        }
        let wrapper = NameKey::Wrapper(target);
        if is_commonjs {
            let exports = code::call(context.names.get(&wrapper), Vec::new());
            return Some(code::then_later(to_esm(context, exports, node)));
        }
        let namespace = code::ident(context.names.get(&NameKey::Namespace(target)));
        if context.plan.wraps.of(target) == Wrap::None {
            return Some(code::then_later(namespace));
        }
        let wrapper = context.names.get(&wrapper);
        if context.plan.wraps.awaits {
            let run = code::call(&context.helper(runtime::EVALUATE), vec![code::ident(wrapper)]);
            return Some(code::then(code::then_later(run), &[], namespace));
        }
        let run = code::call(wrapper, Vec::new());
        Some(code::then_later(code::sequence(vec![run, namespace])))
    }

    /// A function called as `import_x.f()` would see `import_x` as `this`.
    fn unbind_callee(&mut self, callee: &mut Box<Expr>) {
        let was_plain = match &**callee {
            Expr::Ident(_) => {
                callee.visit_mut_with(self);
                true
            }
            Expr::Member(member) => {
                if let Some(replacement) = self.chain(member, true) {
                    let is_whole = self.chain_is_whole(member);
                    **callee = replacement;
                    is_whole
                } else {
                    callee.visit_mut_with(self);
                    false
                }
            }
            _ => {
                callee.visit_mut_with(self);
                false
            }
        };
        if was_plain && matches!(&**callee, Expr::Member(_)) {
            let member = callee.take();
            **callee = code::sequence(vec![code::number(0.0), *member]);
        }
    }

    /// Whether a called chain on a namespace names an export itself, not a property of one.
    fn chain_is_whole(&self, member: &MemberExpr) -> bool {
        let Some((root, names)) = static_chain(member) else { return false };
        let Some(symbol) = self.module.symbol_of.get(&root.to_id()) else { return false };
        let chain = Chain { symbol: *symbol, names, is_called: true };
        self.context.plan.bindings.chains[self.id.index()]
            .get(&chain)
            .is_some_and(|(_, taken)| *taken > 0 && *taken == chain.names.len())
    }

    /// As [`Self::keep_renamed_names`], for a function or class that is an expression with a name of its own.
    fn keep_renamed_name(&self, expression: &mut Expr) {
        let name = match expression {
            Expr::Fn(FnExpr { ident: Some(name), .. })
            | Expr::Class(ClassExpr { ident: Some(name), .. }) => &name.sym,
            _ => return,
        };
        let Some(original) = self.nested_originals.get(name) else { return };
        if !self.keeps_renamed_names {
            return;
        }
        match expression {
            Expr::Class(class) if has_static_blocks(self.context.options) => {
                let this = Expr::This(ThisExpr { span: DUMMY_SP });
                name_class(&mut class.class, code::define_name(this, &visible_name(original)));
            }
            _ => *expression = code::with_name(expression.take(), &visible_name(original)),
        }
    }

    /// Leaves functions without a name that were assigned to a property.
    fn keep_anonymous(&self, statements: &mut [Stmt], properties: &FxHashSet<u32>) {
        for statement in statements {
            let Stmt::Decl(Decl::Var(declaration)) = statement else { continue };
            for declarator in &mut declaration.decls {
                let name = declarator.name.as_ident();
                let symbol = name.and_then(|name| self.module.symbol_of.get(&name.to_id()));
                if let (Some(symbol), Some(init)) = (symbol, &mut declarator.init)
                    && properties.contains(symbol)
                    && code::is_anonymous_function(init)
                {
                    **init = code::sequence(vec![code::number(0.0), *init.take()]);
                }
            }
        }
    }

    /// New names of top-level symbols, with the old.
    fn renamed_at_top(&self) -> FxHashMap<Atom, Atom> {
        let properties = properties(self.module);
        (0u32..)
            .zip(&self.module.symbols)
            .filter(|(index, _)| !properties.contains(index))
            .filter_map(|(index, symbol)| {
                let key = NameKey::Symbol(SymbolId { module: self.id, index });
                let name = self.context.names.local.get(&key)?;
                (*name != symbol.id.0).then(|| (name.clone(), symbol.id.0.clone()))
            })
            .collect()
    }

    /// Functions and classes whose name had to change keep `.name`; `original` has the old name by the new.
    fn keep_renamed_names(&self, statements: &mut Vec<Stmt>, original: &FxHashMap<Atom, Atom>) {
        if original.is_empty() {
            return;
        }
        // Functions are there before the first statement runs, and so is what they are called.
        let mut names = Vec::new();
        let mut kept = Vec::new();
        for statement in std::mem::take(statements) {
            match statement {
                Stmt::Decl(Decl::Fn(function)) => {
                    let name = original.get(&function.ident.sym).cloned();
                    let ident = function.ident.sym.clone();
                    kept.push(Stmt::Decl(Decl::Fn(function)));
                    if let Some(name) = name {
                        names.push(code::define_name(code::ident(&ident), &visible_name(&name)));
                    }
                }
                Stmt::Decl(Decl::Class(class)) => match original.get(&class.ident.sym) {
                    // A declaration, so that what stands in it may speak of it while it is evaluated.
                    Some(name) if has_static_blocks(self.context.options) => {
                        let this = Expr::This(ThisExpr { span: DUMMY_SP });
                        let naming = code::define_name(this, &visible_name(name));
                        let mut class = class;
                        name_class(&mut class.class, naming);
                        kept.push(Stmt::Decl(Decl::Class(class)));
                    }
                    Some(name) => {
                        let variable = class.ident.sym.clone();
                        let value = Expr::Class(ClassExpr { ident: None, class: class.class });
                        kept.push(code::declare(
                            VarDeclKind::Let,
                            &variable,
                            code::named(&visible_name(name), value),
                        ));
                    }
                    None => kept.push(Stmt::Decl(Decl::Class(class))),
                },
                Stmt::Decl(Decl::Var(mut declaration)) => {
                    for declarator in &mut declaration.decls {
                        if let (Pat::Ident(ident), Some(init)) =
                            (&declarator.name, &mut declarator.init)
                            && let Some(name) = original.get(&ident.id.sym)
                            && code::is_anonymous_function(init)
                        {
                            **init = code::named(&visible_name(name), *init.take());
                        }
                    }
                    kept.push(Stmt::Decl(Decl::Var(declaration)));
                }
                other => kept.push(other),
            }
        }
        let at = kept.iter().take_while(|statement| code::is_directive(statement)).count();
        kept.splice(at..at, names);
        *statements = kept;
    }

    /// Splits a module that runs late: functions and variables outside, everything else in the closure.
    fn wrap_esm(
        &self,
        mut statements: Vec<Stmt>,
        mut body: Vec<Stmt>,
        definitions: &mut Vec<Stmt>,
    ) {
        let mut variables: Vec<Atom> = Vec::new();
        if self.module.has_direct_eval {
            body.append(&mut statements);
        }
        let mut functions = Vec::new();
        for statement in statements {
            match statement {
                Stmt::Decl(Decl::Fn(_)) => functions.push(statement),
                Stmt::Decl(Decl::Class(class)) => {
                    let name = class.ident.sym.clone();
                    variables.push(name.clone());
                    let value =
                        Expr::Class(ClassExpr { ident: Some(class.ident), class: class.class });
                    body.push(code::statement(code::assign(&name, value)));
                }
                Stmt::Decl(Decl::Using(declaration)) => {
                    body.push(Stmt::Decl(Decl::Using(declaration)));
                }
                mut other => {
                    let mut hoister = HoistVariables { names: &mut variables, is_top_level: true };
                    other.visit_mut_with(&mut hoister);
                    if !matches!(other, Stmt::Empty(_)) {
                        body.push(other);
                    }
                }
            }
        }
        variables.sort_unstable();
        variables.dedup();
        if !variables.is_empty() {
            definitions.push(code::declare_all(&variables));
        }
        definitions.extend(functions);
        let name = self.context.names.get(&NameKey::Wrapper(self.id));
        let is_async = self.module.has_top_level_await;
        let closure = code::arrow_block(&[], body, is_async);
        if self.context.plan.wraps.awaits {
            let mut arguments = vec![evaluated_imports(self.context, self.id), closure];
            if is_async {
                arguments.push(code::number(1.0));
            }
            definitions.push(code::var(
                name,
                code::call(&self.context.helper(runtime::MODULE), arguments),
            ));
            return;
        }
        definitions
            .push(code::var(name, code::call(&self.context.helper(runtime::ESM), vec![closure])));
    }
}

/// Symbols that were properties of `exports`: functions that are assigned to them have no name.
fn properties(module: &Module) -> FxHashSet<u32> {
    let exports = module.exports.iter().filter(|_| module.flat.is_some());
    exports
        .filter_map(|(_, export)| match export {
            Export::Local(symbol) => Some(*symbol),
            Export::From(_) => None,
        })
        .collect()
}

/// What a pattern assigns to in place of an import.
fn throwing_target() -> Pat {
    Pat::Expr(Box::new(code::member(code::throw_readonly(), &"_".into(), DUMMY_SP)))
}

/// The `.name` that a source name gives: that of an anonymous default export is `default`.
fn visible_name(name: &Atom) -> Atom {
    if *name == *DEFAULT_NAME { "default".into() } else { name.clone() }
}

/// Turns declarations into assignments and collects their names: `let` and `const` only at the top, `var` anywhere.
struct HoistVariables<'a> {
    names: &'a mut Vec<Atom>,
    is_top_level: bool,
}

impl HoistVariables<'_> {
    #[expect(clippy::vec_box, reason = "a sequence expression holds boxes")]
    fn take(&mut self, declaration: &mut VarDecl) -> Vec<Box<Expr>> {
        let mut assignments = Vec::new();
        for declarator in declaration.decls.take() {
            let mut idents = Vec::new();
            crate::bundle::syntax::collect_names(&declarator.name, &mut idents);
            self.names.extend(idents.into_iter().map(|ident| ident.sym));
            let init = match (declarator.init, declaration.kind) {
                (Some(init), _) => init,
                (None, VarDeclKind::Var) => continue,
                (None, _) => Box::new(code::void_0()),
            };
            assignments.push(Box::new(Expr::Assign(AssignExpr {
                span: declarator.span,
                op: op!("="),
                left: AssignTarget::try_from(declarator.name)
                    .expect("a declared pattern can be assigned to"),
                right: init,
            })));
        }
        assignments
    }

    fn is_hoisted(&self, declaration: &VarDecl) -> bool {
        declaration.kind == VarDeclKind::Var || self.is_top_level
    }
}

impl VisitMut for HoistVariables<'_> {
    noop_visit_mut_type!();

    fn visit_mut_function(&mut self, _: &mut Function) {}
    fn visit_mut_arrow_expr(&mut self, _: &mut ArrowExpr) {}
    fn visit_mut_class(&mut self, _: &mut Class) {}
    fn visit_mut_expr(&mut self, _: &mut Expr) {}

    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        let is_top_level = self.is_top_level;
        if let Stmt::Decl(Decl::Var(declaration)) = statement {
            if self.is_hoisted(declaration) {
                let span = declaration.span;
                let mut assignments = self.take(declaration);
                *statement = match assignments.len() {
                    0 => Stmt::Empty(EmptyStmt { span: DUMMY_SP }),
                    1 => Stmt::Expr(ExprStmt { span, expr: assignments.remove(0) }),
                    _ => Stmt::Expr(ExprStmt {
                        span,
                        expr: Box::new(Expr::Seq(SeqExpr { span, exprs: assignments })),
                    }),
                };
            }
            return;
        }
        self.is_top_level = false;
        statement.visit_mut_children_with(self);
        self.is_top_level = is_top_level;
    }

    fn visit_mut_var_decl_or_expr(&mut self, init: &mut VarDeclOrExpr) {
        if let VarDeclOrExpr::VarDecl(declaration) = init
            && declaration.kind == VarDeclKind::Var
        {
            let assignments = self.take(declaration);
            *init = VarDeclOrExpr::Expr(if assignments.is_empty() {
                Box::new(code::void_0())
            } else {
                Box::new(Expr::Seq(SeqExpr { span: DUMMY_SP, exprs: assignments }))
            });
        }
    }

    fn visit_mut_for_head(&mut self, head: &mut ForHead) {
        if let ForHead::VarDecl(declaration) = head
            && declaration.kind == VarDeclKind::Var
            && let Some(declarator) = declaration.decls.pop()
        {
            let mut idents = Vec::new();
            crate::bundle::syntax::collect_names(&declarator.name, &mut idents);
            self.names.extend(idents.into_iter().map(|ident| ident.sym));
            *head = ForHead::Pat(Box::new(declarator.name));
        }
    }
}

impl VisitMut for Rewriter<'_> {
    noop_visit_mut_type!();

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        if self.keeps_renamed_names {
            self.keep_renamed_names(statements, &self.nested_originals);
        }
    }

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if let Some(Reference::Name(name)) = self.reference(ident) {
            ident.sym = name;
        } else if self.is_require_of_commonjs(ident) {
            // What is written to must be what is read.
            ident.sym = self.require_function();
        }
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Ident(ident) if ident.sym == *HELD => ident.sym = self.context.held.clone(),
            Expr::Ident(_) => self.name(expression),
            Expr::Lit(Lit::Str(text)) => {
                if let Some(seen) = self.seen_asset(text) {
                    *expression = seen;
                }
            }
            Expr::Fn(FnExpr { ident: Some(_), .. })
            | Expr::Class(ClassExpr { ident: Some(_), .. }) => {
                expression.visit_mut_children_with(self);
                self.keep_renamed_name(expression);
            }
            Expr::Member(member) => {
                let replacement = self.chain(member, false);
                if let Some(replacement) = replacement.or_else(|| self.main_module(expression)) {
                    *expression = replacement;
                } else {
                    expression.visit_mut_children_with(self);
                }
            }
            Expr::OptChain(_) => match self.main_module(expression) {
                Some(replacement) => *expression = replacement,
                None => expression.visit_mut_children_with(self),
            },
            Expr::MetaProp(meta)
                if meta.kind == MetaPropKind::ImportMeta
                    && self.context.options.format != Format::Esm =>
            {
                let Options { format, target, .. } = self.context.options;
                *expression = code::import_meta(*format == Format::Cjs, *target == Target::Bun);
            }
            Expr::Unary(unary) if unary.op == op!("typeof") && unary.arg.is_ident() => {
                self.type_of(expression);
            }
            Expr::This(_) if self.this_depth == 0 && self.module.format == ModuleFormat::Esm => {
                *expression = code::void_0();
            }
            Expr::Call(call) => {
                let span = call.span;
                match &mut call.callee {
                    Callee::Import(_) => {
                        if let Some(replacement) = self
                            .record(span.lo, ImportKind::Dynamic)
                            .and_then(|record| self.dynamic_import(record))
                        {
                            *expression = replacement;
                            return;
                        }
                    }
                    Callee::Expr(callee) => {
                        if self.is_global(callee, "require")
                            && call
                                .args
                                .first()
                                .is_some_and(|argument| constant_string(&argument.expr).is_some())
                            && let Some(record) = self.record(span.lo, ImportKind::Require)
                        {
                            *expression = self.require(record);
                            return;
                        }
                        self.unbind_callee(callee);
                        call.args.visit_mut_with(self);
                        return;
                    }
                    Callee::Super(_) => {}
                }
                call.visit_mut_children_with(self);
            }
            Expr::Assign(assign)
                if matches!(&assign.left, AssignTarget::Simple(SimpleAssignTarget::Ident(ident))
                    if self.is_import(&ident.id)) =>
            {
                assign.right.visit_mut_with(self);
                let right = *assign.right.take();
                *expression = match (assign.op.to_update(), &assign.left) {
                    // Whether `||=` assigns depends on what is there.
                    (
                        Some(op @ (op!("||") | op!("&&") | op!("??"))),
                        AssignTarget::Simple(target),
                    ) => {
                        let mut left = target
                            .as_ident()
                            .map_or_else(code::void_0, |ident| Expr::Ident(ident.id.clone()));
                        left.visit_mut_with(self);
                        let right = code::sequence(vec![right, code::throw_readonly()]);
                        let (left, right) = (Box::new(left), Box::new(right));
                        Expr::Bin(BinExpr { span: assign.span, op, left, right })
                    }
                    _ => code::sequence(vec![right, code::throw_readonly()]),
                };
            }
            Expr::Update(update) if matches!(&*update.arg, Expr::Ident(ident) if self.is_import(ident)) =>
            {
                *expression = code::throw_readonly();
            }
            Expr::New(new) => {
                self.name_asset(new);
                new.visit_mut_children_with(self);
            }
            Expr::TaggedTpl(template) => {
                self.unbind_callee(&mut template.tag);
                template.tpl.visit_mut_with(self);
            }
            _ => expression.visit_mut_children_with(self),
        }
    }

    fn visit_mut_opt_call(&mut self, call: &mut OptCall) {
        self.unbind_callee(&mut call.callee);
        call.args.visit_mut_with(self);
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        if let Prop::Shorthand(ident) = property {
            let path =
                self.path_of_module(ident).map(|name| code::import_meta_property(name, ident.span));
            let value =
                self.reference(ident).map(|reference| reference.expression(ident.span)).or(path);
            if let Some(value) = value.map(Box::new) {
                let key = PropName::Ident(IdentName { span: ident.span, sym: ident.sym.clone() });
                *property = Prop::KeyValue(KeyValueProp { key, value });
            }
            return;
        }
        property.visit_mut_children_with(self);
    }

    fn visit_mut_pat(&mut self, pattern: &mut Pat) {
        let is_import = match pattern {
            Pat::Ident(ident) => self.is_import(&ident.id),
            Pat::Expr(expression) => {
                matches!(&**expression, Expr::Ident(ident) if self.is_import(ident))
            }
            _ => false,
        };
        if is_import {
            *pattern = throwing_target();
        } else {
            pattern.visit_mut_children_with(self);
        }
    }

    fn visit_mut_object_pat_prop(&mut self, property: &mut ObjectPatProp) {
        if let ObjectPatProp::Assign(assign) = property
            && self.is_import(&assign.key.id)
        {
            let ident = &assign.key.id;
            let key = PropName::Ident(IdentName { span: ident.span, sym: ident.sym.clone() });
            assign.value.visit_mut_with(self);
            let value = match assign.value.take() {
                Some(right) => Pat::Assign(AssignPat {
                    span: assign.span,
                    left: Box::new(throwing_target()),
                    right,
                }),
                None => throwing_target(),
            };
            *property = ObjectPatProp::KeyValue(KeyValuePatProp { key, value: Box::new(value) });
            return;
        }
        property.visit_mut_children_with(self);
        if let ObjectPatProp::Assign(assign) = property
            && let Some(reference) = self.reference(&assign.key.id)
        {
            let ident = &assign.key.id;
            let key = PropName::Ident(IdentName { span: ident.span, sym: ident.sym.clone() });
            let target = match reference {
                Reference::Name(name) => Pat::Ident(BindingIdent::from(Ident::new(
                    name,
                    ident.span,
                    SyntaxContext::empty(),
                ))),
                other => Pat::Expr(Box::new(other.expression(ident.span))),
            };
            let value = match assign.value.take() {
                Some(right) => {
                    Pat::Assign(AssignPat { span: assign.span, left: Box::new(target), right })
                }
                None => target,
            };
            *property = ObjectPatProp::KeyValue(KeyValuePatProp { key, value: Box::new(value) });
        }
    }

    fn visit_mut_assign_pat_prop(&mut self, property: &mut AssignPatProp) {
        // The key is renamed with the whole property, which it is part of.
        property.value.visit_mut_with(self);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        if let SimpleAssignTarget::Ident(ident) = target {
            match self.reference(&ident.id) {
                Some(Reference::Name(name)) => ident.id.sym = name,
                Some(other) => {
                    if let Expr::Member(member) = other.expression(ident.id.span) {
                        *target = SimpleAssignTarget::Member(member);
                    }
                }
                None => self.visit_mut_ident(&mut ident.id),
            }
            return;
        }
        target.visit_mut_children_with(self);
    }

    fn visit_mut_unary_expr(&mut self, unary: &mut UnaryExpr) {
        if unary.op == UnaryOp::Delete
            && let Expr::Member(member) = &mut *unary.arg
        {
            member.visit_mut_children_with(self);
            return;
        }
        unary.visit_mut_children_with(self);
    }

    fn visit_mut_update_expr(&mut self, update: &mut UpdateExpr) {
        if let Expr::Member(member) = &mut *update.arg {
            member.visit_mut_children_with(self);
            return;
        }
        update.visit_mut_children_with(self);
    }

    fn visit_mut_labeled_stmt(&mut self, statement: &mut LabeledStmt) {
        statement.body.visit_mut_with(self);
    }

    fn visit_mut_break_stmt(&mut self, _: &mut BreakStmt) {}
    fn visit_mut_continue_stmt(&mut self, _: &mut ContinueStmt) {}

    fn visit_mut_function(&mut self, function: &mut Function) {
        self.this_depth += 1;
        function.visit_mut_children_with(self);
        self.this_depth -= 1;
    }

    fn visit_mut_getter_prop(&mut self, getter: &mut GetterProp) {
        self.this_depth += 1;
        getter.visit_mut_children_with(self);
        self.this_depth -= 1;
    }

    fn visit_mut_setter_prop(&mut self, setter: &mut SetterProp) {
        self.this_depth += 1;
        setter.visit_mut_children_with(self);
        self.this_depth -= 1;
    }

    fn visit_mut_class(&mut self, class: &mut Class) {
        class.decorators.visit_mut_with(self);
        class.super_class.visit_mut_with(self);
        self.this_depth += 1;
        class.body.visit_mut_with(self);
        self.this_depth -= 1;
    }

    // Keys of a class are evaluated outside of it.
    fn visit_mut_class_prop(&mut self, field: &mut ClassProp) {
        self.this_depth -= 1;
        field.key.visit_mut_with(self);
        self.this_depth += 1;
        field.decorators.visit_mut_with(self);
        field.value.visit_mut_with(self);
    }

    fn visit_mut_class_method(&mut self, method: &mut ClassMethod) {
        self.this_depth -= 1;
        method.key.visit_mut_with(self);
        self.this_depth += 1;
        method.function.visit_mut_with(self);
    }
}

/// The variable whose value an `iife` returns.
pub(super) const IIFE_RESULT: &str = "__exports";

/// Where an output that is no module puts what it exports: `module.exports`, or the variable that is returned.
pub(super) fn given_away(format: Format) -> Expr {
    match format {
        Format::Cjs => code::member(code::ident(&"module".into()), &"exports".into(), DUMMY_SP),
        Format::Esm | Format::Iife => code::ident(&IIFE_RESULT.into()),
    }
}
