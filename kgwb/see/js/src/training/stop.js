// The button that ends a run, once it is known whether a click reaches the busy kernel.

import { button, element } from "../shared/elements.js";
import { askKernel } from "./asking.js";

/**
 * @param {WidgetModel} model
 * @param {HTMLElement} actions where the button stands
 * @returns {() => void} takes it away, when the run has ended
 */
export function offerStop(model, actions) {
  const kernel = /** @type {KernelModel} */ (model);
  if (typeof kernel.send !== "function") return () => {};
  let act = () => {};
  const stop = button({ class: "stop", title: "End the run early; what was learnt so far is kept" }, "Stop", () => {
    stop.disabled = true;
    act();
  });
  const hint = element("span", { class: "hint" }, "To stop, interrupt the kernel (■)");
  stop.hidden = hint.hidden = true;
  actions.prepend(stop, hint);
  /** @param {() => void} end what a click does */
  const offer = (end) => {
    if (!stop.hidden) return; // an answer that comes after the button interrupts the kernel changes nothing
    stop.hidden = false;
    hint.hidden = true;
    act = end;
  };
  const endAsking = askKernel(kernel, {
    onAnswer: () =>
      offer(() => {
        kernel.send({ kgwb: "stop" });
        stop.textContent = `Stopping after this ${model.get("state").unit} …`;
      }),
    onSilence: () => {
      const found = kernel.widget_manager?.kernel;
      if (typeof found?.interrupt !== "function") hint.hidden = false;
      else offer(() => found.interrupt?.());
    },
  });
  return () => {
    endAsking();
    stop.remove();
    hint.remove();
  };
}
