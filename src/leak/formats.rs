//! Undoes what formats of texts do to long values: tags between letters, lines that are broken, dumps. Each is looked for by
//! a sign that hardly any file has, and each decoded byte knows its place.

use std::ops::Range;

use memchr::memmem;

use super::decode::{Decoded, Spans, Take, hex_byte, windows};

/// What shows one of these formats; whoever looks for other texts finds them on the way.
pub(super) const SIGNS: &[&[u8]] = &[
    COMMENT,
    b"<!---->",
    b"quoted-printable",
    b"QUOTED-PRINTABLE",
    b"0000000",
    b"begin 600",
    b"begin 644",
    b"begin 664",
    b"begin 666",
];

/// Bytes around a comment between texts that are read as markup, where the rest is a script.
const AROUND_TAGS: usize = 4096;

/// What React puts between texts.
const COMMENT: &[u8] = b"<!-- -->";

/// Whether one of [`SIGNS`], by its index, stands at a place where it means something: dumps begin with a line.
pub(super) fn is_sign(bytes: &[u8], sign: usize, at: usize) -> bool {
    let sign = SIGNS[sign];
    let is_line = || at == 0 || matches!(bytes[at - 1], b'\n' | b'\r' | b'"' | b'\'' | b'`');
    let is_there = bytes.get(at..).is_some_and(|rest| rest.starts_with(sign));
    is_there && (!matches!(sign[0], b'0' | b'b') || is_line())
}

/// Hands on what `bytes` become by the formats that show in them. `signs` are the places of [`SIGNS`], in order, with the
/// index of each.
pub(super) fn decode(bytes: &[u8], signs: &[(usize, usize)], take: &mut Take<'_>) {
    let mut tags = Spans::new(AROUND_TAGS);
    let (mut done, mut is_quoted) = (0, false);
    for (at, sign) in signs.iter().copied() {
        match SIGNS[sign][0] {
            b'<' => tags.add(at, bytes.len()),
            b'q' | b'Q' => is_quoted = true,
            _ if at < done => {}
            b'0' => {
                let (mut decoded, end) = hex_dump(bytes, at);
                done = end;
                take(&mut decoded);
            }
            _ => {
                let (mut decoded, end) = uuencoded(bytes, at);
                done = end;
                take(&mut decoded);
            }
        }
    }
    if is_markup(bytes) {
        tags.list = std::iter::once(0..bytes.len()).collect();
    }
    for window in tags.list.iter().flat_map(windows) {
        take(&mut without_tags(bytes, window));
    }
    let quoted = is_quoted.then_some(0..bytes.len());
    for window in quoted.iter().flat_map(windows) {
        take(&mut quoted_printable(bytes, window));
    }
    if bytes.starts_with(b"<~") {
        take(&mut ascii85(&bytes[2..], 2));
    }
}

/// Whether a text is HTML, XML or the like.
fn is_markup(bytes: &[u8]) -> bool {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    matches!(start, [b'<', b'!' | b'?', ..])
        || (matches!(start, [b'<', letter, ..] if letter.is_ascii_alphabetic())
            && memmem::find(start, b"</").is_some())
}

/// Longest tag that is left out, in bytes.
const TAG_BYTES: usize = 1 << 12;

/// The text of a document, without tags and comments and without line breaks between them.
fn without_tags(bytes: &[u8], window: Range<usize>) -> Decoded {
    let mut decoded = Decoded::new("markup");
    let bytes = &bytes[..window.end];
    let mut at = window.start;
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        let is_tag =
            *byte == b'<' && (next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'));
        let end = is_tag.then(|| {
            let rest = &bytes[at..bytes.len().min(at + TAG_BYTES)];
            match rest.strip_prefix(b"<!--") {
                Some(comment) => memmem::find(comment, b"-->").map(|end| end + 7),
                None => memchr::memchr(b'>', rest).map(|end| end + 1),
            }
        });
        let Some(length) = end.flatten() else {
            decoded.push(*byte, at);
            at += 1;
            continue;
        };
        at += length;
        // Line breaks between tags are there to be read by people.
        let space = bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace());
        let length = space.clone().count();
        if bytes.get(at + length) == Some(&b'<') && space.clone().any(|byte| *byte == b'\n') {
            at += length;
        }
    }
    decoded
}

/// RFC 2045, 6.7: `=` and two hex digits are a byte, `=` at the end of a line goes on with the next.
fn quoted_printable(bytes: &[u8], window: Range<usize>) -> Decoded {
    let mut decoded = Decoded::new("quoted-printable");
    let bytes = &bytes[..window.end];
    let mut at = window.start;
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        if rest.starts_with(b"=\n") || rest.starts_with(b"=\r\n") {
            at += if rest[1] == b'\n' { 2 } else { 3 };
        } else if let (b'=', Some(byte)) = (byte, hex_byte(bytes, at + 1)) {
            decoded.push(byte, at);
            at += 3;
        } else {
            decoded.push(*byte, at);
            at += 1;
        }
    }
    decoded
}

/// Most bytes in a line of a dump.
const DUMP_LINE_BYTES: usize = 64;

/// What `xxd`, `hexdump -C` and `od -t x1` write, and where it ends: lines of an offset, pairs of hex digits, and perhaps the
/// text.
fn hex_dump(bytes: &[u8], start: usize) -> (Decoded, usize) {
    let mut decoded = Decoded::new("hex dump");
    let mut line = start;
    while let Some(rest) = bytes.get(line..) {
        let offset = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let mark = rest.get(offset).copied().unwrap_or_default();
        if !(7..=16).contains(&offset) || !matches!(mark, b':' | b' ') {
            break;
        }
        let mut at = line + offset + usize::from(mark == b':');
        // Groups stand one space apart; what comes behind two is the text.
        at += bytes[at..].iter().take(3).take_while(|byte| **byte == b' ').count();
        let first = decoded.bytes.len();
        while decoded.bytes.len() - first < DUMP_LINE_BYTES
            && let Some(byte) = hex_byte(bytes, at)
        {
            decoded.push(byte, at);
            at += 2;
            // `hexdump -C` has two spaces in the middle of a line.
            let spaces = bytes[at..].iter().take(3).take_while(|byte| **byte == b' ').count();
            if spaces == 1 || (spaces == 2 && decoded.bytes.len() - first == 8) {
                at += spaces;
            }
        }
        if decoded.bytes.len() == first {
            break;
        }
        let Some(end) = line_break(bytes, at) else { break };
        line = end + 1;
    }
    (decoded, line.max(start + 1))
}

/// The end of a line of a dump from `at` on.
fn line_break(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    memchr::memchr(b'\n', &rest[..rest.len().min(4 * DUMP_LINE_BYTES)]).map(|length| at + length)
}

/// POSIX `uuencode`, and where it ends: the first letter of a line is the number of its bytes, and each other stands for six
/// bits.
fn uuencoded(bytes: &[u8], start: usize) -> (Decoded, usize) {
    let mut decoded = Decoded::new("uuencoded");
    let mut line = start;
    let six = |at: usize| {
        let letter = bytes.get(at).copied().filter(|letter| (b' '..=b'`').contains(letter))?;
        Some(u32::from(letter - b' ') & 63)
    };
    while let Some(end) = line_break(bytes, line) {
        line = end + 1;
        let Some(count) = six(line).filter(|count| *count > 0) else { break };
        let (mut at, before) = (line + 1, decoded.bytes.len());
        while decoded.bytes.len() - before < count as usize {
            let four = [at, at + 1, at + 2, at + 3].map(|at| six(at).unwrap_or_default());
            let word = four.iter().fold(0, |word, six| word << 6 | six);
            for (index, byte) in word.to_be_bytes()[1..].iter().enumerate() {
                decoded.push(*byte, at + index);
            }
            at += 4;
        }
        decoded.truncate(before + count as usize);
        line = at.min(bytes.len());
    }
    (decoded, line.max(start + 1))
}

/// Ascii85 as PostScript and PDF write it (ISO 32000-1, 7.4.3). `text` stands at `start`.
pub(super) fn ascii85(text: &[u8], start: usize) -> Decoded {
    let mut decoded = Decoded::new("Ascii85");
    let mut group: Vec<(u32, usize)> = Vec::new();
    let mut flush = |group: &mut Vec<(u32, usize)>| {
        let count = group.len();
        let Some((_, first)) = group.first().copied() else { return };
        group.resize(5, (84, first));
        let word =
            group.iter().fold(0u32, |word, (digit, _)| word.wrapping_mul(85).wrapping_add(*digit));
        for (index, byte) in word.to_be_bytes().iter().take(count.saturating_sub(1)).enumerate() {
            decoded.push(*byte, first + index);
        }
        group.clear();
    };
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'z' if group.is_empty() => {
                group.extend([(0, start + at); 5]);
                flush(&mut group);
            }
            b'!'..=b'u' => {
                group.push((u32::from(byte - b'!'), start + at));
                if group.len() == 5 {
                    flush(&mut group);
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => break,
        }
    }
    flush(&mut group);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut found = false;
        let text = text.as_bytes();
        let signs: Vec<(usize, usize)> = (0..)
            .zip(SIGNS)
            .flat_map(|(index, sign)| memmem::find_iter(text, sign).map(move |at| (at, index)))
            .filter(|(at, index)| is_sign(text, *index, *at))
            .collect();
        decode(text, &signs, &mut |decoded| {
            assert!(decoded.from.get(decoded.bytes.len().saturating_sub(1)).is_some());
            found |= memmem::find(&decoded.bytes, expected.as_bytes()).is_some();
        });
        assert!(found, "{expected} in {}", String::from_utf8_lossy(text));
    }

    #[test]
    fn formats_are_undone() {
        check("<p>se<b>cr</b><!-- x > y -->et<wbr/>-9</p>", "secret-9");
        check("<svg>\n  <tspan>sec</tspan>\n  <tspan>ret</tspan>\n</svg>", "secret");
        check("x.innerHTML='sec<!-- -->ret'", "secret");
        check(
            "<?xml version=\"1.0\"?><w:t>sec</w:t></w:r><w:r><w:t xml:a=\"b\">ret</w:t>",
            "secret",
        );
        check("Content-Transfer-Encoding: quoted-printable\r\n\r\nse=63re=\r\nt=2D9", "secret-9");
        check(
            "00000000: 6162 6364 6566 6768 696a 6b6c 6d73 6563  abcdefghijklmsec\n00000010: 7265 742d 390a                           ret-9.\n",
            "secret-9",
        );
        check(
            "00000000  61 62 63 64 65 66 67 68  69 6a 6b 6c 6d 73 65 63  |abcdefghijklmsec|\n00000010  72 65 74 2d 39 0a                                 |ret-9.|\n00000016\n",
            "secret-9",
        );
        check("begin 644 a\n(<V5C<F5T+3D \n`\nend\n", "secret-9");
        check("<~F(Jj%ATTLa~>", "secret-9");
    }
}
