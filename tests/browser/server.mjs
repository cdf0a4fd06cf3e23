// The server under test: `$NHIP_BIN serve` on a port of its own, ended by its own process only.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_MAX_MS = 30_000;

/** An empty working directory, in which a server keeps what it keeps across restarts. */
export const makeHome = () => mkdtemp(join(tmpdir(), "nhip-browser-"));
export const removeHome = (home) => rm(home, { recursive: true, force: true });

/** `more` are further arguments of `nhip serve`. */
export async function startServer(home, port = 0, more = []) {
  const binary = process.env.NHIP_BIN;
  if (!binary) throw new Error("NHIP_BIN must name the nhip binary");
  const child = spawn(binary, ["serve", "--listen", `127.0.0.1:${port}`, ...more], { cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk) => (complaints = (complaints + chunk).slice(-4_000)));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = await firstLine(child, () => complaints);
  return {
    url,
    port: Number(new URL(url).port),
    complaints: () => complaints,
    /** Like a power cut: nothing is said to the pages that watch. */
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function firstLine(child, complaints) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why}; it wrote: ${complaints()}`));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`the server did not listen within ${START_MAX_MS} ms`);
    }, START_MAX_MS);
    child.once("error", (error) => fail(`the server did not start: ${error.message}`));
    child.once("exit", (code) => fail(`the server ended with ${code}`));
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      const [, url] = line.match(/^listening on (https?:\/\/127\.0\.0\.1:\d+)$/) ?? [];
      if (url) resolve(url);
      else fail(`the server's first line is "${line}"`);
    });
  });
}

export async function postEvents(url, events) {
  const response = await fetch(`${url}/api/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify(events),
  });
  const answer = await response.json();
  if (response.status !== 202 || answer.rejected.length > 0) {
    throw new Error(`events refused with ${response.status}: ${JSON.stringify(answer)}`);
  }
}
