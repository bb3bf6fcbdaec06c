//! `FileSystem`: the one way to the disk for reading, and an in-memory one that can stand in or lie over it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

thread_local! {
    /// Memory for [`show_file`], which is used again: fresh memory costs as much as reading a file does.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Files of this many bytes are looked at in a copy on the disk instead of in memory.
const COPIED_BYTES: usize = 128 << 20;

fn changed() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it was changed while it was read")
}

/// Shows the bytes of a file on the disk, which are gone afterwards.
///
/// # Errors
/// It cannot be read.
pub fn show_file(path: &Path, show: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    // Read or copied, and not mapped: whoever shortens a file that is mapped ends this process.
    if size >= COPIED_BYTES {
        let (copy, copied) = spool(|to| io::copy(&mut file, to))?;
        if copied != size as u64 {
            return Err(changed());
        }
        show(copy.bytes());
        return Ok(());
    }
    // Taken out, so that looking at one file may look at another.
    let mut buffer = BUFFER.take();
    if size >= MAPPED_BYTES {
        buffer = vec![0; size];
    } else if buffer.len() < size {
        buffer.resize(size, 0);
    }
    let mut length = 0;
    let mut read = Ok(());
    while length < size && read.is_ok() {
        match file.read(&mut buffer[length..size]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => read = Err(error),
        }
    }
    if read.is_ok() && (length < size || file.read(&mut [0])? > 0) {
        read = Err(changed());
    }
    if read.is_ok() {
        show(&buffer[..length]);
    }
    if buffer.capacity() <= MAPPED_BYTES {
        BUFFER.replace(buffer);
    }
    read
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link (only from [`FileSystem::symlink_kind`]).
    Symlink,
    /// A device, socket or pipe: never read.
    Other,
}

/// Reading access to files. Every error is the plain [`io::Error`] of the operation.
pub trait FileSystem: Send + Sync {
    /// The whole file, as bytes.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What the path names, links followed.
    fn kind(&self, path: &Path) -> io::Result<FileKind>;
    /// What the path names, links not followed.
    fn symlink_kind(&self, path: &Path) -> io::Result<FileKind>;
    /// The target of a symbolic link, as written.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;
    /// The absolute path with every link resolved.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;
    /// The names in a folder, sorted bytewise.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>>;
}

/// Adds the files in a folder to `names`, as paths relative to `base`, with `/`; with `is_deep` also those in folders
/// below it. Packages and hidden files are left out: no pattern means them.
pub(crate) fn list_files(
    files: &dyn FileSystem,
    base: &Path,
    folder: &str,
    is_deep: bool,
    names: &mut Vec<String>,
) {
    for name in files.read_dir(&base.join(folder)).unwrap_or_default() {
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        match files.kind(&base.join(&path)) {
            Ok(FileKind::File) => names.push(path),
            Ok(FileKind::Directory) if is_deep => list_files(files, base, &path, true, names),
            _ => {}
        }
    }
}

/// The real disk.
#[derive(Debug, Default, Clone, Copy)]
pub struct DiskFileSystem;

fn kind_of(file_type: std::fs::FileType) -> FileKind {
    if file_type.is_file() {
        FileKind::File
    } else if file_type.is_dir() {
        FileKind::Directory
    } else if file_type.is_symlink() {
        FileKind::Symlink
    } else {
        FileKind::Other
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the door that the lint sends everyone else to"
)]
impl FileSystem for DiskFileSystem {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        Ok(kind_of(std::fs::metadata(path)?.file_type()))
    }

    fn symlink_kind(&self, path: &Path) -> io::Result<FileKind> {
        Ok(kind_of(std::fs::symlink_metadata(path)?.file_type()))
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(path)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = entries(path)?
            .map(|entry| entry.map(|(name, _)| name))
            .collect::<io::Result<Vec<String>>>()?;
        names.sort_unstable();
        Ok(names)
    }
}

/// What is in a folder of the disk, with what the folder says of its kind: links are not followed.
fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<(String, FileKind)>>> {
    Ok(std::fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        let kind = kind_of(entry.file_type()?);
        let name = entry.file_name().into_string().map_err(|name| {
            let message = format!("the file name {} is not UTF-8", name.display());
            io::Error::new(ErrorKind::InvalidData, message)
        })?;
        Ok((name, kind))
    }))
}

/// Files held in memory, over another file system or alone.
///
/// A file in memory hides one on disk at the same path, and the folders that lead to it exist.
pub struct MemoryFileSystem {
    files: BTreeMap<PathBuf, Arc<[u8]>>,
    below: Option<Arc<dyn FileSystem>>,
}

impl MemoryFileSystem {
    /// A file system of `files` (absolute paths) alone, or over `below`.
    #[must_use]
    pub fn new(files: BTreeMap<PathBuf, Arc<[u8]>>, below: Option<Arc<dyn FileSystem>>) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (normalize(&path), bytes)).collect();
        Self { files, below }
    }

    fn is_directory(&self, path: &Path) -> bool {
        self.files
            .range(path.to_path_buf()..)
            .take_while(|(file, _)| file.starts_with(path))
            .any(|(file, _)| file.as_path() != path)
    }

    fn or_below<T>(&self, get: impl FnOnce(&dyn FileSystem) -> io::Result<T>) -> io::Result<T> {
        match &self.below {
            Some(below) => get(below.as_ref()),
            None => Err(io::Error::from(ErrorKind::NotFound)),
        }
    }
}

impl FileSystem for MemoryFileSystem {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.files.get(&normalize(path)) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => self.or_below(|below| below.read(path)),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        let normal = normalize(path);
        if self.files.contains_key(&normal) {
            Ok(FileKind::File)
        } else if self.is_directory(&normal) {
            Ok(FileKind::Directory)
        } else {
            self.or_below(|below| below.kind(path))
        }
    }

    fn symlink_kind(&self, path: &Path) -> io::Result<FileKind> {
        let normal = normalize(path);
        if self.files.contains_key(&normal) || self.is_directory(&normal) {
            return self.kind(path);
        }
        self.or_below(|below| below.symlink_kind(path))
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.or_below(|below| below.read_link(path))
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let normal = normalize(path);
        if self.files.contains_key(&normal) || self.is_directory(&normal) {
            return Ok(normal);
        }
        self.or_below(|below| below.canonicalize(path))
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let normal = normalize(path);
        let mut names = match self.or_below(|below| below.read_dir(path)) {
            Ok(names) => names,
            Err(_) if self.is_directory(&normal) => Vec::new(),
            Err(error) => return Err(error),
        };
        for file in self.files.keys() {
            if let Ok(rest) = file.strip_prefix(&normal)
                && let Some(Component::Normal(name)) = rest.components().next()
            {
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

/// The path with `.` and `..` resolved as text, links not followed.
#[must_use]
pub fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() && !normal.has_root() {
                    normal.push("..");
                }
            }
            other => normal.push(other),
        }
    }
    normal
}

/// Where a path leads: links followed as far as it is there, the rest as it is written.
#[must_use]
pub fn real(path: &Path) -> PathBuf {
    let path = normalize(path);
    for above in path.ancestors() {
        if let Ok(real) = DiskFileSystem.canonicalize(above) {
            return match path.strip_prefix(above) {
                Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
                _ => real,
            };
        }
    }
    path
}

/// The path of `to` as seen from the folder `from`, with `/` between parts; both absolute.
#[must_use]
pub fn relative(from: &Path, to: &Path) -> String {
    let (from, to) = (normalize(from), normalize(to));
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count() - common;
    let mut parts: Vec<String> = vec!["..".to_owned(); up];
    parts.extend(
        to.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned()),
    );
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// A path below a folder, both relative, with `/` between parts and `.` and `..` resolved as text; one that is absolute, or
/// no path of a file but a URL, stays.
#[must_use]
pub fn join(folder: &str, path: &str) -> String {
    let first = path.split('/').next().unwrap_or_default();
    if path.starts_with('/') || first.ends_with(':') {
        return path.to_owned();
    }
    let joined = normalize(&Path::new(folder).join(path));
    joined.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// All regular files under `root`, as paths relative to it with `/`, sorted bytewise. Links are not followed.
///
/// # Errors
/// The first folder that cannot be read; a link or a special file, which nothing downstream could vouch for.
pub fn walk(root: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in entries(&root.join(&folder))? {
            let (name, kind) = entry?;
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match kind {
                FileKind::File => files.push(path),
                FileKind::Directory => folders.push(path),
                FileKind::Symlink => {
                    return Err(io::Error::other(format!("`{path}` is a symbolic link")));
                }
                FileKind::Other => {
                    return Err(io::Error::other(format!("`{path}` is not a regular file")));
                }
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// All files that reading `root` would find, links followed, as paths relative to it with `/`, sorted bytewise. A folder
/// that was seen before, and a link to nothing, are left out.
///
/// # Errors
/// The first folder that cannot be read.
pub fn walk_following(root: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(folder) = folders.pop() {
        if !seen.insert(DiskFileSystem.canonicalize(&root.join(&folder))?) {
            continue;
        }
        for entry in entries(&root.join(&folder))? {
            let (name, mut kind) = entry?;
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if kind == FileKind::Symlink {
                kind = DiskFileSystem.kind(&root.join(&path)).unwrap_or(FileKind::Other);
            }
            match kind {
                FileKind::File => files.push(path),
                FileKind::Directory => folders.push(path),
                FileKind::Symlink | FileKind::Other => {}
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Writes a whole file so that a reader sees the old bytes or the new, never a part: to a temporary name beside it,
/// to the disk, then renamed. Folders that are missing are made.
///
/// # Errors
/// That of the failing step; the temporary file is removed again.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_then_rename(path, bytes, true)
}

fn write_then_rename(path: &Path, bytes: &[u8], to_disk: bool) -> io::Result<()> {
    use std::io::Write;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
    let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written = (|| {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        if to_disk {
            file.sync_all()?;
        }
        std::fs::rename(&temporary, path)?;
        // The name is on the disk when the folder is.
        if to_disk && cfg!(unix) {
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    })();
    if written.is_err() {
        // The first error is the one worth telling; a leftover would only be a second symptom of it.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Writes what must not look like the file until all of it is there, with no promise about a power cut: build outputs.
///
/// # Errors
/// As [`write_atomically`].
pub fn write_output(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A large one that is there as it should be is left alone: it may be the very one that was read.
    if bytes.len() >= MAPPED_BYTES && content(path).is_ok_and(|there| there.bytes() == bytes) {
        return Ok(());
    }
    write_then_rename(path, bytes, false)
}

/// Writes a file that only its owner may read (mode 0600 where there are modes). It must not be there yet.
///
/// # Errors
/// The file is there, or cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

/// Writes a file that must not be there yet; folders that are missing are made.
///
/// # Errors
/// The file is there, or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    io::Write::write_all(&mut file, bytes)
}

/// Lets everybody who may read a file run it, where there are modes.
///
/// # Errors
/// It is not there, or is somebody else's.
pub fn make_executable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = std::fs::metadata(path)?.permissions();
        let mode = permissions.mode();
        // Each right to read becomes one to run, too.
        permissions.set_mode(mode | ((mode & 0o444) >> 2));
        std::fs::set_permissions(path, permissions)?;
    }
    let _ = path;
    Ok(())
}

/// Adds to the end of a file, which is made when it is missing.
///
/// # Errors
/// The file cannot be written.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    io::Write::write_all(&mut file, bytes)
}

/// Removes a file.
///
/// # Errors
/// It is not there, or may not be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// Files of this many bytes and more are mapped into memory instead of being read: copying them costs more than that.
const MAPPED_BYTES: usize = 256 << 10;

/// The bytes of a file.
pub enum Content {
    /// In memory of ours.
    Read(Vec<u8>),
    /// The same, known to be text.
    Text(String),
    /// Pages of the file, which the system fetches when they are looked at and may take back. Who changes the file in
    /// place changes them, too; what replaces it does not.
    Mapped(mmap_io::MemoryMappedFile),
}

impl Content {
    /// All of them as text, if they are UTF-8. What was made as text is not looked at again.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => std::str::from_utf8(self.bytes()).ok(),
        }
    }

    /// All of them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Text(text) => text.as_bytes(),
            Self::Mapped(file) => {
                file.as_slice_bytes(0, file.len()).expect("all of it is mapped for reading")
            }
        }
    }
}

/// The bytes of a file, without reading those of a large one yet.
///
/// # Errors
/// The file cannot be read.
pub fn content(path: &Path) -> io::Result<Content> {
    // Windows does not let a file be replaced that is mapped.
    if cfg!(unix) && std::fs::metadata(path)?.len() >= MAPPED_BYTES as u64 {
        return mapped(path);
    }
    DiskFileSystem.read(path).map(Content::Read)
}

fn mapped(path: &Path) -> io::Result<Content> {
    mmap_io::MemoryMappedFile::open_ro(path).map(Content::Mapped).map_err(io::Error::other)
}

/// Writes to a temporary file, which is gone when its content is no longer needed.
///
/// # Errors
/// It cannot be made, or what `write` returns.
pub fn spool<T>(
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<T>,
) -> io::Result<(Content, T)> {
    let mut file = io::BufWriter::new(tempfile::NamedTempFile::new()?);
    let result = write(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((content(file.path())?, result))
}

/// Files that shall appear together or not at all: they are written beside the folder that they are for, and moved into it
/// when all are there.
pub struct Staging {
    files: tempfile::TempDir,
    into: PathBuf,
}

impl Staging {
    /// For a folder, which need not be there.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn new(into: &Path) -> io::Result<Self> {
        // On the same disk, so that files can be moved.
        let place = into.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        let files = tempfile::Builder::new().prefix(".bundlegate-").tempdir_in(place)?;
        Ok(Self { files, into: into.to_path_buf() })
    }

    /// Where the files are until then.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.files.path()
    }

    /// A new file, to be written to; `path` is relative to the folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(&self, path: &str) -> io::Result<std::fs::File> {
        let path = self.files.path().join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::File::create_new(path)
    }

    /// Moves all files into the folder, and says how many there are.
    ///
    /// # Errors
    /// One cannot be moved; its path comes first.
    pub fn finish(self) -> Result<usize, (String, io::Error)> {
        let files = walk(self.files.path()).map_err(|error| (".".to_owned(), error))?;
        for path in &files {
            let target = self.into.join(path);
            let moved = target
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::rename(self.files.path().join(path), &target));
            moved.map_err(|error| (path.clone(), error))?;
        }
        Ok(files.len())
    }
}

/// Reads a file in pieces of a MiB at most, so that its size does not matter.
///
/// # Errors
/// The file cannot be read, or what `take` returns.
pub fn read_pieces(path: &Path, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    use std::io::Read;
    let mut file = std::fs::File::open(path)?;
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            length => take(piece.get(..length).unwrap_or_default())?,
        }
    }
}

/// Does something while no other process does the same under this lock; one that is killed lets go of it.
///
/// # Errors
/// The lock cannot be made, or what `act` returns.
pub fn with_lock<T>(path: &Path, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.lock()?;
    act()
}

/// When a file was written, in seconds since 1970.
///
/// # Errors
/// It cannot be looked at.
pub fn modified(path: &Path) -> io::Result<u64> {
    let time = std::fs::metadata(path)?.modified()?;
    Ok(time.duration_since(std::time::UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default())
}

/// When a file was written, in nanoseconds since 1970, and how large it is: what changes with it. `None` when there is none.
#[must_use]
pub fn stamp(path: &Path) -> Option<(u128, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((since.as_nanos(), metadata.len()))
}

/// Size of a file in bytes, or `None` when there is none.
///
/// # Errors
/// It cannot be looked at.
pub fn size(path: &Path) -> io::Result<Option<u64>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths() {
        #[track_caller]
        fn check(from: &str, to: &str, expected: &str) {
            assert_eq!(relative(Path::new(from), Path::new(to)), expected);
        }
        check("/a/b", "/a/b/c.js", "c.js");
        check("/a/b", "/a/c/d.js", "../c/d.js");
        check("/a", "/a", ".");
        check("/", "/x", "x");
        assert_eq!(join("web", "src/a.ts"), "web/src/a.ts");
        assert_eq!(join("web", "../lib/a.ts"), "lib/a.ts");
        assert_eq!(join("", "./a.ts"), "a.ts");
        assert_eq!(join("web", "https://x.test/a.js"), "https://x.test/a.js");
    }

    #[test]
    fn memory_lies_over_what_is_below() {
        let below = MemoryFileSystem::new(
            BTreeMap::from([
                (PathBuf::from("/a/x"), Arc::from(*b"disk x")),
                (PathBuf::from("/a/y"), Arc::from(*b"disk y")),
            ]),
            None,
        );
        let over = MemoryFileSystem::new(
            BTreeMap::from([(PathBuf::from("/a/./x"), Arc::from(*b"new x"))]),
            Some(Arc::new(below)),
        );
        assert_eq!(over.read(Path::new("/a/x")).unwrap(), b"new x");
        assert_eq!(over.read(Path::new("/a/y")).unwrap(), b"disk y");
        assert_eq!(over.read_dir(Path::new("/a")).unwrap(), ["x", "y"]);
        assert_eq!(over.kind(Path::new("/a")).unwrap(), FileKind::Directory);
        assert!(over.read(Path::new("/a/z")).is_err());
    }
}
