//! The rules of the house: layers, doors, first lines, documents that name files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::support::root;

/// A block of `docs/ARCHITECTURE.md`: for each row, a name and what stands behind its `<-`.
fn table(block: &str) -> Vec<(String, BTreeSet<String>)> {
    let text = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let start = format!("```{block}\n");
    let rows = text.split(&start).nth(1).expect("the block is there").split("```").next().unwrap();
    rows.lines()
        .map(|row| {
            let (name, rest) = row.split_once("<-").expect("each row has `<-`");
            (name.trim().to_owned(), rest.split_whitespace().map(str::to_owned).collect())
        })
        .collect()
}

/// What each module may import, from the bottom up.
fn layers() -> Vec<(String, BTreeSet<String>)> {
    table("layers")
}

/// Rust files below `src`, with their path from there and their code without comments.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    bundlegate::fs::walk(&src)
        .unwrap()
        .into_iter()
        .filter(|path| Path::new(path).extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = std::fs::read_to_string(src.join(&path)).unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            (path, code)
        })
        .collect()
}

/// The module of the table that a file belongs to.
fn module_of(path: &str, layers: &[(String, BTreeSet<String>)]) -> Option<String> {
    let module = path.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    longest(&module, layers)
}

/// The longest entry of the table that a module path starts with.
fn longest(module: &str, layers: &[(String, BTreeSet<String>)]) -> Option<String> {
    layers
        .iter()
        .map(|(name, _)| name)
        .filter(|name| module == name.as_str() || module.starts_with(&format!("{name}::")))
        .max_by_key(|name| name.len())
        .cloned()
}

/// Modules of this crate that a file names, as paths from the crate's root.
fn named_modules(path: &str, code: &str) -> BTreeSet<String> {
    // Unit tests stand at the foot of a file and may look around.
    let code = code.split("#[cfg(test)]").next().unwrap();
    let own: Vec<&str> =
        path.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").collect();
    let mut named = BTreeSet::new();
    let mut statements: Vec<String> = Vec::new();
    for (prefix, base) in
        [("crate::", Vec::new()), ("super::super::", parent(&own, 2)), ("super::", parent(&own, 1))]
    {
        for (at, _) in code.match_indices(prefix) {
            if prefix == "super::"
                && (code[..at].ends_with("super::") || code[at..].starts_with("super::super::"))
            {
                continue;
            }
            let rest: String = code[at + prefix.len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || "_:".contains(*c))
                .collect();
            let mut full: Vec<&str> = base.clone();
            full.extend(rest.split("::").filter(|part| !part.is_empty()));
            // `a::{b, c::d}`: each of them, where no braces stand inside.
            let behind = &code[at + prefix.len() + rest.len()..];
            let group = behind.strip_prefix('{').and_then(|group| group.split('}').next());
            match group.filter(|group| !group.contains('{')) {
                Some(group) => statements.extend(group.split(',').map(|item| {
                    let mut item: Vec<&str> = item.trim().split("::").collect();
                    item.splice(0..0, full.iter().copied());
                    item.join("::")
                })),
                None => statements.push(full.join("::")),
            }
        }
    }
    named.extend(statements);
    named
}

fn parent<'a>(own: &[&'a str], up: usize) -> Vec<&'a str> {
    own[..own.len().saturating_sub(up)].to_vec()
}

#[test]
fn imports_follow_the_layers() {
    let layers = layers();
    let order: BTreeMap<&str, usize> =
        layers.iter().enumerate().map(|(index, (name, _))| (name.as_str(), index)).collect();
    for (name, allowed) in &layers {
        for other in allowed {
            assert!(
                order.contains_key(other.as_str()),
                "the row of `{name}` names `{other}`, which has no row"
            );
            assert!(
                order[other.as_str()] < order[name.as_str()],
                "`{name}` stands above `{other}`, which it imports"
            );
        }
    }
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        if ["main.rs", "lib.rs"].contains(&path.as_str()) {
            continue;
        }
        let Some(module) = module_of(&path, &layers) else {
            wrong.push(format!("src/{path} has no row in the layer table"));
            continue;
        };
        seen.insert(module.clone());
        let allowed = &layers.iter().find(|(name, _)| *name == module).unwrap().1;
        for named in named_modules(&path, &code) {
            match longest(&named, &layers) {
                Some(other)
                    if other != module
                        && !allowed.contains(&other)
                        && !module.starts_with(&format!("{other}::")) =>
                {
                    wrong.push(format!(
                        "src/{path} imports `{other}`, which the row of `{module}` does not name"
                    ));
                }
                _ => {}
            }
        }
    }
    for (name, _) in &layers {
        if !seen.contains(name) {
            wrong.push(format!("the layer table has a row for `{name}`, which has no file"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The file that a path of modules leads to: the longest part of it that is one.
fn file_of(module: &str, files: &BTreeSet<String>) -> Option<String> {
    let mut parts: Vec<&str> = module.split("::").collect();
    while !parts.is_empty() {
        let path = parts.join("/");
        let candidates = [format!("{path}.rs"), format!("{path}/mod.rs")];
        if let Some(found) = candidates.into_iter().find(|path| files.contains(path)) {
            return Some(found);
        }
        parts.pop();
    }
    None
}

/// In the bundler, no files import each other in a circle; a `mod.rs` imports what it declares.
#[test]
fn files_of_the_bundler_stand_in_no_circle() {
    let sources: Vec<(String, String)> =
        sources().into_iter().filter(|(path, _)| path.starts_with("bundle/")).collect();
    let files: BTreeSet<String> = sources.iter().map(|(path, _)| path.clone()).collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, code) in &sources {
        // A visibility is no import.
        let code = code.replace("(in crate::", "(in ");
        let named = named_modules(path, &code);
        let mut found: BTreeSet<String> =
            named.iter().filter_map(|module| file_of(module, &files)).collect();
        if let Some(folder) = path.strip_suffix("/mod.rs") {
            let declared = code.lines().filter_map(|line| {
                let name = line.split("mod ").nth(1)?.strip_suffix(';')?;
                file_of(&format!("{folder}/{name}").replace('/', "::"), &files)
            });
            found.extend(declared);
        }
        found.remove(path);
        imports.insert(path.clone(), found);
    }
    // What imports nothing that is left stands in no circle.
    loop {
        let free: Vec<String> = imports
            .iter()
            .filter(|(_, imports)| imports.is_empty())
            .map(|(path, _)| path.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        for path in free {
            imports.remove(&path);
            for others in imports.values_mut() {
                others.remove(&path);
            }
        }
    }
    assert!(imports.is_empty(), "these import each other: {imports:#?}");
}

#[test]
fn heavy_crates_stay_at_home() {
    let mut wrong = Vec::new();
    for (name, homes) in table("doors") {
        let mut is_used = false;
        for (path, code) in sources() {
            let path = format!("src/{path}");
            if !code.contains(&format!("{name}::")) {
                continue;
            }
            is_used = true;
            if !homes.iter().any(|home| {
                path == *home || (home.ends_with('/') && path.starts_with(home.as_str()))
            }) {
                wrong.push(format!(
                    "{path} names `{name}`, whose home is {}",
                    homes.iter().cloned().collect::<Vec<_>>().join(", ")
                ));
            }
        }
        if !is_used {
            wrong.push(format!("nobody uses `{name}`; take it out of the doors"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["src", "tests/it"] {
        let base = root().join(folder);
        for path in bundlegate::fs::walk(&base).unwrap() {
            if Path::new(&path).extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(base.join(&path)).unwrap();
                assert!(text.starts_with("//! "), "{folder}/{path} does not start with `//!`");
            }
        }
    }
}

/// Markdown files of the repository.
fn documents() -> Vec<String> {
    let mut documents: Vec<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"))
        .collect();
    for name in std::fs::read_dir(root().join("docs")).unwrap() {
        documents.push(format!("docs/{}", name.unwrap().file_name().into_string().unwrap()));
    }
    documents.sort();
    documents
}

#[test]
fn documents_name_files_that_exist() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(root().join(&document)).unwrap();
        for span in text.split('`').skip(1).step_by(2) {
            let path = span.trim_end_matches('/');
            let is_path =
                ["src/", "tests/", "docs/", "fixtures/", "benches/", ".github/", ".ci/", ".cargo/"]
                    .iter()
                    .any(|start| span.starts_with(start));
            if is_path && !span.contains(['*', '<', ' ', '\n']) && !root().join(path).exists() {
                wrong.push(format!("{document} names `{span}`, which does not exist"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn codes_are_documented() {
    let documented = std::fs::read_to_string(root().join("docs/codes.md")).unwrap();
    let areas = [
        "build/",
        "config/",
        "leak/",
        "budget/",
        "seal/",
        "store/",
        "report/",
        "artifacts/",
        "scan/",
    ];
    let mut missing = BTreeSet::new();
    for (_, code) in sources() {
        for text in code.split('"').skip(1).step_by(2) {
            let is_code = areas.iter().any(|area| {
                text.strip_prefix(area).is_some_and(|rest| {
                    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                })
            });
            if is_code && !documented.contains(&format!("## {text}\n")) {
                missing.insert(text.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "docs/codes.md lacks {missing:?}");
}
