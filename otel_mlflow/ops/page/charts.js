// Charts, drawn by uPlot (page/vendor/uplot) in the colours of the style sheet.
/* global uPlot */

import { element, panel } from "./elements.js";
import { compact, duration } from "./words.js";

const HEIGHT = 200;
let drawn = [];

export function forgetCharts() {
  for (const chart of drawn) chart.destroy();
  drawn = [];
}

// Lines: [label, column, name of a colour]; `form` "bars" or "lines"; `unit` how to write a value.
export function chart(title, rows, lines, form, unit) {
  const place = element("div", { role: "img", "aria-label": title });
  const found = panel(title, place);
  // In the page it has a width, and not before.
  requestAnimationFrame(() => draw(place, rows, lines, form, unit));
  return found;
}

export const amounts = (value) => compact(value);
export const times = (value) => duration(value);

function draw(place, rows, lines, form, unit) {
  if (!place.isConnected) return;
  const data = [rows.map((row) => Date.parse(row.time) / 1000), ...lines.map(([, column]) => rows.map((row) => row[column]))];
  const chart = new uPlot(options(place.clientWidth, lines, form, unit), data, place);
  drawn.push(chart);
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
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
  };
}

function series([label, , name], form, unit) {
  const bars = form === "bars";
  return {
    label,
    stroke: colour(name),
    fill: bars ? colour(name) : undefined,
    width: bars ? 0 : 1.6,
    paths: bars ? uPlot.paths.bars({ size: [0.8, 40] }) : undefined,
    points: { show: bars ? false : undefined, size: 4 },
    value: (_, value) => (value === null || value === undefined ? "–" : unit(value)),
  };
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
