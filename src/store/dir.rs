//! A local folder as a store; write to a temporary name, then rename.

use std::io;
use std::path::PathBuf;

use super::{Backend, check_key};
use crate::fs::{DiskFileSystem, FileSystem as _, size, write_atomically};

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
    fn read(&self, key: &str) -> io::Result<Vec<u8>> {
        DiskFileSystem.read(&self.path(key)?)
    }

    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        write_atomically(&self.path(key)?, bytes)
    }

    fn size(&self, key: &str) -> io::Result<Option<u64>> {
        size(&self.path(key)?)
    }
}
