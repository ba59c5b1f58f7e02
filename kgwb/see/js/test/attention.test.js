import assert from "node:assert/strict";
import { test } from "node:test";
import { fitBars } from "../src/attention/bars.js";
import { openChoice } from "../src/attention/choice.js";
import { strongest } from "../src/attention/columns.js";
import { tellChange, tellWeight } from "../src/attention/figures.js";
import { foldRow, readImportance, readShift, showSentence } from "../src/attention/folding.js";
import { list, tellHeld } from "../src/attention/held.js";
import { traceArcs } from "../src/attention/lines.js";
import { placeMatrices } from "../src/attention/matrix_painting.js";
import { rollOn } from "../src/attention/rollout.js";
import { compareRows } from "../src/attention/rows.js";
import { describe, findSecond, groups, shareBlocks } from "../src/attention/sums.js";
import { shrink } from "../src/attention/thumbnails.js";
import { openWeights, sumAt } from "../src/attention/weights.js";
import { openModel, readArray } from "../src/shared/model.js";
import { needsSpace } from "../src/shared/spacing.js";

const TOKENS = ["[CLS]", "paris", "[SEP]"];
const SENTENCE = {
  number: 4,
  tokens: TOKENS,
  spans: [],
  edges: [],
  extras: [],
  injected_before: [],
  injected_after: [1],
  focus: 1,
  starts: [0, 0],
  widths: [3, 3],
  planes: null,
  shift: null,
  importance: null,
};
const SHAPE = { layers: 1, heads: 2, sentences: [SENTENCE] };

const close = (actual, expected) => {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i] - expected[i]) < 1e-6, `${actual} ${expected}`);
};

/** Two heads of one layer over three tokens: every weight of head 0 is 51 / 255, of head 1 is 102 / 255. */
function packWeights() {
  const numbers = Uint8Array.from({ length: 18 }, (_, i) => (i < 9 ? 51 : 102));
  return { view: new DataView(numbers.buffer), dtype: "uint8" };
}

/** Floats as they travel. */
function packFloats(values, shape) {
  return { view: new DataView(Float32Array.from(values).buffer), dtype: "float32", shape };
}

test("a weight is its number by the largest; all heads are their mean, or their maximum", () => {
  const weights = openWeights(packWeights(), SHAPE, 0);
  close([...weights.rows(SENTENCE, 0, 0, 1, 1)], [0.2, 0.2, 0.2]);
  close([...weights.rows(SENTENCE, 0, 1, 2, 1)], [0.4, 0.4, 0.4]);
  close([...weights.rows(SENTENCE, 0, "mean", 0, 3)], Array(9).fill(0.3));
  close([...weights.rows(SENTENCE, 0, "max", 0, 3)], Array(9).fill(0.4));
  assert.ok(weights.has(SENTENCE, 0, "rollout"));
});

test("16-bit weights may start at an odd byte", () => {
  const bytes = new Uint8Array(3);
  new DataView(bytes.buffer).setUint16(1, 65535, true);
  const one = { ...SENTENCE, tokens: ["a"], widths: [1] };
  const weights = openWeights(
    { view: new DataView(bytes.buffer, 1, 2), dtype: "uint16" },
    { heads: 1, sentences: [one] },
    0,
  );
  assert.deepEqual([...weights.rows(one, 0, 0, 0, 1)], [1]);
});

test("numbers on a page are base64", () => {
  const view = Buffer.from([1, 2, 3]).toString("base64");
  assert.deepEqual([...readArray({ view, dtype: "uint8" })], [1, 2, 3]);
});

test("of a long sentence what is not here is missing, until the kernel gives it", () => {
  const one = { ...SENTENCE, tokens: ["a"], widths: [1], planes: [[3, -1]] };
  const weights = openWeights(
    { view: new DataView(Uint8Array.from([255]).buffer), dtype: "uint8" },
    { heads: 2, sentences: [one] },
    0,
  );
  assert.deepEqual([...weights.rows(one, 3, "mean", 0, 1)], [1]);
  assert.ok(!weights.has(one, 3, 0) && !weights.has(one, 2, "mean") && !weights.has(one, 3, "rollout"));
  assert.ok(Number.isNaN(weights.rows(one, 2, "mean", 0, 1)[0]));
  const more = { view: new DataView(Uint8Array.from([51, 102, 204]).buffer), dtype: "uint8" };
  weights.add(
    one,
    [
      [2, 0],
      [2, 1],
      [2, -2],
    ],
    more,
  );
  close([...weights.rows(one, 2, "mean", 0, 1)], [0.3]);
  close([...weights.rows(one, 2, "rollout", 0, 1)], [0.8]);
});

test("a plain reading has no columns for what only the other has read", () => {
  const extras = [{ kind: "fact", text: "a · b · c", group: "facts in memory", count: 1, entities: [], triple: null }];
  const one = { ...SENTENCE, extras, widths: [3, 4] };
  const plain = openWeights(packWeights(), { ...SHAPE, sentences: [one] }, 0);
  close([...plain.rows(one, 0, 0, 0, 1)], [0.2, 0.2, 0.2, 0]);
});

test("rollout is half of each matrix and half of what stands there, layer by layer", () => {
  const first = rollOn(null, Float32Array.from([0.25, 0.75, 0.5, 0.5]), 2, 2);
  close([...first], [0.625, 0.375, 0.25, 0.75]);
  const second = rollOn(first, Float32Array.from([0, 1, 1, 0]), 2, 2);
  close([...second], [0.4375, 0.5625, 0.4375, 0.5625]);
  const withSource = rollOn(rollOn(null, Float32Array.from([0.5, 0.5]), 1, 2), Float32Array.from([0.5, 0.5]), 1, 2);
  close([...withSource], [0.5625, 0.4375]); // 0.75² stays, the rest comes from the source
});

test("folded, the pieces of a mention are one: keys are summed, queries averaged, and rows still sum to one", () => {
  const sentence = {
    ...SENTENCE,
    tokens: ["[CLS]", "new", "##ark", "is", "[SEP]"],
    spans: [{ first: 1, last: 3, label: "Newark", colour: "", entity: 0 }],
    extras: [{ kind: "fact", text: "f", group: "facts in memory", count: 1, entities: [], triple: null }],
    injected_after: [1, 2],
    importance: { scores: packFloats([1, 2, 3, 4, 5], [5]), target: "x", name: "m" },
    shift: packFloats([0, 0, 0, 0, 0, 1, 2, 4, 4, 5], [2, 5]),
  };
  const shown = showSentence(sentence, true);
  assert.deepEqual(shown.tokens, ["[CLS]", "newark", "is", "[SEP]"]);
  assert.deepEqual(
    [shown.unitOf, shown.starts],
    [
      [0, 1, 1, 2, 3],
      [0, 1, 3, 4],
    ],
  );
  assert.deepEqual(shown.injected_after, [1]);
  assert.deepEqual([shown.spans[0].first, shown.spans[0].last], [1, 2]);
  const rows = Float32Array.from([0.1, 0.2, 0.3, 0.1, 0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1, 0.3]);
  close([...foldRow(rows, shown)], [0.2, 0.35, 0.1, 0.1, 0.25]);
  close([...readImportance(shown)], [1, 5, 4, 5]);
  close([...readShift(shown, 1)], [1, 3, 4, 5]);
  assert.deepEqual(showSentence(sentence, false).tokens, sentence.tokens);
});

test("a change is after less before, or renormalised over word pieces alone", () => {
  const shown = { tokens: ["a", "b"] };
  const [before, after] = [Float32Array.from([0.5, 0.5, 0]), Float32Array.from([0.1, 0.3, 0.6])];
  close([...compareRows([before, after], { difference: "raw", shown })], [-0.4, -0.2, 0.6]);
  const fair = [...compareRows([before, after], { difference: "renormalised", shown })];
  close(fair.slice(0, 2), [-0.25, 0.25]);
  assert.ok(Number.isNaN(fair[2]));
  assert.equal(compareRows([before], { difference: "raw", shown }), null);
});

test("a row is summed over what is injected, over the special tokens, and over facts", () => {
  assert.deepEqual(groups(SENTENCE), [
    ["to injected tokens", [1], "injected"],
    ["to [CLS] and [SEP]", [0, 2], ""],
  ]);
  assert.deepEqual(groups({ tokens: ["a"], extras: [], injected_before: [], injected_after: [] }), []);
  const extras = [{ group: "facts in memory" }, { group: "vectors set beside" }, { group: "facts in memory" }];
  assert.deepEqual(groups({ tokens: ["a"], extras, injected_before: [], injected_after: [] }), [
    ["to facts in memory", [1, 3], "injected"],
    ["to vectors set beside", [2], "injected"],
  ]);
  assert.equal(sumAt([0.5, 0.25, 0.125], [0, 2]), 0.625);
  assert.equal(describe([0.5], 3), ".500");
  assert.equal(describe([0.5, 0.25], 3), ".500 → .250 (−.250)");
  assert.deepEqual([tellWeight(Number.NaN, 3), tellChange(Number.NaN, 3)], ["–", "–"]);
});

test("two sentences are four blocks, each the mean over the word pieces of one", () => {
  const tokens = ["[CLS]", "[SEP]", "b", "[SEP]"];
  assert.equal(findSecond(tokens), 2);
  assert.equal(findSecond(["[CLS]", "a", "[SEP]"]), -1);
  const rows = [0.5, 0.1, 0.2, 0.2, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1, 0.4, 0.4, 0.25, 0.25, 0.25, 0.25];
  close(shareBlocks(rows, 4, 4, 2), [0.6, 0.4, 0.35, 0.65]);
});

test("full strength is the strongest word, not a special token, and at least .1", () => {
  assert.equal(strongest({ tokens: TOKENS }, [[0.9, 0.3, 0.8]]), 0.3);
  assert.equal(strongest({ tokens: TOKENS }, [[0.9, 0.05, 0.8]]), 0.1);
});

test("an arc joins the middles of two mentions, and bulges towards the lines", () => {
  const shown = {
    edges: [{ one: 0, other: 1, text: "a fact" }],
    spans: [
      { first: 0, last: 2 },
      { first: 4, last: 5 },
    ],
  };
  assert.deepEqual(traceArcs(shown, 10, 100), [["M100 10C71.25 10 71.25 45 100 45", "a fact"]]);
});

test("bars share one scale, with zero where the negative ones end", () => {
  const { left, scale } = fitBars([-1, 3, Number.NaN]);
  assert.deepEqual([left, scale], [11, 11]);
  assert.deepEqual(fitBars([Number.NaN]), { left: -0, scale: 0 });
});

test("what a long sentence holds is said in a plain sentence", () => {
  assert.equal(list([3, 0, 1, 5]), "0–1, 3, 5");
  assert.equal(
    tellHeld(
      512,
      [
        [5, -1],
        [5, 2],
        [4, -1],
      ],
      false,
    ),
    "All matrices of 512 word pieces do not fit. This view holds the mean of heads of layers 4–5; of layer 5 head 2. A " +
      "notebook with its kernel has the others.",
  );
});

test("two matrices stand side by side where their cells stay legible", () => {
  const scene = { tokens: ["a", "b"], extras: [], panels: [{}, {}] };
  assert.equal(placeMatrices(scene, 600, () => 10, 1).lefts.length, 2);
  assert.equal(placeMatrices(scene, 80, () => 10, 1).lefts.length, 1);
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
  const selection = {
    chosen: { entities: [7] },
    told: {},
    set: (told) => Object.assign(selection.told, told),
    listen: () => () => {},
  };
  const choice = openChoice(model, selection);
  let redraws = 0;
  choice.listen(() => redraws++);
  assert.equal(choice.focus, 2); // a focus beyond the sentence is its last token
  choice.set({ layer: 1, head: 1, focus: 0 });
  await null;
  assert.deepEqual([redraws, choice.layer, choice.head, choice.focus], [1, 1, 1, 0]);
  choice.look(1);
  assert.deepEqual([choice.focus, choice.pinned], [1, 0]);
  choice.set({ layer: 0, head: null });
  assert.deepEqual([choice.focus, choice.matrix], [0, "mean"]);
  choice.draw("combine", "max");
  assert.equal(choice.matrix, "max");
  choice.chooseEntities([3], [3, 0, 1]);
  assert.deepEqual([selection.told.entities, selection.told.triples], [[3], [[3, 0, 1]]]);
  choice.chooseEntities([7]); // chosen already: let go
  assert.deepEqual(selection.told.entities, []);
  choice.close();
  await null;
  assert.equal(redraws, 1);
});
