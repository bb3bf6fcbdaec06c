// The headless Chromium of the lock file.
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

export const launch = async () =>
  puppeteer.launch({
    args: [...chromium.args, "--no-sandbox", "--disable-background-networking"],
    executablePath: await chromium.executablePath(),
    headless: "shell",
  });

// What goes wrong in a page from now on, as it comes.
export function errorsOf(page) {
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  return errors;
}
