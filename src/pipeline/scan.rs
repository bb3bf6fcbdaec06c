//! The leak gate: what is guarded, what is excused, and `bundlegate scan`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::build::{build, cannot_write, output_folder};
use super::report::check_budgets;
use super::{Gated, Outcome, Ports, skipped};
use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, content_hash};
use crate::bundle::environment_reads;
use crate::bundle::options::{Options, SourceMapMode, Target};
use crate::config::env::Environment;
use crate::config::{Allowance, Config};
use crate::diag::{Diagnostic, ExitCode, Location, Severity};
use crate::fs::{
    DiskFileSystem, FileKind, FileSystem as _, relative, show_file, walk_following, write_output,
};
use crate::leak::{
    self, Finding, Findings, Guarded, Level, Policy, Search, Searched, Verdict, dotenv, sarif,
};
use crate::metafile::Metafile;
use crate::report::{Gate, GateResult, LeakRow, Report, markdown};
use crate::seal::METAFILE_NAME;
use crate::secret::Secret;

/// The leak gate: the one way from artifacts to what may be sealed. Findings are told.
pub(super) fn gate(
    config: &Config,
    ports: &Ports<'_>,
    artifacts: Vec<BuildArtifact>,
    folder: &str,
    metafile: &Metafile,
    outcome: &mut Outcome,
) -> Gated {
    let Some((guarded, verdicts)) = guarded(config, ports.environment, outcome) else {
        return Gated::Failed;
    };
    if artifacts.is_empty() {
        outcome.diagnostics.push(nothing_to_search());
    }
    // A folder of others with a page at its top is for browsers.
    let is_site = || artifacts.iter().any(|artifact| artifact.path.as_str() == "index.html");
    let is_for_browsers = match (&config.artifacts, config.entry_points.is_empty()) {
        (Some(_), _) => is_site(),
        (None, is_empty) => !is_empty && config.build.target == Target::Browser,
    };
    let of_browsers = config.parts.iter().filter(|part| part.build.target == Target::Browser);
    let of_browsers = of_browsers.filter(|_| config.artifacts.is_none());
    let has_parts = config.artifacts.is_none() && !config.parts.is_empty();
    let search = Search::new(&guarded, is_for_browsers && !has_parts)
        .for_browsers(of_browsers.map(|part| format!("{}/", part.name)))
        .with_weak(&verdicts)
        .at(&config.root, ports.environment.iter());
    let search = match config.artifacts {
        None => search.with_reads(environment_reads),
        Some(_) => search,
    };
    let Some(allowances) = allowances(config, ports.today, outcome) else { return Gated::Failed };
    let excused = |finding: &Finding| allowances.allow(finding);
    let mut gated = leak::scan(artifacts, &search, folder, config.leaks.fails, excused);
    // The metafile is stored beside what passed: names of modules and imports are in it.
    if let Ok((_, found)) = &mut gated
        && config.store.metafile
        && !metafile.outputs.is_empty()
    {
        let metafile = vec![metafile_artifact(metafile)];
        match leak::scan(metafile, &search, "", config.leaks.fails, excused) {
            Ok((_, more)) => found.extend(more),
            Err(findings) => gated = Err(findings),
        }
    }
    if config.artifacts.is_none() && !metafile.outputs.is_empty() {
        let found = match &mut gated {
            Ok((_, found)) => found,
            Err(findings) => &mut findings.list,
        };
        locate(config, ports, &search, metafile, found);
    }
    match gated {
        Ok((scanned, found)) => {
            // What stops nothing is told all the same.
            let told = found.iter().map(|finding| Diagnostic {
                severity: Severity::Warning,
                ..explained(finding, metafile)
            });
            outcome.diagnostics.extend(told);
            Gated::Passed(scanned, found)
        }
        Err(findings) => {
            outcome
                .diagnostics
                .extend(findings.list.iter().map(|finding| explained(finding, metafile)));
            outcome.fail(ExitCode::Leak);
            Gated::Blocked(Box::new(findings))
        }
    }
}

/// Finds the sources of what was found in outputs of ours that have no map: a file that is copied is its own source, and
/// for scripts the build is made once more, with maps.
fn locate(
    config: &Config,
    ports: &Ports<'_>,
    search: &Search,
    metafile: &Metafile,
    found: &mut [Finding],
) {
    let is_script = |path: &str| [".js", ".mjs", ".cjs"].iter().any(|end| path.ends_with(end));
    let is_copy = |path: &str| !is_script(path) && !path.ends_with(".css");
    let is_unknown = |finding: &Finding| finding.source.is_none();
    for finding in found.iter_mut().filter(|at| is_unknown(at) && is_copy(&at.file)) {
        let inputs = metafile.outputs.get(&finding.file).map(|output| &output.inputs);
        let Some(input) = inputs.filter(|inputs| inputs.len() == 1) else { continue };
        finding.source = input.keys().next().map(|file| Location {
            line: finding.line,
            column: finding.column,
            ..Location::file(search.masked_name(file).unwrap_or_else(|| file.clone()))
        });
    }
    // Bun prints scripts anew for bytecode, so no map of ours leads through them.
    let mut with_maps = config.clone();
    let mut unmapped = Vec::new();
    let mut prepare = |build: &mut Options, bytecode: bool, compile: &mut bool, folder: String| {
        if build.source_map == SourceMapMode::None && !bytecode {
            unmapped.push(folder);
        }
        (build.source_map, *compile) = (SourceMapMode::External, false);
    };
    if with_maps.parts.is_empty() {
        let Config { build, bytecode, compile, .. } = &mut with_maps;
        prepare(build, *bytecode, compile, String::new());
    }
    for part in &mut with_maps.parts {
        let folder = format!("{}/", part.name);
        prepare(&mut part.build, part.bytecode, &mut part.compile, folder);
    }
    let is_open = |finding: &Finding| {
        is_unknown(finding)
            && is_script(&finding.file)
            && unmapped.iter().any(|folder| finding.file.starts_with(folder.as_str()))
    };
    if !found.iter().any(is_open) {
        return;
    }
    let again = build(&with_maps, ports);
    let Ok((_, again)) =
        leak::scan(again.artifacts, search, &output_folder(config), false, |_| false)
    else {
        return;
    };
    let key = |finding: &Finding| (finding.file.clone(), finding.byte, finding.variable.clone());
    let known: BTreeMap<_, Location> =
        again.iter().filter_map(|at| Some((key(at), at.source.clone()?))).collect();
    for finding in found.iter_mut().filter(|finding| is_open(finding)) {
        finding.source = known.get(&key(finding)).cloned();
    }
}

/// The metafile as a file that is searched.
fn metafile_artifact(metafile: &Metafile) -> BuildArtifact {
    let body = Body::new(metafile.to_json());
    BuildArtifact {
        path: OutputPath::new(METAFILE_NAME).expect("a name of a file is a path"),
        kind: ArtifactKind::Asset,
        loader: "json",
        content_hash: content_hash(body.bytes()),
        is_immutable: false,
        source_map: None,
        runtime: None,
        body,
    }
}

/// The variables whose values are looked for, and why each is or is not: those of the environment, of dotenv files, and
/// of the JSON that a variable holds.
pub(super) fn guarded(
    config: &Config,
    environment: &Environment,
    outcome: &mut Outcome,
) -> Option<(Vec<Guarded>, Vec<Verdict>)> {
    let (more, problems) = more_values(config, environment);
    if !problems.is_empty() {
        for problem in problems {
            outcome.error(ExitCode::Usage, problem);
        }
        return None;
    }
    let mut public = config.leaks.public.clone();
    if config.leaks.detects_public {
        public.extend(public_by_framework(&config.root));
    }
    let texts = public_texts(&config.root);
    let policy = Policy { public: &public, guard: &config.leaks.guard, texts: &texts };
    let variables = environment
        .iter()
        .filter(|(name, _)| Some(*name) != config.leaks.secrets_variable.as_deref())
        .chain(more.iter().map(|(name, value)| (name.as_str(), value)));
    let (guarded, verdicts) = leak::guarded(variables, &policy);
    outcome.diagnostics.extend(unread_dotenv(config));
    if guarded.is_empty() {
        let message =
            "no variable has a value to look for, so only tokens of well-known kinds are found";
        outcome.diagnostics.push(Diagnostic::warning("leak/nothing-guarded", message).hint(
            "give the step the secrets that the build has (`env:`), or name a dotenv file (`--guard-dotenv`)",
        ));
    }
    Some((guarded, verdicts))
}

/// The variables of dotenv files and of the JSON that a variable holds, as far as they can be read, and why others cannot.
fn more_values(
    config: &Config,
    environment: &Environment,
) -> (Vec<(String, Secret)>, Vec<Diagnostic>) {
    let (mut more, mut problems) = (Vec::new(), Vec::new());
    for file in &config.leaks.dotenv {
        match DiskFileSystem.read(file) {
            Ok(bytes) => {
                let bytes = leak::from_utf16(&bytes).unwrap_or(bytes);
                for assignment in dotenv::parse(&String::from_utf8_lossy(&bytes)) {
                    let name = assignment.name;
                    let values = assignment.values.into_iter().map(Secret::from);
                    more.extend(values.map(|value| (name.to_owned(), value)));
                }
            }
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", file.display());
                problems.push(Diagnostic::error("leak/dotenv", message));
            }
        }
    }
    if let Some(variable) = &config.leaks.secrets_variable {
        let text = environment.secret(variable).map(Secret::expose).unwrap_or_default();
        // On a fork there are none, and the text is empty or `null`.
        let json = if text.trim_ascii().is_empty() { b"{}" } else { text };
        if let Ok(secrets) = serde_json::from_slice::<Option<BTreeMap<String, String>>>(json) {
            let secrets = secrets.unwrap_or_default().into_iter();
            more.extend(secrets.map(|(name, value)| (name, Secret::from(value))));
        } else {
            let message = format!("`{variable}` does not hold a JSON object of texts");
            problems.push(
                Diagnostic::error("leak/secrets", message)
                    .hint("set it to `${{ toJSON(secrets) }}`"),
            );
        }
    }
    (more, problems)
}

/// What takes values of guarded variables out of what we say; of those that the settings name, too, once they are known.
#[must_use]
pub fn mask(environment: &Environment, config: Option<&Config>) -> Box<Mask> {
    let search = masking(environment, config);
    Box::new(move |text| search.masked_text(text))
}

/// What is public is shown less often than it might be, in messages that hold it.
fn masking(environment: &Environment, config: Option<&Config>) -> Search {
    let more = config.map(|config| more_values(config, environment).0).unwrap_or_default();
    let guard = config.map(|config| config.leaks.guard.as_slice()).unwrap_or_default();
    let variables =
        environment.iter().chain(more.iter().map(|(name, value)| (name.as_str(), value)));
    let (guarded, _) = leak::guarded(variables, &Policy { public: &[], guard, texts: &[] });
    Search::new(&guarded, false)
}

/// The same for what is made of names: eight bytes of a value in a row are not shown, where a sentence may have eleven.
pub(super) fn mask_of_names(config: &Config, environment: &Environment) -> Box<Mask> {
    let search = masking(environment, Some(config));
    Box::new(move |text| search.masked_name(text))
}

/// Gives a text without what must not be shown; `None` where there is nothing of that in it.
pub type Mask = dyn Fn(&str) -> Option<String> + Send + Sync;

fn nothing_to_search() -> Diagnostic {
    Diagnostic::warning("leak/empty", "there is no file to search")
        .hint("build first, or name the folder of the outputs")
}

/// Dotenv files of the project that are not read, although builds read them.
fn unread_dotenv(config: &Config) -> Option<Diagnostic> {
    let names = DiskFileSystem.read_dir(&config.root).unwrap_or_default();
    let unread: Vec<String> = names
        .into_iter()
        .filter(|name| leak::is_dotenv(name))
        .filter(|name| !config.leaks.dotenv.contains(&config.root.join(name)))
        .map(|name| format!("`{name}`"))
        .collect();
    (!unread.is_empty()).then(|| {
        let message = format!("what stands in {} is not looked for", unread.join(", "));
        Diagnostic::warning("leak/dotenv-unread", message)
            .hint("name the files that builds read: `--guard-dotenv .env`, or `leaks.dotenv`")
    })
}

/// Files of the repository that are there to be read by everybody: what stands in them is no secret.
fn public_texts(root: &Path) -> Vec<Vec<u8>> {
    const NAMES: &[&str] = &[
        "package.json",
        "README.md",
        ".env.example",
        ".env.sample",
        ".env.template",
        "package-lock.json",
        "pnpm-lock.yaml",
        "yarn.lock",
    ];
    NAMES.iter().filter_map(|name| DiskFileSystem.read(&root.join(name)).ok()).collect()
}

/// Prefixes of public variables that the frameworks in `package.json` have.
pub(super) fn public_by_framework(root: &Path) -> Vec<String> {
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
pub(super) fn explained(finding: &Finding, metafile: &Metafile) -> Diagnostic {
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
pub(super) struct Allowances<'a> {
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
            let is_it = |name: &String| *name == allowance.env;
            (is_it(&finding.variable)
                || finding.others.iter().any(is_it)
                || allowance.env == finding.rule)
                && glob.as_ref().is_none_or(|glob| glob.is_match(&finding.file))
        })
    }
}

/// Prepares the allowances. One that has ended is an error that says so.
pub(super) fn allowances<'a>(
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
pub(super) fn read_baseline(file: &Path) -> Result<BTreeSet<String>, String> {
    let bytes = DiskFileSystem.read(file).map_err(|error| error.to_string())?;
    let json: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let list = json["findings"].as_array().ok_or("it has no `findings`")?;
    let prints = list.iter().filter_map(|finding| finding["fingerprint"].as_str());
    Ok(prints.map(str::to_owned).collect())
}

pub(super) fn searched_text(searched: &Searched, found: usize) -> String {
    let weak: Vec<String> = searched
        .weak
        .iter()
        .map(|(name, characters)| format!("{name} ({characters} characters)"))
        .collect();
    let weak =
        if weak.is_empty() { String::new() } else { format!("; not guarded: {}", weak.join(", ")) };
    format!(
        "values of {} variables, {} ways of writing, {} files and {} searched; {found} found{weak}",
        searched.variables,
        searched.encodings,
        searched.files,
        markdown::size(searched.bytes)
    )
}

/// The gate as the report has it: whether what was found stops the release.
pub(super) fn leak_gate(searched: &Searched, stops: bool, found: usize) -> Gate {
    let result = match (stops, found) {
        (true, _) => GateResult::Fail,
        (false, 0) => GateResult::Pass,
        (false, _) => GateResult::Warn,
    };
    Gate { name: "Leaks", result, evidence: searched_text(searched, found) }
}

/// Leaks as the report lists them: what would stop a release. Paths are those of the repository.
pub(super) fn leak_rows(ports: &Ports<'_>, findings: &[Finding]) -> Vec<LeakRow> {
    findings
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| LeakRow {
            variable: finding.variable.clone(),
            place: format!(
                "{}:{}:{}",
                ports.in_repository(&finding.path()),
                finding.line,
                finding.column
            ),
            form: finding.writing.clone(),
            source: finding.source.as_ref().map(|source| {
                let file = ports.in_repository(&source.file);
                Location { file, ..source.clone() }.to_string()
            }),
        })
        .collect()
}

/// Writes findings as SARIF, where the settings name a file for it.
pub(super) fn write_sarif(
    config: &Config,
    ports: &Ports<'_>,
    findings: &[Finding],
    outcome: &mut Outcome,
) {
    let Some(file) = &config.leaks.sarif else { return };
    let text = pretty(&sarif::to_sarif(findings, &|path| ports.in_repository(path)));
    if let Err(error) = write_output(file, text.as_bytes()) {
        outcome.error(ExitCode::Usage, cannot_write(file, &error));
    }
}

fn pretty(json: &serde_json::Value) -> String {
    serde_json::to_string_pretty(json).expect("JSON always serialises") + "\n"
}

/// Completes the report of a release that a leak stops.
pub(super) fn blocked(
    config: &Config,
    ports: &Ports<'_>,
    findings: &Findings,
    report: &mut Report,
    outcome: &mut Outcome,
) {
    report.leaks = leak_rows(ports, &findings.list);
    report.gates.push(leak_gate(&findings.searched, true, report.leaks.len()));
    check_budgets(config, report, outcome);
    report.gates.push(skipped("Signatures", "nothing was signed: a leak was found"));
    report.gates.push(skipped("Store", "nothing was stored: a leak was found"));
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
    let search = Search::new(&guarded, options.is_for_browsers)
        .with_weak(&verdicts)
        .at(&config.root, ports.environment.iter());
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
        let read = |name: &str, show: &mut dyn FnMut(&[u8])| show_file(&folder.join(name), show);
        let findings = leak::search_files(&files, &read, &search, &relative(&config.root, &folder));
        let Searched { files, bytes, .. } = searched;
        searched = Searched {
            files: files + findings.searched.files,
            bytes: bytes + findings.searched.bytes,
            ..findings.searched
        };
        list.extend(findings.list.into_iter().filter(|finding| !allowances.allow(finding)));
    }
    if list.iter().any(|finding| finding.level == Level::Error) && config.leaks.fails {
        outcome.fail(ExitCode::Leak);
    }
    if searched.files == 0 && outcome.exit_code() == ExitCode::Fine {
        outcome.diagnostics.push(nothing_to_search());
    }
    write_sarif(config, ports, &list, &mut outcome);
    outcome.report = Some(match options.format {
        ScanFormat::Text => {
            let errors = list.iter().filter(|finding| finding.level == Level::Error).count();
            let warnings = match list.len() - errors {
                0 => String::new(),
                1 => "; 1 warning".to_owned(),
                count => format!("; {count} warnings"),
            };
            format!("{}{warnings}\n", searched_text(&searched, errors))
        }
        ScanFormat::Json => pretty(&sarif::to_json(&list, &searched)),
        ScanFormat::Sarif => pretty(&sarif::to_sarif(&list, &|path| ports.in_repository(path))),
    });
    if options.format == ScanFormat::Text || ports.runner.is_runner {
        outcome.diagnostics.extend(list.iter().map(Finding::diagnostic));
    }
    outcome
}

/// The files of a path, and the folder that their names are relative to.
pub(super) fn files_to_scan(path: &Path) -> std::io::Result<(PathBuf, Vec<leak::File>)> {
    let kind = DiskFileSystem.kind(path)?;
    if kind == FileKind::Other {
        // It may never end, and can be read only once.
        let message = "it is a pipe, a socket or a device; write what it gives to a file";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message));
    }
    let (folder, names) = if kind == FileKind::Directory {
        (path.to_path_buf(), walk_following(path)?)
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
