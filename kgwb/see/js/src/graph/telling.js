// What can be said of the picture at this moment: counts for the legend, a card for the pointer, words for a screen reader.

import { count as countThings } from "./words.js";

/** @import { Hit } from "./finding.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Now } from "./now.js" */
/** @import { Picture } from "./picture.js" */
/** @import { Schema } from "./schema.js" */
/** @import { Shown } from "./shown.js" */
/** @typedef {{entities: number[], facts: number[]}} Drawn */

const LONGEST = 300; // letters of a label in a card

/**
 * @param {Now} now
 * @param {Facts} facts
 * @param {Shown} shown
 * @param {Schema | null} schema
 * @param {() => Drawn} drawn
 */
export function openTelling(now, facts, shown, schema, drawn) {
  return {
    /** How far the facts of an entity are drawn. @param {number} entity */
    count(entity) {
      const here = new Set(drawn().facts);
      const known = facts.touching[entity].filter((fact) => here.has(fact) && !facts.chances.has(fact));
      return {
        drawn: known.length,
        isOpened: shown.isOpened(entity) || shown.isOpen(entity),
        isWhole: shown.isOpen(entity),
        more: facts.degrees[entity] - facts.countHeld(entity),
      };
    },
    /** What the legend lists: drawn, or hidden by a click there. */
    countFilters() {
      /** @type {Map<number, number>} */
      const types = new Map();
      /** @type {Map<number, number>} */
      const relations = new Map();
      const add = (/** @type {Map<number, number>} */ to, /** @type {number} */ key, by = 1) =>
        to.set(key, (to.get(key) ?? 0) + by);
      if (now.mode === "types" && schema) {
        schema.types.forEach((type, i) => {
          add(types, type, schema.counts[i]);
        });
        for (const { links } of schema.arrows) for (const { relation, count } of links) add(relations, relation, count);
        return { types, relations, predicted: 0 };
      }
      for (const relation of shown.hiddenRelations) relations.set(relation, 0);
      for (const type of shown.hiddenTypes) types.set(type, 0);
      for (const entity of shown.spots.keys()) add(types, facts.types[entity]);
      for (const fact of drawn().facts) add(relations, facts.relations[fact]);
      const predicted = drawn().facts.filter((fact) => facts.chances.has(fact)).length;
      return { types, relations, predicted };
    },
    /** What is under the pointer, in lines. @param {Picture} picture @param {Hit} hit @returns {string[]} */
    describe({ dots, lines }, { dot, line }) {
      if (now.mode === "types") return [dot >= 0 ? `${dots[dot].label} entities` : lines[line].name];
      if (line >= 0) return [facts.spell(lines[line].key).slice(0, LONGEST)];
      const { key } = dots[dot];
      const all = countThings(facts.degrees[key], "fact", "facts");
      const counts = `${facts.typeNames[facts.types[key]]} · ${all}, ${this.count(key).drawn} drawn`;
      return [facts.labels[key].slice(0, LONGEST), counts, (facts.about[key] ?? "").slice(0, 200)].filter(Boolean);
    },
    /** What is chosen, for a screen reader. */
    spell() {
      const { type, fact, chosen, path } = now;
      if (now.mode === "types")
        return type >= 0 && schema
          ? `${schema.nameType(type)}, ${countThings(schema.counts[type], "entity", "entities")}`
          : "types of the graph";
      if (path) return `path of ${countThings(path.length, "fact", "facts")}`;
      if (fact >= 0) return facts.spell(fact).slice(0, LONGEST);
      if (chosen.length !== 1)
        return chosen.length ? `${countThings(chosen.length, "entity", "entities")} chosen` : "nothing chosen";
      const [entity] = chosen;
      const { drawn: here } = this.count(entity);
      return `${facts.labels[entity].slice(0, LONGEST)}, ${facts.typeNames[facts.types[entity]]}, ${countThings(here, "fact", "facts")} drawn`;
    },
  };
}
