//! `Diagnostic`: what is wrong, where, and what to do about it; and the exit codes.

pub mod render;

use std::fmt;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The command fails.
    Error,
    /// The command goes on; the user should look.
    Warning,
    /// For information.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Path as the user knows it: relative to the root where that is possible, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters of the line are meant, at least 1.
    pub length: usize,
    /// The text of that line, for the code frame; empty when there is none to show.
    pub line_text: String,
}

impl Location {
    /// The start of a file, with no frame to show.
    #[must_use]
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: 1, column: 1, length: 1, line_text: String::new() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing to tell the user. `docs/codes.md` explains each code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// `area/name`, stable.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Where, if anywhere.
    pub location: Option<Location>,
    /// Where in an output, when `location` is the source.
    pub output: Option<Location>,
    /// What one can do.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            location: None,
            output: None,
            hints: Vec::new(),
        }
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// A note.
    #[must_use]
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, message) }
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(mut self, location: impl Into<Option<Location>>) -> Self {
        self.location = location.into();
        self
    }

    /// The same, with the place in the output that it is about.
    #[must_use]
    pub fn in_output(mut self, output: Location) -> Self {
        self.output = Some(output);
        self
    }

    /// The same, with other paths: those of a reader who stands somewhere else.
    #[must_use]
    pub fn seen_from(mut self, place: impl Fn(&str) -> String) -> Self {
        for location in [&mut self.location, &mut self.output].into_iter().flatten() {
            location.file = place(&location.file);
        }
        self
    }

    /// The same, where `mask` takes out of each text what must not be shown; it gives `None` for one that is fine. A line of
    /// a file that holds such is not shown at all.
    #[must_use]
    pub fn masked(mut self, mask: impl Fn(&str) -> Option<String>) -> Self {
        let places = [&mut self.location, &mut self.output];
        for Location { file, line_text, .. } in places.into_iter().flatten() {
            if mask(line_text).is_some() {
                line_text.clear();
            }
            *file = mask(file).unwrap_or_else(|| std::mem::take(file));
        }
        for text in self.hints.iter_mut().chain([&mut self.message]) {
            *text = mask(text).unwrap_or_else(|| std::mem::take(text));
        }
        self
    }

    /// What one can do, and where it stands, as sentences.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let output = self.output.iter().map(|place| format!("it stands at {place} of the output"));
        output.chain(self.hints.iter().cloned())
    }

    /// The same, with one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Whether it makes the command fail.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Whether any of them is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// The documented exit codes: one per gate, so that a workflow can tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// All is well.
    Fine = 0,
    /// Our own bug.
    Bug = 1,
    /// Wrong usage or settings.
    Usage = 2,
    /// The build has errors.
    Build = 3,
    /// A leak.
    Leak = 4,
    /// A budget is broken.
    Budget = 5,
    /// The seal could not be made or does not hold.
    Seal = 6,
    /// The store or the network failed.
    Store = 7,
}

/// The candidate nearest to `word` in edit distance, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)))
        .map(|(_, candidate)| candidate)
}

/// Characters to insert, remove, replace, or swap with their neighbour; case-insensitive.
fn edit_distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut cost = replaced.min(row[j - 1] + 1).min(rows[i - 1][j] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(rows[i - 2][j - 2] + 1);
            }
            row.push(cost);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nearest_name() {
        assert_eq!(nearest("minfy", ["minify", "outdir"]), Some("minify"));
        assert_eq!(nearest("utlis", ["utils"]), Some("utils"));
        assert_eq!(nearest("serach", ["search", "list"]), Some("search"));
        assert_eq!(nearest("zzz", ["minify", "outdir"]), None);
    }
}
