// What can be said of the page's parts without a browser: wording, size, and the decisions behind the screen.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { decideState, stateToShow } from "../../dashboard-api/web/js/connection.js";
import { hundredths } from "../../dashboard-api/web/js/figures.js";
import { Ranking, fold, movesNeeded, parseSort } from "../../dashboard-api/web/js/ranking.js";

const WEB = new URL("../../dashboard-api/web/", import.meta.url);
const PAGE_MAX_BYTES = 40_000;

const read = (path) => readFile(new URL(path, WEB), "utf8");
const scripts = (await readdir(new URL("js/", WEB))).map((name) => `js/${name}`);

test("both languages have the same words with the same blanks", async () => {
  const blanks = (words) => Object.entries(words).map(([key, pattern]) => [key, (pattern.match(/\{\w+\}/g) ?? []).sort()]).sort();
  assert.deepEqual(blanks(JSON.parse(await read("locale/en.json"))), blanks(JSON.parse(await read("locale/vi.json"))));
});

test("every word of the page exists and every word is used", async () => {
  const words = Object.keys(JSON.parse(await read("locale/vi.json")));
  const page = (await Promise.all(["index.html", ...scripts].map(read))).join("\n");
  for (const [, key] of page.matchAll(/data-(?:text|name)="([\w.]+)"|text\("([\w.]+)"/g)) {
    if (key) assert.ok(words.includes(key), `"${key}" has no wording`);
  }
  for (const key of words) {
    // Keys put together at run time are looked for by their beginning: `kind.${kind}`.
    const beginning = key.replace(/\.(one|other)$/, "");
    const isNamed = page.includes(`"${beginning}"`) || page.includes(`\`${beginning.split(".")[0]}.`);
    assert.ok(isNamed, `nothing shows "${key}"`);
  }
});

test("page, scripts, style and one language stay under 40 KB compressed", async () => {
  const parts = ["index.html", "style.css", "icon.svg", "locale/vi.json", ...scripts];
  const sizes = await Promise.all(parts.map(async (part) => gzipSync(await read(part)).length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(total < PAGE_MAX_BYTES, `${total} bytes`);
});

test("the connection is called what it is", () => {
  const now = 1_000_000;
  const seconds = (count) => now - count * 1_000;
  const check = (facts, state) => {
    const usual = { isStreaming: false, isPolling: false, arrivedAt: seconds(1), asOfMovedAt: seconds(1), pollFailure: null, lostAt: null };
    assert.equal(decideState({ ...usual, ...facts }, now), state, JSON.stringify(facts));
  };
  check({ arrivedAt: null }, "connecting");
  check({ arrivedAt: null, isPolling: true }, "offline");
  check({ isStreaming: true }, "live");
  check({ isStreaming: true, arrivedAt: seconds(15) }, "live");
  check({ isStreaming: true, arrivedAt: seconds(16) }, "reconnecting");
  check({ isStreaming: true, asOfMovedAt: seconds(61) }, "stale");
  check({}, "connecting");
  check({ lostAt: seconds(2) }, "reconnecting");
  check({ isPolling: true }, "polling");
  check({ isPolling: true, asOfMovedAt: seconds(61) }, "stale");
  check({ isPolling: true, pollFailure: new Error("refused") }, "offline");
});

test("figures of a server that can take nothing new are called out of date", () => {
  const [fed, refusing] = [{ is_stale: false }, { is_stale: true }];
  assert.equal(stateToShow("live", fed), "live");
  assert.equal(stateToShow("live", refusing), "stale");
  assert.equal(stateToShow("polling", refusing), "stale");
  assert.equal(stateToShow("offline", refusing), "offline", "a lost connection is the greater trouble");
  assert.equal(stateToShow("connecting", undefined), "connecting");
});

test("Vietnamese names are found without their diacritics", () => {
  assert.equal(fold("Xã Đà Bắc "), "xa da bac");
  assert.equal(fold("PHƯỜNG ĐƯỜNG"), "phuong duong");
});

test("only rows out of order count as moves", () => {
  assert.equal(movesNeeded(["a", "b", "c"], ["a", "b", "c"]), 0);
  assert.equal(movesNeeded(["a", "b", "c", "d"], ["d", "a", "b", "c"]), 1);
  assert.equal(movesNeeded(["a", "b", "c"], ["c", "b", "a"]), 2);
  assert.equal(movesNeeded(["a"], ["a", "b"]), 1);
});

test("an unknown column in the address falls back to the rank", () => {
  const groups = [{ id: "progress" }];
  assert.deepEqual(parseSort("-overdue", groups), { column: "overdue", isDescending: true });
  assert.deepEqual(parseSort("progress", groups), { column: "progress", isDescending: false });
  assert.deepEqual(parseSort("-nothing", groups), { column: "rank", isDescending: false });
});

test("points are compared in whole hundredths", () => {
  assert.equal(hundredths("68.61") - hundredths("68.59"), 2);
  assert.equal(hundredths("0.29"), 29);
});

test("a message with every row forgets units that are gone, one with changes does not", () => {
  const row = (code, total) => ({ code, total, rank: 1, kind: "commune", received: 20, groups: {} });
  const head = { period: "2026-11", set: { id: "portal-2026" }, as_of: "2026-11-22T10:00:00+07:00" };
  const ranking = new Ranking();
  ranking.take({ ...head, rows: [row("a", "50.00"), row("b", "40.00")] }, { isWhole: true });
  ranking.take({ ...head, rows: [row("a", "50.10")] }, { isWhole: false });
  assert.deepEqual([...ranking.rows.keys()], ["a", "b"]);
  assert.deepEqual(ranking.changeOf(ranking.rows.get("a")), { points: 10, places: 0 });
  ranking.take({ ...head, rows: [row("a", "50.10")] }, { isWhole: true });
  assert.deepEqual([...ranking.rows.keys()], ["a"]);
  assert.equal(ranking.changeOf(ranking.rows.get("a")).points, 10, "a reconnection is no new beginning");
});
