// What is looked at stands in the page's address, so that it can be sent to somebody.

export const WINDOWS = ["15m", "1h", "24h", "7d", "28d"];
export const FILTERS = ["route", "user", "session", "service", "version", "slower_than"];
const KNOWN = ["window", "from", "to", ...FILTERS];

export function question() {
  const given = new URLSearchParams(location.search);
  return new URLSearchParams([...given].filter(([name, value]) => KNOWN.includes(name) && value));
}

export function filters() {
  return [...question()].filter(([name]) => FILTERS.includes(name));
}

export function currentWindow() {
  const asked = question();
  return asked.has("from") ? "" : asked.get("window") || "1h";
}

// The address of the same view with something else; null leaves it away.
export function addressWith(changes) {
  const asked = question();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") asked.delete(name);
    else asked.set(name, value);
  }
  return `?${asked}`;
}

export function go(address) {
  history.pushState(null, "", address);
  dispatchEvent(new Event("asked"));
}

export function goToRange(fromSeconds, toSeconds) {
  const iso = (seconds) => new Date(seconds * 1000).toISOString();
  go(addressWith({ window: null, from: iso(fromSeconds), to: iso(toSeconds) }));
}
