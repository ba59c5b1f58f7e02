// What stands around every view: a title that says what is seen, the picture, quiet controls that fold away, the caption.

import { button, element } from "./elements.js";
import { saveAs } from "./saving.js";
import { followTheme } from "./theme.js";
import { callAll, watchSize } from "./watching.js";

/** @import { Print } from "./saving.js" */
/** @typedef {ReturnType<typeof openFrame>} Frame */

/**
 * @param {HTMLElement} el
 * @param {WidgetModel} model
 * @param {{name: string, redraw: () => void, print?: () => Print}} options `redraw` is called when the width, the theme, or
 *   the size of letters changes.
 */
export function openFrame(el, model, { name, redraw, print }) {
  const state = model.get("state") ?? {};
  const title = element("h3", { class: "title", "aria-live": "polite" }, state.title ?? "");
  const actions = element("div", { class: "actions", role: "group", "aria-label": "this view" });
  const picture = element("div", { class: "picture" });
  const controls = element("div", { class: "controls" });
  const fold = element("details", { class: "fold", open: "" }, element("summary", {}, "Controls"), controls);
  const caption = element("p", { class: "caption" }, state.caption ?? "");
  const root = element(
    "section",
    // JupyterLab's own keys would otherwise move to another cell
    { class: `kgwb-view kgwb-${name}`, "aria-label": state.title ?? name, "data-lm-suppress-shortcuts": "true" },
    element("style", {}, model.get("sheet") ?? ""),
    element("header", { class: "head" }, title, actions),
    picture,
    fold,
    caption,
  );
  if (print) {
    for (const kind of /** @type {const} */ (["png", "svg", "pdf"]))
      actions.append(
        button({ title: `save this picture as ${kind.toUpperCase()}` }, kind.toUpperCase(), () =>
          saveAs(kind, root, print(), title.textContent || name),
        ),
      );
  }
  const present = button(
    { "aria-pressed": "false", title: "larger type and thicker lines, for a wall" },
    "Present",
    () => {
      const on = root.classList.toggle("present");
      present.setAttribute("aria-pressed", String(on));
      fold.toggleAttribute("open", !on);
      redraw();
    },
  );
  actions.append(present);
  el.append(root);
  let width = 0;
  let stale = false;
  // What is hidden has no width and cannot be drawn; it is drawn as soon as it is shown, also where its width is the old one.
  const fit = () => {
    const now = Math.round(picture.clientWidth);
    if (now === 0 || (now === width && !stale)) return;
    width = now;
    stale = false;
    redraw();
  };
  const stop = callAll(
    followTheme(root, () => {
      if (!root.isConnected || !width) return;
      stale = true;
      fit();
      // JupyterLab hides its panels while it changes the theme, for less than a frame, of which no observer is told.
      if (stale) requestAnimationFrame(fit);
    }),
    watchSize(picture, fit),
  );
  return {
    root,
    picture,
    controls,
    actions,
    /** @param {string} text */
    setTitle(text) {
      if (title.textContent !== text) title.textContent = text;
    },
    /** @param {string} text */
    setCaption(text) {
      if (caption.textContent !== text) caption.textContent = text;
    },
    /** The size of letters and lines against the usual one: larger on a wall. */
    get scale() {
      return root.classList.contains("present") ? 1.5 : 1;
    },
    close() {
      stop();
      root.remove();
    },
  };
}
