// The facts of the chosen entity, in words, beside the picture.

import { button, element } from "../shared/elements.js";
import { formatCount } from "../shared/numbers.js";

/** @import { Mark } from "../shared/legend.js" */

/**
 * What Python packs (graph/page.py); a node is its place in `labels`, `ids` are those of the graph.
 * @typedef {{id: number, from: number, to: number, name: string, dashes?: number[]}} Edge
 * @typedef {{
 *   nodes: object[], edges: Edge[], ids: number[], labels: string[], order: number[], types: string[],
 *   degrees: number[], about: string[], legend: Mark[], centre: number[]
 * }} Graph
 */

const ADVICE =
  "Choose an entity to read its facts. Drag to move; click the picture, then turn the wheel, to come nearer.";

/**
 * The edges at each node, in their order; one that leaves and reaches the same node stands there once.
 * @template {{from: number, to: number}} Fact
 * @param {Fact[]} edges
 * @returns {Map<number, Fact[]>}
 */
export function gatherFacts(edges) {
  /** @type {Map<number, Fact[]>} */
  const facts = new Map();
  for (const edge of edges)
    for (const end of new Set([edge.from, edge.to])) {
      const here = facts.get(end);
      if (here) here.push(edge);
      else facts.set(end, [edge]);
    }
  return facts;
}

/**
 * @param {Graph} graph
 * @param {(node: number) => void} choose
 */
export function drawFacts({ labels, types, degrees, about, edges }, choose) {
  const facts = gatherFacts(edges);
  const node = element("aside");

  /**
   * @param {Edge} edge
   * @param {number} chosen
   */
  function drawFact(edge, chosen) {
    /** @param {number} end */
    const name = (end) => (end === chosen ? labels[end] : button({}, labels[end], () => choose(end)));
    const relation = element("span", { class: "relation" }, ` ${edge.name} → `);
    return element("li", edge.dashes ? { class: "predicted" } : {}, name(edge.from), relation, name(edge.to));
  }

  /** @param {number | null} chosen */
  function update(chosen) {
    if (chosen === null) {
      node.replaceChildren(element("p", {}, ADVICE));
      return;
    }
    const here = facts.get(chosen) ?? [];
    const counts = `${formatCount(degrees[chosen])} in the graph, ${formatCount(here.length)} drawn`;
    node.replaceChildren(
      element("h3", {}, labels[chosen]),
      element("p", {}, `${types[chosen]} · ${counts}`),
      ...(about[chosen] ? [element("p", {}, about[chosen])] : []),
      element("ul", {}, ...here.map((edge) => drawFact(edge, chosen))),
    );
  }

  return { node, update };
}
