// Which description stands in the panel.

import {
  describeArrow,
  describeEntity,
  describeFact,
  describePath,
  describeRelation,
  describeSeveral,
  describeType,
  describeTypes,
  describeWhole,
} from "./panel.js";

/** @import { Facts } from "./facts.js" */
/** @import { Schema } from "./schema.js" */
/** @import { Walk } from "./walk.js" */

const MOST_BEST = 60;

/**
 * @param {Walk} walk
 * @param {Facts} facts
 * @param {Schema | null} schema
 * @param {{graph: string}} state
 * @returns {Node[]}
 */
export function fillPanel(walk, facts, schema, { graph }) {
  const { acts, now } = walk;
  const { chosen, relation, fact, path, note, arrow, type } = now;
  return note ? [note, ...fillRest()] : fillRest();

  /** @returns {Node[]} */
  function fillRest() {
    if (now.mode === "types" && schema) {
      if (arrow) return describeArrow(facts, acts, schema, arrow);
      return type >= 0 ? describeType(facts, acts, schema, type) : describeTypes(facts, acts, schema);
    }
    if (path) return describePath(facts, acts, path);
    if (fact >= 0) return describeFact(facts, acts, fact);
    if (chosen.length > 1) return describeSeveral(facts, acts, chosen);
    if (chosen.length === 1) return describeEntity(facts, acts, chosen[0], walk.count(chosen[0]));
    if (relation >= 0) return describeRelation(facts, acts, relation, walk.isDrawn);
    const best = [...walk.drawn().entities].sort((one, other) => facts.degrees[other] - facts.degrees[one]);
    return describeWhole(facts, acts, best.slice(0, MOST_BEST), graph);
  }
}
