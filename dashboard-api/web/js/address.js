// The page's whole state is its address, so that any view can be sent in an e-mail and the back button works.
// Defaults are left out of the address.

import { LANGUAGES } from "./words.js";

const DEFAULTS = { period: "", set: "", kind: "", sort: "rank", q: "", lang: "vi", view: "" };

export function readAddress() {
  const query = new URLSearchParams(location.search);
  const state = {};
  for (const [name, ordinary] of Object.entries(DEFAULTS)) state[name] = query.get(name) ?? ordinary;
  if (!LANGUAGES.includes(state.lang)) state.lang = DEFAULTS.lang;
  return state;
}

export function addressOf(state) {
  const query = new URLSearchParams();
  for (const [name, ordinary] of Object.entries(DEFAULTS)) {
    if (state[name] !== ordinary) query.set(name, state[name]);
  }
  const written = query.toString();
  return written ? `?${written}` : location.pathname;
}

/** A new step in the history: another period, set, class or order. */
export const visit = (state) => history.pushState(null, "", addressOf(state));

/** The same step, refined: typing in the search box must not fill the history. */
export const refine = (state) => history.replaceState(null, "", addressOf(state));

/** Another page of the server, in the period, set and language of this one. */
export function addressOfPage(path, asked = {}) {
  const { period, set, lang } = readAddress();
  const query = new URLSearchParams(asked);
  if (period) query.set("period", period);
  if (set) query.set("set", set);
  if (lang !== DEFAULTS.lang) query.set("lang", lang);
  return query.size > 0 ? `${path}?${query}` : path;
}
