// Evaluates what was built of fixtures/project/url-router out of memory, in Node or Bun: url-router.mjs FILE_ESM
// [FILE_IIFE], where the second was built with `--format iife --global-name UrlRouter`. Asks for each route, with the
// `URLPattern` of the runtime, where it has one, and without; prints `right`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { argv } from "node:process";

const [esm, iife] = argv.slice(2).map((file) => readFileSync(file, "utf8"));

let evaluations = 0;
/** A module is evaluated once for each URL, so that each URL is another one. */
const evaluateModule = async (text) => {
  const encoded = Buffer.from(`${text}\n// ${evaluations++}`).toString("base64");
  return (await import(`data:text/javascript;base64,${encoded}`)).default;
};
const evaluateScript = (text) => new Function(`${text}\nreturn UrlRouter;`)().default;

const site = "https://router.example";
const notes = [
  { id: "first", text: "one\ntwo\nthree" },
  { id: "筆記", text: "第一行\n第二行" },
];

/** Status, body and, where they are expected, headers. */
async function check(router, request, status, body, headers = {}) {
  const [method, path] = request.split(" ");
  const sent = method === "POST" ? { body: JSON.stringify(body) } : {};
  const response = await router.fetch(new Request(site + path, { method, ...sent }));
  assert.equal(response.status, status, request);
  const text = await response.text();
  assert.deepEqual(typeof body === "string" ? text : JSON.parse(text), body, request);
  for (const [name, value] of Object.entries(headers)) assert.equal(response.headers.get(name), value, request);
}

async function checkRoutes(router) {
  const is = (...expected) => check(router, ...expected);
  const plain = { "content-type": "text/plain; charset=utf-8" };

  await is("GET /", 200, "歡迎 — a router out of memory", plain);
  await is("GET /notes", 200, notes);
  await is("POST /notes", 201, { id: "new", text: "新" });

  // Names in a path, encoded or not.
  await is("GET /notes/first", 200, notes[0]);
  await is("GET /notes/筆記", 200, notes[1]);
  await is("GET /notes/%E7%AD%86%E8%A8%98?x=1", 200, notes[1]);
  await is("GET /notes/%E7%AD", 400, "not UTF-8");
  await is("GET /notes/a%2Fb", 404, "no note a/b");
  await is("GET /notes/筆記/lines/2", 200, "第二行", plain);
  await is("GET /notes/first/lines/4", 404, "no line");
  await is("GET /notes/first/lines", 404, "nothing at /notes/first/lines");

  // Wildcards take slashes, and the dot of `/v1.0` is a dot.
  await is("GET /files/a/b%20c.txt", 200, "a/b c.txt");
  await is("GET /v1.0/a/b/raw/文", 200, { folder: "a/b", name: "文" });
  await is("GET /v1x0/a/raw/b", 404, "nothing at /v1x0/a/raw/b");

  await is("HEAD /files/a", 200, "", plain);
  await is("HEAD /notes/first", 200, "");
  await is("HEAD /none", 404, "");
  await is("DELETE /notes/first", 204, "");
  await is("DELETE /notes/none", 404, "");
  await is("DELETE /", 405, "", { allow: "GET, HEAD" });
  await is("PUT /notes/first", 405, "", { allow: "GET, HEAD, DELETE" });
  await is("OPTIONS /notes", 204, "", { allow: "GET, HEAD, POST" });
  await is("GET /none", 404, "nothing at /none", plain);

  const to = (location) => ({ location });
  await is("GET /首頁", 301, "", to("/"));
  await is("GET /n/筆記", 308, "", to("/notes/%E7%AD%86%E8%A8%98"));
  await is("GET /notes/?x=1", 308, "", to("/notes?x=1"));
  await is("GET //evil.example/", 308, "", to("/evil.example"));
}

async function checkAll() {
  await checkRoutes(await evaluateModule(esm));
  if (iife !== undefined) await checkRoutes(evaluateScript(iife));
}

await checkAll();
if ("URLPattern" in globalThis) {
  delete globalThis.URLPattern;
  await checkAll();
}
console.log("right");
