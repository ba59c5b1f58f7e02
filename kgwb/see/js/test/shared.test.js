import assert from "node:assert/strict";
import { test } from "node:test";
import { findRoom, isInside, overlap } from "../src/shared/boxes.js";
import { decodeBytes } from "../src/shared/decoding.js";
import { formatChange, formatCount, formatShort, formatWeight, shorten } from "../src/shared/numbers.js";
import { callAll } from "../src/shared/watching.js";

test("boxes that share only an edge do not overlap", () => {
  assert.equal(overlap([0, 0, 2, 2], [1, 1, 3, 3]), true);
  assert.equal(overlap([0, 0, 2, 2], [2, 0, 4, 2]), false);
  assert.equal(overlap([0, 0, 2, 2], [0, 3, 2, 5]), false);
  assert.equal(overlap([0, 0, 2, 2], [1, 1, 1, 1]), true); // a point counts as a box
});

test("a box may touch the edge of the one it lies in", () => {
  assert.equal(isInside([0, 0, 2, 2], [0, 0, 2, 2]), true);
  assert.equal(isInside([0, 0, 2, 2], [0, 0, 2, 1.9]), false);
  assert.equal(isInside([5, 0, 6, 2], [2, -Infinity, 10, Infinity]), true);
});

test("a label takes the first place that is free and in sight", () => {
  const places = [
    [8, 0, 12, 2],
    [0, 0, 4, 2],
    [4, 0, 8, 2],
  ];
  assert.equal(findRoom(places, [0, 0, 10, 10], []), 1);
  assert.equal(findRoom(places, [0, 0, 10, 10], [[1, 1, 2, 2]]), 2);
  assert.equal(findRoom(places, [0, 0, 10, 10], [[0, 0, 10, 10]]), -1);
});

test("bytes come back as they were packed", () => {
  const packed = Buffer.from(Int16Array.from([0, 32767, -32767, 16384]).buffer).toString("base64");
  assert.equal(decodeBytes(packed).byteLength, 8);
  assert.equal(decodeBytes(packed).getInt16(2, true), 32767);
});

test("numbers are written as in the rest of the page", () => {
  assert.equal(formatCount(1234567), "1,234,567");
  assert.deepEqual([0.1234, 12.34, 1234, 0].map(formatShort), ["0.12", "12", "1200", "0"]);
  assert.deepEqual([formatWeight(0.4312, 3), formatWeight(1, 3), formatWeight(0, 2)], [".431", "1.000", ".00"]);
  assert.deepEqual(
    [0.0312, -0.0121, -1, 0.0001].map((change) => formatChange(change, 3)),
    ["+.031", "−.012", "−1.000", "0"],
  );
});

test("a long label is cut to 32 letters", () => {
  assert.equal(shorten("a".repeat(32)), "a".repeat(32));
  assert.equal(shorten("a".repeat(33)), `${"a".repeat(31)}…`);
});

test("one clean-up calls all, in their order", () => {
  const calls = [];
  callAll(
    () => calls.push(1),
    () => calls.push(2),
  )();
  assert.deepEqual(calls, [1, 2]);
});
