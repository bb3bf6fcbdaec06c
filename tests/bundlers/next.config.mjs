export default {
  distDir: "out/next",
  env: { API_TOKEN: process.env.API_TOKEN },
  productionBrowserSourceMaps: true,
};
