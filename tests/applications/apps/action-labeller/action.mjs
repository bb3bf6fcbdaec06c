import * as core from "@actions/core";
import * as github from "@actions/github";
import * as glob from "@actions/glob";
import path from "node:path";
import { parse } from "yaml";
import { matches } from "./match.mjs";

export async function run() {
  try {
    const rules = Object.entries(parse(core.getInput("rules", { required: true })));
    const isDry = core.getBooleanInput("dry-run");
    core.setSecret("a value of a secret");
    core.debug(`dry: ${isDry}`);
    const { context } = github;
    core.info(`${context.eventName} ${context.issue.owner}/${context.issue.repo}#${context.issue.number}`);

    const octokit = github.getOctokit(core.getInput("token"), { userAgent: "labeller" });
    const files = await octokit.paginate(octokit.rest.pulls.listFiles, { ...context.repo, pull_number: context.issue.number, per_page: 2 });
    const labels = await core.group("matching", async () => {
      const found = rules.filter(([, patterns]) => files.some(({ filename }) => [patterns].flat().some((pattern) => matches(pattern, filename))));
      for (const [label] of found) core.notice(`has ${label}`, { title: "Label", file: files[0].filename, startLine: 1 });
      return found.map(([label]) => label);
    });
    if (!isDry) await octokit.rest.issues.addLabels({ ...context.repo, issue_number: context.issue.number, labels });
    const { repository } = await octokit.graphql("query ($name: String!) { repository(name: $name) { id } }", { name: "shop" });

    const globber = await glob.create(core.getInput("paths"), { followSymbolicLinks: false, matchDirectories: false });
    core.setOutput("labels", labels);
    core.setOutput("files", (await globber.glob()).map((file) => path.relative(".", file)).sort());
    core.exportVariable("REPOSITORY_ID", repository.id);
    await core.summary.addHeading("Labels").addTable([[{ data: "label", header: true }], ...labels.map((label) => [label])]).write();
    core.getInput("missing", { required: true });
  } catch (error) {
    core.setFailed(error);
  }
}
