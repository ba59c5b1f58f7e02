// The facts that a page holds: all of a graph up to a size, of a larger one a part to which a kernel may add.

import { readArray } from "../shared/model.js";

/** @typedef {ReturnType<typeof openFacts>} Facts */
/** @typedef {{bytes: any, offsets: any}} PackedTexts */

/**
 * Texts that travel as one buffer of UTF-8, and where in it each begins.
 * @param {PackedTexts} packed
 * @returns {string[]}
 */
export function readTexts({ bytes, offsets }) {
  const letters = readArray(bytes);
  const starts = readArray(offsets);
  const decoder = new TextDecoder();
  return Array.from(starts.subarray(1), (end, i) => decoder.decode(letters.subarray(starts[i], end)));
}

/**
 * An entity is its place among those held; its id in the graph is in `ids`. A fact is its place too.
 * @param {Record<string, any>} state
 */
export function openFacts(state) {
  /** @type {number[]} */
  const ids = [...readArray(state.ids)];
  const labels = readTexts(state.labels);
  const about = state.about ? readTexts(state.about) : [];
  /** @type {number[]} */
  const types = [...readArray(state.types)];
  /** @type {number[]} */
  const degrees = [...readArray(state.degrees)];
  /** @type {number[]} */
  const heads = [...readArray(state.heads)];
  /** @type {number[]} */
  const relations = [...readArray(state.fact_relations)];
  /** @type {number[]} */
  const tails = [...readArray(state.tails)];
  const known = heads.length - state.predicted;
  const probability = readArray(state.probability);
  /** The probability of each predicted fact, NaN where none was given. @type {Map<number, number>} */
  const chances = new Map(Array.from(probability, (chance, i) => [known + i, chance]));
  const place = new Map(ids.map((id, i) => [id, i]));
  /** @type {number[][]} */
  const touching = ids.map(() => []);
  /** @type {Set<string> | null} */
  let keys = null;
  heads.forEach((_, fact) => {
    touch(fact);
  });

  /** @param {number} fact */
  function touch(fact) {
    touching[heads[fact]].push(fact);
    if (heads[fact] !== tails[fact]) touching[tails[fact]].push(fact);
  }

  /** @param {number} fact */
  const keyOf = (fact) => `${heads[fact]} ${relations[fact]} ${tails[fact]}`;

  return {
    ids,
    labels,
    about,
    types,
    degrees,
    heads,
    relations,
    tails,
    chances,
    touching,
    /** @type {string[]} */
    relationNames: state.relations,
    /** @type {string[]} */
    typeNames: state.type_names,
    /** How a type is drawn. @type {{colour: string, shape: string}[]} */
    marks: state.marks.map((/** @type {[string, string]} */ [colour, shape]) => ({ colour, shape })),
    /** Of the whole graph. */
    entitiesInAll: /** @type {number} */ (state.entities),
    factsInAll: /** @type {number} */ (state.facts),
    /** Facts of the graph that are held here; predicted ones are not in it. */
    get held() {
      return heads.length - chances.size;
    },
    get isWhole() {
      return this.held >= this.factsInAll && ids.length >= this.entitiesInAll;
    },
    /** @param {number} id of the graph */
    placeOf: (id) => place.get(id) ?? -1,
    /**
     * The other end of a fact.
     * @param {number} fact
     * @param {number} entity
     */
    otherEnd: (fact, entity) => (heads[fact] === entity ? tails[fact] : heads[fact]),
    /**
     * Facts of the graph that are held here for an entity.
     * @param {number} entity
     */
    countHeld: (entity) => touching[entity].reduce((sum, fact) => sum + (chances.has(fact) ? 0 : 1), 0),
    /** @param {number} fact */
    nameRelation(fact) {
      const chance = chances.get(fact);
      const name = this.relationNames[relations[fact]];
      return chance === undefined || Number.isNaN(chance) ? name : `${name} ${chance.toFixed(2)}`;
    },
    /** @param {number} fact */
    spell(fact) {
      return `${labels[heads[fact]]} — ${this.nameRelation(fact)} → ${labels[tails[fact]]}`;
    },
    /**
     * The place of a fact given by ids of the graph, or −1.
     * @param {[number, number, number]} triple
     */
    findFact([head, relation, tail]) {
      const [from, to] = [this.placeOf(head), this.placeOf(tail)];
      return (
        (touching[from] ?? []).find((i) => relations[i] === relation && heads[i] === from && tails[i] === to) ?? -1
      );
    },
    /**
     * What a kernel answered joins what is held.
     * @param {Record<string, any>} answer whose facts name entities by id
     * @returns {number[]} the entities it speaks of
     */
    add(answer) {
      const [newLabels, newTypes, newDegrees] = [
        readTexts(answer.labels),
        readArray(answer.types),
        readArray(answer.degrees),
      ];
      const newAbout = answer.about ? readTexts(answer.about) : [];
      const spoken = Array.from(readArray(answer.ids), (id, i) => {
        const at = place.get(id) ?? ids.length;
        if (at < ids.length) return at;
        place.set(id, at);
        ids.push(id);
        labels.push(newLabels[i]);
        about[at] = newAbout[i] ?? "";
        types.push(newTypes[i]);
        degrees.push(newDegrees[i]);
        touching.push([]);
        return at;
      });
      keys ??= new Set(heads.map((_, fact) => keyOf(fact)));
      const [newHeads, newRelations, newTails] = [answer.heads, answer.fact_relations, answer.tails].map(readArray);
      newHeads.forEach((head, i) => {
        const fact = heads.push(this.placeOf(head)) - 1;
        relations.push(newRelations[i]);
        tails.push(this.placeOf(newTails[i]));
        if (keys?.has(keyOf(fact))) for (const list of [heads, relations, tails]) list.pop();
        else {
          keys?.add(keyOf(fact));
          touch(fact);
        }
      });
      return spoken;
    },
  };
}
