// The view of a space, and of the film of its training: maps whose points can be looked at, searched for and chosen.

import { button, element } from "../shared/elements.js";
import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { formatCount, shorten } from "../shared/numbers.js";
import { openSelection } from "../shared/selection.js";
import { LEGIBLE } from "./atlas.js";
import { openFacts } from "./facts.js";
import { openFilm, openFilmMap } from "./film.js";
import { HELP, watchKeys } from "./keys.js";
import { drawLegend } from "./legend.js";
import { watchPointers } from "./pointer.js";
import { printStage } from "./print.js";
import { drawSearch } from "./search.js";
import { openStage } from "./stage.js";
import { linkPoint, openKnown, writeArrows, writeCard, writeChanged, writeChosen } from "./told.js";

/** @import { Choice } from "../shared/selection.js" */
/** @import { Place } from "./places.js" */

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const facts = openFacts(model.get("state"));
  if (facts.frames) openFilmMap(facts);
  const selection = openSelection(model);
  const known = openKnown(model, facts);
  const frame = openFrame(el, model, {
    name: "space",
    redraw: () => {
      stage.rebuild();
      film?.show();
      showLegend();
    },
    print: () => printStage(stage, facts),
  });
  const plain = model.get("plain") === true;
  const maps = element("div", { class: "maps" });
  const side = element("div", { class: "side" });
  frame.picture.classList.toggle("one", facts.maps.length === 1);
  frame.picture.append(maps, side);
  const stage = openStage(maps, facts, { plain, scale: () => frame.scale });
  const film = facts.frames ? openFilm(facts, stage) : null;
  /** @type {import("./pointer.js").Hand} */
  const hand = { mode: "move", locked: facts.locked };
  const card = element("div", { class: "card" });
  const spoken = element("div", { class: "spoken", "aria-live": "polite" });
  const chosenLine = element("div", { class: "chosen" });
  const legend = drawLegend(facts, () => stage.radius() < LEGIBLE, {
    toggle(kind) {
      if (!stage.state.hidden.delete(kind)) stage.state.hidden.add(kind);
      stage.restyle();
      showLegend();
    },
    faint() {
      stage.state.faint = !stage.state.faint;
      stage.restyle();
      showLegend();
    },
  });
  card.hidden = true;
  stage.pad.setAttribute("aria-label", `${model.get("state").title ?? "Map"}. ${HELP} ${film?.help ?? ""}`);
  const changed = writeChanged(facts, (point) => find([point], false));
  maps.append(...(film?.nodes ?? []));
  side.append(legend.node, chosenLine, ...changed, ...writeArrows(facts));
  frame.picture.append(card, spoken);

  const showLegend = () => legend.update(stage.state.colouring, stage.state.hidden, stage.state.faint);

  /** @param {number[]} points @param {boolean} add */
  function choose(points, add) {
    const now = stage.state.chosen;
    const single = points.length === 1;
    // with shift a point that is chosen already is let go
    const all = !add
      ? points
      : single && now.includes(points[0])
        ? now.filter((i) => i !== points[0])
        : [...new Set([...now, ...points])];
    if (!all.length && !now.length) return;
    /** @param {number} layer */
    const ids = (layer) => all.filter((i) => facts.layerOf(i) === layer).map(facts.idOf);
    const words = facts.layered ? all.filter((i) => facts.layerOf(i) === 2).map(facts.label) : [];
    selection.set({
      entities: facts.layered ? ids(0) : all.map(facts.idOf),
      relations: facts.layered ? ids(1) : [],
      words,
    });
  }

  /** The same, and moved to where it is in sight. */
  function find(/** @type {number[]} */ points, /** @type {boolean} */ add) {
    choose(points, add);
    keys.show(points[0]);
  }

  /** @param {Choice} choice */
  function follow(choice) {
    const points = choice.entities.map((id) => facts.find(id));
    if (facts.layered) points.push(...choice.relations.map((id) => facts.find(id, 1)), ...findWords(choice.words));
    stage.setChosen(points.filter((point) => point >= 0));
    link();
    const names = stage.state.chosen.slice(0, 5).map((i) => shorten(facts.label(i)));
    spoken.textContent = names.length
      ? `${formatCount(stage.state.chosen.length)} chosen: ${names.join(", ")}`
      : "nothing chosen";
  }

  /** @param {string[]} words */
  function findWords(words) {
    const wanted = new Set(words);
    const found = [];
    for (let i = 0; wanted.size && i < facts.count; i++)
      if (facts.layerOf(i) === 2 && wanted.has(facts.label(i))) found.push(i);
    return found;
  }

  /** Lines to the neighbours, where one point is chosen. */
  async function link() {
    const [point, ...others] = stage.state.chosen;
    const single = point !== undefined && !others.length && facts.kind === "space";
    if (single) await known.ask(point);
    if (single && stage.state.chosen[0] !== point) return;
    const near = single ? known.read(point) : null;
    stage.state.links = near ? linkPoint(facts, stage.points, point, near) : [];
    chosenLine.replaceChildren(...writeChosen(facts, stage.state.chosen, stage.state.links, keys.show));
    stage.settle();
  }

  /** @param {number} point @param {Place | null} at */
  function hover(point, at) {
    if (point === stage.state.hovered && !(at && !card.hidden)) return;
    stage.state.hovered = point;
    card.hidden = point < 0 || !at;
    if (point < 0 || !at) return;
    card.replaceChildren(...writeCard(facts, point, known.read(point)));
    const left = at[0] > frame.picture.clientWidth / 2 ? at[0] - card.offsetWidth - 14 : at[0] + 14;
    card.style.left = `${Math.max(0, Math.min(left, frame.picture.clientWidth - card.offsetWidth))}px`;
    card.style.top = `${Math.max(0, Math.min(at[1] - 20, stage.size.height - card.offsetHeight))}px`;
    if (known.read(point) === undefined)
      known.ask(point).then(() => {
        if (stage.state.hovered === point) card.replaceChildren(...writeCard(facts, point, known.read(point)));
      });
  }

  /** @param {number} point */
  function stand(point) {
    stage.state.cursor = point;
    if (point < 0) card.hidden = true;
    else {
      keys.show(point);
      const { lens } = stage.view(0);
      hover(point, [
        lens.left + stage.points[0][2 * point] * lens.scale,
        lens.top - stage.points[0][2 * point + 1] * lens.scale,
      ]);
      spoken.textContent = `${facts.label(point)}, ${facts.types.names[facts.types.of[point]]}`;
    }
    stage.settle();
  }

  const keys = watchKeys(stage, hand, { choose, stand });
  const stopPointers = watchPointers(stage, hand, { choose, hover });
  frame.controls.append(...drawControls(), ...(film?.controls ?? []));
  selection.listen(follow);
  stage.rebuild();
  showLegend();
  follow(selection.chosen);
  film?.show();

  function drawControls() {
    const modes = /** @type {const} */ (["move", "lasso", "box"]).map((mode) =>
      button(
        {
          "aria-pressed": String(mode === hand.mode),
          title: `drag to ${mode === "move" ? "move the map" : `choose with a ${mode}`}`,
        },
        mode,
        () => {
          hand.mode = mode;
          stage.pad.dataset.mode = mode;
          for (const each of modes) each.setAttribute("aria-pressed", String(each.textContent === mode));
        },
      ),
    );
    const colour = element(
      "select",
      { "aria-label": "colour" },
      ...facts.colourings.map(({ name }, i) => element("option", { value: i }, shorten(name))),
    );
    colour.addEventListener("change", () => {
      stage.state.colouring = facts.colourings[Number(colour.value)];
      stage.state.hidden.clear();
      stage.restyle();
      showLegend();
    });
    const names = check("names", true, (on) => {
      stage.state.named = on;
      stage.settle();
    });
    const together = check("move both as one", hand.locked, (on) => {
      hand.locked = on;
      if (on) stage.cameras.fill(stage.cameras[0]);
      stage.move();
    });
    return [
      drawSearch(facts, find),
      element("span", { class: "modes", role: "group", "aria-label": "what a drag does" }, "drag: ", ...modes),
      element(
        "span",
        { class: "modes", role: "group", "aria-label": "zoom" },
        button({ title: "nearer" }, "+", () => keys.zoom(1.4)),
        button({ title: "farther" }, "−", () => keys.zoom(1 / 1.4)),
        button({}, "whole", keys.whole),
      ),
      ...(facts.colourings.length > 1 ? [element("label", {}, "colour", colour)] : []),
      names,
      ...(facts.maps.length > 1 ? [together] : []),
      element("details", { class: "help" }, element("summary", {}, "keys"), `${HELP} ${film?.help ?? ""}`),
    ];
  }

  return () => {
    stopPointers();
    film?.close();
    stage.close();
    selection.close();
    frame.close();
  };
}

/**
 * @param {string} text
 * @param {boolean} on
 * @param {(on: boolean) => void} act
 */
function check(text, on, act) {
  const box = element("input", { type: "checkbox" });
  box.checked = on;
  box.addEventListener("change", () => act(box.checked));
  return element("label", {}, box, text);
}

const { widget, show } = makeView(render);

export { show };
export default widget;
