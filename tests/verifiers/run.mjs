// Hands a sealed folder to `open.mjs`, here and in workerd: run.mjs SEALED PLAIN PUBLIC.pem WORKERD, with HMAC_KEY and
// IDENTITY set. Prints what held.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { start } from "./workerd.mjs";
import { open } from "./open.mjs";

const [sealed, plain, publicFile, workerd] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(sealed, "bundlegate.manifest.json"), "utf8"));
const seed = Buffer.from(process.env.IDENTITY.trim().split(":")[1], "base64");
const asked = {
  manifest,
  envelope: JSON.parse(readFileSync(join(sealed, "bundlegate.intoto.jsonl"), "utf8")),
  files: Object.fromEntries(
    manifest.artifacts.map(({ path }) => [path, readFileSync(join(sealed, path)).toString("base64")]),
  ),
  master: Buffer.from(process.env.HMAC_KEY.trim(), "hex").toString("base64"),
  pem: readFileSync(publicFile, "utf8"),
};

function check(where, result, names) {
  assert.equal(result.signatures, manifest.artifacts.length);
  assert.deepEqual(result.statement, names);
  for (const [path, digest] of Object.entries(result.plain)) {
    const bytes = readFileSync(join(plain, path.replace(/\.enc$/, "")));
    assert.equal(digest, createHash("sha256").update(bytes).digest("hex"));
  }
  console.log(`${where}: ${result.signatures} ${result.statement.join(" ")} ${Object.keys(result.plain).length}`);
}

check("node", await open({ ...asked, names: ["Ed25519"] }), ["Ed25519"]);

const folder = mkdtempSync(join(tmpdir(), "workerd-"));
writeFileSync(join(folder, "open.mjs"), readFileSync(new URL("./open.mjs", import.meta.url)));
writeFileSync(
  join(folder, "config.capnp"),
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "open.mjs", esModule = embed "open.mjs")],
    compatibilityDate = "2026-04-01",
    compatibilityFlags = ["webcrypto_modern_algorithms"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);`,
);
const { port, stop } = await start(workerd, join(folder, "config.capnp"));
try {
  const names = ["Ed25519", "ML-DSA-65"];
  const expanded = createHash("shake256", { outputLength: 96 }).update(seed).digest("base64");
  const body = JSON.stringify({ ...asked, names, expanded });
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
  assert.equal(response.status, 200, await response.clone().text());
  check("workerd", await response.json(), names);
} finally {
  stop();
}
