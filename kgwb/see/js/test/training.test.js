import assert from "node:assert/strict";
import { test } from "node:test";
import { askKernel } from "../src/training/asking.js";

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
