//! `fixtures/config/<case>`: a settings file, and what it resolves to or what is wrong with it.

use bundlegate::config::file::parse;

use super::support::root;

#[test]
fn settings_files() {
    let base = root().join("fixtures/config");
    let mut count = 0;
    for entry in std::fs::read_dir(&base).unwrap() {
        let folder = entry.unwrap().path();
        let text = std::fs::read_to_string(folder.join("bundlegate.yml")).unwrap();
        let snapshot = match parse(&text, "bundlegate.yml") {
            Ok(layer) => layer
                .iter()
                .fold(String::new(), |text, (name, value)| text + &format!("{name}: {value:?}\n")),
            Err(error) => bundlegate::diag::render::render(&error, false),
        };
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("out", snapshot));
        count += 1;
    }
    assert!(count > 3);
}

#[test]
fn the_readme_shows_the_settings_of_the_fixture() {
    let shown = std::fs::read_to_string(root().join("README.md")).unwrap();
    let file = std::fs::read_to_string(root().join("fixtures/project/registry-mcp/bundlegate.yml"))
        .unwrap();
    assert!(
        shown.contains(&file),
        "README.md does not show fixtures/project/registry-mcp/bundlegate.yml as it is"
    );
}
