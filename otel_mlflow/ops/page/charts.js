// Charts, drawn by uPlot (page/vendor/uplot) in the colours of the style sheet. A drag chooses a shorter window.
/* global uPlot */

import { goToRange } from "./address.js";
import { element, panel } from "./elements.js";
import { compact, dollars, duration } from "./words.js";

const HEIGHT = 190;
const LEAST_DRAG = 8;
const drawn = new Map();

export const amounts = (value) => compact(value);
export const times = (value) => duration(value);
export const money = (value) => dollars(value);

// Lines: [label, column, name of a colour]; `form` "bars" or "lines"; `unit` how to write a value. Versions are marked
// where they appeared.
export function chart(title, rows, lines, form, unit, versions = []) {
  const place = element("div", { role: "img", class: "chart", "data-chart": title, "aria-label": told(title, rows, lines, unit) });
  place.redraw = (kept) => draw(kept, rows, lines, form, unit, versions);
  // In the page it has a width, and not before.
  requestAnimationFrame(() => place.isConnected && draw(place, rows, lines, form, unit, versions));
  return panel(title, place);
}

export function redrawInOtherColours() {
  for (const { place, again } of drawn.values()) {
    place.replaceChildren();
    drawn.delete(place);
    again();
  }
}

function told(title, rows, lines, unit) {
  const values = (column) => rows.map((row) => row[column]).filter((value) => value !== null);
  const most = lines.map(([label, column]) => `${label} at most ${values(column).length ? unit(Math.max(...values(column))) : "–"}`);
  return `${title}: ${most.join(", ")}`;
}

function draw(place, rows, lines, form, unit, versions) {
  const data = [rows.map((row) => Date.parse(row.time) / 1000), ...lines.map(([, column]) => rows.map((row) => row[column]))];
  const again = () => draw(place, rows, lines, form, unit, versions);
  const known = drawn.get(place);
  const isKnown = known && place.contains(known.plot.root);
  if (isKnown && known.names === String(lines)) {
    known.again = again;
    known.plot.versions = versions;
    known.plot.setData(data);
    return;
  }
  if (isKnown) known.plot.destroy();
  const plot = new uPlot(options(place.clientWidth, lines, form, unit), data, place);
  plot.versions = versions;
  drawn.set(place, { place, plot, again, names: String(lines) });
  if (!isKnown) new ResizeObserver(() => place.clientWidth && drawn.get(place)?.plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
}

function options(width, lines, form, unit) {
  const axis = { stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } };
  return {
    width,
    height: HEIGHT,
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [axis, { ...axis, size: 64, values: (_, values) => values.map(unit) }],
    series: [{ value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...lines.map((line) => series(line, form, unit))],
    legend: { live: true },
    cursor: { drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG } },
    hooks: { setSelect: [narrow], draw: [markVersions] },
  };
}

function narrow(plot) {
  const { left, width } = plot.select;
  if (width >= LEAST_DRAG) goToRange(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
}

function markVersions(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("faint");
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.setLineDash([4, 4]);
  // What was there in the first step was there before.
  const appeared = (plot.versions ?? []).filter(({ first }) => Date.parse(first) / 1000 >= plot.data[0][1]);
  for (const [number, { version, first }] of appeared.entries()) {
    const left = plot.valToPos(Date.parse(first) / 1000, "x", true);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(version, left + 4, bbox.top + 12 * (1 + (number % 4)) * devicePixelRatio);
  }
  ctx.restore();
}

function series([label, , name], form, unit) {
  const bars = form === "bars";
  return {
    label,
    stroke: colour(name),
    fill: bars ? colour(name) : undefined,
    width: bars ? 0 : 1.6,
    paths: bars ? uPlot.paths.bars({ size: [0.8, 40] }) : undefined,
    points: bars ? { show: false } : { show: true, size: 5, filter: alone },
    value: (_, value) => (value === null || value === undefined ? "–" : unit(value)),
  };
}

// A line needs two points: one without neighbours is a dot.
function alone(plot, number) {
  const values = plot.data[number];
  const there = (position) => values[position] !== null && values[position] !== undefined;
  return [...values.keys()].filter((place) => there(place) && !there(place - 1) && !there(place + 1));
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
