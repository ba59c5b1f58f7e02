// A sentence as it is shown: word by word, or with the pieces of each mention as one. Keys are summed, queries averaged.

import { readArray } from "../shared/model.js";
import { needsSpace } from "../shared/spacing.js";

/** @import { Edge, Extra, Figures, Sentence, Span } from "./weights.js" */
/**
 * @typedef {{
 *   sentence: Sentence, tokens: string[], spans: Span[], edges: Edge[], extras: Extra[], injected_before: number[],
 *   injected_after: number[], starts: number[], unitOf: number[]
 * }} Shown starts: the first word piece of each unit; unitOf: the unit of each word piece
 */

/**
 * @param {Sentence} sentence
 * @param {boolean} folded
 * @returns {Shown}
 */
export function showSentence(sentence, folded) {
  const { tokens, spans } = sentence;
  /** @type {number[]} */
  const starts = [];
  /** @type {number[]} */
  const unitOf = [];
  for (let i = 0; i < tokens.length; i++) {
    const inside = folded && spans.some((span) => span.first < i && i < span.last);
    if (!inside) starts.push(i);
    unitOf.push(starts.length - 1);
  }
  const ends = [...starts.slice(1), tokens.length];
  /** @param {number[]} places */
  const move = (places) => [...new Set(places.map((i) => unitOf[i]))];
  return {
    sentence,
    tokens: starts.map((start, unit) => joinPieces(tokens, start, ends[unit])),
    spans: spans.map((span) => ({ ...span, first: unitOf[span.first], last: unitOf[span.last - 1] + 1 })),
    edges: sentence.edges,
    extras: sentence.extras,
    injected_before: move(sentence.injected_before),
    injected_after: move(sentence.injected_after),
    starts,
    unitOf,
  };
}

/**
 * @param {string[]} tokens
 * @param {number} first
 * @param {number} last one past it
 */
function joinPieces(tokens, first, last) {
  if (last === first + 1) return tokens[first];
  let text = "";
  for (let i = first; i < last; i++)
    text += (i > first && needsSpace(tokens, i) ? " " : "") + tokens[i].replace(/^##/, "");
  return text;
}

/**
 * Rows of word pieces as rows of what is shown: the sum over the keys of each unit, the mean over all of the rows.
 * @param {Float32Array} rows [row, word piece or extra]
 * @param {Shown} shown
 */
export function foldRow(rows, { sentence, starts, unitOf, extras }) {
  const length = sentence.tokens.length;
  const columns = length + extras.length;
  const count = rows.length / columns;
  const out = new Float32Array(starts.length + extras.length);
  for (let row = 0; row < count; row++)
    for (let i = 0; i < columns; i++) {
      const to = i < length ? unitOf[i] : starts.length + i - length;
      out[to] += rows[row * columns + i] / count;
    }
  return out;
}

/**
 * Figures of word pieces as figures of units.
 * @param {ArrayLike<number>} figures
 * @param {Shown} shown
 * @param {"sum" | "mean"} how
 */
function foldFigures(figures, { starts, unitOf }, how) {
  const out = new Float32Array(starts.length);
  const sizes = new Float32Array(starts.length);
  for (let i = 0; i < unitOf.length; i++) {
    out[unitOf[i]] += figures[i];
    sizes[unitOf[i]]++;
  }
  return how === "sum" ? out : out.map((sum, i) => sum / sizes[i]);
}

/**
 * 1 − cosine of the hidden states after a layer, before and after; null where nothing is compared.
 * @param {Shown} shown
 * @param {number} layer
 * @param {(figures: Figures) => unknown} read
 */
export function readShift(shown, layer, read = readArray) {
  const { shift, tokens } = shown.sentence;
  if (!shift) return null;
  const all = /** @type {Float32Array} */ (read(shift));
  return foldFigures(all.subarray(layer * tokens.length, (layer + 1) * tokens.length), shown, "mean");
}

/**
 * @param {Shown} shown
 * @param {(figures: Figures) => unknown} read
 */
export function readImportance(shown, read = readArray) {
  const { importance } = shown.sentence;
  return importance ? foldFigures(/** @type {Float32Array} */ (read(importance.scores)), shown, "sum") : null;
}
