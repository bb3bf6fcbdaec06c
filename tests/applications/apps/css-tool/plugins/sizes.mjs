import { list, Comment } from "postcss";

export const sizes = {
  postcssPlugin: "sizes",
  OnceExit(root) {
    let selectors = 0;
    root.walkRules((rule) => void (selectors += list.comma(rule.selector).length));
    root.append(new Comment({ text: `${selectors} selectors` }));
  },
};
