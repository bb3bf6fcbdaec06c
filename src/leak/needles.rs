//! Rule: values of guarded variables, as they are and as code, JSON, base64 and URLs write them.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::policy::Guarded;

/// How a value is written where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// With the escapes of a JSON or JavaScript string.
    Escaped,
    /// Base64, at any of the three alignments.
    Base64,
    /// Percent-encoded.
    Percent,
}

impl Encoding {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain text",
            Self::Escaped => "escaped",
            Self::Base64 => "base64",
            Self::Percent => "percent-encoded",
        }
    }

    /// How many there are, for the denominator of a result.
    pub const COUNT: usize = 4;
}

/// Everything that is looked for, in one automaton.
pub struct Needles {
    automaton: AhoCorasick,
    /// Index of the guarded variable, and the encoding, of each pattern.
    patterns: Vec<(usize, Encoding)>,
}

/// A place where a pattern matched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) variable: usize,
    pub(super) encoding: Encoding,
    pub(super) start: usize,
}

impl Needles {
    /// Prepares the search for these variables.
    ///
    /// # Panics
    /// Never: only an automaton of more than 2^31 states fails to build.
    #[must_use]
    pub fn new(guarded: &[Guarded]) -> Self {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        let mut patterns = Vec::new();
        for (variable, guarded) in guarded.iter().enumerate() {
            for (text, encoding) in writings(guarded.value.expose()) {
                texts.push(text);
                patterns.push((variable, encoding));
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(if texts.len() < 100 {
                AhoCorasickKind::DFA
            } else {
                AhoCorasickKind::ContiguousNFA
            }))
            .build(&texts)
            .expect("patterns from an environment are few and short");
        Self { automaton, patterns }
    }

    /// All places where a value stands, at most one for each variable and start.
    pub(super) fn find(&self, haystack: &[u8]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = self
            .automaton
            .find_overlapping_iter(haystack)
            .map(|found| {
                let (variable, encoding) = self.patterns[found.pattern().as_usize()];
                Hit { variable, encoding, start: found.start() }
            })
            .collect();
        hits.sort_by_key(|hit| (hit.start, hit.variable, hit.encoding));
        // One value written once may match several patterns, such as two forms of base64.
        hits.dedup_by(|next, first| {
            next.variable == first.variable && next.start.abs_diff(first.start) <= 2
        });
        hits
    }
}

/// The ways in which a value may be written. The first is the value itself.
fn writings(value: &[u8]) -> Vec<(Vec<u8>, Encoding)> {
    let mut all = vec![(value.to_vec(), Encoding::Plain)];
    let mut add = |text: Vec<u8>, encoding: Encoding| {
        if !all.iter().any(|(known, _)| *known == text) {
            all.push((text, encoding));
        }
    };
    for text in escaped(value) {
        add(text, Encoding::Escaped);
    }
    for text in base64_writings(value) {
        add(text, Encoding::Base64);
    }
    for text in percent_writings(value) {
        add(text, Encoding::Percent);
    }
    all
}

/// A value inside of a JSON string, of a JavaScript string, and of a JSON string inside of a JavaScript string.
fn escaped(value: &[u8]) -> Vec<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(value) else { return Vec::new() };
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).expect("a string always serialises");
        quoted.get(1..quoted.len() - 1).expect("it is quoted").to_owned()
    };
    let once = json(text);
    let twice = json(&once);
    let ascii: String = once
        .chars()
        .flat_map(|character| {
            if character.is_ascii() {
                return vec![character];
            }
            let mut units = [0; 2];
            character
                .encode_utf16(&mut units)
                .iter()
                .flat_map(|unit| format!("\\u{unit:04x}").chars().collect::<Vec<_>>())
                .collect()
        })
        .collect();
    // Code generators quote with whichever mark needs the fewest escapes.
    let single = once.replace("\\\"", "\"").replace('\'', "\\'");
    let template =
        once.replace("\\\"", "\"").replace('`', "\\`").replace("${", "\\${").replace("\\n", "\n");
    let slashes = once.replace('/', "\\/");
    let script = once.replace("</script", "<\\/script");
    [once, twice, ascii, single, template, slashes, script].map(String::into_bytes).to_vec()
}

/// The base64 of a value that stands at byte 0, 1 or 2 of a group of three, without the letters that its neighbours
/// have a part in.
fn base64_writings(value: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for offset in 0..3 {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(value);
        // ceil(8·offset / 6) letters hold bits of what comes before.
        let skip = (offset * 8).div_ceil(6);
        // The last letter holds bits of what comes after, unless the value ends with its group.
        let whole = padded.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded);
            if let Some(stable) = encoded.as_bytes().get(skip..whole)
                && stable.len() >= 8
            {
                all.push(stable.to_vec());
            }
        }
    }
    all
}

/// `encodeURIComponent`, the form encoding, and every byte as `%XX`, with digits in either case.
fn percent_writings(value: &[u8]) -> Vec<Vec<u8>> {
    let encode = |keep: &dyn Fn(u8) -> bool, lower: bool, space: &str| {
        let mut text = String::new();
        for byte in value {
            if *byte == b' ' && space != "%20" {
                text.push_str(space);
            } else if keep(*byte) {
                text.push(char::from(*byte));
            } else if lower {
                text.push_str(&format!("%{byte:02x}"));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
        text.into_bytes()
    };
    let component = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut all = Vec::new();
    for lower in [false, true] {
        all.push(encode(&component, lower, "%20"));
        all.push(encode(&unreserved, lower, "%20"));
        all.push(encode(&unreserved, lower, "+"));
        all.push(encode(&|_| false, lower, "%20"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[track_caller]
    fn check(value: &str, haystack: &str, expected: Encoding) {
        let guarded = [Guarded { name: "KEY".into(), value: Secret::from(value.to_owned()) }];
        let hits = Needles::new(&guarded).find(haystack.as_bytes());
        assert_eq!(hits.len(), 1, "{haystack}");
        assert_eq!(hits[0].encoding, expected, "{haystack}");
    }

    #[test]
    fn every_writing_is_found() {
        let value = "p@ss/w\"rd+7f3Qz'9x";
        check(value, &format!("let k = {value};"), Encoding::Plain);
        check(
            value,
            &format!("let k = {};", serde_json::to_string(value).unwrap()),
            Encoding::Escaped,
        );
        check(value, "let k = 'p@ss/w\"rd+7f3Qz\\'9x';", Encoding::Escaped);
        check(value, "?k=p%40ss%2Fw%22rd%2B7f3Qz'9x", Encoding::Percent);
        check(value, "?k=p%40ss%2fw%22rd%2b7f3Qz%279x", Encoding::Percent);
        for before in ["", "a", "ab"] {
            for after in ["", "c", "cd"] {
                let encoded = STANDARD_NO_PAD.encode(format!("{before}{value}{after}"));
                check(value, &format!("atob(\"{encoded}\")"), Encoding::Base64);
                let encoded = URL_SAFE_NO_PAD.encode(format!("{before}{value}{after}"));
                check(value, &encoded, Encoding::Base64);
            }
        }
    }

    #[test]
    fn what_is_near_is_not_found() {
        let guarded =
            [Guarded { name: "KEY".into(), value: Secret::from("correct-horse-17".to_owned()) }];
        let needles = Needles::new(&guarded);
        assert!(needles.find(b"correct-horse-18 correct-horse-1").is_empty());
    }
}
