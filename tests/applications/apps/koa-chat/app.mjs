import Koa from "koa";
import Router from "@koa/router";
import bodyParser from "koa-bodyparser";

export function createApp(history) {
  const router = new Router();
  router.get("/history", (ctx) => {
    ctx.body = history.lines(ctx.query.from);
  });
  router.post("line", "/rooms/:room/lines", async (ctx) => {
    ctx.assert(ctx.params.room !== "closed", 403, "this room is closed");
    history.add({ name: ctx.params.room, ...ctx.request.body });
    ctx.status = 201;
    ctx.body = { at: router.url("line", ctx.params.room), type: ctx.request.type };
  });

  const app = new Koa({ proxy: true });
  app.silent = true;
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      ctx.status = error.status ?? 500;
      ctx.body = { error: error.message, name: error.constructor.name };
    }
  });
  app.use(bodyParser());
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}
