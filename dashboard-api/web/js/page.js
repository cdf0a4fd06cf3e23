// Keeps a page the server wrote up to date: when the live stream tells of a change, the page is fetched again and its
// content exchanged. While somebody points at it, reads it or has focus in it, nothing moves; the change is offered.

const LOOK_EVERY_MS = 2_000;
const SILENCE_MAX_MS = 15_000;

const main = document.getElementById("main");
const update = document.getElementById("update");
const fresh = document.getElementById("fresh");
const canHover = matchMedia("(hover: hover)");

document.documentElement.classList.add("js");

let isBehind = false;
let isFirst = true;
let heardAt = Date.now();
let isFetching = false;

for (const select of document.querySelectorAll(".pickers select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
update.addEventListener("click", refresh);

function isHeld() {
  if (canHover.matches ? main.matches(":hover") : scrollY > 200) return true;
  if (main.contains(document.activeElement)) return true;
  const selection = getSelection();
  return !selection.isCollapsed && main.contains(selection.anchorNode);
}

async function refresh() {
  if (isFetching) return;
  isFetching = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    isBehind = false;
    update.hidden = true;
    main.replaceChildren(...next.getElementById("main").childNodes);
    document.getElementById("clocks").replaceChildren(...next.getElementById("clocks").childNodes);
  } catch {
    // The stream tells when the server is back.
  } finally {
    isFetching = false;
  }
}

function hear() {
  heardAt = Date.now();
  fresh.hidden = true;
}

function connect() {
  const stream = new EventSource(document.body.dataset.stream);
  stream.addEventListener("ranking", (message) => {
    hear();
    // The first message is what the page already shows; after a break it has what changed since, often nothing.
    if (!isFirst && JSON.parse(message.data).rows.length > 0) isBehind = true;
    isFirst = false;
  });
  stream.addEventListener("tick", hear);
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, LOOK_EVERY_MS);
  });
}

function look() {
  if (Date.now() - heardAt > SILENCE_MAX_MS && fresh.hidden) {
    fresh.textContent = fresh.dataset.lost;
    fresh.hidden = false;
  }
  if (!isBehind || document.hidden) return;
  if (isHeld()) update.hidden = false;
  else refresh();
}

if (document.body.dataset.stream) {
  connect();
  setInterval(look, LOOK_EVERY_MS);
}
