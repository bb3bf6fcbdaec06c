import postcss from "postcss";
import autoprefixer from "autoprefixer";
import nested from "postcss-nested";
import { format } from "./format.mjs";
import tokens from "./plugins/tokens.cjs";
import { sizes } from "./plugins/sizes.mjs";

const SOURCE = `
@custom-token --brand: teal;
.card { color: token(--brand); user-select: none;
  &:hover { backdrop-filter: blur(2px) }
  @media (min-width: 30em) { display:grid; grid-template-columns:[full-start] minmax(1rem,1fr) [main-start] minmax(0,40rem) [main-end] }
  .title::placeholder { width: stretch }
}
:fullscreen .card{color:token(--missing)}
`;
const processor = postcss([tokens({ prefix: "token" }), nested(), autoprefixer({ overrideBrowserslist: ["safari 9", "ie 11", "firefox 60"], grid: "autoplace" }), sizes]);
const result = await processor.process(SOURCE, { from: "card.css", to: "out.css", map: { inline: false, annotation: false } });
console.log(result.css);
console.log(await format(result.css, "css"));
for (const { type, plugin, text, name, value } of result.messages) console.log(type, plugin, text ?? `${name}=${value}`);
for (const warning of result.warnings()) console.log(String(warning));
const map = result.map.toJSON();
console.log(map.sources, map.mappings.length > 50, map.version);

try {
  postcss.parse("a { color: red", { from: "broken.css" });
} catch (error) {
  console.log(error.name, error.message, error.reason, error.line);
  console.log(error.showSourceCode(false));
}
console.log(await format("# Title\n* a\n* b\n\n```css\na{b:c}\n```", "markdown"));
console.log(await format("a: {b: 1,   c: [1,2]}", "yaml"));
await format("a: [", "yaml").catch((error) => console.log(error.name, error.message));
