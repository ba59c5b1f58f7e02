// The word pieces in columns: from the token in focus, lines run to all tokens; before to the left, after to the right.

import { element, markChosen } from "../shared/elements.js";
import { drawBars } from "./bars.js";
import { drawBrackets } from "./brackets.js";
import { tellChange, tellWeight } from "./figures.js";
import { readImportance, readShift } from "./folding.js";
import { drawLines } from "./lines.js";
import { readRows } from "./rows.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Shown } from "./folding.js" */
/** @import { Row } from "./rows.js" */

/** @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/**
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {() => number} readScale of letters
 */
export function drawColumns(facts, choice, readScale) {
  const node = element("div", { class: facts.two ? "columns two" : "columns one" });
  /** @type {Shown | null} */
  let drawn = null;
  let scale = 0;
  let parts = build(choice.shown);

  /** @param {Shown} shown */
  function build(shown) {
    drawn = shown;
    scale = readScale();
    const height = Math.round(rowHeight(shown.tokens.length) * scale);
    node.style.setProperty("--kgwb-row", `${height}px`);
    node.style.setProperty("--kgwb-size", `${Math.min(14 * scale, height - 3)}px`);
    const queries = drawQueries(shown, choice);
    const sides = facts.two
      ? [drawSide(shown, choice, "before", true, height), drawSide(shown, choice, "after", false, height)]
      : [drawSide(shown, choice, "after", false, height)];
    const changes = facts.two ? drawNumbers(shown, "change") : null;
    const [left, right] = facts.two ? sides : [null, sides[0]];
    const names = facts.names;
    const shift = shown.sentence.shift ? drawBars(shown.tokens.length, "shift") : null;
    const importance = shown.sentence.importance ? drawBars(shown.tokens.length, "importance") : null;
    const brackets = drawBrackets(shown, facts, choice, height);
    node.replaceChildren(
      ...(left
        ? [headed(names[0], left.numbers.node, "wide before"), headed("", left.keys), headed("", left.lines.node)]
        : []),
      headed("from", queries.node, "from"),
      headed("", right.lines.node),
      headed(left ? "" : names[0], right.keys, "start wide"),
      headed(left ? names[1] : "", right.numbers.node, "wide end"),
      ...(changes ? [headed("change", changes.node, "end change")] : []),
      ...(shift ? [headed("shift", shift.node, "bars-name", SHIFT)] : []),
      ...(importance ? [headed("gradient × input", importance.node, "bars-name", tellImportance(shown))] : []),
      headed("", brackets.node),
    );
    return { queries, sides, changes, shift, importance, brackets };
  }

  return {
    node,
    update() {
      const { shown, focus, layer, least } = choice;
      if (shown !== drawn || scale !== readScale()) parts = build(shown);
      const unit = shown.unitOf[focus];
      parts.queries.update(unit);
      const { sides, change } = readRows(facts, choice);
      const most = strongest(shown, sides);
      parts.sides.forEach((side, i) => {
        side.update(sides[i], { most, least, unit, scale, digits: facts.digits });
      });
      if (parts.changes && change) parts.changes.update(change, (value) => tellChange(value, facts.digits));
      parts.shift?.update(readShift(shown, layer, facts.unpack));
      parts.importance?.update(readImportance(shown, facts.unpack));
      parts.brackets.update();
    },
  };
}

const SHIFT =
  "1 − cosine of the hidden state after this layer, before and after: how far the word piece itself has moved";

/** @param {Shown} shown */
function tellImportance({ sentence }) {
  const { target, name } = /** @type {NonNullable<typeof sentence.importance>} */ (sentence.importance);
  return `how much the logit of “${target}” at [MASK] depends on the word piece, to first order, in ${name}; attention says where it looks`;
}

/**
 * [CLS] and [SEP] often take most of a row: full strength is the strongest word, or .1 where every word is weaker.
 * @param {Pick<Shown, "tokens">} shown
 * @param {Row[]} rows
 */
export function strongest(shown, rows) {
  const words = shown.tokens.flatMap((token, i) => (token === "[CLS]" || token === "[SEP]" ? [] : [i]));
  return Math.max(0.1, ...rows.flatMap((row) => words.map((i) => row[i] || 0)));
}

/** @param {number} count of tokens: a long sentence is set closer */
export function rowHeight(count) {
  return count <= 16 ? 22 : count <= 48 ? 20 : count <= 96 ? 17 : 14;
}

/**
 * @param {string} text
 * @param {Element} body
 * @param {string} [kind]
 * @param {string} [hint]
 */
function headed(text, body, kind = "", hint = text) {
  const name = element("div", { class: `of-column ${kind}` }, element("span", { title: hint }, text));
  return element(
    "div",
    { class: `column of-${body.classList[0] ?? "lines"}${body.classList[1] === "before" ? " of-before" : ""}` },
    name,
    body,
  );
}

/** @param {string} token */
function spell(token) {
  if (!token.startsWith("##")) return [token];
  return [element("span", { class: "joint" }, "##"), token.slice(2)];
}

/**
 * @param {Shown} shown
 * @param {Choice} choice
 */
function drawQueries(shown, choice) {
  const injected = new Set([...shown.injected_before, ...shown.injected_after]);
  const tokens = shown.tokens.map((token, i) => {
    const row = element(
      "div",
      { role: "option", class: injected.has(i) ? "token injected" : "token" },
      ...spell(token),
    );
    row.addEventListener("click", () => choice.set({ focus: shown.starts[i] }));
    row.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "touch") choice.look(shown.starts[i]);
    });
    return row;
  });
  const node = element("div", { class: "queries", role: "listbox", "aria-label": "token in focus" }, ...tokens);
  node.addEventListener("pointerleave", () => choice.look(null));
  node.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(tokens.length - 1, shown.unitOf[choice.pinned] + step));
    choice.set({ focus: shown.starts[next] });
    tokens[next].focus();
  });
  return { node, update: (/** @type {number} */ unit) => markChosen(tokens, unit) };
}

/**
 * @param {Shown} shown
 * @param {Choice} choice
 * @param {"before" | "after"} kind
 * @param {boolean} toLeft
 * @param {number} height of a row
 */
function drawSide(shown, choice, kind, toLeft, height) {
  const injected = new Set(shown[`injected_${kind}`]);
  const tokens = shown.tokens.map((token, i) => {
    const row = element("div", { class: injected.has(i) ? "token injected" : "token" }, ...spell(token));
    row.addEventListener("click", () => choice.set({ focus: shown.starts[i] }));
    return row;
  });
  const lines = drawLines(shown, { kind, toLeft, height, injected });
  const numbers = drawNumbers(shown, kind);
  return {
    lines,
    numbers,
    keys: element("div", { class: `keys ${kind}${toLeft ? " end" : ""}` }, ...tokens),
    /**
     * @param {Row} row
     * @param {{most: number, least: number, unit: number, scale: number, digits: number}} look
     */
    update(row, look) {
      lines.update(row, look);
      numbers.update(row, (weight) => tellWeight(weight, look.digits), look.least);
    },
  };
}

/**
 * @param {Shown} shown
 * @param {string} kind
 */
function drawNumbers(shown, kind) {
  const cells = shown.tokens.map(() => element("div", { class: "number" }));
  return {
    node: element("div", { class: `numbers ${kind}` }, ...cells),
    /**
     * @param {Row} row
     * @param {(value: number) => string} format
     * @param {number} [least]
     */
    update(row, format, least = 0) {
      cells.forEach((cell, i) => {
        cell.textContent = format(row[i]);
        cell.classList.toggle("slight", Math.abs(row[i]) < Math.max(0.01, least));
      });
    },
  };
}
