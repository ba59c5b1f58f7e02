// The picture as a file: the same drawing, with the legend below it.

import { formatCount, shorten } from "../shared/numbers.js";
import { drawShape } from "../shared/shapes.js";
import { paint } from "./painting.js";

/** @import { Camera } from "./camera.js" */
/** @import { Look, Picture } from "./picture.js" */
/** @typedef {{name: string, count: number, mark: {colour: string, shape: string} | null, dashed?: boolean}} Entry */

const ROW = 20;

/**
 * @param {Picture} picture
 * @param {Camera} camera
 * @param {Look} look
 * @param {Entry[]} legend
 * @returns {import("../shared/saving.js").Print}
 */
export function makePrint(picture, camera, look, legend) {
  const { width, height } = camera;
  const columns = Math.max(1, Math.floor(width / 190));
  const rows = Math.ceil(legend.length / columns);
  return {
    width,
    height: height + rows * ROW + 12,
    draw(pen) {
      pen.save();
      pen.beginPath();
      pen.rect(0, 0, width, height);
      pen.clip();
      paint(pen, picture, camera, { ...look, hotDot: -1, hotLine: -1, quick: false, progress: 1 });
      pen.restore();
      pen.globalAlpha = 1;
      pen.font = `12px ${look.colours.font}`;
      Object.assign(pen, { textAlign: "left", textBaseline: "middle" });
      legend.forEach(({ name, count, mark, dashed }, i) => {
        const [x, y] = [12 + (i % columns) * 190, height + 14 + Math.floor(i / columns) * ROW];
        if (mark) drawShape(pen, look.outlines, mark, x + 8, y, 5, look.colours.paper);
        else {
          pen.strokeStyle = look.colours.edge;
          pen.lineWidth = 1.4;
          pen.setLineDash(dashed ? [5, 3] : []);
          pen.beginPath();
          pen.moveTo(x, y);
          pen.lineTo(x + 18, y);
          pen.stroke();
          pen.setLineDash([]);
        }
        pen.fillStyle = look.colours.ink;
        pen.fillText(`${shorten(name).slice(0, 20)} ${formatCount(count)}`, x + 26, y);
      });
    },
  };
}
