//! The front door of the library: one call from sources to artifacts, with the names that `Bun.build` has for its options.
//! `docs/api.md` says where they differ.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::BuildArtifact;
use crate::bundle::options::{Format, Loader, Packages, SourceMapMode, Target};
use crate::config::env::{Environment, working_folder};
use crate::config::value::{Layer, Value};
use crate::config::{Config, SettingsFile};
use crate::diag::render::render;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::DiskFileSystem;
use crate::github::RunnerEnv;
use crate::metafile::Metafile;
use crate::pipeline::{Ports, run_build};

/// What a build is asked for. The rest has defaults: `BuildConfig { entrypoints, ..BuildConfig::default() }`.
#[derive(Debug, Clone, Default)]
pub struct BuildConfig {
    /// Files that the build starts from, relative to `root`.
    pub entrypoints: Vec<String>,
    /// Sources held in memory by their paths, relative to `root`; they come over those on disk.
    pub files: BTreeMap<String, String>,
    /// The folder that paths are relative to; `None`: the working folder.
    pub root: Option<PathBuf>,
    /// Where the outputs are written; `None`: nowhere, they are in the result alone.
    pub outdir: Option<PathBuf>,
    /// The runtime of the outputs.
    pub target: Target,
    /// Their module system; `None`: ECMAScript modules, and with `bytecode` `CommonJS`.
    pub format: Option<Format>,
    /// Put shared and dynamically imported code into chunks.
    pub splitting: bool,
    /// Shorter syntax, no white space, short names.
    pub minify: bool,
    /// Source maps.
    pub sourcemap: SourceMapMode,
    /// Specifiers that are left to the runtime; `*` matches any text.
    pub external: Vec<String>,
    /// What happens to packages.
    pub packages: Packages,
    /// Templates of the paths of outputs.
    pub naming: Naming,
    /// Prefix of the URLs of assets.
    pub public_path: String,
    /// Expressions replaced by constants: dotted name, JavaScript expression.
    pub define: BTreeMap<String, String>,
    /// Loaders by extension, with its dot.
    pub loader: BTreeMap<String, Loader>,
    /// Text before each output of an entry point.
    pub banner: String,
    /// Text after it.
    pub footer: String,
    /// Calls that are removed while minifying: `console`, `debugger`.
    pub drop: Vec<String>,
    /// More conditions for `exports` and `imports` of packages.
    pub conditions: Vec<String>,
    /// Variables that become constants: a prefix with `*`, or `disable`; `None`: `PUBLIC_*`.
    pub env: Option<String>,
    /// Variables and their values. The environment of this process is not asked.
    pub variables: BTreeMap<String, String>,
    /// Bytecode beside each script, by the `bun` in the path of commands.
    pub bytecode: bool,
    /// A standalone executable beside each entry output, by the same.
    pub compile: bool,
    /// Whether the result has a metafile.
    pub metafile: bool,
}

/// Templates of paths: `[dir]`, `[name]`, `[hash]` and `[ext]`. `None` is the default of each.
#[derive(Debug, Clone, Default)]
pub struct Naming {
    /// Of entry points.
    pub entry: Option<String>,
    /// Of chunks.
    pub chunk: Option<String>,
    /// Of assets.
    pub asset: Option<String>,
}

/// What came out.
#[derive(Debug, Default)]
pub struct BuildOutput {
    /// Entry points first, then chunks, source maps and assets.
    pub outputs: Vec<BuildArtifact>,
    /// Inputs, outputs and imports, where it was asked for.
    pub metafile: Option<Metafile>,
    /// Warnings and notes.
    pub logs: Vec<Diagnostic>,
}

impl BuildOutput {
    /// The source map of an output.
    #[must_use]
    pub fn source_map(&self, artifact: &BuildArtifact) -> Option<&BuildArtifact> {
        let path = artifact.source_map.as_ref()?;
        self.outputs.iter().find(|output| output.path == *path)
    }
}

/// Why nothing came out: at least one of these is an error.
#[derive(Debug, Clone)]
pub struct BuildError(pub Vec<Diagnostic>);

impl fmt::Display for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|diagnostic| formatter.write_str(&render(diagnostic, false)))
    }
}

impl std::error::Error for BuildError {}

/// Builds. With `outdir` the outputs are written, each whole or not at all.
///
/// # Errors
/// What is wrong with the sources or the options, at its place; nothing was written then. Or a file cannot be written: those
/// before it are there.
pub fn build(config: &BuildConfig) -> Result<BuildOutput, BuildError> {
    let cannot = |error: std::io::Error| {
        let message = format!("the working folder is gone: {error}");
        BuildError(vec![Diagnostic::error("config/folder", message)])
    };
    let working = match &config.root {
        Some(root) if root.is_absolute() => root.clone(),
        root => {
            let here = working_folder().map_err(cannot)?;
            root.as_ref().map_or(here.clone(), |root| here.join(root))
        }
    };
    let variables = config.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let environment = Environment::from_pairs(variables);
    let none: Option<&SettingsFile> = None;
    // Variables are for the code; settings of ours among them would be a surprise.
    if config.outdir.as_ref().is_some_and(|outdir| outdir.to_str().is_none()) {
        let message = "`outdir` is not UTF-8, as paths of outputs are".to_owned();
        return Err(BuildError(vec![Diagnostic::error("config/folder", message)]));
    }
    let settings =
        Config::resolve(&layer(config), &Environment::from_pairs(plain(config)), none, &working);
    let settings = settings.map_err(BuildError)?;
    let ports = Ports {
        files: Arc::new(DiskFileSystem),
        environment: &environment,
        runner: RunnerEnv::default(),
        today: (1970, 1, 1),
        now: 0,
        below: String::new(),
        progress: &|_| {},
        mask: &|_| None,
    };
    let (outcome, bundled) = run_build(&settings, &ports, true);
    let is_fine = outcome.exit_code() == ExitCode::Fine;
    let logs: Vec<Diagnostic> =
        settings.warnings.iter().cloned().chain(outcome.diagnostics).collect();
    if !is_fine {
        return Err(BuildError(logs));
    }
    let metafile = config.metafile.then_some(bundled.metafile);
    Ok(BuildOutput { outputs: bundled.artifacts, metafile, logs })
}

/// The variables without those that would be taken for settings.
fn plain(config: &BuildConfig) -> impl Iterator<Item = (&str, &str)> {
    let variables = config.variables.iter().filter(|(name, _)| !name.starts_with("BUNDLEGATE_"));
    variables.map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The options as settings, so that they mean what they mean on the command line.
fn layer(config: &BuildConfig) -> Layer {
    let text = |text: &str| Value::Text(text.to_owned());
    let path = |path: &Path| Value::Text(path.to_string_lossy().into_owned());
    let mut layer = Layer::from([
        ("entrypoints", Value::List(config.entrypoints.clone())),
        ("files", Value::Map(config.files.clone())),
        ("splitting", Value::Switch(config.splitting)),
        ("minify", Value::Switch(config.minify)),
        ("sourcemap", text(source_map(config.sourcemap))),
        ("external", Value::List(config.external.clone())),
        ("define", Value::Map(config.define.clone())),
        ("drop", Value::List(config.drop.clone())),
        ("bytecode", Value::Switch(config.bytecode)),
        ("compile", Value::Switch(config.compile)),
        ("public-path", text(&config.public_path)),
    ]);
    let loaders = config.loader.iter();
    let loaders =
        loaders.map(|(extension, loader)| (extension.clone(), loader.as_str().to_owned()));
    layer.insert("loader", Value::Map(loaders.collect()));
    if config.packages == Packages::External {
        layer.insert("packages", text("external"));
    }
    // Bytecode has a runtime of its own, which is what nobody says.
    if !(config.target == Target::default() && (config.bytecode || config.compile)) {
        layer.insert("target", text(&format!("{:?}", config.target).to_lowercase()));
    }
    if !config.conditions.is_empty() {
        layer.insert("conditions", Value::List(config.conditions.clone()));
    }
    let optional = [
        ("outdir", config.outdir.as_deref().map(path)),
        ("format", config.format.map(|format| text(&format!("{format:?}").to_lowercase()))),
        ("env", config.env.as_deref().map(text)),
        ("entry-naming", config.naming.entry.as_deref().map(text)),
        ("chunk-naming", config.naming.chunk.as_deref().map(text)),
        ("asset-naming", config.naming.asset.as_deref().map(text)),
        ("banner", (!config.banner.is_empty()).then(|| text(&config.banner))),
        ("footer", (!config.footer.is_empty()).then(|| text(&config.footer))),
    ];
    layer.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    layer
}

fn source_map(mode: SourceMapMode) -> &'static str {
    match mode {
        SourceMapMode::None => "none",
        SourceMapMode::Linked => "linked",
        SourceMapMode::External => "external",
        SourceMapMode::Inline => "inline",
    }
}
