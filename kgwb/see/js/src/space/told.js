// What is known of a point, in a card beside it and in a line below the picture.

import { button, element } from "../shared/elements.js";
import { askKernel, readArray } from "../shared/model.js";
import { formatCount, shorten } from "../shared/numbers.js";
import { listNearest } from "./places.js";

/** @import { Facts } from "./facts.js" */
/** @import { Links } from "./front.js" */

const IN_CARD = 5;
const FEW = 40; // names listed of what is chosen

/**
 * @typedef {{ids: ArrayLike<number>, distances: ArrayLike<number>, trust: [number, number][] | null}} Known
 * @param {WidgetModel} model
 * @param {Facts} facts
 */
export function openKnown(model, facts) {
  /** @type {Map<number, Known | null>} */
  const asked = new Map();
  return {
    /**
     * The nearest in all dimensions, as far as they travelled or were asked for; undefined where they were not yet.
     * @param {number} point
     * @returns {Known | null | undefined}
     */
    read(point) {
      if (!facts.nearest) return asked.get(point);
      const { width, ids, distances } = facts.nearest;
      const [from, to] = [point * width, (point + 1) * width];
      return { ids: ids.subarray(from, to), distances: distances.subarray(from, to), trust: null };
    },
    /** @param {number} point */
    async ask(point) {
      if (facts.nearest || asked.has(point)) return;
      const answer = await askKernel(model, { ask: "point", point });
      asked.set(
        point,
        answer && { ids: readArray(answer.ids), distances: readArray(answer.distances), trust: answer.trust },
      );
    },
  };
}

/** @typedef {ReturnType<typeof openKnown>} Knowing */

/**
 * How far each map can be trusted at a point, in words.
 * @param {Facts} facts
 * @param {number} point
 * @param {Known | null | undefined} known
 * @returns {string[]}
 */
export function sayTrust(facts, point, known) {
  return facts.maps.map((/** @type {import("./facts.js").SpaceMap} */ { name, quality }, /** @type {number} */ map) => {
    const said = known?.trust?.[map];
    const [trust, continuity] = said ?? [quality?.trust[point] ?? Number.NaN, quality?.continuity[point] ?? Number.NaN];
    const where = facts.maps.length > 1 ? ` on ${shorten(name)}` : "";
    if (!Number.isFinite(trust)) return `Trust${where}: not measured here`;
    const lies = trust < facts.doubtful ? " · misleads" : "";
    return `Trust${where} ${trust.toFixed(2)}, continuity ${continuity.toFixed(2)}${lies}`;
  });
}

/**
 * @param {Facts} facts
 * @param {number} point
 * @param {Known | null | undefined} known
 * @returns {HTMLElement[]}
 */
export function writeCard(facts, point, known) {
  const kind = shorten(facts.types.names[facts.types.of[point]]);
  const degree = facts.degrees ? ` · ${formatCount(facts.degrees[point])} facts` : "";
  const near = Array.from(known?.ids ?? []).slice(0, IN_CARD);
  const rows = near.map((other, i) =>
    element(
      "tr",
      {},
      element("td", {}, shorten(facts.label(other)) || "(no label)"),
      element("td", {}, String(Number(known?.distances[i].toPrecision(3)))),
    ),
  );
  const title = facts.label(point);
  const lines = [
    element("strong", {}, title.length > 120 ? `${title.slice(0, 119)}…` : title || "(no label)"),
    element("div", { class: "muted" }, kind + degree),
  ];
  for (const said of sayTrust(facts, point, known)) lines.push(element("div", { class: "muted" }, said));
  if (rows.length)
    lines.push(element("div", { class: "nearest" }, "Nearest in all dimensions"), element("table", {}, ...rows));
  else if (facts.maps.length && facts.kind === "space")
    lines.push(
      element("div", { class: "muted" }, known === null ? "Nearest in all dimensions: known while a kernel runs" : ""),
    );
  return lines;
}

/**
 * The links of a point: its nearest in all dimensions, and those on each map.
 * @param {Facts} facts
 * @param {Float32Array[]} points
 * @param {number} point
 * @param {Known | null | undefined} known
 * @returns {Links[]}
 */
export function linkPoint(facts, points, point, known) {
  const near = Array.from(known?.ids ?? []).slice(0, facts.neighbours);
  return points.map((each) => ({ from: point, near, shown: listNearest(each, point, Math.max(near.length, 1)) }));
}

/**
 * What is chosen, in a line: names to go to, and how many neighbours the maps keep.
 * @param {Facts} facts
 * @param {number[]} chosen
 * @param {(Links | null)[]} links
 * @param {(point: number) => void} go
 * @returns {(Node | string)[]}
 */
export function writeChosen(facts, chosen, links, go) {
  if (!chosen.length)
    return [element("span", { class: "muted" }, "Nothing is chosen. Click a point, or draw a lasso.")];
  const names = chosen
    .slice(0, FEW)
    .map((point) => button({ class: "name" }, shorten(facts.label(point)) || "(no label)", () => go(point)));
  const rest = chosen.length - names.length;
  /** @type {(Node | string)[]} */
  const parts = [element("span", { class: "muted" }, `Chosen ${formatCount(chosen.length)}: `), ...names];
  if (rest > 0) parts.push(element("span", { class: "muted" }, ` and ${formatCount(rest)} more`));
  const said = links.flatMap((each, map) => {
    if (!each?.near.length) return [];
    const shown = new Set(each.shown);
    const kept = each.near.filter((i) => shown.has(i)).length;
    const where = facts.maps.length > 1 ? shorten(facts.maps[map].name) : "this map";
    return [
      `${where} keeps ${kept} of its ${each.near.length} nearest and shows ${each.near.length - kept} others instead`,
    ];
  });
  if (said.length)
    parts.push(
      element(
        "div",
        { class: "muted" },
        `${said.join("; ")}. Lines of ink lead to its nearest in all dimensions, dashed ones to those on the map alone.`,
      ),
    );
  return parts;
}

/**
 * The points that changed most and least from one space to the other.
 * @param {Facts} facts
 * @param {(point: number) => void} go
 */
export function writeChanged(facts, go) {
  const { changed } = facts;
  if (!changed) return [];
  /** @type {[string, [number, number][]][]} */
  const lists = [
    ["Changed most", changed.most],
    ["Changed least", changed.least],
  ];
  return lists.map(([title, rows]) =>
    element(
      "div",
      { class: "changed" },
      element("span", { class: "muted" }, `${title}: `),
      ...rows.map(([point, kept]) =>
        button(
          { class: "name", title: "choose it" },
          `${shorten(facts.label(point))} ${Math.round(kept * changed.neighbours)}/${changed.neighbours}`,
          () => go(point),
        ),
      ),
    ),
  );
}

/**
 * The facts of a relation whose arrows are drawn, the farthest from their tail first.
 * @param {Facts} facts
 */
export function writeArrows(facts) {
  const { arrows } = facts;
  if (!arrows) return [];
  const head = ["head", "tail", "residual", "rank of the tail"].map((text) => element("th", { scope: "col" }, text));
  const rows = arrows.rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, shorten(cell)))));
  const summary = element(
    "summary",
    {},
    `What ${arrows.scorer} leaves of “${shorten(arrows.relation)}”: the ${rows.length} largest residuals`,
  );
  return [
    element(
      "details",
      { class: "table" },
      summary,
      element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)),
    ),
  ];
}
