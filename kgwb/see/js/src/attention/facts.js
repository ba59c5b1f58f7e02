// What a view of attention is given: once, but for the layers of a long sentence that a kernel gives when they are asked for.

import { askKernel, readArray } from "../shared/model.js";
import { openWeights } from "./weights.js";

/** @import { Figures, Head, Packed, Sentence } from "./weights.js" */
/**
 * @typedef {{figures: Figures, pairs: number, left_out: number}} Links
 * @typedef {{
 *   heads: number, layers: number, names: string[], digits: number, sentences: Sentence[], before: Packed,
 *   after: Packed | null, links: Links[], note: string, ending: string, graph: boolean
 * }} State
 * @typedef {ReturnType<typeof openFacts>} Facts
 */

/** @param {WidgetModel} model */
export function openFacts(model) {
  /** @type {State} */
  const state = model.get("state");
  const { heads, layers, names, digits, sentences, before, after, note, ending, graph } = state;
  const readings = [openWeights(before, state, 0), ...(after ? [openWeights(after, state, 1)] : [])];
  /** @type {Set<string>} */
  const asked = new Set();
  /** @type {Map<Figures, Float32Array>} */
  const unpacked = new Map();
  const links = state.links.map((one) => ({ ...one, numbers: readArray(one.figures) }));

  return {
    heads,
    layers,
    names,
    digits,
    sentences,
    note,
    ending,
    graph,
    readings,
    two: readings.length > 1,
    hasKernel: "send" in model,
    /**
     * Figures as numbers; decoded once.
     * @param {Figures} figures
     */
    unpack(figures) {
      const found = unpacked.get(figures) ?? readArray(figures);
      unpacked.set(figures, found);
      return found;
    },
    /**
     * @param {Sentence} sentence
     * @param {number} layer
     * @param {Head} head
     */
    has: (sentence, layer, head) => readings.every((weights) => weights.has(sentence, layer, head)),
    /**
     * Asks the kernel for a layer, once; whether it came.
     * @param {Sentence} sentence
     * @param {number} layer
     */
    async fetch(sentence, layer) {
      const key = `${sentence.number}/${layer}`;
      if (asked.has(key)) return false;
      asked.add(key);
      const answer = await askKernel(model, { sentence: sentence.number, layer });
      if (!answer?.planes) {
        asked.delete(key);
        return false;
      }
      readings.forEach((weights, i) => {
        weights.add(sentence, answer.planes, i ? answer.after : answer.before);
      });
      return true;
    },
    /**
     * How far a head follows the graph's edges, by reading: attention on linked pairs, on others as far apart, and p.
     * @param {number} layer
     * @param {Head} head
     */
    follow(layer, head) {
      if (head === "max" || head === "rollout") return [];
      return links.map(({ numbers, pairs }) => {
        const at = 3 * (layer * (heads + 1) + (head === "mean" ? heads : head));
        return { linked: numbers[at], matched: numbers[at + 1], p: numbers[at + 2], pairs };
      });
    },
  };
}
