// Under the columns: how much of the row goes to what a reader most wants to set apart; how far the head follows the graph.

import { element } from "../shared/elements.js";
import { tellChange, tellWeight } from "./figures.js";
import { readRows } from "./rows.js";
import { sumAt } from "./weights.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Shown } from "./folding.js" */
/** @typedef {[name: string, figure: string, kind: string, hint?: string]} Line */

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawSums(facts, choice) {
  const node = element("div", { class: "sums" });
  return {
    node,
    update() {
      node.replaceChildren(
        ...tellSums(facts, choice).flatMap(([name, figure, kind, hint]) => [
          element("span", { class: kind, ...(hint ? { title: hint } : {}) }, name),
          element("span", { class: "sum" }, figure),
        ]),
      );
    },
  };
}

/**
 * All lines below the columns, as text.
 * @param {Facts} facts
 * @param {Choice} choice
 * @returns {Line[]}
 */
export function tellSums(facts, choice) {
  const { sides } = readRows(facts, choice);
  /** @type {Line[]} */
  const lines = groups(choice.shown).map(([name, places, kind]) => [
    name,
    describe(
      sides.map((row) => sumAt(row, places)),
      facts.digits,
    ),
    kind,
  ]);
  return [...lines, ...tellLinks(facts, choice), ...tellBlocks(facts, choice)];
}

/**
 * What is summed: its name, its places, its class.
 * @param {Pick<Shown, "tokens" | "extras" | "injected_before" | "injected_after">} shown
 * @returns {[name: string, places: number[], kind: string][]}
 */
export function groups({ tokens, extras, injected_before, injected_after }) {
  const injected = [...new Set([...injected_before, ...injected_after])];
  const special = tokens.flatMap((token, i) => (/^\[(CLS|SEP)\]$/.test(token) ? [i] : []));
  /** @type {[string, number[], string][]} */
  const all = [
    ["to injected tokens", injected, "injected"],
    ["to [CLS] and [SEP]", special, ""],
  ];
  for (const group of new Set(extras.map((extra) => extra.group))) {
    const places = extras.flatMap((extra, i) => (extra.group === group ? [tokens.length + i] : []));
    all.push([`to ${group}`, places, "injected"]);
  }
  return all.filter(([, places]) => places.length);
}

/**
 * @param {number[]} sums before, and after where there is one
 * @param {number} digits
 */
export function describe(sums, digits) {
  const [before, after] = sums;
  if (after === undefined) return tellWeight(before, digits);
  return `${tellWeight(before, digits)} → ${tellWeight(after, digits)} (${tellChange(after - before, digits)})`;
}

/**
 * @param {Facts} facts
 * @param {Choice} choice
 * @returns {Line[]}
 */
function tellLinks(facts, choice) {
  const found = facts.follow(choice.layer, choice.matrix);
  if (!found.length) return [];
  const told = found.map(
    ({ linked, matched, p }) => `${tellWeight(linked, 3)} against ${tellWeight(matched, 3)}, p ${tellP(p)}`,
  );
  const hint =
    "mean attention between mentions that a fact links, against mentions as many word pieces apart that none links, over " +
    `all sentences of the reading: ${found[0].pairs} linked pairs; p by permutation`;
  return [["along the graph's edges", told.join(" → "), "edge", hint]];
}

/** @param {number} p */
function tellP(p) {
  return p < 0.001 ? "< .001" : p.toFixed(3).replace(/^0/, "");
}

/**
 * Where a second sentence stands behind [SEP]: how much goes from each to each, over all its word pieces.
 * @param {Facts} facts
 * @param {Choice} choice
 * @returns {Line[]}
 */
function tellBlocks(facts, choice) {
  const { sentence, layer, matrix } = choice;
  const end = findSecond(sentence.tokens);
  if (end < 0) return [];
  const sides = facts.readings.map((weights) => {
    const rows = weights.rows(sentence, layer, matrix, 0, sentence.tokens.length);
    return shareBlocks(rows, sentence.tokens.length, sentence.tokens.length + sentence.extras.length, end);
  });
  return ["A → A", "A → B", "B → A", "B → B"].map((name, i) => [
    name,
    describe(
      sides.map((shares) => shares[i]),
      facts.digits,
    ),
    "",
    "the mean, over the word pieces of one sentence, of what goes to the other; [SEP] parts them",
  ]);
}

/**
 * Where the second of two sentences begins; −1 where there is one only.
 * @param {string[]} tokens
 */
export function findSecond(tokens) {
  const first = tokens.indexOf("[SEP]") + 1;
  return first > 0 && first < tokens.length ? first : -1;
}

/**
 * @param {ArrayLike<number>} rows
 * @param {number} length word pieces
 * @param {number} columns
 * @param {number} second where the second sentence begins
 */
export function shareBlocks(rows, length, columns, second) {
  const sums = [0, 0, 0, 0];
  for (let query = 0; query < length; query++)
    for (let key = 0; key < length; key++)
      sums[(query < second ? 0 : 2) + (key < second ? 0 : 1)] += rows[query * columns + key];
  const sizes = [second, second, length - second, length - second];
  return sums.map((sum, i) => sum / sizes[i]);
}
