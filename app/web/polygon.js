// Filled shapes in a label map. A pixel is inside where its centre is.

/** Sets the pixels inside of rings of points [x, y], by the even-odd rule. */
export function fillRings({ width, height, data }, rings, label) {
  const edges = rings.flatMap(edgesOf).sort((a, b) => a.top - b.top);
  const top = Math.max(0, Math.floor(edges[0]?.top ?? 0));
  const bottom = Math.min(height, Math.ceil(edges.reduce((most, edge) => Math.max(most, edge.bottom), 0)));
  let active = [];
  let next = 0;
  for (let row = top; row < bottom; row += 1) {
    const y = row + 0.5;
    while (next < edges.length && edges[next].top <= y) {
      active.push(edges[next]);
      next += 1;
    }
    active = active.filter((edge) => edge.bottom > y);
    const crossings = active.map((edge) => edge.x + (y - edge.top) * edge.slope).sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const first = Math.max(0, Math.ceil(crossings[i] - 0.5));
      const end = Math.min(width, Math.ceil(crossings[i + 1] - 0.5));
      if (first < end) {
        data.fill(label, row * width + first, row * width + end);
      }
    }
  }
}

/** Sets the pixels within `radius` of the line from one point to another. */
export function fillCapsule({ width, height, data }, from, to, radius, label) {
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius));
  const right = Math.min(width, Math.ceil(Math.max(from.x, to.x) + radius) + 1);
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
  const bottom = Math.min(height, Math.ceil(Math.max(from.y, to.y) + radius) + 1);
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = dx * dx + dy * dy || 1;
  for (let row = top; row < bottom; row += 1) {
    for (let column = left; column < right; column += 1) {
      const x = column + 0.5 - from.x;
      const y = row + 0.5 - from.y;
      const share = Math.min(1, Math.max(0, (x * dx + y * dy) / length));
      if ((x - share * dx) ** 2 + (y - share * dy) ** 2 <= radius * radius) {
        data[row * width + column] = label;
      }
    }
  }
}

function edgesOf(ring) {
  const edges = [];
  for (let i = 0; i < ring.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [ring[i], ring[(i + 1) % ring.length]];
    if (y0 !== y1) {
      const [top, bottom, x] = y0 < y1 ? [y0, y1, x0] : [y1, y0, x1];
      edges.push({ top, bottom, x, slope: (x1 - x0) / (y1 - y0) });
    }
  }
  return edges;
}
