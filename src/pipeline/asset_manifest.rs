//! What other bundlers say of the names of their outputs: Vite's manifest (vite.dev/guide/backend-integration), and maps
//! from a name to a file as webpack-manifest-plugin, Create React App and Parcel's namer write them.

use serde_json::Value;

use crate::artifact::BuildArtifact;
use crate::artifact::hashed_name::{Hashed, is_hashed_name_of, readings};

/// Where such a file stands in a finished folder. What is in it decides.
const PLACES: [&str; 6] = [
    ".vite/manifest.json",
    "manifest.json",
    "asset-manifest.json",
    "webpack-manifest.json",
    "parcel-manifest.json",
    "rev-manifest.json",
];

/// An output that a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Its path below the folder.
    pub(super) file: String,
    /// The source it was made for, when the manifest says that.
    pub(super) source: Option<String>,
    /// What its name is made of.
    name: Option<String>,
    /// Whether all outputs that the same manifest gives a name have a hash behind it.
    has_hashed_siblings: bool,
}

impl Named {
    /// Whether its name has a hash in it: behind the name that the manifest gives it; or it looks like that, and what the
    /// manifest gives names to has them.
    pub(super) fn has_hash(&self) -> bool {
        match &self.name {
            Some(name) => is_hashed_name_of(&self.file, name),
            None => self.has_hashed_siblings && readings(&self.file).iter().any(Hashed::is_sure),
        }
    }
}

/// What the manifests in a folder say, if there are any.
pub(super) fn of_folder(artifacts: &[BuildArtifact]) -> Vec<Named> {
    let manifests = artifacts.iter().filter(|artifact| PLACES.contains(&artifact.path.as_str()));
    manifests.flat_map(|artifact| parse(artifact.body.bytes())).collect()
}

/// Reads a manifest; nothing for what is none, such as a web app's manifest of the same name.
pub(super) fn parse(json: &[u8]) -> Vec<Named> {
    let Ok(Value::Object(entries)) = serde_json::from_slice(json) else { return Vec::new() };
    if !entries.is_empty() && entries.values().all(|entry| entry["file"].is_string()) {
        let mut all: Vec<Named> =
            entries.iter().flat_map(|(key, entry)| of_vite(key, entry)).collect();
        let is_hashed = all.iter().filter(|named| named.name.is_some()).all(Named::has_hash);
        for named in &mut all {
            named.has_hashed_siblings = is_hashed;
        }
        return all;
    }
    let files = entries.get("files").and_then(Value::as_object).unwrap_or(&entries);
    if files.is_empty() || !files.iter().all(is_file) {
        return Vec::new();
    }
    files.iter().filter_map(|(name, file)| of_map(name, file.as_str()?)).collect()
}

/// An entry of a map: both sides are paths with the same ending.
fn is_file((name, file): (&String, &Value)) -> bool {
    let ending = |path: &str| path.rsplit_once('.').map(|(_, ending)| ending.to_owned());
    file.as_str().is_some_and(|file| ending(file).is_some() && ending(file) == ending(name))
}

fn of_map(name: &str, file: &str) -> Option<Named> {
    // URLs of a site, from its root.
    let file = file.trim_start_matches("./").trim_start_matches('/');
    (!file.contains("://")).then(|| Named {
        file: file.to_owned(),
        source: None,
        name: Some(name.to_owned()),
        has_hashed_siblings: false,
    })
}

fn of_vite(key: &str, entry: &Value) -> Vec<Named> {
    let text = |name: &str| entry[name].as_str().map(str::to_owned);
    let source = text("src").or_else(|| (!key.starts_with('_')).then(|| key.to_owned()));
    let list = |name: &str| -> Vec<String> {
        let list = entry[name].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut named = vec![Named {
        file: text("file").unwrap_or_default(),
        name: text("name").or_else(|| source.clone()),
        source: source.clone(),
        has_hashed_siblings: false,
    }];
    // Sheets are called after what imports them, or after what they are shared by.
    let nameless = |file, source| Named { file, source, name: None, has_hashed_siblings: false };
    named.extend(list("css").into_iter().map(|file| nameless(file, source.clone())));
    named.extend(list("assets").into_iter().map(|file| nameless(file, None)));
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(json: &str) -> Vec<(String, bool)> {
        parse(json.as_bytes()).iter().map(|named| (named.file.clone(), named.has_hash())).collect()
    }

    #[test]
    fn manifests_of_others() {
        let vite = r#"{"src/main.ts":{"file":"assets/main-DZq_ZuIz.js","name":"main","src":"src/main.ts","isEntry":true,
            "css":["assets/main-Ci4AfOeB.css"]},"_shared-B7PI925R.js":{"file":"assets/shared-B7PI925R.js","name":"shared"}}"#;
        assert_eq!(
            files(vite),
            [
                ("assets/main-DZq_ZuIz.js".to_owned(), true),
                ("assets/main-Ci4AfOeB.css".to_owned(), true),
                ("assets/shared-B7PI925R.js".to_owned(), true)
            ]
        );
        let unhashed = r#"{"src/main.ts":{"file":"assets/main.js","name":"main","src":"src/main.ts",
            "css":["assets/main-Ci4AfOeB.css"]}}"#;
        assert!(files(unhashed).iter().all(|(_, has_hash)| !has_hash), "two naming templates");
        let map = r#"{"files":{"main.js":"/static/js/main.4f2c9d1e.js","index.html":"/index.html"},"entrypoints":[]}"#;
        assert_eq!(
            files(map),
            [("static/js/main.4f2c9d1e.js".to_owned(), true), ("index.html".to_owned(), false)]
        );
        assert!(files(r#"{"name":"My app","start_url":"/","display":"standalone"}"#).is_empty());
        assert!(files("[]").is_empty());
    }
}
