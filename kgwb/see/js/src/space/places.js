// Which points lie at a place of a map: the nearest to the pointer, those in a lasso or a box.

/** @import { Lens } from "./camera.js" */
/** @typedef {[x: number, y: number]} Place */

/**
 * The nearest point that is shown, within a reach; −1 where there is none.
 * @param {Float32Array} points [point, 2]
 * @param {Uint8Array} strengths 0 is hidden
 * @param {Lens} lens
 * @param {Place} place in pixels
 * @param {number} reach in pixels
 */
export function findNearest(points, strengths, lens, [px, py], reach) {
  const [x, y] = [(px - lens.left) / lens.scale, (lens.top - py) / lens.scale];
  let least = (reach / lens.scale) ** 2;
  let found = -1;
  for (let i = 0, at = 0; at < points.length; i++, at += 2) {
    const across = points[at] - x;
    const up = points[at + 1] - y;
    const far = across * across + up * up;
    if (far <= least && strengths[i]) {
      if (far === least && found >= 0) continue;
      [least, found] = [far, i];
    }
  }
  return found;
}

/**
 * The points within a polygon of pixels (even-odd), of those that are shown.
 * @param {Float32Array} points
 * @param {Uint8Array} strengths
 * @param {Lens} lens
 * @param {Place[]} outline
 * @returns {number[]}
 */
export function findInside(points, strengths, lens, outline) {
  const corners = outline.map(([x, y]) => [(x - lens.left) / lens.scale, (lens.top - y) / lens.scale]);
  const [xs, ys] = [0, 1].map((axis) => Float64Array.from(corners, (corner) => corner[axis]));
  const [west, east] = [Math.min(...xs), Math.max(...xs)];
  const [south, north] = [Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let i = 0, at = 0; at < points.length; i++, at += 2) {
    const x = points[at];
    const y = points[at + 1];
    if (x < west || x > east || y < south || y > north || !strengths[i]) continue;
    if (isInside(xs, ys, x, y)) found.push(i);
  }
  return found;
}

/**
 * Whether a point lies in a polygon: a ray from it crosses the outline an odd number of times.
 * @param {Float64Array} xs
 * @param {Float64Array} ys
 * @param {number} x
 * @param {number} y
 */
export function isInside(xs, ys, x, y) {
  let inside = false;
  for (let i = 0, j = xs.length - 1; i < xs.length; j = i++)
    if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) inside = !inside;
  return inside;
}

/**
 * The same lasso with fewer corners: those that stray less than a tolerance from the line are left out (Douglas–Peucker by
 * distance to the last corner kept is enough here).
 * @param {Place[]} outline
 * @param {number} tolerance in pixels
 * @returns {Place[]}
 */
export function thinOutline(outline, tolerance) {
  /** @type {Place[]} */
  const kept = [];
  for (const place of outline) {
    const last = kept[kept.length - 1];
    if (!last || Math.hypot(place[0] - last[0], place[1] - last[1]) >= tolerance) kept.push(place);
  }
  return kept;
}

/**
 * The points nearest to one of them on a map, nearest first, of equals the first.
 * @param {Float32Array} points
 * @param {number} point
 * @param {number} count
 * @returns {number[]}
 */
export function listNearest(points, point, count) {
  const [x, y] = [points[2 * point], points[2 * point + 1]];
  /** @type {number[]} */
  const found = [];
  /** @type {number[]} */
  const distances = [];
  for (let i = 0, at = 0; at < points.length; i++, at += 2) {
    if (i === point) continue;
    const far = (points[at] - x) ** 2 + (points[at + 1] - y) ** 2;
    if (found.length === count && far >= distances[count - 1]) continue;
    let place = found.length;
    while (place > 0 && distances[place - 1] > far) place--;
    found.splice(place, 0, i);
    distances.splice(place, 0, far);
    if (found.length > count) {
      found.pop();
      distances.pop();
    }
  }
  return found;
}

/**
 * The nearest point in a direction: within an eighth of a turn to either side, nearer to its middle counting for more.
 * @param {Float32Array} points
 * @param {Uint8Array} strengths
 * @param {number} from
 * @param {Place} way (1, 0) is to the right, (0, 1) upwards
 */
export function findTowards(points, strengths, from, [wx, wy]) {
  const [x, y] = [points[2 * from], points[2 * from + 1]];
  let [found, least] = [-1, Infinity];
  for (let i = 0, at = 0; at < points.length; i++, at += 2) {
    const across = points[at] - x;
    const up = points[at + 1] - y;
    const along = across * wx + up * wy;
    const aside = Math.abs(across * wy - up * wx);
    if (i === from || along <= 0 || aside > along || !strengths[i]) continue;
    const cost = along + 2 * aside;
    if (cost < least) [found, least] = [i, cost];
  }
  return found;
}
