import { inspect } from "node:util";

export const log = (value) => console.log(typeof value === "string" ? value : inspect(value, { colors: false }));
