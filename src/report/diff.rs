//! Head against base: which outputs belong together, and which modules and packages made the difference.
//!
//! Outputs are joined by what they are, not by their names: the entry point, or the modules that chunks share.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::hashed_name::{Hashed, readings};
use crate::artifact::sketch::Sketch;
use crate::metafile::{Metafile, Output};

/// What is left of an output when the bytes of its modules are taken away: the runtime and the wrapping.
pub const WRAPPING: &str = "(runtime and wrapping)";

/// What one module contributes to one output, before and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleRow {
    /// Path of the module.
    pub path: String,
    /// Path of the output: in head, or in base where head does not have it.
    pub output: String,
    /// Bytes after minifying, in base; 0 where it was not there or there is no base.
    pub before: u64,
    /// Bytes after minifying, in head.
    pub bytes: u64,
    /// Why it changed; empty without a base, and where nothing changed.
    pub reason: String,
    /// The package it belongs to.
    pub package: Option<String>,
}

impl ModuleRow {
    /// Bytes that it grew.
    #[must_use]
    pub fn change(&self) -> i64 {
        signed(self.bytes) - signed(self.before)
    }
}

/// A package, in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRow {
    /// Its name.
    pub name: String,
    /// Its versions in base, sorted; empty when it was not there.
    pub versions_before: Vec<String>,
    /// Its versions in head, sorted; empty when it is gone.
    pub versions: Vec<String>,
    /// Bytes in base.
    pub before: u64,
    /// Bytes in head.
    pub bytes: u64,
    /// Who imports it from another package or from own code, in head: `path:line`.
    pub importers: Vec<String>,
}

impl PackageRow {
    /// What happened to it: `added`, `removed`, `updated`, or `same`.
    #[must_use]
    pub fn change(&self) -> &'static str {
        match (self.versions_before.is_empty(), self.versions.is_empty()) {
            (true, _) => "added",
            (_, true) => "removed",
            _ if self.versions != self.versions_before => "updated",
            _ => "same",
        }
    }

    /// Whether head has it more than once.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.versions.len() > 1
    }
}

/// What there is to say about head, and about its difference from a base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// For outputs of head, by path: the output of base that it stands for.
    pub pairs: BTreeMap<String, String>,
    /// Modules: those that changed the most first, then the largest.
    pub modules: Vec<ModuleRow>,
    /// Packages by name.
    pub packages: Vec<PackageRow>,
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Compares two metafiles; without a base, everything is only described.
#[must_use]
pub fn compare(base: Option<&Metafile>, head: &Metafile) -> Comparison {
    let pairs = base.map(|base| join(base, head)).unwrap_or_default();
    let importers = Importers::new(head);
    let mut modules = Vec::new();
    for (path, output) in code_outputs(head) {
        let before =
            base.zip(pairs.get(path)).and_then(|(base, path)| base.outputs.get(path.as_str()));
        rows_of(path, before, output, base, head, &importers, &mut modules);
    }
    if let Some(base) = base {
        let joined: BTreeSet<&str> = pairs.values().map(String::as_str).collect();
        for (path, output) in code_outputs(base).filter(|(path, _)| !joined.contains(path.as_str()))
        {
            rows_of(
                path,
                Some(output),
                &Output::default(),
                Some(base),
                head,
                &importers,
                &mut modules,
            );
        }
    }
    mark_renamed(&mut modules);
    modules.sort_by(|a, b| {
        let by_change = b.change().unsigned_abs().cmp(&a.change().unsigned_abs());
        by_change.then_with(|| b.bytes.cmp(&a.bytes)).then_with(|| {
            (a.path.as_str(), a.output.as_str()).cmp(&(b.path.as_str(), b.output.as_str()))
        })
    });
    let packages = packages(base, head, &importers);
    Comparison { pairs, modules, packages }
}

fn code_outputs(metafile: &Metafile) -> impl Iterator<Item = (&String, &Output)> {
    metafile.outputs.iter().filter(|(path, _)| !super::is_source_map(path))
}

/// For each output of head, the output of base that it stands for: by what a bundler says, by its modules, by its
/// content, then by its name and by how alike they are. What is not certain is not joined.
fn join(base: &Metafile, head: &Metafile) -> BTreeMap<String, String> {
    let mut joined = Joined {
        pairs: BTreeMap::new(),
        free: code_outputs(base).map(|(path, output)| (path.as_str(), output)).collect(),
    };
    let waiting = |joined: &Joined<'_>| -> Vec<(&str, &Output)> {
        code_outputs(head)
            .map(|(path, output)| (path.as_str(), output))
            .filter(|(path, _)| !joined.pairs.contains_key(*path))
            .collect()
    };
    for (path, other) in only_ones(&waiting(&joined), &joined.free, |path, output| {
        output.entry_point.as_deref().map(|entry| (entry.to_owned(), ending(path).to_owned()))
    }) {
        joined.pair(path, other);
    }
    for (path, _) in waiting(&joined) {
        joined.pair(path, path);
    }
    // The most bytes of the same modules first.
    let mut shared: Vec<(u64, &str, &str)> = Vec::new();
    for (path, output) in waiting(&joined) {
        for (other, before) in &joined.free {
            let bytes: u64 = output
                .inputs
                .iter()
                .filter_map(|(input, now)| {
                    let then = before.inputs.get(input)?;
                    Some(now.bytes_in_output.min(then.bytes_in_output).max(1))
                })
                .sum();
            if bytes > 0 && ending(other) == ending(path) {
                shared.push((bytes, path, other));
            }
        }
    }
    shared.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    for (_, path, other) in shared {
        joined.pair(path, other);
    }
    for (path, other) in only_ones(&waiting(&joined), &joined.free, |path, output| {
        output.sha256.as_ref().map(|sha256| (sha256.clone(), ending(path).to_owned()))
    }) {
        joined.pair(path, other);
    }
    let without_modules: Vec<(&str, &Output)> =
        waiting(&joined).into_iter().filter(|(_, output)| output.inputs.is_empty()).collect();
    for (path, other) in alike(&without_modules, &joined.free, base, head) {
        joined.pair(path, other);
    }
    joined.pairs
}

/// Outputs of head that found theirs of base, and those of base that nobody found.
struct Joined<'a> {
    pairs: BTreeMap<String, String>,
    free: BTreeMap<&'a str, &'a Output>,
}

impl Joined<'_> {
    fn pair(&mut self, path: &str, other: &str) {
        if !self.pairs.contains_key(path) && self.free.remove(other).is_some() {
            self.pairs.insert(path.to_owned(), other.to_owned());
        }
    }
}

fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Outputs that are the only one of their kind on their side, and for which there is the only one on the other.
fn only_ones<'h, 'b, K: Ord>(
    head: &[(&'h str, &Output)],
    base: &BTreeMap<&'b str, &Output>,
    kind: impl Fn(&str, &Output) -> Option<K>,
) -> Vec<(&'h str, &'b str)> {
    let mut kinds: BTreeMap<K, (Vec<&'h str>, Vec<&'b str>)> = BTreeMap::new();
    for (path, output) in head {
        if let Some(kind) = kind(path, output) {
            kinds.entry(kind).or_default().0.push(path);
        }
    }
    for (path, output) in base {
        if let Some(kind) = kind(path, output) {
            kinds.entry(kind).or_default().1.push(path);
        }
    }
    kinds
        .into_values()
        .filter_map(|(new, old)| match (new.as_slice(), old.as_slice()) {
            ([new], [old]) => Some((*new, *old)),
            _ => None,
        })
        .collect()
}

/// How alike two outputs must be whose names leave it open: different scripts have a few stretches in common.
const ALIKE: f64 = 0.25;

/// Outputs whose names differ in a hash alone, and that are alike or the only ones of such a name. The most alike first.
fn alike<'h, 'b>(
    waiting: &[(&'h str, &Output)],
    free: &BTreeMap<&'b str, &Output>,
    base: &Metafile,
    head: &Metafile,
) -> Vec<(&'h str, &'b str)> {
    #[derive(Default)]
    struct Named<'h, 'b> {
        new: Vec<(&'h str, bool)>,
        old: Vec<(&'b str, bool)>,
        /// Outputs of that name on both sides, whether they were joined or not.
        all: (usize, usize),
    }
    let key = |reading: &Hashed<'_>| (reading.template(), reading.hash.len());
    let mut templates: BTreeMap<(String, usize), Named<'h, 'b>> = BTreeMap::new();
    for (path, _) in waiting {
        for reading in readings(path) {
            templates.entry(key(&reading)).or_default().new.push((path, reading.is_sure()));
        }
    }
    for path in free.keys() {
        for reading in readings(path) {
            if let Some(named) = templates.get_mut(&key(&reading)) {
                named.old.push((path, reading.is_sure()));
            }
        }
    }
    templates.retain(|_, named| !named.old.is_empty());
    for (side, is_head) in [(head, true), (base, false)] {
        for (path, _) in code_outputs(side) {
            for reading in readings(path) {
                if let Some(named) = templates.get_mut(&key(&reading)) {
                    *(if is_head { &mut named.all.0 } else { &mut named.all.1 }) += 1;
                }
            }
        }
    }
    let sketch = |output: &Output| output.sketch.as_deref().and_then(Sketch::parse);
    let of_head: BTreeMap<&str, Sketch> =
        waiting.iter().filter_map(|(path, output)| Some((*path, sketch(output)?))).collect();
    let of_base: BTreeMap<&str, Sketch> =
        free.iter().filter_map(|(path, output)| Some((*path, sketch(output)?))).collect();
    let mut found: Vec<(f64, &'h str, &'b str)> = Vec::new();
    for named in templates.values() {
        let is_only = named.all == (1, 1);
        let near = Nearest::new(
            named
                .old
                .iter()
                .filter_map(|(path, _)| of_base.get(path).map(|sketch| (*path, sketch))),
        );
        for (new, is_sure) in &named.new {
            if let Some(sketch) = of_head.get(new) {
                found.extend(near.of(sketch).map(|(share, old)| (share, *new, old)));
            }
            // A word may change as a hash does, so one of the two must be a hash for sure.
            if let [(old, was_sure)] = named.old.as_slice()
                && (*is_sure || *was_sure)
                && (is_only || (named.new.len() == 1 && !of_base.contains_key(old)))
            {
                found.push((ALIKE, new, old));
            }
        }
    }
    found.retain(|(share, ..)| *share >= ALIKE);
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    found.into_iter().map(|(_, new, old)| (new, old)).collect()
}

/// Finds sketches that have something in common with one, without looking at all of them.
struct Nearest<'s, 'b> {
    sketches: Vec<(&'b str, &'s Sketch)>,
    by_hash: BTreeMap<u32, Vec<usize>>,
}

impl<'s, 'b> Nearest<'s, 'b> {
    /// A stretch that so many outputs have says nothing of one of them.
    const COMMON: usize = 32;

    fn new(sketches: impl Iterator<Item = (&'b str, &'s Sketch)>) -> Self {
        let sketches: Vec<(&'b str, &'s Sketch)> = sketches.collect();
        let mut by_hash: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, (_, sketch)) in sketches.iter().enumerate() {
            for hash in sketch.hashes() {
                by_hash.entry(*hash).or_default().push(index);
            }
        }
        by_hash.retain(|_, list| list.len() <= Self::COMMON);
        Self { sketches, by_hash }
    }

    fn of(&self, sketch: &Sketch) -> impl Iterator<Item = (f64, &'b str)> {
        let near: BTreeSet<usize> = sketch
            .hashes()
            .iter()
            .filter_map(|hash| self.by_hash.get(hash))
            .flatten()
            .copied()
            .collect();
        near.into_iter()
            .filter_map(|index| {
                let (path, other) = self.sketches.get(index)?;
                Some((sketch.similarity(other), *path))
            })
            .collect::<Vec<_>>()
            .into_iter()
    }
}

fn rows_of(
    path: &str,
    before: Option<&Output>,
    output: &Output,
    base: Option<&Metafile>,
    head: &Metafile,
    importers: &Importers<'_>,
    rows: &mut Vec<ModuleRow>,
) {
    let empty = BTreeMap::new();
    let then = before.map_or(&empty, |output| &output.inputs);
    let inputs: BTreeSet<&String> = then.keys().chain(output.inputs.keys()).collect();
    let (mut sum_before, mut sum) = (0, 0);
    for input in inputs {
        let old = then.get(input);
        let new = output.inputs.get(input);
        let bytes_before = old.map_or(0, |old| old.bytes_in_output);
        let bytes = new.map_or(0, |new| new.bytes_in_output);
        sum_before += bytes_before;
        sum += bytes;
        if bytes_before == 0 && bytes == 0 {
            continue;
        }
        let reason = match base {
            Some(base) if bytes != bytes_before => {
                reason(input, (bytes_before, bytes), (old, new), base, head, importers)
            }
            _ => String::new(),
        };
        let side = if head.inputs.contains_key(input) { Some(head) } else { base };
        rows.push(ModuleRow {
            path: input.clone(),
            output: path.to_owned(),
            before: if base.is_some() { bytes_before } else { bytes },
            bytes,
            reason,
            package: side.and_then(|side| package_of(input, side)),
        });
    }
    let rest_before = before.map_or(0, |output| output.bytes).saturating_sub(sum_before);
    let rest = output.bytes.saturating_sub(sum);
    let has_modules = !output.inputs.is_empty() || !then.is_empty();
    if has_modules && (rest > 0 || rest_before > 0) {
        rows.push(ModuleRow {
            path: WRAPPING.to_owned(),
            output: path.to_owned(),
            before: if base.is_some() { rest_before } else { rest },
            bytes: rest,
            reason: String::new(),
            package: None,
        });
    }
}

fn reason(
    input: &str,
    (before, bytes): (u64, u64),
    (old, new): (Option<&crate::metafile::Contribution>, Option<&crate::metafile::Contribution>),
    base: &Metafile,
    head: &Metafile,
    importers: &Importers<'_>,
) -> String {
    if before == 0 {
        let is_new = !base.inputs.contains_key(input);
        let by = importers.first(input).map(|by| format!("imported by {by}"));
        return match (is_new, by) {
            (true, Some(by)) => format!("new; {by}"),
            (true, None) => "new file".to_owned(),
            (false, Some(by)) => format!("kept now; {by}"),
            (false, None) => "kept now".to_owned(),
        };
    }
    if bytes == 0 {
        return if head.inputs.contains_key(input) { "dropped as unused" } else { "removed" }
            .to_owned();
    }
    let names = |side: Option<&crate::metafile::Contribution>| -> BTreeSet<String> {
        side.map(|side| side.exports.iter().cloned().collect()).unwrap_or_default()
    };
    let (then, now) = (names(old), names(new));
    let listed = |names: Vec<&String>| {
        let some: Vec<&str> = names.iter().take(3).map(|name| name.as_str()).collect();
        let rest = names.len().saturating_sub(some.len());
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!("{}{more}", some.join(", "))
    };
    let added: Vec<&String> = now.difference(&then).collect();
    let dropped: Vec<&String> = then.difference(&now).collect();
    if bytes > before {
        if added.is_empty() { "grown".to_owned() } else { format!("newly kept: {}", listed(added)) }
    } else if dropped.is_empty() {
        "shrunk".to_owned()
    } else {
        format!("no longer kept: {}", listed(dropped))
    }
}

/// A module that is gone, and one that is new in the same output with the same name or the same bytes in the same
/// folder: it was moved.
fn mark_renamed(rows: &mut [ModuleRow]) {
    let file = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let gone: Vec<usize> =
        (0..rows.len()).filter(|index| rows[*index].reason == "removed").collect();
    let mut taken = BTreeSet::new();
    for index in 0..rows.len() {
        if rows[index].before != 0 || !rows[index].reason.starts_with("new") {
            continue;
        }
        let found = gone.iter().copied().find(|old| {
            let (old, new) = (&rows[*old], &rows[index]);
            let is_close =
                old.bytes.abs_diff(new.bytes) <= new.bytes / 10 || old.before == new.bytes;
            old.output == new.output
                && !taken.contains(&old.path)
                && is_close
                && (file(&old.path) == file(&new.path)
                    || (folder(&old.path) == folder(&new.path) && old.before == new.bytes))
        });
        if let Some(old) = found {
            let name = rows[old].path.clone();
            taken.insert(name.clone());
            rows[old].reason = format!("renamed to {}", rows[index].path);
            rows[index].reason = format!("renamed from {name}");
        }
    }
}

/// Who imports a module first, in the order of the sources. Of those that import it, those whose code is in the outputs are
/// the reason why it is there; others only where there are none, as behind a file that does nothing but export again.
struct Importers<'a>(BTreeMap<&'a str, Vec<(&'a str, Option<usize>)>>);

impl<'a> Importers<'a> {
    fn new(metafile: &'a Metafile) -> Self {
        let mut by: BTreeMap<&str, Vec<(&str, Option<usize>)>> = BTreeMap::new();
        for (path, input) in &metafile.inputs {
            for import in input.imports.iter().filter(|import| !import.external) {
                by.entry(import.path.as_str()).or_default().push((path.as_str(), import.line));
            }
        }
        let parts = metafile.outputs.values().flat_map(|output| &output.inputs);
        let kept: BTreeSet<&str> = parts
            .filter(|(_, part)| part.bytes_in_output > 0)
            .map(|(path, _)| path.as_str())
            .collect();
        for list in by.values_mut() {
            if list.iter().any(|(path, _)| kept.contains(path)) {
                list.retain(|(path, _)| kept.contains(path));
            }
        }
        Self(by)
    }

    /// Own code before packages.
    fn first(&self, module: &str) -> Option<String> {
        let list = self.0.get(module)?;
        let own = list.iter().find(|(path, _)| package_name(path).is_none());
        own.or_else(|| list.first()).map(|(path, line)| place(path, *line))
    }
}

fn place(path: &str, line: Option<usize>) -> String {
    line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"))
}

/// The name of the package that a path lies in.
fn package_name(path: &str) -> Option<&str> {
    let (_, rest) = path.rsplit_once("node_modules/")?;
    let mut parts = rest.match_indices('/').map(|(at, _)| at);
    let end = if rest.starts_with('@') { parts.nth(1) } else { parts.next() };
    rest.get(..end?)
}

/// The package of a module: `name@version` where the metafile says so, else its name.
fn package_of(path: &str, metafile: &Metafile) -> Option<String> {
    let known = metafile.inputs.get(path).and_then(|input| input.package.clone());
    known.or_else(|| package_name(path).map(str::to_owned))
}

fn packages(
    base: Option<&Metafile>,
    head: &Metafile,
    importers: &Importers<'_>,
) -> Vec<PackageRow> {
    #[derive(Default)]
    struct Side {
        versions: BTreeSet<String>,
        bytes: u64,
    }
    let collect = |metafile: &Metafile| {
        let mut sides: BTreeMap<String, Side> = BTreeMap::new();
        for (_, output) in code_outputs(metafile) {
            for (input, part) in output.inputs.iter().filter(|(_, part)| part.bytes_in_output > 0) {
                let Some(package) = package_of(input, metafile) else { continue };
                let (name, version) = match package.rsplit_once('@') {
                    Some((name, version)) if !name.is_empty() => (name, version),
                    // Without a version, where it lies tells copies apart.
                    _ => (package.as_str(), ""),
                };
                let side = sides.entry(name.to_owned()).or_default();
                side.versions.insert(version.to_owned());
                side.bytes += part.bytes_in_output;
            }
        }
        sides
    };
    let before = base.map(collect).unwrap_or_default();
    let now = collect(head);
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let old = before.get(name);
            let new = now.get(name);
            let versions = |side: Option<&Side>| -> Vec<String> {
                side.map(|side| side.versions.iter().cloned().collect()).unwrap_or_default()
            };
            let mut by: Vec<String> = importers
                .0
                .iter()
                .filter(|(module, _)| package_name(module) == Some(name))
                .flat_map(|(_, list)| list)
                .filter(|(path, _)| package_name(path) != Some(name))
                .map(|(path, line)| place(path, *line))
                .collect();
            by.sort();
            by.dedup();
            let has_base = base.is_some();
            PackageRow {
                name: name.clone(),
                versions_before: if has_base { versions(old) } else { versions(new) },
                versions: versions(new),
                before: if has_base {
                    old.map_or(0, |s| s.bytes)
                } else {
                    new.map_or(0, |s| s.bytes)
                },
                bytes: new.map_or(0, |side| side.bytes),
                importers: by,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metafile(json: &str) -> Metafile {
        Metafile::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn outputs_are_joined_by_what_they_are() {
        let base = metafile(
            r#"{"inputs":{},"outputs":{
                "app-AAAAAAA1.js":{"bytes":10,"entryPoint":"src/app.ts","inputs":{"src/app.ts":{"bytesInOutput":9}}},
                "chunk-BBBBBBB1.js":{"bytes":20,"inputs":{"src/a.ts":{"bytesInOutput":15},"src/b.ts":{"bytesInOutput":5}}},
                "chunk-CCCCCCC1.js":{"bytes":8,"inputs":{"src/b.ts":{"bytesInOutput":1},"src/c.ts":{"bytesInOutput":7}}},
                "logo-DDDDDDD1.png":{"bytes":5}}}"#,
        );
        let head = metafile(
            r#"{"inputs":{},"outputs":{
                "app-AAAAAAA2.js":{"bytes":10,"entryPoint":"src/app.ts","inputs":{"src/app.ts":{"bytesInOutput":9}}},
                "chunk-EEEEEEE2.js":{"bytes":21,"inputs":{"src/a.ts":{"bytesInOutput":16},"src/b.ts":{"bytesInOutput":5}}},
                "chunk-FFFFFFF2.js":{"bytes":8,"inputs":{"src/c.ts":{"bytesInOutput":8}}},
                "logo-DDDDDDD2.png":{"bytes":6},
                "new-1.js":{"bytes":3,"inputs":{"src/n.ts":{"bytesInOutput":3}}}}}"#,
        );
        let comparison = compare(Some(&base), &head);
        let pairs: Vec<(&str, &str)> =
            comparison.pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("app-AAAAAAA2.js", "app-AAAAAAA1.js"),
                ("chunk-EEEEEEE2.js", "chunk-BBBBBBB1.js"),
                ("chunk-FFFFFFF2.js", "chunk-CCCCCCC1.js"),
                ("logo-DDDDDDD2.png", "logo-DDDDDDD1.png"),
            ]
        );
    }

    #[test]
    fn changes_of_modules_add_up_to_the_change_of_the_output() {
        let base = metafile(
            r#"{"inputs":{"src/app.ts":{"bytes":1},"src/old.ts":{"bytes":1},"src/x/moved.ts":{"bytes":1}},"outputs":{
                "app.js":{"bytes":100,"entryPoint":"src/app.ts","inputs":{
                    "src/app.ts":{"bytesInOutput":40,"exports":["a","b"]},
                    "src/old.ts":{"bytesInOutput":30},"src/x/moved.ts":{"bytesInOutput":20}}}}}"#,
        );
        let head = metafile(
            r#"{"inputs":{"src/app.ts":{"bytes":1,"imports":[{"path":"node_modules/p/i.js","kind":"import-statement","line":3}]},
                "node_modules/p/i.js":{"bytes":1,"package":"p@1.2.3"},"src/y/moved.ts":{"bytes":1}},"outputs":{
                "app.js":{"bytes":130,"entryPoint":"src/app.ts","inputs":{
                    "src/app.ts":{"bytesInOutput":35,"exports":["a"]},"src/y/moved.ts":{"bytesInOutput":20},
                    "node_modules/p/i.js":{"bytesInOutput":60}}}}}"#,
        );
        let comparison = compare(Some(&base), &head);
        assert_eq!(comparison.modules.iter().map(ModuleRow::change).sum::<i64>(), 30);
        let reason = |path: &str| {
            comparison.modules.iter().find(|row| row.path == path).unwrap().reason.clone()
        };
        assert_eq!(reason("node_modules/p/i.js"), "new; imported by src/app.ts:3");
        assert_eq!(reason("src/old.ts"), "removed");
        assert_eq!(reason("src/app.ts"), "no longer kept: b");
        assert_eq!(reason("src/y/moved.ts"), "renamed from src/x/moved.ts");
        assert_eq!(comparison.packages[0].change(), "added");
        assert_eq!(comparison.packages[0].versions, ["1.2.3"]);
        assert_eq!(comparison.packages[0].importers, ["src/app.ts:3"]);
    }

    /// Random numbers that are the same in each run.
    struct Random(u64);

    impl Random {
        fn next(&mut self, below: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(self.0 >> 33).unwrap() % below
        }

        fn hash(&mut self, alphabet: &[u8], length: usize) -> String {
            (0..length).map(|_| char::from(alphabet[self.next(alphabet.len())])).collect()
        }

        fn code(&mut self, words: usize) -> Vec<String> {
            (0..words).map(|_| format!("f{}({});", self.next(9000), self.next(9000))).collect()
        }
    }

    fn output(code: &[String]) -> Output {
        let text = code.concat();
        Output {
            bytes: text.len() as u64,
            sha256: Some(crate::artifact::Digest::of(text.as_bytes()).to_hex()),
            sketch: Some(Sketch::of(text.as_bytes()).to_text()),
            ..Output::default()
        }
    }

    /// Rebuilds of sites as each bundler names their outputs: some edited, one gone, one new. What is joined is joined
    /// right, and hardly anything is not joined.
    #[test]
    fn outputs_of_others_find_their_earlier_builds() {
        const URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        const HEX: &[u8] = b"0123456789abcdef";
        const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        const BUN: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
        /// Whose names, their alphabet and length of hashes, their pattern, and what stands before the hashes.
        type Names = (&'static str, &'static [u8], usize, &'static str, &'static [&'static str]);
        let tools: [Names; 7] = [
            (
                "Vite",
                URL,
                8,
                "assets/{}-[].js",
                &["index", "index", "index", "about", "vendor", "my-settings"],
            ),
            ("SvelteKit", URL, 8, "_app/immutable/chunks/[].js", &["", "", "", "", ""]),
            ("webpack", HEX, 8, "static/js/{}.[].chunk.js", &["main", "runtime", "17", "482"]),
            (
                "Next.js",
                HEX,
                16,
                "_next/static/chunks/{}-[].js",
                &["4bd1b696", "117", "main-app", "framework"],
            ),
            ("esbuild", BASE32, 8, "{}-[].js", &["app", "chunk", "chunk", "chunk"]),
            ("Parcel", HEX, 8, "{}.[].css", &["index", "index", "about"]),
            ("Bun", BUN, 8, "chunk-[].js", &["", "", ""]),
        ];
        let mut random = Random(7);
        for (tool, alphabet, length, pattern, stems) in tools {
            let (mut right, mut all) = (0, 0);
            for _ in 0..1000 {
                let name = |random: &mut Random, stem: &str| {
                    pattern.replace("{}", stem).replace("[]", &random.hash(alphabet, length))
                };
                let (mut base, mut head) = (Metafile::default(), Metafile::default());
                let mut expected = BTreeMap::new();
                let gone = random.next(stems.len());
                for (index, stem) in stems.iter().enumerate() {
                    let mut code = random.code(400);
                    let before = name(&mut random, stem);
                    base.outputs.insert(before.clone(), output(&code));
                    if index == gone {
                        continue;
                    }
                    for _ in 0..random.next(60) {
                        let at = random.next(code.len());
                        code[at] = format!("g{}();", random.next(9000));
                    }
                    let now = name(&mut random, stem);
                    head.outputs.insert(now.clone(), output(&code));
                    expected.insert(now, before);
                }
                let new = name(&mut random, stems[gone]);
                // Another output of the same name as one that is gone: nobody can tell by names whether it is the same.
                if stems.iter().filter(|stem| **stem == stems[gone]).count() > 1 {
                    head.outputs.insert(new, output(&random.code(400)));
                }
                // A page that was never joined to a page.
                head.outputs.insert("about-overview.js".into(), output(&random.code(400)));
                base.outputs.insert("about-settings.js".into(), output(&random.code(400)));
                let pairs = join(&base, &head);
                for (now, before) in &pairs {
                    assert_eq!(expected.get(now), Some(before), "{tool}: {now}");
                }
                right += pairs.len();
                all += expected.len();
            }
            assert!(right * 100 >= all * 99, "{tool}: {right} of {all}");
        }
    }
}
