// What Python packed into the page: JSON in a script element, numbers as base64.

const FULL = 32767; // the largest 16-bit number stands for 1

/**
 * The data that stand as JSON in the element of a view.
 * @param {Element} root
 * @returns {any}
 */
export function readData(root) {
  return JSON.parse(root.querySelector("script")?.textContent ?? "null");
}

/**
 * @param {string} text base64
 * @returns {DataView<ArrayBuffer>}
 */
export function decodeBytes(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i); // ten times faster than Uint8Array.from
  return new DataView(bytes.buffer);
}

/**
 * Shares from −1 to 1, each of which travels as a 16-bit number, the lower byte first.
 * @param {string} text base64
 * @returns {Float32Array}
 */
export function decodeShares(text) {
  const view = decodeBytes(text);
  const shares = new Float32Array(view.byteLength / 2);
  for (let i = 0; i < shares.length; i++) shares[i] = view.getInt16(2 * i, true) / FULL;
  return shares;
}
