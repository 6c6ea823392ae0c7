// The figures of a window: tiles, charts and tables.

import { addressWith } from "./address.js";
import { amounts, chart, times } from "./charts.js";
import { element, panel, table, wide } from "./elements.js";
import { compact, count, dollars, duration, moment, share } from "./words.js";

export function figures(found) {
  return [tiles(found), charts(found), requests(found), use(found), missing(found)];
}

export function nothing(found) {
  const when = `${moment(found.window.start)} – ${moment(found.window.end)}`;
  const filtered = Object.values(found.filters).some(Boolean);
  const advice = filtered ? "Take a filter away, or choose a longer window." : "Choose a longer window.";
  return element(
    "div",
    { class: "state" },
    element("h2", {}, "No requests here"),
    element("p", {}, `No trace began in ${when}. ${advice}`),
    element("p", { class: "faint" }, "If there should be some, look at delivery below, and run: otel-mlflow doctor"),
  );
}

function tiles({ totals }) {
  const bad = totals.errors > 0;
  const people = totals.new_users === null ? "not known here" : `${count(totals.new_users)} new, ${count(totals.returning_users)} known`;
  const shown = [
    ["Requests", count(totals.requests), `${count(totals.cancelled)} cancelled`],
    ["Errors", count(totals.errors), share(totals.errors, totals.requests), bad],
    ["p50", duration(totals.p50_ms), "of all requests"],
    ["p95", duration(totals.p95_ms), `p99 ${duration(totals.p99_ms)}`],
    ["Users", count(totals.users), people],
    ["Sessions", count(totals.sessions), ""],
    ["Tokens", compact(totals.total_tokens), `${compact(totals.input_tokens)} in, ${compact(totals.output_tokens)} out`],
    ["Cost", dollars(totals.cost), "as MLflow priced it"],
  ];
  return element("div", { class: "tiles" }, ...shown.map(tile));
}

function tile([name, value, more, bad]) {
  return element("div", { class: bad ? "tile bad" : "tile" }, element("span", {}, name), element("b", {}, value), element("span", {}, more));
}

function charts({ series, hours }) {
  const outcomes = [["requests", "requests", "ok"], ["errors", "errors", "bad"], ["cancelled", "cancelled", "warn"]];
  const latencies = [["p50", "p50_ms", "p50"], ["p95", "p95_ms", "p95"], ["p99", "p99_ms", "p99"]];
  return element(
    "div",
    { class: "grid" },
    chart("Requests and errors", series, outcomes, "lines", amounts),
    chart("Latency", series, latencies, "lines", times),
    chart("Requests by hour", hours, [["requests", "requests", "ok"]], "bars", amounts),
  );
}

function requests(found) {
  const routes = table(
    [
      ["route", (row) => filterLink("route", row.route)],
      ["requests", (row) => count(row.requests), "number"],
      ["errors", (row) => `${count(row.errors)} (${share(row.errors, row.requests)})`, "number", (row) => row.errors && "bad"],
      ["cancelled", (row) => count(row.cancelled), "number"],
      ["p50", (row) => duration(row.p50_ms), "number"],
      ["p95", (row) => duration(row.p95_ms), "number"],
      ["p99", (row) => duration(row.p99_ms), "number"],
    ],
    found.routes,
    "None.",
  );
  return element(
    "div",
    { class: "grid" },
    wide(panel("Routes", routes)),
    wide(panel("Failing", requestTable(found, found.failing, "Nothing failed."))),
    wide(panel("Slowest", requestTable(found, found.slowest, "None."))),
  );
}

function requestTable(found, rows, whenEmpty) {
  const columns = [
    ["when", (row) => moment(row.time)],
    ["route", (row) => filterLink("route", row.route)],
    ["status", (row) => String(row.status_code ?? "–"), "number", (row) => row.outcome === "error" && "bad"],
    ["outcome", (row) => row.outcome],
    ["took", (row) => duration(row.duration_ms), "number"],
    ["user", (row) => userLink(found, row.user)],
    ["session", (row) => filterLink("session", row.session)],
    ["request", (row) => row.request_id],
    ["trace", (row) => (row.url ? element("a", { href: row.url, target: "_blank", rel: "noopener" }, row.trace_id) : row.trace_id)],
  ];
  return table(columns, rows, whenEmpty);
}

function use(found) {
  return element(
    "div",
    { class: "grid" },
    panel("Models", table([["model", (row) => row.model], ["calls", (row) => count(row.calls), "number"], ...spent()], found.models, unless(found, "models", "No model was called."))),
    panel("Users", table([["user", (row) => userLink(found, row.user)], ...traffic(), ...spent()], found.users, unless(found, "users", "No request says whose it is."))),
    panel("Sessions", table([["session", (row) => filterLink("session", row.session)], ["user", (row) => row.user], ...traffic()], found.sessions, unless(found, "sessions", "No request is part of a session."))),
    panel("Tools", table([["tool", (row) => row.tool], ["calls", (row) => count(row.calls), "number"], ["failures", (row) => `${count(row.failures)} (${share(row.failures, row.calls)})`, "number", (row) => row.failures && "bad"]], found.tools, unless(found, "tools", "No tool was called."))),
    panel("Feedback", table([["about", (row) => row.name], ["given", (row) => count(row.given), "number"], ["mean", (row) => (row.mean === null ? "–" : row.mean.toFixed(2)), "number"], ["values", values]], found.feedback, unless(found, "feedback", "Nobody said anything yet."))),
    panel("Status codes", table([["status", (row) => String(row.status_code)], ["requests", (row) => count(row.requests), "number"]], found.statuses, unless(found, "statuses", "Not known."))),
  );
}

// What an empty table means: that there is nothing, or that nobody knows.
function unless(found, figure, nothing) {
  return found.missing.some((gap) => gap.figure === figure) ? "This backend cannot tell; see below." : nothing;
}

const spent = () => [
  ["tokens in", (row) => compact(row.input_tokens), "number"],
  ["out", (row) => compact(row.output_tokens), "number"],
  ["cost", (row) => dollars(row.cost), "number"],
];

const traffic = () => [
  ["requests", (row) => count(row.requests), "number"],
  ["errors", (row) => count(row.errors), "number", (row) => row.errors && "bad"],
];

function values(row) {
  return Object.entries(row.values).map(([value, given]) => `${value}: ${given}`).join(", ");
}

function missing({ missing: gaps }) {
  if (!gaps.length) return null;
  const reasons = [...new Set(gaps.map((gap) => gap.reason))];
  const told = reasons.map((reason) => `${gaps.filter((gap) => gap.reason === reason).map((gap) => gap.figure).join(", ")}: ${reason}.`);
  return element("div", { class: "missing" }, element("h2", {}, "What this backend cannot tell"), ...told.map((text) => element("p", {}, text)));
}

function filterLink(name, value) {
  return value ? element("a", { href: addressWith({ [name]: value }), "data-view": "" }, value) : null;
}

function userLink(found, user) {
  return found.users_shown ? filterLink("user", user) : user;
}
