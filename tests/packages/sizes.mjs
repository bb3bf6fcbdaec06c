// Sizes of the corpus, bundled and minified for Node by bundlegate and its peers in one run: brotli 11, in bytes.
//
//   cargo build --release && npm ci --prefix tests/packages && npm ci --prefix tests/packages/peers &&
//     npm ci --prefix tests/npm && node tests/packages/sizes.mjs [NAME]
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const peer = createRequire(path.join(here, "peers/package.json"));
const tool = (name) => path.join(root, "tests/npm/node_modules/.bin", name);
const binary = process.env.BUNDLEGATE ?? firstBinary();
function firstBinary() {
  for (const triple of ["", ...fs.readdirSync(path.join(root, "target"))]) {
    const file = path.join(root, "target", triple, "release/bundlegate");
    if (fs.existsSync(file)) return file;
  }
  throw new Error("no release build of bundlegate: run `cargo build --release`");
}
process.env.NODE_ENV = "production";
const define = { "process.env.NODE_ENV": '"production"' };
const run = (file, args) => execFileSync(file, args, { cwd: here, stdio: "pipe" });

const bundlers = {
  bundlegate: (input, out) =>
    run(binary, ["build", input, "--target", "node", "--minify", "--outfile", out, "-q",
      "--define", 'process.env.NODE_ENV="production"']),
  esbuild: (input, out) =>
    run(tool("esbuild"), [input, "--bundle", "--minify", "--format=esm", "--platform=node", "--charset=utf8",
      `--outfile=${out}`, '--define:process.env.NODE_ENV="production"', "--log-level=silent"]),
  bun: (input, out) =>
    run(tool("bun"), ["build", input, "--minify", "--target", "node", "--format=esm", "--outfile", out,
      "--define", 'process.env.NODE_ENV="production"']),
  rolldown: async (input, out) => {
    const { rolldown } = await import(peer.resolve("rolldown"));
    const build = await rolldown({ input, platform: "node", cwd: here, logLevel: "silent", transform: { define } });
    await build.write({ file: out, minify: true, format: "esm", codeSplitting: false });
  },
  rspack: (input, out) =>
    new Promise((resolve, reject) =>
      peer("@rspack/core").rspack(
        {
          mode: "production",
          target: "node",
          entry: input,
          context: here,
          devtool: false,
          output: { path: path.dirname(out), filename: path.basename(out), module: true, chunkFormat: "module",
            asyncChunks: false, library: { type: "module" } },
          experiments: { outputModule: true },
          optimization: { splitChunks: false },
        },
        (error, stats) => (error || stats.hasErrors() ? reject(error ?? stats.toString()) : resolve()),
      ),
    ),
  "rollup + terser": async (input, out) => {
    const plugin = (name) => {
      const found = peer(`@rollup/plugin-${name}`);
      return found.default ?? found;
    };
    const build = await peer("rollup").rollup({
      input,
      onwarn: () => {},
      plugins: [
        plugin("replace")({ ...define, preventAssignment: true }),
        plugin("node-resolve")({ preferBuiltins: true, exportConditions: ["node"] }),
        plugin("commonjs")({ ignoreDynamicRequires: true }),
        plugin("json")(),
      ],
    });
    const { output } = await build.generate({ format: "esm", inlineDynamicImports: true });
    const { code } = await peer("terser").minify(output[0].code, { module: true });
    fs.writeFileSync(out, code);
  },
};

const names = Object.keys(bundlers);
const sums = Object.fromEntries(names.map((name) => [name, 0]));
console.log(`| package | ${names.join(" | ")} | to the best |\n|---|${"--:|".repeat(names.length + 1)}`);
for (const file of fs.readdirSync(path.join(here, "src"))) {
  const title = file.replace(/\.\w+$/, "");
  if (process.argv[2] && title !== process.argv[2]) continue;
  const sizes = {};
  for (const name of names) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sizes-"));
    const out = path.join(folder, "out.mjs");
    try {
      await bundlers[name](path.join(here, "src", file), out);
      // All scripts: some put a part into files of their own.
      const scripts = fs.readdirSync(folder).filter((script) => /\.m?js$/.test(script));
      const parts = scripts.map((script) => fs.readFileSync(path.join(folder, script)));
      if (!fs.existsSync(out)) throw new Error("no output");
      sizes[name] = parts.reduce((sum, part) => sum + zlib.brotliCompressSync(part, {
        params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 },
      }).length, 0);
    } catch (error) {
      if (process.env.VERBOSE) console.error(title, name, String(error.stderr ?? error).slice(0, 400));
    }
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const others = names.slice(1).flatMap((name) => sizes[name] ?? []);
  const ratio = (sizes.bundlegate / Math.min(...others) - 1) * 100;
  console.log(`| ${title} | ${names.map((name) => sizes[name] ?? "fails").join(" | ")} | ${ratio.toFixed(1)} % |`);
  if (names.every((name) => sizes[name])) for (const name of names) sums[name] += sizes[name];
}
console.log(`| **sum where all succeed** | ${names.map((name) => sums[name]).join(" | ")} | |`);
