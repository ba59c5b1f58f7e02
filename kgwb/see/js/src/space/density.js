// How densely points lie, as a soft shade below very many of them: counted once for each part of the map that is seen.

import { element } from "../shared/elements.js";

/** @import { View } from "./camera.js" */
/** @typedef {{canvas: HTMLCanvasElement, view: View}} Shade */

const CELL = 5; // pixels
const STRONGEST = 64; // of 255

/**
 * @param {Float32Array} points
 * @param {Uint8Array} strengths
 * @param {View} view
 * @param {string} ink as six digits behind a sign
 * @returns {Shade}
 */
export function shadeDensity(points, strengths, view, ink) {
  const { panel, lens } = view;
  const [across, down] = [Math.ceil(panel.width / CELL), Math.ceil(panel.height / CELL)];
  let counts = new Float32Array(across * down);
  for (let i = 0, at = 0; at < points.length; i++, at += 2) {
    if (!strengths[i]) continue;
    const x = Math.floor((lens.left + points[at] * lens.scale - panel.left) / CELL);
    const y = Math.floor((lens.top - points[at + 1] * lens.scale - panel.top) / CELL);
    if (x >= 0 && y >= 0 && x < across && y < down) counts[y * across + x]++;
  }
  for (let round = 0; round < 2; round++) counts = blur(blur(counts, across, down, 1), down, across, across);
  const canvas = element("canvas", { width: across, height: down });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(across, down);
  const most = counts.reduce((a, b) => Math.max(a, b), 0) || 1;
  const parts = [1, 3, 5].map((at) => Number.parseInt(ink.slice(at, at + 2), 16));
  counts.forEach((value, i) => {
    image.data.set([...parts, STRONGEST * Math.sqrt(value / most)], 4 * i);
  });
  pen.putImageData(image, 0, 0);
  return { canvas, view };
}

/**
 * A mean of five cells along one axis; the other axis has so many lines, `stride` apart along this one.
 * @param {Float32Array} counts
 * @param {number} length
 * @param {number} lines
 * @param {number} stride
 */
function blur(counts, length, lines, stride) {
  const mean = new Float32Array(counts.length);
  const between = stride === 1 ? length : 1;
  for (let line = 0; line < lines; line++) {
    let sum = 0;
    /** @param {number} i */
    const value = (i) => (i >= 0 && i < length ? counts[line * between + i * stride] : 0);
    for (let i = -2; i < 2; i++) sum += value(i);
    for (let i = 0; i < length; i++) {
      sum += value(i + 2) - value(i - 3);
      mean[line * between + i * stride] = sum / 5;
    }
  }
  return mean;
}

/**
 * The shade as it lies now, while the map is moved and until it is counted anew.
 * @param {CanvasRenderingContext2D} pen
 * @param {Shade} shade
 * @param {View} now
 */
export function drawShade(pen, { canvas, view }, { panel, lens }) {
  const grown = lens.scale / view.lens.scale;
  const left = lens.left + (view.panel.left - view.lens.left) * grown;
  const top = lens.top + (view.panel.top - view.lens.top) * grown;
  pen.save();
  pen.beginPath();
  pen.rect(panel.left, panel.top, panel.width, panel.height);
  pen.clip();
  pen.drawImage(canvas, left, top, canvas.width * CELL * grown, canvas.height * CELL * grown);
  pen.restore();
}
