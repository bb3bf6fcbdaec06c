import fs from "node:fs";
import matter from "gray-matter";

// Each is named, so that a bundler can see which files belong to the program.
const files = {
  index: new URL("./content/index.md", import.meta.url),
  guide: new URL("./content/guide.md", import.meta.url),
};

export const pages = Object.entries(files).map(([slug, url]) => {
  const { data, content, excerpt } = matter(fs.readFileSync(url, "utf8"), { excerpt: true });
  return { slug, data: { ...data, excerpt: excerpt.trim() }, content };
});
pages.sort((left, right) => left.data.order - right.data.order);
