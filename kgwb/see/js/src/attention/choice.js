// What the reader has chosen, in the model's own words; the only place that reads and writes those traits.

import { showSentence } from "./folding.js";

const WATCHED = /** @type {const} */ ([
  "sentence",
  "layer",
  "head",
  "focus",
  "thumbnails",
  "combine",
  "drawn",
  "pieces",
  "difference",
  "least",
]);

/** @import { Selection } from "../shared/selection.js" */
/** @import { Shown } from "./folding.js" */
/** @import { Extra, Head, Sentence } from "./weights.js" */
/** @typedef {ReturnType<typeof openChoice>} Choice */
/** @typedef {Partial<Record<"sentence" | "layer" | "head" | "focus", number | null>>} Place */

/**
 * @param {WidgetModel} model
 * @param {Selection} selection what linked views share
 */
export function openChoice(model, selection) {
  /** @type {{sentences: Sentence[], layers: number, heads: number}} */
  const { sentences, layers, heads } = model.get("state");
  /** @type {number | null} */
  let preview = null;
  let waiting = false;
  let listener = () => {};
  /** @type {Shown | null} */
  let shown = null;
  let folded = false;

  function announce() {
    if (waiting) return; // several traits changed together are one redraw
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      listener();
    });
  }

  function settle() {
    preview = null;
    announce();
  }

  for (const name of WATCHED) model.on(`change:${name}`, settle);
  const forget = selection.listen(({ sentence, layer, head, token }) => {
    const held = sentences.find((one) => one.number === sentence);
    if (held) model.set("sentence", held.number);
    if (token !== null && held) model.set("focus", Math.min(token, held.tokens.length - 1));
    if (layer !== null && layer < layers) {
      model.set("layer", layer);
      model.set("head", head !== null && head < heads ? head : null);
    }
    settle(); // entities chosen elsewhere are marked
  });

  return {
    get sentence() {
      return sentences.find((one) => one.number === model.get("sentence")) ?? sentences[0];
    },
    /** The sentence as it is drawn: by word pieces, or with mentions folded. */
    get shown() {
      const { sentence } = this;
      const fold = this.pieces === "mentions";
      if (!shown || shown.sentence !== sentence || folded !== fold) {
        folded = fold;
        shown = showSentence(sentence, fold);
      }
      return shown;
    },
    /** @returns {number} */
    get layer() {
      return model.get("layer");
    },
    /** @returns {number | null} null for all heads */
    get head() {
      return model.get("head") ?? null;
    },
    /** @returns {"mean" | "max" | "rollout"} what stands for all heads */
    get combine() {
      return model.get("combine") ?? "mean";
    },
    /** @returns {Head} which matrix is drawn */
    get matrix() {
      return this.head ?? this.combine;
    },
    /** @returns {"weights" | "change"} */
    get thumbnails() {
      return model.get("thumbnails");
    },
    /** @returns {"lines" | "matrix"} */
    get drawn() {
      return model.get("drawn") ?? "lines";
    },
    /** @returns {"words" | "mentions"} */
    get pieces() {
      return model.get("pieces") ?? "words";
    },
    /** @returns {"raw" | "renormalised"} */
    get difference() {
      return model.get("difference") ?? "raw";
    },
    /** @returns {number} what is fainter is not drawn */
    get least() {
      return model.get("least") ?? 0;
    },
    /** The entities chosen here or elsewhere. */
    get entities() {
      return selection.chosen.entities;
    },
    /** The token in focus while none is hovered. */
    get pinned() {
      return Math.min(model.get("focus"), this.sentence.tokens.length - 1);
    },
    /** @returns {number} */
    get focus() {
      return preview ?? this.pinned;
    },
    /**
     * Hovering shows another token without keeping it.
     * @param {number | null} token
     */
    look(token) {
      if (preview === token) return;
      preview = token;
      announce();
    },
    /** @param {Place} values */
    set(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      const [sentence, token, layer, head] = ["sentence", "focus", "layer", "head"].map((name) => model.get(name));
      selection.set({ sentence, token, layer, head: head ?? null });
    },
    /**
     * How it is drawn; no other view follows that.
     * @param {"thumbnails" | "combine" | "drawn" | "pieces" | "difference" | "least"} name
     * @param {string | number} value
     */
    draw(name, value) {
      model.set(name, value);
      model.save_changes();
    },
    /**
     * Chooses entities, and the fact that names them where it is one; again, and they are let go.
     * @param {number[]} entities
     * @param {Extra["triple"]} [triple]
     */
    chooseEntities(entities, triple) {
      const again = entities.join() === selection.chosen.entities.join();
      selection.set({ entities: again ? [] : entities, triples: again || !triple ? [] : [triple] });
    },
    /** @param {() => void} callback */
    listen(callback) {
      listener = callback;
    },
    close() {
      listener = () => {};
      forget();
      for (const name of WATCHED) model.off(`change:${name}`, settle);
    },
  };
}
