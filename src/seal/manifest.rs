//! `manifest.json`: one deployment as data. No clock, no host name: the same build has the same manifest.

use serde::{Deserialize, Serialize};

use crate::artifact::Digest;

/// Name of the file.
pub const FILE_NAME: &str = "manifest.json";

/// One deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// HMAC-SHA256 of [`Manifest::signed_digest`], by the key of the files, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hmac: Option<String>,
    /// [`Manifest::own_digest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// One file of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Path below the deployment.
    pub path: String,
    /// `entry-point`, `chunk`, `asset`, `sourcemap` or `bytecode`.
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
    /// Path of its source map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_map: Option<String>,
    /// HMAC-SHA256 over its signature base, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hmac: Option<String>,
    /// Name of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

impl Manifest {
    /// SHA-256 in hexadecimal of what [`Manifest::to_json`] writes without the digest. The order of keys in a file does
    /// not matter to it.
    #[must_use]
    pub fn own_digest(&self) -> String {
        let without = Self { digest: None, ..self.clone() };
        Digest::of(without.to_json().as_bytes()).to_hex()
    }

    /// The same without the HMAC, which is made of it.
    #[must_use]
    pub fn signed_digest(&self) -> String {
        Self { hmac: None, ..self.clone() }.own_digest()
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
