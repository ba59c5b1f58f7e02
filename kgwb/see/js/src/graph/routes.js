// Paths between two entities, put into the picture.

import { findPaths } from "./paths.js";

/** @import { Facts } from "./facts.js" */
/** @import { Path } from "./paths.js" */
/** @import { Shown } from "./shown.js" */

const SPREAD = 70; // pixels between two entities that are equally far along
const MOST = 60; // entities on shortest paths, beyond which one of the paths is drawn

/**
 * The shortest paths along facts that are not hidden, drawn; null where there is none.
 * @param {Facts} facts
 * @param {Shown} shown
 * @param {number} from
 * @param {number} to
 * @returns {Path | null}
 */
export function drawPaths(facts, shown, from, to) {
  const found = findPaths(
    facts,
    from,
    to,
    (fact) => !facts.chances.has(fact) && !shown.hiddenRelations.has(facts.relations[fact]),
  );
  if (!found?.length) return null;
  const inOrder = [from];
  for (const fact of found.first) inOrder.push(facts.otherEnd(fact, inOrder[inOrder.length - 1]));
  const path =
    found.entities.length <= MOST
      ? found
      : { ...found, facts: found.first, entities: inOrder, steps: [...inOrder.keys()] };
  if (!shown.has(from)) shown.gather([from]);
  const start = /** @type {{x: number, y: number}} */ (shown.spots.get(from));
  const end = shown.spots.get(to) ?? { x: start.x + 200 * path.length, y: start.y };
  const across = { x: -(end.y - start.y) / path.length, y: (end.x - start.x) / path.length };
  const size = Math.hypot(across.x, across.y) || 1;
  path.entities.forEach((entity, i) => {
    const step = path.steps[i];
    const beside = path.steps.filter((each) => each === step).length;
    const aside = (path.steps.slice(0, i).filter((each) => each === step).length - (beside - 1) / 2) * SPREAD;
    const at = {
      x: start.x + ((end.x - start.x) * step) / path.length + (across.x / size) * aside,
      y: start.y + ((end.y - start.y) * step) / path.length + (across.y / size) * aside,
    };
    const leading = path.facts.filter((fact) => facts.heads[fact] === entity || facts.tails[fact] === entity);
    shown.put(entity, entity === to ? end : at, leading);
  });
  return path;
}
