//! The leak gate: `scan()` takes artifacts and gives `Scanned` or findings. Only a `Scanned` can be sealed.

mod constants;
mod containers;
mod decode;
pub mod dotenv;
mod fonts;
mod formats;
mod grams;
mod mask;
mod misplaced;
pub mod needles;
mod numbers;
mod parts;
mod pdf;
pub mod policy;
mod runs;
pub mod sarif;
mod source;
mod tokens;
mod words;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::artifact::{Body, BuildArtifact, Form, OutputPath};
use crate::diag::{Diagnostic, Location};
use crate::environment_reads::{EnvironmentRead, ReadsOf};
use crate::fs::join;
use crate::secret::Secret;
pub use containers::from_utf16;
use mask::Pieces;
pub use misplaced::is_dotenv;
pub use needles::Needles;
pub use parts::Part;
pub use policy::{Guarded, Policy, Verdict, guarded};
use runs::letter_runs;
use source::Origin;
use tokens::Tokens;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It stops the release.
    Error,
    /// It is worth a look.
    Warning,
}

/// Something in an output that should not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule, as it stands in `docs/codes.md`.
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// Name of the variable, or kind of token or file.
    pub variable: String,
    /// Other variables that have the same value.
    pub others: Vec<String>,
    /// Which part of the value, as in "the password of the URL"; empty for all of it.
    pub part: &'static str,
    /// How it is written, from the outside in: `base64 > escaped`.
    pub writing: String,
    /// The output, relative to the folder of the outputs.
    pub file: String,
    /// That folder, relative to the root.
    pub folder: String,
    /// Line in the output, from 1.
    pub line: usize,
    /// Column in the output, in characters from 1.
    pub column: usize,
    /// Byte in the output, from 0.
    pub byte: usize,
    /// The place inside of an archive or a compressed file.
    pub inner: Option<String>,
    /// Where that came from, if a source map knows.
    pub source: Option<Location>,
    /// How many more times the same is in the file, behind those that are told.
    pub more: usize,
}

impl Finding {
    /// What was found, in words. The value, a part of it, and the line it stands in are not said.
    #[must_use]
    pub fn message(&self) -> String {
        let written = match self.writing.as_str() {
            "plain text" => String::new(),
            other => format!(" ({other})"),
        };
        let (file, variable) = (&self.file, &self.variable);
        let others: String =
            self.others.iter().fold(String::new(), |text, name| text + ", `" + name + "`");
        match self.rule {
            GUARDED_VALUE if self.part.is_empty() => {
                format!("the value of `{variable}`{others} is in `{file}`{written}")
            }
            GUARDED_VALUE => {
                format!("{} in `{variable}`{others} is in `{file}`{written}", self.part)
            }
            ENV_REFERENCE => {
                format!("`{variable}` is read in `{file}`, where no such variable will be")
            }
            ENV_DUMP => format!("the whole environment is written out in `{file}`"),
            SECRET_FILE => format!("`{file}` is {variable}"),
            NOT_SEARCHED => format!("`{file}` was not searched whole: {variable}"),
            _ => format!("{} is in `{file}`{written}", self.part),
        }
    }

    /// The path of the output, relative to the root.
    #[must_use]
    pub fn path(&self) -> String {
        join(&self.folder, &self.file)
    }

    /// What the user is told.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let output = Location {
            file: self.path(),
            line: self.line,
            column: self.column,
            length: 1,
            line_text: String::new(),
        };
        let message = self.message();
        let diagnostic = match self.level {
            Level::Error => Diagnostic::error(self.rule, message),
            Level::Warning => Diagnostic::warning(self.rule, message),
        };
        let diagnostic = match &self.source {
            Some(source) => diagnostic.at(source.clone()).in_output(output),
            None => diagnostic.at(output),
        };
        let diagnostic = match &self.inner {
            Some(inner) => diagnostic.hint(format!("inside of it, at {inner}")),
            None => diagnostic,
        };
        let diagnostic = match self.more {
            0 => diagnostic,
            more => diagnostic.hint(format!("it is there {more} more times, which are not listed")),
        };
        let diagnostic = diagnostic.hint(advice(self.rule));
        match self.rule {
            TOKEN => diagnostic.hint(format!(
                "if it is meant to be public, excuse it in `leaks.allow`: `env: {}`, with a reason",
                self.variable
            )),
            _ => diagnostic,
        }
    }
}

/// What to do about findings of a rule.
fn advice(rule: &str) -> &'static str {
    match rule {
        GUARDED_VALUE => {
            "take it for known: replace it where it is used, then read it at run time or rename it if it is meant to be public"
        }
        ENV_REFERENCE => "read it on the server, or give it a public name",
        ENV_DUMP => "name the variables that are meant to be public, one by one",
        SECRET_FILE => "leave it out of the outputs, and replace what it holds if it was published",
        NOT_SEARCHED => "what was not searched does not pass; leave it out, or store it unpacked",
        _ => "take it for known: revoke it where it was made, and leave it out",
    }
}

/// Rule: the value of a guarded variable.
pub const GUARDED_VALUE: &str = "leak/guarded-value";
/// Rule: a token of a well-known shape.
pub const TOKEN: &str = "leak/token";
/// Rule: a file that should not ship.
pub const SECRET_FILE: &str = "leak/secret-file";
/// Rule: a guarded variable is read in code for a browser.
pub const ENV_REFERENCE: &str = "leak/env-reference";
/// Rule: all variables are taken at once in code for a browser.
pub const ENV_DUMP: &str = "leak/env-dump";
/// Rule: a file could not be searched whole.
pub const NOT_SEARCHED: &str = "leak/not-searched";

/// All rules, with what they say of themselves.
pub const RULES: &[(&str, Level, &str)] = &[
    (
        GUARDED_VALUE,
        Level::Error,
        "The value of a guarded variable, or a part of it, is in an output",
    ),
    (TOKEN, Level::Error, "A token of a well-known shape is in an output"),
    (SECRET_FILE, Level::Error, "A file that should not ship is among the outputs"),
    (ENV_DUMP, Level::Warning, "Code for a browser takes all environment variables at once"),
    (ENV_REFERENCE, Level::Warning, "Code for a browser reads a guarded variable"),
    (NOT_SEARCHED, Level::Error, "A file could not be searched whole"),
];

/// How much was searched: "none found" means nothing without it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Searched {
    /// Variables whose values were looked for.
    pub variables: usize,
    /// Variables that are secrets by their names, and whose values are too weak to be looked for, with their characters.
    pub weak: Vec<(String, usize)>,
    /// Ways of writing that were looked for.
    pub encodings: usize,
    /// Files.
    pub files: usize,
    /// Bytes in them.
    pub bytes: u64,
}

/// What a scan found, and how much it saw.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// By file and place.
    pub list: Vec<Finding>,
    /// The denominator.
    pub searched: Searched,
}

/// Artifacts that were searched and passed. There is no other way to make one.
#[derive(Debug)]
pub struct Scanned {
    artifacts: Vec<ScannedArtifact>,
    searched: Searched,
}

/// One artifact that passed, with encodings of its bytes.
#[derive(Debug)]
pub struct ScannedArtifact {
    artifact: BuildArtifact,
    encoded: Vec<Encoded>,
}

/// An encoding of the bytes of an artifact.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// Its name in `Content-Encoding`.
    pub coding: &'static str,
    /// Path of the file that holds it.
    pub path: OutputPath,
    /// The encoded bytes.
    pub body: Body,
}

impl Scanned {
    /// What passed.
    #[must_use]
    pub fn artifacts(&self) -> &[ScannedArtifact] {
        &self.artifacts
    }

    /// How much was searched.
    #[must_use]
    pub fn searched(&self) -> &Searched {
        &self.searched
    }

    /// Takes files that are forms of others for that: those that hold become encodings of what they are forms of, and
    /// those that do not are left out. All of them were searched.
    #[must_use]
    pub fn fold(mut self, forms: &[Form]) -> Self {
        let by_path: FxHashMap<&str, &Form> =
            forms.iter().map(|form| (form.path.as_str(), form)).collect();
        let (forms, mut others): (Vec<_>, Vec<_>) = self
            .artifacts
            .into_iter()
            .partition(|item| by_path.contains_key(item.artifact.path.as_str()));
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        for (index, item) in others.iter().enumerate() {
            places.insert(item.artifact.path.to_string(), index);
        }
        for ScannedArtifact { artifact, .. } in forms {
            let form = by_path[artifact.path.as_str()];
            if form.holds
                && let Some(index) = places.get(form.of.as_str())
            {
                others[*index].encoded.push(Encoded {
                    coding: form.coding,
                    path: artifact.path,
                    body: artifact.body,
                });
            }
        }
        self.artifacts = others;
        self
    }

    /// Adds an encoding of each artifact that has none of that coding and for which `encode` gives one. The bytes it gets
    /// are those that were searched.
    #[must_use]
    pub fn encode(
        mut self,
        coding: &'static str,
        extension: &str,
        encode: impl Fn(&BuildArtifact) -> Option<Vec<u8>> + Sync,
    ) -> Self {
        self.artifacts.par_iter_mut().for_each(|scanned| {
            if scanned.encoded.iter().all(|encoded| encoded.coding != coding)
                && let Some(bytes) = encode(&scanned.artifact)
                && let Ok(path) = OutputPath::new(format!("{}.{extension}", scanned.artifact.path))
            {
                scanned.encoded.push(Encoded { coding, path, body: Body::new(bytes) });
            }
        });
        self
    }
}

impl ScannedArtifact {
    /// The artifact.
    #[must_use]
    pub fn artifact(&self) -> &BuildArtifact {
        &self.artifact
    }

    /// Encodings of its bytes.
    #[must_use]
    pub fn encoded(&self) -> &[Encoded] {
        &self.encoded
    }
}

/// What is looked for, prepared once.
pub struct Search {
    needles: Needles,
    tokens: Tokens,
    /// What is not shown in a name, and what is not in a sentence.
    pieces: Pieces,
    secret_pieces: Pieces,
    guarded: Vec<Names>,
    weak: Vec<(String, usize)>,
    /// All variables with their values, as JSON writes them.
    environment: Vec<(String, Vec<u8>)>,
    /// Where sources are looked for.
    root: Option<PathBuf>,
    /// What paths of outputs begin with that are for a browser or the like, where there is no environment.
    without_environment: Vec<String>,
    /// Finds reads of the environment in a script, where something better is known than to look at its text.
    reads: Option<ReadsOf>,
}

/// What a guarded value is called.
struct Names {
    /// Name of the variable.
    name: String,
    /// Other variables that have the same value.
    others: Vec<String>,
    /// Labels of its parts.
    parts: Vec<&'static str>,
}

impl Search {
    fn is_guarded(&self, name: &str) -> bool {
        let mut all =
            self.guarded.iter().flat_map(|names| names.others.iter().chain([&names.name]));
        all.any(|guarded| guarded == name)
    }

    /// Remembers what is not looked for although its name says that it is a secret, so that the summary can say it.
    #[must_use]
    pub fn with_weak(mut self, verdicts: &[Verdict]) -> Self {
        let weak = verdicts.iter().filter(|verdict| verdict.is_weak);
        self.weak = weak.map(|verdict| (verdict.name.clone(), verdict.characters)).collect();
        self.weak.retain(|(name, _)| self.guarded.iter().all(|names| names.name != *name));
        self.weak.dedup();
        self
    }

    /// Knows the environment, so that it is noticed where all of it is written out; and the folder of the project, so that
    /// what a map says of its sources is taken only for files that are there.
    #[must_use]
    pub fn at<'a>(
        mut self,
        root: &Path,
        environment: impl Iterator<Item = (&'a str, &'a Secret)>,
    ) -> Self {
        self.root = Some(root.to_path_buf());
        self.environment = environment
            .filter(|(_, value)| value.expose().len() >= 2)
            .filter_map(|(name, value)| {
                let json = serde_json::to_string(std::str::from_utf8(value.expose()).ok()?).ok()?;
                Some((name.to_owned(), json.trim_matches('"').as_bytes().to_vec()))
            })
            .collect();
        self
    }

    /// Sets how reads of the environment are found in scripts.
    #[must_use]
    pub fn with_reads(mut self, reads: ReadsOf) -> Self {
        self.reads = Some(reads);
        self
    }

    /// The same, where outputs whose paths begin with one of these are for browsers.
    #[must_use]
    pub fn for_browsers(mut self, starts: impl Iterator<Item = String>) -> Self {
        self.without_environment.extend(starts);
        self
    }

    /// Prepares the search. With `without_environment`, reads of variables in code are findings, too.
    #[must_use]
    pub fn new(guarded: &[Guarded], without_environment: bool) -> Self {
        let names = guarded
            .iter()
            .map(|guarded| Names {
                name: guarded.name.clone(),
                others: guarded.others.clone(),
                parts: guarded.parts.iter().map(|part| part.label).collect(),
            })
            .collect();
        let tokens = Tokens::new();
        Self {
            needles: Needles::new(
                guarded,
                tokens.long_texts().chain(formats::SIGNS.iter().copied()),
            ),
            tokens,
            pieces: Pieces::of(guarded),
            secret_pieces: Pieces::of_secrets(guarded),
            guarded: names,
            weak: Vec::new(),
            environment: Vec::new(),
            root: None,
            // All of them begin with nothing.
            without_environment: without_environment.then(String::new).into_iter().collect(),
            reads: None,
        }
    }
}

/// A file to search.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path, relative to the folder of the outputs.
    pub path: String,
    /// The path of its source map.
    pub map: Option<String>,
}

/// How files are read, by the path in [`File`]: their bytes are shown, and gone afterwards.
pub type Reader<'a> = dyn Fn(&str, &mut dyn FnMut(&[u8])) -> io::Result<()> + Sync + 'a;

/// Searches all artifacts, maps included. `folder` is that of the outputs, relative to the root; source maps are
/// relative to it.
///
/// # Errors
/// The findings that are not excused by `is_allowed`, when one of them is an error, and errors stop the release (`fails`).
pub fn scan(
    artifacts: Vec<BuildArtifact>,
    search: &Search,
    folder: &str,
    fails: bool,
    is_allowed: impl Fn(&Finding) -> bool + Sync,
) -> Result<(Scanned, Vec<Finding>), Findings> {
    let files: Vec<File> = artifacts
        .iter()
        .map(|artifact| File {
            path: artifact.path.to_string(),
            map: artifact.source_map.as_ref().map(ToString::to_string),
        })
        .collect();
    let by_path: FxHashMap<&str, &BuildArtifact> =
        artifacts.iter().map(|artifact| (artifact.path.as_str(), artifact)).collect();
    let read = |path: &str, show: &mut dyn FnMut(&[u8])| {
        by_path
            .get(path)
            .map(|artifact| show(artifact.body.bytes()))
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    let findings = search_files(&files, &read, search, folder);
    let list: Vec<Finding> =
        findings.list.into_iter().filter(|finding| !is_allowed(finding)).collect();
    if fails && list.iter().any(|finding| finding.level == Level::Error) {
        return Err(Findings { list, searched: findings.searched });
    }
    let artifacts = artifacts
        .into_iter()
        .map(|artifact| ScannedArtifact { artifact, encoded: Vec::new() })
        .collect();
    Ok((Scanned { artifacts, searched: findings.searched }, list))
}

/// Searches without judging, files in parallel. Each file is in memory only while it is searched.
#[must_use]
pub fn search_files(files: &[File], read: &Reader<'_>, search: &Search, folder: &str) -> Findings {
    let results: Vec<(u64, Vec<Finding>)> = files
        .par_iter()
        .map(|file| {
            let (mut size, mut list) = (0, Vec::new());
            let result = read(&file.path, &mut |bytes| {
                size = bytes.len() as u64;
                list = FileSearch { search, file, read, folder, bytes }.run();
            });
            if let Err(error) = result {
                let why = format!("it cannot be read: {error}");
                list = vec![not_searched(&file.path, Level::Error, &why)];
            }
            (size, list)
        })
        .collect();
    let searched = Searched {
        variables: search.guarded.iter().map(|names| 1 + names.others.len()).sum(),
        weak: search.weak.clone(),
        encodings: WRITINGS.len(),
        files: files.len(),
        bytes: results.iter().map(|(bytes, _)| bytes).sum(),
    };
    let mut list: Vec<Finding> = results.into_iter().flat_map(|(_, list)| list).collect();
    for finding in &mut list {
        folder.clone_into(&mut finding.folder);
    }
    list.sort_by(|a, b| {
        (&a.file, a.byte, &a.variable, a.rule).cmp(&(&b.file, b.byte, &b.variable, b.rule))
    });
    Findings { list, searched }
}

fn not_searched(file: &str, level: Level, why: &str) -> Finding {
    Finding {
        rule: NOT_SEARCHED,
        level,
        variable: why.to_owned(),
        others: Vec::new(),
        part: "",
        writing: "plain text".to_owned(),
        file: file.to_owned(),
        folder: String::new(),
        line: 1,
        column: 1,
        byte: 0,
        inner: None,
        source: None,
        more: 0,
    }
}

/// Ways in which a value may be written or packed, by the names that findings have for them: the denominator of a result.
#[rustfmt::skip]
const WRITINGS: &[&str] = &[
    "plain text", "base64", "base64, reversed", "base32", "hex", "hex, reversed", "reversed", "UTF-16 LE", "UTF-16 BE",
    "escaped", "percent-encoded", "in lower case", "in upper case", "rot13", "without dashes", "another Unicode form",
    "other line ends", "in part", "HTML entities", "joined strings", "joined constants", "CSS escapes", "character codes",
    "integers of several bytes", "bits", "markup", "quoted-printable", "hex dump", "uuencoded", "Ascii85", "UTF-16",
    "gzip", "zlib", "deflate", "brotli", "zstd", "xz", "lzma", "bzip2", "zip", "tar", "WOFF", "WOFF2", "icon", "PNG text",
    "after the end of the PNG", "PDF stream", "PDF text", "SWF",
];

/// Deepest nesting of writings that is undone.
const DEEPEST: usize = 5;

/// Deepest nesting of containers; how much comes out of them has a limit of its own.
const DEEPEST_CONTAINER: usize = 32;

/// So many places of the same thing in a file are told; of the others, how many they are.
const MOST_PLACES: usize = 100;

/// Bytes that may be decoded for each byte of a file, beyond the first 64 megabytes.
const MOST_DECODED: u64 = 8;

/// Something that was found in a layer, by its place in the file.
struct Raw {
    rule: &'static str,
    variable: String,
    part: &'static str,
    writing: String,
    start: usize,
    end: usize,
    inner: Option<String>,
}

/// Bytes of a file, or what they became by decoding.
struct Layer<'a> {
    bytes: &'a [u8],
    /// Place in the file of each byte; `None`: all stand where `at` says.
    from: Option<&'a decode::Origins>,
    at: usize,
    /// How it is written, from the outside in.
    writings: Vec<&'static str>,
    /// How many of these are containers.
    opened: usize,
    /// Whether it is all of a file, or of an entry of an archive.
    is_whole: bool,
    /// Path inside of an archive, for what came out of a container.
    inner: Option<String>,
}

impl Layer<'_> {
    /// The place in the file of a byte of this layer.
    fn place(&self, byte: usize) -> usize {
        match self.from {
            Some(from) => from.get(byte).unwrap_or(self.at),
            None => self.at,
        }
    }
}

/// The search of one file.
struct FileSearch<'a, 'r> {
    search: &'a Search,
    file: &'a File,
    read: &'a Reader<'r>,
    folder: &'a str,
    bytes: &'a [u8],
}

/// What is left to spend on one file.
struct Budget {
    decoded: u64,
    unpacked: u64,
    /// Bytes without a header are taken for deflated only where the file speaks of that.
    mentions_deflate: Option<bool>,
    /// What was not searched: where, and why.
    problems: Vec<(Option<String>, String)>,
}

impl Budget {
    /// What a file of so many bytes may cost.
    fn of(bytes: u64) -> Self {
        Self {
            decoded: (64 << 20) + bytes * MOST_DECODED,
            unpacked: containers::MOST_BYTES,
            mentions_deflate: None,
            problems: Vec::new(),
        }
    }
}

impl FileSearch<'_, '_> {
    fn run(&self) -> Vec<Finding> {
        let mut findings = match containers::from_utf16(self.bytes) {
            Some(text) => self.run_utf16(&text),
            None => self.run_bytes(),
        };
        // A path that holds a value is not said.
        if !findings.is_empty()
            && let Some(path) = self.search.masked_name(&self.file.path)
        {
            for finding in &mut findings {
                finding.file.clone_from(&path);
            }
        }
        findings
    }

    /// A file in UTF-16 is searched as the text that it is, so that lines and columns are those of the text. Other data
    /// looks like UTF-16, too, so its bytes are searched as they are in any case.
    fn run_utf16(&self, text: &[u8]) -> Vec<Finding> {
        let as_text = FileSearch { bytes: text, ..*self };
        let mut findings = as_text.run_bytes();
        let mark = usize::from(matches!(self.bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])) * 2;
        for finding in &mut findings {
            let before = text.get(..finding.byte).unwrap_or(text);
            let units = String::from_utf8_lossy(before).encode_utf16().count();
            finding.byte = (mark + units * 2).min(self.bytes.len());
            finding.writing = if finding.writing == "plain text" {
                "UTF-16".to_owned()
            } else {
                format!("UTF-16 > {}", finding.writing)
            };
        }
        let known: BTreeSet<String> =
            findings.iter().map(|finding| finding.variable.clone()).collect();
        let others = self.run_bytes().into_iter();
        findings.extend(others.filter(|finding| !known.contains(&finding.variable)));
        findings
    }

    fn run_bytes(&self) -> Vec<Finding> {
        let path = &self.file.path;
        let mut budget = Budget::of(self.bytes.len() as u64);
        let mut found = Vec::new();
        self.first_layer(&mut found, &mut budget);
        let (mut in_name, _) = self.search.needles.find(path.as_bytes());
        // The whole value before a part of it.
        in_name.sort_by_key(|hit| (hit.value, hit.writing == needles::IN_PART));
        in_name.dedup_by_key(|hit| hit.value);
        for hit in in_name {
            found.push(self.guarded(
                hit.value,
                hit.part,
                format!("file name, {}", hit.writing),
                (0, 0),
                None,
            ));
        }
        if let Some(kind) = misplaced::secret_file(path, self.bytes) {
            found.push(simple(SECRET_FILE, kind.to_owned(), 0));
        }
        let is_for_browsers =
            self.search.without_environment.iter().any(|start| path.starts_with(start.as_str()));
        if is_for_browsers && is_code(path) {
            let is_guarded = |name: &str| self.search.is_guarded(name);
            if let Some(start) = misplaced::written_out(self.bytes, &self.search.environment) {
                found.push(simple(ENV_DUMP, "the environment".to_owned(), start));
            }
            let parsed = self.search.reads.filter(|_| misplaced::mentions_environment(self.bytes));
            let parsed = parsed.and_then(|reads| reads(std::str::from_utf8(self.bytes).ok()?));
            let reads = parsed.unwrap_or_else(|| misplaced::references(self.bytes, &is_guarded));
            for EnvironmentRead { at: start, name } in reads {
                match name {
                    None => found.push(simple(ENV_DUMP, "the environment".to_owned(), start)),
                    Some(name) if is_guarded(&name) => {
                        found.push(simple(ENV_REFERENCE, name, start));
                    }
                    Some(_) => {}
                }
            }
        }
        budget.problems.sort();
        budget.problems.dedup();
        let mut findings: Vec<Finding> = budget
            .problems
            .iter()
            .map(|(inner, problem)| Finding {
                inner: inner.clone().filter(|inner| !inner.is_empty()),
                ..not_searched(path, Level::Error, problem)
            })
            .collect();
        let (found, more) = first_places(merged(found));
        findings.extend(self.placed(found));
        for (finding, more) in findings.iter_mut().rev().zip(more.into_iter().rev()) {
            finding.more = more;
        }
        findings
    }

    fn first_layer(&self, found: &mut Vec<Raw>, budget: &mut Budget) {
        let layer = Layer {
            bytes: self.bytes,
            from: None,
            at: 0,
            writings: Vec::new(),
            opened: 0,
            is_whole: true,
            inner: None,
        };
        self.layer(&layer, true, found, budget);
    }

    /// Searches bytes, and then what they become when they are read in other ways. Those of the file itself stand where
    /// they stand.
    fn layer(&self, layer: &Layer<'_>, is_file: bool, found: &mut Vec<Raw>, budget: &mut Budget) {
        let place = |byte: usize| if is_file { byte } else { layer.place(byte) };
        let counter = RefCell::new(Counter::new(layer.bytes));
        let inner = |byte: usize| {
            layer.inner.as_ref().map(|path| {
                let place = counter.borrow_mut().place(byte);
                let separator = if path.is_empty() { "" } else { ":" };
                format!("{path}{separator}{}:{}", place.line, place.column)
            })
        };
        let chain = |last: &str| {
            let mut chain = layer.writings.clone();
            debug_assert!(chain.iter().chain([&last]).all(|name| WRITINGS.contains(name)));
            if last != "plain text" || chain.is_empty() {
                chain.push(last);
            }
            chain.join(" > ")
        };
        // What is in an archive is told by its place in there. What only stands beside its files, as in a comment or
        // behind its end, is in the bytes as they are.
        let before = found.len();
        let is_opened = self.containers(layer, is_file, found, budget);
        let inside: BTreeSet<String> =
            found[before..].iter().map(|raw| raw.variable.clone()).collect();
        let (mut places, mut signs) = (Vec::new(), Vec::new());
        let of_tokens = self.search.tokens.long_texts().len();
        let (hits, has_start) = self.search.needles.find_with(layer.bytes, |text, at| {
            match text.checked_sub(of_tokens) {
                None => places.push((text, at)),
                Some(sign) if formats::is_sign(layer.bytes, sign, at) => signs.push((at, sign)),
                Some(_) => {}
            }
        });
        signs.sort_unstable();
        signs.dedup();
        for hit in hits {
            if inside.contains(&self.search.guarded[hit.value].name) {
                continue;
            }
            let end = hit.start + hit.length - 1;
            found.push(self.guarded(
                hit.value,
                hit.part,
                chain(hit.writing),
                (place(hit.start), place(end)),
                inner(hit.start),
            ));
        }
        let runs = letter_runs(layer.bytes);
        for token in self.search.tokens.find(layer.bytes, &runs, &places) {
            if inside.contains(token.id) {
                continue;
            }
            found.push(Raw {
                rule: TOKEN,
                variable: token.id.to_owned(),
                part: token.name,
                writing: chain("plain text"),
                start: place(token.start),
                end: place(token.start + token.length - 1),
                inner: inner(token.start),
            });
        }
        let decoded = layer.writings.len() - layer.opened;
        if is_opened || decoded >= DEEPEST {
            return;
        }
        let wants = self.search.needles.wants();
        let mut is_spent = false;
        let mut take = |decoded: &mut decode::Decoded| {
            let size = decoded.bytes.len() as u64;
            if is_spent || budget.decoded < size {
                is_spent = true;
                return;
            }
            budget.decoded -= size;
            // What was decoded from the file itself has its places already, and what is in a container has one alone.
            let is_inner = layer.inner.is_some();
            if !is_file && !is_inner {
                decoded.from.through(decoded.bytes.len(), place);
            }
            let from = &decoded.from;
            let mut writings = layer.writings.clone();
            writings.push(decoded.writing);
            let at = if is_inner { layer.at } else { from.get(0).unwrap_or_default() };
            let next = Layer {
                bytes: &decoded.bytes,
                from: (!is_inner).then_some(from),
                at,
                writings,
                opened: layer.opened,
                is_whole: false,
                inner: layer.inner.clone(),
            };
            self.decoded_layer(&next, found, budget);
        };
        decode::decode(layer.bytes, &runs, wants, &mut take);
        formats::decode(layer.bytes, &signs, &mut take);
        if has_start && !layer.writings.iter().any(|name| decode::is_textual(name)) {
            let needles = &self.search.needles;
            let values = constants::Values {
                is_piece: &|text| needles.is_piece(text),
                is_across: &|before, behind| needles.is_across(before, behind),
            };
            constants::joined_constants(layer.bytes, &values, &mut take);
        }
        if is_spent {
            budget.decoded = 0;
            budget
                .problems
                .push((layer.inner.clone(), "more can be read in it than the limit".to_owned()));
        }
    }

    /// A layer that decoding gave. Deflated bytes without a header have no mark, so they are tried here.
    fn decoded_layer(&self, layer: &Layer<'_>, found: &mut Vec<Raw>, budget: &mut Budget) {
        // Most runs of letters are no encoding of anything, and what they would be is noise.
        let is_noise = matches!(layer.writings.last(), Some(&("base64" | "hex")))
            && decode::is_noise(layer.bytes)
            && !containers::may_be_one(layer.bytes)
            && self.search.needles.find(layer.bytes).0.is_empty();
        if !is_noise {
            self.layer(layer, false, found, budget);
        }
        if layer.writings.last() == Some(&"base64")
            && *budget.mentions_deflate.get_or_insert_with(|| {
                [b"nflate", b"eflate"]
                    .iter()
                    .any(|word| memchr::memmem::find(self.bytes, *word).is_some())
            })
            && let Some(bytes) = containers::open_raw_deflate(layer.bytes, &mut budget.unpacked)
        {
            let mut writings = layer.writings.clone();
            writings.push("deflate");
            let inner = Some(layer.inner.clone().unwrap_or_default());
            let at = layer.place(0);
            let opened = layer.opened + 1;
            let next =
                Layer { bytes: &bytes, from: None, at, writings, opened, is_whole: false, inner };
            self.layer(&next, false, found, budget);
        }
    }

    /// Opens a container; whether the bytes are one.
    fn containers(
        &self,
        layer: &Layer<'_>,
        is_file: bool,
        found: &mut Vec<Raw>,
        budget: &mut Budget,
    ) -> bool {
        let path = layer.inner.as_deref().unwrap_or(&self.file.path);
        let is_named_brotli = path.ends_with(".br") && (is_file || layer.inner.is_some());
        let at = if is_file { 0 } else { layer.place(0) };
        if !is_file && let Some(bytes) = containers::from_utf16(layer.bytes) {
            let mut writings = layer.writings.clone();
            writings.push("UTF-16");
            let inner = Some(layer.inner.clone().unwrap_or_default());
            let opened = layer.opened + 1;
            let next =
                Layer { bytes: &bytes, from: None, at, writings, opened, is_whole: false, inner };
            self.layer(&next, false, found, budget);
        }
        if layer.opened >= DEEPEST_CONTAINER {
            if containers::may_be_one(layer.bytes) {
                let problem = "archives in it are nested deeper than the limit".to_owned();
                budget.problems.push((layer.inner.clone(), problem));
            }
            return false;
        }
        let opened =
            containers::open(layer.bytes, layer.is_whole, is_named_brotli, &mut budget.unpacked);
        let Some(opened) = opened else { return false };
        // What only begins like a container in the middle of a text is none.
        let is_broken = matches!(opened.problem, Some(containers::Unopened::Broken(_)));
        let is_chance = is_broken && !is_file && layer.inner.is_none();
        if is_chance && opened.list.iter().all(|part| part.bytes.is_empty()) {
            return false;
        }
        let has_parts = containers::has_parts(layer.bytes);
        for part in opened.list {
            let mut writings = layer.writings.clone();
            writings.push(part.writing);
            for hit in self.search.needles.find(part.path.as_bytes()).0 {
                let writing = format!("{}, file name", part.writing);
                let inner = Some(format!("{} of its files", part.writing));
                found.push(self.guarded(hit.value, hit.part, writing, (at, at), inner));
            }
            let path = self.search.masked_name(&part.path).unwrap_or(part.path);
            let outer = layer.inner.clone().unwrap_or_default();
            let inner = match (outer.is_empty(), path.is_empty()) {
                (true, _) => path,
                (false, true) => outer,
                (false, false) => format!("{outer}/{path}"),
            };
            if let Some(problem) = part.problem {
                budget.problems.push((Some(inner.clone()), problem.to_string()));
            }
            let next = Layer {
                bytes: &part.bytes,
                from: None,
                at,
                writings,
                opened: layer.opened + 1,
                is_whole: true,
                inner: Some(inner),
            };
            self.layer(&next, false, found, budget);
        }
        match opened.problem {
            None => !has_parts,
            Some(_) if is_chance => false,
            Some(problem) => {
                budget.problems.push((layer.inner.clone(), problem.to_string()));
                // What cannot be read as what it begins like is searched as it is.
                problem == containers::Unopened::TooLarge
            }
        }
    }

    fn guarded(
        &self,
        value: usize,
        part: usize,
        writing: String,
        (start, end): (usize, usize),
        inner: Option<String>,
    ) -> Raw {
        let Names { name, parts, .. } = &self.search.guarded[value];
        Raw {
            rule: GUARDED_VALUE,
            variable: name.clone(),
            part: parts[part],
            writing,
            start,
            end,
            inner,
        }
    }

    /// Gives findings their lines, and their origins where a map knows.
    fn placed(&self, found: Vec<Raw>) -> Vec<Finding> {
        if found.is_empty() {
            return Vec::new();
        }
        let path = &self.file.path;
        let folder_of = |path: &str| match path.rsplit_once('/') {
            Some((parent, _)) => format!("{}/{parent}", self.folder),
            None => self.folder.to_owned(),
        };
        let is_map = is_map(path);
        let root = self.search.root.as_deref();
        let origin = if is_map {
            Origin::parse(self.bytes, &folder_of(path), root)
        } else {
            let read = |map: String| {
                let mut origin = None;
                let mut parse = |json: &[u8]| origin = Origin::parse(json, &folder_of(&map), root);
                (self.read)(&map, &mut parse).ok()?;
                origin
            };
            // A map may have another name than its script.
            let named = Origin::named(self.bytes).and_then(|map| beside(path, &map));
            named
                .and_then(read)
                .or_else(|| self.file.map.clone().and_then(read))
                .or_else(|| Origin::inline(self.bytes, &folder_of(path), root))
        };
        let starts: Vec<usize> = found
            .iter()
            .map(|raw| if is_of_key(raw) { start_of_key(self.bytes, raw.start) } else { raw.start })
            .collect();
        let places = places_of(self.bytes, &starts);
        let in_sources = OnceCell::new();
        let in_sources = |origin: &Origin, raw: &Raw| {
            let known = in_sources.get_or_init(|| self.in_sources(origin));
            known.get(&(raw.rule, raw.variable.clone())).cloned()
        };
        found
            .into_iter()
            .zip(starts)
            .map(|(raw, start)| {
                let place = places[&start];
                let source = match &origin {
                    Some(origin) if is_map => in_sources(origin, &raw),
                    Some(origin) => origin
                        .locate(place.line, place.column_utf16)
                        .or_else(|| in_sources(origin, &raw)),
                    None => None,
                };
                let source = source.map(|source| Location {
                    file: self.search.masked_name(&source.file).unwrap_or(source.file),
                    ..source
                });
                let is_part = raw.rule == GUARDED_VALUE && raw.writing.ends_with(needles::IN_PART);
                let level = RULES
                    .iter()
                    .find(|(rule, ..)| *rule == raw.rule)
                    .map_or(Level::Error, |(_, level, _)| *level);
                let level = if is_part { Level::Warning } else { level };
                let names = self
                    .search
                    .guarded
                    .iter()
                    .find(|names| raw.rule == GUARDED_VALUE && names.name == raw.variable);
                Finding {
                    rule: raw.rule,
                    level,
                    others: names.map(|names| names.others.clone()).unwrap_or_default(),
                    variable: raw.variable,
                    part: raw.part,
                    writing: raw.writing,
                    file: path.clone(),
                    folder: String::new(),
                    line: place.line,
                    column: place.column,
                    byte: start,
                    inner: raw.inner,
                    source,
                    more: 0,
                }
            })
            .collect()
    }

    /// What the sources in a map hold, each in the first of them that does.
    fn in_sources(&self, origin: &Origin) -> BTreeMap<(&'static str, String), Location> {
        let mut known = BTreeMap::new();
        for (source, text) in origin.sources() {
            let mut found = Vec::new();
            let mut budget = Budget { unpacked: 0, mentions_deflate: Some(false), ..Budget::of(0) };
            let file = File { path: source.to_owned(), map: None };
            let Self { search, read, folder, .. } = *self;
            let inner = FileSearch { search, file: &file, read, folder, bytes: text.as_bytes() };
            inner.first_layer(&mut found, &mut budget);
            for raw in found {
                let key = (raw.rule, raw.variable);
                if known.contains_key(&key) {
                    continue;
                }
                let place = Counter::new(text.as_bytes()).place(raw.start);
                if let Some(location) = origin.location(source, place.line, place.column) {
                    known.insert(key, location);
                }
            }
        }
        known
    }
}

fn simple(rule: &'static str, variable: String, start: usize) -> Raw {
    let writing = "plain text".to_owned();
    Raw { rule, variable, part: "", writing, start, end: start, inner: None }
}

/// Each thing once for a place: a value that several writings find, and parts of a value that stands there whole.
fn merged(mut found: Vec<Raw>) -> Vec<Raw> {
    found.sort_by(|a, b| {
        let key = |raw: &Raw| {
            let is_plain = raw.writing == "plain text";
            (
                raw.start,
                std::cmp::Reverse(raw.end),
                !is_plain,
                !raw.part.is_empty(),
                raw.writing.len(),
            )
        };
        (a.rule, &a.variable, key(a)).cmp(&(b.rule, &b.variable, key(b)))
    });
    let mut kept: Vec<Raw> = Vec::new();
    for raw in found {
        let last = kept.last_mut().filter(|last| {
            // Lines of a key that stand together are one finding.
            let gap = if is_of_key(last) && is_of_key(&raw) { MOST_BETWEEN_LINES } else { 0 };
            last.rule == raw.rule
                && last.variable == raw.variable
                && raw.start <= last.end + gap
                && (last.inner.is_some() == raw.inner.is_some())
        });
        match last {
            Some(last) => last.end = last.end.max(raw.end),
            None => kept.push(raw),
        }
    }
    // A token that is the value of a guarded variable is that, and no second finding.
    let mut values: Vec<(usize, usize)> = kept
        .iter()
        .filter(|raw| raw.rule == GUARDED_VALUE)
        .map(|raw| (raw.start, raw.end))
        .collect();
    values.sort_unstable();
    // For each value how far it and those before it reach.
    let mut reach = 0;
    for (_, end) in &mut values {
        reach = reach.max(*end);
        *end = reach;
    }
    let meets = |raw: &Raw| {
        let before = values.partition_point(|(start, _)| *start <= raw.end);
        before > 0 && values[before - 1].1 >= raw.start
    };
    kept.retain(|raw| raw.rule != TOKEN || !meets(raw));
    kept
}

/// The first places of each thing, and for each place how many are left out behind it. What is the same stands together.
fn first_places(found: Vec<Raw>) -> (Vec<Raw>, Vec<usize>) {
    let (mut kept, mut more): (Vec<Raw>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut count = 0;
    for raw in found {
        let is_same =
            kept.last().is_some_and(|last| last.rule == raw.rule && last.variable == raw.variable);
        count = if is_same { count + 1 } else { 1 };
        if let Some(more) = more.last_mut().filter(|_| count > MOST_PLACES) {
            *more += 1;
        } else {
            kept.push(raw);
            more.push(0);
        }
    }
    (kept, more)
}

/// Whether it is the body of a key file, or a piece of it.
fn is_of_key(raw: &Raw) -> bool {
    raw.part.ends_with("of the key")
}

/// Bytes between lines of a key that stand together, with the marks of comments or strings before them.
const MOST_BETWEEN_LINES: usize = 80;

/// Where a key file begins whose body was found at `start`: at `-----BEGIN`, if that stands right before it.
fn start_of_key(bytes: &[u8], start: usize) -> usize {
    let from = start.saturating_sub(MOST_BETWEEN_LINES * 2);
    let before = bytes.get(from..start).unwrap_or_default();
    match memchr::memmem::rfind(before, b"-----BEGIN ") {
        Some(at) if memchr::memmem::find(&before[at..], b"KEY-----").is_some() => from + at,
        _ => start,
    }
}

/// A path as seen from a file; `None` where it leaves the folder that all are in.
fn beside(file: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn is_map(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension == "map")
}

fn is_code(path: &str) -> bool {
    let extension = std::path::Path::new(path).extension().unwrap_or_default();
    ["js", "mjs", "cjs", "html", "htm"].iter().any(|kind| extension == *kind)
}

/// A place in a text.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
    column_utf16: usize,
}

/// Counts lines and columns up to places that come one after the other. Bytes that are not UTF-8 count as one character
/// each.
struct Counter<'a> {
    bytes: &'a [u8],
    at: usize,
    place: Place,
}

impl<'a> Counter<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, place: Place { line: 1, column: 1, column_utf16: 0 } }
    }

    /// Line and column of a byte.
    fn place(&mut self, at: usize) -> Place {
        let at = at.min(self.bytes.len());
        if at < self.at {
            *self = Self::new(self.bytes);
        }
        let mut piece = self.bytes.get(self.at..at).unwrap_or_default();
        if let Some(newline) = memchr::memrchr(b'\n', piece) {
            self.place.line += memchr::memchr_iter(b'\n', piece).count();
            (self.place.column, self.place.column_utf16) = (1, 0);
            piece = piece.get(newline + 1..).unwrap_or_default();
        }
        let text = String::from_utf8_lossy(piece);
        self.place.column += text.chars().count();
        self.place.column_utf16 += text.chars().map(char::len_utf16).sum::<usize>();
        self.at = at;
        self.place
    }
}

/// The places of bytes, in whatever order they are.
fn places_of(bytes: &[u8], at: &[usize]) -> BTreeMap<usize, Place> {
    let sorted: BTreeSet<usize> = at.iter().copied().collect();
    let mut counter = Counter::new(bytes);
    sorted.into_iter().map(|at| (at, counter.place(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_any_order() {
        let text = "ab\n購物🎉車\n\nlast";
        let whole: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let text = text.as_bytes();
        let places = places_of(text, &whole);
        for at in [text.len(), 3, 0, 6, 13, 2] {
            let mut counter = Counter::new(text);
            let place = counter.place(at);
            let known = places[&at];
            assert_eq!((place.line, place.column), (known.line, known.column), "{at}");
        }
        let car = places[&13];
        assert_eq!((car.line, car.column, car.column_utf16), (2, 4, 4));
    }

    /// Random texts of the signs that decoders look for never stop the search.
    #[test]
    fn no_text_stops_the_search() {
        const SIGNS: &[&str] = &[
            "\\",
            "\\x4",
            "\\u{",
            "\\u12",
            "}",
            "%",
            "%4",
            "%zz",
            "&",
            "&#",
            "&#x",
            ";",
            "&amp",
            "\"",
            "'",
            "`",
            "+",
            ".concat(",
            "${",
            ".join(",
            "(",
            "[",
            "0x",
            "65,",
            "66",
            "\n",
            "\r\n",
            "é",
            "\u{1f600}",
            "eyJ",
            ".",
            "-----BEGIN ",
            "PRIVATE KEY-----",
            "ghp_",
            "AKIAQ7X2M9LPZT4WNYB8",
            "H4sIAAAAAAAA",
            "eJyrVkrOT0lVslKqBQ",
            "41:",
            "41 ",
            "41-",
            "0123456789abcdef",
            "process.env",
            "import.meta.env[\"",
            "=",
            "aZ7xKq9LmP2v",
            "\0",
            "PK\u{3}\u{4}",
            "<!-- -->",
            "<!--",
            "<b>",
            "begin 644 a\n",
            "M",
            "0000000 ",
            "00000000: 6161",
            "quoted-printable",
            "=\r\n",
            "<~",
            "1 0 obj<<",
            "stream\n",
            "endstream",
            "/A85",
            "/AHx",
            "/Predictor 12 /Columns 99999999999999",
            "(a) Tj",
            "<61",
            "\u{ad}",
            "\\x1f\\x8b\\x08",
            ".replace(/",
            "4294967295,",
            "0101010101010101010101010101010101010101010101010101010101010101",
            "x",
            " ",
        ];
        let guarded = [Guarded::forced("KEY", "aZ7xKq9LmP2vRt5W \\%&\"'x")];
        let search = Search::new(&guarded, true);
        let mut state = 88_172_645_463_325_252_u64;
        for round in 0..600 {
            let mut text = Vec::new();
            for _ in 0..round % 60 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let sign = SIGNS[usize::try_from(state % SIGNS.len() as u64).unwrap()];
                text.extend_from_slice(sign.as_bytes());
            }
            // Sometimes a file ends in the middle of a character, or begins like a container.
            text.truncate(text.len().saturating_sub(round % 3));
            for start in [
                &[] as &[u8],
                &[0x1f, 0x8b, 8],
                &[0x78, 0x9c],
                b"PK\x03\x04",
                b"\x89PNG\r\n\x1a\n",
                b"%PDF-1.7\nstream\n\x78\x9c",
                b"CWS\x0a\0\0\0\0\x78\x9c",
                b"ZWS\x0a\xff\0\0\0\0\0\0\0\x5d\0\0\x10\0",
                b"\x5d\0\0\x10\0\xff\xff\xff\xff\xff\xff\xff\xff\0",
                b"<!doctype html>",
                b"<~",
                &[0xff, 0xfe],
            ] {
                let bytes = [start, &text].concat();
                let files = [File { path: "a.js".into(), map: None }];
                let read = |_: &str, show: &mut dyn FnMut(&[u8])| {
                    show(&bytes);
                    Ok(())
                };
                let found = search_files(&files, &read, &search, "dist");
                assert_eq!(found.searched.files, 1);
            }
        }
    }
}
