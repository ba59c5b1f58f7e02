import assert from "node:assert/strict";
import { test } from "node:test";
import { readValue } from "../src/space/curve.js";
import { placeFrame } from "../src/space/facts.js";
import { describeFrame, findFrame, readTime } from "../src/space/film.js";

/** Two dots in two frames: the first goes from (1, 0) of reach 2 to (0, 1) of reach 4. */
const FRAMES = {
  points: Uint16Array.of(65535, 32767.5, 32767.5, 32767.5, 32767.5, 65535, 32767.5, 32767.5),
  reach: [2, 4],
  names: ["start", "end"],
};

/** @param {number} time */
function placeAt(time) {
  const places = new Float32Array(4);
  placeFrame(FRAMES, 2, time, places);
  return [...places].map((value) => Math.round(value * 1000) / 1000 + 0);
}

test("a dot moves straight from frame to frame, in the space's own units", () => {
  assert.deepEqual(placeAt(0), [2, 0, 0, 0]);
  assert.deepEqual(placeAt(0.5), [1, 2, 0, 0]);
  assert.deepEqual(placeAt(1), [0, 4, 0, 0]);
});

test("a frame says how far it can be trusted", () => {
  const film = { trust: [0.9, 0.5], variance: [0.123, 1], reach: [1, 12.345] };
  assert.equal(describeFrame(film, 0), "trustworthiness 0.90 · keeps 12 % of the variance · reaches 1");
  assert.equal(describeFrame(film, 1), "trustworthiness 0.50 · keeps 100 % of the variance · reaches 12");
});

test("a place on the curve means the nearest frame, and a moment between two frames its epoch", () => {
  assert.deepEqual(
    [-1, 2, 3.9, 4.1, 99].map((epoch) => findFrame([0, 2, 6], epoch)),
    [0, 1, 1, 2, 2],
  );
  assert.deepEqual(
    [0, 0.5, 1.25, 2].map((time) => readTime([0, 2, 6], time)),
    [0, 1, 3, 6],
  );
});

test("between the epochs whose value is known the curve is straight, beyond them level", () => {
  assert.deepEqual(
    [0, 1, 2, 5, 9].map((epoch) => readValue([1, 3, 5], [4, 2, 1], epoch)),
    [4, 4, 3, 1, 1],
  );
});
