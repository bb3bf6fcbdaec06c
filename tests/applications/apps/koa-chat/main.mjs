import { once } from "node:events";
import http from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { createApp } from "./app.mjs";
import history, { LIMIT } from "./history.cjs";

const server = http.createServer(createApp(history).callback());
const sockets = new WebSocketServer({ server, path: "/chat", perMessageDeflate: { threshold: 10 } });
sockets.on("connection", (socket, request) => {
  const name = new URL(request.url, "http://localhost").searchParams.get("name");
  socket.on("message", (data, isBinary) => {
    const line = { name, text: isBinary ? `${data.length} bytes` : String(data) };
    history.add(line);
    for (const client of sockets.clients) client.send(JSON.stringify(line));
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();

async function join(name) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat?name=${encodeURIComponent(name)}`);
  await once(socket, "open");
  return socket;
}
const ann = await join("Ann");
const bo = await join("Bo 波");
for (const message of ["hello", "a long message, ".repeat(20), Buffer.alloc(300, 7)]) {
  const heard = once(bo, "message");
  ann.send(message);
  console.log("heard", JSON.parse((await heard)[0]));
}
for (let count = 0; count < LIMIT; count++) {
  const heard = once(ann, "message");
  bo.send(`line ${count}`);
  await heard;
}

const base = `http://127.0.0.1:${port}`;
for (const [path, init] of [
  ["/history"],
  ["/history?from=Ann"],
  ["/rooms/blue/lines", { method: "POST", headers: { "content-type": "application/json" }, body: '{"text":"by mail"}' }],
  ["/rooms/blue/lines", { method: "DELETE" }],
  ["/rooms/closed/lines", { method: "POST", body: "text=form", headers: { "content-type": "application/x-www-form-urlencoded" } }],
  ["/nowhere"],
]) {
  const response = await fetch(base + path, init);
  console.log(init?.method ?? "GET", path, response.status, response.headers.get("allow"), await response.text());
}

ann.close(4001, "bye");
const [code, reason] = await once(ann, "close");
console.log("closed", code, String(reason));
bo.terminate();
sockets.close();
server.close();
