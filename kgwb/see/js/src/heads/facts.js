// The figures of every head, as Python packs them (heads/view.py).

import { readArray } from "../shared/model.js";

/** @import { Packed } from "../shared/model.js" */
/** @typedef {{name: string, label: string}} Metric */
/**
 * @typedef {{
 *   layers: number, heads: number, names: string[], count: number, colours: string[], metrics: Metric[], means: Packed,
 *   spreads: Packed, links: Packed[], sentences: {number: number, tokens: string[]}[], tops: Packed, pairs: Packed,
 *   strengths: Packed
 * }} State
 * @typedef {{number: number, tokens: string[], query: number, key: number, weight: number}} Example
 * @typedef {ReturnType<typeof openFacts>} Facts
 */

const LINKS = /** @type {const} */ (["linked", "matched", "twin", "spread", "p"]);

/** @param {WidgetModel} model */
export function openFacts(model) {
  /** @type {State} */
  const state = model.get("state");
  const { layers, heads, names, count, colours, metrics } = state;
  const [means, spreads] = [state.means, state.spreads].map(readArray);
  const [tops, pairs, strengths] = [state.tops, state.pairs, state.strengths].map(readArray);
  const links = state.links.map(readArray);
  const top = state.tops.shape[3];
  const sentences = new Map(state.sentences.map((one) => [one.number, one.tokens]));
  const all = layers * heads;
  /** @param {string} name */
  const find = (name) =>
    Math.max(
      0,
      metrics.findIndex((metric) => metric.name === name),
    );

  return {
    layers,
    heads,
    all,
    names,
    count,
    colours,
    metrics,
    two: names.length > 1,
    /** @param {string} name */
    label: (name) => metrics[find(name)].label,
    /**
     * A metric of one head in one reading, and its spread.
     * @param {number} reading
     * @param {string} name
     * @param {number} head counted through all layers
     */
    read(reading, name, head) {
      const at = (reading * metrics.length + find(name)) * all + head;
      return { mean: means[at], spread: spreads[at] };
    },
    /**
     * How far a head follows the graph's edges, by reading.
     * @param {number} head
     */
    follow: (head) =>
      links.map(
        (figures) =>
          /** @type {Record<typeof LINKS[number], number>} */ (
            Object.fromEntries(LINKS.map((name, i) => [name, figures[i * all + head]]))
          ),
      ),
    /**
     * The sentences in which a head's figure is largest, each with the pair between which it looks most.
     * @param {string} name
     * @param {number} head
     * @returns {Example[]}
     */
    examples(name, head) {
      const start = (find(name) * all + head) * top;
      return Array.from({ length: top }, (_, i) => {
        const at = start + i;
        const tokens = sentences.get(tops[at]) ?? [];
        return { number: tops[at], tokens, query: pairs[2 * at], key: pairs[2 * at + 1], weight: strengths[at] };
      });
    },
  };
}
