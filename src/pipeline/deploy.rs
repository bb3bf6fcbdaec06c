//! What is done with a store: `push`, `pull`, `promote`, `rollback`, `list`, `prune`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use super::build::{cannot_write, other_bun};
use super::folder::read_folder;
use super::scan::gate;
use super::sign::{CheckKeys, check_keys, identity, open_into, read_seal};
use super::{Gated, Outcome, Ports, rights, skipped};
use crate::artifact::{Digest, OutputPath};
use crate::compress::decode_brotli;
use crate::config::Config;
use crate::config::env::Environment;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{DiskFileSystem, FileSystem as _, Staging, make_executable, relative};
use crate::github::event::{Place as BuildPlace, Rights};
use crate::metafile::Metafile;
use crate::report::picture::{Pictures, Theme, treemap};
use crate::report::{Gate, GateResult, Report, Sizes, markdown, record};
use crate::seal::manifest::{self, Manifest};
use crate::seal::{Sealed, Verified, envelope, lock, reopen, verify};
use crate::store::{
    Build, Deployed, Deployment, Found, Layout, PENDING, PROFILE_VARIABLES, Prune, Pruned,
    ReadBack, S3Access, Step, Store, StoreError,
};

/// A deployment in a store, as the command line names it: `STORE/NAME`, with `@CHANNEL` or `@BUILD` behind it.
struct Place {
    url: String,
    store: Store,
    name: String,
    /// Whether the name is that of the settings.
    is_own: bool,
    at: Option<String>,
}

/// A way to read such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    url: String,
    name: String,
    at: Option<String>,
}

/// The ways to read the name of a deployment, the likeliest first. Only the last part of a path has a channel or a build
/// behind it, but names, folders and channels may have an `@` or a slash in them, too.
fn readings(text: &str, own_name: &str) -> Vec<Reading> {
    let text = text.trim_end_matches('/');
    let mut readings: Vec<Reading> = Vec::new();
    let mut add = |path: &str, at: Option<&str>| {
        // A name may have parts; the settings know it.
        let by_settings = path.strip_suffix(own_name).and_then(|rest| rest.strip_suffix('/'));
        let (url, name) = match (by_settings, path.rsplit_once('/'), path.split_once(':')) {
            (Some(url), ..) if !url.is_empty() => (url, own_name),
            (_, Some((url, name)), _) if !url.ends_with('/') => (url, name),
            // `dir:NAME` is NAME in this folder.
            (_, None, Some(("dir", name))) => ("dir:.", name),
            _ => return,
        };
        let reading =
            Reading { url: url.to_owned(), name: name.to_owned(), at: at.map(str::to_owned) };
        if !name.is_empty() && !readings.contains(&reading) {
            readings.push(reading);
        }
    };
    let is_own = text.strip_suffix(own_name).is_some_and(|rest| rest.ends_with('/'));
    let last = text.rfind('/').map_or(0, |at| at + 1);
    let mut marks: Vec<usize> = text.match_indices('@').map(|(at, _)| at).collect();
    marks.reverse();
    let split = |at: usize| (text.get(..at).unwrap_or_default(), text.get(at + 1..));
    if is_own {
        add(text, None);
    }
    for at in marks.iter().filter(|at| **at >= last) {
        let (path, rest) = split(*at);
        add(path, rest);
    }
    add(text, None);
    // A channel with a slash in it.
    for at in marks.iter().filter(|at| **at < last && !is_own) {
        let (path, rest) = split(*at);
        add(path, rest);
    }
    readings
}

impl Place {
    fn open(
        text: &str,
        config: &Config,
        environment: &Environment,
        working: &Path,
        access: &Access,
    ) -> Result<Self, Diagnostic> {
        let open = |reading: Reading| {
            let access = access.of(&reading.url, config, environment);
            let Reading { url, name, at } = reading;
            let store = Store::open(&url, working, &access).map_err(|error| store_error(&error))?;
            let is_own = name == config.name;
            Ok(Self { url, store, name, is_own, at })
        };
        let mut readings = readings(text, &config.name).into_iter();
        let first =
            readings.next().ok_or_else(|| store_error(&StoreError::Url(text.to_owned())))?;
        let first = open(first)?;
        // A part of the name may have been taken for one of the store's address; its group knows better.
        if let Some(full) = first.full_name(&config.store.channel) {
            let url = first.url.strip_suffix(
                full.strip_suffix(&first.name).unwrap_or_default().trim_end_matches('/'),
            );
            let url = url.map(|url| url.trim_end_matches('/').to_owned());
            if let Some(url) = url {
                // `dir:team/a` is in this folder.
                let url = if url == "dir:" { "dir:.".to_owned() } else { url };
                return open(Reading { url, name: full, at: first.at });
            }
        }
        // A store that does not answer is asked again by whoever reads, and then says why.
        if readings.len() == 0 || first.store.has(&first.name).unwrap_or(true) {
            return Ok(first);
        }
        let mut others = readings.filter_map(|reading| open(reading).ok());
        Ok(others.find(|place| place.store.has(&place.name).unwrap_or(false)).unwrap_or(first))
    }

    /// The whole name, where that under which it was found is the end of it.
    fn full_name(&self, channel: &str) -> Option<String> {
        if self.is_own {
            return None;
        }
        let channels = [self.at.as_deref().unwrap_or("latest"), channel];
        let channels = channels.into_iter().filter(|channel| OutputPath::new(*channel).is_ok());
        let full = channels
            .filter_map(|channel| self.store.name_in_group(&self.name, channel).ok().flatten());
        let end = format!("/{}", self.name);
        full.into_iter().find(|full| full.ends_with(&end))
    }

    fn found(&self) -> Result<Found, StoreError> {
        self.store.at(&self.name, self.at.as_deref())
    }

    fn verify(&self, found: &Found, keys: &CheckKeys) -> Result<Verified, StoreError> {
        match self.read(found, |_| Ok(io::sink())) {
            Ok(digests) => Ok(self.verified(found, &digests, keys)),
            Err(Unread::Store(error)) => Err(error),
            Err(Unread::Write(path, _)) => unreachable!("a sink takes everything, also `{path}`"),
        }
    }

    /// Reads all files into what `open` returns for each, and says what each is. A file that the store does not have is left
    /// out: that is for whoever verifies.
    fn read<W: Write>(
        &self,
        found: &Found,
        open: impl Fn(&OutputPath) -> io::Result<W> + Sync,
    ) -> Result<Digests, Unread> {
        let digests = Mutex::new(Digests::new());
        let entries = lock::parse(&found.read.lock).unwrap_or_default();
        let manifest = found.read.manifest.as_deref().and_then(|json| Manifest::parse(json).ok());
        // Where each form stands, and what has a form in its place.
        let places =
            manifest.as_ref().map(|manifest| self.store.served_forms(manifest)).unwrap_or_default();
        let encoded: BTreeSet<&str> = places.values().copied().collect();
        let bytes_of = |path: &str, digest: Digest, take: &mut Take<'_>| match found.layout {
            Layout::Registry => self.store.object(&self.name, digest, take),
            Layout::Files if encoded.contains(path) => {
                decode_brotli(|take| self.store.file(&self.name, path, take), take)
            }
            Layout::Files => {
                let place = places.get(path).copied().unwrap_or(path);
                self.store.file(&self.name, place, take)
            }
        };
        self.store.each(&entries, |(path, digest)| {
            let mut into = open(path).map_err(|error| Unread::Write(path.clone(), error))?;
            let mut unwritten = None;
            let read = Digest::of_pieces(|hash| {
                bytes_of(path.as_str(), *digest, &mut |piece| {
                    hash(piece)?;
                    into.write_all(piece).map_err(|error| {
                        unwritten = Some(error);
                        io::ErrorKind::Other.into()
                    })
                })
            });
            match (read, unwritten) {
                (_, Some(error)) => return Err(Unread::Write(path.clone(), error)),
                (Ok(read), None) => {
                    digests.lock().expect("no thread panics with it").insert(path.clone(), read);
                }
                (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {}
                (Err(source), None) => {
                    let (operation, key) = ("reading", path.to_string());
                    return Err(Unread::Store(StoreError::Operation { operation, key, source }));
                }
            }
            Ok(())
        })?;
        Ok(digests.into_inner().expect("no thread panicked with it"))
    }

    /// Whether what was read is what was sealed, for this name.
    fn verified(&self, found: &Found, digests: &Digests, keys: &CheckKeys) -> Verified {
        let digest_of = |path: &OutputPath, _| {
            digests.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        let mut verified = verify(&found.read, None, digest_of, keys.borrow());
        if verified.build_id != found.build_id {
            let message = "`bundlegate.lock` is not that of the build".to_owned();
            verified.problems.push(Diagnostic::error("seal/build", message));
        }
        let manifest = found.read.manifest.as_deref().and_then(|json| Manifest::parse(json).ok());
        // Where the settings do not know the name, a part of it may have been read as a part of the URL.
        let place = format!("{}/{}", self.url, self.name);
        let is_of = |name: &str| {
            name == self.name || (!self.is_own && place.ends_with(&format!("/{name}")))
        };
        if let Some(manifest) = manifest
            && !is_of(&manifest.name)
        {
            let message = format!(
                "the build is one of `{}`, and was found as `{}`",
                manifest.name.escape_debug(),
                self.name
            );
            verified.problems.push(Diagnostic::error("seal/name", message));
        }
        verified
    }
}

/// Why the files of a deployment were not read.
enum Unread {
    /// The store does not give them.
    Store(StoreError),
    /// One cannot be written where it should go.
    Write(OutputPath, io::Error),
}

/// What takes the bytes of a file, in pieces.
type Take<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// What the files of a deployment are as read.
type Digests = BTreeMap<OutputPath, Digest>;

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
            patience: Duration::from_secs(config.store.timeout),
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
        StoreError::Missing(_) => Diagnostic::error("store/missing", error.to_string()),
        StoreError::Content { .. } => Diagnostic::error("store/broken", error.to_string()),
        StoreError::Lost { .. } => Diagnostic::error("store/lost", error.to_string()).hint(
            "the run that was faster is newer or the same age; run again to make this one live",
        ),
        _ => Diagnostic::error("store/failed", error.to_string()),
    }
}

impl Outcome {
    fn store_error(&mut self, error: &StoreError) {
        self.error(ExitCode::Store, store_error(error));
    }

    /// The same where it is asked whether a deployment is whole: what is there and cannot be read is a matter of the seal.
    fn read_error(&mut self, error: &StoreError) {
        let is_broken = matches!(error, StoreError::Content { .. });
        let code = if is_broken { ExitCode::Seal } else { ExitCode::Store };
        self.error(code, store_error(error));
    }
}

fn deployment(
    config: &Config,
    channel: Option<String>,
    metafile: Option<String>,
    sizes: &Sizes,
) -> Deployment {
    Deployment {
        channel,
        layout: if config.store.is_files { Layout::Files } else { Layout::Registry },
        read_back: match config.store.read_back.as_str() {
            "none" => ReadBack::None,
            "full" => ReadBack::Full,
            _ => ReadBack::List,
        },
        metafile: metafile.filter(|_| config.store.metafile),
        pictures: Vec::new(),
        cache_control: config.store.cache_control.clone(),
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
            markdown::size(step.bytes.max(step.moved))
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

/// Where a build goes: in which channel it is live, if in any.
///
/// # Errors
/// It is not stored, and why.
fn channel_of(config: &Config, rights: &Rights) -> Result<Option<String>, String> {
    let is_part = config.store.channel.starts_with(PENDING);
    let channel = match &rights.place {
        BuildPlace::Nowhere(why) => return Err(why.clone()),
        // It waits for the other parts; `report --merge` says what becomes of them.
        _ if is_part => Some(config.store.channel.clone()),
        BuildPlace::Channel => Some(config.store.channel.clone()),
        BuildPlace::Preview(channel) => Some(channel.clone()),
        BuildPlace::Stored => None,
    };
    if config.store.is_files && rights.place != BuildPlace::Channel {
        return Err(format!(
            "{} is not live, and with `store.layout: files` whatever is stored is",
            rights.row.when
        ));
    }
    Ok(channel)
}

/// Stores a release of `run`, or says what would be stored. The report learns where its treemaps are.
#[expect(clippy::too_many_arguments, reason = "each is another part of a run")]
pub(super) fn store(
    config: &Config,
    ports: &Ports<'_>,
    rights: &Rights,
    sealed: &Sealed,
    metafile: &Metafile,
    report: &mut Report,
    is_dry: bool,
    outcome: &mut Outcome,
) -> Gate {
    let channel = match channel_of(config, rights) {
        Ok(channel) => channel,
        Err(why) => return skipped("Store", &why),
    };
    let url = &config.store.url;
    let access = Access { writes: !is_dry, now: ports.now }.of(url, config, ports.environment);
    let mut deployment = deployment(config, channel, Some(metafile.to_json()), &report.total());
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
            outcome.diagnostics.extend(store_warnings(&deployed));
            // The same whenever the same build is stored, so that a comment does not change for nothing.
            let files = deployed.written + deployed.kept;
            let live = match &deployment.channel {
                Some(channel) if !config.store.is_files => format!(", live in `{channel}`"),
                Some(_) => String::new(),
                None => ", not live".to_owned(),
            };
            let evidence = format!("`{}` in `{url}`: {files} files{live}", deployed.manifest_key);
            Gate { name: "Store", result: GateResult::Pass, evidence }
        }
        Err(error) => {
            let evidence = error.to_string();
            outcome.store_error(&error);
            Gate { name: "Store", result: GateResult::Fail, evidence }
        }
    }
}

fn store_warnings(deployed: &Deployed) -> impl Iterator<Item = Diagnostic> {
    deployed.warnings.iter().map(|text| Diagnostic::warning("store/conditions", text))
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
    let rights = rights(config, ports, &mut outcome);
    let channel = match channel_of(config, &rights) {
        Ok(channel) => channel,
        Err(why) => {
            outcome.report = Some(format!("nothing was stored: {why}\n"));
            return outcome;
        }
    };
    let Some(keys) = outcome.take(ExitCode::Seal, check_keys(config, ports)) else {
        return outcome;
    };
    let read = read_folder(folder).and_then(|read| Ok((read.artifacts, read_seal(folder)?)));
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
        Gated::Passed(scanned, _) => scanned,
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
    let deployment = deployment(config, channel, None, &sizes);
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
            outcome.diagnostics.extend(store_warnings(&deployed));
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

/// The builds at a place, `STORE/NAME`, in the order in which they were stored.
pub(super) fn builds(
    config: &Config,
    ports: &Ports<'_>,
    location: &str,
) -> Result<Vec<Build>, Diagnostic> {
    let access = Access { writes: false, now: ports.now };
    let place = Place::open(location, config, ports.environment, &config.root, &access)?;
    place.store.builds(&place.name).map_err(|error| store_error(&error))
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
    location: &Location<'_>,
    outcome: &mut Outcome,
) -> Option<(Verified, crate::seal::Read)> {
    let access = Access { writes: false, now: ports.now };
    let place = Place::open(location.text, config, ports.environment, location.working, &access);
    let place = match place {
        Ok(place) => place,
        Err(error) => {
            outcome.error(ExitCode::Store, error);
            return None;
        }
    };
    let found = place.found();
    match found.and_then(|found| Ok((place.verify(&found, keys)?, found.read))) {
        Ok(verified) => Some(verified),
        Err(error) => {
            outcome.read_error(&error);
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
    expected: Option<&str>,
    working: &Path,
) -> Outcome {
    let mut outcome = Outcome::default();
    let location = Location { text: location, working, expected };
    if let Err((code, error)) = pull(config, ports, &location, folder, &mut outcome) {
        outcome.error(code, error);
    }
    outcome
}

/// A deployment that is to be checked.
pub(super) struct Location<'a> {
    /// What the command line says.
    pub(super) text: &'a str,
    /// The folder that it is relative to.
    pub(super) working: &'a Path,
    /// The build that it must be: its id, the start of it, or the record of the run that made it.
    pub(super) expected: Option<&'a str>,
}

impl Location<'_> {
    /// Whether a build is the one that is expected; what is wrong with it.
    ///
    /// # Errors
    /// What says which one is expected cannot be read.
    pub(super) fn problem(&self, build_id: &str) -> Result<Option<Diagnostic>, Diagnostic> {
        let Some(text) = self.expected else { return Ok(None) };
        let expected = if text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            text.to_ascii_lowercase()
        } else {
            let unreadable = |error: &dyn std::fmt::Display| {
                Diagnostic::error(
                    "seal/expected",
                    format!("`{text}` does not say which build is expected: {error}"),
                )
                .hint("name a build, or the record that `report.record` wrote")
            };
            let bytes = DiskFileSystem
                .read(&self.working.join(text))
                .map_err(|error| unreadable(&error))?;
            let report = record::read(&String::from_utf8_lossy(&bytes))
                .map_err(|error| unreadable(&error))?;
            let build = report.deployment.as_deref().and_then(|place| place.rsplit_once('@'));
            let build = build.ok_or_else(|| unreadable(&"its run stored nothing"))?;
            build.1.to_owned()
        };
        Ok((!build_id.starts_with(&expected)).then(|| {
            let message = format!("build {build_id} is here, and {expected} is expected");
            Diagnostic::error("seal/other-build", message)
        }))
    }
}

fn pull(
    config: &Config,
    ports: &Ports<'_>,
    location: &Location<'_>,
    folder: &Path,
    outcome: &mut Outcome,
) -> Result<(), (ExitCode, Diagnostic)> {
    let of_seal = |error| (ExitCode::Seal, error);
    let keys = check_keys(config, ports).map_err(of_seal)?;
    let identity = match &config.sign.identity {
        Some(_) => Some(identity(config, ports.environment).map_err(of_seal)?),
        None => None,
    };
    let access = Access { writes: false, now: ports.now };
    let place = Place::open(location.text, config, ports.environment, location.working, &access)
        .map_err(|error| (ExitCode::Store, error))?;
    let found = match place.found() {
        Ok(found) => found,
        Err(error) => {
            outcome.read_error(&error);
            return Ok(());
        }
    };
    if let Some(problem) = location.problem(&found.build_id).map_err(of_seal)? {
        return Err(of_seal(problem));
    }
    let cannot = |path: &str, error| (ExitCode::Build, cannot_write(&folder.join(path), &error));
    let stored = Staging::new(folder).map_err(|error| cannot("", error))?;
    let digests =
        place.read(&found, |path| stored.create(path.as_str())).map_err(|error| match error {
            Unread::Write(path, error) => cannot(path.as_str(), error),
            Unread::Store(error) => (ExitCode::Store, store_error(&error)),
        })?;
    let verified = place.verified(&found, &digests, &keys);
    if !verified.problems.is_empty() {
        outcome.fail(ExitCode::Seal);
        outcome.diagnostics.extend(verified.problems);
        return Ok(());
    }
    let manifest: Manifest =
        found.read.manifest.as_deref().and_then(|json| Manifest::parse(json).ok()).ok_or_else(
            || of_seal(Diagnostic::error("seal/manifest", "the deployment has no manifest")),
        )?;
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
            (
                if read.has_old_name { manifest::OLD_FILE_NAME } else { manifest::FILE_NAME },
                read.manifest.as_deref(),
            ),
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
    for entry in manifest.artifacts.iter().filter(|entry| entry.is_program()) {
        let runnable = make_executable(&folder.join(&entry.path));
        runnable.map_err(|error| cannot(&entry.path, error))?;
    }
    outcome.diagnostics.extend(other_bun(&manifest));
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
        /// What stays.
        policy: Prune,
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
    let lists = matches!(command, StoreCommand::List | StoreCommand::Prune { .. });
    if lists && let Ok(false) = place.store.has(&place.name) {
        let message = format!("there is no deployment of `{}`", place.name);
        outcome.store_error(&StoreError::Missing(message));
        return outcome;
    }
    let done = match command {
        StoreCommand::Promote => return promote(config, ports, &place),
        StoreCommand::Rollback { to } => place
            .store
            .rollback(&place.name, channel, to.as_deref())
            .map(|build| format!("`{channel}` of `{}` is build {build}\n", place.name)),
        StoreCommand::List => place.store.builds(&place.name).map(|builds| {
            builds.iter().rev().fold(String::new(), |text, build| text + &line_of(build))
        }),
        StoreCommand::Prune { policy, is_dry } => {
            let rights = rights(config, ports, &mut outcome);
            if let Some(why) = rights.without_secrets() {
                outcome.report = Some(format!("nothing was removed: skipped ({why})\n"));
                return outcome;
            }
            match prune_policy(config, ports, policy, &mut outcome) {
                Some(policy) => place
                    .store
                    .prune(&place.name, &policy, ports.now, *is_dry)
                    .map(|pruned| pruned_text(&pruned, *is_dry)),
                None => return outcome,
            }
        }
    };
    match done {
        Ok(text) => outcome.report = Some(text),
        Err(error) => outcome.store_error(&error),
    }
    outcome
}

/// What a prune leaves: the preview of a pull request that the event says was closed is dropped.
fn prune_policy(
    config: &Config,
    ports: &Ports<'_>,
    policy: &Prune,
    outcome: &mut Outcome,
) -> Option<Prune> {
    let mut policy = policy.clone();
    let is_closed = ports.runner.action.as_deref() == Some("closed");
    policy.drop.extend(ports.runner.preview_channel().filter(|_| is_closed));
    if let Some(channel) = policy.drop.iter().find(|channel| **channel == config.store.channel) {
        let message = format!("`{channel}` is the channel of the settings, and is not dropped");
        outcome.error(ExitCode::Usage, Diagnostic::error("config/drop", message));
        return None;
    }
    Some(policy)
}

fn pruned_text(pruned: &Pruned, is_dry: bool) -> String {
    let verb = if is_dry { "would remove" } else { "removed" };
    let channels: String = pruned
        .channels
        .iter()
        .fold(String::new(), |text, channel| text + verb + " the channel `" + channel + "`\n");
    format!(
        "{channels}{verb} {} builds and {} objects of {}\n",
        pruned.builds.len(),
        pruned.objects,
        markdown::size(pruned.bytes)
    )
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
    let rights = rights(config, ports, outcome);
    let channel = match channel_of(config, &rights) {
        Ok(Some(channel)) => channel,
        Ok(None) => {
            outcome.done.push("nothing becomes live: the event may not do that".to_owned());
            return;
        }
        Err(why) => {
            outcome.done.push(format!("nothing becomes live: {why}"));
            return;
        }
    };
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
        // A name may have slashes in it, and the location alone does not say where it begins.
        let of_part = Config { name: report.name.clone(), ..config.clone() };
        let opened = Place::open(location, &of_part, ports.environment, &config.root, &access);
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
    match place.store.release(&config.name, &channel, &builds) {
        Ok(()) => outcome.done.extend(
            builds.iter().map(|(name, build)| format!("`{channel}` of `{name}` is build {build}")),
        ),
        Err(error) => outcome.store_error(&error),
    }
}

/// What stands at a place, if all of it was read and held.
fn held(place: &Place, keys: &CheckKeys, outcome: &mut Outcome) -> Option<Found> {
    let found = place.found().and_then(|found| Ok((place.verify(&found, keys)?, found)));
    match found {
        Ok((verified, found)) if verified.problems.is_empty() => Some(found),
        Ok((verified, _)) => {
            outcome.fail(ExitCode::Seal);
            outcome.diagnostics.extend(verified.problems);
            None
        }
        Err(error) => {
            outcome.read_error(&error);
            None
        }
    }
}

/// Makes a build live after all of it was read and held.
fn promote(config: &Config, ports: &Ports<'_>, place: &Place) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(keys) = outcome.take(ExitCode::Seal, check_keys(config, ports)) else {
        return outcome;
    };
    let Some(found) = held(place, &keys, &mut outcome) else { return outcome };
    if found.layout == Layout::Files {
        let message =
            "what stands under its own names is live already; there is no channel".to_owned();
        outcome.error(ExitCode::Usage, Diagnostic::error("store/layout", message));
        return outcome;
    }
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

#[cfg(test)]
mod tests {
    use super::readings;

    #[test]
    fn an_at_sign_is_a_character_of_paths() {
        #[track_caller]
        fn check(text: &str, own: &str, expected: &[(&str, &str, &str)]) {
            let found = readings(text, own);
            let found: Vec<(&str, &str, &str)> = found
                .iter()
                .map(|it| (it.url.as_str(), it.name.as_str(), it.at.as_deref().unwrap_or("-")))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
        check("r2://b/p/app", "app", &[("r2://b/p", "app", "-")]);
        check("r2://b/p/app@v1", "app", &[("r2://b/p", "app", "v1"), ("r2://b/p", "app@v1", "-")]);
        check("dir:app", "x", &[("dir:.", "app", "-")]);
        check("dir:s/team/app", "team/app", &[("dir:s", "team/app", "-")]);
        check("dir:/job@2/s/app", "app", &[("dir:/job@2/s", "app", "-")]);
        check("dir:s/job@2", "job@2", &[("dir:s", "job@2", "-"), ("dir:s", "job", "2")]);
        check("dir:s/app@pr/7", "app", &[("dir:s/app@pr", "7", "-"), ("dir:s", "app", "pr/7")]);
    }
}
