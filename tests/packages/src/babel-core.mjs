import { transformSync } from "@babel/core";
console.log(transformSync("const a = () => 1", { configFile: false, babelrc: false }).code);
