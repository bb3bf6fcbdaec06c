export async function stats(links) {
  const hosts = {};
  for (const { name } of (await links.list()).keys) {
    const { host } = new URL(await links.get(name));
    hosts[host] = (hosts[host] ?? 0) + 1;
  }
  return { hosts, runtime: typeof navigator === "object" ? "navigator" : "none" };
}
