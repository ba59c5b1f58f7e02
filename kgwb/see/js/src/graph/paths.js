// The shortest paths between two entities, along facts in either direction.

/** @import { Facts } from "./facts.js" */
/**
 * @typedef {{
 *   from: number, to: number, length: number, facts: number[], first: number[], count: number, entities: number[],
 *   steps: number[]
 * }} Path `steps` says how far from its beginning each entity is
 */

/**
 * @param {Pick<Facts, "touching" | "otherEnd">} facts
 * @param {number} from
 * @param {number} to
 * @param {(fact: number) => boolean} [may] which facts may be walked
 * @returns {Path | null} all that lies on a shortest path, how many such paths there are, and the facts of one; paths are
 *   counted by the entities they pass
 */
export function findPaths(facts, from, to, may = () => true) {
  const steps = measureSteps(facts, from, may, to);
  const length = steps.get(to);
  if (length === undefined) return null;
  /** @type {Map<number, number>} ways from each entity to the end */
  const ways = new Map([[to, 1]]);
  /** @type {Map<number, number>} the fact by which the first of these ways goes on */
  const next = new Map();
  /** @type {number[]} */
  const found = [];
  let ring = [to];
  for (let step = length; step > 0; step--) {
    const nearer = new Set();
    for (const entity of ring) {
      const before = new Set();
      for (const fact of facts.touching[entity]) {
        const other = facts.otherEnd(fact, entity);
        if (!may(fact) || steps.get(other) !== step - 1) continue;
        found.push(fact);
        if (!next.has(other)) next.set(other, fact);
        before.add(other);
      }
      for (const other of before) ways.set(other, (ways.get(other) ?? 0) + (ways.get(entity) ?? 0));
      for (const other of before) nearer.add(other);
    }
    ring = [...nearer];
  }
  const first = [];
  for (let at = from; at !== to; ) {
    const fact = /** @type {number} */ (next.get(at));
    first.push(fact);
    at = facts.otherEnd(fact, at);
  }
  const entities = [...ways.keys()].map((entity) => ({ entity, step: steps.get(entity) ?? 0 }));
  entities.sort((one, other) => one.step - other.step);
  return {
    ...{ from, to, length, facts: found, first, count: ways.get(from) ?? 0 },
    entities: entities.map(({ entity }) => entity),
    steps: entities.map(({ step }) => step),
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
