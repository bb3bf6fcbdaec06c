//! `Store`: where deployments go. It takes what is sealed and nothing else.
//!
//! Below the name of a deployment stand content-addressed `objects/`, one folder a build in `builds/`, the `index.json`
//! of builds, and `channels/`, each a pointer to the build that is live in it. They are written in that order, so that
//! nothing a reader follows points to what is not there. `docs/store.md` has the whole layout.

mod backend;
mod credentials;
mod deploy;
mod dir;
mod memory;
mod profile;
mod registry;
mod release;
mod s3;

use std::io;
use std::path::Path;

pub use credentials::{Credentials, S3Access};
pub use deploy::{Deployed, Deployment, Layout, ReadBack, Sizes, Step};
pub use profile::VARIABLES as PROFILE_VARIABLES;
pub use registry::{Build, Found, IndexEntry, PENDING, Prune, Pruned};

use crate::artifact::OutputPath;
use backend::Backend;

/// Why something in a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL of the store cannot be used.
    #[error(
        "`{0}` is not a store: write `r2://BUCKET/PREFIX`, `s3://BUCKET/PREFIX`, `dir:PATH` or `memory:`"
    )]
    Url(String),
    /// What a store needs from the environment is missing.
    #[error("{0}")]
    Access(String),
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
    /// There is no such build, channel or deployment.
    #[error("{0}")]
    Missing(String),
    /// Another run was faster.
    #[error(
        "another run made build {build} live in `{channel}` meanwhile; this one is stored, and not live"
    )]
    Lost {
        /// The channel.
        channel: String,
        /// What is live in it now.
        build: String,
    },
    /// Another run wrote files under the same names meanwhile.
    #[error(
        "another run stored `{0}` meanwhile, so its files may be of both; run again, and let runs wait for each other with \
         `concurrency` in the workflow"
    )]
    Mixed(String),
    /// What was read back is not what was sent.
    #[error("`{key}` is not what was sent: {what}")]
    ReadBack {
        /// On which key.
        key: String,
        /// What differs.
        what: String,
    },
}

/// Says which operation on which key failed.
fn on(operation: &'static str, key: &str) -> impl FnOnce(io::Error) -> StoreError {
    let key = key.to_owned();
    move |source| StoreError::Operation { operation, key, source }
}

/// A place for deployments.
pub struct Store {
    backend: Box<dyn Backend>,
}

impl Store {
    /// Opens the store of a URL; a relative folder is below `root`. Nothing is asked of a network yet.
    pub fn open(url: &str, root: &Path, access: &S3Access) -> Result<Self, StoreError> {
        let wrong = || StoreError::Url(url.to_owned());
        let backend: Box<dyn Backend> = match url.split_once(':').ok_or_else(wrong)? {
            ("dir", path) if !path.is_empty() => {
                Box::new(dir::Dir::new(crate::fs::normalize(&root.join(path))))
            }
            ("memory", "") => Box::new(memory::Memory::default()),
            (scheme @ ("r2" | "s3"), rest) => {
                let rest = rest.strip_prefix("//").ok_or_else(wrong)?.trim_end_matches('/');
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() || (!prefix.is_empty() && OutputPath::new(prefix).is_err()) {
                    return Err(wrong());
                }
                let credentials = access.credentials(scheme == "r2", bucket, prefix)?;
                Box::new(s3::S3::new(bucket, prefix, credentials)?)
            }
            _ => return Err(wrong()),
        };
        Ok(Self { backend })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{ArtifactKind, Body, BuildArtifact, Digest};
    use crate::seal::{About, Keys, Sealed, seal};

    fn sealed(text: &str) -> Sealed {
        let artifact = BuildArtifact {
            path: OutputPath::new("購物車.js").unwrap(),
            kind: ArtifactKind::EntryPoint,
            loader: "ts",
            content_hash: "ABCDEFGH".into(),
            is_immutable: false,
            source_map: None,
            runtime: None,
            body: Body::new(text.as_bytes().to_vec()),
        };
        let search = crate::leak::Search::new(&[], false);
        let (scanned, _) =
            crate::leak::scan(vec![artifact], &search, "dist", true, |_| false).unwrap();
        seal(&scanned, About { name: "app".into(), ..About::default() }, Keys::default())
    }

    fn open(url: &str, root: &Path) -> Result<Store, StoreError> {
        Store::open(url, root, &S3Access::default())
    }

    /// What holds for every store; `tests/it/store.rs` asks the same of a server.
    fn store_contract(store: &Store) {
        let put = |sealed: &Sealed| store.put(sealed, &Deployment::default(), &|_| {}).unwrap();
        let live = || store.live("app", "latest").unwrap();
        let bytes_of = |digest| {
            let mut bytes = Vec::new();
            let mut take = |piece: &[u8]| {
                bytes.extend_from_slice(piece);
                Ok(())
            };
            store.object("app", digest, &mut take).map(|()| bytes)
        };
        let object = |sealed: &Sealed| bytes_of(sealed.objects()[0].digest);
        assert!(live().is_none());
        let first = sealed("one");
        assert_eq!(put(&first).written, 1);
        let found = live().unwrap();
        assert_eq!(found.build_id, first.manifest().build_id);
        assert_eq!(found.read.lock, first.lock());
        assert_eq!(object(&first).unwrap(), b"one");
        let again = put(&first);
        assert_eq!((again.written, again.kept), (0, 1));
        let second = sealed("two");
        put(&second);
        assert_eq!(live().unwrap().build_id, second.manifest().build_id);
        // The first build is still there, and one write brings it back.
        assert_eq!(object(&first).unwrap(), b"one");
        assert_eq!(store.rollback("app", "latest", None).unwrap(), first.manifest().build_id);
        assert_eq!(live().unwrap().build_id, first.manifest().build_id);
        let builds = store.builds("app").unwrap();
        assert_eq!(builds.len(), 2);
        // What is live stays, whatever the policy says.
        let third = sealed("three");
        put(&third);
        store.promote("app", "stable", &second.manifest().build_id).unwrap();
        let pruned =
            store.prune("app", &Prune { keep: 1, ..Prune::default() }, u64::MAX, false).unwrap();
        assert_eq!(pruned.builds, [first.manifest().build_id.clone()]);
        assert_eq!(store.builds("app").unwrap().len(), 2);
        assert_eq!(object(&first).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(object(&second).unwrap(), b"two");
        assert!(store.rollback("app", "latest", None).is_err());
        assert!(store.promote("app", "latest", &first.manifest().build_id).is_err());
        assert!(store.backend.write("../x", &Body::new(*b""), &Default::default()).is_err());
        assert_eq!(bytes_of(Digest::of(b"four")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn memory() {
        store_contract(&open("memory:", Path::new("/")).unwrap());
    }

    #[test]
    fn dir() {
        let folder = tempfile::tempdir().unwrap();
        store_contract(&open("dir:store", folder.path()).unwrap());
        let left = crate::fs::walk(folder.path()).unwrap();
        assert!(left.iter().all(|path| !path.ends_with(".tmp")), "{left:?}");
    }

    #[test]
    fn a_swap_is_won_once() {
        let folder = tempfile::tempdir().unwrap();
        for store in
            [open("memory:", folder.path()).unwrap(), open("dir:.", folder.path()).unwrap()]
        {
            let won = std::sync::atomic::AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for index in 0..8u8 {
                    let (store, won) = (&store, &won);
                    scope.spawn(move || {
                        if store.backend.swap("a/b", &[index], None).is_ok() {
                            won.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!(won.into_inner(), 1);
        }
    }

    #[test]
    fn urls() {
        for bad in ["", "dir:", "ftp://x", "memory:x", "r2:", "r2://", "s3:///x", "s3://b/../x"] {
            assert!(matches!(open(bad, Path::new("/")), Err(StoreError::Url(_))), "{bad}");
        }
        assert!(matches!(open("r2://bucket", Path::new("/")), Err(StoreError::Access(_))));
    }
}
