import assert from "node:assert/strict";
import { test } from "node:test";
import { colourFigure } from "../src/space/colours.js";

const THEME = { template: { name: "dark" }, colours: { paper: "black" }, halo: "0 0 2px black" };

test("rims and halos take the theme's colours, and the figure stays as it came", () => {
  const figure = {
    data: [{ meta: "paper", marker: { size: 4, line: { width: 1, color: "white" } } }, { marker: { line: {} } }],
    layout: {
      height: 9,
      annotations: [{ name: "label", font: { size: 11, shadow: "white" } }, { font: { size: 12 } }],
    },
  };
  const before = structuredClone(figure);
  const { data, layout } = colourFigure(figure, THEME);
  assert.deepEqual(data[0].marker, { size: 4, line: { width: 1, color: "black" } });
  assert.deepEqual(data[1], figure.data[1]);
  assert.deepEqual(layout.annotations[0].font, { size: 11, shadow: "0 0 2px black" });
  assert.deepEqual(layout.annotations[1], figure.layout.annotations[1]);
  assert.deepEqual([layout.template, layout.height], [THEME.template, 9]);
  assert.deepEqual(figure, before);
});
