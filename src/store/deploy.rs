//! Storing a deployment so that a reader sees the old one or the new one, whole: objects, then the build's own files,
//! then the index, then the pointer. A run that is killed leaves objects, which the next run finds.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};

use super::backend::{Attributes, Stored, Tag};
use super::registry::{Pointer, index_entry};
use super::{Store, StoreError, on};
use crate::artifact::{Body, Digest};
use crate::seal::manifest::{Entry, Manifest};
use crate::seal::{
    METAFILE_NAME, Sealed, SealedObject, content_digest, envelope, lock, manifest,
    signature_parameters,
};

/// Above so many objects, what is there is asked in one listing instead of object by object.
const MOST_QUESTIONS: usize = 200;
/// How often a file of a build is written until it can be read.
const MOST_WRITES: u32 = 2;
/// How often it is said how far an upload is.
const NEWS: Duration = Duration::from_secs(1);
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
    /// Whether everything is there, by its digest where the store knows that, else by its size; what is not is sent again.
    #[default]
    List,
    /// All bytes, which are hashed; what is not as it was sent is sent again.
    Full,
}

/// How a deployment is stored.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The channel in which it becomes live; `None`: it is stored, and live nowhere.
    pub channel: Option<String>,
    /// Where files stand.
    pub layout: Layout,
    /// What is read back.
    pub read_back: ReadBack,
    /// Metafile of the build, for reports that compare with it.
    pub metafile: Option<String>,
    /// Pictures of what the build is made of, for its folder, which only a registry has: name and SVG.
    pub pictures: Vec<(String, String)>,
    /// `Cache-Control` by pattern of paths, with [`Layout::Files`]; the first that matches holds.
    pub cache_control: Vec<(String, String)>,
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
            channel: Some("latest".to_owned()),
            layout: Layout::default(),
            read_back: ReadBack::default(),
            metafile: None,
            pictures: Vec::new(),
            cache_control: Vec::new(),
            sizes: Sizes::default(),
        }
    }
}

/// A deployment that was stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployed {
    /// Key of its manifest.
    pub manifest_key: String,
    /// Objects that were written.
    pub written: usize,
    /// Objects that were there already.
    pub kept: usize,
    /// Bytes that were written.
    pub bytes: u64,
    /// What the user should know of the store, one sentence each.
    pub warnings: Vec<String>,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Objects that are done.
    pub done: usize,
    /// All objects.
    pub all: usize,
    /// Bytes that were written.
    pub bytes: u64,
    /// Bytes that are on their way or there.
    pub moved: u64,
}

/// One object on its way: its key, its bytes, and what is stored beside them.
struct Upload<'a> {
    key: String,
    body: &'a Body,
    attributes: Attributes,
    /// Whether the key names the SHA-256 of the bytes.
    is_addressed: bool,
}

impl Store {
    /// Stores a deployment and makes it live in its channel. `progress` is called every second, and after each object.
    ///
    /// # Errors
    /// Nothing of it is live then, but in the case of [`StoreError::Lost`] all of it is stored; with [`Layout::Files`] some
    /// of the files that have no hash in their names may be of it.
    pub fn put(
        &self,
        sealed: &Sealed,
        deployment: &Deployment,
        progress: &(dyn Fn(Step) + Sync),
    ) -> Result<Deployed, StoreError> {
        let step = Mutex::new(Step::default());
        let news = || {
            let mut step = step.lock().expect("no thread panics with it");
            step.moved = self.backend.moved();
            progress(*step);
        };
        let upload = Progress { step: &step, news: &news };
        every(NEWS, &news, || match deployment.layout {
            Layout::Registry => self.put_build(sealed, deployment, &upload),
            Layout::Files => self.put_files(sealed, deployment, &upload),
        })
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
                let there = self.there(&format!("{name}/objects/"), &uploads, true)?;
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
                keys.extend(deployment.channel.iter().map(|channel| channel_key(name, channel)));
            }
            Layout::Files => {
                for uploads in self.files_of(sealed, deployment) {
                    let there = self.there(&format!("{name}/"), &uploads, true)?;
                    let missing = uploads.into_iter().filter(|upload| !there.contains(&upload.key));
                    keys.extend(missing.map(|upload| upload.key));
                }
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
        progress: &Progress<'_>,
    ) -> Result<Deployed, StoreError> {
        let manifest = sealed.manifest();
        let name = &manifest.name;
        // Whoever changes the pointer after this moment is faster.
        let channel = deployment.channel.as_deref();
        let before =
            channel.map(|channel| Ok((channel, self.pointer(name, channel)?))).transpose()?;
        let prefix = format!("{name}/objects/");
        let uploads = objects(sealed);
        let sent = self.send(&prefix, &uploads, deployment.read_back, progress)?;
        let folder = build_folder(name, &manifest.build_id);
        for (file, text) in own_files(sealed, deployment) {
            self.write_text(&format!("{folder}/{file}"), file, text, IMMUTABLE)?;
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
        let manifest_key = format!("{folder}/{}", manifest::FILE_NAME);
        let mut warnings = Vec::new();
        if let Some((channel, before)) = before {
            let is_live = |(pointer, _): &(Pointer, Tag)| pointer.is(&manifest.build_id);
            if !before.as_ref().is_some_and(is_live)
                && !self.honours_conditions(sealed, &manifest_key)?
            {
                warnings.push(
                    "the store ignores conditional writes (`If-None-Match`), so of two runs at once the slower one wins: \
                     let them wait for each other, with `concurrency` in the workflow"
                        .to_owned(),
                );
            }
            self.make_live(name, channel, before, &manifest.build_id)?;
        }
        Ok(Deployed { manifest_key, warnings, ..sent })
    }

    /// Whether a store refuses to write what is there already when it is asked to. The manifest of the build, which was
    /// just written, is written again under that condition: a store that ignores it does no harm.
    fn honours_conditions(&self, sealed: &Sealed, key: &str) -> Result<bool, StoreError> {
        if self.backend.swaps() {
            return Ok(true);
        }
        match self.backend.swap(key, sealed.manifest_json().as_bytes(), None) {
            Ok(()) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
            Err(error) => Err(on("writing", key)(error)),
        }
    }

    /// Files under their own names: what has a hash of its content in its name first, then the others, pages last; then
    /// the seal.
    fn put_files(
        &self,
        sealed: &Sealed,
        deployment: &Deployment,
        progress: &Progress<'_>,
    ) -> Result<Deployed, StoreError> {
        let name = &sealed.manifest().name;
        let manifest_key = format!("{name}/{}", manifest::FILE_NAME);
        let before = self.optional(&manifest_key)?.map(|(_, tag)| tag);
        let mut all = Deployed::default();
        for uploads in self.files_of(sealed, deployment) {
            let sent = self.send(&format!("{name}/"), &uploads, deployment.read_back, progress)?;
            all.written += sent.written;
            all.kept += sent.kept;
            all.bytes += sent.bytes;
        }
        // Of two runs at once neither can take back what it wrote, but the second one can say so.
        if self.optional(&manifest_key)?.map(|(_, tag)| tag) != before {
            return Err(StoreError::Mixed(name.clone()));
        }
        for (file, text) in own_files(sealed, deployment) {
            self.write_text(&format!("{name}/{file}"), file, text, REVALIDATED)?;
        }
        all.manifest_key = manifest_key;
        Ok(all)
    }

    /// Brotli forms that stand in the place of what they are forms of, with [`Layout::Files`]: the path of a form and that of
    /// the file. A store that does not say how a value is encoded has them beside it.
    #[must_use]
    pub fn served_forms<'a>(&self, manifest: &'a Manifest) -> BTreeMap<&'a str, &'a str> {
        let is_served = |entry: &&Entry| {
            self.backend.keeps_encodings() && entry.stored_encoding() == Some("br")
        };
        let forms = manifest.artifacts.iter().filter(is_served);
        forms.filter_map(|entry| Some((entry.path.as_str(), entry.encodes.as_deref()?))).collect()
    }

    fn files_of<'a>(&self, sealed: &'a Sealed, deployment: &Deployment) -> [Vec<Upload<'a>>; 3] {
        files(sealed, deployment, &self.served_forms(sealed.manifest()))
    }

    /// Writes what is not there yet, and reads back all of it.
    fn send(
        &self,
        prefix: &str,
        uploads: &[Upload<'_>],
        how: ReadBack,
        progress: &Progress<'_>,
    ) -> Result<Deployed, StoreError> {
        let there = self.there(prefix, uploads, true)?;
        let missing: Vec<&Upload<'_>> =
            uploads.iter().filter(|upload| !there.contains(&upload.key)).collect();
        let kept = uploads.len() - missing.len();
        let bytes = self.upload(&missing, kept, progress)?;
        self.read_back(prefix, uploads, how)?;
        Ok(Deployed { written: missing.len(), kept, bytes, ..Deployed::default() })
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
            cache_control: Some(cache_control.to_owned()),
            digest: Some(Digest::of(body.bytes())),
            ..Attributes::default()
        };
        for _ in 0..MOST_WRITES {
            self.backend.write(key, &body, &attributes).map_err(on("writing", key))?;
            // An answer says that it was written; what answers may be a proxy.
            if self.optional(key)?.is_some_and(|(bytes, _)| bytes == body.bytes()) {
                return Ok(());
            }
        }
        let what = "it is missing or has other bytes, also after it was sent again".to_owned();
        Err(StoreError::ReadBack { key: key.to_owned(), what })
    }

    /// Which of the uploads the store has already: the one answer for all layouts. With `as_served` it must serve them in
    /// the same way, too.
    fn there(
        &self,
        prefix: &str,
        uploads: &[Upload<'_>],
        as_served: bool,
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut asked: Vec<&Upload<'_>> = uploads.iter().collect();
        let mut there = BTreeSet::new();
        if uploads.len() > MOST_QUESTIONS {
            match self.backend.list(prefix) {
                Ok(listed) => {
                    let sizes: BTreeMap<&str, u64> =
                        listed.iter().map(|listed| (listed.key.as_str(), listed.bytes)).collect();
                    asked.retain(|upload| match sizes.get(upload.key.as_str()) {
                        None => false,
                        Some(bytes) => {
                            // Of what has its digest in its key, a listing says enough.
                            let listed = Stored { bytes: Some(*bytes), ..Stored::default() };
                            if upload.is(&listed, as_served) {
                                there.insert(upload.key.clone());
                            }
                            !upload.is_addressed
                        }
                    });
                }
                // A key that may not list can still ask for each.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                Err(error) => return Err(on("listing", prefix)(error)),
            }
        }
        let there = Mutex::new(there);
        self.each(&asked, |upload| {
            let stored = self
                .backend
                .stored(&upload.key, !upload.is_addressed)
                .map_err(on("looking at", &upload.key))?;
            if stored.is_some_and(|stored| upload.is(&stored, as_served)) {
                there.lock().expect("no thread panics with it").insert(upload.key.clone());
            }
            Ok(())
        })?;
        Ok(there.into_inner().expect("no thread panicked with it"))
    }

    /// Writes objects, the largest first; returns how many bytes.
    fn upload(
        &self,
        uploads: &[&Upload<'_>],
        already: usize,
        progress: &Progress<'_>,
    ) -> Result<u64, StoreError> {
        let mut order = uploads.to_vec();
        order.sort_by(|a, b| b.size().cmp(&a.size()).then_with(|| a.key.cmp(&b.key)));
        progress.change(|step| {
            step.all += already + uploads.len();
            step.done += already;
        });
        self.each(&order, |upload| {
            self.write(upload)?;
            progress.change(|step| {
                step.done += 1;
                step.bytes += upload.size();
            });
            Ok(())
        })?;
        Ok(uploads.iter().map(|upload| upload.size()).sum())
    }

    fn write(&self, upload: &Upload<'_>) -> Result<(), StoreError> {
        self.backend
            .write(&upload.key, upload.body, &upload.attributes)
            .map_err(on("writing", &upload.key))
    }

    /// Asks for everything, whether it was sent just now or was there. What is not as it should be is sent again, once.
    fn read_back(
        &self,
        prefix: &str,
        uploads: &[Upload<'_>],
        how: ReadBack,
    ) -> Result<(), StoreError> {
        match how {
            ReadBack::None => Ok(()),
            ReadBack::List => {
                let there = self.there(prefix, uploads, false)?;
                let missing: Vec<&Upload<'_>> =
                    uploads.iter().filter(|upload| !there.contains(&upload.key)).collect();
                self.each(&missing, |upload| {
                    self.write(upload)?;
                    let again = self.backend.stored(&upload.key, !upload.is_addressed);
                    match again.map_err(on("looking at", &upload.key))? {
                        Some(stored) if upload.is(&stored, false) => Ok(()),
                        _ => Err(upload.not_read_back(
                            "it is missing or has other bytes, also after it was sent again",
                        )),
                    }
                })
            }
            ReadBack::Full => self.each(uploads, |upload| {
                if self.is_whole(upload)? {
                    return Ok(());
                }
                self.write(upload)?;
                if self.is_whole(upload)? {
                    return Ok(());
                }
                Err(upload.not_read_back("its SHA-256 differs, also after it was sent again"))
            }),
        }
    }

    /// Whether all bytes that a store has are those that were sent.
    fn is_whole(&self, upload: &Upload<'_>) -> Result<bool, StoreError> {
        match Digest::of_pieces(|take| self.backend.read_stored(&upload.key, take)) {
            Ok(digest) => Ok(upload.attributes.digest == Some(digest)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(on("reading", &upload.key)(error)),
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
        let most = self.backend.concurrency().min(items.len());
        let state = Mutex::new(Flow {
            next: 0,
            active: 0,
            limit: most.max(1),
            pressure: 0,
            is_over: false,
            first_error: None,
        });
        let changed = Condvar::new();
        let work = || {
            let mut flow = state.lock().expect("no thread panics with it");
            loop {
                if flow.is_over || flow.first_error.is_some() || flow.next >= items.len() {
                    break;
                }
                if flow.active >= flow.limit {
                    flow = changed.wait(flow).expect("no thread panics with it");
                    continue;
                }
                let item = &items[flow.next];
                flow.next += 1;
                flow.active += 1;
                drop(flow);
                let before = self.backend.pressure();
                let stop = StopOnPanic(&state, &changed);
                let result = act(item);
                std::mem::forget(stop);
                let pressure = self.backend.pressure();
                flow = state.lock().expect("no thread panics with it");
                flow.active -= 1;
                // Half as many when the store asks to slow down, once for all that it asked meanwhile; and one more after
                // each that went well.
                if pressure > before.max(flow.pressure) {
                    flow.pressure = pressure;
                    flow.limit = (flow.limit / 2).max(1);
                } else if pressure == before {
                    flow.limit = (flow.limit + 1).min(most);
                }
                if let Err(error) = result {
                    flow.first_error.get_or_insert(error);
                }
                changed.notify_all();
            }
            changed.notify_all();
        };
        if most <= 1 {
            work();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..most {
                    scope.spawn(work);
                }
            });
        }
        let flow = state.into_inner().expect("no thread panicked with it");
        flow.first_error.map_or(Ok(()), Err)
    }
}

/// How many things are done at a time.
struct Flow<E> {
    next: usize,
    active: usize,
    /// At most so many.
    limit: usize,
    /// How often the store had asked to slow down when it was last heeded.
    pressure: u64,
    /// Whether one of the threads panicked.
    is_over: bool,
    first_error: Option<E>,
}

/// Lets the other threads end when one panics.
struct StopOnPanic<'a, E>(&'a Mutex<Flow<E>>, &'a Condvar);

impl<E> Drop for StopOnPanic<'_, E> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_over = true;
        self.1.notify_all();
    }
}

/// Where it is counted how far a deployment is, and who is told.
struct Progress<'a> {
    step: &'a Mutex<Step>,
    news: &'a (dyn Fn() + Sync),
}

impl Progress<'_> {
    fn change(&self, change: impl FnOnce(&mut Step)) {
        change(&mut self.step.lock().expect("no thread panics with it"));
        (self.news)();
    }
}

/// Does something, and meanwhile something else again and again.
fn every<T: Send>(pause: Duration, tell: &(dyn Fn() + Sync), act: impl FnOnce() -> T) -> T {
    let is_done = Mutex::new(false);
    let done = Condvar::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut over = is_done.lock().expect("no thread panics with it");
            while !*over {
                let waited = done.wait_timeout(over, pause).expect("no thread panics with it");
                over = waited.0;
                if waited.1.timed_out() && !*over {
                    tell();
                }
            }
        });
        // Also when it panics, or the other thread would go on for ever.
        let _end = End(&is_done, &done);
        act()
    })
}

struct End<'a>(&'a Mutex<bool>, &'a Condvar);

impl Drop for End<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = true;
        self.1.notify_all();
    }
}

impl Upload<'_> {
    fn size(&self) -> u64 {
        self.body.bytes().len() as u64
    }

    /// Whether a store has these bytes: by the SHA-256 that it knows, or by the key that names it; never by another name,
    /// nor by a size alone.
    fn is(&self, stored: &Stored, as_served: bool) -> bool {
        let is_same = match stored.digest {
            Some(digest) => self.attributes.digest == Some(digest),
            None => self.is_addressed && stored.bytes == Some(self.size()),
        };
        let attributes = &self.attributes;
        is_same
            && (!as_served
                || self.is_addressed
                || stored.served.as_ref().is_none_or(|served| {
                    *served
                        == [
                            Some(attributes.content_type.clone()),
                            attributes.content_encoding.clone(),
                            attributes.cache_control.clone(),
                        ]
                        && is_signed_alike(stored, attributes)
                }))
    }

    fn not_read_back(&self, what: &str) -> StoreError {
        StoreError::ReadBack { key: self.key.clone(), what: what.to_owned() }
    }
}

/// Whether a file that is there is signed as it would be now: by the same key of the same name, and without an end. A
/// signature of an earlier build holds for the same bytes under the same name.
fn is_signed_alike(there: &Stored, attributes: &Attributes) -> bool {
    let id = |input: &str| input.split(";keyid=").nth(1).map(str::to_owned);
    let now = |name: &str| attributes.metadata.iter().find(|(there, _)| *there == name);
    if there.key_mark.as_ref() != now(KEY_MARK).map(|(_, mark)| mark) {
        return false;
    }
    match (&there.signature_input, now(SIGNATURE_INPUT)) {
        (None, None) => true,
        (Some(there), Some((_, now))) => {
            id(there) == id(now) && !there.contains(";expires=") && !now.contains(";expires=")
        }
        _ => false,
    }
}

/// Name of the metadata that says how a file is signed.
pub(super) const SIGNATURE_INPUT: &str = "signature-input";
/// Name of the metadata that tells one key from another of the same name.
pub(super) const KEY_MARK: &str = "bundlegate-key";

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
                cache_control: Some(IMMUTABLE.to_owned()),
                digest: Some(object.digest),
                ..Attributes::default()
            },
            is_addressed: true,
        })
        .collect()
}

/// The files of a deployment under their own names, in the order in which they are written: first those that never change
/// under theirs, then the others, then pages, which name the others. A file that has a brotli form is that form, with its
/// encoding; other forms stand beside it.
fn files<'a>(
    sealed: &'a Sealed,
    deployment: &Deployment,
    forms: &BTreeMap<&str, &str>,
) -> [Vec<Upload<'a>>; 3] {
    let manifest = sealed.manifest();
    let rules: Vec<(GlobMatcher, &String)> = deployment
        .cache_control
        .iter()
        .filter_map(|(pattern, value)| {
            let glob = GlobBuilder::new(pattern).build().ok()?;
            Some((glob.compile_matcher(), value))
        })
        .collect();
    let immutable: BTreeSet<&str> = manifest
        .artifacts
        .iter()
        .filter(|entry| entry.immutable)
        .map(|entry| entry.path.as_str())
        .collect();
    let has_brotli: BTreeSet<&str> = forms.values().copied().collect();
    let mut files = [Vec::new(), Vec::new(), Vec::new()];
    for (entry, object) in manifest.artifacts.iter().zip(sealed.objects()) {
        if has_brotli.contains(entry.path.as_str()) {
            continue;
        }
        let form = forms.get(entry.path.as_str());
        let is_brotli = form.is_some();
        let path = form.copied().unwrap_or(&entry.path);
        let is_immutable = immutable.contains(entry.encodes.as_deref().unwrap_or(&entry.path));
        let rule = rules.iter().find(|(glob, _)| glob.is_match(path)).map(|(_, value)| *value);
        let known = if is_immutable { IMMUTABLE } else { REVALIDATED };
        let turn = match (is_immutable, entry.content_type.starts_with("text/html")) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        files[turn].push(Upload {
            key: format!("{}/{path}", manifest.name),
            body: &object.body,
            attributes: Attributes {
                content_type: entry.stored_type().to_owned(),
                content_encoding: entry.stored_encoding().filter(|_| is_brotli).map(str::to_owned),
                cache_control: Some(rule.map_or_else(|| known.to_owned(), String::clone)),
                digest: Some(object.digest),
                metadata: signature_metadata(entry, object, sealed),
            },
            is_addressed: false,
        });
    }
    files
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
        metadata.push((SIGNATURE_INPUT, format!("bundlegate={}", signature_parameters(&fields))));
        metadata.push(("signature", format!("bundlegate=:{signature}:")));
        metadata.extend(sealed.key_mark().map(|mark| (KEY_MARK, mark.to_owned())));
    }
    metadata
}

/// Lock, statement, metafile, pictures and manifest; the manifest last, because it says that the build is there.
fn own_files<'a>(
    sealed: &'a Sealed,
    deployment: &'a Deployment,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let has_folder = deployment.layout == Layout::Registry;
    let metafile_name = if has_folder { METAFILE } else { METAFILE_NAME };
    let pictures = deployment.pictures.iter().filter(move |_| has_folder);
    let first = [
        Some((lock::FILE_NAME, sealed.lock())),
        sealed.envelope().map(|text| (envelope::FILE_NAME, text)),
        deployment.metafile.as_deref().map(|text| (metafile_name, text)),
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
