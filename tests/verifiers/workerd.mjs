// Starts workerd with a configuration, and waits for the port that it takes.
import { spawn } from "node:child_process";

export async function start(workerd, config) {
  const server = spawn(workerd, ["serve", "--control-fd=3", config], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const port = await new Promise((resolve, reject) => {
    let said = "";
    server.stdio[3].on("data", (data) => {
      said += data;
      const event = said.split("\n").find((line) => line.includes('"listen"'));
      if (event) resolve(JSON.parse(event).port);
    });
    server.on("exit", () => reject(new Error("workerd ended")));
  });
  const stop = () => {
    server.removeAllListeners("exit");
    server.kill();
  };
  return { port, stop };
}
