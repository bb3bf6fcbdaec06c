//! Positions to source map, and positions to bytes by module.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use rustc_hash::FxHashMap;
use swc_core::common::source_map::SourceMapGenConfig;
use swc_core::common::sync::Lrc;
use swc_core::common::{BytePos, FileName, LineCol, SourceFile, SourceMap};
use swc_core::ecma::ast::Ident;
use swc_sourcemap::SourceMapBuilder;

use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, content_hash};
use crate::bundle::input_map::InputMap;
use crate::bundle::options::{Options, SourceMapMode};

/// Maps of sources that were compiled before, by the path of the source below the root.
pub(super) type InputMaps = BTreeMap<String, Arc<InputMap>>;

/// The source map of an output, composed with the maps of its sources. `to_source` makes the path of a source, as seen
/// from the map, from its path below the root or an absolute one.
pub(super) fn make(
    source_map: &SourceMap,
    input_maps: &InputMaps,
    mappings: &[(BytePos, LineCol)],
    text: &str,
    to_source: &dyn Fn(&str) -> String,
) -> swc_sourcemap::SourceMap {
    let known: Vec<_> =
        mappings.iter().filter(|(position, _)| !position.is_dummy()).copied().collect();
    let map = source_map.build_source_map(&known, None, Config);
    compose(&map, input_maps, &sourceless(source_map, mappings), text, to_source)
}

/// Adds what a hash of an output has to cover of its map: the map has the name of the output, which may name or hold it.
pub(super) fn add_to_hashed(
    text: &mut String,
    map: Option<&mut swc_sourcemap::SourceMap>,
    options: &Options,
) {
    if let Some(map) = map {
        text.push_str(&format!("\0{:?}\0", options.source_map));
        text.push_str(&content_hash(&to_json(map, None)));
    }
}

/// Puts the map of the output at `path` into its text, or a link in a comment between `comment.0` and `comment.1`. Returns
/// what has to stand beside the output, if anything.
pub(super) fn attach(
    mut map: swc_sourcemap::SourceMap,
    path: &str,
    text: &mut String,
    comment: (&str, &str),
    options: &Options,
) -> Option<Vec<u8>> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let json = to_json(&mut map, Some(name));
    let mut link = |url: &str| {
        text.push_str(&format!("{}# sourceMappingURL={url}{}\n", comment.0, comment.1));
    };
    match options.source_map {
        SourceMapMode::None => return None,
        SourceMapMode::Inline => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(&json);
            link(&format!("data:application/json;base64,{encoded}"));
            return None;
        }
        SourceMapMode::Linked => link(&encode_url(&format!("{name}.map"))),
        SourceMapMode::External => {}
    }
    Some(json)
}

/// The map beside the output at `path`, if it can have a path of its own.
pub(super) fn artifact(path: &str, json: Vec<u8>) -> Option<BuildArtifact> {
    Some(BuildArtifact {
        path: OutputPath::new(format!("{path}.map")).ok()?,
        kind: ArtifactKind::SourceMap,
        loader: "file",
        content_hash: content_hash(&json),
        is_immutable: false,
        source_map: None,
        runtime: None,
        body: Body::new(json),
    })
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

/// A map as JSON; `file` is the name of the output.
fn to_json(map: &mut swc_sourcemap::SourceMap, file: Option<&str>) -> Vec<u8> {
    map.set_file(file.map(str::to_owned));
    let mut json = Vec::new();
    map.to_writer(&mut json).expect("writing to memory does not fail");
    json
}

/// Places of an output, in their order, where code begins that comes from no file of the user's.
fn sourceless(source_map: &SourceMap, mappings: &[(BytePos, LineCol)]) -> Vec<(u32, u32)> {
    let mut places = Vec::new();
    let mut current: Option<Lrc<SourceFile>> = None;
    for (position, place) in mappings {
        if position.is_reserved_for_comments() || position.0 == u32::MAX {
            continue;
        }
        let holds =
            |file: &Lrc<SourceFile>| file.start_pos <= *position && *position < file.end_pos;
        if !position.is_dummy() && !current.as_ref().is_some_and(holds) {
            current = source_map.try_lookup_source_file(*position).ok().flatten();
        }
        // Where one thing ends and another begins, what begins has the place.
        let here = (place.line, place.col);
        if places.last() == Some(&here) {
            places.pop();
        }
        if position.is_dummy() || current.as_ref().is_some_and(|file| is_internal(file)) {
            places.push(here);
        }
    }
    places
}

fn is_internal(file: &SourceFile) -> bool {
    matches!(*file.name, FileName::Internal(_))
}

struct Config;

impl SourceMapGenConfig for Config {
    fn file_name_to_source(&self, name: &FileName) -> String {
        name.to_string()
    }

    fn inline_sources_content(&self, _: &FileName) -> bool {
        true
    }
}

/// Follows each mapping into the map of its source, and adds the name that stood there where the output has another.
/// What begins at a place of `sourceless` belongs to no source.
pub(super) fn compose(
    map: &swc_sourcemap::SourceMap,
    input_maps: &InputMaps,
    sourceless: &[(u32, u32)],
    text: &str,
    to_source: &dyn Fn(&str) -> String,
) -> swc_sourcemap::SourceMap {
    let mut builder = SourceMapBuilder::new(None);
    let mut ends = sourceless.iter().copied().peekable();
    // The line of the last mapping, while that is one to a source.
    let mut open = None;
    let output = Lines::new(text);
    let sources: Vec<Lines<'_>> = (0..map.get_source_count())
        .map(|id| Lines::new(map.get_source_contents(id).map(|text| &**text).unwrap_or_default()))
        .collect();
    let mut ids: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    for token in map.tokens() {
        while let Some(end) = ends.next_if(|end| *end < token.get_dst()) {
            close(&mut builder, &mut open, end);
        }
        let Some(source) = token.get_source() else { continue };
        if ends.peek() == Some(&token.get_dst()) {
            continue;
        }
        let id = token.get_src_id();
        let (line, column) = (token.get_src_line(), token.get_src_col());
        let written = output.identifier(token.get_dst_line(), token.get_dst_col());
        let found = sources[id as usize].identifier(line, column);
        let is_name = |text: &&str| Ident::verify_symbol(text).is_ok();
        let name = found
            .filter(|name| written.filter(is_name).is_some_and(|written| written != *name))
            .filter(is_name);
        let input = input_maps.get(&**source);
        // A look-up falls back to the end of an earlier line, which is somebody else's code.
        let original = input
            .and_then(|input| input.map.lookup_token(line, column))
            .filter(|token| token.get_dst_line() == line && token.has_source());
        if input.is_some() && original.is_none() {
            close(&mut builder, &mut open, token.get_dst());
            continue;
        }
        let key = (id, original.map_or(u32::MAX, |original| original.get_src_id()));
        let new_id = *ids.entry(key).or_insert_with(|| {
            let (path, contents) = match (input, original) {
                (Some(input), Some(original)) => {
                    let source = original.get_source().map(|source| &**source).unwrap_or_default();
                    let path = input.source(source);
                    let contents = input.map.get_source_contents(original.get_src_id());
                    (if path.contains("://") { path } else { to_source(&path) }, contents)
                }
                _ => (to_source(source), map.get_source_contents(id)),
            };
            let new_id = builder.add_source(path.into());
            if !builder.has_source_contents(new_id) {
                builder.set_source_contents(new_id, contents.cloned());
            }
            new_id
        });
        let name = match original {
            Some(original) => original.get_name().map(|name| &**name).or(name),
            None => name,
        };
        let name_id = name.map(|name| builder.add_name(name.to_owned().into()));
        let (line, column) = original.map_or((line, column), |original| original.get_src());
        builder.add_raw(
            token.get_dst_line(),
            token.get_dst_col(),
            line,
            column,
            Some(new_id),
            name_id,
            false,
        );
        open = Some(token.get_dst_line());
    }
    for end in ends {
        close(&mut builder, &mut open, end);
    }
    builder.into_sourcemap()
}

/// Ends what the last mapping covers, by a segment of one field (ECMA-426, 9.2).
fn close(builder: &mut SourceMapBuilder, open: &mut Option<u32>, (line, column): (u32, u32)) {
    if open.take() == Some(line) {
        builder.add_raw(line, column, 0, 0, None, None, false);
    }
}

/// A text by its lines. Columns count UTF-16 units.
struct Lines<'a> {
    /// Each line with the columns and bytes of every hundredth character; none where all are ASCII.
    lines: Vec<(&'a str, Vec<(usize, usize)>)>,
}

/// Columns and bytes of every hundredth character of a line: an output may be one line of megabytes.
fn steps(line: &str) -> Vec<(usize, usize)> {
    let mut steps = Vec::new();
    let mut units = 0;
    for (index, (at, character)) in line.char_indices().enumerate() {
        if index % 100 == 0 {
            steps.push((units, at));
        }
        units += character.len_utf16();
    }
    steps
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let of_line = |line: &'a str| {
            let steps = if line.is_ascii() { Vec::new() } else { steps(line) };
            (line, steps)
        };
        Self { lines: text.split('\n').map(of_line).collect() }
    }

    /// The identifier that begins at a place.
    fn identifier(&self, line: u32, column: u32) -> Option<&'a str> {
        let (line, steps) = self.lines.get(line as usize)?;
        let column = column as usize;
        let start = match steps.partition_point(|(units, _)| *units <= column).checked_sub(1) {
            None => column,
            Some(step) => {
                let (mut units, from) = steps[step];
                line.get(from..)?
                    .char_indices()
                    .find(|(_, character)| {
                        let is_there = units >= column;
                        units += character.len_utf16();
                        is_there
                    })
                    .map(|(at, _)| from + at)?
            }
        };
        let rest = line.get(start..)?;
        let mut characters = rest.char_indices();
        let (_, first) = characters.next()?;
        if !Ident::is_valid_start(first) {
            return None;
        }
        let end = characters
            .find(|(_, character)| !Ident::is_valid_continue(*character))
            .map_or(rest.len(), |(at, _)| at);
        rest.get(..end)
    }
}
