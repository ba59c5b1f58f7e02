// The map on its canvas: hovered, a head tells its figures; clicked or walked to by the arrow keys, it is chosen.

import { element } from "../shared/elements.js";
import { readStyle } from "../shared/theme.js";
import { drawCard } from "./card.js";
import { isThere, nameHead, paintHeads, placeHeads } from "./scatter.js";

/** @import { Choice } from "./choice.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Palette, Places } from "./scatter.js" */

const REACH = 16; // pixels from a dot
const SHAPE = 0.62; // height by width
/** @type {Record<string, [layer: number, head: number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * @param {Facts} facts
 * @param {Choice} choice
 */
export function drawMap(facts, choice) {
  const canvas = element("canvas", {
    tabindex: 0,
    role: "img",
    "aria-label": "heads as dots: left and right choose another head, up and down another layer",
  });
  const card = drawCard(facts);
  const node = element("div", { class: "map" }, canvas, card.node);
  /** @type {Places | null} */
  let places = null;

  /** @param {PointerEvent | MouseEvent} event */
  const find = (event) => {
    if (!places) return null;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const last = places.points[places.points.length - 1];
    let nearest = null;
    let least = REACH ** 2;
    last.forEach((point, head) => {
      if (!isThere(point) || choice.hidden.has(Math.floor(head / facts.heads))) return;
      const far = (point[0] - x) ** 2 + (point[1] - y) ** 2;
      if (far < least) [nearest, least] = [head, far];
    });
    return nearest;
  };
  canvas.addEventListener("pointermove", (event) => {
    const head = find(event);
    if (head === null || !places) card.hide();
    else card.show(head, places.points[places.points.length - 1][head], node.clientWidth);
  });
  canvas.addEventListener("pointerleave", () => card.hide());
  canvas.addEventListener("click", (event) => {
    const head = find(event);
    if (head !== null) choice.choose(head);
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choice.choose(null);
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const at = choice.head ?? 0;
    const layer = clamp(Math.floor(at / facts.heads) + step[0], facts.layers);
    choice.choose(layer * facts.heads + clamp((at % facts.heads) + step[1], facts.heads));
  });

  return {
    node,
    /**
     * @param {HTMLElement} root
     * @param {number} scale
     */
    paint(root, scale) {
      const width = node.clientWidth;
      if (!width) return;
      const height = Math.round(Math.max(240, Math.min(width * SHAPE, innerHeight * 0.52)));
      places = placeHeads(facts, choice.look, { width, height, scale });
      const ratio = devicePixelRatio;
      Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
      const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      pen.scale(ratio, ratio);
      paintHeads(pen, facts, choice.look, places, readPalette(root), scale);
    },
    /**
     * @param {HTMLElement} root
     * @param {string} title
     */
    print(root, title) {
      const [width, height] = [760, 470];
      const palette = readPalette(root);
      return {
        width,
        height: height + 34,
        draw(/** @type {CanvasRenderingContext2D} */ pen) {
          pen.font = `600 15px ${palette.font}`;
          pen.fillStyle = palette.ink;
          pen.textAlign = "left";
          pen.fillText(title, 12, 22);
          pen.save();
          pen.translate(12, 34);
          const placed = placeHeads(facts, choice.look, { width: width - 24, height, scale: 1 });
          paintHeads(pen, facts, choice.look, placed, palette, 1);
          pen.restore();
        },
      };
    },
    tell: (/** @type {number} */ head) => nameHead(facts, head),
  };
}

/**
 * @param {number} i
 * @param {number} count
 */
function clamp(i, count) {
  return Math.max(0, Math.min(count - 1, i));
}

/**
 * @param {HTMLElement} root
 * @returns {Palette}
 */
function readPalette(root) {
  const names = ["ink", "paper", "muted", "rule", "before", "font"];
  return /** @type {Palette} */ (Object.fromEntries(names.map((name) => [name, readStyle(root, name)])));
}
