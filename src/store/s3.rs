//! Cloudflare R2, and other servers that speak S3, through the AWS SDK.
//!
//! What R2 needs: no checksums that the SDK adds by itself, bodies of known bytes, path style, region `auto`, equal parts,
//! and its 429 taken as "slow down" (developers.cloudflare.com/r2/api/s3/api).

use std::io;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials as SdkCredentials, Region, RequestChecksumCalculation,
    ResponseChecksumValidation,
};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::StoreError;
use super::backend::{Attributes, Backend, Listed, Tag, check_key};
use super::credentials::Credentials;
use crate::artifact::{Body, Digest};

/// Above this, a value goes in parts, which a later run goes on with.
const LARGEST_WHOLE: usize = 64 << 20;
/// Bytes of a part but the last; R2 wants them equal.
const PART_BYTES: usize = 16 << 20;
/// Most parts of a value.
const MOST_PARTS: usize = 10_000;
/// Values on their way at the same time.
const CONCURRENCY: usize = 16;
/// Keys in one request to remove.
const MOST_REMOVED: usize = 1000;
const MOST_ATTEMPTS: u32 = 6;

/// A bucket, or a part of one.
pub(super) struct S3 {
    client: Client,
    runtime: tokio::runtime::Runtime,
    bucket: String,
    /// Empty, or with a slash at its end.
    prefix: String,
}

/// R2 says 429 where more than one write a second goes to a key; the SDK does not know that as a reason to wait.
#[derive(Debug)]
struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "429 of R2"
    }
}

impl S3 {
    /// A bucket below a prefix. Nothing is sent yet.
    pub(super) fn new(
        bucket: &str,
        prefix: &str,
        credentials: Credentials,
    ) -> Result<Self, StoreError> {
        let text = |secret: &crate::secret::Secret| {
            secret
                .expose_str()
                .map(|text| text.trim().to_owned())
                .ok_or_else(|| StoreError::Access("the key of the store is not text".to_owned()))
        };
        let session = credentials.session.as_ref().map(text).transpose()?;
        let key = SdkCredentials::new(
            credentials.key_id.trim(),
            text(&credentials.secret)?,
            session,
            None,
            "bundlegate",
        );
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
            .build_https();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(credentials.region))
            .credentials_provider(key)
            .force_path_style(credentials.is_path_style)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(MOST_ATTEMPTS))
            .retry_classifier(TooManyRequests)
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(10))
                    .operation_attempt_timeout(Duration::from_mins(2))
                    .operation_timeout(Duration::from_mins(10))
                    .build(),
            );
        config.set_endpoint_url(credentials.endpoint);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("store")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Access(format!("no thread can be started: {error}")))?;
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self {
            client: Client::from_conf(config.build()),
            runtime,
            bucket: bucket.to_owned(),
            prefix,
        })
    }

    fn key(&self, key: &str) -> io::Result<String> {
        let key = format!("{}{key}", self.prefix);
        check_key(&key)?;
        Ok(key)
    }

    fn wait<T>(&self, what: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        self.runtime.block_on(what)
    }

    /// Hands on the bytes of an object as they come. An answer that breaks off is asked for again from there on: the SDK
    /// asks again only while nothing has come.
    async fn get(
        &self,
        key: &str,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Tag> {
        let mut tag = None;
        let mut taken = 0u64;
        let mut attempt = 1;
        loop {
            let found = self
                .client
                .get_object()
                .bucket(&self.bucket)
                .key(key)
                .set_if_match(tag.clone())
                .set_range((taken > 0).then(|| format!("bytes={taken}-")))
                .send()
                .await
                .map_err(|error| self.error(&error))?;
            if taken > 0 && found.content_range.is_none() {
                return Err(io::Error::other("the answer broke off, and the store gives no rest"));
            }
            tag = found.e_tag.or(tag);
            let mut body = found.body;
            let broken = loop {
                match body.next().await {
                    Some(Ok(piece)) => {
                        take(&piece)?;
                        taken += piece.len() as u64;
                    }
                    Some(Err(error)) => break error,
                    None => return Ok(Tag(tag.unwrap_or_default())),
                }
            };
            if attempt == MOST_ATTEMPTS {
                let message = format!("the answer broke off: {broken}");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
            }
            tokio::time::sleep(Duration::from_millis(200) * attempt).await;
            attempt += 1;
        }
    }

    async fn write_whole(
        &self,
        key: &str,
        bytes: Bytes,
        attributes: &Attributes,
    ) -> io::Result<()> {
        let mut put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(&attributes.content_type)
            .set_content_encoding(attributes.content_encoding.clone())
            .set_cache_control(attributes.cache_control.map(str::to_owned))
            // The value, not the name of the algorithm: with the latter the SDK would send no checksum.
            .set_checksum_sha256(
                attributes.digest.map(|digest| STANDARD.encode(digest.as_bytes())),
            );
        for (name, value) in metadata(attributes) {
            put = put.metadata(name, value);
        }
        put.body(ByteStream::from(bytes)).send().await.map_err(|error| self.error(&error))?;
        Ok(())
    }

    /// In parts. Those that an earlier run left are not sent again.
    async fn write_parts(&self, key: &str, body: Bytes, attributes: &Attributes) -> io::Result<()> {
        let part_bytes = PART_BYTES.max(body.len().div_ceil(MOST_PARTS));
        let (upload, there) = match self.unfinished(key).await? {
            Some(found) => found,
            None => (self.begin(key, attributes).await?, Vec::new()),
        };
        let parts = body.len().div_ceil(part_bytes);
        let mut completed = Vec::with_capacity(parts);
        for index in 0..parts {
            let number = i32::try_from(index + 1).expect("there are at most 10,000 parts");
            let piece = body.slice(index * part_bytes..body.len().min((index + 1) * part_bytes));
            // The tag of a part is its MD5; the size tells parts of another run with other parts apart.
            let kept = there.iter().find(|(at, bytes, _)| *at == number && *bytes == piece.len());
            let tag = match kept {
                Some((_, _, tag)) => Some(tag.clone()),
                None => {
                    self.client
                        .upload_part()
                        .bucket(&self.bucket)
                        .key(key)
                        .upload_id(&upload)
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
            .upload_id(&upload)
            .multipart_upload(
                CompletedMultipartUpload::builder().set_parts(Some(completed)).build(),
            )
            .send()
            .await
            .map_err(|error| self.error(&error))?;
        Ok(())
    }

    async fn begin(&self, key: &str, attributes: &Attributes) -> io::Result<String> {
        let mut create = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .content_type(&attributes.content_type)
            .set_content_encoding(attributes.content_encoding.clone())
            .set_cache_control(attributes.cache_control.map(str::to_owned));
        for (name, value) in metadata(attributes) {
            create = create.metadata(name, value);
        }
        let created = create.send().await.map_err(|error| self.error(&error))?;
        created.upload_id.ok_or_else(|| io::Error::other("the store began an upload without an id"))
    }

    /// An upload of this key that did not end, and its parts: number, bytes, tag. Keys are content-addressed where this
    /// matters, so the parts are of the same bytes.
    async fn unfinished(
        &self,
        key: &str,
    ) -> io::Result<Option<(String, Vec<(i32, usize, String)>)>> {
        let listed =
            self.client.list_multipart_uploads().bucket(&self.bucket).prefix(key).send().await;
        let Ok(listed) = listed else { return Ok(None) };
        let found = listed.uploads().iter().find(|upload| upload.key() == Some(key));
        let Some(upload) = found.and_then(|upload| upload.upload_id()) else { return Ok(None) };
        let mut parts = Vec::new();
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
                    parts.push((
                        number,
                        usize::try_from(bytes).unwrap_or_default(),
                        tag.to_owned(),
                    ));
                }
            }
        }
        Ok(Some((upload.to_owned(), parts)))
    }

    /// An error of the SDK as a sentence that says what to do.
    fn error<E, R>(&self, error: &SdkError<E, R>) -> io::Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        use io::ErrorKind::{
            AlreadyExists, ConnectionRefused, NotFound, Other, PermissionDenied, TimedOut,
        };
        let failed = |kind, text: String| io::Error::new(kind, text);
        match error {
            SdkError::TimeoutError(_) => {
                return failed(TimedOut, "the store did not answer in time".to_owned());
            }
            SdkError::DispatchFailure(cause) if cause.is_timeout() => {
                return failed(TimedOut, "the store did not answer in time".to_owned());
            }
            SdkError::DispatchFailure(_) => {
                let text = format!("the store cannot be reached: {}", innermost(error));
                return failed(ConnectionRefused, text);
            }
            _ => {}
        }
        let code = error.code().unwrap_or_default().to_owned();
        let said = error.message().unwrap_or_default().to_owned();
        match code.as_str() {
            "NoSuchKey" | "NotFound" => failed(NotFound, "it is not there".to_owned()),
            "PreconditionFailed" | "ConditionalRequestConflict" => {
                failed(AlreadyExists, "another run changed it".to_owned())
            }
            "NoSuchBucket" => failed(Other, format!("there is no bucket `{}`", self.bucket)),
            "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "Unauthorized" => failed(
                PermissionDenied,
                "the store does not know the key: check its id and its secret".to_owned(),
            ),
            "ExpiredToken" | "ExpiredRequest" => {
                failed(PermissionDenied, "the credential has expired".to_owned())
            }
            "RequestTimeTooSkewed" => {
                failed(PermissionDenied, "the clock of this machine is wrong".to_owned())
            }
            "AccessDenied" | "Forbidden" => {
                failed(PermissionDenied, "the key may not do that here".to_owned())
            }
            "" => failed(Other, innermost(error)),
            _ => failed(Other, format!("{code}: {said}")),
        }
    }
}

fn metadata(attributes: &Attributes) -> Vec<(&'static str, String)> {
    let mut metadata = attributes.metadata.clone();
    if let Some(digest) = attributes.digest {
        metadata.push(("sha256", digest.to_hex()));
    }
    metadata
}

/// The last cause in the chain, which is the one that says something.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    if text.is_empty() { DisplayErrorContext(error).to_string() } else { text }
}

/// HEAD answers have no body, so the SDK has only their status to go by.
fn is_missing<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    matches!(error.code(), Some("NotFound" | "NoSuchKey"))
}

impl Backend for S3 {
    fn read(&self, key: &str) -> io::Result<(Vec<u8>, Tag)> {
        let mut bytes = Vec::new();
        let tag = self.wait(self.get(&self.key(key)?, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        }))?;
        Ok((bytes, tag))
    }

    fn read_pieces(
        &self,
        key: &str,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.wait(self.get(&self.key(key)?, take)).map(|_| ())
    }

    fn write(&self, key: &str, body: &Body, attributes: &Attributes) -> io::Result<()> {
        let key = self.key(key)?;
        let bytes = Bytes::from_owner(body.clone());
        if bytes.len() > LARGEST_WHOLE {
            self.wait(self.write_parts(&key, bytes, attributes))
        } else {
            self.wait(self.write_whole(&key, bytes, attributes))
        }
    }

    fn swap(&self, key: &str, bytes: &[u8], expected: Option<&Tag>) -> io::Result<()> {
        let key = self.key(key)?;
        self.wait(async {
            let put = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(&key)
                .content_type("application/json")
                .cache_control("no-cache")
                .checksum_sha256(STANDARD.encode(Digest::of(bytes).as_bytes()));
            let put = match expected {
                Some(tag) => put.if_match(&tag.0),
                None => put.if_none_match("*"),
            };
            let body = ByteStream::from(bytes.to_vec());
            put.body(body).send().await.map_err(|error| self.error(&error))?;
            Ok(())
        })
    }

    fn size(&self, key: &str) -> io::Result<Option<u64>> {
        let key = self.key(key)?;
        self.wait(async {
            let head = self.client.head_object().bucket(&self.bucket).key(&key).send().await;
            match head {
                Ok(found) => Ok(found.content_length.and_then(|bytes| u64::try_from(bytes).ok())),
                Err(error) if is_missing(&error) => Ok(None),
                Err(error) => Err(self.error(&error)),
            }
        })
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Listed>> {
        let start = format!("{}{prefix}", self.prefix);
        self.wait(async {
            let mut listed = Vec::new();
            let mut pages = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(&start)
                .into_paginator()
                .send();
            while let Some(page) = pages.next().await {
                for object in page.map_err(|error| self.error(&error))?.contents() {
                    let key = object.key().and_then(|key| key.strip_prefix(&self.prefix));
                    let Some(key) = key else { continue };
                    let number = |value: i64| u64::try_from(value).unwrap_or_default();
                    listed.push(Listed {
                        key: key.to_owned(),
                        bytes: object.size().map(number).unwrap_or_default(),
                        modified: object
                            .last_modified()
                            .map(|at| number(at.secs()))
                            .unwrap_or_default(),
                    });
                }
            }
            listed.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(listed)
        })
    }

    fn remove(&self, keys: &[String]) -> io::Result<()> {
        self.wait(async {
            for some in keys.chunks(MOST_REMOVED) {
                let mut delete = Delete::builder().quiet(true);
                for key in some {
                    let identifier = ObjectIdentifier::builder()
                        .key(self.key(key)?)
                        .build()
                        .map_err(io::Error::other)?;
                    delete = delete.objects(identifier);
                }
                let removed = self
                    .client
                    .delete_objects()
                    .bucket(&self.bucket)
                    .delete(delete.build().map_err(io::Error::other)?)
                    .send()
                    .await
                    .map_err(|error| self.error(&error))?;
                if let Some(error) = removed.errors().first() {
                    let code = error.code().unwrap_or("an error").to_owned();
                    let key = error.key().unwrap_or_default();
                    return Err(io::Error::other(format!("{code} for `{key}`")));
                }
            }
            Ok(())
        })
    }

    fn concurrency(&self) -> usize {
        CONCURRENCY
    }
}
