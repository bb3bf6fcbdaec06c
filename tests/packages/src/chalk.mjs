import { Chalk } from "chalk";
console.log(JSON.stringify(new Chalk({ level: 1 }).red.bold("x")));
