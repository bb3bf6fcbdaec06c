//! What is known of runtimes, held against the runtimes themselves: Node, Bun and workerd of the versions that are locked.

use std::path::Path;
use std::process::Command;

use bundlegate::bundle::options::{Compatibility, Target};
use bundlegate::bundle::targets::{built_in, unavailable};

use super::support::{bun, bundlegate, node, npm, ok, root, text};

/// Names that a runtime answers to, by a script that prints one a line.
fn names(command: &mut Command) -> Vec<String> {
    ok(command).lines().map(str::to_owned).collect()
}

#[test]
fn built_in_modules_are_those_of_the_runtimes() {
    let list = "import { builtinModules } from 'node:module';\
        for (const name of builtinModules) if (!name.startsWith('_')) console.log(name.includes(':') || name === 'bun' ? name : `node:${name}`)";
    let new = Compatibility::default();
    for (target, command) in [(Target::Node, node()), (Target::Bun, bun())] {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("list.mjs");
        std::fs::write(&script, list).unwrap();
        let mut command = command;
        // Bun has two packages of npm among them, which it answers to without `node:`.
        let all: Vec<String> = names(command.arg(&script))
            .into_iter()
            .filter(|name| !["node:undici", "node:ws"].contains(&name.as_str()))
            .collect();
        assert!(all.len() > 50, "{all:?}");
        for name in all {
            assert_eq!(built_in(&name).as_ref(), Some(&name), "{target:?} has it");
            assert_eq!(unavailable(target, &name, &new), None, "{target:?} has {name}");
        }
    }
}

/// Each module of Node can be imported in workerd from its date on and not a day before, and stubs throw.
#[test]
fn built_in_modules_are_those_of_workers() {
    let rows: Vec<(String, String)> =
        std::fs::read_to_string(root().join("src/bundle/built_ins.txt"))
            .unwrap()
            .lines()
            .filter_map(|line| {
                let (name, rest) = line.split_once(' ')?;
                let date = rest.split(' ').find_map(|word| word.strip_prefix("workers="))?;
                Some((name.to_owned(), date.to_owned()))
            })
            .collect();
    assert!(rows.len() > 50);
    let json = serde_json::to_string(&rows).unwrap();
    let said = ok(node()
        .arg(npm().join("targets.mjs"))
        .arg(npm().join("node_modules/.bin/workerd"))
        .arg(json));
    let wrong: Vec<&str> = said.lines().collect();
    assert_eq!(wrong, ["right"], "{said}");
}

/// The list of global variables of Workers is what workerd says.
#[test]
fn global_variables_are_those_of_workers() {
    let text = std::fs::read_to_string(root().join("src/bundle/workers_globals.txt")).unwrap();
    let listed: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let workerd = npm().join("node_modules/.bin/workerd");
    let said = ok(node().arg(npm().join("globals.mjs")).arg(workerd).arg("2026-10-01"));
    assert_eq!(said.lines().collect::<Vec<_>>(), listed);
}

/// Classes and plain names of another runtime are told, and what a target has is not.
#[test]
fn globals_of_other_runtimes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for (source, told, fine) in [
        (
            "class A extends HTMLElement {} new A()",
            &["node", "bun", "workers"][..],
            &["browser"][..],
        ),
        ("requestAnimationFrame(() => {})", &["node", "bun", "workers"], &["browser"]),
        ("console.log(location.href)", &["node", "bun", "workers"], &["browser"]),
        ("console.log(process.cwd())", &["browser"], &["node", "bun", "workers"]),
        ("console.log(process.env.X)", &[], &["browser", "node", "bun", "workers"]),
        ("new WebSocketPair()", &["browser", "node", "bun"], &["workers"]),
        ("new HTMLRewriter()", &["browser", "node"], &["bun", "workers"]),
        ("new FixedLengthStream(1)", &["browser", "node", "bun"], &["workers"]),
        (
            "new AbortController().abort(); fetch('a'); structuredClone(1); crypto.randomUUID()",
            &[],
            &["browser", "node", "bun", "workers"],
        ),
        ("console.log(sessionStorage)", &["workers"], &["browser"]),
        (
            "if (typeof HTMLElement !== 'undefined') console.log(HTMLElement)",
            &[],
            &["browser", "node", "bun", "workers"],
        ),
        (
            "const name = 'a'; console.log(name, globalThis.status)",
            &[],
            &["browser", "node", "bun", "workers"],
        ),
    ] {
        for (targets, is_told) in [(told, true), (fine, false)] {
            for target in targets {
                let (status, text) = build(folder.path(), source, &["--target", target]);
                let is_there = text.contains("global-not-in-target");
                assert!(status == 0 && is_there == is_told, "{source} for {target}: {text}");
            }
        }
    }
}

fn build(folder: &Path, source: &str, arguments: &[&str]) -> (i32, String) {
    std::fs::write(folder.join("a.ts"), source).unwrap();
    let output = bundlegate()
        .args(["build", "a.ts", "--outdir", "out"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    (output.status.code().unwrap(), text(&output))
}

#[test]
fn what_a_target_lacks_is_told_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (source, target, code, said) in [
        (
            "import * as fs from 'node:fs'; fs.a()",
            "browser",
            3,
            "error[build/not-in-target]: `node:fs` is a module of Node",
        ),
        ("import * as fs from 'fs'; fs", "browser", 3, "`fs` is a module of Node"),
        ("await import('node:fs')", "browser", 0, "warning[build/not-in-target]"),
        ("try { require('node:fs') } catch {}", "browser", 0, "warning[build/not-in-target]"),
        (
            "import { Database } from 'bun:sqlite'; new Database()",
            "node",
            3,
            "build with `target: bun`",
        ),
        (
            "import { env } from 'cloudflare:workers'; env.A()",
            "node",
            3,
            "build with `target: workers`",
        ),
        (
            "import { exec } from 'node:child_process'; exec('ls')",
            "workers",
            0,
            "functions only throw",
        ),
        ("Bun.serve({})", "node", 0, "a.ts:1:1"),
        (
            "Bun.serve({})",
            "browser",
            0,
            "warning[build/global-not-in-target]: `Bun.serve` is not there in a browser",
        ),
        ("console.log(document.title)", "workers", 0, "`document.title` is not there in Workers"),
        ("export const b = Buffer.from('a')", "browser", 0, "`Buffer.from` is not there"),
    ] {
        let (status, text) = build(folder.path(), source, &["--target", target]);
        assert_eq!(status, code, "{source}: {text}");
        assert!(text.contains(said), "{source} for {target}: {text}");
    }
    for (source, target) in [
        ("if (typeof Bun !== 'undefined') Bun.serve({})", "node"),
        ("if ('Bun' in globalThis) Bun.serve({})", "browser"),
        ("try { Bun.serve({}) } catch {}", "browser"),
        ("const Bun = { serve() {} }; Bun.serve()", "browser"),
        ("import * as fs from 'node:fs'; fs.a()", "node"),
        ("import * as fs from 'node:fs'; fs.a(); Bun.serve({})", "bun"),
        ("import * as fs from 'node:fs'; fs.a()", "neutral"),
        ("import { readFileSync } from 'node:fs'; export const f = () => 1", "workers"),
    ] {
        let (status, text) = build(folder.path(), source, &["--target", target]);
        assert!(status == 0 && !text.contains("in-target"), "{source} for {target}: {text}");
    }
    // What nobody uses is not asked for, and what the settings leave to the runtime is known to be there.
    let (status, text) =
        build(folder.path(), "import * as fs from 'node:fs'; fs.a()", &["--external", "node:*"]);
    assert!(status == 0 && !text.contains("in-target"), "{text}");
}

/// A Worker has what its compatibility date and flags give it, by the settings or by Wrangler's file.
#[test]
fn workers_have_what_their_date_gives() {
    let folder = tempfile::tempdir().unwrap();
    let source = "import { readFileSync } from 'node:fs'; readFileSync('/a')";
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let check = |arguments: &[&str], code: i32, said: &str| {
        let arguments = [&["--target", "workers"], arguments].concat();
        let (status, text) = build(folder.path(), source, &arguments);
        assert!(status == code && text.contains(said), "{arguments:?}: {status} {text}");
    };
    check(&[], 0, "");
    check(&["--compatibility-date", "2026-01-01"], 3, "add `nodejs_compat`");
    check(&["--compatibility-date", "2026-01-01", "--compatibility-flags", "nodejs_compat"], 0, "");
    check(&["--compatibility-date", "yesterday"], 2, "config/compatibility-date");
    write(
        "wrangler.toml",
        "main = 'a.ts'\ncompatibility_date = '2025-01-01'\ncompatibility_flags = ['nodejs_compat']\n",
    );
    check(&[], 3, "set `compatibility_date` to 2025-09-15 or later");
    write("wrangler.jsonc", "{ // newer\n \"compatibility_date\": \"2026-09-01\", }\n");
    check(&[], 0, "");
    write("wrangler.jsonc", "{ \"compatibility_date\": ");
    check(&[], 2, "config/wrangler");
}

/// Wrangler's file is held against what was built: the script it names, the bindings that are read, the classes.
#[test]
fn wranglers_file_is_held_against_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let check = |source: &str, wrangler: &str, code: i32, said: &[&str]| {
        write("wrangler.jsonc", wrangler);
        let (status, text) = build(folder.path(), source, &["--target", "workers"]);
        assert_eq!(status, code, "{source} {wrangler}: {text}");
        for part in said {
            assert!(text.contains(part), "{part}\n{source} {wrangler}: {text}");
        }
        if said.is_empty() {
            assert!(!text.contains("[worker/"), "{source} {wrangler}: {text}");
        }
    };
    let with = |more: &str| {
        format!("{{ \"main\": \"out/a.js\", \"compatibility_date\": \"2026-04-01\", {more} }}")
    };
    let source = "export default { fetch: (request: Request, env: any) => env.CACHE.get('a') }";
    let kv = "\"kv_namespaces\": [{ \"binding\": \"CACHE\" }]";
    check(source, &with(kv), 0, &[]);
    check(
        source,
        &with(&kv.replace("CACHE", "CACHES")),
        0,
        &["warning[worker/binding]: `env.CACHE` is read", "a.ts:1", "did you mean `CACHES`?"],
    );
    check(source, &with(""), 0, &["note[worker/binding]: `env.CACHE`", "required"]);
    check(source, &with("\"vars\": { \"CACHE\": \"x\" }"), 0, &[]);
    check(source, &with("\"secrets\": { \"required\": [\"CACHE\"] }"), 0, &[]);
    for reads in [
        "import { env } from 'cloudflare:workers'; export default { fetch: () => env.CACHE.get('a') }",
        "import { WorkerEntrypoint } from 'cloudflare:workers'; export default class extends WorkerEntrypoint { fetch() { return this.env.CACHE.get('a') } }",
        "export default { async fetch(request, { CACHE }) { return CACHE.get('a') } }",
        "export default { async fetch(request, env) { return answer(request, env) } }; const answer = (request, bindings) => { const { CACHE: cache } = bindings; return cache.get('a') }",
        "import { env } from 'cloudflare:workers'; export default { fetch: (request) => answer(request, env) }; const answer = (request, bindings) => bindings.CACHE.get('a')",
        "const worker = { async scheduled(event, env) { await env.CACHE.put('a', 'b') } }; export default worker",
    ] {
        check(reads, &with(""), 0, &["note[worker/binding]: `env.CACHE`"]);
        check(reads, &with(kv), 0, &[]);
    }
    // None of these is a binding.
    std::fs::write(
        folder.path().join("client.ts"),
        "export default { fetch: (url: string, options: any) => options.method }",
    )
    .unwrap();
    for other in [
        "import client from './client'; export default { fetch: () => new Response(client.fetch('a', { method: 'b' })) }",
        "class Settings { env: any; constructor() { this.env = { MODE: 'a' } } mode() { return this.env.MODE } } export default { fetch: () => new Response(new Settings().mode()) }",
        "const client = { fetch: (url, options) => options.method }; export default { fetch: () => new Response(client.fetch('a', { method: 'b' })) }",
        "export default { fetch: (request) => new Response(request.env.OTHER) }",
    ] {
        check(other, &with(""), 0, &[]);
    }
    let objects =
        "\"durable_objects\": { \"bindings\": [{ \"name\": \"ROOM\", \"class_name\": \"Room\" }] }";
    let room = "import { DurableObject } from 'cloudflare:workers'; export class Room extends DurableObject {} export default { fetch: () => new Response() }";
    check(room, &with(objects), 0, &[]);
    check(
        &room.replace("Room", "Rooms"),
        &with(objects),
        3,
        &["error[worker/class]", "names the class `Room`", "did you mean `Rooms`?"],
    );
    check(
        source,
        &with(kv).replace("out/a.js", "dist/a.js"),
        0,
        &["warning[worker/main]: `main` is `dist/a.js`, and this build writes `out/a.js`"],
    );
    check(source, &with(kv).replace("out/a.js", "a.ts"), 0, &[]);
    check(source, &format!("{{ {kv} }}"), 0, &["warning[worker/date]"]);
}

/// Several presets: the same sources for each, one scan, one lock, one deployment.
#[test]
fn several_presets_are_one_release() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let secret = "kX7#mQ2vT9pLw4Zr8sYd";
    let run = |arguments: &[&str]| {
        let mut command = bundlegate();
        command.args(arguments).current_dir(folder.path()).env("PATH", with_bun());
        let output = command.env("SESSION_SECRET", secret).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    let settings = |more: &str| {
        format!(
            "name: app\ndeploy: [bun, workers, r2]\nbuild: {{ entrypoints: [a.ts], outdir: dist, {more} }}\nstore: {{ url: dir:store }}\nreport: {{ base: none }}\n"
        )
    };
    write("bundlegate.yml", &settings("bytecode: true"));
    write(
        "a.ts",
        "import { where } from 'places';\nexport default { fetch: () => new Response(where) };\nexport { where };\nconsole.log(where);",
    );
    std::fs::create_dir_all(folder.path().join("node_modules/places")).unwrap();
    write(
        "node_modules/places/package.json",
        "{ \"exports\": { \"bun\": \"./bun.js\", \"workerd\": \"./workerd.js\", \"browser\": \"./browser.js\" } }",
    );
    for place in ["bun", "workerd", "browser"] {
        write(
            &format!("node_modules/places/{place}.js"),
            &format!("export const where = '{place}';"),
        );
    }
    let (code, said) = run(&["run"]);
    assert_eq!(code, 0, "{said}");
    for (file, what) in [("bun/a.js", "bun"), ("workers/a.js", "workerd"), ("r2/a.js", "browser")] {
        let text = std::fs::read_to_string(folder.path().join("dist").join(file)).unwrap();
        assert!(
            text.contains(&format!("\"{what}\"")) || text.contains(&format!("'{what}'")),
            "{text}"
        );
    }
    assert!(folder.path().join("dist/bun/a.js.jsc").exists());
    assert!(!folder.path().join("dist/workers/a.js.jsc").exists());
    // As the main script, Bun would serve it.
    let import = format!("await import({:?})", folder.path().join("dist/bun/a.js"));
    assert_eq!(ok(bun().args(["-e", &import])), "bun\n");
    let lock = std::fs::read_to_string(folder.path().join("dist/bundlegate.lock")).unwrap();
    for file in ["  bun/a.js\n", "  workers/a.js\n", "  r2/a.js\n"] {
        assert!(lock.contains(file), "{lock}");
    }
    assert_eq!(run(&["verify", "dir:store/app"]).0, 0);
    // A few bytes of what Bun compiles are others in each run; all else is the same.
    let (code, said_again) = run(&["verify", "dist", "--rebuild"]);
    assert!(
        code == 6 && said_again.contains("`bun/a.js.jsc` is built with other bytes"),
        "{said_again}"
    );
    assert_eq!(said_again.matches("error[").count(), 1, "{said_again}");
    assert!(
        said.contains("`workers/a.js`") && said.contains("`node_modules/places/browser.js`"),
        "{said}"
    );
    // A server may read its environment, a page has none; what leaks in one of them stops all.
    write("bundlegate.yml", &settings("minify: true"));
    write("a.ts", "export default { fetch: () => new Response(process.env.SESSION_SECRET) };");
    let (code, said) = run(&["run"]);
    assert!(
        code == 0 && said.contains("warning[leak/env-reference]") && said.contains("r2/a.js"),
        "{code} {said}"
    );
    assert!(!said.contains("dist/bun/a.js") && !said.contains("dist/workers/a.js"), "{said}");
    write("a.ts", &format!("export default {{ fetch: () => new Response('{secret}') }};"));
    let (code, said) = run(&["run"]);
    assert!(code == 4 && said.contains("workers/a.js") && said.contains("a.ts:1"), "{said}");
    // With bytecode for Bun, the other parts still lead to their sources.
    write("bundlegate.yml", &settings("bytecode: true"));
    let (code, said) = run(&["run"]);
    assert!(code == 4 && said.contains("a.ts:1"), "{said}");
    let without = settings("bytecode: true").replace("[bun, workers, r2]", "[workers, r2]");
    write("bundlegate.yml", &without);
    let (code, said) = run(&["run"]);
    assert!(code == 2 && said.contains("`deploy` does not name `bun`"), "{said}");
    for (more, part) in [
        ("target: node", "`build.target` does not go with several"),
        ("format: cjs", "`build.format`"),
    ] {
        write("bundlegate.yml", &settings(more));
        let (code, said) = run(&["build", "--config", "bundlegate.yml"]);
        assert!(
            code == 2 && said.contains("error[config/deploy]") && said.contains(part),
            "{said}"
        );
    }
}

/// Wrangler takes our folders as they are, and its own schema says where names of bindings stand.
#[test]
fn wrangler_deploys_what_was_built() {
    let wrangler = super::support::install("tests/wrangler");
    let fixtures = [
        ("project/edge-pty", "env.TERMINAL (Terminal)"),
        ("worker/serve", "env.BUCKET (releases)"),
    ];
    let desk = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(wrangler.join("node_modules/node/bin/node"));
    command.arg(wrangler.join("deploy.mjs"));
    for (fixture, _) in fixtures {
        let folder = desk.path().join(fixture);
        super::support::copy(&root().join("fixtures").join(fixture), &folder);
        command.arg(folder);
    }
    // Wrangler starts the build itself.
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_bundlegate")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let said: serde_json::Value = serde_json::from_str(&ok(command.env("PATH", path))).unwrap();
    for ((fixture, binding), deployed) in fixtures.iter().zip(said["deployed"].as_array().unwrap())
    {
        let deployed = deployed.as_str().unwrap();
        assert!(
            deployed.contains("Total Upload") && deployed.contains(binding),
            "{fixture}: {deployed}"
        );
    }
    assert!(said["bindings"]["binding"].as_array().unwrap().len() > 20);
    let mut named = bundlegate::config::wrangler::NAMED_BINDINGS;
    named.sort_unstable();
    assert_eq!(said["bindings"]["name"], serde_json::json!(named));
}

/// A Worker that is too large for its platform does not pass.
#[test]
fn the_size_of_a_worker_is_limited() {
    let folder = tempfile::tempdir().unwrap();
    let source =
        "import file from './noise.bin'; export default { fetch: () => new Response(file) }";
    std::fs::write(folder.path().join("a.ts"), source).unwrap();
    // What does not compress.
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u8::try_from(state >> 56).unwrap()
    })
    .take(11 << 20)
    .collect();
    for (mebibytes, plan, code, said) in [
        (4, "", 0, "warning[size/worker]"),
        (4, "workers_plan: paid, ", 0, ""),
        (4, "workers_plan: free, ", 5, "error[size/worker]"),
        (11, "", 5, "the paid plan takes"),
    ] {
        std::fs::write(folder.path().join("noise.bin"), &noise[..mebibytes << 20]).unwrap();
        let settings = format!(
            "name: w\ndeploy: workers\nbuild: {{ {plan}entrypoints: [a.ts], outdir: out, loader: {{ .bin: file }} }}\ncompress: []\n"
        );
        std::fs::write(folder.path().join("bundlegate.yml"), settings).unwrap();
        let output = bundlegate()
            .args(["run", "--base", "none", "--store", "memory:"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        let has = text(&output).contains("size/worker");
        assert!(text(&output).contains(said) && has != said.is_empty(), "{}", text(&output));
    }
}

/// Bun runs an output with its mark as it is, without reading it as TypeScript once more.
#[test]
fn outputs_for_bun_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let run = |source: &str, is_marked: bool, expected: &str| {
        for flags in [&["--target", "bun"][..], &["--target", "bun", "--minify"]] {
            let (status, text) = build(folder.path(), source, flags);
            assert_eq!(status, 0, "{text}");
            let output = std::fs::read_to_string(folder.path().join("out/a.js")).unwrap();
            let body = output.strip_prefix("#!/usr/bin/env bun\n").unwrap_or(&output);
            assert_eq!(body.starts_with("// @bun\n"), is_marked, "{output}");
            assert_eq!(ok(bun().arg(folder.path().join("out/a.js"))), expected, "{output}");
        }
    };
    run("import { join } from 'node:path'; console.log(join('a', 'b'))", true, "a/b\n");
    run("#!/usr/bin/env bun\nconsole.log(1 as number)", true, "1\n");
    run(
        "{ using a = { [Symbol.dispose]() { console.log('gone') } }; console.log('in') }",
        true,
        "in\ngone\n",
    );
    run("const name = 'node:' + 'path'; console.log(require(name).sep)", true, "/\n");
    run("console.log(typeof __dirname)", false, "string\n");
    // Bun would take such letters for others.
    run("console.log('\u{c7}a va')", false, "\u{c7}a va\n");
}

/// The path of commands with the Bun that `tests/npm` locks at its front.
fn with_bun() -> String {
    let bin = npm().join("node_modules/.bin");
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())
}

/// Bun makes an executable, which runs without Bun and the script; its manifest says what it is for.
#[test]
fn executables_run_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "a.ts",
        "const { more } = await import('./more'); console.log(more, process.argv.slice(2).join());",
    );
    write("more.ts", "export const more: string = '購物車';");
    let run = |arguments: &[&str], path: &str| {
        let mut command = bundlegate();
        let output = command.args(arguments).current_dir(folder.path()).env("PATH", path).output();
        let output = output.unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    let flags = ["build", "a.ts", "--compile", "--splitting", "--minify", "--outdir", "out"];
    let (code, said) = run(&flags, &with_bun());
    assert_eq!(code, 0, "{said}");
    std::fs::create_dir(folder.path().join("alone")).unwrap();
    std::fs::rename(folder.path().join("out/a"), folder.path().join("alone/a")).unwrap();
    let mut program = std::process::Command::new(folder.path().join("alone/a"));
    assert_eq!(ok(program.args(["b", "c"]).env_clear()), "購物車 b,c\n");
    // By Bun's own habit, `--outfile` names the executable.
    let (code, said) =
        run(&["build", "a.ts", "--compile", "--outfile", "out/program"], &with_bun());
    assert_eq!(code, 0, "{said}");
    assert_eq!(ok(&mut std::process::Command::new(folder.path().join("out/program"))), "購物車 \n");
    // It cannot stand where a folder of others is.
    std::fs::create_dir_all(folder.path().join("a")).unwrap();
    write("a/sub.ts", "console.log('sub')");
    let two = ["build", "a.ts", "a/sub.ts", "--compile", "--outdir", "both"];
    let (code, said) = run(&two, &with_bun());
    assert!(
        code == 3 && said.contains("`a` would be an output, and the folder of others"),
        "{said}"
    );
    let (code, said) = run(&flags, "/nowhere");
    assert!(
        code == 3 && said.contains("error[build/bun]") && said.contains("npm install"),
        "{said}"
    );
    let (code, said) = run(&["build", "a.ts", "--compile", "--target", "node"], &with_bun());
    assert!(code == 2 && said.contains("error[config/compile]"), "{said}");
    write("a.ts", "import file from './more.bin'; console.log(file)");
    write("more.bin", "x");
    let flags = ["build", "a.ts", "--compile", "--outdir", "out", "--loader", ".bin=file"];
    let (code, said) = run(&flags, &with_bun());
    assert!(code == 0 && said.contains("warning[build/compile-asset]: `more-"), "{said}");
}

/// Bytecode says which Bun it is for, and a machine with another one says so.
#[test]
fn bytecode_is_for_one_bun() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.ts", "console.log(1 + 1)");
    let settings = "name: m\ndeploy: bun\nbuild: { entrypoints: [a.ts], outdir: dist, bytecode: true, compile: true }\nstore: { url: dir:store }\n";
    write("bundlegate.yml", settings);
    let run = |arguments: &[&str], path: &str| {
        let mut command = bundlegate();
        command.args(arguments).current_dir(folder.path()).env("PATH", path);
        text(&command.output().unwrap())
    };
    let said = run(&["run", "--base", "none"], &with_bun());
    assert!(said.starts_with("exit Some(0)"), "{said}");
    let manifest = std::fs::read(folder.path().join("dist/bundlegate.manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let entries = manifest["artifacts"].as_array().unwrap();
    let runtime = ok(bun().args([
        "--print",
        "'bun '+Bun.version+'+'+Bun.revision.slice(0,9)+' '+process.platform+'-'+process.arch",
    ]));
    for (path, kind) in [("a.js.jsc", "bytecode"), ("a", "executable")] {
        let entry = entries.iter().find(|entry| entry["path"] == path).unwrap();
        assert_eq!(entry["kind"], kind);
        assert_eq!(entry["runtime"].as_str().unwrap(), runtime.trim());
    }
    // What was pulled runs, too.
    let said = run(&["pull", "dir:store/m", "pulled"], &with_bun());
    assert!(said.starts_with("exit Some(0)") && !said.contains("seal/runtime"), "{said}");
    assert_eq!(ok(&mut std::process::Command::new(folder.path().join("pulled/a"))), "2\n");
    let other = folder.path().join("bin");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("bun"), "#!/bin/sh\necho bun 9.9.9+123456789 linux-x64\n").unwrap();
    bundlegate::fs::make_executable(&other.join("bun")).unwrap();
    let path = format!("{}:{}", other.display(), std::env::var("PATH").unwrap());
    for arguments in [&["verify", "dist"][..], &["pull", "dir:store/m", "again"]] {
        let said = run(arguments, &path);
        assert!(said.starts_with("exit Some(0)"), "{said}");
        assert!(said.contains("warning[seal/runtime]") && said.contains("9.9.9"), "{said}");
    }
}

#[test]
fn bytecode_has_its_own_format() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.ts", "console.log(1 + 1)");
    let run = |settings: &str| {
        write("bundlegate.yml", settings);
        let output = bundlegate()
            .args(["build", "--config", "bundlegate.yml"])
            .current_dir(folder.path())
            .env("PATH", with_bun())
            .output()
            .unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    let (code, said) =
        run("name: m\ndeploy: bun\nbuild: { entrypoints: [a.ts], outdir: dist, bytecode: true }\n");
    assert_eq!(code, 0, "{said}");
    assert_eq!(ok(bun().arg(folder.path().join("dist/a.js"))), "2\n");
    assert!(folder.path().join("dist/a.js.jsc").exists());
    let (code, said) = run(
        "name: m\ndeploy: bun\nbuild: { entrypoints: [a.ts], outdir: dist, bytecode: true, sourcemap: linked }\n",
    );
    assert!(
        code == 0 && said.contains("warning[config/bytecode]: source maps are left out"),
        "{said}"
    );
    let (code, said) =
        run("name: m\nbuild: { entrypoints: [a.ts], outdir: dist, bytecode: true, format: esm }\n");
    assert!(code == 2 && said.contains("error[config/bytecode]"), "{said}");
}
