//! The seal: `seal()` turns what was scanned into what can be stored; `verify()` says whether it still is what it was.

pub mod encrypt;
pub mod envelope;
pub mod hmac;
pub mod key_pair;
pub mod lock;
pub mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rayon::prelude::*;
use sha2::{Digest as _, Sha384};

use crate::artifact::{Body, BuildArtifact, Digest, OutputPath};
use crate::diag::Diagnostic;
use crate::leak::Scanned;
use encrypt::Recipient;
use envelope::{EnvelopeKeys, Provenance};
pub use hmac::{BadKey, SigningKey, content_digest, hmac_sha256, signature_parameters};
use hmac::{SignedFields, signature_base};
use key_pair::{KeyPair, PublicKeys};
use manifest::{Encryption, Entry, Manifest};

/// A file that is ready to be stored.
#[derive(Debug, Clone)]
pub struct SealedObject {
    /// Path below the deployment.
    pub path: OutputPath,
    /// Its bytes.
    pub body: Body,
    /// SHA-256 of the bytes.
    pub digest: Digest,
}

/// A deployment that is ready to be stored. Only [`seal`] makes one, and only from what was scanned.
#[derive(Debug)]
pub struct Sealed {
    objects: Vec<SealedObject>,
    lock: String,
    manifest: Manifest,
    manifest_json: String,
    envelope: Option<String>,
    key_mark: Option<String>,
}

impl Sealed {
    /// What tells the shared key that it is signed with from others of the same name: [`SigningKey::mark`].
    #[must_use]
    pub fn key_mark(&self) -> Option<&str> {
        self.key_mark.as_deref()
    }

    /// Its files, sorted by path; lock and manifest are not among them.
    #[must_use]
    pub fn objects(&self) -> &[SealedObject] {
        &self.objects
    }

    /// The text of `bundlegate.lock`.
    #[must_use]
    pub fn lock(&self) -> &str {
        &self.lock
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The text of the manifest.
    #[must_use]
    pub fn manifest_json(&self) -> &str {
        &self.manifest_json
    }

    /// The signed statement, when there was a key to sign it with.
    #[must_use]
    pub fn envelope(&self) -> Option<&str> {
        self.envelope.as_deref()
    }
}

/// What a manifest says beside its files.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Name of the deployment.
    pub name: String,
    /// The commit it was made from.
    pub commit: Option<String>,
    /// The runtime it is for.
    pub target: Option<String>,
    /// When it is signed, in seconds since 1970.
    pub created: Option<u64>,
    /// Until when the signatures hold, in seconds since 1970.
    pub expires: Option<u64>,
    /// Where it was made.
    pub provenance: Provenance,
}

/// With what to seal. By default files are locked, and neither signed nor encrypted.
#[derive(Default, Clone, Copy)]
pub struct Keys<'a> {
    /// For an HMAC of each file and of the statement.
    pub hmac: Option<&'a SigningKey>,
    /// For signatures of the statement that anyone can verify.
    pub pair: Option<&'a KeyPair>,
    /// Who can decrypt; none: nothing is encrypted.
    pub recipients: &'a [Recipient],
}

/// Encrypts when there are recipients, locks, and signs with the keys there are. Each file is hashed once.
///
/// # Panics
/// Never: the path of an artifact with an ending is a path.
#[must_use]
pub fn seal(scanned: &Scanned, about: About, keys: Keys<'_>) -> Sealed {
    let key = keys.hmac;
    let mut files: Vec<(&BuildArtifact, Option<&crate::leak::Encoded>)> = Vec::new();
    for item in scanned.artifacts() {
        files.push((item.artifact(), None));
        files.extend(item.encoded().iter().map(|encoded| (item.artifact(), Some(encoded))));
    }
    let mut hashed: Vec<(SealedObject, Entry)> = files
        .into_par_iter()
        .map(|(artifact, encoded)| {
            let (path, body) = match encoded {
                Some(encoded) => (encoded.path.clone(), encoded.body.clone()),
                None => (artifact.path.clone(), artifact.body.clone()),
            };
            let integrity = (encoded.is_none() && keys.recipients.is_empty())
                .then(|| integrity(artifact))
                .flatten();
            let (path, body, encryption) = if keys.recipients.is_empty() {
                (path, body, None)
            } else {
                encrypted(&path, &body, keys.recipients)
            };
            let digest = Digest::of(body.bytes());
            let entry = Entry {
                path: path.to_string(),
                kind: artifact.kind.to_string(),
                loader: artifact.loader.to_owned(),
                bytes: body.bytes().len() as u64,
                sha256: digest.to_hex(),
                content_type: artifact.content_type().to_owned(),
                content_encoding: encoded.map(|encoded| encoded.coding.to_owned()),
                encodes: encoded.map(|_| artifact.path.to_string()),
                // A form stands under a name that does not say how it was made, and each run encrypts with another key.
                immutable: encoded.is_none() && encryption.is_none() && artifact.is_immutable,
                source_map: artifact
                    .source_map
                    .as_ref()
                    .filter(|_| encoded.is_none())
                    .map(ToString::to_string),
                runtime: artifact.runtime.clone(),
                integrity,
                encryption,
                hmac: None,
                key_id: None,
            };
            (SealedObject { path, body, digest }, entry)
        })
        .collect();
    hashed.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    let (objects, mut artifacts): (Vec<SealedObject>, Vec<Entry>) = hashed.into_iter().unzip();
    let lock =
        lock::to_text(objects.iter().map(|object| (object.path.clone(), object.digest)).collect());
    let build_id = Digest::of(lock.as_bytes()).to_hex();
    let mut manifest = Manifest {
        version: 1,
        name: about.name,
        build_id,
        commit: about.commit,
        target: about.target,
        created: about.created,
        expires: about.expires,
        artifacts: Vec::new(),
        digest: None,
    };
    if let Some(key) = key {
        for (entry, object) in artifacts.iter_mut().zip(&objects) {
            entry.hmac = Some(key.sign(&base_of(entry, object.digest, &manifest, key.id())));
            entry.key_id = Some(key.id().to_owned());
        }
    }
    manifest.artifacts = artifacts;
    manifest.digest = Some(manifest.own_digest());
    let envelope = envelope::sign(&manifest, &about.provenance, key, keys.pair);
    let manifest_json = manifest.to_json();
    let key_mark = keys.hmac.map(SigningKey::mark);
    Sealed { objects, lock, manifest, manifest_json, envelope, key_mark }
}

impl Sealed {
    /// Paths that two of its files would have, or a file and what the seal or a store itself writes.
    #[must_use]
    pub fn clashes(&self) -> Vec<&OutputPath> {
        let mut seen: BTreeSet<&str> = OWN_NAMES.into();
        self.objects
            .iter()
            .map(|object| &object.path)
            .filter(|path| !seen.insert(path.as_str()))
            .collect()
    }
}

/// What was sealed before, from its files, which passed the gate again, and what the seal said of them. Nothing is
/// sealed anew.
///
/// # Errors
/// Everything that does not hold.
pub fn reopen(
    scanned: &Scanned,
    read: &Read,
    keys: VerifyKeys<'_>,
) -> Result<Sealed, Vec<Diagnostic>> {
    let bodies: BTreeMap<&str, &Body> = scanned
        .artifacts()
        .iter()
        .map(|item| (item.artifact().path.as_str(), &item.artifact().body))
        .collect();
    let present: Vec<String> = bodies.keys().map(|path| (*path).to_owned()).collect();
    let body = |path: &OutputPath, _| {
        let body = bodies.get(path.as_str()).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(Digest::of(body.bytes()))
    };
    let verified = verify(read, Some(&present), body, keys);
    if !verified.problems.is_empty() {
        return Err(verified.problems);
    }
    let json = read.manifest.as_deref().unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Ok(manifest) = Manifest::parse(json) else {
        let message = format!("`{}` is missing; `bundlegate sign` writes it", manifest::FILE_NAME);
        return Err(vec![problem("seal/manifest", message)]);
    };
    let mut objects = Vec::new();
    for entry in &manifest.artifacts {
        let path = OutputPath::new(entry.path.clone()).ok();
        let digest = Digest::from_hex(&entry.sha256);
        if let (Some(body), Some(path), Some(digest)) =
            (bodies.get(entry.path.as_str()), path, digest)
        {
            objects.push(SealedObject { path, body: (*body).clone(), digest });
        }
    }
    let id = manifest.artifacts.iter().find_map(|entry| entry.key_id.as_deref());
    let key = keys.hmac.iter().find(|key| Some(key.id()) == id);
    Ok(Sealed {
        objects,
        key_mark: key.map(SigningKey::mark),
        lock: read.lock.clone(),
        manifest_json: text(json),
        manifest,
        envelope: read.envelope.as_deref().map(text),
    })
}

/// Subresource integrity of what browsers check it for.
fn integrity(artifact: &BuildArtifact) -> Option<String> {
    let kind = artifact.content_type();
    (kind.starts_with("text/javascript") || kind.starts_with("text/css"))
        .then(|| format!("sha384-{}", STANDARD.encode(Sha384::digest(artifact.body.bytes()))))
}

/// Files of this many bytes and more are encrypted on the disk.
const SPOOLED_BYTES: usize = 16 << 20;

fn encrypted(
    path: &OutputPath,
    body: &Body,
    recipients: &[Recipient],
) -> (OutputPath, Body, Option<Encryption>) {
    // A path at the limit of its length stays as it is.
    let path =
        OutputPath::new(format!("{path}{}", encrypt::EXTENSION)).unwrap_or_else(|_| path.clone());
    // What is large goes through a file; where there is no place for one, through memory.
    let spooled = (body.bytes().len() >= SPOOLED_BYTES).then(|| {
        crate::fs::spool(|file| {
            encrypt::encrypt_into(path.as_str(), body.bytes(), recipients, file)
        })
    });
    let (body, wraps) = if let Some(Ok((content, wraps))) = spooled {
        (Body::of_file(content), wraps)
    } else {
        let (bytes, wraps) = encrypt::encrypt(path.as_str(), body.bytes(), recipients);
        (Body::new(bytes), wraps)
    };
    (path, body, Some(Encryption { scheme: encrypt::SCHEME.to_owned(), wraps }))
}

/// What is signed of a file. An encrypted one has no encoding of its own: that of its content stands in the manifest.
pub fn fields_of<'a>(
    entry: &'a Entry,
    digest: Digest,
    manifest: &'a Manifest,
    key_id: &'a str,
) -> SignedFields<'a> {
    SignedFields {
        path: &entry.path,
        content_type: entry.stored_type(),
        content_encoding: entry.stored_encoding().unwrap_or("identity"),
        length: entry.bytes,
        digest,
        build_id: &manifest.build_id,
        created: manifest.created,
        expires: manifest.expires,
        key_id,
    }
}

fn base_of(entry: &Entry, digest: Digest, manifest: &Manifest, key_id: &str) -> String {
    signature_base(&fields_of(entry, digest, manifest, key_id))
}

/// With what to verify.
#[derive(Clone, Copy, Default)]
pub struct VerifyKeys<'a> {
    /// Keys that are shared, each under its name.
    pub hmac: &'a [SigningKey],
    /// Public keys of the statement.
    pub public: Option<&'a PublicKeys>,
    /// Whether unsigned files are a problem even without a key.
    pub required: bool,
    /// The time, in seconds since 1970.
    pub now: u64,
}

impl VerifyKeys<'_> {
    fn any(&self) -> bool {
        !self.hmac.is_empty() || self.public.is_some()
    }
}

/// What is known of a deployment, as read from where it stands.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// Text of the lock.
    pub lock: String,
    /// The manifest, if there is one.
    pub manifest: Option<Vec<u8>>,
    /// Whether it has the name that version 0.1 gave it.
    pub has_old_name: bool,
    /// The signed statement, if there is one.
    pub envelope: Option<Vec<u8>>,
}

impl Read {
    /// Reads what a seal wrote, through `read`, which gives the bytes of a file, or `None` where there is none. `None`: there
    /// is no lock.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn from<E>(read: impl Fn(&str) -> Result<Option<Vec<u8>>, E>) -> Result<Option<Self>, E> {
        let Some(lock) = read(lock::FILE_NAME)? else { return Ok(None) };
        let lock = String::from_utf8_lossy(&lock).into_owned();
        let mut manifest = read(manifest::FILE_NAME)?;
        let mut has_old_name = false;
        // What the lock names is a file of the site, whatever it is called.
        let is_locked = lock::parse(&lock).is_ok_and(|entries| {
            entries.iter().any(|(path, _)| path.as_str() == manifest::OLD_FILE_NAME)
        });
        if manifest.is_none() && !is_locked {
            manifest = read(manifest::OLD_FILE_NAME)?;
            has_old_name = manifest.is_some();
        }
        Ok(Some(Self { lock, manifest, has_old_name, envelope: read(envelope::FILE_NAME)? }))
    }

    fn is_of_seal(&self, path: &str) -> bool {
        FILE_NAMES.contains(&path) || (self.has_old_name && path == manifest::OLD_FILE_NAME)
    }
}

/// Names of the files that a seal writes.
pub const FILE_NAMES: [&str; 4] =
    [lock::FILE_NAME, manifest::FILE_NAME, envelope::FILE_NAME, WRITTEN_NAME];

/// Name of the file that says which build we wrote into a folder: its files may go when the next one comes. In a folder that
/// was signed where it stands there is none, because its files are somebody's.
pub const WRITTEN_NAME: &str = "bundlegate.written";

/// Name of the metafile among the files of a site, where a store keeps it.
pub const METAFILE_NAME: &str = "bundlegate.metafile.json";

/// Names that no file of a deployment may have.
pub const OWN_NAMES: [&str; 5] =
    [lock::FILE_NAME, manifest::FILE_NAME, envelope::FILE_NAME, WRITTEN_NAME, METAFILE_NAME];

/// Names that files of a seal have or had.
pub const ALL_FILE_NAMES: [&str; 5] = [
    lock::FILE_NAME,
    manifest::FILE_NAME,
    envelope::FILE_NAME,
    WRITTEN_NAME,
    manifest::OLD_FILE_NAME,
];

/// Whether a file is one that a seal wrote: by its content, since others may have files of these names.
#[must_use]
pub fn is_of_seal(path: &str, bytes: &[u8]) -> bool {
    match path {
        manifest::FILE_NAME | manifest::OLD_FILE_NAME => Manifest::is_one(bytes),
        lock::FILE_NAME => std::str::from_utf8(bytes).is_ok_and(|text| lock::parse(text).is_ok()),
        envelope::FILE_NAME => envelope::is_one(bytes),
        WRITTEN_NAME => {
            std::str::from_utf8(bytes).is_ok_and(|text| Digest::from_hex(text.trim()).is_some())
        }
        _ => false,
    }
}

/// What a verification found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Files whose bytes were checked.
    pub files: usize,
    /// Files whose signature was checked.
    pub signed: usize,
    /// The build they belong to.
    pub build_id: String,
    /// Everything that is wrong.
    pub problems: Vec<Diagnostic>,
}

fn problem(code: &'static str, message: String) -> Diagnostic {
    Diagnostic::error(code, message)
}

/// Checks a deployment: `digest_of` gives the digest of a file of it as it is now, `present` names the files that are there, if that is
/// known. Names every file that is missing, extra, changed, unsigned or wrongly signed.
///
/// # Errors
/// Never as a `Result`: all that is wrong is in [`Verified::problems`].
pub fn verify(
    deployment: &Read,
    present: Option<&[String]>,
    digest_of: impl Fn(&OutputPath, Digest) -> std::io::Result<Digest> + Sync,
    keys: VerifyKeys<'_>,
) -> Verified {
    let lock_text = deployment.lock.as_str();
    let mut verified =
        Verified { build_id: Digest::of(lock_text.as_bytes()).to_hex(), ..Verified::default() };
    let entries = match lock::parse(lock_text) {
        Ok(entries) => entries,
        Err(error) => {
            verified.problems.push(problem(
                "seal/lock",
                format!("`{}` cannot be read: {error}", lock::FILE_NAME),
            ));
            return verified;
        }
    };
    let digests: BTreeMap<&OutputPath, Digest> =
        entries.iter().map(|(path, digest)| (path, *digest)).collect();
    let results: Vec<Option<Diagnostic>> = entries
        .par_iter()
        .map(|(path, digest)| match digest_of(path, *digest) {
            Ok(present) if present == *digest => None,
            Ok(_) => Some(problem(
                "seal/changed",
                format!("`{path}` is not what was locked: its SHA-256 differs"),
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Some(problem("seal/missing", format!("`{path}` is locked but missing")))
            }
            Err(error) => {
                Some(problem("seal/unreadable", format!("`{path}` cannot be read: {error}")))
            }
        })
        .collect();
    verified.files = entries.len();
    verified.problems.extend(results.into_iter().flatten());
    if let Some(present) = present {
        for name in present {
            let is_known =
                deployment.is_of_seal(name) || digests.keys().any(|path| path.as_str() == name);
            if !is_known {
                verified
                    .problems
                    .push(problem("seal/extra", format!("`{name}` is not in the lock")));
            }
        }
    }
    match deployment.manifest.as_deref().map(Manifest::parse) {
        Some(Ok(manifest)) => {
            verify_manifest(&manifest, &digests, keys, &mut verified);
            verify_envelope(&manifest, deployment.envelope.as_deref(), keys, &mut verified);
        }
        Some(Err(error)) => {
            verified.problems.push(problem(
                "seal/manifest",
                format!("`{}` cannot be read: {error}", manifest::FILE_NAME),
            ));
        }
        None if keys.required || keys.any() => {
            verified.problems.push(problem(
                "seal/manifest",
                format!("`{}` is missing, so nothing is signed", manifest::FILE_NAME),
            ));
        }
        None => {}
    }
    verified
}

fn verify_envelope(
    manifest: &Manifest,
    envelope: Option<&[u8]>,
    keys: VerifyKeys<'_>,
    verified: &mut Verified,
) {
    match envelope {
        Some(text) if keys.any() => {
            let keys = EnvelopeKeys { hmac: keys.hmac, public: keys.public };
            let problems = envelope::verify(text, manifest, keys);
            verified
                .problems
                .extend(problems.into_iter().map(|text| problem("seal/signature", text)));
        }
        None if keys.any() || keys.required => verified.problems.push(problem(
            "seal/unsigned",
            format!("`{}` is missing, so the manifest is not signed", envelope::FILE_NAME),
        )),
        _ => {}
    }
}

fn verify_manifest(
    manifest: &Manifest,
    digests: &BTreeMap<&OutputPath, Digest>,
    keys: VerifyKeys<'_>,
    verified: &mut Verified,
) {
    if manifest.version != 1 {
        let message = format!(
            "`{}` has version {}, and only version 1 is known here",
            manifest::FILE_NAME,
            manifest.version
        );
        verified.problems.push(problem("seal/manifest", message));
    }
    if manifest.build_id != verified.build_id {
        verified.problems.push(problem(
            "seal/build",
            format!(
                "`{}` and `{}` are from different builds",
                manifest::FILE_NAME,
                lock::FILE_NAME
            ),
        ));
    }
    if manifest.digest.as_ref() != Some(&manifest.own_digest()) {
        let message =
            format!("`{}` is not what was written: its own SHA-256 differs", manifest::FILE_NAME);
        verified.problems.push(problem("seal/changed", message));
    }
    if manifest.expires.is_some_and(|expires| expires < keys.now) {
        let message = format!("the signatures of build {} have expired", manifest.build_id);
        verified.problems.push(problem("seal/expired", message));
    }
    let mut named = BTreeSet::new();
    for entry in &manifest.artifacts {
        let digest =
            OutputPath::new(entry.path.clone()).ok().and_then(|path| digests.get(&path).copied());
        let Some(digest) = digest else {
            verified.problems.push(problem(
                "seal/manifest",
                format!("the manifest names `{}`, the lock does not", entry.path.escape_debug()),
            ));
            continue;
        };
        if !named.insert(entry.path.as_str()) {
            verified.problems.push(problem(
                "seal/manifest",
                format!("the manifest names `{}` twice", entry.path),
            ));
        }
        if entry.sha256 != digest.to_hex() {
            verified.problems.push(problem(
                "seal/changed",
                format!("`{}`: manifest and lock have different SHA-256s", entry.path),
            ));
        }
        verify_entry(entry, digest, manifest, keys, verified);
    }
    for path in digests.keys().filter(|path| !named.contains(path.as_str())) {
        verified.problems.push(problem(
            "seal/manifest",
            format!("the lock names `{path}`, the manifest does not"),
        ));
    }
    if keys.required && !keys.any() {
        verified.problems.push(problem(
            "seal/no-key",
            "signatures are required, and there is no key to check them with".to_owned(),
        ));
    }
}

fn verify_entry(
    entry: &Entry,
    digest: Digest,
    manifest: &Manifest,
    keys: VerifyKeys<'_>,
    verified: &mut Verified,
) {
    if keys.hmac.is_empty() {
        return;
    }
    let (Some(hmac), Some(id)) = (&entry.hmac, &entry.key_id) else {
        let message = format!("`{}` is not signed", entry.path);
        verified.problems.push(problem("seal/unsigned", message));
        return;
    };
    match keys.hmac.iter().find(|key| key.id() == id) {
        Some(key) if key.verify(&base_of(entry, digest, manifest, id), hmac) => {
            verified.signed += 1;
        }
        Some(_) => {
            let message = format!("the signature of `{}` does not hold", entry.path);
            verified.problems.push(problem("seal/signature", message));
        }
        None => {
            let known: Vec<String> =
                keys.hmac.iter().map(|key| format!("`{}`", key.id())).collect();
            let message = format!(
                "`{}` is signed by key `{}`, not by {}",
                entry.path,
                id.escape_debug(),
                known.join(" or ")
            );
            verified.problems.push(problem("seal/unknown-key", message));
        }
    }
}
