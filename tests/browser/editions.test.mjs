// An edition where people meet it: a unit objects, two decide, the recount is seen, it is approved and published. In a
// real browser; no fixed waits.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AXE, SIZES, end, launch, look, until } from "./looking.mjs";
import { HEALTH, foundProvince } from "./province.mjs";
import { makeHome, postEvents, startServer } from "./server.mjs";

const WAIT_MAX_MS = 60_000;
/** Long enough to object and decide on a slow machine; approval waits for its end. */
const OBJECTION_MS = 30_000;

/** The month before this one, at +07:00, and an instant of one of its days. */
const now = new Date(Date.now() + 7 * 3_600_000);
const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1));
const MONTH = first.toISOString().slice(0, 7);
const day = (number, clock) => `${MONTH}-${String(number).padStart(2, "0")}T${clock}:00+07:00`;

/** Fifteen dossiers of one unit; the first three are late. */
const lateEvents = Array.from({ length: 15 }, (_, place) => place + 1).flatMap((number) => {
  const code = `KY-${number}`;
  const event = (type, time, data) => ({
    specversion: "1.0", id: `${type}-${code}`, source: "/phu-tho/mot-cua", type, subject: code, time, data,
  });
  const accepted = { procedure: "1.000001", agency: HEALTH.code, officer: "CB01", fee_vnd: 0, due_at: day(number < 4 ? 4 : 20, "17:30") };
  return [
    event("dossier.accepted", day(2, "08:00"), accepted),
    event("dossier.processed", day(9, "10:00"), { outcome: "granted", result_digital: true }),
  ];
});

let home;
let server;
let browser;

const json = async (path) => (await fetch(server.url + path)).json();

async function post(path, body) {
  const answer = await fetch(server.url + path, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}

before(async () => {
  home = await makeHome();
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "settings.toml"), "[editions]\nrepeated_from = 2\n");
  server = await startServer(home, 0, ["--data", "data", "--settings", "settings.toml"]);
  await until("the server is ready", async () => (await fetch(`${server.url}/readyz`)).status === 200);
  await postEvents(server.url, [...foundProvince(), ...lateEvents]);
  browser = await launch();
});

after(() => end({ browser, server, home }));

const open = (path, options) => look(browser, server.url + path, WAIT_MAX_MS, options);

/** No accessibility faults, never wider than the screen, no complaints. */
async function isGood(path) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const lang of ["vi", "en"]) {
      const { page, troubles, close } = await open(`${path}?lang=${lang}`, { viewport, bypassCSP: true });
      await page.locator("main h1").waitFor();
      for (const summary of await page.locator(".acts summary").all()) await summary.click();
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document));
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), [], `${path} ${lang} ${size}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is too wide for a ${size}`);
      assert.deepEqual(troubles, [], path);
      if (process.env.NHIP_SCREENSHOTS) {
        const name = `${path.replaceAll("/", "_")}-${lang}-${size}.png`;
        await page.screenshot({ path: join(process.env.NHIP_SCREENSHOTS, name), fullPage: true });
      }
      await close();
    }
  }
}

test("a unit objects, two decide, the recount is shown, the result is approved and published", async () => {
  const before = await json("/api/v1/editions");
  assert.ok(before.due.some(({ period }) => period === MONTH), "the month is due to be closed");
  await isGood("/an-ban");
  const end = new Date(Date.now() + OBJECTION_MS).toISOString();
  await post("/api/v1/editions", { by: "Văn phòng", period: MONTH, objections_until: end });

  const { page, troubles, close } = await open(`/an-ban/${MONTH}`);
  const dossier = page.locator("[data-dossier=KY-1]");
  await dossier.locator("summary").focus();
  await page.keyboard.press("Enter");
  await dossier.locator("[name=by]").fill("Sở Y tế");
  await dossier.locator("[name=reason]").selectOption("outage");
  await dossier.locator("[name=text]").fill("mất mạng hai ngày");
  await dossier.getByRole("button").click();
  const objection = page.locator("[data-objection='1']");
  await objection.filter({ hasText: "mất mạng hai ngày" }).waitFor();
  assert.equal(await objection.getAttribute("data-outcome"), "open");

  const decide = async (by) => {
    await objection.locator("[name=by]").fill(by);
    await objection.locator("[name=why]").fill("có biên bản");
    await objection.getByRole("button").click();
  };
  await decide("Nguyễn An");
  await page.locator("[data-objection='1'][data-outcome=second]").waitFor();
  await decide("Nguyễn An");
  await page.getByText("hai người khác nhau cùng quyết định").waitFor();
  await page.goto(`${server.url}/an-ban/${MONTH}`);
  await decide("Trần Bình");
  await page.locator("[data-objection='1'][data-outcome=accepted]").waitFor();
  const changes = await page.locator("#changes").innerText();
  assert.match(changes, /Sở Y tế\s+2\.1\s+portal-2026\s+12\/15 · 16,00\s+13\/15 · 17,33/, changes);
  assert.equal(await page.locator("[data-dossier=KY-1]").count(), 0, "it is not among the delayed any more");
  assert.equal((await fetch(`${server.url}/ky/${MONTH}`)).status, 404, "nothing is public yet");

  await until("units have had their time", async () => {
    await page.goto(`${server.url}/an-ban/${MONTH}`);
    return (await page.locator("#approve").count()) === 1;
  });
  await isGood(`/an-ban/${MONTH}`);
  await page.locator("#approve [name=by]").fill("Chủ tịch");
  await page.locator("#approve button").click();
  await page.locator("#publish [name=by]").fill("Chủ tịch");
  await page.locator("#publish button").click();
  await page.locator("#state[data-state=published]").waitFor();
  assert.deepEqual(troubles.filter((trouble) => !trouble.includes("409")), []);
  await close();
});

test("what is published is for everybody, names no dossier and no officer, and says when it would differ", async () => {
  const { page, close } = await open(`/ky/${MONTH}`, { javaScriptEnabled: false });
  const text = await page.locator("main").innerText();
  assert.ok(text.includes(HEALTH.name), text);
  for (const word of ["KY-2", "CB01"]) assert.ok(!text.includes(word), `${word} is nobody's to see`);
  await close();
  await postEvents(server.url, [{
    specversion: "1.0", id: "den-muon", source: "/phu-tho/mot-cua", type: "dossier.processed", subject: "KY-2",
    time: day(3, "10:00"), data: { outcome: "granted", result_digital: true },
  }]);
  const differing = await open(`/an-ban/${MONTH}/khac-biet`);
  await until("the late event makes a difference", async () => {
    await differing.page.reload();
    return (await differing.page.locator("[data-cause=KY-2]").count()) === 1;
  });
  await differing.close();
  for (const path of [`/an-ban/${MONTH}/khac-biet`, "/ky", `/ky/${MONTH}`, "/an-ban"]) await isGood(path);
});
