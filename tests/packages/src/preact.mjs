import { h } from "preact";
import { useState } from "preact/hooks";
console.log(typeof h, h("a", { x: 1 }, "b").type, typeof useState);
