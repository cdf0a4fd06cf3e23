// Reconciliation in a real browser: from a gap to the dossiers behind it, without a script, in both languages.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AXE, SIZES, end, launch, look, until } from "./looking.mjs";
import { HEALTH, JUSTICE, foundProvince } from "./province.mjs";
import { makeHome, postEvents, startServer } from "./server.mjs";

const WAIT_MAX_MS = 20_000;
const PICTURES = process.env.NHIP_PICTURES;
const HEADER = "snapshot,period,unit_code,unit_name,group,metric_code,numerator,denominator,ratio_pct,score,max_score";
const LIST = `import=thang-nay&unit=${HEALTH.code}&indicator=1.4&part=den&class=not_synced`;

let home;
let server;
let browser;

/** The portal has all of Justice and nothing of Health, whose dossiers were never synchronised. */
function published() {
  const now = new Date().toISOString();
  const month = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 7);
  const row = (unit, code, numerator, denominator, points) =>
    `${now},${month},${unit},x,g,${code},${numerator},${denominator},0,${points},6`;
  return [
    HEADER,
    row(JUSTICE.code, "DOSSIER_SYNC", 12, 12, 6),
    row(HEALTH.code, "DOSSIER_SYNC", 0, 0, 0),
    row(HEALTH.code, "ON_TIME", 0, 0, 0),
    row(JUSTICE.code, "ON_TIME", 11, 12, 18.33),
    row(JUSTICE.code, "SO_HOA_GIAY_TO_GIAI_QUYET", 0, 12, 1),
    "",
  ].join("\n");
}

before(async () => {
  home = await makeHome();
  server = await startServer(home, 0, ["--data", "data"]);
  await until("the server is ready", async () => (await fetch(`${server.url}/readyz`)).status === 200);
  await postEvents(server.url, foundProvince());
  const imported = await fetch(`${server.url}/api/v1/reconciliations/thang-nay`, { method: "POST", body: published() });
  assert.equal(imported.status, 200, await imported.text());
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
  browser = await launch();
});

after(() => end({ browser, server, home }));

const open = (path, options) => look(browser, server.url + path, WAIT_MAX_MS, options);

test("without a script somebody chooses the import and comes from a gap to its dossiers", async () => {
  const { page, close } = await open("/doi-soat", { javaScriptEnabled: false });
  await page.getByLabel("Tệp số liệu của Cổng").selectOption("thang-nay");
  await page.getByRole("button", { name: "Xem" }).click();
  assert.equal(await page.locator("#count").getAttribute("data-count"), "4", "Justice's 1.4 agrees");
  const row = page.locator("tr", { hasText: HEALTH.name }).filter({ hasText: "1.4" });
  await row.getByRole("link", { name: /Mẫu số −12/ }).click();
  assert.equal(await page.locator("#count").getAttribute("data-count"), "12");
  assert.match(await page.locator("main").innerText(), /Tổng: −12/);
  await page.getByRole("link", { name: `${HEALTH.code}-0`, exact: true }).click();
  await page.locator("main h1", { hasText: `${HEALTH.code}-0` }).waitFor();
  await close();
});

test("gaps are chosen by class: another rule, and what nothing explains", async () => {
  const { page, close } = await open("/doi-soat?import=thang-nay&class=rule&lang=en");
  assert.equal(await page.locator("#count").getAttribute("data-count"), "1");
  assert.match(await page.locator("tbody").innerText(), /4\.2/);
  await page.locator("select[name=class]").selectOption("unexplained");
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await page.locator("#count").getAttribute("data-count"), "1");
  assert.match(await page.locator("tbody").innerText(), /Unexplained: Numerator −1/);
  await close();
});

for (const [size, viewport] of Object.entries(SIZES)) {
  test(`the pages of reconciliation are free of accessibility faults and never wider than a ${size}`, async () => {
    for (const lang of ["vi", "en"]) {
      for (const path of ["/doi-soat?x", "/doi-soat?import=thang-nay", `/doi-soat/ho-so?${LIST}`]) {
        const { page, troubles, close } = await open(`${path}&lang=${lang}`, { viewport, bypassCSP: true });
        await page.locator("main h1").waitFor();
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), [], `${path} ${lang}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is too wide`);
        assert.deepEqual(troubles, [], path);
        const name = `${path.replaceAll(/[^a-z]+/g, "-")}-${size}-${lang}.png`;
        if (PICTURES) await page.screenshot({ path: join(PICTURES, name), fullPage: true });
        await close();
      }
    }
  });
}

test("who leads the province brings the portal's file from the page, and a wrong one is said", async () => {
  const seen = await open("/doi-soat");
  try {
    const { page } = seen;
    const bring = async (content) => {
      await page.click(".alert-act summary");
      await page.fill('.alert-act input[name="import"]', "tu-trang");
      await page.setInputFiles('.alert-act input[name="file"]', { name: "cong.csv", mimeType: "text/csv", buffer: Buffer.from(content) });
      await Promise.all([page.waitForNavigation(), page.click('.alert-act button[type="submit"]')]);
    };
    await bring(published().replace(",12,12,", ",twelve,12,"));
    assert.match(await page.textContent("body"), /line 2, column numerator|dòng 2/i);
    await page.goto(`${server.url}/doi-soat`);
    await bring(published());
    assert.match(page.url(), /\/doi-soat\?import=tu-trang/);
    assert.ok(Number(await page.getAttribute("#count", "data-count")) > 0, "gaps are listed");
  } finally {
    await seen.close();
  }
});
