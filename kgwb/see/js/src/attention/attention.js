// The attention view: the same code in a notebook (anywidget calls `render`) and on a page (which calls `show`).

import { element } from "../shared/elements.js";
import { watchTheme } from "../shared/theme.js";
import { openChoice } from "./choice.js";
import { drawColumns } from "./columns.js";
import { openFacts } from "./facts.js";
import { drawGrid } from "./grid.js";
import { openModel, unpackWeights } from "./page.js";
import { drawSentence } from "./sentence.js";
import { drawSums } from "./sums.js";
import { drawTitle } from "./title.js";

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const facts = openFacts(model);
  const choice = openChoice(model);
  const grid = drawGrid(facts, choice);
  const parts = [drawTitle, drawSentence, drawColumns, drawSums].map((draw) => draw(facts, choice));
  const [title, sentence, columns, sums] = parts.map((part) => part.node);
  // JupyterLab's own arrow keys would move to another cell
  const root = element("div", { class: "kgwb-attention", "data-lm-suppress-shortcuts": "true" });
  const picture = element("div", { class: "picture" }, columns, sums);
  root.append(title, sentence, element("div", { class: "side-by-side" }, grid.node, picture));
  if (model.get("note")) root.append(element("p", { class: "note" }, model.get("note")));
  el.append(root);

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const paint = () => {
    clearTimeout(timer);
    timer = setTimeout(() => grid.paint(getComputedStyle(root).color), 30); // lines first, thumbnails a frame later
  };
  const update = () => {
    for (const part of parts) part.update();
    grid.update();
    paint();
  };
  choice.listen(update);
  const forgetTheme = watchTheme(paint);
  update();

  return () => {
    clearTimeout(timer);
    forgetTheme();
    choice.close();
    root.remove();
  };
}

/**
 * @param {HTMLElement} el
 * @param {Record<string, any>} state the traits, weights as base64
 * @returns {() => void} clean-up
 */
export function show(el, state) {
  const model = openModel({ ...state, before: unpackWeights(state.before), after: unpackWeights(state.after) });
  return render({ model, el });
}

export default { render };
