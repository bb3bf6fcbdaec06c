//! The leak gate: `scan()` takes artifacts and gives `Scanned` or findings. Only a `Scanned` can be sealed.

pub mod needles;
pub mod policy;
mod source;

use rayon::prelude::*;

use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath};
use crate::diag::{Diagnostic, Location};
pub use needles::{Encoding, Needles};
pub use policy::{Guarded, Policy, guarded};
use source::Origin;

/// A guarded value in an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the variable.
    pub variable: String,
    /// How its value is written.
    pub encoding: Encoding,
    /// The output.
    pub file: String,
    /// Line in the output, from 1.
    pub line: usize,
    /// Column in the output, in characters from 1.
    pub column: usize,
    /// Byte in the output, from 0.
    pub byte: usize,
    /// Where that came from, if a source map knows.
    pub source: Option<Location>,
}

impl Finding {
    /// What the user is told. The value, a part of it, and the line it stands in are not.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let form = match self.encoding {
            Encoding::Plain => String::new(),
            other => format!(" ({})", other.as_str()),
        };
        let output = Location {
            file: self.file.clone(),
            line: self.line,
            column: self.column,
            length: 1,
            line_text: String::new(),
        };
        let message = format!("the value of `{}` is in `{}`{form}", self.variable, self.file);
        let diagnostic = match &self.source {
            Some(source) => Diagnostic::error("leak/guarded-value", message)
                .at(source.clone())
                .hint(format!("it stands at {output} of the output")),
            None => Diagnostic::error("leak/guarded-value", message).at(output),
        };
        diagnostic
            .hint("take it for known: replace it where it is used, then read it at run time or rename it if it is meant to be public")
    }
}

/// How much was searched: "none found" means nothing without it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Searched {
    /// Variables whose values were looked for.
    pub variables: usize,
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
    pub fn searched(&self) -> Searched {
        self.searched
    }

    /// Adds an encoding of each artifact for which `encode` gives one. The bytes it gets are those that were searched.
    #[must_use]
    pub fn encode(
        mut self,
        coding: &'static str,
        extension: &str,
        encode: impl Fn(&BuildArtifact) -> Option<Vec<u8>> + Sync,
    ) -> Self {
        self.artifacts.par_iter_mut().for_each(|scanned| {
            if let Some(bytes) = encode(&scanned.artifact)
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

/// Searches all artifacts, maps included. `folder` is that of the outputs, relative to the root; source maps are
/// relative to it.
///
/// # Errors
/// The findings that are not excused by `is_allowed`.
pub fn scan(
    artifacts: Vec<BuildArtifact>,
    guarded: &[Guarded],
    folder: &str,
    is_allowed: impl Fn(&Finding) -> bool + Sync,
) -> Result<Scanned, Findings> {
    let findings = search(&artifacts, guarded, folder);
    let list: Vec<Finding> =
        findings.list.into_iter().filter(|finding| !is_allowed(finding)).collect();
    if list.is_empty() {
        let artifacts = artifacts
            .into_iter()
            .map(|artifact| ScannedArtifact { artifact, encoded: Vec::new() })
            .collect();
        Ok(Scanned { artifacts, searched: findings.searched })
    } else {
        Err(Findings { list, searched: findings.searched })
    }
}

/// Searches without judging.
#[must_use]
pub fn search(artifacts: &[BuildArtifact], guarded: &[Guarded], folder: &str) -> Findings {
    let needles = Needles::new(guarded);
    let mut list: Vec<Finding> = artifacts
        .par_iter()
        .flat_map_iter(|artifact| search_one(artifact, artifacts, guarded, &needles, folder))
        .collect();
    list.sort_by(|a, b| (&a.file, a.byte, &a.variable).cmp(&(&b.file, b.byte, &b.variable)));
    let searched = Searched {
        variables: guarded.len(),
        encodings: Encoding::COUNT,
        files: artifacts.len(),
        bytes: artifacts.iter().map(|artifact| artifact.body.bytes().len() as u64).sum(),
    };
    Findings { list, searched }
}

fn search_one(
    artifact: &BuildArtifact,
    all: &[BuildArtifact],
    guarded: &[Guarded],
    needles: &Needles,
    folder: &str,
) -> Vec<Finding> {
    let bytes = artifact.body.bytes();
    let mut hits = needles.find(bytes);
    let mut in_name = needles.find(artifact.path.as_str().as_bytes());
    if hits.is_empty() && in_name.is_empty() {
        return Vec::new();
    }
    let own_folder = |path: &str| match path.rsplit_once('/') {
        Some((parent, _)) => format!("{folder}/{parent}"),
        None => folder.to_owned(),
    };
    let map_folder = own_folder(artifact.path.as_str());
    let origin = match artifact.kind {
        ArtifactKind::SourceMap => Origin::parse(bytes, &map_folder),
        _ => artifact
            .source_map
            .as_ref()
            .and_then(|path| all.iter().find(|other| other.path == *path))
            .and_then(|map| Origin::parse(map.body.bytes(), &own_folder(map.path.as_str()))),
    };
    let finding =
        |hit: needles::Hit, line: usize, column: usize, source: Option<Location>| Finding {
            variable: guarded[hit.variable].name.clone(),
            encoding: hit.encoding,
            file: artifact.path.to_string(),
            line,
            column,
            byte: hit.start,
            source,
        };
    let mut findings: Vec<Finding> =
        in_name.drain(..).map(|hit| finding(hit, 1, 1, None)).collect();
    for hit in hits.drain(..) {
        let place = place(bytes, hit.start);
        let source = match (&origin, artifact.kind) {
            (Some(origin), ArtifactKind::SourceMap) => in_sources(origin, needles, hit.variable),
            (Some(origin), _) => origin.locate(place.line, place.column_utf16),
            (None, _) => None,
        };
        findings.push(finding(hit, place.line, place.column, source));
    }
    findings
}

/// The first source in a map that holds the value.
fn in_sources(origin: &Origin, needles: &Needles, variable: usize) -> Option<Location> {
    origin.sources().find_map(|(source, text)| {
        let hit = needles.find(text.as_bytes()).into_iter().find(|hit| hit.variable == variable)?;
        let place = place(text.as_bytes(), hit.start);
        Some(origin.location(source, place.line, place.column))
    })
}

struct Place {
    line: usize,
    column: usize,
    column_utf16: usize,
}

/// Line and column of a byte; bytes that are not UTF-8 count as one character each.
fn place(bytes: &[u8], at: usize) -> Place {
    let before = &bytes[..at];
    let line_start =
        before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = String::from_utf8_lossy(&before[line_start..]);
    Place {
        line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
        column: line.chars().count() + 1,
        column_utf16: line.chars().map(char::len_utf16).sum(),
    }
}
