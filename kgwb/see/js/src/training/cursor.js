// The values at one epoch or step: where the mouse or a finger is, and read out where the arrow keys go.

import { element } from "../shared/elements.js";
import { formatCount } from "../shared/numbers.js";
import { formatValue } from "./series.js";

/** @import { Place } from "./placing.js" */

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/**
 * The numbers of the epochs or steps of a panel, in order.
 * @param {Pick<Place, "lines">} place
 */
export function listNumbers({ lines }) {
  return [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((one, other) => one - other);
}

/**
 * The values of a panel at one number, in words.
 * @param {Pick<Place, "lines">} place
 * @param {number} number
 */
export function readValues({ lines }, number) {
  const found = lines.flatMap(({ name, kind, points }) => {
    const point = points.find(({ x }) => x === number);
    return point && kind !== "seed" ? [{ name, ...point }] : [];
  });
  return found
    .map(({ name, y, low, high }) => {
      const sure = Number.isFinite(low + high) ? ` (${formatValue(low)} to ${formatValue(high)})` : "";
      return `${name} ${formatValue(y)}${sure}`;
    })
    .join("; ");
}

/**
 * @param {HTMLElement} picture
 * @param {HTMLElement} canvas which takes the keys
 * @param {{places: () => Place[], unit: () => string, redraw: () => void}} options
 */
export function openCursor(picture, canvas, { places, unit, redraw }) {
  const spoken = element("p", { class: "spoken", "aria-live": "polite" });
  picture.append(spoken);
  /** @type {number | null} */
  let number = null;
  let panel = 0;

  /** @param {number | null} next */
  const move = (next) => {
    if (next === number) return;
    number = next;
    redraw();
  };
  const leave = () => move(null);
  /** @param {PointerEvent} event */
  const follow = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const found = places().findIndex(
      ({ left, top, width, height }) => x >= left - 4 && x <= left + width + 4 && y >= top && y <= top + height,
    );
    const numbers = found < 0 ? [] : listNumbers(places()[found]);
    if (!numbers.length) return leave();
    panel = found;
    const { across } = places()[panel];
    move(numbers.reduce((best, each) => (Math.abs(across(each) - x) < Math.abs(across(best) - x) ? each : best)));
  };
  const speak = () => {
    const place = places()[panel];
    if (place && number !== null)
      spoken.textContent = `${place.panel.title}, ${unit()} ${formatCount(number)}: ${readValues(place, number)}`;
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const { key } = event;
    const count = places().length;
    if (key === "Escape" && number !== null) leave();
    else if (key in STEPS) {
      const numbers = places()[panel] ? listNumbers(places()[panel]) : [];
      if (!numbers.length) return;
      const from = number ?? (STEPS[key] < 0 ? Infinity : -Infinity);
      const at = numbers.filter((each) => each <= from).length - Number(from < Infinity);
      move(numbers[Math.min(numbers.length - 1, Math.max(0, at + STEPS[key]))]);
      speak();
    } else if ((key === "ArrowUp" || key === "ArrowDown") && count > 1) {
      panel = (panel + (key === "ArrowUp" ? count - 1 : 1)) % count;
      speak();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  canvas.addEventListener("pointermove", follow);
  canvas.addEventListener("pointerdown", follow);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") leave(); // a finger that is lifted leaves the values in sight
  });
  canvas.addEventListener("keydown", press);
  canvas.addEventListener("blur", leave);
  return {
    get number() {
      return number;
    },
  };
}
