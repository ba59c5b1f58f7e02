// On an exported page there is no kernel: a plain object stands in for the widget's model.

import { decodeBytes } from "../shared/decoding.js";

/** @import { Packed } from "./weights.js" */

/**
 * @param {Record<string, any>} state
 * @returns {WidgetModel}
 */
export function openModel(state) {
  const values = { ...state };
  /** @type {Map<string, Set<(message?: any) => void>>} */
  const listeners = new Map();
  return {
    get: (name) => values[name],
    set(name, value) {
      if (values[name] === value) return;
      values[name] = value;
      for (const listener of listeners.get(`change:${name}`) ?? []) listener();
    },
    save_changes() {},
    on(event, listener) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
    },
    off(event, listener) {
      listeners.get(event)?.delete(listener);
    },
  };
}

/**
 * Weights as a kernel would send them.
 * @param {{view: string, dtype: "uint8" | "uint16"} | null} packed base64
 * @returns {Packed | null}
 */
export function unpackWeights(packed) {
  return packed && { ...packed, view: decodeBytes(packed.view) };
}
