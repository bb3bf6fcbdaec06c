export var __commonJS = (body, module) => () => {
  if (!module) {
    module = { exports: {} };
    try {
      body.call(module.exports, module.exports, module);
    } catch (error) {
      module = 0;
      throw error;
    }
  }
  return module.exports;
};
export var __esm = (body, result, error) => () => {
  if (body) {
    var run = body;
    body = 0;
    try {
      result = run();
    } catch (thrown) {
      error = [thrown];
    }
  }
  if (error) throw error[0];
  return result;
};
export var __export = (target, getters) => {
  for (var name in getters) Object.defineProperty(target, name, { get: getters[name], enumerable: true });
};
export var __namespace = (getters) => {
  var target = Object.create(null);
  __export(target, getters);
  Object.defineProperty(target, Symbol.toStringTag, { value: "Module" });
  return target;
};
export var __copyProps = (to, from, except) => {
  if ((from && typeof from === "object") || typeof from === "function")
    for (let key of Object.getOwnPropertyNames(from))
      if (!Object.prototype.hasOwnProperty.call(to, key) && key !== except)
        Object.defineProperty(to, key, {
          get: () => from[key],
          enumerable: Object.prototype.propertyIsEnumerable.call(from, key),
        });
  return to;
};
export var __reExport = (target, from) => __copyProps(target, from, "default");
export var __toESM = (from, isNode, target) => (
  (target = from != null ? Object.create(Object.getPrototypeOf(from)) : {}),
  __copyProps(
    isNode || !from || !from.__esModule
      ? Object.defineProperty(target, "default", { value: from, enumerable: true })
      : target,
    from,
  )
);
export var __toCommonJS = (from) => __copyProps(Object.defineProperty({}, "__esModule", { value: true }), from);
export var __name = (target, value) => Object.defineProperty(target, "name", { value, configurable: true });
export var __missing = (specifier) => {
  var error = new Error("Cannot find module '" + specifier + "'");
  error.code = "MODULE_NOT_FOUND";
  throw error;
};
export var __require = /* @__PURE__ */ ((found) =>
  typeof require !== "undefined"
    ? require
    : typeof Proxy !== "undefined"
      ? new Proxy(found, { get: (_, key) => (typeof require !== "undefined" ? require : found)[key] })
      : found)(function (specifier) {
  if (typeof require !== "undefined") return require.apply(this, arguments);
  throw Error('Dynamic require of "' + specifier + '" is not supported');
});
