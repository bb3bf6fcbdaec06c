import { format } from "prettier/standalone";
import * as babel from "prettier/plugins/babel";
import estree from "prettier/plugins/estree";
console.log(await format("const  a={b:1}", { parser: "babel", plugins: [babel, estree] }));
