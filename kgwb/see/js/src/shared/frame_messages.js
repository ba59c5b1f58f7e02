// A view that stands in the frame of a notebook (see frame/frame.js): it is given the theme, and reports its height and what is chosen.

import { callAll, watchMessages, watchSize } from "./watching.js";

/** @typedef {{report: (entities: number[]) => void, leave: () => void}} Frame */

/**
 * Joins the frame around the page; on a page of its own nothing is reported.
 * @returns {Frame}
 */
export function joinFrame() {
  if (parent === window) return { report() {}, leave() {} };
  /**
   * @param {string} kind
   * @param {object} content
   */
  const post = (kind, content) => parent.postMessage({ kgwb: kind, ...content }, "*");
  const leave = callAll(
    watchMessages(
      () => parent,
      (message) => {
        if (message?.kgwb === "theme" && message.light) document.documentElement.dataset.jpThemeLight = message.light;
      },
    ),
    watchSize(document.body, () => post("height", { height: document.body.scrollHeight + 4 })), // 4: no scroll bar by rounding
  );
  post("ready", {});
  return { report: (entities) => post("selected", { entities }), leave };
}
