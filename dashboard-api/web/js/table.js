// The ranking table of one peer class. Figures change in place at once; rows change places only when nobody
// points at, reads or has focus in the table, else the reader is offered to apply the moves.

import { addressOfPage } from "./address.js";
import { count, decimal, signed } from "./figures.js";
import { element, unseen, write } from "./elements.js";
import { gradeChip, nameLanguage, openedAt, shareOf, unitName } from "./headline.js";
import { movesNeeded } from "./ranking.js";
import { shortGroupName, spoken, text, textOfCount } from "./words.js";

const MARK_MS = 2_000;
const MOVE_MS = 450;
const BOUNDARY = ""; // stands between ranked and unranked rows where orders are compared; no unit has this code

const table = document.getElementById("table");
const held = document.getElementById("held");
const pendingButton = document.getElementById("pending");
const canHover = matchMedia("(hover: hover)");
const wantsStillness = matchMedia("(prefers-reduced-motion: reduce)");

let columns = [];
let drawn = new Map(); // code → {line, cells}
let wanted = { ranked: [], unranked: [] };
let bodies = null;

/** What a column is called, and which order a first press gives. */
export function columnsOf(ranking) {
  const at = openedAt(ranking);
  const plain = (id, startsDescending, label = text(`column.${id}`)) => ({ id, label, startsDescending });
  return [
    plain("rank", false),
    plain("name", false),
    plain("total", true),
    { ...plain("change", true, text("column.change", { at })), full: text("column.change_full", { at }) },
    { id: "grade", label: text("column.grade"), isFixed: true },
    ...ranking.head.groups.map((group) => ({
      id: group.id,
      label: shortGroupName(group),
      full: spoken(group),
      max: group.max,
      startsDescending: true,
      isGroup: true,
    })),
    plain("received", true),
    plain("overdue", true),
    plain("due_soon", true),
  ];
}

/** Draws head and empty body anew: another language, set, class or order. */
export function startTable(ranking, sort, caption, onSort) {
  columns = columnsOf(ranking);
  drawn = new Map();
  const heads = columns.map((column) => headCell(column, sort, onSort));
  const unrankedHead = element("th", { scope: "rowgroup", role: "rowheader", colspan: columns.length });
  bodies = {
    ranked: element("tbody", { role: "rowgroup" }),
    unranked: element("tbody", { role: "rowgroup", class: "unranked", hidden: true },
      element("tr", { role: "row", class: "divider" }, unrankedHead)),
    unrankedHead,
  };
  const min = ranking.head.set.received_min;
  const why = min === undefined ? text("unranked_why") : text("unranked_why_min", { min });
  unrankedHead.append(element("strong", {}, text("unranked_heading")), ` – ${why}`);
  // The head is drawn again on a press of its own buttons: the focus stays where it was.
  const focused = table.contains(document.activeElement) ? document.activeElement.dataset.column : undefined;
  table.setAttribute("role", "table");
  table.replaceChildren(
    element("caption", { class: "visually-hidden" }, caption),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
    bodies.ranked,
    bodies.unranked);
  if (focused) table.querySelector(`[data-column="${focused}"]`)?.focus();
}

function headCell(column, sort, onSort) {
  const isSorted = sort.column === column.id;
  const direction = sort.isDescending ? "descending" : "ascending";
  const head = element("th", {
    scope: "col",
    role: "columnheader",
    class: `c-${column.isGroup ? "group" : column.id}`,
    "aria-sort": isSorted ? direction : undefined,
  });
  const label = [element("span", {}, column.label)];
  if (column.max !== undefined) label.push(element("small", {}, ` /${column.max}`));
  if (column.isFixed) {
    head.append(...label);
    return head;
  }
  const button = element("button", { type: "button", title: column.full, "data-column": column.id }, ...label);
  button.addEventListener("click", () => {
    const isDescending = isSorted ? !sort.isDescending : column.startsDescending;
    onSort((isDescending ? "-" : "") + column.id);
  });
  head.append(button);
  return head;
}

/** `rows` = {ranked, unranked} in the order wanted; `changed` = codes of rows whose cells are marked. */
export function showRows(ranking, rows, { changed, isForced }) {
  wanted = rows;
  for (const row of [...rows.ranked, ...rows.unranked]) drawRow(ranking, row, changed.has(row.code));
  const moves = pendingMoves();
  if (moves > 0 && !isForced && isHeld()) {
    pendingButton.textContent = textOfCount("pending", moves, count(moves));
    pendingButton.hidden = false;
  } else {
    applyOrder({ isAnimated: !isForced && moves > 0 });
  }
}

function isHeld() {
  if (canHover.matches ? held.matches(":hover") : isScrolledInto()) return true;
  if (held.querySelector(":focus-visible")) return true;
  const selection = getSelection();
  return !selection.isCollapsed && held.contains(selection.anchorNode);
}

// Without a pointer that hovers, whoever has scrolled into the table is reading it.
const isScrolledInto = () => held.getBoundingClientRect().top < 0;

const shownCodes = () => [
  ...[...bodies.ranked.rows].map((line) => line.dataset.code),
  BOUNDARY,
  ...[...bodies.unranked.rows].slice(1).map((line) => line.dataset.code),
];

function pendingMoves() {
  const now = shownCodes();
  const next = [...wanted.ranked.map((row) => row.code), BOUNDARY, ...wanted.unranked.map((row) => row.code)];
  const kept = new Set(next);
  return movesNeeded(now, next) + now.filter((code) => !kept.has(code)).length;
}

function applyOrder({ isAnimated }) {
  const hadFocus = document.activeElement === pendingButton;
  const tops = isAnimated && !wantsStillness.matches ? measureTops() : null;
  placeRows(bodies.ranked, wanted.ranked, 0);
  placeRows(bodies.unranked, wanted.unranked, 1);
  bodies.unranked.hidden = wanted.unranked.length === 0;
  pendingButton.hidden = true;
  // The pressed button is gone: do not drop a keyboard user at the top of the page.
  if (hadFocus) document.getElementById("ranking").focus({ preventScroll: true });
  if (tops) animateFrom(tops);
}

function placeRows(body, rows, offset) {
  const codes = new Set(rows.map((row) => row.code));
  for (const line of [...body.rows].slice(offset)) if (!codes.has(line.dataset.code)) line.remove();
  rows.forEach((row, index) => {
    const { line } = drawn.get(row.code);
    const present = body.rows[index + offset];
    if (present !== line) body.insertBefore(line, present ?? null);
  });
}

const measureTops = () => new Map([...drawn.values()].map(({ line }) => [line, line.getBoundingClientRect().top]));

function animateFrom(tops) {
  for (const [line, before] of tops) {
    if (!line.isConnected) continue;
    const { top } = line.getBoundingClientRect();
    const isOnScreen = top < innerHeight && top > -100;
    if (isOnScreen && Math.abs(before - top) > 1) {
      line.animate([{ transform: `translateY(${before - top}px)` }, { transform: "none" }], {
        duration: MOVE_MS,
        easing: "ease-in-out",
      });
    }
  }
}

function drawRow(ranking, row, hasChanged) {
  let record = drawn.get(row.code);
  if (!record) {
    record = newRow(row);
    drawn.set(row.code, record);
  }
  for (const column of columns) {
    const cell = record.cells.get(column.id);
    const words = cellKey(ranking, row, column);
    if (cell.dataset.key === words) continue;
    const isUpdate = cell.dataset.key !== undefined;
    cell.dataset.key = words;
    fillCell(cell, ranking, row, column);
    if (isUpdate && hasChanged && column.id !== "change") mark(cell);
  }
}

function newRow(row) {
  const line = element("tr", { role: "row", "data-code": row.code });
  const cells = new Map();
  for (const column of columns) {
    const isName = column.id === "name";
    const cell = element(isName ? "th" : "td", {
      role: isName ? "rowheader" : "cell",
      scope: isName ? "row" : undefined,
      class: `c-${column.isGroup ? "group" : column.id}`,
      "data-label": column.label,
    });
    cells.set(column.id, cell);
    line.append(cell);
  }
  return { line, cells };
}

/** All that a cell shows: while it stays the same the cell is left alone. */
function cellKey(ranking, row, { id, isGroup }) {
  if (isGroup) return Object.values(row.groups[id]).join();
  switch (id) {
    case "name":
      return [unitName(row), parentName(ranking, row)].join();
    case "total":
      return `${row.total},${row.measured_max}`;
    case "change":
      return Object.values(ranking.changeOf(row)).join();
    case "grade":
      return String(row.grade?.from);
    default:
      return String(row[id]);
  }
}

function fillCell(cell, ranking, row, column) {
  if (column.isGroup) return fillGroup(cell, ranking, row.groups[column.id], column);
  switch (column.id) {
    case "rank":
      return cell.replaceChildren(...(row.rank === null ? ["–", unseen(text("unranked_cell"))] : [String(row.rank)]));
    case "name":
      return fillName(cell, ranking, row);
    case "total":
      return fillTotal(cell, row);
    case "change":
      return fillChange(cell, ranking.changeOf(row));
    case "grade":
      return cell.replaceChildren(gradeChip(ranking, row.grade));
    default:
      cell.classList.toggle("zero", row[column.id] === 0);
      return fillCount(cell, row, column.id);
  }
}

/** Every count is a link to its list. A link stays the same element, so that it keeps the focus. */
function fillCount(cell, row, id) {
  if (!cell.firstChild) cell.append(element("a"));
  const link = cell.firstChild;
  link.href = addressOfPage("/danh-sach", { unit: row.code, count: id });
  write(link, count(row[id]));
}

function fillName(cell, ranking, row) {
  const link = element("a", { href: addressOfPage(`/don-vi/${encodeURIComponent(row.code)}`) }, unitName(row));
  cell.replaceChildren(element("span", { lang: nameLanguage(row) }, link));
  const parent = parentName(ranking, row);
  if (parent) cell.append(" ", element("small", {}, parent));
}

/** The unit above, unless it is the province, which goes without saying. */
function parentName(ranking, row) {
  const parent = ranking.rows.get(row.parent);
  return parent && parent.kind !== "province" ? unitName(parent) : "";
}

function fillTotal(cell, row) {
  cell.replaceChildren(element("strong", {}, decimal(row.total)));
  if (row.measured_max === 100) return;
  cell.append(element("small", { "aria-hidden": "true" }, `/${row.measured_max}`),
    unseen(` ${text("of_measured", { max: row.measured_max })}`));
}

function fillChange(cell, { points, places }) {
  cell.replaceChildren();
  cell.dataset.direction = Math.sign(points);
  if (points !== 0) cell.append(signed(points));
  if (places === 0) return;
  const size = Math.abs(places);
  cell.append(" ", element("span", { "aria-hidden": "true" }, `${places > 0 ? "↑" : "↓"}${size}`),
    unseen(text(places > 0 ? "rank_up" : "rank_down", { count: size })));
}

function fillGroup(cell, ranking, figure, column) {
  const percent = shareOf(figure);
  const isUnmeasured = figure.measured_max === 0;
  cell.className = `c-group ${isUnmeasured ? "unmeasured" : `step-${ranking.step(percent)}`}`;
  cell.style.setProperty("--share", isUnmeasured ? 0 : percent / 100);
  cell.replaceChildren(isUnmeasured ? text("not_measured") : decimal(figure.points));
  // A set may shift a unit's maximum from one indicator to another.
  if (figure.max !== column.max && !isUnmeasured) cell.append(element("small", {}, `/${figure.max}`));
}

function mark(cell) {
  cell.classList.remove("changed");
  void cell.offsetWidth; // restarts the mark when a cell changes twice in its time
  cell.classList.add("changed");
  setTimeout(() => cell.classList.remove("changed"), MARK_MS);
}

pendingButton.addEventListener("click", () => applyOrder({ isAnimated: true }));

// What was held is applied once the reader has left.
const applyWhenLeft = () => {
  if (!pendingButton.hidden && !isHeld()) applyOrder({ isAnimated: true });
};
held.addEventListener("pointerleave", applyWhenLeft);
held.addEventListener("focusout", () => setTimeout(applyWhenLeft));
document.addEventListener("selectionchange", applyWhenLeft);
document.addEventListener("scroll", applyWhenLeft, { passive: true });
