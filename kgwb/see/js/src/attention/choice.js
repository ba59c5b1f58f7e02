// What the reader has chosen, in the model's own words; the only place that reads and writes those traits.

const WATCHED = ["sentence", "layer", "head", "focus", "thumbnails"];

export function openChoice(model) {
  const sentences = model.get("sentences");
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

  WATCHED.forEach((name) => model.on(`change:${name}`, settle));

  return {
    get sentence() {
      return sentences.find((one) => one.number === model.get("sentence")) ?? sentences[0];
    },
    get layer() {
      return model.get("layer");
    },
    get head() {
      return model.get("head") ?? null;
    },
    get thumbnails() {
      return model.get("thumbnails");
    },
    get pinned() {
      return Math.min(model.get("focus"), this.sentence.tokens.length - 1);
    },
    get focus() {
      return preview ?? this.pinned;
    },
    /** Hovering shows another token without keeping it. */
    look(token) {
      if (preview === token) return;
      preview = token;
      announce();
    },
    set(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      model.save_changes();
    },
    listen(callback) {
      listener = callback;
    },
    close() {
      listener = () => {};
      WATCHED.forEach((name) => model.off(`change:${name}`, settle));
    },
  };
}
