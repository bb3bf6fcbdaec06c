//! Phase 3: chunks to artifacts, in parallel; final names from content hashes.

mod assemble;
mod compress;
mod emit;
mod keep_names;
mod licences;
mod metafile;
mod names;
mod outputs;
mod parentheses;
mod rewrite;
mod sheet_map;
mod sheets;
mod source_map;
mod stand_ins;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use swc_core::atoms::Atom;
use swc_core::common::sync::Lrc;
use swc_core::common::{BytePos, GLOBALS, LineCol, SourceMap};
use swc_core::ecma::ast::*;

use self::assemble::{assemble, is_word};
use self::emit::{Emitted, emit, minify};
use self::licences::{add_licences, legal_link, legal_text};
use self::metafile::metafile_output;
use self::names::Paths;
pub(crate) use self::outputs::Printed;
use self::rewrite::{Context, ModuleCode, rewrite};
pub(crate) use self::stand_ins::StandIns;
use super::graph::{ModuleFormat, ModuleGraph, ModuleId};
use super::link::{Binding, LinkPlan, Wrap};
use super::options::{Format, LegalComments, Loader, Options, SourceMapMode, Target};
use super::scan::ModuleTree;
use super::source::KeptComments;
use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, content_hash, is_named_by};
use crate::diag::Diagnostic;
use crate::fs::relative;

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

/// Prints all chunks, of the trees of the modules that are in them.
pub(crate) fn print(
    graph: &ModuleGraph,
    plan: &LinkPlan,
    trees: Vec<(ModuleId, ModuleTree)>,
    source_map: &Lrc<SourceMap>,
    stand_ins: &StandIns,
    options: &Options,
) -> Printed {
    let paths = Paths::new(stand_ins.clone(), graph, plan, options);
    let held = name_of_held(graph, plan);
    let input_maps: source_map::InputMaps = trees
        .iter()
        .filter_map(|(id, tree)| {
            Some((graph.module(*id).path.clone(), Arc::clone(tree.input_map.as_ref()?)))
        })
        .collect();
    // Rewriting goes module by module over all chunks, so one large chunk keeps every thread busy.
    let mut written: FxHashMap<ModuleId, Written> = trees
        .into_par_iter()
        .filter_map(|(id, mut tree)| {
            let chunk = plan.chunks.of[id.index()]?;
            let comments = std::mem::take(&mut tree.comments);
            let legal = std::mem::take(&mut tree.legal);
            let names = &plan.names[chunk as usize];
            let context =
                Context { graph, plan, options, chunk, names, paths: &paths, held: &held };
            let globals = std::mem::take(&mut tree.globals);
            let code = GLOBALS.set(&globals, || rewrite(&context, id, &mut tree));
            Some((id, Written { id, code, comments, legal }))
        })
        .collect();
    let inputs: Vec<ChunkInput> = (0u32..)
        .zip(&plan.chunks.list)
        .map(|(index, chunk)| ChunkInput {
            index,
            modules: chunk.modules.iter().filter_map(|id| written.remove(id)).collect(),
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

/// What the function of `HELD` is called in outputs until it goes: nothing else has the name. Of these the compressor
/// knows that reading them does nothing, so that it may still move what comes before such a call into it.
fn name_of_held(graph: &ModuleGraph, plan: &LinkPlan) -> Atom {
    const KNOWN: &[&str] = &["CDATASection", "MimeTypeArray", "PeriodicWave", "PluginArray"];
    let is_free = |name: &Atom| {
        !plan.names.iter().any(|names| names.taken.contains(name))
            && !graph.modules.iter().zip(&plan.chunks.of).any(|(module, chunk)| {
                chunk.is_some()
                    && (module.unresolved.contains(name)
                    || module.nested_names.contains(name)
                    // Those of CommonJS stay in their closures, so that no chunk has taken them.
                    || module.symbols.iter().any(|symbol| symbol.id.0 == *name))
            })
    };
    let others = (1u32..).map(|number| Atom::from(format!("__held{number}")));
    let mut names = KNOWN.iter().map(|name| Atom::from(*name)).chain(others);
    names.find(is_free).expect("one of so many names is free")
}

/// What was written of a module.
struct Written {
    id: ModuleId,
    code: ModuleCode,
    comments: KeptComments,
    /// Its texts of licences.
    legal: Vec<String>,
}

struct ChunkInput {
    index: u32,
    modules: Vec<Written>,
}

fn print_chunk(
    context: &Context<'_>,
    input: ChunkInput,
    source_map: &Lrc<SourceMap>,
) -> PrintedChunk {
    let options = context.options;
    // Constants that were inlined come from the module, too.
    let texts = input.modules.iter().flat_map(|module| &module.legal);
    let legal = legal_text(texts, "script", options);
    let mut comments: FxHashMap<ModuleId, KeptComments> = FxHashMap::default();
    let mut code: FxHashMap<ModuleId, ModuleCode> = FxHashMap::default();
    let mut order = Vec::new();
    for module in input.modules {
        if !module.comments.is_empty() {
            comments.insert(module.id, module.comments);
        }
        order.push(module.id);
        code.insert(module.id, module.code);
    }
    let pieces = assemble(context, &order, &mut code);
    let mut diagnostics = Vec::new();
    let emitted = emit(pieces, &comments, context.graph, source_map, options);
    let emitted = if options.minify.any() {
        let chunk = &context.plan.chunks.list[context.chunk as usize];
        let is_strict = is_strict(context.graph, context.plan, chunk);
        minify(emitted, context.held, is_strict, context.graph, source_map, options).unwrap_or_else(
            |problem| {
                diagnostics.push(problem);
                Emitted::default()
            },
        )
    } else {
        emitted
    };
    let Emitted { mut text, mappings, parts } = emitted;
    let mut bytes_by_module = BTreeMap::new();
    for (module, bytes) in parts.bytes() {
        let path = &context.graph.module(module).path;
        *bytes_by_module.entry(path.clone()).or_default() += bytes;
    }
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

/// The hash in the name of each chunk, which covers its content, its map, and those of what it can reach.
fn content_hashes(
    printed: &[PrintedChunk],
    maps: &mut [Option<swc_sourcemap::SourceMap>],
    paths: &Paths,
    options: &Options,
) -> Vec<String> {
    // A chunk's own content, with every stand-in blanked out.
    let isolated: Vec<String> = printed
        .iter()
        .zip(maps)
        .map(|(chunk, map)| {
            let mut text = chunk.text.clone();
            for mention in &chunk.mentions {
                text = text.replace(&paths.stand_ins.of(*mention), "........");
            }
            source_map::add_to_hashed(&mut text, map.as_mut(), options);
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
        let json = maps[index]
            .take()
            .and_then(|map| source_map::attach(map, &path, &mut text, ("//", ""), options));
        result.outputs.insert(
            path.clone(),
            metafile_output(
                graph,
                plan,
                index,
                &chunk.bytes_by_module,
                &chunk.mentions,
                &text,
                &final_paths,
            ),
        );
        let output_path = match OutputPath::new(path.clone()) {
            Ok(path) => path,
            Err(error) => {
                result.diagnostics.push(Diagnostic::error("build/output-path", error.to_string()));
                continue;
            }
        };
        let map = json.and_then(|json| source_map::artifact(&path, json));
        result.artifacts.push(BuildArtifact {
            is_immutable: is_named_by(&path, &hashes[index]),
            path: output_path,
            kind: if info.is_user_entry { ArtifactKind::EntryPoint } else { ArtifactKind::Chunk },
            loader: info.entry.map_or("js", |entry| graph.module(entry).loader.as_str()),
            content_hash: hashes[index].clone(),
            source_map: map.as_ref().map(|map| map.path.clone()),
            runtime: None,
            body: Body::from_text(text),
        });
        if options.legal_comments == LegalComments::Linked {
            add_licences(&path, &chunk.legal, &mut result);
        }
        if let Some(map) = map {
            result.add_beside(map);
        }
    }
    result
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
        after.push_str(&legal_link());
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
            && (module.format == ModuleFormat::CommonJs
                || !module.directives.iter().any(|text| **text == *"use strict"))
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
