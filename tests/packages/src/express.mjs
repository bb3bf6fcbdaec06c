import express from "express";
const app = express();
app.get("/x", (q, r) => r.json({ ok: 1 }));
const s = app.listen(0, async () => {
  const r = await fetch("http://127.0.0.1:" + s.address().port + "/x");
  console.log(r.status, await r.text());
  s.close();
});
