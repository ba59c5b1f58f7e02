// The sentences in which the chosen head does most of what the axis across measures, the strongest pair marked in each.

import { button, element } from "../shared/elements.js";
import { needsSpace, SPECIAL } from "../shared/spacing.js";
import { tell } from "./card.js";
import { nameHead } from "./scatter.js";

/** @import { Choice } from "./choice.js" */
/** @import { Example, Facts } from "./facts.js" */

const MOST = 40; // word pieces of a sentence
const FIRST = 6; // heads to begin with

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawExamples(facts, choice) {
  const node = element("div", {
    class: "about",
    role: "region",
    "aria-live": "polite",
    "aria-label": "the chosen head",
  });
  return {
    node,
    update() {
      const { head, look } = choice;
      if (head === null) {
        const items = listFirst(facts, look).map((each) =>
          element(
            "li",
            {},
            button({}, nameHead(facts, each), () => choice.choose(each)),
          ),
        );
        node.replaceChildren(
          element("p", { class: "muted" }, "Choose a head: the sentences in which it does most stand here."),
          element("p", { class: "muted" }, facts.two ? "Moved most on this map:" : `First by: ${facts.label(look.x)}`),
          element("ol", {}, ...items),
        );
        return;
      }
      const items = facts.examples(look.x, head).map((example) =>
        element(
          "li",
          {},
          drawExample(example, () => choice.chooseSentence(example)),
        ),
      );
      node.replaceChildren(
        element("h4", {}, nameHead(facts, head)),
        element(
          "div",
          { class: "muted" },
          `First by: ${facts.label(look.x)}. From the underlined word to the bold one it looks most.`,
        ),
        element("ol", {}, ...items),
      );
    },
  };
}

/**
 * Where to begin: the heads that moved most, each axis in shares of its range; of one reading those furthest across.
 * @param {Pick<Facts, "all" | "two" | "read">} facts
 * @param {{x: string, y: string}} look
 */
export function listFirst({ all, two, read }, { x, y }) {
  const heads = Array.from({ length: all }, (_, head) => head);
  /** @param {string} name */
  const measure = (name) => {
    const values = heads.map((head) => [read(0, name, head).mean, read(two ? 1 : 0, name, head).mean]);
    const known = values.flat().filter(Number.isFinite);
    const range = Math.max(...known) - Math.min(...known) || 1;
    return values.map(([from, to]) => (two ? (to - from) / range : to / range));
  };
  const [across, up] = [measure(x), measure(y)];
  const sizes = heads.map((head) => (two ? Math.hypot(across[head], up[head]) : across[head]));
  return heads
    .filter((head) => Number.isFinite(sizes[head]))
    .sort((one, other) => sizes[other] - sizes[one])
    .slice(0, FIRST);
}

/**
 * @param {Example} example
 * @param {() => void} act
 */
function drawExample({ number, tokens, query, key, weight }, act) {
  const shown = button({ title: `sentence ${number}` }, "", act);
  const from = Math.max(0, Math.min(query, key) - 12);
  const last = Math.min(tokens.length, from + MOST);
  if (from) shown.append("… ");
  for (let i = from; i < last; i++) {
    if (SPECIAL.test(tokens[i])) continue;
    if (i > from && needsSpace(tokens, i)) shown.append(" ");
    const kind = i === query ? "query" : i === key ? "key" : "";
    shown.append(element("span", kind ? { class: kind } : {}, tokens[i].replace(/^##/, "")));
  }
  if (last < tokens.length) shown.append(" …");
  if (query >= 0) shown.append(element("span", { class: "muted" }, ` ${tell(weight)}`));
  return shown;
}
