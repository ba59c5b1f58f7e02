// Under the columns: how much of the row goes to the tokens that a reader most wants to set apart.

import { element } from "./elements.js";
import { formatChange, formatWeight } from "./numbers.js";
import { sumAt } from "./weights.js";

export function drawSums(facts, choice) {
  const node = element("div", { class: "sums" });
  return {
    node,
    update() {
      const { sentence, layer, head, focus } = choice;
      const readings = facts.after ? [facts.before, facts.after] : [facts.before];
      const rows = readings.map((weights) => weights.row(sentence, layer, head, focus));
      node.replaceChildren(...groups(sentence).flatMap(([name, places, kind]) => [
        element("span", { class: kind }, name),
        element("span", { class: "sum" }, describe(rows.map((row) => sumAt(row, places)), facts.digits)),
      ]));
    },
  };
}

function groups(sentence) {
  const injected = [...new Set([...sentence.injected_before, ...sentence.injected_after])];
  const special = sentence.tokens.flatMap((token, i) => (/^\[(CLS|SEP)\]$/.test(token) ? [i] : []));
  return [
    ["to injected tokens", injected, "injected"],
    ["to [CLS] and [SEP]", special, ""],
  ].filter(([, places]) => places.length);
}

function describe(sums, digits) {
  const [before, after] = sums;
  if (after === undefined) return formatWeight(before, digits);
  return `${formatWeight(before, digits)} → ${formatWeight(after, digits)} (${formatChange(after - before, digits)})`;
}
