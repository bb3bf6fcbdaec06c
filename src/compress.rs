//! Brotli and zstd siblings of scanned artifacts.

use std::io::Write as _;

use crate::artifact::BuildArtifact;
use crate::leak::Scanned;

/// Files below this gain nothing: the headers of an answer are larger.
const SMALLEST_BYTES: usize = 256;
/// Brotli's best; on code 5 % smaller than zstd's best.
const BROTLI_QUALITY: u32 = 11;
/// Brotli window, as a power of two; browsers take no more than 24.
const BROTLI_WINDOW: u32 = 22;
/// zstd level; 22 adds nothing at the size of a bundle.
const ZSTD_LEVEL: i32 = 19;

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
    if bytes.len() < SMALLEST_BYTES || is_compressed(artifact.content_type()) {
        return None;
    }
    let encoded = encode(bytes);
    (encoded.len() < bytes.len()).then_some(encoded)
}

fn is_compressed(content_type: &str) -> bool {
    let starts = ["image/", "video/", "audio/", "font/woff"];
    content_type != "image/svg+xml" && starts.iter().any(|start| content_type.starts_with(start))
}

/// The bytes in brotli, at the quality of a release.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    {
        let mut writer =
            brotli::CompressorWriter::new(&mut encoded, 1 << 16, BROTLI_QUALITY, BROTLI_WINDOW);
        writer.write_all(bytes).expect("writing to memory does not fail");
    }
    encoded
}

/// The bytes in zstd.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, ZSTD_LEVEL).expect("compressing in memory does not fail")
}

/// Size in bytes with gzip at its best, which is what a CDN without brotli sends.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn gzip_size(bytes: &[u8]) -> u64 {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail").len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn round_trips() {
        let text = "export const 名前 = 'x';\n".repeat(100);
        let mut plain = Vec::new();
        brotli::Decompressor::new(brotli(text.as_bytes()).as_slice(), 4096)
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, text.as_bytes());
        assert_eq!(
            zstd::bulk::decompress(&zstd(text.as_bytes()), text.len()).unwrap(),
            text.as_bytes()
        );
        assert!(gzip_size(text.as_bytes()) < text.len() as u64);
    }
}
