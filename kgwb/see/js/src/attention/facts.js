// What a view of attention is given once and never changes.

import { openWeights } from "./weights.js";

/** @import { Sentence } from "./weights.js" */

/** @param {WidgetModel} model */
export function openFacts(model) {
  /** @type {number} */
  const heads = model.get("heads");
  const before = openWeights(model.get("before"), heads);
  if (!before) throw new Error("The attention view came without weights.");
  return {
    heads,
    /** @type {number} */
    layers: model.get("layers"),
    /** @type {string[]} */
    names: model.get("names"),
    /** @type {number} */
    digits: model.get("digits"),
    /** @type {Sentence[]} */
    sentences: model.get("sentences"),
    before,
    after: openWeights(model.get("after"), heads),
  };
}

/** @typedef {ReturnType<typeof openFacts>} Facts */
