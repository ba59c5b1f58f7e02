// Facts and names that a page does not hold, from the kernel where there is one.

import { askKernel } from "../shared/model.js";

/** @import { Facts } from "./facts.js" */

/** @typedef {ReturnType<typeof openMore>} More */

/**
 * @param {WidgetModel} model
 * @param {Facts} facts
 */
export function openMore(model, facts) {
  const asked = new Set();
  return {
    /**
     * Whether there is more of an entity than the page held, and it came.
     * @param {number} entity
     */
    async fetchFacts(entity) {
      if (facts.isWhole || asked.has(entity) || facts.countHeld(entity) >= facts.degrees[entity]) return false;
      asked.add(entity);
      const answer = await askKernel(model, { facts_of: facts.ids[entity] });
      if (answer) facts.add(answer);
      return Boolean(answer);
    },
    /** An entity that the page does not hold. @param {number} id of the graph */
    async fetchEntity(id) {
      if (facts.isWhole || facts.placeOf(id) >= 0) return;
      const answer = await askKernel(model, { facts_of: id });
      if (answer) facts.add(answer);
    },
    /** @param {string} text */
    async find(text) {
      const answer = await askKernel(model, { find: text });
      return Boolean(answer && facts.add(answer).length);
    },
  };
}
