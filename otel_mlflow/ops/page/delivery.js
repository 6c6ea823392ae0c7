// How tracing itself is doing, on the host that serves this page.

import { element, table } from "./elements.js";
import { age, count, moment } from "./words.js";

export function delivery(status) {
  const { counts, spool } = status;
  const rows = [
    ["waiting", `${count(counts.pending)}${spool.oldest_age_seconds === null ? "" : `, the oldest for ${age(spool.oldest_age_seconds)}`}`],
    ["quarantined", `${count(counts.quarantined)}${counts.quarantined ? " – see: otel-mlflow spool list --quarantined" : ""}`],
    ["dropped", count(counts.dropped)],
    ["delivered", `${count(counts.delivered)} of ${count(counts.traced)} traced`],
    ["not traced", `${count(counts.excluded)} excluded, ${count(counts.sampled_out)} sampled out, ${count(counts.filtered)} filtered`],
    ["last delivery", status.last_delivery ? moment(status.last_delivery) : "none yet"],
    ["last error", status.last_error ?? "none"],
    ["to", [status.tracking_uri, status.identity && `as ${status.identity}`].filter(Boolean).join(" ")],
  ];
  return element(
    "div",
    { class: status.state },
    element("h2", {}, `Delivery is ${status.state}`),
    status.reason ? element("p", {}, status.reason) : null,
    status.fix ? element("p", {}, element("b", {}, `To do: ${status.fix}`)) : null,
    table([["", ([name]) => name], ["", ([, value]) => value]], rows, ""),
  );
}

export function noStatus(error) {
  return element("div", { class: "unknown" }, element("h2", {}, "Delivery: no answer"), element("p", {}, error.message));
}
