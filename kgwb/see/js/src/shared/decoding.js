// What Python packed into the page: numbers as base64.

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
