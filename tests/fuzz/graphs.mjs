// Random graphs of CommonJS, ECMAScript and JSON modules with one to three entries, run by Node as they are and bundled:
// what they say must be the same, in the same order. Each entry is run for itself, with its own copies of the modules.
//   node tests/fuzz/graphs.mjs BINARY [COUNT [SEED [FLAG…]]]
// A graph that differs is printed with its seed; the exit code is 1.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Random } from "./compare.mjs";

const BATCH = 50;

// Runs the entries in `process.argv` one after another and prints what each says.
const RUNNER = `
const results = [];
const shown = (value, depth = 2) => {
  if (typeof value === "function") return "function" + shown({ ...value }, depth - 1);
  if (typeof value !== "object" || value === null) return typeof value === "string" ? JSON.stringify(value) : String(value);
  if (depth < 0) return "…";
  return "{" + Object.keys(value).filter((key) => key !== "__esModule" && key !== "module.exports").sort()
    .map((key) => { try { return key + ":" + shown(value[key], depth - 1); } catch (error) { return key + " throws"; } }) + "}";
};
for (const entry of process.argv.slice(2)) {
  const said = [];
  globalThis.say = (value) => { if (said.length < 200) said.push(shown(value)); return value; };
  globalThis.attempt = (read) => { try { return say(read()); } catch (error) { say(error && error.constructor.name); } };
  globalThis.yes = true;
  globalThis.pending = undefined;
  try { await import(entry); } catch (error) { said.push("threw " + (error && error.constructor ? error.constructor.name : error)); }
  await globalThis.pending;
  results.push(said);
}
process.stdout.write(JSON.stringify(results));
`;

const NAMES = ["alpha", "beta", "gamma", "delta"];

class Graph extends Random {
  // The first modules are the entries. A module imports those behind it, and sometimes one before it.
  constructor(seed) {
    super(seed);
    const count = 3 + this.below(6);
    this.mayCircle = this.chance(0.3);
    this.mayAwait = this.chance(0.3);
    this.entries = this.chance(0.5) ? 1 : 2 + this.below(2);
    // Whether modules use the same names for their variables.
    this.sharesNames = this.chance(0.5);
    this.modules = Array.from({ length: count }, (_, index) => {
      const kind = index < this.entries ? "mjs" : this.pick(["mjs", "cjs", "cjs", "cjs", "cjs", index > 1 ? "json" : "cjs"]);
      // What the module is sure to export as properties.
      return { index, kind, file: `./m${index}.${kind}`, names: [], form: "names", exported: new Set() };
    });
    for (const one of this.modules) this.plan(one);
    for (const one of this.modules) {
      if (this.sharesNames) this.names = 0;
      one.text = this[one.kind](one);
    }
  }

  plan(one) {
    one.names = NAMES.filter(() => this.chance(0.6));
    if (one.names.length === 0) one.names = ["alpha"];
    one.isStrict = this.chance(0.6);
    one.isMarked = one.kind === "cjs" && this.chance(0.25);
    one.isLoud = this.chance(0.6);
    if (one.kind === "cjs") one.form = this.pick(["names", "names", "names", "names", "object", "function", "alias", "both", "mixed", "variable"]);
    if (one.form === "function" || one.form === "both") one.names = ["alpha"];
  }

  own(one) {
    return this.sharesNames ? "own" : `own${one.index}`;
  }

  targets(one) {
    const later = this.modules.slice(one.index + 1).filter(() => this.chance(0.5));
    if (later.length === 0 && one.index + 1 < this.modules.length) later.push(this.modules[one.index + 1]);
    if (this.mayCircle && one.index > 0 && this.chance(0.3)) {
      later.push(this.modules[1 + this.below(one.index)]);
    }
    // Node refuses to `require` a module that is imported, too.
    return one.kind === "cjs" ? later.filter(({ kind }) => kind !== "mjs") : later;
  }

  plain() {
    return this.pick(["1", '"text"', "[1]", "{ x: 1 }", "null", "Symbol.iterator"]);
  }

  value(one) {
    return this.pick([
      "1", '"text"', "{ x: 1 }", "() => say(2)", "function () { return say(3); }",
      one.isStrict || one.kind === "mjs" ? "function () { return say(typeof this); }" : "function () { return say(4); }",
      "class { constructor() { this.y = 1; } }", this.own(one), `say("value of ${one.index}")`,
    ]);
  }

  // What a module does with what another one exports, which is in `name`.
  use(name, target) {
    const property = this.pick([...target.names, ...target.names, "missing"]);
    return this.pick([
      `say(${name}.${property});`, `say(${name}.${property});`, `attempt(() => ${name}.${property}());`,
      `attempt(() => new ${name}.${property}());`, `say(typeof ${name}.${property});`,
      `later.push(() => attempt(() => ${name}.${property}()), () => say(${name}.${property}));`,
      this.chance(0.25) ? `say(${name});` : `say(${name}.${property});`,
      target.kind === "cjs" && this.chance(0.2) ? `attempt(() => { ${name}.added = 1; return ${name}.added; });` : `say(${name}.${property});`,
      this.chance(0.2) ? `say("${property}" in Object(${name}));` : `say(${name}.${property});`,
      this.chance(0.2) ? `say(typeof ${name});` : `say(${name}.${property});`,
      `say(${name} == null || ${name}.${property} === undefined);`,
    ]);
  }

  require(one, target, lines) {
    const name = this.name("d");
    const call = `require("${target.file}")`;
    const property = this.pick(target.names);
    switch (this.below(12)) {
      case 0: lines.push(`const { ${property}: ${name} } = ${call};`, `say(${name});`); break;
      case 1: lines.push(`var ${name};`, `${name} = ${call};`, this.use(name, target)); break;
      case 2: lines.push(`say(${call}.${property});`); break;
      case 3: lines.push(`later.push(() => { const ${name} = ${call}; ${this.use(name, target)} });`); break;
      case 4: lines.push(`if (yes) { var ${name} = ${call}; ${this.use(name, target)} }`); break;
      case 5: lines.push(`try { var ${name} = ${call}; ${this.use(name, target)} } catch (error) { say("caught"); }`); break;
      case 6: lines.push(`${call};`); break;
      case 7: lines.push(`function use${name}() { ${this.use(name, target)} }`, `var ${name} = ${call};`, `use${name}();`); break;
      default: lines.push(`${this.pick(["const", "var", "let"])} ${name} = ${call};`, this.use(name, target), this.use(name, target));
    }
    return name;
  }

  cjs(one) {
    const targets = this.targets(one);
    const lines = [];
    const requires = [];
    const held = [];
    for (const target of targets) {
      const block = [];
      const name = this.require(one, target, block);
      if (/^(const|var|let) d\d+ = /.test(block[0])) held.push({ name, target });
      requires.push(block);
    }
    const isAfter = this.chance(0.7);
    const exports = [];
    switch (one.form) {
      case "names":
        for (const name of one.names) {
          // A variable that is read before it is set is nobody's program.
          const from = isAfter && this.chance(0.15) && held.length ? this.pick(held) : undefined;
          if (from) {
            const property = this.pick(from.target.names);
            exports.push(`Object.defineProperty(exports, "${name}", { enumerable: true, get: function () { return ${from.name}.${property}; } });`);
          } else if (this.chance(0.1)) {
            exports.push(`exports.${name} = 1;`, `exports.${name} = ${this.value(one)};`);
          } else if (this.chance(0.1)) {
            exports.push(`exports.${name} = void 0;`, `if (yes) exports.${name} = ${this.value(one)};`);
          } else {
            exports.push(`exports.${name} = ${this.value(one)};`);
          }
        }
        if (this.chance(0.15)) exports.push(`say(exports.${this.pick(one.names)});`);
        if (this.chance(0.1)) exports.push(`attempt(() => exports.${this.pick(one.names)}());`);
        if (this.chance(0.1)) exports.push(`say(Object.keys(exports).length);`);
        // What has a getter cannot be set.
        if (this.chance(0.1) && !exports.some((line) => line.startsWith("Object"))) exports.push(`later.push(() => { exports.${one.names[0]} = say("changed"); });`);
        if (this.chance(0.07)) exports.push(`say(this === exports);`);
        if (this.chance(0.05)) exports.push(`say(typeof module);`);
        break;
      case "object":
        exports.push(`module.exports = { ${one.names.map((name) => `${name}: ${this.value(one)}`).join(", ")} };`);
        if (this.chance(0.3)) exports.push(`module.exports.${one.names[0]} = ${this.value(one)};`);
        break;
      case "variable": {
        const name = this.name("d");
        exports.push(`${this.pick(["const", "var", "let"])} ${name} = { ${one.names.map((name) => `${name}: ${this.value(one)}`).join(", ")} };`, `module.exports = ${name};`);
        if (this.chance(0.3)) exports.push(`say(${name}.${one.names[0]}, ${name});`);
        break;
      }
      case "function":
        exports.push(`module.exports = ${this.pick(["function () { return say(5); }", "() => say(6)", "class {}", this.own(one)])};`);
        exports.push(`module.exports.alpha = ${this.value(one)};`);
        break;
      case "both":
        exports.push(`exports = module.exports = function () { return say(7); };`, `exports.alpha = ${this.value(one)};`);
        break;
      case "mixed":
        exports.push(`exports.before = 1;`, `if (yes) module.exports = { ${one.names.map((name) => `${name}: ${this.value(one)}`).join(", ")} };`);
        break;
      case "alias": {
        const target = targets.find((target) => target.index > one.index);
        if (target) {
          one.names = target.names;
          exports.push(`module.exports = require("${target.file}");`);
        } else exports.push("exports.alpha = 1;");
        break;
      }
    }
    if (one.isMarked && ["names", "object"].includes(one.form)) {
      lines.push('Object.defineProperty(exports, "__esModule", { value: true });');
      if (one.form === "names" && this.chance(0.7)) exports.push(`exports.default = ${this.value(one)};`);
    }
    if (one.form === "names" && this.chance(0.2)) lines.push(`exports.${one.names.join(" = exports.")} = void 0;`);
    if (one.isLoud) (this.chance(0.5) ? lines : exports).push(`say("module ${one.index}");`);
    const parts = isAfter ? [...requires, exports] : [exports, ...requires];
    return `${one.isStrict ? '"use strict";\n' : ""}${[...lines, ...parts.flat()].join("\n")}\nfunction ${this.own(one)}() { return say("own ${one.index}"); }\n`;
  }

  mjs(one) {
    const lines = [];
    for (const target of this.targets(one)) {
      const name = this.name("i");
      const attributes = target.kind === "json" ? ' with { type: "json" }' : "";
      // Node finds names of CommonJS in its text only where they are plain.
      const isPlain = target.kind === "mjs" || (target.kind === "cjs" && target.form === "names" && !this.mayCircle && !/void 0|yes|later/.test(target.text ?? ""));
      const property = this.pick(target.names);
      switch (target.kind === "json" ? 0 : this.below(6)) {
        case 1:
          if (target.kind === "mjs" && isPlain) {
            lines.push(`import { ${property} as ${name} } from "${target.file}";`, `say(typeof ${name});`, `attempt(() => ${name}());`);
            break;
          }
        case 2:
          if (target.kind === "mjs") {
            lines.push(`import * as ${name} from "${target.file}";`, this.use(name, target));
            break;
          }
        case 3:
          if (target.kind === "cjs") {
            lines.push(`import * as ${name} from "${target.file}";`, this.use(`${name}.default`, target));
            break;
          }
        case 4:
          lines.push(`import "${target.file}";`);
          break;
        default:
          if (target.kind === "mjs") {
            lines.push(`import * as ${name} from "${target.file}";`, `say(${name}.${property});`);
            break;
          }
          lines.push(`import ${name} from "${target.file}"${attributes};`, this.use(name, target), this.use(name, target));
      }
    }
    if (one.isLoud) lines.push(`say("module ${one.index}");`);
    for (const name of one.names) {
      lines.push(this.pick([`export const ${name} = ${this.value(one)};`, `export function ${name}() { return say("${name}"); }`, `export let ${name} = ${this.value(one)};`]));
    }
    if (this.mayAwait && this.chance(0.4)) {
      const wait = this.pick(["0", "new Promise((done) => setTimeout(done, 1))"]);
      lines.splice(this.below(lines.length + 1), 0, `await ${wait};`, `say("${one.index} has waited");`);
    }
    lines.push(`function ${this.own(one)}() { return say("own ${one.index}"); }`);
    if (one.index < this.entries) {
      lines.push("for (const run of later) run();", "for (const run of later) run();");
      // When an `import()` answers beside what awaits is the runtime's to say.
      if (this.chance(0.25) && !this.mayAwait) {
        const target = this.pick(this.modules.slice(1).filter((other) => other.kind !== "json"));
        const names = target?.kind === "cjs" ? "Object(all.default)" : "all";
        if (target) lines.push(`globalThis.pending ??= import("${target.file}").then((all) => say(${names}.${this.pick(target.names)}));`);
      }
    }
    return `${lines.join("\n")}\n`;
  }

  json(one) {
    return JSON.stringify(Object.fromEntries(one.names.map((name, index) => [name, index])));
  }

  files() {
    const files = Object.fromEntries(this.modules.map(({ file, text }) => [file, text]));
    for (let index = 0; index < this.entries; index++) {
      files[`./m${index}.mjs`] = `import "./start.mjs";\n${files[`./m${index}.mjs`]}`;
    }
    files["./start.mjs"] = "globalThis.later = [];\n";
    return files;
  }
}

const [binary, count = "200", firstSeed = "1", ...flags] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "graphs-"));
writeFileSync(join(folder, "run.mjs"), RUNNER);
const run = (entries) => {
  const ran = spawnSync(process.execPath, ["--no-warnings", join(folder, "run.mjs"), ...entries], { encoding: "utf8" });
  if (ran.status !== 0) return entries.length > 1 ? entries.flatMap((entry) => run([entry])) : ["crashed"];
  return JSON.parse(ran.stdout).map((said) => said.join("\n"));
};
let [same, different, skipped] = [0, 0, 0];
for (let start = 0; start < Number(count); start += BATCH) {
  const graphs = [];
  for (let index = start; index < Math.min(start + BATCH, Number(count)); index++) {
    const seed = Math.round(Number(firstSeed) * 1_000_003) + index;
    const graph = new Graph(seed);
    const files = graph.files();
    const root = join(folder, String(seed));
    const [sources, out] = [join(root, "sources"), join(root, "out")];
    mkdirSync(sources, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(sources, file), text);
    writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
    const options = ["--outdir", out, "--format", "esm", "--target", "node", "--env", "disable"];
    const entries = Array.from({ length: graph.entries }, (_, index) => `m${index}`);
    const names = entries.map((entry) => `${entry}.mjs`);
    const built = spawnSync(resolve(binary), ["build", ...names, ...options, ...flags], { cwd: sources, encoding: "utf8" });
    if (built.status !== 0) throw built.error ?? new Error(`seed ${seed}\n${built.stderr}`);
    for (const entry of entries) {
      const [from, to] = [join(root, `sources-${entry}`), join(root, `out-${entry}`)];
      cpSync(sources, from, { recursive: true });
      cpSync(out, to, { recursive: true });
      graphs.push({ seed, files, source: join(from, `${entry}.mjs`), output: join(to, `${entry}.js`) });
    }
  }
  const expected = run(graphs.map(({ source }) => source));
  const got = run(graphs.map(({ output }) => output));
  for (const [index, { seed, files, output: path }] of graphs.entries()) {
    // What Node itself refuses to link, or breaks at, is no graph; and a variable of a module in a closure that is read
    // too early is `undefined`.
    if (/threw SyntaxError|^crashed|ReferenceError/.test(expected[index])) {
      skipped++;
      continue;
    }
    if (expected[index] === got[index]) {
      same++;
      continue;
    }
    different++;
    const sources = Object.entries(files).map(([file, text]) => `// ${file}\n${text}`).join("");
    const output = readFileSync(path, "utf8");
    console.log(`seed ${seed}, ${path}:\n${sources}\n--- became\n${output}\n--- expected\n${expected[index]}\n--- got\n${got[index]}\n`);
  }
}
rmSync(folder, { recursive: true });
console.log(`${same} graphs say the same, ${different} do not, ${skipped} are none`);
// A generator that makes nothing to compare compares nothing.
process.exitCode = different || skipped * 5 > same ? 1 : 0;
