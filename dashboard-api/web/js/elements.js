// Small builders of page elements.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  const built = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) built.setAttribute(key, value === true ? "" : value);
  }
  built.append(...children);
  return built;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

export const unseen = (words) => element("span", { class: "visually-hidden" }, words);

/** Text is only written when it differs, so that a selection in the table survives a tick. */
export function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}
