import { createSSRApp, h, ref, computed } from "vue";
import { renderToString } from "vue/server-renderer";
const c = ref(2);
const d = computed(() => c.value * 2);
c.value = 5;
console.log(d.value);
renderToString(createSSRApp({ render: () => h("p", "hi " + d.value) })).then(console.log);
