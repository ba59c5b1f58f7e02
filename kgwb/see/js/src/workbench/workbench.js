// The frame around controls that a kernel drives: they take the place of the still picture while the kernel is there.

import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { callAll } from "../shared/watching.js";
import { takeDrops } from "./dropping.js";
import { giveBack, noteHand } from "./keeping.js";
import { mountChild } from "./mounting.js";

/** @import { Kept } from "./keeping.js" */

const MOMENT = 3000; // milliseconds within which a place that is made anew counts as the same

/**
 * What draws panels; it remembers of each what was in hand when its place was last seen.
 */
function openRender() {
  /** @type {WeakMap<WidgetModel, Kept>} */
  const hands = new WeakMap();
  /**
   * @param {{model: WidgetModel, el: HTMLElement}} place
   * @returns {() => void} clean-up
   */
  return ({ model, el }) => {
    const frame = openFrame(el, model, { name: "workbench", redraw: () => {} });
    const kept = hands.get(model);
    const fresh = kept && Date.now() - kept.at < MOMENT ? kept : null;
    if (fresh) frame.root.style.minHeight = `${fresh.height}px`;
    let mounted = false;
    const note = () => {
      if (mounted && frame.root.isConnected) hands.set(model, noteHand(frame.root));
    };
    const tell = () => {
      const { title, caption } = model.get("state") ?? {};
      frame.setTitle(title ?? "");
      frame.setCaption(caption ?? "");
    };
    const leave = mountChild(model, frame.picture, () => {
      mounted = true;
      frame.root.style.minHeight = "";
      if (fresh) giveBack(frame.root, fresh);
    });
    // When the place goes it is too late to ask what was in hand, so it is noted a little before.
    const timer = setInterval(note, MOMENT / 12);
    frame.root.addEventListener("focusin", note);
    model.on("change:state", tell);
    const stop = callAll(takeDrops(frame.root, /** @type {KernelModel} */ (model)), () => {
      clearInterval(timer);
      model.off("change:state", tell);
      frame.root.removeEventListener("focusin", note);
    });
    return () => {
      stop();
      leave();
      frame.close();
    };
  };
}

const { widget, show } = makeView(openRender());

export { show };
export default widget;
