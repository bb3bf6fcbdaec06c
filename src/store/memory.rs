//! A map as a store, for tests and previews.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use super::backend::{Attributes, Backend, Listed, Stored, Tag, check_key};
use crate::artifact::{Body, Digest};

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

fn tag(bytes: &[u8]) -> Tag {
    Tag(Digest::of(bytes).to_hex())
}

impl Backend for Memory {
    fn read(&self, key: &str) -> io::Result<(Vec<u8>, Tag)> {
        let bytes = self
            .with(key, |values| values.get(key).cloned())?
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let tag = tag(&bytes);
        Ok((bytes, tag))
    }

    fn read_pieces(
        &self,
        key: &str,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        take(&self.read(key)?.0)
    }

    fn write(&self, key: &str, body: &Body, _: &Attributes) -> io::Result<()> {
        self.with(key, |values| {
            values.insert(key.to_owned(), body.bytes().to_vec());
        })
    }

    fn swap(&self, key: &str, bytes: &[u8], expected: Option<&Tag>) -> io::Result<()> {
        self.with(key, |values| {
            if values.get(key).map(|present| tag(present)).as_ref() != expected {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            values.insert(key.to_owned(), bytes.to_vec());
            Ok(())
        })?
    }

    fn stored(&self, key: &str, _: bool) -> io::Result<Option<Stored>> {
        self.with(key, |values| {
            values.get(key).map(|bytes| Stored {
                bytes: Some(bytes.len() as u64),
                digest: Some(Digest::of(bytes)),
                ..Stored::default()
            })
        })
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Listed>> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(values
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(key, bytes)| Listed { key: key.clone(), bytes: bytes.len() as u64, modified: 0 })
            .collect())
    }

    fn remove(&self, keys: &[String]) -> io::Result<()> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            values.remove(key);
        }
        Ok(())
    }
}
