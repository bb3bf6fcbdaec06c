//! What the outputs are made of, as pictures that a comment can show: a Mermaid pie, which the forge draws itself, and
//! static SVG treemaps, which must stand where the forge can fetch them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::diff::{ModuleRow, WRAPPING};
use super::html::escaped;
use super::markdown::size;
use super::{Baseline, Report};

/// Groups that get a name of their own in a picture.
const MOST_GROUPS: usize = 24;
/// Modules that get a box of their own in a treemap.
const MOST_BOXES: usize = 300;
/// Slices of the pie that have a name.
const MOST_SLICES: usize = 8;
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Height of a line with a title.
const LINE: f64 = 18.0;
/// What a column of text takes at 11 pixels, generously, since the font is the reader's.
const COLUMN: f64 = 6.6;

/// Where the treemaps of a report can be seen, as URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pictures {
    /// For a light page.
    pub light: String,
    /// For a dark page.
    pub dark: String,
}

/// What a treemap is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// A light page.
    Light,
    /// A dark page.
    Dark,
}

impl Theme {
    /// Its name in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn ink(self) -> &'static str {
        match self {
            Self::Light => "#1b1f24",
            Self::Dark => "#e8ebee",
        }
    }

    fn paper(self) -> &'static str {
        match self {
            Self::Light => "#ffffff",
            Self::Dark => "#14171a",
        }
    }

    /// Red where it grew, green where it shrank; without a base, a colour for each group.
    fn fill(self, row: Cell<'_>, group: usize, has_base: bool) -> String {
        if !has_base {
            let hue = (210 + group * 45) % 360;
            let light = if self == Self::Light { 86 } else { 28 };
            return format!("hsl({hue},50%,{light}%)");
        }
        let colours = match self {
            Self::Light => ["#f4b6ae", "#b5dfb9", "#d9dde2"],
            Self::Dark => ["#7a2f28", "#235a2a", "#333a41"],
        };
        let which = match row.bytes.cmp(&row.before) {
            std::cmp::Ordering::Greater => 0,
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Equal => 2,
        };
        colours[which].to_owned()
    }
}

/// A part of the outputs: own code, a package, or what the bundler wrote itself.
struct Group<'a> {
    name: String,
    bytes: u64,
    /// Largest first.
    modules: Vec<&'a ModuleRow>,
}

/// Parts of the outputs, the largest first; those of no size are left out.
fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut by_name: BTreeMap<&str, Vec<&ModuleRow>> = BTreeMap::new();
    for row in report.modules.iter().filter(|row| row.bytes > 0) {
        let name = match &row.package {
            Some(package) => package.as_str(),
            None if row.path == WRAPPING => WRAPPING,
            None => "own code",
        };
        by_name.entry(name).or_default().push(row);
    }
    let mut groups: Vec<Group<'_>> = by_name
        .into_iter()
        .map(|(name, mut modules)| {
            modules.sort_by(|a, b| {
                let by_name = || (&a.path, &a.output).cmp(&(&b.path, &b.output));
                b.bytes.cmp(&a.bytes).then_with(by_name)
            });
            let bytes = modules.iter().map(|row| row.bytes).sum();
            Group { name: name.to_owned(), bytes, modules }
        })
        .collect();
    groups.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    groups
}

/// A pie in Mermaid's notation, without the fence; `None` where all is of one kind.
#[must_use]
pub fn pie(report: &Report) -> Option<String> {
    let groups = groups(report);
    if groups.len() < 2 {
        return None;
    }
    let mut text = "pie showData title Minified kB by package\n".to_owned();
    let mut slice = |name: &str, bytes: u64| {
        // In a label, only these cannot end it or start a directive.
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || "@/._+-() ".contains(*c);
        let label: String = name.chars().map(|c| Some(c).filter(is_plain).unwrap_or('_')).collect();
        let _ = writeln!(text, "    \"{label}\" : {}.{:02}", bytes / 1000, bytes % 1000 / 10);
    };
    // Less than ten bytes are no slice: Mermaid refuses zero.
    let shown = groups.iter().filter(|group| group.bytes >= 10);
    for group in shown.clone().take(MOST_SLICES) {
        slice(&group.name, group.bytes);
    }
    let others: Vec<u64> = shown.skip(MOST_SLICES).map(|group| group.bytes).collect();
    if !others.is_empty() {
        slice(&format!("{} others", others.len()), others.iter().sum());
    }
    Some(text)
}

/// What stands in one box.
#[derive(Clone, Copy)]
struct Cell<'a> {
    label: &'a str,
    title: &'a str,
    before: u64,
    bytes: u64,
}

#[derive(Clone, Copy)]
struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// A treemap of modules within packages as SVG without script, style sheet or link. Every name in it is text.
#[must_use]
pub fn treemap(report: &Report, theme: Theme) -> String {
    let has_base = matches!(report.baseline, Baseline::Some(_));
    let groups = groups(report);
    let total: u64 = groups.iter().map(|group| group.bytes).sum();
    let legend = if has_base { "; red grew, green shrank" } else { "" };
    let heading =
        format!("{}: {} minified, by package and module{legend}", report.name, size(total));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"system-ui,sans-serif\" font-size=\"11\" fill=\"{}\" role=\"img\"><title>{}</title>\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"{}\"/>",
        theme.ink(),
        escaped(&heading),
        theme.paper(),
    );
    text(&mut svg, &heading, Rect { x: 0.0, y: 0.0, width: WIDTH, height: LINE });
    let all = Rect { x: 0.0, y: LINE, width: WIDTH, height: HEIGHT - LINE };
    let (named, others) = groups.split_at(groups.len().min(MOST_GROUPS));
    let mut weights: Vec<u64> = named.iter().map(|group| group.bytes).collect();
    let of_others: u64 = others.iter().map(|group| group.bytes).sum();
    weights.extend((of_others > 0).then_some(of_others));
    // What is smaller than this gets no box of its own.
    let mut sizes: Vec<u64> = report.modules.iter().map(|row| row.bytes).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let least = sizes.get(MOST_BOXES).copied().unwrap_or_default();
    for (index, rect) in squarify(&weights, all).into_iter().enumerate() {
        let Some(group) = named.get(index) else {
            let name = format!("{} other packages", others.len());
            let before = others.iter().flat_map(|group| &group.modules).map(|row| row.before).sum();
            let cell = Cell { label: &name, title: &name, before, bytes: of_others };
            boxed(&mut svg, cell, rect, &theme.fill(cell, index, has_base), theme);
            continue;
        };
        let title = format!("{} · {}", group.name, size(group.bytes));
        let has_title = rect.height > 2.5 * LINE && fits(&title, rect.width) >= 8;
        let top = if has_title { LINE } else { 0.0 };
        if has_title {
            text(&mut svg, &title, rect);
        }
        let inner = Rect { y: rect.y + top, height: rect.height - top, ..rect };
        let (own, small): (Vec<&ModuleRow>, Vec<&ModuleRow>) =
            group.modules.iter().partition(|row| row.bytes > least);
        let more = format!("{} more", small.len());
        let mut cells: Vec<Cell<'_>> = own.iter().map(|row| of_module(row)).collect();
        if !small.is_empty() {
            let sum = |of: fn(&ModuleRow) -> u64| small.iter().map(|row| of(row)).sum::<u64>();
            let (before, bytes) = (sum(|row| row.before), sum(|row| row.bytes));
            cells.push(Cell { label: &more, title: &more, before, bytes });
            cells.sort_by_key(|cell| std::cmp::Reverse(cell.bytes));
        }
        let weights: Vec<u64> = cells.iter().map(|cell| cell.bytes).collect();
        for (cell, rect) in cells.into_iter().zip(squarify(&weights, inner)) {
            boxed(&mut svg, cell, rect, &theme.fill(cell, index, has_base), theme);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn of_module(row: &ModuleRow) -> Cell<'_> {
    let label = row.path.rsplit('/').next().unwrap_or(&row.path);
    Cell { label, title: &row.path, before: row.before, bytes: row.bytes }
}

fn boxed(svg: &mut String, cell: Cell<'_>, rect: Rect, fill: &str, theme: Theme) {
    let Rect { x, y, width, height } = rect;
    let _ = write!(
        svg,
        "<g><title>{} · {}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         fill=\"{fill}\" stroke=\"{}\"/>",
        escaped(cell.title),
        size(cell.bytes),
        theme.paper(),
    );
    if height > LINE {
        text(svg, cell.label, rect);
    }
    svg.push_str("</g>");
}

/// How many columns of text a box holds.
fn fits(text: &str, width: f64) -> usize {
    let mut columns = 0;
    while columns < text.width()
        && f64::from(u32::try_from(columns).unwrap_or(0) + 1) * COLUMN <= width - 8.0
    {
        columns += 1;
    }
    columns
}

/// A line at the top of a box, cut where it would leave it; nothing where hardly anything would be left.
fn text(svg: &mut String, line: &str, rect: Rect) {
    let room = fits(line, rect.width);
    let shown = if room >= line.width() {
        line.to_owned()
    } else if room >= 4 {
        let mut columns = 1;
        let start: String = line
            .chars()
            .take_while(|c| {
                columns += c.width().unwrap_or(1);
                columns <= room
            })
            .collect();
        start + "…"
    } else {
        return;
    };
    let (x, y) = (rect.x + 4.0, rect.y + 13.0);
    let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(&shown));
}

/// Divides a rectangle into one for each weight, largest first, as near to squares as a row at a time can be
/// (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000). Weights are not zero.
fn squarify(weights: &[u64], mut rest: Rect) -> Vec<Rect> {
    let weight = |of: &[u64]| -> f64 {
        let sum: u64 = of.iter().sum();
        // Four gigabytes are enough for a picture.
        f64::from(u32::try_from(sum).unwrap_or(u32::MAX))
    };
    let mut rects = Vec::with_capacity(weights.len());
    let mut left = weights;
    while let [first, ..] = left {
        let short = rest.width.min(rest.height);
        let scale = rest.width * rest.height / weight(left);
        let worst = |row: &[u64]| {
            let (row_area, last) = (weight(row) * scale, row.last().unwrap_or(first));
            let side = short * short / (row_area * row_area);
            let (large, small) = (weight(&[*first]) * scale, weight(&[*last]) * scale);
            (side * large).max(1.0 / (side * small))
        };
        let mut count = 1;
        while count < left.len() && worst(&left[..=count]) <= worst(&left[..count]) {
            count += 1;
        }
        let (row, others) = left.split_at(count);
        let thick = weight(row) * scale / short;
        let mut at = 0.0;
        for item in row {
            let long = weight(&[*item]) * scale / thick;
            rects.push(if rest.width >= rest.height {
                Rect { x: rest.x, y: rest.y + at, width: thick, height: long }
            } else {
                Rect { x: rest.x + at, y: rest.y, width: long, height: thick }
            });
            at += long;
        }
        if rest.width >= rest.height {
            rest = Rect { x: rest.x + thick, width: (rest.width - thick).max(0.01), ..rest };
        } else {
            rest = Rect { y: rest.y + thick, height: (rest.height - thick).max(0.01), ..rest };
        }
        left = others;
    }
    rects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rows: &[(&str, Option<&str>, u64)]) -> Report {
        let row = |(path, package, bytes): &(&str, Option<&str>, u64)| ModuleRow {
            path: (*path).to_owned(),
            output: "a.js".to_owned(),
            before: 0,
            bytes: *bytes,
            reason: String::new(),
            package: package.map(str::to_owned),
        };
        Report {
            name: "a <b> & \"c\"".to_owned(),
            modules: rows.iter().map(row).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn boxes_cover_the_whole_and_keep_their_shares() {
        let weights = [600, 300, 200, 100, 50, 25, 1];
        let all = Rect { x: 0.0, y: 0.0, width: 700.0, height: 400.0 };
        let rects = squarify(&weights, all);
        assert_eq!(rects.len(), weights.len());
        let total: u64 = weights.iter().sum();
        for (rect, weight) in rects.iter().zip(weights) {
            let share = rect.width * rect.height / (all.width * all.height);
            let right = f64::from(u32::try_from(weight).unwrap())
                / f64::from(u32::try_from(total).unwrap());
            assert!((share - right).abs() < 1e-6, "{share} {right}");
            assert!(rect.x + rect.width < 700.1 && rect.y + rect.height < 400.1);
        }
    }

    #[test]
    fn names_stay_text() {
        let report = report(&[
            ("src/<script>\"&\u{1}\u{202e}.ts", None, 40_000),
            ("src/長い名前のモジュール.ts", None, 30_000),
            ("x.js", Some("evil\"\n%%{init}%%"), 20_000),
        ]);
        for theme in [Theme::Light, Theme::Dark] {
            let svg = treemap(&report, theme);
            assert!(!svg.contains("<script") && !svg.contains('\u{1}'), "{svg}");
            assert_eq!(svg.matches("<g>").count(), 3);
        }
        let pie = pie(&report).unwrap();
        assert_eq!(pie.lines().nth(2), Some("    \"evil_____init___\" : 20.00"), "{pie}");
    }

    #[test]
    fn much_is_put_together() {
        let many: Vec<(String, String)> =
            (0..2000).map(|at| (format!("m{at}.js"), format!("p{}@1", at / 40))).collect();
        let rows: Vec<(&str, Option<&str>, u64)> = many
            .iter()
            .zip(0..)
            .map(|((path, package), at)| (path.as_str(), Some(package.as_str()), 10_000 - at))
            .collect();
        let svg = treemap(&report(&rows), Theme::Light);
        assert!(svg.matches("<g>").count() <= MOST_BOXES + MOST_GROUPS + 1);
        assert!(svg.contains("other packages") && svg.len() < 100_000, "{}", svg.len());
        let pie = pie(&report(&rows)).unwrap();
        assert!(pie.contains("\"42 others\""), "{pie}");
        assert!(super::pie(&report(&rows[..1])).is_none());
    }
}
