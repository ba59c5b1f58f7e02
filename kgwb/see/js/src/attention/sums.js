// Under the columns: how much of the row goes to the tokens that a reader most wants to set apart.

import { element } from "../shared/elements.js";
import { formatChange, formatWeight } from "../shared/numbers.js";
import { sumAt } from "./weights.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Sentence } from "./weights.js" */

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawSums(facts, choice) {
  const node = element("div", { class: "sums" });
  return {
    node,
    update() {
      const { sentence, layer, head, focus } = choice;
      const readings = facts.after ? [facts.before, facts.after] : [facts.before];
      const rows = readings.map((weights) => weights.row(sentence, layer, head, focus));
      node.replaceChildren(
        ...groups(sentence).flatMap(([name, places, kind]) => [
          element("span", { class: kind }, name),
          element(
            "span",
            { class: "sum" },
            describe(
              rows.map((row) => sumAt(row, places)),
              facts.digits,
            ),
          ),
        ]),
      );
    },
  };
}

/**
 * What is summed: its name, its places, its class.
 * @param {Pick<Sentence, "tokens" | "injected_before" | "injected_after">} sentence
 * @returns {[name: string, places: number[], kind: string][]}
 */
export function groups(sentence) {
  const injected = [...new Set([...sentence.injected_before, ...sentence.injected_after])];
  const special = sentence.tokens.flatMap((token, i) => (/^\[(CLS|SEP)\]$/.test(token) ? [i] : []));
  /** @type {[string, number[], string][]} */
  const all = [
    ["to injected tokens", injected, "injected"],
    ["to [CLS] and [SEP]", special, ""],
  ];
  return all.filter(([, places]) => places.length);
}

/**
 * @param {number[]} sums before, and after where there is one
 * @param {number} digits
 */
export function describe(sums, digits) {
  const [before, after] = sums;
  if (after === undefined) return formatWeight(before, digits);
  return `${formatWeight(before, digits)} → ${formatWeight(after, digits)} (${formatChange(after - before, digits)})`;
}
