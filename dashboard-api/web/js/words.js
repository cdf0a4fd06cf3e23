// Words of the chosen language, from locale/*.json, and the names of periods.
// Vietnamese is the source; nothing here invents a sentence.

import { fetchWords } from "./api.js";

export const LANGUAGES = ["vi", "en"];

let words = {};
let plural = new Intl.PluralRules("vi");
export let language = "vi";

export async function useLanguage(wanted) {
  words = await fetchWords(wanted);
  plural = new Intl.PluralRules(wanted);
  language = wanted;
  document.documentElement.lang = wanted;
}

export function text(key, values = {}) {
  const pattern = words[key];
  if (pattern === undefined) {
    console.error(`locale/${language}.json has no "${key}"`);
    return key;
  }
  return pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The form of `key` for this many things; `shown` is the count as figures.js writes it. */
export function textOfCount(key, count, shown) {
  const form = plural.select(count) === "one" ? "one" : "other";
  return text(`${key}.${form}`, { count: shown });
}

/** `{vi, en}` from the API in the chosen language. */
export const spoken = (names) => names[language] ?? names.vi;

/** A group's short name for narrow columns; the full one if the set has a group we do not know. */
export function shortGroupName(group) {
  const key = `group_short.${group.id}`;
  return key in words ? words[key] : spoken(group);
}

export function periodKind(period) {
  if (/^\d{4}-\d\d$/.test(period)) return "month";
  if (/^\d{4}-Q\d$/.test(period)) return "quarter";
  if (/^\d{4}-H\d$/.test(period)) return "half";
  return "year";
}

export function periodName(period) {
  const [year, part] = period.split("-");
  switch (periodKind(period)) {
    case "month":
      return text("period.month", { year, month: monthName(Number(part)) });
    case "quarter":
      return text("period.quarter", { year, quarter: quarterName(Number(part[1])) });
    case "half":
      return text(`period.half.${part[1]}`, { year });
    case "year":
      return text("period.year", { year });
  }
}

function monthName(month) {
  if (language === "vi") return String(month);
  return new Intl.DateTimeFormat(language, { month: "long", timeZone: "UTC" }).format(Date.UTC(2000, month - 1));
}

// Official Vietnamese writes quarters in Roman numerals.
const quarterName = (quarter) => (language === "vi" ? ["I", "II", "III", "IV"][quarter - 1] : String(quarter));
