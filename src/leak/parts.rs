//! What of a value is a secret by itself: the password in a URL, the leaves of a JSON key, the lines of a key file.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::needles::is_uuid;
use super::policy::{is_known, is_label, is_secret_name, is_windows_path, judge};
use crate::secret::Secret;
use crate::url;

/// A value, or a part of it that is looked for by itself.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which part, as in "the password of the URL"; empty for the whole.
    pub label: &'static str,
    /// Its bytes.
    pub value: Secret,
}

/// Most parts that one value has.
const MOST_PARTS: usize = 200;

/// How deep values in values are looked at: a URL in a JSON value in base64.
const DEEPEST: usize = 2;

/// The value and its parts. Parts that would be harmless as values are left out, and so is the whole unless
/// `with_whole`, together with the bytes that it writes.
pub(super) fn parts_of(name: &str, value: &[u8], with_whole: bool) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    if with_whole {
        parts.push(Part { label: "", value: Secret::new(value.to_vec()) });
    }
    let Ok(text) = std::str::from_utf8(value) else { return parts };
    let mut collector = Collector { whole: text, found: Vec::new() };
    collector.collect(is_secret_name(name), text, DEEPEST);
    if with_whole {
        collector.found.extend(raw_key(text).map(|bytes| ("the decoded bytes", bytes)));
    }
    for (label, part) in collector.found {
        let is_new = part != value && parts.iter().all(|known| known.value.expose() != part);
        if is_new && parts.len() < MOST_PARTS {
            parts.push(Part { label, value: Secret::new(part) });
        }
    }
    parts
}

/// What a value was found to consist of.
struct Collector<'a> {
    whole: &'a str,
    found: Vec<(&'static str, Vec<u8>)>,
}

impl Collector<'_> {
    /// Adds a part unless it would be harmless, and what it consists of itself. Where nothing names it a secret, only
    /// a key of a well-known kind is one: structured values are full of names and identifiers.
    fn add(&mut self, label: &'static str, part: &str, is_named: bool, depth: usize) {
        let part = part.trim().trim_matches(['"', '\'']);
        if part.len() >= self.whole.len() {
            return;
        }
        if (is_named || is_known(part)) && judge(SECRET_NAME, part).is_none() {
            self.found.push((label, part.as_bytes().to_vec()));
            self.found.extend(raw_key(part).map(|bytes| ("the decoded bytes", bytes)));
        }
        if depth > 0 {
            self.collect(is_named, part, depth - 1);
        }
    }

    fn collect(&mut self, is_named: bool, text: &str, depth: usize) {
        self.header(text, depth);
        self.url(text, depth);
        self.key_file(text);
        if text.contains("-----BEGIN ") && !text.trim_start().starts_with('{') {
            return;
        }
        if let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
            && (json.is_object() || json.is_array())
        {
            self.leaves(is_named, &json, depth);
            return;
        }
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        if lines.len() > 1 {
            for line in lines {
                self.line(line, depth);
            }
            return;
        }
        if text.contains(' ') && !text.contains('=') {
            self.line(text, depth);
        }
        self.settings(text, depth);
        self.list(is_named, text, depth);
        if let Some(plain) = text.strip_prefix("base64:") {
            self.add("what is behind `base64:`", plain, true, depth);
        }
        // A key file or settings in base64.
        if depth > 0
            && text.len() >= 24
            && let Some(plain) = written_bytes(text).and_then(|bytes| String::from_utf8(bytes).ok())
            && plain.chars().all(|c| !c.is_control() || c.is_whitespace())
        {
            self.collect(is_named, &plain, depth - 1);
        }
    }

    /// `Authorization: Bearer TOKEN`, `X-Api-Key: KEY`, `Basic BASE64`
    fn header(&mut self, text: &str, depth: usize) {
        let mut value = text;
        if let Some((name, rest)) = text.split_once(": ")
            && !name.contains(char::is_whitespace)
            && !text.contains('\n')
            && is_secret_name(if name.eq_ignore_ascii_case("authorization") {
                "auth"
            } else {
                name
            })
        {
            self.add("the value of the header", rest, true, depth);
            value = rest;
        }
        let Some((scheme, rest)) = value.split_once(' ') else { return };
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => self.add("the token behind `Bearer`", rest, true, depth),
            "token" | "apikey" => self.add("the token of the header", rest, true, depth),
            "basic" => self.add("what is behind `Basic`", rest, true, depth),
            _ => return,
        }
        if scheme.eq_ignore_ascii_case("basic")
            && let Some(plain) =
                STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok())
        {
            self.add("the decoded credentials", &plain, true, 0);
            if let Some((_, password)) = plain.split_once(':') {
                self.add("the decoded password", password, true, 0);
            }
        }
    }

    fn url(&mut self, text: &str, depth: usize) {
        let Some((scheme, rest)) = text.split_once("://") else { return };
        if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.:".contains(&byte))
            || text.contains(char::is_whitespace)
        {
            return;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (mut authority, mut tail) = rest.split_at(end);
        // A password may hold signs that it should not.
        if !authority.contains('@')
            && let Some(at) = rest.split(';').next().and_then(|rest| rest.rfind('@'))
            && authority.split_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_err())
        {
            let behind = rest.get(at..).unwrap_or_default();
            let end = behind.find(['/', '?', '#']).map_or(rest.len(), |end| at + end);
            (authority, tail) = rest.split_at(end);
        }
        if let Some((credentials, _)) = authority.rsplit_once('@') {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            for part in [password, &decode_percent(password)] {
                self.add("the password of the URL", part, true, 0);
            }
            // Beside a password, the user is a name, unless it is a token, which is longer.
            for part in [user, &decode_percent(user)] {
                if (password.is_empty() || part.len() >= 20) && judge("", part).is_none() {
                    self.add("the user of the URL", part, true, 0);
                }
            }
        }
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        for part in path.split('/').filter(|part| part.len() >= 20 && judge("", part).is_none()) {
            self.add("a part of the URL's path", part, !is_identifier(part), 0);
        }
        for pair in query.split(['&', '#', ';']) {
            if let Some((key, value)) = pair.split_once('=') {
                let is_named = is_secret_name(key) || key.to_ascii_lowercase().contains("sig");
                for value in [value, &decode_percent(value)] {
                    self.add("a value in the URL's query", value, is_named, depth.min(1));
                }
            }
        }
    }

    /// `Server=db;Password=SECRET`, `host=db password=SECRET`, `cache:6380,password=SECRET`, `user:SECRET@tcp(db)/name`
    fn settings(&mut self, text: &str, depth: usize) {
        let separators = [";", "&", ",", " "];
        for separator in separators {
            if !text.contains('=') || (separator == "&" && text.contains("://")) {
                continue;
            }
            for pair in text.split(separator) {
                // `//registry.example/:_authToken=…`
                let pair = if pair.starts_with("//") {
                    pair.rsplit_once("/:").map_or(pair, |(_, setting)| setting)
                } else {
                    pair
                };
                if let Some((key, value)) = pair.split_once('=')
                    && !separators.iter().any(|separator| key.trim().contains(separator))
                    && !key.contains(':')
                    && (text.contains(separator) || separator == ";")
                {
                    let is_named = is_secret_name(key.trim());
                    self.add("a value of a list of settings", value, is_named, depth);
                }
            }
        }
        // A data source name, or `user:password`.
        let is_other = text.contains("://")
            || text.contains(char::is_whitespace)
            || text.starts_with('{')
            || is_windows_path(text)
            || is_label(text)
            || text.parse::<std::net::IpAddr>().is_ok();
        if is_other {
            return;
        }
        let Some((user, rest)) = text.split_once(':') else { return };
        match rest.rsplit_once('@') {
            Some((password, host)) if host.contains(['(', '/', '.']) => {
                self.add("the password of the address", password, true, 0);
            }
            _ if !user.is_empty() && !user.contains(['=', ',', '/']) => {
                self.add("the part behind the colon", rest, true, 0);
            }
            _ => {}
        }
    }

    fn list(&mut self, is_named: bool, text: &str, depth: usize) {
        if text.contains("://") || text.contains('=') && text.contains(';') {
            return;
        }
        for separator in [',', ';', '|', ' '] {
            let items: Vec<&str> = text.split(separator).map(str::trim).collect();
            // What is a sentence is no list.
            let is_list = items.len() > 1
                && items.iter().all(|item| !item.contains(' '))
                && (separator != ' ' || items.iter().all(|item| judge("", item).is_none()));
            if is_list {
                for item in items {
                    let is_secret = is_named && judge("", item).is_none();
                    self.add("an item of the list", item, is_secret, depth.min(1));
                }
            }
        }
    }

    /// A line of a dotenv text, of YAML, or of a netrc file.
    fn line(&mut self, line: &str, depth: usize) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let pair = line.split_once('=').or_else(|| line.split_once(": "));
        match pair {
            Some((key, value)) if !key.trim().contains(char::is_whitespace) => {
                // A comment behind the value.
                let value = value.split_once(" #").map_or(value, |(value, _)| value);
                self.add("a variable in the text", value, is_secret_name(key.trim()), depth);
            }
            _ if line.split_whitespace().count() > 1 => {
                let words: Vec<&str> = line.split_whitespace().collect();
                for pair in words.array_windows() {
                    if let [key, value] = pair
                        && is_secret_name(key)
                    {
                        self.add("a value in the text", value, true, 0);
                    }
                }
            }
            _ => self.add("a line of the text", line, judge("", line).is_none(), depth),
        }
    }

    fn leaves(&mut self, is_named: bool, json: &serde_json::Value, depth: usize) {
        match json {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    self.leaves(is_secret_name(key), value, depth);
                }
            }
            serde_json::Value::Array(list) => {
                for value in list {
                    self.leaves(is_named, value, depth);
                }
            }
            serde_json::Value::String(text) => {
                self.add("a value in the JSON", text, is_named, depth);
            }
            _ => {}
        }
    }

    /// The body of a key file, its lines, and pieces that are there however the lines are broken.
    fn key_file(&mut self, text: &str) {
        if !text.contains("PRIVATE KEY") {
            return;
        }
        let text = text.replace("\\n", "\n");
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let Some(body) = pem_body(&lines) else { return };
        self.found.push(("the body of the key", body.clone().into_bytes()));
        self.found.extend(STANDARD.decode(&body).ok().map(|bytes| ("the bytes of the key", bytes)));
        for line in lines.iter().filter(|line| line.len() >= 40 && !line.starts_with("-----")) {
            if !is_common_start(line) {
                self.found.push(("a line of the key", line.as_bytes().to_vec()));
            }
        }
        // Each line of 48 letters or more holds one of these whole.
        let pieces =
            body.as_bytes().chunks_exact(PIECE_LETTERS).skip(KEY_START_LETTERS / PIECE_LETTERS);
        self.found.extend(pieces.take(60).map(|piece| ("a piece of the key", piece.to_vec())));
    }
}

/// A name under which everything is judged as a secret.
const SECRET_NAME: &str = "SECRET";

/// Letters of a piece of a key file.
const PIECE_LETTERS: usize = 24;

/// Letters at the start of a key file that many keys have in common: they tell its kind.
const KEY_START_LETTERS: usize = 96;

/// The first line of a key in the form of OpenSSH, which says only that it is one.
fn is_common_start(line: &str) -> bool {
    line.starts_with("b3BlbnNzaC1rZXktdjE")
}

/// A UUID or a number in hex: a part of an address that names something.
fn is_identifier(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// What stands between `-----BEGIN …` and `-----END …`, without line ends.
fn pem_body(lines: &[&str]) -> Option<String> {
    let begin = lines.iter().position(|line| line.starts_with("-----BEGIN "))?;
    let end = lines.iter().position(|line| line.starts_with("-----END "))?;
    let body: String = lines.get(begin + 1..end)?.concat();
    (body.len() >= 64).then_some(body)
}

/// The bytes of a key that is written in base64 or hex.
fn raw_key(text: &str) -> Option<Vec<u8>> {
    if is_uuid(text) {
        return written_bytes(&text.replace('-', ""));
    }
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let is_mixed =
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = written_bytes(text).filter(|_| is_mixed || is_hex)?;
    // Text that happens to be base64 of text is a value of its own, whatever its length.
    let is_text = std::str::from_utf8(&bytes)
        .is_ok_and(|text| text.len() >= 8 && text.chars().all(|c| !c.is_control()));
    (matches!(bytes.len(), 16 | 24 | 32 | 48 | 64) || is_text).then_some(bytes)
}

/// The bytes that a text writes in hex or in base64 of either kind, if it can be read as one.
pub(super) fn written_bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return (0..text.len() / 2)
            .map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok())
            .collect();
    }
    let plain = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(plain).or_else(|_| URL_SAFE_NO_PAD.decode(plain)).ok()
}

/// What stands in a URL, as text.
fn decode_percent(text: &str) -> String {
    String::from_utf8_lossy(&url::decode_percent(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: &[&str]) {
        let parts = parts_of(name, value.as_bytes(), true);
        let texts: Vec<String> = parts
            .iter()
            .skip(1)
            .map(|part| String::from_utf8_lossy(part.value.expose()).into_owned())
            .collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn parts_are_found() {
        check(
            "DATABASE_URL",
            "postgres://app:Vb7%2Fq9xK2@db.internal:5432/app?sslmode=require",
            &["Vb7%2Fq9xK2", "Vb7/q9xK2"],
        );
        check("AUTH", "Bearer 9fX2kQ7vLm3Zp8Rt", &["9fX2kQ7vLm3Zp8Rt"]);
        check(
            "AZURE",
            "AccountName=files;AccountKey=Zm9vQmFyOTg3NjU0MzIx;EndpointSuffix=core.windows.net",
            &["Zm9vQmFyOTg3NjU0MzIx", "fooBar987654321"],
        );
        check(
            "SERVICE_ACCOUNT",
            r#"{"type":"service_account","private_key_id":"8f2a1c9d7e6b5a4f","host":"localhost"}"#,
            &["8f2a1c9d7e6b5a4f"],
        );
        check("PLAIN", "9fX2kQ7vLm3Zp8Rt", &[]);
    }
}
