// What is drawn, with how many of each; a click hides a kind and shows it again.

import { button, element } from "../shared/elements.js";
import { formatCount, formatShort, shorten } from "../shared/numbers.js";
import { drawShape } from "../shared/shapes.js";
import { readStyle } from "../shared/theme.js";
import { countDoubtful, listRamp, resolveColour } from "./colours.js";

/** @import { Amounts, Facts, Kinds, Mark } from "./facts.js" */

const FOLDED = 24; // kinds that stand there at first
const SIGN = 14; // pixels

/**
 * @param {Facts} facts
 * @param {() => boolean} isSmall whether dots are too small for shapes
 * @param {{toggle: (kind: number) => void, faint: () => void}} acts
 */
export function drawLegend(facts, isSmall, { toggle, faint }) {
  const node = element("div", { class: "legend", role: "group", "aria-label": "what is drawn" });
  const doubtful = countDoubtful(facts).reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
  let open = false;

  /**
   * @param {Kinds | Amounts} colouring
   * @param {Set<number>} hidden
   * @param {boolean} isFaint whether points that mislead are faint now
   */
  function update(colouring, hidden, isFaint) {
    const focused = node.contains(node.ownerDocument.activeElement ?? null);
    const kinds = colouring.amounts ? facts.types : colouring;
    const shown = kinds.names.map((_, i) => i).filter((i) => kinds.counts[i]);
    const listed = open ? shown : shown.slice(0, FOLDED);
    const rows = listed.map((i) => {
      const mark = colouring.amounts ? { ...kinds.marks[i], colour: "muted" } : kinds.marks[i];
      const row = button({ "aria-pressed": String(!hidden.has(i)), title: "hide or show" }, "", () => toggle(i));
      row.append(
        drawSign(facts, node, mark),
        shorten(kinds.names[i]) || "(no name)",
        element("span", { class: "muted" }, ` ${formatCount(kinds.counts[i])}`),
      );
      return row;
    });
    const rest = shown.length - listed.length;
    const more =
      rest > 0
        ? [
            button({}, `${formatCount(rest)} further ${rest === 1 ? "type" : "types"}`, () => {
              open = true;
              update(colouring, hidden, isFaint);
            }),
          ]
        : [];
    const trust = doubtful
      ? [
          button(
            {
              class: "faint",
              "aria-pressed": String(isFaint),
              title: "points whose neighbours on the map are mostly not their neighbours in all dimensions",
            },
            `faint: the map misleads ${formatCount(doubtful)}`,
            faint,
          ),
        ]
      : [];
    const small =
      isSmall() && shown.length > 1
        ? [element("span", { class: "muted" }, "dots this small show colours only; come nearer for shapes")]
        : [];
    node.replaceChildren(
      ...(colouring.amounts ? [drawScale(facts, node, colouring)] : []),
      ...rows,
      ...more,
      ...trust,
      ...small,
    );
    if (focused) node.querySelector("button")?.focus();
  }
  return { node, update };
}

/**
 * @param {Facts} facts
 * @param {HTMLElement} root
 * @param {Mark} mark
 */
function drawSign(facts, root, mark) {
  const ratio = devicePixelRatio || 1;
  const canvas = element("canvas", {
    class: "sign",
    width: Math.round(SIGN * ratio),
    height: Math.round(SIGN * ratio),
    "aria-hidden": "true",
  });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(ratio, ratio);
  const look = { ...mark, colour: resolveColour(root, mark.colour) };
  drawShape(pen, facts.outlines, look, SIGN / 2, SIGN / 2, 4.6, readStyle(root, "paper"));
  return canvas;
}

/**
 * @param {Facts} facts
 * @param {HTMLElement} root
 * @param {Amounts} colouring
 */
function drawScale(facts, root, { name, low, high, log, missing }) {
  const ramp = element("span", { class: "ramp", "aria-hidden": "true" });
  for (const colour of listRamp(root)) {
    const step = element("i");
    step.style.background = colour;
    ramp.append(step);
  }
  const node = element(
    "span",
    { class: "scale" },
    `${shorten(name)}${log ? " (logarithmic)" : ""} `,
    element("span", { class: "muted" }, formatShort(low)),
    ramp,
    element("span", { class: "muted" }, formatShort(high)),
  );
  if (missing)
    node.append(drawSign(facts, root, { colour: "muted", shape: "open circle" }), `missing ${formatCount(missing)}`);
  return node;
}
