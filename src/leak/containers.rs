//! Compressed files and archives, opened by what they begin with. Everything that cannot be opened, or is larger inside
//! than the limits, is reported: what was not searched has not passed.

use std::io::{Cursor, Read};

/// What came out of a container.
pub(super) struct Inner {
    /// Path inside of an archive; empty where there is none.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// What it came out of.
    pub(super) writing: &'static str,
}

/// What is in a container, as far as it could be read, and why that is not all.
pub(super) struct Opened {
    pub(super) list: Vec<Inner>,
    pub(super) problem: Option<Unopened>,
}

/// Why a container was not searched whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unopened {
    /// More bytes come out than the limit; it may be made to fill the memory.
    TooLarge,
    /// It begins like one and cannot be read as one, or not to its end.
    Broken(&'static str),
}

/// Most bytes that come out of the containers of one file.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// Most bytes that come out of one container for each byte of it, beyond the first megabyte.
const MOST_RATIO: u64 = 1100;

/// Most files in an archive.
const MOST_FILES: usize = 100_000;

/// Opens `bytes` if they are a container. `is_named_brotli` says that the file's name ends in `.br`, which has no mark
/// of its own. `left` is what may still come out, and is counted down.
pub(super) fn open(bytes: &[u8], is_named_brotli: bool, left: &mut u64) -> Option<Opened> {
    let one = |writing, (bytes, problem): (Vec<u8>, Option<Unopened>)| {
        let list = vec![Inner { path: String::new(), bytes, writing }];
        Some(Opened { list, problem })
    };
    match bytes {
        [0x1f, 0x8b, 8, ..] => {
            one("gzip", read(flate2::read::MultiGzDecoder::new(bytes), bytes.len(), left, "gzip"))
        }
        // The second is a frame that is skipped, which others follow.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => one(
            "zstd",
            match zstd::Decoder::new(bytes) {
                Ok(decoder) => read(decoder, bytes.len(), left, "zstd"),
                Err(_) => (Vec::new(), Some(Unopened::Broken("zstd"))),
            },
        ),
        [b'P', b'K', 3, 4, ..] => Some(zip(bytes, left)),
        _ if is_named_brotli => one(
            "brotli",
            read(brotli::Decompressor::new(bytes, 64 << 10), bytes.len(), left, "brotli"),
        ),
        _ if bytes.get(257..262) == Some(b"ustar") => Some(tar(bytes, left)),
        // A zlib header is two bytes, so much begins like one that is none.
        [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..]
            if (0x7800 + u16::from(*flags)) % 31 == 0 =>
        {
            let read = read(flate2::read::ZlibDecoder::new(bytes), bytes.len(), left, "zlib");
            let is_none = matches!(read, (_, Some(Unopened::Broken(_))));
            if is_none { None } else { one("zlib", read) }
        }
        [0x89, b'P', b'N', b'G', ..] => {
            Some(Opened { list: png_texts(bytes, left), problem: None })
        }
        // An archive behind a program that unpacks it: its directory stands at the end.
        _ if bytes.len() >= 22 && bytes[bytes.len() - 22..].starts_with(b"PK\x05\x06") => {
            let opened = zip(bytes, left);
            opened.problem.is_none().then_some(opened)
        }
        _ => None,
    }
}

/// Deflated bytes without a header, as data URLs and scripts have them.
pub(super) fn open_raw_deflate(bytes: &[u8], left: &mut u64) -> Option<Vec<u8>> {
    let (inner, problem) =
        read(flate2::read::DeflateDecoder::new(bytes), bytes.len(), left, "deflate");
    (problem.is_none() && inner.len() > bytes.len() / 2).then_some(inner)
}

/// What comes out of a reader before it ends or fails.
fn read(
    reader: impl Read,
    encoded: usize,
    left: &mut u64,
    name: &'static str,
) -> (Vec<u8>, Option<Unopened>) {
    let by_ratio = (1 << 20) + encoded as u64 * MOST_RATIO;
    let most = (*left).min(by_ratio);
    let mut bytes = Vec::new();
    let result = reader.take(most + 1).read_to_end(&mut bytes);
    if bytes.len() as u64 > most {
        return (Vec::new(), Some(Unopened::TooLarge));
    }
    *left -= bytes.len() as u64;
    (bytes, result.err().map(|_| Unopened::Broken(name)))
}

fn zip(bytes: &[u8], left: &mut u64) -> Opened {
    let mut list = Vec::new();
    let problem = (|| {
        let broken = |_| Unopened::Broken("zip");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        if archive.len() > MOST_FILES {
            return Err(Unopened::TooLarge);
        }
        for index in 0..archive.len() {
            let file = archive.by_index(index).map_err(broken)?;
            if !file.is_dir() {
                let path = file.name().map_err(broken)?.into_owned();
                let packed = usize::try_from(file.compressed_size()).unwrap_or(usize::MAX);
                let (bytes, problem) = read(file, packed.min(bytes.len()), left, "zip");
                list.push(Inner { path, bytes, writing: "zip" });
                problem.map_or(Ok(()), Err)?;
            }
        }
        Ok(())
    })();
    Opened { list, problem: problem.err() }
}

fn tar(bytes: &[u8], left: &mut u64) -> Opened {
    let mut list = Vec::new();
    let problem = (|| {
        let broken = |_| Unopened::Broken("tar");
        let mut archive = tar::Archive::new(bytes);
        for entry in archive.entries().map_err(broken)? {
            let entry = entry.map_err(broken)?;
            if list.len() > MOST_FILES {
                return Err(Unopened::TooLarge);
            }
            if entry.header().entry_type().is_file() {
                let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let (bytes, problem) = read(entry, bytes.len(), left, "tar");
                list.push(Inner { path, bytes, writing: "tar" });
                problem.map_or(Ok(()), Err)?;
            }
        }
        Ok(())
    })();
    Opened { list, problem: problem.err() }
}

/// The compressed texts of a PNG: `zTXt` and `iTXt`.
fn png_texts(bytes: &[u8], left: &mut u64) -> Vec<Inner> {
    let mut inner = Vec::new();
    let mut at = 8;
    while let Some(header) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let Some(body) = bytes.get(at + 8..at + 8 + length) else { break };
        if matches!(&header[4..], b"zTXt" | b"iTXt") {
            // The compressed text follows the keyword and other short texts; its zlib header tells where.
            let start = body.windows(2).position(|pair| pair[0] == 0x78 && pair[1] != 0);
            if let Some(packed) = start.and_then(|start| body.get(start..)) {
                let decoder = flate2::read::ZlibDecoder::new(packed);
                let (bytes, _) = read(decoder, packed.len(), left, "zlib");
                inner.push(Inner { path: String::new(), bytes, writing: "PNG text" });
            }
        }
        at += 12 + length;
    }
    inner
}

/// UTF-16 as UTF-8, when a mark at the start, or every other byte being zero, says that it is UTF-16.
pub(super) fn from_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let sample = &bytes[..bytes.len().min(512) & !1];
    let zeros =
        |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let is_little = match bytes {
        [0xff, 0xfe, ..] => true,
        [0xfe, 0xff, ..] => false,
        _ if sample.len() < 16 => return None,
        _ if zeros(1) * 10 >= sample.len() * 4 && zeros(0) * 10 < sample.len() => true,
        _ if zeros(0) * 10 >= sample.len() * 4 && zeros(1) * 10 < sample.len() => false,
        _ => return None,
    };
    let units = bytes.chunks_exact(2).map(|pair| {
        if is_little {
            u16::from_le_bytes([pair[0], pair[1]])
        } else {
            u16::from_be_bytes([pair[0], pair[1]])
        }
    });
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_not_opened() {
        let mut packed = Vec::new();
        let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::best());
        std::io::copy(&mut std::io::repeat(0).take(64 << 20), &mut encoder).unwrap();
        encoder.finish().unwrap();
        let mut left = 1 << 20;
        let problem = |packed: &[u8], left: &mut u64| open(packed, false, left).unwrap().problem;
        assert_eq!(problem(&packed, &mut left), Some(Unopened::TooLarge));
        let mut left = MOST_BYTES;
        assert_eq!(problem(&packed, &mut left), None);
        let cut = open(&packed[..1000], false, &mut left).unwrap();
        assert_eq!(cut.problem, Some(Unopened::Broken("gzip")));
        // What came out before the end is searched.
        assert!(!cut.list[0].bytes.is_empty());
    }
}
