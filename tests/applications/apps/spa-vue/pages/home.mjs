import { computed, h, inject, vModelText, withDirectives, withModifiers } from "vue";

// With options, as older components are written.
export const Home = {
  name: "Home",
  data: () => ({ submits: 0 }),
  inject: ["items"],
  setup() {
    const state = inject("state");
    return { state, longest: computed(() => state.items.reduce((longest, item) => (item.length > longest.length ? item : longest), "")) };
  },
  computed: {
    title() {
      return this.$t("title", { count: this.submits });
    },
  },
  methods: {
    submit() {
      this.submits++;
      this.state.items.push(this.state.typed);
      this.state.typed = "";
    },
  },
  render() {
    const update = (value) => (this.state.typed = value);
    return h("form", { onSubmit: withModifiers(this.submit, ["prevent"]) }, [
      h("h2", this.title),
      withDirectives(h("input", { "onUpdate:modelValue": update }), [[vModelText, this.state.typed]]),
      this.items.map((item) => h("li", { key: item }, item)),
      this.longest && h("b", { innerHTML: `<i>${this.longest}</i>` }),
    ]);
  },
};
