// Gives Node a page: `node --import ./dom.mjs PROGRAM`. It is loaded beside a program, never bundled with it.
import { isMainThread } from "node:worker_threads";
import { GlobalRegistrator } from "@happy-dom/global-registrator";

if (isMainThread) GlobalRegistrator.register({ url: "https://page.example/" });
