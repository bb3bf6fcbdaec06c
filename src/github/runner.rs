//! What the runner reads back: the job summary and annotations, with its escaping.

use std::io;
use std::path::Path;

use crate::diag::{Diagnostic, Severity};
use crate::fs::{append, size};

/// The runner shows nothing of a summary that is longer.
const SUMMARY_BYTES: u64 = 1024 * 1024;

/// Adds Markdown to the job summary.
///
/// # Errors
/// The file cannot be written, or the summary would be longer than the runner takes.
pub fn add_summary(file: &Path, markdown: &str) -> io::Result<()> {
    let present = size(file)?.unwrap_or_default();
    if present + markdown.len() as u64 > SUMMARY_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the job summary would be longer than 1 MiB",
        ));
    }
    append(file, markdown.as_bytes())
}

/// Adds outputs of the step. Each value stands between delimiters that nobody can guess, so none can forge another.
///
/// # Errors
/// The file cannot be written, or there are no random numbers.
pub fn add_outputs(file: &Path, outputs: &[(&str, String)]) -> io::Result<()> {
    let mut text = String::new();
    for (name, value) in outputs {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let delimiter =
            random.iter().fold("end".to_owned(), |text, byte| text + &format!("{byte:02x}"));
        text += &format!("{name}<<{delimiter}\n{value}\n{delimiter}\n");
    }
    append(file, text.as_bytes())
}

/// The command that has the runner hide a value in everything that follows. The runner takes it out of the log itself.
#[must_use]
pub fn mask_command(value: &str) -> String {
    format!("::add-mask::{}", value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

/// Text that a runner shows as it is: no line of it is a command, in the new form or in the old one.
#[must_use]
pub fn defused(text: &str) -> String {
    let text = text.replace("##[", "#\u{200b}#[");
    text.split('\n')
        .map(|line| {
            let start = line.len() - line.trim_start().len();
            if line.trim_start().starts_with("::") {
                let (space, rest) = line.split_at(start);
                format!("{space}\u{200b}{rest}")
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// A diagnostic as a workflow command that shows it at its place.
#[must_use]
pub fn annotation(diagnostic: &Diagnostic) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = vec![format!("title={}", property(diagnostic.code))];
    if let Some(location) = &diagnostic.location {
        properties.push(format!("file={}", property(&location.file)));
        properties.push(format!("line={}", location.line));
        properties.push(format!("col={}", location.column));
    }
    let mut message = diagnostic.message.clone();
    for hint in diagnostic.notes() {
        message.push('\n');
        message.push_str(&hint);
    }
    format!("::{command} {}::{}", properties.join(","), data(&message))
}

/// Escapes of the runner's toolkit for the text of a command; the legacy form `##[…]` is broken up too.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A").replace("##[", "#\u{200b}#[")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Location;

    #[test]
    fn text_is_no_command() {
        let text = defused("a ##[add-mask]x\n  ::set-output name=a::b\nfine :: ok");
        assert!(!text.contains("##["));
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
        assert!(text.ends_with("fine :: ok"));
    }

    #[test]
    fn commands_cannot_be_forged() {
        let mut location = Location::file("a,b:c\n::error::x");
        location.line = 3;
        let diagnostic =
            Diagnostic::error("leak/guarded-value", "100% of\n##[add-mask]x").at(location);
        let line = annotation(&diagnostic);
        assert_eq!(line.lines().count(), 1);
        assert!(line.starts_with(
            "::error title=leak/guarded-value,file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ax,line=3,col=1::"
        ));
        assert!(!line.contains("##["));
        assert!(line.contains("100%25 of%0A"));
    }
}
