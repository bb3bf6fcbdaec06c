//! A local folder as a store; write to a temporary name, then rename.

use std::io;
use std::path::PathBuf;

use super::backend::{Attributes, Backend, Listed, Stored, Tag, check_key};
use crate::artifact::{Body, Digest};
use crate::fs::{
    DiskFileSystem, FileSystem as _, modified, read_pieces, remove, size, walk, with_lock,
    write_atomically,
};

/// Name of the lock that a swap holds, beside the value.
const LOCK: &str = ".lock";

/// The folder.
pub(super) struct Dir {
    root: PathBuf,
}

impl Dir {
    /// A store below `root`, which need not exist yet.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, key: &str) -> io::Result<PathBuf> {
        check_key(key)?;
        Ok(self.root.join(key))
    }
}

impl Backend for Dir {
    /// Whoever serves a folder knows files by their endings.
    fn keeps_encodings(&self) -> bool {
        false
    }

    fn read(&self, key: &str) -> io::Result<(Vec<u8>, Tag)> {
        let bytes = DiskFileSystem.read(&self.path(key)?)?;
        let tag = Tag(Digest::of(&bytes).to_hex());
        Ok((bytes, tag))
    }

    fn read_pieces(
        &self,
        key: &str,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        read_pieces(&self.path(key)?, take)
    }

    fn write(&self, key: &str, body: &Body, _: &Attributes) -> io::Result<()> {
        write_atomically(&self.path(key)?, body.bytes())
    }

    fn swap(&self, key: &str, bytes: &[u8], expected: Option<&Tag>) -> io::Result<()> {
        let path = self.path(key)?;
        with_lock(&path.with_file_name(LOCK), || {
            let present = match self.read(key) {
                Ok((_, tag)) => Some(tag),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            if present.as_ref() != expected {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            write_atomically(&path, bytes)
        })
    }

    fn stored(&self, key: &str, needs_digest: bool) -> io::Result<Option<Stored>> {
        let path = self.path(key)?;
        let Some(bytes) = size(&path)? else { return Ok(None) };
        let digest =
            needs_digest.then(|| Digest::of_pieces(|take| read_pieces(&path, take))).transpose()?;
        Ok(Some(Stored { bytes: Some(bytes), digest, ..Stored::default() }))
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Listed>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let files = match walk(&self.root.join(folder)) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut listed = Vec::new();
        for file in files {
            let key = if folder.is_empty() { file } else { format!("{folder}/{file}") };
            // Locks, and what a writer that was killed left behind.
            let is_ours = key.rsplit('/').next().is_some_and(|name| {
                name != LOCK && !(name.starts_with('.') && name.ends_with(".tmp"))
            });
            if !key.starts_with(prefix) || !is_ours {
                continue;
            }
            let path = self.root.join(&key);
            // What another run removed meanwhile is not there.
            if let Some(bytes) = size(&path)? {
                let modified = modified(&path).unwrap_or_default();
                listed.push(Listed { key, bytes, modified });
            }
        }
        Ok(listed)
    }

    fn remove(&self, keys: &[String]) -> io::Result<()> {
        for key in keys {
            match remove(&self.path(key)?) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Waiting for the disk is most of the work.
    fn concurrency(&self) -> usize {
        8
    }
}
