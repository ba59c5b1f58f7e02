// A pen that writes SVG: what the views use of CanvasRenderingContext2D, so that one drawing is both.

const ENTITIES = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" });
const NOT_XML = /[^\P{Cc}\t\n\r]|\p{Cs}|[\ufffe\uffff]/gu;
const ANCHORS = /** @type {Record<string, string>} */ ({
  left: "start",
  start: "start",
  center: "middle",
  right: "end",
  end: "end",
});

/** @param {string} text */
export function escapeMarkup(text) {
  return text.replace(NOT_XML, "\ufffd").replace(/[&<>"]/g, (letter) => ENTITIES[letter]);
}

export class SvgPen {
  /**
   * @param {number} width
   * @param {number} height
   * @param {{paper: string, title: string}} look
   */
  constructor(width, height, { paper, title }) {
    Object.assign(this, { width, height });
    this.title = title;
    this.paper = paper;
    /** @type {string[]} */
    this.parts = [];
    /** @type {string[]} */
    this.path = [];
    this.fillStyle = "black";
    this.strokeStyle = "black";
    this.lineWidth = 1;
    this.globalAlpha = 1;
    this.font = "10px sans-serif";
    this.textAlign = "start";
    this.textBaseline = "alphabetic";
    this.lineCap = "butt";
    this.lineJoin = "miter";
    this.miterLimit = 10;
    this.shift = [0, 0];
    this.turn = 0; // of text only, in radians
    /** @type {number[]} */
    this.dash = [];
    /** @type {object[]} */
    this.saved = [];
    this.clips = 0;
    this.measuring = document.createElement("canvas").getContext("2d");
  }

  save() {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, textBaseline, shift, turn, dash, clips } =
      this;
    this.saved.push({
      fillStyle,
      strokeStyle,
      lineWidth,
      globalAlpha,
      font,
      textAlign,
      textBaseline,
      shift,
      turn,
      dash,
      clips,
    });
  }

  restore() {
    const before = this.clips;
    Object.assign(this, this.saved.pop() ?? {});
    for (let i = this.clips; i < before; i++) this.parts.push("</g>");
  }

  /** @param {number} x @param {number} y */
  translate(x, y) {
    this.shift = [this.shift[0] + x, this.shift[1] + y];
  }

  /** @param {number} angle by which text is turned; lines stay as they are */
  rotate(angle) {
    this.turn += angle;
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = dash;
  }

  /** @param {string} text */
  measureText(text) {
    if (!this.measuring) return { width: 0 };
    this.measuring.font = this.font;
    return this.measuring.measureText(text);
  }

  beginPath() {
    this.path = [];
  }

  closePath() {
    this.path.push("Z");
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.path.push(`M${this.at(x, y)}`);
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.path.push(`L${this.at(x, y)}`);
  }

  /** @param {number} cx @param {number} cy @param {number} x @param {number} y */
  quadraticCurveTo(cx, cy, x, y) {
    this.path.push(`Q${this.at(cx, cy)} ${this.at(x, y)}`);
  }

  /** @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} x @param {number} y */
  bezierCurveTo(ax, ay, bx, by, x, y) {
    this.path.push(`C${this.at(ax, ay)} ${this.at(bx, by)} ${this.at(x, y)}`);
  }

  /** @param {number} x @param {number} y @param {number} radius @param {number} from @param {number} to @param {boolean} [back] */
  arc(x, y, radius, from, to, back = false) {
    const turn = back ? from - to : to - from;
    const sweep = back ? 0 : 1;
    const r = round(radius);
    const [sx, sy] = [x + radius * Math.cos(from), y + radius * Math.sin(from)];
    this.path.push(`${this.path.length ? "L" : "M"}${this.at(sx, sy)}`);
    if (Math.abs(turn) >= 2 * Math.PI - 1e-6) {
      const [ox, oy] = [2 * x - sx, 2 * y - sy];
      this.path.push(`A${r} ${r} 0 1 ${sweep} ${this.at(ox, oy)}A${r} ${r} 0 1 ${sweep} ${this.at(sx, sy)}`);
      return;
    }
    const end = this.at(x + radius * Math.cos(to), y + radius * Math.sin(to));
    this.path.push(`A${r} ${r} 0 ${Math.abs(turn) > Math.PI ? 1 : 0} ${sweep} ${end}`);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  rect(x, y, width, height) {
    this.path.push(`M${this.at(x, y)}h${round(width)}v${round(height)}h${round(-width)}Z`);
  }

  fill() {
    if (this.path.length) this.parts.push(`<path d="${this.path.join("")}" fill="${this.fillStyle}"${this.faint()}/>`);
  }

  stroke() {
    if (this.path.length) this.parts.push(`<path d="${this.path.join("")}" fill="none"${this.line()}/>`);
  }

  clip() {
    const id = `clip${this.parts.length}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.path.join("")}"/></clipPath><g clip-path="url(#${id})">`);
    this.clips += 1;
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  fillRect(x, y, width, height) {
    this.beginPath();
    this.rect(x, y, width, height);
    this.fill();
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  strokeRect(x, y, width, height) {
    this.beginPath();
    this.rect(x, y, width, height);
    this.stroke();
  }

  clearRect() {}

  /** @param {string} text @param {number} x @param {number} y */
  fillText(text, x, y) {
    this.parts.push(this.letters(text, x, y, ` fill="${this.fillStyle}"${this.faint()}`));
  }

  /** @param {string} text @param {number} x @param {number} y */
  strokeText(text, x, y) {
    this.parts.push(this.letters(text, x, y, ` fill="none" stroke-linejoin="round"${this.line()}`));
  }

  /** @param {HTMLCanvasElement} canvas @param {number} x @param {number} y @param {number} width @param {number} height */
  drawImage(canvas, x, y, width, height) {
    const [left, top] = this.at(x, y).split(" ");
    const size = `x="${left}" y="${top}" width="${round(width)}" height="${round(height)}"`;
    this.parts.push(`<image ${size} href="${canvas.toDataURL("image/png")}"${this.faint()}/>`);
  }

  /** The whole document. */
  write() {
    const { width, height } = /** @type {any} */ (this);
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">` +
      `<title>${escapeMarkup(this.title)}</title><rect width="${width}" height="${height}" fill="${this.paper}"/>` +
      `${this.parts.join("")}${"</g>".repeat(this.clips)}</svg>`
    );
  }

  /** @param {string} text @param {number} x @param {number} y @param {string} look */
  letters(text, x, y, look) {
    const size = Number(/([\d.]+)px/.exec(this.font)?.[1] ?? 10);
    const family = this.font
      .slice(this.font.indexOf("px") + 2)
      .trim()
      .replace(/"/g, "'");
    const bold = /\b(600|700|bold)\b/.test(this.font) ? ' font-weight="600"' : "";
    const down = this.textBaseline === "middle" ? size * 0.35 : this.textBaseline === "top" ? size * 0.8 : 0;
    const [left, top] = this.at(x, this.turn ? y : y + down).split(" ");
    const degrees = round((this.turn * 180) / Math.PI);
    const turned = this.turn ? ` transform="rotate(${degrees} ${left} ${top})" dy="${round(down)}"` : "";
    return (
      `<text x="${left}" y="${top}"${turned} font-size="${size}" font-family="${family}"${bold} ` +
      `text-anchor="${ANCHORS[this.textAlign] ?? "start"}"${look}>${escapeMarkup(text)}</text>`
    );
  }

  /** @param {number} x @param {number} y */
  at(x, y) {
    return `${round(x + this.shift[0])} ${round(y + this.shift[1])}`;
  }

  faint() {
    return this.globalAlpha < 1 ? ` opacity="${round(this.globalAlpha)}"` : "";
  }

  line() {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    const cap = this.lineCap === "butt" ? "" : ` stroke-linecap="${this.lineCap}"`;
    return ` stroke="${this.strokeStyle}" stroke-width="${round(this.lineWidth)}"${dash}${cap}${this.faint()}`;
  }
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
