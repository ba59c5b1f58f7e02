// The line above the picture: which sentence, layer, head and token it shows.

import { element } from "../shared/elements.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawTitle(facts, choice) {
  const where = element("strong");
  const from = element("span", { class: "muted" });
  const line = element("div", { "aria-live": "polite" }, where, " ", from);
  const node = element("div", { class: "where" }, line);
  const select = facts.sentences.length > 1 ? drawSelect(facts, choice) : null;
  if (select) node.append(select);

  return {
    node,
    update() {
      const { layer, head, focus, sentence } = choice;
      where.textContent = `Layer ${layer}, ${head === null ? `mean of ${facts.heads} heads` : `head ${head}`}`;
      from.textContent = `from “${sentence.tokens[focus]}”, word piece ${focus}`;
      if (select) select.value = String(sentence.number);
    },
  };
}

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
function drawSelect(facts, choice) {
  const options = facts.sentences.map((one) => element("option", { value: one.number }, `${one.number} · ${one.text}`));
  const select = element("select", { "aria-label": "sentence" }, ...options);
  select.addEventListener("change", () => {
    const chosen = facts.sentences.find((one) => String(one.number) === select.value);
    if (chosen) choice.set({ sentence: chosen.number, focus: chosen.focus });
  });
  return select;
}
