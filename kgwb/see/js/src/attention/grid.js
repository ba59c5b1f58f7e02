// Layer × head as small pictures of each attention matrix; the first column is all heads together.

import { element, markChosen } from "../shared/elements.js";
import { paintSquare, readSquare } from "./thumbnails.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @typedef {{left: (column: number) => number, top: (row: number) => number, width: number, height: number}} Places */

const SIZE = 28;
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
  const places = layOut(layers, heads);
  const canvas = element("canvas", { "aria-hidden": "true" });
  const board = element("div", {
    class: "board",
    role: "grid",
    "aria-label": "layer and head: move with the arrow keys",
  });
  board.style.width = `${places.width}px`;
  board.style.height = `${places.height}px`;
  const all = element("span", { class: "name of-head" });
  board.append(canvas, ...drawNames(facts, places, all));
  const cells = drawCells();
  const large = drawLarge(facts, choice);
  const node = element("div", { class: "grid" }, element("div", { class: "board-room" }, board), large.node);
  let painted = "";
  let colour = "";

  function drawCells() {
    const made = [];
    for (let layer = 0; layer < layers; layer++) {
      const row = element("div", { role: "row" });
      for (let column = 0; column <= heads; column++) {
        const cell = element("div", { role: "gridcell", class: "cell" });
        Object.assign(cell.style, {
          left: `${places.left(column)}px`,
          top: `${places.top(layer)}px`,
          width: `${SIZE}px`,
          height: `${SIZE}px`,
        });
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

  return {
    node,
    update() {
      const column = choice.head === null ? 0 : choice.head + 1;
      markChosen(cells, choice.layer * (heads + 1) + column);
      all.textContent = choice.combine;
      const { sentence } = choice;
      cells.forEach((cell, i) => {
        const [layer, at] = [Math.floor(i / (heads + 1)), i % (heads + 1)];
        const name = at === 0 ? `${choice.combine} of heads` : `head ${at - 1}`;
        cell.setAttribute("aria-label", `layer ${layer}, ${name}`);
        cell.classList.toggle(
          "absent",
          Boolean(sentence.planes) && !facts.has(sentence, layer, at === 0 ? choice.combine : at - 1),
        );
      });
    },
    /**
     * Thumbnails change with the sentence, the switches and the theme only, and when a layer has come.
     * @param {string} ink rgb(…), as the browser computes it
     * @param {number} come how many layers have come since
     */
    paint(ink, come) {
      colour = ink;
      const state = [choice.sentence.number, choice.thumbnails, choice.combine, ink, devicePixelRatio, come].join();
      if (state === painted) return;
      painted = state;
      paintAll(canvas, facts, choice, places, ink);
    },
  };
}

/**
 * @param {number} layers
 * @param {number} heads
 * @returns {Places}
 */
function layOut(layers, heads) {
  /** @param {number} column */
  const left = (column) => LEFT + column * (SIZE + GAP) + (column > 0 ? AFTER_ALL : 0);
  /** @param {number} row */
  const top = (row) => TOP + row * (SIZE + GAP);
  return { left, top, width: left(heads + 1) + 3, height: top(layers) + 3 };
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
 * @param {Places} places
 * @param {HTMLElement} all the name of the first column
 */
function drawNames({ layers, heads }, { left, top, width }, all) {
  /** @type {HTMLElement[]} */
  const names = [];
  /**
   * @param {HTMLElement} name
   * @param {number} x
   * @param {number} y
   */
  const add = (name, x, y) => {
    name.setAttribute("aria-hidden", "true");
    Object.assign(name.style, { left: `${x}px`, top: `${y}px` });
    if (name.classList.contains("of-head")) name.style.width = `${SIZE}px`;
    names.push(name);
  };
  add(all, left(0), 17);
  for (let head = 0; head < heads; head++)
    add(element("span", { class: "name of-head" }, String(head)), left(head + 1), 17);
  for (let layer = 0; layer < layers; layer++)
    add(element("span", { class: "name of-layer" }, String(layer)), 0, top(layer) + (SIZE - 14) / 2);
  const across = element("span", { class: "name axis" }, "head");
  add(across, left(1), 0);
  across.style.width = `${width - left(1)}px`;
  add(element("span", { class: "name axis down" }, "layer"), 0, 17);
  return names;
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
function paintAll(canvas, facts, choice, { left, top, width, height }, colour) {
  const ratio = devicePixelRatio;
  const pixels = Math.round(SIZE * ratio);
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
