// Runs fixtures/worker/credentials.mjs in workerd beside a stand-in for GitHub's keys: worker.mjs WORKER. Checks what it
// refuses, and prints the credential of a good token.
import { createSign, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { start } from "../verifiers/workerd.mjs";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", alg: "RS256" }] };
const keys = createServer((_, response) => response.end(JSON.stringify(jwks)));
await new Promise((resolve) => keys.listen(0, "127.0.0.1", resolve));

const folder = mkdtempSync(join(tmpdir(), "worker-"));
writeFileSync(join(folder, "worker.mjs"), readFileSync(process.argv[2]));
const bindings = {
  ...Object.fromEntries(["R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "BUCKET", "PREFIX"].map((name) => [name, process.env[name]])),
  REPOSITORY: "o/r",
  REF: "refs/heads/main",
  AUDIENCE: "releases",
  JWKS: `http://127.0.0.1:${keys.address().port}/`,
};
writeFileSync(
  join(folder, "config.capnp"),
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-04-01",
      bindings = [${Object.entries(bindings).map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`)}])),
    (name = "internet", network = (allow = ["private", "local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);`,
);
const { port, stop } = await start(new URL("node_modules/.bin/workerd", import.meta.url).pathname, join(folder, "config.capnp"));

const now = Math.floor(Date.now() / 1000);
const good = { iss: "https://token.actions.githubusercontent.com", aud: "releases", repository: "o/r", ref: "refs/heads/main", nbf: now - 10, exp: now + 300 };
function token(claims, { key = privateKey, header = { alg: "RS256", kid: "k" } } = {}) {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key).toString("base64url")}`;
}
async function ask(bearer) {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers: { authorization: `Bearer ${bearer}` } });
  return [response.status, await response.json()];
}
try {
  const bad = {
    repository: token({ ...good, repository: "x/r" }),
    ref: token({ ...good, ref: "refs/pull/1/merge" }),
    audience: token({ ...good, aud: "another" }),
    issuer: token({ ...good, iss: "https://evil.example" }),
    expired: token({ ...good, exp: now - 1 }),
    key: token(good, { key: other.privateKey }),
    none: token(good, { header: { alg: "none", kid: "k" } }),
    nonsense: "nonsense",
  };
  for (const [what, bearer] of Object.entries(bad)) {
    const [status, answer] = await ask(bearer);
    assert.equal(status, 403, `${what}: ${JSON.stringify(answer)}`);
    assert.ok(!JSON.stringify(answer).includes("SECRET"), what);
  }
  const [status, answer] = await ask(token(good));
  assert.equal(status, 200, JSON.stringify(answer));
  console.log(JSON.stringify(answer));
} finally {
  stop();
  keys.close();
}
