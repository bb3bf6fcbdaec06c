//! Storing a deployment so that a reader sees the old one or the new one, whole: objects, then the build's own files,
//! then the index, then the pointer. A run that is killed leaves objects, which the next run finds.

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::backend::Attributes;
use super::registry::index_entry;
use super::{Store, StoreError, on};
use crate::artifact::{Body, Digest};
use crate::seal::manifest::Entry;
use crate::seal::{
    Sealed, SealedObject, content_digest, envelope, lock, manifest, signature_parameters,
};

/// Above so many objects, what is there is asked in one listing instead of object by object.
const MOST_QUESTIONS: usize = 200;
/// For what has a digest in its name.
pub(super) const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// For what changes under its name.
const REVALIDATED: &str = "no-cache";

/// Where files stand in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Content-addressed objects, builds and channels.
    #[default]
    Registry,
    /// Under their own names, for a CDN that serves the bucket.
    Files,
}

/// What is asked of a store after it took everything, before the pointer is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadBack {
    /// Nothing: it confirmed each object.
    None,
    /// Whether everything is there in its size.
    #[default]
    List,
    /// All bytes, which are hashed.
    Full,
}

/// How a deployment is stored.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The channel in which it becomes live.
    pub channel: String,
    /// Where files stand.
    pub layout: Layout,
    /// What is read back.
    pub read_back: ReadBack,
    /// Metafile of the build, for reports that compare with it.
    pub metafile: Option<String>,
    /// Pictures of what the build is made of, for its folder, which only a registry has: name and SVG.
    pub pictures: Vec<(String, String)>,
    /// Sizes for the index.
    pub sizes: Sizes,
}

/// Sizes of a build in bytes, all outputs together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// As they are.
    pub raw: u64,
    /// With gzip.
    pub gzip: Option<u64>,
    /// With brotli.
    pub brotli: Option<u64>,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            channel: "latest".to_owned(),
            layout: Layout::default(),
            read_back: ReadBack::default(),
            metafile: None,
            pictures: Vec::new(),
            sizes: Sizes::default(),
        }
    }
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
    /// Bytes that were written.
    pub bytes: u64,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Objects that are done.
    pub done: usize,
    /// All objects.
    pub all: usize,
    /// Bytes that were written.
    pub bytes: u64,
}

/// One object on its way: its key, its bytes, and what is stored beside them.
struct Upload<'a> {
    key: String,
    body: &'a Body,
    attributes: Attributes,
}

impl Store {
    /// Stores a deployment and makes it live in its channel. `progress` is called after each object.
    ///
    /// # Errors
    /// Nothing of it is live then, but in the case of [`StoreError::Lost`] all of it is stored.
    pub fn put(
        &self,
        sealed: &Sealed,
        deployment: &Deployment,
        progress: &(dyn Fn(Step) + Sync),
    ) -> Result<Deployed, StoreError> {
        match deployment.layout {
            Layout::Registry => self.put_build(sealed, deployment, progress),
            Layout::Files => self.put_files(sealed, deployment, progress),
        }
    }

    /// Keys that [`Store::put`] would write, in order; objects that are there are left out.
    pub fn plan(
        &self,
        sealed: &Sealed,
        deployment: &Deployment,
    ) -> Result<Vec<String>, StoreError> {
        let name = &sealed.manifest().name;
        let mut keys = Vec::new();
        match deployment.layout {
            Layout::Registry => {
                let uploads = objects(sealed);
                let there = self.there(&format!("{name}/objects/"), &uploads)?;
                keys.extend(
                    uploads
                        .into_iter()
                        .filter(|upload| !there.contains(&upload.key))
                        .map(|upload| upload.key),
                );
                let folder = build_folder(name, &sealed.manifest().build_id);
                keys.extend(
                    own_files(sealed, deployment).map(|(file, _)| format!("{folder}/{file}")),
                );
                keys.push(index_key(name));
                keys.push(channel_key(name, &deployment.channel));
            }
            Layout::Files => {
                let [first, last] = files(sealed);
                keys.extend(first.into_iter().chain(last).map(|upload| upload.key));
                keys.extend(
                    own_files(sealed, deployment).map(|(file, _)| format!("{name}/{file}")),
                );
            }
        }
        Ok(keys)
    }

    fn put_build(
        &self,
        sealed: &Sealed,
        deployment: &Deployment,
        progress: &(dyn Fn(Step) + Sync),
    ) -> Result<Deployed, StoreError> {
        let manifest = sealed.manifest();
        let name = &manifest.name;
        // Whoever changes the pointer after this moment is faster.
        let before = self.pointer(name, &deployment.channel)?;
        let uploads = objects(sealed);
        let there = self.there(&format!("{name}/objects/"), &uploads)?;
        let (kept, missing): (Vec<_>, Vec<_>) =
            uploads.into_iter().partition(|upload| there.contains(&upload.key));
        let bytes = self.upload(&missing, kept.len(), progress)?;
        self.read_back(&format!("{name}/objects/"), &missing, deployment.read_back)?;
        let folder = build_folder(name, &manifest.build_id);
        for (file, text) in own_files(sealed, deployment) {
            let key = format!("{folder}/{file}");
            self.write_text(&key, file, text, IMMUTABLE)?;
        }
        if let Some(commit) = &manifest.commit {
            let pointer = format!("{{\"buildId\":\"{}\"}}\n", manifest.build_id);
            self.write_text(
                &format!("{name}/commits/{commit}.json"),
                ".json",
                &pointer,
                REVALIDATED,
            )?;
        }
        self.add_to_index(name, &index_entry(manifest, deployment.sizes))?;
        self.make_live(name, &deployment.channel, before, &manifest.build_id)?;
        Ok(Deployed {
            manifest_key: format!("{folder}/{}", manifest::FILE_NAME),
            written: missing.len(),
            kept: kept.len(),
            bytes,
        })
    }

    /// Files under their own names: what has a digest in its name first, then entries, then the seal.
    fn put_files(
        &self,
        sealed: &Sealed,
        deployment: &Deployment,
        progress: &(dyn Fn(Step) + Sync),
    ) -> Result<Deployed, StoreError> {
        let name = &sealed.manifest().name;
        let [first, last] = files(sealed);
        let there = self.there(&format!("{name}/"), &first)?;
        let (kept, missing): (Vec<_>, Vec<_>) =
            first.into_iter().partition(|upload| there.contains(&upload.key));
        let mut bytes = self.upload(&missing, kept.len(), progress)?;
        self.read_back(&format!("{name}/"), &missing, deployment.read_back)?;
        bytes += self.upload(&last, kept.len() + missing.len(), progress)?;
        self.read_back(&format!("{name}/"), &last, deployment.read_back)?;
        for (file, text) in own_files(sealed, deployment) {
            self.write_text(&format!("{name}/{file}"), file, text, REVALIDATED)?;
        }
        Ok(Deployed {
            manifest_key: format!("{name}/{}", manifest::FILE_NAME),
            written: missing.len() + last.len(),
            kept: kept.len(),
            bytes,
        })
    }

    pub(super) fn write_text(
        &self,
        key: &str,
        file: &str,
        text: &str,
        cache_control: &'static str,
    ) -> Result<(), StoreError> {
        let body = Body::new(text.as_bytes());
        let content_type = match file.rsplit_once('.') {
            Some((_, "lock")) => "text/plain; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => "application/json",
        };
        let attributes = Attributes {
            content_type: content_type.to_owned(),
            cache_control: Some(cache_control),
            digest: Some(Digest::of(body.bytes())),
            ..Attributes::default()
        };
        self.backend.write(key, &body, &attributes).map_err(on("writing", key))
    }

    /// Which of the objects are there already, in their size.
    fn there(&self, prefix: &str, uploads: &[Upload<'_>]) -> Result<BTreeSet<String>, StoreError> {
        if uploads.len() > MOST_QUESTIONS {
            match self.backend.list(prefix) {
                Ok(listed) => {
                    let sizes: std::collections::BTreeMap<&str, u64> =
                        listed.iter().map(|listed| (listed.key.as_str(), listed.bytes)).collect();
                    return Ok(uploads
                        .iter()
                        .filter(|upload| sizes.get(upload.key.as_str()) == Some(&upload.size()))
                        .map(|upload| upload.key.clone())
                        .collect());
                }
                // A key that may not list can still ask for each.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                Err(error) => return Err(on("listing", prefix)(error)),
            }
        }
        let there = Mutex::new(BTreeSet::new());
        self.each(uploads, |upload| {
            let size = self.backend.size(&upload.key).map_err(on("looking at", &upload.key))?;
            if size == Some(upload.size()) {
                there.lock().expect("no thread panics with it").insert(upload.key.clone());
            }
            Ok(())
        })?;
        Ok(there.into_inner().expect("no thread panicked with it"))
    }

    /// Writes objects, the largest first; returns how many bytes.
    fn upload(
        &self,
        uploads: &[Upload<'_>],
        already: usize,
        progress: &(dyn Fn(Step) + Sync),
    ) -> Result<u64, StoreError> {
        let mut order: Vec<&Upload<'_>> = uploads.iter().collect();
        order.sort_by(|a, b| b.size().cmp(&a.size()).then_with(|| a.key.cmp(&b.key)));
        let state = Mutex::new(Step { done: already, all: already + uploads.len(), bytes: 0 });
        self.each(&order, |upload| {
            self.backend
                .write(&upload.key, upload.body, &upload.attributes)
                .map_err(on("writing", &upload.key))?;
            let mut step = state.lock().expect("no thread panics with it");
            step.done += 1;
            step.bytes += upload.size();
            progress(*step);
            Ok(())
        })?;
        Ok(state.into_inner().expect("no thread panicked with it").bytes)
    }

    fn read_back(
        &self,
        prefix: &str,
        uploads: &[Upload<'_>],
        how: ReadBack,
    ) -> Result<(), StoreError> {
        match how {
            ReadBack::None => Ok(()),
            ReadBack::List => {
                let there = self.there(prefix, uploads)?;
                match uploads.iter().find(|upload| !there.contains(&upload.key)) {
                    Some(upload) => Err(StoreError::ReadBack {
                        key: upload.key.clone(),
                        what: "it is missing, or has another size".to_owned(),
                    }),
                    None => Ok(()),
                }
            }
            ReadBack::Full => self.each(uploads, |upload| {
                let digest = Digest::of_pieces(|take| self.backend.read_pieces(&upload.key, take))
                    .map_err(on("reading", &upload.key))?;
                if upload.attributes.digest == Some(digest) {
                    return Ok(());
                }
                Err(StoreError::ReadBack {
                    key: upload.key.clone(),
                    what: "its SHA-256 differs".to_owned(),
                })
            }),
        }
    }

    /// Does something with each item, as many at a time as the store takes; stops at the first error.
    ///
    /// # Errors
    /// That error.
    ///
    /// # Panics
    /// As `act` does.
    pub fn each<T: Sync, E: Send>(
        &self,
        items: &[T],
        act: impl Fn(&T) -> Result<(), E> + Sync,
    ) -> Result<(), E> {
        let next = AtomicUsize::new(0);
        let has_failed = AtomicBool::new(false);
        let first_error = Mutex::new(None);
        let work = || {
            while !has_failed.load(Ordering::Relaxed) {
                let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                if let Err(error) = act(item) {
                    has_failed.store(true, Ordering::Relaxed);
                    first_error.lock().expect("no thread panics with it").get_or_insert(error);
                }
            }
        };
        let threads = self.backend.concurrency().min(items.len());
        if threads <= 1 {
            work();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(work);
                }
            });
        }
        first_error.into_inner().expect("no thread panicked with it").map_or(Ok(()), Err)
    }
}

impl Upload<'_> {
    fn size(&self) -> u64 {
        self.body.bytes().len() as u64
    }
}

/// The objects of a deployment, each once.
fn objects(sealed: &Sealed) -> Vec<Upload<'_>> {
    let mut seen = BTreeSet::new();
    sealed
        .objects()
        .iter()
        .filter(|object| seen.insert(object.digest))
        .map(|object| Upload {
            key: object_key(&sealed.manifest().name, object.digest),
            body: &object.body,
            // No encoding: what reads an object by its digest wants the bytes as they are.
            attributes: Attributes {
                content_type: "application/octet-stream".to_owned(),
                cache_control: Some(IMMUTABLE),
                digest: Some(object.digest),
                ..Attributes::default()
            },
        })
        .collect()
}

/// The files of a deployment under their own names: first those that never change under theirs, then the others. A file
/// that has a brotli form is that form, with its encoding; a zstd form stands beside it.
fn files(sealed: &Sealed) -> [Vec<Upload<'_>>; 2] {
    let manifest = sealed.manifest();
    let has_brotli: BTreeSet<&str> = manifest
        .artifacts
        .iter()
        .filter(|entry| entry.stored_encoding() == Some("br"))
        .filter_map(|entry| entry.encodes.as_deref())
        .collect();
    let mut both = [Vec::new(), Vec::new()];
    for (entry, object) in manifest.artifacts.iter().zip(sealed.objects()) {
        if has_brotli.contains(entry.path.as_str()) {
            continue;
        }
        let is_brotli = entry.stored_encoding() == Some("br");
        let path = entry.encodes.as_deref().filter(|_| is_brotli).unwrap_or(&entry.path);
        let is_immutable = is_immutable(path);
        both[usize::from(!is_immutable)].push(Upload {
            key: format!("{}/{path}", manifest.name),
            body: &object.body,
            attributes: Attributes {
                content_type: entry.stored_type().to_owned(),
                content_encoding: entry.stored_encoding().filter(|_| is_brotli).map(str::to_owned),
                cache_control: Some(if is_immutable { IMMUTABLE } else { REVALIDATED }),
                digest: Some(object.digest),
                metadata: signature_metadata(entry, object, sealed),
            },
        });
    }
    both
}

/// The signature of a file as response headers have it.
fn signature_metadata(
    entry: &Entry,
    object: &SealedObject,
    sealed: &Sealed,
) -> Vec<(&'static str, String)> {
    let manifest = sealed.manifest();
    let mut metadata = vec![
        ("content-digest", content_digest(object.digest)),
        ("bundlegate-build", manifest.build_id.clone()),
    ];
    if let (Some(signature), Some(key_id)) = (&entry.hmac, &entry.key_id) {
        let fields = crate::seal::fields_of(entry, object.digest, manifest, key_id);
        metadata.push(("signature-input", format!("bundlegate={}", signature_parameters(&fields))));
        metadata.push(("signature", format!("bundlegate=:{signature}:")));
    }
    metadata
}

/// Whether the name carries a content hash: eight letters or more after `-` or `.`, with a digit among them, before an
/// ending.
fn is_immutable(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split(['-', '.']).skip(1).any(|part| {
        part.len() >= 8
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && part.bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// Lock, statement, metafile, pictures and manifest; the manifest last, because it says that the build is there.
fn own_files<'a>(
    sealed: &'a Sealed,
    deployment: &'a Deployment,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let has_folder = deployment.layout == Layout::Registry;
    let metafile = deployment.metafile.as_deref().filter(|_| has_folder);
    let pictures = deployment.pictures.iter().filter(move |_| has_folder);
    let first = [
        Some((lock::FILE_NAME, sealed.lock())),
        sealed.envelope().map(|text| (envelope::FILE_NAME, text)),
        metafile.map(|text| (METAFILE, text)),
    ];
    let pictures = pictures.map(|(name, text)| (name.as_str(), text.as_str()));
    let last = (manifest::FILE_NAME, sealed.manifest_json());
    first.into_iter().flatten().chain(pictures).chain([last])
}

/// Name of the metafile in the folder of a build.
pub(super) const METAFILE: &str = "metafile.json";

pub(super) fn object_key(name: &str, digest: Digest) -> String {
    let hex = digest.to_hex();
    let (folder, _) = hex.split_at(2);
    format!("{name}/objects/{folder}/{hex}")
}

pub(super) fn build_folder(name: &str, build_id: &str) -> String {
    format!("{name}/builds/{build_id}")
}

pub(super) fn channel_key(name: &str, channel: &str) -> String {
    format!("{name}/channels/{channel}.json")
}

pub(super) fn index_key(name: &str) -> String {
    format!("{name}/index.json")
}

#[cfg(test)]
mod tests {
    use super::is_immutable;

    #[test]
    fn names_with_a_content_hash() {
        for path in ["chunk-K3V9QX2M.js", "assets/logo.4f2c9d1e.png", "index-4bf1XYZ_9.css.br"] {
            assert!(is_immutable(path), "{path}");
        }
        for path in ["index.html", "index.js", "my-component.js", "service-workers.js", "a-1.js"] {
            assert!(!is_immutable(path), "{path}");
        }
    }
}
