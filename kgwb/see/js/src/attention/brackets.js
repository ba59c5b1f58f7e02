// Mentions beside the word pieces, under brackets with their entity's label; chosen, an entity is chosen in linked views.

import { element } from "../shared/elements.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Shown } from "./folding.js" */
/** @import { Span } from "./weights.js" */

/**
 * @param {Shown} shown
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {number} height of a row
 */
export function drawBrackets(shown, facts, choice, height) {
  const brackets = shown.spans.map((span) => {
    const node = element(
      facts.graph ? "button" : "div",
      { class: "bracket", title: span.label },
      element("span", {}, span.label),
    );
    if (facts.graph) {
      node.setAttribute("type", "button");
      node.addEventListener("click", () => choice.chooseEntities([span.entity]));
    }
    node.style.setProperty("--kgwb-span", span.colour);
    node.style.top = `${span.first * height + 3}px`;
    node.style.height = `${(span.last - span.first) * height - 6}px`;
    return node;
  });
  return {
    node: element("div", { class: "brackets" }, ...brackets),
    update() {
      brackets.forEach((node, i) => {
        const chosen = isChosen(shown.spans[i], facts, choice);
        node.classList.toggle("chosen", chosen);
        if (facts.graph) node.setAttribute("aria-pressed", String(chosen));
      });
    },
  };
}

/**
 * @param {Span} span
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function isChosen(span, facts, choice) {
  return facts.graph && choice.entities.includes(span.entity);
}
