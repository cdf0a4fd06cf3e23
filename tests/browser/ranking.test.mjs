// The ranking page in a real browser against the real server. No fixed waits: each step waits for what it
// needs to see, with a bound.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { DA_BAC, HEALTH, JUSTICE, PA_CO, digitise, foundProvince, hire, pay, synchronise } from "./province.mjs";
import { makeHome, postEvents, removeHome, startServer } from "./server.mjs";

const WAIT_MAX_MS = 20_000;
const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

let home;
let server;
let browser;
let founding;

before(async () => {
  home = await makeHome();
  server = await startServer(home);
  founding = foundProvince();
  await postEvents(server.url, founding);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: QUIET });
});

after(async () => {
  await browser?.close();
  await server?.kill();
  if (home) await removeHome(home);
});

/** A page, and the list of everything that went wrong in it. */
async function open(query = "", { viewport = DESKTOP, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MAX_MS);
  const troubles = [];
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("requestfailed", (request) => {
    // A stream that the page itself closes, for another period say, is reported as failed too.
    const isClosedStream = request.url().includes("/api/v1/stream") && request.failure().errorText === "net::ERR_ABORTED";
    if (!isClosedStream) troubles.push(`${request.url()} ${request.failure().errorText}`);
  });
  page.on("response", (response) => response.status() >= 400 && troubles.push(`${response.url()} ${response.status()}`));
  await page.goto(`${server.url}/${query}`);
  await page.locator("#table tr[data-code]").first().waitFor();
  await waitForState(page, "live");
  return { page, troubles, close: () => context.close() };
}

const waitForState = (page, ...states) =>
  page.waitForFunction((wanted) => wanted.includes(document.getElementById("connection").dataset.state), states);

const namesShown = (page) => page.locator("#table tr[data-code] .c-name > span").allTextContents();

const waitForNames = (page, names) =>
  page.waitForFunction(
    (wanted) => [...document.querySelectorAll("#table tr[data-code] .c-name > span")].map((name) => name.textContent).join() === wanted,
    names.join());

const cell = (page, unit, column) => page.locator(`#table tr[data-code="${unit.code}"] .c-${column}`);

test("the page ranks the departments and shows the province above them", async () => {
  const { page, troubles, close } = await open("?kind=department");
  assert.deepEqual(await namesShown(page), [JUSTICE.name, HEALTH.name]);
  assert.equal(await cell(page, JUSTICE, "rank").textContent(), "1");
  assert.equal(await cell(page, HEALTH, "rank").textContent(), "2");
  assert.equal(await cell(page, JUSTICE, "received").textContent(), "12");
  assert.match(await cell(page, JUSTICE, "total").locator("strong").textContent(), /^\d+,\d\d$/);
  assert.equal(await page.locator("#province-name").textContent(), "Tỉnh Phú Thọ");
  assert.equal(await page.locator(".meters li").count(), 6);
  assert.match(await page.locator("#data-clock").textContent(), /^Số liệu đến \d\d:\d\d:\d\d/);
  assert.deepEqual(troubles, []);
  await close();
});

test("the server forbids scripts and styles from elsewhere and inside the page", async () => {
  const response = await fetch(server.url);
  assert.match(response.headers.get("content-security-policy"), /default-src 'self'/);
  assert.doesNotMatch(response.headers.get("content-security-policy"), /unsafe/);
});

test("a unit with too few dossiers is shown apart, unranked, with the reason", async () => {
  const { page, troubles, close } = await open("?kind=commune");
  const apart = page.locator("#table tbody.unranked");
  assert.equal(await apart.locator(".c-name > span").textContent(), PA_CO.name);
  assert.match(await apart.locator(".divider").textContent(), /^Chưa xếp hạng – tiếp nhận/);
  assert.match(await cell(page, PA_CO, "rank").textContent(), /^–/);
  assert.deepEqual(troubles, []);
  await close();
});

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
for (const [width, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing at ${width} width in ${colorScheme}`, async () => {
      const { page, close } = await open("?kind=commune", { viewport, colorScheme });
      await page.evaluate(axeSource);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html) })), []);
      await close();
    });
  }
}

test("nothing scrolls sideways at 320 px, nor on the wall", async () => {
  const sizes = [["?kind=commune", { width: 320, height: 640 }], ["?kind=commune&view=wall", { width: 1920, height: 1080 }]];
  for (const [query, viewport] of sizes) {
    const { page, troubles, close } = await open(query, { viewport });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), viewport.width);
    assert.deepEqual(troubles, []);
    await close();
  }
});

test("a posted event changes figures and order without a reload", async () => {
  const { page, troubles, close } = await open("?kind=department");
  await page.evaluate(() => (globalThis.isSamePage = true));
  const before = await cell(page, HEALTH, "total").textContent();
  await postEvents(server.url, [...synchronise(HEALTH.code, HEALTH.dossiers), ...digitise(HEALTH.code, HEALTH.dossiers)]);
  await waitForNames(page, [HEALTH.name, JUSTICE.name]);
  assert.equal(await cell(page, HEALTH, "rank").textContent(), "1");
  assert.notEqual(await cell(page, HEALTH, "total").textContent(), before);
  assert.match(await cell(page, HEALTH, "change").textContent(), /^\+\d+,\d\d ↑1/);
  assert.equal(await page.evaluate(() => globalThis.isSamePage), true);
  assert.deepEqual(troubles, []);
  await close();
});

test("rows keep their places under the pointer until the reader asks", async () => {
  const { page, troubles, close } = await open("?kind=department");
  await waitForNames(page, [HEALTH.name, JUSTICE.name]);
  await cell(page, JUSTICE, "name").hover();
  await postEvents(server.url, [...digitise(JUSTICE.code, JUSTICE.dossiers), ...pay(JUSTICE.code, JUSTICE.dossiers)]);
  await page.locator("#pending").waitFor();
  assert.match(await page.locator("#pending").textContent(), /^1 thay đổi thứ hạng/);
  assert.deepEqual(await namesShown(page), [HEALTH.name, JUSTICE.name]);
  assert.equal(await cell(page, JUSTICE, "rank").textContent(), "1", "figures do not wait");
  await page.locator("#pending").click();
  await waitForNames(page, [JUSTICE.name, HEALTH.name]);
  assert.equal(await page.locator("#pending").isVisible(), false);
  assert.deepEqual(troubles, []);
  await close();
});

test("the search ignores diacritics and case, and stands in the address", async () => {
  const { page, troubles, close } = await open("?kind=commune");
  await page.locator("#search").fill("da BAC");
  await waitForNames(page, [DA_BAC.name]);
  assert.equal(new URL(page.url()).searchParams.get("q"), "da BAC");
  await page.locator("#search").fill("không đâu");
  await page.locator("#empty").waitFor();
  assert.match(await page.locator("#empty").textContent(), /không đâu/);
  assert.deepEqual(troubles, []);
  await close();
});

test("columns are sorted from the keyboard, and say so", async () => {
  const { page, troubles, close } = await open("?kind=commune");
  await page.locator('thead button[data-column="name"]').focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("th.c-name[aria-sort]").getAttribute("aria-sort"), "ascending");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.column), "name", "the focus stays");
  await waitForNames(page, ["Phường Tân Hòa", DA_BAC.name, PA_CO.name]);
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("th.c-name[aria-sort]").getAttribute("aria-sort"), "descending");
  await waitForNames(page, [DA_BAC.name, "Phường Tân Hòa", PA_CO.name]);
  assert.equal(new URL(page.url()).searchParams.get("sort"), "-name");
  assert.deepEqual(troubles, []);
  await close();
});

test("period, set and class are chosen on the page, and the back button takes them back", async () => {
  const { page, troubles, close } = await open("?kind=department");
  const current = await page.locator("#period").inputValue();
  const year = current.slice(0, 4);
  await page.locator("#period").selectOption(year);
  await page.waitForFunction((wanted) => document.getElementById("footer").textContent.startsWith(`Năm ${wanted} (`), year);
  assert.equal(new URL(page.url()).searchParams.get("period"), year);
  await waitForState(page, "live");

  const otherSet = await page.locator("#set option:not(:checked)").first().getAttribute("value");
  await page.locator("#set").selectOption(otherSet);
  const title = await page.locator(`#set option[value="${otherSet}"]`).textContent();
  await page.waitForFunction((wanted) => document.getElementById("footer").textContent.includes(wanted), title);
  assert.equal(new URL(page.url()).searchParams.get("set"), otherSet);

  await page.locator('#kinds a[data-kind="commune"]').click();
  await page.locator(`#table tr[data-code="${DA_BAC.code}"]`).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("kind"), "commune");

  for (let step = 0; step < 3; step += 1) await page.goBack();
  await page.waitForFunction((wanted) => document.getElementById("period").value === wanted, current);
  await page.locator(`#table tr[data-code="${JUSTICE.code}"]`).waitFor();
  await waitForState(page, "live");
  assert.deepEqual(troubles, []);
  await close();
});

test("a period the server does not have is answered with its reason and a way back", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MAX_MS);
  await page.goto(`${server.url}/?period=2099-01`);
  await page.locator("#notice a").click();
  await page.locator("#table tr[data-code]").first().waitFor();
  assert.equal(new URL(page.url()).searchParams.get("period"), null);
  await context.close();
});

test("English is one press away and stands in the address", async () => {
  const { page, troubles, close } = await open("?kind=department");
  await page.locator('[data-language="en"]').click();
  await page.waitForFunction(() => document.documentElement.lang === "en");
  await waitForNames(page, ["Department of Justice", HEALTH.name]);
  assert.match(await cell(page, JUSTICE, "total").locator("strong").textContent(), /^\d+\.\d\d$/);
  assert.equal(await page.locator("#province-name").textContent(), "Phu Tho Province");
  assert.equal(await page.locator("#connection strong").textContent(), "Live");
  assert.equal(await cell(page, HEALTH, "name").locator("span").getAttribute("lang"), "vi", "a name without English is read as Vietnamese");
  assert.equal(new URL(page.url()).searchParams.get("lang"), "en");
  assert.deepEqual(troubles, []);
  await close();
});

test("when the server dies the page says so and keeps the figures; when it is back the page is live again", async () => {
  const { page, close } = await open("?kind=department");
  const total = await cell(page, JUSTICE, "total").textContent();
  const { port } = server;
  const resumed = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === "/api/v1/stream") resumed.push(searchParams.get("last_event_id"));
  });
  await server.kill();
  await waitForState(page, "reconnecting");
  assert.match(await page.locator("#connection").textContent(), /Đang nối lại.*mất kết nối từ \d\d:\d\d/s);
  await waitForState(page, "offline");
  assert.match(await page.locator("#connection").textContent(), /Mất kết nối.*không tới được máy chủ từ \d\d:\d\d/s);
  assert.match(await page.locator("#announcement").textContent(), /^Mất kết nối/);
  assert.equal(await cell(page, JUSTICE, "total").textContent(), total);

  server = await startServer(home, port);
  // What a server forgets across a crash its sources send again; what it kept counts once.
  await postEvents(server.url, founding);
  await waitForState(page, "live");
  await page.locator(`#table tr[data-code="${JUSTICE.code}"]`).waitFor();
  assert.equal(await page.locator("#connection strong").textContent(), "Trực tiếp");
  assert.match(resumed.at(-1) ?? "", /^[0-9a-f]+-[0-9a-f]{8}-\d+$/, "it asks for what came after the last message");
  await close();
});

test("the search finds an officer by a part of the id, and leads to their page", async () => {
  await postEvents(server.url, hire());
  const { page, troubles, close } = await open("?kind=department");
  await page.locator("#search").fill("cb0");
  const link = page.locator("#officers a");
  await link.waitFor();
  assert.equal(await link.textContent(), "CB01");
  assert.match(await link.getAttribute("href"), /^\/can-bo\/CB01/);
  await page.locator("#search").fill("tu phap");
  await page.waitForFunction(() => document.getElementById("officers").hidden);
  assert.equal(await page.locator(".account").isVisible(), false, "nobody is asked who they are here");
  assert.deepEqual(troubles, []);
  await close();
});
