//! What a PDF packs: streams behind filters, and the texts that its pages show (ISO 32000-1).

use super::containers::{Inner, MOST_FILES, Opened, Unopened, read_zlib};
use super::decode::hex_byte;
use super::formats::ascii85;

/// Bytes before a stream in which its dictionary is looked for.
const DICTIONARY_BYTES: usize = 512;

/// The streams (7.3.8), each after its filters (7.4), and the strings that they show (9.4.3).
pub(super) fn open(bytes: &[u8], left: &mut u64) -> Opened {
    let mut opened = Opened { list: Vec::new(), problem: None };
    let words: Vec<usize> = memchr::memmem::find_iter(bytes, b"stream").collect();
    for (index, at) in words.iter().copied().enumerate() {
        let before = &bytes[at.saturating_sub(DICTIONARY_BYTES)..at];
        if before.ends_with(b"end") {
            continue;
        }
        // What is compressed knows its own end; anything else ends before the next such word.
        let next = words.get(index + 1).copied().unwrap_or(bytes.len());
        let object = memchr::memmem::rfind(before, b" obj").unwrap_or_default();
        let dictionary = &before[object..];
        let body = &bytes[at + 6..];
        let body = body.strip_prefix(b"\r").unwrap_or(body);
        let Some(body) = body.strip_prefix(b"\n") else { continue };
        let plain = &body[..body.len().min(next.saturating_sub(bytes.len() - body.len()))];
        let (stream, mut problem) = unfiltered(body, plain, dictionary, left);
        let shown = shown(stream.as_deref().unwrap_or(plain));
        let size = shown.as_ref().map_or(0, Vec::len) as u64;
        match left.checked_sub(size) {
            Some(less) => *left = less,
            None => problem = Some(Unopened::TooLarge),
        }
        for (writing, bytes) in [("PDF stream", stream), ("PDF text", shown)] {
            opened.list.extend(bytes.map(|bytes| Inner::new(writing, (bytes, None))));
        }
        if problem == Some(Unopened::TooLarge) || opened.list.len() > MOST_FILES {
            opened.problem = Some(Unopened::TooLarge);
            break;
        }
    }
    // The dictionary at the end says so (7.6.1).
    let end = &bytes[bytes.len().saturating_sub(TRAILER_BYTES)..];
    if memchr::memmem::find(end, b"/Encrypt").is_some() {
        opened.problem = Some(Unopened::Closed("encrypted"));
    }
    opened
}

/// Bytes at the end of a file in which its last dictionary stands.
const TRAILER_BYTES: usize = 4096;

/// A stream as it was before its filters; `None` when it has none of those that are known. `plain` is the part of `body` that
/// is it where nothing else tells its end.
fn unfiltered(
    body: &[u8],
    plain: &[u8],
    dictionary: &[u8],
    left: &mut u64,
) -> (Option<Vec<u8>>, Option<Unopened>) {
    let names = |name: &str| memchr::memmem::find(dictionary, name.as_bytes());
    let mut bytes = None;
    if names("/ASCII85Decode").or_else(|| names("/A85")).is_some() {
        bytes = Some(ascii85(plain, 0).bytes);
    } else if names("/ASCIIHexDecode").or_else(|| names("/AHx")).is_some() {
        bytes = Some(hex(plain));
    }
    let size = bytes.as_ref().map_or(0, Vec::len) as u64;
    let Some(less) = left.checked_sub(size) else { return (None, Some(Unopened::TooLarge)) };
    *left = less;
    let mut problem = None;
    if let packed @ [0x78, _, ..] = bytes.as_deref().unwrap_or(body) {
        let (unpacked, why) = read_zlib(packed, left, "zlib");
        (bytes, problem) = (Some(unpacked), why);
    }
    let number = |name: &str| {
        let digits = dictionary.get(names(name)? + name.len()..)?.trim_ascii_start();
        let end = digits.iter().position(|digit| !digit.is_ascii_digit()).unwrap_or(digits.len());
        std::str::from_utf8(&digits[..end]).ok()?.parse::<usize>().ok()
    };
    // From 10 on they are those of PNG (7.4.4.4).
    if number("/Predictor").is_some_and(|predictor| predictor >= 10) {
        bytes = bytes.map(|bytes| unpredicted(&bytes, number("/Columns").unwrap_or(1)));
    }
    (bytes, problem)
}

/// Hex digits to a `>`, whatever white space is between them (7.4.2).
fn hex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .take_while(|byte| *byte != b'>')
        .filter(u8::is_ascii_hexdigit)
        .collect();
    (0..digits.len()).step_by(2).filter_map(|at| hex_byte(&digits, at)).collect()
}

/// Rows of `columns` bytes, each behind the number of its filter (PNG, 9.2).
fn unpredicted(bytes: &[u8], columns: usize) -> Vec<u8> {
    let mut all = Vec::with_capacity(bytes.len());
    let columns = columns.min(bytes.len());
    let mut above = vec![0u8; columns];
    for row in bytes.chunks(columns.saturating_add(1)) {
        let Some((filter, row)) = row.split_first() else { break };
        let (mut left, mut corner) = (0u8, 0u8);
        for (byte, above) in row.iter().zip(&mut above) {
            let guess = match filter {
                1 => left,
                2 => *above,
                3 => u8::try_from(u16::midpoint(u16::from(left), u16::from(*above)))
                    .unwrap_or_default(),
                4 => paeth(left, *above, corner),
                _ => 0,
            };
            corner = *above;
            left = byte.wrapping_add(guess);
            *above = left;
            all.push(left);
        }
    }
    all
}

/// PNG, 9.4.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let far = |byte: u8| (guess - i16::from(byte)).abs();
    if far(left) <= far(above) && far(left) <= far(corner) {
        left
    } else if far(above) <= far(corner) {
        above
    } else {
        corner
    }
}

/// All strings of a stream that shows text, one behind the other: a word is often several, to set its letters apart.
fn shown(stream: &[u8]) -> Option<Vec<u8>> {
    let shows = |operator: &[u8]| memchr::memmem::find(stream, operator).is_some();
    if !shows(b"TJ") && !shows(b"Tj") {
        return None;
    }
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(byte) = stream.get(at) {
        at += 1;
        match byte {
            b'(' => at = literal(stream, at, &mut all),
            b'<' if stream.get(at).is_some_and(u8::is_ascii_hexdigit) => {
                let Some(length) = memchr::memchr(b'>', &stream[at..]) else { break };
                all.extend(hex(&stream[at..at + length]));
                at += length;
            }
            _ => {}
        }
    }
    Some(all)
}

/// A string from behind its `(` (7.3.4.2); returns where it ends.
fn literal(stream: &[u8], mut at: usize, all: &mut Vec<u8>) -> usize {
    let mut depth = 0;
    while let Some(byte) = stream.get(at).copied() {
        at += 1;
        match byte {
            b')' if depth == 0 => break,
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\\' => {
                let rest = stream.get(at..).unwrap_or_default();
                let octal = rest.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7'));
                let value =
                    octal.clone().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0'));
                at += octal.clone().count().max(1 + usize::from(rest.starts_with(b"\r\n")));
                match rest.first() {
                    Some(b'0'..=b'7') => all.push(value.to_le_bytes()[0]),
                    Some(b'n') => all.push(b'\n'),
                    Some(b'r') => all.push(b'\r'),
                    Some(b't') => all.push(b'\t'),
                    Some(b'\n' | b'\r') | None => {}
                    Some(letter) => all.push(*letter),
                }
                continue;
            }
            _ => {}
        }
        all.push(byte);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &str, body: &[u8], expected: &[&str]) {
        let head = format!("%PDF-1.7\n1 0 obj\n<< {head} >>\nstream\r\n");
        let file = [head.as_bytes(), body, b"\r\nendstream\nendobj\n"].concat();
        let opened = open(&file, &mut (1 << 20));
        let texts: Vec<_> =
            opened.list.iter().map(|inner| String::from_utf8_lossy(&inner.bytes)).collect();
        assert_eq!(texts, expected, "{head}");
        assert_eq!(opened.problem, None);
    }

    /// Bytes in zlib's format without being compressed (RFC 1950; RFC 1951, 3.2.4).
    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let length = u16::try_from(bytes.len()).unwrap();
        let lengths = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
        let (sum, sums) = bytes.iter().fold((1u32, 0u32), |(sum, sums), byte| {
            let sum = (sum + u32::from(*byte)) % 65521;
            (sum, (sums + sum) % 65521)
        });
        [&[0x78, 1, 1], &*lengths, bytes, &(sums << 16 | sum).to_be_bytes()].concat()
    }

    /// However often a stream begins and never ends, what comes out stays within the limit.
    #[test]
    fn what_comes_out_is_limited() {
        for piece in ["<< /A85 >> stream\n", "<< /AHx >> stream\n", "stream\n(aaaa) Tj <a<a "] {
            let file = piece.repeat(50_000);
            let mut left = 1 << 20;
            let opened = open(file.as_bytes(), &mut left);
            let size: usize = opened.list.iter().map(|inner| inner.bytes.len()).sum();
            assert!(size <= 2 << 20, "{size} bytes of {piece}");
        }
        let mut left = 3;
        let head = b"%PDF-1.7\n<< /Filter /FlateDecode >>\nstream\n";
        let file = [head, &*zlib(b"more than three")].concat();
        assert_eq!(open(&file, &mut left).problem, Some(Unopened::TooLarge));
    }

    #[test]
    fn streams_are_opened() {
        check("/Filter /FlateDecode", &zlib(b"first"), &["first"]);
        check("", b"plain", &[]);
        check("/Filter /ASCII85Decode", b"F(Jj%ATTLa~>", &["secret-9"]);
        check("/Filter /ASCIIHexDecode", b"73 65\n63>", &["sec"]);
        let text = br"BT [(se) -20 (c\162) 3.5 (e\t\(\))] TJ <742d> Tj ET";
        let joined = "secre\t()t-";
        check("", text, &[joined]);
        let page = String::from_utf8_lossy(text);
        check("/Filter /FlateDecode", &zlib(text), &[&page, joined]);
        let rows = [&[2, b's', b'e', b'c'][..], &[1, b'r', 243, 15], &[0, b'-', b'9', b'x']];
        check(
            "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 3 >>",
            &zlib(&rows.concat()),
            &["secret-9x"],
        );
        // A row cannot be longer than all of it.
        check(
            "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 99999999999999 >>",
            &zlib(b"\x00secret"),
            &["secret"],
        );
    }
}
