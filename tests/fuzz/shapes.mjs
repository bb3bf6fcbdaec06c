// Random programs out of the shapes that tools get wrong: classes, `new.target`, generators, labels, `switch` with
// declarations, tagged templates, accessors, spread, destructuring with defaults, closures in loops, sloppy functions in
// blocks, and errors and coercions that programs ask for.
//   node tests/fuzz/shapes.mjs BINARY [COUNT [SEED [FLAG…]]]
import { Random, compare } from "./compare.mjs";

const PLAIN = ["0", "1", "-1", "2", '"a"', '""', "null", "undefined", "true", "false", "3n", "[1, 2]", "({ x: 1 })"];

class Shapes extends Random {
  constructor(seed, isSloppy) {
    super(seed);
    this.isSloppy = isSloppy;
    // Names in scope: values, functions, classes, generators.
    this.scope = [];
  }

  of(kind) {
    const found = this.scope.filter((one) => one.kind === kind);
    return found.length ? this.pick(found).name : undefined;
  }

  // What is declared in here is not known outside.
  inside(make) {
    const outer = [...this.scope];
    const text = make();
    this.scope = outer;
    return text;
  }

  declare(kind, name = this.name(kind[0])) {
    this.scope.push({ kind, name });
    return name;
  }

  value(depth = 2) {
    const name = this.of("value");
    if (depth <= 0) return name && this.chance(0.6) ? name : this.pick(PLAIN);
    const next = () => this.value(depth - 1);
    const [called, made, generated] = [this.of("function"), this.of("class"), this.of("generator")];
    switch (this.below(24)) {
      case 0: return `(${next()} ${this.pick(["===", "!==", "&&", "||", "??", ","])} ${next()})`;
      case 1: return `(${next()} ? ${next()} : ${next()})`;
      case 2: return `say(${next()})`;
      case 3: return called ? `${called}(${next()}, ${next()})` : next();
      case 4: return called ? `new ${called}(${next()})?.own` : next();
      case 5: return made ? `new ${made}(${next()}).${this.pick(["own", "it", "method(1)", "missing", "constructor.made"])}` : next();
      case 6: return made ? `${made}.${this.pick(["made", "make?.(2)", "name.length > 99", "prototype.constructor === " + made])}` : next();
      case 7: return generated ? `[...${generated}(${next()})]` : next();
      case 8: return generated ? `${generated}(${next()}).next().value` : next();
      case 9: return `[...[${next()}, ${next()}], ${next()}].length`;
      case 10: return `({ a: ${next()}, get b() { say("get"); return ${next()}; }, ...{ c: ${next()} } }).${this.pick(["a", "b", "c", "d"])}`;
      case 11: return `({ [\`k\${${this.pick(["1", '"x"'])}}\`]: ${next()}, __proto__() { return ${next()}; } }).${this.pick(["k1", "kx", "__proto__()"])}`;
      case 12: return called ? `${called}\`a\${${next()}}b\`` : next();
      case 13: return `(([a = ${next()}, ...rest] = [${next()}]) => [a, rest.length])(${this.pick(["", "[]", "[1, 2]", "[undefined]"])})`;
      case 14: return `(({ a: { b = ${next()} } = {}, ...rest }) => [b, Object.keys(rest).length])(${this.pick(["{}", "{ a: {} }", "{ a: { b: 1 }, c: 2 }"])})`;
      case 15: return `(function () { return ${this.pick(["arguments.length", "arguments[0]", "new.target", "typeof this"])}; })(${next()})`;
      case 16: return `(() => { try { return ${next()}; } finally { say("finally"); ${this.chance(0.2) ? `return ${next()};` : ""} } })()`;
      case 17: return `(${next()})?.${this.pick(["x", "length", "[0]", "missing?.()", "toString?.name.length"])}`;
      case 18: return `typeof ${this.pick([next(), "undeclared", called ?? "say", made ?? "attempt"])}`;
      case 19: return `(${this.pick(["+", "-", "~", "!", "void "])}${this.pick(["1", '"2"', "true", "null"])})`;
      case 20: return `attempt(() => ${this.failing(depth - 1)})`;
      case 21: return `(delete ({ x: ${next()} }).x)`;
      case 22: return `${this.pick(['"x"', "0"])} in ${this.pick(["{ x: 1 }", "[1]"])}`;
      default: return next();
    }
  }

  // What throws or calls the user's code, in an expression whose value may be asked for or not.
  failing(depth) {
    const next = () => this.value(depth - 1);
    const coerced = `meter("m${this.below(9)}")`;
    return this.pick([
      () => `null.x`, () => `undefined[${next()}]`, () => `undeclared`, () => `(void 0)()`, () => `1n + 1`, () => `[...0]`, () => `Symbol() + ""`,
      () => `"a" in ${next()}`, () => `${next()} instanceof ${this.pick(["Object", "({})", "5"])}`, () => `new (() => {})()`, () => `BigInt("x")`,
      () => `(class extends ${this.pick(["Object", "null", "5", "(() => {})", coerced])} {}).name.length`, () => `${coerced} ${this.pick(["<", "+", "-", "==", ">="])} 1`,
      () => `\`t\${${coerced}}\``, () => `({ [${coerced}]: 1 })[1]`, () => `+${coerced}`, () => `Math.max(${coerced}, 1)`, () => `"ab".at(${coerced})`,
      () => `String(${coerced})`, () => `decodeURIComponent("%")`, () => `new Array(-1)`, () => `(({ a }) => a)(null)`, () => `(([a]) => a)(1)`,
    ])();
  }

  // The same as a statement that takes no value.
  unused(depth) {
    const text = this.failing(depth);
    return this.pick([
      () => `${text.startsWith("{") || text.startsWith("function") ? `(${text})` : `(${text})`};`, () => `void (${text});`, () => `const ${this.name("u")} = ${text};`,
      () => `if (${text}) {}`, () => `${this.value(0)} && (${text});`, () => `(${text}), 1;`, () => `let ${this.name("u")}; ${`u${this.names - 1}`} = ${text};`,
      () => `(() => ${text})();`, () => `[${text}];`, () => `class ${this.name("C")} { static s = ${text}; }`,
    ])();
  }

  body(depth, inGenerator = false) {
    return this.inside(() => Array.from({ length: 1 + this.below(3) }, () => this.statement(depth, inGenerator)).join("\n"));
  }

  parameters() {
    const initial = this.value(1);
    return this.pick([
      () => this.declare("value"),
      () => `${this.declare("value")} = ${initial}`,
      () => `{ x: ${this.declare("value")} = ${initial} } = {}`,
      () => `...${this.declare("value")}`,
      () => "",
    ])();
  }

  class() {
    const parent = this.of("class");
    const extended = parent && this.chance(0.5) ? ` extends ${parent}` : "";
    const method = () => this.inside(() => `(${this.parameters()}) { spend(); ${this.body(1)} return ${this.value(1)}; }`);
    const members = [
      () => `constructor(given) { ${extended ? "super(given);" : ""} say(new.target === undefined); this.own = ${this.pick(["given", "new.target.made", this.value(1)])}; }`,
      () => `own = ${this.value(1)};`, () => `#secret = ${this.value(1)}; get it() { return this.#secret; }`, () => `static made = ${this.value(1)};`,
      () => `static { this.made = ${this.value(1)}; }`, () => `method${method()}`, () => `static make${method()}`,
      () => `get it() { say("it"); return ${this.value(1)}; }`, () => `set own(value) { say(value); }`, () => `["meth" + "od"]${method()}`,
      () => extended ? `method() { return super.method?.(1); }` : `*[Symbol.iterator]() { yield 1; }`, () => `static #hidden() { return 1; } static make() { return this.#hidden(); }`,
    ];
    const chosen = new Map();
    for (let count = 1 + this.below(4); count > 0; count--) {
      const text = this.pick(members)();
      // A constructor and private names only once.
      chosen.set(text.match(/^constructor|#\w+/)?.[0] ?? text, text);
    }
    const name = this.name("C");
    const text = `class ${name}${extended} { ${[...chosen.values()].join(" ")} }`;
    this.declare("class", name);
    return text;
  }

  function(name, isGenerator) {
    return this.inside(() => {
      const parameters = this.parameters();
      return `function${isGenerator ? "*" : ""} ${name}(${parameters}) { spend(); ${this.body(2, isGenerator)} ${this.chance(0.7) ? `return ${this.value(1)};` : ""} }`;
    });
  }

  statement(depth, inGenerator) {
    const value = () => this.value(2);
    if (depth <= 0) return `say(${value()});`;
    const body = () => this.body(depth - 1, inGenerator);
    const loop = this.name("i");
    switch (this.below(22)) {
      case 0: case 1: {
        const text = `${this.pick(["const", "let", "var"])} ${this.name("v")} = ${value()};`;
        this.declare("value", `v${this.names - 1}`);
        return text;
      }
      case 2: case 3: {
        const isGenerator = this.chance(0.3);
        const name = this.name("f");
        const early = this.chance(0.3) && !isGenerator ? `say(${name}(1));\n` : "";
        const text = early + this.function(name, isGenerator);
        this.declare(isGenerator ? "generator" : "function", name);
        return text;
      }
      case 4: case 5: return this.class();
      case 6: return `${loop}: for (let ${loop}x = 0; ${loop}x < 3; ${loop}x++) { for (const y of [1, 2]) { spend(); if (${loop}x === ${this.below(3)}) ${this.pick(["continue", "break"])} ${loop}; ${body()} } }`;
      case 7: return `${loop}: { ${body()} if (${value()}) break ${loop}; ${body()} }`;
      case 8: {
        const name = this.declare("value");
        return `let ${name} = []; for (let ${loop} = 0; ${loop} < 2; ${loop}++) { ${name}.push(() => ${loop}${this.chance(0.3) ? "++" : ""}); } say(${name}.map((f) => f()));`;
      }
      case 9: {
        const local = this.name("s");
        const read = `attempt(() => ${local})`;
        return `switch (${value()}) { case ${this.pick(PLAIN.slice(0, 10))}: ${this.pick(["let", "const"])} ${local} = ${value()}; say(${local}); ${this.chance(0.5) ? "break;" : ""} default: ${read}; case 1: ${read}; function ${local}f() { return ${this.value(1)}; } say(${local}f()); }`;
      }
      case 10: return `try { ${body()} ${this.chance(0.5) ? this.unused(2) : "throw 1;"} } catch ${this.chance(0.5) ? `(${this.name("e")}) { say(e${this.names - 1} && e${this.names - 1}.name); ${body()} }` : `{ ${body()} }`} finally { ${body()} }`;
      case 11: case 12: return `attempt(() => { ${this.unused(2)} });`;
      case 13: {
        // Nothing reads them before they are there.
        const [fallback, given] = [this.value(1), this.value(1)];
        const [first, second] = [this.declare("value"), this.declare("value")];
        return `${this.pick(["const", "let", "var"])} { a: ${first} = ${fallback}, ...${second} } = { ${this.pick(["a: 1, ", ""])}b: ${given} };`;
      }
      case 14: {
        const [fallback, one, other] = [this.value(1), this.pick(["undefined", this.value(1)]), this.value(1)];
        const [first, second] = [this.declare("value"), this.declare("value")];
        return `${this.pick(["const", "let"])} [${first} = ${fallback}, ${second}] = [${one}, ${other}];`;
      }
      case 15: return inGenerator ? `say(yield ${value()});` : `say(${value()});`;
      case 16: return inGenerator ? `yield* [${value()}];` : `if (${value()}) { ${body()} } else { ${body()} }`;
      case 17: {
        const generated = this.of("generator");
        return generated ? `for (const ${loop} of ${generated}(${value()})) { spend(); say(${loop}); if (${value()}) break; }` : `say(${value()});`;
      }
      case 18: {
        if (!this.isSloppy) return `say(${value()});`;
        const name = this.name("b");
        const text = this.pick([
          `say(typeof ${name}); if (${value()}) { function ${name}() { return ${this.value(1)}; } } say(typeof ${name});`,
          `{ say(${name}()); function ${name}() { return ${this.value(1)}; } } say(${name}());`,
          `(function (${name}) { arguments[0] = ${this.value(1)}; say(${name}); })(${this.value(1)});`,
          `with ({ ${name}: ${this.value(1)} }) { say(${name}); ${name} = ${this.value(1)}; say(${name}); }`,
          `(function () { say(this === globalThis); ${name} = ${this.value(1)}; })(); say(${name}); say(delete globalThis.${name});`,
          `try { throw 1; } catch (${name}) { var ${name} = ${this.value(1)}; say(${name}); } say(${name});`,
          `switch (1) { case 1: function ${name}() { return ${this.value(1)}; } } say(${name}());`,
        ]);
        return text;
      }
      case 19: return `while (true) { spend(); ${body()} break; }`;
      case 20: {
        const name = this.of("function");
        return name ? `say(${name}.${this.pick(["length", "call(1, 2)", "apply(null, [1])", "prototype !== undefined"])});` : `say(${value()});`;
      }
      default: return `say(${value()});`;
    }
  }

  text() {
    const length = 5 + this.below(8);
    const body = Array.from({ length }, () => this.statement(3, false)).join("\n");
    return `${body}\nsay([${this.scope.filter((one) => one.kind === "value").map((one) => one.name)}]);\n`;
  }
}

compare((seed) => {
  const isSloppy = seed % 3 === 0;
  return { text: new Shapes(seed, isSloppy).text(), isSloppy };
});
