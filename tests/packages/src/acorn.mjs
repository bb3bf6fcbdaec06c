import { parse } from "acorn";
console.log(parse("let x = 1", { ecmaVersion: 2022 }).body[0].type);
