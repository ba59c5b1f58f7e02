// Style sheets follow the page's theme by themselves; the canvas has to be told.

export function watchTheme(repaint) {
  const observer = new MutationObserver(repaint);
  const attributeFilter = ["class", "data-jp-theme-light", "data-theme", "data-vscode-theme-kind", "theme"];
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true, attributeFilter });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", repaint);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", repaint);
  };
}
