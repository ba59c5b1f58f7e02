// The whole matrix of a head on any pen: word pieces down and across, facts and vectors as further columns.

/** @import { Row } from "./rows.js" */
/** @typedef {Record<"ink" | "paper" | "muted" | "rule" | "injected" | "edge" | "before" | "after" | "font", string>} Palette */
/**
 * @typedef {{
 *   tokens: string[], extras: string[], injected: Set<number>, panels: {name: string, rows: Row[], signed: boolean}[],
 *   pairs: [number, number, number, number][], focus: number, least: number
 * }} MatrixScene pairs: first and last unit of the two mentions that a fact links
 * @typedef {{cell: number, room: number, top: number, lefts: number[], width: number, height: number, size: number}} MatrixPlaces
 */

const GAP = 24;
const HEAD = 22;
const LEAST_CELL = 2;
const BESIDE = 13; // a cell, for two matrices to stand side by side; else one is drawn large

/**
 * @param {MatrixScene} scene
 * @param {number} width
 * @param {(text: string) => number} measure the width of a text of 12 pixels
 * @param {number} scale of letters
 * @returns {MatrixPlaces}
 */
export function placeMatrices({ tokens, extras, panels }, width, measure, scale) {
  const columns = tokens.length + extras.length;
  const longest = Math.min(104, Math.max(...tokens.map((token) => measure(cut(token))))) * scale + 8;
  const tallest = Math.min(180, Math.max(...[...tokens, ...extras].map((text) => measure(cut(text, 30))))) * scale + 8;
  const beside = panels.length > 1 && width >= 2 * longest + 2 * columns * BESIDE + GAP;
  const shown = beside ? panels.length : 1;
  const free = (width - shown * longest - (shown - 1) * GAP) / (shown * columns);
  const cell = Math.max(LEAST_CELL, Math.min(24 * scale, Math.floor(free)));
  const one = longest + columns * cell;
  return {
    cell,
    room: longest,
    top: HEAD * scale + tallest,
    lefts: Array.from({ length: shown }, (_, i) => longest + i * (one + GAP)),
    width: beside ? panels.length * one + GAP : one,
    height: HEAD * scale + tallest + tokens.length * cell + 4,
    size: 12 * scale,
  };
}

/**
 * Paints as many panels as have a place.
 * @param {CanvasRenderingContext2D} pen
 * @param {MatrixScene} scene
 * @param {MatrixPlaces} places
 * @param {Palette} palette
 */
export function paintMatrices(pen, scene, places, palette) {
  scene.panels.slice(0, places.lefts.length).forEach((panel, i) => {
    paintLabels(pen, scene, places, places.lefts[i], panel.name, palette);
    panel.rows.forEach((row, query) => {
      paintRow(pen, row, query, scene, places, places.lefts[i], panel.signed, palette);
    });
    paintFrame(pen, scene, places, places.lefts[i], palette);
  });
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Row} row
 * @param {number} query
 * @param {MatrixScene} scene
 * @param {MatrixPlaces} places
 * @param {number} left
 * @param {boolean} signed
 * @param {Palette} palette
 */
function paintRow(pen, row, query, { tokens, injected, least }, { cell, top }, left, signed, palette) {
  const gap = cell > 6 ? 1 : 0;
  for (let column = 0; column < row.length; column++) {
    const weight = row[column];
    const size = Math.abs(weight);
    if (!(size >= Math.max(least, 0.0005))) continue;
    const behind = column >= tokens.length;
    pen.fillStyle = pen.strokeStyle = behind || injected.has(column) ? palette.injected : palette.ink;
    const [x, y] = [left + column * cell, top + query * cell];
    if (!signed) {
      pen.globalAlpha = Math.min(1, 0.04 + 0.96 * Math.sqrt(size));
      pen.fillRect(x, y, cell - gap, cell - gap);
      continue;
    }
    const side = Math.max(1, (cell - gap) * Math.min(1, Math.sqrt(size)));
    const inset = (cell - gap - side) / 2;
    pen.globalAlpha = 1;
    pen.lineWidth = 1;
    if (weight > 0 || side < 3) {
      pen.globalAlpha = weight > 0 ? 1 : 0.45;
      pen.fillRect(x + inset, y + inset, side, side);
    } else pen.strokeRect(x + inset + 0.5, y + inset + 0.5, side - 1, side - 1);
  }
  pen.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {MatrixScene} scene
 * @param {MatrixPlaces} places
 * @param {number} left
 * @param {string} name
 * @param {Palette} palette
 */
function paintLabels(pen, { tokens, extras, injected, focus }, { cell, top, size }, left, name, palette) {
  const letters = Math.min(size, Math.max(8, cell + 2));
  const step = Math.max(1, Math.ceil((letters + 1) / cell));
  pen.textBaseline = "middle";
  pen.font = `${size}px ${palette.font}`;
  pen.fillStyle = palette.muted;
  pen.textAlign = "left";
  pen.fillText(cut(name, 40), left, size * 0.8);
  pen.font = `${letters}px ${palette.font}`;
  [...tokens, ...extras].forEach((text, i) => {
    const hidden = i !== focus && (i % step || (i < tokens.length && Math.abs(i - focus) < step));
    if (hidden) return;
    const behind = i >= tokens.length;
    pen.fillStyle = behind || injected.has(i) ? palette.injected : i === focus ? palette.ink : palette.muted;
    if (!behind) {
      pen.textAlign = "right";
      pen.fillText(cut(text), left - 6, top + (i + 0.5) * cell);
    }
    pen.save();
    pen.textAlign = "left";
    pen.translate(left + (i + 0.5) * cell, top - 6);
    pen.rotate(-Math.PI / 2);
    pen.fillText(cut(text, 30), 0, 0);
    pen.restore();
  });
  pen.textBaseline = "alphabetic";
}

/**
 * The row in focus, a rule before what is no word piece, and in blue where mentions meet that a fact links.
 * @param {CanvasRenderingContext2D} pen
 * @param {MatrixScene} scene
 * @param {MatrixPlaces} places
 * @param {number} left
 * @param {Palette} palette
 */
function paintFrame(pen, { tokens, extras, pairs, focus }, { cell, top }, left, palette) {
  const width = (tokens.length + extras.length) * cell;
  pen.lineWidth = 1;
  pen.strokeStyle = palette.rule;
  pen.strokeRect(left - 1.5, top - 1.5, width + 2, tokens.length * cell + 2);
  if (extras.length) pen.strokeRect(left + tokens.length * cell - 1, top - 1.5, 0.5, tokens.length * cell + 2);
  pen.strokeStyle = palette.edge;
  for (const [first, last, from, to] of pairs) {
    pen.strokeRect(left + from * cell - 1, top + first * cell - 1, (to - from) * cell + 1, (last - first) * cell + 1);
    pen.strokeRect(left + first * cell - 1, top + from * cell - 1, (last - first) * cell + 1, (to - from) * cell + 1);
  }
  pen.strokeStyle = palette.ink;
  pen.strokeRect(left - 1.5, top + focus * cell - 1.5, width + 2, cell + 2);
}

/**
 * @param {string} text
 * @param {number} [most]
 */
export function cut(text, most = 22) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
