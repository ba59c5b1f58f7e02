// The keyboard on the picture: arrows walk, Enter shows or folds facts, Backspace goes back, / searches, + − 0 come nearer.

/** @import { Course } from "./curves.js" */
/** @import { Picture } from "./picture.js" */

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WIDE = 0.35; // how far beside the way something may lie: the cosine of some 70 degrees

/**
 * @param {HTMLElement} node
 * @param {{
 *   walk: (way: [number, number]) => void, open: () => void, back: () => void, search: () => void, clear: () => void,
 *   zoom: (factor: number) => void, whole: () => void
 * }} acts
 */
export function openKeys(node, acts) {
  node.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    /** @type {Record<string, () => void>} */
    const known = {
      Enter: acts.open,
      Backspace: acts.back,
      "/": acts.search,
      Escape: acts.clear,
      "+": () => acts.zoom(1.3),
      "=": () => acts.zoom(1.3),
      "-": () => acts.zoom(1 / 1.3),
      0: acts.whole,
    };
    const act = WAYS[event.key] ? () => acts.walk(WAYS[event.key]) : known[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

/**
 * The dot that lies in a direction: a neighbour if there is one, else any; −1 where none does.
 * @param {Picture} picture
 * @param {Pick<Course, "x" | "y">} course
 * @param {number} from
 * @param {[number, number]} way
 */
export function findInDirection({ dots, lines }, { x, y }, from, [wx, wy]) {
  const joined = new Set(
    lines.flatMap((line) => (line.from === from ? [line.to] : line.to === from ? [line.from] : [])),
  );
  /** @param {(dot: number) => boolean} meant */
  const best = (meant) => {
    let [found, lowest] = [-1, Infinity];
    dots.forEach((_, i) => {
      if (i === from || !meant(i)) return;
      const [dx, dy] = [x[i] - x[from], y[i] - y[from]];
      const far = Math.hypot(dx, dy) || 1e-9;
      const along = (dx * wx + dy * wy) / far;
      const cost = far / (along * along);
      if (along > WIDE && cost < lowest) [found, lowest] = [i, cost];
    });
    return found;
  };
  const near = best((dot) => joined.has(dot));
  return near >= 0 ? near : best(() => true);
}
