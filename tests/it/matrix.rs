//! Which test shows which row of what was asked for; `docs/matrix.md` is this table.

use super::support::root;

/// Matrix, row, and tests as `file::name`.
const ROWS: &[(&str, &str, &[&str])] = &[
    (
        "Deployment",
        "Bun: a server on a disk, with and without bytecode",
        &[
            "project::answers_like_its_sources",
            "bundle::bun_starts_from_bytecode",
            "targets::executables_run_by_themselves",
        ],
    ),
    (
        "Deployment",
        "Workers: one module, no disk; HTTP, WebSocket, Durable Objects, streams",
        &["places::edge_pty_runs_in_workerd", "targets::wrangler_deploys_what_was_built"],
    ),
    (
        "Deployment",
        "R2: files with metafile, ETag and HMAC, from a bucket and from a Worker",
        &[
            "places::cdn_site_works_from_every_place",
            "places::the_worker_serves_what_was_signed",
            "store::the_preset_r2_is_files_and_a_metafile",
        ],
    ),
    (
        "Deployment",
        "Memory: sources from the settings, evaluated from text",
        &["places::url_router_is_built_and_evaluated_in_memory"],
    ),
    ("Deployment", "Several of them at once", &["targets::several_presets_are_one_release"]),
    (
        "Artifact",
        "bytes, text, stream, response; kind, path, loader, hash, source map",
        &["artifacts::an_artifact_is_had_in_every_way"],
    ),
    (
        "Artifact",
        "one call, with the options of `Bun.build`",
        &[
            "artifacts::an_artifact_is_had_in_every_way",
            "artifacts::mistakes_are_told_at_their_places",
        ],
    ),
    (
        "Artifact",
        "responses over sockets: conditions, ranges, encodings, HEAD",
        &[
            "serve::requests_are_answered_over_sockets",
            "serve::many_connections_are_answered",
            "serve::slow_clients_hinder_nobody",
        ],
    ),
    ("Artifact", "routes by `URLPattern`", &["serve::routes_of_the_settings_are_followed"]),
    ("Artifact", "CSP in a browser", &["serve::a_page_with_its_policy_works_in_a_browser"]),
    ("Build", "the plan: which deployment fits", &["cli::the_plan_says_which_preset_fits"]),
    (
        "Build",
        "metafile, and its analysis in Markdown",
        &[
            "cli::the_metafile_adds_up",
            "report::the_analysis_has_what_buns_has",
            "report::the_analysis_is_for_people_and_programs",
        ],
    ),
    (
        "Build",
        "`PUBLIC_*` is inlined: members, patterns (nested, with defaults, beside `...rest`), aliases; nothing else is",
        &["bundle::fixtures_look_as_reviewed", "bundle::fixtures_print_what_their_sources_print"],
    ),
    (
        "Build",
        "what a target lacks is told",
        &[
            "targets::what_a_target_lacks_is_told_at_its_place",
            "targets::built_in_modules_are_those_of_workers",
            "targets::built_in_modules_are_those_of_the_runtimes",
        ],
    ),
    (
        "Security",
        "a value of a secret stops the release, and is never shown",
        &["project::a_leak_stops_the_release"],
    ),
    (
        "Security",
        "keys come from variables, else from the keychain, which a runner refuses",
        &["seal::keys_are_made_and_kept"],
    ),
    (
        "Security",
        "SHA-256 lock, HMAC-SHA256, Ed25519 with ML-DSA-65, AES-GCM with X-Wing, opened by strangers' tools",
        &["seal::others_open_what_we_seal", "enterprise::every_step_holds"],
    ),
    (
        "Security",
        "parity: verified, built again, pulled",
        &["seal::the_same_sources_make_the_same_bytes", "store::a_deployment_goes_there_and_back"],
    ),
    (
        "Tools",
        "MCP: the store and the build for an assistant",
        &["mcp::a_client_reads_and_changes"],
    ),
];

fn rows() -> String {
    let head = "# What was asked for, and the tests that show it\n\n\
        Most of these run what was built on the real runtime, or speak with a real client. Made by `cargo test --test it matrix` with `UPDATE=1`.\n\n\
        | matrix | row | tests |\n|---|---|---|\n";
    ROWS.iter().fold(head.to_owned(), |text, (matrix, row, tests)| {
        let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
        text + &format!("| {matrix} | {row} | {} |\n", tests.join(", "))
    })
}

#[test]
fn every_row_has_its_tests() {
    for test in ROWS.iter().flat_map(|(.., tests)| *tests) {
        let (file, name) = test.split_once("::").unwrap();
        let folders = ["tests/it", "examples"];
        let found = folders.iter().any(|folder| {
            let path = root().join(folder).join(format!("{file}.rs"));
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.contains(&format!("#[test]\nfn {name}()"))
        });
        assert!(found, "there is no test `{test}`");
    }
    let file = root().join("docs/matrix.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, rows()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), rows());
}
