//! Compressed files and archives, opened by what they begin with. Everything that cannot be opened, or is larger inside
//! than the limits, is reported: what was not searched has not passed.

use std::io::{Cursor, Read};

use super::{fonts, pdf};

/// What came out of a container.
pub(super) struct Inner {
    /// Path inside of an archive; empty where there is none.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// What it came out of.
    pub(super) writing: &'static str,
    /// Why this is not all of it.
    pub(super) problem: Option<Unopened>,
}

impl Inner {
    /// What has no path, as it was read.
    pub(super) fn new(
        writing: &'static str,
        (bytes, problem): (Vec<u8>, Option<Unopened>),
    ) -> Self {
        Self { path: String::new(), bytes, writing, problem }
    }
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
    /// It is encrypted, or of a kind that is not read here.
    Closed(&'static str),
}

impl std::fmt::Display for Unopened {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => text.write_str("more comes out of it than the limit"),
            Self::Broken(kind) => {
                write!(text, "it begins like {kind} but cannot be read as such to its end")
            }
            Self::Closed(how) => write!(text, "it is {how}, and is not opened here"),
        }
    }
}

/// Containers that are known by how they begin, and not opened: by the documentations of their formats.
const CLOSED: &[(&[u8], &str)] = &[
    (b"7z\xbc\xaf\x27\x1c", "an archive of 7-Zip"),
    (b"Rar!\x1a\x07", "an archive of RAR"),
    (b"MSCF\0\0\0\0", "a cabinet of Windows"),
    (b"\x04\x22\x4d\x18", "compressed with LZ4"),
    (b"LZIP\x01", "compressed with lzip"),
    (b"\x89LZO\0\r\n\x1a\n", "compressed with lzop"),
    (b"\x1f\x9d\x90", "compressed with compress"),
    (b"\xff\x06\0\0sNaPpY", "compressed with Snappy"),
    (b"!<arch>\n", "an archive of ar"),
    (b"070701", "an archive of cpio"),
    (b"\xed\xab\xee\xdb", "a package of RPM"),
    (b"MSWIM\0\0\0", "an image of Windows"),
    (b"hsqs", "an image of SquashFS"),
    (b"xar!", "an archive of xar"),
    (b"PAR1", "a table of Parquet"),
    (b"PACK\0\0\0\x02", "a pack of Git"),
    (b"Salted__", "encrypted by OpenSSL"),
    (b"age-encryption.org/v1\n", "encrypted by age"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted by age"),
    (b"-----BEGIN PGP MESSAGE-----", "encrypted by OpenPGP"),
];

/// Most bytes that come out of the containers of one file.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// Most bytes that come out of one container for each byte of it, beyond the first megabyte.
const MOST_RATIO: u64 = 1100;

/// Most files in an archive.
pub(super) const MOST_FILES: usize = 100_000;

/// Opens `bytes` if they are a container. `is_whole` says that they are all of a file or of an entry of an archive, and
/// `is_named_brotli` that its name ends in `.br`; brotli has no mark of its own. `left` is what may still come out, and is
/// counted down.
pub(super) fn open(
    bytes: &[u8],
    is_whole: bool,
    is_named_brotli: bool,
    left: &mut u64,
) -> Option<Opened> {
    let one = |writing, (bytes, problem): (Vec<u8>, Option<Unopened>)| {
        let list = vec![Inner::new(writing, (bytes, None))];
        Some(Opened { list, problem })
    };
    let brotli = |left: &mut u64| read_brotli(bytes, left, "brotli");
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
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            one("xz", read(lzma_rust2::XzReader::new(bytes, true), bytes.len(), left, "xz"))
        }
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..] => {
            let decoder = bzip2::read::MultiBzDecoder::new(bytes);
            one("bzip2", read(decoder, bytes.len(), left, "bzip2"))
        }
        [b'P', b'K', 3, 4, ..] => Some(zip(bytes, left)),
        // What is behind the eight bytes of its start (the specification of SWF, chapter 2).
        [b'C', b'W', b'S', 0..=63, _, _, _, _, packed @ ..] if packed.first() == Some(&0x78) => {
            one("SWF", read_zlib(packed, left, "SWF"))
        }
        [b'Z', b'W', b'S', 0..=63, a, b, c, d, _, _, _, _, rest @ ..]
            if rest.first() == Some(&0x5d) && rest.len() > 5 =>
        {
            let size = u64::from(u32::from_le_bytes([*a, *b, *c, *d])).saturating_sub(8);
            let (head, packed) = rest.split_at(5);
            one("SWF", read_lzma(packed, head, size, left, "SWF"))
        }
        _ if is_whole && is_lzma(bytes) => {
            let (head, packed) = bytes.split_at(13);
            let size = head[5..].iter().rev().fold(0, |size, byte| size << 8 | u64::from(*byte));
            let read = read_lzma(packed, head, size, left, "lzma");
            let is_none = matches!(read, (_, Some(Unopened::Broken(_))));
            if is_none { None } else { one("lzma", read) }
        }
        _ if is_named_brotli => one("brotli", brotli(left)),
        _ if bytes.get(257..262) == Some(b"ustar") => Some(tar(bytes, left)),
        // A zlib header is two bytes, so much begins like one that is none.
        [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..]
            if (0x7800 + u16::from(*flags)) % 31 == 0 =>
        {
            let read = read_zlib(bytes, left, "zlib");
            let is_none = matches!(read, (_, Some(Unopened::Broken(_))));
            if is_none { None } else { one("zlib", read) }
        }
        [0x89, b'P', b'N', b'G', ..] => {
            Some(Opened { list: png_texts(bytes, left), problem: None })
        }
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(pdf::open(bytes, left)),
        [b'w', b'O', b'F', b'F', ..] => Some(fonts::woff(bytes, left)),
        [b'w', b'O', b'F', b'2', ..] => Some(fonts::woff2(bytes, left)),
        [0, 0, 1 | 2, 0, count, 0, ..] if *count > 0 && is_whole => icons(bytes),
        // An archive behind a program that unpacks it: its directory stands at the end.
        _ if bytes.len() >= 22 && bytes[bytes.len() - 22..].starts_with(b"PK\x05\x06") => {
            let opened = zip(bytes, left);
            opened.problem.is_none().then_some(opened)
        }
        _ if is_whole => {
            // The trailer of a disk image of macOS is its last 512 bytes.
            let is_image = bytes.len() >= 512 && bytes[bytes.len() - 512..].starts_with(b"koly");
            let kind = CLOSED.iter().find(|(start, _)| bytes.starts_with(start));
            let kind =
                if is_image { Some("a disk image of macOS") } else { kind.map(|(_, kind)| *kind) };
            if let Some(kind) = kind {
                return Some(Opened { list: Vec::new(), problem: Some(Unopened::Closed(kind)) });
            }
            let behind = gzip_behind(bytes, left);
            if behind.is_some() || !is_binary(bytes) {
                return behind;
            }
            if let Some(inner) = open_raw_deflate(bytes, left) {
                return one("deflate", (inner, None));
            }
            // Brotli has no mark, but hardly anything else can be read as brotli to its end.
            let mut left_for_it = *left;
            let (inner, problem) = brotli(&mut left_for_it);
            (problem.is_none() && inner.len() > bytes.len()).then(|| {
                *left = left_for_it;
                let list = vec![Inner::new("brotli", (inner, None))];
                Opened { list, problem: None }
            })
        }
        _ => None,
    }
}

/// Whether bytes are no text.
fn is_binary(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    start.contains(&0)
        || std::str::from_utf8(start).is_err_and(|error| {
            error.error_len().is_some() || error.valid_up_to() + 4 < start.len()
        })
}

/// What is compressed with gzip behind something else, as in a script that unpacks itself.
fn gzip_behind(bytes: &[u8], left: &mut u64) -> Option<Opened> {
    let mut list = Vec::new();
    for at in memchr::memmem::find_iter(bytes, b"\x1f\x8b\x08").filter(|at| *at > 0) {
        let rest = bytes.get(at..).unwrap_or_default();
        // Reserved flags are zero (RFC 1952, 2.3.1).
        if rest.get(3).is_none_or(|flags| flags & 0xe0 != 0) {
            continue;
        }
        let mut left_for_it = *left;
        let (inner, problem) =
            read(flate2::read::GzDecoder::new(rest), rest.len(), &mut left_for_it, "gzip");
        if problem.is_none() && !inner.is_empty() {
            *left = left_for_it;
            list.push(Inner::new("gzip", (inner, None)));
        }
    }
    (!list.is_empty()).then_some(Opened { list, problem: None })
}

/// The pictures of an icon that are files of their own: PNG
/// (learn.microsoft.com/previous-versions/ms997538(v=msdn.10)).
fn icons(bytes: &[u8]) -> Option<Opened> {
    let count = usize::from(*bytes.get(4)?);
    let number = |at: usize| -> Option<usize> {
        let bytes = bytes.get(at..at + 4)?;
        usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
    };
    let mut list = Vec::new();
    for entry in 0..count {
        let at = 6 + 16 * entry;
        let (length, start) = (number(at + 8)?, number(at + 12)?);
        let picture = bytes.get(start..start.checked_add(length)?)?;
        if picture.starts_with(b"\x89PNG") {
            let bytes = picture.to_vec();
            list.push(Inner::new("icon", (bytes, None)));
        }
    }
    (!list.is_empty()).then_some(Opened { list, problem: None })
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
            | [0xfd, b'7', ..]
            | [b'B', b'Z', b'h', ..]
            | [b'w', b'O', b'F', ..]
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

/// What comes out of bytes in zlib's format.
pub(super) fn read_zlib(
    bytes: &[u8],
    left: &mut u64,
    name: &'static str,
) -> (Vec<u8>, Option<Unopened>) {
    read(flate2::read::ZlibDecoder::new(bytes), bytes.len(), left, name)
}

/// What comes out of a stream of brotli.
pub(super) fn read_brotli(
    bytes: &[u8],
    left: &mut u64,
    name: &'static str,
) -> (Vec<u8>, Option<Unopened>) {
    read(brotli::Decompressor::new(bytes, 64 << 10), bytes.len(), left, name)
}

/// Whether bytes begin as those of `lzma` do, which have no mark: usual settings, the size of a dictionary, and that of what
/// comes out or the word that it is not known.
fn is_lzma(bytes: &[u8]) -> bool {
    let dictionary =
        bytes.get(1..5).map(|size| u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
    let is_usual = dictionary.is_some_and(|size| {
        (1 << 12..=1 << 28).contains(&size)
            && (size.is_power_of_two() || (size / 3).is_power_of_two())
    });
    let size = bytes.get(5..13).unwrap_or_default();
    bytes.first() == Some(&0x5d)
        && is_usual
        && (size == [0xff; 8] || size.get(5..) == Some(&[0, 0, 0][..]))
}

/// Memory that the dictionary of `lzma` may take, in KiB.
const LZMA_KIB: u32 = 300 << 10;

/// What comes out of a stream of LZMA with the properties at the start of `head`, where `size` bytes do, or `u64::MAX`.
fn read_lzma(
    packed: &[u8],
    head: &[u8],
    size: u64,
    left: &mut u64,
    name: &'static str,
) -> (Vec<u8>, Option<Unopened>) {
    let dictionary = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    if dictionary >> 10 > LZMA_KIB {
        return (Vec::new(), Some(Unopened::TooLarge));
    }
    match lzma_rust2::LzmaReader::new_with_props(packed, size, head[0], dictionary, None) {
        Ok(reader) => read(reader, packed.len(), left, name),
        Err(_) => (Vec::new(), Some(Unopened::Broken(name))),
    }
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
        let mut archive =
            zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unopened::Broken("zip"))?;
        if archive.len() > MOST_FILES {
            return Err(Unopened::TooLarge);
        }
        for index in 0..archive.len() {
            let path = archive.name_for_index(index).and_then(Result::ok);
            let path = path.map(std::borrow::Cow::into_owned).unwrap_or_default();
            if path.ends_with('/') {
                continue;
            }
            // Each entry stands for itself: that one cannot be read says nothing of the others.
            let (bytes, problem) = match archive.by_index(index) {
                Ok(file) => {
                    let packed = usize::try_from(file.compressed_size()).unwrap_or(usize::MAX);
                    read(file, packed.min(bytes.len()), left, "an entry of zip")
                }
                Err(zip::result::ZipError::UnsupportedArchive(
                    zip::result::ZipError::PASSWORD_REQUIRED,
                )) => (Vec::new(), Some(Unopened::Closed("encrypted"))),
                Err(zip::result::ZipError::UnsupportedArchive(_)) => (
                    Vec::new(),
                    Some(Unopened::Closed("compressed in a way that is not read here")),
                ),
                Err(_) => (Vec::new(), Some(Unopened::Broken("an entry of zip"))),
            };
            list.push(Inner { path, bytes, writing: "zip", problem });
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
                list.push(Inner { path, bytes, writing: "tar", problem });
            }
        }
        Ok(())
    })();
    Opened { list, problem: problem.err() }
}

/// The compressed texts and profiles of a PNG, and what stands behind its end.
fn png_texts(bytes: &[u8], left: &mut u64) -> Vec<Inner> {
    let mut inner = Vec::new();
    let mut at = 8;
    while let Some(header) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let Some(body) = bytes.get(at + 8..at + 8 + length) else { break };
        if &header[4..] == b"IEND" {
            let behind = bytes.get(at + 12 + length..).unwrap_or_default();
            if !behind.is_empty() {
                inner.push(Inner::new("after the end of the PNG", (behind.to_vec(), None)));
            }
            break;
        }
        if matches!(&header[4..], b"zTXt" | b"iTXt" | b"iCCP") {
            // The compressed text follows the keyword, its zero and other short texts; its zlib header tells where.
            let behind = memchr::memchr(0, body).map_or(body, |zero| &body[zero..]);
            let start = behind
                .windows(2)
                .position(|pair| pair[0] == 0x78 && matches!(pair[1], 0x01 | 0x5e | 0x9c | 0xda));
            if let Some(packed) = start.and_then(|start| behind.get(start..)) {
                let (bytes, _) = read_zlib(packed, left, "zlib");
                inner.push(Inner::new("PNG text", (bytes, None)));
            }
        }
        at += 12 + length;
    }
    inner
}

/// Whether a container is a file of another kind that has compressed parts, so that its own bytes are searched, too.
pub(super) fn has_parts(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x89, b'P', b'N', b'G'])
        || bytes.starts_with(b"%PDF-")
        || bytes.starts_with(b"wOF")
        || bytes.starts_with(&[0, 0])
}

/// UTF-16 as UTF-8, when a mark at the start, or every other byte being zero, says that it is UTF-16.
#[must_use]
pub fn from_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
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
        let problem =
            |packed: &[u8], left: &mut u64| open(packed, true, false, left).unwrap().problem;
        assert_eq!(problem(&packed, &mut left), Some(Unopened::TooLarge));
        let mut left = MOST_BYTES;
        assert_eq!(problem(&packed, &mut left), None);
        let cut = open(&packed[..1000], true, false, &mut left).unwrap();
        assert_eq!(cut.problem, Some(Unopened::Broken("gzip")));
        // What came out before the end is searched.
        assert!(!cut.list[0].bytes.is_empty());
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
