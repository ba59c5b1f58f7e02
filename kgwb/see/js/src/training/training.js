// The training view: loss and figures of runs, while they run and afterwards; every line is named where it ends.

import { button, element, shape } from "../shared/elements.js";
import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { shorten } from "../shared/numbers.js";
import { readStyle } from "../shared/theme.js";
import { openCursor } from "./cursor.js";
import { drawPanels } from "./drawing.js";
import { placePanels } from "./placing.js";
import { listRuns, readPanels } from "./series.js";
import { offerStop } from "./stop.js";

/** @import { Pen, Place } from "./placing.js" */

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  /** @type {Set<string>} */
  const hidden = new Set();
  let panels = readPanels(model.get("state"));
  /** @type {Place[]} */
  let places = [];
  let listed = "";
  const keys = "Arrow keys read the values.";
  const canvas = element("canvas", { tabindex: "0", role: "img" });
  const pen = /** @type {Pen} */ (canvas.getContext("2d"));
  const progress = element("p", { class: "how-far" });
  const legend = element("div", { class: "legend", role: "group", "aria-label": "runs" });
  const frame = openFrame(el, model, { name: "training", redraw: draw, print });
  frame.picture.append(progress, canvas, legend);
  const cursor = openCursor(frame.picture, canvas, {
    places: () => places,
    unit: () => model.get("state").unit,
    redraw: draw,
  });
  let endStop = model.get("state").running ? offerStop(model, frame.actions) : null;

  /** @returns {import("./placing.js").Look} */
  function readLook() {
    const [ink, paper, muted, rule, font] = ["ink", "paper", "muted", "rule", "font"].map((name) =>
      readStyle(frame.root, name),
    );
    return { ink, paper, muted, rule, font, scale: frame.scale };
  }

  function draw() {
    const width = Math.floor(frame.picture.clientWidth);
    if (!width) return;
    const look = readLook();
    const placed = placePanels(panels, hidden, width, pen, look);
    places = placed.places;
    const sharp = devicePixelRatio;
    canvas.width = Math.round(width * sharp);
    canvas.height = Math.round(placed.height * sharp);
    Object.assign(canvas.style, { width: `${width}px`, height: `${placed.height}px` });
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    drawPanels(pen, places, look, { unit: model.get("state").unit, cursor: cursor.number });
  }

  function print() {
    const [look, width] = [readLook(), frame.picture.clientWidth];
    const { places: all, height } = placePanels(panels, hidden, width, pen, look);
    return {
      width,
      height,
      /** @param {Pen} other */
      draw: (other) => drawPanels(other, all, look, { unit: model.get("state").unit, cursor: null }),
    };
  }

  function listLegend() {
    const runs = listRuns(panels);
    const gaps = panels.some(({ lines }) => lines.some(({ points }) => points.some(({ y }) => !Number.isFinite(y))));
    const key = JSON.stringify([...runs.keys(), gaps]);
    if (key === listed) return; // so that an entry keeps the focus while the run goes on
    listed = key;
    legend.hidden = runs.size < 2 && !gaps;
    const entries = (runs.size < 2 ? [] : [...runs]).map(([name, { colour, dashed }]) => {
      const line = shape("line", {
        x1: 0,
        x2: 18,
        y1: 5,
        y2: 5,
        "stroke-width": 2,
        ...(dashed ? { "stroke-dasharray": "5 3" } : {}),
      });
      line.style.stroke = colour || "var(--kgwb-ink)";
      const entry = button({ "aria-pressed": String(!hidden.has(name)), title: "show or hide" }, "", () => {
        if (!hidden.delete(name)) hidden.add(name);
        entry.setAttribute("aria-pressed", String(!hidden.has(name)));
        draw();
      });
      entry.append(shape("svg", { width: 18, height: 10, "aria-hidden": "true" }, line), shorten(name));
      return entry;
    });
    legend.replaceChildren(...entries, ...(gaps ? [element("span", {}, "× missing: no number")] : []));
  }

  function renew() {
    const state = model.get("state");
    panels = readPanels(state);
    progress.textContent = state.progress ?? "";
    frame.setTitle(state.title);
    frame.setCaption(state.caption);
    canvas.setAttribute("aria-label", `${state.title}. ${keys}`);
    listLegend();
    if (!state.running) {
      endStop?.();
      endStop = null;
    }
    draw();
  }
  model.on("change:state", renew);
  renew();
  return () => {
    endStop?.();
    model.off("change:state", renew);
    frame.close();
  };
}

const { widget, show } = makeView(render);

export { show };
export default widget;
