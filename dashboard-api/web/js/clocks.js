// The two clocks: is the page connected, and what instant do the figures speak of.
// Shown every second; spoken by screen readers only when the state changes.

import { POLL_EVERY_MS, stateToShow } from "./connection.js";
import { ago, clock, clockWithSeconds, count, moment } from "./figures.js";
import { write } from "./elements.js";
import { text, textOfCount } from "./words.js";

const connectionLine = document.getElementById("connection");
const dataLine = document.getElementById("data-clock");
const stamp = document.getElementById("stamp");
const announcement = document.getElementById("announcement");

export function showClocks(report, head) {
  const state = stateToShow(report.state, head?.freshness);
  const detail = connectionDetail({ ...report, isRefusing: state !== report.state, state }, head);
  const hasChanged = connectionLine.dataset.state !== state;
  const [label, words] = [connectionLine.querySelector("strong"), connectionLine.querySelector("span")];
  write(label, text(`connection.${state}`));
  write(words, detail);
  if (hasChanged) {
    connectionLine.dataset.state = state;
    document.documentElement.dataset.connection = state;
    connectionLine.querySelector("use").setAttribute("href", `#state-${state}`);
    announcement.textContent = state === "live" ? text("connection.live") : `${text(`connection.${state}`)}: ${detail}`;
  }
  dataLine.hidden = head === null;
  stamp.hidden = head === null;
  if (head === null) return;
  write(dataLine, dataWords(report, head));
  write(stamp, text(head.provisional ? "provisional" : "closed"));
  stamp.title = head.provisional ? text("provisional_why") : "";
  stamp.dataset.provisional = head.provisional;
}

function connectionDetail({ state, isRefusing, arrivedAgo, lostAt, refusedWith }, head) {
  const values = {
    ago: arrivedAgo === null ? "" : ago(arrivedAgo),
    since: lostAt === null ? "" : clock(lostAt),
    as_of: head === null ? "–" : clockWithSeconds(head.as_of),
    seconds: POLL_EVERY_MS / 1000,
    status: refusedWith,
  };
  if (isRefusing) return text("connection.stale.intake", values);
  const key = state === "offline" && refusedWith !== null ? "refused" : "detail";
  return text(`connection.${state}.${key}`, values);
}

function dataWords({ asOfAgo }, { as_of, freshness }) {
  const words = [text("as_of", { as_of: moment(as_of) })];
  if (freshness.last_event_at === null) words.push(text("no_event_yet"));
  else words.push(lastEventWords(freshness.last_event_at, as_of, asOfAgo));
  words.push(textOfCount("applied", freshness.events_applied, count(freshness.events_applied)));
  if (freshness.events_rejected > 0) {
    words.push(textOfCount("rejected", freshness.events_rejected, count(freshness.events_rejected)));
  }
  return words.join(" · ");
}

/** The server's own clock, carried on by ours since `as_of` arrived. */
function lastEventWords(at, asOf, asOfAgo) {
  const seconds = (Date.parse(asOf) - Date.parse(at)) / 1000 + asOfAgo;
  const isRecent = seconds >= 0 && seconds < 12 * 3600;
  return isRecent ? text("last_event", { ago: ago(seconds) }) : text("last_event_at", { at: moment(at) });
}
