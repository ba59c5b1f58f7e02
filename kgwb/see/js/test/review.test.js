import assert from "node:assert/strict";
import { test } from "node:test";
import { tellMarks } from "../src/review/card.js";
import { markEnds, openFacts, tellShare } from "../src/review/facts.js";
import { ACCEPTED, openVerdicts, REJECTED } from "../src/review/verdicts.js";
import { openModel } from "../src/shared/model.js";

const pack = (Kind, dtype, values) => ({ view: new DataView(Kind.from(values).buffer), dtype, shape: [values.length] });

/** Four candidates: one plain, one known, one against the graph, one with a new name; the first three reach the threshold. */
const STATE = {
  ids: pack(Int32Array, "int32", [0, 0, 1, 1, 0, 2, 2, 0, 3, -1, 0, 4]),
  spans: pack(Int32Array, "int32", [0, 4, 9, 14, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]),
  probability: pack(Float32Array, "float32", [0.9, 0.8, 0.7, 0.6]),
  shares: pack(Float32Array, "float32", [0.9, Number.NaN, 0.8, 0.5, 0.7, 0.5, 0.6, 0.5]),
  support: pack(Int32Array, "int32", [1, 2, 1, 1]),
  known: pack(Uint8Array, "uint8", [0, 1, 0, 0]),
  sources: ["text", "types"],
  head_label: ["Oslo", "b", "c", "d"],
  relation_label: ["r", "r", "r", "r"],
  tail_label: ["Italy", "x", "y", "z"],
  sentence: ["Oslo, in Italy.", "b x", "c y", "d z"],
  contradicts: ["", "", "w", ""],
  threshold: 0.65,
  reach: 3,
  note: "",
};
const openAll = () => {
  const model = openModel({ state: STATE, decided: [], at: 0, names: {} });
  const facts = openFacts(model);
  return { model, facts, verdicts: openVerdicts(model, facts) };
};

test("a candidate is read with its sentence in parts", () => {
  const { facts } = openAll();
  const first = facts.read(0);
  assert.deepEqual(first.ids, [0, 0, 1]);
  assert.deepEqual(first.parts, [
    { text: "Oslo", end: "head" },
    { text: ", in ", end: "" },
    { text: "Italy", end: "tail" },
    { text: ".", end: "" },
  ]);
  assert.deepEqual(first.shares.map(tellShare), ["0.90", "–"]);
  assert.equal(facts.find([2, 0, 3]), 2);
  assert.equal(facts.find([2, 0, 9]), -1);
});

test("places count whole characters, and what does not fit is not marked", () => {
  assert.deepEqual(markEnds("🏝 a b", [2, 3, 4, 5]), [
    { text: "🏝 ", end: "" },
    { text: "a", end: "head" },
    { text: " ", end: "" },
    { text: "b", end: "tail" },
  ]);
  assert.deepEqual(markEnds("ab", [0, 9, -1, 1]), [{ text: "ab", end: "" }]);
  assert.deepEqual(
    markEnds("abc", [0, 2, 1, 3]).map(({ end }) => end),
    ["head", ""],
  );
});

test("one key decides and goes on to what is open, one takes it back", () => {
  const { model, verdicts } = openAll();
  let told = 0;
  verdicts.listen(() => told++);
  verdicts.decideHere(ACCEPTED);
  verdicts.decideHere(REJECTED);
  assert.deepEqual(model.get("decided"), [
    [0, ACCEPTED, 1],
    [1, REJECTED, 2],
  ]);
  assert.equal(verdicts.at, 2);
  verdicts.undo();
  assert.deepEqual([...verdicts.byRow()], [[0, ACCEPTED]]);
  assert.equal(verdicts.at, 1);
  verdicts.move(0);
  verdicts.decideHere(REJECTED); // changed one's mind
  assert.deepEqual([...verdicts.byRow()], [[0, REJECTED]]);
  verdicts.move(99);
  assert.equal(verdicts.at, 3);
  verdicts.decideHere(ACCEPTED);
  assert.equal(verdicts.at, 1); // round the end
  assert.ok(told > 5);
});

test("together are accepted only those that ask for no person, and undone together", () => {
  const { verdicts } = openAll();
  assert.deepEqual(verdicts.listAbove(), [0]);
  verdicts.move(3);
  verdicts.decideHere(REJECTED);
  verdicts.acceptAbove();
  assert.equal(verdicts.byRow().get(0), ACCEPTED);
  assert.deepEqual(verdicts.listAbove(), []);
  verdicts.acceptAbove(); // nothing left: no step
  verdicts.undo();
  assert.deepEqual([...verdicts.byRow()], [[3, REJECTED]]);
  verdicts.undo();
  verdicts.undo();
  assert.equal(verdicts.byRow().size, 0);
});

test("an entity that the graph lacks can be named", () => {
  const { verdicts, facts } = openAll();
  assert.equal(verdicts.name(3, "head"), "d");
  verdicts.rename(3, "head", "Quito");
  assert.equal(verdicts.name(3, "head"), "Quito");
  assert.equal(tellMarks(facts.read(3)).length, 1);
  assert.deepEqual(tellMarks(facts.read(2)), ["Against the graph, which says: c — r → w."]);
  assert.deepEqual(tellMarks(facts.read(0)), []);
});

test("without a candidate nothing can be decided", () => {
  const model = openModel({ state: { ...STATE, sentence: [] }, decided: [], at: 0, names: {} });
  const verdicts = openVerdicts(model, openFacts(model));
  verdicts.decideHere(ACCEPTED);
  verdicts.move(1);
  assert.deepEqual(model.get("decided"), []);
});
