//! HMAC-SHA256 of each object, over the signature base of RFC 9421 with the digest of RFC 9530.
//!
//! The base names path, type, encoding, length, digest and build, so that a file cannot be swapped with another,
//! retyped, cut, or taken into another build. Whoever can verify can also sign: the key is shared.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::encrypt::random;
use crate::artifact::Digest;
use crate::secret::Secret;

/// `info` of HKDF-SHA256 (RFC 5869, no salt) for the key that signs files.
const FILES: &[u8] = b"bundlegate/v1/hmac";
/// `info` for the key that signs envelopes.
const ENVELOPES: &[u8] = b"bundlegate/v1/dsse";

/// A key for signing and verifying: one key for each purpose, derived from what the user gave.
#[derive(Debug, Clone)]
pub struct SigningKey {
    files: Secret,
    envelopes: Secret,
    id: String,
}

/// Why a key is refused. Nothing of the key is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Fewer than 32 bytes.
    #[error("the key has {0} bytes; HMAC-SHA256 needs 32 at least")]
    Short(usize),
    /// Hardly any different bytes.
    #[error("the key repeats the same few bytes, so it can be guessed")]
    Weak,
    /// It is nearly hexadecimal or base64.
    #[error("the key is written in hexadecimal or base64, but a part of it is missing or wrong")]
    Form,
    /// It can be read in two ways.
    #[error(
        "the key may be base64, or a text that only looks like it: write `base64:` or `text:` before it"
    )]
    Unclear,
    /// The name of the key cannot stand in a signature.
    #[error("the key id may only have letters, digits, `-`, `_` and `.`")]
    Id,
}

impl SigningKey {
    /// Takes a key and its name. The key is in hexadecimal, in base64 or a text; `base64:` or `text:` before it says which.
    pub fn new(text: &Secret, id: &str) -> Result<Self, BadKey> {
        if id.is_empty()
            || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            return Err(BadKey::Id);
        }
        let key = decode(text)?;
        if key.expose().len() < 32 {
            return Err(BadKey::Short(key.expose().len()));
        }
        let mut seen = [false; 256];
        key.expose().iter().for_each(|byte| seen[usize::from(*byte)] = true);
        if seen.iter().filter(|seen| **seen).count() < 8 {
            return Err(BadKey::Weak);
        }
        Ok(Self {
            files: derive(&key, FILES),
            envelopes: derive(&key, ENVELOPES),
            id: id.to_owned(),
        })
    }

    /// A new key from the random numbers of the system: 64 hexadecimal digits.
    #[must_use]
    pub fn generate() -> Secret {
        let digits = random::<32>().iter().fold(String::with_capacity(65), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Secret::from(digits + "\n")
    }

    /// The name of the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What tells it from another key of the same name: 16 hexadecimal digits, which say nothing of the key.
    #[must_use]
    pub fn mark(&self) -> String {
        let mac = hmac_sha256(&self.files, b"bundlegate/v1/mark");
        mac.iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// The signature of a base, in base64.
    #[must_use]
    pub fn sign(&self, base: &str) -> String {
        sign(&self.files, base.as_bytes())
    }

    /// Whether the signature is that of the base; takes the same time whatever differs.
    #[must_use]
    pub fn verify(&self, base: &str, signature: &str) -> bool {
        verify(&self.files, base.as_bytes(), signature)
    }

    /// The signature of what an envelope signs, in base64.
    #[must_use]
    pub fn sign_envelope(&self, message: &[u8]) -> String {
        sign(&self.envelopes, message)
    }

    /// Whether the signature is that of what an envelope signs.
    #[must_use]
    pub fn verify_envelope(&self, message: &[u8], signature: &str) -> bool {
        verify(&self.envelopes, message, signature)
    }
}

fn derive(key: &Secret, purpose: &[u8]) -> Secret {
    let mut derived = vec![0; 32];
    Hkdf::<Sha256>::new(None, key.expose())
        .expand(purpose, &mut derived)
        .expect("32 bytes are within the limit of HKDF");
    Secret::new(derived)
}

/// HMAC-SHA256 by a key of any length.
#[must_use]
pub fn hmac_sha256(key: &Secret, message: &[u8]) -> [u8; 32] {
    mac(key, message).finalize().into_bytes().into()
}

fn mac(key: &Secret, message: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
    mac.update(message);
    mac
}

fn sign(key: &Secret, message: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(key, message))
}

fn verify(key: &Secret, message: &[u8], signature: &str) -> bool {
    STANDARD
        .decode(signature)
        .is_ok_and(|signature| mac(key, message).verify_slice(&signature).is_ok())
}

/// The bytes of a key as it is written: in hexadecimal or base64, in lines or not, or as it is. What is nearly one of the
/// first two is refused, because as text it would be another key.
fn decode(text: &Secret) -> Result<Secret, BadKey> {
    let text = text.expose();
    let trimmed = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    if let Some(text) = trimmed.strip_prefix(b"text:") {
        return Ok(Secret::new(text.to_vec()));
    }
    let (is_base64, trimmed) = match trimmed.strip_prefix(b"base64:") {
        Some(text) => (true, text),
        None => (false, trimmed),
    };
    let is_in_lines = trimmed.contains(&b'\n');
    let lines: Vec<&[u8]> = trimmed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    let joined = Secret::new(lines.concat());
    let bytes = joined.expose();
    if !is_base64 && bytes.len() >= 32 && bytes.iter().all(u8::is_ascii_hexdigit) {
        let digits = bytes.as_chunks::<2>();
        return match digits {
            (pairs, []) => {
                Ok(Secret::new(pairs.iter().map(|[a, b]| nibble(*a) << 4 | nibble(*b)).collect()))
            }
            _ => Err(BadKey::Form),
        };
    }
    let digits = bytes.strip_prefix(b"0x").or_else(|| bytes.strip_prefix(b"0X"));
    if !is_base64 && digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
        return Err(BadKey::Form);
    }
    let unpadded = bytes.strip_suffix(b"==").or_else(|| bytes.strip_suffix(b"=")).unwrap_or(bytes);
    let is_of = |more: &[u8; 2]| {
        unpadded.iter().all(|byte| byte.is_ascii_alphanumeric() || more.contains(byte))
    };
    let (is_standard, is_for_urls) = (is_of(b"+/"), is_of(b"-_"));
    if !is_standard && !is_for_urls {
        // In quotes, with colons or spaces between, or of both alphabets.
        let without = |marks: &[u8]| -> Vec<u8> {
            trimmed.iter().copied().filter(|byte| !marks.contains(byte)).collect()
        };
        let (hex, base64) = (without(b"\"'` \t\r\n:,-_"), without(b"\"'`\t\r\n:,-_+/="));
        let is_nearly = |bytes: &[u8], is: fn(&u8) -> bool| {
            bytes.len() >= 32 && bytes.iter().all(is) && bytes.iter().any(u8::is_ascii_digit)
        };
        let is_mixed =
            base64.iter().any(u8::is_ascii_lowercase) && base64.iter().any(u8::is_ascii_uppercase);
        if is_base64
            || is_nearly(&hex, u8::is_ascii_hexdigit)
            || (is_mixed && is_nearly(&base64, u8::is_ascii_alphanumeric))
        {
            return Err(BadKey::Form);
        }
        return Ok(Secret::new(trimmed.to_vec()));
    }
    let decoded = if is_standard {
        STANDARD_NO_PAD.decode(unpadded)
    } else {
        URL_SAFE_NO_PAD.decode(unpadded)
    };
    let has = |is: fn(&u8) -> bool| unpadded.iter().any(is);
    let is_marked = is_base64
        || is_in_lines
        || unpadded.len() < bytes.len()
        || unpadded.iter().any(|byte| b"+/".contains(byte));
    // Letters, digits and hyphens may be words that somebody chose; hardly any key in base64 lacks one of these.
    let is_random =
        has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    match decoded {
        Ok(bytes) if bytes.len() >= 32 && (is_marked || is_random) => Ok(Secret::new(bytes)),
        Ok(bytes) if is_marked => Err(BadKey::Short(bytes.len())),
        Err(_) if is_marked => Err(BadKey::Form),
        _ if unpadded.len() < 32 => Err(BadKey::Short(unpadded.len())),
        _ => Err(BadKey::Unclear),
    }
}

/// The value of a hexadecimal digit.
fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// What is signed of one object.
#[derive(Debug, Clone, Copy)]
pub struct SignedFields<'a> {
    /// Path below the deployment, without a slash at its start.
    pub path: &'a str,
    /// Its content type.
    pub content_type: &'a str,
    /// Its content encoding; `identity` when none.
    pub content_encoding: &'a str,
    /// Bytes as stored.
    pub length: u64,
    /// SHA-256 of the bytes as stored.
    pub digest: Digest,
    /// The build it belongs to.
    pub build_id: &'a str,
    /// When it was signed, in seconds since 1970.
    pub created: Option<u64>,
    /// Until when the signature holds, in seconds since 1970.
    pub expires: Option<u64>,
    /// Name of the key.
    pub key_id: &'a str,
}

/// The signature base (RFC 9421, section 2.5): lines end in a line feed, the last one does not.
#[must_use]
pub fn signature_base(fields: &SignedFields<'_>) -> String {
    format!(
        "\"@path\";req: /{}\n\"content-type\": {}\n\"content-encoding\": {}\n\"content-length\": {}\n\
         \"content-digest\": {}\n\"bundlegate-build\": {}\n\"@signature-params\": {}",
        percent_encoded(fields.path),
        fields.content_type,
        fields.content_encoding,
        fields.length,
        content_digest(fields.digest),
        fields.build_id,
        signature_parameters(fields),
    )
}

/// What is signed, when, and with which key: the value of `Signature-Input` behind the label.
#[must_use]
pub fn signature_parameters(fields: &SignedFields<'_>) -> String {
    let time = |name: &str, seconds: Option<u64>| {
        seconds.map(|seconds| format!(";{name}={seconds}")).unwrap_or_default()
    };
    format!(
        "(\"@path\";req \"content-type\" \"content-encoding\" \"content-length\" \"content-digest\" \
         \"bundlegate-build\"){}{};keyid=\"{}\";alg=\"hmac-sha256\";tag=\"bundlegate-v1\"",
        time("created", fields.created),
        time("expires", fields.expires),
        fields.key_id,
    )
}

/// The value of `Content-Digest` (RFC 9530).
#[must_use]
pub fn content_digest(digest: Digest) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest.as_bytes()))
}

/// A path as it stands in a request: everything but letters, digits and `-._~!$&'()*+,;=:@/` (RFC 3986) is escaped.
fn percent_encoded(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shared secret of RFC 9421, appendix B.1.5.
    const RFC_KEY: &str =
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";

    #[test]
    fn rfc_9421_vector() {
        // Appendix B.2.5.
        let base = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": \
                    application/json\n\"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473\
                    ;keyid=\"test-shared-secret\"";
        let key = decode(&Secret::from(RFC_KEY.to_owned())).unwrap();
        let signature = "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=";
        assert_eq!(sign(&key, base.as_bytes()), signature);
        assert!(verify(&key, base.as_bytes(), signature));
        assert!(!verify(&key, base.replace("example", "exampl3").as_bytes(), signature));
    }

    #[test]
    fn each_purpose_has_its_own_key() {
        let key = SigningKey::new(&SigningKey::generate(), "k1").unwrap();
        assert_ne!(key.sign("text"), key.sign_envelope(b"text"));
        assert!(key.verify("text", &key.sign("text")));
        assert!(!key.verify_envelope(b"text", &key.sign("text")));
    }

    #[test]
    fn bad_keys_are_refused() {
        let check = |text: &str, id: &str| {
            SigningKey::new(&Secret::from(text.to_owned()), id).map(|_| ()).unwrap_err()
        };
        assert_eq!(check("short", "k1"), BadKey::Short(5));
        assert_eq!(check(&"a".repeat(64), "k1"), BadKey::Weak);
        assert_eq!(check(RFC_KEY, "k\"1"), BadKey::Id);
    }

    #[test]
    fn a_key_is_what_it_is_written_as() {
        let part = |text: &str, from: usize, to: usize| text.get(from..to).unwrap().to_owned();
        let read = |text: &str| decode(&Secret::from(text.to_owned()));
        let bytes = |text: &str| read(text).unwrap().expose().to_vec();
        let whole = bytes(RFC_KEY);
        assert_eq!(whole.len(), 64);
        let (start, end) = RFC_KEY.split_at(40);
        for same in [
            RFC_KEY.trim_end_matches('=').to_owned(),
            format!("{start}\n{end}\n"),
            format!("  {start}\r\n  {end}\r\n"),
            RFC_KEY.replace('+', "-").replace('/', "_"),
            RFC_KEY.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned(),
        ] {
            assert_eq!(bytes(&same), whole, "{same}");
        }
        let hex = "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff";
        assert_eq!(bytes(hex)[8..11], [0x88, 0x99, 0xaa]);
        assert_eq!(bytes(&format!("{}\n{}", part(hex, 0, 32), part(hex, 32, 64))), bytes(hex));
        // Nearly one of these is nothing.
        assert_eq!(read(&part(hex, 1, 64)), Err(BadKey::Form));
        assert_eq!(read("ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7"), Err(BadKey::Form));
        assert_eq!(read("ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmq"), Err(BadKey::Short(27)));
        // Part of a key for URLs, and words with hyphens, may be either.
        let cut = RFC_KEY.replace('+', "-").replace('/', "_");
        for unclear in [
            &*part(&cut, 0, 33),
            "correct-horse-battery-staple-and-some-more-words",
            &part(&cut, 0, 38),
        ] {
            assert_eq!(read(unclear), Err(BadKey::Unclear), "{unclear}");
        }
        assert_eq!(bytes("text:correct-horse-battery-staple")[..7], *b"correct");
        assert_eq!(bytes(&format!("base64:{RFC_KEY}")), whole);
        assert_eq!(bytes(&format!("\u{feff}{RFC_KEY}")), whole);
        let pairs: Vec<String> = (0..32).map(|at| part(hex, 2 * at, 2 * at + 2)).collect();
        for nearly in [
            "base64:not base64",
            &format!("\"{RFC_KEY}\""),
            &format!("0x{hex}"),
            &pairs.join(":"),
            &pairs.join(" "),
            "ABEi+0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8",
        ] {
            assert_eq!(read(nearly), Err(BadKey::Form), "{nearly}");
        }
        for phrase in
            ["correct horse battery staple, and more", "Tr0ub4dor&3-Tr0ub4dor&3-Tr0ub4dor"]
        {
            assert_eq!(bytes(phrase), phrase.as_bytes());
        }
    }

    #[test]
    fn any_field_changes_the_base() {
        let fields = SignedFields {
            path: "a.js",
            content_type: "text/javascript",
            content_encoding: "br",
            length: 3,
            digest: Digest::of(b"abc"),
            build_id: "b1",
            created: None,
            expires: Some(9),
            key_id: "k1",
        };
        let base = signature_base(&fields);
        for other in [
            SignedFields { path: "b.js", ..fields },
            SignedFields { content_type: "text/html", ..fields },
            SignedFields { content_encoding: "identity", ..fields },
            SignedFields { length: 4, ..fields },
            SignedFields { digest: Digest::of(b"abd"), ..fields },
            SignedFields { build_id: "b2", ..fields },
            SignedFields { created: Some(1), ..fields },
            SignedFields { expires: None, ..fields },
            SignedFields { key_id: "k2", ..fields },
        ] {
            assert_ne!(signature_base(&other), base);
        }
    }
}
