//! The report as a page of its own: a treemap by output, package and module, with the difference from the base. The
//! script is written in TypeScript (`src/report/treemap/`) and bundled by bundlegate.

use serde_json::json;

use super::{Baseline, Report};

const PAGE: &str = include_str!("treemap/page.html");
const SCRIPT: &str = include_str!("treemap.js");

/// The whole page.
///
/// # Panics
/// Never: the page has places for title, data and script.
#[must_use]
pub fn render(report: &Report) -> String {
    let has_base = matches!(report.baseline, Baseline::Some(_));
    let modules: Vec<_> = report
        .modules
        .iter()
        .map(|row| {
            json!({
                "path": row.path, "output": row.output, "pkg": row.package,
                "bytes": row.bytes, "before": row.before,
            })
        })
        .collect();
    let title = format!("{} · bundlegate", report.name);
    let data = json!({ "title": report.name, "hasBase": has_base, "modules": modules });
    let (start, rest) = PAGE.split_once("{title}").expect("the page has a title");
    let (middle, rest) = rest.split_once("{data}").expect("the page has data");
    let (after, end) = rest.split_once("{script}").expect("the page has a script");
    [
        start,
        &escaped(&title),
        middle,
        // No `<`, so no end of the element and no comment that swallows it.
        &data.to_string().replace('<', "\\u003c"),
        after,
        // The same for ours: it has no such text, which a test holds.
        SCRIPT.trim_end(),
        end,
    ]
    .concat()
}

/// Text in HTML and XML, in attributes, too. XML has no way to write most control characters.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_text() {
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
        let mut report = Report { name: "</title><script>x".to_owned(), ..Report::default() };
        report.modules.push(crate::report::diff::ModuleRow {
            path: "</script><script>evil()</script><!--".to_owned(),
            output: "a.js".to_owned(),
            before: 0,
            bytes: 1,
            reason: String::new(),
            package: None,
        });
        let page = render(&report);
        assert_eq!(page.matches("</script").count(), 2);
        assert_eq!(page.matches("</title>").count(), 1);
        assert!(!page.contains("<!--"));
    }
}
