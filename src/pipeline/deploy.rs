//! What is done with a store: `push`, `pull`, `promote`, `rollback`, `list`, `prune`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use super::build::{cannot_write, read_artifacts};
use super::scan::gate;
use super::sign::{CheckKeys, check_keys, identity, open_into, read_seal};
use super::{Gated, Outcome, Ports, skipped};
use crate::artifact::{Digest, OutputPath};
use crate::config::Config;
use crate::config::env::Environment;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{Staging, relative};
use crate::metafile::Metafile;
use crate::report::picture::{Pictures, Theme, treemap};
use crate::report::{Gate, GateResult, Report, Sizes, markdown};
use crate::seal::manifest::{self, Manifest};
use crate::seal::{Sealed, Verified, envelope, lock, reopen, verify};
use crate::store::{
    Build, Deployed, Deployment, Found, Layout, PROFILE_VARIABLES, ReadBack, S3Access, Step, Store,
    StoreError,
};

/// A deployment in a store, as the command line names it: `STORE/NAME`, with `@CHANNEL` or `@BUILD` behind it.
struct Place {
    url: String,
    store: Store,
    name: String,
    at: Option<String>,
}

impl Place {
    fn open(
        text: &str,
        config: &Config,
        environment: &Environment,
        working: &Path,
        access: &Access,
    ) -> Result<Self, Diagnostic> {
        let (path, at) = match text.rsplit_once('@') {
            Some((path, at)) => (path, Some(at.to_owned())),
            None => (text, None),
        };
        let path = path.trim_end_matches('/');
        // A name may have parts; the settings know it.
        let by_settings = path.strip_suffix(&config.name).and_then(|rest| rest.strip_suffix('/'));
        let (url, name) = match by_settings {
            Some(url) => (url.to_owned(), config.name.clone()),
            None => match path.rsplit_once('/') {
                Some((url, name)) if !url.ends_with('/') => (url.to_owned(), name.to_owned()),
                _ => match path.split_once(':') {
                    // `dir:NAME` is NAME in this folder.
                    Some(("dir", name)) => ("dir:.".to_owned(), name.to_owned()),
                    _ => return Err(store_error(&StoreError::Url(text.to_owned()))),
                },
            },
        };
        let access = access.of(&url, config, environment);
        let store = Store::open(&url, working, &access).map_err(|error| store_error(&error))?;
        Ok(Self { url, store, name, at })
    }

    fn found(&self) -> Result<Found, StoreError> {
        self.store.at(&self.name, self.at.as_deref())
    }

    fn verify(&self, found: &Found, keys: &CheckKeys) -> Verified {
        // Nothing is written, so nothing can fail to be.
        let digests = self.read(found, |_| Ok(io::sink())).unwrap_or_default();
        verified(found, &digests, keys)
    }

    /// Reads all files into what `open` returns for each, and says what each is; `Err` when one cannot be written.
    fn read<W: Write>(
        &self,
        found: &Found,
        open: impl Fn(&OutputPath) -> io::Result<W> + Sync,
    ) -> Result<Digests, (OutputPath, io::Error)> {
        let digests = Mutex::new(Digests::new());
        let entries = lock::parse(&found.read.lock).unwrap_or_default();
        self.store.each(&entries, |(path, digest)| {
            let mut into = open(path).map_err(|error| (path.clone(), error))?;
            let mut unwritten = None;
            let read = Digest::of_pieces(|hash| {
                self.store.object(&self.name, *digest, &mut |piece| {
                    hash(piece)?;
                    into.write_all(piece).map_err(|error| {
                        unwritten = Some(error);
                        io::ErrorKind::Other.into()
                    })
                })
            });
            if let Some(error) = unwritten {
                return Err((path.clone(), error));
            }
            digests.lock().expect("no thread panics with it").insert(path.clone(), read);
            Ok(())
        })?;
        Ok(digests.into_inner().expect("no thread panicked with it"))
    }
}

/// Whether what was read is what was sealed.
fn verified(found: &Found, digests: &Digests, keys: &CheckKeys) -> Verified {
    let digest_of = |path: &OutputPath, _| match digests.get(path) {
        Some(Ok(digest)) => Ok(*digest),
        Some(Err(error)) => Err(io::Error::new(error.kind(), error.to_string())),
        None => Err(io::ErrorKind::NotFound.into()),
    };
    let mut verified = verify(&found.read, None, digest_of, keys.borrow());
    if verified.build_id != found.build_id {
        let message = "`bundlegate.lock` is not that of the build".to_owned();
        verified.problems.push(Diagnostic::error("seal/build", message));
    }
    verified
}

/// What the files of a deployment are as read.
type Digests = BTreeMap<OutputPath, io::Result<Digest>>;

/// What a store is opened for.
struct Access {
    writes: bool,
    now: u64,
}

impl Access {
    fn of(&self, url: &str, config: &Config, environment: &Environment) -> S3Access {
        let plain = |name: &str| {
            environment.plain(name).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let secret = |name: &str| {
            environment.secret(name).filter(|value| !value.expose().is_empty()).cloned()
        };
        let base = S3Access {
            keeps_key: config.store.keeps_key,
            writes: self.writes,
            now: self.now,
            ..S3Access::default()
        };
        if url.starts_with("r2:") {
            S3Access {
                account: plain("R2_ACCOUNT_ID"),
                jurisdiction: plain("R2_JURISDICTION"),
                endpoint: plain("R2_ENDPOINT"),
                key_id: plain("R2_ACCESS_KEY_ID"),
                secret: secret("R2_SECRET_ACCESS_KEY"),
                session: secret("R2_SESSION_TOKEN"),
                ..base
            }
        } else {
            S3Access {
                endpoint: plain("AWS_ENDPOINT_URL_S3").or_else(|| plain("AWS_ENDPOINT_URL")),
                region: plain("AWS_REGION").or_else(|| plain("AWS_DEFAULT_REGION")),
                key_id: plain("AWS_ACCESS_KEY_ID"),
                secret: secret("AWS_SECRET_ACCESS_KEY"),
                session: secret("AWS_SESSION_TOKEN"),
                profile: PROFILE_VARIABLES
                    .iter()
                    .filter_map(|name| Some((*name, plain(name)?)))
                    .collect(),
                ..base
            }
        }
    }
}

fn store_error(error: &StoreError) -> Diagnostic {
    match error {
        StoreError::Missing(_) | StoreError::Content { .. } => {
            Diagnostic::error("store/missing", error.to_string())
        }
        StoreError::Lost { .. } => Diagnostic::error("store/lost", error.to_string()).hint(
            "the run that was faster is newer or the same age; run again to make this one live",
        ),
        _ => Diagnostic::error("store/failed", error.to_string()),
    }
}

impl Outcome {
    fn store_error(&mut self, error: &StoreError) {
        // What a reader finds missing or broken is a matter of the seal.
        let code = if error.is_content() { ExitCode::Seal } else { ExitCode::Store };
        self.error(code, store_error(error));
    }
}

fn deployment(config: &Config, metafile: Option<String>, sizes: &Sizes) -> Deployment {
    Deployment {
        channel: config.store.channel.clone(),
        layout: if config.store.is_files { Layout::Files } else { Layout::Registry },
        read_back: match config.store.read_back.as_str() {
            "none" => ReadBack::None,
            "full" => ReadBack::Full,
            _ => ReadBack::List,
        },
        metafile,
        pictures: Vec::new(),
        sizes: crate::store::Sizes { raw: sizes.raw, gzip: sizes.gzip, brotli: sizes.brotli },
    }
}

/// Says how far an upload is: at most once in a while, which the caller of `progress` decides.
fn progress(ports: &Ports<'_>) -> impl Fn(Step) + Sync {
    let report = ports.progress;
    move |step: Step| {
        report(&format!(
            "{} of {} objects, {} sent",
            step.done,
            step.all,
            markdown::size(step.bytes)
        ));
    }
}

/// Treemaps of a report as files of its build. What they show is in their names, since images are cached by name.
fn pictures(report: &Report) -> [(String, String); 2] {
    [Theme::Light, Theme::Dark].map(|theme| {
        let svg = treemap(report, theme);
        let digest = Digest::of(svg.as_bytes()).to_hex();
        let (short, _) = digest.split_at(8);
        (format!("treemap-{}.{short}.svg", theme.name()), svg)
    })
}

/// Stores a release of `run`, or says what would be stored. The report learns where its treemaps are.
pub(super) fn store(
    config: &Config,
    ports: &Ports<'_>,
    sealed: &Sealed,
    metafile: &Metafile,
    report: &mut Report,
    is_dry: bool,
    outcome: &mut Outcome,
) -> Gate {
    let url = &config.store.url;
    let access = Access { writes: !is_dry, now: ports.now }.of(url, config, ports.environment);
    let mut deployment = deployment(config, Some(metafile.to_json()), &report.total());
    if config.report.pictures.is_some() {
        deployment.pictures = pictures(report).into();
    }
    let opened = Store::open(url, &config.root, &access);
    if is_dry {
        return match opened.and_then(|store| store.plan(sealed, &deployment)) {
            Ok(keys) => {
                outcome.done.extend(keys.iter().map(|key| format!("would write {key}")));
                skipped(
                    "Store",
                    &format!("dry run: {} keys would be written to `{url}`", keys.len()),
                )
            }
            Err(error) => skipped("Store", &format!("dry run: `{url}` cannot be asked: {error}")),
        };
    }
    match opened.and_then(|store| store.put(sealed, &deployment, &progress(ports))) {
        Ok(deployed) => {
            outcome.done.push(stored(url, &deployed));
            let build = sealed.manifest().build_id.get(..12).unwrap_or_default();
            if let (Some(public), [(light, _), (dark, _)]) =
                (&config.report.pictures, &*deployment.pictures)
            {
                let (folder, _) = deployed.manifest_key.rsplit_once('/').unwrap_or_default();
                let at = |file: &str| format!("{public}/{folder}/{file}");
                report.pictures = Some(Pictures { light: at(light), dark: at(dark) });
            }
            outcome.deployment = Some(format!("{url}/{}@{build}", config.name));
            // The same whenever the same build is stored, so that a comment does not change for nothing.
            let files = deployed.written + deployed.kept;
            let evidence = format!("`{}` in `{url}`: {files} files", deployed.manifest_key);
            Gate { name: "Store", result: GateResult::Pass, evidence }
        }
        Err(error) => {
            let evidence = error.to_string();
            outcome.store_error(&error);
            Gate { name: "Store", result: GateResult::Fail, evidence }
        }
    }
}

fn stored(url: &str, deployed: &Deployed) -> String {
    format!(
        "`{}` in `{url}`: {} files written, {} there already",
        deployed.manifest_key, deployed.written, deployed.kept
    )
}

/// `bundlegate push`: a folder that was signed goes to a store, after it passed the leak gate and its seal held.
#[must_use]
pub fn run_push(
    config: &Config,
    ports: &Ports<'_>,
    folder: &Path,
    url: &str,
    working: &Path,
    is_dry: bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(keys) = outcome.take(ExitCode::Seal, check_keys(config, ports)) else {
        return outcome;
    };
    let read = read_artifacts(folder).and_then(|artifacts| Ok((artifacts, read_seal(folder)?)));
    let (artifacts, read) = match read {
        Ok(read) => read,
        Err(error) => {
            let message = format!("`{}` is no signed folder: {error}", folder.display());
            outcome.error(
                ExitCode::Seal,
                Diagnostic::error("seal/folder", message)
                    .hint("seal it with `bundlegate sign DIR`"),
            );
            return outcome;
        }
    };
    let sizes = Sizes {
        raw: artifacts.iter().map(|artifact| artifact.body.bytes().len() as u64).sum(),
        ..Sizes::default()
    };
    let place = relative(&config.root, folder);
    let scanned = match gate(config, ports, artifacts, &place, &Metafile::default(), &mut outcome) {
        Gated::Passed(scanned) => scanned,
        Gated::Blocked(_) | Gated::Failed => return outcome,
    };
    let sealed = match reopen(&scanned, &read, keys.borrow()) {
        Ok(sealed) => sealed,
        Err(problems) => {
            outcome.fail(ExitCode::Seal);
            outcome.diagnostics.extend(problems);
            return outcome;
        }
    };
    let access = Access { writes: !is_dry, now: ports.now }.of(url, config, ports.environment);
    let deployment = deployment(config, None, &sizes);
    let opened = Store::open(url, working, &access);
    if is_dry {
        match opened.and_then(|store| store.plan(&sealed, &deployment)) {
            Ok(keys) => outcome.report = Some(keys.join("\n") + "\n"),
            Err(error) => outcome.store_error(&error),
        }
        return outcome;
    }
    match opened.and_then(|store| store.put(&sealed, &deployment, &progress(ports))) {
        Ok(deployed) => {
            let build = &sealed.manifest().build_id;
            outcome.report = Some(format!("build {build}: {}\n", stored(url, &deployed)));
        }
        Err(error) => outcome.store_error(&error),
    }
    outcome
}

/// The metafile of a deployment; else why there is none.
pub(super) fn metafile_at(
    config: &Config,
    ports: &Ports<'_>,
    location: &str,
) -> Result<Metafile, String> {
    let access = Access { writes: false, now: ports.now };
    let place = Place::open(location, config, ports.environment, &config.root, &access)
        .map_err(|error| error.message)?;
    let found = place.found().map_err(|error| error.to_string())?;
    let json =
        place.store.metafile(&place.name, &found.build_id).map_err(|error| error.to_string())?;
    let json =
        json.ok_or_else(|| format!("the build at `{location}` was stored without a metafile"))?;
    Metafile::parse(&json).map_err(|error| format!("its metafile cannot be read: {error}"))
}

/// The metafile of the build that the store of the settings has of a commit.
pub(super) fn metafile_of_commit(
    config: &Config,
    ports: &Ports<'_>,
    commit: &str,
) -> Option<Metafile> {
    let url = &config.store.url;
    let access = Access { writes: false, now: ports.now }.of(url, config, ports.environment);
    let store = Store::open(url, &config.root, &access).ok()?;
    let json = store.metafile_of_commit(&config.name, commit).ok()??;
    Metafile::parse(&json).ok()
}

/// `bundlegate verify` of a deployment in a store.
pub(super) fn verify_place(
    config: &Config,
    ports: &Ports<'_>,
    keys: &CheckKeys,
    location: &str,
    working: &Path,
    outcome: &mut Outcome,
) -> Option<(Verified, crate::seal::Read)> {
    let access = Access { writes: false, now: ports.now };
    let place = match Place::open(location, config, ports.environment, working, &access) {
        Ok(place) => place,
        Err(error) => {
            outcome.error(ExitCode::Store, error);
            return None;
        }
    };
    match place.found() {
        Ok(found) => Some((place.verify(&found, keys), found.read)),
        Err(error) => {
            outcome.store_error(&error);
            None
        }
    }
}

/// `bundlegate pull`: a deployment from a store into a folder, verified, and opened if there is an identity.
#[must_use]
pub fn run_pull(
    config: &Config,
    ports: &Ports<'_>,
    location: &str,
    folder: &Path,
    working: &Path,
) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err((code, error)) = pull(config, ports, location, folder, working, &mut outcome) {
        outcome.error(code, error);
    }
    outcome
}

fn pull(
    config: &Config,
    ports: &Ports<'_>,
    location: &str,
    folder: &Path,
    working: &Path,
    outcome: &mut Outcome,
) -> Result<(), (ExitCode, Diagnostic)> {
    let of_seal = |error| (ExitCode::Seal, error);
    let keys = check_keys(config, ports).map_err(of_seal)?;
    let identity = match &config.sign.identity {
        Some(_) => Some(identity(config, ports.environment).map_err(of_seal)?),
        None => None,
    };
    let access = Access { writes: false, now: ports.now };
    let place = Place::open(location, config, ports.environment, working, &access)
        .map_err(|error| (ExitCode::Store, error))?;
    let found = match place.found() {
        Ok(found) => found,
        Err(error) => {
            outcome.store_error(&error);
            return Ok(());
        }
    };
    let cannot = |path: &str, error| (ExitCode::Build, cannot_write(&folder.join(path), &error));
    let stored = Staging::new(folder).map_err(|error| cannot("", error))?;
    let digests = place
        .read(&found, |path| stored.create(path.as_str()))
        .map_err(|(path, error)| cannot(path.as_str(), error))?;
    let verified = verified(&found, &digests, &keys);
    if !verified.problems.is_empty() {
        outcome.fail(ExitCode::Seal);
        outcome.diagnostics.extend(verified.problems);
        return Ok(());
    }
    let manifest: Manifest = found
        .read
        .manifest
        .as_deref()
        .and_then(|json| serde_json::from_slice(json).ok())
        .ok_or_else(|| {
            of_seal(Diagnostic::error("seal/manifest", "the deployment has no manifest"))
        })?;
    let is_encrypted = manifest.artifacts.iter().any(|entry| entry.encryption.is_some());
    let files = if let Some(identity) = identity.filter(|_| is_encrypted) {
        // The seal is of what was stored; of what was decrypted it would not hold.
        let opened = Staging::new(folder).map_err(|error| cannot("", error))?;
        if let Err(errors) = open_into(&manifest, &identity, stored.folder(), &opened) {
            outcome.fail(ExitCode::Seal);
            outcome.diagnostics.extend(errors);
            return Ok(());
        }
        opened
    } else {
        let read = &found.read;
        let of_seal = [
            (lock::FILE_NAME, Some(read.lock.as_bytes())),
            (manifest::FILE_NAME, read.manifest.as_deref()),
            (envelope::FILE_NAME, read.envelope.as_deref()),
        ];
        for (name, bytes) in of_seal {
            let Some(bytes) = bytes else { continue };
            let written = stored.create(name).and_then(|mut file| file.write_all(bytes));
            written.map_err(|error| cannot(name, error))?;
        }
        stored
    };
    let files = files.finish().map_err(|(path, error)| cannot(&path, error))?;
    let (build, folder) = (&found.build_id, folder.display());
    outcome.report = Some(format!("build {build}: {files} files in {folder}\n"));
    Ok(())
}

/// A command on what is in a store.
#[derive(Debug, Clone)]
pub enum StoreCommand {
    /// Makes a build live in the channel of the settings.
    Promote,
    /// Makes live what was live before, or a build before that.
    Rollback {
        /// The build.
        to: Option<String>,
    },
    /// Lists builds.
    List,
    /// Removes builds.
    Prune {
        /// How many of the newest stay.
        keep: usize,
        /// Those younger than this stay, too.
        days: Option<u64>,
        /// Nothing is removed.
        is_dry: bool,
    },
}

/// `bundlegate promote`, `rollback`, `list` and `prune`.
#[must_use]
pub fn run_store(
    config: &Config,
    ports: &Ports<'_>,
    location: &str,
    working: &Path,
    command: &StoreCommand,
) -> Outcome {
    let mut outcome = Outcome::default();
    let writes = !matches!(command, StoreCommand::List | StoreCommand::Prune { is_dry: true, .. });
    let access = Access { writes, now: ports.now };
    let Some(place) = outcome
        .take(ExitCode::Store, Place::open(location, config, ports.environment, working, &access))
    else {
        return outcome;
    };
    let channel = &config.store.channel;
    let done = match command {
        StoreCommand::Promote => return promote(config, ports, &place),
        StoreCommand::Rollback { to } => place
            .store
            .rollback(&place.name, channel, to.as_deref())
            .map(|build| format!("`{channel}` of `{}` is build {build}\n", place.name)),
        StoreCommand::List => place.store.builds(&place.name).map(|builds| {
            builds.iter().rev().fold(String::new(), |text, build| text + &line_of(build))
        }),
        StoreCommand::Prune { keep, days, is_dry } => {
            place.store.prune(&place.name, *keep, *days, ports.now, *is_dry).map(|pruned| {
                let verb = if *is_dry { "would remove" } else { "removed" };
                let size = markdown::size(pruned.bytes);
                format!(
                    "{verb} {} builds and {} objects of {size}\n",
                    pruned.builds.len(),
                    pruned.objects
                )
            })
        }
    };
    match done {
        Ok(text) => outcome.report = Some(text),
        Err(error) => outcome.store_error(&error),
    }
    outcome
}

/// A build on a line.
fn line_of(build: &Build) -> String {
    let entry = &build.entry;
    let commit = entry.commit.as_deref().unwrap_or("-");
    let brotli = entry.brotli.map_or_else(|| "-".to_owned(), markdown::size);
    format!(
        "{}  {}  {} files  {} raw  {brotli} brotli  {}\n",
        entry.build_id.get(..12).unwrap_or_default(),
        commit.get(..12).unwrap_or(commit),
        entry.files,
        markdown::size(entry.raw),
        build.channels.join(", ")
    )
}

/// Makes the builds of reports live, all at once, after all of each was read and held. They must be in one store; the
/// name of the settings is that of the group that they are live in.
pub(super) fn go_live(
    config: &Config,
    ports: &Ports<'_>,
    reports: &[crate::report::Report],
    outcome: &mut Outcome,
) {
    let Some(keys) = outcome.take(ExitCode::Seal, check_keys(config, ports)) else { return };
    let access = Access { writes: true, now: ports.now };
    let mut builds: BTreeMap<String, String> = BTreeMap::new();
    let mut first: Option<Place> = None;
    for report in reports {
        let Some(location) = &report.deployment else {
            let message = format!("`{}` was not stored, so nothing becomes live", report.name);
            outcome.error(ExitCode::Store, Diagnostic::error("store/missing", message));
            continue;
        };
        let opened = Place::open(location, config, ports.environment, &config.root, &access);
        let Some(place) = outcome.take(ExitCode::Store, opened) else { continue };
        if let Some(other) = first.as_ref().filter(|first| first.url != place.url) {
            let message = format!(
                "`{}` is in `{}` and `{}` in `{}`: only what is in one store can become live at once",
                other.name, other.url, place.name, place.url
            );
            outcome.error(ExitCode::Store, Diagnostic::error("store/several", message));
            continue;
        }
        if let Some(found) = held(&place, &keys, outcome) {
            builds.insert(place.name.clone(), found.build_id);
        }
        first.get_or_insert(place);
    }
    let Some(place) = first.filter(|_| outcome.exit_code() == ExitCode::Fine) else { return };
    let channel = &config.store.channel;
    match place.store.release(&config.name, channel, &builds) {
        Ok(()) => outcome.done.extend(
            builds.iter().map(|(name, build)| format!("`{channel}` of `{name}` is build {build}")),
        ),
        Err(error) => outcome.store_error(&error),
    }
}

/// What stands at a place, if all of it was read and held.
fn held(place: &Place, keys: &CheckKeys, outcome: &mut Outcome) -> Option<Found> {
    let found = match place.found() {
        Ok(found) => found,
        Err(error) => {
            outcome.store_error(&error);
            return None;
        }
    };
    let verified = place.verify(&found, keys);
    if verified.problems.is_empty() {
        return Some(found);
    }
    outcome.fail(ExitCode::Seal);
    outcome.diagnostics.extend(verified.problems);
    None
}

/// Makes a build live after all of it was read and held.
fn promote(config: &Config, ports: &Ports<'_>, place: &Place) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(keys) = outcome.take(ExitCode::Seal, check_keys(config, ports)) else {
        return outcome;
    };
    let Some(found) = held(place, &keys, &mut outcome) else { return outcome };
    let channel = &config.store.channel;
    match place.store.promote(&place.name, channel, &found.build_id) {
        Ok(build) => {
            let text = format!("`{channel}` of `{}` is build {build}\n", place.name);
            outcome.report = Some(text);
        }
        Err(error) => outcome.store_error(&error),
    }
    outcome
}

/// Where a store of the command line stands.
pub(super) fn is_store(location: &str) -> bool {
    ["dir:", "r2:", "s3:", "memory:"].iter().any(|scheme| location.starts_with(scheme))
}
