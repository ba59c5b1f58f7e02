// The axes, and the layers by their colours.

import { button, element } from "../shared/elements.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawControls(facts, choice) {
  const axes = /** @type {const} */ (["x", "y"]).map((axis) => drawAxis(axis, facts, choice));
  const layers = facts.colours.map((colour, layer) => {
    const sign = element("i");
    sign.style.background = colour;
    const node = button({ title: `show or hide layer ${layer}` }, "", () => choice.toggle(layer));
    node.append(sign, String(layer));
    return node;
  });
  const legend = element(
    "div",
    { class: "layers", role: "group", "aria-label": "layers" },
    element("span", { class: "muted" }, "layer"),
    ...layers,
  );
  return {
    nodes: [...axes.map((axis) => axis.node), legend],
    update() {
      for (const axis of axes) axis.update();
      layers.forEach((node, layer) => {
        node.setAttribute("aria-pressed", String(!choice.hidden.has(layer)));
      });
    },
  };
}

/**
 * @param {"x" | "y"} axis
 * @param {Facts} facts
 * @param {Choice} choice
 */
function drawAxis(axis, facts, choice) {
  const name = axis === "x" ? "across" : "up";
  const options = facts.metrics.map((metric) => element("option", { value: metric.name }, metric.label));
  const select = element("select", { "aria-label": name }, ...options);
  select.addEventListener("change", () => choice.turn(axis, select.value));
  select.addEventListener("keydown", (event) => event.stopPropagation());
  return {
    node: element("label", {}, name, select),
    update() {
      select.value = choice.look[axis];
    },
  };
}
