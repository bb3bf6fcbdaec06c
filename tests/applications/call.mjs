// Calls a Worker without a runtime around it: `node call.mjs WORKER REQUESTS`, where the requests are a JSON file with
// arguments for `Request`. Prints the answers in order.
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [worker, requests] = process.argv.slice(2);
const { default: handler } = await import(pathToFileURL(worker));
const kept = [];
const context = { waitUntil: (promise) => kept.push(promise), passThroughOnException() {} };
const values = new Map();
const env = {
  GREETING: "hello",
  LINKS: {
    get: async (key) => values.get(key) ?? null,
    put: async (key, value) => void values.set(key, value),
    list: async () => ({ keys: [...values.keys()].sort().map((name) => ({ name })) }),
  },
};
for (const [url, init] of JSON.parse(fs.readFileSync(requests, "utf8"))) {
  const response = await handler.fetch(new Request(new URL(url, "https://worker.example"), init), env, context);
  console.log(init?.method ?? "GET", url, response.status);
  for (const name of ["content-type", "location", "access-control-allow-origin", "etag"]) {
    if (response.headers.has(name)) console.log(`  ${name}: ${response.headers.get(name)}`);
  }
  console.log(await response.text());
}
await Promise.all(kept);
