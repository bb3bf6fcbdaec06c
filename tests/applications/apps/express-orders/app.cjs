"use strict";
const express = require("express");
const cookieParser = require("cookie-parser");
const helmet = require("helmet");
const morgan = require("morgan");

exports.createApp = function createApp({ orders, log }) {
  const app = express();
  app.disable("x-powered-by");
  app.use(helmet());
  app.use(morgan(":method :url :status :res[content-length]", { stream: { write: (line) => log(line.trimEnd()) } }));
  app.use(express.json({ limit: "10kb" }));
  app.use(cookieParser("key"));
  // Required when the application is made, not when this file is loaded.
  app.use("/orders", require("./routes/orders").router(orders));
  app.get("/session", (request, response) => response.json({ signed: request.signedCookies, plain: request.cookies }));
  app.get("/crash", async () => {
    throw new TypeError("crashed on purpose");
  });
  app.use((request, response) => response.status(404).send(`nothing at ${request.path}`));
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    response.status(error.status ?? 500).json({ name: error.name, message: error.expose === false ? "hidden" : error.message });
  });
  return app;
};
