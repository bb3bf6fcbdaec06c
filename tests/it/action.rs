//! The action, run as a runner does: inputs through the step's environment, the step's script under bash, in an
//! environment with nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use serde_json::json;
use std::sync::{Arc, Mutex};

use super::github::GitHub;
use super::seal::python;
use super::support::{bundlegate, copy, npm, ok, root, serve, sha256, text};

const HEAD: &str = "1b7d93c2f00e4a51b6c7d8e9fa0b1c2d3e4f5061";
const SECRET: &str = "s3ss10n-7Qx9vLm2Kp4TzWb";

/// A runner: a checkout of the action, one of a project, and the files that a step writes.
struct Runner {
    folder: tempfile::TempDir,
    github: GitHub,
    /// The step of action.yml: variables with their templates, and the script.
    variables: BTreeMap<String, String>,
    script: String,
    defaults: BTreeMap<String, String>,
}

struct Step {
    output: Output,
    /// What the step put into `GITHUB_OUTPUT`.
    outputs: BTreeMap<String, String>,
    summary: String,
}

impl Runner {
    /// With the executable of this build where `uses: ./` finds it, or with none.
    fn new(is_built: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let action = folder.path().join("action");
        copy(&root().join("action"), &action.join("action"));
        if is_built {
            std::fs::create_dir_all(action.join("target/release")).unwrap();
            std::os::unix::fs::symlink(
                env!("CARGO_BIN_EXE_bundlegate"),
                action.join("target/release/bundlegate"),
            )
            .unwrap();
        }
        copy(&root().join("fixtures/project/registry-mcp"), &folder.path().join("work"));
        let yaml: serde_yaml::Value =
            serde_yaml::from_str(&std::fs::read_to_string(root().join("action.yml")).unwrap())
                .unwrap();
        let step = &yaml["runs"]["steps"][0];
        assert_eq!(step["shell"], "bash");
        let text = |value: &serde_yaml::Value| value.as_str().unwrap_or_default().to_owned();
        let variables = step["env"].as_mapping().unwrap();
        let inputs = yaml["inputs"].as_mapping().unwrap();
        Self {
            variables: variables.iter().map(|(name, value)| (text(name), text(value))).collect(),
            script: text(&step["run"]),
            defaults: inputs
                .iter()
                .map(|(name, input)| (text(name), text(&input["default"])))
                .collect(),
            github: GitHub::start(""),
            folder,
        }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Runs the step on an event.
    fn step(&self, event: &str, inputs: &[(&str, &str)], more: &[(&str, &str)]) -> Step {
        let path = |name: &str| self.folder.path().join(name);
        for name in ["output", "summary", "script"] {
            let _ = std::fs::remove_file(path(name));
        }
        std::fs::write(path("output"), "").unwrap();
        std::fs::write(path("script"), &self.script).unwrap();
        let head_repository = if event == "fork" { "x/r" } else { "o/r" };
        let sender = if event == "dependabot" { "dependabot[bot]" } else { "somebody" };
        let mut payload =
            json!({ "repository": { "full_name": "o/r" }, "sender": { "login": sender } });
        let name = match event {
            "pull_request" | "fork" | "dependabot" => {
                payload["pull_request"] = json!({
                    "number": 7, "title": "$(touch title) `touch title` ::error::x",
                    "head": { "sha": HEAD, "ref": "$(touch branch)", "repo": { "full_name": head_repository } },
                });
                "pull_request"
            }
            "merge_group" => {
                payload["merge_group"] = json!({ "base_sha": HEAD, "head_sha": HEAD });
                event
            }
            _ => event,
        };
        std::fs::write(path("event.json"), payload.to_string()).unwrap();
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(path("script"));
        command.current_dir(self.work()).env_clear();
        for variable in ["PATH", "HOME"] {
            command.env(variable, std::env::var(variable).unwrap());
        }
        command
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", path("action"))
            .env("GITHUB_API_URL", &self.github.url)
            .env("GITHUB_SERVER_URL", "https://forge.example")
            .env("GITHUB_REPOSITORY", "o/r")
            .env("GITHUB_EVENT_NAME", name)
            .env("GITHUB_EVENT_PATH", path("event.json"))
            .env("GITHUB_OUTPUT", path("output"))
            .env("GITHUB_STEP_SUMMARY", path("summary"))
            .env("GITHUB_RUN_ID", "31")
            .env("GITHUB_RUN_ATTEMPT", "1")
            .env("GITHUB_SHA", HEAD)
            .env("GITHUB_REF", "refs/pull/7/merge")
            .env("RUNNER_TEMP", path("temp"))
            .env("RUNNER_TOOL_CACHE", path("tools"))
            .env("RUNNER_ARCH", "X64")
            .env("RUNNER_OS", "Linux");
        // Inputs: those that are given, else their defaults.
        for (variable, template) in &self.variables {
            let input = template.trim_start_matches("${{ inputs.").trim_end_matches(" }}");
            let given = inputs.iter().find(|(name, _)| *name == input).map(|(_, value)| *value);
            let default = self.defaults.get(input).unwrap_or_else(|| panic!("no input `{input}`"));
            let default =
                if default == "${{ github.token }}" { "ghs_notarealtoken" } else { default };
            command.env(variable, given.unwrap_or(default));
        }
        command.env("PUBLIC_API_URL", "https://api.example.com").envs(more.iter().copied());
        let output = command.output().unwrap();
        Step {
            outputs: parse_outputs(&std::fs::read_to_string(path("output")).unwrap()),
            summary: std::fs::read_to_string(path("summary")).unwrap_or_default(),
            output,
        }
    }
}

/// Reads the file of outputs as a runner does.
fn parse_outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").expect("each output has a delimiter");
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    outputs
}

#[test]
fn what_is_generated_is_up_to_date() {
    for (file, text) in [
        ("action.yml", bundlegate::config::generate::action()),
        ("docs/reference.md", bundlegate::config::generate::reference()),
    ] {
        let present = std::fs::read_to_string(root().join(file)).unwrap();
        assert!(present == text, "{file} is not what `bundlegate generate` writes");
    }
}

#[test]
fn auditors_find_nothing() {
    let zizmor = python().with_file_name("zizmor");
    let audit = |folder: &Path| {
        ok(Command::new(&zizmor)
            .args(["--offline", "--persona=pedantic", "--strict-collection", "--format=plain", "."])
            .current_dir(folder));
    };
    audit(root());
    // What users copy, and what `init` writes for them.
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let ours: Vec<&str> = blocks.filter(|block| block.contains("jobs:")).collect();
    assert!(!ours.is_empty());
    for package in [
        None,
        Some(r#"{"name":"lib"}"#),
        Some(r#"{"scripts":{"build":"vite build"},"devDependencies":{"vite":"8"}}"#),
    ] {
        let folder = tempfile::tempdir().unwrap();
        if let Some(package) = package {
            std::fs::write(folder.path().join("package.json"), package).unwrap();
        }
        std::fs::write(folder.path().join("index.js"), "console.log(1);\n").unwrap();
        ok(bundlegate().arg("init").current_dir(folder.path()));
        for (index, workflow) in ours.iter().enumerate() {
            let file = format!(".github/workflows/readme-{index}.yml");
            std::fs::write(folder.path().join(file), workflow).unwrap();
        }
        audit(folder.path());
    }
    // One commit of each action, wherever it is named.
    let pinned = std::fs::read_to_string(root().join("action/pinned.txt")).unwrap();
    for line in pinned.lines().filter(|line| !line.starts_with('#')) {
        let [commit, action, version] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert!(readme.contains(&format!("uses: {action}@{commit} # {version}")), "{line}");
    }
    let validator = npm().join("node_modules/.bin/action-validator");
    let folder = tempfile::tempdir().unwrap();
    let mut files = vec![root().join("action.yml")];
    for entry in std::fs::read_dir(root().join(".github/workflows")).unwrap() {
        // The validator's schema is older than this permission.
        let yaml = std::fs::read_to_string(entry.as_ref().unwrap().path()).unwrap();
        let lines = yaml.lines().filter(|line| !line.trim_start().starts_with("attestations:"));
        let copy = folder.path().join(entry.unwrap().file_name());
        std::fs::write(&copy, lines.collect::<Vec<_>>().join("\n")).unwrap();
        files.push(copy);
    }
    assert!(files.len() > 3);
    for file in files {
        ok(Command::new(&validator).arg(file));
    }
}

#[test]
fn a_release_passes_and_says_so() {
    let runner = Runner::new(true);
    let step = runner.step(
        "pull_request",
        &[("base", "none"), ("report-file", "report.md"), ("previews", "true")],
        &[("HMAC_KEY", "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0")],
    );
    assert_eq!(step.output.status.code(), Some(0), "{}", text(&step.output));
    assert_eq!(step.outputs["verdict"], "pass");
    assert_eq!(step.outputs["leaks"], "0");
    assert_eq!(step.outputs["build-id"].len(), 64);
    assert!(step.outputs["size"].parse::<u64>().unwrap() > 1000);
    assert!(step.outputs["deployment"].starts_with("dir:.bundlegate/store/registry-mcp@"));
    assert!(step.outputs["report-path"].ends_with("report.md"));
    assert!(
        step.outputs["comment-url"].starts_with("https://forge.example/o/r/pull/7#issuecomment-")
    );
    assert!(step.summary.contains("### bundlegate · registry-mcp: all gates passed"));
    assert_eq!(runner.github.bodies().len(), 1);
    // Forms of the key that the runner does not know are masked before anything else is said.
    let said = String::from_utf8(step.output.stderr).unwrap();
    assert!(said.starts_with("::add-mask::MGYxZTJkM2M0YjVh"), "{said}");
    // Declared outputs are written, and the other way around.
    let yaml: serde_yaml::Value =
        serde_yaml::from_str(&std::fs::read_to_string(root().join("action.yml")).unwrap()).unwrap();
    let declared: Vec<&str> =
        yaml["outputs"].as_mapping().unwrap().keys().map(|name| name.as_str().unwrap()).collect();
    for name in step.outputs.keys() {
        assert!(declared.contains(&name.as_str()), "{name}");
    }
    assert_eq!(declared.len(), step.outputs.len());
}

#[test]
fn gates_stop_it() {
    let runner = Runner::new(true);
    let budget =
        runner.step("pull_request", &[("base", "none"), ("budgets", "path=*.js,raw=1B")], &[]);
    assert_eq!(budget.output.status.code(), Some(5), "{}", text(&budget.output));
    assert_eq!(budget.outputs["verdict"], "budget");
    let source = runner.work().join("src/index.ts");
    let code = std::fs::read_to_string(&source).unwrap();
    let line = code.lines().count() + 1;
    std::fs::write(&source, format!("{code}console.log('{SECRET}');\n")).unwrap();
    let secrets = json!({ "SESSION": SECRET, "EMPTY": "" }).to_string();
    let leak = runner.step("pull_request", &[("base", "none"), ("guard-secrets", &secrets)], &[]);
    assert_eq!(leak.output.status.code(), Some(4), "{}", text(&leak.output));
    assert_eq!(leak.outputs["verdict"], "leak");
    assert_ne!(leak.outputs["leaks"], "0");
    assert_eq!(leak.outputs["deployment"], "");
    assert!(!runner.work().join(".bundlegate").exists());
    // At the line of the source, and never with the value.
    let at = format!("file=src/index.ts,line={line}");
    assert!(text(&leak.output).contains(&at), "{at}: {}", text(&leak.output));
    assert!(!text(&leak.output).contains(SECRET) && !leak.summary.contains(SECRET));
    assert!(runner.github.bodies()[0].contains("release blocked"));
}

/// The same in somebody else's runner (`wrkflw`, emulation mode), where that is installed.
#[test]
fn another_runner_runs_it() {
    if Command::new("wrkflw").arg("--version").output().is_err() {
        eprintln!(
            "skipped: no `wrkflw` here (cargo install wrkflw --no-default-features --locked)"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    copy(&root().join("fixtures/project/registry-mcp"), place);
    copy(&root().join("action"), &place.join("action"));
    std::fs::copy(root().join("action.yml"), place.join("action.yml")).unwrap();
    std::fs::create_dir_all(place.join(".github/workflows")).unwrap();
    let workflow = format!(
        r#"
name: release
on: push
jobs:
  release:
    runs-on: ubuntu-latest
    env:
      PUBLIC_API_URL: https://api.example.com
      SESSION_SECRET: {SECRET}
      # This runner does not set it for a local action.
      GITHUB_ACTION_PATH: .
    steps:
      - uses: actions/checkout@v4
      - uses: ./
        id: gate
        with:
          binary: {}
      - run: test "${{{{ steps.gate.outputs.verdict }}}}" = pass
"#,
        env!("CARGO_BIN_EXE_bundlegate")
    );
    std::fs::write(place.join(".github/workflows/release.yml"), workflow).unwrap();
    let run = || {
        let mut command = Command::new("wrkflw");
        command.args(["run", "--runtime", "emulation", ".github/workflows/release.yml"]);
        command.current_dir(place).output().unwrap()
    };
    let passed = run();
    assert_eq!(passed.status.code(), Some(0), "{}", text(&passed));
    let index = place.join("src/index.ts");
    let code = std::fs::read_to_string(&index).unwrap();
    std::fs::write(&index, format!("{code}console.log(\"{SECRET}\");\n")).unwrap();
    let failed = run();
    assert_eq!(failed.status.code(), Some(1), "{}", text(&failed));
    assert!(text(&failed).contains("the value of `SESSION_SECRET` is in"), "{}", text(&failed));
    assert!(!text(&failed).contains(SECRET), "{}", text(&failed));
}

#[test]
fn every_event_runs() {
    let runner = Runner::new(true);
    for event in ["push", "merge_group", "workflow_dispatch", "release", "schedule"] {
        let step = runner.step(event, &[], &[]);
        assert_eq!(step.output.status.code(), Some(0), "{event}: {}", text(&step.output));
        assert!(step.summary.contains("No baseline: "), "{event}: {}", step.summary);
        assert!(runner.github.bodies().is_empty(), "{event}");
    }
    // A fork has no secrets, and a token that only reads; Dependabot is the same.
    runner.github.with(|inner| inner.denied = vec!["comments", "check-runs", "statuses"]);
    for event in ["fork", "dependabot"] {
        let step =
            runner.step(event, &[("guard-secrets", "null"), ("base", "none")], &[("HMAC_KEY", "")]);
        assert_eq!(step.output.status.code(), Some(0), "{event}: {}", text(&step.output));
        let why = if event == "fork" { "skipped (fork)" } else { "skipped (Dependabot)" };
        assert!(step.summary.matches(why).count() >= 2, "{event}: {}", step.summary);
        assert!(text(&step.output).contains("job summary only"), "{event}: {}", text(&step.output));
    }
}

#[test]
fn inputs_and_names_are_only_text() {
    let runner = Runner::new(true);
    let evil =
        "$(touch pwned)`touch pwned`\n::set-output name=verdict::forged\n##[add-mask]x\nend<<EOF";
    std::fs::write(
        runner.work().join("src/##[error]x $(touch pwned) `id`.ts"),
        "export const evil = 'of a file that is called like a command';\n",
    )
    .unwrap();
    let source = runner.work().join("src/index.ts");
    let code = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, format!("import {{ evil }} from './##[error]x $(touch pwned) `id`';\n{code}\nconsole.log(evil);\n")).unwrap();
    let step =
        runner.step("pull_request", &[("base", "none"), ("banner", &format!("/*{evil}*/"))], &[]);
    assert_eq!(step.output.status.code(), Some(0), "{}", text(&step.output));
    assert_eq!(step.outputs["verdict"], "pass");
    let log = text(&step.output);
    assert!(!log.contains("##["), "{log}");
    assert!(!log.lines().any(|line| line.trim_start().starts_with("::set-output")));
    let evil_name = runner.step("pull_request", &[("name", evil), ("base", "none")], &[]);
    assert_ne!(evil_name.output.status.code(), Some(0));
    assert!(!text(&evil_name.output).contains("##["), "{}", text(&evil_name.output));
    let evil_folder = runner.step("push", &[("working-directory", evil)], &[]);
    assert_eq!(evil_folder.output.status.code(), Some(1), "{}", text(&evil_folder.output));
    let evil_command = runner.step("push", &[("command", "run; touch pwned")], &[]);
    assert_eq!(evil_command.output.status.code(), Some(1));
    let evil_args = runner.step("push", &[("args", "--name\n$(touch pwned); touch pwned")], &[]);
    assert!(!text(&evil_args.output).contains("##["));
    for folder in [runner.work(), runner.folder.path().to_path_buf()] {
        assert!(!folder.join("pwned").exists());
    }
    assert!(!runner.work().join("title").exists() && !runner.work().join("branch").exists());
}

/// A mirror of releases: what it serves, and how often it was asked.
type Mirror = Arc<Mutex<(Vec<u8>, usize)>>;

async fn mirror(State(mirror): State<Mirror>, request: Request) -> Response<axum::body::Body> {
    let mut mirror = mirror.lock().unwrap();
    mirror.1 += 1;
    let is_asked_for = request.uri().path().ends_with(".tar.gz");
    let status = if is_asked_for { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Response::builder().status(status).body(axum::body::Body::from(mirror.0.clone())).unwrap()
}

#[test]
fn a_release_is_found_checked_and_kept() {
    let runner = Runner::new(false);
    let triple = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let (name, archive) = (format!("bundlegate-{triple}"), format!("bundlegate-{triple}.tar.gz"));
    // A small program that stands for the release: it says how it was called.
    let made = runner.folder.path().join("made");
    std::fs::create_dir(&made).unwrap();
    std::fs::write(made.join(&name), "#!/bin/sh\necho \"called with $*\"\n").unwrap();
    ok(Command::new("chmod").arg("755").arg(made.join(&name)));
    ok(Command::new("tar").args(["-czf", &archive, &name]).current_dir(&made));
    let served: Mirror = Arc::new(Mutex::new((std::fs::read(made.join(&archive)).unwrap(), 0)));
    let (url, _running) = serve(Router::new().fallback(mirror).with_state(Arc::clone(&served)));
    let asked = || served.lock().unwrap().1;
    let pins = runner.folder.path().join("action/action/checksums.txt");
    let inputs =
        [("download-base-url", url.as_str()), ("args", "--name\na b"), ("config", "x.yml")];
    let run = || runner.step("push", &inputs, &[]).output;

    let unpinned = run();
    assert_eq!(unpinned.status.code(), Some(1));
    assert!(text(&unpinned).contains("pins no release"), "{}", text(&unpinned));
    assert_eq!(asked(), 0);

    let pinned = format!(
        "1.2.3 version\n{} {archive}\n{} {name}\n",
        sha256(&made.join(&archive)),
        sha256(&made.join(&name))
    );
    std::fs::write(&pins, &pinned).unwrap();
    let cold = run();
    assert_eq!(cold.status.code(), Some(0), "{}", text(&cold));
    assert!(text(&cold).contains("called with run --config x.yml --name a b"), "{}", text(&cold));
    assert_eq!(asked(), 1);
    let warm = run();
    assert_eq!(warm.status.code(), Some(0), "{}", text(&warm));
    assert_eq!(asked(), 1, "from the cache");

    // A cache that someone changed is fetched again.
    let cached = runner.folder.path().join("tools/bundlegate/1.2.3").join(&triple).join(&name);
    std::fs::write(&cached, "#!/bin/sh\ntouch pwned\n").unwrap();
    let again = run();
    assert!(text(&again).contains("called with run"), "{}", text(&again));
    assert_eq!(asked(), 2);

    // An archive that is another is not unpacked, and nothing of it stays.
    std::fs::remove_file(&cached).unwrap();
    served.lock().unwrap().0.push(b'x');
    let tampered = run();
    assert_eq!(tampered.status.code(), Some(1));
    assert!(
        text(&tampered).contains("is not what this commit of the action pins"),
        "{}",
        text(&tampered)
    );
    assert!(std::fs::read_dir(cached.parent().unwrap()).unwrap().next().is_none());
    // An archive that is pinned, and an executable in it that is not.
    served.lock().unwrap().0.pop();
    std::fs::write(&pins, pinned.replace(&sha256(&made.join(&name)), &"0".repeat(64))).unwrap();
    let inside = run();
    assert_eq!(inside.status.code(), Some(1));
    assert!(text(&inside).contains("nothing was run"), "{}", text(&inside));
    assert!(!runner.work().join("pwned").exists());

    let plain = runner.step("push", &[("download-base-url", "http://mirror.example")], &[]).output;
    assert!(text(&plain).contains("downloads need https"), "{}", text(&plain));
    let nobody = runner.step("push", &[("download-base-url", "http://127.0.0.1:9")], &[]).output;
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody).contains("cannot be downloaded"), "{}", text(&nobody));
    let named = runner.step("push", &[("binary", "/bin/echo")], &[]).output;
    assert_eq!(String::from_utf8(named.stdout).unwrap(), "run\n");
}

#[test]
fn init_writes_what_runs_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let init = || {
        let mut command = super::support::bundlegate();
        command.arg("init").current_dir(path);
        ok(&mut command)
    };
    std::fs::create_dir(path.join("src")).unwrap();
    std::fs::write(path.join("src/main.ts"), "console.log('hello');\n").unwrap();
    std::fs::write(path.join("package.json"), r#"{"name":"@scope/shop"}"#).unwrap();
    init();
    let settings = std::fs::read_to_string(path.join("bundlegate.yml")).unwrap();
    assert!(
        settings.contains("name: shop") && settings.contains("entrypoints: [src/main.ts]"),
        "{settings}"
    );
    // What it wrote runs, and passes the audits.
    let mut run = super::support::bundlegate();
    ok(run.arg("run").current_dir(path));
    let workflow = path.join(".github/workflows/bundlegate.yml");
    let validator = npm().join("node_modules/.bin/action-validator");
    ok(Command::new(validator).arg(&workflow));
    std::fs::write(path.join("bundlegate.yml"), "name: mine\n").unwrap();
    init();
    assert_eq!(std::fs::read_to_string(path.join("bundlegate.yml")).unwrap(), "name: mine\n");

    // With another bundler.
    std::fs::remove_file(path.join("bundlegate.yml")).unwrap();
    std::fs::remove_file(&workflow).unwrap();
    std::fs::write(
        path.join("package.json"),
        r#"{"devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}"#,
    )
    .unwrap();
    std::fs::write(path.join("pnpm-lock.yaml"), "").unwrap();
    init();
    let settings = std::fs::read_to_string(path.join("bundlegate.yml")).unwrap();
    assert!(settings.contains("dir: dist\n"), "{settings}");
    let workflow = std::fs::read_to_string(workflow).unwrap();
    assert!(
        workflow.contains("run: pnpm run build")
            && workflow.contains("pnpm install --frozen-lockfile"),
        "{workflow}"
    );
}

/// Names of projects may have slashes in them; the group that makes them live together knows them by the whole.
#[test]
fn names_with_parts_become_live_together() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let store = root.join("store");
    let command = |arguments: &[&str], place: &str| {
        let mut command = super::support::bundlegate();
        command.args(arguments).current_dir(root.join(place));
        command
    };
    let write = |name: &str, version: &str| {
        let folder = root.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = format!(
            "name: team/{name}\nbuild: {{ entrypoints: [index.ts] }}\nstore: {{ url: 'dir:{}' }}\n",
            store.display()
        );
        std::fs::write(folder.join("bundlegate.yml"), settings).unwrap();
        std::fs::write(folder.join("index.ts"), format!("console.log('{name} {version}')"))
            .unwrap();
    };
    for version in ["first", "second"] {
        for name in ["a", "b"] {
            write(name, version);
        }
        ok(&mut command(&["run", "--shard", "1/1", "--base", "none"], ""));
        let go_live = ["report", "--merge", ".bundlegate/records", "--go-live", "--name", "all"];
        ok(&mut command(&go_live, ""));
        for name in ["a", "b"] {
            let place = format!("dir:{}/team/{name}", store.display());
            let by_settings = ok(&mut command(&["verify", &place], name));
            assert_eq!(ok(&mut command(&["verify", &place], "")), by_settings, "{name} {version}");
            ok(&mut command(&["pull", &place, "pulled"], name));
            let pulled = std::fs::read_to_string(root.join(name).join("pulled/index.js")).unwrap();
            assert!(pulled.contains(version), "{name} {version}: {pulled}");
        }
    }
}

#[test]
fn a_large_repository_is_built_in_parts() {
    let runner = Runner::new(true);
    let root = runner.folder.path().join("many");
    let store = runner.folder.path().join("store");
    for (name, size) in [("apps/shop", 30), ("apps/admin", 20), ("packages/ui", 5)] {
        let folder = root.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let title = name.rsplit('/').next().unwrap();
        std::fs::write(folder.join("bundlegate.yml"), format!("name: {title}\nbuild: {{ entrypoints: [index.ts], minify: true }}\nstore: {{ url: 'dir:{}' }}\n", store.display())).unwrap();
        std::fs::write(
            folder.join("index.ts"),
            format!("console.log('{}');\n", title.repeat(size)),
        )
        .unwrap();
    }
    let command = |arguments: &[&str]| {
        let mut command = super::support::bundlegate();
        command.args(arguments).current_dir(&root);
        command
    };
    let plan: serde_json::Value =
        serde_json::from_str(&ok(&mut command(&["plan", "--shards", "2"]))).unwrap();
    assert_eq!(
        plan["include"][0],
        json!({ "shard": "1/2", "projects": ["apps/shop"], "bytes": plan["include"][0]["bytes"] })
    );
    assert_eq!(plan["include"][1]["projects"], json!(["apps/admin", "packages/ui"]));
    for shard in ["1/2", "2/2"] {
        ok(&mut command(&["run", "--shard", shard, "--base", "none"]));
    }
    // Everything is stored, and nothing is live yet.
    let live = |name: &str| {
        let place = format!("dir:{}/{name}", store.display());
        command(&["verify", &place]).output().unwrap().status.code()
    };
    assert_eq!(live("shop"), Some(7));
    let merged = ok(&mut command(&[
        "report",
        "--merge",
        ".bundlegate/records",
        "--go-live",
        "--name",
        "everything",
    ]));
    assert!(merged.contains("### bundlegate · everything: all gates passed"), "{merged}");
    for row in ["| `shop/index.js`", "| `admin/index.js`", "| `ui/index.js`", "| **Total**"] {
        assert!(merged.contains(row), "{row}: {merged}");
    }
    for name in ["shop", "admin", "ui"] {
        assert_eq!(live(name), Some(0), "{name}");
    }
    // What is live of all of them is said by one pointer, which is all that the next time changes.
    let pointer = |file: &str| std::fs::read_to_string(store.join(file)).unwrap();
    let own = pointer("shop/channels/latest.json");
    assert!(own.contains(r#""group":"everything""#), "{own}");
    let group = pointer("everything/releases/channels/latest.json");
    std::fs::write(root.join("apps/shop/index.ts"), "console.log('second shop');\n").unwrap();
    std::fs::write(root.join("packages/ui/index.ts"), "console.log('second ui');\n").unwrap();
    ok(&mut command(&["run", "--shard", "1/1", "--base", "none"]));
    let go_live = ["report", "--merge", ".bundlegate/records", "--go-live", "--name", "everything"];
    ok(&mut command(&go_live));
    assert_eq!(pointer("shop/channels/latest.json"), own);
    assert_ne!(pointer("everything/releases/channels/latest.json"), group);
    let place = |name: &str| format!("dir:{}/{name}", store.display());
    let shows = |name: &str| {
        let pulled = root.join("pulled");
        let _ = std::fs::remove_dir_all(&pulled);
        ok(&mut command(&["pull", &place(name), "pulled"]));
        std::fs::read_to_string(pulled.join("index.js")).unwrap()
    };
    assert!(shows("shop").contains("second") && shows("ui").contains("second"));
    assert!(ok(&mut command(&["list", &place("shop")])).lines().next().unwrap().contains("latest"));
    // It goes back as a whole, and no part alone.
    let refused = command(&["rollback", &place("shop")]).output().unwrap();
    assert!(!refused.status.success(), "{}", text(&refused));
    assert!(text(&refused).contains("as a part of `everything`"), "{}", text(&refused));
    ok(&mut command(&["rollback", &place("everything")]));
    assert!(!shows("shop").contains("second") && !shows("ui").contains("second"));
    ok(&mut command(&go_live));
    assert!(shows("shop").contains("second"));
    // Whoever makes one part live alone takes it out of the group.
    ok(command(&["run", "--base", "none"]).current_dir(root.join("packages/ui")));
    assert!(!pointer("ui/channels/latest.json").contains("group"));
    assert!(shows("ui").contains("second"));
    // One part that fails holds all of them back.
    std::fs::write(root.join("apps/shop/index.ts"), format!("console.log('{SECRET}');\n")).unwrap();
    std::fs::write(root.join("packages/ui/index.ts"), "console.log('another version');\n").unwrap();
    let leaking = command(&["run", "--shard", "1/1", "--base", "none"])
        .env("SESSION_SECRET", SECRET)
        .output()
        .unwrap();
    assert_eq!(leaking.status.code(), Some(4), "{}", text(&leaking));
    let merged =
        command(&["report", "--merge", ".bundlegate/records", "--go-live"]).output().unwrap();
    assert_eq!(merged.status.code(), Some(4), "{}", text(&merged));
    let place = format!("dir:{}/ui", store.display());
    ok(&mut command(&["pull", &place, "pulled"]));
    assert!(!std::fs::read_to_string(root.join("pulled/index.js")).unwrap().contains("another"));
    assert_eq!(command(&["run", "--shard", "3/2"]).output().unwrap().status.code(), Some(2));
    // One that does not build says so, too; and one that says nothing is missed.
    std::fs::write(root.join("apps/shop/index.ts"), "syntax error(").unwrap();
    let broken = command(&["run", "--shard", "1/1", "--base", "none"]).output().unwrap();
    assert_eq!(broken.status.code(), Some(3), "{}", text(&broken));
    let held_back = |code: i32, part: &str| {
        let live = pointer("everything/releases/channels/latest.json");
        let merged = command(&go_live).output().unwrap();
        assert_eq!(merged.status.code(), Some(code), "{}", text(&merged));
        assert!(text(&merged).contains(part), "{}", text(&merged));
        assert_eq!(pointer("everything/releases/channels/latest.json"), live);
    };
    held_back(3, "build: failed in shop");
    std::fs::write(root.join("apps/shop/index.ts"), "console.log('shop again')").unwrap();
    ok(&mut command(&["run", "--shard", "1/1", "--base", "none"]));
    std::fs::remove_file(root.join(".bundlegate/records/ui.jsonl")).unwrap();
    held_back(2, "3 projects are here, and 2 records");
    // Files under their own names cannot wait for others; settings of the group alone are no project.
    std::fs::write(root.join("bundlegate.yml"), "name: everything\nstore: { layout: files }\n")
        .unwrap();
    let plan = ok(&mut command(&["plan", "--shards", "1"]));
    assert!(plan.contains("apps/shop") && !plan.contains(r#""""#), "{plan}");
    let settings = std::fs::read_to_string(root.join("packages/ui/bundlegate.yml")).unwrap();
    let files = settings.replace("store: {", "store: { layout: files,");
    std::fs::write(root.join("packages/ui/bundlegate.yml"), files).unwrap();
    let refused = command(&["run", "--shard", "1/1", "--base", "none"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("run the project by itself"), "{}", text(&refused));
}
