//! Everything of a seal that somebody else may have made: the lock, the manifest, the envelope, keys and encrypted
//! bodies.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the modules have more than is fed here")]

include!("modules.rs");
#[path = "../../../src/seal/mod.rs"]
pub mod seal;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seal::encrypt::{Identity, Recipient, decrypt_into, encrypt};
use seal::envelope::{EnvelopeKeys, verify};
use seal::hmac::SigningKey;
use seal::key_pair::{KeyPair, PublicKeys};
use seal::manifest::Manifest;
use secret::Secret;

struct Keys {
    identity: Identity,
    wraps: Vec<seal::encrypt::Wrap>,
    hmac: [SigningKey; 1],
    public: PublicKeys,
    manifest: Manifest,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let identity = Identity::generate();
    let (_, wraps) = encrypt("a.js", b"plain", &[identity.recipient()]);
    let hmac = SigningKey::new(&SigningKey::generate(), "k1").unwrap();
    let json = r#"{"version":1,"name":"a","buildId":"00","artifacts":[],"digest":"00"}"#;
    let manifest = serde_json::from_str(json).unwrap();
    Keys { identity, wraps, hmac: [hmac], public: KeyPair::generate().public(), manifest }
});

fuzz_target!(|data: &[u8]| {
    let (first, bytes) = data.split_first().unwrap_or((&0, &[]));
    let text = String::from_utf8_lossy(bytes);
    match first % 6 {
        0 => {
            if let Ok(entries) = seal::lock::parse(&text) {
                // What can be read is written the same.
                assert_eq!(seal::lock::parse(&seal::lock::to_text(entries.clone())), Ok(entries));
            }
        }
        1 => {
            if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
                let _ = (manifest.own_digest(), manifest.to_json());
            }
        }
        2 => {
            let keys = EnvelopeKeys { hmac: &KEYS.hmac, public: Some(&KEYS.public) };
            assert!(!verify(bytes, &KEYS.manifest, keys).is_empty(), "nothing here was signed");
        }
        3 => {
            let _ = PublicKeys::parse(&text);
            let _ = KeyPair::parse(&Secret::from(text.into_owned()));
        }
        4 => {
            let _ = Recipient::parse(&text);
            let _ = Identity::parse(&Secret::from(text.into_owned()));
        }
        _ => {
            let mut plain = Vec::new();
            let opened = decrypt_into("a.js", bytes, &KEYS.wraps, &KEYS.identity, &mut plain);
            assert!(opened.is_err());
        },
    }
});
