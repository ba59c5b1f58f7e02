// The picture of a run that is still going on and, once the busy kernel has answered, a button that ends it.
// Milliseconds between questions. The thread that can answer is started when the widget opens, and what was asked before it stands
// waits for the cell to end. A kernel that answers none of these cannot hear a click: then the button interrupts it, where it can.
const PAUSES = [300, 600, 1200, 2400];

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
  const offer = (stop) => {
    button.hidden = false;
    button.onclick = () => {
      button.disabled = true;
      stop();
    };
  };
  const hear = (message) => {
    if (message?.kgwb !== "answered" || !button.hidden) return;
    offer(() => {
      model.send({ kgwb: "stop" });
      button.textContent = `Stopping after this ${model.get("unit")} …`;
    });
  };
  const giveUp = () => {
    const kernel = model.widget_manager?.kernel;
    if (typeof kernel?.interrupt !== "function") hint.hidden = false;
    else offer(() => kernel.interrupt());
  };
  let waiting;
  const ask = ([pause, ...later]) => {
    waiting = setTimeout(() => {
      if (!button.hidden) return;
      model.send({ kgwb: "opened" });
      if (later.length) ask(later);
      else waiting = setTimeout(() => button.hidden && giveUp(), pause);
    }, pause);
  };
  const watch = new MutationObserver(wear);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  model.on("change:picture", draw);
  model.on("msg:custom", hear);
  draw();
  wear();
  ask(PAUSES);
  return () => {
    clearTimeout(waiting);
    watch.disconnect();
    model.off("change:picture", draw);
    model.off("msg:custom", hear);
  };
}

export default { render };
