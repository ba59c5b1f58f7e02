// The attention view: what a word piece looks at, by layer and head, before and after.

import { element } from "../shared/elements.js";
import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { openSelection } from "../shared/selection.js";
import { openChoice } from "./choice.js";
import { drawColumns } from "./columns.js";
import { openFacts } from "./facts.js";
import { drawGrid } from "./grid.js";
import { drawSentence } from "./sentence.js";
import { drawSums } from "./sums.js";
import { drawTitle } from "./title.js";

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const facts = openFacts(model);
  const selection = openSelection(model);
  const choice = openChoice(model, selection);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const paint = () => {
    clearTimeout(timer);
    timer = setTimeout(() => grid.paint(getComputedStyle(frame.root).color), 30); // lines first, thumbnails a frame later
  };
  const frame = openFrame(el, model, { name: "attention", redraw: paint });
  const grid = drawGrid(facts, choice);
  const parts = [drawTitle, drawSentence, drawColumns, drawSums].map((draw) => draw(facts, choice));
  const [title, sentence, columns, sums] = parts.map((part) => part.node);
  const lines = element("div", { class: "lines-and-sums" }, columns, sums);
  frame.picture.append(title, sentence, element("div", { class: "side-by-side" }, grid.node, lines));
  const update = () => {
    for (const part of parts) part.update();
    grid.update();
    paint();
  };
  choice.listen(update);
  update();

  return () => {
    clearTimeout(timer);
    choice.close();
    selection.close();
    frame.close();
  };
}

const { widget, show } = makeView(render);

export { show };
export default widget;
