"use client";

import { useState } from "react";
import { endpoint, headers } from "../src/config.js";

export default function Page() {
  const [status, setStatus] = useState(0);
  const ask = () => fetch(endpoint, { headers: headers() }).then((answer) => setStatus(answer.status));
  return <button onClick={ask}>status {status}</button>;
}
