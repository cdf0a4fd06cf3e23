// The wall screen (`?view=wall`): as many rows as fit, page after page. Turning can be paused, and pauses by
// itself while somebody points at the table.

import { text } from "./words.js";

const TURN_EVERY_MS = 15_000;
const ROWS_MIN = 5;

const pager = document.getElementById("pager");
const [position, button] = pager.children;

let page = 0;
let pages = 1;
let isPaused = false;

export function startWall(onTurn) {
  document.documentElement.dataset.view = "wall";
  pager.hidden = false;
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    onTurn();
  });
  window.addEventListener("resize", onTurn);
  setInterval(() => {
    if (isPaused || pages < 2 || document.getElementById("held").matches(":hover")) return;
    page = (page + 1) % pages;
    onTurn();
  }, TURN_EVERY_MS);
}

/** The page on show of `rows` = {ranked, unranked}. */
export function pageOf({ ranked, unranked }) {
  const all = [...ranked, ...unranked];
  const size = rowsThatFit(unranked.length > 0);
  pages = Math.max(1, Math.ceil(all.length / size));
  page = Math.min(page, pages - 1);
  position.textContent = text("page_of", { page: page + 1, pages });
  button.textContent = text(isPaused ? "resume" : "pause");
  const shown = new Set(all.slice(page * size, (page + 1) * size));
  return { ranked: ranked.filter((row) => shown.has(row)), unranked: unranked.filter((row) => shown.has(row)) };
}

function rowsThatFit(hasUnranked) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const top = document.querySelector("#table thead").getBoundingClientRect().bottom + scrollY;
  const line = document.querySelector("#table tbody tr[data-code]")?.getBoundingClientRect().height ?? 2.2 * rem;
  const headingOfUnranked = hasUnranked ? 2.5 * rem : 0;
  return Math.max(ROWS_MIN, Math.floor((innerHeight - top - rem - headingOfUnranked) / line));
}
