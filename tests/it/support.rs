//! What the tests share: the binary in a scrubbed environment, and the runtimes that run bundles.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The binary, in an environment that has nothing of a runner and no settings of ours.
pub(crate) fn bundlegate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bundlegate"));
    scrub(&mut command);
    command
}

fn scrub(command: &mut Command) {
    command.env_clear();
    for keep in ["PATH", "HOME", "TMPDIR", "SYSTEMROOT"] {
        if let Some(value) = std::env::var_os(keep) {
            command.env(keep, value);
        }
    }
}

/// Standard output of a command that must succeed.
#[track_caller]
pub(crate) fn ok(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Both streams of a finished command.
pub(crate) fn text(output: &Output) -> String {
    format!(
        "exit {:?}\n--- stdout\n{}--- stderr\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Node, in a scrubbed environment.
pub(crate) fn node() -> Command {
    let mut command = Command::new("node");
    scrub(&mut command);
    command
}

/// Bun of the version that `tests/npm` locks, in a scrubbed environment.
pub(crate) fn bun() -> Command {
    let mut command = Command::new(npm().join("node_modules/.bin/bun"));
    scrub(&mut command);
    command
}

/// `tests/npm` with its packages installed.
pub(crate) fn npm() -> PathBuf {
    install("tests/npm")
}

/// A folder with a `package-lock.json`, with its packages installed from that, once.
pub(crate) fn install(folder: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = root().join(folder);
    let stamp = folder.join("node_modules/.installed");
    let lock = std::fs::read(folder.join("package-lock.json")).unwrap();
    if std::fs::read(&stamp).ok().as_ref() != Some(&lock) {
        eprintln!("installing {} from its lock file", folder.display());
        let status = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .status();
        assert!(
            status.expect("npm comes with Node").success(),
            "`npm ci` failed in {}",
            folder.display()
        );
        std::fs::write(&stamp, lock).unwrap();
    }
    folder
}

/// A copy of a folder, without what builds leave in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if ["dist", ".bundlegate"].iter().any(|skip| name == *skip) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// Every file below a folder with its bytes, by path.
pub(crate) fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    bundlegate::fs::walk(folder)
        .unwrap_or_default()
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(folder.join(&path)).unwrap();
            (path, bytes)
        })
        .collect()
}

/// Serves an app on a free port of this machine, until the runtime is dropped.
pub(crate) fn serve(app: axum::Router) -> (String, tokio::runtime::Runtime) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, runtime)
}

pub(crate) fn sha256(file: &Path) -> String {
    bundlegate::artifact::Digest::of(&std::fs::read(file).unwrap()).to_hex()
}
