// The pages the server writes, in a real browser against the real server: reached from the ranking by links, each
// number as long as its list, alive while looked at, whole without a script. No fixed waits.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AXE, SIZES, end, launch, look } from "./looking.mjs";
import { HEALTH, JUSTICE, digitise, foundProvince, synchronise } from "./province.mjs";
import { makeHome, postEvents, startServer } from "./server.mjs";

const WAIT_MAX_MS = 20_000;

let home;
let server;
let browser;
let dossier;

before(async () => {
  home = await makeHome();
  server = await startServer(home);
  await postEvents(server.url, foundProvince());
  browser = await launch();
  const list = await (await fetch(`${server.url}/api/v1/lists?unit=${HEALTH.code}&indicator=1.4&part=missing`)).json();
  dossier = list.subjects[0];
});

after(() => end({ browser, server, home }));

const pages = () => ({
  agency: `/don-vi/${HEALTH.code}`,
  province: "/don-vi/H28",
  change: `/don-vi/${HEALTH.code}/thay-doi?from=2020-01-01`,
  loss: `/don-vi/${HEALTH.code}/diem-mat`,
  survey: `/don-vi/${HEALTH.code}/dau-hieu`,
  forecast: `/don-vi/${HEALTH.code}/neu?what=open`,
  indicator: "/chi-tieu/1.4",
  list: `/danh-sach?unit=${HEALTH.code}&count=received`,
  dossier: `/ho-so/${encodeURIComponent(dossier)}`,
  map: "/ban-do",
  public: "/cong-khai",
  operations: "/van-hanh",
});

const open = (path, options) => look(browser, server.url + path, WAIT_MAX_MS, options);

for (const [size, viewport] of Object.entries(SIZES)) {
  test(`every page is free of accessibility faults and never wider than a ${size}`, async () => {
    for (const [name, path] of Object.entries(pages())) {
      for (const lang of size === "desk" ? ["vi", "en"] : ["vi"]) {
        const address = path + (path.includes("?") ? "&" : "?") + `lang=${lang}`;
        const { page, troubles, close } = await open(address, { viewport, bypassCSP: true });
        await page.locator("main h1").waitFor();
        assert.equal(await page.locator("html").getAttribute("lang"), lang);
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), [], `${name} ${lang}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is too wide`);
        assert.deepEqual(troubles, [], name);
        await close();
      }
    }
  });
}

test("from the ranking to an agency, to the dossiers that cost its points, to one dossier's story", async () => {
  const { page, troubles, close } = await open("/?kind=department");
  await page.locator(`#table tr[data-code="${HEALTH.code}"] .c-name a`).click();
  await page.locator("main h1", { hasText: HEALTH.name }).waitFor();
  const row = page.locator('tr[data-indicator="1.4"]');
  const missing = await row.locator('[data-part="missing"]').textContent();
  assert.match(missing, /^12 chưa đạt$/);
  await row.locator('[data-part="missing"]').click();
  await page.locator("#count").waitFor();
  assert.equal(await page.locator("#count").getAttribute("data-count"), "12");
  assert.equal(await page.locator("tr[data-dossier]").count(), 12);
  const first = page.locator("tr[data-dossier] th a").first();
  const code = await first.textContent();
  await first.click();
  await page.locator("main h1", { hasText: code }).waitFor();
  assert.match(await page.locator(".timeline").textContent(), /dossier\.accepted/);
  assert.equal(await page.locator("details[open]").count(), 1, "the chosen period is open");
  assert.match(await page.locator("details[open] .unmet").first().textContent(), /1\.4/);
  await page.locator(".crumbs a", { hasText: HEALTH.name }).click();
  await page.locator("main h1", { hasText: HEALTH.name }).waitFor();
  assert.deepEqual(troubles, []);
  await close();
});

test("every number of an agency and of an indicator is as long as its list", async () => {
  const digits = (text) => Number(text.replaceAll(/\D/g, ""));
  for (const path of [`/don-vi/${JUSTICE.code}`, "/don-vi/H28", "/chi-tieu/1.4", "/chi-tieu/3.1"]) {
    const { page, close } = await open(path);
    const links = await page.locator("a[data-part], .workload a").evaluateAll((all) =>
      all.map((link) => ({ href: link.getAttribute("href"), text: link.textContent, reported: link.nextElementSibling?.textContent ?? "" })));
    assert.ok(links.length > 4, path);
    for (const { href, text, reported } of links.filter((link) => !link.reported.includes("báo cáo"))) {
      const listed = await (await fetch(server.url + href)).text();
      const count = Number(listed.match(/data-count="(\d+)"/)?.[1]);
      assert.equal(count, digits(text), `${href} from ${path} ${reported}`);
    }
    await close();
  }
});

test("points that are lost, changed, or to be had are parted exactly", async () => {
  const share = (text) => Math.round(Number(text.replace("−", "-").replace(",", ".")) * 10_000);
  for (const path of ["diem-mat", "thay-doi?from=2020-01-01", "neu?what=open"]) {
    const { page, troubles, close } = await open(`/don-vi/${HEALTH.code}/${path}`);
    const whole = share(await page.locator("#share").textContent());
    // Nothing is to be had by finishing what owes no digital result.
    assert.ok(whole !== 0 || path.startsWith("neu"), path);
    for (const parts of ["tr[data-indicator] .share", "tr[data-subject] .share"]) {
      const shares = await page.locator(parts).allTextContents();
      assert.ok(shares.length > 0 || path.startsWith("neu"), `${path} ${parts}`);
      assert.equal(shares.reduce((sum, text) => sum + share(text), 0), whole, `${path} ${parts}`);
    }
    if (path === "diem-mat") {
      const officers = await page.locator('section[aria-labelledby="loss-officers"] .share').allTextContents();
      assert.equal(officers.reduce((sum, text) => sum + share(text), 0), whole);
    }
    assert.deepEqual(troubles, []);
    await close();
  }
  const refused = await fetch(`${server.url}/don-vi/${HEALTH.code}/neu?by=2020-01-01`);
  assert.equal(refused.status, 400);
});

test("a page is brought up to date by itself, but not under the pointer", async () => {
  const { page, troubles, close } = await open(`/don-vi/${JUSTICE.code}`);
  const met = () => page.locator('tr[data-indicator="4.3"] [data-part="num"]').textContent();
  assert.equal(await met(), "0");
  await page.mouse.move(5, 5);
  await postEvents(server.url, digitise(JUSTICE.code, 3));
  await page.waitForFunction(() => document.querySelector('tr[data-indicator="4.3"] [data-part="num"]').textContent === "3");
  await page.locator('tr[data-indicator="4.3"]').hover();
  await postEvents(server.url, digitise(JUSTICE.code, 5));
  await page.locator("#update").waitFor();
  assert.equal(await met(), "3", "nothing moves under the pointer");
  await page.locator("#update").click();
  await page.waitForFunction(() => document.querySelector('tr[data-indicator="4.3"] [data-part="num"]').textContent === "5");
  assert.deepEqual(troubles, []);
  await close();
});

test("pages are whole without a script, and a period is chosen with a button", async () => {
  const { page, close } = await open("/cong-khai", { javaScriptEnabled: false });
  assert.equal(await page.locator("main table").count(), 3);
  assert.match(await page.locator("main").textContent(), /Sở Tư pháp/);
  assert.equal(await page.locator('main a[href*="ho-so"], main a[href*="can-bo"]').count(), 0, "no way to a dossier or an officer");
  const year = (await page.locator("select[name=period]").inputValue()).slice(0, 4);
  await page.locator("select[name=period]").selectOption(year);
  await page.locator(".pickers button").click();
  assert.equal(new URL(page.url()).searchParams.get("period"), year);
  assert.match(await page.locator(".footer").textContent(), new RegExp(`^\\s*Năm ${year} \\(`));
  await page.goto(`${server.url}/don-vi/${JUSTICE.code}`);
  assert.equal(await page.locator("tr[data-indicator]").count(), 21);
  await close();
});

test("a list is taken along whole, for programs and for a Vietnamese Excel", async () => {
  await postEvents(server.url, synchronise(HEALTH.code, 4));
  const address = `${server.url}/danh-sach.csv?unit=${HEALTH.code}&indicator=1.4&part=num`;
  const machine = await (await fetch(address)).text();
  const lines = machine.trimEnd().split("\r\n");
  assert.equal(lines[0], "dossier,procedure,agency,officer,accepted_at,due_at,ended_at,late,clock_stopped,working_seconds_left");
  assert.equal(lines.length, 5);
  const excel = new Uint8Array(await (await fetch(`${address}&form=excel-vi`)).arrayBuffer());
  assert.deepEqual([...excel.slice(0, 3)], [0xef, 0xbb, 0xbf], "Excel knows UTF-8 by this mark");
  assert.match(new TextDecoder().decode(excel), /^Hồ sơ;Thủ tục;/);
});

test("what is not there is said in words, with its status and a way back", async () => {
  for (const [path, status] of [
    ["/don-vi/khong-co", 404], ["/ho-so/khong-co", 404], ["/chi-tieu/9.9", 404], ["/danh-sach?unit=H28", 400],
    ["/don-vi/H28?period=hom-qua", 400], ["/danh-sach?unit=H28&indicator=1.4&part=x", 400],
    [`/danh-sach?unit=${HEALTH.code}&count=khong`, 404], ["/don-vi/H28?period=2099-01", 404],
  ]) {
    const answer = await fetch(server.url + path);
    const text = await answer.text();
    assert.equal(answer.status, status, path);
    assert.match(answer.headers.get("content-type"), /^text\/html/);
    assert.match(text, /href="\/"/, path);
    assert.doesNotMatch(text, /<script>alert/);
  }
  const planted = await (await fetch(`${server.url}/don-vi/${encodeURIComponent("<script>alert(1)</script>")}`)).text();
  assert.doesNotMatch(planted, /<script>alert/);
});
