//! `bundlegate plan` without shards: which of the deploy presets fits, by what the code asks of its runtime. Each
//! question is told with its answer, so that one can disagree.

use super::build::build;
use super::{Outcome, Ports};
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
    /// Other built-in modules of Node.
    node: Vec<String>,
    /// Entry points with a default export, as handlers of requests have.
    handlers: Vec<String>,
}

impl Needs {
    fn of(metafile: &Metafile) -> Self {
        let mut needs = Self::default();
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
                if !list.contains(path) {
                    list.push(path.clone());
                }
            }
            if let Some(entry) = &output.entry_point
                && output.exports.iter().any(|name| name == "default")
            {
                needs.handlers.push(entry.clone());
            }
        }
        needs
    }

    /// The preset that fits, and each question with its answer.
    fn decide(&self) -> (&'static str, Vec<String>) {
        let mut asked = Vec::new();
        let mut ask = |question: &str, list: &[String], none: &str| {
            let answer = if list.is_empty() {
                format!("no: {none}")
            } else {
                format!("yes: {}", list.join(", "))
            };
            asked.push(format!("{question} {answer}"));
            !list.is_empty()
        };
        let server: Vec<String> = self.bun.iter().chain(&self.server).cloned().collect();
        let preset = if ask(
            "Does it need a disk, processes or Bun's own modules?",
            &server,
            "no such module is imported",
        ) {
            "bun"
        } else if ask(
            "Is it written for the edge?",
            &self.workers,
            "nothing of `cloudflare:` is imported",
        ) {
            "workers"
        } else if ask(
            "Does it answer requests?",
            &self.handlers,
            "no entry point has a default export",
        ) {
            if self.node.is_empty() { "workers" } else { "bun" }
        } else if ask(
            "Does it need a runtime at all?",
            &self.node,
            "no built-in module is imported",
        ) {
            "memory"
        } else {
            "r2"
        };
        (preset, asked)
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

/// Says which deploy preset fits the entry points.
#[must_use]
pub fn run_fit(config: &Config, ports: &Ports<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    // What stays an import says what is asked for; nothing is written.
    let mut asked = config.clone();
    asked.bytecode = false;
    asked.build.target = Target::Bun;
    asked.build.packages = Packages::Bundle;
    asked.build.source_map = SourceMapMode::None;
    asked.build.env = EnvInlining { values: Default::default(), prefixes: Vec::new() };
    asked.build.external.push("cloudflare:*".to_owned());
    let bundled = build(&asked, ports);
    if has_errors(&bundled.diagnostics) {
        outcome.diagnostics = bundled.diagnostics;
        outcome.fail(ExitCode::Build);
        return outcome;
    }
    let (preset, asked) = Needs::of(&bundled.metafile).decide();
    let mut text = format!("deploy: {preset}\n\n{}\n\n", meaning(preset));
    for line in asked {
        text.push_str(&format!("- {line}\n"));
    }
    if config.deploy.as_deref().is_some_and(|chosen| chosen != preset) {
        let chosen = config.deploy.as_deref().unwrap_or_default();
        outcome.diagnostics.push(
            Diagnostic::warning("plan/deploy", format!("the settings say `deploy: {chosen}`"))
                .hint(format!(
                    "`{preset}` is what the imports ask for; keep yours if you know why"
                )),
        );
    }
    outcome.report = Some(text);
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(imports: &[&str], handler: bool, expected: &str) {
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
        assert_eq!(Needs::of(&metafile).decide().0, expected, "{imports:?}");
    }

    #[test]
    fn imports_decide() {
        check(&["node:fs"], true, "bun");
        check(&["bun:sqlite"], false, "bun");
        check(&["cloudflare:workers"], false, "workers");
        check(&[], true, "workers");
        check(&["node:path"], true, "bun");
        check(&["node:path"], false, "memory");
        check(&[], false, "r2");
    }
}
