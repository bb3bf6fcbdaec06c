//! Where a place in an output came from, through its source map.

use base64::Engine as _;
use swc_sourcemap::SourceMap;

use crate::diag::Location;

/// A source map that was found beside or in an output.
pub(super) struct Origin {
    map: SourceMap,
    /// Folder of the map, relative to the root.
    folder: String,
}

impl Origin {
    /// Reads a map that lies in `folder`, relative to the root.
    pub(super) fn parse(json: &[u8], folder: &str) -> Option<Self> {
        Some(Self { map: SourceMap::from_slice(json).ok()?, folder: folder.to_owned() })
    }

    /// The map that a script holds at its end, as a `data:` URL.
    pub(super) fn inline(script: &[u8], folder: &str) -> Option<Self> {
        let start = memchr::memmem::rfind(script, b"sourceMappingURL=data:")?;
        let url = script.get(start + 22..)?;
        let end = url.iter().position(u8::is_ascii_whitespace).unwrap_or(url.len());
        let comma = memchr::memchr(b',', &url[..end])?;
        let (kind, body) = (url.get(..comma)?, url.get(comma + 1..end)?);
        if !kind.ends_with(b";base64") {
            return None;
        }
        Self::parse(&base64::engine::general_purpose::STANDARD.decode(body).ok()?, folder)
    }

    /// The original of a place: line and column from 1, the column in characters.
    pub(super) fn locate(&self, line: usize, column_utf16: usize) -> Option<Location> {
        let line = u32::try_from(line - 1).ok()?;
        let token = self.map.lookup_token(line, u32::try_from(column_utf16).ok()?)?;
        // A lookup falls back to the end of an earlier line, which is somebody else's code.
        if token.get_dst_line() != line {
            return None;
        }
        let source = token.get_source()?;
        let text = self.map.get_source_contents(token.get_src_id());
        let line_text = text
            .and_then(|text| text.lines().nth(token.get_src_line() as usize))
            .unwrap_or_default();
        let column = utf16_to_characters(line_text, token.get_src_col() as usize);
        Some(self.location(source, token.get_src_line() as usize + 1, column + 1))
    }

    /// Each source in the map with its text.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.map.sources().enumerate().filter_map(|(index, source)| {
            let text = self.map.get_source_contents(u32::try_from(index).ok()?)?;
            Some((&**source, &**text))
        })
    }

    /// A place in a source of the map.
    pub(super) fn location(&self, source: &str, line: usize, column: usize) -> Location {
        let joined = std::path::Path::new("/").join(&self.folder).join(source);
        let file = without_dots(&joined);
        // No line of a source is shown with a finding: the value may stand in it.
        Location { file, line, column, length: 1, line_text: String::new() }
    }
}

fn utf16_to_characters(line: &str, utf16: usize) -> usize {
    let mut units = 0;
    line.chars()
        .take_while(|character| {
            let before = units < utf16;
            units += character.len_utf16();
            before
        })
        .count()
}

/// The path with `.` and `..` resolved as text, without the slash at its start.
fn without_dots(path: &std::path::Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                parts.pop();
            }
            std::path::Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    parts.join("/")
}
