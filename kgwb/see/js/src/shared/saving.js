// A picture as a file, made in the browser: PNG of twice the size, SVG, or PDF by the browser's own printing.

import { element } from "./elements.js";
import { SvgPen } from "./svg_pen.js";
import { readStyle } from "./theme.js";

/**
 * @typedef {{draw: (pen: CanvasRenderingContext2D) => void, width: number, height: number}} Print how a picture draws itself
 *   again, on a canvas of twice the size or as SVG
 */

const SCALE = 2;

/**
 * @param {"png" | "svg" | "pdf"} kind
 * @param {HTMLElement} root
 * @param {Print} print
 * @param {string} title
 */
export async function saveAs(kind, root, print, title) {
  const name = `${
    title
      .replace(/[^\p{L}\p{N}]+/gu, " ")
      .trim()
      .slice(0, 60) || "picture"
  }.${kind}`;
  if (kind === "png") {
    const canvas = element("canvas", { width: print.width * SCALE, height: print.height * SCALE });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.scale(SCALE, SCALE);
    pen.fillStyle = readStyle(root, "paper");
    pen.fillRect(0, 0, print.width, print.height);
    print.draw(pen);
    /** @type {Blob | null} */
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    if (blob) offer(blob, name);
    return;
  }
  const svg = writeSvg(root, print, title);
  if (kind === "svg") offer(new Blob([svg], { type: "image/svg+xml" }), name);
  else printDocument(svg, print, title);
}

/**
 * @param {HTMLElement} root
 * @param {Print} print
 * @param {string} title
 */
export function writeSvg(root, { draw, width, height }, title) {
  const pen = new SvgPen(width, height, { paper: readStyle(root, "paper"), title });
  draw(/** @type {any} */ (pen));
  return pen.write();
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function offer(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * The browser's print window saves PDF; the page it prints is as large as the picture.
 * @param {string} svg
 * @param {Print} print
 * @param {string} title
 */
function printDocument(svg, { width, height }, title) {
  const frame = element("iframe", { title, "aria-hidden": "true" });
  Object.assign(frame.style, { position: "fixed", width: "0", height: "0", border: "0" });
  document.body.append(frame);
  const page = frame.contentDocument;
  const view = frame.contentWindow;
  if (!page || !view) return;
  page.title = title;
  const image = page.createElement("img");
  const style = page.createElement("style");
  style.textContent = `@page{size:${width}px ${height}px;margin:0}body{margin:0}img{display:block;width:100%}`;
  image.onload = () => {
    view.onafterprint = () => frame.remove();
    view.focus();
    view.print();
  };
  page.head.append(style);
  page.body.append(image);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
}
