import { debounce, merge, cloneDeep } from "lodash-es";
console.log(typeof debounce, merge({ a: { b: 1 } }, { a: { c: 2 } }), cloneDeep(/* @__PURE__ */ new Map([[1, { x: 1 }]])));
