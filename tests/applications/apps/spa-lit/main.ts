import "./elements/list.js";
import type { TaskList } from "./elements/list.js";
import "./main.css";

const list = document.createElement("task-list") as TaskList;
list.heading = "Tasks <today>";
list.addEventListener("changed", (event) => console.log("changed", JSON.stringify((event as CustomEvent<string[]>).detail)));
document.body.append(list);

async function step(name: string, act?: () => void | Promise<void>): Promise<void> {
  await act?.();
  await list.updateComplete;
  console.log(name, list.renderRoot.innerHTML.replace(/<!--.*?-->/g, "").replace(/\s+/g, " ").trim());
}
await step("start");
await step("add", () => list.add("write", "read"));
await step("toggle", () => list.toggle(0));
await step("attribute", () => list.setAttribute("max", "1"));
await step("details", () => list.showDetails());
console.log(list.outerHTML);
console.log(customElements.get("task-list")?.name !== undefined, (list.constructor as typeof TaskList).observedAttributes);
