import { defineAsyncComponent, h } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";
import { Home } from "./pages/home.mjs";

const Missing = (_, { attrs }) => h("p", attrs, "nothing here");
Missing.displayName = "Missing";

export function createAppRouter() {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: "/", component: Home },
      { path: "/items/:id(\\d+)", name: "item", component: () => import("./pages/item.mjs"), props: (route) => ({ id: +route.params.id, q: route.query.q }) },
      { path: "/secret", component: defineAsyncComponent(() => import("./pages/item.mjs")), meta: { guarded: true } },
      { path: "/:rest(.*)*", component: Missing },
    ],
  });
  router.beforeEach((to) => !to.meta.guarded);
  router.afterEach((to, from, failure) => console.log("route", from.fullPath, to.fullPath, failure?.type));
  return router;
}
