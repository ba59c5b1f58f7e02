// The word pieces in columns: from the token in focus, lines run to all tokens; before to the left, after to the right.

import { element, markChosen, shape } from "../shared/elements.js";
import { formatChange, formatWeight } from "../shared/numbers.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Sentence } from "./weights.js" */

/** @typedef {{length: number, [place: number]: number}} Row one number for each token */

/** @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawColumns(facts, choice) {
  const node = element("div", { class: facts.after ? "columns two" : "columns one" });
  /** @type {Sentence | null} */
  let drawn = null;
  let parts = build(choice.sentence);

  /** @param {Sentence} sentence */
  function build(sentence) {
    drawn = sentence;
    const height = rowHeight(sentence.tokens.length);
    node.style.setProperty("--kgwb-row", `${height}px`);
    node.style.setProperty("--kgwb-size", `${Math.min(14, height - 3)}px`);
    const queries = drawQueries(sentence, choice);
    const sides = facts.after
      ? [drawSide(sentence, choice, "before", true, height), drawSide(sentence, choice, "after", false, height)]
      : [drawSide(sentence, choice, "after", false, height)];
    const changes = facts.after ? drawNumbers(sentence, "change") : null;
    const [left, right] = facts.after ? sides : [null, sides[0]];
    const names = facts.names;
    node.replaceChildren(
      ...(left
        ? [headed(names[0], left.numbers.node, "wide before"), headed("", left.keys), headed("", left.lines)]
        : []),
      headed("from", queries.node, "from"),
      headed("", right.lines),
      headed(left ? "" : names[0], right.keys, "start wide"),
      headed(left ? names[1] : "", right.numbers.node, "wide end"),
      ...(changes ? [headed("change", changes.node, "end change")] : []),
      headed("", drawBrackets(sentence, height)),
    );
    return { queries, sides, changes };
  }

  return {
    node,
    update() {
      const { sentence, layer, head, focus } = choice;
      if (sentence !== drawn) parts = build(sentence);
      parts.queries.update(focus);
      const readings = facts.after ? [facts.before, facts.after] : [facts.before];
      const rows = readings.map((weights) => weights.row(sentence, layer, head, focus));
      const most = strongest(sentence, rows);
      parts.sides.forEach((side, i) => {
        side.update(rows[i], most, focus, facts.digits);
      });
      if (parts.changes) {
        const change = rows[1].map((weight, i) => weight - rows[0][i]);
        parts.changes.update(change, (value) => formatChange(value, facts.digits));
      }
    },
  };
}

/**
 * [CLS] and [SEP] often take most of a row: full strength is the strongest word, or .1 where every word is weaker.
 * @param {Pick<Sentence, "tokens">} sentence
 * @param {Row[]} rows
 */
export function strongest(sentence, rows) {
  const words = sentence.tokens.flatMap((token, i) => (token === "[CLS]" || token === "[SEP]" ? [] : [i]));
  return Math.max(0.1, ...rows.flatMap((row) => words.map((i) => row[i])));
}

/** @param {number} count of tokens: a long sentence is set closer */
function rowHeight(count) {
  return count <= 16 ? 24 : count <= 48 ? 20 : count <= 96 ? 17 : 14;
}

/**
 * @param {string} text
 * @param {Element} body
 * @param {string} [kind]
 */
function headed(text, body, kind = "") {
  const name = element("div", { class: `of-column ${kind}` }, element("span", { title: text }, text));
  return element("div", { class: "column" }, name, body);
}

/** @param {string} token */
function spell(token) {
  if (!token.startsWith("##")) return [token];
  return [element("span", { class: "joint" }, "##"), token.slice(2)];
}

/**
 * @param {Sentence} sentence
 * @param {Choice} choice
 */
function drawQueries(sentence, choice) {
  const injected = new Set([...sentence.injected_before, ...sentence.injected_after]);
  const tokens = sentence.tokens.map((token, i) => {
    const row = element(
      "div",
      { role: "option", class: injected.has(i) ? "token injected" : "token" },
      ...spell(token),
    );
    row.addEventListener("click", () => choice.set({ focus: i }));
    row.addEventListener("pointerenter", () => choice.look(i));
    return row;
  });
  const node = element("div", { class: "queries", role: "listbox", "aria-label": "token in focus" }, ...tokens);
  node.addEventListener("pointerleave", () => choice.look(null));
  node.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(tokens.length - 1, choice.pinned + step));
    choice.set({ focus: next });
    tokens[next].focus();
  });
  return { node, update: (/** @type {number} */ focus) => markChosen(tokens, focus) };
}

/**
 * @param {Sentence} sentence
 * @param {Choice} choice
 * @param {"before" | "after"} kind
 * @param {boolean} toLeft
 * @param {number} height of a row
 */
function drawSide(sentence, choice, kind, toLeft, height) {
  const injected = new Set(sentence[`injected_${kind}`]);
  /** @param {number} i */
  const mark = (i) => (injected.has(i) ? " injected" : "");
  const tokens = sentence.tokens.map((token, i) => {
    const row = element("div", { class: `token${mark(i)}` }, ...spell(token));
    row.addEventListener("click", () => choice.set({ focus: i }));
    return row;
  });
  const paths = tokens.map((_, i) => shape("path", { class: `line${mark(i)}` }));
  const total = height * tokens.length;
  const lines = shape(
    "svg",
    { viewBox: `0 0 100 ${total}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...paths,
  );
  lines.classList.add("lines", kind);
  lines.style.height = `${total}px`;
  const numbers = drawNumbers(sentence, kind);
  /** @param {number} i */
  const middle = (i) => (i + 0.5) * height;
  return {
    lines,
    numbers,
    keys: element("div", { class: `keys ${kind}${toLeft ? " end" : ""}` }, ...tokens),
    /**
     * @param {Row} row
     * @param {number} most the weight that is drawn at full strength
     * @param {number} focus
     * @param {number} digits
     */
    update(row, most, focus, digits) {
      const [from, to] = toLeft ? [100, 0] : [0, 100];
      paths.forEach((path, i) => {
        const share = Math.min(1, row[i] / most);
        path.style.display = share < 0.005 ? "none" : ""; // too faint to see, but not too faint to cost time
        path.setAttribute("d", `M${from} ${middle(focus)}C50 ${middle(focus)} 50 ${middle(i)} ${to} ${middle(i)}`);
        path.style.strokeOpacity = share.toFixed(3);
        path.style.strokeWidth = (0.75 + 2.25 * row[i]).toFixed(2);
      });
      numbers.update(row, (weight) => formatWeight(weight, digits));
    },
  };
}

/**
 * @param {Sentence} sentence
 * @param {string} kind
 */
function drawNumbers(sentence, kind) {
  const cells = sentence.tokens.map(() => element("div", { class: "number" }));
  return {
    node: element("div", { class: `numbers ${kind}` }, ...cells),
    /**
     * @param {Row} row
     * @param {(value: number) => string} format
     */
    update(row, format) {
      cells.forEach((cell, i) => {
        cell.textContent = format(row[i]);
        cell.classList.toggle("slight", Math.abs(row[i]) < 0.01);
      });
    },
  };
}

/**
 * @param {Sentence} sentence
 * @param {number} height of a row
 */
function drawBrackets(sentence, height) {
  const brackets = sentence.spans.map((span) => {
    const node = element("div", { class: "bracket", title: span.label }, element("span", {}, span.label));
    node.style.setProperty("--kgwb-span", span.colour);
    node.style.top = `${span.first * height + 3}px`;
    node.style.height = `${(span.last - span.first) * height - 6}px`;
    return node;
  });
  return element("div", { class: "brackets" }, ...brackets);
}
