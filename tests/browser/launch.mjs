// The headless Chromium of the lock file.
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

export const launch = async () =>
  puppeteer.launch({
    args: [...chromium.args, "--no-sandbox", "--disable-background-networking"],
    executablePath: await chromium.executablePath(),
    headless: "shell",
  });
