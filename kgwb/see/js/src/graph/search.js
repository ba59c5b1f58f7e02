// Finding an entity by a part of its label.

import { button, element } from "../shared/elements.js";
import { formatCount, shorten } from "../shared/numbers.js";

/** @import { Facts } from "./facts.js" */

const MOST_FOUND = 8;

/**
 * The entities whose label holds the text, those first where it stands earlier, then the better connected.
 * @param {string[]} labels
 * @param {number[]} degrees
 * @param {string} text
 */
export function findEntities(labels, degrees, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  return labels
    .map((label, entity) => ({ at: label.toLowerCase().indexOf(wanted), entity }))
    .filter(({ at }) => at >= 0)
    .sort((one, other) => one.at - other.at || degrees[other.entity] - degrees[one.entity])
    .slice(0, MOST_FOUND)
    .map(({ entity }) => entity);
}

/**
 * @param {Facts} facts
 * @param {(entity: number) => void} choose
 * @param {(text: string) => Promise<boolean>} ask a kernel for what is not held here
 */
export function drawSearch(facts, choose, ask) {
  const placeholder = `Find one of ${formatCount(facts.entitiesInAll)} entities`;
  const input = element("input", {
    type: "search",
    placeholder,
    "aria-label": "find an entity",
    autocomplete: "off",
    spellcheck: "false",
  });
  const found = element("div", { class: "found", role: "group", "aria-label": "found" });

  /** @param {number} entity */
  function pick(entity) {
    found.replaceChildren();
    input.value = "";
    choose(entity);
  }

  function search() {
    const hits = findEntities(facts.labels, facts.degrees, input.value);
    found.replaceChildren(
      ...hits.map((entity) => {
        const type = element("small", {}, ` ${facts.typeNames[facts.types[entity]]}`);
        const choice = button({}, shorten(facts.labels[entity]), () => pick(entity));
        choice.append(type);
        return choice;
      }),
    );
    if (!hits.length && input.value.trim()) found.append(element("p", {}, "No label here holds that."));
    return hits;
  }

  input.addEventListener("input", () => {
    const text = input.value;
    if (search().length < MOST_FOUND && !facts.isWhole)
      ask(text).then((more) => {
        if (more && input.value === text) search();
      });
  });
  const node = element("div", { class: "search" }, input, found);
  node.addEventListener("keydown", (event) => {
    event.stopPropagation(); // or the notebook takes letters for its own commands
    const all = /** @type {HTMLElement[]} */ ([input, ...found.querySelectorAll("button")]);
    const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      event.preventDefault();
      all[Math.min(all.length - 1, Math.max(0, at + step))].focus();
    }
    if (event.key === "Escape") {
      found.replaceChildren();
      input.focus();
    }
    if (event.key !== "Enter" || event.target !== input) return;
    const [first] = search();
    if (first !== undefined) pick(first);
  });
  node.addEventListener("focusout", (event) => {
    if (!node.contains(/** @type {Node | null} */ (event.relatedTarget))) found.replaceChildren();
  });
  return { node, focus: () => input.focus() };
}
