import assert from "node:assert/strict";
import { test } from "node:test";
import { takeDrops } from "../src/workbench/dropping.js";
import { giveBack, noteHand } from "../src/workbench/keeping.js";
import { mountChild } from "../src/workbench/mounting.js";

/** As much of an element as mounting asks of one. */
function makePlace() {
  const children = [];
  return { children, append: (child) => children.push(child) };
}

function makeView(said) {
  const el = { remove: () => said.push("removed") };
  return { el, luminoWidget: { processMessage: ({ type }) => said.push(type), dispose: () => said.push("disposed") } };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("a child is made by its manager, attached as a notebook would, and let go", async () => {
  const said = [];
  const asked = [];
  const view = makeView(said);
  const manager = { get_model: async (id) => asked.push(id) && { id }, create_view: async () => view };
  const model = { get: () => "IPY_MODEL_abc", widget_manager: manager };
  const place = makePlace();
  let ready = 0;
  const leave = mountChild(model, place, () => ready++);
  await settle();
  assert.deepEqual([asked, ready, place.children], [["abc"], 1, [view.el]]);
  leave();
  assert.deepEqual(said, ["before-attach", "after-attach", "before-detach", "removed", "after-detach", "disposed"]);
});

test("a place that is gone before its child is made takes none", async () => {
  let removed = 0;
  const manager = { get_model: async () => ({}), create_view: async () => ({ el: {}, remove: () => removed++ }) };
  const place = makePlace();
  mountChild({ get: () => "IPY_MODEL_a", widget_manager: manager }, place, () => assert.fail("it was mounted"))();
  await settle();
  assert.deepEqual([removed, place.children], [1, []]);
});

test("where no widgets can be made, the place says so", async () => {
  const place = makePlace();
  mountChild({ get: () => "IPY_MODEL_a" }, place, () => assert.fail("it was mounted"));
  await settle();
  assert.match(place.children[0], /need a notebook that shows ipywidgets/);
});

test("a dropped file goes to the kernel with its name and bytes, if the step in sight takes one", async () => {
  const listeners = {};
  const classes = new Set();
  let wanted = true;
  const root = {
    querySelector: () => (wanted ? {} : null),
    addEventListener: (name, act) => (listeners[name] = act),
    removeEventListener: (name) => delete listeners[name],
    classList: { add: (name) => classes.add(name), remove: (name) => classes.delete(name) },
  };
  const sent = [];
  const stop = takeDrops(root, { send: (...message) => sent.push(message) });
  const bytes = new ArrayBuffer(3);
  let prevented = 0;
  const event = {
    dataTransfer: { types: ["Files"], files: [{ name: "a.csv", arrayBuffer: async () => bytes }] },
    preventDefault: () => prevented++,
    stopPropagation() {},
  };
  listeners.dragover(event);
  assert.ok(classes.has("is-over"));
  await listeners.drop(event);
  assert.deepEqual([sent, classes.size, prevented], [[[{ dropped: "a.csv" }, undefined, [bytes]]], 0, 2]);
  wanted = false;
  await listeners.drop(event);
  assert.equal(sent.length, 1);
  stop();
  assert.deepEqual(listeners, {});
});

test("what was in hand is given back, but not taken from another", () => {
  const focused = [];
  const controls = ["a", "b"].map((name) => ({ name, focus: () => focused.push(name) }));
  const folds = [{ open: false }, { open: true, setAttribute: () => focused.push("unfolded") }];
  const document_ = { activeElement: controls[1], body: {} };
  const root = {
    offsetHeight: 300,
    getRootNode: () => document_,
    querySelectorAll: (selector) => (selector === "details" ? folds : controls),
  };
  const kept = noteHand(root);
  assert.deepEqual([kept.focused, kept.unfolded, kept.height], [1, [1], 300]);
  globalThis.document = document_;
  document_.activeElement = document_.body;
  giveBack(root, kept);
  assert.deepEqual(focused, ["unfolded", "b"]);
  document_.activeElement = { contains: () => false };
  giveBack(root, kept);
  assert.deepEqual(focused, ["unfolded", "b", "unfolded"]);
  delete globalThis.document;
});
