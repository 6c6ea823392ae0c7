// The tracing light and the mode: what answers, and whether its traces arrive.

import { call } from "./api.js";
import { part } from "./dom.js";

const EVERY = 5000;
const MODES = {
  embedded: "Embedded: rules, not a language model, over made-up data",
  databricks: "Databricks: model serving and Genie",
};

export async function watch() {
  await Promise.all([look(), showMode()]);
  setInterval(look, EVERY);
}

export async function look() {
  const status = await call("GET", "/api/tracing/status").catch((error) => ({ state: "unknown", reason: error.message }));
  const waiting = status.counts?.pending ? `, ${status.counts.pending} waiting` : "";
  part("light").dataset.state = status.state;
  part("light").title = [status.reason, status.fix].filter(Boolean).join(" — ") || "Open the dashboard";
  part("light-state").textContent = status.state === "ok" || !status.reason ? status.state + waiting : `${status.state}: ${status.reason}`;
}

async function showMode() {
  const { mode } = await call("GET", "/api/health").catch(() => ({ mode: "" }));
  part("mode").textContent = MODES[mode] ?? mode;
}
