// The curve of a loss or another figure over the epochs, with the moment of the film on it.

import { readStyle } from "../shared/theme.js";

/** @import { Curve } from "./facts.js" */

const HEIGHT = 56; // pixels
const [LEFT, RIGHT, TOP, LOW] = [8, 8, 8, 16]; // as the knob of the slider above has it

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Curve} curve
 * @param {{epoch: number, last: number}} now
 */
export function drawCurve(canvas, { epochs, values }, { epoch, last }) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  if (!width) return;
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(HEIGHT * ratio) });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const [ink, muted, rule, font, paper] = ["ink", "muted", "rule", "font", "paper"].map((name) =>
    readStyle(canvas, name),
  );
  const [low, high] = [Math.min(...values), Math.max(...values)];
  /** @param {number} at */
  const x = (at) => LEFT + (at / (last || 1)) * (width - LEFT - RIGHT);
  /** @param {number} value */
  const y = (value) => TOP + (1 - (value - low) / (high - low || 1)) * (HEIGHT - TOP - LOW);
  pen.scale(ratio, ratio);
  pen.font = `11px ${font}`;
  pen.strokeStyle = rule;
  pen.beginPath();
  pen.moveTo(LEFT, HEIGHT - LOW + 2.5);
  pen.lineTo(width - RIGHT, HEIGHT - LOW + 2.5);
  pen.stroke();
  pen.strokeStyle = ink;
  pen.lineWidth = 1.25;
  pen.lineJoin = "round";
  pen.beginPath();
  epochs.forEach((at, i) => {
    if (i) pen.lineTo(x(at), y(values[i]));
    else pen.moveTo(x(at), y(values[i]));
  });
  pen.stroke();
  const here = readValue(epochs, values, epoch);
  pen.strokeStyle = muted;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x(epoch), TOP - 4);
  pen.lineTo(x(epoch), HEIGHT - LOW + 2.5);
  pen.stroke();
  pen.beginPath();
  pen.arc(x(epoch), y(here), 4, 0, 2 * Math.PI);
  pen.fillStyle = ink;
  pen.fill();
  pen.strokeStyle = paper;
  pen.stroke();
  pen.fillStyle = muted;
  const said = `epoch ${Math.round(epoch)}`;
  const wide = pen.measureText(said).width;
  pen.fillText(said, Math.min(width - wide, Math.max(0, x(epoch) - wide / 2)), HEIGHT - 2);
}

/**
 * The value at an epoch, between those that are known, or that of the nearest.
 * @param {number[]} epochs
 * @param {number[]} values
 * @param {number} epoch
 */
export function readValue(epochs, values, epoch) {
  const after = epochs.findIndex((each) => each >= epoch);
  if (after === 0) return values[0];
  if (after < 0) return values[values.length - 1];
  const share = (epoch - epochs[after - 1]) / (epochs[after] - epochs[after - 1]);
  return values[after - 1] + (values[after] - values[after - 1]) * share;
}

/**
 * The epoch at a place of the canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {number} last
 * @param {number} x
 */
export function readEpoch(canvas, last, x) {
  return ((x - LEFT) / (canvas.clientWidth - LEFT - RIGHT)) * last;
}
