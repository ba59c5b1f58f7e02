// The sentence as running text, its mentions under brackets with the entity's label.

import { element } from "../shared/elements.js";
import { needsSpace, SPECIAL } from "../shared/spacing.js";
import { isChosen } from "./brackets.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Sentence, Span } from "./weights.js" */

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawSentence(facts, choice) {
  const node = element("p", { class: "sentence" });
  /** @type {Sentence | null} */
  let drawn = null;
  /** @type {HTMLElement[]} */
  let pieces = [];
  /** @type {[Span, HTMLElement][]} */
  let spans = [];

  /** @param {Sentence} sentence */
  function build(sentence) {
    drawn = sentence;
    spans = [];
    pieces = sentence.tokens.map((token, i) => drawPiece(token, i, sentence, choice));
    node.replaceChildren();
    for (let i = 0; i < pieces.length; i++) {
      if (SPECIAL.test(sentence.tokens[i])) continue;
      if (needsSpace(sentence.tokens, i)) node.append(" ");
      const span = sentence.spans.find((one) => one.first === i);
      if (!span) node.append(pieces[i]);
      else {
        const drawnSpan = drawSpan(span, sentence.tokens, pieces, facts, choice);
        spans.push([span, drawnSpan]);
        node.append(drawnSpan);
        i = span.last - 1;
      }
    }
  }

  return {
    node,
    update() {
      if (choice.sentence !== drawn) build(choice.sentence);
      pieces.forEach((piece, i) => {
        piece.classList.toggle("in-focus", i === choice.focus);
      });
      for (const [span, drawnSpan] of spans) drawnSpan.classList.toggle("chosen", isChosen(span, facts, choice));
    },
  };
}

/**
 * @param {string} token
 * @param {number} i
 * @param {Sentence} sentence
 * @param {Choice} choice
 */
function drawPiece(token, i, sentence, choice) {
  const injected = sentence.injected_before.includes(i) || sentence.injected_after.includes(i);
  const piece = element("span", { class: injected ? "piece injected" : "piece" }, token.replace(/^##/, ""));
  piece.addEventListener("click", () => choice.set({ focus: i }));
  return piece;
}

/**
 * @param {Span} span
 * @param {string[]} tokens
 * @param {HTMLElement[]} pieces
 * @param {Facts} facts
 * @param {Choice} choice
 */
function drawSpan(span, tokens, pieces, facts, choice) {
  const words = element("span", { class: "words" });
  for (let i = span.first; i < span.last; i++) {
    if (i > span.first && needsSpace(tokens, i)) words.append(" ");
    words.append(pieces[i]);
  }
  const node = element("span", { class: "span", title: span.label }, words);
  node.style.setProperty("--kgwb-span", span.colour);
  const repeats = span.label.toLowerCase() === words.textContent.toLowerCase();
  if (!repeats) {
    const label = element("span", { class: "label" }, span.label);
    if (facts.graph) label.addEventListener("click", () => choice.chooseEntities([span.entity]));
    node.append(label);
  }
  return node;
}
