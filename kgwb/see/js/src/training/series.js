// What Python sent of a training: panels, their lines, and the ranges of what is shown.

import { readArray } from "../shared/model.js";

/**
 * @typedef {{x: number, y: number, low: number, high: number}} Point no number where something is missing
 * @typedef {{name: string, colour: string, dashed: boolean, kind: "run" | "seed" | "mean", points: Point[]}} Line
 * @typedef {{title: string, across: [number, number], floors: [string, number][], lines: Line[]}} Panel
 */

const COLUMNS = 4; // number, value, low, high

/**
 * @param {any} state
 * @returns {Panel[]}
 */
export function readPanels({ panels = [] }) {
  return panels.map((/** @type {any} */ panel) => ({
    ...panel,
    lines: panel.lines.map((/** @type {any} */ line) => ({ ...line, points: readPoints(line.rows) })),
  }));
}

/**
 * @param {any} rows
 * @returns {Point[]}
 */
function readPoints(rows) {
  const values = readArray(rows);
  return Array.from({ length: values.length / COLUMNS }, (_, i) => {
    const [x, y, low, high] = values.subarray(COLUMNS * i, COLUMNS * (i + 1));
    return { x, y, low, high };
  });
}

/**
 * The runs by name, each with the line that stands for it: the mean where there are seeds.
 * @param {Panel[]} panels
 * @returns {Map<string, Line>}
 */
export function listRuns(panels) {
  /** @type {Map<string, Line>} */
  const runs = new Map();
  for (const { lines } of panels)
    for (const line of lines) if (!runs.has(line.name) || line.kind === "mean") runs.set(line.name, line);
  return runs;
}

/**
 * From the lowest of what is shown to the highest, floors included, with a little room on both sides.
 * @param {Line[]} lines
 * @param {[string, number][]} floors
 * @returns {[number, number]}
 */
export function findRange(lines, floors) {
  let [low, high] = [Infinity, -Infinity];
  /** @param {number} value */
  const include = (value) => {
    if (!Number.isFinite(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const { points } of lines)
    for (const point of points) for (const value of [point.y, point.low, point.high]) include(value);
  for (const [, value] of floors) include(value);
  if (low > high) return [0, 1];
  const room = (high - low) * 0.05 || Math.max(Math.abs(high), 1) * 0.05;
  return [low - room, high + room];
}

/**
 * The lines that have a label, and the point it names: the last one, or the last up to the cursor. Seeds have their mean's
 * label, where there is one.
 * @param {Line[]} lines
 * @param {number | null} [cursor]
 * @returns {{line: Line, end: Point}[]}
 */
export function findEnds(lines, cursor = null) {
  const means = new Set(lines.filter((line) => line.kind === "mean").map((line) => line.name));
  return lines.flatMap((line) => {
    const end = line.points.findLast(({ x, y }) => (cursor === null ? Number.isFinite(y) : x <= cursor));
    return end && !(line.kind === "seed" && means.has(line.name)) ? [{ line, end }] : [];
  });
}

/**
 * At most about `count` round values from `low` to `high`.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function chooseTicks(low, high, count) {
  const rough = (high - low) / count;
  if (!(rough > 0 && Number.isFinite(rough))) return [];
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => unit * factor).find((size) => size >= rough * 0.75) ?? unit * 10;
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number((step * (first + i)).toPrecision(12)));
}

/**
 * Places from `low` to `high`, at least `gap` apart, in the order of those wanted and as near to them as can be; as
 * `spread_labels` in see/panels.py.
 * @param {number[]} wanted
 * @param {number} gap
 * @param {number} low
 * @param {number} high
 */
export function spreadLabels(wanted, gap, low, high) {
  const order = wanted.map((_, i) => i).sort((one, other) => wanted[one] - wanted[other] || one - other);
  /** @type {[mean: number, size: number][]} */
  const blocks = [];
  order.forEach((i, rank) => {
    let [mean, size] = [wanted[i] - gap * rank, 1];
    for (let last = blocks.at(-1); last && last[0] > mean; last = blocks.at(-1)) {
      blocks.pop();
      [mean, size] = [(last[0] * last[1] + mean * size) / (last[1] + size), last[1] + size];
    }
    blocks.push([mean, size]);
  });
  const ceiling = Math.max(low, high - gap * (order.length - 1));
  const fitted = blocks.flatMap(([mean, size]) => Array(size).fill(Math.min(Math.max(mean, low), ceiling)));
  const places = Array(wanted.length).fill(0);
  order.forEach((i, rank) => {
    places[i] = fitted[rank] + gap * rank;
  });
  return places;
}

/**
 * Three digits, also where they are zeros; as `format_value` in see/training/picture.py.
 * @param {number} value
 */
export function formatValue(value) {
  if (!Number.isFinite(value)) return "missing";
  const size = Math.abs(value);
  if (size >= 1000 && size < 1e6) return Math.round(value).toLocaleString("en");
  return (size && size < 1e-3) || size >= 1e6 ? value.toExponential(2) : value.toPrecision(3);
}
