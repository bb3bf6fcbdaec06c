import { Hono } from "hono";
import { cors } from "hono/cors";
const app = new Hono();
app.use(cors());
app.get("/u/:id", (c) => c.json({ id: c.req.param("id") }));
const r = await app.request("/u/7");
console.log(r.status, await r.text());
