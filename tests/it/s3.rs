//! A server that speaks S3 and checks signatures (`s3s`), with the rules of R2 and with faults on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Body as HttpBody;
use axum::error_handling::HandleError;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bundlegate::artifact::Digest;
use bundlegate::seal::hmac::hmac_sha256;
use bundlegate::secret::Secret;
use http_body_util::{BodyExt as _, Full};
use md5::{Digest as _, Md5};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::support::serve;

pub(crate) const BUCKET: &str = "releases";
pub(crate) const KEY_ID: &str = "4f2c9d1e8b7a6f5e4d3c2b1a09f8e7d6";
pub(crate) const KEY: &str = "9c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5";
pub(crate) const ACCOUNT: &str = "acc0123";

/// What the server does instead of answering.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// An answer with this status.
    Status(u16),
    /// A page of a proxy with this status.
    Html(u16),
    /// An answer that never comes.
    Never,
    /// A refusal with this code.
    Refuse(&'static str),
    /// The connection is closed without an answer.
    Drop,
    /// It is done, and the answer is lost.
    Lost,
    /// The answer comes later.
    Slow(Duration),
    /// What was sent is stored with a byte more.
    Corrupt,
    /// The answer breaks off in the middle.
    Cut,
}

struct Planned {
    /// Method, and a part of the path and query.
    on: (&'static str, String),
    times: usize,
    fault: Fault,
}

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    tag: String,
    written: Instant,
}

#[derive(Default)]
struct Upload {
    key: String,
    content_type: Option<String>,
    content_encoding: Option<String>,
    cache_control: Option<String>,
    metadata: BTreeMap<String, String>,
    parts: BTreeMap<i32, Vec<u8>>,
}

#[derive(Default)]
struct Inner {
    objects: BTreeMap<String, Stored>,
    uploads: BTreeMap<String, Upload>,
    faults: Vec<Planned>,
    log: Vec<String>,
    /// Least time between two writes of a key.
    pause: Duration,
    corrupts: bool,
    /// How conditions of a write are taken.
    conditions: Conditions,
    /// Forbidden actions.
    denied: Vec<&'static str>,
}

/// How a server takes `If-Match` and `If-None-Match` of a write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Conditions {
    /// As R2 and AWS do: a tag has quotes around it.
    #[default]
    Quoted,
    /// As old servers of Ceph (radosgw 16) do: a tag with quotes is another one.
    Bare,
    /// They are not looked at.
    Ignored,
}

/// The server. It ends with the value.
pub(crate) struct Server {
    inner: Arc<Mutex<Inner>>,
    pub(crate) url: String,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub(crate) fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let mut builder = S3ServiceBuilder::new(Bucket(Arc::clone(&inner)));
        builder.set_auth(Auth);
        let service = HandleError::new(builder.build(), |error: s3s::HttpError| async move {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}"))
        });
        let app = Router::new()
            .fallback_service(service)
            .layer(from_fn_with_state(Arc::clone(&inner), before));
        let (url, runtime) = serve(app);
        Self { inner, url, _runtime: runtime }
    }

    /// Plans a fault for the next requests of a method whose path or query has a part.
    pub(crate) fn fault(&self, method: &'static str, part: &str, times: usize, fault: Fault) {
        let on = (method, part.to_owned());
        self.inner.lock().unwrap().faults.push(Planned { on, times, fault });
    }

    /// Least time between two writes of a key, as R2 has it.
    pub(crate) fn pause(&self, pause: Duration) {
        self.inner.lock().unwrap().pause = pause;
    }

    /// How conditions are taken from now on.
    pub(crate) fn conditions(&self, conditions: Conditions) {
        self.inner.lock().unwrap().conditions = conditions;
    }

    /// Changes what is stored, behind everybody's back.
    pub(crate) fn tamper(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.inner.lock().unwrap().objects.get_mut(key).unwrap().bytes);
    }

    /// Copies an object.
    pub(crate) fn duplicate(&self, from: &str, to: &str) {
        let mut inner = self.inner.lock().unwrap();
        let object = inner.objects[from].clone();
        inner.objects.insert(to.to_owned(), object);
    }

    pub(crate) fn forget_faults(&self) {
        self.inner.lock().unwrap().faults.clear();
    }

    /// An action that nobody may do.
    pub(crate) fn deny(&self, action: &'static str) {
        self.inner.lock().unwrap().denied.push(action);
    }

    pub(crate) fn objects(&self) -> BTreeMap<String, Stored> {
        self.inner.lock().unwrap().objects.clone()
    }

    /// The requests so far, and forgets them.
    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.lock().unwrap().log)
    }
}

tokio::task_local! {
    /// The secret that the request at hand must be signed with.
    static SECRET: String;
}

struct Auth;

#[async_trait::async_trait]
impl S3Auth for Auth {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key != KEY_ID {
            return Err(s3_error!(InvalidAccessKeyId));
        }
        Ok(SECRET.try_with(|secret| SecretKey::from(secret.clone())).unwrap_or_else(|_| KEY.into()))
    }
}

/// Which action of S3 a request is.
fn action(request: &Request) -> &'static str {
    let query = request.uri().query().unwrap_or_default();
    match (request.method().as_str(), query) {
        ("GET", query) if query.contains("list-type=2") => "ListObjectsV2",
        ("GET", query) if query.contains("uploadId=") => "ListParts",
        ("GET", query) if query.contains("uploads") => "ListMultipartUploads",
        ("GET", _) => "GetObject",
        ("HEAD", _) => "HeadObject",
        ("PUT", query) if query.contains("partNumber=") => "UploadPart",
        ("PUT", _) => "PutObject",
        ("POST", query) if query.contains("uploads") => "CreateMultipartUpload",
        ("POST", query) if query.contains("uploadId=") => "CompleteMultipartUpload",
        ("POST", query) if query.contains("delete") => "DeleteObjects",
        _ => "another",
    }
}

fn refuse(status: u16, code: &str) -> Response<HttpBody> {
    Response::builder()
        .status(status)
        .header("content-type", "application/xml")
        .body(HttpBody::from(format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>planned</Message></Error>"
        )))
        .unwrap()
}

/// The secret of a temporary credential, if its token is one, holds, and allows the request.
fn secret_of_token(token: &str, request: &Request) -> Result<String, &'static str> {
    let text = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or("InvalidArgument")?;
    let jwt = text.strip_prefix("jwt/").ok_or("InvalidArgument")?;
    let (signed, signature) = jwt.rsplit_once('.').ok_or("InvalidArgument")?;
    let expected = hmac_sha256(&Secret::from(KEY.to_owned()), signed.as_bytes());
    if URL_SAFE_NO_PAD.decode(signature).ok().as_deref() != Some(&expected[..]) {
        return Err("SignatureDoesNotMatch");
    }
    let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    if claims["exp"].as_u64().unwrap() < now {
        return Err("ExpiredToken");
    }
    let may = claims["actions"].as_array().unwrap().iter().any(|name| name == action(request));
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default().replace("%2F", "/");
    let is_below = match claims["paths"]["prefixPaths"][0].as_str() {
        Some(prefix) => {
            path.starts_with(&format!("/{BUCKET}/{prefix}"))
                || query.contains(&format!("prefix={prefix}"))
                || action(request) == "DeleteObjects"
        }
        None => true,
    };
    let is_ours = claims["bucket"] == BUCKET && claims["iss"] == KEY_ID && claims["sub"] == ACCOUNT;
    if may && is_below && is_ours {
        Ok(Digest::of(jwt.as_bytes()).to_hex())
    } else {
        Err("AccessDenied")
    }
}

/// Faults, rules that `s3s` does not have, and temporary credentials.
async fn before(
    State(inner): State<Arc<Mutex<Inner>>>,
    request: Request,
    next: Next,
) -> Response<HttpBody> {
    let what = format!(
        "{} {}?{}",
        request.method(),
        request.uri().path(),
        request.uri().query().unwrap_or_default()
    );
    let fault = {
        let mut inner = inner.lock().unwrap();
        inner.log.push(what.clone());
        if inner.denied.contains(&action(&request)) {
            return refuse(403, "AccessDenied");
        }
        let method = request.method().as_str().to_owned();
        let planned = inner
            .faults
            .iter_mut()
            .find(|p| p.times > 0 && p.on.0 == method && what.contains(&p.on.1));
        planned.map(|planned| {
            planned.times -= 1;
            planned.fault
        })
    };
    match fault {
        Some(Fault::Status(status)) => {
            let code = match status {
                409 => "ConditionalRequestConflict",
                429 => "TooManyRequests",
                503 => "ServiceUnavailable",
                _ => "InternalError",
            };
            return refuse(status, code);
        }
        Some(Fault::Refuse(code)) => return refuse(403, code),
        Some(Fault::Html(status)) => {
            return Response::builder()
                .status(status)
                .header("content-type", "text/html")
                .body(HttpBody::from("<html><body><h1>The edge</h1> is tired</body></html>"))
                .unwrap();
        }
        Some(Fault::Never) => std::future::pending().await,
        // Without a message: the connection ends with its task.
        Some(Fault::Drop) => std::panic::resume_unwind(Box::new("dropped")),
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        Some(Fault::Corrupt) => inner.lock().unwrap().corrupts = true,
        Some(Fault::Cut | Fault::Lost) | None => {}
    }
    let conditions = inner.lock().unwrap().conditions;
    let key = request.uri().path().trim_start_matches('/').to_owned();
    let key = key.strip_prefix(&format!("{BUCKET}/")).unwrap_or_default().to_owned();
    if request.method() == "PUT" {
        let tag = request.headers().get("if-match").map(|tag| tag.to_str().unwrap().to_owned());
        let has_quotes = tag.as_ref().is_some_and(|tag| tag.starts_with('"'));
        match conditions {
            Conditions::Bare if has_quotes => return refuse(412, "PreconditionFailed"),
            Conditions::Bare => {
                if let Some(tag) = tag {
                    let there = inner.lock().unwrap().objects.get(&key).map(|it| it.tag.clone());
                    if there != Some(tag) {
                        return refuse(412, "PreconditionFailed");
                    }
                }
            }
            Conditions::Quoted if tag.is_some() && !has_quotes => {
                return refuse(400, "InvalidArgument");
            }
            Conditions::Quoted | Conditions::Ignored => {}
        }
    }
    let is_accepted = |coding: &str, headers: &axum::http::HeaderMap| {
        let accepted = headers.get("accept-encoding").map(|value| value.to_str().unwrap());
        accepted.is_some_and(|list| list.split(',').any(|one| one.trim() == coding))
    };
    // An object with one of these encodings is decoded for who does not take it, and then has no length.
    let decoded = {
        let inner = inner.lock().unwrap();
        let object = inner.objects.get(&key);
        let coding = object.and_then(|object| object.content_encoding.clone());
        let is_read = ["GET", "HEAD"].contains(&request.method().as_str());
        coding.filter(|coding| {
            is_read
                && ["br", "gzip"].contains(&coding.as_str())
                && !is_accepted(coding, request.headers())
        })
    };
    let is_head = request.method() == "HEAD";
    let headers = request.headers().clone();
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    // What R2 refuses: bodies signed in chunks, trailers, more than one checksum.
    if header("x-amz-content-sha256").is_some_and(|value| value.starts_with("STREAMING")) {
        return refuse(501, "NotImplemented");
    }
    let checksums = ["content-md5", "x-amz-checksum-sha256", "x-amz-checksum-crc32"];
    if checksums.iter().filter(|name| header(name).is_some()).count() > 1 {
        return refuse(400, "InvalidRequest");
    }
    let secret = header("x-amz-security-token").map(|token| secret_of_token(&token, &request));
    let response = match secret {
        Some(Ok(secret)) => SECRET.scope(secret, next.run(request)).await,
        Some(Err(code)) => refuse(403, code),
        None => next.run(request).await,
    };
    let response = match decoded {
        Some(coding) if response.status().is_success() => plain(response, &coding, is_head).await,
        _ => response,
    };
    match fault {
        Some(Fault::Cut) => cut(response).await,
        Some(Fault::Lost) => std::panic::resume_unwind(Box::new("dropped")),
        _ => response,
    }
}

/// What R2 answers for an object with an encoding that the client does not take.
async fn plain(response: Response<HttpBody>, coding: &str, is_head: bool) -> Response<HttpBody> {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove("content-length");
    parts.headers.remove("content-encoding");
    parts.headers.insert("transfer-encoding", "chunked".parse().unwrap());
    if is_head {
        return Response::from_parts(parts, HttpBody::empty());
    }
    let bytes = body.collect().await.unwrap().to_bytes();
    let mut text = Vec::new();
    let read = match coding {
        "br" => std::io::copy(&mut brotli::Decompressor::new(&bytes[..], 4096), &mut text),
        _ => std::io::copy(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text),
    };
    read.unwrap();
    let chunked = Full::new(bytes::Bytes::from(text)).map_err(|none| match none {});
    Response::from_parts(parts, HttpBody::new(chunked.with_trailers(std::future::ready(None))))
}

/// Half of an answer, then an error.
async fn cut(response: Response<HttpBody>) -> Response<HttpBody> {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let half = Full::new(bytes.slice(..bytes.len() / 2)).map_err(|none| match none {});
    let error = std::future::ready(Some(Err(std::io::Error::other("cut"))));
    Response::from_parts(parts, HttpBody::new(half.with_trailers(error)))
}

struct Bucket(Arc<Mutex<Inner>>);

fn tag_of(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().fold(String::new(), |tag, byte| tag + &format!("{byte:02x}"))
}

async fn bytes_of(body: Option<StreamingBlob>) -> S3Result<Vec<u8>> {
    let Some(body) = body else { return Ok(Vec::new()) };
    let body = s3s::Body::from(body).collect().await;
    Ok(body.map_err(|_| s3_error!(IncompleteBody))?.to_bytes().to_vec())
}

impl Inner {
    fn check(&self, bucket: &str, key: &str) -> S3Result<()> {
        if bucket != BUCKET {
            return Err(s3_error!(NoSuchBucket));
        }
        let is_early =
            self.objects.get(key).is_some_and(|object| object.written.elapsed() < self.pause);
        if is_early {
            let mut error = s3_error!(SlowDown);
            error.set_status_code(StatusCode::TOO_MANY_REQUESTS);
            return Err(error);
        }
        Ok(())
    }

    fn put(&mut self, key: String, mut stored: Stored) {
        if std::mem::take(&mut self.corrupts) {
            let last = stored.bytes.len() - 1;
            stored.bytes[last] ^= 1;
        }
        self.objects.insert(key, stored);
    }
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap()
}

fn entity_tag(tag: &str) -> ETag {
    ETag::Strong(tag.to_owned())
}

#[async_trait::async_trait]
impl S3 for Bucket {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let bytes = bytes_of(input.body).await?;
        let mut inner = self.0.lock().unwrap();
        let present = inner.objects.get(&input.key).map(|object| object.tag.clone());
        // `before` has looked at the others.
        let are_heeded = inner.conditions == Conditions::Quoted;
        let is_bare = inner.conditions == Conditions::Bare;
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => present.is_some(),
            ETagCondition::ETag(tag) => present.as_deref() == Some(tag.value()),
        };
        if (are_heeded && input.if_match.as_ref().is_some_and(|condition| !matches(condition)))
            || ((are_heeded || is_bare) && input.if_none_match.as_ref().is_some_and(matches))
        {
            return Err(s3_error!(PreconditionFailed));
        }
        inner.check(&input.bucket, &input.key)?;
        let metadata: BTreeMap<String, String> =
            input.metadata.unwrap_or_default().into_iter().collect();
        let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > 8192 {
            return Err(s3_error!(MetadataTooLarge));
        }
        if let Some(sum) = &input.checksum_sha256
            && *sum != STANDARD.encode(Digest::of(&bytes).as_bytes())
        {
            return Err(s3_error!(BadDigest));
        }
        let tag = tag_of(&bytes);
        let stored = Stored {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            cache_control: input.cache_control,
            metadata,
            tag: tag.clone(),
            written: Instant::now(),
            bytes,
        };
        inner.put(input.key, stored);
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(entity_tag(&tag)), ..Default::default() }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let inner = self.0.lock().unwrap();
        let object = inner.objects.get(&request.input.key).ok_or_else(|| s3_error!(NoSuchKey))?;
        let total = object.bytes.len() as u64;
        let range = request.input.range.map(|range| range.check(total)).transpose()?;
        let part = range.clone().unwrap_or(0..total);
        let place = |at: u64| usize::try_from(at).unwrap();
        let bytes = object.bytes[place(part.start)..place(part.end)].to_vec();
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(length(&bytes)),
            body: Some(StreamingBlob::from(s3s::Body::from(bytes))),
            content_range: range
                .map(|range| format!("bytes {}-{}/{total}", range.start, range.end - 1)),
            e_tag: Some(entity_tag(&object.tag)),
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let inner = self.0.lock().unwrap();
        inner.objects.get(&request.input.key).map_or_else(
            || Err(s3_error!(NoSuchKey)),
            |object| {
                Ok(S3Response::new(HeadObjectOutput {
                    content_length: Some(length(&object.bytes)),
                    e_tag: Some(entity_tag(&object.tag)),
                    content_type: object.content_type.clone(),
                    content_encoding: object.content_encoding.clone(),
                    cache_control: object.cache_control.clone(),
                    metadata: Some(object.metadata.clone().into_iter().collect()),
                    ..Default::default()
                }))
            },
        )
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let inner = self.0.lock().unwrap();
        inner.check(&input.bucket, "")?;
        let prefix = input.prefix.unwrap_or_default();
        let after = input.continuation_token.unwrap_or_default();
        // Small pages, so that there are several.
        let mut found: Vec<Object> = inner
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix) && **key > after)
            .take(101)
            .map(|(key, object)| Object {
                key: Some(key.clone()),
                size: Some(length(&object.bytes)),
                e_tag: Some(entity_tag(&object.tag)),
                last_modified: Some(SystemTime::now().into()),
                ..Default::default()
            })
            .collect();
        let is_truncated = found.len() > 100;
        found.truncate(100);
        let last = found.last().and_then(|object| object.key.clone());
        Ok(S3Response::new(ListObjectsV2Output {
            is_truncated: Some(is_truncated),
            next_continuation_token: last.filter(|_| is_truncated),
            contents: Some(found),
            ..Default::default()
        }))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let mut inner = self.0.lock().unwrap();
        for object in request.input.delete.objects {
            inner.objects.remove(&object.key);
        }
        Ok(S3Response::new(DeleteObjectsOutput::default()))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let mut inner = self.0.lock().unwrap();
        let id = format!("upload-{}", inner.uploads.len());
        let upload = Upload {
            key: input.key,
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            cache_control: input.cache_control,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            parts: BTreeMap::new(),
        };
        inner.uploads.insert(id.clone(), upload);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let bytes = bytes_of(input.body).await?;
        let mut inner = self.0.lock().unwrap();
        let upload =
            inner.uploads.get_mut(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let tag = tag_of(&bytes);
        upload.parts.insert(input.part_number, bytes);
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(entity_tag(&tag)),
            ..Default::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let inner = self.0.lock().unwrap();
        let prefix = request.input.prefix.unwrap_or_default();
        let uploads = inner
            .uploads
            .iter()
            .filter(|(_, upload)| upload.key.starts_with(&prefix))
            .map(|(id, upload)| MultipartUpload {
                key: Some(upload.key.clone()),
                upload_id: Some(id.clone()),
                ..Default::default()
            })
            .collect();
        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(uploads),
            ..Default::default()
        }))
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let inner = self.0.lock().unwrap();
        let upload =
            inner.uploads.get(&request.input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let parts = upload
            .parts
            .iter()
            .map(|(number, bytes)| Part {
                part_number: Some(*number),
                size: Some(length(bytes)),
                e_tag: Some(entity_tag(&tag_of(bytes))),
                ..Default::default()
            })
            .collect();
        Ok(S3Response::new(ListPartsOutput { parts: Some(parts), ..Default::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let mut inner = self.0.lock().unwrap();
        let upload =
            inner.uploads.remove(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let sizes: Vec<usize> = upload.parts.values().map(Vec::len).collect();
        let (last, others) = sizes.split_last().ok_or_else(|| s3_error!(InvalidPart))?;
        if others.iter().any(|size| *size != others[0] || *size < 5 << 20 || size < last) {
            return Err(s3_error!(
                InvalidPart,
                "All non-trailing parts must have the same length."
            ));
        }
        let of_parts: Vec<u8> =
            upload.parts.values().flat_map(|part| Md5::digest(part).to_vec()).collect();
        let tag = format!("{}-{}", tag_of(&of_parts), sizes.len());
        let stored = Stored {
            bytes: upload.parts.into_values().flatten().collect(),
            content_type: upload.content_type,
            content_encoding: upload.content_encoding,
            cache_control: upload.cache_control,
            metadata: upload.metadata,
            tag: tag.clone(),
            written: Instant::now(),
        };
        inner.put(input.key, stored);
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            e_tag: Some(entity_tag(&tag)),
            ..Default::default()
        }))
    }
}
