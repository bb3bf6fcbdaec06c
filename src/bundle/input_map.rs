//! Source maps of sources that were compiled before: named by a comment at their end, inline or beside the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use swc_sourcemap::{DecodedMap, SourceMap, decode_slice};

use crate::fs::{FileSystem, normalize};
use crate::url::decode_percent;

/// Where the text of a source came from.
#[derive(Debug)]
pub(crate) struct InputMap {
    /// The map; sections are joined.
    pub(crate) map: SourceMap,
    /// The folder that its sources are relative to. Absolute.
    pub(crate) folder: PathBuf,
}

impl InputMap {
    /// The map that the last lines of `text` name. One that cannot be read is as good as none.
    pub(crate) fn of(text: &str, file: &Path, files: &dyn FileSystem) -> Option<Arc<Self>> {
        let url = url_in(text)?;
        let folder = file.parent()?;
        let (json, folder) = if let Some(data) = url.strip_prefix("data:") {
            (from_data_url(data)?, folder.to_path_buf())
        } else if url.contains("://") {
            return None;
        } else {
            let map =
                normalize(&folder.join(String::from_utf8_lossy(&decode_percent(url)).as_ref()));
            let folder = map.parent()?.to_path_buf();
            (files.read(&map).ok()?, folder)
        };
        let map = match decode_slice(&json).ok()? {
            DecodedMap::Regular(map) => map,
            DecodedMap::Index(index) => index.flatten().ok()?,
            DecodedMap::Hermes(_) => return None,
        };
        Some(Arc::new(Self { map, folder }))
    }

    /// Absolute path of a source, or its URL.
    pub(crate) fn source(&self, source: &str) -> String {
        if source.contains("://") {
            return source.to_owned();
        }
        normalize(&self.folder.join(source)).to_string_lossy().into_owned()
    }
}

/// `//# sourceMappingURL=…` at the end of a text; the old `//@` is the same.
fn url_in(text: &str) -> Option<&str> {
    for line in text.lines().rev().map(str::trim).filter(|line| !line.is_empty()).take(5) {
        let comment = line.strip_prefix("//").or_else(|| line.strip_prefix("/*"));
        let found = comment.and_then(|comment| {
            comment.trim_start_matches(['#', '@', ' ']).strip_prefix("sourceMappingURL=")
        });
        if let Some(url) = found {
            let url = url.trim_end_matches("*/").trim();
            return (!url.is_empty()).then_some(url);
        }
        comment?;
    }
    None
}

fn from_data_url(data: &str) -> Option<Vec<u8>> {
    let (kind, body) = data.split_once(',')?;
    if kind.ends_with(";base64") {
        base64::engine::general_purpose::STANDARD.decode(body.trim()).ok()
    } else {
        Some(decode_percent(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_stand_at_the_end() {
        assert_eq!(url_in("x();\n//# sourceMappingURL=a.map\n"), Some("a.map"));
        assert_eq!(url_in("x();\n/*# sourceMappingURL=a%20b.map */"), Some("a%20b.map"));
        assert_eq!(url_in("//# sourceMappingURL=a.map\nx();"), None);
    }
}
