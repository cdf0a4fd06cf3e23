// Alerts where people meet them: on their page in a real browser, and as mail from a real SMTP server. No fixed waits.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { SMTPServer } from "smtp-server";
import { AXE, SIZES, end, launch, look, until } from "./looking.mjs";
import { HEALTH, foundProvince } from "./province.mjs";
import { makeHome, postEvents, startServer } from "./server.mjs";

const WAIT_MAX_MS = 20_000;
const RULES = `
[[rule]]
id = "overdue"
look_for = "overdue"
severity = "critical"
vi = "Hồ sơ quá hạn"
en = "Dossier overdue"
at_once = true
`;

let home;
let server;
let browser;
let mailbox;
const mails = [];

/** A mail server that takes what is signed in for, and remembers it. */
async function openMailbox() {
  const smtp = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ["STARTTLS"],
    onAuth: ({ username, password }, _session, done) =>
      username === "nhip" && password === "mật khẩu" ? done(null, { user: username }) : done(new Error("not known")),
    onData(stream, session, done) {
      let text = "";
      stream.on("data", (chunk) => (text += chunk));
      stream.on("end", () => {
        mails.push({ from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  smtp.listen(0, "127.0.0.1");
  await once(smtp.server, "listening");
  return smtp;
}

/** The header's words (RFC 2047) and the body, decoded. */
function read({ text }) {
  const [head, ...rest] = text.split("\r\n\r\n");
  const lines = head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  const header = (name) => lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim() ?? "";
  const bytes = (text) => Buffer.from(text.replaceAll("_", " ").replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), "latin1");
  const words = header("subject").replaceAll(/\?= +=\?/g, "?==?").replaceAll(/=\?utf-8\?([bq])\?(.*?)\?=/gi, (_, kind, word) =>
    (kind.toLowerCase() === "b" ? Buffer.from(word, "base64") : bytes(word)).toString("latin1"));
  const body = rest.join("\r\n\r\n");
  const encoding = header("content-transfer-encoding").toLowerCase();
  const plain = encoding === "base64" ? Buffer.from(body, "base64").toString()
    : encoding === "quoted-printable"
      ? Buffer.from(body.replaceAll(/=\r\n/g, "").replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), "latin1").toString()
      : body;
  return { id: header("message-id"), subject: Buffer.from(words, "latin1").toString(), body: plain };
}

const json = async (path) => (await fetch(server.url + path)).json();

const overdue = (code, unit) => ({
  specversion: "1.0", id: `late-${code}`, source: "/phu-tho/mot-cua", type: "dossier.accepted", subject: code,
  time: new Date(Date.now() - 60_000).toISOString(),
  data: { procedure: "1.000001", agency: unit, officer: "CB01", fee_vnd: 0, due_at: new Date(Date.now() + 1_000).toISOString() },
});

before(async () => {
  home = await makeHome();
  mailbox = await openMailbox();
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "rules.toml"), RULES);
  await writeFile(join(home, "password"), "mật khẩu\n");
  await writeFile(join(home, "settings.toml"), `
[alerts]
rules = "rules.toml"
link_base = "https://nhip.example.vn"
[[alerts.channels]]
name = "thu-dien-tu"
kind = "smtp"
host = "127.0.0.1"
port = ${mailbox.server.address().port}
tls = "none"
user = "nhip"
password_file = "password"
from = "Nhịp <nhip@example.vn>"
to = ["An <an@example.vn>", "binh@example.vn"]
`);
  server = await startServer(home, 0, ["--data", "data", "--settings", "settings.toml"]);
  await until("the server is ready", async () => (await fetch(`${server.url}/readyz`)).status === 200);
  await postEvents(server.url, foundProvince());
  await until("everything was looked at", async () => (await json("/api/v1/health")).alerts.is_looking === false);
  await postEvents(server.url, [overdue("QH-1", HEALTH.code), overdue("QH-2", HEALTH.code), overdue("QH-3", HEALTH.code)]);
  await until("three alerts fire", async () => (await json("/api/v1/alerts")).count === 3);
  browser = await launch();
});

after(async () => {
  mailbox?.close();
  await end({ browser, server, home });
});

const open = (path, options) => look(browser, server.url + path, WAIT_MAX_MS, options);

test("one mail tells of all three, in Vietnamese and English, under an id of its own", async () => {
  await until("a mail is there", () => mails.length > 0);
  assert.equal(mails.length, 1);
  const { id, subject, body } = read(mails[0]);
  assert.deepEqual([mails[0].from, mails[0].to], ["nhip@example.vn", ["an@example.vn", "binh@example.vn"]]);
  assert.match(id, /^<[0-9a-f]{16}@example\.vn>$/);
  assert.equal(subject, `[Nhịp] Hồ sơ quá hạn: 3 – ${HEALTH.name}`);
  for (const words of ["Đơn vị: Sở Y tế", "QH-1", "QH-3", "Dossier overdue", "https://nhip.example.vn/ho-so/QH-2"]) {
    assert.ok(body.includes(words), `${words} in ${body}`);
  }
  const { channels, attempts } = (await json("/api/v1/health")).alerts;
  assert.deepEqual([channels[0].is_dead, attempts[0].outcome, attempts[0].subject], [false, "delivered", subject]);
});

for (const [size, viewport] of Object.entries(SIZES)) {
  test(`the page of alerts is free of accessibility faults and never wider than a ${size}`, async () => {
    for (const lang of ["vi", "en"]) {
      for (const path of ["/canh-bao", "/van-hanh"]) {
        const { page, troubles, close } = await open(`${path}?lang=${lang}`, { viewport, bypassCSP: true });
        await page.locator("main h1").waitFor();
        for (const summary of await page.locator(".alert-act summary").all()) await summary.click();
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), [], `${path} ${lang}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is too wide`);
        assert.deepEqual(troubles, [], path);
        await close();
      }
    }
  });
}

test("an alert is acknowledged by keyboard and stays so after a kill of the server", async () => {
  const { page, close } = await open(`/canh-bao?unit=${HEALTH.code}`);
  const alert = page.locator("[data-alert]", { hasText: "QH-1" });
  await alert.locator("summary").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Trần Bình");
  await page.keyboard.press("Enter");
  await page.locator("[data-alert][data-state=acknowledged]", { hasText: "Trần Bình" }).waitFor();
  assert.ok(page.url().endsWith(`/canh-bao?unit=${HEALTH.code}`), "what was chosen is kept");
  await close();
  const { port } = server;
  await server.kill();
  server = await startServer(home, port, ["--data", "data", "--settings", "settings.toml"]);
  await until("the server is ready", async () => (await fetch(`${server.url}/readyz`)).status === 200);
  await until("everything was looked at", async () => (await json("/api/v1/health")).alerts.is_looking === false);
  const { count, alerts } = await json("/api/v1/alerts?state=acknowledged");
  assert.deepEqual([count, alerts[0].subject, alerts[0].by], [1, "QH-1", "Trần Bình"]);
  assert.equal(mails.length, 1, "and nobody is told again");
});

test("without a script an alert is put off with a reason, and leads to its dossier", async () => {
  const { page, close } = await open("/canh-bao?state=firing&lang=en", { javaScriptEnabled: false });
  const alert = page.locator("[data-alert]", { hasText: "QH-2" });
  await alert.locator("summary").click();
  const form = alert.locator("form").nth(1);
  await form.locator("[name=by]").fill("An");
  await form.locator("[name=reason]").fill("waiting for the meeting");
  await form.getByRole("button", { name: "Snooze" }).click();
  await page.goto(`${server.url}/canh-bao?state=snoozed&lang=en`);
  const snoozed = page.locator("[data-alert]");
  assert.equal(await snoozed.count(), 1);
  assert.match(await snoozed.innerText(), /waiting for the meeting/);
  await snoozed.getByRole("link", { name: "QH-2" }).click();
  await page.locator("main h1", { hasText: "QH-2" }).waitFor();
  await close();
});
