import Fastify from "fastify";
import cookie from "@fastify/cookie";
import formbody from "@fastify/formbody";
import store from "./plugins/store.mjs";
import schemas from "./schemas.json" with { type: "json" };

const app = Fastify({ logger: false, ajv: { customOptions: { removeAdditional: "all", coerceTypes: "array" } } });
for (const schema of Object.values(schemas)) app.addSchema(schema);
await app.register(cookie, { secret: "a secret of a test" });
await app.register(formbody);
await app.register(store, { items: [{ sku: "A-1", count: 5 }] });
// Loaded only now, as a plugin is that a setting turns on.
await app.register(import("./routes/items.mjs"), { prefix: "/v1" });
app.addHook("onSend", async (request, reply, payload) => {
  reply.removeHeader("date");
  return payload;
});
app.setErrorHandler((error, request, reply) => {
  reply.code(error.statusCode ?? 500).send({ code: error.code, message: error.message, context: error.validationContext });
});
await app.ready();
console.log(app.printRoutes({ commonPrefix: false }).trim());

const requests = [
  { method: "GET", url: "/v1/items/A-1" },
  { method: "GET", url: "/v1/items/B-2" },
  { method: "POST", url: "/v1/items", payload: { sku: "B-2", count: "7", unknown: true } },
  { method: "POST", url: "/v1/items", payload: { sku: "b2" } },
  { method: "POST", url: "/v1/items", headers: { "content-type": "application/x-www-form-urlencoded" }, payload: "sku=C-3&count=1" },
  { method: "POST", url: "/v1/items", headers: { "content-type": "text/csv" }, payload: "sku" },
  { method: "GET", url: "/v1/items?below=6" },
  { method: "PUT", url: "/v1/visits", cookies: { visits: "3" } },
];
for (const request of requests) {
  const answer = await app.inject(request);
  console.log(request.method, request.url, answer.statusCode, answer.headers["content-type"], answer.headers["set-cookie"] ?? "");
  console.log(answer.body);
}

const address = await app.listen({ port: 0, host: "127.0.0.1" });
console.log(await (await fetch(`${address}/v1/items/A-1`)).json());
await app.close();
