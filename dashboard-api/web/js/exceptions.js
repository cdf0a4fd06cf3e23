// What to act on now, before any ranking: the units with most overdue, with most due soon, and those that lost most
// since the day began. Each leads to the dossiers behind it, or to why the points changed.

import { addressOfPage } from "./address.js";
import { count, signed } from "./figures.js";
import { element } from "./elements.js";
import { nameLanguage, openedAt, unitName } from "./headline.js";
import { text } from "./words.js";

const SHOWN_MAX = 5;

const section = document.getElementById("exceptions");

export function showExceptions(ranking) {
  const units = [...ranking.rows.values()].filter((row) => row.kind !== "province");
  section.hidden = units.length === 0;
  const change = (row) => ranking.changeOf(row).points;
  const lists = [
    list("overdue", text("exceptions.overdue"), units, (row) => row.overdue ?? 0, countLink("overdue")),
    list("due_soon", text("exceptions.due_soon"), units, (row) => row.due_soon ?? 0, countLink("due_soon")),
    list("fell", text("exceptions.fell", { at: openedAt(ranking) }), units, (row) => -change(row), (row) =>
      element("a", { href: addressOfPage(`/don-vi/${encodeURIComponent(row.code)}/thay-doi`) }, signed(change(row)))),
  ];
  const key = lists.map((built) => built.textContent).join("|") + location.search;
  // Drawn anew only when it says something else, and never under the reader's focus.
  if (section.dataset.key === key || section.contains(document.activeElement)) return;
  section.dataset.key = key;
  section.replaceChildren(element("h2", { id: "exceptions-title", class: "visually-hidden" }, text("exceptions")), ...lists);
}

const countLink = (id) => (row) =>
  element("a", { href: addressOfPage("/danh-sach", { unit: row.code, count: id }) }, count(row[id]));

function list(id, title, units, size, link) {
  const worst = units.filter((row) => size(row) > 0).sort((a, b) => size(b) - size(a)).slice(0, SHOWN_MAX);
  const items = worst.map((row) =>
    element("li", {},
      element("a", { href: addressOfPage(`/don-vi/${encodeURIComponent(row.code)}`), lang: nameLanguage(row) }, unitName(row)),
      " ", element("strong", {}, link(row))));
  return element("div", { class: "exception", "data-list": id },
    element("h3", {}, title),
    items.length > 0 ? element("ol", {}, ...items) : element("p", {}, text("exceptions.none")));
}
