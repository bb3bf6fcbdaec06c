//! Signing key pairs: Ed25519 and ML-DSA-65 side by side, so that a signature holds while either of them does.
//!
//! Both parts are PEM that other tools read: PKCS #8 (RFC 8410; RFC 9881 with the seed alone) and SPKI.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
};
use ed25519_dalek::{Signer as _, Verifier as _};
use ml_dsa::{Keypair as _, MlDsa65, SignatureEncoding as _};

use super::encrypt::random;
use crate::artifact::Digest;
use crate::secret::Secret;

/// Private keys of both algorithms.
pub struct KeyPair {
    ed25519: ed25519_dalek::SigningKey,
    ml_dsa: ml_dsa::SigningKey<MlDsa65>,
}

/// Public keys of both algorithms.
#[derive(Clone)]
pub struct PublicKeys {
    ed25519: ed25519_dalek::VerifyingKey,
    ml_dsa: ml_dsa::VerifyingKey<MlDsa65>,
}

/// A text that does not hold the keys that it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it does not hold an Ed25519 and an ML-DSA-65 key in PEM, as `bundlegate keygen signing` writes them"
)]
pub struct BadPem;

/// A signature, and the name of the key that it belongs to.
pub struct Signature {
    /// `ed25519:` or `ml-dsa-65:`, and 16 hexadecimal digits of the SHA-256 of the public key's SPKI.
    pub key_id: String,
    /// In base64.
    pub signature: String,
}

impl KeyPair {
    /// New keys from the random numbers of the system.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            ed25519: ed25519_dalek::SigningKey::from_bytes(&random::<32>()),
            ml_dsa: ml_dsa::SigningKey::from_seed(&(*random::<32>()).into()),
        }
    }

    /// Reads both keys from PEM.
    pub fn parse(text: &Secret) -> Result<Self, BadPem> {
        let blocks = blocks(text.expose_str().ok_or(BadPem)?);
        let ed25519 =
            blocks.iter().find_map(|pem| ed25519_dalek::SigningKey::from_pkcs8_pem(pem).ok());
        let ml_dsa = blocks.iter().find_map(|pem| ml_dsa::SigningKey::from_pkcs8_pem(pem).ok());
        Ok(Self { ed25519: ed25519.ok_or(BadPem)?, ml_dsa: ml_dsa.ok_or(BadPem)? })
    }

    /// Both keys in PEM, one after the other.
    ///
    /// # Panics
    /// Never: keys of both kinds always encode.
    #[must_use]
    pub fn to_pem(&self) -> Secret {
        // Without the public key, as RFC 8410 has it by default: OpenSSL 3 refuses the longer form.
        let ed25519 = ed25519_dalek::pkcs8::KeypairBytes {
            secret_key: self.ed25519.to_bytes(),
            public_key: None,
        };
        let ed25519 = ed25519.to_pkcs8_pem(LineEnding::LF).expect("a seed always encodes");
        let ml_dsa = self.ml_dsa.to_pkcs8_pem(LineEnding::LF).expect("a seed always encodes");
        Secret::from(format!("{}{}", *ed25519, *ml_dsa))
    }

    /// The public parts.
    #[must_use]
    pub fn public(&self) -> PublicKeys {
        PublicKeys { ed25519: self.ed25519.verifying_key(), ml_dsa: self.ml_dsa.verifying_key() }
    }

    /// One signature of each algorithm.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [Signature; 2] {
        let [ed25519, ml_dsa] = self.public().ids();
        let by_ml_dsa: ml_dsa::Signature<MlDsa65> = ml_dsa::Signer::sign(&self.ml_dsa, message);
        [
            Signature {
                key_id: ed25519,
                signature: STANDARD.encode(self.ed25519.sign(message).to_bytes()),
            },
            Signature { key_id: ml_dsa, signature: STANDARD.encode(by_ml_dsa.to_bytes()) },
        ]
    }
}

impl PublicKeys {
    /// Reads both keys from PEM.
    pub fn parse(text: &str) -> Result<Self, BadPem> {
        let blocks = blocks(text);
        let ed25519 = blocks
            .iter()
            .find_map(|pem| ed25519_dalek::VerifyingKey::from_public_key_pem(pem).ok());
        let ml_dsa =
            blocks.iter().find_map(|pem| ml_dsa::VerifyingKey::from_public_key_pem(pem).ok());
        Ok(Self { ed25519: ed25519.ok_or(BadPem)?, ml_dsa: ml_dsa.ok_or(BadPem)? })
    }

    /// Both keys in PEM, one after the other.
    ///
    /// # Panics
    /// Never: keys of both kinds always encode.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let ed25519 = self.ed25519.to_public_key_pem(LineEnding::LF).expect("a key always encodes");
        let ml_dsa = self.ml_dsa.to_public_key_pem(LineEnding::LF).expect("a key always encodes");
        format!("{ed25519}{ml_dsa}")
    }

    /// Names of the two keys.
    fn ids(&self) -> [String; 2] {
        let id = |name: &str, der: &[u8]| {
            let mut digest = Digest::of(der).to_hex();
            digest.truncate(16);
            format!("{name}:{digest}")
        };
        let ed25519 = self.ed25519.to_public_key_der().expect("a key always encodes");
        let ml_dsa = self.ml_dsa.to_public_key_der().expect("a key always encodes");
        [id("ed25519", ed25519.as_bytes()), id("ml-dsa-65", ml_dsa.as_bytes())]
    }

    /// The names of the keys of which there is no good signature; none when both hold.
    #[must_use]
    pub fn missing(&self, message: &[u8], signatures: &[(&str, &str)]) -> Vec<String> {
        let [ed25519, ml_dsa] = self.ids();
        let holds = |id: &str, check: &dyn Fn(&[u8]) -> bool| {
            signatures
                .iter()
                .filter(|(key_id, _)| *key_id == id)
                .filter_map(|(_, signature)| STANDARD.decode(signature).ok())
                .any(|signature| check(&signature))
        };
        let by_ed25519 = holds(&ed25519, &|bytes| {
            ed25519_dalek::Signature::from_slice(bytes)
                .is_ok_and(|signature| self.ed25519.verify(message, &signature).is_ok())
        });
        let by_ml_dsa = holds(&ml_dsa, &|bytes| {
            ml_dsa::Signature::<MlDsa65>::try_from(bytes).is_ok_and(|signature| {
                ml_dsa::Verifier::verify(&self.ml_dsa, message, &signature).is_ok()
            })
        });
        [(ed25519, by_ed25519), (ml_dsa, by_ml_dsa)]
            .into_iter()
            .filter_map(|(id, holds)| (!holds).then_some(id))
            .collect()
    }
}

/// The PEM blocks of a text, each with its borders.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut current: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with("-----BEGIN ") {
            current = Some(String::new());
        }
        if let Some(block) = &mut current {
            block.push_str(line);
            block.push('\n');
        }
        if line.starts_with("-----END ") {
            blocks.extend(current.take());
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_signatures_must_hold() {
        let pair = KeyPair::parse(&KeyPair::generate().to_pem()).unwrap();
        let public = PublicKeys::parse(&pair.public().to_pem()).unwrap();
        let signatures = pair.sign(b"message");
        let pairs = |signatures: &[Signature]| -> Vec<(String, String)> {
            signatures.iter().map(|s| (s.key_id.clone(), s.signature.clone())).collect()
        };
        let both = pairs(&signatures);
        let check = |message: &[u8], list: &[(String, String)]| {
            let list: Vec<(&str, &str)> =
                list.iter().map(|(id, signature)| (id.as_str(), signature.as_str())).collect();
            public.missing(message, &list).len()
        };
        assert_eq!(check(b"message", &both), 0);
        assert_eq!(check(b"massage", &both), 2);
        assert_eq!(check(b"message", &both[..1]), 1);
        assert_eq!(check(b"message", &both[1..]), 1);
        let other = pairs(&KeyPair::generate().sign(b"message"));
        assert_eq!(check(b"message", &other), 2);
        assert!(KeyPair::parse(&Secret::from(public.to_pem())).is_err());
    }
}
