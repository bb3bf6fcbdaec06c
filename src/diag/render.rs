//! Diagnostics as text for a terminal, with a code frame.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Diagnostic, Location, Severity};

/// Columns of a source line that a frame shows; longer lines (minified code) are cut around the place.
const FRAME_COLUMNS: usize = 100;

/// The diagnostic as lines of text, ending in a line feed. With `color`, ANSI escapes are used.
#[must_use]
pub fn render(diagnostic: &Diagnostic, color: bool) -> String {
    let (start, bold, end) = if color {
        let start = match diagnostic.severity {
            Severity::Error => "\x1b[1;31m",
            Severity::Warning => "\x1b[1;33m",
            Severity::Note => "\x1b[1;36m",
        };
        (start, "\x1b[1m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    let mut text = format!(
        "{start}{}[{}]{end}{bold}: {}{end}\n",
        diagnostic.severity,
        diagnostic.code,
        visible_line(&diagnostic.message)
    );
    if let Some(location) = &diagnostic.location {
        let _ = writeln!(text, "  --> {}", visible_line(&location.to_string()));
        frame(&mut text, location);
    }
    for hint in diagnostic.notes() {
        let _ = writeln!(text, "  hint: {}", visible_line(&hint));
    }
    text
}

fn frame(text: &mut String, location: &Location) {
    if location.line_text.is_empty() {
        return;
    }
    let characters: Vec<char> = location.line_text.chars().collect();
    let at = location.column.saturating_sub(1).min(characters.len());
    let from =
        if characters.len() > FRAME_COLUMNS { at.saturating_sub(FRAME_COLUMNS / 2) } else { 0 };
    let to = characters.len().min(from + FRAME_COLUMNS);
    let before: String =
        characters[from..at].iter().map(|c| if *c == '\t' { ' ' } else { *c }).collect();
    let line: String =
        characters[from..to].iter().map(|c| if *c == '\t' { ' ' } else { *c }).collect();
    let number = location.line.to_string();
    let gutter = " ".repeat(number.len());
    let width: usize =
        characters[at..to].iter().take(location.length).filter_map(|c| c.width()).sum();
    let _ = writeln!(text, " {number} | {}", visible(&line));
    let _ =
        writeln!(text, " {gutter} | {}{}", " ".repeat(before.width()), "^".repeat(width.max(1)));
}

/// Control and bidirectional characters made visible, so that text from a file cannot steer a terminal or a runner.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(character),
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// The same for what has to stay on a line: a line break in a name must not begin another one.
#[must_use]
pub fn visible_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_points_at_wide_characters() {
        let diagnostic = Diagnostic::error("build/syntax", "expected `;`").at(Location {
            file: "src/搜尋.ts".into(),
            line: 12,
            column: 7,
            length: 2,
            line_text: "const 名前 = ;".into(),
        });
        assert_eq!(
            render(&diagnostic.hint("write one"), false),
            "error[build/syntax]: expected `;`\n  --> src/搜尋.ts:12:7\n 12 | const 名前 = ;\n    |       ^^^^\n  hint: write one\n"
        );
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(visible("a\u{1b}[31m\u{202e}b"), "a\\u{1b}[31m\\u{202e}b");
        assert_eq!(visible_line("a\n::stop\tb"), "a\\n::stop\\tb");
    }
}
