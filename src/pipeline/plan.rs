//! `bundlegate plan` without shards: which of the deploy presets fits, by what the code asks of its runtime. Each
//! question is told with its answer, so that one can disagree.

use rayon::prelude::*;

use super::build::build;
use super::worker::larger_than_a_worker;
use super::{Outcome, Ports};
use crate::bundle::NameUse;
use crate::bundle::options::{EnvInlining, Packages, SourceMapMode, Target};
use crate::compress::gzip_size;
use crate::config::Config;
use crate::config::wrangler::Wrangler;
use crate::diag::{Diagnostic, ExitCode, has_errors};
use crate::fs::normalize;
use crate::metafile::Metafile;
use crate::report::markdown;

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

/// Functions and classes that listen for requests by themselves, which is a server's to do.
const SERVERS: &[&str] = &[
    "node:http.createServer",
    "node:http.Server",
    "node:https.createServer",
    "node:https.Server",
    "node:http2.createServer",
    "node:http2.createSecureServer",
    "node:net.createServer",
    "node:net.Server",
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
    /// What streams come from.
    streams: Vec<String>,
    /// Sizes that a Worker may not have.
    too_large: Vec<String>,
    /// That all sources are in the settings.
    in_settings: Vec<String>,
}

impl Needs {
    fn of(metafile: &Metafile, globals: &[NameUse], built_ins: &[NameUse]) -> Self {
        let mut needs = Self::default();
        for used in globals {
            let list = match used.name.split('.').next().unwrap_or_default() {
                "Bun" => &mut needs.bun,
                "WebSocketPair" | "caches" | "HTMLRewriter" => &mut needs.workers,
                "document" | "window" | "localStorage" => &mut needs.page,
                "ReadableStream" | "TransformStream" => &mut needs.streams,
                _ => continue,
            };
            add(list, &format!("`{}` at {}", used.name, used.location));
        }
        for used in built_ins.iter().filter(|used| SERVERS.contains(&used.name.as_str())) {
            add(&mut needs.server, &format!("`{}` at {}", used.name, used.location));
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
        let is_handler = !self.handlers.is_empty();
        let large = if is_handler { self.too_large.clone() } else { Vec::new() };
        let streams = if is_handler { self.streams.as_slice() } else { &[] };
        let streams = streams.iter().map(|stream| format!("{stream}, whose answers are streams"));
        let handlers = self.handlers.iter().cloned().chain(streams).collect();
        let questions = [
            ("Does it need a disk, processes, sockets or what is Bun's own?", server, "bun"),
            ("Is it written for the edge?", self.workers.clone(), "workers"),
            ("Is it made for a page?", self.page.clone(), "r2"),
            ("Are all its sources in the settings?", self.in_settings.clone(), "memory"),
            ("Is it too large for a Worker?", large, "bun"),
            ("Does it answer requests?", handlers, handler),
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
    asked.parts.clear();
    (asked.compile, asked.wrangler) = (false, None);
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
    let mut needs = Needs::of(&bundled.metafile, &bundled.globals, &bundled.built_ins);
    let wrangler = Wrangler::read(&config.root).ok().flatten();
    if let Some(Wrangler { classes, file, .. }) = &wrangler {
        let exports: Vec<&String> =
            bundled.metafile.outputs.values().flat_map(|output| &output.exports).collect();
        for class in classes.iter().filter(|class| exports.contains(class)) {
            add(&mut needs.workers, &format!("the class `{class}`, which `{file}` binds"));
        }
    }
    let gzip: u64 = bundled.artifacts.par_iter().map(gzip_size).sum();
    if let Some(most) = larger_than_a_worker(gzip) {
        needs.too_large = vec![format!(
            "{} with gzip, where a Worker may have {}",
            markdown::size(gzip),
            markdown::size(most)
        )];
    }
    let is_in_settings =
        |input: &String| config.files.contains_key(&normalize(&config.root.join(input)));
    if bundled.metafile.inputs.keys().all(is_in_settings) {
        needs.in_settings = vec!["`build.files`".to_owned()];
    }
    let (preset, answers) = needs.decide();
    if !config.deploy.is_empty() && config.deploy.iter().all(|chosen| chosen != preset) {
        let message = format!("the settings say `deploy: {}`", config.deploy.join(", "));
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
        let globals: Vec<NameUse> = globals
            .iter()
            .map(|name| NameUse { name: (*name).to_owned(), location: Location::file("a.ts") })
            .collect();
        let (built_ins, globals): (Vec<NameUse>, Vec<NameUse>) =
            globals.into_iter().partition(|used| used.name.starts_with("node:"));
        let needs = Needs::of(&metafile, &globals, &built_ins);
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
        check(&["node:http"], &["node:http.createServer"], false, "bun");
        check(&["node:http"], &["node:http.request"], false, "memory");
        check(&[], &["ReadableStream"], true, "workers");
    }
}
