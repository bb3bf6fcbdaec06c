//! `bundlegate mcp`, spoken with by the official client.

use super::support::{bundlegate, node, npm, ok, text};

/// A session that only reads, and one that may change what is live. No answer has the value of a secret.
#[test]
fn a_client_reads_and_changes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let secret = "kX7#mQ2vT9pLw4Zr8sYd";
    write(
        "bundlegate.yml",
        "name: app\nbuild: { entrypoints: [src/main.ts], target: bun }\nstore: { url: dir:store }\nreport: { base: none }\n",
    );
    write(
        "src/main.ts",
        "import { middle } from './middle'; Bun.serve({ fetch: () => new Response(middle()) })",
    );
    write(
        "src/middle.ts",
        "import { used } from './deep';\nexport const middle = () => used() + 'middle';",
    );
    let deep = |text: &str| {
        write(
            "src/deep.ts",
            &format!("export const used = () => '{text}';\nexport const unused = 1;"),
        );
    };
    for text in ["one", "one and another one, which is larger"] {
        deep(text);
        ok(bundlegate().arg("run").current_dir(folder.path()));
    }
    deep(secret);
    // A module whose name holds a short value, and a file that is none of the project's.
    write("src/q9Xv7Lm2Zt4.ts", "export const named = 1;");
    write(
        "src/middle.ts",
        "import { used } from './deep';\nimport { named } from './q9Xv7Lm2Zt4';\nexport const middle = () => used() + 'middle' + named;",
    );
    let outside = folder.path().parent().unwrap().join("outside.json");
    std::fs::write(&outside, "\"outside-of-the-project\"").unwrap();
    for flags in [&[][..], &["--allow-changes"]] {
        let mut client = node();
        client.arg(npm().join("mcp.mjs")).arg(env!("CARGO_BIN_EXE_bundlegate")).arg(folder.path());
        let said =
            ok(client.args(flags).env("SESSION_SECRET", secret).env("SHORT_SECRET", "q9Xv7Lm2Zt4"));
        assert_eq!(said, "right\n");
    }
    std::fs::remove_file(outside).unwrap();
    // Without a client there is nothing to do, and that is said.
    let output = bundlegate()
        .arg("mcp")
        .stdin(std::process::Stdio::null())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(text(&output).contains("error[mcp/session]"), "{}", text(&output));
}
