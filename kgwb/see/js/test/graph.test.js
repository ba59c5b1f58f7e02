import assert from "node:assert/strict";
import { test } from "node:test";
import { gatherFacts } from "../src/graph/facts.js";
import { keyOfFact, placeAround } from "../src/graph/labels.js";
import { findNodes } from "../src/graph/search.js";

test("each node has its facts, and a fact about itself once", () => {
  const [ab, bb] = [
    { from: 0, to: 1 },
    { from: 1, to: 1 },
  ];
  const facts = gatherFacts([ab, bb]);
  assert.deepEqual([facts.get(0), facts.get(1), facts.get(2)], [[ab], [ab, bb], undefined]);
});

test("a search finds earlier places first, then the better connected, at most eight", () => {
  const labels = ["Isle of Man", "The Isle", "Isle of Wight", "Paris"];
  assert.deepEqual(findNodes(labels, [1, 9, 2, 0], " isle"), [2, 0, 1]);
  assert.deepEqual(findNodes(labels, [1, 9, 2, 0], "zzz"), []);
  assert.deepEqual(findNodes(labels, [1, 9, 2, 0], "  "), []);
  assert.equal(findNodes(Array(20).fill("a"), Array(20).fill(0), "A").length, 8);
});

test("a name stands right of its dot, else left, below, above", () => {
  const spots = placeAround({ x: 100, y: 50, radius: 5 }, 40, 10, 4);
  assert.deepEqual(spots, [
    { left: 109, middle: 50 },
    { left: 51, middle: 50 },
    { left: 80, middle: 61 },
    { left: 80, middle: 39 },
  ]);
});

test("a fact that says the same both ways has one key", () => {
  const near = { from: 1, to: 2, name: "near" };
  assert.equal(keyOfFact(near), keyOfFact({ ...near, from: 2, to: 1 }));
  assert.notEqual(keyOfFact(near), keyOfFact({ ...near, name: "north of" }));
});
