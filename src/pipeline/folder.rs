//! A finished folder of another bundler's: its files as artifacts, which of them are compressed forms of others, which of
//! them a seal of ours put there, and what the bundler says of their names. Nothing is written into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use super::asset_manifest::{self, Named};
use crate::artifact::hashed_name::is_hashed_name_of;
use crate::artifact::{
    ArtifactKind, Body, BuildArtifact, Form, OutputPath, content_hash, is_named_by,
};
use crate::compress::{FORMS, decodes_to};
use crate::diag::Diagnostic;
use crate::fs::{DiskFileSystem, FileSystem as _, content, relative, walk};
use crate::metafile::{Metafile, Output};
use crate::report::is_source_map;
use crate::seal::{ALL_FILE_NAMES, is_of_seal};

/// What is in a finished folder.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Its files, forms included, but for those of a seal of ours.
    pub(super) artifacts: Vec<BuildArtifact>,
    /// Which of them are forms of others.
    pub(super) forms: Vec<Form>,
}

impl Folder {
    /// What is to be said of forms that do not hold: what a server would send for them is something else.
    pub(super) fn stale(&self, root: &Path, folder: &Path) -> Vec<Diagnostic> {
        let place = relative(root, folder);
        let stale = self.forms.iter().filter(|form| !form.holds);
        stale
            .map(|form| {
                let message = format!(
                    "`{place}/{}` does not decode to `{}`: it is of another build, and is left out",
                    form.path, form.of
                );
                Diagnostic::warning("artifacts/stale-form", message)
                    .hint("empty the folder before each build")
            })
            .collect()
    }
}

/// Reads a finished folder. Without a metafile, one is made of the files alone and of what the bundler says of them.
///
/// # Errors
/// Something cannot be read, or the metafile is none.
pub(super) fn read_outputs(
    folder: &Path,
    metafile: Option<&Path>,
    root: &Path,
) -> Result<(Folder, Metafile), Diagnostic> {
    let cannot = |path: &Path, error: &dyn std::fmt::Display| {
        Diagnostic::error("artifacts/read", format!("`{}` cannot be read: {error}", path.display()))
    };
    let mut read = read_folder(folder).map_err(|error| cannot(folder, &error))?;
    if read.artifacts.is_empty() {
        let message =
            format!("`{}` has no files, so there is nothing to release", folder.display());
        return Err(Diagnostic::error("artifacts/empty", message)
            .hint("let the bundler run before, or name the folder that it writes"));
    }
    let mut named = asset_manifest::of_folder(&read.artifacts);
    let mut parsed = None;
    if let Some(file) = metafile {
        let json = DiskFileSystem.read(file).map_err(|error| cannot(file, &error))?;
        match Metafile::parse(&json) {
            Ok(metafile) => {
                parsed = Some(placed(metafile, &relative(root, folder)));
                // It is for us, and not for readers of the site.
                read.artifacts.retain(|artifact| folder.join(artifact.path.as_str()) != file);
                read.forms = forms(&read.artifacts);
            }
            Err(error) => match asset_manifest::parse(&json) {
                list if list.is_empty() => return Err(cannot(file, &error)),
                list => named = list,
            },
        }
    }
    let mut metafile = with_files(parsed, &read);
    let by_file: BTreeMap<&str, &Named> =
        named.iter().map(|named| (named.file.as_str(), named)).collect();
    for artifact in &mut read.artifacts {
        let path = artifact.path.as_str();
        let named = by_file.get(path);
        let output = metafile.outputs.get_mut(path);
        artifact.is_immutable |= named.is_some_and(|named| named.has_hash())
            || output.as_deref().is_some_and(|output| says_hash(path, output));
        if let (Some(output), Some(named)) = (output, named)
            && output.entry_point.is_none()
        {
            output.entry_point.clone_from(&named.source);
        }
    }
    Ok((read, metafile))
}

/// Whether a metafile makes clear that a name is that of a source and a hash.
fn says_hash(path: &str, output: &Output) -> bool {
    let mut inputs = output.inputs.keys();
    match (&output.entry_point, inputs.next(), inputs.next()) {
        (Some(entry), ..) => is_hashed_name_of(path, entry),
        (None, Some(only), None) if is_hashed_name_of(path, only) => true,
        // The name that esbuild, Bun and we give to what entry points share.
        (None, Some(_), _) => is_hashed_name_of(path, "chunk"),
        (None, None, _) => false,
    }
}

/// The metafile with paths of outputs relative to the folder.
fn placed(metafile: Metafile, folder: &str) -> Metafile {
    let prefix = format!("{folder}/");
    let outputs = metafile
        .outputs
        .into_iter()
        .map(|(path, output)| {
            let path = path.strip_prefix("./").unwrap_or(&path);
            (path.strip_prefix(&prefix).unwrap_or(path).to_owned(), output)
        })
        .collect();
    Metafile { inputs: metafile.inputs, outputs }
}

/// What is known of the files that are there. A page that was made after the build is one of them, too; what a metafile
/// lists and is not there any more is not released. Where it knows none of the files, it is taken as it is.
fn with_files(metafile: Option<Metafile>, folder: &Folder) -> Metafile {
    let mut all = of_files(folder);
    let Some(known) = metafile else { return all };
    if !known.outputs.keys().any(|path| all.outputs.contains_key(path)) {
        return known;
    }
    for (path, output) in known.outputs {
        if let Some(there) = all.outputs.get_mut(&path) {
            *there = output;
        }
    }
    Metafile { inputs: known.inputs, ..all }
}

fn of_files(folder: &Folder) -> Metafile {
    let forms: BTreeSet<&OutputPath> = folder.forms.iter().map(|form| &form.path).collect();
    let outputs = folder
        .artifacts
        .iter()
        .filter(|artifact| !forms.contains(&artifact.path))
        .map(|artifact| {
            let bytes = artifact.body.bytes().len() as u64;
            (artifact.path.to_string(), Output { bytes, ..Output::default() })
        })
        .collect();
    Metafile { inputs: BTreeMap::new(), outputs }
}

/// All files of a folder, but for those that a seal of ours put there.
///
/// # Errors
/// One cannot be read, or its path cannot be one in a store.
pub(super) fn read_folder(folder: &Path) -> std::io::Result<Folder> {
    let paths = walk(folder)?;
    let mut artifacts = Vec::new();
    for path in &paths {
        let body = Body::of_file(content(&folder.join(path))?);
        if !(ALL_FILE_NAMES.contains(&path.as_str()) && is_of_seal(path, body.bytes())) {
            artifacts.push(artifact_of(path, body, &paths)?);
        }
    }
    let forms = forms(&artifacts);
    Ok(Folder { artifacts, forms })
}

/// Which artifacts are forms of others, by their names, and whether they hold, by their bytes. What is a form itself has
/// none: `a.js.br.gz` is a file like others.
fn forms(artifacts: &[BuildArtifact]) -> Vec<Form> {
    let by_path: BTreeMap<&str, &BuildArtifact> =
        artifacts.iter().map(|artifact| (artifact.path.as_str(), artifact)).collect();
    let plain_of = |path: &str| {
        let (of, extension) = path.rsplit_once('.')?;
        let coding = FORMS.iter().find(|(known, _)| *known == extension)?.1;
        Some((*by_path.get(of)?, coding))
    };
    artifacts
        .par_iter()
        .filter_map(|artifact| {
            let (plain, coding) = plain_of(artifact.path.as_str())?;
            if plain_of(plain.path.as_str()).is_some() {
                return None;
            }
            Some(Form {
                path: artifact.path.clone(),
                of: plain.path.clone(),
                coding,
                holds: decodes_to(coding, artifact.body.bytes(), plain.body.bytes()),
            })
        })
        .collect()
}

fn artifact_of(path: &str, body: Body, paths: &[String]) -> std::io::Result<BuildArtifact> {
    let is_map = is_source_map(path);
    let map = format!("{path}.map");
    let invalid = |error: crate::artifact::BadPath| {
        std::io::Error::new(std::io::ErrorKind::InvalidData, error)
    };
    let content_hash = content_hash(body.bytes());
    Ok(BuildArtifact {
        path: OutputPath::new(path).map_err(invalid)?,
        kind: if is_map { ArtifactKind::SourceMap } else { ArtifactKind::Asset },
        loader: "file",
        is_immutable: is_named_by(path, &content_hash),
        content_hash,
        source_map: (!is_map && paths.binary_search(&map).is_ok())
            .then(|| OutputPath::new(map))
            .and_then(Result::ok),
        runtime: None,
        body,
    })
}
