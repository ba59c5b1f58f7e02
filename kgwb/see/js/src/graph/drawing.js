// The canvas: how large it is, what part of the plane it shows, when it is painted, what the hand on it means.

import { element } from "../shared/elements.js";
import { readStyle } from "../shared/theme.js";
import { openCamera } from "./camera.js";
import { openFinding } from "./finding.js";
import { openGestures } from "./gestures.js";
import { paint } from "./painting.js";

/** @import { Frame } from "../shared/frame.js" */
/** @import { Outlines } from "../shared/shapes.js" */
/** @import { Course } from "./curves.js" */
/** @import { Hit } from "./finding.js" */
/** @import { Look, Picture } from "./picture.js" */
/** @typedef {ReturnType<typeof openDrawing>} Drawing */
/** @typedef {Pick<Look, "chosenDots" | "chosenLines" | "trail" | "onlyChosen">} Emphasis */

const GROWING = 260; // milliseconds in which new dots come to their places
const RESTING = 140; // after which a picture that moved is drawn in full

/**
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLElement} stage
 * @param {Frame} frame
 * @param {Outlines} outlines
 */
export function openDrawing(canvas, stage, frame, outlines) {
  const camera = openCamera();
  const card = element("div", { class: "card", "aria-hidden": "true" });
  card.hidden = true;
  stage.append(card);
  /** @type {Picture} */
  let picture = { kind: "entities", dots: [], lines: [], groups: [], dotOf: new Map() };
  /** @type {Emphasis} */
  let emphasis = { chosenDots: new Set(), chosenLines: new Set(), trail: [], onlyChosen: false };
  /** @type {Course | null} */
  let course = null;
  /** @type {ReturnType<typeof openFinding> | null} */
  let finder = null;
  let [hotDot, hotLine, progress] = [-1, -1, 1];
  let following = true; // the whole stays in sight until the reader moves the picture
  let isSized = false; // before, nothing is painted
  let waiting = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;

  /** @returns {Look} */
  const look = (quick = false) => {
    const names = ["paper", "ink", "muted", "rule", "edge", "font"];
    const colours = Object.fromEntries(names.map((name) => [name, readStyle(frame.root, name)]));
    return { ...emphasis, colours, outlines, scale: frame.scale, progress, quick, hotDot, hotLine };
  };

  function paintNow(quick = false) {
    const pen = canvas.getContext("2d");
    if (!pen || !isSized) return;
    const sharp = canvas.width / camera.width;
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.clearRect(0, 0, camera.width, camera.height);
    course = paint(pen, picture, camera, look(quick));
    finder = null;
  }

  /** Paints at the next frame; while the picture moves without what takes long. */
  function moveOn() {
    clearTimeout(rest);
    rest = setTimeout(() => paintNow(), RESTING);
    if (waiting) return;
    waiting = requestAnimationFrame(() => {
      waiting = 0;
      paintNow(true);
    });
  }

  /** @param {number} start */
  function grow(start) {
    progress = Math.min(1, (performance.now() - start) / GROWING);
    progress = 1 - (1 - progress) ** 3;
    paintNow(true);
    if (progress < 1) requestAnimationFrame(() => grow(start));
    else paintNow();
  }

  /** @param {number} x @param {number} y @param {number} [slack] */
  function find(x, y, slack) {
    if (!course) return { dot: -1, line: -1 };
    finder ??= openFinding(course, camera.width, camera.height);
    return finder(x, y, slack);
  }

  return {
    camera,
    look,
    get picture() {
      return picture;
    },
    get course() {
      return course;
    },
    /**
     * @param {Picture} next
     * @param {() => Emphasis} findStress asked when the picture is there
     * @param {{growing?: boolean, fit?: boolean, sight?: {x: number, y: number} | null}} [how]
     */
    show(next, findStress, { growing = false, fit = false, sight = null } = {}) {
      [picture, hotDot, hotLine] = [next, -1, -1];
      emphasis = findStress();
      card.hidden = true;
      if (fit) following = true;
      if (following) camera.fit(picture.dots, frame.scale);
      else if (sight && !camera.sees(sight)) Object.assign(camera, { x: sight.x, y: sight.y });
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;
      const moves = growing && picture.dots.some((dot) => dot.x !== dot.fromX || dot.y !== dot.fromY);
      progress = 1;
      if (moves && !still) grow(performance.now());
      else paintNow();
    },
    /** @param {Emphasis} stress */
    stress(stress) {
      emphasis = stress;
      paintNow();
    },
    fit() {
      following = true;
      camera.fit(picture.dots, frame.scale);
      paintNow();
    },
    /** @param {number} factor */
    zoomBy(factor) {
      following = false;
      camera.zoomBy(factor);
      moveOn();
    },
    /** @returns {number} the height */
    resize() {
      const width = Math.max(120, stage.clientWidth);
      const height = Math.round(Math.max(300, Math.min(innerHeight * 0.64, 760, Math.max(width * 0.72, 330))));
      const sharp = Math.max(1, devicePixelRatio || 1);
      Object.assign(camera, { width, height });
      Object.assign(canvas, { width: Math.round(width * sharp), height: Math.round(height * sharp) });
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
      if (following) camera.fit(picture.dots, frame.scale);
      isSized = true;
      return height;
    },
    /**
     * @param {{
     *   tap: (hit: Hit, several: boolean) => void, open: (hit: Hit) => void,
     *   move: (dot: number, at: {x: number, y: number}) => void, describe: (hit: Hit) => string[]
     * }} acts
     */
    listen(acts) {
      const hover = (/** @type {Hit} */ hit, /** @type {number} */ x, /** @type {number} */ y) => {
        const changed = hit.dot !== hotDot || hit.line !== hotLine;
        [hotDot, hotLine] = [hit.dot, hit.line];
        const any = hit.dot >= 0 || hit.line >= 0;
        canvas.classList.toggle("on-something", any);
        card.hidden = !any;
        if (changed && any)
          card.replaceChildren(...acts.describe(hit).map((text) => element("div", { dir: "auto" }, text)));
        if (any) {
          const right = x < camera.width / 2;
          Object.assign(card.style, {
            left: right ? `${x + 14}px` : "auto",
            right: right ? "auto" : `${camera.width - x + 14}px`,
            top: `${Math.min(y + 12, camera.height - 60)}px`,
          });
        }
        if (changed) moveOn();
      };
      const leaveGestures = openGestures(canvas, {
        find,
        tap: (hit, several) => acts.tap(hit, several),
        open: (hit) => acts.open(hit),
        hover,
        leave: () => hover({ dot: -1, line: -1 }, 0, 0),
        moveDot(dot, x, y) {
          following = false;
          acts.move(dot, camera.toPlane(x, y));
          moveOn();
        },
        pan(dx, dy) {
          following = false;
          camera.pan(dx, dy);
          moveOn();
        },
        zoom(factor, x, y) {
          following = false;
          camera.zoomBy(factor, x, y);
          moveOn();
        },
      });
      return () => {
        leaveGestures();
        clearTimeout(rest);
        cancelAnimationFrame(waiting);
      };
    },
  };
}
