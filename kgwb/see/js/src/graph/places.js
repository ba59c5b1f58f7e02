// Where entities are put: spokes about one in the middle, and free places about one that is opened where it stands.
// Places are apart by what a name needs, 120 pixels across and 23 down: gap² = (dx / 120)² + (dy / 23)² = 1.

const ACROSS = 120;
const DOWN = 23;
const ASPECT = 1.15; // width of a ring by its height
const NEAREST = 130; // half the height of the first ring
const STEP = 62; // from ring to ring
const STEPS = 360; // by which an ellipse is measured

/** @typedef {{x: number, y: number}} Place */

/**
 * Angles at equal gaps along a ring of this half height.
 * @param {number} high
 * @param {number} [count] as many as there is room for, by default
 * @returns {number[]}
 */
export function divideRing(high, count) {
  const along = [0];
  for (let i = 1; i <= STEPS; i++) {
    const [a, b] = [i - 1, i].map((step) => (2 * Math.PI * step) / STEPS - Math.PI / 2);
    const dx = (ASPECT * high * (Math.cos(b) - Math.cos(a))) / ACROSS;
    const dy = (high * (Math.sin(b) - Math.sin(a))) / DOWN;
    along.push(along[i - 1] + Math.hypot(dx, dy));
  }
  const places = count ?? Math.max(1, Math.floor(along[STEPS]));
  const angles = [];
  let step = 0;
  for (let i = 0; i < places; i++) {
    const wanted = ((i + 0.5) / places) * along[STEPS];
    while (along[step + 1] < wanted) step++;
    const share = (wanted - along[step]) / (along[step + 1] - along[step]);
    angles.push((2 * Math.PI * (step + share)) / STEPS - Math.PI / 2);
  }
  return angles;
}

/**
 * Places about the middle, all on one ring as wide as they need.
 * @param {Place} middle
 * @param {number} count
 * @returns {Place[]}
 */
export function placeSpokes({ x, y }, count) {
  if (count < 3) return [1, -1].slice(0, count).map((side) => ({ x: x + side * ASPECT * NEAREST, y }));
  const high = Math.max(NEAREST + 35, (count / divideRing(1000).length) * 1000);
  return divideRing(high, count).map((angle) => ({
    x: x + ASPECT * high * Math.cos(angle),
    y: y + high * Math.sin(angle),
  }));
}

/**
 * Free places about an entity that stands among others, which do not move: on rings about it, those first that lie away
 * from the middle of the others; returned in the order in which they go round.
 * @param {Place} at
 * @param {number} count
 * @param {Place[]} taken
 * @returns {Place[]}
 */
export function findFreePlaces(at, count, taken) {
  const others = taken.filter((place) => place !== at);
  if (!others.length) return placeSpokes(at, count);
  const middle = others.reduce((sum, { x, y }) => ({ x: sum.x + x / others.length, y: sum.y + y / others.length }), {
    x: 0,
    y: 0,
  });
  const away = Math.atan2(at.y - middle.y, at.x - middle.x);
  const room = openRoom(others);
  /** @type {(Place & {angle: number})[]} */
  const found = [];
  for (let ring = 0; found.length < count && ring < 60; ring++) {
    const high = NEAREST + STEP * ring;
    const free = divideRing(high)
      .map((angle) => ({ angle, x: at.x + ASPECT * high * Math.cos(angle), y: at.y + high * Math.sin(angle) }))
      .filter((place) => room.isFree(place))
      .sort((one, other) => turnBetween(one.angle, away) - turnBetween(other.angle, away));
    // a ring with room for all is left before its far side is used, as long as it is not the last
    const near = free.filter(({ angle }) => turnBetween(angle, away) < Math.PI * 0.55);
    for (const place of ring < 12 ? near : free) {
      if (found.length === count || !room.isFree(place)) continue; // the ring bends, so that its own places may be close
      found.push(place);
      room.take(place);
    }
  }
  const turned = (/** @type {number} */ angle) => (angle - away + 5 * Math.PI) % (2 * Math.PI);
  return found.sort((one, other) => turned(one.angle) - turned(other.angle)).map(({ x, y }) => ({ x, y }));
}

/**
 * The free place nearest to a point.
 * @param {Place} point
 * @param {Place[]} taken
 * @returns {Place}
 */
export function findPlaceNear(point, taken) {
  const room = openRoom(taken);
  if (room.isFree(point)) return point;
  for (let high = 30; high < 4000; high += 25)
    for (const angle of divideRing(high)) {
      const place = { x: point.x + ASPECT * high * Math.cos(angle), y: point.y + high * Math.sin(angle) };
      if (room.isFree(place)) return place;
    }
  return point;
}

/**
 * Which places are taken, by cells as large as a name.
 * @param {Place[]} taken
 */
function openRoom(taken) {
  /** @type {Map<string, Place[]>} */
  const cells = new Map();
  const cellOf = (/** @type {Place} */ { x, y }) => [Math.floor(x / ACROSS), Math.floor(y / DOWN)];
  const room = {
    /** @param {Place} place */
    take(place) {
      const key = cellOf(place).join();
      cells.set(key, [...(cells.get(key) ?? []), place]);
    },
    /** @param {Place} place */
    isFree(place) {
      const [column, row] = cellOf(place);
      for (let i = -1; i <= 1; i++)
        for (let j = -1; j <= 1; j++)
          for (const other of cells.get(`${column + i},${row + j}`) ?? [])
            if (Math.hypot((other.x - place.x) / ACROSS, (other.y - place.y) / DOWN) < 0.93) return false;
      return true;
    },
  };
  taken.forEach(room.take);
  return room;
}

/**
 * How far it is from one direction to another, 0 to π.
 * @param {number} one
 * @param {number} other
 */
export function turnBetween(one, other) {
  const turn = Math.abs(one - other) % (2 * Math.PI);
  return Math.min(turn, 2 * Math.PI - turn);
}
