//! What a build is asked for: format, target, externals, define, loaders, minify, source map.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The module system of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// ECMAScript modules.
    #[default]
    Esm,
    /// `CommonJS`.
    Cjs,
    /// One immediately invoked function, for a script tag.
    Iife,
}

/// The runtime an output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Web pages.
    #[default]
    Browser,
    /// Node.
    Node,
    /// Bun.
    Bun,
    /// Cloudflare Workers (workerd).
    Workers,
    /// None in particular.
    Neutral,
}

/// The compatibility date and flags of a Worker, where they are known: `YYYY-MM-DD`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compatibility {
    /// Empty where it is not known: then the newest is taken.
    pub date: String,
    /// Such as `nodejs_compat`.
    pub flags: Vec<String>,
}

/// How the bytes of a file become a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loader {
    /// JavaScript.
    Js,
    /// JavaScript with JSX.
    Jsx,
    /// TypeScript.
    Ts,
    /// TypeScript with JSX.
    Tsx,
    /// JSON: a default export, and a named one for each key.
    Json,
    /// The text as the default export.
    Text,
    /// A copy of the file; its URL as the default export.
    File,
    /// The bytes as a base64 string.
    Base64,
    /// The bytes as a `data:` URL.
    DataUrl,
    /// The bytes as a `Uint8Array`.
    Binary,
    /// A copy of the file; its path is imported as it is, at run time.
    Copy,
    /// WebAssembly: a copy, and its URL; for Workers the module itself, which they compile.
    Wasm,
    /// A native module of Node: a copy that is required at run time.
    Napi,
    /// A style sheet: part of the entry point's, and its names when it is a CSS module.
    Css,
    /// A module without anything.
    Empty,
}

impl Loader {
    /// All loaders by name.
    pub const NAMES: &[(&str, Self)] = &[
        ("js", Self::Js),
        ("jsx", Self::Jsx),
        ("ts", Self::Ts),
        ("tsx", Self::Tsx),
        ("json", Self::Json),
        ("text", Self::Text),
        ("file", Self::File),
        ("base64", Self::Base64),
        ("dataurl", Self::DataUrl),
        ("binary", Self::Binary),
        ("copy", Self::Copy),
        ("wasm", Self::Wasm),
        ("napi", Self::Napi),
        ("css", Self::Css),
        ("empty", Self::Empty),
    ];

    /// The loader of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, loader)| *loader)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, loader)| *loader == self).map_or("js", |(name, _)| name)
    }

    /// Whether it yields code that is parsed.
    #[must_use]
    pub fn is_script(self) -> bool {
        matches!(self, Self::Js | Self::Jsx | Self::Ts | Self::Tsx)
    }
}

/// The source map that goes with an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SourceMapMode {
    /// None.
    #[default]
    None,
    /// A file beside the output, named by a comment in it.
    Linked,
    /// A file beside the output.
    External,
    /// In the output, as a `data:` URL.
    Inline,
}

/// Which parts of minifying are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Minify {
    /// Shorter syntax, dead code removed.
    pub syntax: bool,
    /// No white space.
    pub whitespace: bool,
    /// Short names.
    pub identifiers: bool,
}

impl Minify {
    /// Everything.
    pub const ALL: Self = Self { syntax: true, whitespace: true, identifiers: true };

    /// Whether any part is wanted.
    #[must_use]
    pub fn any(self) -> bool {
        self.syntax || self.whitespace || self.identifiers
    }
}

/// Which environment variables become literals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvInlining {
    /// Name and value of each variable that may be inlined.
    pub values: BTreeMap<String, String>,
    /// Prefixes of names that ought to have been set; reads of others stay look-ups without a word.
    pub prefixes: Vec<String>,
}

/// How JSX is compiled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Jsx {
    /// `createElement` calls instead of the automatic runtime. `None`: as tsconfig says.
    pub classic: Option<bool>,
    /// Leave JSX in the output.
    pub preserve: bool,
    /// Development transform.
    pub development: bool,
    /// Classic factory, by default `React.createElement`.
    pub factory: Option<String>,
    /// Classic fragment, by default `React.Fragment`.
    pub fragment: Option<String>,
    /// Package of the automatic runtime, by default `react`.
    pub import_source: Option<String>,
}

/// What happens to packages from `node_modules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packages {
    /// Bundled.
    #[default]
    Bundle,
    /// Left to the runtime.
    External,
}

/// Where the texts of licences go: comments with `@license`, `@preserve`, or that begin with `!`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LegalComments {
    /// Nowhere.
    None,
    /// To the start of each output.
    Inline,
    /// To the end of each output.
    #[default]
    Eof,
    /// Into a file beside each output, whose end says so.
    Linked,
}

/// Whether the text of a comment is one whose licence wants it kept: `/*! … */`, `@license`, `@preserve`.
pub(crate) fn is_legal(comment: &str) -> bool {
    comment.starts_with('!') || comment.contains("@license") || comment.contains("@preserve")
}

/// Everything that shapes a build. Plain data: the same options and the same files make the same bytes.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder that paths in outputs, maps and messages are relative to. Absolute.
    pub root: PathBuf,
    /// Folder of the outputs below the root or not. Absolute. Only used to write relative paths into source maps.
    pub outdir: PathBuf,
    /// File name of the only entry output, instead of what `entry_naming` says.
    pub outfile: Option<String>,
    /// Module system of the output.
    pub format: Format,
    /// Runtime of the output.
    pub target: Target,
    /// What a Worker's runtime is asked to be compatible with.
    pub compatibility: Compatibility,
    /// Year of the language that the output may use; `None`: all of it.
    pub syntax: Option<u16>,
    /// Files whose exports stand for globals of the same names. Absolute.
    pub inject: Vec<PathBuf>,
    /// Global variable that an `iife` assigns its exports to.
    pub global_name: Option<String>,
    /// Minifying.
    pub minify: Minify,
    /// Keep `Function.name` through minifying.
    pub keep_names: bool,
    /// Put code that is shared or dynamically imported into chunks of its own.
    pub splitting: bool,
    /// Source maps.
    pub source_map: SourceMapMode,
    /// Specifiers that are left alone; `*` matches any text.
    pub external: Vec<String>,
    /// Whether packages are bundled.
    pub packages: Packages,
    /// Specifiers replaced before resolving.
    pub alias: Vec<(String, String)>,
    /// Extra conditions for `exports` and `imports`; naming any, or none at all, leaves `module` out, which the targets
    /// add by themselves otherwise.
    pub conditions: Option<Vec<String>>,
    /// Fields of `package.json` to look at, instead of the target's.
    pub main_fields: Option<Vec<String>>,
    /// The one tsconfig to use, instead of each file's nearest. Absolute.
    pub tsconfig: Option<PathBuf>,
    /// Use the path of a link instead of its target.
    pub preserve_symlinks: bool,
    /// Expressions replaced by constants: dotted name, JavaScript expression.
    pub define: BTreeMap<String, String>,
    /// Environment variables replaced by their values.
    pub env: EnvInlining,
    /// Remove calls to `console.*`.
    pub drop_console: bool,
    /// Remove `debugger`.
    pub drop_debugger: bool,
    /// Minifying takes it for granted that reading or writing a property runs no code and does not throw.
    pub assumes_plain_properties: bool,
    /// Minifying takes it for granted that reading a global variable runs no code and does not throw.
    pub assumes_known_globals: bool,
    /// Loader by extension (with the dot), over the defaults.
    pub loaders: BTreeMap<String, Loader>,
    /// JSX.
    pub jsx: Jsx,
    /// Text at the start of each script output.
    pub banner: Option<String>,
    /// Text at the end of each script output.
    pub footer: Option<String>,
    /// Template of entry outputs: `[dir]`, `[name]`, `[hash]`, `[ext]`.
    pub entry_naming: String,
    /// Template of chunks.
    pub chunk_naming: String,
    /// Template of assets.
    pub asset_naming: String,
    /// Where the texts of licences go.
    pub legal_comments: LegalComments,
    /// Prefix of the URLs of assets and chunks.
    pub public_path: String,
    /// Drop what is not used.
    pub tree_shaking: bool,
    /// Believe no `sideEffects` and no `/* @__PURE__ */`.
    pub ignore_annotations: bool,
}

impl Options {
    /// Whether nobody can reach what entry points export: a function that is called and returns nothing.
    #[must_use]
    pub fn hides_exports(&self) -> bool {
        self.format == Format::Iife && self.global_name.is_none()
    }

    /// The defaults of a build below `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            outdir: root.join("dist"),
            root,
            outfile: None,
            format: Format::default(),
            target: Target::default(),
            compatibility: Compatibility::default(),
            syntax: None,
            inject: Vec::new(),
            global_name: None,
            minify: Minify::default(),
            keep_names: false,
            splitting: false,
            source_map: SourceMapMode::default(),
            external: Vec::new(),
            packages: Packages::default(),
            alias: Vec::new(),
            conditions: None,
            main_fields: None,
            tsconfig: None,
            preserve_symlinks: false,
            define: BTreeMap::new(),
            env: EnvInlining { values: BTreeMap::new(), prefixes: Vec::new() },
            drop_console: false,
            drop_debugger: false,
            assumes_plain_properties: false,
            assumes_known_globals: false,
            loaders: BTreeMap::new(),
            jsx: Jsx::default(),
            banner: None,
            footer: None,
            entry_naming: "[dir]/[name]".to_owned(),
            chunk_naming: "chunk-[hash]".to_owned(),
            asset_naming: "[name]-[hash]".to_owned(),
            legal_comments: LegalComments::default(),
            public_path: String::new(),
            tree_shaking: true,
            ignore_annotations: false,
        }
    }
}

/// Whether a text can be the variable of a script: a name, or names with dots between them, of which the later ones may
/// be words of the language.
#[must_use]
pub fn is_global_name(text: &str) -> bool {
    use swc_core::ecma::ast::Ident;
    let is_name = |part: &str| {
        part.chars().enumerate().all(|(at, character)| match at {
            0 => Ident::is_valid_start(character),
            _ => Ident::is_valid_continue(character),
        }) && !part.is_empty()
    };
    let first = text.split('.').next().unwrap_or_default();
    Ident::verify_symbol(first).is_ok() && text.split('.').all(is_name)
}
