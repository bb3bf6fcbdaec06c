//! Bundles are run: what a fixture prints when bundled equals what its sources print.
//!
//! A folder below `fixtures/bundle/<topic>/<case>` is a test. Its `case.yml` is a settings file for the build; the
//! entry is `main` with whatever extension. Sources that Node can read are run by Node, others by Bun.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::support::{bun, bundlegate, node, ok, root, text};

struct Case {
    name: String,
    folder: PathBuf,
    entry: String,
    needs_bun: bool,
}

fn cases() -> Vec<Case> {
    let base = root().join("fixtures/bundle");
    let mut cases = Vec::new();
    for topic in sorted(&base) {
        for case in sorted(&base.join(&topic)) {
            let folder = base.join(&topic).join(&case);
            let files = sorted(&folder);
            let entry = files
                .iter()
                .find(|file| file.starts_with("main."))
                .unwrap_or_else(|| panic!("{case} has no main"))
                .clone();
            let all = super::support::files(&folder);
            let needs_bun = all.keys().any(|path| {
                !path.contains("node_modules")
                    && Path::new(path).extension().is_some_and(|extension| {
                        ["ts", "tsx", "mts", "cts", "jsx"].iter().any(|kind| extension == *kind)
                    })
            }) || entry.ends_with(".jsx");
            cases.push(Case { name: format!("{topic}/{case}"), folder, entry, needs_bun });
        }
    }
    assert!(cases.len() > 10, "the fixtures are gone");
    let filter = std::env::var("FIXTURE").unwrap_or_default();
    cases.retain(|case| case.name.contains(&filter));
    cases
}

fn sorted(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// Variables that fixtures may read.
const VARIABLES: &[(&str, &str)] = &[
    ("PUBLIC_A", "public a"),
    ("PUBLIC_EMPTY", ""),
    ("SECRET_A", "not-in-any-output-7Qx9"),
    ("NODE_ENV", "production"),
];

fn unbundled(case: &Case) -> String {
    let mut command = if case.needs_bun { bun() } else { node() };
    // Node cannot read `import.meta.env` and the like; what a fixture should print then stands in a file.
    if let Ok(expected) = std::fs::read_to_string(case.folder.join("expected.out")) {
        return expected;
    }
    ok(command
        .arg(case.folder.join(&case.entry))
        .current_dir(&case.folder)
        .envs(VARIABLES.iter().copied()))
}

const MODES: &[(&str, &[&str], &str)] = &[
    ("plain", &[], "mjs"),
    ("minified", &["--minify"], "mjs"),
    ("split", &["--splitting"], "mjs"),
    ("split and minified", &["--splitting", "--minify"], "mjs"),
    ("cjs", &["--format", "cjs"], "cjs"),
    ("cjs and minified", &["--format", "cjs", "--minify"], "cjs"),
    ("cjs and simplified", &["--format", "cjs", "--minify-syntax"], "cjs"),
];

fn build(case: &Case, flags: &[&str], out: &Path) -> std::process::Output {
    let mut command = bundlegate();
    command.args(["build", &case.entry, "--outdir"]).arg(out).args(flags);
    let settings = std::fs::read_to_string(case.folder.join("case.yml"));
    if settings.is_ok() {
        command.args(["--config", "case.yml"]);
    }
    if !settings.is_ok_and(|settings| settings.contains("target:")) {
        command.args(["--target", "node"]);
    }
    command.current_dir(&case.folder).envs(VARIABLES.iter().copied()).output().unwrap()
}

#[test]
fn fixtures_print_what_their_sources_print() {
    use rayon::prelude::*;
    super::support::npm();
    let failures: Vec<String> = cases().par_iter().flat_map_iter(run_case).collect();
    assert!(failures.is_empty(), "{} failures\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Random programs and graphs of modules, as they are and bundled. `PROGRAM_SEED` makes others.
fn generated_say_the_same(generator: &str, count: &str, flags: &[&str]) {
    let seed = std::env::var("PROGRAM_SEED").unwrap_or_else(|_| "1".to_owned());
    let output = node()
        .arg(root().join("tests/fuzz").join(generator))
        .args([env!("CARGO_BIN_EXE_bundlegate"), count, &seed])
        .args(flags)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let said = text(&output);
    assert!(said.contains(" say the same, 0 do not"), "{said}");
    assert!(!said.starts_with("0 "), "{said}");
}

#[test]
fn random_programs_say_the_same_minified() {
    for generator in ["programs.mjs", "shapes.mjs"] {
        generated_say_the_same(generator, "200", &[]);
    }
}

#[test]
fn random_graphs_say_the_same() {
    generated_say_the_same("graphs.mjs", "100", &[]);
    generated_say_the_same("graphs.mjs", "100", &["--minify"]);
    generated_say_the_same("graphs.mjs", "50", &["--splitting"]);
    generated_say_the_same("graphs.mjs", "50", &["--splitting", "--minify"]);
}

/// Random style sheets as a browser shows them, from the sources and from the output.
#[test]
fn random_style_sheets_look_the_same() {
    if !cfg!(target_os = "linux") {
        eprintln!("the browser of the lock file is for Linux; the sheets were not opened");
        return;
    }
    let browser = super::support::install("tests/browser");
    let seed = std::env::var("PROGRAM_SEED").unwrap_or_else(|_| "1".to_owned());
    let said = ok(std::process::Command::new("node").arg(browser.join("styles.mjs")).args([
        env!("CARGO_BIN_EXE_bundlegate"),
        "60",
        &seed,
    ]));
    assert!(said.contains("120 outputs look the same, 0 do not"), "{said}");
}

/// Each program of `docs/assumptions.md` says something else when it is minified, and nothing else than without `assume`
/// when that is what it is there for.
#[test]
fn assumptions_are_those_of_the_document() {
    let document = std::fs::read_to_string(root().join("docs/assumptions.md")).unwrap();
    let folder = root().join("fixtures/assumptions");
    let out = tempfile::tempdir().unwrap();
    let said = |program: &str, flags: &[&str]| {
        ok(bundlegate()
            .args(["build", &format!("{program}.mjs"), "--target", "node", "--outdir"])
            .arg(out.path())
            .args(flags)
            .current_dir(&folder));
        let run = node().arg(out.path().join(format!("{program}.js"))).output().unwrap();
        String::from_utf8(run.stdout).unwrap()
    };
    let mut programs = Vec::new();
    for line in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let (program, choice) =
            if cells.len() > 4 { (cells[2], Some(cells[1])) } else { (cells[1], None) };
        programs.push(program.to_owned());
        let source = node().arg(folder.join(format!("{program}.mjs"))).output().unwrap();
        let source = String::from_utf8(source.stdout).unwrap();
        let minified = said(program, &["--minify"]);
        match choice {
            None => assert_ne!(minified, source, "{program}"),
            Some(choice) => {
                assert_eq!(minified, source, "{program}");
                assert_ne!(said(program, &["--minify", "--assume", choice]), source, "{program}");
            }
        }
    }
    let mut present: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    present.sort_unstable();
    programs.sort_unstable();
    assert_eq!(programs, present);
}

fn run_case(case: &Case) -> Vec<String> {
    let expected = unbundled(case);
    let mut failures = Vec::new();
    let skip = std::fs::read_to_string(case.folder.join("skip.out")).unwrap_or_default();
    for (mode, flags, extension) in MODES {
        if skip.lines().any(|line| line.split('#').next().unwrap().trim() == *mode) {
            continue;
        }
        let out = tempfile::tempdir().unwrap();
        let built = build(case, flags, out.path());
        if !built.status.success() {
            failures.push(format!("{} ({mode}): the build failed\n{}", case.name, text(&built)));
            continue;
        }
        let kind = if *extension == "cjs" { "commonjs" } else { "module" };
        std::fs::write(out.path().join("package.json"), format!("{{\"type\":\"{kind}\"}}"))
            .unwrap();
        let run = node()
            .arg(out.path().join("main.js"))
            .current_dir(out.path())
            .envs(VARIABLES.iter().copied())
            .output()
            .unwrap();
        if !run.status.success() || String::from_utf8_lossy(&run.stdout) != expected {
            let code = std::fs::read_to_string(out.path().join("main.js")).unwrap();
            failures.push(format!(
                "{} ({mode})\n--- expected\n{expected}{}--- code\n{code}",
                case.name,
                text(&run)
            ));
        }
    }
    failures
}

/// What the plain build of each fixture looks like, for review.
#[test]
fn fixtures_look_as_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for case in cases() {
        let out = tempfile::tempdir().unwrap();
        let built = build(&case, &["--splitting"], out.path());
        let mut snapshot = String::from_utf8(built.stderr).unwrap();
        let printed: BTreeMap<String, Vec<u8>> = super::support::files(out.path());
        // The summary lines name the outputs in an order of their own; the files say it all.
        snapshot = snapshot
            .lines()
            .filter(|line| !line.ends_with(" B") && !line.ends_with(" kB"))
            .fold(String::new(), |text, line| text + line + "\n");
        for (path, bytes) in printed {
            snapshot.push_str(&format!("--- {path}\n{}", String::from_utf8_lossy(&bytes)));
        }
        settings.set_snapshot_path(&case.folder);
        settings.bind(|| insta::assert_snapshot!("out", snapshot));
    }
}

/// Texts that tree shaking must remove stand in `absent.out`, one a line, `present.out` the other way round.
#[test]
fn what_is_not_used_is_gone() {
    for case in cases() {
        let absent = std::fs::read_to_string(case.folder.join("absent.out")).unwrap_or_default();
        let present = std::fs::read_to_string(case.folder.join("present.out")).unwrap_or_default();
        if absent.is_empty() && present.is_empty() {
            continue;
        }
        for flags in [&["--splitting"] as &[&str], &["--splitting", "--minify"], &[]] {
            let out = tempfile::tempdir().unwrap();
            let built = build(&case, flags, out.path());
            assert!(built.status.success(), "{}\n{}", case.name, text(&built));
            let code: String = super::support::files(out.path())
                .into_iter()
                .filter(|(path, _)| path.ends_with(".js"))
                .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
                .collect();
            for gone in absent.lines() {
                assert!(
                    !code.contains(gone),
                    "{} {flags:?}: `{gone}` is still there\n{code}",
                    case.name
                );
            }
            for kept in present.lines() {
                assert!(
                    code.contains(kept),
                    "{} {flags:?}: `{kept}` is not there\n{code}",
                    case.name
                );
            }
        }
    }
}

/// Builds files of a scratch folder and returns it.
fn built(files: &[(&str, &str)], flags: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    ok(bundlegate().arg("build").args(flags).current_dir(folder.path()));
    folder
}

#[test]
fn style_sheets_become_one_beside_the_script() {
    let files = [
        (
            "main.mjs",
            "import './a.css'; import * as names from './card.module.css';\nconsole.log(names.title === names.default.title, names.big.split(' ').length, './card.module.css' in names);",
        ),
        (
            "a.css",
            "@import 'base.css' screen;\n@import url(https://example.com/x.css) layer(far);\n.a { background: url(img/p.png#part) }",
        ),
        ("base.css", "body { color: red }"),
        (
            "card.module.css",
            ".card { color: blue } .title { composes: card } .big { composes: base from './other.module.css' }",
        ),
        ("other.module.css", ".base { margin: 0 }"),
        ("img/p.png", "not really"),
    ];
    for minify in [false, true] {
        let flags = ["main.mjs", "--outfile", "out/app.mjs", "--metafile", "meta.json"];
        let flags: Vec<&str> = flags.into_iter().chain(minify.then_some("--minify")).collect();
        let folder = built(&files, &flags);
        let sheet = read(&folder.path().join("out/app.css"));
        assert!(
            sheet.starts_with("@import \"https://example.com/x.css\" layer(far);\n"),
            "{sheet}"
        );
        let places: Vec<usize> = ["@media screen", ".a", "_base", "_card"]
            .iter()
            .map(|part| sheet.find(part).unwrap_or_else(|| panic!("{part} in {sheet}")))
            .collect();
        assert!(places.is_sorted(), "{sheet}");
        let asset = sheet.split("url(").nth(1).unwrap().split(')').next().unwrap();
        let asset = asset.trim_matches('"').strip_prefix("./").unwrap();
        let asset = asset.strip_suffix("#part").unwrap();
        assert_eq!(read(&folder.path().join("out").join(asset)), "not really");
        let printed = ok(node().arg(folder.path().join("out/app.mjs")));
        assert_eq!(printed.trim(), "true 2 false");
        let metafile: serde_json::Value =
            serde_json::from_str(&read(&folder.path().join("meta.json"))).unwrap();
        assert_eq!(metafile["outputs"]["out/app.mjs"]["cssBundle"], "out/app.css");
        assert_eq!(metafile["outputs"]["out/app.css"]["bytes"], sheet.len());
    }
}

#[test]
fn what_a_sheet_leaves_to_the_browser_keeps_its_conditions() {
    let files = [
        (
            "main.css",
            "/*! main */\n@import './far.css' layer(a) screen;\n@import './red.css';\n@import 'data:text/css,b{top:1px}';\n.m { clip-path: url(./i.svg#x); background: url(./t.txt), url(./e.empty) }\n",
        ),
        (
            "far.css",
            "@import 'https://example.com/far.css' layer(b) print;\n@import 'https://example.com/%22.css';\n",
        ),
        ("red.css", ".r { left: 2px /*! deep */ }\n"),
        ("i.svg", "<svg/>"),
        ("t.txt", "text"),
        ("e.empty", "nothing"),
    ];
    let built_with = |flags: &[&str]| {
        let all = [
            "main.css",
            "--outdir",
            "out",
            "--loader",
            ".svg=dataurl",
            "--loader",
            ".txt=base64",
            "--loader",
            ".empty=empty",
            "--minify",
        ];
        built(&files, &[&all, flags].concat())
    };
    let folder = built_with(&["--legal-comments", "linked"]);
    let sheet = read(&folder.path().join("out/main.css"));
    let lines: Vec<&str> = sheet.lines().collect();
    assert_eq!(
        lines[0],
        "@import \"data:text/css,@import %22https://example.com/far.css%22 layer(b) print;\" layer(a) screen;"
    );
    assert_eq!(lines[1], "@import \"https://example.com/%22.css\" layer(a) screen;");
    assert!(sheet.contains(".r{left:2px}\nb{top:1px}\n.m{clip-path:url(data:image/svg+xml;base64,PHN2Zy8+#x);background:url(data:text/plain;charset=utf-8;base64,dGV4dA==),url()}\n"), "{sheet}");
    let licences = read(&folder.path().join("out/main.css.LEGAL.txt"));
    assert_eq!(licences, "/*! deep */\n/*! main */\n");
    assert!(!sheet.contains("/*! main */") && sheet.contains(".LEGAL.txt"), "{sheet}");
    let with =
        |kind: &str| read(&built_with(&["--legal-comments", kind]).path().join("out/main.css"));
    assert!(!with("none").contains("/*"));
    assert!(with("inline").starts_with("/*! deep */\n/*! main */\n@import"));
    assert!(with("eof").ends_with("/*! deep */\n/*! main */\n"));
}

#[test]
fn external_files_are_named_from_where_the_output_is() {
    let files = [
        (
            "src/main.js",
            "import './a/deep.js'; import '../lib/x.js'; import './none.js'; import('./ext.js').then((it) => console.log(it.v));\n",
        ),
        (
            "src/a/deep.js",
            "import { v } from '../ext.js'; console.log(v, require('../ext.cjs'));\n",
        ),
        ("src/ext.js", "export const v = 1;\n"),
        ("src/ext.cjs", "module.exports = 2;\n"),
        ("lib/x.js", "console.log('x');\n"),
        ("src/none.js", "console.log('none');\n"),
        ("src/main.css", "@import './other.css'; .m { background: url(./i.png) }\n"),
        ("package.json", "{ \"type\": \"module\" }"),
    ];
    let external = [
        "--external",
        "./src/ext.*",
        "--external",
        "./lib/*",
        "--external",
        "./src/none.js",
        "--external",
        "./src/other.css",
        "--external",
        "./src/*.png",
    ];
    for more in [vec![], vec!["--minify"], vec!["--splitting"], vec!["--format", "cjs"]] {
        let flags = [
            &["src/main.js", "--outdir", "dist/js", "--target", "node", "--metafile", "meta.json"],
            external.as_slice(),
            &more,
        ]
        .concat();
        let folder = built(&files, &flags);
        if !more.contains(&"cjs") {
            let printed = ok(node().arg("dist/js/main.js").current_dir(folder.path()));
            assert_eq!(printed, "x\nnone\n1 2\n1\n", "{more:?}");
        }
        let text = read(&folder.path().join("dist/js/main.js"));
        assert!(text.contains("../../src/ext.cjs") && text.contains("../../src/ext.js"), "{text}");
        let meta: serde_json::Value =
            serde_json::from_str(&read(&folder.path().join("meta.json"))).unwrap();
        let inputs = meta["inputs"]["src/a/deep.js"]["imports"].as_array().unwrap();
        assert_eq!(inputs[0]["path"], "src/ext.js");
    }
    let flags = [&["src/main.css", "--outdir", "dist/css"], external.as_slice()].concat();
    let sheet = read(&built(&files, &flags).path().join("dist/css/main.css"));
    assert!(sheet.starts_with("@import \"../../src/other.css\";\n"), "{sheet}");
    assert!(sheet.contains("url(\"../../src/i.png\")"), "{sheet}");
}

#[test]
fn specifiers_lead_where_node_and_typescript_would_go() {
    let files = [
        ("s/lib.json", "{ \"x\": 1 }"),
        ("s/lib/index.js", "export const x = 2;\n"),
        (
            "s/lib/sub/m.js",
            "import { x } from '..'; import { x as y } from '../.'; export { x, y };\n",
        ),
        ("node_modules/p/path.ts", "this is no code"),
        ("node_modules/p/path.js", "export default 'compiled';\n"),
        ("node_modules/fib/package.json", "{ \"name\": \"fib\", \"type\": \"module\" }"),
        ("node_modules/fib/index.js", "export const fib = 'package';\n"),
        (
            "t/tsconfig.json",
            "{ \"compilerOptions\": { \"paths\": { \"fib\": [\"./fib.d.ts\"] } } }",
        ),
        ("t/fib.d.ts", "export declare const fib: string;\n"),
        ("t/m.ts", "export { fib } from 'fib';\n"),
        (
            "main.js",
            "import { x, y } from './s/lib/sub/m.js'; import path from 'p/path'; import { fib } from './t/m.ts'; import { compat } from 'react';\nconsole.log(x, y, path, fib, compat);\n",
        ),
        ("out/node_modules/preact/compat.js", "export const compat = 'compat';\n"),
        (
            "out/node_modules/preact/package.json",
            "{ \"type\": \"module\", \"exports\": { \"./compat\": \"./compat.js\" } }",
        ),
        ("package.json", "{ \"type\": \"module\" }"),
    ];
    let flags = [
        "main.js",
        "--outdir",
        "out",
        "--target",
        "node",
        "--alias",
        "react=preact/compat",
        "--external",
        "preact",
    ];
    let folder = built(&files, &flags);
    let printed = ok(node().arg("out/main.js").current_dir(folder.path()));
    assert_eq!(printed, "2 2 compiled package compat\n");
    let glob = folder.path().join("s/lib/*.js");
    ok(bundlegate()
        .args(["build", glob.to_str().unwrap(), "--outdir", "o"])
        .current_dir(folder.path()));
    assert!(folder.path().join("o/index.js").exists());
}

#[test]
fn a_commonjs_program_knows_that_it_is_the_main_one() {
    let files = [
        (
            "src/main.cjs",
            "const lib = require('./lib.cjs');\nmodule.exports = lib;\nif (require.main === module) console.log('run', lib.isMain);\n",
        ),
        ("src/lib.cjs", "exports.isMain = require.main === module;\n"),
        ("use.mjs", "import './out/main.js'; console.log('used');\n"),
        ("package.json", "{ \"type\": \"module\" }"),
    ];
    for minify in [false, true] {
        let flags = ["src/main.cjs", "--outdir", "out", "--target", "node"];
        let folder =
            built(&files, &[flags.as_slice(), if minify { &["--minify"] } else { &[] }].concat());
        let run = |file: &str| ok(node().arg(file).current_dir(folder.path()));
        assert_eq!(run("out/main.js").trim(), "run false");
        assert_eq!(run("use.mjs").trim(), "used");
        // As npm links programs.
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("out/main.js", folder.path().join("link")).unwrap();
            assert_eq!(run("link").trim(), "run false");
        }
    }
}

#[test]
fn of_two_commonjs_programs_each_knows_when_it_is_the_main_one() {
    let files = [
        ("a.cjs", "if (require.main === module) console.log('a');\nexports.a = 1;\n"),
        (
            "b.cjs",
            "const { a } = require('./a.cjs');\nif (require['main'] === module) console.log('b', a);\n",
        ),
        ("package.json", "{ \"type\": \"module\" }"),
    ];
    for more in [vec![], vec!["--minify"], vec!["--splitting"], vec!["--splitting", "--minify"]] {
        let flags = ["a.cjs", "b.cjs", "--outdir", "out", "--target", "node"];
        let folder = built(&files, &[flags.as_slice(), &more].concat());
        let run = |file: &str| ok(node().arg(file).current_dir(folder.path()));
        assert_eq!((run("out/a.js").trim(), run("out/b.js").trim()), ("a", "b 1"), "{more:?}");
    }
}

#[test]
fn definitions_are_put_in_once_whatever_the_output_may_have() {
    let files = [
        (
            "main.ts",
            "import { x } from './x';\nif (process.env.NODE_ENV !== 'production') x();\nnamespace N { export const DEBUG = 1; }\nnamespace N { console.log(DEBUG); }\nconsole.log(A);\n",
        ),
        ("x.ts", "console.log('side');\nexport const x = () => {};\n"),
        ("package.json", "{ \"type\": \"module\" }"),
    ];
    for syntax in ["esnext", "es2021", "es2015"] {
        let define = [
            "--define",
            "A=B",
            "--define",
            "B=C",
            "--define",
            "DEBUG=2",
            "--define",
            "process.env.NODE_ENV=\"production\"",
        ];
        let flags =
            [&["main.ts", "--outdir", "out", "--syntax", syntax], define.as_slice()].concat();
        let folder = built(&files, &flags);
        let text = read(&folder.path().join("out/main.js"));
        std::fs::write(folder.path().join("out/main.js"), format!("globalThis.B = 'b';\n{text}"))
            .unwrap();
        let printed = ok(node().arg("out/main.js").current_dir(folder.path()));
        assert_eq!(printed, "side\n1\nb\n", "{syntax}");
    }
}

#[test]
fn byte_order_marks_are_no_part_of_a_text() {
    let files = [
        (
            "main.js",
            "\u{feff}import './a.css'; import text from './a.txt'; import json from './a.json'; import { b } from 'lib';\nconsole.log(text.length, json.a, b);\n",
        ),
        ("a.css", "\u{feff}.a { top: 0 }"),
        ("a.txt", "\u{feff}hi"),
        ("a.json", "\u{feff}{ \"a\": 1 }"),
        (
            "node_modules/lib/package.json",
            "\u{feff}{ \"type\": \"module\", \"exports\": \"./b.js\" }",
        ),
        ("node_modules/lib/b.js", "\u{feff}export const b = 2;\n"),
        ("tsconfig.json", "\u{feff}{ \"compilerOptions\": { \"strict\": true } }"),
        ("package.json", "\u{feff}{ \"type\": \"module\" }"),
        ("bundlegate.yml", "\u{feff}version: 1\n"),
    ];
    let folder = built(&files, &["main.js", "--outdir", "out", "--minify"]);
    assert_eq!(read(&folder.path().join("out/main.css")).trim(), ".a{top:0}");
    assert_eq!(ok(node().arg(folder.path().join("out/main.js"))).trim(), "2 1 2");
}

#[test]
fn a_script_for_a_tag_returns_its_exports() {
    let files = [
        (
            "main.js",
            "import { sep } from 'node:path';\nexport const answer = 41 + sep.length; export * from 'node:os';",
        ),
        (
            "use.cjs",
            "const code = require('fs').readFileSync('out.js', 'utf8');\nconst app = new Function('require', code + '; return app.tools')(require);\nconsole.log(app.answer, typeof app.cpus, Object.keys(app).includes('answer'));",
        ),
    ];
    for minify in [false, true] {
        let flags = [
            "main.js",
            "--outfile=out.js",
            "--format=iife",
            "--global-name=app.tools",
            "--target=node",
        ];
        let flags: Vec<&str> = flags.into_iter().chain(minify.then_some("--minify")).collect();
        let folder = built(&files, &flags);
        let printed = ok(node().arg("use.cjs").current_dir(folder.path()));
        assert_eq!(printed.trim(), "42 function true");
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn source_maps_lead_through_the_maps_of_sources() {
    super::support::npm();
    let esbuild = root().join("tests/npm/node_modules/.bin/esbuild");
    let files = [
        (
            "src/fail.ts",
            "interface Unused { a: string }\nexport function failsHere(深い: number): never {\n  const label: string = `深い ${深い}`; throw new Error(label);\n}\n",
        ),
        (
            "src/plain.js",
            "export const describe = (subject) => {\n  return subject.missing.deeper;\n};\n",
        ),
        (
            "main.mjs",
            "import { failsHere } from './lib/fail.js';\nimport { describe } from './src/plain.js';\nfor (const run of [() => failsHere(1), () => describe({})]) try { run(); } catch (error) { console.log(error.stack.split('\\n')[1]); }\n",
        ),
        ("package.json", "{ \"type\": \"module\" }"),
    ];
    for (kind, minify) in [("inline", true), ("linked", true), ("inline", false), ("linked", false)]
    {
        let folder = built(&files, &["src/plain.js", "--outdir", "unused"]);
        let map = format!("--sourcemap{}", if kind == "inline" { "=inline" } else { "" });
        ok(std::process::Command::new(&esbuild)
            .args(["src/fail.ts", "--outdir=lib", "--minify", "--format=esm", &map])
            .current_dir(folder.path()));
        let flags =
            ["build", "main.mjs", "--outdir", "out", "--target", "node", "--sourcemap", "linked"];
        let mut build = bundlegate();
        build.args(flags).args(minify.then_some("--minify")).current_dir(folder.path());
        ok(&mut build);
        let printed =
            ok(node().args(["--enable-source-maps", "out/main.js"]).current_dir(folder.path()));
        let mut lines = printed.lines();
        assert!(lines.next().unwrap().contains("src/fail.ts:3:"), "{kind} {minify} {printed}");
        assert!(lines.next().unwrap().contains("src/plain.js:2:"), "{kind} {minify} {printed}");
        let json: serde_json::Value =
            serde_json::from_str(&read(&folder.path().join("out/main.js.map"))).unwrap();
        assert!(json["sources"].as_array().unwrap().contains(&"../src/fail.ts".into()), "{json}");
        assert!(json["sourcesContent"].to_string().contains("interface Unused"), "{json}");
        let names = json["names"].as_array().unwrap();
        assert_eq!(names.contains(&"error".into()), minify, "{json}");
    }
}

#[test]
fn licences_go_where_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("lib.mjs"), "/*! lib 1.2.3, MIT */\nexport const a = 1;\n").unwrap();
    std::fs::write(
        path.join("main.mjs"),
        "#!/usr/bin/env node\nimport { a } from './lib.mjs';\nconsole.log(a);\n",
    )
    .unwrap();
    for format in ["esm", "cjs", "iife"] {
        for minify in [false, true] {
            let output = |place: &str| {
                let out = path.join("out");
                let _ = std::fs::remove_dir_all(&out);
                let mut command = super::support::bundlegate();
                command.args(["build", "main.mjs", "--outdir", "out", "--format", format]);
                command.arg(format!("--legal-comments={place}")).current_dir(path);
                if minify {
                    command.arg("--minify");
                }
                ok(&mut command);
                std::fs::rename(out.join("main.js"), out.join("main.cjs")).unwrap();
                if format == "esm" {
                    std::fs::rename(out.join("main.cjs"), out.join("main.mjs")).unwrap();
                }
                let file = out.join(if format == "esm" { "main.mjs" } else { "main.cjs" });
                assert_eq!(ok(super::support::node().arg(&file)), "1\n", "{format} {place}");
                let text = std::fs::read_to_string(file).unwrap();
                assert!(text.starts_with("#!/usr/bin/env node\n"), "{text}");
                (text, std::fs::read_to_string(out.join("main.js.LEGAL.txt")).unwrap_or_default())
            };
            let licence = "/*! lib 1.2.3, MIT */";
            let code = "console.log";
            assert!(!output("none").0.contains(licence));
            let (inline, _) = output("inline");
            assert!(inline.find(licence).unwrap() < inline.find(code).unwrap(), "{inline}");
            let (eof, _) = output("eof");
            assert!(eof.find(licence).unwrap() > eof.find(code).unwrap(), "{eof}");
            let (linked, file) = output("linked");
            assert!(!linked.contains(licence) && linked.contains(".LEGAL.txt"), "{linked}");
            assert_eq!(file, format!("{licence}\n"));
        }
    }
}

/// Outputs in folders name copied files as they see them, in every form in which code can.
#[test]
fn copied_files_are_found_from_every_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    let source = "import picture from '../picture.png';\n\
        import * as data from '../data.mjs.txt';\n\
        import { join, dirname } from 'node:path';\n\
        import { existsSync } from 'node:fs';\n\
        import { fileURLToPath } from 'node:url';\n\
        const here = dirname(fileURLToPath(import.meta.url));\n\
        const url = new URL('../picture.png', import.meta.url);\n\
        console.log(existsSync(join(here, picture)), existsSync(url), data.value);\n\
        export * from '../data.mjs.txt';\n";
    write("src/p/x.mts", source);
    // Each has a file of its own: what both have is in a chunk, and named as that sees it.
    let other = source.replace("'../", "'../../").replace("picture.png", "photo.png");
    write("src/q/deep/y.mts", &other);
    write("src/picture.png", "picture");
    write("src/photo.png", "photo");
    write("src/data.mjs.txt", "export const value = 'copied';");
    for flags in [
        &[][..],
        &["--minify"],
        &["--splitting", "--minify"],
        &[
            "--splitting",
            "--entry-naming",
            "js/[name]-[hash]",
            "--asset-naming",
            "files/[name]-[hash]",
        ],
        &["--splitting", "--chunk-naming", "a/b/[name]-[hash]"],
        &["--format", "cjs"],
    ] {
        let out = folder.path().join("out");
        let _ = std::fs::remove_dir_all(&out);
        let mut build = bundlegate();
        build.args([
            "build",
            "src/p/x.mts",
            "src/q/deep/y.mts",
            "--outdir",
            "out",
            "--target",
            "node",
        ]);
        build.args(["--loader", ".png=file", "--loader", ".txt=copy"]).args(flags);
        ok(build.current_dir(folder.path()));
        let is_commonjs = flags.contains(&"cjs");
        let kind = if is_commonjs { "commonjs" } else { "module" };
        std::fs::write(out.join("package.json"), format!("{{\"type\":\"{kind}\"}}")).unwrap();
        // Node takes no other ending for a module.
        for path in bundlegate::fs::walk(&out).unwrap() {
            let text = std::fs::read_to_string(out.join(&path)).unwrap();
            if path.ends_with(".txt") {
                let text = if is_commonjs {
                    text.replace("export const value", "exports.value")
                } else {
                    text
                };
                std::fs::write(out.join(path.replace(".txt", ".js")), text).unwrap();
            } else if path.ends_with(".js") {
                std::fs::write(out.join(&path), text.replace(".txt\"", ".js\"")).unwrap();
            }
        }
        let entries: Vec<String> = bundlegate::fs::walk(&out).unwrap();
        let is_entry = |path: &&String| {
            let name = path.rsplit('/').next().unwrap();
            (name.starts_with('x') || name.starts_with('y')) && name.ends_with(".js")
        };
        assert_eq!(entries.iter().filter(is_entry).count(), 2, "{entries:?}");
        for entry in entries.iter().filter(is_entry) {
            assert_eq!(ok(node().arg(out.join(entry))), "true true copied\n", "{entry} {flags:?}");
            // What is handed on from it, Node finds, too.
            let named =
                format!("import {{ value }} from {:?}; console.log(value)", out.join(entry));
            let named = ok(node().args(["--input-type=module", "-e", &named]));
            assert_eq!(named, "true true copied\ncopied\n", "{entry} {flags:?}");
        }
    }
}

#[test]
fn bun_starts_from_bytecode() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(
        path.join("main.ts"),
        "import { join } from 'node:path';\nconst value: string = join('a', 'b');\n\
         console.log(value, process.env.RUN_TIME, typeof __dirname, new Error('x').message);\n",
    )
    .unwrap();
    let bin = super::support::npm().join("node_modules/.bin");
    let with_bun = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let build = |path_of_commands: &str, out: &str, more: &[&str]| {
        let mut command = bundlegate();
        command.args(["build", "main.ts", "--bytecode", "--outdir", out, "--metafile", "m.json"]);
        command.args(more).env("PATH", path_of_commands).current_dir(path).output().unwrap()
    };
    for more in [&[] as &[&str], &["--minify"]] {
        let output = build(&with_bun, "out", more);
        assert!(output.status.success(), "{}", text(&output));
        let script = std::fs::read_to_string(path.join("out/main.js")).unwrap();
        assert!(script.starts_with("// @bun @bytecode @bun-cjs\n"), "{script}");
        assert!(!script.contains(&*path.to_string_lossy()), "a path of this machine: {script}");
        let mut run = bun();
        run.arg("out/main.js").current_dir(path).env("RUN_TIME", "late");
        let output = run.env("BUN_JSC_verboseDiskCache", "1").output().unwrap();
        let both = text(&output);
        assert!(both.contains("a/b late string x"), "{both}");
        assert!(both.contains("Cache hit"), "the bytecode was not used: {both}");
        let metafile: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path.join("m.json")).unwrap()).unwrap();
        for file in ["out/main.js", "out/main.js.jsc"] {
            let bytes = std::fs::metadata(path.join(file)).unwrap().len();
            assert_eq!(metafile["outputs"][file]["bytes"], bytes, "{file}");
        }
    }
    // The same script from another folder. A few bytes of what Bun compiles are others in each run.
    assert!(build(&with_bun, "elsewhere/deep", &["--minify"]).status.success());
    let script = |folder: &str| std::fs::read(path.join(folder).join("main.js")).unwrap();
    assert!(script("elsewhere/deep") == script("out"));

    let output = build("/nowhere", "none", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("install Bun"), "{}", text(&output));
    assert!(!path.join("none").exists());
    for wrong in [["--format", "esm"], ["--target", "node"]] {
        let output = build(&with_bun, "none", &wrong);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    }
}

/// Filling an object that runs code is no part of declaring it. Minified, swc's compressor drops this by itself.
#[test]
fn setters_of_classes_run() {
    let folder = tempfile::tempdir().unwrap();
    let code = "class A { static set value(value) { console.log('a setter runs', value); } }\n\
                A.value = 1;\nclass B extends A {}\nB.value = 2;\nB.prototype.dropped = 3;\n";
    std::fs::write(folder.path().join("main.mjs"), code).unwrap();
    let script = ok(bundlegate().args(["build", "main.mjs"]).current_dir(folder.path()));
    std::fs::write(folder.path().join("out.mjs"), &script).unwrap();
    let printed = ok(node().arg("out.mjs").current_dir(folder.path()));
    assert_eq!(printed, "a setter runs 1\na setter runs 2\n", "{script}");
}

/// Each entry point alone does what its sources do, also where entry points import each other in a circle, and where one
/// of them is not loaded that others share code with.
#[test]
fn each_entry_point_keeps_its_order() {
    let cases: [&[(&str, &str)]; 2] = [
        &[
            ("main1.mjs", "import { C } from './dep1.mjs'; export var p = 42; new C().fn(p);"),
            (
                "dep1.mjs",
                "import { p } from './main2.mjs'; export class C { fn(n) { console.log(n - p); } }",
            ),
            ("main2.mjs", "import { C } from './dep2.mjs'; export var p = 43; new C().fn(p);"),
            (
                "dep2.mjs",
                "import { p } from './main1.mjs'; export class C { fn(n) { console.log(n - p); } }",
            ),
        ],
        &[
            (
                "main1.mjs",
                "import './set.mjs'; export { one } from './one.mjs'; export { two } from './two.mjs';",
            ),
            (
                "main2.mjs",
                "import { two } from './two.mjs'; import { one } from './one.mjs'; console.log(one(), two());",
            ),
            (
                "one.mjs",
                "import { seen } from './seen.mjs'; export function one() { return seen; }",
            ),
            ("two.mjs", "import './set.mjs'; export function two() { return 'two'; }"),
            ("seen.mjs", "export const seen = globalThis.ready ?? 'unset';"),
            ("set.mjs", "globalThis.ready = 'ready';"),
        ],
    ];
    for files in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for (name, code) in files {
            std::fs::write(path.join(name), code).unwrap();
        }
        let entries: Vec<&str> =
            files.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("dep")).collect();
        let mut build = bundlegate();
        build.arg("build").args(&entries).args(["--splitting", "--outdir", "out"]);
        ok(build
            .args(["--entry-naming", "[name].mjs", "--chunk-naming", "[hash].mjs"])
            .current_dir(path));
        for entry in ["main1.mjs", "main2.mjs"] {
            let expected = ok(node().arg(entry).current_dir(path));
            let printed = ok(node().arg(path.join("out").join(entry)).current_dir(path));
            assert_eq!(printed, expected, "{entry} of {files:?}");
        }
    }
}

/// External modules run in the order in which the sources reach them.
#[test]
fn external_modules_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    for (name, code) in [
        (
            "main.mjs",
            "import './x1.mjs'; import './dep.mjs'; import './x3.mjs'; console.log('main');",
        ),
        ("dep.mjs", "import './x2.mjs'; import './x1.mjs'; console.log('dep');"),
        ("x1.mjs", "console.log(1);"),
        ("x2.mjs", "console.log(2);"),
        ("x3.mjs", "console.log(3);"),
    ] {
        std::fs::write(folder.path().join(name), code).unwrap();
    }
    let run = |file: &str| ok(node().arg(file).current_dir(folder.path()));
    ok(bundlegate()
        .args(["build", "main.mjs", "--target", "node", "--outfile", "out.mjs"])
        .args(["--external", "./x1.mjs", "--external", "./x2.mjs", "--external", "./x3.mjs"])
        .current_dir(folder.path()));
    // What is imported from outside runs before all that is bundled.
    assert_eq!(run("out.mjs"), "1\n2\n3\ndep\nmain\n");
}

/// Node reads off a `CommonJS` output what it exports, so nothing inside may look as if it were more.
#[test]
fn node_sees_the_exports_of_an_output() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, code: &str| std::fs::write(folder.path().join(path), code).unwrap();
    write("lib.js", "exports.inner = 1; module.exports.other = 2; exports.self = { exports };");
    write(
        "main.js",
        "import lib from './lib.js';\nexport const real = lib.inner + (lib.self.exports === lib);\n\
         export function confuses(exports) { exports.no = 1; const module = { exports }; return module; }",
    );
    write("entry.js", "exports.a = 1; exports.b = require('./lib.js').other;");
    let keys = |entry: &str, flags: &[&str]| {
        let mut build = bundlegate();
        build.args(["build", entry, "--format", "cjs", "--target", "node", "--outfile", "out.cjs"]);
        ok(build.args(flags).current_dir(folder.path()));
        let look = "import('./out.cjs').then(({ default: all, ...names }) => \
                    console.log(Object.keys(names).join(), all.real ?? all.b, \
                    JSON.stringify(all.confuses?.({}))))";
        ok(node().args(["-e", look]).current_dir(folder.path()))
    };
    for flags in [&[] as &[&str], &["--minify"], &["--minify-syntax"]] {
        let expected = "confuses,real 2 {\"exports\":{\"no\":1}}\n";
        assert_eq!(keys("main.js", flags), expected, "{flags:?}");
    }
    assert_eq!(keys("entry.js", &[]), "a,b 2 undefined\n");
}

/// Where no shell expands them, globs name entry points, too.
#[test]
fn globs_name_entry_points() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, code: &str| {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, code).unwrap();
    };
    write("src/a.ts", "console.log('a');");
    write("src/b.ts", "console.log('b');");
    write("src/deep/c.ts", "console.log('c');");
    write("src/[id].ts", "console.log('id');");
    write("node_modules/p/d.ts", "");
    let built = |arguments: &[&str]| {
        let out = tempfile::tempdir().unwrap();
        let mut command = bundlegate();
        command.arg("build").args(arguments).arg("--outdir").arg(out.path());
        let output = command.current_dir(folder.path()).output().unwrap();
        let names: Vec<String> = super::support::files(out.path()).into_keys().collect();
        (output.status.code(), names.join(" "), text(&output))
    };
    assert_eq!(built(&["src/*.ts", "./src/a.ts"]).1, "[id].js a.js b.js");
    assert_eq!(built(&["./src/**/*.ts"]).1, "[id].js a.js b.js deep/c.js");
    assert_eq!(built(&["**/{a,c,d}.ts"]).1, "a.js deep/c.js");
    assert_eq!(built(&["src/[id].ts"]).1, "[id].js");
    let (code, _, said) = built(&["src/*.js"]);
    assert_eq!(code, Some(3));
    assert!(said.contains("no file matches the entry points `src/*.js`"), "{said}");
}

/// What can be parsed and must be refused all the same.
#[test]
fn early_errors_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for (code, message) in [
        ("let x; export { x }; export { x };", "`x` is exported twice"),
        ("export default 1; let y; export { y as default };", "`default` is exported twice"),
        ("export {} null", "expected `;`"),
        ("class A { m() { this.#y; } }", "private name `#y`"),
        ("class A { #x; static #x; }", "`#x` has already been declared"),
        ("return; export {};", "`return` outside of a function"),
        ("import { arguments } from './a.js';", "`arguments` cannot be the name of an import"),
        ("let x; var x; export {};", "`x` has already been declared"),
        ("function f() {} function f() {} export {};", "`f` has already been declared"),
        ("function f(a) { let a; }", "`a` has already been declared"),
        ("try {} catch (e) { let e; }", "`e` has already been declared"),
        ("switch (1) { case 1: let a; case 2: let a; }", "`a` has already been declared"),
        ("class A {} export default function A() {}", "`A` has already been declared"),
        ("export function f() {} let f;", "`f` has already been declared"),
        ("import(...[]);", "`import()` takes no `...`"),
        ("new await;", "`await` is a reserved word"),
        ("interface = 1;", "`interface` is a reserved word"),
        ("class A { m(@x a) {} }", "parameters have decorators only with `experimentalDecorators`"),
        ("export {}; super();", "`super()` stands outside"),
        ("class A { constructor() { super(); } }", "`super()` stands outside"),
        ("class A { static { super(); } }", "`super()` stands outside"),
        ("class A { [super.x]; }", "`super` stands outside"),
        ("(a, a) => 1;", "`a` has already been declared"),
        ("export {}; function f(a, a) {}", "`a` has already been declared"),
        ("try {} catch ([a, a]) {}", "`a` has already been declared"),
        ("class A { static prototype() {} }", "static `prototype`"),
        ("({ __proto__: 1, __proto__: 2 });", "`__proto__` is set twice"),
        ("class A { #a; m() { delete this.#a; } }", "private names cannot be deleted"),
        ("class A { static { return; } }", "`return` outside of a function"),
        ("export {}; new import('x');", "`import()` is not a constructor"),
        ("try {} catch ({ e }) { var e; }", "`e` has already been declared"),
        ("try {} catch ([e]) { for (var e of []) {} }", "`e` has already been declared"),
        ("try {} catch (e) { function e() {} }", "`e` has already been declared"),
        ("{ let f; function f() {} }", "`f` has already been declared"),
        ("{ function f() {} var f; }", "`f` has already been declared"),
        ("'use strict'; { function f() {} function f() {} }", "`f` has already been declared"),
        ("import defer * as a from 'node:os'; a;", "`import defer` cannot be bundled yet"),
    ] {
        std::fs::write(folder.path().join("main.js"), code).unwrap();
        let output =
            bundlegate().args(["build", "main.js"]).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{code}: {}", text(&output));
        assert!(text(&output).contains(message), "{code}: {}", text(&output));
    }
    for code in [
        "var f; function f() {} var f; module.exports = f;",
        "function f(a) { var a; { let a; } } try {} catch (e) { var e; }",
        "class A { get #x() { return 1; } set #x(value) {} m() { return #x in this; } }",
        "for (let i of []) { let i; } switch (1) { case 1: { let a; } default: { let a; } }",
        "class A { a = super.x; static { super.y; } get b() { return super.z; } m() { (() => super.m)(); } }",
        "class A extends Object { constructor() { (() => super())(); super.x; } } ({ get a() { return super.a; } });",
        "function f(a, a) { return a; } class A { static { (() => { return; })(); } }",
        "({ __proto__: null, ['__proto__']: 1, __proto__() {} }); ({ get a() { let x; }, set a(x) { let y; } });",
        "try {} catch (e) { var e = 1; } { function f() {} function f() {} }",
        "var yield_ = 1, let_; exports.x = function (let, static) { return let + static + yield_; };",
    ] {
        std::fs::write(folder.path().join("main.js"), code).unwrap();
        ok(bundlegate().args(["build", "main.js"]).current_dir(folder.path()));
    }
    for code in
        ["let a = 1; let a: number;", "function f() {} class f {}", "namespace N { let a; let a; }"]
    {
        std::fs::write(folder.path().join("main.ts"), code).unwrap();
        let output =
            bundlegate().args(["build", "main.ts"]).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{code}: {}", text(&output));
        assert!(text(&output).contains("has already been declared"), "{code}: {}", text(&output));
    }
    for code in [
        "interface A {} class A {} namespace A { export const x = 1; } A.x;",
        "enum E { a } enum E { b = 1 } namespace E { export const c = 2; } E.c;",
        "function f(a: string): void; function f(a: number): void; function f(a: any) { var a; } namespace f { export let x = 1; } f;",
        "declare let a: number; declare function a(): void; declare class B {} declare const B: number; type T = 1; const T = 2; T;",
        "import type { X } from './x'; import { Y } from './y'; interface X {} type Y = 1; const Y = 2; Y;",
        "export function g(a: string): void; export function g(a: any) {} export default function (a: string): void; export default function (a: any) {}",
        "declare global { var a: number; let a2: number } let a: number = 1; a;",
        "abstract class A { abstract f(): void; f2?(): void } class B { override f() {} } A; B;",
        "namespace N { export function f() {} } namespace N { export function f2() {} } N;",
        "export class C {} export namespace C { export const x = 1 } namespace T { export type X = 1 } const T = 1; T;",
    ] {
        std::fs::write(folder.path().join("main.ts"), code).unwrap();
        ok(bundlegate().args(["build", "main.ts"]).current_dir(folder.path()));
    }
}

/// Sheets of packages that say which of their files have effects, behind barrels of several shapes.
#[test]
fn sheets_of_what_is_used_are_kept() {
    for (barrel, used) in [
        ("export { Button } from './button.js'; export { Card } from './card.js';", "Button"),
        ("export * from './button.js'; export * from './card.js';", "Button"),
        ("export * as all from './button.js'; export { Card } from './card.js';", "all"),
        (
            "import { Button } from './button.js'; import { Card } from './card.js'; export { Button, Card };",
            "Button",
        ),
        ("export * as all from './more.js'; export { Card } from './card.js';", "all.Button"),
        ("export * as all from './quiet.js'; export { Card } from './card.js';", "all.deep.Button"),
        ("export { Button as Key } from './more.js'; export { Card } from './card.js';", "Key"),
        (
            "import './barrel.css'; export { Button } from './button.js'; export { Card } from './card.js';",
            "Button",
        ),
    ] {
        let main = format!(
            "import {{ {} }} from 'ui'; console.log({used});",
            used.split('.').next().unwrap()
        );
        let files = [
            ("main.js", main.as_str()),
            (
                "node_modules/ui/package.json",
                r#"{ "name": "ui", "type": "module", "main": "index.js", "sideEffects": ["*.css"] }"#,
            ),
            ("node_modules/ui/index.js", barrel),
            ("node_modules/ui/more.js", "export * from './button.js';"),
            (
                "node_modules/ui/quiet.js",
                "import './barrel.css'; export * as deep from './button.js';",
            ),
            (
                "node_modules/ui/button.js",
                "import './button.css'; import s from './b.module.css'; export function Button() { return s.key; }",
            ),
            ("node_modules/ui/card.js", "import './card.css'; export const Card = 1;"),
            ("node_modules/ui/button.css", ".button { color: red }"),
            ("node_modules/ui/card.css", ".card { color: red }"),
            ("node_modules/ui/barrel.css", ".barrel { color: red }"),
            ("node_modules/ui/b.module.css", ".key { color: red }"),
        ];
        for flags in [&[] as &[&str], &["--minify"], &["--splitting"]] {
            let folder = built(&files, &[&["main.js", "--outdir", "out"], flags].concat());
            let sheet = read(&folder.path().join("out/main.css"));
            assert!(sheet.contains(".button") && sheet.contains("_key"), "{barrel}: {sheet}");
            assert!(!sheet.contains(".card"), "{barrel}: {sheet}");
            assert_eq!(
                sheet.contains(".barrel"),
                barrel.contains("barrel.css") || barrel.contains("quiet.js"),
                "{barrel}: {sheet}"
            );
        }
    }
}

/// What a sheet says is what the output says: order, fallbacks, layers, values.
#[test]
fn sheets_mean_the_same_in_one() {
    let order = |sheet: &str, parts: &[&str]| {
        let mut rest = sheet;
        for part in parts {
            let at = rest.find(part).unwrap_or_else(|| panic!("{part} of {parts:?} in {sheet}"));
            rest = &rest[at + part.len()..];
        }
    };
    for minify in [false, true] {
        let flags = ["main.css", "--outdir", "out", "--loader", ".svg=file"];
        let flags: Vec<&str> = flags.into_iter().chain(minify.then_some("--minify")).collect();
        let said = |files: &[(&str, &str)]| {
            let folder = built(files, &flags);
            read(&folder.path().join("out/main.css"))
        };
        let declarations = said(&[(
            "main.css",
            ".a { font: 12px serif; font-variant: small-caps; height: 100vh; height: 100dvh; color: red; color: bogus(1); border-image: none; mask-border: none }",
        )]);
        order(
            &declarations,
            &[
                "font:",
                "font-variant:",
                "100vh",
                "100dvh",
                "red",
                "bogus",
                "border-image:",
                "initial",
            ],
        );
        let layers = said(&[
            (
                "main.css",
                "@layer one, two;\n@import 'c.css' layer(two);\n@import 'b.css';\n@import 'd.css';\n.main { color: red }",
            ),
            ("b.css", "@layer four { .b { color: red } } @layer one { .b { top: 0 } }"),
            ("c.css", ".c { color: red }"),
            ("d.css", "@import 'b.css'; .d { color: red }"),
        ]);
        order(
            &layers,
            &[
                "@layer one",
                "two",
                "@layer two",
                ".c",
                "@layer four",
                "@layer four",
                ".b",
                ".d",
                ".main",
            ],
        );
        let outside = said(&[
            (
                "main.css",
                "@layer low, high;\n@import url(https://example.com/x.css) layer(high);\n@import 'a.css' layer(low) supports(not (display: grid));",
            ),
            ("a.css", ".a { color: red }"),
        ]);
        order(
            &outside,
            &[
                "@layer low",
                "high;",
                "@import",
                "example.com",
                "@supports (not (display",
                "))",
                "@layer low",
                ".a",
            ],
        );
        let urls = said(&[
            (
                "main.css",
                "@import 'motion';\n.a { --icon: url(./x.svg); background: url(\"./x.svg#y\"), url('data:image/svg+xml,<svg>(\\')') }",
            ),
            ("x.svg", "<svg/>"),
            (
                "node_modules/motion/package.json",
                r#"{ "name": "motion", "exports": { "style": "./m.css", "default": "./m.js" } }"#,
            ),
            ("node_modules/motion/m.css", ".motion { color: red }"),
            ("node_modules/motion/m.js", ""),
        ]);
        order(
            &urls,
            &[
                ".motion",
                "--icon:",
                "x-",
                ".svg",
                "x-",
                ".svg#y",
                "url(\"data:image/svg+xml,<svg>(')\")",
            ],
        );
    }
}

/// A closure that awaits is waited for, and whoever needs a helper runs nobody else's code for it.
#[test]
fn outputs_wait_and_keep_their_order() {
    let files = [
        ("plugin.mjs", "console.log('plugin');"),
        (
            "db.mjs",
            "console.log('connect'); await new Promise((done) => setTimeout(done, 5)); export const db = 'ready'; console.log('connected');",
        ),
        (
            "a.mjs",
            "import './plugin.mjs'; import { db } from './db.mjs'; console.log('a', db); const late = await import('./late.mjs'); late.show();",
        ),
        ("b.mjs", "import { db } from './db.mjs'; console.log('b', db);"),
        (
            "late.mjs",
            "import { db } from './db.mjs'; export const show = () => console.log('late', db);",
        ),
        ("kit.mjs", "export const x = 1, y = 2;"),
        (
            "first.mjs",
            "import * as kit from './kit.mjs'; console.log('first', Object.keys(kit).join());",
        ),
        ("c.mjs", "import './first.mjs'; import './plugin.mjs'; console.log('c');"),
        ("d.mjs", "import './plugin.mjs'; console.log('d');"),
    ];
    for entries in [
        &["a.mjs", "b.mjs"] as &[&str],
        &["a.mjs"],
        &["a.mjs", "b.mjs", "c.mjs", "d.mjs"],
        &["c.mjs", "d.mjs"],
    ] {
        for minify in [&[] as &[&str], &["--minify"]] {
            let flags = ["--outdir", "out", "--splitting", "--target", "node"];
            let folder = built(&files, &[entries, &flags, minify].concat());
            std::fs::write(folder.path().join("out/package.json"), r#"{ "type": "module" }"#)
                .unwrap();
            for entry in entries {
                let source = ok(node().arg(folder.path().join(entry)));
                let output = folder.path().join("out").join(entry.replace(".mjs", ".js"));
                assert_eq!(ok(node().arg(output)), source, "{entry} of {entries:?} {minify:?}");
            }
        }
    }
}

/// Packages in archives, as Yarn's Plug'n'Play has them, and one that depends on another through a virtual path.
#[test]
fn packages_are_found_through_plug_and_play() {
    let table = r#"{"__info":[],"dependencyTreeRoots":[{"name":"app","reference":"workspace:."}],"enableTopLevelFallback":true,"ignorePatternData":null,"fallbackExclusionList":[],"fallbackPool":[],"packageRegistryData":[
        [null,[[null,{"packageLocation":"./","packageDependencies":[["pad","npm:1.0.0"]],"linkType":"SOFT"}]]],
        ["app",[["workspace:.",{"packageLocation":"./","packageDependencies":[["app","workspace:."],["pad","npm:1.0.0"]],"linkType":"SOFT"}]]],
        ["pad",[["npm:1.0.0",{"packageLocation":"./.yarn/cache/pad.zip/node_modules/pad/","packageDependencies":[["pad","npm:1.0.0"],["inner","virtual:abc#npm:2.0.0"]],"linkType":"HARD"}]]],
        ["inner",[["virtual:abc#npm:2.0.0",{"packageLocation":"./.yarn/__virtual__/inner-virtual-abc/0/cache/inner.zip/node_modules/inner/","packageDependencies":[["inner","virtual:abc#npm:2.0.0"]],"linkType":"HARD"}]]]]}"#;
    let table = format!("const RAW_RUNTIME_STATE =\n'{}';\n", table.replace('\n', "\\\n"));
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join(".yarn/cache");
    std::fs::create_dir_all(&cache).unwrap();
    for (name, code) in [
        ("pad", "import { inner } from 'inner'; export const pad = (text) => inner + text;"),
        ("inner", "export const inner = '..';"),
    ] {
        let mut archive =
            zip::ZipWriter::new(std::fs::File::create(cache.join(format!("{name}.zip"))).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        let manifest =
            format!(r#"{{ "name": "{name}", "type": "module", "exports": "./lib/index.js" }}"#);
        for (path, text) in [("package.json", manifest.as_str()), ("lib/index.js", code)] {
            archive.start_file(format!("node_modules/{name}/{path}"), options).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
    }
    std::fs::write(folder.path().join(".pnp.cjs"), table).unwrap();
    std::fs::write(
        folder.path().join("main.mjs"),
        "import { pad } from 'pad'; console.log(pad('a'));",
    )
    .unwrap();
    ok(bundlegate()
        .args(["build", "main.mjs", "--outfile", "out.mjs", "--target", "node"])
        .current_dir(folder.path()));
    assert_eq!(ok(node().arg(folder.path().join("out.mjs"))).trim(), "..a");
}

/// What only a URL or a folder leads to is told, and so is a settings file that is not read.
#[test]
fn files_that_would_be_lost_are_told() {
    let files = [
        (
            "main.mjs",
            "import { join } from 'node:path';\nnew Worker(new URL('./work.mjs', import.meta.url));\nconsole.log(join(import.meta.dirname, 'data', 'a.txt'), join(import.meta.dirname, 'none.txt'));\nimport { createRequire } from 'node:module';\nconst load = createRequire(import.meta.url);\nconsole.log(load('./data/b.json'), load('node:fs'), load.resolve('./work.mjs'), load('./none.json'));",
        ),
        (
            "common.cjs",
            "exports.a = require('fs').readFileSync(`${__dirname}/data/a.txt`); exports.b = __dirname + '/data/a.txt'; exports.c = require.resolve('./data/b');",
        ),
        ("work.mjs", "console.log(1);"),
        ("data/a.txt", "text"),
        ("data/b.json", "{}"),
        ("bundlegate.yml", "build: { entrypoints: [main.mjs] }"),
    ];
    let folder = built(&files, &["main.mjs", "common.cjs", "--outdir", "out", "--target", "node"]);
    let said = |args: &[&str]| {
        text(&bundlegate().arg("build").args(args).current_dir(folder.path()).output().unwrap())
    };
    let warnings = said(&["main.mjs", "common.cjs", "--outdir", "out", "--target", "node"]);
    assert_eq!(warnings.matches("build/file-beside-source").count(), 6, "{warnings}");
    assert_eq!(warnings.matches("build/url-of-code").count(), 1, "{warnings}");
    assert!(warnings.contains("`work.mjs` is code"), "{warnings}");
    let nothing = said(&[]);
    assert!(nothing.contains("--config bundlegate.yml"), "{nothing}");
}

/// Where a tsconfig is wrong is told in its own words.
#[test]
fn errors_of_a_tsconfig_are_its_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.ts"), "console.log(1);").unwrap();
    let build = |flags: &[&str]| {
        let output = bundlegate()
            .args(["build", "a.ts"])
            .args(flags)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        text(&output)
    };
    let said = build(&["--tsconfig", "nope.json"]);
    assert!(said.contains("the tsconfig `nope.json` does not exist"), "{said}");
    std::fs::write(folder.path().join("tsconfig.json"), "{\n  \"compilerOptions\": {}\n  oops\n}")
        .unwrap();
    let said = build(&[]);
    assert!(said.contains("tsconfig.json:3:3") && !said.contains("JSONError"), "{said}");
}

#[test]
fn maps_are_the_same_however_threads_run() {
    let mut files = Vec::new();
    let mut main = String::new();
    for index in 0..60 {
        files.push((
            format!("part{index}.js"),
            format!("export function part{index}(options) {{\n  const out = {{ kind: {index} }};\n  if (options.inner) out.inner = globalThis.show(options.inner);\n  return out;\n}}\n"),
        ));
        files.push((
            format!("user{index}.js"),
            format!("import {{ part{index} }} from './part{index}.js';\nexport const user{index} = (name, options) => name === 'n{index}' ? part{index}(options) : name;\n"),
        ));
        let user = format!("import {{ user{index} }} from './user{index}.js';\n");
        let part = format!("import './part{index}.js';\n");
        main.push_str(&if index % 2 == 0 { user + &part } else { part + &user });
        main.push_str(&format!("console.log(user{index}(process.argv[2], {{ inner: 1 }}));\n"));
    }
    files.push(("main.js".to_owned(), main));
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let flags =
        ["main.js", "--outdir", "out", "--target", "node", "--minify", "--sourcemap", "linked"];
    let maps: Vec<String> = ["1", "8", "8", "8"]
        .map(|threads| {
            let folder = built(&files, &[&flags[..], &["--threads", threads]].concat());
            read(&folder.path().join("out/main.js.map"))
        })
        .into();
    for map in &maps[1..] {
        assert_eq!(map, &maps[0]);
    }
}

/// Each place of `word` in an output, with the file that it maps to and the line there, counted from one.
fn mapped(folder: &Path, output: &str, word: &str) -> Vec<Option<(String, u32)>> {
    let text = read(&folder.join(output));
    let json = std::fs::read(folder.join(format!("{output}.map"))).unwrap();
    let map = swc_sourcemap::SourceMap::from_slice(&json).unwrap();
    let mut places = Vec::new();
    for (line, content) in (0..).zip(text.lines()) {
        for (column, _) in content.match_indices(word) {
            let column = u32::try_from(column).unwrap();
            // A look-up falls back to earlier lines, which have nothing to do with this one.
            let token = map.lookup_token(line, column).filter(|token| token.get_dst_line() == line);
            places.push(token.and_then(|token| {
                Some((token.get_source()?.to_string(), token.get_src_line() + 1))
            }));
        }
    }
    places
}

#[test]
fn style_sheets_have_maps() {
    let compiled = r#"{"version":3,"sources":["m.scss"],"sourcesContent":["$c: red;\n.s { color: $c; }\n"],"names":[],"mappings":"AACA,GAAK"}"#;
    let files = [
        ("src/m.css", ".s{color:red}\n/*# sourceMappingURL=m.css.map */\n"),
        ("src/m.css.map", compiled),
        ("src/k.module.css", "/* 深い */ .k { top: 1px }\n.own { left: 2px;\n bottom: 3px }\n"),
        (
            "src/all.css",
            "@import './m.css' layer(q);\n@media print {\n  .z { right: 4px;\n    background: url(./i.png); width: 5px }\n}\n",
        ),
        ("src/i.png", "i"),
        ("src/main.js", "import './all.css';\nimport k from './k.module.css';\nconsole.log(k);\n"),
    ];
    for minify in [false, true] {
        let mut flags = vec!["src/main.js", "--outdir", "out", "--sourcemap", "linked"];
        flags.extend(["--metafile", "meta.json"]);
        flags.extend(minify.then_some("--minify"));
        let folder = built(&files, &flags);
        let path = folder.path();
        let at = |word: &str| {
            let word = if minify { word.replace(": ", ":") } else { word.to_owned() };
            let places = mapped(path, "out/main.css", &word);
            assert_eq!(places.len(), 1, "{word}, minified: {minify}");
            places.into_iter().next().flatten()
        };
        let place = |file: &str, line| Some((format!("../src/{file}"), line));
        assert_eq!(at("color: red"), place("m.scss", 2));
        assert_eq!(at("top: 1px"), place("k.module.css", 1));
        assert_eq!(at("bottom: 3px"), place("k.module.css", 3));
        assert_eq!(at("@media"), place("all.css", 2));
        assert_eq!(at("right: 4px"), place("all.css", 3));
        assert_eq!(at("width: 5px"), place("all.css", 4));
        // The script of a CSS module stands in no file.
        let script: serde_json::Value =
            serde_json::from_str(&read(&path.join("out/main.js.map"))).unwrap();
        assert_eq!(script["sources"], serde_json::json!(["../src/main.js"]));
        assert!(
            read(&path.join("out/main.css")).ends_with("/*# sourceMappingURL=main.css.map */\n")
        );
        let meta: serde_json::Value = serde_json::from_str(&read(&path.join("meta.json"))).unwrap();
        let size = std::fs::metadata(path.join("out/main.css.map")).unwrap().len();
        assert_eq!(meta["outputs"]["out/main.css.map"]["bytes"], size);
    }
    let flags = ["src/all.css", "--outdir", "out", "--sourcemap=inline", "--minify"];
    let sheet = read(&built(&files, &flags).path().join("out/all.css"));
    let (_, map) = sheet.split_once("/*# sourceMappingURL=data:application/json;base64,").unwrap();
    assert!(map.ends_with(" */\n"), "{map}");
    // Another map, another name.
    let named = |moved: &str| {
        let mut files = files;
        files[3].1 = moved;
        let flags =
            ["src/all.css", "--outdir", "out", "--sourcemap", "linked", "--entry-naming", "[hash]"];
        let folder = built(&files, &flags);
        let mut names: Vec<_> = std::fs::read_dir(folder.path().join("out"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_ne!(named(".z { top: 0 }"), named("\n.z { top: 0 }"));
}

#[test]
fn what_is_in_no_source_maps_to_none() {
    let files = [
        ("lib.cjs", "exports.v = 1;\nexports.whole = module;\n"),
        ("all.js", "export const a = 1;\nexport const b = 2;\n"),
        (
            "main.js",
            "import lib, { v } from './lib.cjs';\nimport * as all from './all.js';\nconst COUNT = 256;\nconst shader = (extra) => `\n  #define SAMPLES ${COUNT}u\n  ${extra}\n  last line\n`;\nconsole.log(lib, v, all, shader(process.argv[2]), VERSION);\n",
        ),
        ("package.json", "{ \"type\": \"module\" }"),
    ];
    for minify in [false, true] {
        let mut flags = vec!["main.js", "--outdir", "out", "--target", "node"];
        flags.extend(["--sourcemap", "linked", "--metafile", "meta.json"]);
        flags.extend(["--define", "VERSION={\"number\":[1,2]}"]);
        flags.extend(minify.then_some("--minify"));
        let folder = built(&files, &flags);
        for helper in ["getOwnPropertyNames", "getOwnPropertyDescriptor", "hasOwnProperty"] {
            for place in mapped(folder.path(), "out/main.js", helper) {
                assert_eq!(place, None, "{helper}, minified: {minify}");
            }
        }
        assert!(!mapped(folder.path(), "out/main.js", "getOwnPropertyNames").is_empty());
        let json = |path: &str| -> serde_json::Value {
            serde_json::from_str(&read(&folder.path().join(path))).unwrap()
        };
        for source in json("out/main.js.map")["sources"].as_array().unwrap() {
            let path = folder.path().join("out").join(source.as_str().unwrap());
            assert!(path.exists(), "{source}, minified: {minify}");
        }
        let metafile = json("meta.json");
        for input in metafile["outputs"]["out/main.js"]["inputs"].as_object().unwrap().keys() {
            assert!(metafile["inputs"].get(input).is_some(), "{input}, minified: {minify}");
        }
        let place = Some(("../main.js".to_owned(), 4));
        if minify {
            assert_eq!(mapped(folder.path(), "out/main.js", "#define SAMPLES 256u"), [place]);
        }
    }
}

/// Where no code of ours is between them, the bytes of the modules are those of the output.
#[test]
fn bytes_of_modules_add_up() {
    let files = [
        ("ü.js", "export const grüße = (name) => `Grüße,\n  ${name} 🎉`;\n"),
        (
            "used.js",
            "import { grüße } from './ü.js';\nexport function used(x) { if (x) { return grüße(x); } return [x, used]; }\n",
        ),
        (
            "main.js",
            "import { used } from './used.js';\nconst LIMIT = 12;\nconsole.log(used('x'), LIMIT + 1, { é: 'ß' });\n",
        ),
        ("package.json", "{ \"type\": \"module\" }"),
    ];
    for flags in
        [&["--minify"] as &[&str], &["--minify-whitespace"], &["--minify", "--sourcemap", "linked"]]
    {
        let mut all = vec!["main.js", "--outdir", "out", "--target", "node"];
        all.extend(["--metafile", "meta.json"]);
        all.extend(flags);
        let folder = built(&files, &all);
        let metafile: serde_json::Value =
            serde_json::from_str(&read(&folder.path().join("meta.json"))).unwrap();
        let output = &metafile["outputs"]["out/main.js"];
        let inputs = output["inputs"].as_object().unwrap();
        let of_modules: u64 =
            inputs.values().map(|input| input["bytesInOutput"].as_u64().unwrap()).sum();
        let code = read(&folder.path().join("out/main.js"));
        let code = code.split("//# sourceMappingURL").next().unwrap();
        assert_eq!(code.len() as u64 - of_modules, 1, "{flags:?}: {output}\n{code}");
        assert_eq!(inputs.len(), 3, "{output}");
        assert!(code.contains('🎉'));
    }
}

#[test]
fn a_name_with_a_hash_belongs_to_one_content() {
    let shared = "export const shared = () => 'shared'; // first\n";
    let files = |shared: &'static str| {
        [
            (
                "one.js",
                "import { shared } from './shared.js';\nconsole.log(shared());\nimport('./lazy.js');\n",
            ),
            ("lazy.js", "import { shared } from './shared.js';\nconsole.log('lazy', shared());\n"),
            ("shared.js", shared),
            ("package.json", "{ \"type\": \"module\" }"),
        ]
    };
    let other = "export const shared = () => 'shared'; // second\n";
    let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    for (shared, mode) in [
        (shared, "none"),
        (shared, "linked"),
        (shared, "inline"),
        (shared, "external"),
        (other, "linked"),
        (other, "inline"),
        (other, "external"),
    ] {
        let mut flags = vec!["one.js", "--outdir", "out", "--splitting"];
        flags.extend(["--entry-naming", "[name]-[hash]", "--sourcemap", mode]);
        let folder = built(&files(shared), &flags);
        for entry in std::fs::read_dir(folder.path().join("out")).unwrap() {
            let entry = entry.unwrap();
            let (name, bytes) =
                (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap());
            if let Some(known) = contents.insert(name.clone(), bytes.clone()) {
                assert!(known == bytes, "{name} has two contents with --sourcemap {mode}");
            }
            names.insert(name);
        }
    }
    assert!(names.len() > 7, "{names:?}");
}

#[test]
fn values_of_enums_map_to_where_they_are_used() {
    let files = [
        (
            "levels.ts",
            "export enum Far { low = 'FAR_LOW', high = 'FAR_HIGH' }\nexport const OTHER = 'OTHER_TEXT';\n",
        ),
        (
            "main.ts",
            "import { Far } from './levels';\nenum Near { low = 'NEAR_LOW', high = 'NEAR_HIGH' }\nconst enum Fixed { one = 'FIXED_ONE' }\nconsole.log(\n  Far.low,\n  Far['high'],\n  Near.low,\n  [Near['high']],\n  (Fixed.one as string).length,\n  Near.low!.toLowerCase(),\n);\n",
        ),
    ];
    let flags = ["main.ts", "--outdir", "out", "--target", "node", "--sourcemap", "linked"];
    let folder = built(&files, &flags);
    let words = ["FAR_LOW", "FAR_HIGH", "NEAR_LOW", "NEAR_HIGH", "FIXED_ONE"];
    for (line, word) in (5..).zip(words) {
        let places = mapped(folder.path(), "out/main.js", &format!("\"{word}\""));
        let place = Some(("../main.ts".to_owned(), line));
        assert!(places.contains(&place), "{word}: {places:?}");
    }
    let printed = ok(node().arg("out/main.js").current_dir(folder.path()));
    assert_eq!(printed.trim(), "FAR_LOW FAR_HIGH NEAR_LOW [ 'NEAR_HIGH' ] 9 near_low");
}

#[test]
fn texts_that_look_like_marks_of_the_bundler_stay() {
    // The pairs before these are taken, so that the mark is not the usual one.
    let main = "import('./Zq@00001.js').then(({ lazy }) => lazy());\nexport const texts = ['Zq@00000', 'Zq@00001 Zz@00000', 'Z' + 'q@00001', 'Zq\\x4000000', `Zq@css00 Zy@00001`];\nconsole.log(...texts);\n";
    let lazy = "import { texts } from './main.js';\nexport const lazy = () => console.log('Zx@00000', texts.length);\n";
    let files =
        [("main.js", main), ("Zq@00001.js", lazy), ("package.json", "{ \"type\": \"module\" }")];
    let banner = "console.log('banner Zq@00000 Zw@00001');";
    for minify in [false, true] {
        let mut flags = vec!["main.js", "--outdir", "out", "--target", "node", "--splitting"];
        flags.extend(["--entry-naming", "[name]-[hash]", "--banner", banner]);
        flags.extend(minify.then_some("--minify"));
        let folder = built(&files, &flags);
        std::fs::write(folder.path().join("out/package.json"), files[2].1).unwrap();
        let output = sorted(&folder.path().join("out"))
            .into_iter()
            .find(|name| name.starts_with("main-") && name.ends_with(".js"))
            .unwrap();
        let printed = ok(node().arg(&output).current_dir(folder.path().join("out")));
        let wanted = ok(node().arg("main.js").current_dir(folder.path()));
        let others = printed.replace("banner Zq@00000 Zw@00001\n", "");
        assert_ne!(others, printed);
        assert_eq!(others, wanted);
    }
}
