// The picture of a run that is still going on and, once the busy kernel has answered, a button that ends it.
const PATIENCE = 4000; // milliseconds after which a kernel that has not answered will not

function render({ model, el }) {
  const root = el.appendChild(document.createElement("div"));
  root.className = "kgwb-training";
  const picture = root.appendChild(document.createElement("img"));
  const button = root.appendChild(document.createElement("button"));
  const hint = root.appendChild(document.createElement("span"));
  Object.assign(button, { type: "button", textContent: "Stop", hidden: true, title: "End the run early; what was learnt so far is kept" });
  Object.assign(hint, { textContent: "To stop, interrupt the kernel (■)", hidden: true });

  const draw = () => {
    picture.src = `data:image/svg+xml,${encodeURIComponent(model.get("picture"))}`;
    picture.alt = "Loss and figures of the running training";
  };
  const wear = () => {
    const light = document.body.dataset.jpThemeLight;
    picture.style.colorScheme = light ? (light === "false" ? "dark" : "light") : "light dark";
  };
  const hear = (message) => {
    if (message?.kgwb !== "answered") return;
    hint.hidden = true;
    button.hidden = false;
  };
  button.addEventListener("click", () => {
    model.send({ kgwb: "stop" });
    button.disabled = true;
    button.textContent = `Stopping after this ${model.get("unit")} …`;
  });
  const waiting = setTimeout(() => { hint.hidden = !button.hidden; }, PATIENCE);
  const watch = new MutationObserver(wear);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  model.on("change:picture", draw);
  model.on("msg:custom", hear);
  draw();
  wear();
  model.send({ kgwb: "opened" });
  return () => {
    clearTimeout(waiting);
    watch.disconnect();
    model.off("change:picture", draw);
    model.off("msg:custom", hear);
  };
}

export default { render };
