// Finds officers by a part of their id, for those who may see officers; for others nothing shows.
//
// It does not know which units are found: the ranking does that from what it has.

import { findOfficers } from "./api.js";
import { addressOfPage } from "./address.js";
import { element } from "./elements.js";
import { text } from "./words.js";

const LETTERS_MIN = 3;
const WAIT_MS = 250;

let timer = null;
let asked = "";

/** Shows in `place` the officers whose id has `typed` in it, once nobody types any more. */
export function showOfficers(place, typed, choice) {
  clearTimeout(timer);
  asked = typed.trim();
  if (asked.length < LETTERS_MIN || !/\d/.test(asked)) return show(place, []);
  timer = setTimeout(async () => {
    const wanted = asked;
    const found = await findOfficers(wanted, choice).catch(() => []);
    if (wanted === asked) show(place, found);
  }, WAIT_MS);
}

function show(place, found) {
  const links = found.flatMap(({ code }) => [" ", element("a", { href: addressOfPage(`/can-bo/${encodeURIComponent(code)}`) }, code)]);
  place.replaceChildren(...(links.length > 0 ? [text("officers_found"), ...links] : []));
  place.hidden = links.length === 0;
}
