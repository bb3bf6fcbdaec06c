//! Sizes, budgets, and where the report goes.

use std::borrow::Cow;

use rayon::prelude::*;

use super::base::baseline;
use super::build::cannot_write;
use super::comment::post;
use super::folder::read_outputs;
use super::{Outcome, Ports, skipped};
use crate::artifact::sketch::Sketch;
use crate::artifact::{ArtifactKind, BuildArtifact, Digest};
use crate::compress::{Coding, encoded_size, gzip_size};
use crate::config::{Config, Growth};
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{DiskFileSystem, FileSystem as _, write_output};
use crate::github::runner;
use crate::leak::Scanned;
use crate::metafile::Metafile;
use crate::report::budget::{self, Budget, Limit};
use crate::report::record::{self, record};
use crate::report::{
    ArtifactRow, Context, Gate, GateResult, Report, html, is_source_map, markdown,
};
use crate::seal::Sealed;

/// What `bundlegate report` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReportFormat {
    /// Markdown.
    #[default]
    Markdown,
    /// The complete record as one JSON object.
    Json,
    /// A page with a treemap.
    Html,
}

/// Puts into the metafile what is measured on the outputs: sizes with gzip, and by what a later build recognises them.
pub(super) fn measure(metafile: &mut Metafile, artifacts: &[BuildArtifact]) {
    let measured: Vec<(&BuildArtifact, u64, String, String)> = artifacts
        .par_iter()
        .filter(|artifact| !is_source_map(artifact.path.as_str()))
        .map(|artifact| {
            let bytes = artifact.body.bytes();
            let (digest, sketch) = (Digest::of(bytes).to_hex(), Sketch::of(bytes).to_text());
            (artifact, gzip_size(artifact), digest, sketch)
        })
        .collect();
    for (artifact, bytes, digest, sketch) in measured {
        if let Some(output) = metafile.outputs.get_mut(artifact.path.as_str()) {
            output.gzip = Some(bytes);
            // Where modules are known, they say more.
            let is_code = matches!(artifact.kind, ArtifactKind::EntryPoint | ArtifactKind::Chunk);
            if output.inputs.is_empty() || !is_code {
                (output.sha256, output.sketch) = (Some(digest), Some(sketch));
            }
        }
    }
}

/// Puts the sizes with brotli, and with zstd where it is asked for, into the metafile. What grows is sent as it is.
pub(super) fn measure_encoded(
    metafile: &mut Metafile,
    artifacts: &[BuildArtifact],
    config: &Config,
) {
    let has_zstd = config.compress.iter().any(|name| name == "zstd");
    let sizes: Vec<(&str, u64, Option<u64>)> = artifacts
        .par_iter()
        .filter(|artifact| !is_source_map(artifact.path.as_str()))
        .map(|artifact| {
            let size = |coding| encoded_size(artifact, coding);
            (artifact.path.as_str(), size(Coding::Brotli), has_zstd.then(|| size(Coding::Zstd)))
        })
        .collect();
    for (path, brotli, zstd) in sizes {
        if let Some(output) = metafile.outputs.get_mut(path) {
            (output.brotli, output.zstd) = (Some(brotli), zstd);
        }
    }
}

/// Takes the sizes from the encoded forms; what has none is counted as it is, which is how it will be sent.
pub(super) fn take_encoded(metafile: &mut Metafile, scanned: &Scanned, config: &Config) {
    let has = |name: &str| config.compress.iter().any(|coding| coding == name);
    let (has_brotli, has_zstd) = (has("brotli"), has("zstd"));
    for item in scanned.artifacts() {
        let artifact = item.artifact();
        let Some(output) = metafile.outputs.get_mut(artifact.path.as_str()) else { continue };
        if is_source_map(artifact.path.as_str()) {
            continue;
        }
        let raw = artifact.body.bytes().len() as u64;
        let form = |coding: &str| {
            let form = item.encoded().iter().find(|encoded| encoded.coding == coding);
            form.map_or(raw, |form| form.body.bytes().len() as u64)
        };
        output.brotli =
            Some(if has_brotli { form("br") } else { encoded_size(artifact, Coding::Brotli) });
        output.zstd = has_zstd.then(|| form("zstd"));
    }
}

/// Says of each input in a package which one it is, with its version.
pub(super) fn name_packages(metafile: &mut Metafile, config: &Config, ports: &Ports<'_>) {
    let mut known = std::collections::BTreeMap::new();
    for (path, input) in &mut metafile.inputs {
        let Some((before, rest)) = path.rsplit_once("node_modules/") else { continue };
        let mut ends = rest.match_indices('/').map(|(at, _)| at);
        let end = if rest.starts_with('@') { ends.nth(1) } else { ends.next() };
        let Some(name) = end.and_then(|end| rest.get(..end)) else { continue };
        let folder = format!("{before}node_modules/{name}");
        let version = known.entry(folder).or_insert_with_key(|folder| {
            let json = ports.files.read(&config.root.join(folder).join("package.json")).ok()?;
            let json: serde_json::Value = serde_json::from_slice(&json).ok()?;
            json["version"].as_str().map(str::to_owned)
        });
        input.package = Some(match version {
            Some(version) => format!("{name}@{version}"),
            None => name.to_owned(),
        });
    }
}

/// A report on a metafile, compared with the base of the settings.
pub(super) fn report_on(config: &Config, ports: &Ports<'_>, metafile: &Metafile) -> Report {
    let base = baseline(config, ports);
    let base_commit = base.as_ref().ok().and_then(|base| base.commit.clone());
    let base = base.map(|base| (seen_from_repository(&base.metafile, ports), base.label));
    let base = base.as_ref().map(|(metafile, label)| (metafile, label.clone()));
    let head = seen_from_repository(metafile, ports);
    let mut report = Report::new(&config.name, &head, base.map_err(String::clone));
    report.context = context(ports, base_commit);
    report
}

/// The metafile with paths of sources as the repository has them: a report is read there.
fn seen_from_repository(metafile: &Metafile, ports: &Ports<'_>) -> Metafile {
    if ports.below.is_empty() {
        metafile.clone()
    } else {
        metafile.below(|path| ports.in_repository(path))
    }
}

/// What the runner says about where a report was made.
pub(super) fn context(ports: &Ports<'_>, base: Option<String>) -> Context {
    let runner = &ports.runner;
    let pull_request = runner.pull_request.as_ref();
    let commit = runner.commit.clone().unwrap_or_default();
    let run = runner
        .run
        .as_ref()
        .map(|run| format!("{run}.{}", runner.attempt.as_deref().unwrap_or("1")));
    let url = match (&runner.server, &runner.repository, &runner.run) {
        (Some(server), Some(repository), Some(run)) => {
            format!("{server}/{repository}/actions/runs/{run}")
        }
        _ => String::new(),
    };
    Context {
        repository: runner.repository.clone().unwrap_or_default(),
        pull_request: pull_request.map(|pull_request| pull_request.number),
        event: runner.event.clone().unwrap_or_default(),
        is_fork: pull_request.is_some_and(|pull_request| pull_request.is_fork),
        head: pull_request.map_or_else(|| commit.clone(), |pull_request| pull_request.head.clone()),
        commit,
        base: base.unwrap_or_default(),
        run: run.unwrap_or_default(),
        run_url: url,
    }
}

/// What was sealed, as the report lists it.
pub(super) fn list_artifacts(report: &mut Report, sealed: &Sealed) {
    report.artifacts = sealed
        .manifest()
        .artifacts
        .iter()
        .map(|entry| ArtifactRow {
            path: entry.path.clone(),
            sha256: entry.sha256.clone(),
            hmac: entry.hmac.clone(),
        })
        .collect();
}

pub(super) fn check_budgets(config: &Config, report: &mut Report, outcome: &mut Outcome) {
    if config.report.budgets.is_empty() {
        report.gates.push(skipped("Size", "no budgets are set"));
        return;
    }
    let budgets: Vec<Budget> = config
        .report
        .budgets
        .iter()
        .flat_map(|budget| {
            let most = budget.most.iter().map(|(metric, bytes)| (*metric, Limit::Bytes(*bytes)));
            let growth = budget.growth.map(|growth| match growth {
                Growth::Bytes(bytes) => Limit::Growth(bytes),
                Growth::Percent(percent) => Limit::GrowthPercent(percent),
            });
            let growth = growth.map(|limit| (budget.metric, limit));
            most.chain(growth).map(|(metric, limit)| Budget {
                pattern: budget.path.clone(),
                metric,
                limit,
                warns: budget.warns,
            })
        })
        .collect();
    let results = match budget::check(report, &budgets) {
        Ok(results) => results,
        Err(error) => {
            outcome.error(ExitCode::Usage, Diagnostic::error("config/budgets", error));
            Vec::new()
        }
    };
    let over = results.iter().filter(|result| result.over() > 0);
    for result in over.clone() {
        let what = if result.path.is_empty() {
            "all outputs together are".to_owned()
        } else {
            format!("`{}` is", result.path)
        };
        let message = format!(
            "{what} {} over the {} budget of {}",
            markdown::size(result.over()),
            result.budget.metric,
            markdown::size(result.most)
        );
        if result.fails() {
            outcome.error(ExitCode::Budget, Diagnostic::error("budget/over", message));
        } else {
            outcome.diagnostics.push(Diagnostic::warning("budget/over", message));
        }
    }
    let result = match (over.clone().any(budget::BudgetResult::fails), over.clone().count()) {
        (true, _) => GateResult::Fail,
        (false, 0) => GateResult::Pass,
        (false, _) => GateResult::Warn,
    };
    report.gates.push(Gate {
        name: "Size",
        result,
        evidence: format!(
            "{} sizes held against {} budgets, {} over",
            results.len(),
            budgets.len(),
            over.count()
        ),
    });
    report.budgets = results;
}

/// The report without values of guarded variables, which names of modules, packages and settings may hold. What was changed
/// goes through the record, which has all that is said.
fn masked<'a>(report: &'a Report, ports: &Ports<'_>) -> Cow<'a, Report> {
    if (ports.mask)(&lines(report)).is_none() {
        return Cow::Borrowed(report);
    }
    let mut facts = record(report);
    for fact in &mut facts {
        mask_texts(fact, ports.mask);
    }
    let text = facts.iter().fold(String::new(), |text, fact| text + &fact.to_string() + "\n");
    Cow::Owned(record::read(&text).unwrap_or_default())
}

/// Masks all texts in a value.
pub(super) fn mask_texts(value: &mut serde_json::Value, mask: &dyn Fn(&str) -> Option<String>) {
    match value {
        serde_json::Value::String(text) => {
            if let Some(masked) = mask(text) {
                *text = masked;
            }
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|one| mask_texts(one, mask)),
        serde_json::Value::Object(map) => {
            // A metafile has paths as keys.
            let fields = std::mem::take(map).into_iter().map(|(key, mut one)| {
                mask_texts(&mut one, mask);
                (mask(&key).unwrap_or(key), one)
            });
            *map = fields.collect();
        }
        _ => {}
    }
}

/// Puts the report where it is wanted: files, the job summary, the pull request.
pub(super) fn publish(
    config: &Config,
    ports: &Ports<'_>,
    report: &Report,
    dry_run: bool,
    outcome: &mut Outcome,
) {
    let report = &masked(report, ports);
    let text = markdown::render(report);
    if !dry_run {
        if let Some(file) = &config.report.file
            && let Err(error) = write_output(file, text.as_bytes())
        {
            outcome.error(ExitCode::Usage, cannot_write(file, &error));
        }
        write_record(config, ports, report, outcome);
    }
    if let Some(file) = &ports.runner.summary_file {
        let present = crate::fs::size(file).ok().flatten().unwrap_or_default();
        let room = markdown::SUMMARY_BYTES.saturating_sub(usize::try_from(present).unwrap_or(0));
        if let Err(error) = runner::add_summary(file, &markdown::fit(report, room)) {
            let message = format!("the job summary cannot be written: {error}");
            outcome.diagnostics.push(Diagnostic::warning("report/summary", message));
        }
    }
    if !dry_run && config.report.comments {
        (ports.progress)("posting the report");
        post(config, ports, report, outcome);
    }
    step_outputs(config, report, outcome);
    outcome.report = Some(text);
}

/// Writes the record that `report --merge` reads, where the settings name a file for it.
pub(super) fn write_record(
    config: &Config,
    ports: &Ports<'_>,
    report: &Report,
    outcome: &mut Outcome,
) {
    if let Some(file) = &config.report.record
        && let Err(error) = write_output(file, lines(&masked(report, ports)).as_bytes())
    {
        outcome.error(ExitCode::Usage, cannot_write(file, &error));
    }
}

/// What a later step may want to know.
fn step_outputs(config: &Config, report: &Report, outcome: &mut Outcome) {
    let total = report.total();
    let size = total.brotli.or(total.gzip).unwrap_or(total.raw);
    let path = |file: &Option<std::path::PathBuf>| {
        file.as_ref().map(|file| file.display().to_string()).unwrap_or_default()
    };
    let outputs = [
        ("leaks", report.leaks.len().to_string()),
        ("size", size.to_string()),
        ("report-path", path(&config.report.file)),
        ("record-path", path(&config.report.record)),
    ];
    outcome.step_outputs.extend(outputs);
}

/// The complete record, one fact a line.
fn lines(report: &Report) -> String {
    record(report).iter().fold(String::new(), |text, fact| text + &fact.to_string() + "\n")
}

/// `bundlegate report`: the report on finished outputs, without any gate but the budgets. Without the outputs, what a
/// metafile says is enough.
#[must_use]
pub fn run_report(config: &Config, ports: &Ports<'_>, format: ReportFormat) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(metafile) = outcome.take(ExitCode::Usage, metafile_of(config)) else {
        return outcome;
    };
    let mut metafile = metafile;
    name_packages(&mut metafile, config, ports);
    let report = assessed(config, ports, &metafile, &mut outcome);
    let without_comment = Config {
        report: crate::config::ReportConfig { comments: false, ..config.report.clone() },
        ..config.clone()
    };
    publish(&without_comment, ports, &report, false, &mut outcome);
    match format {
        ReportFormat::Markdown => {}
        ReportFormat::Json => {
            let json = serde_json::json!({ "facts": record(&report) });
            let text = serde_json::to_string_pretty(&json).expect("JSON always serialises");
            outcome.report = Some(text + "\n");
        }
        ReportFormat::Html => outcome.report = Some(html::render(&report)),
    }
    outcome
}

/// The report on a metafile, held against the base and the budgets of the settings, without what must not be shown.
pub(super) fn assessed(
    config: &Config,
    ports: &Ports<'_>,
    metafile: &Metafile,
    outcome: &mut Outcome,
) -> Report {
    let mut report = report_on(config, ports, metafile);
    check_budgets(config, &mut report, outcome);
    masked(&report, ports).into_owned()
}

/// The metafile of finished outputs, with sizes that were measured on them where they are there.
fn metafile_of(config: &Config) -> Result<Metafile, Diagnostic> {
    let Some((folder, file)) = &config.artifacts else {
        return Err(Diagnostic::error("config/artifacts", "there is nothing to report on").hint(
            "name a folder with `--artifacts`, a metafile with `--artifacts-metafile`, or both",
        ));
    };
    if folder.as_os_str().is_empty() {
        let file = file.clone().unwrap_or_default();
        let cannot = |error: &dyn std::fmt::Display| {
            let message = format!("`{}` cannot be read: {error}", file.display());
            Diagnostic::error("artifacts/read", message)
        };
        let json = DiskFileSystem.read(&file).map_err(|error| cannot(&error))?;
        return Metafile::parse(&json).map_err(|error| cannot(&error));
    }
    let (read, mut metafile) = read_outputs(folder, file.as_deref(), &config.root)?;
    measure(&mut metafile, &read.artifacts);
    measure_encoded(&mut metafile, &read.artifacts, config);
    Ok(metafile)
}
