// What a page in a frame may ask for, and what it is given.

/**
 * The height of the frame, whatever the page asks for.
 * @param {unknown} height
 */
export function limitHeight(height) {
  return Math.min(1200, Math.max(200, Number(height) || 0));
}

/**
 * The page with the notebook's theme on its root; a notebook without a theme is light.
 * @param {string} page
 * @param {string} light what JupyterLab says: "true", "false" or ""
 */
export function markTheme(page, light) {
  return page.replace("<html ", `<html data-jp-theme-light="${light === "false" ? "false" : "true"}" `);
}
