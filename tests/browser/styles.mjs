// Random style sheets in headless Chromium: what elements look like with the sources and with the output must be the same.
//   styles.mjs BINARY [COUNT [SEED]]
// A sheet that differs is printed with its seed; the exit code is 1.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { Random } from "../fuzz/compare.mjs";
import { launch } from "./launch.mjs";

// Shorthands beside what they reset, values that not every browser knows, and some that none does.
const DECLARATIONS = {
  animation: ["none", "spin 1s linear infinite", "a 2s, b 3s ease-in 1s"], "animation-composition": ["add", "replace"],
  "animation-name": ["x"], "animation-timeline": ["auto", "none"], "animation-duration": ["2s"],
  background: ["none", "red", "url(i.png) no-repeat 10px 5px / 20px auto, blue", "linear-gradient(red, rgb(0 0 255 / 50%))", "bogus"],
  "background-clip": ["text", "border-box"], "background-color": ["transparent", "oklch(60% 0.2 30)", "#ABCDEF80"],
  "background-position-x": ["3px", "right 4px"], "background-size": ["cover", "1px"], "background-image": ["image-set(url(i.png) 1x, 'j.png' 2x)"],
  border: ["none", "1px solid red", "medium", "thick double"], "border-image": ["none", "url(i.png) 30 round", "linear-gradient(red, blue) 1"],
  "border-color": ["red blue", "currentColor"], "border-radius": ["1px 2px 3px / 4px", "0", "50%"], "border-top": ["2px dashed"], "border-top-width": ["7px"],
  "border-inline": ["3px solid green"], "border-width": ["1px 2px", "thin"], "border-style": ["none", "solid dotted"], "border-block-color": ["teal"],
  color: ["red", "rgb(1 2 3 / 0.5)", "bogus", "light-dark(red, blue)", "rebeccapurple", "hsl(120deg 50% 50%)"],
  columns: ["auto", "2 10em"], "column-rule": ["1px solid red", "none"], "column-gap": ["3px", "normal"], gap: ["1px 2px", "normal"], "row-gap": ["4px"],
  container: ["none", "box / inline-size", "name"], "container-type": ["size", "normal"], content: ["'a\\b' attr(x)", "normal"],
  display: ["block", "flex", "inline-grid", "contents", "none"], filter: ["none", "blur(2px) drop-shadow(1px 1px red)"], "backdrop-filter": ["blur(1px)"],
  flex: ["none", "1", "auto", "0 1 0", "2 2 10%", "initial"], "flex-basis": ["0", "content", "5px"], "flex-grow": ["3"], "flex-flow": ["row", "column wrap"],
  font: ["12px serif", "italic 700 16px/1.5 'A B', sans-serif", "bold large/normal monospace", "condensed oblique 25deg 753 12px A"], "font-variant": ["small-caps", "normal", "oldstyle-nums tabular-nums"],
  "font-feature-settings": ["normal", "'kern' 0"], "font-stretch": ["75%", "condensed"], "font-size-adjust": ["0.5", "none"], "font-weight": ["450", "bolder"], "font-family": ["'serif'", "A, 'B C'"], "line-height": ["1", "2em"],
  grid: ["none", "auto / 1fr 2fr", "'a b' 10px 'c d' / 1fr auto"], "grid-area": ["1 / 2 / 3 / 4", "auto", "x"], "grid-template": ["none", "[a] 1px [b] / repeat(2, 1fr)"],
  "grid-template-columns": ["repeat(auto-fill, minmax(10px, 1fr))", "subgrid", "[x y] 1px"], "grid-row": ["1 / span 2", "2"], "grid-auto-flow": ["dense", "column"],
  height: ["100vh", "100dvh", "calc(10px + 2 * (3px - 1px))", "min(10px, 5%)", "round(up, 7px, 5px)", "bogus(1)"], width: ["fit-content", "-webkit-fill-available", "stretch", "clamp(1px, 5px, 9px)", "0"],
  inset: ["0", "1px auto", "auto"], top: ["3px", "anchor(bottom)"], left: ["calc(1px*2)"], "list-style": ["none", "square inside", "'x'"], "list-style-type": ["decimal", "'- '"],
  margin: ["0", "1px 2px 3px", "auto", "-1px"], "margin-inline": ["5px"], "margin-left": ["9px", "auto"], "margin-block-start": ["6px"], padding: ["1px 2px", "0"], "padding-inline-end": ["3px"], "padding-top": ["8px"],
  mask: ["none", "url(i.png) center / contain no-repeat"], "mask-mode": ["alpha"], "mask-border-source": ["none"], "mask-composite": ["exclude"],
  offset: ["none", "path('M 0 0 L 10 10') 5px auto"], opacity: ["50%", ".5", "0"], order: ["1"], outline: ["none", "2px dotted red", "auto"], "outline-offset": ["1px"],
  overflow: ["hidden", "clip visible", "auto"], "overflow-x": ["scroll", "clip"], "overscroll-behavior": ["contain none"], "place-content": ["center", "start end"], "align-content": ["space-between"], "place-items": ["center stretch"], "justify-items": ["legacy right"], "place-self": ["auto"],
  position: ["sticky", "relative", "absolute"], rotate: ["45deg", "none"], scale: ["2", "1 2"], translate: ["1px 2px", "none"], "scroll-margin": ["1px"], "scroll-timeline": ["--a block", "none"], "scroll-snap-type": ["x mandatory"],
  "text-decoration": ["none", "underline red wavy 2px", "line-through"], "text-decoration-thickness": ["from-font", "3px"], "text-decoration-skip-ink": ["none"], "text-emphasis": ["none", "circle red"], "text-emphasis-position": ["under right"], "text-shadow": ["none", "1px 1px 2px red, 0 0 blue"], "text-align": ["start", "match-parent"], "text-wrap": ["balance", "nowrap"], "white-space": ["pre-wrap", "nowrap"], "white-space-collapse": ["preserve"],
  transform: ["none", "rotate(90deg) translate(1px)", "matrix(1, 0, 0, 1, 0, 0)", "translate3d(0, 0, 0) scale(1)"], "transform-origin": ["left top", "0 0 1px"], transition: ["none", "all 1s", "color 1s ease 2s, top .5s steps(2, end)", "display 1s allow-discrete"], "transition-behavior": ["allow-discrete", "normal"], "transition-delay": ["3s"],
  "vertical-align": ["middle", "2px"], visibility: ["hidden"], "will-change": ["auto", "transform"], "z-index": ["3", "auto"], all: ["unset", "revert-layer"], "accent-color": ["red"], "aspect-ratio": ["16 / 9", "auto"], appearance: ["none"], "-webkit-appearance": ["none", "button"], "-webkit-line-clamp": ["2"], "user-select": ["none"], "-webkit-user-select": ["none"], "box-shadow": ["none", "inset 0 0 1px red, 1px 1px #0000"], "clip-path": ["none", "inset(1px round 2px)", "polygon(0 0, 100% 0, 50% 50%)", "circle(5px at 1px 2px)"], "object-position": ["right 1px bottom"], "unicode-bidi": ["isolate"], "writing-mode": ["vertical-rl"], direction: ["rtl"], cursor: ["url(i.png) 1 2, pointer", "grab"], quotes: ["'«' '»'", "none"], "counter-reset": ["a 1 b", "none"], "font-palette": ["dark"], "tab-size": ["3"], hyphens: ["auto"], "color-scheme": ["light dark", "only light"], "interpolate-size": ["allow-keywords"], "view-transition-name": ["x", "none"], "timeline-scope": ["--x"],
  "--a": ["1px", " red ", "{ x: y }", "url(i.png)", "", "calc( 1px + var(--b, 2px) )"], "--b": ["3px", "initial"],
  "margin-top": ["var(--a)", "var(--a, 4px)", "calc(var(--b) * 2)"],
};
const NAMES = Object.keys(DECLARATIONS);
const WIDE = ["initial", "inherit", "unset", "revert"];
const CONDITIONS = [
  ["@media", "screen"], ["@media", "(width >= 1px) and (not (hover: bogus))"], ["@media", "print"], ["@media", "not all"],
  ["@supports", "(display: grid)"], ["@supports", "not (display: bogus)"], ["@supports", "(color: bogus) or (selector(:has(a)))"],
  ["@layer", "one"], ["@layer", "two.inner"], ["@layer", ""], ["@container", "(width > 1px)"], ["@scope", "(.c0) to (.c3)"],
];
const SELECTORS = [".c0", ".c1", ".c2.c3", "#e1", ":is(.c0, .c3)", ":where(.c1) > .c2", ".c0 .c1", "div:not(.c2)", "[data-x='a b' i]", ".c3:nth-child(2n + 1)", "*", "body .c1 ~ div", ".c\\31", ".\\32 x", "div:has(> .c1)", ".c2, .c0", ":nth-child(odd of .c1)"];

class Sheets extends Random {
  declaration() {
    const name = this.pick(NAMES);
    const value = this.chance(0.06) ? this.pick(WIDE) : this.pick(DECLARATIONS[name]);
    return `${name}: ${value}${this.chance(0.08) ? " !important" : ""};`;
  }
  declarations(most = 6) {
    // Properties of one kind beside each other: that is where the order matters.
    const list = Array.from({ length: 1 + this.below(most) }, () => this.declaration());
    const family = this.pick(NAMES).split("-")[0];
    const related = NAMES.filter((name) => name.split("-")[0] === family);
    if (this.chance(0.7)) for (let i = 0; i < 3; i++) { const name = this.pick(related); list.push(`${name}: ${this.pick(DECLARATIONS[name])};`); }
    return list.join(" ");
  }
  rule(depth) {
    const nested = depth > 0 && this.chance(0.2) ? ` ${this.pick(["&.c1", "& > .c2", ".c3 &", "> .c1", "@media screen", "@supports (top: 1px)"])} { ${this.declarations(3)} }${this.chance(0.5) ? ` ${this.declaration()}` : ""}` : "";
    return `${this.pick(SELECTORS)} { ${this.declarations()}${nested} }`;
  }
  block(depth) {
    if (depth > 0 && this.chance(0.35)) {
      const [word, text] = this.pick(CONDITIONS);
      return `${word} ${text} { ${Array.from({ length: 1 + this.below(2) }, () => this.block(depth - 1)).join("\n")} }`;
    }
    return this.rule(depth);
  }
  sheet(imports) {
    const head = this.chance(0.3) ? "@layer two, one;\n" : "";
    const condition = () => this.pick(["", "", "", " layer(one)", " layer", " screen", " supports(display: grid)", " layer(two) supports(not (top: bogus)) screen"]);
    const body = Array.from({ length: 1 + this.below(5) }, () => this.block(2));
    return `${head}${imports.map((file) => `@import ${this.pick([`"${file}"`, `url(${file})`, `url("./${file}")`])}${condition()};${this.pick(["", "\n"])}`).join("")}${body.join("\n")}\n`;
  }
  files() {
    const files = { "main.css": this.sheet(["a.css", ...(this.chance(0.5) ? ["b.css"] : []), ...(this.chance(0.2) ? ["a.css"] : [])]) };
    files["a.css"] = this.sheet(this.chance(0.4) ? ["b.css"] : []);
    files["b.css"] = this.sheet([]);
    return files;
  }
}

const BODY = `<div id="e0" class="c0"><div id="e1" class="c1" data-x="A b">a<div class="c2 c3">b</div></div><div class="c1 c31">c</div><div class="c3">d<span class="c0 2x">e</span></div></div>`;
const page = (href) => `<!doctype html><html><head><link rel="stylesheet" href="${href}"></head><body>${BODY}</body></html>`;

const [binary, count = "100", firstSeed = "1"] = process.argv.slice(2);
const root = mkdtempSync(join(tmpdir(), "styles-"));
const TYPES = { ".css": "text/css", ".html": "text/html" };
const server = createServer((request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
  try {
    const body = readFileSync(join(root, path));
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    response.end(body);
  } catch {
    response.writeHead(404);
    response.end();
  }
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const address = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
let [same, different] = [0, 0];
try {
  const tab = await browser.newPage();
  const looks = async (path) => {
    await tab.goto(`${address}/${path}`, { waitUntil: "load" });
    return tab.evaluate(() => {
      // When a transition began is no matter.
      for (const animation of document.getAnimations()) animation.cancel();
      // Where files are is no matter; whether there is one, is.
      const shown = (text) => text.replace(/url\("?[^")]*?(\w)(-\w+)?\.png"?\)/g, "url($1)").replace(/\s*([(){}:,])\s*/g, "$1").replace(/\b0%/g, "0px");
      const of = (element) => {
        const style = getComputedStyle(element);
        return [...style, "--a", "--b"].map((name) => `${name}: ${shown(style.getPropertyValue(name).trim().replace(/\s+/g, " "))}`);
      };
      return [...document.querySelectorAll("body *")].flatMap((element) => of(element).map((line) => `${element.className} ${line}`));
    });
  };
  for (let index = 0; index < Number(count); index++) {
    const seed = Number(firstSeed) * 1_000_003 + index;
    const files = new Sheets(seed).files();
    const folder = join(root, String(seed));
    mkdirSync(folder);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    for (const image of ["i.png", "j.png"]) writeFileSync(join(folder, image), image);
    writeFileSync(join(folder, "main.html"), page("main.css"));
    const expected = await looks(`${seed}/main.html`);
    for (const flags of [[], ["--minify"]]) {
      const out = `out${flags}`;
      const options = ["--outdir", out, "--loader", ".png=file"];
      const built = spawnSync(binary, ["build", "main.css", ...options, ...flags], { cwd: folder, encoding: "utf8" });
      if (built.status !== 0) throw new Error(`seed ${seed}\n${JSON.stringify(files)}\n${built.stderr}`);
      writeFileSync(join(folder, out, "main.html"), page("main.css"));
      const got = await looks(`${seed}/${out}/main.html`);
      const wrong = expected.map((line, at) => [line, got[at]]).filter(([line, other]) => line !== other);
      if (wrong.length === 0) {
        same++;
        continue;
      }
      different++;
      const sources = Object.entries(files).map(([file, text]) => `/* ${file} */\n${text}`).join("");
      const lines = wrong.slice(0, 6).map(([line, other]) => `${line} | ${other}`).join("\n");
      console.log(`seed ${seed} ${flags}:\n${sources}--- became\n${readFileSync(join(folder, out, "main.css"), "utf8")}\n--- differs (source | output)\n${lines}\n`);
    }
  }
} finally {
  await browser.close();
  server.close();
  rmSync(root, { recursive: true });
}
console.log(`${same} outputs look the same, ${different} do not`);
process.exitCode = different ? 1 : 0;
