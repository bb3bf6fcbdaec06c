//! Encryption for recipients: bodies in Tink's AES256-GCM-HKDF streaming layout with 1 MiB segments
//! (developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming), each under a fresh content key, which is wrapped
//! for every recipient by HPKE (RFC 9180) with X-Wing (X25519 and ML-KEM-768), HKDF-SHA256 and AES-256-GCM.
//!
//! Nonces never meet twice: the key of a body is derived from a random content key and a random salt, the nonce of a
//! segment is a random prefix, the number of the segment, and whether it is the last.

use std::io::{self, Write};

use aead_stream::{NewStream as _, StreamBE32, StreamPrimitive as _};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::artifact::Digest;
use crate::secret::Secret;

/// Ending of the path of an encrypted file.
pub const EXTENSION: &str = ".enc";
/// Name of the layout in a manifest.
pub const SCHEME: &str = "tink-aes256-gcm-hkdf-sha256-1mb";
/// Bytes of a segment as stored.
const SEGMENT_BYTES: usize = 1 << 20;
/// Segments that are in memory at the same time, which are worked on in parallel.
const SEGMENTS_AT_ONCE: usize = 32;
/// Length of the header, salt, nonce prefix.
const HEADER_BYTES: usize = 1 + SALT_BYTES + PREFIX_BYTES;
const SALT_BYTES: usize = 32;
const PREFIX_BYTES: usize = 7;
const TAG_BYTES: usize = 16;
/// Bytes of the encapsulated secret of X-Wing, which stands before the wrapped content key.
const ENCAPSULATED_BYTES: usize = 1120;
/// What HPKE binds a wrap to.
const INFO: &[u8] = b"bundlegate/v1";
const RECIPIENT_START: &str = "bundlegate-recipient-v1:";
const IDENTITY_START: &str = "bundlegate-identity-v1:";

/// Who can decrypt: a public key.
#[derive(Clone)]
pub struct Recipient {
    id: String,
    key: <XWing as Kem>::PublicKey,
}

/// The private part of a recipient.
pub struct Identity {
    recipient: String,
    key: <XWing as Kem>::PrivateKey,
}

/// The content key of an object, wrapped for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wrap {
    /// The recipient's name: 16 hexadecimal digits of the SHA-256 of the public key.
    pub recipient: String,
    /// HPKE's encapsulated secret (1,120 bytes) and the sealed key (48 bytes), in base64.
    pub key: String,
}

/// Why a text is no recipient or no identity, or why something cannot be decrypted. Nothing secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionError {
    /// The text does not have the form that `keygen` writes.
    #[error("it is not what `bundlegate keygen recipient` writes")]
    Form,
    /// None of the wraps is for this identity.
    #[error("it is encrypted for others")]
    Recipient,
    /// The wrap or the body was changed, or belongs to another path.
    #[error("it was changed, cut, or belongs to another path")]
    Content,
    /// What it is decrypted into cannot be written.
    #[error("what is in it cannot be written: {0}")]
    Write(String),
}

impl Recipient {
    /// Reads the text that `keygen` writes.
    pub fn parse(text: &str) -> Result<Self, EncryptionError> {
        let encoded = text.trim().strip_prefix(RECIPIENT_START).ok_or(EncryptionError::Form)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| EncryptionError::Form)?;
        let key =
            <XWing as Kem>::PublicKey::from_bytes(&bytes).map_err(|_| EncryptionError::Form)?;
        Ok(Self::of(key))
    }

    fn of(key: <XWing as Kem>::PublicKey) -> Self {
        let mut id = Digest::of(&key.to_bytes()).to_hex();
        id.truncate(16);
        Self { id, key }
    }

    /// The text that [`Recipient::parse`] reads: public, 1,216 bytes in base64.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{RECIPIENT_START}{}\n", STANDARD.encode(self.key.to_bytes()))
    }

    /// Its name in wraps.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, content_key: &[u8]) -> Wrap {
        let (encapsulated, sealed) = hpke::single_shot_seal::<AesGcm256, HkdfSha256, XWing>(
            &OpModeS::Base,
            &self.key,
            INFO,
            content_key,
            b"",
        )
        .expect("a public key that was parsed can be sealed to");
        let mut bytes = encapsulated.to_bytes().to_vec();
        bytes.extend(sealed);
        Wrap { recipient: self.id.clone(), key: STANDARD.encode(bytes) }
    }
}

impl Identity {
    /// A new identity from the random numbers of the system.
    #[must_use]
    pub fn generate() -> Self {
        let (key, public) = XWing::gen_keypair();
        Self { recipient: Recipient::of(public).id, key }
    }

    /// Reads the text that `keygen` writes.
    pub fn parse(text: &Secret) -> Result<Self, EncryptionError> {
        let text = text.expose_str().ok_or(EncryptionError::Form)?;
        let encoded = text.trim().strip_prefix(IDENTITY_START).ok_or(EncryptionError::Form)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| EncryptionError::Form)?);
        let key =
            <XWing as Kem>::PrivateKey::from_bytes(&bytes).map_err(|_| EncryptionError::Form)?;
        let recipient = Recipient::of(XWing::sk_to_pk(&key)).id;
        Ok(Self { recipient, key })
    }

    /// The text that [`Identity::parse`] reads: secret, the 32 bytes of the seed in base64.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        let bytes = Zeroizing::new(self.key.to_bytes().to_vec());
        Secret::from(format!("{IDENTITY_START}{}\n", STANDARD.encode(&*bytes)))
    }

    /// Its public part.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient::of(XWing::sk_to_pk(&self.key))
    }

    fn unwrap(&self, wraps: &[Wrap]) -> Result<Zeroizing<Vec<u8>>, EncryptionError> {
        let wrap = wraps
            .iter()
            .find(|wrap| wrap.recipient == self.recipient)
            .ok_or(EncryptionError::Recipient)?;
        let bytes = STANDARD.decode(&wrap.key).map_err(|_| EncryptionError::Content)?;
        let (encapsulated, sealed) =
            bytes.split_at_checked(ENCAPSULATED_BYTES).ok_or(EncryptionError::Content)?;
        let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| EncryptionError::Content)?;
        hpke::single_shot_open::<AesGcm256, HkdfSha256, XWing>(
            &OpModeR::Base,
            &self.key,
            &encapsulated,
            INFO,
            sealed,
            b"",
        )
        .map(Zeroizing::new)
        .map_err(|_| EncryptionError::Content)
    }
}

/// `N` bytes from the random numbers of the system.
///
/// # Panics
/// The system has none, so nothing can be encrypted.
#[must_use]
pub fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).expect("the system gives random numbers");
    bytes
}

/// Encrypts the bytes that will stand at `path`, which is bound to them.
#[must_use]
pub fn encrypt(path: &str, plain: &[u8], recipients: &[Recipient]) -> (Vec<u8>, Vec<Wrap>) {
    let mut body = Vec::with_capacity(plain.len() + plain.len() / 32_768 + 2 * HEADER_BYTES);
    let wraps = encrypt_into(path, plain, recipients, &mut body);
    (body, wraps.expect("memory can be written to"))
}

/// The same into a file or the like, a few segments at a time.
///
/// # Errors
/// What it is written to says so.
pub fn encrypt_into(
    path: &str,
    plain: &[u8],
    recipients: &[Recipient],
    into: &mut dyn Write,
) -> io::Result<Vec<Wrap>> {
    let content_key = random::<32>();
    encrypt_with(path, plain, &content_key, &random(), *random(), into)?;
    Ok(recipients.iter().map(|recipient| recipient.wrap(&*content_key)).collect())
}

fn encrypt_with(
    path: &str,
    plain: &[u8],
    content_key: &[u8; 32],
    salt: &[u8; SALT_BYTES],
    prefix: [u8; PREFIX_BYTES],
    into: &mut dyn Write,
) -> io::Result<()> {
    let stream = stream(path, content_key, salt, prefix);
    into.write_all(&[u8::try_from(HEADER_BYTES).expect("the header is 40 bytes long")])?;
    into.write_all(salt)?;
    into.write_all(&prefix)?;
    let first = plain.len().min(SEGMENT_BYTES - HEADER_BYTES - TAG_BYTES);
    let (first, rest) = plain.split_at(first);
    let mut segments = vec![first];
    segments.extend(rest.chunks(SEGMENT_BYTES - TAG_BYTES));
    let last = segments.len() - 1;
    for (round, some) in segments.chunks(SEGMENTS_AT_ONCE).enumerate() {
        let encrypted: Vec<Vec<u8>> = some
            .par_iter()
            .enumerate()
            .map(|(index, segment)| {
                let index = round * SEGMENTS_AT_ONCE + index;
                let position = u32::try_from(index).expect("bodies have less than 2^32 segments");
                stream
                    .encrypt(position, index == last, *segment)
                    .expect("a segment is within the limits of AES-GCM")
            })
            .collect();
        encrypted.iter().try_for_each(|segment| into.write_all(segment))?;
    }
    Ok(())
}

/// Writes the bytes that were encrypted for `path`, a few segments at a time. What was written before an error is no
/// file that anyone encrypted, so it must not be shown to anyone.
///
/// # Errors
/// They are for others, or not what was written for that path; or they cannot be written.
pub fn decrypt_into(
    path: &str,
    body: &[u8],
    wraps: &[Wrap],
    identity: &Identity,
    into: &mut dyn Write,
) -> Result<(), EncryptionError> {
    let content_key = identity.unwrap(wraps)?;
    let content_key: &[u8; 32] =
        content_key.as_slice().try_into().map_err(|_| EncryptionError::Content)?;
    decrypt_with(path, body, content_key, into)
}

fn decrypt_with(
    path: &str,
    body: &[u8],
    content_key: &[u8; 32],
    into: &mut dyn Write,
) -> Result<(), EncryptionError> {
    let (header, _) = body.split_at_checked(HEADER_BYTES).ok_or(EncryptionError::Content)?;
    let (length, header) = header.split_first().ok_or(EncryptionError::Content)?;
    let (salt, prefix) = header.split_at(SALT_BYTES);
    let prefix = <[u8; PREFIX_BYTES]>::try_from(prefix).map_err(|_| EncryptionError::Content)?;
    if usize::from(*length) != HEADER_BYTES {
        return Err(EncryptionError::Content);
    }
    let stream = stream(path, content_key, salt, prefix);
    // The header is a part of the first segment, so segments stand at multiples of their size.
    let last = (body.len() - 1) / SEGMENT_BYTES;
    for (round, some) in body.chunks(SEGMENTS_AT_ONCE * SEGMENT_BYTES).enumerate() {
        let decrypted: Vec<Vec<u8>> = some
            .par_chunks(SEGMENT_BYTES)
            .enumerate()
            .map(|(index, segment)| {
                let index = round * SEGMENTS_AT_ONCE + index;
                let segment = if index == 0 { segment.get(HEADER_BYTES..) } else { Some(segment) };
                let position = u32::try_from(index).ok();
                let (segment, position) = segment.zip(position).ok_or(EncryptionError::Content)?;
                stream
                    .decrypt(position, index == last, segment)
                    .map_err(|_| EncryptionError::Content)
            })
            .collect::<Result<_, _>>()?;
        for segment in decrypted {
            into.write_all(&segment).map_err(|error| EncryptionError::Write(error.to_string()))?;
        }
    }
    Ok(())
}

fn stream(
    path: &str,
    content_key: &[u8; 32],
    salt: &[u8],
    prefix: [u8; PREFIX_BYTES],
) -> StreamBE32<Aes256Gcm> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), content_key)
        .expand(path.as_bytes(), &mut *key)
        .expect("32 bytes are within the limit of HKDF");
    StreamBE32::from_aead(Aes256Gcm::new((&*key).into()), &prefix.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_memory(
        path: &str,
        plain: &[u8],
        key: &[u8; 32],
        salt: &[u8; SALT_BYTES],
        prefix: [u8; PREFIX_BYTES],
    ) -> Vec<u8> {
        let mut body = Vec::new();
        encrypt_with(path, plain, key, salt, prefix, &mut body).unwrap();
        body
    }

    fn decrypted(path: &str, body: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, EncryptionError> {
        let mut plain = Vec::new();
        decrypt_with(path, body, key, &mut plain).map(|()| plain)
    }

    #[test]
    fn only_the_recipient_reads_it_at_its_path() {
        let identity = Identity::generate();
        let again = Identity::parse(&identity.to_text()).unwrap();
        let recipient = Recipient::parse(&identity.recipient().to_text()).unwrap();
        assert_eq!(again.recipient, recipient.id());
        let (body, wraps) = encrypt("a.js.enc", b"text", &[recipient]);
        let decrypt = |path: &str, body: &[u8], wraps: &[Wrap], identity: &Identity| {
            let mut plain = Vec::new();
            decrypt_into(path, body, wraps, identity, &mut plain).map(|()| plain)
        };
        assert_eq!(decrypt("a.js.enc", &body, &wraps, &again).unwrap(), b"text");
        assert_eq!(decrypt("b.js.enc", &body, &wraps, &again), Err(EncryptionError::Content));
        let other = Identity::generate();
        assert_eq!(decrypt("a.js.enc", &body, &wraps, &other), Err(EncryptionError::Recipient));
        let (_, other_wraps) = encrypt("a.js.enc", b"text", &[identity.recipient()]);
        assert_eq!(decrypt("a.js.enc", &body, &other_wraps, &again), Err(EncryptionError::Content));
    }

    #[test]
    fn any_change_is_noticed() {
        let key = [7; 32];
        let body = in_memory("a", b"hello", &key, &[1; 32], [2; 7]);
        assert_eq!(body.len(), HEADER_BYTES + 5 + TAG_BYTES);
        for index in 0..body.len() {
            let mut changed = body.clone();
            changed[index] ^= 1;
            assert!(decrypted("a", &changed, &key).is_err(), "byte {index}");
            assert!(decrypted("a", &body[..index], &key).is_err(), "cut at {index}");
        }
        let longer = [body.as_slice(), b"x"].concat();
        assert!(decrypted("a", &longer, &key).is_err());
    }

    #[test]
    fn a_body_cut_between_segments_is_noticed() {
        let key = [7; 32];
        let body = in_memory("a", &vec![5; 3 * SEGMENT_BYTES], &key, &[1; 32], [2; 7]);
        assert!(decrypted("a", &body, &key).is_ok());
        assert!(decrypted("a", &body[..2 * SEGMENT_BYTES], &key).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]
        #[test]
        fn round_trips_around_segment_borders(segments in 0usize..3, near in 0usize..200, fill: u8) {
            let size = (segments * SEGMENT_BYTES + near).saturating_sub(100);
            let plain = vec![fill; size];
            let key = [fill; 32];
            let body = in_memory("p", &plain, &key, &[3; 32], [4; 7]);
            prop_assert!(decrypted("p", &body, &key).unwrap() == plain);
        }
    }
}
