// Opens a page that something else serves, in headless Chromium: served.mjs ADDRESS. Prints what it shows once its script says
// that it is done; any error of the page or of its console fails, and so does a policy that stops nothing.
import assert from "node:assert/strict";
import { errorsOf, launch } from "./launch.mjs";

const browser = await launch();
try {
  const page = await browser.newPage();
  const errors = errorsOf(page);
  await page.goto(process.argv[2]);
  await page.waitForSelector("#done", { timeout: 10_000 });
  assert.deepEqual(errors, []);
  console.log(await page.evaluate(() => document.querySelector("#done").textContent));
  // A script that the page did not have when it was sent does not run.
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.injected = true";
    document.body.append(script);
    return window.injected === true;
  });
  assert.equal(ran, false, "an injected script runs");
} finally {
  await browser.close();
}
