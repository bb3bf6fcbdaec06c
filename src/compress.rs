//! Brotli and zstd siblings of scanned artifacts, and what is known of those that others made.

use std::io::{Read, Write as _};

use crate::artifact::BuildArtifact;
use crate::leak::Scanned;

/// Files below this gain nothing: the headers of an answer are larger.
const SMALLEST_BYTES: usize = 256;
/// Brotli's quality by the size of a file: up to so many bytes, that quality. Its best makes 0.7 MB a second, 9 makes 6.5,
/// 5 makes 27, so that no file takes more than some seconds; on code the best is 5 % smaller than zstd's.
const BROTLI_QUALITIES: [(usize, i32); 3] = [(4 << 20, 11), (32 << 20, 9), (usize::MAX, 5)];
/// The largest window of brotli, as a power of two; browsers take no more than 24.
const BROTLI_WINDOW: u32 = 22;
/// zstd's level by the size of a file; 22 adds nothing at the size of a bundle.
const ZSTD_LEVELS: [(usize, i32); 3] = [(16 << 20, 19), (64 << 20, 9), (usize::MAX, 3)];
/// Bytes of a file that are tried before all of it is compressed.
const TRIED_BYTES: usize = 64 << 10;

/// Content types that compress, beside all of `text/`: those that Cloudflare compresses
/// (developers.cloudflare.com/speed/optimization/content/compression), as far as outputs have them.
const COMPRESSIBLE: [&str; 14] = [
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "application/wasm",
    "application/xhtml+xml",
    "application/xml",
    "application/vnd.ms-fontobject",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/svg+xml",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "model/gltf+json",
];

/// Endings of compressed forms, and the names of their codings in `Content-Encoding` (RFC 9110, RFC 7932, RFC 8878).
pub const FORMS: [(&str, &str); 3] = [("br", "br"), ("gz", "gzip"), ("zst", "zstd")];

/// A content coding that we make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// `br`, in files that end in `.br`.
    Brotli,
    /// `zstd`, in files that end in `.zst`.
    Zstd,
}

impl Coding {
    /// The coding of that name in the settings.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "brotli" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The coding of that name in a `Content-Encoding`.
    #[must_use]
    pub fn of_encoding(name: &str) -> Option<Self> {
        match name {
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The bytes in this coding.
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Brotli => brotli(bytes),
            Self::Zstd => zstd(bytes),
        }
    }
}

/// Adds the siblings. An artifact that is small, compressed already, or grows gets none.
#[must_use]
pub fn compress(scanned: Scanned, codings: &[Coding]) -> Scanned {
    codings.iter().fold(scanned, |scanned, coding| match coding {
        Coding::Brotli => scanned.encode("br", "br", |artifact| smaller(artifact, brotli)),
        Coding::Zstd => scanned.encode("zstd", "zst", |artifact| smaller(artifact, zstd)),
    })
}

/// Bytes that an artifact has in a coding, as [`compress`] would store it: as it is where it gets no form.
#[must_use]
pub fn encoded_size(artifact: &BuildArtifact, coding: Coding) -> u64 {
    let encode = match coding {
        Coding::Brotli => brotli,
        Coding::Zstd => zstd,
    };
    smaller(artifact, encode).map_or(artifact.body.bytes().len(), |encoded| encoded.len()) as u64
}

fn smaller(artifact: &BuildArtifact, encode: fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
    let bytes = artifact.body.bytes();
    if bytes.len() < SMALLEST_BYTES || !compresses(artifact) {
        return None;
    }
    let encoded = encode(bytes);
    (encoded.len() < bytes.len()).then_some(encoded)
}

/// Whether an artifact is of a kind that compresses, and does so at its start.
fn compresses(artifact: &BuildArtifact) -> bool {
    let bytes = artifact.body.bytes();
    let kind = artifact.content_type();
    let kind = kind.split(';').next().unwrap_or(kind);
    let start = bytes.get(..TRIED_BYTES.min(bytes.len())).unwrap_or_default();
    let is_text = || match std::str::from_utf8(start) {
        Ok(text) => !text.contains('\0'),
        // The last character may be cut.
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    };
    let is_of_a_kind = kind.starts_with("text/")
        || COMPRESSIBLE.contains(&kind)
        || (kind == "application/octet-stream" && is_text());
    // What gains nothing at the quickest level gains nothing at the best.
    let tried = || zstd::bulk::compress(start, 1).map_or(start.len(), |tried| tried.len());
    is_of_a_kind && (bytes.len() <= TRIED_BYTES || tried() < start.len() - start.len() / 32)
}

/// Whether a file in a coding (`br`, `gzip` or `zstd`) decodes to these bytes and to nothing else. Stops at the first
/// difference, and holds no more than a piece in memory.
#[must_use]
pub fn decodes_to(coding: &str, encoded: &[u8], plain: &[u8]) -> bool {
    let mut decoder: Box<dyn Read + '_> = match coding {
        "br" => Box::new(brotli::Decompressor::new(encoded, 1 << 16)),
        "gzip" => Box::new(flate2::read::MultiGzDecoder::new(encoded)),
        "zstd" => match zstd::stream::read::Decoder::with_buffer(encoded) {
            Ok(decoder) => Box::new(decoder),
            Err(_) => return false,
        },
        _ => return false,
    };
    let mut rest = plain;
    let mut piece = vec![0; 1 << 16];
    loop {
        match decoder.read(&mut piece) {
            Ok(0) => return rest.is_empty(),
            Ok(length) => match rest.strip_prefix(piece.get(..length).unwrap_or_default()) {
                Some(after) => rest = after,
                None => return false,
            },
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

/// Decodes brotli as it comes: `read` hands over pieces of the encoded bytes, and `take` gets what they decode to.
///
/// # Errors
/// What `read` or `take` return, or the bytes are not all of a stream of brotli.
pub fn decode_brotli(
    read: impl FnOnce(&mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()>,
    take: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    struct Taker<'a>(&'a mut dyn FnMut(&[u8]) -> std::io::Result<()>);
    impl std::io::Write for Taker<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            (self.0)(bytes).map(|()| bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut decoder = brotli::DecompressorWriter::new(Taker(take), 1 << 16);
    read(&mut |piece| std::io::Write::write_all(&mut decoder, piece))?;
    decoder.close()
}

/// What a table has for a size.
fn by_size<T: Copy>(table: &[(usize, T); 3], bytes: usize) -> T {
    let [first, second, last] = table;
    [first, second].into_iter().find(|(most, _)| bytes <= *most).unwrap_or(last).1
}

/// The bytes in brotli, at a quality that their number allows.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn brotli(bytes: &[u8]) -> Vec<u8> {
    brotli_at(bytes, by_size(&BROTLI_QUALITIES, bytes.len()))
}

fn brotli_at(bytes: &[u8], quality: i32) -> Vec<u8> {
    let params = brotli::enc::BrotliEncoderParams {
        quality,
        lgwin: i32::try_from(brotli_window(bytes.len())).expect("a small number"),
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut encoded = Vec::new();
    {
        let mut writer = brotli::CompressorWriter::with_params(&mut encoded, 1 << 16, &params);
        writer.write_all(bytes).expect("writing to memory does not fail");
    }
    encoded
}

/// The smallest window that holds so many bytes, as a power of two: 16 less than the power is how far back one may point
/// (RFC 7932, 9.1). The encoder makes tables as large as the window, whatever is in it.
fn brotli_window(bytes: usize) -> u32 {
    (10..BROTLI_WINDOW).find(|power| (1 << power) - 16 >= bytes).unwrap_or(BROTLI_WINDOW)
}

/// The bytes in zstd.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    let level = by_size(&ZSTD_LEVELS, bytes.len());
    zstd::bulk::compress(bytes, level).expect("compressing in memory does not fail")
}

/// Forms of an artifact that are made while somebody waits: with their names in `Content-Encoding`, at quick levels. None where
/// it does not compress.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn quick_forms(artifact: &BuildArtifact) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = artifact.body.bytes();
    if bytes.len() < SMALLEST_BYTES || !compresses(artifact) {
        return Vec::new();
    }
    let brotli = brotli_at(bytes, 5);
    let zstd = zstd::bulk::compress(bytes, 3).expect("compressing in memory does not fail");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(5));
    gzip.write_all(bytes).expect("writing to memory does not fail");
    let gzip = gzip.finish().expect("writing to memory does not fail");
    let forms = [("br", brotli), ("zstd", zstd), ("gzip", gzip)];
    forms.into_iter().filter(|(_, form)| form.len() < bytes.len()).collect()
}

/// Size in bytes with gzip at its best, which is what a CDN without brotli sends; what does not compress is sent as it is.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn gzip_size(artifact: &BuildArtifact) -> u64 {
    let bytes = artifact.body.bytes();
    if !compresses(artifact) {
        return bytes.len() as u64;
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail").len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(path: &str, bytes: Vec<u8>) -> BuildArtifact {
        BuildArtifact {
            path: crate::artifact::OutputPath::new(path).unwrap(),
            kind: crate::artifact::ArtifactKind::Asset,
            loader: "file",
            content_hash: String::new(),
            is_immutable: false,
            source_map: None,
            runtime: None,
            body: crate::artifact::Body::new(bytes),
        }
    }

    #[test]
    fn round_trips() {
        let text = "export const 名前 = 'x';\n".repeat(100);
        for (coding, encoded) in [("br", brotli(text.as_bytes())), ("zstd", zstd(text.as_bytes()))]
        {
            assert!(decodes_to(coding, &encoded, text.as_bytes()));
            assert!(!decodes_to(coding, &encoded, &text.as_bytes()[1..]));
            assert!(!decodes_to(coding, &encoded[..encoded.len() - 9], text.as_bytes()));
        }
        assert!(gzip_size(&artifact("a.js", text.clone().into_bytes())) < text.len() as u64);
    }

    #[test]
    fn only_what_compresses_is_compressed() {
        let mut state = 1u64;
        let random: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            u8::try_from(state >> 56).unwrap()
        })
        .take(200_000)
        .collect();
        let text = "line\n".repeat(1000).into_bytes();
        for (path, bytes, expected) in [
            ("movie.bin", random.clone(), false),
            ("encrypted.js", random, false),
            ("font.woff2", text.clone(), false),
            ("font.ttf", text.clone(), true),
            ("LICENSE", text.clone(), true),
            ("_headers", text, true),
        ] {
            assert_eq!(compresses(&artifact(path, bytes)), expected, "{path}");
        }
    }
}
