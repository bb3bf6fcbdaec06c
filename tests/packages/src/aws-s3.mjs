import { S3Client, PutObjectCommand } from "@aws-sdk/client-s3";
import http from "node:http";
const s = http.createServer((q, r) => {
  console.log(q.method, q.url.split("?")[0], !!q.headers.authorization);
  r.end();
}).listen(0, async () => {
  const c = new S3Client({ region: "x", endpoint: "http://127.0.0.1:" + s.address().port, forcePathStyle: true, credentials: { accessKeyId: "a", secretAccessKey: "b" } });
  await c.send(new PutObjectCommand({ Bucket: "b", Key: "k", Body: "x" }));
  s.close();
  c.destroy();
});
