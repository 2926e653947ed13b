// From a label map to outlines that run along the pixels' edges.

/** Right, down, left, up: a step, and the pixels ahead on its left and on its right, from the corner where it begins. */
const STEPS = [
  { dx: 1, dy: 0, left: [0, -1], right: [0, 0] },
  { dx: 0, dy: 1, left: [0, 0], right: [-1, 0] },
  { dx: -1, dy: 0, left: [-1, 0], right: [-1, -1] },
  { dx: 0, dy: -1, left: [-1, -1], right: [0, -1] },
];

/** The rings around a label's pixels and around its holes, each a list of corners [x, y]; `box` holds all of its pixels. */
export function trace({ width, height, data }, label, [left, top, boxWidth, boxHeight]) {
  const is = (x, y) => x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === label;
  // Each ring runs to the right somewhere, along the top of a pixel: those tops that have been passed.
  const passed = new Uint8Array(boxWidth * boxHeight);
  const rings = [];
  for (let y = top; y < top + boxHeight; y += 1) {
    for (let x = left; x < left + boxWidth; x += 1) {
      if (is(x, y) && !is(x, y - 1) && !passed[(y - top) * boxWidth + x - left]) {
        rings.push(follow(is, x, y, (px, py) => (passed[(py - top) * boxWidth + px - left] = 1)));
      }
    }
  }
  return rings;
}

/** Goes around with the label's pixels on the right hand. */
function follow(is, startX, startY, pass) {
  const ring = [];
  let [x, y, direction] = [startX, startY, 0];
  do {
    const { dx, dy } = STEPS[direction];
    if (direction === 0) {
      pass(x, y);
    }
    x += dx;
    y += dy;
    const turned = turn(is, x, y, direction);
    if (turned !== direction) {
      ring.push([x, y]);
      direction = turned;
    }
  } while (x !== startX || y !== startY || direction !== 0);
  return ring;
}

function turn(is, x, y, direction) {
  const { left, right } = STEPS[direction];
  if (is(x + left[0], y + left[1])) {
    return (direction + 3) % 4;
  }
  return is(x + right[0], y + right[1]) ? direction : (direction + 1) % 4;
}
