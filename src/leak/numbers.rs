//! Undoes lists of numbers: the characters, bytes or words of a text, and runs of binary digits.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;

use super::decode::{
    Brackets, Decoded, LIST_BYTES, Origins, SEPARATOR_BYTES, Take, find_all, is_quote, number,
    skip_space,
};

/// Fewest numbers that make a list.
const FEWEST_NUMBERS: usize = 8;

/// `[104, 0x65, …]`, the arguments of `String.fromCharCode`, and calls of it that are added; objects and strings of
/// numbers, and hex numbers in a row.
pub(super) fn lists(bytes: &[u8], brackets: &Brackets, take: &mut Take<'_>) {
    let mut done = 0;
    for first in brackets.numbers.iter().copied() {
        if first >= done {
            done = numbers(bytes, first, take);
        }
    }
    done = 0;
    for first in find_all(&FIRST_KEY, bytes) {
        if first >= done {
            done = numbers(bytes, first, take);
        }
    }
    done = 0;
    for first in find_all(&HEX_NUMBER, bytes) {
        if first >= done {
            done = numbers(bytes, first, take);
        }
    }
    for at in brackets.splits.iter().chain(&brackets.replaces).copied() {
        split_string(bytes, at, take);
    }
}

static FIRST_KEY: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new(b"\"0\":"));
static HEX_NUMBER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"0x"));

/// `"107,84".split(",")`, `"a|b".split("|").join("")` and `"a|b".replace(/[|]/g, "")`, by the place of the call.
fn split_string(bytes: &[u8], at: usize, take: &mut Take<'_>) {
    let Some(quote) = at.checked_sub(1).map(|at| bytes[at]).filter(|byte| is_quote(Some(byte)))
    else {
        return;
    };
    let from = (at - 1).saturating_sub(LIST_BYTES);
    let Some(start) = memchr::memrchr(quote, &bytes[from..at - 1]).map(|at| from + at + 1) else {
        return;
    };
    let Some(open) = memchr::memchr(b'(', &bytes[at..]) else { return };
    let argument = skip_space(bytes, at + open + 1);
    let rest = bytes.get(argument + 1..).unwrap_or_default();
    let mark = bytes.get(argument);
    let Some(end) = rest
        .iter()
        .take(SEPARATOR_BYTES + 1)
        .position(|byte| (is_quote(mark) || mark == Some(&b'/')) && Some(byte) == mark)
    else {
        return;
    };
    let separator = match &rest[..end] {
        // A class of one letter, or an escaped one.
        [b'[', letter, b']'] | [b'\\', letter] if mark == Some(&b'/') => {
            std::slice::from_ref(letter)
        }
        separator => separator,
    };
    if separator.is_empty() {
        return;
    }
    let text = &bytes[start..at - 1];
    if text.first().is_some_and(u8::is_ascii_digit) {
        numbers(bytes, start, take);
        if separator != b"," {
            separated_numbers(text, start, separator, take);
        }
    }
    let mut decoded = Decoded::new("joined strings");
    let mut next = 0;
    while next < text.len() {
        if text[next..].starts_with(separator) {
            next += separator.len();
        } else {
            decoded.push(text[next], start + next);
            next += 1;
        }
    }
    take(&mut decoded);
}

/// Characters by number, with any text between the numbers. `text` stands at `start`.
fn separated_numbers(text: &[u8], start: usize, separator: &[u8], take: &mut Take<'_>) {
    let mut decoded = Decoded::new("character codes");
    let (mut at, mut count) = (0, 0);
    loop {
        let end = memmem::find(&text[at..], separator).map_or(text.len(), |length| at + length);
        let number = std::str::from_utf8(&text[at..end]).ok().and_then(|part| part.parse().ok());
        let Some(character) = number.and_then(char::from_u32) else { return };
        decoded.push_char(character, start + at);
        count += 1;
        if end == text.len() {
            break;
        }
        at = end + separator.len();
    }
    if count >= FEWEST_NUMBERS {
        take(&mut decoded);
    }
}

/// Most numbers that are looked at together; the last of them once more with those behind, as far as a value may reach.
const MOST_NUMBERS: usize = 1 << 16;
const KEPT_NUMBERS: usize = 1 << 12;

/// Numbers in a row, from the first on: characters, bytes, or words of several bytes. Returns where they end.
fn numbers(bytes: &[u8], first: usize, take: &mut Take<'_>) -> usize {
    let mut values: Vec<(u32, usize)> = Vec::new();
    let mut at = first;
    loop {
        at = skip_key(bytes, at);
        let is_negative = bytes.get(at) == Some(&b'-');
        let digits = at + usize::from(is_negative);
        let radix = match (bytes.get(digits), bytes.get(digits + 1)) {
            (Some(b'0'), Some(b'x' | b'X')) => 16,
            (Some(b'0'), Some(b'o')) => 8,
            (Some(b'0'), Some(b'b')) => 2,
            _ => 10,
        };
        let prefix = if radix == 10 { 0 } else { 2 };
        let Some((value, length)) = number(bytes, digits + prefix, radix, 32) else { break };
        values.push((if is_negative { value.wrapping_neg() } else { value }, at));
        if values.len() >= MOST_NUMBERS {
            emit(&values, take);
            values.drain(..MOST_NUMBERS - KEPT_NUMBERS);
        }
        let end = digits + prefix + length;
        let Some(next) = next_number(bytes, end) else {
            at = end;
            break;
        };
        at = next;
    }
    emit(&values, take);
    at
}

/// Numbers as what they may be.
fn emit(values: &[(u32, usize)], take: &mut Take<'_>) {
    let most = values.iter().map(|(value, _)| *value).max().unwrap_or_default();
    if values.len() >= FEWEST_NUMBERS {
        // Bytes may be below zero. Those above 127 may be characters, or parts of characters in UTF-8.
        let mut in_bytes = Decoded::new("character codes");
        for (value, at) in values {
            let byte = u8::try_from(*value).or_else(|_| u8::try_from(value.wrapping_add(256)));
            if let Ok(byte) = byte {
                in_bytes.push(byte, *at);
            }
        }
        take(&mut in_bytes);
        if most > 127 {
            take(&mut characters(values));
        }
    }
    // Fewer numbers hold as much where each is several bytes.
    let width = if most > u32::from(u16::MAX) { 4 } else { 2 };
    if most > u32::from(u8::MAX) && values.len() * width >= FEWEST_NUMBERS {
        for is_little in [true, false] {
            let mut decoded = Decoded::new("integers of several bytes");
            for (value, at) in values {
                let bytes = if is_little { value.to_le_bytes() } else { value.to_be_bytes() };
                let bytes = if is_little { &bytes[..width] } else { &bytes[4 - width..] };
                for byte in bytes {
                    decoded.push(*byte, *at);
                }
            }
            take(&mut decoded);
        }
    }
}

/// Characters by their numbers, of which those beyond U+FFFF may be pairs of surrogates.
fn characters(values: &[(u32, usize)]) -> Decoded {
    let mut decoded = Decoded::new("character codes");
    let mut high = None;
    for (value, at) in values {
        match (high.take(), *value) {
            (_, 0xd800..0xdc00) => high = Some(*value),
            (Some(high), 0xdc00..0xe000) => {
                let code = 0x10000 + ((high - 0xd800) << 10) + (value - 0xdc00);
                decoded.push_char(char::from_u32(code).unwrap_or_default(), *at);
            }
            (_, value) => decoded.push_char(char::from_u32(value).unwrap_or_default(), *at),
        }
    }
    decoded
}

/// Over `"12":` before a number.
fn skip_key(bytes: &[u8], at: usize) -> usize {
    let digits = bytes.get(at + 1..).unwrap_or_default();
    let count = digits.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let is_key = bytes.get(at) == Some(&b'"')
        && count > 0
        && digits.get(count..).is_some_and(|rest| rest.starts_with(b"\":"));
    if is_key { skip_space(bytes, at + count + 3) } else { at }
}

/// Where the next number of a list begins: behind a comma, a space before a hex number, or `)+String.fromCharCode(`.
fn next_number(bytes: &[u8], end: usize) -> Option<usize> {
    let after = skip_space(bytes, end);
    match bytes.get(after)? {
        b',' => Some(skip_space(bytes, after + 1)),
        b'0' if after > end => Some(after),
        b')' => {
            let plus = skip_space(bytes, after + 1);
            (bytes.get(plus) == Some(&b'+')).then_some(())?;
            let call = skip_space(bytes, plus + 1);
            let rest = bytes.get(call..)?;
            let rest = &rest[..rest.len().min(40)];
            let name = memmem::find(rest, b"fromCharCode(")?;
            let is_path =
                rest[..name].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
            is_path.then(|| skip_space(bytes, call + name + 13))
        }
        _ => None,
    }
}

/// Fewest binary digits in a row that are decoded.
const FEWEST_BITS: usize = 64;

/// Runs of binary digits, eight of them for a byte.
pub(super) fn bits(bytes: &[u8], runs: &[Range<usize>], take: &mut Take<'_>) {
    for run in runs.iter().filter(|run| run.len() >= FEWEST_BITS) {
        let digits = &bytes[run.clone()];
        if !digits.iter().all(|digit| matches!(digit, b'0' | b'1')) {
            continue;
        }
        for offset in 0..8 {
            let eights = digits[offset..].as_chunks::<8>().0;
            let byte = |eight: &[u8; 8]| eight.iter().fold(0, |byte, bit| byte << 1 | (bit & 1));
            let from = Origins::Even { start: run.start + offset, letters: 8, bytes: 1 };
            take(&mut Decoded { bytes: eights.iter().map(byte).collect(), from, writing: "bits" });
        }
    }
}
