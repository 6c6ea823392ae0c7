// What leads to traces: errors by type, failing and slowest requests, feedback that was bad; and routes.

import { addressWith } from "./address.js";
import { element, panel, table, than, wide } from "./elements.js";
import { count, duration, moment, share } from "./words.js";

const SHORT = 8;

export function worst(found) {
  return element(
    "div",
    { class: "grid" },
    wide(panel("Failing", requestTable(found, found.failing, "Nothing failed."))),
    wide(panel("Slowest", requestTable(found, found.slowest, "None."))),
  );
}

export function others(found) {
  return element(
    "div",
    { class: "grid" },
    panel("Errors by type", table(errorColumns, found.errors, "Nothing failed.")),
    panel("Disliked", table(judgedColumns, found.disliked, "Nobody disliked anything.")),
    found.texts_shown ? panel("Comments", table(judgedColumns, found.comments, "Nobody wrote anything.")) : null,
    wide(panel("Routes", table(routeColumns, found.routes, "None."))),
    wide(panel("Latest", requestTable(found, found.latest, "None."))),
  );
}

export function filterLink(name, value) {
  return value ? element("a", { href: addressWith({ [name]: value }), "data-view": "", title: value }, value) : null;
}

export function userLink(found, user) {
  return found.users_shown ? filterLink("user", user) : user;
}

const errorColumns = [
  ["type", (row) => row.error_type ?? "not told"],
  ["requests", (row) => count(row.requests), "number"],
  than("requests"),
  ["routes", (row) => count(row.routes), "number"],
  ["first", (row) => moment(row.first)],
  ["last", (row) => moment(row.last)],
];

const judgedColumns = [
  ["trace", (row) => traceLink(row)],
  ["when", (row) => moment(row.time)],
  ["about", (row) => row.name],
  ["value", (row) => row.value],
];

const routeColumns = [
  ["route", (row) => filterLink("route", row.route) ?? "no name"],
  ["requests", (row) => count(row.requests), "number"],
  than("requests"),
  ["errors", (row) => `${count(row.errors)} (${share(row.errors, row.requests)})`, "number", (row) => row.errors && "bad"],
  ["cancelled", (row) => count(row.cancelled), "number"],
  ["p50", (row) => duration(row.p50_ms), "number"],
  ["p95", (row) => duration(row.p95_ms), "number"],
  ["p99", (row) => duration(row.p99_ms), "number"],
  than("p95_ms", "p95 change"),
  ["first byte p95", (row) => duration(row.ttfb_p95_ms), "number"],
];

function requestTable(found, rows, whenEmpty) {
  const columns = [
    ["trace", (row) => traceLink(row)],
    ["when", (row) => moment(row.time)],
    ["route", (row) => filterLink("route", row.route) ?? "no name"],
    ["outcome", outcome, "", (row) => row.outcome === "error" && "bad"],
    ["took", (row) => duration(row.duration_ms), "number"],
    ["user", (row) => userLink(found, row.user), "short"],
    ["session", (row) => filterLink("session", row.session), "short"],
    ["request", (row) => (row.request_id ? shortened(row.request_id) : null)],
  ];
  return table(columns, rows, whenEmpty);
}

// What failed without an exception has its status for a type.
function outcome(row) {
  return [...new Set([row.outcome, String(row.status_code ?? ""), row.error_type].filter(Boolean))].join(" ");
}

// The end of an id is enough to tell it by; the button copies all of it.
function traceLink({ trace_id: id, url }) {
  const shown = id.length > 12 ? `…${id.slice(-SHORT)}` : id;
  const link = url ? element("a", { href: url, target: "_blank", rel: "noopener", title: id, "aria-label": `trace ${id}` }, shown) : element("span", { title: id }, shown);
  return element("span", { class: "id" }, link, copyButton(id));
}

function shortened(id) {
  const shown = id.length > 16 ? `…${id.slice(-SHORT)}` : id;
  return element("span", { class: "id" }, element("span", { title: id }, shown), copyButton(id));
}

function copyButton(id) {
  return element("button", { type: "button", class: "copy", "data-copy": id, "aria-label": `copy ${id}` }, "copy");
}
