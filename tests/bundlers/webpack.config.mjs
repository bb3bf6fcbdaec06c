import webpack from "webpack";

export default {
  mode: "production",
  entry: "./src/main.js",
  output: { path: `${import.meta.dirname}/out/webpack` },
  devtool: "source-map",
  plugins: [new webpack.EnvironmentPlugin(["API_TOKEN"])],
};
