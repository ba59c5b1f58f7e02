// What each point looks like: which tile of the atlas it shows, and how strongly.

import { readStyle } from "../shared/theme.js";

/** @import { Amounts, Facts, Kinds, Mark } from "./facts.js" */

const STEPS = 12; // of the ramp
export const [FAINT, FULL] = [97, 255];

/**
 * @typedef {{marks: Mark[], of: Uint16Array}} Tiles a mark for each tile, and the tile of each point
 */

/**
 * The tiles of a colouring: a mark for each kind, or each shape in each colour of the ramp.
 * @param {Facts} facts
 * @param {Kinds | Amounts} colouring
 * @param {Element} root whose colours they are
 * @returns {Tiles}
 */
export function layTiles(facts, colouring, root) {
  /** @param {Mark} mark */
  const resolve = (mark) => ({ ...mark, colour: resolveColour(root, mark.colour) });
  if (!colouring.amounts) {
    const marks = dropDoubles(colouring.marks.map(resolve));
    return { marks: marks.marks, of: colouring.of.map((kind) => marks.of[kind]) };
  }
  const { amounts, log } = colouring;
  /** @param {number} value */
  const level = (value) => (log ? Math.log1p(value) : value);
  const [low, high] = [level(colouring.low), level(colouring.high)];
  const shapes = [...new Set(facts.types.marks.map((mark) => mark.shape))];
  const colours = [...listRamp(root), readStyle(root, "muted")];
  const marks = shapes.flatMap((shape) =>
    colours.map((colour, i) => ({ colour, shape: i < STEPS ? shape : `open ${shape.replace(/^(open|dotted) /, "")}` })),
  );
  const shapeOf = facts.types.marks.map((mark) => shapes.indexOf(mark.shape) * colours.length);
  const span = high - low || 1;
  const of = facts.types.of.map((kind, i) => {
    const share = high > low ? (level(amounts[i]) - low) / span : amounts[i] - amounts[i] + 0.5;
    return shapeOf[kind] + (Number.isFinite(share) ? Math.round(share * (STEPS - 1)) : STEPS);
  });
  return { marks, of };
}

/** @param {Mark[]} marks */
function dropDoubles(marks) {
  const keys = marks.map((mark) => `${mark.colour} ${mark.shape}`);
  const distinct = [...new Set(keys)];
  return { marks: distinct.map((key) => marks[keys.indexOf(key)]), of: keys.map((key) => distinct.indexOf(key)) };
}

/**
 * A colour that came with the data, or one of the palette's by name.
 * @param {Element} root
 * @param {string} colour
 */
export function resolveColour(root, colour) {
  return colour.startsWith("#") ? colour : readStyle(root, colour);
}

/**
 * One hue from pale to full: the blue of edges, mixed with paper at first and with ink at last.
 * @param {Element} root
 */
export function listRamp(root) {
  const [paper, edge, ink] = ["paper", "edge", "ink"].map((name) => readStyle(root, name));
  return Array.from({ length: STEPS }, (_, i) => {
    const share = i / (STEPS - 1);
    return share < 0.6
      ? mixColours(paper, edge, 0.45 + (0.55 * share) / 0.6)
      : mixColours(edge, ink, (0.75 * (share - 0.6)) / 0.4);
  });
}

/**
 * @param {string} from six digits behind a sign
 * @param {string} to
 * @param {number} share
 */
export function mixColours(from, to, share) {
  const parts = [1, 3, 5].map((at) => {
    const [a, b] = [from, to].map((colour) => Number.parseInt(colour.slice(at, at + 2), 16));
    return Math.round(a + (b - a) * share)
      .toString(16)
      .padStart(2, "0");
  });
  return `#${parts.join("")}`;
}

/**
 * How strongly the points of a map show: not at all where their kind is hidden, faintly where the map misleads.
 * @param {Facts} facts
 * @param {number} map
 * @param {Kinds} kinds that can be hidden
 * @param {Set<number>} hidden
 * @param {boolean} faint whether those that mislead are faint
 */
export function listStrengths(facts, map, kinds, hidden, faint) {
  const strengths = new Uint8Array(facts.count).fill(FULL);
  const trust = faint ? facts.maps[map]?.quality?.trust : undefined;
  if (trust) for (let i = 0; i < facts.count; i++) if (trust[i] < facts.doubtful) strengths[i] = FAINT;
  if (hidden.size) for (let i = 0; i < facts.count; i++) if (hidden.has(kinds.of[i])) strengths[i] = 0;
  return strengths;
}

/**
 * How many points of each map mislead.
 * @param {Facts} facts
 */
export function countDoubtful(facts) {
  return facts.maps.map((/** @type {import("./facts.js").SpaceMap} */ { quality }) => {
    let count = 0;
    if (quality) for (const value of quality.trust) if (value < facts.doubtful) count++;
    return count;
  });
}
