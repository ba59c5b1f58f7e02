// The lines from the token in focus to all tokens, and over them in blue the facts that link mentions.

import { shape } from "../shared/elements.js";

/** @import { Shown } from "./folding.js" */
/** @import { Row } from "./rows.js" */

const FAINTEST = 0.005; // a share of full strength that cannot be seen, but would cost time

/**
 * @param {Shown} shown
 * @param {{kind: "before" | "after", toLeft: boolean, height: number, injected: Set<number>}} look
 */
export function drawLines(shown, { kind, toLeft, height, injected }) {
  const [from, to] = toLeft ? [100, 0] : [0, 100];
  const paths = shown.tokens.map((_, i) => shape("path", { class: injected.has(i) ? "line injected" : "line" }));
  const total = height * shown.tokens.length;
  /** @param {number} i */
  const middle = (i) => (i + 0.5) * height;
  const node = shape(
    "svg",
    { viewBox: `0 0 100 ${total}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...paths,
    ...traceArcs(shown, height, to).map(([path, text]) =>
      shape("path", { class: "arc", d: path }, shape("title", {}, text)),
    ),
  );
  node.classList.add("lines", kind);
  node.style.height = `${total}px`;
  return {
    node,
    /**
     * @param {Row} row
     * @param {{most: number, least: number, unit: number, scale: number}} look
     */
    update(row, { most, least, unit, scale }) {
      paths.forEach((path, i) => {
        const share = Math.min(1, row[i] / most);
        path.style.display = share >= FAINTEST && row[i] >= least ? "" : "none";
        path.setAttribute("d", `M${from} ${middle(unit)}C50 ${middle(unit)} 50 ${middle(i)} ${to} ${middle(i)}`);
        path.style.strokeOpacity = (share || 0).toFixed(3);
        path.style.strokeWidth = (scale * (0.75 + 2.25 * (row[i] || 0))).toFixed(2);
      });
    },
  };
}

/**
 * An arc from mention to mention for each pair that a fact links, and the fact.
 * @param {Shown} shown
 * @param {number} height of a row
 * @param {number} side where the mentions stand: 0 or 100
 * @returns {[path: string, text: string][]}
 */
export function traceArcs({ edges, spans }, height, side) {
  return edges.map(({ one, other, text }) => {
    const [top, bottom] = [spans[one], spans[other]].map(({ first, last }) => ((first + last) / 2) * height);
    const deep = Math.abs(side - Math.min(60, 20 + Math.abs(bottom - top) / 4));
    return [`M${side} ${top}C${deep} ${top} ${deep} ${bottom} ${side} ${bottom}`, text];
  });
}
