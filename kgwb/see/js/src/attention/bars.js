// A column of small bars, one beside each token; below zero they run to the left in grey.

import { element } from "../shared/elements.js";

const WIDTH = 44;

/**
 * @param {number} count of tokens
 * @param {string} kind
 */
export function drawBars(count, kind) {
  const bars = Array.from({ length: count }, () => element("i", { class: "bar" }));
  const cells = bars.map((bar) => element("div", { class: "bar-cell" }, bar));
  return {
    node: element("div", { class: `bars ${kind}` }, ...cells),
    /** @param {ArrayLike<number> | null} figures */
    update(figures) {
      const all = Array.from({ length: count }, (_, i) => figures?.[i] ?? Number.NaN);
      const { left, scale } = fitBars(all);
      all.forEach((figure, i) => {
        const size = Number.isNaN(figure) ? 0 : Math.abs(figure) * scale;
        bars[i].style.left = `${figure < 0 ? left - size : left}px`;
        bars[i].style.width = `${Math.max(size, Number.isNaN(figure) ? 0 : 1)}px`;
        bars[i].classList.toggle("below", figure < 0);
        cells[i].title = Number.isNaN(figure) ? "missing" : formatBar(figure);
      });
    },
  };
}

/**
 * Where zero stands, and how many pixels one is.
 * @param {number[]} figures
 */
export function fitBars(figures) {
  const known = figures.filter((figure) => !Number.isNaN(figure));
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
  const scale = high > low ? WIDTH / (high - low) : 0;
  return { left: -low * scale, scale };
}

/** @param {number} figure */
function formatBar(figure) {
  return `${figure < 0 ? "−" : ""}${Math.abs(figure).toPrecision(3)}`;
}
