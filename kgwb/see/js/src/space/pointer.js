// Mouse, pen and fingers on the picture: move, come nearer, choose a point, a lasso or a box.

import { holds, moveBy, zoomAt } from "./camera.js";
import { findInside, findNearest, thinOutline } from "./places.js";

/** @import { Stage } from "./stage.js" */
/** @import { Place } from "./places.js" */

const REACH = 12; // pixels from a point within which it is meant
const STILL = 5; // pixels that a click may wander

/**
 * @typedef {{mode: "move" | "lasso" | "box", locked: boolean}} Hand
 * @param {Stage} stage
 * @param {Hand} hand what a drag does; whether all maps move as one
 * @param {{choose: (points: number[], add: boolean) => void, hover: (point: number, place: Place | null) => void}} acts
 * @returns {() => void} clean-up
 */
export function watchPointers(stage, hand, { choose, hover }) {
  const { pad } = stage;
  /** @type {Map<number, Place>} */
  const down = new Map();
  /** @type {{map: number, start: Place, moved: boolean, add: boolean, outline: Place[] | null, last: Place} | null} */
  let drag = null;

  /** @param {PointerEvent | WheelEvent} event @returns {Place} */
  const placeOf = (event) => {
    const box = pad.getBoundingClientRect();
    const grown = box.width / pad.offsetWidth || 1; // a page may be drawn larger than it is
    return [(event.clientX - box.left) / grown, (event.clientY - box.top) / grown];
  };
  /** @param {Place} place */
  const mapAt = ([x, y]) => stage.panels.findIndex((panel) => holds(panel, x, y));
  /**
   * @param {number} map
   * @param {Place} place
   */
  const pointAt = (map, place) =>
    findNearest(
      stage.points[map],
      stage.strengths[map],
      stage.view(map).lens,
      place,
      Math.max(REACH, stage.size.radius),
    );
  /**
   * @param {number} map
   * @param {(map: number) => import("./camera.js").Camera} next
   */
  const turn = (map, next) => {
    const camera = next(map);
    if (hand.locked) stage.cameras.fill(camera);
    else stage.cameras[map] = camera;
    stage.move();
  };

  /** @param {PointerEvent} event */
  function press(event) {
    if (event.button > 0) return;
    const place = placeOf(event);
    const map = mapAt(place);
    if (map < 0) return;
    down.set(event.pointerId, place);
    pad.setPointerCapture(event.pointerId);
    const drawing = hand.mode !== "move" || event.shiftKey;
    drag = { map, start: place, last: place, moved: false, add: event.shiftKey, outline: drawing ? [place] : null };
  }

  /** @param {PointerEvent} event */
  function move(event) {
    const place = placeOf(event);
    if (down.size === 2 && down.has(event.pointerId)) return pinch(event.pointerId, place);
    if (!drag || !down.has(event.pointerId)) {
      const map = mapAt(place);
      hover(map < 0 ? -1 : pointAt(map, place), place);
      return;
    }
    down.set(event.pointerId, place);
    const { start, last, map } = drag;
    drag.moved ||= Math.hypot(place[0] - start[0], place[1] - start[1]) > STILL;
    if (!drag.moved) return;
    hover(-1, null);
    if (drag.outline) {
      drag.outline = hand.mode === "box" ? boxFrom(start, place) : [...drag.outline, place];
      stage.state.outline = drag.outline;
      stage.paint();
    } else
      turn(map, (one) =>
        moveBy(stage.cameras[one], stage.panels[one], stage.extents[one], place[0] - last[0], place[1] - last[1]),
      );
    drag.last = place;
  }

  /**
   * @param {number} finger
   * @param {Place} place
   */
  function pinch(finger, place) {
    const [one, two] = [...down.keys()];
    const other = /** @type {Place} */ (down.get(finger === one ? two : one));
    const before = /** @type {Place} */ (down.get(finger));
    const map = drag?.map ?? 0;
    const factor =
      Math.hypot(place[0] - other[0], place[1] - other[1]) /
      (Math.hypot(before[0] - other[0], before[1] - other[1]) || 1);
    down.set(finger, place);
    /** @type {Place} */
    const middle = [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
    if (drag) Object.assign(drag, { moved: true, outline: null });
    stage.state.outline = null;
    turn(map, (at) => zoomAt(stage.cameras[at], stage.panels[at], stage.extents[at], factor, middle));
  }

  /** @param {PointerEvent} event */
  function release(event) {
    if (!down.delete(event.pointerId) || !drag) return;
    if (down.size) return;
    const { map, moved, outline, add, start } = drag;
    drag = null;
    stage.state.outline = null;
    if (event.type === "pointercancel") stage.paint();
    else if (moved && outline)
      choose(findInside(stage.points[map], stage.strengths[map], stage.view(map).lens, thinOutline(outline, 2)), add);
    else if (!moved) {
      const point = pointAt(map, start);
      choose(point < 0 ? [] : [point], add);
      if (event.pointerType === "touch") hover(point, start);
    }
  }

  /** @param {WheelEvent} event */
  function roll(event) {
    if (!(event.ctrlKey || event.metaKey || pad.matches(":focus"))) return; // the page scrolls
    const place = placeOf(event);
    const map = mapAt(place);
    if (map < 0) return;
    event.preventDefault();
    const step = event.deltaY * (event.deltaMode ? 20 : 1);
    turn(map, (one) =>
      zoomAt(
        stage.cameras[one],
        stage.panels[one],
        stage.extents[one],
        Math.exp(-Math.max(-80, Math.min(80, step)) / 200),
        place,
      ),
    );
  }

  /** @param {PointerEvent} event a finger that is lifted leaves too, and its card stays */
  const leave = (event) => event.pointerType !== "touch" && hover(-1, null);
  pad.addEventListener("pointerdown", press);
  pad.addEventListener("pointermove", move);
  pad.addEventListener("pointerup", release);
  pad.addEventListener("pointercancel", release);
  pad.addEventListener("pointerleave", leave);
  pad.addEventListener("wheel", roll, { passive: false });
  return () => down.clear();
}

/**
 * @param {Place} one
 * @param {Place} other
 * @returns {Place[]}
 */
function boxFrom([x, y], [u, v]) {
  return [
    [x, y],
    [u, y],
    [u, v],
    [x, v],
  ];
}
