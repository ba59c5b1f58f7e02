// Rectangles, and where among them a label finds room.

/** @typedef {[left: number, top: number, right: number, bottom: number]} Box */

/**
 * Whether two boxes share more than an edge.
 * @param {Box} one
 * @param {Box} other
 */
export function overlap(one, other) {
  return one[0] < other[2] && one[2] > other[0] && one[1] < other[3] && one[3] > other[1];
}

/**
 * Whether the first box lies in the second.
 * @param {Box} inner
 * @param {Box} outer
 */
export function isInside(inner, outer) {
  return inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3];
}

/**
 * Which place, the best first, lies in the bounds and covers nothing taken; −1 where none does.
 * @param {Box[]} places
 * @param {Box} bounds
 * @param {Box[]} taken
 */
export function findRoom(places, bounds, taken) {
  return places.findIndex((place) => isInside(place, bounds) && !taken.some((other) => overlap(place, other)));
}
