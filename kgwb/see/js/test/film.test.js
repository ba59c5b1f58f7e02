import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFrame, findLabel } from "../src/film/controls.js";
import { findNearest, openFrames } from "../src/film/frames.js";

/** Two dots in two frames: the first goes from (1, 0) of reach 2 to (0, 1) of reach 4. */
function openTwo() {
  const steps = Int16Array.from([32767, 0, 0, 0, 0, 32767, 0, 0]);
  const points = Buffer.from(steps.buffer).toString("base64");
  return openFrames({ points, reach: [2, 4], labels: ["a", "b"], names: ["start", "end"] });
}

test("a dot moves straight from frame to frame, in shares of the widest reach", () => {
  const { place } = openTwo();
  assert.deepEqual(place(0, 0, false), [0.5, 0]);
  assert.deepEqual(place(0, 0.5, false), [0.25, 0.5]);
  assert.deepEqual(place(0, 1, false), [0, 1]);
  assert.deepEqual(place(1, 0.5, false), [0, 0]);
});

test("where every frame fills the picture, the reach is this moment's", () => {
  const { place } = openTwo();
  assert.deepEqual(place(0, 0, true), [1, 0]);
  assert.deepEqual(place(0, 0.5, true), [1 / 3, 2 / 3]);
});

test("on the picture the second axis runs up, and a margin stays", () => {
  const { pixel } = openTwo();
  assert.deepEqual(pixel(0, 1, false, 100), [50, 4]);
  assert.deepEqual(pixel(0, 0, true, 100), [96, 50]);
});

test("the nearest dot within reach is meant, the first of equals", () => {
  const points = [
    [0, 0],
    [10, 0],
    [10, 0],
  ];
  assert.equal(findNearest(points, [9, 1], 12), 1);
  assert.equal(findNearest(points, [30, 0], 12), -1);
  assert.equal(findNearest([], [0, 0], 12), -1);
});

test("the same label is found before one that holds it, in any case of letters", () => {
  const labels = ["Isle of Man", "Isle", "中文"];
  assert.deepEqual(
    [" isle ", "man", "文", "zzz", " "].map((text) => findLabel(labels, text)),
    [1, 0, 2, -1, -1],
  );
});

test("a frame says how far it can be trusted", () => {
  const film = { trust: [0.9, 0.5], variance: [0.123, 1], reach: [1, 12.345] };
  assert.equal(describeFrame(film, 0), "trustworthiness 0.90 · keeps 12 % of the variance · reaches 1");
  assert.equal(describeFrame(film, 1), "trustworthiness 0.50 · keeps 100 % of the variance · reaches 12");
});
