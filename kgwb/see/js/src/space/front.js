// What is drawn over the points, on the screen and in print alike: heads, borders, arrows, links of what is chosen, names.

import { writeText } from "../shared/canvas_text.js";

/** @import { Facts } from "./facts.js" */
/** @import { Lens, Panel } from "./camera.js" */
/** @import { Name } from "./names.js" */
/** @import { View } from "./camera.js" */
/** @import { Place } from "./places.js" */

/**
 * @typedef {{ink: string, paper: string, muted: string, rule: string, edge: string, font: string, scale: number}} Look
 * @typedef {{near: number[], shown: number[], from: number}} Links the nearest in all dimensions, those on this map, of a point
 */

/**
 * The name of a map and how far to trust it, above its panel, and a thin border.
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {{name: string, note: string}} head
 * @param {Look} look
 */
export function drawHead(pen, panel, { name, note }, { ink, muted, rule, font, scale }) {
  pen.strokeStyle = rule;
  pen.lineWidth = 1;
  pen.strokeRect(panel.left + 0.5, panel.top + 0.5, panel.width - 1, panel.height - 1);
  pen.textAlign = "start";
  pen.textBaseline = "alphabetic";
  pen.font = `600 ${13 * scale}px ${font}`;
  pen.fillStyle = ink;
  pen.fillText(fit(pen, name, panel.width), panel.left, panel.top - 21 * scale + 2);
  pen.font = `${11.5 * scale}px ${font}`;
  pen.fillStyle = muted;
  pen.fillText(fit(pen, note, panel.width), panel.left, panel.top - 6);
}

/**
 * A text cut to a width.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} text
 * @param {number} width
 */
export function fit(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let kept = text.slice(0, 200);
  while (kept && pen.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1);
  return `${kept.trimEnd()}…`;
}

/**
 * Calls `draw` with everything outside a panel cut off.
 * @param {CanvasRenderingContext2D} pen
 * @param {Panel} panel
 * @param {() => void} draw
 */
export function within(pen, panel, draw) {
  pen.save();
  pen.beginPath();
  pen.rect(panel.left, panel.top, panel.width, panel.height);
  pen.clip();
  draw();
  pen.restore();
}

/**
 * @param {Float32Array} points
 * @param {number} i
 * @param {Lens} lens
 * @returns {Place}
 */
export function pixelOf(points, i, lens) {
  return [lens.left + points[2 * i] * lens.scale, lens.top - points[2 * i + 1] * lens.scale];
}

/**
 * Where a relation moves its heads, and dashed what is left from there to the tails.
 * @param {CanvasRenderingContext2D} pen
 * @param {Facts} facts
 * @param {number} map
 * @param {Float32Array} points
 * @param {Lens} lens
 * @param {Set<number>} chosen whose arrows stand out
 * @param {Look} look
 */
export function drawArrows(pen, facts, map, points, lens, chosen, look) {
  const moved = facts.arrows?.moved[map];
  if (!facts.arrows || !moved) return;
  facts.arrows.heads.forEach((head, i) => {
    const tail = /** @type {NonNullable<Facts["arrows"]>} */ (facts.arrows).tails[i];
    const [from, to, end] = [pixelOf(points, head, lens), pixelOf(moved, i, lens), pixelOf(points, tail, lens)];
    pen.globalAlpha = chosen.has(head) || chosen.has(tail) ? 1 : chosen.size ? 0.25 : 0.65;
    drawLine(pen, to, end, { colour: look.muted, width: look.scale, dash: [3, 3] });
    drawLine(pen, from, to, { colour: look.edge, width: 1.2 * look.scale, dash: [] });
    drawTip(pen, from, to);
  });
  pen.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Place} from
 * @param {Place} to
 * @param {{colour: string, width: number, dash: number[]}} line
 */
function drawLine(pen, from, to, { colour, width, dash }) {
  pen.beginPath();
  pen.moveTo(from[0], from[1]);
  pen.lineTo(to[0], to[1]);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Place} from
 * @param {Place} to
 */
function drawTip(pen, from, to) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  const size = Math.min(7, length / 2);
  const [u, v] = [((to[0] - from[0]) / length) * size, ((to[1] - from[1]) / length) * size];
  pen.beginPath();
  pen.moveTo(to[0] - u + v * 0.45, to[1] - v - u * 0.45);
  pen.lineTo(to[0], to[1]);
  pen.lineTo(to[0] - u - v * 0.45, to[1] - v + u * 0.45);
  pen.stroke();
}

/**
 * From a point to its nearest in all dimensions, in ink; and to its nearest on the map, dashed.
 * @param {CanvasRenderingContext2D} pen
 * @param {Links} links
 * @param {Float32Array} points
 * @param {Lens} lens
 * @param {Look} look
 */
export function drawLinks(pen, { near, shown, from }, points, lens, look) {
  const start = pixelOf(points, from, lens);
  const kept = new Set(near);
  for (const i of shown)
    if (!kept.has(i))
      drawLine(pen, start, pixelOf(points, i, lens), { colour: look.muted, width: look.scale, dash: [4, 3] });
  pen.globalAlpha = 0.75;
  for (const i of near)
    drawLine(pen, start, pixelOf(points, i, lens), { colour: look.ink, width: look.scale, dash: [] });
  pen.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Name[]} names
 * @param {Float32Array} points
 * @param {Lens} lens
 * @param {Look} look
 */
export function drawNames(pen, names, points, lens, look) {
  pen.textAlign = "start";
  pen.textBaseline = "alphabetic";
  for (const { point, text, across, down, first } of names) {
    const [x, y] = pixelOf(points, point, lens);
    pen.font = `${first ? "600 " : ""}${11.5 * look.scale}px ${look.font}`;
    pen.globalAlpha = first ? 1 : 0.9;
    writeText(pen, text, x + across, y + down, { ink: look.ink, paper: look.paper, rim: 3 * look.scale });
  }
  pen.globalAlpha = 1;
}

/**
 * A lasso or a box while it is drawn.
 * @param {CanvasRenderingContext2D} pen
 * @param {Place[]} outline
 * @param {Look} look
 */
export function drawOutline(pen, outline, look) {
  pen.beginPath();
  outline.forEach(([x, y], i) => {
    if (i) pen.lineTo(x, y);
    else pen.moveTo(x, y);
  });
  pen.closePath();
  pen.globalAlpha = 0.07;
  pen.fillStyle = look.ink;
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = look.ink;
  pen.lineWidth = 1;
  pen.setLineDash([4, 3]);
  pen.stroke();
  pen.setLineDash([]);
}

/**
 * A ring of dots where the keyboard stands.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Float32Array} points
 * @param {number} point
 * @param {number} radius
 * @param {Look} look
 */
export function drawCursor(pen, view, points, point, radius, look) {
  const [x, y] = pixelOf(points, point, view.lens);
  pen.beginPath();
  pen.arc(x, y, radius + 6, 0, 2 * Math.PI);
  pen.strokeStyle = look.edge;
  pen.lineWidth = 2;
  pen.setLineDash([2, 3]);
  pen.stroke();
  pen.setLineDash([]);
}
