// Every head as a dot between two axes, on any pen.

import { chooseTicks } from "./ticks.js";

/** @import { Facts } from "./facts.js" */
/** @typedef {{x: string, y: string, chosen: number | null, hidden: Set<number>}} Look hidden: layers */
/** @typedef {Record<"ink" | "paper" | "muted" | "rule" | "before" | "font", string>} Palette */
/** @typedef {{width: number, height: number, scale: number}} Size */
/** @typedef {[x: number, y: number]} Point */
/** @typedef {{points: Point[][], left: number, top: number, right: number, bottom: number, ranges: [number, number][]}} Places */

/**
 * Where every head of every reading lies, in pixels; NaN where it has no figure.
 * @param {Facts} facts
 * @param {Look} look
 * @param {Size} size
 * @returns {Places}
 */
export function placeHeads(facts, { x, y }, { width, height, scale }) {
  const [left, top, right, bottom] = [52 * scale, 30 * scale, width - 12, height - 44 * scale];
  const values = facts.names.map((_, reading) =>
    Array.from({ length: facts.all }, (_, head) => [x, y].map((name) => facts.read(reading, name, head).mean)),
  );
  const ranges = [0, 1].map((axis) => widen(values.flat().map((pair) => pair[axis])));
  const points = values.map((pairs) =>
    pairs.map(
      ([across, up]) =>
        /** @type {Point} */ ([
          left + ((across - ranges[0][0]) / (ranges[0][1] - ranges[0][0])) * (right - left),
          bottom - ((up - ranges[1][0]) / (ranges[1][1] - ranges[1][0])) * (bottom - top),
        ]),
    ),
  );
  return { points, left, top, right, bottom, ranges };
}

/**
 * @param {number[]} values
 * @returns {[number, number]}
 */
export function widen(values) {
  const known = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  if (!known.length) return [0, 1];
  const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Facts} facts
 * @param {Look} look
 * @param {Places} places
 * @param {Palette} palette
 * @param {number} scale
 */
export function paintHeads(pen, facts, look, places, palette, scale) {
  paintAxes(pen, facts, look, places, palette, scale);
  const last = places.points[places.points.length - 1];
  const seen = last
    .map((_, head) => head)
    .filter((head) => !look.hidden.has(Math.floor(head / facts.heads)) && isThere(last[head]));
  if (facts.two) for (const head of seen) paintStep(pen, places.points[0][head], last[head], palette, scale);
  for (const head of seen) {
    pen.beginPath();
    pen.arc(...last[head], 5 * scale, 0, 2 * Math.PI);
    pen.fillStyle = facts.colours[Math.floor(head / facts.heads)];
    pen.fill();
    pen.strokeStyle = palette.paper;
    pen.lineWidth = 0.75;
    pen.stroke();
  }
  if (look.chosen !== null && isThere(last[look.chosen]))
    paintChosen(pen, facts, look.chosen, last[look.chosen], places, palette, scale);
}

/** @param {Point} point */
export function isThere(point) {
  return point.every(Number.isFinite);
}

/**
 * From where a head was to where it is.
 * @param {CanvasRenderingContext2D} pen
 * @param {Point} from
 * @param {Point} to
 * @param {Palette} palette
 * @param {number} scale
 */
function paintStep(pen, from, to, palette, scale) {
  if (!isThere(from)) return;
  pen.strokeStyle = palette.before;
  pen.lineWidth = scale;
  pen.globalAlpha = 0.6;
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  pen.stroke();
  pen.globalAlpha = 1;
  pen.beginPath();
  pen.arc(...from, 3 * scale, 0, 2 * Math.PI);
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Facts} facts
 * @param {number} head
 * @param {Point} point
 * @param {Places} places
 * @param {Palette} palette
 * @param {number} scale
 */
function paintChosen(pen, facts, head, [x, y], { right }, palette, scale) {
  pen.beginPath();
  pen.arc(x, y, 9 * scale, 0, 2 * Math.PI);
  pen.strokeStyle = palette.ink;
  pen.lineWidth = 1.5 * scale;
  pen.stroke();
  const name = nameHead(facts, head);
  pen.font = `${12.5 * scale}px ${palette.font}`;
  const toLeft = x + 120 * scale > right;
  pen.textAlign = toLeft ? "right" : "left";
  const at = x + (toLeft ? -13 : 13) * scale;
  pen.lineJoin = "round";
  pen.lineWidth = 3 * scale;
  pen.strokeStyle = palette.paper;
  pen.strokeText(name, at, y + 4 * scale);
  pen.fillStyle = palette.ink;
  pen.fillText(name, at, y + 4 * scale);
}

/**
 * @param {Pick<Facts, "heads">} facts
 * @param {number} head counted through all layers
 */
export function nameHead({ heads }, head) {
  return `layer ${Math.floor(head / heads)}, head ${head % heads}`;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Facts} facts
 * @param {Look} look
 * @param {Places} places
 * @param {Palette} palette
 * @param {number} scale
 */
function paintAxes(pen, facts, { x, y }, { left, top, right, bottom, ranges }, palette, scale) {
  pen.font = `${12 * scale}px ${palette.font}`;
  pen.fillStyle = palette.muted;
  pen.lineWidth = 1;
  pen.strokeStyle = palette.rule;
  for (const value of chooseTicks(...ranges[1], 5)) {
    const at = bottom - ((value - ranges[1][0]) / (ranges[1][1] - ranges[1][0])) * (bottom - top);
    pen.beginPath();
    pen.moveTo(left, at);
    pen.lineTo(right, at);
    pen.stroke();
    pen.textAlign = "right";
    pen.fillText(String(value), left - 6, at + 4 * scale);
  }
  pen.strokeStyle = palette.muted;
  for (const value of chooseTicks(...ranges[0], 6)) {
    const at = left + ((value - ranges[0][0]) / (ranges[0][1] - ranges[0][0])) * (right - left);
    pen.beginPath();
    pen.moveTo(at, bottom);
    pen.lineTo(at, bottom + 4);
    pen.stroke();
    pen.textAlign = "center";
    pen.fillText(String(value), at, bottom + 17 * scale);
  }
  pen.beginPath();
  pen.moveTo(left, bottom);
  pen.lineTo(right, bottom);
  pen.stroke();
  pen.textAlign = "right";
  pen.fillText(facts.label(x), right, bottom + 36 * scale);
  pen.textAlign = "left";
  pen.fillText(facts.label(y), 0, 14 * scale);
}
