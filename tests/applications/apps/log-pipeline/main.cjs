"use strict";
const { EventEmitter } = require("events");
const util = require("util");
const { createPino, createWinston } = require("./loggers");

function Job(name) {
  if (!(this instanceof Job)) return new Job(name);
  EventEmitter.call(this);
  this.name = name;
}
util.inherits(Job, EventEmitter);
Job.prototype.run = function run(work) {
  this.emit("start", this.name);
  try {
    this.emit("end", this.name, work());
  } catch (error) {
    this.emit("failed", error);
  }
};

const lines = [];
const logger = createPino((line) => lines.push(line));
const trail = createWinston((line) => lines.push(line));

for (const [name, work] of [["add", () => 1 + 1], ["fail", () => { throw new RangeError("out of range"); }]]) {
  const child = logger.child({ job: name, password: "hidden" }, { level: "debug" });
  const job = Job(name);
  job.on("start", (started) => child.debug({ nested: { token: "hidden", kept: 1 } }, "started %s %d %j", started, 1, { a: [1] }));
  job.on("end", (ended, value) => { child.info({ value }, "ended"); trail.info("ended", { ended, value }); });
  job.on("failed", (error) => { child.error(error); trail.error(error); });
  job.run(work);
}
logger.trace("below the level");
logger.warn({ req: { method: "GET", url: "/", headers: {} } }, "request");
trail.log("audit", "signed %s in", "ann", { ip: "::1" });
trail.verbose("below the level");
trail.child({ requestId: 7 }).warn("of a child");

trail.on("finish", () => {
  console.log(lines.join("").trimEnd());
  console.log(Object.keys(require("winston").transports).sort().join(" "));
  console.log(typeof require("./loggers/later").size, require("./loggers/later").size(lines));
});
trail.end();
