// Lets Node run the sources of an application as they are: `node --import ./original.mjs main.tsx`. Each file is compiled
// by itself with esbuild, and nothing is bundled, so what is printed owes nothing to a bundler.
import fs from "node:fs";
import { register } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { transform } from "esbuild";

// Node runs hooks in a thread of their own, which loads this file once more.
if (isMainThread) register(import.meta.url);

const COMPILED = { ".ts": "ts", ".tsx": "tsx", ".jsx": "jsx" };

// Sources name their neighbours as TypeScript wants it: without an extension, or by that of the output.
export async function resolve(specifier, context, next) {
  if (/^\.\.?\//.test(specifier) && context.parentURL) {
    const url = new URL(specifier, context.parentURL);
    const stem = url.href.replace(/\.js$/, "");
    for (const candidate of [url.href, ...[".ts", ".tsx", ".jsx", "/index.ts"].map((ending) => stem + ending)]) {
      if (fs.statSync(new URL(candidate), { throwIfNoEntry: false })?.isFile()) return next(candidate, context);
    }
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  const extension = path.extname(url);
  // A style sheet is an output beside the script; the script sees none of it.
  if (extension === ".css") return { format: "module", shortCircuit: true, source: "" };
  if (!COMPILED[extension]) return next(url, context);
  const file = fileURLToPath(url);
  const tsconfig = nearest("tsconfig.json", path.dirname(file));
  const { code } = await transform(fs.readFileSync(file, "utf8"), {
    loader: COMPILED[extension],
    target: "node20",
    sourcefile: file,
    tsconfigRaw: tsconfig ? fs.readFileSync(tsconfig, "utf8") : "{}",
  });
  return { format: "module", shortCircuit: true, source: code };
}

function nearest(name, folder) {
  const file = path.join(folder, name);
  if (fs.existsSync(file)) return file;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : nearest(name, parent);
}
