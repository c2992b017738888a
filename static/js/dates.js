// Dates in words, from the reader's own clock and time zone.

import { t } from "./words.js";

const units = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
const absolute = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });

export function refreshDates() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    const seconds = (Date.now() - moment) / 1000;
    const [unit, length] = units.find(([, length]) => seconds >= length) ?? ["now", 0];
    element.textContent = unit === "now" ? t("just now") : relative.format(-Math.floor(seconds / length), unit);
    element.title = absolute.format(moment);
  }
}

// Before the page is painted first, where a browser waits for that: shorter words may take a line less.
refreshDates();
