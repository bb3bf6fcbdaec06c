// Runs what was built of fixtures/project/edge-pty in workerd: edge-pty.mjs WORKERD WORKER_JS. Asks it over HTTP, types
// into its terminals over WebSocket, and reads a long stream slowly; prints `right`.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { start } from "../verifiers/workerd.mjs";

const [workerd, script] = process.argv.slice(2);

/** The Worker under the date, flags and bindings of its `wrangler.jsonc`, with storage in memory. */
function configuration() {
  const file = new URL("../../fixtures/project/edge-pty/wrangler.jsonc", import.meta.url);
  const json = readFileSync(file, "utf8").replace(/^\s*\/\/.*$/gm, "").replace(/,(?=\s*[}\]])/g, "");
  const { compatibility_date: date, compatibility_flags: flags = [], durable_objects, migrations } = JSON.parse(json);
  const classes = migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes);
  const namespaces = classes.map((name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`);
  const bindings = durable_objects.bindings.map(
    ({ name, class_name }) => `(name = "${name}", durableObjectNamespace = "${class_name}")`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "${date}", compatibilityFlags = ${JSON.stringify(flags)},
    durableObjectNamespaces = [${namespaces}], durableObjectStorage = (inMemory = void), bindings = [${bindings}]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);`;
}

const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10, End: -1 };

/** The frames of a connection until it ends (RFC 6455, 5.2), with the fragments of a message put together. */
async function* framesOf(socket, first) {
  const chunks = socket[Symbol.asyncIterator]();
  let rest = first;
  const take = async (count) => {
    while (rest.length < count) {
      const { value, done } = await chunks.next();
      if (done) return undefined;
      rest = Buffer.concat([rest, value]);
    }
    const taken = rest.subarray(0, count);
    rest = rest.subarray(count);
    return taken;
  };
  let message;
  for (let head; (head = await take(2)); ) {
    const [start, short] = head;
    assert.ok(short < 128, "a server does not mask");
    const long = { 126: 2, 127: 8 }[short];
    const length = long ? Number(BigInt(`0x${(await take(long)).toString("hex")}`)) : short;
    const frame = { opcode: start & 0x0f, body: await take(length) };
    // Frames about the connection may come between the fragments of a message.
    if (frame.opcode >= Opcode.Close) yield frame;
    else {
      message = message ? { ...message, body: Buffer.concat([message.body, frame.body]) } : frame;
      if (start < 128) continue;
      yield message;
      message = undefined;
    }
  }
}

/** A client of WebSocket, because Node 20 has none. */
class Client {
  #frames;

  /** The answer to the request for a connection where it is refused, else a client. */
  static open(path, headers = {}) {
    const key = randomBytes(16).toString("base64");
    const asked = request(address + path, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": key,
        "sec-websocket-version": 13,
        ...headers,
      },
    });
    return new Promise((resolve, reject) => {
      asked.on("response", (response) => resolve(response.resume()));
      asked.on("upgrade", (response, socket, first) => {
        const accepted = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        assert.equal(response.headers["sec-websocket-accept"], accepted);
        resolve(new Client(socket, first));
      });
      asked.on("error", reject).end();
    });
  }

  constructor(socket, first) {
    this.socket = socket.on("error", () => {});
    this.#frames = framesOf(socket, first);
  }

  #send(opcode, content, isLast = true) {
    const body = Buffer.from(content);
    const mask = randomBytes(4);
    const isShort = body.length < 126;
    const head = Buffer.alloc(isShort ? 2 : 4);
    head[0] = opcode | (isLast ? 0x80 : 0);
    head[1] = 0x80 | (isShort ? body.length : 126);
    if (!isShort) head.writeUInt16BE(body.length, 2);
    this.socket.write(Buffer.concat([head, mask, body.map((byte, place) => byte ^ mask[place % 4])]));
  }

  type = (text) => this.#send(Opcode.Text, text);
  control = (message) => this.type(`\x1e${JSON.stringify(message)}`);
  binary = (bytes) => this.#send(Opcode.Binary, bytes);
  ping = (text) => this.#send(Opcode.Ping, text);

  /** One message in two frames. */
  typeInParts(text, at) {
    const bytes = Buffer.from(text);
    this.#send(Opcode.Text, bytes.subarray(0, at), false);
    this.#send(Opcode.Continuation, bytes.subarray(at));
  }

  async #next(opcode) {
    const { value = { opcode: Opcode.End } } = await this.#frames.next();
    assert.equal(value.opcode, opcode, value.body?.toString());
    return value.body;
  }

  async pong(text) {
    assert.equal(String(await this.#next(Opcode.Pong)), text);
  }

  async bytes(expected) {
    assert.deepEqual([...(await this.#next(Opcode.Binary))], [...expected]);
  }

  /** The text of the next frames, however it is cut. */
  async shows(text) {
    let shown = "";
    while (shown.length < text.length) {
      shown += await this.#next(Opcode.Text);
      assert.equal(shown, text.slice(0, shown.length));
    }
    assert.equal(shown, text);
  }

  size = (cols, rows) => this.shows(`\x1e${JSON.stringify({ type: "size", cols, rows })}`);

  /** Code and reason that the other side closes with. */
  async closed() {
    const body = await this.#next(Opcode.Close);
    return body.length > 0 ? [body.readUInt16BE(), body.toString("utf8", 2)] : [];
  }

  end = () => this.#next(Opcode.End);

  sendClose(code, reason = "") {
    const number = code === undefined ? [] : [code >> 8, code & 0xff];
    this.#send(Opcode.Close, Buffer.concat([Buffer.from(number), Buffer.from(reason)]));
  }

  /** Closes as a browser does, and returns what was answered. */
  async close(code, reason) {
    this.sendClose(code, reason);
    const answer = await this.closed();
    await this.end();
    return answer;
  }
}

const folder = mkdtempSync(join(tmpdir(), "edge-pty-"));
writeFileSync(join(folder, "worker.js"), readFileSync(script));
writeFileSync(join(folder, "config.capnp"), configuration());
const { port, stop } = await start(workerd, join(folder, "config.capnp"));
const address = `http://127.0.0.1:${port}`;
const health = async () => (await fetch(`${address}/health`)).json();
const sessions = async () => (await fetch(`${address}/sessions`)).json();
const open = async (session) => {
  const client = await Client.open(`/pty/${encodeURIComponent(session)}`);
  assert.ok(client instanceof Client, `${session}: ${client.statusCode}`);
  return client;
};

async function http() {
  assert.deepEqual(await health(), { ok: true, streamed: 0 });
  assert.deepEqual(await sessions(), []);
  const status = async (path, init) => (await fetch(address + path, init)).status;
  assert.equal(await status("/none"), 404);
  assert.equal(await status("/stream?bytes=-1"), 400);
  assert.equal(await status("/stream"), 400);
  assert.equal(await status("/pty/a%20b"), 400);
  assert.equal(await status("/pty/%E6%97"), 400);
  assert.equal(await status("/pty/a"), 426);
  const posted = await fetch(`${address}/health`, { method: "POST" });
  assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET"]);
  const foreign = await Client.open("/pty/a", { origin: "https://evil.example" });
  assert.equal(foreign.statusCode, 403);
}

async function echo() {
  const client = await open("main");
  assert.deepEqual(await sessions(), ["main"]);
  client.type("ls");
  await client.shows("ls");
  client.type("x\x7f -l\r");
  await client.shows("x\b \b -l\r\nLS -L\r\n");
  // Wide characters take two columns, and those outside of the basic plane two code units.
  client.type("echo 漢字🦀\x7f\x7fß\r");
  await client.shows("echo 漢字🦀\b\b  \b\b\b\b  \b\bß\r\nECHO 漢SS\r\n");
  client.type("\x7f");
  await client.shows("\x07");
  client.type("lost\x03kept\x1b\r");
  await client.shows("lost^C\r\nkept\r\nKEPT\r\n");
  // The cut is in the middle of a character.
  client.typeInParts("文字\r", 1);
  await client.shows("文字\r\n文字\r\n");
  const long = "長".repeat(4095);
  client.type(`${long}\x03`);
  await client.shows(`${long}^C\r\n`);
  const bytes = Uint8Array.from({ length: 40_000 }, (_, place) => place * 7);
  client.binary(bytes);
  await client.bytes(bytes);
  client.binary([]);
  await client.bytes([]);
  client.ping("still there?");
  await client.pong("still there?");
  assert.deepEqual(await client.close(4001, "再見"), [4001, "再見"]);
  assert.deepEqual(await sessions(), []);
}

async function twoClients() {
  const first = await open("分享");
  first.type("half a li");
  await first.shows("half a li");
  // Who comes later sees what is there, and a session is its own.
  const second = await open("分享");
  await second.shows("half a li");
  const other = await open("other");
  assert.deepEqual((await sessions()).sort(), ["other", "分享"]);
  second.type("ne\r");
  for (const client of [first, second]) await client.shows("ne\r\nHALF A LINE\r\n");
  first.binary([0, 255, 128]);
  for (const client of [first, second]) await client.bytes([0, 255, 128]);
  // The smallest size holds for all, until its client is gone.
  first.control({ type: "resize", cols: 120, rows: 30 });
  for (const client of [first, second]) await client.size(120, 30);
  second.control({ type: "resize", cols: 80, rows: 40 });
  for (const client of [first, second]) await client.size(80, 30);
  second.socket.destroy();
  await first.size(120, 30);
  assert.deepEqual((await sessions()).sort(), ["other", "分享"]);
  other.type("alone");
  await other.shows("alone");
  const third = await open("分享");
  await third.shows("half a line\r\nHALF A LINE\r\n");
  third.type("exit\rlost");
  for (const client of [first, third]) {
    await client.shows("exit\r\nEXIT\r\nlost");
    assert.deepEqual(await client.closed(), [1000, "exit"]);
  }
  first.sendClose(1000);
  third.sendClose(1000);
  for (const client of [first, third]) await client.end();
  const again = await open("分享");
  again.type("new");
  await again.shows("new");
  assert.deepEqual(await again.close(1000), [1000, ""]);
  assert.deepEqual(await sessions(), ["other"]);
  assert.deepEqual(await other.close(), []);
  assert.deepEqual(await sessions(), []);
}

async function refused() {
  const watcher = await open("refused");
  const messages = [
    { type: "resize", cols: 0, rows: 1 },
    { type: "resize", cols: "80", rows: 24 },
    { type: "other" },
    null,
  ];
  for (const [index, message] of messages.entries()) {
    const client = await open("refused");
    await client.shows(".".repeat(index));
    client.control(message);
    assert.deepEqual(await client.closed(), [1007, "no resize message"]);
    // One that does not finish closing is no client any more, and is in nobody's way.
    watcher.type(".");
    await watcher.shows(".");
    client.socket.destroy();
  }
  const client = await open("refused");
  await client.shows("....");
  client.type("\x1e{");
  assert.deepEqual(await client.closed(), [1007, "no resize message"]);
  client.socket.destroy();
  watcher.type("x".repeat(4097));
  assert.deepEqual(await watcher.closed(), [1009, "too much at once"]);
  watcher.socket.destroy();
}

const byteAt = (place) => Math.imul(place, 0x9e3779b1) >>> 24;
const answer = (path) => new Promise((resolve, reject) => get(address + path, resolve).on("error", reject));

async function stream() {
  const size = 5 * 1024 ** 2;
  const content = Uint8Array.from({ length: size }, (_, place) => byteAt(place));
  const expected = createHash("sha256").update(content).digest("hex");
  const before = (await health()).streamed;
  const response = await answer(`/stream?bytes=${size}`);
  assert.equal(response.statusCode, 200);
  const hash = createHash("sha256");
  let read = 0;
  // Slowly: after each chunk the Worker has something else to do.
  for await (const chunk of response) {
    hash.update(chunk);
    read += chunk.length;
    assert.ok((await health()).streamed - before >= read);
  }
  assert.deepEqual([read, hash.digest("hex")], [size, expected]);
  assert.equal((await health()).streamed - before, size);
  assert.equal(await (await fetch(`${address}/stream?bytes=0`)).text(), "");
}

async function backpressure() {
  // More than all buffers between hold: while nobody reads, the Worker stops making it.
  const size = 256 * 1024 ** 2;
  const before = (await health()).streamed;
  const response = await answer(`/stream?bytes=${size}`);
  await new Promise((resolve) => response.once("readable", resolve));
  let [made, last] = [(await health()).streamed, -1];
  while (made !== last) [last, made] = [made, (await health()).streamed];
  assert.ok(made > before && made - before < size / 4, `${made - before} bytes were made ahead`);
  response.destroy();
}

async function all() {
  for (const check of [http, echo, twoClients, refused, stream, backpressure]) await check();
}

// What is never sent would be waited for.
const late = setTimeout(60_000, undefined, { ref: false }).then(() => assert.fail("no answer within a minute"));
try {
  await Promise.race([all(), late]);
  console.log("right");
} finally {
  stop();
  rmSync(folder, { recursive: true });
}
