import { lazy, StrictMode, Suspense, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import "./page.css";

const Later = lazy(() => import("./react_later.jsx"));

function Counter() {
  const [count, setCount] = useState(0);
  useEffect(() => {
    document.title = `count ${count}`;
  }, [count]);
  return (
    <button className="counter" onClick={() => setCount((count) => count + 1)}>
      react {count}
    </button>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <Counter />
    <Suspense fallback={<p>waiting</p>}>
      <Later name="later" />
    </Suspense>
  </StrictMode>,
);
