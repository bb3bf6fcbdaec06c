//! A metafile as a document for people and language models: what is in the outputs, and why. It has all that Bun's
//! `--metafile-md` has, with the same marked lines to search for; paths are relative to the root, and where it would become
//! too long to read, the smallest modules are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::diff::{PackageRow, WRAPPING, compare};
use super::is_source_map;
use super::markdown::{code, size, table};
use crate::metafile::{Import, Metafile, Output};

/// Modules in the table of the largest, and in that of those that are imported most.
const LARGEST: usize = 50;
/// Modules in the table of an entry point.
const OF_ENTRY: usize = 15;
/// Importers that are named for a module.
const IMPORTERS: usize = 10;
/// Bytes above which modules are left out; about a hundred thousand tokens. Tables alone may have more.
const MOST_BYTES: usize = 400 << 10;

/// The document, with as many modules described one by one as there is room for.
#[must_use]
pub fn render(metafile: &Metafile) -> String {
    let (mut fits, mut too_many) = (0, metafile.inputs.len() + 1);
    let mut best = None;
    let mut most = metafile.inputs.len();
    while fits + 1 < too_many {
        let text = with_modules(metafile, most);
        if text.len() <= MOST_BYTES {
            (fits, best) = (most, Some(text));
        } else {
            too_many = most;
        }
        most = usize::midpoint(fits, too_many);
    }
    best.unwrap_or_else(|| with_modules(metafile, 0))
}

/// The document with so many of the largest modules described one by one.
fn with_modules(metafile: &Metafile, most: usize) -> String {
    let comparison = compare(None, metafile);
    let outputs: Vec<(&String, &Output)> =
        metafile.outputs.iter().filter(|(path, _)| !is_source_map(path)).collect();
    let total: u64 = outputs.iter().map(|(_, output)| output.bytes).sum();
    let mut bytes: BTreeMap<&str, u64> = BTreeMap::new();
    for row in comparison.modules.iter().filter(|row| row.path != WRAPPING) {
        *bytes.entry(row.path.as_str()).or_default() += row.bytes;
    }
    let mut importers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, input) in &metafile.inputs {
        for import in input.imports.iter().filter(|import| !import.external) {
            let line = import.line.map(|line| format!(":{line}")).unwrap_or_default();
            importers.entry(import.path.as_str()).or_default().push(format!("{path}{line}"));
        }
    }
    let mut text = String::from(
        "# Bundle analysis\n\nWhat is in the outputs, how large it is after minifying, and which imports brought it there.\n\n\
         - [Summary](#summary)\n- [Largest modules](#largest-modules)\n- [Packages](#packages)\n\
         - [Entry points](#entry-points)\n- [Most commonly imported modules](#most-commonly-imported-modules)\n\
         - [Modules](#modules)\n- [Raw data](#raw-data)\n\n",
    );
    let shown = largest_of(metafile, &bytes, most);
    summary(&mut text, metafile, &outputs, total);
    largest(&mut text, metafile, &bytes, total);
    packages(&mut text, &comparison.packages);
    entry_points(&mut text, metafile, &outputs);
    most_imported(&mut text, &importers);
    modules(&mut text, metafile, &bytes, &importers, &shown);
    raw(&mut text, metafile, &bytes, &importers, &shown);
    text
}

/// The modules with the most bytes, by path.
fn largest_of<'a>(
    metafile: &'a Metafile,
    bytes: &BTreeMap<&str, u64>,
    most: usize,
) -> BTreeSet<&'a str> {
    let mut paths: Vec<&str> = metafile.inputs.keys().map(String::as_str).collect();
    let of = |path: &str| bytes.get(path).copied().unwrap_or_default();
    paths.sort_by(|a, b| of(b).cmp(&of(a)).then_with(|| a.cmp(b)));
    paths.into_iter().take(most).collect()
}

/// A line that says how many are left out; nothing where none are.
fn left_out(text: &mut String, all: usize, shown: usize, what: &str) {
    if shown < all {
        let _ = writeln!(text, "*… and {} more {what}, which the metafile has*\n", all - shown);
    }
}

fn summary(text: &mut String, metafile: &Metafile, outputs: &[(&String, &Output)], total: u64) {
    let format = |name: &str| {
        metafile.inputs.values().filter(|input| input.format.as_deref() == Some(name)).count()
    };
    let in_packages = metafile.inputs.keys().filter(|path| path.contains("node_modules/")).count();
    let externals = metafile
        .inputs
        .values()
        .flat_map(|input| &input.imports)
        .filter(|import| import.external)
        .count();
    let json = metafile.inputs.keys().filter(|path| path.ends_with(".json")).count();
    let lazy = lazy(metafile);
    let is_entry = |(path, output): &&(&String, &Output)| {
        output.entry_point.is_some() && !lazy.contains(path.as_str())
    };
    let entries = outputs.iter().filter(is_entry).count();
    text.push_str("## Summary\n\n");
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    table(
        text,
        &[("Metric", false), ("Value", true)],
        vec![
            row("Outputs", outputs.len().to_string()),
            row("Bytes of all outputs", size(total)),
            row("Entry points", entries.to_string()),
            row("Modules", metafile.inputs.len().to_string()),
            row("Modules in packages", in_packages.to_string()),
            row("ECMAScript modules", format("esm").to_string()),
            row("CommonJS modules", format("cjs").to_string()),
            row("JSON files", json.to_string()),
            row("Imports left to the runtime", externals.to_string()),
        ],
    );
}

fn largest(text: &mut String, metafile: &Metafile, bytes: &BTreeMap<&str, u64>, total: u64) {
    text.push_str("## Largest modules\n\n");
    let mut rows: Vec<(&str, u64)> = bytes.iter().map(|(path, bytes)| (*path, *bytes)).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let all = rows.len();
    let rows = rows
        .into_iter()
        .take(LARGEST)
        .map(|(path, bytes)| {
            let tenths = (bytes * 1000).checked_div(total).unwrap_or_default();
            let format = metafile.inputs.get(path).and_then(|input| input.format.clone());
            vec![
                size(bytes),
                format!("{}.{}%", tenths / 10, tenths % 10),
                code(path),
                format.unwrap_or_default(),
            ]
        })
        .collect();
    table(text, &[("Bytes", true), ("Share", true), ("Module", false), ("Format", false)], rows);
    left_out(text, all, all.min(LARGEST), "modules");
}

/// Modules that several others import.
fn most_imported(text: &mut String, importers: &BTreeMap<&str, Vec<String>>) {
    text.push_str("## Most commonly imported modules\n\n");
    let mut rows: Vec<(&&str, &Vec<String>)> =
        importers.iter().filter(|(_, list)| list.len() > 1).collect();
    if rows.is_empty() {
        text.push_str("No module is imported more than once.\n\n");
        return;
    }
    rows.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
    let all = rows.len();
    let rows = rows
        .into_iter()
        .take(LARGEST)
        .map(|(path, list)| vec![list.len().to_string(), code(path), places(list, 3)])
        .collect();
    table(text, &[("Imports", true), ("Module", false), ("Imported by", false)], rows);
    left_out(text, all, all.min(LARGEST), "modules");
}

/// The first of some places, and how many more there are.
fn places(list: &[String], most: usize) -> String {
    let shown: Vec<String> = list.iter().take(most).map(|place| code(place)).collect();
    let more = list.len().saturating_sub(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

fn packages(text: &mut String, packages: &[PackageRow]) {
    text.push_str("## Packages\n\n");
    if packages.is_empty() {
        text.push_str("None.\n\n");
        return;
    }
    let mut sorted: Vec<&PackageRow> = packages.iter().collect();
    sorted.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let rows = sorted
        .into_iter()
        .map(|package| {
            let note = if package.is_duplicate() { "several versions" } else { "" };
            let by = package.importers.first().map(|place| code(place)).unwrap_or_default();
            vec![
                size(package.bytes),
                code(&package.name),
                package.versions.join(", "),
                by,
                note.to_owned(),
            ]
        })
        .collect();
    let columns = [
        ("Bytes", true),
        ("Package", false),
        ("Version", false),
        ("First imported by", false),
        ("", false),
    ];
    table(text, &columns, rows);
}

/// Outputs that others load by `import()`: they have an entry point, and nothing starts there.
fn lazy(metafile: &Metafile) -> BTreeSet<&str> {
    let imports = metafile.outputs.values().flat_map(|output| &output.imports);
    let lazy = imports.filter(|import| import.kind == "dynamic-import" && !import.external);
    lazy.map(|import| import.path.as_str()).collect()
}

fn entry_points(text: &mut String, metafile: &Metafile, outputs: &[(&String, &Output)]) {
    let lazy = lazy(metafile);
    text.push_str("## Entry points\n\n");
    for (path, output) in outputs {
        let Some(entry) = &output.entry_point else { continue };
        // What is loaded at once: the output and what it imports statically, all the way.
        let mut loaded = vec![path.as_str()];
        let mut next = 0;
        while let Some(at) = loaded.get(next) {
            next += 1;
            let imports = metafile.outputs.get(*at).map(|output| output.imports.as_slice());
            for import in imports.unwrap_or_default() {
                let is_static = import.kind == "import-statement" && !import.external;
                if is_static && !loaded.contains(&import.path.as_str()) {
                    loaded.push(&import.path);
                }
            }
        }
        let together: u64 =
            loaded.iter().filter_map(|path| Some(metafile.outputs.get(*path)?.bytes)).sum();
        let what = if lazy.contains(path.as_str()) { "Loaded later" } else { "Entry" };
        let _ = writeln!(text, "### {what}: {}\n", code(entry));
        let _ = writeln!(text, "- Output: {} ({})", code(path), size(output.bytes));
        let _ = writeln!(text, "- Loaded at once: {} in {} outputs", size(together), loaded.len());
        if !output.exports.is_empty() {
            let names: Vec<String> = output.exports.iter().map(|name| code(name)).collect();
            let _ = writeln!(text, "- Exports: {}", names.join(", "));
        }
        for other in loaded.iter().skip(1) {
            let bytes = metafile.outputs.get(*other).map(|output| output.bytes).unwrap_or_default();
            let _ = writeln!(text, "- Loads: {} ({})", code(other), size(bytes));
        }
        for import in output.imports.iter().filter(|import| import.kind == "dynamic-import") {
            let _ = writeln!(text, "- Loads later: {}", code(&import.path));
        }
        text.push('\n');
        let mut parts: Vec<(&String, u64)> =
            output.inputs.iter().map(|(path, part)| (path, part.bytes_in_output)).collect();
        parts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let all = parts.len();
        let rows = parts.into_iter().take(OF_ENTRY);
        let rows = rows.map(|(path, bytes)| vec![size(bytes), code(path)]).collect();
        table(text, &[("Bytes", true), ("Module", false)], rows);
        left_out(text, all, all.min(OF_ENTRY), "modules");
    }
}

fn modules(
    text: &mut String,
    metafile: &Metafile,
    bytes: &BTreeMap<&str, u64>,
    importers: &BTreeMap<&str, Vec<String>>,
    shown: &BTreeSet<&str>,
) {
    text.push_str("## Modules\n\n");
    left_out(text, metafile.inputs.len(), shown.len(), "modules");
    let chains = metafile.chains();
    for (path, input) in metafile.inputs.iter().filter(|(path, _)| shown.contains(path.as_str())) {
        let _ = writeln!(text, "### {}\n", code(path));
        let left = bytes.get(path.as_str()).copied().unwrap_or_default();
        let _ = writeln!(text, "- Bytes: {} of {} in the source", size(left), size(input.bytes));
        if let Some(format) = &input.format {
            let _ = writeln!(text, "- Format: {format}");
        }
        if let Some(package) = &input.package {
            let _ = writeln!(text, "- Package: {}", code(package));
        }
        let chain = chains.to(path);
        if chain.len() > 1 {
            let chain: Vec<String> = chain.iter().map(|path| code(path)).collect();
            let _ = writeln!(text, "- Reached by: {}", chain.join(" → "));
        }
        if let Some(list) = importers.get(path.as_str()) {
            let _ = writeln!(text, "- Imported by: {}", places(list, IMPORTERS));
        }
        for import in &input.imports {
            let _ = writeln!(text, "- Imports: {} ({})", code(&import.path), described(import));
        }
        text.push('\n');
    }
}

/// How a module is imported: the kind, what the source says, and its attributes.
fn described(import: &Import) -> String {
    let specifier = import.original.as_ref().map(|text| format!(", specifier {}", code(text)));
    let with = import.with.iter().fold(String::new(), |text, (name, value)| {
        text + &format!(", with {name} {}", code(value))
    });
    let external = if import.external { ", left to the runtime" } else { "" };
    format!("{}{}{with}{external}", import.kind, specifier.unwrap_or_default())
}

/// One fact a line, each with a mark at its start to search for.
fn raw(
    text: &mut String,
    metafile: &Metafile,
    bytes: &BTreeMap<&str, u64>,
    importers: &BTreeMap<&str, Vec<String>>,
    shown: &BTreeSet<&str>,
) {
    text.push_str(
        "## Raw data\n\nOne fact a line; search for `[MODULE:`, `[OUTPUT_BYTES:`, `[FORMAT:`, `[IMPORT:`, `[IMPORTED_BY:`, `[ENTRY:`, \
         `[EXTERNAL:` or `[NODE_MODULES:`.\n\n```\n",
    );
    if shown.len() < metafile.inputs.len() {
        let _ = writeln!(text, "(of {} of {} modules)", shown.len(), metafile.inputs.len());
    }
    // A line feed or a fence in a name would end the block.
    let name = |text: &str| {
        crate::diag::render::visible(text).replace(['\n', '\t'], " ").replace("```", "'''")
    };
    for (path, input) in metafile.inputs.iter().filter(|(path, _)| shown.contains(path.as_str())) {
        let shown = name(path);
        let _ = writeln!(text, "[MODULE: {shown}]");
        if let Some(format) = &input.format {
            let _ = writeln!(text, "[FORMAT: {shown} = {format}]");
        }
        let left = bytes.get(path.as_str()).copied().unwrap_or_default();
        let _ = writeln!(text, "[OUTPUT_BYTES: {shown} = {left} bytes]");
        if path.contains("node_modules/") {
            let _ = writeln!(text, "[NODE_MODULES: {shown}]");
        }
        for import in &input.imports {
            let mark = if import.external { "EXTERNAL" } else { "IMPORT" };
            let _ = writeln!(text, "[{mark}: {shown} -> {}]", name(&import.path));
        }
        for importer in importers.get(path.as_str()).into_iter().flatten() {
            let _ = writeln!(text, "[IMPORTED_BY: {shown} <- {}]", name(importer));
        }
    }
    for (path, output) in &metafile.outputs {
        if let Some(entry) = &output.entry_point {
            let _ = writeln!(
                text,
                "[ENTRY: {} -> {} ({} bytes)]",
                name(entry),
                name(path),
                output.bytes
            );
        }
    }
    text.push_str("```\n");
}
