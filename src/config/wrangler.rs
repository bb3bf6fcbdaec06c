//! What the settings of Wrangler say of a Worker: `wrangler.jsonc`, `wrangler.json` or `wrangler.toml`
//! (developers.cloudflare.com/workers/wrangler/configuration).

use std::path::Path;

use serde::Deserialize;

use crate::bundle::options::Compatibility;
use crate::diag::{Diagnostic, Location};
use crate::fs::{DiskFileSystem, FileSystem as _};

/// Names of the file, the one that Wrangler prefers first.
const FILES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// The settings that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Wrangler {
    /// Name of the Worker.
    pub name: String,
    /// The script that is deployed, relative to the file.
    pub main: String,
    /// `YYYY-MM-DD`.
    pub compatibility_date: String,
    /// Such as `nodejs_compat`.
    pub compatibility_flags: Vec<String>,
}

impl Wrangler {
    /// Reads the file of a folder, if it has one.
    ///
    /// # Errors
    /// It cannot be read, or not as what its name says; with its name, relative to `folder`.
    pub fn read(folder: &Path) -> Result<Option<Self>, Diagnostic> {
        let is_there = |name: &&&str| DiskFileSystem.kind(&folder.join(name)).is_ok();
        let Some(name) = FILES.iter().find(is_there) else { return Ok(None) };
        let wrong = |error: String| {
            Diagnostic::error("config/wrangler", format!("`{name}` cannot be read: {error}"))
                .at(Location::file(*name))
        };
        let bytes =
            DiskFileSystem.read(&folder.join(name)).map_err(|error| wrong(error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let read = Self::parse(&text, name.ends_with(".toml"));
        read.map(Some).map_err(wrong)
    }

    fn parse(text: &str, is_toml: bool) -> Result<Self, String> {
        if is_toml {
            return toml::from_str(text).map_err(|error| error.message().to_owned());
        }
        let mut json = text.to_owned();
        json_strip_comments::strip(&mut json).map_err(|error| error.to_string())?;
        serde_json::from_str(&json).map_err(|error| error.to_string())
    }

    /// What its runtime is asked to be compatible with.
    #[must_use]
    pub fn compatibility(&self) -> Compatibility {
        Compatibility {
            date: self.compatibility_date.clone(),
            flags: self.compatibility_flags.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let json = "{\n  // a comment\n  \"name\": \"w\", \"main\": \"src/index.ts\", \"compatibility_date\": \"2026-01-01\",\n  \"compatibility_flags\": [\"nodejs_compat\"], \"kv_namespaces\": [{ \"binding\": \"KV\" }],\n}";
        let toml = "name = \"w\"\nmain = \"src/index.ts\"\ncompatibility_date = \"2026-01-01\"\ncompatibility_flags = [\"nodejs_compat\"]\n\n[[kv_namespaces]]\nbinding = \"KV\"\n";
        let read = Wrangler::parse(json, false).unwrap();
        assert_eq!(read, Wrangler::parse(toml, true).unwrap());
        assert_eq!((read.name.as_str(), read.main.as_str()), ("w", "src/index.ts"));
        assert_eq!(read.compatibility().flags, ["nodejs_compat"]);
        assert!(Wrangler::parse("{", false).is_err() && Wrangler::parse("a = ", true).is_err());
    }
}
