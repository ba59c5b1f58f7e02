// Mouse and touch on the picture: drag to move it, or a dot; pinch or the wheel to come nearer; a tap, a double or a long one.

/** @import { Hit } from "./finding.js" */
/**
 * @typedef {{
 *   find: (x: number, y: number, slack?: number) => Hit, tap: (hit: Hit, several: boolean) => void, open: (hit: Hit) => void,
 *   hover: (hit: Hit, x: number, y: number) => void, leave: () => void, moveDot: (dot: number, x: number, y: number) => void,
 *   pan: (dx: number, dy: number) => void, zoom: (factor: number, x: number, y: number) => void
 * }} Acts places in pixels from the corner of the canvas
 */

const STILL = 4; // pixels that a hand may tremble
const LONG = 520; // milliseconds of a long press
const FINGER = 10; // pixels of slack

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Acts} acts
 */
export function openGestures(canvas, acts) {
  /** @type {Map<number, [number, number]>} */
  const pointers = new Map();
  /** @type {{x: number, y: number, hit: Hit, moved: boolean, done: boolean} | null} */
  let press = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {MouseEvent} event @returns {[number, number]} */
  const place = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  /** @param {PointerEvent} event */
  const slackOf = (event) => (event.pointerType === "touch" ? FINGER : 0);

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    const [x, y] = place(event);
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, [x, y]);
    clearTimeout(timer);
    if (pointers.size > 1) {
      press = null;
      return;
    }
    const here = { x, y, hit: acts.find(x, y, slackOf(event)), moved: false, done: false };
    press = here;
    if (event.pointerType === "touch" && here.hit.dot >= 0)
      timer = setTimeout(() => {
        here.done = true;
        acts.open(here.hit);
      }, LONG);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    const last = pointers.get(event.pointerId);
    if (!last) {
      acts.hover(acts.find(x, y), x, y);
      return;
    }
    if (pointers.size === 2) pinch(event.pointerId, last, [x, y]);
    pointers.set(event.pointerId, [x, y]);
    if (!press || press.done || pointers.size > 1) return;
    if (!press.moved && Math.hypot(x - press.x, y - press.y) < STILL + slackOf(event) / 2) return;
    press.moved = true;
    clearTimeout(timer);
    acts.leave();
    if (press.hit.dot >= 0) acts.moveDot(press.hit.dot, x, y);
    else acts.pan(x - last[0], y - last[1]);
  });
  canvas.addEventListener("pointerup", (event) => {
    clearTimeout(timer);
    pointers.delete(event.pointerId);
    if (press && !press.moved && !press.done) acts.tap(press.hit, event.shiftKey || event.ctrlKey || event.metaKey);
    press = null;
  });
  canvas.addEventListener("pointercancel", (event) => {
    clearTimeout(timer);
    pointers.delete(event.pointerId);
    press = null;
  });
  canvas.addEventListener("pointerleave", () => acts.leave());
  canvas.addEventListener("dblclick", (event) => acts.open(acts.find(...place(event))));
  canvas.addEventListener("contextmenu", (event) => {
    if (press?.done) event.preventDefault(); // a long press is ours
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      const inFocus = /** @type {Document | ShadowRoot} */ (canvas.getRootNode()).activeElement === canvas;
      if (!event.ctrlKey && !event.metaKey && !inFocus) return; // the page scrolls until the picture was chosen
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 24 : 1;
      acts.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.008 : 0.0022)), ...place(event));
    },
    { passive: false },
  );

  /** @param {number} id @param {[number, number]} from @param {[number, number]} to */
  function pinch(id, from, to) {
    const other = [...pointers].find(([each]) => each !== id)?.[1];
    if (!other) return;
    const spread = (/** @type {[number, number]} */ [x, y]) => Math.hypot(x - other[0], y - other[1]) || 1;
    acts.zoom(spread(to) / spread(from), (to[0] + other[0]) / 2, (to[1] + other[1]) / 2);
    acts.pan((to[0] - from[0]) / 2, (to[1] - from[1]) / 2);
  }

  return () => clearTimeout(timer);
}
