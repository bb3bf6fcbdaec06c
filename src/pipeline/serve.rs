//! `bundlegate serve`: a folder, a deployment from a store, or a build in memory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::build::build;
use super::deploy::run_pull;
use super::folder::{Folder, read_outputs};
use super::{Outcome, Ports};
use crate::artifact::Body;
use crate::config::Config;
use crate::diag::{Diagnostic, ExitCode, has_errors};
use crate::fs::{DiskFileSystem, FileKind, FileSystem as _, stamp, walk};
use crate::metafile::Metafile;
use crate::seal::manifest::{self, Manifest};
use crate::serve::{RouteOptions, Routes, Server, Shared, Site, SiteOptions};

/// How a site is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The address to listen on.
    pub host: String,
    /// The port; 0 is any that is free.
    pub port: u16,
    /// What answers look like.
    pub site: SiteOptions,
    /// Build again when a source changes.
    pub watches: bool,
}

/// Where a server tells what happens while it runs.
pub trait Teller: Sync {
    /// It listens on an address.
    fn listens(&self, address: SocketAddr, files: usize);
    /// Something is to be said of a build.
    fn tell(&self, diagnostic: &Diagnostic);
}

/// How often it is looked whether sources have changed.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Where the files of a site come from.
enum Source<'a> {
    /// The entry points of the settings.
    Build,
    /// A folder.
    Folder(PathBuf),
    /// A place in a store.
    Store(&'a str),
}

/// Serves until the process is asked to end. `location` is a folder or a place in a store; without one, the entry points of the
/// settings are built in memory.
#[must_use]
pub fn run_serve(
    config: &Config,
    ports: &Ports<'_>,
    location: Option<&str>,
    working: &Path,
    options: &ServeOptions,
    teller: &dyn Teller,
) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(source) = outcome.take(ExitCode::Usage, source(location, working)) else {
        return outcome;
    };
    let Some(routes) = outcome.take(ExitCode::Usage, routes(config)) else { return outcome };
    let watches = options.watches && !matches!(source, Source::Store(_));
    let site_options = SiteOptions { reloads: watches, ..options.site };
    let read = |outcome: &mut Outcome| match &source {
        Source::Build => built(config, ports, outcome),
        Source::Folder(folder) => of_folder(config, folder, outcome),
        Source::Store(place) => of_store(config, ports, place, working, outcome),
    };
    let Some((folder, mut inputs)) = read(&mut outcome) else { return outcome };
    let server = match Server::listen(&options.host, options.port) {
        Ok(server) => server,
        Err(error) => {
            let message =
                format!("{}:{} cannot be listened on: {error}", options.host, options.port);
            let problem = Diagnostic::error("serve/listen", message);
            outcome.error(ExitCode::Usage, problem.hint("take another one: `--port 0` is any"));
            return outcome;
        }
    };
    let site_of = |folder: Folder| {
        Site::new(folder.artifacts, &folder.forms, site_options).with_routes(Arc::clone(&routes))
    };
    let site = site_of(folder);
    outcome.diagnostics.drain(..).for_each(|diagnostic| teller.tell(&diagnostic));
    teller.listens(server.address(), site.len());
    let shared = Arc::new(Shared::new(site));
    std::thread::scope(|scope| {
        let (stop, stopped) = channel::<()>();
        if watches {
            let shared = Arc::clone(&shared);
            let (read, source, site_of) = (&read, &source, &site_of);
            scope.spawn(move || {
                let mut known = stamps(source, &inputs);
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_AGAIN) {
                    let now = stamps(source, &inputs);
                    if now == known {
                        continue;
                    }
                    known = now;
                    let mut again = Outcome::default();
                    if let Some((folder, files)) = read(&mut again) {
                        inputs = files;
                        known = stamps(source, &inputs);
                        shared.replace(site_of(folder));
                    }
                    again.diagnostics.iter().for_each(|diagnostic| teller.tell(diagnostic));
                }
            });
        }
        server.serve(shared);
        drop(stop);
    });
    outcome
}

/// The routes of the settings.
fn routes(config: &Config) -> Result<Arc<Routes>, Diagnostic> {
    let wrong = |problem: String| Diagnostic::error("config/routes", problem);
    let options = config.routes.iter().map(|record| {
        let text = |name: &str| record.get(name).cloned();
        let status = text("status").map(|status| {
            status.parse().map_err(|_| wrong(format!("`status` is a number, not `{status}`")))
        });
        Ok(RouteOptions {
            pattern: text("pattern").unwrap_or_default(),
            file: text("file"),
            redirect: text("redirect"),
            status: status.transpose()?,
        })
    });
    let routes = Routes::new(options.collect::<Result<_, _>>()?).map_err(wrong)?;
    Ok(Arc::new(routes))
}

fn source<'a>(location: Option<&'a str>, working: &Path) -> Result<Source<'a>, Diagnostic> {
    let Some(text) = location else { return Ok(Source::Build) };
    let folder = working.join(text);
    if DiskFileSystem.kind(&folder).is_ok_and(|kind| kind == FileKind::Directory) {
        return Ok(Source::Folder(folder));
    }
    if text.contains(':') {
        return Ok(Source::Store(text));
    }
    Err(Diagnostic::error("serve/place", format!("`{text}` is no folder"))
        .hint("name a folder, or a deployment such as `dir:STORE/NAME`"))
}

/// The outputs of the settings' entry points, and the files that the build has read.
fn built(
    config: &Config,
    ports: &Ports<'_>,
    outcome: &mut Outcome,
) -> Option<(Folder, Vec<PathBuf>)> {
    let bundled = build(config, ports);
    let is_broken = has_errors(&bundled.diagnostics);
    outcome.diagnostics.extend(bundled.diagnostics);
    if is_broken {
        outcome.fail(ExitCode::Build);
        return None;
    }
    let inputs = files_of(config, &bundled.metafile);
    Some((Folder { artifacts: bundled.artifacts, forms: Vec::new() }, inputs))
}

fn files_of(config: &Config, metafile: &Metafile) -> Vec<PathBuf> {
    metafile.inputs.keys().map(|input| config.root.join(input)).collect()
}

/// What tells whether a site has to be read again.
type Stamps = Vec<(PathBuf, Option<(u128, u64)>)>;

fn stamps(source: &Source<'_>, inputs: &[PathBuf]) -> Stamps {
    let files = match source {
        // There may be new ones.
        Source::Folder(folder) => {
            let paths = walk(folder).unwrap_or_default();
            paths.iter().map(|path| folder.join(path)).collect()
        }
        _ => inputs.to_vec(),
    };
    files.into_iter().map(|file| (file.clone(), stamp(&file))).collect()
}

/// The files of a folder. They are copied: whoever builds into it may shorten one that is mapped.
fn of_folder(
    config: &Config,
    folder: &Path,
    outcome: &mut Outcome,
) -> Option<(Folder, Vec<PathBuf>)> {
    let (mut read, _) = outcome.take(ExitCode::Usage, read_outputs(folder, None, &config.root))?;
    for artifact in &mut read.artifacts {
        artifact.body = Body::new(artifact.body.bytes());
    }
    Some((read, Vec::new()))
}

/// The files of a deployment, which is checked and opened before anything of it is served.
fn of_store(
    config: &Config,
    ports: &Ports<'_>,
    place: &str,
    working: &Path,
    outcome: &mut Outcome,
) -> Option<(Folder, Vec<PathBuf>)> {
    let cannot = |error: std::io::Error| {
        let message = format!("there is no place for what is pulled: {error}");
        Diagnostic::error("serve/place", message)
    };
    let pulled = outcome.take(ExitCode::Usage, tempfile::tempdir().map_err(cannot))?;
    let folder = pulled.path().join("site");
    let mut checked = run_pull(config, ports, place, &folder, None, working);
    let code = checked.exit_code();
    outcome.diagnostics.append(&mut checked.diagnostics);
    if code != ExitCode::Fine {
        outcome.fail(code);
        return None;
    }
    let (mut read, inputs) = of_folder(config, &folder, outcome)?;
    // Which names carry a hash is known to whoever built it. What was decrypted has no manifest, and no such names.
    let manifest = DiskFileSystem.read(&folder.join(manifest::FILE_NAME)).ok();
    let manifest = manifest.and_then(|json| Manifest::parse(&json).ok());
    for entry in manifest.iter().flat_map(|manifest| &manifest.artifacts) {
        let artifact = read.artifacts.iter_mut().find(|it| it.path.as_str() == entry.path);
        if let Some(artifact) = artifact {
            artifact.is_immutable = entry.immutable;
        }
    }
    Some((read, inputs))
}
