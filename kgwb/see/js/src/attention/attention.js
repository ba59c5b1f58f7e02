// The attention view: the same code in a notebook (anywidget calls `render`) and on a page (which calls `show`).

import { openChoice } from "./choice.js";
import { drawColumns } from "./columns.js";
import { element } from "./elements.js";
import { drawGrid } from "./grid.js";
import { openModel, unpack } from "./page.js";
import { drawSentence } from "./sentence.js";
import { drawSums } from "./sums.js";
import { watchTheme } from "./theme.js";
import { drawTitle } from "./title.js";
import { openWeights } from "./weights.js";

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

  let timer = 0;
  const paint = () => {
    clearTimeout(timer);
    timer = setTimeout(() => grid.paint(getComputedStyle(root).color), 30); // lines first, thumbnails a frame later
  };
  const update = () => {
    parts.forEach((part) => part.update());
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

function openFacts(model) {
  const heads = model.get("heads");
  return {
    heads,
    layers: model.get("layers"),
    names: model.get("names"),
    digits: model.get("digits"),
    sentences: model.get("sentences"),
    before: openWeights(model.get("before"), heads),
    after: openWeights(model.get("after"), heads),
  };
}

export function show(el, state) {
  const model = openModel({ ...state, before: unpack(state.before), after: unpack(state.after) });
  return render({ model, el });
}

export default { render };
