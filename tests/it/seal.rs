//! The seal: what others' tools make of it, and every way in which a sealed folder can be wrong.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::support::{bundlegate, copy, npm, ok, root, text};

/// A folder with keys and files to seal.
struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        std::fs::create_dir_all(path.join("dist/assets")).unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(path.join(name), bytes).unwrap();
        write("dist/index.js", b"export const answer = 42;\n");
        write("dist/other.js", b"export const other = 43;\n");
        write("dist/assets/\u{8cfc}\u{7269}\u{8eca} b+c.css", b"a { color: red }\n");
        write(&format!("dist/assets/{}.txt", "x".repeat(200)), b"long\n");
        // Two segments and a bit.
        write("dist/assets/large.bin", &b"0123456789abcdef".repeat((2 << 20) / 16 + 3));
        let desk = Self { _folder: folder, path };
        for kind in ["hmac", "signing", "recipient"] {
            ok(desk.command("keygen").args([kind, "--out", kind]));
        }
        desk
    }

    fn command(&self, name: &str) -> Command {
        let mut command = bundlegate();
        command.arg(name).current_dir(&self.path);
        for (variable, file) in
            [("HMAC", "hmac"), ("SIGNING", "signing"), ("IDENTITY", "recipient")]
        {
            if let Ok(key) = std::fs::read_to_string(self.path.join(file)) {
                command.env(variable, key);
            }
        }
        command
    }

    /// Signs `dist` in place with all keys.
    fn sign(&self) {
        ok(self.command("sign").args([
            "dist",
            "--hmac-key",
            "env:HMAC",
            "--signing-key",
            "env:SIGNING",
        ]));
    }

    fn verify(&self, folder: &str) -> Output {
        self.command("verify")
            .args([folder, "--hmac-key", "env:HMAC", "--public-key", "signing.pub"])
            .output()
            .unwrap()
    }
}

/// Python with the packages of `tests/verifiers/requirements.txt`, installed from that once.
pub(crate) fn python() -> PathBuf {
    let folder = root().join("tests/verifiers");
    let environment = folder.join(".venv");
    let wanted = std::fs::read(folder.join("requirements.txt")).unwrap();
    let stamp = environment.join(".installed");
    let python = environment.join("bin/python");
    if std::fs::read(&stamp).ok().as_ref() != Some(&wanted) {
        eprintln!("installing {} from its lock file", folder.display());
        ok(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        ok(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--require-hashes", "-r", "requirements.txt"])
            .current_dir(&folder));
        std::fs::write(&stamp, wanted).unwrap();
    }
    python
}

#[test]
fn others_open_what_we_seal() {
    let desk = Desk::new();
    ok(desk
        .command("sign")
        .args(["dist", "--hmac-key", "env:HMAC", "--signing-key", "env:SIGNING", "--out", "sealed"])
        .args(["--recipients", "recipient.pub", "--sign-expires", "1d"]));
    ok(Command::new("sha256sum")
        .args(["--check", "--strict", "bundlegate.lock"])
        .current_dir(desk.path.join("sealed")));
    let key = |name: &str| std::fs::read_to_string(desk.path.join(name)).unwrap();
    let with_keys = |command: &mut Command, more: &[&str]| {
        ok(command
            .args(["sealed", "dist", "signing.pub"])
            .args(more)
            .current_dir(&desk.path)
            .env("HMAC_KEY", key("hmac"))
            .env("IDENTITY", key("recipient")))
    };
    let verifiers = root().join("tests/verifiers");
    let said = with_keys(Command::new(python()).arg(verifiers.join("open.py")), &[]);
    assert_eq!(said, "http signatures: 5\nstatement: ed25519 ml-dsa-65 5\ntink and hpke: 5\n");
    let workerd = npm().join("node_modules/.bin/workerd");
    let workerd = workerd.to_str().unwrap();
    let said = with_keys(Command::new("node").arg(verifiers.join("run.mjs")), &[workerd]);
    assert_eq!(said, "node: 5 Ed25519 0\nworkerd: 5 Ed25519 ML-DSA-65 5\n");
}

#[test]
fn what_is_encrypted_comes_back() {
    let desk = Desk::new();
    let refused =
        desk.command("sign").args(["dist", "--recipients", "recipient.pub"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    ok(desk.command("sign").args(["dist", "--recipients", "recipient.pub", "--out", "sealed"]));
    let sealed = std::fs::read(desk.path.join("sealed/assets/large.bin.enc")).unwrap();
    assert!(!sealed.windows(16).any(|window| window == b"0123456789abcdef"));
    ok(desk.command("decrypt").args(["sealed", "plain", "--identity", "env:IDENTITY"]));
    assert_eq!(super::support::files(&desk.path.join("plain")), {
        let mut files = super::support::files(&desk.path.join("dist"));
        files.retain(|name, _| {
            !name.starts_with("bundlegate") && name != "bundlegate.manifest.json"
        });
        files
    });
    // Nothing is written when one file cannot be opened.
    std::fs::write(desk.path.join("sealed/index.js.enc"), b"x").unwrap();
    let changed = desk
        .command("decrypt")
        .args(["sealed", "again", "--identity", "env:IDENTITY"])
        .output()
        .unwrap();
    assert_eq!(changed.status.code(), Some(6), "{}", text(&changed));
    assert!(text(&changed).contains("`index.js.enc` is not what was locked"), "{}", text(&changed));
    assert!(!desk.path.join("again").exists());
}

/// Edits the JSON of a file.
fn edit(file: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let mut json = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    change(&mut json);
    std::fs::write(file, serde_json::to_string(&json).unwrap()).unwrap();
}

/// Makes lock, manifest and its own digest agree with the file `name`, as someone without the keys would.
fn cover_up(dist: &Path, name: &str) {
    use bundlegate::artifact::Digest;
    let new = Digest::of(&std::fs::read(dist.join(name)).unwrap()).to_hex();
    let lock_file = dist.join("bundlegate.lock");
    let lock = std::fs::read_to_string(&lock_file).unwrap();
    let line = lock.lines().find(|line| line.ends_with(name)).unwrap();
    let old = line[..64].to_owned();
    let lock = lock.replace(&old, &new);
    std::fs::write(&lock_file, &lock).unwrap();
    let manifest_file = dist.join("bundlegate.manifest.json");
    let json = std::fs::read_to_string(&manifest_file).unwrap().replace(&old, &new);
    let mut manifest: bundlegate::seal::manifest::Manifest = serde_json::from_str(&json).unwrap();
    manifest.build_id = Digest::of(lock.as_bytes()).to_hex();
    manifest.digest = Some(manifest.own_digest());
    std::fs::write(&manifest_file, manifest.to_json()).unwrap();
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, one row a change")]
fn every_change_is_named() {
    type Change = fn(&Path);
    let rows: &[(&str, Change, &str)] = &[
        (
            "a bit is flipped",
            |d| {
                let mut bytes = std::fs::read(d.join("index.js")).unwrap();
                bytes[3] ^= 1;
                std::fs::write(d.join("index.js"), bytes).unwrap();
            },
            "`index.js` is not what was locked",
        ),
        (
            "cut",
            |d| std::fs::write(d.join("index.js"), b"export const").unwrap(),
            "`index.js` is not what was locked",
        ),
        (
            "extended",
            |d| {
                let mut bytes = std::fs::read(d.join("index.js")).unwrap();
                bytes.push(b' ');
                std::fs::write(d.join("index.js"), bytes).unwrap();
            },
            "`index.js` is not what was locked",
        ),
        (
            "two files swapped",
            |d| {
                std::fs::rename(d.join("index.js"), d.join("t")).unwrap();
                std::fs::rename(d.join("other.js"), d.join("index.js")).unwrap();
                std::fs::rename(d.join("t"), d.join("other.js")).unwrap();
            },
            "`other.js` is not what was locked",
        ),
        (
            "renamed",
            |d| std::fs::rename(d.join("index.js"), d.join("moved.js")).unwrap(),
            "`index.js` is locked but missing",
        ),
        (
            "renamed, the other half",
            |d| std::fs::rename(d.join("index.js"), d.join("moved.js")).unwrap(),
            "`moved.js` is not in the lock",
        ),
        (
            "changed, and lock and manifest with it",
            |d| {
                std::fs::write(d.join("index.js"), b"evil()").unwrap();
                cover_up(d, "index.js");
            },
            "the signature of `index.js` does not hold",
        ),
        (
            "changed, all but the statement",
            |d| {
                std::fs::write(d.join("index.js"), b"evil()").unwrap();
                cover_up(d, "index.js");
            },
            "`bundlegate.intoto.jsonl` is from another build",
        ),
        (
            "another type",
            |d| {
                edit(&d.join("bundlegate.manifest.json"), |json| {
                    json["artifacts"][0]["contentType"] = "text/html".into();
                });
            },
            "the signature of `assets/large.bin` does not hold",
        ),
        (
            "another encoding",
            |d| {
                edit(&d.join("bundlegate.manifest.json"), |json| {
                    json["artifacts"][0]["contentEncoding"] = "br".into();
                });
            },
            "the signature of `assets/large.bin` does not hold",
        ),
        (
            "a source map is added",
            |d| {
                edit(&d.join("bundlegate.manifest.json"), |json| {
                    json["artifacts"][0]["sourceMap"] = "evil.map".into();
                });
            },
            "its own SHA-256 differs",
        ),
        (
            "an unknown key id",
            |d| {
                edit(&d.join("bundlegate.manifest.json"), |json| {
                    json["artifacts"][0]["keyId"] = "k9".into();
                });
            },
            "`assets/large.bin` is signed by key `k9`, not by `k1`",
        ),
        (
            "a signature is removed",
            |d| {
                edit(&d.join("bundlegate.manifest.json"), |json| {
                    json["artifacts"][0].as_object_mut().unwrap().remove("hmac");
                });
            },
            "`assets/large.bin` is not signed",
        ),
        (
            "a signature of the statement is removed",
            |d| {
                edit(&d.join("bundlegate.intoto.jsonl"), |json| {
                    json["signatures"].as_array_mut().unwrap().remove(2);
                });
            },
            "by `ml-dsa-65:",
        ),
        (
            "the HMAC of the statement is removed",
            |d| {
                edit(&d.join("bundlegate.intoto.jsonl"), |json| {
                    json["signatures"].as_array_mut().unwrap().remove(0);
                });
            },
            "the HMAC of `bundlegate.intoto.jsonl` is missing",
        ),
        (
            "the statement is removed",
            |d| std::fs::remove_file(d.join("bundlegate.intoto.jsonl")).unwrap(),
            "`bundlegate.intoto.jsonl` is missing",
        ),
        (
            "the manifest is removed",
            |d| std::fs::remove_file(d.join("bundlegate.manifest.json")).unwrap(),
            "`bundlegate.manifest.json` is missing",
        ),
        (
            "the lock is edited",
            |d| {
                let lock = std::fs::read_to_string(d.join("bundlegate.lock")).unwrap();
                std::fs::write(d.join("bundlegate.lock"), lock.replace("other.js", "0ther.js"))
                    .unwrap();
            },
            "`bundlegate.lock` are from different builds",
        ),
        (
            "a line of the lock is doubled",
            |d| {
                let lock = std::fs::read_to_string(d.join("bundlegate.lock")).unwrap();
                std::fs::write(d.join("bundlegate.lock"), format!("{lock}{lock}")).unwrap();
            },
            "a second time",
        ),
        (
            "a key stands twice in the manifest",
            |d| {
                let json = std::fs::read_to_string(d.join("bundlegate.manifest.json")).unwrap();
                std::fs::write(
                    d.join("bundlegate.manifest.json"),
                    json.replacen("\"version\": 1,", "\"version\": 1, \"version\": 1,", 1),
                )
                .unwrap();
            },
            "duplicate field `version`",
        ),
        (
            "an unknown key in the manifest",
            |d| edit(&d.join("bundlegate.manifest.json"), |json| json["run"] = "evil".into()),
            "unknown field `run`",
        ),
        (
            "an entry stands twice in the manifest",
            |d| {
                edit(&d.join("bundlegate.manifest.json"), |json| {
                    let first = json["artifacts"][0].clone();
                    json["artifacts"].as_array_mut().unwrap().push(first);
                });
            },
            "names `assets/large.bin` twice",
        ),
        (
            "a symbolic link",
            |d| std::os::unix::fs::symlink("index.js", d.join("link.js")).unwrap(),
            "`link.js` is a symbolic link",
        ),
        (
            "a path upwards in the lock",
            |d| append(&d.join("bundlegate.lock"), &format!("{}  ../x\n", "0".repeat(64))),
            "line 6 is not `<sha256>  <path>`",
        ),
        (
            "NUL in the lock",
            |d| append(&d.join("bundlegate.lock"), &format!("{}  a\0b\n", "0".repeat(64))),
            "line 6 is not `<sha256>  <path>`",
        ),
        (
            "a backslash in the lock",
            |d| append(&d.join("bundlegate.lock"), &format!("{}  a\\b\n", "0".repeat(64))),
            "line 6 is not `<sha256>  <path>`",
        ),
        (
            "a path of 1,100 characters in the lock",
            |d| {
                append(
                    &d.join("bundlegate.lock"),
                    &format!("{}  {}\n", "0".repeat(64), "x".repeat(1100)),
                );
            },
            "line 6 is not `<sha256>  <path>`",
        ),
        (
            "a backslash in the folder",
            |d| std::fs::write(d.join("a\\b.js"), b"").unwrap(),
            "is not in the lock",
        ),
        (
            "the lock is not text",
            |d| std::fs::write(d.join("bundlegate.lock"), b"\xff\xfe").unwrap(),
            "cannot be read",
        ),
        (
            "the statement is nonsense",
            |d| std::fs::write(d.join("bundlegate.intoto.jsonl"), b"{}").unwrap(),
            "`bundlegate.intoto.jsonl` cannot be read",
        ),
        (
            "the payload of the statement is another",
            |d| edit(&d.join("bundlegate.intoto.jsonl"), |json| json["payload"] = "e30=".into()),
            "does not hold",
        ),
    ];
    let desk = Desk::new();
    desk.sign();
    let clean = desk.verify("dist");
    assert_eq!(clean.status.code(), Some(0), "{}", text(&clean));
    for (row, change, expected) in rows {
        let folder = desk.path.join("changed");
        let _ = std::fs::remove_dir_all(&folder);
        copy(&desk.path.join("dist"), &folder);
        change(&folder);
        let output = desk.verify("changed");
        assert_eq!(output.status.code(), Some(6), "{row}: {}", text(&output));
        assert!(text(&output).contains(expected), "{row}: {expected}\n{}", text(&output));
    }
    // Another order of keys changes nothing.
    edit(&desk.path.join("dist/bundlegate.manifest.json"), |json| {
        let map = json.as_object_mut().unwrap();
        let artifacts = map.shift_remove("artifacts").unwrap();
        map.insert("artifacts".to_owned(), artifacts);
    });
    let reordered = desk.verify("dist");
    assert_eq!(reordered.status.code(), Some(0), "{}", text(&reordered));
}

fn append(file: &Path, more: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, text + more).unwrap();
}

#[test]
fn builds_cannot_be_mixed() {
    let desk = Desk::new();
    desk.sign();
    copy(&desk.path.join("dist"), &desk.path.join("old"));
    std::fs::write(desk.path.join("dist/index.js"), b"export const answer = 43;\n").unwrap();
    desk.sign();
    let wrong = |what: &str, expected: &str| {
        let output = desk.verify("mixed");
        assert_eq!(output.status.code(), Some(6), "{what}: {}", text(&output));
        assert!(text(&output).contains(expected), "{what}: {}", text(&output));
    };
    let mix = |name: &str| {
        let _ = std::fs::remove_dir_all(desk.path.join("mixed"));
        copy(&desk.path.join("dist"), &desk.path.join("mixed"));
        std::fs::copy(desk.path.join("old").join(name), desk.path.join("mixed").join(name))
            .unwrap();
    };
    mix("index.js");
    wrong("a file", "`index.js` is not what was locked");
    mix("bundlegate.manifest.json");
    wrong("the manifest", "are from different builds");
    mix("bundlegate.intoto.jsonl");
    wrong("the statement", "`bundlegate.intoto.jsonl` is from another build");
    // The signatures of the old build name the old build.
    mix("index.js");
    std::fs::copy(desk.path.join("old/bundlegate.lock"), desk.path.join("mixed/bundlegate.lock"))
        .unwrap();
    wrong("a file and the lock", "are from different builds");
}

#[test]
fn keys_end_and_change() {
    let desk = Desk::new();
    ok(desk.command("keygen").args(["hmac", "--out", "new"]));
    let new = std::fs::read_to_string(desk.path.join("new")).unwrap();
    ok(desk.command("sign").args(["dist", "--hmac-key", "env:HMAC", "--sign-expires", "2d"]));
    let verify = |more: &[&str]| {
        let mut command = desk.command("verify");
        command.arg("dist").env("NEW", &new).args(more).output().unwrap()
    };
    // Signed with one key, verified with many.
    let both = verify(&["--hmac-key", "env:NEW", "--key-id", "k2", "--verify-keys", "k1=env:HMAC"]);
    assert_eq!(both.status.code(), Some(0), "{}", text(&both));
    let wrong = verify(&["--hmac-key", "env:NEW", "--key-id", "k2"]);
    assert_eq!(wrong.status.code(), Some(6));
    assert!(text(&wrong).contains("is signed by key `k1`, not by `k2`"), "{}", text(&wrong));
    let other = verify(&["--hmac-key", "env:NEW"]);
    assert_eq!(other.status.code(), Some(6));
    assert!(text(&other).contains("the signature of `index.js` does not hold"), "{}", text(&other));
    assert!(!text(&other).contains(new.trim()));
    // Without a key: locked, and nothing said about signatures that was not checked.
    let unchecked = verify(&[]);
    assert!(text(&unchecked).contains("signatures not checked: no key"), "{}", text(&unchecked));
    assert_eq!(verify(&["--sign-required"]).status.code(), Some(6));
    // The time of signing is that of the sources, when they have one; then the end is in the past.
    ok(desk
        .command("sign")
        .args(["dist", "--hmac-key", "env:HMAC", "--sign-expires", "2d"])
        .env("SOURCE_DATE_EPOCH", "1700000000"));
    let ended = verify(&["--hmac-key", "env:HMAC"]);
    assert_eq!(ended.status.code(), Some(6));
    assert!(text(&ended).contains("have expired"), "{}", text(&ended));
}

#[test]
fn keys_are_made_and_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    for name in ["hmac", "signing", "recipient"] {
        let mode = std::fs::metadata(desk.path.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // A key that is there is not replaced, and none goes to a terminal unasked.
    let again = desk.command("keygen").args(["hmac", "--out", "hmac"]).output().unwrap();
    assert_eq!(again.status.code(), Some(6), "{}", text(&again));
    let nowhere = desk.command("keygen").arg("hmac").output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2), "{}", text(&nowhere));
    let printed = ok(desk.command("keygen").args(["hmac", "--stdout"]));
    assert_eq!(printed.trim().len(), 64);
    // The keychain is for people.
    let sign = |source: &str, ci: bool| {
        let mut command = desk.command("sign");
        command.args(["dist", "--hmac-key", source]);
        if ci {
            command.env("CI", "true");
        }
        command.output().unwrap()
    };
    let refused = sign("keychain:none", true);
    assert_eq!(refused.status.code(), Some(6), "{}", text(&refused));
    assert!(text(&refused).contains("is for local development, and `CI` is set"));
    // Places in order: the first that has the key counts, so the keychain is not asked.
    let first = sign("env:NONE, env:HMAC, keychain:none", true);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    assert!(text(&first).contains("HMAC-SHA256 of 5 files"), "{}", text(&first));
    for (key, why) in [("short", "needs 32 at least"), (&*"ab".repeat(40), "can be guessed")] {
        let bad = desk
            .command("sign")
            .args(["dist", "--hmac-key", "env:BAD"])
            .env("BAD", key)
            .output()
            .unwrap();
        assert_eq!(bad.status.code(), Some(6));
        assert!(text(&bad).contains(why), "{}", text(&bad));
        assert!(!text(&bad).contains(key), "{}", text(&bad));
    }
}

#[test]
fn sign_passes_the_leak_gate() {
    let desk = Desk::new();
    let secret = "s3ss10n-7Qx9vLm2Kp4TzWb";
    std::fs::write(desk.path.join("dist/index.js"), format!("x('{secret}')")).unwrap();
    let leaking = desk.command("sign").arg("dist").env("SESSION_SECRET", secret).output().unwrap();
    assert_eq!(leaking.status.code(), Some(4), "{}", text(&leaking));
    assert!(!desk.path.join("dist/bundlegate.lock").exists());
    // A key in the folder that it should seal is a leak, too.
    std::fs::write(desk.path.join("dist/index.js"), std::fs::read(desk.path.join("hmac")).unwrap())
        .unwrap();
    let key = desk.command("sign").args(["dist", "--hmac-key", "env:HMAC"]).output().unwrap();
    assert_eq!(key.status.code(), Some(4), "{}", text(&key));
}

#[test]
fn the_same_sources_make_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/project/registry-mcp"), &folder.path().join("app"));
    let command = |name: &str| {
        let mut command = bundlegate();
        command.arg(name).current_dir(folder.path().join("app"));
        command.env("PUBLIC_API_URL", "https://api.example.com");
        command
    };
    ok(&mut command("run"));
    let same = ok(command("verify").args(["dist", "--rebuild", "--sign-required=false"]));
    assert!(same.contains("rebuilt: the same bytes"), "{same}");
    let source = folder.path().join("app/src/index.ts");
    append(&source, "\nconsole.log('changed');\n");
    let differs =
        command("verify").args(["dist", "--rebuild", "--sign-required=false"]).output().unwrap();
    assert_eq!(differs.status.code(), Some(6), "{}", text(&differs));
    assert!(text(&differs).contains("`index.js` is built with other bytes"), "{}", text(&differs));
}
