import { Command } from "commander";
const p = new Command().option("-x <n>").parse(["node", "a", "-x", "3"]);
console.log(p.opts());
