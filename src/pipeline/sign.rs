//! Keys, and the commands that seal and open: `sign`, `verify`, `decrypt`, `keygen`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::build::{as_outputs, cannot_write, other_bun, outputs, write_outputs};
use super::deploy::{Location, is_store, verify_place};
use super::folder::read_folder;
use super::scan::gate;
use super::{Gated, Outcome, Ports, skipped};
use crate::artifact::{Digest, OutputPath};
use crate::compress::Coding;
use crate::config::env::Environment;
use crate::config::{Config, KeyPlace, KeySource};
use crate::diag::{Diagnostic, ExitCode, Severity};
use crate::fs::{
    DiskFileSystem, FileSystem as _, Staging, content, read_pieces, real, remove, walk,
    write_atomically, write_private,
};
use crate::github::event::Rights;
use crate::keychain;
use crate::leak::{Scanned, ScannedArtifact};
use crate::metafile::Metafile;
use crate::report::{Gate, GateResult};
use crate::seal::encrypt::{EXTENSION, Identity, Recipient, decrypt_into};
use crate::seal::envelope::{self, Provenance};
use crate::seal::key_pair::{KeyPair, PublicKeys};
use crate::seal::manifest::{self, Encryption, Entry, Manifest};
use crate::seal::{
    About, FILE_NAMES, Keys, OWN_NAMES, Read, Sealed, SigningKey, Verified, VerifyKeys,
    WRITTEN_NAME, is_of_seal, lock, seal, verify,
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

fn no_keychain(error: String) -> Diagnostic {
    Diagnostic::error("seal/keychain", error)
        .hint("start one, such as gnome-keyring or KWallet, or name a variable: `env:HMAC_KEY`")
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
            KeyPlace::Keychain(name) => keychain::read(name).map_err(no_keychain)?,
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

/// A key that the settings name; `None` when they name none, or it is not set and need not be.
///
/// # Errors
/// It is not set and must be, or `read` does not take it.
fn named_key<T, E: std::fmt::Display>(
    source: Option<&KeySource>,
    environment: &Environment,
    must_be_set: bool,
    read: impl FnOnce(&Secret) -> Result<T, E>,
) -> Result<Option<T>, Diagnostic> {
    let Some(source) = source else { return Ok(None) };
    match secret_of(source, environment)? {
        Some(key) => read(&key)
            .map(Some)
            .map_err(|error| no_key(format!("`{source}` cannot be used: {error}"))),
        None if must_be_set => Err(no_key(format!("`{source}` is named as a key, and is not set"))),
        None => Ok(None),
    }
}

/// The keys that the settings name for sealing. With `must_be_set`, or with `sign.required`, one that is named has to be
/// there.
///
/// # Errors
/// One is not set although it must be, or is no key.
pub(super) fn seal_keys(
    config: &Config,
    environment: &Environment,
    must_be_set: bool,
) -> Result<SealKeys, Diagnostic> {
    let sign = &config.sign;
    let is_required = sign.required == Some(true);
    if is_required && sign.hmac_key.is_none() && sign.signing_key.is_none() {
        return Err(no_key("`sign.required` is set, but no key is named".to_owned()));
    }
    let must_be_set = sign.required.unwrap_or(must_be_set);
    let hmac = named_key(sign.hmac_key.as_ref(), environment, must_be_set, |key| {
        SigningKey::new(key, &sign.key_id)
    })?;
    let pair = named_key(sign.signing_key.as_ref(), environment, must_be_set, KeyPair::parse)?;
    Ok(SealKeys { hmac, pair, ..public_keys_only(config)? })
}

/// What can be sealed with where there are no secrets.
///
/// # Errors
/// The file of a recipient is none.
pub(super) fn public_keys_only(config: &Config) -> Result<SealKeys, Diagnostic> {
    let recipients = config
        .sign
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
    Ok(SealKeys { hmac: None, pair: None, recipients })
}

/// The keys that the settings name for checking. A check that is asked for is made or fails: a key that is named has to be
/// there. Only where the statement is checked by a public key, nobody needs the shared one, too.
///
/// # Errors
/// One is not set, or is no key.
pub(super) fn check_keys(config: &Config, ports: &Ports<'_>) -> Result<CheckKeys, Diagnostic> {
    let environment = ports.environment;
    let must_be_set = config.sign.public_key.is_none() && config.sign.required != Some(false);
    let own = config.sign.hmac_key.as_ref().map(|source| (&config.sign.key_id, source));
    let others = config.sign.verify_keys.iter().map(|(id, source)| (id, source));
    let mut hmac = Vec::new();
    for (id, source) in own.into_iter().chain(others) {
        let read = |key: &Secret| SigningKey::new(key, id);
        hmac.extend(named_key(Some(source), environment, must_be_set, read)?);
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
    let required = config.sign.required == Some(true);
    if required && hmac.is_empty() && public.is_none() {
        return Err(no_key("`sign.required` is set, and there is no key to check with".to_owned()));
    }
    Ok(CheckKeys { hmac, public, required, now: ports.now })
}

/// Seals what passed the gate. Of what was built here, the manifest names the target.
///
/// # Errors
/// Two files would have one path.
pub(super) fn seal_release(
    config: &Config,
    ports: &Ports<'_>,
    scanned: &Scanned,
    keys: &SealKeys,
    is_built: bool,
) -> Result<Sealed, Vec<Diagnostic>> {
    let runner = &ports.runner;
    let targets: Vec<String> = if config.parts.is_empty() {
        vec![format!("{:?}", config.build.target).to_lowercase()]
    } else {
        config.parts.iter().map(|part| format!("{:?}", part.build.target).to_lowercase()).collect()
    };
    let target = is_built.then(|| targets.join(", "));
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
    let sealed = seal(scanned, about, keys.borrow());
    let clashes: Vec<Diagnostic> = sealed
        .clashes()
        .into_iter()
        .map(|path| {
            let message = if OWN_NAMES.contains(&path.as_str()) {
                format!("`{path}` among the outputs is not ours, and we write a file of that name")
            } else {
                format!("two files would be stored as `{path}`")
            };
            Diagnostic::error("seal/path", message).hint("give one of them another name")
        })
        .collect();
    if clashes.is_empty() { Ok(sealed) } else { Err(clashes) }
}

pub(super) fn seal_gate(
    config: &Config,
    sealed: &Sealed,
    keys: &SealKeys,
    rights: Option<&Rights>,
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
    if let Some(why) = rights.and_then(Rights::without_secrets) {
        return skipped(
            "Signatures",
            &format!("skipped ({why}): {files} files locked, not signed; build `{build}`"),
        );
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
    let is_named = !why.is_empty();
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
        let note = Diagnostic::note("seal/unsigned", format!("{why}, so {so}"));
        // Where releases are made, a secret that has gone missing is not a matter of taste.
        let is_lost = rights.is_some_and(Rights::expects_keys) && is_named;
        let severity = if is_lost { Severity::Warning } else { note.severity };
        outcome.diagnostics.push(Diagnostic { severity, ..note });
    }
    by.push(format!("build `{build}`"));
    if is_signed {
        return Gate { name: "Signatures", result: GateResult::Pass, evidence: by.join(", ") };
    }
    skipped("Signatures", &format!("unsigned: {why}; {files} files locked, build `{build}`"))
}

/// Writes what a release has for the disk. A folder of artifacts is somebody else's, and stays as it is.
pub(super) fn write_release(
    config: &Config,
    scanned: &Scanned,
    sealed: &Sealed,
    outcome: &mut Outcome,
) {
    let built = config.outdir.as_ref().filter(|_| config.artifacts.is_none());
    if let (Some(folder), Some(_)) = (built, &config.seal_outdir) {
        let outputs = as_outputs(scanned.artifacts().iter().map(ScannedArtifact::artifact));
        if let Err((path, error)) = write_outputs(folder, outputs) {
            outcome.error(ExitCode::Build, cannot_write(&folder.join(path), &error));
        }
    }
    if let Some(folder) = config.seal_outdir.as_ref().or(built) {
        write_deployment(folder, sealed, outcome);
    }
}

/// Writes outputs, siblings and seal into a folder, and removes what an earlier run wrote there.
fn write_deployment(folder: &Path, sealed: &Sealed, outcome: &mut Outcome) {
    if !is_free(folder, outcome) {
        return;
    }
    let earlier = earlier_files(folder);
    let is_program = |path: &str| {
        let mut entries = sealed.manifest().artifacts.iter();
        entries.any(|entry| entry.path == path && entry.is_program())
    };
    let objects = sealed.objects().iter().map(|object| {
        let path = object.path.as_str();
        (path, object.body.bytes(), is_program(path))
    });
    if let Err((path, error)) = write_outputs(folder, objects) {
        outcome.error(ExitCode::Build, cannot_write(&folder.join(path), &error));
        return;
    }
    write_seal(folder, sealed, true, outcome);
    // What cannot be removed is named by the next `verify`.
    for (path, digest) in earlier {
        let file = folder.join(path.as_str());
        let is_as_it_was =
            || Digest::of_pieces(|take| read_pieces(&file, take)).is_ok_and(|now| now == digest);
        if !sealed.objects().iter().any(|object| object.path == path) && is_as_it_was() {
            let _ = remove(&file);
        }
    }
}

/// Files that an earlier run wrote into a folder, with their digests; of a folder that was signed where it stands, none.
fn earlier_files(folder: &Path) -> Vec<(OutputPath, Digest)> {
    let Ok(read) = read_seal(folder) else { return Vec::new() };
    let build_id = Digest::of(read.lock.as_bytes()).to_hex();
    let manifest = read.manifest.as_deref().and_then(|json| Manifest::parse(json).ok());
    let is_ours = manifest.is_some_and(|manifest| {
        // Before there was a file that says it, the target of a build did.
        manifest.build_id == build_id && manifest.target.is_some()
    }) || DiskFileSystem
        .read(&folder.join(WRITTEN_NAME))
        .is_ok_and(|written| written.trim_ascii() == build_id.as_bytes());
    if is_ours { lock::parse(&read.lock).unwrap_or_default() } else { Vec::new() }
}

/// Whether what the seal writes takes the place of nothing but an earlier seal.
fn is_free(folder: &Path, outcome: &mut Outcome) -> bool {
    for name in FILE_NAMES {
        let file = folder.join(name);
        if DiskFileSystem.read(&file).is_ok_and(|bytes| !is_of_seal(name, &bytes)) {
            let message =
                format!("`{}` is not ours, and we write a file of that name", file.display());
            outcome.error(
                ExitCode::Seal,
                Diagnostic::error("seal/path", message).hint("give it another name"),
            );
        }
    }
    outcome.exit_code() == ExitCode::Fine
}

/// Writes manifest, statement and lock, the lock last; and removes what has these names, or had, and is ours. `is_written`:
/// the files that are sealed are ours, too.
fn write_seal(folder: &Path, sealed: &Sealed, is_written: bool, outcome: &mut Outcome) {
    let manifest = sealed.manifest_json();
    let build_id = format!("{}\n", sealed.manifest().build_id);
    let envelope = sealed.envelope().map(|text| (envelope::FILE_NAME, text.as_bytes()));
    let mark = is_written.then_some((WRITTEN_NAME, build_id.as_bytes()));
    let files =
        [(manifest::FILE_NAME, manifest.as_bytes())].into_iter().chain(envelope).chain(mark);
    let files = files.map(|(name, bytes)| (name, bytes, false));
    let written = write_outputs(folder, files).and_then(|()| {
        let path = folder.join(lock::FILE_NAME);
        write_atomically(&path, sealed.lock().as_bytes())
            .map_err(|error| (lock::FILE_NAME.to_owned(), error))
    });
    if let Err((path, error)) = written {
        outcome.error(ExitCode::Build, cannot_write(&folder.join(path), &error));
        return;
    }
    let gone = [manifest::OLD_FILE_NAME]
        .into_iter()
        .chain(sealed.envelope().is_none().then_some(envelope::FILE_NAME))
        .chain((!is_written).then_some(WRITTEN_NAME));
    for name in gone {
        let file = folder.join(name);
        if DiskFileSystem.read(&file).is_ok_and(|bytes| is_of_seal(name, &bytes)) {
            let _ = remove(&file);
        }
    }
}

/// `bundlegate sign`: the leak gate, then lock, manifest and statement beside the files of a folder, or all of it sealed
/// in another folder.
#[must_use]
pub fn run_sign(config: &Config, ports: &Ports<'_>, folder: &Path, out: Option<&Path>) -> Outcome {
    let mut outcome = Outcome::default();
    let keys = seal_keys(config, ports.environment, true);
    let Some(keys) = outcome.take(ExitCode::Seal, keys) else { return outcome };
    if out.is_none() && !keys.recipients.is_empty() {
        let message = "encrypted files cannot take the place of what they encrypt";
        outcome.error(
            ExitCode::Usage,
            Diagnostic::error("config/out", message).hint("name another folder with `--out DIR`"),
        );
        return outcome;
    }
    let overlaps = |out: &Path| {
        let (folder, out) = (real(folder), real(out));
        out.starts_with(&folder) || folder.starts_with(&out)
    };
    if out.is_some_and(overlaps) {
        let message = "`--out` and the folder that is sealed lie in each other";
        outcome.error(
            ExitCode::Usage,
            Diagnostic::error("config/out", message).hint("name a folder beside it"),
        );
        return outcome;
    }
    let read = match read_folder(folder) {
        Ok(read) => read,
        Err(error) => {
            let message = format!("`{}` cannot be sealed: {error}", folder.display());
            outcome.error(ExitCode::Seal, Diagnostic::error("seal/folder", message));
            return outcome;
        }
    };
    // A file of the folder cannot be left out of its lock, so a form of another build stops it.
    for stale in read.stale(&config.root, folder) {
        let error = Diagnostic { severity: Severity::Error, ..stale };
        outcome.error(ExitCode::Seal, error);
    }
    if outcome.exit_code() != ExitCode::Fine {
        return outcome;
    }
    let place = crate::fs::relative(&config.root, folder);
    let none = Metafile::default();
    let scanned = match gate(config, ports, read.artifacts, &place, &none, &mut outcome) {
        Gated::Passed(scanned, _) => scanned.fold(&read.forms),
        Gated::Blocked(_) | Gated::Failed => return outcome,
    };
    let sealed = match seal_release(config, ports, &scanned, &keys, false) {
        Ok(sealed) => sealed,
        Err(problems) => {
            outcome.fail(ExitCode::Seal);
            outcome.diagnostics.extend(problems);
            return outcome;
        }
    };
    let gate = seal_gate(config, &sealed, &keys, None, &mut outcome);
    match out {
        Some(out) => write_deployment(out, &sealed, &mut outcome),
        None => write_seal(folder, &sealed, false, &mut outcome),
    }
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
    expected: Option<&str>,
    working: &Path,
    rebuilds: bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(keys) = outcome.take(ExitCode::Seal, check_keys(config, ports)) else {
        return outcome;
    };
    let location = Location { text: location, working, expected };
    let Some((mut verified, read)) = verified_at(config, ports, &keys, &location, &mut outcome)
    else {
        return outcome;
    };
    let Some(other) = outcome.take(ExitCode::Seal, location.problem(&verified.build_id)) else {
        return outcome;
    };
    verified.problems.extend(other);
    if verified.problems.is_empty() {
        let mut report = format!(
            "build {}: {} files as locked, {}\n",
            verified.build_id,
            verified.files,
            keys.evidence(&verified)
        );
        let manifest = read.manifest.as_deref().and_then(|json| Manifest::parse(json).ok());
        outcome.diagnostics.extend(manifest.as_ref().and_then(other_bun));
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
    location: &Location<'_>,
    outcome: &mut Outcome,
) -> Option<(Verified, Read)> {
    if is_store(location.text) {
        return verify_place(config, ports, keys, location, outcome);
    }
    let path = location.working.join(location.text);
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
    let read = Read::from(|name| match DiskFileSystem.read(&folder.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    })?;
    read.ok_or_else(|| std::io::ErrorKind::NotFound.into())
}

/// Checks a folder.
pub(super) fn verify_folder(folder: &Path, keys: &CheckKeys) -> std::io::Result<(Verified, Read)> {
    let seal = read_seal(folder)?;
    let present = walk(folder)?;
    let digest_of = |path: &OutputPath, _| {
        Digest::of_pieces(|take| read_pieces(&folder.join(path.as_str()), take))
    };
    let mut verified = verify(&seal, Some(&present), digest_of, keys.borrow());
    let written = DiskFileSystem.read(&folder.join(WRITTEN_NAME));
    if written.is_ok_and(|written| written.trim_ascii() != verified.build_id.as_bytes()) {
        let message = format!("`{WRITTEN_NAME}` names another build than the lock");
        verified.problems.push(Diagnostic::error("seal/build", message));
    }
    Ok((verified, seal))
}

/// Builds again, and says whether the bytes are those of a deployment.
fn rebuild(config: &Config, ports: &Ports<'_>, read: &Read, outcome: &mut Outcome) -> String {
    let manifest: Option<Manifest> =
        read.manifest.as_deref().and_then(|json| Manifest::parse(json).ok());
    let Some(manifest) = manifest else {
        let message = format!("there is no `{}` to compare with", manifest::FILE_NAME);
        outcome.error(ExitCode::Seal, Diagnostic::error("seal/rebuild", message));
        return String::new();
    };
    let Some((folder, _)) = outputs(config, ports, outcome) else { return String::new() };
    let is_left_out =
        |path: &OutputPath| folder.forms.iter().any(|form| !form.holds && form.path == *path);
    let bodies: BTreeMap<&str, &[u8]> = folder
        .artifacts
        .iter()
        .filter(|artifact| !is_left_out(&artifact.path))
        .map(|artifact| (artifact.path.as_str(), artifact.body.bytes()))
        .collect();
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
        let digest = match (coding.map(Coding::of_encoding), bodies.get(entry.path.as_str())) {
            // A form that the bundler made is as it made it.
            (_, Some(bytes)) => Digest::of(bytes),
            (None, None) => Digest::of(bytes),
            (Some(Some(coding)), None) => Digest::of(&coding.encode(bytes)),
            (Some(None), None) => {
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
    let manifest = read_seal(folder)
        .map_err(|error| error.to_string())
        .and_then(|read| read.manifest.ok_or_else(|| "it is not there".to_owned()))
        .and_then(|json| Manifest::parse(&json).map_err(|error| error.to_string()));
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
            return outcome;
        }
        let written = keychain::write(name, &secret).map_err(no_keychain);
        if let Some(place) = outcome.take(ExitCode::Seal, written) {
            outcome.done.push(format!("`{name}` is in {place}"));
            outcome.report = public;
        }
        return outcome;
    }
    let text = secret.expose_str().unwrap_or_default();
    outcome.report = Some(format!("{text}{}", public.unwrap_or_default()));
    outcome
}
