// Candidate facts under review: a accepts, r rejects, u undoes, arrows move.

import { button, element } from "../shared/elements.js";
import { openFrame } from "../shared/frame.js";
import { makeView } from "../shared/live.js";
import { formatCount } from "../shared/numbers.js";
import { openSelection } from "../shared/selection.js";
import { drawCard } from "./card.js";
import { openFacts } from "./facts.js";
import { followKeys } from "./keys.js";
import { drawList } from "./list.js";
import { printRows } from "./printing.js";
import { ACCEPTED, openVerdicts, REJECTED } from "./verdicts.js";

/**
 * @param {{model: WidgetModel, el: HTMLElement}} place
 * @returns {() => void} clean-up
 */
function render({ model, el }) {
  const facts = openFacts(model);
  const selection = openSelection(model);
  const verdicts = openVerdicts(model, facts);
  const list = drawList(facts, verdicts);
  const card = drawCard(facts, verdicts);
  const frame = openFrame(el, model, {
    name: "review",
    redraw: () => list.update(),
    print: () => printRows(frame.root, tellTitle(facts.count, verdicts.byRow()), facts, verdicts),
  });
  const above = button({}, "", () => verdicts.acceptAbove());
  frame.picture.append(element("div", { class: "list-and-hand" }, list.node, card.node));
  if (facts.threshold !== null) frame.controls.append(above);
  followKeys(frame.root, verdicts);
  let shown = verdicts.at;

  const update = () => {
    list.update();
    card.update();
    frame.setTitle(tellTitle(facts.count, verdicts.byRow()));
    const open = verdicts.listAbove().length;
    above.textContent = `Accept all ${open} above the threshold`;
    above.disabled = !open;
    if (shown === verdicts.at) return;
    shown = verdicts.at;
    const [head, relation, tail] = facts.read(shown).ids;
    const isKnown = head >= 0 && tail >= 0;
    const entities = [head, tail].filter((id) => id >= 0);
    selection.set({ entities, relations: [], triples: isKnown ? [[head, relation, tail]] : [], words: [] });
  };
  verdicts.listen(update);
  const forget = selection.listen(({ triples }) => {
    if (!triples.length || (facts.count && same(facts.read(verdicts.at).ids, triples[0]))) return;
    const row = facts.find(triples[0]);
    if (row < 0) return;
    shown = row; // chosen elsewhere: not to be said again
    verdicts.move(row);
  });
  frame.setCaption(facts.note);
  update();

  return () => {
    forget();
    verdicts.close();
    selection.close();
    frame.close();
  };
}

/**
 * @param {number[]} one
 * @param {number[]} other
 */
function same(one, other) {
  return one.every((id, i) => id === other[i]);
}

/**
 * @param {number} count
 * @param {Map<number, number>} verdicts
 */
export function tellTitle(count, verdicts) {
  const given = [...verdicts.values()];
  const [accepted, rejected] = [ACCEPTED, REJECTED].map((one) => given.filter((each) => each === one).length);
  const of = `${formatCount(count)} candidate ${count === 1 ? "fact" : "facts"}`;
  return `${of}: ${formatCount(accepted)} accepted, ${formatCount(rejected)} rejected`;
}

const { widget, show } = makeView(render);

export { show };
export default widget;
