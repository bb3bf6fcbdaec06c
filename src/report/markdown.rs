//! The report as Markdown: the job summary, the file, the terminal, and later the comment.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::budget::BudgetResult;
use super::{GateResult, Report};

/// Rows of a table before the rest is counted only.
const MOST_ROWS: usize = 25;

/// The whole report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = format!("<!-- bundlegate:v1 key={} -->\n", marker_text(&report.name));
    heading(&mut text, report);
    sentence(&mut text, report);
    leaks(&mut text, report);
    outputs(&mut text, report);
    gates(&mut text, report);
    modules(&mut text, report);
    let _ =
        writeln!(text, "<sub>1 kB is 1,000 bytes · bundlegate {}</sub>", env!("CARGO_PKG_VERSION"));
    text
}

fn heading(text: &mut String, report: &Report) {
    let mut parts = Vec::new();
    let over: Vec<&BudgetResult> =
        report.budgets.iter().filter(|result| result.over() > 0).collect();
    if !report.leaks.is_empty() {
        parts.push(format!("release blocked, {} found", plural(report.leaks.len(), "leak")));
    }
    if !over.is_empty() {
        let mut paths: Vec<&str> = over.iter().map(|result| result.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        parts.push(format!(
            "{} of {} over budget",
            paths.len(),
            plural(report.outputs.len(), "output")
        ));
    }
    for gate in report.gates.iter().filter(|gate| gate.result == GateResult::Fail) {
        if !matches!(gate.name, "Leaks" | "Size") {
            parts.push(format!("{} failed", gate.name.to_lowercase()));
        }
    }
    let mark = if report.passes() { "" } else { "❌ " };
    if parts.is_empty() {
        parts.push("all gates passed".to_owned());
    }
    let _ =
        writeln!(text, "### {mark}bundlegate · {}: {}\n", plain(&report.name), parts.join(" · "));
}

fn sentence(text: &mut String, report: &Report) {
    let total = report.total();
    let sizes = match (total.gzip, total.brotli) {
        (Some(gzip), Some(brotli)) => {
            format!("{} gzip, {} brotli, {} raw", size(gzip), size(brotli), size(total.raw))
        }
        _ => format!("{} raw", size(total.raw)),
    };
    let outputs = plural(report.outputs.len(), "output");
    let largest = report
        .modules
        .first()
        .map(|row| format!(" Largest module: {} ({}).", code(&row.path), size(row.bytes)));
    let _ = writeln!(text, "**{sizes} in {outputs}.**{}\n", largest.unwrap_or_default());
}

fn leaks(text: &mut String, report: &Report) {
    if report.leaks.is_empty() {
        return;
    }
    text.push_str("Nothing was signed or stored. Take each of these values for known: replace them where they are used.\n\n");
    let rows = report
        .leaks
        .iter()
        .map(|leak| {
            let source = leak.source.as_deref().map(code).unwrap_or_default();
            vec![code(&leak.variable), code(&leak.place), leak.form.clone(), source]
        })
        .collect();
    table(
        text,
        &[("Variable", false), ("Output", false), ("Form", false), ("Source", false)],
        rows,
    );
}

fn outputs(text: &mut String, report: &Report) {
    let total = report.total();
    let optional = |bytes: Option<u64>| bytes.map_or_else(|| "not measured".to_owned(), size);
    let budget = |path: &str| {
        report
            .budgets
            .iter()
            .filter(|result| result.path == path)
            .map(|result| {
                let percent = (u128::from(result.actual) * 100)
                    .div_ceil(u128::from(result.budget.limit.max(1)));
                let mark = if result.over() > 0 { "❌ " } else { "" };
                format!(
                    "{mark}{percent}% of {} {}",
                    size(result.budget.limit),
                    result.budget.metric
                )
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let has_budgets = !report.budgets.is_empty();
    let mut rows: Vec<Vec<String>> = report
        .outputs
        .iter()
        .take(MOST_ROWS)
        .map(|row| {
            let mut cells = vec![
                code(&row.path),
                size(row.sizes.raw),
                optional(row.sizes.gzip),
                optional(row.sizes.brotli),
            ];
            if has_budgets {
                cells.push(budget(&row.path));
            }
            cells
        })
        .collect();
    if report.outputs.len() > 1 {
        let bold = |text: String| format!("**{text}**");
        let mut cells = vec![
            bold("Total".into()),
            bold(size(total.raw)),
            bold(optional(total.gzip)),
            bold(optional(total.brotli)),
        ];
        if has_budgets {
            cells.push(String::new());
        }
        rows.push(cells);
    }
    let mut columns = vec![("Output", false), ("raw", true), ("gzip", true), ("brotli", true)];
    if has_budgets {
        columns.push(("Budget", true));
    }
    table(text, &columns, rows);
    if report.outputs.len() > MOST_ROWS {
        let _ = writeln!(text, "and {} others\n", report.outputs.len() - MOST_ROWS);
    }
}

fn gates(text: &mut String, report: &Report) {
    let rows = report
        .gates
        .iter()
        .map(|gate| {
            let result = match gate.result {
                GateResult::Pass => "pass",
                GateResult::Fail => "❌ fail",
                GateResult::Skipped => "skipped",
            };
            vec![gate.name.to_owned(), result.to_owned(), cell(&gate.evidence)]
        })
        .collect();
    table(text, &[("Gate", false), ("Result", false), ("Evidence", false)], rows);
}

fn modules(text: &mut String, report: &Report) {
    if report.modules.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "<details><summary><b>Modules</b>: {} in the outputs</summary>\n",
        report.modules.len()
    );
    let rows = report
        .modules
        .iter()
        .take(MOST_ROWS)
        .map(|row| vec![size(row.bytes), code(&row.path), code(&row.output)])
        .collect();
    table(text, &[("Minified", true), ("Module", false), ("In", false)], rows);
    if report.modules.len() > MOST_ROWS {
        let rest: u64 = report.modules.iter().skip(MOST_ROWS).map(|row| row.bytes).sum();
        let _ = writeln!(text, "and {} others, {}\n", report.modules.len() - MOST_ROWS, size(rest));
    }
    text.push_str(
        "Bytes in the outputs; compressed sizes do not add up per module.\n\n</details>\n\n",
    );
}

/// A table whose source is aligned, counting wide characters as two columns.
fn table(text: &mut String, columns: &[(&str, bool)], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, (title, _))| {
            rows.iter()
                .filter_map(|row| row.get(index))
                .map(|cell| cell.width())
                .max()
                .unwrap_or_default()
                .max(title.width())
                .max(3)
        })
        .collect();
    let pad = |cell: &str, index: usize, right: bool| {
        let space = " ".repeat(widths[index].saturating_sub(cell.width()));
        if right { format!("{space}{cell}") } else { format!("{cell}{space}") }
    };
    let titles: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(index, (title, right))| pad(title, index, *right))
        .collect();
    let _ = writeln!(text, "| {} |", titles.join(" | "));
    let rules: Vec<String> = columns
        .iter()
        .zip(&widths)
        .map(
            |((_, right), width)| {
                if *right { format!("{}:", "-".repeat(width - 1)) } else { "-".repeat(*width) }
            },
        )
        .collect();
    let _ = writeln!(text, "| {} |", rules.join(" | "));
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(columns)
            .enumerate()
            .map(|(index, (cell, (_, right)))| pad(cell, index, *right))
            .collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
}

/// Three significant figures: `812 B`, `4.51 kB`, `1.19 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (unit, name) = if bytes < 1_000_000 { (1e3, "kB") } else { (1e6, "MB") };
    #[expect(clippy::cast_precision_loss, reason = "three figures are shown")]
    let value = bytes as f64 / unit;
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {name}")
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A code span that holds any text: the fence is longer than any run of backticks in it, a pipe does not end a cell,
/// and what cannot be seen is made visible. A code span also keeps `@name` and `#1` from becoming links.
#[must_use]
pub fn code(text: &str) -> String {
    let text = crate::diag::render::visible(text).replace(['\n', '\t'], " ").replace('|', "\\|");
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Text that is ours but may hold a name that is not.
fn cell(text: &str) -> String {
    crate::diag::render::visible(text).replace(['\n', '\t'], " ").replace('|', "\\|")
}

/// A name in running text, with everything escaped that Markdown or HTML would take for its own.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for character in crate::diag::render::visible(text).chars() {
        match character {
            '\n' | '\t' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("@\u{200b}"),
            c if "\\`*_{}[]()#+!|>~".contains(c) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// What may stand in an HTML comment: nothing that could end it.
fn marker_text(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || "._/".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(code("a|b`c``d"), "```a\\|b`c``d```");
        assert_eq!(code("`x"), "`` `x ``");
        assert_eq!(code("a\u{202e}b\nc"), "`a\\u{202e}b c`");
        assert_eq!(plain("<b>@me"), "&lt;b\\>@\u{200b}me");
        assert_eq!(marker_text("a --> b"), "a_____b");
    }

    #[test]
    fn sizes() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(4510), "4.51 kB");
        assert_eq!(size(67_930), "67.9 kB");
        assert_eq!(size(1_190_882), "1.19 MB");
    }

    #[test]
    fn wide_characters_align() {
        let mut text = String::new();
        table(
            &mut text,
            &[("Output", false), ("raw", true)],
            vec![vec!["購物車".into(), "1 B".into()], vec!["ab".into(), "22 B".into()]],
        );
        let widths: Vec<usize> =
            text.lines().filter(|line| !line.is_empty()).map(UnicodeWidthStr::width).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
    }
}
