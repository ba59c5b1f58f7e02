// Who paints the points: the graphics card while it is to be had, else a plain canvas. Both are told the same.

import { element } from "../shared/elements.js";
import { openCard } from "./gl.js";
import { openPlain } from "./plain.js";

/** @import { Atlas, Painter } from "./atlas.js" */
/** @import { View } from "./camera.js" */

/**
 * @param {HTMLElement} holder which gets the canvas as its first child
 * @param {() => void} redraw once another canvas has to be painted
 * @param {boolean} plain from the start
 */
export function openPainter(holder, redraw, plain) {
  /** @type {Map<string, (painter: Painter) => void>} what was said last, for whoever paints next */
  const said = new Map();
  let size = { width: 0, height: 0, ratio: 1 };
  let canvas = element("canvas", { class: "points" });
  holder.prepend(canvas);
  let painter = (!plain && openCard(canvas)) || takeOver();
  let closed = false;

  function takeOver() {
    const next = element("canvas", { class: "points", width: canvas.width, height: canvas.height });
    Object.assign(next.style, { width: canvas.style.width, height: canvas.style.height });
    canvas.replaceWith(next);
    canvas = next;
    return openPlain(canvas);
  }
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    if (closed) return;
    painter = takeOver();
    for (const say of said.values()) say(painter);
    redraw();
  });
  /**
   * @param {string} what
   * @param {(painter: Painter) => void} say
   */
  const tell = (what, say) => {
    said.set(what, say);
    say(painter);
  };

  return {
    get canvas() {
      return canvas;
    },
    /** Whether the graphics card paints. */
    get onCard() {
      return canvas.getContext("2d") === null;
    },
    /**
     * @param {number} width
     * @param {number} height
     * @param {number} ratio
     */
    resize(width, height, ratio) {
      const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
      size = { width, height, ratio };
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
      if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
    },
    /** @param {number} map @param {Float32Array} points */
    setPlaces: (map, points) => tell(`places ${map}`, (to) => to.setPlaces(map, points)),
    /** @param {number} map @param {Uint8Array} strengths */
    setStrengths: (map, strengths) => tell(`strengths ${map}`, (to) => to.setStrengths(map, strengths)),
    /** @param {Uint16Array} tiles */
    setTiles: (tiles) => tell("tiles", (to) => to.setTiles(tiles)),
    /** @param {ArrayLike<number>} chosen */
    setChosen: (chosen) => tell("chosen", (to) => to.setChosen(chosen)),
    /** @param {Atlas} atlas */
    setAtlas: (atlas) => tell("atlas", (to) => to.setAtlas(atlas)),
    /** @param {View[]} views */
    draw: (views) => painter.draw(views, size),
    finish: () => painter.finish(),
    close() {
      closed = true;
      said.clear();
      painter.close();
      canvas.remove();
    },
  };
}
