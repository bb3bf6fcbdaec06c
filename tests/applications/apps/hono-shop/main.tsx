import { serve } from "@hono/node-server";
import type { AddressInfo } from "node:net";
import { app } from "./app";
import { Currency, type Product } from "./model";

const seen: string[] = [];
const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, async (info: AddressInfo) => {
  for (const [path, init] of [
    ["/"],
    ["/?currency=EUR"],
    ["/products/2"],
    ["/products/x"],
    ["/products", { method: "POST", body: JSON.stringify({ name: "Kettle <b>", price: 30, tags: ["new"] } satisfies Partial<Product>) }],
    ["/products", { method: "POST", body: JSON.stringify({ name: "", price: "free" }) }],
    ["/events"],
    ["/teapot"],
  ] as [string, RequestInit?][]) {
    const headers = init?.body ? { "content-type": "application/json" } : undefined;
    const response = await fetch(`http://127.0.0.1:${info.port}${path}`, { ...init, headers });
    console.log(init?.method ?? "GET", path, response.status, response.headers.get("content-type"));
    console.log(await response.text());
    seen.push(`${response.status}`);
  }
  server.close();
  console.log(seen.join(" "), Currency[Currency.EUR], Object.keys(Currency).length);
});
