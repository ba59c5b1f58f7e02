// Coming nearer and going further away, by buttons and by the wheel.

import { button, element } from "../shared/elements.js";

export const WHOLE = { maxZoomLevel: 1.5 }; // a small graph is not blown up to fill the picture
const STEP = 1.4;

/** @param {vis.Network} network */
export function drawZoom(network) {
  /** @param {number} factor */
  const zoom = (factor) => () => network.moveTo({ scale: network.getScale() * factor });
  /** @type {[sign: string, name: string, act: () => void][]} */
  const controls = [
    ["+", "Nearer", zoom(STEP)],
    ["−", "Further", zoom(1 / STEP)],
    ["◻", "The whole picture", () => network.fit(WHOLE)],
  ];
  const buttons = controls.map(([sign, name, act]) => button({ "aria-label": name, title: name }, sign, act));
  return element("div", { class: "zoom" }, ...buttons);
}

/**
 * The page scrolls under the wheel until the picture has been clicked.
 * @param {HTMLElement} canvas
 */
export function keepWheel(canvas) {
  let inside = false;
  canvas.addEventListener("pointerdown", () => {
    inside = true;
  });
  canvas.addEventListener("pointerleave", () => {
    inside = false;
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!inside && !event.ctrlKey) event.stopPropagation(); // before vis-network, which listens below
    },
    { capture: true, passive: true },
  );
}
