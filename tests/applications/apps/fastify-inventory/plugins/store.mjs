import fp from "fastify-plugin";

async function store(app, { items }) {
  const kept = new Map(items.map((item) => [item.sku, item]));
  app.decorate("items", kept);
  app.addHook("onClose", async () => console.log("store closed with", kept.size));
}

// Without a scope of its own, so that routes see `app.items`.
export default fp(store, { name: "store", fastify: "5.x" });
