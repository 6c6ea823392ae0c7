// Figures as people read them.

// Between a number and its unit, which no line may part.
const gap = "\u00a0";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const money = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
const cents = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 4 });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));

export const compact = (value) => (value === null || value === undefined ? "–" : short.format(value));

export function share(part, of) {
  return of ? `${((100 * part) / of).toFixed(part && part / of < 0.1 ? 2 : 1)}${gap}%` : "–";
}

// How much more or less there is than in the window before.
export function change(now, before) {
  if (!before || now === null || now === undefined) return "";
  if (now > 10 * before) return `${Math.round(now / before)}${gap}×${gap}before`;
  const part = Math.round((100 * (now - before)) / before);
  return part === 0 ? "as before" : `${part > 0 ? "+" : "−"}${Math.abs(part)}${gap}%`;
}

export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms >= 120000) return age(ms / 1000);
  return ms < 1000 ? `${Math.round(ms)}${gap}ms` : `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)}${gap}s`;
}

export function dollars(value) {
  if (value === null || value === undefined) return "–";
  return value === 0 ? "$0" : (value < 1 ? cents : money).format(value);
}

// A day of the backend's, which are UTC's.
export const day = (iso) => new Date(iso).toLocaleDateString([], { month: "short", day: "numeric", timeZone: "UTC" });

const date = { month: "short", day: "numeric" };
const minute = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const second = { ...minute, second: "2-digit" };

export const moment = (iso) => new Date(iso).toLocaleString([], { ...date, ...second });

export const timeOfDay = (when) => when.toLocaleTimeString([], second);

// With both offsets where daylight saving begins or ends in between.
export function range({ start, end }) {
  const ends = [new Date(start), new Date(end)];
  const offsets = new Set(ends.map((when) => when.toLocaleTimeString("en", { timeZoneName: "shortOffset" }).split(" ").pop()));
  const told = ends.map((when) => when.toLocaleString([], { weekday: "short", ...date, ...minute }));
  return `${told.join(" to ")} (${zone}, ${[...offsets].join(" to ")})`;
}

export function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 120) return `${Math.round(seconds)}${gap}s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)}${gap}min` : `${(seconds / 3600).toFixed(1)}${gap}h`;
}
