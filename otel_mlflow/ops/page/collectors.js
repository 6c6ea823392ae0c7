// The Collectors between this host and MLflow: which holds what, and what each has refused, lost or left out.

import { element, table } from "./elements.js";
import { count, share } from "./words.js";

const COLUMNS = [
  ["Collector", (row) => row.address],
  ["queued", (row) => (row.problem ? row.problem : `${count(row.queued)} of ${count(row.capacity)}`)],
  ["refused, kept by the sender", (row) => count(row.refused), "number"],
  ["dropped, lost", (row) => count(row.dropped), "number", (row) => (row.dropped ? "bad" : null)],
  ["traces left out", (row) => (row.kept + row.left_out ? `${count(row.left_out)} (${share(row.left_out, row.kept + row.left_out)})` : "–"), "number"],
];

export function collectors(rows) {
  return rows.length ? element("div", {}, element("h2", {}, "Collectors"), table(COLUMNS, rows, "")) : null;
}
