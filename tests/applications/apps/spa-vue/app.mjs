import { defineComponent, h, KeepAlive, provide, reactive, readonly, toRefs, watch, watchEffect } from "vue";
import { RouterLink, RouterView } from "vue-router";

export const App = defineComponent({
  name: "App",
  props: { name: { type: String, required: true } },
  setup(props) {
    const state = reactive({ items: [], typed: "" });
    const { items } = toRefs(state);
    provide("state", state);
    provide("items", readonly(items));
    watch(
      () => state.items.length,
      (length, before) => console.log("watched", before, length),
      { flush: "sync" },
    );
    watchEffect(() => console.log("typed", state.typed || "nothing"));
    return () =>
      h("main", { class: ["app", { full: state.items.length > 0 }] }, [
        h("h1", props.name),
        h(RouterLink, { to: { name: "item", params: { id: 1 } } }, { default: () => "item" }),
        h(RouterView, null, { default: ({ Component, route }) => h(KeepAlive, { include: ["Home"] }, [h(Component, { key: route.path })]) }),
      ]);
  },
});
