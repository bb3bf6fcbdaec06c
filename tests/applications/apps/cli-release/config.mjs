import fs from "node:fs";
import { cosmiconfig } from "cosmiconfig";
import dotenv from "dotenv";
import * as z from "zod";
import semver from "semver";

const Config = z.strictObject({
  packages: z.record(z.string(), z.string().refine((text) => semver.valid(text), "not a version")),
  channel: z.string().default("latest"),
});

let loaded;
export const load = () => (loaded ??= read());

async function read() {
  Object.assign(process.env, dotenv.parse(fs.readFileSync(".env")));
  const explorer = cosmiconfig("release", { searchPlaces: ["release.config.js", ".releaserc.yml"], stopDir: process.cwd() });
  const found = await explorer.search();
  const problems = Config.safeParse({ ...found.config, packages: { broken: "1.x" }, more: 1 }).error.issues.map(
    ({ code, path, message }) => `${path.join(".") || "top"}: ${code}, ${message}`,
  );
  return { config: Config.parse(found.config), problems };
}
