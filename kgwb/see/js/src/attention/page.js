// On an exported page there is no kernel: a plain object stands in for the widget's model.

export function openModel(state) {
  const values = { ...state };
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

/** {view: base64} becomes {view: DataView}, as a kernel would send it. */
export function unpack(packed) {
  if (!packed?.view) return packed;
  const letters = atob(packed.view);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i); // ten times faster than Uint8Array.from
  return { ...packed, view: new DataView(bytes.buffer) };
}
