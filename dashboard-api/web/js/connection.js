// Keeps figures coming: a live stream, a new one when it breaks, polling when streams fail again and again.
// Says honestly which of these holds. The client's wall clock is never trusted: ages are measured from the
// moment something arrived, by the monotonic clock.
//
// It does not know what the figures mean, nor show anything.

import { Refusal, fetchRanking, openStream } from "./api.js";

const SILENCE_MAX_MS = 15_000; // the server ticks every 5 s; three missing ticks are a dead stream
const STANDSTILL_MAX_MS = 60_000; // connected, but the instant the figures speak of no longer moves
const STREAM_FAILURES_BEFORE_POLLING = 3;
export const POLL_EVERY_MS = 15_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 10_000;

/** Facts → one of connecting, live, reconnecting, polling, stale, offline. */
export function decideState(facts, now) {
  if (facts.arrivedAt === null) return facts.isPolling ? "offline" : "connecting";
  const standsStill = now - facts.asOfMovedAt > STANDSTILL_MAX_MS;
  if (facts.isStreaming && now - facts.arrivedAt <= SILENCE_MAX_MS) return standsStill ? "stale" : "live";
  if (!facts.isPolling) return facts.isStreaming || facts.lostAt !== null ? "reconnecting" : "connecting";
  if (facts.pollFailure !== null) return "offline";
  return standsStill ? "stale" : "polling";
}

/** A server that can take nothing new keeps its clock going, but its figures are out of date. */
export function stateToShow(state, freshness) {
  const isFed = state === "live" || state === "polling";
  return isFed && freshness?.is_stale ? "stale" : state;
}

/**
 * Starts with a plain request, so that figures or the server's refusal show at once, then goes live.
 * `onRanking(data, {isWhole})`, `onTick(tick)`, `onRefusal(refusal)` for a choice the server does not have.
 */
export function connect(choice, { onRanking, onTick, onRefusal }) {
  const facts = {
    isStreaming: false,
    isPolling: false,
    arrivedAt: null,
    asOf: null,
    asOfMovedAt: null,
    pollFailure: null,
    lostAt: null,
  };
  let stream = null;
  let lastId = null; // of the last message shown: a new stream goes on after it
  let failures = 0;
  let retryTimer = null;
  let isClosed = false;

  function noteArrival(asOf) {
    const now = performance.now();
    facts.arrivedAt = now;
    facts.lostAt = null;
    if (asOf !== facts.asOf) {
      facts.asOf = asOf;
      facts.asOfMovedAt = now;
    }
  }

  function noteLoss() {
    facts.lostAt ??= Date.now();
  }

  function startStream() {
    clearTimeout(retryTimer);
    stream?.close();
    const opened = openStream(choice, lastId, {
      onRanking(data, id) {
        lastId = id;
        noteFrame(data.as_of);
        onRanking(data, { isWhole: data.is_whole });
      },
      onTick(tick, id) {
        lastId = id;
        noteFrame(tick.as_of);
        onTick(tick);
      },
      onError() {
        if (opened === stream) dropStream();
      },
    });
    stream = opened;
    stream.startedAt = performance.now();
  }

  function noteFrame(asOf) {
    noteArrival(asOf);
    facts.isStreaming = true;
    facts.isPolling = false;
    facts.pollFailure = null;
    failures = 0;
  }

  // The browser would reconnect by itself, but gives up for good on some errors and tells nobody its rhythm.
  function dropStream() {
    stream.close();
    stream = null;
    facts.isStreaming = false;
    failures += 1;
    noteLoss();
    if (failures >= STREAM_FAILURES_BEFORE_POLLING && !facts.isPolling) poll();
    const wait = Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_MAX_MS);
    // Spread out, or every screen of the province would knock in the same instant after a restart.
    retryTimer = setTimeout(startStream, wait * (0.75 + Math.random() / 2));
  }

  let pollTimer = null;
  async function poll() {
    clearTimeout(pollTimer);
    facts.isPolling = true;
    try {
      const data = await fetchRanking(choice);
      if (isClosed || !facts.isPolling) return;
      facts.pollFailure = null;
      noteArrival(data.as_of);
      onRanking(data, { isWhole: true });
    } catch (failure) {
      if (isClosed || !facts.isPolling) return;
      facts.pollFailure = failure;
      noteLoss();
    }
    pollTimer = setTimeout(() => facts.isPolling && poll(), POLL_EVERY_MS);
  }

  function watch() {
    if (isClosed) return;
    const now = performance.now();
    if (stream !== null && now - Math.max(facts.arrivedAt ?? 0, stream.startedAt) > SILENCE_MAX_MS) dropStream();
  }
  const watchTimer = setInterval(watch, 1_000);

  // A phone kills the streams of hidden pages without a word; look as soon as someone looks.
  function wake() {
    if (document.hidden) return;
    watch();
    if (stream === null) startStream();
  }
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);

  async function begin() {
    try {
      const data = await fetchRanking(choice);
      if (isClosed) return;
      noteArrival(data.as_of);
      onRanking(data, { isWhole: true });
    } catch (failure) {
      if (isClosed) return;
      if (failure instanceof Refusal && failure.status < 500) {
        close();
        return onRefusal(failure);
      }
      noteLoss();
    }
    startStream();
  }
  begin();

  function close() {
    isClosed = true;
    stream?.close();
    clearTimeout(retryTimer);
    clearTimeout(pollTimer);
    clearInterval(watchTimer);
    document.removeEventListener("visibilitychange", wake);
    window.removeEventListener("online", wake);
  }

  return {
    close,
    /** What the clocks show. Ages in seconds. */
    report() {
      watch();
      const now = performance.now();
      const refusal = facts.pollFailure instanceof Refusal ? facts.pollFailure : null;
      return {
        state: decideState(facts, now),
        arrivedAgo: facts.arrivedAt === null ? null : (now - facts.arrivedAt) / 1000,
        asOfAgo: facts.asOfMovedAt === null ? null : (now - facts.asOfMovedAt) / 1000,
        lostAt: facts.lostAt,
        refusedWith: refusal?.status ?? null,
      };
    },
  };
}
