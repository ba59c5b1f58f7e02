// What the reader has chosen, in the model's own words; the only place that reads and writes those traits.

const WATCHED = ["sentence", "layer", "head", "focus", "thumbnails"];

/** @import { Selection } from "../shared/selection.js" */
/** @import { Sentence } from "./weights.js" */
/** @typedef {ReturnType<typeof openChoice>} Choice */

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
  });

  return {
    get sentence() {
      return sentences.find((one) => one.number === model.get("sentence")) ?? sentences[0];
    },
    /** @returns {number} */
    get layer() {
      return model.get("layer");
    },
    /** @returns {number | null} null for the mean of heads */
    get head() {
      return model.get("head") ?? null;
    },
    /** @returns {"weights" | "change"} */
    get thumbnails() {
      return model.get("thumbnails");
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
    /** @param {Partial<Record<"sentence" | "layer" | "head" | "focus" | "thumbnails", number | string | null>>} values */
    set(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      const [sentence, token, layer, head] = ["sentence", "focus", "layer", "head"].map((name) => model.get(name));
      selection.set({ sentence, token, layer, head: head ?? null });
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
