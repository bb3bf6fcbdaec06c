//! Real packages, bundled and used: what `tests/packages/src/NAME.mjs` prints when bundled equals what it prints when
//! Node, or Bun, runs it as it is. `PACKAGES=all` runs the whole corpus, otherwise a dozen stand for it. And small
//! applications, each of several files and packages.

use std::path::Path;

use super::support::{bun, bundlegate, install, node, ok, root, text};

const USUAL: &[&str] = &[
    "react-server",
    "vue",
    "lodash",
    "lodash-es",
    "rxjs",
    "zod",
    "hono",
    "express",
    "graphql",
    "yaml",
    "axios",
    "pg",
    "babel-core",
    "mcp-sdk",
];

#[test]
fn packages_do_what_they_do_unbundled() {
    let folder = install("tests/packages");
    let wanted = std::env::var("PACKAGES").unwrap_or_default();
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join("src")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let chosen = if wanted.is_empty() {
            USUAL.contains(&name.as_str())
        } else {
            wanted == "all" || wanted == name
        };
        if chosen {
            count += 1;
            failures.extend(check(&folder, &name));
        }
    }
    assert!(count > 0, "there is no package `{wanted}`");
    assert!(failures.is_empty(), "{} failures\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Twenty small applications, each built in four ways: see `tests/applications/run.mjs`.
#[test]
fn applications_run_as_unbundled() {
    let folder = install("tests/applications");
    let said = ok(node().arg("run.mjs").arg(env!("CARGO_BIN_EXE_bundlegate")).current_dir(folder));
    let names = std::fs::read_dir(root().join("tests/applications/apps")).unwrap().count();
    let all = format!("{names} applications, {} outputs: all as unbundled\n", 4 * names);
    assert!(names >= 20 && said.ends_with(&all), "{said}");
}

fn run(module: &Path, target: &str) -> std::process::Output {
    let mut command = if target == "bun" { bun() } else { node() };
    if target == "node" {
        // Warnings name the process, whose number differs.
        command.arg("--no-warnings");
    }
    command.arg(module).env("NODE_ENV", "production").output().unwrap()
}

fn check(folder: &Path, name: &str) -> Vec<String> {
    let source = format!("src/{name}.mjs");
    let awaits = std::fs::read_to_string(folder.join(&source)).unwrap().contains("await ");
    let modes: [(&[&str], &str, &str); 4] = [
        (&[], "module", "node"),
        (&["--minify"], "module", "node"),
        (&["--minify", "--format", "cjs"], "commonjs", "node"),
        (&["--minify"], "module", "bun"),
    ];
    let mut failures = Vec::new();
    for (flags, kind, target) in modes {
        if awaits && kind == "commonjs" {
            continue;
        }
        let expected = run(&folder.join(&source), target);
        if !expected.status.success() {
            // What does not run there unbundled is no business of ours; in Node everything does.
            assert_eq!(target, "bun", "{name}\n{}", text(&expected));
            eprintln!("{name}: not run in Bun, where its sources fail");
            continue;
        }
        let out = tempfile::tempdir().unwrap();
        let mut command = bundlegate();
        command
            .args(["build", &source, "--target", target, "--outdir"])
            .arg(out.path())
            .args(flags);
        let built = command.current_dir(folder).output().unwrap();
        if !built.status.success() {
            failures.push(format!("{name} {flags:?}: the build failed\n{}", text(&built)));
            continue;
        }
        std::fs::write(out.path().join("package.json"), format!("{{\"type\":\"{kind}\"}}"))
            .unwrap();
        let got = run(&out.path().join(format!("{name}.js")), target);
        if got.stdout != expected.stdout || got.status != expected.status {
            failures.push(format!(
                "{name} {flags:?} in {target}\n--- expected\n{}--- got\n{}",
                text(&expected),
                text(&got)
            ));
        }
    }
    failures
}

/// Clients of three frameworks, with a style sheet and a part that is loaded later, as a page shows them.
#[test]
fn pages_work_in_a_browser() {
    let folder = install("tests/packages");
    let pages = ["react.jsx", "preact.jsx", "vue.js"];
    let seen = |flags: &[&str]| {
        let out = tempfile::tempdir().unwrap();
        let mut command = bundlegate();
        command.arg("build").args(pages.map(|page| format!("pages/{page}")));
        command.args(["--target", "browser", "--outdir"]).arg(out.path()).args(flags);
        ok(command.current_dir(&folder));
        if !cfg!(target_os = "linux") {
            eprintln!("the browser of the lock file is for Linux; the pages were not opened");
            return String::new();
        }
        let browser = install("tests/browser");
        let names = pages.map(|page| page.split('.').next().unwrap());
        ok(std::process::Command::new("node")
            .arg(browser.join("page.mjs"))
            .arg(out.path())
            .args(names))
    };
    let expected = "react 2, react later, rgb(1, 2, 3)\npreact 2, preact later, rgb(1, 2, 3)\nvue 2, vue later, rgb(1, 2, 3)\n";
    for flags in [&["--minify", "--splitting"][..], &[], &["--minify", "--syntax", "es2017"]] {
        assert_eq!(seen(flags), expected, "{flags:?}");
    }
}

#[test]
fn the_sources_of_the_corpus_are_there() {
    for name in USUAL {
        assert!(root().join(format!("tests/packages/src/{name}.mjs")).exists(), "{name}");
    }
}
