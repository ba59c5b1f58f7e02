// Which names stand on a map, and where: some forty placed by spread, more as one comes nearer, none over another.

import { findRoom } from "../shared/boxes.js";
import { shorten } from "../shared/numbers.js";

/** @import { Box } from "../shared/boxes.js" */
/** @import { View } from "./camera.js" */
/** @typedef {{point: number, text: string, across: number, down: number, first: boolean}} Name from its point, in pixels */

const USUAL = 40;
const MOST = 160;
const LOOKED_AT = 60_000; // points, the most important first
const A_CELL = 6; // candidates
const [COLUMNS, ROWS] = [8, 6];

/**
 * @param {Float32Array} points
 * @param {Uint8Array} strengths
 * @param {View} view
 * @param {{first: number[], order: ArrayLike<number>, label: (i: number) => string, width: (text: string) => number,
 *   zoom: number, radius: number, size: number}} options `first` are named whatever they cover; `order` is by importance
 * @returns {Name[]}
 */
export function placeNames(points, strengths, view, { first, order, label, width, zoom, radius, size }) {
  const { panel, lens } = view;
  /** @type {Box} */
  const bounds = [panel.left + 1, panel.top + 1, panel.left + panel.width - 1, panel.top + panel.height - 1];
  /** @type {Box[]} */
  const taken = [];
  /** @type {Name[]} */
  const placed = [];
  /** @param {number} i */
  const pixel = (i) => [lens.left + points[2 * i] * lens.scale, lens.top - points[2 * i + 1] * lens.scale];

  /**
   * @param {number} point
   * @param {boolean} always
   */
  const place = (point, always) => {
    const text = shorten(label(point)).trim();
    if (!text) return;
    const [x, y] = pixel(point);
    const wide = width(text);
    const places = listPlaces(x, y, wide, always ? radius + 3 : radius, size);
    let at = findRoom(places, bounds, taken);
    if (at < 0 && always) at = x > panel.left + panel.width / 2 ? 1 : 0;
    if (at < 0) return;
    taken.push(places[at]);
    placed.push({ point, text, across: places[at][0] - x, down: places[at][1] + size * 0.95 - y, first: always });
  };

  const named = new Set(first);
  for (const point of named) {
    const [x, y] = pixel(point);
    if (x >= bounds[0] && y >= bounds[1] && x <= bounds[2] && y <= bounds[3]) place(point, true);
  }
  const limit = Math.min(MOST, USUAL + 25 * Math.max(0, Math.log2(zoom)) + first.length);
  const most = Math.round(limit * Math.min(1, (panel.width * panel.height) / 200_000) + 4);
  const cells = gather(points, strengths, view, order, named);
  for (let round = 0; round < A_CELL && placed.length < most; round++)
    for (const cell of cells) if (round < cell.length && placed.length < most) place(cell[round], false);
  return placed;
}

/**
 * The most important points of each cell of the panel, so that names are spread over it.
 * @param {Float32Array} points
 * @param {Uint8Array} strengths
 * @param {View} view
 * @param {ArrayLike<number>} order
 * @param {Set<number>} named
 */
function gather(points, strengths, { panel, lens }, order, named) {
  /** @type {number[][]} */
  const cells = Array.from({ length: COLUMNS * ROWS }, () => []);
  for (let rank = 0; rank < Math.min(order.length, LOOKED_AT); rank++) {
    const i = order[rank];
    const across = Math.floor(((lens.left + points[2 * i] * lens.scale - panel.left) / panel.width) * COLUMNS);
    const down = Math.floor(((lens.top - points[2 * i + 1] * lens.scale - panel.top) / panel.height) * ROWS);
    if (across < 0 || down < 0 || across >= COLUMNS || down >= ROWS || !strengths[i] || named.has(i)) continue;
    const cell = cells[down * COLUMNS + across];
    if (cell.length < A_CELL) cell.push(i);
  }
  return cells;
}

/**
 * Right of a point, left of it, above, below.
 * @param {number} x
 * @param {number} y
 * @param {number} wide
 * @param {number} radius
 * @param {number} size
 * @returns {Box[]}
 */
function listPlaces(x, y, wide, radius, size) {
  const [away, half] = [radius + 3, size * 0.62];
  return [
    [x + away, y - half, x + away + wide, y + half],
    [x - away - wide, y - half, x - away, y + half],
    [x - wide / 2, y - away - 2 * half, x + wide / 2, y - away],
    [x - wide / 2, y + away, x + wide / 2, y + away + 2 * half],
  ];
}

/**
 * The points by importance: those Python named, then by degree.
 * @param {{count: number, named: number[], degrees: Uint32Array | null}} facts
 * @returns {Uint32Array}
 */
export function rankPoints({ count, named, degrees }) {
  const step = Math.max(1, Math.floor(count / LOOKED_AT));
  const others = Uint32Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
  if (degrees) others.sort((a, b) => degrees[b] - degrees[a] || a - b);
  return Uint32Array.from([...new Set([...named, ...others])]);
}
