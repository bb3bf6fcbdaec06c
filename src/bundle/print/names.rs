//! Where outputs are, and how code in one names another.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;

use super::stand_ins::StandIns;
use crate::bundle::graph::{ModuleGraph, ModuleId};
use crate::bundle::link::LinkPlan;
use crate::bundle::options::Options;
use crate::bundle::read::load::expand_naming;
use crate::fs::relative;

/// Where each chunk goes.
pub(super) struct Paths {
    pub(super) stand_ins: StandIns,
    /// Path below the output folder, with a stand-in where the template wants the hash.
    pub(super) templates: Vec<String>,
    /// URLs of copied files, as code in the output folder itself names them.
    assets: FxHashSet<String>,
    external_files: FxHashMap<Atom, PathBuf>,
}

impl Paths {
    pub(super) fn new(
        stand_ins: StandIns,
        graph: &ModuleGraph,
        plan: &LinkPlan,
        options: &Options,
    ) -> Self {
        let templates = (0u32..)
            .zip(&plan.chunks.list)
            .map(|(index, chunk)| {
                let hash = stand_ins.of(index);
                match chunk.entry {
                    Some(entry) => {
                        if chunk.is_user_entry {
                            entry_path(graph, entry, &hash, "js", options)
                        } else {
                            // A dynamic import keeps the name of its module: it is what a size report shows.
                            let naming = options.chunk_naming.replace("chunk-", "[name]-");
                            let name = graph.module(entry).name_in_code();
                            expand_naming(&naming, "", &name, &hash, "js")
                        }
                    }
                    None => expand_naming(&options.chunk_naming, "", "chunk", &hash, "js"),
                }
            })
            .collect();
        let urls = graph.modules.iter().filter_map(|module| module.asset_url.as_ref());
        let assets = urls.map(ToString::to_string).collect();
        Self { stand_ins, templates, assets, external_files: graph.external_files.clone() }
    }

    /// How a chunk names an asset.
    pub(super) fn asset(&self, from: usize, url: &str, options: &Options) -> String {
        seen_from(&self.templates[from], url, options)
    }

    /// How a chunk names what is left to the runtime, which may be an asset of the build.
    pub(super) fn external(&self, from: usize, specifier: &Atom, options: &Options) -> String {
        if let Some(file) = self.external_files.get(specifier) {
            file_from(&self.templates[from], file, options)
        } else if self.assets.contains(specifier.as_str()) {
            self.asset(from, specifier, options)
        } else {
            specifier.to_string()
        }
    }

    /// The specifier of one chunk in another.
    pub(super) fn between(&self, from: u32, to: u32) -> String {
        let folder = Path::new("/").join(&self.templates[from as usize]);
        let target = Path::new("/").join(&self.templates[to as usize]);
        let path = relative(folder.parent().unwrap_or(Path::new("/")), &target);
        if path.starts_with("..") { path } else { format!("./{path}") }
    }
}

/// A path below the output folder as the output at `from` names it; URLs stay.
pub(super) fn seen_from(from: &str, target: &str, options: &Options) -> String {
    let Some(path) = target.strip_prefix("./").filter(|_| options.public_path.is_empty()) else {
        return target.to_owned();
    };
    let root = Path::new("/");
    let folder = root.join(from);
    let path = relative(folder.parent().unwrap_or(root), &root.join(path));
    if path.starts_with("..") { path } else { format!("./{path}") }
}

/// The path of a file that is no output, as the output at `from` names it.
pub(super) fn file_from(from: &str, file: &Path, options: &Options) -> String {
    let output = options.outdir.join(from);
    let path = relative(output.parent().unwrap_or(&options.outdir), file);
    if path.starts_with("..") { path } else { format!("./{path}") }
}

/// The path of an output of an entry point.
pub(super) fn entry_path(
    graph: &ModuleGraph,
    entry: ModuleId,
    hash: &str,
    extension: &str,
    options: &Options,
) -> String {
    let module = graph.module(entry);
    let stem_of = |file: &str| file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
    if let Some(name) = &options.outfile {
        // A style sheet beside a script takes its name.
        return if extension == "js" || name.ends_with(".css") {
            name.clone()
        } else {
            format!("{}.{extension}", stem_of(name))
        };
    }
    let file =
        module.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = module
        .file
        .parent()
        .map(|folder| relative(&graph.common_folder, folder))
        .unwrap_or_default();
    expand_naming(&options.entry_naming, &folder, &stem_of(&file), hash, extension)
}
