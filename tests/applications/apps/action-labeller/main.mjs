import fs from "node:fs";
import path from "node:path";
import { startApi } from "./api.mjs";

// What a runner sets up. The package reads some of it when it is loaded, so it is loaded afterwards.
const api = await startApi();
process.env.GITHUB_API_URL = api.url;
for (const name of ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_STATE"]) {
  process.env[name] = path.resolve(name);
  fs.writeFileSync(process.env[name], "");
}
process.env.GITHUB_EVENT_PATH = path.resolve("event.json");
fs.writeFileSync("event.json", JSON.stringify({ action: "opened", pull_request: { number: 7 }, repository: { default_branch: "main" } }));
for (const file of ["src/a.js", "src/skip/b.js", "src/deep/c.js"]) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, file);
}

const { run } = await import("./action.mjs");
await run();

console.log(api.calls.join("\n"));
// The delimiter of each value is a random one.
for (const name of ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"]) {
  console.log(name, fs.readFileSync(process.env[name], "utf8").replace(/ghadelimiter_[-0-9a-f]+/g, "LIMIT"));
}
api.close();
