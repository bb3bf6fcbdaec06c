//! The command line: messages, exit codes, and nothing half-written.

use std::path::Path;

use super::support::{bundlegate, files, ok, text};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(sources: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, source) in sources {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, source).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// What a command says, after checking its exit code and that it wrote nothing.
    #[track_caller]
    fn fails(&self, arguments: &[&str], code: i32) -> String {
        let before = files(self.path());
        let output = bundlegate().args(arguments).current_dir(self.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{}", text(&output));
        assert_eq!(files(self.path()), before, "something was written");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[track_caller]
fn has(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in\n{said}");
    }
}

#[test]
fn a_syntax_error() {
    let folder = Folder::new(&[("src/a.ts", "const 名前: string = 1;\nconst y = ;\n")]);
    let said = folder.fails(&["build", "src/a.ts", "--outdir", "out"], 3);
    has(&said, &["error[build/syntax]", "--> src/a.ts:2:11", " 2 | const y = ;", "|           ^"]);
}

#[test]
fn every_error_of_a_build_is_told() {
    let folder = Folder::new(&[
        (
            "main.js",
            "import './a.js';\nimport './b.js';\nimport { lodahs } from 'lodahs';\nimport './utlis.js';",
        ),
        ("a.js", "let x = ;"),
        ("b.js", "let y = ];"),
        ("utils.js", ""),
    ]);
    let said = folder.fails(&["build", "main.js"], 3);
    has(
        &said,
        &[
            "a.js:1:9",
            "b.js:1:9",
            "`lodahs` cannot be found",
            "npm install lodahs",
            "--external lodahs",
            "main.js:3:24",
        ],
    );
    has(&said, &["`./utlis.js` cannot be found", "did you mean `utils.js`?"]);
}

#[test]
fn a_missing_entry() {
    let folder = Folder::new(&[]);
    has(
        &folder.fails(&["build", "src/none.ts"], 3),
        &["the entry point `src/none.ts` does not exist"],
    );
    has(&folder.fails(&["build"], 2), &["there is nothing to build"]);
    has(&folder.fails(&["run"], 2), &["there is no `bundlegate.yml`"]);
}

#[test]
fn a_missing_export() {
    let folder = Folder::new(&[
        ("main.ts", "import { serach } from \"./lib\";\nconsole.log(serach);\n"),
        ("lib.ts", "export const search = 1, list = 2;\n"),
    ]);
    let said = folder.fails(&["build", "main.ts", "--outdir", "out"], 3);
    has(
        &said,
        &["`serach` is not exported by `lib.ts`", "--> main.ts:1:10", "did you mean `search`?"],
    );
}

#[test]
fn settings_that_are_wrong() {
    let folder = Folder::new(&[
        ("unknown.yml", "name: x\nbuild:\n  entrypoints: [a.js]\n  minfy: true\n"),
        ("value.yml", "build:\n  entrypoints: [a.js]\n  target: nodejs\n"),
        ("type.yml", "build: 3\n"),
        ("field.yml", "report:\n  budgets:\n    - { path: '*.js', gzip: 10 parsecs }\n"),
        ("key.yml", "sign: { hmac_key: c2VjcmV0LXNlY3JldC1zZWNyZXQ= }\n"),
        ("syntax.yml", "build: [\n"),
    ]);
    let run = |file: &str| folder.fails(&["run", "--config", file], 2);
    has(
        &run("unknown.yml"),
        &["there is no setting `build.minfy`", "unknown.yml:4:3", "did you mean `minify`?"],
    );
    has(
        &run("value.yml"),
        &["`build.target`: takes one of browser, node", "value.yml:3:11", "did you mean `node`?"],
    );
    has(&run("type.yml"), &["type.yml:1:8"]);
    has(&run("field.yml"), &["takes a size such as 60kB", "field.yml:3:"]);
    has(&run("key.yml"), &["never the key itself"]);
    assert!(!run("key.yml").contains("c2Vj"));
    has(&run("syntax.yml"), &["syntax.yml:"]);
    has(&run("none.yml"), &["`none.yml` cannot be read"]);
}

#[test]
fn flags_that_are_wrong() {
    let folder = Folder::new(&[("a.js", "")]);
    has(&folder.fails(&["build", "a.js", "--minfy"], 2), &["--minify"]);
    has(&folder.fails(&["build", "a.js", "--format", "amd"], 2), &["esm, cjs, iife"]);
    has(
        &folder.fails(&["build", "a.js", "--env", "inline"], 2),
        &["would put every variable into the output"],
    );
    has(&folder.fails(&["build", "a.js", "--define", "X"], 2), &["takes NAME=TEXT"]);
    has(
        &folder.fails(&["build", "a.js", "--splitting", "--format", "cjs"], 2),
        &["`splitting` needs the format `esm`"],
    );
    has(&folder.fails(&["a.js"], 2), &["unrecognized subcommand"]);
}

#[test]
fn a_misspelt_variable() {
    let folder = Folder::new(&[("a.js", "")]);
    let output = bundlegate()
        .args(["build", "a.js"])
        .env("BUNDLEGATE_MINFY", "true")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    has(&text(&output), &["did you mean `BUNDLEGATE_MINIFY`?"]);
}

#[test]
fn bad_files_are_diagnostics() {
    let folder = Folder::new(&[
        ("dir/x.txt", ""),
        ("bad.json", "{ \"a\": 1, }"),
        ("imports.js", "import './bad.json';\nimport './latin.js';"),
    ]);
    std::fs::write(folder.path().join("latin.js"), b"let x = '\xe9';").unwrap();
    let said = folder.fails(&["build", "imports.js"], 3);
    has(&said, &["this is not JSON", "bad.json:1:11", "the file is not UTF-8 (byte 9)"]);
    folder.fails(&["build", "dir"], 3);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_is_a_diagnostic() {
    let folder = Folder::new(&[("main.js", "import './loop.js';")]);
    std::os::unix::fs::symlink("loop.js", folder.path().join("loop.js")).unwrap();
    has(&folder.fails(&["build", "main.js"], 3), &["`./loop.js` cannot be"]);
}

#[test]
fn one_output_goes_to_standard_output() {
    let folder = Folder::new(&[("a.js", "export const a = 1;")]);
    let code = ok(bundlegate().args(["build", "a.js"]).current_dir(folder.path()));
    assert!(code.contains("export { a }"), "{code}");
}

#[test]
fn layers_of_settings() {
    let folder = Folder::new(&[
        ("bundlegate.yml", "build: { entrypoints: [a.js], banner: '// file' }\n"),
        ("a.js", "console.log(1)"),
    ]);
    let banner = |flag: &[&str], variable: Option<&str>| {
        let mut command = bundlegate();
        command.args(["build", "--config", "bundlegate.yml"]).args(flag).current_dir(folder.path());
        if let Some(value) = variable {
            command.env("BUNDLEGATE_BANNER", value);
        }
        ok(&mut command).lines().next().unwrap().to_owned()
    };
    assert_eq!(banner(&[], None), "// file");
    assert_eq!(banner(&[], Some("// variable")), "// variable");
    assert_eq!(banner(&["--banner", "// flag"], Some("// variable")), "// flag");
}

#[test]
fn flags_of_other_bundlers_build_the_same() {
    let folder = Folder::new(&[
        (
            "main.js",
            "import image from './a.img';\nimport far from 'far';\nconsole.log(image, far, VERSION, a?.b, import.meta.url);\n",
        ),
        ("a.img", "image"),
        ("inject.js", "export const a = { b: 1 };\n"),
    ]);
    let built = |flags: &str, out: &str| {
        let flags = flags.split(' ').chain(["--outdir", out]);
        ok(bundlegate().args(["build", "main.js"]).args(flags).current_dir(folder.path()));
        let read = |name: &str| std::fs::read(folder.path().join(out).join(name)).unwrap();
        (read("main.js"), read("main.js.map"))
    };
    let theirs = "--bundle --platform=node --target=es2019 --define:VERSION=\"1\" --external:far --loader:.img=text --inject:./inject.js --banner:js=//x --charset=utf8 --log-level=error --sourcemap";
    let ours = "--target=node --syntax=es2019 --define=VERSION=\"1\" --external=far --loader=.img=text --inject=./inject.js --banner=//x --quiet --sourcemap=linked";
    assert_eq!(built(theirs, "a"), built(ours, "b"));
}

/// As <https://no-color.org> and <https://bixense.com/clicolors/> have it.
#[test]
fn colours_are_what_the_environment_wants() {
    let folder = Folder::new(&[("a.js", "let a; let a;\n")]);
    let has_colours = |variables: &[(&str, &str)], flags: &[&str]| {
        let mut command = bundlegate();
        command.args(["build", "a.js"]).args(flags).current_dir(folder.path());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        String::from_utf8(output.stderr).unwrap().contains('\u{1b}')
    };
    assert!(!has_colours(&[], &[]), "it is no terminal");
    assert!(has_colours(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!has_colours(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!has_colours(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(has_colours(&[("NO_COLOR", "1")], &["--color", "always"]));
}

#[test]
fn sources_in_memory() {
    let folder = Folder::new(&[
        (
            "bundlegate.yml",
            "build:\n  entrypoints: [main.ts]\n  files:\n    ./virtual.ts: export const version = 'memory';\n    ./disk.ts: export const over = 'memory';\n",
        ),
        (
            "main.ts",
            "import { version } from './virtual';\nimport { over } from './disk';\nconsole.log(version, over);",
        ),
        ("disk.ts", "export const over = 'disk';"),
    ]);
    let code =
        ok(bundlegate().args(["build", "--config", "bundlegate.yml"]).current_dir(folder.path()));
    assert!(code.matches("memory").count() == 2 && !code.contains("'disk'"), "{code}");
}

#[test]
fn names_and_hashbangs_of_outputs() {
    let folder = Folder::new(&[
        ("a.js", "#!/usr/bin/env node\nexport const a = 1;"),
        ("b.js", "import { nothing_like_it } from './c.js';\nconsole.log(nothing_like_it);"),
        ("c.js", "export * from './d.js'; export * from './e.js';"),
        ("d.js", "export const one = 1; export { two } from './e.js';"),
        ("e.js", "export const two = 2;"),
    ]);
    for name in ["1.2", "a..b", "a-b", "a b"] {
        let arguments = ["build", "a.js", "--format", "iife", "--global-name", name];
        let said = folder.fails(&arguments, 2);
        assert!(said.contains(&format!("`build.global_name` is `{name}`")), "{said}");
    }
    let banner = ["build", "a.js", "--banner", "#!/usr/bin/env bun"];
    let code = ok(bundlegate().args(banner).current_dir(folder.path()));
    assert!(code.starts_with("#!/usr/bin/env bun\n") && code.matches("#!").count() == 1, "{code}");
    // Without shaking, all of the sources stay, and no helper that nobody needs.
    let whole = ["build", "a.js", "--tree-shaking=false"];
    let code = ok(bundlegate().args(whole).current_dir(folder.path()));
    assert!(code.contains("const a = 1") && !code.contains("__commonJS"), "{code}");
    let said = folder.fails(&["build", "b.js"], 3);
    assert!(said.contains("it exports one, two\n"), "{said}");
}

#[test]
fn messages_for_a_runner_and_for_programs() {
    let folder = Folder::new(&[("a.js", "let x = ;")]);
    let said = folder.fails(&["build", "a.js", "--log-format", "github"], 3);
    assert!(said.starts_with("::error title=build/syntax,file=a.js,line=1,col=9::"), "{said}");
    let said = folder.fails(&["build", "a.js", "--log-format", "json"], 3);
    let json: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(
        (json["file"].as_str(), json["line"].as_u64(), json["column"].as_u64()),
        (Some("a.js"), Some(1), Some(9))
    );
}

#[test]
fn the_metafile_adds_up() {
    let folder = Folder::new(&[
        (
            "src/main.js",
            "import { a } from './lib.js';\nimport fs from 'node:fs';\nimport('./lazy.js').then(console.log);\nconsole.log(a, fs);",
        ),
        ("src/lib.js", "export const a = [1, 2];\nexport const b = 'gone';"),
        ("src/lazy.js", "export default 'lazy';"),
    ]);
    for flags in [&[] as &[&str], &["--minify"]] {
        let mut command = bundlegate();
        command.args([
            "build",
            "src/main.js",
            "--target",
            "node",
            "--splitting",
            "--outdir",
            "out",
            "--metafile",
            "meta.json",
        ]);
        ok(command.args(flags).current_dir(folder.path()));
        let meta: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("meta.json")).unwrap())
                .unwrap();
        assert_eq!(meta["inputs"]["src/main.js"]["imports"][0]["path"], "src/lib.js");
        assert_eq!(meta["inputs"]["src/main.js"]["imports"][1]["external"], true);
        let mut lazy = false;
        for (path, output) in meta["outputs"].as_object().unwrap() {
            let bytes = std::fs::metadata(folder.path().join(path)).unwrap().len();
            assert_eq!(output["bytes"].as_u64(), Some(bytes), "{path}");
            let sum: u64 = output["inputs"]
                .as_object()
                .unwrap()
                .values()
                .map(|input| input["bytesInOutput"].as_u64().unwrap())
                .sum();
            assert!(sum <= bytes && sum > 0, "{path}: {sum} of {bytes}");
            lazy |= output["entryPoint"] == "src/lazy.js";
        }
        assert!(lazy, "{meta}");
    }
}

#[test]
fn help_and_schema() {
    let help = ok(bundlegate().args(["build", "--help"]));
    for flag in ["--minify", "--sourcemap", "--external", "--define", "--threads"] {
        assert!(help.contains(flag), "{flag}");
    }
    let schema: serde_json::Value = serde_json::from_str(&ok(bundlegate().arg("schema"))).unwrap();
    assert_eq!(schema["properties"]["build"]["properties"]["minify"]["type"], "boolean");
}

#[test]
fn the_plan_says_which_preset_fits() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |code: &str| {
        std::fs::write(folder.path().join("main.ts"), code).unwrap();
        let output =
            bundlegate().args(["plan", "main.ts"]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let server = plan("import { readFileSync } from 'node:fs'; console.log(readFileSync('a'));");
    assert!(server.starts_with("deploy: bun\n") && server.contains("yes: `node:fs`"), "{server}");
    assert!(server.contains("```mermaid\nflowchart TD\n"), "{server}");
    let bun = plan("Bun.serve({ fetch: () => new Response('') });");
    assert!(
        bun.starts_with("deploy: bun\n") && bun.contains("`Bun.serve` at main.ts:1:1"),
        "{bun}"
    );
    let worker = plan("export default { fetch: () => new Response('') };");
    assert!(worker.starts_with("deploy: workers\n"), "{worker}");
    let page = plan("document.title = 'x';");
    let made_for = "made for a page? yes: `document.title` at main.ts:1:1";
    assert!(page.starts_with("deploy: r2\n") && page.contains(made_for), "{page}");
    let json = bundlegate()
        .args(["plan", "main.ts", "--json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["deploy"], &json["answers"][2]["yes"]), (&"r2".into(), &true.into()));
}
