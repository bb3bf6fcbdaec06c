import inc from "semver/functions/inc.js";
import { satisfies } from "semver";

export function bump(version, level) {
  const next = inc(version, level);
  return satisfies(next, ">=1", { includePrerelease: true }) ? next : `${next} (unstable)`;
}
