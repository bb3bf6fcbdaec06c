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
export var __namespace = (getters, isOpen) => {
  var target = Object.create(null);
  __export(target, getters);
  Object.defineProperty(target, Symbol.toStringTag, { value: "Module" });
  return isOpen ? target : Object.preventExtensions(target);
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
export var __reExport = (target, from, exports) => {
  __copyProps(target, from, "default");
  if (exports) __copyProps(exports, from, "default");
};
export var __toESM = (from, isNode, target) => (
  (target = from != null ? Object.create(Object.getPrototypeOf(from)) : {}),
  __copyProps(
    isNode || !from || !from.__esModule
      ? Object.defineProperty(target, "default", { value: from, enumerable: true })
      : target,
    from,
  )
);
export var __toCommonJS = (from) =>
  "module.exports" in from
    ? from["module.exports"]
    : __copyProps(Object.defineProperty({}, "__esModule", { value: true }), from);
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
// Evaluation of ECMAScript modules with top-level await (ECMA-262, section 16.2.1.5.3). `state` is 0 before, 1 while
// the walk is in the module or its circle, 2 while it waits, 3 when it is done.
export var __module = (imports, run, isAsync) => ({ imports, run, isAsync, state: 0, order: 0, pending: 0, parents: [] });
export var __evaluate = /* @__PURE__ */ (() => {
  var lastOrder = 0;
  var enter = (module, stack, index) => {
    if (module.state > 1 && module.error) throw module.error[0];
    if (module.state) return index;
    module.state = 1;
    module.index = module.lowest = index++;
    stack.push(module);
    for (var other of module.imports()) {
      index = enter(other, stack, index);
      if (other.state === 1) module.lowest = Math.min(module.lowest, other.lowest);
      else {
        other = other.root || other;
        if (other.error) throw other.error[0];
      }
      if (other.order) {
        module.pending++;
        other.parents.push(module);
      }
    }
    if (module.pending || module.isAsync) {
      module.order = ++lastOrder;
      if (!module.pending) start(module);
    } else module.run();
    if (module.lowest === module.index) {
      do {
        other = stack.pop();
        other.state = other.order ? 2 : 3;
        other.root = module;
      } while (other !== module);
    }
    return index;
  };
  var start = (module) => {
    module.run().then(
      () => finish(module),
      (error) => fail(module, error),
    );
  };
  var gather = (module, ready) => {
    for (var parent of module.parents)
      if (!ready.includes(parent) && !(parent.root || parent).error && !--parent.pending) {
        ready.push(parent);
        if (!parent.isAsync) gather(parent, ready);
      }
    return ready;
  };
  var finish = (module) => {
    if (module.state === 3) return;
    module.state = 3;
    module.order = 0;
    if (module.resolve) module.resolve();
    for (var parent of gather(module, []).sort((a, b) => a.order - b.order)) {
      if (parent.state === 3) continue;
      if (parent.isAsync) start(parent);
      else {
        try {
          parent.run();
        } catch (error) {
          fail(parent, error);
          continue;
        }
        parent.state = 3;
        parent.order = 0;
        if (parent.resolve) parent.resolve();
      }
    }
  };
  var fail = (module, error) => {
    if (module.state === 3) return;
    module.error = [error];
    module.state = 3;
    module.order = 0;
    module.parents.forEach((parent) => fail(parent, error));
    if (module.reject) module.reject(error);
  };
  return (module, isRequired) => {
    if (module.state > 1) module = module.root || module;
    if (!module.promise) {
      module.promise = new Promise((resolve, reject) => {
        module.resolve = resolve;
        module.reject = reject;
      });
      var stack = [];
      if (module.state > 2) {
        if (module.error) module.reject(module.error[0]);
        else module.resolve();
      } else
        try {
          enter(module, stack, 0);
          if (!module.order) module.resolve();
        } catch (error) {
          for (var other of stack) {
            other.state = 3;
            other.error = [error];
          }
          module.reject(error);
        }
    }
    if (isRequired && module.error) {
      module.promise.catch(() => {});
      throw module.error[0];
    }
    return module.promise;
  };
})();
