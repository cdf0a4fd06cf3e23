// The province at the head of the page: total, grade, what could be measured, six groups.

import { addressOfPage } from "./address.js";
import { clockOrDay, count, decimal, hundredths, signed } from "./figures.js";
import { element, icon, unseen } from "./elements.js";
import { language, spoken, text } from "./words.js";

const section = document.getElementById("province");

export const unitName = (row) => (language === "en" && row.name_en) || row.name;

/** Since when changes are counted: the instant of the first figures on this page. */
export const openedAt = (ranking) => clockOrDay(ranking.baselineAt, ranking.head.as_of);

/** Marks a Vietnamese name inside an English page, so that it is read aloud as Vietnamese. */
export const nameLanguage = (row) => (language === "en" && !row.name_en ? "vi" : undefined);

export function gradeChip(ranking, grade) {
  if (grade === null) return element("span", {}, "–");
  const step = ranking.step(grade.from);
  return element("span", { class: `grade step-${step}` }, icon(`grade-${step}`), spoken(grade));
}

/** Percent of the maximum; hundredths of points per point of maximum are just that. */
export const shareOf = ({ points, max }) => (max === 0 ? 0 : hundredths(points) / max);

export function showHeadline(ranking) {
  const row = ranking.province();
  section.hidden = row === null;
  if (row === null) return;
  const focused = section.contains(document.activeElement) ? document.activeElement.dataset.column : undefined;
  section.replaceChildren(scoreBlock(ranking, row), groupMeters(ranking, row), situation(row));
  if (focused) section.querySelector(`[data-column="${focused}"]`).focus();
}

function scoreBlock(ranking, row) {
  return element("div", { class: "score" },
    element("h2", { id: "province-name", lang: nameLanguage(row) },
      element("a", { href: addressOfPage(`/don-vi/${encodeURIComponent(row.code)}`) }, unitName(row))),
    element("p", { class: "score-total" },
      unseen(`${text("total")}: `),
      element("strong", {}, decimal(row.total)), " ",
      element("span", {}, text("out_of", { max: 100 }))),
    element("p", { class: "score-grade" }, gradeChip(ranking, row.grade), " ", changeWords(ranking, row)));
}

function situation(row) {
  const rest = 100 - row.measured_max;
  const measured = rest > 0 ? text("measured_part", { max: row.measured_max, rest }) : text("measured_all");
  return element("div", { class: "situation" },
    workload(row),
    element("p", { class: "score-measured" }, measured));
}

function changeWords(ranking, row) {
  const { points } = ranking.changeOf(row);
  const at = openedAt(ranking);
  const words = points === 0 ? text("unchanged_since", { at }) : text("since_load", { change: signed(points), at });
  return element("a", { class: "score-change", "data-column": "change", href: addressOfPage(`/don-vi/${encodeURIComponent(row.code)}/thay-doi`) }, words);
}

/** Who is late comes before why: each figure leads to the dossiers behind it. */
function workload(row) {
  const figures = ["overdue", "due_soon", "received"].map((column) =>
    element("div", { class: column === "overdue" && row.overdue > 0 ? "alarming" : undefined },
      element("dt", {}, text(column)),
      element("dd", {}, element("a", { href: addressOfPage("/danh-sach", { unit: row.code, count: column }), "data-column": column }, count(row[column])))));
  return element("dl", { class: "workload" }, ...figures);
}

function groupMeters(ranking, row) {
  const meters = ranking.head.groups.map((group) => groupMeter(ranking, group, row.groups[group.id]));
  return element("ul", { class: "meters" }, ...meters);
}

function groupMeter(ranking, group, figure) {
  const percent = shareOf(figure);
  const isUnmeasured = figure.measured_max === 0;
  const note = isUnmeasured ? text("not_measured") : text("group_share", { percent: Math.round(percent) });
  return element("li", { class: isUnmeasured ? "unmeasured" : undefined },
    element("h3", {}, spoken(group)),
    element("p", { class: "meter-points" },
      element("strong", {}, decimal(figure.points)), unseen(` ${text("out_of", { max: figure.max })}`),
      element("span", { "aria-hidden": "true" }, `/${figure.max}`)),
    bar(percent, ranking.step(percent), ranking.gradeCuts()),
    element("p", { class: "meter-note" }, note));
}

/** Decoration: the figures stand in words beside it. Ticks mark where the grades begin. */
function bar(percent, step, cuts) {
  const built = element("div", { class: `bar step-${step}`, "aria-hidden": "true" });
  built.style.setProperty("--share", percent / 100);
  for (const from of cuts.filter((cut) => cut > 0 && cut < 100)) {
    const tick = element("i");
    tick.style.setProperty("--at", from / 100);
    built.append(tick);
  }
  return built;
}
