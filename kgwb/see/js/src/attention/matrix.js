// The large matrix of the chosen head: hovered it tells its value, clicked it takes a row into focus.

import { button, element } from "../shared/elements.js";
import { tellChange, tellWeight } from "./figures.js";
import { paintMatrices, placeMatrices } from "./matrix_painting.js";
import { readPalette } from "./palette.js";
import { readMatrix } from "./rows.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Shown } from "./folding.js" */
/** @import { MatrixPlaces, MatrixScene } from "./matrix_painting.js" */
/** @import { Rows } from "./rows.js" */

const MOST = 6; // columns for facts and vectors

/** @type {Record<string, [row: number, column: number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {HTMLElement} spoken
 */
export function drawMatrix(facts, choice, spoken) {
  const canvas = element("canvas", {
    class: "matrix",
    tabindex: 0,
    role: "img",
    "aria-label": "attention from each word piece, down, to each, across: move with the arrow keys",
  });
  const card = element("div", { class: "card" });
  card.hidden = true;
  const legend = element("span", {});
  const other = button({}, "", () => {
    panel = panel ? 0 : 1;
    repaint();
  });
  const below = element("p", { class: "muted legend-line" }, legend, " ", other);
  const node = element("div", { class: "matrix-room" }, canvas, card, below);
  let panel = 1;
  let repaint = () => {};
  /** @type {{scene: MatrixScene, places: MatrixPlaces} | null} */
  let drawn = null;
  let column = 0;

  /** @param {PointerEvent | MouseEvent} event */
  const find = (event) => {
    if (!drawn) return null;
    const { places, scene } = drawn;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = Math.floor((y - places.top) / places.cell);
    for (const left of places.lefts) {
      const at = Math.floor((x - left) / places.cell);
      const fits = at >= 0 && at < scene.tokens.length + scene.extras.length;
      if (fits && row >= 0 && row < scene.tokens.length) return { row, at, x, y };
    }
    return null;
  };
  /**
   * @param {number} row
   * @param {number} at
   */
  const tell = (row, at) => {
    if (!drawn) return "";
    const { tokens, extras, panels } = drawn.scene;
    const told = panels.map(({ rows, signed, name }) => {
      const weight = rows[row][at];
      return `${name} ${signed ? tellChange(weight, facts.digits) : tellWeight(weight, facts.digits)}`;
    });
    return `${tokens[row]} → ${[...tokens, ...extras][at]}: ${told.join(", ")}`;
  };
  canvas.addEventListener("pointermove", (event) => {
    const place = find(event);
    card.hidden = !place;
    if (!place) return;
    card.textContent = tell(place.row, place.at);
    card.style.left = `${Math.min(place.x + 14, Math.max(0, node.clientWidth - 240))}px`;
    card.style.top = `${place.y + 16}px`;
  });
  canvas.addEventListener("pointerleave", () => {
    card.hidden = true;
  });
  canvas.addEventListener("click", (event) => {
    const place = find(event);
    if (!place) return;
    column = place.at;
    choice.set({ focus: choice.shown.starts[place.row] });
  });
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || !drawn) return;
    event.preventDefault();
    const { tokens, extras } = drawn.scene;
    const row = choice.shown.unitOf[choice.pinned];
    const next = Math.max(0, Math.min(tokens.length - 1, row + step[0]));
    column = Math.max(0, Math.min(tokens.length + extras.length - 1, column + step[1]));
    if (next !== row) choice.set({ focus: choice.shown.starts[next] });
    spoken.textContent = tell(next, column);
    card.textContent = spoken.textContent;
    card.hidden = false;
    card.style.left = `${drawn.places.lefts[drawn.places.lefts.length - 1] + (column + 1) * drawn.places.cell}px`;
    card.style.top = `${drawn.places.top + (next + 1) * drawn.places.cell}px`;
  });

  return {
    node,
    /**
     * @param {HTMLElement} root
     * @param {number} scale
     */
    paint(root, scale) {
      repaint = () => this.paint(root, scale);
      const scene = listScene(facts, choice);
      const places = fit(scene, node.clientWidth || 600, root, scale);
      const alone = places.lefts.length < scene.panels.length;
      drawn = { scene, places };
      const ratio = devicePixelRatio;
      Object.assign(canvas, { width: Math.round(places.width * ratio), height: Math.round(places.height * ratio) });
      Object.assign(canvas.style, { width: `${places.width}px`, height: `${places.height}px` });
      const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      pen.scale(ratio, ratio);
      paintMatrices(pen, alone ? { ...scene, panels: [scene.panels[panel]] } : scene, places, readPalette(root));
      legend.textContent = tellLegend(scene);
      other.hidden = !alone;
      other.textContent = alone ? `show ${scene.panels[1 - panel].name}` : "";
    },
    /**
     * The same on another pen.
     * @param {HTMLElement} root
     * @param {number} width
     */
    print(root, width) {
      const scene = listScene(facts, choice);
      const places = fit(scene, width, root, 1);
      const alone = places.lefts.length < scene.panels.length;
      return { scene: alone ? { ...scene, panels: [scene.panels[panel]] } : scene, places };
    },
  };
}

/**
 * @param {MatrixScene} scene
 * @param {number} width
 * @param {HTMLElement} root
 * @param {number} scale
 */
function fit(scene, width, root, scale) {
  const pen = /** @type {CanvasRenderingContext2D} */ (element("canvas").getContext("2d"));
  pen.font = `12px ${readPalette(root).font}`;
  return placeMatrices(scene, width, (text) => pen.measureText(text).width, scale);
}

/**
 * @param {Facts} facts
 * @param {Choice} choice
 * @returns {MatrixScene}
 */
function listScene(facts, choice) {
  const { shown, focus, least, thumbnails } = choice;
  const { rows, extras } = gatherExtras(readMatrix(facts, choice), shown);
  const panels =
    facts.two && thumbnails === "change"
      ? [{ name: "change", rows: rows.map((row) => row.change ?? []), signed: true }]
      : facts.names.map((name, i) => ({ name, rows: rows.map((row) => row.sides[i]), signed: false }));
  return {
    tokens: shown.tokens,
    extras,
    injected: new Set([...shown.injected_before, ...shown.injected_after]),
    panels,
    pairs: shown.edges.map(({ one, other }) => {
      const [first, second] = [shown.spans[one], shown.spans[other]];
      return [first.first, first.last, second.first, second.last];
    }),
    focus: shown.unitOf[focus],
    least,
  };
}

/**
 * The heaviest extras as columns of their own, the others as one.
 * @param {Rows[]} rows
 * @param {Shown} shown
 */
function gatherExtras(rows, { tokens, extras }) {
  const count = tokens.length;
  /** @param {number} i */
  const weigh = (i) => rows.reduce((sum, { sides }) => sum + Math.max(...sides.map((row) => row[count + i] || 0)), 0);
  const order = extras.map((_, i) => i).sort((one, other) => weigh(other) - weigh(one));
  const own = order.filter((i) => extras[i].kind !== "others").slice(0, MOST);
  const rest = order.filter((i) => !own.includes(i));
  const further = rest.reduce((sum, i) => sum + extras[i].count, 0);
  /** @param {Float32Array} row */
  const gather = (row) => [
    ...row.subarray(0, count),
    ...own.map((i) => row[count + i]),
    ...(rest.length ? [rest.reduce((sum, i) => sum + row[count + i], 0)] : []),
  ];
  return {
    rows: rows.map(({ sides, change }) => ({ sides: sides.map(gather), change: change && gather(change) })),
    extras: [...own.map((i) => extras[i].text), ...(rest.length ? [`${further} further`] : [])],
  };
}

/** @param {MatrixScene} scene */
function tellLegend({ panels, pairs, extras }) {
  const signed = panels.some((panel) => panel.signed);
  return [
    signed
      ? "Filled: more after, hollow: less; the area is the change."
      : "Rows look at columns; ink grows with the root of the weight.",
    extras.length ? "Behind the rule: what else a row goes to." : "",
    pairs.length ? "Blue frames: mentions that a fact links." : "",
  ]
    .filter(Boolean)
    .join(" ");
}
