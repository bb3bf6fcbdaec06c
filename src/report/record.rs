//! The complete record: one JSON object a fact, with exact bytes as `[base, head]`. For programs, language models and
//! `grep`; it stands in the comment as JSON Lines, and `report --format json` prints it.

use serde_json::{Value, json};

use super::budget::{Budget, BudgetResult, Limit};
use super::diff::{ModuleRow, PackageRow};
use super::{ArtifactRow, Baseline, Context, Gate, GateResult, LeakRow, OutputRow, Report, Sizes};

/// The facts of a report.
#[must_use]
pub fn record(report: &Report) -> Vec<Value> {
    let context = &report.context;
    let mut facts = Vec::new();
    let (base_from, no_base) = match &report.baseline {
        Baseline::Some(label) => (Some(label), None),
        Baseline::None(reason) => (None, Some(reason)),
    };
    let total = report.total();
    let before = report.total_before();
    facts.push(compact(json!({
        "t": "run", "v": 1, "key": report.name, "repo": text(&context.repository), "pr": context.pull_request,
        "event": text(&context.event), "fork": context.is_fork, "commit": text(&context.commit),
        "head": text(&context.head), "base": text(&context.base), "run": text(&context.run),
        "base_from": base_from, "no_base": no_base, "passes": report.passes(),
        "raw": pair(before.map(|sizes| sizes.raw), Some(total.raw)),
        "gzip": pair(before.and_then(|sizes| sizes.gzip), total.gzip),
        "brotli": pair(before.and_then(|sizes| sizes.brotli), total.brotli),
        "zstd": pair(before.and_then(|sizes| sizes.zstd), total.zstd),
        "version": env!("CARGO_PKG_VERSION"),
    })));
    for row in &report.outputs {
        let before = row.before;
        facts.push(compact(json!({
            "t": "output", "name": row.title, "file": row.path, "entry": row.entry_point,
            "raw": pair(before.map(|sizes| sizes.raw), Some(row.sizes.raw)),
            "gzip": pair(before.and_then(|sizes| sizes.gzip), row.sizes.gzip),
            "brotli": pair(before.and_then(|sizes| sizes.brotli), row.sizes.brotli),
            "zstd": pair(before.and_then(|sizes| sizes.zstd), row.sizes.zstd),
        })));
    }
    for (path, sizes) in &report.removed {
        facts.push(compact(json!({
            "t": "output", "change": "removed", "file": path, "raw": [sizes.raw, 0],
            "gzip": sizes.gzip.map(|bytes| [bytes, 0]), "brotli": sizes.brotli.map(|bytes| [bytes, 0]),
        })));
    }
    for result in &report.budgets {
        let (kind, limit) = match result.budget.limit {
            Limit::Bytes(bytes) => ("max", bytes),
            Limit::Growth(bytes) => ("growth", bytes),
            Limit::GrowthPercent(percent) => ("growth_percent", percent),
        };
        let mut fact = json!({
            "t": "budget", "pattern": result.budget.pattern, "file": text(&result.path),
            "metric": result.budget.metric, "actual": result.actual, "most": result.most, "over": result.over(),
            "fails": result.fails(),
        });
        fact[kind] = limit.into();
        facts.push(compact(fact));
    }
    let has_base = base_from.is_some();
    for row in
        report.modules.iter().filter(|row| !has_base || row.change() != 0 || !row.reason.is_empty())
    {
        facts.push(compact(json!({
            "t": "module", "output": row.output, "path": row.path, "pkg": row.package,
            "bytes": pair(has_base.then_some(row.before), Some(row.bytes)), "why": text(&row.reason),
        })));
    }
    for package in &report.packages {
        let bytes = pair(has_base.then_some(package.before), Some(package.bytes));
        if has_base && package.change() != "same" {
            facts.push(compact(json!({
                "t": "dep", "change": package.change(), "name": package.name, "versions": package.versions,
                "before": package.versions_before, "bytes": bytes, "importers": package.importers,
            })));
        }
        if package.is_duplicate() {
            facts.push(compact(json!({
                "t": "dup", "name": package.name, "versions": package.versions, "bytes": bytes,
                "importers": package.importers,
            })));
        }
    }
    for gate in &report.gates {
        let result = match gate.result {
            GateResult::Pass => "pass",
            GateResult::Warn => "warn",
            GateResult::Fail => "fail",
            GateResult::Skipped => "skipped",
        };
        facts.push(
            json!({ "t": "gate", "name": gate.name, "result": result, "evidence": gate.evidence }),
        );
    }
    for leak in &report.leaks {
        facts.push(compact(json!({
            "t": "leak", "env": leak.variable, "at": leak.place, "form": leak.form, "source": leak.source,
        })));
    }
    for row in &report.artifacts {
        facts.push(compact(json!({
            "t": "artifact", "file": row.path, "sha256": row.sha256, "hmac": row.hmac,
        })));
    }
    if let Some(place) = &report.deployment {
        facts.push(json!({ "t": "deployment", "manifest": place }));
    }
    facts
}

fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// `[base, head]`; without a base `[null, head]`; nothing when head was not measured.
fn pair(before: Option<u64>, now: Option<u64>) -> Option<[Option<u64>; 2]> {
    now.map(|now| [before, Some(now)])
}

/// Without the keys that say nothing.
fn compact(mut fact: Value) -> Value {
    if let Some(map) = fact.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    fact
}

/// Reads a record again: from lines that anybody may have written, so only what has the right shape is taken.
///
/// # Errors
/// There is no fact of the run, or a line is no JSON, as a sentence.
pub fn read(lines: &str) -> Result<Report, String> {
    let mut report = Report::default();
    let mut has_run = false;
    for (index, line) in lines.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let fact: Value =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", index + 1))?;
        match fact["t"].as_str().unwrap_or_default() {
            "run" => {
                has_run = true;
                read_run(&fact, &mut report);
            }
            "output" if fact["change"] == "removed" => {
                report.removed.push((string(&fact, "file"), side(&fact, 0).unwrap_or_default()));
            }
            "output" => report.outputs.push(OutputRow {
                path: string(&fact, "file"),
                title: string(&fact, "name"),
                entry_point: fact["entry"].as_str().map(str::to_owned),
                sizes: side(&fact, 1).unwrap_or_default(),
                before: side(&fact, 0),
            }),
            "module" => report.modules.push(ModuleRow {
                path: string(&fact, "path"),
                output: string(&fact, "output"),
                before: fact["bytes"][0].as_u64().unwrap_or_default(),
                bytes: fact["bytes"][1].as_u64().unwrap_or_default(),
                reason: string(&fact, "why"),
                package: fact["pkg"].as_str().map(str::to_owned),
            }),
            kind @ ("dep" | "dup") => {
                let versions = strings(&fact, "versions");
                let is_same = kind == "dup";
                let row = PackageRow {
                    name: string(&fact, "name"),
                    versions_before: if is_same {
                        versions.clone()
                    } else {
                        strings(&fact, "before")
                    },
                    versions,
                    before: fact["bytes"][0].as_u64().unwrap_or_default(),
                    bytes: fact["bytes"][1].as_u64().unwrap_or_default(),
                    importers: strings(&fact, "importers"),
                };
                if !report.packages.iter().any(|package| package.name == row.name) {
                    report.packages.push(row);
                }
            }
            "gate" => {
                let name = GATES.into_iter().find(|name| fact["name"] == *name);
                let result = match fact["result"].as_str() {
                    Some("pass") => GateResult::Pass,
                    Some("warn") => GateResult::Warn,
                    Some("fail") => GateResult::Fail,
                    _ => GateResult::Skipped,
                };
                let evidence = string(&fact, "evidence");
                report.gates.extend(name.map(|name| Gate { name, result, evidence }));
            }
            "leak" => report.leaks.push(LeakRow {
                variable: string(&fact, "env"),
                place: string(&fact, "at"),
                form: string(&fact, "form"),
                source: fact["source"].as_str().map(str::to_owned),
            }),
            "budget" => report.budgets.extend(read_budget(&fact)),
            "artifact" => report.artifacts.push(ArtifactRow {
                path: string(&fact, "file"),
                sha256: string(&fact, "sha256"),
                hmac: fact["hmac"].as_str().map(str::to_owned),
            }),
            "deployment" => report.deployment = fact["manifest"].as_str().map(str::to_owned),
            _ => {}
        }
    }
    if has_run { Ok(report) } else { Err("it has no fact of a run".to_owned()) }
}

/// Gates that a report can have; `Build` only where nothing came of it.
pub(super) const GATES: [&str; 5] = ["Build", "Leaks", "Size", "Signatures", "Store"];

fn read_run(fact: &Value, report: &mut Report) {
    report.name = string(fact, "key");
    report.context = Context {
        repository: string(fact, "repo"),
        pull_request: fact["pr"].as_u64(),
        event: string(fact, "event"),
        is_fork: fact["fork"] == true,
        commit: string(fact, "commit"),
        head: string(fact, "head"),
        base: string(fact, "base"),
        run: string(fact, "run"),
        run_url: String::new(),
    };
    report.baseline = match fact["base_from"].as_str() {
        Some(label) => Baseline::Some(label.to_owned()),
        None => Baseline::None(string(fact, "no_base")),
    };
}

fn read_budget(fact: &Value) -> Option<BudgetResult> {
    let metric =
        ["raw", "gzip", "brotli", "zstd"].into_iter().find(|name| fact["metric"] == *name)?;
    let limit = if let Some(bytes) = fact["growth"].as_u64() {
        Limit::Growth(bytes)
    } else if let Some(percent) = fact["growth_percent"].as_u64() {
        Limit::GrowthPercent(percent)
    } else {
        Limit::Bytes(fact["max"].as_u64()?)
    };
    let budget = Budget {
        pattern: fact["pattern"].as_str().map(str::to_owned),
        metric,
        limit,
        warns: fact["fails"] == false && fact["over"].as_u64() != Some(0),
    };
    let (actual, most) = (fact["actual"].as_u64()?, fact["most"].as_u64()?);
    Some(BudgetResult { budget, path: string(fact, "file"), actual, most })
}

fn string(fact: &Value, key: &str) -> String {
    fact[key].as_str().unwrap_or_default().to_owned()
}

fn strings(fact: &Value, key: &str) -> Vec<String> {
    let list = fact[key].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// Base (0) or head (1) of a fact's sizes; `None` when it was not there.
fn side(fact: &Value, index: usize) -> Option<Sizes> {
    let size = |name: &str| fact[name][index].as_u64();
    Some(Sizes {
        raw: size("raw")?,
        gzip: size("gzip"),
        brotli: size("brotli"),
        zstd: size("zstd"),
    })
}
