// The walk through the graph: what is chosen, what is opened, and the way one came.

import { button, element } from "../shared/elements.js";
import { chooseNothing, findEmphasis } from "./now.js";
import { composeEntities } from "./picture.js";
import { drawPaths } from "./routes.js";
import { openTelling } from "./telling.js";
import { openTrail } from "./trail.js";

/** @import { Selection } from "../shared/selection.js" */
/** @import { Drawing } from "./drawing.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Hit } from "./finding.js" */
/** @import { More } from "./more.js" */
/** @import { Now } from "./now.js" */
/** @import { Acts } from "./panel.js" */
/** @import { Schema } from "./schema.js" */
/** @import { Shown } from "./shown.js" */
/** @import { Drawn } from "./telling.js" */
/** @import { Step } from "./trail.js" */
/** @typedef {ReturnType<typeof openWalk>} Walk */

const MOST_OF_TYPE = 30; // entities that a type is drawn by

/**
 * @param {{
 *   facts: Facts, shown: Shown, schema: Schema | null, selection: Selection, drawing: Drawing, state: Record<string, any>,
 *   more: More
 * }} parts
 * @param {() => void} tell after anything changed
 */
export function openWalk({ facts, shown, schema, selection, drawing, state, more }, tell) {
  /** @type {Now} */
  const now = { mode: state.as_schema && schema ? "types" : "entities", ...chooseNothing() };
  let pathFrom = -1; // an entity from which a path was asked for
  let seen = ""; // of what is chosen, what is a matter of this view
  let isOurs = false; // while what is chosen comes from here
  /** @type {Drawn | null} */
  let listed = null;
  const [centred] = state.centre.length === 1 ? state.centre : [-1];
  const name = now.mode === "types" ? "Types" : centred >= 0 ? facts.labels[centred] : state.graph;
  const trail = openTrail({ mode: now.mode, key: centred, name, snapshot: null }, { leave: () => shown.save(), enter });
  const forget = selection.listen((choice) => !isOurs && follow(choice));
  const drawn = () => {
    listed ??= shown.list();
    return listed;
  };
  const telling = openTelling(now, facts, shown, schema, drawn);
  const stress = () => findEmphasis(now, drawing.picture, facts, schema, trail.steps);

  /** @param {Partial<Now>} [next] */
  const turnTo = (next = {}) => Object.assign(now, chooseNothing(), next);

  /** @param {{growing?: boolean, fit?: boolean}} [how] */
  function refresh({ growing = false, fit = false } = {}) {
    listed = null;
    const byType = now.mode === "types" && schema;
    const picture = byType ? schema.compose(shown.hiddenTypes, shown.hiddenRelations) : composeEntities(facts, shown);
    const sight = now.chosen.length === 1 && !byType ? shown.spots.get(now.chosen[0]) : null;
    drawing.show(picture, stress, { growing, fit, sight });
    shown.settle();
    tell();
  }

  /** Says to the kernel and to linked views what is chosen here. */
  function share() {
    isOurs = true;
    const { chosen, relation, fact, path } = now;
    const triple = (/** @type {number} */ i) =>
      /** @type {[number, number, number]} */ ([
        facts.ids[facts.heads[i]],
        facts.relations[i],
        facts.ids[facts.tails[i]],
      ]);
    selection.set({
      entities: chosen.map((entity) => facts.ids[entity]),
      relations: relation >= 0 ? [relation] : [],
      triples: path ? path.first.map(triple) : fact >= 0 ? [triple(fact)] : [],
    });
    const { entities, relations, triples } = selection.chosen;
    seen = JSON.stringify([entities, relations, triples]);
    isOurs = false;
  }

  /** @param {number[]} entities @param {{growing?: boolean, fit?: boolean}} [how] */
  function choose(entities, how) {
    turnTo({ chosen: entities });
    const [entity] = entities;
    const alone = entities.length === 1;
    if (alone && now.mode === "entities") trail.add({ mode: "entities", key: entity, name: facts.labels[entity] });
    refresh(how);
    if (alone) more.fetchFacts(entity).then((came) => came && now.chosen[0] === entity && refresh());
  }

  /** What another view, or Python, has chosen. @param {Selection["chosen"]} choice */
  async function follow({ entities, relations, triples }) {
    const told = JSON.stringify([entities, relations, triples]);
    if (told === seen) return; // a layer or a word was chosen
    seen = told;
    for (const id of entities.slice(0, 1)) await more.fetchEntity(id);
    const held = entities.map(facts.placeOf).filter((entity) => entity >= 0);
    if (entities.length === 1 && held.length === 1) {
      arrive(held[0]);
      return;
    }
    const fact = triples.length ? facts.findFact(triples[0]) : -1;
    turnTo({ chosen: held, relation: relations[0] ?? -1, fact: held.length ? -1 : fact });
    if (now.fact >= 0 && now.mode === "entities") drawFact(now.fact);
    refresh();
  }

  /** @param {number} fact */
  function drawFact(fact) {
    const ends = [facts.heads[fact], facts.tails[fact]];
    if (!ends.some(shown.has)) shown.centre(ends[0]);
    const near = shown.spots.get(ends[0]) ?? shown.spots.get(ends[1]) ?? { x: 0, y: 0 };
    for (const end of ends) shown.put(end, { x: near.x + 150, y: near.y + 20 }, [fact]);
  }

  /** Draws an entity, where it is not drawn yet, and chooses it. @param {number} entity */
  function arrive(entity) {
    const [last] = now.chosen;
    if (now.mode === "entities" && shown.has(entity)) {
      choose([entity]);
      return;
    }
    const at = now.mode === "entities" && now.chosen.length === 1 ? shown.spots.get(last) : null;
    const leading = at ? facts.touching[entity].filter((fact) => facts.otherEnd(fact, entity) === last) : [];
    if (at && leading.length) {
      shown.put(entity, { x: at.x + 150, y: at.y }, leading);
      choose([entity], { growing: true });
    } else centre(entity, false);
  }

  /** @param {number} entity @param {boolean} [says] whether it is told to others, unless it came from them */
  async function centre(entity, says = true) {
    await more.fetchFacts(entity);
    trail.add({ mode: "entities", key: entity, name: facts.labels[entity] });
    now.mode = "entities";
    shown.centre(entity);
    choose([entity], { growing: true, fit: true });
    if (says) share();
  }

  /** @param {number} entity */
  async function toggle(entity) {
    await more.fetchFacts(entity);
    if (shown.isOpened(entity) || shown.isOpen(entity)) shown.fold(entity, new Set(now.chosen));
    else shown.open(entity);
    refresh({ growing: true });
  }

  /** @param {Step} step */
  function enter({ mode, key, snapshot }) {
    if (snapshot) shown.restore(snapshot);
    turnTo(mode === "types" ? { mode, type: key } : { mode, chosen: key >= 0 ? [key] : [] });
    refresh({ fit: true });
    share();
  }

  /** @param {number} from @param {number} to */
  function findPath(from, to) {
    pathFrom = -1;
    trail.add({ mode: "entities", key: -1, name: `${facts.labels[from]} to ${facts.labels[to]}` });
    turnTo({ mode: "entities", chosen: [from, to] });
    now.path = drawPaths(facts, shown, from, to);
    const within = facts.isWhole ? "" : " in what this page holds";
    if (!now.path) now.note = element("p", { class: "note", role: "status" }, `No path joins these two${within}.`);
    refresh({ growing: true, fit: true });
    share();
  }

  /** @param {Partial<Now>} next */
  function chooseOne(next) {
    turnTo(next);
    refresh();
    share();
  }

  /** @type {Acts} */
  const acts = {
    goTo(entity) {
      if (pathFrom >= 0 && pathFrom !== entity) findPath(pathFrom, entity);
      else {
        arrive(entity);
        share();
      }
    },
    chooseFact(fact) {
      now.mode = "entities";
      if (!shown.isDrawn(fact)) drawFact(fact);
      chooseOne({ fact });
    },
    chooseRelation: (relation) => chooseOne({ relation }),
    chooseArrow: (arrow) => chooseOne({ arrow }),
    chooseType: (type) => chooseOne({ type }),
    open: toggle,
    openMore(entity) {
      shown.open(entity);
      refresh({ growing: true });
    },
    centre,
    startPath(entity) {
      pathFrom = entity;
      const stop = button({ class: "more" }, "never mind", () => {
        pathFrom = -1;
        now.note = null;
        tell();
      });
      const text = `Choose where the path from ${facts.labels[entity].slice(0, 60)} leads; `;
      now.note = element("p", { class: "note", role: "status" }, text, stop);
      tell();
    },
    findPath,
    drawType(type) {
      const some = schema?.listEntities(type).slice(0, MOST_OF_TYPE) ?? [];
      if (!some.length || !schema) return;
      trail.add({ mode: "types", key: type, name: schema.nameType(type) });
      trail.add({ mode: "entities", key: -1, name: `${schema.nameType(type)}, best connected` });
      turnTo({ mode: "entities" });
      shown.gather(some);
      refresh({ growing: true, fit: true });
      share();
    },
  };

  /** @param {number} dot @param {boolean} several */
  function chooseDot(dot, several) {
    const { key } = drawing.picture.dots[dot];
    const { chosen } = now;
    if (now.mode === "types") acts.chooseType(key);
    else if (several) {
      choose(chosen.includes(key) ? chosen.filter((each) => each !== key) : [...chosen, key]);
      share();
    } else acts.goTo(key);
  }

  function clear() {
    pathFrom = -1;
    chooseOne({});
  }

  return {
    ...telling,
    now,
    acts,
    trail: trail.node,
    drawn,
    refresh,
    chooseDot,
    clear,
    isDrawn: shown.isDrawn,
    start() {
      const { entities, relations, triples } = selection.chosen;
      seen = JSON.stringify([entities, relations, triples]);
      now.chosen = entities.map(facts.placeOf).filter((entity) => entity >= 0);
      refresh({ fit: true });
    },
    repaint: () => drawing.stress(stress()),
    back: () => trail.back(),
    showTypes() {
      trail.add({ mode: "types", key: -1, name: "Types" });
      turnTo({ mode: "types" });
      refresh({ fit: true });
      share();
    },
    /** The dot one is at, or −1. */
    here: () => drawing.picture.dotOf.get(now.mode === "types" ? now.type : (now.chosen.at(-1) ?? -1)) ?? -1,
    /** @param {Hit} hit @param {boolean} several */
    tap({ dot, line }, several) {
      if (dot >= 0) chooseDot(dot, several);
      else if (line < 0) clear();
      else if (now.mode === "types" && schema) acts.chooseArrow(schema.arrows[drawing.picture.lines[line].key]);
      else acts.chooseFact(drawing.picture.lines[line].key);
    },
    /** @param {number} dot */
    openDot(dot) {
      const key = drawing.picture.dots[dot]?.key ?? -1;
      if (key >= 0 && now.mode === "types") acts.drawType(key);
      else if (key >= 0) toggle(key);
    },
    /** @param {number} dot @param {{x: number, y: number}} at */
    moveDot(dot, at) {
      Object.assign(drawing.picture.dots[dot], { ...at, fromX: at.x, fromY: at.y, pinned: true });
      if (now.mode === "entities") shown.pin(drawing.picture.dots[dot].key, at.x, at.y);
    },
    close: forget,
  };
}
