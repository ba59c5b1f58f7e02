// One view in a notebook and on a page. A notebook saves a still picture, and the live view takes its place: when a model is
// made, every still picture that bears its mark is looked for, now and whenever the notebook changes.

import { openModel } from "./model.js";

/** @typedef {(place: {model: WidgetModel, el: HTMLElement}) => () => void} Render gives the clean-up */

/**
 * What a view's script exports: `default` for anywidget, `show` for a page.
 * @param {Render} render
 */
export function makeView(render) {
  return {
    widget: {
      /** @param {{model: WidgetModel}} place */
      initialize: ({ model }) => takePlaces(model, render),
      render,
    },
    /**
     * @param {HTMLElement} el
     * @param {Record<string, any>} traits arrays as base64
     * @param {string} style which the page carries once
     * @returns {() => void} clean-up
     */
    show: (el, traits, style) => render({ model: openModel({ ...traits, sheet: style }), el }),
  };
}

/**
 * @param {WidgetModel} model
 * @param {Render} render
 * @returns {() => void} clean-up
 */
function takePlaces(model, render) {
  /** @type {string} */
  const mark = model.get("mark");
  if (!mark) return () => {};
  /** @type {Map<Element, () => void>} */
  const places = new Map();

  const look = () => {
    for (const [still, leave] of places) {
      if (still.isConnected) continue;
      leave(); // a graphics context is given back while the cell is out of sight
      places.delete(still);
    }
    for (const still of document.querySelectorAll(`.kgwb-still-${mark}`))
      if (!places.has(still)) places.set(still, enter(still));
  };
  /** @param {Element} still */
  const enter = (still) => {
    const picture = /** @type {HTMLElement | null} */ (still.firstElementChild);
    const el = document.createElement("div");
    still.append(el);
    const leave = render({ model, el });
    picture?.style.setProperty("display", "none");
    return () => {
      leave();
      el.remove();
      picture?.style.removeProperty("display");
    };
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true });
  look();
  const stop = () => {
    observer.disconnect();
    for (const leave of places.values()) leave();
    places.clear();
  };
  model.on("destroy", stop);
  return stop;
}
