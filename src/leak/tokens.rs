//! Rule: shapes of well-known tokens, as data. Only shapes that nothing else has, with the checks that their makers
//! built in; examples of documentations are excused.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Letters that the rest of a token is made of.
#[derive(Debug, Clone, Copy)]
enum Letters {
    Alphanumeric,
    /// With `-` and `_`.
    Url,
    /// Base64 of either kind.
    Base64,
    /// Capitals and digits.
    Upper,
    LowerHex,
    /// With `-`, as in Slack's.
    Dashed,
}

impl Letters {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Base64 => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=')
            }
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::LowerHex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Dashed => byte.is_ascii_alphanumeric() || byte == b'-',
        }
    }
}

/// What must hold beside the letters.
#[derive(Debug, Clone, Copy)]
enum Check {
    None,
    /// The last six letters are the CRC-32 of the rest behind the prefix, in base 62.
    Crc,
    /// A JSON Web Token that lets its holder in: not one that is made to be public.
    Jwt,
    /// A private key: enough base64 behind the first line.
    Pem,
}

/// One kind of token.
struct Shape {
    id: &'static str,
    name: &'static str,
    prefix: &'static str,
    letters: Letters,
    /// Letters behind the prefix: fewest, most.
    length: (usize, usize),
    check: Check,
}

const fn shape(
    id: &'static str,
    name: &'static str,
    prefix: &'static str,
    letters: Letters,
    length: (usize, usize),
    check: Check,
) -> Shape {
    Shape { id, name, prefix, letters, length, check }
}

use Letters::{Alphanumeric, Base64, Dashed, LowerHex, Upper, Url};

/// The list.
#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    shape("github-pat", "a GitHub personal access token", "ghp_", Alphanumeric, (36, 36), Check::Crc),
    shape("github-oauth", "a GitHub OAuth token", "gho_", Alphanumeric, (36, 36), Check::Crc),
    shape("github-app", "a GitHub App token", "ghs_", Alphanumeric, (36, 36), Check::Crc),
    shape("github-user", "a GitHub user token", "ghu_", Alphanumeric, (36, 36), Check::Crc),
    shape("github-refresh", "a GitHub refresh token", "ghr_", Alphanumeric, (76, 76), Check::None),
    shape("github-fine-grained", "a GitHub fine-grained token", "github_pat_", Url, (82, 82), Check::None),
    shape("gitlab-pat", "a GitLab token", "glpat-", Url, (20, 64), Check::None),
    shape("aws-access-key", "an AWS access key id", "AKIA", Upper, (16, 16), Check::None),
    shape("aws-session-key", "an AWS session key id", "ASIA", Upper, (16, 16), Check::None),
    shape("stripe-secret", "a Stripe secret key", "sk_live_", Alphanumeric, (24, 99), Check::None),
    shape("stripe-restricted", "a Stripe restricted key", "rk_live_", Alphanumeric, (24, 99), Check::None),
    shape("stripe-webhook", "a Stripe webhook secret", "whsec_", Alphanumeric, (32, 64), Check::None),
    shape("slack-bot", "a Slack bot token", "xoxb-", Dashed, (40, 80), Check::None),
    shape("slack-user", "a Slack user token", "xoxp-", Dashed, (40, 90), Check::None),
    shape("slack-app", "a Slack app token", "xapp-", Dashed, (40, 120), Check::None),
    shape("openai-project", "an OpenAI key", "sk-proj-", Url, (40, 200), Check::None),
    shape("openai-service", "an OpenAI service key", "sk-svcacct-", Url, (40, 200), Check::None),
    shape("anthropic", "an Anthropic key", "sk-ant-", Url, (80, 120), Check::None),
    shape("npm", "an npm token", "npm_", Alphanumeric, (36, 36), Check::Crc),
    shape("pypi", "a PyPI token", "pypi-AgEIcHlwaS5vcmc", Url, (50, 250), Check::None),
    shape("sendgrid", "a SendGrid key", "SG.", Letters::Url, (22, 22), Check::None),
    shape("huggingface", "a Hugging Face token", "hf_", Alphanumeric, (34, 34), Check::None),
    shape("digitalocean", "a DigitalOcean token", "dop_v1_", LowerHex, (64, 64), Check::None),
    shape("shopify", "a Shopify access token", "shpat_", LowerHex, (32, 32), Check::None),
    shape("docker", "a Docker Hub token", "dckr_pat_", Url, (27, 27), Check::None),
    shape("linear", "a Linear key", "lin_api_", Alphanumeric, (40, 40), Check::None),
    shape("google-oauth", "a Google OAuth token", "ya29.", Url, (60, 300), Check::None),
    shape("google-client-secret", "a Google client secret", "GOCSPX-", Url, (28, 28), Check::None),
    shape("age", "an age secret key", "AGE-SECRET-KEY-1", Upper, (58, 58), Check::None),
    shape("jwt", "a JSON Web Token", "eyJ", Base64, (10, 4000), Check::Jwt),
    shape("private-key", "a private key", "-----BEGIN ", Base64, (0, 0), Check::Pem),
];

/// Parts of tokens that only documentations have.
const EXAMPLES: &[&str] = &[
    "EXAMPLE",
    "example",
    "xxxx",
    "XXXX",
    "0000000000",
    "1234567890",
    "abcdef",
    "ABCDEF",
    "your",
    "YOUR",
    "placeholder",
    "test",
];

/// The shapes, ready to be looked for.
pub(super) struct Tokens {
    prefixes: AhoCorasick,
}

/// A token in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) start: usize,
    pub(super) length: usize,
}

impl Tokens {
    pub(super) fn new() -> Self {
        let prefixes = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(SHAPES.iter().map(|shape| shape.prefix))
            .expect("the prefixes are few and short");
        Self { prefixes }
    }

    pub(super) fn find(&self, text: &[u8]) -> Vec<Token> {
        let mut found = Vec::new();
        for prefix in self.prefixes.find_iter(text) {
            let shape = &SHAPES[prefix.pattern().as_usize()];
            // In the middle of a word it is no prefix.
            let before = prefix.start().checked_sub(1).and_then(|at| text.get(at));
            if before.is_some_and(u8::is_ascii_alphanumeric) {
                continue;
            }
            if let Some(length) = shape.length_at(text, prefix.end()) {
                let length = prefix.end() - prefix.start() + length;
                found.push(Token { id: shape.id, name: shape.name, start: prefix.start(), length });
            }
        }
        found
    }
}

impl Shape {
    /// Bytes of the rest behind the prefix, if it is such a token.
    fn length_at(&self, text: &[u8], at: usize) -> Option<usize> {
        match self.check {
            Check::Jwt => return jwt(text, at - 3),
            Check::Pem => return private_key(text, at),
            Check::None | Check::Crc => {}
        }
        let rest = text.get(at..)?;
        let length = rest.iter().take_while(|byte| self.letters.has(**byte)).count();
        if length < self.length.0 || length > self.length.1 {
            return None;
        }
        let body = std::str::from_utf8(rest.get(..length)?).ok()?;
        if self.id == "sendgrid" && rest.get(length) != Some(&b'.') {
            return None;
        }
        let is_example = EXAMPLES.iter().any(|example| body.contains(example)) || is_dull(body);
        let is_made = !matches!(self.check, Check::Crc) || has_checksum(body);
        (!is_example && is_made).then_some(length)
    }
}

/// Few different letters: a placeholder.
fn is_dull(body: &str) -> bool {
    let mut seen = [false; 256];
    let different =
        body.bytes().filter(|byte| !std::mem::replace(&mut seen[usize::from(*byte)], true)).count();
    different < 8.min(body.len() / 2)
}

/// GitHub's and npm's tokens end in the CRC-32 of what stands before it, in base 62, filled with zeros.
fn has_checksum(body: &str) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((text, checksum)) = body.split_at_checked(body.len().saturating_sub(6)) else {
        return false;
    };
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    let mut value = crc.sum();
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(value % 62) as usize];
        value /= 62;
    }
    checksum.as_bytes() == digits
}

/// Whether a text is a JSON Web Token that is made to be public.
pub(super) fn is_anonymous_jwt(text: &str) -> bool {
    let payload = text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    text.starts_with("eyJ")
        && payload
            .and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok())
            .is_some_and(|payload| payload["role"] == "anon")
}

/// A token of three parts whose header is JSON. Those with the role `anon`, and documentation's, are public.
fn jwt(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let length = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        .count();
    let token = std::str::from_utf8(rest.get(..length)?).ok()?;
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if signature.len() < 20 {
        return None;
    }
    let json = |part: &str| -> Option<serde_json::Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    json(header)?.get("alg")?;
    let payload = json(payload)?;
    let is_text =
        |key: &str, value: &str| payload.get(key).and_then(|found| found.as_str()) == Some(value);
    // Supabase's key for browsers, and the token of jwt.io.
    let is_public =
        is_text("role", "anon") || is_text("name", "John Doe") || is_text("sub", "1234567890");
    (!is_public).then_some(length - 3)
}

fn private_key(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let line = rest.get(..rest.len().min(60))?;
    let end = memchr::memmem::find(line, b"PRIVATE KEY")?;
    if memchr::memchr2(b'\n', b'"', &line[..end]).is_some() {
        return None;
    }
    let body = rest.get(end + 11..)?;
    let body = body.strip_prefix(b" BLOCK").unwrap_or(body).strip_prefix(b"-----")?;
    // Line ends, also as escapes, and quotes between joined lines are no part of the key.
    let mut letters = 0;
    for (index, byte) in body.iter().take(6000).enumerate() {
        match byte {
            b'-' => break,
            b'\\' | b'"' | b'\'' | b'+' | b',' | b'\n' | b'\r' | b' ' | b'\t' => {}
            b'n' | b'r' if index > 0 && body[index - 1] == b'\\' => {}
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'=' | b':') => {
                letters += 1;
            }
            _ => break,
        }
    }
    (letters >= 64).then_some(end + 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> =
            Tokens::new().find(text.as_bytes()).iter().map(|token| token.id).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn shapes_are_told_from_their_likes() {
        // The checksum is made here: a real token would be one.
        let body = "R7kQ2mVx9LpZt4WnYb8sGh3cJf6dAe";
        let mut crc = flate2::Crc::new();
        crc.update(body.as_bytes());
        let mut value = crc.sum();
        let mut tail = String::new();
        for _ in 0..6 {
            let digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                [(value % 62) as usize];
            tail.insert(0, char::from(digit));
            value /= 62;
        }
        check(&format!("token=\"ghp_{body}{tail}\""), &["github-pat"]);
        check(&format!("ghp_{body}000000"), &[]);
        check("AKIAIOSFODNN7EXAMPLE", &[]);
        check("key: AKIAQ7X2M9LPZT4WNYB8", &["aws-access-key"]);
        check("sk_test_4eC39HqLyjWDarjtT1zdp7dc sk_live_xxxxxxxxxxxxxxxxxxxxxxxx", &[]);
        check("pk_live_4eC39HqLyjWDarjtT1zdp7dc", &[]);
        check("-----BEGIN PRIVATE KEY-----\\n", &[]);
        check("-----BEGIN CERTIFICATE-----", &[]);
    }
}
