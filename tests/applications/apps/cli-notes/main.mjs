#!/usr/bin/env node
import { createRequire } from "node:module";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import chalk from "chalk";
import about, { version } from "./about.mjs";
import { readNotes, writeNotes } from "./file.mjs";

// Stays with the runtime: no bundler follows it, so it may only name what the runtime has.
const { styleText } = createRequire(import.meta.url)("node:util");

const toNumber = (text) => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a number.");
  return Number(text);
};

function createProgram() {
  const program = new Command("notes")
    .version(version)
    .description(styleText("italic", about.description))
    .addOption(new Option("-f, --file <path>", "the file").default("notes.yml").env("NOTES_FILE"))
    .configureHelp({ sortSubcommands: true })
    .configureOutput({ writeErr: (text) => console.log("err:", text.trimEnd()), writeOut: (text) => console.log(text.trimEnd()) })
    .exitOverride();
  program
    .command("add <title> [tags...]")
    .option("-p, --priority <number>", "how urgent", toNumber, 1)
    .action((title, tags, { priority }) => {
      const notes = readNotes(program.opts().file);
      notes.push({ title, tags, priority, done: false });
      writeNotes(program.opts().file, notes);
      console.log(chalk.green("added"), chalk.bold(title));
    });
  program
    .command("list")
    .addOption(new Option("--as <format>").choices(["table", "json"]).default("table"))
    .action(async ({ as }) => {
      const { default: print } = as === "json" ? await import("./commands/json.mjs") : await import("./commands/table.mjs");
      print(readNotes(program.opts().file));
    });
  return program;
}

for (const line of [
  "--help",
  "--version",
  "add Milk shop today -p 2",
  "add Tea --priority x",
  "add",
  "lst",
  "add 茶 --priority=3",
  "list",
  "list --as json",
  "list --as xml",
]) {
  console.log(chalk.dim(`$ notes ${line}`));
  try {
    await createProgram().parseAsync(line.split(" "), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    console.log(error.code, error.exitCode);
  }
}
process.exitCode = 3;
