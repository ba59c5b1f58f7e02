// Building elements. Data reach the page as text nodes and attributes, never as markup.

const SVG = "http://www.w3.org/2000/svg"; // the name of a namespace, from which nothing is fetched

/** @typedef {Record<string, string | number>} Attributes */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * An element of an SVG picture.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function shape(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @param {Attributes} attributes
 * @param {string} text
 * @param {() => void} act
 */
export function button(attributes, text, act) {
  const node = element("button", { type: "button", ...attributes }, text);
  node.addEventListener("click", act);
  return node;
}

/**
 * Of many equals one stands in the tab order: the chosen one.
 * @param {HTMLElement[]} nodes
 * @param {number} chosen
 */
export function markChosen(nodes, chosen) {
  nodes.forEach((node, i) => {
    const isChosen = i === chosen;
    if (node.getAttribute("aria-selected") === String(isChosen)) return; // to set it again costs a new layout
    node.tabIndex = isChosen ? 0 : -1;
    node.setAttribute("aria-selected", String(isChosen));
  });
}

/**
 * An id that no element of the page has: several views of a kind may share a page.
 * @param {string} prefix
 */
export function findFreeId(prefix) {
  let number = 1;
  while (document.getElementById(`${prefix}-${number}`)) number++;
  return `${prefix}-${number}`;
}

/**
 * @template {Element} Kind
 * @param {Kind} node
 * @param {Attributes} attributes
 * @param {(Node | string)[]} children
 * @returns {Kind}
 */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}
