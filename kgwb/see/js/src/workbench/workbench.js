// The frame around controls that a kernel drives: they take the place of the still picture while the kernel is there.

import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { mountChild } from "./mounting.js";

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const frame = openFrame(el, model, { name: "workbench", redraw: () => {} });
  const leave = mountChild(model, frame.picture);
  return () => {
    leave();
    frame.close();
  };
}

const { widget, show } = makeView(render);

export { show };
export default widget;
