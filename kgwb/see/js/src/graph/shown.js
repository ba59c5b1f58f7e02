// Which part of the graph is drawn, and where: it grows and folds in place, and what stands does not move.
//
// A fact is drawn where both of its ends are, and one of them is opened, or it was asked for by itself.

import { readArray } from "../shared/model.js";
import { findFreePlaces, findPlaceNear, placeSpokes } from "./places.js";

/** @import { Facts } from "./facts.js" */
/** @typedef {ReturnType<typeof openShown>} Shown */
/** @typedef {{x: number, y: number, fromX: number, fromY: number, pinned: boolean}} Spot */
/** @typedef {{spots: Map<number, Spot>, opened: Set<number>, asked: Set<number>, kept: Set<number>}} Snapshot */

export const MOST_OPENED = 120; // neighbours that opening one entity draws

/**
 * @param {Facts} facts
 * @param {Record<string, any>} state
 */
export function openShown(facts, state) {
  const points = readArray(state.points);
  /** @type {Map<number, Spot>} */
  let spots = new Map(
    Array.from(readArray(state.drawn), (entity, i) => [entity, stand({ x: points[2 * i], y: points[2 * i + 1] })]),
  );
  let opened = new Set(readArray(state.opened));
  let asked = new Set(facts.chances.keys());
  let kept = new Set(/** @type {number[]} */ (state.centre));
  const hiddenTypes = new Set();
  const hiddenRelations = new Set();

  /** @param {{x: number, y: number}} place @param {Spot} [from] */
  function stand({ x, y }, from) {
    return { x, y, fromX: from?.x ?? x, fromY: from?.y ?? y, pinned: false };
  }

  /** @param {number} fact */
  const isDrawn = (fact) => {
    const [head, tail] = [facts.heads[fact], facts.tails[fact]];
    if (!spots.has(head) || !spots.has(tail)) return false;
    return opened.has(head) || opened.has(tail) || asked.has(fact);
  };

  /**
   * Neighbours in groups: by relation and direction, the better connected first within.
   * @param {number} entity
   */
  function listNeighbours(entity) {
    /** @type {Map<number, number>} the group under which each is first met */
    const found = new Map();
    for (const fact of facts.touching[entity]) {
      const other = facts.otherEnd(fact, entity);
      const group = 2 * facts.relations[fact] + Number(facts.tails[fact] === entity);
      if (other !== entity) found.set(other, Math.min(found.get(other) ?? Infinity, group));
    }
    return [...found]
      .map(([other, group]) => ({ other, group }))
      .sort((one, next) => one.group - next.group || facts.degrees[next.other] - facts.degrees[one.other]);
  }

  return {
    hiddenTypes,
    hiddenRelations,
    get spots() {
      return spots;
    },
    /** @param {number} entity */
    has: (entity) => spots.has(entity),
    isDrawn,
    /** Entities and facts in sight, filters applied. */
    list() {
      const entities = [...spots.keys()].filter((entity) => !hiddenTypes.has(facts.types[entity]));
      const inSight = new Set(entities);
      const drawn = new Set();
      for (const entity of entities)
        for (const fact of facts.touching[entity])
          if (
            facts.heads[fact] === entity &&
            inSight.has(facts.tails[fact]) &&
            !hiddenRelations.has(facts.relations[fact]) &&
            isDrawn(fact)
          )
            drawn.add(fact);
      return { entities, facts: /** @type {number[]} */ ([...drawn]) };
    },
    /**
     * Whether all that is held about an entity is drawn.
     * @param {number} entity
     */
    isOpen: (entity) => facts.touching[entity].every(isDrawn),
    /**
     * Whether its facts were drawn because they were asked for, as many as are drawn at once.
     * @param {number} entity
     */
    isOpened: (entity) => opened.has(entity),
    /**
     * Draws the facts of an entity, its neighbours in free places about it.
     * @param {number} entity
     * @param {number} [most]
     */
    open(entity, most = MOST_OPENED) {
      opened.add(entity);
      const fresh = listNeighbours(entity).filter(({ other }) => !spots.has(other));
      const best = new Set(
        [...fresh].sort((one, other) => facts.degrees[other.other] - facts.degrees[one.other]).slice(0, most),
      );
      const some = fresh.filter((item) => best.has(item));
      const at = /** @type {Spot} */ (spots.get(entity));
      const places = findFreePlaces(at, some.length, [...spots.values()]);
      some.slice(0, places.length).forEach(({ other }, i) => {
        spots.set(other, stand(places[i], at));
      });
      return some.map(({ other }) => other);
    },
    /**
     * Takes away what hangs only on this entity.
     * @param {number} entity
     * @param {Set<number>} needed which stay in any case
     */
    fold(entity, needed) {
      opened.delete(entity);
      for (const { other } of listNeighbours(entity)) {
        if (!spots.has(other) || needed.has(other) || kept.has(other) || spots.get(other)?.pinned) continue;
        const elsewhere = facts.touching[other].some((fact) => {
          const end = facts.otherEnd(fact, other);
          return end !== entity && end !== other && isDrawn(fact);
        });
        if (elsewhere) continue;
        opened.delete(other);
        spots.delete(other);
      }
    },
    /**
     * A new picture: one entity in the middle, its facts as spokes.
     * @param {number} entity
     */
    centre(entity) {
      const some = listNeighbours(entity);
      const best = new Set(
        [...some].sort((one, other) => facts.degrees[other.other] - facts.degrees[one.other]).slice(0, MOST_OPENED),
      );
      const ring = some.filter((item) => best.has(item));
      const places = placeSpokes({ x: 0, y: 0 }, ring.length);
      spots = new Map([[entity, stand({ x: 0, y: 0 })]]);
      ring.forEach(({ other }, i) => {
        spots.set(other, stand(places[i], spots.get(entity)));
      });
      opened = new Set([entity]);
      kept = new Set([entity]);
    },
    /**
     * A new picture of some entities, the first in the middle, with the facts among them.
     * @param {number[]} entities
     */
    gather(entities) {
      spots = new Map();
      const [first, ...others] = entities;
      spots.set(first, stand({ x: 0, y: 0 }));
      const places = findFreePlaces({ x: 0, y: 1 }, others.length, [{ x: 0, y: 0 }]);
      const ring = others.length < 40 ? placeSpokes({ x: 0, y: 0 }, others.length) : places;
      others.forEach((entity, i) => {
        spots.set(entity, stand(ring[i] ?? findPlaceNear({ x: 0, y: 0 }, [...spots.values()])));
      });
      opened = new Set();
      kept = new Set(entities);
      const inside = new Set(entities);
      asked = new Set(facts.chances.keys());
      for (const entity of entities)
        for (const fact of facts.touching[entity]) if (inside.has(facts.otherEnd(fact, entity))) asked.add(fact);
    },
    /**
     * Draws an entity near a point, and facts that lead to it.
     * @param {number} entity
     * @param {{x: number, y: number}} point
     * @param {number[]} leading
     */
    put(entity, point, leading) {
      if (!spots.has(entity)) {
        const [near] = leading.map((fact) => spots.get(facts.otherEnd(fact, entity))).filter(Boolean);
        spots.set(entity, stand(findPlaceNear(point, [...spots.values()]), near));
      }
      for (const fact of leading) asked.add(fact);
      kept.add(entity);
    },
    /**
     * @param {number} entity
     * @param {number} x
     * @param {number} y
     */
    pin(entity, x, y) {
      spots.set(entity, { x, y, fromX: x, fromY: y, pinned: true });
    },
    /** After new ones have come to their places. */
    settle() {
      for (const spot of spots.values()) Object.assign(spot, { fromX: spot.x, fromY: spot.y });
    },
    /** @returns {Snapshot} */
    save() {
      const copies = new Map([...spots].map(([entity, spot]) => [entity, { ...spot, fromX: spot.x, fromY: spot.y }]));
      return { spots: copies, opened: new Set(opened), asked: new Set(asked), kept: new Set(kept) };
    },
    /** @param {Snapshot} snapshot */
    restore(snapshot) {
      spots = new Map([...snapshot.spots].map(([entity, spot]) => [entity, { ...spot }]));
      opened = new Set(snapshot.opened);
      asked = new Set(snapshot.asked);
      kept = new Set(snapshot.kept);
    },
  };
}
