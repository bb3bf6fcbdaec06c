//! The packages of a repository that has several.

use std::collections::BTreeSet;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use super::project::read_json;
use crate::config::file::read_yaml;
use crate::fs::{DiskFileSystem, FileKind, FileSystem as _};

/// How deep folders of packages are looked for.
const DEPTH: usize = 4;

/// Folders of the packages that `workspaces` of package.json or `packages` of pnpm-workspace.yaml name, in their order.
pub(super) fn members(root: &Path) -> Vec<String> {
    let package = read_json(&root.join("package.json"));
    let workspaces = &package["workspaces"];
    let list = workspaces.as_array().or_else(|| workspaces["packages"].as_array());
    let mut patterns: Vec<String> =
        list.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    if let Ok(yaml) = DiskFileSystem.read(&root.join("pnpm-workspace.yaml")) {
        patterns.extend(listed(&String::from_utf8_lossy(&yaml)));
    }
    let matcher = |pattern: &str| -> Option<GlobMatcher> {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        let glob = GlobBuilder::new(pattern).literal_separator(true).build().ok()?;
        Some(glob.compile_matcher())
    };
    let (out, taken): (Vec<_>, Vec<_>) =
        patterns.iter().partition(|pattern| pattern.starts_with('!'));
    let taken: Vec<GlobMatcher> = taken.iter().filter_map(|pattern| matcher(pattern)).collect();
    let out: Vec<GlobMatcher> =
        out.iter().filter_map(|pattern| matcher(pattern.trim_start_matches('!'))).collect();
    if taken.is_empty() {
        return Vec::new();
    }
    let mut folders = BTreeSet::new();
    walk(root, "", DEPTH, &mut folders);
    let is_member = |folder: &String| {
        taken.iter().any(|glob| glob.is_match(folder))
            && !out.iter().any(|glob| glob.is_match(folder))
    };
    folders.into_iter().filter(is_member).collect()
}

/// Items of the list `packages` in a pnpm-workspace.yaml: <https://pnpm.io/pnpm-workspace_yaml>.
fn listed(yaml: &str) -> Vec<String> {
    let yaml = read_yaml(yaml.as_bytes()).unwrap_or_default();
    let items = yaml["packages"].as_array().into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Adds the folders below one that have a package.json.
fn walk(root: &Path, below: &str, depth: usize, found: &mut BTreeSet<String>) {
    let Ok(names) = DiskFileSystem.read_dir(&root.join(below)) else { return };
    for name in names {
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let is_folder = matches!(DiskFileSystem.kind(&root.join(&path)), Ok(FileKind::Directory));
        if depth == 0 || !is_folder || name == "node_modules" || name.starts_with('.') {
            continue;
        }
        if DiskFileSystem.kind(&root.join(&path).join("package.json")).is_ok() {
            found.insert(path.clone());
        }
        walk(root, &path, depth - 1, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_pnpm() {
        let yaml = "# c\npackages:\n  - 'packages/*' # all\n  # apps\n  - \"apps/*\"\n\n  - '!**/test'\ncatalog:\n  - no\n";
        assert_eq!(listed(yaml), ["packages/*", "apps/*", "!**/test"]);
    }
}
