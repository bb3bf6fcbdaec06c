//! `manifest.json`: one deployment as data. No clock, no host name: the same build has the same manifest.

use serde::{Deserialize, Serialize};

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
