//! Bytecode of JavaScriptCore for Bun, which only Bun itself can make: the `bun` command compiles what we bundled.
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

/// Why there is no bytecode.
#[derive(Debug, thiserror::Error)]
pub enum BytecodeError {
    /// There is no `bun` command.
    #[error("there is no `bun` to compile bytecode with")]
    NoBun,
    /// It did not take the script.
    #[error("`bun` could not compile the bytecode: {0}")]
    Refused(String),
    /// The disk did not do its part.
    #[error(transparent)]
    Disk(#[from] std::io::Error),
}

/// Stand-ins for `__dirname` and `__filename`.
const PATHS: &str = "var __bunDirname=arguments[4],__bunFilename=arguments[3];\n";

/// Compiles a `CommonJS` script in UTF-8 to bytecode of the `bun` that stands in the path of commands.
pub fn compile(script: &[u8], minify_whitespace: bool) -> Result<Compiled, BytecodeError> {
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

fn run_bun(folder: &Path, minify_whitespace: bool) -> Result<(), BytecodeError> {
    let mut command = Command::new("bun");
    command
        .current_dir(folder)
        .args(["build", "index.js", "--bytecode", "--target=bun", "--format=cjs", "--outdir=out"])
        .args(["--external=*", "--env=disable"])
        .args(["--define", "__dirname=__bunDirname", "--define", "__filename=__bunFilename"])
        .args(minify_whitespace.then_some("--minify-whitespace"))
        .stdin(Stdio::null());
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => BytecodeError::NoBun,
        _ => BytecodeError::Disk(error),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let first = message.lines().map(str::trim).find(|line| line.contains("error"));
    Err(BytecodeError::Refused(first.unwrap_or("it says nothing").to_owned()))
}
