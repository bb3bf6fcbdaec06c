import chalk, { Chalk } from "chalk";

const plain = new Chalk({ level: 0 });

export default function table(notes) {
  for (const { title, tags, priority } of notes) {
    const style = priority > 2 ? chalk.red.underline : priority > 1 ? chalk.hex("#fa0") : plain;
    console.log(`${style(title.padEnd(8, "."))} ${tags.map((tag) => chalk.bgBlue(`#${tag}`)).join(" ")}`);
  }
}
