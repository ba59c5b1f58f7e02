// The shortest paths between two entities, along facts in either direction.

/** @import { Facts } from "./facts.js" */
/** @typedef {{from: number, to: number, length: number, facts: number[], entities: number[], count: number, first: number[]}} Path */

/**
 * @param {Pick<Facts, "touching" | "otherEnd">} facts
 * @param {number} from
 * @param {number} to
 * @param {(fact: number) => boolean} [may] which facts may be walked
 * @returns {Path | null} all facts that lie on a shortest path, how many such paths there are, and the facts of one
 */
export function findPaths(facts, from, to, may = () => true) {
  const fromHere = measureSteps(facts, from, may, to);
  const length = fromHere.get(to);
  if (length === undefined) return null;
  /** @type {Map<number, number>} ways from each entity to the end */
  const ways = new Map([[to, 1]]);
  /** @type {Map<number, number>} */
  const next = new Map();
  const found = new Set();
  let ring = new Set([to]);
  for (let step = length; step > 0; step--) {
    const nearer = new Set();
    for (const entity of ring)
      for (const fact of facts.touching[entity]) {
        const other = facts.otherEnd(fact, entity);
        if (!may(fact) || fromHere.get(other) !== step - 1) continue;
        found.add(fact);
        nearer.add(other);
        ways.set(other, (ways.get(other) ?? 0) + (ways.get(entity) ?? 0));
        if (!next.has(other)) next.set(other, fact);
      }
    ring = nearer;
  }
  const first = [];
  for (let at = from; at !== to; ) {
    const fact = /** @type {number} */ (next.get(at));
    first.push(fact);
    at = facts.otherEnd(fact, at);
  }
  return {
    from,
    to,
    length,
    facts: [...found],
    entities: [...ways.keys()].sort((one, other) => (fromHere.get(one) ?? 0) - (fromHere.get(other) ?? 0)),
    count: ways.get(from) ?? 0,
    first,
  };
}

/**
 * How many facts away from one entity others are, as far as the one that is looked for.
 * @param {Pick<Facts, "touching" | "otherEnd">} facts
 * @param {number} from
 * @param {(fact: number) => boolean} may
 * @param {number} to
 */
function measureSteps(facts, from, may, to) {
  const steps = new Map([[from, 0]]);
  let ring = [from];
  for (let step = 1; ring.length && !steps.has(to); step++) {
    const further = [];
    for (const entity of ring)
      for (const fact of facts.touching[entity]) {
        const other = facts.otherEnd(fact, entity);
        if (steps.has(other) || !may(fact)) continue;
        steps.set(other, step);
        further.push(other);
      }
    ring = further;
  }
  return steps;
}
