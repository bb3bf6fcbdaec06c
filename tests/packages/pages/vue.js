import { createApp, defineComponent, h, ref } from "vue";
import "./page.css";

const Counter = defineComponent(() => {
  const count = ref(0);
  return () => h("button", { class: "counter", onClick: () => count.value++ }, `vue ${count.value}`);
});
createApp(Counter).mount("#root");
import("./later.js").then(({ later }) => later("vue"));
