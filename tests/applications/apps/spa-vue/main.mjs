import { createApp, nextTick } from "vue";
import { createAppRouter } from "./router.mjs";
import { App } from "./app.mjs";
import { translate } from "./plugins/translate.mjs";

const router = createAppRouter();
const app = createApp(App, { name: "Vue" });
app.use(router).use(translate, { locale: "zh-TW" });
app.config.errorHandler = (error, instance, info) => console.log("error", error.message, typeof info);
router.push("/");
await router.isReady();
const root = document.body.appendChild(document.createElement("div"));
app.mount(root);

async function step(name, act) {
  await act?.();
  await nextTick();
  console.log(name, root.innerHTML.replace(/<!--.*?-->/g, ""));
}
const input = (text) => {
  const field = root.querySelector("input");
  field.value = text;
  field.dispatchEvent(new Event("input"));
};
await step("start");
await step("type", () => input("tea"));
await step("submit", () => root.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true })));
await step("lazy", () => router.push({ name: "item", params: { id: "1" }, query: { q: "ü" } }));
await step("guarded", () => router.push("/secret").then((failure) => console.log(failure?.type ?? "no failure")));
await step("missing", () => router.push("/nowhere/at/all"));
await step("back", () => router.push("/"));
app.unmount();
console.log(root.innerHTML === "");
