// Shows a whole offline page in a frame that can reach neither the notebook nor the network.
function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = model.get("title");
  Object.assign(frame.style, { width: "100%", height: "680px", border: "0", display: "block" });
  const light = () => document.body.dataset.jpThemeLight ?? "";
  const tellTheme = () => frame.contentWindow?.postMessage({ kgwb: "theme", light: light() }, "*");
  const hear = (event) => {
    if (event.source !== frame.contentWindow) return;
    if (event.data?.kgwb === "height") frame.style.height = `${Math.min(1200, Math.max(200, Number(event.data.height) || 0))}px`;
    if (event.data?.kgwb === "ready") tellTheme();
    if (event.data?.kgwb !== "selected" || !Array.isArray(event.data.entities)) return;
    model.set("selected", event.data.entities.filter(Number.isInteger));
    model.set("touched", true);
    model.save_changes();
  };
  const watch = new MutationObserver(tellTheme);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  window.addEventListener("message", hear);
  frame.srcdoc = model.get("page").replace("<html ", `<html data-jp-theme-light="${light() === "false" ? "false" : "true"}" `);
  el.append(frame);
  return () => { watch.disconnect(); window.removeEventListener("message", hear); };
}

export default { render };
