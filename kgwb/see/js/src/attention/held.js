// Of a sentence that does not fit whole: which layers and heads are here, in a plain sentence.

import { element } from "../shared/elements.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawHeld(facts, choice) {
  const node = element("p", { class: "held muted", role: "status" });
  return {
    node,
    update() {
      const { sentence, layer, matrix } = choice;
      node.hidden = !sentence.planes;
      if (!sentence.planes) return;
      const here = facts.has(sentence, layer, matrix);
      const which = typeof matrix === "number" ? `head ${matrix}` : `${matrix} of heads`;
      const missing = here ? "" : ` Layer ${layer}, ${which}, is ${facts.hasKernel ? "on its way" : "not among them"}.`;
      node.textContent = `${tellHeld(sentence.tokens.length, sentence.planes, facts.hasKernel)}${missing}`;
    },
  };
}

/**
 * @param {number} length
 * @param {[number, number][]} planes
 * @param {boolean} hasKernel
 */
export function tellHeld(length, planes, hasKernel) {
  const means = planes.filter(([, head]) => head === -1).map(([layer]) => layer);
  /** @type {Map<number, number[]>} */
  const heads = new Map();
  for (const [layer, head] of planes) if (head >= 0) heads.set(layer, [...(heads.get(layer) ?? []), head]);
  const named = [...heads].map(([layer, all]) => `of layer ${layer} ${all.length > 1 ? "heads" : "head"} ${list(all)}`);
  const who = hasKernel ? "What else is chosen comes from the kernel." : "A notebook with its kernel has the others.";
  return `All matrices of ${length} word pieces do not fit. This view holds the mean of heads of layers ${list(means)}${
    named.length ? `; ${named.join("; ")}` : ""
  }. ${who}`;
}

/**
 * 0–3, 5
 * @param {number[]} numbers
 */
export function list(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  /** @type {string[]} */
  const parts = [];
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i];
    while (sorted[i + 1] === sorted[i] + 1) i++;
    parts.push(first === sorted[i] ? `${first}` : `${first}–${sorted[i]}`);
  }
  return parts.join(", ");
}
