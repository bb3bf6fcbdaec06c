//! Large values in parts, which a later run goes on with.

use std::io;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::{Attributes, Digest, S3, metadata};

/// Bytes of a part but the last; R2 wants them equal.
const PART_BYTES: usize = 16 << 20;
/// How often an upload is begun.
const MOST_UPLOADS: u32 = 3;
/// Most parts of a value.
const MOST_PARTS: usize = 10_000;

/// A value cut into parts.
struct Parts {
    body: Bytes,
    part_bytes: usize,
}

impl Parts {
    fn new(body: Bytes) -> Self {
        let part_bytes = PART_BYTES.max(body.len().div_ceil(MOST_PARTS));
        Self { body, part_bytes }
    }

    /// Numbers of the parts, from 1, and their bytes.
    fn iter(&self) -> impl Iterator<Item = (i32, Bytes)> {
        let starts = (0..self.body.len()).step_by(self.part_bytes);
        (1..).zip(
            starts
                .map(|start| self.body.slice(start..self.body.len().min(start + self.part_bytes))),
        )
    }

    /// Whether a part that a server has is that part of these bytes: its tag is their MD5. Where it is not, because the
    /// server has tags of its own, nobody can tell.
    fn is(&self, there: &There) -> bool {
        let index = usize::try_from(there.number - 1).unwrap_or(usize::MAX);
        let start = index.saturating_mul(self.part_bytes);
        let end = self.body.len().min(start.saturating_add(self.part_bytes));
        self.body.get(start..end).is_some_and(|bytes| {
            let digest = Md5::digest(bytes);
            let hex = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            bytes.len() == there.bytes && there.tag.trim_matches('"').eq_ignore_ascii_case(&hex)
        })
    }
}

/// A part that a server has.
struct There {
    number: i32,
    bytes: usize,
    tag: String,
}

impl S3 {
    /// Writes a value in parts. Those of these bytes that an earlier run left are not sent again.
    pub(super) async fn write_parts(
        &self,
        key: &str,
        body: Bytes,
        attributes: &Attributes,
    ) -> io::Result<()> {
        let parts = Parts::new(body);
        // What an upload was begun with cannot be asked for: only where the key names the bytes it was begun as this one is.
        let names_its_bytes =
            attributes.digest.is_some_and(|digest| key.ends_with(&digest.to_hex()));
        if names_its_bytes
            && let Some((upload, there)) = self.unfinished(key, &parts).await?
            && self.finished(key, &upload, &parts, &there, attributes).await?
        {
            return Ok(());
        }
        for _ in 0..MOST_UPLOADS {
            let upload = self.begin(key, attributes).await?;
            if self.finished(key, &upload, &parts, &[], attributes).await? {
                return Ok(());
            }
        }
        Err(io::Error::other("the store forgets uploads in parts before they end"))
    }

    /// Ends an upload; `false` when there is none any more. It may have ended, by an answer that was lost or by another
    /// run: then the value is there.
    async fn finished(
        &self,
        key: &str,
        upload: &str,
        parts: &Parts,
        there: &[There],
        attributes: &Attributes,
    ) -> io::Result<bool> {
        match self.finish(key, upload, parts, there).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let stored = self.head(key).await?.and_then(|found| found.metadata);
                let digest = stored.and_then(|metadata| metadata.get("sha256").cloned());
                Ok(digest.is_some() && digest == attributes.digest.map(Digest::to_hex))
            }
            result => result.map(|()| true),
        }
    }

    async fn begin(&self, key: &str, attributes: &Attributes) -> io::Result<String> {
        let mut create = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .content_type(&attributes.content_type)
            .set_content_encoding(attributes.content_encoding.clone())
            .set_cache_control(attributes.cache_control.clone());
        for (name, value) in metadata(attributes) {
            create = create.metadata(name, value);
        }
        let created = create.send().await.map_err(|error| self.error(&error))?;
        created.upload_id.ok_or_else(|| io::Error::other("the store began an upload without an id"))
    }

    /// Sends what is missing and puts the parts together.
    async fn finish(
        &self,
        key: &str,
        upload: &str,
        parts: &Parts,
        there: &[There],
    ) -> io::Result<()> {
        let mut completed = Vec::new();
        for (number, piece) in parts.iter() {
            let tag = match there.iter().find(|there| there.number == number) {
                Some(there) => Some(there.tag.clone()),
                None => {
                    self.client
                        .upload_part()
                        .bucket(&self.bucket)
                        .key(key)
                        .upload_id(upload)
                        .part_number(number)
                        .body(ByteStream::from(piece))
                        .send()
                        .await
                        .map_err(|error| self.error(&error))?
                        .e_tag
                }
            };
            completed.push(CompletedPart::builder().part_number(number).set_e_tag(tag).build());
        }
        self.client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .upload_id(upload)
            .multipart_upload(
                CompletedMultipartUpload::builder().set_parts(Some(completed)).build(),
            )
            .send()
            .await
            .map_err(|error| self.error(&error))?;
        Ok(())
    }

    /// An upload of this key that did not end and of which every part is one of these bytes.
    async fn unfinished(
        &self,
        key: &str,
        parts: &Parts,
    ) -> io::Result<Option<(String, Vec<There>)>> {
        let listed =
            self.client.list_multipart_uploads().bucket(&self.bucket).prefix(key).send().await;
        // A key that may not list them begins anew.
        let Ok(listed) = listed else { return Ok(None) };
        let uploads = listed.uploads().iter().filter(|upload| upload.key() == Some(key));
        for upload in uploads.filter_map(|upload| upload.upload_id()) {
            let there = match self.parts_of(key, upload).await {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                there => there?,
            };
            if !there.is_empty() && there.iter().all(|part| parts.is(part)) {
                return Ok(Some((upload.to_owned(), there)));
            }
        }
        Ok(None)
    }

    async fn parts_of(&self, key: &str, upload: &str) -> io::Result<Vec<There>> {
        let mut there = Vec::new();
        let mut pages = self
            .client
            .list_parts()
            .bucket(&self.bucket)
            .key(key)
            .upload_id(upload)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            for part in page.map_err(|error| self.error(&error))?.parts() {
                if let (Some(number), Some(bytes), Some(tag)) =
                    (part.part_number(), part.size(), part.e_tag())
                {
                    let bytes = usize::try_from(bytes).unwrap_or_default();
                    there.push(There { number, bytes, tag: tag.to_owned() });
                }
            }
        }
        Ok(there)
    }
}
