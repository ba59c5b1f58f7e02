// What is decided, shared by all copies of the view and by the kernel: each verdict with its step, so that one key undoes it.

/** @import { Facts } from "./facts.js" */
/** @typedef {[row: number, verdict: number, step: number]} Verdict */
/** @typedef {ReturnType<typeof openVerdicts>} Verdicts */

export const ACCEPTED = 1;
export const REJECTED = 0;

/**
 * @param {WidgetModel} model
 * @param {Pick<Facts, "count" | "reach" | "read">} facts
 */
export function openVerdicts(model, { count, reach, read }) {
  let listener = () => {};
  const announce = () => listener();
  for (const name of ["decided", "at", "names"]) model.on(`change:${name}`, announce);
  /** @returns {Verdict[]} */
  const list = () => model.get("decided") ?? [];
  const byRow = () => new Map(list().map(([row, verdict]) => [row, verdict]));
  /**
   * @param {string} name
   * @param {unknown} value
   */
  const put = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  /**
   * @param {number[]} rows
   * @param {number} verdict
   */
  const decide = (rows, verdict) => {
    if (!rows.length) return;
    const step = Math.max(0, ...list().map((each) => each[2])) + 1;
    put("decided", [...list(), ...rows.map((row) => /** @type {Verdict} */ ([row, verdict, step]))]);
  };
  /** From a row on, round the end: the first that is undecided, or the row itself. */
  const findOpen = (/** @type {number} */ from) => {
    const decided = byRow();
    for (let i = 1; i <= count; i++) if (!decided.has((from + i) % count)) return (from + i) % count;
    return from;
  };

  return {
    /** The row at hand. */
    get at() {
      return Math.max(0, Math.min(count - 1, model.get("at") ?? 0));
    },
    byRow,
    /** @param {number} row */
    move(row) {
      if (count) put("at", Math.max(0, Math.min(count - 1, row)));
    },
    /**
     * Decides about the row at hand, and goes on to the next that is undecided.
     * @param {number} verdict
     */
    decideHere(verdict) {
      if (!count) return;
      const here = this.at;
      decide([here], verdict);
      put("at", findOpen(here));
    },
    /** Those from the threshold on that are undecided and ask for no person. */
    listAbove() {
      const decided = byRow();
      return Array.from({ length: reach }, (_, row) => row).filter((row) => {
        const { known, contradicts, isNew } = read(row);
        return !decided.has(row) && !known && !contradicts && !isNew;
      });
    },
    acceptAbove() {
      decide(this.listAbove(), ACCEPTED);
    },
    /** Takes the last step back, and goes to where it was made. */
    undo() {
      const all = list();
      const last = all.at(-1);
      if (!last) return;
      put(
        "decided",
        all.filter((each) => each[2] !== last[2]),
      );
      put("at", last[0]);
    },
    /**
     * What the entity at an end is called, which the graph lacks.
     * @param {number} row
     * @param {"head" | "tail"} side
     * @returns {string}
     */
    name: (row, side) => model.get("names")?.[`${row} ${side}`] || read(row)[side],
    /**
     * @param {number} row
     * @param {"head" | "tail"} side
     * @param {string} name
     */
    rename(row, side, name) {
      put("names", { ...model.get("names"), [`${row} ${side}`]: name });
    },
    /** @param {() => void} callback */
    listen(callback) {
      listener = callback;
    },
    close() {
      listener = () => {};
      for (const name of ["decided", "at", "names"]) model.off(`change:${name}`, announce);
    },
  };
}
