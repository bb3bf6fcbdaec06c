//! Phase 3: chunks to artifacts, in parallel; final names from content hashes.

mod compress;
mod emit;
mod keep_names;
mod parentheses;
mod rewrite;
mod sheets;
mod source_map;
mod stand_ins;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::comments::SingleThreadedComments;
use swc_core::common::sync::Lrc;
use swc_core::common::{BytePos, DUMMY_SP, GLOBALS, LineCol, SourceMap};
use swc_core::ecma::ast::*;

use self::emit::{Emitted, Piece, emit, minify};
use self::rewrite::{Context, ModuleCode, Reference, rewrite, run_module};
pub(crate) use self::stand_ins::StandIns;
use super::code;
use super::graph::{Export, ImportKind, ImportTarget, ModuleFormat, ModuleGraph, ModuleId};
use super::link::{Binding, ChunkLinks, LinkPlan, NameKey, Step, Wrap};
use super::options::{Format, LegalComments, Loader, Options, SourceMapMode, Target};
use super::scan::ModuleTree;
use super::scan::load::expand_naming;
use super::scan::parse::KeptComments;
use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, content_hash, is_named_by};
use crate::bundle::runtime;
use crate::diag::Diagnostic;
use crate::fs::relative;
use crate::metafile::{Contribution, Import, Output};

/// Artifacts, and their part of the metafile.
#[derive(Default)]
pub(crate) struct Printed {
    /// Entries, chunks, source maps.
    pub(crate) artifacts: Vec<BuildArtifact>,
    /// Outputs by path below the output folder.
    pub(crate) outputs: BTreeMap<String, Output>,
    /// What the user should know.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Printed {
    /// Adds what another print made.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.artifacts.append(&mut other.artifacts);
        self.outputs.append(&mut other.outputs);
        self.diagnostics.append(&mut other.diagnostics);
    }
}

/// Ending of the file with the texts of licences of an output.
const LEGAL: &str = ".LEGAL.txt";

/// A chunk with stand-ins for the names of chunks.
struct PrintedChunk {
    text: String,
    mappings: Vec<(BytePos, LineCol)>,
    bytes_by_module: BTreeMap<String, u64>,
    /// Chunks whose paths stand in the text, in the order of their first place.
    mentions: Vec<u32>,
    /// Texts of licences that go elsewhere than to the end.
    legal: String,
    diagnostics: Vec<Diagnostic>,
}

/// Prints all chunks. The trees, of the modules that are in chunks, are used up.
pub(crate) fn print(
    graph: &ModuleGraph,
    plan: &LinkPlan,
    mut trees: Vec<Option<ModuleTree>>,
    source_map: &Lrc<SourceMap>,
    stand_ins: &StandIns,
    options: &Options,
) -> Printed {
    let paths = Paths::new(stand_ins.clone(), graph, plan, options);
    let held = name_of_held(graph, plan);
    let input_maps: source_map::InputMaps = graph
        .modules
        .iter()
        .zip(&trees)
        .filter_map(|(module, tree)| {
            Some((module.path.clone(), Arc::clone(tree.as_ref()?.input_map.as_ref()?)))
        })
        .collect();
    // Rewriting goes module by module over all chunks, so one large chunk keeps every thread busy.
    let code: Vec<(ModuleCode, KeptComments)> = trees
        .par_iter_mut()
        .enumerate()
        .map(|(index, tree)| {
            let id = ModuleId(u32::try_from(index).expect("fewer than 2^32 modules"));
            let (Some(tree), Some(chunk)) = (tree, plan.chunks.of[index]) else {
                return Default::default();
            };
            let comments = std::mem::take(&mut tree.comments);
            let names = &plan.names[chunk as usize];
            let context =
                Context { graph, plan, options, chunk, names, paths: &paths, held: &held };
            let globals = std::mem::take(&mut tree.globals);
            let code = GLOBALS.set(&globals, || rewrite(&context, id, tree));
            (code, comments)
        })
        .collect();
    let mut by_module: Vec<Option<(ModuleCode, KeptComments)>> =
        code.into_iter().map(Some).collect();
    let inputs: Vec<ChunkInput> = (0u32..)
        .zip(&plan.chunks.list)
        .map(|(index, chunk)| ChunkInput {
            index,
            legal: if options.legal_comments == LegalComments::None {
                Vec::new()
            } else {
                legal_texts(chunk, &trees)
            },
            modules: chunk
                .modules
                .iter()
                .filter_map(|id| {
                    by_module[id.index()].take().map(|(code, comments)| (*id, code, comments))
                })
                .collect(),
        })
        .collect();
    let printed: Vec<PrintedChunk> = inputs
        .into_par_iter()
        .map(|input| {
            let names = &plan.names[input.index as usize];
            let context = Context {
                graph,
                plan,
                options,
                chunk: input.index,
                names,
                paths: &paths,
                held: &held,
            };
            print_chunk(&context, input, source_map)
        })
        .collect();
    let mut result = finish(graph, plan, &paths, printed, (source_map, &input_maps), options);
    sheets::print_sheets(graph, plan, options, &mut result);
    result
}

/// What the function of `HELD` is called in outputs until it goes: nothing else has the name.
fn name_of_held(graph: &ModuleGraph, plan: &LinkPlan) -> Atom {
    let is_free = |name: &Atom| {
        !plan.names.iter().any(|names| names.taken.contains(name))
            && !graph.modules.iter().any(|module| {
                module.unresolved.contains(name) || module.nested_names.contains(name)
            })
    };
    let mut names = (1u32..).map(|number| Atom::from(format!("__held{number}")));
    names.find(is_free).expect("one of so many names is free")
}

/// Licence texts of the modules of a chunk, each once.
fn legal_texts(chunk: &super::link::Chunk, trees: &[Option<ModuleTree>]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for id in &chunk.modules {
        // Constants that were inlined come from the module, too.
        for text in trees[id.index()].iter().flat_map(|tree| &tree.legal) {
            if !texts.contains(text) {
                texts.push(text.clone());
            }
        }
    }
    texts
}

struct ChunkInput {
    index: u32,
    legal: Vec<String>,
    modules: Vec<(ModuleId, ModuleCode, KeptComments)>,
}

fn print_chunk(
    context: &Context<'_>,
    input: ChunkInput,
    source_map: &Lrc<SourceMap>,
) -> PrintedChunk {
    let options = context.options;
    let mut comments = KeptComments::default();
    let mut code: FxHashMap<ModuleId, ModuleCode> = FxHashMap::default();
    let mut order = Vec::new();
    for (id, module_code, kept) in input.modules {
        #[expect(clippy::iter_over_hash_type, reason = "positions of modules do not overlap")]
        for (position, list) in kept {
            comments.insert(position, list);
        }
        order.push(id);
        code.insert(id, module_code);
    }
    let comments = to_comments(comments);
    let pieces = assemble(context, &order, &mut code);
    let mut diagnostics = Vec::new();
    let emitted = emit(pieces, &comments, context.graph, source_map, options);
    let emitted = if options.minify.any() {
        let chunk = &context.plan.chunks.list[context.chunk as usize];
        let is_strict = is_strict(context.graph, context.plan, chunk);
        minify(emitted, context.held, is_strict, source_map, options).unwrap_or_else(|problem| {
            diagnostics.push(problem);
            Emitted::default()
        })
    } else {
        emitted
    };
    let Emitted { mut text, mappings, parts } = emitted;
    let mut bytes_by_module = BTreeMap::new();
    for (module, bytes) in parts.bytes() {
        let path = &context.graph.module(module).path;
        *bytes_by_module.entry(path.clone()).or_default() += bytes;
    }
    let legal = input.legal.iter().fold(String::new(), |text, comment| {
        text + &comment.replace("</script", "<\\/script") + "\n"
    });
    let is_at_end = options.legal_comments == LegalComments::Eof;
    if is_at_end {
        text.push_str(&legal);
    }
    let mentions = context.paths.stand_ins.mentions(
        &text,
        u32::try_from(context.plan.chunks.list.len()).expect("fewer than 2^32 chunks"),
    );
    let legal = if is_at_end { String::new() } else { legal };
    PrintedChunk { text, mappings, bytes_by_module, mentions, legal, diagnostics }
}

fn to_comments(map: KeptComments) -> SingleThreadedComments {
    use std::cell::RefCell;
    use std::rc::Rc;
    SingleThreadedComments::from_leading_and_trailing(
        Rc::new(RefCell::new(map.into_iter().collect())),
        Rc::new(RefCell::new(std::iter::empty().collect())),
    )
}

/// Puts the parts of a chunk in order: imports, definitions, what runs, exports.
fn assemble(
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
        .map(|(id, node)| context.names.get(&NameKey::Interop(*id, *node)).clone())
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
fn is_word(name: &str) -> bool {
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

/// Where an output that is no module puts what it exports: `module.exports`, or the variable that is returned.
fn given_away(format: Format) -> Expr {
    match format {
        Format::Cjs => code::member(code::ident(&"module".into()), &"exports".into(), DUMMY_SP),
        Format::Esm | Format::Iife => code::ident(&IIFE_RESULT.into()),
    }
}

/// The variable whose value an `iife` returns.
const IIFE_RESULT: &str = "__exports";

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
                        format!("export_{}", super::graph::identifier(exported)).into();
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

/// Where each chunk goes.
struct Paths {
    stand_ins: StandIns,
    /// Path below the output folder, with a stand-in where the template wants the hash.
    templates: Vec<String>,
    /// URLs of copied files, as code in the output folder itself names them.
    assets: FxHashSet<String>,
}

impl Paths {
    fn new(stand_ins: StandIns, graph: &ModuleGraph, plan: &LinkPlan, options: &Options) -> Self {
        let templates = (0u32..)
            .zip(&plan.chunks.list)
            .map(|(index, chunk)| {
                let hash = stand_ins.of(index);
                match chunk.entry {
                    Some(entry) => {
                        if chunk.is_user_entry {
                            entry_path(graph, entry, &hash, "js", options)
                        } else {
                            // A dynamic import keeps the name of its module: it is what a size report shows.
                            let naming = options.chunk_naming.replace("chunk-", "[name]-");
                            let name = graph.module(entry).name_in_code();
                            expand_naming(&naming, "", &name, &hash, "js")
                        }
                    }
                    None => expand_naming(&options.chunk_naming, "", "chunk", &hash, "js"),
                }
            })
            .collect();
        let urls = graph.modules.iter().filter_map(|module| module.asset_url.as_ref());
        let assets = urls.map(ToString::to_string).collect();
        Self { stand_ins, templates, assets }
    }

    /// How a chunk names an asset.
    fn asset(&self, from: usize, url: &str, options: &Options) -> String {
        seen_from(&self.templates[from], url, options)
    }

    /// How a chunk names what is left to the runtime, which may be an asset of the build.
    fn external(&self, from: usize, specifier: &str, options: &Options) -> String {
        if self.assets.contains(specifier) {
            self.asset(from, specifier, options)
        } else {
            specifier.to_owned()
        }
    }

    /// The specifier of one chunk in another.
    fn between(&self, from: u32, to: u32) -> String {
        let folder = std::path::Path::new("/").join(&self.templates[from as usize]);
        let target = std::path::Path::new("/").join(&self.templates[to as usize]);
        let path = relative(folder.parent().unwrap_or(std::path::Path::new("/")), &target);
        if path.starts_with("..") { path } else { format!("./{path}") }
    }
}

/// A path below the output folder as the output at `from` names it; URLs stay.
fn seen_from(from: &str, target: &str, options: &Options) -> String {
    let Some(path) = target.strip_prefix("./").filter(|_| options.public_path.is_empty()) else {
        return target.to_owned();
    };
    let root = std::path::Path::new("/");
    let folder = root.join(from);
    let path = relative(folder.parent().unwrap_or(root), &root.join(path));
    if path.starts_with("..") { path } else { format!("./{path}") }
}

/// The path of an output of an entry point.
fn entry_path(
    graph: &ModuleGraph,
    entry: ModuleId,
    hash: &str,
    extension: &str,
    options: &Options,
) -> String {
    let module = graph.module(entry);
    let stem_of = |file: &str| file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
    if let Some(name) = &options.outfile {
        // A style sheet beside a script takes its name.
        return if extension == "js" || name.ends_with(".css") {
            name.clone()
        } else {
            format!("{}.{extension}", stem_of(name))
        };
    }
    let file =
        module.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = module
        .file
        .parent()
        .map(|folder| relative(&common_folder(graph), folder))
        .unwrap_or_default();
    expand_naming(&options.entry_naming, &folder, &stem_of(&file), hash, extension)
}

/// The deepest folder that holds all entry points: outputs keep their place below it.
fn common_folder(graph: &ModuleGraph) -> std::path::PathBuf {
    let mut folders =
        graph.entry_points.iter().filter_map(|entry| graph.module(*entry).file.parent());
    let Some(first) = folders.next() else { return std::path::PathBuf::from("/") };
    let mut common = first.to_path_buf();
    for folder in folders {
        while !folder.starts_with(&common) {
            common.pop();
        }
    }
    common
}

/// The hash in the name of each chunk, which covers its content, its map, and those of what it can reach.
fn content_hashes(
    printed: &[PrintedChunk],
    maps: &mut [Option<swc_sourcemap::SourceMap>],
    paths: &Paths,
    options: &Options,
) -> Vec<String> {
    // A chunk's own content, with every stand-in blanked out. The map has the name of its chunk, and the chunk may name
    // or hold it.
    let isolated: Vec<String> = printed
        .iter()
        .zip(maps)
        .map(|(chunk, map)| {
            let mut text = chunk.text.clone();
            for mention in &chunk.mentions {
                text = text.replace(&paths.stand_ins.of(*mention), "........");
            }
            if let Some(map) = map {
                text.push_str(&format!("\0{:?}\0", options.source_map));
                text.push_str(&content_hash(&source_map::to_json(map, None)));
            }
            content_hash(text.as_bytes())
        })
        .collect();
    // The hash of a chunk covers all that it can reach, so circles need no order.
    let hashes: Vec<String> = (0..printed.len())
        .map(|index| {
            let mut reached = vec![index];
            let mut next = 0;
            while let Some(chunk) = reached.get(next).copied() {
                next += 1;
                for mention in &printed[chunk].mentions {
                    if !reached.contains(&(*mention as usize)) {
                        reached.push(*mention as usize);
                    }
                }
            }
            let seed: Vec<&str> = reached.iter().map(|chunk| isolated[*chunk].as_str()).collect();
            let template = paths.templates[index]
                .replace(&paths.stand_ins.of(u32::try_from(index).expect("few chunks")), "");
            content_hash(format!("{template}\0{}", seed.join("\0")).as_bytes())
        })
        .collect();
    tell_apart(paths, hashes)
}

/// Makes the maps, hashes what does not change, puts the hashes in, and makes artifacts.
fn finish(
    graph: &ModuleGraph,
    plan: &LinkPlan,
    paths: &Paths,
    mut printed: Vec<PrintedChunk>,
    (source_map, input_maps): (&Lrc<SourceMap>, &source_map::InputMaps),
    options: &Options,
) -> Printed {
    for (index, chunk) in printed.iter_mut().enumerate() {
        add_frame(graph, plan, paths, index, chunk, options);
    }
    let mut maps: Vec<Option<swc_sourcemap::SourceMap>> = printed
        .par_iter()
        .zip(&paths.templates)
        .map(|(chunk, template)| {
            let path = options.outdir.join(template);
            let folder = path.parent().unwrap_or(&options.outdir);
            let to_source = |source: &str| relative(folder, &options.root.join(source));
            let (text, mappings) = (&chunk.text, &chunk.mappings);
            (options.source_map != SourceMapMode::None)
                .then(|| source_map::make(source_map, input_maps, mappings, text, &to_source))
        })
        .collect();
    let hashes = content_hashes(&printed, &mut maps, paths, options);
    let fill = |text: &str, mentions: &[u32]| {
        mentions.iter().fold(text.to_owned(), |text, mention| {
            text.replace(&paths.stand_ins.of(*mention), &hashes[*mention as usize])
        })
    };
    let final_paths: Vec<String> =
        (0u32..).zip(&paths.templates).map(|(index, template)| fill(template, &[index])).collect();

    let mut result = Printed::default();
    for chunk in &mut printed {
        result.diagnostics.append(&mut chunk.diagnostics);
    }
    for (index, chunk) in printed.iter().enumerate() {
        let info = &plan.chunks.list[index];
        let is_sheet = info.entry.is_some_and(|entry| graph.module(entry).loader == Loader::Css);
        if is_sheet || (info.entry.is_none() && chunk.text.is_empty()) {
            continue;
        }
        let path = final_paths[index].clone();
        let mut text = fill(&chunk.text, &chunk.mentions);
        let map_path = format!("{path}.map");
        let map = maps[index].take().map(|mut map| {
            let file = path.rsplit('/').next().unwrap_or(&path);
            source_map::to_json(&mut map, Some(file))
        });
        let mut map_output = None;
        if let Some(json) = map {
            let name = map_path.rsplit('/').next().unwrap_or(&map_path).to_owned();
            match options.source_map {
                SourceMapMode::Inline => {
                    let encoded = base64::engine::general_purpose::STANDARD.encode(&json);
                    text.push_str(&format!(
                        "//# sourceMappingURL=data:application/json;base64,{encoded}\n"
                    ));
                }
                SourceMapMode::Linked => {
                    text.push_str(&format!("//# sourceMappingURL={}\n", encode_url(&name)));
                    map_output = Some(json);
                }
                SourceMapMode::External => map_output = Some(json),
                SourceMapMode::None => {}
            }
        }
        result
            .outputs
            .insert(path.clone(), metafile_output(graph, plan, index, chunk, &text, &final_paths));
        if let Some(json) = &map_output {
            result
                .outputs
                .insert(map_path.clone(), Output { bytes: json.len() as u64, ..Output::default() });
        }
        let output_path = match OutputPath::new(path.clone()) {
            Ok(path) => path,
            Err(error) => {
                result.diagnostics.push(Diagnostic::error("build/output-path", error.to_string()));
                continue;
            }
        };
        let map_output_path = OutputPath::new(map_path).ok().filter(|_| map_output.is_some());
        result.artifacts.push(BuildArtifact {
            is_immutable: is_named_by(&path, &hashes[index]),
            path: output_path,
            kind: if info.is_user_entry { ArtifactKind::EntryPoint } else { ArtifactKind::Chunk },
            loader: info.entry.map_or("js", |entry| graph.module(entry).loader.as_str()),
            content_hash: hashes[index].clone(),
            source_map: map_output_path.clone(),
            runtime: None,
            body: Body::from_text(text),
        });
        if options.legal_comments == LegalComments::Linked {
            add_licences(&path, &chunk.legal, &mut result);
        }
        if let (Some(json), Some(path)) = (map_output, map_output_path) {
            result.artifacts.push(BuildArtifact {
                path,
                kind: ArtifactKind::SourceMap,
                loader: "file",
                content_hash: content_hash(&json),
                is_immutable: false,
                source_map: None,
                runtime: None,
                body: Body::new(json),
            });
        }
    }
    result
}

/// The file with the texts of licences of an output, if it has any.
fn add_licences(path: &str, texts: &str, result: &mut Printed) {
    let bytes = texts.as_bytes();
    let Ok(path) = OutputPath::new(format!("{path}{LEGAL}")) else { return };
    if bytes.is_empty() {
        return;
    }
    let output = Output { bytes: bytes.len() as u64, ..Output::default() };
    result.outputs.insert(path.to_string(), output);
    result.artifacts.push(BuildArtifact {
        path,
        kind: ArtifactKind::Asset,
        loader: "file",
        content_hash: content_hash(bytes),
        is_immutable: false,
        source_map: None,
        runtime: None,
        body: Body::new(bytes),
    });
}

/// Two chunks of the same text are still two, with variables of their own: the later one takes another hash.
fn tell_apart(paths: &Paths, mut hashes: Vec<String>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    for (index, template) in (0u32..).zip(&paths.templates) {
        let stand_in = paths.stand_ins.of(index);
        let hash = &mut hashes[index as usize];
        while !taken.insert(template.replace(&stand_in, hash)) {
            if !template.contains(&stand_in) {
                break;
            }
            *hash = content_hash(hash.as_bytes());
        }
    }
    hashes
}

/// Percent-encodes what cannot stand in a URL.
fn encode_url(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' | b'+' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Whether a module names variables that Bun has only in what it transpiles.
fn needs_transpiler(module: &crate::bundle::graph::Module) -> bool {
    module.format == ModuleFormat::Esm
        && ["require", "module", "exports", "__dirname", "__filename"]
            .iter()
            .any(|name| module.unresolved.contains(&Atom::from(*name)))
}

/// What stands before and after the code of a chunk: the `#!` line, directives, banner, footer, the function of a
/// script.
fn add_frame(
    graph: &ModuleGraph,
    plan: &LinkPlan,
    paths: &Paths,
    index: usize,
    chunk: &mut PrintedChunk,
    options: &Options,
) {
    let info = &plan.chunks.list[index];
    let mut before = String::new();
    let mut after = String::new();
    let first_line = options.target.runtime().first_line.filter(|_| {
        let mut modules = info.modules.iter().filter(|id| **id != ModuleId::RUNTIME);
        // What is not ASCII, Bun takes for Latin-1 in such an output.
        let around = [&options.banner, &options.footer].into_iter().flatten();
        options.format == Format::Esm
            && chunk.text.is_ascii()
            && chunk.legal.is_ascii()
            && around.clone().all(|text| text.is_ascii())
            && !modules.any(|id| needs_transpiler(graph.module(*id)))
    });
    if options.legal_comments == LegalComments::Linked && !chunk.legal.is_empty() {
        after.push_str(&format!(
            "/*! Licences are in the file beside this one that ends in {LEGAL} */\n"
        ));
    }
    if let Some(entry) = info.entry
        && info.is_user_entry
    {
        let module = graph.module(entry);
        // There is place for one, and the banner's is the one that was asked for.
        let has_own = options.banner.as_deref().is_some_and(|banner| banner.starts_with("#!"));
        if let Some(hashbang) = module.hashbang.as_ref().filter(|_| !has_own) {
            before.push_str(&format!("#!{hashbang}\n"));
        }
        // What has to be first comes before the banner, unless that is a `#!` line.
        if let Some(line) = first_line.filter(|_| !has_own) {
            before.push_str(&format!("{line}\n"));
        }
        if let Some(banner) = &options.banner {
            before.push_str(banner);
            before.push('\n');
        }
        if options.format != Format::Esm
            && is_strict(graph, plan, info)
            && !module.directives.iter().any(|text| **text == *"use strict")
        {
            before.push_str("\"use strict\";\n");
        }
        for directive in &module.directives {
            let is_strict = **directive == *"use strict";
            if module.format == ModuleFormat::Esm && (!is_strict || options.format != Format::Esm) {
                before.push_str(&format!("\"{directive}\";\n"));
            }
        }
        if options.format == Format::Iife {
            let name = options.global_name.as_deref();
            match name {
                Some(name) if name.contains('.') => {
                    before.push_str(&format!("{}(() => {{\n", namespaced(name)));
                }
                Some(name) => before.push_str(&format!("var {name} = (() => {{\n")),
                None => before.push_str("(() => {\n"),
            }
            after.push_str("})();\n");
        }
        if options.format == Format::Cjs && options.target == Target::Node {
            after.push_str(&export_names_for_node(plan, index, paths, options));
        }
        if let Some(footer) = &options.footer {
            after.push_str(footer);
            after.push('\n');
        }
    }
    if let Some(line) = first_line.filter(|_| !info.is_user_entry || info.entry.is_none()) {
        before.push_str(&format!("{line}\n"));
    }
    if options.legal_comments == LegalComments::Inline {
        // Behind a hashbang and directives, which mean something only where they are first.
        let at = if options.format == Format::Iife && info.is_user_entry && info.entry.is_some() {
            before.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1)
        } else {
            before.len()
        };
        before.insert_str(at, &chunk.legal);
    }
    if !before.is_empty() {
        let lines = u32::try_from(before.matches('\n').count()).expect("fewer than 2^32 lines");
        for (_, place) in &mut chunk.mappings {
            place.line += lines;
        }
        chunk.text.insert_str(0, &before);
    }
    chunk.text.push_str(&after);
}

/// Names of exports in a form that Node finds when a module imports the output: it looks for this assignment in the
/// text (the lexer of `cjs-module-lexer`).
fn export_names_for_node(
    plan: &LinkPlan,
    index: usize,
    paths: &Paths,
    options: &Options,
) -> String {
    let Some(shape) = &plan.links[index].entry_exports else { return String::new() };
    let mut names: Vec<String> = shape
        .exports
        .iter()
        .filter_map(|(name, _)| match (Ident::verify_symbol(name).is_ok(), is_word(name)) {
            (true, _) => Some(name.to_string()),
            (false, true) => Some(format!("{name}: null")),
            (false, false) => None,
        })
        .collect();
    names.extend(shape.dynamic.iter().filter_map(|binding| match binding {
        Binding::External { specifier, .. } => {
            Some(format!("...require(\"{}\")", paths.external(index, specifier, options)))
        }
        _ => None,
    }));
    if names.is_empty() {
        return String::new();
    }
    format!("0 && (module.exports = {{ {} }});\n", names.join(", "))
}

/// Whether all code of a chunk is strict: a `CommonJS` module that is not must not become so.
fn is_strict(graph: &ModuleGraph, plan: &LinkPlan, chunk: &super::link::Chunk) -> bool {
    chunk.modules.iter().all(|id| {
        let module = graph.module(*id);
        let is_module = module.has_esm_syntax || module.uses_node_interop;
        (is_module && plan.wraps.of(*id) != Wrap::CommonJs)
            || *id == ModuleId::RUNTIME
            || !module.loader.is_script()
            || module.directives.iter().any(|text| **text == *"use strict")
    })
}

/// `a.b.c` as assignments that make what is missing on the way.
fn namespaced(name: &str) -> String {
    let mut code = String::new();
    let mut path = String::new();
    let parts: Vec<&str> = name.split('.').collect();
    for (index, part) in parts.iter().enumerate() {
        if index == 0 {
            path.push_str(part);
            code.push_str(&format!("var {path} = {path} || {{}};\n"));
        } else {
            path.push('.');
            path.push_str(part);
            if index + 1 < parts.len() {
                code.push_str(&format!("{path} = {path} || {{}};\n"));
            }
        }
    }
    format!("{code}{path} = ")
}

/// The exports of a module whose declarations are kept.
fn kept_exports(graph: &ModuleGraph, plan: &LinkPlan, id: ModuleId) -> Vec<String> {
    let module = graph.module(id);
    let live = module.statements.iter().zip(&plan.live.statements[id.index()]);
    let declared: BTreeSet<u32> = live
        .filter(|(_, is_live)| **is_live)
        .flat_map(|(statement, _)| statement.declares.iter().copied())
        .collect();
    let mut names: Vec<String> = module
        .exports
        .iter()
        .filter(|(_, export)| matches!(export, Export::Local(symbol) if declared.contains(symbol)))
        .map(|(name, _)| name.to_string())
        .collect();
    names.sort_unstable();
    names
}

fn metafile_output(
    graph: &ModuleGraph,
    plan: &LinkPlan,
    index: usize,
    chunk: &PrintedChunk,
    text: &str,
    paths: &[String],
) -> Output {
    let info = &plan.chunks.list[index];
    let links = &plan.links[index];
    let mut imports: Vec<Import> = Vec::new();
    let mut push = |path: String, kind: ImportKind, external: bool| {
        let import =
            Import { path, kind: kind.metafile_name().to_owned(), external, ..Import::default() };
        if !imports.contains(&import) {
            imports.push(import);
        }
    };
    for (specifier, _) in &links.externals {
        push(specifier.to_string(), ImportKind::Static, true);
    }
    for other in &links.imported_chunks(info) {
        push(paths[*other as usize].clone(), ImportKind::Static, false);
    }
    for id in &info.modules {
        let module = graph.module(*id);
        for (statement, _) in module
            .statements
            .iter()
            .zip(&plan.live.statements[id.index()])
            .filter(|(_, live)| **live)
        {
            for record in &statement.records {
                let record = &module.imports[*record as usize];
                match &record.target {
                    ImportTarget::Module(target) if record.kind == ImportKind::Dynamic => {
                        if let Some(other) = plan.chunks.entry_of.get(target)
                            && chunk.mentions.contains(other)
                        {
                            push(paths[*other as usize].clone(), ImportKind::Dynamic, false);
                        }
                    }
                    ImportTarget::External(specifier) => {
                        push(specifier.to_string(), record.kind, true);
                    }
                    _ => {}
                }
            }
        }
    }
    let mut exports: Vec<String> = links
        .entry_exports
        .iter()
        .flat_map(|shape| shape.exports.iter().map(|(name, _)| name.to_string()))
        .chain(
            links
                .exports
                .iter()
                .filter_map(|key| plan.names[index].exported.get(key))
                .map(Atom::to_string),
        )
        .collect();
    if info.entry.is_some_and(|entry| plan.wraps.of(entry) == Wrap::CommonJs) {
        exports.push("default".to_owned());
    }
    exports.sort_unstable();
    exports.dedup();
    let mut kept: BTreeMap<&str, Vec<String>> = info
        .modules
        .iter()
        .map(|id| (graph.module(*id).path.as_str(), kept_exports(graph, plan, *id)))
        .collect();
    Output {
        bytes: text.len() as u64,
        inputs: chunk
            .bytes_by_module
            .iter()
            .map(|(path, bytes)| {
                let exports = kept.remove(path.as_str()).unwrap_or_default();
                (path.clone(), Contribution { bytes_in_output: *bytes, exports })
            })
            .collect(),
        imports,
        exports,
        entry_point: info.entry.map(|entry| graph.module(entry).path.clone()),
        ..Output::default()
    }
}
