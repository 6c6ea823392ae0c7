// The figures of a window: tiles, what leads to traces, charts, and tables of what was used.

import { amounts, chart, money, times } from "./charts.js";
import { element } from "./elements.js";
import { compact, change, count, dollars, duration, range, share } from "./words.js";
import { hoursOfTheWeek } from "./week.js";
import { others, worst } from "./requests.js";
import { use } from "./use.js";

const COLOURS = ["ok", "p95", "p50", "p99", "bad"];

export function figures(found) {
  return [missing(found), tiles(found), worst(found), charts(found), others(found), use(found), hoursOfTheWeek(found.hours)].filter(Boolean);
}

export function nothing(found) {
  const filtered = Object.values(found.filters).some(Boolean);
  const advice = filtered ? "Take a filter away, or choose a longer window." : "Choose a longer window.";
  return [
    missing(found),
    element(
      "div",
      { class: "state" },
      element("h2", {}, "No requests here"),
      element("p", {}, `No trace began from ${range(found.window)}. ${advice}`),
      element("p", { class: "faint" }, "If there should be some, look at delivery below, and run: otel-mlflow doctor"),
    ),
  ].filter(Boolean);
}

function tiles({ totals, previous, error_budget: budget }) {
  const people = totals.new_users === null ? "not known here" : `${count(totals.new_users)} new, ${count(totals.returning_users)} known`;
  const than = (name) => change(totals[name], previous[name]);
  const shown = [
    ["Requests", count(totals.requests), [than("requests"), `${count(totals.cancelled)} cancelled`]],
    ["Errors", count(totals.errors), [share(totals.errors, totals.requests), `before: ${share(previous.errors, previous.requests)}`], totals.errors > 0],
    ["Error budget", burn(budget.burn_rate), [`times as fast as ${Number((100 * (1 - budget.objective)).toPrecision(3))}\u00a0% allows`, `lately ${burn(budget.burn_rate_lately)}`], budget.burn_rate > 1],
    ["p50", duration(totals.p50_ms), [than("p50_ms")]],
    ["p95", duration(totals.p95_ms), [than("p95_ms"), `p99 ${duration(totals.p99_ms)}`]],
    ["Users", count(totals.users), [people]],
    ["Sessions", count(totals.sessions), []],
    ["Tokens", compact(totals.total_tokens), [than("total_tokens"), `${compact(totals.input_tokens)} in, ${compact(totals.output_tokens)} out`]],
    ["Cost", dollars(totals.cost), [than("cost"), "as MLflow priced it"]],
  ];
  return element("div", { class: "tiles" }, ...shown.map(tile));
}

function burn(rate) {
  return rate === null ? "–" : `${rate.toFixed(1)}\u00a0×`;
}

function tile([name, value, more, bad]) {
  const said = more.filter(Boolean).join(" · ");
  return element("div", { class: bad ? "tile bad" : "tile" }, element("span", {}, name), element("b", {}, value), element("span", {}, said));
}

function charts({ series, hours, versions, ...found }) {
  const outcomes = [["requests", "requests", "ok"], ["errors", "errors", "bad"], ["cancelled", "cancelled", "warn"]];
  const latencies = [["p50", "p50_ms", "p50"], ["p95", "p95_ms", "p95"], ["p99", "p99_ms", "p99"]];
  return element(
    "div",
    { class: "grid charts" },
    chart("Requests and errors", series, outcomes, "lines", amounts, versions),
    chart("Latency", series, latencies, "lines", times, versions),
    chart("By hour", hours, [["requests", "requests", "ok"], ["users", "users", "p99"]], "lines", amounts),
    chart("Tokens", series, [["tokens", "total_tokens", "p99"]], "bars", amounts),
    chart("Cost", series, [["cost", "cost", "p50"]], "bars", money),
    courses("Tokens by model", series, found.model_series, "model", "total_tokens", amounts),
    courses("Cost by model", series, found.model_series, "model", "cost", money),
    courses("Tokens by user", series, found.user_series, "user", "total_tokens", amounts),
    courses("Cost by user", series, found.user_series, "user", "cost", money),
    courses("Feedback, mean", series, found.feedback_series, "name", "mean", (value) => value.toFixed(2), null),
  );
}

// A line for each name, in the order of the list; where a name has no row there is `nothing`.
function courses(title, series, rows, by, column, unit, nothing = 0) {
  const names = [...new Set(rows.map((row) => row[by]))];
  if (!names.length) return null;
  const known = new Map(rows.map((row) => [`${row.time} ${row[by]}`, row[column]]));
  const wide = series.map(({ time }) => Object.fromEntries([["time", time], ...names.map((name, place) => [`line ${place}`, known.get(`${time} ${name}`) ?? nothing])]));
  return chart(title, wide, names.map((name, place) => [name, `line ${place}`, COLOURS[place]]), "lines", unit);
}

function missing({ missing: gaps }) {
  if (!gaps.length) return null;
  const reasons = [...new Set(gaps.map((gap) => gap.reason))];
  const told = reasons.map((reason) => `${gaps.filter((gap) => gap.reason === reason).map((gap) => gap.figure).join(", ")}: ${reason}.`);
  return element("div", { class: "missing", role: "status" }, element("h2", {}, "Not all is told here"), ...told.map((text) => element("p", {}, text)));
}
