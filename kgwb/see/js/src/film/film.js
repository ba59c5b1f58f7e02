// Plays the film that stands as JSON in its element: dots that move from frame to frame.

import { readData } from "../shared/decoding.js";
import { joinFrame } from "../shared/frame_messages.js";
import { watchTheme } from "../shared/theme.js";
import { callAll, watchSize } from "../shared/watching.js";
import { drawControls, findLabel } from "./controls.js";
import { findNearest, openFrames } from "./frames.js";
import { paintFilm } from "./painting.js";

/** @import { Film, State } from "./frames.js" */

const LENGTH = 9000; // milliseconds of the whole film, where its frames allow it
const [SHORTEST, LONGEST] = [60, 900]; // milliseconds between two frames
const REACH = 12; // pixels from a dot within which it is meant

/**
 * @param {Element} root
 * @returns {() => void} clean-up
 */
export function draw(root) {
  const notebook = joinFrame();
  /** @type {Film} */
  const film = readData(root);
  const frames = openFrames(film);
  const last = film.names.length - 1;
  const each = Math.min(LONGEST, Math.max(SHORTEST, LENGTH / Math.max(1, last)));
  const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {State} */
  const state = { time: last, playing: false, filled: false, chosen: new Set(film.ringed), near: -1 };
  const controls = drawControls(film, {
    play: () => play(!state.playing),
    go,
    fill(filled) {
      state.filled = filled;
      paint();
    },
    find(text) {
      const found = findLabel(film.labels, text);
      if (found >= 0 && !state.chosen.has(found)) follow(found);
    },
  });
  root.append(...controls.nodes);
  const { canvas } = controls;
  let begun = { moment: 0, time: 0 };
  let asked = 0;

  function paint() {
    paintFilm(canvas, film, frames, state);
    controls.update(state);
  }

  /** @param {number} moment when the frame began, which may be before the click in it */
  function step(moment) {
    if (!state.playing) return;
    const time = Math.min(last, begun.time + Math.max(0, moment - begun.moment) / each);
    state.time = lessMotion.matches ? Math.floor(time) : time;
    if (time >= last) Object.assign(state, { playing: false, time: last });
    paint();
    if (state.playing) asked = requestAnimationFrame(step);
  }

  /** @param {boolean} playing */
  function play(playing) {
    cancelAnimationFrame(asked); // or a pause and a start within one frame would go on as two
    if (playing && state.time >= last) state.time = 0;
    state.playing = playing && last > 0;
    begun = { moment: performance.now(), time: state.time };
    if (state.playing) asked = requestAnimationFrame(step);
    paint();
  }

  /** @param {number} time */
  function go(time) {
    Object.assign(state, { playing: false, time: Math.min(last, Math.max(0, time)) });
    paint();
  }

  /** @param {number} i */
  function follow(i) {
    if (i < 0) return;
    if (!state.chosen.delete(i)) state.chosen.add(i);
    paint();
  }

  /** @param {number} near */
  function hover(near) {
    if (near === state.near) return;
    state.near = near;
    if (!state.playing) paint();
  }

  /** @param {PointerEvent} event */
  function findDot(event) {
    const box = canvas.getBoundingClientRect();
    const side = canvas.clientWidth;
    const pixels = film.labels.map((_, i) => frames.pixel(i, state.time, state.filled, side));
    return findNearest(pixels, [event.clientX - box.left, event.clientY - box.top], REACH);
  }

  /** @type {Record<string, () => void>} */
  const keys = {
    " ": () => play(!state.playing),
    ArrowRight: () => go(Math.round(state.time) + 1),
    ArrowLeft: () => go(Math.round(state.time) - 1),
    Home: () => go(0),
    End: () => go(last),
  };
  canvas.addEventListener("click", (event) => follow(findDot(event)));
  canvas.addEventListener("pointermove", (event) => hover(findDot(event)));
  canvas.addEventListener("pointerleave", () => hover(-1));
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault(); // or the page scrolls
    keys[event.key]();
  });
  paint();
  return callAll(watchTheme(paint), watchSize(canvas, paint), notebook.leave, () => {
    cancelAnimationFrame(asked);
    for (const node of controls.nodes) node.remove();
  });
}
