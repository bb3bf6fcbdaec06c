//! Positions to source map, and positions to bytes by module.

use std::collections::BTreeMap;

use swc_core::common::source_map::SourceMapGenConfig;
use swc_core::common::sync::Lrc;
use swc_core::common::{BytePos, FileName, LineCol, SourceMap};

/// The source map of an output as JSON. `to_source` makes the path of a source, as seen from the map, from its path
/// below the root.
pub(super) fn to_json(
    source_map: &SourceMap,
    mappings: &[(BytePos, LineCol)],
    to_source: &dyn Fn(&str) -> String,
    file: &str,
) -> Vec<u8> {
    let mut map = source_map.build_source_map(mappings, None, Config { to_source });
    map.set_file(Some(file.to_owned()));
    let mut json = Vec::new();
    map.to_writer(&mut json).expect("writing to memory does not fail");
    json
}

struct Config<'a> {
    to_source: &'a dyn Fn(&str) -> String,
}

impl SourceMapGenConfig for Config<'_> {
    fn file_name_to_source(&self, name: &FileName) -> String {
        (self.to_source)(&name.to_string())
    }

    fn inline_sources_content(&self, _: &FileName) -> bool {
        true
    }
}

/// Bytes of `text` by the file they come from. What lies between two mappings belongs to the first; what comes before
/// the first mapping, and what maps to no file, belongs to nobody.
pub(super) fn bytes_by_file(
    source_map: &SourceMap,
    text: &str,
    mappings: &[(BytePos, LineCol)],
) -> BTreeMap<String, u64> {
    let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
    let mut current: Option<(Lrc<swc_core::common::SourceFile>, u64)> = None;
    let mut finished: Vec<(Lrc<swc_core::common::SourceFile>, u64)> = Vec::new();
    let mut lines = text.split_inclusive('\n');
    let mut line = lines.next().unwrap_or_default();
    let (mut line_number, mut column, mut at) = (0u32, 0u32, 0usize);
    // Both go forward through the text, so each character is looked at once.
    for (position, place) in mappings {
        let mut count = 0u64;
        while line_number < place.line {
            count += (line.len() - at) as u64;
            line = lines.next().unwrap_or_default();
            line_number += 1;
            column = 0;
            at = 0;
        }
        for character in line.get(at..).unwrap_or_default().chars() {
            if column >= place.col {
                break;
            }
            column += u32::try_from(character.len_utf16()).expect("one or two");
            at += character.len_utf8();
            count += character.len_utf8() as u64;
        }
        if let Some((_, bytes)) = &mut current {
            *bytes += count;
        }
        let is_known =
            !position.is_dummy() && !position.is_reserved_for_comments() && position.0 != u32::MAX;
        if is_known
            && !current
                .as_ref()
                .is_some_and(|(file, _)| file.start_pos <= *position && *position < file.end_pos)
        {
            finished.extend(current.take());
            current =
                source_map.try_lookup_source_file(*position).ok().flatten().map(|file| (file, 0));
        }
    }
    let rest =
        (line.len() - at.min(line.len())) as u64 + lines.map(|line| line.len() as u64).sum::<u64>();
    if let Some((_, bytes)) = &mut current {
        *bytes += rest;
    }
    finished.extend(current);
    for (file, count) in finished {
        if !matches!(*file.name, FileName::Internal(_)) {
            *bytes.entry(file.name.to_string()).or_default() += count;
        }
    }
    bytes
}
