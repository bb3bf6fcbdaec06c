export default async function items(app) {
  app.get("/items/:sku", { schema: { response: { 200: { $ref: "item#" } } } }, async (request, reply) => {
    const item = app.items.get(request.params.sku);
    if (!item) return reply.callNotFound();
    return { ...item, secret: "not in the schema" };
  });
  app.get("/items", { schema: { querystring: { $ref: "filter#" } } }, async ({ query }) =>
    [...app.items.values()].filter(({ count }) => count < (query.below ?? Infinity)),
  );
  app.post("/items", { schema: { body: { $ref: "item#" } } }, async (request, reply) => {
    app.items.set(request.body.sku, request.body);
    return reply.code(201).send(request.body);
  });
  app.put("/visits", async (request, reply) => {
    const visits = Number(request.cookies.visits ?? 0) + 1;
    reply.setCookie("visits", String(visits), { path: "/", httpOnly: true, signed: true });
    return { visits };
  });
}
