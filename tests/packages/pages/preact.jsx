/** @jsxImportSource preact */
import { render } from "preact";
import { useState } from "preact/hooks";
import "./page.css";

function Counter() {
  const [count, setCount] = useState(0);
  return (
    <button class="counter" onClick={() => setCount(count + 1)}>
      preact {count}
    </button>
  );
}
render(<Counter />, document.getElementById("root"));
import("./later.js").then(({ later }) => later("preact"));
