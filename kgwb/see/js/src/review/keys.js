// One key a verdict. What is typed into a field is no verdict.

import { ACCEPTED, REJECTED } from "./verdicts.js";

/** @import { Verdicts } from "./verdicts.js" */

const PAGE = 10; // rows

/**
 * @param {HTMLElement} root
 * @param {Verdicts} verdicts
 */
export function followKeys(root, verdicts) {
  /** @type {Record<string, () => void>} */
  const acts = {
    a: () => verdicts.decideHere(ACCEPTED),
    r: () => verdicts.decideHere(REJECTED),
    u: () => verdicts.undo(),
    ArrowDown: () => verdicts.move(verdicts.at + 1),
    ArrowUp: () => verdicts.move(verdicts.at - 1),
    PageDown: () => verdicts.move(verdicts.at + PAGE),
    PageUp: () => verdicts.move(verdicts.at - PAGE),
    Home: () => verdicts.move(0),
    End: () => verdicts.move(Number.MAX_SAFE_INTEGER),
  };
  root.addEventListener("keydown", (event) => {
    const isField = /** @type {Element} */ (event.target).matches("input, select, textarea");
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (isField || event.ctrlKey || event.metaKey || event.altKey || !act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}
