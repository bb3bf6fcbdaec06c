//! Packages that Yarn keeps in archives: with Plug'n'Play, the paths that `.pnp.cjs` gives lead into them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pnp::fs::{FileType, LruZipCache, VPath, VPathInfo as _, ZipCache as _, open_zip_via_read_p};

use crate::fs::{FileKind, FileSystem};

/// How many archives are open at once.
const OPEN_ARCHIVES: u64 = 50;

/// Whether a project has its packages in that way: the table stands in its folder or above.
pub(crate) fn is_used(root: &Path, files: &dyn FileSystem) -> bool {
    let has_table = |folder: &Path| files.kind(&folder.join(".pnp.cjs")).is_ok();
    root.ancestors().any(has_table)
}

/// Files, and those in archives.
pub(crate) struct WithArchives {
    files: Arc<dyn FileSystem>,
    archives: LruZipCache<Vec<u8>>,
}

impl WithArchives {
    pub(crate) fn new(files: Arc<dyn FileSystem>) -> Self {
        Self { files, archives: LruZipCache::new(OPEN_ARCHIVES, open_zip_via_read_p) }
    }

    fn kind_in(&self, archive: &Path, path: &str) -> io::Result<FileKind> {
        Ok(match self.archives.file_type(archive, path)? {
            FileType::File => FileKind::File,
            FileType::Directory => FileKind::Directory,
        })
    }
}

/// What a path means: a file in an archive, or another path.
fn on<T>(
    path: &Path,
    in_archive: impl FnOnce(&Path, &str) -> io::Result<T>,
    on_disk: impl FnOnce(&Path) -> io::Result<T>,
) -> io::Result<T> {
    match VPath::from(path)? {
        VPath::Zip(place) => in_archive(&place.physical_base_path(), &place.zip_path),
        VPath::Virtual(place) => on_disk(&place.physical_base_path()),
        VPath::Native(path) => on_disk(&path),
    }
}

impl FileSystem for WithArchives {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        on(path, |archive, inner| self.archives.read(archive, inner), |path| self.files.read(path))
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        on(path, |archive, inner| self.kind_in(archive, inner), |path| self.files.kind(path))
    }

    fn symlink_kind(&self, path: &Path) -> io::Result<FileKind> {
        on(
            path,
            |archive, inner| self.kind_in(archive, inner),
            |path| self.files.symlink_kind(path),
        )
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let no_link = |_: &Path, _: &str| Err(io::Error::from(io::ErrorKind::InvalidInput));
        on(path, no_link, |path| self.files.read_link(path))
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        on(
            path,
            |archive, inner| Ok(self.files.canonicalize(archive)?.join(inner)),
            |path| self.files.canonicalize(path),
        )
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let unsupported = |_: &Path, _: &str| Err(io::Error::from(io::ErrorKind::Unsupported));
        on(path, unsupported, |path| self.files.read_dir(path))
    }
}
