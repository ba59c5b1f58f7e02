// What the reader has chosen, in the model's own words; the only place that reads and writes those traits.

const WATCHED = ["sentence", "layer", "head", "focus", "thumbnails"];

/** @import { Sentence } from "./weights.js" */
/** @typedef {ReturnType<typeof openChoice>} Choice */

/** @param {WidgetModel} model */
export function openChoice(model) {
  /** @type {Sentence[]} */
  const sentences = model.get("sentences");
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
      model.save_changes();
    },
    /** @param {() => void} callback */
    listen(callback) {
      listener = callback;
    },
    close() {
      listener = () => {};
      for (const name of WATCHED) model.off(`change:${name}`, settle);
    },
  };
}
