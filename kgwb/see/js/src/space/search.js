// Finding points by their label: hits are listed, and chosen by click or keyboard.

import { button, element, findFreeId } from "../shared/elements.js";
import { formatCount, shorten } from "../shared/numbers.js";

/** @import { Facts } from "./facts.js" */

const LISTED = 12;
const MOST_LABELS = 200_000; // of more, only as many are read at each letter

/**
 * Labels that are the text, then those that begin with it, then those that hold it, in any case of letters.
 * @param {Pick<Facts, "count" | "label">} facts
 * @param {string} text
 * @returns {number[]}
 */
export function findLabels({ count, label }, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  /** @type {number[][]} */
  const found = [[], [], []];
  for (let i = 0; i < Math.min(count, MOST_LABELS); i++) {
    const at = label(i).toLowerCase().indexOf(wanted);
    if (at < 0) continue;
    const same = at === 0 && label(i).toLowerCase() === wanted;
    found[same ? 0 : at === 0 ? 1 : 2].push(i);
  }
  return found.flat();
}

/**
 * @param {Facts} facts
 * @param {(points: number[], add: boolean) => void} choose
 */
export function drawSearch(facts, choose) {
  const id = findFreeId("kgwb-space-found");
  const kind = facts.what === "entities" ? "an entity" : "a point";
  const input = element("input", {
    type: "search",
    placeholder: `Find one of ${formatCount(facts.count)}`,
    "aria-label": `Find ${kind}`,
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": id,
    autocomplete: "off",
  });
  const list = element("div", { class: "found", id, role: "listbox", "aria-label": "found" });
  list.hidden = true;
  /** @type {number[]} */
  let hits = [];
  let at = 0;

  const show = () => {
    hits = findLabels(facts, input.value);
    at = 0;
    const rows = hits.slice(0, LISTED).map((point, i) => {
      const row = button(
        { role: "option", tabindex: -1, id: `${id}-${i}` },
        shorten(facts.label(point)) || "(no label)",
        () => take(point, false),
      );
      row.append(element("span", { class: "muted" }, ` ${shorten(facts.types.names[facts.types.of[point]])}`));
      return row;
    });
    const more = hits.length - rows.length;
    const said = !input.value.trim()
      ? []
      : !hits.length
        ? ["nothing is called so"]
        : more > 0
          ? [`and ${formatCount(more)} more`]
          : [];
    list.replaceChildren(...rows, ...said.map((text) => element("div", { class: "muted" }, text)));
    list.hidden = !input.value.trim();
    input.setAttribute("aria-expanded", String(!list.hidden && hits.length > 0));
    mark();
  };
  const mark = () => {
    [...list.querySelectorAll("button")].forEach((row, i) => {
      row.setAttribute("aria-selected", String(i === at));
    });
    if (hits.length) input.setAttribute("aria-activedescendant", `${id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  /**
   * @param {number} point
   * @param {boolean} add
   */
  const take = (point, add) => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose([point], add);
  };
  input.addEventListener("input", show);
  input.addEventListener("focus", () => input.value && show());
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const last = Math.min(LISTED, hits.length) - 1;
    if (event.key === "ArrowDown") at = Math.min(last, at + 1);
    else if (event.key === "ArrowUp") at = Math.max(0, at - 1);
    else if (event.key === "Enter" && hits.length) return take(hits[Math.max(0, at)], event.shiftKey);
    else if (event.key === "Escape") list.hidden = true;
    else return;
    event.preventDefault();
    mark();
  });
  const node = element("div", { class: "search" }, input, list);
  node.addEventListener("focusout", (event) => {
    if (!node.contains(/** @type {Node | null} */ (event.relatedTarget))) list.hidden = true;
  });
  return node;
}
