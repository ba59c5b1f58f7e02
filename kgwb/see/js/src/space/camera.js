// Where a map lies on the screen: panels side by side, and in each a part of its map.

/**
 * @typedef {{left: number, top: number, width: number, height: number}} Panel in pixels
 * @typedef {{x: number, y: number, zoom: number}} Camera the middle of what is seen, in halves of the map's span, and how near
 * @typedef {{x: number, y: number, across: number, up: number, half: number}} Extent of a map: its middle and its spans
 * @typedef {{panel: Panel, lens: Lens}} View a panel and the part of its map in it
 * @typedef {{scale: number, left: number, top: number}} Lens pixel = left + x · scale, top − y · scale
 */

export const HEAD = 40; // pixels above a panel for its name and quality
const GAP = 20;
const FILLED = 0.9; // of a panel, by the whole map
export const NEAREST = 4000; // times nearer than the whole

/**
 * @param {Float32Array} points [point, 2]
 * @returns {Extent}
 */
export function measureExtent(points) {
  let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i], points[i + 1]];
    if (x < west) west = x;
    if (x > east) east = x;
    if (y < south) south = y;
    if (y > north) north = y;
  }
  const [across, up] = [Math.max(east - west, 1e-9), Math.max(north - south, 1e-9)];
  return { x: (west + east) / 2, y: (south + north) / 2, across, up, half: Math.max(across, up) / 2 };
}

/**
 * One extent that holds all, for each.
 * @param {Extent[]} extents
 * @returns {Extent[]}
 */
export function shareExtent(extents) {
  const corners = extents.flatMap(({ x, y, across, up }) => [x - across / 2, y - up / 2, x + across / 2, y + up / 2]);
  const shared = measureExtent(Float32Array.from(corners));
  return extents.map(() => ({ ...shared }));
}

/**
 * Panels for so many maps within a width: side by side, or one above the other where it is narrow.
 * @param {number} maps
 * @param {number} width
 * @param {number} tallest of a panel
 * @param {number} [head] pixels above each
 * @returns {Panel[]}
 */
export function layPanels(maps, width, tallest, head = HEAD) {
  const beside = width >= 640 ? maps : 1;
  const across = (width - GAP * (beside - 1)) / beside;
  const height = Math.round(Math.max(220, Math.min(tallest, across * (beside > 1 ? 0.9 : width < 640 ? 0.8 : 0.6))));
  return Array.from({ length: maps }, (_, i) => ({
    left: Math.round((i % beside) * (across + GAP)),
    top: head + Math.floor(i / beside) * (height + head + 8),
    width: Math.round(across),
    height,
  }));
}

/**
 * @param {Panel} panel
 * @param {Extent} extent
 * @param {Camera} camera
 * @returns {Lens}
 */
export function openLens(panel, extent, camera) {
  const scale = FILLED * Math.min(panel.width / extent.across, panel.height / extent.up) * camera.zoom;
  return {
    scale,
    left: panel.left + panel.width / 2 - (extent.x + camera.x * extent.half) * scale,
    top: panel.top + panel.height / 2 + (extent.y + camera.y * extent.half) * scale,
  };
}

/**
 * Nearer by a factor, with one place of the screen kept where it is.
 * @param {Camera} camera
 * @param {Panel} panel
 * @param {Extent} extent
 * @param {number} factor
 * @param {[x: number, y: number]} place in pixels
 * @returns {Camera}
 */
export function zoomAt(camera, panel, extent, factor, [x, y]) {
  const before = openLens(panel, extent, camera);
  const zoom = Math.min(NEAREST, Math.max(0.5, camera.zoom * factor));
  const scale = (before.scale * zoom) / camera.zoom;
  const [u, v] = [(x - before.left) / before.scale, (before.top - y) / before.scale]; // on the map
  const middle = [u - (x - panel.left - panel.width / 2) / scale, v + (y - panel.top - panel.height / 2) / scale];
  return { x: (middle[0] - extent.x) / extent.half, y: (middle[1] - extent.y) / extent.half, zoom };
}

/**
 * Moved by pixels.
 * @param {Camera} camera
 * @param {Panel} panel
 * @param {Extent} extent
 * @param {number} across
 * @param {number} down
 * @returns {Camera}
 */
export function moveBy(camera, panel, extent, across, down) {
  const { scale } = openLens(panel, extent, camera);
  return { ...camera, x: camera.x - across / scale / extent.half, y: camera.y + down / scale / extent.half };
}

/**
 * @param {Panel} panel
 * @param {number} x
 * @param {number} y
 */
export function holds(panel, x, y) {
  return x >= panel.left && y >= panel.top && x < panel.left + panel.width && y < panel.top + panel.height;
}
