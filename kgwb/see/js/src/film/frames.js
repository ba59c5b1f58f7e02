// Where each dot is at each moment.

import { decodeShares } from "../shared/decoding.js";

/** @import { Mark } from "../shared/legend.js" */

const MARGIN = 0.46; // of the picture's side: from the middle to the outermost dot

/**
 * What Python packs (film/page.py); `points` are shares of each frame's reach, `colours` are places in `shades`.
 * @typedef {{
 *   names: string[], trust: number[], variance: number[], reach: number[], points: string, labels: string[],
 *   types: string[], shades: string[], colours: number[], legend: Mark[],
 *   ringed: number[], named: number[], radius: number
 * }} Film
 *
 * `time` counts frames and lies between two of them while the film moves; `near` is the dot under the pointer, or −1.
 * @typedef {{time: number, playing: boolean, filled: boolean, chosen: Set<number>, near: number}} State
 *
 * @typedef {[x: number, y: number]} Point
 * @typedef {ReturnType<typeof openFrames>} Frames
 */

/** @param {Pick<Film, "points" | "reach" | "labels" | "names">} film */
export function openFrames({ points, reach, labels, names }) {
  const shares = decodeShares(points); // [frame, dot, axis]
  const widest = Math.max(...reach);

  /**
   * A dot between two frames, as a share of the widest reach, or of this moment's where every frame fills the picture.
   * @param {number} i
   * @param {number} time
   * @param {boolean} filled
   * @returns {Point}
   */
  function place(i, time, filled) {
    const before = Math.floor(time);
    const after = Math.min(before + 1, names.length - 1);
    /**
     * @param {number} from
     * @param {number} to
     */
    const blend = (from, to) => from + (to - from) * (time - before);
    const scale = filled ? blend(reach[before], reach[after]) : widest;
    const [from, to] = [before, after].map((frame) => 2 * (frame * labels.length + i));
    /** @param {number} axis */
    const along = (axis) => blend(shares[from + axis] * reach[before], shares[to + axis] * reach[after]) / scale;
    return [along(0), along(1)];
  }

  /**
   * The same in pixels of a picture of that side, whose second axis runs down.
   * @param {number} i
   * @param {number} time
   * @param {boolean} filled
   * @param {number} side
   * @returns {Point}
   */
  function pixel(i, time, filled, side) {
    const [across, up] = place(i, time, filled);
    return [side / 2 + across * side * MARGIN, side / 2 - up * side * MARGIN];
  }

  return { place, pixel };
}

/**
 * The point nearest to a place, the first of equals; −1 where none lies within the reach.
 * @param {Point[]} points
 * @param {Point} place
 * @param {number} reach
 */
export function findNearest(points, [x, y], reach) {
  let nearest = -1;
  let least = reach ** 2;
  points.forEach(([u, v], i) => {
    const far = (u - x) ** 2 + (v - y) ** 2;
    if (far < least) [nearest, least] = [i, far];
  });
  return nearest;
}
