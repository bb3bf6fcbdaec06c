//! Undoes ways of writing: escapes, entities, percent signs, joined strings, lists of numbers, base64 and hex. Only
//! stretches that show signs of one are decoded, and each decoded byte knows where it came from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::{memchr_iter, memchr2_iter, memchr3_iter, memmem};

use super::numbers;
use super::runs::LETTERS;

/// Text that was decoded.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pub(super) from: Origins,
    pub(super) writing: &'static str,
}

/// For each byte that was decoded, where in the encoded text it began.
#[derive(Debug, Clone)]
pub(super) enum Origins {
    /// One by one.
    Each(Vec<usize>),
    /// Letters in a row, from `start` on: `letters` of them for each `bytes`.
    Even { start: usize, letters: usize, bytes: usize },
}

impl Origins {
    pub(super) fn get(&self, byte: usize) -> Option<usize> {
        match self {
            Self::Each(list) => list.get(byte).copied(),
            Self::Even { start, letters, bytes } => Some(start + byte * letters / bytes),
        }
    }

    fn push(&mut self, at: usize) {
        if let Self::Each(list) = self {
            list.push(at);
        }
    }

    /// What becomes of the origins of `count` bytes where the encoded text was itself decoded.
    pub(super) fn through(&mut self, count: usize, place: impl Fn(usize) -> usize) {
        let places = (0..count).map(|byte| place(self.get(byte).unwrap_or_default()));
        *self = Self::Each(places.collect());
    }
}

impl Decoded {
    pub(super) fn new(writing: &'static str) -> Self {
        Self { bytes: Vec::new(), from: Origins::Each(Vec::new()), writing }
    }

    pub(super) fn push(&mut self, byte: u8, from: usize) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    /// Forgets the first `length` bytes.
    fn skip(&mut self, length: usize) {
        self.bytes.drain(..length);
        if let Origins::Each(list) = &mut self.from {
            list.drain(..length);
        }
    }

    /// Forgets what is behind the first `length` bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
        if let Origins::Each(list) = &mut self.from {
            list.truncate(length);
        }
    }

    pub(super) fn push_char(&mut self, character: char, from: usize) {
        let mut buffer = [0; 4];
        for byte in character.encode_utf8(&mut buffer).bytes() {
            self.push(byte, from);
        }
    }
}

/// What the values that are looked for need of decoding.
#[derive(Debug, Clone, Default)]
pub(super) struct Wants {
    /// Bytes around a sign that are decoded with it: those of the longest value, within limits.
    around: usize,
    /// Characters of values that scripts write with a `\` before them, by what stands behind the `\`.
    marks: BTreeMap<u8, Neighbours>,
    /// Some value has a space, which forms write as `+`.
    spaces: bool,
    /// Some value has a sign of a writing in it: a backslash, `%`, `&` or a quote.
    has_signs: bool,
    /// Some value is not text.
    has_bytes: bool,
}

/// Bytes that stand beside a character in some value, as they are or as the letter of an escape.
#[derive(Debug, Clone, Default)]
struct Neighbours {
    before: ByteSet,
    after: ByteSet,
}

/// A set of bytes.
#[derive(Debug, Clone, Copy, Default)]
struct ByteSet([u64; 4]);

impl ByteSet {
    const ALL: Self = Self([u64::MAX; 4]);

    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }
}

/// What a script writes behind a `\` for a character, if it may write one: `n` for a line feed.
fn mark(byte: u8) -> Option<u8> {
    match byte {
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        other => (!other.is_ascii_alphanumeric()).then_some(other),
    }
}

impl Wants {
    /// Looks at the values.
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut wants = Self::default();
        let mut longest = 0;
        for value in values {
            longest = longest.max(value.len());
            wants.spaces |= value.contains(&b' ');
            wants.has_bytes |= std::str::from_utf8(value).is_err();
            wants.has_signs |= value.iter().any(|byte| b"\\%&\"'`".contains(byte));
            for (at, byte) in value.iter().enumerate() {
                let Some(letter) = mark(*byte) else { continue };
                let neighbours = wants.marks.entry(letter).or_default();
                // In both directions: a value may be written backwards.
                let beside = [at.checked_sub(1), Some(at + 1)];
                for neighbour in beside.map(|at| value.get(at?)) {
                    let Some(neighbour) = neighbour else {
                        neighbours.before = ByteSet::ALL;
                        neighbours.after = ByteSet::ALL;
                        continue;
                    };
                    neighbours.before.add(*neighbour);
                    neighbours.before.add(mark(*neighbour).unwrap_or(*neighbour));
                    neighbours.after.add(*neighbour);
                    // It may be written with an escape itself.
                    if mark(*neighbour).is_some() {
                        neighbours.after.add(b'\\');
                    }
                }
                // What is escaped twice has another one before it.
                neighbours.before.add(b'\\');
            }
        }
        wants.around = longest.clamp(64, 256);
        wants
    }

    /// Whether `\` at `at` may escape a character of a value. Where a neighbour is written in yet another way, that is
    /// a sign of its own.
    fn has_mark(&self, bytes: &[u8], at: usize) -> bool {
        let Some(neighbours) = bytes.get(at + 1).and_then(|letter| self.marks.get(letter)) else {
            return false;
        };
        let has = |set: &ByteSet, byte: Option<&u8>| byte.is_some_and(|byte| set.has(*byte));
        has(&neighbours.before, at.checked_sub(1).and_then(|before| bytes.get(before)))
            && has(&neighbours.after, bytes.get(at + 2))
    }
}

/// Hands everything that `bytes` can be read as in another way to `take`: a text that is written with escapes and the
/// like, and bytes that are written in letters, which stand in `runs`. Each lives only until the next.
pub(super) fn decode(bytes: &[u8], runs: &[Range<usize>], wants: &Wants, take: &mut Take<'_>) {
    let brackets = Brackets::of(bytes);
    texts(bytes, &brackets, wants, take);
    numbers::lists(bytes, &brackets, take);
    base64_runs(bytes, runs, take);
    hex_pairs(bytes, take);
    hex_runs(bytes, runs, take);
    numbers::bits(bytes, runs, take);
}

/// What stands at brackets, found in one pass: starts of calls, and of lists of numbers.
#[derive(Default)]
pub(super) struct Brackets {
    /// `.join(`
    joins: Vec<usize>,
    /// `.concat(`
    concats: Vec<usize>,
    /// `.split(`
    pub(super) splits: Vec<usize>,
    /// `.replace(` and `.replaceAll(`
    pub(super) replaces: Vec<usize>,
    /// The first numbers in brackets of any kind.
    pub(super) numbers: Vec<usize>,
}

impl Brackets {
    fn of(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        for open in memchr2_iter(b'[', b'(', bytes) {
            let before = &bytes[..open];
            match before.last() {
                Some(b'n') if before.ends_with(b".join") => found.joins.push(open - 5),
                Some(b't') if before.ends_with(b".concat") => found.concats.push(open - 7),
                Some(b't') if before.ends_with(b".split") => found.splits.push(open - 6),
                Some(b'e') if before.ends_with(b".replace") => found.replaces.push(open - 8),
                Some(b'l') if before.ends_with(b".replaceAll") => found.replaces.push(open - 11),
                _ => {}
            }
            let first = skip_space(bytes, open + 1);
            if bytes.get(first).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-') {
                found.numbers.push(first);
            }
        }
        found
    }
}

/// Who looks at what was decoded; it may change it.
pub(super) type Take<'a> = dyn FnMut(&mut Decoded) + 'a;

/// Whether bytes hold nothing that a writing or a token could stand in: no eight letters in a row, whatever zeros there
/// are between them.
pub(super) fn is_noise(bytes: &[u8]) -> bool {
    let mut row = 0;
    for byte in bytes {
        match byte {
            b' '..=b'~' | b'\t' | b'\n' | b'\r' => row += 1,
            0 => {}
            _ => row = 0,
        }
        if row == 8 {
            return false;
        }
    }
    true
}

/// Whether a writing is one of texts: escapes, entities, percent signs, joints.
pub(super) fn is_textual(writing: &str) -> bool {
    [
        "escaped",
        "percent-encoded",
        "HTML entities",
        "joined strings",
        "joined constants",
        "CSS escapes",
        "markup",
    ]
    .contains(&writing)
}

fn texts(bytes: &[u8], brackets: &Brackets, wants: &Wants, take: &mut Take<'_>) {
    let (mut texts, mut css) = (Spans::new(wants.around), Spans::new(wants.around));
    let mut signs: Vec<usize> = Vec::new();
    // The sources in a map are written as JSON, whatever else they are.
    let start = &bytes[..bytes.len().min(MAP_START_BYTES)];
    let is_map = start.trim_ascii_start().starts_with(b"{")
        && memmem::find(start, b"\"version\"").is_some()
        && memmem::find(bytes, b"\"sourcesContent\"").is_some();
    for at in memchr3_iter(b'\\', b'%', b'&', bytes) {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        let is_sign = match bytes[at] {
            b'%' => percent(bytes, at).is_some(),
            b'&' => (next == b'#' || next.is_ascii_alphabetic()) && entity(bytes, at).is_some(),
            _ => {
                if next.is_ascii_hexdigit() && is_css_escape(bytes, at) {
                    css.add(at, bytes.len());
                }
                matches!(next, b'x' | b'u' | b'0'..=b'7' | b'\n' | b'\r')
                    || wants.has_mark(bytes, at)
                    || is_needless_escape(next)
                    || is_inner_joint(bytes, at)
                    || (is_map && matches!(next, b'"' | b'\\' | b'n' | b't' | b'/'))
            }
        };
        if is_sign {
            signs.push(at);
        }
    }
    for at in memchr_iter(b'+', bytes) {
        // The quote before it, over white space and the end of a call.
        let mut before = at;
        while before > 0
            && at - before < FARTHEST
            && (bytes[before - 1].is_ascii_whitespace() || matches!(bytes[before - 1], b')' | b'/'))
        {
            let skipped = skip_space_back(bytes, before);
            before = if skipped < before { skipped } else { before - 1 };
        }
        if before > 0 && is_quote(bytes.get(before - 1)) && glue(bytes, before - 1).is_some() {
            signs.push(at);
        }
    }
    // Lists of strings, and what stands between them when they are joined.
    let mut lists: Vec<(Span, &[u8])> = Vec::new();
    for at in find_all(&TEMPLATE, bytes) {
        if is_quote(bytes.get(skip_space(bytes, at + 2))) {
            signs.push(at);
        }
    }
    for at in brackets.concats.iter().copied() {
        let is_string = at > 0 && (is_quote(bytes.get(at - 1)) || bytes[at - 1] == b')');
        if is_string && is_quote(bytes.get(skip_space(bytes, at + 8))) {
            lists.push((at.saturating_sub(wants.around)..(at + LIST_BYTES).min(bytes.len()), b""));
        }
    }
    for at in brackets.joins.iter().copied() {
        // A list of strings, perhaps with a comma at its end.
        let mut before = &bytes[..skip_space_back(bytes, at)];
        let Some(inside) = before.strip_suffix(b"]") else { continue };
        before = &bytes[..skip_space_back(bytes, inside.len())];
        if let Some(inside) = before.strip_suffix(b",") {
            before = &bytes[..skip_space_back(bytes, inside.len())];
        }
        let argument = skip_space(bytes, at + 6);
        let separator = bytes.get(argument + 1..).unwrap_or_default();
        let separator = &separator[..separator.len().min(SEPARATOR_BYTES + 1)];
        let end = separator.iter().position(|byte| Some(byte) == bytes.get(argument));
        if is_quote(before.last())
            && is_quote(bytes.get(argument))
            && let Some(separator) = end.and_then(|end| separator.get(..end))
        {
            lists.push((at.saturating_sub(LIST_BYTES)..at, separator));
        }
    }
    if !bytes.is_ascii() {
        for unseen in UNSEEN {
            let mut buffer = [0; 4];
            signs.extend(memmem::find_iter(bytes, unseen.encode_utf8(&mut buffer).as_bytes()));
        }
    }
    signs.sort_unstable();
    for at in signs {
        texts.add(at, bytes.len());
    }
    let mut decoded = Decoded::new("");
    for span in texts.list.iter().flat_map(windows) {
        let span = &span;
        let undone = text(bytes, span, Kinds::ALL, &mut decoded);
        take(&mut decoded);
        if undone.has_high && (wants.has_bytes || has_packed(&bytes[span.clone()])) {
            text(bytes, span, Kinds { in_bytes: true, ..Kinds::ALL }, &mut decoded);
            // What is compressed is known by its start.
            let packed = memmem::find(&decoded.bytes, b"\x1f\x8b\x08")
                .or_else(|| memmem::find(&decoded.bytes, b"x\x9c"))
                .or_else(|| memmem::find(&decoded.bytes, b"x\xda"));
            decoded.skip(packed.unwrap_or_default());
            take(&mut decoded);
        }
        if undone.is_continued {
            text(bytes, span, Kinds { yaml: true, ..Kinds::ALL }, &mut decoded);
            take(&mut decoded);
        }
        // A value that has signs itself is written in one way only.
        if wants.has_signs && undone.is_mixed() {
            let alone = [
                (undone.script > 0, Kinds { script: true, ..Kinds::NONE }),
                (undone.percents > 0, Kinds { percent: true, ..Kinds::NONE }),
                (undone.entities > 0, Kinds { entities: true, ..Kinds::NONE }),
            ];
            for (_, kinds) in alone.into_iter().filter(|(is_there, _)| *is_there) {
                text(bytes, span, kinds, &mut decoded);
                take(&mut decoded);
            }
        }
        if wants.spaces && undone.percents > 0 && bytes[span.clone()].contains(&b'+') {
            text(bytes, span, Kinds { form: true, ..Kinds::ALL }, &mut decoded);
            take(&mut decoded);
        }
    }
    for (span, separator) in &lists {
        text(bytes, span, Kinds { list: Some(separator), ..Kinds::ALL }, &mut decoded);
        take(&mut decoded);
    }
    for span in css.list.iter().flat_map(windows) {
        take(&mut css_escapes(bytes, &span));
    }
}

static TEMPLATE: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"${"));

pub(super) fn find_all<'a>(
    finder: &'static memmem::Finder<'static>,
    bytes: &'a [u8],
) -> memmem::FindIter<'a, 'static> {
    finder.find_iter(bytes)
}

/// An escape of a letter that stands for itself and that regular expressions do not know: `\q`.
fn is_needless_escape(next: u8) -> bool {
    next.is_ascii_alphanumeric() && !b"01234567bfnrtvuxdDsSwWBpPkc".contains(&next)
}

/// A quote in a string, as in code that is handed to `eval`, with a `+` beside it.
fn is_inner_joint(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at + 2..).unwrap_or_default();
    let rest = &rest[..rest.len().min(16)];
    let space = |byte: &u8| byte.is_ascii_whitespace() || b"\\nrt".contains(byte);
    is_quote(bytes.get(at + 1)) && rest.iter().find(|byte| !space(byte)) == Some(&b'+')
}

/// Bytes at the start of a source map that tell that it is one.
const MAP_START_BYTES: usize = 400;

/// Bytes of a list of strings that is joined.
pub(super) const LIST_BYTES: usize = 2048;

/// Longest text between strings of a list that is joined, in bytes.
pub(super) const SEPARATOR_BYTES: usize = 3;

/// `\` and hex digits are an escape of a style sheet when a space or another one follows, or there are many.
fn is_css_escape(bytes: &[u8], at: usize) -> bool {
    number(bytes, at + 1, 16, 6).is_some_and(|(_, count)| {
        let after = bytes.get(at + 1 + count);
        count >= 4 || after.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'\\')
    })
}

type Span = Range<usize>;

/// Bytes that are decoded at once: each decoded byte takes nine, so that long stretches are not.
const WINDOW_BYTES: usize = 1 << 20;

/// Bytes that two windows share. A value that is longer when it is written may be cut.
const SHARED_BYTES: usize = 16 << 10;

/// A stretch in windows that are decoded one by one.
pub(super) fn windows(span: &Span) -> impl Iterator<Item = Span> + use<> {
    let Span { start, end } = *span;
    let starts = (start..end).step_by(WINDOW_BYTES);
    starts.map(move |at| at.saturating_sub(SHARED_BYTES).max(start)..(at + WINDOW_BYTES).min(end))
}

/// Stretches around signs; those that touch become one.
pub(super) struct Spans {
    pub(super) list: Vec<Span>,
    around: usize,
}

impl Spans {
    pub(super) fn new(around: usize) -> Self {
        Self { list: Vec::new(), around }
    }

    pub(super) fn add(&mut self, at: usize, length: usize) {
        let start = at.saturating_sub(self.around);
        let end = (at + self.around).min(length);
        match self.list.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => self.list.push(start..end),
        }
    }
}

/// What is undone of a text.
#[derive(Debug, Clone, Copy)]
struct Kinds<'a> {
    /// Escapes of scripts, and joints of strings.
    script: bool,
    percent: bool,
    entities: bool,
    /// Commas join strings, too, with this between them.
    list: Option<&'a [u8]>,
    /// `+` is a space.
    form: bool,
    /// `\x80` to `\xff` are bytes, not characters.
    in_bytes: bool,
    /// Where `\` ends a line, the indentation of the next is none of the text: YAML.
    yaml: bool,
}

impl Kinds<'_> {
    const ALL: Self = Self {
        script: true,
        percent: true,
        entities: true,
        list: None,
        form: false,
        in_bytes: false,
        yaml: false,
    };
    const NONE: Self = Self { script: false, percent: false, entities: false, ..Self::ALL };
}

/// Undoes in one go what texts are written with: escapes of scripts, percent signs, entities, and joints of strings.
fn text(bytes: &[u8], span: &Span, kinds: Kinds<'_>, decoded: &mut Decoded) -> Undone {
    decoded.bytes.clear();
    match &mut decoded.from {
        Origins::Each(list) => list.clear(),
        even @ Origins::Even { .. } => *even = Origins::Each(Vec::new()),
    }
    let (mut escapes, mut percents, mut entities, mut joints) = (0, 0, 0, 0);
    let (mut has_high, mut is_continued) = (false, false);
    let mut at = span.start;
    while at < span.end {
        let byte = bytes[at];
        match byte {
            b'\\' if kinds.script => {
                if let Some((byte, length)) = high_escape(bytes, at) {
                    has_high = true;
                    if kinds.in_bytes {
                        decoded.push(byte, at);
                        at += length;
                        continue;
                    }
                }
                let line = bytes.get(at + 1).filter(|next| matches!(next, b'\n' | b'\r'));
                at += script_escape(bytes, at, decoded);
                escapes += 1;
                let indent = bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
                let indent = if line.is_some() { indent.count() } else { 0 };
                is_continued |= indent > 0;
                at += if kinds.yaml { indent } else { 0 };
            }
            b'%' if kinds.percent && percent(bytes, at).is_some() => {
                match percent(bytes, at) {
                    Some(Percent::Unit(character)) => {
                        decoded.push_char(character, at);
                        at += 6;
                    }
                    Some(Percent::Byte(byte)) => {
                        decoded.push(byte, at);
                        at += 3;
                    }
                    None => at += 1,
                }
                percents += 1;
            }
            b'&' if kinds.entities && entity(bytes, at).is_some() => {
                let (character, length) = entity(bytes, at).unwrap_or(('&', 1));
                if !is_unseen(character) {
                    decoded.push_char(character, at);
                }
                at += length;
                entities += 1;
            }
            b'"' | b'\'' | b'`' if kinds.script => match glue(bytes, at) {
                Some((next, is_comma)) if kinds.list.is_some() || !is_comma => {
                    if is_comma {
                        let separator = kinds.list.unwrap_or_default();
                        for byte in separator {
                            decoded.push(*byte, at);
                        }
                    }
                    at = next;
                    joints += 1;
                }
                _ => {
                    decoded.push(byte, at);
                    at += 1;
                }
            },
            b'$' if kinds.script
                && bytes.get(at + 1) == Some(&b'{')
                && is_quote(bytes.get(skip_space(bytes, at + 2))) =>
            {
                at = skip_space(bytes, at + 2) + 1;
                joints += 1;
            }
            0xc2 | 0xe2 | 0xef if unseen(&bytes[at..]) > 0 => {
                at += unseen(&bytes[at..]);
                escapes += 1;
            }
            0xc2 | 0xc3 if kinds.in_bytes && matches!(bytes.get(at + 1), Some(0x80..=0xbf)) => {
                decoded.push((byte << 6) | (bytes[at + 1] & 0x3f), at);
                at += 2;
            }
            b'+' if kinds.form => {
                decoded.push(b' ', at);
                at += 1;
                percents += 1;
            }
            _ => {
                decoded.push(byte, at);
                at += 1;
            }
        }
    }
    let most = [escapes, percents, entities, joints].into_iter().max().unwrap_or_default();
    decoded.writing = match most {
        most if most == joints => "joined strings",
        most if most == entities => "HTML entities",
        most if most == percents => "percent-encoded",
        _ => "escaped",
    };
    Undone { script: escapes + joints, percents, entities, has_high, is_continued }
}

/// Characters that are not seen: where a word may be broken, and what joins letters.
const UNSEEN: [char; 6] = ['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'];

fn is_unseen(character: char) -> bool {
    UNSEEN.contains(&character)
}

/// Bytes of a character that is not seen, at the start of a text.
fn unseen(bytes: &[u8]) -> usize {
    match bytes {
        [0xc2, 0xad, ..] => 2,
        [0xe2, 0x80, 0x8b..=0x8d, ..] | [0xe2, 0x81, 0xa0, ..] | [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    }
}

/// Whether a string in escapes may be compressed bytes: gzip's or zlib's.
fn has_packed(bytes: &[u8]) -> bool {
    const STARTS: [&[u8]; 13] = [
        b"\\x1f\\x8b",
        b"\\x1F\\x8B",
        b"\\u001f\\u008b",
        b"\\u001F\\u008B",
        b"\\37\\213",
        b"x\\x9c",
        b"x\\x9C",
        b"x\\xda",
        b"x\\xDA",
        b"\\x78\\x9c",
        b"\\x78\\xda",
        b"\\u0078\\u009c",
        b"x\\u009c",
    ];
    STARTS.iter().any(|start| memmem::find(bytes, start).is_some())
}

/// How much of each kind was undone.
struct Undone {
    script: usize,
    percents: usize,
    entities: usize,
    /// Whether there were escapes that may stand for bytes which are no text.
    has_high: bool,
    /// Whether a line goes on in an indented one.
    is_continued: bool,
}

impl Undone {
    /// Whether undoing one kind alone would give something else.
    fn is_mixed(&self) -> bool {
        [self.script, self.percents, self.entities].iter().filter(|count| **count > 0).count() > 1
    }
}

/// What `%41` or `%u0041` stands for; the second is what `escape` writes.
enum Percent {
    Byte(u8),
    Unit(char),
}

fn percent(bytes: &[u8], at: usize) -> Option<Percent> {
    if bytes.get(at + 1) == Some(&b'u') {
        let (code, count) = number(bytes, at + 2, 16, 4)?;
        return char::from_u32(code).filter(|_| count == 4).map(Percent::Unit);
    }
    hex_byte(bytes, at + 1).map(Percent::Byte)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

pub(super) fn hex_byte(bytes: &[u8], at: usize) -> Option<u8> {
    Some(hex_digit(*bytes.get(at)?)? * 16 + hex_digit(*bytes.get(at + 1)?)?)
}

/// A number of up to `most` digits in `radix` at `at`, and how many digits it has.
pub(super) fn number(bytes: &[u8], at: usize, radix: u32, most: usize) -> Option<(u32, usize)> {
    let (mut value, mut count) = (0u32, 0);
    while count < most
        && let Some(digit) =
            bytes.get(at + count).and_then(|byte| char::from(*byte).to_digit(radix))
    {
        value = value.checked_mul(radix)?.checked_add(digit)?;
        count += 1;
    }
    (count > 0).then_some((value, count))
}

/// `\xHH`, `\uHHHH`, `\u{H}`, octal, `\n` and the like, a `\` before any other character or a line end. Returns how many
/// bytes it takes.
pub(super) fn script_escape(bytes: &[u8], at: usize, decoded: &mut Decoded) -> usize {
    let next = bytes.get(at + 1).copied().unwrap_or_default();
    let taken = match next {
        b'x' => hex_byte(bytes, at + 2).map(|byte| (u32::from(byte), 4)),
        b'u' => unicode_escape(bytes, at),
        b'0'..=b'7' => number(bytes, at + 1, 8, 3).map(|(value, count)| (value & 0xff, count + 1)),
        b'n' => Some((10, 2)),
        b'r' => Some((13, 2)),
        b't' => Some((9, 2)),
        _ => None,
    };
    match taken.and_then(|(value, length)| Some((char::from_u32(value)?, length))) {
        Some((character, length)) => {
            decoded.push_char(character, at);
            length
        }
        None if next == b'\n' => 2,
        None if next == b'\r' => 2 + usize::from(bytes.get(at + 2) == Some(&b'\n')),
        None if next == 0 || next >= 0x80 => {
            decoded.push(b'\\', at);
            1
        }
        None => {
            decoded.push(next, at);
            2
        }
    }
}

/// An escape of a character from U+0080 to U+00FF, which may stand for a byte, and its length.
fn high_escape(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let (value, length) = match bytes.get(at + 1)? {
        b'x' => (u32::from(hex_byte(bytes, at + 2)?), 4),
        b'u' => unicode_escape(bytes, at)?,
        b'0'..=b'7' => number(bytes, at + 1, 8, 3).map(|(value, count)| (value, count + 1))?,
        _ => return None,
    };
    u8::try_from(value).ok().filter(|byte| *byte >= 0x80).map(|byte| (byte, length))
}

fn unicode_escape(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    if bytes.get(at + 2) == Some(&b'{') {
        let (value, count) = number(bytes, at + 3, 16, 8)?;
        return (bytes.get(at + 3 + count) == Some(&b'}')).then_some((value, count + 4));
    }
    let four = |at: usize| number(bytes, at, 16, 4).filter(|(_, count)| *count == 4);
    let (high, _) = four(at + 2)?;
    if (0xd800..0xdc00).contains(&high)
        && bytes.get(at + 6..at + 8) == Some(b"\\u")
        && let Some((low, _)) = four(at + 8)
        && (0xdc00..0xe000).contains(&low)
    {
        return Some((0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12));
    }
    Some((high, 6))
}

/// `\` and one to six hex digits, and one white space that ends them.
fn css_escapes(bytes: &[u8], span: &Span) -> Decoded {
    let mut decoded = Decoded::new("CSS escapes");
    let mut at = span.start;
    while at < span.end {
        if bytes[at] == b'\\'
            && let Some((value, count)) = number(bytes, at + 1, 16, 6)
            && let Some(character) = char::from_u32(value)
        {
            decoded.push_char(character, at);
            at += 1 + count;
            if bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                at += 1;
            }
        } else if bytes[at] == b'\\' && at + 1 < span.end {
            decoded.push(bytes[at + 1], at);
            at += 2;
        } else {
            decoded.push(bytes[at], at);
            at += 1;
        }
    }
    decoded
}

/// Named entities of the characters that values have.
const ENTITIES: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("shy", '\u{ad}'),
    ("ZeroWidthSpace", '\u{200b}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("NoBreak", '\u{2060}'),
    ("sol", '/'),
    ("bsol", '\\'),
    ("plus", '+'),
    ("equals", '='),
    ("colon", ':'),
    ("semi", ';'),
    ("comma", ','),
    ("period", '.'),
    ("commat", '@'),
    ("lowbar", '_'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("num", '#'),
    ("excl", '!'),
    ("quest", '?'),
    ("ast", '*'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("Hat", '^'),
    ("grave", '`'),
    ("verbar", '|'),
    ("vert", '|'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("tilde", '~'),
    ("NewLine", '\n'),
    ("Tab", '\t'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("szlig", 'ß'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("aacute", 'á'),
    ("agrave", 'à'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("aring", 'å'),
    ("aelig", 'æ'),
    ("ccedil", 'ç'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("ntilde", 'ñ'),
    ("oacute", 'ó'),
    ("ograve", 'ò'),
    ("ocirc", 'ô'),
    ("otilde", 'õ'),
    ("oslash", 'ø'),
    ("uacute", 'ú'),
    ("ugrave", 'ù'),
    ("ucirc", 'û'),
    ("Eacute", 'É'),
    ("Aring", 'Å'),
    ("Oslash", 'Ø'),
    ("Ccedil", 'Ç'),
    ("Ntilde", 'Ñ'),
    ("euro", '€'),
    ("pound", '£'),
    ("sect", '§'),
    ("copy", '©'),
    ("deg", '°'),
];

/// The character of an entity at `at`, and its length.
fn entity(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    if bytes.get(at + 1) == Some(&b'#') {
        let is_hex = matches!(bytes.get(at + 2), Some(b'x' | b'X'));
        let start = at + 2 + usize::from(is_hex);
        let (value, count) = number(bytes, start, if is_hex { 16 } else { 10 }, 8)?;
        let end = start + count;
        let semicolon = usize::from(bytes.get(end) == Some(&b';'));
        return Some((char::from_u32(value)?, end + semicolon - at));
    }
    // In scripts, `&&` stands before names all the time.
    let rest = &bytes[at + 1..];
    let rest = &rest[..rest.len().min(LONGEST_ENTITY + 1)];
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = (rest.get(length) == Some(&b';')).then(|| &rest[..length])?;
    let known = ENTITIES.iter().find(|(known, _)| known.as_bytes() == name);
    known.map(|(_, character)| (*character, length + 2))
}

/// Letters of the longest of these names.
const LONGEST_ENTITY: usize = 14;

/// Over white space and comments.
pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..MOST_COMMENTS {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let rest = &rest[..rest.len().min(COMMENT_BYTES)];
        let length = match rest {
            [b'/', b'*', inner @ ..] => memmem::find(inner, b"*/").map(|end| end + 4),
            [b'/', b'/', inner @ ..] => memchr::memchr(b'\n', inner).map(|end| end + 3),
            _ => None,
        };
        match length {
            Some(length) => at += length,
            None => break,
        }
    }
    at
}

/// The end of what stands before white space and comments that end at `end`.
fn skip_space_back(bytes: &[u8], mut end: usize) -> usize {
    let first = end.saturating_sub(FARTHEST);
    while end > first {
        end = bytes[..end].trim_ascii_end().len();
        let from = end.saturating_sub(COMMENT_BYTES);
        let before = &bytes[from..end];
        if before.ends_with(b"*/")
            && let Some(start) = memmem::rfind(&before[..before.len() - 2], b"/*")
        {
            end = from + start;
            continue;
        }
        // A comment to the end of the line before.
        let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        match memmem::find(&before[line..], b"//") {
            Some(start) if bytes.get(end).is_some_and(u8::is_ascii_whitespace) => {
                let quote = before[..line + start].trim_ascii_end().last();
                if !matches!(quote, Some(b'"' | b'\'' | b'`' | b',' | b'+')) {
                    return end;
                }
                end = from + line + start;
            }
            _ => return end,
        }
    }
    end
}

/// Bytes before a sign in which a string ends that it joins.
const FARTHEST: usize = 800;

/// Most comments between strings that are joined.
const MOST_COMMENTS: usize = 16;

/// Longest comment between strings that are joined, in bytes.
const COMMENT_BYTES: usize = 200;

pub(super) fn is_quote(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'"' | b'\'' | b'`'))
}

/// What stands between two strings that are joined, from the quote that ends the first to the one that begins the
/// second: `" + "`, `".concat("`, `"}${"`, `", "`, and the borders of a template. Returns where the second begins, and
/// whether only a comma is between them.
fn glue(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let after = skip_space(bytes, at + 1);
    let quoted = |next: usize| {
        let is_raw = bytes.get(next..).is_some_and(|rest| rest.starts_with(b"String.raw`"));
        let next = if is_raw { next + 10 } else { next };
        is_quote(bytes.get(next)).then_some(next + 1)
    };
    match bytes.get(after)? {
        b'+' => {
            let mut next = skip_space(bytes, after + 1);
            while bytes.get(next) == Some(&b'(') {
                next = skip_space(bytes, next + 1);
            }
            quoted(next).map(|next| (next, false))
        }
        b',' => quoted(skip_space(bytes, after + 1)).map(|next| (next, true)),
        b'.' => {
            let rest = bytes.get(after..)?.strip_prefix(b".concat")?;
            let open = skip_space(bytes, bytes.len() - rest.len());
            (bytes.get(open) == Some(&b'(')).then_some(())?;
            quoted(skip_space(bytes, open + 1)).map(|next| (next, false))
        }
        b')' => {
            let rest = bytes.get(after + 1..)?;
            let rest = rest.strip_prefix(b".concat(").or_else(|| rest.strip_prefix(b"+"))?;
            quoted(skip_space(bytes, bytes.len() - rest.len())).map(|next| (next, false))
        }
        b'}' => {
            // The end of a string in a template; another may follow at once.
            let next = after + 1;
            if bytes.get(next..next + 2) == Some(b"${") {
                return quoted(skip_space(bytes, next + 2)).map(|next| (next, false));
            }
            Some((next, false))
        }
        _ => None,
    }
}

/// Shortest run of base64 that is decoded: shorter ones hold nothing that is written twice.
const SHORTEST_BASE64: usize = 24;

/// Takes what is cut off anywhere.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes that a writing consists of. The tables are asked for every byte of every file.
const fn table(letters: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut index = 0;
    while index < letters.len() {
        table[letters[index] as usize] = true;
        index += 1;
    }
    table
}

/// Hex digits.
static HEX_DIGITS: [bool; 256] = table(b"0123456789abcdefABCDEF");

/// Each byte as it is, but all hex digits alike.
static HEX_KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        kinds[byte as usize] = if byte.is_ascii_hexdigit() { b'0' } else { byte };
        byte -= 1;
    }
    kinds
};

/// Hex digits, and what stands between pairs of them.
static HEX_PARTS: [bool; 256] = table(b"0123456789abcdefABCDEF:- ");

fn is_base64(byte: u8) -> bool {
    LETTERS[usize::from(byte)]
}

/// The end of a line inside of base64, in a text or in a string.
fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at.min(bytes.len())..];
    let end = [b"\\r\\n".as_slice(), b"\\n", b"\r\n", b"\n"]
        .iter()
        .find(|end| rest.starts_with(end))
        .map_or(0, |end| end.len());
    // The lines of a block in YAML and the like are indented.
    let indent =
        rest[end..].iter().take(40).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    if end > 0 { end + indent } else { 0 }
}

fn base64_runs(bytes: &[u8], runs: &[Range<usize>], take: &mut Take<'_>) {
    let mut done = 0;
    for run in runs {
        let (start, length) = (run.start, run.len());
        if start < done || length < SHORTEST_BASE64 {
            continue;
        }
        let text = &bytes[run.clone()];
        let (letters, places) = match lines_of_base64(bytes, start, length) {
            Some((letters, places)) => (Cow::Owned(letters), Some(places)),
            None if text.iter().any(|byte| matches!(byte, b'-' | b'_')) => {
                (Cow::Owned(text.iter().map(|letter| standard_letter(*letter)).collect()), None)
            }
            None => (Cow::Borrowed(text), None),
        };
        done = places.as_ref().and_then(|places| places.last()).map_or(run.end, |at| at + 1);
        if !looks_encoded(&letters) {
            continue;
        }
        // A run may begin with letters that are none of it.
        let offsets = if letters.len() > 4096 { 1 } else { 4 };
        for offset in 0..offsets {
            // One letter alone holds no byte.
            let spare = usize::from((letters.len() - offset) % 4 == 1);
            let text = &letters[offset..letters.len() - spare];
            let Ok(decoded) = BASE64.decode(text) else { continue };
            let from = match &places {
                None => Origins::Even { start: start + offset, letters: 4, bytes: 3 },
                Some(places) => Origins::Each(
                    (0..decoded.len()).map(|byte| places[offset + byte * 4 / 3]).collect(),
                ),
            };
            take(&mut Decoded { bytes: decoded, from, writing: "base64" });
        }
    }
}

/// The letter of the standard alphabet.
fn standard_letter(letter: u8) -> u8 {
    match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// The letters of base64 that goes over several lines, and their places; `None` when it is on one line. Lines of encoded
/// text are long and even.
fn lines_of_base64(bytes: &[u8], start: usize, length: usize) -> Option<(Vec<u8>, Vec<usize>)> {
    let goes_on = |end: usize, line: usize| {
        let skip = if line >= 40 && line.is_multiple_of(4) { line_end(bytes, end) } else { 0 };
        (skip > 0 && bytes.get(end + skip).is_some_and(|byte| is_base64(*byte))).then_some(skip)
    };
    goes_on(start + length, length)?;
    let (mut letters, mut places) = (Vec::new(), Vec::new());
    let (mut end, mut line) = (start, 0);
    while end < bytes.len() {
        if is_base64(bytes[end]) {
            letters.push(standard_letter(bytes[end]));
            places.push(end);
            end += 1;
            line += 1;
            continue;
        }
        let Some(skip) = goes_on(end, line) else { break };
        end += skip;
        line = 0;
    }
    Some((letters, places))
}

/// Names and words are runs of these letters, too, but not of all kinds.
fn looks_encoded(letters: &[u8]) -> bool {
    let upper = letters.iter().filter(|letter| letter.is_ascii_uppercase()).count();
    let digits = letters.iter().filter(|letter| letter.is_ascii_digit()).count();
    upper * 8 >= letters.len() && (digits > 0 || letters.len() >= 40)
}

/// Fewest bytes in hex that are decoded.
const FEWEST_HEX: usize = 8;

/// Fewest hex digits in a row that are decoded.
const SHORTEST_HEX: usize = 32;

/// Runs of hex digits, which are runs of letters.
fn hex_runs(bytes: &[u8], runs: &[Range<usize>], take: &mut Take<'_>) {
    let mut at = 0;
    for run in runs {
        at = at.max(run.start);
        while at + SHORTEST_HEX <= run.end {
            at = hex_run(bytes, at, take);
        }
    }
}

/// The run of hex digits that holds the last of the [`SHORTEST_HEX`] bytes at `at`, if that is one; returns where the next
/// may begin.
fn hex_run(bytes: &[u8], at: usize, take: &mut Take<'_>) -> usize {
    let probe = at + SHORTEST_HEX - 1;
    if !HEX_DIGITS[usize::from(bytes[probe])] {
        return probe + 1;
    }
    let mut start = probe;
    while start > at && bytes[start - 1].is_ascii_hexdigit() {
        start -= 1;
    }
    let length = bytes[start..]
        .iter()
        .position(|byte| !byte.is_ascii_hexdigit())
        .unwrap_or(bytes.len() - start);
    let lines = lines_of_hex(bytes, start, length);
    let end = lines.as_ref().and_then(|lines| lines.last()).map_or(start + length, |at| at + 1);
    let count = lines.as_ref().map_or(length, Vec::len);
    if count >= SHORTEST_HEX {
        let digit = |index: usize| {
            let at = lines.as_ref().map_or(start + index, |lines| lines[index]);
            hex_digit(bytes[at]).unwrap_or_default()
        };
        for offset in 0..2 {
            let pairs = (offset..count - 1).step_by(2);
            let decoded = pairs.clone().map(|index| digit(index) * 16 + digit(index + 1));
            let from = match &lines {
                None => Origins::Even { start: start + offset, letters: 2, bytes: 1 },
                Some(lines) => Origins::Each(pairs.map(|index| lines[index]).collect()),
            };
            take(&mut Decoded { bytes: decoded.collect(), from, writing: "hex" });
        }
    }
    end.max(at + 1)
}

/// The places of the digits of hex that goes over several lines; `None` when it is on one. Lines of hex are long and
/// even.
fn lines_of_hex(bytes: &[u8], start: usize, length: usize) -> Option<Vec<usize>> {
    let goes_on = |end: usize, line: usize| {
        let skip = if line >= 32 && line.is_multiple_of(2) { line_end(bytes, end) } else { 0 };
        (skip > 0 && bytes.get(end + skip).is_some_and(u8::is_ascii_hexdigit)).then_some(skip)
    };
    goes_on(start + length, length)?;
    let mut digits = Vec::new();
    let (mut end, mut line) = (start, 0);
    while let Some(byte) = bytes.get(end) {
        if byte.is_ascii_hexdigit() {
            digits.push(end);
            end += 1;
            line += 1;
            continue;
        }
        let Some(skip) = goes_on(end, line) else { break };
        end += skip;
        line = 0;
    }
    Some(digits)
}

/// Pairs of hex digits with one kind of mark between them. The fewest take 23 bytes, so a window of six at every
/// sixteenth byte is within each.
fn hex_pairs(bytes: &[u8], take: &mut Take<'_>) {
    let mut at = 2;
    while let Some(window) = bytes.get(at..at + 6) {
        // Without a branch for each byte, which could be predicted for none of them.
        if !window.iter().fold(true, |all, byte| all & HEX_PARTS[usize::from(*byte)]) {
            at += 16;
            continue;
        }
        // Marks stand at every third byte, and are the same.
        let kind = |index: usize| HEX_KINDS[usize::from(window[index])];
        if !(0..3).all(|index| kind(index) == kind(index + 3)) {
            at += 16;
            continue;
        }
        // The first mark of the window, and then the first pair before it.
        let Some(mark) = window.iter().position(|byte| !byte.is_ascii_hexdigit()) else {
            at += 16;
            continue;
        };
        let separator = window[mark];
        let Some(mut start) = (at + mark).checked_sub(2) else { break };
        while start >= 3 && bytes[start - 1] == separator && hex_byte(bytes, start - 3).is_some() {
            start -= 3;
        }
        let mut next = start;
        let mut decoded = Decoded::new("hex");
        while let Some(byte) = hex_byte(bytes, next) {
            decoded.push(byte, next);
            next += 2;
            if bytes.get(next) != Some(&separator) {
                break;
            }
            next += 1;
        }
        at = next.max(at + 16);
        if decoded.bytes.len() >= FEWEST_HEX {
            take(&mut decoded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::runs::letter_runs;
    use super::*;

    #[track_caller]
    fn check(encoded: &str, expected: &str) {
        let wants = Wants::of([b"a value/with \"marks\" and spaces".as_slice()].into_iter());
        let mut found = false;
        decode(encoded.as_bytes(), &letter_runs(encoded.as_bytes()), &wants, &mut |decoded| {
            let text = String::from_utf8_lossy(&decoded.bytes).into_owned();
            assert!(decoded.from.get(decoded.bytes.len().saturating_sub(1)).is_some());
            found |= text.contains(expected);
        });
        assert!(found, "{expected} in {encoded}");
    }

    #[test]
    fn long_stretches_are_decoded_in_windows() {
        let all: Vec<Span> = windows(&(5..3 * WINDOW_BYTES + 7)).collect();
        assert_eq!(all.len(), 4);
        assert_eq!((all[0].start, all[3].end), (5, 3 * WINDOW_BYTES + 7));
        assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start + SHARED_BYTES));
        assert!(ENTITIES.iter().all(|(name, _)| name.len() <= LONGEST_ENTITY));
        let text = "%41".repeat(WINDOW_BYTES / 2) + "s%65cret-9";
        check(&text, "Asecret-9");
    }

    #[test]
    fn writings_are_undone() {
        check(r#"let a = "\x73\u0065\u{63}\162et-7Q\/x9";"#, "secret-7Q/x9");
        check("let a = 'sec\\\nret';", "secret");
        check(r"content: '\73 \65\63 ret-9'", "secret-9");
        check("?k=s%65cret%2f%39", "secret/9");
        check("?k=my+s%65cret", "my secret");
        check("&#115;&#x65;cret&amp;&sol;", "secret&/");
        check(r#"x = "sec" + 'ret' + `-9`"#, "secret-9");
        check(r#"x = "sec".concat("ret", "-9")"#, "secret-9");
        check(r#"x = `sec${"ret"}-9`"#, "secret-9");
        check(r#"x = `${"sec"}${'ret'}`"#, "secret");
        check(r#"["sec", "ret"].join("")"#, "secret");
        check("String.fromCharCode(115,101, 99,0x72,101,116,45,57)", "secret-9");
        check("\"115 101 99 114 101 116 45 57\".split(\" \")", "secret-9");
        check("'115 | 101 | 99 | 114 | 101 | 116 | 45 | 57'.split(' | ')", "secret-9");
        check("a73656372657420736563726574207365637265740", "secret secret");
        check("73:65:63:72:65:74:2d:39", "secret-9");
        check("\"eyJhIjoic2VjcmV0LVx1MDAzOSJ9AAAA\"", "secret-\\u0039");
    }
}
