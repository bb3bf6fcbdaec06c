//! Several names that change together. A release names a build for each of them; one pointer says which release is
//! live; and the pointer of each name leads there, so that a single write makes all of them live.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::backend::Tag;
use super::registry::{Pointer, to_json};
use super::{Store, StoreError, on};
use crate::artifact::Digest;

/// Which build of each name goes with which of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Release {
    builds: BTreeMap<String, String>,
}

fn release_key(group: &str, id: &str) -> String {
    format!("{group}/releases/{id}.json")
}

/// The pointer of a group in a channel.
pub(super) fn group_key(group: &str, channel: &str) -> String {
    format!("{group}/releases/channels/{channel}.json")
}

impl Store {
    fn read_release(&self, group: &str, id: &str) -> Result<Release, StoreError> {
        let key = release_key(group, id);
        let missing = || StoreError::Missing(format!("there is no release `{id}` of `{group}`"));
        let (bytes, _) = self.optional(&key)?.ok_or_else(missing)?;
        match serde_json::from_slice(&bytes) {
            Ok(release) if Digest::of(&bytes).to_hex() == id => Ok(release),
            _ => Err(StoreError::Content { key, what: "a release" }),
        }
    }

    /// The build that a group has of a name in a channel.
    pub(super) fn build_of_group(
        &self,
        group: &str,
        channel: &str,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let Some((pointer, _)) = self.pointer_at(&group_key(group, channel))? else {
            return Ok(None);
        };
        Ok(self.read_release(group, &pointer.build_id)?.builds.get(name).cloned())
    }

    /// Makes builds of several names live in a channel, all at once. Names that the group had before and that are not
    /// among these stay as they are. Whether the builds are what was sealed is the caller's to check.
    ///
    /// # Errors
    /// Nothing has changed for a reader then.
    pub fn release(
        &self,
        group: &str,
        channel: &str,
        builds: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        let key = group_key(group, channel);
        // Whoever changes the pointer after this moment is faster.
        let before = self.pointer_at(&key)?;
        let mut release = match &before {
            Some((pointer, _)) => self.read_release(group, &pointer.build_id)?,
            None => Release::default(),
        };
        release.builds.extend(builds.clone());
        for (name, build_id) in &release.builds {
            self.build(name, build_id)?;
        }
        let json = to_json(&release);
        let id = Digest::of(&json).to_hex();
        self.write_text(
            &release_key(group, &id),
            ".json",
            std::str::from_utf8(&json).expect("JSON is text"),
            super::deploy::IMMUTABLE,
        )?;
        // These lead to the group, which still says what is live now.
        for name in builds.keys() {
            self.lead_to_group(name, channel, group)?;
        }
        self.make_live_at(channel, &key, before, &id)
    }

    fn lead_to_group(&self, name: &str, channel: &str, group: &str) -> Result<(), StoreError> {
        let (before, tag): (Pointer, Option<Tag>) = match self.pointer(name, channel)? {
            Some((pointer, _)) if pointer.group.as_deref() == Some(group) => return Ok(()),
            Some((pointer, tag)) => (pointer, Some(tag)),
            None => (Pointer::default(), None),
        };
        let live = self.live_id(name, channel)?.unwrap_or_default();
        let key = super::deploy::channel_key(name, channel);
        let (group, name) = (Some(group.to_owned()), Some(name.to_owned()));
        let pointer = Pointer { build_id: live, group, name, ..before };
        self.backend
            .swap(&key, &to_json(&pointer), tag.as_ref())
            .map(drop)
            .map_err(on("writing", &key))
    }

    /// Makes live the release before, or one that the group had before; returns its id.
    pub(super) fn roll_back_group(
        &self,
        group: &str,
        channel: &str,
        to: Option<&str>,
    ) -> Result<String, StoreError> {
        let key = group_key(group, channel);
        let Some((pointer, tag)) = self.pointer_at(&key)? else {
            return Err(StoreError::Missing(format!(
                "nothing is live in `{channel}` of `{group}`"
            )));
        };
        let (id, target) = pointer.before(to, channel)?;
        // All of it must still be there.
        for (name, build_id) in &self.read_release(group, &id)?.builds {
            self.build(name, build_id)?;
        }
        self.set_pointer(channel, &key, &target, Some(&tag))?;
        Ok(id)
    }
}
