// What the picture shows, in words: the title of the frame, and the first words of its caption.

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */

const NAMES = { mean: "mean of heads", max: "maximum of heads", rollout: "rollout" };

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function tellTitle(facts, { layer, head, combine, shown, focus }) {
  const token = shown.tokens[shown.unitOf[focus]];
  if (head === null && combine === "rollout") return `What ${token} gathers from up to layer ${layer}${facts.ending}`;
  const which = head !== null ? `, head ${head}` : combine === "max" ? ", maximum of heads" : "";
  return `What ${token} looks at in layer ${layer}${which}${facts.ending}`;
}

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function tellCaption(facts, { sentence, layer, head, combine, focus }) {
  const which = head === null ? NAMES[combine] : `head ${head}`;
  const of = facts.names.join(" and ");
  return `Attention of ${of}: Sentence ${sentence.number}, layer ${layer}, ${which}, from '${sentence.tokens[focus]}'. ${facts.note}`;
}
