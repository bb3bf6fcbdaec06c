//! The texts that `bundlegate init` writes. Each line says where it comes from.

use super::frameworks::{Builder, Source};
use super::project::{Entry, Project};

/// Where the workflow goes, from the root of the repository.
pub(super) const WORKFLOW: &str = ".github/workflows/bundlegate.yml";

/// Commits that workflows pin: a commit and an action a line, with the version.
const PINNED: &str = include_str!("../../../action/pinned.txt");

/// A project of the repository.
pub(super) struct Member<'a> {
    /// Its folder, from the root of the repository; empty for the root itself.
    pub(super) folder: String,
    pub(super) project: &'a Project,
}

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

/// What was found of a project, a line each.
pub(super) fn findings(project: &Project) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(builder) = &project.builder {
        let said = match &builder.source {
            Source::Default => "which it does by itself".to_owned(),
            Source::Said(source) => format!("as {source} says"),
            Source::Unknown(file) => format!("unless `{file}` names another folder: look it up"),
        };
        lines.push(format!("{} builds into `{}`, {said}", builder.title, builder.folder));
        if builder.script.is_none() {
            lines.push(format!(
                "no script of `package.json` runs {}: add the step that builds",
                builder.title
            ));
        }
        return lines;
    }
    for entry in &project.entries {
        lines.push(format!("the entry point `{}` ({})", entry.source, entry.because));
    }
    for (what, fact) in
        [("deploy", &project.deploy), ("target", &project.target), ("format", &project.format)]
    {
        if let Some(fact) = fact {
            lines.push(format!("{what} `{}` ({})", fact.value, fact.because));
        }
    }
    lines
}

/// The settings of a project.
pub(super) fn settings(project: &Project) -> String {
    let mut text = String::from(
        "# Settings of bundlegate; `bundlegate schema` and docs/reference.md have all of them.\n\n",
    );
    let name: String = project
        .name
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .collect();
    text += &format!(
        "# Title of the report, and start of all keys in the store.\nname: {}\n\n",
        quoted(&name)
    );
    text += &match &project.builder {
        Some(builder) => artifacts(builder),
        None => build(project),
    };
    text += "# Files are signed when this variable is set: keep its value as a secret (`bundlegate keygen hmac --stdout`).\nsign: { hmac_key: env:HMAC_KEY, key_id: k1 }\n\n";
    text += "# Where deployments go. r2://BUCKET/PREFIX takes R2_ACCOUNT_ID, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY.\nstore: { url: \"dir:.bundlegate/store\" }\n\n";
    text += "# How large outputs may be, and how much they may grow against the base of a pull request.\nreport:\n  budgets:\n    - { path: \"*.js\", growth: 10%, level: warn }\n";
    text
}

/// The part of a project that another tool builds.
fn artifacts(builder: &Builder) -> String {
    let mut text =
        format!("# {} builds; its outputs pass the same gates.\nartifacts:\n", builder.title);
    text += &match &builder.source {
        Source::Default => {
            format!("  # Where {} puts them when nothing says otherwise.\n", builder.title)
        }
        Source::Said(source) => format!("  # As {source} says.\n"),
        Source::Unknown(file) => {
            format!(
                "  # `{file}` names a folder that only running it tells: correct this if it is another one.\n"
            )
        }
    };
    text += &format!(
        "  dir: {folder}\n  # If it can write a metafile in esbuild's shape, the report says what changed in it:\n  # metafile: {folder}/meta.json\n\n",
        folder = quoted(&builder.folder)
    );
    text
}

/// The part of a project that we build.
fn build(project: &Project) -> String {
    let mut text = String::new();
    if let Some(deploy) = &project.deploy {
        text += &format!(
            "# A preset of target and format, because {}; each of its settings can be overridden.\ndeploy: {}\n\n",
            deploy.because, deploy.value
        );
    }
    let entries: Vec<String> = project.entries.iter().map(|entry| quoted(&entry.source)).collect();
    let mut reasons: Vec<String> = project
        .entries
        .iter()
        .map(|entry| format!("`{}`: {}", entry.source, entry.because))
        .collect();
    reasons.dedup();
    text += &format!(
        "build:\n  # Files that the build starts from. {}.\n  entrypoints: [{}]\n",
        reasons.join("; "),
        entries.join(", ")
    );
    text += &output(&project.entries);
    for (name, fact) in [("target", &project.target), ("format", &project.format)] {
        if let Some(fact) = fact {
            text += &format!("  # {}.\n  {name}: {}\n", upper(&fact.because), fact.value);
        }
    }
    if project.is_library {
        text += "  # Whoever imports a library has its dependencies.\n  packages: external\n";
    } else if !project.external.is_empty() {
        let names: Vec<String> = project.external.iter().map(|name| quoted(name)).collect();
        text += &format!(
            "  # Left to the runtime, as the script says.\n  external: [{}]\n",
            names.join(", ")
        );
    }
    text += "  minify: true\n  sourcemap: linked\n  # Variables that may become constants in the outputs. Values of all others must not be in them.\n  env: PUBLIC_*\n\n";
    text
}

/// The folder, or the file where the project wants another name than the source has.
fn output(entries: &[Entry]) -> String {
    let outputs: Vec<&str> = entries.iter().filter_map(|entry| entry.output.as_deref()).collect();
    let named = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    if let ([entry], [output]) = (entries, outputs.as_slice()) {
        let source = named(&entry.source);
        let stem = source.rsplit_once('.').map_or(source.as_str(), |(stem, _)| stem);
        if named(output) != format!("{stem}.js") {
            return format!("  # As {} says.\n  outfile: {}\n", entry.because, quoted(output));
        }
    }
    let folder =
        outputs.first().and_then(|output| output.split_once('/')).map(|(folder, _)| folder);
    match (folder, entries) {
        (Some(folder), [entry, ..]) => {
            let folder = match outputs.as_slice() {
                [output] => output.rsplit_once('/').map_or(folder, |(folder, _)| folder),
                _ => folder,
            };
            format!("  # As {} says.\n  outdir: {}\n", entry.because, quoted(folder))
        }
        _ => "  outdir: dist\n".to_owned(),
    }
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// A text as a scalar of YAML, in quotes where it needs them.
fn quoted(text: &str) -> String {
    let is_plain = text.chars().all(|letter| letter.is_alphanumeric() || "-_./@".contains(letter))
        && text.starts_with(|letter: char| letter.is_alphabetic() || matches!(letter, '.' | '_'))
        && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// The workflow of the projects of a repository.
pub(super) fn workflow(members: &[Member<'_>], install: &str, branch: &str) -> String {
    let mut steps = String::new();
    for member in members {
        let folder = (!member.folder.is_empty()).then(|| quoted(&member.folder));
        let of = folder.as_ref().map(|folder| format!(" {folder}")).unwrap_or_default();
        if let Some(script) = member.project.builder.as_ref().and_then(|it| it.script.as_ref()) {
            steps +=
                &format!("      - name: Build{of}\n        run: {} {script}\n", member.project.run);
            if let Some(folder) = &folder {
                steps += &format!("        working-directory: {folder}\n");
            }
        }
        steps += &format!(
            "      - name: Gate, store and report{of}\n        uses: {}\n",
            pinned("bundlegate/bundlegate")
        );
        if let Some(folder) = &folder {
            steps += &format!("        with:\n          working-directory: {folder}\n");
        }
        steps += "        env:
          # Signs. The outputs are searched for its value, and for that of each variable that is set here: name those whose
          # values the build could have seen.
          HMAC_KEY: ${{ secrets.HMAC_KEY }}
";
    }
    format!(
        "# Builds, searches for leaked secrets, and reports sizes on pull requests.
name: bundlegate
on:
  push:
    branches: [{branch}]
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
{steps}",
        branch = quoted(branch),
        checkout = pinned("actions/checkout"),
    )
}
