// What is drawn, as dots and lines, whether dots are entities or types.

/** @import { Outlines } from "../shared/shapes.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Shown } from "./shown.js" */

/**
 * A dot is known by its key: an entity's place or a type's. A line's ends are places among the dots.
 * @typedef {{
 *   key: number, x: number, y: number, fromX: number, fromY: number, size: number, mark: {colour: string, shape: string},
 *   label: string, weight: number, pinned: boolean
 * }} Dot
 * @typedef {{key: number, from: number, to: number, lane: number, lanes: number, dashed: boolean, name: string}} Line
 * @typedef {{name: string, lines: number[], at: number}} Group lines that are named once, and the dot they meet at
 * @typedef {{kind: "entities" | "types", dots: Dot[], lines: Line[], groups: Group[], dotOf: Map<number, number>}} Picture
 */

/**
 * How it is drawn, and what stands out, by places among the dots and lines; `quick` leaves out what takes long, while the
 * picture moves.
 * @typedef {{
 *   colours: Record<string, string>, outlines: Outlines, scale: number, progress: number, quick: boolean,
 *   chosenDots: Set<number>, chosenLines: Set<number>, hotDot: number, hotLine: number, trail: number[], onlyChosen: boolean
 * }} Look
 */

/**
 * @param {Facts} facts
 * @param {Shown} shown
 * @returns {Picture}
 */
export function composeEntities(facts, shown) {
  const { entities, facts: drawn } = shown.list();
  const dots = entities.map((entity) => ({
    key: entity,
    .../** @type {{x: number, y: number, fromX: number, fromY: number, pinned: boolean}} */ (shown.spots.get(entity)),
    size: Math.min(14, 4 + 0.9 * Math.sqrt(facts.degrees[entity])),
    mark: facts.marks[facts.types[entity]],
    label: facts.labels[entity],
    weight: facts.degrees[entity],
  }));
  const dotOf = new Map(entities.map((entity, i) => [entity, i]));
  const lines = drawn.map((fact) => ({
    key: fact,
    from: /** @type {number} */ (dotOf.get(facts.heads[fact])),
    to: /** @type {number} */ (dotOf.get(facts.tails[fact])),
    lane: 0,
    lanes: 1,
    dashed: facts.chances.has(fact),
    name: facts.nameRelation(fact),
  }));
  spreadLanes(lines);
  const relation = (/** @type {number} */ line) => facts.relations[lines[line].key];
  return { kind: "entities", dots, lines, groups: groupLines(lines, dots, relation), dotOf };
}

/**
 * Lines between the same two dots take lanes of their own.
 * @param {Line[]} lines
 */
export function spreadLanes(lines) {
  /** @type {Map<string, Line[]>} */
  const between = new Map();
  for (const line of lines) {
    const pair = `${Math.min(line.from, line.to)} ${Math.max(line.from, line.to)}`;
    const others = between.get(pair);
    if (others) others.push(line);
    else between.set(pair, [line]);
  }
  for (const several of between.values())
    several.forEach((line, lane) => {
      Object.assign(line, { lane, lanes: several.length });
    });
}

/**
 * Lines of one relation at one dot, put into the larger of the two groups a line lies in; a dashed one and a loop alone.
 * @param {Line[]} lines
 * @param {Dot[]} dots
 * @param {(line: number) => number} relation
 * @returns {Group[]}
 */
export function groupLines(lines, dots, relation) {
  /** @type {Map<string, number[]>} */
  const all = new Map();
  const keys = lines.map(({ from, to }, i) => {
    const both = [from, to].map((dot) => `${dot} ${relation(i)}`);
    for (const key of both) {
      const group = all.get(key);
      if (group) group.push(i);
      else all.set(key, [i]);
    }
    return both;
  });
  /** @type {Map<string, Group>} */
  const groups = new Map();
  lines.forEach(({ from, to, dashed, name }, i) => {
    const [one, other] = keys[i].map((key) => all.get(key)?.length ?? 0);
    const [key, at] = dashed || from === to ? [`${i}`, from] : one >= other ? [keys[i][0], from] : [keys[i][1], to];
    const group = groups.get(key) ?? { name, lines: [], at };
    group.lines.push(i);
    groups.set(key, group);
  });
  const found = [...groups.values()].sort((one, other) => other.lines.length - one.lines.length);
  for (const { lines: members, at } of found) members.sort((one, other) => angleAt(one, at) - angleAt(other, at));
  return found;

  /** @param {number} line @param {number} at */
  function angleAt(line, at) {
    const other = lines[line].from === at ? lines[line].to : lines[line].from;
    return Math.atan2(dots[other].y - dots[at].y, dots[other].x - dots[at].x);
  }
}
