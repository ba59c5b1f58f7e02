// What part of the plane is in sight, and how large.

/** @typedef {ReturnType<typeof openCamera>} Camera */

const NEAREST = 4;
const FURTHEST = 0.02;
const LARGEST_FIT = 2.2; // two entities are not set apart as far as the picture is wide

export function openCamera() {
  return {
    x: 0,
    y: 0,
    zoom: 1,
    width: 1,
    height: 1,
    /** @param {{x: number, y: number}} point @returns {[number, number]} */
    toScreen({ x, y }) {
      return [(x - this.x) * this.zoom + this.width / 2, (y - this.y) * this.zoom + this.height / 2];
    },
    /** @param {number} x @param {number} y */
    toPlane(x, y) {
      return { x: (x - this.width / 2) / this.zoom + this.x, y: (y - this.height / 2) / this.zoom + this.y };
    },
    /** @param {number} dx @param {number} dy in pixels */
    pan(dx, dy) {
      this.x -= dx / this.zoom;
      this.y -= dy / this.zoom;
    },
    /**
     * @param {number} factor
     * @param {number} [x] the place on screen that stays where it is, by default the middle
     * @param {number} [y]
     */
    zoomBy(factor, x, y) {
      const [left, top] = [x ?? this.width / 2, y ?? this.height / 2];
      const before = this.toPlane(left, top);
      this.zoom = Math.min(NEAREST, Math.max(FURTHEST, this.zoom * factor));
      const after = this.toPlane(left, top);
      this.x += before.x - after.x;
      this.y += before.y - after.y;
    },
    /**
     * Brings all points into sight.
     * @param {Iterable<{x: number, y: number}>} points
     * @param {number} [scale] of letters, for which a margin is kept
     */
    fit(points, scale = 1) {
      let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
      for (const { x, y } of points) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
      }
      if (left > right) return;
      const across = Math.min(95 * scale, this.width * 0.2);
      const wide = Math.max(40, this.width - 2 * across);
      const high = Math.max(40, this.height - 64 * scale);
      const fitting = Math.min(wide / Math.max(right - left, 1), high / Math.max(bottom - top, 1), LARGEST_FIT * scale);
      this.zoom = Math.min(NEAREST, Math.max(FURTHEST, fitting));
      this.x = (left + right) / 2;
      this.y = (top + bottom) / 2;
    },
    /** @param {{x: number, y: number}} point */
    sees(point) {
      const [x, y] = this.toScreen(point);
      return x > 20 && y > 20 && x < this.width - 20 && y < this.height - 20;
    },
  };
}
