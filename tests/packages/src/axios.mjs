import axios from "axios";
import http from "node:http";
const s = http.createServer((q, r) => r.end(JSON.stringify({ u: q.url }))).listen(0, async () => {
  const r = await axios.get("http://127.0.0.1:" + s.address().port + "/p", { params: { a: 1 } });
  console.log(r.status, r.data);
  s.close();
});
