// Has Wrangler say what it would deploy of a folder, and which settings name bindings: deploy.mjs FOLDER... Prints JSON.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const wrangler = new URL("node_modules/wrangler/", import.meta.url).pathname;

/** Ways to what is called `binding`, or has the name of one as `name`, in the schema of Wrangler's file. */
function bindings() {
  const schema = JSON.parse(readFileSync(join(wrangler, "config-schema.json"), "utf8"));
  const found = { binding: new Set(), name: new Set() };
  const follow = (part) => (part.$ref ? follow(schema.definitions[decodeURIComponent(part.$ref.split("/").at(-1))]) : part);
  const walk = (from, path, depth) => {
    if (depth > 8) return;
    const part = follow(from);
    for (const other of [...(part.anyOf ?? []), ...(part.oneOf ?? []), ...(part.allOf ?? [])]) walk(other, path, depth + 1);
    if (part.items && !Array.isArray(part.items)) walk(part.items, path, depth + 1);
    for (const [key, value] of Object.entries(part.properties ?? {})) {
      const about = value.description ?? follow(value).description ?? "";
      if (key === "binding") found.binding.add(path);
      else if (key === "name" && /binding/i.test(about)) found.name.add(path);
      if (depth > 0 || !["env", "previews", "dev"].includes(key)) walk(value, path ? `${path}.${key}` : key, depth + 1);
    }
  };
  walk(schema.definitions.RawConfig, "", 0);
  return Object.fromEntries(Object.entries(found).map(([key, paths]) => [key, [...paths].sort()]));
}

const deployed = process.argv.slice(2).map((folder) => {
  const out = mkdtempSync(join(tmpdir(), "wrangler-"));
  try {
    const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" };
    return execFileSync(process.execPath, [join(wrangler, "bin/wrangler.js"), "deploy", "--dry-run", "--outdir", out], { cwd: folder, env, encoding: "utf8" });
  } finally {
    rmSync(out, { recursive: true });
  }
});
console.log(JSON.stringify({ bindings: bindings(), deployed }));
