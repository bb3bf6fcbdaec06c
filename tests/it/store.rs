//! Deployments: atomic, resumable, verified, on a server that speaks S3 and in a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::s3::{ACCOUNT, BUCKET, Conditions, Fault, KEY, KEY_ID, Server};
use super::support::{bundlegate, files, ok, text};

/// A folder to deploy, and a place to deploy it to.
struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
    server: Option<Server>,
}

impl Desk {
    /// With a server, or else with a folder as store.
    fn new(with_server: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        std::fs::create_dir(path.join("dist")).unwrap();
        std::fs::write(path.join("bundlegate.yml"), "name: app\n").unwrap();
        Self { _folder: folder, path, server: with_server.then(Server::start) }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn command(&self, name: &str) -> Command {
        let mut command = bundlegate();
        command.arg(name).current_dir(&self.path);
        if let Some(server) = &self.server {
            command.env("R2_ENDPOINT", &server.url).env("R2_ACCOUNT_ID", ACCOUNT);
            command.env("R2_ACCESS_KEY_ID", KEY_ID).env("R2_SECRET_ACCESS_KEY", KEY);
        }
        command
    }

    fn store(&self) -> String {
        if self.server.is_some() { format!("r2://{BUCKET}/team") } else { "dir:store".to_owned() }
    }

    fn place(&self) -> String {
        format!("{}/app", self.store())
    }

    /// Fills `dist` with a version: files that every version has, and one that changes.
    fn version(&self, version: &str, size: usize) {
        let dist = self.path.join("dist");
        for index in 0..size {
            std::fs::write(dist.join(format!("part-{index}.js")), format!("part({index})\n"))
                .unwrap();
        }
        std::fs::write(dist.join("index.js"), format!("export default '{version}';\n")).unwrap();
        ok(self.command("sign").arg("dist"));
    }

    fn push(&self) -> Output {
        self.command("push").args(["dist", &self.store()]).output().unwrap()
    }

    /// A push with a credential that is made of the key, which the server here knows, too.
    fn push_with_little_power(&self) -> Output {
        self.command("push").args(["dist", &self.store(), "--keep-key=false"]).output().unwrap()
    }

    /// The version that a reader finds live, all of it verified.
    fn live(&self) -> String {
        let _ = std::fs::remove_dir_all(self.path.join("pulled"));
        ok(self.command("pull").args([&*self.place(), "pulled"]));
        ok(self.command("verify").arg("pulled"));
        let index = std::fs::read_to_string(self.path.join("pulled/index.js")).unwrap();
        index.split('\'').nth(1).unwrap().to_owned()
    }

    /// All keys and bytes.
    fn stored(&self) -> BTreeMap<String, Vec<u8>> {
        match &self.server {
            Some(server) => {
                server.objects().into_iter().map(|(key, object)| (key, object.bytes)).collect()
            }
            None => files(&self.path.join("store")),
        }
    }
}

#[test]
fn a_deployment_goes_there_and_back() {
    for with_server in [true, false] {
        let desk = Desk::new(with_server);
        desk.version("one", 5);
        let first = desk.push();
        assert_eq!(first.status.code(), Some(0), "{}", text(&first));
        assert!(text(&first).contains("6 files written, 0 there already"), "{}", text(&first));
        assert_eq!(desk.live(), "one");
        // Nothing is sent that is there.
        let again = desk.push();
        assert!(text(&again).contains("0 files written, 6 there already"), "{}", text(&again));
        desk.version("two", 5);
        let dry = ok(desk.command("push").args(["dist", &desk.store(), "--dry-run"]));
        assert_eq!(dry.lines().filter(|line| line.contains("/objects/")).count(), 1, "{dry}");
        assert_eq!(desk.live(), "one");
        let second = desk.push();
        assert!(text(&second).contains("1 files written, 5 there already"), "{}", text(&second));
        assert_eq!(desk.live(), "two");
        let verified = ok(desk.command("verify").arg(desk.place()));
        assert!(verified.contains("6 files as locked"), "{verified}");

        let listed = ok(desk.command("list").arg(desk.place()));
        let builds: Vec<&str> = listed.lines().map(|line| &line[..12]).collect();
        assert_eq!(builds.len(), 2, "{listed}");
        assert!(listed.lines().next().unwrap().ends_with("latest"), "{listed}");
        // Another channel, one pointer write back, and forward by name.
        ok(desk.command("promote").args([
            &format!("{}@{}", desk.place(), builds[1]),
            "--channel",
            "stable",
        ]));
        ok(desk.command("rollback").arg(desk.place()));
        assert_eq!(desk.live(), "one");
        let none = desk.command("rollback").arg(desk.place()).output().unwrap();
        assert_eq!(none.status.code(), Some(7), "{}", text(&none));
        ok(desk.command("promote").arg(format!("{}@{}", desk.place(), builds[0])));
        assert_eq!(desk.live(), "two");
        let stable = ok(desk.command("verify").arg(format!("{}@stable", desk.place())));
        assert!(stable.contains(builds[1]), "{stable}");
        // What is live stays.
        let kept = ok(desk.command("prune").args([&*desk.place(), "--keep", "0"]));
        assert!(kept.contains("removed 0 builds"), "{kept}");
        let nowhere =
            desk.command("pull").args([&format!("{}@none", desk.place()), "x"]).output().unwrap();
        assert_eq!(nowhere.status.code(), Some(7), "{}", text(&nowhere));
        assert!(!desk.path.join("x").exists());
    }
}

#[test]
fn what_is_changed_in_the_store_is_not_promoted_or_pulled() {
    let desk = Desk::new(false);
    desk.version("one", 3);
    ok(desk.command("push").args(["dist", &desk.store()]));
    let object = desk.stored().into_keys().find(|key| key.contains("/objects/")).unwrap();
    std::fs::write(desk.path.join("store").join(object), b"evil").unwrap();
    for (name, more) in [("promote", "--channel=stable"), ("pull", "out"), ("verify", "--quiet")] {
        let output = desk.command(name).args([&*desk.place(), more]).output().unwrap();
        assert_eq!(output.status.code(), Some(6), "{name}: {}", text(&output));
        assert!(text(&output).contains("is not what was locked"), "{name}: {}", text(&output));
    }
    assert!(!desk.path.join("out").exists());
    assert!(!desk.stored().keys().any(|key| key.contains("stable")));
}

#[test]
fn faults_are_ridden_out() {
    let desk = Desk::new(true);
    desk.version("one", 4);
    let server = desk.server();
    server.fault("PUT", "/objects/", 1, Fault::Status(500));
    server.fault("PUT", "/objects/", 1, Fault::Status(503));
    server.fault("PUT", "/objects/", 2, Fault::Status(429));
    server.fault("PUT", "/objects/", 1, Fault::Drop);
    server.fault("GET", "channels", 1, Fault::Slow(Duration::from_millis(300)));
    server.fault("PUT", "channels", 1, Fault::Status(503));
    server.fault("PUT", "index.json", 1, Fault::Drop);
    let output = desk.push();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    // What breaks off is read on from there.
    server.fault("GET", "/objects/", 3, Fault::Cut);
    server.log();
    assert_eq!(desk.live(), "one");
    let reads = server.log().iter().filter(|line| line.contains("/objects/")).count();
    assert_eq!(reads, 5 + 3, "each file once, and three rests");
}

#[test]
fn what_was_not_stored_as_sent_does_not_become_live() {
    let desk = Desk::new(true);
    desk.version("one", 4);
    ok(desk.command("push").args(["dist", &desk.store()]));
    desk.version("two", 4);
    let push = || {
        desk.command("push").args(["dist", &desk.store(), "--read-back", "full"]).output().unwrap()
    };
    desk.server().fault("PUT", "/objects/", 2, Fault::Corrupt);
    let output = push();
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    assert!(
        text(&output).contains("is not what was sent: its SHA-256 differs"),
        "{}",
        text(&output)
    );
    assert_eq!(desk.live(), "one");
    // What went wrong is sent again, also what an earlier run left there.
    assert_eq!(push().status.code(), Some(0));
    assert_eq!(desk.live(), "two");
    let key = desk.server().objects().into_keys().find(|key| key.contains("/objects/")).unwrap();
    desk.server().tamper(&key, |bytes| bytes[0] ^= 1);
    assert_eq!(push().status.code(), Some(0));
    assert_eq!(desk.live(), "two");
    desk.server().tamper(&key, |bytes| bytes[0] ^= 1);
    let verified = desk.command("verify").arg(desk.place()).output().unwrap();
    assert_eq!(verified.status.code(), Some(6), "{}", text(&verified));
}

#[test]
fn every_refusal_is_one_clear_message() {
    let desk = Desk::new(true);
    desk.version("one", 2);
    let check = |what: &str, command: &mut Command, code: i32, expected: &str| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{what}: {}", text(&output));
        assert!(text(&output).contains(expected), "{what}: {}", text(&output));
        assert!(!text(&output).contains(KEY), "{what}");
        assert_eq!(text(&output).matches("error[").count(), 1, "{what}: {}", text(&output));
    };
    let push = |url: &str| {
        let mut command = desk.command("push");
        command.args(["dist", url]);
        command
    };
    let store = desk.store();
    check(
        "no key",
        push(&store).env_remove("R2_ACCESS_KEY_ID"),
        7,
        "`R2_ACCESS_KEY_ID` is not set",
    );
    check(
        "wrong key",
        push(&store).env("R2_SECRET_ACCESS_KEY", "x".repeat(64)),
        7,
        "does not know the key",
    );
    check(
        "wrong key, as it is",
        push(&store).env("R2_SECRET_ACCESS_KEY", "x".repeat(64)).arg("--keep-key=true"),
        7,
        "does not know the key",
    );
    check(
        "wrong id",
        push(&store).env("R2_ACCESS_KEY_ID", "nobody").arg("--keep-key=true"),
        7,
        "does not know the key",
    );
    check(
        "wrong bucket",
        push("r2://another/team").arg("--keep-key=true"),
        7,
        "there is no bucket `another`",
    );
    check(
        "nobody there",
        push(&store).env("R2_ENDPOINT", "http://127.0.0.1:9"),
        7,
        "cannot be reached",
    );
    check("no such place", &mut push("ftp://x"), 7, "is not a store");
    for (code, expected) in [
        ("ExpiredToken", "the credential has expired"),
        ("RequestTimeTooSkewed", "the clock of this machine is wrong"),
    ] {
        desk.server().fault("GET", "channels", 6, Fault::Refuse(code));
        check(code, &mut push(&store), 7, expected);
        desk.server().forget_faults();
    }
    let old = "R2_SESSION_TOKEN";
    let expired = desk.server();
    expired.deny("PutObject");
    check("may not write", &mut push(&store), 7, "the key may not do that here");
    check("no token", push(&store).env(old, "bm9uc2Vuc2U="), 7, "InvalidArgument");
    assert!(desk.stored().is_empty());
}

#[test]
fn the_credential_may_do_little() {
    let desk = Desk::new(true);
    desk.version("one", 2);
    // The server checks the token: its actions, its prefix, its signature. So a push that works proves that it fits.
    let first = desk.push_with_little_power();
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    // Listing is not needed for a push.
    desk.server().deny("ListObjectsV2");
    desk.version("two", 250);
    let output = desk.push_with_little_power();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(desk.live(), "two");
}

#[test]
fn files_for_a_cdn() {
    let desk = Desk::new(true);
    let dist = desk.path.join("dist");
    let page = format!("<!doctype html>{}", "<p>text</p>".repeat(50));
    std::fs::write(dist.join("index.html"), &page).unwrap();
    // One name with a hash that is known to be one, one that only looks so, and one of which a rule says it.
    let script = format!("app-{}.js", bundlegate::artifact::content_hash(b"x()"));
    std::fs::write(dist.join(&script), "x()").unwrap();
    std::fs::write(dist.join("prices-20261127.json"), "{}").unwrap();
    std::fs::write(dist.join("logo-4f2c9d1e.png"), "png").unwrap();
    std::fs::write(
        desk.path.join("bundlegate.yml"),
        format!("name: app\nartifacts: {{ dir: dist }}\nstore: {{ url: {}, layout: files, cache_control: [{{ path: \"logo-*\", value: \"max-age=60\" }}] }}\nsign: {{ hmac_key: env:HMAC }}\n", desk.store()),
    )
    .unwrap();
    desk.server().log();
    ok(desk
        .command("run")
        .env("HMAC", "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"));
    let log: Vec<String> =
        desk.server().log().into_iter().filter(|line| line.starts_with("PUT")).collect();
    let position = |part: &str| log.iter().position(|line| line.contains(part)).unwrap();
    assert!(position(&script) < position("prices-20261127.json"), "{log:?}");
    assert!(position("prices-20261127.json") < position("index.html"), "{log:?}");
    assert!(position("index.html") < position("bundlegate.lock"), "{log:?}");
    assert!(position("bundlegate.lock") < position("manifest.json"), "{log:?}");
    let objects = desk.server().objects();
    let html = &objects["team/app/index.html"];
    assert_eq!(html.content_type.as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(html.content_encoding.as_deref(), Some("br"));
    assert_eq!(html.cache_control.as_deref(), Some("no-cache"));
    assert!(html.metadata["signature-input"].starts_with("bundlegate=(\"@path\";req"), "{html:?}");
    assert!(objects.contains_key("team/app/index.html.zst"));
    let cached = |name: &str| objects[&format!("team/app/{name}")].cache_control.clone().unwrap();
    assert_eq!(cached("prices-20261127.json"), "no-cache");
    assert_eq!(cached("logo-4f2c9d1e.png"), "max-age=60");
    let script = &objects[&format!("team/app/{script}")];
    assert_eq!(script.cache_control.as_deref(), Some("public, max-age=31536000, immutable"));
    assert_eq!(script.content_encoding, None);
    assert_eq!(script.content_type.as_deref(), Some("text/javascript; charset=utf-8"));
    // What is served is read back as what was sealed; and another key of the same name signs all of it anew.
    let run = |key: &str| {
        let output = desk.command("run").env("HMAC", key).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let verified = desk.command("verify").arg(desk.place()).env("HMAC", key).output().unwrap();
        assert!(text(&verified).contains("signatures hold"), "{}", text(&verified));
        text(&output)
    };
    let key = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
    assert!(run(key).contains(" 0 files written"));
    assert!(run(&key.replace('0', "7")).contains(" 0 there already"));
}

#[test]
fn a_large_object_goes_in_parts_and_on() {
    let desk = Desk::new(true);
    // Blanks, which the leak gate of a debug build reads fast, with something of its own in each part.
    let mut large = vec![b' '; 70 << 20];
    for (index, part) in large.chunks_mut(1 << 20).enumerate() {
        part[0] = u8::try_from(index).unwrap();
    }
    std::fs::write(desk.path.join("dist/large.bin"), &large).unwrap();
    ok(desk.command("sign").arg("dist"));
    // The third part fails for good; the first two are there.
    desk.server().fault("PUT", "partNumber=3", 6, Fault::Status(500));
    let failed = desk.push();
    assert_eq!(failed.status.code(), Some(7), "{}", text(&failed));
    desk.server().log();
    ok(desk.command("push").args(["dist", &desk.store()]));
    let parts = desk.server().log().iter().filter(|line| line.contains("partNumber=")).count();
    assert_eq!(parts, 3, "the first two of five parts are not sent again");
    assert!(desk.stored().values().any(|bytes| *bytes == large));
}

/// The parts are put together, and nobody hears of it: there is no upload any more, but there is the object.
#[test]
fn an_answer_that_is_lost_is_no_failure() {
    let desk = Desk::new(true);
    std::fs::write(desk.path.join("dist/large.bin"), vec![b' '; 70 << 20]).unwrap();
    ok(desk.command("sign").arg("dist"));
    desk.server().fault("POST", "uploadId=", 1, Fault::Lost);
    ok(desk.command("push").args(["dist", &desk.store()]));
    let begun = desk.server().log().iter().filter(|line| line.contains("uploads")).count();
    assert!(begun <= 2, "begun once, and listed once");
    assert!(desk.stored().values().any(|bytes| bytes.len() == 70 << 20));
}

/// Runs a command; says how long it took and the most memory of its own that was seen, in bytes (pages of mapped files
/// are the system's).
fn watched(command: &mut Command) -> (Output, Duration, u64) {
    let start = Instant::now();
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_done = std::sync::Arc::clone(&done);
    let watcher = std::thread::spawn(move || {
        let mut most = 0;
        while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let own = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
            let own = own.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            most = most.max(own.unwrap_or_default() * 1024);
            std::thread::sleep(Duration::from_millis(5));
        }
        most
    });
    let output = child.wait_with_output().unwrap();
    let took = start.elapsed();
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    (output, took, watcher.join().unwrap())
}

/// Many small objects and one large: in bounded memory, and a second run sends nothing. With `LONG=1` 5,000 and 2 GiB,
/// beside rclone when it is installed, with as many transfers at once; `BUNDLEGATE` names a release build.
#[test]
fn many_objects_and_a_large_one() {
    let desk = Desk::new(true);
    let dist = desk.path.join("dist");
    for index in 0..long(200, 5000) {
        let text = format!("export const part = {index};\n").repeat(20 + index as usize % 60);
        std::fs::write(dist.join(format!("part-{index}.mjs")), text).unwrap();
    }
    let mut write = std::io::BufWriter::new(std::fs::File::create(dist.join("large.bin")).unwrap());
    let size = u64::from(long(80, 2048)) << 20;
    // Numbers without a period, which nothing can compress and no encoding has in it.
    let mut state = 1u64;
    for _ in 0..size / 8 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::io::Write::write_all(&mut write, &(state ^ (state >> 29)).to_le_bytes()).unwrap();
    }
    drop(write);
    let command = |name: &str| {
        let mut command = desk.command(name);
        if let Some(binary) = std::env::var_os("BUNDLEGATE") {
            let mut inner = Command::new(binary);
            inner.arg(name).current_dir(&desk.path).env_clear();
            inner.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
            command = inner;
        }
        command
    };
    let (output, took, memory) = watched(command("sign").arg("dist"));
    assert!(output.status.success(), "{}", text(&output));
    eprintln!("sign: {took:.2?}, {} MB", memory >> 20);
    // The large file is mapped; 5,000 small ones and their siblings are in memory.
    assert!(memory >> 20 < u64::from(long(64, 160)), "{} MB", memory >> 20);
    let push = || watched(command("push").args(["dist", &desk.store()]));
    let (output, took, memory) = push();
    assert!(output.status.success(), "{}", text(&output));
    eprintln!("push: {took:.2?}, {} MB", memory >> 20);
    assert!(memory < 200 << 20, "{} MB", memory >> 20);
    desk.server().log();
    let (output, again, _) = push();
    assert!(output.status.success(), "{}", text(&output));
    eprintln!("push again: {again:.2?}");
    let sent = desk.server().log().into_iter().filter(|line| line.starts_with("PUT ")).count();
    assert!(sent <= 3, "{sent} requests sent something; only the pointer and the index may");
    let (output, took, memory) = watched(command("pull").args([&*desk.place(), "pulled"]));
    assert!(output.status.success(), "{}", text(&output));
    eprintln!("pull: {took:.2?}, {} MB", memory >> 20);
    assert!(memory < 100 << 20, "{} MB", memory >> 20);
    let is_same = |folder: &str| {
        let mut same = Command::new("cmp");
        same.args(["dist/large.bin", &format!("{folder}/large.bin")]);
        same.current_dir(&desk.path).status().unwrap().success()
    };
    assert!(is_same("pulled"));
    let rclone = Command::new("rclone").arg("version").output();
    if std::env::var_os("LONG").is_none() {
        return;
    }
    // Into a folder, encrypted, and back.
    ok(desk.command("keygen").args(["recipient", "--out", "key"]));
    let seal = ["sign", "dist", "--recipients", "key.pub", "--out", "sealed"];
    let (output, took, memory) = watched(command(seal[0]).args(&seal[1..]));
    assert!(output.status.success(), "{}", text(&output));
    eprintln!("sign, encrypted: {took:.2?}, {} MB", memory >> 20);
    let identity = std::fs::read_to_string(desk.path.join("key")).unwrap();
    let mut decrypt = command("decrypt");
    decrypt.args(["sealed", "plain", "--identity", "env:IDENTITY"]).env("IDENTITY", identity);
    let (output, took, memory) = watched(&mut decrypt);
    assert!(output.status.success(), "{}", text(&output));
    eprintln!("decrypt: {took:.2?}, {} MB", memory >> 20);
    assert!(memory < 100 << 20, "{} MB", memory >> 20);
    assert!(is_same("plain"));
    if rclone.is_ok() {
        let mut command = Command::new("rclone");
        command.args(["copy", "dist", &format!(":s3:{BUCKET}/rclone"), "--transfers", "16"]);
        command.args(["--checkers", "16", "--s3-provider", "Cloudflare", "--s3-no-check-bucket"]);
        command.args(["--s3-endpoint", &desk.server().url, "--s3-region", "auto"]);
        command.args(["--s3-access-key-id", KEY_ID, "--s3-secret-access-key", KEY]);
        let (output, took, memory) = watched(command.current_dir(&desk.path));
        eprintln!("rclone: {took:.2?}, {} MB, {}", memory >> 20, text(&output));
    }
}

/// How many kills and racers: few in the test command, many with `LONG=1`.
fn long(short: u32, long: u32) -> u32 {
    if std::env::var_os("LONG").is_some() { long } else { short }
}

#[test]
fn killed_at_any_moment_a_reader_sees_one_version_whole() {
    for with_server in [true, false] {
        let desk = Desk::new(with_server);
        desk.version("v0", 200);
        ok(desk.command("push").args(["dist", &desk.store()]));
        let mut live = "v0".to_owned();
        let mut seed = 12345u64;
        for round in 1..=long(4, 200) {
            let next = format!("v{round}");
            // Most of the files are new, so that a push takes a while.
            for index in 0..200 {
                std::fs::write(
                    desk.path.join(format!("dist/part-{index}.js")),
                    format!("{next}({index})\n"),
                )
                .unwrap();
            }
            std::fs::write(desk.path.join("dist/index.js"), format!("export default '{next}';\n"))
                .unwrap();
            ok(desk.command("sign").arg("dist"));
            let started = Instant::now();
            let mut child = desk
                .command("push")
                .args(["dist", &desk.store()])
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let moment = Duration::from_micros((seed >> 33) % 700_000);
            while started.elapsed() < moment && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let _ = child.kill();
            child.wait().unwrap();
            let seen = desk.live();
            assert!(seen == live || seen == next, "round {round}: {seen}");
            ok(desk.command("push").args(["dist", &desk.store()]));
            assert_eq!(desk.live(), next, "round {round}");
            live = next;
        }
    }
}

#[test]
fn of_runs_at_once_each_wins_or_says_so() {
    for with_server in [true, false] {
        let desk = Desk::new(with_server);
        desk.version("base", 3);
        ok(desk.command("push").args(["dist", &desk.store()]));
        if let Some(server) = &desk.server {
            server.pause(Duration::from_millis(50));
        }
        let racers = long(4, 8);
        for racer in 0..racers {
            let folder = desk.path.join(format!("racer-{racer}"));
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("index.js"), format!("export default 'r{racer}';\n"))
                .unwrap();
            ok(desk.command("sign").arg(&folder));
        }
        let children: Vec<_> = (0..racers)
            .map(|racer| {
                let mut command = desk.command("push");
                command.args([&format!("racer-{racer}"), &desk.store()]);
                command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        let outputs: Vec<Output> =
            children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        let mut winners = 0;
        for output in &outputs {
            match output.status.code() {
                Some(0) => winners += 1,
                Some(7) => assert!(text(output).contains("error[store/lost]"), "{}", text(output)),
                _ => panic!("{}", text(output)),
            }
        }
        assert!(winners >= 1);
        assert!(desk.live().starts_with('r'));
        // Nothing is lost: every build is in the index, and whole.
        let listed = ok(desk.command("list").arg(desk.place()));
        assert_eq!(listed.lines().count(), racers as usize + 1, "{listed}");
        for line in listed.lines() {
            ok(desk.command("verify").arg(format!("{}@{}", desk.place(), &line[..12])));
        }
    }
}

/// A process that ends badly while it holds keys leaves no memory behind.
#[test]
#[cfg(target_os = "linux")]
fn no_core_file_is_written() {
    use std::os::unix::process::CommandExt as _;
    let desk = Desk::new(true);
    desk.version("one", 2);
    desk.server().fault("PUT", "team/", 100, Fault::Slow(Duration::from_secs(20)));
    // Removes core files, and says how many there were.
    let cores = || {
        let all = std::fs::read_dir(&desk.path).unwrap().map(|entry| entry.unwrap());
        let cores = all.filter(|entry| entry.file_name().to_string_lossy().starts_with("core"));
        cores.map(|entry| std::fs::remove_file(entry.path()).unwrap()).count()
    };
    let end_badly = |program: &std::ffi::OsStr, arguments: &[&str], is_ready: &dyn Fn() -> bool| {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""]).arg(program);
        command.args(arguments).current_dir(&desk.path).process_group(0);
        command
            .envs(desk.command("push").get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        while !is_ready() {
            std::thread::sleep(Duration::from_millis(20));
        }
        ok(Command::new("kill").args(["-ABRT", &child.id().to_string()]));
        assert!(!child.wait().unwrap().success());
    };
    // Whether this system writes core files here at all.
    end_badly(std::ffi::OsStr::new("sleep"), &["20"], &|| {
        std::thread::sleep(Duration::from_millis(300));
        true
    });
    if cores() == 0 {
        eprintln!("this system writes no core files, so there is nothing to see");
    }
    let push = desk.command("push");
    end_badly(push.get_program(), &["push", "dist", &desk.store()], &|| {
        desk.server().log().iter().any(|line| line.starts_with("PUT "))
    });
    assert_eq!(cores(), 0, "a core file holds the keys");
}

#[test]
fn a_profile_of_aws_gives_the_key() {
    let desk = Desk::new(true);
    desk.version("one", 2);
    let home = desk.path.join("home");
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    let file = |name: &str, text: &str| std::fs::write(home.join(".aws").join(name), text).unwrap();
    file(
        "credentials",
        &format!(
            "[work]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {KEY}\n[half]\nrole_arn = x\n"
        ),
    );
    file(
        "config",
        &format!("[profile work]\nregion = auto\nendpoint_url = {}\n", desk.server().url),
    );
    let push = |profile: &str| {
        let mut command = bundlegate();
        command.args(["push", "dist", &format!("s3://{BUCKET}/team")]).current_dir(&desk.path);
        command.env("HOME", &home).env("AWS_PROFILE", profile).output().unwrap()
    };
    let pushed = push("work");
    assert!(pushed.status.success(), "{}", text(&pushed));
    assert!(desk.server().objects().keys().any(|key| key.starts_with("team/app/")));
    for (profile, why) in [("nobody", "`AWS_PROFILE` names `nobody`"), ("half", "`role_arn`")] {
        let refused = push(profile);
        assert_eq!(refused.status.code(), Some(7), "{}", text(&refused));
        assert!(text(&refused).contains(why), "{}", text(&refused));
    }
    file("credentials", &format!("[work\n{KEY}\n"));
    let refused = push("work");
    assert_eq!(refused.status.code(), Some(7), "{}", text(&refused));
    assert!(!text(&refused).contains(KEY), "{}", text(&refused));
}

#[test]
fn a_full_disk_leaves_nothing_half_live() {
    let desk = Desk::new(false);
    desk.version("one", 2);
    // `/dev/full` is a device, so a folder below it cannot be made: the same as no space for the first file.
    let output = desk.command("push").args(["dist", "dir:/dev/full/store"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    assert_eq!(text(&output).matches("error[").count(), 1, "{}", text(&output));
}

#[test]
fn a_worker_gives_credentials_for_oidc_tokens() {
    let desk = Desk::new(true);
    desk.version("one", 2);
    let parent = [
        ("R2_ACCOUNT_ID", ACCOUNT),
        ("R2_ACCESS_KEY_ID", KEY_ID),
        ("R2_SECRET_ACCESS_KEY", KEY),
        ("BUCKET", BUCKET),
        ("PREFIX", "team"),
    ];
    // What it refuses is checked there.
    let said = ok(Command::new("node")
        .arg(super::support::npm().join("worker.mjs"))
        .arg(super::support::root().join("fixtures/worker/credentials.mjs"))
        .envs(parent));
    let credential: BTreeMap<String, serde_json::Value> = serde_json::from_str(&said).unwrap();
    let push = |store: &str| {
        let mut command = desk.command("push");
        command.args(["dist", store]);
        for name in ["R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_SESSION_TOKEN"] {
            command.env(name, credential[name].as_str().unwrap());
        }
        command.output().unwrap()
    };
    let output = push(&desk.store());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    // The server holds it to its prefix.
    let elsewhere = push(&format!("r2://{BUCKET}/another"));
    assert_eq!(elsewhere.status.code(), Some(7), "{}", text(&elsewhere));
    assert!(text(&elsewhere).contains("the key may not do that here"), "{}", text(&elsewhere));
    assert_eq!(desk.live(), "one");
}

#[test]
fn answers_of_real_servers_are_understood() {
    let desk = Desk::new(true);
    desk.version("one", 3);
    let server = desk.server();
    ok(desk.command("push").args(["dist", &desk.store()]));
    // "Try again" is not "another run was faster"; a page of a proxy is no answer; one that never comes is given up.
    for (round, fault) in [Fault::Status(409), Fault::Status(429), Fault::Html(503), Fault::Never]
        .into_iter()
        .enumerate()
    {
        desk.version(&format!("round {round}"), 3);
        server.fault("PUT", "channels", 1, fault);
        server.fault("PUT", "/objects/", 1, fault);
        let output = desk
            .command("push")
            .args(["dist", &desk.store(), "--store-timeout=2s"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{fault:?}: {}", text(&output));
        assert_eq!(desk.live(), format!("round {round}"));
        server.forget_faults();
    }
    // What stays that way is told with its status and what the server said.
    desk.version("never", 3);
    for (method, fault, expected) in [
        ("HEAD", Fault::Status(403), "status 403"),
        ("PUT", Fault::Html(502), "status 502, \"The edge is tired\""),
        ("PUT", Fault::Refuse("QuotaExceeded"), "status 403, QuotaExceeded, planned"),
    ] {
        server.fault(method, "/objects/", 99, fault);
        let output = desk.push();
        assert_eq!(output.status.code(), Some(7), "{}", text(&output));
        assert!(text(&output).contains(expected), "{}", text(&output));
        server.forget_faults();
    }
    // A store that gives nothing says nothing about a deployment.
    server.fault("GET", "/objects/", 99, Fault::Refuse("AccessDenied"));
    for (name, more) in [("verify", "--quiet"), ("pull", "out"), ("promote", "--channel=x")] {
        let output = desk.command(name).args([&*desk.place(), more]).output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{name}: {}", text(&output));
    }
}

#[test]
fn conditional_writes_as_servers_take_them() {
    for (conditions, warns) in
        [(Conditions::Quoted, false), (Conditions::Bare, false), (Conditions::Ignored, true)]
    {
        let desk = Desk::new(true);
        desk.server().conditions(conditions);
        for version in ["one", "two", "three"] {
            desk.version(version, 2);
            let output = desk.push();
            assert_eq!(output.status.code(), Some(0), "{conditions:?}: {}", text(&output));
            assert_eq!(text(&output).contains("store/conditions"), warns, "{}", text(&output));
            assert_eq!(desk.live(), version);
        }
        // What is live already asks for no probe.
        desk.server().log();
        ok(desk.command("push").args(["dist", &desk.store()]));
        let log = desk.server().log();
        assert!(!log.iter().any(|line| line.starts_with("PUT") && line.contains("channels")));
        assert_eq!(ok(desk.command("list").arg(desk.place())).lines().count(), 3);
    }
}

#[test]
fn a_deployment_is_what_it_says_it_is() {
    let key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    for with_server in [true, false] {
        let desk = Desk::new(with_server);
        let signed = |name: &str| {
            let mut command = desk.command(name);
            command.env("HMAC_KEY", key).args(["--hmac-key", "env:HMAC_KEY"]);
            command
        };
        for version in ["old", "new"] {
            std::fs::write(
                desk.path.join("dist/index.js"),
                format!("export default '{version}';\n"),
            )
            .unwrap();
            ok(signed("sign").arg("dist"));
            ok(signed("push").args(["dist", &desk.store()]));
        }
        // A check that is asked for is made, or fails.
        for (name, more) in
            [("verify", "--quiet"), ("pull", "unchecked"), ("promote", "--channel=unchecked")]
        {
            let mut unset = desk.command(name);
            unset.args([&*desk.place(), more, "--hmac-key", "env:HMAC_KEY"]);
            let output = unset.output().unwrap();
            assert_eq!(output.status.code(), Some(6), "{name}: {}", text(&output));
            assert!(text(&output).contains("error[seal/no-key]: `HMAC_KEY`"), "{}", text(&output));
        }
        let unsigned = desk.command("sign").args(["dist", "--hmac-key", "env:HMAC_KEY"]).output();
        assert_eq!(unsigned.unwrap().status.code(), Some(6));
        ok(desk.command("verify").arg(desk.place()));
        // A rollback is right by all signatures; only who knows what should be there can tell.
        let listed = ok(desk.command("list").arg(desk.place()));
        let newest = listed.lines().next().unwrap()[..12].to_owned();
        ok(signed("verify").args([&*desk.place(), "--expect", &newest]));
        let record = format!(
            "{{\"t\":\"meta\",\"name\":\"app\"}}\n{{\"t\":\"deployment\",\"manifest\":\"{}@{newest}\"}}\n",
            desk.place()
        );
        std::fs::write(desk.path.join("record.jsonl"), record).unwrap();
        ok(desk.command("rollback").arg(desk.place()));
        ok(signed("verify").arg(desk.place()));
        for (name, more) in [("verify", "--quiet"), ("pull", "rolled-back")] {
            for expected in [newest.as_str(), "record.jsonl"] {
                let output = signed(name)
                    .args([&*desk.place(), more, "--expect", expected])
                    .output()
                    .unwrap();
                assert_eq!(output.status.code(), Some(6), "{name}: {}", text(&output));
                assert!(text(&output).contains("is expected"), "{}", text(&output));
            }
        }
        assert!(!desk.path.join("rolled-back").exists());
        let output = signed("verify").args([&*desk.place(), "--expect", "dist/index.js"]).output();
        assert_eq!(output.unwrap().status.code(), Some(6));
        // The build of another project, signed by the same key, under this name.
        for (path, _) in desk.stored() {
            let other = path.replacen("app/", "shop/", 1);
            if let Some(server) = &desk.server {
                server.duplicate(&path, &other);
            } else {
                let (from, to) =
                    (desk.path.join("store").join(&path), desk.path.join("store").join(other));
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(from, to).unwrap();
            }
        }
        for (name, more) in
            [("verify", "--quiet"), ("pull", "other"), ("promote", "--channel=other")]
        {
            let place = format!("{}/shop", desk.store());
            let output = signed(name).args([&*place, more]).output().unwrap();
            assert_eq!(output.status.code(), Some(6), "{name}: {}", text(&output));
            assert!(text(&output).contains("one of `app`"), "{}", text(&output));
        }
    }
}

/// A site under its own names, with R2's rules: what is stored is what is locked, and nothing is sent twice.
#[test]
fn files_are_known_by_their_digests() {
    for with_server in [true, false] {
        let desk = Desk::new(with_server);
        let dist = desk.path.join("dist");
        let write = |name: &str, text: &str| std::fs::write(dist.join(name), text).unwrap();
        write("app.js", &"var a = 1;".repeat(400));
        write("prices-20261127.json", "price: 100");
        write("index.html", "<script src=app.js></script>");
        std::fs::write(
            desk.path.join("bundlegate.yml"),
            format!("name: app\nartifacts: {{ dir: dist }}\nstore: {{ url: \"{}\", layout: files, read_back: full }}\nreport: {{ base: none }}\n", desk.store()),
        )
        .unwrap();
        let run = || {
            let output = desk.command("run").output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", text(&output));
            text(&output)
        };
        let key = |name: &str| {
            if with_server { format!("team/app/{name}") } else { format!("app/{name}") }
        };
        // A folder says nothing of encodings, so there the brotli form stands beside its file.
        let all = if with_server { 4 } else { 5 };
        let counts =
            |written: usize| format!("{written} files written, {} there already", all - written);
        assert!(run().contains(&counts(all)));
        assert!(run().contains(&counts(0)), "nothing has changed");
        // The same name and the same size.
        write("prices-20261127.json", "price: 200");
        assert!(run().contains(&counts(1)));
        assert_eq!(desk.stored()[&key("prices-20261127.json")], b"price: 200");
        // What has gone bad is sent again.
        match &desk.server {
            Some(server) => server.tamper(&key("app.js"), |bytes| bytes[3] ^= 1),
            None => std::fs::write(desk.path.join("store").join(key("app.js")), "bad").unwrap(),
        }
        run();
        let stored = desk.stored();
        let mut plain = stored[&key("app.js")].clone();
        if with_server {
            plain.clear();
            let mut form = brotli::Decompressor::new(&stored[&key("app.js")][..], 4096);
            std::io::Read::read_to_end(&mut form, &mut plain).unwrap();
        }
        assert_eq!(plain, std::fs::read(dist.join("app.js")).unwrap());
        assert!(stored.contains_key(&key("bundlegate.lock")));
        assert!(!stored.keys().any(|key| key.contains("metafile")), "it is not for everybody");
    }
}

#[test]
fn the_preset_r2_is_files_and_a_metafile() {
    let desk = Desk::new(true);
    std::fs::write(desk.path.join("a.ts"), "console.log('site')").unwrap();
    std::fs::write(
        desk.path.join("bundlegate.yml"),
        format!("name: app\ndeploy: r2\nbuild: {{ entrypoints: [a.ts] , entry_naming: '[name]-[hash]' }}\nstore: {{ url: \"{}\" }}\n", desk.store()),
    )
    .unwrap();
    ok(&mut desk.command("run"));
    let objects = desk.server().objects();
    let script = objects.iter().find(|(key, _)| key.starts_with("team/app/a-")).unwrap().1;
    assert_eq!(script.cache_control.as_deref(), Some("public, max-age=31536000, immutable"));
    let metafile = &objects["team/app/bundlegate.metafile.json"].bytes;
    assert!(String::from_utf8_lossy(metafile).contains("\"a.ts\""));
    assert!(!objects.keys().any(|key| key.contains("/channels/")));
}

#[test]
fn an_upload_goes_on_only_with_the_same_bytes() {
    let desk = Desk::new(true);
    let file = desk.path.join("dist/movie.bin");
    let large = |version: u8| {
        let mut large = vec![b' '; 66 << 20];
        for (index, part) in large.chunks_mut(1 << 20).enumerate() {
            part[0] = version + u8::try_from(index).unwrap();
        }
        std::fs::write(&file, &large).unwrap();
        large
    };
    std::fs::write(
        desk.path.join("bundlegate.yml"),
        format!("name: app\nartifacts: {{ dir: dist }}\ncompress: []\nstore: {{ url: \"{}\", layout: files }}\nreport: {{ base: none }}\n", desk.store()),
    )
    .unwrap();
    large(1);
    desk.server().fault("PUT", "partNumber=3", 6, Fault::Status(500));
    assert_eq!(desk.command("run").output().unwrap().status.code(), Some(7));
    // Another file of the same name and size.
    let second = large(2);
    ok(&mut desk.command("run"));
    assert!(desk.server().objects()["team/app/movie.bin"].bytes == second);
    // A file with the same start: its first parts are there, but what they were begun for is another file.
    let mut third = large(3);
    desk.server().fault("PUT", "partNumber=5", 6, Fault::Status(500));
    assert_eq!(desk.command("run").output().unwrap().status.code(), Some(7));
    *third.last_mut().unwrap() = b'x';
    std::fs::write(&file, &third).unwrap();
    ok(&mut desk.command("run"));
    let stored = &desk.server().objects()["team/app/movie.bin"];
    assert!(stored.bytes == third);
    assert_eq!(stored.metadata["sha256"], super::support::sha256(&file));
}

/// With files under their own names, a page and what it names are of one version at any moment, and whole after the next
/// run. With `LONG=1` 60 kills.
#[test]
fn killed_at_any_moment_a_page_finds_what_it_names() {
    let desk = Desk::new(true);
    std::fs::write(
        desk.path.join("bundlegate.yml"),
        format!("name: app\nartifacts: {{ dir: dist }}\nstore: {{ url: \"{}\", layout: files }}\nreport: {{ base: none }}\n", desk.store()),
    )
    .unwrap();
    let dist = desk.path.join("dist");
    let version = |version: u32| {
        std::fs::remove_dir_all(&dist).unwrap();
        std::fs::create_dir(&dist).unwrap();
        let mut page = "<!doctype html>".to_owned();
        for part in 0..40 {
            let code = format!("part({part}, {version});").repeat(30);
            let name = format!("part-{}.js", bundlegate::artifact::content_hash(code.as_bytes()));
            page.push_str(&format!("<script src=\"{name}\"></script>"));
            std::fs::write(dist.join(name), code).unwrap();
        }
        page.push_str(&format!("<!-- version {version} -->"));
        std::fs::write(dist.join("index.html"), page).unwrap();
    };
    let decoded = |bytes: &[u8]| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut brotli::Decompressor::new(bytes, 4096), &mut text)
            .unwrap();
        text
    };
    // The version that a visitor gets, all of it.
    let seen = || -> u32 {
        let objects = desk.server().objects();
        let page = decoded(&objects["team/app/index.html"].bytes);
        let version = page.split("version ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        for name in page.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let script =
                objects.get(&format!("team/app/{name}")).expect("what a page names is there");
            assert!(decoded(&script.bytes).contains(&format!(", {version});")));
        }
        version.parse().unwrap()
    };
    let mut seed = 7u64;
    version(0);
    ok(&mut desk.command("run"));
    for round in 1..=long(6, 60) {
        version(round);
        let mut child = desk.command("run").stderr(std::process::Stdio::null()).spawn().unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros((seed >> 33) % 500_000));
        let _ = child.kill();
        child.wait().unwrap();
        let live = seen();
        assert!(live == round || live == round - 1, "round {round}: {live}");
        ok(&mut desk.command("run"));
        assert_eq!(seen(), round);
        // Then the lock names what is there.
        let objects = desk.server().objects();
        let lock = String::from_utf8(objects["team/app/bundlegate.lock"].bytes.clone()).unwrap();
        assert_eq!(lock.lines().count(), 41 * 3, "each file has two forms");
    }
}
