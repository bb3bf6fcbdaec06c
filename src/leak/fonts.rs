//! Fonts for the web, whose tables are compressed: WOFF (w3.org/TR/WOFF) and WOFF2 (w3.org/TR/WOFF2).

use super::containers::{Inner, Opened, Unopened, read_brotli, read_zlib};

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
}

fn part(bytes: &[u8], start: usize, length: usize) -> Option<&[u8]> {
    bytes.get(start..start.checked_add(length)?)
}

/// What came out, or that something does not.
fn opened(list: Option<Vec<Inner>>, name: &'static str) -> Opened {
    match list {
        Some(list) => Opened { list, problem: None },
        None => Opened { list: Vec::new(), problem: Some(Unopened::Broken(name)) },
    }
}

/// The tables and the metadata, each by itself with zlib.
pub(super) fn woff(bytes: &[u8], left: &mut u64) -> Opened {
    let mut list = Vec::new();
    let tables = (|| {
        let count = usize::from(u16::from_be_bytes(part(bytes, 12, 2)?.try_into().ok()?));
        let mut packed = Vec::new();
        for table in 0..count {
            let at = 44 + 20 * table;
            let (start, length) = (number(bytes, at + 4)?, number(bytes, at + 8)?);
            let table = part(bytes, start, length)?;
            // One that does not get smaller is as it is.
            if length < number(bytes, at + 12)? {
                packed.push(table);
            }
        }
        let (start, length) = (number(bytes, 24)?, number(bytes, 28)?);
        if length > 0 {
            packed.push(part(bytes, start, length)?);
        }
        Some(packed)
    })();
    for packed in tables.iter().flatten() {
        list.push(Inner::new("WOFF", read_zlib(packed, left, "WOFF")));
    }
    opened(tables.map(|_| list), "WOFF")
}

/// All tables, in one stream of brotli; and the metadata, in another.
pub(super) fn woff2(bytes: &[u8], left: &mut u64) -> Opened {
    let streams = (|| {
        let length = number(bytes, 20)?;
        let tables = part(bytes, directory_end(bytes)?, length)?;
        let (start, length) = (number(bytes, 28)?, number(bytes, 32)?);
        let metadata = if length > 0 { Some(part(bytes, start, length)?) } else { None };
        Some([Some(tables), metadata])
    })();
    let list = streams.map(|streams| {
        let streams = streams.into_iter().flatten();
        streams.map(|stream| Inner::new("WOFF2", read_brotli(stream, left, "WOFF2"))).collect()
    });
    opened(list, "WOFF2")
}

/// Where the directory of tables ends, and the tables begin (sections 4.1 and 4.2).
fn directory_end(bytes: &[u8]) -> Option<usize> {
    let count = u16::from_be_bytes(part(bytes, 12, 2)?.try_into().ok()?);
    let mut at = 48;
    for _ in 0..count {
        let flags = *bytes.get(at)?;
        at += 1;
        let tag = flags & 0x3f;
        if tag == 0x3f {
            at += 4;
        }
        at = base128_end(bytes, at)?;
        // `glyf` and `loca` are transformed unless the version is 3, others unless it is 0.
        let is_transformed = match (tag, flags >> 6) {
            (10 | 11, version) => version != 3,
            (_, version) => version != 0,
        };
        if is_transformed {
            at = base128_end(bytes, at)?;
        }
    }
    if bytes.get(4..8)? == b"ttcf" {
        at = collection_end(bytes, at)?;
    }
    Some(at)
}

/// Where the directory of a collection ends.
fn collection_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 4;
    let fonts;
    (fonts, at) = short_number(bytes, at)?;
    for _ in 0..fonts {
        let tables;
        (tables, at) = short_number(bytes, at)?;
        at += 4;
        for _ in 0..tables {
            (_, at) = short_number(bytes, at)?;
        }
    }
    Some(at)
}

/// A number of type `255UInt16`, and where it ends.
fn short_number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let byte = |at: usize| bytes.get(at).map(|byte| usize::from(*byte));
    Some(match byte(at)? {
        253 => (byte(at + 1)? << 8 | byte(at + 2)?, at + 3),
        255 => (byte(at + 1)? + 253, at + 2),
        254 => (byte(at + 1)? + 506, at + 2),
        small => (small, at + 1),
    })
}

/// Where a number of type `UIntBase128` ends.
fn base128_end(bytes: &[u8], at: usize) -> Option<usize> {
    let length = bytes.get(at..)?.iter().take(5).position(|byte| byte & 0x80 == 0)?;
    Some(at + length + 1)
}
