//! Statements to text, with a place in a source for places in the text.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use swc_core::common::comments::SingleThreadedComments;
use swc_core::common::source_map::DefaultSourceMapGenConfig;
use swc_core::common::sync::Lrc;
use swc_core::common::{BytePos, DUMMY_SP, FileName, LineCol, SourceMap};
use swc_core::ecma::ast::{EsVersion, Module, ModuleItem, Program};
use swc_core::ecma::codegen::text_writer::{JsWriter, WriteJs, omit_trailing_semi};
use swc_core::ecma::codegen::{Config, Emitter, Node};
use swc_core::ecma::parser::{EsSyntax, Syntax, parse_file_as_program};
use swc_core::ecma::transforms::base::fixer::{fixer, paren_remover};

use super::compress::{Compressed, Unreadable, compress, may_have_templates};
use super::parentheses::add_parentheses;
use crate::bundle::graph::{ModuleGraph, ModuleId};
use crate::bundle::options::{Options, SourceMapMode};
use crate::bundle::source::{KeptComments, location_at};
use crate::diag::{Diagnostic, Location};

/// Statements that belong together, with the module they come from.
pub(super) struct Piece {
    pub(super) module: Option<ModuleId>,
    pub(super) items: Vec<ModuleItem>,
}

/// Positions in sources for places in a text, in the order of the text. What begins at a place without a position is in
/// no source.
pub(super) type Mappings = Vec<(BytePos, LineCol)>;

/// The text of a chunk.
#[derive(Default)]
pub(super) struct Emitted {
    pub(super) text: String,
    pub(super) mappings: Mappings,
    pub(super) parts: Parts,
}

/// Which module each part of a text comes from: beginnings of parts, in the order of the text.
#[derive(Default)]
pub(super) struct Parts {
    list: Vec<Part>,
}

struct Part {
    module: Option<ModuleId>,
    /// The line that it begins with; not kept when the text becomes smaller.
    line: u32,
    bytes: u64,
}

impl Parts {
    /// How many bytes of the text come from each module.
    pub(super) fn bytes(&self) -> BTreeMap<ModuleId, u64> {
        let mut bytes = BTreeMap::new();
        for part in &self.list {
            if let Some(module) = part.module {
                *bytes.entry(module).or_default() += part.bytes;
            }
        }
        bytes
    }

    /// The module that a line comes from.
    fn module_at(&self, line: u32) -> Option<ModuleId> {
        let after = self.list.partition_point(|part| part.line <= line);
        self.list.get(after.checked_sub(1)?)?.module
    }
}

/// Prints pieces for people, each beginning with a line of its own. `comments` has what is kept of those of modules.
pub(super) fn emit(
    pieces: Vec<Piece>,
    comments: &FxHashMap<ModuleId, KeptComments>,
    graph: &ModuleGraph,
    source_map: &Lrc<SourceMap>,
    options: &Options,
) -> Emitted {
    let printed: Vec<(Option<ModuleId>, String, Mappings)> = pieces
        .into_par_iter()
        .filter(|piece| !piece.items.is_empty())
        .map(|piece| {
            let Piece { module, items } = piece;
            // What is of no module may be of the helpers.
            let kept = comments.get(&module.unwrap_or(ModuleId::RUNTIME));
            let kept = kept.cloned().map(to_comments);
            let mut program =
                Program::Module(Module { span: DUMMY_SP, body: items, shebang: None });
            // The fixer itself loses inner parentheses: `((function () {})() < 1)`.
            program.mutate(paren_remover(None));
            program.mutate(fixer(kept.as_ref().map(|kept| kept as _)));
            let (text, mappings) = print(program, kept.as_ref(), false, source_map, options);
            (module, text, mappings)
        })
        .collect();
    let mut emitted = Emitted::default();
    let mut line = 0;
    let mut last = None;
    for (module, text, mappings) in printed {
        if let Some(id) = module
            && last != Some(id)
            && !options.minify.any()
        {
            let path = graph.module(id).path.replace(['\n', '\r'], " ");
            let above = if emitted.text.is_empty() { "" } else { "\n" };
            let heading = format!("{above}// {path}\n");
            line += lines_of(&heading);
            emitted.text.push_str(&heading);
        }
        last = module;
        emitted.parts.list.push(Part { module, line, bytes: text.len() as u64 });
        emitted.mappings.extend(mappings.into_iter().map(|(position, place)| {
            (position, LineCol { line: place.line + line, col: place.col })
        }));
        line += lines_of(&text);
        emitted.text.push_str(&text);
    }
    emitted
}

fn to_comments(kept: KeptComments) -> SingleThreadedComments {
    use std::cell::RefCell;
    use std::rc::Rc;
    SingleThreadedComments::from_leading_and_trailing(
        Rc::new(RefCell::new(kept.into_iter().collect())),
        Rc::new(RefCell::new(std::iter::empty().collect())),
    )
}

fn lines_of(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).expect("fewer than 2^32 lines")
}

/// Makes a text smaller as the options want it.
///
/// # Errors
///
/// What the compressor cannot read: it is not what a runtime could load.
pub(super) fn minify(
    emitted: Emitted,
    held: &str,
    is_strict: bool,
    graph: &ModuleGraph,
    source_map: &SourceMap,
    options: &Options,
) -> Result<Emitted, Diagnostic> {
    let has_places = options.source_map != SourceMapMode::None || emitted.parts.list.len() > 1;
    let mut compressed = compress(&emitted.text, held, is_strict, has_places, options)
        .map_err(|problem| unreadable(&emitted, graph, source_map, &problem))?;
    if options.minify.whitespace && !may_have_templates(options) {
        compressed = without_whitespace(compressed, options);
    }
    let Compressed { text, places } = compressed;
    let Emitted { mappings, parts, .. } = emitted;
    let mappings = Followed::new(mappings);
    let mut result = Emitted { text, ..Emitted::default() };
    let mut walk = Walk::new(&result.text);
    for (to, from) in places {
        // Only a text goes over the end of a line here, and what begins a line has a mapping.
        if let Some((position, last)) = result.mappings.last().copied()
            && options.minify.whitespace
        {
            let lines = (last.line + 1..=to.line).filter(|line| (*line, 0) != (to.line, to.col));
            result.mappings.extend(lines.map(|line| (position, LineCol { line, col: 0 })));
        }
        let bytes = walk.to(to);
        if let Some(part) = result.parts.list.last_mut() {
            part.bytes += bytes;
        }
        let module = parts.module_at(from.line);
        if result.parts.list.last().is_none_or(|part| part.module != module) {
            result.parts.list.push(Part { module, line: to.line, bytes: 0 });
        }
        result.mappings.push((mappings.position(from), to));
    }
    if let (false, [only]) = (has_places, parts.list.as_slice()) {
        result.parts.list.push(Part { module: only.module, line: 0, bytes: 0 });
    }
    let rest = walk.rest();
    if let Some(part) = result.parts.list.last_mut() {
        part.bytes += rest;
    }
    if options.minify.whitespace && !result.text.is_empty() && !result.text.ends_with('\n') {
        if !result.text.ends_with([';', '}']) {
            result.text.push(';');
        }
        result.text.push('\n');
    }
    Ok(result)
}

fn unreadable(
    emitted: &Emitted,
    graph: &ModuleGraph,
    source_map: &SourceMap,
    problem: &Unreadable,
) -> Diagnostic {
    let message = format!("{}, so no runtime could load the output", problem.message);
    let position = Followed::new(emitted.mappings.clone()).position(problem.place);
    // Without a map, positions are not collected, and the module is all that is known.
    let location = if position.is_dummy() {
        let module = emitted.parts.module_at(problem.place.line);
        module.map(|id| Location::file(graph.module(id).path.as_str()))
    } else {
        let file = source_map.lookup_source_file(position).name.to_string();
        Some(location_at(source_map, &file, position, 1))
    };
    Diagnostic::error("build/syntax", message).at(location)
}

/// The positions of a text that another was made from.
struct Followed(Mappings);

impl Followed {
    fn new(mut mappings: Mappings) -> Self {
        mappings.retain(|(position, _)| {
            !position.is_dummy() && !position.is_reserved_for_comments() && position.0 != u32::MAX
        });
        Self(mappings)
    }

    /// The position of what stands at a place, or of what begins before it in the same line.
    fn position(&self, place: LineCol) -> BytePos {
        let after = self.0.partition_point(|(_, at)| (at.line, at.col) <= (place.line, place.col));
        match after.checked_sub(1).map(|index| &self.0[index]) {
            Some((position, at)) if at.line == place.line => *position,
            _ => BytePos::DUMMY,
        }
    }
}

/// A way through a text in its order.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// In UTF-16 units.
    column: u32,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 0, column: 0 }
    }

    /// Bytes up to a place, which is not before the last one.
    fn to(&mut self, place: LineCol) -> u64 {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        for (at, character) in rest.char_indices() {
            if (self.line, self.column) >= (place.line, place.col) {
                self.at = start + at;
                return at as u64;
            }
            if character == '\n' {
                self.line += 1;
                self.column = 0;
            } else {
                self.column += u32::try_from(character.len_utf16()).expect("one or two");
            }
        }
        self.at = self.text.len();
        rest.len() as u64
    }

    fn rest(self) -> u64 {
        (self.text.len() - self.at) as u64
    }
}

/// What code generation may use.
fn es_version(options: &Options) -> EsVersion {
    match options.syntax {
        Some(..2015) => EsVersion::Es5,
        Some(2015) => EsVersion::Es2015,
        Some(2016) => EsVersion::Es2016,
        Some(2017) => EsVersion::Es2017,
        Some(2018) => EsVersion::Es2018,
        Some(2019) => EsVersion::Es2019,
        Some(2020) => EsVersion::Es2020,
        Some(2021) => EsVersion::Es2021,
        Some(2022) => EsVersion::Es2022,
        _ => EsVersion::latest(),
    }
}

/// Prints statements for people, or as short as can be.
fn print(
    mut program: Program,
    comments: Option<&SingleThreadedComments>,
    is_short: bool,
    source_map: &Lrc<SourceMap>,
    options: &Options,
) -> (String, Mappings) {
    let mut text = Vec::new();
    let mut mappings = Vec::new();
    add_parentheses(&mut program);
    {
        let wanted = is_short || options.source_map != SourceMapMode::None;
        let mappings = wanted.then_some(&mut mappings);
        let mut writer = JsWriter::new(Lrc::clone(source_map), "\n", &mut text, mappings);
        writer.set_indent_str("  ");
        let writer: Box<dyn WriteJs> =
            if is_short { Box::new(omit_trailing_semi(writer)) } else { Box::new(writer) };
        let mut emitter = Emitter {
            cfg: Config::default()
                .with_target(es_version(options))
                .with_minify(is_short)
                .with_inline_script(true),
            cm: Lrc::clone(source_map),
            comments: comments.map(|comments| comments as _),
            wr: writer,
        };
        program.emit_with(&mut emitter).expect("writing to memory does not fail");
    }
    let mut text = String::from_utf8(text).expect("the code generator writes UTF-8");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    (text, mappings)
}

/// Takes the whitespace out of what may have no template literals: the compressor's printer writes strings as those.
fn without_whitespace(compressed: Compressed, options: &Options) -> Compressed {
    let source_map = Lrc::new(SourceMap::default());
    let name = Lrc::new(FileName::Anon);
    let source = source_map.new_source_file(name, compressed.text.clone());
    let syntax =
        Syntax::Es(EsSyntax { allow_return_outside_function: true, ..EsSyntax::default() });
    let parsed = parse_file_as_program(&source, syntax, EsVersion::latest(), None, &mut Vec::new());
    let Ok(program) = parsed else { return compressed };
    let (text, mappings) = print(program, None, true, &source_map, options);
    let map = source_map.build_source_map(&mappings, None, DefaultSourceMapGenConfig);
    let places = map
        .tokens()
        .filter_map(|token| {
            let middle = token.get_src();
            let after = compressed.places.partition_point(|(to, _)| (to.line, to.col) <= middle);
            let (_, from) = compressed.places.get(after.checked_sub(1)?)?;
            let (line, col) = token.get_dst();
            Some((LineCol { line, col }, *from))
        })
        .collect();
    Compressed { text, places }
}
