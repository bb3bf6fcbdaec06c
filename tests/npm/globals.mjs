// Asks workerd for its global variables: globals.mjs WORKERD DATE. Prints a name a line, without those that Node has of the
// language itself.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import vm from "node:vm";
import { start } from "../verifiers/workerd.mjs";

const [workerd, date] = process.argv.slice(2);
const collect = "(() => { const names = new Set(); for (let object = globalThis; object; object = Object.getPrototypeOf(object)) for (const name of Object.getOwnPropertyNames(object)) names.add(name); return [...names] })()";
// An empty context has nothing but the language; what is newer than this Node stands here.
const language = new Set([...vm.runInNewContext(collect), "AsyncDisposableStack", "DisposableStack", "Float16Array", "Iterator", "SuppressedError"]);
const folder = mkdtempSync(join(tmpdir(), "globals-"));
writeFileSync(join(folder, "worker.mjs"), `const names = ${collect}; export default { fetch: () => Response.json(names) }`);
writeFileSync(
  join(folder, "config.capnp"),
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker.mjs", esModule = embed "worker.mjs")], compatibilityDate = "${date}"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);`,
);
const { port, stop } = await start(workerd, join(folder, "config.capnp"));
try {
  const names = await (await fetch(`http://127.0.0.1:${port}/`)).json();
  // V8 has these beside the language in each context.
  const kept = names.filter((name) => !language.has(name) || ["console", "WebAssembly"].includes(name));
  console.log(kept.sort().join("\n"));
} finally {
  stop();
  rmSync(folder, { recursive: true });
}
