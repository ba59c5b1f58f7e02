// The candidate at hand: its sentence with both names marked, what speaks for it, and the two verdicts.

import { button, element } from "../shared/elements.js";
import { tellShare } from "./facts.js";
import { ACCEPTED, REJECTED } from "./verdicts.js";

/** @import { Candidate, Facts } from "./facts.js" */
/** @import { Verdicts } from "./verdicts.js" */

/**
 * @param {Facts} facts
 * @param {Verdicts} verdicts
 */
export function drawCard(facts, verdicts) {
  const node = element("div", { class: "hand", role: "region", "aria-label": "the candidate at hand" });
  const about = element("div", { "aria-live": "polite" });
  const accept = button({ title: "accept: a", class: "accept" }, "Accept (a)", () => verdicts.decideHere(ACCEPTED));
  const reject = button({ title: "reject: r", class: "reject" }, "Reject (r)", () => verdicts.decideHere(REJECTED));
  const undo = button({ title: "undo the last step: u" }, "Undo (u)", () => verdicts.undo());
  node.append(
    about,
    element("div", { class: "verdicts", role: "group", "aria-label": "verdict" }, accept, reject, undo),
  );
  return {
    node,
    update() {
      if (!facts.count) {
        about.replaceChildren(element("p", { class: "muted" }, "No candidate."));
        return;
      }
      const row = verdicts.at;
      const candidate = facts.read(row);
      const verdict = verdicts.byRow().get(row);
      accept.setAttribute("aria-pressed", String(verdict === ACCEPTED));
      reject.setAttribute("aria-pressed", String(verdict === REJECTED));
      const { relation, support } = candidate;
      about.replaceChildren(
        element("h4", { dir: "auto" }, `${verdicts.name(row, "head")} — ${relation} → ${verdicts.name(row, "tail")}`),
        drawSentence(candidate),
        ...tellMarks(candidate).map((text) => element("p", { class: "mark", dir: "auto" }, text)),
        ...drawNames(row, candidate),
        drawShares(candidate),
        element(
          "p",
          { class: "muted" },
          support === 1 ? "Read in one sentence." : `Read in ${support} sentences; this says it best.`,
        ),
      );
    },
  };

  /**
   * A field for each end that the graph lacks.
   * @param {number} row
   * @param {Candidate} candidate
   */
  function drawNames(row, { ids }) {
    const ends = /** @type {const} */ ([
      ["head", ids[0]],
      ["tail", ids[2]],
    ]);
    return ends
      .filter(([, id]) => id < 0)
      .map(([side]) => {
        const field = element("input", { type: "text", value: verdicts.name(row, side) });
        field.addEventListener("change", () => verdicts.rename(row, side, field.value));
        return element("label", {}, `new ${side}, called`, field);
      });
  }

  /** @param {Candidate} candidate */
  function drawShares({ probability, shares }) {
    const rows = [["probability", probability], ...facts.sources.map((name, i) => [name, shares[i]])];
    const table = element("table", {});
    for (const [name, share] of /** @type {[string, number][]} */ (rows)) {
      const bar = element("i", { class: "bar" }, element("i", {}));
      /** @type {HTMLElement} */ (bar.firstChild).style.width =
        `${100 * (Number.isNaN(share) ? 0 : Math.max(0, Math.min(1, share)))}%`;
      table.append(
        element("tr", {}, element("th", {}, name), element("td", {}, bar), element("td", {}, tellShare(share))),
      );
    }
    return table;
  }
}

/** @param {Pick<Candidate, "parts">} candidate */
function drawSentence({ parts }) {
  const spoken = parts.map(({ text, end }) => (end ? element("span", { class: end, title: end }, text) : text));
  return element("blockquote", { dir: "auto" }, ...spoken);
}

/**
 * What a person should know before deciding.
 * @param {Pick<Candidate, "known" | "contradicts" | "isNew" | "head" | "relation">} candidate
 */
export function tellMarks({ known, contradicts, isNew, head, relation }) {
  return [
    ...(known ? ["The graph holds this already."] : []),
    ...(contradicts ? [`Against the graph, which says: ${head} — ${relation} → ${contradicts}.`] : []),
    ...(isNew ? ["The graph has no entity of that name; to accept it makes a new one."] : []),
  ];
}
