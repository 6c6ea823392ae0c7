// The page: asks for what stands in the address, and shows it. What it showed stays until there is something newer.

import { FILTERS, WINDOWS, addressWith, currentWindow, filters, go, question } from "./address.js";
import { collectors } from "./collectors.js";
import { redrawInOtherColours } from "./charts.js";
import { delivery, noStatus } from "./delivery.js";
import { element } from "./elements.js";
import { figures, nothing } from "./figures.js";
import { morph } from "./morph.js";
import { range, timeOfDay } from "./words.js";

const AGAIN_AFTER = 30_000;
const LIVE_AFTER = 1_000;
const place = (id) => document.getElementById(id);
let asked = 0;
let shown = { address: null, at: null };
let timer;

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
  place("figures").setAttribute("aria-busy", String(shown.address !== String(question())));
  await Promise.all([showFigures(number), showDelivery(number)]);
}

async function showFigures(number) {
  const address = String(question());
  try {
    const found = await fetched(`api/summary?${address}`);
    if (number !== asked) return;
    morph(place("figures"), found.totals.requests === 0 ? nothing(found) : figures(found));
    shown = { address, at: new Date() };
    place("trouble").replaceChildren();
    describe(found);
  } catch (error) {
    if (number !== asked) return;
    place("trouble").replaceChildren(trouble(error, shown.address === address));
    if (shown.address !== address) place("figures").replaceChildren();
  }
  place("figures").setAttribute("aria-busy", "false");
}

function describe(found) {
  place("experiment").textContent = `${found.source.experiment.name} · ${found.source.kind}`;
  place("when").textContent = `${range(found.window)}; changes are to the window before`;
  place("taken").textContent = `as of ${timeOfDay(shown.at)}`;
  const listed = (rows, name) => rows.map((row) => row[name]);
  const names = {
    route: listed(found.routes, "route"),
    session: listed(found.sessions, "session"),
    service: listed(found.services, "service"),
    version: listed(found.versions, "version"),
    user: found.users_shown ? listed(found.users, "user") : [],
  };
  for (const name of Object.keys(names)) place(`known-${name}`).replaceChildren(...names[name].filter(Boolean).slice(0, 200).map((value) => element("option", { value })));
  place("filter").elements.user.disabled = !found.users_shown;
}

async function showDelivery(number) {
  const made = await fetched("status").then(delivery, noStatus);
  const hops = await fetched("api/collectors").then((found) => collectors(found.collectors), () => null);
  if (number === asked) morph(place("delivery"), [made, hops].filter(Boolean));
}

function trouble(error, isStale) {
  const again = element("button", { type: "button" }, "Try again");
  again.addEventListener("click", show);
  const stale = isStale ? element("p", {}, `What stands below is of ${timeOfDay(shown.at)}.`) : null;
  return element(
    "div",
    { class: "state bad", role: "alert" },
    element("h2", {}, isStale ? "The figures are stale" : "The figures could not be had"),
    stale,
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
  morph(place("windows"), links);
  const removable = filters().map(([name, value]) => {
    return element("a", { href: addressWith({ [name]: null }), "data-view": "", "aria-label": `take the filter ${name} ${value} away` }, `${name}: ${value} ✕`);
  });
  morph(place("filters"), removable);
  for (const name of FILTERS) {
    const field = place("filter").elements[name];
    if (document.activeElement !== field) field.value = question().get(name) ?? "";
  }
}

function chooseRange(event) {
  event.preventDefault();
  const { from, to } = Object.fromEntries(new FormData(place("range")));
  const iso = (local) => new Date(local).toISOString();
  go(addressWith({ window: null, from: iso(from), to: to ? iso(to) : null }));
}

function chooseFilters(event) {
  event.preventDefault();
  const given = new FormData(place("filter"));
  go(addressWith(Object.fromEntries(FILTERS.map((name) => [name, (given.get(name) ?? "").trim() || null]))));
}

// Browsers give the clipboard to pages of this machine and of https alone; elsewhere the id is shown whole.
async function copy(id) {
  if (!navigator.clipboard) return void prompt("The id, to be copied:", id);
  await navigator.clipboard.writeText(id);
  place("said").textContent = `copied ${id}`;
}

function follow(event) {
  event.target.closest("button[data-more]")?.parentElement.toggleAttribute("open");
  const copied = event.target.closest("button[data-copy]");
  if (copied) return void copy(copied.dataset.copy);
  const link = event.target.closest("a[data-view]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
}

function refreshAgain() {
  clearInterval(timer);
  timer = setInterval(() => document.visibilityState === "visible" && show(), place("live").checked ? LIVE_AFTER : AGAIN_AFTER);
}

document.addEventListener("click", follow);
place("range").addEventListener("submit", chooseRange);
place("filter").addEventListener("submit", chooseFilters);
addEventListener("asked", show);
addEventListener("popstate", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawInOtherColours);
place("live").addEventListener("change", refreshAgain);
refreshAgain();
show();
