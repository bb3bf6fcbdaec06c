//! Keys, and the commands that seal and open: `sign`, `verify`, `decrypt`, `keygen`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::build::{cannot_write, outputs, read_artifacts, write_outputs};
use super::deploy::{is_store, verify_place};
use super::scan::gate;
use super::{Gated, Outcome, Ports, skipped};
use crate::artifact::{Digest, OutputPath};
use crate::compress::Coding;
use crate::config::env::Environment;
use crate::config::{Config, KeyPlace, KeySource};
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{
    DiskFileSystem, FileSystem as _, Staging, content, read_pieces, remove, walk, write_atomically,
    write_private,
};
use crate::keychain;
use crate::metafile::Metafile;
use crate::report::{Gate, GateResult};
use crate::seal::encrypt::{EXTENSION, Identity, Recipient, decrypt_into};
use crate::seal::envelope::{self, Provenance};
use crate::seal::key_pair::{KeyPair, PublicKeys};
use crate::seal::manifest::{self, Encryption, Entry, Manifest};
use crate::seal::{
    About, Keys, Read, Sealed, SigningKey, Verified, VerifyKeys, lock, seal, verify,
};
use crate::secret::Secret;

/// What a release is sealed with.
pub(super) struct SealKeys {
    hmac: Option<SigningKey>,
    pair: Option<KeyPair>,
    recipients: Vec<Recipient>,
}

impl SealKeys {
    fn borrow(&self) -> Keys<'_> {
        Keys { hmac: self.hmac.as_ref(), pair: self.pair.as_ref(), recipients: &self.recipients }
    }
}

/// What seals are checked with.
pub(super) struct CheckKeys {
    hmac: Vec<SigningKey>,
    public: Option<PublicKeys>,
    required: bool,
    now: u64,
}

impl CheckKeys {
    pub(super) fn borrow(&self) -> VerifyKeys<'_> {
        VerifyKeys {
            hmac: &self.hmac,
            public: self.public.as_ref(),
            required: self.required,
            now: self.now,
        }
    }

    /// What was checked, in words.
    fn evidence(&self, verified: &Verified) -> String {
        match (self.hmac.is_empty(), self.public.is_some()) {
            (true, false) => "signatures not checked: no key".to_owned(),
            (false, false) => format!("{} signatures hold", verified.signed),
            (true, true) => "the signed statement holds".to_owned(),
            (false, true) => format!("{} signatures and the statement hold", verified.signed),
        }
    }
}

fn no_key(message: String) -> Diagnostic {
    Diagnostic::error("seal/no-key", message)
        .hint("make one with `bundlegate keygen`, and keep it as a secret")
}

/// The secret at the first place that has one.
///
/// # Errors
/// The keychain is asked on a runner, or cannot be reached.
pub(super) fn secret_of(
    source: &KeySource,
    environment: &Environment,
) -> Result<Option<Secret>, Diagnostic> {
    for place in &source.0 {
        let found = match place {
            KeyPlace::Variable(name) => environment.secret(name).cloned(),
            KeyPlace::Keychain(name) if environment.is_ci() => {
                let message =
                    format!("`keychain:{name}` is for local development, and `CI` is set");
                return Err(Diagnostic::error("seal/keychain", message)
                    .hint("name a variable before it: `env:HMAC_KEY, keychain:NAME`"));
            }
            KeyPlace::Keychain(name) => {
                keychain::read(name).map_err(|error| Diagnostic::error("seal/keychain", error))?
            }
        };
        if let Some(secret) = found.filter(|secret| !secret.expose().trim_ascii().is_empty()) {
            return Ok(Some(secret));
        }
    }
    Ok(None)
}

/// Forms of the keys that the settings name which a runner does not know to hide: it hides what is a secret as it is
/// written, and not its base64, nor what stands in it line by line.
#[must_use]
pub fn derived_secrets(config: &Config, environment: &Environment) -> Vec<String> {
    let sources = [&config.sign.hmac_key, &config.sign.signing_key, &config.sign.identity];
    let variables = sources
        .into_iter()
        .flatten()
        .flat_map(|source| &source.0)
        .filter_map(|place| match place {
            KeyPlace::Variable(name) => Some(name.as_str()),
            KeyPlace::Keychain(_) => None,
        })
        .chain(["R2_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"]);
    let mut forms = Vec::new();
    for variable in variables {
        let Some(text) = environment.secret(variable).and_then(Secret::expose_str) else {
            continue;
        };
        forms.extend(
            text.lines()
                .map(str::trim)
                .filter(|line| line.len() >= 16)
                .map(|line| STANDARD.encode(line)),
        );
    }
    forms
}

/// The key that the settings name; `None` when they name none, or it is not set and need not be.
fn hmac_key(config: &Config, environment: &Environment) -> Result<Option<SigningKey>, Diagnostic> {
    let Some(source) = &config.sign.hmac_key else { return Ok(None) };
    match secret_of(source, environment)? {
        Some(key) => SigningKey::new(&key, &config.sign.key_id)
            .map(Some)
            .map_err(|error| no_key(format!("`{source}` cannot be used: {error}"))),
        None if config.sign.required => {
            Err(no_key(format!("`sign.required` is set, but `{source}` is not")))
        }
        None => Ok(None),
    }
}

/// The keys that the settings name for sealing.
///
/// # Errors
/// One is not set although a signature is required, or is no key.
pub(super) fn seal_keys(
    config: &Config,
    environment: &Environment,
) -> Result<SealKeys, Diagnostic> {
    let sign = &config.sign;
    if sign.required && sign.hmac_key.is_none() && sign.signing_key.is_none() {
        return Err(no_key("`sign.required` is set, but no key is named".to_owned()));
    }
    let pair = match &sign.signing_key {
        Some(source) => match secret_of(source, environment)? {
            Some(text) => Some(
                KeyPair::parse(&text)
                    .map_err(|error| no_key(format!("`{source}` cannot be used: {error}")))?,
            ),
            None if sign.required => {
                return Err(no_key(format!("`sign.required` is set, but `{source}` is not")));
            }
            None => None,
        },
        None => None,
    };
    let recipients = sign
        .recipients
        .iter()
        .map(|file| {
            let cannot = |error: &dyn std::fmt::Display| {
                let message = format!("`{}` is no recipient: {error}", file.display());
                Diagnostic::error("seal/recipient", message)
                    .hint("name what `bundlegate keygen recipient` wrote to `FILE.pub`")
            };
            let bytes = DiskFileSystem.read(file).map_err(|error| cannot(&error))?;
            Recipient::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| cannot(&error))
        })
        .collect::<Result<_, _>>()?;
    Ok(SealKeys { hmac: hmac_key(config, environment)?, pair, recipients })
}

/// The keys that the settings name for checking.
///
/// # Errors
/// One is no key.
pub(super) fn check_keys(config: &Config, ports: &Ports<'_>) -> Result<CheckKeys, Diagnostic> {
    let environment = ports.environment;
    let mut hmac: Vec<SigningKey> = hmac_key(config, environment)?.into_iter().collect();
    for (id, source) in &config.sign.verify_keys {
        if let Some(key) = secret_of(source, environment)? {
            hmac.push(
                SigningKey::new(&key, id)
                    .map_err(|error| no_key(format!("`{source}` cannot be used: {error}")))?,
            );
        }
    }
    let public = match &config.sign.public_key {
        Some(file) => {
            let cannot = |error: &dyn std::fmt::Display| {
                no_key(format!("`{}` cannot be used: {error}", file.display()))
            };
            let bytes = DiskFileSystem.read(file).map_err(|error| cannot(&error))?;
            let text = String::from_utf8_lossy(&bytes);
            Some(PublicKeys::parse(&text).map_err(|error| cannot(&error))?)
        }
        None => None,
    };
    if config.sign.required && hmac.is_empty() && public.is_none() {
        return Err(no_key("`sign.required` is set, and there is no key to check with".to_owned()));
    }
    Ok(CheckKeys { hmac, public, required: config.sign.required, now: ports.now })
}

/// Seals what passed the gate.
pub(super) fn seal_release(
    config: &Config,
    ports: &Ports<'_>,
    scanned: &crate::leak::Scanned,
    keys: &SealKeys,
) -> Sealed {
    let runner = &ports.runner;
    let target =
        config.artifacts.is_none().then(|| format!("{:?}", config.build.target).to_lowercase());
    let epoch = ports.environment.plain("SOURCE_DATE_EPOCH").and_then(|text| text.parse().ok());
    let created = epoch.or_else(|| config.sign.expires.map(|_| ports.now));
    let about = About {
        name: config.name.clone(),
        commit: runner.commit.clone(),
        target,
        created,
        expires: created
            .zip(config.sign.expires)
            .map(|(created, time)| created.saturating_add(time)),
        provenance: Provenance {
            server: runner.server.clone(),
            repository: runner.repository.clone(),
            reference: runner.reference.clone(),
            workflow: runner.workflow.clone(),
            event: runner.event.clone(),
            run: runner.run.clone(),
            attempt: runner.attempt.clone(),
        },
    };
    seal(scanned, about, keys.borrow())
}

pub(super) fn seal_gate(
    config: &Config,
    sealed: &Sealed,
    keys: &SealKeys,
    outcome: &mut Outcome,
) -> Gate {
    let files = sealed.objects().len();
    let build = sealed.manifest().build_id.get(..12).unwrap_or_default().to_owned();
    let mut by = Vec::new();
    if let Some(key) = &keys.hmac {
        by.push(format!("HMAC-SHA256 of {files} files, key `{}`", key.id()));
    }
    if keys.pair.is_some() {
        by.push("Ed25519 and ML-DSA-65 of the statement".to_owned());
    }
    if !keys.recipients.is_empty() {
        by.push(format!("encrypted for {} recipients", keys.recipients.len()));
    }
    let mut why = Vec::new();
    for (source, is_there) in [
        (&config.sign.hmac_key, keys.hmac.is_some()),
        (&config.sign.signing_key, keys.pair.is_some()),
    ] {
        if let Some(source) = source.as_ref().filter(|_| !is_there) {
            why.push(format!("`{source}` is not set"));
        }
    }
    let is_signed = keys.hmac.is_some() || keys.pair.is_some();
    if !is_signed && why.is_empty() {
        why.push("no key is named in `sign.hmac_key`".to_owned());
    }
    let why = why.join(", ");
    if !why.is_empty() {
        let so = if is_signed {
            "one signature is missing"
        } else {
            "the files are locked but not signed"
        };
        outcome.diagnostics.push(Diagnostic::note("seal/unsigned", format!("{why}, so {so}")));
    }
    by.push(format!("build `{build}`"));
    if is_signed {
        return Gate { name: "Signatures", result: GateResult::Pass, evidence: by.join(", ") };
    }
    skipped("Signatures", &format!("unsigned: {why}; {files} files locked, build `{build}`"))
}

/// Writes outputs, siblings, manifest, statement and lock into a folder, and removes what an earlier lock names.
pub(super) fn write_deployment(folder: &Path, sealed: &Sealed, outcome: &mut Outcome) {
    let manifest_json = sealed.manifest().to_json();
    let earlier = DiskFileSystem
        .read(&folder.join(lock::FILE_NAME))
        .ok()
        .and_then(|text| String::from_utf8(text).ok());
    let objects = sealed.objects().iter().map(|object| (object.path.as_str(), object.body.bytes()));
    let envelope = sealed.envelope().map(|text| (envelope::FILE_NAME, text.as_bytes()));
    let written = write_outputs(
        folder,
        objects.chain([(manifest::FILE_NAME, manifest_json.as_bytes())]).chain(envelope),
    );
    let written = written.and_then(|()| {
        let path = folder.join(lock::FILE_NAME);
        write_atomically(&path, sealed.lock().as_bytes())
            .map_err(|error| (lock::FILE_NAME.to_owned(), error))
    });
    if let Err((path, error)) = written {
        outcome.error(ExitCode::Build, cannot_write(&folder.join(path), &error));
        return;
    }
    // What cannot be removed is named by the next `verify`.
    if sealed.envelope().is_none() {
        let _ = remove(&folder.join(envelope::FILE_NAME));
    }
    for (path, _) in earlier.and_then(|text| lock::parse(&text).ok()).unwrap_or_default() {
        if !sealed.objects().iter().any(|object| object.path == path) {
            let _ = remove(&folder.join(path.as_str()));
        }
    }
}

/// `bundlegate sign`: the leak gate, then lock, manifest and statement beside the files of a folder, or all of it sealed
/// in another folder.
#[must_use]
pub fn run_sign(config: &Config, ports: &Ports<'_>, folder: &Path, out: Option<&Path>) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(keys) = outcome.take(ExitCode::Seal, seal_keys(config, ports.environment)) else {
        return outcome;
    };
    if out.is_none() && !keys.recipients.is_empty() {
        let message = "encrypted files cannot take the place of what they encrypt";
        outcome.error(
            ExitCode::Usage,
            Diagnostic::error("config/out", message).hint("name another folder with `--out DIR`"),
        );
        return outcome;
    }
    let artifacts = match read_artifacts(folder) {
        Ok(artifacts) => artifacts,
        Err(error) => {
            let message = format!("`{}` cannot be sealed: {error}", folder.display());
            outcome.error(ExitCode::Seal, Diagnostic::error("seal/folder", message));
            return outcome;
        }
    };
    let place = crate::fs::relative(&config.root, folder);
    let scanned = match gate(config, ports, artifacts, &place, &Metafile::default(), &mut outcome) {
        Gated::Passed(scanned) => scanned,
        Gated::Blocked(_) | Gated::Failed => return outcome,
    };
    let sealed = seal_release(config, ports, &scanned, &keys);
    let gate = seal_gate(config, &sealed, &keys, &mut outcome);
    write_deployment(out.unwrap_or(folder), &sealed, &mut outcome);
    if outcome.exit_code() == ExitCode::Fine {
        outcome.report = Some(format!("build {}: {}\n", sealed.manifest().build_id, gate.evidence));
    }
    outcome
}

/// `bundlegate verify`: checks a folder, a lock, or a deployment in a store (`STORE/NAME`, `STORE/NAME@CHANNEL`).
#[must_use]
pub fn run_verify(
    config: &Config,
    ports: &Ports<'_>,
    location: &str,
    working: &Path,
    rebuilds: bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(keys) = outcome.take(ExitCode::Seal, check_keys(config, ports)) else {
        return outcome;
    };
    let Some((verified, read)) = verified_at(config, ports, &keys, location, working, &mut outcome)
    else {
        return outcome;
    };
    if verified.problems.is_empty() {
        let mut report = format!(
            "build {}: {} files as locked, {}\n",
            verified.build_id,
            verified.files,
            keys.evidence(&verified)
        );
        if rebuilds {
            report += &rebuild(config, ports, &read, &mut outcome);
        }
        outcome.report = Some(report);
    } else {
        outcome.fail(ExitCode::Seal);
        outcome.diagnostics.extend(verified.problems);
    }
    outcome
}

/// What stands at a location, and whether it is what was sealed; `None` when that cannot be said.
fn verified_at(
    config: &Config,
    ports: &Ports<'_>,
    keys: &CheckKeys,
    location: &str,
    working: &Path,
    outcome: &mut Outcome,
) -> Option<(Verified, Read)> {
    if is_store(location) {
        return verify_place(config, ports, keys, location, working, outcome);
    }
    let path = working.join(location);
    let folder = if path.ends_with(lock::FILE_NAME) {
        path.parent().map(Path::to_path_buf).unwrap_or_default()
    } else {
        path
    };
    match verify_folder(&folder, keys) {
        Ok(verified) => Some(verified),
        Err(error) => {
            let message =
                format!("`{}` cannot be verified: {error}", folder.join(lock::FILE_NAME).display());
            outcome.error(ExitCode::Seal, Diagnostic::error("seal/lock", message));
            None
        }
    }
}

/// Reads what the seal put into a folder.
pub(super) fn read_seal(folder: &Path) -> std::io::Result<Read> {
    let optional = |name: &str| match DiskFileSystem.read(&folder.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let lock = String::from_utf8(DiskFileSystem.read(&folder.join(lock::FILE_NAME))?)
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
    Ok(Read {
        lock,
        manifest: optional(manifest::FILE_NAME)?,
        envelope: optional(envelope::FILE_NAME)?,
    })
}

/// Checks a folder.
pub(super) fn verify_folder(folder: &Path, keys: &CheckKeys) -> std::io::Result<(Verified, Read)> {
    let seal = read_seal(folder)?;
    let present = walk(folder)?;
    let digest_of = |path: &OutputPath, _| {
        Digest::of_pieces(|take| read_pieces(&folder.join(path.as_str()), take))
    };
    Ok((verify(&seal, Some(&present), digest_of, keys.borrow()), seal))
}

/// Builds again, and says whether the bytes are those of a deployment.
fn rebuild(config: &Config, ports: &Ports<'_>, read: &Read, outcome: &mut Outcome) -> String {
    let manifest: Option<Manifest> =
        read.manifest.as_deref().and_then(|json| serde_json::from_slice(json).ok());
    let Some(manifest) = manifest else {
        let message = format!("there is no `{}` to compare with", manifest::FILE_NAME);
        outcome.error(ExitCode::Seal, Diagnostic::error("seal/rebuild", message));
        return String::new();
    };
    let Some((artifacts, _)) = outputs(config, ports, outcome) else { return String::new() };
    let bodies: BTreeMap<&str, &[u8]> =
        artifacts.iter().map(|artifact| (artifact.path.as_str(), artifact.body.bytes())).collect();
    let (mut same, mut skipped, mut problems) = (0, 0, Vec::new());
    for entry in &manifest.artifacts {
        if entry.encryption.is_some() {
            skipped += 1;
            continue;
        }
        let source = entry.encodes.as_deref().unwrap_or(&entry.path);
        let Some(bytes) = bodies.get(source) else {
            problems.push(format!("`{}` is not built any more", entry.path));
            continue;
        };
        let coding = entry.encodes.as_ref().and(entry.content_encoding.as_deref());
        let digest = match coding.map(Coding::of_encoding) {
            None => Digest::of(bytes),
            Some(Some(coding)) => Digest::of(&coding.encode(bytes)),
            Some(None) => {
                skipped += 1;
                continue;
            }
        };
        if digest.to_hex() == entry.sha256 {
            same += 1;
        } else {
            problems.push(format!("`{}` is built with other bytes", entry.path));
        }
    }
    let known: Vec<&str> =
        manifest.artifacts.iter().map(|entry| entry.path.trim_end_matches(".enc")).collect();
    problems.extend(
        bodies
            .keys()
            .filter(|path| !known.contains(path))
            .map(|path| format!("`{path}` is built now, and was not before")),
    );
    if let (Some(recorded), Some(now)) = (&manifest.commit, &ports.runner.commit)
        && recorded != now
    {
        let message =
            format!("the deployment is of commit {recorded}, the sources here are of {now}");
        outcome.diagnostics.push(Diagnostic::warning("seal/rebuild", message));
    }
    let is_same = problems.is_empty();
    for message in problems {
        outcome.error(ExitCode::Seal, Diagnostic::error("seal/rebuild", message));
    }
    let verdict = if is_same { "the same bytes" } else { "not the same" };
    format!("rebuilt: {verdict}; {same} files equal, {skipped} not compared\n")
}

/// `bundlegate decrypt`: opens what is encrypted in a folder into another.
#[must_use]
pub fn run_decrypt(config: &Config, ports: &Ports<'_>, folder: &Path, out: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(identity) = outcome.take(ExitCode::Seal, identity(config, ports.environment)) else {
        return outcome;
    };
    let manifest = DiskFileSystem
        .read(&folder.join(manifest::FILE_NAME))
        .map_err(|error| error.to_string())
        .and_then(|json| {
            serde_json::from_slice::<Manifest>(&json).map_err(|error| error.to_string())
        });
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(error) => {
            let message = format!("`{}` cannot be read: {error}", manifest::FILE_NAME);
            outcome.error(ExitCode::Seal, Diagnostic::error("seal/manifest", message));
            return outcome;
        }
    };
    let opened = match Staging::new(out) {
        Ok(opened) => opened,
        Err(error) => {
            outcome.error(ExitCode::Build, cannot_write(out, &error));
            return outcome;
        }
    };
    if let Err(errors) = open_into(&manifest, &identity, folder, &opened) {
        outcome.fail(ExitCode::Seal);
        outcome.diagnostics.extend(errors);
        return outcome;
    }
    match opened.finish() {
        Ok(files) => outcome.report = Some(format!("{files} files in {}\n", out.display())),
        Err((path, error)) => {
            outcome.error(ExitCode::Build, cannot_write(&out.join(path), &error));
        }
    }
    outcome
}

/// The private part of a recipient that the settings name.
pub(super) fn identity(config: &Config, environment: &Environment) -> Result<Identity, Diagnostic> {
    let source = config.sign.identity.as_ref().ok_or_else(|| {
        no_key("nothing says where the identity comes from".to_owned())
            .hint("set `encrypt.identity: env:NAME`, or `--identity env:NAME`")
    })?;
    let text =
        secret_of(source, environment)?.ok_or_else(|| no_key(format!("`{source}` is not set")))?;
    Identity::parse(&text).map_err(|error| no_key(format!("`{source}` cannot be used: {error}")))
}

/// Writes the files of a deployment as they were before they were encrypted.
///
/// # Errors
/// All that cannot be read, is not what was locked, or cannot be decrypted or written; then nothing of it may be shown.
pub(super) fn open_into(
    manifest: &Manifest,
    identity: &Identity,
    from: &Path,
    into: &Staging,
) -> Result<(), Vec<Diagnostic>> {
    let open = |entry: &Entry| -> Result<(), String> {
        let path = OutputPath::new(entry.path.clone()).map_err(|error| error.to_string())?;
        let unread = |error: std::io::Error| format!("`{path}` cannot be read: {error}");
        let body = content(&from.join(path.as_str())).map_err(unread)?;
        if Digest::of(body.bytes()).to_hex() != entry.sha256 {
            return Err(format!("`{path}` is not what was locked: its SHA-256 differs"));
        }
        let ending = entry.encryption.as_ref().map_or("", |_| EXTENSION);
        let name = path.as_str().strip_suffix(ending).unwrap_or(path.as_str());
        let unwritten = |error: std::io::Error| format!("`{name}` cannot be written: {error}");
        let mut file = into.create(name).map_err(unwritten)?;
        match &entry.encryption {
            Some(Encryption { wraps, .. }) => {
                decrypt_into(path.as_str(), body.bytes(), wraps, identity, &mut file)
                    .map_err(|error| format!("`{path}` cannot be decrypted: {error}"))
            }
            None => file.write_all(body.bytes()).map_err(unwritten),
        }
    };
    let errors: Vec<Diagnostic> = manifest
        .artifacts
        .iter()
        .filter_map(|entry| open(entry).err())
        .map(|message| Diagnostic::error("seal/encrypted", message))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Where `keygen` puts a secret.
#[derive(Debug, Clone, Default)]
pub struct KeyTarget {
    /// Into a file that only its owner reads; what is public goes to a file beside it.
    pub file: Option<PathBuf>,
    /// Into the keychain under this name.
    pub keychain: Option<String>,
    /// To standard output.
    pub prints: bool,
}

/// `bundlegate keygen`: makes a key of a kind (`hmac`, `signing`, `recipient`).
#[must_use]
pub fn run_keygen(kind: &str, target: &KeyTarget, ports: &Ports<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let places = [target.file.is_some(), target.keychain.is_some(), target.prints];
    if places.iter().filter(|is_asked| **is_asked).count() != 1 {
        let error = Diagnostic::error("config/keygen", "a key needs one place to go")
            .hint("write `--out FILE`, `--keychain NAME` or `--stdout`");
        outcome.error(ExitCode::Usage, error);
        return outcome;
    }
    let (secret, public) = match kind {
        "signing" => {
            let pair = KeyPair::generate();
            (pair.to_pem(), Some(pair.public().to_pem()))
        }
        "recipient" => {
            let identity = Identity::generate();
            (identity.to_text(), Some(identity.recipient().to_text()))
        }
        _ => (SigningKey::generate(), None),
    };
    if let Some(file) = &target.file {
        if let Err(error) = write_private(file, secret.expose()) {
            outcome.error(ExitCode::Seal, cannot_write(file, &error));
            return outcome;
        }
        outcome.done.push(format!("the secret is in {}; keep it so", file.display()));
        if let Some(public) = public {
            let mut name = file.clone().into_os_string();
            name.push(".pub");
            let beside = PathBuf::from(name);
            if let Err(error) = write_atomically(&beside, public.as_bytes()) {
                outcome.error(ExitCode::Seal, cannot_write(&beside, &error));
            }
        }
        return outcome;
    }
    if let Some(name) = &target.keychain {
        if ports.environment.is_ci() {
            let message = "the keychain is for local development, and `CI` is set";
            outcome.error(ExitCode::Seal, Diagnostic::error("seal/keychain", message));
        } else if let Err(error) = keychain::write(name, &secret) {
            outcome.error(ExitCode::Seal, Diagnostic::error("seal/keychain", error));
        } else {
            outcome.report = public;
        }
        return outcome;
    }
    let text = secret.expose_str().unwrap_or_default();
    outcome.report = Some(format!("{text}{}", public.unwrap_or_default()));
    outcome
}
