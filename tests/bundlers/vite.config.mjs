export default {
  build: { outDir: "out/vite", emptyOutDir: true, sourcemap: true },
  define: { "process.env.API_TOKEN": JSON.stringify(process.env.API_TOKEN) },
};
