// The facts that are drawn as a table: the same as the picture, for whoever reads rather than sees.

import { button, element } from "../shared/elements.js";
import { formatCount, shorten } from "../shared/numbers.js";

/** @import { Facts } from "./facts.js" */

const MOST_ROWS = 400;
const LONGEST = 300; // letters of a label in a cell

/**
 * @param {Facts} facts
 * @param {number[]} drawn
 * @param {(entity: number) => void} choose
 */
export function tabulateFacts(facts, drawn, choose) {
  /** @param {number} entity */
  const name = (entity) => button({ "data-entity": entity }, cut(facts.labels[entity]), () => choose(entity));
  const rows = drawn.slice(0, MOST_ROWS).map((fact) => {
    const chance = facts.chances.get(fact);
    const said = chance === undefined ? "" : Number.isNaN(chance) ? "predicted" : `predicted, ${chance.toFixed(2)}`;
    return [name(facts.heads[fact]), facts.relationNames[facts.relations[fact]], name(facts.tails[fact]), said];
  });
  const more = drawn.length - rows.length;
  const caption = `${formatCount(drawn.length)} facts drawn${more > 0 ? `; the first ${MOST_ROWS} are listed` : ""}`;
  return writeTable(caption, ["head", "relation", "tail", ...(facts.chances.size ? ["predicted"] : [])], rows);
}

/**
 * @param {string} caption
 * @param {string[]} columns
 * @param {(string | Node)[][]} rows
 */
export function writeTable(caption, columns, rows) {
  const head = element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name)));
  const body = rows.map((row) =>
    element("tr", {}, ...row.slice(0, columns.length).map((cell) => element("td", { dir: "auto" }, cell))),
  );
  return element(
    "div",
    { class: "table", tabindex: 0, role: "region", "aria-label": caption },
    element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...body)),
  );
}

/** @param {string} text */
export function cut(text) {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return short.trim() ? short : shorten("(no label)");
}
