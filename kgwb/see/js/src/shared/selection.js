// What is chosen, shared by all copies of a view, by the views linked to it, and by the kernel where there is one.
//
// Each choice carries its turn, one more than the last one seen. Whoever meets a choice of an earlier turn leaves it: so
// views that tell one another directly, and once more through the kernel, end with the same choice and never fall back.

/**
 * @typedef {{
 *   turn: number, entities: number[], relations: number[], triples: [number, number, number][], words: string[],
 *   sentence: number | null, token: number | null, layer: number | null, head: number | null
 * }} Choice
 * @typedef {ReturnType<typeof openSelection>} Selection
 */

const EVENT = "kgwb-chosen"; // on the window, between the views of one page
/** @type {Choice} */
const NOTHING = {
  turn: 0,
  entities: [],
  relations: [],
  triples: [],
  words: [],
  sentence: null,
  token: null,
  layer: null,
  head: null,
};

/**
 * @param {WidgetModel} model
 */
export function openSelection(model) {
  /** @type {Choice} */
  let chosen = { ...NOTHING, ...model.get("chosen") };
  /** @type {Set<(chosen: Choice) => void>} */
  const listeners = new Set();

  /** @param {Partial<Choice> | undefined} next */
  function take(next) {
    if (!next || (next.turn ?? 0) <= chosen.turn) return false;
    chosen = { ...NOTHING, ...next };
    for (const listener of [...listeners]) listener(chosen);
    return true;
  }

  const hearModel = () => {
    if (take(model.get("chosen"))) tell();
  };
  /** @param {Event} event */
  const hearOthers = (event) => {
    const { channel, choice } = /** @type {CustomEvent} */ (event).detail;
    if (channel && channel === model.get("channel")) take(choice);
  };
  const tell = () => {
    const channel = model.get("channel");
    if (channel) dispatchEvent(new CustomEvent(EVENT, { detail: { channel, choice: chosen } }));
  };
  model.on("change:chosen", hearModel);
  addEventListener(EVENT, hearOthers);

  return {
    get chosen() {
      return chosen;
    },
    /**
     * Chooses; what is not named stays as it is.
     * @param {Partial<Omit<Choice, "turn">>} changes
     */
    set(changes) {
      const next = { ...chosen, ...changes, turn: chosen.turn + 1 };
      take(next);
      model.set("chosen", next);
      model.save_changes();
      tell();
    },
    clear() {
      this.set({ ...NOTHING });
    },
    /**
     * @param {(chosen: Choice) => void} listener
     * @returns {() => void} no longer
     */
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      listeners.clear();
      model.off("change:chosen", hearModel);
      removeEventListener(EVENT, hearOthers);
    },
  };
}
