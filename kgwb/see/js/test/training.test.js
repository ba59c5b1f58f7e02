import assert from "node:assert/strict";
import { test } from "node:test";
import { askKernel } from "../src/training/asking.js";
import { listNumbers, readValues } from "../src/training/cursor.js";
import { fillRows } from "../src/training/placing.js";
import { chooseTicks, findEnds, findRange, formatValue, readPanels, spreadLabels } from "../src/training/series.js";

/** A model that keeps what it is sent, and what listens to it. */
function makeModel() {
  const [sent, listeners] = [[], new Set()];
  return {
    sent,
    listeners,
    send: (message) => sent.push(message.kgwb),
    on: (_event, act) => listeners.add(act),
    off: (_event, act) => listeners.delete(act),
    answer: (message) => [...listeners].map((act) => act(message)),
  };
}

function watchOutcomes(model, pauses) {
  const seen = [];
  const end = askKernel(model, { onAnswer: () => seen.push("answer"), onSilence: () => seen.push("silence") }, pauses);
  return { seen, end };
}

test("it asks until the first answer", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const model = makeModel();
  const { seen } = watchOutcomes(model, [10, 20]);
  t.mock.timers.tick(10);
  model.answer({ kgwb: "something else" });
  model.answer(null);
  assert.deepEqual([model.sent, seen], [["opened"], []]);
  model.answer({ kgwb: "answered" });
  t.mock.timers.tick(1000);
  assert.deepEqual([model.sent, seen, model.listeners.size], [["opened"], ["answer"], 0]);
});

test("after the last question it waits once more, and a late answer still counts", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const model = makeModel();
  const { seen } = watchOutcomes(model, [10, 20]);
  t.mock.timers.tick(10);
  t.mock.timers.tick(20);
  assert.deepEqual([model.sent, seen], [["opened", "opened"], []]);
  t.mock.timers.tick(20);
  assert.deepEqual(seen, ["silence"]);
  model.answer({ kgwb: "answered" });
  assert.deepEqual(seen, ["silence", "answer"]);
});

test("its clean-up ends the asking", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const model = makeModel();
  const { seen, end } = watchOutcomes(model, [10]);
  end();
  t.mock.timers.tick(1000);
  assert.deepEqual([model.sent, seen, model.listeners.size], [[], [], 0]);
});

/** Lines as they are read, without those bytes. */
function line(name, values, kind = "run") {
  return {
    name,
    kind,
    colour: "",
    dashed: false,
    points: values.map((y, i) => ({ x: i + 1, y, low: NaN, high: NaN })),
  };
}

test("labels are pushed apart as little as can be, and stay within", () => {
  assert.deepEqual(spreadLabels([10, 10, 40], 12, 0, 100), [4, 16, 40]);
  assert.deepEqual(spreadLabels([99, 99], 12, 0, 100), [88, 100]);
  assert.deepEqual(spreadLabels([30, 5], 12, 0, 100), [30, 5]);
  const places = spreadLabels([50, 51, 52, 53, 0], 13, 0, 100);
  const sorted = [...places].sort((one, other) => one - other);
  for (let i = 1; i < sorted.length; i++) assert.ok(sorted[i] - sorted[i - 1] >= 13 - 1e-9);
});

test("a line is named where it ends, or where the cursor is; seeds by their mean", () => {
  const lines = [
    line("a", [3, 2], "seed"),
    line("a", [3, 1], "seed"),
    line("a", [3, 1.5], "mean"),
    line("b", [4, NaN]),
  ];
  const ends = findEnds(lines).map(({ line: { name, kind }, end }) => [name, kind, end.x, end.y]);
  assert.deepEqual(ends, [
    ["a", "mean", 2, 1.5],
    ["b", "run", 1, 4],
  ]);
  assert.deepEqual(
    findEnds(lines, 1).map(({ end }) => end.y),
    [3, 4],
  );
  assert.ok(Number.isNaN(findEnds(lines, 2)[1].end.y)); // missing is said, not skipped
  assert.equal(findEnds([line("a", [3], "seed"), line("a", [2], "seed")]).length, 2); // no mean yet
});

test("the range holds every value, interval and floor, and nothing that is no number", () => {
  const [low, high] = findRange([line("a", [1, NaN, Infinity, 3])], [["floor", 0]]);
  assert.ok(low < 0 && low > -0.5 && high > 3 && high < 3.5);
  assert.deepEqual(findRange([line("a", [NaN])], []), [0, 1]);
});

test("values have three digits, zeros included, and what is missing is said", () => {
  assert.deepEqual([0.47, 12.345, 1234.5, 0.000123, 0, NaN].map(formatValue), [
    "0.470",
    "12.3",
    "1,235",
    "1.23e-4",
    "0.00",
    "missing",
  ]);
});

test("ticks are round and within", () => {
  assert.deepEqual(chooseTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(chooseTicks(2, 2, 5), []);
});

test("no row of panels has a gap", () => {
  assert.deepEqual([fillRows(3, 2), fillRows(4, 3), fillRows(3, 3), fillRows(1, 1)], [[1, 2], [1, 3], [3], [1]]);
});

test("the values at a number are read out, runs by name", () => {
  const place = { lines: [line("a", [3, 2]), line("b", [4, NaN]), line("c", [1, 1], "seed")] };
  assert.equal(readValues(place, 2), "a 2.00; b missing");
  assert.deepEqual(listNumbers(place), [1, 2]);
});

test("what Python packed is read as points", () => {
  const rows = new Float32Array([1, 0.5, 0.25, 0.75, 2, NaN, NaN, NaN]);
  const view = new DataView(rows.buffer);
  const state = {
    panels: [{ title: "loss", lines: [{ name: "a", rows: { view, dtype: "float32", shape: [2, 4] } }] }],
  };
  const [{ lines }] = readPanels(state);
  assert.deepEqual(lines[0].points[0], { x: 1, y: 0.5, low: 0.25, high: 0.75 });
  assert.ok(Number.isNaN(lines[0].points[1].y));
});
