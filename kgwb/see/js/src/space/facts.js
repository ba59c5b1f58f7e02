// What Python packed of a space or a film, opened: numbers as typed arrays, labels read one by one from their buffer.

import { readArray } from "../shared/model.js";

/**
 * @typedef {import("../shared/shapes.js").Outlines} Outlines
 * @typedef {{colour: string, shape: string}} Mark
 * @typedef {{name: string, names: string[], marks: Mark[], of: Uint16Array, counts: Uint32Array, amounts: null}} Kinds
 * @typedef {{name: string, amounts: Float32Array, low: number, high: number, log: boolean, missing: number}} Amounts
 * @typedef {{trust: Float32Array, continuity: Float32Array}} Quality NaN where it was not measured
 * @typedef {{name: string, note: string, points: Float32Array, quality: Quality | null}} SpaceMap
 * @typedef {{heads: Int32Array, tails: Int32Array, moved: (Float32Array | null)[], relation: string, scorer: string,
 *   total: number, rows: string[][]}} Arrows
 * @typedef {{name: string, epochs: number[], values: number[]}} Curve
 * @typedef {{points: Uint16Array, names: string[], epochs: number[], trust: number[], variance: number[], reach: number[]}} Frames
 * @typedef {{most: [number, number][], least: [number, number][], neighbours: number}} Changed
 * @typedef {ReturnType<typeof openFacts>} Facts
 */

const FULL = 65534; // a share of 1; one more is missing
const STEPS = 65535; // of a film's frame from side to side

/** @param {any} state */
export function openFacts(state) {
  /** @type {number} */
  const count = state.count;
  const bytes = /** @type {Uint8Array} */ (readArray(state.labels));
  const offsets = /** @type {Uint32Array} */ (readArray(state.offsets));
  const decoder = new TextDecoder();
  const ids = state.ids ? /** @type {Int32Array} */ (readArray(state.ids)) : null;
  const layers = state.layers ? /** @type {Uint8Array} */ (readArray(state.layers)) : null;
  const degrees = state.degrees ? /** @type {Uint32Array} */ (readArray(state.degrees)) : null;
  /** @type {Map<number, number>[] | null} */
  let places = null;

  /** @param {number} i */
  const idOf = (i) => (ids ? ids[i] : i);
  /** @param {number} i */
  const layerOf = (i) => (layers ? layers[i] : 0);
  const listPlaces = () => {
    const found = [new Map(), new Map(), new Map()];
    for (let i = 0; i < count; i++) found[layerOf(i)].set(idOf(i), i);
    return found;
  };

  return {
    count,
    /** @type {string} "entities" or "points" */
    what: state.what,
    /** @type {"space" | "film"} */
    kind: state.kind,
    /** @param {number} i */
    label: (i) => decoder.decode(bytes.subarray(offsets[i], offsets[i + 1])),
    /** The whole buffer, to search in, and where each label begins. */
    bytes,
    offsets,
    idOf,
    layerOf,
    layered: Boolean(layers),
    /**
     * The point of an id in a layer, or −1.
     * @param {number} id
     * @param {number} [layer]
     */
    find(id, layer = 0) {
      if (!ids && !layers) return id >= 0 && id < count ? id : -1;
      places ??= listPlaces();
      return places[layer].get(id) ?? -1;
    },
    types: openKinds(state.types),
    degrees,
    /** @type {SpaceMap[]} */
    maps: state.maps.map(openMap(count)),
    /** @type {number[]} */
    named: state.named,
    /** @type {boolean} */
    locked: state.locked,
    /** @type {number} */
    doubtful: state.doubtful ?? 0,
    /** @type {number} */
    neighbours: state.neighbours ?? 10,
    /** @type {{width: number, ids: Int32Array, distances: Float32Array} | null} */
    nearest: state.nearest && {
      width: state.nearest.width,
      ids: readArray(state.nearest.ids),
      distances: readArray(state.nearest.distances),
    },
    /** @type {(Kinds | Amounts)[]} */
    colourings: state.colourings.map((/** @type {any} */ each) => (each.amounts ? openAmounts(each) : openKinds(each))),
    /** @type {Changed | null} */
    changed: state.changed ?? null,
    /** @type {Arrows | null} */
    arrows: state.arrows && {
      ...state.arrows,
      heads: readArray(state.arrows.heads),
      tails: readArray(state.arrows.tails),
      moved: state.arrows.moved.map((/** @type {any} */ each) => each && readArray(each)),
    },
    /** @type {Frames | null} */
    frames: state.frames ? { ...state.frames, points: readArray(state.frames.points) } : null,
    /** @type {Curve[]} */
    curves: state.curves ?? [],
    /** @type {Outlines} */
    outlines: state.outlines ?? {},
  };
}

/**
 * @param {any} kinds
 * @returns {Kinds}
 */
function openKinds(kinds) {
  const of = /** @type {Uint16Array} */ (readArray(kinds.of));
  const counts = new Uint32Array(kinds.names.length);
  for (let i = 0; i < of.length; i++) counts[of[i]]++;
  return { name: kinds.name, names: kinds.names, marks: kinds.marks, of, counts, amounts: null };
}

/**
 * @param {any} colouring
 * @returns {Amounts}
 */
function openAmounts({ name, amounts, low, high, log }) {
  const values = /** @type {Float32Array} */ (readArray(amounts));
  let missing = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) missing++;
  return { name, amounts: values, low, high, log, missing };
}

/** @param {number} count */
function openMap(count) {
  /** @param {any} map */
  return ({ name, note, points, quality }) =>
    /** @type {SpaceMap} */ ({
      name,
      note,
      points: readArray(points),
      quality: quality && {
        trust: spread(count, quality.rows, quality.trust),
        continuity: spread(count, quality.rows, quality.continuity),
      },
    });
}

/**
 * @param {number} count
 * @param {any} packedRows
 * @param {any} packed
 */
function spread(count, packedRows, packed) {
  const rows = /** @type {Uint32Array} */ (readArray(packedRows));
  const values = /** @type {Uint16Array} */ (readArray(packed));
  const all = new Float32Array(count).fill(Number.NaN);
  rows.forEach((row, i) => {
    all[row] = values[i] / FULL;
  });
  return all;
}

/**
 * Where the dots of a film stand at a moment between two frames, in the space's own units.
 * @param {Frames} frames
 * @param {number} count
 * @param {number} time
 * @param {Float32Array} into [dot, 2]
 */
export function placeFrame({ points, reach, names }, count, time, into) {
  const before = Math.floor(time);
  const after = Math.min(before + 1, names.length - 1);
  const share = time - before;
  const [from, to] = [before, after].map((frame) => frame * count * 2);
  for (let i = 0; i < count * 2; i++) {
    const start = ((2 * points[from + i]) / STEPS - 1) * reach[before];
    const end = ((2 * points[to + i]) / STEPS - 1) * reach[after];
    into[i] = start + (end - start) * share;
  }
}
