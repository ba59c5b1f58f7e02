// The keyboard on the picture: move, come nearer, walk from point to point, choose.

import { moveBy, zoomAt } from "./camera.js";
import { pixelOf } from "./front.js";
import { findNearest, findTowards } from "./places.js";

/** @import { Stage } from "./stage.js" */
/** @import { Hand } from "./pointer.js" */
/** @import { Place } from "./places.js" */

export const HELP =
  "Arrows move, + and − come nearer and go back, 0 shows the whole. Shift and arrows walk from point to point, Enter chooses " +
  "(with Shift it adds), Escape lets go. The wheel comes nearer while Ctrl is held or once the picture was clicked.";
const STEP = 60; // pixels
const [NEARER, EDGE] = [1.4, 40];
/** @type {Record<string, Place>} */
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * @param {Stage} stage
 * @param {Hand} hand
 * @param {{choose: (points: number[], add: boolean) => void, stand: (point: number) => void}} acts
 */
export function watchKeys(stage, hand, { choose, stand }) {
  /** @param {(map: number) => import("./camera.js").Camera} next */
  const turn = (next) => {
    const camera = next(0);
    stage.cameras.forEach((_, map) => {
      stage.cameras[map] = map === 0 || hand.locked ? camera : next(map);
    });
    stage.move();
  };
  /** @param {number} map @returns {Place} */
  const middle = (map) => {
    const { left, top, width, height } = stage.panels[map];
    return [left + width / 2, top + height / 2];
  };
  /** @param {number} factor */
  const zoom = (factor) =>
    turn((map) => zoomAt(stage.cameras[map], stage.panels[map], stage.extents[map], factor, middle(map)));
  const whole = () => turn(() => ({ x: 0, y: 0, zoom: 1 }));

  /** @param {Place} way */
  function walk(way) {
    const { state, points, strengths } = stage;
    const from = state.cursor >= 0 ? state.cursor : (state.chosen[0] ?? -1);
    const next =
      from < 0
        ? findNearest(points[0], strengths[0], stage.view(0).lens, middle(0), 1e6)
        : findTowards(points[0], strengths[0], from, way);
    if (next >= 0) stand(next);
  }

  /** Moved so that a point is well in sight on the first map. */
  function show(/** @type {number} */ point) {
    stage.cameras.forEach((_, map) => {
      const panel = stage.panels[map];
      const [x, y] = pixelOf(stage.points[map], point, stage.view(map).lens);
      const [left, top] = [x - panel.left, y - panel.top];
      if (left > EDGE && top > EDGE && left < panel.width - EDGE && top < panel.height - EDGE) return;
      const camera = moveBy(
        stage.cameras[map],
        panel,
        stage.extents[map],
        panel.width / 2 - left,
        panel.height / 2 - top,
      );
      stage.cameras[map] = camera;
      if (hand.locked) stage.cameras.fill(camera);
    });
    stage.move();
  }

  stage.pad.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    const { cursor } = stage.state;
    /** @type {Record<string, () => void>} */
    const acts = {
      "+": () => zoom(NEARER),
      "=": () => zoom(NEARER),
      "-": () => zoom(1 / NEARER),
      0: whole,
      Enter: () => cursor >= 0 && choose([cursor], event.shiftKey),
      Escape: () => {
        stand(-1);
        choose([], false);
      },
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = way
      ? () => {
          if (event.shiftKey) walk(way);
          else
            turn((map) =>
              moveBy(stage.cameras[map], stage.panels[map], stage.extents[map], -way[0] * STEP, way[1] * STEP),
            );
        }
      : acts[event.key];
    if (!act) return;
    event.preventDefault(); // or the page scrolls
    event.stopPropagation();
    act();
  });
  return { zoom, whole, show };
}
