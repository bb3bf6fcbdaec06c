// Opens a report page in headless Chromium: treemap.mjs PAGE.html. Prints what was seen; any error of the page fails.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { errorsOf, launch } from "./launch.mjs";

const html = readFileSync(process.argv[2]);
const server = createServer((request, response) => {
  response.writeHead(request.url === "/" ? 200 : 204, { "content-type": "text/html" });
  response.end(request.url === "/" ? html : "");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await launch();
try {
  const page = await browser.newPage();
  const errors = errorsOf(page);
  page.on("dialog", () => errors.push("a dialog was opened"));
  await page.setViewport({ width: 1000, height: 700 });
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const texts = (selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent));
  const labels = () => page.$$eval(".box", (all) => all.map((one) => one.getAttribute("aria-label")));
  const all = await labels();
  // Areas are as the bytes: no box leaves its parent.
  const outside = await page.$$eval(".box .box", (boxes) =>
    boxes.filter((box) => {
      const [inner, outer] = [box.getBoundingClientRect(), box.parentElement.getBoundingClientRect()];
      return inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1 || inner.left < outer.left - 1;
    }).length,
  );
  assert.equal(outside, 0);
  console.log(`boxes: ${all.length}`);
  const evil = all.filter((label) => label.includes("</script>"));
  console.log(`markup as text: ${evil.length}`);
  // A click zooms in, Escape out.
  await page.click(".box.group > .box.group");
  const inside = await texts("#trail button");
  console.log(`zoomed: ${inside.length}`);
  assert.ok((await labels()).length < all.length);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  assert.deepEqual(await labels(), all);
  // By keyboard: the first box has the focus after zooming; Enter goes in.
  await page.focus(".box");
  await page.keyboard.press("Enter");
  console.log(`by keyboard: ${(await texts("#trail button")).length}`);
  await page.keyboard.press("Escape");
  // Search finds.
  await page.keyboard.press("/");
  await page.keyboard.type("feature");
  console.log(`search: ${(await texts("#count"))[0]}, ${(await page.$$(".leaf.hit")).length} shown`);
  // Colours by change, and dark ones.
  await page.click("#change");
  const colour = () => page.$eval(".leaf.grown", (box) => getComputedStyle(box).backgroundColor);
  const light = await colour();
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  assert.notEqual(await colour(), light);
  assert.deepEqual(errors, []);
  console.log("no errors");
} finally {
  await browser.close();
  server.close();
}
