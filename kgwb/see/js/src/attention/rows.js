// The weights that are drawn now: of the token in focus, or of the whole matrix.

import { foldRow } from "./folding.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Weights } from "./weights.js" */
/** @typedef {{length: number, [place: number]: number}} Row one number for each token, then for each extra */
/** @typedef {{sides: Float32Array[], change: Float32Array | null}} Rows by reading, before first; and how they differ */

/**
 * @param {Facts} facts
 * @param {Choice} choice
 * @returns {Rows}
 */
export function readRows(facts, choice) {
  const unit = choice.shown.unitOf[choice.focus];
  const sides = facts.readings.map((weights) => readUnit(weights, choice, unit));
  return { sides, change: compareRows(sides, choice) };
}

/**
 * The whole matrix as rows.
 * @param {Facts} facts
 * @param {Choice} choice
 * @returns {Rows[]}
 */
export function readMatrix(facts, choice) {
  return choice.shown.starts.map((_, unit) => {
    const sides = facts.readings.map((weights) => readUnit(weights, choice, unit));
    return { sides, change: compareRows(sides, choice) };
  });
}

/**
 * @param {Weights} weights
 * @param {Choice} choice
 * @param {number} unit
 */
function readUnit(weights, { sentence, layer, matrix, shown }, unit) {
  const first = shown.starts[unit];
  const last = shown.starts[unit + 1] ?? sentence.tokens.length;
  return foldRow(weights.rows(sentence, layer, matrix, first, last - first), shown);
}

/**
 * After less before; renormalised, of what goes to word pieces alone, so that extras have no change.
 * @param {Float32Array[]} sides
 * @param {Pick<Choice, "difference" | "shown">} choice
 */
export function compareRows([before, after], { difference, shown }) {
  if (!after) return null;
  if (difference === "raw") return after.map((weight, i) => weight - before[i]);
  const length = shown.tokens.length;
  const [one, other] = [before, after].map((row) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += row[i];
    return Math.max(sum, 1e-12);
  });
  return after.map((weight, i) => (i < length ? weight / other - before[i] / one : Number.NaN));
}
