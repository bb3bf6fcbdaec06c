import { h, onMounted, ref, Transition } from "vue";

export default {
  props: ["id", "q"],
  emits: ["gone"],
  setup(props, { expose }) {
    const isMounted = ref(false);
    onMounted(() => (isMounted.value = true));
    expose({ isMounted });
    return () => h(Transition, { css: false }, () => h("article", { "data-mounted": isMounted.value }, `${props.id} ${props.q}`));
  },
};
