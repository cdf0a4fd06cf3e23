// The one place that talks to the server.

/** The server answered, but not with figures. */
export class Refusal extends Error {
  constructor({ status, statusText }, { title_en = statusText, title_vi = title_en, detail_en = "", detail_vi = detail_en } = {}) {
    super(title_en);
    this.status = status;
    this.title = { vi: title_vi, en: title_en };
    this.detail = { vi: detail_vi, en: detail_en };
  }
}

function rankingQuery({ period, set, last_event_id }) {
  const query = new URLSearchParams();
  if (period) query.set("period", period);
  if (set) query.set("set", set);
  if (last_event_id) query.set("last_event_id", last_event_id);
  const written = query.toString();
  return written && `?${written}`;
}

export async function fetchRanking(choice) {
  const response = await fetch(`/api/v1/ranking${rankingQuery(choice)}`, {
    cache: "no-cache",
    signal: AbortSignal.timeout(10_000),
  });
  if (response.ok) return response.json();
  // A problem+json body says what is wrong; a proxy's page in its place says nothing worth showing.
  throw new Refusal(response, await response.json().catch(() => undefined));
}

/** The officers whose id has these letters in it: a few of those whom the viewer may see. */
export async function findOfficers(find, { period, set }) {
  const query = new URLSearchParams({ by: "officer", limit: "8", find });
  if (period) query.set("period", period);
  if (set) query.set("set", set);
  const response = await fetch(`/api/v1/scores?${query}`);
  return response.ok ? (await response.json()).units : [];
}

/**
 * Opens the live stream, after the message with `lastId` if there was one. A `ranking` that `is_whole` holds every row,
 * any other only rows that changed.
 */
export function openStream(choice, lastId, { onRanking, onTick, onError }) {
  const stream = new EventSource(`/api/v1/stream${rankingQuery({ ...choice, last_event_id: lastId })}`);
  stream.addEventListener("ranking", (message) => onRanking(JSON.parse(message.data), message.lastEventId));
  stream.addEventListener("tick", (message) => onTick(JSON.parse(message.data), message.lastEventId));
  stream.addEventListener("error", onError);
  return stream;
}

export async function fetchWords(language) {
  const response = await fetch(`/assets/locale/${language}.json`);
  if (!response.ok) throw new Refusal(response);
  return response.json();
}
