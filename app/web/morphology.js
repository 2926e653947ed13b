// What is done to a whole mask at once: smoothing, filling holes, exchanging the sides.

const PASSES = 2;

/** Rounds off what is finer than about a hundredth of the image: each lung keeps the pixels around which it prevails. */
export function smooth(labels) {
  const { width, height, data } = labels;
  const radius = Math.max(1, Math.round(Math.min(width, height) / 200));
  const found = [1, 2].map((label) => density(labels, label, radius));
  const half = (2 * radius + 1) ** (2 * PASSES) / 2;
  for (let i = 0; i < data.length; i += 1) {
    const [right, left] = [found[0][i], found[1][i]];
    if (right + left <= half) {
      data[i] = 0;
    } else {
      data[i] = right >= left ? 1 : 2;
    }
  }
}

/** Fills the holes of the mask; each takes the label that it lies in. */
export function fillHoles(labels) {
  const { width, height, data } = labels;
  const outside = reachable(labels);
  for (let y = 0; y < height; y += 1) {
    for (let x = 1; x < width; x += 1) {
      const i = y * width + x;
      if (data[i] === 0 && !outside[i]) {
        data[i] = data[i - 1];
      }
    }
  }
}

/** Exchanges right and left. */
export function swap({ data }) {
  for (let i = 0; i < data.length; i += 1) {
    if (data[i]) {
      data[i] = 3 - data[i];
    }
  }
}

/** Gives the whole component of a label that holds a point to the other side. */
export function reassign(labels, { x, y }) {
  const label = labels.at(x, y);
  if (label) {
    const seed = Math.floor(y) * labels.width + Math.floor(x);
    const reached = flood(labels, [seed], label);
    for (let i = 0; i < reached.length; i += 1) {
      if (reached[i]) {
        labels.data[i] = 3 - label;
      }
    }
  }
}

/** How much of a label lies around each pixel: box filters of side 2r + 1, one after the other. */
function density({ width, height, data }, label, radius) {
  let counts = Float32Array.from(data, (value) => (value === label ? 1 : 0));
  for (let pass = 0; pass < PASSES; pass += 1) {
    counts = blur(counts, { count: height, step: width, length: width, stride: 1 }, radius);
    counts = blur(counts, { count: width, step: 1, length: height, stride: width }, radius);
  }
  return counts;
}

/** A running sum along each of `count` lines; beyond the image its edge goes on. */
function blur(values, { count, step, length, stride }, radius) {
  const sums = new Float32Array(values.length);
  for (let line = 0; line < count; line += 1) {
    const start = line * step;
    const at = (k) => values[start + Math.min(length - 1, Math.max(0, k)) * stride];
    let sum = 0;
    for (let k = -radius; k <= radius; k += 1) {
      sum += at(k);
    }
    for (let k = 0; k < length; k += 1) {
      sums[start + k * stride] = sum;
      sum += at(k + radius + 1) - at(k - radius);
    }
  }
  return sums;
}

/** The background that is connected with the image's edges. */
function reachable(labels) {
  const { width, height } = labels;
  const edges = [];
  for (let x = 0; x < width; x += 1) {
    edges.push(x, (height - 1) * width + x);
  }
  for (let y = 0; y < height; y += 1) {
    edges.push(y * width, y * width + width - 1);
  }
  return flood(labels, edges, 0);
}

/** 1 for each pixel of a label that is connected with one of the seeds by its sides. */
function flood({ width, height, data }, seeds, label) {
  const reached = new Uint8Array(data.length);
  const stack = new Int32Array(data.length);
  let count = 0;
  const visit = (i) => {
    if (data[i] === label && !reached[i]) {
      reached[i] = 1;
      stack[count] = i;
      count += 1;
    }
  };
  seeds.forEach(visit);
  while (count > 0) {
    count -= 1;
    const i = stack[count];
    const x = i % width;
    if (x > 0) visit(i - 1);
    if (x < width - 1) visit(i + 1);
    if (i >= width) visit(i - width);
    if (i < width * (height - 1)) visit(i + width);
  }
  return reached;
}
