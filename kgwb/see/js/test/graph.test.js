import assert from "node:assert/strict";
import { test } from "node:test";
import { openCamera } from "../src/graph/camera.js";
import { findBend, findFreeSide, pointAt, runLine, runLoop } from "../src/graph/curves.js";
import { openFacts } from "../src/graph/facts.js";
import { distanceTo, openFinding } from "../src/graph/finding.js";
import { findInDirection } from "../src/graph/keys.js";
import { openRoom } from "../src/graph/labels.js";
import { groupFacts } from "../src/graph/panel.js";
import { findPaths } from "../src/graph/paths.js";
import { composeEntities } from "../src/graph/picture.js";
import { divideRing, findFreePlaces, findPlaceNear, placeSpokes } from "../src/graph/places.js";
import { openSchema } from "../src/graph/schema.js";
import { findEntities } from "../src/graph/search.js";
import { openShown } from "../src/graph/shown.js";
import { writeCaption, writeTitle } from "../src/graph/words.js";

const pack = (Kind, values, dtype) => ({
  view: Buffer.from(Kind.from(values).buffer).toString("base64"),
  dtype,
});
const packTexts = (texts) => {
  const parts = texts.map((text) => Buffer.from(text, "utf8"));
  const offsets = [0];
  for (const part of parts) offsets.push(offsets[offsets.length - 1] + part.length);
  return {
    bytes: pack(Uint8Array, Buffer.concat(parts), "uint8"),
    offsets: pack(Uint32Array, offsets, "uint32"),
  };
};

/** A hub 0 with four spokes of two relations, a second ring, a loop, and 6 alone; the last fact is predicted. */
const FACTS = [
  [0, 0, 1],
  [0, 0, 2],
  [3, 1, 0],
  [0, 1, 4],
  [1, 1, 5],
  [2, 1, 5],
  [0, 0, 0],
  [4, 0, 6],
];

function makeState(facts = FACTS, { predicted = 1, count = 7, drawn = [0, 1, 2, 3, 4], opened = [0] } = {}) {
  const degrees = Array.from(
    { length: count },
    (_, i) => facts.slice(0, facts.length - predicted).filter(([h, , t]) => h === i || t === i).length,
  );
  return {
    ids: pack(Uint32Array, [...Array(count).keys()], "uint32"),
    labels: packTexts(Array.from({ length: count }, (_, i) => `Isle ${i} 島`)),
    about: null,
    types: pack(
      Uint16Array,
      Array.from({ length: count }, (_, i) => i % 2),
      "uint16",
    ),
    degrees: pack(Uint32Array, degrees, "uint32"),
    heads: pack(
      Uint16Array,
      facts.map(([head]) => head),
      "uint16",
    ),
    fact_relations: pack(
      Uint16Array,
      facts.map(([, relation]) => relation),
      "uint16",
    ),
    tails: pack(
      Uint16Array,
      facts.map(([, , tail]) => tail),
      "uint16",
    ),
    predicted,
    probability: pack(Float32Array, Array(predicted).fill(0.25), "float32"),
    relations: ["near", "far"],
    type_names: ["isle", "town"],
    marks: [
      ["green", "circle"],
      ["brown", "square"],
    ],
    entities: count,
    facts: facts.length - predicted,
    drawn: pack(Uint32Array, drawn, "uint32"),
    points: pack(
      Float32Array,
      drawn.flatMap((i) => [200 * Math.cos(i), 200 * Math.sin(i)]),
      "float32",
    ),
    opened: pack(Uint32Array, opened, "uint32"),
    centre: [0],
  };
}

const open = (...args) => {
  const state = makeState(...args);
  const facts = openFacts(state);
  return { facts, shown: openShown(facts, state) };
};
const names = (shown) => [...shown.spots.keys()].sort();

/** Random facts that are the same each time. */
function* chooseGraphs() {
  let seed = 7;
  const next = (below) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (let i = 0; i < 40; i++) {
    const all = Array.from({ length: 3 + next(40) }, () => [next(12), next(2), next(12)]);
    const facts = [...new Map(all.map((fact) => [fact.join(), fact])).values()];
    yield { facts, next };
  }
}

test("facts come back as they were packed, in any script", () => {
  const { facts } = open();
  assert.equal(facts.labels[3], "Isle 3 島");
  assert.equal(facts.spell(2), "Isle 3 島 — far → Isle 0 島");
  assert.equal(facts.nameRelation(7), "near 0.25");
  assert.deepEqual(facts.touching[0], [0, 1, 2, 3, 6]); // a loop once
  assert.equal(facts.countHeld(4), 1); // the predicted one is not of the graph
  assert.equal(facts.findFact([1, 1, 5]), 4);
  assert.equal(facts.findFact([1, 0, 5]), -1);
  assert.ok(facts.isWhole);
});

test("what a kernel adds is not held twice", () => {
  const { facts } = open();
  const more = makeState(
    [
      [0, 0, 1],
      [5, 0, 7],
    ],
    { predicted: 0, count: 8 },
  );
  assert.deepEqual(facts.add(more), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(facts.labels[7], "Isle 7 島");
  assert.equal(facts.heads.length, 9);
  assert.deepEqual(facts.touching[7], [8]);
});

test("a fact is drawn where both ends are and one of them is opened", () => {
  const { shown } = open();
  const list = shown.list();
  assert.deepEqual(list.entities, [0, 1, 2, 3, 4]);
  assert.deepEqual(
    list.facts.sort((a, b) => a - b),
    [0, 1, 2, 3, 6],
  );
});

test("opening draws what was missing, moves nothing, and folding takes away what hangs on it alone", () => {
  const { shown } = open();
  const before = shown.save();
  assert.equal(shown.isOpen(1), false);
  shown.open(1);
  shown.open(2);
  assert.deepEqual(names(shown), [0, 1, 2, 3, 4, 5]);
  for (const [entity, { x, y }] of before.spots)
    assert.deepEqual([shown.spots.get(entity).x, shown.spots.get(entity).y], [x, y]);
  shown.fold(1, new Set());
  assert.ok(shown.has(5)); // it hangs on 2 as well
  shown.fold(2, new Set());
  assert.deepEqual(names(shown), [0, 1, 2, 3, 4]);
  shown.open(4);
  assert.ok(shown.list().facts.includes(7)); // a predicted fact stands wherever both ends do
  shown.restore(before);
  assert.deepEqual(names(shown), [0, 1, 2, 3, 4]);
});

test("opened and folded again, the picture is as it was", () => {
  for (const { facts: rows, next } of chooseGraphs()) {
    const { shown, facts } = open(rows, { predicted: 0, count: 12, drawn: [0], opened: [] });
    shown.open(0);
    const before = { names: names(shown), facts: shown.list().facts.sort() };
    const at = before.names[next(before.names.length)];
    if (shown.isOpen(at)) continue;
    shown.open(at);
    assert.ok(shown.isOpen(at));
    assert.ok(facts.touching[at].every((fact) => shown.list().facts.includes(fact)));
    shown.fold(at, new Set());
    assert.deepEqual({ names: names(shown), facts: shown.list().facts.sort() }, before);
  }
});

test("what is hidden in the legend is not listed, and the caption counts it among what is not drawn", () => {
  for (const { facts: rows } of chooseGraphs()) {
    const everything = [...Array(12).keys()];
    const { shown, facts } = open(rows, { predicted: 0, count: 12, drawn: everything, opened: everything });
    shown.hiddenTypes.add(1);
    shown.hiddenRelations.add(0);
    const drawn = shown.list();
    const expected = rows.filter(([head, relation, tail]) => head % 2 === 0 && tail % 2 === 0 && relation === 1);
    assert.equal(drawn.facts.length, expected.length);
    const said = writeCaption("g", facts, drawn, shown);
    const [entities, known, leftEntities, left] =
      /(\d+) entit\w+ and (\d+) facts? are drawn; of the graph (\d+) entit\w+ and (\d+) facts? more/
        .exec(said)
        .slice(1)
        .map(Number);
    assert.deepEqual([entities + leftEntities, known + left], [12, rows.length]);
    assert.match(said, /hidden in the legend: 1 type, 1 relation/);
  }
});

test("the shortest paths are those that a search of all of them finds", () => {
  for (const { facts: rows, next } of chooseGraphs()) {
    const { facts } = open(rows, { predicted: 0, count: 12 });
    const [from, to] = [next(12), next(12)];
    let paths = [[from]];
    for (let step = 0; step < 12 && !paths.some((path) => path.at(-1) === to); step++)
      paths = paths.flatMap((path) =>
        [...new Set(facts.touching[path.at(-1)].map((fact) => facts.otherEnd(fact, path.at(-1))))]
          .filter((other) => !path.includes(other))
          .map((other) => [...path, other]),
      );
    const expected = paths.filter((path) => path.at(-1) === to);
    const found = findPaths(facts, from, to);
    assert.equal(found?.count ?? 0, expected.length);
    if (!found) continue;
    assert.equal(found.length, expected[0].length - 1);
    assert.deepEqual(new Set(found.entities), new Set(expected.flat()));
    let at = from;
    for (const fact of found.first) at = facts.otherEnd(fact, at);
    assert.equal(at, to);
    assert.equal(found.first.length, found.length);
  }
});

test("lines of one pair lie apart whichever way they lead, and so do loops", () => {
  const several = [
    { from: 0, to: 1 },
    { from: 1, to: 0 },
    { from: 0, to: 1 },
  ].map((line, lane) => ({ ...line, lane, lanes: 3 }));
  const places = [
    [0, 0],
    [100, 0],
  ];
  const middles = several.map((line) => {
    const [[x1, y1], [x2, y2]] = [places[line.from], places[line.to]];
    return pointAt(runLine(x1, y1, 5, x2, y2, 5, findBend(line, 1)), 0.5).map(Math.round);
  });
  const aside = middles.map(([, y]) => y);
  assert.ok(aside[0] < -14 && aside[1] === 0 && aside[2] > 14, aside);
  const loops = Array.from({ length: 7 }, (_, lane) =>
    pointAt(runLoop(0, 0, 6, lane, 0, 1), 0.5)
      .map(Math.round)
      .join(),
  );
  assert.equal(new Set(loops).size, 7);
});

test("a line ends at the rims, and the free side is away from the lines", () => {
  assert.deepEqual(runLine(0, 0, 10, 100, 0, 10, 0), [10, 0, 88.5, 0]);
  assert.ok(Math.abs(findFreeSide([0, 0.5, -0.5]) - Math.PI) < 0.01);
  assert.equal(findFreeSide([]), -Math.PI / 2);
});

test("every drawn fact is one line, and relations are grouped at the dot that has most", () => {
  const { facts, shown } = open();
  const picture = composeEntities(facts, shown);
  assert.equal(picture.lines.length, 5);
  assert.equal(new Set(picture.groups.flatMap(({ lines }) => lines)).size, 5);
  const near = picture.groups.find(({ lines }) => lines.length === 2 && picture.lines[lines[0]].name === "near");
  assert.equal(picture.dots[near.at].key, 0);
});

test("a ring holds the places that are asked for, all names apart", () => {
  for (const count of [1, 2, 7, 40, 200]) {
    const places = placeSpokes({ x: 0, y: 0 }, count);
    assert.equal(places.length, count);
    for (const [i, one] of places.entries())
      for (const other of places.slice(i + 1))
        assert.ok(Math.hypot((one.x - other.x) / 120, (one.y - other.y) / 23) > 0.85);
  }
  assert.equal(divideRing(200, 9).length, 9);
});

test("free places cover nothing that stands, and there are as many as asked for", () => {
  const taken = placeSpokes({ x: 0, y: 0 }, 30).map((place) => ({ ...place }));
  for (const count of [1, 12, 90]) {
    const found = findFreePlaces(taken[4], count, taken);
    assert.equal(found.length, count);
    for (const one of found)
      for (const other of [...taken, ...found.filter((each) => each !== one)])
        if (other !== taken[4]) assert.ok(Math.hypot((one.x - other.x) / 120, (one.y - other.y) / 23) >= 0.9);
  }
  const near = findPlaceNear(taken[0], taken);
  assert.ok(Math.hypot(near.x - taken[0].x, near.y - taken[0].y) > 10);
});

test("what is under the pointer: a dot before a line, a line within reach, else nothing", () => {
  const course = {
    x: Float64Array.from([50, 250]),
    y: Float64Array.from([50, 50]),
    radii: Float64Array.from([6, 6]),
    curves: [[56, 50, 244, 50], null],
  };
  const find = openFinding(course, 300, 100);
  assert.deepEqual(find(52, 51), { dot: 0, line: -1 });
  assert.deepEqual(find(150, 54), { dot: -1, line: 0 });
  assert.deepEqual(find(150, 70), { dot: -1, line: -1 });
  assert.deepEqual(find(-5, 50), { dot: -1, line: -1 });
  assert.equal(distanceTo([0, 0, 10, 0], 5, 3), 3);
});

test("an arrow key walks to the neighbour that lies that way, or else to any dot", () => {
  const picture = {
    dots: [0, 1, 2, 3].map((key) => ({ key })),
    lines: [
      { from: 0, to: 1 },
      { from: 2, to: 0 },
    ],
  };
  const course = { x: [0, 90, -90, 30], y: [0, 10, 0, -80] };
  assert.equal(findInDirection(picture, course, 0, [1, 0]), 1);
  assert.equal(findInDirection(picture, course, 0, [-1, 0]), 2);
  assert.equal(findInDirection(picture, course, 0, [0, -1]), 3);
  assert.equal(findInDirection(picture, course, 0, [0, 1]), -1);
});

test("a box is free until it is blocked, and covers the lines that run through it", () => {
  const room = openRoom(200, 100);
  assert.ok(room.isFree([10, 10, 60, 24]));
  room.block([40, 10, 90, 24]);
  assert.ok(!room.isFree([10, 10, 60, 24]) && room.isFree([10, 40, 60, 54]) && !room.isFree([-5, 40, 60, 54]));
  room.mark([0, 47, 200, 47]);
  assert.ok(room.cost([10, 40, 60, 54]) > room.cost([10, 70, 60, 84]));
});

test("zoom keeps the place under the pointer, and a fit shows everything", () => {
  const camera = openCamera();
  Object.assign(camera, { width: 800, height: 500 });
  const before = camera.toPlane(200, 300);
  camera.zoomBy(1.7, 200, 300);
  const after = camera.toPlane(200, 300);
  assert.ok(Math.hypot(before.x - after.x, before.y - after.y) < 1e-9);
  camera.fit([
    { x: -5000, y: 3 },
    { x: 900, y: 2500 },
  ]);
  assert.ok(camera.sees({ x: -5000, y: 3 }) && camera.sees({ x: 900, y: 2500 }));
});

test("facts of an entity are grouped by relation and direction", () => {
  const { facts } = open();
  const groups = groupFacts(facts, 0).map(({ relation, outgoing, facts: some }) => [relation, outgoing, some]);
  assert.deepEqual(groups, [
    [0, true, [0, 1, 6]],
    [1, false, [2]],
    [1, true, [3]],
  ]);
});

test("a search finds earlier places first, then the better connected, at most eight", () => {
  const labels = ["Isle of Man", "The Isle", "Isle of Wight", "Paris"];
  assert.deepEqual(findEntities(labels, [1, 9, 2, 0], " isle"), [2, 0, 1]);
  assert.deepEqual(findEntities(labels, [1, 9, 2, 0], "zzz"), []);
  assert.deepEqual(findEntities(labels, [1, 9, 2, 0], "  "), []);
  assert.equal(findEntities(Array(20).fill("a"), Array(20).fill(0), "A").length, 8);
});

test("a schema joins the relations from one type to another in one arrow", () => {
  const { facts } = open();
  const links = [0, 0, 1, 5, 0, 1, 1, 2, 1, 0, 0, 4];
  const packed = {
    types: [1, 0],
    counts: [9, 4],
    links: pack(Uint32Array, links, "uint32"),
    points: pack(Float32Array, [0, 0, 100, 0], "float32"),
    title: "t",
    caption: "c",
  };
  const schema = openSchema(packed, facts);
  assert.deepEqual(
    schema.arrows.map(({ from, to, total }) => [from, to, total]),
    [
      [0, 1, 7],
      [1, 0, 4],
    ],
  );
  assert.equal(schema.nameArrow(schema.arrows[0]), "2 relations · 7");
  const whole = schema.compose(new Set(), new Set());
  assert.deepEqual(
    whole.dots.map(({ label }) => label),
    ["town · 9", "isle · 4"],
  );
  assert.deepEqual(
    schema.compose(new Set(), new Set([0])).lines.map(({ name }) => name),
    ["far · 2"],
  );
  assert.equal(schema.compose(new Set([1]), new Set()).lines.length, 0);
  assert.equal(openSchema(null, facts), null);
});

test("the title says what is chosen", () => {
  const { facts } = open();
  assert.equal(writeTitle(facts, { chosen: [0], path: null }, "all"), "Isle 0 島 and its 5 facts");
  assert.equal(writeTitle(facts, { chosen: [0, 1], path: null }, "all"), "all");
  assert.equal(
    writeTitle(facts, { chosen: [], path: { from: 0, to: 1, length: 1 } }, "all"),
    "From Isle 0 島 to Isle 1 島: 1 fact",
  );
});
