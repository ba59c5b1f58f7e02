// Names on the picture: the chosen, then relations once a group, then the best connected in sight. A name stands beside its
// dot where it covers no name, no dot, and the fewest lines; one that finds no room waits until the reader comes nearer.

import { shorten } from "../shared/numbers.js";
import { pointAt } from "./curves.js";

/** @import { Camera } from "./camera.js" */
/** @import { Course } from "./curves.js" */
/** @import { Look, Picture } from "./picture.js" */
/** @typedef {[left: number, top: number, right: number, bottom: number]} Box */

const CELL = 4; // pixels by which room is measured
const MOST_NAMES = 110;
const MOST_GROUPS = 70;
const SAMPLED = 2500; // lines up to which names avoid them
const SHARES = [0.55, 0.45, 0.65, 0.36, 0.74, 0.28];
const SIDES = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [-1, -1],
  [1, 1],
  [-1, 1],
];

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Picture} picture
 * @param {Course} course
 * @param {Camera} camera
 * @param {Look} look
 */
export function drawLabels(pen, picture, course, camera, look) {
  const { dots, lines, groups, kind } = picture;
  const { x, y, radii, curves } = course;
  const { colours, scale, chosenDots, chosenLines, hotDot, hotLine } = look;
  const room = openRoom(camera.width, camera.height);
  dots.forEach((_, i) => {
    room.block([x[i] - radii[i], y[i] - radii[i], x[i] + radii[i], y[i] + radii[i]]);
  });
  if (lines.length <= SAMPLED) for (const curve of curves) if (curve) room.mark(curve);
  Object.assign(pen, { textAlign: "left", textBaseline: "middle", lineJoin: "round" });

  /** @param {string} text @param {number} size @param {boolean} bold */
  const measure = (text, size, bold) => {
    pen.font = `${bold ? "600 " : ""}${size * scale}px ${colours.font}`;
    return pen.measureText(text).width;
  };
  /** @param {string} text @param {Box} box @param {string} ink */
  const write = (text, [left, top, , bottom], ink) => {
    pen.lineWidth = 3.5 * scale;
    pen.strokeStyle = colours.paper;
    pen.fillStyle = ink;
    pen.strokeText(text, left, (top + bottom) / 2);
    pen.fillText(text, left, (top + bottom) / 2);
  };

  /** @param {number} i @param {boolean} always @param {boolean} bold */
  function nameDot(i, always, bold) {
    const text = kind === "types" ? dots[i].label : shorten(dots[i].label.replace(/\s+/g, " "));
    if (!text.trim()) return;
    const size = bold || kind === "types" ? 13 : 12;
    const wide = measure(text, size, bold);
    const high = size * 1.24 * scale;
    const boxes = SIDES.map(([across, down]) => beside(x[i], y[i], radii[i], wide, high, across, down));
    const free = boxes.filter((box) => room.isFree(box));
    if (!free.length && !always) return;
    const box = (free.length ? free : boxes).reduce((best, next) => (room.cost(next) < room.cost(best) ? next : best));
    room.block(box);
    write(text, box, colours.ink);
  }

  /** @param {string} name @param {number[]} members @param {boolean} always */
  function nameLines(name, members, always) {
    const curve = curves[members[members.length >> 1]];
    if (!curve) return;
    const text = shorten(name);
    const wide = measure(text, 11, false);
    const high = 13 * scale;
    const boxes = placeOn(curve, wide, high);
    const box = boxes.find((each) => room.isFree(each)) ?? (always ? boxes[0] : null);
    if (!box) return;
    room.block(box);
    write(text, box, colours.edge);
  }

  const inSight = (/** @type {number} */ i) =>
    x[i] > -40 && y[i] > -10 && x[i] < camera.width + 40 && y[i] < camera.height + 10;
  const first = new Set([...chosenDots].slice(0, 12));
  if (hotDot >= 0) first.add(hotDot);
  for (const i of first) if (inSight(i)) nameDot(i, true, true);
  if (hotLine >= 0) nameLines(lines[hotLine].name, [hotLine], true);
  if (kind === "types") for (const i of dots.keys()) if (!first.has(i)) nameDot(i, true, true);
  const roomy = camera.zoom > 0.3 && lines.length <= SAMPLED;
  const told = groups.filter(
    ({ lines: members }) => roomy || members.some((i) => chosenLines.has(i)) || lines[members[0]].dashed,
  );
  told.sort((one, other) => Number(lines[other.lines[0]].dashed) - Number(lines[one.lines[0]].dashed));
  for (const group of told.slice(0, MOST_GROUPS)) {
    const members = group.lines.filter((i) => curves[i]);
    if (members.length) nameLines(group.name, members, false);
  }
  const others = dots.flatMap((_, i) => (!first.has(i) && kind === "entities" && inSight(i) ? [i] : []));
  others.sort((one, other) => dots[other].weight - dots[one].weight);
  for (const i of others.slice(0, MOST_NAMES)) nameDot(i, false, false);
}

/**
 * Where the name of a line may stand: on it, or beyond the turn of a loop.
 * @param {number[]} curve @param {number} wide @param {number} high
 * @returns {Box[]}
 */
function placeOn(curve, wide, high) {
  const isLoop = curve.length === 8;
  const [baseX, baseY] = [(curve[0] + curve[6]) / 2, (curve[1] + curve[7]) / 2];
  return (isLoop ? [0.5, 0.35, 0.65] : SHARES).map((share) => {
    let [cx, cy] = pointAt(curve, share);
    if (isLoop) {
      const far = Math.hypot(cx - baseX, cy - baseY) || 1;
      cx += ((cx - baseX) / far) * (wide / 2 + 4);
      cy += ((cy - baseY) / far) * (high / 2 + 2);
    }
    return [cx - wide / 2, cy - high / 2, cx + wide / 2, cy + high / 2];
  });
}

/**
 * @param {number} x @param {number} y @param {number} radius @param {number} wide @param {number} high
 * @param {number} across @param {number} down
 * @returns {Box}
 */
function beside(x, y, radius, wide, high, across, down) {
  const near = radius * (across && down ? 0.85 : 1.15);
  const left = x + across * (near + 5) - (wide * (1 - across)) / 2;
  const middle = y + down * (near + 2 + high / 2);
  return [left, middle - high / 2, left + wide, middle + high / 2];
}

/**
 * Which cells of the picture are taken, and how many lines run through each.
 * @param {number} width
 * @param {number} height
 */
export function openRoom(width, height) {
  const columns = Math.ceil(width / CELL);
  const rows = Math.ceil(height / CELL);
  const taken = new Uint8Array(columns * rows);
  const lines = new Uint8Array(columns * rows);

  /** @param {Box} box @param {(cell: number) => void} act */
  function visit([left, top, right, bottom], act) {
    const [from, to] = [Math.max(0, Math.floor(left / CELL)), Math.min(columns - 1, Math.floor((right - 0.5) / CELL))];
    const last = Math.min(rows - 1, Math.floor((bottom - 0.5) / CELL));
    for (let row = Math.max(0, Math.floor(top / CELL)); row <= last; row++)
      for (let column = from; column <= to; column++) act(row * columns + column);
  }

  return {
    /** @param {Box} box */
    block: (box) =>
      visit(box, (cell) => {
        taken[cell] = 1;
      }),
    /** @param {number[]} curve */
    mark(curve) {
      const length = Math.hypot(curve[0] - curve[curve.length - 2], curve[1] - curve[curve.length - 1]);
      const steps = Math.min(80, Math.max(4, Math.ceil(length / 6)));
      for (let i = 0; i <= steps; i++) {
        const [px, py] = pointAt(curve, i / steps);
        const [column, row] = [Math.floor(px / CELL), Math.floor(py / CELL)];
        if (column >= 0 && row >= 0 && column < columns && row < rows) lines[row * columns + column] = 1;
      }
    },
    /** @param {Box} box */
    isFree(box) {
      if (box[0] < 2 || box[1] < 2 || box[2] > width - 2 || box[3] > height - 2) return false;
      let free = true;
      visit(box, (cell) => {
        if (taken[cell]) free = false;
      });
      return free;
    },
    /** How much of the lines the box covers, and by how much it leaves the picture. @param {Box} box */
    cost(box) {
      let sum = 0;
      visit(box, (cell) => {
        sum += lines[cell];
      });
      return (
        sum +
        20 * (Math.max(0, -box[0]) + Math.max(0, box[2] - width) + Math.max(0, -box[1]) + Math.max(0, box[3] - height))
      );
    },
  };
}
