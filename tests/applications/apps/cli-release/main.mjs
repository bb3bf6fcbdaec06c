import fs from "node:fs";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { load } from "#config";
import { bump } from "#steps/bump";
import { log } from "#log";

// What somebody's project holds. It is code that no bundler has seen.
fs.writeFileSync("package.json", '{ "type": "module" }');
fs.writeFileSync("release.config.js", 'export default { packages: { web: "1.2.3", api: "0.9.0-rc.1" }, channel: process.env.CHANNEL };\n');
fs.writeFileSync(".env", "# for the release\nCHANNEL='next #1'\nEXPANDED=\"a\\nb\"\n");

const parser = (args) =>
  yargs(args)
    .scriptName("release")
    .locale("en")
    .version("3.0.0")
    .wrap(80)
    .option("level", { choices: ["major", "minor", "patch"], default: "patch", describe: "what to raise" })
    .option("tag", { type: "boolean", default: true })
    .command("plan [packages..]", "says what would be released", (command) => command.positional("packages", { type: "string", array: true }), plan)
    .command("check", "checks the configuration", {}, async () => log((await load()).problems))
    .demandCommand(1)
    .strict()
    .fail((message, error) => log(`failed: ${message ?? error.message}`))
    .exitProcess(false);

async function plan({ packages, level, tag }) {
  const { config } = await load();
  for (const name of packages?.length ? packages : Object.keys(config.packages)) {
    log(`${name}: ${config.packages[name]} to ${bump(config.packages[name], level)} in ${config.channel}${tag ? ", tagged" : ""}`);
  }
}

await parser(hideBin(process.argv)).parseAsync();
await parser(["plan", "--level=huge"]).parseAsync();
await parser(["plan", "--levl", "major"]).parseAsync();
await parser(["check"]).parseAsync();
log(await parser([]).getHelp());
