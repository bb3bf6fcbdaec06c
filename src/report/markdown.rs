//! The report as Markdown: the pull-request comment, the job summary, the file, the terminal.
//!
//! Where it would be too long, whole parts are left out, rung by rung, and each rung says so. Nothing is ever cut.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::budget::BudgetResult;
use super::diff::{ModuleRow, PackageRow, WRAPPING};
use super::html::escaped;
use super::picture::{self, Pictures};
use super::record::record;
use super::{Baseline, GateResult, OutputRow, Report, Sizes};

/// Bytes that a comment may have: GitHub takes 65,536 characters.
pub const COMMENT_BYTES: usize = 60_000;
/// Bytes that a job summary may have.
pub const SUMMARY_BYTES: usize = 1024 * 1024;
/// Outputs in the table before the rest is folded away.
const MOST_OUTPUTS: usize = 10;
/// Modules in the table before the rest is counted only.
const MOST_MODULES: usize = 100;

/// What a rung of the ladder leaves out.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Rung {
    Everything,
    Changed,
    FewModules,
    ShortRecord,
    NoRecord,
    Verdict,
}

const LADDER: [Rung; 6] = [
    Rung::Everything,
    Rung::Changed,
    Rung::FewModules,
    Rung::ShortRecord,
    Rung::NoRecord,
    Rung::Verdict,
];

/// The whole report.
#[must_use]
pub fn render(report: &Report) -> String {
    at(report, Rung::Everything)
}

/// As much of the report as fits into a number of bytes.
#[must_use]
pub fn fit(report: &Report, most: usize) -> String {
    LADDER
        .iter()
        .map(|rung| at(report, *rung))
        .find(|text| text.len() <= most)
        .unwrap_or_else(|| at(report, Rung::Verdict))
}

/// How the marker of a report starts, up to its key.
#[must_use]
pub fn marker_start(report: &Report) -> String {
    format!("<!-- bundlegate:v1 key={}", marker_text(&report.name))
}

/// The first line of a report, by which a later run finds its comment.
#[must_use]
pub fn marker(report: &Report) -> String {
    let context = &report.context;
    let mut text = marker_start(report);
    for (name, value) in [("head", &context.head), ("base", &context.base), ("run", &context.run)] {
        if !value.is_empty() {
            let _ = write!(text, " {name}={}", marker_text(value));
        }
    }
    text.push_str(" -->");
    text
}

fn at(report: &Report, rung: Rung) -> String {
    let mut text = marker(report) + "\n";
    heading(&mut text, report);
    sentence(&mut text, report);
    leaks(&mut text, report);
    let is_quiet = report.is_unchanged() && report.passes() && !report.warns();
    if rung < Rung::Verdict && !is_quiet {
        outputs(&mut text, report, rung);
    }
    if !is_quiet {
        gates(&mut text, report);
    }
    if rung < Rung::Verdict {
        if !is_quiet {
            why(&mut text, report, rung);
            picture(&mut text, report, rung);
            files(&mut text, report);
        }
        complete_record(&mut text, report, rung);
    }
    if rung > Rung::Everything {
        let what = match rung {
            Rung::Everything | Rung::Changed => "what did not change",
            Rung::FewModules => "what did not change, and all but 25 modules",
            Rung::ShortRecord => "what did not change, and small modules",
            Rung::NoRecord => "what did not change, small modules, and the record",
            Rung::Verdict => "everything but the verdict",
        };
        let _ = writeln!(
            text,
            "The report would be too long here, so {what} was left out; the job summary has it.\n"
        );
    }
    footer(&mut text, report);
    text
}

fn footer(text: &mut String, report: &Report) {
    let mut parts = vec![match &report.baseline {
        Baseline::Some(label) => format!("Compared with {}", cell(label)),
        Baseline::None(reason) => format!("No baseline: {}", cell(reason)),
    }];
    if !report.context.run_url.is_empty() {
        parts.push(format!("[run]({})", report.context.run_url));
    }
    parts.push("1 kB is 1,000 bytes".to_owned());
    parts.push(format!("bundlegate {}", env!("CARGO_PKG_VERSION")));
    let _ = writeln!(text, "<sub>{}</sub>", parts.join(" · "));
}

fn heading(text: &mut String, report: &Report) {
    let mark = match (report.passes(), report.warns()) {
        (false, _) => "❌ ",
        (true, true) => "⚠ ",
        (true, false) => "",
    };
    let _ = writeln!(text, "### {mark}bundlegate · {}: {}\n", plain(&report.name), verdict(report));
}

/// The verdict in words, without the name.
#[must_use]
pub fn verdict(report: &Report) -> String {
    let mut parts = Vec::new();
    if !report.leaks.is_empty() {
        let found = format!("{} found", plural(report.leaks.len(), "leak"));
        parts.push(if is_blocked(report) {
            format!("release blocked, {found}")
        } else {
            format!("{found} and let through")
        });
    }
    let over = |is_of: &dyn Fn(&&BudgetResult) -> bool| -> usize {
        let mut paths: Vec<&str> =
            report.budgets.iter().filter(is_of).map(|result| result.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        paths.len()
    };
    let outputs = plural(report.outputs.len(), "output");
    match over(&|result| result.fails()) {
        0 => {}
        count => parts.push(format!("{count} of {outputs} over budget")),
    }
    match over(&|result| result.over() > 0 && !result.fails()) {
        0 => {}
        count => parts.push(format!("{count} of {outputs} over a budget (a warning)")),
    }
    for gate in report.gates.iter().filter(|gate| gate.result == GateResult::Fail) {
        if !matches!(gate.name, "Leaks" | "Size") {
            parts.push(format!("{} failed", gate.name.to_lowercase()));
        }
    }
    if parts.is_empty() {
        parts.push(if report.is_unchanged() { "no change" } else { "all gates passed" }.to_owned());
    }
    parts.join(" · ")
}

/// Whether leaks stop the release.
fn is_blocked(report: &Report) -> bool {
    report.gates.iter().any(|gate| gate.name == "Leaks" && gate.result == GateResult::Fail)
}

/// The metric of the sentence: what a browser downloads, where it is known.
fn main_size(sizes: &Sizes) -> (u64, &'static str) {
    match (sizes.gzip, sizes.brotli) {
        (Some(gzip), _) => (gzip, "gzip"),
        (None, Some(brotli)) => (brotli, "brotli"),
        (None, None) => (sizes.raw, "raw"),
    }
}

fn main_metric(report: &Report) -> &'static str {
    main_size(&report.total()).1
}

fn sentence(text: &mut String, report: &Report) {
    let total = report.total();
    let metric = main_metric(report);
    let now = total.get(metric).unwrap_or_default();
    let outputs = plural(report.outputs.len(), "output");
    let others: Vec<String> = ["brotli", "raw"]
        .iter()
        .filter(|other| **other != metric)
        .filter_map(|other| Some(format!("{} {other}", size(total.get(other)?))))
        .collect();
    let before = report.total_before().and_then(|before| before.get(metric));
    let changed = match before {
        Some(before) if before == now => ", as before".to_owned(),
        Some(before) => format!(", {}", change(before, now)),
        None => String::new(),
    };
    let others =
        if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    let _ = write!(text, "**{} {metric} in {outputs}{changed}**{others}.", size(now));
    if let Some(cause) = main_cause(report) {
        let _ = writeln!(text, " Main cause: {cause}.\n");
        return;
    }
    let own = report.modules.iter().filter(|row| row.path != WRAPPING);
    let largest = own.max_by_key(|row| row.bytes).filter(|_| before.is_none());
    let largest =
        largest.map(|row| format!(" Largest module: {} ({}).", code(&row.path), size(row.bytes)));
    let _ = writeln!(text, "{}\n", largest.unwrap_or_default());
}

/// The package or the module that changed most.
fn main_cause(report: &Report) -> Option<String> {
    let Baseline::Some(_) = report.baseline else { return None };
    let package = report
        .packages
        .iter()
        .max_by_key(|package| package.bytes.abs_diff(package.before))
        .filter(|package| package.bytes != package.before);
    let module = report.modules.first().filter(|row| row.change() != 0);
    let by_package = package.map_or(0, |package| package.bytes.abs_diff(package.before));
    let by_module = module.map_or(0, |row| row.change().unsigned_abs());
    if let Some(package) = package.filter(|_| by_package >= by_module) {
        let by = package.importers.first().map(|place| format!(", imported by {}", code(place)));
        let by = by.filter(|_| package.change() == "added").unwrap_or_default();
        return Some(format!(
            "**{} {} is {}** ({} minified){by}",
            code(&package.name),
            cell(&package.versions.join(" and ")),
            match package.change() {
                "added" => "new",
                "removed" => "gone",
                "updated" => "another version",
                _ => "of another size",
            },
            signed(package.before, package.bytes)
        ));
    }
    let row = module?;
    let reason =
        if row.reason.is_empty() { String::new() } else { format!(", {}", cell(&row.reason)) };
    Some(format!("{} ({} minified{reason})", code(&row.path), signed(row.before, row.bytes)))
}

/// The difference with its sign: `+1.20 kB`, `-31 B`, `0`.
fn signed(before: u64, now: u64) -> String {
    match now.cmp(&before) {
        std::cmp::Ordering::Greater => format!("+{}", size(now - before)),
        std::cmp::Ordering::Less => format!("-{}", size(before - now)),
        std::cmp::Ordering::Equal => "0".to_owned(),
    }
}

/// The difference with its per cent of what was before.
fn change(before: u64, now: u64) -> String {
    if before == now {
        return "0".to_owned();
    }
    if before == 0 {
        return signed(before, now);
    }
    #[expect(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
    let percent = (now as f64 - before as f64) / before as f64 * 100.0;
    format!("{} ({percent:+.1}%)", signed(before, now))
}

fn leaks(text: &mut String, report: &Report) {
    if report.leaks.is_empty() {
        return;
    }
    text.push_str(if is_blocked(report) {
        "Nothing was signed or stored. Take each of these values for known: replace them where they are used.\n\n"
    } else {
        "The settings let these through (`leaks.fail_on: never`). Take each of these values for known.\n\n"
    });
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

fn outputs(text: &mut String, report: &Report, rung: Rung) {
    let has_base = matches!(report.baseline, Baseline::Some(_));
    let has_budgets = !report.budgets.is_empty();
    let metric = main_metric(report);
    let budget = |path: &str| {
        report
            .budgets
            .iter()
            .filter(|result| result.path == path)
            .map(|result| {
                let percent =
                    (u128::from(result.actual) * 100).div_ceil(u128::from(result.most.max(1)));
                let mark = match (result.over() > 0, result.budget.warns) {
                    (true, true) => "over: ",
                    (true, false) => "❌ ",
                    (false, _) => "",
                };
                format!("{mark}{percent}% of {} {}", size(result.most), result.budget.metric)
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut columns = vec![("Output", false), (metric, true)];
    if has_base {
        columns.push(("Change", true));
    }
    if has_budgets {
        columns.push(("Budget", true));
    }
    let others: Vec<&'static str> =
        ["raw", "brotli"].into_iter().filter(|other| *other != metric).collect();
    columns.extend(others.iter().map(|other| (*other, true)));
    let optional = |bytes: Option<u64>| bytes.map_or_else(|| "not measured".to_owned(), size);
    let cells = |title: String, sizes: &Sizes, changed: String, path: &str| {
        let mut cells = vec![title, optional(sizes.get(metric))];
        if has_base {
            cells.push(changed);
        }
        if has_budgets {
            cells.push(budget(path));
        }
        cells.extend(others.iter().map(|other| optional(sizes.get(other))));
        cells
    };
    let line = |row: &OutputRow| {
        let changed = match row.before {
            None => "new".to_owned(),
            Some(before) => match (before.get(metric), row.sizes.get(metric)) {
                (Some(before), Some(now)) => change(before, now),
                _ => change(before.raw, row.sizes.raw) + " raw",
            },
        };
        cells(code(&row.title), &row.sizes, changed, &row.path)
    };
    let is_changed = |row: &&OutputRow| {
        !has_base
            || row.before != Some(row.sizes)
            || report.budgets.iter().any(|result| result.path == row.path && result.over() > 0)
    };
    let (changed, same): (Vec<&OutputRow>, Vec<&OutputRow>) =
        report.outputs.iter().partition(is_changed);
    let is_long = report.outputs.len() > MOST_OUTPUTS;
    // Those that changed stand above those that did not, when not all fit.
    let ordered: Vec<&OutputRow> = if is_long {
        changed.iter().chain(&same).copied().collect()
    } else {
        report.outputs.iter().collect()
    };
    let most = if is_long { MOST_OUTPUTS.max(changed.len().min(50)) } else { ordered.len() };
    let mut rows: Vec<Vec<String>> = ordered.iter().take(most).map(|row| line(row)).collect();
    for (path, sizes) in report.removed.iter().take(most) {
        rows.push(cells(code(path), sizes, "removed".to_owned(), ""));
    }
    if report.outputs.len() + report.removed.len() > 1
        || report.budgets.iter().any(|b| b.path.is_empty())
    {
        let total = report.total();
        let changed = report
            .total_before()
            .and_then(|before| Some(change(before.get(metric)?, total.get(metric)?)))
            .unwrap_or_default();
        let mut row = cells("Total".to_owned(), &total, changed, "");
        for cell in row.iter_mut().filter(|cell| !cell.is_empty()) {
            *cell = format!("**{cell}**");
        }
        rows.push(row);
    }
    table(text, &columns, rows);
    let rest: Vec<&OutputRow> = ordered.iter().skip(most).copied().collect();
    if rest.is_empty() {
        return;
    }
    if rung >= Rung::Changed {
        let _ = writeln!(text, "and {} others\n", rest.len());
        return;
    }
    let _ = writeln!(text, "<details><summary>and {} others</summary>\n", rest.len());
    table(text, &columns, rest.into_iter().map(line).collect());
    text.push_str("</details>\n\n");
}

fn gates(text: &mut String, report: &Report) {
    let rows = report
        .gates
        .iter()
        .map(|gate| {
            let result = match gate.result {
                GateResult::Pass => "pass",
                GateResult::Warn => "⚠ warning",
                GateResult::Fail => "❌ fail",
                GateResult::Skipped => "skipped",
            };
            vec![gate.name.to_owned(), result.to_owned(), cell(&gate.evidence)]
        })
        .collect();
    table(text, &[("Gate", false), ("Result", false), ("Evidence", false)], rows);
}

/// Modules, with what changed and why, and packages.
/// What the outputs are made of, drawn.
fn picture(text: &mut String, report: &Report, rung: Rung) {
    if rung >= Rung::FewModules {
        return;
    }
    let pie = picture::pie(report);
    if pie.is_none() && report.pictures.is_none() {
        return;
    }
    text.push_str("<details><summary><b>Picture</b>: what the outputs are made of</summary>\n\n");
    if let Some(pie) = pie {
        let _ = writeln!(text, "```mermaid\n{pie}```\n");
    }
    if let Some(Pictures { light, dark }) = &report.pictures {
        let (light, dark) = (escaped(light), escaped(dark));
        let _ = writeln!(
            text,
            "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"{dark}\">\
             <img alt=\"Treemap by package and module; the same figures are in the record below\" \
             src=\"{light}\" width=\"720\"></picture>\n"
        );
    }
    text.push_str("</details>\n\n");
}

fn why(text: &mut String, report: &Report, rung: Rung) {
    if report.modules.is_empty() {
        return;
    }
    let has_base = matches!(report.baseline, Baseline::Some(_));
    let changed: Vec<&ModuleRow> = report.modules.iter().filter(|row| row.change() != 0).collect();
    let renamed = |row: &&ModuleRow| row.reason.starts_with("renamed") || row.change() != 0;
    let shown: Vec<&ModuleRow> = if has_base {
        report.modules.iter().filter(renamed).collect()
    } else {
        report.modules.iter().collect()
    };
    let most = if rung >= Rung::FewModules { 25 } else { MOST_MODULES };
    if has_base {
        let added = report.packages.iter().filter(|package| package.change() == "added").count();
        let packages =
            if added > 0 { format!(", {}", plural(added, "new package")) } else { String::new() };
        let _ = writeln!(
            text,
            "<details><summary><b>Why it changed</b>: {}{packages}</summary>\n",
            plural(changed.len(), "module")
        );
    } else {
        let _ = writeln!(
            text,
            "<details><summary><b>Modules</b>: {} in the outputs</summary>\n",
            shown.len()
        );
    }
    let largest = shown.iter().map(|row| weight(row, has_base)).max().unwrap_or(1).max(1);
    let rows = shown
        .iter()
        .take(most)
        .map(|row| {
            let length =
                usize::try_from((weight(row, has_base) * 12).div_ceil(largest)).unwrap_or(12);
            let sign = if has_base && row.change() < 0 { "-" } else { "+" };
            let bytes = if has_base { signed(row.before, row.bytes) } else { size(row.bytes) };
            let mut cells = vec![bytes, sign.repeat(length), code(&row.path), code(&row.output)];
            if has_base {
                cells.push(cell(&row.reason));
            }
            cells
        })
        .collect();
    let mut columns = vec![("Minified", true), ("", false), ("Module", false), ("In", false)];
    if has_base {
        columns.push(("Reason", false));
    }
    table(text, &columns, rows);
    if shown.len() > most {
        let _ = writeln!(text, "and {} others\n", shown.len() - most);
    }
    text.push_str(
        "Bytes in the outputs after minifying; compressed sizes do not add up per module.\n\n",
    );
    packages(text, &report.packages, has_base);
    text.push_str("</details>\n\n");
}

fn weight(row: &ModuleRow, has_base: bool) -> u64 {
    if has_base { row.change().unsigned_abs() } else { row.bytes }
}

fn packages(text: &mut String, packages: &[PackageRow], has_base: bool) {
    let start = text.len();
    let versions = |list: &[String]| cell(&list.join(" and "));
    for package in packages {
        let name = code(&package.name);
        let bytes = signed(package.before, package.bytes);
        let through = || {
            let some: Vec<String> =
                package.importers.iter().take(4).map(|place| code(place)).collect();
            if some.is_empty() { String::new() } else { format!(", through {}", some.join(", ")) }
        };
        match package.change() {
            "added" if has_base => {
                let _ = writeln!(
                    text,
                    "- **New:** {name} {} ({bytes} minified){}",
                    versions(&package.versions),
                    through()
                );
            }
            "removed" => {
                let _ = writeln!(
                    text,
                    "- **Removed:** {name} {} ({bytes} minified)",
                    versions(&package.versions_before)
                );
            }
            "updated" => {
                let _ = writeln!(
                    text,
                    "- **Updated:** {name} {} → {} ({bytes} minified)",
                    versions(&package.versions_before),
                    versions(&package.versions)
                );
            }
            _ => {}
        }
        if package.is_duplicate() {
            let as_before = has_base && package.versions == package.versions_before;
            let _ = writeln!(
                text,
                "- **Duplicate{}:** {name} {}, {} minified together{}",
                if as_before { ", as before" } else { "" },
                versions(&package.versions),
                size(package.bytes),
                through()
            );
        }
    }
    if text.len() > start {
        text.push('\n');
    }
}

fn files(text: &mut String, report: &Report) {
    if report.artifacts.is_empty() {
        return;
    }
    let place = report.deployment.as_deref().map(|place| format!(" in {}", cell(place)));
    let _ = writeln!(
        text,
        "<details><summary><b>Files and signatures</b>{}</summary>\n",
        if place.is_some() { ", stored" } else { "" }
    );
    let short = |text: &str| format!("`{}…`", text.get(..16).unwrap_or(text));
    let rows = report
        .artifacts
        .iter()
        .take(MOST_MODULES)
        .map(|row| {
            let hmac = row.hmac.as_deref().map_or_else(|| "unsigned".to_owned(), short);
            vec![code(&row.path), short(&row.sha256), hmac]
        })
        .collect();
    table(text, &[("File", false), ("SHA-256", false), ("HMAC", false)], rows);
    if report.artifacts.len() > MOST_MODULES {
        let _ = writeln!(text, "and {} others\n", report.artifacts.len() - MOST_MODULES);
    }
    if let Some(place) = &report.deployment {
        let _ = writeln!(text, "Verify: `bundlegate verify {}`\n", plain_place(place));
    }
    text.push_str("</details>\n\n");
}

/// A place in a store as a command takes it.
fn plain_place(place: &str) -> String {
    crate::diag::render::visible(place).replace(['`', '\n'], "")
}

fn complete_record(text: &mut String, report: &Report, rung: Rung) {
    if rung >= Rung::NoRecord {
        return;
    }
    let changed: u64 = report.modules.iter().map(|row| row.change().unsigned_abs()).sum();
    let lines: Vec<String> = record(report)
        .iter()
        .filter(|line| match rung {
            Rung::Everything => true,
            _ if line["t"] != "module" => true,
            _ => {
                let at = |index: usize| line["bytes"][index].as_u64().unwrap_or_default();
                let by = at(0).abs_diff(at(1));
                by > 0 && (rung < Rung::ShortRecord || by * 100 >= changed)
            }
        })
        .map(ToString::to_string)
        .collect();
    // No line holds a line feed, so none can close the fence.
    text.push_str("<details><summary><b>Complete record</b>: JSON Lines, one fact a line</summary>\n\n```jsonl\n");
    for line in lines {
        let _ = writeln!(text, "{}", record_safe(&line));
    }
    text.push_str("```\n\n</details>\n\n");
}

/// JSON with what must not stand in a comment escaped: what is invisible or turns text around, and what would close the
/// fence.
fn record_safe(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.replace("```", "\\u0060\\u0060\\u0060").chars() {
        if matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}')
        {
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// A table whose source is aligned, counting wide characters as two columns.
pub(super) fn table(text: &mut String, columns: &[(&str, bool)], rows: Vec<Vec<String>>) {
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
    let (unit, name) = if bytes < 999_500 { (1e3, "kB") } else { (1e6, "MB") };
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
    use crate::report::Gate;

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(code("a|b`c``d"), "```a\\|b`c``d```");
        assert_eq!(code("`x"), "`` `x ``");
        assert_eq!(code("a\u{202e}b\nc"), "`a\\u{202e}b c`");
        assert_eq!(plain("<b>@me"), "&lt;b\\>@\u{200b}me");
        assert_eq!(marker_text("a --> b"), "a_____b");
    }

    #[test]
    fn every_rung_is_shorter_and_whole() {
        let module = |index: u64| ModuleRow {
            path: format!("src/a-rather-long-name-of-a-module-{index}.ts"),
            output: "app.js".to_owned(),
            before: if index < 200 { 100 } else { 0 },
            bytes: 100 + index,
            reason: "grown".to_owned(),
            package: None,
        };
        let output = |index: u64| {
            let sizes = Sizes { raw: 1000 + index, ..Sizes::default() };
            let path = format!("chunk-{index}.js");
            let title = path.clone();
            let before = Some(Sizes { raw: 1000 + index % 2, ..sizes });
            OutputRow { path, entry_point: None, sizes, before, title }
        };
        let report = Report {
            name: "app".to_owned(),
            baseline: Baseline::Some("the base".to_owned()),
            outputs: (0..50).map(output).collect(),
            modules: (0..300).map(module).collect(),
            gates: vec![Gate {
                name: "Size",
                result: GateResult::Fail,
                evidence: "one is over".to_owned(),
            }],
            ..Report::default()
        };
        let texts = LADDER.map(|rung| at(&report, rung));
        for (index, text) in texts.iter().enumerate() {
            assert!(text.starts_with("<!-- bundlegate:v1 key=app") && text.contains("### ❌"));
            assert!(text.contains("one is over"), "{text}");
            assert_eq!(text.contains("was left out"), index > 0);
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
            assert_eq!(text.matches("```").count() % 2, 0);
            // As much as there is room for, and not a byte more.
            assert_eq!(&fit(&report, text.len()), text);
            let next = texts.get(index + 1).unwrap_or(text);
            assert!(next.len() < text.len() || index + 1 == texts.len(), "{index}");
            assert_eq!(&fit(&report, text.len() - 1), next);
        }
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
