// Signing in, in a real browser at a real OpenID provider, and at one that lies: what is forged lets nobody in.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { CLIENT, freePort, startLiar, startProvider } from "./providers.mjs";
import { makeHome, removeHome, startServer } from "./server.mjs";

const WAIT_MAX_MS = 20_000;
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const started = [];

let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: QUIET });
});

after(async () => {
  await browser?.close();
  for (const end of started.reverse()) await end();
});

/** A server that lets in who the provider at `issuer` tells of. */
async function startNhip(port, issuer) {
  const home = await makeHome();
  started.push(() => removeHome(home));
  const [secret, settings] = [join(home, "secret"), join(home, "settings.toml")];
  await writeFile(secret, `${CLIENT.secret}\n`, { mode: 0o600 });
  await writeFile(settings, `
[access]
public_url = "http://127.0.0.1:${port}"
[access.oidc]
issuer = "${issuer}"
client_id = "${CLIENT.id}"
client_secret_file = "${secret}"
[[access.grants]]
claim = "roles"
value = "nhip-lanh-dao"
role = "leader"
[[access.grants]]
claim = "roles"
value = "nhip-thu-truong"
role = "agency_head"
units_claim = "units"
`);
  const server = await startServer(home, port, ["--data", join(home, "data"), "--settings", settings]);
  started.push(() => server.kill());
  for (const begun = Date.now(); (await fetch(`${server.url}/readyz`)).status !== 200; ) {
    assert.ok(Date.now() - begun < WAIT_MAX_MS, "it is ready at last");
  }
  return server;
}

let real;

async function withRealProvider() {
  if (!real) {
    const port = await freePort();
    const provider = await startProvider(`http://127.0.0.1:${port}`);
    started.push(provider.stop);
    real = { provider, server: await startNhip(port, provider.issuer) };
  }
  return real;
}

async function signIn(page, account) {
  await page.locator('a[href^="/dang-nhap/oidc"]').click();
  await page.locator('input[name="login"]').fill(account);
  await page.locator('input[name="password"]').fill("x");
  await page.locator('button[type="submit"]').click();
  // The provider asks whether we may know.
  await page.locator('button[type="submit"]').click();
}

async function openPage(path, options = {}) {
  const { server } = await withRealProvider();
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MAX_MS);
  await page.goto(server.url + path);
  return { page, server, close: () => context.close() };
}

test("who has a role is led through the provider to the page they asked for, and out by it", async () => {
  const { page, server, close } = await openPage("/chi-tieu/2.1?lang=en");
  assert.equal(new URL(page.url()).pathname, "/dang-nhap");
  await signIn(page, "lanhdao");
  await page.waitForURL(`${server.url}/chi-tieu/2.1?lang=en`);
  await page.goto(`${server.url}/?lang=en`);
  await page.getByRole("link", { name: "Account" }).click();
  assert.match(await page.locator("main").textContent(), /oidc:lanhdao/);
  const cookies = await page.context().cookies(server.url);
  const session = cookies.find((cookie) => cookie.name === "nhip");
  assert.ok(session.httpOnly && session.sameSite === "Lax");
  assert.equal(await page.evaluate(() => document.cookie), "", "no script sees a cookie");
  // At the provider they sign out everywhere; it tells us without the browser.
  await page.goto(`${real.provider.issuer}/session/end`);
  await page.locator('button[name="logout"], button[value="yes"], button[type="submit"]').first().click();
  await page.waitForLoadState();
  for (const begun = Date.now(); ; ) {
    const answer = await page.request.get(`${server.url}/api/v1/ranking`);
    if (answer.status() === 401) break;
    assert.ok(Date.now() - begun < WAIT_MAX_MS, `the session goes on: ${answer.status()} ${server.complaints()}`);
  }
  await close();
});

test("claims say which units are whose, and whoever has no role stays outside", async () => {
  const head = await openPage("/dang-nhap");
  await signIn(head.page, "thutruong");
  await head.page.waitForURL(`${head.server.url}/`);
  const status = async (path) => (await head.page.request.get(head.server.url + path)).status();
  assert.deepEqual([await status("/api/v1/ranking"), await status("/api/v1/rejects"), await status("/ho-so/X")], [200, 403, 403]);
  await head.page.goto(`${head.server.url}/dang-nhap?lang=en`);
  assert.match(await head.page.locator("main").textContent(), /head of agency/);
  await head.page.locator('form[action="/dang-xuat"] button').click();
  await head.page.waitForURL(`${head.server.url}/dang-nhap?there=out`);
  assert.equal(await status("/api/v1/ranking"), 401);
  // The provider's own session goes on until they end it there; then it asks who they are again.
  await head.page.locator("main .notice a").click();
  await head.page.locator('button[value="yes"], button[type="submit"]').first().click();
  await head.page.waitForURL(`${head.server.url}/dang-nhap`);
  assert.equal(await head.page.locator("main .notice").count(), 0);
  await head.page.locator('a[href^="/dang-nhap/oidc"]').click();
  await head.page.locator('input[name="login"]').waitFor();
  await head.close();
  const guest = await openPage("/dang-nhap");
  await signIn(guest.page, "khach");
  await guest.page.locator('[role="alert"]').waitFor();
  assert.match(await guest.page.locator('[role="alert"]').textContent(), /chưa được giao vai trò/);
  assert.equal((await guest.page.request.get(`${guest.server.url}/api/v1/ranking`)).status(), 401);
  await guest.close();
});

test("the door is for everybody: without a script, by keyboard, on a phone", async () => {
  const { page, close } = await openPage("/dang-nhap", { bypassCSP: true });
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(found.violations.map((violation) => violation.id), []);
  assert.equal(await page.locator("script").count(), 0);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `${width} pixels wide`);
  await close();
});

/** Asks by TLS; the status and headers. */
const askByTls = (url, path, ca) =>
  new Promise((resolve, reject) => {
    get(`${url}${path}`, { ca, agent: false }, (answer) => answer.resume().on("end", () => resolve(answer))).on("error", reject);
  });

test("by TLS of its own: who knows the certificate gets an answer, who speaks plainly gets none", async () => {
  const [port, folder] = [await freePort(), new URL("../acceptance/access/", import.meta.url).pathname];
  const home = await makeHome();
  started.push(() => removeHome(home));
  const settings = join(home, "settings.toml");
  await writeFile(settings, `
[access]
public_url = "https://localhost:${port}"
[access.tls]
certificate_file = "${folder}server.pem"
key_file = "${folder}server.key"
`);
  const server = await startServer(home, port, ["--data", join(home, "data"), "--settings", settings]);
  started.push(() => server.kill());
  assert.equal(server.url, `https://127.0.0.1:${port}`);
  const certificate = await readFile(`${folder}server.pem`);
  const answer = await askByTls(server.url, "/livez", certificate);
  assert.equal(answer.statusCode, 200);
  assert.match(answer.headers["strict-transport-security"], /max-age=\d+/);
  assert.match(answer.socket.getProtocol(), /TLSv1\.[23]/);
  await assert.rejects(askByTls(server.url, "/livez"), /self-signed|unable to verify/, "a stranger's certificate is refused by whoever asks");
  await assert.rejects(fetch(`http://127.0.0.1:${port}/livez`), "plainly there is no answer");
  assert.equal((await askByTls(server.url, "/api/v1/ranking", certificate)).statusCode, 401, "and it goes on");
});

const cookieOf = (answer, name) =>
  answer.headers.getSetCookie().map((line) => line.split(";")[0]).find((pair) => pair.startsWith(`${name}=`) && pair.length > name.length + 1);

/** The way to the liar: what the browser would carry back. */
async function begin(server, liar) {
  const away = await fetch(`${server.url}/dang-nhap/oidc?there=/van-hanh`, { redirect: "manual" });
  assert.equal(away.status, 303, server.complaints());
  const asked = new URL(away.headers.get("location"));
  assert.equal(asked.origin, liar.issuer);
  assert.equal(asked.searchParams.get("code_challenge_method"), "S256");
  liar.asked = asked.searchParams;
  return { entry: cookieOf(away, "nhip-entry"), state: asked.searchParams.get("state") };
}

const arrive = (server, { entry, state }, also = "") =>
  fetch(`${server.url}/dang-nhap/ve?code=c&state=${state}${also}`, { redirect: "manual", headers: entry ? { cookie: entry } : {} });

test("what is forged, old, for others or for nobody lets nobody in", async () => {
  const [port, liar] = [await freePort(), await startLiar()];
  started.push(liar.stop);
  const server = await startNhip(port, liar.issuer);
  const past = Math.floor(Date.now() / 1000) - 120;
  for (const [what, lie, status] of [
    ["a good token", {}, 303],
    ["an unsigned one", { how: "none" }, 403],
    ["one signed by another key", { how: "another key" }, 403],
    ["one signed with the public key as a secret", { how: "public key as secret" }, 403],
    ["one whose signature was cut off", { how: "cut" }, 403],
    ["one that was edited", { how: "edited" }, 403],
    ["an expired one", { claims: { exp: past } }, 403],
    ["one without an end", { claims: { exp: undefined } }, 403],
    ["one for another", { claims: { aud: "other" } }, 403],
    ["one for several, made for another", { claims: { aud: ["nhip", "other"], azp: "other" } }, 403],
    ["one by another", { claims: { iss: "https://evil.example" } }, 403],
    ["one of another sign-in", { claims: { nonce: "other" } }, 403],
    ["one of no sign-in", { claims: { nonce: undefined } }, 403],
    ["one from tomorrow", { claims: { iat: past + 86_400 } }, 403],
    ["one without a role", { claims: { roles: [] } }, 403],
  ]) {
    liar.lie = lie;
    const answer = await arrive(server, await begin(server, liar));
    assert.equal(answer.status, status, `${what}: ${server.complaints()}`);
    const session = cookieOf(answer, "nhip");
    assert.equal(session !== undefined, status === 303, what);
    if (session) assert.equal((await fetch(`${server.url}/api/v1/ranking`, { headers: { cookie: session } })).status, 200);
  }
  liar.lie = {};
  assert.equal(liar.verified, 15, "each code came with its verifier");
  const way = await begin(server, liar);
  assert.equal((await arrive(server, { ...way, entry: undefined })).status, 403, "another browser");
  const again = await begin(server, liar);
  assert.equal((await arrive(server, again)).status, 303);
  assert.equal((await arrive(server, again)).status, 403, "a way is come back by once");
  const mixed = await begin(server, liar);
  assert.equal((await arrive(server, mixed, `&iss=${encodeURIComponent("https://evil.example")}`)).status, 403, "another provider");
  assert.equal((await arrive(server, { entry: mixed.entry, state: "made-up" })).status, 403);
  assert.doesNotMatch(server.complaints(), new RegExp(CLIENT.secret), "no secret in what the server says");
});

test("sessions are ended by what the provider signed and by nothing else", async () => {
  const [port, liar] = [await freePort(), await startLiar()];
  started.push(liar.stop);
  const server = await startNhip(port, liar.issuer);
  liar.lie = { claims: { sid: "s1" } };
  const session = cookieOf(await arrive(server, await begin(server, liar)), "nhip");
  const isIn = async () => (await fetch(`${server.url}/api/v1/ranking`, { headers: { cookie: session } })).status === 200;
  const end = async (token) =>
    (await fetch(`${server.url}/dang-xuat/nguon`, { method: "POST", body: new URLSearchParams({ logout_token: token }) })).status;
  const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: liar.issuer, aud: CLIENT.id, iat: now, jti: "j", events, sid: "s1", sub: "lanhdao" };
  for (const wrong of [
    { ...claims, aud: "other" }, { ...claims, events: {} }, { ...claims, nonce: "n" }, { ...claims, iat: now - 3600 },
    { ...claims, sid: undefined, sub: undefined }, { ...claims, iss: "https://evil.example" },
  ]) {
    assert.equal(await end(await liar.sign(JSON.parse(JSON.stringify(wrong)))), 400, JSON.stringify(wrong));
  }
  assert.equal(await end("x.y.z"), 400);
  assert.equal(await end(await liar.sign({ ...claims, sid: "s2" })), 200, "another session of theirs");
  assert.ok(await isIn());
  assert.equal(await end(await liar.sign(claims)), 200);
  assert.ok(!(await isIn()), "it has ended");
});
