//! The metafile: inputs, outputs and who imports whom, in esbuild's JSON shape. Reports read nothing else.
//!
//! The shape is that of esbuild's `--metafile` (<https://esbuild.github.io/api/#metafile>); keys may be added.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole file. Paths are relative to the root, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metafile {
    /// Every file that was read, by path.
    pub inputs: BTreeMap<String, Input>,
    /// Every file that was made, by path.
    pub outputs: BTreeMap<String, Output>,
}

/// One input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Size of the source in bytes.
    pub bytes: u64,
    /// What it imports, in the order of the source.
    #[serde(default)]
    pub imports: Vec<Import>,
    /// `esm` or `cjs`; absent for other loaders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The package it belongs to, as `name@version`; absent for own code. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
}

/// One import, of an input or of an output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The input or output it leads to, or the specifier when external.
    pub path: String,
    /// esbuild's kind: `import-statement`, `require-call`, `dynamic-import`, …
    pub kind: String,
    /// The specifier as written, when it differs from `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// Whether it is left to the runtime.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub external: bool,
    /// Its import attributes, such as `type: json`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, String>,
    /// Its line in the source, from 1. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// One output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Size in bytes.
    pub bytes: u64,
    /// What each input contributes.
    #[serde(default)]
    pub inputs: BTreeMap<String, Contribution>,
    /// Imports that remain in the output.
    #[serde(default)]
    pub imports: Vec<Import>,
    /// Names it exports.
    #[serde(default)]
    pub exports: Vec<String>,
    /// The entry point it was made for.
    #[serde(default, rename = "entryPoint", skip_serializing_if = "Option::is_none")]
    pub entry_point: Option<String>,
    /// The style sheet that belongs to it.
    #[serde(default, rename = "cssBundle", skip_serializing_if = "Option::is_none")]
    pub css_bundle: Option<String>,
    /// SHA-256 of its bytes, in hexadecimal. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// A sketch of its content (`artifact::sketch`), by which a later build of it is recognised. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sketch: Option<String>,
    /// Size in bytes with gzip. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gzip: Option<u64>,
    /// Size in bytes with brotli. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brotli: Option<u64>,
    /// Size in bytes with zstd. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zstd: Option<u64>,
}

/// Bytes of one input in one output, after minifying.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// That many bytes.
    #[serde(rename = "bytesInOutput")]
    pub bytes_in_output: u64,
    /// Its exports that were kept, when unused ones are dropped. Ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<String>,
}

impl Metafile {
    /// The same with other paths of inputs.
    #[must_use]
    pub fn below(&self, place: impl Fn(&str) -> String) -> Self {
        let inputs = self
            .inputs
            .iter()
            .map(|(path, input)| {
                let mut input = input.clone();
                for import in input.imports.iter_mut().filter(|import| !import.external) {
                    import.path = place(&import.path);
                }
                (place(path), input)
            })
            .collect();
        let outputs = self
            .outputs
            .iter()
            .map(|(path, output)| {
                let mut output = output.clone();
                output.inputs =
                    output.inputs.into_iter().map(|(path, part)| (place(&path), part)).collect();
                output.entry_point = output.entry_point.as_deref().map(&place);
                (path.clone(), output)
            })
            .collect();
        Self { inputs, outputs }
    }

    /// The shortest way from an entry point to an input by its imports, both ends included; empty when there is none.
    #[must_use]
    pub fn chain_to(&self, input: &str) -> Vec<String> {
        self.chains().to(input)
    }

    /// The shortest ways from entry points to all inputs.
    #[must_use]
    pub fn chains(&self) -> Chains<'_> {
        let mut from: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        let mut queue: std::collections::VecDeque<&str> = std::collections::VecDeque::new();
        for entry in self.outputs.values().filter_map(|output| output.entry_point.as_deref()) {
            if from.insert(entry, None).is_none() {
                queue.push_back(entry);
            }
        }
        while let Some(path) = queue.pop_front() {
            let imports = self.inputs.get(path).map(|input| input.imports.as_slice());
            for import in imports.unwrap_or_default().iter().filter(|import| !import.external) {
                if !from.contains_key(import.path.as_str()) {
                    from.insert(&import.path, Some(path));
                    queue.push_back(&import.path);
                }
            }
        }
        Chains(from)
    }

    /// Reads the JSON of our own, esbuild's or Bun's metafile.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// The JSON, keys sorted, two spaces of indent, a line feed at the end.
    ///
    /// # Panics
    /// Never: maps with string keys always serialise.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("string keys always serialise");
        json.push('\n');
        json
    }
}

/// Who imports each input on the shortest way from an entry point.
#[derive(Debug, Clone)]
pub struct Chains<'a>(BTreeMap<&'a str, Option<&'a str>>);

impl Chains<'_> {
    /// The way to an input, both ends included; empty when there is none.
    #[must_use]
    pub fn to(&self, input: &str) -> Vec<String> {
        let Some((mut at, _)) = self.0.get_key_value(input) else { return Vec::new() };
        let mut chain = vec![(*at).to_owned()];
        while let Some(Some(importer)) = self.0.get(at) {
            chain.push((*importer).to_owned());
            at = importer;
        }
        chain.reverse();
        chain
    }
}
