import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openModel } from "../src/shared/model.js";
import { openSelection } from "../src/shared/selection.js";

// The window, as far as views tell one another through it.
beforeEach(() => {
  const target = new EventTarget();
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"])
    globalThis[name] = target[name].bind(target);
});

/**
 * A model that keeps what a kernel would be sent.
 * @param {string} channel
 */
function open(channel) {
  const model = openModel({ channel, chosen: { turn: 0, entities: [] } });
  const sent = [];
  model.save_changes = () => sent.push(model.get("chosen"));
  return { model, sent, selection: openSelection(model) };
}

test("what is chosen in one is chosen in all of its channel, and in no other", () => {
  const [one, other, apart] = [open("a"), open("a"), open("b")];
  one.selection.set({ entities: [3], layer: 2 });
  assert.deepEqual([other.selection.chosen.entities, other.selection.chosen.layer], [[3], 2]);
  assert.deepEqual(apart.selection.chosen.entities, []);
  assert.equal(one.sent.length, 1);
  assert.equal(other.sent.length, 0); // the kernel is told once
});

test("views of no channel do not follow one another", () => {
  const [one, other] = [open(""), open("")];
  one.selection.set({ entities: [3] });
  assert.deepEqual(other.selection.chosen.entities, []);
});

test("what is not named stays, and all can be let go", () => {
  const { selection } = open("");
  selection.set({ entities: [1] });
  selection.set({ head: 4 });
  assert.deepEqual([selection.chosen.entities, selection.chosen.head, selection.chosen.turn], [[1], 4, 2]);
  selection.clear();
  assert.deepEqual([selection.chosen.entities, selection.chosen.head], [[], null]);
});

test("a choice of an earlier turn, which comes late from the kernel, changes nothing", () => {
  const { model, selection } = open("a");
  selection.set({ entities: [1] });
  selection.set({ entities: [2] });
  model.set("chosen", { turn: 1, entities: [1] });
  assert.deepEqual(selection.chosen.entities, [2]);
  model.set("chosen", { turn: 3, entities: [5] });
  assert.deepEqual(selection.chosen.entities, [5]);
});

test("each change is told once, and no longer after the end", () => {
  const [one, other] = [open("a"), open("a")];
  let told = 0;
  const forget = other.selection.listen(() => told++);
  one.selection.set({ entities: [1] });
  assert.equal(told, 1);
  forget();
  one.selection.set({ entities: [2] });
  assert.equal(told, 1);
  other.selection.close();
  one.selection.set({ entities: [4] });
  assert.deepEqual(other.selection.chosen.entities, [2]);
});

test("two copies of one view, and views that change at once, end alike", () => {
  const [one, other] = [open("a"), open("a")];
  const copy = openSelection(one.model);
  copy.set({ entities: [1] });
  other.selection.set({ entities: [2] });
  for (const each of [one.selection, copy, other.selection]) assert.deepEqual(each.chosen.entities, [2]);
});
