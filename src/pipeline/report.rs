//! Sizes, budgets, and where the report goes.

use std::collections::BTreeMap;

use super::build::{cannot_write, read_outputs};
use super::{Outcome, Ports, skipped};
use crate::artifact::BuildArtifact;
use crate::compress::gzip_size;
use crate::config::Config;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::write_output;
use crate::github::runner;
use crate::leak::Scanned;
use crate::report::budget::{self, Budget};
use crate::report::{Gate, GateResult, Report, Sizes, is_source_map, markdown};

/// Sizes of outputs before they are compressed.
pub(super) fn measure(artifacts: &[BuildArtifact]) -> BTreeMap<String, Sizes> {
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

/// Adds the sizes with brotli; what grows is sent as it is.
pub(super) fn brotli_sizes(artifacts: &[BuildArtifact], sizes: &mut BTreeMap<String, Sizes>) {
    use rayon::prelude::*;
    let encoded: Vec<(&str, u64)> = artifacts
        .par_iter()
        .filter(|artifact| !is_source_map(artifact.path.as_str()))
        .map(|artifact| {
            let bytes = artifact.body.bytes();
            let encoded = crate::compress::brotli(bytes).len().min(bytes.len());
            (artifact.path.as_str(), encoded as u64)
        })
        .collect();
    for (path, bytes) in encoded {
        if let Some(sizes) = sizes.get_mut(path) {
            sizes.brotli = Some(bytes);
        }
    }
}

/// Takes the brotli sizes from the siblings; what has none is counted as it is, which is how it will be sent.
pub(super) fn add_encoded_sizes(report: &mut Report, scanned: &Scanned) {
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

/// Puts the report where it is wanted.
pub(super) fn publish(
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
    brotli_sizes(&artifacts, &mut sizes);
    let mut report = Report::new(&config.name, &metafile, &sizes);
    check_budgets(config, &mut report, &mut outcome);
    publish(config, ports, &report, false, &mut outcome);
    outcome
}
