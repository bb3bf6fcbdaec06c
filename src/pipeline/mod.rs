//! The whole way in order: build, scan, compress, seal, store, report.

mod asset_manifest;
mod base;
mod build;
mod comment;
mod deploy;
mod folder;
mod init;
mod mcp;
mod plan;
mod report;
mod scan;
mod serve;
mod shards;
mod sign;
mod worker;

use std::sync::Arc;

use crate::compress::{Coding, compress};
use crate::config::Config;
use crate::config::env::Environment;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{FileSystem, join};
use crate::github::RunnerEnv;
use crate::github::event::{LIVE_ON, Rights};
use crate::leak::{Finding, Findings, Scanned};
use crate::metafile::Metafile;
use crate::report::{Gate, GateResult, Report};
use crate::seal::METAFILE_NAME;
pub use build::run_build;
use build::{output_folder, outputs, write_metafile};
pub use comment::run_comment;
use deploy::store;
pub use deploy::{StoreCommand, run_pull, run_push, run_store};
pub use init::run_init;
pub use mcp::{Fresh, Refresh, run_mcp};
pub use plan::run_fit;
pub use report::{ReportFormat, run_report};
use report::{
    check_budgets, context, list_artifacts, measure, name_packages, publish, report_on,
    take_encoded, write_record,
};
pub use scan::{Mask, ScanFormat, ScanOptions, mask, run_scan};
use scan::{blocked, gate, leak_gate, leak_rows, write_sarif};
pub use serve::{ServeOptions, Teller, run_serve};
pub use shards::{projects, run_merge, run_plan, spread};
pub use sign::{KeyTarget, derived_secrets, run_decrypt, run_keygen, run_sign, run_verify};
use sign::{public_keys_only, seal_gate, seal_keys, seal_release, write_release};
use worker::check_worker;

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
    /// The time in seconds since 1970, against which signatures are held.
    pub now: u64,
    /// The root of the project as seen from that of its repository, without a slash at its end; empty where they are one.
    pub below: String,
    /// Takes a line on how far something is, as often as there is news.
    pub progress: &'a (dyn Fn(&str) + Sync),
    /// Takes values of guarded variables out of what is said.
    pub mask: &'a (dyn Fn(&str) -> Option<String> + Sync),
}

impl Ports<'_> {
    /// A path of the project as seen from the root of its repository, which is where readers of reports are.
    fn in_repository(&self, path: &str) -> String {
        join(&self.below, path)
    }
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
    /// Where the deployment stands, if it was stored.
    pub deployment: Option<String>,
    /// Where the report was posted.
    pub comment_url: Option<String>,
    /// What a later step may want to know: name and value.
    pub step_outputs: Vec<(&'static str, String)>,
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

    /// The value, or its error told.
    fn take<T>(&mut self, code: ExitCode, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|error| self.error(code, error)).ok()
    }

    /// The exit code: that of the first gate that failed.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        self.failed.iter().min().copied().unwrap_or(ExitCode::Fine)
    }
}

/// How artifacts came through the leak gate.
enum Gated {
    /// They may be sealed; what was found and stops nothing was told.
    Passed(Scanned, Vec<Finding>),
    /// Leaks were found; they were told.
    Blocked(Box<Findings>),
    /// The settings of the gate are wrong; that was told.
    Failed,
}

/// What the event of this run may do; the log says which row of the table applied.
fn rights(config: &Config, ports: &Ports<'_>, outcome: &mut Outcome) -> Rights {
    let usual = || LIVE_ON.map(str::to_owned).to_vec();
    let live_on = config.store.live_on.clone().unwrap_or_else(usual);
    let rights = Rights::of(&ports.runner, &live_on, config.store.previews);
    if ports.runner.is_runner {
        outcome.done.push(rights.line());
    }
    rights
}

/// The whole way. With `dry_run` nothing is written.
#[must_use]
pub fn run(config: &Config, ports: &Ports<'_>, dry_run: bool) -> Outcome {
    let mut outcome = release(config, ports, dry_run);
    // Whoever merges records has to know that one failed before there was anything to report.
    if outcome.report.is_none() && !dry_run && config.report.record.is_some() {
        let first = outcome.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
        let evidence = first.map(|first| first.code.to_owned()).unwrap_or_default();
        let report = Report {
            name: config.name.clone(),
            context: context(ports, None),
            gates: vec![Gate { name: "Build", result: GateResult::Fail, evidence }],
            ..Report::default()
        };
        write_record(config, ports, &report, &mut outcome);
    }
    outcome
}

fn release(config: &Config, ports: &Ports<'_>, dry_run: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let rights = rights(config, ports, &mut outcome);
    let Some((folder, mut metafile)) = outputs(config, ports, &mut outcome) else {
        return outcome;
    };
    let keys = match rights.without_secrets() {
        Some(_) => public_keys_only(config),
        None => seal_keys(config, ports.environment, false),
    };
    let Some(keys) = outcome.take(ExitCode::Seal, keys) else { return outcome };
    name_packages(&mut metafile, config, ports);
    (ports.progress)("measuring");
    measure(&mut metafile, &folder.artifacts);
    (ports.progress)("searching for leaks");
    let place = output_folder(config);
    let gated = gate(config, ports, folder.artifacts, &place, &metafile, &mut outcome);
    if !dry_run {
        let found: &[Finding] = match &gated {
            Gated::Passed(_, warnings) => warnings,
            Gated::Blocked(findings) => &findings.list,
            Gated::Failed => &[],
        };
        write_sarif(config, ports, found, &mut outcome);
    }
    let (scanned, warnings) = match gated {
        Gated::Passed(scanned, warnings) => (scanned, warnings),
        Gated::Blocked(findings) => {
            let base = Err("a leak was found, so nothing was compared".to_owned());
            // A report of a metafile with a secret in it would show that.
            let is_of_metafile = |finding: &Finding| finding.file == METAFILE_NAME;
            if findings.list.iter().any(is_of_metafile) {
                metafile = Metafile::default();
            }
            let mut report = Report::new(&config.name, &metafile, base);
            report.context = context(ports, None);
            blocked(config, ports, &findings, &mut report, &mut outcome);
            publish(config, ports, &report, dry_run, &mut outcome);
            return outcome;
        }
        Gated::Failed => return outcome,
    };
    let codings: Vec<Coding> =
        config.compress.iter().filter_map(|name| Coding::parse(name)).collect();
    (ports.progress)("compressing");
    let scanned = compress(scanned.fold(&folder.forms), &codings);
    take_encoded(&mut metafile, &scanned, config);
    (ports.progress)("comparing with the base");
    let mut report = report_on(config, ports, &metafile);
    report.leaks = leak_rows(ports, &warnings);
    report.gates.push(leak_gate(scanned.searched(), false, report.leaks.len()));
    check_budgets(config, &mut report, &mut outcome);
    check_worker(config, &metafile, &mut outcome);
    let sealed = seal_release(config, ports, &scanned, &keys, config.artifacts.is_none());
    let sealed = match sealed {
        Ok(sealed) => sealed,
        Err(problems) => {
            outcome.fail(ExitCode::Seal);
            outcome.diagnostics.extend(problems);
            return outcome;
        }
    };
    report.gates.push(seal_gate(config, &sealed, &keys, Some(&rights), &mut outcome));
    if !dry_run {
        write_release(config, &scanned, &sealed, &mut outcome);
        write_metafile(config, &metafile, &mut outcome);
    }
    list_artifacts(&mut report, &sealed);
    let stored = if outcome.exit_code() == ExitCode::Fine {
        (ports.progress)("storing");
        store(config, ports, &rights, &sealed, &metafile, &mut report, dry_run, &mut outcome)
    } else {
        skipped("Store", "held back: a gate failed")
    };
    report.gates.push(stored);
    report.deployment.clone_from(&outcome.deployment);
    outcome.step_outputs.push(("build-id", sealed.manifest().build_id.clone()));
    publish(config, ports, &report, dry_run, &mut outcome);
    outcome
}

fn skipped(name: &'static str, why: &str) -> Gate {
    Gate { name, result: GateResult::Skipped, evidence: why.to_owned() }
}
