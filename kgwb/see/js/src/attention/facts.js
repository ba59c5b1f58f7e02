// What a view of attention is given once and never changes.

import { openWeights } from "./weights.js";

/** @import { Packed, Sentence } from "./weights.js" */
/**
 * @typedef {{
 *   heads: number, layers: number, names: string[], digits: number, sentences: Sentence[], before: Packed, after: Packed | null
 * }} State
 */

/** @param {WidgetModel} model */
export function openFacts(model) {
  /** @type {State} */
  const { heads, layers, names, digits, sentences, before, after } = model.get("state");
  return {
    heads,
    layers,
    names,
    digits,
    sentences,
    before: openWeights(before, heads),
    after: after ? openWeights(after, heads) : null,
  };
}

/** @typedef {ReturnType<typeof openFacts>} Facts */
