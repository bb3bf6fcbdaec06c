//! `bundlegate.manifest.json`: one deployment as data. No clock, no host name: the same build has the same manifest.

use serde::{Deserialize, Serialize};

use super::encrypt::Wrap;
use crate::artifact::{ArtifactKind, Digest};

/// Name of the file.
pub const FILE_NAME: &str = "bundlegate.manifest.json";
/// Its name in what version 0.1 sealed. Sites have files of that name, so it is read and never written.
pub const OLD_FILE_NAME: &str = "manifest.json";

/// One deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format.
    pub version: u32,
    /// Name of the deployment.
    pub name: String,
    /// SHA-256 of the lock, in hexadecimal.
    pub build_id: String,
    /// The commit it was made from, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The runtime it is for, if it was built here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its files, sorted by path.
    pub artifacts: Vec<Entry>,
    /// When its files were signed, in seconds since 1970: `SOURCE_DATE_EPOCH`, or the clock when signatures end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// Until when the signatures of its files hold, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// [`Manifest::own_digest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// One file of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Path below the deployment.
    pub path: String,
    /// `entry-point`, `chunk`, `asset`, `sourcemap`, `bytecode` or `executable`.
    pub kind: String,
    /// Loader of the input it was made from.
    pub loader: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// Content type.
    pub content_type: String,
    /// Content encoding, when the bytes are encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// For an encoded file, the path of what it encodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encodes: Option<String>,
    /// Whether its name carries a hash of its content, so that a cache may keep it for ever.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub immutable: bool,
    /// Path of its source map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_map: Option<String>,
    /// The one runtime that it is for, as bytecode is for one version of Bun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Subresource integrity (`sha384-…`), of scripts and style sheets as a browser sees them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// How it was encrypted; its content type and encoding are those of what is inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// HMAC-SHA256 over its signature base, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hmac: Option<String>,
    /// Name of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// How a file was encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Encryption {
    /// The layout of its bytes.
    pub scheme: String,
    /// Its content key, once for each recipient.
    pub wraps: Vec<Wrap>,
}

impl Entry {
    /// Whether the bytes as they are stored are a program.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.kind == ArtifactKind::Executable.as_str() && self.encryption.is_none()
    }

    /// The content type of the bytes as they are stored.
    #[must_use]
    pub fn stored_type(&self) -> &str {
        if self.encryption.is_some() { "application/octet-stream" } else { &self.content_type }
    }

    /// The content encoding of the bytes as they are stored.
    #[must_use]
    pub fn stored_encoding(&self) -> Option<&str> {
        self.content_encoding.as_deref().filter(|_| self.encryption.is_none())
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// It is no JSON, or no manifest: keys that are not known, or that stand twice, are refused.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Whether bytes are a manifest that was written by [`Manifest::to_json`] and not changed since.
    #[must_use]
    pub fn is_one(json: &[u8]) -> bool {
        Self::parse(json).is_ok_and(|manifest| manifest.digest == Some(manifest.own_digest()))
    }

    /// SHA-256 in hexadecimal of what [`Manifest::to_json`] writes without the digest. The order of keys in a file does
    /// not matter to it.
    #[must_use]
    pub fn own_digest(&self) -> String {
        let without = Self { digest: None, ..self.clone() };
        Digest::of(without.to_json().as_bytes()).to_hex()
    }

    /// The JSON, two spaces of indent, a line feed at the end.
    ///
    /// # Panics
    /// Never: a struct of texts always serialises.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json =
            serde_json::to_string_pretty(self).expect("a struct of texts always serialises");
        json.push('\n');
        json
    }
}
