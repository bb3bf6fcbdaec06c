import http from "node:http";

const FILES = ["README.md", "src/index.js", "src/deep/a.js"];

// As much of GitHub's API as the action asks for, in pages of two files.
export async function startApi() {
  const calls = [];
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url, "http://localhost");
    calls.push(`${request.method} ${url.pathname}${url.search} ${request.headers.authorization} ${body}`);
    response.setHeader("content-type", "application/json; charset=utf-8");
    if (url.pathname === "/graphql") return response.end('{"data":{"repository":{"id":"R_1"}}}');
    if (!url.pathname.endsWith("/files")) return response.end("[]");
    const page = Number(url.searchParams.get("page") ?? 1);
    if (page === 1) response.setHeader("link", `<http://${request.headers.host}${url.pathname}?per_page=2&page=2>; rel="next"`);
    response.end(JSON.stringify(FILES.slice(page * 2 - 2, page * 2).map((filename) => ({ filename }))));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => server.close() && server.closeAllConnections();
  return { url: `http://127.0.0.1:${server.address().port}`, calls, close };
}
