// The graph view: entities or types as dots, facts as lines, a walk from one to the next.

import { button, element } from "../shared/elements.js";
import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { openSelection } from "../shared/selection.js";
import { readStyle } from "../shared/theme.js";
import { openDrawing } from "./drawing.js";
import { openFacts } from "./facts.js";
import { fillPanel } from "./filling.js";
import { drawFilters } from "./filters.js";
import { findInDirection, openKeys } from "./keys.js";
import { openMore } from "./more.js";
import { makePrint } from "./printing.js";
import { openSchema } from "./schema.js";
import { drawSearch } from "./search.js";
import { openShown } from "./shown.js";
import { tabulateFacts, writeTable } from "./table.js";
import { openWalk } from "./walk.js";
import { writeCaption, writeTitle } from "./words.js";

const HELP =
  "graph; arrow keys walk, Enter draws or folds facts, Backspace goes back, slash searches, plus, minus and 0 come nearer";

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const state = model.get("state");
  const facts = openFacts(state);
  const shown = openShown(facts, state);
  const schema = openSchema(state.schema, facts);
  const selection = openSelection(model);
  const canvas = element("canvas", { tabindex: 0, role: "application", "aria-label": HELP });
  const stage = element("div", { class: "stage" }, canvas);
  const panel = element("aside", { class: "panel", "aria-label": "what is chosen" });
  const spoken = element("div", { class: "spoken", "aria-live": "polite" });
  const frame = openFrame(el, model, { name: "graph", redraw: resize, print });
  const drawing = openDrawing(canvas, stage, frame, state.outlines);
  const more = openMore(model, facts);
  const walk = openWalk({ facts, shown, schema, selection, drawing, state, more }, update);
  const filters = drawFilters(facts, state.outlines, shown, () => walk.refresh());
  const search = drawSearch(facts, walk.acts.goTo, more.find);
  let asTable = false;
  let sized = ""; // for what size and look it was last drawn

  const table = button({ "aria-pressed": "false", title: "the facts drawn, as a table" }, "Table", () => {
    asTable = !asTable;
    table.setAttribute("aria-pressed", String(asTable));
    update();
  });
  const types = button({ title: "the graph by its types" }, "Types", () => walk.showTypes());
  const whole = button({ title: "everything drawn, in sight" }, "Fit", () => drawing.fit());
  const nearer = button({ "aria-label": "nearer", title: "nearer (+)" }, "+", () => drawing.zoomBy(1.3));
  const further = button({ "aria-label": "further", title: "further (−)" }, "−", () => drawing.zoomBy(1 / 1.3));
  const zoom = element("div", { class: "zoom", role: "group", "aria-label": "nearness" }, nearer, further, whole);
  frame.controls.append(search.node, filters.node, zoom, ...(schema ? [types] : []), table, filters.relations);
  frame.picture.append(walk.trail, element("div", { class: "row" }, stage, panel), spoken);

  openKeys(canvas, {
    walk(way) {
      const { picture, course } = drawing;
      const from = walk.here();
      if (!course || !picture.dots.length) return;
      const to = from < 0 ? 0 : findInDirection(picture, course, from, way);
      if (to >= 0) walk.chooseDot(to, false);
    },
    open: () => walk.openDot(walk.here()),
    back: () => walk.back(),
    search: () => search.focus(),
    clear: () => walk.clear(),
    zoom: (factor) => drawing.zoomBy(factor),
    whole: () => drawing.fit(),
  });
  const leaveDrawing = drawing.listen({
    tap: (hit, several) => walk.tap(hit, several),
    open: (hit) => walk.openDot(hit.dot),
    move: (dot, at) => walk.moveDot(dot, at),
    describe: (hit) => walk.describe(drawing.picture, hit),
  });

  /** The texts about the picture, after it changed. */
  function update() {
    const drawn = walk.drawn();
    const byType = walk.now.mode === "types";
    frame.setTitle(
      byType
        ? (schema?.title ?? "")
        : writeTitle(facts, walk.now, state.as_schema ? `Part of ${state.graph}` : state.title),
    );
    frame.setCaption(byType ? (schema?.caption ?? "") : writeCaption(state.graph, facts, drawn, shown));
    const counts = walk.countFilters();
    const colours = { paper: readStyle(frame.root, "paper"), edge: readStyle(frame.root, "edge") };
    filters.update(counts.types, counts.relations, { predicted: counts.predicted, ...colours });
    types.setAttribute("aria-pressed", String(byType));
    const inPanel = panel.contains(/** @type {ShadowRoot | Document} */ (panel.getRootNode()).activeElement);
    panel.replaceChildren(...fillPanel(walk, facts, schema, state));
    if (inPanel) panel.querySelector("h4")?.focus();
    panel.scrollTop = 0;
    const said = walk.spell();
    if (spoken.textContent !== said) spoken.textContent = said;
    stage.querySelector(".table")?.remove();
    canvas.hidden = asTable;
    canvas.style.display = asTable ? "none" : "block";
    if (asTable) stage.append(byType ? tabulateTypes() : tabulateFacts(facts, drawn.facts, walk.acts.goTo));
  }

  function tabulateTypes() {
    const rows = (schema?.arrows ?? []).flatMap(({ from, to, links }) =>
      links.map(({ relation, count }) => [
        schema?.nameType(from) ?? "",
        facts.relationNames[relation],
        schema?.nameType(to) ?? "",
        String(count),
      ]),
    );
    return writeTable("Relations between types", ["head", "relation", "tail", "facts"], rows);
  }

  function resize() {
    const look = [stage.clientWidth, frame.root.dataset.kgwbTheme, frame.scale].join();
    if (look === sized || (!stage.clientWidth && !sized)) return;
    sized = look;
    if (stage.clientWidth) {
      const height = drawing.resize();
      const isBeside = stage.clientWidth < frame.picture.clientWidth - 40;
      panel.style.setProperty("max-height", isBeside ? `${height}px` : "");
      frame.root.style.setProperty("--kgwb-height", `${height}px`);
    }
    update();
    walk.repaint();
  }

  function print() {
    const { types: ofTypes, predicted } = walk.countFilters();
    const legend = [...ofTypes]
      .filter(([type]) => !shown.hiddenTypes.has(type))
      .map(([type, count]) => ({ name: facts.typeNames[type], count, mark: facts.marks[type] }));
    const dashed = predicted ? [{ name: "predicted", count: predicted, mark: null, dashed: true }] : [];
    return makePrint(drawing.picture, drawing.camera, drawing.look(), [...legend, ...dashed]);
  }

  walk.start();
  resize(); // at once, where there is room: the frame watches what comes later
  return () => {
    leaveDrawing();
    walk.close();
    selection.close();
    frame.close();
  };
}

const { widget, show } = makeView(render);

export { show };
export default widget;
