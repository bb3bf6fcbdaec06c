import { format as pretty } from "prettier/standalone";

const PLUGINS = {
  css: () => [import("prettier/plugins/postcss")],
  babel: () => [import("prettier/plugins/babel"), import("prettier/plugins/estree")],
  typescript: () => [import("prettier/plugins/typescript"), import("prettier/plugins/estree")],
  markdown: () => [import("prettier/plugins/markdown"), ...PLUGINS.css()],
  yaml: () => [import("prettier/plugins/yaml")],
  html: () => [import("prettier/plugins/html"), ...PLUGINS.css()],
};

export async function format(text, parser) {
  const plugins = await Promise.all(PLUGINS[parser]());
  return pretty(text, { parser, plugins, printWidth: 60 });
}
