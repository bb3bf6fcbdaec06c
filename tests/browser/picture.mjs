// Opens SVG files in headless Chromium: picture.mjs FILE…. Prints of each its size as an image and its number of boxes;
// a name that leaves its box, or an element that is no picture's, fails.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { launch } from "./launch.mjs";

const browser = await launch();
try {
  for (const file of process.argv.slice(2)) {
    const svg = readFileSync(file, "utf8");
    const page = await browser.newPage();
    await page.setContent("<img>");
    // As a comment shows it: an image.
    const size = await page.$eval(
      "img",
      async (image, source) => {
        image.src = source;
        await image.decode();
        return [image.naturalWidth, image.naturalHeight];
      },
      `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`,
    );
    // As a document: strictly parsed XML, with text that stays in its box.
    const seen = await page.evaluate((source) => {
      const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
      const root = document.body.appendChild(document.importNode(parsed.documentElement, true));
      const names = new Set([...root.querySelectorAll("*")].map((element) => element.localName));
      const outside = [...root.querySelectorAll("g")].filter((group) => {
        const [box, text] = [group.querySelector("rect"), group.querySelector("text")];
        const right = (element) => element.getBBox().x + element.getBBox().width;
        return text !== null && right(text) > right(box);
      });
      const titles = [...root.querySelectorAll("g > title")].map((title) => title.textContent);
      return { names: [...names].sort(), outside: outside.length, titles };
    }, svg);
    assert.deepEqual(seen.names, ["g", "rect", "text", "title"]);
    assert.equal(seen.outside, 0);
    console.log(`${size.join(" x ")}, ${seen.titles.length} boxes: ${seen.titles.join(", ")}`);
    await page.close();
  }
} finally {
  await browser.close();
}
