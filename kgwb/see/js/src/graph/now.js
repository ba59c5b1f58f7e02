// What is chosen in the picture at this moment, and how it stands out.

/** @import { Emphasis } from "./drawing.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Path } from "./paths.js" */
/** @import { Picture } from "./picture.js" */
/** @import { Arrow, Schema } from "./schema.js" */
/** @import { Step } from "./trail.js" */
/**
 * Entities, relation and fact by their places, −1 for none; type and arrow are the schema's.
 * @typedef {{
 *   mode: "entities" | "types", chosen: number[], relation: number, fact: number, type: number, arrow: Arrow | null,
 *   path: Path | null, note: HTMLElement | null
 * }} Now
 */

/** @returns {Omit<Now, "mode">} */
export const chooseNothing = () => ({
  chosen: [],
  relation: -1,
  fact: -1,
  type: -1,
  arrow: null,
  path: null,
  note: null,
});

/** @type {() => Emphasis} */
export const stressNothing = () => ({ chosenDots: new Set(), chosenLines: new Set(), trail: [], onlyChosen: false });

/**
 * @param {Now} now
 * @param {Picture} picture
 * @param {Facts} facts
 * @param {Schema | null} schema
 * @param {Step[]} steps of the trail
 * @returns {Emphasis}
 */
export function findEmphasis(now, picture, facts, schema, steps) {
  const { dots, lines, dotOf } = picture;
  const { arrow, type, path, fact, relation, chosen } = now;
  const places = (/** @type {Iterable<number>} */ keys) => [...keys].flatMap((key) => dotOf.get(key) ?? []);
  /** @param {(line: Picture["lines"][0]) => boolean} isMeant */
  const linesThat = (isMeant) => new Set(lines.flatMap((line, i) => (isMeant(line) ? [i] : [])));
  if (now.mode === "types") {
    const ofChosen = new Set(chosen.map((entity) => schema?.types.indexOf(facts.types[entity]) ?? -1));
    const ends = arrow ? [arrow.from, arrow.to] : type >= 0 ? [type] : ofChosen;
    const chosenLines = linesThat(({ key, from, to }) =>
      arrow ? schema?.arrows[key] === arrow : type >= 0 && (dots[from].key === type || dots[to].key === type),
    );
    return { ...stressNothing(), chosenDots: new Set(places(ends)), chosenLines };
  }
  const onPath = new Set(path?.facts);
  const here = new Set(chosen);
  const chosenLines = linesThat(({ key }) => {
    if (path) return onPath.has(key);
    const ends = here.has(facts.heads[key]) || here.has(facts.tails[key]);
    return ends || key === fact || facts.relations[key] === relation;
  });
  const ends = path ? path.entities : fact >= 0 ? [facts.heads[fact], facts.tails[fact]] : chosen;
  const way = steps.filter((step) => step.mode === "entities" && step.key >= 0).map(({ key }) => key);
  return { chosenDots: new Set(places(ends)), chosenLines, trail: places(way), onlyChosen: path !== null };
}
