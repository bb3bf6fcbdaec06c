export var __commonJS = (body, real, module) => () => {
  if (!module) {
    module = real || { exports: {} };
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
    isNode || !from || !from.__esModule || !("default" in from)
      ? Object.defineProperty(target, "default", { value: from, enumerable: true })
      : target,
    from,
  )
);
export var __toCommonJS = (from) =>
  "module.exports" in from
    ? from["module.exports"]
    : __copyProps(Object.defineProperty({}, "__esModule", { value: true }), from);
// What `require` gives of an ECMAScript module: one object, however often it is asked for.
export var __required = /* @__PURE__ */ ((known) => (from) => {
  if ("module.exports" in from) return from["module.exports"];
  if (!known.has(from)) known.set(from, Object.defineProperty(__toCommonJS(from), Symbol.toStringTag, { value: "Module" }));
  return known.get(from);
})(/* @__PURE__ */ new WeakMap());
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
// What `require.main` is in the module that an output starts with: the module, if the output is what was started.
export var __mainModule = (module, require, url) => {
  try {
    if (require.resolve(process.argv[1]) === require("node:url").fileURLToPath(url)) return module;
  } catch (error) {}
};
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
export var __toKey = (key) => Reflect.ownKeys({ [key]: 0 })[0];
export var __setName = (target, value) =>
  Object.prototype.hasOwnProperty.call(target, "name") && typeof target.name !== "string"
    ? target
    : Object.defineProperty(target, "name", { value, configurable: true });
export var __defineField = (object, key, value) =>
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
export var __addPrivate = (object, member, value) => {
  if (member.has(object)) throw TypeError("Cannot add the same private member more than once");
  if (member instanceof WeakSet) member.add(object);
  else member.set(object, value);
};
export var __readPrivate = (object, member, getter) => {
  if (!member.has(object)) throw TypeError("Cannot read from private field");
  return getter ? getter.call(object) : member.get(object);
};
export var __writePrivate = (object, member, value, setter) => {
  if (!member.has(object)) throw TypeError("Cannot write to private field");
  if (setter) setter.call(object, value);
  else member.set(object, value);
  return value;
};
export var __privateMethod = (object, member, method) => {
  if (!member.has(object)) throw TypeError("Cannot access private method");
  return method;
};
export var __privateBind = (object, member, getter, isMethod) =>
  (isMethod ? __privateMethod : __readPrivate)(object, member, getter).bind(object);
export var __privateRef = (object, member, setter, getter) => ({
  get _() {
    return __readPrivate(object, member, getter);
  },
  set _(value) {
    __writePrivate(object, member, value, setter);
  },
});
export var __hasPrivate = (object, member) => {
  if (Object(object) !== object) throw TypeError('Cannot use the "in" operator on this value');
  return member.has(object);
};
export var __superRef = (home, key, self) => ({
  get _() {
    return Reflect.get(Object.getPrototypeOf(home), key, self);
  },
  set _(value) {
    Reflect.set(Object.getPrototypeOf(home), key, value, self);
  },
});
// Decorators as of November 2023. Elements are [kind, isStatic, name, decorators, access, value]; those with an access
// of their own are private. What initialises fields is left in `record`.
export var __applyDecorators = (record, target, base, elements, decorators, className) => {
  var symbol = Symbol.metadata || Symbol.for("Symbol.metadata");
  var metadata = Object.create((base && base[symbol]) || null);
  var methodExtra = [[], []];
  var expectFunction = (value) => {
    if (typeof value !== "function") throw TypeError("Function expected");
    return value;
  };
  var run = (list, self) => list.forEach((initializer) => initializer.call(self));
  var decorate = (list, value, context, extra, accept) => {
    for (let index = list.length; index--; ) {
      let isDone = false;
      context.metadata = metadata;
      context.addInitializer = (initializer) => {
        if (isDone) throw TypeError("Already initialized");
        extra.push(expectFunction(initializer));
      };
      let result = list[index][1]
        ? expectFunction(list[index][0]).call(list[index][1], value(), Object.assign({}, context))
        : (0, expectFunction(list[index][0]))(value(), Object.assign({}, context));
      isDone = true;
      if (result !== undefined) accept(result);
    }
  };
  var element = ([kind, isStatic, name, list, access, current]) => {
    var home = isStatic ? target : target.prototype;
    var isField = kind === "field";
    var isAccessor = kind === "accessor";
    var initializers = [];
    var extra = isField || isAccessor ? [] : methodExtra[+isStatic];
    var slot = kind === "getter" ? "get" : kind === "setter" ? "set" : "value";
    var descriptor = !isField && !access && Object.getOwnPropertyDescriptor(home, name);
    if (descriptor) current = isAccessor ? { get: descriptor.get, set: descriptor.set } : descriptor[slot];
    var context = { kind, name, static: isStatic, private: !!access };
    if (!access) {
      access = { has: (object) => name in object };
      if (kind !== "setter") access.get = (object) => object[name];
      if (isField || isAccessor || kind === "setter")
        access.set = (object, value) => {
          object[name] = value;
        };
    }
    context.access = access;
    decorate(
      list,
      () => (isField ? undefined : isAccessor ? { get: current.get, set: current.set } : current),
      context,
      extra,
      (result) => {
        if (isField) initializers.unshift(expectFunction(result));
        else if (isAccessor) {
          if (Object(result) !== result) throw TypeError("Object expected");
          var { get, set, init } = result;
          if (get !== undefined) current.get = expectFunction(get);
          if (set !== undefined) current.set = expectFunction(set);
          if (init !== undefined) initializers.unshift(expectFunction(init));
        } else current = expectFunction(result);
      },
    );
    if (descriptor) {
      if (isAccessor) Object.assign(descriptor, current);
      else descriptor[slot] = current;
      Object.defineProperty(home, name, descriptor);
    }
    return {
      value: current,
      init: (self, value) => initializers.reduce((value, initializer) => initializer.call(self, value), value),
      extra: (self) => run(extra, self),
    };
  };
  record.elements = [];
  record.methods = (self, isStatic) => run(methodExtra[+isStatic], self);
  for (let group = 0; group < 4; group++)
    elements.forEach((entry, index) => {
      if ((entry[0] === "field") * 2 + !entry[1] === group) {
        record.elements[index] = element(entry);
        if (entry[6]) entry[6](record.elements[index].value);
      }
    });
  var classExtra = [];
  record.done = () => run(classExtra, target);
  decorate(decorators, () => target, { kind: "class", name: className }, classExtra, (result) => {
    target = expectFunction(result);
  });
  Object.defineProperty(target, symbol, { value: metadata, enumerable: true, configurable: true, writable: true });
  return target;
};
// Asynchronous functions: `body` is a generator that yields what is waited for.
export var __async = (self, args, body) =>
  new Promise((resolve, reject) => {
    var iterator = body.apply(self, args);
    var step = (verb, value) => {
      try {
        var result = iterator[verb](value);
        result.done ? resolve(result.value) : Promise.resolve(result.value).then(next, fail);
      } catch (error) {
        reject(error);
      }
    };
    var next = (value) => step("next", value);
    var fail = (error) => step("throw", error);
    next();
  });
// What an asynchronous generator yields to wait for it; with `isEnd`, to be left with it.
export var __Pause = function (value, isEnd) {
  this.value = value;
  this.isEnd = isEnd;
};
export var __pause = (value, isEnd) => new __Pause(value, isEnd);
export var __asyncGenerator = (self, args, body) => {
  var iterator = body.apply(self, args);
  var queue = [];
  var settle = (isError, value) => {
    queue.shift()[isError](value);
    if (queue.length) start();
  };
  var wait = (value, verb) =>
    Promise.resolve(value).then(
      (value) => resume(verb, value),
      (error) => resume("throw", error),
    );
  var resume = (verb, value) => {
    try {
      var result = iterator[verb](value);
      value = result.value;
      if (value instanceof __Pause && !value.isEnd) return wait(value.value, "next");
    } catch (error) {
      return settle(1, error);
    }
    if (value instanceof __Pause) resume("return", value.value);
    else settle(0, { value, done: result.done });
  };
  var start = () => {
    var [, , verb, value] = queue[0];
    verb === "return" ? wait(value, verb) : resume(verb, value);
  };
  var request = (verb) => (value) =>
    new Promise((resolve, reject) => {
      if (queue.push([resolve, reject, verb, value]) === 1) start();
    });
  return {
    next: request("next"),
    throw: request("throw"),
    return: request("return"),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};
export var __object = (value) => {
  if (Object(value) !== value) throw TypeError(`Iterator result ${String(value)} is not an object`);
  return value;
};
// `yield*` in an asynchronous generator (ECMA-262, 15.5.5).
export var __yieldStar = (of) => {
  var method = of[Symbol.asyncIterator];
  var isAsync = method != null;
  var iterator = __object((isAsync ? method : of[Symbol.iterator]).call(of));
  var next = iterator.next;
  var waiting, isLeft;
  var given = (value, done) => ({ value, done });
  var finish = (verb, done, value) =>
    done && verb === "return" ? ((isLeft = true), given(__pause(value, true), false)) : given(value, done);
  var take = (verb, result) => {
    if (isAsync) {
      waiting = (result) => finish(verb, !!__object(result).done, result.value);
      return given(__pause(result), false);
    }
    var done = !!__object(result).done;
    waiting = (value) => finish(verb, done, value);
    return given(__pause(result.value), false);
  };
  return {
    [Symbol.iterator]() {
      return this;
    },
    next(value) {
      if (!waiting) return take("next", next.call(iterator, value));
      var proceed = waiting;
      waiting = 0;
      return proceed(value);
    },
    throw(error) {
      if (waiting) {
        waiting = 0;
        throw error;
      }
      var method = iterator.throw;
      if (method != null) return take("throw", method.call(iterator, error));
      if (!isAsync) throw error;
      waiting = () => {
        throw TypeError("The iterator does not provide a 'throw' method");
      };
      method = iterator.return;
      return given(__pause(method == null ? method : method.call(iterator)), false);
    },
    return(value) {
      var method = isLeft ? null : iterator.return;
      return method == null ? given(value, true) : take("return", method.call(iterator, value));
    },
  };
};
export var __asyncIterator = (of) => {
  var method = of[Symbol.asyncIterator];
  var isAsync = method != null;
  var iterator = __object((isAsync ? method : of[Symbol.iterator]).call(of));
  var next = iterator.next;
  var step = (result) =>
    isAsync
      ? result
      : Promise.resolve(__object(result).value).then((value) => ({ value, done: result.done }));
  return {
    next: () => step(next.call(iterator)),
    close() {
      var method = iterator.return;
      return method == null ? {} : step(method.call(iterator));
    },
  };
};
// Through `arguments`, so that no compressor moves what `read` and `write` do in here: `super` would be another.
export var __accessor = function () {
  var [read, write] = arguments;
  return {
    get _() {
      return read();
    },
    set _(value) {
      write(value);
    },
  };
};
