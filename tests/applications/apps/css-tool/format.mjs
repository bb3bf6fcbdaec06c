import { format as pretty } from "prettier/standalone";

const PLUGINS = {
  css: () => [import("prettier/plugins/postcss")],
  markdown: () => [import("prettier/plugins/markdown"), ...PLUGINS.css()],
  yaml: () => [import("prettier/plugins/yaml")],
};

export async function format(text, parser) {
  const plugins = await Promise.all(PLUGINS[parser]());
  return pretty(text, { parser, plugins, printWidth: 60 });
}
