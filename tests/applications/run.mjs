// Small applications, as they are and bundled: each output must print what the unbundled original prints, and end with
// the same exit code.
//
//   npm ci --ignore-scripts --prefix tests/applications && node tests/applications/run.mjs BINARY [NAME…]
//
// `application.json` of an application says what is run:
//   entry      the file that is run and bundled
//   is         what it shows, for people
//   original   `node`, or `compiled` where Node cannot read the sources (see original.mjs)
//   dom        whether there is a page around it (see dom.mjs)
//   requests   a file of requests; the entry is then a Worker, and call.mjs calls it
//   target     `--target`, when not `node`
//   flags      further flags of the build
//   args, env  how original and outputs are called
//   code       the exit code, when not 0
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const MODES = [[], ["--minify"], ["--splitting"], ["--minify", "--splitting"]];
const CONDITIONS = { browser: "browser", workers: "workerd" };
const TIMEOUT_MS = 60_000;

const [given, ...wanted] = process.argv.slice(2);
// Builds run in the folders of the applications.
const binary = given && path.resolve(given);
const known = fs.readdirSync(path.join(here, "apps")).sort();
const names = wanted.length ? wanted : known;
const unknown = names.filter((name) => !known.includes(name));
if (!binary || unknown.length) {
  console.error(unknown.length ? `no such application: ${unknown.join(", ")}` : "usage: run.mjs BINARY [NAME…]");
  process.exit(2);
}

// Outside of the checkout: no `node_modules` above it, so what was left out of an output is missed.
const temporary = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "bundlegate-applications-")));
const above = ancestors(temporary).find((folder) => fs.existsSync(path.join(folder, "node_modules")));
if (above) {
  console.error(`${above}/node_modules can be seen from the outputs: set TMPDIR to another folder`);
  process.exit(2);
}

const counts = { outputs: 0, different: 0 };
for (const name of names) {
  const started = performance.now();
  const differences = check(name, path.join(temporary, name));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  counts.outputs += MODES.length;
  counts.different += differences.length;
  console.log(`${differences.length ? "DIFFERS" : "ok"} ${name} (${seconds} s)`);
  for (const difference of differences) console.log(difference.replace(/^/gm, "  "));
}
const all = `${names.length} applications, ${counts.outputs} outputs`;
console.log(counts.different ? `${all}: ${counts.different} differences; outputs are in ${temporary}` : `${all}: all as unbundled`);
if (!counts.different) fs.rmSync(temporary, { recursive: true });
process.exitCode = counts.different ? 1 : 0;

function check(name, folder) {
  const source = path.join(here, "apps", name);
  const application = JSON.parse(fs.readFileSync(path.join(source, "application.json"), "utf8"));
  const entry = path.join(source, application.entry);
  const expected = run(application, source, entry, path.join(folder, "work"));
  // A test that fails by itself shows nothing about the bundle.
  if (expected.code !== (application.code ?? 0)) return [`the original fails: ${told(expected)}`];

  const differences = [];
  for (const mode of MODES) {
    const label = ["build", ...mode].join(" ");
    const out = path.join(folder, mode.join("") || "plain");
    const target = application.target ?? "node";
    const built = spawn(binary, ["build", entry, "--target", target, "--outdir", out, "-q", ...mode, ...(application.flags ?? [])], {
      cwd: source,
    });
    if (built.code !== 0) {
      differences.push(`${label} fails: ${told(built)}`);
      continue;
    }
    fs.writeFileSync(path.join(out, "package.json"), '{ "type": "module" }');
    const output = path.join(out, path.parse(entry).name + ".js");
    const actual = run(application, source, output, path.join(folder, "work"));
    if (actual.code !== expected.code || actual.stdout !== expected.stdout) {
      differences.push(`${label} differs:\n${firstDifference(expected.stdout, actual.stdout)}\n${told(actual, false)}`);
    }
  }
  return differences;
}

// Runs the original or an output in an empty folder, always of the same name, because programs print where they are.
function run(application, source, file, cwd) {
  fs.rmSync(cwd, { recursive: true, force: true });
  fs.mkdirSync(cwd, { recursive: true });
  const isOriginal = file.startsWith(source + path.sep);
  const isCompiled = isOriginal && application.original === "compiled";
  const options = [
    ...(application.dom ? ["--import", path.join(here, "dom.mjs")] : []),
    ...(isCompiled ? ["--import", path.join(here, "original.mjs")] : []),
    // Packages must give Node what they give a bundler for this target.
    ...(isOriginal && CONDITIONS[application.target] ? ["--conditions", CONDITIONS[application.target]] : []),
  ];
  const script = application.requests
    ? [path.join(here, "call.mjs"), file, path.join(source, application.requests)]
    : [file, ...(application.args ?? [])];
  // Nothing else of the environment: colours, and what a runner sets, would change what is printed.
  const env = { PATH: process.env.PATH, HOME: cwd, TZ: "UTC", LANG: "C.UTF-8", ...application.env };
  return spawn(process.execPath, [...options, ...script], { cwd, env });
}

function spawn(command, args, options) {
  const ended = spawnSync(command, args, { encoding: "utf8", timeout: TIMEOUT_MS, maxBuffer: 64 << 20, ...options });
  return { code: ended.status ?? ended.error?.code ?? ended.signal, stdout: ended.stdout ?? "", stderr: ended.stderr ?? "" };
}

// Lines of a minified output are long, and their errors quote them.
function told({ code, stdout, stderr }, withOutput = true) {
  const lines = `${withOutput ? stdout : ""}${stderr}`.split("\n").map((line) => line.slice(0, 300).trimEnd());
  const few = lines.length > 24 ? [...lines.slice(0, 12), "…", ...lines.slice(-12)] : lines;
  return [`exit code ${code}`, ...few].join("\n").trimEnd();
}

function firstDifference(expected, actual) {
  const [left, right] = [expected.split("\n"), actual.split("\n")];
  const at = left.findIndex((line, index) => line !== right[index]);
  if (at < 0) return right.length > left.length ? `more lines: ${right[left.length]}` : "the same text";
  return `line ${at + 1}\n- ${left[at]?.slice(0, 400)}\n+ ${right[at]?.slice(0, 400)}`;
}

function ancestors(folder) {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}
