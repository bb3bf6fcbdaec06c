//! Which values are guarded, and why the others are not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::mask::{Pieces, shows_piece};
use super::parts::{Part, parts_of, written_bytes};
use super::tokens::{Tokens, is_public_jwt, is_published};
use super::words::{is_example, is_sequence, is_wordlike, says_it_is_none};
use crate::secret::Secret;

/// A variable whose value must not be in an output.
#[derive(Debug, Clone)]
pub struct Guarded {
    /// Its name.
    pub name: String,
    /// Other variables that have the same value.
    pub others: Vec<String>,
    /// Its value, trimmed, and what of it is a secret by itself.
    pub parts: Vec<Part>,
}

impl Guarded {
    /// A variable that is guarded whatever its value looks like.
    #[must_use]
    pub fn forced(name: &str, value: &str) -> Self {
        let parts = parts_of(name, value.as_bytes(), true);
        Self { name: name.to_owned(), others: Vec::new(), parts }
    }
}

/// What is known about the variables before looking at their values.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// Patterns of names whose values may be in the outputs: exact, or a prefix with `*`.
    pub public: &'a [String],
    /// Names that are guarded whatever their values look like.
    pub guard: &'a [String],
    /// Texts that are there to be read by everybody, such as `package.json`: what stands in them is no secret.
    pub texts: &'a [Vec<u8>],
}

/// Why a variable is guarded or not. Says nothing of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Name of the variable.
    pub name: String,
    /// Whether it is guarded.
    pub is_guarded: bool,
    /// Whether its name says that it is a secret, and its value is too weak to be looked for.
    pub is_weak: bool,
    /// Characters of its value.
    pub characters: usize,
    /// Why, in words.
    pub reason: &'static str,
}

/// Variables that shells, runners and hosts set themselves: exact names, with their sources.
const KNOWN_NAMES: &str = include_str!("known_names.txt");

fn known_names() -> &'static BTreeSet<&'static str> {
    static NAMES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
        let lines = KNOWN_NAMES.lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).collect()
    });
    &NAMES
}

/// Kinds of names whose values are made to be public; a `*` stands for any text.
const PUBLIC_KINDS: &[&str] = &[
    "*_SITE_KEY",
    "*_SITEKEY",
    "*_PUBLIC_KEY",
    "*PUBLISHABLE*",
    "*SEARCH_ONLY*",
    "*_CLIENT_ID",
    "*_ACCOUNT_SID",
    "*_MEASUREMENT_ID",
    "*_TRACKING_ID",
];

/// Services whose search keys can do nothing but search, and stand in pages: by their documentations, Algolia,
/// `DocSearch`, Meilisearch and Typesense.
const SEARCH_SERVICES: [&str; 5] = ["algolia", "docsearch", "meili", "meilisearch", "typesense"];

/// Kinds of names that say which revision or which object is meant. One that speaks of a secret, too, is none of these.
const IDENTIFIER_KINDS: &[&str] = &[
    "*BUILD_ID*",
    "*BUILD_NUMBER*",
    "*COMMIT_HASH*",
    "*COMMIT_SHA*",
    "*COMMIT_REF*",
    "*GIT_COMMIT*",
    "*GIT_SHA*",
    "*GIT_REV*",
    "COMMIT",
    "REVISION",
    "*_COMMIT",
    "*_REVISION",
    "*_SHA",
    "*_SHA1",
    "*_HASH",
    "*_DIGEST",
    "*_INTEGRITY",
    "*_ETAG",
    "*SOURCEVERSION",
    "*_DEPLOYMENT_ID",
    "*_BUILD_UUID",
    "*_JOB_ID",
    "*_WORKFLOW_ID",
    "*_PROJECT_ID",
    "*_SERVICE_ID",
    "*_INSTANCE_ID",
    "*_BUCKET",
    "*_IMAGE",
];

/// Values shorter than this are never looked for: they stand everywhere by chance.
const SHORTEST_CHARACTERS: usize = 8;

/// Why a variable is no secret by its name: shells, runners and hosts set it, it names something, or its value is made to be
/// public. What a value shows counts before what its name says: a password in an address, or a key of a well-known kind, is one under any name.
fn harmless(name: &str, value: &[u8], tokens: &Tokens) -> Option<&'static str> {
    let shows_secret = || {
        tokens.is_token(value)
            || std::str::from_utf8(value).is_ok_and(|text| is_known(text) || has_credentials(text))
    };
    let is_one = |kinds: &[&str]| kinds.iter().any(|kind| matches(name, kind));
    // On Windows, names are the same whatever their letters.
    let is_known_name =
        known_names().contains(name) || known_names().contains(name.to_ascii_uppercase().as_str());
    let is_identifier =
        || is_one(IDENTIFIER_KINDS) && !is_secret_name(name) && is_identifier(value);
    let reason = if is_known_name || is_identifier() {
        Some(OF_RUNNER)
    } else {
        (is_one(PUBLIC_KINDS) || is_search_key(name)).then_some(MADE_PUBLIC)
    };
    reason.filter(|_| !shows_secret())
}

/// Whether a value is what revisions, digests and objects are called by: hex, a number, words, a path, a digest with its name.
/// Letters of all kinds without an order are none of these.
fn is_identifier(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_hex
        || text.starts_with("sha")
        || text.contains(['/', ':'])
        || is_wordlike(text)
        || !is_random(text)
}

/// Whether a name is that of a key that can do nothing but search.
fn is_search_key(name: &str) -> bool {
    let words = words_of_name(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(&["search"])
        && has(&SEARCH_SERVICES)
        && !has(&["admin", "master", "write", "secret", "private"])
}

/// Starts of well-known tokens: such a value is one, however it looks.
const KNOWN_STARTS: &[&str] = &[
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "rk_live_",
    "sk-ant-",
    "sk-proj-",
    "xoxb-",
    "xoxp-",
    "npm_",
    "pypi-",
    "SG.",
    "hf_",
    "eyJhbGciOi",
    "dop_v1_",
    "shpat_",
    "whsec_",
    "AGE-SECRET-KEY-",
    "AIza",
    "ya29.",
    "EAACEdEose0cBA",
    "xapp-",
    "lin_api_",
    "dckr_pat_",
];

/// Whether a value is a token or key of a well-known kind.
pub(super) fn is_known(text: &str) -> bool {
    let starts = KNOWN_STARTS.iter().any(|start| text.starts_with(start)) && text.len() >= 16;
    starts || (text.contains("-----BEGIN ") && text.contains("PRIVATE KEY"))
}

/// Picks the guarded ones from all variables, sorted by name, and says why for each.
#[must_use]
pub fn guarded<'a>(
    variables: impl Iterator<Item = (&'a str, &'a Secret)>,
    policy: &Policy<'_>,
) -> (Vec<Guarded>, Vec<Verdict>) {
    let variables: Vec<(&str, &Secret)> = variables.collect();
    let tokens = Tokens::new();
    let mut public = Known::default();
    let mut of_runner = Known::default();
    for (name, value) in &variables {
        let value = normalised(value.expose());
        if matches_any(name, policy.public) {
            public.add_with_parts(name, value);
        } else if harmless(name, value, &tokens).is_some() {
            of_runner.add(value);
        }
    }
    let (mut chosen, mut verdicts) = (Vec::new(), Vec::new());
    for (name, value) in variables {
        let value = normalised(value.expose());
        let is_forced = policy.guard.iter().any(|forced| forced == name);
        let is_public_name = matches_any(name, policy.public);
        let reason = if is_public_name && tokens.is_token(value) {
            // Nobody means to publish such a key, whatever its name says.
            None
        } else if is_public_name {
            Some(PUBLIC_NAME)
        } else if value.is_empty() {
            Some("it is empty")
        } else if is_forced {
            None
        } else if let Some(reason) = harmless(name, value, &tokens) {
            Some(reason)
        } else if public.has(value) {
            Some(PUBLIC_VALUE)
        } else if of_runner.is_one(value) {
            Some("a variable of the shell, the runner or a tool has the same value")
        } else if policy.texts.iter().any(|text| contains(text, value)) {
            Some(TO_BE_READ)
        } else {
            match std::str::from_utf8(value) {
                Ok(text) => judge(name, text),
                Err(_) if value.len() < SHORTEST_CHARACTERS => Some(TOO_SHORT),
                Err(_) => None,
            }
        };
        let mut parts = match reason {
            None => parts_of(name, value, true),
            // A URL may be harmless and its parameters not.
            Some(reason)
                if ![PUBLIC_NAME, OF_RUNNER, PUBLIC_VALUE, MADE_PUBLIC].contains(&reason) =>
            {
                parts_of(name, value, false)
            }
            Some(_) => Vec::new(),
        };
        if !is_forced && !is_public_name {
            parts.retain(|part| {
                let value = part.value.expose();
                !public.has(value) && (part.label.is_empty() || !of_runner.is_one(value))
            });
        }
        let is_secret = is_secret_name(name) || reason == Some(EASY_ADDRESS);
        let is_weak = parts.is_empty() && is_secret && reason.is_some_and(is_weakness);
        verdicts.push(Verdict {
            name: shown_name(name),
            is_guarded: !parts.is_empty(),
            is_weak,
            characters: String::from_utf8_lossy(value).chars().count(),
            reason: match reason {
                None if is_public_name => "its name is public, and its value is a key that is not",
                None if is_forced => "named by `leaks.guard`",
                None => "it looks like a secret",
                Some(_) if !parts.is_empty() => "a part of it looks like a secret",
                Some(reason) => reason,
            },
        });
        if !parts.is_empty() {
            chosen.push(Guarded { name: shown_name(name), others: Vec::new(), parts });
        }
    }
    let pieces = Pieces::of(&chosen);
    let names = chosen.iter_mut().map(|guarded| &mut guarded.name);
    for name in names.chain(verdicts.iter_mut().map(|verdict| &mut verdict.name)) {
        if shows_piece(name, &pieces) {
            UNNAMED.clone_into(name);
        }
    }
    // What is known by its name alone must not be taken for another.
    let unnamed = chosen.iter_mut().filter(|guarded| guarded.name == UNNAMED).skip(1);
    for (index, guarded) in unnamed.enumerate() {
        guarded.name = format!("{UNNAMED}, {}", index + 2);
    }
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    verdicts.sort_by(|a, b| a.name.cmp(&b.name));
    (same_values_once(chosen), verdicts)
}

/// A value under several names is one, which has all of them.
fn same_values_once(chosen: Vec<Guarded>) -> Vec<Guarded> {
    let mut kept: Vec<Guarded> = Vec::new();
    let mut by_value: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for guarded in chosen {
        let whole = guarded.parts.iter().find(|part| part.label.is_empty());
        let whole = whole.map(|part| part.value.expose().to_vec());
        if let Some(index) = whole.as_ref().and_then(|value| by_value.get(value)) {
            let Guarded { others, parts, .. } = &mut kept[*index];
            if !others.contains(&guarded.name) {
                others.push(guarded.name);
            }
            for part in guarded.parts {
                if parts.iter().all(|known| known.value != part.value) {
                    parts.push(part);
                }
            }
        } else {
            by_value.extend(whole.map(|value| (value, kept.len())));
            kept.push(guarded);
        }
    }
    kept
}

/// A name as it may be shown: one that is none may be a piece of a value, and so may one that looks like a key, such as a
/// line of base64 in a dotenv file that lacks its quotes.
fn shown_name(name: &str) -> String {
    let is_random_word = name.len() >= 24 && !name.contains('_') && is_random(name);
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !is_random_word;
    if is_name { name.to_owned() } else { UNNAMED.to_owned() }
}

/// What is shown in the place of a name that is none.
const UNNAMED: &str = "(a variable whose name is not shown)";

/// Whether a value is not looked for because everybody may know it, and not because it is no secret.
fn is_weakness(reason: &str) -> bool {
    [TO_BE_READ, TOO_SHORT, EASY, EASY_ADDRESS, REPEATED, WORDS, NOT_RANDOM, NUMBER]
        .contains(&reason)
}

const TO_BE_READ: &str = "it stands in a file of the repository that is there to be read";
const TOO_SHORT: &str = "too short";
const EASY: &str = "an example, or easy to guess";
const EASY_ADDRESS: &str = "an address with a password that is easy to guess";
const REPEATED: &str = "one character again and again";
const WORDS: &str = "words";
const NOT_RANDOM: &str = "not random enough";
const NUMBER: &str = "a number or a date";

const PUBLIC_NAME: &str = "its name is public";
const OF_RUNNER: &str = "a variable of the shell, the runner or a tool";
const PUBLIC_VALUE: &str = "a public variable has the same value";

/// Values that are known not to be secret.
#[derive(Default)]
struct Known {
    values: Vec<Vec<u8>>,
    /// The same, however they are written: the bytes of a key, small letters, no dashes.
    plain: BTreeSet<Vec<u8>>,
}

impl Known {
    fn add(&mut self, value: &[u8]) {
        if value.len() >= SHORTEST_CHARACTERS {
            self.plain.extend(other_forms(value));
            self.values.push(value.to_vec());
        }
    }

    fn add_with_parts(&mut self, name: &str, value: &[u8]) {
        for part in parts_of(name, value, true) {
            self.add(part.value.expose());
        }
    }

    /// Whether a value is one of these, however it is written.
    fn is_one(&self, value: &[u8]) -> bool {
        other_forms(value).iter().any(|form| self.plain.contains(form))
    }

    /// The same, or stands in one, or adds nothing but a word or two to one.
    fn has(&self, value: &[u8]) -> bool {
        self.is_one(value)
            || self.values.iter().any(|known| {
                contains(known, value)
                    || memchr::memmem::find(value, known).is_some_and(|at| {
                        let rest = [&value[..at], &value[at + known.len()..]].concat();
                        rest.len() < SHORTEST_CHARACTERS
                            || std::str::from_utf8(&rest)
                                .is_ok_and(|rest| judge("", rest).is_some())
                    })
            })
    }
}

/// A value as it is, in small letters without dashes, and as the bytes that it writes in base64 or hex.
fn other_forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_vec()];
    if let Ok(text) = std::str::from_utf8(value) {
        let plain = text.to_lowercase().replace('-', "");
        forms.extend(written_bytes(&plain));
        forms.extend(written_bytes(text));
        forms.push(plain.into_bytes());
    }
    forms
}

/// Without white space around it, and without one pair of quotes.
fn normalised(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] if inner.len() >= 2 => {
            inner.trim_ascii()
        }
        value => value,
    }
}

fn matches_any(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| matches(name, pattern))
}

fn matches(name: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
        (None, Some(prefix)) => name.starts_with(prefix),
        (Some(suffix), None) => name.ends_with(suffix),
        (None, None) => name == pattern,
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

/// Ends of names whose values are not secret: the name of a cookie is none, nor the address of a token service.
const PLAIN_ENDS: &[&str] = &[
    "name",
    "url",
    "uri",
    "host",
    "path",
    "file",
    "dir",
    "type",
    "mode",
    "enabled",
    "ttl",
    "timeout",
    "issuer",
    "algorithm",
    "algo",
    "alg",
    "header",
    "prefix",
    "endpoint",
    "domain",
    "audience",
    "scope",
    "scopes",
    "expiry",
    "expires",
    "regex",
    "pattern",
    "policy",
    "hint",
    "strategy",
    "layout",
    "registry",
    "provider",
    "format",
    "version",
    "region",
    "label",
    "title",
    "length",
    "rounds",
    "env",
];

/// Words in a name that say that its value is a secret.
const SECRET_WORDS: &[&str] = &[
    "key",
    "keys",
    "pass",
    "pw",
    "pwd",
    "phrase",
    "auth",
    "oauth",
    "signing",
    "private",
    "pat",
    "dsn",
    "salt",
    "cookie",
    "session",
    "seed",
    "mnemonic",
    "webhook",
    "jwt",
    "pin",
    "credentials",
    "creds",
];

/// Pieces of a name that say so wherever they stand.
const SECRET_PIECES: &[&str] = &[
    "secret",
    "token",
    "passw",
    "passphrase",
    "apikey",
    "credential",
    "accesskey",
    "privatekey",
    "connectionstring",
];

/// The words of a name, in small letters: `AWS_SECRET_KEY`, `client-secret`, `clientSecret`.
fn words_of_name(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = letter.is_lowercase();
        if letter.is_alphanumeric() {
            words.last_mut().expect("there is one at all times").extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name says that its value is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let words = words_of_name(name);
    let Some(last) = words.last() else { return false };
    if PLAIN_ENDS.contains(&last.as_str()) {
        return false;
    }
    let joined = words.concat();
    words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
        || SECRET_PIECES.iter().any(|piece| joined.contains(piece))
}

/// Whether a name says that its value is a password, which people make up themselves.
fn is_password_name(name: &str) -> bool {
    words_of_name(name).iter().any(|word| {
        matches!(word.as_str(), "pass" | "pw" | "pwd" | "secret") || word.contains("passw")
    })
}

/// Why a value is harmless; `None` when it is not.
pub(super) fn judge(name: &str, text: &str) -> Option<&'static str> {
    let length = text.chars().count();
    if length < SHORTEST_CHARACTERS {
        return Some(TOO_SHORT);
    }
    if is_made_public(name, text) {
        return Some(MADE_PUBLIC);
    }
    if is_example(text) || is_sequence(text) {
        return Some(EASY);
    }
    if is_known(text) {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || b".,:-+/ ".contains(&byte)) {
        return Some(NUMBER);
    }
    if is_date(text) {
        return Some("a date");
    }
    if text.starts_with(['/', '~', '.']) && !text.contains(['@', ' ']) && looks_like_path(text) {
        return Some("a path");
    }
    if text.contains("://") && !text.contains(char::is_whitespace) {
        return match credentials(text) {
            _ if has_credentials(text) => None,
            None => Some("an address without a password"),
            Some((user, password, host)) => {
                // Everybody's databases on their own machines have such.
                let is_easy = password.len() < 4
                    || password.eq_ignore_ascii_case(user)
                    || is_example(password)
                    || is_sequence(password)
                    || ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"].contains(&host);
                is_easy.then_some(EASY_ADDRESS)
            }
        };
    }
    if is_windows_path(text) {
        return Some("a path");
    }
    if text.parse::<std::net::IpAddr>().is_ok() {
        return Some("the address of a machine");
    }
    if text.starts_with('^') && text.ends_with('$') && text.contains(['[', '(', '\\']) {
        return Some("a pattern");
    }
    if text.len() >= 48 && is_alphabet(text) {
        return Some("an alphabet");
    }
    if text
        .split(['-', '_', '/', '+'])
        .all(|part| ALGORITHMS.contains(&&*part.to_ascii_uppercase()))
    {
        return Some("an algorithm");
    }
    if is_host(text) {
        return Some("the name of a host");
    }
    if text.chars().all(|character| text.starts_with(character)) {
        return Some(REPEATED);
    }
    let is_named = is_secret_name(name);
    if is_wordlike(text) {
        // Four words, or a sentence, make a passphrase where the name says so; so do letters that are not of English.
        let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1).count();
        let is_foreign = text.chars().filter(|c| !c.is_ascii()).count() * 2 > length;
        // Names of cookies, stores and events are words with marks between them, and called keys, too.
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let is_spoken = text.contains(' ') || digits > 2 || is_password_name(name);
        let is_phrase = is_spoken && (words >= 4 && length >= 16 || length >= 28) || is_foreign;
        return if is_named && is_phrase && !says_it_is_none(text) { None } else { Some(WORDS) };
    }
    if !is_random(text) {
        let is_long = if text.contains(char::is_whitespace) { length >= 20 } else { length >= 12 };
        let is_password = is_password_name(name) && is_mixed(text);
        let is_label = !is_password_name(name) && is_label(text);
        if is_label {
            return Some(WORDS);
        }
        return if is_named && (is_long || is_password) && !says_it_is_none(text) {
            None
        } else {
            Some(NOT_RANDOM)
        };
    }
    None
}

/// Whether a text has letters beside something else, as passwords must have.
fn is_mixed(text: &str) -> bool {
    text.chars().any(char::is_alphabetic) && !text.chars().all(char::is_alphabetic)
}

const MADE_PUBLIC: &str = "a kind of key that is made to be public";

/// Keys that their makers give for use in browsers, such as publishable keys, Sentry's DSN, and the anonymous role of
/// Supabase; certificates, public keys, digests and identifiers.
fn is_made_public(name: &str, text: &str) -> bool {
    const STARTS: &[&str] = &[
        "pk_live_",
        "pk_test_",
        "phc_",
        "pk.eyJ",
        "GTM-",
        "UA-",
        "sb_publishable_",
        "sha256:",
        "sha256-",
        "sha384-",
        "sha512-",
        "sha1-",
        "ssh-rsa ",
        "ssh-ed25519 ",
        "ecdsa-sha2-",
        "-----BEGIN CERTIFICATE",
        "-----BEGIN PUBLIC KEY",
        "-----BEGIN RSA PUBLIC KEY",
        "Iv1.",
        "price_",
        "prod_",
        "arn:aws:",
    ];
    let rest_is = |start: &str, length: usize, is: fn(&u8) -> bool| {
        text.strip_prefix(start)
            .is_some_and(|rest| rest.len() == length && rest.bytes().all(|byte| is(&byte)))
    };
    let is_dsn = || {
        text.strip_prefix("https://").and_then(|rest| rest.split_once('@')).is_some_and(
            |(key, host)| {
                key.len() == 32
                    && key.bytes().all(|byte| byte.is_ascii_hexdigit())
                    && host.rsplit('/').next().is_some_and(|id| {
                        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
                    })
            },
        )
    };
    let words = words_of_name(name);
    let is_for_browsers = || {
        words.iter().any(|word| {
            ["firebase", "maps", "browser", "web", "public", "client"].contains(&word.as_str())
        })
    };
    STARTS.iter().any(|start| text.starts_with(start))
        || rest_is("G-", 10, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        || rest_is("0x", 40, u8::is_ascii_hexdigit)
        || (text.starts_with("AIza") && is_for_browsers())
        || text.contains("@sha256:")
        || (text.contains("-src ") && text.contains('\''))
        || is_dsn()
        || is_published(text)
        || is_public_jwt(text)
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, byte)| {
            if matches!(at, 4 | 7) { matches!(byte, b'-' | b'/') } else { byte.is_ascii_digit() }
        })
        && bytes[10..].iter().all(|byte| byte.is_ascii_digit() || b"TZ:.+- ".contains(byte))
}

fn looks_like_path(text: &str) -> bool {
    text.split([':', ';']).all(|part| part.starts_with(['/', '~', '.']) || part.is_empty())
        && !text
            .split(['/', ':'])
            .any(|part| part.len() >= 24 && is_random(part) && !part.contains(['-', '.']))
}

/// User, password and host of an address. A token may stand where the user does.
fn credentials(text: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (credentials, host) = authority.rsplit_once('@')?;
    let (user, password) = credentials.split_once(':')?;
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    (!password.is_empty()).then_some((user, password, host))
}

/// Whether an address holds a password or a token that looks like one.
fn has_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(credentials, _)| {
            let password =
                credentials.split_once(':').map_or(credentials, |(_, password)| password);
            password.len() >= SHORTEST_CHARACTERS && !is_wordlike(password)
        })
    })
}

/// `C:\Windows\system32`, several with `;` between them.
pub(super) fn is_windows_path(text: &str) -> bool {
    text.split(';').filter(|part| !part.is_empty()).all(|part| {
        let mut characters = part.chars();
        characters.next().is_some_and(|drive| drive.is_ascii_alphabetic())
            && characters.next() == Some(':')
            && matches!(characters.next(), Some('\\' | '/'))
    })
}

/// Small words with marks between them, and hardly a digit: `acme:theme:v2`.
pub(super) fn is_label(text: &str) -> bool {
    let is_mark = |byte: &u8| matches!(byte, b':' | b'.' | b'-' | b'_');
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || is_mark(&byte))
        && text.bytes().filter(u8::is_ascii_digit).count() < 3
        && text.bytes().filter(is_mark).count() > 1
}

/// Whether no character stands there twice.
fn is_alphabet(text: &str) -> bool {
    let mut seen = BTreeSet::new();
    text.chars().all(|character| seen.insert(character))
}

/// Algorithms, in capitals: those of JOSE and of the Web Cryptography API (iana.org/assignments/jose, w3.org/TR/WebCryptoAPI).
#[rustfmt::skip]
const ALGORITHMS: &[&str] = &[
    "PBKDF2", "HKDF", "SCRYPT", "ARGON2", "ARGON2ID", "BCRYPT", "SHA", "SHA1", "SHA256", "SHA384", "SHA512", "MD5", "HMAC",
    "AES", "AES128", "AES192", "AES256", "A128GCM", "A192GCM", "A256GCM", "CBC", "CTR", "GCM", "KW", "128", "192", "256",
    "384", "512", "RSA", "RSASSA", "OAEP", "PSS", "PKCS1", "V1", "ECDSA", "ECDH", "ED25519", "X25519", "EDDSA", "P256",
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "DIR",
    "CHACHA20", "POLY1305", "ES",
];

/// `db.internal:5432`, `app.example.com,b.example.com`
fn is_host(text: &str) -> bool {
    text.contains('.')
        && !text.contains(['@', '=', '_', '/', '+'])
        && text.split(',').all(|host| {
            let name = host.split(':').next().unwrap_or_default();
            name.split('.').all(|label| {
                !label.is_empty()
                    && label.len() < 20
                    && label.bytes().all(|byte| {
                        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
                    })
            })
        })
}

/// How mixed a text is: kinds of characters, changes between them, and how many different ones there are.
fn is_random(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let length = characters.len();
    let kind = |c: char| match c {
        'a'..='z' => 0,
        'A'..='Z' => 1,
        '0'..='9' => 2,
        _ => 3,
    };
    let mut kinds = [0usize; 4];
    for c in &characters {
        kinds[kind(*c)] += 1;
    }
    // A change from one kind to another, but for the capital at the start of a word and for marks between words.
    let changes = characters
        .windows(2)
        .filter(|pair| {
            let (a, b) = (kind(pair[0]), kind(pair[1]));
            a != b && !(a == 1 && b == 0) && a != 3 && b != 3
        })
        .count();
    let mut counts = std::collections::BTreeMap::new();
    for c in &characters {
        *counts.entry(*c).or_insert(0usize) += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "values are shorter than 2^52")]
    let entropy: f64 = counts
        .values()
        .map(|count| {
            let share = *count as f64 / length as f64;
            -share * share.log2()
        })
        .sum();
    let used = kinds[..3].iter().filter(|count| **count > 0).count();
    let letters = kinds[0] + kinds[1];
    if letters == 0 {
        return false;
    }
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_hex && length >= 16 && kinds[2] > 0 {
        return entropy >= 2.5;
    }
    match length {
        ..12 => {
            used == 3 && changes >= 2 && entropy >= 2.75
                || used >= 2 && kinds[3] > 0 && changes * 3 >= length
        }
        12..20 => used >= 2 && entropy >= 2.9 && changes * 6 >= length,
        _ => entropy >= 3.2 && (changes * 8 >= length || used == 3 && changes >= 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: bool) {
        let value = Secret::from(value.to_owned());
        let public = ["PUBLIC_*".to_owned()];
        let policy = Policy { public: &public, guard: &[], texts: &[] };
        let (chosen, verdicts) = guarded([(name, &value)].into_iter(), &policy);
        assert_eq!(!chosen.is_empty(), expected, "{name}: {}", verdicts[0].reason);
    }

    #[test]
    fn secrets_are_guarded() {
        for (name, value) in [
            ("SESSION_SECRET", "s3ss10n-7Qx9vLm2Kp4Tz"),
            ("API_KEY", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
            ("GITHUB_TOKEN", "ghs_16C7e42F292c6912E7710c838347Ae178B4a"),
            ("DATABASE_URL", "postgres://app:Vb7%2Fq9x@db.internal/app"),
            ("PASSPHRASE", "correct horse battery staple"),
            ("DB_PASS", "Tr0ub4dor&3"),
            ("API_TOKEN", "SuperSecretValue12345-qpwoeiruty"),
            ("DATABASE_URL", "postgres://acme:winter-is-coming@db.acme.io/prod"),
            ("CACHE", "redis://:Summer2024!Rain@cache.acme.io:6379"),
            ("DB", "mysql://root:a8F!2@db.acme.io/app"),
            ("ADMIN_HASH", "Zk3qTz0pM7vXrB9sLdWn1aYcE5uJhGfQ"),
            ("FOO_BUCKET", "Zk3qTz0pM7vXrB9sLdWn1aYcE5uJhGfQ"),
            ("REVISION", "Zk3qTz0pM7vXrB9sLdWn1aYcE5uJhGfQ"),
            ("X", "AKIAIOSFODNN7EXAMPL2"),
            ("APP_ID", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
            ("SIGNING", "kJhGfDsAqWeRtYuIzXcVbNm1"),
            (
                "HOOK",
                "https://hooks.example.com/services/T0AB3CD4E/B9ZX8YW7V/a8Kf0sLq2mVn4bXc6zTr9pQw",
            ),
        ] {
            check(name, value, true);
        }
    }

    #[test]
    fn harmless_values_are_not() {
        for (name, value) in [
            ("PUBLIC_API_KEY", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
            ("GITHUB_SHA", "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef"),
            ("PORT", "3000"),
            ("MODE", "production"),
            ("FEATURE", "true"),
            ("JWT_SECRET", "secret"),
            ("PGPASSWORD", "postgres"),
            ("APP_ROOT", "/opt/app/current"),
            ("API_URL", "https://api.example.com/v2"),
            ("BUILD_NUMBER_X", "1234567890"),
            ("SERVICE", "my-service-name"),
            ("RUNTIME", "nodejs20.x"),
            ("STARTED", "2026-11-23T10:00:00Z"),
            ("DB_HOST", "db-1.internal.example.com:5432"),
            ("LOCALE", "en_US.UTF-8"),
            ("REGIONS", "us-east-1,eu-west-1"),
            ("WEAK_PASSWORD", "12345678"),
            ("AGENT", "Mozilla/5.0 (compatible; Build/1.0)"),
            ("IMAGE", "ghcr.io/example/app:v1.2.3"),
            ("CLASS_NAME", "HttpRequestHandlerFactory"),
            ("SESSION_COOKIE_NAME", "my-app-session-cookie-v2"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_live_4eC39HqLyjWDarjtT1zdp7dc"),
            (
                "SENTRY_DSN",
                "https://9f8e7d6c5b4a39281706f5e4d3c2b1a0@o447951.ingest.sentry.io/5429215",
            ),
            ("APP_COMMIT_HASH", "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef"),
            ("DATABASE_URL", "postgres://postgres:postgres@db.acme.io/app"),
            ("DATABASE_URL", "postgres://app:winter-is-coming@localhost:5432/app"),
            ("AUTH_COOKIE", "__Secure-next-auth.session-token"),
            ("STORAGE_KEY", "acme:theme:v2"),
            ("EVENT_KEY", "react-router-scroll-positions"),
            ("KEY_DERIVATION", "PBKDF2-SHA512"),
            ("REGEX", r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$"),
            ("GLOBAL_KEY", "__REACT_DEVTOOLS_GLOBAL_HOOK__"),
            ("ComSpec", r"C:\Windows\system32\cmd.exe"),
            ("DriverData", r"C:\Windows\System32\Drivers\DriverData"),
            ("BIND_KEY", "2001:db8:85a3::8a2e:370:7334"),
            ("NANOID_ALPHABET", "useandom-26T198340PX75pxJACKVERYMINDBUSHWOLF_GQZbfghjklqvwyzrict"),
            ("AUTH0_CLIENT_ID", "Zk3qTz0pM7vXrB9sLdWn1aYcE5uJhGfQ"),
            (
                "SCRIPT_HASH",
                "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC",
            ),
        ] {
            check(name, value, false);
        }
    }

    #[test]
    fn what_a_value_shows_counts_before_its_name() {
        for name in
            ["NETLIFY_DATABASE_URL", "RENDER_INTERNAL_URL", "RAILWAY_DB", "URL", "REPOSITORY_URL"]
        {
            check(name, "postgres://app:Vb7%2Fq9xW2@db.internal/app", true);
        }
        check("GITHUB_SHA", "ghs_16C7e42F292c6912E7710c838347Ae178B4a", true);
        check("RENDER_DEPLOY_HOOK", "k8Yt3vXq9LmP2wRz7Nc4", true);
        check("ALGOLIA_ADMIN_API_KEY", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", true);
        check("ALGOLIA_SEARCH_API_KEY", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", false);
        check("DOCSEARCH_SEARCH_ONLY_KEY", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", false);
    }

    #[test]
    fn known_names_are_exact_and_sourced() {
        assert!(
            known_names().contains("GITHUB_SHA") && known_names().contains("RENDER_GIT_COMMIT")
        );
        assert!(known_names().iter().all(|name| !name.contains('*')));
        for section in KNOWN_NAMES.split("\n\n").skip(1) {
            assert!(section.starts_with("# ") && section.contains(": "), "{section}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_shown() {
        let value = Secret::from("9f8e7d6c5b4a39281706f5e4".to_owned());
        let policy = Policy { public: &[], guard: &[], texts: &[] };
        let names = ["MIIEvQIBADANBg/kqhkiG9w0=", "a b", "1A", "", "A-B"];
        let (chosen, verdicts) = guarded(names.into_iter().map(|name| (name, &value)), &policy);
        assert!(verdicts.iter().all(|verdict| verdict.name == UNNAMED));
        assert_eq!(chosen.len(), 1, "one value is one, whatever it is called");
    }

    #[test]
    fn a_value_that_is_public_too_is_not() {
        let value = Secret::from("9f8e7d6c5b4a39281706f5e4".to_owned());
        let public = ["PUBLIC_*".to_owned()];
        let policy = Policy { public: &public, guard: &[], texts: &[] };
        assert!(guarded([("A", &value), ("PUBLIC_A", &value)].into_iter(), &policy).0.is_empty());
        let guard = ["A".to_owned()];
        let policy = Policy { public: &public, guard: &guard, texts: &[] };
        assert_eq!(guarded([("A", &value), ("PUBLIC_A", &value)].into_iter(), &policy).0.len(), 1);
    }
}
