//! Real packages, bundled and used: what `tests/packages/src/NAME.mjs` prints when bundled equals what it prints when
//! Node runs it as it is. `PACKAGES=all` runs the whole corpus, otherwise a dozen stand for it.

use std::path::Path;

use super::support::{bundlegate, install, node, root, text};

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

fn run(module: &Path) -> std::process::Output {
    // Warnings name the process, whose number differs.
    node().arg("--no-warnings").arg(module).env("NODE_ENV", "production").output().unwrap()
}

fn check(folder: &Path, name: &str) -> Vec<String> {
    let source = format!("src/{name}.mjs");
    let expected = run(&folder.join(&source));
    assert!(expected.status.success(), "{name}\n{}", text(&expected));
    let awaits = std::fs::read_to_string(folder.join(&source)).unwrap().contains("await ");
    let modes: [(&[&str], &str); 3] = [
        (&[], "module"),
        (&["--minify"], "module"),
        (&["--minify", "--format", "cjs"], "commonjs"),
    ];
    let mut failures = Vec::new();
    for (flags, kind) in modes {
        if awaits && kind == "commonjs" {
            continue;
        }
        let out = tempfile::tempdir().unwrap();
        let mut command = bundlegate();
        command
            .args(["build", &source, "--target", "node", "--outdir"])
            .arg(out.path())
            .args(flags);
        let built = command.current_dir(folder).output().unwrap();
        if !built.status.success() {
            failures.push(format!("{name} {flags:?}: the build failed\n{}", text(&built)));
            continue;
        }
        std::fs::write(out.path().join("package.json"), format!("{{\"type\":\"{kind}\"}}"))
            .unwrap();
        let got = run(&out.path().join(format!("{name}.js")));
        if got.stdout != expected.stdout || got.status != expected.status {
            failures.push(format!(
                "{name} {flags:?}\n--- expected\n{}--- got\n{}",
                text(&expected),
                text(&got)
            ));
        }
    }
    failures
}

#[test]
fn the_sources_of_the_corpus_are_there() {
    for name in USUAL {
        assert!(root().join(format!("tests/packages/src/{name}.mjs")).exists(), "{name}");
    }
}
