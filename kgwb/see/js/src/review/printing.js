// The rows around the one at hand, drawn with a pen, for a file.

import { readStyle } from "../shared/theme.js";
import { tellShare } from "./facts.js";
import { ACCEPTED } from "./verdicts.js";

/** @import { Print } from "../shared/saving.js" */
/** @import { Facts } from "./facts.js" */
/** @import { Verdicts } from "./verdicts.js" */

const [WIDTH, STEP, TOP, ROWS, BAR] = [860, 22, 60, 30, 120];

/**
 * @param {HTMLElement} root
 * @param {string} title
 * @param {Facts} facts
 * @param {Verdicts} verdicts
 * @returns {Print}
 */
export function printRows(root, title, facts, verdicts) {
  const [font, ink, muted, edge, rule, line] = ["font", "ink", "muted", "edge", "rule", "injected"].map((name) =>
    readStyle(root, name),
  );
  const first = Math.max(0, Math.min(verdicts.at - ROWS / 2, facts.count - ROWS));
  const last = Math.min(facts.count, first + ROWS);
  const decided = verdicts.byRow();
  return {
    width: WIDTH,
    height: TOP + (last - first) * STEP + 8,
    draw(pen) {
      pen.font = `600 15px ${font}`;
      pen.fillStyle = ink;
      pen.fillText(cut(pen, title, WIDTH - 24), 12, 30);
      for (let row = first; row < last; row++) {
        const y = TOP + (row - first) * STEP;
        const { relation, probability } = facts.read(row);
        const verdict = decided.get(row);
        pen.font = `${row === verdicts.at ? 600 : 400} 12px ${font}`;
        pen.fillStyle = verdict === undefined ? ink : verdict === ACCEPTED ? edge : muted;
        pen.fillText(verdict === undefined ? "·" : verdict === ACCEPTED ? "✓" : "✗", 14, y);
        const fact = `${verdicts.name(row, "head")} — ${relation} → ${verdicts.name(row, "tail")}`;
        pen.fillText(cut(pen, fact, WIDTH - BAR - 120), 34, y);
        pen.fillStyle = rule;
        pen.fillRect(WIDTH - BAR - 60, y - 9, BAR, 9);
        pen.fillStyle = ink;
        pen.fillRect(WIDTH - BAR - 60, y - 9, BAR * Math.max(0, Math.min(1, probability)), 9);
        pen.fillText(tellShare(probability), WIDTH - 48, y);
      }
      if (facts.threshold === null || facts.reach < first || facts.reach > last) return;
      const y = TOP + (facts.reach - first) * STEP - 15.5;
      pen.strokeStyle = line;
      pen.setLineDash([5, 3]);
      pen.beginPath();
      pen.moveTo(12, y);
      pen.lineTo(WIDTH - 12, y);
      pen.stroke();
      pen.setLineDash([]);
    },
  };
}

/**
 * The text, cut with an ellipsis where it is wider than there is room.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} text
 * @param {number} room
 */
function cut(pen, text, room) {
  const letters = Array.from(text.slice(0, 400));
  if (pen.measureText(letters.join("")).width <= room) return letters.join("");
  while (letters.length && pen.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return `${letters.join("")}…`;
}
