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
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(pdf_streams(bytes, left)),
        // An archive behind a program that unpacks it: its directory stands at the end.
        _ if bytes.len() >= 22 && bytes[bytes.len() - 22..].starts_with(b"PK\x05\x06") => {
            let opened = zip(bytes, left);
            opened.problem.is_none().then_some(opened)
        }
        _ => None,
    }
}

/// Whether bytes begin or end as some container does; [`open`] knows better.
pub(super) fn may_be_one(bytes: &[u8]) -> bool {
    let is_zip = |at: Option<usize>| at.and_then(|at| bytes.get(at..at + 2)) == Some(b"PK");
    matches!(
        bytes,
        [0x1f, 0x8b, ..]
            | [0x28, 0xb5, ..]
            | [0x50..=0x5f, 0x2a, ..]
            | [0x78, ..]
            | [0x89, b'P', ..]
            | [0xff, 0xfe, ..]
            | [0xfe, 0xff, ..]
    ) || is_zip(Some(0))
        || is_zip(bytes.len().checked_sub(22))
        || bytes.get(257..259) == Some(b"us")
}

/// Deflated bytes without a header, as data URLs and scripts have them.
pub(super) fn open_raw_deflate(bytes: &[u8], left: &mut u64) -> Option<Vec<u8>> {
    if !may_be_deflated(bytes) {
        return None;
    }
    let (inner, problem) =
        read(flate2::read::DeflateDecoder::new(bytes), bytes.len(), left, "deflate");
    (problem.is_none() && inner.len() > bytes.len() / 2).then_some(inner)
}

/// Whether bytes begin as the first block of deflated data does (RFC 1951, 3.2.3 to 3.2.7). Most that are something else do
/// not, and trying to read them takes as long as searching kilobytes.
fn may_be_deflated(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk::<5>() else { return false };
    let bits = u64::from_le_bytes([head[0], head[1], head[2], head[3], head[4], 0, 0, 0]);
    match (bits >> 1) & 3 {
        0 => head[1] == !head[3] && head[2] == !head[4],
        1 => first_match_holds(bytes),
        2 => {
            let (literals, distances) = ((bits >> 3) & 31, (bits >> 8) & 31);
            let count = ((bits >> 13) & 15) + 4;
            // The lengths of the codes of lengths, three bits each, make a whole tree of seven levels.
            let mut lengths = u128::from(bits >> 17);
            for (index, byte) in rest.iter().take(8).enumerate() {
                lengths |= u128::from(*byte) << (23 + 8 * index);
            }
            let leaves: u32 = (0..count)
                .map(|index| u32::try_from((lengths >> (3 * index)) & 7).unwrap_or_default())
                .map(|length| if length == 0 { 0 } else { 128 >> length })
                .sum();
            literals <= 29 && distances <= 29 && leaves == 128
        }
        _ => false,
    }
}

/// Whether the first match of a block with the fixed codes (RFC 1951, 3.2.6) is one of bytes before it; a block without
/// one has an end.
fn first_match_holds(bytes: &[u8]) -> bool {
    let mut at = 3;
    let mut bit = || {
        let bit = bytes.get(at / 8).map(|byte| u32::from(byte >> (at % 8)) & 1);
        at += 1;
        bit
    };
    let mut produced = 0;
    let mut holds = || {
        loop {
            // Codes begin with their highest bit, extra bits with the lowest.
            let mut code = 0;
            for _ in 0..7 {
                code = code << 1 | bit()?;
            }
            let length = if code <= 23 {
                code
            } else {
                code = code << 1 | bit()?;
                match code {
                    192..=199 => code - 192 + 24,
                    200.. => {
                        bit()?;
                        produced += 1;
                        continue;
                    }
                    _ => {
                        produced += 1;
                        continue;
                    }
                }
            };
            let extra = match length {
                0 => return Some(true),
                1..=8 | 29 => 0,
                9..=28 => (length - 5) / 4,
                _ => return Some(false),
            };
            for _ in 0..extra {
                bit()?;
            }
            let mut code = 0;
            for _ in 0..5 {
                code = code << 1 | bit()?;
            }
            let extra = code.saturating_sub(2) / 2;
            let mut distance = if extra == 0 { code + 1 } else { ((2 + (code & 1)) << extra) + 1 };
            for place in 0..extra {
                distance += bit()? << place;
            }
            return Some(code < 30 && distance <= produced);
        }
    };
    holds().unwrap_or(false)
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

/// Whether a container is a file of another kind that has compressed parts, so that its own bytes are searched, too.
pub(super) fn has_parts(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x89, b'P', b'N', b'G']) || bytes.starts_with(b"%PDF-")
}

/// The compressed streams of a PDF (ISO 32000-1, 7.3.8 and 7.4.4).
fn pdf_streams(bytes: &[u8], left: &mut u64) -> Opened {
    let mut opened = Opened { list: Vec::new(), problem: None };
    for at in memchr::memmem::find_iter(bytes, b"stream") {
        let body = &bytes[at + 6..];
        let body = body.strip_prefix(b"\r").unwrap_or(body);
        let Some(packed @ [0x78, _, ..]) = body.strip_prefix(b"\n") else { continue };
        let decoder = flate2::read::ZlibDecoder::new(packed);
        let (bytes, problem) = read(decoder, packed.len(), left, "zlib");
        opened.list.push(Inner { path: String::new(), bytes, writing: "PDF stream" });
        if problem == Some(Unopened::TooLarge) || opened.list.len() > MOST_FILES {
            opened.problem = Some(Unopened::TooLarge);
            break;
        }
    }
    opened
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

    #[test]
    fn streams_of_a_pdf_are_opened() {
        let stream = |text: &str| {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
            let packed = encoder.finish().unwrap();
            let head =
                format!("1 0 obj\n<< /Length {} /Filter /FlateDecode >>\nstream\r\n", packed.len());
            [head.as_bytes(), &packed, b"\r\nendstream\nendobj\n"].concat()
        };
        let file = [
            b"%PDF-1.7\n".as_slice(),
            &stream("first"),
            b"stream\nplain\nendstream",
            &stream("second"),
        ]
        .concat();
        let opened = open(&file, false, &mut MOST_BYTES.clone()).unwrap();
        let texts: Vec<&[u8]> = opened.list.iter().map(|inner| inner.bytes.as_slice()).collect();
        assert_eq!(texts, [b"first".as_slice(), b"second"]);
        assert_eq!(opened.problem, None);
        assert_eq!(open(&file, false, &mut 3).unwrap().problem, Some(Unopened::TooLarge));
    }

    proptest::proptest! {
        #[test]
        fn what_is_deflated_is_opened(
            bytes in proptest::collection::vec(0u8..100, 8..2000),
            repeats in 1usize..40,
            level in 0u32..10,
        ) {
            let plain = bytes.repeat(repeats);
            let level = flate2::Compression::new(level);
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            std::io::Write::write_all(&mut encoder, &plain).unwrap();
            let packed = encoder.finish().unwrap();
            proptest::prop_assert_eq!(open_raw_deflate(&packed, &mut MOST_BYTES.clone()), Some(plain));
        }
    }
}
