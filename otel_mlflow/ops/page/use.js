// Who and what: models, tools, users, sessions, services, feedback, status codes.

import { element, panel, table, than, wide } from "./elements.js";
import { filterLink, userLink } from "./requests.js";
import { compact, count, day, dollars, duration, moment, share } from "./words.js";

export function use(found) {
  return element(
    "div",
    { class: "grid" },
    wide(panel("Models", table(modelColumns, found.models, "No model was called."))),
    panel("Tools", table(toolColumns, found.tools, "No tool was called.")),
    panel("Spans", table(spanColumns, found.spans, "No other span says its name.")),
    retention(found.retention),
    panel("Users", table([["user", (row) => userLink(found, row.user)], ...traffic, ...spent], found.users, "No request says whose it is.")),
    panel("Sessions", table(sessionColumns(found), found.sessions, "No request is part of a session.")),
    panel("Feedback", table(feedbackColumns, found.feedback, "Nobody said anything yet.")),
    panel("Status codes", table([["status", (row) => String(row.status_code)], ["requests", (row) => count(row.requests), "number"]], found.statuses, "Not known.")),
    panel("Versions", table(versionColumns, found.versions, "No request says of which version it is.")),
    panel("Services", table([["service", (row) => filterLink("service", row.service)], ...traffic], found.services, "No request says of which service it is.")),
  );
}

const spent = [
  ["tokens in", (row) => compact(row.input_tokens), "number"],
  ["out", (row) => compact(row.output_tokens), "number"],
  ["cost", (row) => dollars(row.cost), "number"],
];

const took = [
  ["p50", (row) => duration(row.p50_ms), "number"],
  ["p95", (row) => duration(row.p95_ms), "number"],
  ["p99", (row) => duration(row.p99_ms), "number"],
  ["longest", (row) => duration(row.longest_ms), "number"],
];

const traffic = [
  ["requests", (row) => count(row.requests), "number"],
  ["errors", (row) => count(row.errors), "number", (row) => row.errors && "bad"],
];

const modelColumns = [
  ["model", (row) => row.model],
  ["calls", (row) => count(row.calls), "number"],
  than("calls"),
  ...spent,
  than("cost", "cost change"),
  ...took,
];

const toolColumns = [
  ["tool", (row) => row.tool],
  ["calls", (row) => count(row.calls), "number"],
  ["failures", (row) => `${count(row.failures)} (${share(row.failures, row.calls)})`, "number", (row) => row.failures && "bad"],
  ...took,
];

const spanColumns = [
  ["span", (row) => row.span],
  ["calls", (row) => count(row.calls), "number"],
  ["failures", (row) => `${count(row.failures)} (${share(row.failures, row.calls)})`, "number", (row) => row.failures && "bad"],
  ...took,
];

// How many of those who came first in a day or week came in each one after it.
function retention(rows) {
  if (!rows.length) return null;
  const most = Math.max(...rows.map((row) => row.returned.length));
  const after = Array.from({ length: most }, (_, place) => [`+${place + 1}`, (row) => row.returned[place] === undefined ? "" : share(row.returned[place], row.users), "number"]);
  return panel("New users who came back", table([["since", (row) => day(row.time)], ["users", (row) => count(row.users), "number"], ...after], rows, ""));
}

const versionColumns = [
  ["version", (row) => filterLink("version", row.version)],
  ...traffic,
  ["p50", (row) => duration(row.p50_ms), "number"],
  ["p95", (row) => duration(row.p95_ms), "number"],
  ["first", (row) => moment(row.first)],
];

const sessionColumns = (found) => [
  ["session", (row) => filterLink("session", row.session)],
  ["user", (row) => userLink(found, row.user)],
  ...traffic,
  ["last", (row) => moment(row.time)],
];

const feedbackColumns = [
  ["about", (row) => row.name],
  ["given", (row) => count(row.given), "number"],
  ["mean", (row) => (row.mean === null ? "–" : row.mean.toFixed(2)), "number"],
  ["values", values],
];

const MOST_VALUES = 8;

function values(row) {
  const told = Object.entries(row.values).map(([value, given]) => `${value}: ${given}`);
  const left = told.length - MOST_VALUES;
  const others = left > 0 ? `${left} other ${left === 1 ? "value" : "values"}` : null;
  return [...told.slice(0, MOST_VALUES), others, row.texts ? `texts: ${row.texts}` : null].filter(Boolean).join(", ");
}
