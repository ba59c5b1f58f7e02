// Attention weights as they travel: whole numbers, weight = number / full, [layer, head, query, key] per sentence.

import { readArray } from "../shared/model.js";

/**
 * What Python packs of a sentence (attention/scene.py); `start` is where its weights begin.
 * @typedef {{first: number, last: number, label: string, colour: string}} Span
 * @typedef {{
 *   number: number, text: string, tokens: string[], spans: Span[], injected_before: number[], injected_after: number[],
 *   focus: number, start: number
 * }} Sentence
 *
 * @typedef {{view: DataView | string, dtype: "uint8" | "uint16"}} Packed
 * @typedef {ReturnType<typeof openWeights>} Weights
 */

const FULL = { uint8: 255, uint16: 65535 };

/**
 * @param {Packed} packed
 * @param {number} heads
 */
export function openWeights(packed, heads) {
  const full = FULL[packed.dtype];
  const numbers = readArray(packed);

  /**
   * Fills `out` with weights, from `first` of the given matrix on; the mean over heads where `head` is null.
   * @param {Float32Array} out
   * @param {Sentence} sentence
   * @param {number} layer
   * @param {number | null} head
   * @param {number} first
   */
  function gather(out, sentence, layer, head, first) {
    const side = sentence.tokens.length;
    const summed = head === null ? heads : 1;
    const scale = 1 / (full * summed);
    out.fill(0);
    for (let h = 0; h < summed; h++) {
      const at = sentence.start + (layer * heads + (head ?? h)) * side * side + first;
      for (let i = 0; i < out.length; i++) out[i] += numbers[at + i] * scale;
    }
    return out;
  }

  return {
    /**
     * @param {Sentence} sentence
     * @param {number} layer
     * @param {number | null} head
     * @param {number} query
     */
    row(sentence, layer, head, query) {
      const side = sentence.tokens.length;
      return gather(new Float32Array(side), sentence, layer, head, query * side);
    },
    /**
     * The whole matrix into `out`, of length token × token.
     * @param {Float32Array} out
     * @param {Sentence} sentence
     * @param {number} layer
     * @param {number | null} head
     */
    matrix(out, sentence, layer, head) {
      return gather(out, sentence, layer, head, 0);
    },
  };
}

/**
 * Sum of a row at the given places.
 * @param {Float32Array} row
 * @param {number[]} places
 */
export function sumAt(row, places) {
  return places.reduce((sum, i) => sum + row[i], 0);
}
