// One moment of the film on its canvas: trails, dots, rings, names.

import { findRoom } from "../shared/boxes.js";
import { writeText } from "../shared/canvas_text.js";
import { shorten } from "../shared/numbers.js";
import { readStyle } from "../shared/theme.js";

/** @import { Box } from "../shared/boxes.js" */
/** @import { Film, Frames, Point, State } from "./frames.js" */

/** @typedef {(i: number, time: number) => Point} Pixel */
/** @typedef {{context: CanvasRenderingContext2D, pixel: Pixel, side: number, ink: string, paper: string, font: string}} Board */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Film} film
 * @param {Frames} frames
 * @param {State} state
 */
export function paintFilm(canvas, film, frames, state) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const ratio = devicePixelRatio || 1;
  const side = canvas.clientWidth;
  const dots = Math.round(side * ratio);
  if (canvas.width !== dots) Object.assign(canvas, { width: dots, height: dots });
  const [ink, paper] = ["ink", "paper"].map((name) => readStyle(canvas, name));
  /** @type {Pixel} */
  const pixel = (i, time) => frames.pixel(i, time, state.filled, side);
  const board = { context, pixel, side, ink, paper, font: getComputedStyle(canvas).fontFamily };
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, side, side);
  paintTrails(board, state);
  paintDots(board, film, state.time);
  paintRings(board, film, state);
  paintNames(board, film, state);
}

/**
 * @param {Board} board
 * @param {State} state
 */
function paintTrails({ context, pixel, ink }, { chosen, time }) {
  Object.assign(context, { strokeStyle: ink, lineWidth: 1, globalAlpha: 0.55 });
  for (const i of chosen) {
    context.beginPath();
    for (let at = 0; at < time; at++) context.lineTo(...pixel(i, at));
    context.lineTo(...pixel(i, time));
    context.stroke();
  }
  context.globalAlpha = 1;
}

/**
 * @param {Board} board
 * @param {Film} film
 * @param {number} time
 */
function paintDots({ context, pixel, paper }, { labels, shades, colours, radius }, time) {
  Object.assign(context, { strokeStyle: paper, lineWidth: 0.75 });
  for (let i = 0; i < labels.length; i++) {
    context.beginPath();
    context.arc(...pixel(i, time), radius, 0, 2 * Math.PI);
    context.fillStyle = shades[colours[i]];
    context.fill();
    context.stroke();
  }
}

/**
 * @param {Board} board
 * @param {Film} film
 * @param {State} state
 */
function paintRings({ context, pixel, ink }, { radius }, { chosen, time }) {
  Object.assign(context, { strokeStyle: ink, lineWidth: 1.5 });
  for (const i of chosen) {
    context.beginPath();
    context.arc(...pixel(i, time), radius + 3, 0, 2 * Math.PI);
    context.stroke();
  }
}

/**
 * Names of what is chosen and of the dot under the pointer, whatever they cover; of others where there is room, and not
 * while the film plays, for they would flicker.
 * @param {Board} board
 * @param {Film} film
 * @param {State} state
 */
function paintNames({ context, pixel, side, ink, paper, font }, { labels, named }, { chosen, near, playing, time }) {
  /** @type {Box[]} */
  const taken = [];
  /** @type {Box} */
  const bounds = [2, -Infinity, side - 2, Infinity]; // a dot at the rim may have half of its name's height outside
  const first = new Set([...chosen, ...(near >= 0 ? [near] : [])]);
  context.font = `12px ${font}`;
  for (const i of new Set([...first, ...(playing ? [] : named)])) {
    const text = shorten(labels[i]);
    const [x, y] = pixel(i, time);
    const wide = context.measureText(text).width;
    const places = [x + 8, x - 8 - wide].map((left) => /** @type {Box} */ ([left, y - 8, left + wide, y + 8]));
    const at = findRoom(places, bounds, taken);
    if (at < 0 && !first.has(i)) continue;
    const box = places[at >= 0 ? at : x > side / 2 ? 1 : 0];
    taken.push(box);
    writeText(context, text, box[0], y + 4, { ink, paper, rim: 3 });
  }
}
