// The sentence as running text, its mentions under brackets with the entity's label.

import { element } from "../shared/elements.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Sentence, Span } from "./weights.js" */

const SPECIAL = /^\[(CLS|SEP|PAD)\]$/;
const CLOSING = /^[.,;:!?%)\]}’”。,、;:?!)》」』]+$/u;
const OPENING = /^[([{“‘《「『(#]+$/u;
const IDEOGRAPH = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * @param {Facts} _facts
 * @param {Choice} choice
 */
export function drawSentence(_facts, choice) {
  const node = element("p", { class: "sentence" });
  /** @type {Sentence | null} */
  let drawn = null;
  /** @type {HTMLElement[]} */
  let pieces = [];

  /** @param {Sentence} sentence */
  function build(sentence) {
    drawn = sentence;
    pieces = sentence.tokens.map((token, i) => drawPiece(token, i, sentence, choice));
    node.replaceChildren();
    for (let i = 0; i < pieces.length; i++) {
      if (SPECIAL.test(sentence.tokens[i])) continue;
      if (needsSpace(sentence.tokens, i)) node.append(" ");
      const span = sentence.spans.find((one) => one.first === i);
      if (!span) node.append(pieces[i]);
      else {
        node.append(drawSpan(span, sentence.tokens, pieces));
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
 */
function drawSpan(span, tokens, pieces) {
  const words = element("span", { class: "words" });
  for (let i = span.first; i < span.last; i++) {
    if (i > span.first && needsSpace(tokens, i)) words.append(" ");
    words.append(pieces[i]);
  }
  const node = element("span", { class: "span", title: span.label }, words);
  node.style.setProperty("--kgwb-span", span.colour);
  const repeats = span.label.toLowerCase() === words.textContent.toLowerCase();
  if (!repeats) node.append(element("span", { class: "label" }, span.label));
  return node;
}

/**
 * Word pieces carry no spaces: set them as a printer would.
 * @param {string[]} tokens
 * @param {number} i
 */
export function needsSpace(tokens, i) {
  const here = tokens[i];
  const last = tokens[i - 1];
  if (last === undefined || SPECIAL.test(last)) return false;
  if (here.startsWith("##") || CLOSING.test(here) || OPENING.test(last)) return false;
  return !(IDEOGRAPH.test(here) || IDEOGRAPH.test(last));
}
