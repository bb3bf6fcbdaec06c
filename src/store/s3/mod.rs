//! Cloudflare R2, and other servers that speak S3, through the AWS SDK.
//!
//! What R2 needs: no checksums that the SDK adds by itself, bodies of known bytes, path style, region `auto`, equal parts,
//! its 429 taken as "slow down", and objects with an encoding asked for in the form that is stored
//! (developers.cloudflare.com/r2/api/s3/api).

mod error;
mod parts;
mod traffic;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::retry::{
    ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket,
};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, ConfigBag, Credentials as SdkCredentials, Intercept, Region,
    RequestChecksumCalculation, ResponseChecksumValidation, RuntimeComponents,
    StalledStreamProtectionConfig,
};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpClient as _, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use self::traffic::{Traffic, Watched};
use super::StoreError;
use super::backend::{Attributes, Backend, Listed, Stored, Tag, check_key};
use super::credentials::{Credentials, Key};
use super::deploy::{KEY_MARK, SIGNATURE_INPUT};
use crate::artifact::{Body, Digest};
use crate::secret::Secret;

/// Above this, a value goes in parts, which a later run goes on with.
const LARGEST_WHOLE: usize = 64 << 20;
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
    traffic: Arc<Traffic>,
    /// Whether tags in conditions have no quotes around them, as old servers of Ceph want it.
    has_bare_tags: AtomicBool,
}

/// Answers that ask to try again and that the SDK does not know as such: R2 says 429 where more than one write a second
/// goes to a key, and 409 (`ConditionalRequestConflict`, `OperationAborted`) where another request was in progress.
#[derive(Debug)]
struct TryAgain;

impl ClassifyRetry for TryAgain {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            Some(409) => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "409 and 429"
    }
}

/// Asks for an object in the form that is stored. R2 decodes it for whoever does not take its encoding, and then knows no
/// length. Set after signing, because a proxy may change it.
#[derive(Debug)]
struct AsStored;

impl Intercept for AsStored {
    fn name(&self) -> &'static str {
        "the form that is stored"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().insert("accept-encoding", "br, gzip, zstd");
        Ok(())
    }
}

/// A key as the SDK takes it.
fn sdk_credentials(key: &Key) -> Result<SdkCredentials, &'static str> {
    let text = |secret: &Secret| {
        let text = secret.expose_str().ok_or("the key of the store is not text")?;
        Ok::<_, &'static str>(text.trim().to_owned())
    };
    let session = key.session.as_ref().map(text).transpose()?;
    Ok(SdkCredentials::new(key.id.trim(), text(&key.secret)?, session, key.expires, "bundlegate"))
}

/// Gives the SDK a key, and a new one when that ends.
impl ProvideCredentials for Credentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error = aws_credential_types::provider::error::CredentialsError::invalid_configuration;
        future::ProvideCredentials::ready(sdk_credentials(&self.key()).map_err(error))
    }
}

impl S3 {
    /// A bucket below a prefix. Nothing is sent yet.
    pub(super) fn new(
        bucket: &str,
        prefix: &str,
        credentials: Credentials,
    ) -> Result<Self, StoreError> {
        sdk_credentials(&credentials.key())
            .map_err(|message| StoreError::Access(message.to_owned()))?;
        let traffic = Arc::new(Traffic::new(credentials.patience));
        let http = {
            let inner = aws_smithy_http_client::Builder::new()
                .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
                .build_https();
            let traffic = Arc::clone(&traffic);
            http_client_fn(move |settings, components| {
                SharedHttpConnector::new(Watched {
                    inner: inner.http_connector(settings, components),
                    traffic: Arc::clone(&traffic),
                })
            })
        };
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(credentials.region.clone()))
            .force_path_style(credentials.is_path_style)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(MOST_ATTEMPTS))
            // Each request has all of its attempts; by default all requests of a process share a budget of fifty.
            .retry_partition(
                RetryPartition::custom("bundlegate").token_bucket(TokenBucket::unlimited()).build(),
            )
            .retry_classifier(TryAgain)
            // No limit on all of an operation: `Watched` ends what does not move, however long it took until then.
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(10))
                    .disable_operation_timeout()
                    .disable_operation_attempt_timeout()
                    .disable_read_timeout()
                    .build(),
            )
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled()
                    .upload_enabled(false)
                    .grace_period(credentials.patience)
                    .build(),
            );
        config.set_endpoint_url(credentials.endpoint.clone());
        let config = config.credentials_provider(credentials);
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
            traffic,
            has_bare_tags: AtomicBool::new(false),
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
        is_as_stored: bool,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Tag> {
        let mut tag = None;
        let mut taken = 0u64;
        let mut attempt = 1;
        loop {
            let before = taken;
            let get = self
                .client
                .get_object()
                .bucket(&self.bucket)
                .key(key)
                .set_if_match(tag.as_deref().map(|tag| self.condition(tag)))
                .set_range((taken > 0).then(|| format!("bytes={taken}-")));
            let sent = if is_as_stored {
                get.customize().interceptor(AsStored).send().await
            } else {
                get.send().await
            };
            let found = sent.map_err(|error| self.error(&error))?;
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
            // What goes on is no failure, however often it breaks off.
            if taken > before {
                attempt = 1;
            }
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
            .set_cache_control(attributes.cache_control.clone())
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

    fn error<E>(&self, error: &SdkError<E, HttpResponse>) -> io::Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        error::of_sdk(error, &self.bucket)
    }

    async fn head(&self, key: &str) -> io::Result<Option<Head>> {
        let head = self.client.head_object().bucket(&self.bucket).key(key).customize();
        match head.interceptor(AsStored).send().await {
            Ok(found) => Ok(Some(found)),
            Err(error) => match self.error(&error) {
                error if error.kind() == io::ErrorKind::NotFound => Ok(None),
                error => Err(error),
            },
        }
    }

    /// A tag as this server takes it in a condition.
    fn condition(&self, tag: &str) -> String {
        let is_bare = self.has_bare_tags.load(Ordering::Relaxed);
        if is_bare { tag.trim_matches('"').to_owned() } else { tag.to_owned() }
    }

    /// Puts a small value under a key on a condition.
    async fn put_if(&self, key: &str, bytes: &[u8], expected: Option<&str>) -> io::Result<()> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/json")
            .cache_control("no-cache")
            .checksum_sha256(STANDARD.encode(Digest::of(bytes).as_bytes()));
        let put = match expected {
            Some(tag) => put.if_match(tag),
            None => put.if_none_match("*"),
        };
        let body = ByteStream::from(bytes.to_vec());
        put.body(body).send().await.map_err(|error| self.error(&error))?;
        Ok(())
    }
}

type Head = aws_sdk_s3::operation::head_object::HeadObjectOutput;

fn metadata(attributes: &Attributes) -> Vec<(&'static str, String)> {
    let mut metadata = attributes.metadata.clone();
    if let Some(digest) = attributes.digest {
        metadata.push(("sha256", digest.to_hex()));
    }
    metadata
}

impl Backend for S3 {
    fn read(&self, key: &str) -> io::Result<(Vec<u8>, Tag)> {
        let mut bytes = Vec::new();
        let tag = self.wait(self.get(&self.key(key)?, false, &mut |piece| {
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
        self.wait(self.get(&self.key(key)?, false, take)).map(|_| ())
    }

    fn read_stored(
        &self,
        key: &str,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.wait(self.get(&self.key(key)?, true, take)).map(|_| ())
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
            let Some(Tag(tag)) = expected else { return self.put_if(&key, bytes, None).await };
            let bare = tag.trim_matches('"');
            let condition = self.condition(tag);
            match self.put_if(&key, bytes, Some(&condition)).await {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && bare != condition => {
                    // Nobody changed it, so it is the quotes that the server does not take.
                    let now = self.head(&key).await?.and_then(|found| found.e_tag);
                    if now.as_deref() != Some(tag) {
                        return Err(error);
                    }
                    self.put_if(&key, bytes, Some(bare)).await?;
                    self.has_bare_tags.store(true, Ordering::Relaxed);
                    Ok(())
                }
                result => result,
            }
        })
    }

    fn stored(&self, key: &str, _: bool) -> io::Result<Option<Stored>> {
        let key = self.key(key)?;
        let Some(found) = self.wait(self.head(&key))? else { return Ok(None) };
        let said = |name: &str| found.metadata.as_ref().and_then(|metadata| metadata.get(name));
        Ok(Some(Stored {
            bytes: found.content_length.and_then(|bytes| u64::try_from(bytes).ok()),
            digest: said("sha256").and_then(|hex| Digest::from_hex(hex)),
            signature_input: said(SIGNATURE_INPUT).cloned(),
            key_mark: said(KEY_MARK).cloned(),
            served: Some([found.content_type, found.content_encoding, found.cache_control]),
        }))
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

    /// Not every server that speaks S3 heeds conditions of a write.
    fn swaps(&self) -> bool {
        false
    }

    fn moved(&self) -> u64 {
        self.traffic.moved()
    }

    fn pressure(&self) -> u64 {
        self.traffic.pressure()
    }
}
