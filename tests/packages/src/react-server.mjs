import React from "react";
import { renderToString } from "react-dom/server";

function A({ n }) {
  const [count] = React.useState(n);
  return React.createElement("p", { className: "x" }, "Hi ", count);
}
console.log(renderToString(React.createElement(A, { n: 3 })));
