//! Names that carry a content hash: how bundlers write them, which part of a name may be one, and which names differ in
//! nothing else. Only a name that is compared with another, or with what a bundler says of it, is certain: `overview` has
//! the form of a hash of Vite's, and `20261127` that of one of webpack's.

/// How a bundler writes the hash of an output.
#[derive(Debug, Clone, Copy)]
struct Scheme {
    /// Whose it is, and where that is written.
    #[cfg_attr(not(test), expect(dead_code, reason = "the source of the facts in this row"))]
    source: &'static str,
    /// Which characters it has.
    alphabet: Alphabet,
    /// How many of them.
    lengths: &'static [usize],
}

/// The characters of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// `0-9a-f`.
    Hex,
    /// `A-Z2-7`, RFC 4648.
    Base32,
    /// Digits and letters without `i l o u`, in lower case.
    LowerBase32,
    /// Digits and letters without `I L O U`, in upper case.
    UpperBase32,
    /// `A-Za-z0-9_-`.
    Base64Url,
}

const SCHEMES: &[Scheme] = &[
    Scheme {
        source: "Rollup, and so Vite, SvelteKit, Nuxt and Astro; Rolldown: `output.hashCharacters` is base64 and \
                 `[hash]` has 8 (rollupjs.org/configuration-options/#output-hashcharacters)",
        alphabet: Alphabet::Base64Url,
        lengths: &[8],
    },
    Scheme {
        source: "webpack and Rspack: `output.hashDigest` is hex, `output.hashDigestLength` 16 or 20, often cut to 8 \
                 (webpack.js.org/configuration/output/#outputhashdigestlength); Next.js 16, Gatsby 20; Parcel 8 \
                 (parceljs.org/features/production/#content-hashing)",
        alphabet: Alphabet::Hex,
        lengths: &[8, 16, 20, 32],
    },
    Scheme {
        source: "esbuild, and so Angular and tsup: 8 of base32 (esbuild.github.io/api/#entry-names)",
        alphabet: Alphabet::Base32,
        lengths: &[8],
    },
    Scheme {
        source: "Bun: 8 of base32 in lower case (bun.sh/docs/bundler#naming)",
        alphabet: Alphabet::LowerBase32,
        lengths: &[8],
    },
    Scheme { source: "bundlegate: `content_hash`", alphabet: Alphabet::UpperBase32, lengths: &[8] },
];

/// Characters of the id of a build that Next.js puts into paths (nanoid's default).
const BUILD_ID_LENGTH: usize = 21;

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Self::LowerBase32 => {
                matches!(byte, b'0'..=b'9' | b'a'..=b'z') && !b"ilou".contains(&byte)
            }
            Self::UpperBase32 => {
                matches!(byte, b'0'..=b'9' | b'A'..=b'Z') && !b"ILOU".contains(&byte)
            }
            Self::Base64Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        }
    }
}

/// A path with a part that may be a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed<'a> {
    /// What stands before it, without the ids of builds.
    pub before: String,
    /// The part.
    pub hash: &'a str,
    /// What stands behind it.
    pub after: &'a str,
}

impl Hashed<'_> {
    /// The path with `[hash]` in the place of the hash. Paths of the same template and length of the hash may be of the
    /// same output.
    #[must_use]
    pub fn template(&self) -> String {
        format!("{}[hash]{}", self.before, self.after)
    }

    /// Whether the part looks like nothing but a hash. One in a hundred hashes looks like a word or a number.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        !is_word(self.hash)
    }

    /// The name without hash and endings: `index` of `assets/index-DZq_ZuIz.js`.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.before.rsplit('/').next().unwrap_or_default();
        name.trim_end_matches(['-', '.', '_'])
    }
}

/// The ways to take a part of a path for a hash; the most likely comes first.
#[must_use]
pub fn readings(path: &str) -> Vec<Hashed<'_>> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let folder = without_build_ids(folder);
    let start_of = |at: usize| match folder.as_str() {
        "" => name.get(..at).unwrap_or_default().to_owned(),
        folder => format!("{folder}/{}", name.get(..at).unwrap_or_default()),
    };
    let bytes = name.as_bytes();
    let mut found: Vec<(usize, Hashed<'_>)> = Vec::new();
    for scheme in SCHEMES {
        for length in scheme.lengths {
            for start in 0..bytes.len() {
                let end = start + length;
                let is_begun =
                    start == 0 || matches!(bytes.get(start - 1), Some(b'-' | b'.' | b'_' | b'~'));
                // Base64 of URLs has `-` and `_` in it, so only a dot or the end is an end.
                let is_ended = match bytes.get(end) {
                    None | Some(b'.') => true,
                    Some(b'-' | b'_') => scheme.alphabet == Alphabet::Hex,
                    _ => false,
                };
                let Some(hash) = name.get(start..end).filter(|_| is_begun && is_ended) else {
                    continue;
                };
                let is_known = found.iter().any(|(at, there)| *at == start && there.hash == hash);
                if !is_known && hash.bytes().all(|byte| scheme.alphabet.has(byte)) {
                    let after = name.get(end..).unwrap_or_default();
                    found.push((start, Hashed { before: start_of(start), hash, after }));
                }
            }
        }
    }
    // What looks like nothing else, then what stands last.
    found.sort_by(|(a, left), (b, right)| {
        (right.is_sure(), b, right.hash.len()).cmp(&(left.is_sure(), a, left.hash.len()))
    });
    found.into_iter().map(|(_, reading)| reading).collect()
}

/// A path with `[hash]` where one hash stands for sure, and `[build]` for the id of a build.
#[must_use]
pub fn without_hash(path: &str) -> String {
    match readings(path).into_iter().next().filter(Hashed::is_sure) {
        Some(reading) => reading.template(),
        None => match path.rsplit_once('/') {
            Some((folder, name)) => format!("{}/{name}", without_build_ids(folder)),
            None => path.to_owned(),
        },
    }
}

/// What two paths have in common that differ in a hash alone.
#[must_use]
pub fn common_template(path: &str, other: &str) -> Option<String> {
    let others = readings(other);
    let same = |reading: &Hashed<'_>| {
        others.iter().any(|other| {
            other.hash.len() == reading.hash.len() && other.template() == reading.template()
        })
    };
    readings(path).into_iter().find(same).map(|reading| reading.template())
}

/// Whether the path of an output is that of a source with a hash behind its name. `source` is a path or a bare name.
#[must_use]
pub fn is_hashed_name_of(path: &str, source: &str) -> bool {
    let name = source.rsplit('/').next().unwrap_or(source);
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    !stem.is_empty()
        && readings(path).iter().any(|reading| reading.stem() == stem && reading.is_sure())
}

fn without_build_ids(folder: &str) -> String {
    let parts: Vec<&str> =
        folder.split('/').map(|part| if is_build_id(part) { "[build]" } else { part }).collect();
    parts.join("/")
}

fn is_build_id(part: &str) -> bool {
    let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    part.len() == BUILD_ID_LENGTH
        && part.bytes().all(|byte| Alphabet::Base64Url.has(byte))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
}

/// Whether a person may have written it: words that can be pronounced, in any of the usual cases, with a number behind
/// them; or a number alone.
fn is_word(text: &str) -> bool {
    let is_in_parts = text.contains(['-', '_']);
    text.split(['-', '_']).all(|part| is_word_part(part, is_in_parts))
}

/// The same for what stands between hyphens, where short words and abbreviations are common (`v2`, `cjs`, `en-US`).
fn is_word_part(part: &str, is_in_parts: bool) -> bool {
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    // A number, or the size of a picture.
    let is_size = part.split('x').all(|side| side.bytes().all(|byte| byte.is_ascii_digit()));
    if letters.is_empty() || is_size {
        return true;
    }
    if is_in_parts && letters.len() <= 4 && is_one_case(letters) {
        return true;
    }
    let mut words: Vec<String> = vec![String::new()];
    let mut last_was_upper = false;
    for c in letters.chars() {
        if c.is_ascii_uppercase() && !last_was_upper && words.last().is_some_and(|w| !w.is_empty())
        {
            words.push(String::new());
        }
        last_was_upper = c.is_ascii_uppercase();
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.iter().all(|word| word.len() >= 3 && is_one_case(word) && can_be_pronounced(word))
}

/// Whether all letters are small, but perhaps for the first, or all are capitals.
fn is_one_case(word: &str) -> bool {
    word.chars().skip(1).all(|c| c.is_ascii_lowercase())
        || word.chars().all(|c| c.is_ascii_uppercase())
}

/// Whether vowels and consonants take turns, as they do in words of most languages.
fn can_be_pronounced(word: &str) -> bool {
    let (mut consonants, mut vowels, mut has_vowel) = (0, 0, false);
    for c in word.chars() {
        match c.to_ascii_lowercase() {
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' => {
                (consonants, vowels, has_vowel) = (0, vowels + 1, true);
            }
            'a'..='z' => (consonants, vowels) = (consonants + 1, 0),
            _ => return false,
        }
        if consonants > 4 || vowels > 3 {
            return false;
        }
    }
    has_vowel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_bundlers() {
        for (path, template) in [
            ("assets/index-DZq_ZuIz.js", "assets/index-[hash].js"),
            ("assets/index-Ci4A-OeB.css", "assets/index-[hash].css"),
            ("static/js/main.4f2c9d1e.chunk.js", "static/js/main.[hash].chunk.js"),
            (
                "_next/static/chunks/4bd1b696-1e2a3b4c5d6e7f80.js",
                "_next/static/chunks/4bd1b696-[hash].js",
            ),
            (
                "_next/static/8bT3yWJxwKk0Jg3VbN1zq/_buildManifest.js",
                "_next/static/[build]/_buildManifest.js",
            ),
            ("chunk-KQXW2PLM.js", "chunk-[hash].js"),
            ("chunk-vn2f3f4e.js", "chunk-[hash].js"),
            ("app-K3V9QX2M.css.map", "app-[hash].css.map"),
            ("_app/immutable/chunks/BqzL3x1_.js", "_app/immutable/chunks/[hash].js"),
            ("購物車-K3V9QX2M.js", "購物車-[hash].js"),
        ] {
            assert_eq!(without_hash(path), template);
        }
        for path in [
            "index.html",
            "my-component.js",
            "service-workers.js",
            "about-settings.js",
            "page-chapter1.js",
            "prices-20261127.json",
            "UserProfile-Overview.js",
            "a-1.js",
            "hero-1024x768.jpg",
            "page-detail-2.css",
            "app-widget-2.js",
            "lib-utils-v2.js",
            "lang-en-US-v2.js",
            "app-cjs-prod.js",
            "app-lib-http.js",
            "site-styles-1.css",
        ] {
            assert_eq!(without_hash(path), path);
        }
        assert!(SCHEMES.iter().all(|scheme| scheme.source.contains(['.', '`'])));
    }

    #[test]
    fn what_a_bundler_says_of_a_name() {
        assert!(is_hashed_name_of("assets/main-DZq_ZuIz.js", "src/main.ts"));
        assert!(is_hashed_name_of("assets/logo-DZq_ZuIz.svg", "logo.svg"));
        assert!(!is_hashed_name_of("assets/main-DZq_ZuIz.js", "src/other.ts"));
        assert!(!is_hashed_name_of("assets/main.js", "src/main.ts"));
    }
}
