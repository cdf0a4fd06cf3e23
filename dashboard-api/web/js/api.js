// The one place that talks to the server.

/** The server answered, but not with figures. */
export class Refusal extends Error {
  constructor({ status, statusText }, { title = statusText, title_vi = title, detail = "" } = {}) {
    super(title);
    this.status = status;
    this.title = { vi: title_vi, en: title };
    this.detail = detail;
  }
}

function rankingQuery({ period, set }) {
  const query = new URLSearchParams();
  if (period) query.set("period", period);
  if (set) query.set("set", set);
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

/** Opens the live stream. Its first `ranking` holds every row, later ones only rows that changed. */
export function openStream(choice, { onRanking, onTick, onError }) {
  const stream = new EventSource(`/api/v1/stream${rankingQuery(choice)}`);
  stream.addEventListener("ranking", (message) => onRanking(JSON.parse(message.data)));
  stream.addEventListener("tick", (message) => onTick(JSON.parse(message.data)));
  stream.addEventListener("error", onError);
  return stream;
}

export async function fetchWords(language) {
  const response = await fetch(`/assets/locale/${language}.json`);
  if (!response.ok) throw new Refusal(response);
  return response.json();
}
