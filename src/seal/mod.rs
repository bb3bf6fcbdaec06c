//! The seal: `seal()` turns what was scanned into what can be stored; `verify()` says whether it still is what it was.

pub mod hmac;
pub mod lock;
pub mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::artifact::{Body, BuildArtifact, Digest, OutputPath};
use crate::diag::Diagnostic;
use crate::leak::Scanned;
pub use hmac::{BadKey, SigningKey};
use hmac::{SignedFields, signature_base};
use manifest::{Entry, Manifest};

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
}

impl Sealed {
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
}

/// Locks and signs. Without a key the files are locked but not signed. Each file is hashed once.
#[must_use]
pub fn seal(scanned: &Scanned, about: About, key: Option<&SigningKey>) -> Sealed {
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
                source_map: artifact
                    .source_map
                    .as_ref()
                    .filter(|_| encoded.is_none())
                    .map(ToString::to_string),
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
    if let Some(key) = key {
        for (entry, object) in artifacts.iter_mut().zip(&objects) {
            let base = base_of(entry, object.digest, &build_id, key.id());
            entry.hmac = Some(key.sign(&base));
            entry.key_id = Some(key.id().to_owned());
        }
    }
    let mut manifest = Manifest {
        version: 1,
        name: about.name,
        build_id,
        commit: about.commit,
        target: about.target,
        artifacts,
        digest: None,
        hmac: None,
    };
    manifest.hmac = key.map(|key| key.sign(&manifest.signed_digest()));
    manifest.digest = Some(manifest.own_digest());
    Sealed { objects, lock, manifest }
}

fn base_of(entry: &Entry, digest: Digest, build_id: &str, key_id: &str) -> String {
    signature_base(&SignedFields {
        path: &entry.path,
        content_type: &entry.content_type,
        content_encoding: entry.content_encoding.as_deref().unwrap_or("identity"),
        length: entry.bytes,
        digest,
        build_id,
        key_id,
    })
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

/// Checks a deployment: `read` gives the bytes of a file of it, `present` names the files that are there, if that is
/// known. Names every file that is missing, extra, changed or wrongly signed.
///
/// # Errors
/// Never as a `Result`: all that is wrong is in [`Verified::problems`].
pub fn verify(
    lock_text: &str,
    manifest_json: Option<&[u8]>,
    present: Option<&[String]>,
    read: impl Fn(&OutputPath, Digest) -> std::io::Result<Vec<u8>> + Sync,
    key: Option<&SigningKey>,
    signature_required: bool,
) -> Verified {
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
        .map(|(path, digest)| match read(path, *digest) {
            Ok(bytes) if Digest::of(&bytes) == *digest => None,
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
            let is_known = name == lock::FILE_NAME
                || name == manifest::FILE_NAME
                || digests.keys().any(|path| path.as_str() == name);
            if !is_known {
                verified
                    .problems
                    .push(problem("seal/extra", format!("`{name}` is not in the lock")));
            }
        }
    }
    match manifest_json.map(serde_json::from_slice::<Manifest>) {
        Some(Ok(manifest)) => {
            verify_manifest(&manifest, &digests, key, signature_required, &mut verified);
        }
        Some(Err(error)) => {
            verified.problems.push(problem(
                "seal/manifest",
                format!("`{}` cannot be read: {error}", manifest::FILE_NAME),
            ));
        }
        None if signature_required || key.is_some() => {
            verified.problems.push(problem(
                "seal/manifest",
                format!("`{}` is missing, so nothing is signed", manifest::FILE_NAME),
            ));
        }
        None => {}
    }
    verified
}

fn verify_manifest(
    manifest: &Manifest,
    digests: &BTreeMap<&OutputPath, Digest>,
    key: Option<&SigningKey>,
    signature_required: bool,
    verified: &mut Verified,
) {
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
    if let Some(key) = key
        && !manifest.hmac.as_ref().is_some_and(|hmac| key.verify(&manifest.signed_digest(), hmac))
    {
        let message = format!("the signature of `{}` does not hold", manifest::FILE_NAME);
        verified.problems.push(problem("seal/signature", message));
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
        match (&entry.hmac, &entry.key_id, key) {
            (Some(hmac), Some(id), Some(key)) if id == key.id() => {
                let base = base_of(entry, digest, &verified.build_id, id);
                if key.verify(&base, hmac) {
                    verified.signed += 1;
                } else {
                    verified.problems.push(problem(
                        "seal/signature",
                        format!("the signature of `{}` does not hold", entry.path),
                    ));
                }
            }
            (Some(_), id, Some(key)) => verified.problems.push(problem(
                "seal/unknown-key",
                format!(
                    "`{}` is signed by key `{}`, not by `{}`",
                    entry.path,
                    id.as_deref().unwrap_or_default().escape_debug(),
                    key.id()
                ),
            )),
            (None, _, _) if signature_required || key.is_some() => {
                verified
                    .problems
                    .push(problem("seal/unsigned", format!("`{}` is not signed", entry.path)));
            }
            _ => {}
        }
    }
    for path in digests.keys().filter(|path| !named.contains(path.as_str())) {
        verified.problems.push(problem(
            "seal/manifest",
            format!("the lock names `{path}`, the manifest does not"),
        ));
    }
    if signature_required && key.is_none() {
        verified.problems.push(problem(
            "seal/no-key",
            "signatures are required, and there is no key to check them with".to_owned(),
        ));
    }
}
