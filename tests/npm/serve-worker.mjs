// Runs the bundle of fixtures/worker/serve in workerd, through Miniflare:
// serve-worker.mjs WORKER FOLDER NAME [ADDRESS]. Prints `right`.
//
// FOLDER is a `dir:` store with three builds of NAME, signed with HMAC_KEY (64 hexadecimal digits): one is live in
// `latest`; one in `pr-7`, whose signatures will end; and one in `expired`, whose signatures have ended. The first has
// `index.html`, `docs/index.html` and `assets/app.js` with forms in brotli and zstd; `about.html` and `404.html`;
// `picture.png`, without forms; and `video.mp4` of more than a MiB. ADDRESS is that of `bundlegate serve` of the first.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const [worker, folder, name, address] = process.argv.slice(2);
const { HMAC_KEY } = process.env;
assert.match(HMAC_KEY ?? "", /^[0-9a-f]{64}$/, "`HMAC_KEY` has the key");

// ---- What the bucket has.

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const hex = (bytes) => sha256(bytes).toString("hex");

/** The keys of a `dir:` store are those of a bucket. Beside them are locks, and what a writer that was killed left. */
const store = new Map(
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name !== ".lock" && !/^\..*\.tmp$/.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .map((path) => [path.slice(join(folder, "/").length), { body: readFileSync(path) }]),
);
const json = (bucket, key) => JSON.parse(bucket.get(key).body);
const text = (value) => ({ body: Buffer.from(JSON.stringify(value)) });
const channelKey = (channel) => `${name}/channels/${channel}.json`;
const manifestKey = (id) => `${name}/builds/${id}/bundlegate.manifest.json`;
const objectKey = (digest) => `${name}/objects/${digest.slice(0, 2)}/${digest}`;
const manifestOf = (channel) => json(store, manifestKey(json(store, channelKey(channel)).buildId));
const manifest = manifestOf("latest");
const live = manifest.buildId;
const { buildId: preview, expires } = manifestOf("pr-7");
const now = Date.now() / 1000;
assert.ok(live !== preview && expires > now && manifestOf("expired").expires < now, "the builds are as said above");
const entries = new Map(manifest.artifacts.map((entry) => [entry.path, entry]));
const bytesOf = (path) => store.get(objectKey(entries.get(path).sha256)).body;
const tagOf = (path, coding = "") => `"${entries.get(path).sha256.slice(0, 32)}${coding && `-${coding}`}"`;

const FEW = /^(index\.html|404\.html|assets\/app\.js|picture\.png)(\.br|\.zst)?$/;
/** The part of the store that most of the Workers need: values take their time to get into a bucket. */
const small = new Map(store);
for (const { path, sha256 } of manifest.artifacts) if (!FEW.test(path)) small.delete(objectKey(sha256));

/** The layout `files` of a build, as the backend for S3 stores it. */
function asFiles({ buildId, artifacts, created, expires }) {
  const time = (key, at) => (at === undefined ? "" : `;${key}=${at}`);
  const times = time("created", created) + time("expires", expires);
  const replaced = new Set(artifacts.flatMap((entry) => (entry.contentEncoding === "br" ? [entry.encodes] : [])));
  const bucket = new Map();
  for (const entry of artifacts.filter(({ path }) => !replaced.has(path))) {
    const isInPlace = entry.contentEncoding === "br";
    const { immutable } = artifacts.find(({ path }) => path === (entry.encodes ?? entry.path));
    const parameters =
      `("@path";req "content-type" "content-encoding" "content-length" "content-digest" "bundlegate-build")` +
      `${times};keyid="${entry.keyId}";alg="hmac-sha256";tag="bundlegate-v1"`;
    bucket.set(`${name}/${isInPlace ? entry.encodes : entry.path}`, {
      body: store.get(objectKey(entry.sha256)).body,
      httpMetadata: {
        contentType: entry.contentType,
        cacheControl: immutable ? "public, max-age=31536000, immutable" : "no-cache",
        ...(isInPlace && { contentEncoding: "br" }),
      },
      customMetadata: {
        "content-digest": `sha-256=:${Buffer.from(entry.sha256, "hex").toString("base64")}:`,
        "bundlegate-build": buildId,
        "signature-input": `bundlegate=${parameters}`,
        signature: `bundlegate=:${entry.hmac}:`,
        sha256: entry.sha256,
      },
    });
  }
  return bucket.set(`${name}/bundlegate.manifest.json`, store.get(manifestKey(buildId)));
}

const allFiles = asFiles(manifest);

/** The store with the manifest of the build that is live changed. */
function withManifest(change) {
  const changed = structuredClone(manifest);
  const entry = changed.artifacts.find(({ path }) => path === "assets/app.js");
  change(entry, changed);
  return new Map(small).set(manifestKey(live), text(changed));
}

/** The store with a byte of a file changed. */
function withByte(path) {
  const body = Buffer.from(bytesOf(path));
  body[body.length - 1] ^= 1;
  return new Map(small).set(objectKey(entries.get(path).sha256), { body });
}

/** The store with a file cut off. */
function withoutEnd(path) {
  const { sha256 } = entries.get(path);
  return new Map(small).set(objectKey(sha256), { body: bytesOf(path).subarray(1) });
}

/** The files with the metadata of one changed. */
function withMetadata(change) {
  const bucket = new Map([...allFiles].filter(([key]) => FEW.test(key.slice(name.length + 1))));
  const file = structuredClone(bucket.get(`${name}/assets/app.js`));
  change(file.customMetadata, file.httpMetadata);
  return bucket.set(`${name}/assets/app.js`, file);
}

/** The store with a channel whose group has another build than the channel itself. */
function withGroup() {
  const release = text({ builds: { [name]: preview } });
  const pointer = { buildId: hex(release.body) };
  return new Map(small)
    .set(channelKey("grouped"), text({ buildId: live, group: "all" }))
    .set("all/releases/channels/grouped.json", text(pointer))
    .set(`all/releases/${pointer.buildId}.json`, release)
    .set(channelKey("alone"), text({ buildId: live, group: "all" }))
    .set(channelKey("nothing"), text({ buildId: "", group: "all" }))
    .set(channelKey("forged"), text({ buildId: live, group: "forged" }))
    .set("forged/releases/channels/forged.json", text(pointer))
    .set(`forged/releases/${pointer.buildId}.json`, text({ builds: { [name]: live } }));
}

const below = (prefix, bucket = small) => new Map([...bucket].map(([key, value]) => [prefix + key, value]));
const flipped = (base64) => (base64.startsWith("A") ? "B" : "A") + base64.slice(1);
const files = { LAYOUT: "files" };

/** Workers by name: what their bucket has, and their settings over the usual ones. */
const workers = {
  registry: [store, { PREVIEWS: "host" }],
  files: [allFiles, files],
  "no key": [withManifest((entry) => delete entry.hmac), { HMAC_KEY: "" }],
  "files, no key": [withMetadata((metadata) => delete metadata.signature), { ...files, HMAC_KEY: "" }],
  application: [below("a/b/"), { PREFIX: "a/b", SPA: "true", POLICY: "off" }],
  "name with parts": [below("a/", withManifest((_, changed) => (changed.name = `a/${name}`))), { PREFIX: "a" }],
  remembers: [small, { CHANNEL_SECONDS: "3600" }],
  "files, will expire": [asFiles(manifestOf("pr-7")), files],
  "files, expired": [asFiles(manifestOf("expired")), files],
  expired: [small, { CHANNEL: "expired" }],
  grouped: [withGroup(), { CHANNEL: "grouped" }],
  alone: [withGroup(), { CHANNEL: "alone" }],
  nothing: [withGroup(), { CHANNEL: "nothing" }],
  forged: [withGroup(), { CHANNEL: "forged" }],
  "text key": [small, { HMAC_KEY: `text:${HMAC_KEY}` }],
  "base64 key": [small, { HMAC_KEY: `base64:${Buffer.from(HMAC_KEY, "hex").toString("base64url")}` }],
  "unclear key": [small, { HMAC_KEY: Buffer.from(HMAC_KEY, "hex").toString("base64") }],
  "wrong key": [small, { HMAC_KEY: "f".repeat(64) }],
  "files, wrong key": [allFiles, { ...files, HMAC_KEY: "f".repeat(64) }],
  signature: [withManifest((entry) => (entry.hmac = flipped(entry.hmac))), {}],
  "no signature": [withManifest((entry) => delete entry.hmac), {}],
  type: [withManifest((entry) => (entry.contentType = "text/html; charset=utf-8")), {}],
  "another build": [withManifest((_, changed) => (changed.buildId = preview)), {}],
  "another name": [withManifest((_, changed) => (changed.name = "other")), {}],
  "left out": [withManifest((_, changed) => changed.artifacts.pop()), {}],
  swapped: [withManifest((entry) => (entry.sha256 = entries.get("index.html").sha256)), {}],
  bytes: [withByte("assets/app.js"), {}],
  "page bytes": [withByte("index.html"), {}],
  "many bytes": [withByte("video.mp4"), {}],
  "bytes, no key": [withoutEnd("assets/app.js"), { HMAC_KEY: "" }],
  gone: [new Map([...small].filter(([key]) => key !== objectKey(entries.get("assets/app.js").sha256))), {}],
  "files, signature": [withMetadata((metadata) => (metadata.signature = "bundlegate=:AAAA:")), files],
  "files, no signature": [withMetadata((metadata) => delete metadata.signature), files],
  "files, type": [withMetadata((_, served) => (served.contentType = "text/html")), files],
  "files, path": [new Map([[`${name}/about.html`, allFiles.get(`${name}/404.html`)]]), files],
};

/** Those that have the same in their buckets share one. */
const bucketOf = (workerName) =>
  Object.keys(workers).find((other) => workers[other][0] === workers[workerName][0]);

const miniflare = new Miniflare({
  ...convertV4MiniflareOptions({
    workers: Object.entries(workers).map(([workerName, [, bindings]]) => ({
      name: workerName,
      modules: [{ type: "ESModule", path: "index.js", contents: readFileSync(worker, "utf8") }],
      compatibilityDate: "2026-04-01",
      compatibilityFlags: ["nodejs_compat"],
      r2Buckets: { BUCKET: bucketOf(workerName) },
      bindings: { NAME: name, HMAC_KEY, CHANNEL_SECONDS: "0", ...bindings },
      // Straight to the Worker: what stands before it asks for other encodings than the client, and encodes again.
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    })),
  }),
  logRequests: false,
  // What the Workers log of each refusal.
  handleStructuredLogs: () => {},
});

const front = await miniflare.ready;
const addresses = {};
const buckets = {};
for (const [workerName, [bucket]] of Object.entries(workers)) {
  addresses[workerName] = await miniflare.unsafeGetDirectURL(workerName);
  buckets[workerName] = await miniflare.getR2Bucket("BUCKET", workerName);
  const put = ([key, { body, ...metadata }]) => buckets[workerName].put(key, body, metadata);
  if (bucketOf(workerName) === workerName) await Promise.all(Array.from(bucket, put));
}

// ---- Requests as they are: nothing is added, decoded, or taken out of the path.

const agent = new http.Agent({ keepAlive: true });

function ask(base, path, { method = "GET", ...headers } = {}) {
  const { hostname: host, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, path, method, headers, agent }, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      const end = (broken) => () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces), broken });
      response.on("end", end(false)).on("error", end(true));
    });
    request.on("error", reject).end();
  });
}

/** Asks a Worker. `expected` has headers (`undefined`: there is none), and the body as bytes, or as a part of it. */
async function check(workerName, path, request, status, expected = {}) {
  const where = `${workerName}: ${path} ${JSON.stringify(request)}`;
  const answer = await ask(addresses[workerName] ?? workerName, path, request);
  assert.equal(answer.status, status, `${where}: ${answer.body.subarray(0, 200)}`);
  const { body, ...headers } = expected;
  for (const [header, value] of Object.entries(headers)) {
    assert.equal(answer.headers[header], value, `${where}: ${header}`);
  }
  if (typeof body === "string") assert.ok(answer.body.includes(body), `${where}: ${answer.body.subarray(0, 200)}`);
  if (body instanceof Buffer) assert.ok(answer.body.equals(body), `${where}: ${answer.body.length} bytes`);
  return answer;
}

// ---- One table for both layouts. Where the file stands in brotli alone, its tag is that of these bytes.

const none = Buffer.alloc(0);
const app = bytesOf("assets/app.js");
const picture = bytesOf("picture.png");
const page = { "content-type": "text/html; charset=utf-8", "x-content-type-options": "nosniff" };
const plain = { "content-type": "text/plain; charset=utf-8", etag: undefined, "cache-control": "no-cache" };

async function checkLayout(layout, { brotli, decoded, zstd, hasRanges }) {
  const table = [
    // Paths.
    ["/", {}, 200, { ...page, body: bytesOf("index.html") }],
    ["/index.html", {}, 200, { ...page, body: bytesOf("index.html") }],
    ["/about", {}, 200, { ...page, body: bytesOf("about.html") }],
    ["/docs/", {}, 200, { ...page, body: bytesOf("docs/index.html") }],
    ["/docs?a=b", {}, 308, { ...plain, location: "/docs/?a=b" }],
    ["/assets/app.js?v=1", {}, 200, { "content-type": "text/javascript; charset=utf-8", body: app }],
    ["/assets/app.js.br", {}, 404, { body: bytesOf("404.html") }],
    ["/assets/app.js.zst", {}, 404, { body: bytesOf("404.html") }],
    ["/bundlegate.manifest.json", {}, 404, {}],
    ["/nowhere", {}, 404, { ...page, etag: tagOf("404.html"), body: bytesOf("404.html") }],
    ["/nowhere", { accept: "image/png" }, 404, { ...plain, body: "Not Found\n" }],
    ["/nowhere", { method: "HEAD" }, 404, { ...plain, "content-length": "10", body: none }],
    // Nothing outside of the site.
    ["//docs", {}, 404, { location: undefined }],
    [`/..%2fchannels/latest.json`, {}, 400, plain],
    [`/../${name}/about.html`, {}, 400, plain],
    ["/%2e%2e/x", {}, 400, plain],
    ["/./about", {}, 400, plain],
    ["/a%5cb", {}, 400, plain],
    ["/%00", {}, 400, plain],
    ["/%ff", {}, 400, plain],
    ["/%zz", {}, 404, {}],
    [`/${"a".repeat(2000)}`, {}, 404, {}],
    [`/builds/${live}/bundlegate.manifest.json`, {}, 404, {}],
    ["/channels/latest.json", {}, 404, {}],
    // Methods.
    ["/", { method: "POST" }, 405, { allow: "GET, HEAD", body: none }],
    ["/nowhere", { method: "OPTIONS" }, 405, { allow: "GET, HEAD", body: none }],
    ["/picture.png", { method: "HEAD" }, 200, { "content-length": `${picture.length}`, body: none }],
    ["/assets/app.js", { method: "HEAD", "accept-encoding": "br" }, 200, {
      "content-length": `${bytesOf("assets/app.js.br").length}`, "content-encoding": "br", body: none,
    }],
    // Encodings.
    ["/assets/app.js", {}, 200, { etag: decoded, vary: "Accept-Encoding", "content-encoding": undefined, body: app }],
    ...["gzip, deflate, br, zstd", "BR", "*", "br;q=0.5, zstd;q=0.4", "br;q=nonsense"].map((codings) => [
      "/assets/app.js", { "accept-encoding": codings }, 200,
      { etag: brotli, "content-encoding": "br", vary: "Accept-Encoding", body: bytesOf("assets/app.js.br") },
    ]),
    ...["zstd", "br;q=0.5, zstd", "br;q=0, *", "gzip, zstd, identity;q=0"].map((codings) => [
      "/assets/app.js", { "accept-encoding": codings }, 200,
      { etag: zstd, "content-encoding": "zstd", body: bytesOf("assets/app.js.zst") },
    ]),
    ...["", "gzip", "deflate, identity;q=0", "identity, br;q=0.1", "br;q=0"].map((codings) => [
      "/assets/app.js", { "accept-encoding": codings }, 200,
      { etag: decoded, "content-encoding": undefined, body: app },
    ]),
    ["/picture.png", { "accept-encoding": "br, zstd" }, 200, { "content-encoding": undefined, vary: undefined }],
    // Conditions.
    ["/assets/app.js", { "if-none-match": decoded }, 304, {
      etag: decoded, vary: "Accept-Encoding", "content-length": undefined, "content-type": undefined, body: none,
    }],
    ["/assets/app.js", { "if-none-match": `"x", W/${decoded}` }, 304, {}],
    ["/assets/app.js", { "if-none-match": "*", method: "HEAD" }, 304, {}],
    ["/assets/app.js", { "if-none-match": decoded, "accept-encoding": "br" }, 200, { "content-encoding": "br" }],
    ["/assets/app.js", { "if-none-match": brotli, "accept-encoding": "br" }, 304, { etag: brotli }],
    ["/assets/app.js", { "if-match": '"x"' }, 412, { body: none }],
    ["/assets/app.js", { "if-match": `W/${decoded}` }, 412, {}],
    ["/assets/app.js", { "if-match": decoded }, 200, { body: app }],
    ["/nowhere", { "if-none-match": "*", range: "bytes=0-0" }, 404, { body: bytesOf("404.html") }],
    // Ranges.
    ...[
      ["bytes=2-4", 2, 5], ["bytes=0-0", 0, 1], ["bytes=-3", -3], ["bytes=7-", 7],
      ["bytes=1-99999999999999999999", 1], [`bytes=-${picture.length + 9}`, 0],
    ].map(([range, start, end]) => {
      const body = picture.subarray(start, end);
      const first = start < 0 ? picture.length + start : start;
      const header = `bytes ${first}-${first + body.length - 1}/${picture.length}`;
      return ["/picture.png", { range }, 206, { "content-range": header, "content-length": `${body.length}`, body }];
    }),
    ...["bytes=4-2", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5"].map((range) => [
      "/picture.png", { range }, 200, { "content-range": undefined, "accept-ranges": "bytes", body: picture },
    ]),
    ...[`bytes=${picture.length}-`, "bytes=-0"].map((range) => [
      "/picture.png", { range }, 416,
      { "content-range": `bytes */${picture.length}`, "content-length": "0", body: none },
    ]),
    ["/picture.png", { range: "bytes=0-0", "if-range": tagOf("picture.png") }, 206, {}],
    ["/picture.png", { range: "bytes=0-0", "if-range": `W/${tagOf("picture.png")}` }, 200, { body: picture }],
    ["/picture.png", { range: "bytes=0-0", "if-range": '"x"' }, 200, { body: picture }],
    ["/picture.png", { range: "bytes=0-0", "if-none-match": tagOf("picture.png") }, 304, {}],
    ["/picture.png", { range: "bytes=0-0", method: "HEAD" }, 200, { "content-length": `${picture.length}` }],
    ["/video.mp4", {}, 200, { "content-length": `${bytesOf("video.mp4").length}`, body: bytesOf("video.mp4") }],
    ["/video.mp4", { range: "bytes=2000000-2000009" }, 206, { body: bytesOf("video.mp4").subarray(2000000, 2000010) }],
    ["/assets/app.js", { range: "bytes=0-6", "accept-encoding": "br" }, hasRanges ? 206 : 200, {
      etag: decoded, "content-encoding": undefined, body: hasRanges ? app.subarray(0, 7) : app,
    }],
  ];
  for (const [path, request, status, expected] of table) await check(layout, path, request, status, expected);
}

await checkLayout("registry", {
  brotli: tagOf("assets/app.js", "br"),
  decoded: tagOf("assets/app.js"),
  zstd: tagOf("assets/app.js", "zstd"),
  hasRanges: true,
});
await checkLayout("files", {
  brotli: tagOf("assets/app.js.br", "br"),
  decoded: tagOf("assets/app.js.br"),
  zstd: tagOf("assets/app.js.zst", "zstd"),
  hasRanges: false,
});

// ---- What is live.

const title = (id) => {
  const { sha256 } = json(store, manifestKey(id)).artifacts.find(({ path }) => path === "index.html");
  return store.get(objectKey(sha256)).body;
};
await check("registry", "/", { host: "pr-7.example.com" }, 200, { body: title(preview) });
await check("registry", "/", { host: "PR-7.example.com:8080" }, 200, { body: title(preview) });
await check("registry", "/", { host: "pr-8.example.com" }, 404, { ...plain, body: "Not Found" });
for (const host of ["www.example.com", "pr-7x.example.com", "pr-7", "example.com", "expired.example.com"]) {
  await check("registry", "/", { host }, 200, { body: title(live) });
}
await check("remembers", "/", { host: "pr-7.example.com" }, 200, { body: title(live) });
for (const workerName of ["registry", "remembers"]) {
  await buckets[workerName].put(channelKey("latest"), text({ buildId: preview }).body);
  await check(workerName, "/", {}, 200, { body: title(workerName === "registry" ? preview : live) });
  await buckets[workerName].put(channelKey("latest"), store.get(channelKey("latest")).body);
}
await check("grouped", "/", {}, 200, { body: title(preview) });
await check("alone", "/", {}, 200, { body: title(live) });
await check("nothing", "/", {}, 404, plain);

// ---- Settings.

await check("application", "/users/7", { accept: "text/html,*/*" }, 200, { ...page, body: bytesOf("index.html") });
await check("application", "/users/7.json", { accept: "text/html" }, 404, {});
await check("application", "/api", { accept: "application/json" }, 404, plain);
await check("application", "/", {}, 200, { "content-security-policy": undefined });
await check("name with parts", "/", {}, 200, { body: title(live) });
await check("files, will expire", "/", {}, 200, { body: title(preview) });
await check("base64 key", "/", {}, 200, { body: bytesOf("index.html") });
for (const workerName of ["no key", "files, no key"]) {
  await check(workerName, "/assets/app.js", { "accept-encoding": "identity" }, 200, { body: app });
}
// Through what stands before a Worker at the edge: the header says `br, gzip` whatever the client takes.
await check(front, "/assets/app.js", { "accept-encoding": "zstd" }, 200, { "content-encoding": "zstd" });
await check(front, "/assets/app.js", { "accept-encoding": "br" }, 200, { "content-encoding": "br" });
await check(front, "/assets/app.js", {}, 200, { "content-encoding": undefined, body: app });

// ---- What is refused. No byte of a file goes out.

const refused = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", etag: undefined };
for (const [workerName, why, ...fine] of [
  ["wrong key", "the signature of `assets/app.js` does not hold"],
  ["text key", "the signature of `assets/app.js` does not hold"],
  ["unclear key", "`HMAC_KEY` must be"],
  ["expired", "the signatures have expired"],
  ["signature", "the signature of `assets/app.js` does not hold", "/", "/picture.png"],
  ["no signature", "`assets/app.js` is not signed", "/"],
  ["type", "the signature of `assets/app.js` does not hold", "/"],
  ["another build", "is missing or is another"],
  ["another name", "is missing or is another"],
  ["left out", "is missing or is another"],
  ["swapped", "is missing or is another"],
  ["forged", "the release of `forged` is missing or is another"],
  ["bytes", "`assets/app.js` is not what was signed", "/"],
  ["bytes, no key", "the bucket does not have `assets/app.js` as it was stored", "/"],
  ["gone", "the bucket does not have `assets/app.js` as it was stored", "/"],
  ["files, expired", "the signatures have expired"],
  ["files, wrong key", "the signature of `assets/app.js.br` does not hold"],
  ["files, signature", "the signature of `assets/app.js.br` does not hold", "/", "/picture.png"],
  ["files, no signature", "`assets/app.js` is not signed", "/"],
  ["files, type", "the signature of `assets/app.js.br` does not hold", "/"],
]) {
  const body = Buffer.from(`${(await check(workerName, "/assets/app.js", {}, 502, { ...refused, body: why })).body}`);
  assert.ok(body.length < 200, `${workerName}: ${body}`);
  if (!["bytes", "bytes, no key", "gone"].includes(workerName)) {
    for (const request of [{ method: "HEAD" }, { range: "bytes=0-3" }, { "if-none-match": "*" }]) {
      await check(workerName, "/assets/app.js", request, 502, refused);
    }
  }
  for (const path of fine) await check(workerName, path, {}, 200);
}
await check("files, path", "/about", {}, 502, { ...refused, body: "the signature of `about.html` does not hold" });
// Also where it is sent in brotli: its policy is made of the bytes as they are.
const why = "`index.html` is not what was signed";
await check("page bytes", "/", { "accept-encoding": "br" }, 502, { ...refused, body: why });
const cut = await ask(addresses["many bytes"], "/video.mp4");
assert.ok(cut.broken && cut.body.length < bytesOf("video.mp4").length, "what is long breaks off before its end");
await buckets.registry.put(channelKey("latest"), "{}");
await check("registry", "/", {}, 404, plain);
await buckets.registry.put(channelKey("latest"), "nonsense");
await check("registry", "/", {}, 502, { ...refused, body: "the store cannot be read" });
await buckets.registry.put(channelKey("latest"), store.get(channelKey("latest")).body);

// ---- The same requests to our own server.

const compared = [
  "content-type", "etag", "cache-control", "content-encoding", "vary", "content-security-policy", "referrer-policy",
  "x-content-type-options", "accept-ranges", "content-range", "content-length", "location", "allow",
];

/** What may differ, and why. `has` says in which answers: it gets the request, our answer, and that of the server. */
const differences = [
  {
    why: "a Worker knows the policy of a page by its bytes, which it does not read where it sends none",
    headers: ["content-security-policy", "referrer-policy"],
    has: ({ ours }) => [304, 405, 412, 416].includes(ours.status),
  },
  {
    why: "a Worker refuses a method before it looks for a file",
    headers: ["status", "body", ...compared],
    has: ({ method, theirs }) => method === "POST" && theirs.status !== 405,
  },
  {
    why: "the server says of an answer without content that it has 0 bytes, also where a GET would say nothing",
    headers: ["content-length"],
    has: ({ method, ours }) => method === "HEAD" && [304, 412].includes(ours.status),
  },
];
const ofFiles = [
  {
    why: "the tag is that of the bytes in the bucket, and those are brotli",
    headers: ["etag"],
    has: ({ ours }) => ours.headers.vary !== undefined,
  },
  {
    why: "how many bytes will come out of brotli is not known before, so no range of them can be had",
    headers: ["content-length", "accept-ranges"],
    has: ({ ours }) => ours.headers.vary !== undefined && ours.headers["content-encoding"] === undefined,
  },
  {
    why: "the same, where a range was asked for",
    headers: ["status", "body", "content-range", "content-type"],
    has: ({ request, ours }) => ours.headers.vary !== undefined && request.range !== undefined,
  },
];

const paths = [
  ...manifest.artifacts
    .filter(({ bytes }) => bytes < 1 << 20)
    .map(({ path }) => `/${path.split("/").map(encodeURIComponent).join("/")}`),
  "/", "/about", "/docs", "/docs?a=b", "/docs/", "/docs/index", "/docs/index.html/", "//docs", "//", "/nowhere",
  "/nowhere/", "/nowhere.json", "/../x", "/a/../../etc/passwd", "/%2e%2e/x", "/..%2fx", "/a%5cb", "/%00", "/./a",
  "/a/.", "/%zz", "/%", "/%ff", "/%C3%A9", "/index", "/index.html?a=b/../c", "/docs%2f", "/bundlegate.lock",
  "/bundlegate.manifest.json", "/channels/latest.json", `/objects/${manifest.artifacts[0].sha256}`,
];
const conditions = (etag) => [
  {}, { accept: "*/*" }, { accept: "text/html,*/*" }, { "accept-encoding": "gzip, deflate, br, zstd" },
  { "accept-encoding": "zstd" }, { "accept-encoding": "br;q=0, *" }, { "accept-encoding": "" },
  { "accept-encoding": "identity, br;q=0.1" }, { "accept-encoding": "br;q=0.001, zstd;q=0.01" },
  { "accept-encoding": "zstd;q=2, br;q=0.9" }, { "if-none-match": etag }, { "if-none-match": `W/${etag}, "x"` },
  { "if-none-match": "*" }, { "if-none-match": '"x"' }, { "if-match": etag }, { "if-match": '"x"' },
  { "if-match": "*" }, { range: "bytes=0-0" }, { range: "bytes=-1" }, { range: "bytes=3-" },
  { range: "bytes=99999999-" }, { range: "bytes=-0" },
  { range: "bytes=0-1,3-4" }, { range: "bytes=1-0" }, { range: "bytes= 1-2" }, { range: "bytes=0-1", "if-range": etag },
  { range: "bytes=0-1", "if-range": '"x"' }, { range: "bytes=0-1", "accept-encoding": "br" },
];

async function compare(workerName, allowed) {
  const [seen, wrong] = [new Set(), []];
  for (const path of paths) {
    const { status, headers: { etag = '"x"' } } = await ask(addresses[workerName], path);
    const { etag: theirEtag = '"x"' } = (await ask(address, path)).headers;
    const theirConditions = conditions(theirEtag);
    // Where nothing is found, little depends on them.
    for (const [index, request] of conditions(etag).slice(0, status === 200 ? undefined : 6).entries()) {
      for (const method of ["GET", "HEAD", "POST"]) {
        if (method === "POST" && index > 0) continue;
        const ours = await ask(addresses[workerName], path, { ...request, method });
        const theirs = await ask(address, path, { ...theirConditions[index], method });
        const values = ({ status, headers, body }) => ({
          status, body: hex(body), ...Object.fromEntries(compared.map((header) => [header, headers[header]])),
        });
        const [left, right] = [values(ours), values(theirs)];
        for (const header of Object.keys(left).filter((header) => left[header] !== right[header])) {
          const reason = allowed.find(
            ({ headers, has }) => headers.includes(header) && has({ path, request, method, ours, theirs }),
          );
          if (reason) seen.add(reason.why);
          else wrong.push(`${method} ${path} ${JSON.stringify(request)}: ${header}: ${left[header]}, ${right[header]}`);
        }
      }
    }
  }
  // What does not differ any more is not listed.
  wrong.push(...allowed.filter(({ why }) => !seen.has(why)).map(({ why }) => `no longer: ${why}`));
  assert.equal(wrong.length, 0, `${workerName}, and \`bundlegate serve\`:\n${wrong.slice(0, 40).join("\n")}`);
}

if (address !== undefined) {
  await compare("registry", differences);
  await compare("files", [...differences, ...ofFiles]);
}
agent.destroy();
await miniflare.dispose();
console.log("right");
