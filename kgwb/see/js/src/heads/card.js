// All figures of the head under the pointer.

import { element } from "../shared/elements.js";
import { nameHead } from "./scatter.js";

/** @import { Facts } from "./facts.js" */

/** @param {Facts} facts */
export function drawCard(facts) {
  const node = element("div", { class: "card" });
  node.hidden = true;
  return {
    node,
    /**
     * @param {number} head
     * @param {[number, number]} point
     * @param {number} room
     */
    show(head, [x, y], room) {
      node.replaceChildren(element("strong", {}, nameHead(facts, head)), drawTable(facts, head));
      node.hidden = false;
      const left = x + 14 + node.offsetWidth > room ? x - 14 - node.offsetWidth : x + 14;
      node.style.left = `${Math.max(0, left)}px`;
      node.style.top = `${Math.max(0, y - node.offsetHeight / 2)}px`;
    },
    hide() {
      node.hidden = true;
    },
  };
}

/**
 * @param {Facts} facts
 * @param {number} head
 */
export function drawTable(facts, head) {
  const table = element("table", {});
  if (facts.two)
    table.append(element("tr", {}, element("th"), element("td", {}, "before"), element("td", {}, "after")));
  for (const { name } of facts.metrics.filter((metric) => metric.name !== "follows")) {
    const cells = facts.names.map((_, reading) => {
      const { mean, spread } = facts.read(reading, name, head);
      return element("td", {}, Number.isNaN(mean) ? "–" : `${tell(mean)} ± ${tell(spread)}`);
    });
    table.append(element("tr", {}, element("th", {}, name), ...cells));
  }
  const links = facts.follow(head);
  if (links.length)
    for (const [name, told] of /** @type {[string, (one: typeof links[0]) => string][]} */ ([
      ["along edges", (one) => `${tell(one.linked)}, p ${one.p.toFixed(3)}`],
      ["as far apart", (one) => tell(one.matched)],
      ["shuffled twin", (one) => `${tell(one.twin)} ± ${tell(one.spread)}`],
    ]))
      table.append(element("tr", {}, element("th", {}, name), ...links.map((one) => element("td", {}, told(one)))));
  return table;
}

/** @param {number} figure */
export function tell(figure) {
  const text = figure.toFixed(Math.abs(figure) < 1 ? 3 : 2);
  return text.replace("-", "−").replace(/^(−?)0\./, "$1.");
}
