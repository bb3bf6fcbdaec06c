//! A source on its way to a tree: what is known of it beside its text, places in it, and its comments that mean something.

use std::path::Path;
use std::sync::Arc;

use oxc_resolver::TsConfig;
use rustc_hash::FxHashMap;
use swc_core::common::comments::Comment;
use swc_core::common::sync::Lrc;
use swc_core::common::{BytePos, SourceFile, SourceMap};

use crate::bundle::defines::Defines;
use crate::bundle::options::{Loader, Options};
use crate::diag::Location;
use crate::fs::FileSystem;

/// Comments that mean something, by position.
pub(crate) type KeptComments = FxHashMap<BytePos, Vec<Comment>>;

/// What parsing one module needs beside its text.
pub(crate) struct ParseInput<'a> {
    pub(crate) source_map: &'a Lrc<SourceMap>,
    pub(crate) source: &'a SourceFile,
    pub(crate) file: &'a Path,
    pub(crate) path: &'a str,
    pub(crate) loader: Loader,
    pub(crate) is_type_module: Option<bool>,
    /// Imported `with { type: … }`: JSON then has nothing but a default export, as the runtimes have it.
    pub(crate) has_type_attribute: bool,
    pub(crate) tsconfig: Option<Arc<TsConfig>>,
    pub(crate) options: &'a Options,
    pub(crate) defines: &'a Defines,
    pub(crate) files: &'a Arc<dyn FileSystem>,
}

/// Whether a comment is an annotation for bundlers: `/* @__NAME__ */`, or `#` for `@`, or a comment to the end of the line.
pub(crate) fn is_annotation(comment: &Comment, name: &str) -> bool {
    comment.text.match_indices("__").any(|(at, _)| {
        comment.text.get(..at).is_some_and(|before| before.ends_with(['#', '@']))
            && comment
                .text
                .get(at + 2..)
                .and_then(|rest| rest.strip_prefix(name))
                .is_some_and(|rest| rest.starts_with("__"))
    })
}

/// Where the code behind a comment begins: a comment to the end of a line belongs to that, wherever the parser filed it.
pub(crate) fn code_behind(source: &SourceFile, comment: &Comment) -> BytePos {
    let start = (comment.span.hi.0 - source.start_pos.0) as usize;
    let mut at = start;
    loop {
        let rest = source.src.get(at..).unwrap_or_default();
        let white = rest.len() - rest.trim_start().len();
        let rest = rest.get(white..).unwrap_or_default();
        at += white;
        let comment = if rest.starts_with("//") {
            rest.find('\n')
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|end| end + 2)
        } else {
            None
        };
        match comment {
            Some(length) => at += length,
            None => break,
        }
    }
    comment.span.hi + BytePos(u32::try_from(at - start).expect("a source has less than 4 GiB"))
}

/// The place of a position in a file.
pub(crate) fn location_at(
    source_map: &SourceMap,
    path: &str,
    position: BytePos,
    length: usize,
) -> Location {
    if position.is_dummy() {
        return Location::file(path);
    }
    let place = source_map.lookup_char_pos(position);
    let line_text = place
        .file
        .get_line(place.line.saturating_sub(1))
        .map(|line| line.to_string())
        .unwrap_or_default();
    let left = line_text.chars().count().saturating_sub(place.col.0).max(1);
    Location {
        file: path.to_owned(),
        line: place.line,
        column: place.col.0 + 1,
        length: length.clamp(1, left),
        line_text,
    }
}
