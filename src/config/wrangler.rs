//! What the settings of Wrangler say of a Worker: `wrangler.jsonc`, `wrangler.json` or `wrangler.toml`
//! (developers.cloudflare.com/workers/wrangler/configuration).

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

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
    /// Name of the file.
    #[serde(skip)]
    pub file: &'static str,
    /// What `env` has at run time: bindings, variables, and secrets that are listed.
    #[serde(skip)]
    pub bindings: BTreeSet<String>,
    /// Classes that the Worker has to export: Durable Objects and workflows of its own.
    #[serde(skip)]
    pub classes: BTreeSet<String>,
}

/// Sections whose records say the name of a binding as `name`; all others say it as `binding` (`config-schema.json` of the
/// package `wrangler`).
pub const NAMED_BINDINGS: [&str; 5] =
    ["durable_objects.bindings", "logfwdr.bindings", "send_email", "unsafe.bindings", "ratelimits"];
/// Sections whose keys are names of bindings.
const KEYED_BINDINGS: [&str; 4] = ["vars", "text_blobs", "data_blobs", "wasm_modules"];
/// Sections whose records name a class that the Worker exports, unless they name another Worker as `script_name`.
const CLASSES: [&str; 2] = ["durable_objects.bindings", "workflows"];

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
        read.map(|read| Some(Self { file: *name, ..read })).map_err(wrong)
    }

    fn parse(text: &str, is_toml: bool) -> Result<Self, String> {
        let value: Value = if is_toml {
            toml::from_str(text).map_err(|error| error.message().to_owned())?
        } else {
            let mut json = text.to_owned();
            json_strip_comments::strip(&mut json).map_err(|error| error.to_string())?;
            serde_json::from_str(&json).map_err(|error| error.to_string())?
        };
        let mut read = Self::deserialize(&value).map_err(|error| error.to_string())?;
        read.collect(&value, "");
        // Each environment has bindings of its own.
        let environments = value.get("env").and_then(Value::as_object);
        environments.into_iter().flatten().for_each(|(_, section)| read.collect(section, ""));
        Ok(read)
    }

    /// Takes bindings and classes out of a part of the file; `section` is the way to it, with dots.
    fn collect(&mut self, value: &Value, section: &str) {
        match value {
            Value::Array(records) => {
                for record in records {
                    let text = |key: &str| record.get(key).and_then(Value::as_str);
                    if NAMED_BINDINGS.contains(&section) {
                        self.bindings.extend(text("name").map(str::to_owned));
                    }
                    if CLASSES.contains(&section) && text("script_name").is_none() {
                        self.classes.extend(text("class_name").map(str::to_owned));
                    }
                    self.collect(record, section);
                }
            }
            Value::Object(fields) if KEYED_BINDINGS.contains(&section) => {
                self.bindings.extend(fields.keys().cloned());
            }
            Value::Object(fields) => {
                if section == "secrets" {
                    let secrets = fields.get("required").and_then(Value::as_array);
                    let secrets = secrets.into_iter().flatten().filter_map(Value::as_str);
                    self.bindings.extend(secrets.map(str::to_owned));
                }
                self.bindings.extend(value["binding"].as_str().map(str::to_owned));
                for (key, inner) in fields.iter().filter(|(key, _)| *key != "env") {
                    let inside = if section.is_empty() { key } else { &format!("{section}.{key}") };
                    self.collect(inner, inside);
                }
            }
            _ => {}
        }
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
    fn bindings_of_all_kinds_are_known() {
        let json = r#"{ "vars": { "A": 1 }, "secrets": { "required": ["B"] }, "assets": { "binding": "C" },
            "queues": { "producers": [{ "binding": "D", "queue": "q" }], "consumers": [{ "queue": "x" }] },
            "durable_objects": { "bindings": [{ "name": "E", "class_name": "Own" }, { "name": "F", "class_name": "Other", "script_name": "w" }] },
            "workflows": [{ "name": "not-a-binding", "binding": "G", "class_name": "Flow" }], "ratelimits": [{ "name": "H" }],
            "env": { "staging": { "kv_namespaces": [{ "binding": "I" }] } } }"#;
        let read = Wrangler::parse(json, false).unwrap();
        let bindings: Vec<&str> = read.bindings.iter().map(String::as_str).collect();
        assert_eq!(bindings, ["A", "B", "C", "D", "E", "F", "G", "H", "I"]);
        assert_eq!(read.classes, BTreeSet::from(["Flow".to_owned(), "Own".to_owned()]));
    }

    #[test]
    fn both_forms_are_read() {
        let json = "{\n  // a comment\n  \"name\": \"w\", \"main\": \"src/index.ts\", \"compatibility_date\": \"2026-01-01\",\n  \"compatibility_flags\": [\"nodejs_compat\"], \"kv_namespaces\": [{ \"binding\": \"KV\" }],\n}";
        let toml = "name = \"w\"\nmain = \"src/index.ts\"\ncompatibility_date = \"2026-01-01\"\ncompatibility_flags = [\"nodejs_compat\"]\n\n[[kv_namespaces]]\nbinding = \"KV\"\n";
        let read = Wrangler::parse(json, false).unwrap();
        assert_eq!(read, Wrangler::parse(toml, true).unwrap());
        assert_eq!((read.name.as_str(), read.main.as_str()), ("w", "src/index.ts"));
        assert_eq!(read.compatibility().flags, ["nodejs_compat"]);
        assert_eq!(read.bindings, BTreeSet::from(["KV".to_owned()]));
        assert!(Wrangler::parse("{", false).is_err() && Wrangler::parse("a = ", true).is_err());
    }
}
