"use strict";
const http = require("node:http");
const { createApp } = require("./app.cjs");
const { seed } = require("./data/orders.json");

async function main() {
  const logged = [];
  const server = http.createServer(createApp({ orders: seed, log: (line) => logged.push(line) }));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const call = async (path, options) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, options);
    console.log(options?.method ?? "GET", path, response.status, response.headers.get("content-type"));
    console.log(await response.text());
    return response;
  };
  const json = (method, body) => ({ method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

  const first = await call("/orders?status=open");
  console.log(first.headers.get("etag"), first.headers.get("x-dns-prefetch-control"));
  await call("/orders/2");
  await call("/orders/99");
  await call("/orders", json("POST", { item: "lamp", count: 2 }));
  await call("/orders", json("POST", { count: -1 }));
  await call("/orders", { method: "POST", headers: { "content-type": "application/json" }, body: "{" });
  await call("/orders/2", { method: "DELETE" });
  await call("/session", { headers: { cookie: `user=${encodeURIComponent("s:" + require("cookie-signature").sign("eve", "key"))}` } });
  await call("/crash");
  await call("/static/../main.cjs");
  server.close();
  console.log(logged.join("\n"));
}

if (require.main === module) main();
module.exports = { main };
