//! Phase 1: a worklist from the entry points until no module is new. Each round is read, parsed and recorded in
//! parallel; numbers are given between rounds, so they do not depend on which thread finishes first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memmem;
use oxc_resolver::TsConfig;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use swc_core::atoms::Atom;
use swc_core::common::sync::Lrc;
use swc_core::common::{FileName, FilePathMapping, Globals, SourceFile, SourceMap, SyntaxContext};
use swc_core::ecma::ast::{Program, Script, Stmt};

use super::analyze::commonjs_shape::{Shape, shape_of};
use super::analyze::find_flat::find_flat;
use super::analyze::flatten::flatten;
use super::analyze::global_uses::global_uses;
use super::analyze::lost_files::paths_beside;
use super::analyze::record::{FindInput, Found, Injected, Marks, find, judge};
use super::analyze::worker_bindings::worker_bindings;
use super::css::{Place, Sheet};
use super::defines::Defines;
use super::graph::{
    EntryPoint, Export, FlatExports, ImportKind, ImportName, ImportRecord, ImportTarget, Module,
    ModuleFormat, ModuleGraph, ModuleId, ModuleSideEffects, NamedImport, TYPE_OF,
};
use super::input_map::InputMap;
use super::options::{Format, Loader, Options, SourceMapMode, Target};
use super::plug_and_play::{self, WithArchives};
use super::read::load::{self, Asset, LoadError, load};
use super::read::parse::{parse, parse_expression};
use super::resolve::{PackageBuild, ResolveKind, Resolved, ResolvedFile, Resolver, TsconfigError};
use super::runtime;
use super::source::{KeptComments, ParseInput, location_at};
use super::targets::is_watched;
use crate::diag::{Diagnostic, Location};
use crate::fs::{FileKind, FileSystem, relative};

/// The syntax of one module, beside its record in the graph.
pub(crate) struct ModuleTree {
    /// Its statements, one for each in [`Module::statements`].
    pub(crate) body: Vec<Stmt>,
    /// Where the marks of its identifiers live.
    pub(crate) globals: Globals,
    /// Context of names that nothing in the module declares.
    pub(crate) unresolved: SyntaxContext,
    /// Annotations.
    pub(crate) comments: KeptComments,
    /// Texts of licences, in the order of the source.
    pub(crate) legal: Vec<String>,
    /// What lowering has renamed, with the names in the source; only where names are kept.
    pub(crate) renamed: FxHashMap<swc_core::ecma::ast::Id, Atom>,
    /// Where its text came from, when source maps are wanted.
    pub(crate) input_map: Option<Arc<InputMap>>,
}

impl ModuleTree {
    /// A copy, for a module that is printed into several outputs.
    pub(crate) fn copy(&self) -> Self {
        Self {
            body: self.body.clone(),
            globals: self.globals.clone_data(),
            unresolved: self.unresolved,
            comments: self.comments.clone(),
            legal: self.legal.clone(),
            renamed: self.renamed.clone(),
            input_map: self.input_map.clone(),
        }
    }
}

/// What the first phase returns.
pub(crate) struct Scanned {
    /// Modules and how they import each other.
    pub(crate) graph: ModuleGraph,
    /// Their syntax, by [`ModuleId`].
    pub(crate) trees: Vec<ModuleTree>,
    /// Files to copy.
    pub(crate) assets: Vec<Asset>,
    /// All sources, for source maps.
    pub(crate) source_map: Lrc<SourceMap>,
    /// What the user should know.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// What tells two modules apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ModuleKey {
    file: PathBuf,
    query: Option<String>,
    attribute_type: Option<Atom>,
    is_disabled: bool,
}

/// A module that has been asked for but not read.
struct Request {
    key: ModuleKey,
    resolved: ResolvedFile,
    /// Who asked first, for a message.
    importer: Option<Location>,
}

/// A module whose file has been read.
struct ReadModule {
    path: String,
    resolved: ResolvedFile,
    loaded: load::Loaded,
    attribute_type: Option<Atom>,
}

/// The same with its text in the source map.
struct PlacedModule {
    read: ReadModule,
    source: Lrc<SourceFile>,
}

/// A `CommonJS` module that may do without a closure. That depends on who requires it, so its statements are judged
/// when all modules are known.
struct Pending {
    found: Found,
    marks: Marks,
    shape: Shape,
}

/// A module that has been parsed; its imports are resolved but not numbered.
struct ScannedModule {
    module: Module,
    tree: ModuleTree,
    pending: Option<Pending>,
    assets: Vec<Asset>,
    targets: Vec<Option<Resolved>>,
    diagnostics: Vec<Diagnostic>,
}

/// Scans everything that the entry points reach.
pub(crate) fn scan(
    entry_points: &[EntryPoint],
    options: &Options,
    files: &Arc<dyn FileSystem>,
) -> Scanned {
    let (scanned, main_only) = scan_once(entry_points, options, files, BTreeSet::new());
    if main_only.is_empty() {
        return scanned;
    }
    scan_once(entry_points, options, files, main_only).0
}

/// One scan; also returns the folders of packages of which it should have taken `main`.
fn scan_once(
    entry_points: &[EntryPoint],
    options: &Options,
    files: &Arc<dyn FileSystem>,
    main_only: BTreeSet<PathBuf>,
) -> (Scanned, BTreeSet<PathBuf>) {
    let source_map = Lrc::new(SourceMap::new(FilePathMapping::empty()));
    let with_archives: Arc<dyn FileSystem>;
    let files = if plug_and_play::is_used(&options.root, &**files) {
        with_archives = Arc::new(WithArchives::new(Arc::clone(files)));
        &with_archives
    } else {
        files
    };
    let mut diagnostics = Vec::new();
    diagnostics.extend(missing_tsconfig(options, &**files));
    let mut scanner = Scanner::new(options, files, &source_map, main_only, &mut diagnostics);

    let mut numbers: FxHashMap<ModuleKey, ModuleId> = FxHashMap::default();
    let mut external_files = FxHashMap::default();
    let mut scanned = vec![scanner.runtime()];
    let mut round = Vec::new();
    let mut entries = Vec::new();
    for entry in entry_points {
        match scanner.resolver.resolve_entries(&entry.specifier) {
            Ok(files) => {
                for file in files {
                    scanner.entries.insert(file.file.clone());
                    let id = number(&mut numbers, &mut round, file, None, None);
                    if !entries.contains(&id) {
                        entries.push(id);
                    }
                }
            }
            Err(error) => diagnostics.push(with_hints(
                Diagnostic::error("build/entry-not-found", error.message),
                error.hints,
            )),
        }
    }
    let mut builds: BTreeSet<(PathBuf, PackageBuild)> = BTreeSet::new();
    let mut taken_modules = Vec::new();
    while !round.is_empty() {
        let read: Vec<Result<ReadModule, Box<ScannedModule>>> = std::mem::take(&mut round)
            .into_par_iter()
            .map(|request| scanner.read(request).map_err(Box::new))
            .collect();
        // Places in the source map are given in the order of the modules, whichever thread reads faster: they get into what
        // is printed.
        let placed: Vec<_> =
            read.into_iter().map(|read| read.map(|module| scanner.place(module))).collect();
        let mut modules: Vec<ScannedModule> = placed
            .into_par_iter()
            .map(|placed| placed.map_or_else(|failed| *failed, |module| scanner.parse(module)))
            .collect();
        for (importer, module) in (scanned.len()..).zip(&mut modules) {
            for diagnostic in module.diagnostics.drain(..) {
                // What lies outside of the modules is said by each of them.
                let is_shared =
                    diagnostic.location.is_none() || diagnostic.code == "build/tsconfig";
                if !is_shared || !diagnostics.contains(&diagnostic) {
                    diagnostics.push(diagnostic);
                }
            }
            let targets = std::mem::take(&mut module.targets);
            for (index, (record, target)) in
                (0u32..).zip(module.module.imports.iter_mut().zip(targets))
            {
                if let Some(Resolved::File(ResolvedFile { build: Some(build), .. })) = &target {
                    builds.insert(build.clone());
                    if let (folder, PackageBuild::Module(main)) = build {
                        taken_modules.push((importer, index, folder.clone(), main.clone()));
                    }
                }
                record.target = match target {
                    _ if record.specifier == *runtime::PATH => {
                        ImportTarget::Module(ModuleId::RUNTIME)
                    }
                    Some(Resolved::File(file)) => ImportTarget::Module(number(
                        &mut numbers,
                        &mut round,
                        file,
                        record.attribute_type.clone(),
                        Some(&record.location),
                    )),
                    Some(Resolved::External(specifier)) => ImportTarget::External(specifier.into()),
                    Some(Resolved::ExternalFile(file)) => {
                        // No specifier looks like that.
                        let name = Atom::from(format!("file:./{}", relative(&options.root, &file)));
                        external_files.insert(name.clone(), file);
                        ImportTarget::External(name)
                    }
                    Some(Resolved::Copied(url, source)) => {
                        record.asset = Some(source.into());
                        ImportTarget::External(url.into())
                    }
                    None => ImportTarget::Missing,
                };
            }
        }
        scanned.append(&mut modules);
    }

    let mut graph = ModuleGraph { entry_points: entries, external_files, ..ModuleGraph::default() };
    let (mut trees, mut assets, mut pending) = (Vec::new(), Vec::new(), Vec::new());
    for module in scanned {
        graph.modules.push(module.module);
        trees.push(module.tree);
        pending.push(module.pending);
        assets.extend(module.assets);
    }
    assets.sort_by(|a, b| a.path.cmp(&b.path));
    assets.dedup_by(|a, b| a.path == b.path);
    settle_formats(&mut graph, options.format);
    // A package that is imported in one build and required in another is taken in the one that both can have, and so is
    // one whose `module` is not what Node would give.
    let is_required = |folder: &PathBuf| builds.contains(&(folder.clone(), PackageBuild::Main));
    let main_only = taken_modules
        .into_iter()
        .filter(|(importer, record, folder, main)| {
            let takes_all = || takes_all(&graph.modules[*importer], *record);
            is_required(folder)
                || lacks_names(&graph, *importer, *record)
                || (options.target == Target::Node
                    && (takes_all()
                        || (means_module_exports(&graph, *importer, *record)
                            && files.read(main).is_ok_and(|text| is_marked(&text)))))
        })
        .map(|(_, _, folder, _)| folder)
        .collect();
    scanner.settle_pending(&mut graph, &mut trees, pending);
    graph.settle();
    (Scanned { graph, trees, assets, source_map, diagnostics }, main_only)
}

/// Whether a file says that it was an ECMAScript module.
fn is_marked(text: &[u8]) -> bool {
    memmem::find(text, b"__esModule").is_some()
}

/// Whether a module takes all that an import gives, or names that are not known before it runs.
fn takes_all(module: &Module, record: u32) -> bool {
    let import = &module.imports[record as usize];
    if import.kind == ImportKind::Dynamic {
        return import.taken.is_none();
    }
    let is_namespace = |symbol: &u32| {
        module
            .named_imports
            .get(symbol)
            .is_some_and(|import| import.record == record && import.name == ImportName::Namespace)
    };
    module.export_stars.contains(&record)
        || module.statements.iter().any(|statement| statement.uses.iter().any(is_namespace))
        || module.exports.iter().any(|(_, export)| match export {
            Export::Local(symbol) => is_namespace(symbol),
            Export::From(import) => import.record == record && import.name == ImportName::Namespace,
        })
}

/// The names that a module takes by an import.
fn taken_by(module: &Module, record: u32) -> Vec<&Atom> {
    let of_record = |import: &NamedImport| import.record == record;
    let imported = module.named_imports.values().filter(|import| of_record(import));
    let passed_on = module.exports.iter().filter_map(|(_, export)| match export {
        Export::From(import) if of_record(import) => Some(import),
        _ => None,
    });
    imported
        .chain(passed_on)
        .filter_map(|import| match &import.name {
            ImportName::Named(name) => Some(name),
            ImportName::Namespace => None,
        })
        .chain(module.statements.iter().flat_map(|statement| &statement.property_uses).filter_map(
            |chain| {
                let import = module.named_imports.get(&chain.symbol)?;
                let is_namespace = of_record(import) && import.name == ImportName::Namespace;
                chain.names.first().filter(|name| is_namespace && **name != *TYPE_OF)
            },
        ))
        .chain(module.imports[record as usize].taken.iter().flatten().map(|taken| &taken.name))
        .collect()
}

/// Whether a module takes something that what it imports does not export.
fn lacks_names(graph: &ModuleGraph, importer: usize, record: u32) -> bool {
    let module = &graph.modules[importer];
    let ImportTarget::Module(target) = module.imports[record as usize].target else { return false };
    let taken = taken_by(module, record);
    taken.into_iter().any(|name| !may_export(graph, target, name, &mut Vec::new()))
}

/// Whether a module takes the default of an import as Node gives it for `CommonJS`: all of it, whatever it says it is.
fn means_module_exports(graph: &ModuleGraph, importer: usize, record: u32) -> bool {
    let module = &graph.modules[importer];
    module.uses_node_interop && taken_by(module, record).into_iter().any(|name| name == "default")
}

/// Whether a module exports a name, as far as that is known before it runs.
fn may_export(graph: &ModuleGraph, id: ModuleId, name: &Atom, seen: &mut Vec<ModuleId>) -> bool {
    if seen.contains(&id) {
        return false;
    }
    seen.push(id);
    let module = graph.module(id);
    module.format == ModuleFormat::CommonJs
        || module.exports.iter().any(|(export, _)| export == name)
        || (name != "default"
            && module.export_stars.iter().any(|star| match module.imports[*star as usize].target {
                ImportTarget::Module(target) => may_export(graph, target, name, seen),
                ImportTarget::External(_) | ImportTarget::Missing => true,
            }))
}

/// The number of a module; a new one joins the next round.
fn number(
    numbers: &mut FxHashMap<ModuleKey, ModuleId>,
    round: &mut Vec<Request>,
    resolved: ResolvedFile,
    attribute_type: Option<Atom>,
    importer: Option<&Location>,
) -> ModuleId {
    let key = ModuleKey {
        file: resolved.file.clone(),
        query: resolved.query.clone(),
        attribute_type,
        is_disabled: resolved.is_disabled,
    };
    // Number 0 is the runtime.
    let next = ModuleId(u32::try_from(numbers.len() + 1).expect("fewer than 2^32 modules"));
    *numbers.entry(key.clone()).or_insert_with(|| {
        round.push(Request { key, resolved, importer: importer.cloned() });
        next
    })
}

/// A file without module syntax is `CommonJS` to Node. It matters where someone takes something from it, and where it
/// would share an output with modules, which are strict.
fn settle_formats(graph: &mut ModuleGraph, format: Format) {
    let has_modules = graph
        .modules
        .iter()
        .skip(1)
        .any(|module| module.has_esm_syntax && module.loader.is_script());
    let needs_closure = format != Format::Esm && has_modules;
    let mut asked_for = vec![false; graph.modules.len()];
    for module in &graph.modules {
        let mut named: Vec<u32> = module.export_stars.clone();
        #[expect(clippy::iter_over_hash_type, reason = "sets flags; the order does not matter")]
        for import in module.named_imports.values() {
            named.push(import.record);
        }
        for (_, export) in &module.exports {
            if let Export::From(import) = export {
                named.push(import.record);
            }
        }
        for (index, record) in (0u32..).zip(&module.imports) {
            if let ImportTarget::Module(target) = record.target {
                asked_for[target.index()] |=
                    record.kind != ImportKind::Static || named.contains(&index);
            }
        }
    }
    for (module, asked_for) in graph.modules.iter_mut().zip(asked_for) {
        let extension =
            module.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let is_plain = !module.has_esm_syntax
            && !module.uses_node_interop
            && !matches!(extension, "mjs" | "mts")
            && module.path != runtime::PATH;
        if (asked_for || needs_closure)
            && is_plain
            && module.loader.is_script()
            && module.format == ModuleFormat::Esm
        {
            module.format = ModuleFormat::CommonJs;
            for statement in &mut module.statements {
                statement.has_side_effects = true;
            }
        }
    }
}

fn with_hints(mut diagnostic: Diagnostic, hints: Vec<String>) -> Diagnostic {
    diagnostic.hints = hints;
    diagnostic
}

/// `define` as the settings have it, the target's own, and the environment.
fn defines(
    options: &Options,
    source_map: &SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Defines {
    let mut values = options.define.clone();
    if options.target.runtime().replaces_node_env && !options.env.values.contains_key("NODE_ENV") {
        let mode = if options.minify.any() { "\"production\"" } else { "\"development\"" };
        values.entry("process.env.NODE_ENV".to_owned()).or_insert_with(|| mode.to_owned());
    }
    let mut parsed = Vec::new();
    for (name, text) in values {
        match parse_expression(source_map, &text) {
            Some(expression) => parsed.push((name, expression, text)),
            None => diagnostics.push(
                Diagnostic::error(
                    "build/define",
                    format!("the value of `define` for `{name}` is not an expression"),
                )
                .hint(format!("for a string, quote it once more: `{name}='\"text\"'`")),
            ),
        }
    }
    Defines::new(parsed, options.env.values.clone(), options.env.prefixes.clone())
}

/// The tsconfig that the options name and that does not exist.
fn missing_tsconfig(options: &Options, files: &dyn FileSystem) -> Option<Diagnostic> {
    let tsconfig = options.tsconfig.as_ref()?;
    let names = ["", ".json", "/tsconfig.json"].map(|end| format!("{}{end}", tsconfig.display()));
    if names.iter().any(|name| matches!(files.kind(Path::new(name)), Ok(FileKind::File))) {
        return None;
    }
    let name = relative(&options.root, tsconfig);
    let error =
        Diagnostic::error("build/tsconfig", format!("the tsconfig `{name}` does not exist"));
    Some(error.hint("correct `--tsconfig`, or leave it out: then each file has its nearest"))
}

struct Scanner<'a> {
    options: &'a Options,
    files: Arc<dyn FileSystem>,
    source_map: Lrc<SourceMap>,
    resolver: Resolver,
    defines: Defines,
    injected: Vec<Injected>,
    /// Functions and objects of module 0 that code of modules may name.
    helpers: Vec<Atom>,
    /// Files of the entry points.
    entries: FxHashSet<PathBuf>,
}

impl<'a> Scanner<'a> {
    fn new(
        options: &'a Options,
        files: &Arc<dyn FileSystem>,
        source_map: &Lrc<SourceMap>,
        main_only: BTreeSet<PathBuf>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let defines = defines(options, source_map, diagnostics);
        let objects = defines.objects.iter().map(|(name, _)| name.clone());
        let helpers = runtime::FOR_SYNTAX.iter().map(|name| Atom::from(*name));
        let mut scanner = Self {
            options,
            files: Arc::clone(files),
            source_map: Lrc::clone(source_map),
            resolver: Resolver::new(options, Arc::clone(files), main_only),
            helpers: helpers.chain(objects).collect(),
            defines,
            injected: Vec::new(),
            entries: FxHashSet::default(),
        };
        scanner.injected = scanner.injected_files(diagnostics);
        scanner
    }

    /// The files to inject and what they export.
    fn injected_files(&self, diagnostics: &mut Vec<Diagnostic>) -> Vec<Injected> {
        let mut injected = Vec::new();
        for file in &self.options.inject {
            match self.resolver.resolve_entry(&file.to_string_lossy()) {
                Ok(resolved) => {
                    let key = ModuleKey {
                        file: resolved.file.clone(),
                        query: None,
                        attribute_type: None,
                        is_disabled: false,
                    };
                    let file = resolved.file.clone();
                    let scanned = match self.read(Request { key, resolved, importer: None }) {
                        Ok(read) => self.parse(self.place(read)),
                        Err(failed) => failed,
                    };
                    let names = scanned.module.exports.iter().map(|(name, _)| name.clone());
                    injected.push(Injected {
                        file,
                        names: names.filter(|name| *name != *"default").collect(),
                    });
                }
                Err(error) => {
                    let error = Diagnostic::error("build/entry-not-found", error.message);
                    diagnostics.push(error);
                }
            }
        }
        injected
    }

    fn runtime(&self) -> ScannedModule {
        let resolved = ResolvedFile {
            file: PathBuf::from(runtime::PATH),
            query: None,
            is_disabled: false,
            is_type_module: None,
            is_side_effect_free: true,
            build: None,
            data: None,
        };
        let loaded = load::Loaded {
            loader: Loader::Js,
            text: self.defines.objects.iter().fold(runtime::SOURCE.to_owned(), |source, object| {
                format!("{source}export var {} = ({}\n);\n", object.0, object.1)
            }),
            bytes: 0,
            asset: None,
            sheet: None,
        };
        let path = runtime::PATH.to_owned();
        self.parse(self.place(ReadModule { path, resolved, loaded, attribute_type: None }))
    }

    /// Reads the file of a module.
    ///
    /// # Errors
    /// It cannot be read, or its loader refuses it; the diagnostics say why.
    fn read(&self, request: Request) -> Result<ReadModule, ScannedModule> {
        let Request { key, resolved, importer } = request;
        let attribute_type = key.attribute_type;
        let mut path = relative(&self.options.root, &resolved.file);
        if let Some(query) = &resolved.query {
            path.push_str(query);
        }
        if resolved.is_disabled {
            let loaded = load::Loaded {
                loader: Loader::Js,
                text: "module.exports = {};".to_owned(),
                bytes: 0,
                asset: None,
                sheet: None,
            };
            path = format!("(disabled):{path}");
            return Ok(ReadModule { path, resolved, loaded, attribute_type: None });
        }
        let at = |diagnostic: Diagnostic| {
            let location = importer.clone().unwrap_or_else(|| Location::file(path.clone()));
            diagnostic.at(location)
        };
        let bytes = match &resolved.data {
            Some(data) => Ok(data.to_vec()),
            None => self.files.read(&resolved.file),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                let diagnostic = at(Diagnostic::error(
                    "build/read",
                    format!("`{path}` cannot be read: {error}"),
                ));
                return Err(failed(path.clone(), &resolved, vec![diagnostic]));
            }
        };
        match load(&resolved.file, bytes, attribute_type.as_deref(), self.options) {
            Ok(loaded) => Ok(ReadModule { path, resolved, loaded, attribute_type }),
            Err(LoadError { message, hint, place: Some(place) }) => {
                let diagnostic = Diagnostic::error("build/syntax", message)
                    .at(location_of(&path, &place))
                    .hint(hint);
                Err(failed(path.clone(), &resolved, vec![diagnostic]))
            }
            Err(LoadError { message, hint, place: None }) => {
                let diagnostic =
                    at(Diagnostic::error("build/load", format!("`{path}`: {message}")).hint(hint));
                Err(failed(path.clone(), &resolved, vec![diagnostic]))
            }
        }
    }

    /// Puts the text of a module into the source map.
    fn place(&self, mut read: ReadModule) -> PlacedModule {
        // Internal files are left out of source maps: of a sheet, the script side stands in no file.
        let name = if read.path == runtime::PATH || read.loaded.loader == Loader::Css {
            FileName::Internal(read.path.clone())
        } else {
            FileName::Custom(read.path.clone())
        };
        let text = std::mem::take(&mut read.loaded.text);
        PlacedModule { source: self.source_map.new_source_file(Lrc::new(name), text), read }
    }

    fn parse(&self, placed: PlacedModule) -> ScannedModule {
        let PlacedModule { read: ReadModule { path, resolved, loaded, attribute_type }, source } =
            placed;
        let resolved = &resolved;
        let mut diagnostics = Vec::new();
        let tsconfig = match self.tsconfig(&path, resolved, loaded.loader, &mut diagnostics) {
            Ok(tsconfig) => tsconfig,
            Err(error) => return failed(path, resolved, vec![error]),
        };
        let wants_map = self.options.source_map != SourceMapMode::None;
        let map_of = |text: &str| InputMap::of(text, &resolved.file, &*self.files);
        let input_map =
            (wants_map && loaded.loader.is_script()).then(|| map_of(&source.src)).flatten();
        // Generated code of data loaders is JavaScript; JSON has a reader of its own.
        let parser_loader = match loaded.loader {
            Loader::Jsx | Loader::Ts | Loader::Tsx | Loader::Json => loaded.loader,
            _ => Loader::Js,
        };
        let is_type_module =
            if parser_loader == loaded.loader { resolved.is_type_module } else { None };
        let parsed = parse(&ParseInput {
            source_map: &self.source_map,
            source: &source,
            file: &resolved.file,
            path: &path,
            loader: parser_loader,
            is_type_module,
            has_type_attribute: attribute_type.is_some(),
            tsconfig,
            options: self.options,
            defines: &self.defines,
            files: &self.files,
        });
        let mut parsed = match parsed {
            Ok(parsed) => parsed,
            Err(diagnostics) => return failed(path, resolved, diagnostics),
        };
        let is_injected = self.injected.iter().any(|injected| injected.file == resolved.file);
        let takes_globals = loaded.loader.is_script() && path != runtime::PATH && !is_injected;
        let injected = if takes_globals { self.injected.as_slice() } else { &[] };
        let mut module = empty_module(path, resolved.file.clone(), side_effects(resolved));
        module.loader = loaded.loader;
        module.bytes = loaded.bytes;
        module.asset_url =
            loaded.asset.as_ref().map(|asset| load::url_of(asset, self.options).into());
        let marks = Marks {
            unresolved: parsed.unresolved,
            pure_calls: std::mem::take(&mut parsed.pure_calls),
            pure_functions: std::mem::take(&mut parsed.pure_functions),
        };
        let program = std::mem::replace(&mut parsed.program, Program::Script(Script::default()));
        let (body, pending) = swc_core::common::GLOBALS.set(&parsed.globals, || {
            let mut found = find(
                &mut module,
                program,
                &FindInput {
                    marks: &marks,
                    source_map: &self.source_map,
                    options: self.options,
                    is_type_module: resolved.is_type_module,
                    injected,
                    helpers: if parsed.uses_helpers { &self.helpers } else { &[] },
                },
            );
            diagnostics.append(&mut parsed.diagnostics);
            diagnostics.append(&mut found.diagnostics);
            if module.unresolved.iter().any(|name| is_watched(name)) {
                module.global_uses =
                    global_uses(&found.body, marks.unresolved, &self.source_map, &module.path);
            }
            module.asks_for_main = ["require", "module"]
                .iter()
                .all(|name| module.unresolved.contains(&Atom::from(*name)))
                && ["require.main", "require?.main", "require[\"main\"]", "require['main']"]
                    .iter()
                    .any(|text| source.src.contains(text));
            self.warn_of_lost_files(&module, &found.body, marks.unresolved, &mut diagnostics);
            if self.options.target == Target::Workers {
                let uses =
                    |is_worker| worker_bindings(&found.body, &module, is_worker, &self.source_map);
                (module.binding_uses, module.worker_uses) = (uses(false), uses(true));
            }
            let (body, unresolved) = (&found.body, marks.unresolved);
            let shape = shape_of(&module, body, unresolved, &source.src, self.options);
            if let Some(shape) = shape {
                (Vec::new(), Some(Pending { found, marks, shape }))
            } else {
                let comments = &mut parsed.comments;
                (judge(&mut module, found, &marks, comments, self.options), None)
            }
        });
        let mut assets: Vec<Asset> = loaded.asset.into_iter().collect();
        if let Some(mut sheet) = loaded.sheet {
            sheet.input_map = sheet.source.as_deref().and_then(map_of);
            add_sheet(&mut module, sheet);
        }
        let targets = self.resolve_imports(&mut module, &mut diagnostics, &mut assets);
        ScannedModule {
            module,
            tree: ModuleTree {
                body,
                globals: parsed.globals,
                unresolved: parsed.unresolved,
                comments: parsed.comments,
                legal: parsed.legal,
                renamed: parsed.renamed,
                input_map,
            },
            pending,
            assets,
            targets,
            diagnostics,
        }
    }

    /// The `tsconfig.json` of a module, if it is a script and has one.
    fn tsconfig(
        &self,
        path: &str,
        resolved: &ResolvedFile,
        loader: Loader,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Option<Arc<TsConfig>>, Diagnostic> {
        if !loader.is_script() || path == runtime::PATH {
            return Ok(None);
        }
        let place = || {
            let nearest = self.options.tsconfig.clone();
            let nearest = nearest.or_else(|| self.resolver.nearest_path(&resolved.file));
            let file = nearest.map(|file| crate::fs::relative(&self.options.root, &file));
            Location::file(file.unwrap_or_else(|| path.to_owned()))
        };
        match self.resolver.tsconfig(&resolved.file) {
            Ok(tsconfig) => Ok(tsconfig),
            Err(TsconfigError::NoBase(base)) => {
                let base = crate::fs::relative(&self.options.root, &base);
                diagnostics.push(
                    Diagnostic::warning(
                        "build/tsconfig",
                        format!("a tsconfig extends `{base}`, which is no file and no package"),
                    )
                    .at(place())
                    .hint("install it, or correct `extends`; until then the tsconfig is left out"),
                );
                Ok(None)
            }
            Err(TsconfigError::Syntax(file, line, column, message)) => {
                let path = crate::fs::relative(&self.options.root, &file);
                let text = self.files.read(&file).unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                let location = Location {
                    line: line.max(1),
                    column: column.max(1),
                    line_text: text
                        .lines()
                        .nth(line.saturating_sub(1))
                        .unwrap_or_default()
                        .to_owned(),
                    ..Location::file(path)
                };
                Err(Diagnostic::error("build/tsconfig", message).at(location))
            }
            Err(TsconfigError::Invalid(error)) => {
                Err(Diagnostic::error("build/tsconfig", error).at(place()))
            }
        }
    }

    /// Takes the closures from `CommonJS` modules that can do without, and judges all that waited for that.
    fn settle_pending(
        &self,
        graph: &mut ModuleGraph,
        trees: &mut [ModuleTree],
        pending: Vec<Option<Pending>>,
    ) {
        let mut shapes = FxHashMap::default();
        let mut waiting = Vec::new();
        for (id, pending) in graph.ids().zip(pending) {
            waiting.push(pending.map(|Pending { found, marks, shape }| {
                shapes.insert(id, shape);
                (found, marks)
            }));
        }
        if shapes.is_empty() {
            return;
        }
        let flat = find_flat(graph, &shapes, self.options);
        let ids: Vec<ModuleId> = graph.ids().collect();
        ids.into_par_iter().zip(&mut graph.modules).zip(trees).zip(waiting).for_each(
            |(((id, module), tree), waiting)| {
                let Some((mut found, marks)) = waiting else { return };
                let globals = std::mem::take(&mut tree.globals);
                swc_core::common::GLOBALS.set(&globals, || {
                    let exports = flat.exports.get(&id).copied();
                    let imports = &flat.imports[&id];
                    if exports.is_some() || !imports.is_empty() {
                        let (body, shape) = (found.body, &shapes[&id]);
                        let unresolved = marks.unresolved;
                        let program = flatten(body, shape, exports, imports, unresolved, module);
                        (*module, found) = self.find_flattened(module, program, exports, &marks);
                        module.is_inert = flat.inert.contains(&id);
                    }
                    tree.body = judge(module, found, &marks, &mut tree.comments, self.options);
                });
                tree.globals = globals;
            },
        );
    }

    /// The module of a program that was flattened, with what it exports if it has no closure.
    fn find_flattened(
        &self,
        module: &mut Module,
        program: Program,
        exports: Option<FlatExports>,
        marks: &Marks,
    ) -> (Module, Found) {
        let before = std::mem::replace(
            module,
            empty_module(String::new(), PathBuf::new(), ModuleSideEffects::ByStatement),
        );
        let mut flat = Module {
            loader: before.loader,
            asset_url: before.asset_url,
            bytes: before.bytes,
            uses_node_interop: before.uses_node_interop,
            global_uses: before.global_uses,
            asks_for_main: before.asks_for_main,
            binding_uses: before.binding_uses,
            worker_uses: before.worker_uses,
            ..empty_module(before.path, before.file, before.side_effects)
        };
        let input = FindInput {
            marks,
            source_map: &self.source_map,
            options: self.options,
            is_type_module: None,
            injected: &[],
            helpers: &[],
        };
        let found = find(&mut flat, program, &input);
        flat.flat = exports;
        flat.has_esm_syntax = exports.is_some();
        flat.format = if exports.is_some() { ModuleFormat::Esm } else { ModuleFormat::CommonJs };
        (flat.directives, flat.hashbang) = (before.directives, before.hashbang);
        let known: FxHashMap<_, _> =
            before.imports.into_iter().map(|record| (record.position, record)).collect();
        for record in &mut flat.imports {
            if let Some(before) = known.get(&record.position) {
                record.location = before.location.clone();
                record.may_fail = before.may_fail;
                record.asset = before.asset.clone();
                record.target = before.target.clone();
            }
        }
        (flat, found)
    }

    /// Files that the code of the project reads beside itself are not part of the output, where the folder is another.
    fn warn_of_lost_files(
        &self,
        module: &Module,
        body: &[Stmt],
        unresolved: SyntaxContext,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let may_have = module.uses_import_meta
            || ["__dirname", "require"]
                .iter()
                .any(|name| module.unresolved.contains(&Atom::from(*name)));
        if !may_have || module.path.contains("node_modules/") {
            return;
        }
        let Some(folder) = module.file.parent() else { return };
        for (path, span) in paths_beside(body, unresolved) {
            let file = crate::fs::normalize(&folder.join(path.trim_start_matches('/')));
            // What is required may lack its ending.
            let endings: &[&str] = if path.starts_with('.') {
                &["", ".js", ".cjs", ".mjs", ".json", ".ts"]
            } else {
                &[""]
            };
            let mut files = endings.iter().map(|ending| {
                let mut name = file.clone().into_os_string();
                name.push(ending);
                PathBuf::from(name)
            });
            let is_file = |file: &PathBuf| matches!(self.files.kind(file), Ok(FileKind::File));
            let Some(file) = files.find(is_file) else { continue };
            let name = relative(&self.options.root, &file);
            let length = span.hi.0.saturating_sub(span.lo.0) as usize;
            diagnostics.push(
                Diagnostic::warning(
                    "build/file-beside-source",
                    format!("`{name}` is read beside the source, and the output is elsewhere"),
                )
                .at(location_at(&self.source_map, &module.path, span.lo, length))
                .hint("import it (`--loader .ext=file` or `text`), or copy it beside the output"),
            );
        }
    }

    /// The file behind `new URL("./x", import.meta.url)` as an asset. Code stays as it is: it is run by a runtime that
    /// bundles nothing, a worker for instance.
    fn url_asset(
        &self,
        module: &Module,
        record: &ImportRecord,
        diagnostics: &mut Vec<Diagnostic>,
        assets: &mut Vec<Asset>,
    ) -> Option<Resolved> {
        let file = crate::fs::normalize(&module.file.parent()?.join(&*record.specifier));
        let is_code = load::loader_of(&file, None, self.options)
            .is_some_and(|loader| loader.is_script() && file.extension().is_some());
        if is_code {
            let is_own = !module.path.contains("node_modules/") && !self.entries.contains(&file);
            if is_own && matches!(self.files.kind(&file), Ok(FileKind::File)) {
                let name = relative(&self.options.root, &file);
                diagnostics.push(
                    Diagnostic::warning(
                        "build/url-of-code",
                        format!("`{name}` is code that only its URL leads to, so it is not in the output"),
                    )
                    .at(record.location.clone())
                    .hint("make it an entry point of the build, and name its output here"),
                );
            }
            return None;
        }
        let asset = load::asset_of(&file, self.files.read(&file).ok()?, self.options);
        let (url, source) = (load::url_of(&asset, self.options), asset.source.clone());
        assets.push(asset);
        Some(Resolved::Copied(url, source))
    }

    /// What a style sheet means by an `@import` or a `url()`: names without `./` are relative, too, and may be packages.
    fn sheet_import(
        &self,
        module: &Module,
        record: &ImportRecord,
        diagnostics: &mut Vec<Diagnostic>,
        assets: &mut Vec<Asset>,
    ) -> Option<Resolved> {
        let specifier = record.specifier.as_str();
        let is_data = specifier.starts_with("data:") && record.kind == ImportKind::Sheet;
        if is_foreign_url(specifier) && !is_data {
            return Some(Resolved::External(specifier.to_owned()));
        }
        let (path, rest) = match specifier.find(['?', '#']) {
            Some(at) if record.kind == ImportKind::Url => specifier.split_at(at),
            _ => (specifier, ""),
        };
        let is_full = path.starts_with('.') || is_data;
        let relative = if is_full { path.to_owned() } else { format!("./{path}") };
        let resolved =
            self.resolver.resolve(&module.file, &relative, ResolveKind::Sheet).or_else(|error| {
                let resolved = self.resolver.resolve(&module.file, path, ResolveKind::Sheet);
                resolved.map_err(|other| if path.starts_with('.') { error } else { other })
            });
        let file = match resolved {
            Ok(Resolved::File(file)) => file,
            Ok(external) => return Some(external),
            Err(error) => {
                let error = Diagnostic::error("build/not-found", error.message);
                diagnostics.push(with_hints(error.at(record.location.clone()), Vec::new()));
                return None;
            }
        };
        if record.kind == ImportKind::Sheet {
            return Some(Resolved::File(file));
        }
        let bytes = match self.files.read(&file.file) {
            Ok(bytes) => bytes,
            Err(error) => {
                diagnostics.push(
                    Diagnostic::error("build/read", format!("`{path}` cannot be read: {error}"))
                        .at(record.location.clone()),
                );
                return None;
            }
        };
        match load::loader_of(&file.file, None, self.options) {
            Some(Loader::DataUrl | Loader::Base64 | Loader::Binary | Loader::Text) => {
                let fragment = rest.find('#').and_then(|at| rest.get(at..)).unwrap_or_default();
                let url = load::data_url(&file.file, &bytes) + fragment;
                return Some(Resolved::External(url));
            }
            Some(Loader::Empty) => return Some(Resolved::External(String::new())),
            _ => {}
        }
        let asset = load::asset_of(&file.file, bytes, self.options);
        let url = format!("{}{rest}", load::url_of(&asset, self.options));
        let source = asset.source.clone();
        assets.push(asset);
        Some(Resolved::Copied(url, source))
    }

    fn resolve_imports(
        &self,
        module: &mut Module,
        diagnostics: &mut Vec<Diagnostic>,
        assets: &mut Vec<Asset>,
    ) -> Vec<Option<Resolved>> {
        let mut targets = Vec::new();
        let is_left_to_runtime =
            matches!(module.loader, Loader::Copy | Loader::Wasm | Loader::Napi);
        for record in &module.imports {
            if record.specifier == *runtime::PATH {
                targets.push(None);
                continue;
            }
            if is_left_to_runtime {
                targets.push(Some(Resolved::External(record.specifier.to_string())));
                continue;
            }
            if module.sheet.is_some() && record.kind != ImportKind::Static {
                targets.push(self.sheet_import(module, record, diagnostics, assets));
                continue;
            }
            if record.kind == ImportKind::Url {
                targets.push(self.url_asset(module, record, diagnostics, assets));
                continue;
            }
            let kind = match record.kind {
                ImportKind::Require | ImportKind::RequireResolve => ResolveKind::Require,
                ImportKind::Static | ImportKind::Dynamic | ImportKind::Url | ImportKind::Sheet => {
                    ResolveKind::Import
                }
            };
            match self.resolver.resolve(&module.file, &record.specifier, kind) {
                Ok(resolved) => targets.push(Some(resolved)),
                Err(error) => {
                    let diagnostic = if record.may_fail {
                        Diagnostic::warning("build/not-found", error.message)
                            .at(record.location.clone())
                            .hint("the import may fail at run time, as the code around it expects")
                    } else {
                        with_hints(
                            Diagnostic::error("build/not-found", error.message)
                                .at(record.location.clone()),
                            error.hints,
                        )
                    };
                    diagnostics.push(diagnostic);
                    targets.push(None);
                }
            }
        }
        targets
    }
}

fn location_of(path: &str, place: &Place) -> Location {
    Location {
        file: path.to_owned(),
        line: place.line,
        column: place.column.max(1),
        length: 1,
        line_text: place.line_text.clone(),
    }
}

/// What a style sheet imports and names by URL, as imports of its module.
fn add_sheet(module: &mut Module, sheet: Sheet) {
    let imports =
        sheet.imports.iter().map(|import| (ImportKind::Sheet, &import.specifier, &import.place));
    let urls = sheet.urls.iter().map(|url| (ImportKind::Url, &url.specifier, &url.place));
    for (kind, specifier, place) in imports.chain(urls) {
        module.imports.push(ImportRecord {
            kind,
            specifier: specifier.as_str().into(),
            position: swc_core::common::BytePos::DUMMY,
            location: location_of(&module.path, place),
            attribute_type: None,
            may_fail: false,
            taken: None,
            asset: None,
            target: ImportTarget::Missing,
        });
    }
    module.sheet = Some(sheet);
}

/// Whether a URL in a style sheet leads elsewhere, or to a place in the page.
fn is_foreign_url(url: &str) -> bool {
    url.starts_with(['/', '#'])
        || url.split_once(':').is_some_and(|(scheme, _)| {
            scheme.len() > 1 && scheme.chars().all(|letter| letter.is_ascii_alphanumeric())
        })
}

fn side_effects(resolved: &ResolvedFile) -> ModuleSideEffects {
    if resolved.is_side_effect_free {
        ModuleSideEffects::NoneSaysPackage
    } else {
        ModuleSideEffects::ByStatement
    }
}

fn empty_module(path: String, file: PathBuf, side_effects: ModuleSideEffects) -> Module {
    Module {
        path,
        file,
        loader: Loader::Js,
        sheet: None,
        asset_url: None,
        bytes: 0,
        format: ModuleFormat::Esm,
        flat: None,
        is_inert: false,
        in_circle: false,
        has_esm_syntax: false,
        uses_node_interop: false,
        side_effects,
        imports: Vec::new(),
        symbols: Vec::new(),
        symbol_of: FxHashMap::default(),
        named_imports: FxHashMap::default(),
        constants: FxHashMap::default(),
        aliases: FxHashMap::default(),
        enums: FxHashMap::default(),
        exports: Vec::new(),
        export_of: FxHashMap::default(),
        export_stars: Vec::new(),
        statements: Vec::new(),
        unresolved: rustc_hash::FxHashSet::default(),
        nested_names: rustc_hash::FxHashSet::default(),
        has_top_level_await: false,
        has_direct_eval: false,
        uses_import_meta: false,
        has_plain_exports: false,
        uses_top_level_this: false,
        default_symbol: None,
        hashbang: None,
        directives: Vec::new(),
        global_uses: Vec::new(),
        asks_for_main: false,
        binding_uses: Vec::new(),
        worker_uses: Vec::new(),
    }
}

/// A module that could not be read: it has no content, and its diagnostics stop the build after the scan.
fn failed(path: String, resolved: &ResolvedFile, diagnostics: Vec<Diagnostic>) -> ScannedModule {
    ScannedModule {
        module: empty_module(path, resolved.file.clone(), side_effects(resolved)),
        tree: ModuleTree {
            body: Vec::new(),
            globals: Globals::new(),
            unresolved: SyntaxContext::empty(),
            comments: KeptComments::default(),
            legal: Vec::new(),
            renamed: FxHashMap::default(),
            input_map: None,
        },
        pending: None,
        assets: Vec::new(),
        targets: Vec::new(),
        diagnostics,
    }
}
