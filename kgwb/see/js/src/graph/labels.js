// Names on the picture: predicted facts, the best connected entities in view, then other facts, wherever a name covers no
// other name and no named dot. All is measured in the units of the drawing, which the zoom makes larger or smaller.

import { findRoom, overlap } from "../shared/boxes.js";
import { writeText } from "../shared/canvas_text.js";
import { shorten } from "../shared/numbers.js";
import { readStyle } from "../shared/theme.js";

/** @import { Box } from "../shared/boxes.js" */
/** @import { Edge, Graph } from "./facts.js" */

const MOST_LABELS = 60;
const NAMED_EDGES = 80; // at a time
const FIRST = 12; // entities whose names may stand on the dot of a lesser one rather than be missing
const SIDES = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
]; // right, left, below, above

/** @typedef {{left: number, middle: number}} Spot where a line of text begins */

/**
 * Where a name of this size can stand about a dot, the best first.
 * @param {{x: number, y: number, radius: number}} dot
 * @param {number} wide
 * @param {number} high
 * @param {number} gap between the dot and the name
 * @returns {Spot[]}
 */
export function placeAround({ x, y, radius }, wide, high, gap) {
  return SIDES.map(([across, down]) => ({
    left: x + across * (radius + gap) - (wide * (1 - across)) / 2,
    middle: y + down * (radius + high * 0.6),
  }));
}

/**
 * Two facts that say the same both ways have the same key, and only one of them is named.
 * @param {{from: number, to: number, name: string}} edge
 */
export function keyOfFact({ from, to, name }) {
  return [Math.min(from, to), Math.max(from, to), name].join();
}

/**
 * @param {Element} root
 * @param {Graph} graph
 * @param {vis.Network} network
 * @param {CanvasRenderingContext2D} context
 */
export function drawLabels(root, graph, network, context) {
  const [font, ink, edge, paper] = ["font", "ink", "edge", "paper"].map((name) => readStyle(root, name));
  const scale = network.getScale();
  const view = findView(network, context, scale);
  const { nodes, edges } = network.body;
  const chosen = new Set(network.getSelectedNodes());
  const named = [...chosen, ...graph.order.filter((node) => !chosen.has(node))]
    .filter((node) => overlap(view, [nodes[node].x, nodes[node].y, nodes[node].x, nodes[node].y]))
    .slice(0, MOST_LABELS);
  const dots = named.map((node) => ({ x: nodes[node].x, y: nodes[node].y, radius: nodes[node].options.size }));
  const dotBoxes = dots.map(
    ({ x, y, radius }) => /** @type {Box} */ ([x - radius, y - radius, x + radius, y + radius]),
  );
  /** @type {Box[]} */
  const names = [];
  /** @type {Set<string>} */
  const written = new Set();
  Object.assign(context, { textBaseline: "middle", textAlign: "left" });

  /**
   * Writes the text where there is room, and says whether there was.
   * @param {string} text
   * @param {{size: number, colour: string}} style
   * @param {(wide: number, high: number) => Spot[]} place
   * @param {Box[]} blockers
   */
  function write(text, { size, colour }, place, blockers) {
    context.font = `${size / scale}px ${font}`;
    const wide = context.measureText(text).width;
    const high = (size * 1.2) / scale;
    const spots = place(wide, high);
    const boxes = spots.map(
      ({ left, middle }) => /** @type {Box} */ ([left, middle - high / 2, left + wide, middle + high / 2]),
    );
    const at = findRoom(boxes, view, [...blockers, ...names]);
    if (at < 0) return false;
    names.push(boxes[at]);
    writeText(context, text, spots[at].left, spots[at].middle, { ink: colour, paper, rim: 3 / scale });
    return true;
  }

  /**
   * @param {Edge[]} some
   * @param {Box[]} blockers
   */
  function nameEdges(some, blockers) {
    for (const fact of some.slice(0, NAMED_EDGES)) {
      if (written.has(keyOfFact(fact))) continue;
      written.add(keyOfFact(fact));
      const { x, y } = edges[fact.id].edgeType.getPoint(0.5);
      write(shorten(fact.name), { size: 10.5, colour: edge }, (wide) => [{ left: x - wide / 2, middle: y }], blockers);
    }
  }

  nameEdges(
    graph.edges.filter((fact) => fact.dashes),
    [],
  );
  named.forEach((node, rank) => {
    const text = shorten(graph.labels[node]);
    const style = { size: 12.5, colour: ink };
    /** @type {(wide: number, high: number) => Spot[]} */
    const place = (wide, high) => placeAround(dots[rank], wide, high, 4 / scale);
    const others = dotBoxes.filter((_, i) => i !== rank);
    if (!write(text, style, place, others) && (rank < FIRST || chosen.has(node))) write(text, style, place, []);
  });
  /** @param {Edge} fact */
  const isNear = (fact) => chosen.has(fact.from) || chosen.has(fact.to);
  const roomy = scale * scale > (graph.edges.length - 1) / NAMED_EDGES;
  const shown = graph.edges.filter((fact) => roomy || isNear(fact));
  nameEdges(
    shown.sort((one, other) => Number(isNear(other)) - Number(isNear(one))),
    dotBoxes,
  );
}

/**
 * What of the drawing is in sight.
 * @param {vis.Network} network
 * @param {CanvasRenderingContext2D} context
 * @param {number} scale
 * @returns {Box}
 */
function findView(network, context, scale) {
  const corner = network.DOMtoCanvas({ x: 0, y: 0 });
  const { width, height } = context.canvas.getBoundingClientRect();
  return [corner.x, corner.y, corner.x + width / scale, corner.y + height / scale];
}
