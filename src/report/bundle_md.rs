//! A metafile as a document for people and language models: what is in the outputs, and why. Sections and marked lines
//! as Bun's `--metafile-md` has them, paths relative to the root, imports with what they lead to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::diff::{PackageRow, WRAPPING, compare};
use super::is_source_map;
use super::markdown::{code, size, table};
use crate::metafile::{Metafile, Output};

/// Modules in the table of the largest.
const LARGEST: usize = 50;
/// Importers that are named for a module.
const IMPORTERS: usize = 10;

/// The document.
#[must_use]
pub fn render(metafile: &Metafile) -> String {
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
         - [Entry points](#entry-points)\n- [Modules](#modules)\n- [Raw data](#raw-data)\n\n",
    );
    summary(&mut text, metafile, &outputs, total);
    largest(&mut text, metafile, &bytes, total);
    packages(&mut text, &comparison.packages);
    entry_points(&mut text, metafile, &outputs);
    modules(&mut text, metafile, &bytes, &importers);
    raw(&mut text, metafile, &bytes, &importers);
    text
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
    text.push_str("## Summary\n\n");
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    table(
        text,
        &[("Metric", false), ("Value", true)],
        vec![
            row("Outputs", outputs.len().to_string()),
            row("Bytes of all outputs", size(total)),
            row("Modules", metafile.inputs.len().to_string()),
            row("Modules in packages", in_packages.to_string()),
            row("ECMAScript modules", format("esm").to_string()),
            row("CommonJS modules", format("cjs").to_string()),
            row("Imports left to the runtime", externals.to_string()),
        ],
    );
}

fn largest(text: &mut String, metafile: &Metafile, bytes: &BTreeMap<&str, u64>, total: u64) {
    text.push_str("## Largest modules\n\n");
    let mut rows: Vec<(&str, u64)> = bytes.iter().map(|(path, bytes)| (*path, *bytes)).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
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

fn entry_points(text: &mut String, metafile: &Metafile, outputs: &[(&String, &Output)]) {
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
        let _ = writeln!(text, "### Entry: {}\n", code(entry));
        let _ = writeln!(text, "- Output: {} ({})", code(path), size(output.bytes));
        let _ = writeln!(text, "- Loaded at once: {} in {} outputs", size(together), loaded.len());
        if !output.exports.is_empty() {
            let names: Vec<String> = output.exports.iter().map(|name| code(name)).collect();
            let _ = writeln!(text, "- Exports: {}", names.join(", "));
        }
        text.push('\n');
    }
}

fn modules(
    text: &mut String,
    metafile: &Metafile,
    bytes: &BTreeMap<&str, u64>,
    importers: &BTreeMap<&str, Vec<String>>,
) {
    text.push_str("## Modules\n\n");
    for (path, input) in &metafile.inputs {
        let _ = writeln!(text, "### {}\n", code(path));
        let left = bytes.get(path.as_str()).copied().unwrap_or_default();
        let _ = writeln!(text, "- Bytes: {} of {} in the source", size(left), size(input.bytes));
        if let Some(package) = &input.package {
            let _ = writeln!(text, "- Package: {}", code(package));
        }
        let chain = metafile.chain_to(path);
        if chain.len() > 1 {
            let chain: Vec<String> = chain.iter().map(|path| code(path)).collect();
            let _ = writeln!(text, "- Reached by: {}", chain.join(" → "));
        }
        if let Some(list) = importers.get(path.as_str()) {
            let shown: Vec<String> = list.iter().take(IMPORTERS).map(|place| code(place)).collect();
            let more = list.len().saturating_sub(IMPORTERS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(text, "- Imported by: {}{more}", shown.join(", "));
        }
        for import in &input.imports {
            let what = if import.external { ", left to the runtime" } else { "" };
            let _ = writeln!(text, "- Imports: {} ({}{what})", code(&import.path), import.kind);
        }
        text.push('\n');
    }
}

/// One fact a line, each with a mark at its start to search for.
fn raw(
    text: &mut String,
    metafile: &Metafile,
    bytes: &BTreeMap<&str, u64>,
    importers: &BTreeMap<&str, Vec<String>>,
) {
    text.push_str(
        "## Raw data\n\nOne fact a line; search for `[MODULE:`, `[OUTPUT_BYTES:`, `[IMPORT:`, `[IMPORTED_BY:`, `[ENTRY:`, \
         `[EXTERNAL:` or `[NODE_MODULES:`.\n\n```\n",
    );
    // A line feed or a fence in a name would end the block.
    let name = |text: &str| {
        crate::diag::render::visible(text).replace(['\n', '\t'], " ").replace("```", "'''")
    };
    for (path, input) in &metafile.inputs {
        let shown = name(path);
        let _ = writeln!(text, "[MODULE: {shown}]");
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
