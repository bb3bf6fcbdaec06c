// Random programs, run as they are and minified: what they say must be the same.
//   node tests/fuzz/programs.mjs BINARY [COUNT [SEED [FLAG…]]]
// A program that differs is printed with its seed; the exit code is 1. Half of them are modules that a CommonJS module
// requires, so that they run in closures. Programs that throw are left out: what only throws may be dropped.
import { Random, compare } from "./compare.mjs";

const LITERALS = ["0", "1", "-1", "2", "NaN", '""', '"a"', '"0"', "null", "undefined", "true", "false", "0.5"];
const BINARY = ["+", "-", "*", "%", "|", "&", "^", "<<", ">>>", "===", "!==", "==", "<", ">=", "&&", "||", ","];
const UPDATES = ["=", "+=", "-=", "??=", "||=", "&&="];

class Program extends Random {

  // A scope is a list of { name, canChange, isFunction }.
  expression(scope, depth) {
    const simple = () => (this.chance(0.6) && scope.length ? this.pick(scope).name : this.pick(LITERALS));
    if (depth <= 0 || this.chance(0.15)) return simple();
    const next = () => this.expression(scope, depth - 1);
    const change = () => this.pick([...scope.filter((one) => one.canChange), null])?.name;
    const called = () => this.pick([...scope.filter((one) => one.isFunction), null])?.name;
    const changed = change();
    const callee = called();
    switch (this.below(19)) {
      case 0: case 1: case 2: return `(${next()} ${this.pick(BINARY)} ${next()})`;
      case 3: return `(${next()} ? ${next()} : ${next()})`;
      case 4: return `(${this.pick(["!", "-", "+", "~", "typeof ", "void "])}${next()})`;
      case 5: case 6: return changed ? `(${changed} ${this.pick(UPDATES)} ${next()})` : next();
      case 7: return changed ? this.pick([`${changed}++`, `(--${changed})`]) : next();
      case 8: return `say(${next()})`;
      case 9: case 10: return callee ? `${callee}(${next()}, ${next()})` : next();
      case 11: return `[${next()}, ${next()}][${this.below(3)}]`;
      case 12: return `({ a: ${next()}, get b() { say("get"); return ${next()}; } }).${this.pick(["a", "b", "c"])}`;
      case 13: return `\`x\${${next()}}y\``;
      case 14: return `(${this.function(scope, depth - 1, "")})(${next()}, ${next()})`;
      case 15: return `(${next()})?.[0]`;
      case 16: return changed ? `say([${changed}] = [${next()}])` : next();
      case 17: return `new (class { own = ${next()}; get it() { return ${next()}; } })().${this.pick(["own", "it"])}`;
      default: return simple();
    }
  }

  parameters(scope) {
    return Array.from({ length: this.below(3) }, () => {
      const name = this.name("p");
      const initial = this.chance(0.2) ? ` = ${this.expression(scope, 1)}` : "";
      scope.push({ name, canChange: true });
      return name + initial;
    }).join(", ");
  }

  function(outer, depth, name) {
    const scope = [...outer];
    const parameters = this.parameters(scope);
    if (!name && this.chance(0.5)) return `(${parameters}) => (spend(), ${this.expression(scope, depth)})`;
    const body = this.statements(scope, depth, true);
    const value = this.chance(0.8) ? `return ${this.expression(scope, 2)};` : "";
    return `function ${name}(${parameters}) { spend(); ${body} ${value} }`;
  }

  block(scope, depth, inFunction) {
    return `{ ${this.statements([...scope], depth, inFunction)} }`;
  }

  statements(scope, depth, inFunction) {
    const length = 1 + this.below(depth > 1 ? 5 : 3);
    return Array.from({ length }, () => this.statement(scope, depth, inFunction)).join("\n");
  }

  statement(scope, depth, inFunction) {
    const value = (most = 3) => this.expression(scope, Math.min(most, depth + 1));
    const declare = (name, canChange, isFunction = false) => scope.push({ name, canChange, isFunction });
    const block = () => this.block(scope, depth - 1, inFunction);
    const leave = (how) => (this.chance(0.3) ? `if (${value(2)}) ${how};` : "");
    if (depth <= 0) return `${value(2)};`;
    const name = this.name("v");
    switch (this.below(22)) {
      case 18: case 19: case 20: {
        // Only returns something, and is called here alone.
        const names = Array.from({ length: this.below(4) }, () => this.name("p"));
        const inside = [...names.map((one) => ({ name: one, canChange: this.chance(0.1) })), ...scope];
        const text = `function ${name}(${names}) { return ${this.expression(inside, 1 + this.below(2))}; }`;
        const given = Array.from({ length: names.length - (this.chance(0.2) ? 1 : 0) }, () =>
          this.chance(0.3) ? this.pick(LITERALS) : this.expression(scope, 1));
        const call = `${name}(${given})`;
        const use = this.pick([call, `[say(1), ${call}]`, `${call}?.a`, `typeof ${call}`, `${call} + say(2)`, `say(3) && ${call}`]);
        return this.pick([`${text}\nsay(${use});`, `say(${use});\n${text}`, `{ ${text} say(${use}); }`]);
      }
      case 21: {
        // Is used here alone.
        const other = this.name("v");
        const text = this.function(scope, depth - 1, name);
        const use = this.pick([name, `({ ${name} }).${name}`, `[${name}][0]`, `${value(1)} && ${name} || (() => 5)`]);
        declare(other, false, true);
        const statements = [`const ${other} = ${use};`, text];
        return (this.chance(0.5) ? statements : statements.reverse()).join("\n");
      }
      case 0: case 1: {
        const kind = this.pick(["var", "let", "const"]);
        const text = `${kind} ${name} = ${value()};`;
        declare(name, kind !== "const");
        return text;
      }
      case 2: declare(name, true); return `let ${name};`;
      case 3: case 4: {
        const text = this.function(scope, depth - 1, name);
        declare(name, false, true);
        return text;
      }
      case 5: {
        // Called before the statements that declare what it may read.
        const text = `say(${name}(${value(1)}));\n${this.function(scope, depth - 1, name)}`;
        declare(name, false, true);
        return text;
      }
      case 6: {
        const text = `let ${name}; ${name} = ${this.function(scope, depth - 1, "")};`;
        declare(name, false, true);
        return text;
      }
      case 7: return `if (${value()}) ${block()} else ${block()}`;
      case 8: return `if (${value()}) ${block()}`;
      case 9: return `for (let ${name} = 0; ${name} < ${1 + this.below(3)}; ${name}++) { spend(); ${block()} ${leave(this.pick(["break", "continue"]))} }`;
      case 10: {
        const inner = [...scope, { name, canChange: true }];
        return `for (${this.pick(["let", "var"])} ${name} of [${value(1)}, ${value(1)}]) { spend(); ${this.statements(inner, depth - 1, inFunction)} }`;
      }
      case 11: return `try { ${block()} ${leave("throw 1")} } catch (${name}) ${block()} finally ${block()}`;
      case 12: return `switch (${value()}) { case ${this.pick(LITERALS)}: ${block()} ${leave("break")} case 1: say("one"); default: say("other"); }`;
      case 13: return inFunction ? `if (${value()}) return ${value()};` : `say(${value()});`;
      case 14: return `${name}: { ${block()} ${leave(`break ${name}`)} ${block()} }`;
      case 15: {
        const changed = this.pick([...scope.filter((one) => one.canChange), null]);
        return changed ? `${changed.name} ${this.pick(UPDATES)} ${value()};` : `say(${value()});`;
      }
      default: return `say(${value()});`;
    }
  }

  text() {
    const scope = [];
    const body = Array.from({ length: 4 + this.below(7) }, () => this.statement(scope, 3, false)).join("\n");
    return `${body}\nsay([${scope.map((one) => one.name)}]);\n`;
  }
}

compare((seed) => ({ text: new Program(seed).text(), isSloppy: false }));
