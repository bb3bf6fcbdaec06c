import { produce } from "immer";
const a = { x: [1] };
const b = produce(a, (d) => {
  d.x.push(2);
});
console.log(a, b);
