//! The statements of a chunk in their order: imports, definitions, what runs, exports.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use swc_core::atoms::Atom;
use swc_core::common::DUMMY_SP;
use swc_core::ecma::ast::*;

use super::emit::Piece;
use super::rewrite::{self, Context, IIFE_RESULT, ModuleCode, Reference, given_away, run_module};
use crate::bundle::code;
use crate::bundle::graph::{ImportTarget, ModuleFormat, ModuleId};
use crate::bundle::link::{Binding, ChunkLinks, NameKey, Step, Wrap};
use crate::bundle::options::Format;
use crate::bundle::runtime;

/// Puts the parts of a chunk in order: imports, definitions, what runs, exports.
pub(super) fn assemble(
    context: &Context<'_>,
    order: &[ModuleId],
    code: &mut FxHashMap<ModuleId, ModuleCode>,
) -> Vec<Piece> {
    let chunk = &context.plan.chunks.list[context.chunk as usize];
    let links = &context.plan.links[context.chunk as usize];
    let mut pieces = vec![Piece { module: None, items: imports(context, links) }];
    let items =
        |statements: Vec<Stmt>| statements.into_iter().map(ModuleItem::Stmt).collect::<Vec<_>>();
    if let Some(helpers) = code.remove(&ModuleId::RUNTIME) {
        // Where imports are calls, they need the helpers.
        let at = usize::from(context.options.format == Format::Esm);
        pieces.insert(at, Piece { module: None, items: items(helpers.body) });
    }
    if context.options.format != Format::Esm
        && let Some(entry) = chunk.entry
        && context.graph.module(entry).format == ModuleFormat::Esm
        && !context.options.hides_exports()
    {
        // Before anything runs: in a circle, others may see the exports while they are made.
        let mut definitions = Vec::new();
        if let Some(module_code) = code.get_mut(&entry)
            && !module_code.definitions.is_empty()
        {
            definitions.push(module_code.definitions.remove(0));
        }
        let is_empty = links
            .entry_exports
            .as_ref()
            .is_some_and(|shape| shape.exports.is_empty() && shape.dynamic.is_empty());
        if !is_empty || context.options.global_name.is_some() {
            definitions.push(export_namespace(context, entry));
        }
        pieces.push(Piece { module: None, items: items(definitions) });
    }
    for id in order {
        if let Some(module_code) = code.get_mut(id)
            && !module_code.definitions.is_empty()
        {
            pieces.push(Piece {
                module: Some(*id),
                items: items(std::mem::take(&mut module_code.definitions)),
            });
        }
    }
    let called: BTreeSet<ModuleId> = chunk
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Call(id) => Some(*id),
            Step::Run(_) => None,
        })
        .collect();
    // Closures assign what they import; what nobody imports here was run by another chunk and is only taken.
    let assigned: BTreeSet<ModuleId> = chunk
        .modules
        .iter()
        .filter(|id| context.plan.wraps.of(**id) != Wrap::None)
        .flat_map(|id| context.plan.live.evaluated_before(context.graph, *id))
        .collect();
    let taken: BTreeSet<ModuleId> = links
        .interops
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| !called.contains(id) && !assigned.contains(id))
        .collect();
    for id in &taken {
        let run = run_module(context, *id, false).unwrap_or_default();
        pieces.push(Piece { module: None, items: items(run) });
    }
    let late: Vec<Atom> = links
        .interops
        .iter()
        .filter(|(id, _)| !called.contains(id) && !taken.contains(id))
        .map(|(id, view)| context.names.get(&NameKey::Interop(*id, *view)).clone())
        .collect();
    if !late.is_empty() {
        pieces.push(Piece { module: None, items: items(vec![code::declare_all(&late)]) });
    }
    for (index, step) in chunk.steps.iter().enumerate() {
        match step {
            Step::Run(id) => {
                if let Some(module_code) = code.get_mut(id)
                    && !module_code.body.is_empty()
                {
                    pieces.push(Piece {
                        module: Some(*id),
                        items: items(std::mem::take(&mut module_code.body)),
                    });
                    // Who waited for a module goes on one turn after it is done.
                    if context.graph.module(*id).has_top_level_await
                        && index + 1 < chunk.steps.len()
                    {
                        let turn = code::statement(code::await_expression(code::number(0.0)));
                        pieces.push(Piece { module: None, items: items(vec![turn]) });
                    }
                }
            }
            Step::Call(id) => {
                // The entry of a `CommonJS` output is called where its exports are taken.
                let is_own_entry = Some(*id) == chunk.entry
                    && context.graph.module(*id).format == ModuleFormat::CommonJs;
                if !is_own_entry || links.interops.iter().any(|(module, _)| module == id) {
                    pieces.push(Piece {
                        module: None,
                        items: items(run_module(context, *id, false).unwrap_or_default()),
                    });
                }
            }
        }
    }
    pieces.push(Piece { module: None, items: exports(context, links, chunk.entry) });
    pieces
}

fn str_of(text: &str) -> Str {
    Str { span: DUMMY_SP, value: text.into(), raw: None }
}

fn export_name(name: &Atom) -> ModuleExportName {
    if Ident::verify_symbol(name).is_ok() || is_word(name) {
        ModuleExportName::Ident(code::ident_of(name))
    } else {
        ModuleExportName::Str(str_of(name))
    }
}

/// Reserved words may be export names without quotes.
pub(super) fn is_word(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(Ident::is_valid_start) && characters.all(Ident::is_valid_continue)
}

fn import_statement(
    specifier: &str,
    specifiers: Vec<ImportSpecifier>,
    with: Option<Box<ObjectLit>>,
) -> ModuleItem {
    ModuleItem::ModuleDecl(ModuleDecl::Import(ImportDecl {
        span: DUMMY_SP,
        specifiers,
        src: Box::new(str_of(specifier)),
        type_only: false,
        with,
        phase: ImportPhase::Evaluation,
    }))
}

fn named_import(imported: &Atom, local: &Atom) -> ImportSpecifier {
    ImportSpecifier::Named(ImportNamedSpecifier {
        span: DUMMY_SP,
        local: code::ident_of(local),
        imported: (imported != local).then(|| export_name(imported)),
        is_type_only: false,
    })
}

/// What a chunk takes from other chunks and from the runtime.
fn imports(context: &Context<'_>, links: &ChunkLinks) -> Vec<ModuleItem> {
    if context.options.format != Format::Esm {
        return required(context, links);
    }
    let mut items = Vec::new();
    let chunk = &context.plan.chunks.list[context.chunk as usize];
    for (specifier, names) in &links.externals {
        let mut named = Vec::new();
        let with = attributes(context, specifier);
        let source = context.external(specifier);
        for name in names {
            let key = NameKey::External(specifier.clone(), name.clone());
            match name {
                None => {
                    let local = code::ident_of(context.names.get(&key));
                    items.push(import_statement(
                        &source,
                        vec![ImportSpecifier::Namespace(ImportStarAsSpecifier {
                            span: DUMMY_SP,
                            local,
                        })],
                        with.clone(),
                    ));
                }
                Some(name) => named.push(named_import(name, context.names.get(&key))),
            }
        }
        if !named.is_empty() || names.is_empty() {
            items.push(import_statement(&source, named, with));
        }
    }
    for other in &links.imported_chunks(chunk) {
        let exported = &context.plan.names[*other as usize].exported;
        let specifiers = links.imports[other]
            .iter()
            .map(|key| named_import(&exported[key], context.names.get(key)))
            .collect();
        let path = context.paths.between(context.chunk, *other);
        items.push(import_statement(&path, specifiers, None));
    }
    if links.needs_create_require {
        let create = context
            .names
            .get(&NameKey::External("node:module".into(), Some("createRequire".into())));
        let url = code::member(
            Expr::MetaProp(MetaPropExpr { span: DUMMY_SP, kind: MetaPropKind::ImportMeta }),
            &"url".into(),
            DUMMY_SP,
        );
        items.push(ModuleItem::Stmt(code::var(&"__require".into(), code::call(create, vec![url]))));
    }
    items
}

/// The same for `CommonJS` and for a script: `var x = require("…")`.
fn required(context: &Context<'_>, links: &ChunkLinks) -> Vec<ModuleItem> {
    let require: Atom = if context.options.format == Format::Cjs {
        "require".into()
    } else if links.externals.is_empty() {
        return Vec::new();
    } else {
        context.helper(runtime::REQUIRE)
    };
    links
        .externals
        .iter()
        .map(|(specifier, names)| {
            let value = code::call(&require, vec![code::string(&context.external(specifier))]);
            if names.is_empty() {
                return ModuleItem::Stmt(code::statement(value));
            }
            let name = context.names.get(&NameKey::External(specifier.clone(), None));
            let node = imports_as_node(context, specifier);
            ModuleItem::Stmt(code::var(name, rewrite::to_esm(context, value, node)))
        })
        .collect()
}

/// `{ type: "json" }`, if that is how an external module is imported in this chunk.
fn attributes(context: &Context<'_>, specifier: &Atom) -> Option<Box<ObjectLit>> {
    let modules = &context.plan.chunks.list[context.chunk as usize].modules;
    let kind = modules.iter().find_map(|id| {
        context.graph.module(*id).static_imports().find_map(|(_, record)| match &record.target {
            ImportTarget::External(other) if other == specifier => record.attribute_type.clone(),
            _ => None,
        })
    })?;
    match code::object(vec![("type".into(), code::string(&kind))]) {
        Expr::Object(object) => Some(Box::new(object)),
        _ => None,
    }
}

/// Whether those who import an external module in this chunk follow Node's rule for `default`.
fn imports_as_node(context: &Context<'_>, specifier: &Atom) -> bool {
    context.plan.chunks.list[context.chunk as usize].modules.iter().all(|id| {
        let module = context.graph.module(*id);
        let imports = module.static_imports().any(
            |(_, record)| matches!(&record.target, ImportTarget::External(other) if other == specifier),
        );
        module.uses_node_interop || !imports
    })
}

/// `module.exports = __toCommonJS(namespace)`, or what an `iife` returns.
fn export_namespace(context: &Context<'_>, entry: ModuleId) -> Stmt {
    let namespace = code::ident(context.names.get(&NameKey::Namespace(entry)));
    let value = code::call(&context.helper(runtime::TO_COMMON_JS), vec![namespace]);
    export_value(context, value)
}

fn export_value(context: &Context<'_>, value: Expr) -> Stmt {
    if context.options.format != Format::Cjs {
        return code::var(&IIFE_RESULT.into(), value);
    }
    let target = given_away(context.options.format);
    code::statement(Expr::Assign(AssignExpr {
        span: DUMMY_SP,
        op: op!("="),
        left: AssignTarget::Simple(SimpleAssignTarget::Member(target.expect_member())),
        right: Box::new(value),
    }))
}

fn exports(context: &Context<'_>, links: &ChunkLinks, entry: Option<ModuleId>) -> Vec<ModuleItem> {
    let mut items = Vec::new();
    if let Some(entry) = entry
        && context.plan.wraps.of(entry) == Wrap::CommonJs
    {
        let value = code::call(context.names.get(&NameKey::Wrapper(entry)), Vec::new());
        items.push(if context.options.format == Format::Esm {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(ExportDefaultExpr {
                span: DUMMY_SP,
                expr: Box::new(value),
            }))
        } else {
            ModuleItem::Stmt(export_value(context, value))
        });
    }
    if context.options.format != Format::Esm {
        if context.options.format == Format::Iife && context.options.global_name.is_some() {
            items.push(ModuleItem::Stmt(Stmt::Return(ReturnStmt {
                span: DUMMY_SP,
                arg: Some(Box::new(given_away(Format::Iife))),
            })));
        }
        return items;
    }
    let mut named: Vec<(Atom, Atom)> = Vec::new();
    if let Some(shape) = &links.entry_exports {
        for (exported, binding) in &shape.exports {
            match context.reference(binding) {
                Some(Reference::Name(local)) => named.push((local, exported.clone())),
                Some(reference) => {
                    // A property cannot be exported; a variable takes its value when the entry has run.
                    let local: Atom =
                        format!("export_{}", crate::bundle::graph::identifier(exported)).into();
                    items.push(ModuleItem::Stmt(code::var(&local, reference.expression(DUMMY_SP))));
                    named.push((local, exported.clone()));
                }
                None => {}
            }
        }
        for binding in &shape.dynamic {
            if let Binding::External { specifier, .. } = binding {
                items.push(ModuleItem::ModuleDecl(ModuleDecl::ExportAll(ExportAll {
                    span: DUMMY_SP,
                    src: Box::new(str_of(&context.external(specifier))),
                    type_only: false,
                    with: attributes(context, specifier),
                })));
            }
        }
    }
    for key in &links.exports {
        named.push((context.names.get(key).clone(), context.names.exported[key].clone()));
    }
    if !named.is_empty() {
        let specifiers = named
            .into_iter()
            .map(|(local, exported)| {
                ExportSpecifier::Named(ExportNamedSpecifier {
                    span: DUMMY_SP,
                    orig: ModuleExportName::Ident(code::ident_of(&local)),
                    exported: (local != exported).then(|| export_name(&exported)),
                    is_type_only: false,
                })
            })
            .collect();
        items.push(ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(NamedExport {
            span: DUMMY_SP,
            specifiers,
            src: None,
            type_only: false,
            with: None,
        })));
    }
    items
}
