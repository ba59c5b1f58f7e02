// How vis-network draws: positions are fixed, colours come from the page.

import { readStyle } from "../shared/theme.js";

const MANY = 3000; // edges that are not drawn again at each step of a drag
const CROWDED = 300; // edges that cover one another, and so are fainter

/**
 * @param {Element} root
 * @param {number} edges how many are drawn
 */
export function findOptions(root, edges) {
  const [ink, edge] = ["ink", "edge"].map((name) => readStyle(root, name));
  const many = edges > MANY;
  /**
   * @param {{borderColor: string, borderWidth: number}} values
   * @param {number} _node
   * @param {boolean} selected
   */
  const ring = (values, _node, selected) => {
    if (selected) Object.assign(values, { borderColor: ink, borderWidth: 3 });
  };
  return {
    physics: { enabled: false },
    layout: { improvedLayout: false },
    interaction: {
      hideEdgesOnDrag: many,
      hideEdgesOnZoom: many,
      hover: false,
      keyboard: { enabled: true, bindToWindow: false },
    },
    nodes: { borderWidth: 0, borderWidthSelected: 3, chosen: { node: ring, label: false } },
    edges: {
      smooth: { enabled: false },
      width: many ? 0.5 : 0.9,
      selectionWidth: 1.2,
      color: { color: edge, highlight: edge, hover: edge, opacity: edges > CROWDED ? 0.45 : 0.75 },
      arrows: { to: { enabled: true, scaleFactor: many ? 0.2 : 0.35 } },
      selfReference: { size: 14 },
    },
  };
}
