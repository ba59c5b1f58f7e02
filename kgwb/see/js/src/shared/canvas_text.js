// Text on a canvas.

/**
 * A line of text on a rim of paper, legible over dots and lines.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {{ink: string, paper: string, rim: number}} style
 */
export function writeText(context, text, x, y, { ink, paper, rim }) {
  Object.assign(context, { lineJoin: "round", lineWidth: rim, strokeStyle: paper, fillStyle: ink });
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}
