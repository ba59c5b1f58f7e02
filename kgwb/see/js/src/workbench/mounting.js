// Controls of ipywidgets inside our own frame. Their manager makes the elements; what it would tell them when it attaches
// them itself is told here, because a still picture's place is none of its own.

/**
 * @typedef {{el: HTMLElement, luminoWidget?: Listener, pWidget?: Listener, remove?: () => void}} WidgetView
 * @typedef {{processMessage: (message: object) => void, dispose?: () => void}} Listener
 * @typedef {{get_model: (id: string) => Promise<object>, create_view: (model: object) => Promise<WidgetView>}} Manager
 */

const REFERENCE = "IPY_MODEL_";

/**
 * Puts a widget into an element.
 * @param {WidgetModel} model whose trait `child` names it
 * @param {HTMLElement} place
 * @returns {() => void} clean-up
 */
export function mountChild(model, place) {
  const manager = /** @type {Manager | undefined} */ (/** @type {any} */ (model).widget_manager);
  let left = false;
  let leave = () => {};
  const mount = async () => {
    const child = model.get("child");
    if (!manager || !child) return;
    const named = typeof child === "string" ? child.slice(REFERENCE.length) : "";
    const view = await manager.create_view(named ? await manager.get_model(named) : child);
    if (left) return view.remove?.();
    leave = attach(view, place);
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
  const say = (/** @type {string} */ type) =>
    listener?.processMessage({ type, isConflatable: false, conflate: () => false });
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
