// The attention view: what a word piece looks at, by layer and head, before and after.

import { element } from "../shared/elements.js";
import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { openSelection } from "../shared/selection.js";
import { openChoice } from "./choice.js";
import { drawColumns } from "./columns.js";
import { drawControls } from "./controls.js";
import { drawExtras } from "./extras.js";
import { openFacts } from "./facts.js";
import { drawGrid } from "./grid.js";
import { drawHeld } from "./held.js";
import { drawMatrix } from "./matrix.js";
import { paintMatrices } from "./matrix_painting.js";
import { readPalette } from "./palette.js";
import { printLines } from "./printing.js";
import { drawSentence } from "./sentence.js";
import { drawSums } from "./sums.js";
import { tellCaption, tellTitle } from "./title.js";

const MOST_PRINTED = 1000; // pixels across of a matrix

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
  let come = 0;
  const paint = () => {
    clearTimeout(timer);
    if (choice.drawn === "matrix") matrix.paint(frame.root, frame.scale);
    timer = setTimeout(() => grid.paint(getComputedStyle(frame.root).color, come), 30); // lines first, thumbnails a frame later
  };
  const print = () => {
    const palette = readPalette(frame.root);
    if (choice.drawn === "lines") return printLines(facts, choice, palette, tellTitle(facts, choice));
    const { scene, places } = matrix.print(frame.root, MOST_PRINTED);
    return {
      width: places.width + 10,
      height: places.height + 10,
      draw: (/** @type {CanvasRenderingContext2D} */ pen) => paintMatrices(pen, scene, places, palette),
    };
  };
  const frame = openFrame(el, model, { name: "attention", redraw: resize, print });
  const spoken = element("div", { class: "spoken", "aria-live": "polite" });
  const grid = drawGrid(facts, choice);
  const columns = drawColumns(facts, choice, () => frame.scale);
  const matrix = drawMatrix(facts, choice, spoken);
  const controls = drawControls(facts, choice);
  const [sentence, extras, sums, held] = [drawSentence, drawExtras, drawSums, drawHeld].map((draw) =>
    draw(facts, choice),
  );
  const drawing = element("div", { class: "drawing" }, columns.node, matrix.node, extras.node);
  const left = element("div", { class: "left" }, grid.node, sums.node);
  const beside = element("div", { class: "side-by-side" }, left, drawing);
  frame.picture.append(sentence.node, beside, held.node, spoken);
  frame.controls.append(...controls.nodes);

  /** When the choice changes, or the size of the view. */
  function update() {
    const lines = choice.drawn === "lines";
    columns.node.hidden = !lines;
    matrix.node.hidden = lines;
    const room = lines ? drawing : left; // a matrix has columns for them, and is tall
    if (extras.node.parentElement !== room) room.append(extras.node);
    if (lines) columns.update();
    for (const part of [sentence, extras, sums, held, controls]) part.update();
    grid.update();
    frame.setTitle(tellTitle(facts, choice));
    frame.setCaption(tellCaption(facts, choice));
    paint();
    fetchMissing();
  }
  const fetchMissing = async () => {
    const { sentence: shown, layer, matrix: which } = choice;
    if (!facts.hasKernel || facts.has(shown, layer, which)) return;
    if (!(await facts.fetch(shown, layer))) return;
    come++;
    update();
  };
  function resize() {
    grid.fit(frame.picture.clientWidth); // here only, for it makes the browser lay everything out
    update();
  }
  choice.listen(update);
  resize();

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
