// How lines run on the screen: straight, in a fan where several join the same two dots, as loops that stand apart.

const FAN = 17; // pixels between the middles of two lines of a fan
const LOOP = 30;
const NEST = 15;
const ROUND = 5; // loops that stand about a dot before further ones lie around those

/**
 * A curve by its points: two of a straight line, three with one control point, four of a loop.
 * @typedef {number[]} Curve x, y, x, y, ...
 */

/**
 * Where all of a picture stands on the screen; a line out of sight has no curve.
 * @typedef {{x: Float64Array, y: Float64Array, radii: Float64Array, curves: (Curve | null)[]}} Course
 */

/**
 * @param {number} x1 @param {number} y1 @param {number} r1 @param {number} x2 @param {number} y2 @param {number} r2
 * @param {number} bend pixels by which its middle lies aside, seen from the first end
 * @returns {Curve}
 */
export function runLine(x1, y1, r1, x2, y2, r2, bend) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1e-9;
  if (!bend) {
    const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
    const [near, far] = [Math.min(r1, length / 3), Math.min(r2 + 1.5, length / 3)];
    return [x1 + ux * near, y1 + uy * near, x2 - ux * far, y2 - uy * far];
  }
  const cx = (x1 + x2) / 2 - ((y2 - y1) / length) * 2 * bend;
  const cy = (y1 + y2) / 2 + ((x2 - x1) / length) * 2 * bend;
  const [one, two] = [Math.hypot(cx - x1, cy - y1) || 1e-9, Math.hypot(cx - x2, cy - y2) || 1e-9];
  const [near, far] = [Math.min(r1, one * 0.9) / one, Math.min(r2 + 1.5, two * 0.9) / two];
  return [x1 + (cx - x1) * near, y1 + (cy - y1) * near, cx, cy, x2 + (cx - x2) * far, y2 + (cy - y2) * far];
}

/**
 * @param {number} x @param {number} y @param {number} radius
 * @param {number} lane
 * @param {number} side the direction in which the first loop stands
 * @param {number} scale
 * @returns {Curve}
 */
export function runLoop(x, y, radius, lane, side, scale) {
  const angle = side + ((lane % ROUND) * 2 * Math.PI) / ROUND;
  const reach = radius + (LOOP + NEST * Math.floor(lane / ROUND)) * scale;
  return [
    [radius, -0.5],
    [reach, -0.55],
    [reach, 0.55],
    [radius + 1.5, 0.5],
  ].flatMap(([far, turn]) => [x + far * Math.cos(angle + turn), y + far * Math.sin(angle + turn)]);
}

/**
 * By how much a line lies aside, seen from its head; the same lane lies on the same side whichever end is the head.
 * @param {{from: number, to: number, lane: number, lanes: number}} line
 * @param {number} scale
 */
export function findBend({ from, to, lane, lanes }, scale) {
  return lanes === 1 ? 0 : FAN * scale * (lane - (lanes - 1) / 2) * (from < to ? 1 : -1);
}

/**
 * The place a share of the way along.
 * @param {Curve} curve
 * @param {number} share
 * @returns {[number, number]}
 */
export function pointAt(curve, share) {
  const points = [...curve];
  for (let left = points.length - 2; left > 0; left -= 2)
    for (let i = 0; i < left; i++) points[i] = points[i] * (1 - share) + points[i + 2] * share;
  return [points[0], points[1]];
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Curve} c
 */
export function traceCurve(pen, c) {
  pen.moveTo(c[0], c[1]);
  if (c.length === 4) pen.lineTo(c[2], c[3]);
  else if (c.length === 6) pen.quadraticCurveTo(c[2], c[3], c[4], c[5]);
  else pen.bezierCurveTo(c[2], c[3], c[4], c[5], c[6], c[7]);
}

/**
 * A triangle at the end of a curve.
 * @param {CanvasRenderingContext2D} pen
 * @param {Curve} curve
 * @param {number} size
 */
export function traceArrow(pen, curve, size) {
  const [tipX, tipY] = curve.slice(-2);
  const [backX, backY] = curve.length === 4 ? curve : pointAt(curve, curve.length === 6 ? 0.9 : 0.94);
  const length = Math.hypot(tipX - backX, tipY - backY);
  if (length < 1e-6) return;
  const [ux, uy] = [((tipX - backX) / length) * size, ((tipY - backY) / length) * size];
  pen.moveTo(tipX, tipY);
  pen.lineTo(tipX - ux - uy * 0.38, tipY - uy + ux * 0.38);
  pen.lineTo(tipX - ux + uy * 0.38, tipY - uy - ux * 0.38);
  pen.closePath();
}

/**
 * The direction in which fewest of these lie.
 * @param {number[]} angles
 */
export function findFreeSide(angles) {
  if (!angles.length) return -Math.PI / 2;
  const sorted = [...angles].sort((one, other) => one - other);
  let [best, widest] = [0, -1];
  sorted.forEach((angle, i) => {
    const next = i + 1 < sorted.length ? sorted[i + 1] : sorted[0] + 2 * Math.PI;
    if (next - angle > widest) [best, widest] = [angle + (next - angle) / 2, next - angle];
  });
  return best;
}
