//! Reads a file and picks its loader; what is not code becomes code here.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::artifact::{content_hash, content_type};
use crate::bundle::css::{self, Place, Sheet};
use crate::bundle::options::{Loader, Options, SourceMapMode, Target};

/// A file as the parser takes it.
pub(crate) struct Loaded {
    /// How it was loaded.
    pub(crate) loader: Loader,
    /// JavaScript or TypeScript, or JSON for the JSON loader.
    pub(crate) text: String,
    /// Size of the file in bytes.
    pub(crate) bytes: u64,
    /// A copy that goes beside the outputs.
    pub(crate) asset: Option<Asset>,
    /// The style sheet that the text is the script side of.
    pub(crate) sheet: Option<Sheet>,
}

/// A file that is copied to the outputs.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    /// Path below the output folder.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Its content hash.
    pub(crate) content_hash: String,
    /// The file that it is a copy of, relative to the root.
    pub(crate) source: String,
}

/// Why a file cannot be loaded, as a sentence part, and what to do.
pub(crate) struct LoadError {
    pub(crate) message: String,
    pub(crate) hint: String,
    /// Where in the file, if that is known.
    pub(crate) place: Option<Place>,
}

/// The loader of a path: the longest extension that has one, as `.d.ts` before `.ts`.
pub(crate) fn loader_of(
    path: &Path,
    attribute_type: Option<&str>,
    options: &Options,
) -> Option<Loader> {
    match attribute_type {
        Some("json") => return Some(Loader::Json),
        Some("text") => return Some(Loader::Text),
        Some("bytes") => return Some(Loader::Binary),
        _ => {}
    }
    let name = path.file_name()?.to_str()?;
    let mut rest = name;
    while let Some((_, extension)) = rest.split_once('.') {
        if let Some(loader) = options.loaders.get(&format!(".{extension}")) {
            return Some(*loader);
        }
        rest = extension;
    }
    match rest {
        "js" | "mjs" | "cjs" => Some(Loader::Js),
        "jsx" => Some(Loader::Jsx),
        "ts" | "mts" | "cts" => Some(Loader::Ts),
        "tsx" => Some(Loader::Tsx),
        "json" | "map" | "webmanifest" => Some(Loader::Json),
        "txt" => Some(Loader::Text),
        "css" => Some(Loader::Css),
        "wasm" => Some(Loader::Wasm),
        "node" => Some(Loader::Napi),
        // A file without an ending is code where something asks for it by name: many package binaries have none.
        _ if rest == name => Some(Loader::Js),
        _ => None,
    }
}

/// Turns the bytes of a file into what the parser takes.
pub(crate) fn load(
    path: &Path,
    bytes: Vec<u8>,
    attribute_type: Option<&str>,
    options: &Options,
) -> Result<Loaded, LoadError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(loader) = loader_of(path, attribute_type, options) else {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        return Err(LoadError {
            message: format!("no loader is set for `.{extension}` files"),
            hint: format!("set one, for instance `--loader .{extension}=file`"),
            place: None,
        });
    };
    let size = bytes.len() as u64;
    let (mut asset, mut sheet) = (None, None);
    let text = match loader {
        Loader::Js | Loader::Jsx | Loader::Ts | Loader::Tsx | Loader::Json => utf8(bytes)?,
        Loader::Css => {
            let relative = crate::fs::relative(&options.root, path);
            let text = without_mark(utf8(bytes)?);
            // A loader for the longer extension turns modules off.
            let is_module =
                css::is_module(path) && !options.loaders.contains_key(css::MODULE_EXTENSION);
            let read = css::read(&text, &relative, is_module, options.minify.any());
            let mut read = read.map_err(|error| LoadError {
                message: error.message,
                hint: "correct the style sheet".to_owned(),
                place: Some(error.place),
            })?;
            let script = css::script_of(&read);
            if options.source_map != SourceMapMode::None {
                read.source = Some(text);
            }
            sheet = Some(read);
            script
        }
        Loader::Empty => String::new(),
        Loader::Text => export_default(&string_literal(&without_mark(utf8(bytes)?))),
        Loader::Base64 => export_default(&string_literal(&STANDARD.encode(&bytes))),
        Loader::DataUrl => export_default(&string_literal(&data_url(path, &bytes))),
        Loader::Binary => export_default(&format!(
            "/* @__PURE__ */ Uint8Array.from(atob({}), (c) => c.charCodeAt(0))",
            string_literal(&STANDARD.encode(&bytes))
        )),
        Loader::File | Loader::Copy | Loader::Wasm | Loader::Napi => {
            let copied = asset_of(path, bytes, options);
            let url = url_of(&copied, options);
            let code = match (loader, options.target) {
                // Left to the runtime, which knows what to make of it.
                (Loader::Copy, _) => {
                    let url = string_literal(&url);
                    format!("export {{ default }} from {url};export * from {url};")
                }
                (Loader::Wasm, Target::Workers) => {
                    format!("export {{ default }} from {};", string_literal(&url))
                }
                (Loader::Napi, _) => format!("module.exports = require({});", string_literal(&url)),
                _ => export_default(&string_literal(&url)),
            };
            asset = Some(copied);
            code
        }
    };
    Ok(Loaded { loader, text, bytes: size, asset, sheet })
}

/// A file as a `data:` URL.
pub(crate) fn data_url(path: &Path, bytes: &[u8]) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("data:{};base64,{}", content_type(&name).replace("; ", ";"), STANDARD.encode(bytes))
}

/// A file as an asset, named by the template.
pub(crate) fn asset_of(path: &Path, bytes: Vec<u8>, options: &Options) -> Asset {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let hash = content_hash(&bytes);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let folder =
        path.parent().map(|folder| crate::fs::relative(&options.root, folder)).unwrap_or_default();
    let source = crate::fs::relative(&options.root, path);
    let path = expand_naming(&options.asset_naming, &folder, stem, &hash, extension);
    Asset { path, bytes, content_hash: hash, source }
}

/// How an output names an asset.
pub(crate) fn url_of(asset: &Asset, options: &Options) -> String {
    match options.public_path.as_str() {
        "" => format!("./{}", asset.path),
        prefix if prefix.ends_with('/') => format!("{prefix}{}", asset.path),
        // As esbuild has it: the path is that of a folder.
        prefix => format!("{prefix}/{}", asset.path),
    }
}

/// Fills a naming template and adds the extension. `..` in a folder becomes `_.._`, so no output leaves the folder.
pub(crate) fn expand_naming(
    template: &str,
    folder: &str,
    name: &str,
    hash: &str,
    extension: &str,
) -> String {
    let folder = if folder == "." { "" } else { folder };
    let folder = folder
        .split('/')
        .map(|part| if part == ".." { "_.._" } else { part })
        .collect::<Vec<_>>()
        .join("/");
    let has_extension = template.contains("[ext]");
    let path = template
        .replace("[dir]", &folder)
        .replace("[name]", name)
        .replace("[hash]", hash)
        .replace("[ext]", extension);
    let path =
        path.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
    if has_extension || extension.is_empty() { path } else { format!("{path}.{extension}") }
}

fn utf8(bytes: Vec<u8>) -> Result<String, LoadError> {
    String::from_utf8(bytes).map_err(|error| LoadError {
        message: format!("the file is not UTF-8 (byte {})", error.utf8_error().valid_up_to()),
        hint: "save it as UTF-8, or set another loader for it".to_owned(),
        place: None,
    })
}

/// The text without a byte order mark, which is part of the encoding: in a sheet it would be a name.
fn without_mark(text: String) -> String {
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}

fn export_default(expression: &str) -> String {
    format!("export default {expression};")
}

/// The text as a JavaScript string literal; JSON is one.
fn string_literal(text: &str) -> String {
    serde_json::to_string(text).expect("a string always serialises")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaders_by_longest_extension() {
        let mut options = Options::new("/r".into());
        options.loaders.insert(".d.ts".into(), Loader::Empty);
        assert_eq!(loader_of(Path::new("/r/a.d.ts"), None, &options), Some(Loader::Empty));
        assert_eq!(loader_of(Path::new("/r/a.b.ts"), None, &options), Some(Loader::Ts));
        assert_eq!(loader_of(Path::new("/r/a.ts"), Some("text"), &options), Some(Loader::Text));
        assert_eq!(loader_of(Path::new("/r/a.xyz"), None, &options), None);
    }

    #[test]
    fn naming() {
        assert_eq!(expand_naming("[dir]/[name]", "src/x", "a", "H", "js"), "src/x/a.js");
        assert_eq!(expand_naming("[dir]/[name]", ".", "a", "H", "js"), "a.js");
        assert_eq!(expand_naming("[dir]/[name]-[hash]", "../x", "a", "H", "js"), "_.._/x/a-H.js");
        assert_eq!(expand_naming("assets/[ext]/[name]", "", "a", "H", "png"), "assets/png/a");
    }
}
