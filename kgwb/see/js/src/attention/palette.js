// The palette as a pen takes it.

import { readStyle } from "../shared/theme.js";

/** @import { Palette } from "./matrix_painting.js" */

/**
 * @param {HTMLElement} root
 * @returns {Palette}
 */
export function readPalette(root) {
  const names = ["ink", "paper", "muted", "rule", "injected", "edge", "before", "after", "font"];
  return /** @type {Palette} */ (Object.fromEntries(names.map((name) => [name, readStyle(root, name)])));
}
