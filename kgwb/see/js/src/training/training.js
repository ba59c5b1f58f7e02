// The picture of a run that is still going on and, once the busy kernel has answered, a button that ends it.

import { button, element } from "../shared/elements.js";
import { readJupyterLight, watchTheme } from "../shared/theme.js";
import { askKernel } from "./asking.js";

/**
 * @param {{model: KernelModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const picture = element("img", { alt: "Loss and figures of the running training" });
  let act = () => {};
  const stop = button({ title: "End the run early; what was learnt so far is kept" }, "Stop", () => {
    stop.disabled = true;
    act();
  });
  const hint = element("span", {}, "To stop, interrupt the kernel (■)");
  stop.hidden = hint.hidden = true;
  const root = element("div", { class: "kgwb-training" }, picture, stop, hint);
  el.append(root);

  const draw = () => {
    picture.src = `data:image/svg+xml,${encodeURIComponent(model.get("picture"))}`;
  };
  // A picture in an <img> sees the system's theme only; JupyterLab's reaches it through its colour scheme.
  const applyTheme = () => {
    const light = readJupyterLight();
    picture.style.colorScheme = light ? (light === "false" ? "dark" : "light") : "light dark";
  };
  /** @param {() => void} end what a click does */
  const offer = (end) => {
    if (!stop.hidden) return; // an answer that comes after the button interrupts the kernel changes nothing
    stop.hidden = false;
    hint.hidden = true;
    act = end;
  };

  const endAsking = askKernel(model, {
    onAnswer: () =>
      offer(() => {
        model.send({ kgwb: "stop" });
        stop.textContent = `Stopping after this ${model.get("unit")} …`;
      }),
    onSilence: () => {
      const kernel = model.widget_manager?.kernel;
      if (typeof kernel?.interrupt !== "function") hint.hidden = false;
      else offer(() => kernel.interrupt?.());
    },
  });
  const forgetTheme = watchTheme(applyTheme);
  model.on("change:picture", draw);
  draw();
  applyTheme();
  return () => {
    endAsking();
    forgetTheme();
    model.off("change:picture", draw);
    root.remove();
  };
}

export default { render };
