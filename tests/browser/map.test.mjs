// The tile map in a real browser, of the demo's province: every commune has a tile, told by more than colour, reached by
// the keyboard, whole without a script. No fixed waits.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { AXE, SIZES, end, launch, look } from "./looking.mjs";

const WAIT_MAX_MS = 60_000;
const COMMUNES = 135;

let server;
let browser;

before(async () => {
  server = await startDemo();
  browser = await launch();
  // The story's past is read until every commune is there and has a grade.
  await until(async () => {
    const scores = await (await fetch(`${server.url}/api/v1/ranking`)).json().catch(() => ({}));
    return scores.rows?.filter((row) => row.kind === "commune" && row.total).length > COMMUNES / 2;
  });
});

after(() => end({ browser, server }));

async function startDemo() {
  const child = spawn(process.env.NHIP_BIN, ["demo", "--listen", "127.0.0.1:0", "--events", "30000", "--rate", "1"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the demo ended with ${code}`)));
  });
  const kill = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { url: line.match(/https?:\/\/\S+/)[0], kill };
}

async function until(isSo) {
  const last = Date.now() + WAIT_MAX_MS;
  while (!(await isSo())) {
    if (Date.now() > last) throw new Error("it did not come about in time");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const open = (path, options) => look(browser, server.url + path, WAIT_MAX_MS, options);

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const lang of ["vi", "en"]) {
    test(`the map is free of accessibility faults and every tile large enough on a ${size}, ${lang}`, async () => {
      const { page, troubles, close } = await open(`/ban-do?lang=${lang}`, { viewport, bypassCSP: true });
      await page.locator(".tiles a").first().waitFor();
      assert.equal(await page.locator(".tiles a").count(), COMMUNES, "each commune has a tile");
      assert.equal(await page.locator("#map-unplaced").count(), 0, "and nobody is left over");
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document));
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), []);
      // In one turn of the page: it puts new tiles in the place of the old ones when a figure changes.
      const boxes = await page.evaluate(() => [...document.querySelectorAll(".tiles a")]
        .map((link) => link.getBoundingClientRect()).map(({ x, y, width, height }) => ({ x, y, width, height })));
      const least = Math.min(...boxes.flatMap(({ width, height }) => [width, height]));
      assert.ok(least >= 24, `a tile is ${least} pixels`);
      assert.equal(new Set(boxes.map(({ x, y }) => `${Math.round(x)} ${Math.round(y)}`)).size, COMMUNES, "no two on one place");
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it is too wide");
      if (process.env.NHIP_PICTURES) await page.screenshot({ path: `${process.env.NHIP_PICTURES}/map-${size}-${lang}.png`, fullPage: true });
      assert.deepEqual(troubles, []);
      await close();
    });
  }
}

test("a tile says name, grade and total to whoever hears it, and the keyboard opens its agency", async () => {
  const { page, troubles, close } = await open("/ban-do");
  const tile = page.locator(".tiles li[data-code] a.step-1, .tiles li[data-code] a.step-2, .tiles li[data-code] a.step-3").first();
  await tile.waitFor();
  const told = (await tile.textContent()).replaceAll(/\s+/g, " ").trim();
  assert.match(told, /^(Xã|Phường) .+ (Xuất sắc|Tốt|Khá) \d+,\d\d$/);
  assert.equal(await tile.locator("svg.icon use").count(), 1, "a mark beside the colour");
  const name = await tile.locator("strong").textContent();
  await tile.focus();
  await page.keyboard.press("Enter");
  await page.locator("main h1", { hasText: name }).waitFor();
  assert.deepEqual(troubles, []);
  await close();
});

test("the table tells what the tiles tell, and the legend adds them up", async () => {
  const { page, close } = await open("/ban-do");
  await page.locator(".tiles a").first().waitFor();
  const told = await page.evaluate(() => {
    const text = (node) => node.textContent.replaceAll(/\s+/g, " ").trim();
    const tiles = [...document.querySelectorAll(".tiles li[data-code] a")].map((link) =>
      [text(link.querySelector("strong")), text(link.querySelector(".tile-total")), link.getAttribute("href")].join("|"));
    const rows = [...document.querySelectorAll('section[aria-labelledby="map-table"] tbody tr')].map((row) =>
      [text(row.querySelector("th")), text(row.children[2]), row.querySelector("a").getAttribute("href")].join("|"));
    const legend = [...document.querySelectorAll(".tile-legend li")].map((item) => Number(text(item).match(/\d+$/)[0]));
    return { tiles: tiles.sort(), rows: rows.sort(), legend };
  });
  assert.deepEqual(told.tiles, told.rows);
  assert.equal(told.legend.reduce((sum, count) => sum + count, 0), COMMUNES);
  await close();
});

test("tiles tell the points of the group that is chosen, as the API does", async () => {
  const { page, troubles, close } = await open("/ban-do?period=2026");
  const groups = page.locator(".kinds a");
  const { groups: known } = await (await fetch(`${server.url}/api/v1/ranking?period=2026`)).json();
  assert.equal(await groups.count(), known.length + 1, "the total and each group");
  const { id, vi } = known[1];
  await groups.nth(2).click();
  await page.locator(".kinds a[aria-current]", { hasText: vi }).waitFor();
  // Figures move: both are asked until they are of one moment.
  await until(async () => {
    await page.reload();
    const tiles = await page.evaluate(() => [...document.querySelectorAll(".tiles li[data-code]")].map((tile) =>
      [tile.dataset.code, tile.querySelector(".tile-total").textContent]));
    const { rows } = await (await fetch(`${server.url}/api/v1/ranking?period=2026`)).json();
    const told = new Map(rows.map((row) => [row.code, `${row.groups[id].points.replace(".", ",")} / ${row.groups[id].max}`]));
    const same = tiles.filter(([code, points]) => points === told.get(code));
    return same.length > COMMUNES / 2 && tiles.every(([code, points]) => points === "–" || points === told.get(code));
  });
  assert.deepEqual(troubles, []);
  await close();
});

test("it is whole without a script, and the ranking leads to it", async () => {
  const { page, close } = await open("/ban-do", { javaScriptEnabled: false });
  assert.equal(await page.locator(".tiles a").count(), COMMUNES);
  await close();
  const ranking = await open("/");
  await ranking.page.locator('a[data-page="/ban-do"]').click();
  await ranking.page.locator(".tiles a").first().waitFor();
  assert.deepEqual(ranking.troubles, []);
  await ranking.close();
});
