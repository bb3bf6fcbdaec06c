import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.jsx";
import "./styles/main.css";

const root = document.body.appendChild(document.createElement("div"));
createRoot(root).render(
  <StrictMode>
    <App start="/" />
  </StrictMode>,
);

// React renders when it has time, so a step is over when the page stays as it is for a while.
async function settle() {
  for (let seen, same = 0; same < 3; same = seen === root.innerHTML && !seen.includes("waiting") ? same + 1 : 0) {
    seen = root.innerHTML;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
async function step(name, act) {
  act?.();
  await settle();
  console.log(name, root.innerHTML);
}
const click = (selector) => document.querySelector(selector).dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, button: 0 }));

await step("start");
await step("add", () => click("button.add"));
await step("add", () => click("button.add"));
await step("lazy", () => click('a[href="/about/7"]'));
await step("broken", () => click('a[href="/broken"]'));
await step("home", () => click('a[href="/"]'));
console.log(document.title);
