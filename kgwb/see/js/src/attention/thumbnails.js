// Small pictures of attention matrices.

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Head } from "./weights.js" */

/**
 * One matrix from word piece to word piece: weights of the last reading, or how they changed; null where it is not here.
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {number} layer
 * @param {Head} head
 */
export function readSquare(facts, { sentence, thumbnails }, layer, head) {
  if (!facts.has(sentence, layer, head)) return null;
  const side = sentence.tokens.length;
  const columns = side + sentence.extras.length;
  const [before, after] = facts.readings.map((weights) => weights.rows(sentence, layer, head, 0, side));
  const out = new Float32Array(side * side);
  for (let row = 0; row < side; row++)
    for (let i = 0; i < side; i++) {
      const at = row * columns + i;
      const weight = (after ?? before)[at];
      out[row * side + i] = after && thumbnails === "change" ? Math.abs(weight - before[at]) : weight;
    }
  return out;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} matrix
 * @param {number} side tokens on a side
 * @param {{left: number, top: number, pixels: number, colour: string}} place in the canvas's own pixels
 */
export function paintSquare(pen, matrix, side, { left, top, pixels, colour }) {
  const image = pen.createImageData(pixels, pixels);
  shrink(image.data, pixels, matrix, side, (colour.match(/\d+/g) ?? []).map(Number));
  pen.putImageData(image, left, top);
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
