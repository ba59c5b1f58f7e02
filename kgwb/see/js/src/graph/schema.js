// The graph by its types: each a dot as large as it has entities, the relations from one to another one arrow.

import { readArray } from "../shared/model.js";
import { formatCount, shorten } from "../shared/numbers.js";
import { spreadLanes } from "./picture.js";

/** @import { Facts } from "./facts.js" */
/** @import { Picture } from "./picture.js" */
/** @typedef {{relation: number, count: number}} Link */
/** @typedef {{from: number, to: number, links: Link[], total: number}} Arrow ends are places among the schema's types */
/** @typedef {NonNullable<ReturnType<typeof openSchema>>} Schema */

/**
 * @param {Record<string, any> | null} packed
 * @param {Facts} facts
 */
export function openSchema(packed, facts) {
  if (!packed) return null;
  const rows = readArray(packed.links);
  const points = readArray(packed.points);
  /** @type {number[]} */
  const types = packed.types;
  /** @type {number[]} */
  const counts = packed.counts;
  /** @type {Map<string, Arrow>} */
  const between = new Map();
  for (let i = 0; i < rows.length; i += 4) {
    const [from, relation, to, count] = rows.slice(i, i + 4);
    const arrow = between.get(`${from} ${to}`) ?? { from, to, links: [], total: 0 };
    arrow.links.push({ relation, count });
    arrow.total += count;
    between.set(`${from} ${to}`, arrow);
  }
  const arrows = [...between.values()].sort((one, other) => other.total - one.total);
  for (const { links } of arrows) links.sort((one, other) => other.count - one.count);
  const most = Math.max(1, ...counts);
  /** @param {number} type */
  const nameType = (type) => facts.typeNames[types[type]];

  return {
    types,
    counts,
    arrows,
    /** @type {string} */
    title: packed.title,
    /** @type {string} */
    caption: packed.caption,
    nameType,
    /** @param {Arrow} arrow */
    nameArrow: ({ links, total }) =>
      `${links.length === 1 ? shorten(facts.relationNames[links[0].relation]) : `${links.length} relations`} · ${formatCount(total)}`,
    /** @param {number} type place among the schema's types */
    listEntities(type) {
      const here = facts.types.flatMap((each, entity) => (each === types[type] ? [entity] : []));
      return here.sort((one, other) => facts.degrees[other] - facts.degrees[one]);
    },
    /**
     * Facts held here that an arrow stands for.
     * @param {Arrow} arrow
     */
    listFacts: (arrow) =>
      facts.heads.flatMap((head, fact) =>
        facts.types[head] === types[arrow.from] &&
        facts.types[facts.tails[fact]] === types[arrow.to] &&
        !facts.chances.has(fact)
          ? [fact]
          : [],
      ),
    /**
     * @param {Set<number>} hiddenTypes
     * @param {Set<number>} hiddenRelations
     * @returns {Picture}
     */
    compose(hiddenTypes, hiddenRelations) {
      const kept = types.flatMap((type, i) => (hiddenTypes.has(type) ? [] : [i]));
      const dotOf = new Map(kept.map((type, i) => [type, i]));
      const dots = kept.map((type) => {
        const [x, y] = [points[2 * type], points[2 * type + 1]];
        return {
          key: type,
          ...{ x, y, fromX: x, fromY: y },
          size: 7 + 17 * Math.sqrt(counts[type] / most),
          mark: facts.marks[types[type]],
          label: `${shorten(nameType(type))} · ${formatCount(counts[type])}`,
          weight: counts[type],
          pinned: false,
        };
      });
      const lines = arrows.flatMap((arrow, key) => {
        const [from, to] = [dotOf.get(arrow.from), dotOf.get(arrow.to)];
        const links = arrow.links.filter(({ relation }) => !hiddenRelations.has(relation));
        if (from === undefined || to === undefined || !links.length) return [];
        const total = links.reduce((sum, { count }) => sum + count, 0);
        return [{ key, from, to, lane: 0, lanes: 1, dashed: false, name: this.nameArrow({ ...arrow, links, total }) }];
      });
      spreadLanes(lines);
      const groups = lines.map(({ name, from }, i) => ({ name, lines: [i], at: from }));
      return { kind: "types", dots, lines, groups, dotOf };
    },
  };
}
