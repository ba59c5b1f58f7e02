// Draws the plotly figure that stands as JSON in its element, in the colours of the page.

import { readData } from "../shared/decoding.js";
import { element } from "../shared/elements.js";
import { isDark, watchTheme } from "../shared/theme.js";
import { colourFigure } from "./colours.js";

/** @import { Figure } from "./colours.js" */

/**
 * @param {Element} root
 * @returns {() => void} clean-up
 */
export function draw(root) {
  /** @type {Figure} */
  const figure = readData(root);
  const holder = element("div");
  root.append(holder);
  const colour = () => colourFigure(figure, figure.themes[isDark() ? "dark" : "light"]);
  const first = colour();
  Plotly.newPlot(holder, first.data, first.layout, figure.config);
  const stop = watchTheme(() => {
    const { data, layout } = colour();
    Plotly.react(holder, data, layout, figure.config);
  });
  return () => {
    stop();
    Plotly.purge(holder);
    holder.remove();
  };
}
