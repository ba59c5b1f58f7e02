// Attention weights as they travel: whole numbers, weight = number / full, one matrix [query, column] for each layer and head.
// The columns are the word pieces, then what else a row goes to; a long sentence comes with some of its matrices only.

import { readArray } from "../shared/model.js";
import { rollOn } from "./rollout.js";

/**
 * What Python packs of a sentence (attention/packing.py).
 * @typedef {{first: number, last: number, label: string, colour: string, entity: number}} Span
 * @typedef {{one: number, other: number, text: string}} Edge
 * @typedef {{kind: string, text: string, group: string, count: number, entities: number[], triple: [number, number, number] | null}} Extra
 * @typedef {{view: DataView | string, dtype: "uint8" | "uint16"}} Packed
 * @typedef {{view: any, dtype: "float32", shape: number[]}} Figures
 * @typedef {{
 *   number: number, text: string, tokens: string[], spans: Span[], edges: Edge[], extras: Extra[],
 *   injected_before: number[], injected_after: number[], focus: number, starts: number[], widths: number[],
 *   planes: [number, number][] | null, shift: Figures | null,
 *   importance: {scores: Figures, target: string, name: string} | null
 * }} Sentence
 *
 * @typedef {number | "mean" | "max" | "rollout"} Head which matrix of a layer: of one head, or of all
 * @typedef {{numbers: {[place: number]: number}, start: number, full: number}} Plane
 * @typedef {ReturnType<typeof openWeights>} Weights
 */

const FULL = { uint8: 255, uint16: 65535 };
const MEAN = -1;
const ROLLOUT = -2;

/**
 * @param {Packed} packed
 * @param {{layers: number, heads: number, sentences: Sentence[]}} shape
 * @param {0 | 1} side before or after
 */
export function openWeights(packed, { heads, sentences }, side) {
  /** @type {Map<string, Plane>} */
  const planes = new Map();
  /** @type {Map<string, Float32Array>} */
  const rolled = new Map();
  const whole = { numbers: readArray(packed), full: FULL[packed.dtype] };
  for (const sentence of sentences)
    if (sentence.planes) keep(sentence, sentence.planes, { ...whole, start: sentence.starts[side] });

  /**
   * @param {Sentence} sentence
   * @param {[number, number][]} held
   * @param {Plane} first
   */
  function keep(sentence, held, { numbers, start, full }) {
    const size = sentence.tokens.length * sentence.widths[side];
    held.forEach(([layer, head], i) => {
      planes.set(`${sentence.number}/${layer}/${head}`, { numbers, full, start: start + i * size });
    });
  }

  /**
   * @param {Sentence} sentence
   * @param {number} layer
   * @param {number} head
   * @returns {Plane | undefined}
   */
  function find(sentence, layer, head) {
    if (sentence.planes) return planes.get(`${sentence.number}/${layer}/${head}`);
    if (head < 0) return undefined;
    const size = sentence.tokens.length * sentence.widths[side];
    return { ...whole, start: sentence.starts[side] + (layer * heads + head) * size };
  }

  /**
   * The matrices that a head, or all heads, are made of; null where one is not here.
   * @param {Sentence} sentence
   * @param {number} layer
   * @param {number | "mean" | "max"} head
   */
  function list(sentence, layer, head) {
    const ready = typeof head === "number" ? head : head === "mean" ? MEAN : null;
    const one = ready === null ? undefined : find(sentence, layer, ready);
    if (one) return [one];
    if (typeof head === "number") return null;
    const all = Array.from({ length: heads }, (_, i) => find(sentence, layer, i));
    return all.every(Boolean) ? /** @type {Plane[]} */ (all) : null;
  }

  /**
   * Some rows of one matrix: [row, word pieces and extras]; NaN where it is not here.
   * @param {Sentence} sentence
   * @param {number} layer
   * @param {Head} head
   * @param {number} first row
   * @param {number} count of rows
   */
  function rows(sentence, layer, head, first, count) {
    const width = sentence.widths[side];
    const columns = sentence.tokens.length + sentence.extras.length;
    const out = new Float32Array(count * columns);
    if (head === "rollout") {
      const matrix = rollOut(sentence, layer);
      return matrix ? out.fill(0).map((_, i) => matrix[first * columns + i]) : out.fill(Number.NaN);
    }
    const found = list(sentence, layer, head);
    if (!found) return out.fill(Number.NaN);
    for (const { numbers, start, full } of found) {
      const scale = head === "max" ? 1 / full : 1 / (full * found.length);
      for (let row = 0; row < count; row++) {
        const from = start + (first + row) * width;
        const to = row * columns;
        for (let i = 0; i < width; i++) {
          const weight = numbers[from + i] * scale;
          if (head !== "max") out[to + i] += weight;
          else if (weight > out[to + i]) out[to + i] = weight;
        }
      }
    }
    return out;
  }

  /**
   * @param {Sentence} sentence
   * @param {number} layer
   * @returns {Float32Array | null}
   */
  function rollOut(sentence, layer) {
    const key = `${sentence.number}/${layer}`;
    const known = rolled.get(key);
    if (known) return known;
    const length = sentence.tokens.length;
    const plane = find(sentence, layer, ROLLOUT);
    const columns = length + sentence.extras.length;
    let matrix = null;
    if (plane) matrix = spread(plane, length, sentence.widths[side], columns);
    else if (list(sentence, layer, "mean")) {
      const before = layer ? rollOut(sentence, layer - 1) : null;
      if (!layer || before) matrix = rollOn(before, rows(sentence, layer, "mean", 0, length), length, columns);
    }
    if (matrix) rolled.set(key, matrix);
    return matrix;
  }

  return {
    rows,
    /**
     * @param {Sentence} sentence
     * @param {number} layer
     * @param {Head} head
     */
    has(sentence, layer, head) {
      return head === "rollout" ? Boolean(rollOut(sentence, layer)) : Boolean(list(sentence, layer, head));
    },
    /**
     * Takes what the kernel answered.
     * @param {Sentence} sentence
     * @param {[number, number][]} held
     * @param {Packed} more
     */
    add(sentence, held, more) {
      keep(sentence, held, { numbers: readArray(more), full: FULL[more.dtype], start: 0 });
    },
  };
}

/**
 * @param {Plane} plane
 * @param {number} length
 * @param {number} width
 * @param {number} columns
 */
function spread({ numbers, start, full }, length, width, columns) {
  const out = new Float32Array(length * columns);
  for (let row = 0; row < length; row++)
    for (let i = 0; i < width; i++) out[row * columns + i] = numbers[start + row * width + i] / full;
  return out;
}

/**
 * Sum of a row at the given places.
 * @param {{[place: number]: number}} row
 * @param {number[]} places
 */
export function sumAt(row, places) {
  return places.reduce((sum, i) => sum + row[i], 0);
}
