// Draws a picture with a pen: a canvas, or one that writes SVG. Lines of one look are one path, so thousands are quick.

import { drawShape, traceShape } from "../shared/shapes.js";
import { findBend, findFreeSide, runLine, runLoop, traceArrow, traceCurve } from "./curves.js";
import { drawLabels } from "./labels.js";

/** @import { Camera } from "./camera.js" */
/** @import { Course, Curve } from "./curves.js" */
/** @import { Look, Picture } from "./picture.js" */

const CHUNK = 400; // lines of one path; a browser takes longer for twice as many in one than for two
const CROWDED = 150; // chosen lines that are drawn as finely as the others
const MANY = 4000; // lines whose arrowheads wait until the picture rests

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Picture} picture
 * @param {Camera} camera
 * @param {Look} look
 * @returns {Course}
 */
export function paint(pen, picture, camera, look) {
  const course = layOut(picture, camera, look);
  drawTrail(pen, course, look);
  drawLines(pen, picture, course, look);
  drawDots(pen, picture, course, look);
  if (!look.quick || picture.lines.length < MANY) drawLabels(pen, picture, course, camera, look);
  return course;
}

/**
 * @param {Picture} picture
 * @param {Camera} camera
 * @param {Pick<Look, "scale" | "progress">} look
 * @returns {Course}
 */
export function layOut({ dots, lines, kind }, camera, { scale, progress }) {
  const count = dots.length;
  const [x, y, radii] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const nearness = Math.min(1, camera.zoom ** 0.6) * scale;
  dots.forEach((dot, i) => {
    const at = camera.toScreen({
      x: dot.fromX + (dot.x - dot.fromX) * progress,
      y: dot.fromY + (dot.y - dot.fromY) * progress,
    });
    x[i] = at[0];
    y[i] = at[1];
    radii[i] = Math.max(kind === "types" ? 4 : 1.7, dot.size * nearness);
  });
  const sides = findLoopSides(lines, x, y);
  const fan = scale * Math.min(1, Math.max(0.25, camera.zoom));
  const curves = lines.map((line) => {
    const { from, to } = line;
    if (from === to) {
      const wide = kind === "types" ? 1.5 * fan : fan;
      return runLoop(x[from], y[from], radii[from] * 1.1, line.lane, sides.get(from) ?? 0, wide);
    }
    if (isOutside(x[from], y[from], x[to], y[to], camera)) return null;
    const bend = findBend(line, fan);
    return runLine(x[from], y[from], radii[from] * 1.1, x[to], y[to], radii[to] * 1.15, bend);
  });
  return { x, y, radii, curves };
}

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {Camera} camera */
function isOutside(x1, y1, x2, y2, { width, height }) {
  const far = 60; // a fan reaches beyond its ends
  return (
    (x1 < -far && x2 < -far) ||
    (y1 < -far && y2 < -far) ||
    (x1 > width + far && x2 > width + far) ||
    (y1 > height + far && y2 > height + far)
  );
}

/** @param {Picture["lines"]} lines @param {Float64Array} x @param {Float64Array} y */
function findLoopSides(lines, x, y) {
  /** @type {Map<number, number>} */
  const sides = new Map();
  const looped = new Set(lines.filter(({ from, to }) => from === to).map(({ from }) => from));
  if (!looped.size) return sides;
  /** @type {Map<number, number[]>} */
  const angles = new Map([...looped].map((dot) => [dot, []]));
  for (const { from, to } of lines) {
    if (from === to) continue;
    angles.get(from)?.push(Math.atan2(y[to] - y[from], x[to] - x[from]));
    angles.get(to)?.push(Math.atan2(y[from] - y[to], x[from] - x[to]));
  }
  for (const [dot, some] of angles) sides.set(dot, findFreeSide(some));
  return sides;
}

/** @param {CanvasRenderingContext2D} pen @param {Course} course @param {Look} look */
function drawTrail(pen, { x, y }, { trail, colours, scale }) {
  if (trail.length < 2) return;
  pen.save();
  Object.assign(pen, { lineCap: "round", lineJoin: "round", lineWidth: 5 * scale, globalAlpha: 0.14 });
  pen.strokeStyle = colours.ink;
  pen.beginPath();
  trail.forEach((dot, i) => {
    if (i) pen.lineTo(x[dot], y[dot]);
    else pen.moveTo(x[dot], y[dot]);
  });
  pen.stroke();
  pen.restore();
}

/** @param {CanvasRenderingContext2D} pen @param {Picture} picture @param {Course} course @param {Look} look */
function drawLines(pen, { lines, kind }, { curves }, look) {
  const { colours, scale, chosenLines, hotLine, quick, onlyChosen } = look;
  const strong = new Set(chosenLines);
  if (hotLine >= 0) strong.add(hotLine);
  const faint = onlyChosen ? 0.16 : Math.min(0.8, Math.max(0.16, 14 / Math.sqrt(lines.length + 1)));
  const size = kind === "types" ? 8 : 6.5;
  for (const dashed of [false, true]) {
    const some = lines.flatMap((line, i) => (line.dashed === dashed && !strong.has(i) ? (curves[i] ?? []) && [i] : []));
    pen.globalAlpha = dashed ? Math.max(faint, onlyChosen ? 0 : 0.9) : faint;
    pen.strokeStyle = pen.fillStyle = colours.edge;
    pen.lineWidth = (dashed ? 1.4 : 1) * scale;
    pen.setLineDash(dashed ? [5 * scale, 4 * scale] : []);
    strokeAll(some.map((i) => curves[i]));
    pen.setLineDash([]);
    if (!(quick && lines.length > MANY))
      fillArrows(
        some.map((i) => curves[i]),
        size * scale,
      );
  }
  const many = strong.size > CROWDED && !onlyChosen; // spokes of a hub would be one blot
  pen.globalAlpha = many ? Math.max(0.25, 12 / Math.sqrt(strong.size)) : 1;
  for (const i of strong) {
    const curve = curves[i];
    if (!curve) continue;
    pen.strokeStyle = pen.fillStyle = onlyChosen ? colours.ink : colours.edge;
    pen.lineWidth = (onlyChosen ? 2.2 : many ? 1 : 1.5) * scale;
    pen.setLineDash(lines[i].dashed ? [5 * scale, 4 * scale] : []);
    strokeAll([curve]);
    pen.setLineDash([]);
    fillArrows([curve], (size + (many ? 0 : 2)) * scale);
  }
  pen.globalAlpha = 1;

  /** @param {(Curve | null)[]} some */
  function strokeAll(some) {
    for (let start = 0; start < some.length; start += CHUNK) {
      pen.beginPath();
      for (const curve of some.slice(start, start + CHUNK)) if (curve) traceCurve(pen, curve);
      pen.stroke();
    }
  }

  /** @param {(Curve | null)[]} some @param {number} wide */
  function fillArrows(some, wide) {
    for (let start = 0; start < some.length; start += CHUNK) {
      pen.beginPath();
      for (const curve of some.slice(start, start + CHUNK)) {
        if (!curve) continue;
        // of a short line the arrowhead is a part, not the whole
        const length = Math.hypot(curve[0] - curve[curve.length - 2], curve[1] - curve[curve.length - 1]);
        traceArrow(pen, curve, curve.length === 8 ? wide : Math.min(wide, length * 0.45));
      }
      pen.fill();
    }
  }
}

/** @param {CanvasRenderingContext2D} pen @param {Picture} picture @param {Course} course @param {Look} look */
function drawDots(pen, { dots }, { x, y, radii }, look) {
  const { colours, outlines, scale, chosenDots, hotDot, onlyChosen } = look;
  /** @type {Map<Picture["dots"][0]["mark"], number[]>} */
  const byMark = new Map();
  dots.forEach(({ mark }, i) => {
    const some = byMark.get(mark);
    if (some) some.push(i);
    else byMark.set(mark, [i]);
  });
  const few = dots.length < 600; // of few, each covers those before it; of many, each type is one path
  for (const [mark, some] of byMark)
    for (const i of few ? some : []) {
      pen.globalAlpha = onlyChosen && !chosenDots.has(i) ? 0.35 : 1;
      drawShape(pen, outlines, mark, x[i], y[i], radii[i], colours.paper);
    }
  for (const [mark, some] of few ? [] : byMark) {
    const open = /^(open|dotted) /.test(mark.shape);
    pen.globalAlpha = onlyChosen ? 0.35 : 1;
    pen.beginPath();
    for (const i of some) traceShape(pen, outlines, mark.shape, x[i], y[i], radii[i] * (open ? 0.85 : 1));
    pen.fillStyle = open ? colours.paper : mark.colour;
    pen.fill();
    pen.strokeStyle = open ? mark.colour : colours.paper;
    pen.lineWidth = open ? 1.2 : 0.6;
    pen.stroke();
  }
  pen.globalAlpha = 1;
  for (const [i, wide] of [...[...chosenDots].map((dot) => [dot, 2]), ...(hotDot >= 0 ? [[hotDot, 1]] : [])]) {
    if (!few) drawShape(pen, outlines, dots[i].mark, x[i], y[i], radii[i], colours.paper);
    pen.beginPath();
    pen.moveTo(x[i] + radii[i] * 1.25 + 3 * scale, y[i]);
    pen.arc(x[i], y[i], radii[i] * 1.25 + 3 * scale, 0, 2 * Math.PI);
    pen.strokeStyle = colours.ink;
    pen.lineWidth = wide * 0.9 * scale;
    pen.stroke();
  }
}
