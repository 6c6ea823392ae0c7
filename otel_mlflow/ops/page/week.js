// When people use the application: mean users of each hour of the week, in the time zone of whoever looks.

import { element, panel, wide } from "./elements.js";
import { compact } from "./words.js";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LEAST_HOURS = 48;

export function hoursOfTheWeek(hours) {
  if (hours.length < LEAST_HOURS) return null;
  const means = meansByHour(hours);
  const most = Math.max(...means.flat().filter((mean) => mean !== null), 1);
  const head = element("tr", {}, element("td"), ...means[0].map((_, hour) => element("th", { scope: "col" }, String(hour))));
  const lines = means.map((day, number) => element("tr", {}, element("th", { scope: "row" }, DAYS[number]), ...day.map((mean) => cell(mean, most))));
  return wide(panel("Users by hour of the week", element("table", { class: "week" }, element("thead", {}, head), element("tbody", {}, ...lines))));
}

function meansByHour(hours) {
  const found = DAYS.map(() => Array.from({ length: 24 }, () => []));
  for (const { time, users } of hours) {
    const when = new Date(time);
    found[(when.getDay() + 6) % 7][when.getHours()].push(users);
  }
  return found.map((day) => day.map((users) => (users.length ? users.reduce((a, b) => a + b, 0) / users.length : null)));
}

// Of many nobody looks for a half.
const users = (mean) => compact(mean < 10 ? mean : Math.round(mean));

function cell(mean, most) {
  const level = mean ? Math.ceil((5 * mean) / most) : 0;
  return element("td", { class: `level-${level}` }, mean === null ? "" : users(mean));
}
