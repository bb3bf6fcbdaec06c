/** @type {import("postcss").PluginCreator} */
module.exports = (options = {}) => {
  const values = new Map();
  const call = new RegExp(`${options.prefix}\\((--[\\w-]+)\\)`, "g");
  return {
    postcssPlugin: "tokens",
    AtRule: {
      "custom-token"(rule, { result }) {
        const [name, value] = rule.params.split(/:\s*/);
        values.set(name, value);
        result.messages.push({ type: "token", plugin: "tokens", name, value });
        rule.remove();
      },
    },
    Declaration(declaration, { result }) {
      declaration.value = declaration.value.replace(call, (all, name) => {
        if (!values.has(name)) declaration.warn(result, `no token ${name}`, { word: name });
        return values.get(name) ?? all;
      });
    },
  };
};
module.exports.postcss = true;
