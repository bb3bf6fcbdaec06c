import fs from "node:fs";
import YAML, { isMap, parseDocument } from "yaml";

export function readNotes(file) {
  return fs.existsSync(file) ? YAML.parse(fs.readFileSync(file, "utf8")) : [];
}

export function writeNotes(file, notes) {
  const document = parseDocument(YAML.stringify(notes));
  document.commentBefore = " written by notes";
  for (const item of document.contents.items) if (isMap(item)) item.get("tags").flow = true;
  fs.writeFileSync(file, String(document));
  console.log(fs.readFileSync(file, "utf8").trimEnd());
}
