import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpError, LoggingMessageNotificationSchema, type CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { createServer } from "./server.js";

const server = createServer();
const client = new Client({ name: "reader", version: "1.0.0" }, { capabilities: {} });
const [near, far] = InMemoryTransport.createLinkedPair();
client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => console.log("logged", params.level, params.data));
await Promise.all([server.connect(far), client.connect(near)]);

console.log(client.getServerVersion(), client.getInstructions());
const { tools } = await client.listTools();
for (const { name, description, inputSchema, annotations } of tools) {
  console.log(name, description, JSON.stringify(inputSchema), annotations?.readOnlyHint);
}

async function call(name: string, args: Record<string, unknown>): Promise<void> {
  try {
    const result = (await client.callTool({ name, arguments: args })) as CallToolResult;
    console.log(name, result.isError ?? false, JSON.stringify(result.structuredContent ?? result.content));
  } catch (error) {
    console.log(name, error instanceof McpError ? error.code : error);
  }
}
await call("add", { title: "Milk", tags: ["shop"] });
await call("add", { title: "Call 陳", tags: [] });
await call("add", { title: "" });
await call("search", { words: "milk" });
await call("remove", {});

console.log(JSON.stringify((await client.listResources()).resources));
console.log(JSON.stringify(await client.readResource({ uri: "note://2" })));
console.log(JSON.stringify(await client.getPrompt({ name: "summarise", arguments: { tone: "dry" } })));
console.log(JSON.stringify(await client.complete({ ref: { type: "ref/prompt", name: "summarise" }, argument: { name: "tone", value: "d" } })));
await client.close();
