// How numbers and instants are written. The API sends decimals as strings with a point, already rounded;
// they are never rounded again here, only respelled.

import { language, text } from "./words.js";

const ZONE = "Asia/Ho_Chi_Minh";
const locale = () => (language === "vi" ? "vi-VN" : "en-GB");

// `null` is "nothing to measure" and never written as 0.
const NOTHING = "–";

export function decimal(figure) {
  if (figure === null) return NOTHING;
  return language === "vi" ? figure.replace(".", ",") : figure;
}

export const count = (whole) => (whole === null ? NOTHING : new Intl.NumberFormat(locale()).format(whole));

/** "68.61" → 6861: differences of points are exact in hundredths. */
export const hundredths = (figure) => Math.round(Number(figure) * 100);

export function signed(differenceInHundredths) {
  const size = (Math.abs(differenceInHundredths) / 100).toFixed(2);
  return (differenceInHundredths < 0 ? "−" : "+") + decimal(size);
}

/** Bare dates of the API are Vietnamese days. */
const instant = (when) => new Date(/^\d{4}-\d\d-\d\d$/.test(when) ? `${when}T00:00:00+07:00` : when);

const format = (when, options) => new Intl.DateTimeFormat(locale(), { timeZone: ZONE, ...options }).format(instant(when));

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY = { day: "2-digit", month: "2-digit", year: "numeric" };

export const clock = (when) => format(when, CLOCK);
export const clockWithSeconds = (when) => format(when, { ...CLOCK, second: "2-digit" });
export const day = (when) => format(when, DAY);
export const moment = (when) => `${clockWithSeconds(when)} ${day(when)}`;

/** `when` as seen at `now`: the day is named once it is another one, on a screen left open overnight. */
export function clockOrDay(when, now) {
  return day(when) === day(now) ? clock(when) : format(when, { ...CLOCK, day: "2-digit", month: "2-digit" });
}

/** The last day of a period whose `end` is excluded. */
export const lastDay = (end) => day(new Date(instant(end).getTime() - 1).toISOString());

export function ago(seconds) {
  if (seconds < 1) return text("just_now");
  const relative = new Intl.RelativeTimeFormat(locale(), { numeric: "always" });
  if (seconds < 60) return relative.format(-Math.floor(seconds), "second");
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  return relative.format(-Math.floor(seconds / 3600), "hour");
}
