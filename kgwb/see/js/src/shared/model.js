// The model of a widget: what a kernel sends, or a plain object in its place on a page without one.

import { decodeBytes } from "./decoding.js";

/** @typedef {{view: DataView | string, dtype: keyof typeof KINDS, shape: number[]}} Packed an array as it travels */

const KINDS = {
  float32: Float32Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int32: Int32Array,
};

/**
 * The numbers of an array, however they came: as bytes from a kernel, as base64 on a page.
 * @template {keyof typeof KINDS} Kind
 * @param {{view: any, dtype: Kind}} packed
 * @returns {InstanceType<(typeof KINDS)[Kind]>}
 */
export function readArray({ view, dtype }) {
  const bytes = typeof view === "string" ? decodeBytes(view) : view;
  const { buffer, byteOffset, byteLength } = bytes;
  const Kind = KINDS[dtype];
  const aligned = byteOffset % Kind.BYTES_PER_ELEMENT === 0;
  const start = aligned ? byteOffset : 0;
  const whole = aligned ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  return /** @type {any} */ (new Kind(whole, start, byteLength / Kind.BYTES_PER_ELEMENT));
}

/**
 * A model on a page, where no kernel is.
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
      for (const listener of [...(listeners.get(`change:${name}`) ?? [])]) listener();
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
 * Asks the kernel, and waits: what comes back, or null where no kernel answers in time.
 * @param {WidgetModel} model
 * @param {Record<string, unknown>} question
 * @param {number} [patience] in milliseconds
 * @returns {Promise<Record<string, any> | null>}
 */
export function askKernel(model, question, patience = 8000) {
  const kernel = /** @type {Partial<KernelModel>} */ (model);
  if (!kernel.send) return Promise.resolve(null);
  const asked = `${Date.now()}-${Math.random()}`;
  return new Promise((resolve) => {
    /**
     * @param {any} message
     * @param {DataView[]} [buffers]
     */
    const listen = (message, buffers = []) => {
      if (message?.asked !== asked) return;
      finish(
        Object.fromEntries(
          Object.entries(message).map(([name, value]) =>
            Number.isInteger(value?.buffer) ? [name, { ...value, view: buffers[value.buffer] }] : [name, value],
          ),
        ),
      );
    };
    /** @param {Record<string, any> | null} answer */
    const finish = (answer) => {
      clearTimeout(timer);
      model.off("msg:custom", listen);
      resolve(answer);
    };
    const timer = setTimeout(() => finish(null), patience);
    model.on("msg:custom", listen);
    kernel.send?.({ ...question, asked });
  });
}
