// What is chosen: the axes, a head, and the layers that are shown.

/** @import { Selection } from "../shared/selection.js" */
/** @import { Example, Facts } from "./facts.js" */
/** @typedef {ReturnType<typeof openChoice>} Choice */

/**
 * @param {WidgetModel} model
 * @param {Selection} selection what linked views share
 * @param {Facts} facts
 */
export function openChoice(model, selection, { layers, heads }) {
  /** @type {Set<number>} */
  const hidden = new Set();
  let listener = () => {};
  const announce = () => listener();
  for (const name of ["x", "y"]) model.on(`change:${name}`, announce);
  const forget = selection.listen(announce);

  return {
    hidden,
    /** The chosen head, counted through all layers; null where none is. */
    get head() {
      const { layer, head } = selection.chosen;
      return layer !== null && head !== null && layer < layers && head < heads ? layer * heads + head : null;
    },
    /** @returns {import("./scatter.js").Look} */
    get look() {
      return { x: model.get("x"), y: model.get("y"), chosen: this.head, hidden };
    },
    /** @param {number | null} head */
    choose(head) {
      selection.set({
        layer: head === null ? null : Math.floor(head / heads),
        head: head === null ? null : head % heads,
      });
    },
    /** @param {Example} example whose attention a linked view then shows */
    chooseSentence({ number, query }) {
      selection.set({ sentence: number, token: query < 0 ? null : query });
    },
    /**
     * @param {"x" | "y"} axis
     * @param {string} metric
     */
    turn(axis, metric) {
      model.set(axis, metric);
      model.save_changes();
    },
    /** @param {number} layer */
    toggle(layer) {
      if (!hidden.delete(layer)) hidden.add(layer);
      announce();
    },
    /** @param {() => void} callback */
    listen(callback) {
      listener = callback;
    },
    close() {
      listener = () => {};
      forget();
      for (const name of ["x", "y"]) model.off(`change:${name}`, announce);
    },
  };
}
