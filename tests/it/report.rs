//! The report and the comment: from two commits of a project to what people see on the pull request.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::json;

use super::github::GitHub;
use super::support::{bundlegate, npm, ok, text};

const MERGE: &str = "9f2c1e7ab40d5c3e8812f6a09b7d4e5c6f708192";
const HEAD: &str = "1b7d93c2f00e4a51b6c7d8e9fa0b1c2d3e4f5061";

/// A project in a git repository, and a forge that it belongs to.
struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
    github: GitHub,
}

impl Desk {
    fn new(prefix: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app");
        std::fs::create_dir_all(path.join("src")).unwrap();
        let desk = Self { path, github: GitHub::start(prefix), _folder: folder };
        desk.write("bundlegate.yml", "name: app\nbuild: { entrypoints: [src/index.ts] }\n");
        desk.write("src/index.ts", "export const answer = 42;\n");
        desk
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        ok(Command::new("git")
            .arg("-C")
            .arg(&self.path)
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
            .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
            .args(arguments))
        .trim()
        .to_owned()
    }

    fn command(&self, name: &str) -> Command {
        let mut command = bundlegate();
        command.arg(name).current_dir(&self.path);
        command
    }

    /// As a runner would start it for pull request 7.
    fn on_pull_request(&self, name: &str, merge: &str, run: &str) -> Command {
        let event = json!({
            "number": 7, "repository": { "full_name": "o/r" }, "sender": { "login": "somebody" },
            "pull_request": { "number": 7, "head": { "sha": HEAD, "repo": { "full_name": "o/r" } } },
        });
        let file = self.path.parent().unwrap().join("event.json");
        std::fs::write(&file, event.to_string()).unwrap();
        let (run, attempt) = run.split_once('.').unwrap();
        let mut command = self.command(name);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_EVENT_NAME", "pull_request")
            .env("GITHUB_EVENT_PATH", file)
            .env("GITHUB_SHA", merge)
            .env("GITHUB_REPOSITORY", "o/r")
            .env("GITHUB_SERVER_URL", "https://forge.example")
            .env("GITHUB_API_URL", &self.github.url)
            .env("GITHUB_RUN_ID", run)
            .env("GITHUB_RUN_ATTEMPT", attempt)
            .env("GITHUB_TOKEN", "ghs_notarealtoken");
        command
    }

    fn run(&self, run: &str) -> Output {
        self.on_pull_request("run", MERGE, run).args(["--base", "none"]).output().unwrap()
    }
}

fn fine(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(output));
}

#[test]
fn one_comment_is_made_and_kept() {
    let desk = Desk::new("");
    // Two pages of others, and one that only looks like ours.
    for index in 0..120 {
        desk.github.add_comment("somebody", "User", &format!("comment {index}"));
    }
    desk.github.add_comment("stranger", "User", "<!-- bundlegate:v1 key=app run=99.1 -->\nmine!");
    let first = desk.run("10.1");
    fine(&first);
    assert!(
        text(&first).contains("comment on pull request 7: posted https://forge.example/"),
        "{}",
        text(&first)
    );
    let bodies = desk.github.bodies();
    assert_eq!(bodies.len(), 122);
    let start = format!(
        "<!-- bundlegate:v1 key=app head={HEAD} run=10.1 -->\n### bundlegate · app: all gates passed\n"
    );
    assert!(bodies[121].starts_with(&start), "{}", bodies[121]);
    // Again: the same comment, changed.
    desk.write("src/index.ts", "export const answer = 43, more = 'text';\n");
    let second = desk.run("11.1");
    assert!(text(&second).contains(": updated "), "{}", text(&second));
    let bodies = desk.github.bodies();
    assert_eq!(bodies.len(), 122);
    assert!(bodies[121].contains("run=11.1"), "{}", bodies[121]);
    // The same run again says nothing new.
    let same = desk.run("11.1");
    assert!(text(&same).contains(": there already, unchanged "), "{}", text(&same));
    // An older run that ends later.
    let older = desk.run("10.2");
    assert!(text(&older).contains("it is of a newer run"), "{}", text(&older));
    assert!(desk.github.bodies()[121].contains("run=11.1"));
    // Duplicates: the oldest stays.
    desk.github.add_comment(
        "github-actions[bot]",
        "Bot",
        "<!-- bundlegate:v1 key=app run=11.1 -->\nagain",
    );
    desk.github.add_comment(
        "github-actions[bot]",
        "Bot",
        "<!-- bundlegate:v1 key=application run=1.1 -->\nother",
    );
    fine(&desk.run("12.1"));
    let bodies = desk.github.bodies();
    assert_eq!(bodies.len(), 123);
    assert!(bodies[121].contains("run=12.1"));
    assert!(bodies[122].contains("key=application"), "another key is another comment");
    assert!(bodies[120].contains("mine!"), "of a stranger nothing is touched");
}

#[test]
fn runs_at_the_same_moment_leave_the_comment_of_the_newest() {
    let desk = Desk::new("");
    let of = |run: &str| format!("<!-- bundlegate:v1 key=app run={run} -->\nof another run");
    let only = || {
        let bodies = desk.github.bodies();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        bodies.into_iter().next().unwrap()
    };
    // None sees a comment, so both make one.
    desk.github.with(|inner| inner.before_post = Some(of("11.1")));
    let older = desk.run("10.1");
    assert!(text(&older).contains("it is of a newer run"), "{}", text(&older));
    assert_eq!(only(), of("11.1"));
    desk.github.with(|inner| {
        inner.comments.clear();
        inner.before_post = Some(of("11.1"));
    });
    fine(&desk.run("12.1"));
    assert!(only().contains("run=12.1"), "{}", only());
    // Both see it, and the older one writes last.
    desk.github.with(|inner| inner.after_patch = Some(of("12.9")));
    fine(&desk.run("13.1"));
    assert!(only().contains("run=13.1"), "{}", only());
    // A newer one that writes last stays.
    desk.github.with(|inner| inner.after_patch = Some(of("15.1")));
    let older = desk.run("14.1");
    assert!(text(&older).contains("it is of a newer run"), "{}", text(&older));
    assert_eq!(only(), of("15.1"));
    // And in truth.
    desk.github.with(|inner| inner.comments.clear());
    let runs: Vec<_> = (20..26)
        .map(|run| {
            let mut command = desk.on_pull_request("run", MERGE, &format!("{run}.1"));
            let file = desk.path.parent().unwrap().join(format!("store-{run}"));
            command.args(["--base", "none", "--store", &format!("dir:{}", file.display())]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    assert!(only().contains("### bundlegate"), "{}", only());
}

#[test]
fn a_user_token_finds_its_comment() {
    let desk = Desk::new("/api/v1");
    desk.github.with(|inner| {
        inner.login = Some("ci-user".to_owned());
        inner.absent = vec!["check-runs"];
    });
    desk.github.add_comment(
        "stranger",
        "User",
        "<!-- bundlegate:v1 key=app run=1.1 -->\nof another",
    );
    fine(&desk.run("2.1"));
    fine(&desk.run("3.1"));
    let bodies = desk.github.bodies();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].ends_with("of another"));
    assert!(bodies[1].contains("run=3.1"));
}

#[test]
fn what_the_token_may_not_do_is_done_another_way() {
    // Path prefix as GitHub Enterprise has it.
    let desk = Desk::new("/api/v3");
    let summary = desk.path.parent().unwrap().join("summary.md");
    let run = || {
        desk.on_pull_request("run", MERGE, "1.1")
            .args(["--base", "none"])
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output()
            .unwrap()
    };
    desk.github.with(|inner| inner.denied = vec!["comments"]);
    let checks = run();
    fine(&checks);
    assert!(
        text(&checks).contains("the report is on a check run: https://forge.example/"),
        "{}",
        text(&checks)
    );
    desk.github.with(|inner| {
        assert_eq!(inner.checks[0]["head_sha"], HEAD);
        assert_eq!(inner.checks[0]["conclusion"], "success");
        inner.denied = vec!["comments", "check-runs"];
    });
    let status = run();
    fine(&status);
    assert!(text(&status).contains("the verdict is on a commit status"), "{}", text(&status));
    desk.github.with(|inner| {
        assert_eq!(inner.statuses[0]["description"], "all gates passed");
        inner.denied.push("statuses");
    });
    std::fs::remove_file(&summary).unwrap();
    let nothing = run();
    fine(&nothing);
    assert!(text(&nothing).contains("::warning title=report/comment::the report is in the job summary only: 403 Resource not accessible"), "{}", text(&nothing));
    assert!(std::fs::read_to_string(&summary).unwrap().contains("### bundlegate · app"));
    let no_token = desk
        .on_pull_request("run", MERGE, "1.1")
        .args(["--base", "none"])
        .env_remove("GITHUB_TOKEN")
        .output()
        .unwrap();
    fine(&no_token);
    assert!(text(&no_token).contains("there is no token"), "{}", text(&no_token));
    assert!(desk.github.bodies().is_empty());
}

#[test]
fn what_passes_is_waited_for() {
    let desk = Desk::new("");
    desk.github.with(|inner| {
        inner.faults = vec![
            (502, vec![]),
            (429, vec![("retry-after", "1")]),
            (403, vec![("x-ratelimit-remaining", "0")]),
        ];
    });
    fine(&desk.run("1.1"));
    assert_eq!(desk.github.bodies().len(), 1);
    desk.github.with(|inner| inner.faults = vec![(503, vec![]); 20]);
    let down = desk.run("2.1");
    fine(&down);
    assert!(text(&down).contains("the API answers with 503"), "{}", text(&down));
}

/// A metafile of many modules, of which each is `bytes` large.
fn metafile(modules: usize, bytes: impl Fn(usize) -> usize) -> String {
    let name = |index: usize| format!("src/feature-{index}/a-rather-long-name-of-a-module.ts");
    let inputs: serde_json::Map<String, serde_json::Value> =
        (0..modules).map(|index| (name(index), json!({ "bytes": 100 }))).collect();
    let parts: serde_json::Map<String, serde_json::Value> =
        (0..modules).map(|index| (name(index), json!({ "bytesInOutput": bytes(index) }))).collect();
    let total: usize = (0..modules).map(&bytes).sum();
    json!({ "inputs": inputs, "outputs": { "app.js": { "bytes": total, "entryPoint": name(0), "inputs": parts } } })
        .to_string()
}

#[test]
fn what_is_too_long_loses_parts_and_keeps_its_verdict() {
    let desk = Desk::new("");
    desk.write(
        "bundlegate.yml",
        "name: app\nartifacts: { dir: dist, metafile: meta.json }\nreport: { base: base.json }\n",
    );
    desk.write("dist/app.js", "x();\n");
    for (modules, expected) in [(500, "and all but 25 modules"), (5_000, "and small modules")] {
        desk.write("meta.json", &metafile(modules, |index| 100 + index % 7));
        desk.write("base.json", &metafile(modules, |_| 100));
        let output = desk.on_pull_request("run", MERGE, "1.1").output().unwrap();
        fine(&output);
        let bodies = desk.github.bodies();
        let body = bodies.last().unwrap();
        assert!(body.len() <= 60_000, "{}", body.len());
        assert!(body.starts_with("<!-- bundlegate:v1 key=app"), "{}", &body[..200]);
        assert!(body.contains("was left out"), "{modules}: {} bytes", body.len());
        assert!(body.contains(expected), "{expected}: {}", &body[body.len() - 600..]);
        assert_eq!(body.matches("<details>").count(), body.matches("</details>").count());
        assert_eq!(body.matches("```").count() % 2, 0);
        desk.github.with(|inner| inner.comments.clear());
    }
}

#[test]
fn a_record_is_somebody_elses_data() {
    let desk = Desk::new("");
    let record = desk.path.join("record.jsonl");
    ok(desk.on_pull_request("run", MERGE, "5.1").args([
        "--base",
        "none",
        "--comment=false",
        "--record-file",
        "record.jsonl",
    ]));
    assert!(desk.github.bodies().is_empty());
    let comment = |head: &str| {
        let event =
            json!({ "workflow_run": { "head_sha": head }, "repository": { "full_name": "o/r" } });
        let file = desk.path.parent().unwrap().join("workflow_run.json");
        std::fs::write(&file, event.to_string()).unwrap();
        desk.on_pull_request("comment", MERGE, "6.1")
            .args(["--from", "record.jsonl"])
            .env("GITHUB_EVENT_NAME", "workflow_run")
            .env("GITHUB_EVENT_PATH", file)
            .output()
            .unwrap()
    };
    // The pull request moved on.
    desk.github.with(|inner| inner.head = "0".repeat(40));
    let stale = comment(HEAD);
    fine(&stale);
    assert!(text(&stale).contains("is not at the commit"), "{}", text(&stale));
    desk.github.with(|inner| inner.head = HEAD.to_owned());
    // The run that ended was of another commit than the record says.
    let other = comment(&"1".repeat(40));
    assert!(text(&other).contains("is not at the commit"), "{}", text(&other));
    assert!(desk.github.bodies().is_empty());
    // What the record says cannot be more than text.
    let lines = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, lines.replace("index.js", "</details>`@team` <img src=x> --> |.js"))
        .unwrap();
    fine(&comment(HEAD));
    let bodies = desk.github.bodies();
    assert_eq!(bodies.len(), 1);
    let options = pulldown_cmark::Options::ENABLE_TABLES | pulldown_cmark::Options::ENABLE_GFM;
    for event in pulldown_cmark::Parser::new_ext(&bodies[0], options) {
        match event {
            pulldown_cmark::Event::Html(html) | pulldown_cmark::Event::InlineHtml(html) => {
                assert!(!html.contains("img"), "{html}");
            }
            pulldown_cmark::Event::Text(shown) => {
                assert!(!shown.contains("@team") || shown.starts_with('{'), "{shown}");
            }
            _ => {}
        }
    }
    std::fs::write(&record, "not json").unwrap();
    assert_eq!(comment(HEAD).status.code(), Some(2));
}

/// A project with two commits and the merge of the second: a new package, a removed and a moved file, names of all
/// kinds.
fn two_commits(desk: &Desk) -> String {
    let package = |name: &str, version: &str, code: &str| {
        desk.write(&format!("node_modules/{name}/package.json"), &json!({ "name": name, "version": version, "main": "index.js", "type": "module", "sideEffects": false }).to_string());
        desk.write(&format!("node_modules/{name}/index.js"), code);
    };
    desk.write(".gitignore", "node_modules\n.bundlegate\n");
    package(
        "calendar",
        "4.1.0",
        "export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];\nexport function format(day) { return days[day] + ' of the week, as it is written in a calendar that hangs on the wall of the kitchen, beside the window'; }\n",
    );
    desk.write("src/購物車/配送日.ts", "export const day = () => 'tomorrow, or the day after';\n");
    desk.write(
        "src/old.ts",
        "export const old = () => ['what', 'was', 'here', 'before'].join(' ');\n",
    );
    desk.write("src/a/moved.ts", "export const moved = () => 'the same text in another place';\n");
    desk.write("src/pipe.ts", "export const one = () => 'a pipe in the name, first part';\nexport const two = () => 'and the second part of it';\n");
    desk.write("src/index.ts", "import { day } from './購物車/配送日';\nimport { old } from './old';\nimport { moved } from './a/moved';\nimport { one } from './pipe';\nconsole.log(day(), old(), moved(), one());\n");
    desk.write("bundlegate.yml", "name: web\nbuild: { entrypoints: [src/index.ts], minify: true }\nreport: { budgets: [{ path: '*.js', growth: 10% }, { path: (total), raw: 10kB }] }\n");
    desk.git(&["init", "--quiet"]);
    desk.git(&["add", "."]);
    desk.git(&["commit", "--quiet", "-m", "first"]);
    desk.git(&["checkout", "--quiet", "-b", "change"]);
    std::fs::remove_file(desk.path.join("src/old.ts")).unwrap();
    std::fs::create_dir(desk.path.join("src/b")).unwrap();
    std::fs::rename(desk.path.join("src/a/moved.ts"), desk.path.join("src/b/moved.ts")).unwrap();
    desk.write(
        "src/購物車/配送日.ts",
        "import { format } from 'calendar';\nexport const day = () => format(3);\n",
    );
    desk.write(
        "src/`tick`|@team.ts",
        "export const tick = () => 'a name with all that Markdown takes for its own';\n",
    );
    desk.write("src/index.ts", "import { day } from './購物車/配送日';\nimport { moved } from './b/moved';\nimport { one, two } from './pipe';\nimport { tick } from './`tick`|@team';\nconsole.log(day(), moved(), one(), two(), tick());\n");
    desk.git(&["add", "."]);
    desk.git(&["commit", "--quiet", "-m", "second"]);
    desk.git(&["checkout", "--quiet", "main"]);
    desk.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "change"]);
    desk.git(&["rev-parse", "HEAD"])
}

#[test]
fn the_comment_says_what_changed_and_why() {
    let desk = Desk::new("");
    let merge = two_commits(&desk);
    let output = desk.on_pull_request("run", &merge, "31.2").output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    let body = desk.github.bodies().remove(0);
    let parent = desk.git(&["rev-parse", "HEAD^1"]);
    // Ids of commits and builds are of this run.
    let mut shown = body
        .replace(&parent, "{parent}")
        .replace(&parent[..7], "{parent}")
        .replace(&merge, "{merge}");
    shown = shown.replace(env!("CARGO_PKG_VERSION"), "{version}");
    let record: Vec<serde_json::Value> = shown
        .split("```jsonl\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // The changes of the modules are the change of the output.
    let change = |fact: &serde_json::Value, key: &str| {
        fact[key][1].as_i64().unwrap() - fact[key][0].as_i64().unwrap_or(0)
    };
    let of = |kind: &str| -> Vec<&serde_json::Value> {
        record.iter().filter(|fact| fact["t"] == kind).collect()
    };
    let modules: i64 = of("module").iter().map(|fact| change(fact, "bytes")).sum();
    assert_eq!(modules, change(of("output")[0], "raw"));
    for (path, why) in [
        ("node_modules/calendar/index.js", "new; imported by src/購物車/配送日.ts:1"),
        ("src/old.ts", "removed"),
        ("src/b/moved.ts", "renamed from src/a/moved.ts"),
        ("src/pipe.ts", "newly kept: two"),
        ("src/`tick`|@team.ts", "new; imported by src/index.ts:4"),
    ] {
        assert!(
            of("module").iter().any(|fact| fact["path"] == path && fact["why"] == why),
            "{path}: {why}\n{shown}"
        );
    }
    // It is the Markdown that GitHub takes: every table is one, and names are text.
    let options = pulldown_cmark::Options::ENABLE_TABLES | pulldown_cmark::Options::ENABLE_GFM;
    let events: Vec<pulldown_cmark::Event<'_>> =
        pulldown_cmark::Parser::new_ext(&shown, options).collect();
    let codes: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            pulldown_cmark::Event::Code(code) => Some(code.to_string()),
            _ => None,
        })
        .collect();
    assert!(codes.iter().any(|code| code == "src/`tick`|@team.ts"), "{codes:?}");
    let tables = events
        .iter()
        .filter(|event| {
            matches!(event, pulldown_cmark::Event::Start(pulldown_cmark::Tag::Table(_)))
        })
        .count();
    assert_eq!(tables, 4, "{shown}");
    let shown = shown.split("<details><summary><b>Files and signatures").next().unwrap();
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../../fixtures/report", omit_expression => true }, {
        insta::assert_snapshot!("comment", shown);
    });
}

#[test]
fn the_analysis_is_for_people_and_programs() {
    let desk = Desk::new("");
    two_commits(&desk);
    ok(desk.command("build").args([
        "src/index.ts",
        "--outdir",
        "out",
        "--metafile-md",
        "out/meta.md",
    ]));
    let markdown = std::fs::read_to_string(desk.path.join("out/meta.md")).unwrap();
    for part in [
        "[IMPORT: src/購物車/配送日.ts -> node_modules/calendar/index.js]",
        "[IMPORTED_BY: node_modules/calendar/index.js <- src/購物車/配送日.ts:1]",
        "[NODE_MODULES: node_modules/calendar/index.js]",
        "[ENTRY: src/index.ts -> out/index.js (",
        "- Reached by: `src/index.ts` → `src/購物車/配送日.ts` → `node_modules/calendar/index.js`",
        "- Package: `calendar@4.1.0`",
        "### ``src/`tick`|@team.ts``".replace('|', "\\|").as_str(),
    ] {
        assert!(markdown.contains(part), "{part}\n{markdown}");
    }
    assert!(!markdown.contains(desk.path.to_str().unwrap()));
    // Bun reads it as Markdown with tables, too.
    let bun = npm().join("node_modules/.bin/bun");
    let script = "console.log(Bun.markdown.html(await Bun.file('out/meta.md').text()))";
    let html = ok(Command::new(bun).args(["-e", script]).current_dir(&desk.path));
    assert_eq!(html.matches("<table>").count(), 4, "{html}");
    assert!(html.contains("<code>node_modules/calendar/index.js</code>"), "{html}");
}

/// The analysis has each kind of fact that Bun's has, and what is asked of it does not make it endless.
#[test]
fn the_analysis_has_what_buns_has() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "a.ts",
        "import data from './data.json' with { type: 'json' };\nimport { once } from 'pkg';\nimport './b';\nimport 'node:path';\nconsole.log(data, once, () => import('./lazy'));",
    );
    write("b.ts", "import { once } from 'pkg';\nconsole.log(once, require('./c.cjs'));");
    write("c.cjs", "module.exports = require('./data.json');");
    write("lazy.ts", "export const lazy = 1;");
    write("data.json", "{ \"a\": 1 }");
    write("node_modules/pkg/package.json", "{ \"name\": \"pkg\", \"version\": \"1.2.3\" }");
    write("node_modules/pkg/index.js", "export const once = 1;");
    let build = ["a.ts", "--outdir", "out", "--target", "node", "--splitting"];
    let analysis = |command: &mut Command, file: &str| {
        ok(command.arg(format!("--metafile-md={file}")).current_dir(folder.path()));
        std::fs::read_to_string(folder.path().join(file)).unwrap()
    };
    let ours = analysis(bundlegate().arg("build").args(build), "ours.md");
    let theirs = analysis(super::support::bun().arg("build").args(build), "theirs.md");
    let marks = |text: &str| -> std::collections::BTreeSet<String> {
        let starts = text.lines().filter_map(|line| line.strip_prefix('['));
        starts.filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect()
    };
    assert!(marks(&theirs).len() > 5, "{theirs}");
    let missing: Vec<String> = marks(&theirs).difference(&marks(&ours)).cloned().collect();
    assert!(missing.is_empty(), "{missing:?}\n{ours}");
    for part in [
        "| JSON files | 1 |",
        "| Entry points | 1 |",
        "- Imports: `data.json` (import-statement, specifier `./data.json`, with type `json`)",
        "- Imports: `node:path` (import-statement, left to the runtime)",
        "| 2 | `node_modules/pkg/index.js` | `a.ts:2`, `b.ts:1` |",
        "[FORMAT: c.cjs = cjs]",
        "- Loads later: `out/lazy-",
    ] {
        let plain = ours.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(plain.contains(part), "{part}\n{ours}");
    }
    let imports =
        (0..3000).fold(String::new(), |text, n| text + &format!("import './many/module-{n}';\n"));
    write("a.ts", &imports);
    for n in 0..3000 {
        write(&format!("many/module-{n}.ts"), &format!("console.log('module {n}', {n});"));
    }
    let long = analysis(bundlegate().arg("build").args(build), "long.md");
    assert!(long.len() <= 400 << 10 && long.len() > 100 << 10, "{}", long.len());
    assert!(long.contains("more modules, which the metafile has*"), "{}", &long[..3000]);
}

#[test]
fn bases_of_all_kinds() {
    let desk = Desk::new("");
    let merge = two_commits(&desk);
    let report = |base: &str| {
        let output = desk.command("run").args(["--dry-run", "--base", base]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(report("git:HEAD^1").contains("Compared with `git:HEAD^1`"));
    assert!(
        report("git:HEAD").contains("### bundlegate · web: no change"),
        "{}",
        report("git:HEAD")
    );
    assert!(
        report("git:nothing").contains("No baseline: the commit `nothing` is not in this clone")
    );
    assert!(report("auto").contains("No baseline: this is no pull request"));
    // A deployment of the base, and its metafile as a file.
    desk.git(&["checkout", "--quiet", "HEAD^1"]);
    let parent = desk.git(&["rev-parse", "HEAD"]);
    ok(desk
        .command("run")
        .args(["--metafile", "../base.json", "--base", "none"])
        .env("GITHUB_SHA", &parent));
    desk.git(&["checkout", "--quiet", "main"]);
    let sentence = |text: &str| text.lines().nth(3).unwrap().to_owned();
    let expected = sentence(&report("git:HEAD^1"));
    assert!(expected.contains("Main cause: **`calendar` 4.1.0 is new**"), "{expected}");
    assert_eq!(sentence(&report("../base.json")), expected);
    assert_eq!(sentence(&report("dir:.bundlegate/store/web")), expected);
    // Another lockfile: other packages. Then what the store has of that commit.
    desk.write("package-lock.json", "{}");
    let auto = desk.on_pull_request("run", &merge, "1.1").arg("--dry-run").output().unwrap();
    let auto = String::from_utf8(auto.stdout).unwrap();
    assert!(auto.contains("as stored (`package-lock.json` differs)"), "{auto}");
    assert_eq!(sentence(&auto), expected);
}

#[test]
fn metafiles_of_others() {
    let desk = Desk::new("");
    two_commits(&desk);
    let esbuild = npm().join("node_modules/.bin/esbuild");
    ok(Command::new(esbuild)
        .args([
            "src/index.ts",
            "--bundle",
            "--outdir=built",
            "--metafile=esbuild.json",
            "--log-level=error",
        ])
        .current_dir(&desk.path));
    let bun = npm().join("node_modules/.bin/bun");
    ok(Command::new(bun)
        .args(["build", "src/index.ts", "--outdir=bunbuilt", "--metafile=bun.json"])
        .current_dir(&desk.path));
    std::fs::remove_file(desk.path.join("bundlegate.yml")).unwrap();
    for (folder, file) in [("built", "esbuild.json"), ("bunbuilt", "bun.json")] {
        let report = ok(desk.command("report").args([
            "--artifacts",
            folder,
            "--artifacts-metafile",
            file,
            "--base",
            "none",
        ]));
        assert!(report.contains("`node_modules/calendar/index.js`"), "{folder}: {report}");
        let json = ok(desk.command("report").args([
            "--artifacts-metafile",
            file,
            "--base",
            file,
            "--format",
            "json",
        ]));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["facts"][0]["t"], "run");
        assert_eq!(json["facts"][0]["base_from"], format!("`{file}`"));
    }
}

#[test]
fn the_page_works_in_a_browser() {
    let desk = Desk::new("");
    let name = |index: usize| match index {
        0 => "src/</script><img src=x onerror=alert(1)>.ts".to_owned(),
        1..=4 => format!("node_modules/package/feature-{index}.js"),
        _ => format!("src/part-{index}.ts"),
    };
    let metafile = |grow: usize| {
        let parts: serde_json::Map<String, serde_json::Value> = (0..40)
            .map(|index| {
                (name(index), json!({ "bytesInOutput": 500 + index * 40 + grow * (index % 3) }))
            })
            .collect();
        let inputs: serde_json::Map<String, serde_json::Value> =
            (0..40).map(|index| (name(index), json!({ "bytes": 1 }))).collect();
        json!({ "inputs": inputs, "outputs": { "app.js": { "bytes": 60_000, "entryPoint": name(5), "inputs": parts } } }).to_string()
    };
    desk.write("head.json", &metafile(9));
    desk.write("base.json", &metafile(0));
    std::fs::remove_file(desk.path.join("bundlegate.yml")).unwrap();
    let page = ok(desk.command("report").args([
        "--artifacts-metafile",
        "head.json",
        "--base",
        "base.json",
        "--format",
        "html",
    ]));
    let file = desk.path.join("page.html");
    std::fs::write(&file, page).unwrap();
    if !cfg!(target_os = "linux") {
        eprintln!("the browser of the lock file is for Linux; the page was not opened");
        return;
    }
    let browser = super::support::install("tests/browser");
    let seen = ok(Command::new("node").arg(browser.join("treemap.mjs")).arg(&file));
    let expected = "boxes: 44\nmarkup as text: 1\nzoomed: 3\nby keyboard: 2\nsearch: 4 modules found, 4 shown\nno errors\n";
    assert_eq!(seen, expected);
}

#[test]
fn treemaps_are_stored_with_the_build() {
    let desk = Desk::new("");
    desk.write(
        "bundlegate.yml",
        "name: app\nbuild: { entrypoints: [src/index.ts] }\nstore: { previews: true }\nreport: { pictures: 'https://pub.example/x/' }\n",
    );
    let long = |word: &str| format!("console.log('{}');\n", word.repeat(500));
    desk.write("src/index.ts", "import 'dates';\nimport './<b>\"&.ts';\nimport './購物車.ts';\n");
    desk.write("src/<b>\"&.ts", &long("markup"));
    desk.write("src/購物車.ts", &long("cart"));
    desk.write(
        "node_modules/dates/package.json",
        "{ \"version\": \"1.2.3\", \"main\": \"index.js\" }",
    );
    desk.write("node_modules/dates/index.js", &long("date"));
    fine(&desk.run("10.1"));
    let body = desk.github.bodies().remove(0);
    let slices = "pie showData title Minified kB by package\n    \"own code\" : 5.";
    assert!(body.contains(&format!("```mermaid\n{slices}")), "{body}");
    // Both are where the comment says, and pictures of that name are of that content.
    let files: Vec<PathBuf> = [("srcset=\"", "dark"), ("src=\"", "light")]
        .into_iter()
        .map(|(before, theme)| {
            let url = body.split(before).nth(1).unwrap().split('"').next().unwrap();
            let key = url.strip_prefix("https://pub.example/x/app/builds/").unwrap();
            let file = desk.path.join(".bundlegate/store/app/builds").join(key);
            let digest = super::support::sha256(&file);
            assert!(key.ends_with(&format!("/treemap-{theme}.{}.svg", &digest[..8])), "{key}");
            file
        })
        .collect();
    // The seal holds with them beside it, and they go with their build.
    ok(desk.command("verify").arg("dir:.bundlegate/store/app@pr-7"));
    // Again: the same picture, so the comment is as it was.
    assert!(text(&desk.run("10.1")).contains("unchanged"));
    if cfg!(target_os = "linux") {
        let browser = super::support::install("tests/browser");
        let seen = ok(Command::new("node").arg(browser.join("picture.mjs")).args(&files));
        let boxes = "720 x 400, 4 boxes: src/<b>\"&.ts · 3.02 kB, src/購物車.ts · 2.02 kB, \
                     node_modules/dates/index.js · 2.02 kB, (runtime and wrapping) · 69 B";
        assert_eq!(seen, format!("{boxes}\n{boxes}\n"));
    }
    desk.write("src/index.ts", "console.log(2);\n");
    fine(&desk.run("11.1"));
    ok(desk.command("prune").args(["dir:.bundlegate/store/app", "--keep", "1"]));
    assert!(files.iter().all(|file| !file.exists()));
    // Not where there is no folder of a build, and not at what is no address.
    for wrong in [["--layout", "files"], ["--pictures", "javascript:alert(1)"]] {
        let output = desk.command("run").args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains("config/pictures"), "{}", text(&output));
    }
}

#[test]
fn the_script_of_the_page_is_what_we_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("treemap.js");
    let config = super::support::root().join("src/report/treemap/bundlegate.yml");
    ok(bundlegate()
        .args(["build", "--config"])
        .arg(config)
        .arg("--outfile")
        .arg(&script)
        .current_dir(folder.path()));
    let present =
        std::fs::read_to_string(super::support::root().join("src/report/treemap.js")).unwrap();
    assert!(std::fs::read_to_string(script).unwrap() == present, "bundle src/report/treemap again");
}
