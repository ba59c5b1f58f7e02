// The lines view on any pen, as PNG, SVG and PDF are made of it.

import { strongest } from "./columns.js";
import { listItems } from "./extras.js";
import { tellChange, tellWeight } from "./figures.js";
import { traceArcs } from "./lines.js";
import { cut } from "./matrix_painting.js";
import { readRows } from "./rows.js";
import { tellSums } from "./sums.js";

/** @import { Print } from "../shared/saving.js" */
/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Palette } from "./matrix_painting.js" */
/** @import { Row } from "./rows.js" */

const WIDTH = 860;
const TOP = 74;
const ROW = 20;
const KEYS = 110; // a column of word pieces
const GAP = 120; // that the lines cross
const NUMBER = 46;
const MARGIN = 14;

/**
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {Palette} palette
 * @param {string} title
 * @returns {Print}
 */
export function printLines(facts, choice, palette, title) {
  const items = listItems(facts, choice);
  const sums = tellSums(facts, choice);
  const below = TOP + choice.shown.tokens.length * ROW + 12;
  return {
    width: WIDTH,
    height: below + items.length * ROW + sums.length * ROW + 24,
    draw(pen) {
      write(pen, title, MARGIN, 26, { palette, weight: "600 ", size: 15 });
      drawColumns(pen, facts, choice, palette);
      items.forEach((item, i) => {
        drawItem(pen, item, below + (i + 0.6) * ROW, facts, palette);
      });
      sums.forEach(([name, figure], i) => {
        const y = below + (items.length + i + 1) * ROW;
        write(pen, name, MARGIN, y, { palette, colour: palette.muted });
        write(pen, figure, MARGIN + 220, y, { palette });
      });
    },
  };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {{palette: Palette, colour?: string, align?: CanvasTextAlign, weight?: string, size?: number}} look
 */
function write(pen, text, x, y, { palette, colour = palette.ink, align = "left", weight = "", size = 12.5 }) {
  pen.font = `${weight}${size}px ${palette.font}`;
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(text, x, y);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {Palette} palette
 */
function drawColumns(pen, facts, choice, palette) {
  const { shown } = choice;
  const { sides, change } = readRows(facts, choice);
  const most = strongest(shown, sides);
  const unit = shown.unitOf[choice.focus];
  const left = facts.two ? MARGIN + NUMBER + KEYS + GAP : MARGIN;
  shown.tokens.forEach((token, i) => {
    const focus = i === unit;
    write(pen, cut(token, 16), left + KEYS / 2, middle(i) + 4, {
      palette,
      align: "center",
      colour: focus ? palette.ink : palette.muted,
      weight: focus ? "600 " : "",
    });
  });
  sides.forEach((row, i) => {
    const toLeft = facts.two && i === 0;
    drawSide(pen, facts, choice, palette, { row, most, unit, toLeft, start: toLeft ? left : left + KEYS, i });
  });
  const edge = left + KEYS + GAP + KEYS + NUMBER;
  if (change) {
    write(pen, "change", edge + 60, TOP - 14, { palette, align: "right", colour: palette.muted });
    shown.tokens.forEach((_, i) => {
      write(pen, tellChange(change[i], facts.digits), edge + 60, middle(i) + 4, { palette, align: "right" });
    });
  }
  for (const span of shown.spans) {
    const [top, bottom] = [TOP + span.first * ROW + 3, TOP + span.last * ROW - 3];
    const x = edge + (facts.two ? 72 : 14);
    pen.strokeStyle = span.colour || palette.muted;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x, top);
    pen.lineTo(x + 4, top);
    pen.lineTo(x + 4, bottom);
    pen.lineTo(x, bottom);
    pen.stroke();
    write(pen, cut(span.label, 28), x + 12, (top + bottom) / 2 + 4, { palette, colour: palette.muted });
  }
}

/** @param {number} i */
function middle(i) {
  return TOP + (i + 0.5) * ROW;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Facts} facts
 * @param {Choice} choice
 * @param {Palette} palette
 * @param {{row: Row, most: number, unit: number, toLeft: boolean, start: number, i: number}} side
 */
function drawSide(pen, facts, { shown, least }, palette, { row, most, unit, toLeft, start, i: reading }) {
  const way = toLeft ? -1 : 1;
  const end = start + way * GAP;
  const colour = facts.two && reading === 0 ? palette.before : palette.after;
  const injected = new Set(reading === facts.readings.length - 1 ? shown.injected_after : shown.injected_before);
  const align = toLeft ? "right" : "left";
  write(pen, cut(facts.names[reading], 34), toLeft ? MARGIN : end, TOP - 14, { palette, colour });
  shown.tokens.forEach((token, i) => {
    const mine = injected.has(i) ? palette.injected : colour;
    const share = Math.min(1, row[i] / most);
    if (share >= 0.005 && row[i] >= least) {
      pen.globalAlpha = share;
      pen.strokeStyle = mine;
      pen.lineWidth = 0.75 + 2.25 * row[i];
      pen.beginPath();
      pen.moveTo(start, middle(unit));
      pen.bezierCurveTo((start + end) / 2, middle(unit), (start + end) / 2, middle(i), end, middle(i));
      pen.stroke();
      pen.globalAlpha = 1;
    }
    write(pen, cut(token, 16), end + way * 6, middle(i) + 4, { palette, colour: mine, align });
    const at = toLeft ? MARGIN + NUMBER - 8 : end + KEYS + NUMBER;
    write(pen, tellWeight(row[i], facts.digits), at, middle(i) + 4, { palette, colour, align: "right" });
  });
  for (const [path] of traceArcs(shown, ROW, 0)) {
    const [top, bottom, deep] = readArc(path);
    pen.strokeStyle = palette.edge;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(end, TOP + top);
    pen.bezierCurveTo(end - way * deep, TOP + top, end - way * deep, TOP + bottom, end, TOP + bottom);
    pen.stroke();
  }
}

/**
 * @param {string} path of an arc
 */
function readArc(path) {
  const [, top, deep, , , , , bottom] = (path.match(/-?[\d.]+/g) ?? []).map(Number);
  return [top, bottom, deep];
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./extras.js").Item} item
 * @param {number} y
 * @param {Facts} facts
 * @param {Palette} palette
 */
function drawItem(pen, { text, sides, extra }, y, facts, palette) {
  const whole = text === "the whole row" && !extra;
  write(pen, cut(text, 48), MARGIN, y + 4, { palette, colour: whole ? palette.muted : palette.injected });
  sides.forEach((weight, i) => {
    const x = MARGIN + 330 + i * 170;
    const colour = facts.two && i === 0 ? palette.before : palette.injected;
    pen.fillStyle = colour;
    if (!whole && weight > 0) pen.fillRect(x, y - 4, 100 * Math.min(1, weight), 8);
    const told = whole ? weight.toFixed(3) : tellWeight(weight, facts.digits);
    write(pen, told, x + 150, y + 4, { palette, align: "right" });
  });
}
