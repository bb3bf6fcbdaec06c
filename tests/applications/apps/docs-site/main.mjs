import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { pages } from "./pages.mjs";
import { createRenderer } from "./render.mjs";
import { site } from "./template.mjs";

const logo = fs.readFileSync(fileURLToPath(new URL("./content/logo.svg", import.meta.url)), "utf8");
const markdown = await createRenderer(["javascript", "yaml", "cobol"]);

const written = [];
for (const { slug, data, content } of pages) {
  const { html, toc } = markdown(content);
  const text = site({ ...data, slug, html, toc, logo, words: content.split(/\s+/) });
  fs.writeFileSync(`${slug}.html`, text);
  written.push(`${slug}.html ${text.length}`);
  console.log(text);
}
console.log(written.join("\n"));
