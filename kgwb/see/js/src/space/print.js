// The picture once more, for a file: the same drawing with a pen that may write SVG; very many points are one image in it.

import { drawShape } from "../shared/shapes.js";
import { CROWD, drawDot, drawRing, LEGIBLE } from "./atlas.js";
import { FULL } from "./colours.js";
import { pixelOf, within } from "./front.js";

/** @import { Facts } from "./facts.js" */
/** @import { Stage } from "./stage.js" */

const MOST_SHAPES = 20_000;
const ROW = 20; // pixels of the legend

/**
 * @param {Stage} stage
 * @param {Facts} facts
 * @returns {import("../shared/saving.js").Print}
 */
export function printStage(stage, facts) {
  stage.draw();
  const { width, height } = stage.size;
  const rows = layKey(stage, width);
  return {
    width,
    height: height + 14 + rows.length * ROW + (facts.count > MOST_SHAPES ? ROW : 0),
    draw(pen) {
      const style = stage.look();
      if (facts.count > MOST_SHAPES) drawImage(pen, stage);
      else drawPoints(pen, stage, facts);
      stage.panels.forEach((_, map) => {
        stage.drawOver(pen, map, style);
      });
      stage.state.more?.(pen, style);
      pen.font = `12px ${style.font}`;
      rows.forEach((row, i) => {
        for (const { mark, text, left } of row) {
          const y = height + 14 + i * ROW;
          if (mark) drawShape(pen, facts.outlines, mark, left + 6, y, 4.6, style.paper);
          pen.fillStyle = style.ink;
          pen.fillText(text, left + 16, y + 4);
        }
      });
      if (facts.count > MOST_SHAPES) {
        pen.fillStyle = style.muted;
        pen.fillText("The points are one image.", 0, height + 18 + rows.length * ROW);
      }
    },
  };
}

/**
 * The kinds that are shown, in lines.
 * @param {Stage} stage
 * @param {number} width
 */
function layKey(stage, width) {
  const kinds = stage.kinds();
  const { marks, of } = stage.tiles();
  const numbers = Boolean(stage.state.colouring.amounts);
  /** @type {{mark: import("./facts.js").Mark | null, text: string, left: number}[][]} */
  const rows = [[]];
  let left = 0;
  kinds.names.forEach((name, i) => {
    if (!kinds.counts[i] || stage.state.hidden.has(i)) return;
    const text = `${name.slice(0, 40)} ${kinds.counts[i].toLocaleString("en")}`;
    const wide = 30 + text.length * 6.6;
    if (left && left + wide > width) {
      rows.push([]);
      left = 0;
    }
    const first = of[kinds.of.indexOf(i)];
    rows[rows.length - 1].push({
      mark: numbers ? { ...marks[first], colour: stage.look().muted } : marks[first],
      text,
      left,
    });
    left += wide;
  });
  return rows;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Stage} stage
 * @param {Facts} facts
 */
function drawPoints(pen, stage, facts) {
  const { marks, of } = stage.tiles();
  const style = stage.look();
  stage.points.forEach((points, map) => {
    const { panel, lens } = stage.view(map);
    within(pen, panel, () => {
      for (let i = 0; i < facts.count; i++) {
        const strength = stage.strengths[map][i];
        const [x, y] = pixelOf(points, i, lens);
        if (
          !strength ||
          x < panel.left ||
          y < panel.top ||
          x > panel.left + panel.width ||
          y > panel.top + panel.height
        )
          continue;
        pen.globalAlpha = strength / FULL;
        if (stage.size.radius < LEGIBLE) drawDot(pen, x, y, stage.size.radius, marks[of[i]].colour);
        else drawShape(pen, facts.outlines, marks[of[i]], x, y, stage.size.radius, style.paper);
      }
      pen.globalAlpha = 1;
      for (const i of stage.state.chosen) {
        const [x, y] = pixelOf(points, i, lens);
        drawRing(pen, x, y, stage.size.radius, { ...style, crowd: stage.state.chosen.length > CROWD });
      }
    });
  });
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Stage} stage
 */
function drawImage(pen, stage) {
  const { width, height } = stage.size;
  pen.drawImage(stage.painter.canvas, 0, 0, width, height);
}
