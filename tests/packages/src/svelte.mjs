import { writable, derived, get } from "svelte/store";
const a = writable(1);
const b = derived(a, (x) => x * 2);
a.set(4);
console.log(get(b));
