// Beside the picture: what is chosen, as text. Every name in it is a button that goes there.

import { button, element } from "../shared/elements.js";
import { formatCount, shorten } from "../shared/numbers.js";
import { cut } from "./table.js";

/** @import { Facts } from "./facts.js" */
/** @import { Path } from "./paths.js" */
/** @import { Arrow, Schema } from "./schema.js" */
/**
 * @typedef {{
 *   goTo: (entity: number) => void, chooseFact: (fact: number) => void, chooseRelation: (relation: number) => void,
 *   open: (entity: number) => void, openMore: (entity: number) => void, centre: (entity: number) => void, startPath: (entity: number) => void,
 *   findPath: (from: number, to: number) => void, chooseArrow: (arrow: Arrow) => void, chooseType: (type: number) => void,
 *   drawType: (type: number) => void
 * }} Acts
 */

const MOST_LISTED = 14; // of a group, before the rest is asked for

/** @param {string} text @param {string} [about] */
const head = (text, about = "") => [
  element("h4", { tabindex: -1, dir: "auto" }, cut(text)),
  ...(about ? [element("p", { class: "about" }, about)] : []),
];

/**
 * Items, the first of them at once and the others when they are asked for.
 * @param {Node[]} items
 * @param {number} [most]
 */
function listItems(items, most = MOST_LISTED) {
  const list = element("ul", {}, ...items.slice(0, most).map((item) => element("li", { dir: "auto" }, item)));
  if (items.length > most) {
    const more = button({ class: "more" }, `${formatCount(items.length - most)} more`, () => {
      const rest = items.slice(most).map((item) => element("li", { dir: "auto" }, item));
      more.parentElement?.remove();
      list.append(...rest);
      rest[0].querySelector("button")?.focus();
    });
    list.append(element("li", {}, more));
  }
  return list;
}

/** @param {Facts} facts @param {Acts} acts @param {number} entity */
const nameButton = (facts, acts, entity) =>
  button({ "data-entity": entity }, cut(facts.labels[entity]), () => acts.goTo(entity));

/**
 * A fact in words, its ends as buttons.
 * @param {Facts} facts @param {Acts} acts @param {number} fact
 */
function spellFact(facts, acts, fact) {
  const relation = button({ class: "relation" }, `${facts.nameRelation(fact)} →`, () => acts.chooseFact(fact));
  const ends = [facts.heads[fact], facts.tails[fact]].map((entity) => nameButton(facts, acts, entity));
  return element(
    "span",
    { class: facts.chances.has(fact) ? "fact predicted" : "fact" },
    ends[0],
    " ",
    relation,
    " ",
    ends[1],
  );
}

/**
 * Facts of an entity by relation and direction, the largest groups first.
 * @param {Pick<Facts, "touching" | "heads" | "relations" | "chances">} facts
 * @param {number} entity
 */
export function groupFacts(facts, entity) {
  /** @type {Map<string, {relation: number, outgoing: boolean, predicted: boolean, facts: number[]}>} */
  const groups = new Map();
  for (const fact of facts.touching[entity]) {
    const [outgoing, predicted] = [facts.heads[fact] === entity, facts.chances.has(fact)];
    const key = `${facts.relations[fact]} ${outgoing} ${predicted}`;
    const group = groups.get(key) ?? { relation: facts.relations[fact], outgoing, predicted, facts: [] };
    group.facts.push(fact);
    groups.set(key, group);
  }
  return [...groups.values()].sort((one, other) => other.facts.length - one.facts.length);
}

/**
 * @param {Facts} facts @param {Acts} acts @param {number} entity
 * @param {{drawn: number, isOpened: boolean, isWhole: boolean, more: number}} now how many of its facts are drawn, and how
 *   many are not held here
 */
export function describeEntity(facts, acts, entity, { drawn, isOpened, isWhole, more }) {
  const groups = groupFacts(facts, entity);
  const guessed = facts.touching[entity].filter((fact) => facts.chances.has(fact)).length;
  const counts =
    `${facts.typeNames[facts.types[entity]]} · ${formatCount(facts.degrees[entity])} facts` +
    `${guessed ? ` and ${formatCount(guessed)} predicted` : ""}, ${formatCount(drawn)} drawn` +
    `${more ? `; ${formatCount(more)} are not on this page` : ""}`;
  return [
    ...head(facts.labels[entity], facts.about[entity]),
    element("p", { class: "counts" }, counts),
    element(
      "p",
      { class: "acts" },
      ...(groups.length ? [button({}, isOpened ? "Fold" : "Draw its facts", () => acts.open(entity))] : []),
      ...(isOpened && !isWhole ? [button({}, "Draw more", () => acts.openMore(entity))] : []),
      button({}, "In the middle", () => acts.centre(entity)),
      button({ title: "then choose where it leads" }, "Path from here", () => acts.startPath(entity)),
    ),
    ...groups.flatMap(({ relation, outgoing, predicted, facts: some }) => {
      const name = facts.relationNames[relation];
      const text = `${outgoing ? `${name} →` : `← ${name}`}${predicted ? " (predicted)" : ""}`;
      const items = some.map((fact) => {
        const other = facts.otherEnd(fact, entity);
        const chance = facts.chances.get(fact);
        const said = chance === undefined || Number.isNaN(chance) ? "" : ` ${chance.toFixed(2)}`;
        return element("span", {}, other === entity ? "itself" : nameButton(facts, acts, other), said);
      });
      const title = button({ class: "relation", title: "choose this relation" }, text, () =>
        acts.chooseRelation(relation),
      );
      return [element("h5", {}, title, element("small", {}, ` ${formatCount(some.length)}`)), listItems(items)];
    }),
  ];
}

/** @param {Facts} facts @param {Acts} acts @param {number[]} entities */
export function describeSeveral(facts, acts, entities) {
  const two = entities.length === 2;
  return [
    ...head(`${formatCount(entities.length)} entities chosen`),
    ...(two
      ? [
          element(
            "p",
            { class: "acts" },
            button({}, "Path between them", () => acts.findPath(entities[0], entities[1])),
          ),
        ]
      : []),
    listItems(
      entities.map((entity) => nameButton(facts, acts, entity)),
      40,
    ),
  ];
}

/** @param {Facts} facts @param {Acts} acts @param {number} fact */
export function describeFact(facts, acts, fact) {
  const chance = facts.chances.get(fact);
  const said =
    chance === undefined
      ? "A fact of the graph."
      : `Predicted${Number.isNaN(chance) ? "" : ` with probability ${chance.toFixed(2)}`}, not in the graph.`;
  return [
    ...head(facts.relationNames[facts.relations[fact]]),
    element("p", {}, spellFact(facts, acts, fact)),
    element("p", { class: "counts" }, said),
  ];
}

/** @param {Facts} facts @param {Acts} acts @param {number} relation @param {(fact: number) => boolean} isDrawn */
export function describeRelation(facts, acts, relation, isDrawn) {
  const all = facts.relations.flatMap((each, fact) => (each === relation && !facts.chances.has(fact) ? [fact] : []));
  const drawn = all.filter(isDrawn);
  const counts = `relation · ${formatCount(all.length)} facts${facts.isWhole ? "" : " on this page"}, ${formatCount(drawn.length)} drawn`;
  const sorted = [...drawn, ...all.filter((fact) => !isDrawn(fact))];
  return [
    ...head(facts.relationNames[relation]),
    element("p", { class: "counts" }, counts),
    listItems(
      sorted.slice(0, 500).map((fact) => spellFact(facts, acts, fact)),
      40,
    ),
  ];
}

/** @param {Facts} facts @param {Acts} acts @param {Path} path */
export function describePath(facts, acts, path) {
  const { from, to, length, count, first } = path;
  const ways = count === 1 ? "One shortest path" : `${formatCount(count)} shortest paths`;
  return [
    ...head(`${shorten(facts.labels[from])} to ${shorten(facts.labels[to])}`),
    element(
      "p",
      { class: "counts" },
      `${ways}, ${formatCount(length)} ${length === 1 ? "fact" : "facts"} long, along facts in either direction. One of them:`,
    ),
    element("ol", {}, ...first.map((fact) => element("li", { dir: "auto" }, spellFact(facts, acts, fact)))),
  ];
}

/** @param {Facts} facts @param {Acts} acts @param {number[]} best @param {string} name */
export function describeWhole(facts, acts, best, name) {
  const counts = `${formatCount(facts.entitiesInAll)} entities, ${formatCount(facts.factsInAll)} facts`;
  return [
    ...head(name),
    element("p", { class: "counts" }, `${counts}. Choose one to read its facts; the best connected:`),
    listItems(
      best.map((entity) => nameButton(facts, acts, entity)),
      24,
    ),
  ];
}

/** @param {Facts} facts @param {Acts} acts @param {Schema} schema */
export function describeTypes(facts, acts, schema) {
  return [
    ...head("Types"),
    element(
      "p",
      { class: "counts" },
      `${formatCount(facts.entitiesInAll)} entities. Choose a type or an arrow to walk in.`,
    ),
    listItems(
      schema.types.map((_, type) => {
        const count = element("small", {}, ` ${formatCount(schema.counts[type])}`);
        return element(
          "span",
          {},
          button({ "data-type": type }, cut(schema.nameType(type)), () => acts.chooseType(type)),
          count,
        );
      }),
      40,
    ),
  ];
}

/** @param {Facts} facts @param {Acts} acts @param {Schema} schema @param {number} type */
export function describeType(facts, acts, schema, type) {
  const here = schema.listEntities(type);
  const arrows = schema.arrows.filter(({ from, to }) => from === type || to === type);
  return [
    ...head(schema.nameType(type)),
    element("p", { class: "counts" }, `type · ${formatCount(schema.counts[type])} entities; the best connected first`),
    element(
      "p",
      { class: "acts" },
      button({}, "Draw the best connected", () => acts.drawType(type)),
      button({}, "All types", () => acts.chooseType(-1)),
    ),
    listItems(
      here.slice(0, 600).map((entity) => nameButton(facts, acts, entity)),
      20,
    ),
    ...arrows.flatMap((arrow) => {
      const [sign, other] = arrow.from === type ? ["→", arrow.to] : ["←", arrow.from];
      return arrow.links.map(({ relation, count }) =>
        element(
          "p",
          { class: "arrow" },
          button({ class: "relation" }, `${facts.relationNames[relation]} ${sign} ${schema.nameType(other)}`, () =>
            acts.chooseArrow(arrow),
          ),
          element("small", {}, ` ${formatCount(count)}`),
        ),
      );
    }),
  ];
}

/** @param {Facts} facts @param {Acts} acts @param {Schema} schema @param {Arrow} arrow */
export function describeArrow(facts, acts, schema, arrow) {
  const held = schema.listFacts(arrow);
  const counts = arrow.links.map(({ relation, count }) =>
    element("span", {}, facts.relationNames[relation], element("small", {}, ` ${formatCount(count)}`)),
  );
  const said = held.length < arrow.total ? `; ${formatCount(held.length)} are on this page` : "";
  return [
    ...head(`${schema.nameType(arrow.from)} → ${schema.nameType(arrow.to)}`),
    element("p", { class: "counts" }, `${formatCount(arrow.total)} facts${said}`),
    listItems(counts, 40),
    element("h5", {}, "Facts"),
    listItems(
      held.slice(0, 500).map((fact) => spellFact(facts, acts, fact)),
      25,
    ),
  ];
}
