//! Outputs that other bundlers make here: what leaked into them stops, at the line of the source that it came from.

use super::support::{bundlegate, install, node, text};

const TOKEN: &str = "tk_9fQ2mVx7LpZ4tWnYb8sGh3cJ";

/// The folder that is served, and the command that makes it.
const BUILDS: &[(&str, &[&str])] = &[
    ("out/esbuild", &["esbuild.mjs"]),
    ("out/vite", &["node_modules/.bin/vite", "build", "--logLevel", "warn"]),
    ("out/webpack", &["node_modules/.bin/webpack"]),
    (
        "out/parcel",
        &[
            "node_modules/.bin/parcel",
            "build",
            "index.html",
            "--dist-dir",
            "out/parcel",
            "--no-cache",
            "--cache-dir",
            "out/.cache",
        ],
    ),
    ("out/next/static", &["node_modules/.bin/next", "build"]),
];

#[test]
fn leaks_in_outputs_of_other_bundlers_have_their_source() {
    let folder = install("tests/bundlers");
    let _ = std::fs::remove_dir_all(folder.join("out"));
    let source = std::fs::read_to_string(folder.join("src/config.js")).unwrap();
    let line = 1 + source.lines().position(|line| line.contains("API_TOKEN")).unwrap();
    for (output, command) in BUILDS {
        let built = node()
            .args(*command)
            .current_dir(&folder)
            .env("API_TOKEN", TOKEN)
            .env("NEXT_TELEMETRY_DISABLED", "1")
            .output()
            .unwrap();
        assert!(built.status.success(), "{output}: {}", text(&built));
        let scanned = bundlegate()
            .args(["scan", output, "--browser", "--format", "json"])
            .current_dir(&folder)
            .env("API_TOKEN", TOKEN)
            .output()
            .unwrap();
        assert_eq!(scanned.status.code(), Some(4), "{output}: {}", text(&scanned));
        let json: serde_json::Value = serde_json::from_slice(&scanned.stdout).unwrap();
        let findings = json["findings"].as_array().unwrap();
        let scripts: Vec<_> = findings
            .iter()
            .filter(|finding| finding["file"].as_str().unwrap().ends_with(".js"))
            .collect();
        assert_eq!(scripts.len(), 1, "{output}: {json:#}");
        assert_eq!(scripts[0]["env"], "API_TOKEN", "{output}");
        assert_eq!(scripts[0]["source"]["file"], "src/config.js", "{output}: {json:#}");
        assert_eq!(scripts[0]["source"]["line"], line, "{output}: {json:#}");
        // Nothing else is said of what is there.
        assert!(findings.iter().all(|finding| finding["env"] == "API_TOKEN"), "{json:#}");
        let clean = bundlegate()
            .args(["scan", output, "--browser"])
            .current_dir(&folder)
            .env("OTHER_TOKEN", "tk_8eP1lUw6KoY3sVmXa7rFg2bH")
            .output()
            .unwrap();
        assert_eq!(clean.status.code(), Some(0), "{output}: {}", text(&clean));
        assert!(!text(&scanned).contains(TOKEN), "{output}");
    }
}
