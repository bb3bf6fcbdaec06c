//! What a build takes grows no faster than its input: bytes asked of the allocator are counted, not time. Every shape is
//! built in a process of its own, so that no other test is counted.

use std::alloc::System;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use bundlegate::BuildConfig;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The shape and the size that a child builds.
const WANTED: &str = "BUNDLEGATE_TEST_SHAPE";

/// Sources of a size, the first of which is the entry point; with `entries`, all of them are.
type Files = BTreeMap<String, String>;

fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect()
}

fn files(shape: &str, count: usize) -> Files {
    let one = |text: String| Files::from([("a.js".to_owned(), text)]);
    match shape {
        "constants" => {
            let mut files =
                one("import * as all from './b.js'; console.log(all.c1, Object.keys(all));".into());
            files.insert("b.js".into(), rows(count, |i| format!("export const c{i} = {i};\n")));
            files
        }
        "barrel" => {
            let mut files = one("import * as all from './b.js'; console.log(all);".into());
            let mut barrel = String::new();
            for part in 0..count / 10 {
                let _ = writeln!(barrel, "export * from './p{part}.js';");
                files.insert(
                    format!("p{part}.js"),
                    rows(10, |i| format!("export function f{part}_{i}() {{ return {i}; }}\n")),
                );
            }
            files.insert("b.js".into(), barrel);
            files
        }
        // Beside what is in it, an output costs some 800 bytes for each module that is not.
        "entries" => (0..count)
            .map(|i| {
                let own = rows(100, |j| format!("console.log(s, {i}, {j}, function () {{}});\n"));
                (format!("e{i:05}.js"), format!("import {{ s }} from './s.js';\n{own}"))
            })
            .chain([("s.js".to_owned(), "export const s = [1];".to_owned())])
            .collect(),
        "chain" => (0..count)
            .map(|i| {
                let next = format!("import {{ v{0} }} from './m{0:05}.js';", i + 1);
                let next = if i + 1 < count { next } else { format!("const v{} = [];", i + 1) };
                let own = format!("{next} export const v{i} = [v{}]; console.log(v{i});", i + 1);
                (if i == 0 { "a.js".to_owned() } else { format!("m{i:05}.js") }, own)
            })
            .collect(),
        "star" => {
            let mut files: Files = (0..count)
                .map(|i| {
                    (format!("m{i:05}.js"), format!("export const v = [{i}]; console.log(v);"))
                })
                .collect();
            let imports =
                |i| format!("import {{ v as v{i} }} from './m{i:05}.js'; console.log(v{i});\n");
            files.insert("a.js".into(), rows(count, imports));
            files
        }
        "commonjs" => {
            let mut files: Files = (0..count)
                .map(|i| {
                    (format!("m{i:05}.js"), format!("exports.v = [{i}]; console.log(exports.v);"))
                })
                .collect();
            files.insert(
                "a.js".into(),
                rows(count, |i| format!("console.log(require('./m{i:05}.js').v);\n")),
            );
            files
        }
        "properties" => one(format!(
            "const o = {{ {} }}; console.log(o);",
            rows(count, |i| format!("p{i}: {i}, "))
        )),
        "cases" => one(format!(
            "switch (process.argv.length) {{ {} }}",
            rows(count, |i| format!("case {i}: console.log({i}); break;\n"))
        )),
        "functions" => one(rows(count, |i| {
            format!("function f{i}(a) {{ return a + {i}; }}\nconsole.log(f{i}(process.pid));\n")
        })),
        "text" => one(format!("console.log({:?});", "text ".repeat(count * 10))),
        other => unreachable!("{other} is no shape"),
    }
}

/// Bytes that a build of a shape asks for.
fn bytes(shape: &str, count: usize) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "growth::a_build_to_count", "--ignored", "--nocapture"])
        .env(WANTED, format!("{shape} {count}"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said.lines().find_map(|line| line.strip_prefix("bytes: "));
    counted.unwrap_or_else(|| panic!("{shape}: {said}")).parse().unwrap()
}

#[test]
#[ignore = "the test below starts it"]
fn a_build_to_count() {
    let wanted = std::env::var(WANTED).unwrap();
    let (shape, count) = wanted.split_once(' ').unwrap();
    let files = files(shape, count.parse().unwrap());
    let entrypoints = match shape {
        "entries" => files.keys().filter(|path| path.starts_with('e')).cloned().collect(),
        _ => vec!["a.js".to_owned()],
    };
    let folder = tempfile::tempdir().unwrap();
    let root = Some(folder.path().to_owned());
    let region = Region::new(ALLOCATOR);
    bundlegate::build(&BuildConfig {
        entrypoints,
        files,
        root,
        minify: true,
        ..BuildConfig::default()
    })
    .unwrap();
    eprintln!("bytes: {}", region.change().bytes_allocated);
}

#[test]
fn four_times_the_input_takes_four_times_the_memory() {
    for (shape, count) in [
        ("constants", 1_000),
        ("barrel", 1_000),
        ("entries", 60),
        ("chain", 200),
        ("star", 200),
        ("commonjs", 200),
        ("properties", 2_000),
        ("cases", 1_000),
        ("functions", 500),
        ("text", 4_000),
    ] {
        let none = bytes(shape, 10);
        let [one, four] = [count, 4 * count].map(|count| bytes(shape, count) - none);
        eprintln!("{shape}: {count} takes {one} bytes, four times as many {four}");
        assert!(four <= 5 * one, "{shape}: {one} bytes for {count}, {four} for four times as many");
    }
}
