import { request } from "undici";
import http from "node:http";
const s = http.createServer((q, r) => r.end("ok")).listen(0, async () => {
  const r = await request("http://127.0.0.1:" + s.address().port);
  console.log(r.statusCode, await r.body.text());
  s.close();
  process.exit(0);
});
