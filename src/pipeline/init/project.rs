//! What a project is, by what stands in its folder: nothing is guessed that a file says.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::frameworks::{Builder, flag};
use crate::config::file::read_yaml;
use crate::config::wrangler::Wrangler;
use crate::fs::{DiskFileSystem, FileSystem as _};

/// Entry points that are looked for when no file names one.
const ENTRIES: [&str; 22] = [
    "src/index.ts",
    "src/index.tsx",
    "src/main.ts",
    "src/main.tsx",
    "src/index.js",
    "src/index.jsx",
    "src/main.js",
    "src/main.jsx",
    "src/index.mts",
    "src/index.mjs",
    "src/server.ts",
    "src/server.js",
    "src/cli.ts",
    "src/cli.js",
    "src/worker.ts",
    "src/worker.js",
    "index.ts",
    "index.tsx",
    "index.js",
    "index.mjs",
    "main.ts",
    "main.js",
];

/// Extensions of scripts; sources come before what they are compiled to.
const SCRIPTS: [&str; 8] = ["ts", "tsx", "mts", "cts", "jsx", "mjs", "js", "cjs"];

/// Folders of outputs, which sources are looked for outside of.
const OUTPUTS: [&str; 6] = ["dist", "build", "out", "output", "lib", ".output"];

/// Packages of which a browser shows something.
const OF_BROWSERS: [&str; 8] =
    ["react-dom", "preact", "vue", "svelte", "solid-js", "lit", "@angular/core", "jquery"];

/// A project, as its settings and its part of the workflow need to know it.
pub(super) struct Project {
    /// The name of its package or folder.
    pub(super) name: String,
    pub(super) builder: Option<Builder>,
    /// Where a build of ours starts, and why there.
    pub(super) entries: Vec<Entry>,
    pub(super) deploy: Option<Fact>,
    pub(super) target: Option<Fact>,
    pub(super) format: Option<Fact>,
    /// Packages that are left to the runtime.
    pub(super) external: Vec<String>,
    /// Whether it is for other projects to import, which have its dependencies.
    pub(super) is_library: bool,
    /// The command that runs a script of package.json.
    pub(super) run: &'static str,
}

/// A value, and which file says so.
pub(super) struct Fact {
    pub(super) value: &'static str,
    pub(super) because: String,
}

/// A file that a build starts from.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) source: String,
    /// The output that a file of the project names.
    pub(super) output: Option<String>,
    /// Where it is named.
    pub(super) because: String,
}

impl Project {
    /// Whether there is something that can be built or gated.
    pub(super) fn is_known(&self) -> bool {
        self.builder.is_some() || !self.entries.is_empty()
    }

    /// Looks at a folder. `root` is that of the repository, which may have the lock file.
    pub(super) fn look(folder: &Path, root: &Path) -> Self {
        let package = read_json(&folder.join("package.json"));
        let name = package["name"].as_str().map(|name| name.rsplit('/').next().unwrap_or(name));
        let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let manager = Manager::of(folder, root);
        let look = Look { folder, package: &package };
        let found = look.entries();
        let (deploy, target) = look.runtime(&found);
        let is_module = package["type"] == "module";
        let runs_in_node = target.as_ref().is_some_and(|target| target.value == "node");
        let format = match found.format {
            Some(format) => Some(format),
            // Node reads a `.js` by the nearest package.json.
            None if runs_in_node && !is_module && !found.entries.iter().any(is_named_module) => {
                let because = "`package.json` does not say `\"type\": \"module\"`".to_owned();
                Some(Fact { value: "cjs", because })
            }
            None => None,
        };
        Self {
            name: name.map(str::to_owned).or(folder_name).unwrap_or_else(|| "app".to_owned()),
            builder: Builder::of(folder, &package),
            entries: found.entries,
            deploy,
            target,
            format,
            external: found.external,
            is_library: found.is_library,
            run: manager.run(),
        }
    }
}

/// A program that installs packages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Npm {
        has_lock: bool,
    },
    Pnpm,
    /// Version 1, which knows other flags than the later ones.
    YarnClassic,
    Yarn,
    Bun,
}

impl Manager {
    /// The one whose lock file is nearest, else the one that package.json names.
    pub(super) fn of(folder: &Path, root: &Path) -> Self {
        let folders: Vec<&Path> =
            folder.ancestors().take_while(|above| above.starts_with(root)).collect();
        for folder in &folders {
            let is_there = |name: &str| DiskFileSystem.kind(&folder.join(name)).is_ok();
            if is_there("pnpm-lock.yaml") {
                return Self::Pnpm;
            }
            if let Ok(lock) = DiskFileSystem.read(&folder.join("yarn.lock")) {
                let is_classic = String::from_utf8_lossy(&lock).contains("# yarn lockfile v1");
                return if is_classic { Self::YarnClassic } else { Self::Yarn };
            }
            if is_there("bun.lock") || is_there("bun.lockb") {
                return Self::Bun;
            }
            if is_there("package-lock.json") || is_there("npm-shrinkwrap.json") {
                return Self::Npm { has_lock: true };
            }
        }
        let named = folders.iter().find_map(|folder| {
            let package = read_json(&folder.join("package.json"));
            package["packageManager"].as_str().map(str::to_owned)
        });
        match named.as_deref().map(|named| named.split_once('@').unwrap_or((named, ""))) {
            Some(("pnpm", _)) => Self::Pnpm,
            Some(("yarn", version)) if version.starts_with("1.") => Self::YarnClassic,
            Some(("yarn", _)) => Self::Yarn,
            Some(("bun", _)) => Self::Bun,
            _ => Self::Npm { has_lock: false },
        }
    }

    /// The command that installs what the lock file says, and changes nothing in it.
    pub(super) fn install(self) -> &'static str {
        match self {
            Self::Npm { has_lock: true } => "npm ci",
            Self::Npm { has_lock: false } => "npm install",
            Self::Pnpm => "corepack enable && pnpm install --frozen-lockfile",
            Self::YarnClassic => "corepack enable && yarn install --frozen-lockfile",
            Self::Yarn => "corepack enable && yarn install --immutable",
            Self::Bun => "npx --yes bun@1.3.8 install --frozen-lockfile",
        }
    }

    fn run(self) -> &'static str {
        match self {
            Self::Npm { .. } => "npm run",
            Self::Pnpm => "pnpm run",
            Self::YarnClassic | Self::Yarn => "yarn run",
            Self::Bun => "npx --yes bun@1.3.8 run",
        }
    }
}

/// What was found of where a build starts and goes.
#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    format: Option<Fact>,
    /// The runtime that a command builds for.
    platform: Option<Fact>,
    external: Vec<String>,
    /// Whether it is for other projects to import, which have its dependencies.
    is_library: bool,
    /// Whether a program or an action is made, which Node runs.
    is_for_node: Option<String>,
}

struct Look<'a> {
    folder: &'a Path,
    package: &'a Value,
}

impl Look<'_> {
    fn is_file(&self, path: &str) -> bool {
        let kind = DiskFileSystem.kind(&self.folder.join(path));
        matches!(kind, Ok(crate::fs::FileKind::File))
    }

    fn entries(&self) -> Found {
        let mut found = Found::default();
        self.of_wrangler(&mut found);
        if found.entries.is_empty() {
            self.of_action(&mut found);
        }
        if found.entries.is_empty() {
            self.of_scripts(&mut found);
        }
        if found.entries.is_empty() {
            self.of_page(&mut found);
        }
        if found.entries.is_empty() {
            self.of_package(&mut found);
        }
        if found.entries.is_empty() {
            let usual = ENTRIES.iter().find(|path| self.is_file(path));
            found.entries.extend(usual.map(|path| Entry {
                source: (*path).to_owned(),
                output: None,
                because: "is there".to_owned(),
            }));
        }
        found
    }

    /// `main` of a Worker.
    fn of_wrangler(&self, found: &mut Found) {
        let Ok(Some(wrangler)) = Wrangler::read(self.folder) else { return };
        let main = wrangler.main.trim_start_matches("./");
        if !main.is_empty() && self.is_file(main) {
            let because = format!("`main` of `{}`", wrangler.file);
            found.entries.push(Entry { source: main.to_owned(), output: None, because });
        }
    }

    /// `main`, `pre` and `post` of an action of JavaScript.
    fn of_action(&self, found: &mut Found) {
        let action = ["action.yml", "action.yaml"].iter().find_map(|name| {
            let bytes = DiskFileSystem.read(&self.folder.join(name)).ok()?;
            Some((*name, read_yaml(&bytes)?))
        });
        let Some((name, action)) = action else { return };
        let runs = &action["runs"];
        if !runs["using"].as_str().is_some_and(|using| using.starts_with("node")) {
            return;
        }
        for key in ["main", "pre", "post"] {
            let Some(output) = runs[key].as_str() else { continue };
            let because = format!("`{key}` of `{name}`");
            found.entries.extend(self.entry_for(output, because));
        }
        found.is_for_node = Some(format!("`{name}` says so"));
    }

    /// Files in a command of a bundler that takes its place here.
    fn of_scripts(&self, found: &mut Found) {
        let scripts = self.package["scripts"].as_object();
        let mut scripts: Vec<(&str, &str)> = scripts
            .into_iter()
            .flatten()
            .filter_map(|(name, command)| Some((name.as_str(), command.as_str()?)))
            .collect();
        // `build` is the one that says what is released.
        scripts.sort_by_key(|(name, _)| *name != "build");
        for (name, script) in scripts {
            for command in script.split("&&").flat_map(|part| part.split(';')) {
                let words: Vec<&str> = command.split_whitespace().collect();
                let tool = match words.as_slice() {
                    ["npx" | "bunx", rest @ ..] => rest.first(),
                    rest => rest.first(),
                };
                let (Some(tool), because) = (tool, format!("the script `{name}`")) else {
                    continue;
                };
                let is_bundler = matches!(*tool, "esbuild" | "tsup" | "ncc" | "tsdown")
                    || command.trim().starts_with("bun build");
                if !is_bundler {
                    continue;
                }
                self.of_command(tool, command, &because, found);
                if !found.entries.is_empty() {
                    return;
                }
            }
        }
    }

    fn of_command(&self, tool: &str, command: &str, because: &str, found: &mut Found) {
        let sources: Vec<&str> = command
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'']).trim_start_matches("./"))
            .filter(|word| extension(word).is_some_and(|end| SCRIPTS.contains(&end)))
            .filter(|word| self.is_file(word))
            .collect();
        let outfile = flag(command, &["--outfile"]);
        let outdir = flag(command, &["--outdir", "--out-dir", "-d", "-o", "--out"]);
        for source in &sources {
            let stem = stem(source).rsplit('/').next().unwrap_or_default();
            let output = match (&outfile, &outdir, tool) {
                (Some(file), _, _) => Some(file.clone()),
                (None, Some(folder), "ncc") => Some(format!("{folder}/index.js")),
                (None, Some(folder), _) => Some(format!("{folder}/{stem}.js")),
                (None, None, _) => None,
            };
            let because = because.to_owned();
            found.entries.push(Entry { source: (*source).to_owned(), output, because });
        }
        let fact = |value| Some(Fact { value, because: because.to_owned() });
        found.format = match flag(command, &["--format"]).as_deref() {
            Some("cjs") => fact("cjs"),
            Some("iife") => fact("iife"),
            _ => None,
        };
        found.platform = match flag(command, &["--platform", "--target"]).as_deref() {
            Some("node") => fact("node"),
            Some("bun") => fact("bun"),
            Some("browser") => fact("browser"),
            _ if matches!(tool, "ncc" | "tsup") => fact("node"),
            _ => None,
        };
        found.external = command
            .split_whitespace()
            .filter_map(|word| {
                word.strip_prefix("--external:").or_else(|| word.strip_prefix("--external="))
            })
            .map(|name| name.trim_matches(['"', '\'']).to_owned())
            .collect();
        found.is_library |= command.contains("--packages=external") || tool == "tsup";
    }

    /// Modules that `index.html` loads.
    fn of_page(&self, found: &mut Found) {
        let Ok(page) = DiskFileSystem.read(&self.folder.join("index.html")) else { return };
        let page = String::from_utf8_lossy(&page);
        for tag in page.split("<script").skip(1).filter_map(|rest| rest.split('>').next()) {
            let Some((_, source)) = tag.split_once("src=") else { continue };
            let source = source.trim_start_matches(['"', '\'']);
            let source = source.split(['"', '\'', ' ']).next().unwrap_or_default();
            let source = source.trim_start_matches("./").trim_start_matches('/');
            if self.is_file(source) {
                let because = "`index.html` loads it".to_owned();
                found.entries.push(Entry { source: source.to_owned(), output: None, because });
            }
        }
    }

    /// Sources of what package.json offers to other programs: commands, else exports.
    fn of_package(&self, found: &mut Found) {
        let mut bins = Vec::new();
        strings_of(&self.package["bin"], &mut bins);
        for output in &bins {
            let because = "`bin` of `package.json`".to_owned();
            found.entries.extend(self.entry_for(output, because));
        }
        if !found.entries.is_empty() {
            found.is_for_node = Some("`bin` of `package.json` names it".to_owned());
            found.entries.dedup();
            return;
        }
        let mut seen = BTreeSet::new();
        for field in ["source", "exports", "module", "main"] {
            let mut outputs = Vec::new();
            strings_of(&self.package[field], &mut outputs);
            for output in outputs.iter().filter(|output| !output.contains('*')) {
                let because = format!("`{field}` of `package.json`");
                let entry = self.entry_for(output, because);
                found.entries.extend(entry.filter(|entry| seen.insert(entry.source.clone())));
            }
            found.is_library |= field == "exports" && !found.entries.is_empty();
            if !found.entries.is_empty() {
                break;
            }
        }
    }

    /// The source of an output, or a source that is named itself.
    fn entry_for(&self, path: &str, because: String) -> Option<Entry> {
        let path = path.trim_start_matches("./");
        let is_script = extension(path).is_some_and(|end| SCRIPTS.contains(&end));
        if !is_script
            || path.ends_with(".d.ts")
            || path.ends_with(".d.mts")
            || path.ends_with(".d.cts")
        {
            return None;
        }
        let (first, inside) = path.split_once('/').unwrap_or(("", path));
        let is_output = OUTPUTS.contains(&first);
        if !is_output && self.is_file(path) {
            return Some(Entry { source: path.to_owned(), output: None, because });
        }
        let inside = stem(if is_output { inside } else { path });
        let inside = inside.strip_prefix("src/").unwrap_or(inside);
        let name = inside
            .rsplit_once('/')
            .map_or(inside, |(folder, name)| if name == "index" { folder } else { name });
        let mut names = vec![format!("src/{inside}"), inside.to_owned(), format!("src/{name}")];
        if inside == "index" {
            names.extend(["src/main".to_owned(), "main".to_owned()]);
        }
        let source = names
            .iter()
            .flat_map(|name| SCRIPTS.iter().map(move |end| format!("{name}.{end}")))
            .find(|source| source != path && self.is_file(source))?;
        Some(Entry { source, output: Some(path.to_owned()), because })
    }

    /// The preset of what it is deployed to, or the runtime.
    fn runtime(&self, found: &Found) -> (Option<Fact>, Option<Fact>) {
        let is_there = |name: &str| DiskFileSystem.kind(&self.folder.join(name)).is_ok();
        let depends = |name: &str| {
            ["dependencies", "devDependencies", "peerDependencies"]
                .iter()
                .any(|kind| self.package[*kind].get(name).is_some())
        };
        if let Ok(Some(wrangler)) = Wrangler::read(self.folder) {
            let because = format!("`{}` is there", wrangler.file);
            return (Some(Fact { value: "workers", because }), None);
        }
        if let Some(because) = &found.is_for_node {
            return (None, Some(Fact { value: "node", because: because.clone() }));
        }
        if let Some(platform) = &found.platform {
            let because = platform.because.clone();
            return (None, Some(Fact { value: platform.value, because }));
        }
        let is_page = is_there("index.html")
            || self.package.get("browser").is_some()
            || OF_BROWSERS.iter().any(|name| depends(name));
        if is_page {
            return (None, None);
        }
        let types = ["@types/bun", "bun-types"].iter().find(|name| depends(name));
        if let Some(types) =
            types.copied().or_else(|| is_there("bunfig.toml").then_some("bunfig.toml"))
        {
            return (Some(Fact { value: "bun", because: format!("`{types}` is there") }), None);
        }
        let sign = if depends("@types/node") {
            "`@types/node` is there"
        } else if self.package["engines"].get("node").is_some() {
            "`engines` of `package.json` has `node`"
        } else {
            return (None, None);
        };
        (None, Some(Fact { value: "node", because: sign.to_owned() }))
    }
}

/// Whether an output says by its name that it is a module.
fn is_named_module(entry: &Entry) -> bool {
    entry.output.as_deref().is_some_and(|output| output.ends_with(".mjs"))
}

/// All strings in a value, in their order; those of `types` conditions are for the compiler alone.
fn strings_of(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|inner| strings_of(inner, found)),
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "types")
            .for_each(|(_, inner)| strings_of(inner, found)),
        _ => {}
    }
}

fn extension(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.rsplit_once('.').map(|(_, extension)| extension)
}

fn stem(path: &str) -> &str {
    match extension(path) {
        Some(extension) => path.strip_suffix(extension).unwrap_or(path).trim_end_matches('.'),
        None => path,
    }
}

/// A file of JSON; nothing where there is none that can be read.
pub(super) fn read_json(file: &Path) -> Value {
    let bytes = DiskFileSystem.read(file).unwrap_or_default();
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    serde_json::from_slice(text).unwrap_or_default()
}
