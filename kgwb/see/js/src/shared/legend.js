// What the colours and lines of a picture mean.

import { element } from "./elements.js";

/**
 * A mark is its text, its colour (a name of the palette, or one that came with the data) and its shape.
 * @typedef {[text: string, colour: string, shape?: "dot" | "line" | "dashed"]} Mark
 */

/** @param {Mark[]} marks */
export function drawLegend(marks) {
  const legend = element("div", { class: "legend" });
  for (const [text, colour, shape = "dot"] of marks) {
    const sign = element("i", { class: shape });
    if (shape === "dot") sign.style.background = colour.startsWith("#") ? colour : `var(--kgwb-${colour})`;
    legend.append(element("span", {}, sign, text));
  }
  return legend;
}
