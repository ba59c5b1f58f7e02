// Layer × head as small pictures of each attention matrix; the first column is the mean of heads.

import { element, markChosen } from "../shared/elements.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */

const GAP = 3;
const LEFT = 22;
const TOP = 18;
const AFTER_MEAN = 6;
/** @type {Record<string, [layer: number, column: number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawGrid(facts, choice) {
  const { layers, heads } = facts;
  const size = heads > 12 || layers > 12 ? 15 : 20;
  /** @param {number} column */
  const left = (column) => LEFT + column * (size + GAP) + (column > 0 ? AFTER_MEAN : 0);
  /** @param {number} row */
  const top = (row) => TOP + row * (size + GAP);
  const canvas = element("canvas", { "aria-hidden": "true" });
  const board = element("div", {
    class: "board",
    role: "grid",
    "aria-label": "layer and head: move with the arrow keys",
  });
  board.style.width = `${left(heads + 1)}px`;
  board.style.height = `${top(layers)}px`;
  board.append(canvas, ...drawNames(facts, left, top, size));
  const cells = drawCells();
  const node = element("div", { class: "grid" }, board);
  const switches = facts.after ? drawSwitches(choice) : null;
  if (switches) node.append(switches.node);
  let painted = "";

  function drawCells() {
    const all = [];
    for (let layer = 0; layer < layers; layer++) {
      const row = element("div", { role: "row" });
      for (let column = 0; column <= heads; column++) {
        const name = column === 0 ? "mean of heads" : `head ${column - 1}`;
        const cell = element("div", { role: "gridcell", class: "cell", "aria-label": `layer ${layer}, ${name}` });
        Object.assign(cell.style, {
          left: `${left(column)}px`,
          top: `${top(layer)}px`,
          width: `${size}px`,
          height: `${size}px`,
        });
        cell.addEventListener("click", () => choose(layer, column));
        row.append(cell);
        all.push(cell);
      }
      board.append(row);
    }
    return all;
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
      switches?.update();
    },
    /**
     * Thumbnails change with the sentence, the switch and the theme only.
     * @param {string} colour of the ink: rgb(…), as the browser computes it
     */
    paint(colour) {
      const state = [choice.sentence.number, choice.thumbnails, colour, devicePixelRatio].join();
      if (state === painted) return;
      painted = state;
      paintThumbnails(canvas, facts, choice, { colour, size, left, top, width: left(heads + 1), height: top(layers) });
    },
  };
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
 * @param {(column: number) => number} left
 * @param {(row: number) => number} top
 * @param {number} size
 */
function drawNames({ layers, heads }, left, top, size) {
  /** @type {HTMLElement[]} */
  const names = [];
  /**
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {"of-head" | "of-layer"} kind
   */
  const add = (text, x, y, kind) => {
    const name = element("span", { class: `name ${kind}`, "aria-hidden": "true" }, text);
    Object.assign(name.style, { left: `${x}px`, top: `${y}px` });
    if (kind === "of-head") name.style.width = `${size}px`;
    names.push(name);
  };
  add("mean", left(0), 0, "of-head");
  for (let head = 0; head < heads; head++) add(String(head), left(head + 1), 0, "of-head");
  for (let layer = 0; layer < layers; layer++) add(String(layer), 0, top(layer) + (size - 14) / 2, "of-layer");
  return names;
}

/** @param {Choice} choice */
function drawSwitches(choice) {
  const buttons = ["weights", "change"].map((name) => {
    const button = element("button", { type: "button" }, name);
    button.addEventListener("click", () => choice.set({ thumbnails: name }));
    return button;
  });
  return {
    node: element("div", { class: "switches", role: "group", "aria-label": "thumbnails show" }, ...buttons),
    update() {
      for (const button of buttons)
        button.setAttribute("aria-pressed", String(button.textContent === choice.thumbnails));
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {{colour: string, size: number, left: (column: number) => number, top: (row: number) => number, width: number, height: number}} place
 */
function paintThumbnails(canvas, facts, choice, place) {
  const ratio = devicePixelRatio;
  const side = choice.sentence.tokens.length;
  const pixels = Math.round(place.size * ratio);
  canvas.width = Math.round(place.width * ratio);
  canvas.height = Math.round(place.height * ratio);
  canvas.style.width = `${place.width}px`;
  canvas.style.height = `${place.height}px`;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(pixels, pixels);
  const colour = (place.colour.match(/\d+/g) ?? []).map(Number);
  const matrix = new Float32Array(side * side);
  const other = new Float32Array(side * side);
  for (let layer = 0; layer < facts.layers; layer++) {
    for (let column = 0; column <= facts.heads; column++) {
      const head = column === 0 ? null : column - 1;
      (facts.after ?? facts.before).matrix(matrix, choice.sentence, layer, head);
      if (choice.thumbnails === "change") {
        facts.before.matrix(other, choice.sentence, layer, head);
        for (let i = 0; i < matrix.length; i++) matrix[i] = Math.abs(matrix[i] - other[i]);
      }
      shrink(image.data, pixels, matrix, side, colour);
      pen.putImageData(image, Math.round(place.left(column) * ratio), Math.round(place.top(layer) * ratio));
    }
  }
}

/**
 * Each pixel takes the largest weight it covers; the root makes small weights visible.
 * @param {Uint8ClampedArray} data of the picture, four numbers a pixel
 * @param {number} pixels on a side
 * @param {Float32Array} matrix
 * @param {number} side tokens on a side
 * @param {number[]} colour red, green, blue
 */
export function shrink(data, pixels, matrix, side, [red, green, blue]) {
  for (let y = 0; y < pixels; y++) {
    const firstRow = Math.floor((y * side) / pixels);
    const lastRow = Math.max(firstRow + 1, Math.floor(((y + 1) * side) / pixels));
    for (let x = 0; x < pixels; x++) {
      const first = Math.floor((x * side) / pixels);
      const last = Math.max(first + 1, Math.floor(((x + 1) * side) / pixels));
      let most = 0;
      for (let row = firstRow; row < lastRow; row++)
        for (let at = row * side + first; at < row * side + last; at++) if (matrix[at] > most) most = matrix[at];
      const pixel = 4 * (y * pixels + x);
      data[pixel] = red;
      data[pixel + 1] = green;
      data[pixel + 2] = blue;
      data[pixel + 3] = Math.round(255 * Math.min(1, 0.04 + 0.96 * Math.sqrt(most)));
    }
  }
}
