// Layer × head as small pictures of each attention matrix; the first column is all heads together.

import { element, markChosen } from "../shared/elements.js";
import { paintSquare, readSquare } from "./thumbnails.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @typedef {{
 *   size: number, left: (column: number) => number, top: (row: number) => number, width: number, height: number
 * }} Places */

const LARGEST = 28;
const LEAST = 18; // where the lines need the room
const WIDE = 820; // as in attention.css: from here on the lines stand beside the grid
const GAP = 3;
const LEFT = 34;
const TOP = 32;
const AFTER_ALL = 6;
const LARGE = 148;
/** @type {Record<string, [layer: number, column: number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawGrid(facts, choice) {
  const { layers, heads } = facts;
  let places = layOut(layers, heads, LARGEST);
  const canvas = element("canvas", { "aria-hidden": "true" });
  const board = element("div", {
    class: "board",
    role: "grid",
    "aria-label": "layer and head: move with the arrow keys",
  });
  const all = element("span", { class: "name of-head" });
  const names = drawNames(facts, all);
  board.append(canvas, ...names.nodes);
  const cells = drawCells();
  const large = drawLarge(facts, choice);
  const node = element("div", { class: "grid" }, element("div", { class: "board-room" }, board), large.node);
  let painted = "";
  let named = "";
  let colour = "";

  function drawCells() {
    const made = [];
    for (let layer = 0; layer < layers; layer++) {
      const row = element("div", { role: "row" });
      for (let column = 0; column <= heads; column++) {
        const cell = element("div", { role: "gridcell", class: "cell" });
        cell.addEventListener("click", () => choose(layer, column));
        cell.addEventListener("pointerenter", (event) => {
          if (event.pointerType !== "touch") large.show(layer, column, colour, node, cell);
        });
        cell.addEventListener("pointerleave", () => large.hide());
        row.append(cell);
        made.push(cell);
      }
      board.append(row);
    }
    return made;
  }

  /** Sets everything in its place. */
  function place() {
    const { size, left, top, width, height } = places;
    Object.assign(board.style, { width: `${width}px`, height: `${height}px` });
    cells.forEach((cell, i) => {
      const [layer, column] = [Math.floor(i / (heads + 1)), i % (heads + 1)];
      Object.assign(cell.style, {
        left: `${left(column)}px`,
        top: `${top(layer)}px`,
        width: `${size}px`,
        height: `${size}px`,
      });
    });
    names.place(places);
  }

  /**
   * @param {number} layer
   * @param {number} column
   */
  function choose(layer, column) {
    choice.set({ layer, head: column === 0 ? null : column - 1 });
    cells[layer * (heads + 1) + column].focus({ preventScroll: true });
  }

  board.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const column = choice.head === null ? 0 : choice.head + 1;
    choose(clamp(choice.layer + step[0], layers), clamp(column + step[1], heads + 1));
  });

  place();
  return {
    node,
    /** @param {number} width of the whole view */
    fit(width) {
      const size = width < WIDE ? LARGEST : Math.floor((width * 0.42 - LEFT - AFTER_ALL) / (heads + 1)) - GAP;
      const next = Math.max(LEAST, Math.min(LARGEST, size));
      if (next === places.size) return;
      places = layOut(layers, heads, next);
      place();
    },
    update() {
      const column = choice.head === null ? 0 : choice.head + 1;
      markChosen(cells, choice.layer * (heads + 1) + column);
      const { combine } = choice;
      if (combine === named) return;
      named = combine;
      all.textContent = combine;
      cells.forEach((cell, i) => {
        const [layer, at] = [Math.floor(i / (heads + 1)), i % (heads + 1)];
        cell.setAttribute("aria-label", `layer ${layer}, ${at === 0 ? `${combine} of heads` : `head ${at - 1}`}`);
      });
    },
    /**
     * Thumbnails change with the sentence, the switches and the theme only, and when a layer has come.
     * @param {string} ink rgb(…), as the browser computes it
     * @param {number} come how many layers have come since
     */
    paint(ink, come) {
      colour = ink;
      const state = [
        choice.sentence.number,
        choice.thumbnails,
        choice.combine,
        ink,
        devicePixelRatio,
        come,
        places.size,
      ].join();
      if (state === painted) return;
      painted = state;
      cells.forEach((cell, i) => {
        const [layer, at] = [Math.floor(i / (heads + 1)), i % (heads + 1)];
        cell.classList.toggle("absent", !facts.has(choice.sentence, layer, at === 0 ? choice.combine : at - 1));
      });
      paintAll(canvas, facts, choice, places, ink);
    },
  };
}

/**
 * @param {number} layers
 * @param {number} heads
 * @param {number} size of a picture
 * @returns {Places}
 */
function layOut(layers, heads, size) {
  /** @param {number} column */
  const left = (column) => LEFT + column * (size + GAP) + (column > 0 ? AFTER_ALL : 0);
  /** @param {number} row */
  const top = (row) => TOP + row * (size + GAP);
  return { size, left, top, width: left(heads + 1) + 3, height: top(layers) + 3 };
}

/**
 * @param {number} i
 * @param {number} count
 */
function clamp(i, count) {
  return Math.max(0, Math.min(count - 1, i));
}

/**
 * @param {Facts} facts
 * @param {HTMLElement} all the name of the first column
 */
function drawNames({ layers, heads }, all) {
  /** @param {string} kind @param {string} text */
  const write = (kind, text) => element("span", { class: `name ${kind}`, "aria-hidden": "true" }, text);
  all.setAttribute("aria-hidden", "true");
  const columns = [all, ...Array.from({ length: heads }, (_, head) => write("of-head", String(head)))];
  const rows = Array.from({ length: layers }, (_, layer) => write("of-layer", String(layer)));
  const across = write("axis", "head");
  return {
    nodes: [...columns, ...rows, across, write("axis down", "layer")],
    /** @param {Places} places */
    place({ size, left, top }) {
      columns.forEach((name, column) => {
        Object.assign(name.style, { left: `${left(column)}px`, top: "17px", width: `${size}px` });
      });
      rows.forEach((name, row) => {
        Object.assign(name.style, { left: "0", top: `${top(row) + (size - 14) / 2}px` });
      });
      Object.assign(across.style, { left: `${left(1)}px`, top: "0" });
    },
  };
}

/**
 * The picture under the pointer, large.
 * @param {Facts} facts
 * @param {Choice} choice
 */
function drawLarge(facts, choice) {
  const canvas = element("canvas", {});
  const name = element("div", { class: "muted" });
  const node = element("div", { class: "card large", "aria-hidden": "true" }, canvas, name);
  node.hidden = true;
  return {
    node,
    /**
     * @param {number} layer
     * @param {number} column
     * @param {string} colour
     * @param {HTMLElement} grid
     * @param {HTMLElement} cell
     */
    show(layer, column, colour, grid, cell) {
      const matrix = readSquare(facts, choice, layer, column === 0 ? choice.combine : column - 1);
      if (!matrix) return;
      const pixels = Math.round(LARGE * devicePixelRatio);
      Object.assign(canvas, { width: pixels, height: pixels });
      Object.assign(canvas.style, { width: `${LARGE}px`, height: `${LARGE}px` });
      const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      paintSquare(pen, matrix, choice.sentence.tokens.length, { left: 0, top: 0, pixels, colour });
      name.textContent = `layer ${layer}, ${column === 0 ? `${choice.combine} of heads` : `head ${column - 1}`}`;
      const [room, at] = [grid.getBoundingClientRect(), cell.getBoundingClientRect()];
      const right = at.right - room.left + 10;
      node.style.left = `${right + LARGE + 24 > room.width ? Math.max(0, at.left - room.left - LARGE - 34) : right}px`;
      node.style.top = `${Math.max(0, Math.min(room.height - LARGE - 40, at.top - room.top - LARGE / 2))}px`;
      node.hidden = false;
    },
    hide() {
      node.hidden = true;
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {Places} places
 * @param {string} colour
 */
function paintAll(canvas, facts, choice, { size, left, top, width, height }, colour) {
  const ratio = devicePixelRatio;
  const pixels = Math.round(size * ratio);
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  for (let layer = 0; layer < facts.layers; layer++)
    for (let column = 0; column <= facts.heads; column++) {
      const matrix = readSquare(facts, choice, layer, column === 0 ? choice.combine : column - 1);
      const place = { left: Math.round(left(column) * ratio), top: Math.round(top(layer) * ratio), pixels, colour };
      if (matrix) paintSquare(pen, matrix, choice.sentence.tokens.length, place);
    }
}
