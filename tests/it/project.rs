//! The main job on a real app, `fixtures/project/registry-mcp`: from source to a gated, signed, stored release.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::{bun, bundlegate, copy, files, node, npm, ok, root, text};

const API_URL: &str = "https://api.example.com";
const SECRET: &str = "s3ss10n-7Qx9vLm2Kp4TzWb";
const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

struct Project {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Project {
    /// A copy of the app in a folder of its own.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app");
        copy(&root().join("fixtures/project/registry-mcp"), &path);
        Self { _folder: folder, path }
    }

    fn command(&self, name: &str) -> Command {
        let mut command = bundlegate();
        command.arg(name).current_dir(&self.path);
        command.envs([("PUBLIC_API_URL", API_URL), ("SESSION_SECRET", SECRET), ("HMAC_KEY", KEY)]);
        command
    }

    fn run(&self) -> std::process::Output {
        self.command("run").output().unwrap()
    }

    fn store(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.path.join(".bundlegate/store"))
    }
}

fn exercise(runtime: &mut Command, module: &Path) -> String {
    ok(runtime
        .arg(npm().join("exercise.mjs"))
        .arg(module)
        .envs([("PUBLIC_API_URL", API_URL), ("SESSION_SECRET", "another-at-run-time")]))
}

#[test]
fn answers_like_its_sources() {
    let expected = exercise(&mut bun(), &root().join("fixtures/project/registry-mcp/src/index.ts"));
    assert!(expected.lines().count() > 15, "{expected}");
    for flags in [&[] as &[&str], &["--minify"], &["--splitting"], &["--splitting", "--minify"]] {
        let project = Project::new();
        ok(project
            .command("build")
            .args(["src/index.ts", "--target", "bun", "--outdir", "out"])
            .args(flags));
        std::fs::write(project.path.join("out/package.json"), "{\"type\":\"module\"}").unwrap();
        let module = project.path.join("out/index.js");
        assert_eq!(exercise(&mut node(), &module), expected, "node {flags:?}");
        assert_eq!(exercise(&mut bun(), &module), expected, "bun {flags:?}");
    }
    let project = Project::new();
    let path =
        format!("{}:{}", npm().join("node_modules/.bin").display(), std::env::var("PATH").unwrap());
    let build = ["src/index.ts", "--bytecode", "--minify", "--outdir", "out"];
    ok(project.command("build").args(build).env("PATH", path));
    assert!(project.path.join("out/index.js.jsc").exists());
    assert_eq!(exercise(&mut bun(), &project.path.join("out/index.js")), expected, "bytecode");
}

#[test]
fn the_whole_way() {
    let project = Project::new();
    let output = project.run();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.starts_with("<!-- bundlegate:v1 key=registry"), "{report}");
    for part in ["all gates passed", "`index.js`", "| Leaks ", "| Store ", "`src/搜尋.ts`"] {
        assert!(report.contains(part), "{part}\n{report}");
    }
    let dist = files(&project.path.join("dist"));
    for name in [
        "index.js",
        "index.js.br",
        "index.js.zst",
        "index.js.map",
        "bundlegate.lock",
        "bundlegate.manifest.json",
    ] {
        assert!(dist.contains_key(name), "{name} is missing in {:?}", dist.keys());
    }
    ok(Command::new("sha256sum")
        .args(["--check", "--strict", "bundlegate.lock"])
        .current_dir(project.path.join("dist")));
    ok(project.command("verify").arg("dist"));
    ok(project.command("verify").arg("dir:.bundlegate/store/registry-mcp"));

    let code: String = dist
        .iter()
        .filter(|(path, _)| path.ends_with(".js"))
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    for gone in [
        "unused-function-marker",
        "unused-class-marker",
        "unused-pure-call-marker",
        SECRET,
        "PUBLIC_API_URL",
    ] {
        assert!(!code.contains(gone), "{gone}");
    }
    assert!(code.contains(API_URL));
    assert!(code.contains("process.env.SESSION_SECRET"));
    assert!(
        dist.values().all(|bytes| !bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()))
    );
}

#[test]
fn the_report_goes_where_it_is_wanted() {
    let project = Project::new();
    let summary = project.path.join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let output = project
        .command("run")
        .args(["--report-file", "report.md"])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(std::fs::read_to_string(project.path.join("report.md")).unwrap(), printed);
    assert_eq!(std::fs::read_to_string(summary).unwrap(), format!("before\n{printed}"));
}

#[test]
fn a_dry_run_writes_nothing() {
    let project = Project::new();
    let before = files(&project.path);
    ok(project.command("run").args(["--dry-run", "--report-file", "report.md"]));
    assert_eq!(files(&project.path).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

#[test]
fn same_bytes_in_any_folder_with_any_threads() {
    let mut builds = Vec::new();
    for threads in ["1", "2", "7"] {
        let project = Project::new();
        let output = project.command("run").args(["--threads", threads]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        let manifest =
            std::fs::read_to_string(project.path.join("dist/bundlegate.manifest.json")).unwrap();
        let path = project.path.to_str().unwrap();
        for (name, bytes) in files(&project.path.join("dist")) {
            let found = bytes.windows(path.len()).any(|window| window == path.as_bytes());
            assert!(!found, "{name} holds the path of the build folder");
        }
        builds.push(manifest);
    }
    assert_eq!(builds[0], builds[1]);
    assert_eq!(builds[0], builds[2]);
}

/// Puts a line into a source of the app, and returns its number.
fn plant(project: &Project, line: &str) -> usize {
    let path = project.path.join("src/session.ts");
    let source = std::fs::read_to_string(&path).unwrap();
    let planted = format!("{source}\nconsole.debug({line});\n");
    std::fs::write(path, &planted).unwrap();
    planted.lines().count()
}

#[test]
fn a_leak_stops_the_release() {
    use base64::Engine as _;
    let encoded =
        base64::engine::general_purpose::STANDARD.encode(format!("Basic {SECRET} and more"));
    for (literal, form) in
        [(format!("\"{SECRET}\""), ""), (format!("atob(\"{encoded}\")"), "base64")]
    {
        let project = Project::new();
        assert_eq!(project.run().status.code(), Some(0));
        let before = (project.store(), files(&project.path.join("dist")));
        let line = plant(&project, &literal);
        let output = project.run();
        assert_eq!(output.status.code(), Some(4), "{}", text(&output));
        let said = text(&output);
        assert!(said.contains("the value of `SESSION_SECRET` is in `index.js`"), "{said}");
        assert!(said.contains(&format!("--> src/session.ts:{line}:")), "{said}");
        assert!(said.contains("by way of src/index.ts → "), "{said}");
        assert!(said.contains("release blocked, "), "{said}");
        assert!(said.contains(form), "{said}");
        for part in [SECRET, &SECRET[..8], &encoded[..12]] {
            assert!(!said.contains(part), "a part of the value is printed: {said}");
        }
        assert_eq!(
            (project.store(), files(&project.path.join("dist"))),
            before,
            "something was written"
        );
    }
}

#[test]
fn a_leak_in_a_source_map_stops_it_too() {
    let project = Project::new();
    plant(&project, &format!("0 /* {SECRET} */"));
    let output = project.run();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert!(text(&output).contains("is in `index.js.map`"), "{}", text(&output));
    assert!(text(&output).contains("--> src/session.ts:"), "{}", text(&output));
}

#[test]
fn an_excused_finding_passes_until_its_end() {
    let project = Project::new();
    plant(&project, &format!("\"{SECRET}\""));
    let allow = "env=SESSION_SECRET,path=index.js*,reason=test,until=2026-12-31";
    let run = |today: &str| {
        project
            .command("run")
            .args(["--allow", allow])
            .env("BUNDLEGATE_TODAY", today)
            .output()
            .unwrap()
    };
    assert_eq!(run("2026-12-31").status.code(), Some(0));
    let late = run("2027-01-01");
    assert_eq!(late.status.code(), Some(2));
    assert!(text(&late).contains("ended on 2026-12-31"), "{}", text(&late));
}

#[test]
fn one_flipped_byte_is_named() {
    let project = Project::new();
    assert_eq!(project.run().status.code(), Some(0));
    let dist = project.path.join("dist");
    for name in files(&dist).into_keys() {
        let path = dist.join(&name);
        let intact = std::fs::read(&path).unwrap();
        let mut flipped = intact.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        std::fs::write(&path, flipped).unwrap();
        let output = project.command("verify").arg("dist").output().unwrap();
        assert_eq!(output.status.code(), Some(6), "{name}\n{}", text(&output));
        let of_seal = [
            "bundlegate.lock",
            "bundlegate.manifest.json",
            "bundlegate.intoto.jsonl",
            "bundlegate.written",
        ];
        let expected = if of_seal.contains(&name.as_str()) {
            format!("`{name}`")
        } else {
            format!("`{name}` is not what was locked")
        };
        assert!(text(&output).contains(&expected), "{}", text(&output));
        std::fs::write(&path, intact).unwrap();
    }
    ok(project.command("verify").arg("dist"));

    let store = project.path.join(".bundlegate/store");
    for (key, intact) in files(&store) {
        // What reports read, and the lock of a swap, are no part of a deployment.
        if ["index.json", "metafile.json", ".lock"].iter().any(|name| key.ends_with(name)) {
            continue;
        }
        // Some in the middle, some at the ends: every byte of every file is covered by something.
        for at in [0, intact.len() / 3, intact.len() / 2, intact.len() - 2] {
            let mut flipped = intact.clone();
            flipped[at] ^= 1;
            std::fs::write(store.join(&key), flipped).unwrap();
            let output = project
                .command("verify")
                .arg("dir:.bundlegate/store/registry-mcp")
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(6), "{key} at {at}\n{}", text(&output));
        }
        std::fs::write(store.join(&key), intact).unwrap();
    }
    ok(project.command("verify").arg("dir:.bundlegate/store/registry-mcp"));

    // Without a key, too, no byte of the manifest changes unnoticed.
    let intact = std::fs::read(dist.join("bundlegate.manifest.json")).unwrap();
    for at in (0..intact.len() - 1).step_by(intact.len() / 40) {
        let mut flipped = intact.clone();
        flipped[at] ^= 1;
        std::fs::write(dist.join("bundlegate.manifest.json"), flipped).unwrap();
        let mut verify = project.command("verify");
        verify.args(["dist", "--sign-required=false"]).env_remove("HMAC_KEY");
        let output = verify.output().unwrap();
        assert_eq!(output.status.code(), Some(6), "manifest at {at}\n{}", text(&output));
        assert!(text(&output).contains("manifest"), "{}", text(&output));
    }
}

#[test]
fn files_cannot_be_swapped_removed_or_added() {
    let project = Project::new();
    assert_eq!(project.run().status.code(), Some(0));
    let dist = project.path.join("dist");
    let verify = || project.command("verify").arg("dist").output().unwrap();
    std::fs::write(dist.join("extra.js"), "1").unwrap();
    assert!(text(&verify()).contains("`extra.js` is not in the lock"));
    std::fs::remove_file(dist.join("extra.js")).unwrap();

    std::fs::rename(dist.join("index.js.br"), dist.join("moved")).unwrap();
    assert!(text(&verify()).contains("`index.js.br` is locked but missing"));
    std::fs::rename(dist.join("moved"), dist.join("index.js.br")).unwrap();

    // A consistent lock without the key: the signatures notice.
    let manifest = std::fs::read_to_string(dist.join("bundlegate.manifest.json")).unwrap();
    std::fs::write(
        dist.join("bundlegate.manifest.json"),
        manifest.replace("text/javascript", "text/html"),
    )
    .unwrap();
    assert!(text(&verify()).contains("the signature of `index.js` does not hold"));
    std::fs::write(dist.join("bundlegate.manifest.json"), &manifest).unwrap();

    let wrong = project
        .command("verify")
        .arg("dist")
        .env("HMAC_KEY", KEY.replace('0', "9"))
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(6));
    ok(project.command("verify").arg("dist"));
}

#[test]
fn keys() {
    let project = Project::new();
    let unsigned = project.command("run").env_remove("HMAC_KEY").output().unwrap();
    assert_eq!(unsigned.status.code(), Some(0), "{}", text(&unsigned));
    assert!(
        text(&unsigned).contains("`HMAC_KEY` is not set, so the files are locked but not signed")
    );
    let required =
        project.command("run").env_remove("HMAC_KEY").arg("--sign-required").output().unwrap();
    assert_eq!(required.status.code(), Some(6), "{}", text(&required));
    let short = project.command("run").env("HMAC_KEY", "too-short-7Qx9").output().unwrap();
    assert_eq!(short.status.code(), Some(6), "{}", text(&short));
    assert!(!text(&short).contains("too-short-7Qx9"));
}

#[test]
fn a_broken_budget_holds_the_release_back() {
    let project = Project::new();
    let output =
        project.command("run").args(["--budgets", "path=index.js,gzip=1kB"]).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("over the gzip budget of 1.00 kB"), "{}", text(&output));
    assert!(project.store().is_empty());
}

#[test]
fn another_bundlers_outputs_pass_the_same_gates() {
    let project = Project::new();
    let esbuild = npm().join("node_modules/.bin/esbuild");
    ok(Command::new(esbuild)
        .args([
            "src/index.ts",
            "--bundle",
            "--minify",
            "--format=esm",
            "--outdir=built",
            "--metafile=built/meta.json",
        ])
        .args(["--platform=node", "--sourcemap", "--log-level=error"])
        .current_dir(&project.path));
    std::fs::remove_file(project.path.join("bundlegate.yml")).unwrap();
    let output = project
        .command("run")
        .args([
            "--artifacts",
            "built",
            "--artifacts-metafile",
            "built/meta.json",
            "--hmac-key",
            "env:HMAC_KEY",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("`src/搜尋.ts`"), "{}", text(&output));
    let report = ok(project.command("report").args([
        "--artifacts",
        "built",
        "--artifacts-metafile",
        "built/meta.json",
    ]));
    assert!(report.contains("| `index.js` |"), "{report}");
    // What was made after the build is released, so it is held against budgets, too.
    std::fs::write(project.path.join("built/index.html"), "<p>a page</p>").unwrap();
    let over = project
        .command("report")
        .args(["--artifacts", "built", "--artifacts-metafile", "built/meta.json"])
        .args(["--budgets", "path=*.html,raw=5B"])
        .output()
        .unwrap();
    assert_eq!(over.status.code(), Some(5), "{}", text(&over));
    std::fs::remove_file(project.path.join("built/index.html")).unwrap();
    let source = std::fs::read_to_string(project.path.join("built/index.js")).unwrap();
    std::fs::write(project.path.join("built/index.js"), format!("{source}//{SECRET}\n")).unwrap();
    let leaking = project.command("scan").arg("built").output().unwrap();
    assert_eq!(leaking.status.code(), Some(4), "{}", text(&leaking));
    assert!(!text(&leaking).contains(SECRET));
}

#[test]
fn the_debug_binary_is_static_on_linux() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    let output = Command::new("ldd").arg(env!("CARGO_BIN_EXE_bundlegate")).output().unwrap();
    assert!(
        text(&output).contains("statically linked")
            || text(&output).contains("not a dynamic executable"),
        "{}",
        text(&output)
    );
}
