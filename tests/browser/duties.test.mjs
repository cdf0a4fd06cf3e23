// Duties where people meet them: a letter is drafted and marked as sent in a real browser. No fixed waits.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { until } from "./looking.mjs";
import { HEALTH, foundProvince } from "./province.mjs";
import { makeHome, postEvents, removeHome, startServer } from "./server.mjs";

const WAIT_MAX_MS = 20_000;
const SIZES = { desk: { width: 1440, height: 900 }, wall: { width: 1920, height: 1080 }, phone: { width: 390, height: 844 } };
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATH = `/viec-phai-lam?unit=${HEALTH.code}`;

let home;
let server;
let browser;

const json = async (path) => (await fetch(server.url + path)).json();
const owed = async () => (await json(`/api/v1/duties?unit=${HEALTH.code}`)).duties.map(({ dossier }) => dossier);

/** Two weeks past its due date, or still within the time for a letter. */
const late = (code, due) => ({
  specversion: "1.0", id: `late-${code}`, source: "/phu-tho/mot-cua", type: "dossier.accepted", subject: code,
  time: new Date(Date.now() - 20 * 86_400_000).toISOString(),
  data: { procedure: "1.000001", agency: HEALTH.code, officer: "CB01", fee_vnd: 0, due_at: new Date(due).toISOString() },
});

before(async () => {
  home = await makeHome();
  server = await startServer(home, 0, ["--data", "data"]);
  await until("the server is ready", async () => (await fetch(`${server.url}/readyz`)).status === 200);
  await postEvents(server.url, foundProvince());
  await postEvents(server.url, [
    late("TRE-1", Date.now() - 14 * 86_400_000), late("TRE-2", Date.now() - 13 * 86_400_000), late("TRE-3", Date.now() - 1_000),
  ]);
  await until("three letters are owed", async () => (await owed()).length === 3);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: QUIET });
});

after(async () => {
  await browser?.close();
  await server?.kill();
  if (home) await removeHome(home);
});

async function open(path, { viewport = SIZES.desk, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MAX_MS);
  const troubles = [];
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  await page.goto(server.url + path);
  return { page, troubles, close: () => context.close() };
}

for (const [size, viewport] of Object.entries(SIZES)) {
  test(`the page of duties is free of accessibility faults and never wider than a ${size}`, async () => {
    for (const lang of ["vi", "en"]) {
      for (const path of [PATH, `${PATH}&what=sent`]) {
        const { page, troubles, close } = await open(`${path}&lang=${lang}`, { viewport, bypassCSP: true });
        await page.locator("main h1").waitFor();
        for (const summary of await page.locator(".alert-act summary").all()) await summary.click();
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), [], `${path} ${lang}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is too wide`);
        assert.deepEqual(troubles, [], path);
        if (process.env.NHIP_SHOTS) await page.screenshot({ path: join(process.env.NHIP_SHOTS, `duties-${size}-${lang}-${path.endsWith("sent")}.png`), fullPage: true });
        await close();
      }
    }
  });
}

test("the least time left comes first, and the draft is taken along as a PDF and as a DOCX", async () => {
  const { page, close } = await open(PATH);
  const shown = page.locator("[data-dossier]");
  assert.deepEqual(await shown.evaluateAll((rows) => rows.map((row) => row.dataset.dossier)), ["TRE-1", "TRE-2", "TRE-3"]);
  assert.equal(await page.locator("#count").getAttribute("data-count"), "3");
  const first = shown.first();
  await first.locator("summary").first().click();
  await first.locator("select[name=reason]").selectOption("workload");
  for (const [button, name, begin] of [[0, "thu-xin-loi.pdf", "%PDF"], [1, "thu-xin-loi.docx", "PK"], [3, "giai-trinh.docx", "PK"]]) {
    const [download] = await Promise.all([page.waitForEvent("download"), first.locator("form[method=get] button").nth(button).click()]);
    assert.equal(download.suggestedFilename(), name);
    const bytes = await readFile(await download.path());
    assert.ok(bytes.subarray(0, begin.length).equals(Buffer.from(begin)), name);
  }
  await close();
});

test("a letter is marked as sent by keyboard, leaves the list, and stays so after a kill of the server", async () => {
  const { page, close } = await open(PATH);
  const row = page.locator("[data-dossier=TRE-1]");
  await row.locator("summary").nth(1).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("15/PXL");
  await page.keyboard.press("Enter");
  await page.locator("[data-dossier=TRE-1]").waitFor({ state: "detached" });
  assert.ok(page.url().endsWith(PATH), "what was chosen is kept");
  assert.deepEqual(await owed(), ["TRE-2", "TRE-3"]);
  await close();
  await server.kill();
  server = await startServer(home, 0, ["--data", "data"]);
  await until("the server is ready again", async () => (await fetch(`${server.url}/readyz`)).status === 200);
  assert.deepEqual(await owed(), ["TRE-2", "TRE-3"]);
  const sent = await open(`${PATH}&what=sent_late`, { javaScriptEnabled: false });
  assert.equal(await sent.page.locator("[data-dossier=TRE-1]").count(), 1);
  await sent.close();
});
