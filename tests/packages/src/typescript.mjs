import ts from "typescript";
console.log(ts.transpileModule("const x: number = 1; enum E {A}", { compilerOptions: { target: 99 } }).outputText);
