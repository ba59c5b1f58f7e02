// Figures as text; what is missing is a dash.

import { formatChange, formatWeight } from "../shared/numbers.js";

/**
 * @param {number} weight
 * @param {number} digits
 */
export function tellWeight(weight, digits) {
  return Number.isNaN(weight) ? "–" : formatWeight(weight, digits);
}

/**
 * @param {number} change
 * @param {number} digits
 */
export function tellChange(change, digits) {
  return Number.isNaN(change) ? "–" : formatChange(change, digits);
}
