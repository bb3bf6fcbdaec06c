//! Nothing of a user's is harmed: what an event may do, folders of others, outputs over inputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::support::{bundlegate, copy, files, ok, root, text};

const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const SHA: &str = "1b7d93c2f00e4a51b6c7d8e9fa0b1c2d3e4f5061";

/// A folder for a test, which is gone with the value.
struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        Self { _folder: folder, path }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bundlegate();
        command.args(arguments).current_dir(&self.path);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Everything in the store but what a rerun of the same build may rewrite.
    fn channels(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.path.join("store"))
            .into_iter()
            .filter(|(path, _)| path.contains("/channels/") && !path.ends_with(".lock"))
            .collect()
    }
}

#[track_caller]
fn check(output: &Output, code: i32, part: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", text(output));
    assert!(text(output).contains(part), "no {part:?} in {}", text(output));
}

/// The variables of a runner with an event.
fn on_event(command: &mut Command, desk: &Desk, event: &str, json: &str) {
    desk.write("event.json", json);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("CI", "true")
        .env("GITHUB_REPOSITORY", "o/r")
        .env("GITHUB_SHA", SHA)
        .env("GITHUB_RUN_ID", "1")
        .env("GITHUB_WORKSPACE", &desk.path)
        .env("GITHUB_EVENT_NAME", event)
        .env("GITHUB_EVENT_PATH", desk.path.join("event.json"));
}

fn push_event(reference: &str) -> String {
    format!(
        r#"{{"ref":"{reference}","repository":{{"full_name":"o/r","default_branch":"trunk"}},"sender":{{"login":"dev"}}}}"#
    )
}

fn pull_request(action: &str, repository: &str, sender: &str) -> String {
    format!(
        r#"{{"action":"{action}","number":7,"repository":{{"full_name":"o/r","default_branch":"trunk"}},
        "sender":{{"login":"{sender}"}},"pull_request":{{"number":7,"head":{{"sha":"{SHA}","ref":"change",
        "repo":{{"full_name":"{repository}"}}}},"base":{{"ref":"trunk"}}}}}}"#
    )
}

/// Each row of the table: which event, what it says, and whether the build is live, in a preview, stored, or nowhere.
#[test]
fn each_event_may_do_what_its_row_says() {
    let merge_group = format!(
        r#"{{"action":"checks_requested","merge_group":{{"head_sha":"{SHA}","base_sha":"{SHA}"}},
        "repository":{{"full_name":"o/r","default_branch":"trunk"}},"sender":{{"login":"dev"}}}}"#
    );
    let plain = r#"{"repository":{"full_name":"o/r","default_branch":"trunk"}}"#.to_owned();
    let rows: Vec<(&str, String, &str, &str)> = vec![
        ("push", push_event("refs/heads/trunk"), "live", "`push` to the default branch"),
        ("push", push_event("refs/tags/v1.0.0"), "live", "`push` of a tag"),
        ("release", plain.clone(), "live", "`release`"),
        ("workflow_dispatch", plain.clone(), "live", "`workflow_dispatch`"),
        ("push", push_event("refs/heads/main"), "stored", "`push` to another branch"),
        ("schedule", plain, "stored", "any other event"),
        ("pull_request", pull_request("opened", "o/r", "dev"), "preview", "`pull_request`"),
        (
            "pull_request",
            pull_request("closed", "o/r", "dev"),
            "nowhere",
            "`pull_request` that was closed",
        ),
        ("merge_group", merge_group, "stored with previews", "`merge_group`"),
        (
            "pull_request",
            pull_request("opened", "someone/r", "dev"),
            "skipped (fork)",
            "`pull_request` of a fork",
        ),
        (
            "pull_request",
            pull_request("opened", "o/r", "dependabot[bot]"),
            "skipped (Dependabot)",
            "any event of Dependabot",
        ),
        (
            "pull_request_target",
            pull_request("opened", "o/r", "dev"),
            "skipped (pull_request_target)",
            "`pull_request_target`",
        ),
        (
            "workflow_run",
            r#"{"workflow_run":{"event":"pull_request"}}"#.to_owned(),
            "skipped (caused by a pull request)",
            "`workflow_run` or `issue_comment` of a pull request",
        ),
        (
            "issue_comment",
            r#"{"issue":{"number":7,"pull_request":{"url":"u"}}}"#.to_owned(),
            "skipped (caused by a pull request)",
            "`workflow_run` or `issue_comment` of a pull request",
        ),
    ];
    for previews in [false, true] {
        for (event, json, expected, row) in &rows {
            let desk = Desk::new();
            desk.write("dist/a.js", "reviewed()");
            let settings = format!(
                "name: app\nartifacts: {{ dir: dist }}\ncompress: []\nstore: {{ url: \"dir:store\", previews: {previews} }}\n\
                 sign: {{ hmac_key: env:HMAC_KEY, required: true }}\nreport: {{ base: none }}\n"
            );
            desk.write("bundlegate.yml", settings);
            ok(desk.command(&["run"]).env("HMAC_KEY", KEY));
            let live = desk.channels();
            assert_eq!(live.len(), 1);
            desk.write("dist/a.js", "notReviewed()");
            let mut command = desk.command(&["run"]);
            on_event(&mut command, &desk, event, json);
            // Where there are no secrets, the run passes without them.
            if expected.starts_with("skipped") {
                command.env("HMAC_KEY", "");
            } else {
                command.env("HMAC_KEY", KEY);
            }
            let output = command.output().unwrap();
            check(&output, 0, &format!("event: {row}:"));
            let builds = ok(&mut desk.command(&["list", "dir:store/app"])).lines().count();
            let mut now = desk.channels();
            match (*expected, previews) {
                ("live", _) => {
                    assert_ne!(now, live, "{row}");
                    continue;
                }
                ("stored", _) | ("stored with previews" | "preview", true) => {
                    assert_eq!(builds, 2, "{row}");
                }
                _ => assert_eq!(builds, 1, "{row}"),
            }
            if let ("preview", true) = (*expected, previews) {
                assert!(now.remove("app/channels/pr-7.json").is_some(), "{:?}", now.keys());
            }
            assert_eq!(now, live, "{row}: what is live changed");
            if expected.starts_with("skipped") {
                check(&output, 0, &format!("| Store      | skipped | {expected}"));
                check(&output, 0, &format!("| Signatures | skipped | {expected}"));
            }
        }
    }
}

#[test]
fn the_table_stands_in_the_documents() {
    for document in ["README.md", "docs/store.md"] {
        let page = std::fs::read_to_string(root().join(document)).unwrap();
        for row in bundlegate::github::event::TABLE {
            let line = format!("| {} | {} | {} |", row.when, row.build, row.keys);
            assert!(page.contains(&line), "{document} lacks {line}");
        }
    }
}

#[test]
fn a_preview_goes_with_its_pull_request() {
    let desk = Desk::new();
    desk.write("dist/a.js", "one()");
    desk.write(
        "bundlegate.yml",
        "name: app\nartifacts: { dir: dist }\ncompress: []\nstore: { url: \"dir:store\", previews: true }\nreport: { base: none }\n",
    );
    ok(&mut desk.command(&["run"]));
    desk.write("dist/a.js", "two()");
    let mut preview = desk.command(&["run"]);
    on_event(&mut preview, &desk, "pull_request", &pull_request("opened", "o/r", "dev"));
    ok(&mut preview);
    let shown = ok(&mut desk.command(&["verify", "dir:store/app@pr-7"]));
    assert!(shown.contains("1 files as locked"), "{shown}");
    // A fork may not, and is no reason to be red.
    let mut prune = desk.command(&["prune", "dir:store/app", "--keep", "0"]);
    on_event(&mut prune, &desk, "pull_request", &pull_request("closed", "x/r", "dev"));
    check(&prune.output().unwrap(), 0, "skipped (fork)");
    // Previews take no place of what was live.
    check(&desk.run(&["prune", "dir:store/app", "--keep", "1"]), 0, "removed 0 builds");
    // While it is live there, it stays; what is live in the channel of the settings is never dropped.
    check(&desk.run(&["prune", "dir:store/app", "--keep", "0"]), 0, "removed 0 builds");
    check(&desk.run(&["prune", "dir:store/app", "--drop", "latest"]), 2, "is not dropped");
    let mut prune = desk.command(&["prune", "dir:store/app", "--keep", "0"]);
    on_event(&mut prune, &desk, "pull_request", &pull_request("closed", "o/r", "dev"));
    check(&prune.output().unwrap(), 0, "removed the channel `pr-7`");
    assert_eq!(desk.channels().len(), 1);
    check(&desk.run(&["verify", "dir:store/app@pr-7"]), 7, "there is no deployment");
    assert_eq!(ok(&mut desk.command(&["list", "dir:store/app"])).lines().count(), 1);
}

/// A fork has neither the keys of the store nor those of the seal.
#[test]
fn a_fork_is_gated_and_stays_green() {
    let desk = Desk::new();
    desk.write("dist/a.js", "one()");
    desk.write(
        "bundlegate.yml",
        "name: app\nartifacts: { dir: dist }\nstore: { url: \"r2://bucket/team\" }\n\
         sign: { hmac_key: env:HMAC_KEY, required: true }\nreport: { base: none }\n",
    );
    let run = |secret: Option<&str>| {
        let mut command = desk.command(&["run"]);
        on_event(&mut command, &desk, "pull_request", &pull_request("opened", "x/r", "dev"));
        command.env("R2_ACCESS_KEY_ID", "").env("GITHUB_STEP_SUMMARY", desk.path.join("summary"));
        if let Some(secret) = secret {
            command.env("MY_SECRET", secret);
        }
        command.output().unwrap()
    };
    check(&run(None), 0, "| Leaks      | pass");
    let summary = std::fs::read_to_string(desk.path.join("summary")).unwrap();
    assert!(summary.contains("skipped (fork)"), "{summary}");
    desk.write("dist/a.js", "one('9f8e7d6c5b4a39281706f5e4')");
    check(&run(Some("9f8e7d6c5b4a39281706f5e4")), 4, "MY_SECRET");
}

/// Finished folders of other bundlers: no file of theirs is changed, all of it is searched and stored, twice the same.
#[test]
fn a_folder_of_others_is_theirs() {
    for name in ["vite", "webpack", "pwa", "extension"] {
        for layout in ["registry", "files"] {
            let desk = Desk::new();
            let source = root().join("fixtures/foreign").join(name).join("dist");
            let dist = desk.path.join("finished");
            copy(&source, &dist);
            let before = files(&dist);
            assert_eq!(before, files(&source));
            desk.write(
                "bundlegate.yml",
                format!(
                    "name: app\nartifacts: {{ dir: finished }}\nseal: {{ outdir: sealed }}\n\
                     store: {{ url: \"dir:store\", layout: {layout} }}\nreport: {{ base: none }}\n"
                ),
            );
            let mut locks = Vec::new();
            for _ in 0..2 {
                let output = desk.run(&["run"]);
                check(&output, 0, &format!("{} files and", before.len()));
                assert_eq!(files(&dist), before, "{name}: the folder was changed");
                let lock =
                    std::fs::read_to_string(desk.path.join("sealed/bundlegate.lock")).unwrap();
                ok(&mut desk.command(&["verify", "sealed"]));
                for path in before.keys() {
                    assert!(lock.contains(&format!("  {path}\n")), "{name}: {path} is not locked");
                }
                locks.push(lock);
            }
            assert_eq!(locks[0], locks[1], "{name}");
            let stored = files(&desk.path.join("store"));
            if layout == "files" {
                // A brotli form stands in the place of its file.
                for (path, bytes) in before.iter().filter(|(path, _)| !path.ends_with(".br")) {
                    let there = &stored[&format!("app/{path}")];
                    // What is stored under the name of a file is the file, or its brotli form.
                    if there != bytes {
                        let mut plain = Vec::new();
                        let mut form = brotli::Decompressor::new(&there[..], 4096);
                        std::io::Read::read_to_end(&mut form, &mut plain).unwrap();
                        assert_eq!(&plain, bytes, "{name}: {path}");
                    }
                }
                assert!(stored.contains_key("app/bundlegate.manifest.json"));
            }
            ok(&mut desk.command(&["verify", "dir:store/app"]));
            ok(&mut desk.command(&["pull", "dir:store/app", "pulled"]));
            let pulled = files(&desk.path.join("pulled"));
            assert!(
                before.iter().all(|(path, bytes)| pulled.get(path) == Some(bytes)),
                "{name} {layout}"
            );
            // A leak in any of the files stops it, also in one that is called as ours is.
            for path in before.keys().filter(|path| path.ends_with(".json")) {
                let mut edited = before[path].clone();
                edited.truncate(edited.iter().rposition(|byte| *byte == b'}').unwrap());
                edited.extend_from_slice(b",\"k\":\"9f8e7d6c5b4a39281706f5e4\"}");
                std::fs::write(dist.join(path), edited).unwrap();
                let output =
                    desk.command(&["run"]).env("MY_SECRET", "9f8e7d6c5b4a39281706f5e4").output();
                check(&output.unwrap(), 4, path);
                std::fs::write(dist.join(path), &before[path]).unwrap();
            }
        }
    }
}

/// What is under its own names is read as what it is: its seal, its files and the metafile that reports compare with.
#[test]
fn files_under_their_own_names_can_be_read() {
    let desk = Desk::new();
    desk.write("dist/a.js", "one()\n".repeat(400));
    desk.write("dist/b.js", "two()");
    desk.write(
        "bundlegate.yml",
        "name: app\nartifacts: { dir: dist }\nstore: { url: \"dir:store\", layout: files, metafile: true }\n\
         report: { base: \"dir:store/app\" }\n",
    );
    ok(&mut desk.command(&["run"]));
    let again = desk.run(&["run"]);
    check(&again, 0, "`dir:store/app`");
    assert_eq!(text(&again).matches("leak/nothing-guarded").count(), 1, "{}", text(&again));
    check(&desk.run(&["promote", "dir:store/app"]), 2, "live already");
    check(&desk.run(&["verify", "dir:store/app@00000000"]), 7, "there is no deployment");
    for (path, bytes) in [("a.js", &b"neither brotli"[..]), ("b.js", b"other")] {
        let file = desk.path.join("store/app").join(path);
        let before = std::fs::read(&file).unwrap();
        std::fs::write(&file, bytes).unwrap();
        check(&desk.run(&["verify", "dir:store/app"]), 6, path);
        check(&desk.run(&["pull", "dir:store/app", "pulled"]), 6, path);
        assert!(!desk.path.join("pulled").exists());
        std::fs::write(&file, before).unwrap();
    }
}

/// A metafile names what modules import, and is stored for everybody to read.
#[test]
fn a_secret_in_a_metafile_stops_the_release() {
    let desk = Desk::new();
    let secret = "SuperSecretValue12345-qpwoeiruty";
    desk.write("dist/a.js", "one()");
    let metafile = format!(
        r#"{{"inputs":{{"a.ts":{{"bytes":1,"imports":[{{"path":"{secret}","kind":"import-statement","external":true}}]}}}},
        "outputs":{{"a.js":{{"bytes":5,"inputs":{{"a.ts":{{"bytesInOutput":5}}}}}}}}}}"#
    );
    desk.write("meta.json", metafile);
    for layout in ["registry", "files"] {
        desk.write(
            "bundlegate.yml",
            format!(
                "name: app\nartifacts: {{ dir: dist, metafile: meta.json }}\n\
                 store: {{ url: \"dir:store\", layout: {layout}, metafile: true }}\n\
                 report: {{ base: none, record: record.jsonl, file: report.md }}\n"
            ),
        );
        let output = desk.command(&["run"]).env("API_TOKEN", secret).output().unwrap();
        check(&output, 4, "bundlegate.metafile.json");
        assert!(!desk.path.join("store").exists());
        for (path, bytes) in files(&desk.path) {
            let has_it = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!has_it || path == "meta.json", "{path}");
        }
        assert!(!text(&output).contains(secret));
    }
}

/// Nothing is written where it would take the place of what somebody made.
#[test]
fn places_that_lie_in_each_other_are_refused() {
    let desk = Desk::new();
    desk.write("dist/a.js", "one()");
    desk.write("dist/meta.json", r#"{"inputs":{},"outputs":{"a.js":{"bytes":5,"inputs":{}}}}"#);
    let before = files(&desk.path.join("dist"));
    ok(&mut desk.command(&["sign", "dist"]));
    for out in ["dist", "dist/sub", "."] {
        check(&desk.run(&["sign", "dist", "--out", out]), 2, "lie in each other");
    }
    for name in ["bundlegate.lock", "bundlegate.manifest.json"] {
        std::fs::remove_file(desk.path.join("dist").join(name)).unwrap();
    }
    for arguments in [
        &["--artifacts", "dist", "--metafile", "dist/meta.json"][..],
        &["--artifacts", "dist", "--report-file", "dist/report.md"],
        &["--artifacts", "dist", "--seal-outdir", "."],
        &["--artifacts", "dist", "--store", "dir:dist/store"],
        &["--artifacts", "."],
    ] {
        let mut run = vec!["run", "--name", "app"];
        run.extend(arguments);
        check(&desk.run(&run), 2, "nothing is written into a folder of artifacts");
    }
    assert_eq!(files(&desk.path.join("dist")), before);
    // The seal's folder has outputs, too.
    desk.write("index.js", "console.log(1)");
    desk.write(
        "bundlegate.yml",
        "name: app\nbuild: { entrypoints: [index.js] }\nseal: { outdir: . }\n",
    );
    check(&desk.run(&["run", "--base", "none"]), 3, "`index.js` would be written over");
    for (setting, file) in [
        ("metafile", "package.json"),
        ("metafile", "out/index.js"),
        ("report-file", "out/index.js"),
    ] {
        desk.write("package.json", "{}");
        desk.write(
            "bundlegate.yml",
            "name: app\nbuild: { entrypoints: [index.js], outdir: out }\n",
        );
        let output = desk.run(&["run", "--base", "none", &format!("--{setting}"), file]);
        check(&output, 3, &format!("`{file}` would be written over"));
    }
    // What somebody else wrote, or signed where it stands, stays.
    desk.write("site/photo.txt", "precious");
    ok(&mut desk.command(&["sign", "site"]));
    ok(&mut desk.command(&["sign", "dist", "--out", "site"]));
    assert_eq!(files(&desk.path.join("site"))["photo.txt"], b"precious");
    desk.write("notes/bundlegate.lock", "ours");
    check(&desk.run(&["sign", "dist", "--out", "notes"]), 6, "is not ours");
    assert_eq!(files(&desk.path.join("notes"))["bundlegate.lock"], b"ours");
    // What we wrote goes when the next build has it no more.
    for name in ["b.js", "c.js"] {
        desk.write("other/a.js", "one()");
        desk.write(&format!("other/{name}"), "two()");
        ok(&mut desk.command(&["sign", "other", "--out", "sealed"]));
        std::fs::remove_dir_all(desk.path.join("other")).unwrap();
    }
    let sealed = files(&desk.path.join("sealed"));
    assert!(sealed.contains_key("c.js") && !sealed.contains_key("b.js"), "{:?}", sealed.keys());
    // An empty folder is no release.
    std::fs::create_dir(desk.path.join("empty")).unwrap();
    std::fs::remove_file(desk.path.join("bundlegate.yml")).unwrap();
    check(&desk.run(&["run", "--name", "app", "--artifacts", "empty"]), 3, "has no files");
    assert_eq!(std::fs::read_to_string(desk.path.join("index.js")).unwrap(), "console.log(1)");
}

/// A form of a form, and a manifest that a server reads, are files like others.
#[test]
fn every_file_of_a_folder_is_stored() {
    let desk = Desk::new();
    let plain = "one()\n".repeat(400);
    let mut form = Vec::new();
    brotli::BrotliCompress(&mut plain.as_bytes(), &mut form, &Default::default()).unwrap();
    let mut of_form = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut of_form, &form).unwrap();
    desk.write("dist/a.js", &plain);
    desk.write("dist/a.js.br", &form);
    desk.write("dist/a.js.br.gz", of_form.finish().unwrap());
    desk.write(
        "dist/.vite/manifest.json",
        r#"{"a.ts":{"file":"a.js","src":"a.ts","isEntry":true}}"#,
    );
    desk.write(
        "bundlegate.yml",
        "name: app\nartifacts: { dir: dist, metafile: dist/.vite/manifest.json }\nseal: { outdir: sealed }\n\
         store: { url: \"dir:store\" }\nreport: { base: none }\n",
    );
    ok(&mut desk.command(&["run"]));
    let sealed = files(&desk.path.join("sealed"));
    for (path, bytes) in files(&desk.path.join("dist")) {
        assert_eq!(sealed.get(&path), Some(&bytes), "{path}");
    }
}

#[test]
fn forms_that_the_bundler_made_are_taken_and_stale_ones_named() {
    let desk = Desk::new();
    let dist = desk.path.join("dist");
    copy(&root().join("fixtures/foreign/webpack/dist"), &dist);
    desk.write(
        "bundlegate.yml",
        "name: app\nartifacts: { dir: dist }\nseal: { outdir: sealed }\nstore: { url: \"dir:store\" }\n\
         report: { base: none, record: record.jsonl }\n",
    );
    let script = "static/js/main.4f2c9d1e.js";
    ok(&mut desk.command(&["run"]));
    let manifest = || -> serde_json::Value {
        let json = std::fs::read(desk.path.join("sealed/bundlegate.manifest.json")).unwrap();
        serde_json::from_slice(&json).unwrap()
    };
    let forms = |manifest: &serde_json::Value| -> Vec<String> {
        let entries = manifest["artifacts"].as_array().unwrap().iter();
        let forms = entries.filter(|entry| entry["encodes"] == script);
        forms.map(|entry| entry["contentEncoding"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(forms(&manifest()), ["br", "gzip", "zstd"]);
    let is_same = |extension: &str| {
        let name = format!("{script}.{extension}");
        std::fs::read(desk.path.join("sealed").join(&name)).ok()
            == std::fs::read(dist.join(&name)).ok()
    };
    assert!(is_same("br") && is_same("gz"), "the bundler's own form is the one that is stored");
    // They are no outputs of their own.
    let record = std::fs::read_to_string(desk.path.join("record.jsonl")).unwrap();
    assert!(!record.contains(".js.gz\",\"gzip\""), "{record}");

    let changed = "/* two */".to_owned() + &std::fs::read_to_string(dist.join(script)).unwrap();
    desk.write(&format!("dist/{script}"), changed);
    let output = desk.run(&["run"]);
    check(&output, 0, "`dist/static/js/main.4f2c9d1e.js.gz` does not decode to");
    assert_eq!(forms(&manifest()), ["br", "zstd"]);
    assert!(!is_same("br"), "the old form is not shipped");
    assert!(!desk.path.join(format!("sealed/{script}.gz")).exists(), "nor left there");
    // What is not shipped is searched all the same.
    desk.write(&format!("dist/{script}.gz"), "9f8e7d6c5b4a39281706f5e4");
    let output = desk.command(&["run"]).env("MY_SECRET", "9f8e7d6c5b4a39281706f5e4").output();
    check(&output.unwrap(), 4, "main.4f2c9d1e.js.gz");
    // Where a folder is signed in place, it cannot be left out.
    check(&desk.run(&["sign", "dist"]), 6, "main.4f2c9d1e.js.gz");
}

#[test]
fn ours_is_what_is_ours_by_its_content() {
    let desk = Desk::new();
    desk.write("dist/a.js", "one()");
    ok(&mut desk.command(&["sign", "dist"]));
    let signed = files(&desk.path.join("dist"));
    // Signing writes three files at most, the same again.
    ok(&mut desk.command(&["sign", "dist"]));
    assert_eq!(files(&desk.path.join("dist")), signed);
    assert_eq!(
        signed.keys().collect::<Vec<_>>(),
        ["a.js", "bundlegate.lock", "bundlegate.manifest.json"]
    );
    // The manifest of version 0.1 had a name that sites use, too.
    std::fs::rename(
        desk.path.join("dist/bundlegate.manifest.json"),
        desk.path.join("dist/manifest.json"),
    )
    .unwrap();
    ok(&mut desk.command(&["verify", "dist"]));
    ok(&mut desk.command(&["sign", "dist"]));
    assert_eq!(files(&desk.path.join("dist")), signed, "the old name is gone");
    // One that is a site's is locked as any file is.
    desk.write("dist/manifest.json", "{\"name\":\"My app\"}");
    ok(&mut desk.command(&["sign", "dist"]));
    ok(&mut desk.command(&["verify", "dist"]));
    let lock = std::fs::read_to_string(desk.path.join("dist/bundlegate.lock")).unwrap();
    assert!(lock.contains("  manifest.json\n"), "{lock}");
    assert_eq!(
        std::fs::read(desk.path.join("dist/manifest.json")).unwrap(),
        b"{\"name\":\"My app\"}"
    );
    // One with the name of ours that is not ours cannot be stored beside it.
    desk.write("dist/bundlegate.manifest.json", "{\"name\":\"My app\"}");
    check(
        &desk.run(&["sign", "dist"]),
        6,
        "`bundlegate.manifest.json` among the outputs is not ours",
    );
    desk.write(
        "bundlegate.yml",
        "name: app\nartifacts: { dir: dist }\nstore: { url: \"dir:store\" }\nreport: { base: none }\n",
    );
    check(&desk.run(&["run"]), 6, "is not ours");
    assert!(!desk.path.join("store").exists());
}

#[test]
fn a_build_removes_its_own_files_and_no_others() {
    let desk = Desk::new();
    desk.write("src/a.ts", "import('./b').then((b) => console.log(b.text))");
    desk.write("src/b.ts", "export const text = 'one'");
    desk.write(
        "bundlegate.yml",
        "name: app\nbuild: { entrypoints: [src/a.ts], outdir: dist, splitting: true }\nstore: { url: \"dir:store\" }\n",
    );
    ok(&mut desk.command(&["run"]));
    let chunks = || -> Vec<String> {
        let names = files(&desk.path.join("dist")).into_keys();
        names.filter(|path| path.ends_with(".js") && path != "a.js").collect()
    };
    let first = chunks();
    desk.write("src/b.ts", "export const text = 'two'");
    desk.write("dist/own.txt", "mine");
    ok(&mut desk.command(&["run"]));
    assert_ne!(chunks(), first);
    assert_eq!(chunks().len(), first.len(), "the chunk of the first build is gone");
    // Signed by hand, the lock names a file that no build made.
    ok(&mut desk.command(&["sign", "dist"]));
    desk.write("src/b.ts", "export const text = 'three'");
    ok(&mut desk.command(&["run"]));
    assert!(desk.path.join("dist/own.txt").exists());
}

#[test]
fn outputs_never_take_the_place_of_inputs() {
    let desk = Desk::new();
    let source = "import './lib.js'; console.log(1)";
    desk.write("src/index.js", source);
    desk.write("src/lib.js", "console.log(2)");
    let is_kept = || std::fs::read_to_string(desk.path.join("src/index.js")).unwrap() == source;
    for arguments in [
        &["build", "src/index.js", "--outdir", "src"][..],
        &["build", "src/index.js", "--outdir", "./x/../src"],
        &["build", "src/index.js", "--outfile", "src/lib.js"],
        &["build", "src/index.js", "--outdir", "out", "--metafile", "src/lib.js"],
    ] {
        check(&desk.run(arguments), 3, "would be written over, and the build reads it");
        assert!(is_kept() && !desk.path.join("out").exists(), "{arguments:?}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(desk.path.join("src"), desk.path.join("link")).unwrap();
        check(
            &desk.run(&["build", "src/index.js", "--outdir", "link"]),
            3,
            "would be written over",
        );
        assert!(is_kept());
    }
    desk.write("a/Page.js", "console.log(1)");
    desk.write("b/page.js", "console.log(2)");
    let flat = ["--outdir", "out", "--entry-naming", "[name]"];
    let both = [&["build", "a/Page.js", "b/page.js"][..], &flat].concat();
    check(&desk.run(&both), 3, "which many disks take for one file");
    check(&desk.run(&["build", "a/Page.js", "b/page.js"]), 2, "--outdir");
    check(&desk.run(&["build", "a/Page.js", "--sourcemap=linked"]), 2, "--outdir");
}

#[test]
fn paths_are_those_of_the_repository() {
    let desk = Desk::new();
    desk.write("web/src/index.ts", "console.log(process.env.PUBLIC_UNSET); export {}");
    desk.write(
        "web/bundlegate.yml",
        "name: web\nbuild: { entrypoints: [src/index.ts], outdir: dist }\n",
    );
    let run = |by_git: bool| {
        let mut command = desk.command(&["run", "--dry-run", "--comment=false"]);
        command.current_dir(desk.path.join("web"));
        if by_git {
            std::fs::create_dir_all(desk.path.join(".git")).unwrap();
            command.args(["--log-format", "github"]);
        } else {
            on_event(&mut command, &desk, "push", &push_event("refs/heads/trunk"));
        }
        command.output().unwrap()
    };
    check(&run(false), 0, "file=web/src/index.ts,line=1");
    check(&run(true), 0, "file=web/src/index.ts,line=1");
    check(&run(true), 0, "| `web/src/index.ts`");
    desk.write("web/src/index.ts", "console.log('9f8e7d6c5b4a39281706f5e4')");
    let mut leak = desk.command(&["run", "--log-format", "json"]);
    leak.current_dir(desk.path.join("web")).env("MY_SECRET", "9f8e7d6c5b4a39281706f5e4");
    check(&leak.output().unwrap(), 4, "web/dist/index.js:");
    ok(desk
        .command(&["build", "src/index.ts", "--outdir=dist"])
        .current_dir(desk.path.join("web")));
    let mut sarif = desk.command(&["scan", "dist", "--format", "sarif"]);
    sarif.current_dir(desk.path.join("web")).env("MY_SECRET", "9f8e7d6c5b4a39281706f5e4");
    check(&sarif.output().unwrap(), 4, "\"uri\": \"web/dist/index.js\"");
}

#[test]
fn an_at_sign_in_a_path_is_a_character() {
    let desk = Desk::new();
    for folder in ["job@2", "plain/app@3"] {
        let at = desk.path.join(folder);
        desk.write(&format!("{folder}/dist/a.js"), "one()");
        // Without a name, that of the folder is taken.
        let settings = "artifacts: { dir: dist }\nreport: { base: none }\n";
        desk.write(&format!("{folder}/bundlegate.yml"), settings);
        let command = |arguments: &[&str]| {
            let mut command = desk.command(arguments);
            command.current_dir(&at);
            command
        };
        ok(&mut command(&["run"]));
        let name = Path::new(folder).file_name().unwrap().to_str().unwrap();
        let place = format!("dir:{}/.bundlegate/store/{name}", at.display());
        for place in [place.clone(), format!("{place}@latest")] {
            ok(&mut command(&["verify", &place]));
            let listed = ok(&mut command(&["list", &place]));
            assert_eq!(listed.lines().count(), 1, "{listed}");
            // Also where no settings say what is a name.
            ok(&mut desk.command(&["verify", &place]));
        }
        ok(&mut command(&["promote", &place, "--channel", "pr/7"]));
        ok(&mut command(&["verify", &format!("{place}@pr/7")]));
    }
}
