// Points on a plain canvas, where the graphics card is not to be had: the same marks, copied one by one.

import { FULL } from "./colours.js";

/** @import { Atlas, Painter } from "./atlas.js" */

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Painter}
 */
export function openPlain(canvas) {
  // read often: so the browser paints it itself, and does not send each mark to a graphics card that may not be there
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  /** @type {{places: Float32Array[], strengths: Uint8Array[], tiles: Uint16Array, chosen: ArrayLike<number>}} */
  const held = { places: [], strengths: [], tiles: new Uint16Array(), chosen: [] };
  /** @type {Atlas | null} */
  let marks = null;
  return {
    setPlaces(map, points) {
      held.places[map] = points;
    },
    setStrengths(map, strengths) {
      held.strengths[map] = strengths;
    },
    setTiles(tiles) {
      held.tiles = tiles;
    },
    setChosen(chosen) {
      held.chosen = chosen;
    },
    setAtlas(atlas) {
      marks = atlas;
    },
    draw(views, { ratio }) {
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      if (!marks) return;
      const { canvas: atlas, tile, columns, ring } = marks;
      views.forEach(({ panel, lens }, map) => {
        const [points, strengths] = [held.places[map], held.strengths[map]];
        /**
         * @param {number} i
         * @param {HTMLCanvasElement} from
         * @param {number} side
         * @param {number} number
         */
        const copy = (i, from, side, number) => {
          const x = (lens.left + points[2 * i] * lens.scale) * ratio - side / 2;
          const y = (lens.top - points[2 * i + 1] * lens.scale) * ratio - side / 2;
          if (x < -side || y < -side || x > canvas.width || y > canvas.height) return;
          const [column, row] = [number % columns, Math.floor(number / columns)];
          pen.drawImage(from, column * side, row * side, side, side, Math.round(x), Math.round(y), side, side);
        };
        pen.save();
        pen.beginPath();
        pen.rect(panel.left * ratio, panel.top * ratio, panel.width * ratio, panel.height * ratio);
        pen.clip();
        for (let i = 0; i < held.tiles.length; i++) {
          if (!strengths[i]) continue;
          pen.globalAlpha = strengths[i] / FULL;
          copy(i, atlas, tile, held.tiles[i]);
        }
        pen.globalAlpha = 1;
        for (let at = 0; at < held.chosen.length; at++)
          if (strengths[held.chosen[at]]) copy(held.chosen[at], ring, ring.width, 0);
        pen.restore();
      });
    },
    finish() {},
    close() {},
  };
}
