//! A revision of a git repository as a file system, read straight from its objects, without a checkout.
//!
//! The `git` command does the work: it knows every kind of repository, and one process serves all files.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::fs::{FileKind, FileSystem, normalize};

/// Links followed one after the other before it is taken for a loop.
const MOST_LINKS: usize = 16;

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
}

/// One entry of a tree.
#[derive(Debug, Clone)]
struct Entry {
    is_link: bool,
    id: String,
}

/// The files of a revision. What lies in a `node_modules`, and what lies outside of the repository, is read from below:
/// packages are not in git.
pub struct Revision {
    root: PathBuf,
    files: BTreeMap<PathBuf, Entry>,
    reader: Mutex<Reader>,
    below: Arc<dyn FileSystem>,
}

/// `git cat-file --batch`, which answers one object after the other.
struct Reader {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It ends by itself when its input does; this is for the case that it does not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Repository {
    /// The repository that a folder lies in.
    ///
    /// # Errors
    /// There is none, or no `git`, as a sentence.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let root = run(folder, &["rev-parse", "--show-toplevel"])
            .map_err(|_| "this is no git repository, or `git` is missing".to_owned())?;
        Ok(Self { root: PathBuf::from(root) })
    }

    /// The folder of the repository.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The branch that others start from: what the remote says, else the one of the usual names that is there, else the
    /// one that is checked out.
    #[must_use]
    pub fn default_branch(&self) -> Option<String> {
        let ask =
            |arguments: &[&str]| run(&self.root, arguments).ok().filter(|said| !said.is_empty());
        let remote = ask(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]);
        if let Some(branch) = remote.as_deref().and_then(|name| name.strip_prefix("origin/")) {
            return Some(branch.to_owned());
        }
        let is_there = |name: &&str| {
            ["refs/heads", "refs/remotes/origin"].iter().any(|kind| {
                ask(&["rev-parse", "--verify", "--quiet", &format!("{kind}/{name}")]).is_some()
            })
        };
        let usual = ["main", "master", "trunk"].into_iter().find(is_there).map(str::to_owned);
        usual.or_else(|| ask(&["symbolic-ref", "--quiet", "--short", "HEAD"]))
    }

    /// The whole id of a commit.
    ///
    /// # Errors
    /// The repository does not have it, as a sentence.
    pub fn commit(&self, revision: &str) -> Result<String, String> {
        if revision.starts_with('-') {
            return Err(format!("`{revision}` is no revision"));
        }
        run(&self.root, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
            .map_err(|_| format!("the commit `{revision}` is not in this clone"))
    }

    /// Fetches a commit and its parents, when the clone is shallow.
    ///
    /// # Errors
    /// What git said.
    pub fn fetch(&self, commit: &str) -> Result<(), String> {
        run(&self.root, &["fetch", "--quiet", "--no-tags", "--depth=2", "origin", commit])
            .map(|_| ())
    }

    /// The files of a commit.
    ///
    /// # Errors
    /// What git said.
    pub fn revision(&self, commit: &str, below: Arc<dyn FileSystem>) -> Result<Revision, String> {
        let listed = run_bytes(&self.root, &["ls-tree", "-r", "-z", "--full-tree", commit])?;
        let mut files = BTreeMap::new();
        for line in listed.split(|byte| *byte == 0) {
            // `mode SP type SP id TAB path`; submodules are of type `commit`.
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let Some((about, path)) = line.split_once('\t') else { continue };
            let mut about = about.split(' ');
            if let (Some(mode), Some("blob"), Some(id)) = (about.next(), about.next(), about.next())
            {
                let entry = Entry { is_link: mode == "120000", id: id.to_owned() };
                files.insert(self.root.join(path), entry);
            }
        }
        let mut child = command(&self.root, &["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("`git` cannot be started: {error}"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("`git` has no input or output".to_owned());
        };
        let reader = Mutex::new(Reader { child, stdin, stdout: BufReader::new(stdout) });
        Ok(Revision { root: self.root.clone(), files, reader, below })
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    // Nobody is there to answer a question.
    command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
    command
}

fn run_bytes(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = command(folder, arguments)
        .output()
        .map_err(|error| format!("`git` cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("`git` failed").to_owned())
}

fn run(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = run_bytes(folder, arguments)?;
    Ok(String::from_utf8_lossy(&output).trim_end().to_owned())
}

impl Reader {
    fn read(&mut self, id: &str) -> io::Result<Vec<u8>> {
        writeln!(self.stdin, "{id}")?;
        self.stdin.flush()?;
        let mut head = String::new();
        self.stdout.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let size = size.ok_or(io::ErrorKind::NotFound)?;
        let mut bytes = vec![0; size + 1];
        self.stdout.read_exact(&mut bytes)?;
        // A line feed ends the answer.
        bytes.pop();
        Ok(bytes)
    }
}

impl Revision {
    fn is_ours(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
            && !path.components().any(|part| part.as_os_str() == "node_modules")
    }

    fn blob(&self, id: &str) -> io::Result<Vec<u8>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).read(id)
    }

    fn is_folder(&self, path: &Path) -> bool {
        // `BTreeMap` sorts paths by component, so what lies in a folder comes right behind its name.
        path == self.root
            || self
                .files
                .range(path.to_path_buf()..)
                .find(|(file, _)| *file != path)
                .is_some_and(|(file, _)| file.starts_with(path))
    }

    /// The path with the links of the revision followed.
    fn resolved(&self, path: &Path) -> io::Result<PathBuf> {
        let mut path = normalize(path);
        for _ in 0..MOST_LINKS {
            let link = path
                .ancestors()
                .find_map(|at| Some((at, self.files.get(at).filter(|entry| entry.is_link)?)));
            let Some((at, entry)) = link else { return Ok(path) };
            let target = String::from_utf8_lossy(&self.blob(&entry.id)?).into_owned();
            let rest = path.strip_prefix(at).unwrap_or(Path::new("")).to_path_buf();
            let folder = at.parent().unwrap_or(&self.root);
            path = normalize(&folder.join(target).join(rest));
        }
        Err(io::Error::other("too many symbolic links"))
    }
}

impl FileSystem for Revision {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = self.resolved(path)?;
        if !self.is_ours(&path) {
            return self.below.read(&path);
        }
        let entry = self.files.get(&path).ok_or(io::ErrorKind::NotFound)?;
        self.blob(&entry.id)
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        let path = self.resolved(path)?;
        if self.is_ours(&path) { self.symlink_kind(&path) } else { self.below.kind(&path) }
    }

    fn symlink_kind(&self, path: &Path) -> io::Result<FileKind> {
        let path = normalize(path);
        if !self.is_ours(&path) {
            return self.below.symlink_kind(&path);
        }
        match self.files.get(&path) {
            Some(entry) if entry.is_link => Ok(FileKind::Symlink),
            Some(_) => Ok(FileKind::File),
            None if self.is_folder(&path) => Ok(FileKind::Directory),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let path = normalize(path);
        match self.files.get(&path).filter(|entry| entry.is_link) {
            Some(entry) => {
                Ok(PathBuf::from(String::from_utf8_lossy(&self.blob(&entry.id)?).as_ref()))
            }
            None if self.is_ours(&path) => Err(io::ErrorKind::InvalidInput.into()),
            None => self.below.read_link(&path),
        }
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let path = self.resolved(path)?;
        if !self.is_ours(&path) {
            return self.below.canonicalize(&path);
        }
        self.symlink_kind(&path).map(|_| path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let path = self.resolved(path)?;
        if !self.is_ours(&path) {
            return self.below.read_dir(&path);
        }
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&path).ok()?.components().next())
            .map(|name| name.as_os_str().to_string_lossy().into_owned())
            .collect();
        // Packages lie on the disk.
        if self.below.kind(&path.join("node_modules")).is_ok() {
            names.push("node_modules".to_owned());
        }
        names.sort_unstable();
        names.dedup();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }
}
