/** @jsxRuntime automatic @jsxImportSource preact */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import renderToString from "preact-render-to-string";
import { Links } from "./links.jsx";

const app = new Hono();
app.use(secureHeaders());
app.use("/api/*", cors({ origin: ["https://app.example"] }));

app.get("/", etag(), async (c) => {
  const { keys } = await c.env.LINKS.list();
  const links = await Promise.all(keys.map(async ({ name }) => ({ name, url: await c.env.LINKS.get(name) })));
  return c.html("<!doctype html>" + renderToString(<Links greeting={c.env.GREETING} links={links} />));
});
app.get("/api/stats", async (c) => {
  const { stats } = await import("./stats.js");
  return c.json(await stats(c.env.LINKS));
});
app.put("/api/links/:name", async (c) => {
  const url = await c.req.text();
  if (!URL.canParse(url)) return c.json({ error: "not a URL" }, 400);
  c.executionCtx.waitUntil(c.env.LINKS.put(c.req.param("name"), url));
  return c.body(null, 204);
});
app.get("/:name", async (c) => {
  const url = await c.env.LINKS.get(c.req.param("name"));
  return url ? c.redirect(url, 301) : c.notFound();
});
app.onError((error, c) => c.text(`failed: ${error.message}`, 500));

export default { fetch: app.fetch };
