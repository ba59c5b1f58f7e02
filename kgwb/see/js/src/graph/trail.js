// The way one came: each step can be gone back to, and looks as it was left.

import { button, element } from "../shared/elements.js";
import { shorten } from "../shared/numbers.js";

/** @import { Snapshot } from "./shown.js" */
/**
 * @typedef {{mode: "entities" | "types", key: number, name: string, snapshot: Snapshot | null}} Step a key of −1: nothing chosen
 * @typedef {ReturnType<typeof openTrail>} Trail
 */

const SHOWN = 7; // steps by name; those before them are one sign

/**
 * @param {Step} first
 * @param {{leave: () => Snapshot, enter: (step: Step) => void}} walk
 */
export function openTrail(first, { leave, enter }) {
  /** @type {Step[]} */
  let steps = [first];
  const node = element("nav", { class: "trail", "aria-label": "the way here" });

  /** @param {number} place */
  function goTo(place) {
    if (place < 0 || place >= steps.length - 1) return false;
    steps = steps.slice(0, place + 1);
    enter(steps[place]);
    draw();
    return true;
  }

  function draw() {
    node.style.visibility = steps.length < 2 ? "hidden" : ""; // its line is kept, so that the picture does not jump
    const from = Math.max(0, steps.length - SHOWN);
    const parts = steps.slice(from).map(({ name }, i) => {
      const text = shorten(name);
      const here = from + i === steps.length - 1;
      return here ? element("span", { "aria-current": "step" }, text) : button({}, text, () => goTo(from + i));
    });
    node.replaceChildren(...(from ? ["… › "] : []), ...parts.flatMap((part, i) => (i ? [" › ", part] : [part])));
    node.scrollLeft = node.scrollWidth;
  }

  draw();
  return {
    node,
    get steps() {
      return steps;
    },
    /** @param {Omit<Step, "snapshot">} step */
    add(step) {
      const last = steps[steps.length - 1];
      if (last.mode === step.mode && last.key === step.key && (step.key >= 0 || last.name === step.name)) return;
      last.snapshot = leave();
      steps.push({ ...step, snapshot: null });
      draw();
    },
    back: () => goTo(steps.length - 2),
  };
}
