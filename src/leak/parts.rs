//! What of a value is a secret by itself: the password in a URL, the leaves of a JSON key, the lines of a key file.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::policy::{is_secret_name, judge};
use crate::secret::Secret;

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

/// The value and its parts. Parts that would be harmless as values are left out.
pub(super) fn parts_of(name: &str, value: &[u8]) -> Vec<Part> {
    let mut parts = vec![Part { label: "", value: Secret::new(value.to_vec()) }];
    if let Ok(text) = std::str::from_utf8(value) {
        let mut found = Vec::new();
        collect(name, text, &mut found);
        for (label, part) in found {
            let is_new = parts.iter().all(|known| known.value.expose() != part);
            if is_new && parts.len() < MOST_PARTS {
                parts.push(Part { label, value: Secret::new(part) });
            }
        }
    }
    parts
}

fn collect(name: &str, text: &str, found: &mut Vec<(&'static str, Vec<u8>)>) {
    let is_named = is_secret_name(name);
    let mut add = |label: &'static str, part: &str, is_named: bool| {
        let part = part.trim();
        let name = if is_named { "SECRET" } else { "" };
        if part.len() < text.len() && judge(name, part).is_none() {
            found.push((label, part.as_bytes().to_vec()));
        }
    };
    if let Some(body) = text.strip_prefix("Bearer ").or_else(|| text.strip_prefix("bearer ")) {
        add("the token behind `Bearer`", body, true);
    }
    if let Some(body) = text.strip_prefix("Basic ").or_else(|| text.strip_prefix("basic ")) {
        add("what is behind `Basic`", body, true);
        if let Some(plain) =
            STANDARD.decode(body.trim()).ok().and_then(|b| String::from_utf8(b).ok())
        {
            add("the decoded credentials", &plain, true);
            if let Some((_, password)) = plain.split_once(':') {
                add("the decoded password", password, true);
            }
        }
    }
    url_parts(text, &mut add);
    if !text.contains("://") && !text.contains(char::is_whitespace) {
        if let Some((user, password)) = text.split_once(':')
            && !password.contains(':')
            && !user.is_empty()
            && !text.starts_with('{')
        {
            add("the part behind the colon", password, is_named);
        }
        if text.contains(',') && !text.starts_with(['{', '[']) {
            text.split(',').for_each(|item| add("an item of the list", item, is_named));
        }
    }
    if text.contains('=') && !text.contains("://") && !text.contains('\n') {
        for pair in text.split([';', '&']) {
            if let Some((key, value)) = pair.split_once('=') {
                add(
                    "a value of a list of settings",
                    value.trim_matches(['"', '\'']),
                    is_secret_name(key),
                );
            }
        }
    }
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
        && (json.is_object() || json.is_array())
    {
        leaves("", &json, &mut add);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    if let Some(body) = pem_body(&lines) {
        add("the body of the key", &body, true);
        for line in lines.iter().filter(|line| line.len() >= 40 && !line.starts_with("-----")) {
            add("a line of the key", line, true);
        }
    } else if lines.len() > 1 {
        for line in &lines {
            match line.strip_prefix("export ").unwrap_or(line).split_once('=') {
                Some((key, value))
                    if !key.contains(char::is_whitespace) && !line.starts_with('{') =>
                {
                    let value = value.trim().trim_matches(['"', '\'']);
                    add("a variable in the text", value, is_secret_name(key));
                }
                _ if line.len() >= 16 => add("a line of the text", line, false),
                _ => {}
            }
        }
    }
    found.extend(raw_key(text).map(|bytes| ("the decoded bytes", bytes)));
}

fn url_parts(text: &str, add: &mut impl FnMut(&'static str, &str, bool)) {
    let Some((scheme, rest)) = text.split_once("://") else { return };
    if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
        return;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if let Some((credentials, _)) = authority.rsplit_once('@') {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        for (label, part) in [("the password of the URL", password), ("the user of the URL", user)]
        {
            let is_password = label.starts_with("the password");
            add(label, part, is_password);
            if part.contains('%') {
                add(label, &decode_percent(part), is_password);
            }
        }
    }
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    for part in path.split('/').filter(|part| part.len() >= 20) {
        add("a part of the URL's path", part, false);
    }
    for pair in query.split(['&', '#']) {
        if let Some((key, value)) = pair.split_once('=') {
            add("a value in the URL's query", value, is_secret_name(key) || key.contains("sig"));
            if value.contains('%') {
                add("a value in the URL's query", &decode_percent(value), is_secret_name(key));
            }
        }
    }
}

fn leaves(key: &str, json: &serde_json::Value, add: &mut impl FnMut(&'static str, &str, bool)) {
    match json {
        serde_json::Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(key, value, add));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| leaves(key, value, add)),
        serde_json::Value::String(text) => {
            let is_named = is_secret_name(key);
            add("a value in the JSON", text, is_named);
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            if let Some(body) = pem_body(&lines) {
                add("the key in the JSON", &body, true);
                for line in
                    lines.iter().filter(|line| line.len() >= 40 && !line.starts_with("-----"))
                {
                    add("a line of the key in the JSON", line, true);
                }
            }
        }
        _ => {}
    }
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
    let text = text.trim();
    let is_key = |length: usize| matches!(length, 16 | 24 | 32 | 48 | 64);
    if text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let bytes: Option<Vec<u8>> = (0..text.len() / 2)
            .map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok())
            .collect();
        return bytes.filter(|bytes| is_key(bytes.len()));
    }
    let plain = text.trim_end_matches('=');
    let decoded = STANDARD_NO_PAD.decode(plain).or_else(|_| URL_SAFE_NO_PAD.decode(plain)).ok()?;
    // Text that happens to be base64 of text is a value of its own, whatever its length.
    let is_text = std::str::from_utf8(&decoded)
        .is_ok_and(|text| text.len() >= 8 && text.chars().all(|c| !c.is_control()));
    (is_key(decoded.len()) || is_text).then_some(decoded)
}

fn decode_percent(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: &[&str]) {
        let parts = parts_of(name, value.as_bytes());
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
            &["Zm9vQmFyOTg3NjU0MzIx"],
        );
        check(
            "SERVICE_ACCOUNT",
            r#"{"type":"service_account","private_key_id":"8f2a1c9d7e6b5a4f","host":"localhost"}"#,
            &["8f2a1c9d7e6b5a4f"],
        );
        check("PLAIN", "9fX2kQ7vLm3Zp8Rt", &[]);
    }
}
