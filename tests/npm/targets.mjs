// Asks workerd which modules of Node it has: targets.mjs WORKERD ROWS, where rows are names with the first compatibility date
// on which they can be imported, and `!` behind it where functions only throw. Prints what is wrong, or `right`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../verifiers/workerd.mjs";

const [workerd, json] = process.argv.slice(2);
const rows = JSON.parse(json).map(([name, date]) => ({ name, date: date.replace("!", ""), isStub: date.endsWith("!") }));

// What a stub is asked to do; each of these works in Node.
const calls = {
  "node:child_process": "m.spawnSync('ls')",
  "node:cluster": "m.fork()",
  "node:domain": "m.create()",
  "node:http2": "m.connect('http://127.0.0.1')",
  "node:repl": "m.start()",
  "node:sqlite": "new m.DatabaseSync(':memory:')",
  "node:test": "m.test('a', () => {})",
  "node:vm": "m.runInNewContext('1')",
  "node:wasi": "new m.WASI({ version: 'preview1' })",
  "node:worker_threads": "new m.Worker('data:text/javascript,1')",
};

async function ask(date, script) {
  const folder = mkdtempSync(join(tmpdir(), "targets-"));
  writeFileSync(join(folder, "worker.mjs"), `export default { async fetch() { ${script} } }`);
  const flags = date < "2026-08-04" ? `"nodejs_compat"` : "";
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
    compatibilityDate = "${date}", compatibilityFlags = [${flags}]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);`,
  );
  const { port, stop } = await start(workerd, join(folder, "config.capnp"));
  try {
    return await (await fetch(`http://127.0.0.1:${port}/`)).json();
  } finally {
    stop();
    rmSync(folder, { recursive: true });
  }
}

const wrong = [];
const dayBefore = (date) => new Date(Date.parse(date) - 86400e3).toISOString().slice(0, 10);
const dates = [...new Set(rows.flatMap(({ date }) => [date, dayBefore(date)]))].filter((date) => date >= "2021-11-03");
for (const date of dates) {
  const has = new Set(await ask(date, `
    const has = [];
    for (const name of ${JSON.stringify(rows.map(({ name }) => name))}) { try { await import(name); has.push(name) } catch {} }
    return Response.json(has)`));
  for (const row of rows) {
    if (has.has(row.name) !== date >= row.date) wrong.push(`${row.name} at ${date}: ${has.has(row.name)}`);
  }
}
const tried = await ask("2026-10-01", `
  const thrown = {};
  ${Object.entries(calls).map(([name, call]) => `try { const space = await import("${name}"); const m = space.default ?? space; ${call}; thrown["${name}"] = false } catch { thrown["${name}"] = true }`).join("\n")}
  return Response.json(thrown)`);
for (const { name, isStub } of rows) {
  if (isStub !== (tried[name] ?? false)) wrong.push(`${name} is a stub: ${tried[name] ?? "not asked"}`);
}
console.log(wrong.length ? wrong.join("\n") : "right");
