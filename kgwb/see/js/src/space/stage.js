// The picture itself: three canvases over one another, what each panel shows, and when which of them is drawn again.

import { element } from "../shared/elements.js";
import { readStyle } from "../shared/theme.js";
import { CROWD, chooseRadius, drawAtlas } from "./atlas.js";
import { HEAD, layPanels, measureExtent, openLens, shareExtent } from "./camera.js";
import { layTiles, listStrengths } from "./colours.js";
import { drawShade, shadeDensity } from "./density.js";
import { drawArrows, drawCursor, drawHead, drawLinks, drawNames, drawOutline, within } from "./front.js";
import { placeNames, rankPoints } from "./names.js";
import { openPainter } from "./painter.js";

/** @import { Amounts, Facts, Kinds } from "./facts.js" */
/** @import { Camera, Panel } from "./camera.js" */
/** @import { Links, Look } from "./front.js" */
/** @import { Shade } from "./density.js" */
/** @import { Place } from "./places.js" */
/** @typedef {ReturnType<typeof openStage>} Stage */

const MANY = 5000; // points above which a shade lies below them
const FEW = 12; // chosen points that are named whatever they cover
const SLOW_FROM = 50_000; // points
const SLOW = 30; // milliseconds
const IDLE = 90; // milliseconds without a move, after which names and shade are placed anew
const HIGHEST = 0.62; // of the window

/**
 * @param {HTMLElement} picture
 * @param {Facts} facts
 * @param {{plain: boolean, scale: () => number}} options
 */
export function openStage(picture, facts, { plain, scale }) {
  const pad = element("div", { class: "pad", tabindex: 0, role: "application", "aria-roledescription": "map" });
  const [back, front] = ["back", "front"].map((name) => element("canvas", { class: name, "aria-hidden": "true" }));
  pad.append(back, front);
  picture.append(pad);
  const painter = openPainter(pad, () => paint(), plain);
  pad.prepend(back); // the shade lies below the points
  const order = rankPoints(facts);
  const points = facts.maps.map((map) => map.points);
  // maps laid onto one another are seen through one window
  const extents = facts.locked ? shareExtent(points.map(measureExtent)) : points.map(measureExtent);
  const heads = facts.maps.map(({ name, note }) => ({ name, note }));
  /** @type {Camera[]} */
  const cameras = points.map(() => ({ x: 0, y: 0, zoom: 1 }));
  /** @type {Uint8Array[]} */
  let strengths = [];
  /** @type {(Shade | null)[]} */
  let shades = [];
  /** @type {import("./names.js").Name[][]} */
  let names = [];
  /** @type {Panel[]} */
  let panels = [];
  let [asked, idle] = [0, /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined)];
  const held = { measured: false, slow: false, lens: /** @type {import("./camera.js").Lens | null} */ (null) };
  let stale = true; // whether the atlas has to be drawn again
  let size = { width: 0, height: 0, ratio: 1, radius: 0 };
  const state = {
    /** @type {Kinds | Amounts} */
    colouring: facts.colourings[0],
    /** @type {Set<number>} */
    hidden: new Set(),
    faint: true,
    named: true,
    /** @type {number[]} */
    chosen: [],
    hovered: -1,
    cursor: -1,
    /** @type {(Links | null)[]} */
    links: [],
    /** @type {Place[] | null} */
    outline: null,
    /** @type {((pen: CanvasRenderingContext2D, look: Look) => void) | null} more to draw, by a film */
    more: null,
    still: true,
  };

  const kinds = () => /** @type {Kinds} */ (state.colouring.amounts ? facts.types : state.colouring);
  const view = (/** @type {number} */ map) => ({
    panel: panels[map],
    lens: openLens(panels[map], extents[map], cameras[map]),
  });
  const views = () => points.map((_, map) => view(map));
  /** @returns {Look} */
  const look = () => {
    const [ink, paper, muted, rule, edge, font] = ["ink", "paper", "muted", "rule", "edge", "font"].map((name) =>
      readStyle(pad, name),
    );
    return { ink, paper, muted, rule, edge, font, scale: scale() };
  };

  /** Of a mark. */
  const radiusNow = () =>
    chooseRadius(facts.count, Math.max(...cameras.map(({ zoom }) => zoom)), panels[0]?.height ?? 400) * scale();

  /** Everything anew: another width, theme, colouring, or other points hidden. */
  function rebuild() {
    const width = Math.round(picture.clientWidth);
    if (!width || !points.length) return;
    const ratio = Math.min(3, devicePixelRatio || 1);
    const head = Math.round(HEAD * scale());
    panels = layPanels(points.length, width, Math.round(innerHeight * HIGHEST) - head, head);
    const height = Math.max(...panels.map((panel) => panel.top + panel.height)) + 1;
    size = { width, height, ratio, radius: radiusNow() };
    pad.style.height = `${height}px`;
    for (const canvas of [back, front]) {
      const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    painter.resize(width, height, ratio);
    points.forEach((each, map) => {
      painter.setPlaces(map, each);
    });
    restyle();
  }

  /** Other marks or strengths for the same places. */
  function restyle() {
    if (!size.width) return;
    const tiles = layTiles(facts, state.colouring, pad);
    painter.setTiles(tiles.of);
    strengths = points.map((_, map) => listStrengths(facts, map, kinds(), state.hidden, state.faint));
    strengths.forEach((each, map) => {
      painter.setStrengths(map, each);
    });
    painter.setChosen(state.chosen);
    stale = true;
    shades = [];
    settle();
  }

  /** Names and shade anew, once nothing moves. */
  function settle() {
    clearTimeout(idle);
    idle = undefined;
    if (!size.width) return; // in a tab that is not shown yet
    const style = look();
    const pen = context(front);
    shades = points.map((each, map) =>
      facts.count > MANY ? shadeDensity(each, strengths[map], view(map), style.ink) : null,
    );
    names = points.map((each, map) => (state.named ? nameMap(pen, each, map, style) : []));
    paint();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Float32Array} each
   * @param {number} map
   * @param {Look} style
   */
  function nameMap(pen, each, map, style) {
    const few = state.chosen.length <= FEW ? state.chosen : [];
    const first = [...new Set([...few, state.cursor, state.hovered])].filter((i) => i >= 0);
    pen.font = `600 ${11.5 * style.scale}px ${style.font}`;
    return placeNames(each, strengths[map], view(map), {
      first: first.filter((i) => strengths[map][i]),
      order: !state.still ? [] : few === state.chosen ? order : [...state.chosen.slice(0, 5000), ...order],
      label: facts.label,
      width: (text) => pen.measureText(text).width,
      zoom: cameras[map].zoom,
      radius: size.radius,
      size: 11.5 * style.scale,
    });
  }

  function paint() {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(draw);
  }

  function draw() {
    if (!size.width) return;
    const style = look();
    const radius = radiusNow();
    if (radius !== size.radius || stale) {
      size.radius = radius;
      stale = false;
      const { marks } = layTiles(facts, state.colouring, pad);
      painter.setAtlas(
        drawAtlas(marks, facts.outlines, { ...style, radius, ratio: size.ratio, crowd: state.chosen.length > CROWD }),
      );
    }
    const now = views();
    drawPoints(now);
    const shade = context(back);
    shades.forEach((each, map) => {
      if (each) drawShade(shade, each, now[map]);
    });
    const pen = context(front);
    now.forEach((_, map) => {
      drawOver(pen, map, style);
    });
    state.more?.(pen, style);
    if (state.outline) drawOutline(pen, state.outline, style);
  }

  /**
   * The points anew; or, where no graphics card is and a great many take long, the last picture of them moved along until
   * the hand rests.
   * @param {import("./camera.js").View[]} now
   */
  function drawPoints(now) {
    const { style } = painter.canvas;
    if (held.slow && held.lens && idle !== undefined) {
      const grown = now[0].lens.scale / held.lens.scale;
      const [across, down] = [now[0].lens.left - held.lens.left * grown, now[0].lens.top - held.lens.top * grown];
      style.transform = `matrix(${grown},0,0,${grown},${across},${down})`;
      return;
    }
    const start = performance.now();
    painter.draw(now);
    style.transform = "";
    held.lens = now[0].lens;
    if (held.measured || points.length > 1 || facts.count < SLOW_FROM) return;
    painter.finish();
    Object.assign(held, { measured: true, slow: performance.now() - start > SLOW });
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} map
   * @param {Look} style
   */
  function drawOver(pen, map, style) {
    const { panel, lens } = view(map);
    drawHead(pen, panel, heads[map], style);
    within(pen, panel, () => {
      drawArrows(pen, facts, map, points[map], lens, new Set(state.chosen), style);
      const links = state.links[map];
      if (links) drawLinks(pen, links, points[map], lens, style);
      if (state.cursor >= 0) drawCursor(pen, { panel, lens }, points[map], state.cursor, size.radius, style);
      drawNames(pen, names[map] ?? [], points[map], lens, style);
    });
  }

  /** @param {HTMLCanvasElement} canvas */
  function context(canvas) {
    // painted by the browser itself: a few lines of text are not worth the way to a graphics card and back
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    pen.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
    pen.clearRect(0, 0, size.width, size.height);
    return pen;
  }

  /** A move: the points at once, names and shade a moment later. */
  function move() {
    paint();
    clearTimeout(idle);
    idle = setTimeout(settle, IDLE);
  }

  /** @param {number[]} chosen */
  function setChosen(chosen) {
    stale ||= chosen.length > CROWD !== state.chosen.length > CROWD;
    state.chosen = chosen;
    painter.setChosen(chosen);
  }

  return {
    pad,
    state,
    setChosen,
    points,
    extents,
    cameras,
    heads,
    painter,
    kinds,
    view,
    look,
    drawOver,
    rebuild,
    restyle,
    settle,
    paint,
    move,
    draw,
    radius: radiusNow,
    get panels() {
      return panels;
    },
    get strengths() {
      return strengths;
    },
    get size() {
      return size;
    },
    /** The marks as they are, and which of them each point has. */
    tiles: () => layTiles(facts, state.colouring, pad),
    close() {
      clearTimeout(idle);
      cancelAnimationFrame(asked);
      painter.close();
      pad.remove();
    },
  };
}
