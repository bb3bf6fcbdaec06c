import { completable } from "@modelcontextprotocol/sdk/server/completable.js";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { Notes } from "./notes.js";

export function createServer(notes = new Notes()): McpServer {
  const server = new McpServer({ name: "notes", version: "0.1.0" }, { instructions: "Notes, kept in memory.", capabilities: { logging: {} } });
  const note = { id: z.number().int(), title: z.string(), tags: z.array(z.string()) };

  server.registerTool(
    "add",
    {
      description: "Adds a note",
      inputSchema: { title: z.string().min(1), tags: z.array(z.string()).max(3).optional() },
      outputSchema: note,
    },
    async ({ title, tags }) => {
      const added = notes.add(title, ...(tags ?? []));
      await server.server.sendLoggingMessage({ level: "info", data: `added ${added.id}` });
      return { structuredContent: { ...added }, content: [{ type: "text", text: JSON.stringify(added) }] };
    },
  );
  server.registerTool(
    "search",
    { description: "Finds notes", inputSchema: { words: z.string() }, annotations: { readOnlyHint: true } },
    ({ words }) => ({ content: notes.search(words).map(({ title }) => ({ type: "text" as const, text: title })) }),
  );
  server.registerResource(
    "note",
    new ResourceTemplate("note://{id}", { list: () => ({ resources: [...notes].map(({ id, title }) => ({ uri: `note://${id}`, name: title })) }) }),
    { mimeType: "text/plain" },
    (uri, { id }) => ({ contents: [{ uri: uri.href, text: notes.get(Number(id))?.title ?? "" }] }),
  );
  server.registerPrompt(
    "summarise",
    { argsSchema: { tone: completable(z.string(), (start) => ["dry", "warm", "dull"].filter((tone) => tone.startsWith(start))) } },
    ({ tone }) => ({ messages: [{ role: "user", content: { type: "text", text: `Summarise ${[...notes].length} notes, ${tone}.` } }] }),
  );
  return server;
}
