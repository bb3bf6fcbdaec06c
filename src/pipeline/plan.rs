//! `bundlegate plan` without shards: which of the deploy presets fits, by what the code asks of its runtime. Each
//! question is told with its answer, so that one can disagree.

use super::build::build;
use super::{Outcome, Ports};
use crate::bundle::GlobalUse;
use crate::bundle::options::{EnvInlining, Packages, SourceMapMode, Target};
use crate::config::Config;
use crate::diag::{Diagnostic, ExitCode, has_errors};
use crate::metafile::Metafile;

/// Built-in modules that need a disk, processes or sockets of their own, which only a server has.
const OF_A_SERVER: &[&str] = &[
    "fs",
    "fs/promises",
    "child_process",
    "cluster",
    "worker_threads",
    "net",
    "tls",
    "dgram",
    "http2",
    "sqlite",
    "repl",
    "readline",
    "tty",
    "vm",
    "v8",
    "inspector",
];

/// What the kept code of the entry points asks of a runtime.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needs {
    bun: Vec<String>,
    server: Vec<String>,
    workers: Vec<String>,
    /// What only a page has.
    page: Vec<String>,
    /// Other built-in modules of Node.
    node: Vec<String>,
    /// Entry points with a default export, as handlers of requests have.
    handlers: Vec<String>,
}

impl Needs {
    fn of(metafile: &Metafile, globals: &[GlobalUse]) -> Self {
        let mut needs = Self::default();
        for used in globals {
            let list = match used.name.split('.').next().unwrap_or_default() {
                "Bun" => &mut needs.bun,
                "WebSocketPair" | "caches" | "HTMLRewriter" => &mut needs.workers,
                "document" | "window" | "localStorage" => &mut needs.page,
                _ => continue,
            };
            add(list, &format!("`{}` at {}", used.name, used.location));
        }
        for output in metafile.outputs.values() {
            for import in output.imports.iter().filter(|import| import.external) {
                let path = &import.path;
                let list = if path == "bun" || path.starts_with("bun:") {
                    &mut needs.bun
                } else if path.starts_with("cloudflare:") {
                    &mut needs.workers
                } else if OF_A_SERVER.contains(&path.strip_prefix("node:").unwrap_or(path)) {
                    &mut needs.server
                } else if path.starts_with("node:") {
                    &mut needs.node
                } else {
                    continue;
                };
                add(list, &format!("`{path}`"));
            }
            if let Some(entry) = &output.entry_point
                && output.exports.iter().any(|name| name == "default")
            {
                needs.handlers.push(format!("`{entry}` has a default export"));
            }
        }
        needs
    }

    /// The preset that fits, and each question up to it with its answer.
    fn decide(&self) -> (&'static str, Vec<Answer>) {
        let server: Vec<String> = self.bun.iter().chain(&self.server).cloned().collect();
        let handler = if self.node.is_empty() { "workers" } else { "bun" };
        let questions = [
            ("Does it need a disk, processes or what is Bun's own?", server, "bun"),
            ("Is it written for the edge?", self.workers.clone(), "workers"),
            ("Is it made for a page?", self.page.clone(), "r2"),
            ("Does it answer requests?", self.handlers.clone(), handler),
            ("Does it need a runtime at all?", self.node.clone(), "memory"),
        ];
        let mut answers = Vec::new();
        for (question, evidence, preset) in questions {
            let is_yes = !evidence.is_empty();
            answers.push(Answer { question, evidence, preset });
            if is_yes {
                return (preset, answers);
            }
        }
        ("r2", answers)
    }
}

/// A question with what speaks for a yes, and the preset that follows from one.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    question: &'static str,
    evidence: Vec<String>,
    preset: &'static str,
}

fn add(list: &mut Vec<String>, evidence: &str) {
    if list.iter().all(|known| known != evidence) {
        list.push(evidence.to_owned());
    }
}

/// What a preset is for, in a sentence.
fn meaning(preset: &str) -> &'static str {
    match preset {
        "bun" => "a server on Bun, with a disk; bytecode makes it start faster (`build.bytecode`)",
        "workers" => "a Worker at the edge: one ECMAScript module, no disk, answers are streams",
        "memory" => "evaluated from memory: for previews and for what is run once",
        _ => "files on R2 for browsers, with their compressed forms, behind a CDN",
    }
}

/// Says which deploy preset fits the entry points, in words and as a tree, or as JSON.
#[must_use]
pub fn run_fit(config: &Config, ports: &Ports<'_>, is_json: bool) -> Outcome {
    let mut outcome = Outcome::default();
    // What stays an import says what is asked for; nothing is written.
    let mut asked = config.clone();
    asked.bytecode = false;
    asked.build.target = Target::Bun;
    asked.build.packages = Packages::Bundle;
    asked.build.source_map = SourceMapMode::None;
    asked.build.env = EnvInlining { values: Default::default(), prefixes: Vec::new() };
    asked.build.external.extend(["node:*", "cloudflare:*"].map(str::to_owned));
    let bundled = build(&asked, ports);
    if has_errors(&bundled.diagnostics) {
        outcome.diagnostics = bundled.diagnostics;
        outcome.fail(ExitCode::Build);
        return outcome;
    }
    let (preset, answers) = Needs::of(&bundled.metafile, &bundled.globals).decide();
    if let Some(chosen) = config.deploy.as_deref().filter(|chosen| *chosen != preset) {
        let message = format!("the settings say `deploy: {chosen}`");
        let hint = format!("`{preset}` is what the code asks for; keep yours if you know why");
        outcome.diagnostics.push(Diagnostic::warning("plan/deploy", message).hint(hint));
    }
    outcome.report =
        Some(if is_json { as_json(preset, &answers) } else { as_text(preset, &answers) });
    outcome
}

/// The preset, why, and the tree of questions for whoever draws it.
fn as_text(preset: &str, answers: &[Answer]) -> String {
    let mut text = format!("deploy: {preset}\n\n{}\n\n", meaning(preset));
    for Answer { question, evidence, .. } in answers {
        let answer = match evidence.as_slice() {
            [] => "no".to_owned(),
            list => format!("yes: {}", list.join(", ")),
        };
        text.push_str(&format!("- {question} {answer}\n"));
    }
    text.push_str("\n```mermaid\nflowchart TD\n");
    for (index, Answer { question, preset, evidence }) in answers.iter().enumerate() {
        text.push_str(&format!("  q{index}{{\"{question}\"}} -->|yes| p{index}[\"{preset}\"]\n"));
        let next = index + 1;
        match (evidence.is_empty(), next < answers.len()) {
            (true, true) => text.push_str(&format!("  q{index} -->|no| q{next}\n")),
            (true, false) => text.push_str(&format!("  q{index} -->|no| p{next}[\"r2\"]\n")),
            (false, _) => text.push_str(&format!("  style p{index} stroke-width:4px\n")),
        }
    }
    text.push_str("```\n");
    text
}

fn as_json(preset: &str, answers: &[Answer]) -> String {
    let answers: Vec<serde_json::Value> = answers
        .iter()
        .map(|answer| {
            serde_json::json!({
                "question": answer.question,
                "yes": !answer.evidence.is_empty(),
                "evidence": answer.evidence,
                "preset": answer.preset,
            })
        })
        .collect();
    let json = serde_json::json!({ "deploy": preset, "why": meaning(preset), "answers": answers });
    serde_json::to_string_pretty(&json).expect("JSON always serialises") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Location;

    #[track_caller]
    fn check(imports: &[&str], globals: &[&str], handler: bool, expected: &str) {
        let mut metafile = Metafile::default();
        let external = |path: &&str| crate::metafile::Import {
            path: (*path).to_owned(),
            external: true,
            ..crate::metafile::Import::default()
        };
        let output = crate::metafile::Output {
            entry_point: Some("a.ts".to_owned()),
            exports: handler.then(|| "default".to_owned()).into_iter().collect(),
            imports: imports.iter().map(external).collect(),
            ..crate::metafile::Output::default()
        };
        metafile.outputs.insert("a.js".to_owned(), output);
        let globals: Vec<GlobalUse> = globals
            .iter()
            .map(|name| GlobalUse { name: (*name).to_owned(), location: Location::file("a.ts") })
            .collect();
        let needs = Needs::of(&metafile, &globals);
        assert_eq!(needs.decide().0, expected, "{imports:?} {globals:?}");
    }

    #[test]
    fn imports_decide() {
        check(&["node:fs"], &[], true, "bun");
        check(&["bun:sqlite"], &[], false, "bun");
        check(&["cloudflare:workers"], &[], false, "workers");
        check(&[], &[], true, "workers");
        check(&["node:path"], &[], true, "bun");
        check(&["node:path"], &[], false, "memory");
        check(&[], &[], false, "r2");
        check(&[], &["Bun.serve"], false, "bun");
        check(&[], &["WebSocketPair"], true, "workers");
        check(&["node:path"], &["caches.default"], true, "workers");
        check(&[], &["document.body"], true, "r2");
    }
}
