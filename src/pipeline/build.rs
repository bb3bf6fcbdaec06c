//! From sources, or a finished folder, to artifacts and their metafile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::{Folder, read_outputs};
use super::report::name_packages;
use super::worker::check_wrangler;
use super::{Outcome, Ports};
use crate::artifact::{ArtifactKind, Body, BuildArtifact, OutputPath, content_hash};
use crate::bun::{self, BunError};
use crate::bundle::{Bundled, EntryPoint, bundle};
use crate::compress::FORMS;
use crate::config::Config;
use crate::config::file::FILE_NAME;
use crate::diag::{Diagnostic, ExitCode, has_errors};
use crate::fs::{
    DiskFileSystem, FileSystem, MemoryFileSystem, make_executable, real, relative, write_output,
};
use crate::metafile::{Import, Input, Metafile, Output};
use crate::report::{bundle_md, markdown};
use crate::seal::FILE_NAMES;
use crate::seal::encrypt::EXTENSION;
use crate::seal::manifest::{Entry, Manifest};

/// Builds what the settings name, once for each of several presets. Diagnostics and artifacts are in the result; nothing is
/// written.
pub(super) fn build(config: &Config, ports: &Ports<'_>) -> Bundled {
    if config.parts.is_empty() {
        return build_one(config, ports);
    }
    let mut all = Bundled::default();
    for part in &config.parts {
        let one = build_one(&config.of_part(part), ports);
        let known = std::mem::take(&mut all.diagnostics);
        let new = one.diagnostics.into_iter().filter(|diagnostic| !known.contains(diagnostic));
        all.diagnostics = known.iter().cloned().chain(new).collect();
        let metafile = in_folder(&one.metafile, &part.name);
        all.metafile.outputs.extend(metafile.outputs);
        for (path, input) in metafile.inputs {
            let known = all
                .metafile
                .inputs
                .entry(path)
                .or_insert_with(|| Input { imports: Vec::new(), ..input.clone() });
            let new = input.imports.into_iter().filter(|import| !known.imports.contains(import));
            let new: Vec<Import> = new.collect();
            known.imports.extend(new);
        }
        let place = |path: &OutputPath| OutputPath::new(format!("{}/{path}", part.name));
        for artifact in one.artifacts {
            match place(&artifact.path) {
                Ok(path) => all.artifacts.push(BuildArtifact {
                    source_map: artifact.source_map.as_ref().and_then(|map| place(map).ok()),
                    path,
                    ..artifact
                }),
                Err(error) => {
                    let error = Diagnostic::error("build/output-path", error.to_string());
                    all.diagnostics.push(error);
                }
            }
        }
    }
    if has_errors(&all.diagnostics) {
        return Bundled { diagnostics: all.diagnostics, ..Bundled::default() };
    }
    all
}

/// Builds for one runtime.
fn build_one(config: &Config, ports: &Ports<'_>) -> Bundled {
    if config.entry_points.is_empty() {
        let error = Diagnostic::error("config/entrypoints", "there is nothing to build");
        let settings = config.build.root.join(FILE_NAME);
        let error = if ports.files.kind(&settings).is_ok() {
            error.hint(format!(
                "`build` reads `{FILE_NAME}` only where it is named: `bundlegate build --config {FILE_NAME}`"
            ))
        } else {
            error.hint("name a file, or set `build.entrypoints`")
        };
        return Bundled { diagnostics: vec![error], ..Bundled::default() };
    }
    if config.build.outfile.is_some() && config.entry_points.len() > 1 {
        let error =
            Diagnostic::error("config/outfile", "`outfile` does not go with several entry points")
                .hint("set `outdir` instead");
        return Bundled { diagnostics: vec![error], ..Bundled::default() };
    }
    let files: Arc<dyn FileSystem> = if config.files.is_empty() {
        Arc::clone(&ports.files)
    } else {
        let memory = config
            .files
            .iter()
            .map(|(path, text)| (path.clone(), Arc::from(text.as_bytes())))
            .collect();
        Arc::new(MemoryFileSystem::new(memory, Some(Arc::clone(&ports.files))))
    };
    let entry_points: Vec<EntryPoint> = config
        .entry_points
        .iter()
        .map(|specifier| EntryPoint { specifier: specifier.clone() })
        .collect();
    let mut bundled = bundle(&entry_points, &config.build, &files);
    if !has_errors(&bundled.diagnostics) {
        let problems = check_wrangler(config, &bundled);
        bundled.diagnostics.extend(problems);
    }
    // Before bytecode, which is of a script that Bun has printed anew and takes by itself only.
    if config.compile && !has_errors(&bundled.diagnostics) {
        let compiled = add_executables(&mut bundled, config.bytecode);
        bundled.diagnostics.extend(compiled.map_err(|error| by_bun(&error, "compile")).err());
    }
    if config.bytecode && !has_errors(&bundled.diagnostics) {
        let compiled = add_bytecode(&mut bundled, config.build.minify.whitespace);
        bundled.diagnostics.extend(compiled.map_err(|error| by_bun(&error, "bytecode")).err());
    }
    let mut paths: BTreeMap<String, &str> = BTreeMap::new();
    let mut clashes = Vec::new();
    let folders: BTreeSet<String> = bundled
        .artifacts
        .iter()
        .flat_map(|artifact| Path::new(artifact.path.as_str()).ancestors().skip(1))
        .map(|folder| folder.to_string_lossy().to_lowercase())
        .collect();
    for artifact in &bundled.artifacts {
        let path = artifact.path.as_str();
        // Disks of macOS and Windows take names that differ in case for one.
        let message = match paths.insert(path.to_lowercase(), path) {
            None if folders.contains(&path.to_lowercase()) => {
                format!("`{path}` would be an output, and the folder of others")
            }
            None => continue,
            Some(other) if other == path => format!("two outputs would be written to `{path}`"),
            Some(other) => format!(
                "two outputs would be written to `{other}` and `{path}`, which many disks take for one file"
            ),
        };
        let hint = "put `[dir]` or `[hash]` into the naming template";
        clashes.push(Diagnostic::error("build/output-path", message).hint(hint));
    }
    bundled.diagnostics.append(&mut clashes);
    bundled
}

/// Files that a command would write over although the build reads them, as it does sources and settings, or although it
/// writes something else there.
fn overwritten(config: &Config, bundled: &Bundled) -> Vec<Diagnostic> {
    // What says how modules are resolved and compiled is read, too.
    let of_project = ["package.json", "tsconfig.json", "jsconfig.json"];
    let inputs: BTreeSet<PathBuf> = bundled
        .metafile
        .inputs
        .keys()
        .map(|input| config.root.join(input))
        .chain(config.settings_file.clone())
        .chain(of_project.map(|name| config.root.join(name)))
        .filter_map(|input| DiskFileSystem.canonicalize(&input).ok())
        .collect();
    let endings = || {
        let encoded = FORMS.iter().map(|(extension, _)| format!(".{extension}"));
        encoded.chain([String::new(), format!(".{EXTENSION}")])
    };
    let names: Vec<String> = bundled
        .artifacts
        .iter()
        .flat_map(|artifact| endings().map(move |ending| format!("{}{ending}", artifact.path)))
        .chain(FILE_NAMES.map(str::to_owned))
        .collect();
    let reports = [
        &config.metafile,
        &config.metafile_md,
        &config.report.file,
        &config.report.record,
        &config.leaks.sarif,
    ];
    let reports = reports.into_iter().flatten();
    let mut problems = Vec::new();
    let mut refuse = |path: &Path, why: &str| {
        let path = relative(&config.root, path);
        let message = format!("`{path}` would be written over, {why}");
        let hint = "write to another folder or file, such as `--outdir dist`";
        problems.push(Diagnostic::error("build/overwrites-input", message).hint(hint));
    };
    let mut written = BTreeSet::new();
    for folder in config.outdir.iter().chain(&config.seal_outdir) {
        let (place, is_new) = (real(folder), DiskFileSystem.kind(folder).is_err());
        for name in &names {
            let path = place.join(name);
            // A file in it may be a link.
            let followed = (!is_new).then(|| DiskFileSystem.canonicalize(&path).ok()).flatten();
            let path = followed.unwrap_or(path);
            if inputs.contains(&path) {
                refuse(&folder.join(name), "and the build reads it");
            }
            written.insert(path);
        }
    }
    for report in reports {
        let place = real(report);
        if inputs.contains(&place) {
            refuse(report, "and the build reads it");
        } else if !written.insert(place) {
            refuse(report, "because two outputs have that path");
        }
    }
    problems
}

/// Why Bun did not do what a setting asks of it.
fn by_bun(error: &BunError, setting: &str) -> Diagnostic {
    let hint = match error {
        BunError::NoBun => format!(
            "install Bun (`npm install --global bun`, or `oven-sh/setup-bun` on a runner), or build without `{setting}`"
        ),
        _ => format!("build without `{setting}`, or with another version of Bun"),
    };
    Diagnostic::error("build/bun", format!("`{setting}`: {error}")).hint(hint)
}

/// Says that the Bun here is another than the one that bytecode of a deployment is for; nothing where there is none.
pub(super) fn other_bun(manifest: &Manifest) -> Option<Diagnostic> {
    let is_bytecode = |entry: &&Entry| entry.kind == ArtifactKind::Bytecode.as_str();
    let made_for =
        manifest.artifacts.iter().filter(is_bytecode).find_map(|entry| entry.runtime.as_ref())?;
    let here = bun::runtime().ok().filter(|here| here != made_for)?;
    let message =
        format!("the bytecode is for {made_for}, and here is {here}, which does not use it");
    let hint =
        "the scripts run all the same, and start slower; build again with the Bun that runs them";
    Some(Diagnostic::warning("seal/runtime", message).hint(hint))
}

/// Endings of scripts.
const SCRIPTS: [&str; 3] = [".js", ".cjs", ".mjs"];

/// Puts an executable beside the script of each entry point: Bun with the script and its chunks in it.
fn add_executables(bundled: &mut Bundled, has_bytecode: bool) -> Result<(), BunError> {
    let runtime = bun::runtime()?;
    let is_entry = |artifact: &&BuildArtifact| artifact.kind == ArtifactKind::EntryPoint;
    let mut added = Vec::new();
    for artifact in bundled.artifacts.iter().filter(is_entry) {
        let path = artifact.path.as_str();
        let Some(name) = SCRIPTS.iter().find_map(|end| path.strip_suffix(end)) else { continue };
        let files = bundled.artifacts.iter();
        let files = files.map(|file| (file.path.as_str(), file.body.bytes()));
        let bytes = bun::executable(files, path, has_bytecode)?;
        let path = OutputPath::new(format!("{name}{}", bun::PROGRAM_ENDING))
            .expect("the path of an output without its ending is one");
        let output = Output { bytes: bytes.len() as u64, ..Output::default() };
        added.push((
            path.to_string(),
            output,
            BuildArtifact {
                path,
                kind: ArtifactKind::Executable,
                loader: "file",
                content_hash: content_hash(&bytes),
                is_immutable: false,
                source_map: None,
                runtime: Some(runtime.clone()),
                body: Body::new(bytes),
            },
        ));
    }
    let is_asset = |artifact: &&BuildArtifact| artifact.kind == ArtifactKind::Asset;
    if let Some(asset) = bundled.artifacts.iter().find(is_asset) {
        let message = format!("`{}` is not in the executable", asset.path);
        let hint = "read it with the loader `text`, `base64` or `binary`, or ship it beside the executable";
        bundled.diagnostics.push(Diagnostic::warning("build/compile-asset", message).hint(hint));
    }
    for (path, output, artifact) in added {
        bundled.metafile.outputs.insert(path, output);
        bundled.artifacts.push(artifact);
    }
    Ok(())
}

/// Puts bytecode beside each script.
fn add_bytecode(bundled: &mut Bundled, minify_whitespace: bool) -> Result<(), BunError> {
    let runtime = bun::runtime()?;
    let mut added = Vec::new();
    for artifact in &mut bundled.artifacts {
        let is_script = matches!(artifact.kind, ArtifactKind::EntryPoint | ArtifactKind::Chunk)
            && SCRIPTS.iter().any(|end| artifact.path.as_str().ends_with(end));
        if !is_script {
            continue;
        }
        let compiled = bun::compile(artifact.body.bytes(), minify_whitespace)?;
        let path = OutputPath::new(format!("{}.jsc", artifact.path))
            .expect("the path of an output with an extension is one");
        if let Some(output) = bundled.metafile.outputs.get_mut(artifact.path.as_str()) {
            output.bytes = compiled.script.len() as u64;
        }
        let bytes = compiled.bytecode.len() as u64;
        let output = Output { bytes, ..Output::default() };
        bundled.metafile.outputs.insert(path.to_string(), output);
        artifact.content_hash = content_hash(&compiled.script);
        artifact.body = Body::new(compiled.script);
        added.push(BuildArtifact {
            path,
            kind: ArtifactKind::Bytecode,
            loader: "js",
            content_hash: content_hash(&compiled.bytecode),
            is_immutable: false,
            source_map: None,
            runtime: Some(runtime.clone()),
            body: Body::new(compiled.bytecode),
        });
    }
    bundled.artifacts.append(&mut added);
    Ok(())
}

/// Writes the outputs of a build, each whole or not at all: path, bytes, and whether it is a program.
pub(super) fn write_outputs<'a>(
    folder: &Path,
    outputs: impl Iterator<Item = (&'a str, &'a [u8], bool)>,
) -> Result<(), (String, std::io::Error)> {
    for (path, bytes, is_program) in outputs {
        let file = folder.join(path);
        let written = write_output(&file, bytes);
        let written =
            written.and_then(|()| if is_program { make_executable(&file) } else { Ok(()) });
        written.map_err(|error| (path.to_owned(), error))?;
    }
    Ok(())
}

/// Artifacts as [`write_outputs`] takes them.
pub(super) fn as_outputs<'a>(
    artifacts: impl Iterator<Item = &'a BuildArtifact>,
) -> impl Iterator<Item = (&'a str, &'a [u8], bool)> {
    artifacts.map(|artifact| {
        let is_program = artifact.kind == ArtifactKind::Executable;
        (artifact.path.as_str(), artifact.body.bytes(), is_program)
    })
}

/// Tells what a build has to say, and whether it came to outputs.
fn is_built(config: &Config, bundled: &mut Bundled, outcome: &mut Outcome) -> bool {
    outcome.diagnostics.append(&mut bundled.diagnostics);
    outcome.diagnostics.append(&mut overwritten(config, bundled));
    if !has_errors(&outcome.diagnostics) {
        return true;
    }
    let is_asked = !config.entry_points.is_empty();
    outcome.fail(if is_asked { ExitCode::Build } else { ExitCode::Usage });
    false
}

/// `bundlegate build`: bundles and writes. Without a folder, several outputs are an error unless `takes_all`: whoever calls
/// then takes them from memory.
#[must_use]
pub fn run_build(config: &Config, ports: &Ports<'_>, takes_all: bool) -> (Outcome, Bundled) {
    let mut outcome = Outcome::default();
    let mut bundled = build(config, ports);
    if !is_built(config, &mut bundled, &mut outcome) {
        return (outcome, bundled);
    }
    if config.outdir.is_none() && bundled.artifacts.len() > 1 && !takes_all {
        let message = format!("{} outputs need a folder to be written to", bundled.artifacts.len());
        let error =
            Diagnostic::error("config/outdir", message).hint("name one with `--outdir DIR`");
        outcome.error(ExitCode::Usage, error);
        return (outcome, bundled);
    }
    if let Some(folder) = &config.outdir {
        if let Err((path, error)) = write_outputs(folder, as_outputs(bundled.artifacts.iter())) {
            outcome.error(ExitCode::Build, cannot_write(&folder.join(path), &error));
            return (outcome, bundled);
        }
        for artifact in &bundled.artifacts {
            outcome.done.push(format!(
                "{}  {}",
                artifact.path,
                markdown::size(artifact.body.bytes().len() as u64)
            ));
        }
    }
    if config.metafile.is_some() || config.metafile_md.is_some() {
        name_packages(&mut bundled.metafile, config, ports);
    }
    write_metafile(config, &bundled.metafile, &mut outcome);
    (outcome, bundled)
}

pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("build/write", format!("`{}` cannot be written: {error}", path.display()))
}

/// Writes the metafile and its analysis where the settings want them, with paths of outputs relative to the root.
pub(super) fn write_metafile(config: &Config, metafile: &Metafile, outcome: &mut Outcome) {
    let folder =
        config.outdir.as_ref().map(|outdir| relative(&config.root, outdir)).unwrap_or_default();
    let placed = in_folder(metafile, &folder);
    let files = [
        config.metafile.as_ref().map(|file| (file, placed.to_json())),
        config.metafile_md.as_ref().map(|file| (file, bundle_md::render(&placed))),
    ];
    for (file, text) in files.into_iter().flatten() {
        if let Err(error) = write_output(file, text.as_bytes()) {
            outcome.error(ExitCode::Build, cannot_write(file, &error));
        }
    }
}

/// The metafile with the output folder before the paths of outputs.
pub(super) fn in_folder(metafile: &Metafile, folder: &str) -> Metafile {
    let place = |path: &str| {
        if folder.is_empty() || folder == "." {
            path.to_owned()
        } else {
            format!("{folder}/{path}")
        }
    };
    let outputs = metafile
        .outputs
        .iter()
        .map(|(path, output)| {
            let mut output = output.clone();
            for import in output.imports.iter_mut().filter(|import| !import.external) {
                import.path = place(&import.path);
            }
            output.css_bundle = output.css_bundle.as_deref().map(place);
            (place(path), output)
        })
        .collect();
    Metafile { inputs: metafile.inputs.clone(), outputs }
}

/// Artifacts and metafile, from a build or from a folder; of a folder also which files are forms of others.
pub(super) fn outputs(
    config: &Config,
    ports: &Ports<'_>,
    outcome: &mut Outcome,
) -> Option<(Folder, Metafile)> {
    if let Some((folder, metafile)) = &config.artifacts {
        let read = read_outputs(folder, metafile.as_deref(), &config.root);
        let (read, metafile) = outcome.take(ExitCode::Build, read)?;
        outcome.diagnostics.extend(read.stale(&config.root, folder));
        return Some((read, metafile));
    }
    let mut bundled = build(config, ports);
    if !is_built(config, &mut bundled, outcome) {
        return None;
    }
    Some((Folder { artifacts: bundled.artifacts, forms: Vec::new() }, bundled.metafile))
}

/// Folder of the outputs relative to the root: source maps are relative to it.
pub(super) fn output_folder(config: &Config) -> String {
    match &config.artifacts {
        Some((folder, _)) => relative(&config.root, folder),
        None => relative(&config.root, &config.build.outdir),
    }
}
