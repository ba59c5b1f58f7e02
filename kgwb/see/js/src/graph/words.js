// What the title, the caption and a screen reader say of the picture.

import { formatCount, shorten } from "../shared/numbers.js";

/** @import { Facts } from "./facts.js" */
/** @import { Shown } from "./shown.js" */

const LAYOUT =
  "Colour and shape are the type; the larger a mark, the more facts; nearness on the page is a layout, not a measurement.";

/**
 * @param {number} number
 * @param {string} one
 * @param {string} several
 */
export const count = (number, one, several) => `${formatCount(number)} ${number === 1 ? one : several}`;

/**
 * What is drawn and what is not; together they are the whole graph.
 * @param {string} graph
 * @param {Facts} facts
 * @param {{entities: number[], facts: number[]}} drawn
 * @param {Pick<Shown, "hiddenTypes" | "hiddenRelations">} hidden
 */
export function writeCaption(graph, facts, drawn, { hiddenTypes, hiddenRelations }) {
  const guessed = drawn.facts.filter((fact) => facts.chances.has(fact)).length;
  const known = drawn.facts.length - guessed;
  const parts = [
    `${shorten(graph)}: ${count(drawn.entities.length, "entity", "entities")} and ${count(known, "fact", "facts")} are drawn`,
  ];
  const [entities, left] = [facts.entitiesInAll - drawn.entities.length, facts.factsInAll - known];
  if (entities || left)
    parts.push(
      `of the graph ${count(entities, "entity", "entities")} and ${count(left, "fact", "facts")} more are not`,
    );
  if (hiddenTypes.size || hiddenRelations.size)
    parts.push(
      `hidden in the legend: ${count(hiddenTypes.size, "type", "types")}, ${count(hiddenRelations.size, "relation", "relations")}`,
    );
  if (!facts.isWhole) parts.push(`the page holds ${formatCount(facts.held)} of ${formatCount(facts.factsInAll)} facts`);
  const dashed = guessed ? ` ${count(guessed, "dashed line", "dashed lines")}: predicted, not in the graph.` : "";
  return `${parts.join("; ")}. ${LAYOUT}${dashed}`;
}

/**
 * @param {Facts} facts
 * @param {{chosen: number[], path: {from: number, to: number, length: number} | null}} now
 * @param {string} otherwise
 */
export function writeTitle(facts, { chosen, path }, otherwise) {
  if (path)
    return `From ${shorten(facts.labels[path.from])} to ${shorten(facts.labels[path.to])}: ${count(path.length, "fact", "facts")}`;
  if (chosen.length !== 1) return otherwise;
  const [entity] = chosen;
  return `${shorten(facts.labels[entity])} and its ${count(facts.degrees[entity], "fact", "facts")}`;
}
