// Usage: node exercise.mjs MODULE   (or: bun exercise.mjs MODULE)
//
// Sends a fixed set of requests, in process, to the `fetch` of the registry-mcp
// fixture, as source or as bundle, and prints one JSON line per answer. The
// output depends on nothing but MODULE's behaviour, so that two of them can be
// compared byte by byte. Exits with 1 if an answer is not what it has to be.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [, , path] = process.argv;
if (!path) {
  console.error("usage: exercise.mjs MODULE");
  process.exit(2);
}

const secret = (process.env.SESSION_SECRET ||= "exercise-secret");
const { default: exported } = await import(pathToFileURL(resolve(path)).href);
// Of a CommonJS output, `import()` gives what `module.exports` is.
const server = exported.fetch ? exported : exported.default;

const origin = "http://localhost";
const shownHeaders = ["content-type", "etag", "allow", "mcp-session-id"];
let failures = 0;

/** Sends one request, prints the answer, then checks it. */
async function exchange(name, url, init, check) {
  let answer;
  try {
    const response = await server.fetch(new Request(origin + url, init));
    const body = await response.text();
    const headers = Object.fromEntries(
      shownHeaders
        .filter((header) => response.headers.has(header))
        .map((header) => [header, response.headers.get(header)]),
    );
    answer = { name, status: response.status, headers, body };
    console.log(JSON.stringify(answer));
    check(answer);
  } catch (error) {
    failures += 1;
    console.error(`FAILED ${name}: ${error.message}`);
  }
  return answer;
}

const post = (name, body, check, headers = {}) =>
  exchange(
    name,
    "/mcp",
    {
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    },
    check,
  );

const request = (method, params) => ({ jsonrpc: "2.0", id: 1, method, params });

/** A check of the `result` in a JSON answer with status 200. */
const result = (check) => (answer) => {
  assert.equal(answer.status, 200);
  assert.match(answer.headers["content-type"], /^application\/json/);
  const message = JSON.parse(answer.body);
  assert.equal(message.jsonrpc, "2.0");
  assert.equal(message.id, 1);
  check(message.result, answer);
};

const error = (code, { id = 1, status = 200 } = {}) => (answer) => {
  assert.equal(answer.status, status);
  const message = JSON.parse(answer.body);
  assert.equal(message.id, id);
  assert.equal(message.error.code, code);
  assert.ok(message.error.message);
  assert.ok(!("result" in message));
};

/** A check of what a tool answered, which is JSON in a text. */
const tool = (check) =>
  result(({ content, isError }) => {
    assert.equal(isError, false);
    assert.equal(content[0].type, "text");
    check(JSON.parse(content[0].text));
  });

const status = (expected) => (answer) => {
  assert.equal(answer.status, expected);
  assert.equal(answer.body, "");
};

const call = (name, args) => request("tools/call", { name, arguments: args });
const ids = ({ servers }) => servers.map(({ id }) => id);

// Life cycle and session.

const client = "客戶端";
const initialize = request("initialize", {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: client, version: "1.0.0" },
});
const token =
  Buffer.from(client).toString("hex") +
  createHmac("sha256", secret).update(client).digest("hex");

/** The answer to `initialize`, but for the token: that hangs on the secret. */
const initialized = (session) =>
  result(({ protocolVersion, serverInfo, capabilities, instructions }, answer) => {
    assert.match(protocolVersion, /^\d{4}-\d\d-\d\d$/);
    assert.equal(serverInfo.name, "registry-mcp");
    assert.ok(serverInfo.version);
    assert.ok(capabilities.tools && capabilities.resources);
    assert.equal(answer.headers["mcp-session-id"], session);
    assert.equal(instructions === undefined, session !== undefined);
  });

await post("initialize", initialize, initialized(token));
// The secret is looked up at run time, not when the module was built or loaded.
delete process.env.SESSION_SECRET;
await post("initialize without a secret", initialize, initialized(undefined));
process.env.SESSION_SECRET = secret;
await post("initialize without clientInfo", request("initialize"), error(-32602));
await post(
  "notification",
  { jsonrpc: "2.0", method: "notifications/initialized" },
  status(202),
);
const pong = result((value) => assert.deepEqual(value, {}));
await post("ping", request("ping"), pong);
await post("ping in a session", request("ping"), pong, { "mcp-session-id": token });
await post("ping in a forged session", request("ping"), status(404), {
  "mcp-session-id": token.replace(/..$/, (end) => (end === "00" ? "01" : "00")),
});

// Tools.

await post(
  "tools/list",
  request("tools/list"),
  result(({ tools }) => {
    assert.deepEqual(
      tools.map(({ name }) => name),
      ["search", "get", "list"],
    );
    for (const { inputSchema } of tools) assert.equal(inputSchema.type, "object");
  }),
);
await post(
  "search",
  call("search", { query: "LOCAL diff" }),
  tool((value) => assert.deepEqual(ids(value), ["git", "files"])),
);
await post(
  "search in Han text",
  call("search", { query: "地圖" }),
  tool((value) => assert.deepEqual(ids(value), ["地圖"])),
);
await post(
  "search in full-width letters",
  call("search", { query: "ＳＱＬ" }),
  tool((value) => assert.deepEqual(ids(value), ["sql"])),
);
await post(
  "get",
  call("get", { id: "weather" }),
  tool((value) => assert.equal(value.title, "天氣預報")),
);
await post(
  "get an unknown server",
  call("get", { id: "none" }),
  result(({ isError }) => assert.equal(isError, true)),
);
await post(
  "list",
  call("list"),
  tool((value) => assert.equal(value.ids.length, 6)),
);
await post("unknown tool", call("toString", {}), error(-32602));
await post("bad arguments", call("search", { query: 1 }), error(-32602));
await post("bad params", request("tools/call", ["search"]), error(-32602));

// Resources, out of a module that is loaded on demand.

await post(
  "resources/list",
  request("resources/list"),
  result(({ resources }) => {
    assert.equal(resources.length, 6);
    for (const { uri } of resources) assert.match(uri, /^https?:\/\/[^/]+\/servers\//);
    assert.ok(resources[5].uri.endsWith(`/servers/${encodeURIComponent("地圖")}`));
  }),
);

// What is no call.

await post("unknown method", request("tools/none"), error(-32601));
await post("inherited method", request("constructor"), error(-32601));
await post("malformed JSON", "{", error(-32700, { id: null, status: 400 }));
await post("no method", { jsonrpc: "2.0", id: 1 }, error(-32600, { id: null }));
await post("batch", [request("ping")], error(-32600, { id: null }));

// A stream for the client that takes one.

await post(
  "tools/call as a stream",
  call("get", { id: "library" }),
  ({ status, headers, body }) => {
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/event-stream");
    const [, data] = /^data: (.*)\n\n$/.exec(body);
    assert.match(JSON.parse(data).result.content[0].text, /図書館/);
  },
  { accept: "application/json, text/event-stream" },
);

// Plain HTTP.

const found = (id) => (answer) => {
  assert.equal(answer.status, 200);
  assert.match(answer.headers.etag, /^"[0-9a-f]+"$/);
  assert.equal(JSON.parse(answer.body).id, id);
};

const all = await exchange("GET /servers", "/servers", {}, (answer) => {
  assert.equal(answer.status, 200);
  assert.equal(JSON.parse(answer.body).length, 6);
});
await exchange(
  "GET /servers again",
  "/servers",
  { headers: { "if-none-match": `W/${all?.headers.etag}, "other"` } },
  (answer) => {
    status(304)(answer);
    assert.equal(answer.headers.etag, all.headers.etag);
  },
);
await exchange(
  "GET /servers changed",
  "/servers",
  { headers: { "if-none-match": '"other"' } },
  (answer) => assert.equal(answer.body, all.body),
);
await exchange("GET a server", "/servers/git", {}, found("git"));
await exchange("GET a server by a Han id", "/servers/地圖", {}, found("地圖"));
await exchange("GET a malformed id", "/servers/%E0%A4%A", {}, status(404));
await exchange("GET an unknown path", "/none", {}, status(404));
await exchange("GET /mcp", "/mcp", {}, (answer) => {
  status(405)(answer);
  assert.equal(answer.headers.allow, "POST");
});
await exchange("DELETE /servers", "/servers", { method: "DELETE" }, (answer) => {
  status(405)(answer);
  assert.equal(answer.headers.allow, "GET");
});

process.exitCode = failures ? 1 : 0;
