//! `Config`: settings resolved and validated. Layers merge in one order: flag, variable, file, preset, default.

pub mod env;
pub mod file;
pub mod generate;
pub mod settings;
pub mod value;
pub mod wrangler;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::bundle::options::{
    Compatibility, EnvInlining, Format, LegalComments, Loader, Minify, Options, Packages,
    SourceMapMode, Target, is_global_name,
};
use crate::diag::{Diagnostic, nearest};
use env::Environment;
use settings::by_name;
use value::{Layer, Value};
use wrangler::Wrangler;

/// The store when none is named.
const DEFAULT_STORE: &str = "dir:.bundlegate/store";

/// Everything a command needs to know, resolved. Paths are absolute.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder that all paths are relative to.
    pub root: PathBuf,
    /// The settings file, if there is one.
    pub settings_file: Option<PathBuf>,
    /// Prefix of all keys in the store, and title of the report.
    pub name: String,
    /// The presets that were chosen.
    pub deploy: Vec<String>,
    /// Where several were chosen: what each of them is built as.
    pub parts: Vec<Part>,
    /// Files a build starts from, as written.
    pub entry_points: Vec<String>,
    /// Sources held in memory, by absolute path.
    pub files: BTreeMap<PathBuf, String>,
    /// Folder for the outputs; `None`: they are kept in memory.
    pub outdir: Option<PathBuf>,
    /// What the build is asked for.
    pub build: Options,
    /// Whether Bun compiles bytecode of the scripts.
    pub bytecode: bool,
    /// Whether Bun makes executables of the entry points.
    pub compile: bool,
    /// Where the metafile is written.
    pub metafile: Option<PathBuf>,
    /// Where the analysis of the outputs is written.
    pub metafile_md: Option<PathBuf>,
    /// Finished outputs of another bundler, and the metafile that goes with them.
    pub artifacts: Option<(PathBuf, Option<PathBuf>)>,
    /// The leak gate.
    pub leaks: LeakConfig,
    /// Codings of the siblings of each artifact.
    pub compress: Vec<String>,
    /// Folder for what is sealed, beside the store.
    pub seal_outdir: Option<PathBuf>,
    /// The seal.
    pub sign: SignConfig,
    /// The store.
    pub store: StoreConfig,
    /// The report.
    pub report: ReportConfig,
    /// What Wrangler's file says of the Worker that is built.
    pub wrangler: Option<Wrangler>,
    /// Routes of the server: pattern, file, redirect and status, as written.
    pub routes: Vec<BTreeMap<String, String>>,
    /// The plan of the account that Workers are for: `free` or `paid`.
    pub workers_plan: Option<String>,
    /// What is to be said of the settings, although they hold.
    pub warnings: Vec<Diagnostic>,
}

/// One of several presets that the same sources are built for, each into a folder of its name.
#[derive(Debug, Clone)]
pub struct Part {
    /// The preset, and the folder.
    pub name: String,
    /// What its build is asked for.
    pub build: Options,
    /// Whether Bun compiles bytecode of its scripts.
    pub bytecode: bool,
    /// Whether Bun makes executables of its entry points.
    pub compile: bool,
    /// What Wrangler's file says, where it is a Worker.
    pub wrangler: Option<Wrangler>,
}

/// Settings of the leak gate.
#[derive(Debug, Clone)]
pub struct LeakConfig {
    /// Patterns of names whose values may be in the outputs.
    pub public: Vec<String>,
    /// Names that are guarded whatever their values look like.
    pub guard: Vec<String>,
    /// Whether a finding stops the release.
    pub fails: bool,
    /// Findings that are excused.
    pub allow: Vec<Allowance>,
    /// Whether prefixes of the frameworks in `package.json` are public, too: nobody said which are.
    pub detects_public: bool,
    /// Files of variables whose values are guarded.
    pub dotenv: Vec<PathBuf>,
    /// The variable that holds a JSON object of secrets by name.
    pub secrets_variable: Option<String>,
    /// What `scan --format json` wrote: findings that were there before.
    pub baseline: Option<PathBuf>,
    /// Where findings are written as SARIF.
    pub sarif: Option<PathBuf>,
}

/// A finding that is known and excused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// Name of the variable.
    pub env: String,
    /// Pattern of outputs; `None`: all.
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// Last day on which it holds.
    pub until: Option<(u16, u8, u8)>,
}

/// Where a key comes from: places in order, of which the first that has it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySource(pub Vec<KeyPlace>);

/// One place of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// A variable.
    Variable(String),
    /// The keychain of the machine; refused on a runner.
    Keychain(String),
}

impl KeySource {
    fn new(text: &str) -> Self {
        let place = |text: &str| match text.trim().split_once(':')? {
            ("env", name) => Some(KeyPlace::Variable(name.to_owned())),
            ("keychain", name) => Some(KeyPlace::Keychain(name.to_owned())),
            _ => None,
        };
        Self(text.split(',').filter_map(place).collect())
    }
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let places: Vec<String> = self
            .0
            .iter()
            .map(|place| match place {
                KeyPlace::Variable(name) => name.clone(),
                KeyPlace::Keychain(name) => format!("keychain:{name}"),
            })
            .collect();
        formatter.write_str(&places.join(", "))
    }
}

/// Settings of the seal.
#[derive(Debug, Clone)]
pub struct SignConfig {
    /// Where the key comes from that files are signed with.
    pub hmac_key: Option<KeySource>,
    /// Name of that key in signatures.
    pub key_id: String,
    /// Other keys that signatures may be of, by name.
    pub verify_keys: Vec<(String, KeySource)>,
    /// Where the key pair comes from that signs the statement.
    pub signing_key: Option<KeySource>,
    /// The file with its public part.
    pub public_key: Option<PathBuf>,
    /// How long signatures hold, in seconds.
    pub expires: Option<u64>,
    /// Whether no key is an error; `None`: where one is named and the command does nothing but sign or check.
    pub required: Option<bool>,
    /// Files of public keys to encrypt for.
    pub recipients: Vec<PathBuf>,
    /// Where the private part of a recipient comes from.
    pub identity: Option<KeySource>,
}

/// Settings of the store.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Its URL.
    pub url: String,
    /// The channel in which a deployment becomes live.
    pub channel: String,
    /// What makes a build live on a runner; `None`: what is usual.
    pub live_on: Option<Vec<String>>,
    /// Whether builds of pull requests are stored.
    pub previews: bool,
    /// Whether files stand under their own names.
    pub is_files: bool,
    /// `Cache-Control` by pattern of paths, with files under their own names; the first that matches holds.
    pub cache_control: Vec<(String, String)>,
    /// Whether the metafile is stored.
    pub metafile: bool,
    /// What is read back: `none`, `list` or `full`.
    pub read_back: String,
    /// Seconds in which something must move.
    pub timeout: u64,
    /// Whether the key of R2 is used as it is; `None`: only where the endpoint is not R2's.
    pub keeps_key: Option<bool>,
}

/// Settings of the report.
#[derive(Debug, Clone)]
pub struct ReportConfig {
    /// Largest sizes.
    pub budgets: Vec<BudgetConfig>,
    /// Where the report is written.
    pub file: Option<PathBuf>,
    /// Where the complete record is written.
    pub record: Option<PathBuf>,
    /// The URL under which what the store holds can be fetched by anybody, without a slash at its end.
    pub pictures: Option<String>,
    /// What sizes are compared with, as written.
    pub base: String,
    /// Whether the report is posted on a pull request.
    pub comments: bool,
    /// Where the token comes from that posts it.
    pub token: KeySource,
}

/// Largest sizes of outputs that a pattern matches, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetConfig {
    /// The pattern; `None`: all outputs together.
    pub path: Option<String>,
    /// Largest size for each metric that has one.
    pub most: Vec<(&'static str, u64)>,
    /// How much larger than in base.
    pub growth: Option<Growth>,
    /// What growth is measured in.
    pub metric: &'static str,
    /// Whether it only warns.
    pub warns: bool,
}

/// How much larger than in base something may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By bytes.
    Bytes(u64),
    /// By per cent.
    Percent(u64),
}

/// Layers in order of precedence, and the folder that paths of each are relative to.
struct Layers<'a>(Vec<(&'a Layer, &'a Path)>);

impl Layers<'_> {
    fn get(&self, name: &str) -> Option<(&Value, &Path)> {
        debug_assert!(by_name(name).is_some(), "`{name}` is no setting");
        self.0.iter().find_map(|(layer, folder)| layer.get(name).map(|value| (value, *folder)))
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.get(name)?.0 {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        match self.get(name)? {
            (Value::Text(text), folder) => Some(crate::fs::normalize(&folder.join(text))),
            _ => None,
        }
    }

    fn switch(&self, name: &str) -> Option<bool> {
        match self.get(name)?.0 {
            Value::Switch(on) => Some(*on),
            _ => None,
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some((Value::List(list), _)) => list.clone(),
            _ => Vec::new(),
        }
    }

    fn map(&self, name: &str) -> BTreeMap<String, String> {
        match self.get(name) {
            Some((Value::Map(map), _)) => map.clone(),
            _ => BTreeMap::new(),
        }
    }

    fn records(&self, name: &str) -> &[BTreeMap<String, String>] {
        match self.get(name) {
            Some((Value::Records(records), _)) => records,
            _ => &[],
        }
    }
}

/// A settings file that was read.
pub struct SettingsFile {
    /// Absolute path.
    pub path: PathBuf,
    /// What it says.
    pub layer: Layer,
}

impl Config {
    /// Merges the layers and checks what only the whole can tell. `working` is the folder of the command line.
    ///
    /// # Errors
    /// Every problem that was found.
    pub fn resolve(
        flags: &Layer,
        environment: &Environment,
        file: Option<&SettingsFile>,
        working: &Path,
    ) -> Result<Self, Vec<Diagnostic>> {
        let variables = value::from_variables(environment.texts())?;
        let file_folder = file.and_then(|file| file.path.parent()).unwrap_or(working);
        let empty = Layer::new();
        let file_layer = file.map_or(&empty, |file| &file.layer);
        let layers = [flags, &variables, file_layer];
        let first = |name: &str| layers.into_iter().find_map(|layer| layer.get(name));
        let chosen = match first("deploy") {
            Some(Value::List(names)) => names.clone(),
            _ => Vec::new(),
        };
        let is_on = |name: &str| matches!(first(name), Some(Value::Switch(true)));
        let mut problems = Vec::new();
        let mut resolve = |over: &Layer, preset: &Layer, outdir: Option<&str>| {
            let layers = Layers(vec![
                (over, working),
                (flags, working),
                (&variables, working),
                (file_layer, file_folder),
                (preset, file_folder),
            ]);
            build_config(&layers, environment, file_folder, outdir, &mut problems)
        };
        let mut config = match chosen.as_slice() {
            [one] => resolve(&empty, &preset(one, is_on("bytecode")), None),
            _ => resolve(&empty, &empty, None),
        };
        if chosen.len() > 1 {
            for name in &chosen {
                // Bun's own are for Bun alone.
                let not_here = if name == "bun" { &[][..] } else { &["bytecode", "compile"] };
                let over = not_here.iter().map(|name| (*name, Value::Switch(false))).collect();
                let Config { build, bytecode, compile, wrangler, .. } =
                    resolve(&over, &preset(name, is_on("bytecode")), Some(name));
                config.parts.push(Part { name: name.clone(), build, bytecode, compile, wrangler });
            }
            problems.extend(several_problem(&chosen, |name| first(name).is_some()));
            let of_store = chosen.iter().find(|name| matches!(name.as_str(), "r2" | "memory"));
            if let Some(name) = of_store.filter(|_| first("layout").or(first("store")).is_none()) {
                let message =
                    format!("what `{name}` says of the store does not hold for several presets");
                let hint = "they are one deployment, in the layout `registry`; say `store.layout` or `store.url` yourself";
                problems.push(Diagnostic::note("config/deploy", message).hint(hint));
            }
        }
        config.deploy = chosen;
        config.settings_file = file.map(|file| file.path.clone());
        // What is wrong in all of them is said once.
        let mut said: Vec<Diagnostic> = Vec::new();
        problems.retain(|problem| {
            let is_new = !said.contains(problem);
            said.extend(is_new.then(|| problem.clone()));
            is_new
        });
        if crate::diag::has_errors(&problems) {
            return Err(problems);
        }
        config.warnings = problems;
        Ok(config)
    }

    /// The settings with which one of several presets is built.
    #[must_use]
    pub fn of_part(&self, part: &Part) -> Self {
        Self {
            build: part.build.clone(),
            bytecode: part.bytecode,
            compile: part.compile,
            wrangler: part.wrangler.clone(),
            outdir: self.outdir.as_ref().map(|outdir| outdir.join(&part.name)),
            parts: Vec::new(),
            ..self.clone()
        }
    }
}

/// What does not go with several presets: each says its own.
fn several_problem(chosen: &[String], is_set: impl Fn(&str) -> bool) -> Option<Diagnostic> {
    let has = |preset: &str| chosen.iter().any(|name| name == preset);
    let of_bun = ["bytecode", "compile"].into_iter().find(|name| is_set(name) && !has("bun"));
    if let Some(setting) = of_bun {
        let message = format!("`build.{setting}` is for Bun, and `deploy` does not name `bun`");
        return Some(Diagnostic::error("config/deploy", message).hint("leave one of the two out"));
    }
    let twice = chosen.iter().enumerate().find(|(at, name)| chosen[..*at].contains(name));
    let message = if let Some((_, name)) = twice {
        format!("`deploy` names `{name}` twice")
    } else {
        let one = ["target", "format", "outfile"].into_iter().find(|name| is_set(name))?;
        format!("`build.{one}` does not go with several presets in `deploy`")
    };
    let hint = "leave one of the two out";
    Some(Diagnostic::error("config/deploy", message).hint(hint))
}

/// What a kind of deployment sets. What the user asks for comes first: bytecode has a format of its own.
fn preset(name: &str, has_bytecode: bool) -> Layer {
    let text = |text: &str| Value::Text(text.to_owned());
    match name {
        "bun" if has_bytecode => Layer::from([("target", text("bun"))]),
        "bun" => Layer::from([("target", text("bun")), ("format", text("esm"))]),
        "workers" => Layer::from([("target", text("workers")), ("format", text("esm"))]),
        "r2" => Layer::from([
            ("target", text("browser")),
            ("format", text("esm")),
            ("layout", text("files")),
            ("store-metafile", Value::Switch(true)),
        ]),
        "memory" => Layer::from([
            ("target", text("neutral")),
            ("format", text("esm")),
            ("store", text("memory:")),
        ]),
        _ => Layer::new(),
    }
}

fn build_config(
    layers: &Layers<'_>,
    environment: &Environment,
    default_root: &Path,
    part: Option<&str>,
    problems: &mut Vec<Diagnostic>,
) -> Config {
    let root = layers.path("root").unwrap_or_else(|| crate::fs::normalize(default_root));
    let name = layers.text("name").unwrap_or_else(|| {
        root.file_name()
            .map_or_else(|| "bundle".to_owned(), |name| name.to_string_lossy().into_owned())
    });
    if crate::artifact::OutputPath::new(name.clone()).is_err() {
        problems.push(Diagnostic::error(
            "config/name",
            "`name` cannot be the start of a key in a store",
        ));
    }
    let files = layers
        .map("files")
        .into_iter()
        .map(|(path, text)| (crate::fs::normalize(&root.join(path)), text))
        .collect();
    let entry_points = layers.list("entrypoints");
    let outfile = layers.path("outfile");
    let outdir = match (layers.path("outdir"), &outfile) {
        (Some(_), Some(_)) => {
            problems.push(
                Diagnostic::error("config/outfile", "`outfile` and `outdir` are both set")
                    .hint("keep `outdir` when there is more than one output"),
            );
            None
        }
        (None, Some(file)) => file.parent().map(Path::to_path_buf),
        (outdir, None) => outdir,
    };
    let wrangler = wrangler(layers, &root, problems);
    let outdir = match part {
        Some(part) => outdir.map(|outdir| outdir.join(part)),
        None => outdir,
    };
    let mut build =
        build_options(layers, environment, &root, outdir.as_deref(), wrangler.as_ref(), problems);
    if let Some(file) = outfile {
        let is_compiled = layers.switch("compile").unwrap_or_default();
        name_the_one_output(&file, &entry_points, is_compiled, &mut build, problems);
    }
    // A metafile alone is enough for a report.
    let artifacts_metafile = layers.path("artifacts-metafile");
    let artifacts = match (layers.path("artifacts"), &artifacts_metafile) {
        (Some(folder), _) => Some((folder, artifacts_metafile)),
        (None, Some(_)) => Some((PathBuf::new(), artifacts_metafile)),
        (None, None) => None,
    };
    if artifacts.is_some() && !entry_points.is_empty() {
        problems.push(
            Diagnostic::error(
                "config/artifacts",
                "`artifacts` and `build.entrypoints` are both set",
            )
            .hint("keep the one that makes the outputs"),
        );
    }
    let seal_outdir = layers.path("seal-outdir");
    if let Some((folder, _)) = artifacts.as_ref().filter(|(folder, _)| folder.is_absolute()) {
        check_artifacts(layers, &root, folder, problems);
    }
    let public = layers.list("public-env");
    let budgets = layers.records("budgets").iter().map(|record| budget(record, problems)).collect();
    Config {
        name,
        entry_points,
        files,
        outdir,
        build,
        metafile: layers.path("metafile"),
        deploy: Vec::new(),
        parts: Vec::new(),
        warnings: Vec::new(),
        workers_plan: layers.text("workers-plan"),
        routes: layers.records("routes").to_vec(),
        wrangler,
        bytecode: layers.switch("bytecode").unwrap_or_default(),
        compile: layers.switch("compile").unwrap_or_default(),
        metafile_md: layers.path("metafile-md"),
        artifacts,
        leaks: LeakConfig {
            detects_public: public.is_empty(),
            dotenv: layers
                .list("guard-dotenv")
                .iter()
                .map(|file| crate::fs::normalize(&root.join(file)))
                .collect(),
            secrets_variable: layers
                .text("guard-secrets")
                .and_then(|source| source.strip_prefix("env:").map(str::to_owned)),
            baseline: layers.path("leaks-baseline"),
            sarif: layers.path("leaks-sarif"),
            public: if public.is_empty() { vec!["PUBLIC_*".to_owned()] } else { public },
            guard: layers.list("guard"),
            fails: layers.text("leaks-fail-on").as_deref() != Some("never"),
            allow: layers.records("allow").iter().map(allowance).collect(),
        },
        compress: match layers.get("compress") {
            Some(_) => layers.list("compress"),
            None => vec!["brotli".to_owned(), "zstd".to_owned()],
        },
        seal_outdir,
        sign: sign_config(layers, &root, problems),
        store: store_config(layers, problems),
        report: ReportConfig {
            budgets,
            file: layers.path("report-file"),
            record: layers.path("record-file"),
            pictures: pictures(layers, problems),
            base: layers.text("base").unwrap_or_else(|| "auto".to_owned()),
            comments: layers.switch("comment").unwrap_or(true),
            token: KeySource::new(
                &layers.text("token").unwrap_or_else(|| "env:GITHUB_TOKEN".to_owned()),
            ),
        },
        root,
        settings_file: None,
    }
}

/// Nothing is written into a folder of artifacts, and what is written around it is not taken for one.
fn check_artifacts(
    layers: &Layers<'_>,
    root: &Path,
    folder: &Path,
    problems: &mut Vec<Diagnostic>,
) {
    let store = layers.text("store").unwrap_or_else(|| DEFAULT_STORE.to_owned());
    let store = store.strip_prefix("dir:").map(|path| crate::fs::normalize(&root.join(path)));
    let written = [
        ("store.url", store),
        ("seal.outdir", layers.path("seal-outdir")),
        ("build.metafile", layers.path("metafile")),
        ("build.metafile_md", layers.path("metafile-md")),
        ("report.file", layers.path("report-file")),
        ("report.record", layers.path("record-file")),
        ("leaks.sarif", layers.path("leaks-sarif")),
    ];
    let folder = crate::fs::real(folder);
    for (setting, path) in written {
        let Some(path) = path.map(|path| crate::fs::real(&path)) else { continue };
        let is_around = setting == "seal.outdir" && folder.starts_with(&path);
        if path.starts_with(&folder) || is_around {
            let message = format!("`{setting}` and `artifacts.dir` lie in each other");
            problems.push(
                Diagnostic::error("config/artifacts", message)
                    .hint("name a place beside it: nothing is written into a folder of artifacts"),
            );
        }
    }
}

/// Treemaps need a place that the forge can fetch from, and a folder of the build, which only a registry has.
fn pictures(layers: &Layers<'_>, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let url = layers.text("pictures").filter(|url| !url.is_empty())?;
    let problem = if !(url.starts_with("https://") || url.starts_with("http://")) {
        "it is no URL of a page".to_owned()
    } else if layers.text("layout").as_deref() == Some("files") {
        "with `store.layout: files` there is no folder of a build to put them in".to_owned()
    } else {
        return Some(url.trim_end_matches('/').to_owned());
    };
    problems.push(
        Diagnostic::error("config/pictures", format!("`report.pictures: {url}`: {problem}"))
            .hint("write the public address of the store, like `https://pub-1234.r2.dev`"),
    );
    None
}

/// `outfile` names the output of the only entry point; there can be no chunk beside it.
fn name_the_one_output(
    file: &Path,
    entry_points: &[String],
    is_compiled: bool,
    build: &mut Options,
    problems: &mut Vec<Diagnostic>,
) {
    if entry_points.len() > 1 || build.splitting {
        let reason = if build.splitting { "`splitting`" } else { "several entry points" };
        problems.push(
            Diagnostic::error("config/outfile", format!("`outfile` does not go with {reason}"))
                .hint("set `outdir` instead"),
        );
    }
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let is_script = |name: &String| [".js", ".mjs", ".cjs"].iter().any(|end| name.ends_with(end));
    // `--compile --outfile app` names the executable; its script stands beside it.
    build.outfile =
        name.map(|name| if is_compiled && !is_script(&name) { format!("{name}.js") } else { name });
}

/// The kinds of size that a budget can be on.
const METRICS: [&str; 4] = ["raw", "gzip", "brotli", "zstd"];

fn budget(record: &BTreeMap<String, String>, problems: &mut Vec<Diagnostic>) -> BudgetConfig {
    let mut wrong = |message: String| problems.push(Diagnostic::error("config/budgets", message));
    let size = |name: &str| record.get(name).and_then(|text| value::parse_size(text).ok());
    let metric = record.get("metric").map_or("gzip", String::as_str);
    let known = METRICS.into_iter().find(|name| *name == metric);
    if known.is_none() {
        wrong(format!("`metric` is one of {}, not `{metric}`", METRICS.join(", ")));
    }
    let growth = record.get("growth").and_then(|text| {
        let growth = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(Growth::Percent),
            None => value::parse_size(text).ok().map(Growth::Bytes),
        };
        if growth.is_none() {
            wrong(format!("`growth` is a size or a per cent, such as 2kB or 5%, not `{text}`"));
        }
        growth
    });
    let warns = match record.get("level").map(String::as_str) {
        None | Some("fail") => false,
        Some("warn") => true,
        Some(level) => {
            wrong(format!("`level` is `fail` or `warn`, not `{level}`"));
            false
        }
    };
    let path = record.get("path").cloned().unwrap_or_default();
    BudgetConfig {
        path: (path != "(total)").then_some(path),
        most: METRICS.into_iter().filter_map(|name| Some((name, size(name)?))).collect(),
        growth,
        metric: known.unwrap_or("gzip"),
        warns,
    }
}

fn store_config(layers: &Layers<'_>, problems: &mut Vec<Diagnostic>) -> StoreConfig {
    let channel = layers.text("channel").unwrap_or_else(|| "latest".to_owned());
    if crate::artifact::OutputPath::new(channel.clone()).is_err() {
        problems.push(
            Diagnostic::error("config/channel", format!("`{channel}` cannot be a channel"))
                .hint("write a name such as `latest`, `stable` or `pr/12`"),
        );
    }
    let mut check = |setting: &str, pattern: &str| {
        if let Err(error) = globset::Glob::new(pattern) {
            let message =
                format!("the pattern `{pattern}` of `{setting}` is none: {}", error.kind());
            problems.push(Diagnostic::error("config/pattern", message));
        }
    };
    let live_on = layers.get("live-on").map(|_| layers.list("live-on"));
    live_on.iter().flatten().for_each(|entry| check("store.live_on", entry));
    let cache_control: Vec<(String, String)> = layers
        .records("cache-control")
        .iter()
        .filter_map(|record| Some((record.get("path")?.clone(), record.get("value")?.clone())))
        .collect();
    for (path, _) in &cache_control {
        check("store.cache_control", path);
    }
    for (_, value) in &cache_control {
        if value.is_empty() || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            let message = "a `value` of `store.cache_control` cannot be a header";
            problems.push(Diagnostic::error("config/cache-control", message));
        }
    }
    let is_files = layers.text("layout").as_deref() == Some("files");
    let timeout = match layers.text("store-timeout").map(|text| value::parse_duration(&text)) {
        Some(Ok(seconds)) => seconds,
        Some(Err(error)) => {
            problems.push(Diagnostic::error("config/store-timeout", error));
            30
        }
        None => 30,
    };
    StoreConfig {
        timeout,
        live_on,
        previews: layers.switch("previews").unwrap_or_default(),
        cache_control,
        metafile: layers.switch("store-metafile").unwrap_or(!is_files),
        url: layers.text("store").unwrap_or_else(|| DEFAULT_STORE.to_owned()),
        channel,
        is_files,
        read_back: layers.text("read-back").unwrap_or_else(|| "list".to_owned()),
        keeps_key: layers.switch("keep-key"),
    }
}

fn sign_config(layers: &Layers<'_>, root: &Path, problems: &mut Vec<Diagnostic>) -> SignConfig {
    let source = |name: &str| layers.text(name).map(|text| KeySource::new(&text));
    let expires = layers.text("sign-expires").and_then(|text| match value::parse_duration(&text) {
        Ok(seconds) => Some(seconds),
        Err(error) => {
            problems.push(Diagnostic::error("config/expires", error));
            None
        }
    });
    SignConfig {
        hmac_key: source("hmac-key"),
        key_id: layers.text("key-id").unwrap_or_else(|| "k1".to_owned()),
        verify_keys: layers
            .map("verify-keys")
            .into_iter()
            .map(|(id, text)| (id, KeySource::new(&text)))
            .collect(),
        signing_key: source("signing-key"),
        public_key: layers.path("public-key"),
        expires,
        required: layers.switch("sign-required"),
        recipients: layers
            .list("recipients")
            .iter()
            .map(|file| crate::fs::normalize(&root.join(file)))
            .collect(),
        identity: source("identity"),
    }
}

fn allowance(record: &BTreeMap<String, String>) -> Allowance {
    Allowance {
        env: record.get("env").cloned().unwrap_or_default(),
        path: record.get("path").cloned(),
        reason: record.get("reason").cloned().unwrap_or_default(),
        until: record.get("until").and_then(|text| value::parse_date(text).ok()),
    }
}

fn set_jsx(layers: &Layers<'_>, options: &mut Options, problems: &mut Vec<Diagnostic>) {
    match layers.text("jsx").as_deref() {
        Some("automatic") => options.jsx.classic = Some(false),
        Some("classic" | "transform") => options.jsx.classic = Some(true),
        Some("preserve") => options.jsx.preserve = true,
        _ => {}
    }
    if options.jsx.preserve && options.minify.any() {
        problems.push(
            Diagnostic::error("config/jsx", "JSX that is preserved cannot be minified")
                .hint("leave `minify` to the tool that compiles the JSX"),
        );
    }
    options.jsx.factory = layers.text("jsx-factory");
    options.jsx.fragment = layers.text("jsx-fragment");
    options.jsx.import_source = layers.text("jsx-import-source");
    options.jsx.development = layers.switch("jsx-dev").unwrap_or_default();
}

fn build_options(
    layers: &Layers<'_>,
    environment: &Environment,
    root: &Path,
    outdir: Option<&Path>,
    wrangler: Option<&Wrangler>,
    problems: &mut Vec<Diagnostic>,
) -> Options {
    let mut options = Options::new(root.to_path_buf());
    if let Some(outdir) = outdir {
        options.outdir = outdir.to_path_buf();
    }
    let minify = layers.switch("minify").unwrap_or_default();
    options.minify = Minify {
        syntax: layers.switch("minify-syntax").unwrap_or(minify),
        whitespace: layers.switch("minify-whitespace").unwrap_or(minify),
        identifiers: layers.switch("minify-identifiers").unwrap_or(minify),
    };
    format_and_target(layers, &mut options);
    options.syntax = match layers.text("syntax").as_deref().map(syntax_year) {
        Some(Ok(year)) => year,
        Some(Err(error)) => {
            problems.push(
                Diagnostic::error("config/syntax", error)
                    .hint("write es2015 … es2025, esnext, or nodeN"),
            );
            None
        }
        None => None,
    };
    options.inject =
        layers.list("inject").iter().map(|file| crate::fs::normalize(&root.join(file))).collect();
    options.source_map = match layers.text("sourcemap").as_deref() {
        Some("linked") => SourceMapMode::Linked,
        Some("external") => SourceMapMode::External,
        Some("inline") => SourceMapMode::Inline,
        _ => SourceMapMode::None,
    };
    settle_bytecode(layers, &mut options, problems);
    if layers.switch("compile").unwrap_or_default() && options.target != Target::Bun {
        let message = "`compile` needs the target `bun`, which is what the executable runs on";
        let error = Diagnostic::error("config/compile", message);
        problems.push(error.hint("leave out `build.target`, or `build.compile`"));
    }
    options.compatibility = compatibility(layers, wrangler, problems);
    options.global_name = layers.text("global-name");
    problems.extend(options.global_name.as_deref().and_then(global_name_problem));
    options.keep_names = layers.switch("keep-names").unwrap_or_default();
    options.splitting = layers.switch("splitting").unwrap_or_default();
    if options.splitting && options.format != Format::Esm {
        problems.push(
            Diagnostic::error("config/splitting", "`splitting` needs the format `esm`")
                .hint("leave one of the two out"),
        );
    }
    options.external = layers.list("external");
    if layers.text("packages").as_deref() == Some("external") {
        options.packages = Packages::External;
    }
    options.alias = layers.map("alias").into_iter().collect();
    options.conditions = layers
        .get("conditions")
        .map(|_| layers.list("conditions").into_iter().filter(|name| !name.is_empty()).collect());
    options.main_fields = layers.get("main-fields").map(|_| layers.list("main-fields"));
    options.tsconfig = layers.path("tsconfig");
    options.preserve_symlinks = layers.switch("preserve-symlinks").unwrap_or_default();
    options.define = layers.map("define");
    options.env = env_inlining(layers.text("env").as_deref(), environment, problems);
    let drop = layers.list("drop");
    options.drop_console = drop.iter().any(|what| what == "console");
    options.drop_debugger = drop.iter().any(|what| what == "debugger");
    let assume = layers.list("assume");
    options.assumes_plain_properties = assume.iter().any(|what| what == "plain-properties");
    options.assumes_known_globals = assume.iter().any(|what| what == "known-globals");
    for (extension, loader) in layers.map("loader") {
        match Loader::parse(&loader) {
            Some(loader) if extension.starts_with('.') => {
                options.loaders.insert(extension, loader);
            }
            Some(_) => problems.push(Diagnostic::error(
                "config/loader",
                format!("`{extension}` in `loader` must be an extension with its dot"),
            )),
            None => {
                let names = Loader::NAMES.iter().map(|(name, _)| *name);
                let error =
                    Diagnostic::error("config/loader", format!("there is no loader `{loader}`"));
                problems.push(match nearest(&loader, names.clone()) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("known: {}", names.collect::<Vec<_>>().join(", "))),
                });
            }
        }
    }
    set_jsx(layers, &mut options, problems);
    options.banner = layers.text("banner");
    options.footer = layers.text("footer");
    for (name, naming) in [
        ("entry-naming", &mut options.entry_naming),
        ("chunk-naming", &mut options.chunk_naming),
        ("asset-naming", &mut options.asset_naming),
    ] {
        if let Some(template) = layers.text(name) {
            *naming = template;
        }
    }
    options.legal_comments = match layers.text("legal-comments").as_deref() {
        Some("none") => LegalComments::None,
        Some("inline") => LegalComments::Inline,
        Some("linked") => LegalComments::Linked,
        _ => LegalComments::Eof,
    };
    options.public_path = layers.text("public-path").unwrap_or_default();
    options.tree_shaking = layers.switch("tree-shaking").unwrap_or(true);
    options.ignore_annotations = layers.switch("ignore-annotations").unwrap_or_default();
    options
}

/// The module system and the runtime; bytecode has ones of its own where nobody says any.
fn format_and_target(layers: &Layers<'_>, options: &mut Options) {
    let bytecode = layers.switch("bytecode").unwrap_or_default();
    options.format = match layers.text("format").as_deref() {
        Some("cjs") => Format::Cjs,
        Some("iife") => Format::Iife,
        None if bytecode => Format::Cjs,
        _ => Format::Esm,
    };
    options.target = match layers.text("target").as_deref() {
        None if bytecode || layers.switch("compile").unwrap_or_default() => Target::Bun,
        Some("node") => Target::Node,
        Some("bun") => Target::Bun,
        Some("workers") => Target::Workers,
        Some("neutral") => Target::Neutral,
        _ => Target::Browser,
    };
}

/// `Name` or `Some.name`: anything else would be no JavaScript.
fn global_name_problem(name: &str) -> Option<Diagnostic> {
    if is_global_name(name) {
        return None;
    }
    let message = format!("`build.global_name` is `{name}`, which is no name");
    Some(Diagnostic::error("config/global-name", message).hint("write `Name`, or `Some.name`"))
}

/// Bytecode goes with one kind of output only, and has no source maps: Bun prints a script anew when it compiles it.
fn settle_bytecode(layers: &Layers<'_>, options: &mut Options, problems: &mut Vec<Diagnostic>) {
    if !layers.switch("bytecode").unwrap_or_default() {
        return;
    }
    if options.format != Format::Cjs || options.target != Target::Bun {
        let message = "`bytecode` needs the target `bun` and the format `cjs`";
        problems.push(Diagnostic::error("config/bytecode", message).hint(
            "Bun takes bytecode in this form only; leave out `build.target` and `build.format`, or `bytecode`",
        ));
    }
    if options.source_map != SourceMapMode::None {
        options.source_map = SourceMapMode::None;
        let message = "source maps are left out: Bun prints scripts anew when it compiles them";
        problems
            .push(Diagnostic::warning("config/bytecode", message).hint("leave out one of the two"));
    }
}

/// What Wrangler's file in the root says, where Workers are built.
fn wrangler(layers: &Layers<'_>, root: &Path, problems: &mut Vec<Diagnostic>) -> Option<Wrangler> {
    if layers.text("target").as_deref() != Some("workers") {
        return None;
    }
    Wrangler::read(root).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    })
}

/// What a Worker's runtime is asked to be compatible with: by the settings, else as Wrangler's file has it.
fn compatibility(
    layers: &Layers<'_>,
    wrangler: Option<&Wrangler>,
    problems: &mut Vec<Diagnostic>,
) -> Compatibility {
    let of_file = wrangler.map(Wrangler::compatibility).unwrap_or_default();
    let date = layers.text("compatibility-date").unwrap_or(of_file.date);
    let is_date = date.len() == 10 && value::parse_date(&date).is_ok();
    if !date.is_empty() && !is_date {
        let message = format!("the compatibility date `{date}` is none");
        let error = Diagnostic::error("config/compatibility-date", message);
        problems.push(error.hint("write it as `2026-11-01`"));
    }
    let flags = layers.get("compatibility-flags").map(|_| layers.list("compatibility-flags"));
    Compatibility { date, flags: flags.unwrap_or(of_file.flags) }
}

/// The year of a language version, or of what a version of Node knows; of several, the earliest. `None`: all of it.
fn syntax_year(text: &str) -> Result<Option<u16>, String> {
    let mut earliest = None;
    for name in text.split(',').map(str::trim).map(str::to_ascii_lowercase) {
        let year = if name == "esnext" {
            None
        } else if name == "es5" {
            Some(2009)
        } else if name == "es6" {
            Some(2015)
        } else if let Some(year) = name.strip_prefix("es").and_then(|year| year.parse::<u16>().ok())
        {
            if !(2015..=2030).contains(&year) {
                return Err(format!(
                    "`{name}` is not a version of the language that can be written"
                ));
            }
            Some(year)
        } else if let Some(version) = name.strip_prefix("node") {
            let major = version.split('.').next().and_then(|major| major.parse::<u16>().ok());
            match major {
                Some(0..=11) => Some(2018),
                Some(12 | 13) => Some(2019),
                Some(14) => Some(2020),
                Some(15) => Some(2021),
                Some(_) => None,
                None => return Err(format!("`{name}` is not a version of Node")),
            }
        } else {
            return Err(format!("`{name}` is not a version of the language"));
        };
        earliest = match (earliest, year) {
            (Some(a), Some(b)) => Some(std::cmp::min::<u16>(a, b)),
            (a, b) => a.or(b),
        };
    }
    Ok(earliest)
}

/// Variables that the pattern names. `inline` would put every secret into the output, so it is refused.
fn env_inlining(
    pattern: Option<&str>,
    environment: &Environment,
    problems: &mut Vec<Diagnostic>,
) -> EnvInlining {
    let pattern = pattern.unwrap_or("PUBLIC_*");
    let prefix = match pattern {
        "disable" => return EnvInlining { values: BTreeMap::new(), prefixes: Vec::new() },
        "inline" | "*" => {
            problems.push(
                Diagnostic::error(
                    "config/env",
                    format!("`env: {pattern}` would put every variable into the output"),
                )
                .hint("name a prefix, such as `PUBLIC_*`"),
            );
            return EnvInlining { values: BTreeMap::new(), prefixes: Vec::new() };
        }
        pattern => match pattern.strip_suffix('*') {
            Some(prefix) if !prefix.contains('*') => prefix,
            _ => {
                problems.push(
                    Diagnostic::error(
                        "config/env",
                        format!("`env: {pattern}` is not a prefix with `*` at its end"),
                    )
                    .hint("write `PUBLIC_*`, or `disable`"),
                );
                return EnvInlining { values: BTreeMap::new(), prefixes: Vec::new() };
            }
        },
    };
    let values = environment
        .texts()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    EnvInlining { values, prefixes: vec![prefix.to_owned()] }
}
