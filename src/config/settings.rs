//! Every setting once, as data: flag, YAML key, variable, kind, default, help. Flags, the file reader, `--help` and the
//! JSON Schema come from this list.

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On or off.
    Switch,
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Several texts; on the command line repeated or separated by commas.
    List,
    /// Several of these words.
    Choices(&'static [&'static str]),
    /// Texts by name; on the command line `NAME=TEXT`.
    Map,
    /// Where a key comes from: `env:NAME` or `keychain:NAME`. Never the key itself.
    KeySource,
    /// Where keys come from, by the names of the keys.
    KeySources,
    /// Several records with these fields; on the command line `field=value,field=value`.
    Records(&'static [Field]),
}

/// One field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether each record must have it.
    pub required: bool,
    /// What it means.
    pub help: &'static str,
}

/// What values a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A size, such as `60kB` or `1.5 MiB`.
    Size,
    /// A day, as `2027-03-01`.
    Date,
}

/// Sub-commands, as bits: a setting is a flag of those it names.
pub mod on {
    /// `bundlegate run`
    pub const RUN: u16 = 1;
    /// `bundlegate build`
    pub const BUILD: u16 = 2;
    /// `bundlegate scan`
    pub const SCAN: u16 = 4;
    /// `bundlegate verify`
    pub const VERIFY: u16 = 8;
    /// `bundlegate report`
    pub const REPORT: u16 = 16;
    /// `bundlegate sign`
    pub const SIGN: u16 = 32;
    /// `bundlegate decrypt`
    pub const DECRYPT: u16 = 64;
    /// `bundlegate push`
    pub const PUSH: u16 = 128;
    /// `bundlegate pull`
    pub const PULL: u16 = 256;
    /// `bundlegate promote`, `rollback`, `list` and `prune`
    pub const STORE: u16 = 512;
    /// `bundlegate comment`
    pub const COMMENT: u16 = 1024;
    /// `bundlegate serve`
    pub const SERVE: u16 = 2048;
    /// Making a seal.
    pub const SEALING: u16 = RUN | SIGN;
    /// Checking one.
    pub const CHECKING: u16 = VERIFY | PUSH | PULL | STORE | REPORT | SERVE;
    /// Whatever passes the leak gate first.
    pub const GATED: u16 = RUN | SCAN | SIGN | PUSH;
    /// Building, alone or as part of a run.
    pub const BUNDLING: u16 = RUN | BUILD | SERVE;
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The flag without dashes; the variable is `BUNDLEGATE_` and this in capitals, with `_`.
    pub name: &'static str,
    /// Its place in `bundlegate.yml`, dots between levels.
    pub key: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What the value is called in `--help`.
    pub value: &'static str,
    /// What holds when nobody says anything, in words.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
    /// The sub-commands that have it as a flag.
    pub on: u16,
}

impl Setting {
    /// Its environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("BUNDLEGATE_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

const FORMATS: &[&str] = &["esm", "cjs", "iife"];
const TARGETS: &[&str] = &["browser", "node", "bun", "workers", "neutral"];
const PRESETS: &[&str] = &["bun", "workers", "r2", "memory"];
const SOURCE_MAPS: &[&str] = &["none", "linked", "external", "inline"];
const CODINGS: &[&str] = &["brotli", "zstd"];

const ALLOW_FIELDS: &[Field] = &[
    Field { name: "env", kind: FieldKind::Text, required: true, help: "Name of the variable" },
    Field {
        name: "path",
        kind: FieldKind::Text,
        required: false,
        help: "Only in outputs that this pattern matches",
    },
    Field { name: "reason", kind: FieldKind::Text, required: true, help: "Why it may stay" },
    Field {
        name: "until",
        kind: FieldKind::Date,
        required: false,
        help: "Last day on which it may",
    },
];

const CACHE_FIELDS: &[Field] = &[
    Field {
        name: "path",
        kind: FieldKind::Text,
        required: true,
        help: "Files that this pattern matches",
    },
    Field {
        name: "value",
        kind: FieldKind::Text,
        required: true,
        help: "Value of the header `Cache-Control`",
    },
];

const BUDGET_FIELDS: &[Field] = &[
    Field {
        name: "path",
        kind: FieldKind::Text,
        required: true,
        help: "Outputs that this pattern matches, each for itself; `(total)`: all together",
    },
    Field { name: "raw", kind: FieldKind::Size, required: false, help: "Largest size as it is" },
    Field { name: "gzip", kind: FieldKind::Size, required: false, help: "Largest size with gzip" },
    Field {
        name: "brotli",
        kind: FieldKind::Size,
        required: false,
        help: "Largest size with brotli",
    },
    Field { name: "zstd", kind: FieldKind::Size, required: false, help: "Largest size with zstd" },
    Field {
        name: "growth",
        kind: FieldKind::Text,
        required: false,
        help: "How much larger than in base, such as 2kB or 5%",
    },
    Field {
        name: "metric",
        kind: FieldKind::Text,
        required: false,
        help: "What `growth` is measured in: raw, gzip, brotli or zstd [default: gzip]",
    },
    Field {
        name: "level",
        kind: FieldKind::Text,
        required: false,
        help: "What happens: fail or warn [default: fail]",
    },
];

const ROUTE_FIELDS: &[Field] = &[
    Field {
        name: "pattern",
        kind: FieldKind::Text,
        required: true,
        help: "Pattern of URLs, as `URLPattern` has it: /users/:id, /docs/*, or with a host",
    },
    Field {
        name: "file",
        kind: FieldKind::Text,
        required: false,
        help: "File that it is answered with; :name stands for what the pattern found",
    },
    Field {
        name: "redirect",
        kind: FieldKind::Text,
        required: false,
        help: "Address that it leads to, in the same way",
    },
    Field {
        name: "status",
        kind: FieldKind::Text,
        required: false,
        help: "Status: 308 (the default of a redirect), 301, 302, 303, 307; 404 for a file",
    },
];

macro_rules! setting {
    ($name:literal, $key:literal, $kind:expr, $value:literal, $default:literal, $on:expr, $help:literal) => {
        Setting {
            name: $name,
            key: $key,
            kind: $kind,
            value: $value,
            default: $default,
            help: $help,
            on: $on,
        }
    };
}

/// The list. Sorted by what one looks for first.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting!("name", "name", Kind::Text, "NAME", "name of the root folder", on::RUN | on::REPORT, "Prefix of all keys in the store, and title of the report"),
    setting!("deploy", "deploy", Kind::Choices(PRESETS), "PRESET", "none", on::BUNDLING, "Presets for a kind of deployment; every setting can be overridden. With several, each is built into a folder of its name"),

    setting!("entrypoints", "build.entrypoints", Kind::List, "PATHS", "none", on::RUN | on::SERVE, "Files a build starts from, or globs of them"),
    setting!("files", "build.files", Kind::Map, "PATH=TEXT", "none", on::BUNDLING, "Sources held in memory, over those on disk"),
    setting!("root", "build.root", Kind::Text, "DIR", "folder of the settings file", on::BUNDLING | on::VERIFY, "Folder that all paths are relative to"),
    setting!("outdir", "build.outdir", Kind::Text, "DIR", "none: outputs are kept in memory", on::BUNDLING, "Folder for the outputs"),
    setting!("outfile", "build.outfile", Kind::Text, "FILE", "none", on::BUNDLING, "The one output of a build that has one, instead of `outdir`"),
    setting!("target", "build.target", Kind::Choice(TARGETS), "RUNTIME", "browser", on::BUNDLING, "Runtime of the outputs"),
    setting!("compatibility-date", "build.compatibility_date", Kind::Text, "DATE", "that of Wrangler's file, else the newest", on::BUNDLING, "What a Worker's runtime is compatible with"),
    setting!("compatibility-flags", "build.compatibility_flags", Kind::List, "FLAGS", "those of Wrangler's file", on::BUNDLING, "Flags of a Worker's runtime, such as nodejs_compat"),
    setting!("workers-plan", "build.workers_plan", Kind::Choice(&["free", "paid"]), "PLAN", "none: what both take", on::RUN, "Plan of the account that a Worker is for, which limits its size"),
    setting!("format", "build.format", Kind::Choice(FORMATS), "FORMAT", "esm", on::BUNDLING, "Module system of the outputs"),
    setting!("global-name", "build.global_name", Kind::Text, "NAME", "none", on::BUNDLING, "Variable that takes the exports of an `iife`"),
    setting!("syntax", "build.syntax", Kind::Text, "YEAR", "esnext", on::BUNDLING, "Language that the outputs may use: es2015 … es2025, esnext, or nodeN"),
    setting!("inject", "build.inject", Kind::List, "FILES", "none", on::BUNDLING, "Files whose exports stand for globals of the same names"),
    setting!("minify", "build.minify", Kind::Switch, "", "off", on::BUNDLING, "Minify syntax, white space and identifiers"),
    setting!("minify-syntax", "build.minify_syntax", Kind::Switch, "", "as `minify`", on::BUNDLING, "Shorter syntax, dead code removed"),
    setting!("minify-whitespace", "build.minify_whitespace", Kind::Switch, "", "as `minify`", on::BUNDLING, "No white space"),
    setting!("minify-identifiers", "build.minify_identifiers", Kind::Switch, "", "as `minify`", on::BUNDLING, "Short names"),
    setting!("keep-names", "build.keep_names", Kind::Switch, "", "off", on::BUNDLING, "Keep names of functions and classes through minifying"),
    setting!("splitting", "build.splitting", Kind::Switch, "", "off", on::BUNDLING, "Put shared and dynamically imported code into chunks"),
    setting!("sourcemap", "build.sourcemap", Kind::Choice(SOURCE_MAPS), "KIND", "none", on::BUNDLING, "Source maps"),
    setting!("external", "build.external", Kind::List, "PATTERN", "none", on::BUNDLING, "Specifiers, and paths of files from the root, that are left to the runtime; `*` matches any text"),
    setting!("packages", "build.packages", Kind::Choice(&["bundle", "external"]), "WHAT", "bundle", on::BUNDLING, "What happens to packages"),
    setting!("alias", "build.alias", Kind::Map, "FROM=TO", "none", on::BUNDLING, "Specifiers replaced before they are resolved"),
    setting!("conditions", "build.conditions", Kind::List, "NAMES", "those of the target", on::BUNDLING, "More conditions for `exports` and `imports` of packages"),
    setting!("main-fields", "build.main_fields", Kind::List, "NAMES", "those of the target", on::BUNDLING, "Fields of package.json to look at"),
    setting!("tsconfig", "build.tsconfig", Kind::Text, "FILE", "nearest to each source", on::BUNDLING, "The one tsconfig to use"),
    setting!("preserve-symlinks", "build.preserve_symlinks", Kind::Switch, "", "off", on::BUNDLING, "Use the path of a link instead of its target"),
    setting!("define", "build.define", Kind::Map, "NAME=EXPR", "none", on::BUNDLING, "Expressions replaced by constants"),
    setting!("env", "build.env", Kind::Text, "PATTERN", "PUBLIC_*", on::BUNDLING, "Environment variables that become constants: a prefix with `*`, or `disable`"),
    setting!("drop", "build.drop", Kind::Choices(&["console", "debugger"]), "WHAT", "none", on::BUNDLING, "Calls removed while minifying"),
    setting!("assume", "build.assume", Kind::Choices(&["plain-properties", "known-globals"]), "WHAT", "none", on::BUNDLING, "What minifying may take for granted beyond docs/assumptions.md"),
    setting!("loader", "build.loader", Kind::Map, ".EXT=LOADER", "by extension", on::BUNDLING, "How files of an extension are read"),
    setting!("jsx", "build.jsx", Kind::Choice(&["automatic", "classic", "transform", "preserve"]), "HOW", "tsconfig, else by what the file imports", on::BUNDLING, "How JSX is compiled"),
    setting!("jsx-factory", "build.jsx_factory", Kind::Text, "NAME", "React.createElement", on::BUNDLING, "Function for classic JSX"),
    setting!("jsx-fragment", "build.jsx_fragment", Kind::Text, "NAME", "React.Fragment", on::BUNDLING, "Fragment for classic JSX"),
    setting!("jsx-import-source", "build.jsx_import_source", Kind::Text, "PACKAGE", "react", on::BUNDLING, "Package for automatic JSX"),
    setting!("jsx-dev", "build.jsx_dev", Kind::Switch, "", "off", on::BUNDLING, "Development form of automatic JSX"),
    setting!("banner", "build.banner", Kind::Text, "TEXT", "none", on::BUNDLING, "Text before each entry output"),
    setting!("footer", "build.footer", Kind::Text, "TEXT", "none", on::BUNDLING, "Text after each entry output"),
    setting!("entry-naming", "build.entry_naming", Kind::Text, "TEMPLATE", "[dir]/[name]", on::BUNDLING, "Paths of entry outputs: [dir] [name] [hash] [ext]"),
    setting!("chunk-naming", "build.chunk_naming", Kind::Text, "TEMPLATE", "chunk-[hash]", on::BUNDLING, "Paths of chunks"),
    setting!("asset-naming", "build.asset_naming", Kind::Text, "TEMPLATE", "[name]-[hash]", on::BUNDLING, "Paths of assets"),
    setting!("legal-comments", "build.legal_comments", Kind::Choice(&["none", "inline", "eof", "linked"]), "WHERE", "eof", on::BUNDLING, "Where the texts of licences go: nowhere, to the start or the end of each output, or into a file beside it"),
    setting!("public-path", "build.public_path", Kind::Text, "URL", "none", on::BUNDLING, "Prefix of URLs of assets"),
    setting!("tree-shaking", "build.tree_shaking", Kind::Switch, "", "on", on::BUNDLING, "Drop what is not used"),
    setting!("ignore-annotations", "build.ignore_annotations", Kind::Switch, "", "off", on::BUNDLING, "Believe no `sideEffects` and no `@__PURE__`"),
    setting!("metafile", "build.metafile", Kind::Text, "FILE", "none", on::BUNDLING, "Write the metafile there"),
    setting!("metafile-md", "build.metafile_md", Kind::Text, "FILE", "none", on::BUNDLING, "Write an analysis of the outputs in Markdown there, for people and language models"),
    setting!("bytecode", "build.bytecode", Kind::Switch, "", "off", on::BUNDLING, "Bytecode beside each script, which Bun starts faster; needs `bun`, and the format `cjs`"),
    setting!("compile", "build.compile", Kind::Switch, "", "off", on::BUNDLING, "A standalone executable beside each entry output, with Bun in it; needs `bun`, and the target `bun`"),

    setting!("artifacts", "artifacts.dir", Kind::Text, "DIR", "none", on::RUN | on::REPORT, "Finished outputs of another bundler, instead of a build"),
    setting!("artifacts-metafile", "artifacts.metafile", Kind::Text, "FILE", "none", on::RUN | on::REPORT, "The metafile that goes with them"),

    setting!("public-env", "leaks.public", Kind::List, "PATTERNS", "PUBLIC_*, and those of the framework", on::GATED, "Variables whose values may be in the outputs"),
    setting!("guard", "leaks.guard", Kind::List, "NAMES", "none", on::GATED, "Variables that are guarded whatever their values look like"),
    setting!("guard-dotenv", "leaks.dotenv", Kind::List, "FILES", "none", on::GATED, "Files of variables whose values are guarded, too"),
    setting!("guard-secrets", "leaks.secrets", Kind::KeySource, "env:NAME", "none", on::GATED, "Variable that holds secrets as a JSON object, as `toJSON(secrets)` makes it"),
    setting!("leaks-baseline", "leaks.baseline", Kind::Text, "FILE", "none", on::GATED, "Findings that were there before, as `scan --format json` wrote them"),
    setting!("leaks-sarif", "leaks.sarif", Kind::Text, "FILE", "none", on::RUN | on::SCAN, "Write what was found there as SARIF, for code scanning"),
    setting!("leaks-fail-on", "leaks.fail_on", Kind::Choice(&["error", "never"]), "LEVEL", "error", on::GATED, "What stops the release"),
    setting!("allow", "leaks.allow", Kind::Records(ALLOW_FIELDS), "FIELDS", "none", on::GATED, "Findings that are known and excused"),

    setting!("compress", "compress", Kind::Choices(CODINGS), "CODINGS", "brotli, zstd", on::RUN, "Compressed forms stored beside each artifact"),
    setting!("seal-outdir", "seal.outdir", Kind::Text, "DIR", "the folder of the build; none with `artifacts`", on::RUN, "Folder for what is sealed: the files, their compressed forms, lock and manifest"),
    setting!("hmac-key", "sign.hmac_key", Kind::KeySource, "env:NAME", "none: unsigned", on::SEALING | on::CHECKING, "Where the key comes from that files are signed with"),
    setting!("key-id", "sign.key_id", Kind::Text, "ID", "k1", on::SEALING | on::CHECKING, "Name of that key in signatures"),
    setting!("verify-keys", "sign.verify_keys", Kind::KeySources, "ID=env:NAME", "none", on::CHECKING, "Keys that signatures may be of, too: those of before"),
    setting!("signing-key", "sign.signing_key", Kind::KeySource, "env:NAME", "none", on::SEALING, "Where the key pair comes from (Ed25519 and ML-DSA-65) that signs the statement"),
    setting!("public-key", "sign.public_key", Kind::Text, "FILE", "none", on::CHECKING, "The public part of that pair, to check the statement with"),
    setting!("sign-expires", "sign.expires", Kind::Text, "TIME", "never", on::SEALING, "How long signatures hold, such as 90d or 12h"),
    setting!("sign-required", "sign.required", Kind::Switch, "", "off", on::SEALING | on::CHECKING, "No key or no signature is an error"),
    setting!("recipients", "encrypt.recipients", Kind::List, "FILES", "none: not encrypted", on::SEALING, "Encrypt for these, who made their keys with `keygen recipient`"),
    setting!("identity", "encrypt.identity", Kind::KeySource, "env:NAME", "none", on::DECRYPT | on::PULL | on::SERVE, "Where the private part of a recipient comes from"),
    setting!("store", "store.url", Kind::Text, "URL", "dir:.bundlegate/store", on::RUN, "Where deployments go: r2://BUCKET/PREFIX, s3://BUCKET/PREFIX, dir:PATH or memory:"),
    setting!("channel", "store.channel", Kind::Text, "NAME", "latest", on::RUN | on::PUSH | on::STORE | on::REPORT, "The channel in which a deployment becomes live"),
    setting!("live-on", "store.live_on", Kind::List, "WHAT", "default-branch, tags, release, workflow_dispatch", on::RUN | on::PUSH | on::REPORT, "On a runner, what makes a build live: default-branch, tags, names of events, patterns of branches or of whole references; never a pull request"),
    setting!("previews", "store.previews", Kind::Switch, "", "off", on::RUN | on::PUSH | on::REPORT, "Store the builds of pull requests, each live in a channel of its own, such as pr-7"),
    setting!("cache-control", "store.cache_control", Kind::Records(CACHE_FIELDS), "FIELDS", "by what is known of the name", on::RUN | on::PUSH, "Cache-Control of files with the layout `files`, by pattern; the first that matches holds"),
    setting!("store-metafile", "store.metafile", Kind::Switch, "", "on; off with the layout `files`", on::RUN, "Store the metafile beside the build, for reports that compare with it"),
    setting!("layout", "store.layout", Kind::Choice(&["registry", "files"]), "LAYOUT", "registry", on::RUN | on::PUSH, "How files stand in the store: by digest with builds and channels, or under their own names for a CDN"),
    setting!("read-back", "store.read_back", Kind::Choice(&["none", "list", "full"]), "HOW", "list", on::RUN | on::PUSH, "What is asked of the store before a deployment becomes live: nothing, digests or sizes, or all bytes"),
    setting!("store-timeout", "store.timeout", Kind::Text, "TIME", "30s", on::RUN | on::PUSH | on::CHECKING, "How long nothing may move to or from the store before it is tried again"),
    setting!("keep-key", "store.keep_key", Kind::Switch, "", "off; on where R2_ENDPOINT is not R2's", on::RUN | on::PUSH | on::CHECKING, "Use the key of R2 as it is, instead of a credential of 15 minutes made of it"),
    setting!("budgets", "report.budgets", Kind::Records(BUDGET_FIELDS), "FIELDS", "none", on::RUN | on::REPORT, "Largest sizes"),
    setting!("report-file", "report.file", Kind::Text, "FILE", "none", on::RUN | on::REPORT, "Write the report there"),
    setting!("record-file", "report.record", Kind::Text, "FILE", "none", on::RUN | on::REPORT, "Write the complete record there, for `comment --from` and `report --merge`"),
    setting!("pictures", "report.pictures", Kind::Text, "URL", "none", on::RUN, "Where the store is public, as a URL: treemaps are stored with the build and shown in the comment"),
    setting!("base", "report.base", Kind::Text, "WHAT", "auto", on::RUN | on::REPORT, "What sizes are compared with: a metafile, STORE/NAME@BUILD, git:REV, none, or auto"),
    setting!("comment", "report.comment", Kind::Switch, "", "on, on a pull request", on::RUN | on::REPORT, "Post the report on the pull request"),
    setting!("token", "report.token", Kind::KeySource, "env:NAME", "env:GITHUB_TOKEN", on::RUN | on::REPORT | on::COMMENT, "Where the token comes from that posts it"),

    setting!("routes", "serve.routes", Kind::Records(ROUTE_FIELDS), "FIELDS", "none", on::SERVE, "Files and redirects for URLs of no file, by pattern; the first that matches counts"),
];

/// The setting of that name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The JSON Schema of `bundlegate.yml`.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    use serde_json::{Map, Value, json};
    let mut root = Map::new();
    for setting in SETTINGS {
        let text = json!({ "type": "string" });
        let mut schema = match setting.kind {
            Kind::Switch => json!({ "type": "boolean" }),
            Kind::Text => text,
            Kind::Choice(words) => json!({ "enum": words }),
            Kind::List => json!({ "type": "array", "items": text }),
            Kind::Choices(words) => {
                let word = json!({ "enum": words });
                json!({ "anyOf": [word, { "type": "array", "items": word }] })
            }
            Kind::Map => json!({ "type": "object", "additionalProperties": text }),
            Kind::KeySource => key_source(),
            Kind::KeySources => json!({ "type": "object", "additionalProperties": key_source() }),
            Kind::Records(fields) => {
                let properties: Map<String, Value> = fields
                    .iter()
                    .map(|field| {
                        let kind = match field.kind {
                            FieldKind::Text => json!({ "type": "string", "description": field.help }),
                            FieldKind::Size => json!({ "type": ["string", "integer"], "description": field.help }),
                            FieldKind::Date => json!({ "type": "string", "format": "date", "description": field.help }),
                        };
                        (field.name.to_owned(), kind)
                    })
                    .collect();
                let required: Vec<&str> =
                    fields.iter().filter(|field| field.required).map(|field| field.name).collect();
                json!({ "type": "array", "items": {
                    "type": "object", "properties": properties, "required": required, "additionalProperties": false
                } })
            }
        };
        if let Value::Object(map) = &mut schema {
            map.insert(
                "description".into(),
                json!(format!("{} (default: {})", setting.help, setting.default)),
            );
        }
        let mut level = &mut root;
        let mut parts = setting.key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                level.insert(part.to_owned(), schema);
                break;
            }
            let section = level.entry(part.to_owned()).or_insert_with(
                || json!({ "type": "object", "additionalProperties": false, "properties": {} }),
            );
            level = section
                .get_mut("properties")
                .and_then(Value::as_object_mut)
                .expect("a section has properties, and no setting has the key of a section");
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bundlegate.yml",
        "type": "object",
        "additionalProperties": false,
        "properties": root,
    })
}

fn key_source() -> serde_json::Value {
    serde_json::json!({ "type": "string", "pattern": "^ *(env:[A-Za-z_][A-Za-z0-9_]*|keychain:[^,]+)( *, *(env:[A-Za-z_][A-Za-z0-9_]*|keychain:[^,]+))*$" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_unique() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            for other in &SETTINGS[index + 1..] {
                assert_ne!(setting.name, other.name);
                assert_ne!(setting.key, other.key);
                assert!(
                    !other.key.starts_with(&format!("{}.", setting.key)),
                    "{} is a section and a value",
                    setting.key
                );
            }
        }
        assert!(json_schema().pointer("/properties/build/properties/minify").is_some());
    }
}
