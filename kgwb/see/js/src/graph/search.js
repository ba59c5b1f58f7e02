// Finding an entity by a part of its label.

import { button, element } from "../shared/elements.js";
import { formatCount } from "../shared/numbers.js";

/** @import { Graph } from "./facts.js" */

const MOST_FOUND = 8;

/**
 * The nodes whose label holds the text: where it stands earlier first, then the better connected.
 * @param {string[]} labels
 * @param {number[]} degrees
 * @param {string} text
 */
export function findNodes(labels, degrees, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  return labels
    .map((label, node) => ({ at: label.toLowerCase().indexOf(wanted), node }))
    .filter(({ at }) => at >= 0)
    .sort((one, other) => one.at - other.at || degrees[other.node] - degrees[one.node])
    .slice(0, MOST_FOUND)
    .map(({ node }) => node);
}

/**
 * @param {Pick<Graph, "labels" | "degrees">} graph
 * @param {(node: number) => void} choose
 */
export function drawSearch({ labels, degrees }, choose) {
  const placeholder = `Find one of ${formatCount(labels.length)} entities`;
  const input = element("input", { type: "search", placeholder, "aria-label": "Find an entity" });
  const found = element("div", { class: "found" });

  /** @param {number} node */
  function pick(node) {
    found.replaceChildren();
    input.value = labels[node];
    choose(node);
  }

  function search() {
    const hits = findNodes(labels, degrees, input.value);
    found.replaceChildren(...hits.map((node) => button({}, labels[node], () => pick(node))));
    if (!hits.length && input.value.trim())
      found.append(button({ disabled: "" }, "No label here holds that.", () => {}));
    return hits;
  }

  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    event.stopPropagation(); // or the notebook takes letters for its own commands
    if (event.key === "Escape") found.replaceChildren();
    if (event.key !== "Enter") return;
    const [first] = search();
    if (first !== undefined) pick(first);
  });
  return element("div", { class: "search" }, input, found);
}
