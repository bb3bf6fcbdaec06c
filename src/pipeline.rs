//! The whole way in order: build, scan, compress, seal, store, report.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, content_hash};
use crate::bundle::options::Target;
use crate::bundle::{Bundled, EntryPoint, bundle};
use crate::compress::{Coding, compress, gzip_size};
use crate::config::env::Environment;
use crate::config::{Allowance, Config};
use crate::diag::{Diagnostic, ExitCode, has_errors};
use crate::fs::{
    DiskFileSystem, FileSystem, MemoryFileSystem, relative, remove, walk, walk_following,
    write_atomically, write_output,
};
use crate::github::{RunnerEnv, runner};
use crate::leak::{
    self, Finding, Findings, Guarded, Level, Policy, Scanned, Search, Searched, Verdict, sarif,
};
use crate::metafile::{Metafile, Output};
use crate::report::budget::{self, Budget};
use crate::report::{Gate, GateResult, LeakRow, Report, Sizes, is_source_map, markdown};
use crate::seal::{About, Sealed, SigningKey, lock, manifest, seal, verify};
use crate::secret::Secret;
use crate::store::Store;

/// What the steps need beside the settings.
pub struct Ports<'a> {
    /// The sources.
    pub files: Arc<dyn FileSystem>,
    /// Variables, for keys and for values to guard.
    pub environment: &'a Environment,
    /// What the runner said.
    pub runner: RunnerEnv,
    /// The day on which allowances are held against their ends.
    pub today: (u16, u8, u8),
}

/// How a command ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What the user is told, in order.
    pub diagnostics: Vec<Diagnostic>,
    /// The exit code of each gate that failed.
    failed: Vec<ExitCode>,
    /// The report, if it came to one.
    pub report: Option<String>,
    /// Lines for standard error that say what was done.
    pub done: Vec<String>,
}

impl Outcome {
    fn fail(&mut self, code: ExitCode) {
        self.failed.push(code);
    }

    fn error(&mut self, code: ExitCode, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.fail(code);
    }

    /// The exit code: that of the first gate that failed.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        self.failed.iter().min().copied().unwrap_or(ExitCode::Fine)
    }
}

/// Builds what the settings name. Diagnostics and artifacts are in the result; nothing is written.
#[must_use]
pub fn build(config: &Config, ports: &Ports<'_>) -> Bundled {
    if config.entry_points.is_empty() {
        let error = Diagnostic::error("config/entrypoints", "there is nothing to build")
            .hint("name a file, or set `build.entrypoints`");
        return Bundled { diagnostics: vec![error], ..Bundled::default() };
    }
    if config.build.outfile.is_some() && config.entry_points.len() > 1 {
        let error =
            Diagnostic::error("config/outfile", "`outfile` does not go with several entry points")
                .hint("set `outdir` instead");
        return Bundled { diagnostics: vec![error], ..Bundled::default() };
    }
    let files: Arc<dyn FileSystem> = if config.files.is_empty() {
        Arc::clone(&ports.files)
    } else {
        let memory = config
            .files
            .iter()
            .map(|(path, text)| (path.clone(), Arc::from(text.as_bytes())))
            .collect();
        Arc::new(MemoryFileSystem::new(memory, Some(Arc::clone(&ports.files))))
    };
    let entry_points: Vec<EntryPoint> = config
        .entry_points
        .iter()
        .map(|specifier| EntryPoint { specifier: specifier.clone() })
        .collect();
    let mut bundled = bundle(&entry_points, &config.build, &files);
    let mut paths: Vec<&str> =
        bundled.artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
    paths.sort_unstable();
    if let Some(path) = paths.array_windows().find_map(|[a, b]| (a == b).then_some(a)) {
        let error = Diagnostic::error(
            "build/output-path",
            format!("two outputs would be written to `{path}`"),
        )
        .hint("put `[dir]` or `[hash]` into the naming template");
        bundled.diagnostics.push(error);
    }
    bundled
}

/// Writes the outputs of a build, each whole or not at all.
fn write_outputs<'a>(
    folder: &Path,
    outputs: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), (String, std::io::Error)> {
    for (path, bytes) in outputs {
        write_output(&folder.join(path), bytes).map_err(|error| (path.to_owned(), error))?;
    }
    Ok(())
}

/// `bundlegate build`: bundles and writes.
#[must_use]
pub fn run_build(config: &Config, ports: &Ports<'_>) -> (Outcome, Bundled) {
    let mut outcome = Outcome::default();
    let mut bundled = build(config, ports);
    outcome.diagnostics.append(&mut bundled.diagnostics);
    if has_errors(&outcome.diagnostics) {
        outcome.fail(if config.entry_points.is_empty() {
            ExitCode::Usage
        } else {
            ExitCode::Build
        });
        return (outcome, bundled);
    }
    if let Some(folder) = &config.outdir {
        let outputs = bundled
            .artifacts
            .iter()
            .map(|artifact| (artifact.path.as_str(), artifact.body.bytes()));
        if let Err((path, error)) = write_outputs(folder, outputs) {
            outcome.error(ExitCode::Build, cannot_write(&folder.join(path), &error));
            return (outcome, bundled);
        }
        for artifact in &bundled.artifacts {
            outcome.done.push(format!(
                "{}  {}",
                artifact.path,
                markdown::size(artifact.body.bytes().len() as u64)
            ));
        }
    }
    write_metafile(config, &bundled.metafile, &mut outcome);
    (outcome, bundled)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("build/write", format!("`{}` cannot be written: {error}", path.display()))
}

/// Writes the metafile where the settings want it, with paths of outputs relative to the root.
fn write_metafile(config: &Config, metafile: &Metafile, outcome: &mut Outcome) {
    let Some(file) = &config.metafile else { return };
    let folder =
        config.outdir.as_ref().map(|outdir| relative(&config.root, outdir)).unwrap_or_default();
    if let Err(error) = write_output(file, in_folder(metafile, &folder).to_json().as_bytes()) {
        outcome.error(ExitCode::Build, cannot_write(file, &error));
    }
}

/// The metafile with the output folder before the paths of outputs.
fn in_folder(metafile: &Metafile, folder: &str) -> Metafile {
    let place = |path: &str| {
        if folder.is_empty() || folder == "." {
            path.to_owned()
        } else {
            format!("{folder}/{path}")
        }
    };
    let outputs = metafile
        .outputs
        .iter()
        .map(|(path, output)| {
            let mut output = output.clone();
            for import in output.imports.iter_mut().filter(|import| !import.external) {
                import.path = place(&import.path);
            }
            output.css_bundle = output.css_bundle.as_deref().map(place);
            (place(path), output)
        })
        .collect();
    Metafile { inputs: metafile.inputs.clone(), outputs }
}

/// The whole way. With `dry_run` nothing is written.
#[must_use]
pub fn run(config: &Config, ports: &Ports<'_>, dry_run: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let Some((artifacts, metafile)) = outputs(config, ports, &mut outcome) else { return outcome };
    let key = match signing_key(config, ports.environment) {
        Ok(key) => key,
        Err(error) => {
            outcome.error(ExitCode::Seal, error);
            return outcome;
        }
    };
    let mut report = Report::new(&config.name, &metafile, &measure(&artifacts));
    let Some((guarded, _)) = guarded(config, ports.environment, &mut outcome) else {
        return outcome;
    };
    let is_for_browsers = config.artifacts.is_none() && config.build.target == Target::Browser;
    let search = Search::new(&guarded, is_for_browsers);
    let folder = output_folder(config);
    let Some(allowances) = allowances(config, ports.today, &mut outcome) else { return outcome };
    let scanned = match leak::scan(artifacts, &search, &folder, |finding| {
        allowances.allow(finding) || !config.leaks.fails
    }) {
        Ok((scanned, warnings)) => {
            outcome
                .diagnostics
                .extend(warnings.iter().map(|finding| explained(finding, &metafile)));
            report.gates.push(leak_gate(&scanned.searched(), GateResult::Pass, 0));
            scanned
        }
        Err(findings) => {
            outcome
                .diagnostics
                .extend(findings.list.iter().map(|finding| explained(finding, &metafile)));
            outcome.fail(ExitCode::Leak);
            blocked(config, &findings, &mut report, &mut outcome);
            publish(config, ports, &report, dry_run, &mut outcome);
            return outcome;
        }
    };
    let codings: Vec<Coding> =
        config.compress.iter().filter_map(|name| Coding::parse(name)).collect();
    let scanned = compress(scanned, &codings);
    add_encoded_sizes(&mut report, &scanned);
    check_budgets(config, &mut report, &mut outcome);
    let target =
        config.artifacts.is_none().then(|| format!("{:?}", config.build.target).to_lowercase());
    let about = About { name: config.name.clone(), commit: ports.runner.commit.clone(), target };
    let sealed = seal(&scanned, about, key.as_ref());
    report.gates.push(seal_gate(config, &sealed, key.as_ref(), &mut outcome));
    if !dry_run {
        write_deployment(config, &sealed, &mut outcome);
        write_metafile(config, &metafile, &mut outcome);
    }
    report.gates.push(if outcome.exit_code() != ExitCode::Fine {
        skipped("Store", "held back: a gate failed")
    } else if dry_run {
        skipped(
            "Store",
            &format!("dry run: {} files would go to `{}`", sealed.objects().len(), config.store),
        )
    } else {
        store(config, &sealed, &mut outcome)
    });
    publish(config, ports, &report, dry_run, &mut outcome);
    outcome
}

/// Artifacts and metafile, from a build or from a folder.
fn outputs(
    config: &Config,
    ports: &Ports<'_>,
    outcome: &mut Outcome,
) -> Option<(Vec<BuildArtifact>, Metafile)> {
    if let Some((folder, metafile)) = &config.artifacts {
        return match read_outputs(folder, metafile.as_deref(), &config.root) {
            Ok(outputs) => Some(outputs),
            Err(error) => {
                outcome.error(ExitCode::Build, error);
                None
            }
        };
    }
    let mut bundled = build(config, ports);
    outcome.diagnostics.append(&mut bundled.diagnostics);
    if has_errors(&outcome.diagnostics) {
        outcome.fail(if config.entry_points.is_empty() {
            ExitCode::Usage
        } else {
            ExitCode::Build
        });
        return None;
    }
    Some((bundled.artifacts, bundled.metafile))
}

/// Folder of the outputs relative to the root: source maps are relative to it.
fn output_folder(config: &Config) -> String {
    match &config.artifacts {
        Some((folder, _)) => relative(&config.root, folder),
        None => relative(&config.root, &config.build.outdir),
    }
}

/// Reads a finished folder. Without a metafile, one is made of the files alone.
fn read_outputs(
    folder: &Path,
    metafile: Option<&Path>,
    root: &Path,
) -> Result<(Vec<BuildArtifact>, Metafile), Diagnostic> {
    let cannot = |path: &Path, error: &dyn std::fmt::Display| {
        Diagnostic::error("artifacts/read", format!("`{}` cannot be read: {error}", path.display()))
    };
    let mut artifacts = read_artifacts(folder).map_err(|error| cannot(folder, &error))?;
    artifacts.retain(|artifact| {
        ![lock::FILE_NAME, manifest::FILE_NAME].contains(&artifact.path.as_str())
    });
    let parsed = match metafile {
        Some(file) => {
            artifacts.retain(|artifact| folder.join(artifact.path.as_str()) != file);
            let json = DiskFileSystem.read(file).map_err(|error| cannot(file, &error))?;
            let parsed = Metafile::parse(&json).map_err(|error| cannot(file, &error))?;
            let prefix = format!("{}/", relative(root, folder));
            let outputs = parsed
                .outputs
                .into_iter()
                .map(|(path, output)| {
                    let path = path.strip_prefix("./").unwrap_or(&path);
                    (path.strip_prefix(&prefix).unwrap_or(path).to_owned(), output)
                })
                .collect();
            Metafile { inputs: parsed.inputs, outputs }
        }
        None => Metafile {
            inputs: BTreeMap::new(),
            outputs: artifacts
                .iter()
                .map(|artifact| {
                    let bytes = artifact.body.bytes().len() as u64;
                    (artifact.path.to_string(), Output { bytes, ..Output::default() })
                })
                .collect(),
        },
    };
    Ok((artifacts, parsed))
}

/// All files of a folder as artifacts.
fn read_artifacts(folder: &Path) -> std::io::Result<Vec<BuildArtifact>> {
    let paths = walk(&DiskFileSystem, folder)?;
    paths
        .iter()
        .map(|path| {
            let bytes = DiskFileSystem.read(&folder.join(path))?;
            artifact_of(path, bytes, &paths)
        })
        .collect()
}

fn artifact_of(path: &str, bytes: Vec<u8>, paths: &[String]) -> std::io::Result<BuildArtifact> {
    let is_map = is_source_map(path);
    let map = format!("{path}.map");
    let invalid = |error: crate::artifact::BadPath| {
        std::io::Error::new(std::io::ErrorKind::InvalidData, error)
    };
    Ok(BuildArtifact {
        path: OutputPath::new(path).map_err(invalid)?,
        kind: if is_map { ArtifactKind::SourceMap } else { ArtifactKind::Asset },
        loader: "file",
        content_hash: content_hash(&bytes),
        source_map: (!is_map && paths.contains(&map))
            .then(|| OutputPath::new(map))
            .and_then(Result::ok),
        body: Body::new(bytes),
    })
}

/// Sizes of outputs before they are compressed.
fn measure(artifacts: &[BuildArtifact]) -> BTreeMap<String, Sizes> {
    use rayon::prelude::*;
    artifacts
        .par_iter()
        .filter(|artifact| !is_source_map(artifact.path.as_str()))
        .map(|artifact| {
            let bytes = artifact.body.bytes();
            let sizes =
                Sizes { raw: bytes.len() as u64, gzip: Some(gzip_size(bytes)), brotli: None };
            (artifact.path.to_string(), sizes)
        })
        .collect()
}

/// Takes the brotli sizes from the siblings; what has none is counted as it is, which is how it will be sent.
fn add_encoded_sizes(report: &mut Report, scanned: &Scanned) {
    for row in &mut report.outputs {
        let item =
            scanned.artifacts().iter().find(|item| item.artifact().path.as_str() == row.path);
        if let Some(item) = item {
            let encoded = item.encoded().iter().find(|encoded| encoded.coding == "br");
            row.sizes.brotli = Some(match encoded {
                Some(encoded) => encoded.body.bytes().len() as u64,
                None => (crate::compress::brotli(item.artifact().body.bytes()).len() as u64)
                    .min(row.sizes.raw),
            });
        }
    }
}

/// The variables whose values are looked for, and why each is or is not: those of the environment, of dotenv files, and
/// of the JSON that a variable holds.
fn guarded(
    config: &Config,
    environment: &Environment,
    outcome: &mut Outcome,
) -> Option<(Vec<Guarded>, Vec<Verdict>)> {
    let mut more: Vec<(String, Secret)> = Vec::new();
    for file in &config.leaks.dotenv {
        match DiskFileSystem.read(file) {
            Ok(bytes) => more.extend(dotenv(&String::from_utf8_lossy(&bytes))),
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", file.display());
                outcome.error(ExitCode::Usage, Diagnostic::error("leak/dotenv", message));
                return None;
            }
        }
    }
    if let Some(variable) = &config.leaks.secrets_variable {
        let text = environment.secret(variable).map(Secret::expose).unwrap_or_default();
        // On a fork there are none, and the text is empty or `null`.
        let json = if text.trim_ascii().is_empty() { b"{}" } else { text };
        if let Ok(secrets) = serde_json::from_slice::<Option<BTreeMap<String, String>>>(json) {
            more.extend(
                secrets
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(name, value)| (name, Secret::from(value))),
            );
        } else {
            let message = format!("`{variable}` does not hold a JSON object of texts");
            outcome.error(
                ExitCode::Usage,
                Diagnostic::error("leak/secrets", message)
                    .hint("set it to `${{ toJSON(secrets) }}`"),
            );
            return None;
        }
    }
    let mut public = config.leaks.public.clone();
    if config.leaks.detects_public {
        public.extend(public_by_framework(&config.root));
    }
    let policy = Policy { public: &public, guard: &config.leaks.guard };
    let variables = environment
        .iter()
        .filter(|(name, _)| Some(*name) != config.leaks.secrets_variable.as_deref())
        .chain(more.iter().map(|(name, value)| (name.as_str(), value)));
    Some(leak::guarded(variables, &policy))
}

/// `NAME=value` lines; quotes around a value are taken off by the policy.
fn dotenv(text: &str) -> Vec<(String, Secret)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("export ").unwrap_or(line).split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), Secret::from(value.trim().to_owned())))
        .collect()
}

/// Prefixes of public variables that the frameworks in `package.json` have.
fn public_by_framework(root: &Path) -> Vec<String> {
    const PREFIXES: &[(&str, &str)] = &[
        ("vite", "VITE_*"),
        ("next", "NEXT_PUBLIC_*"),
        ("nuxt", "NUXT_PUBLIC_*"),
        ("react-scripts", "REACT_APP_*"),
        ("gatsby", "GATSBY_*"),
        ("expo", "EXPO_PUBLIC_*"),
        ("@vue/cli-service", "VUE_APP_*"),
        ("@storybook/core", "STORYBOOK_*"),
    ];
    let package: serde_json::Value = DiskFileSystem
        .read(&root.join("package.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    PREFIXES
        .iter()
        .filter(|(name, _)| {
            ["dependencies", "devDependencies"]
                .iter()
                .any(|kind| package[*kind].get(*name).is_some())
        })
        .map(|(_, pattern)| (*pattern).to_owned())
        .collect()
}

/// A finding as a message, with the way from an entry point to the source it stands in.
fn explained(finding: &Finding, metafile: &Metafile) -> Diagnostic {
    let diagnostic = finding.diagnostic();
    let chain =
        finding.source.as_ref().map(|source| metafile.chain_to(&source.file)).unwrap_or_default();
    if chain.len() < 2 {
        diagnostic
    } else {
        diagnostic.hint(format!("it is there by way of {}", chain.join(" → ")))
    }
}

/// Allowances with their patterns compiled.
struct Allowances<'a> {
    list: Vec<(&'a Allowance, Option<globset::GlobMatcher>)>,
    /// Fingerprints of findings that were there before.
    baseline: BTreeSet<String>,
}

impl Allowances<'_> {
    fn allow(&self, finding: &Finding) -> bool {
        if self.baseline.contains(&sarif::fingerprint(finding)) {
            return true;
        }
        self.list.iter().any(|(allowance, glob)| {
            (allowance.env == finding.variable || allowance.env == finding.rule)
                && glob.as_ref().is_none_or(|glob| glob.is_match(&finding.file))
        })
    }
}

/// Prepares the allowances. One that has ended is an error that says so.
fn allowances<'a>(
    config: &'a Config,
    today: (u16, u8, u8),
    outcome: &mut Outcome,
) -> Option<Allowances<'a>> {
    let mut prepared = Vec::new();
    for allowance in &config.leaks.allow {
        if let Some((year, month, day)) = allowance.until.filter(|until| *until < today) {
            let message = format!(
                "the allowance for `{}` ended on {year:04}-{month:02}-{day:02}",
                allowance.env
            );
            outcome.error(
                ExitCode::Usage,
                Diagnostic::error("config/allow", message)
                    .hint("remove it, or give it a new end with a reason"),
            );
            return None;
        }
        let glob = match allowance.path.as_deref().map(globset::Glob::new).transpose() {
            Ok(glob) => glob.map(|glob| glob.compile_matcher()),
            Err(error) => {
                let message = format!("the pattern in `leaks.allow` is none: {error}");
                outcome.error(ExitCode::Usage, Diagnostic::error("config/allow", message));
                return None;
            }
        };
        prepared.push((allowance, glob));
    }
    let baseline = match &config.leaks.baseline {
        Some(file) => match read_baseline(file) {
            Ok(baseline) => baseline,
            Err(error) => {
                let message = format!("`{}` is no baseline: {error}", file.display());
                outcome.error(ExitCode::Usage, Diagnostic::error("leak/baseline", message));
                return None;
            }
        },
        None => BTreeSet::new(),
    };
    Some(Allowances { list: prepared, baseline })
}

/// The fingerprints in what `scan --format json` wrote.
fn read_baseline(file: &Path) -> Result<BTreeSet<String>, String> {
    let bytes = DiskFileSystem.read(file).map_err(|error| error.to_string())?;
    let json: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let list = json["findings"].as_array().ok_or("it has no `findings`")?;
    let prints = list.iter().filter_map(|finding| finding["fingerprint"].as_str());
    Ok(prints.map(str::to_owned).collect())
}

fn searched_text(searched: &Searched, found: usize) -> String {
    format!(
        "values of {} variables, {} ways of writing, {} files and {} searched; {found} found",
        searched.variables,
        searched.encodings,
        searched.files,
        markdown::size(searched.bytes)
    )
}

fn leak_gate(searched: &Searched, result: GateResult, found: usize) -> Gate {
    Gate { name: "Leaks", result, evidence: searched_text(searched, found) }
}

fn skipped(name: &'static str, why: &str) -> Gate {
    Gate { name, result: GateResult::Skipped, evidence: why.to_owned() }
}

/// Completes the report of a release that a leak stops.
fn blocked(config: &Config, findings: &Findings, report: &mut Report, outcome: &mut Outcome) {
    report.leaks = findings
        .list
        .iter()
        .map(|finding| LeakRow {
            variable: finding.variable.clone(),
            place: format!("{}:{}:{}", finding.file, finding.line, finding.column),
            form: finding.writing.clone(),
            source: finding.source.as_ref().map(ToString::to_string),
        })
        .collect();
    report.gates.push(leak_gate(&findings.searched, GateResult::Fail, findings.list.len()));
    check_budgets(config, report, outcome);
    report.gates.push(skipped("Signatures", "nothing was signed: a leak was found"));
    report.gates.push(skipped("Store", "nothing was stored: a leak was found"));
}

fn check_budgets(config: &Config, report: &mut Report, outcome: &mut Outcome) {
    if config.report.budgets.is_empty() {
        report.gates.push(skipped("Size", "no budgets are set"));
        return;
    }
    let budgets: Vec<Budget> = config
        .report
        .budgets
        .iter()
        .flat_map(|budget| {
            [("raw", budget.raw), ("gzip", budget.gzip), ("brotli", budget.brotli)]
                .into_iter()
                .filter_map(|(metric, limit)| {
                    Some(Budget { pattern: budget.path.clone(), metric, limit: limit? })
                })
        })
        .collect();
    let results = match budget::check(&report.outputs, &budgets) {
        Ok(results) => results,
        Err(error) => {
            outcome.error(ExitCode::Usage, Diagnostic::error("config/budgets", error));
            Vec::new()
        }
    };
    let mut over = 0;
    for result in results.iter().filter(|result| result.over() > 0) {
        over += 1;
        let message = format!(
            "`{}` is {} over its {} budget of {}",
            result.path,
            markdown::size(result.over()),
            result.budget.metric,
            markdown::size(result.budget.limit)
        );
        outcome.error(ExitCode::Budget, Diagnostic::error("budget/over", message));
    }
    report.gates.push(Gate {
        name: "Size",
        result: if over > 0 { GateResult::Fail } else { GateResult::Pass },
        evidence: format!("{} outputs held against budgets, {over} over", results.len()),
    });
    report.budgets = results;
}

/// The key that the settings name; `None` when they name none.
///
/// # Errors
/// The variable is not set although a signature is required, or its value is no key.
fn signing_key(
    config: &Config,
    environment: &Environment,
) -> Result<Option<SigningKey>, Diagnostic> {
    let required = |message: String| {
        Diagnostic::error("seal/no-key", message)
            .hint("set a key of 32 bytes, for instance from `openssl rand -hex 32`")
    };
    let Some(variable) = &config.sign.key_variable else {
        return if config.sign.required {
            Err(required("`sign.required` is set, but no key is named".to_owned()))
        } else {
            Ok(None)
        };
    };
    match environment.secret(variable).filter(|key| !key.expose().is_empty()) {
        Some(key) => SigningKey::new(key, &config.sign.key_id)
            .map(Some)
            .map_err(|error| required(format!("`{variable}` cannot be used: {error}"))),
        None if config.sign.required => {
            Err(required(format!("`sign.required` is set, but `{variable}` is not")))
        }
        None => Ok(None),
    }
}

fn seal_gate(
    config: &Config,
    sealed: &Sealed,
    key: Option<&SigningKey>,
    outcome: &mut Outcome,
) -> Gate {
    let files = sealed.objects().len();
    let build = sealed.manifest().build_id.get(..12).unwrap_or_default().to_owned();
    if let Some(key) = key {
        let evidence = format!("HMAC-SHA256 of {files} files, key `{}`, build `{build}`", key.id());
        return Gate { name: "Signatures", result: GateResult::Pass, evidence };
    }
    let why = match &config.sign.key_variable {
        Some(variable) => format!("`{variable}` is not set"),
        None => "no key is named in `sign.hmac_key`".to_owned(),
    };
    outcome.diagnostics.push(Diagnostic::note(
        "seal/unsigned",
        format!("{why}, so the files are locked but not signed"),
    ));
    skipped("Signatures", &format!("unsigned: {why}; {files} files locked, build `{build}`"))
}

/// Writes outputs, siblings, manifest and lock into the output folder, and removes what an earlier lock names.
fn write_deployment(config: &Config, sealed: &Sealed, outcome: &mut Outcome) {
    // A folder of another bundler's is sealed beside what it made.
    let of_artifacts = config.artifacts.as_ref().map(|(folder, _)| folder);
    let Some(folder) = of_artifacts.or(config.outdir.as_ref()) else { return };
    let manifest_json = sealed.manifest().to_json();
    let earlier = DiskFileSystem
        .read(&folder.join(lock::FILE_NAME))
        .ok()
        .and_then(|text| String::from_utf8(text).ok());
    let objects = sealed.objects().iter().map(|object| (object.path.as_str(), object.body.bytes()));
    let written =
        write_outputs(folder, objects.chain([(manifest::FILE_NAME, manifest_json.as_bytes())]));
    let written = written.and_then(|()| {
        let path = folder.join(lock::FILE_NAME);
        write_atomically(&path, sealed.lock().as_bytes())
            .map_err(|error| (lock::FILE_NAME.to_owned(), error))
    });
    if let Err((path, error)) = written {
        outcome.error(ExitCode::Build, cannot_write(&folder.join(path), &error));
        return;
    }
    for (path, _) in earlier.and_then(|text| lock::parse(&text).ok()).unwrap_or_default() {
        if !sealed.objects().iter().any(|object| object.path == path) {
            // What cannot be removed is named by the next `verify`.
            let _ = remove(&folder.join(path.as_str()));
        }
    }
}

fn store(config: &Config, sealed: &Sealed, outcome: &mut Outcome) -> Gate {
    let stored = Store::open(&config.store, &config.root).and_then(|store| store.put(sealed));
    match stored {
        Ok(deployed) => {
            outcome.done.push(format!("stored {} in {}", deployed.manifest_key, config.store));
            let evidence = format!(
                "`{}` in `{}`: {} files written, {} there already",
                deployed.manifest_key, config.store, deployed.written, deployed.kept
            );
            Gate { name: "Store", result: GateResult::Pass, evidence }
        }
        Err(error) => {
            let evidence = error.to_string();
            outcome.error(ExitCode::Store, Diagnostic::error("store/failed", evidence.clone()));
            Gate { name: "Store", result: GateResult::Fail, evidence }
        }
    }
}

/// Puts the report where it is wanted.
fn publish(
    config: &Config,
    ports: &Ports<'_>,
    report: &Report,
    dry_run: bool,
    outcome: &mut Outcome,
) {
    let text = markdown::render(report);
    if let Some(file) = config.report.file.as_ref().filter(|_| !dry_run)
        && let Err(error) = write_output(file, text.as_bytes())
    {
        outcome.error(ExitCode::Usage, cannot_write(file, &error));
    }
    if let Some(file) = &ports.runner.summary_file
        && let Err(error) = runner::add_summary(file, &text)
    {
        let message = format!("the job summary cannot be written: {error}");
        outcome.diagnostics.push(Diagnostic::warning("report/summary", message));
    }
    outcome.report = Some(text);
}

/// What `bundlegate scan` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScanFormat {
    /// Messages, and a line on how much was searched.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// How `bundlegate scan` is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScanOptions {
    /// What it prints.
    pub format: ScanFormat,
    /// Say for each variable why it is guarded or not.
    pub explains: bool,
    /// The files are for a browser: reads of guarded variables are findings, too.
    pub is_for_browsers: bool,
}

/// `bundlegate scan`: the leak gate over files and folders. Each file is in memory only while it is searched.
#[must_use]
pub fn run_scan(
    config: &Config,
    ports: &Ports<'_>,
    paths: &[PathBuf],
    options: ScanOptions,
) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(allowances) = allowances(config, ports.today, &mut outcome) else { return outcome };
    let Some((guarded, verdicts)) = guarded(config, ports.environment, &mut outcome) else {
        return outcome;
    };
    if options.explains {
        outcome.done.extend(verdicts.iter().map(|verdict| {
            let word = if verdict.is_guarded { "guarded" } else { "not guarded" };
            format!("{}: {word}: {}", verdict.name, verdict.reason)
        }));
    }
    let search = Search::new(&guarded, options.is_for_browsers);
    let mut searched = Searched::default();
    let mut list: Vec<Finding> = Vec::new();
    for path in paths {
        // What cannot be read was not searched, so the gate does not pass.
        let (folder, files) = match files_to_scan(path) {
            Ok(files) => files,
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", path.display());
                outcome.error(ExitCode::Usage, Diagnostic::error("scan/read", message));
                continue;
            }
        };
        let read = |name: &str| DiskFileSystem.read(&folder.join(name)).map(Cow::Owned);
        let findings = leak::search_files(&files, &read, &search, &relative(&config.root, &folder));
        searched.variables = findings.searched.variables;
        searched.encodings = findings.searched.encodings;
        searched.files += findings.searched.files;
        searched.bytes += findings.searched.bytes;
        list.extend(findings.list.into_iter().filter(|finding| !allowances.allow(finding)));
    }
    if list.iter().any(|finding| finding.level == Level::Error) && config.leaks.fails {
        outcome.fail(ExitCode::Leak);
    }
    let print = |json: serde_json::Value| {
        serde_json::to_string_pretty(&json).expect("JSON always serialises") + "\n"
    };
    outcome.report = Some(match options.format {
        ScanFormat::Text => format!("{}\n", searched_text(&searched, list.len())),
        ScanFormat::Json => print(sarif::to_json(&list, &searched)),
        ScanFormat::Sarif => print(sarif::to_sarif(&list)),
    });
    if options.format == ScanFormat::Text || ports.runner.is_runner {
        outcome.diagnostics.extend(list.iter().map(Finding::diagnostic));
    }
    outcome
}

/// The files of a path, and the folder that their names are relative to.
fn files_to_scan(path: &Path) -> std::io::Result<(PathBuf, Vec<leak::File>)> {
    let (folder, names) = if DiskFileSystem.kind(path)? == crate::fs::FileKind::Directory {
        (path.to_path_buf(), walk_following(&DiskFileSystem, path)?)
    } else {
        let folder = path.parent().unwrap_or(path).to_path_buf();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        (folder, name.into_iter().collect())
    };
    let files = names
        .iter()
        .map(|name| {
            let map = format!("{name}.map");
            let has_map = names.binary_search(&map).is_ok()
                || (names.len() == 1 && DiskFileSystem.kind(&folder.join(&map)).is_ok());
            leak::File { path: name.clone(), map: has_map.then_some(map) }
        })
        .collect();
    Ok((folder, files))
}

/// `bundlegate verify`: checks a folder, a lock, or what is live in a store (`dir:PATH/NAME`).
#[must_use]
pub fn run_verify(config: &Config, ports: &Ports<'_>, location: &str, working: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let key = match signing_key(config, ports.environment) {
        Ok(key) => key,
        Err(error) => {
            outcome.error(ExitCode::Seal, error);
            return outcome;
        }
    };
    let required = config.sign.required;
    let verified = if let Some(path) = location.strip_prefix("dir:") {
        let (folder, name) = match path.trim_end_matches('/').rsplit_once('/') {
            Some((folder, name)) => (folder, name),
            None => (".", path),
        };
        let opened = Store::open(&format!("dir:{folder}"), working);
        match opened.and_then(|store| Ok((store.live(name)?, store))) {
            Ok((Some(found), store)) => {
                let read = |_: &OutputPath, digest| store.object(name, digest);
                let mut verified =
                    verify(&found.lock, Some(&found.manifest), None, read, key.as_ref(), required);
                if verified.build_id != found.build_id {
                    let message = format!("`{}` is not that of the live build", lock::FILE_NAME);
                    verified.problems.push(Diagnostic::error("seal/build", message));
                }
                verified
            }
            Ok((None, _)) => {
                let message = format!("there is no deployment at `{location}`");
                outcome.error(
                    ExitCode::Seal,
                    Diagnostic::error("seal/missing", message).hint("write `dir:STORE/NAME`"),
                );
                return outcome;
            }
            Err(error) if error.is_content() => {
                outcome
                    .error(ExitCode::Seal, Diagnostic::error("seal/unreadable", error.to_string()));
                return outcome;
            }
            Err(error) => {
                outcome
                    .error(ExitCode::Store, Diagnostic::error("store/failed", error.to_string()));
                return outcome;
            }
        }
    } else {
        let path = working.join(location);
        let folder = if path.ends_with(lock::FILE_NAME) {
            path.parent().map(Path::to_path_buf).unwrap_or_default()
        } else {
            path
        };
        match verify_folder(&folder, key.as_ref(), required) {
            Ok(verified) => verified,
            Err(error) => {
                let message = format!(
                    "`{}` cannot be verified: {error}",
                    folder.join(lock::FILE_NAME).display()
                );
                outcome.error(ExitCode::Seal, Diagnostic::error("seal/lock", message));
                return outcome;
            }
        }
    };
    let signed = if key.is_some() {
        format!("{} signatures hold", verified.signed)
    } else {
        "signatures not checked: no key".to_owned()
    };
    if verified.problems.is_empty() {
        outcome.report = Some(format!(
            "build {}: {} files as locked, {signed}\n",
            verified.build_id, verified.files
        ));
    } else {
        outcome.fail(ExitCode::Seal);
        outcome.diagnostics.extend(verified.problems);
    }
    outcome
}

fn verify_folder(
    folder: &Path,
    key: Option<&SigningKey>,
    required: bool,
) -> std::io::Result<crate::seal::Verified> {
    let lock_text = String::from_utf8(DiskFileSystem.read(&folder.join(lock::FILE_NAME))?)
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
    let manifest_json = match DiskFileSystem.read(&folder.join(manifest::FILE_NAME)) {
        Ok(json) => Some(json),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let present = walk(&DiskFileSystem, folder)?;
    let read = |path: &OutputPath, _| DiskFileSystem.read(&folder.join(path.as_str()));
    Ok(verify(&lock_text, manifest_json.as_deref(), Some(&present), read, key, required))
}

/// `bundlegate report`: the report on finished outputs, without any gate but the budgets.
#[must_use]
pub fn run_report(config: &Config, ports: &Ports<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let read = match &config.artifacts {
        Some((folder, metafile)) => read_outputs(folder, metafile.as_deref(), &config.root),
        None => Err(Diagnostic::error("config/artifacts", "there is nothing to report on").hint(
            "name a folder with `--artifacts`, and its metafile with `--artifacts-metafile`",
        )),
    };
    let (artifacts, metafile) = match read {
        Ok(read) => read,
        Err(error) => {
            outcome.error(ExitCode::Usage, error);
            return outcome;
        }
    };
    let mut sizes = measure(&artifacts);
    for artifact in &artifacts {
        if let Some(sizes) = sizes.get_mut(artifact.path.as_str()) {
            sizes.brotli =
                Some((crate::compress::brotli(artifact.body.bytes()).len() as u64).min(sizes.raw));
        }
    }
    let mut report = Report::new(&config.name, &metafile, &sizes);
    check_budgets(config, &mut report, &mut outcome);
    publish(config, ports, &report, false, &mut outcome);
    outcome
}
