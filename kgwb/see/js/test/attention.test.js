import assert from "node:assert/strict";
import { test } from "node:test";
import { openChoice } from "../src/attention/choice.js";
import { strongest } from "../src/attention/columns.js";
import { shrink } from "../src/attention/grid.js";
import { needsSpace } from "../src/attention/sentence.js";
import { describe, groups } from "../src/attention/sums.js";
import { openWeights, sumAt } from "../src/attention/weights.js";
import { openModel, readArray } from "../src/shared/model.js";

const TOKENS = ["[CLS]", "paris", "[SEP]"];
const SENTENCE = { number: 4, tokens: TOKENS, spans: [], injected_before: [], injected_after: [1], focus: 1, start: 0 };

/** Two heads of one layer over three tokens: every weight of head 0 is 51 / 255, of head 1 is 102 / 255. */
function packWeights() {
  const numbers = Uint8Array.from({ length: 18 }, (_, i) => (i < 9 ? 51 : 102));
  return { view: new DataView(numbers.buffer), dtype: "uint8" };
}

test("a weight is its number by the largest, and the mean of heads is their mean", () => {
  const weights = openWeights(packWeights(), 2);
  assert.deepEqual([...weights.row(SENTENCE, 0, 0, 1)], Array(3).fill(Math.fround(0.2)));
  assert.deepEqual([...weights.row(SENTENCE, 0, 1, 2)], Array(3).fill(Math.fround(0.4)));
  const mean = weights.matrix(new Float32Array(9), SENTENCE, 0, null);
  assert.ok(mean.every((weight) => Math.abs(weight - 0.3) < 1e-6));
});

test("16-bit weights may start at an odd byte", () => {
  const bytes = new Uint8Array(3);
  new DataView(bytes.buffer).setUint16(1, 65535, true);
  const one = { ...SENTENCE, tokens: ["a"] };
  const weights = openWeights({ view: new DataView(bytes.buffer, 1, 2), dtype: "uint16" }, 1);
  assert.deepEqual([...weights.row(one, 0, 0, 0)], [1]);
});

test("numbers on a page are base64", () => {
  const view = Buffer.from([1, 2, 3]).toString("base64");
  assert.deepEqual([...readArray({ view, dtype: "uint8" })], [1, 2, 3]);
});

test("a row is summed over what is injected and over the special tokens", () => {
  assert.deepEqual(groups(SENTENCE), [
    ["to injected tokens", [1], "injected"],
    ["to [CLS] and [SEP]", [0, 2], ""],
  ]);
  assert.deepEqual(groups({ tokens: ["a"], injected_before: [], injected_after: [] }), []);
  assert.equal(sumAt([0.5, 0.25, 0.125], [0, 2]), 0.625);
  assert.equal(describe([0.5], 3), ".500");
  assert.equal(describe([0.5, 0.25], 3), ".500 → .250 (−.250)");
});

test("full strength is the strongest word, not a special token, and at least .1", () => {
  assert.equal(strongest({ tokens: TOKENS }, [[0.9, 0.3, 0.8]]), 0.3);
  assert.equal(strongest({ tokens: TOKENS }, [[0.9, 0.05, 0.8]]), 0.1);
});

test("word pieces are set as a printer would", () => {
  const spaced = (tokens) => tokens.map((_, i) => needsSpace(tokens, i));
  assert.deepEqual(spaced(["[CLS]", "is", "##land", "(", "a", ")", "."]), [
    false,
    false,
    false,
    true,
    false,
    false,
    false,
  ]);
  assert.deepEqual(spaced(["北", "京", "b"]), [false, false, false]);
  assert.deepEqual(spaced(["a", "b"]), [false, true]);
});

test("a pixel of a thumbnail shows the largest weight that it covers", () => {
  const data = new Uint8ClampedArray(4);
  shrink(data, 1, Float32Array.from([0, 0.25, 0, 1]), 2, [1, 2, 3]);
  assert.deepEqual([...data], [1, 2, 3, 255]);
  const four = new Uint8ClampedArray(16);
  shrink(four, 2, Float32Array.from([0, 0.25, 0, 1]), 2, [1, 2, 3]);
  assert.deepEqual(
    [3, 7, 11, 15].map((i) => four[i]),
    [10, 133, 10, 255],
  );
});

test("several choices at once are one redraw, and hovering keeps nothing", async () => {
  const state = { sentences: [SENTENCE], layers: 2, heads: 2 };
  const model = openModel({ state, sentence: 4, layer: 0, head: null, focus: 9, thumbnails: "weights" });
  const choice = openChoice(model, { set() {}, listen: () => () => {} });
  let redraws = 0;
  choice.listen(() => redraws++);
  assert.equal(choice.focus, 2); // a focus beyond the sentence is its last token
  choice.set({ layer: 1, head: 1, focus: 0 });
  await null;
  assert.deepEqual([redraws, choice.layer, choice.head, choice.focus], [1, 1, 1, 0]);
  choice.look(1);
  assert.deepEqual([choice.focus, choice.pinned], [1, 0]);
  choice.set({ layer: 0 });
  assert.equal(choice.focus, 0);
  choice.close();
  await null;
  assert.equal(redraws, 1);
});
