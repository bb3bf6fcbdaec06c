//! The registry of builds: what is live in which channel, which builds there are, and which of them may go.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use super::backend::Tag;
use super::deploy::{Layout, METAFILE, Sizes, build_folder, channel_key, index_key, object_key};
use super::{Store, StoreError, on};
use crate::artifact::{Digest, OutputPath};
use crate::seal::manifest::Manifest;
use crate::seal::{METAFILE_NAME, Read, lock, manifest};

/// Start of channels in which builds wait until all parts of a run are there.
pub const PENDING: &str = "pending/";
/// Builds that a pointer remembers, for a rollback.
const REMEMBERED: usize = 20;
/// How often a swap of the index is tried, when others write it, too.
const MOST_TRIES: u32 = 60;
/// Objects of a run that is still going on are not in any manifest yet; what is younger than this stays.
const GRACE_SECONDS: u64 = 24 * 60 * 60;

/// What is live in a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pointer {
    /// The build; of a group, the release. With `group`, what is live where the group has nothing; empty for nothing.
    pub(super) build_id: String,
    /// Builds that were live before, the last one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) previous: Vec<String>,
    /// The group that says what is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    /// The name by which the group knows this one. A reader who takes the start of it for a part of the store's address
    /// would look for the group in the wrong place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

impl Pointer {
    /// Whether it makes that build live by itself.
    pub(super) fn is(&self, build_id: &str) -> bool {
        self.build_id == build_id && self.group.is_none()
    }

    /// What was live before, or a build that was, and the pointer for it.
    pub(super) fn before(
        &self,
        to: Option<&str>,
        channel: &str,
    ) -> Result<(String, Self), StoreError> {
        let position = match to {
            Some(start) => self.previous.iter().position(|id| id.starts_with(start)),
            None => (!self.previous.is_empty()).then_some(0),
        };
        let Some(position) = position else {
            let what = to.map_or("nothing".to_owned(), |start| format!("no build `{start}`"));
            return Err(StoreError::Missing(format!("{what} was live in `{channel}` before")));
        };
        let build_id = self.previous.get(position).cloned().unwrap_or_default();
        let rest = self.previous.iter().skip(position + 1).cloned().collect();
        Ok((build_id.clone(), Self { build_id, previous: rest, ..Self::default() }))
    }
}

/// One build in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexEntry {
    /// The build.
    pub build_id: String,
    /// The commit it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Its files, encoded forms included.
    pub files: usize,
    /// Bytes of its outputs as they are.
    pub raw: u64,
    /// With gzip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gzip: Option<u64>,
    /// With brotli.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brotli: Option<u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Index {
    /// In the order in which they were stored.
    builds: Vec<IndexEntry>,
}

/// A build, and where it is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// What the index knows.
    pub entry: IndexEntry,
    /// Channels in which it is live.
    pub channels: Vec<String>,
}

/// What a reader finds when it follows a pointer.
#[derive(Debug, Clone)]
pub struct Found {
    /// The build.
    pub build_id: String,
    /// Its lock, manifest and statement.
    pub read: Read,
    /// How its files stand.
    pub layout: Layout,
}

/// What a prune removed, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Builds.
    pub builds: Vec<String>,
    /// Objects of no other build.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Channels that were dropped.
    pub channels: Vec<String>,
}

/// What a prune leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prune {
    /// So many of the newest builds stay.
    pub keep: usize,
    /// Those younger than so many days stay, too.
    pub days: Option<u64>,
    /// Channels that are dropped first: what is live in them alone may go.
    pub drop: Vec<String>,
    /// How channels of previews start, whose builds are not counted among the newest.
    pub previews: Option<&'static str>,
}

pub(super) fn index_entry(manifest: &Manifest, sizes: Sizes) -> IndexEntry {
    IndexEntry {
        build_id: manifest.build_id.clone(),
        commit: manifest.commit.clone(),
        files: manifest.artifacts.len(),
        raw: sizes.raw,
        gzip: sizes.gzip,
        brotli: sizes.brotli,
    }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut json = serde_json::to_vec(value).expect("a struct of texts always serialises");
    json.push(b'\n');
    json
}

impl Store {
    /// Whether the store knows a name.
    pub fn has(&self, name: &str) -> Result<bool, StoreError> {
        let lock = format!("{name}/{}", lock::FILE_NAME);
        for key in [index_key(name), super::release::group_key(name, "latest"), lock] {
            if self.backend.stored(&key, false).map_err(on("looking at", &key))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The value of a key and its version; `None` when there is none.
    pub(super) fn optional(&self, key: &str) -> Result<Option<(Vec<u8>, Tag)>, StoreError> {
        match self.backend.read(key) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(on("reading", key)(error)),
        }
    }

    pub(super) fn pointer(
        &self,
        name: &str,
        channel: &str,
    ) -> Result<Option<(Pointer, Tag)>, StoreError> {
        self.pointer_at(&channel_key(name, channel))
    }

    pub(super) fn pointer_at(&self, key: &str) -> Result<Option<(Pointer, Tag)>, StoreError> {
        let Some((bytes, tag)) = self.optional(key)? else { return Ok(None) };
        match serde_json::from_slice::<Pointer>(&bytes) {
            Ok(pointer)
                if Digest::from_hex(&pointer.build_id).is_some()
                    || (pointer.build_id.is_empty() && pointer.group.is_some()) =>
            {
                Ok(Some((pointer, tag)))
            }
            _ => Err(StoreError::Content { key: key.to_owned(), what: "a pointer" }),
        }
    }

    /// The id of the build that is live in a channel.
    pub(super) fn live_id(&self, name: &str, channel: &str) -> Result<Option<String>, StoreError> {
        let Some((pointer, _)) = self.pointer(name, channel)? else { return Ok(None) };
        if let Some(full) = pointer.name.as_ref().filter(|full| *full != name) {
            return Err(StoreError::Missing(format!(
                "`{name}` is live in a group, as `{full}`; name the store as that begins there"
            )));
        }
        let of_group = match &pointer.group {
            Some(group) => self.build_of_group(group, channel, name)?,
            None => None,
        };
        Ok(of_group.or(Some(pointer.build_id)).filter(|build_id| !build_id.is_empty()))
    }

    /// The name by which the group knows a name that is live in one.
    pub fn name_in_group(&self, name: &str, channel: &str) -> Result<Option<String>, StoreError> {
        Ok(self.pointer(name, channel)?.and_then(|(pointer, _)| pointer.name))
    }

    /// Changes a channel, if nobody did since `before` was read.
    pub(super) fn make_live(
        &self,
        name: &str,
        channel: &str,
        before: Option<(Pointer, Tag)>,
        build_id: &str,
    ) -> Result<(), StoreError> {
        let before = match before {
            // Whoever changes one name alone takes it out of its group.
            Some((pointer, tag)) if pointer.group.is_some() => {
                let build_id = self.live_id(name, channel)?.unwrap_or_default();
                Some((Pointer { build_id, ..pointer }, tag))
            }
            before => before,
        };
        self.make_live_at(channel, &channel_key(name, channel), before, build_id)
    }

    /// The same for the pointer at a key.
    pub(super) fn make_live_at(
        &self,
        channel: &str,
        key: &str,
        before: Option<(Pointer, Tag)>,
        build_id: &str,
    ) -> Result<(), StoreError> {
        let (pointer, tag) = match before {
            Some((pointer, _)) if pointer.is(build_id) => return Ok(()),
            Some((mut pointer, tag)) => {
                pointer.previous.retain(|id| id != build_id);
                let last = std::mem::take(&mut pointer.build_id);
                if !last.is_empty() && last != build_id {
                    pointer.previous.insert(0, last);
                }
                pointer.previous.truncate(REMEMBERED);
                build_id.clone_into(&mut pointer.build_id);
                (pointer.group, pointer.name) = (None, None);
                (pointer, Some(tag))
            }
            None => (Pointer { build_id: build_id.to_owned(), ..Pointer::default() }, None),
        };
        self.set_pointer(channel, key, &pointer, tag.as_ref())
    }

    pub(super) fn set_pointer(
        &self,
        channel: &str,
        key: &str,
        pointer: &Pointer,
        expected: Option<&Tag>,
    ) -> Result<(), StoreError> {
        match self.backend.swap(key, &to_json(pointer), expected) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let build = self.pointer_at(key)?.map(|(pointer, _)| pointer.build_id);
                match build {
                    // Our own write, whose answer was lost, or another run of the same build.
                    Some(build) if build == pointer.build_id => Ok(()),
                    build => Err(StoreError::Lost {
                        channel: channel.to_owned(),
                        build: build.unwrap_or_default(),
                    }),
                }
            }
            Err(error) => Err(on("writing", key)(error)),
            // An answer says that it was written; what answers may be a proxy.
            Ok(()) if self.optional(key)?.map(|(_, tag)| tag).as_ref() == expected => {
                let what = "the store said that it was written, and it was not".to_owned();
                Err(StoreError::ReadBack { key: key.to_owned(), what })
            }
            Ok(()) => Ok(()),
        }
    }

    /// Adds a build to the index, whoever else is writing it.
    pub(super) fn add_to_index(&self, name: &str, entry: &IndexEntry) -> Result<(), StoreError> {
        self.change_index(name, |index| {
            let is_there = index.builds.iter().any(|build| build == entry);
            index.builds.retain(|build| build.build_id != entry.build_id || is_there);
            if !is_there {
                index.builds.push(entry.clone());
            }
            !is_there
        })
    }

    /// Changes the index until nobody else did at the same time; `change` says whether it did anything.
    fn change_index(
        &self,
        name: &str,
        change: impl Fn(&mut Index) -> bool,
    ) -> Result<(), StoreError> {
        let key = index_key(name);
        for attempt in 0..MOST_TRIES {
            let (mut index, tag) = self.index(name)?;
            if !change(&mut index) {
                return Ok(());
            }
            match self.backend.swap(&key, &to_json(&index), tag.as_ref()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    // Not all of those who lost come back at the same moment.
                    let jitter =
                        u64::from(std::process::id()).wrapping_mul(u64::from(attempt) + 7) % 97;
                    let wait = u64::from(attempt.min(10)) * 20 + jitter;
                    std::thread::sleep(std::time::Duration::from_millis(wait));
                }
                result => return result.map_err(on("writing", &key)),
            }
        }
        Err(on("writing", &key)(io::Error::other("others change it all the time")))
    }

    fn index(&self, name: &str) -> Result<(Index, Option<Tag>), StoreError> {
        let key = index_key(name);
        let Some((bytes, tag)) = self.optional(&key)? else { return Ok((Index::default(), None)) };
        match serde_json::from_slice(&bytes) {
            Ok(index) => Ok((index, Some(tag))),
            Err(_) => Err(StoreError::Content { key, what: "an index" }),
        }
    }

    /// The build that is live in a channel; `None` when there is none.
    pub fn live(&self, name: &str, channel: &str) -> Result<Option<Found>, StoreError> {
        match self.live_id(name, channel)? {
            Some(build_id) => match self.build(name, &build_id) {
                Err(StoreError::Missing(_)) => {
                    let key = channel_key(name, channel);
                    Err(StoreError::Content { key, what: "a pointer to a build that is there" })
                }
                found => found.map(Some),
            },
            None => Ok(None),
        }
    }

    /// A build, by its id, or by the start of it (8 digits or more) when only one begins so.
    pub fn build(&self, name: &str, build_id: &str) -> Result<Found, StoreError> {
        let build_id = self.whole_id(name, build_id)?;
        let folder = build_folder(name, &build_id);
        let read = Read::from(|file| {
            let found = self.optional(&format!("{folder}/{file}"))?;
            Ok::<_, StoreError>(found.map(|(bytes, _)| bytes))
        })?;
        match read.filter(|read| read.manifest.is_some()) {
            Some(read) => Ok(Found { build_id, read, layout: Layout::Registry }),
            None => Err(StoreError::Missing(format!("there is no build `{build_id}` of `{name}`"))),
        }
    }

    fn whole_id(&self, name: &str, start: &str) -> Result<String, StoreError> {
        if Digest::from_hex(start).is_some() {
            return Ok(start.to_owned());
        }
        let missing = || StoreError::Missing(format!("there is no build `{start}` of `{name}`"));
        if start.len() < 8 || !start.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(missing());
        }
        let (index, _) = self.index(name)?;
        let mut found = index.builds.iter().filter(|build| build.build_id.starts_with(start));
        match (found.next(), found.next()) {
            (Some(build), None) => Ok(build.build_id.clone()),
            (Some(_), Some(_)) => {
                Err(StoreError::Missing(format!("several builds of `{name}` begin with `{start}`")))
            }
            _ => Err(missing()),
        }
    }

    /// What stands at a place of a name: a channel, or else a build. No place is the channel `latest`, or the files that
    /// stand under their own names.
    pub fn at(&self, name: &str, place: Option<&str>) -> Result<Found, StoreError> {
        let is_here = |found: &Found| place.is_none_or(|start| found.build_id.starts_with(start));
        let files = self.files(name)?.filter(is_here);
        let place = place.unwrap_or("latest");
        if OutputPath::new(place).is_ok()
            && let Some(found) = self.live(name, place)?
        {
            return Ok(found);
        }
        match (self.build(name, place), files) {
            (Err(StoreError::Missing(_)), Some(files)) => Ok(files),
            (Err(StoreError::Missing(_)), None) => {
                Err(StoreError::Missing(format!("there is no deployment of `{name}` at `{place}`")))
            }
            (found, _) => found,
        }
    }

    /// What stands under its own names; `None` when nothing does.
    fn files(&self, name: &str) -> Result<Option<Found>, StoreError> {
        let read = Read::from(|file| {
            let found = self.optional(&format!("{name}/{file}"))?;
            Ok::<_, StoreError>(found.map(|(bytes, _)| bytes))
        })?;
        Ok(read.filter(|read| read.manifest.is_some()).map(|read| Found {
            build_id: Digest::of(read.lock.as_bytes()).to_hex(),
            read,
            layout: Layout::Files,
        }))
    }

    /// The metafile of the build that was made from a commit; `None` when there is none.
    pub fn metafile_of_commit(
        &self,
        name: &str,
        commit: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let key = format!("{name}/commits/{commit}.json");
        let Some((bytes, _)) = self.optional(&key)? else {
            return self
                .metafile_of_files(name, |manifest| manifest.commit.as_deref() == Some(commit));
        };
        let pointer: Pointer = serde_json::from_slice(&bytes)
            .map_err(|_| StoreError::Content { key, what: "a pointer" })?;
        self.metafile(name, &pointer.build_id)
    }

    /// The metafile of a build; `None` when it was stored without one.
    pub fn metafile(&self, name: &str, build_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if Digest::from_hex(build_id).is_none() {
            return Ok(None);
        }
        let key = format!("{}/{METAFILE}", build_folder(name, build_id));
        match self.optional(&key)? {
            Some((bytes, _)) => Ok(Some(bytes)),
            None => self.metafile_of_files(name, |manifest| manifest.build_id == build_id),
        }
    }

    /// The metafile beside files that stand under their own names, if they are of that build.
    fn metafile_of_files(
        &self,
        name: &str,
        is_it: impl Fn(&Manifest) -> bool,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let manifest = self.files(name)?.and_then(|found| found.read.manifest);
        let manifest = manifest.and_then(|json| Manifest::parse(&json).ok());
        if !manifest.as_ref().is_some_and(is_it) {
            return Ok(None);
        }
        let metafile = self.optional(&format!("{name}/{METAFILE_NAME}"))?;
        Ok(metafile.map(|(bytes, _)| bytes))
    }

    /// Hands on the bytes of a file of a deployment, by its digest, in pieces.
    ///
    /// # Errors
    /// It is not there, or cannot be read; or what `take` returns.
    pub fn object(
        &self,
        name: &str,
        digest: Digest,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.backend.read_pieces(&object_key(name, digest), take)
    }

    /// Hands on the bytes of a file that stands under its own name, as they are stored, in pieces.
    ///
    /// # Errors
    /// As [`Store::object`].
    pub fn file(
        &self,
        name: &str,
        path: &str,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.backend.read_stored(&format!("{name}/{path}"), take)
    }

    /// All builds, in the order in which they were stored, and where each is live.
    pub fn builds(&self, name: &str) -> Result<Vec<Build>, StoreError> {
        let (index, _) = self.index(name)?;
        let mut channels: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (channel, build_id) in self.channels(name)? {
            channels.entry(build_id).or_default().push(channel);
        }
        Ok(index
            .builds
            .into_iter()
            .map(|entry| {
                let channels = channels.remove(&entry.build_id).unwrap_or_default();
                Build { entry, channels }
            })
            .collect())
    }

    /// The channels of a name, each with the build that is live in it.
    fn channels(&self, name: &str) -> Result<Vec<(String, String)>, StoreError> {
        let prefix = format!("{name}/channels/");
        let listed = self.backend.list(&prefix).map_err(on("listing", &prefix))?;
        let mut channels = Vec::new();
        for key in listed {
            let channel = key.key.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".json"));
            let Some(channel) = channel else { continue };
            if let Some(build_id) = self.live_id(name, channel)? {
                channels.push((channel.to_owned(), build_id));
            }
        }
        Ok(channels)
    }

    /// Makes a build live in a channel; returns its whole id. Whether it is what was sealed is the caller's to check.
    pub fn promote(&self, name: &str, channel: &str, build_id: &str) -> Result<String, StoreError> {
        let found = self.build(name, build_id)?;
        let before = self.pointer(name, channel)?;
        self.make_live(name, channel, before, &found.build_id)?;
        Ok(found.build_id)
    }

    /// Makes live what was live before, or a build that the channel had before; returns its id.
    pub fn rollback(
        &self,
        name: &str,
        channel: &str,
        to: Option<&str>,
    ) -> Result<String, StoreError> {
        let Some((pointer, tag)) = self.pointer(name, channel)? else {
            return self.roll_back_group(name, channel, to);
        };
        if let Some(group) = pointer.group {
            return Err(StoreError::Missing(format!(
                "`{name}` is live in `{channel}` as a part of `{group}`, which goes back as a whole"
            )));
        }
        let (build_id, target) = pointer.before(to, channel)?;
        // It must still be there whole.
        self.build(name, &build_id)?;
        self.set_pointer(channel, &channel_key(name, channel), &target, Some(&tag))?;
        Ok(build_id)
    }

    /// Builds that are, or were, live in channels that start with `previews`, and live in no other.
    fn builds_of_previews(
        &self,
        name: &str,
        previews: Option<&str>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let (mut of_previews, mut of_others) = (BTreeSet::new(), BTreeSet::new());
        let Some(start) = previews else { return Ok(of_previews) };
        for (channel, build_id) in self.channels(name)? {
            let pointer = self.pointer(name, &channel)?.map(|(pointer, _)| pointer.previous);
            let builds = pointer.into_iter().flatten().chain([build_id]);
            if channel.starts_with(start) {
                of_previews.extend(builds);
            } else {
                of_others.extend(builds);
            }
        }
        of_previews.retain(|build_id| !of_others.contains(build_id));
        Ok(of_previews)
    }

    /// Removes builds, and objects of no other build. Kept are what the policy says, what is live in a channel that is not
    /// dropped, and objects that were written within a day before `now` (seconds since 1970), because a run
    /// that is going on may need them.
    pub fn prune(
        &self,
        name: &str,
        policy: &Prune,
        now: u64,
        is_dry: bool,
    ) -> Result<Pruned, StoreError> {
        let Prune { keep, days, drop, previews } = policy;
        let mut dropped = Vec::new();
        let mut builds = self.builds(name)?;
        for build in &mut builds {
            build.channels.retain(|channel| {
                let stays = !drop.contains(channel);
                if !stays {
                    dropped.push(channel.clone());
                }
                stays
            });
        }
        let of_previews = self.builds_of_previews(name, *previews)?;
        let folder = format!("{name}/builds/");
        let listed = self.backend.list(&folder).map_err(on("listing", &folder))?;
        let modified = |build_id: &str| {
            let start = format!("{folder}{build_id}/");
            listed
                .iter()
                .filter(|file| file.key.starts_with(&start))
                .map(|file| file.modified)
                .max()
        };
        // Previews come and go; they take no place of what was live.
        let counted = builds
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, build)| !of_previews.contains(&build.entry.build_id));
        let oldest_kept = counted.take(*keep).last().map_or(builds.len(), |(index, _)| index);
        let is_young = |build_id: &str| {
            days.zip(modified(build_id))
                .is_some_and(|(days, modified)| now.saturating_sub(modified) < days * 86_400)
        };
        let (gone, kept): (Vec<_>, Vec<_>) =
            builds.iter().enumerate().partition(|(index, build)| {
                // What waits for the other shards of a run is not live.
                let is_live = build.channels.iter().any(|channel| !channel.starts_with(PENDING));
                let is_counted = !of_previews.contains(&build.entry.build_id);
                let is_new = is_counted && *index >= oldest_kept;
                !is_new && !is_live && !is_young(&build.entry.build_id)
            });
        let gone: BTreeSet<&str> =
            gone.into_iter().map(|(_, build)| build.entry.build_id.as_str()).collect();
        let mut used = BTreeSet::new();
        // A build that is not in the index yet is one that is being stored.
        let mut ids: BTreeSet<&str> =
            kept.into_iter().map(|(_, build)| build.entry.build_id.as_str()).collect();
        ids.extend(
            listed
                .iter()
                .filter_map(|file| file.key.strip_prefix(&folder)?.split('/').next())
                .filter(|id| !gone.contains(id)),
        );
        for id in ids {
            let key = format!("{folder}{id}/{}", lock::FILE_NAME);
            let Some((bytes, _)) = self.optional(&key)? else { continue };
            let entries = std::str::from_utf8(&bytes).ok().and_then(|text| lock::parse(text).ok());
            let entries = entries.ok_or(StoreError::Content { key, what: "a lock" })?;
            used.extend(entries.into_iter().map(|(_, digest)| object_key(name, digest)));
        }
        let prefix = format!("{name}/objects/");
        let unused: Vec<_> = self
            .backend
            .list(&prefix)
            .map_err(on("listing", &prefix))?
            .into_iter()
            .filter(|object| !used.contains(&object.key))
            .filter(|object| now.saturating_sub(object.modified) >= GRACE_SECONDS)
            .collect();
        let pruned = Pruned {
            builds: gone.iter().map(|id| (*id).to_owned()).collect(),
            objects: unused.len(),
            bytes: unused.iter().map(|object| object.bytes).sum(),
            channels: dropped,
        };
        if is_dry {
            return Ok(pruned);
        }
        let channels: Vec<String> =
            pruned.channels.iter().map(|channel| channel_key(name, channel)).collect();
        self.backend.remove(&channels).map_err(on("removing from", name))?;
        // First nobody finds it, then it goes.
        self.change_index(name, |index| {
            let before = index.builds.len();
            index.builds.retain(|build| !gone.contains(build.build_id.as_str()));
            index.builds.len() != before
        })?;
        let is_manifest = |key: &str| {
            let name = key.rsplit('/').next();
            name == Some(manifest::FILE_NAME) || name == Some(manifest::OLD_FILE_NAME)
        };
        let of_gone = listed.iter().map(|file| &file.key).filter(|key| {
            key.strip_prefix(&folder)
                .and_then(|rest| rest.split('/').next())
                .is_some_and(|id| gone.contains(id))
        });
        let (manifests, others): (Vec<String>, Vec<String>) =
            of_gone.cloned().partition(|key| is_manifest(key));
        let objects: Vec<String> = unused.into_iter().map(|object| object.key).collect();
        for keys in [manifests, others, objects] {
            self.backend.remove(&keys).map_err(on("removing from", name))?;
        }
        Ok(pruned)
    }
}
