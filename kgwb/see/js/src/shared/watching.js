// Watching what a view does not own, and an end to it.

/**
 * Calls `act` whenever the size of the node changes, and once at first, until the returned function is called.
 * @param {Element} node
 * @param {() => void} act
 */
export function watchSize(node, act) {
  const observer = new ResizeObserver(() => act());
  observer.observe(node);
  return () => observer.disconnect();
}

/**
 * One function that calls all of them: the clean-up of a view that watches several things.
 * @param {...(() => void)} stops
 */
export function callAll(...stops) {
  return () => {
    for (const stop of stops) stop();
  };
}
