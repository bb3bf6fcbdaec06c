//! Undoes ways of writing: escapes, entities, percent signs, joined strings, lists of numbers, base64 and hex. Only
//! stretches that show signs of one are decoded, and each decoded byte knows where it came from.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::{memchr_iter, memchr2_iter, memmem};

/// Text that was decoded.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// For each byte, where in the encoded text it began.
    pub(super) from: Vec<usize>,
    pub(super) writing: &'static str,
}

impl Decoded {
    fn new(writing: &'static str) -> Self {
        Self { bytes: Vec::new(), from: Vec::new(), writing }
    }

    fn push(&mut self, byte: u8, from: usize) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    fn push_char(&mut self, character: char, from: usize) {
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
    /// Characters of values that scripts write with a `\` before them.
    marks: Vec<u8>,
    /// Some value has a space, which forms write as `+`.
    spaces: bool,
    /// Some value has a sign of a writing in it: a backslash, `%`, `&` or a quote.
    has_signs: bool,
}

impl Wants {
    /// Looks at the values.
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut wants = Self::default();
        let mut longest = 0;
        for value in values {
            longest = longest.max(value.len());
            wants.spaces |= value.contains(&b' ');
            wants.has_signs |= value.iter().any(|byte| b"\\%&\"'`".contains(byte));
            for mark in value {
                let escape = match mark {
                    b'\n' => b'n',
                    b'\r' => b'r',
                    b'\t' => b't',
                    other => *other,
                };
                let is_mark = !mark.is_ascii_alphanumeric() || escape != *mark;
                if is_mark && !wants.marks.contains(&escape) {
                    wants.marks.push(escape);
                }
            }
        }
        wants.around = longest.clamp(64, 256);
        wants
    }
}

/// Everything in `bytes` that can be read in another way: as a text that is written with escapes and the like, and as
/// bytes that are written in letters.
pub(super) fn decode(bytes: &[u8], wants: &Wants, as_text: bool, as_bytes: bool) -> Vec<Decoded> {
    let mut all = Vec::new();
    if as_text {
        texts(bytes, wants, &mut all);
    }
    if as_bytes {
        number_lists(bytes, &mut all);
        base64_runs(bytes, &mut all);
        hex_runs(bytes, &mut all);
    }
    all
}

/// Whether a writing is one of texts: escapes, entities, percent signs, joints.
pub(super) fn is_textual(writing: &str) -> bool {
    ["escaped", "percent-encoded", "HTML entities", "joined strings", "CSS escapes"]
        .contains(&writing)
}

fn texts(bytes: &[u8], wants: &Wants, all: &mut Vec<Decoded>) {
    let (mut texts, mut css) = (Spans::new(wants.around), Spans::new(wants.around));
    let mut signs: Vec<usize> = Vec::new();
    for at in memchr_iter(b'\\', bytes) {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        if matches!(next, b'x' | b'u' | b'0'..=b'7' | b'\n' | b'\r') || wants.marks.contains(&next)
        {
            signs.push(at);
        }
        if next.is_ascii_hexdigit() && is_css_escape(bytes, at) {
            css.add(at, bytes.len());
        }
    }
    signs.extend(memchr_iter(b'%', bytes).filter(|at| hex_byte(bytes, at + 1).is_some()));
    signs.extend(memchr_iter(b'&', bytes).filter(|at| {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        (next == b'#' || next.is_ascii_alphabetic()) && entity(bytes, *at).is_some()
    }));
    for at in memchr_iter(b'+', bytes) {
        // The quote before it, over white space and the end of a call.
        let mut before = at;
        while before > 0 && (bytes[before - 1].is_ascii_whitespace() || bytes[before - 1] == b')') {
            before -= 1;
        }
        if before > 0 && is_quote(bytes.get(before - 1)) && glue(bytes, before - 1).is_some() {
            signs.push(at);
        }
    }
    let mut lists = Spans::new(0);
    for at in memmem::find_iter(bytes, b"${") {
        if is_quote(bytes.get(skip_space(bytes, at + 2))) {
            signs.push(at);
        }
    }
    for at in memmem::find_iter(bytes, b".concat(") {
        let is_string = at > 0 && (is_quote(bytes.get(at - 1)) || bytes[at - 1] == b')');
        if is_string && is_quote(bytes.get(skip_space(bytes, at + 8))) {
            lists.list.push(at.saturating_sub(wants.around)..(at + LIST_BYTES).min(bytes.len()));
        }
    }
    for at in memmem::find_iter(bytes, b".join(") {
        // A list of strings, and nothing between them.
        let before = bytes[..at].trim_ascii_end();
        let is_list =
            before.ends_with(b"]") && is_quote(before[..before.len() - 1].trim_ascii_end().last());
        let argument = skip_space(bytes, at + 6);
        if is_list
            && is_quote(bytes.get(argument))
            && bytes.get(argument) == bytes.get(argument + 1)
        {
            lists.list.push(at.saturating_sub(LIST_BYTES)..at);
        }
    }
    signs.sort_unstable();
    for at in signs {
        texts.add(at, bytes.len());
    }
    for span in &texts.list {
        all.push(text(bytes, span, Kinds::ALL));
        // A value that has signs itself is written in one way only.
        if wants.has_signs {
            all.push(text(bytes, span, Kinds { script: true, ..Kinds::NONE }));
            all.push(text(bytes, span, Kinds { percent: true, ..Kinds::NONE }));
            all.push(text(bytes, span, Kinds { entities: true, ..Kinds::NONE }));
        }
        if wants.spaces
            && bytes[span.clone()].contains(&b'+')
            && bytes[span.clone()].contains(&b'%')
        {
            all.push(text(bytes, span, Kinds { form: true, ..Kinds::ALL }));
        }
    }
    all.extend(lists.list.iter().map(|span| text(bytes, span, Kinds { list: true, ..Kinds::ALL })));
    all.extend(css.list.iter().map(|span| css_escapes(bytes, span)));
    // A form without any escape.
    if wants.spaces && memmem::find(bytes, b"+").is_some() {
        all.extend(plus_forms(bytes, wants));
    }
}

/// Bytes of a list of strings that is joined.
const LIST_BYTES: usize = 2048;

/// `\` and hex digits are an escape of a style sheet when a space or another one follows, or there are many.
fn is_css_escape(bytes: &[u8], at: usize) -> bool {
    number(bytes, at + 1, 16, 6).is_some_and(|(_, count)| {
        let after = bytes.get(at + 1 + count);
        count >= 4 || after.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'\\')
    })
}

/// Words with `+` between them, as forms write spaces.
fn plus_forms(bytes: &[u8], wants: &Wants) -> Vec<Decoded> {
    let mut spans = Spans::new(wants.around);
    for at in memchr_iter(b'+', bytes) {
        let is_inside = at > 0
            && bytes[at - 1].is_ascii_alphanumeric()
            && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        if is_inside {
            spans.add(at, bytes.len());
        }
    }
    spans.list.iter().map(|span| text(bytes, span, Kinds { form: true, ..Kinds::ALL })).collect()
}

type Span = std::ops::Range<usize>;

/// Stretches around signs; those that touch become one.
struct Spans {
    list: Vec<Span>,
    around: usize,
}

impl Spans {
    fn new(around: usize) -> Self {
        Self { list: Vec::new(), around }
    }

    fn add(&mut self, at: usize, length: usize) {
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
struct Kinds {
    /// Escapes of scripts, and joints of strings.
    script: bool,
    percent: bool,
    entities: bool,
    /// Commas join strings, too.
    list: bool,
    /// `+` is a space.
    form: bool,
}

impl Kinds {
    const ALL: Self =
        Self { script: true, percent: true, entities: true, list: false, form: false };
    const NONE: Self =
        Self { script: false, percent: false, entities: false, list: false, form: false };
}

/// Undoes in one go what texts are written with: escapes of scripts, percent signs, entities, and joints of strings.
fn text(bytes: &[u8], span: &Span, kinds: Kinds) -> Decoded {
    let mut decoded = Decoded::new("");
    let (mut escapes, mut percents, mut entities, mut joints) = (0, 0, 0, 0);
    let mut at = span.start;
    while at < span.end {
        let byte = bytes[at];
        match byte {
            b'\\' if kinds.script => {
                at += script_escape(bytes, at, &mut decoded);
                escapes += 1;
            }
            b'%' if kinds.percent && hex_byte(bytes, at + 1).is_some() => {
                decoded.push(hex_byte(bytes, at + 1).unwrap_or_default(), at);
                at += 3;
                percents += 1;
            }
            b'&' if kinds.entities && entity(bytes, at).is_some() => {
                let (character, length) = entity(bytes, at).unwrap_or(('&', 1));
                decoded.push_char(character, at);
                at += length;
                entities += 1;
            }
            b'"' | b'\'' | b'`' if kinds.script => match glue(bytes, at) {
                Some((next, is_comma)) if kinds.list || !is_comma => {
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
    decoded
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn hex_byte(bytes: &[u8], at: usize) -> Option<u8> {
    Some(hex_digit(*bytes.get(at)?)? * 16 + hex_digit(*bytes.get(at + 1)?)?)
}

/// A number of up to `most` digits in `radix` at `at`, and how many digits it has.
fn number(bytes: &[u8], at: usize, radix: u32, most: usize) -> Option<(u32, usize)> {
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
fn script_escape(bytes: &[u8], at: usize, decoded: &mut Decoded) -> usize {
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
    ENTITIES.iter().find_map(|(name, character)| {
        let end = at + 1 + name.len();
        let is_it =
            bytes.get(at + 1..end) == Some(name.as_bytes()) && bytes.get(end) == Some(&b';');
        is_it.then_some((*character, name.len() + 2))
    })
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

fn is_quote(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'"' | b'\'' | b'`'))
}

/// What stands between two strings that are joined, from the quote that ends the first to the one that begins the
/// second: `" + "`, `".concat("`, `"}${"`, `", "`, and the borders of a template. Returns where the second begins, and
/// whether only a comma is between them.
fn glue(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let after = skip_space(bytes, at + 1);
    let quoted = |next: usize| is_quote(bytes.get(next)).then_some(next + 1);
    match bytes.get(after)? {
        b'+' => quoted(skip_space(bytes, after + 1)).map(|next| (next, false)),
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

/// Fewest numbers that make a list.
const FEWEST_NUMBERS: usize = 8;

/// `[104, 0x65, …]`, and the arguments of `String.fromCharCode`: characters by number.
fn number_lists(bytes: &[u8], all: &mut Vec<Decoded>) {
    let mut done = 0;
    for open in memchr2_iter(b'[', b'(', bytes) {
        if open < done {
            continue;
        }
        let first = skip_space(bytes, open + 1);
        if !bytes.get(first).is_some_and(u8::is_ascii_digit) {
            continue;
        }
        // Numbers above 127 may be characters, or bytes of characters in UTF-8.
        let mut decoded = Decoded::new("character codes");
        let mut in_bytes = Decoded::new("character codes");
        let mut at = first;
        let (mut count, mut high) = (0, None);
        loop {
            let is_hex =
                bytes.get(at) == Some(&b'0') && matches!(bytes.get(at + 1), Some(b'x' | b'X'));
            let found = if is_hex {
                number(bytes, at + 2, 16, 6).map(|(value, count)| (value, count + 2))
            } else {
                number(bytes, at, 10, 7)
            };
            let Some((value, length)) = found else { break };
            match (high.take(), value) {
                (_, 0xd800..0xdc00) => high = Some(value),
                (Some(high), 0xdc00..0xe000) => {
                    let code = 0x10000 + ((high - 0xd800) << 10) + (value - 0xdc00);
                    decoded.push_char(char::from_u32(code).unwrap_or_default(), at);
                }
                _ => match char::from_u32(value) {
                    Some(character) => decoded.push_char(character, at),
                    None => break,
                },
            }
            if let Ok(byte) = u8::try_from(value) {
                in_bytes.push(byte, at);
            }
            count += 1;
            at = skip_space(bytes, at + length);
            if bytes.get(at) != Some(&b',') {
                break;
            }
            at = skip_space(bytes, at + 1);
        }
        done = at;
        if count >= FEWEST_NUMBERS {
            if in_bytes.bytes != decoded.bytes {
                all.push(in_bytes);
            }
            all.push(decoded);
        }
    }
}

/// Shortest run of base64 that is decoded: shorter ones hold nothing that is written twice.
const SHORTEST_BASE64: usize = 24;

fn is_base64(byte: u8) -> bool {
    BASE64_LETTERS[usize::from(byte)]
}

/// Letters of both kinds of base64, by byte: the table is asked for every byte of every file.
static BASE64_LETTERS: [bool; 256] = {
    let mut table = [false; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
    let mut index = 0;
    while index < letters.len() {
        table[letters[index] as usize] = true;
        index += 1;
    }
    table
};

/// The end of a line inside of base64, in a text or in a string.
fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at.min(bytes.len())..];
    [b"\\r\\n".as_slice(), b"\\n", b"\r\n", b"\n"]
        .iter()
        .find(|end| rest.starts_with(end))
        .map_or(0, |end| end.len())
}

fn base64_runs(bytes: &[u8], all: &mut Vec<Decoded>) {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, config);
    let mut at = 0;
    let mut last = 0;
    // Every run that is long enough fills one window, and most windows end with their first byte.
    while let Some(window) = bytes.get(at..at + SHORTEST_BASE64 / 2) {
        // Letters of a word stand together, so bytes that are apart tell sooner.
        let is_run = [0, 11, 6, 3, 9].iter().all(|index| is_base64(window[*index]))
            && window.iter().all(|byte| is_base64(*byte));
        if !is_run {
            at += SHORTEST_BASE64 / 2;
            continue;
        }
        let mut start = at;
        while start > last && is_base64(bytes[start - 1]) {
            start -= 1;
        }
        let length =
            bytes[start..].iter().position(|byte| !is_base64(*byte)).unwrap_or(bytes.len() - start);
        if length < SHORTEST_BASE64 {
            at = (start + length).max(at + SHORTEST_BASE64 / 2);
            continue;
        }
        let mut letters: Vec<u8> = Vec::new();
        let mut from: Vec<usize> = Vec::new();
        let (mut end, mut line) = (start, 0);
        while end < bytes.len() {
            if is_base64(bytes[end]) {
                letters.push(match bytes[end] {
                    b'-' => b'+',
                    b'_' => b'/',
                    other => other,
                });
                from.push(end);
                end += 1;
                line += 1;
                continue;
            }
            // Lines of encoded text are long and even.
            let skip = if line >= 40 && line % 4 == 0 { line_end(bytes, end) } else { 0 };
            if skip == 0 || !bytes.get(end + skip).is_some_and(|byte| is_base64(*byte)) {
                break;
            }
            end += skip;
            line = 0;
        }
        at = end.max(at + 1);
        last = end;
        if letters.len() < SHORTEST_BASE64 || !looks_encoded(&letters) {
            continue;
        }
        // A run may begin with letters that are none of it.
        let offsets = if letters.len() > 4096 { 1 } else { 4 };
        for offset in 0..offsets {
            // One letter alone holds no byte.
            let spare = usize::from((letters.len() - offset) % 4 == 1);
            let text = &letters[offset..letters.len() - spare];
            let Ok(decoded) = engine.decode(text) else { continue };
            let from = (0..decoded.len()).map(|byte| from[offset + byte * 4 / 3]).collect();
            all.push(Decoded { bytes: decoded, from, writing: "base64" });
        }
    }
}

/// Names and words are runs of these letters, too, but not of all kinds.
fn looks_encoded(letters: &[u8]) -> bool {
    let upper = letters.iter().filter(|letter| letter.is_ascii_uppercase()).count();
    let digits = letters.iter().filter(|letter| letter.is_ascii_digit()).count();
    upper * 8 >= letters.len() && (digits > 0 || letters.len() >= 40)
}

/// Fewest bytes in hex that are decoded.
const FEWEST_HEX: usize = 8;

/// Runs of hex digits, and pairs with `:`, `-` or a space between them.
fn hex_runs(bytes: &[u8], all: &mut Vec<Decoded>) {
    hex_pairs(bytes, all);
    let mut at = 0;
    while at < bytes.len() {
        let Some(probe) = bytes.get(at + 31) else { break };
        if !probe.is_ascii_hexdigit() {
            at += 32;
            continue;
        }
        let mut start = at + 31;
        while start > at && bytes[start - 1].is_ascii_hexdigit() {
            start -= 1;
        }
        let mut end = start;
        while bytes.get(end).is_some_and(u8::is_ascii_hexdigit) {
            end += 1;
        }
        if end - start >= 32 {
            for offset in 0..2 {
                let mut decoded = Decoded::new("hex");
                let mut next = start + offset;
                while next + 1 < end {
                    if let Some(byte) = hex_byte(bytes, next) {
                        decoded.push(byte, next);
                    }
                    next += 2;
                }
                all.push(decoded);
            }
        }
        at = end.max(at + 1);
    }
}

/// Pairs of hex digits with one kind of mark between them. The fewest take 23 bytes, so a window of six at every
/// sixteenth byte is within each.
fn hex_pairs(bytes: &[u8], all: &mut Vec<Decoded>) {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'-' | b' ');
    let mut at = 2;
    while let Some(window) = bytes.get(at..at + 6) {
        if !window.iter().all(|byte| is_part(*byte)) {
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
            all.push(decoded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(encoded: &str, expected: &str) {
        let wants = Wants::of([b"a value/with \"marks\" and spaces".as_slice()].into_iter());
        let found = decode(encoded.as_bytes(), &wants, true, true).iter().any(|decoded| {
            let text = String::from_utf8_lossy(&decoded.bytes).into_owned();
            assert_eq!(decoded.bytes.len(), decoded.from.len());
            text.contains(expected)
        });
        assert!(found, "{expected} in {encoded}");
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
        check("a=my+secret+word", "my secret word");
        check("String.fromCharCode(115,101, 99,0x72,101,116,45,57)", "secret-9");
        check("a73656372657420736563726574207365637265740", "secret secret");
        check("73:65:63:72:65:74:2d:39", "secret-9");
        check("\"eyJhIjoic2VjcmV0LVx1MDAzOSJ9AAAA\"", "secret-\\u0039");
    }
}
