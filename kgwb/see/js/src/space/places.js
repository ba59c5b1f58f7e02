// Which points lie at a place of a map: the nearest to the pointer, those in a lasso or a box.

/** @import { Lens } from "./camera.js" */
/** @typedef {[x: number, y: number]} Place */

const BANDS = 64; // of a lasso's height

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
  const band = BANDS / (north - south || 1);
  const bands = sortSides(xs, ys, south, band);
  const found = [];
  for (let i = 0, at = 0; at < points.length; i++, at += 2) {
    const x = points[at];
    const y = points[at + 1];
    if (x < west || x > east || y < south || y > north || !strengths[i]) continue;
    if (crossesOdd(bands[Math.min(BANDS - 1, Math.floor((y - south) * band))], x, y)) found.push(i);
  }
  return found;
}

/**
 * The sides of a polygon by the bands of height that they reach through, so that few are looked at for each point.
 * @param {Float64Array} xs
 * @param {Float64Array} ys
 * @param {number} south
 * @param {number} band bands a unit
 */
function sortSides(xs, ys, south, band) {
  /** @type {number[][]} */
  const bands = Array.from({ length: BANDS }, () => []);
  for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
    const first = Math.floor((Math.min(ys[i], ys[j]) - south) * band);
    const last = Math.min(BANDS - 1, Math.floor((Math.max(ys[i], ys[j]) - south) * band));
    for (let at = Math.max(0, first); at <= last; at++) bands[at].push(xs[i], ys[i], xs[j], ys[j]);
  }
  return bands;
}

/**
 * Whether a ray from a point crosses the sides an odd number of times.
 * @param {number[]} sides four numbers each: from where to where
 * @param {number} x
 * @param {number} y
 */
function crossesOdd(sides, x, y) {
  let inside = false;
  for (let at = 0; at < sides.length; at += 4) {
    const [ax, ay, bx, by] = [sides[at], sides[at + 1], sides[at + 2], sides[at + 3]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/**
 * The same lasso with fewer corners: those nearer than a tolerance to the last one kept are left out.
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
