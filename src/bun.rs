//! What only Bun itself can make of what we bundled, with the `bun` in the path of commands: bytecode of JavaScriptCore, and
//! standalone executables.
//!
//! Bun prints a script anew when it compiles it, and the bytecode holds for what it printed. It puts the path of the
//! machine that compiles in place of `__dirname`; here both paths come from the arguments of the function that Bun puts
//! around a `CommonJS` module, so that the same input gives the same bytes everywhere.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::fs::{DiskFileSystem, FileSystem as _, write_output};

/// A script and its bytecode, which belong together.
pub struct Compiled {
    /// What stands in the `.js` file.
    pub script: Vec<u8>,
    /// What stands in the `.js.jsc` file beside it.
    pub bytecode: Vec<u8>,
}

/// Why Bun did not do it.
#[derive(Debug, thiserror::Error)]
pub enum BunError {
    /// There is no `bun` command.
    #[error("there is no `bun` in the path of commands")]
    NoBun,
    /// It did not take the script.
    #[error("`bun` could not compile it: {0}")]
    Refused(String),
    /// The disk did not do its part.
    #[error(transparent)]
    Disk(#[from] std::io::Error),
}

/// Stand-ins for `__dirname` and `__filename`.
const PATHS: &str = "var __bunDirname=arguments[4],__bunFilename=arguments[3];\n";

/// Compiles a `CommonJS` script in UTF-8 to bytecode of the `bun` that stands in the path of commands.
pub fn compile(script: &[u8], minify_whitespace: bool) -> Result<Compiled, BunError> {
    let folder = tempfile::tempdir()?;
    let names_paths = [b"__dirname".as_slice(), b"__filename"]
        .iter()
        .any(|name| memchr::memmem::find(script, name).is_some());
    let source = if names_paths { [PATHS.as_bytes(), script].concat() } else { script.to_vec() };
    write_output(&folder.path().join("index.js"), &source)?;
    run_bun(folder.path(), minify_whitespace)?;
    let read = |name: &str| DiskFileSystem.read(&folder.path().join("out").join(name));
    Ok(Compiled { script: read("index.js")?, bytecode: read("index.js.jsc")? })
}

/// The Bun that is here and its machine, for which bytecode holds: `bun 1.3.8+b64edcb49 linux-x64`.
pub fn runtime() -> Result<String, BunError> {
    const SCRIPT: &str =
        "`bun ${Bun.version}+${Bun.revision.slice(0, 9)} ${process.platform}-${process.arch}`";
    let mut command = Command::new("bun");
    // What a project configures for its own runs is none of ours.
    let folder = tempfile::tempdir()?;
    let said = finish(command.current_dir(folder.path()).args(["--print", SCRIPT]))?;
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

/// What names of programs end with on the machine that Bun makes them for.
pub const PROGRAM_ENDING: &str = if cfg!(windows) { ".exe" } else { "" };

/// Makes an executable of a script among these files, which are given by their paths: Bun with the script in it.
pub fn executable<'a>(
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
    entry: &str,
    has_bytecode: bool,
) -> Result<Vec<u8>, BunError> {
    let folder = tempfile::tempdir()?;
    for (path, bytes) in files {
        write_output(&folder.path().join("in").join(path), bytes)?;
    }
    let mut command = Command::new("bun");
    command
        .current_dir(folder.path().join("in"))
        .args(["build", "--compile", "--env=disable", "--outfile=../executable"])
        .args(has_bytecode.then_some("--bytecode"))
        .arg(format!("./{entry}"));
    finish(&mut command)?;
    let name = format!("executable{PROGRAM_ENDING}");
    Ok(DiskFileSystem.read(&folder.path().join(name))?)
}

fn run_bun(folder: &Path, minify_whitespace: bool) -> Result<(), BunError> {
    let mut command = Command::new("bun");
    command
        .current_dir(folder)
        .args(["build", "index.js", "--bytecode", "--target=bun", "--format=cjs", "--outdir=out"])
        .args(["--external=*", "--env=disable"])
        .args(["--define", "__dirname=__bunDirname", "--define", "__filename=__bunFilename"])
        .args(minify_whitespace.then_some("--minify-whitespace"));
    finish(&mut command).map(drop)
}

/// Runs Bun to its end; returns what it wrote to standard output.
fn finish(command: &mut Command) -> Result<Vec<u8>, BunError> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => BunError::NoBun,
        _ => BunError::Disk(error),
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let first = message.lines().map(str::trim).find(|line| line.contains("error"));
    Err(BunError::Refused(first.unwrap_or("it says nothing").to_owned()))
}
