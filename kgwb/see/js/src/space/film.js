// A film of training: the map moves from frame to frame, and its scrubber stands on the curve of the loss.

import { button, element } from "../shared/elements.js";
import { formatShort } from "../shared/numbers.js";
import { measureExtent } from "./camera.js";
import { drawCurve, readEpoch, readValue } from "./curve.js";
import { placeFrame } from "./facts.js";
import { pixelOf } from "./front.js";

/** @import { Facts, Frames } from "./facts.js" */
/** @import { Stage } from "./stage.js" */

const LENGTH = 9000; // milliseconds of the whole film at usual speed, where its frames allow it
const [SHORTEST, LONGEST] = [60, 900]; // milliseconds between two frames
const [PLAY, PAUSE] = ["▶ Play", "❚❚ Pause"];
const SPEEDS = [0.5, 1, 2, 4];

/**
 * How far a frame can be trusted.
 * @param {Pick<Frames, "trust" | "variance" | "reach">} frames
 * @param {number} frame
 */
export function describeFrame({ trust, variance, reach }, frame) {
  const kept = `keeps ${Math.round(100 * variance[frame])} % of the variance`;
  return `trustworthiness ${trust[frame].toFixed(2)} · ${kept} · reaches ${formatShort(reach[frame])}`;
}

/**
 * What a space's script takes as its map while a film is played.
 * @param {Facts} facts
 */
export function openFilmMap(facts) {
  const frames = /** @type {Frames} */ (facts.frames);
  const points = new Float32Array(facts.count * 2);
  placeFrame(frames, facts.count, frames.names.length - 1, points);
  const last = frames.names.length - 1;
  facts.maps.push({ name: frames.names[last], note: describeFrame(frames, last), points, quality: null });
}

/**
 * @param {Facts} facts
 * @param {Stage} stage
 */
export function openFilm(facts, stage) {
  const frames = /** @type {Frames} */ (facts.frames);
  const last = frames.names.length - 1;
  const each = Math.min(LONGEST, Math.max(SHORTEST, LENGTH / Math.max(1, last)));
  const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");
  const widest = measureAll(facts, frames);
  const state = { time: last, playing: false, filled: false, speed: 1, curve: 0 };
  let begun = { moment: 0, time: 0 };
  let asked = 0;
  Object.assign(stage.extents[0], widest);

  const play = button({ class: "play" }, PLAY, () => run(!state.playing));
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, value: last, "aria-label": "Frame" });
  const fill = element("input", { type: "checkbox" });
  const speed = element(
    "select",
    { "aria-label": "speed" },
    ...SPEEDS.map((value) => element("option", { value }, `${value}×`)),
  );
  const which = element(
    "select",
    { "aria-label": "curve" },
    ...facts.curves.map(({ name }, i) => element("option", { value: i }, name)),
  );
  const curve = element("canvas", { class: "curve", tabindex: -1, "aria-hidden": "true" });
  const value = element("span", { class: "value" });
  speed.value = "1";
  slider.addEventListener("input", () => go(Number(slider.value)));
  slider.addEventListener("keydown", (event) => event.stopPropagation());
  fill.addEventListener("change", () => {
    state.filled = fill.checked;
    show();
  });
  speed.addEventListener("change", () => {
    state.speed = Number(speed.value);
    begun = { moment: performance.now(), time: state.time };
  });
  which.addEventListener("change", () => {
    state.curve = Number(which.value);
    show();
  });
  /** @param {PointerEvent} event */
  const point = (event) => {
    const epoch = readEpoch(curve, frames.epochs[last], event.clientX - curve.getBoundingClientRect().left);
    go(findFrame(frames.epochs, epoch));
  };
  curve.addEventListener("pointerdown", (event) => {
    curve.setPointerCapture(event.pointerId);
    point(event);
  });
  curve.addEventListener("pointermove", (event) => {
    if (event.buttons) point(event);
  });

  /** The map at this moment. */
  function show() {
    const frame = Math.round(state.time);
    placeFrame(frames, facts.count, state.time, stage.points[0]);
    Object.assign(stage.extents[0], state.filled ? measureExtent(stage.points[0]) : widest);
    Object.assign(stage.heads[0], { name: frames.names[frame], note: describeFrame(frames, frame) });
    stage.painter.setPlaces(0, stage.points[0]);
    stage.state.still = !state.playing;
    slider.value = String(frame);
    slider.setAttribute("aria-valuetext", frames.names[frame]);
    play.textContent = state.playing ? PAUSE : PLAY;
    stage.settle();
    if (facts.curves.length) showCurve(facts.curves[state.curve], readTime(frames.epochs, state.time));
  }

  /** @param {import("./facts.js").Curve} one @param {number} epoch */
  function showCurve(one, epoch) {
    drawCurve(curve, one, { epoch, last: frames.epochs[last] });
    value.textContent = formatShort(readValue(one.epochs, one.values, epoch));
  }

  /** @param {number} moment when the frame began, which may be before the click in it */
  function step(moment) {
    if (!state.playing) return;
    const time = Math.min(last, begun.time + (Math.max(0, moment - begun.moment) / each) * state.speed);
    state.time = lessMotion.matches ? Math.floor(time) : time;
    if (time >= last) Object.assign(state, { playing: false, time: last });
    show();
    if (state.playing) asked = requestAnimationFrame(step);
  }

  /** @param {boolean} playing */
  function run(playing) {
    cancelAnimationFrame(asked); // or a pause and a start within one frame would go on as two
    if (playing && state.time >= last) state.time = 0;
    state.playing = playing && last > 0;
    begun = { moment: performance.now(), time: state.time };
    if (state.playing) asked = requestAnimationFrame(step);
    show();
  }

  /** @param {number} time */
  function go(time) {
    cancelAnimationFrame(asked);
    Object.assign(state, { playing: false, time: Math.min(last, Math.max(0, time)) });
    show();
  }

  /** @type {Record<string, () => void>} */
  const keys = {
    " ": () => run(!state.playing),
    ".": () => go(Math.round(state.time) + 1),
    ",": () => go(Math.round(state.time) - 1),
    Home: () => go(0),
    End: () => go(last),
  };
  stage.pad.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // or the page scrolls
    event.stopPropagation();
    keys[event.key]();
  });
  stage.state.more = (pen, look) => {
    const moments = Array.from({ length: Math.floor(state.time) + 1 }, (_, i) => i);
    const places = new Float32Array(facts.count * 2);
    /** @type {[number, number][][]} */
    const trails = stage.state.chosen.slice(0, 30).map(() => []);
    const { lens } = stage.view(0);
    for (const moment of trails.length ? [...moments, state.time] : []) {
      placeFrame(frames, facts.count, moment, places);
      trails.forEach((trail, i) => {
        trail.push(pixelOf(places, stage.state.chosen[i], lens));
      });
    }
    pen.strokeStyle = look.ink;
    pen.lineWidth = look.scale;
    pen.globalAlpha = 0.55;
    for (const trail of trails) {
      pen.beginPath();
      trail.forEach(([x, y], i) => {
        if (i) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      });
      pen.stroke();
    }
    pen.globalAlpha = 1;
  };

  const told = facts.curves.length ? [which, curve, value] : [];
  const nodes = [element("div", { class: "bar" }, play, slider, speed, ...told)];
  return {
    nodes,
    controls: [element("label", {}, fill, "every frame fills the picture")],
    help: "Space plays and pauses; full stop and comma go a frame on and back; Home and End go to the first and the last.",
    show,
    close: () => cancelAnimationFrame(asked),
  };
}

/**
 * What holds the points of every frame.
 * @param {Facts} facts
 * @param {Frames} frames
 */
function measureAll(facts, frames) {
  const all = new Float32Array(frames.names.length * facts.count * 2);
  for (let frame = 0; frame < frames.names.length; frame++)
    placeFrame(frames, facts.count, frame, all.subarray(frame * facts.count * 2));
  return measureExtent(all);
}

/**
 * The frame nearest to an epoch, the first of equals.
 * @param {number[]} epochs
 * @param {number} epoch
 */
export function findFrame(epochs, epoch) {
  let found = 0;
  epochs.forEach((each, i) => {
    if (Math.abs(each - epoch) < Math.abs(epochs[found] - epoch)) found = i;
  });
  return found;
}

/**
 * The epoch of a moment between two frames.
 * @param {number[]} epochs
 * @param {number} time
 */
export function readTime(epochs, time) {
  const before = Math.floor(time);
  const after = Math.min(before + 1, epochs.length - 1);
  return epochs[before] + (epochs[after] - epochs[before]) * (time - before);
}
