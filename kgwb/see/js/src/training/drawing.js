// What is drawn in each panel: on a canvas, or by the pen that writes SVG.

import { writeText } from "../shared/canvas_text.js";
import { formatCount, shorten } from "../shared/numbers.js";
import { fitText, hasSeveral, LEADER, letters, MOST_NAMED, nameEnd, ROW } from "./placing.js";
import { chooseTicks, findEnds, formatValue, spreadLabels } from "./series.js";

/** @import { Look, Pen, Place } from "./placing.js" */
/** @import { Line, Point } from "./series.js" */

/**
 * @param {Pen} pen
 * @param {Place[]} places
 * @param {Look} look
 * @param {{unit: string, cursor: number | null}} shown `cursor` is the number of an epoch or step
 */
export function drawPanels(pen, places, look, { unit, cursor }) {
  const several = hasSeveral(places.map(({ panel }) => panel));
  pen.save();
  pen.lineJoin = "round";
  for (const place of places) {
    drawAxes(pen, place, look, unit);
    for (const line of place.lines) drawLine(pen, place, line, look);
    drawFloors(pen, place, look);
    if (cursor !== null) drawCursor(pen, place, look, cursor);
    drawEnds(pen, place, look, { several, cursor });
  }
  pen.restore();
}

/**
 * @param {Pen} pen
 * @param {Place} place
 * @param {Look} look
 * @param {string} unit
 */
function drawAxes(pen, { panel, left, top, width, height, up, across, down }, look, unit) {
  const { scale, ink, muted, rule } = look;
  const bottom = top + height;
  pen.lineWidth = 1;
  pen.font = letters(look, 13, 600);
  pen.textAlign = "left";
  pen.fillStyle = ink;
  pen.fillText(fitText(pen, panel.title, width), left, top - 10 * scale);
  pen.font = letters(look, 11);
  pen.fillStyle = muted;
  pen.textAlign = "right";
  for (const value of chooseTicks(up[0], up[1], 5)) {
    strokeLine(pen, rule, [left, down(value)], [left + width, down(value)]);
    pen.fillText(
      value.toLocaleString("en", { maximumSignificantDigits: 6 }),
      left - 6 * scale,
      down(value) + 4 * scale,
    );
  }
  pen.textAlign = "center";
  for (const value of chooseTicks(panel.across[0], panel.across[1], Math.min(6, width / (60 * scale)))) {
    if (!Number.isInteger(value)) continue;
    strokeLine(pen, muted, [across(value), bottom], [across(value), bottom + 4 * scale]);
    pen.fillText(value.toLocaleString("en"), across(value), bottom + 17 * scale);
  }
  strokeLine(pen, muted, [left, bottom], [left + width, bottom]);
  pen.textAlign = "right";
  pen.fillText(unit, left + width, bottom + 32 * scale);
}

/**
 * Thin lines, each with its reason at the end that the runs are further from.
 * @param {Pen} pen
 * @param {Place} place
 * @param {Look} look
 */
function drawFloors(pen, { panel, lines, left, top, width, down }, look) {
  const shown = lines
    .map(({ points }) => points.filter(({ y }) => Number.isFinite(y)))
    .filter((points) => points.length);
  for (const [name, value] of panel.floors) {
    const [first, last] = [0, -1].map((end) =>
      Math.min(...shown.map((points) => Math.abs((points.at(end)?.y ?? 0) - value))),
    );
    const right = last > first;
    pen.lineWidth = 0.75;
    strokeLine(pen, look.muted, [left, down(value)], [left + width, down(value)]);
    pen.font = letters(look, 11);
    pen.textAlign = right ? "right" : "left";
    const text = fitText(pen, `${shorten(name)} = ${formatValue(value)}`, width);
    const y = down(value) + (down(value) < top + 16 * look.scale ? 14 : -4) * look.scale;
    writeText(pen, text, right ? left + width - 4 : left + 4, y, { ink: look.muted, paper: look.paper, rim: 3 });
  }
}

/**
 * @param {Pen} pen
 * @param {Place} place
 * @param {Line} line
 * @param {Look} look
 */
function drawLine(pen, { top, height, across, down }, line, look) {
  const colour = line.colour || look.ink;
  if (line.kind !== "seed") drawBand(pen, line.points, colour, across, down);
  const thin = line.kind === "seed";
  pen.globalAlpha = thin ? 0.4 : 1;
  pen.lineWidth = (thin ? 0.75 : 1.5) * look.scale;
  pen.setLineDash(line.dashed ? [5 * look.scale, 3 * look.scale] : []);
  pen.strokeStyle = colour;
  pen.beginPath();
  let open = false;
  for (const { x, y } of line.points) {
    if (!Number.isFinite(y)) open = false;
    else if (open) pen.lineTo(across(x), down(y));
    else {
      pen.moveTo(across(x), down(y));
      open = true;
    }
  }
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
  const [size, level] = [3 * look.scale, top + height - 6 * look.scale];
  for (const { x, y } of line.points) {
    if (Number.isFinite(y)) continue;
    strokeLine(pen, colour, [across(x) - size, level - size], [across(x) + size, level + size]);
    strokeLine(pen, colour, [across(x) - size, level + size], [across(x) + size, level - size]);
  }
}

/**
 * @param {Pen} pen
 * @param {Point[]} points
 * @param {string} colour
 * @param {(x: number) => number} across
 * @param {(y: number) => number} down
 */
function drawBand(pen, points, colour, across, down) {
  const sure = points.filter(({ y, low, high }) => [y, low, high].every(Number.isFinite));
  const last = sure.at(-1);
  if (!last) return;
  pen.beginPath();
  for (const { x, high } of sure) pen.lineTo(across(x), down(high));
  for (const { x, low } of sure.slice().reverse()) pen.lineTo(across(x), down(low));
  pen.closePath();
  pen.globalAlpha = 0.13;
  pen.fillStyle = colour;
  pen.fill();
  pen.globalAlpha = 0.6; // one point alone is no band yet
  pen.lineWidth = 1;
  const x = across(last.x);
  strokeLine(pen, colour, [x, down(last.high)], [x, down(last.low)]);
  for (const end of [last.high, last.low]) strokeLine(pen, colour, [x - 3, down(end)], [x + 3, down(end)]);
  pen.globalAlpha = 1;
}

/**
 * A dot at the last value of each line, or at the cursor's, and its label beside the panel; of very many, the
 * first.
 * @param {Pen} pen
 * @param {Place} place
 * @param {Look} look
 * @param {{several: boolean, cursor: number | null}} shown
 */
function drawEnds(pen, { lines, left, top, width, height, room, across, down }, look, { several, cursor }) {
  const { scale, ink, paper } = look;
  const ends = findEnds(lines, cursor).slice(0, MOST_NAMED);
  const levels = ends.map(({ end }) => (Number.isFinite(end.y) ? down(end.y) : top + height - 6 * scale));
  const heights = spreadLabels(levels, ROW * scale, top, top + height);
  pen.textAlign = "left";
  pen.font = letters(look, 11);
  ends.forEach(({ line, end }, i) => {
    const colour = line.colour || ink;
    const [x, y] = [across(end.x), levels[i]];
    pen.lineWidth = 0.6;
    pen.globalAlpha = 0.6;
    strokeLine(pen, colour, [x + 4 * scale, y], [left + width + 3, y], [left + width + LEADER * scale - 3, heights[i]]);
    pen.globalAlpha = 1;
    if (Number.isFinite(end.y)) drawDot(pen, colour, x, y, 3 * scale);
    const style = { ink, paper, rim: 3 };
    const text = fitText(pen, nameEnd(line, end, several), room);
    writeText(pen, text, left + width + LEADER * scale, heights[i] + 4 * scale, style);
  });
}

/**
 * A line at the cursor, and its number over the axis.
 * @param {Pen} pen
 * @param {Place} place
 * @param {Look} look
 * @param {number} cursor
 */
function drawCursor(pen, { panel, top, height, across }, look, cursor) {
  if (cursor < panel.across[0] || cursor > panel.across[1]) return;
  const { ink, muted, paper, scale } = look;
  pen.lineWidth = 1;
  strokeLine(pen, muted, [across(cursor), top], [across(cursor), top + height + 4 * scale]);
  pen.font = letters(look, 11, 600);
  pen.textAlign = "center";
  writeText(pen, formatCount(cursor), across(cursor), top + height + 17 * scale, { ink, paper, rim: 10 });
}

/**
 * @param {Pen} pen
 * @param {string} colour
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function drawDot(pen, colour, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
}

/**
 * @param {Pen} pen
 * @param {string} colour
 * @param {...[number, number]} points
 */
function strokeLine(pen, colour, ...points) {
  pen.beginPath();
  pen.moveTo(...points[0]);
  for (const point of points.slice(1)) pen.lineTo(...point);
  pen.strokeStyle = colour;
  pen.stroke();
}
