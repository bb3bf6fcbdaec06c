//! A map as a store, for tests and previews.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use super::{Backend, check_key};

/// The map.
#[derive(Default)]
pub(super) struct Memory {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Memory {
    fn with<T>(
        &self,
        key: &str,
        act: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T,
    ) -> io::Result<T> {
        check_key(key)?;
        // A value is put in whole, so a thread that panicked left nothing half done.
        Ok(act(&mut self.values.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Backend for Memory {
    fn read(&self, key: &str) -> io::Result<Vec<u8>> {
        self.with(key, |values| values.get(key).cloned())?
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        self.with(key, |values| {
            values.insert(key.to_owned(), bytes.to_vec());
        })
    }

    fn size(&self, key: &str) -> io::Result<Option<u64>> {
        self.with(key, |values| values.get(key).map(|bytes| bytes.len() as u64))
    }
}
