//! `Store`: where deployments go. It takes what is sealed and nothing else.
//!
//! Below the name of a deployment stand content-addressed `objects/`, one folder a build in `builds/`, and
//! `latest.json`, which makes a build live. They are written in that order, so that nothing a reader follows points
//! to what is not there.

mod dir;
mod memory;

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::artifact::{Digest, OutputPath};
use crate::seal::{Read, Sealed, envelope, lock, manifest};

/// What kinds of store have in common. Keys are paths with `/`; values are whole files.
trait Backend: Send + Sync {
    /// All bytes of a key.
    fn read(&self, key: &str) -> io::Result<Vec<u8>>;
    /// Puts a whole value under a key; a reader sees the old or the new one, never a part.
    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()>;
    /// Size of the value of a key, or `None` when there is none.
    fn size(&self, key: &str) -> io::Result<Option<u64>>;
}

/// Why something in a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL of the store cannot be used.
    #[error("`{0}` is not a store: write `dir:PATH` or `memory:`")]
    Url(String),
    /// An operation on a key failed.
    #[error("{operation} `{key}`: {source}")]
    Operation {
        /// What was tried.
        operation: &'static str,
        /// On which key.
        key: String,
        /// What happened.
        source: io::Error,
    },
    /// The store holds something that is not ours.
    #[error("`{key}` cannot be read as {what}")]
    Content {
        /// On which key.
        key: String,
        /// What it should be.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether the store answered, but what it holds is not whole.
    #[must_use]
    pub fn is_content(&self) -> bool {
        match self {
            Self::Content { .. } => true,
            Self::Operation { source, .. } => source.kind() == io::ErrorKind::NotFound,
            Self::Url(_) => false,
        }
    }
}

/// A place for deployments.
pub struct Store {
    backend: Box<dyn Backend>,
}

/// The file that makes a build live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pointer {
    build_id: String,
}

/// A deployment that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Key of its manifest.
    pub manifest_key: String,
    /// Objects that were written.
    pub written: usize,
    /// Objects that were there already.
    pub kept: usize,
}

/// What a reader finds when it follows a deployment's pointer.
#[derive(Debug, Clone)]
pub struct Found {
    /// The build.
    pub build_id: String,
    /// Its lock, manifest and statement.
    pub read: Read,
}

impl Store {
    /// Opens the store of a URL; a relative folder is below `root`.
    pub fn open(url: &str, root: &Path) -> Result<Self, StoreError> {
        let backend: Box<dyn Backend> = match url.split_once(':') {
            Some(("dir", path)) if !path.is_empty() => {
                Box::new(dir::Dir::new(crate::fs::normalize(&root.join(path))))
            }
            Some(("memory", "")) => Box::new(memory::Memory::default()),
            _ => return Err(StoreError::Url(url.to_owned())),
        };
        Ok(Self { backend })
    }

    fn write(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let operation = "writing";
        self.backend.write(key, bytes).map_err(|source| StoreError::Operation {
            operation,
            key: key.to_owned(),
            source,
        })
    }

    /// Stores a deployment and makes it live: content first, then lock and manifest, then the pointer.
    pub fn put(&self, sealed: &Sealed) -> Result<Deployed, StoreError> {
        let name = &sealed.manifest().name;
        let (mut written, mut kept) = (0, 0);
        for object in sealed.objects() {
            let key = object_key(name, object.digest);
            let size = self.backend.size(&key).map_err(|source| StoreError::Operation {
                operation: "looking at",
                key: key.clone(),
                source,
            })?;
            if size == Some(object.body.bytes().len() as u64) {
                kept += 1;
            } else {
                self.write(&key, object.body.bytes())?;
                written += 1;
            }
        }
        let folder = build_folder(name, &sealed.manifest().build_id);
        self.write(&format!("{folder}/{}", lock::FILE_NAME), sealed.lock().as_bytes())?;
        if let Some(envelope) = sealed.envelope() {
            self.write(&format!("{folder}/{}", envelope::FILE_NAME), envelope.as_bytes())?;
        }
        let manifest_key = format!("{folder}/{}", manifest::FILE_NAME);
        self.write(&manifest_key, sealed.manifest().to_json().as_bytes())?;
        let pointer = Pointer { build_id: sealed.manifest().build_id.clone() };
        let pointer = serde_json::to_string(&pointer).expect("a struct of texts always serialises");
        self.write(&pointer_key(name), format!("{pointer}\n").as_bytes())?;
        Ok(Deployed { manifest_key, written, kept })
    }

    /// The live build of a name; `None` when there is none.
    pub fn live(&self, name: &str) -> Result<Option<Found>, StoreError> {
        let key = pointer_key(name);
        let bytes = match self.backend.read(&key) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Operation { operation: "reading", key, source }),
        };
        let pointer: Pointer = serde_json::from_slice(&bytes)
            .map_err(|_| StoreError::Content { key: key.clone(), what: "a pointer" })?;
        if Digest::from_hex(&pointer.build_id).is_none() {
            return Err(StoreError::Content { key, what: "a pointer" });
        }
        let folder = build_folder(name, &pointer.build_id);
        let read = |file: &str| {
            let key = format!("{folder}/{file}");
            self.backend.read(&key).map_err(|source| StoreError::Operation {
                operation: "reading",
                key,
                source,
            })
        };
        let lock_key = format!("{folder}/{}", lock::FILE_NAME);
        let lock = String::from_utf8(read(lock::FILE_NAME)?)
            .map_err(|_| StoreError::Content { key: lock_key, what: "a lock" })?;
        let envelope = match self.backend.read(&format!("{folder}/{}", envelope::FILE_NAME)) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => {
                let key = format!("{folder}/{}", envelope::FILE_NAME);
                return Err(StoreError::Operation { operation: "reading", key, source });
            }
        };
        let read = Read { lock, manifest: Some(read(manifest::FILE_NAME)?), envelope };
        Ok(Some(Found { build_id: pointer.build_id, read }))
    }

    /// The bytes of a file of a deployment, by its digest.
    pub fn object(&self, name: &str, digest: Digest) -> io::Result<Vec<u8>> {
        self.backend.read(&object_key(name, digest))
    }
}

fn object_key(name: &str, digest: Digest) -> String {
    let hex = digest.to_hex();
    let (folder, _) = hex.split_at(2);
    format!("{name}/objects/{folder}/{hex}")
}

fn build_folder(name: &str, build_id: &str) -> String {
    format!("{name}/builds/{build_id}")
}

fn pointer_key(name: &str) -> String {
    format!("{name}/latest.json")
}

/// Whether a key may be used: the rules for paths of artifacts hold for keys too.
fn check_key(key: &str) -> io::Result<()> {
    OutputPath::new(key)
        .map(|_| ())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{ArtifactKind, Body, BuildArtifact};
    use crate::seal::{About, Keys, seal};

    fn sealed(text: &str) -> Sealed {
        let artifact = BuildArtifact {
            path: OutputPath::new("購物車.js").unwrap(),
            kind: ArtifactKind::EntryPoint,
            loader: "ts",
            content_hash: "ABCDEFGH".into(),
            source_map: None,
            body: Body::new(text.as_bytes().to_vec()),
        };
        let search = crate::leak::Search::new(&[], false);
        let (scanned, _) = crate::leak::scan(vec![artifact], &search, "dist", |_| false).unwrap();
        seal(&scanned, About { name: "app".into(), ..About::default() }, Keys::default())
    }

    /// What holds for every store.
    fn store_contract(store: &Store) {
        assert!(store.live("app").unwrap().is_none());
        let first = sealed("one");
        assert_eq!(store.put(&first).unwrap().written, 1);
        let found = store.live("app").unwrap().unwrap();
        assert_eq!(found.build_id, first.manifest().build_id);
        assert_eq!(found.read.lock, first.lock());
        assert_eq!(store.object("app", first.objects()[0].digest).unwrap(), b"one");
        let again = store.put(&first).unwrap();
        assert_eq!((again.written, again.kept), (0, 1));
        let second = sealed("two");
        store.put(&second).unwrap();
        assert_eq!(store.live("app").unwrap().unwrap().build_id, second.manifest().build_id);
        // The first build is still there for a rollback.
        assert_eq!(store.object("app", first.objects()[0].digest).unwrap(), b"one");
        assert!(store.backend.write("../x", b"").is_err());
        assert_eq!(
            store.object("app", Digest::of(b"three")).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[test]
    fn memory() {
        store_contract(&Store::open("memory:", Path::new("/")).unwrap());
    }

    #[test]
    fn dir() {
        let folder = tempfile::tempdir().unwrap();
        store_contract(&Store::open("dir:store", folder.path()).unwrap());
        let left = crate::fs::walk(&crate::fs::DiskFileSystem, folder.path()).unwrap();
        assert!(left.iter().all(|path| !path.ends_with(".tmp")), "{left:?}");
    }

    #[test]
    fn urls() {
        for bad in ["", "dir:", "ftp://x", "memory:x"] {
            assert!(matches!(Store::open(bad, Path::new("/")), Err(StoreError::Url(_))), "{bad}");
        }
    }
}
