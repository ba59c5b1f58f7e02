// The legend: the types and relations that are drawn, with counts; a click hides one, another shows it again.

import { element } from "../shared/elements.js";
import { formatCount, shorten } from "../shared/numbers.js";
import { drawShape } from "../shared/shapes.js";

/** @import { Outlines } from "../shared/shapes.js" */
/** @import { Facts } from "./facts.js" */
/** @typedef {Map<number, number>} Counts by type or relation */

const SIGN = 14; // pixels

/**
 * @param {Facts} facts
 * @param {Outlines} outlines
 * @param {{hiddenTypes: Set<number>, hiddenRelations: Set<number>}} hidden
 * @param {() => void} change
 */
export function drawFilters(facts, outlines, { hiddenTypes, hiddenRelations }, change) {
  const legend = element("div", { class: "legend", role: "group", "aria-label": "types; a click hides one" });
  const list = element("div", {
    class: "legend relations",
    role: "group",
    "aria-label": "relations; a click hides one",
  });
  const summary = element("summary", {}, "Relations");
  const relations = element("details", { class: "filter" }, summary, list);

  /**
   * @param {Set<number>} hidden
   * @param {number} key
   * @param {string} name
   * @param {number} count
   * @param {Node[]} sign
   */
  function drawSwitch(hidden, key, name, count, sign) {
    const node = element(
      "button",
      {
        type: "button",
        "aria-pressed": String(!hidden.has(key)),
        title: `hide or show ${shorten(name)}`,
        "data-key": key,
      },
      ...sign,
      shorten(name) || "(no name)",
      element("small", {}, ` ${formatCount(count)}`),
    );
    node.addEventListener("click", () => {
      if (!hidden.delete(key)) hidden.add(key);
      change();
    });
    return node;
  }

  /** @param {HTMLElement} place @param {HTMLElement[]} buttons */
  function put(place, buttons) {
    const root = /** @type {Document | ShadowRoot} */ (place.getRootNode());
    const focused = place.contains(root.activeElement) ? root.activeElement?.getAttribute("data-key") : null;
    place.replaceChildren(...buttons);
    if (focused) /** @type {HTMLElement | null} */ (place.querySelector(`[data-key="${focused}"]`))?.focus();
  }

  return {
    node: legend,
    relations,
    /**
     * @param {Counts} types drawn, or hidden by a click here
     * @param {Counts} used relations likewise
     * @param {{predicted: number, paper: string, edge: string}} look
     */
    update(types, used, { predicted, paper, edge }) {
      const ranked = [...types].sort((one, other) => other[1] - one[1]);
      put(
        legend,
        ranked.map(([type, count]) => {
          const sign = drawSign((pen) => drawShape(pen, outlines, facts.marks[type], SIGN / 2, SIGN / 2, 5, paper));
          return drawSwitch(hiddenTypes, type, facts.typeNames[type], count, [sign]);
        }),
      );
      if (predicted)
        legend.append(
          element(
            "span",
            { class: "key" },
            drawSign((pen) => {
              Object.assign(pen, { strokeStyle: edge, lineWidth: 1.6 });
              pen.setLineDash([5, 3]);
              pen.beginPath();
              pen.moveTo(0, SIGN / 2);
              pen.lineTo(2 * SIGN, SIGN / 2);
              pen.stroke();
            }, 2 * SIGN),
            `predicted ${formatCount(predicted)}`,
          ),
        );
      summary.textContent = `Relations (${formatCount(used.size)})`;
      const sorted = [...used].sort((one, other) => other[1] - one[1]);
      put(
        list,
        sorted.map(([relation, count]) =>
          drawSwitch(hiddenRelations, relation, facts.relationNames[relation], count, []),
        ),
      );
    },
  };
}

/**
 * @param {(pen: CanvasRenderingContext2D) => void} draw
 * @param {number} [width]
 */
function drawSign(draw, width = SIGN) {
  const sharp = Math.max(2, devicePixelRatio);
  const canvas = element("canvas", { width: width * sharp, height: SIGN * sharp, "aria-hidden": "true" });
  Object.assign(canvas.style, { width: `${width}px`, height: `${SIGN}px` });
  const pen = canvas.getContext("2d");
  pen?.scale(sharp, sharp);
  if (pen) draw(pen);
  return canvas;
}
