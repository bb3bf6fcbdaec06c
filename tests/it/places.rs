//! The places that bundles are for, each with a project of its own in `fixtures`, on its real runtime.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::s3::{ACCOUNT, BUCKET, KEY as SECRET_KEY, KEY_ID, Server};
use super::serve::Served;
use super::support::{bun, bundlegate, copy, install, node, npm, ok, root};

const KEY: &str = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";

/// A copy of a project of the fixtures.
struct Project {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Project {
    fn new(fixture: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("project");
        copy(&root().join("fixtures").join(fixture), &path);
        Self { _folder: folder, path }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bundlegate();
        command.args(arguments).args(["--config", "bundlegate.yml"]);
        command.current_dir(&self.path).env("HMAC_KEY", KEY).env("PUBLIC_TITLE", "港口");
        command
    }
}

/// Workers: HTTP, a terminal over WebSocket with Durable Objects behind it, and 5 MB as a stream, in workerd.
#[test]
fn edge_pty_runs_in_workerd() {
    let workerd = npm().join("node_modules/.bin/workerd");
    for flags in [&["build"][..], &["build", "--minify=false"], &["build", "--syntax", "es2021"]] {
        let project = Project::new("project/edge-pty");
        ok(&mut project.command(flags));
        let mut driver = node();
        driver
            .arg(npm().join("edge-pty.mjs"))
            .arg(&workerd)
            .arg(project.path.join("dist/worker.js"));
        assert_eq!(ok(&mut driver), "right\n", "{flags:?}");
    }
}

/// Memory: sources from the settings alone, in a folder that stays empty; the output is evaluated from its text.
#[test]
fn url_router_is_built_and_evaluated_in_memory() {
    let settings = root().join("fixtures/project/url-router/bundlegate.yml");
    let empty = tempfile::tempdir().unwrap();
    let outputs = tempfile::tempdir().unwrap();
    let build = |name: &str, flags: &[&str]| {
        let mut command = bundlegate();
        command.args(["build", "--config"]).arg(&settings).args(["--root", "."]).args(flags);
        let text = ok(command.current_dir(empty.path()));
        let file = outputs.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let module = build("router.mjs", &[]);
    let script = build("router.js", &["--format", "iife", "--global-name", "UrlRouter"]);
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
    for mut runtime in [node(), bun()] {
        let driver = runtime.arg(npm().join("url-router.mjs")).arg(&module).arg(&script);
        assert_eq!(ok(driver), "right\n");
    }
}

/// What a browser shows of the site at an address; an error of the page, its console or its policy fails.
fn shown(address: &str) -> String {
    ok(node().arg(install("tests/browser").join("served.mjs")).arg(address))
}

/// A CDN: a site with styles, a font, pictures and lazy code works in a browser from its folder, from a bucket of R2's rules
/// in the layout `files`, and from the Worker that serves the layout `registry`.
#[test]
fn cdn_site_works_from_every_place() {
    let expected = "港口, 64 x 40, 40 x 20, 港口·····高塔·····花園 2px, rgb(20, 40, 60) 2px, loaded \"Wide Digits\", monospace, 0+120+35\n";
    for flags in
        [&[][..], &["--entry-naming", "js/[name]-[hash]", "--chunk-naming", "lazy/[name]-[hash]"]]
    {
        let project = Project::new("project/cdn-site");
        ok(project.command(&["build"]).args(flags));
        ok(node().arg("page.mjs").current_dir(&project.path));
        let served = Served::start(&mut project.command(&["serve", "dist", "--port", "0"]));
        assert_eq!(shown(&format!("http://{}/", served.address)), expected, "{flags:?}");
        if !flags.is_empty() {
            continue;
        }
        let server = Server::start();
        let in_bucket = |arguments: &[&str]| {
            let mut command = project.command(arguments);
            command.env("R2_ENDPOINT", &server.url).env("R2_ACCOUNT_ID", ACCOUNT);
            command.env("R2_ACCESS_KEY_ID", KEY_ID).env("R2_SECRET_ACCESS_KEY", SECRET_KEY);
            command
        };
        let bucket = format!("r2://{BUCKET}/sites");
        let artifacts =
            ["--artifacts", "dist", "--artifacts-metafile", ".bundlegate/metafile.json"];
        let run = [&["run", "--entrypoints", "", "--base", "none"][..], &artifacts].concat();
        ok(in_bucket(&run).args(["--store", &bucket]));
        let place = format!("{bucket}/cdn-site");
        let served = Served::start(&mut in_bucket(&["serve", &place, "--port", "0"]));
        assert_eq!(shown(&format!("http://{}/", served.address)), expected);
        ok(project.command(&run).args(["--store", "dir:store", "--layout", "registry"]));
        let mut by_worker = node();
        by_worker
            .arg(npm().join("site-worker.mjs"))
            .arg(worker_that_serves(&project.path))
            .arg(project.path.join("store"))
            .args(["cdn-site", "node"])
            .arg(install("tests/browser").join("served.mjs"))
            .env("HMAC_KEY", KEY);
        assert_eq!(ok(&mut by_worker), expected);
    }
}

/// The Worker of `fixtures/worker/serve`, bundled into a folder.
fn worker_that_serves(folder: &Path) -> PathBuf {
    let out = folder.join("worker");
    let mut build = bundlegate();
    build.args(["build", "--config", "bundlegate.yml", "--outdir"]).arg(&out);
    ok(build.current_dir(root().join("fixtures/worker/serve")));
    out.join("index.js")
}

/// The Worker answers as our own server does, in both layouts, and refuses what was not signed so.
#[test]
fn the_worker_serves_what_was_signed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str, bytes: &[u8]| {
        let file = path.join("dist").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    };
    let page = "<!doctype html><title>\u{e9}</title><script>console.log('inline')</script>\
        <script type=module src=/assets/app.js></script>\n";
    let index = |title: &str| {
        format!("{page}<h1>{title}</h1>\n{}", "<p>lorem ipsum dolor sit amet</p>\n".repeat(80))
    };
    write("about.html", b"<!doctype html><title>about</title>\n");
    write("docs/index.html", "<p>docs</p>\n".repeat(300).as_bytes());
    write("404.html", b"<!doctype html><title>nothing here</title>\n");
    write("assets/app.js", "console.log('app');\n".repeat(400).as_bytes());
    write("a b/購.txt", b"text");
    write("a b/#x?y[1].txt", b"odd name");
    write("empty.txt", b"");
    let chunk = "export const chunk = 1;\n".repeat(100);
    let hash = bundlegate::artifact::content_hash(chunk.as_bytes());
    write(&format!("assets/chunk-{hash}.js"), chunk.as_bytes());
    let mut state = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        u8::try_from(state >> 24).unwrap()
    })
    .take(3_000_000)
    .collect();
    write("video.mp4", &noise);
    write("picture.png", &noise[..5000]);
    let settings = "name: app\nartifacts: { dir: dist }\nsign: { hmac_key: env:HMAC_KEY }\nstore: { url: dir:store }\nreport: { base: none }\n";
    std::fs::write(path.join("bundlegate.yml"), settings).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = bundlegate();
        command.args(arguments).current_dir(path).env("HMAC_KEY", KEY);
        command
    };
    write("index.html", index("old").as_bytes());
    ok(&mut command(&["run", "--channel", "expired", "--sign-expires", "1s"]));
    write("index.html", index("preview").as_bytes());
    ok(&mut command(&["run", "--channel", "pr-7", "--sign-expires", "90d"]));
    write("index.html", index("live").as_bytes());
    ok(&mut command(&["run"]));
    let served = Served::start(&mut command(&["serve", "dir:store/app", "--port", "0"]));
    let mut driver = node();
    driver
        .arg(npm().join("serve-worker.mjs"))
        .arg(worker_that_serves(path))
        .arg(path.join("store"))
        .arg("app")
        .arg(format!("http://{}", served.address))
        .env("HMAC_KEY", KEY);
    assert_eq!(ok(&mut driver), "right\n");
}
