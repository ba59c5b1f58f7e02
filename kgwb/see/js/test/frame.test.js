import assert from "node:assert/strict";
import { test } from "node:test";
import { limitHeight, markTheme } from "../src/frame/limits.js";

test("whatever a page asks for, its frame is neither slight nor endless", () => {
  assert.deepEqual([500.5, 3, 1e9, "700", "x", null, NaN].map(limitHeight), [500.5, 200, 1200, 700, 200, 200, 200]);
});

test("the page is given the notebook's theme, and is light where there is none", () => {
  const page = '<!doctype html><html lang="en"><html lang="zh">';
  const dark = '<!doctype html><html data-jp-theme-light="false" lang="en"><html lang="zh">';
  assert.equal(markTheme(page, "false"), dark);
  assert.equal(markTheme(page, ""), dark.replace("false", "true"));
});
