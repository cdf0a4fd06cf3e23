// Joins address, connection, figures and page. Every user action changes the address first and is then shown
// from it, so that what is seen and what is linked cannot differ.

import { addressOf, addressOfPage, readAddress, refine, visit } from "./address.js";
import { showClocks } from "./clocks.js";
import { connect } from "./connection.js";
import { element, write } from "./elements.js";
import { showExceptions } from "./exceptions.js";
import { count, day, lastDay, moment } from "./figures.js";
import { openedAt, showHeadline } from "./headline.js";
import { showOfficers } from "./officers.js";
import { Ranking, fold, matches, parseSort } from "./ranking.js";
import { columnsOf, showRows, startTable } from "./table.js";
import { pageOf, startWall } from "./wall.js";
import { language, periodKind, periodName, spoken, text, textOfCount, useLanguage } from "./words.js";

// Servers may send several messages a second; eyes follow one.
const SHOW_EVERY_MS = 1_000;

const byId = (id) => document.getElementById(id);

const ranking = new Ranking();
let state = readAddress();
let connection = null;
let refusal = null;
let drawnAs = ""; // what the table's head was drawn for
let shownAt = -Infinity;
let showTimer = null;
const unshown = new Set(); // codes of rows whose figures came in since the last showing

function openConnection() {
  connection?.close();
  refusal = null;
  connection = connect({ period: state.period, set: state.set }, {
    onRanking(data, { isWhole }) {
      // A month ended under an open page: rows of another period may not be mixed in.
      if (!isWhole && data.period !== ranking.head.period) return openConnection();
      for (const code of ranking.take(data, { isWhole })) unshown.add(code);
      if (isWhole) show();
      else showSoon();
    },
    onTick(tick) {
      // Rows follow a new version by themselves; the tick only carries the clocks.
      ranking.takeTick(tick);
      tickClocks();
      if (ranking.head !== null) showFooter();
    },
    onRefusal(received) {
      refusal = received;
      show();
    },
  });
  tickClocks();
}

function showSoon() {
  clearTimeout(showTimer);
  showTimer = setTimeout(show, Math.max(0, shownAt + SHOW_EVERY_MS - performance.now()));
}

function show({ isForced = false } = {}) {
  clearTimeout(showTimer);
  shownAt = performance.now();
  showNotice();
  tickClocks();
  if (ranking.head === null) return;
  document.title = [ranking.province()?.name, text("title"), "Nhịp"].filter(Boolean).join(" – ");
  showPickers();
  showHeadline(ranking);
  showExceptions(ranking);
  showKinds();
  showTable(isForced);
  showFooter();
  unshown.clear();
}

function tickClocks() {
  if (connection !== null) showClocks(connection.report(), ranking.head);
}

function showNotice() {
  const notice = byId("notice");
  notice.hidden = refusal === null && ranking.head !== null;
  if (refusal !== null) {
    const current = { ...state, period: "", set: "" };
    notice.replaceChildren(text("problem.refused", { ...refusal, title: spoken(refusal.title), detail: spoken(refusal.detail) }), " ",
      element("a", { href: addressOf(current) }, text("problem.to_current")));
  } else if (ranking.head === null) {
    const isOut = connection !== null && connection.report().state === "offline";
    write(notice, text(isOut ? "problem.unreachable" : "loading"));
  }
}

// Pickers

function showPickers() {
  const { head } = ranking;
  const groups = [...groupPeriods(head.periods)].map(([kind, periods]) => ({
    label: text(`period_kind.${kind}`),
    options: periods.map((period) => [period, periodName(period)]),
  }));
  fillSelect(byId("period"), groups, head.period);
  fillSelect(byId("set"), [{ options: head.sets.map((set) => [set.id, spoken(set.title)]) }], head.set.id);
}

function groupPeriods(periods) {
  const groups = new Map();
  for (const period of periods) {
    const kind = periodKind(period);
    groups.set(kind, [...(groups.get(kind) ?? []), period]);
  }
  return groups;
}

/** An open list must not be rebuilt under the reader's hand at each message. */
function fillSelect(select, groups, chosen) {
  const key = JSON.stringify([groups, chosen]);
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  const option = ([value, label]) => element("option", { value, selected: value === chosen }, label);
  select.replaceChildren(...groups.flatMap(({ label, options }) =>
    label ? [element("optgroup", { label }, ...options.map(option))] : options.map(option)));
  select.value = chosen;
}

// Peer classes, order, search

const shownKind = () => {
  const kinds = ranking.kinds();
  return kinds.some(({ kind }) => kind === state.kind) ? state.kind : kinds[0]?.kind;
};

function showKinds() {
  const chosen = shownKind();
  const links = ranking.kinds().map(({ kind, units }) => {
    const link = element("a", { href: addressOf({ ...state, kind }), "aria-current": kind === chosen && "true", "data-kind": kind },
      text(`kind.${kind}`), " ", element("span", {}, count(units)));
    link.addEventListener("click", (press) => follow(press, { kind }));
    return link;
  });
  const nav = byId("kinds");
  const focused = nav.contains(document.activeElement) ? document.activeElement.dataset.kind : undefined;
  nav.replaceChildren(...links);
  if (focused) nav.querySelector(`[data-kind="${focused}"]`)?.focus();
}

/** A plain press stays on the page; with a modifier the browser opens the address elsewhere. */
function follow(press, change) {
  if (press.ctrlKey || press.metaKey || press.shiftKey || press.button !== 0) return;
  press.preventDefault();
  go(change);
}

function go(change) {
  state = { ...state, ...change };
  visit(state);
  show({ isForced: true });
}

function showTable(isForced) {
  const section = byId("ranking");
  const kind = shownKind();
  section.hidden = false;
  byId("empty").hidden = kind !== undefined;
  byId("held").hidden = kind === undefined;
  if (kind === undefined) {
    write(byId("empty"), text("no_units"));
    write(byId("summary"), "");
    return;
  }
  const sort = parseSort(state.sort, ranking.head.groups);
  const { period, set } = ranking.head;
  const drawing = [language, period, set.id, set.version, openedAt(ranking), kind, sort.column, sort.isDescending].join();
  const isNew = drawing !== drawnAs;
  drawnAs = drawing;
  if (isNew) {
    startTable(ranking, sort, caption(kind, sort), (written) => go({ sort: written }));
    showSortChoices(sort);
  }
  const all = ranking.ordered(kind, sort);
  const folded = fold(state.q);
  const found = { ranked: all.ranked.filter((row) => matches(row, folded)), unranked: all.unranked.filter((row) => matches(row, folded)) };
  const rows = state.view === "wall" ? pageOf(found) : found;
  showRows(ranking, rows, { changed: unshown, isForced: isForced || isNew });
  showSummary(all, found);
}

function caption(kind, sort) {
  const column = columnsOf(ranking).find(({ id }) => id === sort.column);
  return text("caption", {
    kind: text(`kind.${kind}`),
    period: periodName(ranking.head.period),
    column: column.full ?? column.label,
    direction: text(sort.isDescending ? "descending" : "ascending"),
  });
}

/** Cards on narrow screens have no column headings to press. */
function showSortChoices(sort) {
  const choices = columnsOf(ranking).filter((column) => !column.isFixed);
  const written = (column) => (column.startsDescending ? "-" : "") + column.id;
  const chosen = choices.find(({ id }) => id === sort.column);
  fillSelect(byId("sort"), [{ options: choices.map((column) => [written(column), column.full ?? column.label]) }], written(chosen));
}

function showSummary(all, found) {
  const [ranked, unranked] = [all.ranked.length, all.unranked.length];
  const units = ranked + unranked;
  // The tab already says how many there are; a line only for what it does not say.
  const words = unranked > 0 || state.q ? [textOfCount("units", units, count(units))] : [];
  if (unranked > 0) words.push(textOfCount("ranked", ranked, count(ranked)), textOfCount("unranked", unranked, count(unranked)));
  const shown = found.ranked.length + found.unranked.length;
  if (state.q) words.push(textOfCount("shown", shown, count(shown)));
  write(byId("summary"), words.join(" · "));
  byId("empty").hidden = shown > 0;
  write(byId("empty"), shown > 0 ? "" : text("no_match", { q: state.q }));
}

function showFooter() {
  const { period, start, end, as_of, set } = ranking.head;
  const basis = text("footer.basis", {
    period: periodName(period),
    start: day(start),
    end: lastDay(end),
    as_of: moment(as_of),
    set: spoken(set.title),
    version: set.version,
  });
  const footer = byId("footer");
  footer.hidden = false;
  if (footer.dataset.basis === basis) return;
  footer.dataset.basis = basis;
  footer.replaceChildren(element("p", {}, basis), element("p", {}, text("footer.rules")));
}

// Words that stand in the page itself

function fillWords() {
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of document.querySelectorAll("[data-name]")) node.setAttribute("aria-label", text(node.dataset.name));
  for (const link of document.querySelectorAll("[data-page]")) link.href = addressOfPage(link.dataset.page);
  for (const link of document.querySelectorAll("[data-language]")) {
    link.href = addressOf({ ...state, lang: link.dataset.language });
    if (link.dataset.language === language) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function showState(previous) {
  if (state.lang !== language) await useLanguage(state.lang);
  fillWords();
  byId("search").value = state.q;
  if (state.period !== previous.period || state.set !== previous.set) openConnection();
  show({ isForced: true });
}

function listen() {
  byId("period").addEventListener("change", ({ target }) => choose({ period: target.value }));
  byId("set").addEventListener("change", ({ target }) => choose({ set: target.value }));
  byId("sort").addEventListener("change", ({ target }) => go({ sort: target.value }));
  byId("search").addEventListener("input", ({ target }) => {
    state = { ...state, q: target.value };
    refine(state);
    show({ isForced: true });
    showOfficers(byId("officers"), state.q, state);
  });
  for (const link of document.querySelectorAll("[data-language]")) {
    link.addEventListener("click", (press) => {
      if (press.ctrlKey || press.metaKey || press.shiftKey || press.button !== 0) return;
      press.preventDefault();
      choose({ lang: link.dataset.language });
    });
  }
  addEventListener("popstate", () => {
    const previous = state;
    state = readAddress();
    showState(previous);
  });
}

function choose(change) {
  const previous = state;
  state = { ...state, ...change };
  visit(state);
  showState(previous);
}

await useLanguage(state.lang);
fillWords();
byId("search").value = state.q;
listen();
if (state.view === "wall") startWall(() => show({ isForced: true }));
openConnection();
showNotice();
setInterval(() => {
  tickClocks();
  if (ranking.head === null) showNotice();
}, 1_000);
