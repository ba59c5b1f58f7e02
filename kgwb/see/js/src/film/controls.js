// What stands about the picture of a film: its name and quality, buttons, search, legend.

import { button, element, findFreeId } from "../shared/elements.js";
import { drawLegend } from "../shared/legend.js";
import { formatCount, formatShort } from "../shared/numbers.js";

/** @import { Film, State } from "./frames.js" */

const [PLAY, PAUSE] = ["▶ Play", "❚❚ Pause"];

/**
 * The entity of that label, else the first whose label holds the text, in any case of letters; −1 where there is none.
 * @param {string[]} labels
 * @param {string} text
 */
export function findLabel(labels, text) {
  const wanted = text.trim().toLowerCase();
  const lower = labels.map((label) => label.toLowerCase());
  const same = lower.indexOf(wanted);
  return same >= 0 || !wanted ? same : lower.findIndex((label) => label.includes(wanted));
}

/**
 * How far a frame can be trusted.
 * @param {Pick<Film, "trust" | "variance" | "reach">} film
 * @param {number} frame
 */
export function describeFrame({ trust, variance, reach }, frame) {
  const kept = `keeps ${Math.round(100 * variance[frame])} % of the variance`;
  return `trustworthiness ${trust[frame].toFixed(2)} · ${kept} · reaches ${formatShort(reach[frame])}`;
}

/**
 * @param {Film} film
 * @param {{play: () => void, go: (time: number) => void, fill: (filled: boolean) => void, find: (text: string) => void}} acts
 */
export function drawControls(film, acts) {
  const last = film.names.length - 1;
  const name = element("strong");
  const trust = element("span");
  const canvas = element("canvas", { tabindex: 0, role: "img" });
  const play = button({}, PLAY, acts.play);
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, value: last, "aria-label": "Frame" });
  const fill = element("input", { type: "checkbox" });
  const find = drawSearch(film.labels, acts.find);
  const chosen = element("div", { class: "chosen" });
  slider.addEventListener("input", () => acts.go(Number(slider.value)));
  fill.addEventListener("change", () => acts.fill(fill.checked));

  return {
    canvas,
    nodes: [
      element("div", { class: "now" }, name, trust),
      canvas,
      element("div", { class: "bar" }, play, slider),
      element("div", { class: "bar" }, element("label", {}, fill, "Every frame fills the picture"), ...find),
      chosen,
      drawLegend(film.legend),
    ],
    /** @param {State} state */
    update(state) {
      const frame = Math.round(state.time);
      const followed = [...state.chosen].map((i) => `${film.labels[i]} (${film.types[i]})`).join(", ");
      name.textContent = film.names[frame];
      trust.textContent = describeFrame(film, frame);
      slider.value = String(frame);
      slider.setAttribute("aria-valuetext", film.names[frame]);
      canvas.setAttribute("aria-label", `Map of ${film.labels.length} entities, ${film.names[frame]}`);
      play.textContent = state.playing ? PAUSE : PLAY;
      chosen.textContent = followed ? `Followed: ${followed}` : "Choose a dot, or find one, to follow its way.";
    },
  };
}

/**
 * @param {string[]} labels
 * @param {(text: string) => void} find
 */
function drawSearch(labels, find) {
  const id = findFreeId("kgwb-film");
  const placeholder = `Find one of ${formatCount(labels.length)}`;
  const input = element("input", { type: "search", placeholder, "aria-label": "Find an entity", list: id });
  const options = [...new Set(labels)].map((label) => element("option", { value: label }));
  input.addEventListener("change", () => find(input.value));
  return [input, element("datalist", { id }, ...options)];
}
