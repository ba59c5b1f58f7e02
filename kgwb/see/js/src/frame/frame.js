// Shows a whole offline page in a frame that can reach neither the notebook nor the network.

import { element } from "../shared/elements.js";
import { readJupyterLight, watchTheme } from "../shared/theme.js";
import { callAll, watchMessages } from "../shared/watching.js";
import { limitHeight, markTheme } from "./limits.js";

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const frame = element("iframe", { sandbox: "allow-scripts", title: model.get("title") });
  Object.assign(frame.style, { width: "100%", height: "680px", border: "0", display: "block" });
  const postTheme = () => frame.contentWindow?.postMessage({ kgwb: "theme", light: readJupyterLight() }, "*");
  const stop = callAll(
    watchTheme(postTheme),
    watchMessages(
      () => frame.contentWindow,
      (message) => {
        if (message?.kgwb === "height") frame.style.height = `${limitHeight(message.height)}px`;
        if (message?.kgwb === "ready") postTheme();
        if (message?.kgwb === "selected" && Array.isArray(message.entities)) select(message.entities);
      },
    ),
  );

  /** @param {unknown[]} entities what the page says, which may be anything */
  function select(entities) {
    model.set("selected", entities.filter(Number.isInteger));
    model.set("touched", true);
    model.save_changes();
  }

  frame.srcdoc = markTheme(model.get("page"), readJupyterLight());
  el.append(frame);
  return () => {
    stop();
    frame.remove();
  };
}

export default { render };
