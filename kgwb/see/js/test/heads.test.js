import assert from "node:assert/strict";
import { test } from "node:test";
import { tell } from "../src/heads/card.js";
import { openChoice } from "../src/heads/choice.js";
import { listFirst } from "../src/heads/examples.js";
import { openFacts } from "../src/heads/facts.js";
import { nameHead, placeHeads, widen } from "../src/heads/scatter.js";
import { chooseTicks } from "../src/heads/ticks.js";
import { openModel } from "../src/shared/model.js";

const pack = (Kind, dtype, values, shape) => ({ view: new DataView(Kind.from(values).buffer), dtype, shape });
const floats = (values, shape) => pack(Float32Array, "float32", values, shape);
const whole = (values, shape) => pack(Int32Array, "int32", values, shape);

/** One layer of two heads in two readings, by two metrics, with one example each. */
const STATE = {
  layers: 1,
  heads: 2,
  names: ["plain", "door"],
  count: 9,
  colours: ["red"],
  metrics: [
    { name: "previous", label: "to the previous word piece" },
    { name: "follows", label: "along edges" },
  ],
  means: floats([1, 2, 3, 4, 5, 6, 7, Number.NaN], [2, 2, 1, 2]),
  spreads: floats([0, 0, 0, 0, 0.5, 0, 0, 0], [2, 2, 1, 2]),
  links: [floats([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5, 1, 2])],
  sentences: [{ number: 6, tokens: ["a", "b"] }],
  tops: whole([6, 6, 6, 6], [2, 1, 2, 1]),
  pairs: whole([0, 1, 1, 0, 0, 1, -1, -1], [2, 1, 2, 1, 2]),
  strengths: floats([0.1, 0.2, 0.3, 0], [2, 1, 2, 1]),
};
const openAll = () => openFacts(openModel({ state: STATE }));

test("figures are found by reading, metric and head", () => {
  const facts = openAll();
  assert.deepEqual(facts.read(1, "previous", 0), { mean: 5, spread: 0.5 });
  assert.deepEqual(facts.read(0, "follows", 1), { mean: 4, spread: 0 });
  assert.deepEqual(facts.follow(1), [{ linked: 2, matched: 4, twin: 6, spread: 8, p: 10 }]);
  const [example] = facts.examples("previous", 1);
  assert.deepEqual([example.number, example.tokens, example.query, example.key], [6, ["a", "b"], 1, 0]);
});

test("every head has its place, the highest value at the top; a missing one has none", () => {
  const facts = openAll();
  const { points, top, bottom } = placeHeads(
    facts,
    { x: "previous", y: "follows" },
    { width: 300, height: 200, scale: 1 },
  );
  assert.ok(points[0][0][1] > points[1][0][1]);
  assert.ok(points.flat().every(([, y]) => Number.isNaN(y) || (y >= top && y <= bottom)));
  assert.ok(Number.isNaN(points[1][1][1]));
});

test("ranges leave a little room, and ticks are round", () => {
  assert.deepEqual(widen([0, 10, Number.NaN]), [-0.5, 10.5]);
  assert.deepEqual(widen([]), [0, 1]);
  assert.deepEqual(chooseTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(chooseTicks(Number.NaN, 1, 5), []);
});

test("figures are told with a sign and three digits", () => {
  assert.deepEqual([tell(0.1234), tell(-0.5), tell(3.456)], [".123", "−.500", "3.46"]);
  assert.equal(nameHead({ heads: 12 }, 30), "layer 2, head 6");
});

test("a head that another view has chosen is chosen here, if it is there", () => {
  const told = [];
  const selection = { chosen: { layer: 0, head: 1 }, set: (next) => told.push(next), listen: () => () => {} };
  const choice = openChoice(openModel({ x: "previous", y: "follows" }), selection, openAll());
  assert.equal(choice.head, 1);
  selection.chosen = { layer: 5, head: 1 };
  assert.equal(choice.head, null);
  choice.choose(1);
  choice.chooseSentence({ number: 6, query: -1 });
  assert.deepEqual(told, [
    { layer: 0, head: 1 },
    { sentence: 6, token: null },
  ]);
  choice.toggle(0);
  assert.ok(choice.hidden.has(0));
});

test("one begins with the heads that moved most, in shares of each axis, or with those furthest across", () => {
  const values = {
    x: [
      [0, 5, 0, NaN],
      [0, 5, 10, 1],
    ],
    y: [
      [0, 0, 0, 0],
      [0.1, 0, 0, 0],
    ],
  };
  const facts = { all: 4, two: true, read: (reading, name, head) => ({ mean: values[name][reading][head] }) };
  assert.deepEqual(listFirst(facts, { x: "x", y: "y" }), [0, 2, 1]); // both moved by the whole of a range
  assert.deepEqual(listFirst({ ...facts, two: false }, { x: "x", y: "y" }), [1, 0, 2]);
});
