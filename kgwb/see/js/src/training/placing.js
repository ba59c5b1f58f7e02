// Where the panels stand, as wide as there is room for.

import { shorten } from "../shared/numbers.js";
import { findEnds, findRange, formatValue } from "./series.js";

/** @import { Line, Panel, Point } from "./series.js" */
/**
 * @typedef {{ink: string, paper: string, muted: string, rule: string, font: string, scale: number}} Look
 * @typedef {{panel: Panel, lines: Line[], left: number, top: number, width: number, height: number,
 *   room: number, up: [number, number], across: (x: number) => number, down: (y: number) => number}} Place
 * @typedef {CanvasRenderingContext2D} Pen
 */

export const LEADER = 14; // from the end of a panel to its labels, at the usual size of letters
export const ROW = 13; // from a label to the one below
export const MOST_NAMED = 60; // labels beside a panel, which is as high as they need
const [LEFT, ABOVE, BELOW] = [50, 26, 44]; // around a panel
const [NARROWEST, LOWEST, HIGHEST, MOST] = [180, 170, 240, 3];

/**
 * @param {Panel[]} panels
 * @param {Set<string>} hidden names of runs
 * @param {number} width
 * @param {Pen} pen whose letters are measured
 * @param {Look} look
 * @returns {{places: Place[], height: number}}
 */
export function placePanels(panels, hidden, width, pen, look) {
  const { scale } = look;
  pen.font = letters(look, 11);
  const shown = panels.map((panel) => panel.lines.filter((line) => !hidden.has(line.name)));
  const several = hasSeveral(panels);
  const texts = shown.flatMap((lines) => findEnds(lines).map(({ line, end }) => nameEnd(line, end, several)));
  const room = Math.min(
    width * 0.3,
    scale * LEADER + 6 + Math.max(30, ...texts.map((text) => pen.measureText(text).width)),
  );
  const [left, above, below] = [LEFT, ABOVE, BELOW].map((size) => size * scale);
  const fit = Math.floor(width / (left + NARROWEST * scale + room));
  const abreast = Math.max(1, Math.min(panels.length, MOST, fit));
  const named = Math.min(MOST_NAMED, Math.max(...shown.map((lines) => findEnds(lines).length)));
  const rows = fillRows(panels.length, abreast);
  /** @type {Place[]} */
  const places = [];
  let top = 0;
  for (const count of rows) {
    const wide = width / count;
    const inner = Math.max(40, wide - left - room);
    const high = Math.max(scale * Math.min(HIGHEST, Math.max(LOWEST, inner * 0.5)), scale * ROW * (named - 1));
    for (let i = 0; i < count; i++) {
      const panel = panels[places.length];
      const [x, y] = [left + i * wide, top + above];
      const up = findRange(shown[places.length], panel.floors);
      const [first, last] = panel.across;
      places.push({
        panel,
        lines: shown[places.length],
        left: x,
        top: y,
        width: inner,
        height: high,
        room: room - LEADER * scale,
        up,
        across: (value) => x + (inner * (value - first)) / (last - first || 1),
        down: (value) => y + high * (1 - (value - up[0]) / (up[1] - up[0])),
      });
    }
    top += above + high + below;
  }
  return { places, height: Math.ceil(top) };
}

/**
 * How many panels stand in each row: the first takes what is left over, and is as wide as the others.
 * @param {number} count
 * @param {number} abreast
 */
export function fillRows(count, abreast) {
  const first = count % abreast || abreast;
  return [first, ...Array((count - first) / abreast).fill(abreast)];
}

/**
 * Whether several runs are drawn, whose names are said then.
 * @param {Panel[]} panels
 */
export function hasSeveral(panels) {
  return new Set(panels.flatMap(({ lines }) => lines.map((line) => line.name))).size > 1;
}

/**
 * @param {Line} line
 * @param {Point} end
 * @param {boolean} several
 */
export function nameEnd(line, end, several) {
  return formatValue(end.y) + (several ? ` ${shorten(line.name)}` : "");
}

/**
 * @param {Look} look
 * @param {number} size
 * @param {number} [weight]
 */
export function letters({ scale, font }, size, weight = 400) {
  return `${weight} ${size * scale}px ${font}`;
}

/**
 * A text cut to a width.
 * @param {Pen} pen
 * @param {string} text
 * @param {number} width
 */
export function fitText(pen, text, width) {
  let cut = text.slice(0, 200);
  if (pen.measureText(cut).width <= width && cut === text) return text;
  while (cut.length > 1 && pen.measureText(`${cut}…`).width > width) cut = cut.slice(0, -1);
  return `${cut}…`;
}
