// The page: asks for what stands in the address, and shows it.

import { WINDOWS, addressWith, currentWindow, filters, go, question } from "./address.js";
import { forgetCharts } from "./charts.js";
import { delivery, noStatus } from "./delivery.js";
import { element } from "./elements.js";
import { figures, nothing } from "./figures.js";

const AGAIN_AFTER = 30_000;
const place = (id) => document.getElementById(id);
let asked = 0;

async function fetched(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: "application/json" } });
  } catch {
    throw Object.assign(new Error("The application does not answer."), { fix: "check that it is running, and the network" });
  }
  const found = await answer.json().catch(() => ({}));
  // Of a failed delivery the status is told with 503: it is an answer.
  if (!answer.ok && !found.state) {
    throw Object.assign(new Error(found.detail || `The application answered ${answer.status}.`), { fix: found.fix });
  }
  return found;
}

async function show() {
  const number = ++asked;
  navigation();
  place("figures").setAttribute("aria-busy", "true");
  await Promise.all([showFigures(number), showDelivery(number)]);
}

async function showFigures(number) {
  let shown;
  try {
    const found = await fetched(`api/summary?${question()}`);
    shown = found.totals.requests === 0 ? [nothing(found)] : figures(found);
    place("experiment").textContent = `${found.source.experiment.name} · ${found.source.kind}`;
    place("taken").textContent = `as of ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    shown = [trouble(error)];
  }
  if (number !== asked) return;
  forgetCharts();
  place("figures").replaceChildren(...shown.filter(Boolean));
  place("figures").setAttribute("aria-busy", "false");
}

async function showDelivery(number) {
  const shown = await fetched("status").then(delivery, noStatus);
  if (number === asked) place("delivery").replaceChildren(shown);
}

function trouble(error) {
  const again = element("button", {}, "Try again");
  again.addEventListener("click", show);
  return element(
    "div",
    { class: "state bad", role: "alert" },
    element("h2", {}, "The figures could not be had"),
    element("p", {}, error.message),
    error.fix ? element("p", {}, element("b", {}, `To do: ${error.fix}`)) : null,
    again,
  );
}

function navigation() {
  const chosen = currentWindow();
  const links = WINDOWS.map((name) => {
    const address = addressWith({ window: name, from: null, to: null });
    return element("a", { href: address, "data-view": "", "aria-current": name === chosen ? "true" : null }, name);
  });
  place("windows").replaceChildren(...links);
  const removable = filters().map(([name, value]) => {
    return element("a", { href: addressWith({ [name]: null }), "data-view": "", title: "take this filter away" }, `${name}: ${value} ✕`);
  });
  place("filters").replaceChildren(...removable);
}

function chooseRange(event) {
  event.preventDefault();
  const { from, to } = Object.fromEntries(new FormData(place("range")));
  const iso = (local) => new Date(local).toISOString();
  go(addressWith({ window: null, from: iso(from), to: to ? iso(to) : null }));
}

function follow(event) {
  const link = event.target.closest("a[data-view]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
}

document.addEventListener("click", follow);
place("range").addEventListener("submit", chooseRange);
addEventListener("asked", show);
addEventListener("popstate", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
setInterval(() => document.visibilityState === "visible" && show(), AGAIN_AFTER);
show();
