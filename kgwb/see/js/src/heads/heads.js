// The head map: what every head does over many sentences.

import { element } from "../shared/elements.js";
import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { formatCount } from "../shared/numbers.js";
import { openSelection } from "../shared/selection.js";
import { openChoice } from "./choice.js";
import { drawControls } from "./controls.js";
import { drawExamples } from "./examples.js";
import { openFacts } from "./facts.js";
import { drawMap } from "./map.js";

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const facts = openFacts(model);
  const selection = openSelection(model);
  const choice = openChoice(model, selection, facts);
  const map = drawMap(facts, choice);
  const examples = drawExamples(facts, choice);
  const controls = drawControls(facts, choice);
  const title = model.get("state").title;
  const frame = openFrame(el, model, {
    name: "heads",
    redraw: () => map.paint(frame.root, frame.scale),
    print: () => map.print(frame.root, title),
  });
  frame.picture.append(element("div", { class: "map-and-head" }, map.node, examples.node));
  frame.controls.append(...controls.nodes);
  const { layers, heads, names, count } = facts;

  const update = () => {
    examples.update();
    controls.update();
    const { x, y } = choice.look;
    const joined = facts.two ? `A grey ring is before (${names[0]}), a dot after (${names[1]}). ` : "";
    frame.setCaption(
      `${layers * heads} heads as dots, across ${facts.label(x)}, up ${facts.label(y)}; each figure is a mean over ${formatCount(count)} ` +
        `${count === 1 ? "sentence" : "sentences"}. ${joined}${model.get("state").note}`,
    );
    map.paint(frame.root, frame.scale);
  };
  choice.listen(update);
  update();

  return () => {
    choice.close();
    selection.close();
    frame.close();
  };
}

const { widget, show } = makeView(render);

export { show };
export default widget;
