// All marks beside one another on one small canvas, as large as they are drawn: what the graphics card and the plain canvas copy.

import { element } from "../shared/elements.js";
import { drawShape } from "../shared/shapes.js";

/** @import { Mark } from "./facts.js" */
/** @import { Outlines } from "./facts.js" */

const ROOM = 1.55; // of the radius: the outermost corner of a star, and its rim
export const CROWD = 60; // chosen points whose rings are thin
export const LEGIBLE = 2.3; // radius in pixels from which a shape is told from another
const RING = 3; // pixels from a mark to its ring

/**
 * @typedef {{canvas: HTMLCanvasElement, tile: number, columns: number, ring: HTMLCanvasElement}} Atlas `tile` is the side of a tile in
 *   pixels of the screen, `ring` is drawn around what is chosen
 * @typedef {{
 *   setPlaces: (map: number, points: Float32Array) => void, setStrengths: (map: number, strengths: Uint8Array) => void,
 *   setTiles: (tiles: Uint16Array) => void, setChosen: (chosen: ArrayLike<number>) => void, setAtlas: (atlas: Atlas) => void,
 *   draw: (views: import("./camera.js").View[], size: {width: number, height: number, ratio: number}) => void,
 *   finish: () => void, close: () => void
 * }} Painter whoever paints the points
 */

/**
 * @param {Mark[]} marks
 * @param {Outlines} outlines
 * @param {{radius: number, ratio: number, ink: string, paper: string, crowd: boolean}} look radius in pixels of the page;
 *   whether so many are chosen that their rings are thin
 * @returns {Atlas}
 */
export function drawAtlas(marks, outlines, { radius, ratio, ink, paper, crowd }) {
  const tile = Math.round(2 * Math.ceil(radius * ROOM + 0.75) * ratio);
  const columns = Math.ceil(Math.sqrt(marks.length));
  const canvas = element("canvas", { width: columns * tile, height: columns * tile });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(ratio, ratio);
  const shown = tile / ratio;
  /** @param {number} i */
  const middle = (i) => [(i % columns) * shown + shown / 2, Math.floor(i / columns) * shown + shown / 2];
  marks.forEach((mark, i) => {
    const [x, y] = middle(i);
    if (radius < LEGIBLE) drawDot(pen, x, y, radius, mark.colour);
    else drawShape(pen, outlines, mark, x, y, radius, paper);
  });
  return { canvas, tile, columns, ring: drawRingTile(radius, { ratio, ink, paper, crowd }) };
}

/**
 * So small that no shape could be told from another.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} colour
 */
export function drawDot(pen, x, y, radius, colour) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
}

/**
 * The ring alone, which is wider than a mark.
 * @param {number} radius
 * @param {{ratio: number, ink: string, paper: string, crowd: boolean}} look
 */
function drawRingTile(radius, { ratio, ink, paper, crowd }) {
  const side = 2 * Math.ceil(radius + RING + 2.5);
  const canvas = element("canvas", { width: Math.round(side * ratio), height: Math.round(side * ratio) });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(ratio, ratio);
  drawRing(pen, side / 2, side / 2, radius, { ink, paper, crowd });
  return canvas;
}

/**
 * A ring around what is chosen.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} radius of the mark within
 * @param {{ink: string, paper: string, crowd?: boolean}} look
 */
export function drawRing(pen, x, y, radius, { ink, paper, crowd = false }) {
  for (const [colour, width] of /** @type {[string, number][]} */ ([
    [paper, crowd ? 0 : 3.2],
    [ink, crowd ? 1 : 1.6],
  ])) {
    if (!width) continue;
    pen.beginPath();
    pen.arc(x, y, radius + (crowd ? 1.5 : RING), 0, 2 * Math.PI);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke();
  }
}

/**
 * Of a mark, in pixels: smaller where there are many, a little larger where one is near.
 * @param {number} count
 * @param {number} zoom
 * @param {number} side of a panel
 */
export function chooseRadius(count, zoom, side) {
  const base = Math.min(5, Math.max(1.3, (76 / Math.sqrt(count + 1)) * Math.min(1.2, Math.max(0.8, side / 450))));
  const near = Math.min(9, base * Math.max(1, zoom) ** 0.35);
  return near < LEGIBLE ? near : Math.round(2 * near) / 2;
}
