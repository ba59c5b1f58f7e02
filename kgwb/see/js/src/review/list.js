// The candidates around the one at hand, a row each, with the threshold as a line between them.

import { element, findFreeId } from "../shared/elements.js";
import { tellShare } from "./facts.js";
import { ACCEPTED } from "./verdicts.js";

/** @import { Facts } from "./facts.js" */
/** @import { Verdicts } from "./verdicts.js" */

const AROUND = 100; // rows drawn before and after the one at hand

/**
 * @param {Facts} facts
 * @param {Verdicts} verdicts
 */
export function drawList(facts, verdicts) {
  const node = element("div", { class: "candidates", role: "listbox", tabindex: 0, "aria-label": "candidate facts" });
  const prefix = `${findFreeId("kgwb-candidates")}-${Math.random().toString(36).slice(2, 8)}`;
  node.addEventListener("click", (event) => {
    const row = /** @type {Element} */ (event.target).closest("[data-row]");
    if (row instanceof HTMLElement) verdicts.move(Number(row.dataset.row));
  });
  return {
    node,
    update() {
      const { at } = verdicts;
      const decided = verdicts.byRow();
      const first = Math.max(0, at - AROUND);
      const last = Math.min(facts.count, at + AROUND + 1);
      /** @type {HTMLElement[]} */
      const lines = [];
      if (first) lines.push(element("div", { class: "muted more" }, `${first} more above`));
      for (let row = first; row <= last; row++) {
        if (facts.threshold !== null && row === facts.reach)
          lines.push(element("div", { class: "threshold" }, `threshold ${facts.threshold.toFixed(3)}`));
        if (row === last) break;
        lines.push(drawRow(row));
      }
      if (last < facts.count) lines.push(element("div", { class: "muted more" }, `${facts.count - last} more below`));
      node.replaceChildren(...lines);
      const chosen = /** @type {HTMLElement | null} */ (node.querySelector('[aria-selected="true"]'));
      if (!chosen) return node.removeAttribute("aria-activedescendant");
      node.setAttribute("aria-activedescendant", chosen.id);
      // Within the list only: the page stays where it is.
      const [top, bottom] = [chosen.offsetTop, chosen.offsetTop + chosen.offsetHeight];
      if (top < node.scrollTop) node.scrollTop = top;
      else if (bottom > node.scrollTop + node.clientHeight) node.scrollTop = bottom - node.clientHeight;

      /** @param {number} row */
      function drawRow(row) {
        const { relation, probability, known, contradicts, isNew } = facts.read(row);
        const verdict = decided.get(row);
        const [sign, word] =
          verdict === undefined ? ["·", "undecided"] : verdict === ACCEPTED ? ["✓", "accepted"] : ["✗", "rejected"];
        const marks = [known && "known", contradicts && "against the graph", isNew && "new name"]
          .filter(Boolean)
          .join(", ");
        const fact = `${verdicts.name(row, "head")} — ${relation} → ${verdicts.name(row, "tail")}`;
        const bar = element("i", { class: "bar" }, element("i", {}));
        /** @type {HTMLElement} */ (bar.firstChild).style.width = `${100 * Math.max(0, Math.min(1, probability))}%`;
        return element(
          "div",
          {
            class: `candidate ${word}`,
            role: "option",
            id: `${prefix}-${row}`,
            "data-row": row,
            "aria-selected": String(row === at),
            "aria-label": `${fact}, ${tellShare(probability)}, ${word}${marks && `, ${marks}`}`,
          },
          element("b", {}, sign),
          element("span", { class: "fact", dir: "auto" }, fact),
          bar,
          element("span", { class: "share" }, tellShare(probability)),
          element("span", { class: "marks muted" }, marks),
        );
      }
    },
  };
}
