//! Specifier to path, through `oxc_resolver` over our `FileSystem`: conditions, fields, tsconfig, built-ins,
//! externals, `sideEffects`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use globset::{GlobBuilder, GlobMatcher};
use oxc_resolver::{
    AliasValue, FileMetadata, ModuleType, PackageJson, PackageType, Resolution, ResolveError,
    ResolveOptions, ResolverGeneric, SideEffects, TsConfig, TsconfigDiscovery, TsconfigOptions,
    TsconfigReferences,
};

use rustc_hash::FxHashMap;

use super::options::{Compatibility, Options, Packages, Target};
use super::plug_and_play;
use super::targets::unavailable;
use crate::fs::{FileKind, FileSystem, list_files, relative};
use crate::url::decode_percent;

/// Our file system as the resolver's.
struct ResolverFiles(Arc<dyn FileSystem>);

impl oxc_resolver::FileSystem for ResolverFiles {
    fn new(_: bool) -> Self {
        Self(Arc::new(crate::fs::DiskFileSystem))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.0.read(path)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.0.kind(path).map(metadata)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.0.symlink_kind(path).map(metadata)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        self.0.read_link(path).map_err(ResolveError::from)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.canonicalize(path)
    }
}

fn metadata(kind: FileKind) -> FileMetadata {
    FileMetadata::new(
        kind == FileKind::File,
        kind == FileKind::Directory,
        kind == FileKind::Symlink,
    )
}

/// Which of the two algorithms and condition sets an import follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolveKind {
    /// `import`, statements and calls.
    Import,
    /// `require`.
    Require,
    /// `@import` and `url()`.
    Sheet,
}

/// What a specifier stands for.
#[derive(Debug, Clone)]
pub enum Resolved {
    /// A file of the build.
    File(ResolvedFile),
    /// Left to the runtime, as written or as an alias says.
    External(String),
    /// A file that is left to the runtime, where it is. Absolute.
    ExternalFile(PathBuf),
    /// A file that is copied: its URL, and its path in the metafile.
    Copied(String, String),
}

/// A file that a specifier stands for.
#[derive(Debug, Clone)]
pub struct ResolvedFile {
    /// Absolute path.
    pub file: PathBuf,
    /// `?…` behind the path, part of the module's identity.
    pub query: Option<String>,
    /// Mapped to `false` by a `browser` field: an empty module.
    pub is_disabled: bool,
    /// `"type"` of the nearest `package.json` is `module`; `None` when it does not say.
    pub is_type_module: Option<bool>,
    /// `sideEffects` of its package excludes this file.
    pub is_side_effect_free: bool,
    /// For a package that has both, which of its two builds was taken.
    pub build: Option<(PathBuf, PackageBuild)>,
    /// The bytes of a `data:` URL, which stands for a file of that content.
    pub data: Option<Arc<[u8]>>,
}

/// The builds of a package that names them in `main` and `module`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageBuild {
    /// `main`, most often `CommonJS`.
    Main,
    /// `module`, which can be shaken, in place of the file that `main` names.
    Module(PathBuf),
}

/// Both builds of a package, and its folder.
struct Builds {
    folder: PathBuf,
    main: Resolution,
    module: Resolution,
}

/// Why a specifier stands for nothing.
#[derive(Debug, Clone)]
pub struct Unresolved {
    /// What is wrong, as a sentence part.
    pub message: String,
    /// What one can do.
    pub hints: Vec<String>,
}

/// Why there is no tsconfig for a file.
#[derive(Debug, Clone)]
pub enum TsconfigError {
    /// It extends one that does not exist: a path, or the name of a package.
    NoBase(PathBuf),
    /// It is no JSON: the file, line and column from 1, and what is wrong.
    Syntax(PathBuf, usize, usize, String),
    /// It cannot be read, as a sentence part.
    Invalid(String),
}

/// Resolves specifiers for one build; keeps a cache that all threads share.
pub struct Resolver {
    files: Arc<dyn FileSystem>,
    import: ResolverGeneric<ResolverFiles>,
    require: ResolverGeneric<ResolverFiles>,
    sheet: ResolverGeneric<ResolverFiles>,
    /// All three without a tsconfig, for files whose tsconfig the resolver does not take for theirs.
    plain: [ResolverGeneric<ResolverFiles>; 3],
    /// The nearest tsconfig or jsconfig by folder.
    nearest: Mutex<FxHashMap<PathBuf, Option<Arc<TsConfig>>>>,
    has_one_tsconfig: bool,
    /// What imports with `main` and `module` in the other order, unless the user has set one: packages that have both
    /// have two builds.
    other_build: Option<ResolverGeneric<ResolverFiles>>,
    /// Folders of packages that something requires, so that importing another build would make two of them.
    main_only: BTreeSet<PathBuf>,
    external: Vec<ExternalPattern>,
    alias: Vec<(String, String)>,
    packages: Packages,
    target: Target,
    root: PathBuf,
    ignore_annotations: bool,
}

/// Names of files with the settings of a compiler and an editor; the first is preferred.
const CONFIG_NAMES: [&str; 2] = ["tsconfig.json", "jsconfig.json"];

/// What is left to the runtime: a specifier as it is written, or the path of a file.
struct ExternalPattern {
    specifier: TextPattern,
    /// For one that may be a path.
    file: Option<TextPattern>,
}

enum TextPattern {
    Exact(String),
    /// What a text begins and ends with.
    Wildcard(String, String),
}

impl TextPattern {
    fn new(pattern: &str) -> Self {
        match pattern.split_once('*') {
            Some((prefix, suffix)) => Self::Wildcard(prefix.to_owned(), suffix.to_owned()),
            None => Self::Exact(pattern.to_owned()),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => text == exact,
            Self::Wildcard(prefix, suffix) => {
                text.len() >= prefix.len() + suffix.len()
                    && text.starts_with(prefix.as_str())
                    && text.ends_with(suffix.as_str())
            }
        }
    }
}

impl Resolver {
    /// A resolver for these options over these files.
    #[must_use]
    pub fn new(
        options: &Options,
        files: Arc<dyn FileSystem>,
        main_only: BTreeSet<PathBuf>,
    ) -> Self {
        let has_table = plug_and_play::is_used(&options.root, &*files);
        let options_of = |kind| ResolveOptions {
            yarn_pnp: has_table,
            cwd: Some(options.root.clone()),
            ..resolve_options(options, kind)
        };
        let import_options = options_of(ResolveKind::Import);
        let mut require_options = options_of(ResolveKind::Require);
        let import = ResolverGeneric::new_with_file_system(
            ResolverFiles(Arc::clone(&files)),
            import_options,
        );
        let has_two_builds = options.main_fields.is_none() && options.target != Target::Neutral;
        let other_build = has_two_builds.then(|| {
            let mut other_options = options_of(ResolveKind::Import);
            swap(&mut other_options.main_fields);
            import.clone_with_options(other_options)
        });
        // `require` wants the object that `main` is made for.
        if has_two_builds && options.target != Target::Node {
            swap(&mut require_options.main_fields);
        }
        let require = import.clone_with_options(require_options);
        let sheet = import.clone_with_options(options_of(ResolveKind::Sheet));
        let plain = [&import, &require, &sheet].map(|resolver| {
            let options = ResolveOptions { tsconfig: None, ..resolver.options().clone() };
            resolver.clone_with_options(options)
        });
        let external = options
            .external
            .iter()
            .map(|pattern| external_pattern(pattern, &options.root))
            .collect();
        Self {
            files,
            import,
            require,
            sheet,
            plain,
            nearest: Mutex::default(),
            has_one_tsconfig: options.tsconfig.is_some(),
            other_build,
            main_only,
            external,
            alias: options.alias.iter().map(|(from, to)| (from.clone(), to.clone())).collect(),
            packages: options.packages,
            target: options.target,
            root: options.root.clone(),
            ignore_annotations: options.ignore_annotations,
        }
    }

    /// What `specifier` stands for in the file `importer`.
    ///
    /// # Errors
    /// Nothing of that name is there, or its package does not let it out.
    pub fn resolve(
        &self,
        importer: &Path,
        specifier: &str,
        kind: ResolveKind,
    ) -> Result<Resolved, Unresolved> {
        let is_built_in = self.target == Target::Bun && BUILT_INTO_BUN.contains(&specifier);
        if self.is_external(specifier) || is_runtime_scheme(specifier) || is_built_in {
            return Ok(Resolved::External(specifier.to_owned()));
        }
        if specifier.starts_with("data:") {
            return Ok(self.data_url(specifier));
        }
        if let Some(alias) = self.alias_of(specifier)
            && (self.is_external(&alias) || is_runtime_scheme(&alias))
        {
            return Ok(Resolved::External(alias));
        }
        // Such a file need not exist.
        if !is_package(specifier)
            && let Some(folder) = importer.parent()
            && let file = crate::fs::normalize(&folder.join(specifier))
            && self.is_external_file(&file)
        {
            return Ok(Resolved::ExternalFile(file));
        }
        let resolver = match kind {
            ResolveKind::Import => &self.import,
            ResolveKind::Require => &self.require,
            ResolveKind::Sheet => &self.sheet,
        };
        let resolution = self.resolve_by_tsconfig(resolver, kind, importer, specifier);
        let resolution = match resolution {
            Ok(found) if is_package(specifier) && is_declaration(found.path()) => {
                Ok(self.behind_declaration(kind, importer, specifier).unwrap_or(found))
            }
            resolution => resolution,
        };
        let resolution = match resolution {
            Ok(found) => match self.compiled_beside(&found, specifier) {
                Some(file) => resolver.resolve_file(importer, &file),
                None => Ok(found),
            },
            error => error,
        };
        let mapped = self.mapped_for_browsers(resolver, importer, specifier, &resolution);
        let is_mapped = mapped.is_some();
        let resolution = mapped.unwrap_or(resolution);
        match resolution {
            Ok(resolution) => {
                let file = resolution.path().to_path_buf();
                if self.is_external_file(&file) {
                    return Ok(Resolved::ExternalFile(file));
                }
                if self.packages == Packages::External
                    && is_package(specifier)
                    && in_node_modules(&file)
                {
                    return Ok(Resolved::External(specifier.to_owned()));
                }
                let builds = if is_mapped {
                    None
                } else {
                    self.builds(importer, specifier, kind, &resolution)
                };
                Ok(Resolved::File(match builds {
                    None => self.resolved_file(&resolution),
                    Some(Builds { folder, main, module })
                        if kind == ResolveKind::Import && !self.main_only.contains(&folder) =>
                    {
                        let main = main.path().to_path_buf();
                        let build = Some((folder, PackageBuild::Module(main)));
                        ResolvedFile { build, ..self.resolved_file(&module) }
                    }
                    Some(Builds { folder, main, .. }) => {
                        let build = Some((folder, PackageBuild::Main));
                        ResolvedFile { build, ..self.resolved_file(&main) }
                    }
                }))
            }
            Err(ResolveError::Builtin { resolved, is_runtime_module }) => Ok(Resolved::External(
                // Workers know the built-ins only by their full names, and a name of a package's own nobody else.
                if self.target == Target::Workers || is_runtime_module || specifier.starts_with('#')
                {
                    resolved
                } else {
                    specifier.to_owned()
                },
            )),
            Err(ResolveError::Ignored(file)) => Ok(Resolved::File(ResolvedFile {
                file,
                query: None,
                is_disabled: true,
                is_type_module: None,
                is_side_effect_free: true,
                build: None,
                data: None,
            })),
            Err(_) if self.packages == Packages::External && is_package(specifier) => {
                Ok(Resolved::External(specifier.to_owned()))
            }
            Err(error) => Err(self.explain(specifier, importer, &error)),
        }
    }

    /// A `data:` URL of code, JSON or a style sheet is a file of the build; any other is left to the runtime. Node reads
    /// code in one as an ECMAScript module.
    fn data_url(&self, url: &str) -> Resolved {
        let external = || Resolved::External(url.to_owned());
        let Some((head, body)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(','))
        else {
            return external();
        };
        let mut parts = head.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let extension = match kind.as_str() {
            "text/javascript" | "application/javascript" => "mjs",
            "application/json" => "json",
            "text/css" => "css",
            _ => return external(),
        };
        let bytes = decode_percent(body);
        let bytes = if parts.any(|part| part == "base64") {
            match base64::engine::general_purpose::STANDARD.decode(bytes.trim_ascii()) {
                Ok(bytes) => bytes,
                Err(_) => return external(),
            }
        } else {
            bytes
        };
        let name = format!("data-{}.{extension}", crate::artifact::content_hash(url.as_bytes()));
        Resolved::File(ResolvedFile {
            file: self.root.join(name),
            query: None,
            is_disabled: false,
            is_type_module: Some(true),
            is_side_effect_free: false,
            build: None,
            data: Some(bytes.into()),
        })
    }

    /// What a specifier stands for whose `paths` in a tsconfig lead to declarations first: these are for the compiler.
    fn behind_declaration(
        &self,
        kind: ResolveKind,
        importer: &Path,
        specifier: &str,
    ) -> Option<Resolution> {
        let plain = self.plain_of(kind);
        let tsconfig = self.governing(importer).ok()?.0?;
        let places = tsconfig.resolve_path_alias_or_base_url(specifier);
        let mut found =
            places.iter().filter_map(|place| plain.resolve_file(importer, place.to_str()?).ok());
        found
            .find(|found| !is_declaration(found.path()))
            .or_else(|| resolve_file(plain, importer, specifier).ok())
    }

    /// What a package has compiled beside a file of TypeScript that a specifier without an extension leads to: its
    /// sources are made for its own settings.
    fn compiled_beside(&self, found: &Resolution, specifier: &str) -> Option<String> {
        let file = found.path();
        let extension = file.extension()?.to_str()?;
        let is_source = matches!(extension, "ts" | "tsx" | "mts" | "cts");
        let names_it = specifier.ends_with(&format!(".{extension}"));
        if !is_source || names_it || !in_node_modules(file) {
            return None;
        }
        // `exports` and `main` name files as they are.
        let package = found.package_json();
        let is_whole = is_package(specifier) && package_name(specifier) == specifier;
        let is_index = package
            .is_none_or(|package| file.with_extension("") == package.directory().join("index"));
        if (is_package(specifier) && package.is_some_and(|package| package.exports().is_some()))
            || (is_whole && !is_index)
        {
            return None;
        }
        let mut beside =
            ["jsx", "js", "mjs", "cjs"].map(|other| file.with_extension(other)).into_iter();
        let found = beside.find(|file| matches!(self.files.kind(file), Ok(FileKind::File)))?;
        found.to_str().map(str::to_owned)
    }

    /// What the `browser` map of a package says of two things that the resolver does not ask it for: a bare name that
    /// the map has as a path, and the `index` that a package without `main` is.
    fn mapped_for_browsers(
        &self,
        resolver: &ResolverGeneric<ResolverFiles>,
        importer: &Path,
        specifier: &str,
        resolution: &Result<Resolution, ResolveError>,
    ) -> Option<Result<Resolution, ResolveError>> {
        if resolver.options().alias_fields.is_empty() || !is_package(specifier) {
            return None;
        }
        let maps = |folder: &Path, path: &str| {
            let json = self.files.read(&folder.join("package.json")).ok()?;
            let json: serde_json::Value = serde_json::from_slice(&json).ok()?;
            Some(json.get("browser").is_some_and(|map| map.get(path).is_some()))
        };
        let (folder, path) = match resolution {
            Ok(found) => {
                let folder = found.package_json()?.directory().to_path_buf();
                let is_index = found.path().file_stem().is_some_and(|stem| stem == "index")
                    && found.path().parent() == Some(&folder);
                if !is_index {
                    return None;
                }
                (folder, "./index".to_owned())
            }
            Err(ResolveError::NotFound(_)) => {
                let is_package_folder =
                    |folder: &&Path| self.files.kind(&folder.join("package.json")).is_ok();
                let folder = importer.ancestors().skip(1).find(is_package_folder)?;
                (folder.to_path_buf(), format!("./{specifier}"))
            }
            Err(_) => return None,
        };
        (maps(&folder, &path)?).then(|| resolver.resolve_file(folder.join("package.json"), &path))
    }

    /// The two builds of a package that names them in `main` and `module`. Node would take `main`; `module` of packages
    /// without side effects comes in, too, where only that can be shaken.
    fn builds(
        &self,
        importer: &Path,
        specifier: &str,
        kind: ResolveKind,
        found: &Resolution,
    ) -> Option<Builds> {
        let package = found.package_json()?;
        if !is_package(specifier) || package.exports().is_some() {
            return None;
        }
        let is_free = matches!(package.side_effects(), Some(SideEffects::Bool(false)));
        if self.target == Target::Node && !is_free {
            return None;
        }
        let takes_main = self.target == Target::Node || kind == ResolveKind::Require;
        let other_build = self.other_build.as_ref()?;
        let is_swapped = self.target != Target::Node && kind == ResolveKind::Require;
        let resolver = if is_swapped { &self.import } else { other_build };
        let other = resolver.resolve_file(importer, specifier).ok()?;
        let folder = package.directory().to_path_buf();
        let (main, module) =
            if takes_main { (found.clone(), other) } else { (other, found.clone()) };
        (main.path() != module.path()).then_some(Builds { folder, main, module })
    }

    /// The file of an entry point as the user wrote it: a path below the root, or a package.
    ///
    /// # Errors
    /// Nothing of that name is there.
    pub fn resolve_entry(&self, specifier: &str) -> Result<ResolvedFile, Unresolved> {
        let importer = self.root.join("entry");
        let is_path = Path::new(specifier).is_absolute() || specifier.starts_with('.');
        let attempts = if is_path {
            vec![specifier.to_owned()]
        } else {
            vec![format!("./{specifier}"), specifier.to_owned()]
        };
        let mut first_error = None;
        for attempt in attempts {
            match resolve_file(&self.import, &importer, &attempt) {
                Ok(resolution) => {
                    return Ok(self.resolved_file(&resolution));
                }
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let error = first_error.expect("there is at least one attempt");
        Err(Unresolved {
            message: match error {
                ResolveError::NotFound(_) => {
                    format!("the entry point `{specifier}` does not exist")
                }
                error => format!("the entry point `{specifier}` cannot be resolved: {error}"),
            },
            hints: vec![format!("paths are relative to the root, `{}`", self.root.display())],
        })
    }

    /// The files that an entry point names: one, or where there is none and it has the signs of a glob, all that it
    /// matches, in the order of their paths. Not every shell expands globs, and in YAML none does.
    ///
    /// # Errors
    /// When it names nothing, or something that is no file.
    pub fn resolve_entries(&self, specifier: &str) -> Result<Vec<ResolvedFile>, Unresolved> {
        let error = match self.resolve_entry(specifier) {
            Ok(file) => return Ok(vec![file]),
            Err(error) => error,
        };
        let below = Path::new(specifier).strip_prefix(&self.root).ok().and_then(Path::to_str);
        let pattern = below.unwrap_or(specifier.strip_prefix("./").unwrap_or(specifier));
        let is_relative = !Path::new(pattern).is_absolute();
        let Some(sign) = pattern.find(['*', '?', '[', '{']).filter(|_| is_relative) else {
            return Err(error);
        };
        let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else {
            return Err(error);
        };
        let matcher = glob.compile_matcher();
        let (literal, rest) = pattern.split_at(sign);
        let folder = literal.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut names = Vec::new();
        list_files(&*self.files, &self.root, folder, rest.contains('/'), &mut names);
        names.retain(|name| matcher.is_match(name));
        names.sort_unstable();
        if names.is_empty() {
            return Err(Unresolved {
                message: format!("no file matches the entry points `{specifier}`"),
                ..error
            });
        }
        names.iter().map(|name| self.resolve_entry(&format!("./{name}"))).collect()
    }

    /// The tsconfig that applies to a file, `extends` included: the nearest, or the one of its references that includes
    /// the file. What a tsconfig includes says where a check starts; what is imported belongs to it, too.
    ///
    /// # Errors
    /// A tsconfig that cannot be parsed, or whose base is missing.
    pub fn tsconfig(&self, file: &Path) -> Result<Option<Arc<TsConfig>>, TsconfigError> {
        let governing = self.governing(file).map(|(tsconfig, _)| tsconfig);
        governing.map_err(|error| tsconfig_error(error, &self.root))
    }

    /// The path of the tsconfig or jsconfig that a file is nearest to, whether it can be read or not.
    pub fn nearest_path(&self, file: &Path) -> Option<PathBuf> {
        let folders = file.ancestors().skip(1);
        let mut paths = folders.flat_map(|folder| CONFIG_NAMES.map(|name| folder.join(name)));
        paths.find(|path| matches!(self.files.kind(path), Ok(FileKind::File)))
    }

    /// The same, and whether the resolver takes another one for that of the file, or none.
    fn governing(&self, file: &Path) -> Result<(Option<Arc<TsConfig>>, bool), ResolveError> {
        let found = self.import.find_tsconfig(file)?;
        if self.has_one_tsconfig || in_node_modules(file) || !file.is_absolute() {
            return Ok((found, false));
        }
        let Some(nearest) = file.parent().map(|folder| self.nearest(folder)).transpose()?.flatten()
        else {
            return Ok((found, false));
        };
        let belongs = |found: &Arc<TsConfig>| {
            found.path() == nearest.path()
                || nearest.references_resolved.iter().any(|other| other.path() == found.path())
        };
        if found.as_ref().is_some_and(belongs) {
            return Ok((found, false));
        }
        // One that only leads to others has no settings.
        let is_empty = nearest.files.as_ref().is_some_and(Vec::is_empty);
        let own = nearest.references_resolved.first().filter(|_| is_empty).cloned();
        Ok((Some(own.unwrap_or(nearest)), true))
    }

    /// The tsconfig or jsconfig in a folder, or in the nearest one above.
    fn nearest(&self, folder: &Path) -> Result<Option<Arc<TsConfig>>, ResolveError> {
        let known = self.nearest.lock().expect("nobody panics with it").get(folder).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let own = CONFIG_NAMES.map(|name| folder.join(name));
        let own = own.iter().find(|file| matches!(self.files.kind(file), Ok(FileKind::File)));
        let found = match (own, folder.parent()) {
            (Some(file), _) => Some(self.import.resolve_tsconfig(file)?),
            (None, Some(parent)) => self.nearest(parent)?,
            (None, None) => None,
        };
        let mut nearest = self.nearest.lock().expect("nobody panics with it");
        nearest.insert(folder.to_path_buf(), found.clone());
        Ok(found)
    }

    /// The resolver of a kind that knows no tsconfig.
    fn plain_of(&self, kind: ResolveKind) -> &ResolverGeneric<ResolverFiles> {
        let [import, require, sheet] = &self.plain;
        match kind {
            ResolveKind::Import => import,
            ResolveKind::Require => require,
            ResolveKind::Sheet => sheet,
        }
    }

    /// Resolves with the tsconfig of the importing file.
    fn resolve_by_tsconfig(
        &self,
        resolver: &ResolverGeneric<ResolverFiles>,
        kind: ResolveKind,
        importer: &Path,
        specifier: &str,
    ) -> Result<Resolution, ResolveError> {
        let Ok((Some(tsconfig), true)) = self.governing(importer) else {
            return resolve_file(resolver, importer, specifier);
        };
        let plain = self.plain_of(kind);
        let places = tsconfig.resolve_path_alias_or_base_url(specifier);
        let mut places = places.iter().filter(|_| is_package(specifier));
        let found = places.find_map(|place| plain.resolve_file(importer, place.to_str()?).ok());
        found.map_or_else(|| resolve_file(plain, importer, specifier), Ok)
    }

    fn resolved_file(&self, resolution: &Resolution) -> ResolvedFile {
        let file = resolution.path().to_path_buf();
        let package = resolution.package_json().map(Arc::as_ref);
        // The nearest `package.json` tells the module system, that of the package what has side effects.
        let is_type_module = match resolution.module_type() {
            // `type` speaks of `.js` files; one without an ending is `CommonJS` to Node.
            _ if file.extension().is_none() => None,
            Some(ModuleType::Module) => Some(true),
            Some(ModuleType::CommonJs) => Some(false),
            // The nearest one, which says nothing, need not be that of the package.
            _ if file.extension().is_some_and(|ending| ending == "js" || ending == "ts") => None,
            _ => package.and_then(PackageJson::r#type).map(|kind| kind == PackageType::Module),
        };
        let is_side_effect_free = !self.ignore_annotations
            && package.is_some_and(|package| says_side_effect_free(package, &file));
        let query = resolution.query().map(str::to_owned);
        ResolvedFile {
            file,
            query,
            is_disabled: false,
            is_type_module,
            is_side_effect_free,
            build: None,
            data: None,
        }
    }

    /// Whether an import is left to the runtime by what it says.
    fn is_external(&self, specifier: &str) -> bool {
        self.external.iter().any(|pattern| {
            // A package is external with all that it exports.
            let is_below = |package: &str| {
                specifier.strip_prefix(package).is_some_and(|rest| rest.starts_with('/'))
            };
            pattern.specifier.matches(specifier)
                || matches!(&pattern.specifier, TextPattern::Exact(exact) if is_package(exact) && is_below(exact))
        })
    }

    fn is_external_file(&self, file: &Path) -> bool {
        let mut patterns = self.external.iter().filter_map(|pattern| pattern.file.as_ref());
        file.to_str().is_some_and(|path| patterns.any(|pattern| pattern.matches(path)))
    }

    /// What an alias makes of a specifier.
    fn alias_of(&self, specifier: &str) -> Option<String> {
        self.alias.iter().find_map(|(from, to)| {
            let rest = specifier.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        })
    }

    fn explain(&self, specifier: &str, importer: &Path, error: &ResolveError) -> Unresolved {
        let mut hints = Vec::new();
        let message = match error {
            ResolveError::NotFound(_) | ResolveError::MatchedAliasNotFound(..)
                if is_package(specifier) =>
            {
                let package = package_name(specifier);
                let missing = unavailable(self.target, specifier, &Compatibility::default());
                if let Some(missing) = missing {
                    hints.push(format!("{}; {}", missing.message, missing.hint));
                } else {
                    hints.push(format!(
                        "install it (`npm install {package}`), or leave it to the runtime with `--external {package}`"
                    ));
                }
                format!("`{specifier}` cannot be found")
            }
            ResolveError::NotFound(_) => {
                hints.extend(self.near_file(specifier, importer));
                format!("`{specifier}` cannot be found")
            }
            ResolveError::PackagePathNotExported { subpath, package_json_path, .. } => {
                hints.push("import a path that the package exports".to_owned());
                format!(
                    "`{specifier}` cannot be found: `{}` has no `{subpath}` in its `exports` for this target",
                    relative(&self.root, package_json_path)
                )
            }
            error => format!("`{specifier}` cannot be resolved: {error}"),
        };
        Unresolved { message, hints }
    }

    /// A file beside the missing one whose name is nearly the same.
    fn near_file(&self, specifier: &str, importer: &Path) -> Option<String> {
        let wanted = importer.parent()?.join(specifier);
        let (folder, name) = (wanted.parent()?, wanted.file_name()?.to_str()?);
        let names = crate::fs::DiskFileSystem.read_dir(folder).ok()?;
        let stem = |name: &str| name.split_once('.').map_or(name, |(stem, _)| stem).to_owned();
        let stems: Vec<String> = names.iter().map(|name| stem(name)).collect();
        let near = crate::diag::nearest(&stem(name), stems.iter().map(String::as_str))?;
        let file = names.iter().find(|name| stem(name) == near)?;
        Some(format!("did you mean `{}`?", relative(&self.root, &folder.join(file))))
    }
}

fn resolve_options(options: &Options, kind: ResolveKind) -> ResolveOptions {
    let mut conditions: Vec<String> = options.conditions.clone().unwrap_or_default();
    // The condition and the field by which packages name their sheets are those of Parcel, Vite and webpack.
    let own = match kind {
        ResolveKind::Import => "import",
        ResolveKind::Require => "require",
        ResolveKind::Sheet => "style",
    };
    conditions.push(own.to_owned());
    let runtime = options.target.runtime();
    conditions.extend(runtime.conditions.iter().map(|name| (*name).to_owned()));
    if options.conditions.is_none() && options.target != Target::Neutral {
        conditions.push("module".to_owned());
    }
    conditions.push("default".to_owned());
    let mut main_fields = options
        .main_fields
        .clone()
        .unwrap_or_else(|| runtime.main_fields.iter().map(|name| (*name).to_owned()).collect());
    if kind == ResolveKind::Sheet {
        main_fields.insert(0, "style".to_owned());
    }
    let browser_map =
        runtime.takes_browser_field && main_fields.iter().any(|field| field == "browser");
    ResolveOptions {
        tsconfig: Some(match &options.tsconfig {
            Some(file) => TsconfigDiscovery::Manual(TsconfigOptions {
                config_file: file.clone(),
                references: TsconfigReferences::Auto,
            }),
            None => TsconfigDiscovery::Auto,
        }),
        alias: options
            .alias
            .iter()
            .map(|(from, to)| {
                (from.clone(), vec![AliasValue::Path(absolute_alias(to, &options.root))])
            })
            .collect(),
        alias_fields: if browser_map { vec![vec!["browser".to_owned()]] } else { Vec::new() },
        condition_names: conditions,
        extensions: if kind == ResolveKind::Sheet {
            vec![".css".to_owned()]
        } else {
            [".tsx", ".ts", ".jsx", ".js", ".mts", ".cts", ".mjs", ".cjs", ".css", ".json"]
                .map(str::to_owned)
                .to_vec()
        },
        extension_alias: [
            (".js", [".js", ".ts", ".tsx"].as_slice()),
            (".jsx", [".jsx", ".ts", ".tsx"].as_slice()),
            (".mjs", [".mjs", ".mts"].as_slice()),
            (".cjs", [".cjs", ".cts"].as_slice()),
        ]
        .map(|(from, to)| {
            (from.to_owned(), to.iter().map(|extension| (*extension).to_owned()).collect())
        })
        .to_vec(),
        main_fields,
        symlinks: !options.preserve_symlinks,
        node_path: false,
        module_type: true,
        builtin_modules: runtime.knows_short_names,
        ..ResolveOptions::default()
    }
}

/// Puts `main` before `module`, or the other way around.
fn swap(main_fields: &mut [String]) {
    let place = |name: &str| main_fields.iter().position(|field| field == name);
    if let (Some(main), Some(module)) = (place("main"), place("module")) {
        main_fields.swap(main, module);
    }
}

fn absolute_alias(to: &str, root: &Path) -> String {
    if to.starts_with("./") || to.starts_with("../") {
        crate::fs::normalize(&root.join(to)).to_string_lossy().into_owned()
    } else {
        to.to_owned()
    }
}

/// As esbuild has it: a pattern is compared with what imports say, and if it may be a path from the root, with files, too.
fn external_pattern(pattern: &str, root: &Path) -> ExternalPattern {
    let path = crate::fs::normalize(&root.join(pattern));
    let file = (!is_package(pattern)).then(|| TextPattern::new(&path.to_string_lossy()));
    ExternalPattern { specifier: TextPattern::new(pattern), file }
}

/// Resolves without a tsconfig that is broken or whose base is missing; the scan tells of that.
fn resolve_file(
    resolver: &ResolverGeneric<ResolverFiles>,
    importer: &Path,
    specifier: &str,
) -> Result<Resolution, ResolveError> {
    // These name folders, whatever file of that name stands beside them (Node, `Module._findPath`).
    let names_folder = |part: &&str| matches!(*part, "." | "..");
    let folder = specifier.rsplit('/').next().filter(names_folder).map(|_| format!("{specifier}/"));
    let specifier = folder.as_deref().unwrap_or(specifier);
    match resolver.resolve_file(importer, specifier) {
        // The module that has it says so.
        Err(
            ResolveError::TsconfigNotFound(_)
            | ResolveError::TsconfigLoadFailed { .. }
            | ResolveError::TsconfigCircularExtend(_)
            | ResolveError::TsconfigSelfReference(_),
        ) => {
            let options = ResolveOptions { tsconfig: None, ..resolver.options().clone() };
            resolver.clone_with_options(options).resolve_file(importer, specifier)
        }
        resolution => resolution,
    }
}

fn tsconfig_error(error: ResolveError, root: &Path) -> TsconfigError {
    match error {
        ResolveError::TsconfigNotFound(base) => TsconfigError::NoBase(base),
        ResolveError::TsconfigLoadFailed { source, .. } => tsconfig_error(*source, root),
        ResolveError::Json(problem) => {
            TsconfigError::Syntax(problem.path, problem.line, problem.column, problem.message)
        }
        // Messages of the resolver have absolute paths.
        error => {
            let below = format!("{}{}", root.display(), std::path::MAIN_SEPARATOR);
            TsconfigError::Invalid(error.to_string().replace(&below, ""))
        }
    }
}

fn is_package(specifier: &str) -> bool {
    !specifier.starts_with(['.', '/', '#']) && !specifier.is_empty()
}

fn in_node_modules(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "node_modules")
}

fn is_declaration(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| name.ends_with(ending))
}

fn package_name(specifier: &str) -> &str {
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    match specifier.match_indices('/').nth(parts - 1) {
        Some((at, _)) => specifier.get(..at).unwrap_or(specifier),
        None => specifier,
    }
}

/// Packages that Bun brings along: whatever is installed, programs get its own.
const BUILT_INTO_BUN: &[&str] = &[
    "ws",
    "undici",
    "node-fetch",
    "isomorphic-fetch",
    "abort-controller",
    "@vercel/fetch",
    "utf-8-validate",
];

/// Specifiers that only a runtime can answer: its own schemes, and what lies on the network.
fn is_runtime_scheme(specifier: &str) -> bool {
    ["node:", "bun:", "cloudflare:", "workerd:", "http://", "https://", "//"]
        .iter()
        .any(|scheme| specifier.starts_with(scheme))
        || specifier == "bun"
}

/// Whether `sideEffects` of the package leaves this file out. A pattern without `/` means any folder (webpack's rule).
fn says_side_effect_free(package: &PackageJson, file: &Path) -> bool {
    let patterns = match package.side_effects() {
        None => return false,
        Some(SideEffects::Bool(has)) => return !has,
        Some(SideEffects::String(pattern)) => vec![pattern],
        Some(SideEffects::Array(patterns)) => patterns,
    };
    let path = relative(package.directory(), file);
    !patterns
        .iter()
        .any(|pattern| side_effects_glob(pattern).is_some_and(|glob| glob.is_match(&path)))
}

fn side_effects_glob(pattern: &str) -> Option<GlobMatcher> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let pattern = if pattern.contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
    let glob = GlobBuilder::new(&pattern).literal_separator(true).build().ok()?;
    Some(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names() {
        assert_eq!(package_name("react/jsx-runtime"), "react");
        assert_eq!(package_name("@scope/name/sub/x"), "@scope/name");
        assert_eq!(package_name("@scope/name"), "@scope/name");
    }

    #[test]
    fn side_effects_patterns() {
        #[track_caller]
        fn check(pattern: &str, path: &str, expected: bool) {
            assert_eq!(
                side_effects_glob(pattern).unwrap().is_match(path),
                expected,
                "{pattern} {path}"
            );
        }
        check("*.css", "a/b/c.css", true);
        check("./src/*.js", "src/a.js", true);
        check("./src/*.js", "src/b/a.js", false);
        check("**/polyfill.js", "x/polyfill.js", true);
    }
}
