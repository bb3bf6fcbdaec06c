// Serves a deployment from a `dir:` store by the Worker of fixtures/worker/serve in workerd, while a command runs with its
// address behind it: site-worker.mjs WORKER FOLDER NAME COMMAND [ARGUMENT ...]. Prints what the command does.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const [worker, folder, name, command, ...rest] = process.argv.slice(2);
const miniflare = new Miniflare({
  ...convertV4MiniflareOptions({
    workers: [
      {
        name: "serve",
        modules: [{ type: "ESModule", path: "index.js", contents: readFileSync(worker, "utf8") }],
        compatibilityDate: "2026-04-01",
        compatibilityFlags: ["nodejs_compat"],
        r2Buckets: { BUCKET: "releases" },
        bindings: { NAME: name, HMAC_KEY: process.env.HMAC_KEY },
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
    ],
  }),
  logRequests: false,
});
try {
  await miniflare.ready;
  const bucket = await miniflare.getR2Bucket("BUCKET", "serve");
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile()) await bucket.put(path.slice(join(folder, "/").length), readFileSync(path));
  }
  const address = await miniflare.unsafeGetDirectURL("serve");
  const { status, stdout, stderr } = spawnSync(command, [...rest, address], { encoding: "utf8" });
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  process.exitCode = status ?? 1;
} finally {
  await miniflare.dispose();
}
