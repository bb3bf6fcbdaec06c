//! `BuildArtifact`: one finished output and what is known about it.

pub mod body;
pub mod hashed_name;
pub mod response;
pub mod sketch;

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};

pub use body::Body;
pub use response::{Piece, Resource};

/// What an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArtifactKind {
    /// The output of an entry point.
    EntryPoint,
    /// Code shared by outputs, or behind a dynamic import.
    Chunk,
    /// A copied or generated file that is not code of ours.
    Asset,
    /// A source map.
    SourceMap,
    /// Bun bytecode.
    Bytecode,
    /// A program for the machine it was made on: Bun with a script in it.
    Executable,
}

impl ArtifactKind {
    /// The name in manifests and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EntryPoint => "entry-point",
            Self::Chunk => "chunk",
            Self::Asset => "asset",
            Self::SourceMap => "sourcemap",
            Self::Bytecode => "bytecode",
            Self::Executable => "executable",
        }
    }
}

impl fmt::Display for ArtifactKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A path that is safe as a key in a store: relative, `/` between parts, no `.`, `..`, empty part, NUL, control
/// character or backslash, at most 1,024 bytes (R2's limit for a key).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputPath(String);

/// Why a path is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` cannot be the path of an artifact: {reason}")]
pub struct BadPath {
    path: String,
    reason: &'static str,
}

impl OutputPath {
    /// Checks the path.
    pub fn new(path: impl Into<String>) -> Result<Self, BadPath> {
        let path = path.into();
        let reason = if path.is_empty() {
            "it is empty"
        } else if path.len() > 1024 {
            "it is longer than 1,024 bytes"
        } else if path.chars().any(|c| c.is_control() || c == '\\') {
            "it has a control character or a backslash"
        } else if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            "it is absolute, or a part of it is empty, `.` or `..`"
        } else {
            return Ok(Self(path));
        };
        Err(BadPath { path: path.escape_debug().to_string(), reason })
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OutputPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of bytes that come in pieces: `read` is given what takes them, and says how it went.
    pub fn of_pieces<E>(
        read: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut hash = Sha256::new();
        read(&mut |piece| {
            hash.update(piece);
            Ok(())
        })?;
        Ok(Self(hash.finalize().into()))
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(hex: &str) -> Option<Self> {
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

/// One output of a build, or one file of another bundler's.
#[derive(Debug, Clone)]
pub struct BuildArtifact {
    /// Where it stands below the output folder.
    pub path: OutputPath,
    /// What it is.
    pub kind: ArtifactKind,
    /// The loader of the input it was made from (`ts`, `js`, `css`, `file`, …).
    pub loader: &'static str,
    /// The content hash: eight letters that change exactly when the content does.
    pub content_hash: String,
    /// Whether its name carries a hash of its content that is known to be one: whoever made it says so. How a name looks
    /// proves nothing.
    pub is_immutable: bool,
    /// The path of its source map, if it has one.
    pub source_map: Option<OutputPath>,
    /// The one runtime that its bytes are for, where another of its kind cannot use them: `bun 1.3.8+b64edcb49 linux-x64`.
    pub runtime: Option<String>,
    /// The bytes.
    pub body: Body,
}

impl BuildArtifact {
    /// All bytes; none is copied.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.body.bytes()
    }

    /// The bytes as text, when they are UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.body.text()
    }

    /// The bytes as an asynchronous stream of pieces, which waits for its reader; none is copied.
    #[must_use]
    pub fn stream(&self) -> Piece {
        self.body.stream()
    }

    /// The content type by the ending of the path, with a charset for text.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        content_type(self.path.as_str())
    }
}

/// A file that stands beside another as its compressed form, as bundlers and servers have it: `app.js.br` is `app.js`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Its path.
    pub path: OutputPath,
    /// The path of what it is a form of.
    pub of: OutputPath,
    /// The name of its coding in `Content-Encoding`.
    pub coding: &'static str,
    /// Whether it decodes to the bytes that stand there now.
    pub holds: bool,
}

/// Whether a content hash stands in the last part of a path.
#[must_use]
pub fn is_named_by(path: &str, content_hash: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains(content_hash))
}

/// The content type by the ending of a path; `application/octet-stream` when it is not known.
#[must_use]
pub fn content_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" | "md" => "text/plain; charset=utf-8",
        "xml" => "text/xml; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => "application/octet-stream",
    }
}

/// The content hash of these bytes: the first 40 bits of their SHA-256 in Crockford-like base 32, eight letters.
#[must_use]
pub fn content_hash(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digest = Digest::of(bytes);
    let mut bits =
        digest.as_bytes()[..5].iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let mut letters = [0; 8];
    for letter in letters.iter_mut().rev() {
        *letter = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    letters.iter().map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_could_escape_are_refused() {
        for bad in ["", "/a", "a//b", "../a", "a/./b", "a\\b", "a\0b", "a\nb", &"x".repeat(1025)] {
            assert!(OutputPath::new(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "assets/購物車-K3V9QX2M.js", "a b", "..a"] {
            assert!(OutputPath::new(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn digest_round_trip() {
        // FIPS 180-2, appendix B.1.
        let digest = Digest::of(b"abc");
        assert_eq!(
            digest.to_hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Digest::from_hex(&digest.to_hex()), Some(digest));
        assert_eq!(Digest::from_hex("zz"), None);
        assert_eq!(content_hash(b"abc").len(), 8);
    }
}
