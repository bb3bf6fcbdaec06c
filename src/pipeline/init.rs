//! `bundlegate init`: a settings file and a workflow to start from, by what is in the folder. Nothing is overwritten.

use std::path::Path;

use super::Outcome;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{DiskFileSystem, FileSystem as _, write_new};

/// Where the files go.
const SETTINGS: &str = "bundlegate.yml";
const WORKFLOW: &str = ".github/workflows/bundlegate.yml";

/// Frameworks and bundlers, by the package that brings them: what they are called, their build script's folder, and
/// whether they write a metafile that we read.
const BUILDERS: [(&str, &str, &str); 9] = [
    ("next", "Next.js", ".next/static"),
    ("nuxt", "Nuxt", ".output/public"),
    ("astro", "Astro", "dist"),
    ("@sveltejs/kit", "SvelteKit", "build"),
    ("react-scripts", "Create React App", "build"),
    ("vite", "Vite", "dist"),
    ("webpack", "webpack", "dist"),
    ("rollup", "Rollup", "dist"),
    ("parcel", "Parcel", "dist"),
];

/// Entry points that are looked for when package.json names none.
const ENTRIES: [&str; 10] = [
    "src/index.ts",
    "src/index.tsx",
    "src/main.ts",
    "src/main.tsx",
    "src/index.js",
    "src/index.jsx",
    "src/main.js",
    "index.ts",
    "index.js",
    "src/worker.ts",
];

/// Commits that workflows pin: a commit and an action a line, with the version.
const PINNED: &str = include_str!("../../action/pinned.txt");

/// How a workflow names an action, by the commit that is known of it.
fn pinned(action: &str) -> String {
    PINNED
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(commit, rest)| {
            let version = rest.strip_prefix(action)?.trim();
            Some(format!("{action}@{commit} # {version}"))
        })
        .unwrap_or_else(|| action.to_owned())
}

/// What was found in a folder.
struct Project {
    name: String,
    /// Command that installs packages, and the one that runs a script.
    install: &'static str,
    script: &'static str,
    /// Name and output folder of what builds it, if that is not us.
    builder: Option<(&'static str, &'static str)>,
    entry: Option<String>,
    deploy: Option<&'static str>,
    has_build_script: bool,
}

fn look(folder: &Path) -> Project {
    let is_there = |name: &str| DiskFileSystem.kind(&folder.join(name)).is_ok();
    let package: serde_json::Value = DiskFileSystem
        .read(&folder.join("package.json"))
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default();
    let depends = |name: &str| {
        ["dependencies", "devDependencies"].iter().any(|kind| package[*kind].get(name).is_some())
    };
    let (install, script) = if is_there("pnpm-lock.yaml") {
        ("corepack enable && pnpm install --frozen-lockfile", "pnpm run")
    } else if is_there("yarn.lock") {
        ("corepack enable && yarn install --immutable", "yarn run")
    } else if is_there("bun.lock") || is_there("bun.lockb") {
        ("npx --yes bun@1.3.8 install --frozen-lockfile", "npx --yes bun@1.3.8 run")
    } else if is_there("package-lock.json") {
        ("npm ci", "npm run")
    } else {
        ("npm install", "npm run")
    };
    let sources = ["source", "module", "main"]
        .iter()
        .filter_map(|field| package[*field].as_str())
        .map(|path| path.trim_start_matches("./").to_owned());
    let entry =
        ENTRIES.iter().map(|path| (*path).to_owned()).chain(sources).find(|path| is_there(path));
    let name =
        package["name"].as_str().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let deploy =
        if is_there("wrangler.toml") || is_there("wrangler.jsonc") || is_there("wrangler.json") {
            Some("workers")
        } else if is_there("bun.lock") || is_there("bunfig.toml") {
            Some("bun")
        } else {
            None
        };
    Project {
        name: name.or(folder_name).unwrap_or_else(|| "app".to_owned()),
        install,
        script,
        builder: BUILDERS
            .iter()
            .find(|(package, ..)| depends(package))
            .map(|(_, title, output)| (*title, *output)),
        entry,
        deploy,
        has_build_script: package["scripts"].get("build").is_some(),
    }
}

fn settings(project: &Project) -> String {
    let mut text = String::from(
        "# Settings of bundlegate; `bundlegate schema` and docs/reference.md have all of them.\n\n",
    );
    let name: String = project
        .name
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .collect();
    text +=
        &format!("# Title of the report, and start of all keys in the store.\nname: {name}\n\n");
    if let Some((builder, output)) = project.builder {
        text += &format!(
            "# {builder} builds; its outputs pass the same gates.\nartifacts:\n  dir: {output}\n  # If it can write a metafile in esbuild's shape, the report says what changed in it:\n  # metafile: {output}/meta.json\n\n"
        );
    } else {
        if let Some(deploy) = project.deploy {
            text += &format!(
                "# A preset of target and format; each of its settings can be overridden.\ndeploy: {deploy}\n\n"
            );
        }
        let entry = project.entry.as_deref().unwrap_or("src/index.ts");
        text += &format!(
            "build:\n  # Files that the build starts from.\n  entrypoints: [{entry}]\n  outdir: dist\n  minify: true\n  sourcemap: linked\n  # Variables that may become constants in the outputs. Values of all others must not be in them.\n  env: PUBLIC_*\n\n"
        );
    }
    text += "# Files are signed when this variable is set: keep its value as a secret (`bundlegate keygen hmac --stdout`).\nsign: { hmac_key: env:HMAC_KEY, key_id: k1 }\n\n";
    text += "# Where deployments go. r2://BUCKET/PREFIX takes R2_ACCOUNT_ID, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY.\nstore: { url: \"dir:.bundlegate/store\" }\n\n";
    text += "# How large outputs may be, and how much they may grow against the base of a pull request.\nreport:\n  budgets:\n    - { path: \"*.js\", growth: 10%, level: warn }\n";
    text
}

fn workflow(project: &Project) -> String {
    let build = if project.builder.is_some() && project.has_build_script {
        format!("      - name: Build\n        run: {} build\n", project.script)
    } else {
        String::new()
    };
    format!(
        "# Builds, searches for leaked secrets, and reports sizes on pull requests.
name: bundlegate
on:
  push:
    branches: [main]
  pull_request:
# Nothing by default; each job asks for what it needs.
permissions: {{}}
concurrency:
  group: bundlegate-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}
jobs:
  release:
    name: Gate, store and report
    runs-on: ubuntu-latest
    permissions:
      contents: read
      pull-requests: write # the report; forks do without
    steps:
      - uses: {checkout}
        with:
          # The merge and its parents: sizes are compared with the first of them.
          fetch-depth: 2
          persist-credentials: false
      - name: Install
        run: {install}
{build}      - uses: {bundlegate}
        env:
          # Signs. The outputs are searched for its value, and for that of each variable that is set here: name those whose
          # values the build could have seen.
          HMAC_KEY: ${{{{ secrets.HMAC_KEY }}}}
",
        install = project.install,
        checkout = pinned("actions/checkout"),
        bundlegate = pinned("bundlegate/bundlegate"),
    )
}

/// Writes the two files, each only if it is not there.
#[must_use]
pub fn run_init(folder: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let project = look(folder);
    let mut found = vec![format!("install with `{}`", project.install)];
    match (project.builder, &project.entry) {
        (Some((builder, output)), _) => found.push(format!("{builder} builds into `{output}`")),
        (None, Some(entry)) => found.push(format!("the entry point is `{entry}`")),
        (None, None) => found.push("no entry point was found: set `build.entrypoints`".to_owned()),
    }
    outcome.done.push(format!("found: {}", found.join("; ")));
    for (name, text) in [(SETTINGS, settings(&project)), (WORKFLOW, workflow(&project))] {
        match write_new(&folder.join(name), text.as_bytes()) {
            Ok(()) => outcome.done.push(format!("wrote {name}")),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let message = format!("`{name}` is there already, and was left as it is");
                outcome.diagnostics.push(Diagnostic::note("init/exists", message));
            }
            Err(error) => {
                let message = format!("`{name}` cannot be written: {error}");
                outcome.error(ExitCode::Usage, Diagnostic::error("init/write", message));
            }
        }
    }
    outcome
}
