// Below a thin rule: each fact in memory and each vector set beside that the row goes to, and the sum of the whole row.

import { button, element } from "../shared/elements.js";
import { tellChange, tellWeight } from "./figures.js";
import { readRows } from "./rows.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Extra } from "./weights.js" */
/** @typedef {{extra: Extra | null, text: string, sides: number[], change: number | null}} Item */

const MOST = 5;
const LEAST = 0.0005;

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawExtras(facts, choice) {
  const node = element("div", {
    class: "extras",
    role: "table",
    "aria-label": "what the row goes to beside word pieces",
  });
  return {
    node,
    update() {
      const items = listItems(facts, choice);
      node.hidden = !items.length;
      node.replaceChildren(...items.map((item) => drawItem(item, facts, choice)));
    },
  };
}

/**
 * The strongest extras in their order, the others together, and the whole row.
 * @param {Facts} facts
 * @param {Choice} choice
 * @returns {Item[]}
 */
export function listItems(facts, choice) {
  const { extras, tokens } = choice.shown;
  if (!extras.length) return [];
  const { sides, change } = readRows(facts, choice);
  /** @param {number} i */
  const weigh = (i) => Math.max(...sides.map((row) => row[tokens.length + i] || 0));
  const shown = extras
    .map((_, i) => i)
    .filter((i) => weigh(i) >= LEAST && extras[i].kind !== "others")
    .sort((one, other) => weigh(other) - weigh(one))
    .slice(0, MOST);
  /** @type {Item[]} */
  const items = shown.map((i) => ({
    extra: extras[i],
    text: extras[i].text,
    sides: sides.map((row) => row[tokens.length + i]),
    change: change ? change[tokens.length + i] : null,
  }));
  const others = extras.map((_, i) => i).filter((i) => !shown.includes(i));
  if (others.length) {
    const rest = sides.map((row) => others.reduce((sum, i) => sum + row[tokens.length + i], 0));
    const count = others.reduce((sum, i) => sum + extras[i].count, 0);
    items.push({
      extra: null,
      text: `${count} weaker ${count === 1 ? "one" : "ones"}`,
      sides: rest,
      change: change ? rest[1] - rest[0] : null,
    });
  }
  items.push({
    extra: null,
    text: "the whole row",
    sides: sides.map((row) => row.reduce((sum, weight) => sum + weight, 0)),
    change: null,
  });
  return items;
}

/**
 * @param {Item} item
 * @param {Facts} facts
 * @param {Choice} choice
 */
function drawItem({ extra, text, sides, change }, facts, choice) {
  const whole = text === "the whole row" && !extra;
  const chooses = extra?.entities.length;
  const name = chooses
    ? button({ class: "fact", title: text }, text, () => choice.chooseEntities(extra.entities, extra.triple))
    : element("span", { class: "fact", title: text }, text);
  if (chooses) name.setAttribute("aria-pressed", String(extra.entities.join() === choice.entities.join()));
  const cells = sides.flatMap((weight, i) => {
    const kind = facts.two && i === 0 ? "before" : "after";
    const bar = element("i", { class: `mass ${kind}` });
    bar.style.width = `${Math.round(1000 * Math.min(1, weight || 0)) / 10}%`;
    const plain = choice.sentence.widths[i] === choice.sentence.tokens.length; // has read none: no room for its bars
    return [
      ...(plain ? [] : [element("span", { class: "mass-room", role: "presentation" }, ...(whole ? [] : [bar]))]),
      element(
        "span",
        { class: `number ${kind}`, role: "cell" },
        whole ? tellSum(weight) : tellWeight(weight, facts.digits),
      ),
    ];
  });
  const last = change === null ? "" : tellChange(change, facts.digits);
  return element(
    "div",
    { class: whole ? "extra whole" : "extra", role: "row" },
    element("span", { class: "fact-cell", role: "rowheader" }, name),
    ...cells,
    ...(facts.two ? [element("span", { class: "number", role: "cell" }, last)] : []),
  );
}

/** @param {number} sum with its digit before the point: 1.000 */
function tellSum(sum) {
  return Number.isNaN(sum) ? "–" : sum.toFixed(3);
}
