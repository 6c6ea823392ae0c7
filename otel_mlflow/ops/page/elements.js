// Elements, made without markup: what requests said is only ever text here.

import { change } from "./words.js";

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function panel(title, ...children) {
  return element("section", { class: "panel", "aria-label": title }, element("h2", {}, title), ...children);
}

export function wide(section) {
  section.classList.add("wide");
  return section;
}

const SHOWN = 8;
const MOST = 200;

// Columns: [heading, row => text or element, "number"?, row => class?]. Where there is no room, a row is a list.
export function table(columns, rows, whenEmpty) {
  if (!rows.length) return element("p", { class: "faint" }, whenEmpty);
  const isHeaded = columns.some(([heading]) => heading);
  const heads = columns.map(([heading, , kind]) => element("th", { class: kind, scope: "col" }, heading));
  const lines = rows.slice(0, MOST).map((row) => element("tr", {}, ...columns.map((column) => cell(column, row))));
  return element(
    "div",
    { class: "rows" },
    element("table", {}, isHeaded ? element("thead", {}, element("tr", {}, ...heads)) : null, element("tbody", {}, ...lines)),
    rows.length > SHOWN ? element("button", { type: "button", class: "more", "data-more": "" }, `all ${rows.length}`) : null,
    rows.length > MOST ? element("p", { class: "faint" }, `${rows.length - MOST} more are in the summary as JSON`) : null,
  );
}

// A column of how much more or less there was than in the window before; "new" where there was nothing.
export function than(name, heading = "change") {
  return [heading, (row) => (row.previous ? change(row[name], row.previous[name]) : "new"), "number"];
}

function cell([heading, content, kind, look], row) {
  const classes = [kind, look && look(row)].filter(Boolean).join(" ");
  return element("td", { class: classes || null, "data-label": heading }, content(row) ?? "–");
}
