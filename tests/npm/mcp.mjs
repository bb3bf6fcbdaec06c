// Speaks with `bundlegate mcp` by the official client of the Model Context Protocol: mcp.mjs BINARY FOLDER [FLAG].
// FOLDER is a project of which two builds are stored; its sources hold the value of SESSION_SECRET. Prints `right`.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [command, cwd, ...flags] = process.argv.slice(2);
const secret = process.env.SESSION_SECRET;
const transport = new StdioClientTransport({ command, args: ["mcp", ...flags], cwd, stderr: "pipe", env: { SESSION_SECRET: secret, SHORT_SECRET: process.env.SHORT_SECRET } });
const client = new Client({ name: "bundlegate-tests", version: "1" });
let all = "";
await client.connect(transport);
const deliver = transport.onmessage;
transport.onmessage = (message, extra) => {
  all += JSON.stringify(message);
  deliver(message, extra);
};

const call = async (name, args = {}) => {
  const { isError, content, structuredContent } = await client.callTool({ name, arguments: args });
  return { isError: isError === true, text: content[0].text, value: structuredContent };
};

try {
  assert.equal(client.getServerVersion().name, "bundlegate");
  assert.match(client.getInstructions(), /No tool ever shows the value of a secret/);
  const { tools } = await client.listTools();
  const names = tools.map(({ name }) => name);
  const reading = ["list_deployments", "size_report", "why_included", "used_exports", "find_leaks", "plan"];
  const changing = ["promote", "rollback", "release"];
  assert.deepEqual(names, flags.length ? [...reading, ...changing] : reading);
  for (const { name, annotations, inputSchema } of tools) {
    assert.equal(annotations.readOnlyHint, reading.includes(name), name);
    assert.equal(inputSchema.additionalProperties, false);
  }

  const { value: listed } = await call("list_deployments");
  assert.equal(listed.builds.length, 2, JSON.stringify(listed));
  const [second, first] = listed.builds;
  assert.deepEqual([second.channels, first.channels], [["latest"], []]);
  assert.ok(second.bytes > first.bytes);

  const { value: why } = await call("why_included", { module: "deep.ts" });
  assert.deepEqual(why.chain, ["src/main.ts", "src/middle.ts", "src/deep.ts"]);
  assert.deepEqual(why.imports[1], { from: "src/middle.ts", to: "src/deep.ts", line: 1, specifier: "./deep", kind: "import-statement" });
  assert.ok(why.outputs[0].bytes > 0);
  const { value: used } = await call("used_exports", { module: "src/deep.ts" });
  assert.deepEqual(used.outputs[0].exports, ["used"]);
  const unknown = await call("why_included", { module: "depe.ts" });
  assert.ok(unknown.isError && unknown.text.includes("no module of the bundle"), unknown.text);

  const { value: leaks } = await call("find_leaks");
  assert.equal(leaks.passes, false);
  assert.equal(leaks.findings[0].env, "SESSION_SECRET");
  assert.equal(leaks.findings[0].source.file, "src/deep.ts");

  const { text: report } = await call("size_report", { build: second.build, base: first.build });
  assert.match(report, /Compared with `dir:store\/app@/);
  assert.match(report, /\| `main\.js` /);
  const { text: now } = await call("size_report", { base: "latest" });
  assert.match(now, /src\/deep\.ts/);
  const { value: plan } = await call("plan");
  assert.equal(plan.deploy, "bun", JSON.stringify(plan));

  // Nothing outside of the project and of its place in the store is read.
  for (const base of ["/etc/hostname.json", "../outside.json", "dir:/other/app", "r2://other/app@latest", "nothing"]) {
    const { isError, text } = await call("size_report", { base });
    assert.ok(isError || /No baseline/.test(text), `${base}: ${text}`);
    assert.ok(!text.includes("outside-of-the-project"), text);
  }
  for (const build of ["dir:/other/app", "x@y", "../app"]) assert.ok((await call("size_report", { build })).isError, build);
  assert.ok((await call("list_deployments", { name: "../other" })).isError);
  // The name of a module with a short value in it is given without that.
  assert.ok((await call("why_included", { module: "src/middle.ts" })).value);

  await assert.rejects(client.callTool({ name: "why_included", arguments: {} }), /needs the argument `module`/);
  await assert.rejects(client.callTool({ name: "why_included", arguments: { module: 1 } }), /is a text/);
  await assert.rejects(client.callTool({ name: "plan", arguments: { a: "b" } }), /has no argument `a`/);
  await assert.rejects(client.callTool({ name: "nothing", arguments: {} }), /no tool `nothing`/);
  if (!flags.length) await assert.rejects(client.callTool({ name: "promote", arguments: { build: first.build } }), /no tool/);

  const { resources } = await client.listResources();
  assert.deepEqual(resources.map(({ uri }) => uri), ["bundlegate://report", "bundlegate://analysis", "bundlegate://metafile"]);
  const read = async (uri) => (await client.readResource({ uri })).contents[0];
  const metafile = JSON.parse((await read("bundlegate://metafile")).text);
  assert.ok(metafile.inputs["src/deep.ts"] && metafile.outputs["main.js"].gzip > 0);
  assert.match((await read("bundlegate://analysis")).text, /\[MODULE: src\/deep\.ts\]/);
  assert.equal((await read("bundlegate://report")).mimeType, "text/markdown");
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.equal(resourceTemplates[0].uriTemplate, "bundlegate://builds/{build}/report");
  assert.match((await read(`bundlegate://builds/${first.build}/report`)).text, /main\.js/);
  await assert.rejects(read("bundlegate://nothing"), /there is no/);
  // Several at once, answered each with its own.
  const many = await Promise.all(["main.ts", "middle.ts", "deep.ts"].map((module) => call("why_included", { module })));
  assert.deepEqual(many.map(({ value }) => value.module), ["src/main.ts", "src/middle.ts", "src/deep.ts"]);

  if (flags.length) {
    const live = async () => (await call("list_deployments")).value.builds.find(({ channels }) => channels.includes("latest")).build;
    const { text, isError } = await call("promote", { build: first.build });
    assert.ok(!isError && (await live()) === first.build, text);
    await call("rollback");
    assert.equal(await live(), second.build);
    const release = await call("release");
    assert.ok(release.isError && release.text.includes("SESSION_SECRET"), release.text);
    assert.equal(await live(), second.build);
  }
  assert.ok(all.length > 10_000 && !all.includes(secret), "a value of a secret was sent");
  assert.ok(!all.includes(process.env.SHORT_SECRET), "a short value of a secret was sent");
} finally {
  await client.close();
}
console.log("right");
