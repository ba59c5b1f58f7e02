// The shapes of entity types, as see/palette.py names them: filled, or open or dotted where the name says so.

/** @typedef {Record<string, [number, number][]>} Outlines corners by name, on a circle of about one unit; none is the circle */

/**
 * Adds a shape to the path of a pen.
 * @param {Pick<CanvasRenderingContext2D, "moveTo" | "lineTo" | "arc" | "closePath">} pen
 * @param {Outlines} outlines
 * @param {string} shape
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
export function traceShape(pen, outlines, shape, x, y, radius) {
  const corners = outlines[shape.replace(/^(open|dotted) /, "")] ?? [];
  if (!corners.length) {
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  corners.forEach(([across, down], i) => {
    const to = [x + across * radius, y + down * radius];
    if (i) pen.lineTo(to[0], to[1]);
    else pen.moveTo(to[0], to[1]);
  });
  pen.closePath();
}

/**
 * Draws a shape in its colour, with a thin rim of paper.
 * @param {CanvasRenderingContext2D} pen
 * @param {Outlines} outlines
 * @param {{shape: string, colour: string}} mark
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} paper
 */
export function drawShape(pen, outlines, { shape, colour }, x, y, radius, paper) {
  const dotted = shape.startsWith("dotted ");
  const open = dotted || shape.startsWith("open ");
  pen.beginPath();
  traceShape(pen, outlines, shape, x, y, open ? radius * 0.85 : radius);
  pen.fillStyle = open ? paper : colour;
  pen.fill();
  pen.lineWidth = open ? Math.max(1.2, radius * (dotted ? 0.25 : 0.4)) : 0.75;
  pen.lineJoin = "round";
  pen.strokeStyle = open ? colour : paper;
  pen.stroke();
  if (!dotted) return;
  pen.beginPath();
  pen.arc(x, y, Math.max(1, radius * 0.34), 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
}
