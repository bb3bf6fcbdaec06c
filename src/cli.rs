//! The command line: clap `Command`s made from `config::settings`, and exit codes.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anstream::{AutoStream, ColorChoice};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::env::{Environment, arguments, working_folder};
use crate::config::file::FILE_NAME;
use crate::config::generate;
use crate::config::settings::{Kind, SETTINGS, Setting, json_schema, on};
use crate::config::value::{self, Layer};
use crate::config::{Config, SettingsFile, file};
use crate::diag::render::render;
use crate::diag::{Diagnostic, ExitCode, Severity};
use crate::fs::{DiskFileSystem, FileSystem as _};
use crate::github::RunnerEnv;
use crate::github::runner::{add_outputs, annotation, defused, mask_command};
use crate::habits::spelt_out;
use crate::pipeline::{
    self, KeyTarget, Outcome, Ports, ReportFormat, ScanFormat, ScanOptions, ServeOptions,
    StoreCommand,
};
use crate::serve::SiteOptions;
use crate::store::Prune;

/// Nothing is silent for longer.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// Stack of each thread. Code can be nested deeply, and its parser is recursive; pages are taken only when used.
const STACK_BYTES: usize = 512 * 1024 * 1024;

/// Runs the command line of this process and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    quiet_panics();
    crate::secret::keep_out_of_core_files();
    let matches = match command().try_get_matches_from(spelt_out(arguments())) {
        Ok(matches) => matches,
        Err(error) => {
            let is_help = !error.use_stderr();
            // It repeats what was asked for, which may be a secret in the wrong place.
            let text = error.render().to_string();
            let mask = || pipeline::mask(&Environment::read(), None)(&text);
            let masked = if is_help { None } else { mask() };
            // A closed pipe is no reason for another message.
            let _ = match masked {
                Some(text) => std::io::stderr().lock().write_all(text.as_bytes()),
                None => error.print(),
            };
            return if is_help { ExitCode::Fine } else { ExitCode::Usage };
        }
    };
    let threads = matches.get_one::<usize>("threads").copied().unwrap_or_default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build();
    let Ok(pool) = pool else { return ExitCode::Bug };
    pool.install(|| dispatch(&matches))
}

/// A panic is our bug. Its message may hold a part of somebody's secrets, so only its place is told.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "error[internal]: bundlegate failed at {place}");
        let _ = writeln!(
            stderr,
            "  hint: this is a bug of ours; please report it with that place and what you ran"
        );
        if cfg!(debug_assertions) {
            let _ = writeln!(stderr, "{panic}");
        }
    }));
}

fn command() -> Command {
    Command::new("bundlegate")
        .version(env!("CARGO_PKG_VERSION"))
        .about("From JavaScript and TypeScript source to a gated release")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(global(
            "config",
            "FILE",
            "Settings file [default: bundlegate.yml, where a command needs one]",
        ))
        .arg(
            Arg::new("threads")
                .long("threads")
                .value_name("N")
                .global(true)
                .value_parser(clap::value_parser!(usize))
                .help("Threads to use [default: one for each core]"),
        )
        .arg(
            global(
                "log-format",
                "FORMAT",
                "How messages are written [default: github on a runner, else text]",
            )
            .value_parser(["text", "github", "json"]),
        )
        .arg(
            global("color", "WHEN", "Colours in messages [default: auto]")
                .value_parser(["auto", "always", "never"]),
        )
        .arg(
            Arg::new("quiet")
                .short('q')
                .long("quiet")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Errors and results only"),
        )
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Say, too, which folder is the root"),
        )
        .subcommands(gate_commands())
        .subcommands(seal_commands())
        .subcommands(store_commands())
}

/// A sub-command with the flags of its settings.
fn sub(name: &'static str, about: &'static str, mask: u16) -> Command {
    SETTINGS
        .iter()
        .filter(|setting| setting.on & mask != 0)
        .fold(Command::new(name).about(about), |command, setting| command.arg(flag(setting)))
}

fn one(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(name).required(true).help(help)
}

fn paths(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(name).num_args(1..).help(help)
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// From sources to what passed the gates.
fn gate_commands() -> Vec<Command> {
    vec![
        sub("run", "The whole way: build, scan, compress, sign, store, report", on::RUN)
            .arg(switch("dry-run", "Write and store nothing"))
            .arg(Arg::new("shard").long("shard").value_name("I/N").help(
                "Run the projects below this folder that are in the shard I of `plan --shards N`",
            ))
            .arg(
                Arg::new("records")
                    .long("records")
                    .value_name("DIR")
                    .default_value(".bundlegate/records")
                    .help("Where a shard writes the record of each project"),
            ),
        sub("build", "Bundle", on::BUILD).arg(paths("ENTRY", "Files a build starts from")),
        sub("scan", "The leak gate over files and folders", on::SCAN)
            .arg(paths("PATH", "Files and folders").required(true))
            .arg(
                Arg::new("format")
                    .long("format")
                    .value_name("FORMAT")
                    .value_parser(["text", "json", "sarif"])
                    .default_value("text")
                    .help("What is printed: messages, JSON, or SARIF 2.1.0"),
            )
            .arg(switch("explain", "Say for each variable why it is guarded or not"))
            .arg(switch(
                "browser",
                "The files are for a browser: report reads of guarded variables",
            )),
        sub("report", "Report on finished outputs, compared with a base", on::REPORT)
            .arg(
                Arg::new("format")
                    .long("format")
                    .value_name("FORMAT")
                    .value_parser(["md", "json", "html"])
                    .default_value("md")
                    .help("Markdown, the complete record as JSON, or a page with a treemap"),
            )
            .arg(
                Arg::new("merge")
                    .long("merge")
                    .value_name("DIR")
                    .help("One report of the records of all shards, posted as one comment"),
            )
            .arg(switch("go-live", "Make the builds of merged records live, if every part passed")),
        Command::new("plan")
            .about("Which deploy preset fits the code; or the jobs of a matrix for many projects")
            .arg(paths("ENTRY", "Files to start from, instead of those of the settings"))
            .arg(
                Arg::new("shards")
                    .long("shards")
                    .value_name("N")
                    .conflicts_with("ENTRY")
                    .value_parser(clap::value_parser!(u16).range(1..=256))
                    .help("Spread the projects below this folder over so many jobs of a matrix"),
            )
            .arg(switch("json", "Print the answer and its reasons as JSON")),
        sub("comment", "Post the report of a record on its pull request", on::COMMENT).arg(
            Arg::new("from")
                .long("from")
                .value_name("RECORD")
                .required(true)
                .help("The record that `report.record` wrote in a run with fewer rights"),
        ),
        sub("serve", "Serve a folder, a deployment, or a build in memory", on::SERVE)
            .arg(Arg::new("LOCATION").value_name("LOCATION").help(
                "FOLDER, or dir:STORE/NAME and the like, which is verified first [default: what the settings build]",
            ))
            .arg(
                Arg::new("host")
                    .long("host")
                    .value_name("ADDRESS")
                    .default_value("127.0.0.1")
                    .help("The address to listen on; 0.0.0.0 lets other machines reach it"),
            )
            .arg(
                Arg::new("port")
                    .long("port")
                    .value_name("PORT")
                    .value_parser(clap::value_parser!(u16))
                    .default_value("4173")
                    .help("The port; 0 is any that is free"),
            )
            .arg(switch("watch", "Build again when a source changes, and load open pages again"))
            .arg(switch("spa", "Answer paths of no file with the page at the top"))
            .arg(switch("no-policy", "Send no content security policy with pages"))
            .arg(switch("isolated", "Isolate pages from others (COOP and COEP), as shared memory needs it")),
        Command::new("mcp")
            .about("The store and the build as tools of the Model Context Protocol, over standard input and output")
            .arg(switch("allow-changes", "Have tools that change what is live, too: promote, rollback, release")),
        Command::new("init").about("Write bundlegate.yml and a workflow to start from"),
        Command::new("schema").about("JSON Schema of bundlegate.yml"),
        Command::new("generate")
            .about("Write action.yml, or the reference page")
            .hide(true)
            .arg(one("WHAT", "Which").value_parser(["action", "reference"])),
    ]
}

/// Making and opening seals.
fn seal_commands() -> Vec<Command> {
    vec![
        sub("sign", "Lock and sign a folder that passes the leak gate", on::SIGN)
                .arg(one("DIR", "The folder"))
                .arg(
                    Arg::new("out").long("out").value_name("DIR").help(
                        "Write the sealed files there, and leave the folder as it is [needed to encrypt]",
                    ),
                ),
        sub("verify", "Check a folder, a lock, or a deployment in a store", on::VERIFY).arg(
                Arg::new("LOCATION")
                    .value_name("LOCATION")
                    .required(true)
                    .help("FOLDER, bundlegate.lock, or dir:STORE/NAME"),
            )
            .arg(
                switch("rebuild", "Build again with the settings here, and compare the bytes"),
            )
            .arg(expect()),
        sub("decrypt", "Open what is encrypted in a folder", on::DECRYPT)
                .arg(one("DIR", "The folder, with its manifest"))
                .arg(one("OUT", "Where the files go")),
        Command::new("keygen")
                .about("Make keys")
                .arg(
                    Arg::new("KIND")
                        .value_name("KIND")
                        .required(true)
                        .value_parser(["hmac", "signing", "recipient"])
                        .help("hmac: one shared key; signing: Ed25519 and ML-DSA-65; recipient: X-Wing, to encrypt for"),
                )
                .arg(
                    Arg::new("out").long("out").value_name("FILE").help(
                        "Write the secret there, readable by the owner alone, and what is public to FILE.pub",
                    ),
                )
                .arg(
                    Arg::new("keychain")
                        .long("keychain")
                        .value_name("NAME")
                        .help("Put the secret into the keychain of this machine"),
                )
                .arg(
                    switch("stdout", "Print the secret"),
                ),
    ]
}

/// What is done with a store.
fn store_commands() -> Vec<Command> {
    let place = || one("STORE/NAME", "The deployment, with @CHANNEL or @BUILD behind it");
    let dry_run = || switch("dry-run", "Say what would be done, and do nothing");
    vec![
        sub("push", "Upload a signed folder as one atomic deployment", on::PUSH)
            .arg(one("DIR", "The folder, sealed by `sign` or `run`"))
            .arg(one("STORE", "r2://BUCKET/PREFIX, s3://BUCKET/PREFIX or dir:PATH"))
            .arg(dry_run()),
        sub("pull", "Download, verify and decrypt a deployment", on::PULL)
            .arg(place())
            .arg(one("DIR", "Where the files go"))
            .arg(expect()),
        sub("promote", "Make a build live in a channel", on::STORE).arg(place()),
        sub("rollback", "Make live what was live before", on::STORE).arg(place()).arg(
            Arg::new("to").long("to").value_name("BUILD").help("A build that was live before that"),
        ),
        sub("list", "List builds, the newest first", on::STORE).arg(place()),
        sub("prune", "Remove builds that are not live", on::STORE)
            .arg(place())
            .arg(
                Arg::new("keep")
                    .long("keep")
                    .value_name("N")
                    .value_parser(clap::value_parser!(usize))
                    .default_value("10")
                    .help("How many of the newest stay"),
            )
            .arg(
                Arg::new("days")
                    .long("days")
                    .value_name("N")
                    .value_parser(clap::value_parser!(u64))
                    .help("Builds that are younger stay, too"),
            )
            .arg(
                Arg::new("drop")
                    .long("drop")
                    .value_name("CHANNEL")
                    .action(ArgAction::Append)
                    .help("Drop a channel, such as pr-7, first; what is live in it alone may go"),
            )
            .arg(dry_run()),
    ]
}

fn expect() -> Arg {
    Arg::new("expect").long("expect").value_name("BUILD|RECORD").help(
        "The build that it must be: its id, or the record of the run that made it (`report.record`)",
    )
}

fn global(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).global(true).help(help)
}

fn flag(setting: &'static Setting) -> Arg {
    let help = format!("{} [default: {}]", setting.help, setting.default);
    let arg = Arg::new(setting.name).long(setting.name).help(help);
    match setting.kind {
        Kind::Switch => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("BOOL")
            .action(ArgAction::Set)
            .hide_possible_values(true),
        Kind::Choice(words) => arg
            .value_name(setting.value)
            .value_parser(clap::builder::PossibleValuesParser::new(words)),
        Kind::List | Kind::Choices(_) | Kind::Map | Kind::KeySources | Kind::Records(_) => {
            arg.value_name(setting.value).action(ArgAction::Append).allow_hyphen_values(true)
        }
        Kind::Text | Kind::KeySource => arg.value_name(setting.value).allow_hyphen_values(true),
    }
}

/// What the flags of a sub-command say.
fn flags(matches: &ArgMatches, mask: u16) -> Result<Layer, Vec<Diagnostic>> {
    let mut layer = Layer::new();
    let mut errors = Vec::new();
    for setting in SETTINGS.iter().filter(|setting| setting.on & mask != 0) {
        if matches.value_source(setting.name) != Some(ValueSource::CommandLine) {
            continue;
        }
        let texts: Vec<String> =
            matches.get_many::<String>(setting.name).into_iter().flatten().cloned().collect();
        match value::parse(setting.kind, &texts.join("\n")) {
            Ok(value) => {
                layer.insert(setting.name, value);
            }
            Err(error) => errors
                .push(Diagnostic::error("config/flag", format!("`--{}` {error}", setting.name))),
        }
    }
    if errors.is_empty() { Ok(layer) } else { Err(errors) }
}

/// How and where messages go.
struct Log<'a> {
    format: Format,
    color: bool,
    least: Severity,
    environment: &'a Environment,
    /// The settings, once they are known.
    config: Option<Config>,
    /// Made when there is something to say.
    mask: OnceLock<Box<pipeline::Mask>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Text,
    Github,
    Json,
}

impl<'a> Log<'a> {
    fn new(matches: &ArgMatches, is_runner: bool, environment: &'a Environment) -> Self {
        let format = match matches.get_one::<String>("log-format").map(String::as_str) {
            Some("github") => Format::Github,
            Some("json") => Format::Json,
            None if is_runner => Format::Github,
            _ => Format::Text,
        };
        let color = match matches.get_one::<String>("color").map(String::as_str) {
            Some("always") => true,
            Some("never") => false,
            // As the environment wants it: `NO_COLOR`, `CLICOLOR_FORCE`, `TERM`.
            _ => AutoStream::choice(&std::io::stderr()) != ColorChoice::Never,
        };
        let least = if matches.get_flag("quiet") { Severity::Error } else { Severity::Note };
        Self { format, color, least, environment, config: None, mask: OnceLock::new() }
    }

    fn masked(&self, text: &str) -> Option<String> {
        let mask = || pipeline::mask(self.environment, self.config.as_ref());
        self.mask.get_or_init(mask)(text)
    }

    /// Takes the settings, which may name more values that must not be shown.
    fn set_config(&mut self, config: &Config) {
        self.config = Some(config.clone());
        self.mask = OnceLock::new();
    }

    /// Writes a message. `below` is where its paths begin, as seen from the root of the repository: programs stand there,
    /// people in the folder of the project.
    fn diagnostic(&self, diagnostic: &Diagnostic, below: &str) {
        if diagnostic.severity > self.least {
            return;
        }
        // A message may quote what it is about: an argument, a line of a file.
        let diagnostic = diagnostic.clone().masked(|text| self.masked(text));
        let placed = || diagnostic.clone().seen_from(|path| crate::fs::join(below, path));
        let text = match self.format {
            Format::Text => render(&diagnostic, self.color),
            Format::Github => format!("{}\n", annotation(&placed())),
            Format::Json => format!("{}\n", to_json(&placed())),
        };
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Where news of something long goes: over one line of a terminal, or else a line when nothing was said for ten
    /// seconds, also when there is no news. Nothing where `is_long` is false.
    fn progress(&self, is_long: bool) -> impl Fn(&str) + Sync + use<> {
        let is_dumb = self.environment.plain("TERM") == Some("dumb");
        let is_terminal =
            std::io::stderr().is_terminal() && !is_dumb && self.format == Format::Text;
        let is_wanted = is_long && self.least > Severity::Error && self.format != Format::Json;
        let start = std::time::Instant::now();
        let pulse = Arc::new(std::sync::Mutex::new((start, "working".to_owned())));
        if is_wanted && !is_terminal {
            let pulse = Arc::clone(&pulse);
            // It ends with the process.
            std::thread::spawn(move || {
                loop {
                    std::thread::sleep(SILENCE / 10);
                    let Ok(mut pulse) = pulse.lock() else { return };
                    if pulse.0.elapsed() >= SILENCE {
                        pulse.0 = std::time::Instant::now();
                        let seconds = start.elapsed().as_secs();
                        let _ = writeln!(std::io::stderr().lock(), "{} ({seconds} s)", pulse.1);
                    }
                }
            });
        }
        move |news: &str| {
            let Ok(mut pulse) = pulse.lock() else { return };
            news.clone_into(&mut pulse.1);
            if is_wanted && is_terminal && pulse.0.elapsed().as_millis() >= 100 {
                pulse.0 = std::time::Instant::now();
                let mut stderr = std::io::stderr().lock();
                let _ = write!(stderr, "\r\x1b[2K{news}\r").and_then(|()| stderr.flush());
            }
        }
    }

    fn line(&self, line: &str) {
        if self.least > Severity::Error && self.format != Format::Json {
            let line = defused(&crate::diag::render::visible_line(line));
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }
}

fn to_json(diagnostic: &Diagnostic) -> serde_json::Value {
    let mut json = serde_json::json!({
        "level": diagnostic.severity.to_string(),
        "code": diagnostic.code,
        "message": diagnostic.message,
        "hints": diagnostic.notes().collect::<Vec<_>>(),
    });
    if let Some(location) = &diagnostic.location {
        json["file"] = location.file.clone().into();
        json["line"] = location.line.into();
        json["column"] = location.column.into();
    }
    json
}

fn dispatch(matches: &ArgMatches) -> ExitCode {
    let Some((name, sub)) = matches.subcommand() else { return ExitCode::Usage };
    if name == "generate" {
        let is_action = sub.get_one::<String>("WHAT").is_some_and(|what| what == "action");
        return print(&if is_action { generate::action() } else { generate::reference() });
    }
    if name == "schema" {
        let text = serde_json::to_string_pretty(&json_schema()).expect("JSON always serialises");
        return print(&format!("{text}\n"));
    }
    let environment = Environment::read();
    let mut runner = RunnerEnv::new(|variable| environment.plain(variable));
    if let Some(event) = &runner.event_file
        && let Ok(json) = DiskFileSystem.read(event)
    {
        runner.read_event(&json);
    }
    let mut log = Log::new(sub, runner.is_runner, &environment);
    let mask = match name {
        "run" => on::RUN,
        "build" => on::BUILD,
        "scan" => on::SCAN,
        "verify" => on::VERIFY,
        "sign" => on::SIGN,
        "decrypt" => on::DECRYPT,
        "keygen" | "plan" | "mcp" => 0,
        "serve" => on::SERVE,
        "push" => on::PUSH,
        "pull" => on::PULL,
        "promote" | "rollback" | "list" | "prune" => on::STORE,
        "comment" => on::COMMENT,
        _ => on::REPORT,
    };
    let working = match working_folder() {
        Ok(folder) => folder,
        Err(error) => {
            let message = format!("the working folder is gone: {error}");
            log.diagnostic(&Diagnostic::error("config/folder", message), "");
            return ExitCode::Usage;
        }
    };
    // Of what is wrong before the root is known, paths are relative to this folder.
    let here = below_repository(&working, &runner);
    let fail = |diagnostics: Vec<Diagnostic>| {
        for diagnostic in &diagnostics {
            log.diagnostic(diagnostic, &here);
        }
        ExitCode::Usage
    };
    match name {
        "init" => return finish(&pipeline::run_init(&working), &log, &here),
        "plan" if sub.contains_id("shards") => {
            let shards = sub.get_one::<u16>("shards").copied().unwrap_or(1);
            return finish(&pipeline::run_plan(&working, usize::from(shards)), &log, &here);
        }
        "run" if sub.get_one::<String>("shard").is_some() => {
            return run_shard(sub, &environment, &runner, &mut log, &working);
        }
        _ => {}
    }
    let config = settings(name, sub, mask, &environment, &working, None);
    let mut config = match config {
        Ok(config) => config,
        Err(diagnostics) => return fail(diagnostics),
    };
    log.set_config(&config);
    for warning in &config.warnings {
        log.diagnostic(warning, &here);
    }
    if sub.get_flag("verbose") {
        log.line(&format!("the root is {}", config.root.display()));
    }
    let now = now();
    // A server waits for others.
    let progress = log.progress(!matches!(name, "serve" | "mcp"));
    let ports = Ports {
        files: Arc::new(DiskFileSystem),
        environment: &environment,
        below: below_repository(&config.root, &runner),
        runner,
        today: today(&environment, now),
        now,
        progress: &progress,
        mask: &|text| log.masked(text),
    };
    // The runner takes these lines out of what it reads; a file would keep them.
    let uses_keys = !matches!(name, "build" | "scan" | "report" | "plan" | "init" | "schema");
    let is_kept = DiskFileSystem
        .kind(Path::new("/dev/stderr"))
        .is_ok_and(|kind| kind == crate::fs::FileKind::File);
    if log.format == Format::Github && uses_keys && !is_kept {
        for value in pipeline::derived_secrets(&config, &environment) {
            let _ = writeln!(std::io::stderr().lock(), "{}", mask_command(&value));
        }
    }
    let outcome = perform(name, sub, &mut config, &ports, &working, &log);
    write_outputs(&outcome, &ports.runner, &log);
    finish(&outcome, &log, &ports.below)
}

/// A folder as seen from the root of its repository: the workspace of the runner, else the folder that git knows. Without
/// either, the folder is the root.
fn below_repository(folder: &Path, runner: &RunnerEnv) -> String {
    let real = |path: &Path| DiskFileSystem.canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = real(folder);
    let workspace = runner.workspace.as_deref().map(real).filter(|it| folder.starts_with(it));
    let is_top = |folder: &&Path| DiskFileSystem.kind(&folder.join(".git")).is_ok();
    let root = workspace.or_else(|| folder.ancestors().find(is_top).map(Path::to_path_buf));
    let below = root.map(|root| crate::fs::relative(&root, &folder)).unwrap_or_default();
    if below == "." { String::new() } else { below }
}

/// Runs the projects of a shard, each as if it were alone, but that nothing is posted, and that what is stored becomes
/// live only when `report --merge` has seen all of it.
fn run_shard(
    matches: &ArgMatches,
    environment: &Environment,
    runner: &RunnerEnv,
    log: &mut Log<'_>,
    working: &Path,
) -> ExitCode {
    let fail = |log: &Log<'_>, message: String| {
        log.diagnostic(&Diagnostic::error("config/shard", message), "");
        ExitCode::Usage
    };
    let text = matches.get_one::<String>("shard").map(String::as_str).unwrap_or_default();
    let numbers = text.split_once('/').and_then(|(index, shards)| {
        let (index, shards) = (index.parse::<usize>().ok()?, shards.parse::<usize>().ok()?);
        (1 <= index && index <= shards && shards <= 256).then_some((index - 1, shards))
    });
    let Some((index, shards)) = numbers else {
        return fail(log, format!("`--shard` takes I/N, such as 1/4, not `{text}`"));
    };
    let projects = match pipeline::projects(working) {
        Ok(projects) => projects,
        Err(error) => {
            return fail(log, format!("`{}` cannot be looked through: {error}", working.display()));
        }
    };
    let records =
        matches.get_one::<String>("records").map(|folder| working.join(folder)).unwrap_or_default();
    let run = runner.run.as_deref().unwrap_or("local");
    let now = now();
    let progress = log.progress(true);
    let mut worst = ExitCode::Fine;
    for project in pipeline::spread(projects, shards).swap_remove(index) {
        let file = working.join(&project.folder).join(FILE_NAME);
        let mut config = match settings("run", matches, on::RUN, environment, working, Some(file)) {
            Ok(config) => config,
            Err(diagnostics) => {
                for diagnostic in &diagnostics {
                    log.diagnostic(diagnostic, &below_repository(working, runner));
                }
                worst = ExitCode::Usage;
                continue;
            }
        };
        if config.store.is_files {
            let message = format!("`{}` has `store.layout: files`", config.name);
            let problem = Diagnostic::error("config/shard", message).hint(
                "the parts of a run wait for each other, and with this layout whatever is stored is live: run the project \
                 by itself",
            );
            log.diagnostic(&problem, &below_repository(working, runner));
            worst = ExitCode::Usage;
            continue;
        }
        log.set_config(&config);
        config.report.comments = false;
        config.report.record =
            Some(records.join(format!("{}.jsonl", config.name.replace('/', "-"))));
        config.store.channel = format!("{}{run}", crate::store::PENDING);
        log.line(&format!("project {}", project.folder));
        let ports = Ports {
            files: Arc::new(DiskFileSystem),
            environment,
            below: below_repository(&config.root, runner),
            runner: runner.clone(),
            today: today(environment, now),
            now,
            progress: &progress,
            mask: &|text| log.masked(text),
        };
        let outcome = pipeline::run(&config, &ports, matches.get_flag("dry-run"));
        let code = finish(&outcome, log, &ports.below);
        if worst == ExitCode::Fine || (code != ExitCode::Fine && code < worst) {
            worst = code;
        }
    }
    worst
}

/// Hands the runner what later steps may want to know.
fn write_outputs(outcome: &Outcome, runner: &RunnerEnv, log: &Log<'_>) {
    let Some(file) = &runner.output_file else { return };
    let verdict = match outcome.exit_code() {
        ExitCode::Fine => "pass",
        ExitCode::Bug => "bug",
        ExitCode::Usage => "usage",
        ExitCode::Build => "build",
        ExitCode::Leak => "leak",
        ExitCode::Budget => "budget",
        ExitCode::Seal => "seal",
        ExitCode::Store => "store",
    };
    let mut outputs = vec![("verdict", verdict.to_owned())];
    outputs.extend(outcome.step_outputs.iter().cloned());
    let optional = [("deployment", &outcome.deployment), ("comment-url", &outcome.comment_url)];
    outputs.extend(optional.map(|(name, value)| (name, value.clone().unwrap_or_default())));
    if let Err(error) = add_outputs(file, &outputs) {
        let message = format!("outputs of the step cannot be written: {error}");
        log.diagnostic(&Diagnostic::warning("report/outputs", message), "");
    }
}

/// Entry points on the command line stand in for those of the settings.
fn take_entries(sub: &ArgMatches, config: &mut Config) {
    let entries: Vec<String> =
        sub.get_many::<String>("ENTRY").into_iter().flatten().cloned().collect();
    if !entries.is_empty() {
        config.entry_points = entries;
    }
}

/// Runs a sub-command.
fn perform(
    name: &str,
    sub: &ArgMatches,
    config: &mut Config,
    ports: &Ports<'_>,
    working: &Path,
    log: &Log<'_>,
) -> Outcome {
    let text = |name: &str| sub.get_one::<String>(name).cloned().unwrap_or_default();
    match name {
        "run" => pipeline::run(config, ports, sub.get_flag("dry-run")),
        "plan" => {
            take_entries(sub, config);
            pipeline::run_fit(config, ports, sub.get_flag("json"))
        }
        "build" => {
            take_entries(sub, config);
            let (mut outcome, bundled) = pipeline::run_build(config, ports, false);
            // One output and no folder: it is the result of the command.
            if config.outdir.is_none() && outcome.exit_code() == ExitCode::Fine {
                let only = bundled.artifacts.first();
                outcome.report = only.and_then(|only| only.body.text()).map(str::to_owned);
            }
            outcome
        }
        "mcp" => {
            let refresh = || {
                let now = now();
                let today = today(ports.environment, now);
                let config = settings(name, sub, 0, ports.environment, working, None)?;
                Ok(pipeline::Fresh { config, today, now })
            };
            pipeline::run_mcp(&refresh, ports, sub.get_flag("allow-changes"))
        }
        "serve" => {
            let location = sub.get_one::<String>("LOCATION").map(String::as_str);
            pipeline::run_serve(config, ports, location, working, &serve_options(sub), log)
        }
        "scan" => {
            let paths: Vec<PathBuf> = sub
                .get_many::<String>("PATH")
                .into_iter()
                .flatten()
                .map(|path| working.join(path))
                .collect();
            pipeline::run_scan(config, ports, &paths, scan_options(sub))
        }
        "verify" => {
            let rebuilds = sub.get_flag("rebuild");
            let expected = sub.get_one::<String>("expect").map(String::as_str);
            pipeline::run_verify(config, ports, &text("LOCATION"), expected, working, rebuilds)
        }
        "sign" => {
            let folder = working.join(text("DIR"));
            let out = sub.get_one::<String>("out").map(|out| working.join(out));
            pipeline::run_sign(config, ports, &folder, out.as_deref())
        }
        "decrypt" => pipeline::run_decrypt(
            config,
            ports,
            &working.join(text("DIR")),
            &working.join(text("OUT")),
        ),
        "push" => {
            let is_dry = sub.get_flag("dry-run");
            let folder = working.join(text("DIR"));
            pipeline::run_push(config, ports, &folder, &text("STORE"), working, is_dry)
        }
        "pull" => {
            let folder = working.join(text("DIR"));
            let expected = sub.get_one::<String>("expect").map(String::as_str);
            pipeline::run_pull(config, ports, &text("STORE/NAME"), &folder, expected, working)
        }
        "promote" | "rollback" | "list" | "prune" => {
            let command = store_command(name, sub);
            pipeline::run_store(config, ports, &text("STORE/NAME"), working, &command)
        }
        "keygen" => pipeline::run_keygen(&text("KIND"), &key_target(sub, working), ports),
        "comment" => pipeline::run_comment(config, ports, &working.join(text("from"))),
        _ if sub.get_one::<String>("merge").is_some() => {
            let folder = working.join(text("merge"));
            pipeline::run_merge(config, ports, &folder, sub.get_flag("go-live"))
        }
        _ => {
            let format = match sub.get_one::<String>("format").map(String::as_str) {
                Some("json") => ReportFormat::Json,
                Some("html") => ReportFormat::Html,
                _ => ReportFormat::Markdown,
            };
            pipeline::run_report(config, ports, format)
        }
    }
}

fn scan_options(matches: &ArgMatches) -> ScanOptions {
    let format = match matches.get_one::<String>("format").map(String::as_str) {
        Some("json") => ScanFormat::Json,
        Some("sarif") => ScanFormat::Sarif,
        _ => ScanFormat::Text,
    };
    ScanOptions {
        format,
        explains: matches.get_flag("explain"),
        is_for_browsers: matches.get_flag("browser"),
    }
}

fn serve_options(matches: &ArgMatches) -> ServeOptions {
    ServeOptions {
        host: matches.get_one::<String>("host").cloned().unwrap_or_default(),
        port: matches.get_one::<u16>("port").copied().unwrap_or_default(),
        site: SiteOptions {
            is_application: matches.get_flag("spa"),
            has_policy: !matches.get_flag("no-policy"),
            is_isolated: matches.get_flag("isolated"),
            reloads: false,
        },
        watches: matches.get_flag("watch"),
    }
}

impl pipeline::Teller for Log<'_> {
    fn listens(&self, address: std::net::SocketAddr, files: usize) {
        self.line(&format!("{files} files at http://{address}/"));
    }

    fn tell(&self, diagnostic: &Diagnostic) {
        self.diagnostic(diagnostic, "");
    }
}

fn key_target(matches: &ArgMatches, working: &Path) -> KeyTarget {
    KeyTarget {
        file: matches.get_one::<String>("out").map(|out| working.join(out)),
        keychain: matches.get_one::<String>("keychain").cloned(),
        prints: matches.get_flag("stdout"),
    }
}

fn store_command(name: &str, matches: &ArgMatches) -> StoreCommand {
    match name {
        "promote" => StoreCommand::Promote,
        "rollback" => StoreCommand::Rollback { to: matches.get_one::<String>("to").cloned() },
        "list" => StoreCommand::List,
        _ => StoreCommand::Prune {
            policy: Prune {
                keep: matches.get_one::<usize>("keep").copied().unwrap_or(10),
                days: matches.get_one::<u64>("days").copied(),
                drop: matches.get_many::<String>("drop").into_iter().flatten().cloned().collect(),
                previews: Some(crate::github::PREVIEW),
            },
            is_dry: matches.get_flag("dry-run"),
        },
    }
}

fn finish(outcome: &Outcome, log: &Log<'_>, below: &str) -> ExitCode {
    outcome.diagnostics.iter().for_each(|diagnostic| log.diagnostic(diagnostic, below));
    for line in &outcome.done {
        log.line(log.masked(line).as_ref().unwrap_or(line));
    }
    // A file that is called like a command of the runner must not be one, wherever its name stands.
    let report = outcome.report.as_ref().map(|report| {
        if report.starts_with(['{', '[']) {
            report.replace("##[", "#\\u0023[")
        } else if log.format == Format::Github {
            defused(report)
        } else {
            report.clone()
        }
    });
    match &report {
        Some(report) => match print(report) {
            ExitCode::Fine => outcome.exit_code(),
            broken => broken,
        },
        None => outcome.exit_code(),
    }
}

/// Writes a result to standard output. A reader that has gone away is no error.
fn print(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::Usage,
        _ => ExitCode::Fine,
    }
}

fn settings(
    name: &str,
    matches: &ArgMatches,
    mask: u16,
    environment: &Environment,
    working: &Path,
    file: Option<PathBuf>,
) -> Result<Config, Vec<Diagnostic>> {
    let flags = flags(matches, mask)?;
    let asked = file.or_else(|| {
        let path = matches.get_one::<String>("config")?;
        Some(crate::fs::normalize(&working.join(path)))
    });
    let found = asked.clone().or_else(|| {
        Some(working.join(FILE_NAME))
            .filter(|path| name != "build" && DiskFileSystem.kind(path).is_ok())
    });
    let file = match found {
        Some(path) => Some(read_file(path, working).map_err(|error| vec![error])?),
        None if name == "run"
            && !flags.contains_key("entrypoints")
            && !flags.contains_key("artifacts") =>
        {
            return Err(vec![
                Diagnostic::error(
                    "config/file",
                    format!("there is no `{FILE_NAME}` in this folder"),
                )
                .hint("write one, or name it with `--config FILE`"),
            ]);
        }
        None => None,
    };
    Config::resolve(&flags, environment, file.as_ref(), working)
}

fn read_file(path: PathBuf, working: &Path) -> Result<SettingsFile, Diagnostic> {
    let shown = crate::fs::relative(working, &path);
    let cannot = |error: &dyn std::fmt::Display| {
        Diagnostic::error("config/file", format!("`{shown}` cannot be read: {error}"))
    };
    let bytes = DiskFileSystem.read(&path).map_err(|error| cannot(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| cannot(&error.utf8_error()))?;
    let layer = file::parse(&text, &shown)?;
    Ok(SettingsFile { path, layer })
}

/// The day that the ends of allowances are held against: that of the clock, or the one that `BUNDLEGATE_TODAY` names.
fn today(environment: &Environment, now: u64) -> (u16, u8, u8) {
    environment
        .plain("BUNDLEGATE_TODAY")
        .and_then(|text| value::parse_date(text).ok())
        .unwrap_or_else(|| civil_from_days(now / 86_400))
}

/// Seconds since 1970.
fn now() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "allowances and signatures end; what is built does not depend on it"
    )]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

/// Days since 1970-01-01 as year, month and day (Howard Hinnant, `chrono`-compatible low-level date algorithms).
fn civil_from_days(days: u64) -> (u16, u8, u8) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (
        u16::try_from(year).unwrap_or(u16::MAX),
        u8::try_from(month).expect("a month is at most 12"),
        u8::try_from(day).expect("a day is at most 31"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn days() {
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(civil_from_days(11_016), (2000, 2, 29));
        assert_eq!(civil_from_days(20_780), (2026, 11, 23));
    }
}
