// Opens bundled pages in headless Chromium: page.mjs FOLDER NAME... For each, serves NAME.js and NAME.css of the folder,
// clicks the counter twice and prints what the page shows; any error of a page fails.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { errorsOf, launch } from "./launch.mjs";

const [folder, ...names] = process.argv.slice(2);
const types = { ".js": "text/javascript", ".css": "text/css" };
const server = createServer((request, response) => {
  const path = new URL(request.url, "http://host").pathname;
  const name = path.slice(1);
  if (names.includes(name)) {
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><link rel="stylesheet" href="/${name}.css"><div id="root"></div>
      <script type="module" src="/${name}.js"></script>`);
    return;
  }
  const file = join(folder, name);
  const isThere = name && existsSync(file);
  response.writeHead(isThere ? 200 : name === "favicon.ico" ? 204 : 404, { "content-type": types[extname(name)] ?? "" });
  response.end(isThere ? readFileSync(file) : "");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await launch();
try {
  for (const name of names) {
    const page = await browser.newPage();
    const errors = errorsOf(page);
    await page.goto(`http://127.0.0.1:${server.address().port}/${name}`);
    try {
      await page.waitForSelector("#later", { timeout: 10_000 });
      await page.click(".counter");
      await page.click(".counter");
      await page.waitForFunction(() => document.querySelector(".counter").textContent.endsWith("2"), { timeout: 10_000 });
    } catch (error) {
      errors.push(String(error));
    }
    const seen = await page.evaluate(() => [
      document.querySelector(".counter")?.textContent,
      document.querySelector("#later")?.textContent,
      getComputedStyle(document.querySelector(".counter") ?? document.body).color,
    ]);
    assert.deepEqual(errors, [], name);
    console.log(seen.join(", "));
    await page.close();
  }
} finally {
  await browser.close();
  server.close();
}
