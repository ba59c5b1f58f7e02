// Draws the graph that stands as JSON in its element. vis-network moves dots and lines; names, search and facts are ours.

import { readData } from "../shared/decoding.js";
import { element } from "../shared/elements.js";
import { joinFrame } from "../shared/frame_messages.js";
import { drawLegend } from "../shared/legend.js";
import { watchTheme } from "../shared/theme.js";
import { drawZoom, keepWheel, WHOLE } from "./controls.js";
import { drawFacts } from "./facts.js";
import { drawLabels } from "./labels.js";
import { findOptions } from "./options.js";
import { drawSearch } from "./search.js";

/** @import { Graph } from "./facts.js" */

/**
 * @param {Element} root
 * @returns {() => void} clean-up
 */
export function draw(root) {
  const notebook = joinFrame();
  /** @type {Graph} */
  const graph = readData(root);
  const plane = element("div", { class: "plane" });
  const canvas = element("div", { class: "canvas" }, plane);
  const facts = drawFacts(graph, choose);
  const bar = element("div", { class: "bar" }, drawSearch(graph, choose), drawLegend(graph.legend));
  const row = element("div", { class: "row" }, canvas, facts.node);
  root.append(bar, row);
  const data = { nodes: new vis.DataSet(graph.nodes), edges: new vis.DataSet(graph.edges) };
  const network = new vis.Network(plane, data, findOptions(root, graph.edges.length));

  /** @param {number | null} node */
  function select(node) {
    facts.update(node);
    notebook.report(node === null ? [] : [graph.ids[node]]);
  }

  /** @param {number} node */
  function choose(node) {
    network.selectNodes([node]);
    // Of a large graph the neighbourhood is shown, but never so near that it is all dot.
    const near = Math.min(5, Math.sqrt(graph.nodes.length / 150));
    const animation = { duration: 300, easingFunction: "easeInOutQuad" };
    network.focus(node, { scale: Math.max(network.getScale(), near), animation });
    select(node);
  }

  canvas.append(drawZoom(network));
  keepWheel(canvas);
  network.on("click", ({ nodes }) => select(nodes[0] ?? null));
  network.on("afterDrawing", (context) => drawLabels(root, graph, network, context));
  network.fit(WHOLE);
  if (graph.centre.length) network.selectNodes(graph.centre);
  facts.update(graph.centre.length === 1 ? graph.centre[0] : null);
  const forgetTheme = watchTheme(() => network.setOptions(findOptions(root, graph.edges.length)));

  return () => {
    forgetTheme();
    notebook.leave();
    network.destroy();
    bar.remove();
    row.remove();
  };
}
