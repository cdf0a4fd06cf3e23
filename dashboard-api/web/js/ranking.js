// The figures on show: what the server sent, what changed since the day began (or the page was opened), in which order.
// Pure data; it neither fetches nor draws. Ranks, points and grades are the server's and never recomputed.

import { hundredths } from "./figures.js";

const KINDS = ["department", "commune", "district", "unit", "province"];

// Colours and icons come in five steps, best first, split by the set's grades. A server that does not
// send the list of grades uses the index's own.
const GRADE_FROM = [90, 80, 70, 50, 0];

export class Ranking {
  head = null;
  rows = new Map();
  baseline = new Map();
  baselineAt = null;

  /** Takes a message in; returns the codes of rows whose figures changed. */
  take(data, { isWhole }) {
    const { rows, ...head } = data;
    // Another period or set is another page: what was seen before is no base for "changed since".
    const isOther = this.head?.period !== head.period || this.head?.set.id !== head.set.id;
    const isOtherDay = (this.head?.day_started_at ?? null) !== (head.day_started_at ?? null);
    this.head = head;
    if (isOther) this.rows.clear();
    if (isOther || isOtherDay) {
      this.baseline.clear();
      this.baselineAt = head.day_started_at ?? head.as_of;
    }
    const changed = new Set();
    const gone = isWhole ? new Set(this.rows.keys()) : new Set();
    for (const row of rows) {
      gone.delete(row.code);
      if (this.rows.has(row.code)) changed.add(row.code);
      this.rows.set(row.code, row);
      if (!this.baseline.has(row.code)) this.baseline.set(row.code, row.day_start ?? { total: row.total, rank: row.rank });
    }
    for (const code of gone) this.rows.delete(code);
    return changed;
  }

  takeTick({ as_of, freshness }) {
    if (this.head) Object.assign(this.head, { as_of, freshness });
  }

  /** The row the headline shows. A province merged this period has two; the one at work has the dossiers. */
  province() {
    const provinces = [...this.rows.values()].filter((row) => row.kind === "province");
    return provinces.sort((a, b) => b.received - a.received)[0] ?? null;
  }

  /** Peer classes with units in them, in the order of the tabs. A lone province has nobody to be ranked with. */
  kinds() {
    const counts = new Map(KINDS.map((kind) => [kind, 0]));
    for (const row of this.rows.values()) counts.set(row.kind, counts.get(row.kind) + 1);
    if (counts.get("province") === 1) counts.delete("province");
    return [...counts].filter(([, units]) => units > 0).map(([kind, units]) => ({ kind, units }));
  }

  /** Since the day began, or the page was opened where that is not known: points in hundredths, and places gained (negative: lost). */
  changeOf(row) {
    const base = this.baseline.get(row.code);
    const places = base.rank === null || row.rank === null ? 0 : base.rank - row.rank;
    const isMeasured = base.total !== null && row.total !== null;
    return { points: isMeasured ? hundredths(row.total) - hundredths(base.total) : 0, places };
  }

  /** 1 (best) to 5: where a share of the maximum stands among the set's grades. */
  step(percent) {
    const cuts = this.gradeCuts();
    const place = cuts.findIndex((from) => percent >= from);
    return Math.min(place < 0 ? cuts.length : place + 1, 5);
  }

  gradeCuts() {
    return this.head.grades?.map((grade) => grade.from) ?? GRADE_FROM;
  }

  /** Rows of one peer class in order; the unranked are always apart, after the ranked. */
  ordered(kind, sort) {
    const rows = [...this.rows.values()].filter((row) => row.kind === kind).sort(this.#comparison(sort));
    return { ranked: rows.filter((row) => row.rank !== null), unranked: rows.filter((row) => row.rank === null) };
  }

  #comparison({ column, isDescending }) {
    const names = new Intl.Collator("vi");
    const byName = (a, b) => names.compare(a.name, b.name) || (a.code < b.code ? -1 : 1);
    const value = (row) => this.#sortValue(row, column);
    const compare = column === "name" ? byName : (a, b) => value(a) - value(b);
    const turned = isDescending ? (a, b) => compare(b, a) : compare;
    return (a, b) => turned(a, b) || byName(a, b);
  }

  #sortValue(row, column) {
    switch (column) {
      case "rank":
        // The unranked have no rank to go by; the best total first, as among the ranked.
        return row.rank ?? -measured(row.total);
      case "total":
        return measured(row.total);
      case "change":
        return this.changeOf(row).points;
      case "received":
      case "overdue":
      case "due_soon":
        return measured(row[column]);
      default:
        return measured(row.groups[column].points);
    }
  }
}

/** What is not measured comes below what is measured as 0. */
const measured = (figure) => (figure === null ? -1 : hundredths(figure));

/** "-overdue" in the address → by overdue, most first. An unknown column falls back to the rank. */
export function parseSort(written, groups) {
  const isDescending = written.startsWith("-");
  const column = isDescending ? written.slice(1) : written;
  const known = ["rank", "name", "total", "change", "received", "overdue", "due_soon", ...groups.map((group) => group.id)];
  return known.includes(column) ? { column, isDescending } : { column: "rank", isDescending: false };
}

/** Case and diacritics do not matter: "da bac" finds "Đà Bắc". */
export const fold = (name) =>
  name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d").trim();

export function matches(row, folded) {
  return [row.name, row.name_en ?? "", row.code].some((name) => fold(name).includes(folded));
}

/** The fewest rows that must move to turn `now` into `wanted`: all but the longest run already in order. */
export function movesNeeded(now, wanted) {
  const place = new Map(wanted.map((code, index) => [code, index]));
  const tails = [];
  for (const code of now) {
    const index = place.get(code);
    if (index === undefined) continue;
    const at = tails.findIndex((tail) => tail >= index);
    tails[at < 0 ? tails.length : at] = index;
  }
  return wanted.length - tails.length;
}
