// Controls of ipywidgets inside our own frame. Their manager makes the elements; what it would tell them when it attaches
// them itself is told here, because a still picture's place is none of its own.

/**
 * @typedef {{processMessage: (message: object) => void, dispose?: () => void}} Listener a widget of the notebook's own kind
 * @typedef {{el: HTMLElement, luminoWidget?: Listener, pWidget?: Listener, remove?: () => void}} WidgetView
 * @typedef {{get_model: (id: string) => Promise<object>, create_view?: (model: object) => Promise<WidgetView>}} Manager
 */

const REFERENCE = "IPY_MODEL_"; // stands before the id of a widget that a trait names
const NO_MANAGER =
  "These controls need a notebook that shows ipywidgets, such as JupyterLab. Elsewhere, call the panel's methods.";

/**
 * Puts a widget into an element.
 * @param {WidgetModel} model whose trait `child` names it
 * @param {HTMLElement} place
 * @param {() => void} ready called when it stands there
 * @returns {() => void} clean-up
 */
export function mountChild(model, place, ready) {
  const manager = /** @type {Manager | undefined} */ (/** @type {any} */ (model).widget_manager);
  let left = false;
  let leave = () => {};
  const mount = async () => {
    if (!manager?.create_view) return place.append(NO_MANAGER);
    const named = model.get("child");
    const child = typeof named === "string" ? await manager.get_model(named.slice(REFERENCE.length)) : named;
    const view = await manager.create_view(child);
    if (left) return view.remove?.();
    leave = attach(view, place);
    ready();
  };
  mount();
  return () => {
    left = true;
    leave();
  };
}

/**
 * @param {WidgetView} view
 * @param {HTMLElement} place
 */
function attach(view, place) {
  const listener = view.luminoWidget ?? view.pWidget;
  /** @param {string} type */
  const say = (type) => listener?.processMessage({ type, isConflatable: false, conflate: () => false });
  say("before-attach");
  place.append(view.el);
  say("after-attach");
  return () => {
    say("before-detach");
    view.el.remove();
    say("after-detach");
    if (listener?.dispose) listener.dispose();
    else view.remove?.();
  };
}
