//! Everything that is looked for in one pass: each value in every writing that is a text of its own. Writings that
//! depend on their surroundings, such as escapes, are undone by `decode` instead.

use std::ops::Range;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use rustc_hash::FxHashSet;
use unicode_normalization::UnicodeNormalization;

use super::decode::Wants;
use super::grams::{Grams, PIECE_BYTES};
use super::policy::Guarded;
use crate::secret::Secret;

/// Bytes of a value that a string begins or ends with to be taken for a piece of it: with a quote, what [`Grams`] finds.
const START_BYTES: usize = PIECE_BYTES - 1;

const QUOTES: [u8; 3] = [b'"', b'\'', b'`'];

/// Texts shorter than this are not looked for: they stand everywhere by chance.
const SHORTEST_BYTES: usize = 8;

/// One text that is looked for.
struct Needle {
    text: Secret,
    /// Index of the guarded value, and of the part of it.
    value: usize,
    part: usize,
    writing: &'static str,
}

/// The texts, and how they are found.
pub struct Needles {
    list: Vec<Needle>,
    grams: Grams,
    /// Those too short for grams, which only a forced value can be, and their indices by pattern.
    short: Option<(AhoCorasick, Vec<usize>)>,
    /// Starts and ends of values as they stand in a string of their own, with a quote. `grams` knows them behind the
    /// needles, and other texts behind them.
    starts: Vec<Secret>,
    /// Halves of values, by the value and where the half begins. `grams` knows them behind `starts`. Where a value is cut in
    /// two, one of its halves is whole.
    halves: Vec<(Range<usize>, usize)>,
    /// All values, one behind the other.
    values: Secret,
    /// Where each of them stands there.
    ranges: Vec<Range<usize>>,
    /// The pairs of bytes in them, as a set of bits.
    pairs: Vec<u64>,
    wants: Wants,
}

/// A place where a text stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Index of the guarded value.
    pub(super) value: usize,
    /// Index of the part.
    pub(super) part: usize,
    /// How it is written.
    pub(super) writing: &'static str,
    /// First byte.
    pub(super) start: usize,
    /// Bytes.
    pub(super) length: usize,
}

impl Needles {
    /// Prepares the search for these values, and in the same pass for other texts, of which the places are told as they
    /// may be.
    ///
    /// # Panics
    /// Never: only an automaton of more than 2^31 states fails to build.
    #[must_use]
    pub fn new(guarded: &[Guarded], others: impl Iterator<Item = &'static [u8]>) -> Self {
        let mut list: Vec<Needle> = Vec::new();
        for (value, guarded) in guarded.iter().enumerate() {
            for (part, piece) in guarded.parts.iter().enumerate() {
                let whole = piece.value.expose();
                let mut texts = writings(whole);
                if part == 0 {
                    texts.extend(fragments(whole).into_iter().map(|text| (text, IN_PART)));
                }
                for (text, writing) in texts {
                    if text.len() >= SHORTEST_BYTES.min(whole.len()) {
                        list.push(Needle { text: Secret::new(text), value, part, writing });
                    }
                }
            }
        }
        let (long, short): (Vec<usize>, Vec<usize>) =
            (0..list.len()).partition(|index| list[*index].text.expose().len() >= PIECE_BYTES);
        let short = (!short.is_empty()).then(|| {
            let texts = short.iter().map(|index| list[*index].text.expose());
            let automaton =
                AhoCorasick::new(texts).expect("patterns from an environment are few and short");
            (automaton, short)
        });
        let values = guarded.iter().flat_map(|guarded| &guarded.parts);
        let starts: Vec<Secret> = values
            .clone()
            .map(|part| part.value.expose())
            .filter(|value| value.len() >= START_BYTES)
            .flat_map(|value| {
                let (start, end) = (&value[..START_BYTES], &value[value.len() - START_BYTES..]);
                let before = QUOTES.map(|quote| [&[quote], start].concat());
                let behind = QUOTES.map(|quote| [end, &[quote]].concat());
                before.into_iter().chain(behind)
            })
            // Words begin many strings, and values that begin with one are rarely taken apart.
            .filter(|text| text.iter().filter(|byte| !byte.is_ascii_lowercase()).count() > 1)
            .map(Secret::new)
            .collect();
        let texts = long.into_iter().map(|index| (index, list[index].text.expose()));
        let behind = (list.len()..).zip(starts.iter().map(Secret::expose));
        let all: Vec<u8> =
            values.clone().flat_map(|part| [part.value.expose(), b"\0"].concat()).collect();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for part in values.clone() {
            let start = ranges.last().map_or(0, |range| range.end + 1);
            ranges.push(start..start + part.value.expose().len());
        }
        let halves: Vec<(Range<usize>, usize)> = ranges
            .iter()
            .filter(|range| range.len() >= 2 * PIECE_BYTES)
            .flat_map(|range| [(range.clone(), 0), (range.clone(), range.len() / 2)])
            .collect();
        let of_halves = (list.len() + starts.len()..).zip(halves.iter().map(|(range, start)| {
            let value = &all[range.clone()];
            if *start == 0 { &value[..value.len() / 2] } else { &value[*start..] }
        }));
        let others =
            (list.len() + starts.len() + halves.len()..).zip(others.map(|text| -> &[u8] { text }));
        let grams = Grams::of(texts.chain(behind).chain(of_halves).chain(others));
        let wants = Wants::of(values.map(|part| part.value.expose()));
        let mut pairs = vec![0; (1 << 16) / 64];
        for pair in all.array_windows() {
            let pair = usize::from(u16::from_le_bytes(*pair));
            pairs[pair / 64] |= 1 << (pair % 64);
        }
        let values = Secret::new(all);
        Self { list, grams, short, starts, halves, values, ranges, pairs, wants }
    }

    /// What the values need of decoding.
    pub(super) fn wants(&self) -> &Wants {
        &self.wants
    }

    /// All places where a text stands, also those that share bytes; and whether a string begins or ends like a value without
    /// being one, so that it may be a piece of it.
    pub(super) fn find(&self, haystack: &[u8]) -> (Vec<Hit>, bool) {
        self.find_with(haystack, |_, _| {})
    }

    /// The same, and where each of the other texts may begin, by its index.
    pub(super) fn find_with(
        &self,
        haystack: &[u8],
        mut other: impl FnMut(usize, usize),
    ) -> (Vec<Hit>, bool) {
        let mut hits = Vec::new();
        // Places of starts and ends of values, without their quotes.
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        let mut is_cut = false;
        self.grams.find(haystack, |index, at| match index.checked_sub(self.list.len()) {
            None => hits.extend(self.hit_at(index, haystack, at)),
            Some(index) => match self.starts.get(index).map(Secret::expose) {
                Some(text) if haystack.get(at..at + text.len()) != Some(text) => {}
                Some([quote, ..]) if QUOTES.contains(quote) => starts.push(at + 1),
                Some(text) => ends.push(at + text.len() - 1),
                None => match index.checked_sub(self.starts.len() + self.halves.len()) {
                    Some(index) => other(index, at),
                    None if is_cut => {}
                    None => {
                        let (range, start) = &self.halves[index - self.starts.len()];
                        let value = &self.values.expose()[range.clone()];
                        is_cut = is_cut_at(value, haystack, at.wrapping_sub(*start));
                    }
                },
            },
        });
        // What stands there whole is no piece.
        let whole: FxHashSet<usize> =
            hits.iter().flat_map(|hit: &Hit| [hit.start, hit.start + hit.length]).collect();
        let has_start = is_cut || starts.iter().chain(&ends).any(|place| !whole.contains(place));
        if let Some((automaton, needles)) = &self.short {
            hits.extend(automaton.find_overlapping_iter(haystack).filter_map(|found| {
                self.hit_at(needles[found.pattern().as_usize()], haystack, found.start())
            }));
        }
        (hits, has_start)
    }

    /// Whether two bytes stand beside each other in some value.
    fn has_pair(&self, pair: [u8; 2]) -> bool {
        let pair = usize::from(u16::from_le_bytes(pair));
        self.pairs[pair / 64] & (1 << (pair % 64)) != 0
    }

    /// Whether a value begins at the end of one text and goes on, to its end, at the start of another.
    pub(super) fn is_across(&self, before: &[u8], behind: &[u8]) -> bool {
        let (Some(last), Some(first)) = (before.last(), behind.first()) else { return false };
        self.has_pair([*last, *first])
            && self.ranges.iter().any(|range| {
                let value = &self.values.expose()[range.clone()];
                (1..value.len())
                    .any(|cut| before.ends_with(&value[..cut]) && behind.starts_with(&value[cut..]))
            })
    }

    /// Whether a text is a piece of a value.
    pub(super) fn is_piece(&self, text: &[u8]) -> bool {
        let has = |pair: Option<&[u8; 2]>| pair.is_none_or(|pair| self.has_pair(*pair));
        has(text.first_chunk())
            && has(text.last_chunk())
            && memchr::memmem::find(self.values.expose(), text).is_some()
    }

    /// The needle, if its text stands there.
    fn hit_at(&self, index: usize, haystack: &[u8], start: usize) -> Option<Hit> {
        let Needle { ref text, value, part, writing } = self.list[index];
        let text = text.expose();
        (haystack.get(start..start + text.len()) == Some(text)).then_some(Hit {
            value,
            part,
            writing,
            start,
            length: text.len(),
        })
    }
}

/// Whether a string ends in the middle of a value that would stand at `at`, or begins there.
fn is_cut_at(value: &[u8], haystack: &[u8], at: usize) -> bool {
    let there = |index: usize| haystack.get(at.wrapping_add(index)).copied();
    let is_border = |byte: Option<u8>| byte.is_some_and(|byte| b"\"'`\\".contains(&byte));
    let same = |index: &usize| there(*index) == Some(value[*index]);
    let before = (0..value.len()).take_while(same).count();
    let behind = (0..value.len()).rev().take_while(same).count();
    before < value.len()
        && (before >= SHORTEST_CUT && is_border(there(before))
            || behind >= SHORTEST_CUT && is_border(there(value.len() - behind - 1)))
}

/// Fewest bytes of a value on one side of the place where it is cut.
const SHORTEST_CUT: usize = 6;

/// How a value is written of which only a part is there.
pub(super) const IN_PART: &str = "in part";

/// Shortest value of which a part is looked for, in bytes.
const SHORTEST_FRAGMENTED: usize = 40;

/// The middle and the last half of a long value that is one token: part of it may be enough to guess the rest. The
/// first half of many tokens is the same for all of their kind.
fn fragments(value: &[u8]) -> Vec<Vec<u8>> {
    let is_token = value.iter().all(u8::is_ascii_graphic) && !value.contains(&b':');
    if value.len() < SHORTEST_FRAGMENTED || !is_token {
        return Vec::new();
    }
    let half = value.len() / 2;
    vec![value[half / 2..half / 2 + half].to_vec(), value[half..].to_vec()]
}

/// The ways in which a value may be written as a text of its own. The first is the value itself.
fn writings(value: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let mut all: Vec<(Vec<u8>, &'static str)> = vec![(value.to_vec(), "plain text")];
    let mut add = |text: Vec<u8>, writing: &'static str| {
        if !text.is_empty() && !all.iter().any(|(known, _)| *known == text) {
            all.push((text, writing));
        }
    };
    for text in base64_writings(value) {
        add(text.iter().rev().copied().collect(), "base64, reversed");
        add(text, "base64");
    }
    for text in base32_writings(value) {
        add(text, "base32");
    }
    let hex = hex(value);
    add(hex.bytes().rev().collect(), "hex, reversed");
    add(hex.to_ascii_uppercase().into_bytes(), "hex");
    add(hex.into_bytes(), "hex");
    let Ok(text) = std::str::from_utf8(value) else {
        add(value.iter().rev().copied().collect(), "reversed");
        return all;
    };
    add(text.chars().rev().collect::<String>().into_bytes(), "reversed");
    for (writing, units) in
        [("UTF-16 LE", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("UTF-16 BE", u16::to_be_bytes)]
    {
        add(text.encode_utf16().flat_map(units).collect(), writing);
    }
    if text.contains('\'') {
        add(text.replace('\'', "''").into_bytes(), "escaped");
    }
    // A form needs no escape when spaces are all that is special.
    if text.contains(' ') && text.bytes().all(|byte| byte == b' ' || is_plain_in_form(byte)) {
        add(text.replace(' ', "+").into_bytes(), "percent-encoded");
    }
    if value.len() >= 16 {
        add(text.to_lowercase().into_bytes(), "in lower case");
        add(text.to_uppercase().into_bytes(), "in upper case");
        add(rot13(text).into_bytes(), "rot13");
    }
    if is_uuid(text) {
        add(text.replace('-', "_").into_bytes(), "without dashes");
        let digits = text.replace('-', "");
        add(digits.to_ascii_uppercase().into_bytes(), "without dashes");
        add(digits.into_bytes(), "without dashes");
    }
    if !text.is_ascii() {
        let forms = [
            text.nfc().collect::<String>(),
            text.nfd().collect(),
            text.nfkc().collect(),
            text.nfkd().collect(),
        ];
        for form in forms {
            add(form.into_bytes(), "another Unicode form");
        }
    }
    if text.contains('\n') {
        let unix = text.replace("\r\n", "\n");
        for end in ["\n", "\r\n", "\\n", "\\r\\n", "\\\\n", " ", ""] {
            add(unix.replace('\n', end).into_bytes(), "other line ends");
        }
    }
    all
}

/// Bytes that a form leaves as they are (WHATWG URL, application/x-www-form-urlencoded).
fn is_plain_in_form(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_')
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

fn rot13(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            'a'..='m' | 'A'..='M' => char::from(letter as u8 + 13),
            'n'..='z' | 'N'..='Z' => char::from(letter as u8 - 13),
            other => other,
        })
        .collect()
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, letter)| {
            if matches!(at, 8 | 13 | 18 | 23) { letter == '-' } else { letter.is_ascii_hexdigit() }
        })
}

/// The base64 of a value that stands at byte 0, 1 or 2 of a group of three, without the letters that its neighbours
/// have a part in.
fn base64_writings(value: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for offset in 0..3 {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(value);
        // ceil(8·offset / 6) letters hold bits of what comes before; the last one, of what comes after.
        let skip = (offset * 8).div_ceil(6);
        let whole = padded.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            if let Some(stable) = engine.encode(&padded).as_bytes().get(skip..whole) {
                all.push(stable.to_vec());
            }
        }
    }
    all
}

/// The same in base32 (RFC 4648), at the five places in a group.
fn base32_writings(value: &[u8]) -> Vec<Vec<u8>> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut all = Vec::new();
    for offset in 0..5usize {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(value);
        let mut letters = Vec::new();
        let (mut bits, mut count) = (0u32, 0);
        for byte in &padded {
            bits = (bits << 8) | u32::from(*byte);
            count += 8;
            while count >= 5 {
                count -= 5;
                letters.push(LETTERS[(bits >> count) as usize & 31]);
            }
            bits &= (1 << count) - 1;
        }
        let skip = (offset * 8).div_ceil(5);
        if let Some(stable) = letters.get(skip..) {
            all.push(stable.to_ascii_lowercase());
            all.push(stable.to_vec());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, haystack: &[u8], expected: &str) {
        let needles = Needles::new(&[Guarded::forced("KEY", value)], std::iter::empty());
        let (hits, _) = needles.find(haystack);
        assert!(hits.iter().any(|hit| hit.writing == expected), "{hits:?}");
    }

    #[test]
    fn every_writing_is_found() {
        let value = "p@ss/w\"rd+7f3Qz'9x";
        check(value, format!("let k = {value};").as_bytes(), "plain text");
        for before in ["", "a", "ab"] {
            for after in ["", "c", "cd"] {
                let encoded = STANDARD_NO_PAD.encode(format!("{before}{value}{after}"));
                check(value, format!("atob(\"{encoded}\")").as_bytes(), "base64");
                let encoded = URL_SAFE_NO_PAD.encode(format!("{before}{value}{after}"));
                check(value, encoded.as_bytes(), "base64");
            }
        }
        let utf16: Vec<u8> =
            format!("x{value}y").encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(value, &utf16, "UTF-16 LE");
        check("abcdefghij12345K", b"xx k54321jihgfedcba K54321jihgfedcba", "reversed");
        let backwards = |text: &str| text.chars().rev().collect::<String>().into_bytes();
        let encoded =
            backwards(&base64::engine::general_purpose::STANDARD.encode("f3Qz9x-Ab12-7Qx9"));
        check("f3Qz9x-Ab12-7Qx9", &encoded, "base64, reversed");
        check("0123abcd", &backwards("3031323361626364"), "hex, reversed");
        check("f3Qz9x-Ab12-7Qx9", b"F3QZ9X-AB12-7QX9", "in upper case");
        check("0123abcd", b"30313233 3031323361626364", "hex");
        check("hello-w0rld!", b"NBSWY3DPFV3TA4TMMQQQ", "base32");
        check(
            "zażółć gęślą",
            "zażółć gęślą".nfd().collect::<String>().as_bytes(),
            "another Unicode form",
        );
    }

    #[test]
    fn what_is_near_is_not_found() {
        let needles =
            Needles::new(&[Guarded::forced("KEY", "correct-horse-17")], std::iter::empty());
        assert!(needles.find(b"correct-horse-18 correct-horse-1").0.is_empty());
    }
}
