//! The style sheets that an entry point reaches, as one output beside its script.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_sourcemap::SourceMapBuilder;

use super::licences::{add_licences, legal_link, legal_text};
use super::names::{entry_path, file_from, seen_from};
use super::outputs::Printed;
use super::sheet_map;
use super::source_map::{self, InputMaps};
use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, content_hash, is_named_by};
use crate::bundle::css::{Conditions, Sheet};
use crate::bundle::graph::{ImportKind, ImportTarget, Module, ModuleGraph, ModuleId};
use crate::bundle::link::LinkPlan;
use crate::bundle::options::{LegalComments, Loader, Options, SourceMapMode};
use crate::diag::Diagnostic;
use crate::fs::relative;
use crate::metafile::{Contribution, Import, Output};

/// A sheet in its place: what it is, and the conditions around it from the outside in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Placed {
    source: Source,
    conditions: Vec<Conditions>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    Module(ModuleId),
    External(Atom),
    /// A statement that gives layers their places; perhaps only those of the conditions around.
    Layers(Vec<String>),
}

/// Adds the style sheet of each entry point that has one.
pub(super) fn print_sheets(
    graph: &ModuleGraph,
    plan: &LinkPlan,
    options: &Options,
    printed: &mut Printed,
) {
    for chunk in &plan.chunks.list {
        let (Some(entry), true) = (chunk.entry, chunk.is_user_entry) else { continue };
        let order = in_order(graph, plan, entry);
        if !order.is_empty() {
            print_sheet(graph, entry, &order, options, printed);
        }
    }
}

/// All sheets that an entry point reaches. One that comes twice counts where it comes last, as it does in a browser; the
/// layers in it have their places from where it came first.
fn in_order(graph: &ModuleGraph, plan: &LinkPlan, entry: ModuleId) -> Vec<Placed> {
    let mut roots = Vec::new();
    collect_roots(graph, plan, entry, &mut vec![false; graph.modules.len()], &mut roots);
    let mut all = Vec::new();
    for root in roots {
        place(graph, root, &[], &mut Vec::new(), &mut all);
    }
    let last: FxHashMap<Placed, usize> =
        all.iter().enumerate().map(|(index, placed)| (placed.clone(), index)).collect();
    let mut statements = FxHashSet::default();
    let mut kept: Vec<Placed> = Vec::new();
    for (index, placed) in all.into_iter().enumerate() {
        let is_statement = matches!(placed.source, Source::Layers(_));
        if !is_statement && last.get(&placed) == Some(&index) {
            kept.push(placed);
            continue;
        }
        let layers = match placed.source {
            Source::Layers(layers) => layers,
            Source::Module(id) => graph
                .module(id)
                .sheet
                .as_ref()
                .map(|sheet| sheet.layers.clone())
                .unwrap_or_default(),
            Source::External(_) => continue,
        };
        let has_layers =
            !layers.is_empty() || placed.conditions.iter().any(|one| one.layer.is_some());
        let statement = Placed { source: Source::Layers(layers), ..placed };
        if has_layers && statements.insert(statement.clone()) {
            kept.push(statement);
        }
    }
    kept
}

/// Sheets that scripts import, in the order in which the scripts run.
fn collect_roots(
    graph: &ModuleGraph,
    plan: &LinkPlan,
    id: ModuleId,
    seen: &mut [bool],
    roots: &mut Vec<ModuleId>,
) {
    if std::mem::replace(&mut seen[id.index()], true) {
        return;
    }
    let module = graph.module(id);
    if module.loader == Loader::Css {
        if !plan.live.modules[id.index()] {
            return;
        }
        // What it composes from other sheets comes before it.
        for (_, record) in module.static_imports() {
            if let ImportTarget::Module(target) = record.target {
                collect_roots(graph, plan, target, seen, roots);
            }
        }
        roots.push(id);
        return;
    }
    // A module that is not kept may still lead to others that are.
    let kept: FxHashSet<u32> =
        plan.live.kept(graph, id).flat_map(|statement| &statement.records).copied().collect();
    for (index, record) in (0u32..).zip(&module.imports) {
        let runs = match record.kind {
            ImportKind::Static => true,
            ImportKind::Require | ImportKind::Dynamic => kept.contains(&index),
            _ => false,
        };
        if let (true, ImportTarget::Module(target)) = (runs, &record.target) {
            collect_roots(graph, plan, *target, seen, roots);
        }
    }
}

fn place(
    graph: &ModuleGraph,
    id: ModuleId,
    conditions: &[Conditions],
    open: &mut Vec<ModuleId>,
    all: &mut Vec<Placed>,
) {
    if open.contains(&id) {
        return;
    }
    open.push(id);
    let module = graph.module(id);
    let sheet = module.sheet.as_ref();
    let imports = sheet.map(|sheet| sheet.imports.as_slice()).unwrap_or_default();
    let records = module.imports.iter().filter(|record| record.kind == ImportKind::Sheet);
    for (index, (import, record)) in imports.iter().zip(records).enumerate() {
        if !import.layers.is_empty() {
            let source = Source::Layers(import.layers.clone());
            all.push(Placed { source, conditions: conditions.to_vec() });
        }
        let mut inner = conditions.to_vec();
        if !import.conditions.is_empty() {
            let mut conditions = import.conditions.clone();
            // A layer without a name is one for all that the sheet imports.
            if conditions.layer.as_ref().is_some_and(String::is_empty) {
                let place = format!("{} {index}", module.path);
                conditions.layer = Some(format!("anonymous-{}", content_hash(place.as_bytes())));
            }
            inner.push(conditions);
        }
        match &record.target {
            ImportTarget::Module(target) => place(graph, *target, &inner, open, all),
            ImportTarget::External(url) => {
                all.push(Placed { source: Source::External(url.clone()), conditions: inner });
            }
            ImportTarget::Missing => {}
        }
    }
    all.push(Placed { source: Source::Module(id), conditions: conditions.to_vec() });
    open.pop();
}

/// The code of a sheet with targets in the places of its stand-ins.
fn with_urls(sheet: &Sheet, targets: &[String], is_short: bool) -> String {
    let mut code = String::new();
    let mut rest = sheet.code.as_str();
    while let Some((before, behind)) = rest.split_once(&sheet.stand_in.0) {
        let Some((number, after)) = behind.split_once(&sheet.stand_in.1) else { break };
        let target = number.parse().ok().and_then(|number: usize| targets.get(number));
        let in_parentheses = before.ends_with("url(") && after.starts_with(')');
        code.push_str(before);
        code.push_str(&in_url(target.map_or("", String::as_str), is_short && in_parentheses));
        rest = after;
    }
    code + rest
}

/// What stands between the parentheses of `url()` (CSS Syntax 3, 4.3.6); without quotes where it is to be short and may.
fn in_url(target: &str, is_short: bool) -> String {
    let needs_quotes = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '"' | '\'' | '(' | ')' | '\\')
    };
    if is_short && !target.contains(needs_quotes) {
        return target.to_owned();
    }
    let mut text = String::from("\"");
    for letter in target.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            other if other.is_control() => text.push_str(&format!("\\{:x} ", u32::from(other))),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

/// For each, whether it stands above all rules: `@import` counts only there, and only statements of layers may stand
/// before it.
fn stands_above(order: &[Placed]) -> Vec<bool> {
    let mut is_above = vec![false; order.len()];
    for (index, placed) in order.iter().enumerate().rev() {
        is_above[index] = match placed.source {
            Source::External(_) => true,
            Source::Layers(_) => {
                placed.conditions.is_empty() && is_above.get(index + 1).copied().unwrap_or_default()
            }
            Source::Module(_) => false,
        };
    }
    is_above
}

/// The source map of a sheet while its text is made.
struct MapInProgress {
    places: SourceMapBuilder,
    input_maps: InputMaps,
    /// How many bytes of the text were read for lines, and how many lines they have.
    counted: (usize, usize),
}

impl MapInProgress {
    fn new() -> Self {
        Self { places: SourceMapBuilder::new(None), input_maps: InputMaps::new(), counted: (0, 0) }
    }

    /// Adds the places of a module's code. It stands behind `before`, which is the text of the sheet so far, and `above`.
    fn add(&mut self, module: &Module, sheet: &Sheet, code: &str, (before, above): (&str, &str)) {
        let Some(text) = &sheet.source else { return };
        let count = |text: &str| text.matches('\n').count();
        let (bytes, lines) = self.counted;
        self.counted = (before.len(), lines + count(before.get(bytes..).unwrap_or_default()));
        let first = u32::try_from(self.counted.1 + count(above)).expect("fewer than 2^32 lines");
        let source = self.places.add_source(module.path.clone().into());
        self.places.set_source_contents(source, Some(text.clone().into()));
        for (to, from) in sheet_map::pairs(code, text) {
            self.places.add_raw(first + to.0, to.1, from.0, from.1, Some(source), None, false);
        }
        if let Some(map) = &sheet.input_map {
            self.input_maps.insert(module.path.clone(), Arc::clone(map));
        }
    }

    /// The map of `text`, seen from the output at `path`.
    fn finish(self, text: &str, path: &str, options: &Options) -> swc_sourcemap::SourceMap {
        let file = options.outdir.join(path);
        let folder = file.parent().unwrap_or(&options.outdir);
        let to_source = |source: &str| relative(folder, &options.root.join(source));
        source_map::compose(&self.places.into_sourcemap(), &self.input_maps, &[], text, &to_source)
    }
}

/// What is left to the runtime as the sheet at `from` names it: an asset, a file that stays, or a URL.
fn external(graph: &ModuleGraph, from: &str, target: &Atom, options: &Options) -> String {
    match graph.external_files.get(target) {
        Some(file) => file_from(from, file, options),
        None => seen_from(from, target, options),
    }
}

/// The import of a sheet that stays one. Conditions around it have places of their own only in sheets of their own.
fn import_under(url: &str, conditions: &[Conditions]) -> String {
    let quote = |url: &str| serde_json::to_string(url).expect("a string always serialises");
    let (inner, around) = match conditions.split_last() {
        Some((inner, around)) => (inner.behind_url(), around),
        None => (String::new(), conditions),
    };
    let mut statement = format!("@import {}{inner};", quote(url));
    for conditions in around.iter().rev() {
        let mut data = String::from("data:text/css,");
        for letter in statement.chars() {
            match letter {
                '%' | '"' | '#' | '\\' => data.push_str(&format!("%{:02X}", u32::from(letter))),
                other => data.push(other),
            }
        }
        statement = format!("@import {}{};", quote(&data), conditions.behind_url());
    }
    statement + "\n"
}

/// Prints what stands above all rules. Returns the imports among it.
fn print_imports(
    graph: &ModuleGraph,
    order: &[Placed],
    is_above: &[bool],
    (path, options): (&str, &Options),
    text: &mut String,
) -> Vec<Import> {
    let mut imports = Vec::new();
    for (placed, is_above) in order.iter().zip(is_above) {
        if *is_above && let Source::Layers(layers) = &placed.source {
            text.push_str(&format!("@layer {};\n", layers.join(", ")));
        }
        let Source::External(url) = &placed.source else { continue };
        let target = external(graph, path, url, options);
        text.push_str(&import_under(&target, &placed.conditions));
        imports.push(Import {
            path: graph.external_name(url),
            kind: ImportKind::Sheet.metafile_name().to_owned(),
            external: true,
            ..Import::default()
        });
    }
    imports
}

fn print_sheet(
    graph: &ModuleGraph,
    entry: ModuleId,
    order: &[Placed],
    options: &Options,
    printed: &mut Printed,
) {
    // The hash is not known yet; what counts is the folder.
    let unhashed = entry_path(graph, entry, "00000000", "css", options);
    let mut map = (options.source_map != SourceMapMode::None).then(MapInProgress::new);
    let sheets = order.iter().filter_map(|placed| match placed.source {
        Source::Module(id) => graph.module(id).sheet.as_ref(),
        _ => None,
    });
    let legal = legal_text(sheets.flat_map(|sheet| &sheet.legal), "style", options);
    let mut text = String::new();
    if options.legal_comments == LegalComments::Inline {
        text.push_str(&legal);
    }
    let mut inputs: BTreeMap<String, Contribution> = BTreeMap::new();
    let is_above = stands_above(order);
    let imports = print_imports(graph, order, &is_above, (&unhashed, options), &mut text);
    for (placed, is_above) in order.iter().zip(&is_above) {
        if !is_above && let Source::Layers(layers) = &placed.source {
            let mut code = String::new();
            if !layers.is_empty() {
                code = format!("@layer {};\n", layers.join(", "));
            }
            for conditions in placed.conditions.iter().rev() {
                code = conditions.around(&code);
            }
            text.push_str(&code);
        }
        let Source::Module(id) = &placed.source else { continue };
        let module = graph.module(*id);
        let Some(sheet) = &module.sheet else { continue };
        let records = module.imports.iter().filter(|record| record.kind == ImportKind::Url);
        let targets: Vec<String> = sheet
            .urls
            .iter()
            .zip(records)
            .map(|(url, record)| match &record.target {
                ImportTarget::External(target) => external(graph, &unhashed, target, options),
                _ => url.specifier.clone(),
            })
            .collect();
        let own = with_urls(sheet, &targets, options.minify.whitespace);
        // Layers have their places by where they first stand, even if nothing is in them.
        if own.is_empty() && placed.conditions.iter().all(|one| one.layer.is_none()) {
            continue;
        }
        let mut code = own.clone();
        for conditions in placed.conditions.iter().rev() {
            code = conditions.around(&code);
        }
        if !options.minify.whitespace {
            text.push_str(&format!("/* {} */\n", module.path.replace("*/", "* /")));
        }
        if let Some(map) = &mut map {
            // Conditions are whole lines around it.
            let above = code.split_once(&own).map_or("", |(above, _)| above);
            map.add(module, sheet, &own, (&text, above));
        }
        inputs.entry(module.path.clone()).or_default().bytes_in_output += code.len() as u64;
        text.push_str(&code);
    }
    match options.legal_comments {
        LegalComments::Eof => text.push_str(&legal),
        LegalComments::Linked if !legal.is_empty() => text.push_str(&legal_link()),
        _ => {}
    }
    let mut map = map.map(|map| map.finish(&text, &unhashed, options));
    let mut hashed = text.clone();
    source_map::add_to_hashed(&mut hashed, map.as_mut(), options);
    let hash = content_hash(hashed.as_bytes());
    let path = entry_path(graph, entry, &hash, "css", options);
    let json =
        map.and_then(|map| source_map::attach(map, &path, &mut text, ("/*", " */"), options));
    let is_entry = graph.module(entry).loader == Loader::Css;
    let entry_path = graph.module(entry).path.clone();
    if !is_entry
        && let Some(script) = printed
            .outputs
            .values_mut()
            .find(|output| output.entry_point.as_deref() == Some(entry_path.as_str()))
    {
        script.css_bundle = Some(path.clone());
    }
    printed.outputs.insert(
        path.clone(),
        Output {
            bytes: text.len() as u64,
            inputs,
            imports,
            entry_point: is_entry.then_some(entry_path),
            ..Output::default()
        },
    );
    let map = json.and_then(|json| source_map::artifact(&path, json));
    if options.legal_comments == LegalComments::Linked {
        add_licences(&path, &legal, printed);
    }
    match OutputPath::new(path) {
        Ok(path) => printed.artifacts.push(BuildArtifact {
            is_immutable: is_named_by(path.as_str(), &hash),
            path,
            kind: if is_entry { ArtifactKind::EntryPoint } else { ArtifactKind::Asset },
            loader: "css",
            content_hash: hash,
            source_map: map.as_ref().map(|map| map.path.clone()),
            runtime: None,
            body: Body::from_text(text),
        }),
        Err(error) => {
            printed.diagnostics.push(Diagnostic::error("build/output-path", error.to_string()));
        }
    }
    if let Some(map) = map {
        printed.add_beside(map);
    }
}
