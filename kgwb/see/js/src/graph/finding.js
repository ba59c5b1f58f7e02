// What is under the pointer: a grid over the screen holds where dots stand and lines run.

import { pointAt } from "./curves.js";

/** @import { Course } from "./curves.js" */
/** @typedef {{dot: number, line: number}} Hit −1 for none */

const CELL = 24;
const REACH = 6; // pixels beside a line that still mean it
const NEAR = 4; // pixels beyond the rim of a dot

/**
 * @param {Course} course
 * @param {number} width
 * @param {number} height
 */
export function openFinding({ x, y, radii, curves }, width, height) {
  const columns = Math.ceil(width / CELL) + 1;
  const rows = Math.ceil(height / CELL) + 1;
  /** @type {number[][]} */
  const dots = [];
  /** @type {Set<number>[]} */
  const lines = [];
  x.forEach((_, i) => {
    const reach = radii[i] * 1.2 + NEAR;
    for (const cell of cellsOf(x[i] - reach, y[i] - reach, x[i] + reach, y[i] + reach)) {
      dots[cell] ??= [];
      dots[cell].push(i);
    }
  });
  curves.forEach((curve, i) => {
    if (!curve) return;
    const length = Math.hypot(curve[0] - curve[curve.length - 2], curve[1] - curve[curve.length - 1]);
    const steps = Math.min(200, Math.max(curve.length === 4 ? 1 : 8, Math.ceil(length / (CELL * 0.7))));
    for (let step = 0; step <= steps; step++) {
      const [px, py] = pointAt(curve, step / steps);
      for (const cell of cellsOf(px - REACH, py - REACH, px + REACH, py + REACH)) {
        lines[cell] ??= new Set();
        lines[cell].add(i);
      }
    }
  });

  /** @param {number} left @param {number} top @param {number} right @param {number} bottom */
  function cellsOf(left, top, right, bottom) {
    const found = [];
    for (let row = Math.max(0, Math.floor(top / CELL)); row <= Math.min(rows - 1, Math.floor(bottom / CELL)); row++)
      for (
        let column = Math.max(0, Math.floor(left / CELL));
        column <= Math.min(columns - 1, Math.floor(right / CELL));
        column++
      )
        found.push(row * columns + column);
    return found;
  }

  /**
   * @param {number} px
   * @param {number} py
   * @param {number} [slack] more reach, for a finger
   * @returns {Hit}
   */
  return function find(px, py, slack = 0) {
    if (px < 0 || py < 0 || px > width || py > height) return { dot: -1, line: -1 };
    const cell = Math.floor(py / CELL) * columns + Math.floor(px / CELL);
    let [dot, nearest] = [-1, Infinity];
    for (const i of dots[cell] ?? []) {
      const far = Math.hypot(x[i] - px, y[i] - py) - radii[i] * 1.2;
      if (far < NEAR + slack && far < nearest) [dot, nearest] = [i, far];
    }
    if (dot >= 0) return { dot, line: -1 };
    let [line, closest] = [-1, REACH];
    for (const i of lines[cell] ?? []) {
      const far = distanceTo(/** @type {number[]} */ (curves[i]), px, py);
      if (far < closest) [line, closest] = [i, far];
    }
    return { dot: -1, line };
  };
}

/**
 * How far a point is from a curve, in pixels.
 * @param {number[]} curve
 * @param {number} px
 * @param {number} py
 */
export function distanceTo(curve, px, py) {
  const steps = curve.length === 4 ? 1 : 16;
  let nearest = Infinity;
  let [x1, y1] = pointAt(curve, 0);
  for (let i = 1; i <= steps; i++) {
    const [x2, y2] = pointAt(curve, i / steps);
    const long = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1e-9;
    const share = Math.min(1, Math.max(0, ((px - x1) * (x2 - x1) + (py - y1) * (y2 - y1)) / long));
    nearest = Math.min(nearest, Math.hypot(x1 + share * (x2 - x1) - px, y1 + share * (y2 - y1) - py));
    [x1, y1] = [x2, y2];
  }
  return nearest;
}
