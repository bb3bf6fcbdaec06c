//! Where a place in an output came from, through its source map.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use swc_sourcemap::SourceMap;

use crate::diag::Location;
use crate::fs::{DiskFileSystem, FileKind, FileSystem as _};
use crate::url::decode_percent;

/// A source map that was found beside or in an output.
pub(super) struct Origin {
    map: SourceMap,
    /// Folder of the map, relative to the root.
    folder: String,
    /// The root, where files are looked for.
    root: Option<PathBuf>,
}

impl Origin {
    /// Reads a map that lies in `folder`, relative to the root.
    pub(super) fn parse(json: &[u8], folder: &str, root: Option<&Path>) -> Option<Self> {
        let map = SourceMap::from_slice(json).ok()?;
        Some(Self { map, folder: folder.to_owned(), root: root.map(Path::to_path_buf) })
    }

    /// The map that a script holds at its end, as a `data:` URL.
    pub(super) fn inline(script: &[u8], folder: &str, root: Option<&Path>) -> Option<Self> {
        let start = memchr::memmem::rfind(script, b"sourceMappingURL=data:")?;
        let url = script.get(start + 22..)?;
        let end = url.iter().position(u8::is_ascii_whitespace).unwrap_or(url.len());
        let comma = memchr::memchr(b',', &url[..end])?;
        let (kind, body) = (url.get(..comma)?, url.get(comma + 1..end)?);
        if !kind.ends_with(b";base64") {
            return None;
        }
        Self::parse(&base64::engine::general_purpose::STANDARD.decode(body).ok()?, folder, root)
    }

    /// The path of the map that a script names at its end, as seen from the script; `None` when it is no file beside it.
    pub(super) fn named(script: &[u8]) -> Option<String> {
        const NAME: &[u8] = b"# sourceMappingURL=";
        let url = script.get(memchr::memmem::rfind(script, NAME)? + NAME.len()..)?;
        let end = url.iter().position(u8::is_ascii_whitespace).unwrap_or(url.len());
        let url = std::str::from_utf8(&url[..end]).ok()?;
        // A style sheet has it in a comment that ends.
        let url = url.strip_suffix("*/").unwrap_or(url);
        let is_beside = !url.contains(':') && !url.starts_with('/');
        let path = url.split(['?', '#']).next().filter(|_| is_beside)?;
        String::from_utf8(decode_percent(path)).ok()
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
        self.location(source, token.get_src_line() as usize + 1, column + 1)
    }

    /// Each source in the map with its text.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.map.sources().enumerate().filter_map(|(index, source)| {
            let text = self.map.get_source_contents(u32::try_from(index).ok()?)?;
            Some((&**source, &**text))
        })
    }

    /// A place in a source of the map; `None` when that is no file of the project.
    pub(super) fn location(&self, source: &str, line: usize, column: usize) -> Option<Location> {
        let file = self.file(source)?;
        // No line of a source is shown with a finding: the value may stand in it.
        Some(Location { file, line, column, length: 1, line_text: String::new() })
    }

    /// The path of a source, relative to the root. Sources are URLs: relative ones are of files beside the map, or else in
    /// the project, and what bundlers write into others is taken only for a file that is there.
    fn file(&self, source: &str) -> Option<String> {
        let has_scheme = source.split_once(':').is_some_and(|(scheme, _)| {
            scheme.len() > 1
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        });
        let exists = |path: &str| {
            let root = self.root.as_deref()?;
            let is_file =
                DiskFileSystem.kind(&root.join(path)).is_ok_and(|kind| kind == FileKind::File);
            (is_file && !path.is_empty()).then(|| path.to_owned())
        };
        if !has_scheme && !source.starts_with('/') {
            let beside = without_dots(&Path::new("/").join(&self.folder).join(source));
            // Parcel writes them as seen from the project.
            let of_project = || exists(&without_dots(Path::new(source)));
            return exists(&beside).or_else(of_project).or(Some(beside));
        }
        let path = source.split_once(':').filter(|_| has_scheme).map_or(source, |(_, path)| path);
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let decoded = String::from_utf8(decode_percent(path)).ok()?;
        // A path of this machine.
        let absolute = decoded.strip_prefix("//").map_or(&*decoded, |rest| {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
        });
        let absolute = absolute.strip_prefix("/@fs").unwrap_or(absolute);
        let below =
            self.root.as_deref().and_then(|root| Path::new(absolute).strip_prefix(root).ok());
        if let Some(below) = below {
            return exists(&without_dots(below));
        }
        // `webpack://NAME/./src/x.js`, `turbopack:///[project]/src/x.js`, `vite:/src/x.js`
        let path = without_dots(Path::new(absolute));
        let inner = path.strip_prefix("[project]/").unwrap_or(&path);
        let whole = without_dots(Path::new(decoded.trim_start_matches('/')));
        exists(inner).or_else(|| exists(&whole))
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
fn without_dots(path: &Path) -> String {
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
