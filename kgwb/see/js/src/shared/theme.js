// Style sheets follow the page's theme by themselves; what scripts draw has to be drawn again.

const ATTRIBUTES = ["class", "data-jp-theme-light", "data-theme", "data-vscode-theme-kind", "theme"];

/**
 * Calls `act` when the theme of the page or of the system may have changed, until the returned function is called.
 * @param {() => void} act
 */
export function watchTheme(act) {
  const observer = new MutationObserver(() => act());
  for (const node of [document.documentElement, document.body])
    observer.observe(node, { attributes: true, attributeFilter: ATTRIBUTES });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", act);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", act);
  };
}

/**
 * JupyterLab's mark of a light theme, on its body or, in a frame, on the root: "true", "false", or "" elsewhere.
 * @returns {string}
 */
export function readJupyterLight() {
  const values = [document.documentElement, document.body].map((node) => node.dataset.jpThemeLight);
  return values.find(Boolean) ?? "";
}

/** JupyterLab's mark counts before what the reader's system prefers. */
export function isDark() {
  const light = readJupyterLight();
  return light ? light === "false" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * A colour or font of see/palette.py, as it is in this element now.
 * @param {Element} node
 * @param {string} name
 */
export function readStyle(node, name) {
  return getComputedStyle(node).getPropertyValue(`--kgwb-${name}`).trim();
}
