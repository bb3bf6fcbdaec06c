import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { streamSSE } from "hono/streaming";
import { timing } from "hono/timing";
import { z } from "zod";
import { Page, ProductList } from "./views";
import { Catalogue, Currency } from "./model";

type Variables = { catalogue: Catalogue };

const catalogue = new Catalogue([
  { id: 1, name: "Cup", price: 8, tags: [] },
  { id: 2, name: "Pot & lid", price: 25.5, tags: ["sale"] },
]);
const newProduct = z.object({ name: z.string().min(1), price: z.number().positive(), tags: z.array(z.string()).default([]) });

export const app = new Hono<{ Variables: Variables }>();
app.use(timing({ enabled: false }));
app.use(async (c, next) => {
  c.set("catalogue", catalogue);
  await next();
});
app.get("/", zValidator("query", z.object({ currency: z.enum(["EUR", "TWD"]).default("TWD") })), (c) => {
  const currency = Currency[c.req.valid("query").currency];
  return c.html(
    <Page title="Shop">
      <ProductList products={[...c.get("catalogue")]} currency={currency} />
    </Page>,
  );
});
app.get("/products/:id{[0-9]+}", (c) => {
  const product = c.var.catalogue.find(Number(c.req.param("id")));
  return product ? c.json(product) : c.notFound();
});
app.post(
  "/products",
  zValidator("json", newProduct, (result, c) => {
    if (!result.success) return c.json({ issues: result.error.issues.map(({ path, code, message }) => ({ path, code, message })) }, 400);
  }),
  (c) => c.json(c.var.catalogue.add(c.req.valid("json")), 201),
);
app.get("/events", (c) =>
  streamSSE(c, async (stream) => {
    for (const { id, name } of c.var.catalogue) await stream.writeSSE({ id: String(id), event: "product", data: name });
  }),
);
app.get("/teapot", () => {
  throw new HTTPException(418, { message: "short and stout" });
});
app.notFound((c) => c.text(`nothing at ${c.req.path}`, 404));
