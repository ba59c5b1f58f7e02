import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseRadius } from "../src/space/atlas.js";
import { layPanels, measureExtent, moveBy, openLens, shareExtent, zoomAt } from "../src/space/camera.js";
import { mixColours } from "../src/space/colours.js";
import { openFacts } from "../src/space/facts.js";
import { placeNames, rankPoints } from "../src/space/names.js";
import { findInside, findNearest, findTowards, listNearest, thinOutline } from "../src/space/places.js";
import { findLabels } from "../src/space/search.js";

const PANEL = { left: 10, top: 20, width: 400, height: 300 };
const LENS = { scale: 100, left: 200, top: 150 };
const SHOWN = new Uint8Array(200).fill(255);
const bytes = (array) => ({ view: new DataView(array.buffer), dtype: "", shape: [array.length] });
const pack = (array) => ({ ...bytes(array), dtype: array.constructor.name.replace("Array", "").toLowerCase() });

/** The state of three points, as Python packs it. */
function packThree() {
  const labels = new TextEncoder().encode("é中b");
  const kinds = { name: "type", names: ["t", "s"], marks: [{}, {}], of: pack(Uint16Array.of(0, 1, 0)) };
  return {
    kind: "space",
    count: 3,
    what: "points",
    ids: pack(Int32Array.of(7, 3, 9)),
    layers: pack(Uint8Array.of(0, 0, 1)),
    labels: pack(labels),
    offsets: pack(Uint32Array.of(0, 2, 5, 6)),
    types: kinds,
    degrees: pack(Uint32Array.of(1, 5, 2)),
    maps: [
      {
        name: "PCA",
        note: "",
        points: pack(Float32Array.of(0, 0, 1, 0, 2, 2)),
        quality: {
          rows: pack(Uint32Array.of(1)),
          trust: pack(Uint16Array.of(65534)),
          continuity: pack(Uint16Array.of(0)),
        },
      },
    ],
    named: [2],
    nearest: null,
    colourings: [
      { ...kinds, amounts: null },
      { name: "height", amounts: pack(Float32Array.of(1, Number.NaN, 3)), low: 1, high: 3, log: false },
    ],
  };
}

test("what Python packed is read as it was", () => {
  const facts = openFacts(packThree());
  assert.deepEqual([0, 1, 2].map(facts.label), ["é", "中", "b"]);
  assert.deepEqual([facts.find(7), facts.find(9, 1), facts.find(9), facts.find(1)], [0, 2, -1, -1]);
  assert.deepEqual(
    [...facts.maps[0].quality.trust].map((value) => (Number.isNaN(value) ? "none" : value)),
    ["none", 1, "none"],
  );
  assert.equal(facts.maps[0].quality.continuity[1], 0);
  assert.deepEqual([...facts.types.counts], [2, 1]);
  assert.equal(facts.colourings[1].missing, 1);
});

test("points are named by importance: those asked for, then by degree", () => {
  assert.deepEqual([...rankPoints(openFacts(packThree()))], [2, 1, 0]);
});

test("the nearest shown point within reach is meant, the first of equals", () => {
  const points = Float32Array.of(0, 0, 0.1, 0, 0.1, 0);
  assert.equal(findNearest(points, SHOWN, LENS, [209, 150], 12), 1);
  assert.equal(findNearest(points, Uint8Array.of(255, 0, 255), LENS, [209, 150], 12), 2);
  assert.equal(findNearest(points, SHOWN, LENS, [300, 150], 12), -1);
});

test("a lasso holds what lies in it, by the even-odd rule, and nothing hidden", () => {
  const points = Float32Array.of(0, 0, 0.5, 0.5, 0.9, -0.9, 5, 5);
  const square = [
    [100, 50],
    [300, 50],
    [300, 250],
    [100, 250],
  ];
  assert.deepEqual(findInside(points, SHOWN, LENS, square), [0, 1, 2]);
  assert.deepEqual(findInside(points, Uint8Array.of(0, 255, 255, 255), LENS, square), [1, 2]);
  const bow = [
    [100, 50],
    [300, 250],
    [300, 50],
    [100, 250],
  ]; // its upper and lower thirds lie outside
  assert.deepEqual(findInside(Float32Array.of(0, 0.8, 0.8, 0.1), SHOWN, LENS, bow), [1]);
});

test("a lasso keeps its corners where they are far apart", () => {
  assert.deepEqual(
    thinOutline(
      [
        [0, 0],
        [1, 0],
        [1.5, 0],
        [9, 0],
      ],
      2,
    ),
    [
      [0, 0],
      [9, 0],
    ],
  );
});

test("the nearest on a map come nearest first, of equals the first", () => {
  const points = Float32Array.of(0, 0, 3, 0, 1, 0, -1, 0, 2, 0);
  assert.deepEqual(listNearest(points, 0, 3), [2, 3, 4]);
  assert.deepEqual(listNearest(points, 0, 9), [2, 3, 4, 1]);
});

test("a walk goes to the nearest point in that direction", () => {
  const points = Float32Array.of(0, 0, 3, 0, 1, 0.2, -1, 0, 0, 2);
  assert.equal(findTowards(points, SHOWN, 0, [1, 0]), 2);
  assert.equal(findTowards(points, SHOWN, 2, [1, 0]), 1);
  assert.equal(findTowards(points, SHOWN, 0, [0, 1]), 4);
  assert.equal(findTowards(points, SHOWN, 0, [0, -1]), -1);
});

test("coming nearer keeps the place under the pointer", () => {
  const extent = measureExtent(Float32Array.of(-2, -1, 4, 3));
  const camera = { x: 0.1, y: -0.2, zoom: 1.5 };
  const place = [120, 260];
  const [before, after] = [camera, zoomAt(camera, PANEL, extent, 3, place)].map((each) =>
    openLens(PANEL, extent, each),
  );
  const on = (lens) => [(place[0] - lens.left) / lens.scale, (lens.top - place[1]) / lens.scale];
  on(after).forEach((value, axis) => {
    assert.ok(Math.abs(value - on(before)[axis]) < 1e-9);
  });
  assert.ok(Math.abs(after.scale / before.scale - 3) < 1e-9);
});

test("a drag moves a point by as many pixels", () => {
  const extent = measureExtent(Float32Array.of(-2, -1, 4, 3));
  const camera = { x: 0, y: 0, zoom: 2 };
  const [before, after] = [camera, moveBy(camera, PANEL, extent, 30, -20)].map((each) => openLens(PANEL, extent, each));
  assert.ok(Math.abs(after.left - before.left - 30) < 1e-9 && Math.abs(after.top - before.top + 20) < 1e-9);
});

test("the whole map lies in its panel, and maps laid onto one another share their extent", () => {
  const points = Float32Array.of(-2, -1, 4, 3);
  const { scale, left, top } = openLens(PANEL, measureExtent(points), { x: 0, y: 0, zoom: 1 });
  for (const i of [0, 1]) {
    const [x, y] = [left + points[2 * i] * scale, top - points[2 * i + 1] * scale];
    assert.ok(x > PANEL.left && x < PANEL.left + PANEL.width && y > PANEL.top && y < PANEL.top + PANEL.height);
  }
  const [one, other] = shareExtent([measureExtent(points), measureExtent(Float32Array.of(0, 0, 9, 1))]);
  assert.deepEqual([one.across, one.x], [11, 3.5]);
  assert.deepEqual(one, other);
});

test("panels stand side by side, and one above the other where it is narrow", () => {
  const [left, right] = layPanels(2, 1000, 500);
  assert.ok(left.top === right.top && left.left + left.width <= right.left);
  const [upper, lower] = layPanels(2, 390, 500);
  assert.ok(upper.left === lower.left && upper.top + upper.height < lower.top);
});

test("marks are smaller where there are many, and larger where one is near", () => {
  const sizes = [90, 1000, 1e6].map((count) => chooseRadius(count, 1, 450));
  assert.ok(sizes[0] > sizes[1] && sizes[1] > sizes[2]);
  assert.ok(chooseRadius(1e6, 100, 450) > 2 * sizes[2]);
});

test("no name covers another, whatever is chosen comes first, and nearer there are more", () => {
  const count = 200;
  const points = Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(i * i) * 2);
  const view = { panel: PANEL, lens: { scale: 60, left: 210, top: 170 } };
  const options = {
    first: [17],
    order: Uint32Array.from({ length: count }, (_, i) => i),
    label: (i) => `name ${i}`,
    width: (text) => text.length * 6,
    zoom: 1,
    radius: 3,
    size: 12,
  };
  const names = placeNames(points, SHOWN, view, options);
  assert.ok(names.length > 10);
  assert.deepEqual([names[0].point, names[0].first], [17, true]);
  const boxes = names.map(({ point, text, across, down }) => {
    const [x, y] = [210 + points[2 * point] * 60 + across, 170 - points[2 * point + 1] * 60 + down];
    return [x, y - 9, x + text.length * 6, y];
  });
  boxes.forEach((one, i) => {
    for (const other of boxes.slice(i + 1))
      assert.ok(one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] || other[3] <= one[1]);
  });
  const near = { panel: PANEL, lens: { scale: 400, left: 210, top: 170 } };
  const seen = placeNames(points, SHOWN, near, { ...options, first: [], zoom: 4.4 });
  assert.ok(seen.length > 0 && seen.every(({ point }) => Math.abs(points[2 * point]) < 0.6));
});

test("the same label is found first, then those that begin so, then those that hold it", () => {
  const labels = ["Isle of Man", "the isle", "Isle", "中文"];
  const facts = { count: 4, label: (i) => labels[i] };
  assert.deepEqual(findLabels(facts, " isle "), [2, 0, 1]);
  assert.deepEqual(findLabels(facts, "文"), [3]);
  assert.deepEqual(findLabels(facts, " "), []);
});

test("a mixed colour lies between two", () => {
  const [black, white] = ["#000000", "#ffffff"];
  assert.equal(mixColours(black, white, 0.5), "#808080");
  assert.equal(mixColours(black, white, 0), black);
});
