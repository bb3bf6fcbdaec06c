// The treemap of a report: outputs, packages, modules. Everything that comes from the report is set as text, never as
// markup.
import { squarify, type Box } from "./layout";

interface Module {
  path: string;
  output: string;
  pkg: string;
  bytes: number;
  before: number;
}

interface Data {
  title: string;
  hasBase: boolean;
  modules: Module[];
}

interface Node {
  name: string;
  bytes: number;
  before: number;
  children: Node[];
  parent: Node | null;
}

const data: Data = JSON.parse(document.getElementById("data")!.textContent!);
const map = document.getElementById("map")!;
const trail = document.getElementById("trail")!;
const search = document.getElementById("search") as HTMLInputElement;
const count = document.getElementById("count")!;
const byChange = document.getElementById("change") as HTMLInputElement;

function node(name: string, parent: Node | null): Node {
  return { name, bytes: 0, before: 0, children: [], parent };
}

function child(parent: Node, name: string): Node {
  let found = parent.children.find((other) => other.name === name);
  if (!found) parent.children.push((found = node(name, parent)));
  return found;
}

const root = node(data.title, null);
for (const module of data.modules) {
  const path = [module.output, module.pkg || "own code", module.path];
  let at = root;
  for (const name of path) at = child(at, name);
  for (let up: Node | null = at; up; up = up.parent) {
    up.bytes += module.bytes;
    up.before += module.before;
  }
}
(function sort(at: Node): void {
  at.children.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  at.children.forEach(sort);
})(root);

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 999_500 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

function difference(at: Node): string {
  if (!data.hasBase || at.bytes === at.before) return "";
  return ` (${at.bytes > at.before ? "+" : "-"}${size(Math.abs(at.bytes - at.before))})`;
}

let current = root;

function matches(at: Node, text: string): boolean {
  return at.name.toLowerCase().includes(text) || at.children.some((other) => matches(other, text));
}

function leaves(at: Node, text: string): number {
  if (at.children.length === 0) return at.name.toLowerCase().includes(text) ? 1 : 0;
  return at.children.reduce((sum, other) => sum + leaves(other, text), 0);
}

function zoom(to: Node): void {
  current = to;
  draw();
  (map.firstElementChild as HTMLElement | null)?.focus();
}

function hue(at: Node): string {
  if (byChange.checked && data.hasBase) {
    const change = at.bytes - at.before;
    return change > 0 ? "grown" : change < 0 ? "shrunk" : "same";
  }
  let sum = 0;
  for (const letter of at.name) sum = (sum * 31 + letter.codePointAt(0)!) % 8;
  return `hue${sum}`;
}

function place(parent: HTMLElement, at: Node, box: Box, depth: number): void {
  const element = document.createElement("div");
  const isLeaf = at.children.length === 0;
  element.className = `box ${isLeaf ? "leaf" : "group"} ${hue(at)}`;
  element.style.cssText = `left:${box.x}px;top:${box.y}px;width:${box.width}px;height:${box.height}px`;
  const label = `${at.name}: ${size(at.bytes)}${difference(at)}`;
  element.title = label;
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", label);
  element.tabIndex = 0;
  const text = search.value.toLowerCase();
  if (text) element.classList.add(matches(at, text) ? "hit" : "miss");
  const act = (event: Event): void => {
    event.stopPropagation();
    zoom(isLeaf ? at.parent! : at);
  };
  element.addEventListener("click", act);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      act(event);
    }
  });
  if (box.width > 30 && box.height > 14) {
    const caption = document.createElement("span");
    const short = at.name.split("node_modules/").pop()!;
    caption.textContent = `${short} ${size(at.bytes)}${difference(at)}`;
    element.append(caption);
  }
  parent.append(element);
  if (!isLeaf && depth < 3 && box.width > 24 && box.height > 28) {
    fill(element, at, { x: 2, y: 16, width: box.width - 6, height: box.height - 20 }, depth + 1);
  }
}

function fill(parent: HTMLElement, at: Node, box: Box, depth: number): void {
  const shown = at.children.filter((other) => other.bytes > 0);
  const boxes = squarify(shown.map((other) => other.bytes), box);
  shown.forEach((other, index) => {
    const at = boxes[index]!;
    // What is smaller than a point is not seen, and thousands of such elements would be slow.
    if (at.width >= 1 && at.height >= 1) place(parent, other, at, depth);
  });
}

function draw(): void {
  map.replaceChildren();
  trail.replaceChildren();
  const path: Node[] = [];
  for (let at: Node | null = current; at; at = at.parent) path.unshift(at);
  for (const at of path) {
    const button = document.createElement("button");
    button.textContent = `${at.name} ${size(at.bytes)}${difference(at)}`;
    button.disabled = at === current;
    button.addEventListener("click", () => zoom(at));
    trail.append(button);
  }
  const text = search.value.toLowerCase();
  count.textContent = text ? `${leaves(root, text)} modules found` : "";
  const { width, height } = map.getBoundingClientRect();
  // One child alone would only be a frame.
  fill(map, current, { x: 0, y: 0, width, height }, 0);
}

search.addEventListener("input", draw);
byChange.addEventListener("change", draw);
byChange.parentElement!.hidden = !data.hasBase;
addEventListener("resize", draw);
addEventListener("keydown", (event) => {
  const isTyping = event.target === search;
  if (event.key === "Escape" && current.parent) zoom(current.parent);
  else if (event.key === "/" && !isTyping) {
    event.preventDefault();
    search.focus();
  }
});
draw();
