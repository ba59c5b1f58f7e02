// A notebook that saves a new still picture makes the place anew. What was in hand stays in hand: the control in focus, the
// Python that was unfolded, and the height, without which everything below would jump.

const FOCUSABLE = "button, input, select, textarea, summary, [tabindex]";

/** @typedef {{focused: number, unfolded: number[], height: number, at: number}} Kept */

/**
 * @param {HTMLElement} root
 * @returns {Kept} what is in hand now
 */
export function noteHand(root) {
  const controls = [...root.querySelectorAll(FOCUSABLE)];
  const active = /** @type {Document | ShadowRoot} */ (root.getRootNode()).activeElement;
  const folds = [...root.querySelectorAll("details")];
  return {
    focused: active ? controls.indexOf(active) : -1,
    unfolded: folds.flatMap((fold, i) => (fold.open ? [i] : [])),
    height: root.offsetHeight,
    at: Date.now(),
  };
}

/**
 * Gives back what was in hand a moment ago; what someone has taken up elsewhere meanwhile is left to them.
 * @param {HTMLElement} root
 * @param {Kept} kept
 */
export function giveBack(root, kept) {
  const folds = root.querySelectorAll("details");
  for (const i of kept.unfolded) folds[i]?.setAttribute("open", "");
  const active = document.activeElement;
  const idle = !active || active === document.body || active.contains(root);
  const control = /** @type {HTMLElement | undefined} */ ([...root.querySelectorAll(FOCUSABLE)][kept.focused]);
  if (idle && kept.focused >= 0) control?.focus({ preventScroll: true });
}
