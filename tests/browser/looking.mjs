// What tests of pages have in common: the browser, the screens it stands for, a page looked at in it, and the end of it.
//
// It does not know which server is looked at, nor what should be seen.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { removeHome } from "./server.mjs";

export const SIZES = { desk: { width: 1440, height: 900 }, wall: { width: 1920, height: 1080 }, phone: { width: 390, height: 844 } };
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
/** The script that looks for faults of accessibility. */
export const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: QUIET });

/** A page of its own at `address`, with what the browser complains of; nothing of it is waited for longer than `waitMax`. */
export async function look(browser, address, waitMax, { viewport = SIZES.desk, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(waitMax);
  const troubles = [];
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  await page.goto(address);
  return { page, troubles, close: () => context.close() };
}

/** Waits until something is so, at most `waitMax` ms, and says what it was; it is asked again and again. */
export async function until(what, isTrue, waitMax = 60_000) {
  const end = Date.now() + waitMax;
  for (;;) {
    const found = await isTrue();
    if (found) return found;
    if (Date.now() > end) throw new Error(`in ${waitMax} ms not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ends what a test began, as far as it came. */
export async function end({ browser, server, home }) {
  await browser?.close();
  await server?.kill();
  if (home) await removeHome(home);
}
