// Light or dark, as the page around a view is. What scripts draw has to be drawn again when that changes.

const ATTRIBUTES = ["class", "style", "data-jp-theme-light", "data-theme", "data-vscode-theme-kind", "theme"];

/**
 * Calls `act` when the theme of the page or of the system may have changed, until the returned function is called.
 * @param {() => void} act
 */
export function watchTheme(act) {
  const observer = new MutationObserver(() => act());
  for (const node of [document.documentElement, document.body])
    observer.observe(node, { attributes: true, attributeFilter: ATTRIBUTES });
  const media = ["(prefers-color-scheme: dark)", "print"].map((query) => matchMedia(query));
  for (const each of media) each.addEventListener("change", act);
  return () => {
    observer.disconnect();
    for (const each of media) each.removeEventListener("change", act);
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

/** What the page says of itself (JupyterLab, VS Code, Colab, marimo) counts before what the reader's system prefers. */
export function isDark() {
  if (matchMedia("print").matches) return false; // paper is light
  const light = readJupyterLight();
  if (light) return light === "false";
  const said = [document.documentElement, document.body]
    .map(
      (node) =>
        `${node.className} ${node.dataset.theme ?? ""} ${node.dataset.vscodeThemeKind ?? ""} ${node.getAttribute("theme") ?? ""}`,
    )
    .join(" ")
    .split(/[\s-]+/);
  if (said.includes("dark")) return true;
  if (said.includes("light")) return false;
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * Marks the root of a view as light or dark, now and whenever that changes, and calls `act` each time it does.
 * @param {HTMLElement} root
 * @param {() => void} act
 */
export function followTheme(root, act) {
  const mark = () => {
    const theme = isDark() ? "dark" : "light";
    if (root.dataset.kgwbTheme === theme) return;
    root.dataset.kgwbTheme = theme;
    act();
  };
  const stop = watchTheme(mark);
  mark();
  return stop;
}

/**
 * A colour or font of see/palette.py, as it is in this element now.
 * @param {Element} node
 * @param {string} name
 */
export function readStyle(node, name) {
  return getComputedStyle(node).getPropertyValue(`--kgwb-${name}`).trim();
}
