import { buildSync } from "esbuild";

buildSync({
  entryPoints: ["src/main.js"],
  bundle: true,
  minify: true,
  sourcemap: true,
  outdir: "out/esbuild",
  define: { "process.env.API_TOKEN": JSON.stringify(process.env.API_TOKEN) },
});
