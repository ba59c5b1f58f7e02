// The quiet controls below the picture.

import { button, element } from "../shared/elements.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @typedef {{node: HTMLElement, update: () => void}} Control */

const MOST = 50; // percent

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawControls(facts, choice) {
  const named = facts.sentences.some((sentence) => sentence.spans.some((span) => span.last - span.first > 1));
  const all = [
    ...(facts.sentences.length > 1 ? [drawSelect(facts, choice)] : []),
    drawSwitch("drawn as", "drawn", ["lines", "matrix"], choice),
    drawSwitch("all heads as", "combine", ["mean", "max", "rollout"], choice),
    ...(named ? [drawSwitch("by", "pieces", ["words", "mentions"], choice)] : []),
    ...(facts.two ? [drawSwitch("difference", "difference", ["raw", "renormalised"], choice)] : []),
    ...(facts.two ? [drawSwitch("thumbnails", "thumbnails", ["weights", "change"], choice)] : []),
    drawFilter(choice),
  ];
  return {
    nodes: all.map((control) => control.node),
    update() {
      for (const control of all) control.update();
    },
  };
}

/**
 * @param {string} label
 * @param {"drawn" | "combine" | "pieces" | "difference" | "thumbnails"} name
 * @param {string[]} words
 * @param {Choice} choice
 * @returns {Control}
 */
function drawSwitch(label, name, words, choice) {
  const buttons = words.map((word) => button({}, word, () => choice.draw(name, word)));
  return {
    node: element(
      "div",
      { class: "switches", role: "group", "aria-label": label },
      element("span", { class: "muted" }, label),
      ...buttons,
    ),
    update() {
      buttons.forEach((one, i) => {
        one.setAttribute("aria-pressed", String(words[i] === choice[name]));
      });
    },
  };
}

/**
 * @param {Choice} choice
 * @returns {Control}
 */
function drawFilter(choice) {
  const slider = element("input", { type: "range", min: 0, max: MOST, step: 1, "aria-label": "hide weights below" });
  const said = element("output", { class: "said" });
  slider.addEventListener("input", () => choice.draw("least", Number(slider.value) / 100));
  slider.addEventListener("keydown", (event) => event.stopPropagation());
  return {
    node: element("label", {}, "hide below", slider, said),
    update() {
      slider.value = String(Math.round(100 * choice.least));
      said.textContent = choice.least ? choice.least.toFixed(2).replace(/^0/, "") : "0";
    },
  };
}

/**
 * @param {Facts} facts
 * @param {Choice} choice
 * @returns {Control}
 */
function drawSelect(facts, choice) {
  const options = facts.sentences.map((one) =>
    element("option", { value: one.number }, `${one.number} · ${one.text.slice(0, 200)}`),
  );
  const select = element("select", { "aria-label": "sentence" }, ...options);
  select.addEventListener("change", () => {
    const chosen = facts.sentences.find((one) => String(one.number) === select.value);
    if (chosen) choice.set({ sentence: chosen.number, focus: chosen.focus });
  });
  select.addEventListener("keydown", (event) => event.stopPropagation());
  return {
    node: element("label", {}, "sentence", select),
    update() {
      select.value = String(choice.sentence.number);
    },
  };
}
