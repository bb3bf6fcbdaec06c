const { Router } = require("express");
const { check } = require("./check");

module.exports.router = (orders) => {
  const kept = new Map(orders.map((order) => [order.id, { ...order }]));
  const router = Router({ mergeParams: true });
  router.param("id", (request, response, next, id) => {
    request.order = kept.get(Number(id));
    if (!request.order) return response.status(404).json({ error: `no order ${id}` });
    next();
  });
  router
    .route("/")
    .get((request, response) => {
      const { status } = request.query;
      response.json([...kept.values()].filter((order) => !status || order.status === status));
    })
    .post((request, response) => {
      const problems = check(request.body);
      if (problems.length) return response.status(422).json({ problems });
      const order = { id: Math.max(...kept.keys()) + 1, status: "open", ...request.body };
      kept.set(order.id, order);
      response.status(201).location(`/orders/${order.id}`).json(order);
    });
  router
    .route("/:id")
    .get((request, response) => response.format({ json: () => response.json(request.order), text: () => response.send(request.order.item) }))
    .delete((request, response) => {
      kept.delete(request.order.id);
      response.sendStatus(204);
    });
  return router;
};
