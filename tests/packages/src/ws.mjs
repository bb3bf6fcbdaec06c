import { WebSocketServer, WebSocket } from "ws";
const w = new WebSocketServer({ port: 0 });
w.on("connection", (c) => c.on("message", (m) => c.send("echo " + m)));
w.on("listening", () => {
  const c = new WebSocket("ws://127.0.0.1:" + w.address().port);
  c.on("open", () => c.send("hi"));
  c.on("message", (m) => {
    console.log(String(m));
    c.close();
    w.close();
  });
});
