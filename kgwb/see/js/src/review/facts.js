// The candidates, as Python packs them (review/view.py).

import { readArray } from "../shared/model.js";

/** @import { Packed } from "../shared/model.js" */
/**
 * @typedef {{
 *   ids: Packed, spans: Packed, probability: Packed, shares: Packed, support: Packed, known: Packed, sources: string[],
 *   head_label: string[], relation_label: string[], tail_label: string[], sentence: string[], contradicts: string[],
 *   threshold: number | null, reach: number, note: string
 * }} State
 * @typedef {{text: string, end: "head" | "tail" | ""}} Part
 * @typedef {{
 *   head: string, relation: string, tail: string, ids: [number, number, number], probability: number, shares: number[],
 *   support: number, known: boolean, contradicts: string, parts: Part[], isNew: boolean
 * }} Candidate
 * @typedef {ReturnType<typeof openFacts>} Facts
 */

/** @param {Pick<WidgetModel, "get">} model */
export function openFacts(model) {
  /** @type {State} */
  const state = model.get("state");
  const [ids, spans, probability, shares, support, known] = [
    state.ids,
    state.spans,
    state.probability,
    state.shares,
    state.support,
    state.known,
  ].map(readArray);
  const width = state.sources.length;
  return {
    count: state.sentence.length,
    sources: state.sources,
    threshold: state.threshold,
    note: state.note,
    /** How many reach the threshold: they stand first. */
    reach: state.reach,
    /**
     * @param {number} row
     * @returns {Candidate}
     */
    read(row) {
      const three = /** @type {[number, number, number]} */ (Array.from(ids.slice(3 * row, 3 * row + 3)));
      return {
        head: state.head_label[row],
        relation: state.relation_label[row],
        tail: state.tail_label[row],
        ids: three,
        probability: probability[row],
        shares: Array.from(shares.slice(width * row, width * (row + 1))),
        support: support[row],
        known: known[row] === 1,
        contradicts: state.contradicts[row],
        parts: markEnds(state.sentence[row], Array.from(spans.slice(4 * row, 4 * row + 4))),
        isNew: three[0] < 0 || three[2] < 0,
      };
    },
    /** @param {[number, number, number]} triple */
    find(triple) {
      for (let row = 0; row < known.length; row++) if (triple.every((id, i) => id === ids[3 * row + i])) return row;
      return -1;
    },
  };
}

/**
 * The sentence in parts: its two names, and what stands around them. Places count whole characters, as Python does.
 * @param {string} sentence
 * @param {number[]} spans start and end of the head, then of the tail
 * @returns {Part[]}
 */
export function markEnds(sentence, [headStart, headEnd, tailStart, tailEnd]) {
  const letters = Array.from(sentence);
  /** @type {[number, number, "head" | "tail"][]} */
  const ends = [
    [headStart, headEnd, "head"],
    [tailStart, tailEnd, "tail"],
  ];
  ends.sort((one, other) => one[0] - other[0]);
  /** @type {Part[]} */
  const parts = [];
  let at = 0;
  for (const [start, end, name] of ends) {
    if (start < at || end <= start || end > letters.length) continue; // outside, or within the other
    parts.push({ text: letters.slice(at, start).join(""), end: "" });
    parts.push({ text: letters.slice(start, end).join(""), end: name });
    at = end;
  }
  parts.push({ text: letters.slice(at).join(""), end: "" });
  return parts.filter((part) => part.text);
}

/** @param {number} share */
export function tellShare(share) {
  return Number.isNaN(share) ? "–" : share.toFixed(2);
}
