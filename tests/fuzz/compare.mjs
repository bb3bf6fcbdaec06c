// Runs programs of a generator as they are and bundled: what they say must be the same.
//   compare(makes), with BINARY [COUNT [SEED [FLAG…]]] on the command line
// `makes` gives a program for a seed: its text, and whether it is a script that is not strict. A program that differs is
// printed with its seed; the exit code is 1. Half of the strict ones are modules that a CommonJS module requires, so that
// they run in closures. Programs that throw are left out.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import vm from "node:vm";

const BATCH = 50;

// Choices by a seed (mulberry32).
export class Random {
  constructor(seed) {
    this.seed = seed;
    this.names = 0;
  }
  random() {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
  below(limit) {
    return Math.floor(this.random() * limit);
  }
  chance(part) {
    return this.random() < part;
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  name(kind) {
    return `${kind}${this.names++}`;
  }
}

// What a program finds: `say` writes down what it is given, `spend` ends what runs too long, `attempt` says how
// something ends, `meter` says when it is turned into something else.
const SURROUNDINGS = `
globalThis.said = [];
let left = 400;
Function.prototype.toString = () => "function";
const shown = (value) => Array.isArray(value) ? "[" + value.map(shown) + "]" : typeof value === "function" ? "function"
  : typeof value === "string" ? JSON.stringify(value) : typeof value === "bigint" ? value + "n" : Object.is(value, -0) ? "-0"
  : value && typeof value === "object" ? "object" : String(value);
globalThis.say = (value) => { if (said.length < 300) said.push(shown(value)); return value; };
globalThis.spend = () => { if (--left < 0) throw "too long"; };
globalThis.attempt = (run) => {
  try { return say(run()); } catch (error) { if (error === "too long") throw error; say(error && error.name || error); }
};
globalThis.meter = (name) => ({ [Symbol.toPrimitive](hint) { say(name + " as " + hint); return 1; } });
`;

function run(code, isSloppy) {
  const context = vm.createContext({});
  vm.runInContext(SURROUNDINGS, context);
  try {
    vm.runInContext(`${isSloppy ? "" : '"use strict";'}${code}`, context, { timeout: 2000 });
  } catch (error) {
    return { threw: String(error) };
  }
  return { said: vm.runInContext("said.join('\\n')", context) };
}

export function compare(makes) {
  const [binary, count = "200", firstSeed = "1", ...flags] = process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), "programs-"));
  const build = (entries, format) => {
    if (entries.length === 0) return;
    const options = ["--outdir", "out", "--format", format, "--target", "neutral", "--env", "disable"];
    const arguments_ = ["build", ...entries, ...options, ...(flags.length ? flags : ["--minify"])];
    const built = spawnSync(resolve(binary), arguments_, { cwd: folder, encoding: "utf8" });
    if (built.status !== 0) throw built.error ?? new Error(built.stderr);
  };
  let [same, different] = [0, 0];
  for (let start = 0; start < Number(count); start += BATCH) {
    const programs = [];
    for (let index = start; index < Math.min(start + BATCH, Number(count)); index++) {
      const seed = Number(firstSeed) * 1_000_003 + index;
      const { text, isSloppy } = makes(seed);
      const expected = run(`(() => {${text}})()`, isSloppy);
      if (expected.threw) continue;
      const isRequired = index % 2 === 1;
      const entry = `${seed}.${isSloppy || isRequired ? "cjs" : "mjs"}`;
      if (isSloppy) {
        writeFileSync(join(folder, entry), text);
      } else {
        writeFileSync(join(folder, isRequired ? `required-${seed}.mjs` : entry), `${text}export {};\n`);
        if (isRequired) writeFileSync(join(folder, entry), `require("./required-${seed}.mjs");\n`);
      }
      programs.push({ seed, text, entry, expected, isSloppy });
    }
    const entries = (wanted) => programs.filter(({ isSloppy }) => isSloppy === wanted).map(({ entry }) => entry);
    build(entries(false), "esm");
    build(entries(true), "cjs");
    for (const { seed, text, expected, isSloppy } of programs) {
      const output = readFileSync(join(folder, "out", `${seed}.js`), "utf8");
      const code = isSloppy
        ? `(function (module) {${output}})({ exports: {} })`
        : output.replace(/export\s*default\b/, "").replace(/export\s*\{\s*\};?/, "");
      const got = run(code, isSloppy);
      if (got.said === expected.said) {
        same++;
        continue;
      }
      different++;
      console.log(`seed ${seed}:\n${text}\n--- became\n${output}\n--- expected\n${expected.said}\n--- got\n${got.threw ?? got.said}\n`);
    }
  }
  rmSync(folder, { recursive: true });
  console.log(`${same} programs say the same, ${different} do not`);
  process.exitCode = different ? 1 : 0;
}
